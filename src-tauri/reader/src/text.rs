//! Lines of text: addresses alone, in columns, among words, with accounts in front or behind.

use std::ops::Range;

use memchr::memmem;
use proxydeck_domain::{Account, Endpoint, Hints, Host, Protocol};

use crate::RefusalReason;
use crate::json;
use crate::labelled;
use crate::labels;
use crate::pac;
use crate::reading::{self, Found, Reading};
use crate::uri;

/// Dividers of cells in lists without a header.
const CELL_DIVIDERS: [u8; 4] = [b'\t', b',', b';', b'|'];

/// The longest IPv6 address in brackets, with the longest zone that is worth telling apart.
const MAX_BRACKETS: usize = 64;

/// Endings of files, which make `main.rs:10` look like a host and a port. Some are countries too, so they only
/// count where the name has two labels and other words stand around it.
const FILE_ENDINGS: [&str; 24] = [
    "c", "cc", "conf", "cpp", "css", "cs", "go", "h", "html", "htm", "java", "js", "json", "jsx", "log",
    "md", "php", "py", "rb", "rs", "sh", "ts", "txt", "xml",
];

/// Those of them that are top-level domains as well.
const TOP_LEVEL_ENDINGS: [&str; 5] = ["cc", "md", "py", "rs", "sh"];

/// Reads a line that is no table and no JSON.
pub(crate) fn read(line: &[u8], into: &mut Reading) {
    let line = without_remark(line);
    if read_choice(line, into) {
        return;
    }
    if !read_words(line, into) && !read_cells(line, into) {
        uri::read_all(line, into, scan);
    }
    if into.found.is_empty()
        && !labelled::read(line, into)
        && !read_wide(line, into)
        && into.problem.is_none()
    {
        return;
    }
    if (!into.found.is_empty() || into.problem.is_some()) && labels::is_foreign_line(line) {
        return into.disown(RefusalReason::OtherScheme);
    }
    claim_by_words(line, into);
}

/// Cuts a remark that stands behind a blank and a `#`. A `#` without a blank may be part of a password.
fn without_remark(line: &[u8]) -> &[u8] {
    memchr::memchr_iter(b'#', line)
        .find(|&at| at > 0 && line[at - 1].is_ascii_whitespace())
        .map_or(line, |at| line[..at].trim_ascii_end())
}

/// Gives proxies without a protocol the one that a word of the line names, where it cannot mean another one.
fn claim_by_words(line: &[u8], into: &mut Reading) {
    if into.found.is_empty() || into.found.iter().any(|f| !f.stated.is_empty() || f.fallback.is_some()) {
        return;
    }
    let mut hints = labels::in_words(line);
    if into.found.len() > 1 && !hints.is_empty() {
        // A word between two addresses is about one of them: `192.0.2.1:80 http, 192.0.2.2:81`.
        hints = around(line, into);
    }
    if into.found.len() == 1 || hints.iter().count() == 1 {
        for found in &mut into.found {
            found.stated = hints;
        }
    }
}

/// The protocols that a line names in front of its first address or behind its last one.
fn around(line: &[u8], reading: &Reading) -> Hints {
    let place = |found: Option<&Found>, is_last: bool| {
        let host = found?.proxy.endpoint.host().to_string();
        if is_last { memmem::rfind(line, host.as_bytes()) } else { memmem::find(line, host.as_bytes()) }
    };
    let (Some(first), Some(last)) = (place(reading.found.first(), false), place(reading.found.last(), true))
    else {
        return Hints::NONE;
    };
    labels::in_words(&line[..first]).union(labels::in_words(&line[last..]))
}

/// Reads what a PAC file returns, on a line of its own: `PROXY 192.0.2.1:80; SOCKS5 192.0.2.2:1080; DIRECT`. True when
/// the line is that.
fn read_choice(line: &[u8], into: &mut Reading) -> bool {
    if !matches!(line.first(), Some(b'P' | b'S' | b'H' | b'D')) || memchr::memchr(b';', line).is_none() {
        return false;
    }
    let entries: Option<Vec<_>> = line
        .split(|b| *b == b';')
        .map(<[u8]>::trim_ascii)
        .filter(|entry| !entry.is_empty() && *entry != b"DIRECT")
        .map(|entry| pac::entry(std::str::from_utf8(entry).ok()?))
        .collect();
    let Some(entries) = entries.filter(|entries| !entries.is_empty()) else { return false };
    for (stated, read) in entries {
        match read {
            Ok(endpoint) => into.take(endpoint, None, stated),
            Err(reason) => into.note(reason),
        }
    }
    true
}

/// Reads an address and a port with a colon between them that has blanks around it or is a wide one: `192.0.2.1 : 80`,
/// `192.0.2.1：80`. False when the line is something else.
fn read_wide(line: &[u8], into: &mut Reading) -> bool {
    const WIDE: &[u8] = "：".as_bytes();
    let length = line.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let (front, rest) = line.split_at(length);
    let colon = rest.trim_ascii_start();
    let is_spaced = colon.len() < rest.len();
    let (port, is_wide) = match (colon.strip_prefix(b":"), colon.strip_prefix(WIDE)) {
        (Some(port), _) => (port, false),
        (_, Some(port)) => (port, true),
        _ => return false,
    };
    let is_apart = is_spaced || is_wide || port.first().is_some_and(u8::is_ascii_whitespace);
    let port = port.trim_ascii_start();
    let digits = port.iter().take_while(|b| b.is_ascii_digit()).count();
    let behind = &port[digits..];
    // Behind `192.0.2.1: 80` a word may be what is counted.
    let is_clear = behind.is_empty() || ((is_spaced || is_wide) && behind[0].is_ascii_whitespace());
    let Some(found) = address(front).filter(|_| is_apart && digits > 0 && is_clear) else { return false };
    into.problem = None;
    note_pair(found, &port[..digits], into);
    true
}

/// Reads `ip port …`, `name port`, and `type host port [user password]` as proxychains has it. True when the line
/// has such a shape, whatever came of it.
fn read_words(line: &[u8], into: &mut Reading) -> bool {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
    let (Some(first), Some(second)) = (words.next(), words.next()) else { return false };
    if let Some(protocol) = labels::scheme(first) {
        let Some(port) = words.next().filter(|w| is_number(w)) else { return false };
        let rest = [words.next(), words.next(), words.next()];
        let account = match rest {
            [None, ..] => Ok(None),
            [Some(user), Some(password), None] => reading::account(user, password).map(Some),
            // More columns than proxychains knows: they are remarks, so the host has to be plain.
            _ if address(second).is_some() => Ok(None),
            _ => return false,
        };
        let read = account.and_then(|account| Ok((endpoint(host(second)?, port)?, account)));
        match read {
            Ok((endpoint, account)) => into.take(endpoint, account, Hints::NONE.with(protocol)),
            Err(reason) => into.note(reason),
        }
        return true;
    }
    let is_host = |word: &[u8]| word.contains(&b'.') || word.contains(&b':');
    if labels::is_near_miss(first) && is_host(second) {
        // `SOCKS 1.2.3.4:1080` says less than it should, `sock5 …` is wrong.
        let unversioned = first.eq_ignore_ascii_case(b"socks") && second.contains(&b':');
        if !unversioned {
            into.note(RefusalReason::UnknownProtocol);
            return true;
        }
    }
    if !is_number(second) {
        return false;
    }
    let found = match address(first) {
        Some(found) => found,
        None if words.next().is_none() => match plausible_name(first, true) {
            Some(name) => Ok(name),
            None => return false,
        },
        None => return false,
    };
    note_pair(found, second, into);
    true
}

/// Reads an address and a port that are neighbouring cells. True when there are such.
fn read_cells(line: &[u8], into: &mut Reading) -> bool {
    for divider in CELL_DIVIDERS {
        if memchr::memchr(divider, line).is_none() {
            continue;
        }
        let mut before: Option<&[u8]> = None;
        // A name counts only where the line begins with it, or with its type: elsewhere too many things look like
        // names.
        let mut leads = true;
        for cell in line.split(|b| *b == divider).map(unquoted).filter(|c| !c.is_empty()) {
            if let Some(host) = before
                && is_number(cell)
            {
                let name = || if leads { plausible_name(host, false).map(Ok) } else { None };
                if let Some(found) = address(host).or_else(name) {
                    note_pair(found, cell, into);
                    return true;
                }
            }
            leads = before.is_none_or(|first| leads && labels::scheme(first).is_some());
            before = Some(cell);
        }
    }
    false
}

fn note_pair(host: Result<Host, RefusalReason>, port: &[u8], into: &mut Reading) {
    match host.and_then(|host| endpoint(host, port)) {
        Ok(endpoint) => into.take(endpoint, None, Hints::NONE),
        Err(reason) => into.note(reason),
    }
}

/// A cell without blanks and quotes around it.
fn unquoted(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    // `('192.0.2.1', 80)`; brackets of IPv6 stay.
    let cell = match cell {
        [b'(' | b'[' | b'{', inner @ ..] if !inner.contains(&b':') => inner.trim_ascii(),
        [inner @ .., b')' | b']' | b'}'] if !inner.contains(&b':') => inner.trim_ascii(),
        cell => cell,
    };
    match cell {
        [a @ (b'"' | b'\''), inner @ .., b] if a == b => inner.trim_ascii(),
        _ => cell,
    }
}

/// Reads a text that is meant as an address and nothing else: four groups of digits, or IPv6. None when it is not.
fn address(text: &[u8]) -> Option<Result<Host, RefusalReason>> {
    let is_v4 = text.iter().all(|b| b.is_ascii_digit() || *b == b'.')
        && text.iter().filter(|b| **b == b'.').count() == 3;
    let is_v6 = text.iter().filter(|b| **b == b':').count() >= 2
        && text.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.' | b'[' | b']' | b'%'));
    if is_v4 {
        return Some(host(text));
    }
    // Times and dates have colons too: what is no IPv6 address is not meant as one.
    is_v6.then(|| host(text)).filter(|read| read.is_ok() || text.contains(&b'%'))
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

fn as_text(bytes: &[u8]) -> Result<&str, RefusalReason> {
    std::str::from_utf8(bytes).map_err(|_| RefusalReason::BadName)
}

/// Reads a host. A name that ends in a number is an address with something glued to it: `192.0.2.1x`, `192.0.2.1-9`.
pub(crate) fn host(text: &[u8]) -> Result<Host, RefusalReason> {
    let host = Host::parse(as_text(text)?)?;
    let ends_in_number = |name: &str| {
        name.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()))
    };
    if host.name().is_some_and(ends_in_number) { Err(RefusalReason::BadAddress) } else { Ok(host) }
}

fn endpoint(host: Host, port: &[u8]) -> Result<Endpoint, RefusalReason> {
    Ok(Endpoint::new(host, Endpoint::parse_port(as_text(port)?)?)?)
}

/// Reads a name that has neither an account nor a scheme to vouch for it. `alone`, with no other words near, any name
/// will do.
fn plausible_name(text: &[u8], alone: bool) -> Option<Host> {
    let host = host(text).ok()?;
    let name = host.name()?;
    let last = name.rsplit('.').next()?;
    let is_top_level =
        last.starts_with("xn--") || (last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic()));
    let is_file = name.matches('.').count() == 1 && FILE_ENDINGS.contains(&last);
    // No country is called `txt`.
    let is_none = is_file && !TOP_LEVEL_ENDINGS.contains(&last);
    ((alone && !is_none) || (is_top_level && !is_file)).then_some(host)
}

/// A part of a line between blanks and the characters that never stand in an address or an account.
#[derive(Clone, Copy)]
struct Chunk<'a> {
    text: &'a [u8],
    /// Whether both ends are such that a password cannot have been cut there.
    is_whole: bool,
    /// Whether it is the whole line.
    is_line: bool,
    /// Whether only a protocol or signs stand in front of it in the line.
    leads: bool,
}

/// Looks for addresses among the words of a part of a line.
fn scan(line: &[u8], part: Range<usize>, into: &mut Reading) {
    let mut leads = part.start == 0;
    let is_line = part.len() == line.len();
    let piece = &line[part];
    let divides =
        |b: &u8| b.is_ascii_whitespace() || matches!(b, b'"' | b'<' | b'>' | b'|' | b',' | b';' | b'`');
    let mut start = 0;
    let mut words: [&[u8]; 2] = [b"", b""];
    while start < piece.len() {
        let length = piece[start..].iter().position(divides).unwrap_or(piece.len() - start);
        let end = start + length;
        if length > 0 {
            let left = start.checked_sub(1).map(|at| piece[at]);
            let (right, beyond) = (piece.get(end), piece.get(end + 1));
            let is_whole = match right {
                None => true,
                Some(b'"') => left == Some(b'"'),
                Some(b'<') => left == Some(b'>'),
                Some(b',' | b';') => beyond.is_none_or(u8::is_ascii_whitespace),
                Some(b) => b.is_ascii_whitespace(),
            } && left.is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'>'));
            let text = &piece[start..end];
            let chunk = Chunk { text, is_whole, is_line: is_line && length == piece.len(), leads };
            let may_be_address = text[0].is_ascii_digit() || text.contains(&b':');
            let is_elsewhere = may_be_address && is_named_elsewhere(&words);
            words = [words[1], text];
            leads &= labels::scheme(bare_word(text)).is_some() || !text.iter().any(u8::is_ascii_alphanumeric);
            if is_elsewhere {
                into.note(RefusalReason::NoAddress);
            } else if let Err(reason) = read_chunk(chunk, into) {
                into.note(reason);
            }
        }
        start = end + 1;
    }
}

/// Whether the words in front of an address say that it is none to dial: `Exit IP: …`, `X-Forwarded-For: …`.
fn is_named_elsewhere([before, name]: &[&[u8]; 2]) -> bool {
    let Some(name) = name.strip_suffix(b":") else { return false };
    let is_word = |word: &[u8]| word.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if name.is_empty() || name.len() > MAX_BRACKETS || !is_word(name) {
        return false;
    }
    let before = if is_word(before) && before.len() <= MAX_BRACKETS { *before } else { b"" };
    std::str::from_utf8(&[before, name].concat()).is_ok_and(json::is_no_proxy)
}

fn read_chunk(chunk: Chunk<'_>, into: &mut Reading) -> Result<(), RefusalReason> {
    if memchr::memchr(b':', chunk.text).is_none() {
        return match address(bare_word(chunk.text)) {
            Some(_) => Err(RefusalReason::NoPort),
            None => Ok(()),
        };
    }
    let text = without_brackets(chunk.text);
    let bare = trim_at(text);
    if memchr::memchr(b'@', bare).is_some() {
        let (endpoint, account, stated) = read_with_account(bare)?;
        if account.is_some() && !chunk.is_whole {
            return Err(RefusalReason::Ambiguous);
        }
        into.take(endpoint, account, stated);
        return Ok(());
    }
    let chunk = Chunk { text: bare, ..chunk };
    if chunk.is_line
        && !bare.is_ascii()
        && let Ok((endpoint, used)) = endpoint_prefix(bare)
        && used == bare.len()
    {
        into.take(endpoint, None, Hints::NONE);
        return Ok(());
    }
    read_anchored(chunk, into)
}

/// A word without the punctuation around it.
fn bare_word(text: &[u8]) -> &[u8] {
    let is_word = |b: &u8| !b.is_ascii_punctuation();
    let start = text.iter().position(is_word).unwrap_or(text.len());
    let end = text.iter().rposition(is_word).map_or(start, |at| at + 1);
    &text[start..end]
}

/// A chunk without a pair of brackets or quotes around it, and without the name of a setting in front of it
/// (`http_proxy=…`).
fn without_brackets(text: &[u8]) -> &[u8] {
    let text = match text {
        [b'(', inner @ .., b')'] | [b'{', inner @ .., b'}'] | [b'\'', inner @ .., b'\''] => inner,
        _ => text,
    };
    let key = text.iter().take_while(|b| b.is_ascii_alphabetic() || **b == b'_').count();
    let is_setting = text.get(key) == Some(&b'=') && text[..key].to_ascii_lowercase().ends_with(b"proxy");
    if is_setting { &text[key + 1..] } else { text }
}

/// A chunk without an `@` at its ends, where it divides nothing.
fn trim_at(text: &[u8]) -> &[u8] {
    let text = text.strip_prefix(b"@").unwrap_or(text);
    text.strip_suffix(b"@").unwrap_or(text)
}

/// Reads a chunk with an `@` in it: `user:password@host:port`, `host:port@user:password`, `host:port@TYPE#…`, and
/// `host:port:user:p@ssword`.
fn read_with_account(text: &[u8]) -> Result<(Endpoint, Option<Account>, Hints), RefusalReason> {
    let Some(last) = memchr::memrchr(b'@', text) else { return Err(RefusalReason::Syntax) };
    let (left, right) = (&text[..last], &text[last + 1..]);
    let in_front = match endpoint_prefix(right) {
        Ok((endpoint, used)) => {
            let colon = memchr::memchr(b':', left).ok_or(RefusalReason::Syntax)?;
            if left[..colon].eq_ignore_ascii_case(b"mailto") {
                return Err(RefusalReason::PageAddress);
            }
            let is_address = endpoint_prefix(left)
                .is_ok_and(|(other, used)| used == left.len() && other.host().ip().is_some());
            if is_address || labels::scheme(&left[..colon]).is_some() {
                return Err(RefusalReason::Ambiguous);
            }
            let stated = match Suffix::of(&right[used..])? {
                Suffix::Account(..) => return Err(RefusalReason::Ambiguous),
                Suffix::Label(protocol) => Hints::NONE.with(protocol),
                Suffix::Remark => Hints::NONE,
            };
            return Ok((endpoint, Some(reading::account(&left[..colon], &left[colon + 1..])?), stated));
        }
        Err(reason) => reason,
    };
    let first = memchr::memchr(b'@', text).unwrap_or(last);
    match endpoint_prefix(text) {
        Ok((endpoint, used)) if used == first => {
            let behind = &text[first + 1..];
            let word = behind.iter().take_while(|b| b.is_ascii_alphanumeric()).count();
            if let Some(protocol) = labels::scheme(&behind[..word])
                && behind.get(word) != Some(&b':')
            {
                return Ok((endpoint, None, Hints::NONE.with(protocol)));
            }
            let colon = memchr::memchr(b':', behind).ok_or(RefusalReason::Syntax)?;
            Ok((endpoint, Some(reading::account(&behind[..colon], &behind[colon + 1..])?), Hints::NONE))
        }
        Ok((endpoint, used)) if text.get(used) == Some(&b':') => {
            let behind = &text[used + 1..];
            let colon = memchr::memchr(b':', behind).ok_or(RefusalReason::Syntax)?;
            if behind[..colon].contains(&b'@') {
                return Err(RefusalReason::Ambiguous);
            }
            Ok((endpoint, Some(reading::account(&behind[..colon], &behind[colon + 1..])?), Hints::NONE))
        }
        Ok(_) => Err(RefusalReason::Syntax),
        Err(reason) if reason.is_fault() && !in_front.is_fault() => Err(reason),
        Err(_) => Err(if in_front.is_fault() { in_front } else { RefusalReason::Syntax }),
    }
}

/// Reads every `host:port` of a chunk, taking each colon for the one between them.
fn read_anchored(chunk: Chunk<'_>, into: &mut Reading) -> Result<(), RefusalReason> {
    let text = chunk.text;
    let before = into.found.len();
    let mut problem = None;
    let mut at = 0;
    while let Some(colon) = memchr::memchr(b':', &text[at..]).map(|found| at + found) {
        let step = match host_before(text, at, colon) {
            None => Ok(colon + 1),
            Some(start) => read_at(chunk, start, colon, into),
        };
        at = match step {
            Ok(next) => next,
            Err(reason) => {
                problem = problem.filter(|p: &RefusalReason| p.is_fault() || *p > reason).or(Some(reason));
                if !reason.is_fault() {
                    at = colon + 1;
                    continue;
                }
                // What is glued together is not taken apart: the rest of the run is refused with it.
                let is_run = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':');
                colon + text[colon..].iter().take_while(|b| is_run(b)).count()
            }
        };
    }
    if into.found.len() == before && text.iter().filter(|b| **b == b':').count() > 2 {
        // An IPv6 address without brackets: its last group may be meant as the port.
        if as_text(bare_word(text)).is_ok_and(|t| t.parse::<std::net::Ipv6Addr>().is_ok()) {
            return Err(if text[0] == b'[' { RefusalReason::NoPort } else { RefusalReason::Ambiguous });
        }
    }
    problem.map_or(Ok(()), Err)
}

/// Where the host in front of a colon begins, if anything there can be one.
fn host_before(text: &[u8], from: usize, colon: usize) -> Option<usize> {
    let front = &text[from..colon];
    if front.last() == Some(&b']') {
        // The colons inside the brackets have been passed already, so the look goes further back than `from`.
        let earliest = colon.saturating_sub(MAX_BRACKETS);
        let bracket = earliest + memchr::memrchr(b'[', &text[earliest..colon])?;
        // A bracket that was closed before belongs to another host.
        return memchr::memchr(b']', &text[bracket..])
            .filter(|end| bracket + end + 1 == colon)
            .map(|_| bracket);
    }
    let digits = front.iter().rev().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let stopped_by = front.len().checked_sub(digits + 1).map(|at| front[at]);
    let joined = stopped_by.is_some_and(|b| b.is_ascii_alphabetic() || b == b'-');
    let is_address = front[front.len() - digits..].contains(&b'.');
    if joined || (stopped_by == Some(b'_') && !is_address) {
        let name = front.iter().rev().take_while(|b| is_host_byte(**b)).count();
        return Some(colon - name);
    }
    // Digits without a dot are times and counters.
    is_address.then_some(colon - digits)
}

const fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

/// Reads what stands around one colon. Returns where to go on.
fn read_at(chunk: Chunk<'_>, start: usize, colon: usize, into: &mut Reading) -> Result<usize, RefusalReason> {
    let text = chunk.text;
    let host_text = &text[start..colon];
    let is_name = host_text[0] != b'[' && !host_text.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    let before = &text[..start];
    if is_name {
        let port = &text[colon + 1..];
        // A word in front of something else than a port, such as `proxy:1.2.3.4:80`.
        let port = &port[..port.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count()];
        if port.is_empty() || port.contains(&b'.') {
            return Ok(colon + 1);
        }
    }
    let (endpoint, used) = endpoint_prefix(&text[start..]).map_err(|reason| match reason {
        // A name that is none is an ordinary word, and says nothing about the rest of the line.
        RefusalReason::BadAddress if is_name || is_decimal(host_text) => RefusalReason::BadName,
        RefusalReason::Glued if is_name && is_host_name(host_text) => RefusalReason::Syntax,
        reason => reason,
    })?;
    let end = start + used;
    let behind = &text[end..];
    if is_name {
        // Among words too many things look like a name and a port: versions, files, the `Via` of another proxy.
        if !chunk.leads {
            return Err(RefusalReason::BadName);
        }
        let is_edge = |b: &u8| matches!(b, b'(' | b'[' | b'{' | b'\'' | b'=' | b'*' | b':');
        let alone = chunk.is_line && start == 0 && behind.is_empty();
        if before.last().is_some_and(|b| !is_edge(b)) || plausible_name(host_text, alone).is_none() {
            return Err(RefusalReason::BadName);
        }
    } else if before.last() == Some(&b'%') || glues(last_char(before)) {
        return Err(RefusalReason::Glued);
    }
    if matches!(behind, [b'/', digit, ..] if digit.is_ascii_digit()) {
        // A network in its notation with a mask, or a list of ports.
        return Err(RefusalReason::Ambiguous);
    }
    // `socks5=192.0.2.1:80` of some configurations, `exit=192.0.2.1:80` of some lists.
    let named = before.strip_suffix(b"=").map(|front| {
        let length =
            front.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
        &front[front.len() - length..]
    });
    if let Some(name) = named {
        if labels::is_foreign_type(name) {
            return Err(RefusalReason::OtherScheme);
        }
        if std::str::from_utf8(name).is_ok_and(json::is_no_proxy) {
            return Err(RefusalReason::NoAddress);
        }
    }
    let front = if let Some(protocol) = named.and_then(labels::scheme) {
        Front::Label(protocol)
    } else if before.last() == Some(&b':') {
        Front::of(&before[..start - 1])?
    } else {
        Front::Remark
    };
    let suffix = Suffix::of(behind)?;
    let (account, stated) = match (front, suffix) {
        (Front::Remark, Suffix::Remark) => (None, Hints::NONE),
        (Front::Label(protocol), Suffix::Remark) | (Front::Remark, Suffix::Label(protocol)) => {
            (None, Hints::NONE.with(protocol))
        }
        (Front::Label(protocol), Suffix::Account(user, password)) => {
            (Some(reading::account(user, password)?), Hints::NONE.with(protocol))
        }
        (Front::Remark, Suffix::Account(user, password))
        | (Front::Account(user, password), Suffix::Remark) => {
            (Some(reading::account(user, password)?), Hints::NONE)
        }
        _ => return Err(RefusalReason::Ambiguous),
    };
    if account.is_some() && !chunk.is_whole {
        return Err(RefusalReason::Ambiguous);
    }
    into.take(endpoint, account, stated);
    Ok(if behind.first() == Some(&b':') { text.len() } else { end })
}

/// Whether a host is a number with a point, as in times and versions.
fn is_decimal(host_text: &[u8]) -> bool {
    host_text.iter().filter(|b| **b == b'.').count() == 1
}

/// Whether a host is a name and not an address that letters are glued to.
fn is_host_name(host_text: &[u8]) -> bool {
    host_of(host_text).is_ok_and(|host| host.name().is_some())
}

/// What stands in front of `:host:port`.
enum Front<'a> {
    Remark,
    Label(Protocol),
    Account(&'a [u8], &'a [u8]),
}

impl<'a> Front<'a> {
    fn of(text: &'a [u8]) -> Result<Self, RefusalReason> {
        let mut fields = text.split(|b| *b == b':');
        match (fields.next(), fields.next(), fields.next()) {
            (Some(word), None, _) => {
                if let Some(protocol) = labels::scheme(word) {
                    Ok(Self::Label(protocol))
                } else if labels::is_foreign_type(word) {
                    Err(RefusalReason::OtherScheme)
                } else if is_number(word) {
                    Err(RefusalReason::Ambiguous)
                } else {
                    Ok(Self::Remark)
                }
            }
            (Some(_), Some(b""), None) => Ok(Self::Remark),
            (Some(user), Some(password), None) if could_be_account(user, password) => {
                Ok(Self::Account(user, password))
            }
            _ => Err(RefusalReason::Ambiguous),
        }
    }
}

/// Whether two words in front of an address can be an account: not a time, not a protocol and something.
fn could_be_account(user: &[u8], password: &[u8]) -> bool {
    let is_time = is_number(user) && is_number(password);
    !user.is_empty() && !is_time && labels::scheme(user).is_none()
}

/// What stands behind `host:port`.
pub(crate) enum Suffix<'a> {
    /// Nothing, or a word such as a country.
    Remark,
    /// A protocol.
    Label(Protocol),
    /// A user name and a password.
    Account(&'a [u8], &'a [u8]),
}

impl<'a> Suffix<'a> {
    /// Tells what stands behind a port, up to the end of the word.
    pub(crate) fn of(text: &'a [u8]) -> Result<Self, RefusalReason> {
        let Some(text) = text.strip_prefix(b":") else { return Ok(Self::Remark) };
        let mut fields = text.split(|b| *b == b':');
        let (first, second, third) = (fields.next().unwrap_or_default(), fields.next(), fields.next());
        if let Some(protocol) = labels::scheme(first) {
            return Ok(Self::Label(protocol));
        }
        match (second, third) {
            _ if first.is_empty() => Ok(Self::Remark),
            (None, _) if is_number(first) || address(first).is_some() => Err(RefusalReason::Ambiguous),
            (None, _) if labels::is_foreign_type(first) => Err(RefusalReason::OtherScheme),
            (None, _) => Ok(Self::Remark),
            (Some(_), _) if address(first).is_some() => Err(RefusalReason::Glued),
            (Some(password), None) => Ok(Self::Account(first, password)),
            (Some(_), Some(_)) => Err(RefusalReason::Ambiguous),
        }
    }
}

/// Reads `host:port` at the beginning of a text, and how many bytes it takes. What stands behind it is no letter,
/// digit, dot or hyphen.
pub(crate) fn endpoint_prefix(text: &[u8]) -> Result<(Endpoint, usize), RefusalReason> {
    let host_end = if text.first() == Some(&b'[') {
        memchr::memchr(b']', text).map_or(text.len(), |at| at + 1)
    } else {
        text.iter().take_while(|b| is_host_byte(**b) || !b.is_ascii()).count()
    };
    if host_end == 0 {
        return Err(RefusalReason::NoAddress);
    }
    if text.get(host_end) != Some(&b':') {
        return Err(RefusalReason::NoPort);
    }
    let host = host_of(&text[..host_end])?;
    let rest = &text[host_end + 1..];
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return Err(RefusalReason::NoPort);
    }
    let behind = &rest[digits..];
    let joined = behind.first().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    if joined || glues(first_char(behind)) {
        return Err(RefusalReason::Glued);
    }
    Ok((endpoint(host, &rest[..digits])?, host_end + 1 + digits))
}

/// Reads the host of an endpoint, and says whether it is cut or glued to something.
fn host_of(text: &[u8]) -> Result<Host, RefusalReason> {
    let tail_start = text.iter().rposition(|b| !(b.is_ascii_digit() || *b == b'.')).map_or(0, |at| at + 1);
    let (front, tail) = text.split_at(tail_start);
    let is_address = tail.iter().filter(|b| **b == b'.').count() >= 3;
    if text[0] == b'[' || (!front.is_empty() && !is_address) {
        return host(text);
    }
    let clear = match front.last() {
        None | Some(b'_') => true,
        Some(b) => !b.is_ascii() && !glues(last_char(front)),
    };
    if !clear {
        return Err(RefusalReason::Glued);
    }
    if tail.first() == Some(&b'.') || tail.last() == Some(&b'.') {
        return Err(RefusalReason::Cut);
    }
    // Five groups, or a group that is too long, are two addresses in a row, or a port and an address.
    if tail.iter().filter(|b| **b == b'.').count() > 3
        || tail.split(|b| *b == b'.').any(|group| group.len() > 3)
    {
        return Err(RefusalReason::Glued);
    }
    host(tail)
}

/// Whether a character beside an address makes one word with it. Scripts that are written without blanks do not:
/// `代理1.2.3.4:80` is an address behind a word.
fn glues(beside: Option<char>) -> bool {
    let without_blanks = |c: char| {
        matches!(u32::from(c),
            0x0E00..=0x0EFF | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFF66..=0xFF9D | 0x2_0000..=0x3_FFFF)
    };
    beside.is_some_and(|c| c.is_alphanumeric() && !without_blanks(c))
}

/// The first character of a text that is not ASCII; none in other encodings than UTF-8, where it cannot be told.
fn first_char(text: &[u8]) -> Option<char> {
    let bytes = &text[..text.len().min(4)];
    bytes.utf8_chunks().next()?.valid().chars().next().filter(|c| !c.is_ascii())
}

/// The last character of a text that is not ASCII; none in other encodings than UTF-8.
fn last_char(text: &[u8]) -> Option<char> {
    let start = text.iter().rposition(|b| b & 0xC0 != 0x80)?;
    std::str::from_utf8(&text[start..]).ok()?.chars().next().filter(|c| !c.is_ascii())
}
