//! What visits tell of a source over time: whether it is a copy, stands still or only grows, when it is let be, and when
//! it is visited again. Pure: the moment is an argument.

use proxydeck_domain::UnixMs;
use proxydeck_store::{Source, SourceHold, SourceId, SourceKind, SourcePause, SourceRecord, VisitOutcome};

const MINUTE: UnixMs = 60 * 1000;
const DAY: UnixMs = 24 * 60 * MINUTE;

/// How long nothing of a source may work, or it may be unreadable, before it is paused.
const PAUSE_AFTER: UnixMs = 7 * DAY;
/// Proxies of a source that must have been checked before it is said that nothing of it works: by chance three fail.
const ENOUGH_CHECKED: u32 = 20;
/// How long a list must stay the same to be called frozen: good lists change within hours, and a fortnight is no holiday.
const FROZEN_AFTER: UnixMs = 14 * DAY;
/// How long nothing may leave a list before it is said that it only grows.
const GROWING_AFTER: UnixMs = 7 * DAY;
/// How often it must have grown meanwhile.
const ENOUGH_GROWTHS: u32 = 5;
/// The share of a list that another must have for the list to be a copy. Two visits are never at the same moment, so
/// that even a true copy differs a little.
pub(crate) const COPY_SHARE: f64 = 0.95;
/// Proxies that a list must have to be compared: of five, four are in every large list.
pub(crate) const ENOUGH_TO_COMPARE: u32 = 20;
/// Visits in a row at which a copy must be one.
const COPY_VISITS: u32 = 3;
/// How long a copy or a frozen list is let be: long enough to save the work, short enough to see it come to life.
const HOLD: UnixMs = DAY;

/// What one visit saw.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) outcome: VisitOutcome,
    /// The validators of the answer; none where nothing new came.
    pub(crate) validators: Option<(Option<String>, Option<String>)>,
    /// The digest of the bytes, where they may be remembered.
    pub(crate) content: Option<Vec<u8>>,
    /// The digest of the proxies.
    pub(crate) entries: Option<Vec<u8>>,
    /// Proxies of the list.
    pub(crate) holds: u32,
    /// Of these, the ones that were not in the list before.
    pub(crate) arrived: u32,
    /// Proxies of the list before that are gone.
    pub(crate) gone: u32,
    /// Of what the source has, how much was checked and how much works.
    pub(crate) checked: u32,
    pub(crate) working: u32,
    /// The other source that has most of it, with the share.
    pub(crate) twin: Option<(SourceId, f64)>,
    /// How long the source asked to be let be.
    pub(crate) wait: Option<UnixMs>,
}

impl Seen {
    /// A visit that brought nothing.
    pub(crate) const fn nothing(outcome: VisitOutcome) -> Self {
        Self {
            outcome,
            validators: None,
            content: None,
            entries: None,
            holds: 0,
            arrived: 0,
            gone: 0,
            checked: 0,
            working: 0,
            twin: None,
            wait: None,
        }
    }
}

/// Whether a visit found the source in order.
pub(crate) const fn is_in_order(outcome: VisitOutcome) -> bool {
    matches!(outcome, VisitOutcome::Changed | VisitOutcome::Unchanged | VisitOutcome::NotModified)
}

/// What is known of a source after a visit.
pub(crate) fn after_visit(before: &SourceRecord, seen: Seen, now: UnixMs) -> SourceRecord {
    let mut record = before.clone();
    record.hold = None;
    if is_in_order(seen.outcome) {
        record.failing_since = None;
        record.seen_at = Some(now);
        if let Some((etag, last_modified)) = seen.validators {
            record.etag = etag;
            record.last_modified = last_modified;
        }
        if seen.outcome != VisitOutcome::NotModified {
            record.content = seen.content;
        }
        if seen.outcome == VisitOutcome::Changed {
            record.entries = seen.entries;
            record.holds = seen.holds;
            record.changed_at = Some(now);
            if seen.gone > 0 || before.entries.is_none() {
                record.growing_since = Some(now);
                record.growths = 0;
            } else if seen.arrived > 0 {
                record.growths = record.growths.saturating_add(1);
            }
        }
        judge_twin(&mut record, seen.twin);
        judge_yield(&mut record, seen.checked, seen.working, now);
        if is_copy(&record) {
            record.hold = Some((SourceHold::Copy, now + HOLD));
        } else if frozen_since(&record, now).is_some() {
            record.hold = Some((SourceHold::Frozen, now + HOLD));
        }
    } else {
        record.failing_since = record.failing_since.or(Some(now));
        if record.paused.is_none() && record.failing_since.is_some_and(|since| now - since >= PAUSE_AFTER) {
            record.paused = Some((SourcePause::Unreadable, now));
        }
    }
    if let Some(wait) = seen.wait {
        record.hold = Some((SourceHold::Asked, now + wait));
    }
    record
}

fn judge_twin(record: &mut SourceRecord, twin: Option<(SourceId, f64)>) {
    let same = matches!((record.copy_of, twin), (Some((before, _)), Some((now, _))) if before == now);
    record.copy_visits = match twin {
        Some(_) if same => record.copy_visits.saturating_add(1),
        Some(_) => 1,
        None => 0,
    };
    record.copy_of = twin;
}

fn judge_yield(record: &mut SourceRecord, checked: u32, working: u32, now: UnixMs) {
    if working > 0 {
        record.barren_since = None;
    } else if checked >= ENOUGH_CHECKED.min(record.holds.max(1)) {
        record.barren_since = record.barren_since.or(Some(now));
    }
    if record.paused.is_none() && record.barren_since.is_some_and(|since| now - since >= PAUSE_AFTER) {
        record.paused = Some((SourcePause::NothingWorks, now));
    }
}

/// Whether a source was a copy of another for long enough to say so.
pub(crate) const fn is_copy(record: &SourceRecord) -> bool {
    record.copy_of.is_some() && record.copy_visits >= COPY_VISITS
}

/// Since when the list of a source is the same, if that is long.
pub(crate) fn frozen_since(record: &SourceRecord, now: UnixMs) -> Option<UnixMs> {
    record.changed_at.filter(|changed| now - changed >= FROZEN_AFTER && record.holds > 0)
}

/// Since when a source only grows, if that is long.
pub(crate) fn growing_since(record: &SourceRecord, now: UnixMs) -> Option<UnixMs> {
    record.growing_since.filter(|since| now - since >= GROWING_AFTER && record.growths >= ENOUGH_GROWTHS)
}

/// Whether a source can be visited again at all.
pub(crate) const fn can_be_visited(source: &Source) -> bool {
    !source.removed && !matches!(source.plan.kind, SourceKind::Text)
}

/// Whether a round over all sources visits this one.
pub(crate) fn is_in_round(source: &Source, now: UnixMs) -> bool {
    can_be_visited(source)
        && source.enabled
        && source.record.paused.is_none()
        && source.record.hold.is_none_or(|(_, until)| until <= now)
}

/// When a source is to be visited next; none where it is not.
pub(crate) fn next_visit(source: &Source, last: Option<UnixMs>, now: UnixMs) -> Option<UnixMs> {
    if !can_be_visited(source) || !source.enabled || source.record.paused.is_some() {
        return None;
    }
    let by_interval = last.map_or(now, |at| at + UnixMs::from(source.plan.interval_minutes) * MINUTE);
    Some(by_interval.max(source.record.hold.map_or(0, |(_, until)| until)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = 1_789_998_400_000;

    fn changed(holds: u32, arrived: u32, gone: u32) -> Seen {
        Seen { entries: Some(vec![1]), holds, arrived, gone, ..Seen::nothing(VisitOutcome::Changed) }
    }

    fn unchanged() -> Seen {
        Seen::nothing(VisitOutcome::Unchanged)
    }

    /// What is known after visits at these moments.
    fn after(visits: impl IntoIterator<Item = (UnixMs, Seen)>) -> SourceRecord {
        visits.into_iter().fold(SourceRecord::default(), |record, (at, seen)| after_visit(&record, seen, at))
    }

    #[test]
    fn a_list_that_stays_the_same_behind_fresh_answers_is_frozen_after_a_fortnight() {
        let daily = |days: i64| {
            after(
                std::iter::once((NOW, changed(100, 100, 0)))
                    .chain((1..=days).map(|day| (NOW + day * DAY, unchanged()))),
            )
        };
        assert_eq!(frozen_since(&daily(13), NOW + 13 * DAY), None);
        assert_eq!(frozen_since(&daily(14), NOW + 14 * DAY), Some(NOW));
        assert_eq!(
            daily(14).hold,
            Some((SourceHold::Frozen, NOW + 15 * DAY)),
            "it costs a visit a day from now on"
        );
        let alive = after_visit(&daily(20), changed(90, 10, 20), NOW + 21 * DAY);
        assert_eq!((frozen_since(&alive, NOW + 21 * DAY), alive.hold), (None, None), "it came to life again");
    }

    #[test]
    fn a_list_that_lets_nothing_go_only_grows() {
        let grown = after((0..8).map(|day| (NOW + day * DAY, changed(100 + 10 * 8, 10, 0))));
        assert_eq!(growing_since(&grown, NOW + 7 * DAY), Some(NOW));
        let let_go = after_visit(&grown, changed(100, 1, 3), NOW + 8 * DAY);
        assert_eq!(growing_since(&let_go, NOW + 20 * DAY), None, "something left it");
    }

    #[test]
    fn a_copy_is_called_one_when_it_was_one_three_times() {
        let with_twin = |twin| Seen { twin, ..unchanged() };
        let visit = |n: i64, twin| (NOW + n * MINUTE, with_twin(twin));
        let twice = after([visit(0, Some((7, 1.0))), visit(1, Some((7, 0.97)))]);
        assert!(!is_copy(&twice));
        let thrice = after_visit(&twice, with_twin(Some((7, 0.99))), NOW + 2 * MINUTE);
        assert!(is_copy(&thrice));
        assert_eq!(thrice.hold.map(|(hold, _)| hold), Some(SourceHold::Copy));
        let of_another = after_visit(&thrice, with_twin(Some((8, 0.99))), NOW + 3 * MINUTE);
        assert!(!is_copy(&of_another), "it must be a copy of the same source");
        assert!(!is_copy(&after_visit(&thrice, with_twin(None), NOW + 3 * MINUTE)));
    }

    #[test]
    fn a_source_of_which_nothing_works_for_a_week_is_paused() {
        let barren = |day: i64| (NOW + day * DAY, Seen { checked: 50, ..unchanged() });
        let few = |day: i64| (NOW + day * DAY, Seen { checked: 3, ..unchanged() });
        let start = (NOW, changed(100, 100, 0));
        let at = |days| after(std::iter::once(start.clone()).chain((1..=days).map(barren)));
        assert_eq!(at(7).paused, None, "nothing was checked on the first day");
        assert_eq!(at(8).paused, Some((SourcePause::NothingWorks, NOW + 8 * DAY)));
        let seldom = after(std::iter::once(start.clone()).chain((1..=30).map(few)));
        assert_eq!(seldom.paused, None, "three that fail prove nothing about a hundred");
        let recovered = after_visit(&at(7), Seen { checked: 50, working: 1, ..unchanged() }, NOW + 8 * DAY);
        assert_eq!((recovered.paused, recovered.barren_since), (None, None));
    }

    #[test]
    fn a_source_that_cannot_be_read_for_a_week_is_paused_and_keeps_its_list() {
        let failed = |day: i64| (NOW + day * DAY, Seen::nothing(VisitOutcome::Failed));
        let start = (NOW, changed(100, 100, 0));
        let record = after(std::iter::once(start).chain((1..=8).map(failed)));
        assert_eq!(record.paused, Some((SourcePause::Unreadable, NOW + 8 * DAY)));
        assert_eq!((record.holds, record.seen_at), (100, Some(NOW)), "the list was last seen when it came");
    }

    #[test]
    fn who_asks_for_patience_gets_it() {
        let seen = Seen { wait: Some(30 * MINUTE), ..Seen::nothing(VisitOutcome::Failed) };
        let record = after_visit(&SourceRecord::default(), seen, NOW);
        assert_eq!(record.hold, Some((SourceHold::Asked, NOW + 30 * MINUTE)));
    }
}
