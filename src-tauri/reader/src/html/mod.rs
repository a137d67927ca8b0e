//! Pages: tables by the heads of their columns, lists in boxes, addresses among text, data in scripts; and what pages hide
//! from readers that are no browser, without running anything.

mod css;
mod flow;
mod picked;
mod rows;
mod token;

use std::collections::{HashMap, HashSet};

use html5ever::tokenizer::Tag;

use crate::json::{self, Inherited};
use crate::lines::Lines;
use crate::literal;
use crate::output::{Output, Told};
use crate::record::Field;
use crate::script::{self, Effects, Fuel, Scripts};
use crate::{Options, Page, encoded, page};
use css::{Look, Styles};
use flow::Flow;
use rows::{Came, Cell, Row, Table};
use token::{Handler, attribute, is_void};

/// How many elements may be open. Browsers stop at twice as many.
const MAX_DEPTH: usize = 256;

/// How many tables may lie in one another.
const MAX_TABLES: usize = 16;

/// The longest cell. The longest of real pages hold a description.
const MAX_CELL: usize = 16 * 1024;

/// How many attributes of a page are kept for its scripts to ask for, and how long they may be.
const MAX_KEPT_ATTRIBUTES: usize = 16 * 1024;
const MAX_ATTRIBUTE: usize = 1024;

/// How many elements scripts may fill.
const MAX_FILLED: usize = 64 * 1024;

/// How many scripts and styles of other addresses are asked for.
const MAX_WANTED: usize = 8;

/// The least addresses among the words of a page that make it a list although it looks like a page of an error.
const LEAST_LIST: u64 = 3;

/// What a page is, before it is read: its scripts, styles and attributes, and what it says of itself.
#[derive(Default)]
struct Survey {
    styles: Styles,
    scripts: Vec<String>,
    page: script::Page,
    marks: page::Marks,
    wanted: Vec<String>,
    raw: Raw,
    buffer: String,
}

/// What text is that is not shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Raw {
    #[default]
    None,
    Script,
    /// A script whose content are data.
    Data,
    /// A script or another element whose content is for nobody here.
    Other,
    Style,
    Heading,
}

impl Raw {
    fn of(tag: &Tag) -> Self {
        match &*tag.name {
            "script" => match attribute(tag, "type").unwrap_or_default().trim().to_ascii_lowercase().as_str()
            {
                "" | "module" => Self::Script,
                kind if kind.contains("javascript") || kind.contains("ecmascript") => Self::Script,
                kind if kind.contains("json") => Self::Data,
                _ => Self::Other,
            },
            "style" => Self::Style,
            "iframe" | "noembed" | "noframes" | "template" => Self::Other,
            _ => Self::None,
        }
    }
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

/// Reads a page, and answers with what it is when it is no list.
pub(crate) fn read(text: &str, options: &Options, out: &mut Output<'_>) -> Option<Page> {
    // A file of a script alone, as pages refer to it.
    let wrapped;
    let text = if text.starts_with("eval(function(") {
        wrapped = format!("<script>{text}</script>");
        &wrapped
    } else {
        text
    };
    let mut survey = Survey::default();
    token::go_through(text, &mut survey);
    let kind = survey.marks.page();
    let selectors = options.selectors.as_ref();
    let found = Found::of(&mut survey, &options.companions);
    if let Some(selectors) = selectors {
        picked::read(text, selectors, out);
        return kind;
    }
    if let Some(mark) = kind {
        let mut trial: Told = out.told.trial();
        let mut nobody = Nobody;
        let mut silent = Output { told: &mut trial, sink: &mut nobody };
        let walked = walk(text, &survey, &found, &mut silent);
        let all = silent.told.totals.candidates;
        // Many lists have a form to log in; the page of a riddle shows the address of who asked.
        let has_lines = mark == Page::Login && walked.whole_lines > 0;
        if walked.as_list == 0 && !has_lines && all < LEAST_LIST {
            return kind;
        }
    }
    out.told.stated = Some(HashSet::new());
    let walked = walk(text, &survey, &found, out);
    out.told.stated = None;
    if walked.has_holes {
        for address in &survey.wanted {
            out.sink.wants(address);
        }
    }
    let told = &out.told.totals;
    kind.or_else(|| if told.candidates == 0 && told.refusals == 0 { survey.marks.weak_page() } else { None })
}

/// Reads a part of a page that stands in another document.
pub(crate) fn read_fragment(text: &str, out: &mut Output<'_>) {
    let mut survey = Survey::default();
    token::go_through(text, &mut survey);
    let found = Found::of(&mut survey, &[]);
    walk(text, &survey, &found, out);
}

/// Hears of nothing.
struct Nobody;

impl crate::Sink for Nobody {
    fn candidate(&mut self, _: crate::Candidate) {}
    fn refusal(&mut self, _: crate::Refusal) {}
}

/// What the scripts of a page put into elements that stand elsewhere in it.
#[derive(Default)]
struct Found {
    filled: HashMap<String, String>,
    script_bytes: usize,
}

impl Found {
    fn of(survey: &mut Survey, companions: &[String]) -> Self {
        let mut found = Self::default();
        for companion in companions {
            let is_script =
                ["function", "$(", "document.", "var "].iter().any(|word| companion.contains(word));
            if is_script {
                survey.scripts.push(companion.clone());
            } else {
                survey.styles.add(companion);
            }
        }
        found.script_bytes = survey.scripts.iter().map(String::len).sum();
        let mut fuel = Fuel::for_script(found.script_bytes);
        let mut scripts = Scripts::new(&survey.page);
        for script in &survey.scripts {
            for (selector, text) in scripts.run(script, &mut fuel).filled {
                if found.filled.len() < MAX_FILLED {
                    found.filled.insert(selector, text);
                }
            }
        }
        found
    }

    /// What scripts put into an element of these classes and this id.
    fn text(&self, classes: &str, id: &str) -> Option<&str> {
        if self.filled.is_empty() {
            return None;
        }
        let by_class =
            classes.split_ascii_whitespace().find_map(|class| self.filled.get(&format!(".{class}")));
        by_class.or_else(|| self.filled.get(&format!("#{id}")).filter(|_| !id.is_empty())).map(String::as_str)
    }
}

/// What reading a page came to.
struct Walked {
    /// How many proxies came as rows or in boxes.
    as_list: u64,
    /// How many were lines of the page with nothing beside them.
    whole_lines: u64,
    /// Whether ports were missing that a script or a style from elsewhere may show.
    has_holes: bool,
}

/// Reads what a page shows.
fn walk(text: &str, survey: &Survey, found: &Found, out: &mut Output<'_>) -> Walked {
    let mut builder = Builder {
        styles: &survey.styles,
        found,
        scripts: Scripts::new(&survey.page),
        pending: &survey.scripts,
        fuel: Fuel::for_script(found.script_bytes),
        open: Vec::new(),
        too_deep: 0,
        tables: Vec::new(),
        flow: Flow::default(),
        raw: Raw::None,
        buffer: String::new(),
        boxed: None,
        as_list: 0,
        has_holes: false,
        is_written: false,
        written_last: String::new(),
        out,
    };
    token::go_through(text, &mut builder);
    builder.finish()
}

/// An element that is open.
struct Open {
    name: Box<str>,
    is_hidden: bool,
    /// Whether it is a line of its own.
    is_block: bool,
    /// Whether its text is a list as it stands.
    is_boxed: bool,
    /// Where its text began, when it is turned round at its end.
    reversed_from: Option<usize>,
    after: Option<String>,
    /// Whether something was put into it instead of what stands in it.
    is_replaced: bool,
    has_class: bool,
    has_text: bool,
}

struct Builder<'b, 'o> {
    styles: &'b Styles,
    found: &'b Found,
    scripts: Scripts<'b, 'b>,
    /// The scripts that have not been met yet, as they were surveyed.
    pending: &'b [String],
    fuel: Fuel,
    open: Vec<Open>,
    too_deep: usize,
    tables: Vec<Table>,
    flow: Flow,
    raw: Raw,
    buffer: String,
    /// The text of a `pre` or a `textarea` that is open.
    boxed: Option<String>,
    as_list: u64,
    has_holes: bool,
    /// Whether what is met was written by a script, so that it has no scripts that count.
    is_written: bool,
    /// What a script wrote last. A page that was saved from a browser has it a second time, as text behind the script.
    written_last: String,
    out: &'b mut Output<'o>,
}

/// Elements that are lines of their own.
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "br"
            | "caption"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "head"
            | "header"
            | "hr"
            | "html"
            | "legend"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "option"
            | "p"
            | "pre"
            | "section"
            | "select"
            | "summary"
            | "table"
            | "tbody"
            | "td"
            | "textarea"
            | "tfoot"
            | "th"
            | "thead"
            | "title"
            | "tr"
            | "ul"
            | "xmp"
            | "listing"
    )
}

/// Elements that are a part of a line or of a row, so that hiding them takes something out of it. Larger ones are hidden
/// for their place in a page: dialogs, tabs.
fn is_decoy(name: &str) -> bool {
    matches!(
        name,
        "span"
            | "p"
            | "i"
            | "b"
            | "u"
            | "s"
            | "a"
            | "em"
            | "strong"
            | "small"
            | "big"
            | "font"
            | "code"
            | "li"
            | "td"
            | "th"
            | "tr"
            | "abbr"
            | "label"
            | "del"
            | "ins"
            | "sub"
            | "sup"
            | "mark"
            | "var"
            | "samp"
            | "kbd"
            | "time"
            | "bdo"
            | "bdi"
            | "q"
            | "cite"
            | "dfn"
            | "tt"
            | "dd"
            | "dt"
    )
}

impl Handler for Builder<'_, '_> {
    fn open(&mut self, tag: &Tag) {
        let name = &*tag.name;
        let raw = Raw::of(tag);
        if raw != Raw::None {
            self.raw = raw;
            self.buffer.clear();
            return;
        }
        self.end_implied(name);
        if self.is_replaced() {
            self.push_open(name, Look::default(), true, true);
            return;
        }
        match name {
            "table" => {
                self.border();
                if self.tables.len() < MAX_TABLES {
                    self.tables.push(Table::default());
                }
            }
            "tr" => {
                self.end_row();
                if self.tables.is_empty() {
                    self.tables.push(Table::implied());
                }
                if let Some(table) = self.tables.last_mut() {
                    table.row = Some(Row::default());
                }
            }
            "thead" | "tbody" | "tfoot" => self.end_row(),
            _ => {}
        }
        self.open_element(tag, name);
    }

    fn close(&mut self, name: &str) {
        if self.raw != Raw::None {
            if matches!(name, "script" | "style" | "iframe" | "noembed" | "noframes" | "template") {
                self.end_raw();
            }
            return;
        }
        if matches!(name, "br" | "p") && !self.open.iter().rev().take(8).any(|open| &*open.name == name) {
            self.border();
            return;
        }
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        // An end closes nothing beyond the cell that it stands in, unless it is one of a table.
        let ends_table = matches!(name, "table" | "tr" | "td" | "th" | "tbody" | "thead" | "tfoot");
        let is_wall = |open: &Open| !ends_table && matches!(&*open.name, "td" | "th" | "table");
        let found = self.open.iter().rposition(|open| &*open.name == name || is_wall(open));
        if let Some(at) = found.filter(|at| &*self.open[*at].name == name) {
            while self.open.len() > at {
                self.close_last();
            }
        }
        match name {
            "td" | "th" => {
                if let Some(row) = self.tables.last_mut().and_then(|table| table.row.as_mut()) {
                    row.is_open = false;
                }
            }
            "tr" | "tbody" | "thead" | "tfoot" => self.end_row(),
            "table" => self.end_table(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.raw != Raw::None {
            self.buffer.push_str(text);
            return;
        }
        if self.is_hidden() || self.is_replaced() {
            return;
        }
        if let Some(open) = self.open.last_mut() {
            open.has_text |= !text.trim().is_empty();
        }
        if !self.written_last.is_empty() && !self.is_written {
            let last = std::mem::take(&mut self.written_last);
            if text.trim() == last {
                return;
            }
        }
        self.push_text(text);
    }
}

impl<'b> Builder<'b, '_> {
    fn is_hidden(&self) -> bool {
        self.open.last().is_some_and(|open| open.is_hidden)
    }

    fn is_replaced(&self) -> bool {
        self.open.last().is_some_and(|open| open.is_replaced)
    }

    /// The cell that is open.
    fn cell(&mut self) -> Option<&mut Cell> {
        let row = self.tables.last_mut()?.row.as_mut()?;
        if row.is_open { row.cells.last_mut() } else { None }
    }

    /// The text that is being written.
    fn target(&mut self) -> &mut String {
        if self.boxed.is_some() {
            return self.boxed.get_or_insert_default();
        }
        let in_cell = self.cell().is_some();
        if in_cell && let Some(row) = self.tables.last_mut().and_then(|table| table.row.as_mut()) {
            let last = row.cells.len() - 1;
            return &mut row.cells[last].text;
        }
        &mut self.flow.line
    }

    fn push_text(&mut self, text: &str) {
        if self.boxed.is_some() {
            self.target().push_str(text);
            return;
        }
        if self.cell().is_some() {
            let target = self.target();
            if target.len() < MAX_CELL {
                push_collapsed(text, target);
            }
            return;
        }
        self.flow.push(text, self.out);
    }

    /// Ends a line.
    fn border(&mut self) {
        if self.is_hidden() {
            return;
        }
        if let Some(boxed) = &mut self.boxed {
            if !boxed.ends_with('\n') {
                boxed.push('\n');
            }
        } else if let Some(cell) = self.cell() {
            if !cell.text.is_empty() && !cell.text.ends_with('\n') {
                cell.text.push('\n');
            }
        } else {
            self.flow.end_line(self.out);
        }
    }

    fn open_element(&mut self, tag: &Tag, name: &str) {
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
        let is_line = is_block(name) && look.is_inline != Some(true);
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

    fn push_open(&mut self, name: &str, look: Look, is_hidden: bool, is_replaced: bool) {
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
    fn close_last(&mut self) {
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
    fn end_implied(&mut self, name: &str) {
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

    fn begin_cell(&mut self, tag: &Tag, name: &str) {
        if self.tables.is_empty() {
            self.tables.push(Table::implied());
        }
        let label =
            ["data-title", "data-label", "data-th", "data-column", "data-header", "data-name", "data-field"]
                .iter()
                .find_map(|wanted| attribute(tag, wanted))
                .and_then(rows::head_of);
        let span = attribute(tag, "colspan").and_then(|span| span.trim().parse().ok()).unwrap_or(1);
        let cell = Cell { is_head: name == "th", label, span, ..Cell::default() };
        if let Some(table) = self.tables.last_mut() {
            table.row.get_or_insert_default().begin(cell);
        }
    }

    /// Remembers what an icon is called, for a cell that has no words.
    fn note_icon(&mut self, tag: &Tag, name: &str) {
        if self.is_hidden() {
            return;
        }
        let called = attribute(tag, "alt").or_else(|| attribute(tag, "title"));
        let value = if name == "input" { attribute(tag, "value") } else { None };
        let Some(called) = value.or(called).filter(|called| called.len() <= MAX_ATTRIBUTE).map(str::to_owned)
        else {
            return;
        };
        if let Some(cell) = self.cell()
            && cell.instead.is_empty()
            && name != "input"
        {
            cell.instead = called;
        }
    }

    /// Reads the links by which Telegram hands out proxies; all other links lead to pages.
    fn note_link(&mut self, href: &str) {
        let is_telegram =
            ["tg://socks?", "https://t.me/socks?", "http://t.me/socks?", "https://telegram.me/socks?"];
        if is_telegram.iter().any(|start| href.starts_with(start))
            && let Some((mut reading, line)) = rows::read_line(href)
        {
            let told = self.out.count();
            self.out.settle_entry(&mut reading, line.as_bytes());
            self.as_list += self.out.count().0 - told.0;
        }
    }

    /// Reads attributes that say what an element or a row holds (`data-ip`, `data-port`).
    fn note_data(&mut self, tag: &Tag) {
        if self.is_hidden() {
            return;
        }
        let mut fields: Vec<(Field, String)> = Vec::new();
        for own in &tag.attrs {
            let Some(name) = own.name.local.strip_prefix("data-") else { continue };
            if own.value.len() > MAX_ATTRIBUTE {
                continue;
            }
            if let Some(field @ (Field::Address(_) | Field::Port | Field::Protocols)) = Field::named(name)
                && let Some(value) = plain_attribute(field, &own.value)
            {
                fields.push((field, value));
            }
        }
        if fields.is_empty() {
            return;
        }
        if let Some(row) = self.tables.last_mut().and_then(|table| table.row.as_mut()) {
            if let Some(cell) = row.cells.last_mut()
                && row.is_open
                && cell.instead.is_empty()
                && let Some((_, value)) = fields.iter().find(|(field, _)| *field != Field::Protocols)
            {
                cell.instead.clone_from(value);
            }
            row.attributes.extend(fields);
            return;
        }
        let told = self.out.count();
        rows::settle_fields(fields.iter().map(|(field, value)| (*field, value.as_str())), self.out);
        self.as_list += self.out.count().0 - told.0;
    }

    fn end_row(&mut self) {
        if let Some(table) = self.tables.last_mut() {
            let told = self.out.count();
            if table.end_row(self.out) == Came::AsRow {
                self.as_list += self.out.count().0 - told.0;
            }
        }
    }

    fn end_table(&mut self) {
        if let Some(mut table) = self.tables.pop() {
            let told = self.out.count();
            if table.end(self.out) == Came::AsRow {
                self.as_list += self.out.count().0 - told.0;
            }
            if table.is_implied {
                // It was not the one that ended.
                self.tables.push(table);
            }
        }
    }

    /// Reads a box: a list as it stands.
    fn end_box(&mut self) {
        let Some(text) = self.boxed.take() else { return };
        let told = self.out.count();
        let mut lines = Lines::in_document();
        lines.push(text.as_bytes(), self.out);
        lines.finish(self.out);
        self.as_list += self.out.count().0 - told.0;
    }

    fn end_raw(&mut self) {
        let text = std::mem::take(&mut self.buffer);
        match std::mem::take(&mut self.raw) {
            Raw::Script if !self.is_written => {
                let Some((script, rest)) = self.pending.split_first() else { return };
                self.pending = rest;
                if self.is_hidden() || self.is_replaced() {
                    return;
                }
                self.run(script);
            }
            Raw::Data => self.read_data(&text),
            _ => {}
        }
    }

    fn run(&mut self, script: &'b str) {
        let effects: Effects = self.scripts.run(script, &mut self.fuel);
        if !effects.written.is_empty() {
            self.write(&effects.written);
            self.written_last.clear();
            effects.written.trim().clone_into(&mut self.written_last);
        } else if let [(name, text)] = &effects.unknown_calls[..]
            && let Some(shown) = decoded_argument(name, text)
        {
            self.write(&shown);
        }
        for text in &effects.parsed {
            self.read_data(text);
        }
        self.read_values(script);
    }

    /// Writes what a script made where it stands.
    fn write(&mut self, markup: &str) {
        if !markup.contains('<') {
            self.push_text(&markup.replace("&nbsp;", " "));
            return;
        }
        if self.is_written {
            return;
        }
        self.is_written = true;
        let raw = std::mem::take(&mut self.raw);
        token::go_through(markup, self);
        self.raw = raw;
        self.is_written = false;
    }

    fn read_data(&mut self, text: &str) {
        let told = self.out.count();
        let parsed = literal::parse(text);
        json::walk(&parsed.value, Inherited::default(), self.out);
        self.as_list += self.out.count().0 - told.0;
    }

    /// Reads the values that a script gives names to or hands on: lists of objects and of texts.
    fn read_values(&mut self, script: &str) {
        let told = self.out.count();
        for (value, has_hex_ports) in values(script) {
            json::walk(&value, Inherited { has_hex_ports, ..Inherited::default() }, self.out);
        }
        self.as_list += self.out.count().0 - told.0;
    }

    fn finish(mut self) -> Walked {
        if self.raw != Raw::None {
            self.end_raw();
        }
        while !self.open.is_empty() {
            self.close_last();
        }
        self.end_box();
        while let Some(mut table) = self.tables.pop() {
            let told = self.out.count();
            if table.end(self.out) == Came::AsRow {
                self.as_list += self.out.count().0 - told.0;
            }
        }
        self.as_list += self.flow.finish(self.out);
        Walked { as_list: self.as_list, whole_lines: self.flow.whole_lines, has_holes: self.has_holes }
    }
}

/// Adds text with its blanks as a browser shows them.
fn push_collapsed(text: &str, to: &mut String) {
    for c in text.chars() {
        if c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}' {
            if !to.is_empty() && !to.ends_with([' ', '\n']) {
                to.push(' ');
            }
        } else {
            to.push(c);
        }
    }
}

/// The value of an attribute: as it is, or out of base64 where it is nothing as it is.
fn plain_attribute(field: Field, value: &str) -> Option<String> {
    let value = value.trim();
    let is_sound = |text: &str| match field {
        Field::Address(_) => {
            text.contains(['.', ':']) && text.bytes().any(|b| b.is_ascii_digit() || b == b'.')
        }
        Field::Port => rows::is_port(text),
        _ => true,
    };
    if is_sound(value) {
        return Some(value.to_owned());
    }
    let decoded = String::from_utf8(encoded::decode(value.as_bytes())?).ok()?;
    let decoded = decoded.trim();
    is_sound(decoded).then(|| decoded.to_owned())
}

/// What a call of a function that is not known shows, when its one text can be decoded in one way: percent signs, or
/// base64 of an address or a port.
fn decoded_argument(name: &str, text: &str) -> Option<String> {
    // Functions of counters and advertisers take all sorts of texts.
    if name.len() > 64 || text.len() > MAX_ATTRIBUTE {
        return None;
    }
    let is_shown = |text: &str| {
        let host = text.rsplit_once(':').map_or(text, |(host, _)| host);
        rows::is_address(host) || rows::is_port(text)
    };
    if text.contains('%') {
        let decoded = script::unescaped(text);
        return (decoded.contains('<') || is_shown(&decoded)).then_some(decoded);
    }
    let decoded = String::from_utf8(encoded::decode(text.as_bytes())?).ok()?;
    is_shown(decoded.trim()).then_some(decoded)
}

/// The port that one family of pages writes into the classes of an element: each letter is a digit, and the number is
/// eight times the port. The text of the element is another number.
fn lettered_port(classes: &str) -> Option<String> {
    const LETTERS: &str = "ABCDEFGHIZ";
    let mut classes = classes.split_ascii_whitespace();
    if classes.next() != Some("port") {
        return None;
    }
    let letters = classes.next().filter(|class| (2..=6).contains(&class.len()))?;
    let digits: Option<String> = letters
        .chars()
        .map(|c| LETTERS.find(c).and_then(|at| char::from_digit(u32::try_from(at).ok()?, 10)))
        .collect();
    let port = digits?.parse::<u32>().ok()? >> 3;
    Some(port.to_string())
}

/// The values in a script that begin behind `=`, `(`, `:` or `,` and are lists or objects, and whether their ports are
/// hexadecimal. Each byte is looked at once: where a value breaks off, the search goes on behind it.
fn values(script: &str) -> Vec<(crate::value::Value<'_>, bool)> {
    let mut found = Vec::new();
    let bytes = script.as_bytes();
    let mut before = b' ';
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' | b'`' => {
                // Over a text, as far as it goes in its line.
                let rest = &bytes[at + 1..];
                let mut end = 0;
                while let Some(&b) = rest.get(end) {
                    end += 1 + usize::from(b == b'\\');
                    if b == byte || (b == b'\n' && byte != b'`') {
                        break;
                    }
                }
                before = byte;
                at += 1 + end;
            }
            b'[' | b'{' if matches!(before, b'=' | b'(' | b':' | b',') => {
                let inner = bytes[at + 1..].iter().find(|b| !b.is_ascii_whitespace());
                let begins = match byte {
                    b'[' => matches!(inner, Some(b'[' | b'{' | b'"' | b'\'')),
                    _ => inner.is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'"' | b'\'' | b'_')),
                };
                if begins && script.is_char_boundary(at) {
                    let parsed = literal::parse(&script[at..]);
                    let is_hex = script[..at].trim_end().ends_with("insertPrx(");
                    if parsed.value.is_nested() {
                        found.push((parsed.value, is_hex));
                    }
                    at += parsed.used.max(1);
                    before = b'}';
                } else {
                    before = byte;
                    at += 1;
                }
            }
            b if b.is_ascii_whitespace() => at += 1,
            b => {
                before = b;
                at += 1;
            }
        }
    }
    found
}
