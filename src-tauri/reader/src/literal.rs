//! Values as people and scripts write them: JSON that was cut off or has a comma too many, literals of JavaScript and
//! Python. What is whole of them is kept; nothing is ever run.

use std::borrow::Cow;

use crate::value::{MAX_VALUE_DEPTH, MAX_VALUES, Members, Value};

/// How a value ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Where it should.
    Whole,
    /// With the text, in the middle.
    Truncated,
    /// At something that is no value.
    Broken,
    /// Because there is too much of it.
    TooComplex,
}

/// A value, and how far the text was read for it.
pub(crate) struct Parsed<'a> {
    /// What is whole of it: arrays with the elements that are, objects that are cut with nothing but what is nested in
    /// them.
    pub(crate) value: Value<'a>,
    pub(crate) used: usize,
    pub(crate) end: End,
}

/// Reads the value at the beginning of a text.
pub(crate) fn parse(text: &str) -> Parsed<'_> {
    let mut parser = Parser { text, at: 0, end: End::Whole, left: MAX_VALUES };
    let value = parser.value(0);
    let whole = parser.end == End::Whole;
    let value = value.filter(|v| whole || v.is_nested()).unwrap_or(Value::Null);
    Parsed { value, used: parser.at.min(text.len()), end: parser.end }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    end: End,
    left: usize,
}

impl<'a> Parser<'a> {
    fn stop<T>(&mut self, end: End) -> Option<T> {
        if self.end == End::Whole {
            self.end = end;
        }
        None
    }

    fn is_stopped(&self) -> bool {
        self.end != End::Whole
    }

    /// Passes over blanks and comments.
    fn skip(&mut self) -> Option<u8> {
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
            self.at += blanks;
            let rest = &rest[blanks..];
            let comment = match rest {
                [b'/', b'/', ..] => memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1),
                [b'/', b'*', ..] => memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end + 2),
                // A byte order mark or a blank of Unicode.
                [0xEF, 0xBB, 0xBF, ..] => 3,
                [0xC2, 0xA0, ..] => 2,
                _ => return rest.first().copied(),
            };
            self.at += comment;
        }
    }

    /// Reads a value. What is nested comes back even when it was stopped in it.
    fn value(&mut self, depth: usize) -> Option<Value<'a>> {
        let Some(first) = self.skip() else { return self.stop(End::Truncated) };
        let Some(left) = self.left.checked_sub(1) else { return self.stop(End::TooComplex) };
        self.left = left;
        match first {
            b'[' | b'(' | b'{' if depth >= MAX_VALUE_DEPTH => self.stop(End::TooComplex),
            b'[' => self.array(b']', depth),
            // A tuple of Python.
            b'(' if depth > 0 => self.array(b')', depth),
            b'{' => self.object(depth),
            b'"' | b'\'' | b'`' => self.string(first).map(Value::Text),
            _ => self.word(),
        }
    }

    fn array(&mut self, close: u8, depth: usize) -> Option<Value<'a>> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            match self.skip() {
                None => {
                    self.stop::<()>(End::Truncated);
                    break;
                }
                Some(byte) if byte == close => {
                    self.at += 1;
                    break;
                }
                Some(b',') => self.at += 1,
                Some(_) => {
                    if let Some(item) = self.value(depth + 1) {
                        items.push(item);
                    }
                    if self.is_stopped() {
                        break;
                    }
                    match self.skip() {
                        None | Some(b',') => {}
                        Some(byte) if byte == close => {}
                        Some(_) => {
                            self.stop::<()>(End::Broken);
                            break;
                        }
                    }
                }
            }
        }
        Some(Value::Array(items))
    }

    fn object(&mut self, depth: usize) -> Option<Value<'a>> {
        self.at += 1;
        let mut members = Members::new();
        loop {
            match self.skip() {
                None => {
                    self.stop::<()>(End::Truncated);
                    break;
                }
                Some(b'}') => {
                    self.at += 1;
                    return Some(Value::Object(members));
                }
                Some(b',') => self.at += 1,
                Some(first) => {
                    let Some(name) = self.name(first) else { break };
                    match self.skip() {
                        Some(b':') => self.at += 1,
                        None => {
                            self.stop::<()>(End::Truncated);
                            break;
                        }
                        Some(_) => {
                            self.stop::<()>(End::Broken);
                            break;
                        }
                    }
                    if let Some(value) = self.value(depth + 1) {
                        members.push((name, value));
                    }
                    if self.is_stopped() {
                        break;
                    }
                    match self.skip() {
                        None | Some(b',' | b'}') => {}
                        Some(_) => {
                            self.stop::<()>(End::Broken);
                            break;
                        }
                    }
                }
            }
        }
        // It was cut, so what it says of itself may be half of it. What is nested in it is whole or was cut likewise.
        members.retain(|(_, value)| value.is_nested());
        Some(Value::Object(members))
    }

    fn name(&mut self, first: u8) -> Option<Cow<'a, str>> {
        if matches!(first, b'"' | b'\'') {
            return self.string(first);
        }
        let rest = &self.text[self.at..];
        let length = rest
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'-') || !b.is_ascii())
            .count();
        if length == 0 {
            return self.stop(End::Broken);
        }
        self.at += length;
        Some(Cow::Borrowed(&rest[..length]))
    }

    fn string(&mut self, quote: u8) -> Option<Cow<'a, str>> {
        let start = self.at + 1;
        let rest = &self.text[start..];
        let Some(end) = memchr::memchr2(quote, b'\\', rest.as_bytes()) else {
            self.at = self.text.len();
            return self.stop(End::Truncated);
        };
        if rest.as_bytes()[end] == quote {
            self.at = start + end + 1;
            return Some(Cow::Borrowed(&rest[..end]));
        }
        let (text, used, closed) = unescape(rest, quote);
        self.at = start + used;
        if closed { Some(Cow::Owned(text)) } else { self.stop(End::Truncated) }
    }

    fn word(&mut self) -> Option<Value<'a>> {
        let rest = &self.text[self.at..];
        let length = rest
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'.' | b'+' | b'-'))
            .count();
        let word = &rest[..length];
        if length == rest.len() && length > 0 {
            // A number may go on where the text was cut.
            self.at = self.text.len();
            return self.stop(End::Truncated);
        }
        let is_address =
            word.bytes().all(|b| b.is_ascii_digit() || b == b'.') && word.matches('.').count() == 3;
        let value = match word {
            // An address that nobody quoted.
            _ if is_address => Value::Text(Cow::Borrowed(word)),
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            "null" | "None" | "undefined" | "NaN" => Value::Null,
            _ => {
                let hex = word.strip_prefix("0x").and_then(|digits| i64::from_str_radix(digits, 16).ok());
                let whole = || if has_leading_zero(word) { None } else { word.parse().ok() };
                match hex.or_else(whole) {
                    Some(number) => Value::Whole(number),
                    None if word.starts_with(|c: char| c.is_ascii_digit() || c == '-')
                        && !has_leading_zero(word) =>
                    {
                        match word.parse() {
                            Ok(number) => Value::Fraction(number),
                            Err(_) => return self.stop(End::Broken),
                        }
                    }
                    None => return self.stop(End::Broken),
                }
            }
        };
        self.at += length;
        Some(value)
    }
}

/// Whether a number is octal to some and decimal to others.
fn has_leading_zero(word: &str) -> bool {
    word.len() > 1 && word.starts_with('0') && !word.starts_with("0.")
}

/// Reads a string up to its quote: its text, how many bytes it and the quote take, and whether there is a quote.
pub(crate) fn unescape(rest: &str, quote: u8) -> (String, usize, bool) {
    let mut text = String::new();
    let bytes = rest.as_bytes();
    let mut at = 0;
    loop {
        let Some(next) = memchr::memchr2(quote, b'\\', &bytes[at..]).map(|found| at + found) else {
            text.push_str(&rest[at..]);
            return (text, rest.len(), false);
        };
        text.push_str(&rest[at..next]);
        if bytes[next] == quote {
            return (text, next + 1, true);
        }
        let Some(escaped) = rest[next + 1..].chars().next() else {
            return (text, rest.len(), false);
        };
        at = next + 1 + escaped.len_utf8();
        match escaped {
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            'b' | 'f' | 'v' => text.push(' '),
            '0' if !bytes.get(at).is_some_and(u8::is_ascii_digit) => text.push('\0'),
            'x' => at += push_code(&rest[at..], 2, &mut text),
            'u' if bytes.get(at) == Some(&b'{') => {
                let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_hexdigit).count().min(6);
                push_char(&rest[at + 1..at + 1 + digits], &mut text);
                at += 1 + digits + usize::from(bytes.get(at + 1 + digits) == Some(&b'}'));
            }
            'u' => at += push_code(&rest[at..], 4, &mut text),
            '\n' => {}
            other => text.push(other),
        }
    }
}

/// Adds the character of this many hexadecimal digits, and says how many bytes were read for it.
fn push_code(rest: &str, digits: usize, to: &mut String) -> usize {
    let Some(code) = rest.get(..digits).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit())) else {
        to.push('\u{fffd}');
        return 0;
    };
    // The two halves of a character beyond the first plane.
    let unit = |text: &str| u32::from_str_radix(text, 16).unwrap_or(0);
    let (high, low) = (unit(code), rest.get(digits + 2..2 * digits + 2).map_or(0, unit));
    if digits == 4
        && (0xD800..0xDC00).contains(&high)
        && rest[digits..].starts_with("\\u")
        && (0xDC00..0xE000).contains(&low)
    {
        let scalar = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        to.push(char::from_u32(scalar).unwrap_or('\u{fffd}'));
        return 2 * digits + 2;
    }
    push_char(code, to);
    digits
}

fn push_char(digits: &str, to: &mut String) {
    to.push(u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}'));
}
