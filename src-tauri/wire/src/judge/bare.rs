//! An address and nothing else: `1.2.3.4`, or `{"ip":"1.2.3.4"}`.

use std::net::IpAddr;

use serde_json::Value;

use super::{Reading, Wrong, address};

/// How the address is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Text,
    Json,
}

fn json(body: &[u8]) -> Option<IpAddr> {
    let Value::Object(top) = serde_json::from_slice(body).ok()? else { return None };
    if top.len() != 1 {
        return None;
    }
    address(top.get("ip")?.as_str()?)
}

fn text(body: &[u8]) -> Option<IpAddr> {
    address(std::str::from_utf8(body).ok()?)
}

/// Reads a direct answer.
pub(super) fn learn(body: &[u8]) -> Option<(Frame, Reading)> {
    let (frame, remote) = match text(body) {
        Some(remote) => (Frame::Text, remote),
        None => (Frame::Json, json(body)?),
    };
    Some((frame, Reading { remote: Some(remote), headers: Vec::new() }))
}

/// Reads an answer that came through a proxy.
pub(super) fn read(frame: &Frame, body: &[u8]) -> Result<Reading, Wrong> {
    let remote = match frame {
        Frame::Text => text(body),
        Frame::Json => json(body),
    };
    match remote {
        Some(_) => Ok(Reading { remote, headers: Vec::new() }),
        None => Err(Wrong::answer("the page is not an address")),
    }
}
