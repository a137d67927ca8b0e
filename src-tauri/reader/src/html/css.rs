//! What styles do to the text of a page: hide it, turn it round, put something behind it. Only rules for a class or an id
//! by itself are understood; those that depend on where an element stands or on the screen are passed over.

use std::collections::HashMap;

/// The most rules that are kept. Pages that hide parts of addresses have some ten a row.
const MAX_RULES: usize = 64 * 1024;

/// The longest text that a rule may put into a page.
const MAX_CONTENT: usize = 64;

/// How an element looks, as far as its text is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) is_hidden: Option<bool>,
    /// Whether it is a part of the line that it stands in.
    pub(super) is_inline: Option<bool>,
    pub(super) is_reversed: Option<bool>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

impl Look {
    /// Reads declarations (`display: none; color: red`).
    pub(super) fn of(declarations: &str) -> Self {
        let mut look = Self::default();
        let (mut is_right_to_left, mut overrides) = (false, false);
        for declaration in declarations.split(';') {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let name = name.trim().to_ascii_lowercase();
            let value = value.trim();
            let value = value.strip_suffix("!important").unwrap_or(value).trim().to_ascii_lowercase();
            match name.as_str() {
                "display" => {
                    look.is_hidden = Some(value == "none");
                    look.is_inline = Some(value.starts_with("inline"));
                }
                "visibility" => look.is_hidden = Some(matches!(value.as_str(), "hidden" | "collapse")),
                "font-size" if is_zero(&value) => look.is_hidden = Some(true),
                "opacity" if is_zero(&value) => look.is_hidden = Some(true),
                "direction" => is_right_to_left = value == "rtl",
                "unicode-bidi" => overrides = value.ends_with("override"),
                "float" | "position" if value != "static" && value != "none" => {}
                _ => {}
            }
        }
        if is_right_to_left && overrides {
            look.is_reversed = Some(true);
        }
        look
    }

    /// What another rule, which counts for more, makes of it.
    pub(super) fn with(&mut self, other: &Self) {
        self.is_hidden = other.is_hidden.or(self.is_hidden);
        self.is_inline = other.is_inline.or(self.is_inline);
        self.is_reversed = other.is_reversed.or(self.is_reversed);
        if other.before.is_some() {
            self.before.clone_from(&other.before);
        }
        if other.after.is_some() {
            self.after.clone_from(&other.after);
        }
    }
}

fn is_zero(value: &str) -> bool {
    let number = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    !number.is_empty() && number.parse::<f32>().is_ok_and(|number| number == 0.0)
}

/// The styles of a page.
#[derive(Debug, Default)]
pub(super) struct Styles {
    classes: HashMap<String, Look>,
    ids: HashMap<String, Look>,
}

impl Styles {
    /// Adds the rules of a sheet.
    pub(super) fn add(&mut self, sheet: &str) {
        let sheet = without_comments(sheet);
        let mut rest = sheet.as_str();
        while let Some(open) = rest.find('{') {
            let selectors = rest[..open].rsplit([';', '}']).next().unwrap_or_default().trim();
            let body = &rest[open + 1..];
            if selectors.starts_with('@') {
                rest = &body[block_length(body)..];
                continue;
            }
            let end = body.find('}').unwrap_or(body.len());
            self.add_rule(selectors, &body[..end]);
            rest = body.get(end + 1..).unwrap_or_default();
        }
    }

    fn add_rule(&mut self, selectors: &str, declarations: &str) {
        if self.classes.len() + self.ids.len() >= MAX_RULES {
            return;
        }
        let mut look: Option<Look> = None;
        for selector in selectors.split(',') {
            let Some((is_id, name, pseudo)) = simple(selector.trim()) else { continue };
            let look = match pseudo {
                "" => look.get_or_insert_with(|| Look::of(declarations)).clone(),
                "before" => Look { before: content(declarations), ..Look::default() },
                "after" => Look { after: content(declarations), ..Look::default() },
                _ => continue,
            };
            let map = if is_id { &mut self.ids } else { &mut self.classes };
            map.entry(name.to_owned()).or_default().with(&look);
        }
    }

    /// How an element of these classes and this id looks.
    pub(super) fn look(&self, classes: &str, id: &str) -> Look {
        let mut look = Look::default();
        if !self.classes.is_empty() {
            for class in classes.split_ascii_whitespace() {
                if let Some(more) = self.classes.get(class) {
                    look.with(more);
                }
            }
        }
        if let Some(more) = self.ids.get(id) {
            look.with(more);
        }
        look
    }
}

fn without_comments(sheet: &str) -> String {
    let mut text = String::with_capacity(sheet.len());
    let mut rest = sheet;
    while let Some(start) = rest.find("/*") {
        text.push_str(&rest[..start]);
        rest = rest[start + 2..].find("*/").map_or("", |end| &rest[start + end + 4..]);
    }
    text.push_str(rest);
    text
}

/// How long the block is that was opened, its closing brace included.
fn block_length(body: &str) -> usize {
    let mut depth = 1_usize;
    for (at, byte) in body.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    body.len()
}

/// A selector that is a class or an id, with a tag in front or not, and a pseudo-element behind or not.
fn simple(selector: &str) -> Option<(bool, &str, &str)> {
    let (selector, pseudo) = selector.split_once(':').unwrap_or((selector, ""));
    let start = selector.find(['.', '#'])?;
    let (tag, rest) = selector.split_at(start);
    let name = &rest[1..];
    let is_name = |text: &str| text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    (is_name(tag) && is_name(name) && !name.is_empty())
        .then(|| (rest.starts_with('#'), name, pseudo.trim_start_matches(':')))
}

/// The text that a rule puts into a page.
fn content(declarations: &str) -> Option<String> {
    declarations.split(';').find_map(|declaration| {
        let (name, value) = declaration.split_once(':')?;
        if !name.trim().eq_ignore_ascii_case("content") {
            return None;
        }
        let value = value.trim();
        let inner = value.strip_prefix(['"', '\''])?.strip_suffix(['"', '\''])?;
        if inner.len() > MAX_CONTENT {
            return None;
        }
        // `\38 0` is the digit 8 and a 0.
        let mut text = String::new();
        let mut rest = inner;
        while let Some(at) = rest.find('\\') {
            text.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count().min(6);
            match u32::from_str_radix(&rest[..digits], 16).ok().and_then(char::from_u32) {
                Some(c) => text.push(c),
                None => text.push('\\'),
            }
            rest = &rest[digits..];
            rest = if digits > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest };
        }
        text.push_str(rest);
        Some(text)
    })
}
