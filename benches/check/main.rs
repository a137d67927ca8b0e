//! The floor and the checker on the same lists in one run: CPU, memory and time of each, and the ratio.
//!
//! `make bench` builds what it needs. `cargo bench -p proxydeck-benches --bench check -- --only tls --runs 9` looks
//! closer at one scenario. What is never here: an assertion. A figure is read by people, who know how busy their
//! machine was; what must hold stands in `tests/`.

mod measure;
mod world;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Parser;
use measure::{Cost, measure};
use world::{World, closed_list};

/// Half a million endpoints: about what all public lists of a day hold together.
const WHOLE_NET: u32 = 500_000;
/// Bytes of a megabyte.
const MB: f64 = 1_000_000.0;

/// Measures the checker against the least that the same dials and exchanges can cost.
#[derive(Parser)]
struct Args {
    /// How often each scenario is run, floor and checker in turn
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Only the scenarios that have this in their name
    #[arg(long, default_value = "")]
    only: String,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

/// Which list is checked.
#[derive(Clone, Copy)]
enum List {
    /// That of the world.
    World,
    /// So many endpoints that refuse.
    Closed(u32),
}

/// What a scenario is about, beside the comparison with the floor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Cost,
    /// When the last result came.
    Deadline,
    /// How much longer it took than the waits that nobody can avoid. Has no floor.
    Waits,
}

struct Scenario {
    name: &'static str,
    list: List,
    /// None where it must be found out.
    protocol: Option<&'static str>,
    concurrency: u32,
    seconds: u32,
    about: About,
    /// What is asked for: the ratio of CPU, and megabytes.
    asked: (Option<f64>, Option<f64>),
    /// Long ones are run fewer times.
    runs_at_most: u16,
}

impl Scenario {
    const fn new(name: &'static str, concurrency: u32) -> Self {
        Self {
            name,
            list: List::World,
            protocol: Some("http"),
            concurrency,
            seconds: 5,
            about: About::Cost,
            asked: (None, None),
            runs_at_most: u16::MAX,
        }
    }

    fn is_tls(&self) -> bool {
        self.protocol == Some("https")
    }
}

/// A world and what is measured in it.
struct Setting {
    lab: &'static [&'static str],
    scenarios: &'static [Scenario],
}

const SETTINGS: &[Setting] = &[
    Setting {
        lab: &["--proxies", "20000", "--mix", "refused", "--alive", "10", "--latency", "20", "--http-only"],
        scenarios: &[
            Scenario { asked: (Some(1.15), None), ..Scenario::new("refused 512", 512) },
            Scenario { asked: (Some(1.15), Some(30.0)), ..Scenario::new("refused 2048", 2048) },
            Scenario {
                protocol: Some("https"),
                asked: (Some(1.15), None),
                ..Scenario::new("refused tls 512", 512)
            },
            Scenario {
                list: List::Closed(WHOLE_NET),
                asked: (None, Some(120.0)),
                runs_at_most: 2,
                ..Scenario::new("half a million", 2048)
            },
        ],
    },
    Setting {
        // Late enough that all sockets are in use at once.
        lab: &["--proxies", "20000", "--mix", "refused", "--alive", "20", "--latency", "1000", "--http-only"],
        scenarios: &[Scenario {
            asked: (None, Some(30.0)),
            runs_at_most: 3,
            ..Scenario::new("in flight 2048", 2048)
        }],
    },
    Setting {
        lab: &["--proxies", "10000", "--mix", "mixed", "--latency", "20", "--http-only"],
        scenarios: &[Scenario::new("mixed 512", 512)],
    },
    Setting {
        lab: &["--proxies", "1000", "--mix", "hostile", "--latency", "20", "--http-only"],
        // All at once, so that the end of the run is one deadline after its beginning.
        scenarios: &[Scenario {
            about: About::Deadline,
            runs_at_most: 3,
            ..Scenario::new("hostile 1024", 1024)
        }],
    },
    Setting {
        // Silent ones are waited for in rounds of one deadline; with few rounds the last, half empty one would count for much.
        lab: &["--proxies", "20000", "--mix", "realistic", "--alive", "5", "--latency", "20"],
        scenarios: &[Scenario {
            protocol: None,
            seconds: 2,
            about: About::Waits,
            runs_at_most: 2,
            ..Scenario::new("unknown 512", 512)
        }],
    },
];

/// The programs that are measured, and where their files go.
struct Ground {
    floor: PathBuf,
    checker: PathBuf,
    lab: PathBuf,
    folder: tempfile::TempDir,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    // Cargo puts the programs of one profile side by side.
    let floor = PathBuf::from(env!("CARGO_BIN_EXE_proxydeck-floor"));
    let beside = |name: &str| floor.with_file_name(name);
    let ground = Ground {
        checker: beside("proxydeck"),
        lab: beside("proxydeck-lab"),
        floor,
        folder: tempfile::tempdir()?,
    };
    say(&format!(
        "{:<16} {:>9} {:>9} {:>6} {:>6} {:>9} {:>9} {:>6} {:>8} {:>8}  {}",
        "scenario",
        "floor",
        "checker",
        "ratio",
        "asked",
        "floor",
        "checker",
        "asked",
        "floor",
        "checker",
        "alive"
    ))?;
    say(&format!(
        "{:<16} {:>9} {:>9} {:>6} {:>6} {:>9} {:>9} {:>6} {:>8} {:>8}",
        "", "CPU s", "CPU s", "", "", "MB", "MB", "", "s", "s"
    ))?;
    for setting in SETTINGS {
        let wanted: Vec<&Scenario> =
            setting.scenarios.iter().filter(|s| s.name.contains(&args.only)).collect();
        if wanted.is_empty() {
            continue;
        }
        let world = World::start(&ground.lab, setting.lab, ground.folder.path())?;
        for scenario in wanted {
            compare(&ground, &world, scenario, args.runs.min(scenario.runs_at_most))?;
        }
    }
    if "import".contains(&args.only) {
        import(&ground, args.runs)?;
    }
    Ok(())
}

/// Runs floor and checker in turn and prints a row.
fn compare(ground: &Ground, world: &World, scenario: &Scenario, runs: u16) -> Result<(), Box<dyn Error>> {
    let home = ground.folder.path();
    let list = match scenario.list {
        List::World => world.list.clone(),
        List::Closed(count) => {
            let path = home.join("closed.txt");
            closed_list(&path, count)?;
            path
        }
    };
    let has_floor = scenario.about != About::Waits;
    let (mut floors, mut checkers) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        if has_floor {
            floors.push(measure(&ground.floor, &floor_arguments(scenario, &list, world), home)?);
        }
        checkers.push(measure(&ground.checker, &checker_arguments(scenario, &list, world), home)?);
    }
    let ratio = median(floors.iter().zip(&checkers).map(|(f, c)| c.cpu.as_secs_f64() / f.cpu.as_secs_f64()));
    let alive = checkers.last().map_or(Ok(0), |cost| alive_of(&cost.said))?;
    let floor_alive = floors.last().map_or("-", |cost| cost.said.trim());
    let (asked_ratio, asked_mb) = scenario.asked;
    say(&format!(
        "{:<16} {:>9} {:>9} {:>6} {:>6} {:>9} {:>9} {:>6} {:>8} {:>8}  {floor_alive} / {alive}",
        scenario.name,
        figure(median(floors.iter().map(cpu)), 3),
        figure(median(checkers.iter().map(cpu)), 3),
        figure(ratio, 2),
        figure(asked_ratio, 2),
        figure(median(floors.iter().map(mb)), 1),
        figure(median(checkers.iter().map(mb)), 1),
        figure(asked_mb, 0),
        figure(median(floors.iter().map(wall)), 2),
        figure(median(checkers.iter().map(wall)), 2),
    ))?;
    match scenario.about {
        About::Cost => Ok(()),
        About::Deadline => {
            let late = checkers.iter().map(wall).fold(0.0, f64::max) - f64::from(scenario.seconds);
            say(&format!(
                "    the last result came {late:.2} s after the deadline at the latest, with start and end of the program"
            ))
        }
        About::Waits => {
            let silent = world.with_fault("Silent")?;
            let waits = f64::from(silent * scenario.seconds) / f64::from(scenario.concurrency);
            let took = median(checkers.iter().map(wall)).unwrap_or_default();
            say(&format!(
                "    {silent} silent ones, one deadline of {} s each: {waits:.2} s at {} at a time; it took {:.2} times \
                 that, 1.25 asked",
                scenario.seconds,
                scenario.concurrency,
                took / waits
            ))
        }
    }
}

fn floor_arguments(scenario: &Scenario, list: &Path, world: &World) -> Vec<String> {
    let judge = if scenario.is_tls() { &world.tls_judge } else { &world.judge };
    let mut arguments = vec![
        list.display().to_string(),
        judge.clone(),
        scenario.concurrency.to_string(),
        scenario.seconds.to_string(),
    ];
    if scenario.is_tls() {
        arguments.push(world.ca.display().to_string());
    }
    arguments
}

fn checker_arguments(scenario: &Scenario, list: &Path, world: &World) -> Vec<String> {
    let judge = if scenario.is_tls() { &world.tls_judge } else { &world.judge };
    let mut arguments =
        vec!["check".to_owned(), list.display().to_string(), "--judge".to_owned(), judge.clone()];
    if scenario.is_tls() {
        arguments.extend(["--judge-ca".to_owned(), world.ca.display().to_string()]);
    }
    if let Some(protocol) = scenario.protocol {
        arguments.extend(["--protocol".to_owned(), protocol.to_owned()]);
    }
    let numbers = [("--concurrency", scenario.concurrency), ("--timeout", scenario.seconds)];
    arguments.extend(numbers.into_iter().flat_map(|(name, value)| [name.to_owned(), value.to_string()]));
    arguments.extend(["--allow-private".to_owned(), "--json".to_owned()]);
    arguments
}

/// Reads a long list and keeps nothing.
fn import(ground: &Ground, runs: u16) -> Result<(), Box<dyn Error>> {
    let home = ground.folder.path();
    let list = home.join("closed.txt");
    closed_list(&list, WHOLE_NET)?;
    let arguments =
        ["import", &list.display().to_string(), "--dry-run", "--allow-private"].map(str::to_owned);
    let costs: Vec<Cost> =
        (0..runs).map(|_| measure(&ground.checker, &arguments, home)).collect::<Result<_, _>>()?;
    say(&format!(
        "import --dry-run of {WHOLE_NET} lines: {} s (2 asked), {} MB (300 asked), {} s of CPU",
        figure(median(costs.iter().map(wall)), 2),
        figure(median(costs.iter().map(mb)), 1),
        figure(median(costs.iter().map(cpu)), 2),
    ))
}

/// How many live, by the checker's own summary.
fn alive_of(summary: &str) -> Result<u64, Box<dyn Error>> {
    let summary: serde_json::Value = serde_json::from_str(summary)?;
    Ok(summary["alive"].as_u64().ok_or("the checker's summary has no number of the living")?)
}

fn cpu(cost: &Cost) -> f64 {
    cost.cpu.as_secs_f64()
}

fn wall(cost: &Cost) -> f64 {
    cost.wall.as_secs_f64()
}

fn mb(cost: &Cost) -> f64 {
    // A float counts bytes exactly up to some thousand terabytes.
    #[allow(clippy::cast_precision_loss, reason = "see above")]
    let bytes = cost.peak as f64;
    bytes / MB
}

/// The figure in the middle, which a neighbour's work on this machine moves least.
fn median(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

fn figure(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

fn say(line: &str) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    // A row is shown when it is measured, not at the end.
    Ok(out.flush()?)
}
