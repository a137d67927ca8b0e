//! `proxydeck-lab`: serves one simulated internet, or a fake web of sources, so that a developer, a demo and a benchmark use the same world.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use proxydeck_tests::lab::{JudgeKind, JudgeSpec, Mix, Page, SiteSpec, Web, World};
use proxydeck_tests::mmdb::database;
use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// A simulated internet on loopback: judges, and proxies of every sort.
#[derive(Parser)]
#[command(name = "proxydeck-lab", version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Starts a world, writes its files, prints `ready`, and runs until SIGINT, SIGTERM or `--seconds`.
    Serve(Serve),
    /// Starts a fake web of sources, prints their addresses, one a line, then `ready`, and runs until SIGINT, SIGTERM or
    /// `--seconds`.
    Web(WebOptions),
}

#[derive(Args)]
struct WebOptions {
    /// How many sources, in turn as text, CSV, JSON and as a table in a page.
    #[arg(long, default_value_t = 60)]
    sources: usize,
    /// How many addresses they have together. Every tenth stands in two sources.
    #[arg(long, default_value_t = 500_000)]
    addresses: usize,
    /// On how many sites they lie: 127.B.0.10 and on, each on port 80 where that is allowed.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u8).range(1..=200))]
    sites: u8,
    /// Adds a site with a page of every sort: redirects, error pages, bombs, drips.
    #[arg(long)]
    one_of_each: bool,
    /// What decides the lists.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Ends by itself after so many seconds.
    #[arg(long, value_name = "MAX")]
    seconds: Option<u64>,
    /// Ends when standard input ends.
    #[arg(long)]
    until_stdin_ends: bool,
}

#[derive(Args)]
struct Serve {
    /// How many proxies.
    #[arg(long, default_value_t = 200)]
    proxies: usize,
    /// What decides the world: the same seed gives the same proxies.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Where to write the list, one proxy a line.
    #[arg(long, value_name = "FILE")]
    list: PathBuf,
    /// Where to write the addresses of the judges, one a line.
    #[arg(long, value_name = "FILE")]
    judge_file: PathBuf,
    /// Where to write the certificate of the judges' authority; with it there is a judge over TLS too.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Where to write what is true of each proxy, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Gives the judges names, and writes `HOST:PORT:ADDR` for each, one a line.
    #[arg(long, value_name = "FILE")]
    resolve_file: Option<PathBuf>,
    /// Where to write a database that says in which country each proxy is entered and left, in MaxMind's format.
    #[arg(long, value_name = "FILE")]
    geo: Option<PathBuf>,
    /// How many of a hundred proxies live.
    #[arg(long, default_value_t = 10, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    alive: u8,
    /// What the dead ones are like.
    #[arg(long, default_value = "mixed")]
    mix: MixName,
    /// All speak HTTP and want no account.
    #[arg(long)]
    http_only: bool,
    /// How late the living answer on the average, in milliseconds.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    latency: u64,
    /// Ends by itself after so many seconds.
    #[arg(long, value_name = "MAX")]
    seconds: Option<u64>,
    /// Ends when standard input ends, so that the lab does not outlive a program that started it with a pipe.
    #[arg(long)]
    until_stdin_ends: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum MixName {
    /// All refuse.
    Refused,
    /// Nearly all refuse, some have an everyday fault.
    Mixed,
    /// Half of them deceive, waste time or send without end.
    Hostile,
    /// As lists from the open net are, with one in four that accepts and says nothing. Set `--alive 5` with it.
    Realistic,
}

fn main() -> io::Result<()> {
    let Cli { verb } = Cli::parse();
    // A world of 20,000 with every tenth listening needs some thousands of descriptors; the usual soft limit is 1,024.
    rlimit::increase_nofile_limit(u64::MAX)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match verb {
        Verb::Serve(options) => runtime.block_on(serve(options)),
        Verb::Web(options) => runtime.block_on(web(options)),
    }
}

/// What ends a lab. The signals are ours from when this is made: whoever reads `ready` may send one at once.
struct Ending {
    interrupt: Signal,
    terminate: Signal,
    seconds: Option<u64>,
    until_stdin_ends: bool,
}

impl Ending {
    fn new(seconds: Option<u64>, until_stdin_ends: bool) -> io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { interrupt, terminate, seconds, until_stdin_ends })
    }

    /// Says `ready` and waits for the end.
    async fn wait(mut self) -> io::Result<()> {
        writeln!(io::stdout(), "ready")?;
        io::stdout().flush()?;
        let ended_by_itself = async {
            match self.seconds {
                Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = ended_by_itself => {}
            () = stdin_end(self.until_stdin_ends) => {}
        }
        Ok(())
    }
}

async fn web(options: WebOptions) -> io::Result<()> {
    let ending = Ending::new(options.seconds, options.until_stdin_ends)?;
    let web = Web::seeded(options.seed)?;
    let mut addresses = web.sources(options.sources, options.addresses, usize::from(options.sites))?;
    if options.one_of_each {
        let elsewhere = web.site(SiteSpec::default())?.page("/list.txt", Page::List(1000))?;
        addresses.extend(web.site(SiteSpec::default())?.one_of_each(&elsewhere)?);
    }
    io::stdout().write_all(lines(addresses).as_bytes())?;
    ending.wait().await?;
    web.stop().await
}

async fn serve(options: Serve) -> io::Result<()> {
    let ending = Ending::new(options.seconds, options.until_stdin_ends)?;
    let named = options.resolve_file.is_some();
    let judge = |kind, name: &str| {
        let spec = JudgeSpec::new(kind);
        if named { spec.named(name) } else { spec }
    };
    let mut builder = World::seeded(options.seed)
        .judge(judge(JudgeKind::Own, "own.judge.lab"))
        .judge(judge(JudgeKind::Azenv, "azenv.judge.lab"));
    if options.ca.is_some() {
        builder = builder.judge(judge(JudgeKind::Own, "tls.judge.lab").tls());
    }
    let mix = match options.mix {
        MixName::Refused => Mix::refused(),
        MixName::Mixed => Mix::mixed(),
        MixName::Hostile => Mix::hostile(),
        MixName::Realistic => Mix::realistic(),
    };
    let mix = mix.alive(options.alive).latency(Duration::from_millis(options.latency));
    let mix = if options.http_only { mix.http_only() } else { mix };
    let world = builder.proxies(mix, options.proxies).start().await?;
    write(&options.list, world.list())?;
    write(&options.judge_file, lines(world.judge_urls()))?;
    if let Some(path) = &options.resolve_file {
        write(path, lines(world.resolve_args()))?;
    }
    if let Some(path) = &options.ca {
        write(path, world.ca_pem())?;
    }
    if let Some(path) = &options.truth {
        write(path, world.truths()?)?;
    }
    if let Some(path) = &options.geo {
        write(path, countries(&world))?;
    }
    ending.wait().await?;
    world.stop().await
}

/// The countries and networks of a simulated internet; the numbers of the networks are for documentation (RFC 5398).
const PLACES: [(&str, u32, &str); 8] = [
    ("TW", 64_496, "Formosa Example Telecom"),
    ("JP", 64_497, "Example Net Tokyo"),
    ("DE", 64_498, "Beispiel Netz"),
    ("US", 64_499, "Example Hosting"),
    ("SG", 64_500, "Lion City Example"),
    ("BR", 64_501, "Rede Exemplo"),
    ("NL", 64_502, "Voorbeeld Datacenter"),
    ("VN", 64_503, "Example Telecom Hanoi"),
];

/// A database of where the proxies of a world are entered and left: every address always in the same country, and the
/// first countries more often than the last.
fn countries(world: &World) -> Vec<u8> {
    let proxies = world.proxies();
    let addresses = proxies.iter().flat_map(|proxy| [proxy.addr.ip(), proxy.exit]);
    let networks: BTreeMap<Ipv4Addr, Value> = addresses
        .filter_map(|ip| if let IpAddr::V4(v4) = ip { Some(v4) } else { None })
        .map(|v4| {
            let [_, _, a, b] = v4.octets();
            let number = usize::from(a) * 256 + usize::from(b);
            let (code, asn, name) = PLACES[(number % 13 * (number % 7) / 10) % PLACES.len()];
            let place = json!({
                "country": { "iso_code": code },
                "autonomous_system_number": asn,
                "autonomous_system_organization": name,
            });
            (v4, place)
        })
        .collect();
    let networks: Vec<(Ipv4Addr, u8, Value)> =
        networks.into_iter().map(|(v4, place)| (v4, 32, place)).collect();
    database("Lab", &networks)
}

/// Waits for the end of standard input, or for ever when nobody asked.
async fn stdin_end(asked: bool) {
    if !asked {
        return std::future::pending().await;
    }
    // A thread of its own: a blocking read cannot be called off, and the runtime would wait for it at the end.
    let (ended, end) = oneshot::channel();
    thread::spawn(move || {
        let mut forgotten = [0; 256];
        while matches!(io::stdin().read(&mut forgotten), Ok(count) if count > 0) {}
        let _ = ended.send(());
    });
    let _ = end.await;
}

fn lines(texts: Vec<String>) -> String {
    texts.into_iter().map(|text| text + "\n").collect()
}

fn write(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
    std::fs::write(path, content)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
