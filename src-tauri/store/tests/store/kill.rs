//! A kill at any instant loses at most the last batch.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use proxydeck_store::{Store, TaskKind, TaskStatus};
use rusqlite::Connection;

use crate::world::{NOW, World, alive, check_task, dead};

/// Tells the process that it is the one to be killed, and which database it writes to.
const INNER: &str = "PROXYDECK_TEST_KILLED_DATABASE";

/// How often it is killed.
const ROUNDS: u64 = 6;
const PROXIES: u32 = 6_000;
/// Small batches, so that a kill falls into the middle of one as often as between two.
const BATCH: usize = 60;
/// Batches that it may write after the one that the kill waits for.
const BATCHES_AHEAD: usize = 3;

/// Writes results for what is left, and tells of each batch that is safe, until it is killed.
fn write_until_killed(path: &Path) {
    let store = Store::open(path, NOW).unwrap().store;
    let task = match store.unfinished(TaskKind::Check).unwrap() {
        Some(unfinished) => {
            assert!(store.resume_task(unfinished.task.id).unwrap());
            unfinished.task.id
        }
        None => store.begin_task(check_task(), (1..=i64::from(PROXIES)).collect(), NOW).unwrap(),
    };
    let left = store.remaining(task).unwrap();
    let mut out = std::io::stdout();
    let mut leave = std::io::stdin().lock();
    for batch in left.chunks(BATCH) {
        // A byte for each batch: without that, a fast disk would finish before the kill comes.
        leave.read_exact(&mut [0]).unwrap();
        let checks = batch.iter().map(|id| if id % 3 == 0 { alive(*id, NOW, 50) } else { dead(*id, NOW, 1) });
        store.checks(Some(task), checks.collect()).unwrap();
        writeln!(out, "safe {} .", batch.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")).unwrap();
        out.flush().unwrap();
    }
}

/// Lets a process write and kills it after so many batches and a moment more; what it told to be safe.
fn kill_after(path: &Path, batches: usize, moment: u64) -> BTreeSet<i64> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["kill::a_kill_at_any_instant_loses_at_most_the_last_batch", "--exact", "--nocapture"])
        .env(INNER, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Held open to the end: its closing would end the process in an orderly way.
    let mut leave = child.stdin.take().unwrap();
    leave.write_all(&vec![0; batches + BATCHES_AHEAD]).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut safe = BTreeSet::new();
    let mut told = 0;
    while told < batches {
        let line = lines.next().expect("the process ended before it was killed").unwrap();
        told += usize::from(note(&line, &mut safe));
    }
    for _ in 0..moment {
        std::hint::spin_loop();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it could still say before the kill counts as well.
    for line in lines.map_while(Result::ok) {
        note(&line, &mut safe);
    }
    safe
}

/// Takes down what a line tells to be safe; whether it is such a line, and whole.
fn note(line: &str, safe: &mut BTreeSet<i64>) -> bool {
    // The harness may have begun the line with words of its own.
    let ids = line.split_once("safe ").and_then(|(_, rest)| rest.strip_suffix(" ."));
    safe.extend(ids.iter().flat_map(|ids| ids.split(' ')).map(|id| id.parse::<i64>().unwrap()));
    ids.is_some()
}

#[test]
fn a_kill_at_any_instant_loses_at_most_the_last_batch() {
    if let Some(path) = env::var_os(INNER) {
        return write_until_killed(Path::new(&path));
    }
    let world = World::with(PROXIES);
    world.store.shutdown();
    let path = world.path();
    let all: BTreeSet<i64> = (1..=i64::from(PROXIES)).collect();
    let mut told_safe = BTreeSet::new();
    // Any numbers will do; these are the same in every run.
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    for round in 0..ROUNDS {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let batches = usize::try_from((seed >> 33) % 9 + 1).unwrap();
        told_safe.append(&mut kill_after(&path, batches, (seed >> 20) % 100_000));

        let sound: String = Connection::open(&path)
            .unwrap()
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sound, "ok", "round {round}: the file is damaged");

        let opened = Store::open(&path, NOW).unwrap();
        assert_eq!(opened.set_aside, None, "round {round}: nothing is set aside after a kill");
        let store = opened.store;
        let unfinished = store.unfinished(TaskKind::Check).unwrap().expect("the check can go on");
        assert_eq!(unfinished.task.status, TaskStatus::Paused);
        let left: BTreeSet<i64> = store.remaining(unfinished.task.id).unwrap().into_iter().collect();
        let mut stored = BTreeSet::new();
        store
            .load(NOW, |row| {
                assert!(row.counts.checks <= 1, "round {round}: {} was checked again", row.id);
                assert_eq!(
                    row.last_checked.is_some(),
                    row.counts.checks == 1,
                    "round {round}: half of {}",
                    row.id
                );
                if row.counts.checks == 1 {
                    stored.insert(row.id);
                }
            })
            .unwrap();
        assert!(told_safe.is_subset(&stored), "round {round}: results are gone that were told to be safe");
        assert!(left.is_disjoint(&stored), "round {round}: a stored result is still waited for");
        assert_eq!(&(&left | &stored), &all, "round {round}: a proxy is neither stored nor waited for");
        assert_eq!(
            usize::try_from(unfinished.task.done).unwrap(),
            stored.len(),
            "round {round}: progress is exact"
        );
        store.shutdown();
    }
    assert!(told_safe.len() >= BATCH * usize::try_from(ROUNDS).unwrap(), "every round stored something");
}
