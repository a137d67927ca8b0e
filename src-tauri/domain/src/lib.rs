//! What a proxy is, what a check saw, and what it means.
//!
//! Pure: nothing here does IO, reads a clock, draws a random number or knows an async runtime. Time and
//! chance come in as arguments. The words are those of the product's glossary; whoever needs to know what
//! *transparent* or *active* means reads it here and nowhere else.

mod anonymity;
mod capability;
mod endpoint;
mod evidence;
mod proxy;
mod reason;
mod score;
mod status;
mod verdict;

pub use anonymity::{
    Anonymity, Baseline, Basis, Finding, GIVEAWAY_EXIT, Received, is_revealing, judge_anonymity,
};
pub use capability::{Answer, Capabilities, Capability};
pub use endpoint::{Endpoint, EndpointError, Host, is_public};
pub use evidence::{Attempt, CertificateSeen, Evidence, Headers, Said, Stage, StageTimes, Transcript};
pub use proxy::{Account, Hints, Protocol, Proxy, Secret};
pub use reason::Reason;
pub use score::{LATENCY_CEILING_MS, STABILITY_DAYS, Score, ScoreInput};
pub use status::{FAILED_AFTER, Standing, Status};
pub use verdict::{TrustFlag, TrustFlags, Verdict};

/// A moment: milliseconds since 1970-01-01T00:00:00Z. A plain number, so that nothing here can read a clock.
pub type UnixMs = i64;
