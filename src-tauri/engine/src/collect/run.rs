//! A round over sources: several are fetched at once, one is written at a time, and progress is told.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;
use proxydeck_store::Source;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::fetch::{Fetcher, took};
use super::keep::{Kept, Timing, keep};
use crate::api::dto::{CollectProgressDto, CollectedDto, SourceVisitDto, TaskStatusDto};
use crate::api::{ApiError, Engine};
use crate::check::now_ms;
use crate::convert::visit_dto;
use crate::escape::escape_cut;
use crate::pool::number;

/// Sources that are visited at once. Most wait for the turn of their host; each that has come holds its list in memory
/// until it is written.
const AT_ONCE: usize = 8;
/// How often progress is told: ten times a second is as often as a person sees.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Who hears how a round goes.
pub(crate) trait Audience {
    /// How far it is.
    fn progress(&mut self, progress: CollectProgressDto);
    /// What came of one source.
    fn visited(&mut self, visited: &SourceVisitDto);
}

/// What a round came to.
pub(crate) struct Round {
    pub(crate) result: CollectedDto,
    /// The numbers of the proxies that nobody had before.
    pub(crate) new: Vec<i64>,
}

/// Visits sources and keeps what they bring. Called off, it ends with what was kept by then.
pub(crate) async fn collect(
    engine: &Engine,
    sources: Vec<Source>,
    what: impl Fn(&Source) -> super::What,
    fetcher: Fetcher,
    task: i64,
    audience: &mut (impl Audience + ?Sized),
    cancel: &CancellationToken,
) -> Result<Round, ApiError> {
    let began = Instant::now();
    let total = number(sources.len());
    let visiting: Arc<Mutex<BTreeSet<i64>>> = Arc::default();
    let mut round = Round {
        result: CollectedDto { sources: total, task: (task != 0).then_some(task), ..CollectedDto::default() },
        new: Vec::new(),
    };
    let mut distinct = HashSet::new();
    let mut visits = stream::iter(sources)
        .map(|source| {
            let (fetcher, cancel, visiting) = (fetcher.clone(), cancel.clone(), Arc::clone(&visiting));
            let what = what(&source);
            let id = source.id;
            // Tasks of their own, which go on while another source is being written.
            let visit = AbortOnDropHandle::new(tokio::spawn(async move {
                held(&visiting).insert(id);
                let (at, since) = (now_ms(), Instant::now());
                let came = fetcher.visit(&what, &cancel).await;
                held(&visiting).remove(&id);
                (came, Timing { at, took_ms: took(since) })
            }));
            async move { (source, visit.await) }
        })
        .buffer_unordered(AT_ONCE);
    let mut tick = interval(TELL_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut done = 0;
    let tell = |round: &Round, done: u32, status| {
        let seconds = began.elapsed().as_secs_f64();
        let visiting = held(&visiting).iter().copied().collect();
        CollectProgressDto {
            task,
            status,
            done,
            total,
            found: round.result.found,
            new: round.result.new,
            bytes: round.result.bytes,
            visiting,
            seconds,
            seconds_left: (done > 0).then(|| seconds / f64::from(done) * f64::from(total - done)),
        }
    };
    while let Some((source, outcome)) = next(&mut visits, &mut tick, || {
        audience.progress(tell(&round, done, TaskStatusDto::Running));
    })
    .await
    {
        let (came, timing) = match outcome {
            Ok(outcome) => outcome,
            // It panicked: a bug of ours, which must not look like a source that failed.
            Err(broken) => std::panic::resume_unwind(broken.into_panic()),
        };
        let (ours, stop) = (engine.clone(), cancel.clone());
        let name = escape_cut(&source.plan.name);
        let id = source.id;
        let mut keeping =
            AbortOnDropHandle::new(spawn_blocking(move || keep(&ours, &source, came, timing, &stop)));
        let kept = loop {
            tokio::select! {
                kept = &mut keeping => break kept,
                _ = tick.tick() => audience.progress(tell(&round, done, TaskStatusDto::Running)),
            }
        };
        let kept =
            kept.map_err(|error| ApiError::internal(format!("A list could not be kept: {error}.")))??;
        done += 1;
        if let Some(Kept { visit, ids, new }) = kept {
            let visited = SourceVisitDto { id, source: name, visit: visit_dto(&visit) };
            audience.visited(&visited);
            let result = &mut round.result;
            *outcome_count(&mut result.outcomes, visit.outcome.as_str()) += 1;
            result.found = result.found.saturating_add(visit.accepted);
            result.new = result.new.saturating_add(visit.new);
            result.bytes += u64::from(visit.bytes);
            result.visits.push(visited);
            distinct.extend(ids);
            round.new.extend(new);
        }
    }
    let status = if cancel.is_cancelled() { TaskStatusDto::Cancelled } else { TaskStatusDto::Succeeded };
    audience.progress(tell(&round, done, status));
    round.result.distinct = number(distinct.len());
    round.result.seconds = (began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
    Ok(round)
}

fn held(visiting: &Mutex<BTreeSet<i64>>) -> std::sync::MutexGuard<'_, BTreeSet<i64>> {
    visiting.lock().unwrap_or_else(PoisonError::into_inner)
}

fn outcome_count<'a>(outcomes: &'a mut BTreeMap<String, u32>, word: &str) -> &'a mut u32 {
    outcomes.entry(word.to_owned()).or_default()
}

/// The next of a stream, with something to do at every tick until it comes.
async fn next<S: stream::Stream + Unpin>(
    stream: &mut S,
    tick: &mut tokio::time::Interval,
    mut at_tick: impl FnMut(),
) -> Option<S::Item> {
    loop {
        tokio::select! {
            item = stream.next() => return item,
            _ = tick.tick() => at_tick(),
        }
    }
}
