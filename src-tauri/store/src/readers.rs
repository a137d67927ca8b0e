//! The connections that read. They never wait for the writer, nor it for them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::error::StoreError;
use crate::file::Reading;

/// How many idle connections are kept: a view, a drawer, an export and a background check at once. A further
/// reader opens one of its own and closes it at the end.
const KEPT: usize = 4;

pub(crate) struct Readers {
    reading: Reading,
    /// None once closed.
    idle: Mutex<Option<Vec<Connection>>>,
}

impl Readers {
    pub(crate) fn new(reading: Reading) -> Self {
        Self { reading, idle: Mutex::new(Some(Vec::with_capacity(KEPT))) }
    }

    /// Takes a connection that is open already.
    pub(crate) fn keep(&self, conn: Connection) {
        if let Some(idle) = self.idle().as_mut()
            && idle.len() < KEPT
        {
            idle.push(conn);
        }
    }

    /// Reads with a connection of its own.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let idle = self.idle().as_mut().ok_or(StoreError::Closed)?.pop();
        let conn = match idle {
            Some(conn) => conn,
            None => self.reading.open()?,
        };
        // A connection that met an error is not used again: it may be in the middle of something.
        let answer = work(&conn);
        // First, since what changed while it was read may look like damage.
        self.reading.holds()?;
        let answer = answer.map_err(|error| StoreError::of(self.reading.path(), error))?;
        self.keep(conn);
        Ok(answer)
    }

    pub(crate) fn close(&self) {
        *self.idle() = None;
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        // The list is whole at every moment, whoever panicked while holding it.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
