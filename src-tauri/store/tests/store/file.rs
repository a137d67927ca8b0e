//! The file: begun, opened, refused, or set aside; never wiped.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use proxydeck_store::{Store, StoreError};
use rusqlite::Connection;
use tempfile::tempdir;

use crate::world::{NOW, World, dead, list, open};

const VERSION_1: &str = include_str!("../fixtures/version_1.sql");

fn count(store: &Store) -> usize {
    let mut rows = 0;
    store.load(NOW, |_| rows += 1).unwrap();
    rows
}

#[test]
fn sqlite_is_a_version_without_the_fault_in_its_log() {
    assert_eq!(
        rusqlite::version(),
        "3.51.3",
        "an older one can damage a database that is written and checkpointed"
    );
}

#[cfg(unix)]
#[test]
fn a_database_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with(1);
    for entry in fs::read_dir(world.dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{} can be read by others", entry.path().display());
    }
    fs::set_permissions(world.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let world = world.restart();
    let mode = fs::metadata(world.path()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "one that was copied carelessly is made private again");
}

#[test]
fn the_last_handle_writes_the_log_back() {
    let world = World::with(10);
    assert!(world.store.size_bytes().unwrap() > 0);
    let (path, dir) = (world.path(), world.dir);
    let second = world.store.clone();
    drop(world.store);
    assert_eq!(count(&second), 10, "a handle keeps the database open");
    drop(second);
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [path], "a closed database is one file, easy to copy");
}

#[test]
fn an_empty_file_is_a_new_database() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("proxydeck.db");
    fs::write(&path, b"").unwrap();
    let opened = Store::open(&path, NOW).unwrap();
    assert_eq!(opened.set_aside, None);
    assert_eq!(count(&opened.store), 0);
}

#[test]
fn a_file_that_is_no_database_is_set_aside_whole() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("proxydeck.db");
    let garbage = b"1.2.3.4:80\n".repeat(10_000);
    fs::write(&path, &garbage).unwrap();
    fs::write(dir.path().join("proxydeck.db-wal"), b"its log").unwrap();
    let opened = Store::open(&path, NOW).unwrap();
    let aside = opened.set_aside.unwrap();
    assert_eq!(aside, dir.path().join("aside/proxydeck-20260921-134640.db"), "the name tells when");
    assert_eq!(fs::read(&aside).unwrap(), garbage, "not a byte of the user's is lost");
    assert_eq!(fs::read(aside.with_extension("db-wal")).unwrap(), b"its log");
    opened.store.import(list("l"), vec![open("1.2.3.4:80")], NOW).unwrap();
    assert_eq!(count(&opened.store), 1, "and the new database works");
}

#[test]
fn two_files_set_aside_in_one_second_do_not_meet() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("proxydeck.db");
    let mut set_aside = Vec::new();
    for content in [[1; 5_000], [2; 5_000]] {
        fs::write(&path, content).unwrap();
        let opened = Store::open(&path, NOW).unwrap();
        opened.store.shutdown();
        let aside = opened.set_aside.unwrap();
        assert_eq!(fs::read(&aside).unwrap(), content);
        set_aside.push(aside);
    }
    assert_eq!(fs::read(&set_aside[0]).unwrap(), [1; 5_000], "the first was not written over");
}

#[test]
fn a_database_that_was_cut_short_is_set_aside() {
    let world = World::with(5_000);
    world.store.shutdown();
    let path = world.path();
    let whole = fs::read(&path).unwrap();
    let half = &whole[..whole.len() / 2];
    fs::write(&path, half).unwrap();
    let opened = Store::open(&path, NOW).unwrap();
    assert_eq!(fs::read(opened.set_aside.unwrap()).unwrap(), half, "what is left of it may still be mended");
    assert_eq!(count(&opened.store), 0);
}

#[test]
fn damage_deep_inside_is_found_by_the_search_for_it() {
    let world = World::with(5_000);
    world.store.shutdown();
    let path = world.path();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0x5a);
    fs::write(&path, &bytes).unwrap();
    let store = Store::open(&path, NOW).unwrap().store;
    match store.quick_check(&Arc::new(AtomicBool::new(false))) {
        Ok(faults) => assert!(!faults.is_empty(), "a page full of rubbish went unnoticed"),
        Err(error) => assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}"),
    }
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_as_it_is() {
    let world = World::with(1);
    let ours: u32 = world.raw().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let newer = ours + 1;
    world.raw().pragma_update(None, "user_version", newer).unwrap();
    world.store.shutdown();
    let before = fs::read(world.path()).unwrap();
    let open = Store::open(world.path(), NOW).map(drop);
    let beside = fs::read_dir(world.dir.path()).unwrap().count();
    assert_eq!(beside, 1, "nothing is left beside it");
    for refused in [open, Store::open_read_only(world.path()).map(drop)] {
        match refused {
            Err(StoreError::Newer { found, known, .. }) => assert_eq!((found, known), (newer, ours)),
            other => panic!("a newer database must be refused: {other:?}"),
        }
    }
    assert_eq!(fs::read(world.path()).unwrap(), before);
    assert!(!world.dir.path().join("aside").exists());
}

#[test]
fn the_database_of_another_program_is_refused_and_left_as_it_is() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("proxydeck.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    let before = fs::read(&path).unwrap();
    for refused in [Store::open(&path, NOW).map(drop), Store::open_read_only(&path).map(drop)] {
        assert!(matches!(refused, Err(StoreError::Foreign { .. })), "{refused:?}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_folder_in_the_place_of_the_file_is_named() {
    let dir = tempdir().unwrap();
    for refused in [Store::open(dir.path(), NOW).map(drop), Store::open_read_only(dir.path()).map(drop)] {
        let error = refused.unwrap_err();
        assert!(matches!(error, StoreError::IsDirectory { .. }), "{error:?}");
        assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
    }
}

#[test]
fn reading_where_there_is_nothing_says_so_and_makes_nothing() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("proxydeck.db");
    assert!(matches!(Store::open_read_only(&path), Err(StoreError::Missing { .. })));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_database_of_version_1_opens_with_everything_in_it() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("proxydeck.db");
    Connection::open(&path).unwrap().execute_batch(VERSION_1).unwrap();
    let store = Store::open(&path, NOW).unwrap().store;
    let mut rows = Vec::new();
    store.load(NOW, |row| rows.push(row)).unwrap();
    let told: Vec<_> =
        rows.iter().map(|row| (row.endpoint.to_string(), row.user.clone(), row.counts.checks)).collect();
    assert_eq!(
        told,
        [
            ("1.2.3.4:80".to_owned(), None, 1),
            ("[2001:db8::1]:1080".to_owned(), None, 0),
            ("gate.example.com:7777".to_owned(), Some("ann".to_owned()), 1),
        ]
    );
    assert_eq!(rows[0].exit.unwrap().to_string(), "192.0.2.7");
    assert_eq!(store.accounts(&[3]).unwrap()[0].as_ref().unwrap().sealed, [7; 60]);
    assert_eq!(
        store.checks_of(1, 9).unwrap()[0].evidence.as_ref().unwrap().attempts[0].latency_ms,
        Some(184)
    );
    assert_eq!(store.remaining(1).unwrap(), [2], "a check that was cut off then goes on now");
}

#[test]
fn an_old_database_becomes_what_a_new_one_is() {
    let dir = tempdir().unwrap();
    let schema = |path: &Path| -> Vec<(String, Option<String>)> {
        Connection::open(path)
            .unwrap()
            .prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap()
    };
    let old = dir.path().join("old.db");
    Connection::open(&old).unwrap().execute_batch(VERSION_1).unwrap();
    Store::open(&old, NOW).unwrap().store.shutdown();
    let new = dir.path().join("new.db");
    Store::open(&new, NOW).unwrap().store.shutdown();
    assert_eq!(schema(&old), schema(&new), "what a released version made is never edited, only added to");
}

/// Tells the process that it is the inner one, and which file it may not read.
#[cfg(unix)]
const INNER: &str = "PROXYDECK_TEST_FORBIDDEN_FILE";

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named_and_not_set_aside() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    /// The user "nobody".
    const NOBODY: u32 = 65_534;

    let inner = |path: &Path| {
        for refused in [Store::open(path, NOW).map(drop), Store::open_read_only(path).map(drop)] {
            let error = refused.unwrap_err();
            assert!(matches!(error, StoreError::Forbidden { .. }), "{error:?}");
            assert!(
                error.to_string().contains(&path.display().to_string()),
                "the message names the file: {error}"
            );
        }
    };
    if let Some(path) = std::env::var_os(INNER) {
        return inner(Path::new(&path));
    }
    let world = World::with(1);
    world.store.checks(None, vec![dead(1, NOW, 1)]).unwrap();
    world.store.shutdown();
    let path = world.path();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::metadata(&path).unwrap().uid() == 0 {
        // Nothing is forbidden to root, so an ordinary user tries; with a copy of this program in a folder that
        // everybody may enter.
        fs::set_permissions(world.dir.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let program = world.dir.path().join("program");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let answer = Command::new(&program)
            .args(["file::a_file_that_may_not_be_read_is_named_and_not_set_aside", "--exact", "--nocapture"])
            .env(INNER, &path)
            .current_dir(world.dir.path())
            .stdin(Stdio::null())
            .uid(NOBODY)
            .gid(NOBODY)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&answer.stdout);
        assert!(answer.status.success(), "{said}{}", String::from_utf8_lossy(&answer.stderr));
        assert!(said.contains("1 passed"), "the inner process ran something else: {said}");
    } else {
        inner(&path);
    }
    assert!(!world.dir.path().join("aside").exists(), "a file that is only forbidden is not damaged");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(count(&Store::open(&path, NOW).unwrap().store), 1, "with its rights back all is there");
}
