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

/// What collecting added: `gone` is null as long as the source has the proxy. For a source that is visited, `last_seen`
/// then is not kept with every proxy but once with the source (`seen_at`), so that a list that stays as it is costs
/// one row.
pub(crate) const SCHEMA_OF_COLLECTING: &str = "
ALTER TABLE proxy_sources ADD COLUMN gone INTEGER;
CREATE INDEX proxy_sources_now ON proxy_sources (source) WHERE gone IS NULL;
";

/// A source that had a proxy.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// The source.
    pub source: Source,
    /// When it first had the proxy.
    pub first_seen: UnixMs,
    /// When it last had it.
    pub last_seen: UnixMs,
    /// Whether its last list has it no more.
    pub gone: bool,
}

/// Notes that a source has a proxy.
pub(crate) fn note(tx: &Connection, proxy: ProxyId, source: SourceId, at: UnixMs) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO proxy_sources (proxy, source, first_seen, last_seen) VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT (proxy, source) DO UPDATE SET last_seen = max(last_seen, excluded.last_seen), gone = NULL",
    )?
    .execute(params![proxy, source, at])?;
    Ok(())
}

/// Notes that a source that is visited has a proxy; nothing is written where it had it before.
pub(crate) fn arrive(tx: &Connection, proxy: ProxyId, source: SourceId, at: UnixMs) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO proxy_sources (proxy, source, first_seen, last_seen) VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT (proxy, source) DO UPDATE SET last_seen = excluded.last_seen, gone = NULL
         WHERE gone IS NOT NULL",
    )?
    .execute(params![proxy, source, at])?;
    Ok(())
}

/// Notes that a source has proxies no more that it had until a moment.
pub(crate) fn leave(
    tx: &Connection,
    source: SourceId,
    proxies: &[ProxyId],
    last_seen: UnixMs,
) -> rusqlite::Result<()> {
    let mut statement = tx.prepare_cached(
        "UPDATE proxy_sources SET last_seen = max(first_seen, ?3), gone = ?3 WHERE proxy = ?1 AND source = ?2",
    )?;
    proxies.iter().try_for_each(|proxy| statement.execute(params![proxy, source, last_seen]).map(drop))
}

/// The proxies that a source has, deleted ones too, in the order of their numbers.
pub(crate) fn now_of(conn: &Connection, source: SourceId) -> rusqlite::Result<Vec<ProxyId>> {
    conn.prepare_cached("SELECT proxy FROM proxy_sources WHERE source = ?1 AND gone IS NULL ORDER BY proxy")?
        .query_map([source], |row| row.get(0))?
        .collect()
}

/// The sources that have each proxy, in the order of the proxies' numbers, which is the key's: no sorter is needed.
pub(crate) const ALL: &str =
    "SELECT proxy, source FROM proxy_sources WHERE gone IS NULL ORDER BY proxy, source";

/// The next row of [`ALL`].
pub(crate) fn next(rows: &mut Rows<'_>) -> rusqlite::Result<Option<(ProxyId, SourceId)>> {
    rows.next()?.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// The numbers of the sources that have a proxy, in their order.
pub(crate) fn numbers_of(conn: &Connection, proxy: ProxyId) -> rusqlite::Result<Vec<SourceId>> {
    conn.prepare_cached("SELECT source FROM proxy_sources WHERE proxy = ?1 AND gone IS NULL ORDER BY source")?
        .query_map([proxy], |row| row.get(0))?
        .collect()
}

/// The sources that had a proxy, the first to have it first.
pub(crate) fn of(conn: &Connection, proxy: ProxyId) -> rusqlite::Result<Vec<Sighting>> {
    let sql = format!(
        "SELECT {}, first_seen,
            CASE WHEN gone IS NULL THEN max(last_seen, coalesce(seen_at, last_seen)) ELSE last_seen END, gone
         FROM proxy_sources JOIN sources ON sources.id = source WHERE proxy = ?1 ORDER BY first_seen, source",
        Source::COLUMNS
    );
    conn.prepare_cached(&sql)?
        .query_map([proxy], |row| {
            Ok(Sighting {
                source: Source::read(row)?,
                first_seen: row.get(Source::WIDTH)?,
                last_seen: row.get(Source::WIDTH + 1)?,
                gone: row.get::<_, Option<UnixMs>>(Source::WIDTH + 2)?.is_some(),
            })
        })?
        .collect()
}
