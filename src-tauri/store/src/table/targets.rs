//! What came of visiting targets: for each proxy and target the last visit and the sums of all.
//!
//! A target is an address of the user's own choice. A visit never changes what is known of the proxy itself.

use std::sync::Arc;

use proxydeck_domain::{Reason, UnixMs};
use rusqlite::{Connection, params};

use super::proxies::ProxyId;
use crate::column::numbered_or_null;

pub(crate) const SCHEMA: &str = "
CREATE TABLE targets (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE target_results (
    proxy INTEGER NOT NULL REFERENCES proxies (id) ON DELETE CASCADE,
    target INTEGER NOT NULL REFERENCES targets (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    reason INTEGER,
    code INTEGER,
    ms INTEGER,
    visits INTEGER NOT NULL,
    successes INTEGER NOT NULL,
    success_ms INTEGER NOT NULL,
    PRIMARY KEY (proxy, target)
) STRICT, WITHOUT ROWID;
";

/// A visit that is to be kept with its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVisit {
    /// The address that was visited.
    pub target: Arc<str>,
    /// Why it failed; none on success.
    pub reason: Option<Reason>,
    /// The status, or the code that came with the reason.
    pub code: Option<u16>,
    /// Milliseconds to the target's answer.
    pub ms: Option<u32>,
}

/// What is known of a proxy and a target.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetRow {
    /// The address.
    pub target: String,
    /// When it was visited last.
    pub at: UnixMs,
    /// Why the last visit failed; none on success.
    pub reason: Option<Reason>,
    /// The status of the last visit, or the code that came with its reason.
    pub code: Option<u16>,
    /// Milliseconds of the last visit.
    pub ms: Option<u32>,
    /// Visits in all.
    pub visits: u32,
    /// Of these, the ones that succeeded.
    pub successes: u32,
    /// The mean of the successful ones in milliseconds.
    pub mean_ms: Option<u32>,
}

/// Keeps the visits of one check.
pub(crate) fn keep(tx: &Connection, proxy: ProxyId, at: UnixMs, visits: &[NewVisit]) -> rusqlite::Result<()> {
    for visit in visits {
        tx.prepare_cached("INSERT OR IGNORE INTO targets (address) VALUES (?1)")?
            .execute([&*visit.target])?;
        let success = visit.reason.is_none();
        let success_ms = visit.ms.filter(|_| success).unwrap_or(0);
        tx.prepare_cached(
            "INSERT INTO target_results (proxy, target, at, reason, code, ms, visits, successes, success_ms)
             SELECT ?1, id, ?3, ?4, ?5, ?6, 1, ?7, ?8 FROM targets WHERE address = ?2
             ON CONFLICT (proxy, target) DO UPDATE SET at = excluded.at, reason = excluded.reason,
                code = excluded.code, ms = excluded.ms, visits = visits + 1,
                successes = successes + excluded.successes, success_ms = success_ms + excluded.success_ms",
        )?
        .execute(params![
            proxy,
            &*visit.target,
            at,
            visit.reason.map(Reason::number),
            visit.code,
            visit.ms,
            success,
            success_ms
        ])?;
    }
    Ok(())
}

/// What is known of a proxy and its targets, by their addresses.
pub(crate) fn of(conn: &Connection, proxy: ProxyId) -> rusqlite::Result<Vec<TargetRow>> {
    conn.prepare_cached(
        "SELECT address, at, reason, code, ms, visits, successes, success_ms / nullif(successes, 0)
         FROM target_results JOIN targets ON targets.id = target WHERE proxy = ?1 ORDER BY address",
    )?
    .query_map([proxy], |row| {
        Ok(TargetRow {
            target: row.get(0)?,
            at: row.get(1)?,
            reason: numbered_or_null(row, 2, Reason::from_number)?,
            code: row.get(3)?,
            ms: row.get(4)?,
            visits: row.get(5)?,
            successes: row.get(6)?,
            mean_ms: row.get(7)?,
        })
    })?
    .collect()
}

/// Visits every proxy whose last visit to a target succeeded, target by target.
pub(crate) fn reached(conn: &Connection, mut visit: impl FnMut(&str, ProxyId)) -> rusqlite::Result<()> {
    let mut statement = conn.prepare_cached(
        "SELECT address, proxy FROM target_results JOIN targets ON targets.id = target WHERE reason IS NULL",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        visit(row.get_ref(0)?.as_str()?, row.get(1)?);
    }
    Ok(())
}
