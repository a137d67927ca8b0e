//! The data folder: where it lies, who may look into it, and who writes to it. What lies in the files is the
//! business of others.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::api::{ApiError, dto::ErrorCode};
use crate::escape::escape;

/// The variable that names the data folder where no option does.
pub(crate) const FOLDER_VARIABLE: &str = "PROXYDECK_DATA_DIR";
/// The folder's name inside the platform's data folder.
const FOLDER_NAME: &str = "proxydeck";
/// The lock file holds a process id, which has at most ten digits; more than this is not ours.
const MAX_PID_BYTES: u64 = 20;

/// Where the data lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DataFolder {
    root: PathBuf,
    named: bool,
}

impl DataFolder {
    /// Finds the folder without touching it: the one that was named, else that of the environment, else the
    /// platform's.
    pub(crate) fn locate(named: Option<&Path>) -> Result<Self, ApiError> {
        let from_environment =
            || std::env::var_os(FOLDER_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from);
        if let Some(root) = named.map(Path::to_owned).or_else(from_environment) {
            // The folder must stay the same when the process changes its own.
            let root =
                std::path::absolute(&root).map_err(|e| ApiError::io("use the data folder", &root, &e))?;
            return Ok(Self { root, named: true });
        }
        let platform = dirs::data_dir().ok_or_else(|| {
            ApiError::new(ErrorCode::NotFound, "This account has no home folder to keep data in.")
                .param("what", "home")
                .hint(format!("Name a data folder with --data-dir or {FOLDER_VARIABLE}."))
        })?;
        Ok(Self { root: platform.join(FOLDER_NAME), named: false })
    }

    /// Makes the folder for a writer: creates what is missing, for this account only.
    pub(crate) fn prepare(&self) -> Result<(), ApiError> {
        let fail = |e: &io::Error| ApiError::io("use the data folder", &self.root, e);
        match fs::metadata(&self.root) {
            Ok(found) if !found.is_dir() => return Err(self.not_a_folder()),
            Ok(_) => {
                // A folder that holds other people's things keeps its mode; our files have their own.
                if self.is_ours_or_empty().map_err(|e| fail(&e))? {
                    close_folder(&self.root).map_err(|e| fail(&e))?;
                }
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                create_folder(&self.root).map_err(|e| fail(&e))?;
            }
            Err(e) => return Err(fail(&e)),
        }
        for inner in [self.backups(), self.aside(), self.logs()] {
            if !inner.is_dir() {
                create_folder(&inner).map_err(|e| ApiError::io("create the folder", &inner, &e))?;
            }
        }
        Ok(())
    }

    /// Looks whether a reader finds anything; a folder that was named must be there.
    pub(crate) fn look(&self) -> Result<(), ApiError> {
        match fs::metadata(&self.root) {
            Ok(found) if !found.is_dir() => Err(self.not_a_folder()),
            Ok(_) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::NotFound && !self.named => Ok(()),
            Err(e) => Err(ApiError::io("read the data folder", &self.root, &e)),
        }
    }

    fn not_a_folder(&self) -> ApiError {
        let shown = escape(&self.root.to_string_lossy());
        ApiError::new(ErrorCode::Invalid, format!("The data folder {shown} is a file."))
            .param("what", "data-dir")
            .param("path", shown)
            .hint(format!("Name a folder with --data-dir or {FOLDER_VARIABLE}."))
    }

    fn is_ours_or_empty(&self) -> io::Result<bool> {
        Ok(self.lock().exists() || self.database().exists() || fs::read_dir(&self.root)?.next().is_none())
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("proxydeck.db")
    }

    pub(crate) fn settings(&self) -> PathBuf {
        self.root.join("settings.toml")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("proxydeck.lock")
    }

    pub(crate) fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }

    pub(crate) fn aside(&self) -> PathBuf {
        self.root.join("aside")
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Moves a file that cannot be used out of the way, under its name and the moment, and says where to.
    /// It never replaces a file that was set aside before.
    pub(crate) fn set_aside(&self, path: &Path, now: &str) -> Result<PathBuf, ApiError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stamp: String = now.chars().filter(char::is_ascii_alphanumeric).collect();
        let mut target = self.aside().join(format!("{name}.{stamp}"));
        let mut again = 1_u32;
        while target.exists() {
            again += 1;
            target = self.aside().join(format!("{name}.{stamp}.{again}"));
        }
        fs::rename(path, &target).map_err(|e| ApiError::io("set aside", path, &e))?;
        Ok(target)
    }
}

/// The right to write to a data folder; held until it is dropped, and by the operating system's doing also
/// given back when the process dies.
#[derive(Debug)]
pub(crate) struct FolderLock {
    file: File,
}

impl FolderLock {
    /// Takes the lock, or says which process has it.
    pub(crate) fn take(folder: &DataFolder) -> Result<Self, ApiError> {
        let path = folder.lock();
        let fail = |e: &io::Error| ApiError::io("lock the data folder by", &path, e);
        let mut file = private_file().create(true).truncate(false).open(&path).map_err(|e| fail(&e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(locked(folder, &mut file)),
            Err(TryLockError::Error(e)) => return Err(fail(&e)),
        }
        close_file(&path).map_err(|e| fail(&e))?;
        file.set_len(0).map_err(|e| fail(&e))?;
        writeln!(file, "{}", std::process::id()).map_err(|e| fail(&e))?;
        file.flush().map_err(|e| fail(&e))?;
        Ok(Self { file })
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // A number that is left behind would be taken for the next writer's until that has written its own.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

fn locked(folder: &DataFolder, file: &mut File) -> ApiError {
    let mut text = String::new();
    // Where the lock also keeps others from reading, the process stays unnamed.
    let pid = file
        .rewind()
        .and_then(|()| file.take(MAX_PID_BYTES).read_to_string(&mut text))
        .ok()
        .and_then(|_| text.trim().parse::<u32>().ok());
    let shown = escape(&folder.root.to_string_lossy());
    let holder = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
    let error = ApiError::new(ErrorCode::Locked, format!("The data folder {shown} is in use by {holder}."))
        .param("path", shown)
        .hint("Close the other Proxydeck, or name another folder with --data-dir. Reading works meanwhile.");
    match pid {
        Some(pid) => error.param("pid", pid.to_string()),
        None => error,
    }
}

/// Options to open a file for reading and writing that only this account may open, from its first moment.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Replaces a file in one step: after a crash there is the old one or the new one.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = path.with_file_name(name);
    let mut file = private_file().create(true).truncate(true).open(&fresh)?;
    close_file(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    sync_folder_of(path);
    Ok(())
}

/// Makes a rename durable. A file system that cannot loses at most the newest name after a power cut.
pub(crate) fn sync_folder_of(path: &Path) {
    #[cfg(unix)]
    if let Some(Ok(folder)) = path.parent().map(File::open) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = path;
}

fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)?;
    close_folder(path)
}

/// Sets the mode as it is meant whatever the umask took away or an earlier version left.
fn close_folder(path: &Path) -> io::Result<()> {
    set_mode(path, 0o700)
}

/// The same for a file.
pub(crate) fn close_file(path: &Path) -> io::Result<()> {
    set_mode(path, 0o600)
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let before = fs::metadata(path)?.permissions();
        if before.mode() & 0o777 != mode {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        }
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}
