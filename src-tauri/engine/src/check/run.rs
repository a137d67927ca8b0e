//! A run: many proxies, a bounded number at a time, results in batches, and judges that may fail in the middle.
//!
//! A failure that a dead judge would explain, or one that has changed its page, is held back until that judge is known to
//! have answered later as it did before. If it did not, nothing is said about the proxy, and it is asked again when there
//! is a judge.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use proxydeck_domain::{Attempt, Reason, UnixMs, Verdict};
use proxydeck_wire::{AskError, Net, Pace, Resolver};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::line::Line;
use super::one::{Bench, Checked, Hands, Seen, check};
use super::progress::Progress;
use super::sockets::Sockets;
use super::{CheckDone, Job, Options, Outcome, Panel};

/// A batch goes on when it has this many results: what the store writes well in one transaction.
const BATCH: usize = 500;
/// A batch goes on after this long, however small: what a person sees as at once.
const BATCH_AFTER: Duration = Duration::from_millis(100);
/// Results on their way from the workers. So many hold the workers back.
const MOST_LANDED: usize = 1024;
/// Attempts for which a worker keeps the room: most proxies have one or two, and there are thousands of workers.
const MOST_SPARE: usize = 2;
/// How often what is held back is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How long a held result waits for an answer by chance before the judge is asked directly.
const HELD_FOR: Duration = Duration::from_millis(300);
/// How often a proxy is put off because of us or the judges before the run ends without it.
const MAX_PUT_OFF: u8 = 5;
/// How long a worker rests after our own machine could not open a connection.
const LOCAL_PAUSE: Duration = Duration::from_millis(200);
/// Descriptors kept for everything that is not a checker's socket: the database, the window, judges.
const RESERVED_FILES: u64 = 96;
/// The fewest sockets that a run is worth.
const MIN_CONCURRENCY: usize = 4;

/// Why a run could not begin.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// TLS could not be set up: the user's CA is no PEM.
    Tls(String),
    /// No judge can make a proxy active; each with why.
    NoJudge(Vec<(String, AskError)>),
}

/// What a run tells beside its results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// One judge did not answer when it was introduced, with why; the others do the work.
    JudgeLeftOut(String, AskError),
    /// A larger page was wanted, and no judge has one.
    NoLargerPage,
    /// No judge answers; the run waits.
    JudgesDown,
    /// One answers again; the run goes on.
    JudgesBack,
}

/// Where a run puts what it has to say.
pub(super) struct Outlet {
    /// Results in order of completion.
    pub(super) results: mpsc::Sender<Vec<Outcome>>,
    /// Everything else.
    pub(super) words: mpsc::Sender<Word>,
    /// The counters.
    pub(super) progress: Arc<Progress>,
    /// The sockets that it may use.
    pub(super) sockets: Arc<Sockets>,
}

/// A result on its way.
struct Landed {
    job: usize,
    ended: u64,
    /// Whether our own machine could not.
    ours: bool,
    /// None where nothing can be said about the proxy.
    outcome: Option<Outcome>,
    suspected: Vec<usize>,
}

/// Raises the limit of open files and says how many sockets a run may use.
pub(super) fn room(wanted: usize) -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    let room = usize::try_from(files.saturating_sub(RESERVED_FILES)).unwrap_or(usize::MAX);
    wanted.min(room.max(MIN_CONCURRENCY))
}

/// Checks all jobs. Returns when all are done or the run was cancelled; cancelled ones have no result.
///
/// # Errors
/// [`Trouble`] when it cannot begin; no job was touched then.
pub(super) async fn run(
    jobs: Arc<Vec<Job>>,
    options: Options,
    outlet: Outlet,
    cancel: CancellationToken,
) -> Result<(), Trouble> {
    let tls = proxydeck_wire::ClientTls::new(options.judge_ca.as_deref())
        .map_err(|error| Trouble::Tls(error.to_string()))?;
    let net = Net { tls: Arc::new(tls), resolver: Arc::new(Resolver::new(options.resolve.clone())) };
    let panel = tokio::select! {
        () = cancel.cancelled() => return Ok(()),
        panel = Panel::introduce(net, &options.judges) => panel.map_err(Trouble::NoJudge)?,
    };
    for (judge, error) in panel.refused() {
        // Nobody listening is no reason not to check.
        let _ = outlet.words.send(Word::JudgeLeftOut(judge.clone(), error.clone())).await;
    }
    if options.full_trust && panel.with_page().is_none() {
        let _ = outlet.words.send(Word::NoLargerPage).await;
    }
    let concurrency = outlet.sockets.allowed();
    let bench = Arc::new(Bench {
        panel,
        sockets: Arc::clone(&outlet.sockets),
        dials: options.rate.map(Pace::per_second),
        options,
    });
    let mut line = Line::new(concurrency, bench.options.timeout);
    let mut todo: Arc<[usize]> = (0..jobs.len()).collect();
    let mut put_off = vec![0_u8; jobs.len()];
    let mut retries = bench.options.retries;
    while !todo.is_empty() && !cancel.is_cancelled() {
        let round = Round {
            bench: Arc::clone(&bench),
            jobs: Arc::clone(&jobs),
            todo,
            retry: retries > 0,
            concurrency,
        };
        let left = round.go(&outlet, &mut line, &cancel).await;
        retries = retries.saturating_sub(1);
        todo = left
            .into_iter()
            .filter(|(job, because)| match because {
                Because::Retry => true,
                Because::NotItsFault => {
                    put_off[*job] += 1;
                    put_off[*job] < MAX_PUT_OFF
                }
            })
            .map(|(job, _)| job)
            .collect();
    }
    Ok(())
}

/// Why a job is asked again.
enum Because {
    /// It was accepted and then lost, and there are tries left.
    Retry,
    /// We or the judges could not.
    NotItsFault,
}

struct Round {
    bench: Arc<Bench>,
    jobs: Arc<Vec<Job>>,
    todo: Arc<[usize]>,
    retry: bool,
    concurrency: usize,
}

impl Round {
    /// Asks all that is to do once and returns what must be asked again.
    async fn go(self, outlet: &Outlet, line: &mut Line, cancel: &CancellationToken) -> Vec<(usize, Because)> {
        let landing = Arc::new(Landing::default());
        let next = Arc::new(AtomicUsize::new(0));
        let mut workers = JoinSet::new();
        for _ in 0..self.concurrency.min(self.todo.len()) {
            let worker = worker(
                Arc::clone(&self.bench),
                Arc::clone(&self.jobs),
                Arc::clone(&self.todo),
                Arc::clone(&next),
                Arc::clone(&landing),
            );
            workers.spawn(worker);
        }
        let mut emptied = Vec::new();
        let mut collector =
            Collector { round: &self, outlet, batch: Vec::new(), held: VecDeque::new(), again: Vec::new() };
        let mut tick = interval(LOOK_AGAIN);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut flushed = Instant::now();
        let mut asking = JoinSet::new();
        let mut lost = JoinSet::new();
        let mut open = self.bench.panel.watch();
        let mut working = true;
        let mut stopped = false;
        while working || (!collector.held.is_empty() && !cancel.is_cancelled()) {
            tokio::select! {
                () = landing.full.notified() => collector.take_all(&landing, &mut emptied, line),
                ended = workers.join_next(), if working => {
                    if let Some(Err(broken)) = ended && broken.is_panic() {
                        std::panic::resume_unwind(broken.into_panic());
                    }
                    if workers.is_empty() {
                        collector.take_all(&landing, &mut emptied, line);
                        // Nobody's answer can explain what is held any more, so there is nothing to wait for.
                        working = false;
                        tick.reset_immediately();
                    }
                }
                _ = tick.tick() => {
                    collector.take_all(&landing, &mut emptied, line);
                    let now = self.bench.panel.now();
                    if line.jumped(now) {
                        let bench = Arc::clone(&self.bench);
                        lost.spawn(async move { bench.panel.somebody_answers().await });
                    }
                    line.quiet(now);
                    self.bench.sockets.settle(line.limit());
                    collector.look_again();
                    for seat in collector.to_ask(if working { HELD_FOR } else { Duration::ZERO }) {
                        let bench = Arc::clone(&self.bench);
                        asking.spawn(async move { bench.panel.confirm(seat).await });
                    }
                }
                // From outside, so that no worker need look at each of its steps whether it should stop.
                () = cancel.cancelled(), if !stopped => {
                    stopped = true;
                    workers.abort_all();
                }
                Ok(()) = open.changed() => {
                    let word = if *open.borrow_and_update() { Word::JudgesBack } else { Word::JudgesDown };
                    // Nobody listening is no reason to stop checking.
                    let _ = outlet.words.send(word).await;
                }
                Some(_) = asking.join_next(), if !asking.is_empty() => collector.look_again(),
                // Proxies fall silent while a judge answers: it is the line. If none answers, the run waits anyway.
                Some(answers) = lost.join_next(), if !lost.is_empty() => {
                    if answers.unwrap_or(false) {
                        tracing::warn!("far more dials than usual come to nothing; fewer are made at once");
                        line.trouble(self.bench.panel.now());
                    }
                }
            }
            if collector.batch.len() >= BATCH || flushed.elapsed() >= BATCH_AFTER {
                collector.flush().await;
                flushed = Instant::now();
            }
        }
        asking.shutdown().await;
        lost.shutdown().await;
        workers.shutdown().await;
        collector.flush().await;
        collector.again
    }
}

/// Takes jobs until there are none.
async fn worker(
    bench: Arc<Bench>,
    jobs: Arc<Vec<Job>>,
    todo: Arc<[usize]>,
    next: Arc<AtomicUsize>,
    landing: Arc<Landing>,
) {
    let mut hands = Hands::new(&bench);
    // Room for attempts that is used again where the evidence is not handed on.
    let mut spare = Vec::new();
    loop {
        hands.be_ready().await;
        let Some(&at) = todo.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
        let Some(job) = jobs.get(at) else { return };
        let landed = match check(&bench, job, &mut spare, &mut hands).await {
            Checked::Unreached { by, reason } => Landed {
                job: at,
                ended: bench.panel.now(),
                ours: false,
                outcome: Some(Outcome::Unreached { id: job.id, at: now_ms(), by, reason }),
                suspected: Vec::new(),
            },
            Checked::Seen(seen) => land(&bench, at, job.id, seen, &mut spare),
        };
        let ours = landed.ours;
        if let Some(landed) = landing.put(landed) {
            hands.rest();
            landing.put_later(landed).await;
        }
        if ours {
            hands.rest();
            sleep(LOCAL_PAUSE).await;
        }
    }
}

/// What is handed on of what was seen. Where nobody wants the evidence, its room is used again.
fn land(bench: &Bench, job: usize, id: i64, seen: Seen, spare: &mut Vec<Attempt>) -> Landed {
    let Seen { mut evidence, visits, suspected, .. } = seen;
    let ours = evidence.attempts.iter().any(|a| a.reason == Some(Reason::LocalError));
    let verdict = Verdict::of(&evidence);
    if !bench.options.with_evidence {
        *spare = std::mem::take(&mut evidence.attempts);
        spare.clear();
        spare.shrink_to(MOST_SPARE);
    }
    let visits = visits.into_boxed_slice();
    let outcome = verdict
        .map(|verdict| Outcome::Checked(Box::new(CheckDone { id, at: now_ms(), verdict, evidence, visits })));
    Landed { job, ended: bench.panel.now(), ours, outcome, suspected }
}

/// Where workers put their results: a heap that is taken away at once, so that nobody is woken for each of them.
#[derive(Default)]
struct Landing {
    heap: Mutex<Vec<Landed>>,
    /// Told when the heap is worth taking before its time.
    full: Notify,
    /// Told when it was taken.
    taken: Notify,
}

impl Landing {
    /// Puts a result down. Gives it back where too many lie there.
    fn put(&self, landed: Landed) -> Option<Landed> {
        let mut heap = self.heap.lock().unwrap_or_else(PoisonError::into_inner);
        if heap.len() >= MOST_LANDED {
            return Some(landed);
        }
        heap.push(landed);
        if heap.len() == BATCH {
            self.full.notify_one();
        }
        None
    }

    /// Puts a result down as soon as there is room.
    async fn put_later(&self, landed: Landed) {
        let mut landed = landed;
        loop {
            // From here on it hears of a heap that is taken.
            let taken = self.taken.notified();
            match self.put(landed) {
                None => return,
                Some(back) => landed = back,
            }
            taken.await;
        }
    }

    /// Takes everything; `room` is what is put in its place.
    fn take(&self, room: Vec<Landed>) -> Vec<Landed> {
        let heap = std::mem::replace(&mut *self.heap.lock().unwrap_or_else(PoisonError::into_inner), room);
        self.taken.notify_waiters();
        heap
    }
}

impl Landed {
    /// Whether nobody was there, or no way to it.
    fn is_lost(&self) -> bool {
        matches!(self.reason(), Some(Reason::DialTimeout | Reason::Unreachable))
    }

    /// Why the proxy does not work, as far as something can be said about it.
    fn reason(&self) -> Option<Reason> {
        self.outcome.as_ref().and_then(Outcome::reason)
    }
}

struct Collector<'a> {
    round: &'a Round,
    outlet: &'a Outlet,
    batch: Vec<Outcome>,
    held: VecDeque<Landed>,
    again: Vec<(usize, Because)>,
}

impl Collector<'_> {
    /// Takes what has landed. `emptied` is the room of the heap before, which is used again.
    fn take_all(&mut self, landing: &Landing, emptied: &mut Vec<Landed>, line: &mut Line) {
        let mut heap = landing.take(std::mem::take(emptied));
        for landed in heap.drain(..) {
            if landed.ours {
                line.trouble(landed.ended);
            }
            line.dialled(landed.ended, landed.is_lost());
            self.take(landed);
        }
        *emptied = heap;
    }

    fn take(&mut self, landed: Landed) {
        match &landed.outcome {
            None => self.again.push((landed.job, Because::NotItsFault)),
            Some(outcome) if outcome.reason().is_none() || landed.suspected.is_empty() => {
                self.release(landed);
            }
            Some(_) => self.held.push_back(landed),
        }
    }

    /// A result that stands.
    fn release(&mut self, landed: Landed) {
        let Some(outcome) = landed.outcome else { return };
        let lost = outcome.reason().is_some_and(Reason::is_retryable);
        if self.round.retry && lost {
            self.again.push((landed.job, Because::Retry));
            return;
        }
        self.outlet.progress.landed(outcome.reason());
        self.outlet.progress.visited(outcome.visits());
        self.batch.push(outcome);
    }

    /// Lets go what has been explained.
    fn look_again(&mut self) {
        let panel = &self.round.bench.panel;
        for landed in std::mem::take(&mut self.held) {
            if landed.suspected.iter().any(|seat| panel.changed_since(*seat, landed.ended)) {
                self.again.push((landed.job, Because::NotItsFault));
            } else if landed.suspected.iter().all(|seat| panel.good_since(*seat, landed.ended)) {
                self.release(landed);
            } else if landed.suspected.iter().any(|seat| !panel.is_up(*seat)) {
                self.again.push((landed.job, Because::NotItsFault));
            } else {
                self.held.push_back(landed);
            }
        }
    }

    /// The judges that should be asked directly now, on account of what was held for so long.
    fn to_ask(&self, held_for: Duration) -> Vec<usize> {
        let panel = &self.round.bench.panel;
        let patience = u64::try_from(held_for.as_micros()).unwrap_or(u64::MAX);
        let mut seats = panel.due();
        let waited = panel.now().saturating_sub(patience);
        let held = self.held.iter().take_while(|landed| landed.ended <= waited);
        seats.extend(held.flat_map(|landed| {
            landed.suspected.iter().copied().filter(|seat| !panel.good_since(*seat, landed.ended))
        }));
        seats.sort_unstable();
        seats.dedup();
        seats
    }

    async fn flush(&mut self) {
        if !self.batch.is_empty() {
            // A receiver that is gone has cancelled the run.
            let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
            let _ = self.outlet.results.send(batch).await;
        }
    }
}

/// Now, as the database counts it.
pub(crate) fn now_ms() -> UnixMs {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    UnixMs::try_from(since.as_millis()).unwrap_or(UnixMs::MAX)
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tls(why) => f.write_str(why),
            Self::NoJudge(judges) => {
                f.write_str("no judge can be used")?;
                judges.iter().try_for_each(|(judge, why)| write!(f, "; {judge}: {why}"))
            }
        }
    }
}
