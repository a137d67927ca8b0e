//! The command `proxydeck` against the lab: every verdict is the truth, every output can be read by others, and what is
//! kept is neither lost nor told to whom it is no business.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use proxydeck_tests::cli::{Ended, Home, Lab, json_lines, wait_until, words};
use proxydeck_tests::lab::{
    Face, Fault, JudgeKind, JudgeSpec, Kind, LabProxy, Listed, Mix, ProxySpec, Tamper, World, WorldBuilder,
};
use serde_json::{Value, json};

/// The columns of CSV, which are public.
const COLUMNS: &str = "proxy,username,protocols,status,reason,latency_ms,anonymity,exit_ip,country,asn,organisation,\
                       success_rate,score,trust,source,last_checked,last_success";
/// The capabilities, which stand in every JSON object.
const CAPABILITIES: [&str; 8] = ["http", "connect", "socks4", "socks4a", "socks5", "socks5h", "tls", "ipv6"];
/// A password that stands in no list by chance, with what URLs, CSV and shells find hard.
const PASSWORD: &str = "Zq7&vault,%x";
/// The same as an address has it.
const PASSWORD_IN_URL: &str = "Zq7&vault,%25x";
/// The same behind its user in Basic authorisation: `printf 'keeper:Zq7&vault,%x' | base64`.
const AUTHORISATION: &str = "a2VlcGVyOlpxNyZ2YXVsdCwleA==";

// What is true.

/// What a check of one proxy should find.
struct Expected {
    works: BTreeSet<&'static str>,
    anonymity: Option<&'static str>,
    giveaway: Option<&'static str>,
    exit: Option<IpAddr>,
    reason: Option<&'static str>,
    code: Option<u16>,
    notes: Vec<&'static str>,
}

impl Expected {
    fn of(proxy: &LabProxy) -> Self {
        let truth = proxy.truth.clone();
        Self {
            // One that breaks trust does not live, whatever it can do.
            works: truth.works.into_iter().filter(|_| truth.alive).collect(),
            anonymity: truth.anonymity,
            giveaway: truth.giveaway,
            exit: truth.exit,
            reason: truth.reason,
            code: truth.code,
            notes: truth.notes,
        }
    }

    fn is_alive(&self) -> bool {
        !self.works.is_empty()
    }
}

/// Fails unless a row says what is true.
#[track_caller]
fn agrees(proxy: &LabProxy, expected: &Expected, row: &Value) {
    let what = format!("{:?} (fault {:?}) is {:?}, told as {row}", proxy.spec, proxy.spec.fault, proxy.truth);
    assert_eq!(row["proxy"], proxy.addr.to_string(), "{what}");
    let alive = expected.is_alive();
    assert_eq!(row["status"], if alive { "active" } else { "inactive" }, "alive? {what}");
    assert_eq!(row["reason"].as_str(), expected.reason, "reason of {what}");
    let answers = row["capabilities"].as_object().unwrap();
    if alive {
        let found: BTreeSet<&str> = answers
            .iter()
            .filter(|(_, answer)| answer["ok"] == true)
            .map(|(word, _)| word.as_str())
            .collect();
        assert_eq!(found, expected.works, "capabilities of {what}");
        assert_eq!(
            row["exit_ip"].as_str(),
            expected.exit.map(|ip| ip.to_string()).as_deref(),
            "exit of {what}"
        );
        assert_eq!(row["anonymity"].as_str(), expected.anonymity, "anonymity of {what}");
        let giveaway = |name: Option<&str>| name.map(str::to_ascii_lowercase);
        assert_eq!(giveaway(row["giveaway"].as_str()), giveaway(expected.giveaway), "giveaway of {what}");
        assert_eq!(row["trust"], json!(expected.notes), "trust of {what}");
        assert!(row["latency_ms"].is_u64(), "what works took some time: {what}");
    } else {
        assert_eq!(row["latency_ms"], Value::Null, "what does not work has no latency: {what}");
        let told =
            row["anonymity"].as_str().is_none_or(|level| level == "unknown" || expected.reason.is_some());
        assert!(told, "{what}");
        if let Some(code) = expected.code {
            let with_code =
                answers.values().any(|a| a["reason"] == json!(expected.reason) && a["code"] == code);
            assert!(with_code, "the code {code} of {what}");
        }
    }
}

/// The rows by the proxy that each is about. Each proxy has one.
#[track_caller]
fn by_proxy(rows: &[Value]) -> BTreeMap<String, &Value> {
    let map: BTreeMap<_, _> =
        rows.iter().map(|row| (row["proxy"].as_str().unwrap().to_owned(), row)).collect();
    assert_eq!(map.len(), rows.len(), "no proxy has two rows");
    map
}

/// Checks a list of these proxies and compares every row, and the summary, with what is true.
#[track_caller]
fn verdicts_agree(
    home: &Home,
    options: &str,
    asking: &[String],
    proxies: &[LabProxy],
    truth: impl Fn(&LabProxy) -> Expected,
) {
    assert!(!proxies.is_empty(), "there must be something to check");
    home.write("list.txt", proxies.iter().map(|proxy| proxy.line() + "\n").collect::<String>());
    let line = format!("--json check list.txt --timeout 3 --output out.jsonl --all {options}");
    let summary = home.run(words(&line, asking)).done().json();
    let rows = json_lines(&home.read("out.jsonl"));
    let rows = by_proxy(&rows);
    assert_eq!(rows.len(), proxies.len(), "every proxy was checked");
    let mut reasons: BTreeMap<&str, u32> = BTreeMap::new();
    let mut alive = 0;
    for proxy in proxies {
        let expected = truth(proxy);
        let row = rows.get(&proxy.addr.to_string()).unwrap_or_else(|| panic!("no row for {}", proxy.line()));
        agrees(proxy, &expected, row);
        alive += u32::from(expected.is_alive());
        if let Some(reason) = expected.reason {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    assert_eq!(summary["checked"], proxies.len(), "{summary}");
    assert_eq!(summary["alive"], alive, "{summary}");
    assert_eq!(summary["by_reason"], json!(reasons), "the summary counts what the rows say");
    assert_eq!(summary["stored"], 0, "a list without a data folder is not kept: {summary}");
    assert_eq!(summary["resumed"], false, "{summary}");
}

/// Proxies that the mixes draw seldom or never.
fn rarities(builder: WorldBuilder) -> WorldBuilder {
    let specs = [
        ProxySpec::http().account("right", "one"),
        ProxySpec::http().account("wrong", "one").listed(Listed::Wrong),
        ProxySpec::http().account("without", "one").listed(Listed::Without),
        ProxySpec::socks5().account("right", "one"),
        ProxySpec::socks5().account("wrong", "one").listed(Listed::Wrong),
        ProxySpec::socks5().account("without", "one").listed(Listed::Without),
        ProxySpec::socks4().account("right", "one"),
        ProxySpec::socks5().without_names(),
        ProxySpec::socks5().names_bound_address(),
        ProxySpec::http().lower_case(),
        ProxySpec::http().lower_case().anonymous(),
        ProxySpec::http().face(Face::ClientsExit),
        ProxySpec::socks5().face(Face::ClientsExit),
        ProxySpec::mixed().transparent().without_scheme(),
        ProxySpec::http().leaves_from_entry(),
        ProxySpec::http().latency(Duration::from_millis(300)),
        ProxySpec::http().fault(Fault::Slow(Duration::from_millis(900))),
        ProxySpec::http().fault(Fault::DropsHeader),
        ProxySpec::http().fault(Fault::ChangesUserAgent),
        ProxySpec::http().fault(Fault::Blackhole),
        ProxySpec::http().fault(Fault::TunnelSilence).without_scheme(),
        ProxySpec::http().without_connect().fault(Fault::Tampers(Tamper::Script)).without_scheme(),
        ProxySpec::http().without_connect().fault(Fault::Replay),
    ];
    specs.into_iter().fold(builder, WorldBuilder::proxy)
}

/// Plain judges of two shapes, both known by name.
fn plain_world(seed: u64) -> WorldBuilder {
    World::seeded(seed)
        .judge(JudgeSpec::new(JudgeKind::Own).named("own.judge.lab"))
        .judge(JudgeSpec::new(JudgeKind::Azenv).named("azenv.judge.lab"))
}

/// The same and judges over TLS.
fn tls_world(seed: u64) -> WorldBuilder {
    plain_world(seed)
        .judge(JudgeSpec::new(JudgeKind::Own).named("tls.judge.lab").tls())
        .judge(JudgeSpec::new(JudgeKind::Httpbin).named("bin.judge.lab").tls())
}

/// A few hundred: many alive, many refused, and every fault.
fn crowd(builder: WorldBuilder) -> WorldBuilder {
    rarities(builder).proxies(Mix::mixed().alive(50), 150).proxies(Mix::hostile(), 200)
}

#[test]
fn every_verdict_is_the_truth_by_plain_judges() {
    let lab = Lab::start(crowd(plain_world(31)));
    let home = Home::new();
    verdicts_agree(&home, "", &home.asking(&lab), &lab.proxies(), Expected::of);
}

#[test]
fn every_verdict_is_the_truth_by_plain_judges_and_over_tls() {
    let lab = Lab::start(crowd(tls_world(32)).proxy(ProxySpec::http().fault(Fault::TlsIntercept)));
    let home = Home::new();
    verdicts_agree(&home, "--protocol auto", &home.asking(&lab), &lab.proxies(), Expected::of);
}

#[test]
fn a_known_protocol_is_the_only_one_tried() {
    let lab = Lab::start(crowd(plain_world(33)));
    let home = Home::new();
    let asking = home.asking(&lab);
    for (protocol, kind) in [("http", Kind::Http), ("socks4", Kind::Socks4), ("socks5", Kind::Socks5)] {
        let mut proxies = lab.proxies();
        proxies.retain(|proxy| {
            // A tunnel that stays silent can still forward.
            proxy.spec.kind == kind && proxy.spec.fault != Some(Fault::TunnelSilence)
                || proxy.spec.kind == Kind::Mixed
        });
        let options = format!("--protocol {protocol}");
        verdicts_agree(&home, &options, &asking, &proxies, |proxy| {
            let mut expected = Expected::of(proxy);
            expected.works.retain(|word| word.starts_with(protocol));
            expected
        });
        for row in json_lines(&home.read("out.jsonl")) {
            let settled = matches!(row["reason"].as_str(), Some("refused" | "dial_timeout"));
            for (word, answer) in row["capabilities"].as_object().unwrap() {
                let asked = word.starts_with(protocol) || settled;
                assert!(asked || answer["ok"].is_null(), "{word} was not to be tried: {row}");
            }
        }
    }
}

#[test]
fn what_lists_call_https_is_a_tunnel() {
    let lab = Lab::start(crowd(tls_world(34)));
    let home = Home::new();
    let mut proxies = lab.proxies();
    proxies.retain(|proxy| proxy.spec.kind == Kind::Http);
    // What changes plain answers cannot touch what is in TLS.
    proxies.retain(|proxy| {
        !proxy.spec.fault.is_some_and(|fault| {
            matches!(fault, Fault::DropsHeader | Fault::ChangesUserAgent | Fault::Tampers(_) | Fault::Replay)
        })
    });
    verdicts_agree(&home, "--protocol https", &home.asking(&lab), &proxies, |proxy| {
        let mut expected = Expected::of(proxy);
        if expected.works.contains("connect") {
            // Over TLS only the exit can be seen.
            if expected.giveaway != Some("exit") {
                (expected.anonymity, expected.giveaway) = (Some("elite"), None);
            }
        } else if proxy.spec.fault == Some(Fault::TunnelSilence) {
            (expected.reason, expected.code) = (Some("answer_timeout"), None);
        } else if expected.is_alive() || answers_only_in_plain(proxy) {
            (expected.reason, expected.code) = (Some("not_a_proxy"), Some(405));
        } else if proxy.spec.fault == Some(Fault::Portal) {
            (expected.reason, expected.code) = (Some("tls_failed"), None);
        }
        expected.works.retain(|word| *word == "connect");
        expected
    });
}

/// Whether a proxy has a fault that only its plain answers show; such ones are drawn without CONNECT.
fn answers_only_in_plain(proxy: &LabProxy) -> bool {
    proxy.spec.fault.is_some_and(|fault| {
        matches!(
            fault,
            Fault::Gzip
                | Fault::EndlessBody
                | Fault::EndlessHeaders
                | Fault::Drip
                | Fault::LengthTooLong
                | Fault::LengthTooShort
                | Fault::TalksOn
                | Fault::TruncatedChunked
        )
    })
}

#[test]
fn a_proxy_that_must_be_spoken_to_over_tls_is_found() {
    let specs = [ProxySpec::http(), ProxySpec::http().anonymous(), ProxySpec::connect()];
    let builder = specs.into_iter().fold(tls_world(50), |world, spec| {
        world.proxy(spec.clone().over_tls().without_scheme()).proxy(spec.over_tls())
    });
    let lab =
        Lab::start(builder.proxy(ProxySpec::http()).proxy(ProxySpec::http().fault(Fault::CloseOnRequest)));
    let home = Home::new();
    verdicts_agree(&home, "", &home.asking(&lab), &lab.proxies(), Expected::of);
    for row in json_lines(&home.read("out.jsonl")) {
        let answers = &row["capabilities"];
        if answers["tls"]["ok"] == true {
            assert_eq!(answers["connect"]["over"], "tls", "how it must be used: {row}");
        }
    }
    let url =
        home.run(words("check list.txt --timeout 3 --format url --output -", &home.asking(&lab))).done();
    let tls = url.text().lines().filter(|line| line.starts_with("https://")).count();
    assert_eq!(tls, 6, "and a URL says so: {}", url.text());
}

#[test]
fn no_password_is_sent_to_whom_nobody_vouches_for() {
    let lab = Lab::start(plain_world(51).proxy(ProxySpec::http().over_tls().account("keeper", PASSWORD)));
    let home = Home::new();
    home.write("list.txt", list_of(&lab));
    let rows =
        home.run(words("check list.txt --timeout 3 --output - --format jsonl", &home.asking(&lab))).done();
    let rows = json_lines(rows.text());
    assert_eq!(rows[0]["reason"], "auth_required", "it wants the account and does not get it: {}", rows[0]);
    // A list that is not kept is checked by the settings of the data folder.
    let settings = home.run(words("settings path", &[])).done();
    let settings = Path::new(settings.text().trim());
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    home.write(settings.to_str().unwrap(), "[checking]\npasswords_to_unverified = true\n");
    let rows =
        home.run(words("check list.txt --timeout 3 --output - --format jsonl", &home.asking(&lab))).done();
    let rows = json_lines(rows.text());
    assert_eq!(rows[0]["status"], "active", "who allows it gets it: {}", rows[0]);
    assert_eq!(rows[0]["trust"], json!(["proxy_cert_unverified"]), "and it is noted: {}", rows[0]);
}

#[test]
fn what_reaches_ipv6_is_told() {
    let specs = [
        ProxySpec::http(),
        ProxySpec::http().without_connect(),
        ProxySpec::http().connect_443_only(),
        ProxySpec::socks4(),
        ProxySpec::socks5(),
        ProxySpec::mixed(),
        ProxySpec::http().over_tls(),
    ];
    let builder = plain_world(52).judge(JudgeSpec::new(JudgeKind::Own).ipv6());
    let lab = Lab::start(specs.into_iter().fold(builder, WorldBuilder::proxy));
    let home = Home::new();
    let mut asking = home.asking(&lab);
    verdicts_agree(&home, "", &asking, &lab.proxies(), Expected::of);
    // A judge that we cannot reach ourselves serves this question alone; here nobody reaches it.
    asking.extend(["--judge".to_owned(), "http://[::1]:1/proxydeck".to_owned()]);
    let beyond = lab.judges().iter().find(|judge| judge.addr.is_ipv6()).unwrap().url.clone();
    let at = asking.iter().position(|word| *word == beyond).unwrap();
    asking.drain(at - 1..=at);
    verdicts_agree(&home, "", &asking, &lab.proxies(), |proxy| {
        let mut expected = Expected::of(proxy);
        expected.works.remove("ipv6");
        expected
    });
    for row in json_lines(&home.read("out.jsonl")) {
        let tried =
            row["capabilities"]["socks5"]["ok"] == true || row["capabilities"]["connect"]["ok"] == true;
        assert!(!tried || row["capabilities"]["ipv6"]["ok"] != true, "nobody reaches it: {row}");
    }
}

#[test]
fn a_question_about_names_is_not_tried_where_no_judge_has_a_name() {
    let specs = [
        ProxySpec::socks4(),
        ProxySpec::socks5(),
        ProxySpec::mixed(),
        ProxySpec::socks4().fault(Fault::SocksReply(91)),
        ProxySpec::socks5().fault(Fault::SocksReply(2)),
    ];
    let lab =
        Lab::start(specs.into_iter().fold(World::seeded(53).judge(JudgeKind::Own), WorldBuilder::proxy));
    let home = Home::new();
    home.write("list.txt", list_of(&lab));
    let line = "check list.txt --timeout 3 --output out.jsonl --json";
    let summary = home.run(words(line, &home.asking(&lab))).done().json();
    assert_eq!(summary["checked"], 5, "every one has a verdict: {summary}");
    for row in json_lines(&home.read("out.jsonl")) {
        for word in ["socks4a", "socks5h"] {
            let answer = &row["capabilities"][word];
            assert_eq!((&answer["ok"], &answer["reason"]), (&Value::Null, &Value::Null), "{word}: {row}");
        }
    }
}

// Outputs.

/// A small world in which some live, some want an account and some are dead.
fn village(seed: u64) -> WorldBuilder {
    plain_world(seed)
        .proxy(ProxySpec::http().account("keeper", PASSWORD))
        .proxy(ProxySpec::socks5().account("=cmd()", "pw").anonymous())
        .proxy(ProxySpec::http().fault(Fault::Status(503)))
        .proxies(Mix::refused().alive(50), 60)
}

/// The list of a world, with each account written as an address has it.
fn list_of(lab: &World) -> String {
    lab.proxies()
        .iter()
        .map(|proxy| proxy.url().replace(PASSWORD, PASSWORD_IN_URL).replace("=cmd()", "%3Dcmd()") + "\n")
        .collect()
}

/// The proxies of a world that live.
fn living(lab: &World) -> BTreeSet<String> {
    lab.proxies().iter().filter(|proxy| proxy.truth.alive).map(|proxy| proxy.addr.to_string()).collect()
}

fn all(lab: &World) -> BTreeSet<String> {
    lab.proxies().iter().map(|proxy| proxy.addr.to_string()).collect()
}

/// The proxies of a CSV file, after a look at its form.
#[track_caller]
fn csv_rows(text: &str) -> Vec<BTreeMap<String, String>> {
    assert_eq!(text.lines().next(), Some(COLUMNS), "the columns are public");
    // A reader that is not flexible refuses rows of another length.
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    reader
        .records()
        .map(|record| head.iter().map(str::to_owned).zip(record.unwrap().iter().map(str::to_owned)).collect())
        .collect()
}

#[track_caller]
fn places(rows: &[Value]) -> BTreeSet<String> {
    by_proxy(rows).into_keys().collect()
}

fn lines(text: &str) -> BTreeSet<String> {
    text.lines().map(str::to_owned).collect()
}

/// Where an address of the form `scheme://[user[:password]@]host:port` leads.
fn place_of_url(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap_or_else(|| panic!("a scheme says how to use it: {url}"));
    rest.rsplit('@').next().unwrap_or(rest).to_owned()
}

#[test]
fn every_format_can_be_read_by_others() {
    let lab = Lab::start(village(35));
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", list_of(&lab));
    let check = |name: &str, more: &str| {
        home.run(words(&format!("check list.txt --output {name} {more}"), &asking)).done();
        home.read(name)
    };

    let rows = csv_rows(&check("out.csv", ""));
    assert_eq!(
        rows.iter().map(|row| row["proxy"].clone()).collect::<BTreeSet<_>>(),
        all(&lab),
        "CSV has all"
    );
    for row in &rows {
        let alive = living(&lab).contains(&row["proxy"]);
        assert_eq!(row["status"], if alive { "active" } else { "inactive" }, "{row:?}");
        assert_eq!(row["reason"].is_empty(), alive, "{row:?}");
        assert_eq!(row["latency_ms"].parse::<u32>().is_ok(), alive, "{row:?}");
        assert!(!row["last_checked"].is_empty() && row["last_checked"].ends_with('Z'), "{row:?}");
        for protocol in row["protocols"].split('+').filter(|word| !word.is_empty()) {
            assert!(["http", "https", "socks4", "socks5"].contains(&protocol), "{row:?}");
        }
        assert!(row["score"].parse::<f64>().is_ok_and(|score| (0.0..=1.0).contains(&score)), "{row:?}");
    }
    let users: BTreeSet<&str> = rows.iter().map(|row| row["username"].as_str()).collect();
    assert!(
        users.contains("'=cmd()"),
        "a spreadsheet must not run what a stranger called himself: {users:?}"
    );

    let json: Vec<Value> = serde_json::from_str(&check("out.json", "")).unwrap();
    assert_eq!(places(&json), all(&lab), "JSON has all");
    let jsonl = json_lines(&check("out.jsonl", ""));
    assert_eq!(places(&jsonl), all(&lab), "JSON lines have all");
    for row in json.iter().chain(&jsonl) {
        let keys: BTreeSet<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        let wanted = "proxy username status reason capabilities latency_ms anonymity giveaway exit_ip country \
                      entry_country asn organisation trust score checked_at";
        assert_eq!(keys, wanted.split(' ').collect(), "every key always, and no other: {row}");
        let answers: Vec<&str> =
            row["capabilities"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(answers.iter().copied().collect::<BTreeSet<_>>(), CAPABILITIES.into_iter().collect());
        for answer in row["capabilities"].as_object().unwrap().values() {
            assert!(answer["ok"].is_boolean() || answer["ok"].is_null(), "{row}");
            for key in ["latency_ms", "reason", "code"] {
                assert!(answer.get(key).is_some(), "{key} is always there: {row}");
            }
        }
    }

    assert_eq!(lines(&check("out.txt", "")), living(&lab), "txt has those that work, and nothing but where");
    assert_eq!(lines(&check("out.txt", "--all")), all(&lab), "and with --all every one");
    let urls = check("out.url", "");
    assert_eq!(urls.lines().map(place_of_url).collect::<BTreeSet<_>>(), living(&lab), "{urls}");
    let every = check("out.url", "--all");
    assert_eq!(every.lines().count(), all(&lab).len(), "{every}");
    assert_eq!(lines(&check("noending", "")), living(&lab), "without an ending it is txt");
    let told = check("told.txt", "--format jsonl");
    assert_eq!(places(&json_lines(&told)), all(&lab), "--format counts more than the ending");
}

#[test]
fn a_url_says_how_to_use_the_proxy() {
    let lab = Lab::start(
        plain_world(36)
            .proxy(ProxySpec::http())
            .proxy(ProxySpec::socks4())
            .proxy(ProxySpec::socks5())
            .proxy(ProxySpec::http().account("keeper", PASSWORD)),
    );
    let home = Home::new();
    home.write("list.txt", list_of(&lab));
    let run = |more: &str| {
        let line = format!("check list.txt --format url --output - {more}");
        lines(home.run(words(&line, &home.asking(&lab))).done().text())
    };
    let places: Vec<String> = lab.proxies().iter().map(|proxy| proxy.addr.to_string()).collect();
    let expected = |account: &str| {
        BTreeSet::from([
            format!("http://{}", places[0]),
            format!("socks4://{}", places[1]),
            format!("socks5://{}", places[2]),
            format!("http://{account}@{}", places[3]),
        ])
    };
    assert_eq!(run(""), expected("keeper"), "the password is nobody's business unless it is asked for");
    assert_eq!(run("--with-secrets"), expected(&format!("keeper:{PASSWORD_IN_URL}")));
}

#[test]
fn output_and_summary_keep_out_of_each_others_way() {
    let lab = Lab::start(village(37));
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", list_of(&lab));
    let to_stdout = home.run(words("check list.txt --output - --format jsonl --json", &asking)).done();
    assert_eq!(
        places(&json_lines(to_stdout.text())),
        all(&lab),
        "the rows have standard output to themselves"
    );
    let summary: Value = serde_json::from_str(to_stdout.stderr.trim()).unwrap();
    assert_eq!(summary["checked"], all(&lab).len(), "and the summary goes to standard error");

    let to_file = home.run(words("check list.txt --output out.jsonl --json", &asking)).done();
    assert_eq!(to_file.json()["alive"], living(&lab).len());
    assert_eq!(to_file.stderr, "", "where nobody watches there is no progress");
    let keys: BTreeSet<String> = to_file.json().as_object().unwrap().keys().cloned().collect();
    let wanted = ["alive", "by_reason", "checked", "resumed", "seconds", "stored", "task"];
    assert_eq!(keys, wanted.map(str::to_owned).into(), "the summary is public");

    let piped = home.feed(words("check - --output - --format txt", &asking), list_of(&lab).as_bytes()).done();
    assert_eq!(lines(piped.text()), living(&lab), "a list may come from standard input");
}

#[test]
fn a_check_of_a_file_leaves_nothing_but_its_output() {
    let lab = Lab::start(village(38));
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", list_of(&lab));
    home.run(words("check list.txt --output out.csv", &asking)).done();
    let left: Vec<String> = home.files().into_keys().map(|path| path.display().to_string()).collect();
    assert_eq!(left, ["judges.pem", "list.txt", "out.csv"], "no database, no log, no half file");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let lab = Lab::start(plain_world(39).proxies(Mix::refused(), 3000));
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", lab.list());
    home.run(words("--data-dir data import list.txt --allow-private", &[])).done();
    // Each writes far more than the 64 KiB that a pipe holds.
    let quiet = |ended: Ended, what: &str| {
        assert!(!ended.stdout.is_empty(), "{what} wrote something");
        assert_eq!(ended.stderr, "", "{what}: whoever closes the pipe has seen enough");
        // 141 is how a shell calls the end by SIGPIPE.
        assert!(matches!(ended.status, Some(0 | 141) | None), "{what}: {:?}", ended.status);
    };
    quiet(home.head(words("check list.txt --output - --format jsonl", &asking)), "check");
    quiet(home.head(words("--data-dir data list --format jsonl", &[])), "list");
    quiet(home.head(words("--data-dir data list", &[])), "list as a table");
    quiet(home.head(words("--data-dir data export --format json --output -", &[])), "export");
    quiet(home.head(words("import list.txt --dry-run --output - --allow-private", &[])), "import");
}

// Interrupted.

/// Some that live, checked a hundred connections a second, so that there is time to interrupt.
fn queue(seed: u64) -> WorldBuilder {
    (0..600).fold(World::seeded(seed).judge(JudgeKind::Own), |world, _| world.proxy(ProxySpec::http()))
}

const UNHURRIED: &str = "--rate 100 --protocol http --json";

#[test]
fn an_interrupt_ends_a_check_and_what_was_finished_is_written() {
    let lab = Lab::start(queue(40));
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", lab.list());
    let line = format!("check list.txt --output out.jsonl {UNHURRIED}");
    let running = home.start(words(&line, &asking));
    wait_until("a quarter to be checked", || lab.traffic().accepted >= 150);
    assert!(home.at("out.jsonl.part").is_file(), "until it is whole the file has another name");
    assert!(!home.at("out.jsonl").exists(), "half a file must not look like a whole one");
    running.interrupt();
    let ended = running.end().with_status(130);
    assert!(
        ended.took < Duration::from_secs(5),
        "an interrupt is heeded at once, not after {:?}",
        ended.took
    );
    assert!(!home.at("out.jsonl.part").exists(), "the file got its name");
    let rows = json_lines(&home.read("out.jsonl"));
    assert!((100..600).contains(&rows.len()), "{} of 600 were finished", rows.len());
    for row in &rows {
        assert_eq!(row["status"], "active", "an interrupt is not the proxy's fault: {row}");
    }
    assert_eq!(ended.json()["checked"], rows.len(), "the summary counts what was written");
}

#[test]
fn an_interrupted_check_of_the_pool_goes_on() {
    let lab = Lab::start(queue(41));
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", lab.list());
    home.run(words("--data-dir data import list.txt --allow-private", &[])).done();
    let running = home.start(words(&format!("--data-dir data check {UNHURRIED}"), &asking));
    wait_until("a quarter to be checked", || lab.traffic().accepted >= 150);
    running.terminate();
    let first = running.end().with_status(130).json();
    let done = first["checked"].as_u64().unwrap();
    assert!((100..600).contains(&done), "{first}");
    assert_eq!(first["stored"], done, "what was finished is kept: {first}");
    assert_eq!(first["resumed"], false, "{first}");

    let second = home.run(words("--data-dir data check --protocol http --json", &asking)).done().json();
    assert_eq!(second["resumed"], true, "{second}");
    assert_eq!(second["task"], first["task"], "it is the same task that goes on");
    assert_eq!(second["checked"].as_u64().unwrap() + done, 600, "nothing is checked twice: {second}");
    let third = home.run(words("--data-dir data check --protocol http --json", &asking)).done().json();
    assert_eq!(
        (&third["resumed"], &third["checked"]),
        (&json!(false), &json!(600)),
        "a finished one is over"
    );
}

#[test]
fn fresh_starts_anew() {
    let lab = Lab::start(queue(42));
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", lab.list());
    home.run(words("--data-dir data import list.txt --allow-private", &[])).done();
    let running = home.start(words(&format!("--data-dir data check {UNHURRIED}"), &asking));
    wait_until("some to be checked", || lab.traffic().accepted >= 50);
    running.interrupt();
    let cut_off = running.end().with_status(130).json();
    let fresh =
        home.run(words("--data-dir data check --fresh --protocol http --json", &asking)).done().json();
    assert_eq!((&fresh["resumed"], &fresh["checked"]), (&json!(false), &json!(600)), "{fresh}");
    assert_ne!(fresh["task"], cut_off["task"], "another task");
}

// The pool.

#[test]
fn a_list_is_imported_listed_exported_and_counted() {
    let lab = Lab::start(village(43));
    let home = Home::new();
    let asking = home.asking(&lab);
    let total = all(&lab).len();
    home.write("list.txt", format!("# a list\n{}what is this\n{}", list_of(&lab), list_of(&lab)));
    let import = words("--data-dir data --json import list.txt --allow-private", &[]);

    let first = home.run(&import).done().json();
    assert_eq!(
        (&first["accepted"], &first["new"], &first["known"]),
        (&json!(total), &json!(total), &json!(0))
    );
    assert_eq!(first["duplicates"], total, "each stands there twice: {first}");
    assert_eq!(first["refused"].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>(), 1);
    let second = home.run(&import).done().json();
    assert_eq!(
        (&second["accepted"], &second["new"], &second["known"]),
        (&json!(total), &json!(0), &json!(total)),
        "the second time all are known, those with an account too: {second}"
    );

    let summary = home.run(words("--data-dir data check --json", &asking)).done().json();
    assert_eq!((&summary["checked"], &summary["stored"]), (&json!(total), &json!(total)), "{summary}");
    assert_eq!(summary["alive"], living(&lab).len(), "{summary}");

    let list = |more: &str| {
        home.run(words(&format!("--data-dir data list --format jsonl {more}"), &[])).done().text().to_owned()
    };
    assert_eq!(places(&json_lines(&list(""))), all(&lab));
    assert_eq!(places(&json_lines(&list("--status active"))), living(&lab));
    assert_eq!(json_lines(&list("--limit 3")).len(), 3);
    let table = home.run(words("--data-dir data list", &[])).done();
    assert!(all(&lab).iter().all(|place| table.text().contains(place.as_str())), "{}", table.text());

    let rows = json_lines(&list("--status active --sort latency_ms:desc"));
    let latencies: Vec<u64> = rows.iter().filter_map(|row| row["latency_ms"].as_u64()).collect();
    assert!(latencies.is_sorted_by(|a, b| a >= b) && latencies.len() == living(&lab).len(), "{latencies:?}");

    let export = |name: &str, more: &str| {
        home.run(words(&format!("--data-dir data export --output {name} {more}"), &[])).done();
        home.read(name)
    };
    let rows = csv_rows(&export("pool.csv", ""));
    assert_eq!(rows.len(), total, "CSV has all");
    assert!(rows.iter().all(|row| row["source"] == "list.txt"), "and where each came from: {:?}", rows[0]);
    assert_eq!(csv_rows(&export("some.csv", "--status active")).len(), living(&lab).len());
    assert_eq!(lines(&export("pool.txt", "")), living(&lab));
    assert_eq!(lines(&export("pool.txt", "--all")), all(&lab));
    let json: Vec<Value> = serde_json::from_str(&export("pool.json", "")).unwrap();
    assert_eq!(places(&json), all(&lab));
    assert_eq!(json_lines(&export("pool.jsonl", "--protocol socks5")).len(), {
        let socks5 = |proxy: &LabProxy| proxy.truth.alive && proxy.truth.works.contains(&"socks5");
        lab.proxies().iter().filter(|proxy| socks5(proxy)).count()
    });

    let stats = home.run(words("--data-dir data stats", &[])).done();
    let told = stats.text();
    assert!(told.contains(&total.to_string()) && told.contains(&living(&lab).len().to_string()), "{told}");
    let stats = home.run(words("--data-dir data stats --json", &[])).done().json();
    assert!(stats.to_string().contains(&format!(":{total}")), "{stats}");
}

#[test]
fn the_data_folder_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    home.write("list.txt", format!("http://keeper:{PASSWORD_IN_URL}@8.8.8.8:3128\n"));
    home.run(words("--data-dir data import list.txt", &[])).done();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.at("data")), 0o700);
    for name in ["proxydeck.db", "key", "proxydeck.lock"] {
        assert_eq!(mode(&home.at("data").join(name)), 0o600, "{name}");
    }
    let path = home.run(words("--data-dir data settings path", &[])).done();
    assert_eq!(path.text().trim(), home.at("data/settings.toml").display().to_string());
}

#[test]
fn without_an_option_the_variable_names_the_data_folder_and_else_the_platform() {
    let home = Home::new();
    home.write("list.txt", "8.8.8.8:3128\n");
    let mut command = home.command(["import", "list.txt"]);
    assert!(command.env("PROXYDECK_DATA_DIR", home.at("named")).status().unwrap().success());
    assert!(home.at("named/proxydeck.db").is_file());
    home.run(words("import list.txt", &[])).done();
    assert!(home.at(".local/share/proxydeck/proxydeck.db").is_file(), "{:?}", home.files().keys());
}

#[test]
fn a_dry_run_tells_what_was_understood_and_keeps_nothing() {
    let home = Home::new();
    let list = format!(
        "http://keeper:{PASSWORD_IN_URL}@8.8.8.8:3128\n8.8.4.4:80\nnonsense\n8.8.4.4:80\nsocks5://[2001:4860:4860::8888]:1080\n10.0.0.1:80\n"
    );
    home.write("list.txt", list);
    let ended = home
        .run(words("--data-dir data import list.txt --dry-run --output - --refused refused.jsonl", &[]))
        .done();
    let expected = format!(
        "http://keeper:{PASSWORD_IN_URL}@8.8.8.8:3128\n8.8.4.4:80\nsocks5://[2001:4860:4860::8888]:1080\n"
    );
    assert_eq!(ended.text(), expected, "each once, in the order of first sight");
    let refused = json_lines(&home.read("refused.jsonl"));
    let seen: Vec<(u64, &str)> =
        refused.iter().map(|line| (line["line"].as_u64().unwrap(), line["text"].as_str().unwrap())).collect();
    assert_eq!(seen, [(3, "nonsense"), (6, "10.0.0.1:80")]);
    assert!(refused.iter().all(|line| line["reason"].is_string()), "{refused:?}");
    assert!(!home.at("data/proxydeck.db").exists(), "nothing is kept");
}

#[test]
fn what_is_all_dead_or_nothing_at_all_is_no_failure() {
    let lab = Lab::start(World::seeded(44).judge(JudgeKind::Own).proxies(Mix::refused().alive(0), 20));
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", lab.list());
    let summary = home.run(words("check list.txt --json", &asking)).done().json();
    assert_eq!((&summary["checked"], &summary["alive"]), (&json!(20), &json!(0)));
    assert_eq!(summary["by_reason"], json!({"refused": 20}));
    let nothing = home.feed(words("import - --json --data-dir data", &[]), b"no proxy here\n").done().json();
    assert_eq!((&nothing["read"], &nothing["accepted"]), (&json!(1), &json!(0)), "{nothing}");
}

#[test]
fn judges_are_not_told_apart_by_their_order_and_one_that_is_down_is_done_without() {
    let lab = Lab::start(village(45));
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", list_of(&lab));
    let first = lab.judges()[0].clone();
    lab.wait(first.down());
    let ended = home.run(words("check list.txt --output out.txt", &asking)).done();
    assert_eq!(lines(&home.read("out.txt")), living(&lab), "the other judge does it all: {}", ended.stderr);
    assert!(
        ended.stderr.contains(&first.url),
        "and the user hears of the one that is down: {}",
        ended.stderr
    );
}

#[test]
fn sockets_are_counted() {
    let lab = Lab::start((0..60).fold(World::seeded(46).judge(JudgeKind::Own), |world, _| {
        world.proxy(ProxySpec::http().latency(Duration::from_millis(100)))
    }));
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", lab.list());
    home.run(words("check list.txt --concurrency 8 --output out.txt", &asking)).done();
    assert_eq!(lines(&home.read("out.txt")), all(&lab));
    let peak = lab.traffic().peak;
    // The other side may still see a connection that we have closed while we open the next in its place.
    assert!((2..=16).contains(&peak), "--concurrency 8 allows 8 sockets, and {peak} were open at once");
}

#[test]
fn addresses_of_private_networks_are_not_dialled_unless_the_user_says_so() {
    let lab = Lab::start(plain_world(47).proxy(ProxySpec::http()));
    let home = Home::new();
    let mut asking = home.asking(&lab);
    asking.retain(|option| option != "--allow-private");
    home.write("list.txt", lab.list());
    let summary = home.run(words("check list.txt --json", &asking)).done().json();
    assert_eq!(summary["alive"], 0, "{summary}");
    assert_eq!(lab.traffic().accepted, 0, "nobody knocked");
}

// Secrets.

/// What must stand nowhere: the password as it is, as an address has it, and as HTTP sends it.
const TRACES: [&str; 3] = [PASSWORD, PASSWORD_IN_URL, AUTHORISATION];

#[track_caller]
fn holds_no_secret(what: &str, bytes: &[u8]) {
    for trace in TRACES {
        let found = bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
        assert!(!found, "{trace} stands in {what}");
    }
}

#[track_caller]
fn tells_no_secret(ended: Ended) -> Ended {
    holds_no_secret("standard output", &ended.stdout);
    holds_no_secret("standard error", ended.stderr.as_bytes());
    ended
}

#[test]
fn a_password_is_sealed_and_told_to_nobody() {
    // Judges of our own kind alone: then the careless proxy below answers as each of them would.
    let lab = Lab::start(
        World::seeded(48)
            .judge(JudgeSpec::new(JudgeKind::Own).named("own.judge.lab"))
            .proxy(ProxySpec::http().account("keeper", PASSWORD).transparent())
            .proxy(ProxySpec::socks5().account("keeper", PASSWORD))
            .proxy(ProxySpec::http().account("keeper", "another").listed(Listed::Wrong))
            .proxy(ProxySpec::http().fault(Fault::Echo).account("keeper", PASSWORD))
            .proxy(ProxySpec::http().fault(Fault::Portal).account("keeper", PASSWORD)),
    );
    let home = Home::new();
    let asking = home.asking(&lab);
    // Our own judge answers a request for an absolute address as a proxy would, and shows what it was sent: all that a
    // careless proxy passes on. Its evidence is kept, and must not hold the account.
    let judge = home.start(words("judge --listen 127.0.0.1:0", &[]));
    let url = judge.line("listening http://");
    let careless = url.split_once('/').map_or(url.as_str(), |(authority, _)| authority);
    let list = format!("{}http://keeper:{PASSWORD_IN_URL}@{careless}\n", list_of(&lab));
    let feed = |line: &str| home.feed(words(line, &asking), list.as_bytes());

    let checked = tells_no_secret(feed("check - --output - --format jsonl --timeout 3").done());
    let rows = json_lines(checked.text());
    let echoed = rows.iter().find(|row| row["proxy"] == careless).unwrap();
    assert_eq!(echoed["status"], "active", "it must have been heard, or this proves nothing: {echoed}");
    tells_no_secret(feed("check - --output - --format url --all --timeout 3").done());
    tells_no_secret(feed("check - --output - --format csv --timeout 3").done());

    tells_no_secret(
        home.feed(words("--data-dir data import - --allow-private", &[]), list.as_bytes()).done(),
    );
    tells_no_secret(home.run(words("--data-dir data check --timeout 3", &asking)).done());
    for verb in [
        "list",
        "list --format url --all",
        "list --format clash --all",
        "list --format jsonl",
        "stats",
        "stats --json",
    ] {
        tells_no_secret(home.run(words(&format!("--data-dir data {verb}"), &[])).done());
    }
    for name in ["pool.csv", "pool.json", "pool.jsonl", "pool.txt", "pool.url"] {
        tells_no_secret(
            home.run(words(&format!("--data-dir data export --all --output {name}"), &[])).done(),
        );
    }
    let locked_out = home.run(words("--data-dir data check --judge http://127.0.0.1:1/", &[]));
    tells_no_secret(locked_out);
    for (path, bytes) in home.files() {
        holds_no_secret(&path.display().to_string(), &bytes);
    }
    assert!(home.at("data/proxydeck.db").metadata().unwrap().len() > 0);

    let told = home.run(words("--data-dir data list --all --format url --with-secrets", &[])).done();
    let known = told.text().matches(&format!("keeper:{PASSWORD_IN_URL}@")).count();
    assert_eq!(known, 5, "who asks for them gets them: {}", told.text());
    for name in ["pool.csv", "pool.json", "pool.jsonl", "pool.url"] {
        home.run(words(&format!("--data-dir data export --all --with-secrets --output {name}"), &[])).done();
        let text = home.read(name);
        assert!(text.contains(PASSWORD) || text.contains(PASSWORD_IN_URL), "{name}: {text}");
    }
    judge.terminate();
    let _ = judge.end();
}

#[test]
fn strangers_bytes_do_not_reach_a_terminal() {
    let home = Home::new();
    let list = b"http://us%1b%5b31mer:pw@8.8.8.8:3128\nsocks5://tab%09:pw@8.8.4.4:1080\nbad \x1b[2J line\n";
    home.write("es\u{1b}[1mc.txt", list);
    let import = |more: &str| {
        let mut args = words(&format!("--data-dir data {more}"), &[]);
        args.push("es\u{1b}[1mc.txt".to_owned());
        home.run(args).done()
    };
    let outputs = [
        import("import"),
        import("import --refused -"),
        home.run(words("--data-dir data list", &[])).done(),
        home.run(words("--data-dir data list --all --format url", &[])).done(),
        home.run(words("--data-dir data stats", &[])).done(),
        home.run(["--data-dir", "data", "import", "no\u{1b}[1mfile"]),
    ];
    for ended in outputs {
        let control =
            |bytes: &[u8]| bytes.iter().any(|byte| *byte < 0x20 && !b"\n\t".contains(byte) || *byte == 0x7f);
        assert!(!control(&ended.stdout), "{:?}", String::from_utf8_lossy(&ended.stdout));
        assert!(!control(ended.stderr.as_bytes()), "{:?}", ended.stderr);
    }
}
