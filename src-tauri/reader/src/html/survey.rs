//! What a page is before it is read: its scripts, styles and attributes, and the marks by which it is told from a list.
//! Proxies are never looked for here.

use html5ever::tokenizer::Tag;

use super::MAX_ATTRIBUTE;
use super::css::Styles;
use super::raw::Raw;
use super::token::{Handler, attribute};
use crate::{page, script};

/// How many attributes of a page are kept for its scripts to ask for.
const MAX_KEPT_ATTRIBUTES: usize = 16 * 1024;

/// How many scripts and styles of other addresses are asked for.
const MAX_WANTED: usize = 8;

/// What a page is, before it is read: its scripts, styles and attributes, and what it says of itself.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) styles: Styles,
    pub(super) scripts: Vec<String>,
    pub(super) page: script::Page,
    pub(super) marks: page::Marks,
    pub(super) wanted: Vec<String>,
    raw: Raw,
    buffer: String,
}

impl Handler for Survey {
    fn open(&mut self, tag: &Tag) {
        let name = &*tag.name;
        self.marks.tag(name, |wanted| attribute(tag, wanted));
        match Raw::of(tag) {
            Raw::None if matches!(name, "title" | "h1" | "h2") => self.raw = Raw::Heading,
            Raw::None => {}
            raw => {
                self.raw = raw;
                self.buffer.clear();
            }
        }
        let address = match name {
            "script" => attribute(tag, "src"),
            "link" if attribute(tag, "rel").is_some_and(|rel| rel.eq_ignore_ascii_case("stylesheet")) => {
                attribute(tag, "href")
            }
            _ => None,
        };
        if let Some(address) = address.filter(|a| a.len() <= MAX_ATTRIBUTE)
            && self.wanted.len() < MAX_WANTED
        {
            self.wanted.push(address.to_owned());
        }
        self.keep_attributes(tag);
    }

    fn close(&mut self, name: &str) {
        let is_end = match self.raw {
            Raw::Script => name == "script",
            Raw::Style => name == "style",
            Raw::Heading => matches!(name, "title" | "h1" | "h2"),
            Raw::Data | Raw::Other => {
                matches!(name, "script" | "iframe" | "noembed" | "noframes" | "template")
            }
            Raw::None => false,
        };
        if !is_end {
            return;
        }
        let text = std::mem::take(&mut self.buffer);
        match std::mem::take(&mut self.raw) {
            Raw::Script => {
                self.marks.script(&text);
                self.scripts.push(text);
            }
            Raw::Style => self.styles.add(&text),
            Raw::Heading => self.marks.heading(&text),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        match self.raw {
            Raw::Script | Raw::Style | Raw::Heading => self.buffer.push_str(text),
            Raw::None => self.marks.text(text),
            Raw::Data | Raw::Other => {}
        }
    }
}

impl Survey {
    fn keep_attributes(&mut self, tag: &Tag) {
        if self.page.attributes.len() + self.page.by_id.len() >= MAX_KEPT_ATTRIBUTES {
            return;
        }
        let kept = || {
            tag.attrs
                .iter()
                .filter(|a| a.value.len() <= MAX_ATTRIBUTE)
                .map(|a| (a.name.local.to_string(), a.value.to_string()))
        };
        if let Some(id) = attribute(tag, "id") {
            self.page.by_id.entry(id.to_owned()).or_insert_with(|| kept().collect());
        }
        for (name, value) in kept().filter(|(name, _)| name.starts_with("data-")) {
            self.page.attributes.entry(name).or_insert(value);
        }
    }
}
