//! What the engine tells the surfaces by itself: bounded, and at most ten a second of what changes all the time.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::broadcast;

use crate::api::dto::{CollectProgressDto, EventDto, NoticeDto, ProgressDto};

/// The time between two events of one kind: ten a second are smooth, and more leak memory in web views.
const PAUSE: Duration = Duration::from_millis(100);
/// Events that a slow surface may be behind; it loses the oldest, and each event says all there is to say.
const QUEUE: usize = 64;

/// What waits for the next tick: the newest of each kind, older ones are of no use.
#[derive(Debug, Default)]
struct Waiting {
    pool: Option<EventDto>,
    progress: Option<ProgressDto>,
    collecting: Option<CollectProgressDto>,
    closed: bool,
}

impl Waiting {
    const fn any(&self) -> bool {
        self.pool.is_some() || self.progress.is_some() || self.collecting.is_some()
    }
}

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    wake: Condvar,
    sender: broadcast::Sender<EventDto>,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what waits. That nobody listens is no error.
    fn flush(&self, waiting: &mut Waiting) {
        if let Some(pool) = waiting.pool.take() {
            let _ = self.sender.send(pool);
        }
        if let Some(progress) = waiting.progress.take() {
            let _ = self.sender.send(EventDto::Progress(progress));
        }
        if let Some(collecting) = waiting.collecting.take() {
            let _ = self.sender.send(EventDto::Collecting(collecting));
        }
    }
}

/// The sending end, with the thread that keeps the pace.
#[derive(Debug)]
pub(crate) struct Events {
    shared: Arc<Shared>,
    pace: Option<JoinHandle<()>>,
}

impl Events {
    /// Starts the thread that keeps the pace; it ends when this is dropped.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (sender, _) = broadcast::channel(QUEUE);
        let shared = Arc::new(Shared { waiting: Mutex::default(), wake: Condvar::new(), sender });
        let ours = Arc::clone(&shared);
        let pace = std::thread::Builder::new().name("events".to_owned()).spawn(move || keep_pace(&ours))?;
        Ok(Self { shared, pace: Some(pace) })
    }

    /// The pool changed: sent with the next tick, unless a newer state comes first.
    pub(crate) fn pool(&self, revision: u64, total: u32, working: u32) {
        self.shared.waiting().pool = Some(EventDto::Pool { revision, total, working });
        self.shared.wake.notify_one();
    }

    /// A check is further: sent with the next tick, unless a newer state comes first.
    pub(crate) fn progress(&self, progress: ProgressDto) {
        self.shared.waiting().progress = Some(progress);
        self.shared.wake.notify_one();
    }

    /// A round over sources is further: sent with the next tick, unless a newer state comes first.
    pub(crate) fn collecting(&self, progress: CollectProgressDto) {
        self.shared.waiting().collecting = Some(progress);
        self.shared.wake.notify_one();
    }

    /// Something that must not be left out, such as an end: sent at once, after what was waiting.
    pub(crate) fn now(&self, event: EventDto) {
        let mut waiting = self.shared.waiting();
        self.shared.flush(&mut waiting);
        let _ = self.shared.sender.send(event);
    }

    /// Something to tell the user.
    pub(crate) fn notice(&self, notice: NoticeDto) {
        self.now(EventDto::Notice(notice));
    }

    /// A receiving end; it gets what is sent from now on.
    pub(crate) fn subscribe(&self) -> EventStream {
        EventStream(self.shared.sender.subscribe())
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.shared.waiting().closed = true;
        self.shared.wake.notify_one();
        if let Some(pace) = self.pace.take() {
            // The thread has nothing that could panic, and there is nobody left to tell.
            let _ = pace.join();
        }
    }
}

fn keep_pace(shared: &Shared) {
    let mut waiting = shared.waiting();
    loop {
        while !waiting.closed && !waiting.any() {
            waiting = shared.wake.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        shared.flush(&mut waiting);
        let (after, _) = shared
            .wake
            .wait_timeout_while(waiting, PAUSE, |waiting| !waiting.closed)
            .unwrap_or_else(PoisonError::into_inner);
        waiting = after;
        if waiting.closed {
            shared.flush(&mut waiting);
            return;
        }
    }
}

/// The events of an engine, for one surface.
#[derive(Debug)]
pub struct EventStream(broadcast::Receiver<EventDto>);

impl EventStream {
    /// The next event; none when the engine is gone. One that is too slow misses the oldest.
    pub async fn next(&mut self) -> Option<EventDto> {
        loop {
            match self.0.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

    use super::*;

    fn pool(revision: u64) -> EventDto {
        EventDto::Pool { revision, total: 0, working: 0 }
    }

    #[tokio::test]
    async fn a_flood_becomes_a_trickle_and_its_last_state_arrives() {
        let events = Events::start().unwrap();
        let mut stream = events.subscribe();
        for revision in 1..=10_000 {
            events.pool(revision, 0, 0);
        }
        drop(events);
        let mut received = Vec::new();
        while let Some(event) = stream.next().await {
            received.push(event);
        }
        assert_eq!(received.last(), Some(&pool(10_000)), "the last state must not be lost");
        assert!(received.len() < 100, "{} events for ten thousand changes", received.len());
    }

    #[tokio::test]
    async fn what_must_not_be_left_out_comes_after_what_waited() {
        let events = Events::start().unwrap();
        let mut stream = events.subscribe();
        events.pool(7, 0, 0);
        let end = EventDto::Ended {
            task: 1,
            status: crate::api::dto::TaskStatusDto::Succeeded,
            result: None,
            error: None,
        };
        events.now(end.clone());
        assert_eq!(stream.next().await, Some(pool(7)));
        assert_eq!(stream.next().await, Some(end));
    }
}
