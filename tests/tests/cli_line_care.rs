//! What a check does to the line: sockets at once, connections a second, how fast it lets go, and that it copes with few
//! descriptors.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use proxydeck_tests::cli::{Home, Lab, json_lines, wait_until, words};
use proxydeck_tests::lab::{Fault, JudgeKind, Mix, ProxySpec, World, WorldBuilder};
use serde_json::json;

/// Whoever is told to stop has let go after this.
const LETS_GO: Duration = Duration::from_millis(100);

/// A world of so many proxies of one sort, and one judge.
fn crowd(seed: u64, count: usize, spec: &ProxySpec) -> WorldBuilder {
    (0..count).fold(World::seeded(seed).judge(JudgeKind::Own), |world, _| world.proxy(spec.clone()))
}

#[test]
fn never_more_sockets_at_once_than_allowed() {
    let slow = ProxySpec::http().latency(Duration::from_millis(150));
    let lab = Lab::start(crowd(91, 32, &slow).proxies(Mix::mixed(), 16));
    let home = Home::new();
    home.write("list.txt", lab.list());
    for allowed in [1, 8, 32] {
        let line = format!("check list.txt --timeout 3 --concurrency {allowed} --output out.txt");
        // One that is allowed a single socket has its protocol named, or it would be busy for a minute.
        let line = if allowed == 1 { line + " --protocol http" } else { line };
        let mut running = home.start(words(&line, &home.asking(&lab)));
        let mut most = 0;
        while running.runs() {
            most = most.max(running.sockets());
        }
        running.end().done();
        // What a run asks its judges directly is not counted as a proxy's.
        let judges = lab.judges().len();
        assert!(most <= allowed + judges, "{most} sockets at once where {allowed} are allowed");
        assert!(most >= allowed.min(8), "{most} at once is less than the {allowed} that are allowed");
    }
}

#[test]
fn never_more_connections_a_second_than_allowed() {
    const RATE: usize = 50;
    const COUNT: usize = 150;
    let lab = Lab::start(crowd(92, COUNT, &ProxySpec::http()));
    let home = Home::new();
    home.write("list.txt", lab.list());
    let line = format!("check list.txt --protocol http --rate {RATE} --output out.txt");
    let ended = home.run(words(&line, &home.asking(&lab))).done();
    assert_eq!(home.read("out.txt").lines().count(), COUNT);
    let least = Duration::from_secs(COUNT as u64 - 1) / u32::try_from(RATE).unwrap();
    assert!(ended.took >= least, "{COUNT} at {RATE} a second take {least:?}, not {:?}", ended.took);
    // A busy machine may be late for some, which are then closer to the next.
    let busiest = lab.busiest(Duration::from_secs(1));
    assert!(busiest <= RATE + RATE / 2, "{busiest} in one second where {RATE} are allowed");
    // What has to be asked more often than once for each counts too.
    let lab = Lab::start(crowd(93, 30, &ProxySpec::mixed()));
    home.write("list.txt", lab.list());
    home.run(words(&format!("check list.txt --rate {RATE} --output out.txt"), &home.asking(&lab))).done();
    assert!(lab.traffic().accepted > 100, "each was asked for all that it speaks");
    let busiest = lab.busiest(Duration::from_secs(1));
    assert!(busiest <= RATE + RATE / 2, "{busiest} in one second where {RATE} are allowed");
}

#[test]
fn an_interrupt_lets_go_of_everything_at_once() {
    let lab = Lab::start(crowd(94, 300, &ProxySpec::http().fault(Fault::Silent)));
    let home = Home::new();
    home.write("list.txt", lab.list());
    let mut quickest = Duration::MAX;
    // A busy machine may hold up one.
    for _ in 0..5 {
        let running = home.start(words(
            "check list.txt --timeout 30 --concurrency 300 --output out.jsonl",
            &home.asking(&lab),
        ));
        wait_until("all to be asked", || lab.traffic().open >= 290);
        let told = Instant::now();
        running.interrupt();
        let _ = running.end().with_status(130);
        quickest = quickest.min(told.elapsed());
        wait_until("all connections to end", || lab.traffic().open == 0);
        assert!(home.at("out.jsonl").exists(), "what was finished is written");
        if quickest <= LETS_GO {
            break;
        }
    }
    assert!(quickest <= LETS_GO, "it takes {quickest:?} to let go, the quickest of five");
}

#[test]
fn with_few_descriptors_every_verdict_is_still_right() {
    let builder = World::seeded(95).judge(JudgeKind::Own).proxies(Mix::mixed().alive(40), 150);
    let lab = Lab::start((0..10).fold(builder, |world, _| world.proxy(ProxySpec::mixed())));
    let home = Home::new();
    home.write("list.txt", lab.list());
    let line = "--json check list.txt --timeout 2 --concurrency 512 --output out.jsonl";
    let ended =
        home.start_under(&["prlimit", "--nofile=64:64"], words(line, &home.asking(&lab))).end().done();
    let rows = json_lines(&home.read("out.jsonl"));
    let told = |row: &serde_json::Value| {
        (row["proxy"].as_str().unwrap().to_owned(), row["status"].clone(), row["reason"].clone())
    };
    let found: BTreeSet<String> = rows.iter().map(|row| format!("{:?}", told(row))).collect();
    let truth = |proxy: &proxydeck_tests::lab::LabProxy| {
        let status = if proxy.truth.alive { "active" } else { "inactive" };
        (proxy.addr.to_string(), json!(status), json!(proxy.truth.reason))
    };
    let expected: BTreeSet<String> =
        lab.proxies().iter().map(|proxy| format!("{:?}", truth(proxy))).collect();
    let differ: Vec<&String> = found.symmetric_difference(&expected).collect();
    assert!(differ.is_empty(), "64 descriptors change no verdict: {differ:#?}, {}", ended.stderr);
    assert_eq!(ended.json()["checked"], lab.proxies().len(), "{}", ended.json());
}
