//! One ask from its first request to its end: attempts, redirects, and what each request came to.

use std::error::Error as StdError;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use proxydeck_domain::is_public;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
};
use reqwest::{Client, Response, StatusCode};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use url::Url;

use super::answer::{content_type, is_proxys, kept, parse, redirect, retry_after, shown, validators};
use super::host::{Closed, Misled, WayKey};
use super::unpack::{ACCEPTED, Body, Unfit};
use super::{Ask, DownloadError, DownloadFailure, Fetched, Page, Shared, ViaScheme};
use crate::local_failure;

/// A body that grows by less than this within the time for a standstill drips.
const MIN_PROGRESS: usize = 4 * 1024;
/// The longest text of what is not ours in an error.
const MAX_DETAIL: usize = 300;

/// Fetches what is asked for.
pub(super) async fn fetch(shared: &Shared, ask: &Ask) -> Result<Fetched, DownloadError> {
    let mut trip = Trip { shared, ask, requests: 0, left: shared.options.total_time };
    trip.go().await.map_err(|error| DownloadError { requests: trip.requests, ..error })
}

struct Trip<'a> {
    shared: &'a Shared,
    ask: &'a Ask,
    requests: u32,
    /// How much of the total time is left.
    left: Duration,
}

/// What came of one attempt.
enum Outcome {
    Done(Fetched),
    /// Another attempt will not help.
    Failed(DownloadError),
    /// Another attempt may help, after this time at the least.
    Again(DownloadError, Duration),
}

/// What came of one request.
enum Hop {
    To(Url),
    End(Fetched),
}

/// A request that failed: the error, and after which time another attempt may help, if at all.
struct Failure {
    error: DownloadError,
    again: Option<Duration>,
}

impl From<DownloadError> for Failure {
    fn from(error: DownloadError) -> Self {
        Self { error, again: None }
    }
}

fn failed(kind: DownloadFailure, detail: impl Into<String>) -> DownloadError {
    DownloadError::new(kind, detail)
}

/// A failure that may pass.
fn passing(kind: DownloadFailure, detail: impl Into<String>) -> Failure {
    Failure { error: failed(kind, detail), again: Some(Duration::ZERO) }
}

impl Trip<'_> {
    async fn go(&mut self) -> Result<Fetched, DownloadError> {
        let url = parse(&self.ask.url)?;
        let options = &self.shared.options;
        let mut seed = DefaultHasher::new();
        (options.seed, &self.ask.url).hash(&mut seed);
        // Sources that failed together are not asked again together.
        let mut waits = ExponentialBuilder::new()
            .with_min_delay(options.backoff)
            .with_jitter()
            .with_jitter_seed(seed.finish())
            .with_max_times(usize::try_from(options.attempts.saturating_sub(1)).unwrap_or(usize::MAX))
            .build();
        loop {
            match self.attempt(url.clone()).await {
                Outcome::Done(fetched) => return Ok(fetched),
                Outcome::Failed(error) => return Err(error),
                Outcome::Again(error, at_least) => {
                    let Some(wait) = waits.next().map(|wait| wait.max(at_least)) else { return Err(error) };
                    let Some(left) = self.left.checked_sub(wait) else { return Err(error) };
                    self.left = left;
                    sleep(wait).await;
                }
            }
        }
    }

    /// Asks, and follows where it is sent.
    async fn attempt(&mut self, mut url: Url) -> Outcome {
        let mut seen = vec![url.clone()];
        loop {
            match self.hop(&url, seen.len() > 1).await {
                Ok(Hop::End(fetched)) => return Outcome::Done(fetched),
                Err(Failure { error, again: None }) => return Outcome::Failed(error),
                Err(Failure { error, again: Some(wait) }) => return Outcome::Again(error, wait),
                Ok(Hop::To(next)) => {
                    let followed = u32::try_from(seen.len()).unwrap_or(u32::MAX);
                    let circle = seen.contains(&next);
                    if circle || followed > self.shared.options.redirects {
                        let how = if circle { "in a circle" } else { "too often" };
                        let detail = format!("{} redirects {how}", shown(&url));
                        return Outcome::Failed(failed(DownloadFailure::RedirectLoop, detail));
                    }
                    seen.push(next.clone());
                    url = next;
                }
            }
        }
    }

    /// One request, in its turn.
    async fn hop(&mut self, url: &Url, redirected: bool) -> Result<Hop, Failure> {
        let options = &self.shared.options;
        self.check_literals(url, redirected)?;
        let key = WayKey { via: self.ask.via.clone(), allow_private: self.ask.allow_private };
        let host = self.shared.host(url);
        let make = || self.shared.client(url, &key);
        let mut turn = match host.turn(&key, options, make).await {
            Ok(turn) => turn,
            Err(Closed::For(left)) => {
                let detail = format!("{} asked to be left alone, and that time is not over", shown(url));
                let error = failed(DownloadFailure::RateLimited, detail);
                return Err(DownloadError { retry_after: Some(left), ..error }.into());
            }
            Err(Closed::Client(error)) => {
                return Err(failed(DownloadFailure::LocalError, error).into());
            }
        };
        self.requests += 1;
        let began = Instant::now();
        let asked = timeout(self.left, self.request(&turn.client(), url, redirected)).await;
        self.left = self.left.saturating_sub(began.elapsed());
        let result = asked.unwrap_or_else(|_| {
            let detail = format!("{} takes longer than {:?} altogether", shown(url), options.total_time);
            Err(failed(DownloadFailure::Timeout, detail).into())
        });
        if let Err(Failure { error: DownloadError { retry_after: Some(wait), .. }, .. }) = &result {
            turn.close_for(*wait);
        }
        result
    }

    /// Addresses that need no resolving are judged here; names where they are resolved, by what is then dialled.
    fn check_literals(&self, url: &Url, redirected: bool) -> Result<(), DownloadError> {
        let ip = match url.host() {
            Some(url::Host::Ipv4(v4)) => Some(v4.into()),
            Some(url::Host::Ipv6(v6)) => Some(v6.into()),
            Some(url::Host::Domain(_)) | None => None,
        };
        if !self.ask.allow_private && ip.is_some_and(|ip| !is_public(ip)) {
            return Err(not_public(url, redirected));
        }
        let Some(via) = &self.ask.via else { return Ok(()) };
        if !via.allow_private && via.endpoint.host().ip().is_some_and(|ip| !is_public(ip)) {
            return Err(failed(
                DownloadFailure::ProxyFailed,
                format!("the proxy {} is not public", via.endpoint),
            ));
        }
        let v4_alone = via.scheme == ViaScheme::Socks4 || via.scheme == ViaScheme::Socks4a;
        if v4_alone && matches!(url.host(), Some(url::Host::Ipv6(_))) {
            return Err(failed(DownloadFailure::ProxyFailed, "SOCKS4 carries no address of IPv6"));
        }
        Ok(())
    }

    async fn request(&self, client: &Client, url: &Url, redirected: bool) -> Result<Hop, Failure> {
        let options = &self.shared.options;
        let mut request = client.get(url.clone()).header(ACCEPT_ENCODING, ACCEPTED);
        let mut conditional = false;
        let validators = [(IF_NONE_MATCH, &self.ask.etag), (IF_MODIFIED_SINCE, &self.ask.last_modified)];
        for (name, validator) in validators {
            let Some(value) = validator.as_ref().and_then(|v| HeaderValue::from_str(v).ok()) else {
                continue;
            };
            request = request.header(name, value);
            conditional = true;
        }
        let response = match timeout(options.answer_time, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(self.unanswered(url, redirected, &error.without_url())),
            Err(_) => {
                let detail = format!("{} did not answer within {:?}", shown(url), options.answer_time);
                return Err(passing(DownloadFailure::Timeout, detail));
            }
        };
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED && conditional {
            let (etag, last_modified) = self::validators(response.headers());
            return Ok(Hop::End(Fetched::NotModified {
                etag: etag.or_else(|| self.ask.etag.clone()),
                last_modified: last_modified.or_else(|| self.ask.last_modified.clone()),
                url: kept(url),
                requests: self.requests,
            }));
        }
        match status.as_u16() {
            301..=303 | 307 | 308 => Ok(Hop::To(redirect(url, response.headers())?)),
            200..=205 | 207..=299 => {
                self.page(url, response).await.map(|page| Hop::End(Fetched::Fresh(page)))
            }
            206 | 304 => {
                let detail = format!("{} answered {status} to what was not asked", shown(url));
                Err(failed(DownloadFailure::Broken, detail).with_code(status.as_u16()).into())
            }
            code => Err(self.refused(url, code, &response)),
        }
    }

    /// An answer that is an error.
    fn refused(&self, url: &Url, code: u16, response: &Response) -> Failure {
        let options = &self.shared.options;
        let wait = retry_after(response.headers(), SystemTime::now()).filter(|_| matches!(code, 429 | 503));
        let too_long = wait.is_some_and(|wait| wait > options.max_retry_after);
        // A tunnel brings what the site says. What is forwarded may be the proxy's own word.
        let forwarded = url.scheme() == "http"
            && self.ask.via.as_ref().is_some_and(|v| matches!(v.scheme, ViaScheme::Http | ViaScheme::Https));
        let (kind, again) = if forwarded && is_proxys(code, response.headers()) {
            (DownloadFailure::ProxyFailed, None)
        } else if code == 429 || too_long {
            (DownloadFailure::RateLimited, wait.filter(|_| !too_long))
        } else if code >= 500 || code == 408 {
            (DownloadFailure::Status, Some(wait.unwrap_or_default()))
        } else {
            (DownloadFailure::Status, None)
        };
        let who = if kind == DownloadFailure::ProxyFailed { "the proxy on the way to " } else { "" };
        let error = failed(kind, format!("{who}{} answered {code}", shown(url))).with_code(code);
        let retry_after = wait.filter(|_| kind != DownloadFailure::ProxyFailed);
        Failure { error: DownloadError { retry_after, ..error }, again }
    }

    /// The body of an answer.
    async fn page(&self, url: &Url, mut response: Response) -> Result<Page, Failure> {
        let options = &self.shared.options;
        let unfit = |unfit: Unfit| -> Failure {
            let (kind, detail) = match unfit {
                Unfit::TooLarge => {
                    (DownloadFailure::TooLarge, format!("sends more than {} bytes", options.max_bytes))
                }
                Unfit::Bomb => {
                    (DownloadFailure::Bomb, "sends what unpacks to far more than it is".to_owned())
                }
                Unfit::Broken(why) => (DownloadFailure::Broken, format!("sends a body, but {why}")),
            };
            failed(kind, format!("{} {}", shown(url), clean(&detail))).into()
        };
        let headers = response.headers();
        let mut encodings = headers.get_all(CONTENT_ENCODING).iter().map(|v| v.to_str().unwrap_or("?"));
        let encoding = encodings.by_ref().collect::<Vec<_>>().join(", ");
        let announced = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.trim().parse().ok());
        let mut body = Body::new(&encoding, announced, options.max_bytes).map_err(unfit)?;
        // The permits are never closed, so one always comes.
        let _permit = self.shared.bodies.acquire().await;
        let mut deadline = Instant::now() + options.stall_time;
        let mut then = 0;
        loop {
            match timeout_at(deadline, response.chunk()).await {
                Ok(Ok(Some(bytes))) => body.take(&bytes).map_err(unfit)?,
                Ok(Ok(None)) => break,
                Ok(Err(error)) => return Err(broken_off(url, &error.without_url())),
                Err(_) => {
                    let detail = format!(
                        "{} sent {} bytes and then next to nothing for {:?}",
                        shown(url),
                        body.wire(),
                        options.stall_time
                    );
                    return Err(passing(DownloadFailure::Stalled, detail));
                }
            }
            if body.wire() - then >= MIN_PROGRESS {
                then = body.wire();
                deadline = Instant::now() + options.stall_time;
            }
        }
        let wire_bytes = u64::try_from(body.wire()).unwrap_or(u64::MAX);
        let bytes = Bytes::from(body.finish().map_err(unfit)?);
        let (content_type, charset) = content_type(response.headers());
        let (etag, last_modified) = validators(response.headers());
        Ok(Page {
            bytes,
            wire_bytes,
            status: response.status().as_u16(),
            charset,
            content_type,
            etag,
            last_modified,
            url: kept(url),
            requests: self.requests,
        })
    }

    /// A request to which there was no answer.
    fn unanswered(&self, url: &Url, redirected: bool, error: &reqwest::Error) -> Failure {
        let cause = Cause::of(error);
        let detail = |what: &str| format!("{} {what}: {}", shown(url), chain(error));
        let proxy = |via: &super::Via| {
            let detail = format!("the proxy {} on the way to {}: {}", via.endpoint, shown(url), chain(error));
            failed(DownloadFailure::ProxyFailed, detail).into()
        };
        if let Some(via) = &self.ask.via {
            let sites = match cause {
                Cause::Misled(misled) => !misled.proxys,
                // Over a proxy that is spoken to over TLS nothing tells whose certificate it was.
                Cause::Tls => via.scheme != ViaScheme::Https,
                Cause::Local => true,
                _ => false,
            };
            if !sites {
                return proxy(via);
            }
        }
        match cause {
            Cause::Misled(Misled { not_public: true, .. }) => not_public(url, redirected).into(),
            Cause::Misled(_) => {
                failed(DownloadFailure::Unresolved, format!("{}: the name has no address", shown(url))).into()
            }
            Cause::Tls => failed(DownloadFailure::TlsFailed, detail("cannot be reached over TLS")).into(),
            Cause::Refused => failed(DownloadFailure::Refused, detail("refuses connections")).into(),
            Cause::Unreachable => failed(DownloadFailure::Unreachable, detail("cannot be reached")).into(),
            Cause::Timeout => passing(DownloadFailure::Timeout, detail("did not connect in time")),
            Cause::Local => failed(DownloadFailure::LocalError, detail("cannot be asked from here")).into(),
            Cause::Broken => passing(DownloadFailure::Broken, detail("broke off")),
        }
    }
}

fn not_public(url: &Url, redirected: bool) -> DownloadError {
    if redirected {
        let detail = format!("a redirect leads to {}, which is not public", shown(url));
        failed(DownloadFailure::RedirectPrivate, detail)
    } else {
        failed(DownloadFailure::NotPublic, format!("{} is not public", shown(url)))
    }
}

/// A body that ended before its end.
fn broken_off(url: &Url, error: &reqwest::Error) -> Failure {
    let detail = format!("{} broke off in the middle: {}", shown(url), chain(error));
    passing(DownloadFailure::Broken, detail)
}

/// What lies at the bottom of an error.
#[derive(Clone, Copy)]
enum Cause {
    Misled(Misled),
    Tls,
    Refused,
    Unreachable,
    Timeout,
    Local,
    Broken,
}

impl Cause {
    fn of(error: &reqwest::Error) -> Self {
        let mut cause = if error.is_timeout() { Self::Timeout } else { Self::Broken };
        let mut at: Option<&(dyn StdError + 'static)> = Some(error);
        while let Some(link) = at {
            if let Some(misled) = link.downcast_ref::<Misled>() {
                return Self::Misled(*misled);
            }
            if link.is::<rustls::Error>() {
                return Self::Tls;
            }
            if let Some(io) = link.downcast_ref::<io::Error>() {
                if local_failure(io) {
                    return Self::Local;
                }
                match io.kind() {
                    io::ErrorKind::ConnectionRefused => cause = Self::Refused,
                    io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                        cause = Self::Unreachable;
                    }
                    io::ErrorKind::TimedOut => cause = Self::Timeout,
                    _ => {}
                }
                // What an error of IO wraps is not among its sources.
                at = io.get_ref().map(|inner| inner as &(dyn StdError + 'static));
            } else {
                at = link.source();
            }
        }
        cause
    }
}

/// What an error says, down to its bottom, in one printable line.
pub(super) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut at = Some(error);
    while let Some(link) = at {
        let text = link.to_string();
        // Many say what their source says, too.
        if texts.last().is_none_or(|last| !last.contains(&text)) {
            texts.push(text);
        }
        at = match link.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
            None => link.source(),
        };
    }
    clean(&texts.join(": "))
}

/// Text that may hold a stranger's bytes, without control characters and not too long.
fn clean(text: &str) -> String {
    text.chars().take(MAX_DETAIL).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
