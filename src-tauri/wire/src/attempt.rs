//! One try at one capability of one proxy: one dial, one handshake, at most one exchange with a judge.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use proxydeck_domain::{
    Account, Attempt, Basis, Capability, Headers, Host, Proxy, Reason, Received, Stage, judge_anonymity,
};
use ring::rand::{SecureRandom, SystemRandom};
use rustls_pki_types::{ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;

use crate::dial::{dial, dial_reason, stream_reason};
use crate::edge;
use crate::exchange::{Log, Wanted, ask, shake_hands};
use crate::handshake::{Connect, Failure, Socks4, Socks5, Target};
use crate::http::ResponseReader;
use crate::judge::direct::Judge;
use crate::judge::{Sent, Token, USER_AGENT};
use crate::{Net, Pace};

/// What stands in the place of a secret.
const WITHHELD: &str = "(withheld)";

/// The port that every proxy which tunnels at all is expected to tunnel to.
const HTTPS_PORT: u16 = 443;

/// Room for a request, so that it does not grow line by line: most have some 300 bytes.
const REQUEST_BYTES: usize = 512;

/// What is asked of whom.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The question.
    pub capability: Capability,
    /// What is spoken to the proxy: the capability itself, but for [`Capability::Ipv6`], which takes a tunnel that works.
    pub by: Capability,
    /// Whether the proxy itself is spoken to over TLS.
    pub over_tls: bool,
    /// How long after the connection was accepted the first byte may take, where that is less than the timeout allows.
    pub patience: Option<Patience>,
    /// Told when the connection was accepted.
    pub accepted: Option<&'a Accepted>,
    /// The proxy, for its name and its account.
    pub proxy: &'a Proxy,
    /// Where to dial.
    pub address: SocketAddr,
    /// Who tells what arrived.
    pub judge: &'a Judge,
    /// All of our own addresses.
    pub own: &'a OwnAddresses,
    /// From dial to last byte.
    pub timeout: Duration,
    /// Turns at the judge, if it may not be asked at any rate.
    pub pace: Option<&'a Pace>,
    /// Whether what is said is written down for somebody to read.
    pub recorded: bool,
    /// Whether our own judge is asked for its larger page too.
    pub page: bool,
    /// Whether the account goes over TLS to a proxy for whose certificate nobody vouches, too.
    pub to_unverified: bool,
}

/// How long somebody may stay silent, by how long the way there and back takes: so many times that, within bounds.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How many times.
    pub ways: u32,
    /// At least so long.
    pub least: Duration,
    /// At most so long.
    pub most: Duration,
}

impl Patience {
    /// So long, whatever the way.
    #[must_use]
    pub const fn of(time: Duration) -> Self {
        Self { ways: 0, least: time, most: time }
    }

    /// How long that is where the way there and back takes so long.
    #[must_use]
    pub fn after(self, way: Duration) -> Duration {
        (way * self.ways).clamp(self.least, self.most)
    }
}

/// All of our own addresses that judges have seen. They may grow while an attempt is under way, and count at its end.
#[derive(Debug, Default)]
pub struct OwnAddresses(RwLock<Arc<[IpAddr]>>);

impl OwnAddresses {
    /// Those that are known.
    #[must_use]
    pub fn all(&self) -> Arc<[IpAddr]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds those that are new.
    pub fn add(&self, addresses: &[IpAddr]) {
        let mut own = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for address in addresses {
            if !own.contains(address) {
                *own = own.iter().chain([address]).copied().collect();
            }
        }
    }
}

/// Tells that a connection was accepted, and after how long.
#[derive(Debug, Default)]
pub struct Accepted {
    told: Notify,
    micros: AtomicU64,
}

impl Accepted {
    fn tell(&self, after: Duration) {
        self.micros.store(u64::try_from(after.as_micros()).unwrap_or(u64::MAX), Ordering::Release);
        self.told.notify_one();
    }

    /// Waits for it, and says how long the dial took: one way there and back.
    pub async fn wait(&self) -> Duration {
        self.told.notified().await;
        Duration::from_micros(self.micros.load(Ordering::Acquire))
    }
}

/// Memory that is used again from attempt to attempt.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) out: Vec<u8>,
    pub(crate) inbox: Vec<u8>,
    pub(crate) reader: ResponseReader,
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub struct Tried {
    /// What was seen.
    pub attempt: Attempt,
    /// Whether it was given up before its deadline, because the first byte did not come with [`Ask::patience`].
    pub cut: bool,
}

impl Ask<'_> {
    fn account(&self) -> Option<&Account> {
        account_for(self.proxy, self.over_tls, self.to_unverified)
    }
}

/// A dial that has ended, and when it began.
#[derive(Debug)]
pub struct Dialled {
    began: Instant,
    stream: Result<TcpStream, Reason>,
}

impl Dialled {
    /// Dials, within the deadline of an attempt.
    pub async fn within(timeout: Duration, address: SocketAddr) -> Self {
        let began = Instant::now();
        let stream = match timeout_at(began + timeout, dial(address)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(dial_reason(&error)),
            Err(_) => Err(Reason::DialTimeout),
        };
        Self { began, stream }
    }

    /// Why nobody was reached; none where somebody was.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        match &self.stream {
            Ok(_) => None,
            Err(reason) => Some(*reason),
        }
    }
}

/// Tries, within the deadline. Always comes back with what was seen. What was dialled already is not dialled again.
pub async fn attempt(net: &Net, ask: &Ask<'_>, dialled: Option<Dialled>, scratch: &mut Scratch) -> Tried {
    let Dialled { began, stream } = match dialled {
        Some(dialled) => dialled,
        None => Dialled::within(ask.timeout, ask.address).await,
    };
    match stream {
        Ok(stream) => talk_with(net, ask, stream, began, scratch).await,
        Err(reason) => {
            let mut log = begin(ask, began);
            log.attempt.reason = Some(reason);
            Tried { attempt: log.attempt, cut: false }
        }
    }
}

/// What is written down when a dial has ended.
fn begin(ask: &Ask<'_>, began: Instant) -> Log {
    let mut log = Log::since(began, ask.capability, Arc::clone(ask.judge.shown()));
    log.attempt.over_tls = ask.over_tls;
    log.attempt.transcript = ask.recorded.then(Box::default);
    log.attempt.stage = Stage::Dial;
    log.clock();
    log
}

/// Goes on with an open connection.
async fn talk_with(
    net: &Net,
    ask: &Ask<'_>,
    stream: TcpStream,
    began: Instant,
    scratch: &mut Scratch,
) -> Tried {
    let mut log = begin(ask, began);
    let mut deadline = began + ask.timeout;
    let way = Duration::from_micros(log.attempt.times.get(Stage::Dial).unwrap_or_default().into());
    if let Some(accepted) = ask.accepted {
        accepted.tell(way);
    }
    if let Some(pace) = ask.pace {
        let before = Instant::now();
        pace.turn().await;
        deadline += before.elapsed();
        log.waited();
    }
    log.first_by = ask.patience.map(|patience| Instant::now() + patience.after(way));
    log.deadline = Some(deadline);
    let outcome = match timeout_at(deadline, converse(net, ask, stream, scratch, &mut log)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::of(timeout_reason(log.attempt.stage))),
    };
    log.clock();
    if let Err(failure) = outcome {
        conclude(ask, &failure, &mut log.attempt);
    }
    withhold_from(ask.proxy, &mut log.attempt);
    Tried { cut: log.cut, attempt: log.attempt }
}

/// What it means that a deadline passed on an open connection.
pub(crate) const fn timeout_reason(stage: Stage) -> Reason {
    match stage {
        Stage::Resolve | Stage::Dial | Stage::Handshake | Stage::Tunnel => Reason::HandshakeTimeout,
        Stage::Tls | Stage::Request | Stage::Answer => Reason::AnswerTimeout,
    }
}

/// Writes a failure down, and whether it answers the question.
fn conclude(ask: &Ask<'_>, failure: &Failure, attempt: &mut Attempt) {
    attempt.reason = Some(failure.reason);
    attempt.code = failure.code;
    attempt.detail.clone_from(&failure.detail);
    // What is no proxy has not come further, however much it said.
    if failure.reason == Reason::NotAProxy {
        attempt.stage = attempt.stage.min(Stage::Handshake);
    }
    // Many proxies tunnel to 443 only, so a refusal of another port says nothing about tunnelling as such.
    let refused_port = attempt.port.is_some()
        && attempt.stage <= Stage::Tunnel
        && matches!(failure.code, Some(403 | 405 | 503));
    attempt.conclusive = !(ask.by == Capability::Connect && refused_port);
}

/// Talks to the proxy, in the clear or over TLS.
async fn converse(
    net: &Net,
    question: &Ask<'_>,
    stream: TcpStream,
    scratch: &mut Scratch,
    log: &mut Log,
) -> Result<(), Failure> {
    // A forwarded request is one write. What goes back and forth must not wait to be joined with more; a socket that
    // cannot be told so is only slower.
    if question.over_tls || question.by != Capability::Http {
        let _ = stream.set_nodelay(true);
    }
    if question.over_tls {
        // On the heap, so that the many attempts in the clear need not make room for it.
        Box::pin(talk_over_tls(net, question, stream, scratch, log)).await
    } else {
        talk(net, question, stream, scratch, log).await
    }
}

async fn talk_over_tls(
    net: &Net,
    question: &Ask<'_>,
    stream: TcpStream,
    scratch: &mut Scratch,
    log: &mut Log,
) -> Result<(), Failure> {
    let stream = secure(net, question.proxy, question.address.ip(), stream, log).await?;
    talk(net, question, stream, scratch, log).await
}

/// Speaks TLS with the proxy itself. Who was given by name must prove to be it; otherwise nobody can, and it is noted.
pub(crate) async fn secure(
    net: &Net,
    proxy: &Proxy,
    address: IpAddr,
    stream: TcpStream,
    log: &mut Log,
) -> Result<TlsStream<TcpStream>, Failure> {
    log.enter(Stage::Handshake);
    let name = name_of(proxy);
    let server = match name {
        Some(name) => ServerName::try_from(name.to_owned()).map_err(|_| Failure::of(Reason::LocalError))?,
        None => ServerName::from(address),
    };
    let stream =
        net.tls.connector().connect(server.clone(), stream).await.map_err(|error| tls_failure(&error))?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    if let Err((detail, _)) = net.tls.verify(chain, &server, now()) {
        if name.is_some() {
            return Err(Failure { reason: Reason::TlsFailed, code: None, detail: Some(detail) });
        }
        log.attempt.unverified = true;
    }
    Ok(stream)
}

/// Speaks TLS through a tunnel with whom it leads to, who must prove to be it; `otherwise` is what it means if not.
pub(crate) async fn tunnel_tls<S: AsyncRead + AsyncWrite + Unpin>(
    net: &Net,
    server: &ServerName<'static>,
    stream: S,
    otherwise: Reason,
    log: &mut Log,
) -> Result<TlsStream<S>, Failure> {
    let connecting = net.tls.connector().connect(server.clone(), stream);
    // On the heap, so that the many attempts in the clear need not make room for it.
    let stream = Box::pin(connecting).await.map_err(|error| tls_failure(&error))?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    match net.tls.verify(chain, server, now()) {
        Ok(_) => Ok(stream),
        Err((detail, seen)) => {
            log.attempt.certificate = seen;
            Err(Failure { reason: otherwise, code: None, detail: Some(detail) })
        }
    }
}

/// The name of a proxy, if the list has one: by that its own certificate is verified.
fn name_of(proxy: &Proxy) -> Option<&str> {
    match proxy.endpoint.host() {
        Host::Name(name) => Some(name),
        Host::V4(_) | Host::V6(_) => None,
    }
}

/// The account of a proxy, as far as it may be sent: not to whom nobody has vouched for, unless the user allows it.
pub(crate) fn account_for(proxy: &Proxy, over_tls: bool, to_unverified: bool) -> Option<&Account> {
    proxy.account.as_ref().filter(|_| !over_tls || to_unverified || name_of(proxy).is_some())
}

/// Now, as certificates count it.
fn now() -> UnixTime {
    UnixTime::since_unix_epoch(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default())
}

async fn talk(
    net: &Net,
    question: &Ask<'_>,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    scratch: &mut Scratch,
    log: &mut Log,
) -> Result<(), Failure> {
    let judge = question.judge;
    let token = fresh_token()?;
    let target = if question.page { judge.url.target_with_page(&token) } else { judge.url.target(&token) };
    let absolute = judge.url.absolute(&target);
    let sent = Sent { token: &token, target: &target, absolute: &absolute, page: question.page };
    let account = question.account();
    let Scratch { out, inbox, reader, .. } = scratch;
    reader.reset();

    if question.by == Capability::Http {
        let authorization = account.map(basic);
        out.clear();
        request(out, &absolute, judge.url.authority(), authorization.as_deref());
        // Until the first byte it is not known whether it is a proxy at all.
        ask(&mut stream, out, reader, Stage::Handshake, Wanted::Whole, log).await?;
        return read(question, &sent, reader, Basis::Headers, log);
    }

    let port = judge.url.port;
    if port != HTTPS_PORT && question.by == Capability::Connect {
        log.attempt.port = Some(port);
    }
    let to = Destination {
        // To an IPv6 target by its address alone: a name would let the proxy choose the family.
        name: judge.url.name().filter(|_| question.capability != Capability::Ipv6),
        address: judge.address_for(question.capability),
        port,
    };
    open_tunnel(question.by, account, &to, &mut stream, out, inbox, log).await?;
    out.clear();
    request(out, &target, judge.url.authority(), None);
    if judge.url.tls {
        log.enter(Stage::Tls);
        if !inbox.is_empty() {
            let detail = Some("it spoke before TLS began".to_owned());
            return Err(Failure { reason: Reason::TlsFailed, code: None, detail });
        }
        // On the heap: the state of a session is larger than all else that an attempt holds.
        let mut stream =
            Box::new(tunnel_tls(net, &judge.server_name, stream, Reason::TlsIntercepted, log).await?);
        ask(&mut *stream, out, reader, Stage::Answer, Wanted::Whole, log).await?;
        read(question, &sent, reader, Basis::Tunnel, log)
    } else {
        reader.inbox().append(inbox);
        ask(&mut stream, out, reader, Stage::Answer, Wanted::Whole, log).await?;
        read(question, &sent, reader, Basis::Headers, log)
    }
}

/// Where a tunnel is to lead.
pub(crate) struct Destination<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) port: u16,
}

/// Asks a proxy for a tunnel in one of the ways in which that is done.
pub(crate) async fn open_tunnel(
    by: Capability,
    account: Option<&Account>,
    to: &Destination<'_>,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    out: &mut Vec<u8>,
    inbox: &mut Vec<u8>,
    log: &mut Log,
) -> Result<(), Failure> {
    let by_name = to.name.map(Target::Name);
    let by_address = to.address.map(Target::Ip);
    let no_way = || Failure {
        reason: Reason::JudgeDown,
        code: None,
        detail: Some("the judge has no address that this protocol can carry".to_owned()),
    };
    match by {
        Capability::Http | Capability::Connect | Capability::Tls | Capability::Ipv6 => {
            let target = by_name.or(by_address).ok_or_else(no_way)?;
            let authorization = account.map(basic);
            let mut machine = Connect::new(target, to.port, authorization.as_deref(), USER_AGENT);
            shake_hands(stream, &mut machine, out, inbox, log).await
        }
        Capability::Socks4 | Capability::Socks4a => {
            let wanted = if by == Capability::Socks4 { by_address } else { by_name };
            let user = account.map_or("", |a| a.user.as_str());
            let mut machine = Socks4::new(wanted.ok_or_else(no_way)?, to.port, user);
            shake_hands(stream, &mut machine, out, inbox, log).await
        }
        Capability::Socks5 | Capability::Socks5h => {
            let wanted = if by == Capability::Socks5 { by_address } else { by_name };
            let mut machine = Socks5::new(wanted.ok_or_else(no_way)?, to.port, account);
            shake_hands(stream, &mut machine, out, inbox, log).await
        }
    }
}

/// Reads a complete answer, or one whose head already says that it is none.
fn read(
    question: &Ask<'_>,
    sent: &Sent<'_>,
    reader: &ResponseReader,
    basis: Basis,
    log: &mut Log,
) -> Result<(), Failure> {
    let Some(head) = reader.head() else { return Err(Failure::of(Reason::AnswerMalformed)) };
    let forwarded = question.by == Capability::Http;
    log.attempt.code = Some(head.status);
    if head.status != 200 {
        let mut failure = match head.status {
            200..=299 => Failure::with_code(Reason::WrongAnswer, head.status),
            status => crate::handshake::refusal(status, question.account().is_some()),
        };
        // Behind an open tunnel the proxy has already shown that it is one: the page is not the judge's.
        if !forwarded
            && matches!(failure.reason, Reason::NotAProxy | Reason::AuthRequired | Reason::AuthFailed)
        {
            failure.reason = Reason::WrongAnswer;
        }
        let elsewhere = head.location.as_ref().map(|to| format!("to {}", to.escape_default()));
        failure.detail = elsewhere.or_else(|| edge::remark(reader.head_bytes()));
        return Err(failure);
    }
    if let Some(coding) = &head.encoding {
        let detail = Some(coding.escape_default().to_string());
        return Err(Failure { reason: Reason::AnswerEncoded, code: Some(head.status), detail });
    }
    let judge = question.judge;
    let mut reading = judge.frame.read(reader.body(), sent).map_err(|wrong| Failure {
        reason: wrong.reason,
        code: Some(head.status),
        detail: Some(wrong.detail),
    })?;
    if let Some(account) = &question.proxy.account {
        withhold(account, &mut reading.headers);
    }
    let authority = judge.url.authority();
    let fields = sent_fields(authority);
    log.attempt.rewritten = fields
        .iter()
        .filter(|(name, value)| {
            // Only what the judge echoes unchanged to a direct request can have been changed on the way.
            let echoes = |headers: &[(String, String)]| {
                headers.iter().any(|(n, v)| n.eq_ignore_ascii_case(name) && v == value)
            };
            basis == Basis::Headers && echoes(&judge.baseline.headers) && !echoes(&reading.headers)
        })
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let received =
        Received { remote: reading.remote, headers: &reading.headers, hides_headers: judge.hides_headers };
    log.attempt.finding =
        Some(judge_anonymity(&question.own.all(), &fields, received, &judge.baseline, basis));
    log.attempt.exit = reading.remote;
    log.attempt.latency_ms = log.latency_ms();
    log.attempt.received = reading.headers;
    Ok(())
}

fn tls_failure(error: &std::io::Error) -> Failure {
    let said = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match said {
        Some(said) => Failure { reason: Reason::TlsFailed, code: None, detail: Some(said.to_string()) },
        None => Failure::of(stream_reason(error)),
    }
}

/// A token that nobody can have seen before.
pub(crate) fn fresh_token() -> Result<Token, Failure> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Failure::of(Reason::LocalError))?;
    Ok(Token::new(u64::from_le_bytes(bytes)))
}

/// The fields of a request to a judge that are not hop-by-hop.
pub(crate) fn sent_fields(authority: &str) -> [(&'static str, &str); 4] {
    [("Host", authority), ("User-Agent", USER_AGENT), ("Accept", "*/*"), ("Accept-Encoding", "identity")]
}

/// Writes a request to a judge.
pub(crate) fn request(out: &mut Vec<u8>, target: &str, authority: &str, authorization: Option<&str>) {
    out.reserve(REQUEST_BYTES);
    out.extend_from_slice(b"GET ");
    out.extend_from_slice(target.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    for (name, value) in sent_fields(authority) {
        field(out, name, value);
    }
    if let Some(value) = authorization {
        field(out, "Proxy-Authorization", value);
    }
    // One answer a connection: nothing that a proxy keeps open can be mistaken for the next answer.
    out.extend_from_slice(b"Connection: close\r\n\r\n");
}

pub(crate) fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// The value of `Proxy-Authorization` for an account (RFC 7617).
pub(crate) fn basic(account: &Account) -> String {
    format!("Basic {}", credentials(account))
}

fn credentials(account: &Account) -> String {
    use base64::Engine as _;
    let pair = format!("{}:{}", account.user, account.secret.expose());
    base64::engine::general_purpose::STANDARD.encode(pair)
}

/// Takes the secret out of what was said, in both forms in which it is sent.
pub(crate) fn withhold_from(proxy: &Proxy, attempt: &mut Attempt) {
    if let (Some(transcript), Some(account)) = (&mut attempt.transcript, &proxy.account) {
        transcript.mask(credentials(account).as_bytes(), WITHHELD.as_bytes());
        transcript.mask(account.secret.expose().as_bytes(), WITHHELD.as_bytes());
    }
}

/// Takes the account out of what a judge received: that a proxy passes it on is worth knowing, and evidence is kept
/// and shown, which a password never is.
fn withhold(account: &Account, received: &mut Headers) {
    let credentials = credentials(account);
    for (_, value) in received.iter_mut().filter(|(_, value)| value.contains(&credentials)) {
        *value = value.replace(&credentials, WITHHELD);
    }
}
