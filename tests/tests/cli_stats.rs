//! What the checks came to, by the command line: figures against a lab run, and pictures that others can read.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::collections::BTreeMap;
use std::fs;

use proxydeck_tests::cli::{Ended, Home, Lab, words};
use proxydeck_tests::lab::{Fault, JudgeKind, JudgeSpec, ProxySpec, World, WorldBuilder};
use resvg::usvg::roxmltree::Document;
use rusqlite::Connection;
use serde_json::{Value, json};

const HOUR_MS: i64 = 60 * 60 * 1000;

fn run(home: &Home, line: &str) -> Ended {
    home.run(words(&format!("--data-dir data {line}"), &[]))
}

/// A home whose pool was checked once against a world of seven that live and four that do not.
fn checked_home() -> Home {
    let specs = [
        ProxySpec::http().without_connect(),
        ProxySpec::http().without_connect(),
        ProxySpec::connect(),
        ProxySpec::socks4(),
        ProxySpec::socks5(),
        ProxySpec::socks5(),
        ProxySpec::socks5(),
        ProxySpec::http().fault(Fault::Status(503)),
        ProxySpec::http().fault(Fault::Status(403)),
        ProxySpec::http().fault(Fault::Status(403)),
        ProxySpec::http().fault(Fault::Portal),
    ];
    let judge = JudgeSpec::new(JudgeKind::Own).named("own.judge.lab");
    let lab = Lab::start(specs.into_iter().fold(World::seeded(71).judge(judge), WorldBuilder::proxy));
    let home = Home::new();
    home.write("list.txt", lab.list());
    run(&home, "import list.txt --allow-private").done();
    let asking = home.asking(&lab);
    home.run(words("--data-dir data check --timeout 3", &asking)).done();
    home
}

fn counts(facets: &Value) -> BTreeMap<String, u64> {
    let facets = facets.as_array().unwrap().iter();
    facets.map(|f| (f["value"].as_str().unwrap().to_owned(), f["count"].as_u64().unwrap())).collect()
}

fn series(checks: &Value) -> BTreeMap<String, Vec<u64>> {
    let lines = checks["working"].as_array().unwrap().iter();
    lines
        .map(|line| {
            let proxies = line["proxies"].as_array().unwrap().iter();
            (line["protocol"].as_str().unwrap().to_owned(), proxies.map(|n| n.as_u64().unwrap()).collect())
        })
        .collect()
}

#[test]
fn figures_are_those_of_the_checks_in_the_range() {
    let home = checked_home();
    let stats = run(&home, "stats --range 1h --json").done().json();
    assert_eq!((&stats["total"], &stats["working"]), (&json!(11), &json!(7)), "the pool as it is: {stats}");
    let checks = &stats["checks"];
    assert_eq!(
        (&checks["range"], &checks["checks"], &checks["succeeded"]),
        (&json!("1h"), &json!(11), &json!(7))
    );
    let share = checks["success_rate"].as_f64().unwrap();
    assert!((share - 7.0 / 11.0).abs() < 1e-9, "{share}");
    let expected = [("http", 2), ("https", 1), ("socks4", 1), ("socks5", 3)].map(|(w, n)| (w.to_owned(), n));
    assert_eq!(counts(&checks["protocol"]), expected.clone().into(), "{checks}");
    assert_eq!(counts(&checks["capability"]).values().sum::<u64>(), 7, "{checks}");
    let reasons = checks["reason"].as_array().unwrap();
    assert_eq!(reasons[0], json!({"value": "rejected", "count": 3}), "the most frequent first: {reasons:?}");
    assert_eq!(reasons[1], json!({"value": "wrong_answer", "count": 1}), "{reasons:?}");
    let pool_median = &stats["median_latency_ms"];
    assert_eq!(
        &checks["median_latency_ms"], pool_median,
        "each was checked once, so both are of the same checks"
    );
    let working = series(checks);
    assert!(working.values().all(|line| line.len() == 12), "five minutes each: {working:?}");
    let sums: BTreeMap<String, u64> =
        working.iter().map(|(protocol, line)| (protocol.clone(), line.iter().sum())).collect();
    assert_eq!(sums, expected.into(), "each proxy in the part of the hour in which it was checked");
    let text = run(&home, "stats").done();
    for word in ["In the last 24 hours: 11 checks, 7 succeeded (63.6 %)", "rejected", "succeeded by"] {
        assert!(text.text().contains(word), "{word} is not in {}", text.text());
    }
}

#[test]
fn what_is_older_than_the_range_is_not_in_it() {
    let home = checked_home();
    let ago = |ms: i64| {
        let conn = Connection::open(home.at("data/proxydeck.db")).unwrap();
        conn.execute("UPDATE checks SET at = at - ?1", [ms]).unwrap();
        conn.execute("UPDATE proxies SET last_checked = last_checked - ?1", [ms]).unwrap();
    };
    let checks = |range: &str| {
        let stats = run(&home, &format!("stats --json --range {range}")).done().json();
        assert_eq!(stats["total"], 11, "the pool is as it is now: {stats}");
        stats["checks"].clone()
    };
    ago(2 * HOUR_MS);
    let none = checks("1h");
    assert_eq!((&none["checks"], &none["success_rate"]), (&json!(0), &Value::Null), "{none}");
    assert_eq!(series(&none), BTreeMap::new(), "and no line");
    let day = checks("24h");
    assert_eq!(day["checks"], 11, "{day}");
    let socks5 = &series(&day)["socks5"];
    let at: Vec<usize> = (0..socks5.len()).filter(|at| socks5[*at] > 0).collect();
    assert!(at.iter().all(|at| (20..=22).contains(at)), "two hours ago of 24: {socks5:?}");
    ago(3 * 24 * HOUR_MS);
    assert_eq!((&checks("24h")["checks"], &checks("7d")["checks"]), (&json!(0), &json!(11)));
    ago(20 * 24 * HOUR_MS);
    assert_eq!((&checks("7d")["checks"], &checks("30d")["checks"]), (&json!(0), &json!(11)));
    // A check of a target says nothing about the proxy.
    Connection::open(home.at("data/proxydeck.db"))
        .unwrap()
        .execute("UPDATE checks SET kind = 3", [])
        .unwrap();
    assert_eq!(checks("30d")["checks"], 0);
}

#[test]
fn a_chart_has_a_line_for_each_protocol_that_worked() {
    let home = checked_home();
    let summary = run(&home, "stats --json --range 24h --chart chart.svg").done().json();
    let text = home.read("chart.svg");
    let document = Document::parse(&text).unwrap();
    assert!(document.root_element().has_tag_name("svg"), "{text}");
    let lines: Vec<&str> = document
        .descendants()
        .filter(|node| node.has_tag_name("polyline") && node.attribute("stroke-width") == Some("2"))
        .filter_map(|node| node.attribute("stroke"))
        .collect();
    let working = series(&summary["checks"]);
    assert_eq!(working.len(), 4, "{summary}");
    assert_eq!(lines.len(), 4, "one line each: {lines:?}");
    let said: Vec<&str> = document
        .descendants()
        .filter(|node| node.has_tag_name("text"))
        .filter_map(|node| node.text())
        .collect();
    for word in ["Working proxies, last 24 hours", "time (UTC)", "http", "https", "socks4", "socks5"] {
        assert!(said.iter().any(|text| text.trim() == word), "{word} is not in {said:?}");
    }
    assert!(!home.at("chart.svg.part").exists());

    run(&home, "stats --range 7d --chart chart.PNG").done();
    let png = fs::read(home.at("chart.PNG")).unwrap();
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n", "the signature of PNG");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!((number(16), number(20)), (1920, 1080));
}

#[test]
fn a_chart_of_another_kind_is_wrong_usage_and_one_of_nothing_says_so() {
    let home = Home::new();
    home.write("list.txt", "8.8.8.8:80\n");
    run(&home, "import list.txt").done();
    for line in ["stats --chart chart.gif", "stats --chart chart", "stats --range 2h"] {
        let ended = run(&home, line).with_status(2);
        assert!(ended.stderr.contains("error:"), "{}", ended.stderr);
    }
    run(&home, "stats --chart nowhere/chart.svg").complains(&["nowhere/chart.svg"]);
    run(&home, "stats --chart chart.svg").done();
    assert!(home.read("chart.svg").contains("No check succeeded in this time."));
}
