//! Documents of JSON, and JSON on a line: objects with an address and a port, texts with both, tables of columns, at any
//! depth. What is said here goes for every document that becomes a [`Value`]: YAML, XML, data in the scripts of pages.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;

use proxydeck_domain::{Hints, Host};
use serde::de::DeserializeSeed;

use crate::encoded;
use crate::labels::{self, Claim};
use crate::lines::{Lines, MAX_LINE};
use crate::literal::{self, End};
use crate::output::Output;
use crate::reading::Reading;
use crate::record::{self, Field, Record};
use crate::text;
use crate::value::{Counted, MAX_VALUES, Members, Value};
use crate::{Format, JsonPath, RefusalReason};

/// How many names of members are remembered. Documents have some fifty; what has more is no list of records.
const MAX_NAMES: usize = 4096;

/// How many ports one object may name. Real ones have up to four.
const MAX_PORTS: usize = 64;

/// How many cells a row may have that is an array without names, and how long a word may be that names a protocol.
const MAX_CELLS: usize = 64;
const MAX_CLAIM: usize = 32;

/// Where proxies go while a value is gone through.
pub(crate) trait Receiver {
    /// Takes what an object or a text came to, and what stands for it in a refusal.
    fn settle(&mut self, reading: &mut Reading, shown: &[u8]);
    /// Takes a text that is a part of a page.
    fn markup(&mut self, text: &str);
    /// Takes a text of several lines.
    fn lines(&mut self, text: &str, inherited: Hints);
}

/// What stands around a value and counts where it says nothing itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Inherited {
    pub(crate) hints: Hints,
    /// Whether what stands around it is another world's.
    pub(crate) is_foreign: bool,
    /// Whether types are the numbers of FoxyProxy.
    pub(crate) has_numbered_types: bool,
    /// Whether ports are hexadecimal, as one family of pages writes them.
    pub(crate) has_hex_ports: bool,
    /// Whether every text counts, whatever it is called: the elements of feeds have no names that could tell.
    pub(crate) is_free: bool,
}

/// Reads a line as JSON. False when it is none, so that it is read as text.
///
/// Every object and string that is meant as a proxy is told to `settle` on its own, with what stands for it in a
/// refusal.
pub(crate) fn read_line(line: &[u8], settle: &mut dyn FnMut(&mut Reading, &[u8])) -> bool {
    struct Line<'s>(&'s mut dyn FnMut(&mut Reading, &[u8]));

    impl Receiver for Line<'_> {
        fn settle(&mut self, reading: &mut Reading, shown: &[u8]) {
            (self.0)(reading, shown);
        }

        fn markup(&mut self, _: &str) {}

        fn lines(&mut self, text: &str, inherited: Hints) {
            for line in text.lines().map(str::trim).filter(|line| line.contains(':')) {
                read_text(line, inherited, self);
            }
        }
    }

    let line = line.strip_suffix(b",").unwrap_or(line).trim_ascii_end();
    let mut walker = Walker::new(Line(settle));
    let mut read = |text: &[u8]| {
        // Several may stand in a line, one behind the other.
        let values: Result<Vec<Value<'_>>, _> =
            serde_json::Deserializer::from_slice(text).into_iter().collect();
        // Texts in a row are the cells of a table.
        let is_read = match values.as_deref() {
            Ok([_]) => true,
            Ok([_, ..]) => values.iter().flatten().all(Value::is_nested),
            _ => false,
        };
        for value in values.iter().flatten().filter(|_| is_read) {
            walker.walk(value, Inherited::default());
        }
        is_read
    };
    match line.first() {
        Some(b'{' | b'[') => read(line),
        Some(b'"') => read(line) || read(&member(line)),
        _ => false,
    }
}

/// Whether a line may be JSON, so that the limit of JSON is its limit.
pub(crate) fn may_begin(byte: u8) -> bool {
    matches!(byte, b'{' | b'[')
}

/// Makes an object of `"name": value`, a line of an object that is written over several lines.
fn member(line: &[u8]) -> Vec<u8> {
    [b"{", line, b"}"].concat()
}

/// Reads a document: one value, several in a row, or as much of one as is whole. Answers with the format that it turned
/// out to have.
pub(crate) fn read_document(text: &str, path: Option<&JsonPath>, out: &mut Output<'_>) -> Format {
    let mut values = 0_u64;
    // A value that a script names or hands on begins behind the name.
    let mut at = if text.trim_start().starts_with(|c: char| c.is_ascii_alphabetic()) {
        text.find(['{', '[']).unwrap_or(0)
    } else {
        0
    };
    let left = Cell::new(MAX_VALUES);
    while let Some(skipped) =
        text[at..].find(|c: char| !(c.is_whitespace() || matches!(c, ',' | ';' | ')' | '\u{feff}' | '\0')))
    {
        at += skipped;
        let rest = &text[at..];
        if values > 0 && !rest.starts_with(['{', '[', '"']) {
            // Something else than JSON stands behind it.
            let mut lines = Lines::default();
            lines.push(rest.as_bytes(), out);
            lines.finish(out);
            break;
        }
        values += 1;
        let mut deserializer = serde_json::Deserializer::from_str(rest);
        let read = Counted::down(&left).deserialize(&mut deserializer);
        if let Ok(value) = read {
            walk_document(&value, path, out);
            at += deserializer.into_iter::<serde::de::IgnoredAny>().byte_offset();
            continue;
        }
        let parsed = literal::parse(rest);
        walk_document(&parsed.value, path, out);
        at += parsed.used;
        match parsed.end {
            End::Whole => {}
            End::Truncated => {
                out.told.totals.truncated = true;
                out.refuse_entry(place(text.len()).as_bytes(), RefusalReason::Truncated);
                break;
            }
            End::TooComplex => {
                out.refuse_entry(place(at).as_bytes(), RefusalReason::TooComplex);
                break;
            }
            End::Broken => {
                out.refuse_entry(place(at).as_bytes(), RefusalReason::Syntax);
                // The next line may be sound again.
                at = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |end| at + end + 1);
            }
        }
    }
    if values > 1 { Format::Jsonl } else { Format::Json }
}

/// The beginning of a text, as much as a refusal shows.
pub(crate) fn head(text: &str) -> &str {
    let mut end = text.len().min(crate::MAX_REFUSAL_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].trim_end()
}

/// Where in a document something is wrong. What stands there may be half a password, so it is not shown.
pub(crate) fn place(at: usize) -> String {
    format!("byte {at}")
}

fn walk_document(value: &Value<'_>, path: Option<&JsonPath>, out: &mut Output<'_>) {
    let Some(path) = path else {
        walk(value, Inherited::default(), out);
        return;
    };
    let document = plain_json(value);
    let nodes = path.path.query(&document).all();
    for node in nodes {
        walk(&Value::from(node), Inherited { is_free: true, ..Inherited::default() }, out);
    }
}

/// A value as the library of paths wants it.
fn plain_json(value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(yes) => (*yes).into(),
        Value::Whole(number) => (*number).into(),
        Value::Fraction(number) => (*number).into(),
        Value::Text(text) => text.as_ref().into(),
        Value::Array(items) => items.iter().map(plain_json).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone().into_owned(), plain_json(value))).collect()
        }
    }
}

/// Goes through a value of a document, each proxy in it being an entry.
pub(crate) fn walk(value: &Value<'_>, inherited: Inherited, out: &mut Output<'_>) {
    struct Document<'o, 's>(&'o mut Output<'s>);

    impl Receiver for Document<'_, '_> {
        fn settle(&mut self, reading: &mut Reading, shown: &[u8]) {
            self.0.settle_entry(reading, shown);
        }

        fn markup(&mut self, text: &str) {
            crate::html::read_fragment(text, self.0);
        }

        fn lines(&mut self, text: &str, inherited: Hints) {
            let mut lines = Lines::in_document();
            lines.inherited = inherited;
            lines.push(text.as_bytes(), self.0);
            lines.finish(self.0);
        }
    }

    Walker::new(Document(out)).walk(value, inherited);
}

/// Reads a text as a line, with the protocols that stand around it. A text without an address is an ordinary one.
fn read_text(line: &str, inherited: Hints, to: &mut dyn Receiver) {
    let mut reading = Reading::default();
    text::read(line.as_bytes(), &mut reading);
    for found in reading.found.iter_mut().filter(|f| f.stated.is_empty()) {
        found.stated = inherited;
    }
    if !reading.found.is_empty() || reading.problem.is_some_and(RefusalReason::is_fault) {
        to.settle(&mut reading, line.as_bytes());
    }
}

struct Walker<R> {
    to: R,
    names: HashMap<String, Option<Field>>,
}

impl<R: Receiver> Walker<R> {
    fn new(to: R) -> Self {
        Self { to, names: HashMap::new() }
    }

    fn field(&mut self, name: &str) -> Option<Field> {
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        let field = Field::named(name);
        if self.names.len() < MAX_NAMES {
            self.names.insert(name.to_owned(), field);
        }
        field
    }

    /// Goes through a value. Nothing nests deeper than [`crate::value::MAX_VALUE_DEPTH`], so this does not exhaust the
    /// stack.
    fn walk(&mut self, value: &Value<'_>, inherited: Inherited) {
        match value {
            Value::Text(text) => self.walk_text(text, inherited),
            Value::Array(items) => self.walk_array(items, inherited),
            Value::Object(members) => self.walk_object(members, inherited),
            _ => {}
        }
    }

    fn walk_text(&mut self, text: &str, inherited: Inherited) {
        let text = text.trim();
        if text.len() < 3 {
            return;
        }
        if crate::sniff::has_tags(text.as_bytes()) {
            self.to.markup(text);
        } else if inherited.is_foreign {
            let mut reading = Reading::default();
            text::read(head(text).as_bytes(), &mut reading);
            if !reading.found.is_empty() {
                reading.disown(RefusalReason::OtherScheme);
                self.to.settle(&mut reading, text.as_bytes());
            }
        } else if text.contains(['\n', '\r']) || text.len() > MAX_LINE {
            if text.contains(':') {
                self.to.lines(text, inherited.hints);
            } else if let Some(decoded) = encoded::decode_text(text.as_bytes()) {
                self.to.lines(&decoded, inherited.hints);
            }
        } else if text.contains(':') || (inherited.is_free && text.contains('.')) {
            read_text(text, inherited.hints, &mut self.to);
        } else if let Some(decoded) = encoded::decode_text(text.as_bytes()) {
            self.to.lines(&decoded, inherited.hints);
        }
    }

    fn walk_array(&mut self, items: &[Value<'_>], inherited: Inherited) {
        // `["192.0.2.1", 80, "http"]`.
        let is_pair = |pair: &[Value<'_>]| {
            pair[0]
                .as_text()
                .is_some_and(|text| Host::parse(text.trim()).is_ok_and(|host| host.ip().is_some()))
                && pair[1].scalar().is_some_and(|port| is_number(&port))
        };
        if let Some(at) = items.windows(2).take(MAX_CELLS).position(is_pair)
            && items.len() <= MAX_CELLS
            && let (Some(address), Some(port)) = (items[at].as_text(), items[at + 1].scalar())
        {
            let claims = items.iter().filter_map(Value::as_text).filter(|text| text.len() <= MAX_CLAIM);
            let claims = claims.collect::<Vec<_>>().join(",");
            let mut record = Record::default();
            record.set(Field::Address(0), address);
            record.set(Field::Port, &port);
            record.set(Field::Protocols, &claims);
            self.settle_record(&record, inherited);
            return;
        }
        if self.walk_labelled_text(items, inherited) {
            return;
        }
        if let Some((head, rows)) = items.split_first()
            && let Value::Array(head) = head
            && self.is_head(head)
        {
            let names: Vec<_> = head.iter().map(|name| name.as_text().and_then(Field::named)).collect();
            self.walk_rows(&names, rows, inherited);
            return;
        }
        for item in items {
            self.walk(item, inherited);
        }
    }

    /// Reads `["192.0.2.1:80", "http"]`: one text with an address in it, and protocols beside it.
    fn walk_labelled_text(&mut self, items: &[Value<'_>], inherited: Inherited) -> bool {
        if !(2..=MAX_CELLS).contains(&items.len()) || inherited.is_foreign {
            return false;
        }
        let mut texts = items.iter().filter_map(Value::as_text).filter(|text| text.contains(':'));
        let (Some(address), None) = (texts.next(), texts.next()) else { return false };
        let words =
            items.iter().filter_map(Value::as_text).filter(|t| t.len() <= MAX_CLAIM && !t.contains(':'));
        let hints = words.fold(Hints::NONE, |hints, word| hints.union(labels::in_words(word.as_bytes())));
        let mut reading = Reading::default();
        text::read(address.trim().as_bytes(), &mut reading);
        match &mut reading.found[..] {
            [found] if found.stated.is_empty() && !hints.is_empty() => found.stated = hints,
            _ => return false,
        }
        self.to.settle(&mut reading, address.as_bytes());
        true
    }

    /// Whether these are the names of columns, an address and a port among them.
    fn is_head(&mut self, names: &[Value<'_>]) -> bool {
        let fields: Option<Vec<_>> =
            names.iter().map(|name| name.as_text().map(|name| self.field(name))).collect();
        fields.is_some_and(|fields| {
            let has = |wanted: fn(Field) -> bool| fields.iter().flatten().any(|field| wanted(*field));
            has(|f| matches!(f, Field::Address(_))) && has(|f| matches!(f, Field::Port | Field::PortOf(_)))
                || has(|f| f == Field::Address(2)) && fields.len() > 1
        })
    }

    fn walk_rows(&mut self, names: &[Option<Field>], rows: &[Value<'_>], inherited: Inherited) {
        for row in rows {
            let Value::Array(cells) = row else {
                self.walk(row, inherited);
                continue;
            };
            let filled: Vec<_> = names
                .iter()
                .zip(cells)
                .filter_map(|(field, cell)| Some(((*field)?, scalar((*field)?, cell)?)))
                .collect();
            let mut record = Record::default();
            for (field, cell) in &filled {
                record.set(*field, cell);
            }
            self.settle_record(&record, inherited);
        }
    }

    fn settle_record(&mut self, record: &Record<'_>, inherited: Inherited) {
        let mut reading = Reading::default();
        if inherited.is_foreign {
            reading.note(RefusalReason::OtherScheme);
        } else {
            record.read(inherited.hints, &mut reading);
        }
        self.to.settle(&mut reading, record.summary().as_bytes());
    }

    fn walk_object(&mut self, members: &Members<'_>, inherited: Inherited) {
        let inherited = Inherited {
            has_numbered_types: inherited.has_numbered_types || is_foxyproxy(members),
            ..inherited
        };
        if self.walk_columns(members, inherited) {
            return;
        }
        let fields: Vec<(Field, Cow<'_, str>)> = members
            .iter()
            .filter_map(|(name, value)| Some((self.field(name)?, value)))
            .filter_map(|(field, value)| Some((field, field_text(field, inner(field, value), inherited)?)))
            .collect();
        let mut record = Record::default();
        for (field, value) in &fields {
            record.set(*field, value);
        }
        if members.iter().any(|(name, value)| name == "tls" && matches!(value, Value::Bool(true))) {
            record.wrap_in_tls();
        }
        if self.read_record(&record, members, inherited) {
            return;
        }
        // What an object says of itself goes for what is nested in it.
        let own = record.claim();
        let around = Inherited {
            hints: if own.hints.is_empty() { inherited.hints } else { own.hints },
            is_foreign: inherited.is_foreign || own.foreign,
            ..inherited
        };
        let is_nested = members.iter().any(|(_, value)| value.is_nested());
        let mut told = false;
        for (name, value) in members {
            if is_no_proxy(name) || (inherited.is_free && is_reference(name)) {
                continue;
            }
            let claim = Claim::of_name(name);
            let inside = Inherited {
                hints: if claim.hints.is_empty() { around.hints } else { claim.hints },
                is_foreign: around.is_foreign || labels::is_foreign(name.as_bytes()),
                ..around
            };
            told |= self.walk_member(name, value, inside, !claim.hints.is_empty());
        }
        if !told && !is_nested && !record.address().is_empty() {
            let mut reading = Reading::default();
            reading.note(RefusalReason::NoPort);
            self.to.settle(&mut reading, record.summary().as_bytes());
        }
    }

    /// Reads an object that is meant as a proxy. False when it is none.
    fn read_record(&mut self, record: &Record<'_>, members: &Members<'_>, inherited: Inherited) -> bool {
        if !record.has_port() && !record.address().is_empty() && self.walk_ports(record, members, inherited) {
            return true;
        }
        if !record.is_proxy() {
            return false;
        }
        let mut reading = Reading::default();
        if inherited.is_foreign {
            reading.note(RefusalReason::OtherScheme);
        } else {
            record.read(inherited.hints, &mut reading);
        }
        // An address without a port beside it may be that of the document itself (`"url": …`).
        if !record.has_port()
            && reading.found.is_empty()
            && !reading.problem.is_some_and(RefusalReason::is_fault)
        {
            return false;
        }
        // Nothing but an address that holds its port: other lists may be nested beside it.
        if !record.has_port()
            && members
                .iter()
                .any(|(_, v)| matches!(v, Value::Array(items) if items.iter().any(Value::is_nested)))
        {
            return false;
        }
        self.to.settle(&mut reading, record.summary().as_bytes());
        // What else is in it (where it is, where it comes out) are no proxies.
        true
    }

    /// Reads an address with several ports: `"ports": [80, 8080]`, `[{"port": 80, "type": "http"}]`, `{"http": 80}`.
    fn walk_ports(&mut self, record: &Record<'_>, members: &Members<'_>, inherited: Inherited) -> bool {
        let Some((_, ports)) = members.iter().find(|(name, value)| {
            value.is_nested() && matches!(self.field(name), Some(Field::Port | Field::Protocols))
        }) else {
            return false;
        };
        let mut pairs: Vec<(Cow<'_, str>, Option<Cow<'_, str>>)> = Vec::new();
        match ports {
            Value::Array(items) => {
                for item in items.iter().take(MAX_PORTS) {
                    match item {
                        Value::Object(own) => {
                            let get = |wanted: Field, walker: &mut Self| {
                                own.iter()
                                    .find(|(name, _)| walker.field(name) == Some(wanted))
                                    .and_then(|(_, value)| scalar(wanted, value))
                            };
                            let is_plain = |name: &str| {
                                matches!(record::normal_name(name).as_str(), "number" | "value" | "text")
                            };
                            let plain = own.iter().find(|(name, value)| is_plain(name) && !value.is_nested());
                            let plain = plain.and_then(|(_, value)| value.scalar().filter(|p| is_number(p)));
                            if let Some(port) = get(Field::Port, self).or(plain) {
                                pairs.push((port, get(Field::Protocols, self)));
                            }
                        }
                        other => {
                            pairs.extend(other.scalar().filter(|p| is_number(p)).map(|port| (port, None)));
                        }
                    }
                }
            }
            Value::Object(own) => {
                for (name, value) in own.iter().take(MAX_PORTS) {
                    if !Claim::of_name(name).hints.is_empty()
                        && let Some(port) = value.scalar().filter(|p| is_number(p))
                    {
                        pairs.push((port, Some(name.clone())));
                    }
                }
            }
            _ => {}
        }
        if pairs.is_empty() {
            return false;
        }
        for (port, claim) in &pairs {
            let mut one = record.clone();
            one.set(Field::Port, port);
            if let Some(claim) = claim {
                one.forget_protocols();
                one.set(Field::Protocols, claim);
            }
            self.settle_record(&one, inherited);
        }
        true
    }

    /// Reads tables that are written column by column, as tools for data do: `{"ip": ["…"], "port": [80]}`, the same
    /// with numbered objects, and `{"columns": ["ip", "port"], "data": [["…", 80]]}`.
    fn walk_columns(&mut self, members: &Members<'_>, inherited: Inherited) -> bool {
        let head = members.iter().find_map(|(name, value)| match value {
            Value::Array(names) if names.len() > 1 && self.is_head(names) => Some((name, names)),
            _ => None,
        });
        if let Some((head_name, names)) = head {
            let rows = members.iter().find_map(|(name, value)| match value {
                Value::Array(rows) if name != head_name && matches!(rows.first(), Some(Value::Array(_))) => {
                    Some(rows)
                }
                _ => None,
            });
            if let Some(rows) = rows {
                let names: Vec<_> = names.iter().map(|name| name.as_text().and_then(Field::named)).collect();
                self.walk_rows(&names, rows, inherited);
                return true;
            }
        }
        let columns: Vec<(Field, Vec<&Value<'_>>)> =
            members.iter().filter_map(|(name, value)| Some((self.field(name)?, column(value)?))).collect();
        let address = columns.iter().find(|(field, cells)| {
            matches!(field, Field::Address(0 | 1))
                && cells
                    .first()
                    .and_then(|c| c.as_text())
                    .is_some_and(|text| Host::parse(text.trim()).is_ok())
        });
        let port = columns.iter().find(|(field, _)| *field == Field::Port);
        let (Some((_, addresses)), Some((_, ports))) = (address, port) else { return false };
        if addresses.len() != ports.len() {
            return false;
        }
        for row in 0..addresses.len() {
            let filled: Vec<_> = columns
                .iter()
                .filter_map(|(field, cells)| Some((*field, scalar(*field, cells.get(row)?)?)))
                .collect();
            let mut record = Record::default();
            for (field, cell) in &filled {
                record.set(*field, cell);
            }
            self.settle_record(&record, inherited);
        }
        true
    }

    /// Goes on with a member of an object that is no proxy itself. True when it was told of.
    fn walk_member(&mut self, name: &str, value: &Value<'_>, inside: Inherited, is_claim: bool) -> bool {
        // `{"192.0.2.1:80": {…}}` and `{"192.0.2.1": 80}`.
        if name.len() >= 7 && name.as_bytes().iter().any(u8::is_ascii_digit) && name.contains(['.', ':']) {
            if let Ok(host) = Host::parse(name)
                && host.ip().is_some()
            {
                return self.walk_named_address(name, value, inside);
            }
            let mut reading = Reading::default();
            text::read(name.as_bytes(), &mut reading);
            if !reading.found.is_empty() {
                let own = match value {
                    Value::Object(members) => self.claim_of(members),
                    Value::Text(text) => Claim::of_column(text),
                    _ => Claim::default(),
                };
                let stated = if own.hints.is_empty() { inside.hints } else { own.hints };
                if own.foreign || inside.is_foreign {
                    reading.disown(RefusalReason::OtherScheme);
                }
                for found in reading.found.iter_mut().filter(|f| f.stated.is_empty()) {
                    found.stated = stated;
                }
                self.to.settle(&mut reading, name.as_bytes());
                return true;
            }
        }
        match value {
            // A text of many lines, or a part of a page, is a list whatever it is called.
            Value::Text(text)
                if inside.is_free
                    || is_claim
                    || names_a_list(name)
                    || text.contains('\n')
                    || crate::sniff::has_tags(text.as_bytes()) =>
            {
                self.walk_text(text, inside);
            }
            Value::Text(_) => {}
            value => self.walk(value, inside),
        }
        false
    }

    /// Reads `"192.0.2.1": 80`, `: [80, 81]` and `: {"port": 80, …}`.
    fn walk_named_address(&mut self, name: &str, value: &Value<'_>, inside: Inherited) -> bool {
        match value {
            Value::Object(members) => {
                let mut own: Members<'_> = members.clone();
                if !own
                    .iter()
                    .any(|(n, v)| matches!(self.field(n), Some(Field::Address(_))) && v.scalar().is_some())
                {
                    own.push((Cow::Borrowed("ip"), Value::Text(Cow::Owned(name.to_owned()))));
                }
                self.walk_object(&own, inside);
            }
            Value::Array(ports) => {
                for port in ports.iter().take(MAX_PORTS).filter_map(Value::scalar).filter(|p| is_number(p)) {
                    self.settle_pair(name, &port, inside);
                }
            }
            other => {
                if let Some(port) = other.scalar().filter(|p| is_number(p)) {
                    self.settle_pair(name, &port, inside);
                }
            }
        }
        true
    }

    fn settle_pair(&mut self, address: &str, port: &str, inherited: Inherited) {
        let mut record = Record::default();
        record.set(Field::Address(0), address);
        record.set(Field::Port, port);
        self.settle_record(&record, inherited);
    }

    fn claim_of(&mut self, members: &Members<'_>) -> Claim {
        let mut record = Record::default();
        let claims: Vec<_> = members
            .iter()
            .filter(|(name, _)| self.field(name) == Some(Field::Protocols))
            .filter_map(|(_, value)| scalar(Field::Protocols, value))
            .collect();
        for claim in &claims {
            record.set(Field::Protocols, claim);
        }
        record.claim()
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.trim();
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// What an object holds that stands for a single value: `{"$numberInt": "80"}`, `{"ip": "192.0.2.1"}` as an address,
/// `{"number": 80}` as a port. An object with an address and a port is a proxy itself.
fn inner<'v, 'a>(field: Field, value: &'v Value<'a>) -> &'v Value<'a> {
    let Value::Object(members) = value else { return value };
    if let [(name, inner)] = &members[..]
        && name.starts_with('$')
    {
        return inner;
    }
    let is_alike = |own: Field| match field {
        Field::Address(_) => matches!(own, Field::Address(_)),
        field => own == field,
    };
    let is_plain = |name: &str| match field {
        Field::Address(_) => name.eq_ignore_ascii_case("value"),
        Field::Port => matches!(record::normal_name(name).as_str(), "number" | "value"),
        Field::Protocols => matches!(record::normal_name(name).as_str(), "name" | "value"),
        _ => false,
    };
    let has_other = members.iter().any(|(name, _)| {
        matches!(Field::named(name), Some(own @ (Field::Address(_) | Field::Port)) if !is_alike(own))
    });
    if members.len() > MAX_CELLS || has_other {
        return value;
    }
    let mut found = members.iter().filter(|(name, inner)| {
        !inner.is_nested() && (is_plain(name) || Field::named(name).is_some_and(is_alike))
    });
    match (found.next(), found.next()) {
        (Some((_, inner)), None) => inner,
        _ => value,
    }
}

/// The text of a field; lists of protocols are joined.
fn scalar<'v>(field: Field, value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    match value {
        Value::Array(items) if field == Field::Protocols => {
            // `["http"]` and `[{"type": "HTTP", "level": "High"}]`.
            let words = items.iter().filter_map(|item| match item {
                Value::Text(text) => Some(text.as_ref()),
                Value::Object(members) => members
                    .iter()
                    .find(|(name, _)| {
                        matches!(Field::named(name), Some(Field::Protocols))
                            || name.eq_ignore_ascii_case("name")
                    })
                    .and_then(|(_, value)| value.as_text()),
                _ => None,
            });
            Some(Cow::Owned(words.collect::<Vec<_>>().join(",")))
        }
        // `{"http": true, "socks4": false}`.
        Value::Object(members) if field == Field::Protocols => {
            let claimed = members.iter().filter(|(_, value)| {
                matches!(value, Value::Bool(true) | Value::Whole(1))
                    || value.as_text().is_some_and(record::is_yes)
            });
            Some(Cow::Owned(claimed.map(|(name, _)| name.as_ref()).collect::<Vec<_>>().join(",")))
        }
        value => value.scalar(),
    }
}

/// The same for a field of an object, where what stands around it may say how it is meant.
fn field_text<'v>(field: Field, value: &'v Value<'_>, inherited: Inherited) -> Option<Cow<'v, str>> {
    let text = scalar(field, value)?;
    Some(match field {
        Field::Protocols if inherited.has_numbered_types => Cow::Borrowed(match text.as_ref() {
            "1" => "http",
            "2" => "https",
            "3" => "socks5",
            "4" => "socks4",
            _ => return Some(text),
        }),
        Field::Port if inherited.has_hex_ports => {
            u32::from_str_radix(text.trim(), 16).map_or(text, |port| Cow::Owned(port.to_string()))
        }
        _ => text,
    })
}

/// The cells of a column: an array of single values, or an object that numbers them.
fn column<'v, 'a>(value: &'v Value<'a>) -> Option<Vec<&'v Value<'a>>> {
    let cells: Vec<_> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members)
            if members.iter().enumerate().all(|(index, (name, _))| *name == index.to_string()) =>
        {
            members.iter().map(|(_, value)| value).collect()
        }
        _ => return None,
    };
    (!cells.is_empty() && cells.iter().all(|cell| !cell.is_nested())).then_some(cells)
}

/// Whether an object is a setting of FoxyProxy up to version 7, whose types are numbers.
fn is_foxyproxy(members: &Members<'_>) -> bool {
    members.iter().any(|(name, _)| {
        matches!(name.as_ref(), "proxySettings" | "whitePatterns" | "blackPatterns" | "proxyDNS")
    }) && members.iter().all(|(name, value)| name != "type" || matches!(value, Value::Whole(_)))
}

/// Whether what a member holds is about something else than proxies to dial: where they come out, whom they may not
/// be used for, who asked.
pub(crate) fn is_no_proxy(name: &str) -> bool {
    const PARTS: [&str; 24] = [
        "exit",
        "export",
        "egress",
        "internal",
        "pattern",
        "exclude",
        "include",
        "bypass",
        "nameserver",
        "rule",
        "judge",
        "origin",
        "forwarded",
        "header",
        "whitelist",
        "blacklist",
        "externalip",
        "realip",
        "clientip",
        "yourip",
        "myip",
        "visitor",
        "outip",
        "upstreamdns",
    ];
    const WHOLE: [&str; 13] = [
        "client",
        "requester",
        "you",
        "dns",
        "listen",
        "inbounds",
        "fallback",
        "controller",
        "externalcontroller",
        "remoteaddr",
        "gateway",
        "routing",
        "bind",
    ];
    let name = record::normal_name(name);
    PARTS.iter().any(|part| name.contains(part)) || WHOLE.contains(&name.as_str())
}

/// Whether an element of a feed leads to a page or says who made it.
fn is_reference(name: &str) -> bool {
    const NAMES: [&str; 16] = [
        "link",
        "guid",
        "loc",
        "docs",
        "generator",
        "comments",
        "href",
        "src",
        "schemalocation",
        "about",
        "icon",
        "logo",
        "image",
        "enclosure",
        "source",
        "permalink",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a member of this name may hold a list as one text.
fn names_a_list(name: &str) -> bool {
    const NAMES: [&str; 20] = [
        "proxy",
        "proxies",
        "proxylist",
        "list",
        "iplist",
        "data",
        "result",
        "results",
        "item",
        "items",
        "content",
        "ips",
        "text",
        "body",
        "response",
        "payload",
        "value",
        "addresses",
        "servers",
        "proxyserver",
    ];
    let name = record::normal_name(name);
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    name.is_empty() || NAMES.contains(&name)
}
