//! What each verb does: the arguments become a call of the engine, its answer becomes text.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proxydeck_engine::api::dto::{
    ChangedDto, CheckStatsDto, CheckWhatDto, CheckedDto, ExportAskDto, ExportedDto, FacetDto, FormatDto,
    ImportedDto, NoticeCode, NoticeDto, ProgressDto, RowDto, StatsDto, UndoableDto, WhichDto,
};
use proxydeck_engine::api::{
    self, Access, ApiError, CheckHow, Defaults, Engine, ExportTo, Geo, LinesTo, ListHow, ListInput, ListSink,
    Rate, ResultsHow, ResultsWriter, Watcher, WholeFile,
};
use serde::Serialize;

use crate::args::{
    CheckArgs, Cli, DeleteArgs, ExportArgs, FormatArg, ImportArgs, JudgeArgs, ListArgs, Order, RangeArg,
    Reached, SettingsVerb, StatsArgs, TagArgs, TrustArg, UndeleteArgs, Verb,
};
use crate::signals::Interruption;
use crate::terminal::{ProgressLine, note};
use crate::{Ending, sources};

/// Rows that are fetched at once for the table of `list`.
const ROWS_AT_ONCE: u32 = 500;
/// Lines of one kind in `stats`: there are fewer reasons than this, and the first countries of some two hundred. With
/// `--json` all are told.
const STATS_SHOWN: usize = 25;

/// Does what was asked for.
pub(crate) async fn run(cli: Cli) -> Result<Ending, ApiError> {
    let Cli { data_dir, json, verb } = cli;
    let data_dir = data_dir.as_deref();
    match verb {
        Verb::Import(args) => {
            let signals = listening()?;
            signals.at_once(|| import(data_dir, json, &args, &signals))
        }
        Verb::Check(args) => check(data_dir, json, args).await,
        Verb::Collect(args) => sources::collect(data_dir, json, &args).await,
        Verb::Sources { verb } => sources::sources(data_dir, json, verb.as_ref()).await,
        Verb::List(args) => list(data_dir, json, &args),
        Verb::Export(args) => export(data_dir, json, &args),
        Verb::Tag(args) => listening()?.at_once(|| tag(data_dir, json, &args)),
        Verb::Delete(args) => listening()?.at_once(|| delete(data_dir, json, &args)),
        Verb::Undelete(args) => listening()?.at_once(|| undelete(data_dir, json, &args)),
        Verb::Stats(args) => stats(data_dir, json, &args),
        Verb::Judge(args) => judge(&args).await,
        Verb::Settings { verb: SettingsVerb::Path } => say(&api::settings_path(data_dir)?.to_string_lossy()),
    }
}

pub(crate) fn listening() -> Result<Interruption, ApiError> {
    Interruption::listen()
        .map_err(|error| ApiError::internal(format!("Signals could not be listened to: {error}.")))
}

pub(crate) fn writing(error: &io::Error) -> ApiError {
    ApiError::io("write", Path::new("standard output"), error)
}

/// Writes one line to standard output.
pub(crate) fn say(line: &str) -> Result<Ending, ApiError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|e| writing(&e))?;
    Ok(Ending::Done)
}

/// Writes a summary as one line of JSON: to standard output, or to standard error when that is taken.
pub(crate) fn summary(value: &impl Serialize, output_taken: bool) -> Result<(), ApiError> {
    let line = serde_json::to_string(value)
        .map_err(|error| ApiError::internal(format!("The summary could not be written down: {error}.")))?;
    if output_taken {
        note(&line);
        return Ok(());
    }
    say(&line).map(drop)
}

fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// Where lines go: a file that appears when it is whole, or standard output.
struct TextOutput {
    name: PathBuf,
    to: TextTo,
}

enum TextTo {
    Stdout(BufWriter<io::Stdout>),
    File(WholeFile),
}

impl TextOutput {
    fn create(path: &Path, signals: &Interruption) -> Result<Self, ApiError> {
        if is_stdout(path) {
            let to = TextTo::Stdout(BufWriter::new(io::stdout()));
            return Ok(Self { name: PathBuf::from("standard output"), to });
        }
        let file = WholeFile::create(path)?;
        if let Some(part) = file.part() {
            signals.takes_away(part);
        }
        Ok(Self { name: path.to_owned(), to: TextTo::File(file) })
    }

    fn lines(&mut self) -> LinesTo<'_> {
        let out: &mut dyn Write = match &mut self.to {
            TextTo::Stdout(stdout) => stdout,
            TextTo::File(file) => file,
        };
        LinesTo { name: &self.name, out }
    }

    fn finish(self) -> Result<(), ApiError> {
        match self.to {
            TextTo::Stdout(mut stdout) => stdout.flush().map_err(|e| writing(&e)),
            TextTo::File(file) => file.finish(),
        }
    }
}

fn import(
    data_dir: Option<&Path>,
    json: bool,
    args: &ImportArgs,
    signals: &Interruption,
) -> Result<Ending, ApiError> {
    let input = ListInput::of_argument(&args.file);
    let how = ListHow { protocol: args.protocol.chosen(), allow_private: args.allow_private };
    let taken = [&args.output, &args.refused].into_iter().flatten().any(|path| is_stdout(path));
    let create = |path: &PathBuf| TextOutput::create(path, signals);
    let mut refused = args.refused.as_ref().map(create).transpose()?;
    let counts = if args.dry_run {
        let mut output = args.output.as_ref().map(create).transpose()?;
        // The pool is asked what it knows only where there is one.
        let engine = Engine::open(Access::Read, data_dir).ok();
        let lines = output.as_mut().map(TextOutput::lines);
        let refused = refused.as_mut().map(TextOutput::lines);
        let counts = api::import_dry_run(engine.as_ref(), &input, how, lines, refused)?;
        output.map_or(Ok(()), TextOutput::finish)?;
        counts
    } else {
        let engine = Engine::open(Access::Write, data_dir)?;
        let counts = api::import_list(&engine, &input, how, refused.as_mut().map(TextOutput::lines))?;
        tell_notices(&engine)?;
        counts
    };
    refused.map_or(Ok(()), TextOutput::finish)?;
    if json {
        summary(&counts, taken)?;
    } else {
        note(&imported(&counts, args.dry_run));
    }
    Ok(Ending::Done)
}

fn imported(counts: &ImportedDto, dry_run: bool) -> String {
    let refused: u32 = counts.refused.values().sum();
    let reasons: Vec<String> =
        counts.refused.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    format!(
        "{} lines read, {} proxies understood: {} {}new, {} known, {} doubles; {refused} lines refused{reasons}",
        counts.read,
        counts.accepted,
        counts.new,
        if dry_run { "would be " } else { "" },
        counts.known,
        counts.duplicates,
    )
}

/// Tells what the user must know since the start.
pub(crate) fn tell_notices(engine: &Engine) -> Result<(), ApiError> {
    for notice in api::app_info(engine)?.notices {
        note(&notice_text(&notice));
    }
    Ok(())
}

fn notice_text(notice: &NoticeDto) -> String {
    let path = notice.params.get("path").map_or("", String::as_str);
    match notice.code {
        NoticeCode::DatabaseSetAside => {
            format!("The database could not be opened. It was kept as {path}, and a new one was begun.")
        }
        NoticeCode::KeyInFile => {
            format!(
                "There is no keyring, so the key to your passwords lies in {path}: whoever can read that file and \
                 the database can read the passwords."
            )
        }
        NoticeCode::SettingsSetAside => {
            let why = notice.params.get("why").map_or("", String::as_str);
            format!("The settings cannot be used: {why}. They were kept as {path}, and the defaults hold.")
        }
        NoticeCode::GeoUnusable => {
            let why = notice.params.get("why").map_or("", String::as_str);
            format!(
                "The database {path}, which the setting geo.database names, cannot be used: {why}. The built-in \
                 countries and networks hold."
            )
        }
        NoticeCode::JudgeLeftOut => {
            let of = |name| notice.params.get(name).map_or("", String::as_str);
            format!("The judge {} is left out: {}. The others do the work.", of("judge"), of("why"))
        }
        NoticeCode::NoLargerPage => {
            "No judge that answers is proxydeck's own, so that there is no larger page to compare. The usual \
             comparison is made. Run one with `proxydeck judge --listen ADDR`."
                .to_owned()
        }
        NoticeCode::JudgesDown => "No judge answers any more. The check waits for one.".to_owned(),
        NoticeCode::JudgesBack => "A judge answers again. The check goes on.".to_owned(),
    }
}

impl Watcher for &ProgressLine {
    fn progress(&mut self, progress: &ProgressDto) {
        self.show(progress);
    }

    fn notice(&mut self, notice: NoticeDto) {
        self.say(&notice_text(&notice));
    }
}

async fn check(data_dir: Option<&Path>, json: bool, args: CheckArgs) -> Result<Ending, ApiError> {
    let signals = listening()?;
    let cancel = signals.token();
    let how = CheckHow {
        judges: args.judge.clone(),
        judge_ca: args.judge_ca.clone(),
        resolve: args.resolve.clone(),
        protocol: args.only_protocol(),
        timeout: args.timeout,
        concurrency: args.concurrency,
        rate: args.rate.map_or(Rate::Unlimited, Rate::PerSecond),
        retries: Some(args.retries),
        allow_private: args.allow_private,
        full_trust: args.trust == TrustArg::Full,
        targets: args.target.clone(),
        sampled: false,
    };
    if let Some(proxy) = &args.explain {
        return explain(data_dir, json, proxy, &how, &signals).await;
    }
    let taken = args.output.as_deref().is_some_and(is_stdout);
    let line = ProgressLine::new();
    let outcome = match (&args.file, data_dir) {
        (Some(file), None) => check_list(file, &args, &how, &line, &signals).await,
        (file, _) => check_pool(data_dir, file.as_deref(), &args, &how, &line, &signals).await,
    };
    line.end();
    let checked = outcome?;
    if json {
        summary(&checked, taken)?;
    } else {
        note(&checked_text(&checked));
    }
    Ok(if cancel.is_cancelled() { Ending::Interrupted } else { Ending::Done })
}

async fn check_list(
    file: &Path,
    args: &CheckArgs,
    how: &CheckHow,
    line: &ProgressLine,
    signals: &Interruption,
) -> Result<CheckedDto, ApiError> {
    let defaults = Defaults::of(None)?;
    defaults.unusable().iter().for_each(|why| note(why));
    let how_read = ListHow { protocol: how.protocol, allow_private: args.allow_private };
    let (proxies, _) = signals.at_once(|| api::read_list(&ListInput::of_argument(file), how_read))?;
    let mut output = results(args, defaults.geo())?;
    let outcome = match &mut output {
        Some((output, _)) => {
            api::check_list(proxies, &defaults, how, output, &mut &*line, signals.token()).await
        }
        None => api::check_list(proxies, &defaults, how, &mut Nowhere, &mut &*line, signals.token()).await,
    };
    finish(output, outcome)
}

async fn check_pool(
    data_dir: Option<&Path>,
    file: Option<&Path>,
    args: &CheckArgs,
    how: &CheckHow,
    line: &ProgressLine,
    signals: &Interruption,
) -> Result<CheckedDto, ApiError> {
    let engine = Engine::open(Access::Write, data_dir)?;
    let what = match file {
        Some(file) => {
            let how_read = ListHow { protocol: how.protocol, allow_private: args.allow_private };
            let input = ListInput::of_argument(file);
            signals.at_once(|| api::import_to_check(&engine, &input, how_read, args.fresh))?
        }
        None => CheckWhatDto::Filter { filter: args.filters.dto(), fresh: args.fresh },
    };
    tell_notices(&engine)?;
    let mut output = results(args, engine.geo())?;
    let sink = output.as_mut().map(|(output, _)| output as &mut dyn ListSink);
    let outcome = api::check_pool(&engine, what, how, sink, &mut &*line, signals.token()).await;
    drop(engine);
    finish(output, outcome)
}

async fn explain(
    data_dir: Option<&Path>,
    json: bool,
    proxy: &str,
    how: &CheckHow,
    signals: &Interruption,
) -> Result<Ending, ApiError> {
    let defaults = Defaults::of(data_dir)?;
    defaults.unusable().iter().for_each(|why| note(why));
    let line = ProgressLine::new();
    let outcome = api::explain(proxy, &defaults, how, &mut &line, signals.token()).await;
    line.end();
    if signals.token().is_cancelled() {
        return Ok(Ending::Interrupted);
    }
    let explained = outcome?;
    if json {
        summary(&explained, false)?;
        return Ok(Ending::Done);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    crate::explain::write(&mut out, &explained).and_then(|()| out.flush()).map_err(|e| writing(&e))?;
    Ok(Ending::Done)
}

/// Nobody wants the proxies themselves.
struct Nowhere;

impl ListSink for Nowhere {
    fn checked(&mut self, _proxy: &api::Proxy, _done: &api::CheckDone) -> Result<(), ApiError> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ApiError> {
        Ok(())
    }
}

/// Where the proxies go that were checked.
fn results(args: &CheckArgs, geo: &Arc<Geo>) -> Result<Option<(ResultsWriter, FormatDto)>, ApiError> {
    let Some(path) = &args.output else { return Ok(None) };
    let format = args.format.map_or_else(|| api::format_of(path), FormatArg::dto);
    let how = ResultsHow { format, all: args.all, with_secrets: args.with_secrets, geo: Arc::clone(geo) };
    let writer = if is_stdout(path) {
        ResultsWriter::to_stream(Box::new(io::stdout()), how)
    } else {
        ResultsWriter::to_file(path, how)
    };
    writer.map(|writer| Some((writer, format)))
}

/// Gives the results their name also when the run was interrupted; a run that failed leaves no file.
fn finish(
    output: Option<(ResultsWriter, FormatDto)>,
    outcome: Result<CheckedDto, ApiError>,
) -> Result<CheckedDto, ApiError> {
    let checked = outcome?;
    if let Some((output, format)) = output {
        tell_left_out(&output.finish()?, format);
    }
    Ok(checked)
}

pub(crate) fn checked_text(checked: &CheckedDto) -> String {
    let reasons: Vec<String> =
        checked.by_reason.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    let reasons = if reasons.is_empty() { String::new() } else { format!("; {}", reasons.join(", ")) };
    let left_out = if checked.left_out > 0 {
        format!(
            "\n{} left out: of their address or content network nothing works in a sample",
            checked.left_out
        )
    } else {
        String::new()
    };
    let targets: String = checked
        .targets
        .iter()
        .map(|(target, count)| format!("\n{target}: {} of {} reached it", count.reached, count.asked))
        .collect();
    format!(
        "{} checked, {} alive in {:.1} s{}{reasons}{left_out}{targets}",
        checked.checked,
        checked.alive,
        checked.seconds,
        if checked.resumed { " (went on where a check was cut off)" } else { "" },
    )
}

/// Opens the pool for looking, and a view of it.
fn view(
    data_dir: Option<&Path>,
    filters: &crate::args::Filters,
    reached: &Reached,
    order: &Order,
) -> Result<(Engine, u32, u32), ApiError> {
    let engine = Engine::open(Access::Read, data_dir)?;
    tell_notices(&engine)?;
    let filter = filters.with(reached);
    let view = api::open_view(&engine, &filter, &order.sort)?;
    let rows = order.limit.map_or(view.rows, |limit| limit.min(view.rows));
    Ok((engine, view.view, rows))
}

fn list(data_dir: Option<&Path>, json: bool, args: &ListArgs) -> Result<Ending, ApiError> {
    let ListArgs { filters, reached, order, all, with_secrets, .. } = args;
    let format = args.format.map(FormatArg::dto);
    let shape = Shape { filters, reached, order, all: *all, with_secrets: *with_secrets };
    if let Some(output) = &args.output {
        return shape.pour(data_dir, Some(json), output, format.unwrap_or_else(|| api::format_of(output)));
    }
    // Rows as JSON lines are the summary of a list.
    if let Some(format) = format.or(json.then_some(FormatDto::Jsonl)) {
        return shape.pour(data_dir, None, Path::new("-"), format);
    }
    listening()?.at_once(|| table(data_dir, filters, reached, order))
}

fn table(
    data_dir: Option<&Path>,
    filters: &crate::args::Filters,
    reached: &Reached,
    order: &Order,
) -> Result<Ending, ApiError> {
    let (engine, view, rows) = view(data_dir, filters, reached, order)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut from = 0;
    while from < rows {
        let slice = api::view_rows(&engine, view, from, rows.min(from.saturating_add(ROWS_AT_ONCE)))?;
        if slice.rows.is_empty() {
            break;
        }
        for row in &slice.rows {
            writeln!(out, "{}", table_line(row)).map_err(|e| writing(&e))?;
        }
        from = from.saturating_add(u32::try_from(slice.rows.len()).unwrap_or(u32::MAX));
    }
    out.flush().map_err(|e| writing(&e))?;
    Ok(Ending::Done)
}

/// A row as people read it: address, protocols, status, latency or reason, anonymity, exit, its country, score.
fn table_line(row: &RowDto) -> String {
    let word = |value: Option<serde_json::Value>| {
        value.and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_else(|| "-".to_owned())
    };
    let protocols = if row.protocols.is_empty() { &row.hints } else { &row.protocols };
    let protocols: Vec<String> =
        protocols.iter().map(|protocol| word(serde_json::to_value(protocol).ok())).collect();
    let address = match &row.username {
        Some(user) => format!("{user}@{}", row.proxy),
        None => row.proxy.clone(),
    };
    let latency = match (row.latency_ms, row.reason) {
        (Some(ms), _) => format!("{ms} ms"),
        (None, Some(reason)) => {
            let reason = word(serde_json::to_value(reason).ok());
            row.code.map_or(reason.clone(), |code| format!("{reason} {code}"))
        }
        (None, None) => "-".to_owned(),
    };
    format!(
        "{address:<28} {:<24} {:<9} {latency:<20} {:<12} {:<16} {:<2} {}",
        protocols.join("+"),
        word(serde_json::to_value(row.status).ok()),
        word(row.anonymity.and_then(|level| serde_json::to_value(level).ok())),
        row.exit_ip.as_deref().unwrap_or("-"),
        row.country.as_deref().unwrap_or("-"),
        row.score.map_or_else(|| "-".to_owned(), |score| format!("{score:.2}")),
    )
}

fn export(data_dir: Option<&Path>, json: bool, args: &ExportArgs) -> Result<Ending, ApiError> {
    let ExportArgs { filters, reached, order, format, output, all, with_secrets } = args;
    let format = format.map_or_else(|| api::format_of(output), FormatArg::dto);
    let shape = Shape { filters, reached, order, all: *all, with_secrets: *with_secrets };
    shape.pour(data_dir, Some(json), output, format)
}

/// What of the pool is written.
struct Shape<'a> {
    filters: &'a crate::args::Filters,
    reached: &'a Reached,
    order: &'a Order,
    all: bool,
    with_secrets: bool,
}

impl Shape<'_> {
    /// Writes it, and tells how that went: to programs, to people, or not at all.
    fn pour(
        &self,
        data_dir: Option<&Path>,
        json: Option<bool>,
        output: &Path,
        format: FormatDto,
    ) -> Result<Ending, ApiError> {
        let (engine, view, _) = view(data_dir, self.filters, self.reached, self.order)?;
        let working_only = api::is_of_working(format) && !self.all;
        let ask = ExportAskDto { view, format, working_only, with_secrets: self.with_secrets };
        let taken = is_stdout(output);
        let signals = listening()?;
        let mut out = BufWriter::new(io::stdout());
        let to = if taken { ExportTo::Stream(&mut out) } else { ExportTo::File(output) };
        let stop = || signals.token().is_cancelled();
        let pour = || api::export_to(&engine, &ask, self.order.limit, to, &stop);
        // A file gets its name with what was written so far; whoever reads along has that already.
        let exported = if taken { signals.at_once(pour) } else { pour() }?;
        if json == Some(true) {
            summary(&exported, taken)?;
        } else {
            if !taken {
                note(&format!("{} proxies written to {}", exported.written, exported.path));
            }
            tell_left_out(&exported, format);
        }
        Ok(if stop() { Ending::Interrupted } else { Ending::Done })
    }
}

/// Says what a format could not hold.
fn tell_left_out(exported: &ExportedDto, format: FormatDto) {
    let why = match format {
        FormatDto::Clash => "Clash cannot use SOCKS4 or a proxy that only forwards plain requests",
        FormatDto::Proxychains => {
            "proxychains cannot use names, TLS to the proxy, a proxy that only forwards plain requests, or an account \
             with a blank in it"
        }
        _ => return,
    };
    if exported.left_out > 0 {
        note(&format!("{} proxies left out: {why}", exported.left_out));
    }
}

fn tag(data_dir: Option<&Path>, json: bool, args: &TagArgs) -> Result<Ending, ApiError> {
    let engine = Engine::open(Access::Write, data_dir)?;
    let which = WhichDto::Filter { filter: args.filters.with(&args.reached) };
    let changed = whole(api::tag(&engine, &which, &args.add(), &args.remove())?)?;
    tell_changed(&engine, json, changed, "have other tags now")
}

fn delete(data_dir: Option<&Path>, json: bool, args: &DeleteArgs) -> Result<Ending, ApiError> {
    let engine = Engine::open(Access::Write, data_dir)?;
    let which = WhichDto::Filter { filter: args.filters.with(&args.reached) };
    let changed = whole(api::delete(&engine, &which)?)?;
    tell_changed(&engine, json, changed, "are deleted; undelete brings them back")
}

fn undelete(data_dir: Option<&Path>, json: bool, args: &UndeleteArgs) -> Result<Ending, ApiError> {
    let engine = Engine::open(Access::Write, data_dir)?;
    let changed = api::undelete(&engine, &args.filters.with(&args.reached))?;
    tell_changed(&engine, json, changed, "are back")
}

/// A change that was made in part only ends the command as one that failed.
fn whole(done: UndoableDto) -> Result<ChangedDto, ApiError> {
    let UndoableDto { matched, changed, failed, .. } = done;
    failed.map_or(Ok(ChangedDto { matched, changed }), |error| Err(error.into()))
}

fn tell_changed(engine: &Engine, json: bool, changed: ChangedDto, how: &str) -> Result<Ending, ApiError> {
    tell_notices(engine)?;
    if json {
        summary(&changed, false)?;
    } else {
        note(&format!("{} proxies matched, {} {how}", changed.matched, changed.changed));
    }
    Ok(Ending::Done)
}

/// What `stats` answers to programs.
#[derive(Serialize)]
struct Stats {
    /// The pool as it is now.
    #[serde(flatten)]
    pool: StatsDto,
    /// Its checks of the range.
    checks: CheckStatsDto,
}

fn stats(data_dir: Option<&Path>, json: bool, args: &StatsArgs) -> Result<Ending, ApiError> {
    let engine = Engine::open(Access::Read, data_dir)?;
    tell_notices(&engine)?;
    let stats = Stats { pool: api::stats(&engine), checks: api::check_stats(&engine, args.range.dto())? };
    if let Some(path) = &args.chart {
        api::save_chart(&stats.checks, path)?;
    }
    if json {
        summary(&stats, false)?;
        return Ok(Ending::Done);
    }
    say(&format!("{}\n\n{}", stats_text(&stats.pool), checks_text(&stats.checks, args.range)))
}

/// The counts of a kind, a line each.
fn part(title: &str, counts: &[FacetDto]) -> String {
    let counts: Vec<String> = counts
        .iter()
        .filter(|facet| facet.count > 0)
        .take(STATS_SHOWN)
        .map(|facet| format!("  {:<20} {:>9}", facet.value, facet.count))
        .collect();
    if counts.is_empty() { String::new() } else { format!("\n{title}\n{}", counts.join("\n")) }
}

fn checks_text(checks: &CheckStatsDto, range: RangeArg) -> String {
    let share = checks.success_rate.map_or_else(String::new, |share| format!(" ({:.1} %)", share * 100.0));
    let latency = checks.median_latency_ms.map_or_else(String::new, |ms| format!(", median latency {ms} ms"));
    format!(
        "In the last {}: {} checks, {} succeeded{share}{latency}{}{}",
        range.text(),
        checks.checks,
        checks.succeeded,
        part("succeeded by", &checks.capability),
        part("failed by", &checks.reason),
    )
}

fn stats_text(stats: &StatsDto) -> String {
    let latency = stats.median_latency_ms.map_or_else(String::new, |ms| format!(", median latency {ms} ms"));
    format!(
        "{} proxies, {} working{latency}{}{}{}{}{}",
        stats.total,
        stats.working,
        part("status", &stats.status),
        part("protocol", &stats.protocol),
        part("anonymity", &stats.anonymity),
        part("reason", &stats.reason),
        part("country of those that work", &stats.country),
    )
}

async fn judge(args: &JudgeArgs) -> Result<Ending, ApiError> {
    let signals = listening()?;
    let read = |path: &PathBuf| fs::read(path).map_err(|error| ApiError::io("read", path, &error));
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(cert), Some(key)) => Some((read(cert)?, read(key)?)),
        _ => None,
    };
    let judge = api::Judge::listen(args.listen, tls).await?;
    say(&format!("listening {}", judge.url()))?;
    judge.serve(signals.token().clone()).await;
    Ok(Ending::Interrupted)
}
