//! The one thread that writes. Work comes through a bounded queue, and each piece is one transaction.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::StoreError;
use crate::table::judges::Interned;

/// Pieces of work that may wait. With batches of a thousand rows that is some seconds of checks: enough to
/// ride over a checkpoint, and little enough that memory stays small when the disk is slow. Whoever hands in
/// more waits.
const QUEUE: usize = 16;

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// What the thread works with.
struct Desk {
    conn: Connection,
    judges: Interned,
    path: PathBuf,
}

impl Desk {
    fn transact<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, &mut Interned) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let judges = &mut self.judges;
        let answer = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|tx| {
            let answer = work(&tx, judges)?;
            tx.commit()?;
            Ok(answer)
        });
        answer.map_err(|error| {
            self.judges.forget();
            StoreError::of(&self.path, error)
        })
    }
}

pub(crate) struct Writer {
    /// None once closed.
    queue: Mutex<Option<SyncSender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    id: ThreadId,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(conn: Connection, path: &Path) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE);
        let desk = Desk { conn, judges: Interned::default(), path: path.to_owned() };
        let thread =
            thread::Builder::new().name("store-writer".to_owned()).spawn(move || run(desk, &jobs))?;
        let id = thread.thread().id();
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)), id })
    }

    /// Hands work in and goes on; waits only while the queue is full. `done` is called on the writer's thread
    /// once the transaction is committed or given up, and must neither block nor write.
    pub(crate) fn submit<T, W, D>(&self, work: W, done: D) -> Result<(), StoreError>
    where
        W: FnOnce(&Transaction<'_>, &mut Interned) -> rusqlite::Result<T> + Send + 'static,
        D: FnOnce(Result<T, StoreError>) + Send + 'static,
    {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let queue = queue.ok_or(StoreError::Closed)?;
        queue.send(Box::new(move |desk| done(desk.transact(work)))).map_err(|_| StoreError::Closed)
    }

    /// Hands work in and waits until it is committed.
    pub(crate) fn call<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Transaction<'_>, &mut Interned) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = sync_channel(1);
        self.submit(work, move |result| {
            // Whoever asked is waiting below; there is no one to tell if that thread is gone.
            let _ = answer.send(result);
        })?;
        answered.recv().map_err(|_| StoreError::Closed)?
    }

    /// Takes no more work, does what is waiting, and waits for the end of the thread.
    pub(crate) fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The last handle may be dropped by a `done` on the writer's own thread, which cannot wait for itself.
        if let Some(thread) = thread
            && thread::current().id() != self.id
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes to the database had panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

fn run(mut desk: Desk, jobs: &Receiver<Job>) {
    for job in jobs {
        job(&mut desk);
    }
    // Closing the last connection writes the log back into the database.
    if let Err((_, error)) = desk.conn.close() {
        tracing::warn!(path = %desk.path.display(), %error, "the database was not closed cleanly");
    }
}
