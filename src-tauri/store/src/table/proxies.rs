//! The proxies: who they are, and what the last check found.
//!
//! Every measured column is that of the last check. None of the columns that change with a check has an index:
//! the engine's read model sorts and filters. Secrets lie here sealed, and are found by a keyed hash.

use std::net::IpAddr;

use proxydeck_domain::{
    Anonymity, Basis, Capabilities, Endpoint, Finding, Hints, Host, Reason, Standing, Status, TrustFlags,
    UnixMs,
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::checks::{self, NewCheck};
use super::sightings;
use super::sources::{self, NewSource, SourceId};
use crate::capabilities;
use crate::column::{address_or_null, numbered, numbered_or_null, unreadable};

/// The number of a proxy.
pub type ProxyId = i64;

/// Over how many days the success rate is taken.
pub const SUCCESS_RATE_DAYS: i64 = 30;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// An absent user is the empty text and an absent secret the empty hash, since SQLite holds two NULLs to be
/// different and would let the same proxy in twice. An account always has a hash, even of an empty password.
pub(crate) const SCHEMA: &str = "
CREATE TABLE proxies (
    id INTEGER PRIMARY KEY,
    host TEXT NOT NULL,
    port INTEGER NOT NULL,
    user TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    sealed_secret BLOB,
    hints INTEGER NOT NULL,
    capabilities BLOB NOT NULL DEFAULT x'',
    status INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    reason INTEGER,
    code INTEGER,
    latency_ms INTEGER,
    anonymity INTEGER NOT NULL DEFAULT 0,
    basis INTEGER NOT NULL DEFAULT 0,
    giveaway TEXT,
    exit TEXT,
    trust INTEGER NOT NULL DEFAULT 0,
    last_checked INTEGER,
    last_success INTEGER,
    next_due INTEGER,
    first_seen INTEGER NOT NULL,
    tags TEXT,
    metadata TEXT,
    deleted INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    UNIQUE (host, port, user, secret_hash)
) STRICT;
CREATE INDEX proxies_with_secret ON proxies (id) WHERE sealed_secret IS NOT NULL;
";

/// An account with its secret sealed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SealedAccount {
    /// The user name; may be empty.
    pub user: String,
    /// A keyed hash of the secret, by which the same account is found again.
    pub secret_hash: [u8; 16],
    /// The secret, sealed.
    pub sealed: Vec<u8>,
}

/// A proxy from a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewProxy {
    /// Where to dial.
    pub endpoint: Endpoint,
    /// The account on it.
    pub account: Option<SealedAccount>,
    /// What the list says that it speaks.
    pub hints: Hints,
}

/// By what a proxy is found again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Where to dial.
    pub endpoint: Endpoint,
    /// The user name and the keyed hash of the secret.
    pub account: Option<(String, [u8; 16])>,
}

/// A proxy that is in the pool already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number.
    pub id: ProxyId,
    /// Whether it was deleted, and stays so.
    pub deleted: bool,
}

/// What an import did with one proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Its number.
    pub id: ProxyId,
    /// Whether it is new.
    pub outcome: Outcome,
    /// What all lists together say that it speaks.
    pub hints: Hints,
    /// The list's own number.
    pub source: SourceId,
}

/// Whether a proxy of a list is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was not in the pool.
    New,
    /// It was, and what the list says of it was added.
    Known,
    /// It was deleted, and stays so until the user brings it back.
    Deleted,
}

/// The checks of the last [`SUCCESS_RATE_DAYS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub checks: u32,
    /// Those that succeeded.
    pub successes: u32,
}

/// A proxy as it is kept. Its secret is fetched apart, where it is used.
#[derive(Clone, Debug, PartialEq)]
pub struct ProxyRow {
    /// Its number.
    pub id: ProxyId,
    /// Where to dial.
    pub endpoint: Endpoint,
    /// The user name of its account; none without an account.
    pub user: Option<String>,
    /// What lists say that it speaks.
    pub hints: Hints,
    /// The answer to every question.
    pub capabilities: Capabilities,
    /// Where it stands.
    pub standing: Standing,
    /// Why the last check failed.
    pub reason: Option<Reason>,
    /// The code that came with the reason.
    pub code: Option<u16>,
    /// Milliseconds; none when the last check failed.
    pub latency_ms: Option<u32>,
    /// How much it gives away.
    pub finding: Finding,
    /// Where the name of one given by name led at its last check.
    pub entry: Option<IpAddr>,
    /// The address that a target sees.
    pub exit: Option<IpAddr>,
    /// What to know before trusting it.
    pub trust: TrustFlags,
    /// The last check.
    pub last_checked: Option<UnixMs>,
    /// The last check that succeeded.
    pub last_success: Option<UnixMs>,
    /// When it is to be checked again.
    pub next_due: Option<UnixMs>,
    /// When it was first met.
    pub first_seen: UnixMs,
    /// What the user calls it, as a JSON list of words; none without any.
    pub tags: Option<Box<str>>,
    /// What the user keeps with it, as JSON.
    pub metadata: Option<Box<str>>,
    /// Whether it is deleted.
    pub deleted: bool,
    /// When the row was made.
    pub created: UnixMs,
    /// When the row last changed.
    pub updated: UnixMs,
    /// The checks of the last [`SUCCESS_RATE_DAYS`].
    pub counts: Counts,
    /// The sources that had it, in the order of their numbers.
    pub sources: Vec<SourceId>,
}

/// Where a name has led; an address needs no second.
pub(crate) const SCHEMA_OF_ENTRIES: &str = "ALTER TABLE proxies ADD COLUMN entry TEXT;";

impl ProxyRow {
    const COLUMNS: &str = "id, host, port, user, length(secret_hash) > 0, hints, capabilities, status, failures, \
         reason, code, latency_ms, anonymity, basis, giveaway, exit, trust, last_checked, last_success, \
         next_due, first_seen, tags, metadata, deleted, created, updated, entry";

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let host = Host::parse(row.get_ref(1)?.as_str()?).map_err(|error| unreadable(1, error))?;
        let endpoint = Endpoint::new(host, row.get(2)?).map_err(|error| unreadable(2, error))?;
        let has_account: bool = row.get(4)?;
        Ok(Self {
            id: row.get(0)?,
            endpoint,
            user: if has_account { Some(row.get(3)?) } else { None },
            hints: Hints::from_bits(row.get(5)?),
            capabilities: capabilities::decode(row.get_ref(6)?.as_blob()?)
                .ok_or_else(|| unreadable(6, "not the answers of a check"))?,
            standing: Standing { status: numbered(row, 7, Status::from_number)?, failures: row.get(8)? },
            reason: numbered_or_null(row, 9, Reason::from_number)?,
            code: row.get(10)?,
            latency_ms: row.get(11)?,
            finding: Finding {
                anonymity: numbered(row, 12, Anonymity::from_number)?,
                basis: numbered(row, 13, basis_from_number)?,
                giveaway: row.get(14)?,
            },
            entry: address_or_null(row, 26)?,
            exit: address_or_null(row, 15)?,
            trust: TrustFlags::from_bits(row.get(16)?),
            last_checked: row.get(17)?,
            last_success: row.get(18)?,
            next_due: row.get(19)?,
            first_seen: row.get(20)?,
            tags: row.get(21)?,
            metadata: row.get(22)?,
            deleted: row.get(23)?,
            created: row.get(24)?,
            updated: row.get(25)?,
            counts: Counts::default(),
            sources: Vec::new(),
        })
    }
}

const fn basis_number(basis: Basis) -> u8 {
    match basis {
        Basis::Headers => 0,
        Basis::Tunnel => 1,
    }
}

const fn basis_from_number(number: u8) -> Option<Basis> {
    match number {
        0 => Some(Basis::Headers),
        1 => Some(Basis::Tunnel),
        _ => None,
    }
}

/// The moment from which checks count for the success rate.
pub(crate) const fn counted_since(now: UnixMs) -> UnixMs {
    now.saturating_sub(SUCCESS_RATE_DAYS * DAY_MS)
}

/// Takes a batch of an imported list in.
pub(crate) fn import(
    tx: &Connection,
    source: &NewSource,
    batch: &[NewProxy],
    at: UnixMs,
) -> rusqlite::Result<Vec<Imported>> {
    let source = sources::meet(tx, source, at)?;
    take(tx, source, batch, at, |proxy| sightings::note(tx, proxy, source, at))
}

/// Takes a batch of a list in that a source brought.
pub(crate) fn collect(
    tx: &Connection,
    source: SourceId,
    batch: &[NewProxy],
    at: UnixMs,
) -> rusqlite::Result<Vec<Imported>> {
    take(tx, source, batch, at, |proxy| sightings::arrive(tx, proxy, source, at))
}

/// Takes a batch in: what is not in the pool is added, what is gets the list's hints added.
fn take(
    tx: &Connection,
    source: SourceId,
    batch: &[NewProxy],
    at: UnixMs,
    mut seen: impl FnMut(ProxyId) -> rusqlite::Result<()>,
) -> rusqlite::Result<Vec<Imported>> {
    let mut find = tx.prepare_cached(FIND)?;
    let mut done = Vec::with_capacity(batch.len());
    for proxy in batch {
        let (user, hash) = match &proxy.account {
            Some(account) => (account.user.as_str(), account.secret_hash.as_slice()),
            None => ("", [].as_slice()),
        };
        let imported = match find_one(&mut find, &proxy.endpoint, user, hash)? {
            Some((known, hints)) => {
                let merged = hints.union(proxy.hints);
                if merged != hints {
                    tx.prepare_cached("UPDATE proxies SET hints = ?2, updated = ?3 WHERE id = ?1")?
                        .execute(params![known.id, merged.bits(), at])?;
                }
                let outcome = if known.deleted { Outcome::Deleted } else { Outcome::Known };
                Imported { id: known.id, outcome, hints: merged, source }
            }
            None => {
                let id = tx
                    .prepare_cached(
                        "INSERT INTO proxies
                            (host, port, user, secret_hash, sealed_secret, hints, first_seen, created, updated)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?7)",
                    )?
                    .insert(params![
                        proxy.endpoint.host().to_string(),
                        proxy.endpoint.port(),
                        user,
                        hash,
                        proxy.account.as_ref().map(|account| &account.sealed),
                        proxy.hints.bits(),
                        at
                    ])?;
                Imported { id, outcome: Outcome::New, hints: proxy.hints, source }
            }
        };
        seen(imported.id)?;
        done.push(imported);
    }
    Ok(done)
}

const FIND: &str =
    "SELECT id, deleted, hints FROM proxies WHERE host = ?1 AND port = ?2 AND user = ?3 AND secret_hash = ?4";

fn find_one(
    find: &mut CachedStatement<'_>,
    endpoint: &Endpoint,
    user: &str,
    hash: &[u8],
) -> rusqlite::Result<Option<(Known, Hints)>> {
    find.query_row(params![endpoint.host().to_string(), endpoint.port(), user, hash], |row| {
        Ok((Known { id: row.get(0)?, deleted: row.get(1)? }, Hints::from_bits(row.get(2)?)))
    })
    .optional()
}

/// Says which proxies are in the pool, in the order in which they were asked for.
pub(crate) fn lookup(conn: &Connection, identities: &[Identity]) -> rusqlite::Result<Vec<Option<Known>>> {
    let mut find = conn.prepare_cached(FIND)?;
    identities
        .iter()
        .map(|identity| {
            let (user, hash) = match &identity.account {
                Some((user, hash)) => (user.as_str(), hash.as_slice()),
                None => ("", [].as_slice()),
            };
            Ok(find_one(&mut find, &identity.endpoint, user, hash)?.map(|(known, _)| known))
        })
        .collect()
}

/// Writes what a check found into the proxy's row; whether there is such a row.
pub(crate) fn measure(tx: &Connection, check: &NewCheck) -> rusqlite::Result<bool> {
    let verdict = &check.verdict;
    let changed = tx
        .prepare_cached(
            "UPDATE proxies SET
                capabilities = ?2, status = ?3, failures = ?4, reason = ?5, code = ?6, latency_ms = ?7,
                anonymity = ?8, basis = ?9, giveaway = ?10, exit = ?11, trust = ?12, last_checked = ?13,
                last_success = CASE WHEN ?14 THEN ?13 ELSE last_success END, updated = ?13,
                entry = coalesce(?15, entry)
             WHERE id = ?1",
        )?
        .execute(params![
            check.proxy,
            capabilities::encode(&verdict.capabilities),
            check.standing.status as u8,
            check.standing.failures,
            verdict.reason.map(Reason::number),
            verdict.code,
            verdict.latency_ms,
            verdict.finding.anonymity as u8,
            basis_number(verdict.finding.basis),
            verdict.finding.giveaway,
            verdict.exit.map(|exit| exit.to_string()),
            verdict.trust.bits(),
            check.at,
            verdict.success,
            verdict.entry.map(|entry| entry.to_string())
        ])?;
    Ok(changed == 1)
}

/// Reads every proxy that is deleted or every one that is not, in the order of their numbers, with the counts of its
/// checks and with its sources.
///
/// All tables are read once, in the same order, and joined on the way: SQLite would first write the counts
/// into a table of its own.
pub(crate) fn load(
    conn: &Connection,
    deleted: bool,
    now: UnixMs,
    mut visit: impl FnMut(ProxyRow),
) -> rusqlite::Result<()> {
    // All reads must see the same moment.
    let snapshot = conn.unchecked_transaction()?;
    {
        let mut counting = snapshot.prepare_cached(checks::COUNTS)?;
        let mut counts = counting.query([counted_since(now)])?;
        let mut next = checks::next_count(&mut counts)?;
        let mut sighting = snapshot.prepare_cached(sightings::ALL)?;
        let mut sighted = sighting.query([])?;
        let mut seen = sightings::next(&mut sighted)?;
        let mut reading = snapshot.prepare_cached(&format!(
            "SELECT {} FROM proxies WHERE deleted = ?1 ORDER BY id",
            ProxyRow::COLUMNS
        ))?;
        let mut rows = reading.query([deleted])?;
        while let Some(row) = rows.next()? {
            let mut proxy = ProxyRow::read(row)?;
            while let Some((counted, of)) = next
                && counted <= proxy.id
            {
                if counted == proxy.id {
                    proxy.counts = of;
                }
                next = checks::next_count(&mut counts)?;
            }
            while let Some((of, source)) = seen
                && of <= proxy.id
            {
                if of == proxy.id {
                    proxy.sources.push(source);
                }
                seen = sightings::next(&mut sighted)?;
            }
            visit(proxy);
        }
    }
    snapshot.finish()
}

/// Reads one proxy, deleted or not.
pub(crate) fn one(conn: &Connection, proxy: ProxyId, now: UnixMs) -> rusqlite::Result<Option<ProxyRow>> {
    let row = conn
        .prepare_cached(&format!("SELECT {} FROM proxies WHERE id = ?1", ProxyRow::COLUMNS))?
        .query_row([proxy], ProxyRow::read)
        .optional()?;
    match row {
        None => Ok(None),
        Some(row) => {
            let counts = checks::counts_of(conn, proxy, counted_since(now))?;
            Ok(Some(ProxyRow { counts, sources: sightings::numbers_of(conn, proxy)?, ..row }))
        }
    }
}

/// Deletes proxies or brings them back; those that that changed. What is known of them stays.
pub(crate) fn set_deleted(
    tx: &Connection,
    proxies: &[ProxyId],
    deleted: bool,
    at: UnixMs,
) -> rusqlite::Result<Vec<ProxyId>> {
    let mut statement =
        tx.prepare_cached("UPDATE proxies SET deleted = ?2, updated = ?3 WHERE id = ?1 AND deleted <> ?2")?;
    let mut changed = Vec::with_capacity(proxies.len());
    for proxy in proxies {
        if statement.execute(params![proxy, deleted, at])? > 0 {
            changed.push(*proxy);
        }
    }
    Ok(changed)
}

/// Replaces the tags of proxies that are not deleted; how many rows that changed.
pub(crate) fn set_tags(
    tx: &Connection,
    proxies: &[(ProxyId, Option<Box<str>>)],
    at: UnixMs,
) -> rusqlite::Result<usize> {
    let mut statement =
        tx.prepare_cached("UPDATE proxies SET tags = ?2, updated = ?3 WHERE id = ?1 AND deleted = 0")?;
    proxies
        .iter()
        .try_fold(0, |changed, (proxy, tags)| Ok(changed + statement.execute(params![proxy, tags, at])?))
}

/// The accounts of proxies, in the order in which they were asked for.
pub(crate) fn accounts(
    conn: &Connection,
    proxies: &[ProxyId],
) -> rusqlite::Result<Vec<Option<SealedAccount>>> {
    let mut statement = conn.prepare_cached(
        "SELECT user, secret_hash, sealed_secret FROM proxies WHERE id = ?1 AND sealed_secret IS NOT NULL",
    )?;
    proxies
        .iter()
        .map(|proxy| {
            statement
                .query_row([proxy], |row| {
                    Ok(SealedAccount { user: row.get(0)?, secret_hash: row.get(1)?, sealed: row.get(2)? })
                })
                .optional()
        })
        .collect()
}

/// Whether any secret is kept, deleted proxies' included. An index of its own answers at once.
pub(crate) fn any_sealed(conn: &Connection) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM proxies WHERE sealed_secret IS NOT NULL)")?
        .query_row([], |row| row.get(0))
}
