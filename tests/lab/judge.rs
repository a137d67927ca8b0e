//! Judges: servers that tell what arrived. How they listen, count, and are taken down; the pages are in `pages`.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::block::Block;
use super::http::{Answer, Head};
use super::net::{Net, listen};
use super::pages::page;
use super::peer::Peer;
use super::tls::{Authority, host_of};

/// A kept connection on which no request comes is closed after this.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// The shapes of judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JudgeKind {
    /// Proxydeck's own: `/proxydeck?token=…`.
    Own,
    /// The azenv script: variables of the server in a page, at `/`.
    Azenv,
    /// httpbin's `/get`; hides proxy headers unless asked with `show_env=1`.
    Httpbin,
    /// The caller's address alone, at `/ip`.
    Bare,
    /// The caller's address in JSON, at `/?format=json`.
    Ipify,
}

impl JudgeKind {
    fn path(self) -> &'static str {
        match self {
            Self::Own => "/proxydeck",
            Self::Azenv => "/",
            Self::Httpbin => "/get",
            Self::Bare => "/ip",
            Self::Ipify => "/?format=json",
        }
    }
}

/// How a judge is to be.
#[derive(Clone, Debug)]
pub struct JudgeSpec {
    kind: JudgeKind,
    tls: bool,
    name: Option<String>,
    at: Option<IpAddr>,
}

impl JudgeSpec {
    /// A plain judge of this shape, known by its address.
    #[must_use]
    pub fn new(kind: JudgeKind) -> Self {
        Self { kind, tls: false, name: None, at: None }
    }

    /// Speaks TLS, with a certificate of the world's authority.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Is known by a name, which the world's proxies resolve.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_ascii_lowercase());
        self
    }

    /// Listens on `::1`, the only IPv6 address of loopback.
    #[must_use]
    pub fn ipv6(self) -> Self {
        self.at(IpAddr::V6(Ipv6Addr::LOCALHOST))
    }

    /// Listens on this address, which must be one of the machine's own: in a network namespace it may have any.
    #[must_use]
    pub fn at(mut self, address: IpAddr) -> Self {
        self.at = Some(address);
        self
    }
}

impl From<JudgeKind> for JudgeSpec {
    fn from(kind: JudgeKind) -> Self {
        Self::new(kind)
    }
}

/// What can be asked in a world, which decides what is true of its proxies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Askable {
    /// The ports of judges over TLS: 443 where the lab may have it.
    pub(crate) tls_ports: Vec<u16>,
    /// Some TLS judge is known by name.
    pub(crate) tls_named: bool,
    /// There is a plain judge.
    pub(crate) plain: bool,
    /// Some plain judge is known by name.
    pub(crate) plain_named: bool,
    /// The ports of judges on IPv6.
    pub(crate) ipv6_ports: Vec<u16>,
}

/// A judge of the world. Clones speak of the same judge.
#[derive(Clone)]
pub struct LabJudge {
    /// Its shape.
    pub kind: JudgeKind,
    /// What to ask, without a token.
    pub url: String,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its name, if it is known by one.
    pub name: Option<String>,
    /// Whether it speaks TLS.
    pub tls: bool,
    state: Arc<State>,
}

struct State {
    requests: AtomicU64,
    delay_ms: AtomicU64,
    wanted: watch::Sender<bool>,
    listening: watch::Sender<bool>,
}

/// A judge that has its endpoint but answers nobody yet.
pub(crate) struct Bound {
    judge: LabJudge,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Bound {
    pub(crate) fn bind(
        spec: &JudgeSpec,
        number: u8,
        block: &Block,
        authority: &Authority,
    ) -> io::Result<Self> {
        let ip = spec.at.unwrap_or_else(|| IpAddr::V4(block.judge(number)));
        let usual = if spec.tls { 443 } else { 80 };
        // The address `::1` is everybody's, so its usual ports are left alone.
        let shared = ip == IpAddr::V6(Ipv6Addr::LOCALHOST);
        let listener = match listen(SocketAddr::new(ip, if shared { 0 } else { usual })) {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::AddrInUse) =>
            {
                listen(SocketAddr::new(ip, 0))?
            }
            other => other?,
        };
        let addr = listener.local_addr()?;
        let tls = if spec.tls {
            let hosts: Vec<String> = spec.name.iter().cloned().chain([host_of(ip)]).collect();
            Some(TlsAcceptor::from(authority.server(&hosts)?))
        } else {
            None
        };
        let host = spec.name.clone().unwrap_or_else(|| match ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        });
        let scheme = if spec.tls { "https" } else { "http" };
        let port = if addr.port() == usual { String::new() } else { format!(":{}", addr.port()) };
        let url = format!("{scheme}://{host}{port}{}", spec.kind.path());
        let state = State {
            requests: AtomicU64::new(0),
            delay_ms: AtomicU64::new(0),
            wanted: watch::Sender::new(true),
            listening: watch::Sender::new(true),
        };
        let name = spec.name.clone();
        let judge = LabJudge { kind: spec.kind, url, addr, name, tls: spec.tls, state: Arc::new(state) };
        Ok(Self { judge, listener, tls })
    }

    /// Adds what this judge lets a checker ask.
    pub(crate) fn tell(&self, askable: &mut Askable) {
        let named = self.judge.name.is_some();
        if self.judge.addr.is_ipv6() {
            askable.ipv6_ports.push(self.judge.addr.port());
        } else if self.judge.tls {
            askable.tls_ports.push(self.judge.addr.port());
            askable.tls_named |= named;
        } else {
            askable.plain = true;
            askable.plain_named |= named;
        }
    }

    pub(crate) fn ip(&self) -> IpAddr {
        self.judge.addr.ip()
    }

    /// The name and address, for those who resolve.
    pub(crate) fn named(&self) -> Option<(String, IpAddr)> {
        self.judge.name.clone().map(|name| (name, self.judge.addr.ip()))
    }

    /// Begins to answer.
    pub(crate) fn serve(self, net: &Arc<Net>) -> LabJudge {
        let judge = self.judge.clone();
        net.tasks.spawn(run(self, Arc::clone(net)));
        judge
    }
}

impl LabJudge {
    /// Requests that were read so far, over whatever connection.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.state.requests.load(Ordering::Relaxed)
    }

    /// Lets every answer from now on wait this long.
    pub fn set_delay(&self, delay: Duration) {
        let ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.state.delay_ms.store(ms, Ordering::Relaxed);
    }

    /// Takes the judge down: its port refuses and what is open is cut. Returns when that is so.
    pub async fn down(&self) {
        self.switch(false).await;
    }

    /// Brings the judge back at the same endpoint. Returns when it listens.
    pub async fn up(&self) {
        self.switch(true).await;
    }

    async fn switch(&self, on: bool) {
        self.state.wanted.send_replace(on);
        until(&mut self.state.listening.subscribe(), on).await;
    }
}

/// Listens while it is wanted, until the world ends.
async fn run(bound: Bound, net: Arc<Net>) {
    let Bound { judge, listener, tls } = bound;
    let mut listener = Some(listener);
    let mut wanted = judge.state.wanted.subscribe();
    loop {
        let Some(open) = listener.take().or_else(|| listen(judge.addr).ok()) else { return };
        judge.state.listening.send_replace(true);
        let cut = net.stop.child_token();
        loop {
            tokio::select! {
                () = net.stop.cancelled() => return,
                () = until(&mut wanted, false) => break,
                accepted = open.accept() => {
                    if let Ok((stream, remote)) = accepted {
                        net.tasks.spawn(converse(judge.clone(), stream, remote, tls.clone(), cut.clone()));
                    } else {
                        // Out of descriptors: accepting again at once would spin.
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
            }
        }
        drop(open);
        cut.cancel();
        judge.state.listening.send_replace(false);
        tokio::select! {
            () = net.stop.cancelled() => return,
            () = until(&mut wanted, true) => {}
        }
    }
}

/// Waits until the switch is in this position, or is gone.
async fn until(switch: &mut watch::Receiver<bool>, position: bool) {
    let _ = switch.wait_for(|now| *now == position).await;
}

async fn converse(
    judge: LabJudge,
    stream: TcpStream,
    remote: SocketAddr,
    tls: Option<TlsAcceptor>,
    cut: CancellationToken,
) {
    let talk = async {
        stream.set_nodelay(true)?;
        let mut peer = match tls {
            Some(acceptor) => Peer::new(tokio::time::timeout(IDLE_LIMIT, acceptor.accept(stream)).await??),
            None => Peer::new(stream),
        };
        answer_all(&judge, &mut peer, remote).await
    };
    // What goes wrong on one connection is the other side's business: nobody here could do anything about it.
    let _: Option<io::Result<()>> = cut.run_until_cancelled(talk).await;
}

async fn answer_all(judge: &LabJudge, peer: &mut Peer, remote: SocketAddr) -> io::Result<()> {
    while let Some(bytes) = tokio::time::timeout(IDLE_LIMIT, peer.head()).await?? {
        judge.state.requests.fetch_add(1, Ordering::Relaxed);
        let delay = judge.state.delay_ms.load(Ordering::Relaxed);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        let parsed = Head::parse(&bytes).and_then(|head| head.request_line().map(|line| (head, line)));
        let Some((head, line)) = parsed else {
            peer.send(&Answer::new(400, "text/plain", "not a request\n").to_bytes()).await?;
            return peer.finish().await;
        };
        let asked = head.get("Connection").unwrap_or_default().to_ascii_lowercase();
        let keep = asked.contains("keep-alive") || (line.version == "HTTP/1.1" && !asked.contains("close"));
        let connection = if keep { "keep-alive" } else { "close" };
        let mut answer = page(judge.kind, &head, &line, remote, judge.tls).with("Connection", connection);
        if line.method == "HEAD" {
            answer.body.clear();
        }
        peer.send(&answer.to_bytes()).await?;
        if !keep {
            return peer.finish().await;
        }
    }
    Ok(())
}
