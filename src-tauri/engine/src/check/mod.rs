//! Checking: which proxy is asked what, by which judge, and when. What was seen becomes a verdict here; where it
//! is kept is nobody's business in this module.

mod crowd;
mod drive;
mod judges;
mod line;
mod one;
mod plan;
mod progress;
mod run;
mod sockets;

pub(crate) use crowd::{Crowd, sample};
pub(crate) use drive::{Audience, Broken, Course, drive};
pub(crate) use judges::{JudgeSpec, Panel};
pub(crate) use progress::{Progress, Tally};
pub(crate) use run::{Trouble, Word, now_ms};

use std::time::Duration;

use std::sync::Arc;

use proxydeck_domain::{Attempt, Capability, Evidence, Hints, Protocol, Proxy, Reason, UnixMs, Verdict};
use proxydeck_wire::{ResolveRule, TargetUrl};

/// One proxy to check.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// Its number: the pool's, or its place in a list that is not kept.
    pub(crate) id: i64,
    /// What to dial, with the account opened.
    pub(crate) proxy: Proxy,
    /// What lists say, and what it was found to speak before.
    pub(crate) hints: Hints,
}

/// One proxy checked.
#[derive(Clone, Debug)]
pub struct CheckDone {
    /// The number of its job.
    pub id: i64,
    /// When the check ended.
    pub at: UnixMs,
    /// What it means.
    pub verdict: Verdict,
    /// What was seen; nothing where nobody wants it.
    pub evidence: Evidence,
    /// Visits to targets, in the order of the options; none of one that does not work.
    pub visits: Box<[Attempt]>,
}

/// A result as it is handed on. Most proxies of most lists are not there at all, and where nobody wants the evidence
/// such a result is handed on as the few bytes in which it differs from the others.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The endpoint was not reached, which settles all questions at once.
    Unreached {
        id: i64,
        at: UnixMs,
        /// The question that was to be asked.
        by: Capability,
        reason: Reason,
    },
    /// Anything else.
    Checked(Box<CheckDone>),
}

impl Outcome {
    /// The number of its job.
    pub(crate) fn id(&self) -> i64 {
        match self {
            Self::Unreached { id, .. } => *id,
            Self::Checked(done) => done.id,
        }
    }

    /// Why it does not work; none if it does.
    pub(crate) fn reason(&self) -> Option<Reason> {
        match self {
            Self::Unreached { reason, .. } => Some(*reason),
            Self::Checked(done) => done.verdict.reason,
        }
    }

    /// Visits to targets.
    pub(crate) fn visits(&self) -> &[Attempt] {
        match self {
            Self::Unreached { .. } => &[],
            Self::Checked(done) => &done.visits,
        }
    }

    /// The whole result.
    pub(crate) fn done(self) -> Option<CheckDone> {
        match self {
            Self::Unreached { id, at, by, reason } => CheckDone::unreached(id, at, by, reason),
            Self::Checked(done) => Some(*done),
        }
    }
}

impl CheckDone {
    /// What came of an endpoint that was not reached; none for a reason that says nothing about a proxy.
    pub(crate) fn unreached(id: i64, at: UnixMs, by: Capability, reason: Reason) -> Option<Self> {
        let mut attempt = Attempt::new(by, Arc::from(""));
        attempt.reason = Some(reason);
        let verdict = Verdict::of(&Evidence { attempts: vec![attempt], entry: None })?;
        Some(Self { id, at, verdict, evidence: Evidence::default(), visits: Box::default() })
    }
}

/// How to check.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The judges, in the order in which they take turns.
    pub(crate) judges: Vec<JudgeSpec>,
    /// A further root for judges, as PEM.
    pub(crate) judge_ca: Option<Vec<u8>>,
    /// Addresses given by the user for names.
    pub(crate) resolve: Vec<ResolveRule>,
    /// Only this protocol; none finds out by itself.
    pub(crate) protocol: Option<Protocol>,
    /// From dial to last byte of one attempt.
    pub(crate) timeout: Duration,
    /// The most sockets in use at once.
    pub(crate) concurrency: usize,
    /// The most new connections a second.
    pub(crate) rate: Option<u32>,
    /// Further tries, at the end of the run, of what was accepted and then lost.
    pub(crate) retries: u32,
    /// Whether addresses that are not publicly routable may be dialled.
    pub(crate) allow_private: bool,
    /// Whether a working proxy is asked for our own judge's larger page too.
    pub(crate) full_trust: bool,
    /// Where a working proxy is to lead besides.
    pub(crate) targets: Vec<TargetUrl>,
    /// Whether passwords go over TLS to proxies for whose certificate nobody vouches, too.
    pub(crate) to_unverified: bool,
    /// Whether what is said is written down for somebody to read.
    pub(crate) recorded: bool,
    /// Whether the evidence is wanted; otherwise it is let go as soon as it has its verdict.
    pub(crate) with_evidence: bool,
}

#[cfg(test)]
mod tests {
    use proxydeck_domain::{Stage, StageTimes};

    use super::*;

    #[test]
    fn one_that_was_not_reached_means_the_same_with_its_evidence_and_without() {
        for reason in Reason::ALL.iter().copied().filter(|reason| reason.settles_all()) {
            let mut attempt = Attempt::new(Capability::Connect, Arc::from("https://judge.example/"));
            let mut times = StageTimes::default();
            times.add(Stage::Dial, 300);
            (attempt.stage, attempt.times, attempt.reason) = (Stage::Dial, times, Some(reason));
            let whole = Verdict::of(&Evidence { attempts: vec![attempt], entry: None });
            let short = CheckDone::unreached(7, 8, Capability::Connect, reason).map(|done| done.verdict);
            assert!(whole.is_some(), "{reason:?} says something about the proxy");
            assert_eq!(short, whole, "{reason:?}");
        }
    }
}
