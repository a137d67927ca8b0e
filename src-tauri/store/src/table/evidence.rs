//! The full evidence of the last checks of a proxy, as JSON. Older checks keep their small row only.
//!
//! Rows are large, so the table has row numbers and appends; its one index finds a proxy's few rows.

use proxydeck_domain::{Evidence, UnixMs};
use rusqlite::{Connection, params};

use super::proxies::ProxyId;
use crate::column::unreadable;

/// How many checks of a proxy keep their evidence: the product promises five, and 100,000 proxies must stay
/// under 1 GB.
pub const EVIDENCE_KEPT: u32 = 5;

pub(crate) const SCHEMA: &str = "
CREATE TABLE evidence (
    id INTEGER PRIMARY KEY,
    proxy INTEGER NOT NULL REFERENCES proxies (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    attempts TEXT NOT NULL,
    UNIQUE (proxy, at)
) STRICT;
";

/// Keeps the evidence of a check and drops what is older than the last few.
pub(crate) fn keep(tx: &Connection, proxy: ProxyId, at: UnixMs, attempts: &str) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO evidence (proxy, at, attempts) VALUES (?1, ?2, ?3)
         ON CONFLICT (proxy, at) DO UPDATE SET attempts = excluded.attempts",
    )?
    .execute(params![proxy, at, attempts])?;
    tx.prepare_cached(
        "DELETE FROM evidence WHERE proxy = ?1 AND at <=
            (SELECT at FROM evidence WHERE proxy = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![proxy, EVIDENCE_KEPT])?;
    Ok(())
}

/// Reads a column of evidence.
pub(crate) fn read(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<Option<Evidence>> {
    row.get_ref(index)?
        .as_str_or_null()?
        .map(|json| serde_json::from_str(json).map_err(|error| unreadable(index, error)))
        .transpose()
}
