//! The ways by which scripts decode a text: base64, percent signs, letters turned by thirteen.

use percent_encoding::percent_decode_str;

use super::MAX_TEXT;
use crate::{encoded, literal};

/// Decodes percent signs, and the form `%u0041` of scripts.
pub(crate) fn unescaped(text: &str) -> String {
    if text.contains("%u") {
        let escaped = text.replace("%u", "\\u");
        let (made, _, _) = literal::unescape(&escaped, 0);
        return percent_decode_str(&made).decode_utf8_lossy().into_owned();
    }
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Turns letters by thirteen.
pub(super) fn rot13(text: &str) -> String {
    let turn = |c: char, first: u8| char::from((u8::try_from(c).unwrap_or(first) - first + 13) % 26 + first);
    text.chars()
        .map(|c| match c {
            'a'..='z' => turn(c, b'a'),
            'A'..='Z' => turn(c, b'A'),
            _ => c,
        })
        .collect()
}

/// Decodes base64 as scripts do: each byte is a character.
pub(super) fn from_base64(text: &str) -> Option<String> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let bytes = encoded::decode(&digits)?;
    if bytes.len() > MAX_TEXT {
        return None;
    }
    Some(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => error.as_bytes().iter().map(|b| char::from(*b)).collect(),
    })
}
