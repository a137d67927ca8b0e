//! `proxydeck-lab`: serves one simulated internet, so that a developer, a demo and a benchmark use the same world.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use proxydeck_tests::lab::{JudgeKind, JudgeSpec, Mix, World};
use tokio::signal::unix::{SignalKind, signal};
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
    let Cli { verb: Verb::Serve(options) } = Cli::parse();
    // A world of 20,000 with every tenth listening needs some thousands of descriptors; the usual soft limit is 1,024.
    rlimit::increase_nofile_limit(u64::MAX)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(options))
}

async fn serve(options: Serve) -> io::Result<()> {
    // The signals are ours before `ready` is said: whoever reads it may send one at once.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
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
    write(&options.list, &world.list())?;
    write(&options.judge_file, &lines(world.judge_urls()))?;
    if let Some(path) = &options.resolve_file {
        write(path, &lines(world.resolve_args()))?;
    }
    if let Some(path) = &options.ca {
        write(path, world.ca_pem())?;
    }
    if let Some(path) = &options.truth {
        write(path, &world.truths()?)?;
    }
    writeln!(io::stdout(), "ready")?;
    io::stdout().flush()?;
    let ended_by_itself = async {
        match options.seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = ended_by_itself => {}
        () = stdin_end(options.until_stdin_ends) => {}
    }
    world.stop().await
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

fn write(path: &Path, text: &str) -> io::Result<()> {
    std::fs::write(path, text)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
