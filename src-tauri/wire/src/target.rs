//! Visiting a target through a proxy: an address of the user's own choice, to see whether it lets the proxy's users in.
//!
//! A target tells nothing about the proxy's honesty, so nothing here is held against a judge's answer: what counts is
//! verified TLS and the status.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use proxydeck_domain::{Attempt, Capability, Proxy, Reason, Stage};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::attempt::{
    Destination, account_for, basic, open_tunnel, request, secure, timeout_reason, tunnel_tls, withhold_from,
};
use crate::dial::{dial, dial_reason};
use crate::exchange::{Log, Wanted, ask};
use crate::handshake::Failure;
use crate::{BadJudgeUrl, JudgeUrl, Net, Resolution, Scratch};

/// The first status that says no: the target, or the proxy in its name, refuses.
const FIRST_REFUSAL: u16 = 400;

/// An address that proxies are to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetUrl {
    url: JudgeUrl,
    shown: Arc<str>,
    server_name: ServerName<'static>,
}

impl TargetUrl {
    /// Reads `http://host[:port]/path` or `https://…`.
    ///
    /// # Errors
    /// [`BadJudgeUrl`] with what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, BadJudgeUrl> {
        let url = JudgeUrl::parse(text)?;
        let bad = |_| BadJudgeUrl { text: text.to_owned(), why: "its name cannot stand in a certificate" };
        let server_name = ServerName::try_from(url.host.clone()).map_err(bad)?;
        Ok(Self { shown: Arc::from(url.as_str()), url, server_name })
    }

    /// The address as it was given.
    #[must_use]
    pub const fn shown(&self) -> &Arc<str> {
        &self.shown
    }

    /// Whether it is visited over TLS.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.url.tls
    }

    /// Whether it is known by a name, which a proxy can be given.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.url.name().is_some()
    }
}

/// Who visits what, and how.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// The way that works.
    pub by: Capability,
    /// Whether the proxy itself is spoken to over TLS.
    pub over_tls: bool,
    /// The proxy, for its name and its account.
    pub proxy: &'a Proxy,
    /// Where to dial.
    pub address: SocketAddr,
    /// Where to go.
    pub target: &'a TargetUrl,
    /// From dial to the target's answer.
    pub timeout: Duration,
    /// Whether what is said is written down for somebody to read.
    pub recorded: bool,
    /// Whether the account goes over TLS to a proxy for whose certificate nobody vouches, too.
    pub to_unverified: bool,
}

/// Visits, within the deadline. Always comes back with what was seen; without a reason it was a success.
pub async fn visit(net: &Net, visit: &Visit<'_>, scratch: &mut Scratch) -> Attempt {
    let mut log = Log::new(visit.by, Arc::clone(&visit.target.shown));
    log.attempt.over_tls = visit.over_tls;
    log.attempt.transcript = visit.recorded.then(Box::default);
    let outcome = match timeout(visit.timeout, go(net, visit, scratch, &mut log)).await {
        Ok(outcome) => outcome,
        Err(_) if log.attempt.stage <= Stage::Dial => Err(Failure::of(Reason::DialTimeout)),
        Err(_) => Err(Failure::of(timeout_reason(log.attempt.stage))),
    };
    log.clock();
    match outcome {
        Ok(()) => log.attempt.latency_ms = log.latency_ms(),
        Err(failure) => {
            log.attempt.reason = Some(failure.reason);
            log.attempt.code = failure.code;
            log.attempt.detail = failure.detail;
        }
    }
    withhold_from(visit.proxy, &mut log.attempt);
    log.attempt
}

async fn go(net: &Net, visit: &Visit<'_>, scratch: &mut Scratch, log: &mut Log) -> Result<(), Failure> {
    log.attempt.stage = Stage::Dial;
    let stream = dial(visit.address).await.map_err(|error| Failure::of(dial_reason(&error)))?;
    // A socket that cannot be told so is only slower.
    let _ = stream.set_nodelay(true);
    if visit.over_tls {
        let stream = secure(net, visit.proxy, visit.address.ip(), stream, log).await?;
        through(net, visit, stream, scratch, log).await
    } else {
        through(net, visit, stream, scratch, log).await
    }
}

async fn through(
    net: &Net,
    visit: &Visit<'_>,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    scratch: &mut Scratch,
    log: &mut Log,
) -> Result<(), Failure> {
    let url = &visit.target.url;
    let account = account_for(visit.proxy, visit.over_tls, visit.to_unverified);
    let Scratch { out, inbox, reader, .. } = scratch;
    reader.reset();
    if visit.by == Capability::Http {
        out.clear();
        request(out, &url.absolute(url.plain_target()), url.authority(), account.map(basic).as_deref());
        ask(&mut stream, out, reader, Stage::Handshake, Wanted::Head, log).await?;
    } else {
        let address = match (url.ip, url.name()) {
            (Some(ip), _) => Some(ip.to_canonical()),
            // The proxy resolves the name itself where it can.
            (None, Some(name)) if matches!(visit.by, Capability::Socks4 | Capability::Socks5) => {
                match net.resolver.resolve(name, url.port).await {
                    Resolution::Found(all) => all.first().copied(),
                    Resolution::Unknown => return Err(Failure::of(Reason::Unresolved)),
                }
            }
            (None, _) => None,
        };
        // SOCKS4 carries IPv4 addresses only.
        if visit.by == Capability::Socks4 && !address.is_some_and(|ip| ip.is_ipv4()) {
            return Err(Failure::of(Reason::Unreachable));
        }
        let to = Destination { name: url.name(), address, port: url.port };
        open_tunnel(visit.by, account, &to, &mut stream, out, inbox, log).await?;
        out.clear();
        request(out, url.plain_target(), url.authority(), None);
        if url.tls {
            log.enter(Stage::Tls);
            let server = &visit.target.server_name;
            let mut stream = tunnel_tls(net, server, stream, Reason::TlsFailed, log).await?;
            ask(&mut stream, out, reader, Stage::Answer, Wanted::Head, log).await?;
        } else {
            reader.inbox().append(inbox);
            ask(&mut stream, out, reader, Stage::Answer, Wanted::Head, log).await?;
        }
    }
    let Some(head) = reader.head() else { return Err(Failure::of(Reason::AnswerMalformed)) };
    log.attempt.code = Some(head.status);
    if head.status >= FIRST_REFUSAL {
        return Err(Failure::with_code(Reason::Rejected, head.status));
    }
    Ok(())
}
