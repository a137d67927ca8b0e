//! What stands behind the dot of a value: its properties and methods, and the attributes of elements of the page. The
//! methods of texts have a file of their own.

use std::borrow::Cow;
use std::rc::Rc;

use super::MAX_TEXT;
use super::fuel::Stop;
use super::machine::{Doing, MAX_PATH, Machine};
use super::numbers::to_radix;
use super::value::{Value, element, range, text_value};

/// What is put behind the selector of an element when its data are asked for.
const DATASET: &str = "\u{0}dataset";

/// The methods by which an array is changed where it stands.
pub(super) const CHANGING: [&str; 9] =
    ["push", "pop", "shift", "unshift", "reverse", "sort", "splice", "fill", "copyWithin"];

impl<'a> Machine<'_, 'a, '_> {
    pub(super) fn property(&mut self, value: &Value<'a>, name: &str) -> Value<'a> {
        #[allow(clippy::cast_precision_loss, reason = "lengths are small")]
        match value {
            Value::Text(text) if name == "length" => {
                if self.fuel.spend_bytes(text.len()).is_err() {
                    return Value::Unknown;
                }
                Value::Number(text.chars().count() as f64)
            }
            Value::Object(object) => object.get(name),
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
        if self.doing != Doing::All {
            return Ok(Value::Unknown);
        }
        match value {
            // `String.fromCharCode.apply(null, […])`
            Value::Path(path) if name == "apply" && &**path == "String.fromCharCode" => {
                let Some(Value::Array(items)) = arguments.get(1) else { return Ok(Value::Unknown) };
                let items = Rc::clone(items);
                self.known(path, &items)
            }
            Value::Object(object) => match object.get(name) {
                Value::Function(function) => self.apply(&function, arguments),
                _ => Ok(Value::Unknown),
            },
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
                        self.effects.fill(selector, &text)?;
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
            Value::Text(_) | Value::Number(_) | Value::Bool(_) => {
                if name == "toString"
                    && let (Value::Number(number), Some(radix)) = (value, first.and_then(Value::index))
                {
                    return Ok(to_radix(*number, radix));
                }
                if let (Value::Text(text), "charAt" | "charCodeAt") = (value, name) {
                    self.fuel.spend_bytes(text.len())?;
                    let character = element(value, first.and_then(Value::index).unwrap_or(0));
                    return Ok(match (name, &character) {
                        ("charCodeAt", Value::Text(c)) => c
                            .chars()
                            .next()
                            .map_or(Value::Unknown, |c| Value::Number(f64::from(u32::from(c)))),
                        _ => character,
                    });
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

    #[allow(clippy::cast_precision_loss, reason = "arrays are small")]
    fn array_method(
        &mut self,
        items: &[Value<'a>],
        name: &str,
        arguments: &[Value<'a>],
    ) -> Result<Value<'a>, Stop> {
        self.fuel.spend(items.len())?;
        Ok(match (name, arguments.first()) {
            ("reverse" | "toReversed", _) => Value::array(items.iter().rev().cloned().collect())?,
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
            ("map" | "forEach" | "filter", Some(Value::Function(function))) => {
                let function = Rc::clone(function);
                let mut made = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let answer = self.apply(&function, &[item.clone(), Value::Number(index as f64)])?;
                    match name {
                        "map" => made.push(answer),
                        "filter" if answer.truth().ok_or(Stop)? => made.push(item.clone()),
                        _ => {}
                    }
                }
                if name == "forEach" { Value::Unknown } else { Value::array(made)? }
            }
            ("reduce", Some(Value::Function(function))) => {
                let function = Rc::clone(function);
                let mut rest = items.iter();
                let mut folded = match arguments.get(1) {
                    Some(start) => start.clone(),
                    None => rest.next().cloned().ok_or(Stop)?,
                };
                for item in rest {
                    folded = self.apply(&function, &[folded, item.clone()])?;
                }
                folded
            }
            ("map", Some(Value::Path(path))) => {
                let path = Rc::clone(path);
                let mapped: Result<Vec<_>, Stop> =
                    items.iter().map(|item| self.known(&path, std::slice::from_ref(item))).collect();
                Value::array(mapped?)?
            }
            ("indexOf", Some(wanted)) => {
                let mut found = -1.0;
                for (index, item) in items.iter().enumerate() {
                    if item.equals(wanted, true).ok_or(Stop)? {
                        found = index as f64;
                        break;
                    }
                }
                Value::Number(found)
            }
            ("slice", from) => {
                let (start, end) = range(from, arguments.get(1), items.len());
                Value::array(items[start..end].to_vec())?
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
                Value::array(all)?
            }
            ("toString", None) => {
                Value::array(items.to_vec())?.text().map_or(Value::Unknown, |t| text_value(t.as_ref()))
            }
            ("at", Some(index)) => index.index().map_or(Value::Unknown, |index| {
                let length = i64::try_from(items.len()).unwrap_or(0);
                let place = usize::try_from(if index < 0 { length + index } else { index });
                place.ok().and_then(|place| items.get(place)).cloned().unwrap_or(Value::Unknown)
            }),
            _ => Value::Unknown,
        })
    }

    /// What the array in a variable answers to a method that changes it. None when it is none, or not in a variable.
    pub(super) fn change(
        &mut self,
        variable: &str,
        name: &str,
        arguments: &[Value<'a>],
    ) -> Result<Value<'a>, Stop> {
        if self.doing == Doing::Perhaps {
            self.set(variable, Value::Unknown);
        }
        if self.doing != Doing::All {
            return Ok(Value::Unknown);
        }
        // Two names of one array see each other's changes, which is not followed.
        self.fuel.spend(arguments.len())?;
        if self.is_shared(variable) {
            self.forget_shared(variable)?;
            return Err(Stop);
        }
        let Some(Value::Array(list)) = self.scripts.variables.get_mut(variable) else { return Err(Stop) };
        self.fuel.spend(if name == "push" { 0 } else { list.len() })?;
        let list = Rc::make_mut(list);
        let taken = match name {
            "push" => {
                for argument in arguments {
                    list.push(argument.clone())?;
                }
                Some(Value::Number(f64::from(u32::try_from(list.len()).unwrap_or(u32::MAX))))
            }
            "pop" => list.items_mut().pop(),
            "shift" if list.is_empty() => None,
            "shift" => Some(list.items_mut().remove(0)),
            "reverse" => {
                list.items_mut().reverse();
                return Ok(self.scripts.variables.get(variable).cloned().unwrap_or(Value::Unknown));
            }
            // What else changes it is not followed.
            _ => {
                self.set(variable, Value::Unknown);
                None
            }
        };
        Ok(taken.unwrap_or(Value::Unknown))
    }

    /// Whether what a variable holds has another name too.
    pub(super) fn is_shared(&self, variable: &str) -> bool {
        match self.scripts.variables.get(variable) {
            Some(Value::Array(list)) => Rc::strong_count(list) > 1,
            Some(Value::Object(object)) => Rc::strong_count(object) > 1,
            _ => false,
        }
    }

    /// Makes unknown what a variable holds, under each of its names.
    pub(super) fn forget_shared(&mut self, variable: &str) -> Result<(), Stop> {
        let Some(value) = self.scripts.variables.get(variable).cloned() else { return Ok(()) };
        self.forget_value(&value)?;
        self.set(variable, Value::Unknown);
        Ok(())
    }

    /// Makes every variable unknown that holds this array or object: it was handed to something that may change it.
    pub(super) fn forget_value(&mut self, value: &Value<'a>) -> Result<(), Stop> {
        if !matches!(value, Value::Array(_) | Value::Object(_)) {
            return Ok(());
        }
        self.fuel.spend(self.scripts.variables.len())?;
        for other in self.scripts.variables.values_mut() {
            let is_same = match (&*other, value) {
                (Value::Array(a), Value::Array(b)) => Rc::ptr_eq(a, b),
                (Value::Object(a), Value::Object(b)) => Rc::ptr_eq(a, b),
                _ => false,
            };
            if is_same {
                *other = Value::Unknown;
            }
        }
        Ok(())
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
