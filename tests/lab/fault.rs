//! The faults that a proxy can have: what each does, and what is true of a proxy that has it.

use std::time::Duration;

/// How bytes of an answer are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tamper {
    /// One letter outside of every echoed value is another.
    Letter,
    /// A script is put into the page.
    Script,
    /// A line of its own follows the page.
    Appended,
    /// The end of the page is left out, and its length is made to fit.
    Cut,
}

/// A fault. "Is" names the reason that a checker should find. Those that touch an answer touch plain HTTP only: what
/// goes through a tunnel in TLS they cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing listens: is `refused`.
    Refused,
    /// No way leads there, since it is the broadcast address of loopback, to which the kernel connects nobody
    /// (ENETUNREACH): is `unreachable`.
    Unreachable,
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
    /// The first so many connections are reset as soon as the first bytes have come; later ones are served. What it is
    /// depends on who asks how often, so that a truth says nothing about it that can be held against one check.
    Flaky(u64),
    /// Answers every HTTP request with this status and a page: 400, 404, 405 and 501 are `not_a_proxy`, 3xx are
    /// `redirected`, others are `rejected`, with the status as code.
    Status(u16),
    /// An edge of a content network, which knows no host but its customers': answers every HTTP request with 400 and the
    /// marks of its network: is `not_a_proxy`.
    Edge,
    /// Answers every HTTP request with 200 and a page of its own: is `wrong_answer`.
    Portal,
    /// Answers every HTTP request with 302: is `redirected`.
    Redirect,
    /// Answers with a page that the judge gave to an earlier request, with that one's token: is `wrong_answer`.
    Replay,
    /// The same as a cache without manners has it: with its age, and the word that it was a hit: is `wrong_answer`.
    Cached,
    /// Lets the judge answer, and sends a page of its own in the place of that: is `wrong_answer`.
    Hijack,
    /// Changes the judge's page: is `tampered`.
    Tampers(Tamper),
    /// Sends the judge's page in gzip, asked or not: is `answer_encoded`.
    Gzip,
    /// A few hundred KiB in gzip that would be 256 MiB: is `answer_encoded`.
    Bomb,
    /// The right page, and then filling without end: is `answer_too_large`.
    EndlessBody,
    /// Header lines without end: is `answer_too_large`.
    EndlessHeaders,
    /// Chunks without end: is `answer_too_large`.
    EndlessChunks,
    /// Interim answers without end: is `answer_too_large`.
    EndlessInterim,
    /// Promises ten gigabytes and begins to send them: is `answer_too_large`.
    HugeLength,
    /// The right answer, one byte a second: is `answer_timeout`.
    Drip,
    /// The first half of the right answer, and then silence: is `answer_timeout`.
    Stall,
    /// Promises more bytes than it sends, and closes: is `answer_malformed`.
    LengthTooLong,
    /// Promises fewer bytes than it sends: is `answer_malformed`.
    LengthTooShort,
    /// The right answer of the right length, and a little later a line more: is `answer_malformed`.
    TalksOn,
    /// The same behind the last of an answer's chunks: is `answer_malformed`.
    TalksOnAfterChunks,
    /// Closes in the middle of a chunk: is `answer_malformed`.
    TruncatedChunked,
    /// Writes no number where the size of a chunk stands: is `answer_malformed`.
    BadChunk,
    /// Promises two lengths that differ: is `answer_malformed`.
    TwoLengths,
    /// Promises a length and chunks at once, as whoever smuggles does: is `answer_malformed`.
    LengthAndChunks,
    /// Ends TLS itself, with a certificate that it makes for the host from an authority of its own: is
    /// `tls_intercepted`. Only who asks a TLS judge can find it.
    TlsIntercept,
    /// Opens the tunnel and then never passes a byte: is `answer_timeout`.
    TunnelSilence,
    /// Opens the tunnel and closes it: is `closed`.
    TunnelClose,
    /// Opens the tunnel and speaks nonsense in it: is `tls_failed` to whoever begins TLS, else `answer_malformed`.
    TunnelGarbage,
    /// Answers every SOCKS request with this reply code: is `rejected` with it.
    SocksReply(u8),
    /// Leaves out a header that is meant for the judge: works, noted `rewrites_headers`.
    DropsHeader,
    /// Does not close the connection behind its answer, though it was asked to: works.
    KeepsOpen,
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
            | Self::Unreachable
            | Self::Blackhole
            | Self::Silent
            | Self::ResetOnAccept
            | Self::ResetOnRequest
            | Self::CloseOnAccept
            | Self::CloseOnRequest
            | Self::Garbage
            | Self::SshBanner
            | Self::Echo => Layer::Connection,
            Self::Status(_) | Self::Edge | Self::Portal | Self::Redirect => Layer::Request,
            Self::Replay
            | Self::Cached
            | Self::Hijack
            | Self::Tampers(_)
            | Self::Gzip
            | Self::Bomb
            | Self::EndlessBody
            | Self::EndlessHeaders
            | Self::EndlessChunks
            | Self::EndlessInterim
            | Self::HugeLength
            | Self::Drip
            | Self::Stall
            | Self::LengthTooLong
            | Self::LengthTooShort
            | Self::TalksOn
            | Self::TalksOnAfterChunks
            | Self::TruncatedChunked
            | Self::BadChunk
            | Self::TwoLengths
            | Self::LengthAndChunks => Layer::Answer,
            Self::TlsIntercept | Self::TunnelSilence | Self::TunnelClose | Self::TunnelGarbage => {
                Layer::Tunnel
            }
            Self::SocksReply(_) => Layer::Socks,
            Self::Slow(_) | Self::Flaky(_) | Self::DropsHeader | Self::KeepsOpen | Self::ChangesUserAgent => {
                Layer::Note
            }
        }
    }

    /// The reason that a checker should find where the fault takes hold; none where it does no harm.
    pub(crate) fn reason(self) -> Option<&'static str> {
        Some(match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Blackhole => "dial_timeout",
            Self::Silent => "handshake_timeout",
            Self::ResetOnAccept | Self::ResetOnRequest => "reset",
            Self::CloseOnAccept | Self::CloseOnRequest | Self::TunnelClose => "closed",
            Self::Garbage
            | Self::SshBanner
            | Self::Echo
            | Self::Edge
            | Self::Status(400 | 404 | 405 | 501) => "not_a_proxy",
            Self::Redirect | Self::Status(300..=399) => "redirected",
            Self::Status(_) | Self::SocksReply(_) => "rejected",
            Self::Portal | Self::Replay | Self::Cached | Self::Hijack => "wrong_answer",
            Self::Tampers(_) => "tampered",
            Self::Gzip | Self::Bomb => "answer_encoded",
            Self::EndlessBody
            | Self::EndlessHeaders
            | Self::EndlessChunks
            | Self::EndlessInterim
            | Self::HugeLength => "answer_too_large",
            Self::Drip | Self::Stall | Self::TunnelSilence => "answer_timeout",
            Self::LengthTooLong
            | Self::LengthTooShort
            | Self::TalksOn
            | Self::TalksOnAfterChunks
            | Self::TruncatedChunked
            | Self::BadChunk
            | Self::TwoLengths
            | Self::LengthAndChunks
            | Self::TunnelGarbage => "answer_malformed",
            Self::TlsIntercept => "tls_intercepted",
            Self::Slow(_) | Self::Flaky(_) | Self::DropsHeader | Self::KeepsOpen | Self::ChangesUserAgent => {
                return None;
            }
        })
    }

    /// The code that goes with the reason, where there is one.
    pub(crate) fn code(self) -> Option<u16> {
        match self {
            Self::Status(status) => Some(status),
            Self::SocksReply(code) => Some(u16::from(code)),
            Self::Redirect => Some(302),
            Self::Edge => Some(400),
            _ => None,
        }
    }

    /// The word of the product for what it leaves behind on a proxy that works.
    pub(crate) fn note(self) -> Option<&'static str> {
        matches!(self, Self::DropsHeader | Self::ChangesUserAgent).then_some("rewrites_headers")
    }
}
