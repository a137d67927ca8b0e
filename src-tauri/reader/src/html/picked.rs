//! Pages in which a person has said where the proxies are.

use html5ever::tokenizer::Tag;
use html5ever::{QualName, ns};
use scraper::node::{Element, Text};
use scraper::{ElementRef, Html, Node, Selector};

use super::token::{self, Handler, is_void};
use super::{MAX_DEPTH, rows};
use crate::RefusalReason;
use crate::output::Output;
use crate::reading::Reading;
use crate::record::{Field, Record};
use crate::settings::Selectors;

/// The most nodes of a page. A page of a hundred thousand rows has two million.
const MAX_NODES: usize = 3_000_000;

/// The most rows that are looked at.
const MAX_ROWS: usize = 1_000_000;

/// Reads the elements that the selectors find.
pub(super) fn read(page: &str, selectors: &Selectors, out: &mut Output<'_>) {
    let html = tree(page);
    for row in html.select(&selectors.row).take(MAX_ROWS) {
        let Some(host) = &selectors.host else {
            read_text(&text_of(row), out);
            continue;
        };
        let picked = |selector: &Selector| {
            if selector.matches(&row) { Some(row) } else { row.select(selector).next() }.map(text_of)
        };
        let Some(address) = picked(host) else {
            // The head of a table is a row too.
            continue;
        };
        let port = selectors.port.as_ref().and_then(picked);
        let Some(port) = port else {
            read_text(&address, out);
            continue;
        };
        let mut record = Record::default();
        record.set(Field::Address(0), &address);
        record.set(Field::Port, &port);
        if !address.contains(['.', ':']) {
            continue;
        }
        let mut reading = Reading::default();
        record.read(proxydeck_domain::Hints::NONE, &mut reading);
        let words = row.text().collect::<Vec<_>>().join(" ");
        for found in reading.found.iter_mut().filter(|found| found.stated.is_empty()) {
            found.stated = crate::labels::in_words(words.as_bytes());
        }
        out.settle_entry(&mut reading, record.summary().as_bytes());
    }
}

fn read_text(text: &str, out: &mut Output<'_>) {
    for line in text.lines() {
        if let Some((mut reading, shown)) = rows::read_line(line.trim()) {
            out.settle_entry(&mut reading, shown.as_bytes());
        } else if rows::is_address(line.trim()) {
            out.refuse_entry(line.trim().as_bytes(), RefusalReason::NoPort);
        }
    }
}

/// The text of an element, blanks as a browser shows them.
fn text_of(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    for piece in element.text() {
        super::push_collapsed(piece, &mut text);
    }
    text.trim().to_owned()
}

/// The tree of a page, as far as selectors need it: nothing is moved about as a browser would, so that it takes time in
/// proportion to the page.
fn tree(page: &str) -> Html {
    let mut builder = Tree { html: Html::new_document(), open: Vec::new(), too_deep: 0, nodes: 0 };
    let root = builder.html.tree.root().id();
    builder.open.push((root, "".into()));
    token::go_through(page, &mut builder);
    builder.html
}

struct Tree {
    html: Html,
    open: Vec<(ego_tree::NodeId, Box<str>)>,
    too_deep: usize,
    nodes: usize,
}

impl Handler for Tree {
    fn open(&mut self, tag: &Tag) {
        if self.nodes >= MAX_NODES {
            return;
        }
        let name = &*tag.name;
        let own: &[&str] = match name {
            "li" => &["li"],
            "tr" => &["tr", "td", "th"],
            "td" | "th" => &["td", "th"],
            "option" => &["option"],
            "p" => &["p"],
            _ => &[],
        };
        while self.open.len() > 1 && self.open.last().is_some_and(|(_, last)| own.contains(&&**last)) {
            self.open.pop();
        }
        let Some((parent, _)) = self.open.last() else { return };
        let element = Element::new(QualName::new(None, ns!(html), tag.name.clone()), tag.attrs.clone());
        let Some(mut parent) = self.html.tree.get_mut(*parent) else { return };
        let id = parent.append(Node::Element(element)).id();
        self.nodes += 1;
        if is_void(name) {
            return;
        }
        if self.open.len() >= MAX_DEPTH {
            self.too_deep += 1;
        } else {
            self.open.push((id, name.into()));
        }
    }

    fn close(&mut self, name: &str) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else if let Some(at) = self.open.iter().rposition(|(_, open)| &**open == name).filter(|at| *at > 0)
        {
            self.open.truncate(at);
        }
    }

    fn text(&mut self, text: &str) {
        if self.nodes >= MAX_NODES {
            return;
        }
        if let Some((parent, _)) = self.open.last()
            && let Some(mut parent) = self.html.tree.get_mut(*parent)
        {
            parent.append(Node::Text(Text { text: text.into() }));
            self.nodes += 1;
        }
    }
}
