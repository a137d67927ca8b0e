//! Asking a judge without a proxy: which shape it has, as whom it sees us, and what it adds by itself.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use proxydeck_domain::{Baseline, Capability, Reason, Stage};
use rustls_pki_types::{ServerName, UnixTime};
use tokio::time::timeout;

use super::{Frame, JudgeUrl, Sent, Shape};
use crate::Net;
use crate::attempt::{field, fresh_token, request};
use crate::dial::dial;
use crate::exchange::{Log, Wanted, ask};
use crate::http::ResponseReader;
use crate::resolve::Resolution;

/// Revealing fields sent on purpose in a second request: a judge that does not echo both hides such headers, and
/// can never prove that a proxy adds none. The address is from a documentation range (RFC 5737).
const CANARIES: [(&str, &str); 2] = [("Via", "1.1 proxydeck-canary"), ("X-Forwarded-For", "192.0.2.1")];

/// How long a judge that has answered may take to be reached in the other family too.
const OTHER_FAMILY_PATIENCE: Duration = Duration::from_secs(2);

/// Why a judge cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Its name has no address.
    #[error("its name has no address")]
    Unresolved,
    /// It did not answer in time.
    #[error("it did not answer within {0:?}")]
    Timeout(Duration),
    /// It could not be reached, or broke the connection off.
    #[error("{0}")]
    Unreachable(String),
    /// Its certificate does not verify.
    #[error("its certificate does not verify: {0}")]
    Certificate(String),
    /// It answers with another status than 200.
    #[error("it answers with status {0}")]
    Status(u16),
    /// What it answers has none of the known shapes.
    #[error("its answer has none of the shapes that are known")]
    Shape,
    /// Our own machine could not.
    #[error("this machine could not open a connection")]
    Local,
}

/// A judge that answers, and what it answers directly.
#[derive(Clone, Debug)]
pub struct Judge {
    /// Its address.
    pub url: JudgeUrl,
    shown: Arc<str>,
    addresses: Arc<[IpAddr]>,
    pub(crate) server_name: ServerName<'static>,
    pub(crate) frame: Frame,
    pub(crate) baseline: Baseline,
    pub(crate) hides_headers: bool,
    has_page: bool,
    /// The addresses of ours that it saw: one for each family in which it was reached.
    pub seen_as: Vec<IpAddr>,
}

impl Judge {
    /// The shape of its answers.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.frame.shape()
    }

    /// Whether an answer of it can make a proxy active: it carries the token, or comes over verified TLS.
    #[must_use]
    pub const fn proves(&self) -> bool {
        self.shape().echoes_token() || self.url.tls
    }

    /// Whether the answers of both are read alike: the judge has not changed its page meanwhile.
    #[must_use]
    pub fn answers_like(&self, other: &Self) -> bool {
        self.frame == other.frame
    }

    /// Whether it has a larger page to compare.
    #[must_use]
    pub const fn has_page(&self) -> bool {
        self.has_page
    }

    /// Whether a question can be put by way of this judge: SOCKS4 carries an address of IPv4, and a question about names
    /// takes a name.
    #[must_use]
    pub fn carries(&self, capability: Capability) -> bool {
        match capability {
            Capability::Socks4a | Capability::Socks5h => self.url.name().is_some(),
            _ => self.address_for(capability).is_some(),
        }
    }

    /// Its addresses, IPv4 first.
    #[must_use]
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// Its address as it stands in evidence.
    #[must_use]
    pub const fn shown(&self) -> &Arc<str> {
        &self.shown
    }

    /// The address that a protocol can carry; SOCKS4 knows IPv4 only.
    #[must_use]
    pub fn address_for(&self, capability: Capability) -> Option<IpAddr> {
        let v4 = self.addresses.iter().copied().find(IpAddr::is_ipv4);
        match capability {
            Capability::Socks4 => v4,
            Capability::Ipv6 => self.addresses.iter().copied().find(IpAddr::is_ipv6),
            _ => v4.or_else(|| self.addresses.first().copied()),
        }
    }
}

/// Asks a judge directly and learns what its answers look like. Sends two requests.
///
/// # Errors
/// [`AskError`] says why it cannot be used.
pub async fn introduce(net: &Net, url: &JudgeUrl, patience: Duration) -> Result<Judge, AskError> {
    let addresses = match url.ip {
        Some(ip) => Arc::from([ip.to_canonical()]),
        None => match net.resolver.resolve(&url.host, url.port).await {
            Resolution::Found(addresses) => addresses,
            Resolution::Unknown => return Err(AskError::Unresolved),
        },
    };
    let server_name = ServerName::try_from(url.host.clone()).map_err(|_| AskError::Unresolved)?;
    let answer = ask_any(net, url, &addresses, &server_name, Direct::default(), patience).await?;
    let (frame, reading) =
        with_sent(url, &answer, |sent| Frame::learn(&answer.body, sent)).ok_or(AskError::Shape)?;
    let first_seen_as = reading.remote.ok_or(AskError::Shape)?;
    let mut has_page = false;
    let hides_headers = if frame.shape().echoes_token() && !url.tls {
        let canaries = Direct { extra: &CANARIES, page: frame.shape() == Shape::Own };
        let answer = ask_any(net, url, &addresses, &server_name, canaries, patience).await?;
        // Of our own judges some have no larger page, and answer as if they had not been asked for it.
        let with_page = with_sent(url, &answer, |sent| frame.read(&answer.body, sent).ok());
        has_page = canaries.page && with_page.is_some();
        // What changes from one direct answer to the next would look like tampering through every proxy.
        let reading = with_page
            .or_else(|| {
                with_sent(url, &answer, |sent| {
                    frame.read(&answer.body, &Sent { page: false, ..sent.clone() }).ok()
                })
            })
            .ok_or(AskError::Shape)?;
        !CANARIES.iter().all(|(name, value)| {
            reading.headers.iter().any(|(n, v)| n.eq_ignore_ascii_case(name) && v.contains(value))
        })
    } else {
        true
    };
    let other_family: Vec<IpAddr> =
        addresses.iter().copied().filter(|ip| ip.is_ipv4() != first_seen_as.is_ipv4()).collect();
    let mut seen_as = vec![first_seen_as];
    // That we cannot reach it in the other family as well is no fault of the judge's.
    if let Ok(answer) =
        ask_any(net, url, &other_family, &server_name, Direct::default(), OTHER_FAMILY_PATIENCE).await
    {
        let reading = with_sent(url, &answer, |sent| frame.read(&answer.body, sent).ok());
        seen_as.extend(reading.and_then(|reading| reading.remote));
    }
    Ok(Judge {
        url: url.clone(),
        shown: Arc::from(url.as_str()),
        addresses,
        server_name,
        frame,
        baseline: Baseline { headers: reading.headers },
        hides_headers,
        has_page,
        seen_as,
    })
}

/// A judge of our own kind at an IPv6 address that we cannot reach: every byte of its answer can be foretold, so that it
/// can still be asked through tunnels whether they reach it. None for other judges.
#[must_use]
pub fn beyond_reach(url: &JudgeUrl) -> Option<Judge> {
    let ip = url.ip.filter(IpAddr::is_ipv6)?;
    url.is_own().then(|| Judge {
        url: url.clone(),
        shown: Arc::from(url.as_str()),
        addresses: Arc::from([ip]),
        server_name: ServerName::from(ip),
        frame: Frame::Own,
        baseline: Baseline::default(),
        hides_headers: true,
        has_page: false,
        seen_as: Vec::new(),
    })
}

/// What a direct request has beside the usual.
#[derive(Clone, Copy, Default)]
struct Direct<'a> {
    /// Header fields.
    extra: &'a [(&'a str, &'a str)],
    /// Whether the larger page is asked for.
    page: bool,
}

struct Answer {
    token: super::Token,
    page: bool,
    body: Vec<u8>,
}

/// Calls `read` with what was sent to get an answer.
fn with_sent<T>(url: &JudgeUrl, answer: &Answer, read: impl FnOnce(&Sent<'_>) -> T) -> T {
    let target = target(url, &answer.token, answer.page);
    let absolute = url.absolute(&target);
    read(&Sent { token: &answer.token, target: &target, absolute: &absolute, page: answer.page })
}

fn target(url: &JudgeUrl, token: &super::Token, page: bool) -> String {
    if page { url.target_with_page(token) } else { url.target(token) }
}

/// Asks at each address in turn until one answers.
async fn ask_any(
    net: &Net,
    url: &JudgeUrl,
    addresses: &[IpAddr],
    server_name: &ServerName<'static>,
    what: Direct<'_>,
    patience: Duration,
) -> Result<Answer, AskError> {
    let mut failed = AskError::Unresolved;
    for address in addresses {
        let address = SocketAddr::new(*address, url.port);
        match timeout(patience, ask_at(net, url, address, server_name, what)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => failed = error,
            Err(_) => failed = AskError::Timeout(patience),
        }
    }
    Err(failed)
}

async fn ask_at(
    net: &Net,
    url: &JudgeUrl,
    address: SocketAddr,
    server_name: &ServerName<'static>,
    what: Direct<'_>,
) -> Result<Answer, AskError> {
    let unreachable = |error: std::io::Error| {
        if crate::dial::local_failure(&error) {
            AskError::Local
        } else {
            AskError::Unreachable(error.to_string())
        }
    };
    let token = fresh_token().map_err(|_| AskError::Local)?;
    let mut out = Vec::new();
    request(&mut out, &target(url, &token, what.page), url.authority(), None);
    // The empty line is put back behind the extra fields.
    out.truncate(out.len() - 2);
    for (name, value) in what.extra {
        field(&mut out, name, value);
    }
    out.extend_from_slice(b"\r\n");
    let mut reader = ResponseReader::default();
    let mut log = Log::new(Capability::Http, Arc::from(url.as_str()));
    let mut stream = dial(address).await.map_err(unreachable)?;
    stream.set_nodelay(url.tls).map_err(unreachable)?;
    let exchanged = if url.tls {
        let mut stream =
            net.tls.connector().connect(server_name.clone(), stream).await.map_err(unreachable)?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let now = UnixTime::since_unix_epoch(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default());
        net.tls.verify(chain, server_name, now).map_err(|(why, _)| AskError::Certificate(why))?;
        ask(&mut stream, &out, &mut reader, Stage::Answer, Wanted::Whole, &mut log).await
    } else {
        ask(&mut stream, &out, &mut reader, Stage::Answer, Wanted::Whole, &mut log).await
    };
    exchanged.map_err(|failure| match failure.reason {
        Reason::LocalError => AskError::Local,
        Reason::NotAProxy | Reason::AnswerMalformed => AskError::Shape,
        reason => AskError::Unreachable(reason.as_str().to_owned()),
    })?;
    match reader.head().map(|head| head.status) {
        Some(200) => Ok(Answer { token, page: what.page, body: reader.body().to_vec() }),
        Some(status) => Err(AskError::Status(status)),
        None => Err(AskError::Shape),
    }
}
