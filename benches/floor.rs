//! `proxydeck-floor`: the least that a checker can cost. The same dials and the same exchanges as `proxydeck check` with
//! a known protocol, on the same runtime, and nothing else: no list in other shapes, no evidence, no verdict.
//!
//! What is left out on purpose: a fresh token for each request, reading an answer beyond its token, reasons, results.
//! What is kept on purpose: one deadline for each proxy, a bounded number at a time, a full TLS handshake each time.

use std::error::Error;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// What an answer must carry. One for all requests: making it fresh each time is the checker's own expense.
const TOKEN: &str = "f100f100f100f100";
/// How much is read at once, as the checker does.
const READ_BYTES: usize = 4096;
/// An answer in which the token has not come by then is none; the lab has some that never end.
const MAX_ANSWER: usize = 64 * 1024;
/// How much of a tunnel's reply is read.
const MAX_REPLY: usize = 1024;

/// What can stand in the way of beginning; a proxy that does not work is no error.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// What all workers share.
struct Bench {
    proxies: Vec<SocketAddr>,
    next: AtomicUsize,
    alive: AtomicUsize,
    deadline: Duration,
    /// CONNECT and TLS, where the judge is asked through a tunnel.
    tunnel: Option<(Vec<u8>, TlsConnector, ServerName<'static>)>,
    request: Vec<u8>,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [list, judge, concurrency, seconds, rest @ ..] = arguments.as_slice() else {
        return Err("usage: proxydeck-floor LIST JUDGE_URL CONCURRENCY SECONDS [CA]".into());
    };
    rlimit::increase_nofile_limit(u64::MAX)?;
    let (scheme, rest_of_url) = judge.split_once("://").ok_or("the judge is no URL")?;
    let (authority, path) = rest_of_url.split_once('/').ok_or("the judge has no path")?;
    // The lab's judges have addresses, not names.
    let at = match authority.parse::<SocketAddr>() {
        Ok(at) => at,
        Err(_) => SocketAddr::new(authority.parse()?, if scheme == "https" { 443 } else { 80 }),
    };
    let tunnel = match rest {
        [ca] if scheme == "https" => Some((
            format!("CONNECT {at} HTTP/1.1\r\nHost: {at}\r\n\r\n").into_bytes(),
            connector(ca)?,
            ServerName::from(at.ip()),
        )),
        _ => None,
    };
    let target = if tunnel.is_some() { format!("/{path}") } else { judge.clone() };
    let request =
        format!("GET {target}?token={TOKEN} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    let bench = Arc::new(Bench {
        proxies: std::fs::read_to_string(list)?.lines().filter_map(|line| line.parse().ok()).collect(),
        next: AtomicUsize::new(0),
        alive: AtomicUsize::new(0),
        deadline: Duration::from_secs_f64(seconds.parse()?),
        tunnel,
        request: request.into_bytes(),
    });
    let mut workers = JoinSet::new();
    for _ in 0..concurrency.parse::<usize>()?.min(bench.proxies.len()) {
        workers.spawn(worker(Arc::clone(&bench)));
    }
    while workers.join_next().await.is_some() {}
    writeln!(io::stdout(), "{}", bench.alive.load(Ordering::Relaxed))?;
    Ok(())
}

async fn worker(bench: Arc<Bench>) {
    let mut inbox = Vec::new();
    while let Some(proxy) = bench.proxies.get(bench.next.fetch_add(1, Ordering::Relaxed)) {
        inbox.clear();
        if let Ok(Ok(true)) = timeout(bench.deadline, ask(&bench, *proxy, &mut inbox)).await {
            bench.alive.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn ask(bench: &Bench, proxy: SocketAddr, inbox: &mut Vec<u8>) -> io::Result<bool> {
    let socket = TcpSocket::new_v4()?;
    // Without it 20,000 connections leave 20,000 TIME_WAITs behind, and the next run finds no port.
    socket.set_zero_linger()?;
    let mut stream = socket.connect(proxy).await?;
    let Some((connect, tls, name)) = &bench.tunnel else {
        return exchange(&mut stream, &bench.request, inbox).await;
    };
    // The end of the handshake and the request are two small writes.
    stream.set_nodelay(true)?;
    if !tunnelled(&mut stream, connect, inbox).await? {
        return Ok(false);
    }
    let mut stream = tls.connect(name.clone(), stream).await?;
    exchange(&mut stream, &bench.request, inbox).await
}

/// Sends a request and reads until the token has come, or the end.
async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &[u8],
    inbox: &mut Vec<u8>,
) -> io::Result<bool> {
    stream.write_all(request).await?;
    stream.flush().await?;
    inbox.clear();
    while inbox.len() < MAX_ANSWER {
        let seen = inbox.len().saturating_sub(TOKEN.len());
        inbox.reserve(READ_BYTES);
        if stream.read_buf(inbox).await? == 0 {
            return Ok(false);
        }
        if inbox[seen..].windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Asks for a tunnel and reads the reply up to its empty line.
async fn tunnelled(stream: &mut TcpStream, connect: &[u8], inbox: &mut Vec<u8>) -> io::Result<bool> {
    stream.write_all(connect).await?;
    while !inbox.ends_with(b"\r\n\r\n") {
        if inbox.len() > MAX_REPLY || stream.read_buf(inbox).await? == 0 {
            return Ok(false);
        }
    }
    Ok(inbox.get(8..12) == Some(b" 200"))
}

/// TLS as the checker must have it: a certificate is shown and verified each time, so no session is resumed.
fn connector(ca: &str) -> Outcome<TlsConnector> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca)? {
        roots.add(certificate?)?;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}
