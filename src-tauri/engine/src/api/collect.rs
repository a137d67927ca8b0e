//! Collecting: a round over the sources, in the background or until it is done.

use std::time::Duration;

use proxydeck_domain::{Capability, UnixMs};
use proxydeck_store::{AskedBy, NewTask, Source, TaskEnd, TaskKind};
use proxydeck_wire::download::{Via, ViaScheme};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::check::{CheckHow, check_start_as};
use super::dto::{
    CheckWhatDto, CollectProgressDto, CollectedDto, ErrorCode, EventDto, SourceVisitDto, TaskStatusDto,
};
use super::sources::{is_typed, of_round, what_of};
use super::{ApiError, Engine};
use crate::check::now_ms;
use crate::collect::{Audience, Fetcher, Round, What, collect as round};
use crate::engine::CollectRun;
use crate::settings::{THROUGH_POOL, through_proxy};

/// How often it is looked which sources are due: intervals are minutes.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// Proxies of the pool that sources are fetched through, one after another as they fail.
const WAYS: usize = 8;

/// Who hears how collecting goes.
pub trait CollectWatcher: Send {
    /// How far it is; at most ten a second.
    fn progress(&mut self, progress: &CollectProgressDto);
    /// What came of one source.
    fn visited(&mut self, visited: &SourceVisitDto);
}

/// Starts a round over sources in the background: those that are named, else all that are on. Its progress and its end
/// are events. What was new is checked afterwards, if the settings say so. Answers with the task's number.
///
/// # Errors
/// [`ErrorCode::Busy`] when one runs already, and whatever stands in the way of beginning.
pub async fn collect_start(engine: &Engine, ids: Option<Vec<i64>>) -> Result<i64, ApiError> {
    let run = engine.claim_collecting()?;
    let begun = begin(engine, ids).await?;
    let task = begun.task;
    let ours = engine.clone();
    tokio::spawn(async move {
        let cancel = run.cancel().clone();
        let outcome = run_round(&ours, begun, &mut Window(&run), &cancel).await;
        let stopped = cancel.is_cancelled();
        // Before the end is told, so that whoever hears it can start the next.
        drop(run);
        let (status, result, error, new) = match outcome {
            Ok(Round { result, new }) if stopped => (TaskStatusDto::Cancelled, Some(result), None, new),
            Ok(Round { result, new }) => (TaskStatusDto::Succeeded, Some(result), None, new),
            Err(error) => (TaskStatusDto::Failed, None, Some(error.into()), Vec::new()),
        };
        ours.tell(EventDto::Collected { task, status, result, error });
        if !new.is_empty() && !stopped && ours.settings().collecting.check_new {
            check_new(&ours, new).await;
        }
    });
    Ok(task)
}

/// Checks what was new. Where a check runs already, the new ones are left to the next one.
async fn check_new(engine: &Engine, new: Vec<i64>) {
    let how = CheckHow { sampled: true, ..CheckHow::default() };
    if let Err(error) = check_start_as(engine, CheckWhatDto::Ids { ids: new }, how).await
        && error.dto().code != ErrorCode::Busy
    {
        // Whoever watches hears of it as of any check that ends without having begun.
        engine.tell(EventDto::Ended {
            task: 0,
            status: TaskStatusDto::Failed,
            result: None,
            error: Some(error.into()),
        });
    }
}

/// Visits sources again when they are due, until cancelled. Those that were never visited wait for the user: what a
/// program does on its own for the first time is asked for.
pub async fn collect_when_due(engine: &Engine, cancel: &CancellationToken) {
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
        if !engine.settings().collecting.automatic || engine.is_collecting() {
            continue;
        }
        let ours = engine.clone();
        let due = spawn_blocking(move || super::sources::due(&ours)).await;
        let ids = match due {
            Ok(Ok(ids)) if ids.is_empty() => continue,
            Ok(Ok(ids)) => ids,
            Ok(Err(error)) => {
                tracing::warn!(message = error.dto().message, "it cannot be told which sources are due");
                continue;
            }
            Err(error) => {
                tracing::error!(%error, "it cannot be told which sources are due");
                continue;
            }
        };
        // Somebody may have begun a round meanwhile; then it is looked again.
        if let Err(error) = collect_start(engine, Some(ids)).await
            && error.dto().code != ErrorCode::Busy
        {
            tracing::warn!(message = error.dto().message, "sources that are due cannot be visited");
        }
    }
}

/// Gives up the round that runs now; what was kept by then stays. Nothing happens when none runs.
pub fn collect_stop(engine: &Engine) {
    engine.cancel_collecting();
}

/// Visits sources and comes back when it is done: those that are named, else all that are on. Answers also with the
/// numbers of what was new.
///
/// # Errors
/// Whatever stands in the way of beginning, and what keeping the lists can meet.
pub async fn collect(
    engine: &Engine,
    ids: Option<Vec<i64>>,
    watcher: &mut impl CollectWatcher,
    cancel: &CancellationToken,
) -> Result<(CollectedDto, Vec<i64>), ApiError> {
    let run = engine.claim_collecting()?;
    let begun = begin(engine, ids).await?;
    let outcome = run_round(engine, begun, &mut Told(watcher), cancel).await;
    drop(run);
    outcome.map(|Round { result, new }| (result, new))
}

struct Begun {
    task: i64,
    sources: Vec<Source>,
    fetcher: Fetcher,
}

async fn begin(engine: &Engine, ids: Option<Vec<i64>>) -> Result<Begun, ApiError> {
    let engine = engine.clone();
    spawn_blocking(move || {
        let sources = of_round(&engine, ids.as_deref())?;
        if sources.is_empty() {
            return Err(ApiError::invalid("sources", "There is no source to visit.")
                .hint("Switch some on, or wait: those that are paused or asked for patience are left out."));
        }
        let fetcher = fetcher(&engine)?;
        let params = serde_json::json!({ "sources": ids }).to_string();
        let task = NewTask { kind: TaskKind::Collect, asked_by: AskedBy::User, params };
        let task = engine.store()?.begin_task(task, Vec::new(), now_ms())?;
        Ok(Begun { task, sources, fetcher })
    })
    .await
    .map_err(|error| ApiError::internal(format!("Collecting could not begin: {error}.")))?
}

async fn run_round(
    engine: &Engine,
    begun: Begun,
    audience: &mut impl Audience,
    cancel: &CancellationToken,
) -> Result<Round, ApiError> {
    let Begun { task, sources, fetcher } = begun;
    let what = |source: &Source| what_is_kept(engine, source);
    let outcome = round(engine, sources, what, fetcher, task, audience, cancel).await;
    let (end, result, error) = match &outcome {
        Ok(Round { result, .. }) => {
            let end = if cancel.is_cancelled() { TaskEnd::Cancelled } else { TaskEnd::Succeeded };
            (end, serde_json::to_string(&Counts::of(result)).ok(), None)
        }
        Err(error) => (TaskEnd::Failed, None, Some(error.dto().message.clone())),
    };
    let (store, done) =
        (engine.store()?.clone(), outcome.as_ref().map_or((0, 0), |round| visited(&round.result)));
    spawn_blocking(move || {
        store.task_progress(task, done.0, done.1)?;
        store.finish_task(task, end, result, error, now_ms())
    })
    .await
    .map_err(|error| ApiError::internal(format!("Collecting could not be ended: {error}.")))??;
    outcome
}

fn visited(result: &CollectedDto) -> (u32, u32) {
    (crate::pool::number(result.visits.len()), result.sources)
}

/// What the record of a task keeps: the visits themselves are kept with the sources.
#[derive(serde::Serialize)]
struct Counts<'a> {
    sources: u32,
    outcomes: &'a std::collections::BTreeMap<String, u32>,
    found: u32,
    distinct: u32,
    new: u32,
    bytes: u64,
    seconds: f64,
}

impl<'a> Counts<'a> {
    fn of(result: &'a CollectedDto) -> Self {
        let CollectedDto { sources, outcomes, found, distinct, new, bytes, seconds, .. } = result;
        Self {
            sources: *sources,
            outcomes,
            found: *found,
            distinct: *distinct,
            new: *new,
            bytes: *bytes,
            seconds: *seconds,
        }
    }
}

/// How a source that is kept is to be visited.
fn what_is_kept(engine: &Engine, source: &Source) -> What {
    What {
        etag: source.record.etag.clone(),
        last_modified: source.record.last_modified.clone(),
        content: source.record.content.clone(),
        ..what_of(&source.plan, is_typed(engine, &source.plan))
    }
}

/// What visits sources, by the settings as they are now.
pub(crate) fn fetcher(engine: &Engine) -> Result<Fetcher, ApiError> {
    let settings = engine.settings();
    let ways = match settings.collecting.through.as_str() {
        "" => Vec::new(),
        THROUGH_POOL => ways_of_pool(engine, now_ms())?,
        through => {
            // It was made sure of when it was set.
            let (protocol, proxy) = through_proxy(through).ok_or_else(|| {
                ApiError::invalid("collecting.through", "The proxy to fetch through is none.")
            })?;
            let scheme = match protocol {
                proxydeck_domain::Protocol::Http | proxydeck_domain::Protocol::Https => ViaScheme::Http,
                proxydeck_domain::Protocol::Socks4 => ViaScheme::Socks4,
                proxydeck_domain::Protocol::Socks5 => ViaScheme::Socks5,
            };
            vec![Via { scheme, endpoint: proxy.endpoint, account: proxy.account, allow_private: true }]
        }
    };
    Ok(Fetcher::new(engine.downloader()?, ways, settings.checking.allow_private))
}

/// The best working proxies of the pool that open tunnels, through which any source can be fetched.
fn ways_of_pool(engine: &Engine, now: UnixMs) -> Result<Vec<Via>, ApiError> {
    const SOCKS5: u8 = 1 << Capability::Socks5 as u8;
    const SOCKS5H: u8 = 1 << Capability::Socks5h as u8;
    const CONNECT: u8 = 1 << Capability::Connect as u8;
    let best: Vec<(i64, ViaScheme)> = {
        let pool = engine.pool();
        let mut rows: Vec<(usize, f64, ViaScheme)> = (0..pool.len())
            .filter_map(|row| {
                let works = pool.columns().working[row];
                let scheme = if works & (SOCKS5 | SOCKS5H) != 0 {
                    ViaScheme::Socks5
                } else if works & CONNECT != 0 {
                    ViaScheme::Http
                } else {
                    return None;
                };
                let is_active = pool.standing(row).status == proxydeck_domain::Status::Active;
                Some((row, pool.score(row, now).filter(|_| is_active)?, scheme))
            })
            .collect();
        rows.sort_by(|one, other| other.1.total_cmp(&one.1));
        rows.iter().take(WAYS).map(|(row, _, scheme)| (pool.columns().id[*row], *scheme)).collect()
    };
    if best.is_empty() {
        return Err(ApiError::invalid(
            "collecting.through",
            "No working proxy of the pool opens tunnels, through which sources could be fetched.",
        )
        .hint("Check some first, or fetch directly: settings, `through` under [collecting]."));
    }
    let ids: Vec<i64> = best.iter().map(|(id, _)| *id).collect();
    let allow_private = engine.settings().checking.allow_private;
    Ok(engine
        .jobs(&ids)?
        .into_iter()
        .zip(best)
        .map(|(job, (_, scheme))| Via {
            scheme,
            endpoint: job.proxy.endpoint,
            account: job.proxy.account,
            allow_private,
        })
        .collect())
}

struct Window<'a>(&'a CollectRun);

impl Audience for Window<'_> {
    fn progress(&mut self, progress: CollectProgressDto) {
        self.0.progress(progress);
    }

    fn visited(&mut self, _: &SourceVisitDto) {}
}

struct Told<'a, W>(&'a mut W);

impl<W: CollectWatcher> Audience for Told<'_, W> {
    fn progress(&mut self, progress: CollectProgressDto) {
        self.0.progress(&progress);
    }

    fn visited(&mut self, visited: &SourceVisitDto) {
        self.0.visited(visited);
    }
}
