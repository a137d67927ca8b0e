//! XML and feeds: elements with an address and a port in them or in their attributes, and texts that are lists or parts
//! of pages. Entities that a document defines are never expanded.

use std::borrow::Cow;
use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::RefusalReason;
use crate::json::{self, Inherited};
use crate::output::Output;
use crate::record::Field;
use crate::value::{MAX_VALUE_DEPTH, MAX_VALUES, Members, Value};

/// The most attributes of an element that are looked at. Their names are compared with one another.
const MAX_ATTRIBUTES: usize = 64;

/// The name of the text of an element that has attributes or elements beside it.
const TEXT: &str = "text";

/// An element that is open.
struct Open {
    name: String,
    members: Members<'static>,
    text: String,
}

impl Open {
    fn new(start: &BytesStart<'_>) -> Self {
        let mut members = Members::new();
        for attribute in start.attributes().with_checks(false).take(MAX_ATTRIBUTES).flatten() {
            let name = local_name(attribute.key.as_ref());
            if !name.starts_with("xmlns") {
                let value = unescaped(&String::from_utf8_lossy(&attribute.value));
                members.push((Cow::Owned(name), Value::Text(Cow::Owned(value))));
            }
        }
        Self { name: local_name(start.name().as_ref()), members, text: String::new() }
    }

    /// The value of a closed element.
    fn close(mut self) -> (Cow<'static, str>, Value<'static>) {
        let text = self.text.trim();
        // `<field name="port">80</field>`, as databases write it.
        if let [(attribute, Value::Text(name))] = &self.members[..]
            && matches!(attribute.as_ref(), "name" | "key" | "column")
            && !text.is_empty()
            && Field::named(name).is_some()
        {
            return (name.clone(), Value::Text(Cow::Owned(text.to_owned())));
        }
        self.members = keyed(self.members);
        let value = if self.members.is_empty() {
            Value::Text(Cow::Owned(text.to_owned()))
        } else {
            let mut members = self.members;
            if !text.is_empty() {
                members.push((Cow::Borrowed(TEXT), Value::Text(Cow::Owned(text.to_owned()))));
            }
            in_records(members)
        };
        (Cow::Owned(self.name), value)
    }
}

/// The members of a dictionary that is written as `<key>port</key><integer>80</integer>`; others stay as they are.
fn keyed(members: Members<'static>) -> Members<'static> {
    let is_keyed = members.len() >= 2
        && members.len().is_multiple_of(2)
        && members.chunks(2).all(|pair| pair[0].0 == "key" && pair[1].0 != "key" && !pair[0].1.is_nested());
    if !is_keyed {
        return members;
    }
    let mut made = Members::new();
    let mut members = members.into_iter();
    while let (Some((_, name)), Some((_, value))) = (members.next(), members.next()) {
        if let Value::Text(name) = name {
            made.push((name, value));
        }
    }
    made
}

/// Divides the members of an element that holds one proxy after the other without an element around each.
fn in_records(members: Members<'static>) -> Value<'static> {
    let mut known: HashMap<&str, Option<Field>> = HashMap::new();
    let fields: Vec<Option<Field>> =
        members
            .iter()
            .map(|(name, value)| {
                if value.is_nested() {
                    None
                } else {
                    *known.entry(name).or_insert_with(|| Field::named(name))
                }
            })
            .collect();
    let is_address = |field: &Option<Field>| matches!(field, Some(Field::Address(_)));
    let Some(first_at) = fields.iter().position(is_address) else {
        return Value::Object(members);
    };
    let first = members[first_at].0.clone();
    let addresses = members.iter().filter(|(name, _)| *name == first).count();
    let ports = fields.iter().filter(|field| **field == Some(Field::Port)).count();
    if addresses > 1 && ports == 0 {
        // `<proxy>192.0.2.1:80</proxy>`, again and again.
        let (alike, mut others): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| *name == first);
        others.push((first, Value::Array(alike.into_iter().map(|(_, value)| value).collect())));
        return Value::Object(others);
    }
    if addresses < 2 || addresses != ports {
        return Value::Object(members);
    }
    // What stands first in the first of them begins each.
    let opening = fields.iter().position(Option::is_some).map_or(first, |at| members[at].0.clone());
    let mut records: Vec<Value<'static>> = Vec::new();
    let mut current = Members::new();
    for member in members {
        if member.0 == opening && !current.is_empty() {
            records.push(Value::Object(std::mem::take(&mut current)));
        }
        current.push(member);
    }
    records.push(Value::Object(current));
    Value::Array(records)
}

/// A name without its prefix.
fn local_name(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    name.rsplit(':').next().unwrap_or_default().to_owned()
}

/// A text with the entities that XML itself has.
fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut to = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        to.push_str(&rest[..at]);
        rest = &rest[at..];
        match rest.find(';').filter(|end| *end <= MAX_ENTITY) {
            Some(end) => {
                push_entity(&rest[1..end], &mut to);
                rest = &rest[end + 1..];
            }
            None => {
                to.push('&');
                rest = &rest[1..];
            }
        }
    }
    to.push_str(rest);
    to
}

/// The longest name of an entity.
const MAX_ENTITY: usize = 12;

/// Adds what an entity stands for; one that is not known stands for a blank.
fn push_entity(name: &str, to: &mut String) {
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let code = name.strip_prefix('#').and_then(|code| match code.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => code.parse().ok(),
            });
            code.and_then(char::from_u32).unwrap_or(' ')
        }
    };
    to.push(character);
}

/// Reads a document. False when it is no XML at all, so that it is read as a page.
pub(crate) fn read(text: &str, out: &mut Output<'_>) -> bool {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut open: Vec<Open> = Vec::new();
    let mut roots = Members::new();
    let (mut values, mut elements, mut too_deep) = (0, 0_usize, 0_usize);
    let mut is_broken = false;
    loop {
        let Ok(event) = reader.read_event() else {
            is_broken = true;
            break;
        };
        match event {
            Event::Start(start) => {
                elements += 1;
                if open.len() >= MAX_VALUE_DEPTH {
                    too_deep += 1;
                } else {
                    open.push(Open::new(&start));
                }
            }
            Event::Empty(start) => {
                elements += 1;
                if start.attributes().next().is_none() {
                    // `<br/>`.
                    if let Some(parent) = open.last_mut() {
                        parent.text.push('\n');
                    }
                } else {
                    let (name, value) = Open::new(&start).close();
                    add(&mut open, &mut roots, name, value);
                }
            }
            Event::End(end) => {
                if too_deep > 0 {
                    too_deep -= 1;
                } else if let Some(at) = matching(&open, end.name().as_ref()) {
                    while open.len() > at {
                        let Some((name, value)) = open.pop().map(Open::close) else { break };
                        add(&mut open, &mut roots, name, value);
                    }
                }
            }
            Event::Text(piece) => append(&mut open, &String::from_utf8_lossy(&piece)),
            Event::CData(piece) => append(&mut open, &String::from_utf8_lossy(&piece)),
            Event::GeneralRef(name) => {
                if let Some(parent) = open.last_mut() {
                    push_entity(&String::from_utf8_lossy(&name), &mut parent.text);
                }
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
        values += 1;
        if values > MAX_VALUES {
            out.refuse_entry(json::head(text).as_bytes(), RefusalReason::TooComplex);
            break;
        }
    }
    if elements == 0 {
        return false;
    }
    let is_cut = !open.is_empty() || is_broken;
    // Of what is still open, only what is nested in it is whole.
    let last = open.last().map(|element| element.name.clone());
    while let Some(mut element) = open.pop() {
        element.members.retain(|(_, value)| value.is_nested());
        element.text.clear();
        let (name, value) = element.close();
        add(&mut open, &mut roots, name, value);
    }
    let free = Inherited { is_free: true, ..Inherited::default() };
    json::walk(&Value::Object(roots), free, out);
    if is_cut {
        out.told.totals.truncated = true;
        let shown = last.map_or_else(|| json::head(text).to_owned(), |name| format!("<{name}>"));
        out.refuse_entry(shown.as_bytes(), RefusalReason::Truncated);
    }
    true
}

/// Which open element an end closes. One that closes none is passed over.
fn matching(open: &[Open], name: &[u8]) -> Option<usize> {
    let name = local_name(name);
    open.iter().rposition(|element| element.name == name)
}

fn append(open: &mut [Open], piece: &str) {
    if let Some(parent) = open.last_mut() {
        parent.text.push_str(piece);
    }
}

/// Gives a closed element to the one around it.
fn add(open: &mut [Open], roots: &mut Members<'static>, name: Cow<'static, str>, value: Value<'static>) {
    let Some(parent) = open.last_mut() else {
        roots.push((name, value));
        return;
    };
    // Elements of a page among text are text.
    let is_inline =
        ["br", "p", "b", "i", "span", "div", "li", "a", "strong", "code", "pre"].contains(&name.as_ref());
    match value {
        Value::Text(text) if is_inline => {
            parent.text.push('\n');
            parent.text.push_str(&text);
            parent.text.push('\n');
        }
        // Nothing is in it.
        Value::Text(text) if text.is_empty() => parent.text.push('\n'),
        // FoxyProxy up to version 4.
        Value::Object(mut members) if name == "manualconf" => {
            let get = |wanted: &str| {
                members.iter().find(|(n, _)| n == wanted).and_then(|(_, v)| v.as_text()).unwrap_or_default()
            };
            let socks = get("isSocks") == "true" || get("socks") == "true";
            let kind = match (socks, get("socksversion")) {
                (true, "4") => "socks4",
                (true, _) => "socks5",
                (false, _) => "http",
            };
            members.retain(|(n, _)| n != "socksversion");
            members.push((Cow::Borrowed("type"), Value::Text(Cow::Borrowed(kind))));
            parent.members.push((name, Value::Object(members)));
        }
        value => parent.members.push((name, value)),
    }
}
