//! What stands behind the dot of a value: its properties and methods, and the attributes of elements of the page. The
//! methods of texts have a file of their own.

use std::borrow::Cow;
use std::rc::Rc;

use super::fuel::Stop;
use super::machine::{MAX_PATH, Machine};
use super::numbers::to_radix;
use super::value::{Value, element, range, text_value};
use super::{MAX_ARRAY, MAX_TEXT};

/// What is put behind the selector of an element when its data are asked for.
const DATASET: &str = "\u{0}dataset";

impl<'a> Machine<'_, 'a, '_> {
    pub(super) fn property(&mut self, value: &Value<'a>, name: &str) -> Value<'a> {
        #[allow(clippy::cast_precision_loss, reason = "lengths are small")]
        match value {
            Value::Text(text) if name == "length" => Value::Number(text.chars().count() as f64),
            Value::Array(items) if name == "length" => Value::Number(items.len() as f64),
            Value::Path(path) => {
                if &**path == "window"
                    && let Some(value) = self.scripts.variables.get(name)
                {
                    return value.clone();
                }
                if path.len() + name.len() > MAX_PATH {
                    return Value::Unknown;
                }
                Value::Path(format!("{path}.{name}").into())
            }
            Value::Element(selector) => match name {
                "innerHTML" | "innerText" | "textContent" => Value::Element(Rc::clone(selector)),
                "dataset" => Value::Element(format!("{selector}{DATASET}").into()),
                "value" => self.attribute(selector, "value"),
                _ => match selector.strip_suffix(DATASET) {
                    Some(selector) => {
                        let mut attribute = "data-".to_owned();
                        for c in name.chars() {
                            if c.is_ascii_uppercase() {
                                attribute.push('-');
                            }
                            attribute.push(c.to_ascii_lowercase());
                        }
                        self.attribute(selector, &attribute)
                    }
                    None => Value::Unknown,
                },
            },
            _ => Value::Unknown,
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "lengths are small")]
    pub(super) fn method(
        &mut self,
        value: &Value<'a>,
        name: &str,
        arguments: &[Value<'a>],
    ) -> Result<Value<'a>, Stop> {
        let first = arguments.first();
        match value {
            Value::Path(path) => {
                if path.len() + name.len() > MAX_PATH {
                    return Ok(Value::Unknown);
                }
                if &**path == "window"
                    && let Some(Value::Function(function)) = self.scripts.variables.get(name).cloned()
                {
                    return self.apply(&function, arguments);
                }
                let path = format!("{path}.{name}");
                self.known(&path, arguments)
            }
            Value::Element(selector) => {
                let argument = first.and_then(Value::text);
                Ok(match (name, argument) {
                    ("html" | "text" | "append" | "val", Some(text)) => {
                        self.fuel.spend(text.len())?;
                        self.effects.filled.push((selector.to_string(), text.into_owned()));
                        Value::Element(Rc::clone(selector))
                    }
                    ("getAttribute" | "attr" | "prop", Some(attribute)) => {
                        self.attribute(selector, &attribute)
                    }
                    ("data", Some(attribute)) => self.attribute(selector, &format!("data-{attribute}")),
                    ("val", None) => self.attribute(selector, "value"),
                    _ => {
                        self.call_back(arguments);
                        Value::Unknown
                    }
                })
            }
            Value::Array(items) => self.array_method(items, name, arguments),
            Value::Text(_) | Value::Number(_) => {
                if name == "toString"
                    && let (Value::Number(number), Some(radix)) = (value, first.and_then(Value::index))
                {
                    return Ok(to_radix(*number, radix));
                }
                let Some(text) = value.text().map(Cow::into_owned) else { return Ok(Value::Unknown) };
                self.fuel.spend(text.len())?;
                self.text_method(&text, name, arguments)
            }
            Value::Unknown => {
                self.call_back(arguments);
                Ok(Value::Unknown)
            }
            Value::Function(function) if matches!(name, "call" | "apply") => {
                let function = Rc::clone(function);
                self.apply(&function, arguments.get(1..).unwrap_or_default())
            }
            _ => Ok(Value::Unknown),
        }
    }

    fn array_method(
        &mut self,
        items: &[Value<'a>],
        name: &str,
        arguments: &[Value<'a>],
    ) -> Result<Value<'a>, Stop> {
        self.fuel.spend(items.len())?;
        Ok(match (name, arguments.first()) {
            ("reverse" | "toReversed", _) => Value::Array(items.iter().rev().cloned().collect()),
            ("join", separator) => {
                let separator = match separator {
                    None => Cow::Borrowed(","),
                    Some(separator) => separator.text().ok_or(Stop)?,
                };
                let texts: Option<Vec<_>> = items.iter().map(Value::text).collect();
                let Some(texts) = texts else { return Ok(Value::Unknown) };
                let length: usize = texts.iter().map(|text| text.len() + separator.len()).sum();
                self.fuel.spend(length)?;
                if length > MAX_TEXT {
                    return Err(Stop);
                }
                text_value(texts.join(&separator))
            }
            ("map", Some(Value::Function(function))) => {
                let function = Rc::clone(function);
                let mapped: Result<Vec<_>, Stop> =
                    items.iter().map(|item| self.apply(&function, std::slice::from_ref(item))).collect();
                Value::Array(mapped?)
            }
            ("map", Some(Value::Path(path))) => {
                let path = Rc::clone(path);
                let mapped: Result<Vec<_>, Stop> =
                    items.iter().map(|item| self.known(&path, std::slice::from_ref(item))).collect();
                Value::Array(mapped?)
            }
            ("slice", from) => {
                let (start, end) = range(from, arguments.get(1), items.len());
                Value::Array(items[start..end].to_vec())
            }
            ("concat", _) => {
                let mut all = items.to_vec();
                for argument in arguments {
                    match argument {
                        Value::Array(more) => all.extend_from_slice(more),
                        other => all.push(other.clone()),
                    }
                }
                self.fuel.spend(all.len())?;
                if all.len() > MAX_ARRAY {
                    return Err(Stop);
                }
                Value::Array(all)
            }
            ("toString", None) => {
                Value::Array(items.to_vec()).text().map_or(Value::Unknown, |t| text_value(t.as_ref()))
            }
            ("at", Some(index)) => index.index().map_or(Value::Unknown, |index| {
                let length = i64::try_from(items.len()).unwrap_or(0);
                element(&Value::Array(items.to_vec()), if index < 0 { length + index } else { index })
            }),
            _ => Value::Unknown,
        })
    }

    /// The attribute of the element that a selector finds.
    fn attribute(&self, selector: &str, name: &str) -> Value<'a> {
        let page = self.scripts.page;
        let found = if let Some(id) = selector.strip_prefix('#') {
            page.by_id
                .get(id)
                .and_then(|attributes| attributes.iter().find(|(n, _)| n == name))
                .map(|(_, value)| value)
        } else {
            let inner =
                selector.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']')).unwrap_or_default();
            page.attributes.get(name).filter(|_| inner == name)
        };
        found.map_or(Value::Unknown, |value| text_value(value.as_str()))
    }
}
