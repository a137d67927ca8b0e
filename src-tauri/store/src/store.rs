//! The door of the crate: what can be asked of the database and told to it. No statement stands here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proxydeck_domain::UnixMs;

use crate::column::count;
use crate::error::StoreError;
use crate::file::{self, Reading};
use crate::readers::Readers;
use crate::table::checks::{self, CheckBrief, CheckRow, NewCheck, Stored};
use crate::table::proxies::{
    self, Counts, Identity, Imported, Known, NewProxy, ProxyId, ProxyRow, SealedAccount,
};
use crate::table::sightings::{self, Sighting};
use crate::table::sources::{
    self, Added, CatalogueSource, NewSource, Source, SourceId, SourcePlan, SourceRecord,
};
use crate::table::targets::{self, TargetRow};
use crate::table::task_items;
use crate::table::tasks::{self, NewTask, Task, TaskEnd, TaskId, TaskKind, Unfinished};
use crate::table::visits::{self, SourceVisit};
use crate::writer::Writer;

/// Faults that a search for damage names before it stops: one is enough to know, a few help to understand.
const FAULTS_NAMED: u32 = 10;

/// Steps of SQLite between two looks at whether a search for damage is to stop: some milliseconds of work.
const STEPS_BETWEEN_LOOKS: i32 = 20_000;

/// A database that was opened, and what happened to the one before it.
#[derive(Debug)]
pub struct Opened {
    /// The database.
    pub store: Store,
    /// Where the old file lies, if it was damaged and a new one was begun. The user must be told.
    pub set_aside: Option<PathBuf>,
}

/// The database. Handles are cheap to clone and may be used from any thread.
///
/// Every function blocks: it reads from the disk, or waits until the one thread that writes has committed.
/// None of them belongs on an asynchronous runtime's own threads; [`Store::submit_checks`] only waits while
/// the queue is full.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    // Before the writer, so that its connection is the last to close and writes the log back.
    readers: Readers,
    writer: Option<Writer>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database of the one process that writes, begins it where there is none, brings it up to date,
    /// and settles the tasks that a killed process left running. A damaged file is moved into the folder
    /// `aside` beside it, under its name with `now` in UTC, and a new one is begun.
    ///
    /// # Errors
    /// [`StoreError::IsDirectory`], [`StoreError::Forbidden`], [`StoreError::Newer`], [`StoreError::Foreign`],
    /// [`StoreError::Full`], [`StoreError::Busy`] or [`StoreError::Io`]; the file is then left as it is.
    pub fn open(path: impl AsRef<Path>, now: UnixMs) -> Result<Opened, StoreError> {
        let path = path.as_ref();
        let (conn, set_aside) = match file::open_writer(path) {
            Ok(conn) => (conn, None),
            Err(StoreError::Damaged { detail, .. }) => {
                let aside = file::set_aside(path, now)?;
                tracing::warn!(path = %path.display(), aside = %aside.display(), detail, "a damaged database was set aside");
                (file::open_writer(path)?, Some(aside))
            }
            Err(other) => return Err(other),
        };
        let writer = Writer::start(conn, path).map_err(|error| StoreError::of_io(path, error))?;
        writer.call(move |tx, _| tasks::settle(tx, now))?;
        let inner = Inner {
            path: path.to_owned(),
            readers: Readers::new(Reading::shared(path)),
            writer: Some(writer),
        };
        Ok(Opened { store: Self { inner: Arc::new(inner) }, set_aside })
    }

    /// Opens a database for reading only, also while another process writes to it, and also where this account may
    /// write neither to the file nor beside it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is none, [`StoreError::Older`] where the writing program has to
    /// bring it up to date first, [`StoreError::Damaged`], [`StoreError::Changed`] where another account writes and
    /// this one may not lock, also in later reading, and those of [`Store::open`]. It is left as it is.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let (conn, reading) = file::open_only_for_reading(path)?;
        let readers = Readers::new(reading);
        readers.keep(conn);
        Ok(Self { inner: Arc::new(Inner { path: path.to_owned(), readers, writer: None }) })
    }

    /// Takes no more work, finishes what is waiting, and closes the file. Every later call answers
    /// [`StoreError::Closed`]. Dropping the last handle does the same.
    pub fn shutdown(&self) {
        self.inner.readers.close();
        if let Some(writer) = &self.inner.writer {
            writer.close();
        }
    }

    /// Where the database lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Bytes of the database and of its log.
    ///
    /// # Errors
    /// [`StoreError::Io`] or [`StoreError::Forbidden`] when the file cannot be asked.
    pub fn size_bytes(&self) -> Result<u64, StoreError> {
        file::size_bytes(&self.inner.path)
    }

    /// Searches the whole file for damage; answers with the first faults, with none when it is sound. It takes
    /// seconds on a large file: run it in the background, and set `stop` to end it.
    ///
    /// # Errors
    /// [`StoreError::Interrupted`] when it was stopped, and those of any reading.
    pub fn quick_check(&self, stop: &Arc<AtomicBool>) -> Result<Vec<String>, StoreError> {
        let stop = Arc::clone(stop);
        self.inner.readers.read(move |conn| {
            conn.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || stop.load(Ordering::Relaxed)))?;
            let faults = conn
                .prepare(&format!("PRAGMA quick_check({FAULTS_NAMED})"))?
                .query_map([], |row| row.get::<_, String>(0))?
                .collect::<rusqlite::Result<Vec<_>>>();
            conn.progress_handler(0, None::<fn() -> bool>)?;
            Ok(faults?.into_iter().filter(|line| line != "ok").collect())
        })
    }

    /// Takes a batch of a list in, in one transaction; answers in the batch's order. Hints are merged, an
    /// account that is known keeps the secret that was sealed first, and what was deleted stays deleted.
    /// Batches of some 1,000 keep the writer free for others.
    ///
    /// # Errors
    /// What writing can meet; nothing of the batch is then kept.
    pub fn import(
        &self,
        source: NewSource,
        batch: Vec<NewProxy>,
        at: UnixMs,
    ) -> Result<Vec<Imported>, StoreError> {
        self.write(move |tx| proxies::import(tx, &source, &batch, at))
    }

    /// Says which proxies are in the pool, in the order in which they were asked for.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn lookup(&self, identities: &[Identity]) -> Result<Vec<Option<Known>>, StoreError> {
        self.inner.readers.read(|conn| proxies::lookup(conn, identities))
    }

    /// Reads every proxy that is not deleted, in the order of their numbers.
    ///
    /// The counts are those of the [`SUCCESS_RATE_DAYS`](crate::SUCCESS_RATE_DAYS) before `now`. Whoever keeps
    /// them adds each new check to them, and asks [`Store::counts`] once in a while for what has become too old.
    ///
    /// # Errors
    /// What reading can meet; some rows may have been visited by then.
    pub fn load(&self, now: UnixMs, visit: impl FnMut(ProxyRow)) -> Result<(), StoreError> {
        self.inner.readers.read(|conn| proxies::load(conn, false, now, visit))
    }

    /// Reads every proxy that is deleted, as [`Store::load`] reads the others.
    ///
    /// # Errors
    /// What reading can meet; some rows may have been visited by then.
    pub fn load_deleted(&self, now: UnixMs, visit: impl FnMut(ProxyRow)) -> Result<(), StoreError> {
        self.inner.readers.read(|conn| proxies::load(conn, true, now, visit))
    }

    /// Deletes proxies or brings them back; answers with those that that changed. What is known of a deleted one
    /// stays, and a list that has it again does not bring it back. Batches of some 1,000 keep the writer free.
    ///
    /// # Errors
    /// What writing can meet; nothing of the batch is then changed.
    pub fn set_deleted(
        &self,
        proxies: Vec<ProxyId>,
        deleted: bool,
        at: UnixMs,
    ) -> Result<Vec<ProxyId>, StoreError> {
        self.write(move |tx| proxies::set_deleted(tx, &proxies, deleted, at))
    }

    /// Replaces the tags of proxies, each a JSON list of words or none; answers with how many proxies were there.
    /// Batches of some 1,000 keep the writer free.
    ///
    /// # Errors
    /// What writing can meet; nothing of the batch is then changed.
    pub fn set_tags(&self, tags: Vec<(ProxyId, Option<Box<str>>)>, at: UnixMs) -> Result<u32, StoreError> {
        self.write(move |tx| proxies::set_tags(tx, &tags, at).map(count))
    }

    /// Every source, the removed ones too, in the order of their numbers.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn sources(&self) -> Result<Vec<Source>, StoreError> {
        self.inner.readers.read(sources::all)
    }

    /// One source, removed or not; none when there is no such number.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn source(&self, source: SourceId) -> Result<Option<Source>, StoreError> {
        self.inner.readers.read(|conn| sources::one(conn, source))
    }

    /// Brings the built-in sources up to date without undoing what the user did; whether anything changed.
    ///
    /// # Errors
    /// What writing can meet.
    pub fn sync_catalogue(&self, catalogue: Vec<CatalogueSource>, at: UnixMs) -> Result<bool, StoreError> {
        self.write(move |tx| sources::sync(tx, &catalogue, at))
    }

    /// Adds a source of the user's own. One of the same address that was removed comes back as it is now wanted.
    ///
    /// # Errors
    /// What writing can meet.
    pub fn add_source(&self, plan: SourcePlan, enabled: bool, at: UnixMs) -> Result<Added, StoreError> {
        self.write(move |tx| sources::add(tx, &plan, enabled, at))
    }

    /// Changes how a source is visited. Answers with the number of another source that has the address already, if one
    /// does; nothing is changed then.
    ///
    /// # Errors
    /// What writing can meet.
    pub fn change_source(
        &self,
        source: SourceId,
        plan: SourcePlan,
        enabled: bool,
    ) -> Result<Option<SourceId>, StoreError> {
        self.write(move |tx| sources::change(tx, source, &plan, enabled))
    }

    /// Sets sources going or lets them be; how many there were. What paused one that is set going counts no more.
    ///
    /// # Errors
    /// What writing can meet.
    pub fn enable_sources(&self, of: Vec<SourceId>, on: bool) -> Result<u32, StoreError> {
        self.write(move |tx| sources::enable(tx, &of, on).map(count))
    }

    /// Takes sources away, or brings them back as they were; how many that changed. What they brought stays.
    ///
    /// # Errors
    /// What writing can meet.
    pub fn set_sources_removed(
        &self,
        of: Vec<SourceId>,
        removed: bool,
        at: UnixMs,
    ) -> Result<u32, StoreError> {
        self.write(move |tx| sources::set_removed(tx, &of, removed, at).map(count))
    }

    /// Takes a batch of what a source brought in, in one transaction; answers in the batch's order, as
    /// [`Store::import`] does. A proxy that the source had before costs no write. Until [`Store::end_visit`] the source has
    /// a list of which only a part may be there, so that what is known of its last list is forgotten: a visit that was
    /// cut off is made good by the next one, even where that finds the list from before.
    ///
    /// # Errors
    /// What writing can meet; nothing of the batch is then kept.
    pub fn collect(
        &self,
        source: SourceId,
        batch: Vec<NewProxy>,
        at: UnixMs,
    ) -> Result<Vec<Imported>, StoreError> {
        self.write(move |tx| {
            sources::unsettle(tx, source)?;
            proxies::collect(tx, source, &batch, at)
        })
    }

    /// Ends a visit in one transaction: the visit's row, what is known of the source now, and which proxies it has no
    /// more, which were there until `last_seen`.
    ///
    /// # Errors
    /// What writing can meet; nothing is then kept.
    pub fn end_visit(
        &self,
        source: SourceId,
        visit: SourceVisit,
        record: SourceRecord,
        gone: Vec<ProxyId>,
        last_seen: UnixMs,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            sightings::leave(tx, source, &gone, last_seen)?;
            sources::keep_record(tx, source, &record)?;
            visits::keep(tx, source, &visit)
        })
    }

    /// The proxies that a source has, deleted ones too, in the order of their numbers.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn proxies_of_source(&self, source: SourceId) -> Result<Vec<ProxyId>, StoreError> {
        self.inner.readers.read(|conn| sightings::now_of(conn, source))
    }

    /// The last visits to a source, the newest first.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn visits_of(&self, source: SourceId, limit: u32) -> Result<Vec<SourceVisit>, StoreError> {
        self.inner.readers.read(|conn| visits::of(conn, source, limit))
    }

    /// The last visit to every source that was ever visited.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn last_visits(&self) -> Result<HashMap<SourceId, SourceVisit>, StoreError> {
        self.inner.readers.read(visits::last)
    }

    /// Visits the sums of what was new to the pool from each source after a moment, in steps of a length counted back
    /// from `until`: source, steps back, new ones.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn new_by_step(
        &self,
        since: UnixMs,
        until: UnixMs,
        step_ms: UnixMs,
        visit: impl FnMut(SourceId, u32, u32),
    ) -> Result<(), StoreError> {
        self.inner.readers.read(|conn| visits::new_by_step(conn, since, until, step_ms, visit))
    }

    /// Counts the checks of the [`SUCCESS_RATE_DAYS`](crate::SUCCESS_RATE_DAYS) before `now` for every proxy
    /// that has any, in the order of their numbers.
    ///
    /// # Errors
    /// What reading can meet; some proxies may have been visited by then.
    pub fn counts(&self, now: UnixMs, visit: impl FnMut(ProxyId, Counts)) -> Result<(), StoreError> {
        self.inner.readers.read(|conn| checks::counts_since(conn, proxies::counted_since(now), visit))
    }

    /// Reads one proxy, also a deleted one; none when there is no such number.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn proxy(&self, proxy: ProxyId, now: UnixMs) -> Result<Option<ProxyRow>, StoreError> {
        self.inner.readers.read(|conn| proxies::one(conn, proxy, now))
    }

    /// The accounts of proxies with their sealed secrets, in the order in which they were asked for; none for
    /// a proxy without an account.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn accounts(&self, proxies: &[ProxyId]) -> Result<Vec<Option<SealedAccount>>, StoreError> {
        self.inner.readers.read(|conn| proxies::accounts(conn, proxies))
    }

    /// Whether any secret is kept: then the key that sealed it must be found and none may be made.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn has_sealed(&self) -> Result<bool, StoreError> {
        self.inner.readers.read(proxies::any_sealed)
    }

    /// The sources that had a proxy, the first to have it first.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn sources_of(&self, proxy: ProxyId) -> Result<Vec<Sighting>, StoreError> {
        self.inner.readers.read(|conn| sightings::of(conn, proxy))
    }

    /// The last checks of a proxy, the newest first, with the evidence of the last few.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn checks_of(&self, proxy: ProxyId, limit: u32) -> Result<Vec<CheckRow>, StoreError> {
        self.inner.readers.read(|conn| checks::of(conn, proxy, limit))
    }

    /// Visits the checks of all proxies after a moment and until another, proxy by proxy and in the order of time;
    /// those of targets are left out. A million take about half a second.
    ///
    /// # Errors
    /// What reading can meet; some checks may have been visited by then.
    pub fn checks_within(
        &self,
        after: UnixMs,
        until: UnixMs,
        visit: impl FnMut(CheckBrief),
    ) -> Result<(), StoreError> {
        self.inner.readers.read(|conn| checks::within(conn, after, until, visit))
    }

    /// Keeps finished checks and waits until they are committed: in one transaction the proxies' rows, the
    /// checks, the evidence of the last few, what the task has left and how far it is.
    ///
    /// # Errors
    /// What writing can meet; nothing of the batch is then kept.
    pub fn checks(&self, task: Option<TaskId>, batch: Vec<NewCheck>) -> Result<Stored, StoreError> {
        self.writer()?.call(move |tx, judges| checks::keep(tx, judges, task, &batch))
    }

    /// What is known of a proxy and the targets that it was led to.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn targets_of(&self, proxy: ProxyId) -> Result<Vec<TargetRow>, StoreError> {
        self.inner.readers.read(|conn| targets::of(conn, proxy))
    }

    /// Visits every proxy whose last visit to a target succeeded, with the target's address.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn reached(&self, visit: impl FnMut(&str, ProxyId)) -> Result<(), StoreError> {
        self.inner.readers.read(|conn| targets::reached(conn, visit))
    }

    /// Hands finished checks in and goes on: like [`Store::checks`], but `done` is told once they are committed
    /// or refused. It runs on the writer's thread and must neither block nor call the store. When the queue is
    /// full, this waits: so a slow disk slows the checker and nothing else.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`] or [`StoreError::Closed`]; `done` is then dropped without being called.
    pub fn submit_checks(
        &self,
        task: Option<TaskId>,
        batch: Vec<NewCheck>,
        done: impl FnOnce(Result<Stored, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        self.writer()?.submit(move |tx, judges| checks::keep(tx, judges, task, &batch), done)
    }

    /// Begins a task, running at once, with the proxies whose results it will store. Its total is their
    /// number, each counted once.
    ///
    /// # Errors
    /// What writing can meet.
    pub fn begin_task(&self, task: NewTask, items: Vec<ProxyId>, at: UnixMs) -> Result<TaskId, StoreError> {
        self.write(move |tx| tasks::begin(tx, &task, &items, at))
    }

    /// Lets a paused task go on; false when there is no paused task of that number.
    ///
    /// # Errors
    /// What writing can meet.
    pub fn resume_task(&self, task: TaskId) -> Result<bool, StoreError> {
        self.write(move |tx| tasks::resume(tx, task))
    }

    /// Notes how far a task is that stores no checks; a check's progress is kept with its results.
    ///
    /// # Errors
    /// What writing can meet.
    pub fn task_progress(&self, task: TaskId, done: u32, total: u32) -> Result<(), StoreError> {
        self.write(move |tx| tasks::progress(tx, task, done, total))
    }

    /// Ends a task. What a paused one has left is kept, so that it can go on; any other end gives it up.
    ///
    /// # Errors
    /// What writing can meet.
    pub fn finish_task(
        &self,
        task: TaskId,
        end: TaskEnd,
        result: Option<String>,
        error: Option<String>,
        at: UnixMs,
    ) -> Result<(), StoreError> {
        self.write(move |tx| tasks::finish(tx, task, end, result.as_deref(), error.as_deref(), at))
    }

    /// The last tasks, the newest first.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn tasks(&self, limit: u32) -> Result<Vec<Task>, StoreError> {
        self.inner.readers.read(|conn| tasks::last(conn, limit))
    }

    /// The tasks of a kind that were paused or cut off and have something left to do, the newest first. Others that
    /// came later do not hide them.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn paused(&self, kind: TaskKind) -> Result<Vec<Unfinished>, StoreError> {
        self.inner.readers.read(|conn| tasks::paused(conn, kind))
    }

    /// The newest of [`Store::paused`].
    ///
    /// # Errors
    /// What reading can meet.
    pub fn unfinished(&self, kind: TaskKind) -> Result<Option<Unfinished>, StoreError> {
        Ok(self.paused(kind)?.into_iter().next())
    }

    /// The proxies whose result a task has not stored yet, in the order of their numbers.
    ///
    /// # Errors
    /// What reading can meet.
    pub fn remaining(&self, task: TaskId) -> Result<Vec<ProxyId>, StoreError> {
        self.inner.readers.read(|conn| task_items::remaining(conn, task))
    }

    fn writer(&self) -> Result<&Writer, StoreError> {
        self.inner.writer.as_ref().ok_or(StoreError::ReadOnly)
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer()?.call(move |tx, _| work(tx))
    }
}
