//! A proxy: an endpoint plus the account on it. That whole is its identity.

use std::fmt;
use std::hash::{Hash, Hasher};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::Endpoint;

/// A password. It prints as dots, is wiped when dropped, and is read only where it is used.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a password over.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The password itself, for a handshake or for sealing.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

/// A user name and a password on an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// The user name, as it was given.
    pub user: String,
    /// The password; may be empty.
    pub secret: Secret,
}

/// What is dialled and with which account: the identity of a proxy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Proxy {
    /// Where to dial.
    pub endpoint: Endpoint,
    /// The account, if one is needed.
    pub account: Option<Account>,
}

impl Proxy {
    /// A proxy without an account.
    #[must_use]
    pub const fn open(endpoint: Endpoint) -> Self {
        Self { endpoint, account: None }
    }
}

impl fmt::Display for Proxy {
    /// `host:port`, never the account.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.endpoint.fmt(f)
    }
}

/// What a list says that a proxy speaks. A claim, never a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Forwards plain HTTP.
    Http,
    /// Tunnels by CONNECT. What lists call an *https proxy*.
    Https,
    /// SOCKS4, with or without names.
    Socks4,
    /// SOCKS5, with or without names.
    Socks5,
}

impl Protocol {
    /// Every protocol, in the order in which columns and chips show them.
    pub const ALL: [Self; 4] = [Self::Http, Self::Https, Self::Socks4, Self::Socks5];

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks4 => "socks4",
            Self::Socks5 => "socks5",
        }
    }

    /// Reads a protocol in any of the spellings of schemes, columns and labels (`SOCKS4A`, `socks5h`, `connect`).
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        const SPELLINGS: [(&str, Protocol); 12] = [
            ("http", Protocol::Http),
            ("https", Protocol::Https),
            ("connect", Protocol::Https),
            ("ssl", Protocol::Https),
            ("socks4", Protocol::Socks4),
            ("socks4a", Protocol::Socks4),
            ("socks5", Protocol::Socks5),
            ("socks5h", Protocol::Socks5),
            ("socks-4", Protocol::Socks4),
            ("socks-5", Protocol::Socks5),
            ("socks v4", Protocol::Socks4),
            ("socks v5", Protocol::Socks5),
        ];
        let label = label.trim();
        SPELLINGS.iter().find(|(spelling, _)| label.eq_ignore_ascii_case(spelling)).map(|&(_, p)| p)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of protocols: the claims of all lists about one proxy, or what it was found to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Hints(u8);

impl Hints {
    /// No claim at all.
    pub const NONE: Self = Self(0);

    /// The set with one more protocol in it.
    #[must_use]
    pub const fn with(self, protocol: Protocol) -> Self {
        Self(self.0 | 1 << protocol as u8)
    }

    /// Everything that is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a protocol is in the set.
    #[must_use]
    pub const fn contains(self, protocol: Protocol) -> bool {
        self.0 & 1 << protocol as u8 != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the two sets share a protocol.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The protocols in the set, in the order of [`Protocol::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Protocol> {
        Protocol::ALL.into_iter().filter(move |p| self.contains(*p))
    }

    /// The set as the number that is kept.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set from the number that was kept; unknown bits are dropped.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b1111)
    }
}

impl FromIterator<Protocol> for Hints {
    fn from_iter<I: IntoIterator<Item = Protocol>>(iter: I) -> Self {
        iter.into_iter().fold(Self::NONE, Self::with)
    }
}

impl From<Option<Protocol>> for Hints {
    fn from(protocol: Option<Protocol>) -> Self {
        protocol.into_iter().collect()
    }
}
