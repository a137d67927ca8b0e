//! Collecting by the command, against the lab's fake web: what comes of each kind of source, and the account of it.
//!
//! The addresses in the lists are invented and never dialled. The built-in sources are switched off in every home, since
//! nothing here may be asked that is not the lab's.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proxydeck_tests::cli::{Ended, Home, Lab, wait_until};
use proxydeck_tests::lab::{
    Coding, Fault, JudgeKind, Page, Patience, ProxySpec, Site, SiteSpec, Web, World, WorldBuilder,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// What decides the lists of these webs.
const SEED: u64 = 11;
/// How soon after an interrupt a round must have ended; a debug build on a busy machine needs its time to stop.
const END_LIMIT: Duration = Duration::from_secs(5);

/// A list that takes seconds to write.
const LARGE: u64 = 200_000;

/// A home with its data folder, and a web of one site beside it.
struct Scene {
    home: Home,
    site: Site,
    web: Web,
    runtime: Runtime,
}

impl Scene {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let (web, site) = {
            let _inside = runtime.enter();
            let web = Web::seeded(SEED).unwrap();
            let site = web.site(SiteSpec::default()).unwrap();
            (web, site)
        };
        let scene = Self { home: Home::new(), site, web, runtime };
        scene.run(&["sources", "disable", "--all"]).done();
        scene
    }

    fn run(&self, args: &[&str]) -> Ended {
        self.home.run([&["--data-dir", "pool"], args].concat())
    }

    fn json(&self, args: &[&str]) -> Value {
        self.run(&[&["--json"], args].concat()).done().json()
    }

    /// Runs the command as if so many hours had passed since the scene began.
    fn after_hours(&self, hours: u32, args: &[&str]) -> Ended {
        let shift = format!("+{hours}h");
        // Only the calendar is moved: whoever waits goes by the other clock.
        let under = ["env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "faketime", "-f", &shift];
        self.home.start_under(&under, [&["--data-dir", "pool"], args].concat()).end()
    }

    /// One round on each of these days, whatever comes of it.
    fn rounds_on_days(&self, days: std::ops::RangeInclusive<u32>) {
        for day in days {
            self.after_hours(day * 24, &["collect"]);
        }
    }

    /// The notes on a source, so many hours after the scene began.
    fn notes(&self, hours: u32, name: &str) -> Vec<String> {
        let sources = self.after_hours(hours, &["--json", "sources", "list"]).done().json();
        let source = sources.as_array().unwrap().iter().find(|source| source["name"] == name).unwrap();
        let notes = source["notes"].as_array().unwrap();
        notes.iter().map(|note| note["note"].as_str().unwrap().to_owned()).collect()
    }

    /// A further site of the same web.
    fn other_site(&self) -> Site {
        let _inside = self.runtime.enter();
        self.web.site(SiteSpec::default()).unwrap()
    }

    /// Serves a page, and adds it as a source.
    fn source(&self, name: &str, page: Page) {
        self.source_of(&self.site, name, page);
    }

    fn source_of(&self, site: &Site, name: &str, page: Page) {
        let url = site.page(&format!("/{name}"), page).unwrap();
        self.run(&["sources", "add", &url, "--name", name]).done();
    }

    /// The sources by their names.
    fn sources(&self) -> BTreeMap<String, Value> {
        let sources = self.json(&["sources", "list"]);
        let named = |source: &Value| (source["name"].as_str().unwrap().to_owned(), source.clone());
        sources.as_array().unwrap().iter().map(named).collect()
    }

    fn named(&self, name: &str) -> Value {
        self.sources().remove(name).unwrap()
    }

    fn total(&self) -> u64 {
        self.json(&["stats"])["total"].as_u64().unwrap()
    }
}

#[test]
fn a_round_brings_in_what_the_sources_have_and_says_of_each_how_much() {
    let scene = Scene::new();
    scene.source("etag", Page::Etag(500));
    scene.source("longer", Page::LastModified(700));
    let first = scene.json(&["collect"]);
    assert_eq!(first["sources"], 2);
    assert_eq!(
        (&first["found"], &first["distinct"], &first["new"]),
        (&json!(1200), &json!(700), &json!(700))
    );
    assert_eq!(first["outcomes"], json!({"changed": 2}));
    assert_eq!(scene.total(), 700, "what both have is one proxy");
    let longer = scene.named("longer");
    assert_eq!((&longer["holds"], &longer["only_here"]), (&json!(700), &json!(200)));
    assert_eq!(scene.named("etag")["only_here"], 0);
    assert_eq!(longer["last_visit"]["accepted"], 700);
    assert_eq!(longer["fresh"].as_array().unwrap().len(), 14);

    let second = scene.json(&["collect"]);
    assert_eq!(second["outcomes"], json!({"not_modified": 2}), "each was asked whether it had changed");
    assert_eq!((&second["new"], &second["bytes"]), (&json!(0), &json!(0)));
    let asked = scene.site.visits("/etag");
    assert!(asked[1].field("If-None-Match").is_some());
    assert!(asked[0].field("User-Agent").unwrap().starts_with("Proxydeck/"));
    let filtered = scene.json(&["export", "--source", "etag", "--all", "--output", "of-etag.txt"]);
    assert_eq!(filtered["written"], 500);
}

#[test]
fn every_kind_of_source_ends_as_it_should() {
    let scene = Scene::new();
    let here = scene.site.url("/moved");
    let cases: Vec<(&str, Page, &str, Option<&str>, u64)> = vec![
        ("plain", Page::List(100), "changed", None, 100),
        ("frozen", Page::Frozen(100), "changed", None, 100),
        ("packed", Page::Packed(Coding::Gzip, 100), "changed", None, 100),
        ("utf-16", Page::Utf16(100), "changed", None, 100),
        ("once-503", Page::Unavailable(Patience::Unsaid, 1), "changed", None, 100),
        ("moved", Page::List(100), "changed", None, 100),
        ("redirect", Page::Redirect(302, here), "changed", None, 100),
        ("portal", Page::Portal, "wrong_page", Some("login"), 0),
        ("captcha", Page::Captcha, "wrong_page", Some("challenge"), 0),
        ("error", Page::ErrorPage, "wrong_page", Some("error"), 0),
        ("gone", Page::Status(404), "failed", Some("status"), 0),
        ("loop", Page::Redirect(302, "/loop".to_owned()), "failed", Some("redirect_loop"), 0),
        ("file", Page::Redirect(302, "file:///etc/passwd".to_owned()), "failed", Some("redirect_scheme"), 0),
        ("bomb", Page::Bomb(Coding::Gzip, 256), "failed", Some("bomb"), 0),
        ("huge", Page::Huge(1 << 40), "failed", Some("too_large"), 0),
        ("short", Page::Short(1000), "failed", Some("broken"), 0),
        ("truncated", Page::TruncatedJson(100), "changed", None, 100),
        ("garbage", Page::Garbage, "failed", Some("broken"), 0),
    ];
    for (name, page, ..) in &cases {
        scene.source(name, page.clone());
    }
    // A site of its own, since whoever asks for patience is let be with all its pages.
    let busy_site = scene.other_site();
    scene.source_of(&busy_site, "busy", Page::Limited(Patience::Seconds(3600), None));
    let ended = scene.run(&["--json", "collect"]).done();
    assert!(ended.peak_kib < 200 * 1024, "{} KiB: a bomb or an endless body was kept", ended.peak_kib);
    let result = ended.json();
    let visits: BTreeMap<&str, &Value> = result["visits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|visited| (visited["source"].as_str().unwrap(), &visited["visit"]))
        .collect();
    for (name, _, outcome, failure, accepted) in &cases {
        let visit = visits[name];
        assert_eq!(visit["outcome"], *outcome, "{name}: {visit}");
        assert_eq!(visit["failure"].as_str(), *failure, "{name}: {visit}");
        // Of what broke off, that is taken which was whole.
        if *name == "truncated" {
            assert!((50..*accepted).contains(&visit["accepted"].as_u64().unwrap()), "{visit}");
        } else {
            assert_eq!(visit["accepted"], *accepted, "{name}: {visit}");
        }
    }
    assert_eq!(scene.total(), 100, "all of them have the same list");
    let busy = scene.named("busy");
    let (next, last) = (busy["next_visit"].as_i64().unwrap(), busy["last_visit"]["at"].as_i64().unwrap());
    assert!(next - last >= 3_600_000, "it asked for an hour: {busy}");
    assert_eq!(busy["last_visit"]["code"], 429);
    assert_eq!(visits["busy"]["failure"], "rate_limited");
    let before = busy_site.visits("/busy").len();
    scene.run(&["collect"]).done();
    assert_eq!(busy_site.visits("/busy").len(), before, "who asks for patience gets it");
}

#[test]
fn what_leaves_a_list_leaves_the_source_and_stays_in_the_pool() {
    let scene = Scene::new();
    scene.source("changing", Page::Changing(300));
    scene.run(&["collect"]).done();
    let second = scene.json(&["collect"]);
    let visit = &second["visits"][0]["visit"];
    assert_eq!(visit["outcome"], "changed");
    let (new, gone) = (visit["new"].as_u64().unwrap(), visit["gone"].as_u64().unwrap());
    assert!(new > 0 && gone > 0, "{visit}");
    assert_eq!(scene.named("changing")["holds"], 300, "it has what its last list has");
    assert_eq!(scene.total(), 300 + new, "nothing is thrown away that may work");
}

#[test]
fn a_deleted_proxy_that_is_met_again_stays_deleted() {
    let scene = Scene::new();
    scene.source("frozen", Page::Changing(50));
    scene.run(&["collect"]).done();
    scene.run(&["delete", "--all"]).done();
    scene.source("again", Page::List(50));
    scene.site.page("/frozen", Page::List(50)).unwrap();
    let round = scene.json(&["collect"]);
    let met = round["found"].as_u64().unwrap();
    assert_eq!(met, 100);
    assert_eq!(
        scene.total(),
        round["new"].as_u64().unwrap(),
        "only what was never deleted is there: {round}"
    );
}

#[test]
fn a_list_on_several_pages_is_one_list() {
    let scene = Scene::new();
    scene.site.page("/pages", Page::Numbered(5, 40)).unwrap();
    let address = scene.site.url("/pages?page={page}");
    scene.run(&["sources", "add", &address, "--name", "pages"]).done();
    let round = scene.json(&["collect", "pages"]);
    assert_eq!(round["found"], 200, "{round}");
    assert_eq!(scene.site.visits("/pages").len(), 6, "the page after the last says that it was the last");
}

#[test]
fn a_copy_is_told_and_costs_no_second_work() {
    let scene = Scene::new();
    scene.source("original", Page::Etag(400));
    scene.source("copy", Page::Etag(390));
    // Three comparisons tell it, and in the first round the copy may be done before the original is there.
    for _ in 0..4 {
        scene.run(&["collect"]).done();
    }
    let copy = scene.named("copy");
    assert_eq!(copy["notes"][0]["note"], "copy_of", "{copy}");
    assert_eq!(copy["notes"][0]["name"], "original");
    assert_eq!(scene.named("original")["notes"], json!([]));
    let before = scene.site.visits("/copy").len();
    let round = scene.json(&["collect"]);
    assert_eq!(round["sources"], 1, "it is let be for a day");
    scene.run(&["collect", "copy"]).done();
    assert_eq!(scene.site.visits("/copy").len(), before + 1, "unless somebody names it");
}

#[test]
fn a_list_that_stands_still_for_a_fortnight_behind_fresh_answers_is_told_and_costs_a_visit_a_day() {
    let scene = Scene::new();
    scene.source("frozen", Page::Frozen(100));
    scene.source("lively", Page::Changing(50));
    scene.rounds_on_days(0..=13);
    assert_eq!(scene.notes(13 * 24, "frozen"), Vec::<String>::new(), "a fortnight is not over");
    scene.rounds_on_days(14..=14);
    assert_eq!(scene.notes(14 * 24, "frozen"), ["frozen"]);
    assert_eq!(scene.notes(14 * 24, "lively"), Vec::<String>::new());

    let visits = |name: &str| scene.site.visits(&format!("/{name}")).len();
    let before = (visits("frozen"), visits("lively"));
    scene.after_hours(14 * 24 + 12, &["collect"]).done();
    assert_eq!((visits("frozen"), visits("lively")), (before.0, before.1 + 1), "it is let be for a day");
    scene.site.page("/frozen", Page::Changing(70)).unwrap();
    scene.rounds_on_days(15..=15);
    assert_eq!(scene.notes(15 * 24, "frozen"), Vec::<String>::new(), "it came to life");
}

#[test]
fn a_list_that_lets_nothing_go_for_a_week_is_told() {
    let scene = Scene::new();
    scene.source("growing", Page::Appending(300, 10));
    scene.rounds_on_days(0..=6);
    assert_eq!(scene.notes(6 * 24, "growing"), Vec::<String>::new(), "a week is not over");
    scene.rounds_on_days(7..=7);
    assert_eq!(scene.notes(7 * 24, "growing"), ["append_only"]);
    scene.site.page("/growing", Page::List(200)).unwrap();
    scene.rounds_on_days(8..=8);
    assert_eq!(scene.notes(8 * 24, "growing"), Vec::<String>::new(), "it let something go");
}

#[test]
fn a_source_that_cannot_be_read_for_a_week_is_paused_and_can_be_set_going_again() {
    let scene = Scene::new();
    scene.source("gone", Page::List(100));
    scene.rounds_on_days(0..=0);
    scene.site.page("/gone", Page::Status(404)).unwrap();
    scene.rounds_on_days(1..=7);
    assert_eq!(scene.named("gone")["paused"], Value::Null, "six days of failing are no week");
    scene.rounds_on_days(8..=8);
    let paused = scene.named("gone");
    assert_eq!((&paused["paused"], &paused["next_visit"]), (&json!("unreadable"), &Value::Null));
    assert_eq!(paused["holds"], 100, "what it brought is still its own");
    let before = scene.site.visits("/gone").len();
    scene.rounds_on_days(9..=9);
    assert_eq!(scene.site.visits("/gone").len(), before, "it is let be");

    scene.site.page("/gone", Page::List(120)).unwrap();
    scene.after_hours(10 * 24, &["sources", "enable", "gone"]).done();
    scene.rounds_on_days(10..=10);
    let back = scene.named("gone");
    assert_eq!((&back["paused"], &back["holds"]), (&Value::Null, &json!(120)));
}

#[test]
fn a_source_of_which_nothing_works_for_a_week_is_paused_by_what_checks_found() {
    let scene = Scene::new();
    let dead = (0..30).map(|_| ProxySpec::http().fault(Fault::Refused));
    let world = World::seeded(13).judge(JudgeKind::Own).proxy(ProxySpec::http());
    let lab = Lab::start(dead.fold(world, WorldBuilder::proxy));
    // The one that works stands first.
    let lines: Vec<String> = lab.proxies().iter().map(|proxy| proxy.addr.to_string()).collect();
    let page = |lines: &[String]| Page::Body("text/plain".to_owned(), lines.join("\n").into_bytes());
    scene.home.write("pool/settings.toml", "version = 1\n\n[checking]\nallow_private = true\n");
    scene.source("barren", page(&lines[1..]));
    scene.source("fruitful", page(&lines));
    scene.rounds_on_days(0..=0);
    let judges = scene.home.asking(&lab);
    let check: Vec<&str> = ["check"].into_iter().chain(judges.iter().map(String::as_str)).collect();
    let checked = scene.run(&check).done();
    assert!(checked.stderr.contains("31"), "{}", checked.stderr);
    scene.rounds_on_days(1..=7);
    assert_eq!(scene.named("barren")["paused"], Value::Null, "six days since it is known are no week");
    scene.rounds_on_days(8..=8);
    let sources = scene.sources();
    assert_eq!(sources["barren"]["paused"], "nothing_works");
    assert_eq!((&sources["fruitful"]["paused"], &sources["fruitful"]["working"]), (&Value::Null, &json!(1)));
}

#[test]
fn sources_are_the_users_to_change() {
    let scene = Scene::new();
    let url = scene.site.page("/mine.txt", Page::List(20)).unwrap();
    let tested = scene.json(&["sources", "test", &url]);
    assert_eq!((&tested["visit"]["accepted"], &tested["visit"]["new"]), (&json!(20), &json!(20)));
    assert_eq!(tested["sample"].as_array().unwrap().len(), 20);
    assert_eq!(scene.total(), 0, "looking keeps nothing");

    let added =
        scene.json(&["sources", "add", &url, "--name", "mine", "--protocol", "socks5", "--interval", "30"]);
    assert_eq!(
        (&added["name"], &added["protocol"], &added["built_in"]),
        (&json!("mine"), &json!("socks5"), &json!(false))
    );
    scene.run(&["sources", "add", &url, "--name", "twice"]).complains(&["already", "mine"]);
    scene.run(&["sources", "add", "ftp://a.example/list", "--name", "ftp"]).complains(&["http://"]);
    scene.run(&["sources", "add", "http://ann:pw@a.example/", "--name", "account"]).complains(&["account"]);
    scene.run(&["sources", "add", "http://a.example/{date}", "--name", "braces"]).complains(&["{date}"]);
    scene.run(&["sources", "add", "http://a.example/", "--json-path", "$.["]).complains(&["JSON path"]);
    scene.run(&["sources", "edit", "nobody"]).complains(&["nobody"]);

    let edited = scene.json(&["sources", "edit", "mine", "--name", "ours", "--priority", "80"]);
    assert_eq!(
        (&edited["name"], &edited["priority"], &edited["protocol"]),
        (&json!("ours"), &json!(80), &json!("socks5"))
    );
    scene.run(&["collect", "ours"]).done();
    let socks5 = scene.json(&["export", "--protocol", "socks5", "--all", "--output", "socks5.txt"]);
    assert_eq!(socks5["written"], 20, "the source says what its entries speak");
    scene.run(&["sources", "disable", "ours"]).done();
    assert_eq!(scene.named("ours")["next_visit"], Value::Null);
    scene.run(&["sources", "remove", "ours"]).done();
    assert!(!scene.sources().contains_key("ours"));
    assert_eq!(scene.total(), 20, "what it brought stays");
    scene.run(&["sources", "add", &url, "--name", "mine"]).done();
    assert_eq!(scene.named("mine")["priority"], 50, "it comes back as it is wanted now");
}

#[test]
fn a_file_can_be_a_source_too() {
    let scene = Scene::new();
    let list = scene.home.write("list.txt", "5.6.7.8:80\n5.6.7.9:80\n");
    scene.run(&["sources", "add", list.to_str().unwrap(), "--name", "mine"]).done();
    assert_eq!(scene.json(&["collect", "mine"])["new"], 2);
    assert_eq!(scene.json(&["collect", "mine"])["outcomes"], json!({"unchanged": 1}));
    scene.home.write("list.txt", "5.6.7.9:80\n5.6.7.10:80\n");
    let round = scene.json(&["collect", "mine"]);
    let visit = &round["visits"][0]["visit"];
    assert_eq!((&visit["new"], &visit["gone"]), (&json!(1), &json!(1)));
    let endless = scene.json(&["sources", "test", "/dev/zero"]);
    assert_eq!(endless["visit"]["failure"], "unreadable", "what never ends is not begun: {endless}");
    std::fs::remove_file(list).unwrap();
    scene.run(&["collect", "mine"]).complains(&["could be read"]);
}

#[test]
fn a_source_read_by_selectors_and_by_a_path_yields_what_they_point_to() {
    let scene = Scene::new();
    let page = r"<div class=ads><p>9.9.9.9</p><i>99</i></div>
        <ul><li class=p><b>5.6.7.8</b><i>3128</i></li><li class=p><b>5.6.7.9</b><i>8080</i></li></ul>";
    let url = scene.site.page("/page.html", Page::Body("text/html".to_owned(), page.into())).unwrap();
    let tested = scene.json(&["sources", "test", &url, "--row", "li.p", "--host", "b", "--port", "i"]);
    assert_eq!(tested["sample"], json!(["5.6.7.8:3128", "5.6.7.9:8080"]), "{tested}");
    let data = r#"{"old":[{"ip":"9.9.9.9","port":1}],"now":[{"ip":"5.6.7.8","port":3128}]}"#;
    let url = scene.site.page("/data.json", Page::Body("application/json".to_owned(), data.into())).unwrap();
    let tested = scene.json(&["sources", "test", &url, "--json-path", "$.now[*]"]);
    assert_eq!(tested["sample"], json!(["5.6.7.8:3128"]), "{tested}");
}

#[test]
fn sources_are_fetched_through_the_proxy_that_the_settings_name() {
    let scene = Scene::new();
    scene.source("list", Page::List(30));
    let lab = Lab::start(World::seeded(12).proxy(ProxySpec::socks5()));
    let proxy = lab.proxies().remove(0);
    let through = |address: &str| {
        let settings = format!("version = 1\n\n[collecting]\nthrough = \"{address}\"\n");
        scene.home.write("pool/settings.toml", settings);
    };
    through(&format!("socks5://{}", proxy.addr));
    assert_eq!(scene.json(&["collect"])["new"], 30);
    assert_eq!(scene.site.visits("/list")[0].from, proxy.exit, "it came from where the proxy leaves");

    // Nobody listens at this port of the proxy's address.
    through(&format!("socks5://{}:9", proxy.addr.ip()));
    let failed = scene.run(&["--json", "collect"]).with_status(1);
    let visit = failed.json()["visits"][0]["visit"].clone();
    assert_eq!((&visit["outcome"], &visit["failure"]), (&json!("failed"), &json!("proxy_failed")), "{visit}");
    assert_eq!(scene.named("list")["holds"], 30, "what it had it still has");

    through("pool");
    scene.run(&["collect"]).complains(&["No working proxy of the pool"]);
}

#[test]
fn an_interrupted_round_keeps_what_it_has_and_ends_at_once() {
    let scene = Scene::new();
    scene.source("quick", Page::List(100));
    scene.source("silent", Page::Silent);
    let round = scene.home.start(["--data-dir", "pool", "--json", "collect"]);
    wait_until("the silent source is asked", || !scene.site.visits("/silent").is_empty());
    wait_until("the quick one is kept", || {
        scene.run(&["--json", "stats"]).done().json()["total"] == json!(100)
    });
    let sent = Instant::now();
    round.interrupt();
    let ended = round.end().with_status(130);
    assert!(sent.elapsed() < END_LIMIT, "it took {:?}", sent.elapsed());
    assert_eq!(ended.json()["new"], 100);
    assert_eq!(
        scene.named("silent")["last_visit"],
        Value::Null,
        "what was called off says nothing of a source"
    );
}

#[test]
fn a_killed_round_leaves_nothing_half_and_the_next_one_completes_it() {
    let scene = Scene::new();
    scene.source("large", Page::List(60_000));
    let round = scene.home.start(["--data-dir", "pool", "collect"]);
    wait_until("it is being written", || {
        let stats = scene.run(&["--json", "stats"]);
        stats.status == Some(0) && stats.json()["total"].as_u64() > Some(1000)
    });
    round.kill();
    let visit = scene.named("large")["last_visit"].clone();
    let half = scene.total();
    assert!(visit.is_null() || half == 60_000, "a visit counts only when all of it is there: {visit}");
    scene.run(&["collect"]).done();
    assert_eq!(scene.total(), 60_000);
    assert_eq!(scene.named("large")["holds"], 60_000);
}

#[test]
fn what_a_killed_visit_had_written_is_made_good_even_where_the_old_list_comes_back() {
    let scene = Scene::new();
    scene.source("wavering", Page::Etag(100));
    scene.run(&["collect"]).done();
    // Seconds of writing, so that the middle is met.
    scene.site.page("/wavering", Page::List(LARGE)).unwrap();
    let round = scene.home.start(["--data-dir", "pool", "collect"]);
    wait_until("it is being written", || scene.total() > 1000);
    round.kill();
    assert!(scene.total() < LARGE, "it was killed in the middle");
    scene.site.page("/wavering", Page::Etag(100)).unwrap();
    let again = scene.json(&["collect"]);
    assert_eq!(again["outcomes"], json!({"changed": 1}), "what stands there is looked at whole");
    let of_source = scene.json(&["export", "--source", "wavering", "--all", "--output", "of-source.txt"]);
    assert_eq!(of_source["written"], 100, "the source has what its list has");
    assert_eq!(scene.named("wavering")["holds"], 100);
}

#[test]
fn sources_can_be_looked_at_while_another_writes_and_before_anything_was_written() {
    let home = Home::new();
    std::fs::create_dir(home.at("pool")).unwrap();
    let fresh = home.run(["--data-dir", "pool", "--json", "sources", "list"]).done().json();
    assert!(fresh.as_array().unwrap().len() > 100, "the catalogue is known before the first start");
    let on = fresh.as_array().unwrap().iter().filter(|source| source["enabled"] == true).count();
    assert!(on >= 50, "{on} are on");
}
