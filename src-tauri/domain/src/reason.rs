//! Why a proxy was refused: a closed list of words, each with one meaning.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $number:literal $word:literal,)+) => {
        /// Why an attempt did not succeed. The words are public: they stand in exports and in the database.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Reason { $($(#[doc = $doc])+ $variant = $number,)+ }

        impl Reason {
            /// Every reason, in the order of how far the attempt came.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The reason that was kept under this number, if there is one.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

reasons! {
    /// The endpoint actively refused the connection.
    Refused = 1 "refused",
    /// No route to the host or network.
    Unreachable = 2 "unreachable",
    /// The proxy's name has no address.
    Unresolved = 3 "unresolved",
    /// The proxy's name resolves to an address that is not publicly routable.
    NotPublic = 4 "not_public",
    /// No connection within the deadline.
    DialTimeout = 5 "dial_timeout",
    /// The connection was reset after it had been accepted.
    Reset = 6 "reset",
    /// The connection was closed before an answer was complete.
    Closed = 7 "closed",
    /// Accepted, and then not a byte of an answer within the deadline.
    HandshakeTimeout = 8 "handshake_timeout",
    /// It answers, but as something else: 400, 404, 405, 501, a banner, an echo, garbage.
    NotAProxy = 9 "not_a_proxy",
    /// A proxy that does not want to: 403, 429, 451, 5xx, or a SOCKS reply; the code says which.
    Rejected = 10 "rejected",
    /// It wants an account, and none is known.
    AuthRequired = 11 "auth_required",
    /// It refused the account that is known.
    AuthFailed = 12 "auth_failed",
    /// The tunnel opened, and TLS to the judge failed in it.
    TlsFailed = 13 "tls_failed",
    /// A certificate was shown that is not the judge's.
    TlsIntercepted = 14 "tls_intercepted",
    /// A tunnel or an answer that began, and then silence, or a drip.
    AnswerTimeout = 15 "answer_timeout",
    /// An HTTP answer with broken framing or the wrong length.
    AnswerMalformed = 16 "answer_malformed",
    /// An answer in a content coding, though none was asked for.
    AnswerEncoded = 17 "answer_encoded",
    /// An answer that outgrew its limit.
    AnswerTooLarge = 18 "answer_too_large",
    /// Somebody else's page, or an answer to an older request.
    WrongAnswer = 19 "wrong_answer",
    /// The judge's answer came back changed.
    Tampered = 20 "tampered",
    /// Sent elsewhere by a 3xx; redirects are not followed.
    Redirected = 21 "redirected",
    /// Our own machine could not: no descriptor, no local network. Never counted against the proxy.
    LocalError = 22 "local_error",
    /// The judge stopped answering. Never counted against the proxy.
    JudgeDown = 23 "judge_down",
    /// The run was stopped. Never counted against the proxy.
    Cancelled = 24 "cancelled",
}

impl Reason {
    /// Whether this says something about the proxy. The others are ours or the judge's and write no check.
    #[must_use]
    pub const fn counts(self) -> bool {
        !matches!(self, Self::LocalError | Self::JudgeDown | Self::Cancelled)
    }

    /// Whether the endpoint itself could not be reached, which answers every capability at once.
    #[must_use]
    pub const fn settles_all(self) -> bool {
        matches!(
            self,
            Self::Refused | Self::Unreachable | Self::Unresolved | Self::NotPublic | Self::DialTimeout
        )
    }

    /// Whether another try may end otherwise: the connection had been accepted and was then lost.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Reset | Self::Closed | Self::AnswerTimeout)
    }

    /// Whether meeting this anywhere makes the whole check fail, whatever else worked.
    #[must_use]
    pub const fn breaks_trust(self) -> bool {
        matches!(self, Self::TlsIntercepted | Self::Tampered | Self::WrongAnswer)
    }

    /// The number under which the reason is kept.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Reason {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|r| r.as_str() == word).ok_or(())
    }
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        word.parse().map_err(|()| serde::de::Error::custom("not a reason"))
    }
}
