//! CONNECT (RFC 9110, 9.3.6): which ports are allowed, and how an open tunnel is announced.

use std::io;
use std::net::IpAddr;

use super::super::http::authority;
use super::super::peer::Peer;
use super::http::{refuse, status_of};
use super::spec::{ConnectReply, ConnectRule};
use super::{Proxy, tunnel};

/// Answers a CONNECT to this target.
pub(super) async fn speak(proxy: &Proxy, mut peer: Peer, target: &str, client: IpAddr) -> io::Result<()> {
    proxy.dawdle().await;
    if proxy.spec.connect_rule == ConnectRule::Never {
        return refuse(&mut peer, 405, "No tunnels here.").await;
    }
    // Port 0 stands for none given, which CONNECT does not allow.
    let Some((host, port)) = authority(target, 0).filter(|(_, port)| *port != 0) else {
        return refuse(&mut peer, 400, "CONNECT needs host:port.").await;
    };
    let https = port == 443 || proxy.net.askable.tls_ports.contains(&port);
    if proxy.spec.connect_rule == ConnectRule::Only443 && !https {
        return refuse(&mut peer, 403, "Tunnels lead to port 443 only.").await;
    }
    if tunnel::spoils(proxy.spec.fault) {
        peer.send(announcement(proxy.spec.connect_reply)).await?;
        return tunnel::spoil(proxy, peer).await;
    }
    match proxy.reach(&host, port, client).await {
        Ok(upstream) => {
            peer.send(announcement(proxy.spec.connect_reply)).await?;
            tunnel::pass(proxy, peer, upstream, &host, client).await
        }
        Err(error) => refuse(&mut peer, status_of(error), "The address was not reached.").await,
    }
}

fn announcement(reply: ConnectReply) -> &'static [u8] {
    match reply {
        ConnectReply::Usual => b"HTTP/1.1 200 Connection established\r\n\r\n",
        ConnectReply::NoPhrase => b"HTTP/1.1 200\r\n\r\n",
        ConnectReply::OddPhrase => b"HTTP/1.0 200 OK. Tunnel is ready: enjoy!\r\nProxy-Agent: lab/1.0\r\n\r\n",
        ConnectReply::Accepted => b"HTTP/1.1 202 Accepted\r\nServer: lab\r\n\r\n",
        ConnectReply::Framed => {
            b"HTTP/1.1 200 OK\r\nContent-Length: 64\r\nTransfer-Encoding: chunked\r\nContent-Type: text/html\r\n\r\n"
        }
    }
}
