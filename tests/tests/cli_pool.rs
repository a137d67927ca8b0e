//! The pool by the command line: which proxies the filters choose, what is done with them, and reading where nothing may
//! be written.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use proxydeck_tests::cli::{Ended, Home, json_lines, words};
use rusqlite::Connection;
use serde_json::{Value, json};

fn run(home: &Home, line: &str) -> Ended {
    home.run(words(&format!("--data-dir data {line}"), &[]))
}

/// The words are wrong usage.
#[track_caller]
fn refuses(home: &Home, line: &[&str]) {
    let ended = run(home, &line.join(" ")).with_status(2);
    assert!(ended.stderr.contains("error:"), "it says what is wrong: {}", ended.stderr);
}

/// The addresses that `list` gives for these filters.
#[track_caller]
fn listed(home: &Home, filters: &str) -> BTreeSet<String> {
    let ended = run(home, &format!("list --format jsonl {filters}")).done();
    json_lines(ended.text()).iter().map(|row| row["proxy"].as_str().unwrap().to_owned()).collect()
}

fn set(places: &[&str]) -> BTreeSet<String> {
    places.iter().map(|place| (*place).to_owned()).collect()
}

/// A pool of two lists that share a proxy, and a third whose name is hard to write.
fn home_with_lists() -> Home {
    let home = Home::new();
    home.write("one.txt", "8.8.8.1:80\n8.8.8.2:80\nsocks5://ann:secret@8.8.8.3:1080\n");
    home.write("two.txt", "8.8.8.2:80\n8.8.8.4:80\n");
    home.write("a,b+c.txt", "8.8.8.5:80\n");
    for name in ["one.txt", "two.txt", "a,b+c.txt"] {
        home.run(["--data-dir", "data", "import", name]).done();
    }
    home
}

#[test]
fn proxies_are_chosen_by_the_exact_name_of_a_source() {
    let home = home_with_lists();
    assert_eq!(listed(&home, "--source one.txt"), set(&["8.8.8.1:80", "8.8.8.2:80", "8.8.8.3:1080"]));
    assert_eq!(listed(&home, "--source two.txt"), set(&["8.8.8.2:80", "8.8.8.4:80"]), "one has two sources");
    assert_eq!(listed(&home, "--source one.txt,two.txt").len(), 4, "several names are joined by or");
    assert_eq!(listed(&home, "--source one.txt --source two.txt").len(), 4, "given apart too");
    assert_eq!(
        listed(&home, "--source a\\,b+c.txt"),
        set(&["8.8.8.5:80"]),
        "a comma can be a part of a name"
    );
    assert_eq!(listed(&home, "--source one"), set(&[]), "a part of a name is another name");
    assert_eq!(
        listed(&home, "--source two.txt --text 8.8.8.4"),
        set(&["8.8.8.4:80"]),
        "kinds are joined by and"
    );
    refuses(&home, &["list --source ,one.txt"]);
    let exported = run(&home, "export --all --output - --format txt --source two.txt").done();
    assert_eq!(exported.text(), "8.8.8.2:80\n8.8.8.4:80\n", "an export has the same filters");
    // Met again by a list under the same path, it has that source once.
    home.write("two.txt", "8.8.8.1:80\n");
    run(&home, "import two.txt").done();
    assert_eq!(listed(&home, "--source two.txt"), set(&["8.8.8.1:80", "8.8.8.2:80", "8.8.8.4:80"]));
}

#[test]
fn tags_are_given_found_and_taken_off() {
    let home = home_with_lists();
    let tagged = run(&home, "--json tag --source one.txt --add office,fast").done().json();
    assert_eq!(tagged, json!({"matched": 3, "changed": 3}), "the summary is for programs");
    let again = run(&home, "--json tag --source one.txt --add fast").done().json();
    assert_eq!(again, json!({"matched": 3, "changed": 0}), "what has a tag has it once");
    assert_eq!(listed(&home, "--tag fast"), listed(&home, "--source one.txt"));
    run(&home, "tag --text 8.8.8.2 --remove fast --add slow").done();
    assert_eq!(listed(&home, "--tag fast"), set(&["8.8.8.1:80", "8.8.8.3:1080"]));
    assert_eq!(listed(&home, "--tag slow"), set(&["8.8.8.2:80"]));
    assert_eq!(listed(&home, "--tag slow,fast").len(), 3);
    assert_eq!(listed(&home, "--tag slow --tag office --source two.txt"), set(&["8.8.8.2:80"]));
    let everybody = run(&home, "--json tag --remove office").done().json();
    assert_eq!(everybody, json!({"matched": 5, "changed": 3}), "without a filter it is the whole pool");
    assert_eq!(listed(&home, "--tag office"), set(&[]));
    let kept: String = Connection::open(home.at("data/proxydeck.db"))
        .unwrap()
        .query_row("SELECT tags FROM proxies WHERE host = '8.8.8.2'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, r#"["slow"]"#);
}

#[test]
fn a_tag_that_cannot_be_one_is_wrong_usage() {
    let home = home_with_lists();
    refuses(&home, &["tag"]);
    refuses(&home, &["tag --add ,"]);
    refuses(&home, &["tag --add", "a\u{1b}[1m"]);
    refuses(&home, &["tag --add", &"x".repeat(65)]);
    run(&home, "tag --add same --remove same").complains(&["same"]);
    let many = (0..33).map(|n| format!("t{n}")).collect::<Vec<_>>().join(",");
    run(&home, &format!("tag --add {many}")).complains(&["33", "32"]);
    assert_eq!(listed(&home, "--tag t0"), set(&[]), "then nothing is changed");
}

#[test]
fn a_deleted_proxy_stays_away_until_it_is_brought_back() {
    let home = home_with_lists();
    run(&home, "tag --text 8.8.8.2 --add mine").done();
    refuses(&home, &["delete"]);
    refuses(&home, &["delete --protocol auto"]);
    refuses(&home, &["delete --all --source two.txt"]);
    assert_eq!(listed(&home, "").len(), 5, "nobody deletes everything by leaving something out");

    let deleted = run(&home, "--json delete --source two.txt").done().json();
    assert_eq!(deleted, json!({"matched": 2, "changed": 2}));
    assert_eq!(listed(&home, ""), set(&["8.8.8.1:80", "8.8.8.3:1080", "8.8.8.5:80"]));
    let again = run(&home, "--json import two.txt").done().json();
    assert_eq!((&again["new"], &again["known"]), (&json!(0), &json!(2)), "a list does not bring it back");
    assert_eq!(listed(&home, "").len(), 3);
    assert_eq!(run(&home, "stats --json").done().json()["total"], 3);

    let some = run(&home, "--json undelete --text 8.8.8.4").done().json();
    assert_eq!(some, json!({"matched": 1, "changed": 1}), "filters choose among the deleted ones");
    assert_eq!(listed(&home, "--source two.txt"), set(&["8.8.8.4:80"]));
    let rest = run(&home, "--json undelete").done().json();
    assert_eq!(rest, json!({"matched": 1, "changed": 1}), "without filters all are back");
    assert_eq!(listed(&home, "--tag mine --source one.txt"), set(&["8.8.8.2:80"]), "as it was");

    let all = run(&home, "--json delete --all").done().json();
    assert_eq!(all, json!({"matched": 5, "changed": 5}));
    assert_eq!(listed(&home, ""), set(&[]));
    let secret = run(&home, "undelete --text ann").done();
    assert!(secret.stderr.contains('1'), "people are told too: {}", secret.stderr);
    let url = run(&home, "list --format url --all --with-secrets").done();
    assert_eq!(url.text(), "socks5://ann:secret@8.8.8.3:1080\n", "its password has not been lost");
}

// Where nothing may be written.

/// Lets nobody write to a data folder.
fn lock_up(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mode = if path.is_dir() { 0o555 } else { 0o444 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// A data folder of an ordinary user, which can be read and not written. With `log`, what was done last lies in
/// SQLite's log alone.
fn locked_home(log: bool) -> Home {
    let home = Home::of_nobody();
    home.write("list.txt", "8.8.8.1:80\nsocks5://8.8.8.2:1080\n");
    run(&home, "import list.txt").done();
    let data = home.at("data");
    if log {
        let before = home.at("data/proxydeck.db");
        let conn = Connection::open(&before).unwrap();
        conn.execute("UPDATE proxies SET port = 8080 WHERE port = 80", []).unwrap();
        let (db, wal) = (fs::read(&before).unwrap(), fs::read(home.at("data/proxydeck.db-wal")).unwrap());
        assert!(!wal.is_empty(), "the change lies in the log, or this proves nothing");
        drop(conn);
        fs::write(&before, db).unwrap();
        fs::write(home.at("data/proxydeck.db-wal"), wal).unwrap();
    }
    lock_up(&data);
    home
}

#[track_caller]
fn reads(home: &Home, first: &str) {
    let before = names(&home.at("data"));
    let list = run(home, "list").done();
    assert!(list.text().contains(first), "{}", list.text());
    assert_eq!(listed(home, ""), set(&[first, "8.8.8.2:1080"]));
    assert_eq!(run(home, "stats --json").done().json()["total"], 2);
    run(home, "export --format csv --output out.csv").done();
    assert_eq!(home.read("out.csv").lines().count(), 3, "{}", home.read("out.csv"));
    assert_eq!(names(&home.at("data")), before, "nothing was left there");
    run(home, "import list.txt").complains(&["data"]);
}

#[test]
fn a_folder_that_may_only_be_read_is_read() {
    reads(&locked_home(false), "8.8.8.1:80");
}

#[test]
fn a_log_beside_it_is_read_too() {
    let home = locked_home(true);
    reads(&home, "8.8.8.1:8080");
    let log = home.at("data/proxydeck.db-wal");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o000)).unwrap();
    run(&home, "list").complains(&["proxydeck.db-wal", "newest changes"]);
}

#[test]
fn what_cannot_be_read_is_named() {
    let home = locked_home(false);
    fs::set_permissions(home.at("data/proxydeck.db"), fs::Permissions::from_mode(0o000)).unwrap();
    let ended: Value = json!(run(&home, "list").complains(&["proxydeck.db"]).stderr);
    assert!(ended.as_str().unwrap().contains("not be read"), "{ended}");
}
