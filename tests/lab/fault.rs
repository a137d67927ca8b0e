//! The faults that a proxy can have: what each does, and what is true of a proxy that has it.

use std::time::Duration;

/// How bytes of an answer are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tamper {
    /// One letter outside of every echoed value is another.
    Letter,
    /// A script is put into the page.
    Script,
}

/// A fault. "Is" names the reason that a checker should find. Those that touch an answer touch plain HTTP only: what
/// goes through a tunnel in TLS they cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing listens: is `refused`.
    Refused,
    /// The connection is never established, since the queue of the listener is full: is `dial_timeout`.
    Blackhole,
    /// Accepts and says nothing: is `handshake_timeout`.
    Silent,
    /// Right, but its first byte comes this late: works, where the checker's patience is longer.
    Slow(Duration),
    /// RST right after the connection was accepted: is `reset`. A client may meet it while it still asks how its dial
    /// ended (ECONNRESET from connect, not ECONNREFUSED).
    ResetOnAccept,
    /// RST as soon as the first bytes have come: is `reset`.
    ResetOnRequest,
    /// Closed right after the connection was accepted: is `closed`.
    CloseOnAccept,
    /// Closed as soon as the first bytes have come: is `closed`.
    CloseOnRequest,
    /// Answers with bytes that mean nothing: is `not_a_proxy`.
    Garbage,
    /// Greets like an SSH server: is `not_a_proxy`.
    SshBanner,
    /// Sends back what it gets: is `not_a_proxy`.
    Echo,
    /// Answers every HTTP request with this status and a page: 400, 404, 405 and 501 are `not_a_proxy`, others are
    /// `rejected`, with the status as code.
    Status(u16),
    /// Answers every HTTP request with 200 and a page of its own: is `wrong_answer`.
    Portal,
    /// Answers every HTTP request with 302: is `redirected`.
    Redirect,
    /// Answers with a page that the judge gave to an earlier request, with that one's token: is `wrong_answer`.
    Replay,
    /// Changes the judge's page: is `tampered`.
    Tampers(Tamper),
    /// Sends the judge's page in gzip, asked or not: is `answer_encoded`.
    Gzip,
    /// The right page, and then filling without end: is `answer_too_large`.
    EndlessBody,
    /// Header lines without end: is `answer_too_large`.
    EndlessHeaders,
    /// The right answer, one byte a second: is `answer_timeout`.
    Drip,
    /// Promises more bytes than it sends, and closes: is `answer_malformed`.
    LengthTooLong,
    /// Promises fewer bytes than it sends: is `answer_malformed`.
    LengthTooShort,
    /// Closes in the middle of a chunk: is `answer_malformed`.
    TruncatedChunked,
    /// Ends TLS itself, with a certificate that it makes for the host from an authority of its own: is
    /// `tls_intercepted`. Only who asks a TLS judge can find it.
    TlsIntercept,
    /// Opens the tunnel and then never passes a byte: is `answer_timeout`.
    TunnelSilence,
    /// Answers every SOCKS request with this reply code: is `rejected` with it.
    SocksReply(u8),
    /// Leaves out a header that is meant for the judge: works, noted `rewrites_headers`.
    DropsHeader,
    /// Sends another User-Agent: works, noted `rewrites_headers`.
    ChangesUserAgent,
}

/// Where a fault takes hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    /// The connection, before a protocol is spoken.
    Connection,
    /// Every HTTP request to the proxy.
    Request,
    /// A plain answer that passes.
    Answer,
    /// What happens in an open tunnel.
    Tunnel,
    /// The replies of SOCKS.
    Socks,
    /// It only leaves a trace.
    Note,
}

impl Fault {
    pub(crate) fn layer(self) -> Layer {
        match self {
            Self::Refused
            | Self::Blackhole
            | Self::Silent
            | Self::ResetOnAccept
            | Self::ResetOnRequest
            | Self::CloseOnAccept
            | Self::CloseOnRequest
            | Self::Garbage
            | Self::SshBanner
            | Self::Echo => Layer::Connection,
            Self::Status(_) | Self::Portal | Self::Redirect => Layer::Request,
            Self::Replay
            | Self::Tampers(_)
            | Self::Gzip
            | Self::EndlessBody
            | Self::EndlessHeaders
            | Self::Drip
            | Self::LengthTooLong
            | Self::LengthTooShort
            | Self::TruncatedChunked => Layer::Answer,
            Self::TlsIntercept | Self::TunnelSilence => Layer::Tunnel,
            Self::SocksReply(_) => Layer::Socks,
            Self::Slow(_) | Self::DropsHeader | Self::ChangesUserAgent => Layer::Note,
        }
    }

    /// The reason that a checker should find where the fault takes hold; none where it does no harm.
    pub(crate) fn reason(self) -> Option<&'static str> {
        Some(match self {
            Self::Refused => "refused",
            Self::Blackhole => "dial_timeout",
            Self::Silent => "handshake_timeout",
            Self::ResetOnAccept | Self::ResetOnRequest => "reset",
            Self::CloseOnAccept | Self::CloseOnRequest => "closed",
            Self::Garbage | Self::SshBanner | Self::Echo | Self::Status(400 | 404 | 405 | 501) => {
                "not_a_proxy"
            }
            Self::Status(_) | Self::SocksReply(_) => "rejected",
            Self::Portal | Self::Replay => "wrong_answer",
            Self::Redirect => "redirected",
            Self::Tampers(_) => "tampered",
            Self::Gzip => "answer_encoded",
            Self::EndlessBody | Self::EndlessHeaders => "answer_too_large",
            Self::Drip | Self::TunnelSilence => "answer_timeout",
            Self::LengthTooLong | Self::LengthTooShort | Self::TruncatedChunked => "answer_malformed",
            Self::TlsIntercept => "tls_intercepted",
            Self::Slow(_) | Self::DropsHeader | Self::ChangesUserAgent => return None,
        })
    }

    /// The code that goes with the reason, where there is one.
    pub(crate) fn code(self) -> Option<u16> {
        match self {
            Self::Status(status) => Some(status),
            Self::SocksReply(code) => Some(u16::from(code)),
            Self::Redirect => Some(302),
            _ => None,
        }
    }

    /// The word of the product for what it leaves behind on a proxy that works.
    pub(crate) fn note(self) -> Option<&'static str> {
        matches!(self, Self::DropsHeader | Self::ChangesUserAgent).then_some("rewrites_headers")
    }
}
