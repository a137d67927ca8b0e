//! Any bytes as a packed body: nothing panics, no more comes out than the limit, and pieces do not matter where there is
//! no limit to meet.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proxydeck_fuzz::{first, pieces};
use proxydeck_wire::download::fuzzing::unpack;

/// A limit that is met soon.
const LIMIT: usize = 256 * 1024;

fuzz_target!(|data: &[u8]| {
    let (how, data) = first(data);
    let (length, data) = first(data);
    let encoding = ["", "gzip", "br", "zstd"][usize::from(how % 4)];
    let whole = unpack(encoding, [data].into_iter(), LIMIT);
    let cut = unpack(encoding, pieces(data, length), LIMIT);
    assert!(whole.as_ref().is_ok_and(|bytes| bytes.len() <= LIMIT) || whole.is_err());
    assert_eq!(whole.is_ok(), cut.is_ok(), "{encoding}: {whole:?} whole, {cut:?} in pieces of {length}");
    if let (Ok(whole), Ok(cut)) = (whole, cut) {
        assert_eq!(whole, cut, "in pieces of {length}");
    }
});
