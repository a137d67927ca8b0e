//! In which charset a list is written.
//!
//! A byte order mark says it; then what the bytes themselves cannot contradict: the holes of UTF-16, and UTF-8, which
//! nothing else looks like. Then what was declared where the list came from, what the document says of itself, and for
//! documents a guess.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GBK, UTF_8, UTF_16BE, UTF_16LE};

/// How many of the bytes on one side have to be zero for UTF-16: lists are digits, whatever else stands in them.
const HOLES_PER_HUNDRED: usize = 60;

/// What a list is written in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charset {
    /// None for UTF-8, and for what is read as the bytes that it is.
    pub(crate) encoding: Option<&'static Encoding>,
    /// Whether nothing said so.
    pub(crate) is_guessed: bool,
}

impl Charset {
    const AS_IT_IS: Self = Self { encoding: None, is_guessed: false };

    const fn sure(encoding: &'static Encoding) -> Self {
        Self { encoding: Some(encoding), is_guessed: false }
    }
}

/// Finds the charset by the beginning of a list. `may_guess` is for documents, whose words matter.
pub(crate) fn find(window: &[u8], declared: Option<&str>, may_guess: bool) -> Charset {
    if let Some((encoding, _)) = Encoding::for_bom(window) {
        return if encoding == UTF_8 { Charset::AS_IT_IS } else { Charset::sure(encoding) };
    }
    if let Some(encoding) = by_holes(window) {
        return Charset::sure(encoding);
    }
    let is_utf8 = std::str::from_utf8(window).map_or_else(|e| e.error_len().is_none(), |_| true);
    if is_utf8 && !window.is_ascii() {
        return Charset::AS_IT_IS;
    }
    // UTF-16 without a hole is none; the label is wrong.
    let known = |label: &str| {
        Encoding::for_label(label.trim().as_bytes()).filter(|e| ![UTF_8, UTF_16LE, UTF_16BE].contains(e))
    };
    if let Some(encoding) = declared.and_then(known).or_else(|| in_document(window).and_then(known)) {
        return Charset::sure(encoding);
    }
    let is_text = !window.iter().any(|b| *b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0C | 0x1A));
    if is_utf8 || !is_text || !may_guess {
        return Charset::AS_IT_IS;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(window, false);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    Charset { encoding: Some(encoding), is_guessed: true }
}

/// UTF-16 without a mark, told by the zeros beside its ASCII.
fn by_holes(window: &[u8]) -> Option<&'static Encoding> {
    let pairs = window.len() / 2;
    if pairs < 4 {
        return None;
    }
    let (mut high, mut low) = (0, 0);
    for pair in window.chunks_exact(2) {
        high += usize::from(pair[0] == 0 && pair[1] != 0);
        low += usize::from(pair[1] == 0 && pair[0] != 0);
    }
    let most = |count: usize| count * 100 >= pairs * HOLES_PER_HUNDRED;
    match (most(high), most(low)) {
        (true, false) if low * 20 < pairs => Some(UTF_16BE),
        (false, true) if high * 20 < pairs => Some(UTF_16LE),
        _ => None,
    }
}

/// The charset that a page or XML names in its head.
fn in_document(window: &[u8]) -> Option<&str> {
    let start = window.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(0);
    if window.get(start) != Some(&b'<') {
        return None;
    }
    let lower = window.to_ascii_lowercase();
    let at = ["charset=", "encoding="]
        .iter()
        .find_map(|name| memchr::memmem::find(&lower, name.as_bytes()).map(|found| found + name.len()))?;
    let rest =
        window[at..].strip_prefix(b"\"").or_else(|| window[at..].strip_prefix(b"'")).unwrap_or(&window[at..]);
    let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')).count();
    std::str::from_utf8(&rest[..length]).ok().filter(|label| !label.is_empty())
}

/// The charset of Chinese or Cyrillic, say, in which the first line of a list is the header of a table or an entry whose
/// parts carry their names.
pub(crate) fn guess_for_header(window: &[u8]) -> Option<&'static Encoding> {
    let line = window.split(|b| matches!(b, b'\n' | b'\r')).next()?;
    if line.is_ascii() || std::str::from_utf8(line).is_ok() {
        return None;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(window, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    [guess, GBK].into_iter().find(|encoding| {
        let (text, _) = encoding.decode_without_bom_handling(line);
        crate::table::is_header(text.as_bytes()) || crate::labelled::is_entry(text.trim())
    })
}
