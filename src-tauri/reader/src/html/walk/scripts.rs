//! The scripts and the data of a page, where they stand in it: what they write is read as if it stood there, and the
//! values that they hold are read as JSON. What a script comes to is never worked out here.

use super::Builder;
use crate::html::raw::Raw;
use crate::html::{MAX_ATTRIBUTE, rows, token};
use crate::json::{self, Inherited};
use crate::script::{self, Effects};
use crate::{encoded, literal};

impl<'b> Builder<'b, '_> {
    pub(super) fn end_raw(&mut self) {
        let text = std::mem::take(&mut self.buffer);
        match std::mem::take(&mut self.raw) {
            Raw::Script if !self.is_written => {
                let Some((script, rest)) = self.pending.split_first() else { return };
                self.pending = rest;
                if self.is_hidden() || self.is_replaced() {
                    return;
                }
                self.run(script);
            }
            Raw::Data => self.read_data(&text),
            _ => {}
        }
    }

    fn run(&mut self, script: &'b str) {
        let effects: Effects = self.scripts.run(script, &mut self.fuel);
        if !effects.written.is_empty() {
            self.write(&effects.written);
            self.written_last.clear();
            effects.written.trim().clone_into(&mut self.written_last);
        } else if let [(name, text)] = &effects.unknown_calls[..]
            && let Some(shown) = decoded_argument(name, text)
        {
            self.write(&shown);
        }
        for text in &effects.parsed {
            self.read_data(text);
        }
        self.read_values(script);
    }

    /// Writes what a script made where it stands.
    pub(super) fn write(&mut self, markup: &str) {
        if !markup.contains('<') {
            self.push_text(&markup.replace("&nbsp;", " "));
            return;
        }
        if self.is_written {
            return;
        }
        self.is_written = true;
        let raw = std::mem::take(&mut self.raw);
        token::go_through(markup, self);
        self.raw = raw;
        self.is_written = false;
    }

    pub(super) fn read_data(&mut self, text: &str) {
        let told = self.out.count();
        let parsed = literal::parse(text);
        json::walk(&parsed.value, Inherited::default(), self.out);
        self.as_list += self.out.count().0 - told.0;
    }

    /// Reads the values that a script gives names to or hands on: lists of objects and of texts.
    fn read_values(&mut self, script: &str) {
        let told = self.out.count();
        for (value, has_hex_ports) in values(script) {
            json::walk(&value, Inherited { has_hex_ports, ..Inherited::default() }, self.out);
        }
        self.as_list += self.out.count().0 - told.0;
    }
}

/// What a call of a function that is not known shows, when its one text can be decoded in one way: percent signs, or
/// base64 of an address or a port.
fn decoded_argument(name: &str, text: &str) -> Option<String> {
    // Functions of counters and advertisers take all sorts of texts.
    if name.len() > 64 || text.len() > MAX_ATTRIBUTE {
        return None;
    }
    let is_shown = |text: &str| {
        let host = text.rsplit_once(':').map_or(text, |(host, _)| host);
        rows::is_address(host) || rows::is_port(text)
    };
    if text.contains('%') {
        let decoded = script::unescaped(text);
        return (decoded.contains('<') || is_shown(&decoded)).then_some(decoded);
    }
    let decoded = String::from_utf8(encoded::decode(text.as_bytes())?).ok()?;
    is_shown(decoded.trim()).then_some(decoded)
}

/// The values in a script that begin behind `=`, `(`, `:` or `,` and are lists or objects, and whether their ports are
/// hexadecimal. Each byte is looked at once: where a value breaks off, the search goes on behind it.
fn values(script: &str) -> Vec<(crate::value::Value<'_>, bool)> {
    let mut found = Vec::new();
    let bytes = script.as_bytes();
    let mut before = b' ';
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' | b'`' => {
                // Over a text, as far as it goes in its line.
                let rest = &bytes[at + 1..];
                let mut end = 0;
                while let Some(&b) = rest.get(end) {
                    end += 1 + usize::from(b == b'\\');
                    if b == byte || (b == b'\n' && byte != b'`') {
                        break;
                    }
                }
                before = byte;
                at += 1 + end;
            }
            b'[' | b'{' if matches!(before, b'=' | b'(' | b':' | b',') => {
                let inner = bytes[at + 1..].iter().find(|b| !b.is_ascii_whitespace());
                let begins = match byte {
                    b'[' => matches!(inner, Some(b'[' | b'{' | b'"' | b'\'')),
                    _ => inner.is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'"' | b'\'' | b'_')),
                };
                if begins && script.is_char_boundary(at) {
                    let parsed = literal::parse(&script[at..]);
                    let is_hex = script[..at].trim_end().ends_with("insertPrx(");
                    if parsed.value.is_nested() {
                        found.push((parsed.value, is_hex));
                    }
                    at += parsed.used.max(1);
                    before = b'}';
                } else {
                    before = byte;
                    at += 1;
                }
            }
            b if b.is_ascii_whitespace() => at += 1,
            b => {
                before = b;
                at += 1;
            }
        }
    }
    found
}
