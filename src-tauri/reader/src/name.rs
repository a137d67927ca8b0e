//! What the name of a list implies about the proxies in it.

use proxydeck_domain::{Hints, Protocol};

/// Words of a name that say "of every kind", so that what stands in front of them says nothing about the list.
const MIXED: [&str; 3] = ["all", "mixed", "unknown"];

/// The protocol that a file's name or a list's address implies: `socks5_proxies.txt` is SOCKS5, `HTTP.txt` is HTTP.
///
/// None when the name names no protocol, or more than one (`http-socks.txt`). Where the last part of a path says
/// nothing (`http/data.txt`), the part before it decides; `__` divides parts too, as in paths that were flattened.
/// A list called `connect` holds HTTP proxies that also tunnel.
#[must_use]
pub fn protocol_in_name(file_name: &str) -> Option<Protocol> {
    // The scheme of a list's own address is not a claim about its content.
    let path = file_name.split_once("://").map_or(file_name, |(_, rest)| rest).to_ascii_lowercase();
    for part in path.split(['/', '\\']).rev().flat_map(|p| p.rsplit("__")) {
        let (claims, unsure) = claims_of(part);
        let mut claims = claims.iter();
        match (claims.next(), claims.next(), unsure) {
            (Some(protocol), None, false) => return Some(protocol),
            (None, None, false) => {}
            _ => return None,
        }
        if part.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| MIXED.contains(&word)) {
            return None;
        }
    }
    None
}

/// The protocols that a part of a name names, and whether it also says something that could be several.
fn claims_of(part: &str) -> (Hints, bool) {
    let mut claims = Hints::NONE;
    let mut unsure = false;
    let mut rest = part;
    while let Some(at) = rest.find(['h', 's', 'c']) {
        let here = &rest[at..];
        let used = if here.starts_with("https") && !here.starts_with("httpsocks") {
            claims = claims.with(Protocol::Https);
            "https".len()
        } else if here.starts_with("http") {
            claims = claims.with(Protocol::Http);
            "http".len()
        } else if here
            .strip_prefix("connect")
            .is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_alphabetic()))
        {
            claims = claims.with(Protocol::Http);
            "connect".len()
        } else if let Some(after) = here.strip_prefix("socks").or_else(|| here.strip_prefix("sock")) {
            let version = after.strip_prefix(['-', '_', 'v']).unwrap_or(after);
            let mut digits = version.bytes().take_while(u8::is_ascii_digit);
            match (digits.next(), digits.next()) {
                (Some(b'4'), None) => claims = claims.with(Protocol::Socks4),
                (Some(b'5'), None) => claims = claims.with(Protocol::Socks5),
                _ => unsure = true,
            }
            here.len() - version.len()
        } else {
            1
        };
        rest = &here[used..];
    }
    (claims, unsure)
}
