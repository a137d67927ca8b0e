//! A host as we ask it: one request at a time, a pause between two, and left alone for as long as it wants. The ways to
//! it, each with a client of its own, lie with it.
//!
//! A way has its client because where may be dialled differs from way to way, and is decided where a name becomes
//! addresses: nowhere else can a name that changes its mind be caught.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use proxydeck_domain::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Proxy, redirect, retry};
use rustls::ClientConfig;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep_until};

use super::{DownloadOptions, Via, ViaScheme};
use crate::resolve::{Resolution, Resolver};

/// How long a connection is kept for the next request: pages of one list follow each other by the pause.
const IDLE: Duration = Duration::from_secs(5);
/// The ways to one host that are remembered: directly, and by some proxies that were tried.
const MAX_WAYS: usize = 8;
/// The longest list of headers over HTTP/2; over HTTP/1 hyper has limits of its own.
const MAX_HEADERS: u32 = 64 * 1024;

/// A host and its port.
#[derive(Debug, Default)]
pub(super) struct Host {
    gate: Mutex<Gate>,
}

/// What whoever has the turn may change.
#[derive(Debug, Default)]
struct Gate {
    /// Not before this is it asked again, by whatever way.
    next: Option<Instant>,
    ways: Vec<Way>,
}

#[derive(Debug)]
struct Way {
    key: WayKey,
    client: Client,
    /// By this way the host wants to be left alone until then.
    closed_until: Option<Instant>,
}

/// What makes ways differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WayKey {
    pub(super) via: Option<Via>,
    pub(super) allow_private: bool,
}

/// The turn at a host. While it is held nobody else asks there; when it is dropped, however that comes, the pause
/// begins.
pub(super) struct Turn<'a> {
    gate: MutexGuard<'a, Gate>,
    way: usize,
    began: Instant,
    min_pause: Duration,
    max_pause: Duration,
}

impl Host {
    /// Waits for the turn, and for the pause; there is none where the host wants to be left alone for longer than is
    /// waited here.
    pub(super) async fn turn(
        &self,
        key: &WayKey,
        options: &DownloadOptions,
        make: impl FnOnce() -> Result<Client, String>,
    ) -> Result<Turn<'_>, Closed> {
        let mut gate = self.gate.lock().await;
        let way = gate.way(key, make).map_err(Closed::Client)?;
        let now = Instant::now();
        let closed_until = gate.ways[way].closed_until.filter(|until| *until > now);
        if let Some(left) =
            closed_until.map(|until| until - now).filter(|left| *left > options.max_retry_after)
        {
            return Err(Closed::For(left));
        }
        if let Some(then) = gate.next.max(closed_until) {
            sleep_until(then).await;
        }
        let DownloadOptions { min_pause, max_pause, .. } = *options;
        Ok(Turn { gate, way, began: Instant::now(), min_pause, max_pause })
    }

    /// Whether there is nothing to remember about it.
    pub(super) fn is_forgettable(&self) -> bool {
        let now = Instant::now();
        let past = |then: &Option<Instant>| then.is_none_or(|then| then <= now);
        self.gate
            .try_lock()
            .is_ok_and(|gate| past(&gate.next) && gate.ways.iter().all(|way| past(&way.closed_until)))
    }
}

/// Why there is no turn.
#[derive(Debug)]
pub(super) enum Closed {
    /// The host wants to be left alone for so long yet.
    For(Duration),
    /// There can be no client for this way.
    Client(String),
}

impl Gate {
    /// The place of a way, which is made if it is new.
    fn way(&mut self, key: &WayKey, make: impl FnOnce() -> Result<Client, String>) -> Result<usize, String> {
        if let Some(known) = self.ways.iter().position(|way| way.key == *key) {
            return Ok(known);
        }
        let client = make()?;
        if self.ways.len() >= MAX_WAYS {
            self.ways.remove(0);
        }
        self.ways.push(Way { key: key.clone(), client, closed_until: None });
        Ok(self.ways.len() - 1)
    }
}

impl Turn<'_> {
    pub(super) fn client(&self) -> Client {
        self.gate.ways[self.way].client.clone()
    }

    /// The host said that it wants to be left alone.
    pub(super) fn close_for(&mut self, wait: Duration) {
        let way = self.way;
        self.gate.ways[way].closed_until = Some(Instant::now() + wait);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let pause = self.began.elapsed().min(self.max_pause).max(self.min_pause);
        self.gate.next = Some(Instant::now() + pause);
    }
}

/// A client for one way to one host.
pub(super) fn client(
    options: &DownloadOptions,
    tls: ClientConfig,
    resolver: &Arc<Resolver>,
    port: u16,
    key: &WayKey,
) -> Result<Client, reqwest::Error> {
    let site = Side { port, allow_private: key.allow_private };
    let proxy = key.via.as_ref().and_then(|via| {
        let side = Side { port: via.endpoint.port(), allow_private: via.allow_private };
        Some((via.endpoint.host().name()?.to_owned(), side))
    });
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(options.user_agent.as_str())
        .connect_timeout(options.dial_time)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(1)
        .http2_max_header_list_size(MAX_HEADERS)
        .dns_resolver(Arc::new(Names { resolver: Arc::clone(resolver), site, proxy }))
        // What the environment says of proxies is not what the user said to us.
        .no_proxy();
    if let Some(via) = &key.via {
        builder = builder.proxy(proxy_of(via)?);
    }
    builder.build()
}

fn proxy_of(via: &Via) -> Result<Proxy, reqwest::Error> {
    let scheme = match via.scheme {
        ViaScheme::Http => "http",
        ViaScheme::Https => "https",
        ViaScheme::Socks4 => "socks4",
        ViaScheme::Socks4a => "socks4a",
        ViaScheme::Socks5 => "socks5h",
    };
    let proxy = Proxy::all(format!("{scheme}://{}", via.endpoint))?;
    Ok(match &via.account {
        // The library knows no account of SOCKS4 and panics at one.
        Some(account) if !matches!(via.scheme, ViaScheme::Socks4 | ViaScheme::Socks4a) => {
            proxy.basic_auth(&account.user, account.secret.expose())
        }
        _ => proxy,
    })
}

/// One of the two that a client may dial: the site, or the proxy on the way to it.
#[derive(Clone, Copy, Debug)]
struct Side {
    port: u16,
    allow_private: bool,
}

/// Names to addresses that may be dialled. What this answers with is what is dialled, so that no name can lead elsewhere
/// once it was looked at.
#[derive(Debug)]
struct Names {
    resolver: Arc<Resolver>,
    site: Side,
    proxy: Option<(String, Side)>,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = Arc::clone(&self.resolver);
        let proxys = self.proxy.as_ref().filter(|(host, _)| host.eq_ignore_ascii_case(name.as_str()));
        let side = proxys.map_or(self.site, |(_, side)| *side);
        let misled = Misled { proxys: proxys.is_some(), not_public: false };
        Box::pin(async move {
            let name = name.as_str();
            let found = match resolver.ruled(name, side.port) {
                // What the user typed is not asked whether it is public.
                Some(ruled) => ruled,
                None => match resolver.look_up(name).await {
                    // A name that also leads into a private network is not trusted with any of its addresses.
                    Resolution::Found(all) if side.allow_private || all.iter().all(|ip| is_public(*ip)) => {
                        all
                    }
                    Resolution::Found(_) => return Err(Misled { not_public: true, ..misled }.into()),
                    Resolution::Unknown => return Err(misled.into()),
                },
            };
            // The port of the address that is asked for takes the place of this one.
            let addresses: Vec<SocketAddr> = found.iter().map(|ip| SocketAddr::new(*ip, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// A name that leads nowhere. It travels inside reqwest's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misled {
    /// The name is the proxy's, not the site's.
    pub(super) proxys: bool,
    /// It has addresses, but may not be dialled.
    pub(super) not_public: bool,
}

impl fmt::Display for Misled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.not_public {
            "the name leads into a network that is not public"
        } else {
            "the name has no address"
        })
    }
}

impl Error for Misled {}
