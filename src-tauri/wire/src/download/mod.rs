//! Downloading what a source of proxies offers: politely, within limits that are named, and honestly accounted.
//!
//! The other half of this crate speaks its protocols by itself, because it is after their codes and stages. What is
//! downloaded is ordinary HTTP, and reqwest's business: connections, TLS, HTTP/2, the proxy on the way. What is ours
//! is everything that a stranger could abuse: where is dialled, where a redirect may lead, how much may come and what
//! it may grow to, how often and how fast a host is asked.

mod answer;
mod ask;
mod failure;
#[cfg(fuzzing)]
pub mod fuzzing;
mod host;
mod trip;
mod unpack;

pub use ask::{Ask, Via, ViaScheme};
pub use failure::{DownloadError, DownloadFailure};

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, WeakShared};
use reqwest::Client;
use reqwest::header::HeaderValue;
use rustls::ClientConfig;
use rustls::crypto::ring::default_provider;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::tls::roots;
use crate::{ResolveRule, Resolver};
use host::{Host, WayKey};

/// The most bytes of a body, on the wire and unpacked: the longest public list has some ten MiB.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// How long one ask may take altogether, beside waiting for its turn at a host: 32 MiB at 300 KiB a second, and what
/// pauses and second attempts need.
const TOTAL_TIME: Duration = Duration::from_secs(120);
/// How long resolving, connecting and TLS may take together.
const DIAL_TIME: Duration = Duration::from_secs(10);
/// How long the head of an answer may take: pages that are made when they are asked for need seconds.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// Within this time a body must have grown by [`MIN_PROGRESS`].
const STALL_TIME: Duration = Duration::from_secs(15);
/// A redirect to a mirror and one to its https twin are usual, five are generous.
const MAX_REDIRECTS: u32 = 5;
/// The first attempt and two more.
const ATTEMPTS: u32 = 3;
/// The longest time for which a host that asks for patience is waited for on the spot; beyond that the schedule waits.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(10);
/// The least pause between two requests to a host.
const MIN_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause that a slow host is given.
const MAX_PAUSE: Duration = Duration::from_secs(2);
/// Before the second attempt, at the least.
const BACKOFF: Duration = Duration::from_secs(1);

/// The most bodies that are read at once. Each may hold the limit of bytes twice while it grows, so this bounds memory.
const MAX_BODIES: usize = 16;
/// From so many hosts on those are forgotten that were not asked lately.
const MAX_HOSTS: usize = 256;

/// The limits of all downloads, and whose certificates are trusted.
#[derive(Clone, Debug)]
pub struct DownloadOptions {
    /// What we call ourselves. The truth: `Proxydeck/VERSION`.
    pub user_agent: String,
    /// The most bytes of a body, on the wire and unpacked.
    pub max_bytes: usize,
    /// How long one ask may take, beside waiting for its turn at a host.
    pub total_time: Duration,
    /// How long resolving, connecting and TLS may take together.
    pub dial_time: Duration,
    /// How long the head of an answer may take, connecting included.
    pub answer_time: Duration,
    /// How long a body may make next to no progress.
    pub stall_time: Duration,
    /// The most redirects that are followed.
    pub redirects: u32,
    /// How often is tried altogether where trying again may help.
    pub attempts: u32,
    /// The longest `Retry-After` that is waited for here.
    pub max_retry_after: Duration,
    /// The least time from the end of one request to a host to the beginning of the next. The pause is as long as the
    /// request took, so that a host is busy with us half of the time at most, and one that labours gets more rest.
    pub min_pause: Duration,
    /// The most that such a pause may take.
    pub max_pause: Duration,
    /// The least wait before the second attempt; it doubles from then on, and jitter makes each up to twice as long.
    pub backoff: Duration,
    /// What the jitter of those waits is drawn from.
    pub seed: u64,
    /// Certificates that are trusted beside the web's roots, as PEM.
    pub extra_roots: Option<Vec<u8>>,
    /// Addresses of names, given by the user as with `curl --resolve`. What the user typed is not asked whether it is
    /// public.
    pub resolve: Vec<ResolveRule>,
}

impl Default for DownloadOptions {
    fn default() -> Self {
        Self {
            user_agent: concat!("Proxydeck/", env!("CARGO_PKG_VERSION")).to_owned(),
            max_bytes: MAX_BYTES,
            total_time: TOTAL_TIME,
            dial_time: DIAL_TIME,
            answer_time: ANSWER_TIME,
            stall_time: STALL_TIME,
            redirects: MAX_REDIRECTS,
            attempts: ATTEMPTS,
            max_retry_after: MAX_RETRY_AFTER,
            min_pause: MIN_PAUSE,
            max_pause: MAX_PAUSE,
            backoff: BACKOFF,
            seed: 0,
            extra_roots: None,
            resolve: Vec::new(),
        }
    }
}

/// What came of a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// What was there last time still is.
    NotModified {
        /// The `ETag`: the one that came now, else the one that was asked with.
        etag: Option<String>,
        /// The `Last-Modified`: the one that came now, else the one that was asked with.
        last_modified: Option<String>,
        /// Where it was in the end, after redirects, without user and password.
        url: String,
        /// How many requests were made, redirects and retries counted.
        requests: u32,
    },
    /// A page.
    Fresh(Page),
}

/// A page as it came, unpacked and not decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The body, unpacked. Cloning it costs nothing.
    pub bytes: Bytes,
    /// How many bytes of the body came over the wire, before it was unpacked.
    pub wire_bytes: u64,
    /// Any status from 200 to 299 but 206.
    pub status: u16,
    /// The `charset` of the content type, in lower case. A claim: whoever decodes decides.
    pub charset: Option<String>,
    /// The content type without its parameters, in lower case.
    pub content_type: Option<String>,
    /// The `ETag`, for the next ask.
    pub etag: Option<String>,
    /// The `Last-Modified`, for the next ask.
    pub last_modified: Option<String>,
    /// Where it was in the end, after redirects, without user and password.
    pub url: String,
    /// How many requests were made, redirects and retries counted.
    pub requests: u32,
}

/// Downloads. Cheap to clone: clones share their turns at hosts, and what is under way.
///
/// How many asks are made at once is the caller's to bound: each costs a socket. Bodies are read some at a time, however
/// many were begun.
///
/// Nothing is set up before the first download: whoever never downloads pays for no client and no roots.
#[derive(Clone)]
pub struct Downloader(Arc<Shared>);

impl fmt::Debug for Downloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Downloader")
    }
}

impl Downloader {
    /// A downloader with these limits.
    ///
    /// # Errors
    /// [`DownloadFailure::LocalError`] when the extra roots hold no certificate, or the user agent is no header.
    pub fn new(options: DownloadOptions) -> Result<Self, DownloadError> {
        let local = |detail: String| DownloadError::new(DownloadFailure::LocalError, detail);
        if HeaderValue::from_str(&options.user_agent).is_err() {
            return Err(local("the user agent holds what no header can".to_owned()));
        }
        let tls = OnceLock::new();
        if options.extra_roots.is_some() {
            let _ = tls.set(tls_config(options.extra_roots.as_deref()).map_err(local)?);
        }
        Ok(Self(Arc::new(Shared {
            resolver: Arc::new(Resolver::new(options.resolve.clone())),
            options,
            tls,
            hosts: Mutex::default(),
            flights: Mutex::default(),
            bodies: Semaphore::new(MAX_BODIES),
        })))
    }

    /// Downloads one address. The same one asked for meanwhile is fetched once, and both get what comes; calling one
    /// of them off leaves the other.
    ///
    /// # Errors
    /// [`DownloadError`] says why nothing came.
    pub async fn fetch(&self, ask: &Ask, cancel: &CancellationToken) -> Result<Fetched, DownloadError> {
        let called_off = || DownloadError::new(DownloadFailure::Cancelled, "it was called off");
        if cancel.is_cancelled() {
            return Err(called_off());
        }
        let flight = self.0.flight(ask);
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(called_off()),
            outcome = flight => outcome,
        }
    }
}

/// What comes of a flight, for all who wait for it.
type Outcome = Result<Fetched, DownloadError>;
type Flight = futures_util::future::Shared<BoxFuture<'static, Outcome>>;
type WeakFlight = WeakShared<BoxFuture<'static, Outcome>>;

/// What the clones of a downloader share.
struct Shared {
    options: DownloadOptions,
    resolver: Arc<Resolver>,
    tls: OnceLock<ClientConfig>,
    hosts: Mutex<HashMap<(String, u16), Arc<Host>>>,
    flights: Mutex<Flights>,
    bodies: Semaphore,
}

/// What is under way. Each flight is flown by those who wait for it: none of them has a task, and the last one to leave
/// ends it.
#[derive(Default)]
struct Flights {
    next: u64,
    under_way: HashMap<Ask, (u64, WeakFlight)>,
}

impl Shared {
    /// The flight for this ask: the one that is under way, or a new one.
    fn flight(self: &Arc<Self>, ask: &Ask) -> Flight {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.under_way.get(ask).and_then(|(_, flight)| flight.upgrade()) {
            return flight;
        }
        let number = flights.next;
        flights.next += 1;
        let landing = Landing { shared: Arc::clone(self), ask: ask.clone(), number };
        let flight = async move { trip::fetch(&landing.shared, &landing.ask).await }.boxed().shared();
        // One that was not polled yet can always be told weakly.
        if let Some(weak) = flight.downgrade() {
            flights.under_way.insert(ask.clone(), (number, weak));
        }
        flight
    }

    fn host(&self, url: &Url) -> Arc<Host> {
        let key = (url.host_str().unwrap_or_default().to_owned(), port_of(url));
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MAX_HOSTS {
            hosts.retain(|_, host| Arc::strong_count(host) > 1 || !host.is_forgettable());
        }
        Arc::clone(hosts.entry(key).or_default())
    }

    fn client(&self, url: &Url, key: &WayKey) -> Result<Client, String> {
        let tls = match self.tls.get() {
            Some(tls) => tls,
            None => {
                let made = tls_config(None)?;
                self.tls.get_or_init(|| made)
            }
        };
        host::client(&self.options, tls.clone(), &self.resolver, port_of(url), key)
            .map_err(|error| trip::chain(&error))
    }
}

fn port_of(url: &Url) -> u16 {
    url.port_or_known_default().unwrap_or_default()
}

/// Takes a flight off the table when it has landed or nobody waits for it any more.
struct Landing {
    shared: Arc<Shared>,
    ask: Ask,
    number: u64,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut flights = self.shared.flights.lock().unwrap_or_else(PoisonError::into_inner);
        // Another may have set out meanwhile, if this one was left by everybody.
        if flights.under_way.get(&self.ask).is_some_and(|(number, _)| *number == self.number) {
            flights.under_way.remove(&self.ask);
        }
    }
}

/// TLS as the web has it: certificates that do not verify end the connection.
fn tls_config(extra: Option<&[u8]>) -> Result<ClientConfig, String> {
    let roots = roots(extra, "the extra certificates").map_err(|error| error.to_string())?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
