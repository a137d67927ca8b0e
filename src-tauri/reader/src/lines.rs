//! From chunks of bytes to lines, and from lines to candidates and refusals, in bounded memory.

use std::mem;

use proxydeck_domain::Hints;

use crate::encoded;
use crate::json;
use crate::labelled::{self, Upright};
use crate::output::Output;
use crate::plain;
use crate::reading::Reading;
use crate::table::{self, Cells, Table};
use crate::text;
use crate::{Format, RefusalReason};

/// The longest line of text, in bytes. The longest real one, a row with a column of JSON, has a few thousand.
pub const MAX_LINE: usize = 64 * 1024;

/// The longest line of JSON, in bytes: some six thousand proxies with everything that is told about them. As values
/// they take some ten times that, which is why it is not more.
pub const MAX_JSON_LINE: usize = 4 * 1024 * 1024;

/// The byte order mark of UTF-8.
const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// How much is kept of a line that is too long: enough to tell text from binary and to make the refusal's text.
const LONG_LINE_HEAD: usize = 1024;

/// How many lines a quoted cell may go on for. More is a quote that nobody closed.
const MAX_ROW_LINES: usize = 16;

/// Reads lines that come in chunks. What it finds does not depend on where the chunks are cut.
#[derive(Default)]
pub(crate) struct Lines {
    /// The line that is not complete yet, or the head of one that is too long.
    carry: Vec<u8>,
    /// Whether the line that is not complete yet is too long.
    is_too_long: bool,
    /// Whether anything came since the last line end.
    is_partial: bool,
    /// Whether the last byte was a carriage return, so that a line feed belongs to it.
    after_return: bool,
    table: Option<Table>,
    /// The lines of a row with a quoted cell that is still open.
    open_row: Vec<Vec<u8>>,
    /// The number of the first of them.
    open_row_line: u64,
    cells: Cells,
    /// An entry whose parts stand in lines of their own.
    upright: Upright,
    /// What the lines that were understood turned out to be; none while they are plain text.
    format: Option<Format>,
    /// How many encodings these lines came out of.
    layer: u8,
    /// Whether all of them stand in one line of the list, whose number they share.
    share_a_line: bool,
    /// Whether they are a part of a document, so that ordinary words among them are no fault.
    is_part: bool,
    /// The protocols that the document states for lines that state none.
    pub(crate) inherited: Hints,
}

impl Lines {
    /// Reads lines that came out of an encoding, this deep.
    pub(crate) fn in_layer(layer: u8) -> Self {
        Self { layer, ..Self::default() }
    }

    /// Reads lines that are a part of a document.
    pub(crate) fn in_document() -> Self {
        Self { is_part: true, ..Self::default() }
    }

    /// What the lines were, as far as they have been read.
    pub(crate) fn format(&self) -> Format {
        self.format.unwrap_or_default()
    }

    /// Takes the next bytes of the list.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Output<'_>) {
        let mut bytes = bytes;
        if self.after_return && !bytes.is_empty() {
            self.after_return = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(at) = memchr::memchr2(b'\n', b'\r', bytes) {
            let (line, rest) = (&bytes[..at], &bytes[at + 1..]);
            let is_return = bytes[at] == b'\r';
            self.end_line(line, out);
            bytes = if is_return { rest.strip_prefix(b"\n").unwrap_or(rest) } else { rest };
            self.after_return = is_return && rest.is_empty();
        }
        self.carry_over(bytes);
    }

    /// Ends the list.
    pub(crate) fn finish(&mut self, out: &mut Output<'_>) {
        if self.is_partial {
            self.end_line(b"", out);
        }
        self.give_up_row(out);
        self.end_upright(out);
    }

    /// Keeps the beginning of a line, but never more than a line may have.
    fn carry_over(&mut self, bytes: &[u8]) {
        self.is_partial |= !bytes.is_empty();
        if self.is_too_long {
            return;
        }
        let bytes = if self.carry.is_empty() { without_holes(bytes) } else { bytes };
        let room = limit(&self.carry, bytes).saturating_sub(self.carry.len());
        if bytes.len() > room {
            self.is_too_long = true;
            let missing = LONG_LINE_HEAD.saturating_sub(self.carry.len());
            self.carry.extend_from_slice(&bytes[..missing.min(bytes.len())]);
            self.carry.truncate(LONG_LINE_HEAD);
            self.carry.shrink_to(MAX_LINE);
        } else {
            self.carry.extend_from_slice(bytes);
        }
    }

    /// Reads a line, of which `end` is the part that came last.
    fn end_line(&mut self, end: &[u8], out: &mut Output<'_>) {
        if !self.share_a_line {
            out.begin_entry();
        }
        if !self.is_partial {
            let line = without_holes(end);
            if line.len() <= limit(b"", line) {
                self.line(line, out);
                return;
            }
        }
        self.carry_over(end);
        let mut carry = mem::take(&mut self.carry);
        if mem::take(&mut self.is_too_long) {
            self.give_up_row(out);
            self.end_upright(out);
            let reason = if is_binary(&carry) { RefusalReason::Binary } else { RefusalReason::LineTooLong };
            out.told.reading.clear();
            out.told.reading.note(reason);
            out.settle(&carry);
        } else {
            self.line(&carry, out);
        }
        carry.clear();
        self.carry = carry;
        self.is_partial = false;
    }

    fn line(&mut self, line: &[u8], out: &mut Output<'_>) {
        if self.open_row.is_empty()
            && self.inherited.is_empty()
            && let Some(endpoint) = plain::read(line)
        {
            self.end_upright(out);
            out.plain(endpoint, line);
            return;
        }
        let line = trimmed(line);
        if line.is_empty() && self.open_row.is_empty() {
            self.end_upright(out);
            return;
        }
        if is_binary(line) {
            self.give_up_row(out);
            self.end_upright(out);
            out.refuse(line, RefusalReason::Binary);
            return;
        }
        if let Some(Table::Columns(columns)) = &self.table {
            let delimiter = columns.delimiter();
            if !self.open_row.is_empty() || !is_comment(line, Some(delimiter)) {
                self.table_line(line, delimiter, out);
            }
            return;
        }
        self.free_line(line, out);
    }

    /// Reads a line that is not in a table with columns.
    fn free_line(&mut self, line: &[u8], out: &mut Output<'_>) {
        if is_comment(line, None) {
            self.end_upright(out);
            return;
        }
        if let Some(table) = Table::of_header(line, &mut self.cells) {
            self.end_upright(out);
            self.format = self.format.or(Some(Format::Csv));
            self.table = Some(table);
            return;
        }
        if self.json_line(line, out) {
            self.end_upright(out);
            self.format = self.format.or(Some(Format::Jsonl));
            return;
        }
        if self.encoded_line(line, out) {
            self.end_upright(out);
            return;
        }
        out.told.reading.clear();
        text::read(line, &mut out.told.reading);
        if (self.upright.is_open() || labelled::may_be_part(line)) && self.upright_line(line, out) {
            return;
        }
        if matches!(self.table, Some(Table::Notation))
            && let [found] = &mut out.told.reading.found[..]
            && let Some(claim) = table::notation_claim(line)
        {
            found.stated = claim;
        }
        let reading = &mut out.told.reading;
        if self.is_part && reading.found.is_empty() && !reading.problem.is_some_and(RefusalReason::is_fault) {
            return;
        }
        for found in reading.found.iter_mut().filter(|found| found.stated.is_empty()) {
            found.stated = self.inherited;
        }
        out.settle(line);
    }

    /// Takes a line that is the name of a part of a proxy and its value; false when it is none. What stood in the lines
    /// before and does not go on with it is told of.
    fn upright_line(&mut self, line: &[u8], out: &mut Output<'_>) -> bool {
        let mut reading = mem::take(&mut out.told.reading);
        let number = out.told.totals.lines;
        let (inherited, is_part) = (self.inherited, self.is_part);
        let is_taken = self.upright.take(line, number, &mut reading, &mut |r, number, shown| {
            settle_upright(r, (number, shown), inherited, is_part, out);
        });
        if !is_taken {
            self.end_upright(out);
        }
        out.told.reading = reading;
        is_taken
    }

    /// Tells of the proxy whose parts stood in the lines before.
    fn end_upright(&mut self, out: &mut Output<'_>) {
        if !self.upright.is_open() {
            return;
        }
        let (inherited, is_part) = (self.inherited, self.is_part);
        self.upright.end(&mut |r, number, shown| {
            settle_upright(r, (number, shown), inherited, is_part, out);
        });
    }

    /// Reads a line that is a list in base64; false when it is none.
    fn encoded_line(&mut self, line: &[u8], out: &mut Output<'_>) -> bool {
        if self.layer >= encoded::MAX_LAYERS {
            return false;
        }
        let Some(decoded) = encoded::decode_text(line) else { return false };
        let mut lines = Self {
            layer: self.layer + 1,
            share_a_line: true,
            is_part: self.is_part,
            inherited: self.inherited,
            ..Self::default()
        };
        lines.push(decoded.as_bytes(), out);
        lines.finish(out);
        true
    }

    /// Reads a line as JSON; false when it is none.
    fn json_line(&mut self, line: &[u8], out: &mut Output<'_>) -> bool {
        let told = out.count();
        let read = json::read_line(line, &mut |reading, shown| {
            mem::swap(&mut out.told.reading, reading);
            out.settle(shown);
        });
        if read && told == out.count() {
            out.refuse(line, RefusalReason::NoAddress);
        }
        read
    }

    /// Reads a line of a table, or keeps it until the quoted cell at its end is closed.
    fn table_line(&mut self, line: &[u8], delimiter: u8, out: &mut Output<'_>) {
        let complete = if self.open_row.is_empty() {
            self.cells.split(line, delimiter, false)
        } else {
            let bytes = self.open_row.iter().map(|l| l.len() + 1).sum::<usize>() + line.len();
            if self.open_row.len() >= MAX_ROW_LINES || bytes > MAX_LINE {
                self.give_up_row(out);
                return self.table_line(line, delimiter, out);
            }
            let mut row = self.open_row.join(&b'\n');
            row.push(b'\n');
            row.extend_from_slice(line);
            self.cells.split(&row, delimiter, false)
        };
        if !complete {
            if self.open_row.is_empty() {
                self.open_row_line = out.told.totals.lines;
            }
            self.open_row.push(line.to_vec());
            return;
        }
        // A row over several lines stands where it began.
        match mem::take(&mut self.open_row).first() {
            None => self.row(line, out),
            Some(first) => {
                let current = mem::replace(&mut out.told.totals.lines, self.open_row_line);
                self.row(first, out);
                out.told.totals.lines = current;
            }
        }
    }

    /// Reads the lines of a row whose quote was never closed one by one.
    fn give_up_row(&mut self, out: &mut Output<'_>) {
        let Some(Table::Columns(columns)) = &self.table else { return };
        let delimiter = columns.delimiter();
        for (number, line) in (self.open_row_line..).zip(mem::take(&mut self.open_row)) {
            if line.is_empty() || is_comment(&line, Some(delimiter)) {
                continue;
            }
            let current = mem::replace(&mut out.told.totals.lines, number);
            self.cells.split(&line, delimiter, true);
            self.row(&line, out);
            out.told.totals.lines = current;
        }
    }

    /// Reads the cells that were split off last.
    fn row(&mut self, line: &[u8], out: &mut Output<'_>) {
        out.told.reading.clear();
        let read = match &self.table {
            Some(Table::Columns(columns)) => columns.read(&self.cells, &mut out.told.reading),
            _ => None,
        };
        // Lists that were put together have the header of each part.
        if out.told.reading.found.is_empty()
            && out.told.reading.problem == Some(RefusalReason::SingleLabel)
            && let Some(table) = Table::of_header(line, &mut self.cells)
        {
            if !matches!((&self.table, &table), (Some(Table::Columns(old)), Table::Columns(new)) if old.says_all_of(new))
            {
                self.table = Some(table);
            }
            return;
        }
        match read {
            Some(shown) => out.settle(shown.as_bytes()),
            None => self.free_line(line, out),
        }
    }
}

/// Tells of a proxy whose parts stood in lines of their own, at the first of them.
fn settle_upright(
    reading: &mut Reading,
    (number, shown): (u64, &str),
    inherited: Hints,
    is_part: bool,
    out: &mut Output<'_>,
) {
    if is_part && reading.found.is_empty() && !reading.problem.is_some_and(RefusalReason::is_fault) {
        return;
    }
    for found in reading.found.iter_mut().filter(|found| found.stated.is_empty()) {
        found.stated = inherited;
    }
    let current = mem::replace(&mut out.told.totals.lines, number);
    mem::swap(&mut out.told.reading, reading);
    out.settle(shown.as_bytes());
    out.told.totals.lines = current;
}

/// The longest that a line may be that begins with these two pieces.
fn limit(start: &[u8], more: &[u8]) -> usize {
    let byte = |index| start.iter().chain(more).nth(index).copied();
    let first = if [byte(0), byte(1), byte(2)] == BOM.map(Some) { byte(3) } else { byte(0) };
    if first.is_some_and(json::may_begin) { MAX_JSON_LINE } else { MAX_LINE }
}

/// A line without the NUL bytes and blanks in front of it: holes in a file, however large, hide nothing.
fn without_holes(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|b| !matches!(b, 0 | b' ')).unwrap_or(line.len());
    &line[start..]
}

/// A line without blanks, holes, byte order marks and the end mark of DOS around it. Tabs in front stay: they are
/// empty cells of a table.
fn trimmed(line: &[u8]) -> &[u8] {
    /// Blanks of Unicode that come with what is copied from pages: BOM, zero-width, no-break and ideographic space.
    const BLANKS: [&[u8]; 4] = [&BOM, b"\xe2\x80\x8b", b"\xc2\xa0", b"\xe3\x80\x80"];
    const DOS_END: u8 = 0x1A;
    let mut line = line;
    loop {
        line = match line {
            [0 | b' ' | 0x0B | 0x0C, rest @ ..] | [rest @ .., 0 | b' ' | b'\t' | 0x0B | 0x0C | DOS_END] => {
                rest
            }
            _ => match BLANKS.iter().find_map(|b| line.strip_prefix(*b).or_else(|| line.strip_suffix(*b))) {
                Some(rest) => rest,
                None => return line,
            },
        };
    }
}

/// Whether a line holds control bytes. Bytes above ASCII prove nothing: many lists are in other encodings.
fn is_binary(line: &[u8]) -> bool {
    line.iter().any(|b| (*b < b' ' && !matches!(b, b'\t' | 0x0B | 0x0C)) || *b == 0x7F)
}

/// Whether a line is a comment, or a ruler such as tables in text have under their heads. In a table a divider is no mark
/// of a comment.
fn is_comment(line: &[u8], delimiter: Option<u8>) -> bool {
    let is_ruler = |line: &[u8]| {
        line.len() >= 3
            && line.iter().all(|b| matches!(b, b'-' | b'=' | b'|' | b'+' | b':' | b' ' | b'\t'))
            && line.iter().any(|b| matches!(b, b'-' | b'='))
    };
    match line {
        [b'-' | b'=' | b'|' | b'+', ..] if is_ruler(line) => true,
        [b'#', ..] | [b'/', b'/', ..] => true,
        [b';', ..] => delimiter != Some(b';'),
        _ => false,
    }
}
