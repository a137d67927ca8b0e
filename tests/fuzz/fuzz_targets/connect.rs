//! Answers to CONNECT.
#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use proxydeck_fuzz::{first, means_the_same};
use proxydeck_wire::handshake::{Connect, Target};

fuzz_target!(|data: &[u8]| {
    let (length, bytes) = first(data);
    let account = (length & 1 == 1).then_some("Basic YTpi");
    means_the_same(
        || Connect::new(Target::Ip(IpAddr::from([192, 0, 2, 1])), 443, account, "fuzz"),
        bytes,
        length,
    );
});
