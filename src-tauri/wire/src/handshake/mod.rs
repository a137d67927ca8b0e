//! What is said to a proxy before bytes pass through it: state machines fed with bytes, without a socket.

mod connect;
mod socks4;
mod socks5;

pub use connect::Connect;
pub(crate) use connect::refusal;
pub use socks4::Socks4;
pub use socks5::Socks5;

use std::net::IpAddr;

use proxydeck_domain::Reason;

/// Where a tunnel is asked to lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// An address.
    Ip(IpAddr),
    /// A name, which the proxy resolves.
    Name(&'a str),
}

/// Why a proxy did not let us through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The reason.
    pub reason: Reason,
    /// The protocol's own code.
    pub code: Option<u16>,
    /// More for people.
    pub detail: Option<String>,
}

impl Failure {
    pub(crate) const fn of(reason: Reason) -> Self {
        Self { reason, code: None, detail: None }
    }

    pub(crate) fn with_code(reason: Reason, code: impl Into<u16>) -> Self {
        Self { reason, code: Some(code.into()), detail: None }
    }

    /// Something else than a proxy of this kind answered; the first bytes go into the detail.
    pub(crate) fn not_a_proxy(bytes: &[u8]) -> Self {
        Self { reason: Reason::NotAProxy, code: None, detail: Some(first_bytes(bytes)) }
    }
}

/// What follows from the bytes so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send what was put into `out`, if anything, and come back with more bytes.
    More,
    /// The tunnel is open; bytes that were not used belong to it.
    Open,
    /// It will not open.
    Failed(Failure),
}

/// A handshake. Each call of [`Handshake::advance`] gets every byte not yet used and returns how many it used.
pub trait Handshake {
    /// Puts the first bytes to send into `out`.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// Takes bytes in, puts bytes to send into `out`, and says how many were used and what follows.
    fn advance(&mut self, input: &[u8], out: &mut Vec<u8>) -> (usize, Step);
}

/// How many bytes of a banner are kept for people.
const BANNER_BYTES: usize = 64;

/// The beginning of what was received, for people; bytes that do not print are escaped.
pub(crate) fn first_bytes(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(BANNER_BYTES)].escape_ascii().to_string()
}
