//! Tables of pages: the heads of their columns, and rows whether they have heads or not.

use proxydeck_domain::{Hints, Host, Protocol};

use crate::RefusalReason;
use crate::labels::{self, Claim};
use crate::output::Output;
use crate::reading::Reading;
use crate::record::{self, Field, LoneFlag, Record};
use crate::text;

/// The most columns that a cell may stand for.
const MAX_SPAN: usize = 32;

/// How many rows a cell may reach down, and how many cells of a table may do so at once: each is copied into each row.
const MAX_REACH: usize = 64;
const MAX_REACHING: usize = 8;

/// The most cells of a row that are looked at.
const MAX_CELLS: usize = 256;

/// The longest cell that is a word about a proxy rather than a text.
const MAX_WORD: usize = 48;

/// A cell of a row.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) is_head: bool,
    /// What its attributes say that it holds (`data-title="IP"`).
    pub(super) label: Option<Field>,
    pub(super) span: usize,
    /// How many rows it reaches down, its own among them.
    pub(super) rows: usize,
    /// What stands for its text when it has none: what an icon is called, or a value in an attribute.
    pub(super) instead: String,
}

impl Cell {
    fn shown(&self) -> &str {
        let text = self.text.trim();
        // Stars and dots stand for what is shown on a click.
        let is_blind = !self.instead.is_empty() && !text.contains(|c: char| c.is_alphanumeric());
        if is_blind || text.is_empty() { self.instead.trim() } else { text }
    }
}

/// A row that is being read.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    /// Whether the last of them is open.
    pub(super) is_open: bool,
    /// What attributes in it say.
    pub(super) attributes: Vec<(Field, String)>,
}

impl Row {
    /// Opens a cell.
    pub(super) fn begin(&mut self, cell: Cell) {
        self.is_open = true;
        if self.cells.len() < MAX_CELLS {
            self.cells.push(cell);
        } else {
            self.is_open = false;
        }
    }
}

/// A table that is being read.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// What the columns hold.
    columns: Vec<Option<Field>>,
    /// Which columns hold something else than an address or a port, as their heads say.
    others: Vec<bool>,
    pub(super) row: Option<Row>,
    /// Cells of rows above that reach down: their column, how many rows are left of them, and what they say.
    reaching: Vec<(usize, usize, Cell)>,
    /// The record that a table with a name and a value in each row is filling.
    upright: Vec<(Field, String)>,
    /// Whether rows stand without a table around them.
    pub(super) is_implied: bool,
}

/// What came of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// It told of proxies by its cells.
    AsRow,
    /// It did not.
    Nothing,
}

impl Table {
    /// A table of rows that have none around them.
    pub(super) fn implied() -> Self {
        Self { is_implied: true, ..Self::default() }
    }

    /// Ends the row that is open.
    pub(super) fn end_row(&mut self, out: &mut Output<'_>) -> Came {
        let Some(row) = self.row.take() else { return Came::Nothing };
        let row = self.completed(row);
        if row.cells.is_empty() {
            return Came::Nothing;
        }
        let told = out.count();
        if let Some(stack) = Stack::of(&row, &self.columns) {
            stack.read(&row, out);
            return if out.count().0 > told.0 { Came::AsRow } else { Came::Nothing };
        }
        let fields: Vec<Option<Field>> = row.cells.iter().map(|cell| head_of(cell.shown())).collect();
        let is_head = is_head(&fields, &row.cells);
        if is_head || (row.cells.len() > 1 && row.cells.iter().all(|cell| cell.is_head)) {
            self.others = others(&row.cells);
        }
        if is_head {
            self.columns = spread(&row.cells, &fields);
            return Came::Nothing;
        }
        if let [_, value] = &row.cells[..]
            && self.columns.is_empty()
            && let Some(field) = fields[0]
            && matches!(fields[1], None | Some(Field::Flag(_)))
            && !matches!(field, Field::Flag(_) | Field::Foreign)
        {
            return self.take_upright(field, value.shown(), out);
        }
        let read = self.read_by_columns(&row, out)
            || read_by_labels(&row, out)
            || read_named(&row, out)
            || self.read_neighbours(&row, out)
            || read_attributes(&row, out);
        if !read {
            let came = read_cells(&row, out);
            if out.count() == told {
                self.refuse_without_port(&row, out);
            }
            return came;
        }
        if out.count().0 > told.0 { Came::AsRow } else { Came::Nothing }
    }

    /// A row with the cells in it that reach down from rows above.
    fn completed(&mut self, row: Row) -> Row {
        let reaches_down = row.cells.iter().any(|cell| cell.rows > 1);
        if self.reaching.is_empty() && !reaches_down {
            return row;
        }
        let mut cells = Vec::with_capacity(row.cells.len());
        let mut reaching = std::mem::take(&mut self.reaching);
        reaching.sort_by_key(|(column, ..)| *column);
        let mut own = row.cells.into_iter().peekable();
        let mut above = reaching.into_iter().peekable();
        let mut column = 0;
        loop {
            // A row of nothing but what reaches into it is none.
            let reaches = above.peek().is_some_and(|(at, ..)| *at <= column || own.peek().is_none());
            let (cell, left) = match (reaches, own.next_if(|_| !reaches)) {
                (true, _) => match above.next() {
                    Some((_, left, cell)) => (cell, left),
                    None => break,
                },
                (false, Some(cell)) => {
                    let rows = cell.rows.clamp(1, MAX_REACH);
                    (cell, rows)
                }
                (false, None) => break,
            };
            if left > 1 && self.reaching.len() < MAX_REACHING && cell.text.len() <= MAX_WORD {
                self.reaching.push((column, left - 1, cell.clone()));
            }
            column += cell.span.clamp(1, MAX_SPAN);
            if cells.len() < MAX_CELLS {
                cells.push(cell);
            }
        }
        Row { cells, ..row }
    }

    /// Ends the table.
    pub(super) fn end(&mut self, out: &mut Output<'_>) -> Came {
        let came = self.end_row(out);
        if self.flush_upright(out) == Came::AsRow { Came::AsRow } else { came }
    }

    /// Takes a row that is the name of a field and its value.
    fn take_upright(&mut self, field: Field, value: &str, out: &mut Output<'_>) -> Came {
        let mut came = Came::Nothing;
        if self.upright.iter().any(|(known, _)| *known == field) {
            came = self.flush_upright(out);
        }
        self.upright.push((field, value.to_owned()));
        came
    }

    fn flush_upright(&mut self, out: &mut Output<'_>) -> Came {
        let fields = std::mem::take(&mut self.upright);
        settle_fields(fields.iter().map(|(field, value)| (*field, value.as_str())), out)
    }

    /// Tells of a row with an address whose port is missing: a script that was not understood hides it.
    fn refuse_without_port(&self, row: &Row, out: &mut Output<'_>) {
        let is_known = |wanted: fn(Field) -> bool| self.columns.iter().flatten().any(|field| wanted(*field));
        if !is_known(|field| field == Field::Port) {
            return;
        }
        let mut column = 0;
        for cell in &row.cells {
            if matches!(self.columns.get(column), Some(Some(Field::Address(_)))) && is_address(cell.shown()) {
                out.refuse_entry(cell.shown().as_bytes(), RefusalReason::NoPort);
                return;
            }
            column += cell.span.clamp(1, MAX_SPAN);
        }
    }

    /// Reads a row without heads in which a cell is an address and the next one that is filled a port.
    fn read_neighbours(&self, row: &Row, out: &mut Output<'_>) -> bool {
        let mut column = 0;
        let mut shown: Vec<&str> = Vec::new();
        let mut is_other: Vec<bool> = Vec::new();
        for cell in &row.cells {
            let text = cell.shown();
            if !text.is_empty() {
                shown.push(text);
                is_other.push(self.others.get(column).copied().unwrap_or(false));
            }
            column += cell.span.clamp(1, MAX_SPAN);
        }
        let port = |text: &'_ str| is_port(text.trim_start_matches([':', ' ']));
        let found = (1..shown.len())
            .map(|at| at - 1)
            .find(|&at| is_address(shown[at]) && port(shown[at + 1]) && !is_other[at] && !is_other[at + 1]);
        let Some(at) = found else { return false };
        let claim = claim_of(
            shown
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != at && *index != at + 1)
                .map(|(_, text)| *text),
        );
        let stated = if claim.hints.is_empty() { usual_layout(&shown[at + 2..]) } else { claim.hints };
        let mut record = Record::default();
        record.set(Field::Address(0), shown[at]);
        record.set(Field::Port, shown[at + 1].trim_start_matches([':', ' ']));
        let mut reading = Reading::default();
        record.read(stated, &mut reading);
        if claim.foreign {
            reading.disown(RefusalReason::OtherScheme);
        }
        out.settle_entry(&mut reading, record.summary().as_bytes());
        true
    }

    fn read_by_columns(&self, row: &Row, out: &mut Output<'_>) -> bool {
        if self.columns.is_empty() {
            return false;
        }
        let mut column = 0;
        let mut pairs = Vec::new();
        for cell in &row.cells {
            if let Some(Some(field)) = self.columns.get(column) {
                pairs.push((cell.label.unwrap_or(*field), cell.shown()));
            }
            column += cell.span.clamp(1, MAX_SPAN);
        }
        read_record(&pairs, out)
    }
}

/// A row whose cells are columns by themselves: ten addresses in one, one below the other, and ten ports in the next.
struct Stack {
    address: usize,
    /// None when no cell can be told to hold their ports.
    port: Option<usize>,
}

impl Stack {
    /// Finds a cell with several addresses and nothing else.
    fn of(row: &Row, columns: &[Option<Field>]) -> Option<Self> {
        let address = row.cells.iter().position(|cell| {
            let mut lines = stacked(cell);
            let first = lines.next().is_some_and(is_address);
            first && lines.next().is_some_and(is_address) && lines.all(is_address)
        })?;
        let count = stacked(&row.cells[address]).count();
        let fits = |cell: &Cell| {
            let mut lines = 0;
            stacked(cell).all(|line| {
                lines += 1;
                is_port(line)
            }) && lines == count
        };
        let mut column = 0;
        let mut headed = None;
        for (index, cell) in row.cells.iter().enumerate() {
            if cell.label.or(columns.get(column).copied().flatten()) == Some(Field::Port) {
                headed = headed.or(Some(index));
            }
            column += cell.span.clamp(1, MAX_SPAN);
        }
        let port = headed.or(Some(address + 1)).filter(|at| row.cells.get(*at).is_some_and(fits));
        Some(Self { address, port })
    }

    fn read(&self, row: &Row, out: &mut Output<'_>) {
        let Some(port) = self.port else {
            let first = stacked(&row.cells[self.address]).next().unwrap_or_default();
            out.refuse_entry(first.as_bytes(), RefusalReason::Ambiguous);
            return;
        };
        let count = stacked(&row.cells[port]).count();
        // Of the other cells, those that have a line for each proxy, or one for all.
        let others: Vec<Vec<&str>> = row
            .cells
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != self.address && *index != port)
            .map(|(_, cell)| stacked(cell).collect::<Vec<_>>())
            .filter(|lines| lines.len() == count || lines.len() == 1)
            .collect();
        let pairs = stacked(&row.cells[self.address]).zip(stacked(&row.cells[port]));
        for (index, (address, port)) in pairs.enumerate() {
            let claim =
                claim_of(others.iter().filter_map(|lines| lines.get(index).or(lines.first())).copied());
            let mut record = Record::default();
            record.set(Field::Address(0), address);
            record.set(Field::Port, port);
            let mut reading = Reading::default();
            record.read(claim.hints, &mut reading);
            if claim.foreign {
                reading.disown(RefusalReason::OtherScheme);
            }
            out.settle_entry(&mut reading, record.summary().as_bytes());
        }
    }
}

/// The lines of a cell that say something, without a head in front of them.
fn stacked(cell: &Cell) -> impl Iterator<Item = &str> {
    let lines = cell.text.lines().map(str::trim).filter(|line| !line.is_empty());
    let has_head = lines
        .clone()
        .next()
        .is_some_and(|line| head_of(line).is_some_and(|field| !matches!(field, Field::Flag(_))));
    lines.skip(usize::from(has_head))
}

/// The field that the head of a column names. Heads have arrows for sorting, explanations in brackets, and units.
pub(super) fn head_of(text: &str) -> Option<Field> {
    if text.is_empty() || text.len() > 2 * MAX_WORD {
        return None;
    }
    Field::named(text).or_else(|| {
        let short = text.split(['(', '（', '[', '\n', '*']).next()?.trim();
        if short.len() < text.len() { Field::named(short) } else { None }
    })
}

/// Whether a row is the heads of the columns of a table of proxies.
fn is_head(fields: &[Option<Field>], cells: &[Cell]) -> bool {
    let has = |wanted: fn(Field) -> bool| fields.iter().flatten().any(|field| wanted(*field));
    let has_address = has(|f| matches!(f, Field::Address(_)));
    let are_heads = cells.len() > 1 && cells.iter().all(|cell| cell.is_head || cell.shown().is_empty());
    has_address
        && (has(|f| matches!(f, Field::Port | Field::PortOf(_)))
            || are_heads
            || (has(|f| f == Field::Address(2)) && has(|f| f == Field::Protocols)))
}

/// Heads of columns whose numbers look like ports or addresses and are none.
const OTHER_HEADS: [&str; 34] = [
    "version",
    "build",
    "release",
    "rtt",
    "ping",
    "latency",
    "delay",
    "time",
    "responsetime",
    "response",
    "speed",
    "size",
    "ttl",
    "asn",
    "id",
    "count",
    "hits",
    "score",
    "uptime",
    "ms",
    "age",
    "zip",
    "year",
    "rank",
    "checks",
    "seconds",
    "bytes",
    "visits",
    "время",
    "скорость",
    "пинг",
    "速度",
    "延迟",
    "响应时间",
];

/// Which columns heads say to hold something else than an address or a port.
fn others(cells: &[Cell]) -> Vec<bool> {
    let mut columns = Vec::new();
    for cell in cells {
        let name = record::normal_name(cell.shown());
        let is_other = OTHER_HEADS.contains(&name.as_str());
        columns.resize(columns.len() + cell.span.clamp(1, MAX_SPAN), is_other);
    }
    columns
}

/// The columns that heads stand over.
fn spread(cells: &[Cell], fields: &[Option<Field>]) -> Vec<Option<Field>> {
    let mut columns = Vec::new();
    for (cell, field) in cells.iter().zip(fields) {
        columns.push(*field);
        let span = cell.span.clamp(1, MAX_SPAN);
        columns.resize(columns.len() + span - 1, None);
    }
    columns
}

fn read_by_labels(row: &Row, out: &mut Output<'_>) -> bool {
    let pairs: Vec<_> = row.cells.iter().filter_map(|cell| Some((cell.label?, cell.shown()))).collect();
    !pairs.is_empty() && read_record(&pairs, out)
}

fn read_attributes(row: &Row, out: &mut Output<'_>) -> bool {
    let pairs: Vec<_> = row.attributes.iter().map(|(field, value)| (*field, value.as_str())).collect();
    !pairs.is_empty() && read_record(&pairs, out)
}

/// Tells of a record, if it is one.
pub(super) fn settle_fields<'f>(
    fields: impl Iterator<Item = (Field, &'f str)>,
    out: &mut Output<'_>,
) -> Came {
    let pairs: Vec<_> = fields.collect();
    let told = out.count();
    read_record(&pairs, out);
    if out.count().0 > told.0 { Came::AsRow } else { Came::Nothing }
}

/// Reads cells under heads. False when there is no address with a port in them, so that the row is read in another way.
fn read_record(pairs: &[(Field, &str)], out: &mut Output<'_>) -> bool {
    let mut record = Record::default();
    record.lone_flag = LoneFlag::Each;
    let cleaned: Vec<(Field, String)> =
        pairs.iter().map(|(field, value)| (*field, cleaned(*field, value))).collect();
    for (field, value) in &cleaned {
        record.set(*field, value);
    }
    if !record.is_proxy() {
        return false;
    }
    let mut reading = Reading::default();
    record.read(Hints::NONE, &mut reading);
    if reading.found.is_empty() && !record.has_port() && !reading.problem.is_some_and(RefusalReason::is_fault)
    {
        return false;
    }
    // A row that explains something or advertises has no address under its head.
    if reading.found.is_empty()
        && !record.address().bytes().any(|b| b.is_ascii_digit())
        && !record.address().contains('.')
    {
        return false;
    }
    out.settle_entry(&mut reading, record.summary().as_bytes());
    true
}

/// The value of a cell without what pages put beside it.
fn cleaned(field: Field, value: &str) -> String {
    match field {
        Field::Address(_) | Field::Port | Field::PortOf(_) => {
            let line = value.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
            let line =
                if matches!(field, Field::Address(_)) { line } else { line.trim_start_matches([':', ' ']) };
            let joined = joined_colons(line);
            // Behind the address: a flag, a remark.
            match joined.split_whitespace().collect::<Vec<_>>()[..] {
                [address, ..] if matches!(field, Field::Address(_)) && starts_with_address(address) => {
                    address.to_owned()
                }
                // A remark in brackets behind the port.
                [port, remark, ..] if field == Field::Port && is_port(port) && remark.starts_with('(') => {
                    port.to_owned()
                }
                _ => joined,
            }
        }
        _ => value.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn starts_with_address(word: &str) -> bool {
    let host = word.split(':').next().unwrap_or_default();
    Host::parse(host).is_ok_and(|host| host.ip().is_some())
}

/// A line without blanks around the colon between an address and a port.
pub(super) fn joined_colons(line: &str) -> String {
    if !line.contains(" :") && !line.contains(": ") {
        return line.to_owned();
    }
    let mut joined = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(colon) = rest.find(':') {
        let (before, after) = (rest[..colon].trim_end(), rest[colon + 1..].trim_start());
        let between = before.ends_with(|c: char| c.is_ascii_digit() || c == ']')
            && after.starts_with(|c: char| c.is_ascii_digit());
        let last = before.rsplit(|c: char| c.is_whitespace() || c == ':').next().unwrap_or_default();
        if between && Host::parse(last).is_ok_and(|host| host.ip().is_some()) {
            joined.push_str(before);
            joined.push(':');
            rest = after;
        } else {
            joined.push_str(&rest[..=colon]);
            rest = &rest[colon + 1..];
        }
    }
    joined.push_str(rest);
    joined
}

/// Reads a row whose cells have their names in them: `IP: 192.0.2.1`, `Port: 80`.
fn read_named(row: &Row, out: &mut Output<'_>) -> bool {
    let pairs: Vec<_> = row
        .cells
        .iter()
        .filter_map(|cell| {
            let (name, value) = cell.shown().split_once([':', '：'])?;
            let field = head_of(name.trim()).filter(|field| !matches!(field, Field::Flag(_)))?;
            (!value.contains([':', '：'])).then_some((field, value.trim()))
        })
        .collect();
    let has = |wanted: fn(Field) -> bool| pairs.iter().any(|(field, _)| wanted(*field));
    has(|f| matches!(f, Field::Address(0 | 1))) && has(|f| f == Field::Port) && read_record(&pairs, out)
}

/// Whether a cell is meant as an address of numbers.
pub(super) fn is_address(text: &str) -> bool {
    let is_v4 = text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.matches('.').count() == 3;
    is_v4 || Host::parse(text).is_ok_and(|host| host.ip().is_some())
}

/// Whether a cell is meant as a port.
pub(super) fn is_port(text: &str) -> bool {
    (1..=6).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

/// The protocols that the other cells of a row name.
fn claim_of<'c>(cells: impl Iterator<Item = &'c str>) -> Claim {
    let mut claim = Claim::default();
    for cell in cells.filter(|cell| cell.len() <= MAX_WORD) {
        claim.hints = claim.hints.union(labels::in_words(cell.as_bytes()));
        if claim.hints.is_empty() && cell.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("socks")) {
            claim.hints = Claim::of_column(cell).hints;
        }
        claim.foreign |= labels::is_foreign(cell.as_bytes());
    }
    claim
}

/// The columns that one family of pages has always had, read where the heads are missing: code, country, anonymity,
/// Google, HTTPS.
fn usual_layout(behind: &[&str]) -> Hints {
    let is_yes_or_no = |text: &str| text.eq_ignore_ascii_case("no") || text.eq_ignore_ascii_case("yes");
    let [code, _, anonymity, google, https, ..] = behind else { return Hints::NONE };
    let is_usual = code.len() == 2
        && code.bytes().all(|b| b.is_ascii_uppercase())
        && ["anonymous", "elite", "elite proxy", "transparent"]
            .iter()
            .any(|level| anonymity.eq_ignore_ascii_case(level))
        && is_yes_or_no(google)
        && is_yes_or_no(https);
    match is_usual {
        false => Hints::NONE,
        true if record::is_yes(https) => Hints::NONE.with(Protocol::Https),
        true => Hints::NONE.with(Protocol::Http),
    }
}

/// Reads each cell of a row as lines of text. What the other cells name goes for an address that is the only one.
fn read_cells(row: &Row, out: &mut Output<'_>) -> Came {
    let mut readings: Vec<(Reading, String)> = Vec::new();
    let mut with_address = Vec::new();
    for (index, cell) in row.cells.iter().enumerate() {
        for line in cell.shown().lines().map(str::trim) {
            if let Some(read) = read_line(line) {
                with_address.push(index);
                readings.push(read);
            }
        }
    }
    let is_row = row.cells.len() > 1 && readings.len() == 1 && readings[0].0.found.len() == 1;
    if is_row && readings[0].0.found[0].stated.is_empty() {
        let others = row.cells.iter().enumerate().filter(|(index, _)| !with_address.contains(index));
        let claim = claim_of(others.map(|(_, cell)| cell.shown()));
        readings[0].0.found[0].stated = claim.hints;
        if claim.foreign {
            readings[0].0.disown(RefusalReason::OtherScheme);
        }
    }
    let told = out.count();
    for (mut reading, line) in readings {
        out.settle_entry(&mut reading, line.as_bytes());
    }
    if is_row && out.count().0 > told.0 { Came::AsRow } else { Came::Nothing }
}

/// Reads a line of a page. None when there is nothing in it: pages are made of words.
pub(super) fn read_line(line: &str) -> Option<(Reading, String)> {
    if !line.contains(':') && !line.contains('.') {
        return None;
    }
    let line = joined_colons(line);
    let mut reading = Reading::default();
    text::read(line.as_bytes(), &mut reading);
    let counts = !reading.found.is_empty() || reading.problem.is_some_and(RefusalReason::is_fault);
    counts.then_some((reading, line))
}
