//! YAML: configurations of Clash and lists under keys. An item that cannot be read costs itself, not the list.

use crate::RefusalReason;
use crate::json::{self, Inherited};
use crate::lines::Lines;
use crate::output::Output;
use crate::value::{MAX_VALUES, Value};

/// How many aliases a document may have, and how much they may stand for together: merge keys are common, bombs are
/// refused.
const MAX_ALIASES: usize = 10_000;

/// How many commas the name of a proxy may have.
const MAX_COMMAS: usize = 16;

/// How deep a document may be nested. Configurations have some ten levels; the library takes much of the stack for each.
const MAX_DEPTH: usize = 32;

/// Reads a document of YAML.
pub(crate) fn read(text: &str, out: &mut Output<'_>) {
    if let Some(value) = parse(text) {
        json::walk(&value, Inherited::default(), out);
        return;
    }
    // It was cut, or an item of it is broken: each item is read by itself.
    let mut told_of_fault = false;
    let items = items(text);
    if items.is_empty() {
        // Rulers and names with values are lines of text too.
        let mut lines = Lines::default();
        lines.push(text.as_bytes(), out);
        lines.finish(out);
        return;
    }
    for item in items {
        let renamed;
        let parsed = match parse(item.text) {
            // Names of proxies hold all sorts of signs, which nobody quoted.
            None => {
                renamed = without_name(item.text);
                renamed.as_deref().and_then(parse)
            }
            parsed => parsed,
        };
        match parsed {
            Some(value) => {
                let hints = crate::labels::Claim::of_name(item.key).hints;
                json::walk(&value, Inherited { hints, ..Inherited::default() }, out);
            }
            None if item.is_last => {
                out.told.totals.truncated = true;
                out.refuse_entry(json::place(item.start).as_bytes(), RefusalReason::Truncated);
                told_of_fault = true;
            }
            None => {
                out.refuse_entry(json::place(item.start).as_bytes(), RefusalReason::Syntax);
                told_of_fault = true;
            }
        }
    }
    if !told_of_fault {
        out.refuse_entry(json::place(0).as_bytes(), RefusalReason::Syntax);
    }
}

/// An item with a plain name in the place of its own; none when it has no name.
fn without_name(item: &str) -> Option<String> {
    let at = item.find("name:")?;
    let rest = &item[at..];
    let line = rest.find('\n').unwrap_or(rest.len());
    let end = if item.trim_start_matches(['-', ' ']).starts_with('{') {
        // In flow style it goes up to the next member.
        let is_member = |from: usize| {
            let name = rest[from + 1..].trim_start();
            let length = name.bytes().take_while(|b| b.is_ascii_lowercase() || *b == b'-').count();
            length > 0 && name[length..].starts_with(':')
        };
        rest[..line]
            .match_indices(',')
            .map(|(from, _)| from)
            .take(MAX_COMMAS)
            .find(|from| is_member(*from))?
    } else {
        line
    };
    Some(format!("{}name: x{}", &item[..at], &rest[end..]))
}

fn parse(text: &str) -> Option<Value<'_>> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MAX_VALUES,
            max_events: 2 * MAX_VALUES,
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_aliases: MAX_ALIASES,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::FirstWins,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: false,
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::AsString,
    };
    let mut documents: Vec<Value<'_>> = serde_saphyr::from_multiple_with_options(text, options).ok()?;
    if documents.len() == 1 { documents.pop() } else { Some(Value::Array(documents)) }
}

/// One item of a list.
struct Item<'a> {
    text: &'a str,
    /// Where it begins.
    start: usize,
    /// The key over the list.
    key: &'a str,
    is_last: bool,
}

/// Divides a document into the items of its outermost lists.
fn items(text: &str) -> Vec<Item<'_>> {
    let mut items: Vec<Item<'_>> = Vec::new();
    let mut key = "";
    let mut start: Option<(usize, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start_matches(' ');
        let indent = line.len() - bare.len();
        let is_item = bare.starts_with("- ");
        let is_key = indent == 0 && !is_item && bare.contains(':') && !bare.starts_with('#');
        if let Some((from, depth)) = start
            && (is_key || (is_item && indent <= depth))
        {
            items.push(Item { text: &text[from..at], start: from, key, is_last: false });
            start = None;
        }
        if is_key {
            key = bare.split(':').next().unwrap_or_default();
        }
        if is_item && start.is_none() {
            start = Some((at, indent));
        }
        at += line.len();
    }
    if let Some((from, _)) = start {
        items.push(Item { text: &text[from..], start: from, key, is_last: true });
    }
    items
}
