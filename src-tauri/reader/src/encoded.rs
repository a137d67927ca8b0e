//! Lists in base64: a whole file, in one line or wrapped, and single lines and texts.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// How many encodings may lie one around the other. Lists have one; some that were fetched from an API have two.
pub(crate) const MAX_LAYERS: u8 = 2;

/// The least that an encoded text may have: the shortest address and port take as many characters.
const MIN_ENCODED: usize = 16;

/// How much of a text is decoded to see whether it is encoded at all. Whole groups of four characters.
const PROBE: usize = 256;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// Whether a byte may stand in base64, in either alphabet.
fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// Decodes base64 as it is, whatever comes out.
pub(crate) fn decode(digits: &[u8]) -> Option<Vec<u8>> {
    let is_url_safe = digits.iter().any(|b| matches!(b, b'-' | b'_'));
    let engine = if is_url_safe { &URL } else { &PLAIN };
    engine.decode(digits).ok()
}

/// Whether bytes are a text with an address in it, as far as that can be told, or one that was encoded once more.
fn is_list(bytes: &[u8]) -> bool {
    let whole_groups = &bytes[..bytes.len() / 4 * 4];
    is_plain_list(bytes)
        || (whole_groups.len() >= MIN_ENCODED
            && bytes.iter().all(|b| is_digit(*b))
            && decode(whole_groups).is_some_and(|inner| is_plain_list(&inner)))
}

fn is_plain_list(bytes: &[u8]) -> bool {
    let is_text = bytes.iter().all(|b| *b >= b' ' && *b != 0x7F || matches!(b, b'\t' | b'\n' | b'\r'));
    // An address and a port are divided by a colon, or stand in cells.
    let has_cells = || {
        bytes.iter().filter(|b| **b == b'.').count() >= 3
            && bytes.iter().any(|b| matches!(b, b',' | b';' | b'|' | b'\t'))
    };
    is_text && bytes.iter().any(u8::is_ascii_digit) && (bytes.contains(&b':') || has_cells())
}

/// Decodes a text without blanks that is a list in base64.
pub(crate) fn decode_text(text: &[u8]) -> Option<String> {
    if text.len() < MIN_ENCODED || !looks_encoded_line(text) {
        return None;
    }
    let decoded = decode(text)?;
    if !is_list(&decoded) {
        return None;
    }
    String::from_utf8(decoded).ok()
}

/// Whether the beginning of a line is that of a list in base64.
fn looks_encoded_line(line: &[u8]) -> bool {
    let probe = &line[..line.len().min(PROBE)];
    if !probe.iter().all(|b| is_digit(*b)) {
        return false;
    }
    let whole = if line.len() > PROBE { probe } else { line };
    decode(whole).is_some_and(|decoded| {
        // A character may be cut at the end of the probe.
        let end = decoded.len() - decoded.len().min(3);
        is_list(&decoded)
            && (decoded.is_ascii()
                || std::str::from_utf8(&decoded).map_or_else(|e| e.valid_up_to() >= end, |_| true))
    })
}

/// Whether a list that begins so is in base64: the first line that is not empty is, or is a part of one that was
/// wrapped.
pub(crate) fn looks_encoded(window: &[u8]) -> bool {
    let start = window.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(window.len());
    let window = &window[start..];
    let digits: Vec<u8> = window
        .iter()
        .copied()
        .take_while(|b| is_digit(*b) || b.is_ascii_whitespace())
        .filter(|b| is_digit(*b))
        .take(PROBE)
        .collect();
    let end = memchr::memchr2(b'\n', b'\r', window).unwrap_or(window.len());
    let line = &window[..end];
    line.len() >= MIN_ENCODED && line.iter().all(|b| is_digit(*b)) && looks_encoded_line(&digits)
}

/// Decodes a whole list: all of it is base64, wrapped or not. None when something else stands in it.
pub(crate) fn decode_document(text: &str) -> Option<String> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    if digits.len() < MIN_ENCODED || !digits.iter().all(|b| is_digit(*b)) {
        return None;
    }
    let decoded = decode(&digits)?;
    let is_one_line = !decoded.contains(&b'\n');
    if (is_one_line && text.trim().contains('\n')) && !looks_encoded(&decoded) {
        // Wrapped lines have line ends in what they encode; these are encoded one by one.
        let each: Option<Vec<String>> =
            text.split_ascii_whitespace().map(|line| decode_text(line.as_bytes())).collect();
        if let Some(each) = each {
            return Some(each.join("\n"));
        }
    }
    if !is_plain_list(&decoded) && !decoded.contains(&b':') && !looks_encoded(&decoded) {
        return None;
    }
    Some(String::from_utf8(decoded).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}
