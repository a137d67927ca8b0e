//! Replies of SOCKS4.
#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use proxydeck_fuzz::{first, means_the_same};
use proxydeck_wire::handshake::{Socks4, Target};

fuzz_target!(|data: &[u8]| {
    let (length, bytes) = first(data);
    means_the_same(|| Socks4::new(Target::Ip(IpAddr::from([192, 0, 2, 1])), 80, "ann"), bytes, length);
});
