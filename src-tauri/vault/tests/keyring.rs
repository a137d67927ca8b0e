//! The real door to the keyring, where no keyring answers behind it. Each test runs in a process of its own
//! with a session bus of its own, so that nobody's real keyring is ever touched.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::env;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use proxydeck_vault::{KeyHome, KeyPlace, Sealed, Vault, VaultError};
use tempfile::tempdir;

/// Tells the process that it is the inner one, and which folder is its data folder.
const INNER: &str = "PROXYDECK_TEST_VAULT_FOLDER";

/// What a start may take on a machine that is busy; far more than the two seconds of the promise, and far less
/// than for ever.
const NOT_FOR_EVER: Duration = Duration::from_secs(30);

/// Runs a test again in a process that has this session bus.
fn run_with_bus(test: &str, folder: &Path, bus: &str) {
    let answer = Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(INNER, folder)
        .env("DBUS_SESSION_BUS_ADDRESS", bus)
        .env_remove("DISPLAY")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        answer.status.success(),
        "the inner process failed:\n{}{}",
        String::from_utf8_lossy(&answer.stdout),
        String::from_utf8_lossy(&answer.stderr)
    );
}

/// What a start finds: first with nothing sealed, then with something sealed and the key file gone.
fn starts_without_a_keyring(folder: &Path) {
    let folder = folder.to_owned();
    let (told, tell) = channel();
    thread::spawn(move || {
        let first = Vault::open(&folder, KeyPlace::KeyringThenFile, Sealed::NoneYet).map(|(_, home)| home);
        let file = folder.join("key");
        let file_was_made = std::fs::remove_file(&file).is_ok();
        let second = Vault::open(&folder, KeyPlace::KeyringThenFile, Sealed::Exist).map(|(_, home)| home);
        told.send((first, file_was_made, second, file)).unwrap();
    });
    let (first, file_was_made, second, file) =
        tell.recv_timeout(NOT_FOR_EVER).expect("the window must not wait for a keyring");
    assert_eq!(first.unwrap(), KeyHome::File(file.clone()), "the key lies in the file, and the user is told");
    assert!(file_was_made, "the file is really there");
    assert!(
        matches!(second, Err(VaultError::KeyringSilent { .. })),
        "the key may be in the keyring that does not answer, so none is made: {second:?}"
    );
    assert!(!file.exists(), "a second key would hide that the first is missing");
}

#[test]
fn without_a_session_bus_the_key_goes_into_the_file() {
    if let Some(folder) = env::var_os(INNER) {
        return starts_without_a_keyring(Path::new(&folder));
    }
    let dir = tempdir().unwrap();
    let bus = format!("unix:path={}", dir.path().join("no-bus").display());
    run_with_bus("without_a_session_bus_the_key_goes_into_the_file", dir.path(), &bus);
}

#[test]
fn a_session_bus_that_never_answers_is_given_up() {
    if let Some(folder) = env::var_os(INNER) {
        return starts_without_a_keyring(Path::new(&folder));
    }
    let dir = tempdir().unwrap();
    let socket = dir.path().join("bus");
    // The kernel completes the connection; nobody ever reads what is said.
    let _listening = UnixListener::bind(&socket).unwrap();
    let bus = format!("unix:path={}", socket.display());
    run_with_bus("a_session_bus_that_never_answers_is_given_up", dir.path(), &bus);
}
