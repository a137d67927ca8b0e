//! JSON on a line: an object, an array of objects or strings, or a string.

use proxydeck_domain::Hints;
use serde_json::{Map, Value};

use crate::RefusalReason;
use crate::labels::Claim;
use crate::reading::Reading;
use crate::record::{Field, Record};
use crate::text;

/// Reads a line as JSON. None when it is none, so that it is read as text.
///
/// Every object and string that is meant as a proxy is told to `settle` on its own, with what stands for it in a
/// refusal.
pub(crate) fn read(line: &[u8], settle: &mut impl FnMut(&mut Reading, &[u8])) -> Option<()> {
    let line = line.strip_suffix(b",").unwrap_or(line).trim_ascii_end();
    let value = match line.first()? {
        b'{' | b'[' => serde_json::from_slice(line).ok()?,
        b'"' => serde_json::from_slice(line).ok().or_else(|| member(line))?,
        _ => return None,
    };
    walk(&value, Hints::NONE, settle);
    Some(())
}

/// Whether a line may be JSON, so that the limit of JSON is its limit.
pub(crate) fn may_begin(byte: u8) -> bool {
    matches!(byte, b'{' | b'[')
}

/// Reads `"name": value`, a line of an object that is written over several lines.
fn member(line: &[u8]) -> Option<Value> {
    let mut object = Vec::with_capacity(line.len() + 2);
    object.push(b'{');
    object.extend_from_slice(line);
    object.push(b'}');
    serde_json::from_slice(&object).ok()
}

/// Goes through a value. serde_json nests 128 deep at most, so this does not exhaust the stack.
fn walk(value: &Value, inherited: Hints, settle: &mut impl FnMut(&mut Reading, &[u8])) {
    match value {
        Value::String(string) if string.contains(':') => {
            let mut reading = Reading::default();
            text::read(string.trim().as_bytes(), &mut reading);
            if !inherited.is_empty() {
                for found in reading.found.iter_mut().filter(|f| f.stated.is_empty()) {
                    found.stated = inherited;
                }
            }
            // A string without an address is an ordinary string of the document.
            if !reading.found.is_empty() || reading.problem.is_some_and(RefusalReason::is_fault) {
                settle(&mut reading, string.as_bytes());
            }
        }
        Value::Array(items) => {
            for item in items {
                walk(item, inherited, settle);
            }
        }
        Value::Object(object) => walk_object(object, inherited, settle),
        _ => {}
    }
}

fn walk_object(object: &Map<String, Value>, inherited: Hints, settle: &mut impl FnMut(&mut Reading, &[u8])) {
    // Numbers become texts, because ports come as either.
    let fields: Vec<(Field, String)> = object
        .iter()
        .filter_map(|(name, value)| Field::named(name).map(|field| (field, value)))
        .filter_map(|(field, value)| Some((field, scalar(field, value)?)))
        .collect();
    let mut record = Record::default();
    for (field, value) in &fields {
        record.set(*field, value);
    }
    if record.is_proxy() {
        let mut reading = Reading::default();
        record.read(inherited, &mut reading);
        // An address without a port beside it may be that of the document itself (`"url": …`).
        if record.has_port()
            || !reading.found.is_empty()
            || reading.problem.is_some_and(RefusalReason::is_fault)
        {
            settle(&mut reading, record.summary().as_bytes());
            // What else is in it (where it is, where it comes out) are no proxies.
            return;
        }
    }
    let mut is_nested = false;
    for (name, value) in object {
        if matches!(value, Value::Array(_) | Value::Object(_)) {
            is_nested = true;
            let claim = Claim::of_column(name).hints;
            walk(value, if claim.is_empty() { inherited } else { claim }, settle);
        }
    }
    if !is_nested && !record.address().is_empty() {
        let mut reading = Reading::default();
        reading.note(RefusalReason::NoPort);
        settle(&mut reading, record.summary().as_bytes());
    }
}

/// The text of a field; lists of protocols are joined.
fn scalar(field: Field, value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Array(items) if field == Field::Protocols => {
            Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
        }
        _ => None,
    }
}
