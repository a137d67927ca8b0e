//! Sources: which there are, what is known of each, and what the user changes.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use proxydeck_domain::{Protocol, UnixMs};
use proxydeck_reader::protocol_in_name;
use proxydeck_store::{
    Added, CatalogueSource, Source, SourceKind, SourcePlan, SourceRecord, SourceVisit, Store, VisitOutcome,
};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::dto::{
    ErrorCode, OverlapDto, ParserDto, SourceDetailDto, SourceDto, SourceEditDto, SourceNoteDto, SourceTestDto,
};
use super::import::count_known;
use super::{ApiError, Engine};
use crate::check::now_ms;
use crate::collect::{self, Came, Parser, Template, Timing, What, can_be_visited, describe, took};
use crate::convert::{ranked, visit_dto};
use crate::escape::{escape, escape_cut};
use crate::pool::{Yields, number};

/// Days of which a source's freshness is shown.
const FRESH_DAYS: usize = 14;
const DAY_MS: UnixMs = 24 * 60 * 60 * 1000;
/// Visits that a source's page shows: two days of hourly ones.
const VISITS_SHOWN: u32 = 50;
/// Other sources that a source's page compares it with.
const OVERLAPS_SHOWN: usize = 10;
/// Sources that one pool may have. A round over more takes longer than an hour.
const MAX_SOURCES: usize = 2000;
/// The longest name that a source may have, in characters.
const MAX_NAME: usize = 80;
/// Minutes between two visits: five are what the hosts of lists bear, a month is as good as never.
const INTERVALS: std::ops::RangeInclusive<u32> = 5..=60 * 24 * 31;
/// The highest priority.
const MAX_PRIORITY: u8 = 100;
/// Minutes between two visits to a source of which nothing is said.
pub const USUAL_INTERVAL: u32 = 60;
/// The priority of a source of which nothing is said.
pub const USUAL_PRIORITY: u8 = 50;

/// Every source that is not removed, the best first: those of which most works, then those that have most of their own.
///
/// # Errors
/// What reading the database can meet.
pub fn sources(engine: &Engine) -> Result<Vec<SourceDto>, ApiError> {
    let (kept, around) = everything(engine)?;
    let mut sources: Vec<SourceDto> =
        kept.iter().filter(|source| !source.removed).map(|source| around.dto(source)).collect();
    sources.sort_by(|one, other| {
        let rank = |source: &SourceDto| (source.working, source.only_here, source.holds, source.enabled);
        rank(other).cmp(&rank(one)).then_with(|| one.id.cmp(&other.id))
    });
    Ok(sources)
}

/// A source's page.
///
/// # Errors
/// [`ErrorCode::NotFound`], and what reading the database can meet.
pub fn source_detail(engine: &Engine, id: i64) -> Result<SourceDetailDto, ApiError> {
    let (kept, around) = everything(engine)?;
    let source =
        kept.iter().find(|source| source.id == id && !source.removed).ok_or_else(|| no_source(id))?;
    let visits = engine.store()?.visits_of(id, VISITS_SHOWN)?;
    let dto = around.dto(source);
    let share = |shared: u32, of: u32| if of == 0 { 0.0 } else { f64::from(shared) / f64::from(of) };
    let by_source = &around.by_source;
    let mut overlap: Vec<OverlapDto> = around
        .yields
        .shared_with(id)
        .into_iter()
        .filter_map(|(other, shared)| {
            let holds = by_source.get(&other).map_or(0, |(of, _)| of.holds);
            Some(OverlapDto {
                source: other,
                name: around.names.get(&other)?.clone(),
                shared,
                of_ours: share(shared, dto.holds),
                of_theirs: share(shared, holds),
            })
        })
        .collect();
    overlap.sort_by(|one, other| other.shared.cmp(&one.shared).then_with(|| one.source.cmp(&other.source)));
    overlap.truncate(OVERLAPS_SHOWN);
    let reasons = engine.pool().reasons_of_source(id);
    Ok(SourceDetailDto {
        visits: visits.iter().map(visit_dto).collect(),
        overlap,
        reasons: ranked(reasons.into_iter().map(|(reason, count)| (reason.as_str().to_owned(), count))),
        source: dto,
    })
}

/// What surrounds the sources when they are shown.
struct Around {
    now: UnixMs,
    yields: Yields,
    by_source: HashMap<i64, (crate::pool::Yield, u32)>,
    last: HashMap<i64, SourceVisit>,
    fresh: HashMap<i64, [u32; FRESH_DAYS]>,
    names: HashMap<i64, String>,
    visiting: Vec<i64>,
}

fn everything(engine: &Engine) -> Result<(Vec<Source>, Around), ApiError> {
    let now = now_ms();
    let Some(store) = engine.store_if_any() else {
        // A folder in which nothing was ever written knows the catalogue and nothing else.
        return Ok((of_catalogue(engine), Around::new(now, engine)));
    };
    let mut kept = store.sources()?;
    if kept.iter().all(|source| source.catalogue.is_none()) {
        kept.extend(of_catalogue(engine));
    }
    let mut around = Around::new(now, engine);
    around.last = store.last_visits()?;
    let removed: HashSet<i64> = kept.iter().filter(|source| source.removed).map(|source| source.id).collect();
    around.by_source = around.yields.by_source(|source| !removed.contains(&source));
    around.names = kept.iter().map(|source| (source.id, escape_cut(&source.plan.name))).collect();
    let span = DAY_MS * UnixMs::try_from(FRESH_DAYS).unwrap_or(UnixMs::MAX);
    store.new_by_step(now - span, now, DAY_MS, |source, back, new| {
        let days = around.fresh.entry(source).or_default();
        let at = FRESH_DAYS.checked_sub(1 + usize::try_from(back).unwrap_or(FRESH_DAYS));
        if let Some(day) = at.and_then(|at| days.get_mut(at)) {
            *day += new;
        }
    })?;
    Ok((kept, around))
}

/// The built-in sources as they are before the first visit.
fn of_catalogue(engine: &Engine) -> Vec<Source> {
    let source = |entry: &CatalogueSource| Source {
        // They get numbers when they are kept.
        id: 0,
        plan: entry.plan.clone(),
        catalogue: Some(entry.key.clone()),
        enabled: entry.enabled,
        removed: false,
        record: SourceRecord::default(),
    };
    engine.catalogue().iter().map(source).collect()
}

impl Around {
    fn new(now: UnixMs, engine: &Engine) -> Self {
        Self {
            now,
            by_source: HashMap::new(),
            yields: engine.pool().yields(),
            last: HashMap::new(),
            fresh: HashMap::new(),
            names: HashMap::new(),
            visiting: engine.collect_progress().map(|progress| progress.visiting).unwrap_or_default(),
        }
    }

    fn dto(&self, source: &Source) -> SourceDto {
        let Source { id, plan, record, .. } = source;
        let last = self.last.get(id);
        let (ours, only_here) = self.by_source.get(id).copied().unwrap_or_default();
        SourceDto {
            id: *id,
            kind: plan.kind.into(),
            name: escape_cut(&plan.name),
            address: escape(&plan.address),
            home: plan.home.as_deref().map(escape),
            built_in: source.catalogue.is_some(),
            protocol: plan.protocol.map(Into::into),
            parser: Parser::from_json(plan.parser.as_deref()).dto(),
            interval_minutes: plan.interval_minutes,
            priority: plan.priority,
            enabled: source.enabled,
            paused: record.paused.map(|(pause, _)| pause.into()),
            paused_since: record.paused.map(|(_, at)| at),
            visiting: self.visiting.contains(id),
            last_visit: last.map(visit_dto),
            next_visit: collect::next_visit(source, last.map(|visit| visit.at), self.now),
            holds: ours.holds,
            checked: ours.checked,
            working: ours.working,
            only_here,
            fresh: self.fresh.get(id).map_or_else(|| vec![0; FRESH_DAYS], |days| days.to_vec()),
            notes: self.notes(source),
        }
    }

    fn notes(&self, source: &Source) -> Vec<SourceNoteDto> {
        let record = &source.record;
        let copy = record.copy_of.filter(|_| collect::is_copy(record)).and_then(|(of, share)| {
            Some(SourceNoteDto::CopyOf { source: of, name: self.names.get(&of)?.clone(), share })
        });
        let frozen = collect::frozen_since(record, self.now).map(|since| SourceNoteDto::Frozen { since });
        let grows = collect::growing_since(record, self.now).map(|since| SourceNoteDto::AppendOnly { since });
        copy.into_iter().chain(frozen).chain(grows).collect()
    }
}

fn no_source(id: i64) -> ApiError {
    ApiError::not_found(format!("source {id}")).hint("It may have been removed.")
}

/// The number of the source that a person means by its name, its number or its address.
///
/// # Errors
/// [`ErrorCode::NotFound`].
pub fn source_named(engine: &Engine, named: &str) -> Result<i64, ApiError> {
    let sources = engine.store()?.sources()?;
    let there = || sources.iter().filter(|source| !source.removed);
    let found = there()
        .find(|source| source.plan.name == named)
        .or_else(|| there().find(|source| source.plan.name.eq_ignore_ascii_case(named)))
        .or_else(|| there().find(|source| source.plan.address == named))
        .or_else(|| named.parse().ok().and_then(|id: i64| there().find(|source| source.id == id)));
    found.map(|source| source.id).ok_or_else(|| {
        ApiError::not_found(format!("source {:?}", escape_cut(named)))
            .hint("`proxydeck sources list` shows the names.")
    })
}

/// What a source is now, as a person would write it down.
///
/// # Errors
/// [`ErrorCode::NotFound`], and what reading the database can meet.
pub fn source_as_written(engine: &Engine, id: i64) -> Result<SourceEditDto, ApiError> {
    let source = there(engine.store()?, id)?;
    Ok(SourceEditDto {
        name: source.plan.name,
        address: source.plan.address,
        protocol: source.plan.protocol.map(Into::into),
        parser: Parser::from_json(source.plan.parser.as_deref()).dto(),
        interval_minutes: source.plan.interval_minutes,
        priority: source.plan.priority,
        enabled: source.enabled,
    })
}

fn there(store: &Store, id: i64) -> Result<Source, ApiError> {
    store.source(id)?.filter(|source| !source.removed).ok_or_else(|| no_source(id))
}

/// Adds a source of the user's own.
///
/// # Errors
/// [`ErrorCode::Invalid`] with the name of the field in `what`, and what writing can meet.
pub fn source_add(engine: &Engine, edit: &SourceEditDto) -> Result<SourceDto, ApiError> {
    engine.must_write()?;
    let store = engine.store()?;
    let plan = plan(edit, None)?;
    let kept = store.sources()?;
    if kept.len() >= MAX_SOURCES {
        return Err(ApiError::invalid("address", format!("There are {MAX_SOURCES} sources already."))
            .hint("Remove some that bring nothing."));
    }
    must_be_free(&kept, &plan.name, None)?;
    let name = plan.name.clone();
    match store.add_source(plan, edit.enabled, now_ms())? {
        Added::As(id) => {
            engine.change_pool(|pool| pool.name_source(id, &name));
            shown(engine, id)
        }
        Added::Exists(id) => Err(exists(&kept, id)),
    }
}

/// Changes a source.
///
/// # Errors
/// [`ErrorCode::NotFound`], [`ErrorCode::Invalid`] with the name of the field in `what`, and what writing can meet.
pub fn source_edit(engine: &Engine, id: i64, edit: &SourceEditDto) -> Result<SourceDto, ApiError> {
    engine.must_write()?;
    let store = engine.store()?;
    let before = there(store, id)?;
    let plan = plan(edit, Some(&before.plan))?;
    let kept = store.sources()?;
    must_be_free(&kept, &plan.name, Some(id))?;
    let name = plan.name.clone();
    match store.change_source(id, plan, edit.enabled)? {
        Some(other) => Err(exists(&kept, other)),
        None => {
            engine.change_pool(|pool| pool.name_source(id, &name));
            shown(engine, id)
        }
    }
}

fn exists(kept: &[Source], id: i64) -> ApiError {
    let name = kept.iter().find(|source| source.id == id).map_or("", |source| &source.plan.name);
    ApiError::invalid("address", format!("There is a source of this address already: {}.", escape_cut(name)))
}

/// A name is what a source is called by on the command line and in filters, so two sources never share one.
fn must_be_free(kept: &[Source], name: &str, ours: Option<i64>) -> Result<(), ApiError> {
    let taken = kept.iter().any(|source| {
        !source.removed && Some(source.id) != ours && source.plan.name.eq_ignore_ascii_case(name)
    });
    if taken {
        return Err(ApiError::invalid(
            "name",
            format!("There is a source named {} already.", escape_cut(name)),
        ));
    }
    Ok(())
}

fn shown(engine: &Engine, id: i64) -> Result<SourceDto, ApiError> {
    let (kept, around) = everything(engine)?;
    kept.iter().find(|source| source.id == id).map(|source| around.dto(source)).ok_or_else(|| no_source(id))
}

/// Sets sources going or lets them be. One that paused by itself starts anew.
///
/// # Errors
/// What writing can meet.
pub fn sources_enable(engine: &Engine, ids: &[i64], on: bool) -> Result<(), ApiError> {
    engine.must_write()?;
    engine.store()?.enable_sources(ids.to_vec(), on).map(drop).map_err(Into::into)
}

/// Takes sources away; what they brought stays in the pool.
///
/// # Errors
/// What writing can meet.
pub fn sources_remove(engine: &Engine, ids: &[i64]) -> Result<(), ApiError> {
    engine.must_write()?;
    engine.store()?.set_sources_removed(ids.to_vec(), true, now_ms()).map(drop).map_err(Into::into)
}

/// Brings removed sources back as they were.
///
/// # Errors
/// What writing can meet.
pub fn sources_restore(engine: &Engine, ids: &[i64]) -> Result<(), ApiError> {
    engine.must_write()?;
    engine.store()?.set_sources_removed(ids.to_vec(), false, now_ms()).map(drop).map_err(Into::into)
}

/// What a person wrote down, made sure of.
fn plan(edit: &SourceEditDto, before: Option<&SourcePlan>) -> Result<SourcePlan, ApiError> {
    // What was left as it is stays so, letter by letter: a file may be called what nobody could write down here.
    let left = |now: &str, was: fn(&SourcePlan) -> &str| before.filter(|before| was(before) == now);
    let (kind, address) = match left(&edit.address, |before| &before.address) {
        Some(before) => (before.kind, before.address.clone()),
        None => place(&edit.address)?,
    };
    let is_left = left(&edit.name, |before| &before.name).is_some();
    let name = match edit.name.trim() {
        _ if is_left => edit.name.clone(),
        "" => name_of(kind, &address),
        name => name.to_owned(),
    };
    if !is_left && (name.chars().count() > MAX_NAME || name.chars().any(char::is_control)) {
        return Err(ApiError::invalid("name", format!("The name {:?} cannot be used.", escape_cut(&name)))
            .hint(format!("It may have up to {MAX_NAME} characters.")));
    }
    if !INTERVALS.contains(&edit.interval_minutes) {
        let (least, most) = (INTERVALS.start(), INTERVALS.end());
        return Err(ApiError::invalid(
            "interval_minutes",
            format!(
                "{} minutes between two visits are not between {least} and {most}.",
                edit.interval_minutes
            ),
        ));
    }
    if edit.priority > MAX_PRIORITY {
        return Err(ApiError::invalid(
            "priority",
            format!("The priority {} is not between 0 and {MAX_PRIORITY}.", edit.priority),
        ));
    }
    Ok(SourcePlan {
        name,
        kind,
        address,
        home: before.and_then(|before| before.home.clone()),
        protocol: edit.protocol.map(Into::into),
        parser: Parser::of(&edit.parser)?.to_json(),
        interval_minutes: edit.interval_minutes,
        priority: edit.priority,
    })
}

/// What kind of place an address is, and how it is kept.
fn place(address: &str) -> Result<(SourceKind, String), ApiError> {
    let address = address.trim();
    let refuse = |why: &str| {
        let shown = escape_cut(&crate::settings::without_account(address));
        Err(ApiError::invalid("address", format!("{shown:?} {why}."))
            .hint("Write an address such as https://example.com/list.txt, or the whole path of a file."))
    };
    if address.is_empty() {
        return refuse("is no address");
    }
    if Path::new(address).is_absolute() {
        return Ok((SourceKind::File, address.to_owned()));
    }
    if address.len() > crate::settings::MAX_URL_BYTES {
        return refuse("is too long");
    }
    let template = match Template::parse(address) {
        Ok(template) => template,
        Err(why) => return refuse(&format!("cannot be used: {why}")),
    };
    for list in template.lists() {
        match Url::parse(&collect::page_of(list, 1)) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                return refuse("does not begin with http:// or https://");
            }
            Ok(url) if url.host_str().is_none_or(str::is_empty) => return refuse("names no host"),
            // The address stands in lists and logs; an account in it would be told to everybody.
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                return refuse("carries an account");
            }
            Ok(_) => {}
            Err(_) => return refuse("is no address"),
        }
    }
    Ok((SourceKind::Web, address.to_owned()))
}

/// A name made of an address: who offers the list, and what it is of.
fn name_of(kind: SourceKind, address: &str) -> String {
    if kind != SourceKind::Web {
        let name = Path::new(address).file_name().map(|name| name.to_string_lossy().into_owned());
        return name.unwrap_or_else(|| address.to_owned());
    }
    let url = Url::parse(&address.replace(['{', '}', '|'], "-")).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or(address).trim_start_matches("www.").to_owned();
    let segments: Vec<&str> =
        url.as_ref().and_then(Url::path_segments).into_iter().flatten().filter(|s| !s.is_empty()).collect();
    let owner = match segments.first() {
        // Many lists share these hosts; the owner tells them apart.
        Some(owner) if host == "raw.githubusercontent.com" || host == "github.com" => (*owner).to_owned(),
        _ => host,
    };
    let protocol = segments.last().and_then(|file| protocol_in_name(file)).map(Protocol::as_str);
    let last = segments.last().copied().filter(|file| file.contains('.'));
    let name = match protocol.or(last) {
        Some(what) => format!("{owner} {what}"),
        None => owner,
    };
    name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

/// How a source that is kept, or one that is only written down, is to be visited.
pub(crate) fn what_of(plan: &SourcePlan, typed: bool) -> What {
    What {
        kind: plan.kind,
        address: plan.address.clone(),
        protocol: plan.protocol,
        parser: Parser::from_json(plan.parser.as_deref()),
        typed,
        etag: None,
        last_modified: None,
        content: None,
    }
}

/// Whether the user gave the address of a source: the catalogue's may not lead into private networks.
pub(crate) fn is_typed(engine: &Engine, plan: &SourcePlan) -> bool {
    engine.catalogue().iter().all(|entry| entry.plan.address != plan.address)
}

/// Visits what was written down and says what it would bring. Nothing is kept.
///
/// # Errors
/// [`ErrorCode::Invalid`] with the name of the field in `what`, and what looking into the database can meet. That the
/// source cannot be read is an answer, not an error.
pub async fn source_test(
    engine: &Engine,
    edit: &SourceEditDto,
    cancel: &CancellationToken,
) -> Result<SourceTestDto, ApiError> {
    // One that is changed may have kept a name that could not be written down.
    let kept = engine.store_if_any().map(Store::sources).transpose()?.unwrap_or_default();
    let before = kept.iter().find(|source| !source.removed && source.plan.name == edit.name);
    let plan = plan(edit, before.map(|source| &source.plan))?;
    let fetcher = super::collect::fetcher(engine)?;
    let (at, since) = (now_ms(), std::time::Instant::now());
    let typed = is_typed(engine, &plan);
    let came = fetcher.visit(&what_of(&plan, typed), cancel).await;
    let timing = Timing { at, took_ms: took(since) };
    let ours = engine.clone();
    tokio::task::spawn_blocking(move || tested(&ours, &plan, came, timing))
        .await
        .map_err(|error| ApiError::internal(format!("The source could not be looked at: {error}.")))?
}

fn tested(engine: &Engine, plan: &SourcePlan, came: Came, timing: Timing) -> Result<SourceTestDto, ApiError> {
    let mut visit = timing.visit();
    let mut dto = SourceTestDto {
        visit: visit_dto(&visit),
        address: escape(&plan.address),
        name: escape_cut(&plan.name),
        detail: None,
        refused_lines: Vec::new(),
        sample: Vec::new(),
        protocols: std::collections::BTreeMap::new(),
    };
    match came {
        Came::Brought(brought) => {
            describe(&mut visit, &brought);
            let list = &brought.list;
            visit.outcome = match (list.len(), list.page) {
                (0, Some(_)) => VisitOutcome::WrongPage,
                (0, None) => VisitOutcome::Empty,
                _ => VisitOutcome::Changed,
            };
            visit.new = number(list.len()) - count_known(engine, list)?;
            dto.address = escape(&brought.address);
            dto.refused_lines.clone_from(&list.refused_lines);
            dto.sample = list.sample();
            for (_, hints) in list.proxies() {
                let mut count = |word: &str| *dto.protocols.entry(word.to_owned()).or_default() += 1;
                if hints.is_empty() {
                    count("unknown");
                }
                hints.iter().for_each(|protocol| count(protocol.as_str()));
            }
        }
        Came::Trouble(trouble) => {
            visit.failure = Some(trouble.failure.to_owned());
            visit.code = trouble.code;
            dto.detail = Some(escape_cut(&trouble.detail));
        }
        // Nothing was asked that could be answered so.
        Came::NotModified | Came::Same { .. } => visit.outcome = VisitOutcome::NotModified,
    }
    Ok(SourceTestDto { visit: visit_dto(&visit), ..dto })
}

/// A source of which nothing but its address is said.
#[must_use]
pub fn source_at(address: &str) -> SourceEditDto {
    SourceEditDto {
        name: String::new(),
        address: address.to_owned(),
        protocol: None,
        parser: ParserDto::default(),
        interval_minutes: USUAL_INTERVAL,
        priority: USUAL_PRIORITY,
        enabled: true,
    }
}

/// How many sources a round would visit.
pub(crate) fn count_in_round(engine: &Engine) -> Result<u32, ApiError> {
    let now = now_ms();
    let kept = match engine.store_if_any() {
        Some(store) => store.sources()?,
        None => of_catalogue(engine),
    };
    Ok(number(kept.iter().filter(|source| collect::is_in_round(source, now)).count()))
}

/// The sources that are due: visited before, on, and not held back.
pub(crate) fn due(engine: &Engine) -> Result<Vec<i64>, ApiError> {
    let now = now_ms();
    let store = engine.store()?;
    let last = store.last_visits()?;
    let is_due = |source: &Source| {
        let at = last.get(&source.id).map(|visit| visit.at);
        at.is_some() && collect::next_visit(source, at, now).is_some_and(|next| next <= now)
    };
    Ok(store.sources()?.iter().filter(|source| is_due(source)).map(|source| source.id).collect())
}

/// The sources of a round: those that are named, else all that are on.
pub(crate) fn of_round(engine: &Engine, ids: Option<&[i64]>) -> Result<Vec<Source>, ApiError> {
    let now = now_ms();
    let mut sources = engine.store()?.sources()?;
    match ids {
        None => sources.retain(|source| collect::is_in_round(source, now)),
        Some(ids) => {
            for id in ids {
                let source = sources.iter().find(|source| source.id == *id && !source.removed);
                let source = source.ok_or_else(|| no_source(*id))?;
                if !can_be_visited(source) {
                    let name = escape_cut(&source.plan.name);
                    return Err(ApiError::new(
                        ErrorCode::Invalid,
                        format!("{name} was pasted or piped in and cannot be visited again."),
                    ));
                }
            }
            sources.retain(|source| ids.contains(&source.id));
        }
    }
    // The best first, so that whoever stops early has most of it.
    sources.sort_by_key(|source| (std::cmp::Reverse(source.plan.priority), source.id));
    Ok(sources)
}
