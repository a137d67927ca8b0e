//! The values of a script: what they are as texts and as numbers, and their parts. How they are made is never said here.

use std::borrow::Cow;
use std::ops::Deref;
use std::rc::Rc;

use super::MAX_ARRAY;
use super::fuel::Stop;
use super::numbers::number_text;
use super::tokens::Placed;

/// How deep arrays and objects may lie in one another.
const MAX_DEPTH: usize = 16;

/// A value of a script.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Unknown,
    Bool(bool),
    Number(f64),
    Text(Rc<str>),
    Array(Rc<List<'a>>),
    /// An object that is written out, with its members.
    Object(Rc<Object<'a>>),
    Regex(&'a str),
    /// Something that a script did not define: `document.write`.
    Path(Rc<str>),
    Function(Rc<Function<'a>>),
    /// What a selector finds.
    Element(Rc<str>),
}

/// How much a value holds: what lies in it once counts as often as it is named, so that nothing small stands for something
/// huge.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    depth: usize,
    weight: usize,
}

impl Size {
    /// The size with one more element in it.
    fn around(self, inner: Self) -> Result<Self, Stop> {
        let made = Self {
            depth: self.depth.max(1 + inner.depth),
            weight: self.weight.saturating_add(1).saturating_add(inner.weight),
        };
        if made.depth > MAX_DEPTH || made.weight > MAX_ARRAY { Err(Stop) } else { Ok(made) }
    }
}

/// The elements of an array.
#[derive(Clone, Debug, Default)]
pub(super) struct List<'a> {
    items: Vec<Value<'a>>,
    size: Size,
}

impl<'a> List<'a> {
    /// Adds an element.
    pub(super) fn push(&mut self, item: Value<'a>) -> Result<(), Stop> {
        self.size = self.size.around(item.size())?;
        self.items.push(item);
        Ok(())
    }

    /// Puts an element at a place, at most one behind the last.
    pub(super) fn put(&mut self, at: usize, item: Value<'a>) -> Result<(), Stop> {
        if at == self.items.len() {
            return self.push(item);
        }
        self.size = self.size.around(item.size())?;
        *self.items.get_mut(at).ok_or(Stop)? = item;
        Ok(())
    }

    /// How much there is in it.
    pub(super) const fn weight(&self) -> usize {
        self.size.weight
    }

    pub(super) fn items_mut(&mut self) -> &mut Vec<Value<'a>> {
        &mut self.items
    }
}

impl<'a> Deref for List<'a> {
    type Target = [Value<'a>];

    fn deref(&self) -> &Self::Target {
        &self.items
    }
}

/// The members of an object.
#[derive(Clone, Debug)]
pub(super) struct Object<'a> {
    pub(super) members: Vec<(Rc<str>, Value<'a>)>,
    size: Size,
}

impl<'a> Object<'a> {
    pub(super) fn get(&self, name: &str) -> Value<'a> {
        let found = self.members.iter().rev().find(|(own, _)| **own == *name);
        found.map_or(Value::Unknown, |(_, value)| value.clone())
    }
}

#[derive(Debug)]
pub(super) struct Function<'a> {
    pub(super) parameters: Vec<&'a str>,
    /// The variables that end with it.
    pub(super) locals: Vec<&'a str>,
    pub(super) body: Rc<[Placed<'a>]>,
    /// Whether the body is an expression.
    pub(super) is_expression: bool,
}

impl<'a> Value<'a> {
    pub(super) fn array(items: Vec<Self>) -> Result<Self, Stop> {
        let size = items.iter().try_fold(Size::default(), |size, item| size.around(item.size()))?;
        Ok(Self::Array(Rc::new(List { items, size })))
    }

    pub(super) fn object(members: Vec<(Rc<str>, Self)>) -> Result<Self, Stop> {
        let size = members.iter().try_fold(Size::default(), |size, (_, value)| size.around(value.size()))?;
        Ok(Self::Object(Rc::new(Object { members, size })))
    }

    fn size(&self) -> Size {
        match self {
            Self::Array(list) => list.size,
            Self::Object(object) => object.size,
            _ => Size::default(),
        }
    }

    /// Whether it counts as true; none when that is not known.
    pub(super) fn truth(&self) -> Option<bool> {
        Some(match self {
            Self::Bool(yes) => *yes,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::Array(_) | Self::Object(_) | Self::Regex(_) | Self::Function(_) => true,
            Self::Unknown | Self::Path(_) | Self::Element(_) => return None,
        })
    }

    /// Whether two values are the same, or of the same worth where they need not be of one kind.
    pub(super) fn equals(&self, other: &Self, strictly: bool) -> Option<bool> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(a == b),
            (Self::Number(a), Self::Number(b)) => Some(a == b),
            (Self::Bool(a), Self::Bool(b)) => Some(a == b),
            (
                Self::Text(_) | Self::Number(_) | Self::Bool(_),
                Self::Text(_) | Self::Number(_) | Self::Bool(_),
            ) => {
                if strictly {
                    Some(false)
                } else {
                    Some(self.number()? == other.number()?)
                }
            }
            _ => None,
        }
    }
}

impl Value<'_> {
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Bool(yes) => Cow::Borrowed(if *yes { "true" } else { "false" }),
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
            Self::Bool(yes) => f64::from(u8::from(*yes)),
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
            Self::Bool(yes) => Value::Bool(*yes),
            Self::Text(text) => Value::Text(Rc::clone(text)),
            Self::Array(items) => {
                Value::array(items.iter().map(Self::to_owned_value).collect::<Option<_>>()?).ok()?
            }
            Self::Object(object) => {
                let members = object.members.iter();
                let owned = members.map(|(name, value)| Some((Rc::clone(name), value.to_owned_value()?)));
                Value::object(owned.collect::<Option<_>>()?).ok()?
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
        Value::Text(text) => match text.as_bytes().get(..=index) {
            Some(front) if front.is_ascii() => text_value(&text[index..=index]),
            _ => text.chars().nth(index).map_or(Value::Unknown, |c| text_value(c.to_string())),
        },
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
