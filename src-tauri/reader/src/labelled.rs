//! Text in which the parts of a proxy carry their names: `IP: 192.0.2.1 Port: 8080` on a line, or one part on each of
//! some neighbouring lines. What a name means is said where records are read; lines that are read without names never
//! come here.
//!
//! A line is divided into words ([`words`]), and a [`Walk`] goes over them from name to name. What it finds becomes an
//! [`Entry`] for each proxy; over several lines an [`Upright`] gathers it.
//!
//! Two things keep words apart that do not belong together. A word is *fresh* when it begins the line or stands behind a
//! comma, a bar or a dash: no name and no value reaches over that border, but for a list of types (`Type: HTTP, SOCKS5`).
//! And behind a name that says nothing about a proxy (`Country:`) words are *in its value* up to the next name or the next
//! fresh word, also where they look like an address.

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
    /// Whether nothing in front of it belongs to it: it is the first, or stands behind a comma, a semicolon or a bar, or
    /// behind something without a letter or a digit, such as a dash, an arrow or a bullet.
    is_fresh: bool,
}

/// Divides a line into words. Round, curly and pointed brackets and quotes are blanks. Commas, bars and what has no letter
/// and no digit are no words, but make the next one fresh; what begins with a colon or the like is a word all the same.
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
    /// Whether a user or a password may have been cut.
    is_ambiguous: bool,
}

/// Finds the names of a line and what they name.
fn parts(line: &str) -> Parts<'_> {
    let mut walk = Walk::new(line);
    while let Some(&word) = walk.words.get(walk.at) {
        walk.at += 1;
        walk.step(word);
    }
    walk.parts
}

/// What may be a name and its value, as they stand around a word.
#[derive(Clone, Copy)]
struct Naming<'a> {
    /// The word itself. Where it turns out to be no name, it may be the beginning of one.
    word: &'a str,
    /// What is in front of the sign; without a sign the word.
    name: &'a str,
    /// What is behind the sign, up to the end of the word.
    behind: &'a str,
    /// Whether a colon or the like says that it is a name.
    is_signed: bool,
}

impl Naming<'_> {
    /// Whether the value, if there is one, is the next word.
    const fn is_followed(&self) -> bool {
        self.behind.is_empty()
    }

    /// Whether it is the name of a protocol, which says how an address is dialled and not what stands behind it.
    fn is_scheme(&self) -> bool {
        labels::scheme(self.name.as_bytes()).is_some()
    }

    /// Whether a value is one that the part may have. Without a sign only an address or a port is.
    fn fits(&self, field: Field, value: &str) -> bool {
        match field {
            Field::Address(2) if !self.is_signed => is_address(value),
            Field::Address(_) => may_be_address(value),
            Field::Port => value.starts_with(|c: char| c.is_ascii_digit()),
            Field::Flag(_) => self.is_signed && (record::is_yes(value) || is_no(value)),
            _ => self.is_signed && !value.is_empty() && (self.is_followed() || !value.starts_with("//")),
        }
    }
}

/// Walks over the words of a line, from name to name.
struct Walk<'a> {
    line: &'a str,
    words: Vec<Word<'a>>,
    /// The next word.
    at: usize,
    /// The words since the last fresh one, or since the last part: the beginning of the next name (`proxy` in front of
    /// `port`), or whose address it is (`exit` in front of `ip`).
    front: Vec<&'a str>,
    /// Whether `front` is the value of a name that is no proxy's (`Country: United States`), however many words it has.
    /// Then it does not say whose the next name is, and an address in it is none to dial.
    in_value: bool,
    parts: Parts<'a>,
}

impl<'a> Walk<'a> {
    fn new(line: &'a str) -> Self {
        Self { line, words: words(line), at: 0, front: Vec::new(), in_value: false, parts: Parts::default() }
    }

    /// Takes a word, and with it those behind it that belong to what it names.
    fn step(&mut self, word: Word<'a>) {
        if word.is_fresh {
            self.begin_afresh();
        }
        let naming = self.naming(word.text);
        match self.field(naming.name) {
            Some(field) => self.take_named(field, naming),
            None => self.take_unknown(naming),
        }
    }

    /// Forgets the words in front: what comes next has nothing to do with them.
    fn begin_afresh(&mut self) {
        self.front.clear();
        self.in_value = false;
    }

    /// Begins the value of a name that names nothing to dial. It goes on up to the next name.
    fn begin_value(&mut self) {
        self.front.clear();
        self.in_value = true;
    }

    /// The next word, unless it begins afresh.
    fn following(&self) -> Option<&'a str> {
        self.words.get(self.at).filter(|word| !word.is_fresh).map(|word| word.text)
    }

    /// Divides a word into name and value. The sign may stand in it, be its end, or begin it or the next one.
    fn naming(&mut self, word: &'a str) -> Naming<'a> {
        let (name, behind, is_signed) = match sign(word) {
            Some((0, length)) => (self.front.pop().unwrap_or_default(), &word[length..], true),
            Some((end, length)) if !word[end + length..].starts_with("//") => {
                (&word[..end], &word[end + length..], true)
            }
            _ => self.next_sign().map_or((word, "", false), |behind| (word, behind, true)),
        };
        Naming { word, name, behind, is_signed }
    }

    /// Steps over the next word if it begins with a sign, and answers what is behind the sign.
    fn next_sign(&mut self) -> Option<&'a str> {
        let next = self.following()?;
        let (0, length) = sign(next)? else { return None };
        self.at += 1;
        Some(&next[length..])
    }

    /// What a name stands for, together with as many words in front of it as belong to it (`IP address`, `proxy port`).
    /// Those are taken from the front.
    fn field(&mut self, name: &str) -> Option<Field> {
        let furthest = self.front.len().saturating_sub(MAX_NAME_WORDS - 1);
        let (field, start) = (furthest..=self.front.len()).find_map(|start| {
            let full = self.front[start..].concat() + name;
            field_of(&full).map(|field| (field, start))
        })?;
        self.front.truncate(start);
        Some(field)
    }

    /// Takes a word that names no part: another name, an address without a name, or any word.
    fn take_unknown(&mut self, naming: Naming<'a>) {
        let Naming { word, name, behind, is_signed } = naming;
        if is_signed && name.chars().any(char::is_alphabetic) && !is_address(word) && !naming.is_scheme() {
            self.begin_value();
            if !behind.is_empty() {
                self.front.push(behind);
            }
        } else if !self.in_value && self.is_front_trivial() && is_address(unbracketed(word)) {
            self.parts.found.push((Field::Address(0), unbracketed(word)));
            self.front.clear();
        } else {
            self.front.push(word);
        }
    }

    /// Takes the name of a part with its value, if it is a proxy's and the value is one that it may have.
    fn take_named(&mut self, field: Field, naming: Naming<'a>) {
        let value = if naming.is_followed() { self.following().unwrap_or_default() } else { naming.behind };
        let value = unbracketed(value);
        let is_own = self.is_own(naming);
        if !is_own || !naming.fits(field, value) {
            return self.pass_over(naming, value, is_own);
        }
        self.at += usize::from(naming.is_followed());
        self.begin_afresh();
        let value = if field == Field::Protocols { self.claims(value) } else { value };
        if matches!(field, Field::User | Field::Password) {
            self.parts.is_ambiguous |= self.may_be_cut(value);
        }
        self.parts.found.push((field, value));
    }

    /// Whether what is named is a proxy's. `exit ip`, `your ip`, `connect to host`: whose it is, the words in front say,
    /// unless they are another name's value. Even then the last of them may belong to the name.
    fn is_own(&self, naming: Naming<'_>) -> bool {
        let is_no_proxy = |last: &&str| json::is_no_proxy(&format!("{last}{}", naming.name));
        self.is_front_trivial()
            || (self.in_value && naming.is_signed && !self.front.last().is_some_and(is_no_proxy))
    }

    fn is_front_trivial(&self) -> bool {
        self.front.iter().all(|word| is_trivial(word))
    }

    /// Passes over a name that is somebody else's, or whose value was not understood: that value is nothing to dial.
    fn pass_over(&mut self, naming: Naming<'a>, value: &str, is_own: bool) {
        if !naming.is_signed || naming.is_scheme() {
            // Then it was no name, but a word like any other.
            self.front.push(naming.word);
            return;
        }
        self.begin_value();
        // What was not understood may be a name itself; somebody else's value is not looked at again.
        self.at += usize::from(naming.is_followed() && !value.is_empty() && !is_own);
    }

    /// The value of a type with the words behind it that are types too: `Type: HTTP, SOCKS 5`.
    fn claims(&mut self, first: &'a str) -> &'a str {
        let start = offset(self.line, first);
        let mut end = start + first.len();
        while let Some(more) = self.words.get(self.at).filter(|word| is_claim(word.text)) {
            end = offset(self.line, more.text) + more.text.len();
            self.at += 1;
        }
        &self.line[start..end]
    }

    /// Whether a user or a password may go on behind its value: a blank or a sign in it would have cut it.
    fn may_be_cut(&self, value: &str) -> bool {
        let mut behind = self.line[offset(self.line, value) + value.len()..].chars();
        match behind.next() {
            None | Some('，' | '；') => false,
            Some(',' | ';') => !behind.next().is_none_or(char::is_whitespace) && !self.is_name_next(),
            Some(c) if c.is_whitespace() => self.following().is_some() && !self.is_name_next(),
            Some(_) => true,
        }
    }

    /// Whether the next word is a name, so that the value in front of it is whole.
    fn is_name_next(&self) -> bool {
        let Some(&Word { text, .. }) = self.words.get(self.at) else { return false };
        let divider = sign(text).map(|(end, _)| end).filter(|end| *end > 0);
        let name = divider.map_or(text, |end| &text[..end]);
        let is_signed =
            divider.is_some() || self.words.get(self.at + 1).is_some_and(|next| sign(next.text).is_some());
        match field_of(name) {
            Some(Field::Address(0 | 1) | Field::Port) => true,
            Some(_) => is_signed,
            None => is_signed && name.len() > 2 && name.chars().all(char::is_alphabetic),
        }
    }
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
