//! Sources: the catalogue and the user's own, what visits tell, and which proxies a source has.

use proxydeck_domain::Protocol;
use proxydeck_store::{
    Added, CatalogueSource, Source, SourceKind, SourcePlan, SourceRecord, SourceVisit, VisitOutcome,
};

use crate::world::{DAY, NOW, World, hinted, open};

fn plan(name: &str) -> SourcePlan {
    SourcePlan {
        name: name.to_owned(),
        kind: SourceKind::Web,
        address: format!("https://lists.example/{name}.txt"),
        home: None,
        protocol: None,
        parser: None,
        interval_minutes: 60,
        priority: 50,
    }
}

fn entry(key: &str, enabled: bool) -> CatalogueSource {
    CatalogueSource { key: key.to_owned(), plan: plan(key), enabled }
}

fn visit(outcome: VisitOutcome, new: u32) -> SourceVisit {
    SourceVisit {
        at: NOW,
        took_ms: 12,
        outcome,
        failure: None,
        code: Some(200),
        bytes: 345,
        format: Some("text".to_owned()),
        read: 7,
        accepted: 5,
        new,
        gone: 0,
        duplicates: 1,
        refused: Some(r#"{"no_address":1}"#.to_owned()),
        working: 0,
    }
}

/// The sources that are there, by their names, with whether they are on.
fn there(world: &World) -> Vec<(String, bool)> {
    let sources = world.store.sources().unwrap();
    sources
        .into_iter()
        .filter(|source| !source.removed)
        .map(|source| (source.plan.name, source.enabled))
        .collect()
}

fn named(world: &World, name: &str) -> Source {
    world.store.sources().unwrap().into_iter().find(|source| source.plan.name == name).unwrap()
}

fn sync(world: &World, catalogue: &[CatalogueSource]) -> bool {
    world.store.sync_catalogue(catalogue.to_vec(), NOW).unwrap()
}

#[test]
fn a_catalogue_is_taken_over_once() {
    let world = World::new();
    assert!(sync(&world, &[entry("a", true), entry("b", false)]));
    assert_eq!(there(&world), [("a".to_owned(), true), ("b".to_owned(), false)]);
    assert!(!sync(&world, &[entry("a", true), entry("b", false)]), "what is there already costs no write");
}

#[test]
fn a_new_catalogue_never_undoes_what_the_user_did() {
    let world = World::new();
    sync(&world, &["a", "b", "c", "d"].map(|key| entry(key, true)));
    let id = |name| named(&world, name).id;
    let mine = SourcePlan { interval_minutes: 5, name: "a".to_owned(), ..plan("elsewhere") };
    assert_eq!(world.store.change_source(id("a"), mine.clone(), true).unwrap(), None);
    world.store.enable_sources(vec![id("b")], false).unwrap();
    world.store.set_sources_removed(vec![id("c")], true, NOW).unwrap();
    let newer = ["a", "b", "c", "d"]
        .map(|key| CatalogueSource { plan: SourcePlan { priority: 90, ..plan(key) }, ..entry(key, true) });
    assert!(sync(&world, &newer));
    assert_eq!(named(&world, "a").plan, mine, "an edited source keeps its plan");
    assert!(!named(&world, "b").enabled, "one that was switched off stays off");
    assert!(named(&world, "c").removed, "one that was removed stays away");
    assert_eq!(named(&world, "d").plan.priority, 90, "the others follow the catalogue");
}

#[test]
fn what_the_catalogue_drops_is_switched_off_unless_the_user_chose_it() {
    let world = World::new();
    sync(&world, &[entry("a", true), entry("b", true)]);
    world.store.enable_sources(vec![named(&world, "b").id], true).unwrap();
    sync(&world, &[]);
    assert_eq!(there(&world), [("a".to_owned(), false), ("b".to_owned(), true)]);
}

#[test]
fn a_source_that_the_user_had_first_stays_theirs() {
    let world = World::new();
    let mine = SourcePlan { name: "mine".to_owned(), ..plan("a") };
    assert!(matches!(world.store.add_source(mine, false, NOW).unwrap(), Added::As(_)));
    sync(&world, &[entry("a", true)]);
    assert_eq!(there(&world), [("mine".to_owned(), false)]);
    assert_eq!(named(&world, "mine").catalogue, None);
}

#[test]
fn an_address_is_one_source() {
    let world = World::new();
    let Added::As(first) = world.store.add_source(plan("a"), true, NOW).unwrap() else {
        panic!("it was new")
    };
    let again = SourcePlan { name: "b".to_owned(), ..plan("a") };
    assert_eq!(world.store.add_source(again.clone(), true, NOW).unwrap(), Added::Exists(first));
    world.store.set_sources_removed(vec![first], true, NOW).unwrap();
    assert_eq!(
        world.store.add_source(again, false, NOW).unwrap(),
        Added::As(first),
        "it comes back as wanted now"
    );
    assert_eq!(there(&world), [("b".to_owned(), false)]);
    let Added::As(second) = world.store.add_source(plan("c"), true, NOW).unwrap() else {
        panic!("it was new")
    };
    assert_eq!(
        world.store.change_source(second, plan("a"), true).unwrap(),
        Some(first),
        "no two sources share an address"
    );
}

#[test]
fn another_reading_makes_the_list_come_in_full() {
    let world = World::new();
    let Added::As(id) = world.store.add_source(plan("a"), true, NOW).unwrap() else { panic!("it was new") };
    let record = SourceRecord {
        etag: Some("\"1\"".to_owned()),
        content: Some(vec![1]),
        seen_at: Some(NOW),
        ..SourceRecord::default()
    };
    world.store.end_visit(id, visit(VisitOutcome::Changed, 0), record.clone(), vec![], NOW).unwrap();
    let renamed = SourcePlan { name: "b".to_owned(), ..plan("a") };
    world.store.change_source(id, renamed, true).unwrap();
    assert_eq!(
        world.store.source(id).unwrap().unwrap().record,
        record,
        "a name changes nothing about the list"
    );
    let read_otherwise = SourcePlan { protocol: Some(Protocol::Socks5), ..plan("a") };
    world.store.change_source(id, read_otherwise, true).unwrap();
    let kept = world.store.source(id).unwrap().unwrap();
    assert_eq!((kept.record.etag, kept.record.content), (None, None));
    assert_eq!(kept.plan.protocol, Some(Protocol::Socks5));
}

#[test]
fn a_list_that_stays_the_same_costs_one_row() {
    let world = World::new();
    let Added::As(id) = world.store.add_source(plan("a"), true, NOW).unwrap() else { panic!("it was new") };
    let batch = vec![open("198.18.0.1:80"), hinted("198.18.0.2:80", Protocol::Http)];
    let taken = world.store.collect(id, batch.clone(), NOW).unwrap();
    let record = SourceRecord { seen_at: Some(NOW), holds: 2, ..SourceRecord::default() };
    world.store.end_visit(id, visit(VisitOutcome::Changed, 2), record.clone(), vec![], NOW).unwrap();
    // The next day it is the same.
    let later = SourceRecord { seen_at: Some(NOW + DAY), ..record };
    let unchanged = SourceVisit { at: NOW + DAY, ..visit(VisitOutcome::Unchanged, 0) };
    world.store.end_visit(id, unchanged, later, vec![], NOW).unwrap();
    let written: i64 =
        world.raw().query_row("SELECT max(last_seen) FROM proxy_sources", [], |row| row.get(0)).unwrap();
    assert_eq!(written, NOW, "no row of a proxy was touched");
    let seen = world.store.sources_of(taken[0].id).unwrap();
    assert_eq!((seen[0].first_seen, seen[0].last_seen, seen[0].gone), (NOW, NOW + DAY, false));
    let changes =
        |world: &World| world.raw().query_row("SELECT count(*) FROM visits", [], |row| row.get::<_, i64>(0));
    assert_eq!(changes(&world).unwrap(), 2);
}

#[test]
fn what_leaves_a_list_was_last_seen_when_it_was_there() {
    let world = World::new();
    let Added::As(id) = world.store.add_source(plan("a"), true, NOW).unwrap() else { panic!("it was new") };
    let taken = world.store.collect(id, vec![open("198.18.0.1:80"), open("198.18.0.2:80")], NOW).unwrap();
    let record = SourceRecord { seen_at: Some(NOW), ..SourceRecord::default() };
    world.store.end_visit(id, visit(VisitOutcome::Changed, 2), record.clone(), vec![], NOW).unwrap();
    let left = taken[0].id;
    let at = NOW + DAY;
    world.store.end_visit(id, visit(VisitOutcome::Changed, 0), record, vec![left], NOW + 1000).unwrap();
    let seen = world.store.sources_of(left).unwrap();
    assert_eq!((seen[0].last_seen, seen[0].gone), (NOW + 1000, true));
    assert_eq!(world.store.proxies_of_source(id).unwrap(), [taken[1].id]);
    assert_eq!(world.row(left).sources, Vec::<i64>::new(), "it is in no list now, and still in the pool");
    world.store.collect(id, vec![open("198.18.0.1:80")], at).unwrap();
    assert_eq!(world.row(left).sources, [id], "it is back");
    assert_eq!(world.store.sources_of(left).unwrap()[0].first_seen, NOW, "it was met long ago");
}

#[test]
fn visits_are_kept_with_what_they_brought() {
    let world = World::new();
    let Added::As(id) = world.store.add_source(plan("a"), true, NOW).unwrap() else { panic!("it was new") };
    let old = SourceVisit { at: NOW - 91 * DAY, ..visit(VisitOutcome::Changed, 9) };
    let yesterday = SourceVisit { at: NOW - DAY, ..visit(VisitOutcome::Changed, 4) };
    let today = visit(VisitOutcome::Failed, 3);
    for visit in [&old, &yesterday, &today] {
        world.store.end_visit(id, visit.clone(), SourceRecord::default(), vec![], NOW).unwrap();
    }
    assert_eq!(
        world.store.visits_of(id, 10).unwrap(),
        [today.clone(), yesterday],
        "what is too old was let go"
    );
    assert_eq!(world.store.last_visits().unwrap().remove(&id), Some(today));
    let mut days = Vec::new();
    world.store.new_by_step(NOW - 14 * DAY, NOW, DAY, |of, back, new| days.push((of, back, new))).unwrap();
    days.sort_unstable();
    assert_eq!(days, [(id, 0, 3), (id, 1, 4)]);
}

#[test]
fn one_that_is_set_going_starts_with_a_clean_slate() {
    let world = World::new();
    let Added::As(id) = world.store.add_source(plan("a"), true, NOW).unwrap() else { panic!("it was new") };
    let record = SourceRecord {
        paused: Some((proxydeck_store::SourcePause::NothingWorks, NOW)),
        barren_since: Some(NOW - 8 * DAY),
        failing_since: Some(NOW - 8 * DAY),
        copy_of: Some((id, 0.5)),
        hold: Some((proxydeck_store::SourceHold::Asked, NOW + DAY)),
        ..SourceRecord::default()
    };
    world.store.end_visit(id, visit(VisitOutcome::Unchanged, 0), record.clone(), vec![], NOW).unwrap();
    assert_eq!(
        world.store.source(id).unwrap().unwrap().record,
        record,
        "everything comes back as it was kept"
    );
    world.store.enable_sources(vec![id], true).unwrap();
    let kept = world.store.source(id).unwrap().unwrap().record;
    assert_eq!((kept.paused, kept.barren_since, kept.failing_since), (None, None, None));
}
