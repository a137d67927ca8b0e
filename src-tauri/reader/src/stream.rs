//! From chunks of bytes to lines, and from lines to candidates and refusals, in bounded memory.

use std::mem;

use proxydeck_domain::{Endpoint, Hints, Proxy};

use crate::reading::Reading;
use crate::table::{self, Cells, Table};
use crate::{Candidate, Options, Refusal, RefusalReason, Sink, Totals, json, mask, plain, text};

/// The longest line of text, in bytes. The longest real one, a row with a column of JSON, has a few thousand.
pub const MAX_LINE: usize = 64 * 1024;

/// The longest line of JSON, in bytes: some six thousand proxies with everything that is told about them. As values
/// they take some ten times that, which is why it is not more.
pub const MAX_JSON_LINE: usize = 4 * 1024 * 1024;

/// The largest document, in bytes: what is not read line by line has to be in memory as a whole. It is also the most
/// that is downloaded of a source.
pub const MAX_DOCUMENT: usize = 32 * 1024 * 1024;

/// The byte order mark of UTF-8.
const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// How much is kept of a line that is too long: enough to tell text from binary and to make the refusal's text.
const LONG_LINE_HEAD: usize = 1024;

/// How many lines a quoted cell may go on for. More is a quote that nobody closed.
const MAX_ROW_LINES: usize = 16;

/// How many lines of a binary file are refused one by one. After that they are passed over, so that a file of 200 MB
/// does not give a million refusals.
const BINARY_REFUSALS: u32 = 64;

/// How many lines of refused text in a row end a stretch of binary lines. By chance a binary file has one or two.
const TEXT_AGAIN: u32 = 4;

/// Reads a list that comes in chunks. What it finds does not depend on where the chunks are cut.
pub struct Reader {
    options: Options,
    totals: Totals,
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
    reading: Reading,
    /// Binary lines since the last text.
    binary_lines: u32,
    /// Lines of refused text since the last binary line.
    text_lines: u32,
}

impl Reader {
    /// A reader at the beginning of a list.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self {
            options: options.clone(),
            totals: Totals::default(),
            carry: Vec::new(),
            is_too_long: false,
            is_partial: false,
            after_return: false,
            table: None,
            open_row: Vec::new(),
            open_row_line: 0,
            cells: Cells::default(),
            reading: Reading::default(),
            binary_lines: 0,
            text_lines: 0,
        }
    }

    /// Takes the next bytes of the list.
    pub fn push(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        let mut bytes = bytes;
        if self.after_return && !bytes.is_empty() {
            self.after_return = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(at) = memchr::memchr2(b'\n', b'\r', bytes) {
            let (line, rest) = (&bytes[..at], &bytes[at + 1..]);
            let is_return = bytes[at] == b'\r';
            self.end_line(line, sink);
            bytes = if is_return { rest.strip_prefix(b"\n").unwrap_or(rest) } else { rest };
            self.after_return = is_return && rest.is_empty();
        }
        self.carry_over(bytes);
    }

    /// Ends the list, and says what it came to.
    pub fn finish(mut self, sink: &mut impl Sink) -> Totals {
        if self.is_partial {
            self.end_line(b"", sink);
        }
        self.give_up_row(sink);
        self.totals
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
    fn end_line(&mut self, end: &[u8], sink: &mut impl Sink) {
        self.totals.lines += 1;
        if !self.is_partial {
            let line = without_holes(end);
            if line.len() <= limit(b"", line) {
                self.line(line, sink);
                return;
            }
        }
        self.carry_over(end);
        let mut carry = mem::take(&mut self.carry);
        if mem::take(&mut self.is_too_long) {
            self.give_up_row(sink);
            let reason = if is_binary(&carry) { RefusalReason::Binary } else { RefusalReason::LineTooLong };
            self.reading.clear();
            self.reading.note(reason);
            self.settle(&carry, sink);
        } else {
            self.line(&carry, sink);
        }
        carry.clear();
        self.carry = carry;
        self.is_partial = false;
    }

    fn line(&mut self, line: &[u8], sink: &mut impl Sink) {
        if self.open_row.is_empty()
            && let Some(endpoint) = plain::read(line)
        {
            self.plain(endpoint, line, sink);
            return;
        }
        let line = trimmed(line);
        if line.is_empty() && self.open_row.is_empty() {
            return;
        }
        if is_binary(line) {
            self.give_up_row(sink);
            self.refuse(line, RefusalReason::Binary, sink);
            return;
        }
        if let Some(Table::Columns(columns)) = &self.table {
            let delimiter = columns.delimiter();
            if !self.open_row.is_empty() || !is_comment(line, Some(delimiter)) {
                self.table_line(line, delimiter, sink);
            }
            return;
        }
        self.free_line(line, sink);
    }

    /// An address and a port and nothing else: most lines of most lists, so it makes no detour.
    fn plain(&mut self, endpoint: Endpoint, line: &[u8], sink: &mut impl Sink) {
        if !self.options.allow_private && !endpoint.may_be_public() {
            self.refuse(line, RefusalReason::NotPublic, sink);
            return;
        }
        self.binary_lines = 0;
        self.totals.candidates += 1;
        let (proxy, stated) = (Proxy::open(endpoint), self.options.hint);
        sink.candidate(Candidate { proxy, stated, line: self.totals.lines });
    }

    /// Reads a line that is not in a table with columns.
    fn free_line(&mut self, line: &[u8], sink: &mut impl Sink) {
        if is_comment(line, None) {
            return;
        }
        if let Some(table) = Table::of_header(line, &mut self.cells) {
            self.table = Some(table);
            return;
        }
        if self.json_line(line, sink) {
            return;
        }
        self.reading.clear();
        text::read(line, &mut self.reading);
        if matches!(self.table, Some(Table::Notation))
            && let [found] = &mut self.reading.found[..]
            && let Some(claim) = table::notation_claim(line)
        {
            found.stated = claim;
        }
        self.settle(line, sink);
    }

    /// Reads a line as JSON; false when it is none.
    fn json_line(&mut self, line: &[u8], sink: &mut impl Sink) -> bool {
        let told = (self.totals.candidates, self.totals.refusals, self.totals.folded);
        if json::read(line, &mut |reading, shown| {
            mem::swap(&mut self.reading, reading);
            self.settle(shown, sink);
        })
        .is_none()
        {
            return false;
        }
        if told == (self.totals.candidates, self.totals.refusals, self.totals.folded) {
            self.refuse(line, RefusalReason::NoAddress, sink);
        }
        true
    }

    /// Reads a line of a table, or keeps it until the quoted cell at its end is closed.
    fn table_line(&mut self, line: &[u8], delimiter: u8, sink: &mut impl Sink) {
        let complete = if self.open_row.is_empty() {
            self.cells.split(line, delimiter, false)
        } else {
            let bytes = self.open_row.iter().map(|l| l.len() + 1).sum::<usize>() + line.len();
            if self.open_row.len() >= MAX_ROW_LINES || bytes > MAX_LINE {
                self.give_up_row(sink);
                return self.table_line(line, delimiter, sink);
            }
            let mut row = self.open_row.join(&b'\n');
            row.push(b'\n');
            row.extend_from_slice(line);
            self.cells.split(&row, delimiter, false)
        };
        if !complete {
            if self.open_row.is_empty() {
                self.open_row_line = self.totals.lines;
            }
            self.open_row.push(line.to_vec());
            return;
        }
        // A row over several lines stands where it began.
        match mem::take(&mut self.open_row).first() {
            None => self.row(line, sink),
            Some(first) => self.at_line(self.open_row_line, |reader| reader.row(first, sink)),
        }
    }

    /// Reads the lines of a row whose quote was never closed one by one.
    fn give_up_row(&mut self, sink: &mut impl Sink) {
        let Some(Table::Columns(columns)) = &self.table else { return };
        let delimiter = columns.delimiter();
        for (number, line) in (self.open_row_line..).zip(mem::take(&mut self.open_row)) {
            if line.is_empty() || is_comment(&line, Some(delimiter)) {
                continue;
            }
            self.at_line(number, |reader| {
                reader.cells.split(&line, delimiter, true);
                reader.row(&line, sink);
            });
        }
    }

    /// Does something for an earlier line, whose number its candidates and refusals get.
    fn at_line(&mut self, number: u64, read: impl FnOnce(&mut Self)) {
        let current = mem::replace(&mut self.totals.lines, number);
        read(self);
        self.totals.lines = current;
    }

    /// Reads the cells that were split off last.
    fn row(&mut self, line: &[u8], sink: &mut impl Sink) {
        self.reading.clear();
        let read = match &self.table {
            Some(Table::Columns(columns)) => columns.read(&self.cells, &mut self.reading),
            _ => None,
        };
        // Lists that were put together have the header of each part.
        if self.reading.found.is_empty()
            && self.reading.problem == Some(RefusalReason::SingleLabel)
            && let Some(table) = Table::of_header(line, &mut self.cells)
        {
            self.table = Some(table);
            return;
        }
        match read {
            Some(shown) => self.settle(shown.as_bytes(), sink),
            None => self.free_line(line, sink),
        }
    }

    /// Tells what was read. `shown` stands for it in a refusal.
    fn settle(&mut self, shown: &[u8], sink: &mut impl Sink) {
        let mut reading = mem::take(&mut self.reading);
        let mut told = false;
        let mut problem = reading.problem.filter(|p| p.is_fault());
        for found in reading.found.drain(..) {
            if !self.options.allow_private && !found.proxy.endpoint.may_be_public() {
                problem = problem.or(Some(RefusalReason::NotPublic));
                continue;
            }
            told = true;
            self.binary_lines = 0;
            let implied = self.options.hint.or(found.fallback);
            self.tell(found.proxy, if found.stated.is_empty() { implied.into() } else { found.stated }, sink);
        }
        if !told {
            problem = problem.or(reading.problem).or(Some(RefusalReason::NoAddress));
        }
        if let Some(reason) = problem {
            self.refuse(shown, reason, sink);
        }
        self.reading = reading;
    }

    /// Gives a proxy to the sink, once for each protocol that is claimed for it.
    fn tell(&mut self, proxy: Proxy, stated: Hints, sink: &mut impl Sink) {
        let line = self.totals.lines;
        if stated.is_empty() {
            self.totals.candidates += 1;
            sink.candidate(Candidate { proxy, stated: None, line });
            return;
        }
        for protocol in stated.iter() {
            self.totals.candidates += 1;
            sink.candidate(Candidate { proxy: proxy.clone(), stated: Some(protocol), line });
        }
    }

    /// Gives a refusal to the sink, unless it is one of very many of a binary file.
    fn refuse(&mut self, shown: &[u8], reason: RefusalReason, sink: &mut impl Sink) {
        if reason == RefusalReason::Binary {
            self.binary_lines = self.binary_lines.saturating_add(1);
            self.text_lines = 0;
        } else if self.binary_lines > 0 {
            self.text_lines = if std::str::from_utf8(shown).is_ok() { self.text_lines + 1 } else { 0 };
            if self.text_lines >= TEXT_AGAIN {
                self.binary_lines = 0;
            }
        }
        if self.binary_lines > BINARY_REFUSALS {
            self.totals.folded += 1;
            return;
        }
        self.totals.refusals += 1;
        sink.refusal(Refusal { line: self.totals.lines, text: mask::text_of(shown), reason });
    }
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

/// Whether a line is a comment. In a table a divider is no mark of a comment.
fn is_comment(line: &[u8], delimiter: Option<u8>) -> bool {
    match line {
        [b'#', ..] | [b'/', b'/', ..] => true,
        [b';', ..] => delimiter != Some(b';'),
        _ => false,
    }
}
