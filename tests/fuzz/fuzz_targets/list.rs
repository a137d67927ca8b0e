//! Lists: any bytes, read whole and in pieces, in a format that their beginning tells.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proxydeck_fuzz::{first, reads_the_same};
use proxydeck_reader::Options;

fuzz_target!(|data: &[u8]| {
    let (length, bytes) = first(data);
    reads_the_same(&Options { allow_private: true, ..Options::default() }, bytes, length);
});
