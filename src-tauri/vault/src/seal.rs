//! Sealing, opening and hashing under keys that are derived from the data key. Pure but for the nonce.
//!
//! A sealed secret is a byte that names the form, a random nonce of 24 bytes, and what XChaCha20-Poly1305 makes
//! of the secret. The nonce is long enough to be drawn at random for every secret there will ever be.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;
use zeroize::{Zeroize, Zeroizing};

use crate::error::VaultError;
use crate::key::{DataKey, KEY_BYTES};

/// The length of a keyed hash: 128 bits make a chance meeting of two secrets of one account impossible.
pub const IDENTITY_BYTES: usize = 16;

const NONCE_BYTES: usize = 24;

/// The form described above; another one gets another number.
const FORM: u8 = 1;

/// What each derived key is for. A label never changes: another one is another key.
const SEALING: &[u8] = b"proxydeck sealing 1";
const IDENTITY: &[u8] = b"proxydeck identity 1";

/// A key of its own for each purpose, so that what one shows tells nothing about the other.
pub(crate) struct Keys {
    /// Wipes its key when it is dropped.
    cipher: XChaCha20Poly1305,
    identity: Zeroizing<[u8; KEY_BYTES]>,
}

impl Keys {
    pub(crate) fn of(key: &DataKey) -> Self {
        let sealing = derive(key, SEALING);
        Self {
            cipher: XChaCha20Poly1305::new(Key::from_slice(sealing.as_slice())),
            identity: derive(key, IDENTITY),
        }
    }

    pub(crate) fn seal(&self, aad: &[u8], secret: &str) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE_BYTES];
        SystemRandom::new().fill(&mut nonce).map_err(|_| VaultError::NoRandom)?;
        let payload = Payload { msg: secret.as_bytes(), aad };
        let sealed =
            self.cipher.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| VaultError::TooLong)?;
        Ok([&[FORM], nonce.as_slice(), &sealed].concat())
    }

    pub(crate) fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<SecretString, VaultError> {
        let (form, rest) = sealed.split_first().ok_or(VaultError::NotOurs)?;
        let (nonce, msg) = rest.split_at_checked(NONCE_BYTES).ok_or(VaultError::NotOurs)?;
        if *form != FORM {
            return Err(VaultError::NotOurs);
        }
        let opened = self
            .cipher
            .decrypt(XNonce::from_slice(nonce), Payload { msg, aad })
            .map_err(|_| VaultError::NotOurs)?;
        match String::from_utf8(opened) {
            Ok(secret) => Ok(SecretString::from(secret)),
            Err(error) => {
                error.into_bytes().zeroize();
                Err(VaultError::NotOurs)
            }
        }
    }

    pub(crate) fn identity(&self, secret: &str) -> [u8; IDENTITY_BYTES] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.identity.as_slice());
        let tag = hmac::sign(&key, secret.as_bytes());
        let mut hash = [0; IDENTITY_BYTES];
        hash.copy_from_slice(&tag.as_ref()[..IDENTITY_BYTES]);
        hash
    }
}

/// A key for one purpose: the data key is random already, so one step of HKDF-Expand is enough (RFC 5869, 3.3).
fn derive(key: &DataKey, purpose: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.bytes()), &[purpose, &[1]].concat());
    let mut derived = Zeroizing::new([0; KEY_BYTES]);
    derived.copy_from_slice(tag.as_ref());
    derived
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

    use secrecy::ExposeSecret;

    use super::*;

    fn keys(byte: u8) -> Keys {
        Keys::of(&DataKey::from_bytes(&[byte; KEY_BYTES]).unwrap())
    }

    #[test]
    fn a_sealed_secret_opens_again() {
        let keys = keys(1);
        for secret in ["", "p", "päss wörd 密碼", &"x".repeat(70_000)] {
            let sealed = keys.seal(b"1.2.3.4:80 me", secret).unwrap();
            let opened = keys.open(b"1.2.3.4:80 me", &sealed).unwrap();
            assert_eq!(opened.expose_secret(), secret, "what is sealed comes back as it was");
        }
    }

    #[test]
    fn a_secret_opens_only_for_what_it_was_sealed_for() {
        let keys = keys(1);
        let sealed = keys.seal(b"1.2.3.4:80 me", "hush").unwrap();
        let moved = keys.open(b"6.6.6.6:80 me", &sealed);
        assert!(
            matches!(moved, Err(VaultError::NotOurs)),
            "a sealed password moved to another row is refused"
        );
    }

    #[test]
    fn another_key_opens_nothing() {
        let sealed = keys(1).seal(b"", "hush").unwrap();
        assert!(matches!(keys(2).open(b"", &sealed), Err(VaultError::NotOurs)), "the key is what protects");
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let keys = keys(1);
        let sealed = keys.seal(b"aad", "hush").unwrap();
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[at] ^= 1 << bit;
                assert!(keys.open(b"aad", &changed).is_err(), "bit {bit} of byte {at} was changed unnoticed");
            }
        }
    }

    #[test]
    fn bytes_of_any_length_are_refused_without_a_panic() {
        let keys = keys(1);
        let sealed = keys.seal(b"aad", "hush").unwrap();
        for end in 0..sealed.len() {
            assert!(keys.open(b"aad", &sealed[..end]).is_err(), "{end} bytes of {} opened", sealed.len());
        }
    }

    #[test]
    fn the_same_secret_seals_to_different_bytes() {
        let keys = keys(1);
        assert_ne!(
            keys.seal(b"", "hush").unwrap(),
            keys.seal(b"", "hush").unwrap(),
            "equal passwords must not show as equal in the file"
        );
    }

    #[test]
    fn the_identity_of_a_secret_depends_on_the_secret_and_on_the_key_alone() {
        assert_eq!(keys(1).identity("hush"), keys(1).identity("hush"), "the same account is found again");
        assert_ne!(keys(1).identity("hush"), keys(1).identity("Hush"), "another password is another account");
        assert_ne!(
            keys(1).identity("hush"),
            keys(2).identity("hush"),
            "without the key nothing can be guessed"
        );
    }

    #[test]
    fn derived_keys_stay_the_same_from_version_to_version() {
        // Computed by another implementation of the same documents. A change of label, form or derivation would
        // lock everybody's passwords up.
        let sealed = hex(SEALED);
        let opened = keys(7).open(b"1.2.3.4:80 me", &sealed).unwrap();
        assert_eq!(opened.expose_secret(), "hush", "what was sealed years ago must open");
        assert_eq!(keys(7).identity("hush").to_vec(), hex(HASHED), "the same account must be found again");
    }

    const SEALED: &str = "01000102030405060708090a0b0c0d0e0f10111213141\
        516178ab1306c816e60251d3aa37c07f5c726eb2d9574";
    const HASHED: &str = "12bc426097330a3c5cc32333db907be5";

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }
}
