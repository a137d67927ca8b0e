//! What a list is written as, told by its beginning.

use memchr::memmem;
use serde::de::IgnoredAny;

use crate::{Format, encoded};

/// How much of a list is looked at before it is decided how to read it. Configurations have long heads, pages long
/// lines in front of their first tag.
pub(crate) const WINDOW: usize = 16 * 1024;

/// How long the name of a value in a script may be.
const MAX_VALUE_NAME: usize = 64;

/// Tags that only pages have. What a list in text has in angle brackets is none of them.
const TAGS: [&str; 38] = [
    "html", "head", "body", "table", "tbody", "thead", "tr", "td", "th", "div", "span", "p", "br", "pre",
    "script", "style", "ul", "ol", "li", "a", "b", "i", "font", "form", "textarea", "meta", "title", "h1",
    "h2", "h3", "center", "section", "article", "link", "dl", "dd", "code", "strong",
];

/// Whether a text holds a tag of a page.
pub(crate) fn has_tags(text: &[u8]) -> bool {
    memchr::memchr_iter(b'<', text).any(|at| {
        let rest = &text[at + 1..];
        let rest = rest.strip_prefix(b"/").unwrap_or(rest);
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
        let ends = rest.get(length).is_some_and(|b| matches!(b, b'>' | b'/') || b.is_ascii_whitespace());
        ends && length <= 8 && TAGS.iter().any(|tag| rest[..length].eq_ignore_ascii_case(tag.as_bytes()))
    })
}

/// Tells what a list is by its beginning. None for what is read line by line.
pub(crate) fn sniff(window: &[u8]) -> Option<Format> {
    let text = without_blanks(window);
    if text.first()? != &b'<' && memmem::find(text, b"FindProxyForURL").is_some() {
        return Some(Format::Pac);
    }
    // A list in the source of a program.
    if text.starts_with(b"<?php") && !has_tags(text) {
        return None;
    }
    match text.first()? {
        b'<' if is_markup(text) => return Some(if is_xml(text) { Format::Xml } else { Format::Html }),
        b'{' | b'[' if is_json(text) => return Some(Format::Json),
        _ if is_named_value(text) => return Some(Format::Json),
        _ => {}
    }
    if has_tags(text) || text.starts_with(b"eval(function(") {
        return Some(Format::Html);
    }
    if encoded::looks_encoded(text) {
        return Some(Format::Base64);
    }
    is_yaml(text).then_some(Format::Yaml)
}

/// A text without blanks, holes and a byte order mark in front.
fn without_blanks(window: &[u8]) -> &[u8] {
    let mut text = window;
    loop {
        text = match text {
            [b' ' | b'\t' | b'\r' | b'\n' | 0x0B | 0x0C | 0, rest @ ..] | [0xEF, 0xBB, 0xBF, rest @ ..] => {
                rest
            }
            _ => return text,
        };
    }
}

/// Whether a text that begins with `<` begins with a tag, a comment or a declaration.
fn is_markup(text: &[u8]) -> bool {
    match text.get(1) {
        Some(b'!' | b'?') => true,
        Some(b'/') => text.get(2).is_some_and(u8::is_ascii_alphabetic),
        Some(b) if b.is_ascii_alphabetic() => {
            // `<http://192.0.2.1:80>` is an address in brackets.
            let name = text[1..]
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':'))
                .count();
            text.get(1 + name).is_none_or(|b| {
                b.is_ascii_whitespace() || *b == b'>' || (*b == b'/' && text.get(2 + name) == Some(&b'>'))
            })
        }
        _ => false,
    }
}

/// Whether markup is XML rather than a page: it declares itself, or its first tag is none of a page.
fn is_xml(text: &[u8]) -> bool {
    let mut rest = text;
    let mut declared = false;
    loop {
        rest = without_blanks(rest);
        let end = match rest {
            [b'<', b'?', ..] => {
                declared |= rest.get(2..5) == Some(b"xml");
                memmem::find(rest, b"?>").map(|at| at + 2)
            }
            [b'<', b'!', b'-', b'-', ..] => memmem::find(rest, b"-->").map(|at| at + 3),
            [b'<', b'!', kind @ ..] => {
                let name: Vec<u8> = kind.iter().take(32).map(u8::to_ascii_lowercase).collect();
                if name.starts_with(b"doctype") && memmem::find(&name, b"html").is_some() {
                    return false;
                }
                declared = true;
                // The internal subset of a document type goes up to its bracket.
                let close = memchr::memchr(b'>', rest);
                match (memchr::memchr(b'[', rest), close) {
                    (Some(open), Some(end)) if open < end => memmem::find(rest, b"]>").map(|at| at + 2),
                    (_, end) => end.map(|at| at + 1),
                }
            }
            _ => break,
        };
        let Some(end) = end else { return declared };
        rest = &rest[end..];
    }
    let length = rest
        .iter()
        .skip(1)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':'))
        .count();
    let name = rest.get(1..=length).unwrap_or_default();
    if name.eq_ignore_ascii_case(b"html") {
        return false;
    }
    declared || (!name.is_empty() && !is_page_tag(name))
}

fn is_page_tag(name: &[u8]) -> bool {
    const MORE: [&str; 20] = [
        "img",
        "input",
        "button",
        "nav",
        "main",
        "header",
        "footer",
        "aside",
        "iframe",
        "noscript",
        "select",
        "option",
        "h4",
        "h5",
        "h6",
        "hr",
        "em",
        "small",
        "blockquote",
        "tfoot",
    ];
    TAGS.iter().chain(&MORE).any(|tag| name.eq_ignore_ascii_case(tag.as_bytes()))
}

/// Whether a text that begins with a bracket is one document of JSON, rather than lines of it or no JSON at all.
fn is_json(text: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => {
            let (value, rest) = text.split_at(values.byte_offset());
            // A value in one line with another line behind it is a line; so is one with something behind it in its own.
            value.contains(&b'\n') || without_blanks(rest).is_empty()
        }
        Some(Err(error)) if error.is_eof() => true,
        Some(Err(error)) => breaks_late(text, &error),
        None => false,
    }
}

/// Whether a text is a value that a script names or hands on: `var list = [`, `callback({`.
fn is_named_value(text: &[u8]) -> bool {
    // What keeps other sites from running an answer as a script.
    if let Some(rest) =
        [&b"for(;;);"[..], b"for (;;);", b"while(1);"].iter().find_map(|g| text.strip_prefix(*g))
    {
        return matches!(without_blanks(rest).first(), Some(b'{' | b'['));
    }
    let name = text
        .iter()
        .take(MAX_VALUE_NAME)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$' | b' '))
        .count();
    name > 0
        && text[0].is_ascii_alphabetic()
        && matches!(text.get(name), Some(b'=' | b'('))
        && match without_blanks(&text[name + 1..]) {
            [b'[', rest @ ..] => matches!(without_blanks(rest).first(), Some(b'{' | b'"' | b'\'' | b'[')),
            [b'{', rest @ ..] => without_blanks(rest)
                .first()
                .is_some_and(|b| matches!(b, b'"' | b'\'' | b'_') || b.is_ascii_alphabetic()),
            _ => false,
        }
}

/// Whether a text that is no JSON began as it: with a member of an object, or with an element that is a text or an
/// object. Lists of text may begin with a bracket too.
fn breaks_late(text: &[u8], error: &serde_json::Error) -> bool {
    let behind = without_blanks(&text[1..]);
    let first = behind.first();
    if error.line() == 1 && error.column() <= 2 && !matches!(first, Some(b'\'' | b'(')) && text[0] == b'[' {
        return false;
    }
    match (text[0], first) {
        (b'[', Some(b'{' | b'"' | b'[' | b'\'' | b'(')) => {
            !behind[1..].is_empty() && looks_like_literal(behind)
        }
        (b'{', Some(b'"' | b'\'')) => looks_like_literal(behind),
        // `{ip: "192.0.2.1", port: 80}`.
        (b'{', Some(b)) if b.is_ascii_alphabetic() || *b == b'_' => {
            let name = behind.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
            without_blanks(&behind[name..]).first() == Some(&b':') && memchr::memchr(b'}', behind).is_some()
        }
        // A comment of people, or a comma in front.
        (_, Some(b'/')) => matches!(behind.get(1), Some(b'/' | b'*')),
        _ => false,
    }
}

/// Whether a value that begins with a bracket or a quote goes on as one does.
fn looks_like_literal(text: &[u8]) -> bool {
    match text.first() {
        Some(quote @ (b'"' | b'\'')) => {
            let rest = &text[1..];
            let Some(end) = memchr::memchr(*quote, rest) else { return false };
            matches!(without_blanks(&rest[end + 1..]).first(), Some(b',' | b':' | b']' | b'}'))
        }
        Some(b'{') => matches!(
            without_blanks(&text[1..]).first(),
            Some(b'"' | b'\'' | b'}' | b'a'..=b'z' | b'A'..=b'Z' | b'_')
        ),
        Some(b'[' | b'(') => matches!(without_blanks(&text[1..]).first(), Some(b'"' | b'\'' | b'{' | b'[')),
        _ => false,
    }
}

/// Names that begin a line of a configuration of Clash, and of nothing else.
const CLASH: [&[u8]; 13] = [
    b"proxy-groups:",
    b"proxy-providers:",
    b"mixed-port:",
    b"socks-port:",
    b"redir-port:",
    b"allow-lan:",
    b"external-controller:",
    b"log-level:",
    b"rule-providers:",
    b"mode: rule",
    b"mode: Rule",
    b"mode: global",
    b"mode: direct",
];

/// Names over the proxies of such a configuration. Behind them stands a list, or nothing.
const CLASH_LISTS: [&[u8]; 2] = [b"proxies:", b"Proxy:"];

/// Whether a text is YAML that means more than its lines do: keys over lists, lists of objects.
fn is_yaml(text: &[u8]) -> bool {
    if text.starts_with(b"%YAML")
        || text.starts_with(b"---\n")
        || text.starts_with(b"---\r")
        || text.starts_with(b"--- ")
    {
        return true;
    }
    let mut key_before = false;
    for line in text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end) {
        let lists = CLASH_LISTS.iter().find_map(|name| line.strip_prefix(*name));
        let is_list = |rest: &[u8]| {
            rest.trim_ascii().first().is_none_or(|b| matches!(b, b'[' | b'{' | b'&' | b'#' | b'*' | b'!'))
        };
        if CLASH.iter().any(|name| line.starts_with(name)) || lists.is_some_and(is_list) {
            return true;
        }
        let inner = line.trim_ascii_start();
        if inner.is_empty() || inner.starts_with(b"#") {
            continue;
        }
        if let Some(item) = inner.strip_prefix(b"- ") {
            let item = item.trim_ascii_start();
            // An object in flow style, or the first member of one in block style.
            if key_before || item.starts_with(b"{") || is_member(item) {
                return true;
            }
        }
        key_before = is_key(inner);
    }
    false
}

/// Whether a line is `name:` and nothing else.
fn is_key(line: &[u8]) -> bool {
    line.strip_suffix(b":").is_some_and(|name| {
        let name = name.strip_prefix(b"\"").and_then(|n| n.strip_suffix(b"\"")).unwrap_or(name);
        !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    })
}

/// Whether an item of a list begins with `name: value`, the name being one that proxies have.
fn is_member(item: &[u8]) -> bool {
    let Some(colon) = memchr::memchr(b':', item) else { return false };
    let name = item[..colon].trim_ascii();
    let name = name.strip_prefix(b"\"").and_then(|n| n.strip_suffix(b"\"")).unwrap_or(name);
    let is_name = [
        &b"name"[..],
        b"ip",
        b"host",
        b"server",
        b"address",
        b"port",
        b"type",
        b"protocol",
        b"proxy",
        b"addr",
    ]
    .iter()
    .any(|known| name.eq_ignore_ascii_case(known));
    is_name && item.get(colon + 1).is_none_or(u8::is_ascii_whitespace)
}
