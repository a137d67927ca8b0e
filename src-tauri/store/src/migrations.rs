//! The versions of the schema, kept in the file's `user_version`. Migrations only add: what a released
//! version made is never edited here, and a file of any earlier version is brought up step by step.

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use crate::table::{
    checks, evidence, judges, proxies, sightings, sources, targets, task_items, tasks, visits,
};

/// The newest version of the schema.
pub(crate) const VERSION: u32 = 4;

/// Written into every database of ours ("PxDk"), so that another program's file is told from ours.
pub(crate) const APPLICATION_ID: i32 = 0x5078_446b;

/// Brings a database to the newest version, each step in a transaction of its own.
pub(crate) fn migrate(conn: &mut Connection) -> rusqlite_migration::Result<()> {
    let version_1 = [
        &format!("PRAGMA application_id = {APPLICATION_ID};"),
        judges::SCHEMA,
        sources::SCHEMA,
        proxies::SCHEMA,
        sightings::SCHEMA,
        checks::SCHEMA,
        evidence::SCHEMA,
        tasks::SCHEMA,
        task_items::SCHEMA,
    ]
    .concat();
    let version_3 = [sources::SCHEMA_OF_COLLECTING, sightings::SCHEMA_OF_COLLECTING, visits::SCHEMA].concat();
    Migrations::new(vec![
        M::up(&version_1),
        M::up(targets::SCHEMA),
        M::up(&version_3),
        M::up(proxies::SCHEMA_OF_ENTRIES),
    ])
    .to_latest(conn)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

    use super::*;

    #[test]
    fn the_migrations_lead_to_the_version_that_is_announced() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn).unwrap();
        let version: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(
            version, VERSION,
            "a file that we wrote ourselves must not look newer or older than we are"
        );
    }

    #[test]
    fn columns_that_change_with_a_check_have_no_index() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn).unwrap();
        let mut statement = conn
            .prepare(
                "SELECT list.name, info.name FROM sqlite_schema AS t, pragma_index_list(t.name) AS list,
                    pragma_index_info(list.name) AS info
                 WHERE t.type = 'table' AND t.name = 'proxies'",
            )
            .unwrap();
        let indexed: Vec<String> =
            statement.query_map([], |row| row.get(1)).unwrap().collect::<rusqlite::Result<_>>().unwrap();
        let settled = ["host", "port", "user", "secret_hash", "id"];
        assert!(indexed.len() >= 4, "the identity must be indexed, or this test sees nothing: {indexed:?}");
        assert!(
            indexed.iter().all(|column| settled.contains(&column.as_str())),
            "every index on a measured column costs each check a write to it: {indexed:?}"
        );
    }
}
