//! The text of a page outside of its tables, line by line: addresses, and addresses and ports in lines of their own.

use proxydeck_domain::Hints;

use super::rows::{self, is_address, is_port, read_line};
use crate::labels::Claim;
use crate::lines::MAX_LINE;
use crate::output::Output;
use crate::reading::Reading;
use crate::record::{Field, Record};

/// How many lines behind a port may still say something about the proxy.
const LINES_BEHIND: u8 = 6;

/// The longest line that is the name of a field or a protocol.
const MAX_WORD: usize = 40;

/// A proxy whose parts stand in lines of their own.
#[derive(Default)]
struct Pending {
    address: String,
    port: String,
    hints: Hints,
    is_foreign: bool,
    user: String,
    password: String,
    /// Whether the address holds the port.
    is_whole: bool,
    /// Whether it is a line of the page as it stands, which is counted by itself.
    is_line: bool,
    /// Whether a number stood directly in front of the address.
    number_before: bool,
    /// Lines since the port.
    age: u8,
}

impl Pending {
    /// Whether it is an address that nothing has been said of.
    const fn is_bare(&self) -> bool {
        self.age == 0
            && self.port.is_empty()
            && !self.is_whole
            && self.hints.is_empty()
            && self.user.is_empty()
    }

    /// Notes what a text says about the protocol.
    fn claim(&mut self, text: &str) {
        let claim = Claim::of_column(text);
        self.hints = self.hints.union(claim.hints);
        self.is_foreign |= claim.foreign;
    }
}

/// A column of addresses, and the column of their ports.
#[derive(Default)]
struct Column {
    addresses: Vec<String>,
    ports: Vec<String>,
}

/// The text that is being read.
#[derive(Default)]
pub(super) struct Flow {
    pub(super) line: String,
    /// Whether a line of the source has ended, which is a blank to a browser and mostly the end of an entry.
    is_soft_end: bool,
    /// The field that the line before named.
    label: Option<Field>,
    pending: Option<Pending>,
    /// Whether the line before was a number that belonged to nothing.
    was_number: bool,
    /// Addresses one below the other, and the ports behind all of them.
    column: Column,
    /// How many proxies had their parts in lines of their own, one after the other.
    as_list: u64,
    /// How many were a line of the page, with no word beside them.
    pub(super) whole_lines: u64,
}

impl Flow {
    /// Adds text.
    pub(super) fn push(&mut self, text: &str, out: &mut Output<'_>) {
        for (index, part) in text.split(['\n', '\r']).enumerate() {
            self.is_soft_end |= index > 0;
            if self.is_soft_end && !part.trim().is_empty() {
                // A port may stand in the next line of the source, behind its colon.
                let goes_on = self.line.trim_end().ends_with(':') || part.trim_start().starts_with(':');
                if !goes_on {
                    self.end_line(out);
                }
                self.is_soft_end = false;
            }
            if self.line.len() + part.len() > MAX_LINE {
                self.end_line(out);
            }
            for piece in part.as_bytes().chunks(MAX_LINE) {
                super::push_collapsed(&String::from_utf8_lossy(piece), &mut self.line);
            }
        }
    }

    /// Ends a line.
    pub(super) fn end_line(&mut self, out: &mut Output<'_>) {
        self.is_soft_end = false;
        if self.line.is_empty() {
            return;
        }
        let line = std::mem::take(&mut self.line);
        let trimmed = line.trim();
        if !trimmed.is_empty() {
            self.read(trimmed, out);
        }
        self.line = line;
        self.line.clear();
    }

    /// Ends the text, and says how many proxies stood in it one by one.
    pub(super) fn finish(&mut self, out: &mut Output<'_>) -> u64 {
        self.end_line(out);
        self.settle(out);
        self.settle_column(out);
        self.as_list
    }

    fn read(&mut self, line: &str, out: &mut Output<'_>) {
        let label = self.label.take();
        if self.take_in_column(line, out) || self.take_named(label, line, out) {
            return;
        }
        let was_number = std::mem::take(&mut self.was_number);
        if is_address(line) {
            self.take_address(line, was_number, out);
        } else if !self.take_port(line, out) {
            self.was_number = is_port(line);
            self.take_whole(line, out);
        }
    }

    /// Takes a line into the column of addresses that has begun, or into that of their ports. False when it belongs to
    /// neither, which ends both.
    fn take_in_column(&mut self, line: &str, out: &mut Output<'_>) -> bool {
        let Column { addresses, ports } = &mut self.column;
        if addresses.is_empty() {
            return false;
        }
        if is_port(line) && ports.len() < addresses.len() {
            ports.push(line.to_owned());
            return true;
        }
        if is_address(line) && ports.is_empty() {
            addresses.push(line.to_owned());
            return true;
        }
        self.settle_column(out);
        false
    }

    /// Takes a line that is the name of a field, a name with its value, or the value of the field that the line before
    /// named.
    fn take_named(&mut self, label: Option<Field>, line: &str, out: &mut Output<'_>) -> bool {
        if line.len() > 2 * MAX_WORD {
            return false;
        }
        // `IP:Port`
        if rows::head_of(line) == Some(Field::Address(2)) {
            self.label = Some(Field::Address(2));
            return true;
        }
        if let Some((name, value)) = line.split_once([':', '：'])
            && let Some(field) = rows::head_of(name.trim())
            && is_part(field)
            && !value.contains([':', '：'])
        {
            let value = value.trim();
            if value.is_empty() {
                self.label = Some(field);
            } else {
                self.take(field, value, out);
            }
            return true;
        }
        if let Some(field) = rows::head_of(line).filter(|field| is_part(*field)) {
            self.label = Some(field);
            return true;
        }
        label.is_some_and(|field| self.take(field, line, out))
    }

    /// Takes an address that has a line of its own and no name.
    fn take_address(&mut self, line: &str, was_number: bool, out: &mut Output<'_>) {
        // Two addresses in a row have their ports behind the last of them, or none.
        if let Some(before) = self.pending.take_if(|pending| pending.is_bare()) {
            self.column.addresses = vec![before.address, line.to_owned()];
            return;
        }
        // A number between two addresses, with another one in front of the first: which of the two it belongs to,
        // nobody knows.
        let is_between = |pending: &mut Pending| {
            pending.number_before && pending.age == 0 && !pending.port.is_empty() && !pending.is_whole
        };
        let between = self.pending.take_if(is_between);
        if let Some(before) = &between {
            out.refuse_entry(before.address.as_bytes(), crate::RefusalReason::Ambiguous);
        }
        self.settle(out);
        let number_before = was_number || between.is_some();
        self.pending = Some(Pending { address: line.to_owned(), number_before, ..Pending::default() });
    }

    /// Takes a line as the port of the address in front of it. Any other line may say something about the proxy, and be
    /// something else all the same.
    fn take_port(&mut self, line: &str, out: &mut Output<'_>) -> bool {
        // What a line holds as a whole is only described by lines with names.
        if self.pending.as_ref().is_some_and(|pending| pending.is_whole) {
            self.settle(out);
        }
        let Some(pending) = &mut self.pending else { return false };
        if pending.port.is_empty() && pending.age == 0 && is_port(line) {
            line.clone_into(&mut pending.port);
            return true;
        }
        pending.age += 1;
        if line.len() <= MAX_WORD && !line.contains(':') {
            pending.claim(line);
        }
        if pending.age > LINES_BEHIND || pending.port.is_empty() {
            self.settle(out);
        }
        false
    }

    /// Takes a line that holds proxies as it stands. A single one in it may have its protocol in the lines behind it.
    fn take_whole(&mut self, line: &str, out: &mut Output<'_>) {
        let Some((mut reading, shown)) = read_line(line) else { return };
        self.settle(out);
        let has_words = line.contains(char::is_whitespace);
        self.whole_lines += u64::from(!reading.found.is_empty() && !has_words);
        let is_whole = matches!(&reading.found[..], [found] if found.stated.is_empty());
        if is_whole && reading.problem.is_none() && !has_words {
            self.pending =
                Some(Pending { address: shown, is_whole: true, is_line: true, ..Pending::default() });
        } else {
            out.settle_entry(&mut reading, shown.as_bytes());
        }
    }

    /// Takes a value under the name of its field. False when it cannot be one.
    fn take(&mut self, field: Field, value: &str, out: &mut Output<'_>) -> bool {
        match field {
            // The port stands in it.
            Field::Address(2) => {
                let Some((reading, _)) = read_line(value) else { return false };
                if reading.found.len() != 1 || value.contains(' ') {
                    return false;
                }
                self.settle(out);
                self.pending =
                    Some(Pending { address: value.to_owned(), is_whole: true, ..Pending::default() });
            }
            Field::Address(_) => {
                let is_name = value.contains('.') && !value.contains(' ');
                if !is_address(value) && !is_name {
                    return false;
                }
                self.settle(out);
                self.pending = Some(Pending { address: value.to_owned(), ..Pending::default() });
            }
            field => {
                let Some(pending) = &mut self.pending else { return false };
                match field {
                    Field::Port if is_port(value) => value.clone_into(&mut pending.port),
                    Field::Protocols | Field::Version => pending.claim(value),
                    Field::User => value.clone_into(&mut pending.user),
                    Field::Password => value.clone_into(&mut pending.password),
                    _ => return false,
                }
                pending.age = 0;
            }
        }
        true
    }

    /// Tells of the proxies whose addresses stood one below the other, when there are as many ports behind them.
    fn settle_column(&mut self, out: &mut Output<'_>) {
        let Column { addresses, ports } = std::mem::take(&mut self.column);
        if addresses.len() != ports.len() {
            if let Some(first) = addresses.first() {
                out.refuse_entry(first.as_bytes(), crate::RefusalReason::NoPort);
            }
            return;
        }
        let told = out.count();
        for (address, port) in addresses.iter().zip(&ports) {
            let mut record = Record::default();
            record.set(Field::Address(0), address);
            record.set(Field::Port, port);
            let mut reading = Reading::default();
            record.read(Hints::NONE, &mut reading);
            out.settle_entry(&mut reading, record.summary().as_bytes());
        }
        self.as_list += out.count().0 - told.0;
    }

    /// Tells of the proxy whose parts stood in lines of their own.
    fn settle(&mut self, out: &mut Output<'_>) {
        let Some(pending) = self.pending.take() else { return };
        if pending.port.is_empty() && !pending.is_whole {
            return;
        }
        let mut record = Record::default();
        record.set(Field::Address(if pending.is_whole { 2 } else { 0 }), &pending.address);
        record.set(Field::Port, &pending.port);
        record.set(Field::User, &pending.user);
        record.set(Field::Password, &pending.password);
        if pending.is_foreign {
            record.set(Field::Foreign, "type");
        }
        let mut reading = Reading::default();
        record.read(pending.hints, &mut reading);
        let told = out.count();
        out.settle_entry(&mut reading, record.summary().as_bytes());
        if !pending.is_line {
            self.as_list += out.count().0 - told.0;
        }
    }
}

/// Whether a field is a part of a proxy that may stand in a line of its own.
fn is_part(field: Field) -> bool {
    matches!(
        field,
        Field::Address(0 | 1)
            | Field::Port
            | Field::Protocols
            | Field::Version
            | Field::User
            | Field::Password
    )
}
