//! The methods of texts: cutting, joining and replacing. How a text is decoded is never said here.

use super::MAX_TEXT;
use super::decoding::rot13;
use super::fuel::Stop;
use super::machine::Machine;
use super::pattern::Pattern;
use super::tokens::Token;
use super::value::{Value, element, range, text_value};
use crate::literal;

impl<'a> Machine<'_, 'a, '_> {
    #[allow(clippy::cast_precision_loss, reason = "lengths are small")]
    pub(super) fn text_method(
        &mut self,
        text: &str,
        name: &str,
        arguments: &[Value<'a>],
    ) -> Result<Value<'a>, Stop> {
        let first = arguments.first();
        let characters = || text.chars().collect::<Vec<char>>();
        let part = |start: usize, end: usize| {
            text_value(characters()[start.min(end)..end].iter().collect::<String>())
        };
        let length = text.chars().count();
        let limited =
            |index: Option<i64>| usize::try_from(index.unwrap_or(0).max(0)).unwrap_or(0).min(length);
        Ok(match (name, first) {
            ("split", Some(separator)) => {
                let pieces: Vec<Value<'a>> = match separator {
                    Value::Text(separator) if separator.is_empty() => {
                        text.chars().map(|c| text_value(c.to_string())).collect()
                    }
                    Value::Text(separator) => text.split(&**separator).map(text_value).collect(),
                    Value::Regex(regex) => match Pattern::of(regex) {
                        Some(pattern) => text.split(|c| pattern.matches(c)).map(text_value).collect(),
                        None => return Ok(Value::Unknown),
                    },
                    _ => return Ok(Value::Unknown),
                };
                Value::array(pieces)?
            }
            ("concat", _) => {
                let mut all = text.to_owned();
                for argument in arguments {
                    let Some(more) = argument.text() else { return Ok(Value::Unknown) };
                    self.fuel.spend(more.len())?;
                    if all.len() + more.len() > MAX_TEXT {
                        return Err(Stop);
                    }
                    all.push_str(&more);
                }
                text_value(all)
            }
            ("charAt" | "at", index) => element(&text_value(text), index.and_then(Value::index).unwrap_or(0)),
            ("charCodeAt" | "codePointAt", index) => {
                let index = limited(index.and_then(Value::index));
                text.chars().nth(index).map_or(Value::Unknown, |c| Value::Number(f64::from(u32::from(c))))
            }
            ("substr", Some(start)) => {
                let start = start.index().ok_or(Stop)?;
                let from = if start < 0 {
                    length.saturating_sub(limited(Some(-start)))
                } else {
                    limited(Some(start))
                };
                let count = arguments.get(1).and_then(Value::index);
                part(from, count.map_or(length, |count| (from + limited(Some(count))).min(length)))
            }
            ("substring", Some(start)) => {
                let (a, b) =
                    (limited(start.index()), arguments.get(1).map_or(length, |end| limited(end.index())));
                part(a.min(b), a.max(b))
            }
            ("slice", from) => {
                let (start, end) = range(from, arguments.get(1), length);
                part(start, end)
            }
            ("replace" | "replaceAll", Some(pattern)) => {
                self.replace(text, name, pattern, arguments.get(1))?
            }
            ("trim" | "trimStart" | "trimEnd", None) => text_value(text.trim()),
            ("toString" | "valueOf", None) => text_value(text),
            ("toLowerCase", None) => text_value(text.to_lowercase()),
            ("toUpperCase", None) => text_value(text.to_uppercase()),
            ("repeat", Some(count)) => {
                let count = usize::try_from(count.index().ok_or(Stop)?).map_err(|_| Stop)?;
                if text.len().saturating_mul(count) > MAX_TEXT {
                    return Err(Stop);
                }
                self.fuel.spend(text.len() * count)?;
                text_value(text.repeat(count))
            }
            ("indexOf", Some(Value::Text(wanted))) => {
                Value::Number(text.find(&**wanted).map_or(-1.0, |at| text[..at].chars().count() as f64))
            }
            _ => Value::Unknown,
        })
    }

    fn replace(
        &mut self,
        text: &str,
        name: &str,
        pattern: &Value<'a>,
        by: Option<&Value<'a>>,
    ) -> Result<Value<'a>, Stop> {
        match (pattern, by) {
            (Value::Text(wanted), Some(Value::Text(by))) if !wanted.is_empty() && !by.contains('$') => {
                let made = if name == "replaceAll" {
                    text.replace(&**wanted, by)
                } else {
                    text.replacen(&**wanted, by, 1)
                };
                self.fuel.spend(made.len())?;
                if made.len() > MAX_TEXT {
                    return Err(Stop);
                }
                Ok(text_value(made))
            }
            (Value::Regex(regex), Some(Value::Text(by))) if !by.contains('$') => {
                let Some(pattern) = Pattern::of(regex) else { return Ok(Value::Unknown) };
                let mut made = String::new();
                let (mut replaced, mut in_run) = (false, false);
                for c in text.chars() {
                    let is_hit =
                        pattern.matches(c) && (pattern.is_global || !replaced || (in_run && pattern.repeats));
                    if is_hit && !(in_run && pattern.repeats) {
                        made.push_str(by);
                        self.fuel.spend(by.len())?;
                    } else if !is_hit {
                        made.push(c);
                    }
                    replaced |= is_hit;
                    in_run = is_hit;
                    if made.len() > MAX_TEXT {
                        return Err(Stop);
                    }
                }
                Ok(text_value(made))
            }
            // `s.replace(/\\x([0-9A-Fa-f]{2})/g, function () { … })`: the escapes of a text that was escaped twice.
            (Value::Regex(regex), Some(Value::Function(_))) if regex.starts_with(r"/\\x(") => {
                let (made, _, _) = literal::unescape(text, 0);
                Ok(text_value(made))
            }
            // The usual line that turns letters by thirteen.
            (
                Value::Regex("/[a-zA-Z]/g" | "/[A-Za-z]/g" | "/[a-z]/gi" | "/[A-Z]/gi"),
                Some(Value::Function(function)),
            ) => {
                let has = |number: f64| function.body.iter().any(|p| p.token == Token::Number(number));
                Ok(if has(13.0) && (has(26.0) || has(90.0) || has(122.0)) {
                    text_value(rot13(text))
                } else {
                    Value::Unknown
                })
            }
            _ => Ok(Value::Unknown),
        }
    }
}
