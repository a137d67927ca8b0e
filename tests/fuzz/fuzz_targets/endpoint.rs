//! Endpoints: what is read must be read again from how it is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proxydeck_domain::{Endpoint, Host};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(host) = Host::parse(text) {
        let written = host.to_string();
        // An IPv6 address is written in brackets and read without.
        let bare = written.trim_start_matches('[').trim_end_matches(']');
        assert_eq!(Host::parse(bare).as_ref(), Ok(&host), "{text:?} is written {written:?}");
    }
    if let Ok(endpoint) = text.parse::<Endpoint>() {
        let written = endpoint.to_string();
        assert_eq!(written.parse::<Endpoint>().as_ref(), Ok(&endpoint), "{text:?} is written {written:?}");
    }
});
