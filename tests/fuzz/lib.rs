//! What the fuzz targets share: bytes taken apart, handshakes led, answers of judges changed.

use proxydeck_domain::Reason;
use proxydeck_reader::{Candidate, MAX_REFUSAL_TEXT, Options, Reader, Refusal, Sink, Totals};
use proxydeck_wire::Shape;
use proxydeck_wire::handshake::{Handshake, Step};
use proxydeck_wire::judge::fuzzing::{Bench, Read};

/// What came of a handshake.
#[derive(Clone, Debug, PartialEq)]
pub enum Led {
    /// The tunnel is open, and these bytes belong to it.
    Open(Vec<u8>),
    /// It did not open.
    Failed(Reason, Option<u16>),
    /// More bytes are needed than there are.
    Waits,
}

/// Takes the first byte off, which says how the rest is to be used.
pub fn first(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (*first, rest))
}

/// Cuts bytes into pieces of this many, of which none is empty.
pub fn pieces(bytes: &[u8], length: u8) -> impl Iterator<Item = &[u8]> {
    bytes.chunks(usize::from(length).max(1))
}

/// Leads a handshake with pieces as they come, and answers with the outcome and all that was sent.
pub fn lead<'a>(machine: &mut dyn Handshake, pieces: impl Iterator<Item = &'a [u8]>) -> (Led, Vec<u8>) {
    let (mut inbox, mut sent) = (Vec::new(), Vec::new());
    machine.begin(&mut sent);
    let mut opened = false;
    for piece in pieces {
        inbox.extend_from_slice(piece);
        while !opened {
            let (used, step) = machine.advance(&inbox, &mut sent);
            assert!(used <= inbox.len(), "no more is used than there is");
            inbox.drain(..used);
            match step {
                Step::Open => opened = true,
                Step::Failed(failure) => return (Led::Failed(failure.reason, failure.code), sent),
                Step::More if used == 0 => break,
                Step::More => {}
            }
        }
    }
    (if opened { Led::Open(inbox) } else { Led::Waits }, sent)
}

/// A handshake must mean the same whole and in pieces.
pub fn means_the_same<M: Handshake>(machine: impl Fn() -> M, bytes: &[u8], length: u8) {
    let whole = lead(&mut machine(), [bytes].into_iter());
    let cut = lead(&mut machine(), pieces(bytes, length));
    assert_eq!(whole, cut, "in pieces of {length}");
}

/// Makes an answer of the fuzzer's bytes: these alone, or the right one in which some bytes are replaced by them.
pub fn answer(bench: &Bench, data: &[u8]) -> Vec<u8> {
    let [how, at, more, length, bytes @ ..] = data else { return data.to_vec() };
    let right = bench.right();
    if how % 4 == 0 {
        return bytes.to_vec();
    }
    let at = usize::from(u16::from_be_bytes([*at, *more])) % (right.len() + 1);
    let end = (at + usize::from(*length)).min(right.len());
    [&right[..at], bytes, &right[end..]].concat()
}

/// Reads an answer in every way. What is taken for right must carry the token, if the shape echoes it.
pub fn judged(bench: &Bench, shape: Shape, answer: &[u8]) -> Option<Read> {
    let _ = bench.learn(answer);
    let read = bench.read(answer).ok()?;
    let token = bench.token().as_bytes();
    let there = answer.windows(token.len()).any(|window| window == token);
    assert!(there || !shape.echoes_token(), "an answer without the token was taken for right");
    Some(read)
}

/// What a list came to.
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

fn read_list<'a>(options: &Options, pieces: impl Iterator<Item = &'a [u8]>) -> (Kept, Totals) {
    let mut kept = Kept::default();
    let mut reader = Reader::new(options);
    for piece in pieces {
        reader.push(piece, &mut kept);
    }
    let totals = reader.finish(&mut kept);
    (kept, totals)
}

/// Reads a list whole and in pieces of this many bytes, which has to mean the same.
pub fn reads_the_same(options: &Options, bytes: &[u8], length: u8) {
    let (whole, totals) = read_list(options, [bytes].into_iter());
    let (cut, cut_totals) = read_list(options, pieces(bytes, length));
    assert_eq!(whole.candidates, cut.candidates, "in pieces of {length}");
    assert_eq!(whole.refusals, cut.refusals, "in pieces of {length}");
    assert_eq!(totals, cut_totals);
    assert_eq!(totals.candidates, whole.candidates.len() as u64);
    assert_eq!(totals.refusals, whole.refusals.len() as u64);
    assert!(whole.refusals.iter().all(|refusal| refusal.text.len() <= 4 * MAX_REFUSAL_TEXT));
    assert!(totals.page.is_none() || totals.candidates == 0, "what is no list brings nothing");
}
