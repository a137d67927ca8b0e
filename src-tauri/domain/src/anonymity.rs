//! How much a proxy gives away: what a judge received, against what it receives without a proxy.

use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// How much a proxy gives away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Anonymity {
    /// It cannot be told.
    #[default]
    Unknown = 0,
    /// One of our own addresses reached the judge.
    Transparent = 1,
    /// Our addresses are hidden, but a header says that a proxy was there.
    Anonymous = 2,
    /// Nothing says that a proxy was there.
    Elite = 3,
}

impl Anonymity {
    /// Every level, the best first.
    pub const ALL: [Self; 4] = [Self::Elite, Self::Anonymous, Self::Transparent, Self::Unknown];

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Transparent => "transparent",
            Self::Anonymous => "anonymous",
            Self::Elite => "elite",
        }
    }

    /// The level that was kept under this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|a| *a as u8 == number)
    }
}

/// The giveaway of a proxy whose exit is one of our own addresses.
pub const GIVEAWAY_EXIT: &str = "exit";

/// What a finding rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// Plain HTTP: address and headers were seen.
    #[default]
    Headers,
    /// Verified TLS: only the exit could be seen, since nothing in between can add a header.
    Tunnel,
}

/// What an exchange says about anonymity, and what gave the proxy away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The level.
    pub anonymity: Anonymity,
    /// The name of the header that gave it away, or `exit` when the judge saw one of our own addresses. Its value may
    /// be our own address, which has no place in an export; it stands in the evidence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub giveaway: Option<String>,
    /// What the level rests on.
    #[serde(default)]
    pub basis: Basis,
}

/// What a judge says that it received.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The address that the request came from.
    pub remote: Option<IpAddr>,
    /// The header fields; empty when the judge does not tell.
    pub headers: &'a [(String, String)],
    /// Whether the judge is known to leave out the headers that proxies add.
    pub hides_headers: bool,
}

/// What a judge receives from us directly, without a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The header fields of a direct request, as the judge echoed them.
    pub headers: Vec<(String, String)>,
}

/// Header fields by which a proxy shows itself, in lower case; see also [`REVEALING_PREFIXES`].
const REVEALING: [&str; 26] = [
    "via",
    "forwarded",
    "forwarded-for",
    "forwarded-for-ip",
    "x-forwarded",
    "x-real-ip",
    "real-ip",
    "client-ip",
    "x-client-ip",
    "true-client-ip",
    "x-cluster-client-ip",
    "cluster-client-ip",
    "cf-connecting-ip",
    "fastly-client-ip",
    "x-remote-ip",
    "x-remote-addr",
    "x-originating-ip",
    "x-coming-from",
    "coming-from",
    "wl-proxy-client-ip",
    "mt-proxy-id",
    "xroxy-connection",
    "x-imforwards",
    "x-bluecoat-via",
    "x-via",
    "z-forwarded-for",
];

/// Beginnings of header fields by which a proxy shows itself, in lower case.
const REVEALING_PREFIXES: [&str; 4] = ["x-forwarded-", "proxy-", "x-proxy", "x-via-"];

/// Whether a header field belongs to those by which a proxy shows itself.
#[must_use]
pub fn is_revealing(name: &str) -> bool {
    REVEALING.iter().any(|known| name.eq_ignore_ascii_case(known))
        || REVEALING_PREFIXES
            .iter()
            .any(|prefix| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))
}

/// Says how much a proxy gave away in one exchange.
///
/// `own` are all of our own addresses seen in the run, `sent` the header fields that we sent: what comes
/// back as it was sent is not the proxy's. `baseline` is what the judge echoes to a direct request.
#[must_use]
pub fn judge_anonymity(
    own: &[IpAddr],
    sent: &[(&str, &str)],
    received: Received<'_>,
    baseline: &Baseline,
    basis: Basis,
) -> Finding {
    let finding = |anonymity, giveaway| Finding { anonymity, giveaway, basis };
    if own.is_empty() {
        return finding(Anonymity::Unknown, None);
    }
    if received.remote.is_some_and(|remote| own.contains(&remote)) {
        return finding(Anonymity::Transparent, Some(GIVEAWAY_EXIT.to_owned()));
    }
    let host = sent.iter().find(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, value)| *value);
    for (name, value) in received.headers {
        // Our own words come back, and a judge that is reached by its address names it in more than one place.
        let ours = sent.iter().any(|(n, v)| name.eq_ignore_ascii_case(n) && value == v)
            || host.is_some_and(|host| value == host);
        if !ours && own.iter().any(|ip| mentions(value, *ip)) {
            return finding(Anonymity::Transparent, Some(name.clone()));
        }
    }
    if basis == Basis::Tunnel {
        return match received.remote {
            Some(_) => finding(Anonymity::Elite, None),
            None => finding(Anonymity::Unknown, None),
        };
    }
    for (name, value) in received.headers {
        if is_revealing(name) && !in_baseline(own, name, value, received.remote, baseline) {
            return finding(Anonymity::Anonymous, Some(name.clone()));
        }
    }
    // A judge that hides headers, or shows no exit, proves nothing good.
    if received.hides_headers || received.remote.is_none() {
        return finding(Anonymity::Unknown, None);
    }
    finding(Anonymity::Elite, None)
}

/// Whether the judge's own front adds this field: with the same value, or with our address where the exit stands now.
fn in_baseline(own: &[IpAddr], name: &str, value: &str, exit: Option<IpAddr>, baseline: &Baseline) -> bool {
    baseline.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).any(|(_, before)| {
        before == value
            || exit.is_some_and(|exit| {
                own.iter().any(|ip| before.replace(&ip.to_string(), &exit.to_string()) == value)
            })
    })
}

/// Whether an address occurs in a text as an address of its own: inside a list, after `for=`, with a port.
fn mentions(text: &str, ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let needle = v4.to_string();
            text.match_indices(&needle).any(|(at, _)| {
                let before = &text.as_bytes()[..at];
                let after = &text.as_bytes()[at + needle.len()..];
                let joined_before = match before {
                    [.., d, b'.'] => d.is_ascii_digit(),
                    [.., d] => d.is_ascii_digit(),
                    [] => false,
                };
                let joined_after = match after {
                    [b'.', d, ..] | [d, ..] => d.is_ascii_digit(),
                    [] => false,
                };
                !joined_before && !joined_after
            }) || v6_runs(text).any(|v6| v6.to_ipv4_mapped() == Some(v4))
        }
        IpAddr::V6(v6) => v6_runs(text).any(|found| found == v6),
    }
}

/// Every IPv6 address in a text, in any spelling.
fn v6_runs(text: &str) -> impl Iterator<Item = Ipv6Addr> {
    text.split(|c: char| !(c.is_ascii_hexdigit() || c == ':' || c == '.'))
        .filter(|run| run.contains(':'))
        .filter_map(v6)
}

/// The IPv6 address that a run of its characters is, but for a colon or a full stop of the text around it.
fn v6(run: &str) -> Option<Ipv6Addr> {
    let run = run.trim_matches('.');
    let behind = run.strip_prefix(':').unwrap_or(run);
    [run, behind]
        .into_iter()
        .flat_map(|text| [text, text.strip_suffix(':').unwrap_or(text)])
        .find_map(|text| text.parse().ok())
}
