//! The command line and what is wrong with what it is given: each time a message that a person understands, an exit
//! status that a script understands, and nothing lost.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use proxydeck_tests::cli::{Ended, Home, Lab, json_lines, wait_until, words};
use proxydeck_tests::lab::{JudgeKind, JudgeSpec, Mix, ProxySpec, World};
use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// The most memory that reading any list may take.
const MEMORY_KIB: u64 = 300 * 1024;
/// What a list must not hold to be binary by any measure.
const BINARY_BYTES: usize = 200 * 1000 * 1000;
const LONG_LINE_BYTES: usize = 50 * 1000 * 1000;
const MANY_LINES: u32 = 500_000;

/// The columns of CSV begin so.
const CSV_START: &str = "proxy,username,protocols,status,";

/// A list with two proxies in it.
const LIST: &str = "8.8.8.8:3128\nsocks5://8.8.4.4:1080\n";

fn run(home: &Home, line: &str) -> Ended {
    home.run(words(line, &[]))
}

/// A home whose data folder holds the two proxies of [`LIST`].
fn home_with_pool() -> Home {
    let home = Home::new();
    home.write("list.txt", LIST);
    run(&home, "--data-dir data import list.txt").done();
    home
}

fn total(home: &Home) -> Value {
    run(home, "--data-dir data stats --json").done().json()["total"].clone()
}

/// What lies in the data folder but for the lock, whose number is the last writer's business.
fn kept(home: &Home) -> Vec<(String, Vec<u8>)> {
    let files = home.files().into_iter().map(|(path, bytes)| (path.display().to_string(), bytes));
    files.filter(|(path, _)| path.starts_with("data/") && !path.ends_with(".lock")).collect()
}

/// What was set aside, without the files that SQLite keeps beside a database.
fn set_aside(home: &Home) -> Vec<PathBuf> {
    let found = fs::read_dir(home.at("data/aside")).unwrap().map(|entry| entry.unwrap().path());
    found
        .filter(|path| !path.display().to_string().ends_with("-wal"))
        .filter(|path| !path.display().to_string().ends_with("-shm"))
        .collect()
}

/// Nothing of what it wrote does something to a terminal, but what ends a line, which CSV does in two letters.
#[track_caller]
fn is_harmless(ended: Ended) -> Ended {
    for bytes in [&ended.stdout[..], ended.stderr.as_bytes()] {
        let text = std::str::from_utf8(bytes).unwrap().replace("\r\n", "\n");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    }
    ended
}

/// Nor does it turn the direction of what is read: what is for people. What is for programs says names as they are.
#[track_caller]
fn is_plain(ended: Ended) -> Ended {
    let turns =
        |text: &str| text.contains(['\u{202a}', '\u{202b}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}']);
    assert!(!turns(ended.text()) && !turns(&ended.stderr), "{:?} {:?}", ended.text(), ended.stderr);
    is_harmless(ended)
}

// Lists.

#[test]
fn a_list_with_nothing_in_it_is_done_with_at_once() {
    let lab = Lab::start(World::seeded(71).judge(JudgeKind::Own));
    let home = Home::new();
    home.write("empty.txt", "");
    home.write("blank.txt", "\n\n# nothing\n");
    for name in ["empty.txt", "blank.txt"] {
        let counts = run(&home, &format!("--data-dir data --json import {name}")).done().json();
        assert_eq!((&counts["accepted"], &counts["refused"]), (&json!(0), &json!({})), "{name}: {counts}");
        let dry = run(&home, &format!("import {name} --dry-run --output -")).done();
        assert_eq!(dry.text(), "", "{name}");
        let check = words(&format!("check {name} --json --output out.csv"), &home.asking(&lab));
        let summary = home.run(check).done().json();
        assert_eq!((&summary["checked"], &summary["alive"]), (&json!(0), &json!(0)), "{name}: {summary}");
        assert_eq!(home.read("out.csv").lines().count(), 1, "{name}: only the names of the columns");
    }
    assert_eq!(total(&home), 0);
    let summary = home.run(words("--data-dir data check --json", &home.asking(&lab))).done().json();
    assert_eq!(summary["checked"], 0, "a pool with nothing in it: {summary}");
}

#[test]
fn what_cannot_be_read_as_a_list_is_named() {
    let home = Home::new();
    fs::create_dir(home.at("folder")).unwrap();
    home.write("precious.txt", "mine\n");
    for verb in ["import", "import --dry-run", "--data-dir data check", "check"] {
        run(&home, &format!("{verb} folder")).complains(&["folder", "it is a folder"]);
        run(&home, &format!("{verb} missing.txt")).complains(&["missing.txt", "does not exist"]);
        run(&home, &format!("{verb} precious.txt/list.txt")).complains(&["precious.txt/list.txt"]);
    }
    // An output is written over when there is something to write, not before.
    run(&home, "import missing.txt --dry-run --output precious.txt").complains(&["missing.txt"]);
    run(&home, "import missing.txt --data-dir data --refused precious.txt").complains(&["missing.txt"]);
    run(&home, "check missing.txt --output precious.txt").complains(&["missing.txt"]);
    assert_eq!(home.read("precious.txt"), "mine\n", "a failure costs no file");
}

#[test]
fn a_list_may_be_replaced_by_what_was_understood_of_it() {
    let home = Home::new();
    home.write("list.txt", "8.8.8.8:3128\nnonsense\n8.8.8.8:3128\n");
    run(&home, "import list.txt --dry-run --output list.txt").done();
    assert_eq!(home.read("list.txt"), "8.8.8.8:3128\n", "it was read before it was written over");
    home.write("list.txt", "8.8.8.8:3128\nnonsense\n");
    let counts = run(&home, "--data-dir data --json import list.txt --refused list.txt").done().json();
    assert_eq!(counts["accepted"], 1, "{counts}");
    assert_eq!(json_lines(&home.read("list.txt"))[0]["text"], "nonsense");
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    let home = Home::of_nobody();
    let list = home.write("list.txt", LIST);
    fs::set_permissions(&list, fs::Permissions::from_mode(0o000)).unwrap();
    run(&home, "import list.txt --data-dir data").complains(&["list.txt", "not permitted"]);
    run(&home, "check list.txt").complains(&["list.txt", "not permitted"]);
    assert_eq!(total(&home), 0);
}

/// It took no more memory than any list may; and how long it took is told to whoever runs this with `--nocapture`.
#[track_caller]
#[expect(clippy::print_stderr, reason = "a time is told and not asserted: it is the machine's")]
fn takes_little_memory(what: &str, ended: &Ended) {
    let Ended { took, peak_kib, .. } = ended;
    assert!(*peak_kib > 0, "{what}: it must have been seen, or this proves nothing");
    assert!(*peak_kib < MEMORY_KIB, "{what}: {peak_kib} KiB");
    eprintln!("{what}: {took:?}, {peak_kib} KiB");
}

/// Writes bytes of any kind, always the same.
fn write_binary(path: &Path) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..BINARY_BYTES / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        file.write_all(&state.to_le_bytes()).unwrap();
    }
    file.flush().unwrap();
}

#[test]
fn two_hundred_megabytes_of_noise_are_no_list() {
    let home = Home::new();
    write_binary(&home.at("noise.bin"));
    let ended = run(&home, "--data-dir data --json import noise.bin --refused refused.jsonl").done();
    let counts = ended.json();
    assert_eq!(counts["accepted"], 0, "by chance no address stands in it: {counts}");
    let refused = json_lines(&home.read("refused.jsonl"));
    assert!((1..10_000).contains(&refused.len()), "{} lines say that it is binary", refused.len());
    takes_little_memory("200 MB of noise", &ended);
}

#[test]
fn a_line_of_fifty_megabytes_is_refused_and_the_next_is_read() {
    let home = Home::new();
    let mut file = BufWriter::new(File::create(home.at("long.txt")).unwrap());
    let piece = b"8.8.8.8:3128 and so on, ".repeat(1000);
    for _ in 0..LONG_LINE_BYTES / piece.len() {
        file.write_all(&piece).unwrap();
    }
    file.write_all(b"\n8.8.4.4:80\n").unwrap();
    drop(file);
    let ended = run(&home, "import long.txt --dry-run --output - --refused refused.jsonl").done();
    assert_eq!(ended.text(), "8.8.4.4:80\n", "a line that is too long costs no other");
    let refused = json_lines(&home.read("refused.jsonl"));
    assert_eq!((&refused[0]["line"], &refused[0]["reason"]), (&json!(1), &json!("line_too_long")));
    let text = refused[0]["text"].as_str().unwrap();
    assert!(refused.len() == 1 && text.len() < 1000, "told with its beginning only: {text}");
    takes_little_memory("a line of 50 MB", &ended);
}

#[test]
fn half_a_million_lines_are_read_in_bounded_memory() {
    let home = Home::new();
    let list = (0..MANY_LINES).fold(String::new(), |mut list, n| {
        writeln!(list, "{}.{}.{}.{}:{}", 1 + n % 9, n >> 16, (n >> 8) & 255, n & 255, 1024 + n % 60_000)
            .unwrap();
        list
    });
    home.write("list.txt", list);
    let ended = run(&home, "--json import list.txt --dry-run --output out.txt").done();
    let counts = ended.json();
    assert_eq!((&counts["read"], &counts["accepted"]), (&json!(MANY_LINES), &json!(MANY_LINES)), "{counts}");
    assert_eq!(home.read("out.txt").lines().count(), MANY_LINES as usize);
    takes_little_memory("500,000 lines", &ended);
}

#[test]
fn bytes_of_strangers_do_nothing_to_a_terminal() {
    let home = Home::new();
    // Names in a list: as escapes of addresses, as bytes, as JSON, as controls of Unicode, as a turn of direction.
    let list = "http://us%1b%5b31mer:pw@8.8.8.8:3128\nbad \u{1b}[2J\u{1b}]0;owned\u{7} line\n\
                socks5://c1\u{9b}31m:pw@8.8.4.4:1080\nhttp://turn\u{202e}ed:pw@8.8.4.4:3128\n\
                {\"ip\":\"8.8.4.5\",\"port\":80,\"username\":\"\\u001b[31m\",\"password\":\"x\"}\n";
    let name = "es\u{1b}[1m\u{202e}c.txt";
    home.write(name, list);
    let named = |line: &str| {
        let mut args = words(line, &[]);
        args.push(name.to_owned());
        home.run(args).done()
    };
    let counted = is_plain(named("--data-dir data --json import")).json();
    assert_eq!(counted["accepted"], 1, "only what is in no doubt is taken: {counted}");
    is_plain(named("--data-dir data import --refused -"));
    is_plain(named("--data-dir data import"));
    is_harmless(named("import --dry-run --output -"));
    home.write("plain.txt", "8.8.8.8:80\n");
    for line in [
        "list --format csv",
        "list --format jsonl",
        "list --format json",
        "list --format txt --all",
        "list --format url --all",
        "list --format url --all --with-secrets",
        "list --format csv --with-secrets",
        "list --format clash --all --with-secrets",
        "list --format proxychains --all --with-secrets",
    ] {
        is_harmless(run(&home, &format!("--data-dir data {line}")).done());
    }
    for line in ["list", "stats", "stats --json"] {
        is_plain(run(&home, &format!("--data-dir data {line}")).done());
    }
    let lost = home.run(["--data-dir", "data", "import", "no\u{1b}[1mfile"]).complains(&["no\\u{1b}[1mfile"]);
    is_plain(lost);
    is_harmless(home.run(["--data-dir", "no\u{1b}[1mfolder", "list"]).complains(&["no\\u{1b}[1mfolder"]));
    is_harmless(
        home.run(["check", "plain.txt", "--output", "no\u{1b}[1m/file"]).complains(&["no\\u{1b}[1m/file"]),
    );
}

// Judges.

/// Answers whoever connects with these bytes, until the test process ends.
fn answering(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let converse = |mut stream: TcpStream| {
                let _ = stream.read(&mut [0; 4096])?;
                stream.write_all(bytes)
            };
            // One that goes away early has seen enough.
            let _ = stream.and_then(converse);
        }
    });
    address
}

/// A home with a pool of dead proxies of the lab, which must not be dialled.
fn home_of(lab: &Lab) -> Home {
    let home = Home::new();
    home.write("list.txt", lab.list());
    run(&home, "--data-dir data import list.txt --allow-private").done();
    home
}

#[test]
fn without_a_judge_nothing_is_dialled_and_each_is_named_with_its_reason() {
    let lab = Lab::start((0..5).fold(World::seeded(72), |world, _| world.proxy(ProxySpec::http())));
    let home = home_of(&lab);
    let before = run(&home, "--data-dir data list --format jsonl").done();
    // Listens, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let banner = answering(b"SSH-2.0-\x1b[31mOpenSSH\r\n");
    let page = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<p>\x1b[31mwelcome</p>\r\n");
    let status = answering(b"HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n");
    let closing = answering(b"");
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let judges = [silent.local_addr().unwrap(), banner, page, status, closing, refusing];
    let asking: Vec<String> = judges.iter().map(|judge| format!("--judge http://{judge}/")).collect();
    let asking = asking.join(" ");
    for verb in ["--data-dir data check", "check list.txt --output out.csv"] {
        let ended = run(&home, &format!("{verb} --allow-private {asking}"));
        let ended = is_harmless(ended).complains(&["No judge can be used", "nothing was checked", "--judge"]);
        for judge in judges {
            assert!(ended.stderr.contains(&format!("http://{judge}/: ")), "{judge}: {}", ended.stderr);
        }
        for why in ["did not answer within", "503", "none of the shapes", "refused"] {
            assert!(ended.stderr.contains(why), "{why}: {}", ended.stderr);
        }
    }
    assert_eq!(lab.traffic().accepted, 0, "no proxy was dialled");
    assert!(!home.at("out.csv").exists() && !home.at("out.csv.part").exists(), "nothing was written");
    let after = run(&home, "--data-dir data list --format jsonl").done();
    assert_eq!(before.text(), after.text(), "and no record changed");
    drop(silent);
}

#[test]
fn a_certificate_authority_must_be_one() {
    let judge = JudgeSpec::new(JudgeKind::Own).named("tls.judge.lab").tls();
    let lab = Lab::start(World::seeded(73).judge(judge).proxy(ProxySpec::http()));
    let home = home_of(&lab);
    home.write("text.pem", "this is no certificate\n");
    home.write("empty.pem", "");
    home.write(
        "broken.pem",
        "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n",
    );
    let mut asking = home.asking(&lab);
    let at = asking.iter().position(|option| option == "judges.pem").unwrap();
    for file in ["text.pem", "empty.pem", "broken.pem"] {
        file.clone_into(&mut asking[at]);
        home.run(words("--data-dir data check", &asking)).complains(&[file, "certificate", "PEM"]);
    }
    "absent.pem".clone_into(&mut asking[at]);
    home.run(words("check list.txt", &asking)).complains(&["absent.pem", "does not exist"]);
    "data".clone_into(&mut asking[at]);
    home.run(words("check list.txt", &asking)).complains(&["data", "it is a folder"]);
    // Without it the judge is a stranger's.
    asking.drain(at - 1..=at);
    home.run(words("check list.txt", &asking)).complains(&["certificate does not verify", "tls.judge.lab"]);
    assert_eq!(lab.traffic().accepted, 0, "no proxy was dialled");
}

// Usage.

#[test]
fn wrong_usage_is_told_apart_from_what_could_not_be_done() {
    let home = home_with_pool();
    let before = kept(&home);
    for line in [
        "",
        "nonsense",
        "import",
        "import list.txt more.txt",
        "import list.txt --protocol ftp",
        "import list.txt --output out.txt",
        "import list.txt --nonsense",
        "check --timeout 31",
        "check --timeout 0",
        "check --timeout never",
        "check --concurrency 0",
        "check --concurrency many",
        "check --rate 0",
        "check --retries -1",
        "check --format yaml",
        "check --judge ftp://judge.lab/",
        "check --judge judge",
        "check --judge http://user:password@judge.lab/",
        "check list.txt --judge http://",
        "check --resolve judge.lab",
        "check --resolve judge.lab:80:nowhere",
        "check --resolve judge.lab:0:127.0.0.1",
        "check --retries 6",
        "check list.txt --resolve judge.lab:80000:127.0.0.1",
        "check list.txt --status active",
        "check list.txt --min-score 0.5",
        "check list.txt --protocol http,socks5",
        "check --min-score 2",
        "check --max-latency fast",
        "list --status alive",
        "list --anonymity high",
        "list --sort nonsense",
        "list --sort score:up",
        "list --limit some",
        "list --format yaml",
        "export",
        "export --format csv",
        "stats now",
        "judge",
        "judge --listen nowhere",
        "judge --listen 127.0.0.1:0 --tls-cert cert.pem",
        "settings",
        "settings nonsense",
        "--data-dir",
    ] {
        let data = if line.starts_with("--data-dir") || line.is_empty() { "" } else { "--data-dir data " };
        let ended = run(&home, &format!("{data}{line}")).with_status(2);
        assert_eq!(ended.text(), "", "{line}: what is wrong is no answer");
        assert!(
            ended.stderr.contains("--help") || ended.stderr.contains("Usage"),
            "{line}: {}",
            ended.stderr
        );
        assert!(!ended.stderr.contains("password"), "{line}: a password is repeated: {}", ended.stderr);
    }
    assert_eq!(kept(&home), before, "wrong usage touches nothing");
    for line in ["--help", "--version", "check --help"] {
        let told = run(&home, line).done();
        assert!(told.text().contains("proxydeck") && told.stderr.is_empty(), "{line}");
    }
}

// The data folder.

#[test]
fn a_second_writer_is_told_who_has_the_folder_and_readers_go_on() {
    let lab = Lab::start(World::seeded(74).judge(JudgeKind::Own).proxies(Mix::refused(), 20));
    let home = home_of(&lab);
    lab.judges()[0].set_delay(Duration::from_secs(60));
    let mut holder = home.start(words("--data-dir data check", &home.asking(&lab)));
    let pid = holder.pid().to_string();
    let lock = home.at("data/proxydeck.lock");
    wait_until("the folder to be taken", || fs::read_to_string(&lock).is_ok_and(|text| text.trim() == pid));

    for line in ["import list.txt", "check", "check list.txt", "check --fresh"] {
        let ended = run(&home, &format!("--data-dir data {line} --allow-private"));
        ended.complains(&["data", "in use", &format!("process {pid}")]);
    }
    assert_eq!(run(&home, "--data-dir data list --all --format txt").done().text().lines().count(), 20);
    run(&home, "--data-dir data export --all --output out.txt").done();
    assert_eq!(home.read("out.txt").lines().count(), 20, "an export only reads");
    assert_eq!(total(&home), 20);
    let dry = run(&home, "--data-dir data --json import list.txt --dry-run --allow-private").done().json();
    assert_eq!(dry["known"], 20, "so does a dry run, and it knows what is there: {dry}");
    run(&home, "--data-dir data settings path").done();
    assert!(holder.runs(), "and the one who has it was not disturbed");

    holder.terminate();
    let _ = holder.end().with_status(130);
    run(&home, "--data-dir data import list.txt --allow-private").done();
}

#[test]
fn a_folder_that_may_not_be_written_is_named() {
    let home = Home::of_nobody();
    home.write("list.txt", LIST);
    // Not the user's own.
    fs::create_dir(home.at("data")).unwrap();
    fs::set_permissions(home.at("data"), fs::Permissions::from_mode(0o555)).unwrap();
    run(&home, "--data-dir data import list.txt").complains(&["data", "not permitted"]);
    run(&home, "--data-dir data/inner import list.txt").complains(&["data/inner", "not permitted"]);
    run(&home, "--data-dir data check --judge http://127.0.0.1:1/").complains(&["data", "not permitted"]);
    assert_eq!(fs::read_dir(home.at("data")).unwrap().count(), 0, "nothing was left there");
    run(&home, "--data-dir list.txt import list.txt").complains(&["list.txt", "is a file"]);
    run(&home, "--data-dir list.txt list").complains(&["list.txt", "is a file"]);
    run(&home, "--data-dir nowhere list").complains(&["nowhere", "does not exist"]);
    assert!(!home.at("nowhere").exists(), "who only looks makes nothing");
    assert_eq!(home.read("list.txt"), LIST);
}

#[test]
fn a_database_that_is_garbage_or_cut_short_is_set_aside_and_told() {
    let garbage = b"8.8.8.8:80 is no database\n".repeat(5_000);
    for cut in [false, true] {
        let home = home_with_pool();
        let database = home.at("data/proxydeck.db");
        let bad = if cut {
            let whole = fs::read(&database).unwrap();
            whole[..whole.len() / 2].to_vec()
        } else {
            garbage.clone()
        };
        fs::write(&database, &bad).unwrap();
        for line in ["list", "stats", "export --output out.csv"] {
            run(&home, &format!("--data-dir data {line}")).complains(&["proxydeck.db", "damaged"]);
        }
        assert!(!home.at("out.csv").exists(), "nothing is exported of it");
        assert_eq!(fs::read(&database).unwrap(), bad, "who only looks leaves it where it is");

        let ended = run(&home, "--data-dir data import list.txt").done();
        assert!(ended.stderr.contains("could not be opened"), "{}", ended.stderr);
        let aside = set_aside(&home);
        assert_eq!(aside.len(), 1, "{aside:?}");
        assert!(ended.stderr.contains(&aside[0].display().to_string()), "told where it is: {}", ended.stderr);
        assert_eq!(fs::read(&aside[0]).unwrap(), bad, "with every byte");
        assert_eq!(total(&home), 2, "and a new one was begun");
    }
}

#[test]
fn a_database_of_a_newer_program_or_another_is_left_as_it_is() {
    let newer = home_with_pool();
    let database = newer.at("data/proxydeck.db");
    Connection::open(&database).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let foreign = Home::new();
    foreign.write("list.txt", LIST);
    fs::create_dir(foreign.at("data")).unwrap();
    let conn = Connection::open(foreign.at("data/proxydeck.db")).unwrap();
    conn.execute_batch("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')").unwrap();
    drop(conn);
    for (home, why) in [(&newer, "newer"), (&foreign, "another program")] {
        let before = fs::read(home.at("data/proxydeck.db")).unwrap();
        for line in [
            "import list.txt",
            "check --judge http://127.0.0.1:1/",
            "check list.txt --judge http://127.0.0.1:1/",
            "list",
            "stats",
            "export --output out.csv",
        ] {
            run(home, &format!("--data-dir data {line}")).complains(&["proxydeck.db", why]);
        }
        assert_eq!(fs::read(home.at("data/proxydeck.db")).unwrap(), before, "{why}: not a byte is touched");
        assert!(!home.at("out.csv").exists(), "{why}: nothing is exported of it");
        let aside = home.at("data/aside");
        assert!(
            !aside.exists() || fs::read_dir(aside).unwrap().next().is_none(),
            "{why}: it stays in its place"
        );
    }
}

#[test]
fn settings_that_cannot_be_used_are_set_aside_and_told_with_what_is_wrong() {
    let lab = Lab::start(World::seeded(75).judge(JudgeKind::Own).proxies(Mix::refused(), 3));
    for (text, why) in [
        ("[checking]\nconcurrency = 0\n", "checking.concurrency"),
        ("[checking]\njudges = [\"ftp://judge.lab/\"]\n", "checking.judges"),
        ("[checking]\nrate = \"fast\"\n", "checking.rate"),
        ("[checking\n", "line 1"),
        ("\u{1b}[31m = 1\n", "line 1"),
    ] {
        let home = home_of(&lab);
        home.write("data/settings.toml", text);
        run(&home, "--data-dir data list").done();
        assert_eq!(home.read("data/settings.toml"), text, "who only looks leaves them");

        let ended = is_harmless(home.run(words("--data-dir data check --json", &home.asking(&lab))).done());
        assert_eq!(ended.json()["checked"], 3, "the defaults hold");
        assert!(ended.stderr.contains("settings") && ended.stderr.contains(why), "{why}: {}", ended.stderr);
        let aside = set_aside(&home);
        assert_eq!(aside.len(), 1, "{aside:?}");
        assert!(ended.stderr.contains(&aside[0].display().to_string()), "{}", ended.stderr);
        assert_eq!(fs::read_to_string(&aside[0]).unwrap(), text, "with every byte");

        // A list that is not kept heeds the settings of the platform's folder, and leaves them there.
        fs::create_dir_all(home.at(".local/share/proxydeck")).unwrap();
        home.write(".local/share/proxydeck/settings.toml", text);
        let ended = is_harmless(home.run(words("check list.txt --json", &home.asking(&lab))).done());
        assert!(ended.stderr.contains("settings") && ended.stderr.contains(why), "{why}: {}", ended.stderr);
        assert_eq!(home.read(".local/share/proxydeck/settings.toml"), text);
    }
    let home = home_of(&lab);
    home.write("data/settings.toml", "version = 2\n");
    for line in ["import list.txt", "list", "stats"] {
        run(&home, &format!("--data-dir data {line}")).complains(&["settings.toml", "newer"]);
    }
    assert_eq!(home.read("data/settings.toml"), "version = 2\n", "what is newer is left as it is");
}

// Outputs.

#[test]
fn an_output_that_cannot_be_written_is_named_before_anything_is_dialled() {
    let lab = Lab::start(World::seeded(76).judge(JudgeKind::Own).proxy(ProxySpec::http()));
    let home = home_of(&lab);
    let asking = home.asking(&lab);
    fs::create_dir(home.at("folder")).unwrap();
    let places =
        [("missing/out.csv", "does not exist"), ("folder", "it is a folder"), ("list.txt/out", "list.txt")];
    for (output, why) in places {
        let check = |line: &str| home.run(words(&format!("{line} --output {output}"), &asking));
        check("check list.txt").complains(&[output, why]);
        check("--data-dir data check").complains(&[output, why]);
        run(&home, &format!("--data-dir data export --output {output}")).complains(&[output, why]);
        run(&home, &format!("import list.txt --dry-run --output {output}")).complains(&[output, why]);
        run(&home, &format!("--data-dir data import list.txt --refused {output}")).complains(&[output, why]);
    }
    assert_eq!(lab.traffic().accepted, 0, "the user hears of it at once, not after an hour");
    assert_eq!(home.read("list.txt"), lab.list());
}

#[test]
fn a_full_disk_is_told() {
    let lab = Lab::start(World::seeded(77).judge(JudgeKind::Own).proxies(Mix::refused().alive(50), 40));
    let home = home_of(&lab);
    let asking = home.asking(&lab);
    let full = "no space is left";
    for format in ["csv", "json", "jsonl", "txt", "url"] {
        let check = format!("check list.txt --format {format} --all --output /dev/full");
        home.run(words(&check, &asking)).complains(&["/dev/full", full]);
        let export = format!("--data-dir data export --format {format} --all --output /dev/full");
        run(&home, &export).complains(&["/dev/full", full]);
    }
    home.write("bad.txt", "nonsense\n");
    run(&home, "import list.txt --allow-private --dry-run --output /dev/full")
        .complains(&["/dev/full", full]);
    run(&home, "--data-dir data import bad.txt --refused /dev/full").complains(&["/dev/full", full]);

    // What goes to standard output, too: a script must not take half an answer for a whole one.
    for line in [
        "--data-dir data list",
        "--data-dir data list --format jsonl",
        "--data-dir data export --all --output -",
        "--data-dir data stats",
        "--data-dir data stats --json",
        "--data-dir data settings path",
        "--data-dir data --json import list.txt",
        "import list.txt --allow-private --dry-run --output -",
        "import bad.txt --dry-run --refused -",
        "check list.txt --all --output -",
        "check list.txt --json",
    ] {
        let more = if line.starts_with("check") { asking.clone() } else { Vec::new() };
        let mut command = home.command(words(line, &more));
        let output = command.stdout(File::options().write(true).open("/dev/full").unwrap()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {stderr}");
        assert!(stderr.contains(full), "{line}: {stderr}");
    }
}

#[test]
fn what_a_full_disk_cut_off_goes_on() {
    let lab = Lab::start(World::seeded(78).judge(JudgeKind::Own).proxies(Mix::refused(), 3_000));
    let home = home_of(&lab);
    let asking = home.asking(&lab);
    home.run(words("--data-dir data check --format csv --output /dev/full", &asking))
        .complains(&["no space"]);
    let next = home.run(words("--data-dir data check --json --output out.csv", &asking)).done().json();
    assert_eq!(next["resumed"], true, "what was stored is not checked again: {next}");
    assert!(next["checked"].as_u64().unwrap() < 3_000, "{next}");
    assert!(home.read("out.csv").starts_with(CSV_START));
}

// Interrupts.

/// Starts a command that waits for the end of its standard input, interrupts it once it has the data folder, and says
/// how it ended.
fn interrupted(home: &Home, line: &str) -> (Option<i32>, String) {
    let mut command = home.command(words(line, &[]));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(LIST.as_bytes()).unwrap();
    let (lock, pid) = (home.at("data/proxydeck.lock"), child.id().to_string());
    wait_until("the folder to be taken", || fs::read_to_string(&lock).is_ok_and(|text| text.trim() == pid));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut ended = None;
    wait_until("the command to end", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    drop(stdin);
    (ended.and_then(|status| status.code()), stderr)
}

#[test]
fn an_interrupt_ends_what_waits_for_a_list() {
    let home = home_with_pool();
    for line in ["import -", "check - --judge http://127.0.0.1:1/"] {
        let ended = interrupted(&home, &format!("--data-dir data {line}"));
        assert_eq!(ended, (Some(130), String::new()), "{line}");
    }
    run(&home, "--data-dir data import list.txt").done();
    assert_eq!(total(&home), 2, "and it leaves no lock");
}

#[test]
fn an_interrupt_in_the_middle_of_an_import_leaves_no_half_file() {
    let home = Home::new();
    let pipe = home.at("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for line in [
        "import pipe --refused refused.jsonl",
        "import pipe --dry-run --output out.txt --refused refused.jsonl",
    ] {
        let running = home.start(words(&format!("--data-dir data {line}"), &[]));
        // Whoever opens a pipe to write waits for the one that reads; then the list comes, and does not end.
        let mut writing = File::options().write(true).open(&pipe).unwrap();
        writing.write_all(b"8.8.8.8:80\nnonsense\n").unwrap();
        wait_until("the file to begin", || home.at("refused.jsonl.part").exists());
        running.interrupt();
        let _ = running.end().with_status(130);
        let left: Vec<String> = fs::read_dir(home.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.contains("refused") || name.contains("out.txt"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
