//! Secrets: the data key, sealing and opening. Used by the engine alone.
//!
//! One 256-bit data key protects every secret of a data folder. It lies in the operating system's keyring or
//! in the file `key` beside the data, and never anywhere else. Nothing here knows a proxy or a database, and
//! nothing here prints a secret.

mod error;
mod home;
mod key;
mod keyring;
mod seal;

use std::path::Path;
use std::sync::Arc;

pub use error::{KeyringTrouble, VaultError};
pub use home::{KEY_FILE, KeyHome, KeyPlace, Sealed};
pub use keyring::KEYRING_PATIENCE;
pub use seal::IDENTITY_BYTES;

use secrecy::SecretString;

/// Seals and opens secrets under the key of one data folder. Handles are cheap to clone; the key is wiped
/// when the last one is dropped.
#[derive(Clone)]
pub struct Vault {
    keys: Arc<seal::Keys>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// Finds the data key of a folder, or makes one where nothing is sealed yet; says where the key lies, so
    /// that the user can be told what that protects.
    ///
    /// A key file in the folder is always the key. Without one the keyring is asked, for no longer than
    /// [`KEYRING_PATIENCE`]; where no keyring answers, a new key goes into the file. When secrets are sealed
    /// already (`sealed`), no key is ever made: a second one could not open them, and would hide that the
    /// first is missing.
    ///
    /// Only the process that holds the folder's lock may call this with [`Sealed::NoneYet`]; the folder must
    /// exist.
    ///
    /// # Errors
    /// [`VaultError::KeyMissing`] and [`VaultError::KeyringSilent`] when secrets are sealed and their key is not
    /// found; [`VaultError::KeyUnusable`] when what is found is no key, which is left as it is;
    /// [`VaultError::Io`] and [`VaultError::NoRandom`].
    pub fn open(dir: &Path, place: KeyPlace, sealed: Sealed) -> Result<(Self, KeyHome), VaultError> {
        let (key, home) = match place {
            KeyPlace::KeyringThenFile => {
                home::find_or_make(dir, Some(keyring::os_keyring()), KEYRING_PATIENCE, sealed)?
            }
            KeyPlace::FileOnly => home::find_or_make(dir, None, KEYRING_PATIENCE, sealed)?,
        };
        Ok((Self { keys: Arc::new(seal::Keys::of(&key)) }, home))
    }

    /// Seals a secret. `aad` names what it belongs to (the proxy): it opens with the same words only, so that
    /// a sealed secret moved to another row is refused. Sealing twice gives different bytes.
    ///
    /// # Errors
    /// [`VaultError::NoRandom`] when the operating system gives no random bytes; [`VaultError::TooLong`] beyond the
    /// cipher's 256 GiB.
    pub fn seal(&self, aad: &[u8], secret: &str) -> Result<Vec<u8>, VaultError> {
        self.keys.seal(aad, secret)
    }

    /// Opens what [`Vault::seal`] sealed with the same `aad`.
    ///
    /// # Errors
    /// [`VaultError::NotOurs`] when the bytes were sealed under another key or for something else, or were
    /// changed.
    pub fn open_sealed(&self, aad: &[u8], sealed: &[u8]) -> Result<SecretString, VaultError> {
        self.keys.open(aad, sealed)
    }

    /// A keyed hash of a secret, by which two equal ones are found to be equal without opening any. It tells
    /// nothing to whoever has not the key.
    #[must_use]
    pub fn identity(&self, secret: &str) -> [u8; IDENTITY_BYTES] {
        self.keys.identity(secret)
    }
}
