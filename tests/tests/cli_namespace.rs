//! What loopback alone does not have: addresses of IPv6 that differ, names that nobody knows, networks without a way.
//!
//! Each test runs itself once more in a network namespace that it makes, which has nothing but loopback and the addresses
//! given to it here. That takes root; without it, a test says that it was skipped.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop at that very line, and one that is skipped says so"
)]

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::process::Command;

use proxydeck_tests::cli::{Home, Lab, is_root, json_lines, words};
use proxydeck_tests::lab::{
    Face, Fault, JudgeKind, JudgeSpec, LabProxy, Listed, ProxySpec, World, WorldBuilder,
};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// Says to a test that it runs in its namespace.
const INSIDE: &str = "PROXYDECK_TEST_NAMESPACE";
/// Our own address of IPv6: the only one that the namespace has beside `::1`.
const OURS: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0xc1);
/// A second one of ours, which a judge in another network sees.
const OURS_TOO: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0xc1);
/// A judge's address.
const JUDGE: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0x53);
/// A judge's address in the network of our second.
const OTHER_JUDGE: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 1, 0, 0, 0, 0, 0x53);
/// An address that lies where a route says that there is no way.
const NOWHERE: &str = "[2001:db8:dead::1]:8080";
/// An address to which no route leads at all.
const NO_ROUTE: &str = "198.51.100.7:8080";

/// Lets a socket have an address that is the machine's by a route alone; each namespace has a switch of its own.
const BIND_ANYWHERE: &str = "/proc/sys/net/ipv6/ip_nonlocal_bind";

/// What makes loopback a small internet. Whole networks are the machine's own (`local`), so that the lab can listen at
/// and leave from any address in them, and yet a client is seen as the one address that is assigned.
const SETUP: &str = "ip link set lo up
ip address add 5.6.7.8/32 dev lo
ip address add 5.6.7.9/32 dev lo
ip -6 address add 2001:db8::c1/128 dev lo
ip -6 address add fd00::c1/128 dev lo
ip -6 route add local 2001:db8:1::/48 dev lo src 2001:db8::c1
ip -6 route add local 2001:db8:2::/48 dev lo src 2001:db8::c1
ip -6 route add local 2001:db8:3::/48 dev lo src 2001:db8::c1
ip -6 route add local fd00:0:1::/48 dev lo src fd00::c1
ip -6 route add unreachable 2001:db8:dead::/48";

/// The end of a namespace, when this is dropped.
struct Namespace(String);

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.0]).status();
    }
}

/// Whether this process is the one in the namespace. If not, it makes one, runs the test of this name in it, and fails
/// if that does.
#[track_caller]
fn in_a_namespace(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        std::fs::write(BIND_ANYWHERE, "1").unwrap();
        return true;
    }
    if !is_root() {
        println!("{test}: skipped, since a network namespace takes root");
        return false;
    }
    // The number of the process tells namespaces of test runs apart that go on at the same time.
    let name = format!("proxydeck-{}-{test}", std::process::id());
    let made = Command::new("ip").args(["netns", "add", &name]).output().unwrap();
    if !made.status.success() {
        let why = String::from_utf8_lossy(&made.stderr).into_owned();
        println!("{test}: skipped, since no network namespace can be made here: {why}");
        return false;
    }
    let namespace = Namespace(name);
    let inside = |command: &mut Command| {
        let output = command.output().unwrap();
        let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(output.status.success(), "in the namespace: {}", told.concat());
        told.concat()
    };
    for line in SETUP.lines() {
        inside(Command::new("ip").args(["netns", "exec", &namespace.0]).args(line.split(' ')));
    }
    let test_program = std::env::current_exe().unwrap();
    let told = inside(
        Command::new("ip")
            .args(["netns", "exec", &namespace.0])
            .arg(test_program)
            .args(["--exact", test, "--nocapture"])
            .env(INSIDE, "1"),
    );
    assert!(told.contains("1 passed"), "it must have run: {told}");
    false
}

fn at(network: u16, host: u16) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, network, 0, 0, 0, 0, host)
}

/// A proxy on IPv6 that leaves over IPv6, each from an address of its own.
fn on_ipv6(number: u16, spec: ProxySpec) -> ProxySpec {
    spec.listens_at(at(2, number).into()).leaves_over_ipv6_through(at(3, number))
}

/// Checks a list and gives the row of each line, in order.
fn check(home: &Home, list: &[String], options: &[String]) -> Vec<Value> {
    home.write("list.txt", list.iter().map(|line| line.clone() + "\n").collect::<String>());
    let line = "check list.txt --timeout 4 --output - --format jsonl";
    let ended = home.run(words(line, options)).done();
    let rows = json_lines(ended.text());
    let place = |line: &String| line.rsplit(['/', '@']).next().unwrap_or(line).to_owned();
    let of = |line| rows.iter().find(|row| row["proxy"] == place(line)).cloned();
    list.iter().map(|line| of(line).unwrap_or_else(|| panic!("no row for {line}: {rows:?}"))).collect()
}

fn yes(row: &Value) -> BTreeSet<&str> {
    let answers = row["capabilities"].as_object().unwrap();
    answers.iter().filter(|(_, answer)| answer["ok"] == true).map(|(word, _)| word.as_str()).collect()
}

/// What a row says of anonymity: level, giveaway, exit.
fn shown(row: &Value) -> (Option<&str>, Option<String>, Option<&str>) {
    let giveaway = row["giveaway"].as_str().map(str::to_ascii_lowercase);
    (row["anonymity"].as_str(), giveaway, row["exit_ip"].as_str())
}

fn add(lab: &Lab, specs: Vec<ProxySpec>) -> Vec<LabProxy> {
    specs.into_iter().map(|spec| lab.wait(lab.add(spec)).unwrap()).collect()
}

fn judges_on_ipv6() -> WorldBuilder {
    World::seeded(71)
        .judge(JudgeSpec::new(JudgeKind::Own).at(JUDGE.into()))
        .judge(JudgeSpec::new(JudgeKind::Azenv).at(JUDGE.into()))
}

#[test]
fn exits_on_ipv6_are_judged_by_our_own_addresses() {
    if !in_a_namespace("exits_on_ipv6_are_judged_by_our_own_addresses") {
        return;
    }
    let lab = Lab::start(World::seeded(71).judge(JudgeSpec::new(JudgeKind::Own).at(JUDGE.into())));
    let proxies = add(
        &lab,
        vec![
            on_ipv6(1, ProxySpec::http()),
            on_ipv6(2, ProxySpec::http().anonymous()),
            on_ipv6(3, ProxySpec::http().transparent()),
            on_ipv6(4, ProxySpec::http().face(Face::Forwarded)),
            on_ipv6(5, ProxySpec::http().face(Face::ForwardedForList)),
            on_ipv6(6, ProxySpec::http().face(Face::ClientsExit)).leaves_over_ipv6_through(OURS),
            on_ipv6(7, ProxySpec::socks5()),
            on_ipv6(8, ProxySpec::socks5().transparent()),
            on_ipv6(9, ProxySpec::http().account("ann", "s3cret").listed(Listed::Wrong)),
            on_ipv6(10, ProxySpec::http().fault(Fault::Silent)),
        ],
    );
    let home = Home::new();
    let list: Vec<String> = proxies.iter().map(LabProxy::url).collect();
    let rows = check(&home, &list, &home.asking(&lab));
    let exit = |number: usize| at(3, u16::try_from(number).unwrap()).to_string();
    let expected = [
        ("elite", None),
        ("anonymous", Some("via")),
        ("transparent", Some("x-forwarded-for")),
        ("transparent", Some("forwarded")),
        ("transparent", Some("x-forwarded-for")),
        ("transparent", Some("exit")),
        ("elite", None),
        ("transparent", Some("x-forwarded-for")),
    ];
    for (number, (level, giveaway)) in (1..).zip(expected) {
        let row = &rows[number - 1];
        let seen = if giveaway == Some("exit") { OURS.to_string() } else { exit(number) };
        assert_eq!(
            shown(row),
            (Some(level), giveaway.map(str::to_owned), Some(seen.as_str())),
            "number {number}: {row}"
        );
        assert_eq!(row["status"], "active", "{row}");
    }
    assert_eq!(yes(&rows[0]), BTreeSet::from(["http", "connect", "ipv6"]), "{}", rows[0]);
    assert_eq!(yes(&rows[6]), BTreeSet::from(["socks5", "ipv6"]), "{}", rows[6]);
    assert_eq!(rows[8]["reason"], "auth_failed", "{}", rows[8]);
    assert_eq!(rows[9]["reason"], "handshake_timeout", "{}", rows[9]);
}

#[test]
fn an_azenv_page_is_read_over_ipv6_too() {
    if !in_a_namespace("an_azenv_page_is_read_over_ipv6_too") {
        return;
    }
    let lab = Lab::start(judges_on_ipv6());
    let proxies = add(
        &lab,
        vec![on_ipv6(1, ProxySpec::http()), on_ipv6(2, ProxySpec::http().face(Face::ForwardedForPort))],
    );
    let home = Home::new();
    let azenv: Vec<String> = lab
        .judges()
        .iter()
        .filter(|judge| judge.kind == JudgeKind::Azenv)
        .map(|judge| judge.url.clone())
        .collect();
    let mut options = words("--allow-private", &[]);
    options.extend(azenv.into_iter().flat_map(|url| ["--judge".to_owned(), url]));
    let rows = check(&home, &proxies.iter().map(LabProxy::url).collect::<Vec<_>>(), &options);
    assert_eq!(shown(&rows[0]), (Some("elite"), None, Some(at(3, 1).to_string().as_str())), "{}", rows[0]);
    assert_eq!(
        shown(&rows[1]),
        (Some("transparent"), Some("x-forwarded-for".to_owned()), Some(at(3, 2).to_string().as_str())),
        "ours in brackets and with a port: {}",
        rows[1]
    );
}

#[test]
fn who_reaches_ipv6_and_who_leaks_ours_is_told_of_proxies_on_ipv4() {
    if !in_a_namespace("who_reaches_ipv6_and_who_leaks_ours_is_told_of_proxies_on_ipv4") {
        return;
    }
    let lab = Lab::start(
        World::seeded(72)
            .judge(JudgeKind::Own)
            .judge(JudgeSpec::new(JudgeKind::Own).at(JUDGE.into()))
            .judge(JudgeSpec::new(JudgeKind::Own).at(OTHER_JUDGE.into())),
    );
    let exit = |spec: ProxySpec, number| spec.leaves_over_ipv6_through(at(3, number));
    let telling = |address: Ipv6Addr| ProxySpec::http().transparent().tells(address.into());
    let proxies = add(
        &lab,
        vec![
            exit(ProxySpec::http(), 1),
            exit(ProxySpec::socks5(), 2),
            exit(ProxySpec::mixed(), 3),
            ProxySpec::http().without_ipv6(),
            ProxySpec::socks5().without_ipv6(),
            ProxySpec::http().without_connect(),
            ProxySpec::socks4(),
            telling(OURS),
            telling(OURS_TOO),
            telling(at(9, 9)),
        ],
    );
    let home = Home::new();
    let rows = check(&home, &proxies.iter().map(LabProxy::url).collect::<Vec<_>>(), &home.asking(&lab));
    let ipv6 = |row: &Value| {
        (row["capabilities"]["ipv6"]["ok"].clone(), row["capabilities"]["ipv6"]["code"].as_u64())
    };
    for row in &rows {
        assert_eq!(row["status"], "active", "{row}");
    }
    for (row, proxy) in rows.iter().zip(&proxies).take(3) {
        assert_eq!(ipv6(row).0, true, "it reaches IPv6: {row}");
        assert_eq!(row["exit_ip"], proxy.exit.to_string(), "its exit is that of its use otherwise: {row}");
        assert_eq!(row["anonymity"], "elite", "{row}");
    }
    assert_eq!(ipv6(&rows[3]), (Value::Bool(false), Some(503)), "it has no way there: {}", rows[3]);
    assert_eq!(ipv6(&rows[4]), (Value::Bool(false), Some(3)), "network unreachable: {}", rows[4]);
    assert_eq!(ipv6(&rows[5]).0, Value::Null, "without a tunnel it is not asked: {}", rows[5]);
    assert_eq!(ipv6(&rows[6]).0, Value::Null, "SOCKS4 cannot carry it: {}", rows[6]);
    for row in &rows[7..9] {
        let told = shown(row);
        assert_eq!(
            (told.0, told.1.as_deref()),
            (Some("transparent"), Some("x-forwarded-for")),
            "ours: {row}"
        );
    }
    let told = shown(&rows[9]);
    assert_eq!(
        (told.0, told.1.as_deref()),
        (Some("anonymous"), Some("x-forwarded-for")),
        "a stranger's: {}",
        rows[9]
    );
}

#[test]
fn a_judge_of_both_families_shows_both_of_our_addresses() {
    if !in_a_namespace("a_judge_of_both_families_shows_both_of_our_addresses") {
        return;
    }
    // Our own judge, at every address, by a name that has one of each family.
    let home = Home::new();
    let judge = home.start(words("judge --listen [::]:8053", &[]));
    let url = judge.line("listening ");
    assert!(url.contains(":8053"), "{url}");
    let options = words(
        &format!(
            "--allow-private --judge http://both.judge.lab:8053/proxydeck --resolve both.judge.lab:8053:127.0.0.1 \
             --resolve both.judge.lab:8053:{JUDGE}"
        ),
        &[],
    );
    let lab = Lab::start(
        World::seeded(73).judge(JudgeKind::Own).name("both.judge.lab", IpAddr::from([127, 0, 0, 1])),
    );
    let proxies = add(
        &lab,
        vec![
            ProxySpec::http().transparent().tells(OURS.into()),
            ProxySpec::http().transparent().tells(OURS_TOO.into()),
        ],
    );
    let rows = check(&home, &proxies.iter().map(LabProxy::url).collect::<Vec<_>>(), &options);
    assert_eq!(rows[0]["anonymity"], "transparent", "the judge has seen this one of ours: {}", rows[0]);
    assert_eq!(rows[1]["anonymity"], "anonymous", "and this one not: {}", rows[1]);
    judge.terminate();
    let _ = judge.end();
}

#[test]
fn names_and_networks_that_lead_nowhere_have_their_reasons() {
    if !in_a_namespace("names_and_networks_that_lead_nowhere_have_their_reasons") {
        return;
    }
    let lab = Lab::start(World::seeded(74).judge(JudgeKind::Own));
    let proxy = lab.wait(lab.add(ProxySpec::http())).unwrap();
    let home = Home::new();
    let list = ["nobody.knows.invalid:8080", NOWHERE, NO_ROUTE].map(str::to_owned);
    let rows = check(&home, &list, &home.asking(&lab));
    for (row, reason) in rows.iter().zip(["unresolved", "unreachable", "unreachable"]) {
        assert_eq!(row["reason"], reason, "{row}");
        assert_eq!(row["status"], "inactive", "{row}");
        for answer in row["capabilities"].as_object().unwrap().values() {
            assert_eq!(
                (&answer["ok"], &answer["reason"]),
                (&false.into(), &reason.into()),
                "it settles all: {row}"
            );
        }
    }
    // A name that leads into a private network is not followed, whatever its list says.
    let mut options = home.asking(&lab);
    options.retain(|option| option != "--allow-private");
    let named = format!("inside.invalid:{}", proxy.addr.port());
    options.extend(["--resolve".to_owned(), format!("{named}:{}", proxy.addr.ip())]);
    let rows = check(&home, &[named], &options);
    assert_eq!(rows[0]["reason"], "not_public", "{}", rows[0]);
    assert_eq!(proxy.dials(), 0, "nobody knocked");
}

/// The ports of a crowded address.
const CROWD: u16 = 60;

/// Lets a port lead to a proxy, as those of a gateway do, until the runtime ends.
async fn forward(port: SocketAddr, proxy: SocketAddr) {
    let listener = TcpListener::bind(port).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut proxy = TcpStream::connect(proxy).await?;
                tokio::io::copy_bidirectional(&mut client, &mut proxy).await
            });
        }
    });
}

#[test]
fn a_crowded_address_is_sampled_first_and_checked_whole_where_the_sample_works() {
    if !in_a_namespace("a_crowded_address_is_sampled_first_and_checked_whole_where_the_sample_works") {
        return;
    }
    let lab = Lab::start(World::seeded(72).judge(JudgeSpec::new(JudgeKind::Own)));
    // Addresses that the routers of the internet know, and that are nobody's but this namespace's here.
    let [works, dead] = ["5.6.7.9", "5.6.7.8"].map(|address| address.parse::<IpAddr>().unwrap());
    let proxy = add(&lab, vec![ProxySpec::http()]).remove(0);
    let gateway = Runtime::new().unwrap();
    let ports = 20_000..20_000 + CROWD;
    for port in ports.clone() {
        gateway.block_on(forward(SocketAddr::new(works, port), proxy.addr));
    }
    let at = |address: IpAddr| ports.clone().map(move |port| format!("http://{address}:{port}"));
    let list: Vec<String> = at(works).chain(at(dead)).collect();
    let home = Home::new();
    home.write("list.txt", list.iter().map(|line| line.clone() + "\n").collect::<String>());
    home.run(words("--data-dir pool import list.txt", &[])).done();
    let asking = home.asking(&lab);
    let checked = home.run(words("--data-dir pool --json check --timeout 4", &asking)).done().json();
    let sample = u64::from(CROWD / 10);
    assert_eq!(
        (&checked["checked"], &checked["alive"], &checked["left_out"]),
        (&json!(u64::from(CROWD) + sample), &json!(CROWD), &json!(u64::from(CROWD) - sample)),
        "of the one nothing works in the sample, of the other all: {checked}"
    );
    let stats = home.run(words("--data-dir pool --json stats", &[])).done().json();
    let new = stats["status"].as_array().unwrap().iter().find(|facet| facet["value"] == "new").unwrap();
    assert_eq!(new["count"], u64::from(CROWD) - sample, "what was left out was not judged");
    let named = home.run(words("--json check list.txt --timeout 4", &asking)).done().json();
    assert_eq!(named["checked"], 2 * u64::from(CROWD), "a list that is named is checked as it is");
}
