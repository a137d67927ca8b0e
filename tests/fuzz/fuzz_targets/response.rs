//! Answers of HTTP.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proxydeck_fuzz::{first, pieces};
use proxydeck_wire::http::{Fault, MAX_BODY_BYTES, ResponseReader, State};

/// Reads until the answer is wrong or the pieces end, and then takes in that the other side has closed.
fn hear<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<(u16, Vec<u8>), Fault> {
    let mut reader = ResponseReader::default();
    let mut state = State::More;
    for piece in pieces {
        reader.inbox().extend_from_slice(piece);
        state = reader.advance()?;
    }
    if state == State::More {
        reader.close()?;
    }
    Ok(heard(&reader))
}

fn heard(reader: &ResponseReader) -> (u16, Vec<u8>) {
    assert!(reader.body().len() <= MAX_BODY_BYTES, "the limit of a body holds");
    (reader.head().map_or(0, |head| head.status), reader.body().to_vec())
}

fuzz_target!(|data: &[u8]| {
    let (length, bytes) = first(data);
    let cut = hear(pieces(bytes, length));
    let whole = hear([bytes].into_iter());
    match (&whole, &cut) {
        (Ok(whole), Ok(cut)) => assert_eq!(whole, cut),
        (Err(_), Err(_)) => {}
        _ => panic!("whole {whole:?}, in pieces of {length} {cut:?}"),
    }
});
