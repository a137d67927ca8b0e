//! Which source had which proxy, and when.

use proxydeck_domain::UnixMs;
use rusqlite::{Connection, Rows, params};

use super::proxies::ProxyId;
use super::sources::{Source, SourceId};

pub(crate) const SCHEMA: &str = "
CREATE TABLE proxy_sources (
    proxy INTEGER NOT NULL REFERENCES proxies (id) ON DELETE CASCADE,
    source INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    PRIMARY KEY (proxy, source)
) STRICT, WITHOUT ROWID;
";

/// A source that had a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The source.
    pub source: Source,
    /// When it first had the proxy.
    pub first_seen: UnixMs,
    /// When it last had it.
    pub last_seen: UnixMs,
}

/// Notes that a source has a proxy.
pub(crate) fn note(tx: &Connection, proxy: ProxyId, source: SourceId, at: UnixMs) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO proxy_sources (proxy, source, first_seen, last_seen) VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT (proxy, source) DO UPDATE SET last_seen = max(last_seen, excluded.last_seen)",
    )?
    .execute(params![proxy, source, at])?;
    Ok(())
}

/// The sources of every proxy, in the order of the proxies' numbers, which is the key's: no sorter is needed.
pub(crate) const ALL: &str = "SELECT proxy, source FROM proxy_sources ORDER BY proxy, source";

/// The next row of [`ALL`].
pub(crate) fn next(rows: &mut Rows<'_>) -> rusqlite::Result<Option<(ProxyId, SourceId)>> {
    rows.next()?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// The numbers of the sources that had a proxy, in their order.
pub(crate) fn numbers_of(conn: &Connection, proxy: ProxyId) -> rusqlite::Result<Vec<SourceId>> {
    conn.prepare_cached("SELECT source FROM proxy_sources WHERE proxy = ?1 ORDER BY source")?
        .query_map([proxy], |row| row.get(0))?
        .collect()
}

/// The sources that had a proxy, the first to have it first.
pub(crate) fn of(conn: &Connection, proxy: ProxyId) -> rusqlite::Result<Vec<Sighting>> {
    let sql = format!(
        "SELECT {}, first_seen, last_seen FROM proxy_sources JOIN sources ON sources.id = source
         WHERE proxy = ?1 ORDER BY first_seen, source",
        Source::COLUMNS
    );
    conn.prepare_cached(&sql)?
        .query_map([proxy], |row| {
            Ok(Sighting { source: Source::read(row)?, first_seen: row.get(4)?, last_seen: row.get(5)? })
        })?
        .collect()
}
