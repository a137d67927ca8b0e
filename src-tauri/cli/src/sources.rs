//! Collecting on the command line: a round over the sources, and the sources themselves.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};
use proxydeck_engine::api::dto::{
    CheckWhatDto, CollectProgressDto, CollectedDto, ListFormatDto, SourceDto, SourceEditDto, SourceNoteDto,
    SourceTestDto, SourceVisitDto, VisitDto, VisitOutcomeDto,
};
use proxydeck_engine::api::{self, Access, ApiError, CheckHow, CollectWatcher, Engine, ListSink, Rate};
use serde::Serialize;

use crate::Ending;
use crate::args::ProtocolArg;
use crate::terminal::{ProgressLine, note};
use crate::verbs::{checked_text, listening, say, summary, tell_notices, writing};

/// Lines that were not taken that `sources test` shows; with `--json` there are more.
const REFUSED_SHOWN: usize = 10;

#[derive(Debug, Args)]
pub(crate) struct CollectArgs {
    /// Sources to visit, by name, number or address [default: all that are on]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Check afterwards what was new
    #[arg(long)]
    check: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SourcesVerb {
    /// Show the sources and what each brings, the best first
    List,
    /// Add a source of your own
    Add(AddArgs),
    /// Change a source
    Edit(EditArgs),
    /// Switch sources on; one that paused by itself starts anew
    Enable(Named),
    /// Switch sources off
    Disable(Named),
    /// Take sources away; what they brought stays
    Remove(Named),
    /// Visit a source, or an address that is none yet, and tell what it would bring
    Test(TestArgs),
}

#[derive(Debug, Args)]
pub(crate) struct Named {
    /// By name, number or address
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,
    /// All of them
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Where the list is: an address (`{page}` counts up, `{a|b}` stands for each), or the whole path of a file
    #[arg(value_name = "ADDRESS")]
    address: String,
    #[command(flatten)]
    plan: PlanArgs,
    /// Do not visit it yet
    #[arg(long)]
    disabled: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    /// By name, number or address
    #[arg(value_name = "NAME")]
    source: String,
    /// Where the list is now
    #[arg(long)]
    address: Option<String>,
    #[command(flatten)]
    plan: PlanArgs,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// A source by name or number, or any address
    #[arg(value_name = "NAME|ADDRESS")]
    source: String,
    #[command(flatten)]
    plan: PlanArgs,
}

/// How a source is visited and read. What is not named stays as it is; an empty word takes it back.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// What it is called [default: made of the address]
    #[arg(long)]
    name: Option<String>,
    /// What its entries speak that do not say it
    #[arg(long, value_enum)]
    protocol: Option<ProtocolArg>,
    /// Minutes between two visits [default: 60]
    #[arg(long, value_name = "MINUTES")]
    interval: Option<u32>,
    /// 0 to 100; the highest is visited first [default: 50]
    #[arg(long, value_name = "N")]
    priority: Option<u8>,
    /// How it is written [default: told by what comes]
    #[arg(long, value_enum)]
    format: Option<ListFormatArg>,
    /// Its charset, where neither header nor content say it rightly
    #[arg(long)]
    charset: Option<String>,
    /// Where the proxies stand in JSON, such as '$.data[*]'
    #[arg(long, value_name = "PATH")]
    json_path: Option<String>,
    /// The CSS selector of an entry in a page
    #[arg(long, value_name = "CSS")]
    row: Option<String>,
    /// The CSS selector of the address within an entry
    #[arg(long, value_name = "CSS")]
    host: Option<String>,
    /// The CSS selector of the port within an entry
    #[arg(long, value_name = "CSS")]
    port: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ListFormatArg {
    Auto,
    Text,
    Csv,
    Json,
    Jsonl,
    Html,
    Xml,
    Yaml,
    Pac,
    Base64,
}

impl ListFormatArg {
    const fn chosen(self) -> Option<ListFormatDto> {
        match self {
            Self::Auto => None,
            Self::Text => Some(ListFormatDto::Text),
            Self::Csv => Some(ListFormatDto::Csv),
            Self::Json => Some(ListFormatDto::Json),
            Self::Jsonl => Some(ListFormatDto::Jsonl),
            Self::Html => Some(ListFormatDto::Html),
            Self::Xml => Some(ListFormatDto::Xml),
            Self::Yaml => Some(ListFormatDto::Yaml),
            Self::Pac => Some(ListFormatDto::Pac),
            Self::Base64 => Some(ListFormatDto::Base64),
        }
    }
}

impl PlanArgs {
    fn onto(&self, mut edit: SourceEditDto) -> SourceEditDto {
        fn put(field: &mut String, word: Option<&String>) {
            if let Some(word) = word {
                field.clone_from(word);
            }
        }
        put(&mut edit.name, self.name.as_ref());
        put(&mut edit.parser.charset, self.charset.as_ref());
        put(&mut edit.parser.json_path, self.json_path.as_ref());
        put(&mut edit.parser.row, self.row.as_ref());
        put(&mut edit.parser.host, self.host.as_ref());
        put(&mut edit.parser.port, self.port.as_ref());
        edit.protocol = self.protocol.map_or(edit.protocol, ProtocolArg::chosen);
        edit.parser.format = self.format.map_or(edit.parser.format, ListFormatArg::chosen);
        edit.interval_minutes = self.interval.unwrap_or(edit.interval_minutes);
        edit.priority = self.priority.unwrap_or(edit.priority);
        edit
    }
}

/// Visits sources, and checks what was new if that is wanted.
pub(crate) async fn collect(
    data_dir: Option<&Path>,
    json: bool,
    args: &CollectArgs,
) -> Result<Ending, ApiError> {
    let signals = listening()?;
    let engine = Engine::open(Access::Write, data_dir)?;
    tell_notices(&engine)?;
    let ids = match args.names.as_slice() {
        [] => None,
        names => Some(numbers(&engine, names)?),
    };
    let line = ProgressLine::new();
    let mut watcher = Shown { line: &line, tells: !json };
    let outcome = api::collect(&engine, ids, &mut watcher, signals.token()).await;
    line.end();
    let (collected, new) = outcome?;
    if json {
        summary(&collected, false)?;
    } else {
        note(&collected_text(&collected));
    }
    if signals.token().is_cancelled() {
        return Ok(Ending::Interrupted);
    }
    if !collected.visits.is_empty() && collected.visits.iter().all(|visited| is_failure(&visited.visit)) {
        return Err(ApiError::not_found("source that could be read")
            .hint("Look at what each says above, and whether this machine has a way to the internet."));
    }
    if args.check && !new.is_empty() {
        let line = ProgressLine::new();
        let what = CheckWhatDto::Ids { ids: new };
        let sink: Option<&mut dyn ListSink> = None;
        let how = CheckHow { sampled: true, rate: Rate::Unlimited, ..CheckHow::default() };
        let checked = api::check_pool(&engine, what, &how, sink, &mut &line, signals.token()).await;
        line.end();
        note(&checked_text(&checked?));
    }
    Ok(if signals.token().is_cancelled() { Ending::Interrupted } else { Ending::Done })
}

const fn is_failure(visit: &VisitDto) -> bool {
    matches!(visit.outcome, VisitOutcomeDto::Failed | VisitOutcomeDto::WrongPage)
}

struct Shown<'a> {
    line: &'a ProgressLine,
    /// Whether every source is told as it is done.
    tells: bool,
}

impl CollectWatcher for Shown<'_> {
    fn progress(&mut self, progress: &CollectProgressDto) {
        let told = format!("{} found, {} new", progress.found, progress.new);
        self.line.count(progress.done, progress.total, told);
    }

    fn visited(&mut self, visited: &SourceVisitDto) {
        if self.tells {
            self.line.say(&format!("{:<32} {}", visited.source, visit_text(&visited.visit)));
        }
    }
}

fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .unwrap_or_else(|| "-".to_owned())
}

/// How a visit ended, in one line.
fn visit_text(visit: &VisitDto) -> String {
    let outcome = word(&visit.outcome).replace('_', " ");
    let code = visit.code.map_or_else(String::new, |code| format!(" {code}"));
    match (&visit.failure, visit.outcome) {
        (Some(failure), _) => format!("{outcome}: {}{code}", failure.replace('_', " ")),
        (None, VisitOutcomeDto::Changed) => {
            let refused: u32 = visit.refused.iter().map(|refused| refused.count).sum();
            format!(
                "{} proxies, {} new, {} gone, {} doubles, {refused} refused ({:.1} s)",
                visit.accepted,
                visit.new,
                visit.gone,
                visit.duplicates,
                f64::from(visit.took_ms) / 1000.0
            )
        }
        (None, VisitOutcomeDto::Unchanged | VisitOutcomeDto::NotModified) => {
            format!("{} proxies, {outcome}", visit.accepted)
        }
        (None, _) => outcome,
    }
}

fn collected_text(collected: &CollectedDto) -> String {
    let outcomes: Vec<String> = collected
        .outcomes
        .iter()
        .map(|(outcome, count)| format!("{count} {}", outcome.replace('_', " ")))
        .collect();
    format!(
        "{} new proxies of {} from {} sources in {:.1} s ({})",
        collected.new,
        collected.found,
        collected.visits.len(),
        collected.seconds,
        outcomes.join(", "),
    )
}

fn numbers(engine: &Engine, names: &[String]) -> Result<Vec<i64>, ApiError> {
    names.iter().map(|name| api::source_named(engine, name)).collect()
}

/// How many sources a change was made to.
#[derive(Serialize)]
struct Changed {
    changed: usize,
}

/// Shows sources, or changes them.
pub(crate) async fn sources(
    data_dir: Option<&Path>,
    json: bool,
    verb: Option<&SourcesVerb>,
) -> Result<Ending, ApiError> {
    match verb {
        None | Some(SourcesVerb::List) => list(data_dir, json),
        Some(SourcesVerb::Test(args)) => test(data_dir, json, args).await,
        Some(SourcesVerb::Add(args)) => listening()?.at_once(|| {
            let engine = Engine::open(Access::Write, data_dir)?;
            let edit = args.plan.onto(api::source_at(&args.address));
            let added = api::source_add(&engine, &SourceEditDto { enabled: !args.disabled, ..edit })?;
            kept(json, &added, "added")
        }),
        Some(SourcesVerb::Edit(args)) => listening()?.at_once(|| {
            let engine = Engine::open(Access::Write, data_dir)?;
            let id = api::source_named(&engine, &args.source)?;
            let mut edit = args.plan.onto(api::source_as_written(&engine, id)?);
            if let Some(address) = &args.address {
                edit.address.clone_from(address);
            }
            kept(json, &api::source_edit(&engine, id, &edit)?, "changed")
        }),
        Some(SourcesVerb::Enable(named)) => {
            change(data_dir, json, named, "on", |engine, ids| api::sources_enable(engine, ids, true))
        }
        Some(SourcesVerb::Disable(named)) => {
            change(data_dir, json, named, "off", |engine, ids| api::sources_enable(engine, ids, false))
        }
        Some(SourcesVerb::Remove(named)) => change(data_dir, json, named, "removed", api::sources_remove),
    }
}

fn kept(json: bool, source: &SourceDto, how: &str) -> Result<Ending, ApiError> {
    if json {
        summary(source, false)?;
    } else {
        note(&format!("{} is {how}: {}", source.name, source.address));
    }
    Ok(Ending::Done)
}

fn change(
    data_dir: Option<&Path>,
    json: bool,
    named: &Named,
    how: &str,
    change: impl FnOnce(&Engine, &[i64]) -> Result<(), ApiError>,
) -> Result<Ending, ApiError> {
    listening()?.at_once(|| {
        let engine = Engine::open(Access::Write, data_dir)?;
        let ids = if named.all {
            api::sources(&engine)?.iter().map(|source| source.id).collect()
        } else {
            numbers(&engine, &named.names)?
        };
        change(&engine, &ids)?;
        if json {
            summary(&Changed { changed: ids.len() }, false)?;
        } else {
            let which = if named.all { format!("{} sources", ids.len()) } else { named.names.join(", ") };
            note(&format!("{which}: {how}"));
        }
        Ok(Ending::Done)
    })
}

fn list(data_dir: Option<&Path>, json: bool) -> Result<Ending, ApiError> {
    let engine = Engine::open(Access::Read, data_dir)?;
    tell_notices(&engine)?;
    let sources = api::sources(&engine)?;
    if json {
        summary(&sources, false)?;
        return Ok(Ending::Done);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    writeln!(
        out,
        "{:<6} {:<32} {:>8} {:>8} {:>8} {:>9}  last visit",
        "", "name", "has", "new", "works", "only here"
    )
    .map_err(|e| writing(&e))?;
    for source in &sources {
        writeln!(out, "{}", line(source)).map_err(|e| writing(&e))?;
    }
    out.flush().map_err(|e| writing(&e))?;
    Ok(Ending::Done)
}

/// A source as people read it.
fn line(source: &SourceDto) -> String {
    let state = match (source.enabled, source.paused) {
        (false, _) => "off",
        (true, Some(_)) => "paused",
        (true, None) => "on",
    };
    let mut last = source.last_visit.as_ref().map_or_else(|| "-".to_owned(), visit_text);
    if let Some(pause) = source.paused {
        last.push_str(&format!("; paused: {}", word(&pause).replace('_', " ")));
    }
    for told in &source.notes {
        last.push_str(&match told {
            SourceNoteDto::CopyOf { name, share, .. } => format!("; copy of {name} ({:.0} %)", share * 100.0),
            SourceNoteDto::Frozen { .. } => "; the same for weeks".to_owned(),
            SourceNoteDto::AppendOnly { .. } => "; only grows".to_owned(),
        });
    }
    let new = source.last_visit.as_ref().map_or(0, |visit| visit.new);
    format!(
        "{state:<6} {:<32} {:>8} {new:>8} {:>8} {:>9}  {last}",
        source.name, source.holds, source.working, source.only_here
    )
}

async fn test(data_dir: Option<&Path>, json: bool, args: &TestArgs) -> Result<Ending, ApiError> {
    let signals = listening()?;
    // Looking is enough, unless there is nothing to look into yet.
    let engine = Engine::open(Access::Read, data_dir).or_else(|_| Engine::open(Access::Write, data_dir))?;
    let known = match api::source_named(&engine, &args.source) {
        Ok(id) => api::source_as_written(&engine, id)?,
        Err(_) => api::source_at(&args.source),
    };
    let edit = args.plan.onto(known);
    let tested = api::source_test(&engine, &edit, signals.token()).await?;
    if signals.token().is_cancelled() {
        return Ok(Ending::Interrupted);
    }
    if json {
        summary(&tested, false)?;
    } else {
        say(&tested_text(&tested))?;
    }
    Ok(Ending::Done)
}

fn tested_text(tested: &SourceTestDto) -> String {
    let SourceTestDto { visit, .. } = tested;
    let mut lines = vec![format!("{}: {}", tested.address, visit_text(visit))];
    lines.extend(tested.detail.clone());
    if let Some(format) = visit.format {
        let by: Vec<String> =
            tested.protocols.iter().map(|(protocol, count)| format!("{count} {protocol}")).collect();
        lines.push(format!("read as {}; {}", word(&format), by.join(", ")));
    }
    lines.extend(tested.sample.iter().map(|proxy| format!("  {proxy}")));
    lines
        .extend(visit.refused.iter().map(|refused| format!("refused: {} {}", refused.count, refused.reason)));
    lines.extend(
        tested
            .refused_lines
            .iter()
            .take(REFUSED_SHOWN)
            .map(|refused| format!("  line {}: {} ({})", refused.line, refused.text, refused.reason)),
    );
    lines.join("\n")
}
