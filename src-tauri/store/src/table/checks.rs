//! What came of each check, in a few bytes: some 30 a row, with room to spare below the 48 of the promise.
//!
//! The key is the proxy and the moment, and the table is its own index: a proxy's checks lie together, and
//! one pass over the table counts the checks of every proxy in order.

use std::sync::Arc;

use proxydeck_domain::{Capability, Evidence, Reason, Standing, UnixMs, Verdict};
use rusqlite::{Connection, Rows, params};

use super::judges::Interned;
use super::proxies::{self, Counts, ProxyId};
use super::targets::{self, NewVisit};
use super::tasks::{self, TaskId};
use super::{evidence, task_items};
use crate::column::{count, numbered, numbered_or_null};

pub(crate) const SCHEMA: &str = "
CREATE TABLE checks (
    proxy INTEGER NOT NULL REFERENCES proxies (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    success INTEGER NOT NULL,
    capability INTEGER NOT NULL,
    judge INTEGER NOT NULL REFERENCES judges (id),
    reason INTEGER,
    code INTEGER,
    ms INTEGER,
    PRIMARY KEY (proxy, at)
) STRICT, WITHOUT ROWID;
";

/// Why a check was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CheckKind {
    /// A person asked.
    Manual = 0,
    /// It was due.
    Schedule = 1,
    /// A program asked.
    Api = 2,
    /// A target was asked instead of a judge.
    Target = 3,
}

impl CheckKind {
    const ALL: [Self; 4] = [Self::Manual, Self::Schedule, Self::Api, Self::Target];

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

/// A finished check that is to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCheck {
    /// The proxy.
    pub proxy: ProxyId,
    /// When it ended.
    pub at: UnixMs,
    /// Why it was made.
    pub kind: CheckKind,
    /// What it means.
    pub verdict: Verdict,
    /// Where the proxy stands after it.
    pub standing: Standing,
    /// Where the proxy was led besides, and what came of it.
    pub visits: Vec<NewVisit>,
    judge: Arc<str>,
    evidence: String,
}

impl NewCheck {
    /// Puts a check together. The evidence is written as JSON here, on the caller's thread, so that the one
    /// thread that writes to the database has less to do.
    ///
    /// # Errors
    /// When the evidence cannot be written as JSON, which no evidence of ours does.
    pub fn new(
        proxy: ProxyId,
        at: UnixMs,
        kind: CheckKind,
        standing: Standing,
        verdict: Verdict,
        evidence: &Evidence,
    ) -> Result<Self, serde_json::Error> {
        let judge = evidence
            .attempts
            .iter()
            .rev()
            .find(|attempt| attempt.capability == verdict.decided_by && attempt.reason == verdict.reason)
            .map_or_else(|| Arc::from(""), |attempt| Arc::clone(&attempt.judge));
        let evidence = serde_json::to_string(evidence)?;
        Ok(Self { proxy, at, kind, verdict, standing, visits: Vec::new(), judge, evidence })
    }
}

/// What came of storing a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Checks that are kept; one of a proxy that is gone meanwhile is not.
    pub kept: u32,
    /// Of the task's proxies, how many were struck off.
    pub finished: u32,
}

/// A check that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRow {
    /// When it ended.
    pub at: UnixMs,
    /// Why it was made.
    pub kind: CheckKind,
    /// Whether it succeeded.
    pub success: bool,
    /// The capability that decided.
    pub capability: Capability,
    /// The judge that was asked.
    pub judge: String,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// The code that came with the reason.
    pub code: Option<u16>,
    /// Milliseconds.
    pub latency_ms: Option<u32>,
    /// Everything that was seen; kept for the last [`EVIDENCE_KEPT`](crate::EVIDENCE_KEPT) checks only.
    pub evidence: Option<Evidence>,
}

/// A check as figures over many need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckBrief {
    /// The proxy.
    pub proxy: ProxyId,
    /// When it ended.
    pub at: UnixMs,
    /// Whether it succeeded.
    pub success: bool,
    /// The capability that decided.
    pub capability: Capability,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// Milliseconds.
    pub latency_ms: Option<u32>,
}

/// Keeps a batch: the proxies' rows, the checks, their evidence, and what the task has left.
pub(crate) fn keep(
    tx: &Connection,
    judges: &mut Interned,
    task: Option<TaskId>,
    batch: &[NewCheck],
) -> rusqlite::Result<Stored> {
    let mut kept = 0;
    let mut finished = 0;
    for check in batch {
        if proxies::measure(tx, check)? {
            insert(tx, judges, check)?;
            evidence::keep(tx, check.proxy, check.at, &check.evidence)?;
            targets::keep(tx, check.proxy, check.at, &check.visits)?;
            kept += 1;
        }
        if let Some(task) = task {
            finished += task_items::finish(tx, task, check.proxy)?;
        }
    }
    if let Some(task) = task {
        tasks::advance(tx, task, finished)?;
    }
    Ok(Stored { kept, finished: count(finished) })
}

fn insert(tx: &Connection, judges: &mut Interned, check: &NewCheck) -> rusqlite::Result<()> {
    let judge = judges.number(tx, &check.judge)?;
    let verdict = &check.verdict;
    // Of two checks that end in the same millisecond the later one stands.
    tx.prepare_cached(
        "INSERT OR REPLACE INTO checks (proxy, at, kind, success, capability, judge, reason, code, ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        check.proxy,
        check.at,
        check.kind as u8,
        verdict.success,
        verdict.decided_by as u8,
        judge,
        verdict.reason.map(Reason::number),
        verdict.code,
        verdict.latency_ms
    ])?;
    Ok(())
}

/// The last checks of a proxy with what evidence is left, the newest first.
pub(crate) fn of(conn: &Connection, proxy: ProxyId, limit: u32) -> rusqlite::Result<Vec<CheckRow>> {
    conn.prepare_cached(
        "SELECT checks.at, kind, success, capability, judges.address, reason, code, ms, attempts
         FROM checks JOIN judges ON judges.id = judge
         LEFT JOIN evidence ON evidence.proxy = checks.proxy AND evidence.at = checks.at
         WHERE checks.proxy = ?1 ORDER BY checks.at DESC LIMIT ?2",
    )?
    .query_map(params![proxy, limit], |row| {
        Ok(CheckRow {
            at: row.get(0)?,
            kind: numbered(row, 1, CheckKind::from_number)?,
            success: row.get(2)?,
            capability: numbered(row, 3, Capability::from_number)?,
            judge: row.get(4)?,
            reason: numbered_or_null(row, 5, Reason::from_number)?,
            code: row.get(6)?,
            latency_ms: row.get(7)?,
            evidence: evidence::read(row, 8)?,
        })
    })?
    .collect()
}

/// Counts the checks since a moment, proxy by proxy in the order of their numbers; those with none are left out.
/// The key's order gives the groups for nothing: SQLite needs no sorter for this.
pub(crate) const COUNTS: &str =
    "SELECT proxy, count(*), sum(success) FROM checks WHERE at >= ?1 GROUP BY proxy ORDER BY proxy";

/// The next row of [`COUNTS`].
pub(crate) fn next_count(rows: &mut Rows<'_>) -> rusqlite::Result<Option<(ProxyId, Counts)>> {
    match rows.next()? {
        None => Ok(None),
        Some(row) => Ok(Some((row.get(0)?, Counts { checks: row.get(1)?, successes: row.get(2)? }))),
    }
}

/// Visits every row of [`COUNTS`].
pub(crate) fn counts_since(
    conn: &Connection,
    since: UnixMs,
    mut visit: impl FnMut(ProxyId, Counts),
) -> rusqlite::Result<()> {
    let mut statement = conn.prepare_cached(COUNTS)?;
    let mut rows = statement.query([since])?;
    while let Some((proxy, counts)) = next_count(&mut rows)? {
        visit(proxy, counts);
    }
    Ok(())
}

/// Visits the checks of all proxies after a moment and until another, proxy by proxy and in the order of time; those
/// of targets are no checks of proxies.
///
/// What is older is never read: of each proxy that was checked since, the key leads to the first row that counts. A
/// million checks take about half a second.
pub(crate) fn within(
    conn: &Connection,
    after: UnixMs,
    until: UnixMs,
    mut visit: impl FnMut(CheckBrief),
) -> rusqlite::Result<()> {
    let mut statement = conn.prepare_cached(
        "SELECT checks.proxy, checks.at, success, capability, checks.reason, ms
         FROM proxies CROSS JOIN checks ON checks.proxy = proxies.id AND checks.at > ?1 AND checks.at <= ?2
         WHERE proxies.last_checked > ?1 AND kind <> ?3
         ORDER BY proxies.id, checks.at",
    )?;
    let mut rows = statement.query(params![after, until, CheckKind::Target as u8])?;
    while let Some(row) = rows.next()? {
        visit(CheckBrief {
            proxy: row.get(0)?,
            at: row.get(1)?,
            success: row.get(2)?,
            capability: numbered(row, 3, Capability::from_number)?,
            reason: numbered_or_null(row, 4, Reason::from_number)?,
            latency_ms: row.get(5)?,
        });
    }
    Ok(())
}

/// Counts the checks of one proxy since a moment.
pub(crate) fn counts_of(conn: &Connection, proxy: ProxyId, since: UnixMs) -> rusqlite::Result<Counts> {
    conn.prepare_cached(
        "SELECT count(*), coalesce(sum(success), 0) FROM checks WHERE proxy = ?1 AND at >= ?2",
    )?
    .query_row(params![proxy, since], |row| Ok(Counts { checks: row.get(0)?, successes: row.get(1)? }))
}
