//! Views: a filter and an order over the read model, fixed once, so that scrolling never reshuffles.
//!
//! What has no value comes last in both directions, and what is equal stays in the order of the numbers. Words
//! (status, anonymity, protocols) are ordered as their chips are: the best first.

use std::collections::{HashSet, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;

use proxydeck_domain::{Anonymity, Hints, Protocol, Reason, Status, TrustFlag, TrustFlags, UnixMs};
use proxydeck_geo::{Country, Geo};

use crate::api::ApiError;
use crate::api::dto::{FacetDto, FilterDto, RowDto, SortColumnDto, SortKeyDto};
use crate::convert;
use crate::escape::{escape, escape_cut};
use crate::pool::{Place, PlaceKind, Pool, Record, index, moment, number};

/// Views that may be open at once: a window has one or two, and each of a million rows takes 8 MB.
pub(crate) const MAX_OPEN_VIEWS: usize = 8;
/// Rows of one slice: ten screens of a large window.
pub const MAX_SLICE: u32 = 1000;
/// Keys of one order. More than this nobody can follow with the eye.
pub(crate) const MAX_SORT_KEYS: usize = 6;
/// Letters of a searched text; the longest thing that is searched, a host name with its port, has 259.
const MAX_TEXT_BYTES: usize = 260;
/// Names of sources or tags that one filter may hold. More than this nobody types.
const MAX_NAMES: usize = 256;
/// The longest text of an IPv4 endpoint: `255.255.255.255:65535`.
const V4_TEXT_BYTES: usize = 21;

/// The numbers of proxies in the order of a view.
pub(crate) type Ids = Arc<[i64]>;

/// An open view.
#[derive(Debug)]
struct View {
    number: u32,
    /// As it was fixed.
    order: Ids,
    /// Those of it that are in the pool: one that was deleted has no row, and finds its place again when it is back.
    rows: Ids,
}

/// The views that are open.
#[derive(Debug, Default)]
pub(crate) struct Views {
    last: u32,
    open: VecDeque<View>,
}

impl Views {
    /// Keeps a view; if there are too many, the oldest is closed.
    pub(crate) fn keep(&mut self, ids: Ids) -> u32 {
        if self.open.len() == MAX_OPEN_VIEWS {
            self.open.pop_front();
        }
        self.last = self.last.wrapping_add(1);
        self.open.push_back(View { number: self.last, rows: Arc::clone(&ids), order: ids });
        self.last
    }

    /// The rows of a view.
    pub(crate) fn get(&self, view: u32) -> Result<Ids, ApiError> {
        self.open.iter().find(|open| open.number == view).map(|open| Arc::clone(&open.rows)).ok_or_else(
            || ApiError::not_found(format!("open view {view}")).hint("It was closed. Open it again."),
        )
    }

    /// Takes note that proxies have gone from the pool or are back; the others keep their order.
    pub(crate) fn refit(&mut self, pool: &Pool) {
        for view in &mut self.open {
            let is_there = |id: &i64| pool.row_of(*id).is_some();
            view.rows = if view.order.iter().all(is_there) {
                Arc::clone(&view.order)
            } else {
                view.order.iter().copied().filter(is_there).collect()
            };
        }
    }

    /// Forgets a view; one that is not open is no error, since the oldest close by themselves.
    pub(crate) fn close(&mut self, view: u32) {
        self.open.retain(|open| open.number != view);
    }
}

/// The rows that a filter matches, and how many there would be of each kind without that kind's own part.
#[derive(Debug)]
pub(crate) struct Sifted {
    /// Rows in the order of the numbers.
    pub(crate) rows: Vec<u32>,
    pub(crate) status: Vec<FacetDto>,
    pub(crate) protocol: Vec<FacetDto>,
    pub(crate) anonymity: Vec<FacetDto>,
    /// Those that occur or were chosen, the most frequent first.
    pub(crate) country: Vec<FacetDto>,
    /// The same of tags.
    pub(crate) tag: Vec<FacetDto>,
}

/// Says what is wrong with a filter.
pub(crate) fn validate_filter(filter: &FilterDto) -> Result<(), ApiError> {
    if filter.text.len() > MAX_TEXT_BYTES {
        return Err(ApiError::invalid(
            "text",
            format!("The text to search for is longer than {MAX_TEXT_BYTES} bytes."),
        ));
    }
    for (what, names) in [("source", &filter.source), ("tag", &filter.tag)] {
        if names.len() > MAX_NAMES {
            return Err(ApiError::invalid(
                what,
                format!("A filter holds at most {MAX_NAMES} names of a kind."),
            ));
        }
    }
    if filter.min_score.is_some_and(|score| !(0.0..=1.0).contains(&score)) {
        return Err(ApiError::invalid("min_score", "The lowest score must be between 0 and 1."));
    }
    if let Some(wrong) = filter.country.iter().find(|code| Country::parse(code).is_none()) {
        return Err(ApiError::invalid(
            "country",
            format!("{:?} is not the two letters of a country.", escape_cut(wrong)),
        ));
    }
    Ok(())
}

/// Says what is wrong with an order.
pub(crate) fn validate_order(keys: &[SortKeyDto]) -> Result<(), ApiError> {
    if keys.len() > MAX_SORT_KEYS {
        return Err(ApiError::invalid("sort", format!("An order has at most {MAX_SORT_KEYS} keys.")));
    }
    Ok(())
}

/// Finds the rows that a filter matches.
pub(crate) fn sift(pool: &Pool, filter: &FilterDto, now: UnixMs) -> Sifted {
    let sieve = Sieve::new(pool, filter);
    let mut rows = Vec::new();
    let mut by_status = [0_u32; Status::ALL.len()];
    let mut by_protocol = [0_u32; Protocol::ALL.len()];
    let mut by_anonymity = [0_u32; Anonymity::ALL.len()];
    let mut by_country = vec![0_u32; Country::NUMBERS];
    let mut by_tag_set = vec![0_u32; pool.texts().tag_sets.len()];
    for row in 0..pool.len() {
        let status = pool.columns().status[row];
        let speaks = pool.speaks(row);
        let level = pool.anonymity(row);
        let status_passes = sieve.status & 1 << status as u8 != 0;
        let protocol_passes = sieve.protocol.is_empty() || sieve.protocol.intersects(speaks);
        let anonymity_passes =
            sieve.anonymity == 0 || level.is_some_and(|l| sieve.anonymity & 1 << l as u8 != 0);
        let country = pool.country(row);
        let country_passes = sieve.country.is_empty() || country.is_some_and(|c| sieve.country.contains(&c));
        let tag_set = pool.columns().tags[row];
        let tag_passes = holds(sieve.tags.as_deref(), tag_set);
        // What fails in two kinds is in nobody's count.
        let failing = u8::from(!status_passes)
            + u8::from(!protocol_passes)
            + u8::from(!anonymity_passes)
            + u8::from(!country_passes)
            + u8::from(!tag_passes);
        if failing > 1 || !sieve.rest(pool, row, now) {
            continue;
        }
        if failing == 0 {
            rows.push(number(row));
        }
        if failing == 0 || !status_passes {
            by_status[status as usize] += 1;
        }
        if failing == 0 || !protocol_passes {
            for protocol in speaks.iter() {
                by_protocol[protocol as usize] += 1;
            }
        }
        if (failing == 0 || !anonymity_passes)
            && let Some(level) = level
        {
            by_anonymity[level as usize] += 1;
        }
        if (failing == 0 || !country_passes)
            && let Some(country) = country
        {
            by_country[usize::from(country.number())] += 1;
        }
        if failing == 0 || !tag_passes {
            by_tag_set[index(tag_set)] += 1;
        }
    }
    let facet = |value: &str, count| FacetDto { value: value.to_owned(), count };
    Sifted {
        rows,
        status: Status::ALL.iter().map(|s| facet(s.as_str(), by_status[*s as usize])).collect(),
        protocol: Protocol::ALL.iter().map(|p| facet(p.as_str(), by_protocol[*p as usize])).collect(),
        anonymity: Anonymity::ALL.iter().map(|a| facet(a.as_str(), by_anonymity[*a as usize])).collect(),
        country: ranked(&by_country, &sieve.country),
        tag: {
            let counts = pool.by_tag(&by_tag_set);
            let chosen = filter.tag.iter().filter(|tag| !counts.contains_key(tag.as_str()));
            let mut tags: Vec<FacetDto> = chosen.map(|tag| facet(tag, 0)).collect();
            tags.extend(counts.iter().map(|(tag, count)| facet(tag, *count)));
            tags.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
            tags.dedup();
            tags
        },
    }
}

/// Countries with how often they occur, by their numbers: the most frequent first. Of those that do not occur, the
/// ones of `always` are there.
pub(crate) fn ranked(counts: &[u32], always: &[Country]) -> Vec<FacetDto> {
    let mut found: Vec<(Country, u32)> = (0..)
        .zip(counts)
        .filter_map(|(at, count)| Some((Country::from_number(at)?, *count)))
        .filter(|(country, count)| *count > 0 || always.contains(country))
        .collect();
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    found.into_iter().map(|(country, count)| FacetDto { value: country.to_string(), count }).collect()
}

/// A filter made ready for a million rows.
struct Sieve<'a> {
    status: u8,
    protocol: Hints,
    anonymity: u8,
    country: Vec<Country>,
    max_latency: Option<u32>,
    min_score: Option<f64>,
    distrusted: Option<TrustFlags>,
    /// For each set of sources whether one of them is wanted.
    sources: Option<Vec<bool>>,
    /// The same for sets of tags.
    tags: Option<Vec<bool>>,
    text: Option<Needle>,
    /// The proxies that each target let in; none where no target is asked for.
    reached: Option<Vec<&'a HashSet<i64>>>,
}

impl<'a> Sieve<'a> {
    fn new(pool: &'a Pool, filter: &FilterDto) -> Self {
        let status = filter.status.iter().fold(0, |bits, s| bits | 1 << Status::from(*s) as u8);
        let breaking = || {
            let mut flags = TrustFlags::default();
            for flag in [TrustFlag::TlsIntercepted, TrustFlag::Tampered, TrustFlag::WrongAnswer] {
                flags.insert(flag);
            }
            flags
        };
        let text = filter.text.trim().to_lowercase();
        let texts = pool.texts();
        // A name is also found as it is shown, where it is escaped.
        let is_wanted = |name: &str| filter.source.iter().any(|w| w == name || *w == escape(name));
        let sources: Vec<bool> = texts.sources.values().map(|name| is_wanted(name)).collect();
        let tags: Vec<bool> = texts.tags.iter().map(|tag| filter.tag.iter().any(|w| **w == **tag)).collect();
        let met = |wanted: &[bool], member: u32| wanted.get(index(member)).copied().unwrap_or(false);
        Self {
            sources: (!filter.source.is_empty())
                .then(|| texts.source_sets.that_meet(|member| met(&sources, member))),
            tags: (!filter.tag.is_empty()).then(|| texts.tag_sets.that_meet(|member| met(&tags, member))),
            status: if filter.status.is_empty() { u8::MAX } else { status },
            protocol: filter.protocol.iter().map(|p| Protocol::from(*p)).collect(),
            anonymity: filter.anonymity.iter().fold(0, |bits, a| bits | 1 << Anonymity::from(*a) as u8),
            country: filter.country.iter().filter_map(|code| Country::parse(code)).collect(),
            max_latency: filter.max_latency_ms,
            min_score: filter.min_score,
            distrusted: filter.trusted.then(breaking),
            text: (!text.is_empty()).then(|| Needle::new(pool, text)),
            reached: (!filter.target.is_empty())
                .then(|| filter.target.iter().filter_map(|target| pool.reached(target)).collect()),
        }
    }

    /// Everything that has no facets.
    fn rest(&self, pool: &Pool, row: usize, now: UnixMs) -> bool {
        self.max_latency.is_none_or(|most| pool.latency(row).is_some_and(|ms| ms <= most))
            && self.distrusted.is_none_or(|bad| pool.columns().trust[row].bits() & bad.bits() == 0)
            && holds(self.sources.as_deref(), pool.columns().sources[row])
            && self.min_score.is_none_or(|least| pool.score(row, now).is_some_and(|score| score >= least))
            && self.text.as_ref().is_none_or(|needle| needle.is_in(pool, row))
            && self
                .reached
                .as_ref()
                .is_none_or(|targets| targets.iter().any(|t| t.contains(&pool.columns().id[row])))
    }
}

/// Whether a set is among those that are wanted, if any are.
fn holds(wanted: Option<&[bool]>, set: u32) -> bool {
    wanted.is_none_or(|wanted| wanted.get(index(set)).copied().unwrap_or(false))
}

/// A text that is searched for, in lower case, with the answers for everything that many rows share.
struct Needle {
    text: String,
    /// Whether an IPv4 address or endpoint can hold it at all.
    fits_v4: bool,
    reasons: u32,
    users: Vec<bool>,
    /// For each name and each IPv6 address whether it holds the text without the port.
    names: Vec<bool>,
    v6: Vec<bool>,
}

impl Needle {
    fn new(pool: &Pool, text: String) -> Self {
        let texts = pool.texts();
        Self {
            fits_v4: text.len() <= V4_TEXT_BYTES
                && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b':')),
            reasons: Reason::ALL
                .iter()
                .filter(|reason| reason.as_str().contains(&text))
                .fold(0, |bits, reason| bits | 1 << reason.number()),
            users: texts.users.iter().map(|user| user.to_lowercase().contains(&text)).collect(),
            names: texts.names.iter().map(|name| name.contains(&text)).collect(),
            v6: texts.v6.iter().map(|v6| format!("[{v6}]").contains(&text)).collect(),
            text,
        }
    }

    fn is_in(&self, pool: &Pool, row: usize) -> bool {
        let columns = pool.columns();
        columns.reason[row].is_some_and(|reason| self.reasons & 1 << reason.number() != 0)
            || self.users.get(index(columns.user[row])).copied().unwrap_or(false)
            || self.is_in_place(pool, columns.place[row], Some(columns.port[row]))
            || self.is_in_place(pool, columns.exit[row], None)
    }

    fn is_in_place(&self, pool: &Pool, place: Place, port: Option<u16>) -> bool {
        let with_port = |host: &dyn std::fmt::Display, port: u16| {
            // The port's digits or the colon must have a part in it, or the host alone would have matched.
            let mut text = String::new();
            // Writing to a string cannot fail.
            let _ = write!(text, "{host}:{port}");
            text.contains(&self.text)
        };
        let may_reach_port = self.text.ends_with(|c: char| c.is_ascii_digit() || c == ':');
        match place.kind() {
            PlaceKind::V4(v4) => self.fits_v4 && v4_holds(v4.octets(), port, self.text.as_bytes()),
            PlaceKind::V6(at) => {
                self.v6.get(index(at)).copied().unwrap_or(false)
                    || may_reach_port
                        && port
                            .zip(pool.texts().v6.get_index(index(at)))
                            .is_some_and(|(port, v6)| with_port(&format_args!("[{v6}]"), port))
            }
            PlaceKind::Name(at) => {
                self.names.get(index(at)).copied().unwrap_or(false)
                    || may_reach_port
                        && port
                            .zip(pool.texts().names.get_index(index(at)))
                            .is_some_and(|(port, name)| with_port(name, port))
            }
            PlaceKind::Nowhere => false,
        }
    }
}

/// Whether the text of an IPv4 address, with a port or without, holds a text. Written by hand, since the
/// standard formatting of a million addresses takes longer than a person waits.
fn v4_holds(octets: [u8; 4], port: Option<u16>, needle: &[u8]) -> bool {
    let mut text = [0_u8; V4_TEXT_BYTES];
    let mut length = 0;
    for (at, octet) in octets.into_iter().enumerate() {
        if at > 0 {
            text[length] = b'.';
            length += 1;
        }
        length += decimal(&mut text[length..], u16::from(octet));
    }
    if let Some(port) = port {
        text[length] = b':';
        length += 1;
        length += decimal(&mut text[length..], port);
    }
    text[..length].windows(needle.len()).any(|part| part == needle)
}

/// Writes a number in decimal and says how many digits it has.
fn decimal(out: &mut [u8], number: u16) -> usize {
    let digits = match number {
        0..10 => 1,
        10..100 => 2,
        100..1000 => 3,
        1000..10_000 => 4,
        _ => 5,
    };
    let mut left = number;
    for slot in out[..digits].iter_mut().rev() {
        // A digit is below 10.
        *slot = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
    }
    digits
}

/// What comes last: no value.
const LAST: u64 = u64::MAX;

/// Puts rows into an order. They come in the order of the numbers.
pub(crate) fn order(pool: &Pool, rows: Vec<u32>, keys: &[SortKeyDto], now: UnixMs) -> Ids {
    let ids = |row: &u32| pool.columns().id[index(*row)];
    if keys.is_empty() {
        return rows.iter().map(ids).collect();
    }
    let mut keyed: Vec<(u64, u32)> = rows.into_iter().map(|row| (0, row)).collect();
    // The least of the keys first: each later pass keeps what the ones before put in order.
    for key in keys.iter().rev() {
        let value = column(pool, key.column, now);
        for (slot, row) in &mut keyed {
            let ascending = value(index(*row));
            *slot = match ascending {
                Some(value) if key.descending => LAST - 1 - value.min(LAST - 1),
                Some(value) => value.min(LAST - 1),
                None => LAST,
            };
        }
        keyed.sort_by_key(|(value, _)| *value);
    }
    keyed.iter().map(|(_, row)| ids(row)).collect()
}

/// The value of a column by which rows are ordered, as a number that grows in the order of the values.
fn column<'a>(pool: &'a Pool, column: SortColumnDto, now: UnixMs) -> Box<dyn Fn(usize) -> Option<u64> + 'a> {
    let columns = pool.columns();
    match column {
        SortColumnDto::Proxy => {
            let ranks = Ranks::new(pool);
            Box::new(move |row| {
                ranks.of(columns.place[row]).map(|rank| rank << 16 | u64::from(columns.port[row]))
            })
        }
        SortColumnDto::Exit => {
            let ranks = Ranks::new(pool);
            Box::new(move |row| ranks.of(columns.exit[row]))
        }
        SortColumnDto::Country => {
            Box::new(|row| pool.country(row).map(|country| u64::from(country.number())))
        }
        SortColumnDto::Asn => {
            Box::new(|row| pool.exit(row).and_then(|exit| pool.geo().asn(exit)).map(u64::from))
        }
        SortColumnDto::Protocols => {
            Box::new(|row| Some(pool.found(row)).filter(|p| !p.is_empty()).map(dictionary))
        }
        SortColumnDto::Status => Box::new(|row| place_in(&Status::ALL, columns.status[row])),
        SortColumnDto::Reason => Box::new(|row| columns.reason[row].map(|reason| u64::from(reason.number()))),
        SortColumnDto::Latency => Box::new(|row| pool.latency(row).map(u64::from)),
        SortColumnDto::Anonymity => {
            Box::new(|row| pool.anonymity(row).and_then(|level| place_in(&Anonymity::ALL, level)))
        }
        SortColumnDto::SuccessRate => Box::new(|row| {
            let (successes, checks) = (u64::from(columns.successes[row]), u64::from(columns.checks[row]));
            // Two shares of counts below 2^16 differ by more than 2^-32.
            (successes << 40).checked_div(checks)
        }),
        SortColumnDto::Score => Box::new(move |row| {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a score is 0 to 1")]
            pool.score(row, now).map(|score| (score * 100.0).round() as u64)
        }),
        SortColumnDto::LastChecked => Box::new(|row| moment(columns.last_checked[row]).map(moment_key)),
        SortColumnDto::LastSuccess => Box::new(|row| moment(columns.last_success[row]).map(moment_key)),
        SortColumnDto::FirstSeen => Box::new(|row| Some(moment_key(columns.first_seen[row]))),
    }
}

fn place_in<T: Copy + PartialEq>(all: &[T], value: T) -> Option<u64> {
    all.iter().position(|other| *other == value).map(|at| u64::from(number(at)))
}

/// A moment as a number that grows with it, also before 1970.
const fn moment_key(at: UnixMs) -> u64 {
    at.cast_unsigned() ^ (1 << 63)
}

/// A set of protocols as a number that grows as their lists do in a dictionary: `http` before `http, https`
/// before `https`.
fn dictionary(protocols: Hints) -> u64 {
    // A digit for each place of the list; an end that comes earlier is the smaller digit.
    let mut word = 0_u64;
    let mut places = 0_u32;
    for protocol in protocols.iter() {
        word = word * 5 + protocol as u64 + 1;
        places += 1;
    }
    word * 5_u64.pow(4 - places)
}

/// Where hosts stand: IPv4 by number, then IPv6 by number, then names by their letters.
struct Ranks {
    names: Vec<u32>,
    v6: Vec<u32>,
}

impl Ranks {
    fn new(pool: &Pool) -> Self {
        let texts = pool.texts();
        Self { names: ranks(texts.names.iter()), v6: ranks(texts.v6.iter()) }
    }

    fn of(&self, place: Place) -> Option<u64> {
        match place.kind() {
            PlaceKind::V4(v4) => Some(u64::from(v4.to_bits())),
            PlaceKind::V6(at) => self.v6.get(index(at)).map(|rank| 1 << 32 | u64::from(*rank)),
            PlaceKind::Name(at) => self.names.get(index(at)).map(|rank| 2 << 32 | u64::from(*rank)),
            PlaceKind::Nowhere => None,
        }
    }
}

fn ranks<'a, T: Ord + 'a>(values: impl Iterator<Item = &'a T>) -> Vec<u32> {
    let values: Vec<&T> = values.collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by_key(|at| values[*at]);
    let mut ranks = vec![0; values.len()];
    for (rank, at) in order.into_iter().enumerate() {
        ranks[at] = number(rank);
    }
    ranks
}

/// A row as the table shows it.
pub(crate) fn row_dto(record: &Record, checking: bool, found: Hints, geo: &Geo, now: UnixMs) -> RowDto {
    let country = |ip| geo.country(ip).map(|country| country.to_string());
    RowDto {
        id: record.id,
        proxy: record.endpoint.to_string(),
        username: record.user.as_deref().map(escape),
        protocols: convert::protocols(found),
        hints: convert::protocols(record.hints),
        status: record.standing.status.into(),
        checking,
        reason: record.reason.map(Into::into),
        code: record.code,
        latency_ms: record.latency_ms,
        anonymity: record.anonymity.map(Into::into),
        exit_ip: record.exit.map(|exit| exit.to_string()),
        country: record.exit.and_then(country),
        entry_country: record.entry().and_then(country),
        success_rate: record.success_rate(),
        score: record.score(now).map(|score| score.total),
        trust: convert::trust(record.trust),
        tags: record.tags.iter().map(ToString::to_string).collect(),
        last_checked: record.last_checked,
        last_success: record.last_success,
    }
}

/// The row of a proxy as it is now; none when it is gone.
pub(crate) fn row_of(pool: &Pool, id: i64, now: UnixMs) -> Option<RowDto> {
    let row = pool.row_of(id)?;
    let record = pool.record(row)?;
    Some(row_dto(&record, pool.is_checking(row), pool.found(row), pool.geo(), now))
}

#[cfg(test)]
mod tests;
