//! What stands between us and a secret, and what helps. No message carries a key or a secret.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// What stands between us and a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// Secrets are sealed, and their key is in none of its places.
    #[error(
        "the stored passwords cannot be opened: their key is neither in the keyring nor in {}; \
         bring the key back from a backup, or import those proxies again into a new data folder",
        path.display()
    )]
    KeyMissing {
        /// Where the key file would lie.
        path: PathBuf,
    },
    /// Secrets are sealed, there is no key file, and the keyring that may hold the key does not answer.
    #[error(
        "the stored passwords cannot be opened now: their key is not in {}, and the keyring {why}; \
         unlock the keyring and start again",
        path.display()
    )]
    KeyringSilent {
        /// Where the key file would lie.
        path: PathBuf,
        /// What the keyring did instead of answering.
        why: KeyringTrouble,
    },
    /// Something lies where the key belongs and is none. It is left as it is.
    #[error("{place} holds {found} bytes, and a key has 32; it is left as it is: bring the right one back")]
    KeyUnusable {
        /// The file's path, or the keyring.
        place: String,
        /// How many bytes there are.
        found: usize,
    },
    /// The key file could not be read or written.
    #[error("the key file {} could not be read or written: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes, so nothing can be sealed")]
    NoRandom,
    /// A secret is longer than the cipher can take.
    #[error("the password is too long to be sealed")]
    TooLong,
    /// The bytes were sealed under another key or for something else, or were changed.
    #[error("a stored password cannot be opened: it was sealed with another key, or was changed since")]
    NotOurs,
}

/// Why a keyring did not tell whether it holds the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyringTrouble {
    /// It did not answer in time: locked and waiting for the user, or hung.
    Late(Duration),
    /// There is none, or it refused; in its words.
    Refused(String),
}

impl std::fmt::Display for KeyringTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Late(waited) => write!(f, "did not answer within {} ms", waited.as_millis()),
            Self::Refused(why) => write!(f, "is not available ({why})"),
        }
    }
}
