//! SIGKILL at any moment of a check or an import: the database is sound, what was stored stays, the work goes on where
//! it was cut off, and no lock is left.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use proxydeck_tests::cli::{Home, Lab, wait_until, words};
use proxydeck_tests::lab::{JudgeKind, JudgeSpec, Mix, World};
use rusqlite::{Connection, OpenFlags};
use serde_json::json;

/// Proxies in the world of the killed checks.
const MANY: u32 = 20_000;
/// Results that are stored when a check is killed: early, in the middle, and late.
const KILLED_AT: [u32; 3] = [1_000, 9_000, 16_000];
/// Lines of the list whose import is killed.
const LINES: u32 = 30_000;
/// Proxies that an import writes in one transaction.
const BATCH: u32 = 1_000;

/// The database of a home as somebody else looks at it, who changes nothing of it.
struct Database(PathBuf);

impl Database {
    fn of(home: &Home) -> Self {
        Self(home.at("data/proxydeck.db"))
    }

    fn look(&self) -> Connection {
        let conn = Connection::open_with_flags(&self.0, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        conn.busy_timeout(Duration::from_secs(5)).unwrap();
        conn
    }

    /// One number; 0 as long as there is no such table.
    fn number(&self, sql: &str) -> u32 {
        let open = Connection::open_with_flags(&self.0, OpenFlags::SQLITE_OPEN_READ_ONLY);
        open.and_then(|conn| conn.query_row(sql, [], |row| row.get(0))).unwrap_or(0)
    }

    #[track_caller]
    fn is_sound(&self) {
        let conn = self.look();
        let said: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(said, "ok", "a kill must not damage the database");
        let broken = conn.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
        assert!(!broken, "a kill must not leave rows that belong to nothing");
    }

    /// When each proxy was checked. None has been twice.
    #[track_caller]
    fn checks(&self) -> BTreeMap<i64, i64> {
        let conn = self.look();
        let mut statement = conn.prepare("SELECT proxy, at FROM checks").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let rows: Vec<(i64, i64)> = rows.collect::<Result<_, _>>().unwrap();
        let checks: BTreeMap<i64, i64> = rows.iter().copied().collect();
        assert_eq!(checks.len(), rows.len(), "no proxy is checked twice by one task");
        checks
    }

    /// Each task with where it stands and how much it has done.
    fn tasks(&self) -> Vec<(i64, String, u32)> {
        let conn = self.look();
        let mut statement = conn.prepare("SELECT id, status, done FROM tasks").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }
}

#[test]
fn a_check_that_is_killed_three_times_checks_each_proxy_once() {
    let judge = JudgeSpec::new(JudgeKind::Own).named("own.judge.lab");
    let lab = Lab::start(World::seeded(61).judge(judge).proxies(Mix::refused().alive(5), MANY as usize));
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", lab.list());
    let imported = home.run(words("--data-dir data --json import list.txt --allow-private", &[])).done();
    assert_eq!(imported.json()["new"], MANY);
    let database = Database::of(&home);
    let check = words("--data-dir data check --json --output out.csv", &asking);

    let mut before = BTreeMap::new();
    for stored in KILLED_AT {
        let running = home.start(&check);
        wait_until("results to be stored", || database.number("SELECT count(*) FROM checks") >= stored);
        running.kill();

        database.is_sound();
        let after = database.checks();
        assert!(after.len() >= stored as usize, "{} are stored after the kill, {stored} before", after.len());
        assert!(after.len() < MANY as usize, "the kill came in the middle, or this proves nothing");
        for (proxy, at) in &before {
            assert_eq!(after.get(proxy), Some(at), "what was stored of {proxy} stays as it was");
        }
        let done = u32::try_from(after.len()).unwrap();
        assert_eq!(
            database.tasks(),
            [(1, "running".to_owned(), done)],
            "it is one task, and its count is exact"
        );
        let undone = database.number("SELECT count(*) FROM task_items");
        assert_eq!(done + undone, MANY, "every proxy is either stored or still to do");
        let checked = database.number("SELECT count(*) FROM proxies WHERE last_checked IS NOT NULL");
        assert_eq!(checked, done, "a proxy's row and its check are of one transaction");
        assert!(!home.at("out.csv").exists(), "half a file must not look like a whole one");
        let looked = home.run(words("--data-dir data stats --json", &[])).done().json();
        assert_eq!(looked["total"], MANY, "whoever only reads needs no mending: {looked}");
        before = after;
    }

    let last = home.run(&check).done().json();
    assert_eq!((&last["resumed"], &last["task"]), (&json!(true), &json!(1)), "it is the same task: {last}");
    assert_eq!(last["stored"], last["checked"], "{last}");
    let all = before.len() as u64 + last["stored"].as_u64().unwrap();
    assert_eq!(all, u64::from(MANY), "what all runs stored adds up to every proxy once: {last}");
    let after = database.checks();
    assert!(before.iter().all(|(proxy, at)| after.get(proxy) == Some(at)), "nothing stored is checked again");
    assert_eq!(after.len(), MANY as usize);
    assert_eq!(database.tasks(), [(1, "succeeded".to_owned(), MANY)]);
    assert_eq!(database.number("SELECT count(*) FROM task_items"), 0, "nothing is left to do");
    let living = lab.proxies().iter().filter(|proxy| proxy.truth.alive).count();
    assert!(living > 500, "some must live, or their count proves nothing");
    let alive = database.number("SELECT count(*) FROM proxies WHERE last_success IS NOT NULL");
    assert_eq!(alive as usize, living, "kills change no verdict");
    let written = home.run(words("--data-dir data list --status active --format txt", &[])).done();
    assert_eq!(written.text().lines().count(), living);
    let rows = home.read("out.csv").lines().count() as u64 - 1;
    assert_eq!(rows, last["checked"], "the file of the last run has what it checked");
    assert!(!home.at("out.csv.part").exists(), "and nothing is left of those of the killed ones");
    assert_eq!(std::fs::read_dir(home.at("data/aside")).unwrap().count(), 0, "no kill costs the database");
}

#[test]
fn a_check_that_is_killed_before_its_first_result_goes_on_as_well() {
    let lab = Lab::start(World::seeded(62).judge(JudgeKind::Own).proxies(Mix::refused(), 40));
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", lab.list());
    home.run(words("--data-dir data import list.txt --allow-private", &[])).done();
    let database = Database::of(&home);
    let check = words("--data-dir data check --json", &asking);
    // As long as the judge thinks, the task stands in the database and no proxy is dialled.
    lab.judges()[0].set_delay(Duration::from_secs(60));
    let running = home.start(&check);
    wait_until("the task to begin", || database.number("SELECT count(*) FROM tasks") == 1);
    running.kill();
    database.is_sound();
    assert_eq!(database.tasks(), [(1, "running".to_owned(), 0)]);

    // A judge that is down when it goes on is no reason to give the task up.
    lab.wait(lab.judges()[0].down());
    home.run(&check).complains(&["No judge can be used"]);
    assert_eq!(database.tasks(), [(1, "paused".to_owned(), 0)], "it waits for a judge");

    lab.judges()[0].set_delay(Duration::ZERO);
    lab.wait(lab.judges()[0].up());
    let next = home.run(&check).done().json();
    assert_eq!((&next["resumed"], &next["task"]), (&json!(true), &json!(1)), "it was cut off: {next}");
    assert_eq!((&next["checked"], &next["stored"]), (&json!(40), &json!(40)), "{next}");
}

/// A list of public addresses, each hundredth with an account.
fn long_list() -> String {
    (0..LINES).fold(String::new(), |mut list, n| {
        let account = if n % 100 == 0 { format!("http://user{n}:secret{n}@") } else { String::new() };
        writeln!(list, "{account}8.{}.{}.{}:3128", n >> 16, (n >> 8) & 255, n & 255).unwrap();
        list
    })
}

#[test]
fn an_import_that_is_killed_leaves_whole_batches_and_the_next_completes_it() {
    let home = Home::new();
    home.write("list.txt", long_list());
    let database = Database::of(&home);
    let import = words("--data-dir data --json import list.txt", &[]);
    let mut before = 0;
    for at_least in [1, 2, 12 * BATCH] {
        let running = home.start(&import);
        wait_until("proxies to be stored", || {
            database.number("SELECT count(*) FROM proxies") >= at_least.max(before + 1)
        });
        running.kill();
        database.is_sound();
        let stored = database.number("SELECT count(*) FROM proxies");
        assert_eq!(stored % BATCH, 0, "a batch is there as a whole or not at all");
        assert!(before < stored && stored < LINES, "{stored} of {LINES} after {before}");
        let sightings = database.number("SELECT count(*) FROM proxy_sources");
        assert_eq!(sightings, stored, "each with where it came from");
        before = stored;
    }
    let whole = home.run(&import).done().json();
    assert_eq!(
        (&whole["accepted"], &whole["known"], &whole["new"]),
        (&json!(LINES), &json!(before), &json!(LINES - before)),
        "what the kills left is known, the rest is new: {whole}"
    );
    let again = home.run(&import).done().json();
    assert_eq!((&again["known"], &again["new"]), (&json!(LINES), &json!(0)), "accounts too: {again}");
    let secrets = home.run(words("--data-dir data list --all --format url --with-secrets", &[])).done();
    let opened = (0..LINES).step_by(100).filter(|n| secrets.text().contains(&format!("user{n}:secret{n}@")));
    assert_eq!(opened.count(), LINES.div_ceil(100) as usize, "every password opens, whichever run sealed it");
}

#[test]
fn an_import_that_is_killed_before_its_first_batch_leaves_nothing() {
    let home = Home::new();
    home.write("list.txt", long_list());
    let import = words("--data-dir data --json import list.txt", &[]);
    let running = home.start(&import);
    // The lock is the first thing that a writer makes.
    wait_until("the folder to be locked", || home.at("data/proxydeck.lock").exists());
    running.kill();
    let database = Database::of(&home);
    let left = database.number("SELECT count(*) FROM proxies");
    assert_eq!(left % BATCH, 0, "none, or whole batches: {left}");
    let whole = home.run(&import).done().json();
    assert_eq!(whole["accepted"], LINES, "a kill leaves no lock: {whole}");
    assert_eq!(whole["new"], LINES - left, "{whole}");
    database.is_sound();
}

#[test]
fn a_check_of_a_list_that_is_killed_goes_on_with_the_same_list() {
    const SOME: u32 = 4_000;
    let lab =
        Lab::start(World::seeded(63).judge(JudgeKind::Own).proxies(Mix::refused().alive(5), SOME as usize));
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", lab.list());
    let database = Database::of(&home);
    // Of something else, and cut off before: it is not forgotten for what comes between.
    home.write("other.txt", "127.0.0.1:9\n");
    home.run(words("--data-dir data import other.txt --allow-private", &[])).done();
    lab.judges()[0].set_delay(Duration::from_secs(60));
    let filter = words("--data-dir data check --source other.txt --json", &asking);
    let running = home.start(&filter);
    wait_until("the task to begin", || database.number("SELECT count(*) FROM tasks") == 1);
    running.kill();
    lab.judges()[0].set_delay(Duration::ZERO);

    let check = words("--data-dir data check list.txt --json --output out.jsonl", &asking);
    let running = home.start(&check);
    wait_until("results to be stored", || database.number("SELECT count(*) FROM checks") >= 500);
    running.kill();
    database.is_sound();
    let before = database.checks();
    assert!(before.len() < SOME as usize, "the kill came in the middle, or this proves nothing");

    let next = home.run(&check).done().json();
    assert_eq!((&next["resumed"], &next["task"]), (&json!(true), &json!(2)), "the same list goes on: {next}");
    assert_eq!(next["checked"].as_u64().unwrap() + before.len() as u64, u64::from(SOME), "{next}");
    let after = database.checks();
    assert!(before.iter().all(|(proxy, at)| after.get(proxy) == Some(at)), "nothing stored is checked again");
    assert_eq!(home.read("out.jsonl").lines().count() as u64, next["checked"].as_u64().unwrap());

    let anew = home.run(&check).done().json();
    assert_eq!((&anew["resumed"], &anew["checked"]), (&json!(false), &json!(SOME)), "a finished one is over");
    let other = home.run(&filter).done().json();
    assert_eq!((&other["resumed"], &other["task"]), (&json!(true), &json!(1)), "it was not hidden: {other}");
}

#[test]
fn fresh_and_another_list_start_anew() {
    let lab = Lab::start(World::seeded(64).judge(JudgeKind::Own).proxies(Mix::refused(), 60));
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", lab.list());
    let database = Database::of(&home);
    let check = |more: &str| words(&format!("--data-dir data check --json {more}"), &asking);
    let cut_off = |more: &str| {
        let tasks = database.number("SELECT count(*) FROM tasks");
        lab.judges()[0].set_delay(Duration::from_secs(60));
        let running = home.start(check(more));
        wait_until("the task to begin", || database.number("SELECT count(*) FROM tasks") > tasks);
        running.kill();
        lab.judges()[0].set_delay(Duration::ZERO);
    };
    cut_off("list.txt");
    let fresh = home.run(check("list.txt --fresh")).done().json();
    assert_eq!(
        (&fresh["resumed"], &fresh["task"], &fresh["checked"]),
        (&json!(false), &json!(2), &json!(60))
    );
    let given_up: String =
        database.look().query_row("SELECT status FROM tasks WHERE id = 1", [], |row| row.get(0)).unwrap();
    assert_eq!(given_up, "cancelled", "what was begun anew is not gone on with");
    assert_eq!(database.number("SELECT count(*) FROM task_items"), 0);

    cut_off("list.txt");
    let shorter: String = lab.list().lines().take(40).map(|line| format!("{line}\n")).collect();
    home.write("list.txt", shorter);
    let changed = home.run(check("list.txt")).done().json();
    assert_eq!((&changed["resumed"], &changed["checked"]), (&json!(false), &json!(40)), "{changed}");

    cut_off("list.txt");
    let asked = home.run(check("list.txt --protocol http")).done().json();
    assert_eq!(asked["resumed"], false, "another question is another check: {asked}");
    let still = home.run(check("list.txt")).done().json();
    assert_eq!((&still["resumed"], &still["checked"]), (&json!(true), &json!(40)), "{still}");
}
