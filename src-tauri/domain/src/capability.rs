//! What a proxy can do, each question answered on its own.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Hints, Protocol, Reason};

/// A question about a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Capability {
    /// Forwards a plain absolute-form HTTP request (RFC 9112, 3.2.2).
    Http = 0,
    /// Tunnels by CONNECT (RFC 9110, 9.3.6).
    Connect = 1,
    /// Tunnels by SOCKS4 to an address.
    Socks4 = 2,
    /// Tunnels by SOCKS4A, with the name resolved by the proxy.
    Socks4a = 3,
    /// Tunnels by SOCKS5 (RFC 1928, 1929) to an address.
    Socks5 = 4,
    /// Tunnels by SOCKS5 with the name resolved by the proxy.
    Socks5h = 5,
    /// The proxy itself must be spoken to over TLS.
    Tls = 6,
    /// Reaches an IPv6 target.
    Ipv6 = 7,
}

impl Capability {
    /// Every capability, in the order in which they are written.
    pub const ALL: [Self; 8] = [
        Self::Http,
        Self::Connect,
        Self::Socks4,
        Self::Socks4a,
        Self::Socks5,
        Self::Socks5h,
        Self::Tls,
        Self::Ipv6,
    ];

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Connect => "connect",
            Self::Socks4 => "socks4",
            Self::Socks4a => "socks4a",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
            Self::Tls => "tls",
            Self::Ipv6 => "ipv6",
        }
    }

    /// The protocol that a list would call this; none for what is no protocol of its own.
    #[must_use]
    pub const fn protocol(self) -> Option<Protocol> {
        match self {
            Self::Http => Some(Protocol::Http),
            Self::Connect => Some(Protocol::Https),
            Self::Socks4 | Self::Socks4a => Some(Protocol::Socks4),
            Self::Socks5 | Self::Socks5h => Some(Protocol::Socks5),
            Self::Tls | Self::Ipv6 => None,
        }
    }

    /// The capability that was kept under this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The answer to one question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Yes, no, or not tried.
    pub ok: Option<bool>,
    /// Milliseconds to the first byte of a right answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub latency_ms: Option<u32>,
    /// Why not; also why it was not tried, where an attempt ended in that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    /// The code of the protocol: an HTTP status or a SOCKS reply.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<u16>,
    /// The port that was asked for, where that was not the usual one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub port: Option<u16>,
    /// Found only by speaking TLS to the proxy itself.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub over_tls: bool,
}

/// The answers to all questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities([Answer; 8]);

impl Capabilities {
    /// The answer to one question.
    #[must_use]
    pub const fn get(&self, capability: Capability) -> &Answer {
        &self.0[capability as usize]
    }

    /// Sets the answer to one question.
    pub const fn set(&mut self, capability: Capability, answer: Answer) {
        self.0[capability as usize] = answer;
    }

    /// Every question with its answer.
    pub fn iter(&self) -> impl Iterator<Item = (Capability, &Answer)> {
        Capability::ALL.into_iter().zip(&self.0)
    }

    /// The capabilities that were answered with yes.
    pub fn working(&self) -> impl Iterator<Item = Capability> {
        self.iter().filter(|(_, a)| a.ok == Some(true)).map(|(c, _)| c)
    }

    /// What the proxy was found to speak, in the words of lists.
    #[must_use]
    pub fn protocols(&self) -> Hints {
        self.working().filter_map(Capability::protocol).collect()
    }

    /// The answers with yes as a set of bits, bit 0 for [`Capability::Http`] and so on.
    #[must_use]
    pub fn working_bits(&self) -> u8 {
        self.working().fold(0, |bits, c| bits | 1 << c as u8)
    }

    /// The lowest latency among what works.
    #[must_use]
    pub fn best_latency(&self) -> Option<u32> {
        self.0.iter().filter(|a| a.ok == Some(true)).filter_map(|a| a.latency_ms).min()
    }
}
