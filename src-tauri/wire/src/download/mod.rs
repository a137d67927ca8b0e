//! Downloading what a source of proxies offers: politely, within limits that are named, and honestly accounted.
//!
//! The other half of this crate speaks its protocols by itself, because it is after their codes and stages. What is
//! downloaded is ordinary HTTP, and reqwest's business: connections, TLS, HTTP/2, the proxy on the way. What is ours
//! is everything that a stranger could abuse: where is dialled, where a redirect may lead, how much may come and what
//! it may grow to, how often and how fast a host is asked.

mod ask;
mod failure;

pub use ask::{Ask, Via, ViaScheme};
pub use failure::{DownloadError, DownloadFailure};

use std::time::Duration;

use bytes::Bytes;

use crate::ResolveRule;

/// The most bytes of a body, on the wire and unpacked: the longest public list has some ten MiB.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// How long one ask may take altogether, beside waiting for its turn at a host: 32 MiB at 300 KiB a second, and what
/// pauses and second attempts need.
const TOTAL_TIME: Duration = Duration::from_secs(120);
/// How long resolving, connecting and TLS may take together.
const DIAL_TIME: Duration = Duration::from_secs(10);
/// How long the first byte of an answer may take: pages that are made when they are asked for need seconds.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// Within this time a body must have grown by [`MIN_PROGRESS`].
const STALL_TIME: Duration = Duration::from_secs(15);
/// A redirect to a mirror and one to its https twin are usual, five are generous.
const MAX_REDIRECTS: u32 = 5;
/// The first attempt and two more.
const ATTEMPTS: u32 = 3;
/// The longest time for which a host that asks for patience is waited for on the spot; beyond that the schedule waits.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(10);
/// Between two requests to a host.
const PAUSE: Duration = Duration::from_millis(500);
/// Before the second attempt, on the average; it doubles from then on.
const BACKOFF: Duration = Duration::from_secs(1);

/// The limits of all downloads, and whose certificates are trusted.
#[derive(Clone, Debug)]
pub struct DownloadOptions {
    /// What we call ourselves. The truth: `Proxydeck/VERSION`.
    pub user_agent: String,
    /// The most bytes of a body, on the wire and unpacked.
    pub max_bytes: usize,
    /// How long one ask may take, beside waiting for its turn at a host.
    pub total_time: Duration,
    /// How long resolving, connecting and TLS may take together.
    pub dial_time: Duration,
    /// How long the first byte of an answer may take.
    pub answer_time: Duration,
    /// How long a body may make next to no progress.
    pub stall_time: Duration,
    /// The most redirects that are followed.
    pub redirects: u32,
    /// How often is tried altogether where trying again may help.
    pub attempts: u32,
    /// The longest `Retry-After` that is waited for here.
    pub max_retry_after: Duration,
    /// The least time from the end of one request to a host to the beginning of the next.
    pub pause: Duration,
    /// The average wait before the second attempt; it doubles from then on.
    pub backoff: Duration,
    /// What the jitter of those waits is drawn from.
    pub seed: u64,
    /// Certificates that are trusted beside the web's roots, as PEM.
    pub extra_roots: Option<Vec<u8>>,
    /// Addresses of names, given by the user as with `curl --resolve`. What the user typed is not asked whether it is
    /// public.
    pub resolve: Vec<ResolveRule>,
}

impl Default for DownloadOptions {
    fn default() -> Self {
        Self {
            user_agent: concat!("Proxydeck/", env!("CARGO_PKG_VERSION")).to_owned(),
            max_bytes: MAX_BYTES,
            total_time: TOTAL_TIME,
            dial_time: DIAL_TIME,
            answer_time: ANSWER_TIME,
            stall_time: STALL_TIME,
            redirects: MAX_REDIRECTS,
            attempts: ATTEMPTS,
            max_retry_after: MAX_RETRY_AFTER,
            pause: PAUSE,
            backoff: BACKOFF,
            seed: 0,
            extra_roots: None,
            resolve: Vec::new(),
        }
    }
}

/// What came of a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// What was there last time still is.
    NotModified {
        /// The `ETag`: the one that came now, else the one that was asked with.
        etag: Option<String>,
        /// The `Last-Modified`: the one that came now, else the one that was asked with.
        last_modified: Option<String>,
        /// Where it was in the end, after redirects, without user and password.
        url: String,
        /// How many requests were made, redirects and retries counted.
        requests: u32,
    },
    /// A page.
    Fresh(Page),
}

/// A page as it came, unpacked and not decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The body, unpacked. Cloning it costs nothing.
    pub bytes: Bytes,
    /// How many bytes of the body came over the wire, before it was unpacked.
    pub wire_bytes: u64,
    /// Any status from 200 to 299 but 206.
    pub status: u16,
    /// The `charset` of the content type, in lower case. A claim: whoever decodes decides.
    pub charset: Option<String>,
    /// The content type without its parameters, in lower case.
    pub content_type: Option<String>,
    /// The `ETag`, for the next ask.
    pub etag: Option<String>,
    /// The `Last-Modified`, for the next ask.
    pub last_modified: Option<String>,
    /// Where it was in the end, after redirects, without user and password.
    pub url: String,
    /// How many requests were made, redirects and retries counted.
    pub requests: u32,
}
