//! `proxydeck check` against the servers of others: squid, tinyproxy, danted and microsocks, judged by our own judge and
//! by the shapes of public ones.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on should stop at that very line, and one that is skipped says so"
)]

use std::collections::BTreeSet;

use proxydeck_tests::cli::{Home, Lab, Running, json_lines, words};
use proxydeck_tests::lab::{JudgeKind, JudgeSpec, World};
use proxydeck_tests::peers::{
    PASSWORD, Peer, USER, danted, danted_with_account, microsocks, mitmproxy, privoxy, squid,
    squid_with_account, stunnel, tinyproxy,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::Value;

/// A name that every server finds at 127.0.0.1 without asking anybody.
const NAME: &str = "localhost";

/// The name of a proxy that is spoken to over TLS.
const PROXY: &str = "proxy.peers.lab";

/// To which ports a server tunnels by CONNECT.
#[derive(Clone, Copy, PartialEq)]
enum Tunnels {
    All,
    Only443,
    None,
}

/// Which account the list has.
#[derive(Clone, Copy, PartialEq)]
enum Listed {
    Nothing,
    Right,
    Wrong,
}

/// A line of the list, and what is true of its server.
struct Known {
    what: &'static str,
    place: String,
    exit: String,
    listed: Listed,
    http: bool,
    connect: Tunnels,
    socks: &'static [&'static str],
    anonymity: &'static str,
    giveaway: Option<&'static str>,
    /// Why the account that the list has does not do.
    reason: Option<&'static str>,
}

impl Known {
    fn http(
        what: &'static str,
        peer: &Peer,
        anonymity: &'static str,
        giveaway: Option<&'static str>,
    ) -> Self {
        Self {
            what,
            place: peer.addr.to_string(),
            exit: peer.exit.to_string(),
            listed: Listed::Nothing,
            http: true,
            connect: Tunnels::All,
            socks: &[],
            anonymity,
            giveaway,
            reason: None,
        }
    }

    fn socks(what: &'static str, peer: &Peer, socks: &'static [&'static str]) -> Self {
        Self { http: false, connect: Tunnels::None, socks, ..Self::http(what, peer, "elite", None) }
    }

    fn only_443(self) -> Self {
        Self { connect: Tunnels::Only443, ..self }
    }

    fn listed(self, listed: Listed, reason: Option<&'static str>) -> Self {
        Self { listed, reason, ..self }
    }

    fn user(&self) -> Option<&'static str> {
        match self.listed {
            Listed::Nothing => None,
            Listed::Right => Some(USER),
            Listed::Wrong => Some("bob"),
        }
    }

    /// As it stands in the list: with a scheme, so that an account can stand before it.
    fn line(&self) -> String {
        let scheme = if self.http { "http" } else { "socks5" };
        let account = match self.listed {
            Listed::Nothing => String::new(),
            Listed::Right => format!("{USER}:{PASSWORD}@"),
            Listed::Wrong => "bob:guessed@".to_owned(),
        };
        format!("{scheme}://{account}{}\n", self.place)
    }

    /// The capabilities that are there when these judges are asked.
    fn works(&self, judges: &Judges) -> BTreeSet<&'static str> {
        let mut works = BTreeSet::new();
        if self.reason.is_some() {
            return works;
        }
        if self.http && judges.plain {
            works.insert("http");
        }
        let usual_port = judges.tls_port == Some(443);
        if self.connect == Tunnels::All || self.connect == Tunnels::Only443 && usual_port {
            works.insert("connect");
        }
        works.extend(
            self.socks.iter().filter(|word| judges.named || !matches!(**word, "socks4a" | "socks5h")),
        );
        works
    }
}

/// Who is asked, and what that lets a checker see.
struct Judges {
    options: Vec<String>,
    plain: bool,
    tls_port: Option<u16>,
    named: bool,
}

/// The servers, which run as long as this is held, and what is true of them.
fn servers() -> (Vec<Peer>, Vec<Known>) {
    let shows_client = squid(1, "forwarded_for on\nvia on");
    let hides_client = squid(2, "forwarded_for delete\nvia on");
    let says_unknown = squid(3, "forwarded_for off\nvia off");
    let hides_all = squid(4, "forwarded_for delete\nvia off");
    let as_shipped = squid(5, "http_access deny CONNECT !SSL_ports\nforwarded_for transparent\nvia on");
    let wants_account = squid_with_account(6, "forwarded_for delete\nvia off");
    let tiny = tinyproxy(7, "");
    let tiny_silent = tinyproxy(8, "DisableViaHeader Yes");
    let tiny_talks = tinyproxy(9, "DisableViaHeader Yes\nXTinyproxy Yes");
    let tiny_account =
        tinyproxy(10, &format!("DisableViaHeader Yes\nConnectPort 443\nBasicAuth {USER} {PASSWORD}"));
    let dante = danted(11);
    let dante_account = danted_with_account(14);
    let micro = microsocks(12, false);
    let micro_account = microsocks(13, true);
    let private = privoxy(15, &micro, "+hide-referrer{block}");
    let talkative = privoxy(16, &micro, "+change-x-forwarded-for{add}");
    let transparent = squid(17, "forwarded_for transparent\nvia off");
    let truncates = squid(18, "forwarded_for truncate\nvia off");

    let of_squid = |listed, reason| {
        Known::http("squid with an account", &wants_account, "elite", None).listed(listed, reason)
    };
    let of_tiny = |listed, reason| {
        Known::http("tinyproxy with an account", &tiny_account, "elite", None)
            .only_443()
            .listed(listed, reason)
    };
    let of_micro = |listed, reason| {
        Known::socks("microsocks with an account", &micro_account, &["socks5", "socks5h"])
            .listed(listed, reason)
    };
    let mut known = vec![
        Known::http("squid, forwarded_for on", &shows_client, "transparent", Some("X-Forwarded-For")),
        Known::http("squid, forwarded_for delete", &hides_client, "anonymous", Some("Via")),
        Known::http("squid, forwarded_for off", &says_unknown, "anonymous", Some("X-Forwarded-For")),
        Known::http("squid, no header", &hides_all, "elite", None),
        Known::http("squid, forwarded_for transparent", &transparent, "elite", None),
        Known::http("squid, forwarded_for truncate", &truncates, "transparent", Some("X-Forwarded-For")),
        Known::http("privoxy", &private, "elite", None),
        Known::http("privoxy that tells", &talkative, "transparent", Some("X-Forwarded-For")),
        Known::http("squid, CONNECT to 443 alone", &as_shipped, "anonymous", Some("Via")).only_443(),
        of_squid(Listed::Right, None),
        of_squid(Listed::Wrong, Some("auth_failed")),
        of_squid(Listed::Nothing, Some("auth_required")),
        Known::http("tinyproxy", &tiny, "anonymous", Some("Via")),
        Known::http("tinyproxy without Via", &tiny_silent, "elite", None),
        Known::http("tinyproxy, XTinyproxy", &tiny_talks, "transparent", Some("X-Tinyproxy")),
        of_tiny(Listed::Right, None),
        of_tiny(Listed::Wrong, Some("auth_failed")),
        of_tiny(Listed::Nothing, Some("auth_required")),
        // It takes the address 0.0.0.1 of SOCKS4A for one to dial.
        Known::socks("danted", &dante, &["socks4", "socks5", "socks5h"]),
        Known::socks("microsocks", &micro, &["socks5", "socks5h"]),
        of_micro(Listed::Right, None),
        of_micro(Listed::Wrong, Some("auth_failed")),
        of_micro(Listed::Nothing, Some("auth_required")),
    ];
    if let Some(peer) = &dante_account {
        let of_dante = |listed, reason| {
            Known::socks("danted with an account", peer, &["socks5", "socks5h"]).listed(listed, reason)
        };
        known.push(of_dante(Listed::Right, None));
        known.push(of_dante(Listed::Wrong, Some("auth_failed")));
        known.push(of_dante(Listed::Nothing, Some("auth_required")));
    } else {
        println!(
            "danted with an account: skipped, since its users take a mount namespace, and that takes root"
        );
    }
    let mut peers = vec![
        private,
        talkative,
        transparent,
        truncates,
        shows_client,
        hides_client,
        says_unknown,
        hides_all,
        as_shipped,
        wants_account,
        tiny,
        tiny_silent,
        tiny_talks,
        tiny_account,
        dante,
        micro,
        micro_account,
    ];
    peers.extend(dante_account);
    (peers, known)
}

/// Checks the servers without telling the protocol by anything but the list, and compares each with what is true of it.
fn judged_right(home: &Home, judges: &Judges) {
    let (_peers, known) = servers();
    home.write("list.txt", known.iter().map(Known::line).collect::<String>());
    let mut args =
        words("--json check list.txt --timeout 5 --output out.jsonl --format jsonl", &judges.options);
    let allow = "--allow-private".to_owned();
    if !args.contains(&allow) {
        args.push(allow);
    }
    let summary = home.run(args).done().json();
    let rows = json_lines(&home.read("out.jsonl"));
    assert_eq!(rows.len(), known.len(), "every line is another proxy, and each has its row");
    let mut alive = 0;
    for known in &known {
        let works = known.works(judges);
        alive += usize::from(!works.is_empty());
        compare(known, judges, &works, row_of(&rows, known));
    }
    assert_eq!(summary["alive"], alive, "the summary counts what the rows say: {summary}");
    assert_eq!(summary["checked"], known.len(), "{summary}");
}

fn row_of<'a>(rows: &'a [Value], known: &Known) -> &'a Value {
    let is_it =
        |row: &&Value| row["proxy"] == known.place.as_str() && row["username"].as_str() == known.user();
    rows.iter().find(is_it).unwrap_or_else(|| panic!("{}: no row for {}", known.what, known.line()))
}

fn compare(known: &Known, judges: &Judges, works: &BTreeSet<&str>, row: &Value) {
    let what = format!("{} ({:?}): {row}", known.what, known.user());
    let capabilities = row["capabilities"].as_object().unwrap();
    let found: BTreeSet<&str> = capabilities
        .iter()
        .filter(|(_, answer)| answer["ok"] == true)
        .map(|(word, _)| word.as_str())
        .collect();
    assert_eq!(&found, works, "capabilities of {what}");
    assert_eq!(row["status"], if works.is_empty() { "inactive" } else { "active" }, "{what}");
    if let Some(reason) = known.reason {
        assert_eq!(row["reason"], reason, "{what}");
    }
    if known.connect == Tunnels::Only443 && known.reason.is_none() && !works.contains("connect") {
        assert_eq!(
            row["capabilities"]["connect"]["ok"],
            Value::Null,
            "who allows 443 alone was not asked for it, so nothing is known: {what}"
        );
    }
    if works.is_empty() {
        return;
    }
    assert_eq!(row["reason"], Value::Null, "{what}");
    assert_eq!(row["exit_ip"], known.exit.as_str(), "the outgoing address in its configuration: {what}");
    assert_eq!(row["trust"], serde_json::json!([]), "these servers are honest: {what}");
    // Over TLS nothing but the exit can be seen.
    let (anonymity, giveaway) =
        if judges.plain { (known.anonymity, known.giveaway) } else { ("elite", None) };
    assert_eq!(row["anonymity"], anonymity, "{what}");
    assert_eq!(row["giveaway"].as_str(), giveaway, "{what}");
}

/// One of our own judges, asked by a name that every server knows. Ends when it is dropped.
struct OwnJudge {
    running: Running,
    options: Vec<String>,
    port: u16,
}

impl OwnJudge {
    fn start(home: &Home, tls: bool) -> Self {
        let options = if tls { " --tls-cert judge.pem --tls-key judge.key" } else { "" };
        let running = home.start(words(&format!("judge --listen 127.0.0.1:0{options}"), &[]));
        let url = running.line("listening ");
        let scheme = if tls { "https" } else { "http" };
        let (start, rest) = url.split_once("127.0.0.1:").unwrap_or_else(|| panic!("where it listens: {url}"));
        assert_eq!(start, format!("{scheme}://"), "{url}");
        let port = rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
        let url = format!("{scheme}://{NAME}:{rest}");
        let rule = format!("{NAME}:{port}:127.0.0.1");
        let options = ["--judge", &url, "--resolve", &rule].map(str::to_owned).to_vec();
        Self { running, options, port }
    }

    /// A judge is told to end, and does.
    fn end(self) {
        self.running.terminate();
        let ended = self.running.end();
        assert!(
            matches!(ended.status, Some(0 | 130)),
            "a judge that is told to end is no failure: {:?} {}",
            ended.status,
            ended.stderr
        );
    }
}

/// Writes a certificate for our own judge, its key, and the authority that signed it. Gives a certificate of the same
/// authority for a proxy that is known by [`PROXY`], and its key.
fn write_certificates(home: &Home) -> (String, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages.push(KeyUsagePurpose::KeyCertSign);
    let key = KeyPair::generate().unwrap();
    home.write("ca.pem", authority.self_signed(&key).unwrap().pem());
    let issuer = Issuer::new(authority, key);
    let hosts = vec![NAME.to_owned(), "127.0.0.1".to_owned()];
    let key = KeyPair::generate().unwrap();
    home.write("judge.pem", CertificateParams::new(hosts).unwrap().signed_by(&key, &issuer).unwrap().pem());
    home.write("judge.key", key.serialize_pem());
    let key = KeyPair::generate().unwrap();
    let proxy = CertificateParams::new(vec![PROXY.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    (proxy.pem(), key.serialize_pem())
}

#[test]
fn our_own_judge_sees_what_each_server_is() {
    let home = Home::new();
    let judge = OwnJudge::start(&home, false);
    let judges = Judges { options: judge.options.clone(), plain: true, tls_port: None, named: true };
    judged_right(&home, &judges);
    judge.end();
}

#[test]
fn our_own_judges_plain_and_over_tls_agree() {
    let home = Home::new();
    write_certificates(&home);
    let plain = OwnJudge::start(&home, false);
    let tls = OwnJudge::start(&home, true);
    let options = [&words("--judge-ca ca.pem", &[])[..], &plain.options, &tls.options].concat();
    let judges = Judges { options, plain: true, tls_port: Some(tls.port), named: true };
    judged_right(&home, &judges);
    tls.end();
    plain.end();
}

#[test]
fn a_judge_over_tls_alone_sees_tunnels_and_their_exits() {
    let home = Home::new();
    write_certificates(&home);
    let tls = OwnJudge::start(&home, true);
    let options = [&words("--judge-ca ca.pem", &[])[..], &tls.options].concat();
    let judges = Judges { options, plain: false, tls_port: Some(tls.port), named: true };
    judged_right(&home, &judges);
    tls.end();
}

#[test]
fn an_azenv_page_sees_what_each_server_is() {
    let lab = Lab::start(World::seeded(21).judge(JudgeKind::Azenv));
    let home = Home::new();
    let judges = Judges { options: home.asking(&lab), plain: true, tls_port: None, named: false };
    judged_right(&home, &judges);
}

#[test]
fn httpbin_plain_and_over_tls_sees_what_each_server_is() {
    let lab = Lab::start(
        World::seeded(22).judge(JudgeKind::Httpbin).judge(JudgeSpec::new(JudgeKind::Httpbin).tls()),
    );
    let home = Home::new();
    let tls_port = lab.judges().iter().find(|judge| judge.tls).map(|judge| judge.addr.port());
    let judges = Judges { options: home.asking(&lab), plain: true, tls_port, named: false };
    judged_right(&home, &judges);
}

/// The words of the capabilities that are there.
fn yes(row: &Value) -> BTreeSet<&str> {
    let answers = row["capabilities"].as_object().unwrap();
    answers.iter().filter(|(_, answer)| answer["ok"] == true).map(|(word, _)| word.as_str()).collect()
}

#[test]
fn behind_stunnel_a_proxy_is_found_and_gets_its_password_only_if_its_name_is_vouched_for() {
    let home = Home::new();
    let (certificate, key) = write_certificates(&home);
    let (plain, tls) = (OwnJudge::start(&home, false), OwnJudge::start(&home, true));
    let tiny = tinyproxy(30, "DisableViaHeader Yes");
    let account = squid_with_account(31, "forwarded_for delete\nvia off");
    let open = stunnel(32, &tiny, &certificate, &key);
    let locked = stunnel(33, &account, &certificate, &key);
    let by_name = format!("{PROXY}:{}", locked.addr.port());
    home.write(
        "list.txt",
        format!(
            "{}\nhttp://{USER}:{PASSWORD}@{}\nhttp://{USER}:{PASSWORD}@{by_name}\n",
            open.addr, locked.addr
        ),
    );
    let options = [&plain.options[..], &tls.options].concat();
    let rule = format!("{by_name}:{}", locked.addr.ip());
    let line = format!(
        "check list.txt --timeout 5 --allow-private --judge-ca ca.pem --resolve {rule} --output - --format jsonl"
    );
    let ended = home.run(words(&line, &options)).done();
    let rows = json_lines(ended.text());
    let row = |place: &str| {
        rows.iter()
            .find(|row| row["proxy"] == place)
            .unwrap_or_else(|| panic!("no row for {place}: {rows:?}"))
    };

    let unknown = row(&open.addr.to_string());
    assert_eq!(yes(unknown), BTreeSet::from(["http", "connect", "tls"]), "from ip:port alone: {unknown}");
    assert_eq!(unknown["capabilities"]["http"]["over"], "tls", "how it must be used: {unknown}");
    assert_eq!(unknown["trust"], serde_json::json!(["proxy_cert_unverified"]), "{unknown}");
    assert_eq!(unknown["exit_ip"], tiny.exit.to_string(), "{unknown}");
    assert_eq!(unknown["anonymity"], "elite", "{unknown}");

    let unvouched = row(&locked.addr.to_string());
    assert_eq!(unvouched["reason"], "auth_required", "squid never saw the right password: {unvouched}");

    let vouched = row(&by_name);
    assert_eq!(
        yes(vouched),
        BTreeSet::from(["http", "connect", "tls"]),
        "the same one, by its name: {vouched}"
    );
    assert_eq!(vouched["trust"], serde_json::json!([]), "its certificate is right: {vouched}");
    assert_eq!(vouched["exit_ip"], account.exit.to_string(), "{vouched}");
    tls.end();
    plain.end();
}

/// The evidence that the pool of a home has of a proxy: its attempts.
fn attempts(home: &Home, host_and_port: &str) -> Vec<Value> {
    let (host, port) = host_and_port.rsplit_once(':').unwrap();
    let conn = rusqlite::Connection::open(home.at("data/proxydeck.db")).unwrap();
    let text: String = conn
        .query_row(
            "SELECT attempts FROM evidence JOIN proxies ON proxies.id = evidence.proxy
             WHERE proxies.host = ?1 AND proxies.port = ?2",
            (host, port.parse::<u16>().unwrap()),
            |row| row.get(0),
        )
        .unwrap();
    let evidence: Value = serde_json::from_str(&text).unwrap();
    evidence["attempts"].as_array().cloned().unwrap()
}

/// What `openssl` says of the certificate that a proxy shows in the place of a server's.
fn shown_to_openssl(proxy: &Peer, port: u16) -> (String, String) {
    let script = format!(
        "openssl s_client -proxy {} -connect {NAME}:{port} -servername {NAME} </dev/null 2>/dev/null \
         | openssl x509 -noout -fingerprint -sha256 -issuer -nameopt sep_comma_plus,esc_msb",
        proxy.addr
    );
    let output = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |start: &str| {
        let found =
            text.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix(start).map(str::to_owned));
        found.unwrap_or_else(|| panic!("openssl says no {start}: {text}"))
    };
    (line("sha256 fingerprint=").replace(':', ""), line("issuer="))
}

#[test]
fn mitmproxy_is_caught_reading_and_changing() {
    let home = Home::new();
    let _ = write_certificates(&home);
    let (plain, tls) = (OwnJudge::start(&home, false), OwnJudge::start(&home, true));
    let ca = home.at("ca.pem");
    let reads = mitmproxy(40, &ca, &[]);
    let ignores = mitmproxy(41, &ca, &["--ignore-hosts", ".*"]);
    let replaces = mitmproxy(42, &ca, &["--modify-body", "|~s|(?m)^end$|End"]);
    let appends = mitmproxy(43, &ca, &["--modify-body", "|~s|\\Z|<script src=//ads.invalid></script>"]);
    let adds = mitmproxy(44, &ca, &["--modify-headers", "|~q|Via|1.1 mitm"]);
    let all = [&reads, &ignores, &replaces, &appends, &adds];
    home.write("list.txt", all.map(|peer| format!("http://{}\n", peer.addr)).concat());
    let options = [&plain.options[..], &tls.options].concat();
    home.run(words("--data-dir data import list.txt --allow-private", &[])).done();
    let line = "--data-dir data check --timeout 10 --allow-private --judge-ca ca.pem";
    home.run(words(line, &options)).done();
    let listed = home.run(words("--data-dir data list --format jsonl", &[])).done();
    let rows = json_lines(listed.text());
    let row = |peer: &Peer| {
        let place = peer.addr.to_string();
        rows.iter().find(|row| row["proxy"] == place.as_str()).unwrap_or_else(|| panic!("no row for {place}"))
    };

    let intercepted = row(&reads);
    assert_eq!(intercepted["reason"], "tls_intercepted", "it ends TLS itself: {intercepted}");
    assert_eq!(intercepted["capabilities"]["http"]["ok"], true, "and forwards as it should: {intercepted}");
    let evidence = attempts(&home, &reads.addr.to_string());
    let kept = evidence.iter().find_map(|attempt| attempt.get("certificate")).unwrap_or_else(|| {
        panic!("what it showed is kept: {evidence:?}");
    });
    let (fingerprint, issuer) = shown_to_openssl(&reads, tls.port);
    assert_eq!(kept["sha256"], fingerprint, "the certificate that openssl sees too");
    let told = kept["issuer"].as_str().unwrap().to_ascii_lowercase().replace(' ', "");
    assert!(told.contains("cn=mitmproxy"), "{kept}, by openssl {issuer}");
    assert!(issuer.replace(' ', "").contains("cn=mitmproxy"), "{issuer}");

    let honest = row(&ignores);
    assert_eq!(
        yes(honest),
        BTreeSet::from(["http", "connect"]),
        "the same server that lets TLS pass: {honest}"
    );
    assert_eq!(
        (&honest["anonymity"], &honest["giveaway"]),
        (&"transparent".into(), &"exit".into()),
        "{honest}"
    );

    // Over TLS they show their certificate, which says more of them than a page does. In the clear they are seen alone.
    for (peer, what) in [(&replaces, "a word replaced"), (&appends, "a script put in")] {
        let intercepted = row(peer);
        let trust: BTreeSet<&str> =
            intercepted["trust"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(trust, BTreeSet::from(["tampered", "tls_intercepted"]), "{what}: {intercepted}");
    }
    home.write("changers.txt", [&replaces, &appends, &adds].map(|peer| format!("{}\n", peer.addr)).concat());
    let line = "check changers.txt --timeout 10 --allow-private --output - --format jsonl";
    let ended = home.run(words(line, &plain.options)).done();
    let rows = json_lines(ended.text());
    for row in &rows {
        if row["proxy"] == adds.addr.to_string() {
            assert_eq!(row["status"], "active", "a header that it adds is no tampering: {row}");
        } else {
            assert_eq!(row["reason"], "tampered", "{row}");
            assert_eq!(row["trust"], serde_json::json!(["tampered"]), "{row}");
        }
    }
    assert_eq!(rows.len(), 3);
    tls.end();
    plain.end();
}
