//! A world: judges and proxies on one block of addresses, made from a seed, ended when it is dropped.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use socket2::Socket;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::block::Block;
use super::fault::Fault;
use super::judge::{Askable, Bound, JudgeKind, JudgeSpec, LabJudge};
use super::mix::Mix;
use super::net::{Gauge, Net, Traffic, listen};
use super::proxy::{Account, Listed, Proxy, ProxySpec, blackhole, serve};
use super::tls::Authority;
use super::truth::Truth;

/// How long [`World::stop`] waits for its tasks. They all end at once; longer means that one hangs.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// What a world is to be made of.
#[must_use = "a builder makes nothing until it is started"]
pub struct WorldBuilder {
    seed: u64,
    judges: Vec<JudgeSpec>,
    proxies: Vec<ProxySpec>,
    mixes: Vec<(Mix, usize)>,
    names: HashMap<String, IpAddr>,
}

/// A running world. Dropping it ends every task and closes every socket of it.
#[must_use = "a world ends when it is dropped"]
pub struct World {
    net: Arc<Net>,
    judges: Vec<LabJudge>,
    proxies: Mutex<Vec<LabProxy>>,
    next: AtomicUsize,
}

/// A proxy of the world. Clones speak of the same proxy.
#[derive(Clone)]
pub struct LabProxy {
    /// Where it listens, or would.
    pub addr: SocketAddr,
    /// The address from which it leaves, unless it leaves from the client's.
    pub exit: IpAddr,
    /// What is true of it.
    pub truth: Truth,
    /// How it was made.
    pub spec: ProxySpec,
    dials: Arc<AtomicU64>,
    _sockets: Arc<Vec<Socket>>,
}

impl WorldBuilder {
    /// Adds a judge.
    pub fn judge(mut self, judge: impl Into<JudgeSpec>) -> Self {
        self.judges.push(judge.into());
        self
    }

    /// Adds one proxy.
    pub fn proxy(mut self, spec: ProxySpec) -> Self {
        self.proxies.push(spec);
        self
    }

    /// Adds this many proxies, drawn from a mix.
    pub fn proxies(mut self, mix: Mix, count: usize) -> Self {
        self.mixes.push((mix, count));
        self
    }

    /// Lets the world's proxies resolve a name. Only loopback addresses are ever dialled.
    pub fn name(mut self, name: &str, address: IpAddr) -> Self {
        self.names.insert(name.to_ascii_lowercase(), address);
        self
    }

    /// Starts everything; all listens when this returns.
    ///
    /// # Errors
    /// When no block of addresses is free, a socket cannot be had (raise the limit of open files for a large world), or
    /// a certificate cannot be made.
    pub async fn start(self) -> io::Result<World> {
        let block = Block::claim(self.seed)?;
        let authority = Authority::new("Proxydeck lab judges")?;
        let mut names = self.names;
        let mut askable = Askable::default();
        let mut bound = Vec::new();
        for (number, spec) in (0_u8..).zip(&self.judges) {
            let judge = Bound::bind(spec, number, &block, &authority)?;
            judge.tell(&mut askable);
            names.extend(judge.named());
            bound.push(judge);
        }
        let judges = bound.iter().map(Bound::ip).collect();
        let net = Arc::new(Net {
            judges,
            block,
            names: RwLock::new(names),
            authority,
            forger: Authority::new("A stranger's authority")?,
            askable,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            gauge: Gauge::default(),
        });
        let judges = bound.into_iter().map(|judge| judge.serve(&net)).collect();
        let world = World { net, judges, proxies: Mutex::default(), next: AtomicUsize::new(0) };
        for spec in self.proxies {
            world.add(spec).await?;
        }
        let mut rng = StdRng::seed_from_u64(self.seed);
        for (mix, count) in self.mixes {
            for _ in 0..count {
                world.add(mix.draw(&mut rng)).await?;
            }
        }
        Ok(world)
    }
}

impl World {
    /// Begins a world. The seed decides what its proxies are, and where, as long as that block is free.
    pub fn seeded(seed: u64) -> WorldBuilder {
        WorldBuilder {
            seed,
            judges: Vec::new(),
            proxies: Vec::new(),
            mixes: Vec::new(),
            names: HashMap::new(),
        }
    }

    /// Adds a proxy to the running world; it listens when this returns.
    ///
    /// # Errors
    /// When no socket can be had.
    pub async fn add(&self, spec: ProxySpec) -> io::Result<LabProxy> {
        let mut sockets = Vec::new();
        let (addr, exit, dials) = loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let addr = match (spec.entry, spec.fault) {
                (Some(entry), _) => SocketAddr::new(entry, self.net.block.entry(number)?.port()),
                (None, Some(Fault::Unreachable)) => Block::unreachable(number)?,
                _ => self.net.block.entry(number)?,
            };
            let exit = spec.exit_at(addr.ip(), self.net.block.exit(number));
            let dials = Arc::new(AtomicU64::new(0));
            let opened = match spec.fault {
                Some(Fault::Refused | Fault::Unreachable) => Ok(()),
                Some(Fault::Blackhole) => blackhole(addr).await.map(|filled| sockets = filled),
                _ => listen(addr).map(|listener| {
                    let proxy =
                        Proxy::new(spec.clone(), addr, exit, Arc::clone(&self.net), Arc::clone(&dials));
                    self.net.tasks.spawn(serve(proxy, listener));
                }),
            };
            match opened {
                // Another program may hold this very endpoint: then the next one is taken.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => continue,
                other => other?,
            }
            break (addr, exit, dials);
        };
        let truth = Truth::of(&spec, exit, &self.net.askable);
        let proxy = LabProxy { addr, exit, truth, spec, dials, _sockets: Arc::new(sockets) };
        self.proxies.lock().unwrap_or_else(PoisonError::into_inner).push(proxy.clone());
        Ok(proxy)
    }

    /// The judges, in the order in which they were added.
    #[must_use]
    pub fn judges(&self) -> &[LabJudge] {
        &self.judges
    }

    /// The first judge of a kind.
    #[must_use]
    pub fn judge(&self, kind: JudgeKind) -> Option<&LabJudge> {
        self.judges.iter().find(|judge| judge.kind == kind)
    }

    /// What to ask, one for each judge.
    #[must_use]
    pub fn judge_urls(&self) -> Vec<String> {
        self.judges.iter().map(|judge| judge.url.clone()).collect()
    }

    /// How a client finds the judges that are known by name: `HOST:PORT:ADDR`, as curl has it.
    #[must_use]
    pub fn resolve_args(&self) -> Vec<String> {
        let named = self.judges.iter().filter_map(|judge| judge.name.as_ref().map(|name| (name, judge.addr)));
        named.map(|(name, addr)| format!("{name}:{}:{}", addr.port(), addr.ip())).collect()
    }

    /// The certificate of the authority that signs for the judges.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.net.authority.pem()
    }

    /// The certificate of the authority that interceptors use.
    #[must_use]
    pub fn interceptor_ca_pem(&self) -> &str {
        self.net.forger.pem()
    }

    /// The proxies, in the order in which they were added.
    #[must_use]
    pub fn proxies(&self) -> Vec<LabProxy> {
        self.proxies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The world's list: one line for each proxy, each ended.
    #[must_use]
    pub fn list(&self) -> String {
        self.proxies().iter().map(|proxy| proxy.line() + "\n").collect()
    }

    /// What is true of each proxy: a JSON line each, with `proxy` and `line` beside the fields of [`Truth`].
    ///
    /// # Errors
    /// When it cannot be written as JSON, which does not happen.
    pub fn truths(&self) -> io::Result<String> {
        #[derive(serde::Serialize)]
        struct Line<'a> {
            proxy: SocketAddr,
            line: String,
            kind: &'static str,
            fault: Option<String>,
            #[serde(flatten)]
            truth: &'a Truth,
        }
        let mut text = String::new();
        for proxy in &self.proxies() {
            let line = Line {
                proxy: proxy.addr,
                line: proxy.line(),
                kind: proxy.spec.kind.as_str(),
                fault: proxy.spec.fault.map(|fault| format!("{fault:?}")),
                truth: &proxy.truth,
            };
            text.push_str(&serde_json::to_string(&line)?);
            text.push('\n');
        }
        Ok(text)
    }

    /// The most connections that all proxies together have accepted within any such span of time.
    #[must_use]
    pub fn busiest(&self, span: Duration) -> usize {
        self.net.gauge.busiest(span)
    }

    /// What all proxies have accepted together.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.net.gauge.read()
    }

    /// Ends the world and waits until its tasks are gone.
    ///
    /// # Errors
    /// When a task does not end in time.
    pub async fn stop(self) -> io::Result<()> {
        self.net.stop.cancel();
        self.net.tasks.close();
        Ok(tokio::time::timeout(STOP_LIMIT, self.net.tasks.wait()).await?)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.net.stop.cancel();
    }
}

impl LabProxy {
    /// The proxy as the world's list has it.
    #[must_use]
    pub fn line(&self) -> String {
        if self.spec.schemed {
            return self.url();
        }
        match self.listed_account() {
            Some(Account { user, secret }) => format!("{}:{user}:{secret}", self.addr),
            None => self.addr.to_string(),
        }
    }

    /// The proxy with its scheme, and with its account as far as the list has it.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = self.spec.scheme();
        match self.listed_account() {
            Some(Account { user, secret }) => format!("{scheme}://{user}:{secret}@{}", self.addr),
            None => format!("{scheme}://{}", self.addr),
        }
    }

    /// Connections that it has accepted. One that refuses cannot count.
    #[must_use]
    pub fn dials(&self) -> u64 {
        self.dials.load(Ordering::Relaxed)
    }

    fn listed_account(&self) -> Option<Account> {
        let account = self.spec.account.clone()?;
        match self.spec.listed {
            Listed::Right => Some(account),
            Listed::Wrong => Some(Account { secret: account.secret + "x", ..account }),
            Listed::Without => None,
        }
    }
}
