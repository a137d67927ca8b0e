//! Our own judge as a server: tells whoever asks what arrived. Made to stand on the open internet.

use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::own;

/// The most bytes of a request. What a proxy adds fits; a flood does not.
const MAX_REQUEST_BYTES: usize = 8 * 1024;
/// The most header fields of a request.
const MAX_REQUEST_HEADERS: usize = 100;
/// The longest that a caller may take from connecting to the last byte.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most callers at once; the rest wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 1_000;
/// How long to wait after the machine ran out of descriptors before accepting again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why the judge could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the judge cannot listen on {address}: {why}")]
pub struct JudgeServerError {
    /// Where it should have listened.
    pub address: SocketAddr,
    /// Why it cannot.
    pub why: io::Error,
}

/// A judge that is listening but not yet answering.
#[derive(Debug)]
pub struct JudgeServer {
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    address: SocketAddr,
}

impl JudgeServer {
    /// Listens on an address; port 0 takes a free one.
    ///
    /// # Errors
    /// [`JudgeServerError`] when the address cannot be had.
    pub async fn bind(address: SocketAddr, tls: Option<Arc<ServerConfig>>) -> Result<Self, JudgeServerError> {
        let failed = |why| JudgeServerError { address, why };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, tls, address })
    }

    /// Where it listens, as an address to ask.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}/proxydeck", if self.tls.is_some() { "https" } else { "http" }, self.address)
    }
}

/// Answers until it is cancelled, then waits for the callers that are being answered. Those who have not finished
/// asking by then are dropped.
pub async fn serve_judge(server: JudgeServer, stop: CancellationToken) {
    let seats = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let callers = TaskTracker::new();
    let acceptor = server.tls.map(TlsAcceptor::from);
    loop {
        let seat = tokio::select! {
            () = stop.cancelled() => break,
            seat = Arc::clone(&seats).acquire_owned() => seat,
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = server.listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, caller)) => {
                let (tls, stop) = (acceptor.clone(), stop.clone());
                callers.spawn(async move {
                    // A caller that is too slow or talks nonsense is nobody's error.
                    let _ = timeout(PATIENCE, receive(stream, caller.ip(), tls, &stop)).await;
                    drop(seat);
                });
            }
            // Out of descriptors, or a caller that is gone already: neither ends the judge.
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
    callers.close();
    let _ = timeout(PATIENCE, callers.wait()).await;
}

async fn receive(
    stream: TcpStream,
    caller: IpAddr,
    tls: Option<TlsAcceptor>,
    stop: &CancellationToken,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match tls {
        Some(tls) => match stop.run_until_cancelled(tls.accept(stream)).await {
            Some(stream) => answer(&mut stream?, caller, "https", stop).await,
            None => Ok(()),
        },
        None => answer(&mut { stream }, caller, "http", stop).await,
    }
}

async fn answer(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    caller: IpAddr,
    scheme: &str,
    stop: &CancellationToken,
) -> io::Result<()> {
    let mut request = Vec::with_capacity(1024);
    let (status, body) = loop {
        let Some(read) = stop.run_until_cancelled(stream.read_buf(&mut request)).await else { return Ok(()) };
        if read? == 0 {
            return Ok(());
        }
        let end = request.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4);
        // The limit comes first, so that it does not matter in what pieces the request arrives.
        if end.unwrap_or(request.len()) > MAX_REQUEST_BYTES {
            break ("431 Request Header Fields Too Large", "the request is too large\n".to_owned());
        }
        if let Some(end) = end {
            break page(&request[..end], caller, scheme);
        }
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n\
         Cache-Control: no-store\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

/// What is answered to a request.
fn page(request: &[u8], caller: IpAddr, scheme: &str) -> (&'static str, String) {
    const OK: &str = "200 OK";
    let caller = caller.to_canonical();
    let mut fields = [httparse::EMPTY_HEADER; MAX_REQUEST_HEADERS];
    let mut parsed = httparse::Request::new(&mut fields);
    let (Ok(httparse::Status::Complete(_)), Some(method), Some(target)) =
        (parsed.parse(request), parsed.method, parsed.path)
    else {
        return ("400 Bad Request", "this is no HTTP request\n".to_owned());
    };
    if method != "GET" {
        return ("405 Method Not Allowed", "only GET is answered\n".to_owned());
    }
    // An absolute-form target (RFC 9112, 3.2.2) is looked at from its path on.
    let from_path =
        target.split_once("://").map_or(target, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    let (path, query) = from_path.split_once('?').unwrap_or((from_path, ""));
    let headers: Vec<(&str, &[u8])> = parsed.headers.iter().map(|h| (h.name, h.value)).collect();
    match path {
        "/proxydeck" => match parameter(query, super::TOKEN_PARAMETER) {
            Some(token) if own::is_token(&token) => {
                let with_page = parameter(query, super::PAGE_PARAMETER).is_some();
                (OK, own::write(&token, caller, target, &headers, with_page))
            }
            _ => ("400 Bad Request", "ask with ?token= and 16 to 64 hex digits\n".to_owned()),
        },
        "/" | "/azenv" => (OK, azenv(caller, target, &headers)),
        "/get" => (OK, httpbin(caller, from_path, query, &headers, scheme)),
        "/ip" => (OK, format!("{caller}\n")),
        _ => ("404 Not Found", "ask /proxydeck, /azenv, /get or /ip\n".to_owned()),
    }
}

fn parameter(query: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query.as_bytes()).find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
}

/// One line of text from anybody's bytes: no control byte passes.
fn line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control()).collect()
}

fn azenv(caller: IpAddr, target: &str, headers: &[(&str, &[u8])]) -> String {
    let mut text =
        format!("REMOTE_ADDR = {caller}\nREQUEST_METHOD = GET\nREQUEST_URI = {}\n", line(target.as_bytes()));
    for (name, value) in headers {
        let name = name.to_ascii_uppercase().replace('-', "_");
        let _ = writeln!(text, "HTTP_{} = {}", line(name.as_bytes()), line(value));
    }
    text
}

fn httpbin(caller: IpAddr, path: &str, query: &str, headers: &[(&str, &[u8])], scheme: &str) -> String {
    let args: serde_json::Map<String, serde_json::Value> = url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
        .collect();
    let host = headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case("host"))
        .map_or_else(String::new, |(_, v)| line(v));
    let mut shown = serde_json::Map::new();
    for (name, value) in headers {
        let value = line(value);
        let name = (*name).to_owned();
        // A field that came twice is shown as one list, as CGI does it.
        let joined = match shown.get(&name).and_then(serde_json::Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value,
        };
        shown.insert(name, joined.into());
    }
    let page = serde_json::json!({
        "args": args,
        "headers": shown,
        "origin": caller.to_string(),
        "url": format!("{scheme}://{host}{path}"),
    });
    let mut text = serde_json::to_string_pretty(&page).unwrap_or_default();
    text.push('\n');
    text
}
