//! How far a check is: counters that everybody may touch, and a rate that people can read.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use proxydeck_domain::{Attempt, Reason};

/// Over how long the rate is measured: long enough to be read, short enough to be of now.
const RATE_WINDOW: Duration = Duration::from_secs(5);

/// The counters of a run.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    done: AtomicU32,
    alive: AtomicU32,
    by_reason: [AtomicU32; 32],
    /// Of each target, who was led there and who was let in. Touched only where targets are asked for.
    targets: Mutex<BTreeMap<Arc<str>, (u32, u32)>>,
}

impl Progress {
    /// A proxy is finished; without a reason it works.
    pub(super) fn landed(&self, reason: Option<Reason>) {
        self.done.fetch_add(1, Ordering::Relaxed);
        match reason {
            None => self.alive.fetch_add(1, Ordering::Relaxed),
            Some(reason) => match self.by_reason.get(usize::from(reason.number())) {
                Some(counter) => counter.fetch_add(1, Ordering::Relaxed),
                None => 0,
            },
        };
    }

    pub(super) fn visited(&self, visits: &[Attempt]) {
        if visits.is_empty() {
            return;
        }
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        for visit in visits {
            let (asked, reached) = targets.entry(Arc::clone(&visit.judge)).or_default();
            *asked += 1;
            *reached += u32::from(visit.reason.is_none());
        }
    }

    /// Of each target, how many were led there and how many were let in.
    pub(crate) fn targets(&self) -> BTreeMap<Arc<str>, (u32, u32)> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Proxies finished.
    pub(crate) fn done(&self) -> u32 {
        self.done.load(Ordering::Relaxed)
    }

    /// Of these, the ones that work.
    pub(crate) fn alive(&self) -> u32 {
        self.alive.load(Ordering::Relaxed)
    }

    /// Of those finished, the ones that do not work, by reason.
    pub(crate) fn by_reason(&self) -> BTreeMap<String, u32> {
        Reason::ALL
            .iter()
            .filter_map(|reason| {
                let count = self.by_reason.get(usize::from(reason.number()))?.load(Ordering::Relaxed);
                (count > 0).then(|| (reason.as_str().to_owned(), count))
            })
            .collect()
    }
}

/// Measures the rate from samples of the counters. Time is an argument.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    samples: VecDeque<(Instant, u32)>,
}

impl Tally {
    /// Takes a sample and says how many a second were finished over the last seconds.
    pub(crate) fn rate(&mut self, now: Instant, done: u32) -> f64 {
        self.samples.push_back((now, done));
        while self.samples.len() > 2
            && self.samples.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= RATE_WINDOW)
        {
            self.samples.pop_front();
        }
        let Some((since, before)) = self.samples.front() else { return 0.0 };
        let seconds = now.duration_since(*since).as_secs_f64();
        if seconds > 0.0 { f64::from(done.saturating_sub(*before)) / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_of_the_last_seconds_and_not_of_the_whole_run() {
        let begin = Instant::now();
        let mut tally = Tally::default();
        tally.rate(begin, 0);
        for second in 1..=20 {
            tally.rate(begin + Duration::from_secs(second), 1000);
        }
        let rate = tally.rate(begin + Duration::from_secs(21), 1100);
        assert!((rate - 20.0).abs() < 0.01, "100 in the last five seconds are 20 a second, not {rate}");
    }
}
