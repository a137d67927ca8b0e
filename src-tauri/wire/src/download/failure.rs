//! Why a download brought nothing.

use std::fmt;
use std::time::Duration;

/// Why a download brought nothing: a closed list, each with a stable word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DownloadFailure {
    /// No address that can be asked for: not `http` or `https`, or no host.
    BadAddress,
    /// The name has no address, or the name servers do not answer.
    Unresolved,
    /// The address, or one that the name leads to, is not public, and that was not allowed.
    NotPublic,
    /// The host refused the connection.
    Refused,
    /// There is no way to the host.
    Unreachable,
    /// It took too long: to connect, to begin an answer, or altogether.
    Timeout,
    /// The body came to a standstill, or dripped.
    Stalled,
    /// TLS failed: no TLS there, or a certificate that does not verify.
    TlsFailed,
    /// More bytes than the limit came, or were announced.
    TooLarge,
    /// What came unpacks to more than the limit, or to far too many times its size.
    Bomb,
    /// Redirected too often, or in a circle.
    RedirectLoop,
    /// Redirected to something that is neither `http` nor `https`, or from `https` to `http`.
    RedirectScheme,
    /// Redirected to an address that is not public.
    RedirectPrivate,
    /// The host answered with an error; the code says which.
    Status,
    /// The host wants to be left alone for longer than is waited for here.
    RateLimited,
    /// The proxy could not be reached, refused, or broke.
    ProxyFailed,
    /// The connection broke, or what came is not whole or not what its headers say.
    Broken,
    /// It was called off.
    Cancelled,
    /// Our own machine could not.
    LocalError,
}

impl DownloadFailure {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::BadAddress,
        Self::Unresolved,
        Self::NotPublic,
        Self::Refused,
        Self::Unreachable,
        Self::Timeout,
        Self::Stalled,
        Self::TlsFailed,
        Self::TooLarge,
        Self::Bomb,
        Self::RedirectLoop,
        Self::RedirectScheme,
        Self::RedirectPrivate,
        Self::Status,
        Self::RateLimited,
        Self::ProxyFailed,
        Self::Broken,
        Self::Cancelled,
        Self::LocalError,
    ];

    /// The stable word, as it stands in the record of a visit.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadAddress => "bad_address",
            Self::Unresolved => "unresolved",
            Self::NotPublic => "not_public",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Stalled => "stalled",
            Self::TlsFailed => "tls_failed",
            Self::TooLarge => "too_large",
            Self::Bomb => "bomb",
            Self::RedirectLoop => "redirect_loop",
            Self::RedirectScheme => "redirect_scheme",
            Self::RedirectPrivate => "redirect_private",
            Self::Status => "status",
            Self::RateLimited => "rate_limited",
            Self::ProxyFailed => "proxy_failed",
            Self::Broken => "broken",
            Self::Cancelled => "cancelled",
            Self::LocalError => "local_error",
        }
    }
}

impl fmt::Display for DownloadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A download that brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadError {
    /// Why.
    pub kind: DownloadFailure,
    /// The status that the host answered with, or the one by which a proxy refused.
    pub code: Option<u16>,
    /// How long the host wants to be left alone, as it said, up to a day.
    pub retry_after: Option<Duration>,
    /// How many requests were made, redirects and retries counted.
    pub requests: u32,
    /// What happened, to what, in English. It holds no password; a stranger's bytes in it are printable.
    pub detail: String,
}

impl DownloadError {
    pub(super) fn new(kind: DownloadFailure, detail: impl Into<String>) -> Self {
        Self { kind, code: None, retry_after: None, requests: 0, detail: detail.into() }
    }

    pub(super) fn with_code(self, code: u16) -> Self {
        Self { code: Some(code), ..self }
    }
}

impl fmt::Display for DownloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.detail)
    }
}

impl std::error::Error for DownloadError {}
