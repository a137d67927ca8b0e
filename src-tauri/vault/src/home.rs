//! Where the data key lies, and the one moment at which it is made.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::key::{DataKey, KEY_BYTES};
use crate::keyring::{self, Keyring};

/// The name of the key file in the data folder.
pub const KEY_FILE: &str = "key";

/// The most that is read of a key file: enough to see that it is too long.
const KEY_FILE_LIMIT: u64 = 4096;

/// Where the key may be looked for and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// In the operating system's keyring, or in the file where no keyring answers.
    KeyringThenFile,
    /// In the file alone: no keyring is asked.
    FileOnly,
}

/// Whether secrets were sealed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// None were: a key may be made.
    NoneYet,
    /// There are some: their key must be found.
    Exist,
}

impl Sealed {
    /// From the answer to whether there are any.
    #[must_use]
    pub const fn from_any(any: bool) -> Self {
        if any { Self::Exist } else { Self::NoneYet }
    }
}

/// Where the key was found or put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyHome {
    /// In the operating system's keyring: whoever copies the data folder has no passwords.
    Keyring,
    /// In this file, mode 0600: whoever can read the data folder can open the passwords.
    File(PathBuf),
}

/// Finds the key, or makes one where nothing is sealed.
pub(crate) fn find_or_make(
    dir: &Path,
    keyring: Option<Arc<dyn Keyring>>,
    patience: Duration,
    sealed: Sealed,
) -> Result<(DataKey, KeyHome), VaultError> {
    let path = dir.join(KEY_FILE);
    if let Some(key) = read_file(&path)? {
        return Ok((key, KeyHome::File(path)));
    }
    let Some(keyring) = keyring else {
        return match sealed {
            Sealed::Exist => Err(VaultError::KeyMissing { path }),
            Sealed::NoneYet => make_file(path),
        };
    };
    match (keyring::read(&keyring, patience), sealed) {
        (Ok(Some(bytes)), _) => Ok((from_keyring(&bytes)?, KeyHome::Keyring)),
        (Ok(None), Sealed::Exist) => Err(VaultError::KeyMissing { path }),
        (Err(why), Sealed::Exist) => Err(VaultError::KeyringSilent { path, why }),
        (Err(_), Sealed::NoneYet) => make_file(path),
        (Ok(None), Sealed::NoneYet) => {
            let key = DataKey::draw()?;
            match keyring::write(&keyring, Zeroizing::new(key.bytes().to_vec()), patience) {
                // What the keyring holds counts, even where another process was faster.
                Ok(Some(bytes)) => Ok((from_keyring(&bytes)?, KeyHome::Keyring)),
                Ok(None) | Err(_) => make_file(path),
            }
        }
    }
}

fn from_keyring(bytes: &[u8]) -> Result<DataKey, VaultError> {
    DataKey::from_bytes(bytes)
        .ok_or_else(|| VaultError::KeyUnusable { place: "the keyring".to_owned(), found: bytes.len() })
}

/// Reads the key file; none where there is no file.
fn read_file(path: &Path) -> Result<Option<DataKey>, VaultError> {
    let fault = |source| VaultError::Io { path: path.to_owned(), source };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(error)),
    };
    // One that grows byte by byte would leave copies of the key behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_BYTES + 1));
    file.take(KEY_FILE_LIMIT).read_to_end(&mut bytes).map_err(fault)?;
    let key = DataKey::from_bytes(&bytes)
        .ok_or_else(|| VaultError::KeyUnusable { place: path.display().to_string(), found: bytes.len() })?;
    keep_private(path);
    Ok(Some(key))
}

/// Takes the rights of others away, as after a careless copy. A file system without modes cannot do that, and
/// the key is of use all the same.
#[cfg(unix)]
fn keep_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if let Ok(metadata) = fs::metadata(path)
        && metadata.permissions().mode() & 0o077 != 0
    {
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
    }
}

#[cfg(not(unix))]
fn keep_private(_path: &Path) {}

/// Draws a key and keeps it in the file, which is there whole or not at all.
fn make_file(path: PathBuf) -> Result<(DataKey, KeyHome), VaultError> {
    let key = DataKey::draw()?;
    let part = path.with_extension("part");
    write_new(&part, key.bytes())
        .and_then(|()| fs::rename(&part, &path))
        .and_then(|()| sync_folder(&path))
        .map_err(|source| VaultError::Io { path: path.clone(), source })?;
    Ok((key, KeyHome::File(path)))
}

fn write_new(part: &Path, bytes: &[u8]) -> io::Result<()> {
    // One that a crash left behind holds a key that sealed nothing.
    match fs::remove_file(part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(part)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the new name last: secrets that are sealed and a key that a power cut took would be lost for good.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |parent| fs::File::open(parent)?.sync_all())
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at what it did not expect")]

    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use tempfile::{TempDir, tempdir};

    use super::*;
    use crate::error::KeyringTrouble;

    /// Long enough for a fake that answers at once on a machine that is busy.
    const PATIENCE: Duration = Duration::from_secs(60);

    /// A keyring that works.
    #[derive(Default)]
    struct Working {
        item: Mutex<Option<Vec<u8>>>,
    }

    impl Keyring for Working {
        fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
            Ok(self.item.lock().unwrap().clone().map(Zeroizing::new))
        }
        fn write(&self, key: &[u8]) -> Result<(), String> {
            *self.item.lock().unwrap() = Some(key.to_vec());
            Ok(())
        }
    }

    /// No keyring at all.
    struct Absent;

    impl Keyring for Absent {
        fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
            Err("no session bus".to_owned())
        }
        fn write(&self, _key: &[u8]) -> Result<(), String> {
            panic!("a keyring that cannot be read must not be written to");
        }
    }

    /// A keyring that waits for the user until the test ends.
    struct Locked {
        opened: Mutex<Receiver<()>>,
    }

    impl Locked {
        fn until_the_user_comes() -> (Arc<dyn Keyring>, Sender<()>) {
            let (user, opened) = channel();
            (Arc::new(Self { opened: Mutex::new(opened) }), user)
        }
    }

    impl Keyring for Locked {
        fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
            self.opened.lock().unwrap().recv().map_err(|_| "the test has ended".to_owned())?;
            Ok(None)
        }
        fn write(&self, _key: &[u8]) -> Result<(), String> {
            panic!("a keyring that nobody waits for any more must not be written to");
        }
    }

    /// A keyring that takes what it does not keep.
    struct Forgetful;

    impl Keyring for Forgetful {
        fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
            Ok(None)
        }
        fn write(&self, _key: &[u8]) -> Result<(), String> {
            Ok(())
        }
    }

    fn folder() -> TempDir {
        tempdir().unwrap()
    }

    fn find(
        dir: &TempDir,
        keyring: Option<Arc<dyn Keyring>>,
        sealed: Sealed,
    ) -> Result<(DataKey, KeyHome), VaultError> {
        find_or_make(dir.path(), keyring, PATIENCE, sealed)
    }

    #[test]
    fn a_keyring_that_works_keeps_the_key_and_no_file_is_made() {
        let dir = folder();
        let keyring: Arc<dyn Keyring> = Arc::new(Working::default());
        let (made, home) = find(&dir, Some(Arc::clone(&keyring)), Sealed::NoneYet).unwrap();
        assert_eq!(home, KeyHome::Keyring);
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            0,
            "a copy of the key beside the data protects nothing"
        );
        let (found, _) = find(&dir, Some(keyring), Sealed::Exist).unwrap();
        assert_eq!(found, made, "the next start must find the same key");
    }

    #[test]
    fn without_a_keyring_the_key_lies_in_a_private_file() {
        let dir = folder();
        let (made, home) = find(&dir, Some(Arc::new(Absent)), Sealed::NoneYet).unwrap();
        let path = dir.path().join("key");
        assert_eq!(home, KeyHome::File(path.clone()), "the user is told where the key lies");
        assert_eq!(fs::read(&path).unwrap().len(), 32);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "nobody else may read the key");
        }
        let (found, _) = find(&dir, Some(Arc::new(Absent)), Sealed::Exist).unwrap();
        assert_eq!(found, made, "the next start must find the same key");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing half written is left behind");
    }

    #[test]
    fn a_key_file_goes_before_the_keyring() {
        let dir = folder();
        let (made, _) = find(&dir, None, Sealed::NoneYet).unwrap();
        let keyring: Arc<dyn Keyring> = Arc::new(Working::default());
        let (found, home) = find(&dir, Some(keyring), Sealed::Exist).unwrap();
        assert_eq!(found, made, "a keyring that appears later must not lock up what the file's key sealed");
        assert!(matches!(home, KeyHome::File(_)));
    }

    #[test]
    fn a_locked_keyring_is_not_waited_for() {
        let dir = folder();
        let (keyring, user) = Locked::until_the_user_comes();
        let (_, home) =
            find_or_make(dir.path(), Some(keyring), Duration::from_millis(1), Sealed::NoneYet).unwrap();
        assert!(matches!(home, KeyHome::File(_)), "the window starts with a key file");
        drop(user);
    }

    #[test]
    fn a_silent_keyring_never_leads_to_a_second_key() {
        let dir = folder();
        let (keyring, user) = Locked::until_the_user_comes();
        let late = find_or_make(dir.path(), Some(keyring), Duration::from_millis(1), Sealed::Exist);
        match late {
            Err(VaultError::KeyringSilent { why: KeyringTrouble::Late(_), .. }) => {}
            other => panic!("secrets are sealed, their key may be in the keyring: {other:?}"),
        }
        let absent = find(&dir, Some(Arc::new(Absent)), Sealed::Exist).unwrap_err();
        assert!(absent.to_string().contains("no session bus"), "the user must learn why: {absent}");
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            0,
            "no key was made beside the one that is missing"
        );
        drop(user);
    }

    #[test]
    fn a_key_that_is_gone_is_not_replaced() {
        let dir = folder();
        let keyring: Arc<dyn Keyring> = Arc::new(Working::default());
        for keyring in [Some(keyring), None] {
            let gone = find(&dir, keyring, Sealed::Exist);
            assert!(
                matches!(gone, Err(VaultError::KeyMissing { .. })),
                "a new key opens nothing of the old: {gone:?}"
            );
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_keyring_that_does_not_keep_what_it_takes_is_not_relied_on() {
        let dir = folder();
        let (_, home) = find(&dir, Some(Arc::new(Forgetful)), Sealed::NoneYet).unwrap();
        assert!(
            matches!(home, KeyHome::File(_)),
            "a key that is gone at the next start would lose every password"
        );
    }

    #[test]
    fn a_file_that_is_no_key_is_named_and_left_as_it_is() {
        for content in [&b""[..], b"too short", &[7; 33], &[7; 100_000]] {
            let dir = folder();
            let path = dir.path().join("key");
            fs::write(&path, content).unwrap();
            let error = find(&dir, None, Sealed::NoneYet).unwrap_err();
            assert!(matches!(error, VaultError::KeyUnusable { .. }), "{error:?}");
            assert!(
                error.to_string().contains(&path.display().to_string()),
                "the message names the file: {error}"
            );
            assert_eq!(fs::read(&path).unwrap(), content, "it may be a key that somebody can still mend");
        }
    }

    #[test]
    fn an_item_of_the_keyring_that_is_no_key_is_left_as_it_is() {
        let dir = folder();
        let keyring = Arc::new(Working::default());
        keyring.write(b"hunter2").unwrap();
        let shared: Arc<dyn Keyring> = keyring.clone();
        let error = find(&dir, Some(shared), Sealed::NoneYet).unwrap_err();
        assert!(matches!(error, VaultError::KeyUnusable { found: 7, .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "no message carries what may be a secret");
        assert_eq!(keyring.read().unwrap().unwrap().as_slice(), b"hunter2");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_can_read_is_made_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = folder();
        let path = dir.path().join("key");
        fs::write(&path, [7; 32]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        find(&dir, None, Sealed::Exist).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "a careless copy must not stay open to others");
    }

    #[test]
    fn a_part_that_a_crash_left_behind_does_not_stand_in_the_way() {
        let dir = folder();
        fs::write(dir.path().join("key.part"), b"half").unwrap();
        assert!(find(&dir, None, Sealed::NoneYet).is_ok());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "only the key stays");
    }

    #[test]
    fn a_key_does_not_print() {
        let key = DataKey::from_bytes(&[42; 32]).unwrap();
        assert_eq!(format!("{key:?}"), "DataKey(…)");
    }
}
