//! What a task has still to do: a row for each proxy whose result is not stored yet.
//!
//! A row is deleted in the transaction that stores the result, so that a task cut off at any instant goes on
//! with exactly what is missing.

use rusqlite::{Connection, params};

use super::proxies::ProxyId;
use super::tasks::TaskId;

pub(crate) const SCHEMA: &str = "
CREATE TABLE task_items (
    task INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    proxy INTEGER NOT NULL REFERENCES proxies (id) ON DELETE CASCADE,
    PRIMARY KEY (task, proxy)
) STRICT, WITHOUT ROWID;
";

/// Notes what a task has to do; how many that are. A proxy that is not there, or given twice, is left out.
pub(crate) fn add(tx: &Connection, task: TaskId, proxies: &[ProxyId]) -> rusqlite::Result<usize> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO task_items (task, proxy) SELECT ?1, id FROM proxies WHERE id = ?2
         ON CONFLICT DO NOTHING",
    )?;
    proxies.iter().try_fold(0, |added, proxy| Ok(added + statement.execute(params![task, proxy])?))
}

/// Strikes a proxy off; how many rows that were, none or one.
pub(crate) fn finish(tx: &Connection, task: TaskId, proxy: ProxyId) -> rusqlite::Result<usize> {
    tx.prepare_cached("DELETE FROM task_items WHERE task = ?1 AND proxy = ?2")?.execute(params![task, proxy])
}

/// Strikes everything off.
pub(crate) fn drop_all(tx: &Connection, task: TaskId) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM task_items WHERE task = ?1")?.execute([task])?;
    Ok(())
}

/// What is left, in the order of the proxies' numbers. Deleted proxies are left out: nobody wants them checked.
pub(crate) fn remaining(conn: &Connection, task: TaskId) -> rusqlite::Result<Vec<ProxyId>> {
    conn.prepare_cached(
        "SELECT proxy FROM task_items JOIN proxies ON id = proxy
         WHERE task = ?1 AND deleted = 0 ORDER BY proxy",
    )?
    .query_map([task], |row| row.get(0))?
    .collect()
}
