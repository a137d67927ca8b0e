//! The judges that were asked, each named once: a check refers to one by a small number.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

pub(crate) const SCHEMA: &str = "
CREATE TABLE judges (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE
) STRICT;
";

/// The numbers of the judges that the writer has met. Forgotten when a transaction is rolled back, since a
/// number given in it may then be another's.
#[derive(Default)]
pub(crate) struct Interned(HashMap<Arc<str>, i64>);

impl Interned {
    /// The number of a judge, given at the first meeting.
    pub(crate) fn number(&mut self, tx: &Connection, address: &Arc<str>) -> rusqlite::Result<i64> {
        if let Some(number) = self.0.get(address) {
            return Ok(*number);
        }
        let known = tx
            .prepare_cached("SELECT id FROM judges WHERE address = ?1")?
            .query_row([address], |row| row.get(0))
            .optional()?;
        let number = match known {
            Some(number) => number,
            None => {
                tx.prepare_cached("INSERT INTO judges (address) VALUES (?1)")?.insert(params![address])?
            }
        };
        self.0.insert(Arc::clone(address), number);
        Ok(number)
    }

    /// Forgets everything that was met.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}
