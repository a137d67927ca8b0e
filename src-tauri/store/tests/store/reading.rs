//! Reading beside writing.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use proxydeck_store::{Store, StoreError};

use crate::world::{NOW, World, alive, dead, list, open};

#[test]
fn another_process_reads_while_this_one_writes() {
    let world = World::with(2);
    let reader = Store::open_read_only(world.path()).unwrap();
    let count = |store: &Store| {
        let mut rows = 0;
        store.load(NOW, |_| rows += 1).unwrap();
        rows
    };
    assert_eq!(count(&reader), 2);
    // A transaction that is open holds the lock for writing: readers do not ask for it.
    let raw = world.raw();
    raw.execute_batch("BEGIN IMMEDIATE; UPDATE proxies SET deleted = 1 WHERE id = 1;").unwrap();
    assert_eq!(count(&reader), 2, "what is not committed is not seen");
    raw.execute_batch("COMMIT").unwrap();
    assert_eq!(count(&reader), 1, "what is committed is");
}

#[test]
fn what_is_open_for_reading_only_is_not_written_to() {
    let world = World::with(1);
    let reader = Store::open_read_only(world.path()).unwrap();
    let refused = reader.import(list("x"), vec![open("1.2.3.4:80")], NOW);
    assert!(matches!(refused, Err(StoreError::ReadOnly)), "{refused:?}");
    assert!(matches!(reader.checks(None, vec![dead(1, NOW, 1)]), Err(StoreError::ReadOnly)));
}

#[test]
fn a_database_that_nobody_writes_to_is_read_too() {
    let world = World::with(3);
    world.store.checks(None, vec![alive(2, NOW, 40)]).unwrap();
    world.store.shutdown();
    let reader = Store::open_read_only(world.path()).unwrap();
    assert_eq!(reader.proxy(2, NOW).unwrap().unwrap().latency_ms, Some(40));
    assert_eq!(reader.checks_of(2, 5).unwrap().len(), 1);
}

#[test]
fn a_long_read_sees_one_moment_and_does_not_hold_up_writing() {
    let world = World::with(1_000);
    let mut seen = 0;
    world
        .store
        .load(NOW, |row| {
            seen += 1;
            if row.id == 1 {
                // Committed in the middle of the reading: it would be the 1,001st row.
                world.import(vec![open("203.0.113.1:80")]);
            }
            assert_eq!(row.last_checked, None);
        })
        .unwrap();
    assert_eq!(seen, 1_000);
    assert_eq!(world.rows().len(), 1_001, "the next reading sees it");
}

#[test]
fn more_readers_at_once_than_connections_are_kept() {
    let world = World::with(500);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..12).map(|_| scope.spawn(|| world.rows().len())).collect();
        for reader in readers {
            assert_eq!(reader.join().unwrap(), 500, "nobody waits for nobody");
        }
    });
}

#[test]
fn a_search_for_damage_finds_none_in_a_sound_file_and_can_be_stopped() {
    let world = World::with(5_000);
    let stop = Arc::new(AtomicBool::new(false));
    assert_eq!(world.store.quick_check(&stop).unwrap(), Vec::<String>::new());
    let stopped = world.store.quick_check(&Arc::new(AtomicBool::new(true)));
    assert!(
        matches!(stopped, Err(StoreError::Interrupted)),
        "the program may end in its middle: {stopped:?}"
    );
    assert_eq!(world.rows().len(), 5_000, "and nothing else is interrupted by that");
}
