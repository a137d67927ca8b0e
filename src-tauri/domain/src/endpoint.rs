//! Where to dial: a host and a port, in one canonical text form.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest host name that DNS can carry (RFC 1035, 2.3.4), without the trailing dot.
const MAX_NAME_BYTES: usize = 253;
/// The longest label of a host name (RFC 1035, 2.3.4).
const MAX_LABEL_BYTES: usize = 63;

/// A host: an address, or a name that is resolved when it is dialled.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Host {
    /// An IPv4 address. IPv4-mapped IPv6 addresses become this.
    V4(Ipv4Addr),
    /// An IPv6 address, never IPv4-mapped and never with a zone.
    V6(Ipv6Addr),
    /// A lower-case, punycoded name with at least one dot in it and none at its end.
    Name(Box<str>),
}

/// Why a text is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EndpointError {
    /// No `host:port` could be made out.
    Syntax,
    /// An octet above 255, too few or too many octets, or a broken IPv6 address.
    BadAddress,
    /// An octet or a port with a leading zero, which some read as octal and some as decimal.
    LeadingZero,
    /// The port is missing, 0, or above 65535.
    BadPort,
    /// The name breaks the rules of host names.
    BadName,
    /// The name has no dot, so that it means something else on every network.
    SingleLabel,
    /// An IPv6 zone id, which means something on one machine only.
    ZoneId,
}

impl EndpointError {
    /// The stable word for this error, as it is written in lists of refusals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::BadAddress => "bad_address",
            Self::LeadingZero => "leading_zero",
            Self::BadPort => "bad_port",
            Self::BadName => "bad_name",
            Self::SingleLabel => "single_label",
            Self::ZoneId => "zone_id",
        }
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "not host:port",
            Self::BadAddress => "not a valid address",
            Self::LeadingZero => "a number begins with a zero",
            Self::BadPort => "the port is not between 1 and 65535",
            Self::BadName => "not a valid host name",
            Self::SingleLabel => "the host name has no dot",
            Self::ZoneId => "an IPv6 zone id means nothing elsewhere",
        })
    }
}

impl std::error::Error for EndpointError {}

impl Host {
    /// Reads a host without a port; IPv6 with or without brackets.
    ///
    /// # Errors
    /// Says which rule of a host the text breaks.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(EndpointError::Syntax)?;
            return Self::parse_v6(inner);
        }
        if text.contains(':') {
            return Self::parse_v6(text);
        }
        if text.is_empty() {
            return Err(EndpointError::Syntax);
        }
        if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return parse_v4(text).map(Self::V4);
        }
        Self::parse_name(text)
    }

    fn parse_v6(text: &str) -> Result<Self, EndpointError> {
        if text.contains('%') {
            return Err(EndpointError::ZoneId);
        }
        let v6: Ipv6Addr = text.parse().map_err(|_| EndpointError::BadAddress)?;
        Ok(Self::from(IpAddr::V6(v6)))
    }

    fn parse_name(text: &str) -> Result<Self, EndpointError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let ascii = if text.is_ascii() {
            text.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii(text).map_err(|_| EndpointError::BadName)?
        };
        if ascii.is_empty() || ascii.len() > MAX_NAME_BYTES {
            return Err(EndpointError::BadName);
        }
        let mut labels = 0;
        let mut last = "";
        for label in ascii.split('.') {
            let bytes = label.as_bytes();
            let sound = !bytes.is_empty()
                && bytes.len() <= MAX_LABEL_BYTES
                && bytes[0] != b'-'
                && bytes[bytes.len() - 1] != b'-'
                && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
            if !sound {
                return Err(EndpointError::BadName);
            }
            labels += 1;
            last = label;
        }
        if labels < 2 {
            return Err(EndpointError::SingleLabel);
        }
        // The last label of a real name is never all digits (RFC 3696, 2); what looks like that is a broken address.
        // With `0x` before it, some resolvers read it as one: `0x7f.0x1` is 127.0.0.1 to them.
        let hex = last.strip_prefix("0x").is_some_and(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        if hex || last.bytes().all(|b| b.is_ascii_digit()) {
            return Err(EndpointError::BadAddress);
        }
        Ok(Self::Name(ascii.into_boxed_str()))
    }

    /// The address, when the host is one.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::V4(v4) => Some(IpAddr::V4(*v4)),
            Self::V6(v6) => Some(IpAddr::V6(*v6)),
            Self::Name(_) => None,
        }
    }

    /// The name, when the host is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::V4(_) | Self::V6(_) => None,
        }
    }
}

impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(v4) => Self::V4(v4),
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(Self::V6(v6), Self::V4),
        }
    }
}

impl fmt::Display for Host {
    /// The canonical text; IPv6 in brackets, as RFC 5952 has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(v4) => v4.fmt(f),
            Self::V6(v6) => write!(f, "[{v6}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Reads four decimal octets without leading zeros.
fn parse_v4(text: &str) -> Result<Ipv4Addr, EndpointError> {
    let mut octets = [0_u8; 4];
    let mut count = 0;
    for part in text.split('.') {
        let slot = octets.get_mut(count).ok_or(EndpointError::BadAddress)?;
        if part.is_empty() || part.len() > 3 {
            return Err(EndpointError::BadAddress);
        }
        if part.len() > 1 && part.starts_with('0') {
            return Err(EndpointError::LeadingZero);
        }
        *slot = part.parse().map_err(|_| EndpointError::BadAddress)?;
        count += 1;
    }
    if count == 4 { Ok(octets.into()) } else { Err(EndpointError::BadAddress) }
}

/// A host and a port. Its text form is canonical: two endpoints are the same exactly when their texts are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    host: Host,
    port: u16,
}

impl Endpoint {
    /// Puts a host and a port together.
    ///
    /// # Errors
    /// [`EndpointError::BadPort`] for port 0, which no one can dial.
    pub fn new(host: Host, port: u16) -> Result<Self, EndpointError> {
        if port == 0 { Err(EndpointError::BadPort) } else { Ok(Self { host, port }) }
    }

    /// Reads a port: 1 to 65535 in decimal, without a leading zero.
    ///
    /// # Errors
    /// [`EndpointError::LeadingZero`] or [`EndpointError::BadPort`].
    pub fn parse_port(text: &str) -> Result<u16, EndpointError> {
        if text.is_empty() || text.len() > 5 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(EndpointError::BadPort);
        }
        if text.len() > 1 && text.starts_with('0') {
            return Err(EndpointError::LeadingZero);
        }
        match text.parse() {
            Ok(0) | Err(_) => Err(EndpointError::BadPort),
            Ok(port) => Ok(port),
        }
    }

    /// Where to dial.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The port, never 0.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether the host may be dialled without the user's leave: a name (judged when it is resolved) or a
    /// publicly routable address.
    #[must_use]
    pub fn may_be_public(&self) -> bool {
        self.host.ip().is_none_or(is_public)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').ok_or(EndpointError::Syntax)?;
        // A bare IPv6 address with a port glued on is itself a valid IPv6 address, so brackets are required.
        if host.contains(':') && !host.starts_with('[') {
            return Err(EndpointError::Syntax);
        }
        Self::new(Host::parse(host)?, Self::parse_port(port)?)
    }
}

impl Serialize for Endpoint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Whether an address is globally routable unicast, by the IANA special-purpose registries (RFC 6890 and
/// its updates). The standard library's `is_global` is not stable yet.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(|| is_public_v6(v6), is_public_v4),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, d] = ip.octets();
    let special = match (a, b, c) {
        // This network, private, loopback, multicast, reserved and broadcast.
        (0 | 10 | 127 | 224..=255, _, _)
        // Shared address space of carriers (RFC 6598).
        | (100, 64..=127, _)
        | (169, 254, _)
        | (172, 16..=31, _)
        | (192, 168, _)
        // Documentation (RFC 5737).
        | (192, 0, 2)
        | (198, 51, 100)
        | (203, 0, 113)
        // The 6to4 relay anycast prefix, deprecated by RFC 7526.
        | (192, 88, 99)
        // Benchmarking (RFC 2544).
        | (198, 18..=19, _) => true,
        // IETF protocol assignments, of which two addresses are anycast services (RFC 7723, RFC 8155).
        (192, 0, 0) => !matches!(d, 9 | 10),
        _ => false,
    };
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    // Only 2000::/3 is handed out as global unicast; 64:ff9b::/96 translates to IPv4 (RFC 6052).
    if s[0] == 0x64 && s[1] == 0xff9b && s[2..6] == [0; 4] {
        let [.., a, b, c, d] = ip.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    if s[0] & 0xe000 != 0x2000 {
        return false;
    }
    let documentation = (s[0] == 0x2001 && s[1] == 0xdb8) || (s[0] == 0x3fff && s[1] & 0xf000 == 0);
    // IETF protocol assignments 2001::/23 (Teredo, benchmarking, the first ORCHID), of which the registry calls some
    // globally reachable: three anycast services, AMT, AS112, ORCHIDv2 and drone identifiers.
    let reachable = match s[1] {
        1 => s[2..7] == [0; 5] && matches!(s[7], 1..=3),
        3 | 0x20..=0x3f => true,
        4 => s[2] == 0x112,
        _ => false,
    };
    let assignments = s[0] == 0x2001 && s[1] < 0x200 && !reachable;
    // 6to4 embeds other networks.
    let six_to_four = s[0] == 0x2002;
    !(documentation || assignments || six_to_four)
}
