//! The script by which a browser chooses a proxy. It is not run: what its texts name is read.

use std::collections::HashSet;

use proxydeck_domain::{Endpoint, Hints, Protocol};

use crate::RefusalReason;
use crate::output::Output;
use crate::reading::Reading;
use crate::script::{self, Fuel, Page};
use crate::text;

/// Reads every entry (`PROXY 192.0.2.1:80`) that a text of the script holds, and what it puts together of texts and
/// variables to be returned.
pub(crate) fn read(script: &str, out: &mut Output<'_>) {
    let literals = script::literals(script);
    for literal in &literals {
        read_entries(literal, out);
    }
    let mut fuel = Fuel::for_script(script.len());
    let told: HashSet<&str> = literals.iter().map(|literal| &**literal).collect();
    for returned in script::returned(script, &Page::default(), &mut fuel) {
        if !told.contains(returned.as_str()) {
            read_entries(&returned, out);
        }
    }
}

/// Reads `PROXY 192.0.2.1:80; SOCKS5 192.0.2.2:1080; DIRECT`.
fn read_entries(text: &str, out: &mut Output<'_>) {
    for text in text.split([';', '\n']) {
        let Some((stated, read)) = entry(text) else { continue };
        let mut reading = Reading::default();
        match read {
            Ok(endpoint) => reading.take(endpoint, None, stated),
            Err(reason) => reading.note(reason),
        }
        out.settle_entry(&mut reading, text.trim().as_bytes());
    }
}

/// Reads `PROXY 192.0.2.1:80`: the protocol that it states, and the address. None when it is no such entry.
pub(crate) fn entry(text: &str) -> Option<(Hints, Result<Endpoint, RefusalReason>)> {
    let mut words = text.split_whitespace();
    let (Some(kind), Some(address), None) = (words.next(), words.next(), words.next()) else { return None };
    let stated = match kind.to_ascii_uppercase().as_str() {
        "PROXY" | "HTTP" => Hints::NONE.with(Protocol::Http),
        "HTTPS" => Hints::NONE.with(Protocol::Https),
        "SOCKS4" => Hints::NONE.with(Protocol::Socks4),
        "SOCKS5" => Hints::NONE.with(Protocol::Socks5),
        // Some browsers take it for version 4, some for 5.
        "SOCKS" => Hints::NONE,
        _ => return None,
    };
    let read = match text::endpoint_prefix(address.as_bytes()) {
        Ok((endpoint, used)) if used == address.len() => Ok(endpoint),
        Ok(_) => Err(RefusalReason::Syntax),
        Err(reason) => Err(reason),
    };
    Some((stated, read))
}
