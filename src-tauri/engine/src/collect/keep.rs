//! What is kept of a visit: the list's proxies, which of the last list are gone, and the record of the source.

use std::collections::HashSet;

use proxydeck_domain::UnixMs;
use proxydeck_store::{Source, SourceId, SourceKind, SourceVisit, VisitOutcome};
use tokio_util::sync::CancellationToken;

use super::fetch::{Brought, Came};
use super::nature::{self, Seen};
use super::reading::EntriesDigest;
use crate::api::import::take_in;
use crate::api::{ApiError, Engine};
use crate::import::List;
use crate::pool::number;

/// A visit that is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// When it began.
    pub(crate) at: UnixMs,
    /// How long fetching and reading took, in milliseconds.
    pub(crate) took_ms: u32,
}

impl Timing {
    /// The row of a visit of which nothing is known yet.
    pub(crate) const fn visit(self) -> SourceVisit {
        SourceVisit {
            at: self.at,
            took_ms: self.took_ms,
            outcome: VisitOutcome::Failed,
            failure: None,
            code: None,
            bytes: 0,
            format: None,
            read: 0,
            accepted: 0,
            new: 0,
            gone: 0,
            duplicates: 0,
            refused: None,
            working: 0,
        }
    }
}

/// What was kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) visit: SourceVisit,
    /// The numbers of the list's proxies that are in the pool; of a list that stayed the same, none are named.
    pub(crate) ids: Vec<i64>,
    /// Of these, the ones that nobody had before.
    pub(crate) new: Vec<i64>,
}

/// Keeps what a visit brought; none where it was called off before it was over, and nothing counts then.
pub(crate) fn keep(
    engine: &Engine,
    source: &Source,
    came: Came,
    timing: Timing,
    cancel: &CancellationToken,
) -> Result<Option<Kept>, ApiError> {
    let mut visit = timing.visit();
    let mut kept = Kept { visit: visit.clone(), ids: Vec::new(), new: Vec::new() };
    let mut gone = Vec::new();
    let mut seen = match came {
        Came::Trouble(trouble) if trouble.is_cancelled() => return Ok(None),
        Came::Trouble(trouble) => {
            visit.failure = Some(trouble.failure.to_owned());
            visit.code = trouble.code;
            visit.bytes = bytes(trouble.bytes);
            let wait = trouble.wait.map(|wait| UnixMs::try_from(wait.as_millis()).unwrap_or(UnixMs::MAX));
            Seen { wait, ..Seen::nothing(VisitOutcome::Failed) }
        }
        Came::NotModified => Seen::nothing(VisitOutcome::NotModified),
        Came::Same { bytes: came, etag, last_modified } => {
            visit.bytes = bytes(came);
            Seen {
                validators: Some((etag, last_modified)),
                content: source.record.content.clone(),
                ..Seen::nothing(VisitOutcome::Unchanged)
            }
        }
        Came::Brought(brought) => {
            describe(&mut visit, &brought);
            let Brought { list, content, etag, last_modified, .. } = *brought;
            if list.len() == 0 {
                let outcome = if list.page.is_some() { VisitOutcome::WrongPage } else { VisitOutcome::Empty };
                Seen::nothing(outcome)
            } else {
                let (entries, with_accounts) = digest(engine, &list)?;
                let seen = Seen {
                    validators: Some((etag, last_modified)),
                    // A digest of bytes among which a password stands would help to guess it.
                    content: Some(content).filter(|_| !with_accounts),
                    ..Seen::nothing(VisitOutcome::Unchanged)
                };
                if source.record.entries.as_deref() == Some(&entries) {
                    seen
                } else {
                    let Some(change) = store(engine, source.id, &list, timing.at, cancel)? else {
                        return Ok(None);
                    };
                    gone = change.gone;
                    kept.ids = change.ids;
                    kept.new = change.new;
                    Seen {
                        outcome: VisitOutcome::Changed,
                        entries: Some(entries),
                        holds: number(list.len()),
                        arrived: change.arrived,
                        gone: number(gone.len()),
                        ..seen
                    }
                }
            }
        }
    };
    // What stayed as it was still has what it had.
    if matches!(seen.outcome, VisitOutcome::Unchanged | VisitOutcome::NotModified) {
        visit.accepted = source.record.holds;
    }
    if nature::is_in_order(seen.outcome) {
        let around = look_around(engine, source, seen.holds)?;
        seen.checked = around.checked;
        seen.working = around.working;
        seen.twin = around.twin;
        visit.working = around.working;
    }
    visit.outcome = seen.outcome;
    visit.new = number(kept.new.len());
    visit.gone = seen.gone;
    let record = nature::after_visit(&source.record, seen, timing.at);
    let last_seen = source.record.seen_at.unwrap_or(timing.at);
    engine.store()?.end_visit(source.id, visit.clone(), record, gone, last_seen)?;
    Ok(Some(Kept { visit, ..kept }))
}

fn bytes(came: u64) -> u32 {
    u32::try_from(came).unwrap_or(u32::MAX)
}

/// Writes into the row of a visit what was read.
pub(crate) fn describe(visit: &mut SourceVisit, brought: &Brought) {
    let list = &brought.list;
    visit.failure = list.page.filter(|_| list.len() == 0).map(|page| page.as_str().to_owned());
    visit.code = brought.code;
    visit.bytes = bytes(brought.bytes);
    visit.format = Some(list.format.as_str().to_owned());
    visit.read = list.lines;
    visit.accepted = number(list.len());
    visit.duplicates = list.duplicates;
    if !list.refused.is_empty() {
        visit.refused = serde_json::to_string(&list.refused).ok();
    }
}

/// A digest of the proxies of a list, and whether any has an account.
fn digest(engine: &Engine, list: &List) -> Result<(Vec<u8>, bool), ApiError> {
    let mut digest = EntriesDigest::default();
    let mut with_accounts = false;
    for (proxy, hints) in list.proxies() {
        let identity = match &proxy.account {
            None => None,
            Some(_) => engine.identity(proxy, true)?,
        };
        with_accounts |= identity.is_some();
        digest.add(proxy, identity.as_ref(), hints);
    }
    Ok((digest.finish(), with_accounts))
}

struct Change {
    ids: Vec<i64>,
    new: Vec<i64>,
    /// Those of the last list that are in this one no more.
    gone: Vec<i64>,
    /// How many of this list were not in the last one.
    arrived: u32,
}

/// Writes a list that differs from the last one; none where it was called off on the way.
fn store(
    engine: &Engine,
    source: SourceId,
    list: &List,
    at: UnixMs,
    cancel: &CancellationToken,
) -> Result<Option<Change>, ApiError> {
    let store = engine.store()?;
    let before = store.proxies_of_source(source)?;
    let write = |batch| store.collect(source, batch, at);
    let taken = take_in(engine, list, at, write, |_| !cancel.is_cancelled())?;
    if taken.ids.len() + taken.deleted.len() < list.len() {
        return Ok(None);
    }
    let now: HashSet<i64> = taken.ids.iter().chain(&taken.deleted).copied().collect();
    let stayed = before.iter().filter(|id| now.contains(id)).count();
    let gone: Vec<i64> = before.into_iter().filter(|id| !now.contains(id)).collect();
    if !gone.is_empty() {
        engine.change_pool(|pool| pool.remove_source(&gone, source));
    }
    Ok(Some(Change { arrived: number(now.len() - stayed), ids: taken.ids, new: taken.new, gone }))
}

/// What the pool says of what a source has.
struct Around {
    checked: u32,
    working: u32,
    /// The other source that has most of it, with the share.
    twin: Option<(SourceId, f64)>,
}

/// How much of what a source has was checked and works, and which other source has most of it.
fn look_around(engine: &Engine, source: &Source, holds: u32) -> Result<Around, ApiError> {
    let yields = engine.pool().yields();
    let by_source = yields.by_source(|_| true);
    let ours = by_source.get(&source.id).map(|(of, _)| *of).unwrap_or_default();
    let holds = holds.max(source.record.holds).max(ours.holds);
    let twin = if ours.holds < nature::ENOUGH_TO_COMPARE {
        None
    } else {
        let rank = |other: &Source, holds: u32| (other.plan.priority, holds, std::cmp::Reverse(other.id));
        let others = engine.store()?.sources()?;
        let shared = yields.shared_with(source.id);
        others
            .iter()
            .filter(|other| other.plan.kind == SourceKind::Web && !other.removed && other.id != source.id)
            .filter_map(|other| {
                let share = f64::from(*shared.get(&other.id)?) / f64::from(ours.holds);
                // Of two that are the same, one is the original.
                let is_first = rank(other, other.record.holds) > rank(source, holds);
                (share >= nature::COPY_SHARE && is_first).then_some((other.id, share))
            })
            .max_by(|one, other| one.1.total_cmp(&other.1))
    };
    Ok(Around { checked: ours.checked, working: ours.working, twin })
}
