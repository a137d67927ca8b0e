//! Tables: a header, and rows whose cells it names.

use std::str;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use proxydeck_domain::{Hints, Protocol};

use crate::RefusalReason;
use crate::reading::Reading;
use crate::record::{Field, Record};

/// The most columns that are looked at. Tables of proxies have some forty; more is no table.
const MAX_COLUMNS: usize = 256;

/// The dividers of tables.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The header that explains the notation `US-A-S! +` behind an address.
const NOTATION_HEADER: &[u8] = b"IP address:Port Country-Anonymity";

/// What the rows of a list mean, as its header has it.
#[derive(Debug)]
pub(crate) enum Table {
    /// Cells under the names of columns.
    Columns(Columns),
    /// `ip:port CC-A[-S][!] [+|-]`: HTTP proxies, those with `S` also for TLS targets.
    Notation,
}

impl Table {
    /// Reads a line as the header of a table, if it is one.
    pub(crate) fn of_header(line: &[u8], cells: &mut Cells) -> Option<Self> {
        // No name of a column begins with a digit, and nearly every line of a list does.
        if line.first().is_none_or(u8::is_ascii_digit) {
            return None;
        }
        if line.starts_with(NOTATION_HEADER) {
            return Some(Self::Notation);
        }
        DELIMITERS.iter().find_map(|&delimiter| Columns::of_header(line, delimiter, cells)).map(Self::Columns)
    }
}

/// Whether a line is the header of a table.
pub(crate) fn is_header(line: &[u8]) -> bool {
    Table::of_header(line.trim_ascii(), &mut Cells::default()).is_some()
}

/// The columns of a table that say something about a proxy.
#[derive(Debug)]
pub(crate) struct Columns {
    delimiter: u8,
    fields: Vec<(usize, Field)>,
}

impl Columns {
    fn of_header(line: &[u8], delimiter: u8, cells: &mut Cells) -> Option<Self> {
        if memchr::memchr(delimiter, line).is_none() || !cells.split(line, delimiter, true) {
            return None;
        }
        let fields: Vec<_> = (0..cells.len())
            .filter_map(|index| {
                Field::named(str::from_utf8(cells.get(index)).ok()?).map(|field| (index, field))
            })
            .collect();
        let has = |wanted: fn(&Field) -> bool| fields.iter().any(|(_, field)| wanted(field));
        let is_table = if has(|f| matches!(f, Field::Port | Field::PortOf(_))) {
            has(|f| matches!(f, Field::Address(_)))
        } else {
            has(|f| matches!(f, Field::Address(2)))
        };
        is_table.then_some(Self { delimiter, fields })
    }

    /// Whether another header says nothing that this one does not say: the same one in another language, say.
    pub(crate) fn says_all_of(&self, other: &Self) -> bool {
        let is_same = |a: Field, b: Field| a == b || matches!((a, b), (Field::Address(_), Field::Address(_)));
        other
            .fields
            .iter()
            .all(|(at, field)| self.fields.iter().any(|(here, own)| here == at && is_same(*own, *field)))
    }

    /// What divides the cells.
    pub(crate) const fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Reads the cells of a row. None when the row is too short to have an address and a port, so that it is
    /// something else than a row; otherwise the row as the text of a refusal.
    pub(crate) fn read(&self, cells: &Cells, into: &mut Reading) -> Option<String> {
        let mut record = Record::default();
        for &(index, field) in &self.fields {
            if index >= cells.len() {
                continue;
            }
            match str::from_utf8(cells.get(index)) {
                Ok(cell) => record.set(field, unquoted(field, cell)),
                Err(_) => into.note(RefusalReason::Syntax),
            }
        }
        let is_cut_off = |(index, field): &(usize, Field)| {
            matches!(field, Field::Port | Field::PortOf(_)) && *index >= cells.len()
        };
        let lacks_port = !record.has_port() && self.fields.iter().any(is_cut_off);
        if record.address().is_empty() || lacks_port {
            return None;
        }
        record.read(Hints::NONE, into);
        // Most rows are accepted and need no text.
        let may_be_refused =
            into.problem.is_some() || into.found.iter().any(|f| !f.proxy.endpoint.may_be_public());
        Some(if may_be_refused { record.summary() } else { String::new() })
    }
}

/// A cell without single quotes, which are none to this kind of table. An account may have them for its own.
fn unquoted(field: Field, cell: &str) -> &str {
    let inner = cell.strip_prefix('\'').and_then(|cell| cell.strip_suffix('\''));
    inner.filter(|_| !matches!(field, Field::User | Field::Password)).unwrap_or(cell)
}

/// The cells of one row, kept from row to row for their buffers.
#[derive(Default)]
pub(crate) struct Cells {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
    /// The state machine and the divider that it was built for: building it costs more than most rows.
    reader: Option<(u8, Reader)>,
}

impl Cells {
    /// Divides a row by RFC 4180, leniently. False when a quoted cell is still open at the end, so that the row goes
    /// on in the next line; `last` closes it there.
    pub(crate) fn split(&mut self, row: &[u8], delimiter: u8, last: bool) -> bool {
        self.bytes.resize(self.bytes.len().max(row.len() + 1), 0);
        self.ends.resize(MAX_COLUMNS, 0);
        if self.reader.as_ref().is_none_or(|(built_for, _)| *built_for != delimiter) {
            self.reader = Some((delimiter, ReaderBuilder::new().delimiter(delimiter).build()));
        }
        let Some((_, reader)) = &mut self.reader else { return false };
        reader.reset();
        self.count = 0;
        let mut written = 0;
        // First the row, then its line end, then (for a cell that nobody closed) the end of all input.
        for input in [row, b"\n", b""] {
            if input.is_empty() && !last {
                return false;
            }
            let (result, _, bytes, ends) =
                reader.read_record(input, &mut self.bytes[written..], &mut self.ends[self.count..]);
            written += bytes;
            self.count += ends;
            // Anything else than wanting more is the end of the row, or more columns than a table has: what is left
            // of it is not looked at.
            if result != ReadRecordResult::InputEmpty {
                break;
            }
        }
        true
    }

    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// A cell, without quotes and blanks around it.
    pub(crate) fn get(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.bytes[start..self.ends[index]].trim_ascii()
    }
}

/// What the notation behind an address states: none if it is not the notation.
pub(crate) fn notation_claim(line: &[u8]) -> Option<Hints> {
    let word = line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).nth(1)?;
    let [country_a, country_b, b'-', level, rest @ ..] = word else { return None };
    let sound = country_a.is_ascii_uppercase()
        && country_b.is_ascii_uppercase()
        && matches!(level, b'N' | b'A' | b'H')
        && matches!(rest, b"" | b"!" | b"-S" | b"-S!" | b"!-S" | b"!-S!");
    let http = Hints::NONE.with(Protocol::Http);
    sound.then(|| if rest.contains(&b'S') { http.with(Protocol::Https) } else { http })
}
