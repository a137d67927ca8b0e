//! What was not accepted, where it stood, and why.

use std::fmt;

use proxydeck_domain::EndpointError;

/// How much of a refused line is kept, in bytes: enough to recognise it, little enough for a hundred thousand.
pub const MAX_REFUSAL_TEXT: usize = 200;

/// A line, or an element of a JSON array, that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The number of the line, from 1.
    pub line: u64,
    /// The beginning of the text, at most [`MAX_REFUSAL_TEXT`] bytes, with what is no UTF-8 replaced. What stands
    /// where a password may stand is replaced with `…`; what comes from a table or from JSON is `host:port` only.
    pub text: String,
    /// What was wrong with it.
    pub reason: RefusalReason,
}

/// Why something was not accepted. The list is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RefusalReason {
    /// There is nothing like an address in it.
    NoAddress,
    /// The host name has no dot, so that it means something else on every network.
    SingleLabel,
    /// A name breaks the rules of host names, or may as well be a file's.
    BadName,
    /// There is an address without a port.
    NoPort,
    /// An address of a page or a list, not of a proxy.
    PageAddress,
    /// Something is there, but in no form that is known.
    Syntax,
    /// An octet above 255, too few or too many octets, or a broken IPv6 address.
    BadAddress,
    /// An octet or a port begins with a zero.
    LeadingZero,
    /// The port is 0, above 65535, or no number.
    BadPort,
    /// An IPv6 zone id.
    ZoneId,
    /// The address is not publicly routable.
    NotPublic,
    /// The address runs into a letter, a digit or another address.
    Glued,
    /// The beginning or the end of the address is missing.
    Cut,
    /// It can be read in more than one way.
    Ambiguous,
    /// It belongs to another protocol (vless, ss, MTProto, …).
    OtherScheme,
    /// The protocol is misspelt or without its version.
    UnknownProtocol,
    /// The line is longer than [`crate::MAX_LINE`] or, for JSON, [`crate::MAX_JSON_LINE`].
    LineTooLong,
    /// The line holds control bytes: it is no text.
    Binary,
    /// The document is larger than [`crate::MAX_DOCUMENT`].
    DocumentTooLarge,
    /// The document ends in the middle.
    Truncated,
    /// Too much is nested in it, or it is of no use for another reason of size.
    TooComplex,
}

impl RefusalReason {
    /// Every reason.
    pub const ALL: [Self; 21] = [
        Self::NoAddress,
        Self::SingleLabel,
        Self::BadName,
        Self::NoPort,
        Self::PageAddress,
        Self::Syntax,
        Self::BadAddress,
        Self::LeadingZero,
        Self::BadPort,
        Self::ZoneId,
        Self::NotPublic,
        Self::Glued,
        Self::Cut,
        Self::Ambiguous,
        Self::OtherScheme,
        Self::UnknownProtocol,
        Self::LineTooLong,
        Self::Binary,
        Self::DocumentTooLarge,
        Self::Truncated,
        Self::TooComplex,
    ];

    /// The stable word, as it is counted and written to lists of refusals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoAddress => "no_address",
            Self::SingleLabel => "single_label",
            Self::BadName => "bad_name",
            Self::NoPort => "no_port",
            Self::PageAddress => "page_address",
            Self::Syntax => "syntax",
            Self::BadAddress => "bad_address",
            Self::LeadingZero => "leading_zero",
            Self::BadPort => "bad_port",
            Self::ZoneId => "zone_id",
            Self::NotPublic => "not_public",
            Self::Glued => "glued",
            Self::Cut => "cut",
            Self::Ambiguous => "ambiguous",
            Self::OtherScheme => "other_scheme",
            Self::UnknownProtocol => "unknown_protocol",
            Self::LineTooLong => "line_too_long",
            Self::Binary => "binary",
            Self::DocumentTooLarge => "document_too_large",
            Self::Truncated => "truncated",
            Self::TooComplex => "too_complex",
        }
    }

    /// Whether this is a fault of an address, which is told even when the line holds a sound one too. The others
    /// only say that nothing was found.
    pub(crate) const fn is_fault(self) -> bool {
        !matches!(
            self,
            Self::NoAddress
                | Self::SingleLabel
                | Self::BadName
                | Self::NoPort
                | Self::PageAddress
                | Self::Syntax
        )
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAddress => "there is no address in it",
            Self::SingleLabel => "the host name has no dot",
            Self::BadName => "not a valid host name",
            Self::NoPort => "the port is missing",
            Self::PageAddress => "the address of a page, not of a proxy",
            Self::Syntax => "not in a form that is known",
            Self::BadAddress => "not a valid address",
            Self::LeadingZero => "a number begins with a zero",
            Self::BadPort => "the port is not between 1 and 65535",
            Self::ZoneId => "an IPv6 zone id means nothing elsewhere",
            Self::NotPublic => "the address is not publicly routable",
            Self::Glued => "the address runs into what stands next to it",
            Self::Cut => "a part of the address is missing",
            Self::Ambiguous => "it can be read in more than one way",
            Self::OtherScheme => "it belongs to another protocol",
            Self::UnknownProtocol => "the protocol is misspelt or lacks its version",
            Self::LineTooLong => "the line is too long",
            Self::Binary => "it is not text",
            Self::DocumentTooLarge => "the document is too large",
            Self::Truncated => "the document ends in the middle",
            Self::TooComplex => "the document is nested too deeply",
        })
    }
}

impl From<EndpointError> for RefusalReason {
    fn from(error: EndpointError) -> Self {
        match error {
            EndpointError::Syntax => Self::Syntax,
            EndpointError::BadAddress => Self::BadAddress,
            EndpointError::LeadingZero => Self::LeadingZero,
            EndpointError::BadPort => Self::BadPort,
            EndpointError::BadName => Self::BadName,
            EndpointError::SingleLabel => Self::SingleLabel,
            EndpointError::ZoneId => Self::ZoneId,
        }
    }
}
