//! Where addresses come from: places on the web, files, pasted text; and what is known of each.

use proxydeck_domain::{Protocol, UnixMs};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::column::{unreadable, words};

/// The number of a source.
pub type SourceId = i64;

pub(crate) const SCHEMA: &str = "
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    created INTEGER NOT NULL,
    UNIQUE (kind, address)
) STRICT;
";

/// What collecting added. `catalogue` is the key of a built-in source; `edited` and `chosen` say that the user changed
/// it, or whether it is on, so that a new catalogue leaves that alone.
pub(crate) const SCHEMA_OF_COLLECTING: &str = "
ALTER TABLE sources ADD COLUMN catalogue TEXT;
ALTER TABLE sources ADD COLUMN edited INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN chosen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN enabled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN removed INTEGER;
ALTER TABLE sources ADD COLUMN home TEXT;
ALTER TABLE sources ADD COLUMN protocol TEXT;
ALTER TABLE sources ADD COLUMN parser TEXT;
ALTER TABLE sources ADD COLUMN interval_minutes INTEGER NOT NULL DEFAULT 60;
ALTER TABLE sources ADD COLUMN priority INTEGER NOT NULL DEFAULT 50;
ALTER TABLE sources ADD COLUMN etag TEXT;
ALTER TABLE sources ADD COLUMN last_modified TEXT;
ALTER TABLE sources ADD COLUMN content BLOB;
ALTER TABLE sources ADD COLUMN entries BLOB;
ALTER TABLE sources ADD COLUMN holds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN seen_at INTEGER;
ALTER TABLE sources ADD COLUMN changed_at INTEGER;
ALTER TABLE sources ADD COLUMN growing_since INTEGER;
ALTER TABLE sources ADD COLUMN growths INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN failing_since INTEGER;
ALTER TABLE sources ADD COLUMN barren_since INTEGER;
ALTER TABLE sources ADD COLUMN paused TEXT;
ALTER TABLE sources ADD COLUMN paused_at INTEGER;
ALTER TABLE sources ADD COLUMN hold TEXT;
ALTER TABLE sources ADD COLUMN hold_until INTEGER;
ALTER TABLE sources ADD COLUMN copy_of INTEGER REFERENCES sources (id) ON DELETE SET NULL;
ALTER TABLE sources ADD COLUMN copy_share REAL;
ALTER TABLE sources ADD COLUMN copy_visits INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX sources_of_catalogue ON sources (catalogue) WHERE catalogue IS NOT NULL;
";

words! {
    /// What kind of thing addresses come from.
    pub enum SourceKind {
        /// A file on this machine.
        File = "file",
        /// Text that was pasted or piped in.
        Text = "text",
        /// A page or a list on the web.
        Web = "web",
    }
}

words! {
    /// Why a source that is on is not visited any more.
    pub enum SourcePause {
        /// Nothing of what it brought worked for long.
        NothingWorks = "nothing_works",
        /// It could not be read for long.
        Unreadable = "unreadable",
    }
}

words! {
    /// Why the next visit to a source waits longer than its interval.
    pub enum SourceHold {
        /// It asked for it.
        Asked = "asked",
        /// What it brings, another source has.
        Copy = "copy",
        /// It has not changed for weeks.
        Frozen = "frozen",
    }
}

/// A source as it is met when a list is imported. Its kind and address say which one it is; the newest name stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSource {
    /// What people call it: the file's name, or a name that no file has.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// Where it lies: a file's whole path; for text its name.
    pub address: String,
}

/// How a source is visited and read: what a person or the catalogue says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePlan {
    /// What people call it.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// Where it lies.
    pub address: String,
    /// A page about it for people.
    pub home: Option<String>,
    /// What its entries speak that do not say it.
    pub protocol: Option<Protocol>,
    /// How it is read, as JSON; none where that is told by what comes.
    pub parser: Option<String>,
    /// Minutes between two visits.
    pub interval_minutes: u32,
    /// 0 to 100.
    pub priority: u8,
}

/// One entry of the built-in catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueSource {
    /// By which the next version of the catalogue finds it again.
    pub key: String,
    /// What it says of the source.
    pub plan: SourcePlan,
    /// Whether it is on unless the user chooses otherwise.
    pub enabled: bool,
}

/// What visits have told of a source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceRecord {
    /// The validator of its last answer.
    pub etag: Option<String>,
    /// The date of its last answer, as the server wrote it.
    pub last_modified: Option<String>,
    /// A digest of the bytes of the last list; none where that would tell something of a secret in it.
    pub content: Option<Vec<u8>>,
    /// A digest of the proxies of the last list, in any order.
    pub entries: Option<Vec<u8>>,
    /// Proxies of the last list.
    pub holds: u32,
    /// When the last list was there for the last time.
    pub seen_at: Option<UnixMs>,
    /// When the list last became another.
    pub changed_at: Option<UnixMs>,
    /// Since when nothing has left the list.
    pub growing_since: Option<UnixMs>,
    /// How often it has grown since then.
    pub growths: u32,
    /// Since when it cannot be read.
    pub failing_since: Option<UnixMs>,
    /// Since when nothing of what it brings works.
    pub barren_since: Option<UnixMs>,
    /// Why it is not visited any more, and since when.
    pub paused: Option<(SourcePause, UnixMs)>,
    /// Why the next visit waits, and until when.
    pub hold: Option<(SourceHold, UnixMs)>,
    /// Of which other source it is a copy, and how much of it is there, 0 to 1.
    pub copy_of: Option<(SourceId, f64)>,
    /// Visits in a row at which it had what the other has.
    pub copy_visits: u32,
}

/// A source that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Its number.
    pub id: SourceId,
    /// How it is visited. A stranger may have named it: escape what is shown.
    pub plan: SourcePlan,
    /// Its key in the catalogue; none for the user's own.
    pub catalogue: Option<String>,
    /// Whether it is visited.
    pub enabled: bool,
    /// Whether the user took it away; it is kept so that nothing brings it back.
    pub removed: bool,
    /// What visits have told.
    pub record: SourceRecord,
}

impl Source {
    /// The columns that [`Source::read`] reads, in their order.
    pub(crate) const COLUMNS: &str = "sources.id, sources.name, sources.kind, sources.address, sources.home, \
         sources.protocol, sources.parser, sources.interval_minutes, sources.priority, sources.catalogue, \
         sources.enabled, sources.removed, sources.etag, sources.last_modified, sources.content, sources.entries, \
         sources.holds, sources.seen_at, sources.changed_at, sources.growing_since, sources.growths, \
         sources.failing_since, sources.barren_since, sources.paused, sources.paused_at, sources.hold, \
         sources.hold_until, sources.copy_of, sources.copy_share, sources.copy_visits";
    /// How many there are.
    pub(crate) const WIDTH: usize = 30;

    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            plan: SourcePlan {
                name: row.get(1)?,
                kind: row.get(2)?,
                address: row.get(3)?,
                home: row.get(4)?,
                protocol: protocol_or_null(row, 5)?,
                parser: row.get(6)?,
                interval_minutes: row.get(7)?,
                priority: row.get(8)?,
            },
            catalogue: row.get(9)?,
            enabled: row.get(10)?,
            removed: row.get::<_, Option<UnixMs>>(11)?.is_some(),
            record: SourceRecord {
                etag: row.get(12)?,
                last_modified: row.get(13)?,
                content: row.get(14)?,
                entries: row.get(15)?,
                holds: row.get(16)?,
                seen_at: row.get(17)?,
                changed_at: row.get(18)?,
                growing_since: row.get(19)?,
                growths: row.get(20)?,
                failing_since: row.get(21)?,
                barren_since: row.get(22)?,
                paused: row.get::<_, Option<SourcePause>>(23)?.zip(row.get(24)?),
                hold: row.get::<_, Option<SourceHold>>(25)?.zip(row.get(26)?),
                copy_of: row.get::<_, Option<SourceId>>(27)?.zip(row.get(28)?),
                copy_visits: row.get(29)?,
            },
        })
    }
}

fn protocol_or_null(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Protocol>> {
    match row.get_ref(index)?.as_str_or_null()? {
        None => Ok(None),
        Some(word) => Protocol::from_label(word)
            .map(Some)
            .ok_or_else(|| unreadable(index, format!("the protocol {word:?} has no meaning"))),
    }
}

/// Every source, the removed ones too, in the order of their numbers.
pub(crate) fn all(conn: &Connection) -> rusqlite::Result<Vec<Source>> {
    conn.prepare_cached(&format!("SELECT {} FROM sources ORDER BY id", Source::COLUMNS))?
        .query_map([], Source::read)?
        .collect()
}

/// One source, removed or not.
pub(crate) fn one(conn: &Connection, source: SourceId) -> rusqlite::Result<Option<Source>> {
    conn.prepare_cached(&format!("SELECT {} FROM sources WHERE id = ?1", Source::COLUMNS))?
        .query_row([source], Source::read)
        .optional()
}

/// The number of a source that a list is imported from, given at the first meeting. One that was taken away is back.
pub(crate) fn meet(tx: &Connection, source: &NewSource, at: i64) -> rusqlite::Result<SourceId> {
    tx.prepare_cached(
        "INSERT INTO sources (name, kind, address, created) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (kind, address) DO UPDATE SET name = excluded.name, removed = NULL
         RETURNING id",
    )?
    .query_row(params![source.name, source.kind, source.address, at], |row| row.get(0))
}

/// What came of adding a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is kept under this number.
    As(SourceId),
    /// The same address is there already, under this number.
    Exists(SourceId),
}

/// Adds a source of the user's own. One of the same address that was removed comes back as it is now wanted.
pub(crate) fn add(tx: &Connection, plan: &SourcePlan, enabled: bool, at: UnixMs) -> rusqlite::Result<Added> {
    let before: Option<(SourceId, bool)> = tx
        .prepare_cached(
            "SELECT id, removed IS NULL AND (kind = 'web' OR chosen) FROM sources WHERE kind = ?1 AND address = ?2",
        )?
        .query_row(params![plan.kind, plan.address], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let id = match before {
        Some((id, true)) => return Ok(Added::Exists(id)),
        Some((id, false)) => id,
        None => meet(
            tx,
            &NewSource { name: plan.name.clone(), kind: plan.kind, address: plan.address.clone() },
            at,
        )?,
    };
    write_plan(tx, id, plan)?;
    tx.prepare_cached(
        "UPDATE sources SET edited = 1, chosen = 1, removed = NULL, enabled = ?2 WHERE id = ?1",
    )?
    .execute(params![id, enabled])?;
    Ok(Added::As(id))
}

/// Changes how a source is visited. With another address or another reading, what visits told of its list counts no more.
/// Answers with the number of another source that has the address already, if one does.
pub(crate) fn change(
    tx: &Connection,
    source: SourceId,
    plan: &SourcePlan,
    enabled: bool,
) -> rusqlite::Result<Option<SourceId>> {
    let other: Option<SourceId> = tx
        .prepare_cached("SELECT id FROM sources WHERE kind = ?1 AND address = ?2 AND id <> ?3")?
        .query_row(params![plan.kind, plan.address, source], |row| row.get(0))
        .optional()?;
    if other.is_some() {
        return Ok(other);
    }
    write_plan(tx, source, plan)?;
    tx.prepare_cached("UPDATE sources SET edited = 1, chosen = 1 WHERE id = ?1")?.execute([source])?;
    enable(tx, &[source], enabled)?;
    Ok(None)
}

fn write_plan(tx: &Connection, source: SourceId, plan: &SourcePlan) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE sources SET etag = NULL, last_modified = NULL, content = NULL, hold = NULL, hold_until = NULL
         WHERE id = ?1 AND (address <> ?2 OR parser IS NOT ?3 OR protocol IS NOT ?4)",
    )?
    .execute(params![source, plan.address, plan.parser, plan.protocol.map(Protocol::as_str)])?;
    tx.prepare_cached(
        "UPDATE sources SET name = ?2, kind = ?3, address = ?4, home = ?5, protocol = ?6, parser = ?7,
            interval_minutes = ?8, priority = ?9 WHERE id = ?1",
    )?
    .execute(params![
        source,
        plan.name,
        plan.kind,
        plan.address,
        plan.home,
        plan.protocol.map(Protocol::as_str),
        plan.parser,
        plan.interval_minutes,
        plan.priority
    ])?;
    Ok(())
}

/// Sets sources going or lets them be. One that is set going starts with a clean slate: what paused it counts no more.
pub(crate) fn enable(tx: &Connection, sources: &[SourceId], on: bool) -> rusqlite::Result<usize> {
    let mut statement = tx.prepare_cached(
        "UPDATE sources SET enabled = ?2, chosen = 1,
            paused = CASE WHEN ?2 THEN NULL ELSE paused END,
            paused_at = CASE WHEN ?2 THEN NULL ELSE paused_at END,
            failing_since = CASE WHEN ?2 THEN NULL ELSE failing_since END,
            barren_since = CASE WHEN ?2 THEN NULL ELSE barren_since END
         WHERE id = ?1 AND removed IS NULL",
    )?;
    sources.iter().try_fold(0, |changed, source| Ok(changed + statement.execute(params![source, on])?))
}

/// Takes sources away, or brings them back as they were. What they brought stays in the pool.
pub(crate) fn set_removed(
    tx: &Connection,
    sources: &[SourceId],
    removed: bool,
    at: UnixMs,
) -> rusqlite::Result<usize> {
    let mut statement =
        tx.prepare_cached("UPDATE sources SET removed = ?2 WHERE id = ?1 AND (removed IS NULL) = ?3")?;
    sources.iter().try_fold(0, |changed, source| {
        Ok(changed + statement.execute(params![source, removed.then_some(at), removed])?)
    })
}

/// Brings the built-in sources up to date without undoing what the user did: one that was edited keeps its plan, one
/// that was switched keeps that, one that was removed stays away. What the catalogue has no more is switched off.
/// Answers with whether anything changed.
pub(crate) fn sync(tx: &Connection, catalogue: &[CatalogueSource], at: UnixMs) -> rusqlite::Result<bool> {
    struct Kept {
        source: Source,
        edited: bool,
        chosen: bool,
    }
    let kept: Vec<Kept> = tx
        .prepare_cached(&format!("SELECT {}, edited, chosen FROM sources", Source::COLUMNS))?
        .query_map([], |row| {
            Ok(Kept {
                source: Source::read(row)?,
                edited: row.get(Source::WIDTH)?,
                chosen: row.get(Source::WIDTH + 1)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut changed = false;
    for entry in catalogue {
        let is_its_own = |kept: &&Kept| kept.source.catalogue.as_deref() == Some(&entry.key);
        let has_its_address = |kept: &Kept| {
            kept.source.plan.kind == entry.plan.kind && kept.source.plan.address == entry.plan.address
        };
        let id = match kept.iter().find(is_its_own) {
            Some(kept) => {
                let taken = kept.source.plan.address != entry.plan.address && at_address(tx, &entry.plan)?;
                if !kept.edited && !taken && kept.source.plan != entry.plan {
                    write_plan(tx, kept.source.id, &entry.plan)?;
                    changed = true;
                }
                if kept.chosen || kept.source.enabled == entry.enabled {
                    continue;
                }
                kept.source.id
            }
            // The user had it before the catalogue did: theirs it stays.
            None if kept.iter().any(has_its_address) => continue,
            None => {
                let plan = &entry.plan;
                let source =
                    NewSource { name: plan.name.clone(), kind: plan.kind, address: plan.address.clone() };
                let id = meet(tx, &source, at)?;
                write_plan(tx, id, plan)?;
                tx.prepare_cached("UPDATE sources SET catalogue = ?2 WHERE id = ?1")?
                    .execute(params![id, entry.key])?;
                id
            }
        };
        tx.prepare_cached("UPDATE sources SET enabled = ?2 WHERE id = ?1")?
            .execute(params![id, entry.enabled])?;
        changed = true;
    }
    let is_listed = |key: &str| catalogue.iter().any(|entry| entry.key == key);
    for kept in kept.iter().filter(|kept| kept.source.enabled && !kept.chosen) {
        if kept.source.catalogue.as_deref().is_some_and(|key| !is_listed(key)) {
            tx.prepare_cached("UPDATE sources SET enabled = 0 WHERE id = ?1")?.execute([kept.source.id])?;
            changed = true;
        }
    }
    Ok(changed)
}

fn at_address(tx: &Connection, plan: &SourcePlan) -> rusqlite::Result<bool> {
    tx.prepare_cached("SELECT EXISTS (SELECT 1 FROM sources WHERE kind = ?1 AND address = ?2)")?
        .query_row(params![plan.kind, plan.address], |row| row.get(0))
}

/// Makes the next list of a source differ from its last one, whatever it is.
pub(crate) fn unsettle(tx: &Connection, source: SourceId) -> rusqlite::Result<()> {
    // An empty digest is that of no list, and yet tells that there was one.
    tx.prepare_cached(
        "UPDATE sources SET etag = NULL, last_modified = NULL, content = NULL, entries = x''
         WHERE id = ?1 AND entries <> x''",
    )?
    .execute([source])?;
    Ok(())
}

/// Replaces what visits have told of a source.
pub(crate) fn keep_record(tx: &Connection, source: SourceId, record: &SourceRecord) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "UPDATE sources SET etag = ?2, last_modified = ?3, content = ?4, entries = ?5, holds = ?6, seen_at = ?7,
            changed_at = ?8, growing_since = ?9, growths = ?10, failing_since = ?11, barren_since = ?12, paused = ?13,
            paused_at = ?14, hold = ?15, hold_until = ?16, copy_of = ?17, copy_share = ?18, copy_visits = ?19
         WHERE id = ?1",
    )?
    .execute(params![
        source,
        record.etag,
        record.last_modified,
        record.content,
        record.entries,
        record.holds,
        record.seen_at,
        record.changed_at,
        record.growing_since,
        record.growths,
        record.failing_since,
        record.barren_since,
        record.paused.map(|(pause, _)| pause),
        record.paused.map(|(_, at)| at),
        record.hold.map(|(hold, _)| hold),
        record.hold.map(|(_, until)| until),
        record.copy_of.map(|(of, _)| of),
        record.copy_of.map(|(_, share)| share),
        record.copy_visits
    ])?;
    Ok(())
}
