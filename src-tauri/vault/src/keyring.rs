//! The operating system's keyring, asked on a thread of its own and waited for no longer than is bearable.
//!
//! On Linux it is the Secret Service, spoken to over D-Bus in Rust alone. It may be absent, locked behind a
//! question to the user, or hung, and its calls cannot be taken back: the thread that waits for a keyring
//! which never answers is left behind and ends with the process. It only ever does what was asked of it
//! while somebody waited.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::KeyringTrouble;

/// How long one question to the keyring may take. The window waits for at most two at its start (one finds
/// no key, one keeps a new one), and a keyring that is unlocked answers in some ten milliseconds.
pub const KEYRING_PATIENCE: Duration = Duration::from_millis(900);

/// The item's name in the keyring. All data folders of a user share it: a folder that is moved or copied
/// keeps its key.
const KEYRING_ENTRY: (&str, &str) = ("proxydeck", "data-key");

/// The bytes of an item, or none where there is no such item; or why it cannot be told.
type Read = Result<Option<Zeroizing<Vec<u8>>>, String>;

/// What a keyring can do. Calls may block for ever.
pub(crate) trait Keyring: Send + Sync {
    /// Reads the item.
    fn read(&self) -> Read;
    /// Writes the item.
    fn write(&self, key: &[u8]) -> Result<(), String>;
}

/// The keyring of the operating system.
pub(crate) fn os_keyring() -> Arc<dyn Keyring> {
    Arc::new(OsKeyring)
}

struct OsKeyring;

impl OsKeyring {
    fn entry() -> Result<keyring::Entry, String> {
        // The reason why there is none is told apart from the attempt to use it.
        if let Err(error) = keyring::Entry::store_status() {
            return Err(error.to_string());
        }
        keyring::Entry::new(KEYRING_ENTRY.0, KEYRING_ENTRY.1).map_err(|error| error.to_string())
    }
}

impl Keyring for OsKeyring {
    fn read(&self) -> Read {
        match Self::entry()?.get_secret() {
            Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
            Err(keyring::Error::NoEntry) => Ok(None),
            // These two carry the bytes that were found; their texts do not, but nothing of them is to be kept.
            Err(keyring::Error::BadEncoding(bytes) | keyring::Error::BadDataFormat(bytes, _)) => {
                drop(Zeroizing::new(bytes));
                Err("the item is malformed".to_owned())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn write(&self, key: &[u8]) -> Result<(), String> {
        Self::entry()?.set_secret(key).map_err(|error| error.to_string())
    }
}

/// Reads the item, if the keyring answers in time.
pub(crate) fn read(
    keyring: &Arc<dyn Keyring>,
    patience: Duration,
) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble> {
    let keyring = Arc::clone(keyring);
    in_time(patience, move || keyring.read())
}

/// Writes the item and reads it back: two processes may have begun at the same moment, and some keyrings
/// take what they cannot keep. Answers with what the keyring holds now.
pub(crate) fn write(
    keyring: &Arc<dyn Keyring>,
    key: Zeroizing<Vec<u8>>,
    patience: Duration,
) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringTrouble> {
    let keyring = Arc::clone(keyring);
    in_time(patience, move || {
        keyring.write(&key)?;
        keyring.read()
    })
}

fn in_time<T: Send + 'static>(
    patience: Duration,
    ask: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, KeyringTrouble> {
    let (answer, answered) = sync_channel(1);
    let asking = thread::Builder::new().name("keyring".to_owned()).spawn(move || {
        // Nobody listens any more when the answer is late.
        let _ = answer.send(ask());
    });
    if let Err(error) = asking {
        return Err(KeyringTrouble::Refused(error.to_string()));
    }
    match answered.recv_timeout(patience) {
        Ok(told) => told.map_err(KeyringTrouble::Refused),
        Err(RecvTimeoutError::Timeout) => Err(KeyringTrouble::Late(patience)),
        Err(RecvTimeoutError::Disconnected) => Err(KeyringTrouble::Refused("it failed".to_owned())),
    }
}
