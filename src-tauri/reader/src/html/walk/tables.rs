//! Cells, rows and tables, as they begin and end in a page. What their cells mean is said where rows are read.

use html5ever::tokenizer::Tag;

use super::Builder;
use crate::html::rows::{self, Came, Cell, Table};
use crate::html::token::attribute;

impl Builder<'_, '_> {
    pub(super) fn begin_cell(&mut self, tag: &Tag, name: &str) {
        if self.tables.is_empty() {
            self.tables.push(Table::implied());
        }
        let label =
            ["data-title", "data-label", "data-th", "data-column", "data-header", "data-name", "data-field"]
                .iter()
                .find_map(|wanted| attribute(tag, wanted))
                .and_then(rows::head_of);
        let span = attribute(tag, "colspan").and_then(|span| span.trim().parse().ok()).unwrap_or(1);
        let rows = attribute(tag, "rowspan").and_then(|rows| rows.trim().parse().ok()).unwrap_or(1);
        let cell = Cell { is_head: name == "th", label, span, rows, ..Cell::default() };
        if let Some(table) = self.tables.last_mut() {
            table.row.get_or_insert_default().begin(cell);
        }
    }

    pub(super) fn end_row(&mut self) {
        if let Some(table) = self.tables.last_mut() {
            let told = self.out.count();
            if table.end_row(self.out) == Came::AsRow {
                self.as_list += self.out.count().0 - told.0;
            }
        }
    }

    pub(super) fn end_table(&mut self) {
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
}
