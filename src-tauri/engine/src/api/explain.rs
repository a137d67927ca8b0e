//! One proxy checked for somebody who wants to know why: every attempt with its stages and with what was said.

use std::sync::Arc;

use proxydeck_domain::{Attempt, Hints, Proxy, Said};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::check::{broken, notice_of, options};
use super::dto::{AttemptDto, ErrorCode, ProgressDto};
use super::{ApiError, CheckHow, Defaults, ListHow, Watcher, read_list};
use crate::check::{Audience, CheckDone, Course, Job, Outcome, Word, drive};
use crate::convert;
use crate::escape::escape;
use crate::export::{ExportRow, json_row};
use crate::import::ListInput;

/// One proxy with everything that a check of it saw.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// The proxy as a line of JSON exports has it.
    pub result: serde_json::Value,
    /// Every attempt, visits to targets last.
    pub attempts: Vec<ExplainedAttempt>,
}

/// An attempt with what was said in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExplainedAttempt {
    /// The attempt.
    #[serde(flatten)]
    pub attempt: AttemptDto,
    /// The port that a tunnel was asked for, where it was not 443.
    pub port: Option<u16>,
    /// Whether the proxy itself was spoken to over TLS.
    pub over_tls: bool,
    /// Whether nobody vouched for the certificate of the proxy itself.
    pub unverified: bool,
    /// Bytes sent, without those of TLS itself.
    pub bytes_out: u32,
    /// Bytes received, without those of TLS itself.
    pub bytes_in: u32,
    /// What was said, turn by turn; secrets are taken out.
    pub said: Vec<SaidLines>,
}

/// What one side said until the other spoke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SaidLines {
    /// Whether it was us.
    pub by_us: bool,
    /// Its lines with their ends; bytes that do not print are escaped.
    pub lines: Vec<String>,
    /// Bytes that were left out at the end.
    pub left_out: u32,
}

/// Checks one proxy, given as it stands in a list, and keeps nothing.
///
/// # Errors
/// [`ErrorCode::Invalid`] when the text is not one proxy, and whatever stands in the way of checking.
pub async fn explain(
    text: &str,
    settings: &Defaults,
    how: &CheckHow,
    watcher: &mut impl Watcher,
    cancel: &CancellationToken,
) -> Result<Explained, ApiError> {
    let mut options = options(&settings.checking, how)?;
    options.recorded = true;
    let (proxy, hints) = one(text, how)?;
    let jobs = Arc::new(vec![Job { id: 0, proxy: proxy.clone(), hints }]);
    let mut audience = Caught { watcher, done: None };
    drive(jobs, options, Course::default(), &mut audience, cancel).await.map_err(broken)?;
    let done = audience.done.ok_or_else(|| {
        let hint = "Try again; look at the network of this machine and at the judges.";
        ApiError::new(
            ErrorCode::Io,
            "Nothing was found out about the proxy: the check was stopped, or this machine or the judges could not.",
        )
        .hint(hint)
    })?;
    let row = ExportRow::of_verdict(&proxy, hints, &done.verdict, done.at);
    Ok(Explained {
        result: json_row(&row, settings.geo())
            .map_err(|error| ApiError::internal(format!("The result could not be written down: {error}.")))?,
        attempts: done.evidence.attempts.iter().chain(&done.visits).map(attempt).collect(),
    })
}

/// The one proxy in a text.
fn one(text: &str, how: &CheckHow) -> Result<(Proxy, Hints), ApiError> {
    let how = ListHow { protocol: how.protocol, allow_private: how.allow_private };
    let (proxies, counts) = read_list(&ListInput::Text(text.to_owned()), how)?;
    let mut proxies = proxies.into_iter();
    match (proxies.next(), proxies.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => {
            let why: Vec<&str> = counts.refused.keys().map(String::as_str).collect();
            Err(ApiError::invalid("explain", format!("This is no proxy: {}.", why.join(", ")))
                .hint("Give one as 1.2.3.4:8080, user:password@host:port or socks5://host:port."))
        }
        (Some(_), Some(_)) => {
            Err(ApiError::invalid("explain", "These are several proxies, and one is explained at a time."))
        }
    }
}

fn attempt(seen: &Attempt) -> ExplainedAttempt {
    let turns = seen.transcript.iter().flat_map(|transcript| &transcript.turns);
    ExplainedAttempt {
        attempt: convert::attempt(seen),
        port: seen.port,
        over_tls: seen.over_tls,
        unverified: seen.unverified,
        bytes_out: seen.bytes_out,
        bytes_in: seen.bytes_in,
        said: turns.map(said).collect(),
    }
}

fn said(turn: &Said) -> SaidLines {
    let lines = turn.bytes.split_inclusive(|byte| *byte == b'\n');
    SaidLines {
        by_us: turn.by_us,
        lines: lines.map(|line| escape(&line.escape_ascii().to_string())).collect(),
        left_out: u32::try_from(turn.left_out).unwrap_or(u32::MAX),
    }
}

struct Caught<'a, W> {
    watcher: &'a mut W,
    done: Option<CheckDone>,
}

impl<W: Watcher> Audience for Caught<'_, W> {
    type Error = ApiError;

    async fn keep(&mut self, batch: Vec<Outcome>) -> Result<(), ApiError> {
        self.done = batch.into_iter().filter_map(Outcome::done).last().or(self.done.take());
        Ok(())
    }

    fn progress(&mut self, progress: ProgressDto) {
        self.watcher.progress(&progress);
    }

    fn word(&mut self, word: Word) {
        self.watcher.notice(notice_of(word));
    }
}
