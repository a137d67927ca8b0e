//! What happens in an open tunnel: bytes pass, unless this proxy reads along.

use std::io;
use std::net::IpAddr;

use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::super::fault::{Fault, Layer};
use super::super::http::Head;
use super::super::peer::Peer;
use super::spec::{Face, Kind};
use super::{GARBAGE, Proxy, TLS_LIMIT, exchange};

/// The first byte of a TLS record that carries a handshake (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// Whether a tunnel of a proxy with this fault leads nowhere, so that nobody dials the judge for it.
pub(super) fn spoils(fault: Option<Fault>) -> bool {
    matches!(fault, Some(Fault::TunnelSilence | Fault::TunnelClose | Fault::TunnelGarbage))
}

/// What happens in a tunnel that leads nowhere, once it was announced.
pub(super) async fn spoil(proxy: &Proxy, mut peer: Peer) -> io::Result<()> {
    if proxy.spec.fault == Some(Fault::TunnelSilence) {
        return peer.drain().await;
    }
    // What the client says first is awaited: closing over bytes that nobody took would reset the connection.
    peer.peek().await?;
    if proxy.spec.fault == Some(Fault::TunnelGarbage) {
        peer.send(GARBAGE).await?;
    }
    peer.finish().await
}

/// Passes bytes both ways until both sides are done.
pub(super) async fn pass(
    proxy: &Proxy,
    mut peer: Peer,
    mut upstream: TcpStream,
    host: &str,
    client: IpAddr,
) -> io::Result<()> {
    let intercepts = proxy.spec.fault == Some(Fault::TlsIntercept);
    let meddles = meddles(proxy);
    // Who wants to read along must know what is spoken, and both TLS and HTTP clients speak first.
    if intercepts || meddles {
        match peer.peek().await? {
            Some(TLS_HANDSHAKE) if intercepts => return intercept(proxy, peer, upstream, host).await,
            Some(first) if meddles && first.is_ascii_uppercase() => {
                return exchange_inside(proxy, peer, upstream, client).await;
            }
            _ => {}
        }
    }
    tokio::io::copy_bidirectional(&mut peer, &mut upstream).await.map(drop)
}

/// Whether plain HTTP in a tunnel of this proxy is read and changed.
fn meddles(proxy: &Proxy) -> bool {
    let dresses =
        proxy.spec.kind != Kind::Http && !matches!(proxy.spec.face, Face::Elite | Face::ClientsExit);
    let rewrites = proxy.spec.fault.is_some_and(|fault| {
        fault.layer() == Layer::Answer
            || matches!(fault, Fault::DropsHeader | Fault::KeepsOpen | Fault::ChangesUserAgent)
    });
    dresses || rewrites
}

async fn exchange_inside(
    proxy: &Proxy,
    mut peer: Peer,
    upstream: TcpStream,
    client: IpAddr,
) -> io::Result<()> {
    let Some(bytes) = peer.head().await? else { return Ok(()) };
    let mut upstream = Peer::new(upstream);
    match Head::parse(&bytes).filter(|head| head.request_line().is_some()) {
        Some(request) => exchange::forward(proxy, peer, upstream, request, client).await,
        None => {
            upstream.send(&bytes).await?;
            tokio::io::copy_bidirectional(&mut peer, &mut upstream).await.map(drop)
        }
    }
}

/// Ends TLS on both sides. A client that trusts the forger talks to the judge without noticing.
async fn intercept(proxy: &Proxy, peer: Peer, upstream: TcpStream, host: &str) -> io::Result<()> {
    let acceptor = TlsAcceptor::from(proxy.net.forger.server(&[host.to_owned()])?);
    let mut inner = tokio::time::timeout(TLS_LIMIT, acceptor.accept(peer)).await??;
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connector = TlsConnector::from(proxy.net.authority.client()?);
    let mut outer = tokio::time::timeout(TLS_LIMIT, connector.connect(name, upstream)).await??;
    tokio::io::copy_bidirectional(&mut inner, &mut outer).await.map(drop)
}
