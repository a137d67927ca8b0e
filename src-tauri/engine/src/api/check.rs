//! Checking: of the pool, with every result kept, and of a list that leaves nothing behind.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use proxydeck_domain::{Hints, Proxy, Status};
use proxydeck_geo::is_content_network;
use proxydeck_store::{AskedBy, NewTask, TaskEnd, TaskKind, Unfinished};
use proxydeck_wire::{AskError, ClientTls, JudgeUrl, ResolveRule, TargetUrl};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::dto::{
    CheckWhatDto, CheckedDto, ErrorCode, EventDto, FilterDto, NoticeCode, NoticeDto, ProgressDto,
    ProtocolDto, TaskStatusDto,
};
use super::{ApiError, Engine};
use crate::check::{
    Audience, Broken, CheckDone, Course, Crowd, Job, JudgeSpec, Options, Outcome, Trouble, Word, drive,
    now_ms, sample,
};
use crate::engine::Run;
use crate::escape::{escape, escape_cut};
use crate::settings::{Checking, is_built_in, without_account};

/// How often it is looked whether a check has ended while the program waits to end.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Checks that were cut off and may wait to go on, each with a row for every proxy that it has left: a person knows
/// of a handful.
const MAX_PAUSED: usize = 8;

/// What of the settings is to be otherwise for one run.
#[derive(Clone, Debug, Default)]
pub struct CheckHow {
    /// Ask these judges instead.
    pub judges: Vec<String>,
    /// A PEM file with a further root for judges.
    pub judge_ca: Option<PathBuf>,
    /// `HOST:PORT:ADDR` rules beside those of the settings.
    pub resolve: Vec<String>,
    /// Only this protocol.
    pub protocol: Option<ProtocolDto>,
    /// From dial to last byte of one attempt.
    pub timeout: Option<Duration>,
    /// The most sockets in use at once.
    pub concurrency: Option<u32>,
    /// The most new connections a second.
    pub rate: Rate,
    /// Further tries, at the end of the run, of what was accepted and then lost.
    pub retries: Option<u32>,
    /// Addresses of private networks too.
    pub allow_private: bool,
    /// Ask those that work for the larger page of a judge of our own kind too.
    pub full_trust: bool,
    /// Lead those that work to these addresses besides.
    pub targets: Vec<String>,
    /// Of an address with dozens of ports, and of the edges of a content network, check a sample first and the rest only
    /// where something of the sample works, also where the proxies were named one by one. Filters are always taken so.
    pub sampled: bool,
}

/// How fast new connections may be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rate {
    /// As the settings say.
    #[default]
    AsSet,
    /// As fast as they go.
    Unlimited,
    /// So many a second.
    PerSecond(u32),
}

/// What a run tells while it goes.
pub trait Watcher: Send {
    /// How far it is; at most ten a second.
    fn progress(&mut self, progress: &ProgressDto);
    /// Something to tell the user.
    fn notice(&mut self, notice: NoticeDto);
}

/// A check that is about to begin: the task, and what it has to do.
struct Begun {
    course: Course,
    jobs: Vec<Job>,
    /// What waits until a sample of it has shown that it is worth the dials.
    crowds: Vec<Crowd>,
}

/// Starts a check of the pool in the background, by the settings; its progress and its end are events. Answers
/// with the task's number.
///
/// # Errors
/// [`ErrorCode::Busy`] when one runs already, and whatever stands in the way of beginning.
pub async fn check_start(engine: &Engine, what: CheckWhatDto) -> Result<i64, ApiError> {
    // Whoever looks at one proxy wants to know it well.
    let full_trust = matches!(&what, CheckWhatDto::Ids { ids } if ids.len() == 1);
    check_start_as(engine, what, CheckHow { full_trust, ..CheckHow::default() }).await
}

/// The same, with a say in how.
pub(crate) async fn check_start_as(
    engine: &Engine,
    what: CheckWhatDto,
    how: CheckHow,
) -> Result<i64, ApiError> {
    let run = engine.claim_run()?;
    let (options, begun) = prepare(engine, what, &how).await?;
    let task = begun.course.task;
    let ours = engine.clone();
    tokio::spawn(async move {
        let cancel = run.cancel().clone();
        let outcome = run_task(&ours, options, begun, &run, None, &mut Window(&run), &cancel).await;
        let stopped = cancel.is_cancelled();
        // Before the end is told, so that whoever hears it can start the next.
        drop(run);
        let (status, result, error) = match outcome {
            Ok(result) if stopped => (TaskStatusDto::Cancelled, Some(result), None),
            Ok(result) => (TaskStatusDto::Succeeded, Some(result), None),
            Err(error) => (TaskStatusDto::Failed, None, Some(error.into())),
        };
        ours.tell(EventDto::Ended { task, status, result, error });
    });
    Ok(task)
}

/// Gives up the check that runs now; what it has finished is kept. Nothing happens when none runs.
pub fn check_stop(engine: &Engine) {
    engine.cancel_run();
}

/// Interrupts the check that runs now, so that it can go on the next time, gives collecting up, waits until what it has finished is
/// kept, but not longer than `grace`, and closes the database.
pub async fn shut_down(engine: &Engine, grace: Duration) {
    engine.interrupt_run();
    engine.cancel_collecting();
    let ended = async {
        while engine.is_running() || engine.is_collecting() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    if tokio::time::timeout(grace, ended).await.is_err() {
        tracing::warn!(?grace, "what ran did not end in time; its last batch is lost");
    }
    engine.shutdown();
}

/// Checks proxies of the pool and comes back when it is done; each result goes to `sink` too, once it is kept.
/// Cancelled, it can go on the next time.
///
/// # Errors
/// Whatever stands in the way of beginning, and what keeping the results can meet.
pub async fn check_pool(
    engine: &Engine,
    what: CheckWhatDto,
    how: &CheckHow,
    sink: Option<&mut dyn ListSink>,
    watcher: &mut impl Watcher,
    cancel: &CancellationToken,
) -> Result<CheckedDto, ApiError> {
    let run = engine.claim_run()?;
    let (options, begun) = prepare(engine, what, how).await?;
    // Whoever waits at a terminal interrupts, and does not give up.
    let interrupted = cancel.clone();
    let stop = run.cancel().clone();
    let ours = engine.clone();
    let listening = tokio::spawn(async move {
        interrupted.cancelled().await;
        ours.interrupt_run();
    });
    let outcome = run_task(engine, options, begun, &run, sink, watcher, &stop).await;
    listening.abort();
    outcome
}

/// Where the results of a list go that is not kept.
pub trait ListSink: Send {
    /// Takes one proxy that was checked, in order of completion.
    ///
    /// # Errors
    /// Why it could not be written; ends the run.
    fn checked(&mut self, proxy: &Proxy, done: &CheckDone) -> Result<(), ApiError>;

    /// Hands on what was taken, for whoever reads along.
    ///
    /// # Errors
    /// Why it could not be written; ends the run.
    fn flush(&mut self) -> Result<(), ApiError>;
}

/// Checks a list and keeps nothing.
///
/// # Errors
/// Whatever stands in the way of beginning, and what the sink answers.
pub async fn check_list(
    proxies: Vec<(Proxy, Hints)>,
    settings: &super::Defaults,
    how: &CheckHow,
    sink: &mut impl ListSink,
    watcher: &mut impl Watcher,
    cancel: &CancellationToken,
) -> Result<CheckedDto, ApiError> {
    // A list that is not kept has nobody who looks at the evidence later.
    let options = Options { with_evidence: false, ..options(&settings.checking, how)? };
    let jobs: Vec<Job> = (0..).zip(proxies).map(|(id, (proxy, hints))| Job { id, proxy, hints }).collect();
    let jobs = Arc::new(jobs);
    let mut audience = Listed { sink, watcher, jobs: Arc::clone(&jobs), unreached: None };
    let mut checked = drive(jobs, options, Course::default(), &mut audience, cancel).await.map_err(broken)?;
    checked.stored = 0;
    Ok(checked)
}

fn hand_on<'p>(
    sink: &mut (impl ListSink + ?Sized),
    known: impl Fn(i64) -> Option<&'p Proxy>,
    batch: &[CheckDone],
) -> Result<(), ApiError> {
    batch.iter().try_for_each(|done| known(done.id).map_or(Ok(()), |proxy| sink.checked(proxy, done)))?;
    sink.flush()
}

struct Listed<'a, S, W> {
    sink: &'a mut S,
    watcher: &'a mut W,
    /// The list: the number of a job is its place.
    jobs: Arc<Vec<Job>>,
    /// The last one that was not reached, as most are: the next differs from it in its number and its time.
    unreached: Option<CheckDone>,
}

impl<S: ListSink, W: Watcher> Audience for Listed<'_, S, W> {
    type Error = ApiError;

    async fn keep(&mut self, batch: Vec<Outcome>) -> Result<(), ApiError> {
        for outcome in batch {
            let job = usize::try_from(outcome.id()).ok().and_then(|place| self.jobs.get(place));
            let Some(proxy) = job.map(|job| &job.proxy) else { continue };
            match outcome {
                Outcome::Checked(done) => self.sink.checked(proxy, &done)?,
                Outcome::Unreached { id, at, by, reason } => {
                    let is_like = |last: &CheckDone| {
                        last.verdict.decided_by == by && last.verdict.reason == Some(reason)
                    };
                    let done = match self.unreached.take().filter(is_like) {
                        Some(last) => Some(CheckDone { id, at, ..last }),
                        None => CheckDone::unreached(id, at, by, reason),
                    };
                    if let Some(done) = done {
                        self.sink.checked(proxy, &done)?;
                        self.unreached = Some(done);
                    }
                }
            }
        }
        self.sink.flush()
    }

    fn progress(&mut self, progress: ProgressDto) {
        self.watcher.progress(&progress);
    }

    fn word(&mut self, word: Word) {
        self.watcher.notice(notice_of(word));
    }
}

/// Settles how to check, and writes the task and all that it has to do down before anything is dialled.
async fn prepare(engine: &Engine, what: CheckWhatDto, how: &CheckHow) -> Result<(Options, Begun), ApiError> {
    let options = options(&engine.settings().checking, how)?;
    let engine = engine.clone();
    let sampled =
        how.sampled || matches!(what, CheckWhatDto::Filter { .. } | CheckWhatDto::Unfinished { .. });
    let begun = spawn_blocking(move || {
        let begun = begin(&engine, what)?;
        Ok::<_, ApiError>(if sampled { without_crowds(&engine, begun) } else { begun })
    })
    .await
    .map_err(|error| ApiError::internal(format!("The check could not begin: {error}.")))??;
    Ok((options, begun))
}

fn begin(engine: &Engine, what: CheckWhatDto) -> Result<Begun, ApiError> {
    let asked = Asked::of(&what);
    let params = serde_json::to_string(&asked)
        .map_err(|error| ApiError::internal(format!("The filter cannot be written down: {error}.")))?;
    let store = engine.store()?;
    let paused = store.paused(TaskKind::Check)?;
    let is_same = |unfinished: &&Unfinished| {
        asked != Asked::Ids
            && serde_json::from_str(&unfinished.task.params).is_ok_and(|before: Asked| before == asked)
    };
    let last = paused.iter().find(is_same);
    let cut_off = match &what {
        CheckWhatDto::Filter { fresh: true, .. }
        | CheckWhatDto::List { fresh: true, .. }
        | CheckWhatDto::Ids { .. } => None,
        CheckWhatDto::Filter { fresh: false, .. } => last,
        CheckWhatDto::List { ids, fresh: false, .. } => match last {
            Some(unfinished) if is_of_list(&store.remaining(unfinished.task.id)?, unfinished, ids) => last,
            _ => None,
        },
        CheckWhatDto::Unfinished { task } => Some(
            paused
                .iter()
                .find(|unfinished| unfinished.task.id == *task)
                .ok_or_else(|| ApiError::not_found("unfinished check of this number"))?,
        ),
    };
    if let Some(unfinished) = cut_off
        && store.resume_task(unfinished.task.id)?
    {
        let ids = store.remaining(unfinished.task.id)?;
        let course = Course { task: unfinished.task.id, before: unfinished.task.done, resumed: true };
        return Ok(Begun { course, jobs: engine.jobs(&ids)?, crowds: Vec::new() });
    }
    let ids = match what {
        CheckWhatDto::Filter { filter, .. } => engine.ids_matching(&filter)?,
        CheckWhatDto::Ids { ids } | CheckWhatDto::List { ids, .. } => ids,
        CheckWhatDto::Unfinished { .. } => Vec::new(),
    };
    let jobs = engine.jobs(&ids)?;
    let ids = jobs.iter().map(|job| job.id).collect();
    let task = NewTask { kind: TaskKind::Check, asked_by: AskedBy::User, params };
    let task = store.begin_task(task, ids, now_ms())?;
    // What was begun anew is not gone on with, and neither is what nobody has come back to for long.
    let (same, others): (Vec<_>, Vec<_>) = paused.iter().partition(is_same);
    for old in same.into_iter().chain(others.into_iter().skip(MAX_PAUSED)) {
        store.finish_task(old.task.id, TaskEnd::Cancelled, old.task.result.clone(), None, now_ms())?;
    }
    Ok(Begun { course: Course { task, before: 0, resumed: false }, jobs, crowds: Vec::new() })
}

/// Takes the crowds out of what is to be checked, so that a sample of each goes first.
fn without_crowds(engine: &Engine, begun: Begun) -> Begun {
    let pool = engine.pool();
    let network = |ip| engine.geo().asn(ip).filter(|asn| is_content_network(*asn));
    let works = |id| pool.row_of(id).is_some_and(|row| pool.standing(row).status == Status::Active);
    let (jobs, crowds) = sample(begun.jobs, network, works);
    Begun { jobs, crowds, ..begun }
}

/// What a check was asked to do, as its task keeps it: by this it is found again when it was cut off.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Asked {
    Filter { filter: FilterDto },
    List { name: String, protocol: Option<ProtocolDto> },
    Ids,
}

impl Asked {
    fn of(what: &CheckWhatDto) -> Self {
        match what {
            CheckWhatDto::Filter { filter, .. } => Self::Filter { filter: filter.clone() },
            CheckWhatDto::List { name, protocol, .. } => {
                Self::List { name: name.clone(), protocol: *protocol }
            }
            CheckWhatDto::Ids { .. } | CheckWhatDto::Unfinished { .. } => Self::Ids,
        }
    }
}

/// Whether what a task has left is of a list as it is now: a list that was changed is begun anew.
fn is_of_list(left: &[i64], unfinished: &Unfinished, list: &[i64]) -> bool {
    let list: HashSet<i64> = list.iter().copied().collect();
    usize::try_from(unfinished.task.total) == Ok(list.len()) && left.iter().all(|id| list.contains(id))
}

async fn run_task(
    engine: &Engine,
    options: Options,
    begun: Begun,
    run: &Run,
    sink: Option<&mut dyn ListSink>,
    watcher: &mut impl Watcher,
    cancel: &CancellationToken,
) -> Result<CheckedDto, ApiError> {
    let Begun { course, jobs, crowds } = begun;
    let ids = |jobs: &[Job]| -> Vec<i64> { jobs.iter().map(|job| job.id).collect() };
    let mut checking = ids(&jobs);
    engine.set_checking(&checking, true);
    let all = jobs.iter().chain(crowds.iter().flat_map(|crowd| &crowd.rest));
    let listed = sink.map(|sink| (sink, all.map(|job| (job.id, job.proxy.clone())).collect()));
    let sampled = crowds.iter().flat_map(|crowd| crowd.sample.iter().copied()).collect();
    let mut audience = Kept { engine, watcher, task: course.task, listed, sampled, works: HashSet::new() };
    let mut outcome = drive(Arc::new(jobs), options.clone(), course, &mut audience, cancel).await;
    // What had begun goes on when the judges are back or the disk has room.
    let mut has_begun = course.resumed || matches!(outcome, Err(Broken::Keeping(_)));
    // What was stopped in its middle has not shown yet which crowds are worth it.
    if let Ok(first) = &mut outcome
        && !cancel.is_cancelled()
    {
        let is_worth_it = |crowd: &Crowd| crowd.sample.iter().any(|id| audience.works.contains(id));
        let (worth, left): (Vec<_>, Vec<_>) = crowds.into_iter().partition(is_worth_it);
        let left_out: usize = left.iter().map(|crowd| crowd.rest.len()).sum();
        first.left_out = u32::try_from(left_out).unwrap_or(u32::MAX);
        let rest: Vec<Job> = worth.into_iter().flat_map(|crowd| crowd.rest).collect();
        if !rest.is_empty() {
            let more = ids(&rest);
            engine.set_checking(&more, true);
            checking.extend(more);
            has_begun = true;
            let course = Course { before: course.before + first.checked, ..course };
            let second = drive(Arc::new(rest), options, course, &mut audience, cancel).await;
            outcome = second.map(|second| together(first, &second));
        }
    }
    let outcome = outcome.map_err(broken);
    engine.set_checking(&checking, false);
    let (end, result, error) = match &outcome {
        Ok(result) if cancel.is_cancelled() => (
            if run.is_interrupted() { TaskEnd::Paused } else { TaskEnd::Cancelled },
            serde_json::to_string(result).ok(),
            None,
        ),
        Ok(result) => (TaskEnd::Succeeded, serde_json::to_string(result).ok(), None),
        Err(error) => {
            let end = if has_begun { TaskEnd::Paused } else { TaskEnd::Failed };
            (end, None, Some(error.dto().message.clone()))
        }
    };
    let store = engine.store()?.clone();
    spawn_blocking(move || store.finish_task(course.task, end, result, error, now_ms()))
        .await
        .map_err(|error| ApiError::internal(format!("The check could not be ended: {error}.")))??;
    outcome
}

/// What two parts of one check come to.
fn together(first: &CheckedDto, second: &CheckedDto) -> CheckedDto {
    let mut sum = first.clone();
    sum.checked += second.checked;
    sum.alive += second.alive;
    sum.seconds += second.seconds;
    sum.stored += second.stored;
    for (reason, count) in &second.by_reason {
        *sum.by_reason.entry(reason.clone()).or_default() += count;
    }
    for (target, count) in &second.targets {
        let of = sum.targets.entry(target.clone()).or_default();
        of.asked += count.asked;
        of.reached += count.reached;
    }
    sum
}

struct Kept<'a, 's, W> {
    engine: &'a Engine,
    watcher: &'a mut W,
    task: i64,
    listed: Option<(&'s mut (dyn ListSink + 's), HashMap<i64, Proxy>)>,
    /// The samples of crowds, and which of them work.
    sampled: HashSet<i64>,
    works: HashSet<i64>,
}

impl<W: Watcher> Audience for Kept<'_, '_, W> {
    type Error = ApiError;

    async fn keep(&mut self, batch: Vec<Outcome>) -> Result<(), ApiError> {
        let batch: Vec<CheckDone> = batch.into_iter().filter_map(Outcome::done).collect();
        let (engine, task) = (self.engine.clone(), self.task);
        let works = batch.iter().filter(|done| done.verdict.success && self.sampled.contains(&done.id));
        self.works.extend(works.map(|done| done.id));
        let also = self.listed.is_some().then(|| batch.clone());
        spawn_blocking(move || engine.apply_checks(Some(task), batch).map(drop))
            .await
            .map_err(|error| ApiError::internal(format!("Results could not be kept: {error}.")))??;
        match (&mut self.listed, also) {
            (Some((sink, known)), Some(batch)) => hand_on(*sink, |id| known.get(&id), &batch),
            _ => Ok(()),
        }
    }

    fn progress(&mut self, progress: ProgressDto) {
        self.watcher.progress(&progress);
    }

    fn word(&mut self, word: Word) {
        self.watcher.notice(notice_of(word));
    }
}

/// The watcher of a check that runs behind the window: everything becomes an event.
struct Window<'a>(&'a Run);

impl Watcher for Window<'_> {
    fn progress(&mut self, progress: &ProgressDto) {
        self.0.progress(progress.clone());
    }

    fn notice(&mut self, notice: NoticeDto) {
        // Nobody asked for it by name here.
        if notice.code != NoticeCode::NoLargerPage {
            self.0.tell(EventDto::Notice(notice));
        }
    }
}

pub(super) fn notice_of(word: Word) -> NoticeDto {
    match word {
        Word::JudgeLeftOut(judge, why) => NoticeDto {
            code: NoticeCode::JudgeLeftOut,
            params: BTreeMap::from([
                ("judge".to_owned(), escape_cut(&judge)),
                ("why".to_owned(), told(&why)),
            ]),
        },
        Word::NoLargerPage => NoticeDto { code: NoticeCode::NoLargerPage, params: BTreeMap::new() },
        Word::JudgesDown => NoticeDto { code: NoticeCode::JudgesDown, params: BTreeMap::new() },
        Word::JudgesBack => NoticeDto { code: NoticeCode::JudgesBack, params: BTreeMap::new() },
    }
}

pub(super) fn broken(broken: Broken<ApiError>) -> ApiError {
    match broken {
        Broken::Keeping(error) => error,
        Broken::Trouble(Trouble::Tls(why)) => {
            ApiError::invalid("judge_ca", format!("The judge's certificate authority cannot be used: {why}."))
                .hint("It must be a PEM file with at least one certificate.")
        }
        Broken::Trouble(Trouble::NoJudge(judges)) => {
            let told: Vec<String> =
                judges.iter().map(|(judge, why)| format!("{}: {}", escape(judge), told(why))).collect();
            let list = told.join("; ");
            ApiError::new(
                ErrorCode::NoJudge,
                format!("No judge can be used, so nothing was checked. {list}."),
            )
            .hint(
                "Check the network, name another judge with --judge or in the settings, or run your own with \
                     `proxydeck judge --listen ADDR` on a machine that proxies can reach.",
            )
            .param("judges", list)
        }
    }
}

fn told(error: &AskError) -> String {
    escape(&error.to_string())
}

/// How to check: the settings, and what is to be otherwise.
pub(super) fn options(checking: &Checking, how: &CheckHow) -> Result<Options, ApiError> {
    let judges = if how.judges.is_empty() { &checking.judges } else { &how.judges };
    let judges = judges
        .iter()
        .map(|text| judge_url(text).map(|url| JudgeSpec { foreign: is_built_in(&url.host), url }))
        .collect::<Result<Vec<_>, _>>()?;
    let resolve = checking
        .resolve
        .iter()
        .chain(&how.resolve)
        .map(|rule| resolve_rule(rule))
        .collect::<Result<Vec<_>, _>>()?;
    let judge_ca =
        how.judge_ca.as_ref().or(checking.judge_ca.as_ref()).map(|path| read_ca(path)).transpose()?;
    Ok(Options {
        judges,
        judge_ca,
        resolve,
        protocol: how.protocol.map(Into::into),
        timeout: how.timeout.unwrap_or(Duration::from_secs(checking.timeout_seconds.into())),
        concurrency: usize::try_from(how.concurrency.unwrap_or(checking.concurrency)).unwrap_or(usize::MAX),
        rate: match how.rate {
            Rate::AsSet => (checking.rate > 0).then_some(checking.rate),
            Rate::Unlimited => None,
            Rate::PerSecond(rate) => Some(rate),
        },
        retries: how.retries.unwrap_or(checking.retries),
        allow_private: how.allow_private || checking.allow_private,
        full_trust: how.full_trust,
        targets: how.targets.iter().map(|text| target_url(text)).collect::<Result<_, _>>()?,
        to_unverified: checking.passwords_to_unverified,
        recorded: false,
        with_evidence: true,
    })
}

fn judge_url(text: &str) -> Result<JudgeUrl, ApiError> {
    JudgeUrl::parse(text).map_err(|bad| {
        let shown = escape(&without_account(text));
        ApiError::invalid("judges", format!("{shown} is no address of a judge: {}.", bad.why))
            .hint("Give one such as http://azenv.net/.")
    })
}

fn target_url(text: &str) -> Result<TargetUrl, ApiError> {
    TargetUrl::parse(text).map_err(|bad| {
        let shown = escape(&without_account(text));
        ApiError::invalid("target", format!("{shown} cannot be visited: {}.", bad.why))
            .hint("Give an address such as https://example.com/.")
    })
}

pub(crate) fn resolve_rule(text: &str) -> Result<ResolveRule, ApiError> {
    text.parse()
        .map_err(|why| ApiError::invalid("resolve", format!("{} cannot be used: {why}.", escape(text))))
}

/// Whether a judge can be asked at an address.
///
/// # Errors
/// [`ErrorCode::Invalid`] with what is wrong with it; an account in it is not repeated.
pub fn usable_judge(text: &str) -> Result<(), ApiError> {
    judge_url(text).map(drop)
}

/// Whether an address can be visited.
///
/// # Errors
/// [`ErrorCode::Invalid`] with what is wrong with it; an account in it is not repeated.
pub fn usable_target(text: &str) -> Result<(), ApiError> {
    target_url(text).map(drop)
}

/// Whether a text is a rule for a name: `HOST:PORT:ADDR`.
///
/// # Errors
/// [`ErrorCode::Invalid`] with what is wrong with it.
pub fn usable_resolve(text: &str) -> Result<(), ApiError> {
    resolve_rule(text).map(drop)
}

/// Reads a certificate authority, and makes sure that it is one before a task begins.
fn read_ca(path: &Path) -> Result<Vec<u8>, ApiError> {
    let pem = std::fs::read(path).map_err(|error| ApiError::io("read", path, &error))?;
    match ClientTls::new(Some(&pem)) {
        Ok(_) => Ok(pem),
        Err(error) => {
            let shown = escape(&path.to_string_lossy());
            let why = escape(&error.to_string());
            Err(ApiError::invalid(
                "judge_ca",
                format!("{shown} is no certificate authority for judges: {why}."),
            )
            .hint("It must be a PEM file with at least one certificate.")
            .param("path", shown))
        }
    }
}
