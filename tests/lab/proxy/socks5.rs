//! SOCKS5 (RFC 1928) with accounts (RFC 1929).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::fault::Fault;
use super::super::http::latin1;
use super::super::net::DialError;
use super::super::peer::Peer;
use super::{Proxy, tunnel};

const VERSION: u8 = 5;
/// The version of the sub-negotiation of RFC 1929.
const ACCOUNT_VERSION: u8 = 1;
const NO_ACCOUNT: u8 = 0x00;
const ACCOUNT: u8 = 0x02;
const NO_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;

const SUCCEEDED: u8 = 0x00;
const NOT_ALLOWED: u8 = 0x02;
const NETWORK_UNREACHABLE: u8 = 0x03;
const HOST_UNREACHABLE: u8 = 0x04;
const REFUSED: u8 = 0x05;
const COMMAND_UNKNOWN: u8 = 0x07;
const ADDRESS_UNKNOWN: u8 = 0x08;

/// Agrees on a method, reads one request, answers it, and passes what follows.
pub(super) async fn speak(proxy: &Proxy, mut peer: Peer, client: IpAddr) -> io::Result<()> {
    if !admit(proxy, &mut peer).await? {
        return peer.finish().await;
    }
    let request = peer.take(4).await?;
    let host = match request[3] {
        1 => {
            let octets = peer.take(4).await?;
            IpAddr::V4(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3])).to_string()
        }
        3 => {
            let length = peer.byte().await?;
            latin1(&peer.take(usize::from(length)).await?)
        }
        4 => {
            let octets: [u8; 16] = peer.take(16).await?.try_into().unwrap_or_default();
            IpAddr::V6(Ipv6Addr::from(octets)).to_string()
        }
        _ => return reject(proxy, &mut peer, ADDRESS_UNKNOWN).await,
    };
    let port = peer.take(2).await?;
    let port = u16::from_be_bytes([port[0], port[1]]);
    proxy.dawdle().await;
    if let Some(Fault::SocksReply(code)) = proxy.spec.fault {
        return reject(proxy, &mut peer, code).await;
    }
    if request[1] != CONNECT {
        return reject(proxy, &mut peer, COMMAND_UNKNOWN).await;
    }
    if tunnel::spoils(proxy.spec.fault) {
        peer.send(&reply(proxy, SUCCEEDED)).await?;
        return tunnel::spoil(proxy, peer).await;
    }
    match proxy.reach(&host, port, client).await {
        Ok(upstream) => {
            peer.send(&reply(proxy, SUCCEEDED)).await?;
            tunnel::pass(proxy, peer, upstream, &host, client).await
        }
        Err(error) => {
            let code = match error {
                DialError::Forbidden => NOT_ALLOWED,
                DialError::NoRoute => NETWORK_UNREACHABLE,
                DialError::Refused => REFUSED,
                DialError::Unresolved | DialError::Unreachable => HOST_UNREACHABLE,
            };
            reject(proxy, &mut peer, code).await
        }
    }
}

/// Agrees on a method and asks for the account if one is needed; false when the client may not go on.
async fn admit(proxy: &Proxy, peer: &mut Peer) -> io::Result<bool> {
    let greeting = peer.take(2).await?;
    let offered = peer.take(usize::from(greeting[1])).await?;
    let method = if proxy.spec.account.is_some() { ACCOUNT } else { NO_ACCOUNT };
    if !offered.contains(&method) {
        peer.send(&[VERSION, NO_METHOD]).await?;
        return Ok(false);
    }
    peer.send(&[VERSION, method]).await?;
    let Some(account) = &proxy.spec.account else { return Ok(true) };
    if peer.byte().await? != ACCOUNT_VERSION {
        return Ok(false);
    }
    let length = peer.byte().await?;
    let user = peer.take(usize::from(length)).await?;
    let length = peer.byte().await?;
    let secret = peer.take(usize::from(length)).await?;
    let right = user == account.user.as_bytes() && secret == account.secret.as_bytes();
    peer.send(&[ACCOUNT_VERSION, u8::from(!right)]).await?;
    Ok(right)
}

async fn reject(proxy: &Proxy, peer: &mut Peer, code: u8) -> io::Result<()> {
    peer.send(&reply(proxy, code)).await?;
    peer.finish().await
}

/// A reply with the address from which the tunnel leaves, or with zeros when there is none.
fn reply(proxy: &Proxy, code: u8) -> Vec<u8> {
    let mut reply = vec![VERSION, code, 0];
    if proxy.spec.names_bound_address {
        let name = b"exit.lab.invalid";
        reply.extend([3, u8::try_from(name.len()).unwrap_or_default()]);
        reply.extend(name);
    } else {
        let exit =
            if let (SUCCEEDED, IpAddr::V4(exit)) = (code, proxy.exit) { exit } else { Ipv4Addr::UNSPECIFIED };
        reply.push(1);
        reply.extend(exit.octets());
    }
    reply.extend([0, 0]);
    reply
}
