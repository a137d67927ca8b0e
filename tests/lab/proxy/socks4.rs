//! SOCKS4 and SOCKS4A, as their two memos of 1992 and 1994 have them.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use super::super::fault::Fault;
use super::super::http::latin1;
use super::super::peer::Peer;
use super::{Proxy, tunnel};

/// The longest user and the longest name that are read.
const TEXT_LIMIT: usize = 255;
const CONNECT: u8 = 1;

const GRANTED: u8 = 0x5a;
const REJECTED: u8 = 0x5b;
/// The user is not who he says.
const OTHER_USER: u8 = 0x5d;

/// Reads one request, answers it, and passes what follows.
pub(super) async fn speak(proxy: &Proxy, mut peer: Peer, client: IpAddr) -> io::Result<()> {
    let request = peer.take(8).await?;
    let port = u16::from_be_bytes([request[2], request[3]]);
    let address = Ipv4Addr::new(request[4], request[5], request[6], request[7]);
    let user = latin1(&peer.until_nul(TEXT_LIMIT).await?);
    // 0.0.0.x with x other than 0 is SOCKS4A: the name follows.
    let named = address.octets()[..3] == [0, 0, 0] && address.octets()[3] != 0;
    let host = if named { latin1(&peer.until_nul(TEXT_LIMIT).await?) } else { address.to_string() };
    proxy.dawdle().await;
    if let Some(Fault::SocksReply(code)) = proxy.spec.fault {
        return reject(&mut peer, code).await;
    }
    if proxy.spec.account.as_ref().is_some_and(|account| account.user != user) {
        return reject(&mut peer, OTHER_USER).await;
    }
    if request[1] != CONNECT {
        return reject(&mut peer, REJECTED).await;
    }
    if tunnel::spoils(proxy.spec.fault) {
        peer.send(&reply(GRANTED)).await?;
        return tunnel::spoil(proxy, peer).await;
    }
    match proxy.reach(&host, port, client).await {
        Ok(upstream) => {
            peer.send(&reply(GRANTED)).await?;
            tunnel::pass(proxy, peer, upstream, &host, client).await
        }
        Err(_) => reject(&mut peer, REJECTED).await,
    }
}

async fn reject(peer: &mut Peer, code: u8) -> io::Result<()> {
    peer.send(&reply(code)).await?;
    peer.finish().await
}

/// The version of a reply is 0; port and address are of no use to who connects.
fn reply(code: u8) -> [u8; 8] {
    [0, code, 0, 0, 0, 0, 0, 0]
}
