//! A run seen from outside: results go where they are kept, progress goes where it is shown, at most ten times
//! a second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::run::{Outlet, Trouble, Word, room, run};
use super::sockets::Sockets;
use super::{Job, Options, Outcome, Progress, Tally};
use crate::api::dto::{CheckedDto, ProgressDto, TargetCountDto, TaskStatusDto};
use crate::escape::escape;

/// Batches on their way to where they are kept. Full, they hold the checker back.
const BATCHES: usize = 8;
/// Notices on their way; the run waits for nobody longer than this.
const WORDS: usize = 8;
/// How often progress is told: ten times a second is as often as a person sees.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Where the results of a run go, and what is told meanwhile.
pub(crate) trait Audience {
    /// Why a result could not be kept; ends the run.
    type Error;

    /// Keeps results. The run is held back until this returns.
    fn keep(&mut self, batch: Vec<Outcome>) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Shows how far the run is.
    fn progress(&mut self, progress: ProgressDto);

    /// Hears of judges that are down or back.
    fn word(&mut self, word: Word);
}

/// Why a run did not come to its end.
pub(crate) enum Broken<E> {
    /// It could not begin.
    Trouble(Trouble),
    /// A result could not be kept.
    Keeping(E),
}

/// What a run continues and how it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Course {
    /// The task's number; 0 when nothing is kept.
    pub(crate) task: i64,
    /// Proxies that the task had finished before.
    pub(crate) before: u32,
    /// Whether it goes on where it was cut off, be it before the first result.
    pub(crate) resumed: bool,
}

/// Runs the jobs to their end, or until cancelled, and hands everything on.
///
/// # Errors
/// [`Broken`] when the run cannot begin or a result cannot be kept.
pub(crate) async fn drive<A: Audience>(
    jobs: Arc<Vec<Job>>,
    options: Options,
    course: Course,
    audience: &mut A,
    cancel: &CancellationToken,
) -> Result<CheckedDto, Broken<A::Error>> {
    let began = Instant::now();
    let total = course.before + u32::try_from(jobs.len()).unwrap_or(u32::MAX);
    let progress = Arc::new(Progress::default());
    let sockets = Arc::new(Sockets::new(room(options.concurrency)));
    let concurrency = u32::try_from(sockets.allowed()).unwrap_or(u32::MAX);
    let (results, mut batches) = mpsc::channel(BATCHES);
    let (words_out, mut words) = mpsc::channel(WORDS);
    // A result that cannot be kept ends this run and nothing else.
    let stop = cancel.child_token();
    let outlet =
        Outlet { results, words: words_out, progress: Arc::clone(&progress), sockets: Arc::clone(&sockets) };
    // A task of its own: here it would share a thread with whoever waits for it, and be woken for every result.
    let mut running = AbortOnDropHandle::new(tokio::spawn(run(jobs, options, outlet, stop.clone())));
    let mut tally = Tally::default();
    let mut tick = interval(TELL_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut outcome = None;
    let mut stored = 0;
    let tell = |tally: &mut Tally, status| {
        let done = progress.done();
        let rate = tally.rate(Instant::now(), done);
        let left = total.saturating_sub(course.before + done);
        ProgressDto {
            task: course.task,
            status,
            done: course.before + done,
            total,
            alive: progress.alive(),
            in_flight: u32::try_from(sockets.in_use()).unwrap_or(u32::MAX),
            concurrency,
            rate,
            seconds_left: (rate > 0.0).then(|| f64::from(left) / rate),
        }
    };
    loop {
        tokio::select! {
            batch = batches.recv() => match batch {
                Some(batch) => {
                    stored += u32::try_from(batch.len()).unwrap_or(u32::MAX);
                    if let Err(error) = audience.keep(batch).await {
                        stop.cancel();
                        return Err(Broken::Keeping(error));
                    }
                }
                None => break,
            },
            result = &mut running, if outcome.is_none() => outcome = Some(result),
            _ = tick.tick() => audience.progress(tell(&mut tally, TaskStatusDto::Running)),
            Some(word) = words.recv() => audience.word(word),
        }
    }
    // The results end only when the run drops them, so it is at its end.
    let outcome = match outcome {
        Some(outcome) => outcome,
        None => running.await,
    };
    match outcome {
        Ok(result) => result.map_err(Broken::Trouble)?,
        // It panicked: a bug of ours, which must not look like a check that is done.
        Err(broken) => std::panic::resume_unwind(broken.into_panic()),
    }
    let status = if cancel.is_cancelled() { TaskStatusDto::Cancelled } else { TaskStatusDto::Succeeded };
    audience.progress(tell(&mut tally, status));
    Ok(CheckedDto {
        checked: progress.done(),
        alive: progress.alive(),
        by_reason: progress.by_reason(),
        seconds: (began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
        task: (course.task != 0).then_some(course.task),
        resumed: course.resumed,
        stored,
        left_out: 0,
        targets: progress
            .targets()
            .into_iter()
            .map(|(target, (asked, reached))| (escape(&target), TargetCountDto { asked, reached }))
            .collect(),
    })
}
