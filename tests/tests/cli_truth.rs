//! The truth table: what each behaviour and each fault of the lab must be called, one row each, and ten thousand proxies
//! of every sort of which none is called alive or dead, anonymous or not, for another reason than the true one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proxydeck_tests::cli::{Home, Lab, json_lines, words};
use proxydeck_tests::lab::{
    ANSWER_FAULTS, ConnectReply, Face, Fault, JudgeKind, JudgeSpec, LabProxy, Listed, Mix, ProxySpec,
    REQUEST_FAULTS, TUNNEL_FAULTS, Tamper, World, WorldBuilder, catalogue,
};
use serde_json::Value;

/// Seconds for an attempt. What the catalogue's slow ones take is far below four fifths of it.
const DEADLINE: u32 = 5;
/// Proxies of the large world.
const MANY: usize = 10_000;
/// The longest that they may take together in a debug build on a busy machine with two cores.
const LONGEST: Duration = Duration::from_secs(180);

/// Judges of every sort that can be told apart: plain in two shapes, over TLS in two, and one on IPv6.
fn judges(seed: u64) -> WorldBuilder {
    World::seeded(seed)
        .judge(JudgeSpec::new(JudgeKind::Own).named("own.judge.lab"))
        .judge(JudgeSpec::new(JudgeKind::Azenv).named("azenv.judge.lab"))
        .judge(JudgeSpec::new(JudgeKind::Own).named("tls.judge.lab").tls())
        .judge(JudgeSpec::new(JudgeKind::Httpbin).named("bin.judge.lab").tls())
        .judge(JudgeSpec::new(JudgeKind::Own).ipv6())
}

/// What a row of the output must say of a proxy.
#[derive(Clone, Debug, PartialEq)]
struct Said {
    reason: Option<String>,
    /// Only where one is claimed: the code of the attempt that the reason is of.
    code: Option<u16>,
    works: BTreeSet<String>,
    anonymity: Option<String>,
    giveaway: Option<String>,
    exit: Option<String>,
    trust: Vec<String>,
}

impl Said {
    /// What is true, as the lab has it.
    fn truly(proxy: &LabProxy) -> Self {
        let truth = &proxy.truth;
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            reason: truth.reason.map(str::to_owned),
            code: truth.code,
            // One that breaks trust does not live, whatever it can do.
            works: if truth.alive {
                truth.works.iter().map(|word| (*word).to_owned()).collect()
            } else {
                BTreeSet::new()
            },
            anonymity: truth.anonymity.map(str::to_owned),
            giveaway: truth.giveaway.map(str::to_ascii_lowercase),
            exit: truth.exit.map(|exit| exit.to_string()),
            trust: words(&truth.notes),
        }
    }

    /// What a row says; the code as far as one is looked for.
    fn told(row: &Value, code: Option<u16>) -> Self {
        let text = |key: &str| row[key].as_str().map(str::to_owned);
        let alive = row["status"] == "active";
        let answers = row["capabilities"].as_object().unwrap();
        let has_code = |wanted: &u16| {
            answers.values().any(|answer| answer["reason"] == row["reason"] && answer["code"] == *wanted)
        };
        let list = |value: &Value| -> Vec<String> {
            value.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
        };
        Self {
            reason: text("reason"),
            code: code.filter(has_code),
            works: answers
                .iter()
                .filter(|(_, answer)| alive && answer["ok"] == true)
                .map(|(word, _)| word.clone())
                .collect(),
            // What a dead one shows on the way is told too, and nothing is claimed of it here.
            anonymity: text("anonymity").filter(|_| alive),
            giveaway: text("giveaway").filter(|_| alive).map(|name| name.to_ascii_lowercase()),
            exit: text("exit_ip").filter(|_| alive),
            trust: if alive { list(&row["trust"]) } else { Vec::new() },
        }
    }
}

/// Checks all proxies of a world in one run and gives the rows, and how long the command took.
fn check(lab: &Lab, home: &Home, options: &str) -> (BTreeMap<String, Value>, Value, Duration) {
    home.write("list.txt", lab.list());
    let line = format!("--json check list.txt --timeout {DEADLINE} --output out.jsonl {options}");
    let ended = home.run(words(&line, &home.asking(lab))).done();
    let rows: BTreeMap<String, Value> = json_lines(&home.read("out.jsonl"))
        .into_iter()
        .map(|row| (row["proxy"].as_str().unwrap().to_owned(), row))
        .collect();
    assert_eq!(rows.len(), lab.proxies().len(), "each proxy has one row");
    (rows, ended.json(), ended.took)
}

/// Fails with every disagreement at once, so that one run shows the whole.
#[track_caller]
fn all_agree(wrong: &[String], of: usize) {
    const SHOWN: usize = 20;
    let shown = wrong.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(wrong.is_empty(), "{} of {of} are told wrongly, the first of them:\n{shown}", wrong.len());
}

// The table.

/// A behaviour, and what it must be called: beside the lab's own word for it, so that both must be wrong to agree.
struct Row {
    what: &'static str,
    spec: ProxySpec,
    /// The capabilities that are there; none of one that is dead.
    works: &'static str,
    /// The reason of one that is dead, and the code where the protocol has one.
    reason: Option<&'static str>,
    code: Option<u16>,
    /// The anonymity of one that works, and what gives it away.
    anonymity: Option<&'static str>,
    giveaway: Option<&'static str>,
}

const FORWARDS: &str = "http";
const TUNNELS: &str = "connect ipv6";
const FORWARDS_AND_TUNNELS: &str = "http connect ipv6";
const SOCKS4: &str = "socks4 socks4a";
const SOCKS5: &str = "socks5 socks5h ipv6";
const ALL: &str = "http connect socks4 socks4a socks5 socks5h ipv6";

fn dead(what: &'static str, spec: ProxySpec, reason: &'static str, code: impl Into<Option<u16>>) -> Row {
    let code = code.into();
    Row { what, spec, works: "", reason: Some(reason), code, anonymity: None, giveaway: None }
}

fn alive(
    what: &'static str,
    spec: ProxySpec,
    works: &'static str,
    anonymity: &'static str,
    giveaway: impl Into<Option<&'static str>>,
) -> Row {
    let anonymity = Some(anonymity);
    Row { what, spec, works, reason: None, code: None, anonymity, giveaway: giveaway.into() }
}

/// One that only forwards, with this fault in its answers.
fn answering(fault: Fault) -> ProxySpec {
    ProxySpec::http().without_connect().fault(fault)
}

fn table() -> Vec<Row> {
    [connections(), servers(), answers(), tunnels(), socks(), accounts(), anonymity(), capabilities()]
        .into_iter()
        .flatten()
        .collect()
}

fn connections() -> Vec<Row> {
    vec![
        dead("nothing listens", ProxySpec::http().fault(Fault::Refused), "refused", None),
        dead("no way leads there", ProxySpec::http().fault(Fault::Unreachable), "unreachable", None),
        dead(
            "the connection is never established",
            ProxySpec::http().fault(Fault::Blackhole),
            "dial_timeout",
            None,
        ),
        dead("accepts and is silent", ProxySpec::http().fault(Fault::Silent), "handshake_timeout", None),
        dead("resets at once", ProxySpec::http().fault(Fault::ResetOnAccept), "reset", None),
        dead("resets when it is asked", ProxySpec::socks5().fault(Fault::ResetOnRequest), "reset", None),
        dead("closes at once", ProxySpec::http().fault(Fault::CloseOnAccept), "closed", None),
        dead("closes when it is asked", ProxySpec::socks4().fault(Fault::CloseOnRequest), "closed", None),
        dead("speaks nonsense", ProxySpec::http().fault(Fault::Garbage), "not_a_proxy", None),
        dead("is a server of SSH", ProxySpec::socks5().fault(Fault::SshBanner), "not_a_proxy", None),
        dead("sends back what it gets", ProxySpec::http().fault(Fault::Echo), "not_a_proxy", None),
    ]
}

fn servers() -> Vec<Row> {
    let status = |status| ProxySpec::http().fault(Fault::Status(status));
    vec![
        dead("400", status(400), "not_a_proxy", 400),
        dead("404", status(404), "not_a_proxy", 404),
        dead("405", status(405), "not_a_proxy", 405),
        dead("501", status(501), "not_a_proxy", 501),
        dead("403", status(403), "rejected", 403),
        dead("406", status(406), "rejected", 406),
        dead("429", status(429), "rejected", 429),
        dead("451", status(451), "rejected", 451),
        dead("500", status(500), "rejected", 500),
        dead("502", status(502), "rejected", 502),
        dead("503", status(503), "rejected", 503),
        dead("504", status(504), "rejected", 504),
        dead("511", status(511), "rejected", 511),
        dead("522", status(522), "rejected", 522),
        dead("502, since it knows no names", ProxySpec::http().without_names(), "rejected", 502),
        dead("301", status(301), "redirected", 301),
        dead("302", ProxySpec::http().fault(Fault::Redirect), "redirected", 302),
        dead("307", status(307), "redirected", 307),
        dead("308", status(308), "redirected", 308),
        dead("200 and a page of its own", ProxySpec::http().fault(Fault::Portal), "wrong_answer", 200),
    ]
}

fn answers() -> Vec<Row> {
    vec![
        dead("an older answer", answering(Fault::Replay), "wrong_answer", 200),
        dead("an older answer, by a cache", answering(Fault::Cached), "wrong_answer", 200),
        dead("another page in the answer's place", answering(Fault::Hijack), "wrong_answer", 200),
        dead("another page in a tunnel", ProxySpec::socks5().fault(Fault::Hijack), "wrong_answer", 200),
        dead("a letter changed", answering(Fault::Tampers(Tamper::Letter)), "tampered", 200),
        dead("a script put in", answering(Fault::Tampers(Tamper::Script)), "tampered", 200),
        dead("a line at the end", answering(Fault::Tampers(Tamper::Appended)), "tampered", 200),
        dead("the end cut off", answering(Fault::Tampers(Tamper::Cut)), "tampered", 200),
        dead(
            "a letter changed in a tunnel",
            ProxySpec::socks4().fault(Fault::Tampers(Tamper::Letter)),
            "tampered",
            200,
        ),
        dead("an edge of a content network", ProxySpec::http().fault(Fault::Edge), "not_a_proxy", 400),
        dead("gzip", answering(Fault::Gzip), "answer_encoded", 200),
        dead("a bomb", answering(Fault::Bomb), "answer_encoded", 200),
        dead("a body without end", answering(Fault::EndlessBody), "answer_too_large", None),
        dead("headers without end", answering(Fault::EndlessHeaders), "answer_too_large", None),
        dead("chunks without end", answering(Fault::EndlessChunks), "answer_too_large", None),
        dead("interim answers without end", answering(Fault::EndlessInterim), "answer_too_large", None),
        dead("ten gigabytes", answering(Fault::HugeLength), "answer_too_large", None),
        dead("a byte a second", answering(Fault::Drip), "answer_timeout", None),
        dead("half an answer and silence", answering(Fault::Stall), "answer_timeout", None),
        dead("fewer bytes than promised", answering(Fault::LengthTooLong), "answer_malformed", None),
        dead("more bytes than promised", answering(Fault::LengthTooShort), "answer_malformed", None),
        dead("a line more, a moment later", answering(Fault::TalksOn), "answer_malformed", None),
        dead(
            "a line more behind the last chunk",
            answering(Fault::TalksOnAfterChunks),
            "answer_malformed",
            None,
        ),
        dead("a line more in a tunnel", ProxySpec::socks5().fault(Fault::TalksOn), "answer_malformed", None),
        dead("a chunk cut off", answering(Fault::TruncatedChunked), "answer_malformed", None),
        dead("no number for a chunk", answering(Fault::BadChunk), "answer_malformed", None),
        dead("two lengths", answering(Fault::TwoLengths), "answer_malformed", None),
        dead("a length and chunks", answering(Fault::LengthAndChunks), "answer_malformed", None),
    ]
}

fn tunnels() -> Vec<Row> {
    let tunnel = |fault| ProxySpec::connect().fault(fault);
    vec![
        dead("another certificate", tunnel(Fault::TlsIntercept), "tls_intercepted", None),
        dead(
            "another certificate, though it forwards",
            ProxySpec::http().fault(Fault::TlsIntercept),
            "tls_intercepted",
            None,
        ),
        dead("nonsense in the place of TLS", tunnel(Fault::TunnelGarbage), "tls_failed", None),
        dead("a silent tunnel", tunnel(Fault::TunnelSilence), "answer_timeout", None),
        dead("a tunnel that closes", tunnel(Fault::TunnelClose), "closed", None),
        alive(
            "a silent tunnel, but it forwards",
            ProxySpec::http().fault(Fault::TunnelSilence),
            FORWARDS,
            "elite",
            None,
        ),
        dead(
            "nonsense in a tunnel",
            ProxySpec::socks5().fault(Fault::TunnelGarbage),
            "answer_malformed",
            None,
        ),
        dead(
            "a silent tunnel of SOCKS",
            ProxySpec::socks4().fault(Fault::TunnelSilence),
            "answer_timeout",
            None,
        ),
        dead("a tunnel of SOCKS that closes", ProxySpec::socks5().fault(Fault::TunnelClose), "closed", None),
    ]
}

fn socks() -> Vec<Row> {
    let socks4 = |code| ProxySpec::socks4().fault(Fault::SocksReply(code));
    let socks5 = |code| ProxySpec::socks5().fault(Fault::SocksReply(code));
    vec![
        dead("SOCKS4 rejects", socks4(0x5b), "rejected", 91),
        dead("SOCKS4 finds no identd", socks4(0x5c), "rejected", 92),
        dead("SOCKS4 disagrees with identd", socks4(0x5d), "rejected", 93),
        dead("SOCKS5 fails", socks5(1), "rejected", 1),
        dead("SOCKS5 has a rule against it", socks5(2), "rejected", 2),
        dead("SOCKS5 reaches no network", socks5(3), "rejected", 3),
        dead("SOCKS5 reaches no host", socks5(4), "rejected", 4),
        dead("SOCKS5 is refused", socks5(5), "rejected", 5),
        dead("SOCKS5 has let the time run out", socks5(6), "rejected", 6),
        dead("SOCKS5 knows no CONNECT", socks5(7), "rejected", 7),
        dead("SOCKS5 knows no such address", socks5(8), "rejected", 8),
        dead("SOCKS5 says what nobody has defined", socks5(9), "rejected", 9),
    ]
}

fn accounts() -> Vec<Row> {
    let http = || ProxySpec::http().account("ann", "s3cret");
    let socks5 = || ProxySpec::socks5().account("ann", "s3cret");
    let socks4 = || ProxySpec::socks4().account("ann", "s3cret");
    vec![
        alive("HTTP with an account", http(), FORWARDS_AND_TUNNELS, "elite", None),
        dead("HTTP, wrong account", http().listed(Listed::Wrong), "auth_failed", 407),
        dead("HTTP, no account", http().listed(Listed::Without), "auth_required", 407),
        alive("SOCKS5 with an account", socks5(), SOCKS5, "elite", None),
        dead("SOCKS5, wrong account", socks5().listed(Listed::Wrong), "auth_failed", 1),
        dead("SOCKS5, no account", socks5().listed(Listed::Without), "auth_required", 255),
        alive("SOCKS4 with a user", socks4(), SOCKS4, "elite", None),
        dead("SOCKS4, no user", socks4().listed(Listed::Without), "rejected", 93),
        dead(
            "an account over TLS for which nobody vouches",
            ProxySpec::http().over_tls().account("ann", "s3cret"),
            "auth_required",
            407,
        ),
    ]
}

fn anonymity() -> Vec<Row> {
    let http = |face| ProxySpec::http().face(face);
    let both = FORWARDS_AND_TUNNELS;
    vec![
        alive("Via", http(Face::Via), both, "anonymous", "via"),
        alive("Forwarded, hidden", http(Face::ForwardedUnknown), both, "anonymous", "forwarded"),
        alive(
            "X-Forwarded-For, another",
            http(Face::ForwardedForOther),
            both,
            "anonymous",
            "x-forwarded-for",
        ),
        alive("X-Forwarded-Host", http(Face::ForwardedHost), both, "anonymous", "x-forwarded-host"),
        alive("Proxy-Connection", http(Face::ProxyConnection), both, "anonymous", "proxy-connection"),
        alive("X-Proxy-ID", http(Face::ProxyId), both, "anonymous", "x-proxy-id"),
        alive("X-Forwarded-For", http(Face::ForwardedFor), both, "transparent", "x-forwarded-for"),
        alive("ours in a list", http(Face::ForwardedForList), both, "transparent", "x-forwarded-for"),
        alive("ours with a port", http(Face::ForwardedForPort), both, "transparent", "x-forwarded-for"),
        alive("Forwarded, for=", http(Face::Forwarded), both, "transparent", "forwarded"),
        alive("X-Real-IP", http(Face::RealIp), both, "transparent", "x-real-ip"),
        alive("Client-IP, mapped", http(Face::ClientIp), both, "transparent", "client-ip"),
        alive("ours in Via", http(Face::ViaClient), both, "transparent", "via"),
        alive("ours where nobody looks", http(Face::OddHeader), both, "transparent", "x-lab-peer"),
        alive("leaves from our address", http(Face::ClientsExit), both, "transparent", "exit"),
        alive("SOCKS4 with Via", ProxySpec::socks4().anonymous(), SOCKS4, "anonymous", "via"),
        alive(
            "SOCKS5 that tells ours",
            ProxySpec::socks5().transparent(),
            SOCKS5,
            "transparent",
            "x-forwarded-for",
        ),
        alive(
            "SOCKS5 from our address",
            ProxySpec::socks5().face(Face::ClientsExit),
            SOCKS5,
            "transparent",
            "exit",
        ),
    ]
}

fn capabilities() -> Vec<Row> {
    vec![
        alive("HTTP", ProxySpec::http(), FORWARDS_AND_TUNNELS, "elite", None),
        alive("HTTP without CONNECT", ProxySpec::http().without_connect(), FORWARDS, "elite", None),
        alive(
            "HTTP, CONNECT to 443 alone",
            ProxySpec::http().connect_443_only(),
            "http connect",
            "elite",
            None,
        ),
        alive("CONNECT alone", ProxySpec::connect(), TUNNELS, "elite", None),
        alive(
            "CONNECT, 200 without a phrase",
            ProxySpec::connect().connect_reply(ConnectReply::NoPhrase),
            TUNNELS,
            "elite",
            None,
        ),
        alive(
            "CONNECT, 202",
            ProxySpec::connect().connect_reply(ConnectReply::Accepted),
            TUNNELS,
            "elite",
            None,
        ),
        alive(
            "CONNECT, 200 with a length and chunks",
            ProxySpec::connect().connect_reply(ConnectReply::Framed),
            TUNNELS,
            "elite",
            None,
        ),
        alive("SOCKS4", ProxySpec::socks4(), SOCKS4, "elite", None),
        alive("SOCKS4 without names", ProxySpec::socks4().without_names(), "socks4", "elite", None),
        alive("SOCKS5", ProxySpec::socks5(), SOCKS5, "elite", None),
        alive("SOCKS5 without names", ProxySpec::socks5().without_names(), "socks5 ipv6", "elite", None),
        alive("all on one port", ProxySpec::mixed(), ALL, "elite", None),
        alive("over TLS", ProxySpec::http().over_tls(), "http connect ipv6 tls", "elite", None),
        alive(
            "over TLS, with Via",
            ProxySpec::http().over_tls().anonymous(),
            "http connect ipv6 tls",
            "anonymous",
            "via",
        ),
        alive(
            "late, but right",
            ProxySpec::http().fault(Fault::Slow(Duration::from_millis(600))),
            FORWARDS_AND_TUNNELS,
            "elite",
            None,
        ),
        alive(
            "keeps the connection open behind its answer",
            ProxySpec::http().fault(Fault::KeepsOpen),
            FORWARDS_AND_TUNNELS,
            "elite",
            None,
        ),
        alive(
            "drops a header",
            ProxySpec::http().fault(Fault::DropsHeader),
            FORWARDS_AND_TUNNELS,
            "elite",
            None,
        ),
        alive(
            "sends another User-Agent",
            ProxySpec::http().fault(Fault::ChangesUserAgent),
            FORWARDS_AND_TUNNELS,
            "elite",
            None,
        ),
    ]
}

#[test]
fn every_behaviour_has_its_reason_its_code_and_its_anonymity() {
    let rows = table();
    let lab = Lab::start(judges(81));
    let proxies: Vec<LabProxy> =
        rows.iter().map(|row| lab.wait(lab.add(row.spec.clone())).unwrap()).collect();
    let home = Home::new();
    let (told, _, _) = check(&lab, &home, "");
    let mut wrong = Vec::new();
    for (row, proxy) in rows.iter().zip(&proxies) {
        let truth = Said::truly(proxy);
        let expected = Said {
            reason: row.reason.map(str::to_owned),
            code: row.code,
            works: row.works.split_whitespace().map(str::to_owned).collect(),
            anonymity: row.anonymity.map(str::to_owned),
            giveaway: row.giveaway.map(str::to_owned),
            ..truth.clone()
        };
        // The lab leaves some codes open.
        let truth = Said { code: truth.code.or(row.code), ..truth };
        assert_eq!(truth, expected, "the lab has another truth than the table about: {}", row.what);
        let answer = &told[&proxy.addr.to_string()];
        let found = Said::told(answer, row.code);
        if found != expected {
            wrong.push(format!("{}: expected {expected:?},\nfound {found:?},\nin {answer}", row.what));
        }
    }
    all_agree(&wrong, rows.len());
}

#[test]
fn the_table_leaves_no_fault_of_the_lab_out() {
    let rows = table();
    let has = |fault: &Fault| rows.iter().any(|row| row.spec.fault.as_ref() == Some(fault));
    let missing: Vec<Fault> = [&ANSWER_FAULTS[..], &REQUEST_FAULTS, &TUNNEL_FAULTS]
        .concat()
        .into_iter()
        .filter(|fault| !has(fault))
        .collect();
    assert_eq!(missing, [], "each fault has its row");
    // Of the closed list. The first two take names, and are tested where there is nobody to ask for one; the last three
    // are never a proxy's.
    let elsewhere = ["unresolved", "not_public", "local_error", "judge_down", "cancelled"];
    let known = "refused unreachable unresolved not_public dial_timeout reset closed handshake_timeout not_a_proxy \
                 rejected auth_required auth_failed tls_failed tls_intercepted answer_timeout answer_malformed \
                 answer_encoded answer_too_large wrong_answer tampered redirected local_error judge_down cancelled";
    for reason in known.split_whitespace().filter(|reason| !elsewhere.contains(reason)) {
        assert!(rows.iter().any(|row| row.reason == Some(reason)), "{reason} has no row");
    }
}

// The many.

#[test]
fn of_ten_thousand_none_is_told_wrongly() {
    let everything = catalogue();
    let drawn = MANY - everything.len();
    let builder = everything.into_iter().fold(judges(82), WorldBuilder::proxy);
    let lab = Lab::start(builder.proxies(Mix::everything(), drawn));
    let home = Home::new();
    let (told, summary, took) = check(&lab, &home, "--concurrency 512");
    let mut wrong = Vec::new();
    let mut alive = 0;
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for proxy in lab.proxies() {
        let expected = Said::truly(&proxy);
        let answer = &told[&proxy.addr.to_string()];
        let found = Said::told(answer, expected.code);
        if found != expected {
            wrong.push(format!("{:?}: expected {expected:?},\nfound {found:?},\nin {answer}", proxy.spec));
        }
        match expected.reason {
            None => alive += 1,
            Some(reason) => *reasons.entry(reason).or_default() += 1,
        }
    }
    all_agree(&wrong, MANY);
    assert_eq!(summary["checked"], MANY, "{summary}");
    assert_eq!(summary["alive"], alive, "{summary}");
    assert_eq!(summary["by_reason"], serde_json::json!(reasons), "the summary counts what is true");
    assert!(took < LONGEST, "nobody holds the run up: {took:?}");
}

#[test]
fn a_judge_without_a_name_is_not_asked_by_name_and_settles_whoever_rejects() {
    let reject = ProxySpec::socks5().fault(Fault::SocksReply(2));
    let lab = Lab::start(World::seeded(86).judge(JudgeKind::Own).proxy(reject).proxy(ProxySpec::socks5()));
    let home = Home::new();
    let (told, summary, _) = check(&lab, &home, "");
    assert_eq!(summary["by_reason"], serde_json::json!({"rejected": 1}), "{summary}");
    for row in told.values() {
        for by_name in ["socks4a", "socks5h"] {
            let answer = &row["capabilities"][by_name];
            assert_eq!((&answer["ok"], &answer["reason"]), (&Value::Null, &Value::Null), "not tried: {row}");
        }
    }
}

// Flaky ones.

#[test]
fn a_flaky_proxy_lives_with_retries_and_is_dead_without() {
    let builder = (0..20).fold(World::seeded(83).judge(JudgeKind::Own), |world, _| {
        world.proxy(ProxySpec::http().fault(Fault::Flaky(2)))
    });
    let lab = Lab::start(builder);
    let home = Home::new();
    // The first run uses up the two connections that are lost, one for each of its tries.
    let (told, summary, _) = check(&lab, &home, "--protocol http --retries 1");
    assert_eq!(summary["by_reason"], serde_json::json!({"reset": 20}), "both tries were lost: {summary}");
    assert!(
        lab.proxies().iter().all(|proxy| proxy.dials() == 2),
        "one try more than the first, and no other"
    );
    assert!(told.values().all(|row| row["reason"] == "reset"));

    let lab = Lab::start((0..20).fold(World::seeded(84).judge(JudgeKind::Own), |world, _| {
        world.proxy(ProxySpec::http().fault(Fault::Flaky(2)))
    }));
    let (_, summary, _) = check(&lab, &home, "--protocol http --retries 2");
    assert_eq!(summary["alive"], 20, "the third try is served: {summary}");

    let lab = Lab::start((0..20).fold(World::seeded(85).judge(JudgeKind::Own), |world, _| {
        world.proxy(ProxySpec::http().fault(Fault::Flaky(1)))
    }));
    let (_, summary, _) = check(&lab, &home, "--protocol http");
    assert_eq!(summary["alive"], 0, "without a word about it there is one try: {summary}");
    assert!(lab.proxies().iter().all(|proxy| proxy.dials() == 1), "and no other");
}
