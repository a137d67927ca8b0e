//! The command `proxydeck` and where proxies lie. The lab is on loopback, of which the data that is compiled in knows
//! nothing, so the settings name a database in which each address of the lab has its country and its network.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use proxydeck_tests::cli::{Home, Lab, json_lines, words};
use proxydeck_tests::lab::{JudgeKind, JudgeSpec, LabProxy, ProxySpec, World, WorldBuilder};
use proxydeck_tests::mmdb::database;
use serde_json::{Value, json};

/// The name of a network that would colour a terminal if it came through.
const EVIL_NAME: &str = "Example \u{1b}[31mNetworks, Inc.";
/// The same as it is shown.
const SHOWN_NAME: &str = "Example \\u{1b}[31mNetworks, Inc.";

/// Two proxies that leave in Taiwan, one in the United States, one whose exit nobody knows, and a dead one. All are
/// entered in Japan.
fn world() -> WorldBuilder {
    World::seeded(61)
        .judge(JudgeSpec::new(JudgeKind::Own))
        .proxy(ProxySpec::http())
        .proxy(ProxySpec::socks5())
        .proxy(ProxySpec::http())
        .proxy(ProxySpec::socks4())
        .proxy(ProxySpec::http().fault(proxydeck_tests::lab::Fault::Refused))
}

fn v4(ip: IpAddr) -> Ipv4Addr {
    match ip {
        IpAddr::V4(v4) => v4,
        IpAddr::V6(_) => panic!("the lab leaves by version 4"),
    }
}

/// The database of a world: what `world` promises.
fn database_of(lab: &Lab) -> Vec<u8> {
    let mut said: BTreeMap<Ipv4Addr, Value> = BTreeMap::new();
    for proxy in lab.proxies() {
        said.insert(v4(proxy.addr.ip()), json!({ "country": { "iso_code": "JP" } }));
    }
    for (at, code, asn) in [(0, "TW", 64_501), (1, "TW", 64_499), (2, "US", 64_500)] {
        said.insert(
            v4(lab.proxies()[at].exit),
            json!({
                "country": { "iso_code": code },
                "autonomous_system_number": asn,
                "autonomous_system_organization": EVIL_NAME,
            }),
        );
    }
    let networks: Vec<_> = said.into_iter().map(|(address, value)| (address, 32, value)).collect();
    database("Lab", &networks)
}

/// Settings that name a database.
fn settings(path: &str) -> String {
    format!("[geo]\ndatabase = {path:?}\n")
}

fn list_of(lab: &Lab) -> String {
    lab.proxies().iter().map(|proxy| proxy.url() + "\n").collect()
}

/// Fails unless the rows say where each proxy lies.
#[track_caller]
fn lie_where_they_lie(lab: &Lab, rows: &[Value]) {
    assert_eq!(rows.len(), lab.proxies().len());
    let named = |proxy: &LabProxy| {
        let place = proxy.addr.to_string();
        rows.iter().find(|row| row["proxy"] == place).unwrap_or_else(|| panic!("no row for {place}"))
    };
    let wanted = [
        (json!("TW"), json!(64_501), json!(SHOWN_NAME)),
        (json!("TW"), json!(64_499), json!(SHOWN_NAME)),
        (json!("US"), json!(64_500), json!(SHOWN_NAME)),
        (Value::Null, Value::Null, Value::Null),
        (Value::Null, Value::Null, Value::Null),
    ];
    for (proxy, (country, asn, organisation)) in lab.proxies().iter().zip(wanted) {
        let row = named(proxy);
        assert_eq!(row["entry_country"], "JP", "{row}");
        assert_eq!(
            (&row["country"], &row["asn"], &row["organisation"]),
            (&country, &asn, &organisation),
            "{row}"
        );
    }
}

fn at(lab: &Lab, places: &[usize]) -> BTreeSet<String> {
    places.iter().map(|at| lab.proxies()[*at].addr.to_string()).collect()
}

#[test]
fn the_pool_is_listed_filtered_ordered_counted_and_exported_by_country() {
    let lab = Lab::start(world());
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", list_of(&lab));
    fs::create_dir(home.at("data")).unwrap();
    let path = home.write("lab.mmdb", database_of(&lab));
    home.write("data/settings.toml", settings(&path.to_string_lossy()));
    home.run(words("--data-dir data import list.txt --allow-private", &[])).done();
    let on_the_way = home.run(words("--data-dir data check --format jsonl --output -", &asking)).done();
    lie_where_they_lie(&lab, &json_lines(on_the_way.text()));

    let list = |more: &str| {
        let ended = home.run(words(&format!("--data-dir data list --format jsonl {more}"), &[])).done();
        json_lines(ended.text())
    };
    let places = |rows: &[Value]| -> BTreeSet<String> {
        rows.iter().map(|row| row["proxy"].as_str().unwrap().to_owned()).collect()
    };
    lie_where_they_lie(&lab, &list(""));
    assert_eq!(places(&list("--country tw")), at(&lab, &[0, 1]), "in any case of the letters");
    assert_eq!(places(&list("--country TW,US")), at(&lab, &[0, 1, 2]));
    assert_eq!(places(&list("--country TW --protocol socks5")), at(&lab, &[1]));
    assert_eq!(list("--country JP"), Vec::<Value>::new(), "where a proxy is entered is not its country");
    let ordered = |key: &str| -> Vec<Value> {
        list(&format!("--sort {key}")).iter().map(|row| row["asn"].clone()).collect()
    };
    assert_eq!(ordered("asn:desc")[..3], [json!(64_501), json!(64_500), json!(64_499)]);
    assert_eq!(ordered("country:desc,asn")[..4], [json!(64_500), json!(64_499), json!(64_501), Value::Null]);

    let table = home.run(words("--data-dir data list --country US", &[])).done();
    assert!(table.text().split_whitespace().any(|word| word == "US"), "{}", table.text());
    let csv = home.run(words("--data-dir data export --format csv --output - --country TW", &[])).done();
    let mut reader = csv::Reader::from_reader(csv.text().as_bytes());
    let head = reader.headers().unwrap().clone();
    let mut asns = BTreeSet::new();
    for record in reader.records() {
        let record = record.unwrap();
        let cell = |name: &str| &record[head.iter().position(|column| column == name).unwrap()];
        assert_eq!((cell("country"), cell("organisation")), ("TW", SHOWN_NAME));
        asns.insert(cell("asn").to_owned());
    }
    assert_eq!(asns, BTreeSet::from(["64499".to_owned(), "64501".to_owned()]));

    let stats = home.run(words("--data-dir data stats --json", &[])).done().json();
    let counted = json!([{ "value": "TW", "count": 2 }, { "value": "US", "count": 1 }]);
    assert_eq!(stats["country"], counted, "those that work, the most frequent first");
    let told = home.run(words("--data-dir data stats", &[])).done();
    assert!(told.text().lines().any(|line| line.split_whitespace().eq(["TW", "2"])), "{}", told.text());

    let again = home.run(words("--data-dir data --json check --country TW", &asking)).done().json();
    assert_eq!(again["checked"], 2, "{again}");
}

#[test]
fn a_proxy_that_is_given_by_name_is_entered_where_its_name_leads() {
    let lab = Lab::start(world());
    let home = Home::new();
    let first = lab.proxies()[0].addr;
    let mut asking = home.asking(&lab);
    asking.extend(["--resolve".to_owned(), format!("gate.lab.invalid:{}:{}", first.port(), first.ip())]);
    home.write("list.txt", format!("http://gate.lab.invalid:{}\n", first.port()));
    fs::create_dir(home.at("data")).unwrap();
    let path = home.write("lab.mmdb", database_of(&lab));
    home.write("data/settings.toml", settings(&path.to_string_lossy()));
    home.run(words("--data-dir data import list.txt", &[])).done();
    let entry = |command: &str, more: &[String]| {
        let ended = home.run(words(&format!("--data-dir data {command}"), more)).done();
        json_lines(ended.text())[0]["entry_country"].clone()
    };
    assert_eq!(entry("list --format jsonl", &[]), Value::Null, "nobody has asked yet");
    assert_eq!(entry("check --format jsonl --output -", &asking), "JP");
    assert_eq!(entry("list --format jsonl", &[]), "JP", "it is kept");
}

#[test]
fn a_list_that_is_not_kept_is_told_with_countries_too() {
    let lab = Lab::start(world());
    let home = Home::new();
    let asking = home.asking(&lab);
    home.write("list.txt", list_of(&lab));
    fs::create_dir_all(home.at(".local/share/proxydeck")).unwrap();
    let path = home.write("lab.mmdb", database_of(&lab));
    home.write(".local/share/proxydeck/settings.toml", settings(&path.to_string_lossy()));
    let ended = home.run(words("check list.txt --format jsonl --output -", &asking)).done();
    lie_where_they_lie(&lab, &json_lines(ended.text()));
    home.run(words("check list.txt --output out.csv", &asking)).done();
    let csv = home.read("out.csv");
    assert_eq!(csv.lines().filter(|line| line.contains(",TW,")).count(), 2, "{csv}");
    home.run(words("check list.txt --output out.json", &asking)).done();
    let rows: Vec<Value> = serde_json::from_str(&home.read("out.json")).unwrap();
    lie_where_they_lie(&lab, &rows);
    assert!(!home.at(".local/share/proxydeck/proxydeck.db").exists(), "nothing is kept");
}

#[test]
fn a_database_that_cannot_be_used_is_told_and_nothing_else_is_lost() {
    let home = Home::new();
    home.write("list.txt", "8.8.8.8:3128\n");
    home.run(words("--data-dir data import list.txt", &[])).done();
    let torn = home.write("torn.mmdb", "8.8.8.8,US\n");
    for (path, why) in
        [(torn, ".mmdb"), (home.at("missing.mmdb"), "does not exist"), (home.at("data"), "no file")]
    {
        home.write("data/settings.toml", settings(&path.to_string_lossy()));
        for verb in
            ["list --format jsonl", "stats --json", "export --format jsonl --output -", "import list.txt"]
        {
            let ended = home.run(words(&format!("--data-dir data {verb}"), &[])).done();
            for word in [why, "geo.database", &*path.to_string_lossy()] {
                assert!(ended.stderr.contains(word), "{verb} does not tell {word:?}: {}", ended.stderr);
            }
        }
        let rows = json_lines(home.run(words("--data-dir data list --format jsonl", &[])).done().text());
        assert_eq!(rows[0]["entry_country"], "US", "what is compiled in does its work: {}", rows[0]);
    }
    home.write("data/settings.toml", settings("lab.mmdb"));
    let ended = home.run(words("--data-dir data import list.txt", &[])).done();
    assert!(ended.stderr.contains("geo.database"), "a path that depends on the folder: {}", ended.stderr);
}

#[test]
fn letters_that_no_country_has_are_wrong_usage() {
    let home = Home::new();
    for line in [
        "list --country UK",
        "list --country TWN",
        "export --output - --country TW,XX",
        "check --country 台灣",
    ] {
        let ended = home.run(words(&format!("--data-dir data {line}"), &[])).with_status(2);
        assert!(ended.stderr.contains("--country"), "{line}: {}", ended.stderr);
    }
    assert!(!home.at("data").exists(), "nothing was begun");
}
