//! One plain request passed on, and its answer passed back: what a proxy adds to the one and does to the other.

use std::io;
use std::net::IpAddr;

use rand::Rng as _;

use super::super::fault::{Fault, Layer};
use super::super::http::{Answer, Field, Head, parameter};
use super::super::peer::Peer;
use super::spec::Kind;
use super::{Proxy, sabotage};

/// The largest answer that is read whole to be changed; a judge's page is a few KiB.
const ANSWER_LIMIT: usize = 1 << 20;

/// Fields that end at a proxy (RFC 9110, 7.6.1, and those that nobody standardised).
const HOP_BY_HOP: [&str; 8] = [
    "Connection",
    "Proxy-Connection",
    "Proxy-Authorization",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Upgrade",
    "Proxy-Authenticate",
];

/// Fields that every proxy needs or that are its own business: never the one that [`Fault::DropsHeader`] leaves out.
const KEPT: [&str; 4] = ["Host", "Content-Length", "Transfer-Encoding", "Connection"];

/// Sends the request, which is in origin form by now, and brings back the answer.
pub(super) async fn forward(
    proxy: &Proxy,
    mut peer: Peer,
    mut upstream: Peer,
    mut request: Head,
    client: IpAddr,
) -> io::Result<()> {
    for name in HOP_BY_HOP {
        request.remove(name);
    }
    rewrite(proxy.spec.fault, &mut request);
    if let Some((name, value)) = proxy.spec.header(client) {
        request.push(name, &value);
    }
    request.push("Connection", "close");
    if proxy.spec.lower_case {
        lower(&mut request);
    }
    let Some(fault) = proxy.spec.fault.filter(|fault| fault.layer() == Layer::Answer) else {
        upstream.send(&request.to_bytes()).await?;
        if proxy.spec.fault == Some(Fault::KeepsOpen) {
            peer.send(&upstream.rest(ANSWER_LIMIT).await?).await?;
            return peer.drain().await;
        }
        if proxy.spec.lower_case && proxy.spec.kind == Kind::Http {
            return return_lowered(&mut peer, &mut upstream).await;
        }
        tokio::io::copy_bidirectional(&mut peer, &mut upstream).await?;
        return Ok(());
    };
    let bytes = if matches!(fault, Fault::Replay | Fault::Cached) {
        proxy.replay.get_or_try_init(|| stale(upstream, request)).await?.clone()
    } else {
        upstream.send(&request.to_bytes()).await?;
        upstream.rest(ANSWER_LIMIT).await?
    };
    match Answer::parse(&bytes) {
        Some(answer) => sabotage::deliver(&mut peer, fault, answer).await,
        None => peer.send(&bytes).await,
    }
}

/// An answer to the same request with another token: what a cache without manners would hold.
async fn stale(mut upstream: Peer, mut request: Head) -> io::Result<Vec<u8>> {
    let token =
        parameter(&request.line, "token").map(|token| token.split(' ').next().unwrap_or(token).to_owned());
    if let Some(token) = token {
        let older: String = token
            .chars()
            .map(|_| char::from_digit(rand::rng().random_range(0..16), 16).unwrap_or('0'))
            .collect();
        request.line = request.line.replace(&token, &older);
    }
    upstream.send(&request.to_bytes()).await?;
    upstream.rest(ANSWER_LIMIT).await
}

fn rewrite(fault: Option<Fault>, request: &mut Head) {
    match fault {
        Some(Fault::ChangesUserAgent) => request.set("User-Agent", "Mozilla/4.0 (compatible; lab)"),
        Some(Fault::DropsHeader) => {
            let own = |field: &Field| KEPT.iter().any(|name| field.name.eq_ignore_ascii_case(name));
            // Any other than User-Agent if there is one, so that the two faults differ.
            let spare = |field: &&Field| !own(field) && !field.name.eq_ignore_ascii_case("User-Agent");
            let name = request.fields.iter().find(spare).map_or("User-Agent", |field| &field.name).to_owned();
            request.remove(&name);
        }
        _ => {}
    }
}

fn lower(head: &mut Head) {
    for field in &mut head.fields {
        field.name.make_ascii_lowercase();
    }
}

async fn return_lowered(peer: &mut Peer, upstream: &mut Peer) -> io::Result<()> {
    let bytes = upstream.rest(ANSWER_LIMIT).await?;
    let answer = Answer::parse(&bytes).map(|mut answer| {
        lower(&mut answer.head);
        answer.to_bytes()
    });
    peer.send(&answer.unwrap_or(bytes)).await?;
    peer.finish().await
}
