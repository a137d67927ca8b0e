//! Elements: how they open and close, and what hides or turns round what stands in them.

use html5ever::tokenizer::Tag;

use super::Builder;
use super::attributes::lettered_port;
use super::kinds::{is_block, is_decoy};
use crate::html::css::Look;
use crate::html::token::{attribute, is_void};
use crate::html::{MAX_DEPTH, rows};

/// An element that is open.
pub(super) struct Open {
    pub(super) name: Box<str>,
    pub(super) is_hidden: bool,
    /// Whether it is a line of its own.
    is_block: bool,
    /// Whether its text is a list as it stands.
    is_boxed: bool,
    /// Where its text began, when it is turned round at its end.
    reversed_from: Option<usize>,
    after: Option<String>,
    /// Whether something was put into it instead of what stands in it.
    pub(super) is_replaced: bool,
    has_class: bool,
    pub(super) has_text: bool,
}

impl Builder<'_, '_> {
    pub(super) fn open_element(&mut self, tag: &Tag, name: &str) {
        let get = |wanted: &str| attribute(tag, wanted).unwrap_or_default();
        let (classes, id) = (get("class"), get("id"));
        let mut look = self.styles.look(classes, id);
        if !get("style").is_empty() {
            look.with(&Look::of(get("style")));
        }
        if attribute(tag, "hidden").is_some() {
            look.is_hidden = Some(true);
        }
        if name == "bdo" && get("dir").eq_ignore_ascii_case("rtl") {
            look.is_reversed = Some(true);
        }
        let in_cell = self.cell().is_some();
        let hides = look.is_hidden == Some(true) && (in_cell || is_decoy(name));
        let is_cell = matches!(get("role"), "cell" | "gridcell" | "columnheader" | "rowheader" | "row");
        let is_line = is_cell || (is_block(name) && look.is_inline != Some(true));
        if is_line && !hides {
            self.border();
        }
        match name {
            "td" | "th" => self.begin_cell(tag, name),
            "pre" | "textarea" | "xmp" | "listing" if self.boxed.is_none() && !in_cell => {
                self.boxed = Some(String::new());
            }
            "img" | "i" | "abbr" | "span" | "svg" | "input" => self.note_icon(tag, name),
            "a" => self.note_link(get("href")),
            _ => {}
        }
        self.note_data(tag);
        if is_void(name) {
            return;
        }
        let is_hidden = hides || self.is_hidden();
        let content = self.found.text(classes, id).map(str::to_owned).or_else(|| lettered_port(classes));
        let before = look.before.take();
        self.push_open(name, look, is_hidden, content.is_some());
        if let Some(open) = self.open.last_mut() {
            open.has_class = !classes.is_empty();
            open.is_block = is_line;
        }
        if !is_hidden {
            if let Some(before) = before {
                self.push_text(&before);
            }
            if let Some(content) = content {
                self.write(&content);
            }
        }
    }

    pub(super) fn push_open(&mut self, name: &str, look: Look, is_hidden: bool, is_replaced: bool) {
        if is_void(name) {
            return;
        }
        if self.open.len() >= MAX_DEPTH {
            self.too_deep += 1;
            return;
        }
        let is_boxed = matches!(name, "pre" | "textarea" | "xmp" | "listing");
        let reversed_from = (look.is_reversed == Some(true)).then(|| self.target().len());
        self.open.push(Open {
            name: name.into(),
            is_hidden,
            is_block: false,
            is_boxed,
            reversed_from,
            after: look.after,
            is_replaced,
            has_class: false,
            has_text: false,
        });
    }

    /// Closes the element that was opened last.
    pub(super) fn close_last(&mut self) {
        let Some(open) = self.open.pop() else { return };
        if let Some(parent) = self.open.last_mut() {
            parent.has_text |= open.has_text;
        }
        if !open.is_hidden {
            if let Some(after) = &open.after {
                self.push_text(after);
            }
            if let Some(from) = open.reversed_from {
                let target = self.target();
                if target.is_char_boundary(from) && from <= target.len() {
                    let turned: String = target[from..].chars().rev().collect();
                    target.truncate(from);
                    target.push_str(&turned);
                }
            }
            // A port that only a script or a style from elsewhere can show.
            if open.has_class && !open.has_text && !open.is_replaced && open.after.is_none() {
                let is_open_end = self.target().trim_end().strip_suffix(':').is_some_and(|host| {
                    let host = host.rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default();
                    rows::is_address(host)
                });
                self.has_holes |= is_open_end;
            }
        }
        if open.is_boxed && !self.open.iter().any(|other| other.is_boxed) {
            self.end_box();
        }
        if open.is_block && !open.is_hidden {
            self.border();
        }
    }

    /// Closes elements that end where another one of their kind begins.
    pub(super) fn end_implied(&mut self, name: &str) {
        let (own, walls): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol", "table", "td"]),
            "dt" | "dd" => (&["dt", "dd"], &["dl", "table", "td"]),
            "option" => (&["option"], &["select"]),
            "td" | "th" => (&["td", "th"], &["table", "tr"]),
            "tr" => (&["tr", "td", "th"], &["table"]),
            "tbody" | "thead" | "tfoot" => (&["tbody", "thead", "tfoot", "tr", "td", "th"], &["table"]),
            "p" | "div" | "table" | "ul" | "ol" | "pre" | "h1" | "h2" | "h3" => {
                (&["p"], &["table", "td", "th", "div", "li"])
            }
            _ => return,
        };
        let mut outermost = None;
        for (at, open) in self.open.iter().enumerate().rev() {
            if own.contains(&&*open.name) {
                outermost = Some(at);
            } else if walls.contains(&&*open.name) {
                break;
            }
        }
        if let Some(at) = outermost {
            while self.open.len() > at {
                self.close_last();
            }
        }
    }
}
