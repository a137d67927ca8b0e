//! The read model: what the table, the filters and the sorting need of every live proxy, in columns in memory.
//!
//! It is loaded once, grows with imports and is changed in place when checks land. The database stays the
//! truth; nothing here reads or writes it. Secrets are never here. A million proxies take some 85 MB.
//!
//! The country of an exit is looked up when the exit comes in, at the start too: the database does not keep it,
//! since it changes with the data that tells it. Entries and networks are looked up when somebody asks.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use proxydeck_domain::{
    Anonymity, Capability, Endpoint, Hints, Host, Reason, Score, ScoreInput, Standing, Status, TrustFlags,
    UnixMs, Verdict,
};
use proxydeck_geo::{Country, Geo};

const DAY_MS: UnixMs = 24 * 60 * 60 * 1000;

/// A moment that never was, where a column has room for moments only.
const NEVER: UnixMs = UnixMs::MIN;
/// No latency. A latency of 49 days does not occur: an attempt is bounded by seconds.
const NO_LATENCY: u32 = u32::MAX;
/// No anonymity was found yet.
const NO_LEVEL: u8 = u8::MAX;
/// No country is known: a number above those of all countries.
const NO_COUNTRY: u16 = u16::MAX;
/// No user name.
const NO_USER: u32 = u32::MAX;

/// Everything that the read model knows of one proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) id: i64,
    pub(crate) endpoint: Endpoint,
    pub(crate) user: Option<String>,
    pub(crate) hints: Hints,
    pub(crate) standing: Standing,
    /// The capabilities that work, as [`proxydeck_domain::Capabilities::working_bits`] has them.
    pub(crate) working: u8,
    pub(crate) reason: Option<Reason>,
    pub(crate) code: Option<u16>,
    pub(crate) latency_ms: Option<u32>,
    pub(crate) anonymity: Option<Anonymity>,
    /// Where the name of one given by name has led.
    pub(crate) led_to: Option<IpAddr>,
    pub(crate) exit: Option<IpAddr>,
    pub(crate) trust: TrustFlags,
    pub(crate) checks_30d: u32,
    pub(crate) successes_30d: u32,
    pub(crate) last_checked: Option<UnixMs>,
    pub(crate) last_success: Option<UnixMs>,
    pub(crate) first_seen: UnixMs,
    /// The numbers of the sources that have it, in their order.
    pub(crate) sources: Vec<i64>,
    /// What the user calls it, in the order of the words.
    pub(crate) tags: Vec<Box<str>>,
}

impl Record {
    /// Where it is entered; none for a name that nobody has asked for yet.
    pub(crate) fn entry(&self) -> Option<IpAddr> {
        self.endpoint.host().ip().or(self.led_to)
    }

    /// Share of the checks of the last 30 days that succeeded; none before the first.
    pub(crate) fn success_rate(&self) -> Option<f64> {
        (self.checks_30d > 0).then(|| f64::from(self.successes_30d) / f64::from(self.checks_30d))
    }

    /// The score at a moment, with its parts; none before the first check.
    pub(crate) fn score(&self, now: UnixMs) -> Option<Score> {
        self.last_checked?;
        Some(Score::of(ScoreInput {
            success_rate: self.success_rate().unwrap_or(0.0),
            latency_ms: self.latency_ms,
            days_since_success: self.last_success.map(|at| days_between(at, now)),
            anonymity: self.anonymity.unwrap_or_default(),
        }))
    }
}

/// Whole days from one moment to a later one; a clock that went back gives none.
pub(crate) fn days_between(from: UnixMs, to: UnixMs) -> u32 {
    u32::try_from(to.saturating_sub(from).max(0) / DAY_MS).unwrap_or(u32::MAX)
}

/// A host in 34 bits: an IPv4 address itself, or the number of a text that is kept once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u64);

/// What a [`Place`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceKind {
    V4(Ipv4Addr),
    V6(u32),
    Name(u32),
    Nowhere,
}

impl Place {
    const NOWHERE: Self = Self(u64::MAX);
    const V6: u64 = 1 << 32;
    const NAME: u64 = 2 << 32;

    pub(crate) const fn kind(self) -> PlaceKind {
        #[allow(clippy::cast_possible_truncation, reason = "the lower half is the address or the number")]
        let low = self.0 as u32;
        match self.0 >> 32 {
            0 => PlaceKind::V4(Ipv4Addr::from_bits(low)),
            1 => PlaceKind::V6(low),
            2 => PlaceKind::Name(low),
            _ => PlaceKind::Nowhere,
        }
    }
}

/// Texts and addresses that are kept once however many proxies have them.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(crate) names: IndexSet<Box<str>>,
    pub(crate) v6: IndexSet<Ipv6Addr>,
    pub(crate) users: IndexSet<Box<str>>,
    /// The names of the sources, by their numbers.
    pub(crate) sources: IndexMap<i64, Box<str>>,
    pub(crate) tags: IndexSet<Box<str>>,
    pub(crate) source_sets: Sets,
    pub(crate) tag_sets: Sets,
}

/// Sets of small numbers, each kept once however many proxies have it: a million proxies have some hundred sets of
/// sources, and a row names its own with four bytes.
#[derive(Debug)]
pub(crate) struct Sets(IndexSet<Box<[u32]>>);

impl Default for Sets {
    fn default() -> Self {
        // The empty set is number 0.
        Self(IndexSet::from([Box::default()]))
    }
}

impl Sets {
    fn number(&mut self, mut members: Vec<u32>) -> u32 {
        members.sort_unstable();
        members.dedup();
        let known = self.0.get_index_of(members.as_slice());
        number(known.unwrap_or_else(|| self.0.insert_full(members.into_boxed_slice()).0))
    }

    fn with(&mut self, set: u32, member: u32) -> u32 {
        let members = self.members(set);
        if members.contains(&member) {
            return set;
        }
        let members = members.iter().copied().chain([member]).collect();
        self.number(members)
    }

    fn without(&mut self, set: u32, member: u32) -> u32 {
        let members = self.members(set);
        if !members.contains(&member) {
            return set;
        }
        let members = members.iter().copied().filter(|other| *other != member).collect();
        self.number(members)
    }

    /// How many sets there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The members of a set, in their order.
    pub(crate) fn members(&self, set: u32) -> &[u32] {
        self.0.get_index(index(set)).map(AsRef::as_ref).unwrap_or_default()
    }

    /// For each set, by its number, whether it has one of these members.
    pub(crate) fn that_meet(&self, wanted: impl Fn(u32) -> bool) -> Vec<bool> {
        self.0.iter().map(|set| set.iter().any(|member| wanted(*member))).collect()
    }
}

impl Texts {
    fn place(&mut self, host: &Host) -> Place {
        match host {
            Host::V4(v4) => Place(u64::from(v4.to_bits())),
            Host::V6(v6) => Place(Place::V6 | u64::from(number(self.v6.insert_full(*v6).0))),
            Host::Name(name) => {
                let at =
                    self.names.get_index_of(name).unwrap_or_else(|| self.names.insert_full(name.clone()).0);
                Place(Place::NAME | u64::from(number(at)))
            }
        }
    }

    fn exit(&mut self, exit: Option<IpAddr>) -> Place {
        exit.map_or(Place::NOWHERE, |ip| self.place(&Host::from(ip)))
    }

    fn host(&self, place: Place) -> Option<Host> {
        match place.kind() {
            PlaceKind::V4(v4) => Some(Host::V4(v4)),
            PlaceKind::V6(at) => self.v6.get_index(index(at)).copied().map(Host::V6),
            PlaceKind::Name(at) => self.names.get_index(index(at)).cloned().map(Host::Name),
            PlaceKind::Nowhere => None,
        }
    }

    fn sources(&mut self, sources: &[i64]) -> u32 {
        let members = sources.iter().map(|source| self.source(*source)).collect();
        self.source_sets.number(members)
    }

    fn source(&mut self, source: i64) -> u32 {
        let entry = self.sources.entry(source);
        let at = entry.index();
        entry.or_default();
        number(at)
    }

    fn tags(&mut self, tags: &[Box<str>]) -> u32 {
        let members = tags
            .iter()
            .map(|tag| {
                number(self.tags.get_index_of(tag).unwrap_or_else(|| self.tags.insert_full(tag.clone()).0))
            })
            .collect();
        self.tag_sets.number(members)
    }

    fn user(&mut self, user: Option<&str>) -> u32 {
        let Some(user) = user else { return NO_USER };
        number(self.users.get_index_of(user).unwrap_or_else(|| self.users.insert_full(user.into()).0))
    }
}

/// A position as a number of 32 bits: there are never more rows or texts than SQLite and memory could hold.
pub(crate) fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A number as a position.
pub(crate) const fn index(at: u32) -> usize {
    at as usize
}

macro_rules! columns {
    ($($name:ident: $type:ty,)+) => {
        /// One row of the columns.
        #[derive(Clone, Copy, Debug)]
        struct Packed { $($name: $type,)+ }

        /// One vector a field, all of one length, in the order of the ids.
        #[derive(Debug, Default)]
        pub(crate) struct Columns { $(pub(crate) $name: Vec<$type>,)+ }

        impl Columns {
            fn shrink(&mut self) { $(self.$name.shrink_to_fit();)+ }
            fn insert(&mut self, at: usize, row: Packed) { $(self.$name.insert(at, row.$name);)+ }
            /// Keeps the rows that are listed, in the order of the list.
            fn pick(&mut self, rows: &[usize]) {
                $(self.$name = rows.iter().map(|row| self.$name[*row]).collect();)+
            }
            fn set(&mut self, at: usize, row: Packed) { $(self.$name[at] = row.$name;)+ }
        }
    };
}

columns! {
    id: i64,
    place: Place,
    port: u16,
    user: u32,
    hints: Hints,
    status: Status,
    failures: u16,
    working: u8,
    reason: Option<Reason>,
    code: u16,
    latency: u32,
    anonymity: u8,
    exit: Place,
    country: u16,
    trust: TrustFlags,
    checks: u16,
    successes: u16,
    last_checked: UnixMs,
    last_success: UnixMs,
    first_seen: UnixMs,
    sources: u32,
    tags: u32,
    checking: bool,
}

/// What some proxies come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Yield {
    pub(crate) holds: u32,
    /// Of these, the ones that were checked.
    pub(crate) checked: u32,
    /// Of these, the ones that work.
    pub(crate) working: u32,
}

impl Yield {
    fn add(&mut self, other: Self) {
        self.holds += other.holds;
        self.checked += other.checked;
        self.working += other.working;
    }
}

/// What each set of sources has that is theirs and nobody else's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Yields(Vec<(Vec<i64>, Yield)>);

impl Yields {
    /// For each source what it has, and how much of that no other has. One that does not count, since it was taken away,
    /// does not make anything common.
    pub(crate) fn by_source(&self, counts: impl Fn(i64) -> bool) -> HashMap<i64, (Yield, u32)> {
        let mut sums: HashMap<i64, (Yield, u32)> = HashMap::new();
        for (members, of) in &self.0 {
            for source in members {
                let (sum, only) = sums.entry(*source).or_default();
                sum.add(*of);
                let is_common = members.iter().any(|other| other != source && counts(*other));
                *only += if is_common { 0 } else { of.holds };
            }
        }
        sums
    }

    /// How many proxies a source shares with each other one.
    pub(crate) fn shared_with(&self, source: i64) -> HashMap<i64, u32> {
        let mut shared = HashMap::new();
        for (members, of) in self.0.iter().filter(|(members, _)| members.contains(&source)) {
            for other in members.iter().filter(|other| **other != source) {
                *shared.entry(*other).or_default() += of.holds;
            }
        }
        shared
    }
}

/// All live proxies.
#[derive(Debug)]
pub(crate) struct Pool {
    geo: Arc<Geo>,
    columns: Columns,
    texts: Texts,
    active: u32,
    revision: u64,
    /// What each set of capabilities is called in the words of lists.
    protocols: Box<[Hints; 256]>,
    /// For each target the proxies whose last visit to it succeeded.
    reached: HashMap<Box<str>, HashSet<i64>>,
    /// Where the names of those have led that are given by name; there are few.
    led_to: HashMap<i64, IpAddr>,
}

impl Pool {
    /// None yet, with the knowledge of where addresses lie.
    pub(crate) fn new(geo: Arc<Geo>) -> Self {
        let mut protocols = Box::new([Hints::NONE; 256]);
        for (bits, slot) in protocols.iter_mut().enumerate() {
            *slot = Capability::ALL
                .into_iter()
                .filter(|capability| bits & (1 << *capability as u8) != 0)
                .filter_map(Capability::protocol)
                .collect();
        }
        Self {
            geo,
            columns: Columns::default(),
            texts: Texts::default(),
            active: 0,
            revision: 0,
            protocols,
            reached: HashMap::new(),
            led_to: HashMap::new(),
        }
    }

    /// Gives back the room that growing left over, once everything is loaded.
    pub(crate) fn shrink(&mut self) {
        self.columns.shrink();
    }

    /// Takes a proxy in, or replaces what was known of it; a check in flight stays one.
    pub(crate) fn put(&mut self, record: &Record) {
        let packed = self.pack(record);
        match self.position(record.id) {
            Ok(at) => {
                self.active -= u32::from(self.columns.status[at] == Status::Active);
                let checking = self.columns.checking[at];
                self.columns.set(at, Packed { checking, ..packed });
            }
            // Numbers only grow, so this is nearly always the end.
            Err(at) => self.columns.insert(at, packed),
        }
        self.active += u32::from(record.standing.status == Status::Active);
        self.revision += 1;
    }

    fn pack(&mut self, record: &Record) -> Packed {
        if let Some(entry) = record.led_to {
            self.led_to.insert(record.id, entry);
        }
        Packed {
            id: record.id,
            place: self.texts.place(record.endpoint.host()),
            port: record.endpoint.port(),
            user: self.texts.user(record.user.as_deref()),
            hints: record.hints,
            status: record.standing.status,
            failures: small(record.standing.failures),
            working: record.working,
            reason: record.reason,
            code: record.code.unwrap_or(0),
            latency: record.latency_ms.unwrap_or(NO_LATENCY),
            anonymity: record.anonymity.map_or(NO_LEVEL, |level| level as u8),
            exit: self.texts.exit(record.exit),
            country: self.country_of(record.exit),
            trust: record.trust,
            checks: small(record.checks_30d),
            successes: small(record.successes_30d),
            last_checked: record.last_checked.unwrap_or(NEVER),
            last_success: record.last_success.unwrap_or(NEVER),
            first_seen: record.first_seen,
            sources: self.texts.sources(&record.sources),
            tags: self.texts.tags(&record.tags),
            checking: false,
        }
    }

    fn country_of(&self, exit: Option<IpAddr>) -> u16 {
        exit.and_then(|exit| self.geo.country(exit)).map_or(NO_COUNTRY, Country::number)
    }

    /// Adds the claims of a list to a proxy that is known.
    pub(crate) fn add_hints(&mut self, id: i64, hints: Hints) {
        if let Ok(at) = self.position(id) {
            let merged = self.columns.hints[at].union(hints);
            if merged != self.columns.hints[at] {
                self.columns.hints[at] = merged;
                self.revision += 1;
            }
        }
    }

    /// Gives a source its name.
    pub(crate) fn name_source(&mut self, source: i64, name: &str) {
        self.texts.sources.insert(source, name.into());
    }

    /// Notes that a source has a proxy that is known.
    pub(crate) fn add_source(&mut self, id: i64, source: i64) {
        if let Ok(at) = self.position(id) {
            let member = self.texts.source(source);
            self.columns.sources[at] = self.texts.source_sets.with(self.columns.sources[at], member);
        }
    }

    /// Notes that a source has proxies no more.
    pub(crate) fn remove_source(&mut self, ids: &[i64], source: i64) {
        let member = self.texts.source(source);
        for id in ids {
            if let Ok(at) = self.position(*id) {
                self.columns.sources[at] = self.texts.source_sets.without(self.columns.sources[at], member);
            }
        }
        self.revision += 1;
    }

    /// What the sources have in common and what of it works, counted for each set of sources that occurs.
    pub(crate) fn yields(&self) -> Yields {
        let mut sets = vec![Yield::default(); self.texts.source_sets.len()];
        for (row, set) in self.columns.sources.iter().enumerate() {
            let of = &mut sets[index(*set)];
            of.holds += 1;
            of.checked += u32::from(self.columns.last_checked[row] != NEVER);
            of.working += u32::from(self.columns.status[row] == Status::Active);
        }
        let sources: Vec<i64> = self.texts.sources.keys().copied().collect();
        let sets = sets
            .into_iter()
            .enumerate()
            .filter(|(_, of)| of.holds > 0)
            .map(|(set, of)| {
                let members = self.texts.source_sets.members(number(set)).iter();
                (members.filter_map(|at| sources.get(index(*at)).copied()).collect(), of)
            })
            .collect();
        Yields(sets)
    }

    /// The reasons of the last checks of a source's proxies that do not work, with how many have each.
    pub(crate) fn reasons_of_source(&self, source: i64) -> HashMap<Reason, u32> {
        let mut reasons = HashMap::new();
        let Some(member) = self.texts.sources.get_index_of(&source).map(number) else { return reasons };
        let has = self.texts.source_sets.that_meet(|of| of == member);
        for (row, reason) in self.columns.reason.iter().enumerate() {
            if let Some(reason) = reason
                && has[index(self.columns.sources[row])]
            {
                *reasons.entry(*reason).or_default() += 1;
            }
        }
        reasons
    }

    /// Replaces what the user calls a proxy.
    pub(crate) fn set_tags(&mut self, id: i64, tags: &[Box<str>]) {
        if let Ok(at) = self.position(id) {
            self.columns.tags[at] = self.texts.tags(tags);
            self.revision += 1;
        }
    }

    /// Takes proxies in that were away: their numbers may lie anywhere between the others.
    pub(crate) fn bring_back(&mut self, records: &[Record]) {
        for record in records.iter().filter(|record| self.position(record.id).is_err()).collect::<Vec<_>>() {
            let packed = self.pack(record);
            self.columns.insert(self.columns.id.len(), packed);
            self.active += u32::from(record.standing.status == Status::Active);
        }
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|row| self.columns.id[*row]);
        self.columns.pick(&order);
        self.revision += 1;
    }

    /// Takes proxies out; their numbers come in order. The others stand to each other as before, so that no order that was
    /// made of the pool is out of date by this.
    pub(crate) fn remove(&mut self, ids: &[i64]) {
        let kept: Vec<usize> =
            (0..self.len()).filter(|row| ids.binary_search(&self.columns.id[*row]).is_err()).collect();
        self.columns.pick(&kept);
        self.led_to.retain(|id, _| ids.binary_search(id).is_err());
        self.active = number(self.columns.status.iter().filter(|status| **status == Status::Active).count());
    }

    /// Puts the outcome of a check in place. None when there is no such proxy (any more).
    pub(crate) fn land(&mut self, id: i64, at: UnixMs, verdict: &Verdict, standing: Standing) -> Option<()> {
        let row = self.position(id).ok()?;
        if let Some(entry) = verdict.entry {
            self.led_to.insert(id, entry);
        }
        let exit = self.texts.exit(verdict.exit);
        let country = self.country_of(verdict.exit);
        let columns = &mut self.columns;
        self.active -= u32::from(columns.status[row] == Status::Active);
        self.active += u32::from(standing.status == Status::Active);
        columns.status[row] = standing.status;
        columns.failures[row] = small(standing.failures);
        columns.working[row] = verdict.capabilities.working_bits();
        columns.reason[row] = verdict.reason;
        columns.code[row] = verdict.code.unwrap_or(0);
        columns.latency[row] = verdict.latency_ms.unwrap_or(NO_LATENCY);
        columns.anonymity[row] = verdict.finding.anonymity as u8;
        columns.exit[row] = exit;
        columns.country[row] = country;
        columns.trust[row] = verdict.trust;
        columns.checks[row] = columns.checks[row].saturating_add(1);
        columns.last_checked[row] = at;
        if verdict.success {
            columns.successes[row] = columns.successes[row].saturating_add(1);
            columns.last_success[row] = at;
        }
        self.revision += 1;
        Some(())
    }

    /// Notes whether the last visit of a proxy to a target succeeded.
    pub(crate) fn visited(&mut self, target: &str, id: i64, success: bool) {
        match self.reached.get_mut(target) {
            Some(proxies) if success => {
                proxies.insert(id);
            }
            Some(proxies) => {
                proxies.remove(&id);
            }
            None if success => {
                self.reached.insert(target.into(), HashSet::from([id]));
            }
            None => {}
        }
    }

    /// The proxies whose last visit to a target succeeded; none of one that nobody was led to.
    pub(crate) fn reached(&self, target: &str) -> Option<&HashSet<i64>> {
        self.reached.get(target)
    }

    /// Marks proxies as being checked, or as no longer. This is no state of the proxy and is never kept.
    pub(crate) fn set_checking(&mut self, ids: &[i64], checking: bool) {
        for id in ids {
            if let Ok(at) = self.position(*id) {
                self.columns.checking[at] = checking;
            }
        }
        self.revision += 1;
    }

    /// Replaces the counts of the last 30 days; who is not in them has none.
    pub(crate) fn recount(&mut self, counts: &HashMap<i64, (u32, u32)>) {
        for (row, id) in self.columns.id.iter().enumerate() {
            let (checks, successes) = counts.get(id).copied().unwrap_or_default();
            self.columns.checks[row] = small(checks);
            self.columns.successes[row] = small(successes);
        }
        self.revision += 1;
    }

    fn position(&self, id: i64) -> Result<usize, usize> {
        match self.columns.id.last() {
            Some(last) if id > *last => Err(self.columns.id.len()),
            _ => self.columns.id.binary_search(&id),
        }
    }

    /// The row of a proxy.
    pub(crate) fn row_of(&self, id: i64) -> Option<usize> {
        self.position(id).ok()
    }

    /// What is known of the proxy in a row.
    pub(crate) fn record(&self, row: usize) -> Option<Record> {
        let c = &self.columns;
        let id = *c.id.get(row)?;
        let endpoint = Endpoint::new(self.texts.host(c.place[row])?, c.port[row]).ok()?;
        Some(Record {
            id,
            endpoint,
            user: self.user(row).map(str::to_owned),
            hints: c.hints[row],
            standing: self.standing(row),
            working: c.working[row],
            reason: c.reason[row],
            code: (c.code[row] != 0).then_some(c.code[row]),
            latency_ms: self.latency(row),
            anonymity: self.anonymity(row),
            led_to: self.led_to.get(&id).copied(),
            exit: self.exit(row),
            trust: c.trust[row],
            checks_30d: u32::from(c.checks[row]),
            successes_30d: u32::from(c.successes[row]),
            last_checked: moment(c.last_checked[row]),
            last_success: moment(c.last_success[row]),
            first_seen: c.first_seen[row],
            sources: self.sources(row),
            tags: self.tags(row),
        })
    }

    /// The numbers of the sources that have the proxy in a row.
    fn sources(&self, row: usize) -> Vec<i64> {
        let members = self.texts.source_sets.members(self.columns.sources[row]).iter();
        let mut sources: Vec<i64> =
            members.filter_map(|at| self.texts.sources.get_index(index(*at))).map(|(id, _)| *id).collect();
        sources.sort_unstable();
        sources
    }

    /// What the user calls the proxy in a row, in the order of the words.
    pub(crate) fn tags(&self, row: usize) -> Vec<Box<str>> {
        self.tags_of_set(self.columns.tags[row])
    }

    /// The tags of a set, in the order of the words. A set stays what it is for as long as the pool is there.
    pub(crate) fn tags_of_set(&self, set: u32) -> Vec<Box<str>> {
        let members = self.texts.tag_sets.members(set).iter();
        let mut tags: Vec<Box<str>> =
            members.filter_map(|at| self.texts.tags.get_index(index(*at)).cloned()).collect();
        tags.sort_unstable();
        tags
    }

    /// How often each tag occurs that does, where it is known how often each set of tags does.
    pub(crate) fn by_tag(&self, by_set: &[u32]) -> BTreeMap<&str, u32> {
        let mut counts = BTreeMap::new();
        for (set, count) in (0..).zip(by_set).filter(|(_, count)| **count > 0) {
            let members = self.texts.tag_sets.members(set).iter();
            for tag in members.filter_map(|at| self.texts.tags.get_index(index(*at))) {
                *counts.entry(tag.as_ref()).or_default() += *count;
            }
        }
        counts
    }

    /// Where the proxy in a row stands.
    pub(crate) fn standing(&self, row: usize) -> Standing {
        Standing { status: self.columns.status[row], failures: u32::from(self.columns.failures[row]) }
    }

    /// The user name of the account of the proxy in a row.
    pub(crate) fn user(&self, row: usize) -> Option<&str> {
        self.texts.users.get_index(index(self.columns.user[row])).map(AsRef::as_ref)
    }

    /// Milliseconds.
    pub(crate) fn latency(&self, row: usize) -> Option<u32> {
        Some(self.columns.latency[row]).filter(|ms| *ms != NO_LATENCY)
    }

    /// How much the proxy in a row gives away; none before its first check.
    pub(crate) fn anonymity(&self, row: usize) -> Option<Anonymity> {
        Anonymity::from_number(self.columns.anonymity[row])
    }

    /// The address that a target sees.
    pub(crate) fn exit(&self, row: usize) -> Option<IpAddr> {
        self.texts.host(self.columns.exit[row]).and_then(|host| host.ip())
    }

    /// The country of the exit, which is that of the proxy.
    pub(crate) fn country(&self, row: usize) -> Option<Country> {
        Country::from_number(self.columns.country[row])
    }

    /// Where addresses lie.
    pub(crate) fn geo(&self) -> &Geo {
        &self.geo
    }

    /// What the proxy in a row was found to speak.
    pub(crate) fn found(&self, row: usize) -> Hints {
        self.protocols[usize::from(self.columns.working[row])]
    }

    /// What it was found to speak; for one never checked, what lists say of it.
    pub(crate) fn speaks(&self, row: usize) -> Hints {
        if self.columns.last_checked[row] == NEVER { self.columns.hints[row] } else { self.found(row) }
    }

    /// The score of the proxy in a row at a moment; none before its first check.
    pub(crate) fn score(&self, row: usize, now: UnixMs) -> Option<f64> {
        let c = &self.columns;
        moment(c.last_checked[row])?;
        let checks = c.checks[row];
        Some(
            Score::of(ScoreInput {
                success_rate: if checks == 0 { 0.0 } else { f64::from(c.successes[row]) / f64::from(checks) },
                latency_ms: self.latency(row),
                days_since_success: moment(c.last_success[row]).map(|at| days_between(at, now)),
                anonymity: self.anonymity(row).unwrap_or_default(),
            })
            .total,
        )
    }

    /// Whether a check of the proxy in a row is in flight.
    pub(crate) fn is_checking(&self, row: usize) -> bool {
        self.columns.checking[row]
    }

    pub(crate) const fn columns(&self) -> &Columns {
        &self.columns
    }

    pub(crate) const fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Proxies in the pool.
    pub(crate) fn len(&self) -> usize {
        self.columns.id.len()
    }

    /// Of these, the ones whose last check succeeded.
    pub(crate) const fn working(&self) -> u32 {
        self.active
    }

    /// Grows with every change by which an order that was made of the pool may be out of date.
    pub(crate) const fn revision(&self) -> u64 {
        self.revision
    }
}

/// The moment in a column, if there is one.
pub(crate) fn moment(at: UnixMs) -> Option<UnixMs> {
    (at != NEVER).then_some(at)
}

/// A count in two bytes: at most 2,880 checks fit into 30 days at the usual pace, and more change no share.
fn small(count: u32) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
