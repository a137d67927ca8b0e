//! Where addresses come from: files, pasted text.

use rusqlite::{Connection, Row, params};

use crate::column::words;

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

words! {
    /// What kind of thing addresses come from.
    pub enum SourceKind {
        /// A file on this machine.
        File = "file",
        /// Text that was pasted or piped in.
        Text = "text",
    }
}

/// A source as it is met. Its kind and address say which one it is; the newest name stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSource {
    /// What people call it: the file's name, or a name that no file has.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// Where it lies: a file's whole path; for text its name.
    pub address: String,
}

/// A source that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its number.
    pub id: SourceId,
    /// What people call it. A stranger may have named it: escape it where it is shown.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// Where it lies.
    pub address: String,
}

impl Source {
    /// The columns that [`Source::read`] reads, in their order.
    pub(crate) const COLUMNS: &str = "sources.id, sources.name, sources.kind, sources.address";

    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { id: row.get(0)?, name: row.get(1)?, kind: row.get(2)?, address: row.get(3)? })
    }
}

/// Every source, in the order of their numbers.
pub(crate) fn all(conn: &Connection) -> rusqlite::Result<Vec<Source>> {
    conn.prepare_cached(&format!("SELECT {} FROM sources ORDER BY id", Source::COLUMNS))?
        .query_map([], Source::read)?
        .collect()
}

/// The number of a source, given at the first meeting.
pub(crate) fn meet(tx: &Connection, source: &NewSource, at: i64) -> rusqlite::Result<SourceId> {
    tx.prepare_cached(
        "INSERT INTO sources (name, kind, address, created) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (kind, address) DO UPDATE SET name = excluded.name
         RETURNING id",
    )?
    .query_row(params![source.name, source.kind, source.address, at], |row| row.get(0))
}
