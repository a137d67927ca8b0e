//! The functions that a script did not write and that are known: those of every browser, and those by which pages decode.
//! What a value has of itself never stands here.

use std::borrow::Cow;

use super::decoding::{from_base64, rot13, unescaped};
use super::fuel::Stop;
use super::machine::{Doing, MAX_PATH, Machine};
use super::numbers::{math, parse_int};
use super::value::{Value, text_value};
use super::{MAX_FILLED, MAX_TEXT};

impl<'a> Machine<'_, 'a, '_> {
    /// The functions that every script knows, and those by which pages decode.
    pub(super) fn known(&mut self, path: &str, arguments: &[Value<'a>]) -> Result<Value<'a>, Stop> {
        if self.doing != Doing::All {
            return Ok(Value::Unknown);
        }
        let path = path.strip_prefix("window.").or_else(|| path.strip_prefix("self.")).unwrap_or(path);
        let last = path.rsplit('.').next().unwrap_or(path);
        let first = arguments.first().cloned().unwrap_or(Value::Unknown);
        let text = first.text().map(Cow::into_owned);
        let length = text.as_ref().map_or(0, String::len);
        self.fuel.spend(length)?;
        let of_text = |made: Option<String>| made.map_or(Value::Unknown, text_value);
        if path.starts_with("Math.") {
            return Ok(math(last, arguments));
        }
        Ok(match last {
            "write" | "writeln" if path.starts_with("document.") => {
                let texts: Option<Vec<_>> = arguments.iter().map(Value::text).collect();
                if let Some(texts) = texts {
                    for text in texts {
                        if self.effects.written.len() + text.len() > MAX_TEXT {
                            return Err(Stop);
                        }
                        self.effects.written.push_str(&text);
                    }
                }
                Value::Unknown
            }
            "atob" | "b64decode" | "base64_decode" | "base64Decode" | "decode64" | "b64_decode"
            | "decodeBase64" => of_text(text.and_then(|text| from_base64(&text))),
            "decode" if path.to_ascii_lowercase().contains("base64") => {
                of_text(text.and_then(|text| from_base64(&text)))
            }
            "unescape" | "decodeURIComponent" | "decodeURI" => of_text(text.map(|text| unescaped(&text))),
            "escape" | "encodeURIComponent" => match text {
                Some(text)
                    if text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) =>
                {
                    text_value(text)
                }
                _ => Value::Unknown,
            },
            "str_rot13" | "rot13" | "Rot13" | "ROT13" => of_text(text.map(|text| rot13(&text))),
            "strrev" | "str_reverse" | "reverseString" => {
                of_text(text.map(|text| text.chars().rev().collect()))
            }
            "parseInt" => {
                parse_int(&text.unwrap_or_default(), arguments.get(1).and_then(Value::index).unwrap_or(0))
            }
            "parseFloat" | "Number" => first.number().map_or(Value::Unknown, Value::Number),
            // A family of pages writes its ports so.
            "hexdec" | "hex2dec" => parse_int(&text.unwrap_or_default(), 16),
            "dep" if path == "gp.dep" => parse_int(&text.unwrap_or_default(), 16),
            "String" => of_text(text),
            "Array" => Value::array(arguments.to_vec())?,
            "from" if path == "Array.from" => match &first {
                Value::Text(text) => Value::array(text.chars().map(|c| text_value(c.to_string())).collect())?,
                Value::Array(_) => first,
                _ => Value::Unknown,
            },
            "fromCharCode" | "fromCodePoint" => {
                let characters: Option<String> = arguments
                    .iter()
                    .map(|a| a.index().and_then(|code| u32::try_from(code).ok()).and_then(char::from_u32))
                    .collect();
                of_text(characters)
            }
            "querySelector" | "$" | "jQuery" => match text {
                Some(selector) if selector.len() <= MAX_PATH => Value::Element(selector.into()),
                _ => {
                    self.call_back(arguments);
                    first
                }
            },
            "getElementById" => match text {
                Some(id) if id.len() <= MAX_PATH => Value::Element(format!("#{id}").into()),
                _ => Value::Unknown,
            },
            "eval" => {
                if let Some(script) = text {
                    self.run_more(&script)?
                } else {
                    Value::Unknown
                }
            }
            "parse" if path == "JSON.parse" => {
                if self.effects.parsed.len() >= MAX_FILLED {
                    return Err(Stop);
                }
                self.effects.parsed.extend(text);
                Value::Unknown
            }
            _ => {
                if let ([Value::Text(only)], true) = (arguments, path.len() <= MAX_PATH)
                    && self.effects.unknown_calls.len() < 2
                {
                    self.effects.unknown_calls.push((path.to_owned(), only.to_string()));
                }
                self.call_back(arguments);
                for argument in arguments {
                    self.forget_value(argument)?;
                }
                Value::Unknown
            }
        })
    }
}
