//! The data key itself: 256 random bits that are wiped when they are dropped and never printed.

use std::fmt;

use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::error::VaultError;

/// The length of the key, in bytes.
pub(crate) const KEY_BYTES: usize = 32;

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DataKey(Zeroizing<[u8; KEY_BYTES]>);

impl DataKey {
    /// Draws a new key.
    pub(crate) fn draw() -> Result<Self, VaultError> {
        let mut key = Self(Zeroizing::new([0; KEY_BYTES]));
        SystemRandom::new().fill(key.0.as_mut_slice()).map_err(|_| VaultError::NoRandom)?;
        Ok(key)
    }

    /// Takes the bytes of a key; none when there are more or fewer than a key has.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The bytes, for deriving and for keeping.
    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}
