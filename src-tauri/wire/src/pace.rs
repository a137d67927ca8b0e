//! Turns at a steady rate, without a lock: each taker books the next free moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Hands out turns at a fixed rate.
#[derive(Debug)]
pub struct Pace {
    interval: Duration,
    origin: Instant,
    /// The next free moment, in nanoseconds since `origin`.
    next: AtomicU64,
}

impl Pace {
    /// At most `per_second` turns a second; 0 means one.
    #[must_use]
    pub fn per_second(per_second: u32) -> Self {
        Self {
            interval: Duration::from_secs(1) / per_second.max(1),
            origin: Instant::now(),
            next: AtomicU64::new(0),
        }
    }

    /// Books a turn and waits for it.
    pub async fn turn(&self) {
        let interval = nanos(self.interval);
        let now = nanos(self.origin.elapsed());
        let booked = self
            .next
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |next| Some(next.max(now) + interval))
            .map_or(now, |before| before.max(now));
        if booked > now {
            sleep_until(self.origin + Duration::from_nanos(booked)).await;
        }
    }

    /// How long whoever books now would wait.
    #[must_use]
    pub fn backlog(&self) -> Duration {
        let now = nanos(self.origin.elapsed());
        Duration::from_nanos(self.next.load(Ordering::Acquire).saturating_sub(now))
    }
}

/// Nanoseconds; 584 years fit.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 2)
}
