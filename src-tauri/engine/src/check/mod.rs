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

pub(crate) use crowd::{Crowd, sample};
pub(crate) use drive::{Audience, Broken, Course, drive};
pub(crate) use judges::{JudgeSpec, Panel};
pub(crate) use progress::{Progress, Tally};
pub(crate) use run::{Trouble, Word, now_ms};

use std::time::Duration;

use proxydeck_domain::{Attempt, Evidence, Hints, Protocol, Proxy, UnixMs, Verdict};
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
