//! The values of a script: what they are as texts and as numbers, and their parts. How they are made is never said here.

use std::borrow::Cow;
use std::rc::Rc;

use super::numbers::number_text;
use super::tokens::Placed;

/// A value of a script.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Unknown,
    Number(f64),
    Text(Rc<str>),
    Array(Vec<Self>),
    Regex(&'a str),
    /// Something that a script did not define: `document.write`.
    Path(Rc<str>),
    Function(Rc<Function<'a>>),
    /// What a selector finds.
    Element(Rc<str>),
}

#[derive(Debug)]
pub(super) struct Function<'a> {
    pub(super) parameters: Vec<&'a str>,
    pub(super) body: Rc<[Placed<'a>]>,
    /// Whether the body is an expression.
    pub(super) is_expression: bool,
}

impl Value<'_> {
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) if number.is_finite() => Cow::Owned(number_text(*number)),
            Self::Array(items) => {
                let texts: Option<Vec<_>> = items.iter().map(Self::text).collect();
                Cow::Owned(texts?.join(","))
            }
            _ => return None,
        })
    }

    pub(super) fn number(&self) -> Option<f64> {
        let number = match self {
            Self::Number(number) => *number,
            Self::Text(_) | Self::Array(_) => {
                let text = self.text()?;
                let text = text.trim();
                match text.strip_prefix("0x") {
                    Some(hex) => f64::from(u32::from_str_radix(hex, 16).ok()?),
                    None if text.is_empty() => 0.0,
                    None => text.parse().ok()?,
                }
            }
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    pub(super) fn index(&self) -> Option<i64> {
        let number = self.number()?;
        #[allow(clippy::cast_possible_truncation, reason = "it was seen to fit")]
        (number.abs() < 1e9).then_some(number as i64)
    }

    /// The value without what it borrows from its script; none for functions.
    pub(super) fn to_owned_value<'b>(&self) -> Option<Value<'b>> {
        Some(match self {
            Self::Unknown => Value::Unknown,
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::Text(Rc::clone(text)),
            Self::Array(items) => {
                Value::Array(items.iter().map(Self::to_owned_value).collect::<Option<_>>()?)
            }
            Self::Regex(_) | Self::Path(_) | Self::Function(_) | Self::Element(_) => return None,
        })
    }
}

pub(super) fn text_value<'a>(text: impl Into<Rc<str>>) -> Value<'a> {
    Value::Text(text.into())
}

pub(super) fn element<'a>(value: &Value<'a>, index: i64) -> Value<'a> {
    let Ok(index) = usize::try_from(index) else { return Value::Unknown };
    match value {
        Value::Array(items) => items.get(index).cloned().unwrap_or(Value::Unknown),
        Value::Text(text) => text.chars().nth(index).map_or(Value::Unknown, |c| text_value(c.to_string())),
        _ => Value::Unknown,
    }
}

/// The range that `slice` takes, whose ends may be counted from behind.
pub(super) fn range(start: Option<&Value<'_>>, end: Option<&Value<'_>>, length: usize) -> (usize, usize) {
    let place = |value: Option<&Value<'_>>, default: usize| {
        let Some(index) = value.and_then(Value::index) else { return default };
        let size = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
        if index < 0 { length.saturating_sub(size) } else { size.min(length) }
    };
    let (start, end) = (place(start, 0), place(end, length));
    (start, end.max(start))
}
