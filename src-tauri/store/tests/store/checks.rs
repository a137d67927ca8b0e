//! Keeping what checks found.

use proxydeck_domain::{Anonymity, Basis, Capability, Reason, Status};
use proxydeck_store::{Counts, EVIDENCE_KEPT, NewVisit, Stored};

use crate::world::{DAY, NOW, World, alive, dead};

#[test]
fn a_check_fills_the_row_of_its_proxy() {
    let world = World::with(2);
    let before = world.row(2);
    world.store.checks(None, vec![alive(1, NOW, 184)]).unwrap();
    let row = world.row(1);
    assert_eq!(row.standing.status, Status::Active);
    assert_eq!(row.capabilities.get(Capability::Http).latency_ms, Some(184));
    assert_eq!(row.latency_ms, Some(184));
    assert_eq!((row.finding.anonymity, row.finding.basis), (Anonymity::Elite, Basis::Tunnel));
    assert_eq!(row.exit.unwrap().to_string(), "192.0.2.7");
    assert_eq!((row.last_checked, row.last_success), (Some(NOW), Some(NOW)));
    assert_eq!(row.counts, Counts { checks: 1, successes: 1 });
    assert_eq!(world.row(2), before, "nobody else's row changed");
}

#[test]
fn a_failed_check_replaces_what_was_measured_and_keeps_the_last_success() {
    let world = World::with(1);
    world.store.checks(None, vec![alive(1, NOW - DAY, 184)]).unwrap();
    world.store.checks(None, vec![dead(1, NOW, 1)]).unwrap();
    let row = world.row(1);
    assert_eq!((row.standing.status, row.standing.failures), (Status::Inactive, 1));
    assert_eq!((row.reason, row.code), (Some(Reason::Rejected), Some(403)));
    assert_eq!((row.latency_ms, row.exit), (None, None), "a dead proxy has no latency and no exit");
    assert_eq!((row.last_checked, row.last_success), (Some(NOW), Some(NOW - DAY)));
    assert_eq!(
        row.capabilities.get(Capability::Http).ok,
        None,
        "what was not asked this time is not claimed"
    );
}

#[test]
fn the_next_start_reads_the_same_rows() {
    let world = World::with(300);
    let batch = (1..=300).filter(|id| id % 3 > 0).map(|id| match id % 3 {
        1 => alive(id, NOW, 100),
        _ => dead(id, NOW, 4),
    });
    world.store.checks(None, batch.collect()).unwrap();
    let before = world.rows();
    let world = world.restart();
    assert_eq!(world.rows(), before, "what is shown after a restart is what was shown before it");
    for row in before {
        assert_eq!(world.row(row.id), row, "a proxy read alone is the same as in the whole pool");
    }
}

#[test]
fn only_checks_of_the_last_thirty_days_count_for_the_success_rate() {
    let world = World::with(4);
    let checks = vec![
        alive(1, NOW - 31 * DAY, 10),
        alive(2, NOW - 31 * DAY, 10),
        dead(2, NOW - 30 * DAY, 1),
        alive(2, NOW - 29 * DAY, 10),
        alive(4, NOW, 10),
    ];
    world.store.checks(None, checks).unwrap();
    let counts: Vec<Counts> = world.rows().iter().map(|row| row.counts).collect();
    let expected = [(0, 0), (2, 1), (0, 0), (1, 1)].map(|(checks, successes)| Counts { checks, successes });
    assert_eq!(counts, expected);
    for (row, expected) in world.rows().iter().zip(expected) {
        assert_eq!(world.row(row.id).counts, expected, "a proxy read alone has the same counts");
    }
    let mut told = Vec::new();
    world.store.counts(NOW, |proxy, counts| told.push((proxy, counts))).unwrap();
    assert_eq!(
        told,
        [(2, expected[1]), (4, expected[3])],
        "whoever keeps the rows can refresh the counts alone"
    );
}

#[test]
fn counts_of_proxies_that_are_not_shown_are_given_to_no_other() {
    let world = World::with(3);
    world.store.checks(None, vec![alive(1, NOW, 10), dead(2, NOW, 1)]).unwrap();
    world.raw().execute("UPDATE proxies SET deleted = 1 WHERE id = 1", []).unwrap();
    let rows = world.rows();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(rows[0].counts, Counts { checks: 1, successes: 0 });
    assert_eq!(rows[1].counts, Counts::default());
}

#[test]
fn full_evidence_is_kept_for_the_last_five_checks_only() {
    let world = World::with(2);
    for n in 0..8 {
        world.store.checks(None, vec![dead(1, NOW + n, 1)]).unwrap();
    }
    world.store.checks(None, vec![alive(2, NOW, 77)]).unwrap();
    let checks = world.store.checks_of(1, 100).unwrap();
    assert_eq!(checks.len(), 8, "the rows of older checks stay");
    assert_eq!(checks[0].at, NOW + 7, "the newest first");
    let with_evidence: Vec<bool> = checks.iter().map(|check| check.evidence.is_some()).collect();
    let kept = usize::try_from(EVIDENCE_KEPT).unwrap();
    assert_eq!(with_evidence, [vec![true; kept], vec![false; 8 - kept]].concat());
    assert_eq!(world.store.checks_of(1, 3).unwrap().len(), 3, "no more than were asked for");
    let other = world.store.checks_of(2, 10).unwrap().remove(0);
    assert_eq!(other.evidence.unwrap().attempts[0].latency_ms, Some(77), "evidence comes back whole");
    assert_eq!((other.judge.as_str(), other.capability), ("http://judge.example/", Capability::Http));
}

#[test]
fn a_check_takes_no_more_than_48_bytes() {
    let world = World::with(1000);
    // Three months of checks an hour apart: as many as make the fixed parts of pages small.
    for hour in 0..20 {
        let batch = (1..=1000).map(|id| dead(id, NOW + hour * 3_600_000, 1)).collect();
        world.store.checks(None, batch).unwrap();
    }
    let raw = world.raw();
    let payload: f64 = raw
        .query_row(
            "SELECT CAST(sum(payload) AS REAL) / sum(ncell) FROM dbstat WHERE name = 'checks'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(payload <= 32.0, "a row has {payload} bytes");
    let on_disk: f64 = raw
        .query_row(
            "SELECT CAST((SELECT sum(pgsize) FROM dbstat WHERE name = 'checks') AS REAL) / (SELECT count(*) FROM checks)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(on_disk <= 48.0, "with the slack of its pages a row takes {on_disk} bytes of the file");
}

#[test]
fn a_judge_is_named_once() {
    let world = World::with(3);
    world.store.checks(None, vec![alive(1, NOW, 10), dead(2, NOW, 1)]).unwrap();
    let world = world.restart();
    world.store.checks(None, vec![alive(3, NOW, 10)]).unwrap();
    let judges: u32 = world.raw().query_row("SELECT count(*) FROM judges", [], |row| row.get(0)).unwrap();
    assert_eq!(judges, 1, "a check refers to its judge by a number");
}

#[test]
fn a_check_of_a_proxy_that_is_gone_does_not_hold_up_the_others() {
    let world = World::with(2);
    let stored = world.store.checks(None, vec![dead(1, NOW, 1), dead(999, NOW, 1), dead(2, NOW, 1)]).unwrap();
    assert_eq!(stored, Stored { kept: 2, finished: 0 });
    assert!(world.store.checks_of(999, 1).unwrap().is_empty());
    assert_eq!(world.row(2).last_checked, Some(NOW));
}

#[test]
fn two_checks_in_one_millisecond_leave_the_later_one() {
    let world = World::with(1);
    world.store.checks(None, vec![dead(1, NOW, 1), alive(1, NOW, 5)]).unwrap();
    let checks = world.store.checks_of(1, 10).unwrap();
    assert_eq!(checks.len(), 1);
    assert!(checks[0].success, "a batch is never refused for a moment that was met before");
    assert!(checks[0].evidence.as_ref().unwrap().attempts[0].reason.is_none());
}

#[test]
fn visits_to_targets_are_kept_beside_what_is_known_of_the_proxy() {
    let world = World::with(2);
    let visit = |reason: Option<Reason>, ms| NewVisit {
        target: "https://shop.example/".into(),
        reason,
        code: Some(if reason.is_some() { 403 } else { 200 }),
        ms,
    };
    let check = |at, visits: Vec<NewVisit>| {
        let mut check = alive(1, at, 100);
        check.visits = visits;
        check
    };
    world.store.checks(None, vec![check(NOW - 2 * DAY, vec![visit(None, Some(100))])]).unwrap();
    world.store.checks(None, vec![check(NOW - DAY, vec![visit(None, Some(300))])]).unwrap();
    let reached = |world: &World| {
        let mut found = Vec::new();
        world.store.reached(|target, id| found.push((target.to_owned(), id))).unwrap();
        found
    };
    assert_eq!(reached(&world), [("https://shop.example/".to_owned(), 1)]);
    world.store.checks(None, vec![check(NOW, vec![visit(Some(Reason::Rejected), None)])]).unwrap();
    let known = world.store.targets_of(1).unwrap();
    assert_eq!(known.len(), 1, "one row a target: {known:?}");
    let row = &known[0];
    assert_eq!((row.at, row.reason, row.code, row.ms), (NOW, Some(Reason::Rejected), Some(403), None));
    assert_eq!((row.visits, row.successes, row.mean_ms), (3, 2, Some(200)), "the sums are of all visits");
    assert_eq!(reached(&world), [], "the last visit counts");
    assert_eq!(world.row(1).standing.status, Status::Active, "a target says nothing about the proxy");
    assert_eq!(world.store.targets_of(2).unwrap(), []);
}
