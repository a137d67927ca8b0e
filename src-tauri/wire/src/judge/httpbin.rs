//! JSON as httpbin's `/get` writes it: `args`, `headers`, `origin`, `url`.

use proxydeck_domain::Headers;
use serde_json::{Map, Value};

use super::{Reading, SHOW_ENV_PARAMETER, Sent, TOKEN_PARAMETER, Wrong, address, first_difference};

/// What is the same in every answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    keys: Vec<String>,
    /// Whether the judge writes exactly as serde_json's pretty printer does, so that every byte can be compared.
    pretty: bool,
    trailer: String,
}

struct Page<'a> {
    top: Map<String, Value>,
    text: &'a str,
    trailer: &'a str,
}

fn parse(body: &[u8]) -> Option<Page<'_>> {
    let text = std::str::from_utf8(body).ok()?;
    let json = text.trim_end();
    let Value::Object(top) = serde_json::from_str(json).ok()? else { return None };
    Some(Page { top, text: json, trailer: &text[json.len()..] })
}

/// Whether the bytes are what the pretty printer makes of the value.
fn is_pretty(page: &Page<'_>) -> Result<(), String> {
    let printed = serde_json::to_string_pretty(&page.top).unwrap_or_default();
    if printed == page.text {
        Ok(())
    } else {
        Err(first_difference(printed.as_bytes(), page.text.as_bytes()))
    }
}

/// Escapes are written in more than one way, so a page with any can be compared by its values only.
fn comparable(page: &Page<'_>) -> bool {
    page.text.is_ascii() && !page.text.contains("\\u")
}

fn reading(top: &Map<String, Value>) -> Option<Reading> {
    let mut headers: Headers = Vec::new();
    for (name, value) in top.get("headers")?.as_object()? {
        match value {
            Value::String(text) => headers.push((name.clone(), text.clone())),
            // Some of its descendants give a list of values to each name.
            Value::Array(values) => {
                headers.extend(values.iter().filter_map(Value::as_str).map(|v| (name.clone(), v.to_owned())));
            }
            _ => return None,
        }
    }
    let origin = top.get("origin")?.as_str()?;
    // With a front of its own the origin is a list, of which the last stood next to the judge.
    let remote = address(origin.rsplit(',').next()?)?;
    if origin.contains(',') {
        headers.push(("X-Forwarded-For".to_owned(), origin.to_owned()));
    }
    Some(Reading { remote: Some(remote), headers })
}

fn argument<'a>(top: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    match top.get("args")?.get(name)? {
        Value::String(text) => Some(text),
        Value::Array(values) => values.first()?.as_str(),
        _ => None,
    }
}

/// Reads a direct answer.
pub(super) fn learn(body: &[u8], sent: &Sent<'_>) -> Option<(Frame, Reading)> {
    let page = parse(body)?;
    if argument(&page.top, TOKEN_PARAMETER)? != sent.token.as_str() {
        return None;
    }
    let reading = reading(&page.top)?;
    let frame = Frame {
        keys: page.top.keys().cloned().collect(),
        pretty: is_pretty(&page).is_ok(),
        trailer: page.trailer.to_owned(),
    };
    Some((frame, reading))
}

/// Reads an answer that came through a proxy.
pub(super) fn read(frame: &Frame, body: &[u8], sent: &Sent<'_>) -> Result<Reading, Wrong> {
    let stranger = || Wrong::answer("the page is not the judge's answer to this request");
    let Some(page) = parse(body) else {
        // The token in its own place says that this was the answer once.
        let place = format!("\"{TOKEN_PARAMETER}\": \"{}\"", sent.token);
        return Err(if String::from_utf8_lossy(body).contains(&place) {
            Wrong::tampered("the judge's JSON can no longer be read")
        } else {
            stranger()
        });
    };
    if argument(&page.top, TOKEN_PARAMETER) != Some(sent.token.as_str()) {
        return Err(stranger());
    }
    let keys: Vec<&String> = page.top.keys().collect();
    if !keys.iter().copied().eq(&frame.keys) {
        return Err(Wrong::tampered(format!("other keys than the judge writes: {keys:?}")));
    }
    let arguments = page.top.get("args").and_then(Value::as_object).map_or(0, Map::len);
    if arguments != 2 + extra_arguments(sent) || argument(&page.top, SHOW_ENV_PARAMETER) != Some("1") {
        return Err(Wrong::tampered("other parameters than were sent"));
    }
    if !page.top.get("url").and_then(Value::as_str).is_none_or(|url| url.contains(sent.token.as_str())) {
        return Err(Wrong::tampered("another address than was asked for"));
    }
    if page.trailer != frame.trailer {
        return Err(Wrong::tampered(first_difference(frame.trailer.as_bytes(), page.trailer.as_bytes())));
    }
    if frame.pretty && comparable(&page) {
        is_pretty(&page).map_err(Wrong::tampered)?;
    }
    reading(&page.top).ok_or_else(|| Wrong::tampered("no address where the judge writes one"))
}

/// Parameters that the judge's address had before ours were added.
fn extra_arguments(sent: &Sent<'_>) -> usize {
    let query = sent.target.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter(|p| !p.is_empty()).count().saturating_sub(2)
}
