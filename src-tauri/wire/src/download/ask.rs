//! What is asked for, and by which way.

use std::fmt;

use proxydeck_domain::{Account, Endpoint};

use super::answer;

/// One address to download. Two asks that are equal and made at once are fetched once.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Ask {
    /// The address: `http` or `https`. A user and a password in it go to that very host and nowhere else.
    pub url: String,
    /// The `ETag` that came last time; whoever has it is told [`super::Fetched::NotModified`] when it still holds.
    pub etag: Option<String>,
    /// The `Last-Modified` that came last time, as it was spelled.
    pub last_modified: Option<String>,
    /// Whether the address may lie in a private network: for one that the user typed. It may redirect into a private
    /// network then, too.
    pub allow_private: bool,
    /// The proxy to go through; without one the host is dialled directly. What the environment says (`HTTP_PROXY` and
    /// its relatives) is never looked at.
    pub via: Option<Via>,
}

impl Ask {
    /// Asks for a public address, directly and without condition.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), etag: None, last_modified: None, allow_private: false, via: None }
    }
}

impl fmt::Debug for Ask {
    /// The host, and never what stands before or behind it: that may be a password or a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = answer::parse(&self.url).map_or_else(|error| error.to_string(), |url| answer::shown(&url));
        f.debug_struct("Ask")
            .field("url", &host)
            .field("etag", &self.etag)
            .field("last_modified", &self.last_modified)
            .field("allow_private", &self.allow_private)
            .field("via", &self.via)
            .finish()
    }
}

/// A proxy to download through.
///
/// A literal address that is not public is refused here as ever. A *name* is judged by its addresses only where we
/// resolve it ([`ViaScheme::Socks4`]): every other proxy resolves it by itself, and what it finds there is its own
/// network's business and not ours.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Via {
    /// What is spoken to it.
    pub scheme: ViaScheme,
    /// Where it is.
    pub endpoint: Endpoint,
    /// The account on it. SOCKS4 takes none.
    pub account: Option<Account>,
    /// Whether the proxy itself may lie in a private network: for one that the user typed.
    pub allow_private: bool,
}

/// What is spoken to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViaScheme {
    /// HTTP: plain addresses are asked for in absolute form, others through CONNECT.
    Http,
    /// The same, over TLS that is verified with our roots.
    Https,
    /// SOCKS4, with an address of IPv4 that we resolved.
    Socks4,
    /// SOCKS4a: the proxy resolves.
    Socks4a,
    /// SOCKS5: the proxy resolves.
    Socks5,
}

impl ViaScheme {
    /// The scheme as it stands in an address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks4 => "socks4",
            Self::Socks4a => "socks4a",
            Self::Socks5 => "socks5",
        }
    }
}
