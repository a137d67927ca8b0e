//! Longer work and its record.

use proxydeck_domain::UnixMs;
use rusqlite::{Connection, Row, params};

use super::proxies::ProxyId;
use super::task_items;
use crate::column::{count, words};

/// The number of a task.
pub type TaskId = i64;

pub(crate) const SCHEMA: &str = "
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    params TEXT NOT NULL,
    done INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL DEFAULT 0,
    result TEXT,
    error TEXT,
    created INTEGER NOT NULL,
    started INTEGER,
    ended INTEGER
) STRICT;
";

words! {
    /// What kind of longer work a task is.
    pub enum TaskKind {
        /// Checking proxies. The one kind that goes on after it was cut off.
        Check = "check",
        /// Visiting sources.
        Collect = "collect",
        /// Taking a list in.
        Import = "import",
        /// Writing a file.
        Export = "export",
    }
}

words! {
    /// Where a task stands.
    pub enum TaskStatus {
        /// Not begun.
        Pending = "pending",
        /// At work.
        Running = "running",
        /// Stopped or cut off, and able to go on.
        Paused = "paused",
        /// Done.
        Succeeded = "succeeded",
        /// It could not be done.
        Failed = "failed",
        /// Given up on request.
        Cancelled = "cancelled",
    }
}

words! {
    /// Who asked for a task.
    pub enum AskedBy {
        /// A person, by the window or the command line.
        User = "user",
        /// The schedule.
        Schedule = "schedule",
        /// A program, by the API.
        Api = "api",
    }
}

/// How a task stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskEnd {
    /// For now: what is left is kept, and it can go on.
    Paused,
    /// Done.
    Succeeded,
    /// It could not be done.
    Failed,
    /// Given up on request.
    Cancelled,
}

impl TaskEnd {
    const fn status(self) -> TaskStatus {
        match self {
            Self::Paused => TaskStatus::Paused,
            Self::Succeeded => TaskStatus::Succeeded,
            Self::Failed => TaskStatus::Failed,
            Self::Cancelled => TaskStatus::Cancelled,
        }
    }
}

/// A task that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTask {
    /// What it does.
    pub kind: TaskKind,
    /// Who asked for it.
    pub asked_by: AskedBy,
    /// What it was asked to do, as JSON. No secrets.
    pub params: String,
}

/// A task that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// What it does.
    pub kind: TaskKind,
    /// Where it stands.
    pub status: TaskStatus,
    /// Who asked for it.
    pub asked_by: AskedBy,
    /// What it was asked to do, as JSON.
    pub params: String,
    /// How much is done; of a check, how many results are stored.
    pub done: u32,
    /// How much there is to do.
    pub total: u32,
    /// What it came to, as JSON.
    pub result: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was asked for.
    pub created: UnixMs,
    /// When it first began.
    pub started: Option<UnixMs>,
    /// When it ended.
    pub ended: Option<UnixMs>,
}

impl Task {
    const COLUMNS: &str =
        "id, kind, status, asked_by, params, done, total, result, error, created, started, ended";

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            kind: row.get(1)?,
            status: row.get(2)?,
            asked_by: row.get(3)?,
            params: row.get(4)?,
            done: row.get(5)?,
            total: row.get(6)?,
            result: row.get(7)?,
            error: row.get(8)?,
            created: row.get(9)?,
            started: row.get(10)?,
            ended: row.get(11)?,
        })
    }
}

/// A task that can go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The task.
    pub task: Task,
    /// Proxies whose result is not stored yet.
    pub left: u32,
}

/// Begins a task at once, with what it has to do.
pub(crate) fn begin(
    tx: &Connection,
    task: &NewTask,
    items: &[ProxyId],
    at: UnixMs,
) -> rusqlite::Result<TaskId> {
    let id = tx
        .prepare_cached(
            "INSERT INTO tasks (kind, status, asked_by, params, created, started)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        )?
        .insert(params![task.kind, TaskStatus::Running, task.asked_by, task.params, at])?;
    let total = task_items::add(tx, id, items)?;
    tx.prepare_cached("UPDATE tasks SET total = ?2 WHERE id = ?1")?.execute(params![id, count(total)])?;
    Ok(id)
}

/// Lets a paused task go on; whether there was one.
pub(crate) fn resume(tx: &Connection, task: TaskId) -> rusqlite::Result<bool> {
    let changed = tx
        .prepare_cached("UPDATE tasks SET status = ?2, ended = NULL WHERE id = ?1 AND status = ?3")?
        .execute(params![task, TaskStatus::Running, TaskStatus::Paused])?;
    Ok(changed == 1)
}

/// Notes how far a task is that stores no results of its own.
pub(crate) fn progress(tx: &Connection, task: TaskId, done: u32, total: u32) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE tasks SET done = ?2, total = ?3 WHERE id = ?1")?
        .execute(params![task, done, total])?;
    Ok(())
}

/// Adds to what a task has done.
pub(crate) fn advance(tx: &Connection, task: TaskId, more: usize) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE tasks SET done = done + ?2 WHERE id = ?1")?
        .execute(params![task, count(more)])?;
    Ok(())
}

/// Ends a task. What a paused one has left is kept.
pub(crate) fn finish(
    tx: &Connection,
    task: TaskId,
    end: TaskEnd,
    result: Option<&str>,
    error: Option<&str>,
    at: UnixMs,
) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE tasks SET status = ?2, result = ?3, error = ?4, ended = ?5 WHERE id = ?1")?
        .execute(params![task, end.status(), result, error, at])?;
    if end == TaskEnd::Paused { Ok(()) } else { task_items::drop_all(tx, task) }
}

/// Settles what a killed process left running: a check with something left is paused, one whose every result
/// is stored has succeeded, and other work, which cannot go on in its middle, has failed.
pub(crate) fn settle(tx: &Connection, at: UnixMs) -> rusqlite::Result<()> {
    tx.execute(
        "UPDATE tasks SET
            status = CASE
                WHEN kind <> ?2 THEN ?4
                WHEN EXISTS (SELECT 1 FROM task_items WHERE task = tasks.id) THEN ?3
                ELSE ?5
            END,
            error = CASE WHEN kind <> ?2 THEN 'the program ended in the middle of it' END,
            ended = ?6
         WHERE status = ?1",
        params![
            TaskStatus::Running,
            TaskKind::Check,
            TaskStatus::Paused,
            TaskStatus::Failed,
            TaskStatus::Succeeded,
            at
        ],
    )?;
    Ok(())
}

/// The last tasks, the newest first.
pub(crate) fn last(conn: &Connection, limit: u32) -> rusqlite::Result<Vec<Task>> {
    conn.prepare_cached(&format!("SELECT {} FROM tasks ORDER BY id DESC LIMIT ?1", Task::COLUMNS))?
        .query_map([limit], Task::read)?
        .collect()
}

/// The tasks of a kind that were paused or cut off and have something left, the newest first.
pub(crate) fn paused(conn: &Connection, kind: TaskKind) -> rusqlite::Result<Vec<Unfinished>> {
    let tasks = conn
        .prepare_cached(&format!(
            "SELECT {} FROM tasks WHERE kind = ?1 AND status = ?2 ORDER BY id DESC",
            Task::COLUMNS
        ))?
        .query_map(params![kind, TaskStatus::Paused], Task::read)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut paused = Vec::with_capacity(tasks.len());
    for task in tasks {
        let left = count(task_items::remaining(conn, task.id)?.len());
        if left > 0 {
            paused.push(Unfinished { task, left });
        }
    }
    Ok(paused)
}
