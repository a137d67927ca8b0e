//! The words and signs that a script is divided into. What they come to is never said here.

use std::rc::Rc;

use crate::literal;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Number(f64),
    Text(Rc<str>),
    Regex(&'a str),
    Word(&'a str),
    Sign(&'static str),
}

#[derive(Clone, Debug)]
pub(super) struct Placed<'a> {
    pub(super) token: Token<'a>,
    /// Whether a new line begins in front of it.
    pub(super) begins_line: bool,
}

/// Divides a script into its words and signs. What is no script ends where it stops to be one.
pub(super) fn tokens(script: &str) -> Vec<Placed<'_>> {
    let mut found: Vec<Placed<'_>> = Vec::new();
    let bytes = script.as_bytes();
    let (mut at, mut begins_line) = (0, true);
    while let Some(&byte) = bytes.get(at) {
        let rest = &script[at..];
        if byte.is_ascii_whitespace() {
            begins_line |= byte == b'\n';
            at += 1;
            continue;
        }
        // A comment of HTML hides a script from browsers of the last century.
        if rest.starts_with("//") || rest.starts_with("<!--") || (begins_line && rest.starts_with("-->")) {
            at += memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            continue;
        }
        if let Some(comment) = rest.strip_prefix("/*") {
            at += comment.find("*/").map_or(rest.len(), |end| end + 4);
            continue;
        }
        if byte == b'`'
            && let Some(length) = template(rest, begins_line, &mut found)
        {
            begins_line = false;
            at += length;
            continue;
        }
        let (token, length) = match byte {
            b'"' | b'\'' | b'`' => {
                let (text, used, closed) = literal::unescape(&rest[1..], byte);
                if !closed || (byte == b'`' && text.contains("${")) {
                    return found;
                }
                (Token::Text(text.into()), used + 1)
            }
            b'0'..=b'9' => number(rest),
            b'.' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => number(rest),
            b'/' if !ends_value(found.last()) => match regex(rest) {
                Some(length) => (Token::Regex(&rest[..length]), length),
                None => (Token::Sign("/"), 1),
            },
            b if is_word_byte(b) => {
                let length = rest.bytes().take_while(|b| is_word_byte(*b) || b.is_ascii_digit()).count();
                (Token::Word(&rest[..length]), length)
            }
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => (Token::Sign(sign), sign.len()),
                None => {
                    at += rest.chars().next().map_or(1, char::len_utf8);
                    continue;
                }
            },
        };
        found.push(Placed { token, begins_line });
        begins_line = false;
        at += length;
    }
    found
}

/// How many expressions a template may have.
const MAX_HOLES: usize = 32;

/// Divides a template with expressions in it (`` `${a}.${b}` ``) into a sum, and says how long it is. None when it has none,
/// or holds other templates or braces.
fn template<'a>(rest: &'a str, begins_line: bool, to: &mut Vec<Placed<'a>>) -> Option<usize> {
    let mut pieces: Vec<(&str, Option<&'a str>)> = Vec::new();
    let bytes = rest.as_bytes();
    let (mut at, mut piece) = (1, 1);
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            b'`' => break,
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                let hole = &rest[at + 2..];
                let end = hole.find(['}', '{', '`', '\n']).filter(|end| hole.as_bytes()[*end] == b'}')?;
                if pieces.len() >= MAX_HOLES {
                    return None;
                }
                pieces.push((&rest[piece..at], Some(&hole[..end])));
                at += end + 3;
                piece = at;
            }
            _ => at += 1,
        }
    }
    if pieces.is_empty() {
        return None;
    }
    pieces.push((rest.get(piece..at)?, None));
    let sign = |sign: &'static str, begins_line: bool, to: &mut Vec<Placed<'a>>| {
        to.push(Placed { token: Token::Sign(sign), begins_line });
    };
    sign("(", begins_line, to);
    for (index, (text, hole)) in pieces.into_iter().enumerate() {
        if index > 0 {
            sign("+", false, to);
        }
        let (text, _, _) = literal::unescape(text, 0);
        to.push(Placed { token: Token::Text(text.into()), begins_line: false });
        if let Some(hole) = hole {
            sign("+", false, to);
            sign("(", false, to);
            to.extend(tokens(hole).into_iter().map(|placed| Placed { begins_line: false, ..placed }));
            sign(")", false, to);
        }
    }
    sign(")", false, to);
    Some(at + 1)
}

pub(super) fn is_assignment(sign: &str) -> bool {
    matches!(sign, "=" | "+=" | "-=" | "*=" | "/=" | "%=" | "^=" | "|=" | "&=" | "<<=" | ">>=" | ">>>=")
}

/// Whether a statement goes on between two words, the second of which begins a line.
pub(super) fn continues(before: &Token<'_>, after: &Token<'_>) -> bool {
    let opens = matches!(before, Token::Sign(sign) if !matches!(*sign, ")" | "]" | "}" | "++" | "--"));
    let goes_on =
        matches!(after, Token::Sign(sign) if !matches!(*sign, "(" | "[" | "{" | "++" | "--" | "!" | "~"));
    opens || goes_on
}

/// Signs, the longer ones first.
const SIGNS: [&str; 54] = [
    ">>>=", "===", "!==", ">>>", "<<=", ">>=", "**=", "...", "=>", "==", "!=", "<=", ">=", "&&", "||", "??",
    "?.", "+=", "-=", "*=", "/=", "%=", "^=", "|=", "&=", "++", "--", "<<", ">>", "**", "(", ")", "[", "]",
    "{", "}", ";", ",", ".", "+", "-", "*", "/", "%", "^", "|", "&", "~", "!", "=", "<", ">", "?", ":",
];

const fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}

/// Whether a value ends here, so that a slash divides.
fn ends_value(before: Option<&Placed<'_>>) -> bool {
    match before.map(|placed| &placed.token) {
        Some(Token::Number(_) | Token::Text(_) | Token::Regex(_)) => true,
        Some(Token::Word(word)) => !matches!(*word, "return" | "typeof" | "case"),
        Some(Token::Sign(sign)) => matches!(*sign, ")" | "]" | "}"),
        None => false,
    }
}

/// The length of a regular expression with its flags.
fn regex(rest: &str) -> Option<usize> {
    let (mut escaped, mut in_class) = (false, false);
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            b'\n' => return None,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'/' if !in_class => {
                let flags = rest[at + 1..].bytes().take_while(u8::is_ascii_alphabetic).count();
                return Some(at + 1 + flags);
            }
            _ => {}
        }
    }
    None
}

fn number<'a>(rest: &'a str) -> (Token<'a>, usize) {
    let radix = match rest.get(..2) {
        Some("0x" | "0X") => 16,
        Some("0o" | "0O") => 8,
        Some("0b" | "0B") => 2,
        _ => 10,
    };
    if radix != 10 {
        let length = rest[2..].bytes().take_while(u8::is_ascii_alphanumeric).count();
        let value = u64::from_str_radix(&rest[2..2 + length], radix);
        #[allow(clippy::cast_precision_loss, reason = "numbers of scripts are of this kind")]
        let value = value.map_or(f64::NAN, |value| value as f64);
        return (Token::Number(value), 2 + length);
    }
    let mut length = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    if rest.as_bytes().get(length).is_some_and(|b| matches!(b, b'e' | b'E')) {
        let sign = usize::from(rest.as_bytes().get(length + 1).is_some_and(|b| matches!(b, b'+' | b'-')));
        let digits = rest[length + 1 + sign..].bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            length += 1 + sign + digits;
        }
    }
    let digits = &rest[..length];
    // A leading zero makes it octal to some.
    let is_octal = digits.len() > 1 && digits.starts_with('0') && !digits.contains('.');
    (Token::Number(if is_octal { f64::NAN } else { digits.parse().unwrap_or(f64::NAN) }), length)
}
