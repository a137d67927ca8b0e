//! A fake web: sites on loopback whose pages are lists of proxies, and everything else that lists of proxies turn out to
//! be. It writes down who asked for what, when, and how many at once.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use proxydeck_tests::lab::{Page, SiteSpec, Web};
//!
//! let web = Web::seeded(7)?;
//! let site = web.site(SiteSpec::default().named("lists.example.com"))?;
//! let url = site.page("/proxies.txt", Page::Etag(1000))?;
//! // … something downloads `url`, with `web.resolve_args()` …
//! assert_eq!(site.visits("/proxies.txt")[0].field("User-Agent"), Some("curl/8.5.0"));
//! # Ok(())
//! # }
//! ```

mod lists;
mod page;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use lists::{ListedSource, Shape, invented, sources, text_list};
pub use page::{Coding, Page, Patience};

use super::block::Block;
use super::http::{Answer, Field, Head};
use super::net::listen;
use super::peer::Peer;
use super::tls::{Authority, host_of};
use page::{Reply, Served};

/// A kept connection on which no request comes is closed after this.
const IDLE_LIMIT: Duration = Duration::from_secs(60);
/// The visits that a site remembers; older ones are forgotten, so that a web that is left running does not grow.
const MAX_VISITS: usize = 10_000;
/// How long [`Web::stop`] waits for its tasks.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How much of an endless body is written at once.
const PIECE: usize = 64 * 1024;

/// A running fake web. Dropping it ends every task and closes every socket of it.
#[must_use = "a web ends when it is dropped"]
pub struct Web {
    seed: u64,
    ground: Arc<Ground>,
    next: AtomicU8,
    sites: Mutex<Vec<Site>>,
}

/// What the sites of one web share.
struct Ground {
    /// Held until the last task has closed its sockets.
    block: Block,
    authority: Authority,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// How a site is to be.
#[derive(Clone, Debug, Default)]
pub struct SiteSpec {
    name: Option<String>,
    tls: bool,
    at: Option<IpAddr>,
}

impl SiteSpec {
    /// Speaks TLS, with a certificate of the web's authority.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Is known by a name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_ascii_lowercase());
        self
    }

    /// Listens on this address, which must be one of the machine's own.
    #[must_use]
    pub fn at(mut self, address: IpAddr) -> Self {
        self.at = Some(address);
        self
    }
}

/// A site of the web: one host and port. Clones speak of the same site.
#[derive(Clone)]
pub struct Site {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its name, if it is known by one.
    pub name: Option<String>,
    /// `http://host:port`, without a slash at the end.
    pub base: String,
    seed: u64,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    pages: RwLock<HashMap<String, Arc<Served>>>,
    log: Mutex<Log>,
    open: AtomicU64,
    peak: AtomicU64,
    connections: AtomicU64,
}

#[derive(Default)]
struct Log {
    /// The number of the first visit that is remembered.
    first: u64,
    visits: VecDeque<Visit>,
    counts: HashMap<String, u64>,
}

/// A request that a site has read.
#[derive(Clone, Debug)]
pub struct Visit {
    /// What was asked for, with its query.
    pub target: String,
    /// When it was read.
    pub came: Instant,
    /// When the last byte of the answer was written, or the other side had gone; none while that is yet to come.
    pub ended: Option<Instant>,
    /// How many bytes of the answer were written, its head included.
    pub sent: u64,
    /// The address from which it came.
    pub from: IpAddr,
    fields: Vec<Field>,
}

impl Visit {
    /// The value of a header line.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value.as_str())
    }

    /// The names of all header lines, in lower case and in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.fields.iter().map(|field| field.name.to_ascii_lowercase()).collect()
    }
}

impl Web {
    /// A web without sites. The seed decides what stands in its lists.
    ///
    /// # Errors
    /// When no block of addresses is free, or no authority can be made.
    pub fn seeded(seed: u64) -> io::Result<Self> {
        let ground = Ground {
            block: Block::claim(seed)?,
            authority: Authority::new("Proxydeck lab web")?,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        Ok(Self { seed, ground: Arc::new(ground), next: AtomicU8::new(0), sites: Mutex::default() })
    }

    /// Adds a site, on an address of its own; it listens when this returns. It has the usual port where that is allowed.
    ///
    /// # Errors
    /// When no socket can be had, or the web has its 240 sites.
    pub fn site(&self, spec: SiteSpec) -> io::Result<Site> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= 240 {
            return Err(io::Error::other("a web has no more than 240 sites"));
        }
        let ip = spec.at.unwrap_or_else(|| IpAddr::V4(self.ground.block.judge(number)));
        let usual = if spec.tls { 443 } else { 80 };
        let listener = match listen(SocketAddr::new(ip, usual)) {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::AddrInUse) =>
            {
                listen(SocketAddr::new(ip, 0))?
            }
            other => other?,
        };
        let addr = listener.local_addr()?;
        let hosts: Vec<String> = spec.name.iter().cloned().chain([host_of(ip)]).collect();
        let tls = spec.tls.then(|| self.ground.authority.server(&hosts)).transpose()?.map(TlsAcceptor::from);
        let host = spec.name.clone().unwrap_or_else(|| match ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        });
        let scheme = if spec.tls { "https" } else { "http" };
        let port = if addr.port() == usual { String::new() } else { format!(":{}", addr.port()) };
        let site = Site {
            addr,
            name: spec.name,
            base: format!("{scheme}://{host}{port}"),
            seed: self.seed,
            state: Arc::default(),
        };
        self.sites.lock().unwrap_or_else(PoisonError::into_inner).push(site.clone());
        self.ground.tasks.spawn(serve(site.clone(), listener, tls, Arc::clone(&self.ground)));
        Ok(site)
    }

    /// The sites, in the order in which they were added.
    #[must_use]
    pub fn sites(&self) -> Vec<Site> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds so many sources with so many addresses together, spread over so many sites, each with an `ETag`. Answers with
    /// their addresses.
    ///
    /// # Errors
    /// As [`Web::site`].
    pub fn sources(&self, count: usize, addresses: usize, sites: usize) -> io::Result<Vec<String>> {
        let sites: Vec<Site> =
            (0..sites.max(1)).map(|_| self.site(SiteSpec::default())).collect::<io::Result<_>>()?;
        let listed = sources(self.seed, count, addresses).into_iter().enumerate();
        let add = |(number, source): (usize, ListedSource)| {
            let page = Page::EtagBody(source.shape.content_type().to_owned(), source.text.into_bytes());
            sites[number % sites.len()].page(&format!("/{}", source.name), page)
        };
        listed.map(add).collect()
    }

    /// How a client finds the sites that are known by name: `HOST:PORT:ADDR`, as curl has it.
    #[must_use]
    pub fn resolve_args(&self) -> Vec<String> {
        let rule = |site: &Site| {
            site.name.as_ref().map(|name| format!("{name}:{}:{}", site.addr.port(), site.addr.ip()))
        };
        self.sites().iter().filter_map(rule).collect()
    }

    /// The certificate of the authority that signs for the sites.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.ground.authority.pem()
    }

    /// Ends the web and waits until its tasks are gone.
    ///
    /// # Errors
    /// When a task does not end in time.
    pub async fn stop(self) -> io::Result<()> {
        self.ground.stop.cancel();
        self.ground.tasks.close();
        Ok(tokio::time::timeout(STOP_LIMIT, self.ground.tasks.wait()).await?)
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.ground.stop.cancel();
    }
}

impl Site {
    /// Puts a page at a path, in place of what was there, and answers with its address.
    ///
    /// # Errors
    /// When its body cannot be packed.
    pub fn page(&self, path: &str, page: Page) -> io::Result<String> {
        let served = Arc::new(Served::new(page, self.seed)?);
        self.state.pages.write().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), served);
        Ok(self.url(path))
    }

    /// One page of every sort, each at a path that names it; `elsewhere` is where redirects lead.
    ///
    /// # Errors
    /// As [`Site::page`].
    pub fn one_of_each(&self, elsewhere: &str) -> io::Result<Vec<String>> {
        let second = Duration::from_secs(1);
        let text = |text: &str| text.to_owned();
        let pages = [
            ("/list.txt", Page::List(1000)),
            ("/100000.txt", Page::List(100_000)),
            ("/etag.txt", Page::Etag(1000)),
            ("/last-modified.txt", Page::LastModified(1000)),
            ("/frozen.txt", Page::Frozen(1000)),
            ("/changing.txt", Page::Changing(1000)),
            ("/appending.txt", Page::Appending(1000, 10)),
            ("/429-seconds", Page::Limited(Patience::Seconds(2), Some(1))),
            ("/429-date", Page::Limited(Patience::Date(3), Some(1))),
            ("/429-hour", Page::Limited(Patience::Seconds(3600), None)),
            ("/503-once", Page::Unavailable(Patience::Unsaid, 1)),
            ("/500", Page::Status(500)),
            ("/404", Page::Status(404)),
            ("/410", Page::Status(410)),
            ("/304", Page::NotModified),
            ("/late", Page::Late(3 * second)),
            ("/silent", Page::Silent),
            ("/drip", Page::Drip(second)),
            ("/standstill", Page::Standstill),
            ("/endless", Page::Endless),
            ("/huge", Page::Huge(1 << 40)),
            ("/gzip", Page::Packed(Coding::Gzip, 1000)),
            ("/brotli", Page::Packed(Coding::Brotli, 1000)),
            ("/zstd", Page::Packed(Coding::Zstd, 1000)),
            ("/bomb", Page::Bomb(Coding::Gzip, 256)),
            ("/mispacked", Page::Mispacked(text("gzip"))),
            ("/short", Page::Short(1000)),
            ("/reset-once", Page::Reset(1)),
            ("/wrong-charset", Page::WrongCharset),
            ("/utf-16", Page::Utf16(1000)),
            ("/redirect", Page::Redirect(302, text("/list.txt"))),
            ("/redirect-loop", Page::Redirect(302, text("/redirect-loop"))),
            ("/redirect-elsewhere", Page::Redirect(302, elsewhere.to_owned())),
            ("/redirect-file", Page::Redirect(302, text("file:///etc/passwd"))),
            ("/redirect-ftp", Page::Redirect(302, text("ftp://lists.example.com/list.txt"))),
            ("/redirect-private", Page::Redirect(302, text("http://127.0.0.1:1/"))),
            ("/portal", Page::Portal),
            ("/captcha", Page::Captcha),
            ("/error", Page::ErrorPage),
            ("/truncated.json", Page::TruncatedJson(1000)),
            ("/pages", Page::Numbered(5, 100)),
            ("/account", Page::Account(text("ann"), text("s3cret"))),
            ("/garbage", Page::Garbage),
        ];
        pages.into_iter().map(|(path, page)| self.page(path, page)).collect()
    }

    /// The address of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The visits to a path, with or without a query, in order.
    #[must_use]
    pub fn visits(&self, path: &str) -> Vec<Visit> {
        let mut visits = self.all_visits();
        visits.retain(|visit| path_of(&visit.target) == path);
        visits
    }

    /// All visits that are remembered, in order.
    #[must_use]
    pub fn all_visits(&self) -> Vec<Visit> {
        self.state.log.lock().unwrap_or_else(PoisonError::into_inner).visits.iter().cloned().collect()
    }

    /// The most requests that were being answered at once.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.state.peak.load(Ordering::Relaxed)
    }

    /// Connections that it has accepted.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.state.connections.load(Ordering::Relaxed)
    }
}

fn path_of(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

impl State {
    /// Writes a visit down; answers with its number among all, and among those to its path.
    fn came(&self, target: &str, from: IpAddr, fields: Vec<Field>) -> (u64, u64) {
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(open, Ordering::Relaxed);
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.visits.len() == MAX_VISITS {
            log.visits.pop_front();
            log.first += 1;
        }
        let visit =
            Visit { target: target.to_owned(), came: Instant::now(), ended: None, sent: 0, from, fields };
        log.visits.push_back(visit);
        let number = log.first + log.visits.len() as u64 - 1;
        let count = log.counts.entry(path_of(target).to_owned()).or_default();
        *count += 1;
        (number, *count)
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut Visit)) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let place = number.checked_sub(log.first).and_then(|place| usize::try_from(place).ok());
        if let Some(visit) = place.and_then(|place| log.visits.get_mut(place)) {
            change(visit);
        }
    }
}

/// A visit that is being answered; it ends when this is dropped.
struct Answering<'a> {
    state: &'a State,
    number: u64,
}

impl Answering<'_> {
    async fn send(&self, peer: &mut Peer, bytes: &[u8]) -> io::Result<()> {
        peer.send(bytes).await?;
        self.state.change(self.number, |visit| visit.sent += bytes.len() as u64);
        Ok(())
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        self.state.open.fetch_sub(1, Ordering::Relaxed);
        self.state.change(self.number, |visit| visit.ended = Some(Instant::now()));
    }
}

/// Accepts until the web ends.
async fn serve(site: Site, listener: TcpListener, tls: Option<TlsAcceptor>, ground: Arc<Ground>) {
    loop {
        let accepted = tokio::select! {
            () = ground.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        // Descriptors may run out for a moment.
        let Ok((stream, from)) = accepted else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        site.state.connections.fetch_add(1, Ordering::Relaxed);
        let (state, tls, stop) = (Arc::clone(&site.state), tls.clone(), ground.stop.clone());
        ground.tasks.spawn(async move {
            // A visitor who leaves is no fault of the web's.
            let _ = stop.run_until_cancelled(talk(&state, stream, tls, from.ip())).await;
        });
    }
}

async fn talk(state: &State, stream: TcpStream, tls: Option<TlsAcceptor>, from: IpAddr) -> io::Result<()> {
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        // A second handle on the socket, since the first goes where nobody can tell it anything.
        let socket = socket2::SockRef::from(&stream).try_clone()?;
        let reset = move || socket.set_linger(Some(Duration::ZERO));
        return answer_all(state, Peer::new(stream), from, &reset).await;
    };
    let stream = tls.accept(stream).await?;
    answer_all(state, Peer::new(stream), from, &|| Ok(())).await
}

/// Answers one request after the other.
async fn answer_all(
    state: &State,
    mut peer: Peer,
    from: IpAddr,
    reset: &(dyn Fn() -> io::Result<()> + Send + Sync),
) -> io::Result<()> {
    loop {
        let Some(bytes) = tokio::time::timeout(IDLE_LIMIT, peer.head()).await?? else { return Ok(()) };
        let read = Head::parse(&bytes).and_then(|head| head.request_line().map(|line| (head, line)));
        let Some((head, line)) = read else {
            peer.send(&Answer::new(400, "text/plain", "no request\n").to_bytes()).await?;
            return peer.finish().await;
        };
        let (number, count) = state.came(&line.target, from, head.fields.clone());
        let answering = Answering { state, number };
        let served = {
            let pages = state.pages.read().unwrap_or_else(PoisonError::into_inner);
            pages.get(path_of(&line.target)).cloned()
        };
        let reply = match &served {
            Some(served) => {
                tokio::time::sleep(served.delay()).await;
                served.reply(&head, &line.target, count)
            }
            None => Reply::Whole(Answer::new(404, "text/plain", "no such page\n")),
        };
        match reply {
            Reply::Whole(answer) => {
                answering.send(&mut peer, &answer.to_bytes()).await?;
            }
            Reply::Hang(bytes) => {
                answering.send(&mut peer, &bytes).await?;
                return peer.drain().await;
            }
            Reply::Drip(answer, pause) => {
                answering.send(&mut peer, &answer.head.to_bytes()).await?;
                for byte in answer.body {
                    tokio::time::sleep(pause).await;
                    answering.send(&mut peer, &[byte]).await?;
                }
            }
            Reply::Endless(start, piece) => {
                answering.send(&mut peer, &start).await?;
                loop {
                    answering.send(&mut peer, &piece).await?;
                }
            }
            Reply::Blanks(start, length) => {
                answering.send(&mut peer, &start).await?;
                let mut left = length;
                while left > 0 {
                    let piece = left.min(PIECE as u64);
                    answering.send(&mut peer, &vec![b' '; usize::try_from(piece).unwrap_or(PIECE)]).await?;
                    left -= piece;
                }
            }
            Reply::Cut(bytes) => {
                answering.send(&mut peer, &bytes).await?;
                drop(answering);
                return peer.finish().await;
            }
            Reply::Reset => return reset(),
        }
    }
}
