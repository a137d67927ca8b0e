//! Answers of HTTP.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proxydeck_fuzz::{first, pieces};
use proxydeck_wire::http::{Fault, MAX_BODY_BYTES, ResponseReader, State};

/// Reads until the answer is complete, or wrong, or the pieces end; how many bytes were taken in by then.
fn hear<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Result<(u16, Vec<u8>), Fault>, usize) {
    let mut reader = ResponseReader::default();
    let mut taken = 0;
    for piece in pieces {
        taken += piece.len();
        reader.inbox().extend_from_slice(piece);
        match reader.advance() {
            Ok(State::More) => {}
            Ok(State::Complete) => return (Ok(heard(&reader)), taken),
            Err(fault) => return (Err(fault), taken),
        }
    }
    (reader.close().map(|_| heard(&reader)), taken)
}

fn heard(reader: &ResponseReader) -> (u16, Vec<u8>) {
    assert!(reader.body().len() <= MAX_BODY_BYTES, "the limit of a body holds");
    (reader.head().map_or(0, |head| head.status), reader.body().to_vec())
}

fuzz_target!(|data: &[u8]| {
    let (length, bytes) = first(data);
    let (cut, taken) = hear(pieces(bytes, length));
    // Bytes behind a complete answer are met only if they come with its end, so that is where the whole ends too.
    let (whole, _) = hear([&bytes[..taken]].into_iter());
    match (&whole, &cut) {
        (Ok(whole), Ok(cut)) => assert_eq!(whole, cut),
        (Err(_), Err(_)) => {}
        _ => panic!("whole {whole:?}, in pieces of {length} {cut:?}"),
    }
});
