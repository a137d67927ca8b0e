//! Words that name a protocol, ours or somebody else's.

use proxydeck_domain::{Hints, Protocol};

use crate::protocol_in_name;

/// Protocols of other worlds whose lines hold `ip:port` too. Met anywhere in a line, the line is theirs.
const FOREIGN: [&str; 17] = [
    "vmess",
    "vless",
    "trojan",
    "shadowsocks",
    "shadowsocksr",
    "ssr",
    "tuic",
    "hysteria",
    "hysteria2",
    "hy2",
    "wireguard",
    "mtproto",
    "mtproxy",
    "anytls",
    "juicity",
    "snell",
    "hysteria1",
];

/// Words that mean another protocol, or a directive of proxychains, only where a type stands: first in the line or
/// behind `=` or `:`. Elsewhere they are countries and ordinary words.
const FOREIGN_AS_TYPE: [&str; 14] = [
    "ss", "raw", "naive", "localnet", "dnat", "ssh", "openvpn", "pptp", "l2tp", "sstp", "ikev2", "mieru",
    "brook", "masque",
];

/// The protocol of a scheme or of a type that stands in front of an address.
pub(crate) fn scheme(word: &[u8]) -> Option<Protocol> {
    const SCHEMES: [(&[u8], Protocol); 6] = [
        (b"http", Protocol::Http),
        (b"https", Protocol::Https),
        (b"socks4", Protocol::Socks4),
        (b"socks4a", Protocol::Socks4),
        (b"socks5", Protocol::Socks5),
        (b"socks5h", Protocol::Socks5),
    ];
    SCHEMES.iter().find(|(scheme, _)| word.eq_ignore_ascii_case(scheme)).map(|&(_, protocol)| protocol)
}

/// Whether a word is meant to be a protocol of ours but is misspelt (`sock5`, `http5`) or lacks its version (`socks`).
pub(crate) fn is_near_miss(word: &[u8]) -> bool {
    let starts = |start: &[u8]| word.get(..start.len()).is_some_and(|w| w.eq_ignore_ascii_case(start));
    // A longer word is a sentence's own ("socket", "httpd").
    const LONGEST: usize = 7;
    word.len() <= LONGEST
        && scheme(word).is_none()
        && (starts(b"sock") || starts(b"http"))
        && word.iter().skip(4).all(|b| b.is_ascii_digit() || matches!(b | 0x20, b's' | b'h' | b'a' | b'v'))
}

/// Whether a word names a protocol of another world.
pub(crate) fn is_foreign(word: &[u8]) -> bool {
    FOREIGN.iter().any(|foreign| word.eq_ignore_ascii_case(foreign.as_bytes()))
}

/// Whether a word that stands where a type stands names another protocol.
pub(crate) fn is_foreign_type(word: &[u8]) -> bool {
    is_foreign(word) || FOREIGN_AS_TYPE.iter().any(|foreign| word.eq_ignore_ascii_case(foreign.as_bytes()))
}

/// Whether a line of text belongs to another world. Words with a host or an account in them are not asked: they may
/// be called anything.
pub(crate) fn is_foreign_line(line: &[u8]) -> bool {
    // The character in front of the word, blanks left out; none for the first word.
    let mut before = None;
    for chunk in
        line.split(|b| b.is_ascii_whitespace() || matches!(b, b',' | b';' | b'|' | b'"' | b'<' | b'>'))
    {
        let Some(&last) = chunk.last() else { continue };
        let asked = chunk.strip_suffix(b":").unwrap_or(chunk);
        if !asked.iter().any(|b| matches!(b, b':' | b'@')) {
            for word in asked.split_inclusive(|b| !b.is_ascii_alphanumeric()) {
                let (word, divider) = match word {
                    [word @ .., divider] if !divider.is_ascii_alphanumeric() => (word, Some(*divider)),
                    word => (word, None),
                };
                let as_type = matches!(before, None | Some(b'=' | b':'));
                if is_foreign(word) || (as_type && is_foreign_type(word)) {
                    return true;
                }
                before = divider.or(word.last().copied()).or(before);
            }
        }
        before = Some(last);
    }
    false
}

/// What a column of protocols says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Claim {
    /// Protocols of ours.
    pub(crate) hints: Hints,
    /// Whether it names another world's.
    pub(crate) foreign: bool,
    /// Whether it names something that is meant to be ours but is not known.
    pub(crate) near_miss: bool,
}

impl Claim {
    /// Reads the name of a member or of an element that holds proxies: `socks5`, `http_anonymous`, `httpProxies`.
    pub(crate) fn of_name(name: &str) -> Self {
        let claim = Self::of_column(name);
        if claim.hints.is_empty()
            && let Some(protocol) = protocol_in_name(name)
        {
            return Self { hints: Hints::NONE.with(protocol), ..claim };
        }
        claim
    }

    /// Reads a cell such as `SOCKS5`, `http,https`, `['socks4']`, `HTTP/HTTPS`, `HTTP(S)`. Other words are remarks.
    pub(crate) fn of_column(cell: &str) -> Self {
        let mut claim = Self::default();
        let cell = cell.trim();
        if let Some(protocol) = Protocol::from_label(cell) {
            claim.hints = Hints::NONE.with(protocol);
            return claim;
        }
        if cell.eq_ignore_ascii_case("http(s)") {
            claim.hints = Hints::NONE.with(Protocol::Http).with(Protocol::Https);
            return claim;
        }
        let mut before = "";
        for word in cell.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|w| !w.is_empty()) {
            // `SOCKS4/5`, `SOCKS v5`, `HTTP/S`: what follows is short for another of the kind.
            let is_socks = before.len() >= 5 && before[..5].eq_ignore_ascii_case("socks");
            if let Some(protocol) = Protocol::from_label(word) {
                claim.hints = claim.hints.with(protocol);
            } else if is_socks && let Some(protocol) = socks_version(word) {
                claim.hints = claim.hints.with(protocol);
            } else if before.eq_ignore_ascii_case("http") && word.eq_ignore_ascii_case("s") {
                claim.hints = claim.hints.with(Protocol::Https);
            } else if is_foreign_type(word.as_bytes()) {
                claim.foreign = true;
            } else if is_near_miss(word.as_bytes()) && !word.eq_ignore_ascii_case("socks") {
                // Many tables say SOCKS and mean either version: that is no claim, and the checker finds out.
                claim.near_miss = true;
            }
            before = word;
        }
        claim
    }
}

/// The version of SOCKS that a word names behind `SOCKS`.
fn socks_version(word: &str) -> Option<Protocol> {
    match word.trim_start_matches(['v', 'V', '-']) {
        "4" | "4a" | "4A" => Some(Protocol::Socks4),
        "5" | "5h" | "5H" => Some(Protocol::Socks5),
        _ => None,
    }
}

/// The versions in a column of types that says `4`, `5` or `4/5` and nothing else.
pub(crate) fn bare_versions(cell: &str) -> Hints {
    let words = cell.split(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | '&' | '+'));
    let versions: Option<Hints> = words
        .filter(|word| !word.is_empty())
        .map(|word| if word.len() <= 2 { socks_version(word) } else { None })
        .collect();
    versions.unwrap_or_default()
}

/// The protocols that words of a line name: a word counts when it is a label from end to end (`HTTPS`, `(socks5)`,
/// `HTTP/HTTPS`), not when a label is a part of it.
pub(crate) fn in_words(line: &[u8]) -> Hints {
    let mut hints = Hints::NONE;
    for word in line.split(|b| b.is_ascii_whitespace() || matches!(b, b',' | b';' | b'|' | b'"')) {
        let start = word.iter().position(u8::is_ascii_alphanumeric).unwrap_or(word.len());
        let word = &word[start..];
        // The shortest and the longest that can be a label or a pair of them.
        if !(4..=32).contains(&word.len()) || !matches!(word[0] | 0x20, b'h' | b's') {
            continue;
        }
        if word.get(..7).is_some_and(|w| w.eq_ignore_ascii_case(b"http(s)")) {
            hints = hints.with(Protocol::Http).with(Protocol::Https);
            continue;
        }
        let end = word.iter().rposition(u8::is_ascii_alphanumeric).map_or(0, |at| at + 1);
        let protocols: Option<Hints> =
            word[..end].split(|b| matches!(b, b'/' | b'+' | b'&')).map(scheme).collect();
        hints = hints.union(protocols.unwrap_or_default());
    }
    hints
}
