//! Lists: any bytes, read whole and in pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proxydeck_fuzz::{first, pieces};
use proxydeck_reader::{Candidate, MAX_REFUSAL_TEXT, Options, Reader, Refusal, Sink, Totals};

#[derive(Default)]
struct Kept {
    candidates: Vec<Candidate>,
    refusals: Vec<Refusal>,
}

impl Sink for Kept {
    fn candidate(&mut self, candidate: Candidate) {
        self.candidates.push(candidate);
    }

    fn refusal(&mut self, refusal: Refusal) {
        self.refusals.push(refusal);
    }
}

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Kept, Totals) {
    let mut kept = Kept::default();
    let mut reader = Reader::new(&Options { allow_private: true, ..Options::default() });
    for piece in pieces {
        reader.push(piece, &mut kept);
    }
    let totals = reader.finish(&mut kept);
    (kept, totals)
}

fuzz_target!(|data: &[u8]| {
    let (length, bytes) = first(data);
    let (whole, totals) = read([bytes].into_iter());
    let (cut, cut_totals) = read(pieces(bytes, length));
    assert_eq!(whole.candidates, cut.candidates, "in pieces of {length}");
    assert_eq!(whole.refusals, cut.refusals, "in pieces of {length}");
    assert_eq!(totals, cut_totals);
    assert_eq!(totals.candidates, whole.candidates.len() as u64);
    assert_eq!(totals.refusals, whole.refusals.len() as u64);
    assert!(whole.refusals.iter().all(|refusal| refusal.text.len() <= 4 * MAX_REFUSAL_TEXT));
});
