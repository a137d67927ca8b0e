//! Proxies: one listening endpoint each, one task that accepts, one task for each connection.

mod connect;
mod exchange;
mod http;
mod sabotage;
mod socks4;
mod socks5;
mod spec;
mod tunnel;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::OnceCell;
use tokio_rustls::TlsAcceptor;

use super::fault::Fault;
use super::net::{DialError, Net, reset_on_close};
use super::peer::Peer;
use super::tls::host_of;
pub use spec::{Account, ConnectReply, ConnectRule, Face, Kind, Listed, ProxySpec};

/// No connection of the lab needs longer; one that a client forgot is ended then.
const CONNECTION_LIMIT: Duration = Duration::from_secs(180);
/// How long a handshake over TLS with the proxy itself may take.
const TLS_LIMIT: Duration = Duration::from_secs(30);
/// How long the connections that fill a queue may take to be established, which on loopback is at once.
const FILL_LIMIT: Duration = Duration::from_millis(500);
/// The bytes that mean nothing: neither HTTP nor a version of SOCKS.
const GARBAGE: &[u8] = b"\x00\xff\x13\x37\x80\x81 lab garbage \x7f\r\n\r\n\x00\x00\xfe";

/// A listening proxy.
pub(crate) struct Proxy {
    spec: ProxySpec,
    addr: SocketAddr,
    exit: IpAddr,
    net: Arc<Net>,
    dials: Arc<AtomicU64>,
    /// The answer that [`Fault::Replay`] and [`Fault::Cached`] give to everybody.
    replay: OnceCell<Vec<u8>>,
}

impl Proxy {
    pub(crate) fn new(
        spec: ProxySpec,
        addr: SocketAddr,
        exit: IpAddr,
        net: Arc<Net>,
        dials: Arc<AtomicU64>,
    ) -> Arc<Self> {
        Arc::new(Self { spec, addr, exit, net, dials, replay: OnceCell::new() })
    }

    /// Opens a connection to the target from the address through which this proxy leaves.
    async fn reach(&self, host: &str, port: u16, client: IpAddr) -> Result<TcpStream, DialError> {
        if !self.spec.names && host.parse::<IpAddr>().is_err() {
            return Err(DialError::Unresolved);
        }
        if !self.spec.ipv6 && self.net.resolve(host).is_some_and(|address| address.is_ipv6()) {
            return Err(DialError::NoRoute);
        }
        let exit = if self.spec.face == Face::ClientsExit { client } else { self.exit };
        let from: Vec<IpAddr> = self.spec.exit_ipv6.map(IpAddr::V6).into_iter().chain([exit]).collect();
        self.net.dial(host, port, &from).await
    }

    /// Waits as long as this proxy is slow.
    async fn dawdle(&self) {
        let fault = if let Some(Fault::Slow(delay)) = self.spec.fault { delay } else { Duration::ZERO };
        let delay = self.spec.latency + fault;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
    }
}

/// Accepts until the world ends.
pub(crate) async fn serve(proxy: Arc<Proxy>, listener: TcpListener) {
    let stop = proxy.net.stop.clone();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, client)) = accepted else {
            // Out of descriptors: accepting again at once would spin.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let dial = proxy.dials.fetch_add(1, Ordering::Relaxed);
        let proxy = Arc::clone(&proxy);
        let tasks = proxy.net.tasks.clone();
        tasks.spawn(async move {
            let _open = proxy.net.gauge.enter();
            let talk = Box::pin(converse(&proxy, stream, client.ip(), dial));
            let talk = tokio::time::timeout(CONNECTION_LIMIT, talk);
            // What goes wrong on one connection is the other side's business: nobody here could do anything about it.
            let _ = proxy.net.stop.run_until_cancelled(talk).await;
        });
    }
}

/// A listener whose queue is full, so that the kernel drops every further attempt to connect. The sockets must be kept.
pub(crate) async fn blackhole(at: SocketAddr) -> io::Result<Vec<Socket>> {
    let listener = Socket::new(Domain::for_address(at), Type::STREAM, None)?;
    // Connections of an earlier world may still be dying at this endpoint.
    listener.set_reuse_address(true)?;
    listener.bind(&at.into())?;
    listener.listen(0)?;
    let mut sockets = vec![listener];
    // A queue of length 0 holds one connection; the attempt after the last that fits stays unanswered.
    for _ in 0..4 {
        let filler = TcpSocket::new_v4()?.connect(at);
        match tokio::time::timeout(FILL_LIMIT, filler).await {
            Ok(stream) => sockets.push(stream?.into_std()?.into()),
            Err(_) => return Ok(sockets),
        }
    }
    Err(io::Error::other("the queue of a listener did not fill; this kernel cannot make a black hole"))
}

async fn converse(proxy: &Proxy, mut stream: TcpStream, client: IpAddr, dial: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match proxy.spec.fault {
        Some(Fault::ResetOnAccept) => return reset_on_close(&stream),
        Some(Fault::CloseOnAccept) => return stream.shutdown().await,
        Some(fault) if resets_on_request(fault, dial) => {
            // Readiness alone may be a false alarm; a byte that is there is none.
            stream.peek(&mut [0]).await?;
            return reset_on_close(&stream);
        }
        Some(Fault::CloseOnRequest) => {
            // What was read is forgotten: closing over unread bytes would reset instead.
            let mut forgotten = [0; 4096];
            let _ = stream.read(&mut forgotten).await?;
            return Peer::new(stream).finish().await;
        }
        Some(Fault::Silent) => return Peer::new(stream).drain().await,
        Some(Fault::SshBanner) => {
            stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Lab-2\r\n").await?;
            return Peer::new(stream).finish().await;
        }
        Some(Fault::Garbage) => {
            stream.peek(&mut [0]).await?;
            stream.write_all(GARBAGE).await?;
            return Peer::new(stream).finish().await;
        }
        Some(Fault::Echo) => {
            let (mut from, mut to) = stream.split();
            return tokio::io::copy(&mut from, &mut to).await.map(drop);
        }
        _ => {}
    }
    let peer = if proxy.spec.over_tls {
        let acceptor = TlsAcceptor::from(proxy.net.forger.server(&[host_of(proxy.addr.ip())])?);
        Peer::new(tokio::time::timeout(TLS_LIMIT, acceptor.accept(stream)).await??)
    } else {
        Peer::new(stream)
    };
    speak(proxy, peer, client).await
}

fn resets_on_request(fault: Fault, dial: u64) -> bool {
    match fault {
        Fault::ResetOnRequest => true,
        Fault::Flaky(lost) => dial < lost,
        _ => false,
    }
}

/// Tells by the first byte what is spoken, and answers if this proxy speaks it.
async fn speak(proxy: &Proxy, mut peer: Peer, client: IpAddr) -> io::Result<()> {
    let kind = proxy.spec.kind;
    match peer.peek().await? {
        None => Ok(()),
        Some(4) if matches!(kind, Kind::Socks4 | Kind::Mixed) => socks4::speak(proxy, peer, client).await,
        Some(5) if matches!(kind, Kind::Socks5 | Kind::Mixed) => socks5::speak(proxy, peer, client).await,
        Some(_) if matches!(kind, Kind::Http | Kind::Connect | Kind::Mixed) => {
            http::speak(proxy, peer, client).await
        }
        // A SOCKS server closes without a word on what it does not know.
        Some(_) => peer.finish().await,
    }
}
