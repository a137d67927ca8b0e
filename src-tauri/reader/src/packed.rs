//! Scripts that were packed: words replaced by numbers, which a table at the end explains.

use std::borrow::Cow;
use std::collections::HashMap;

/// The largest radix that the usual packer has: digits, small and capital letters.
const MAX_RADIX: u32 = 62;

/// The most words that a table may have.
const MAX_WORDS: usize = 64 * 1024;

/// Puts the words back into a packed script. None when it is packed in another way, or comes to more than `limit`
/// bytes.
pub(crate) fn unpack(
    payload: &str,
    radix: u32,
    count: usize,
    words: &[Cow<'_, str>],
    limit: usize,
) -> Option<String> {
    if !(2..=MAX_RADIX).contains(&radix) || count > MAX_WORDS || words.len() > MAX_WORDS {
        return None;
    }
    let table: HashMap<String, &str> = words
        .iter()
        .take(count)
        .enumerate()
        .filter(|(_, word)| !word.is_empty())
        .map(|(index, word)| (numeral(index, radix), word.as_ref()))
        .collect();
    let mut unpacked = String::with_capacity(payload.len());
    let mut rest = payload;
    while !rest.is_empty() {
        let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let length = rest.bytes().take_while(|b| is_word(*b)).count();
        if length > 0 {
            let word = &rest[..length];
            unpacked.push_str(table.get(word).copied().unwrap_or(word));
            rest = &rest[length..];
        }
        let between = rest.bytes().take_while(|b| !is_word(*b)).count();
        unpacked.push_str(&rest[..between]);
        rest = &rest[between..];
        if unpacked.len() > limit {
            return None;
        }
    }
    Some(unpacked)
}

/// A number as the packer writes it.
fn numeral(number: usize, radix: u32) -> String {
    let mut digits = Vec::new();
    let mut rest = u32::try_from(number).unwrap_or(0);
    loop {
        let digit = rest % radix;
        digits.push(match digit {
            0..=35 => char::from_digit(digit, 36).unwrap_or('0'),
            _ => char::from_u32(digit + 29).unwrap_or('0'),
        });
        rest /= radix;
        if rest == 0 {
            return digits.iter().rev().collect();
        }
    }
}
