//! Text in which the parts of a proxy carry their names: `IP: 192.0.2.1 Port: 8080` on a line, or one part on each of
//! some neighbouring lines. What a name means is said where records are read; lines that are read without names never
//! come here.

use memchr::memmem;
use proxydeck_domain::{Hints, Host};

use crate::RefusalReason;
use crate::json;
use crate::labels::{self, Claim};
use crate::reading::{self, Found, Reading};
use crate::record::{self, Field, Record};
use crate::text;

/// The longest line that is looked at, and the most words of it: such lines are about one proxy or a few.
const MAX_LABELLED: usize = 4096;
const MAX_WORDS: usize = 256;

/// The longest line that is a name and a value, and how many words its name may have.
const MAX_PART: usize = 256;
const MAX_NAME_WORDS: usize = 3;

/// What shells write in front of a name.
const SHELL_WORDS: [&str; 2] = ["export ", "set "];

/// How many lines the parts of one proxy may be spread over. Real entries have some ten, with places and times.
const MAX_ENTRY_LINES: usize = 16;

/// What the names of ports beyond ASCII have in common, in the languages that are known.
const PORT_NAMES: [&str; 11] =
    ["端口", "連接埠", "连接埠", "埠", "порт", "Порт", "ПОРТ", "ポート", "포트", "ổng", "منفذ"];

/// A word of a line.
#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    /// Whether a comma, a bar or the like stands in front of it, or nothing.
    is_fresh: bool,
}

/// Divides a line into words. Brackets and quotes are blanks; commas, bars and words without a letter begin afresh.
fn words(line: &str) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    let mut is_fresh = true;
    let is_hard = |c: char| matches!(c, ',' | ';' | '|' | '，' | '；' | '、' | '。');
    let is_soft = |c: char| {
        c.is_whitespace() || matches!(c, '(' | ')' | '{' | '}' | '<' | '>' | '"' | '\'' | '`' | '（' | '）')
    };
    let mut rest = line;
    while found.len() < MAX_WORDS {
        let start = rest.find(|c: char| !is_soft(c)).unwrap_or(rest.len());
        rest = &rest[start..];
        let Some(first) = rest.chars().next() else { break };
        if is_hard(first) {
            is_fresh = true;
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let length = rest.find(|c: char| is_soft(c) || is_hard(c)).unwrap_or(rest.len());
        let (text, behind) = rest.split_at(length);
        rest = behind;
        let has_letters = text.contains(|c: char| c.is_alphanumeric());
        if has_letters || sign(text).is_some_and(|(at, _)| at == 0) {
            found.push(Word { text, is_fresh });
            is_fresh = false;
        } else {
            is_fresh = true;
        }
    }
    found
}

/// The first sign in a word that divides a name from its value, and its length.
fn sign(text: &str) -> Option<(usize, usize)> {
    let (at, c) = text.char_indices().find(|(_, c)| matches!(c, ':' | '=' | '：' | '＝'))?;
    // PHP writes `'port' => 80`.
    let is_arrow = c == '=' && text[at + 1..].starts_with('>');
    Some((at, if is_arrow { 2 } else { c.len_utf8() }))
}

/// A word without the brackets around it, unless they are those of an IPv6 address.
fn unbracketed(text: &str) -> &str {
    match text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) if !inner.contains(':') => inner,
        // The end of an array around it.
        _ if !text.contains('[') => text.trim_end_matches(']'),
        _ => text,
    }
}

fn is_address(text: &str) -> bool {
    let is_v4 = text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.matches('.').count() == 3;
    is_v4 || (text.contains(':') && Host::parse(text).is_ok_and(|host| host.ip().is_some()))
}

/// Where in a line a part of it begins.
fn offset(line: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(line.as_ptr() as usize).min(line.len())
}

/// Whether a value may be an address to dial: numbers, a name with a dot, or a URI without a port.
fn may_be_address(text: &str) -> bool {
    is_address(text) || (text.contains('.') && (text.contains("://") || text::host(text.as_bytes()).is_ok()))
}

/// Whether words in front of a name say nothing about it: numbers, protocols.
fn is_trivial(text: &str) -> bool {
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric());
    bare.chars().all(|c| !c.is_alphabetic()) || labels::scheme(bare.as_bytes()).is_some()
}

/// What a name stands for here. Where a page has a column for each protocol, a line has the protocol itself.
fn field_of(name: &str) -> Option<Field> {
    Field::named(name).filter(|field| !matches!(field, Field::PortOf(_)))
}

/// The parts of the proxies of a line, in order.
#[derive(Default)]
struct Parts<'a> {
    found: Vec<(Field, &'a str)>,
    /// Whether anything stands in the line that is neither a name nor a value.
    has_strays: bool,
    /// Whether a password may have been cut, or a line may be read in another way.
    is_ambiguous: bool,
}

/// Finds the names of a line and what they name.
fn parts(line: &str) -> Parts<'_> {
    let words = words(line);
    let mut parts = Parts::default();
    // Words that may be the beginning of a name, and whether a name that is not known stands in front of them, so that
    // they are its value.
    let mut front: Vec<&str> = Vec::new();
    let mut in_value = false;
    let mut at = 0;
    while let Some(&Word { text, is_fresh }) = words.get(at) {
        if is_fresh {
            parts.has_strays |= !in_value && !front.is_empty();
            front.clear();
            in_value = false;
        }
        at += 1;
        let next = words.get(at).copied();
        // A sign may stand in the word, be its end, or begin the next one.
        let (name, value, is_signed) = match sign(text) {
            Some((0, length)) => (front.pop().unwrap_or_default(), &text[length..], true),
            Some((end, length)) if !text[end + length..].starts_with("//") => {
                (&text[..end], &text[end + length..], true)
            }
            _ => match next.and_then(|n| sign(n.text).filter(|_| !n.is_fresh).map(|sign| (n.text, sign))) {
                Some((other, (0, length))) => {
                    at += 1;
                    (text, &other[length..], true)
                }
                _ => (text, "", false),
            },
        };
        let joined = (0..front.len().min(MAX_NAME_WORDS - 1) + 1).rev().find_map(|back| {
            let before = &front[front.len() - back..];
            let full = before.concat() + name;
            field_of(&full).map(|field| (field, back))
        });
        let Some((field, back)) = joined else {
            let is_name = is_signed && name.chars().any(char::is_alphabetic) && !is_address(text);
            if is_name && labels::scheme(name.as_bytes()).is_none() {
                // A name that says nothing about a proxy. Its value goes on up to the next name.
                parts.has_strays |= !in_value && front.len() >= MAX_NAME_WORDS;
                front.clear();
                in_value = true;
                if !value.is_empty() {
                    front.push(value);
                }
                continue;
            }
            let clear = front.iter().all(|word| is_trivial(word));
            if !in_value && clear && is_address(unbracketed(text)) {
                parts.found.push((Field::Address(0), unbracketed(text)));
                front.clear();
            } else {
                front.push(text);
            }
            continue;
        };
        front.truncate(front.len() - back);
        let takes_next = value.is_empty();
        let value =
            if takes_next { words.get(at).filter(|n| !n.is_fresh).map_or("", |n| n.text) } else { value };
        let value = unbracketed(value);
        // `exit ip`, `your ip`, `connect to host`: whose it is, the words in front say.
        let is_own = front.iter().all(|word| is_trivial(word))
            || (in_value
                && is_signed
                && !front.last().is_some_and(|last| json::is_no_proxy(&format!("{last}{name}"))));
        let fits = match field {
            Field::Address(2) if !is_signed => is_address(value),
            Field::Address(_) => may_be_address(value),
            Field::Port => value.starts_with(|c: char| c.is_ascii_digit()),
            Field::Flag(_) => is_signed && (record::is_yes(value) || is_no(value)),
            _ => is_signed && !value.is_empty() && (takes_next || !value.starts_with("//")),
        };
        if !is_own || !fits {
            let is_scheme = labels::scheme(name.as_bytes()).is_some();
            parts.has_strays |= !is_own;
            // The value of a name that was not understood is nothing to dial.
            if is_signed && !is_scheme {
                front.clear();
                in_value = true;
                at += usize::from(takes_next && !value.is_empty() && !is_own);
            } else {
                front.push(text);
            }
            continue;
        }
        parts.has_strays |= !in_value && front.iter().any(|word| !is_trivial(word));
        at += usize::from(takes_next);
        front.clear();
        in_value = false;
        parts.found.push((field, value));
        match field {
            Field::Protocols => {
                // `Type: HTTP, SOCKS 5`.
                let mut end = offset(line, value) + value.len();
                while let Some(more) = words.get(at).filter(|w| is_claim(w.text)) {
                    end = offset(line, more.text) + more.text.len();
                    at += 1;
                }
                if let Some((_, claims)) = parts.found.last_mut() {
                    *claims = &line[offset(line, value)..end];
                }
            }
            // A blank or a sign in a password would have cut it.
            Field::Password | Field::User => {
                let behind = &line[offset(line, value) + value.len()..];
                let next = words.get(at);
                let names_next = next.is_some_and(|w| {
                    let divider = sign(w.text).map(|(end, _)| end).filter(|end| *end > 0);
                    let name = divider.map_or(w.text, |end| &w.text[..end]);
                    let is_signed =
                        divider.is_some() || words.get(at + 1).is_some_and(|n| sign(n.text).is_some());
                    match field_of(name) {
                        Some(Field::Address(0 | 1) | Field::Port) => true,
                        Some(_) => is_signed,
                        None => is_signed && name.len() > 2 && name.chars().all(char::is_alphabetic),
                    }
                });
                let is_blank = behind.chars().nth(1).is_none_or(char::is_whitespace);
                parts.is_ambiguous |= match behind.chars().next() {
                    None => false,
                    Some(',' | ';') => !is_blank && !names_next,
                    Some('，' | '；') => false,
                    Some(c) if c.is_whitespace() => next.is_some_and(|w| !w.is_fresh) && !names_next,
                    Some(_) => true,
                };
            }
            _ => {}
        }
    }
    parts.has_strays |= !in_value && front.iter().any(|word| !is_trivial(word));
    parts
}

fn is_no(value: &str) -> bool {
    ["0", "no", "false", "n", "否", "нет", "不支持"].iter().any(|no| value.eq_ignore_ascii_case(no))
}

/// Whether a word behind a type is another one, or the version of it.
fn is_claim(word: &str) -> bool {
    labels::scheme(word.as_bytes()).is_some() || matches!(word, "4" | "5" | "4/5" | "v4" | "v5")
}

/// Reads the proxies of a line whose parts carry their names. False when there is none.
pub(crate) fn read(line: &[u8], into: &mut Reading) -> bool {
    if line.len() > MAX_LABELLED || !names_a_port(line) {
        return false;
    }
    let Ok(line) = std::str::from_utf8(line) else { return false };
    // Of an object that was cut the last value may be half of one.
    let count = |signs: [u8; 2]| line.bytes().filter(|b| signs.contains(b)).count();
    if line.starts_with(['{', '[']) && count([b'{', b'[']) != count([b'}', b']']) {
        return false;
    }
    let parts = parts(line);
    let mut told = Reading::default();
    let mut entry = Entry::default();
    for (field, value) in parts.found {
        if entry.is_complete() && entry.has(field) {
            entry.read(&mut told);
            entry = Entry::default();
        }
        entry.take(field, value);
    }
    if !entry.is_complete() && told.found.is_empty() && told.problem.is_none() {
        return false;
    }
    entry.read(&mut told);
    if parts.is_ambiguous && told.found.iter().any(|found| found.proxy.account.is_some()) {
        told.disown(RefusalReason::Ambiguous);
    }
    // What was noted before was said of the line as one without names.
    into.problem = told.problem;
    into.found.append(&mut told.found);
    !into.found.is_empty() || into.problem.is_some()
}

/// Whether a line is an entry whose parts carry their names, or the beginning of one.
pub(crate) fn is_entry(line: &str) -> bool {
    let mut reading = Reading::default();
    matches!(part(line), Some(Part::Known(Field::Address(_) | Field::Port, _)))
        || (read(line.as_bytes(), &mut reading) && !reading.found.is_empty())
}

/// Whether a line may name a port, told without dividing it.
fn names_a_port(line: &[u8]) -> bool {
    // `port`, `Port`, `puerto`, `poort`.
    let is_name = |end: usize| {
        end.checked_sub(3).is_some_and(|start| {
            let name = &line[start..end];
            ["por", "uer", "oor"].iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        })
    };
    memchr::memchr2_iter(b't', b'T', line).any(is_name)
        || (!line.is_ascii() && PORT_NAMES.iter().any(|name| memmem::find(line, name.as_bytes()).is_some()))
}

/// The parts of one proxy.
#[derive(Default)]
pub(crate) struct Entry {
    fields: Vec<(Field, String)>,
}

impl Entry {
    fn has(&self, field: Field) -> bool {
        let is_address = |f: Field| matches!(f, Field::Address(_));
        self.fields.iter().any(|(own, _)| *own == field || (is_address(*own) && is_address(field)))
    }

    fn has_address(&self) -> bool {
        self.fields.iter().any(|(field, _)| matches!(field, Field::Address(_)))
    }

    fn has_port(&self) -> bool {
        self.fields.iter().any(|(field, _)| *field == Field::Port)
    }

    fn is_complete(&self) -> bool {
        self.has_address() && self.has_port()
    }

    fn take(&mut self, field: Field, value: &str) {
        if self.fields.len() < 4 * MAX_ENTRY_LINES {
            self.fields.push((field, value.to_owned()));
        }
    }

    fn record(&self) -> Record<'_> {
        let mut record = Record::default();
        let claims = self.fields.iter().filter(|(field, _)| *field == Field::Protocols);
        for (field, value) in self.fields.iter().filter(|(field, _)| *field != Field::Protocols) {
            record.set(*field, value);
        }
        for (field, value) in claims {
            record.set(*field, value);
        }
        record
    }

    fn read(&self, into: &mut Reading) {
        if self.is_complete() {
            self.record().read(Hints::NONE, into);
        }
    }
}

/// A line that is a name and a value and nothing else.
enum Part<'a> {
    /// It says something about a proxy.
    Known(Field, &'a str),
    /// It says something else: a country, a time.
    Other,
}

/// Reads a line as a name and its value. None when it is anything else.
fn part(line: &str) -> Option<Part<'_>> {
    if line.len() > MAX_PART {
        return None;
    }
    let start = line.find(|c: char| c.is_alphanumeric())?;
    let line = &line[start..];
    let line = SHELL_WORDS.iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
    let (at, length) = sign(line)?;
    let (name, value) = (line[..at].trim_end_matches(['"', '\'', ' ', '\t']), &line[at + length..]);
    // Told before anything is looked up: most lines are addresses with something in front of them.
    let is_name = name.starts_with(char::is_alphabetic)
        && name.split_whitespace().count() <= MAX_NAME_WORDS + 1
        && !name.bytes().any(|b| NEVER_IN_NAMES.contains(&b));
    if !is_name || value.starts_with("//") || labels::scheme(name.as_bytes()).is_some() {
        return None;
    }
    let value = value.trim().trim_end_matches([',', ';']).trim_matches(['"', '\'', '`']).trim();
    let Some(field) = field_of(name) else { return Some(Part::Other) };
    let is_word = !value.contains(char::is_whitespace);
    let fits = match field {
        Field::Address(_) => is_word && may_be_address(value),
        Field::Port => is_word && value.starts_with(|c: char| c.is_ascii_digit()),
        Field::Protocols | Field::Version => !value.is_empty() && sign(value).is_none(),
        Field::Flag(_) => record::is_yes(value) || is_no(value),
        _ => is_word && !value.is_empty(),
    };
    Some(if fits { Part::Known(field, value) } else { Part::Other })
}

/// Whether a name and a value may begin here, told by the first bytes: most lines are addresses with something in front.
pub(crate) fn may_be_part(line: &[u8]) -> bool {
    if line.first().is_none_or(u8::is_ascii_digit) || line.len() > MAX_PART {
        return false;
    }
    let sign = line.iter().position(|b| matches!(b, b':' | b'=' | 0xEF));
    // In front of a name a list may have its mark, or a page an emoji.
    sign.is_some_and(|at| !line[..at].iter().any(|b| NEVER_IN_NAMES.contains(b)))
}

/// What no name of a part has in it.
const NEVER_IN_NAMES: [u8; 8] = *b".@[]()/,";

/// Which of the two stands first where an address and its port have lines of their own. What lacks its other half is
/// then never joined with the next one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    AddressFirst,
    PortFirst,
}

/// An entry whose parts stand in lines of their own, as far as it has come.
#[derive(Default)]
pub(crate) struct Upright {
    entry: Entry,
    /// An address with its port, when they stand in one value.
    whole: Option<Found>,
    /// How many lines it has.
    lines: usize,
    /// The first of them, and its number.
    first: String,
    line: u64,
    order: Option<Order>,
}

impl Upright {
    /// Whether there is anything in it.
    pub(crate) const fn is_open(&self) -> bool {
        self.lines > 0
    }

    /// Takes a line, of which `reading` is what it is without a name. Answers whether it was taken; an entry that ends
    /// with it goes to `settle` with its number and its first line.
    pub(crate) fn take(
        &mut self,
        line: &[u8],
        number: u64,
        reading: &mut Reading,
        settle: &mut dyn FnMut(&mut Reading, u64, &str),
    ) -> bool {
        let whole = match &mut reading.found[..] {
            [] => None,
            // What has an account or a protocol of its own needs no lines around it.
            [found]
                if found.stated.is_empty() && found.fallback.is_none() && found.proxy.account.is_none() =>
            {
                Some(found)
            }
            _ => return false,
        };
        let Ok(text) = std::str::from_utf8(line) else { return false };
        match (part(text), whole) {
            (Some(Part::Other), None) if self.is_open() => {
                self.lines += 1;
                if self.lines > MAX_ENTRY_LINES {
                    self.end(settle);
                }
                true
            }
            // `Proxy: 192.0.2.1:80`, whose type may stand in the next line.
            (Some(_), Some(_)) if names_whole(text) => {
                let order = self.order;
                if self.entry.is_complete()
                    || self.entry.has_address()
                    || self.entry.has_port()
                    || self.whole.is_some()
                {
                    self.end(settle);
                }
                self.order = order;
                self.whole = reading.found.pop();
                self.begin(text, number);
                true
            }
            (Some(Part::Known(field, value)), None) => {
                self.take_part(field, value, text, number, settle);
                true
            }
            _ => false,
        }
    }

    fn take_part(
        &mut self,
        field: Field,
        value: &str,
        line: &str,
        number: u64,
        settle: &mut dyn FnMut(&mut Reading, u64, &str),
    ) {
        let is_address = matches!(field, Field::Address(_));
        let is_port = field == Field::Port;
        let lacks_other = (is_address && self.order == Some(Order::AddressFirst) && self.entry.has_port())
            || (is_port && self.order == Some(Order::PortFirst) && self.entry.has_address());
        let is_next = self.entry.has(field) || (self.whole.is_some() && (is_address || is_port));
        if is_next || (lacks_other && !self.entry.is_complete()) || self.lines >= MAX_ENTRY_LINES {
            let order = self.order;
            self.end(settle);
            self.order = order;
        }
        self.begin(line, number);
        if is_address || is_port {
            let first = if is_address { Order::AddressFirst } else { Order::PortFirst };
            self.order = self.order.or(Some(first));
        }
        self.entry.take(field, value);
    }

    fn begin(&mut self, line: &str, number: u64) {
        if self.lines == 0 {
            line.clone_into(&mut self.first);
            self.line = number;
        }
        self.lines += 1;
    }

    /// Ends the entry: what stands behind it is none of its parts.
    pub(crate) fn end(&mut self, settle: &mut dyn FnMut(&mut Reading, u64, &str)) {
        let Self { entry, whole, lines, first, line, .. } = std::mem::take(self);
        if lines == 0 {
            return;
        }
        let mut reading = Reading::default();
        match whole {
            Some(found) => settle_whole(found, &entry, &mut reading),
            None if entry.is_complete() => entry.read(&mut reading),
            None if entry.has_address() => reading.note(RefusalReason::NoPort),
            None => reading.note(RefusalReason::NoAddress),
        }
        settle(&mut reading, line, &first);
    }
}

/// Adds what the lines around a proxy say of it.
fn settle_whole(mut found: Found, entry: &Entry, into: &mut Reading) {
    let claim: Claim = entry.record().claim();
    found.stated = claim.hints;
    let value = |wanted: Field| {
        entry.fields.iter().find(|(field, _)| *field == wanted).map(|(_, value)| value.as_bytes())
    };
    if found.proxy.account.is_none()
        && let Some(user) = value(Field::User)
    {
        match reading::account(user, value(Field::Password).unwrap_or_default()) {
            Ok(account) => found.proxy.account = Some(account),
            Err(reason) => return into.note(reason),
        }
    }
    if claim.foreign {
        return into.note(RefusalReason::OtherScheme);
    }
    if claim.near_miss && claim.hints.is_empty() {
        return into.note(RefusalReason::UnknownProtocol);
    }
    into.found.push(found);
}

/// Whether a line is the name of an address and one word behind it.
fn names_whole(line: &str) -> bool {
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    sign(line).is_some_and(|(at, length)| {
        let value = line[at + length..].trim();
        matches!(field_of(line[..at].trim()), Some(Field::Address(_))) && !value.contains(char::is_whitespace)
    })
}
