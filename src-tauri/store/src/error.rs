//! What the database could not do, to which file, and what helps.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// What the database could not do. It never carries a value of a row.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no database yet.
    #[error("there is no database at {}; import a list to begin one", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A folder stands where the database belongs.
    #[error("{} is a folder, not a database; move it away or choose another data folder", path.display())]
    IsDirectory {
        /// The folder.
        path: PathBuf,
    },
    /// The operating system does not let us.
    #[error("{} may not be read and written ({detail}); check its owner and its mode", path.display())]
    Forbidden {
        /// The file.
        path: PathBuf,
        /// What the operating system or SQLite said.
        detail: String,
    },
    /// A newer version of the program wrote the file. It is left as it is.
    #[error(
        "the database {} has version {found}, and this program knows up to {known}; use the newer program",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The newest version that is known here.
        known: u32,
    },
    /// An older version of the program wrote the file, and it is open for reading only.
    #[error(
        "the database {} has version {found}, and this program reads {known}; start it once to bring it up to date",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The version that is read here.
        known: u32,
    },
    /// A sound SQLite database of some other program. It is left as it is.
    #[error("{} is the database of another program; choose another data folder", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error(
        "the database {} is damaged ({detail}); bring back a backup, or move the file away and start again",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
    /// No space is left.
    #[error("no space is left for the database {}; free some and try again", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The disk or the file system failed.
    #[error("{} could not be read or written: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Some other program holds a lock for longer than we wait.
    #[error("the database {} is locked by another program; close it and try again", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Some other program wrote to the file while it was read without a lock.
    #[error(
        "the database {} was written to while it was read, and this account may not lock it; try again",
        path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A write was asked of a database that is open for reading only.
    #[error("the database is open for reading only")]
    ReadOnly,
    /// The work was stopped as it was asked to be.
    #[error("the work was stopped before its end")]
    Interrupted,
    /// The database was closed before the work was done.
    #[error("the database is closed")]
    Closed,
    /// A statement failed: a fault of the program.
    #[error("the database {} refused a statement: {source}", path.display())]
    Sql {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// Says what an error of SQLite means for the file.
    pub(crate) fn of(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { path, detail },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::SystemIoFailure) => Self::Io { path, source: io::Error::other(detail) },
            Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
                Self::Forbidden { path, detail }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::OperationInterrupted) => Self::Interrupted,
            _ => match error {
                // A value that no version of the program writes.
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..) => Self::Damaged { path, detail },
                source => Self::Sql { path, source },
            },
        }
    }

    /// Says what an error of the file system means for the file.
    pub(crate) fn of_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Forbidden { path, detail: source.to_string() }
            }
            io::ErrorKind::IsADirectory => Self::IsDirectory { path },
            io::ErrorKind::StorageFull => Self::Full { path },
            _ => Self::Io { path, source },
        }
    }
}
