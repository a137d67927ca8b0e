//! The database's file: beginning one, opening it, telling what it is, and setting a damaged one aside.
//! A file is never wiped and never deleted.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::DateTime;
use proxydeck_domain::UnixMs;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::migrations::{self, APPLICATION_ID, VERSION};

/// How long a statement waits for a lock. No process of ours holds one for long; a backup program or a
/// database browser may.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Page cache of the writer, in KiB: the index of identities of a million proxies fits, so that an import
/// does not go to the disk for each line.
const WRITER_CACHE_KIB: u32 = 64 * 1024;

/// The log is cut back to this size once it has been written over: a large import would leave it large.
const WAL_KEPT_BYTES: u32 = 64 * 1024 * 1024;

/// Pages of the log, 64 MiB, after which it is written back. The default of 1,000 comes every few batches of an
/// import and writes the same pages of the index again and again: it then takes half as long again.
const CHECKPOINT_PAGES: u32 = 16_000;

/// Statements that each connection keeps prepared; there are fewer in this crate.
const STATEMENTS_KEPT: usize = 48;

/// The most damaged files that may be set aside in one second before something else is the matter.
const MAX_ASIDE_NAMES: u32 = 100;

/// What SQLite appends to a database's name for its log.
const LOG: &str = "-wal";

/// The files that SQLite keeps beside a database. What is committed may still lie in the first of them.
const COMPANIONS: [&str; 3] = [LOG, "-shm", "-journal"];

/// How often a database with its log is copied until nobody has written to them meanwhile.
const COPIES_TRIED: u32 = 3;

/// Opens a database for writing, begins it where there is none, and brings it up to date.
/// [`StoreError::Damaged`] when it is no sound database.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    begin_or_claim(path)?;
    let fault = |error| StoreError::of(path, error);
    let had_log = with_ending(path, LOG).exists();
    let mut conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(fault)?;
    conn.busy_timeout(BUSY_TIMEOUT).map_err(fault)?;
    // Until the file is known to be sound, closing it must not write its log into it and delete the log.
    let leave_log = |leave| conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave);
    leave_log(true).map_err(fault)?;
    let stamp = Stamp::read(&conn).map_err(fault)?;
    let refused = if stamp.tables > 0 && stamp.application_id != APPLICATION_ID {
        Some(StoreError::Foreign { path: path.to_owned() })
    } else if stamp.version > VERSION {
        Some(StoreError::Newer { path: path.to_owned(), found: stamp.version, known: VERSION })
    } else {
        None
    };
    if let Some(refused) = refused {
        // A log that reading alone began is empty, and goes with the connection.
        if !had_log {
            leave_log(false).map_err(fault)?;
        }
        return Err(refused);
    }
    configure_writer(&conn).map_err(fault)?;
    leave_log(false).map_err(fault)?;
    migrations::migrate(&mut conn).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => StoreError::of(path, err),
        other => StoreError::Damaged { path: path.to_owned(), detail: other.to_string() },
    })?;
    Ok(conn)
}

fn configure_writer(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    conn.pragma_update(None, "journal_mode", "wal")?;
    // In WAL mode this loses at most the last commits in a power cut, and nothing at all in a kill.
    conn.pragma_update(None, "synchronous", "normal")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "temp_store", "memory")?;
    conn.pragma_update(None, "cache_size", -i64::from(WRITER_CACHE_KIB))?;
    conn.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    conn.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES)
}

/// How connections that only read come to a database.
#[derive(Debug)]
pub(crate) struct Reading {
    path: PathBuf,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// As SQLite has it: the log is read too, and its index is shared with whoever writes.
    Shared,
    /// As a file that nobody changes, which is looked after on the way: this account may not make the files by which
    /// SQLite learns of a writer, and no log lies beside the database.
    Immutable(State),
    /// A copy with its log, in a folder of our own that goes with this: the log cannot be read without a file that
    /// this account may not make beside it.
    Copied { folder: tempfile::TempDir, name: PathBuf },
}

/// By what is seen that a database was written to.
#[derive(Debug, PartialEq, Eq)]
struct State {
    bytes: u64,
    modified: Option<SystemTime>,
    log_bytes: u64,
}

impl State {
    fn of(path: &Path) -> Result<Self, StoreError> {
        let metadata = fs::metadata(path).map_err(|error| StoreError::of_io(path, error))?;
        Ok(Self {
            bytes: metadata.len(),
            // A file system without this still tells the sizes.
            modified: metadata.modified().ok(),
            // The log is there or not, as SQLite likes.
            log_bytes: fs::metadata(with_ending(path, LOG)).map_or(0, |metadata| metadata.len()),
        })
    }
}

impl Reading {
    /// The ordinary way.
    pub(crate) fn shared(path: &Path) -> Self {
        Self { path: path.to_owned(), way: Way::Shared }
    }

    /// The way for an account that may read the database, and may not write beside it.
    fn apart(path: &Path) -> Result<Self, StoreError> {
        for _ in 0..COPIES_TRIED {
            let state = State::of(path)?;
            if state.log_bytes == 0 {
                return Ok(Self { path: path.to_owned(), way: Way::Immutable(state) });
            }
            let way = copy(path)?;
            if State::of(path)? == state {
                return Ok(Self { path: path.to_owned(), way });
            }
        }
        Err(StoreError::Changed { path: path.to_owned() })
    }

    /// The database that is read.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens one more connection.
    pub(crate) fn open(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = match &self.way {
            Way::Shared => Connection::open_with_flags(&self.path, flags),
            Way::Immutable(_) => {
                Connection::open_with_flags(immutable_uri(&self.path), flags | OpenFlags::SQLITE_OPEN_URI)
            }
            Way::Copied { folder, name } => Connection::open_with_flags(folder.path().join(name), flags),
        };
        conn.and_then(configure_reader).map_err(|error| StoreError::of(&self.path, error))
    }

    /// Whether what was read until now is of one moment. Without locks only the file itself can tell.
    pub(crate) fn holds(&self) -> Result<(), StoreError> {
        match &self.way {
            Way::Immutable(state) if State::of(&self.path)? != *state => {
                Err(StoreError::Changed { path: self.path.clone() })
            }
            _ => Ok(()),
        }
    }
}

fn configure_reader(conn: Connection) -> rusqlite::Result<Connection> {
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "temp_store", "memory")?;
    Ok(conn)
}

/// The address by which SQLite opens a file that nobody changes (<https://sqlite.org/uri.html>).
fn immutable_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str("?immutable=1");
    uri
}

/// Copies a database with its log.
fn copy(path: &Path) -> Result<Way, StoreError> {
    let temporary = std::env::temp_dir();
    let folder = tempfile::Builder::new()
        .prefix("proxydeck-")
        .tempdir()
        .map_err(|error| StoreError::of_io(&temporary, error))?;
    let name = PathBuf::from(path.file_name().unwrap_or_default());
    let log = with_ending(path, LOG);
    for from in [path, &log] {
        let to = folder.path().join(from.file_name().unwrap_or_default());
        let mut reading = fs::File::open(from).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied if from == log => StoreError::Forbidden {
                path: log.clone(),
                detail: format!("{error}; the newest changes of the database lie in it"),
            },
            _ => StoreError::of_io(from, error),
        })?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        // The copy is ours, whatever the mode of the original.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut writing = options.open(&to).map_err(|error| StoreError::of_io(&to, error))?;
        io::copy(&mut reading, &mut writing).map_err(|error| StoreError::of_io(&to, error))?;
    }
    Ok(Way::Copied { folder, name })
}

/// Opens a database that another process may be writing, and says whether it is one that we can read.
pub(crate) fn open_only_for_reading(path: &Path) -> Result<(Connection, Reading), StoreError> {
    match fs::File::open(path) {
        Ok(_) if path.is_dir() => return Err(StoreError::IsDirectory { path: path.to_owned() }),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        Err(error) => return Err(StoreError::of_io(path, error)),
    }
    let open = |reading: Reading| -> Result<_, StoreError> { Ok((open_ours(&reading)?, reading)) };
    match open(Reading::shared(path)) {
        // The file itself can be read, so it is what SQLite needs beside it that it may not have.
        Err(StoreError::Forbidden { .. }) => open(Reading::apart(path)?),
        other => other,
    }
}

fn open_ours(reading: &Reading) -> Result<Connection, StoreError> {
    let path = reading.path();
    let conn = reading.open()?;
    let stamp = Stamp::read(&conn).map_err(|error| StoreError::of(path, error))?;
    if stamp.tables > 0 && stamp.application_id != APPLICATION_ID {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    match stamp.version {
        VERSION => Ok(conn),
        0 if stamp.tables == 0 => Err(StoreError::Missing { path: path.to_owned() }),
        found if found > VERSION => Err(StoreError::Newer { path: path.to_owned(), found, known: VERSION }),
        found => Err(StoreError::Older { path: path.to_owned(), found, known: VERSION }),
    }
}

/// Makes sure that there is a file which we may read and write and others may not.
fn begin_or_claim(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Err(StoreError::IsDirectory { path: path.to_owned() });
    }
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|error| StoreError::of_io(path, error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let open_to_others = |mode: u32| mode & 0o077 != 0;
        let mode = file.metadata().map_err(|error| StoreError::of_io(path, error))?.permissions().mode();
        if open_to_others(mode)
            && let Err(error) = file.set_permissions(fs::Permissions::from_mode(0o600))
        {
            // A file system without modes cannot be tightened, and is no reason to refuse the data.
            tracing::warn!(path = %path.display(), %error, "the database can be read by others");
        }
    }
    drop(file);
    Ok(())
}

/// What a file says of itself.
struct Stamp {
    application_id: i32,
    version: u32,
    tables: u32,
}

impl Stamp {
    /// Reads the header and the schema, by which SQLite finds out whether it is a database at all.
    fn read(conn: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            tables: conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?,
            application_id: conn.pragma_query_value(None, "application_id", |row| row.get(0))?,
            // A number below zero was never ours; it counts as newer than anything.
            version: conn
                .pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
                .map(|version| u32::try_from(version).unwrap_or(u32::MAX))?,
        })
    }
}

/// Moves a database with its companions into the folder `aside` beside it, under a name with the date and
/// the time in UTC; answers where the database lies now.
pub(crate) fn set_aside(path: &Path, now: UnixMs) -> Result<PathBuf, StoreError> {
    let parent = path.parent().unwrap_or_else(|| Path::new(""));
    let aside = parent.join("aside");
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(&aside).map_err(|error| StoreError::of_io(&aside, error))?;

    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let stamp = DateTime::from_timestamp_millis(now).unwrap_or_default().format("%Y%m%d-%H%M%S");
    let free = (1..=MAX_ASIDE_NAMES)
        .map(|n| if n == 1 { format!("{stem}-{stamp}.db") } else { format!("{stem}-{stamp}-{n}.db") })
        .map(|name| aside.join(name))
        .find(|name| !name.exists());
    let Some(target) = free else {
        let source = io::Error::new(io::ErrorKind::AlreadyExists, "too many files are set aside there");
        return Err(StoreError::Io { path: aside, source });
    };
    // The companions go first: left behind, they would be taken for those of the new database.
    for ending in COMPANIONS {
        let companion = with_ending(path, ending);
        if companion.exists() {
            let to = with_ending(&target, ending);
            fs::rename(&companion, to).map_err(|error| StoreError::of_io(&companion, error))?;
        }
    }
    fs::rename(path, &target).map_err(|error| StoreError::of_io(path, error))?;
    Ok(target)
}

/// Bytes of the database and of its log.
pub(crate) fn size_bytes(path: &Path) -> Result<u64, StoreError> {
    let database = fs::metadata(path).map_err(|error| StoreError::of_io(path, error))?.len();
    // The log is there or not, as SQLite likes.
    let log = fs::metadata(with_ending(path, LOG)).map_or(0, |metadata| metadata.len());
    Ok(database + log)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
