//! How many sockets the line bears: fewer at once when our own machine or the way out of it is in trouble, more again
//! by and by when it is not (additive increase, multiplicative decrease). Time is an argument; nothing here does IO.
//!
//! Trouble is what the machine says itself (no descriptors, no ports, no buffers), and a jump in dials that come to
//! nothing: a router whose table is full says nothing, but those who are dialled through it fall silent. Since a dead
//! proxy is noticed only when its deadline passes, dials are compared by when they began, and a group of them only
//! when all of it has ended.

use std::collections::VecDeque;
use std::time::Duration;

/// Dials that began within the same second belong together.
const GROUP: Duration = Duration::from_secs(1);
/// A group of fewer dials says nothing about a share.
const MIN_GROUP: u32 = 50;
/// So many groups make a usual share; before, every list may be as bad as it looks.
const MIN_GROUPS: u32 = 3;
/// A jump: the share of dials that came to nothing is so much above the usual, and at least twice it.
const JUMP: f64 = 0.3;
/// Trouble within this time of the last cut is the same trouble: what was under way then goes on causing it.
const CUT_PAUSE: Duration = Duration::from_secs(1);
/// After so long without trouble there is room for more.
const GROW_EVERY: Duration = Duration::from_secs(1);
/// What part of the wanted sockets is given back at a time.
const GROW_PART: usize = 16;
/// What part of the wanted sockets is left at least. Some errors of our own come with an address and not with the number
/// of sockets (no IPv6 here, a firewall), and a list that is full of such addresses must not make a run crawl.
const FEWEST_PART: usize = 8;
/// The fewest sockets that a run goes on with.
const FEWEST: usize = 4;

/// The dials that began in one second.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    number: u64,
    dials: u32,
    lost: u32,
}

/// Decides how many sockets may be in use. Moments are microseconds since the run began.
#[derive(Debug)]
pub(super) struct Line {
    wanted: usize,
    limit: usize,
    cut: Option<u64>,
    grown: u64,
    /// How long a dial may take.
    timeout: u64,
    /// How long after its second a group has ended.
    patience: u64,
    groups: VecDeque<Group>,
    usual_dials: f64,
    usual_lost: f64,
    usual_groups: u32,
}

impl Line {
    /// A line that bears what is wanted. `timeout` is how long an attempt may take.
    pub(super) fn new(wanted: usize, timeout: Duration) -> Self {
        Self {
            wanted,
            limit: wanted,
            cut: None,
            grown: 0,
            timeout: micros(timeout),
            patience: micros(timeout + GROUP),
            groups: VecDeque::new(),
            usual_dials: 0.0,
            usual_lost: 0.0,
            usual_groups: 0,
        }
    }

    /// How many sockets may be in use.
    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// Takes note of a proxy that was dialled, and whether the dial came to nothing. `ended` is when that was known: for
    /// one that came to nothing a deadline after it began, for the others soon after.
    pub(super) fn dialled(&mut self, ended: u64, lost: bool) {
        let began = if lost { ended.saturating_sub(self.timeout) } else { ended };
        let number = began / micros(GROUP);
        let group = match self.groups.iter_mut().find(|group| group.number == number) {
            Some(group) => group,
            None => {
                self.groups.push_back(Group { number, ..Group::default() });
                let Some(group) = self.groups.back_mut() else { return };
                group
            }
        };
        group.dials += 1;
        group.lost += u32::from(lost);
    }

    /// Whether a group that has ended by now lost far more than is usual. Each is looked at once; one that jumps does
    /// not count for what is usual.
    pub(super) fn jumped(&mut self, now: u64) -> bool {
        let mut jumped = false;
        let ended = |group: &Group| (group.number + 1) * micros(GROUP) + self.patience <= now;
        let (ended, open): (VecDeque<Group>, VecDeque<Group>) = self.groups.iter().partition(|g| ended(g));
        self.groups = open;
        for group in ended.into_iter().filter(|group| group.dials >= MIN_GROUP) {
            let share = f64::from(group.lost) / f64::from(group.dials);
            let usual = self.usual_lost / self.usual_dials.max(1.0);
            if self.usual_groups >= MIN_GROUPS && share >= usual + JUMP && share >= usual * 2.0 {
                jumped = true;
                continue;
            }
            self.usual_dials += f64::from(group.dials);
            self.usual_lost += f64::from(group.lost);
            self.usual_groups += 1;
        }
        jumped
    }

    /// There is trouble: half of the sockets, unless that was done just now.
    pub(super) fn trouble(&mut self, now: u64) {
        self.grown = now;
        if self.cut.is_none_or(|cut| now >= cut + micros(CUT_PAUSE)) {
            let fewest = (self.wanted / FEWEST_PART).max(FEWEST);
            self.limit = (self.limit / 2).max(fewest).min(self.wanted);
            self.cut = Some(now);
        }
    }

    /// There is none: a little more, if it was quiet for long enough.
    pub(super) fn quiet(&mut self, now: u64) {
        if self.limit < self.wanted && now >= self.grown + micros(GROW_EVERY) {
            self.limit = (self.limit + (self.wanted / GROW_PART).max(1)).min(self.wanted);
            self.grown = now;
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;
    /// That of the lines that are dialled here.
    const TIMEOUT: u64 = 3 * SECOND;

    #[test]
    fn trouble_halves_at_most_once_a_second_and_quiet_gives_back_by_and_by() {
        let mut line = Line::new(512, Duration::from_secs(10));
        line.trouble(0);
        line.trouble(SECOND / 2);
        assert_eq!(line.limit(), 256, "what was under way at the cut is the same trouble");
        line.trouble(SECOND);
        assert_eq!(line.limit(), 128);
        line.quiet(SECOND + SECOND / 2);
        assert_eq!(line.limit(), 128, "half a second is not quiet enough");
        for second in 2..=13 {
            line.quiet(second * SECOND);
        }
        assert_eq!(line.limit(), 512, "384 in steps of 32 take twelve seconds");
        line.quiet(60 * SECOND);
        assert_eq!(line.limit(), 512, "never more than was wanted");
    }

    #[test]
    fn a_line_is_never_cut_to_nothing() {
        let mut line = Line::new(2, Duration::from_secs(1));
        line.trouble(0);
        assert_eq!(line.limit(), 2, "two are few enough");
        let mut line = Line::new(512, Duration::from_secs(1));
        for second in 0..20 {
            line.trouble(second * SECOND);
        }
        assert_eq!(line.limit(), 64, "errors that no cut can end leave an eighth");
    }

    /// Dials at a steady pace, of which this share comes to nothing in each second.
    fn dial(line: &mut Line, seconds: std::ops::Range<u64>, lost_of_ten: u64) {
        for second in seconds {
            for dial in 0..100 {
                let (began, lost) = (second * SECOND + dial * 10_000, dial % 10 < lost_of_ten);
                line.dialled(if lost { began + TIMEOUT } else { began }, lost);
            }
        }
    }

    #[test]
    fn a_jump_is_told_when_its_dials_have_ended_and_only_then() {
        let mut line = Line::new(512, Duration::from_secs(3));
        dial(&mut line, 0..5, 2);
        dial(&mut line, 5..6, 9);
        assert!(!line.jumped(8 * SECOND), "those of the sixth second may still be answered");
        assert!(line.jumped(10 * SECOND), "nine of ten instead of two of ten");
        assert!(!line.jumped(20 * SECOND), "it is told once");
    }

    #[test]
    fn a_list_that_is_bad_from_the_start_is_no_jump() {
        let mut line = Line::new(512, Duration::from_secs(3));
        dial(&mut line, 0..30, 9);
        assert!(!line.jumped(60 * SECOND));
        let mut line = Line::new(512, Duration::from_secs(3));
        dial(&mut line, 0..2, 0);
        dial(&mut line, 2..3, 9);
        assert!(!line.jumped(60 * SECOND), "two seconds make no habit");
    }
}
