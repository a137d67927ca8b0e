//! Visits to sources: what each brought, in one row.

use std::collections::HashMap;

use proxydeck_domain::UnixMs;
use rusqlite::{Connection, Row, params};

use super::sources::SourceId;
use crate::column::words;

pub(crate) const SCHEMA: &str = "
CREATE TABLE visits (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    took_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    failure TEXT,
    code INTEGER,
    bytes INTEGER NOT NULL,
    format TEXT,
    read INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    new INTEGER NOT NULL,
    gone INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    refused TEXT,
    working INTEGER NOT NULL
) STRICT;
CREATE INDEX visits_of_source ON visits (source, at);
";

/// How long visits are kept: as long as the hourly figures of a source.
const KEPT_MS: UnixMs = 90 * 24 * 60 * 60 * 1000;

words! {
    /// How a visit to a source ended.
    pub enum VisitOutcome {
        /// It brought a list that differs from the last one.
        Changed = "changed",
        /// It brought the same proxies as the last time.
        Unchanged = "unchanged",
        /// It said that nothing has changed.
        NotModified = "not_modified",
        /// There was no proxy in what it sent.
        Empty = "empty",
        /// It sent a page about an error, a login or a captcha.
        WrongPage = "wrong_page",
        /// Nothing usable came.
        Failed = "failed",
    }
}

/// One visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceVisit {
    /// When it began.
    pub at: UnixMs,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
    /// How it ended.
    pub outcome: VisitOutcome,
    /// Why it failed, or which page came, as a stable word.
    pub failure: Option<String>,
    /// The status of HTTP.
    pub code: Option<u16>,
    /// Bytes that came over the line, of which a visit takes far less than this can hold.
    pub bytes: u32,
    /// The shape that it was read as, as a stable word.
    pub format: Option<String>,
    /// Lines or entries read.
    pub read: u32,
    /// Distinct proxies understood.
    pub accepted: u32,
    /// Of these, the ones that nobody had before.
    pub new: u32,
    /// Proxies of the list before that were gone.
    pub gone: u32,
    /// Entries that stood in it more than once.
    pub duplicates: u32,
    /// What was not taken, by reason, as a JSON object; none where all was.
    pub refused: Option<String>,
    /// Proxies of the source that worked then.
    pub working: u32,
}

impl SourceVisit {
    const COLUMNS: &str = "at, took_ms, outcome, failure, code, bytes, format, read, accepted, new, gone, duplicates, \
         refused, working";

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            at: row.get(0)?,
            took_ms: row.get(1)?,
            outcome: row.get(2)?,
            failure: row.get(3)?,
            code: row.get(4)?,
            bytes: row.get(5)?,
            format: row.get(6)?,
            read: row.get(7)?,
            accepted: row.get(8)?,
            new: row.get(9)?,
            gone: row.get(10)?,
            duplicates: row.get(11)?,
            refused: row.get(12)?,
            working: row.get(13)?,
        })
    }
}

/// Keeps a visit, and lets go of those that are older than [`KEPT_MS`].
pub(crate) fn keep(tx: &Connection, source: SourceId, visit: &SourceVisit) -> rusqlite::Result<()> {
    tx.prepare_cached(&format!(
        "INSERT INTO visits (source, {}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        SourceVisit::COLUMNS
    ))?
    .execute(params![
        source,
        visit.at,
        visit.took_ms,
        visit.outcome,
        visit.failure,
        visit.code,
        visit.bytes,
        visit.format,
        visit.read,
        visit.accepted,
        visit.new,
        visit.gone,
        visit.duplicates,
        visit.refused,
        visit.working
    ])?;
    tx.prepare_cached("DELETE FROM visits WHERE source = ?1 AND at < ?2")?
        .execute(params![source, visit.at.saturating_sub(KEPT_MS)])?;
    Ok(())
}

/// The last visits to a source, the newest first.
pub(crate) fn of(conn: &Connection, source: SourceId, limit: u32) -> rusqlite::Result<Vec<SourceVisit>> {
    conn.prepare_cached(&format!(
        "SELECT {} FROM visits WHERE source = ?1 ORDER BY at DESC, id DESC LIMIT ?2",
        SourceVisit::COLUMNS
    ))?
    .query_map(params![source, limit], SourceVisit::read)?
    .collect()
}

/// The last visit to every source.
pub(crate) fn last(conn: &Connection) -> rusqlite::Result<HashMap<SourceId, SourceVisit>> {
    conn.prepare_cached(&format!(
        "SELECT {}, source FROM visits WHERE id IN (
            SELECT (SELECT id FROM visits WHERE source = sources.id ORDER BY at DESC, id DESC LIMIT 1) FROM sources)",
        SourceVisit::COLUMNS
    ))?
    .query_map([], |row| Ok((row.get(14)?, SourceVisit::read(row)?)))?
    .collect()
}

/// Visits each source's sums of new proxies since a moment, in steps of a length counted back from `until`: source,
/// steps back, new ones.
pub(crate) fn new_by_step(
    conn: &Connection,
    since: UnixMs,
    until: UnixMs,
    step_ms: UnixMs,
    mut visit: impl FnMut(SourceId, u32, u32),
) -> rusqlite::Result<()> {
    let mut statement = conn.prepare_cached(
        "SELECT source, (?2 - at) / ?3, sum(new) FROM visits
         WHERE at > ?1 AND at <= ?2 AND new > 0 GROUP BY 1, 2",
    )?;
    let mut rows = statement.query(params![since, until, step_ms])?;
    while let Some(row) = rows.next()? {
        visit(row.get(0)?, row.get(1)?, row.get(2)?);
    }
    Ok(())
}
