//! Replies of SOCKS5, with and without an account.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proxydeck_domain::{Account, Secret};
use proxydeck_fuzz::{first, means_the_same};
use proxydeck_wire::handshake::{Socks5, Target};

fuzz_target!(|data: &[u8]| {
    let (length, bytes) = first(data);
    let account = Account { user: "ann".to_owned(), secret: Secret::new("s3cret") };
    let account = (length & 1 == 1).then_some(&account);
    means_the_same(|| Socks5::new(Target::Name("judge.example.net"), 80, account), bytes, length);
});
