//! The walk through a page: what it shows, piece by piece, into tables, boxes and lines. What is open while it goes on is
//! kept here; elements, tables, attributes and scripts have files of their own.

mod attributes;
mod elements;
mod kinds;
mod scripts;
mod tables;

use html5ever::tokenizer::Tag;

use super::css::{Look, Styles};
use super::filled::Found;
use super::flow::Flow;
use super::push_collapsed;
use super::raw::Raw;
use super::rows::{Came, Cell, Row, Table};
use super::survey::Survey;
use super::token::{self, Handler};
use crate::lines::Lines;
use crate::output::Output;
use crate::script::{Fuel, Scripts};
use elements::Open;

/// How many tables may lie in one another.
const MAX_TABLES: usize = 16;

/// The longest cell. The longest of real pages hold a description.
const MAX_CELL: usize = 16 * 1024;

/// What reading a page came to.
pub(super) struct Walked {
    /// How many proxies came as rows or in boxes.
    pub(super) as_list: u64,
    /// How many were lines of the page with nothing beside them.
    pub(super) whole_lines: u64,
    /// Whether ports were missing that a script or a style from elsewhere may show.
    pub(super) has_holes: bool,
}

/// Reads what a page shows.
pub(super) fn walk(
    text: &str,
    survey: &Survey,
    found: &Found,
    spare: &mut u64,
    out: &mut Output<'_>,
) -> Walked {
    let mut builder = Builder {
        styles: &survey.styles,
        found,
        scripts: Scripts::new(&survey.page),
        pending: &survey.scripts,
        fuel: Fuel::with_spare(*spare, found.script_bytes),
        open: Vec::new(),
        too_deep: 0,
        tables: Vec::new(),
        flow: Flow::default(),
        raw: Raw::None,
        buffer: String::new(),
        boxed: None,
        data_address: None,
        as_list: 0,
        has_holes: false,
        is_written: false,
        written_last: String::new(),
        out,
    };
    token::go_through(text, &mut builder);
    let (walked, fuel) = builder.finish();
    *spare = fuel.spare_of(*spare);
    walked
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
    /// An address in an attribute whose port has not been met yet.
    data_address: Option<String>,
    as_list: u64,
    has_holes: bool,
    /// Whether what is met was written by a script, so that it has no scripts that count.
    is_written: bool,
    /// What a script wrote last. A page that was saved from a browser has it a second time, as text behind the script.
    written_last: String,
    out: &'b mut Output<'o>,
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

impl Builder<'_, '_> {
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

    /// Reads a box: a list as it stands.
    fn end_box(&mut self) {
        let Some(text) = self.boxed.take() else { return };
        let told = self.out.count();
        if !crate::document::read_box(&text, self.out) {
            let mut lines = Lines::in_document();
            lines.push(text.as_bytes(), self.out);
            lines.finish(self.out);
        }
        self.as_list += self.out.count().0 - told.0;
    }

    fn finish(mut self) -> (Walked, Fuel) {
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
        let walked =
            Walked { as_list: self.as_list, whole_lines: self.flow.whole_lines, has_holes: self.has_holes };
        (walked, self.fuel)
    }
}
