//! The lab, proved by a peer that knows nothing of it: what `curl` sees of each kind of proxy, each judge, each fault.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use proxydeck_tests::lab::{
    CLIENT, ConnectReply, Face, Fault, JudgeKind, JudgeSpec, LabProxy, Listed, Mix, Page, ProxySpec,
    SiteSpec, Tamper, Web, World, text_list,
};

const TOKEN: &str = "00112233445566778899aabbccddeeff";
/// `sha256sum` of `proxydeck-frame:00112233445566778899aabbccddeeff:31`, the last piece of the frame.
const LAST_PIECE: &str = "6444b51fc6ca3d5a5ce0f8a4f241e668fe1a883dd8b81fd3de7537a4aedb4682";

/// What curl came back with.
struct Reply {
    exit: i32,
    status: u16,
    connect_status: u16,
    body: Vec<u8>,
    headers: String,
    error: String,
}

impl Reply {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of a line `name: value` of our own judge's page.
    fn line(&self, name: &str) -> Option<String> {
        let start = format!("{name}: ");
        self.text().lines().find_map(|line| line.strip_prefix(&start)).map(str::to_owned)
    }
}

/// Runs curl with nothing of the environment that could lead it elsewhere.
async fn curl(args: &[&str]) -> Reply {
    let headers = tempfile::NamedTempFile::new().unwrap();
    let mut command = Command::new("curl");
    command.args([
        "-q",
        "-sS",
        "--noproxy",
        "",
        "--max-time",
        "10",
        "-w",
        "%{stderr}\n%{http_code} %{http_connect}",
    ]);
    command.arg("-D").arg(headers.path()).args(args).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let output = output.expect("curl is installed");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let codes: Vec<u16> =
        error.lines().last().unwrap().split(' ').map(|code| code.parse().unwrap_or_default()).collect();
    Reply {
        exit: output.status.code().unwrap(),
        status: codes[0],
        connect_status: codes[1],
        body: output.stdout,
        headers: std::fs::read_to_string(headers.path()).unwrap_or_default(),
        error,
    }
}

/// One judge of our own, plain and known by name and by address, and one over TLS.
async fn world() -> World {
    World::seeded(11)
        .judge(JudgeKind::Own)
        .judge(JudgeSpec::new(JudgeKind::Own).named("judge.lab"))
        .judge(JudgeSpec::new(JudgeKind::Own).named("tls.judge.lab").tls())
        .start()
        .await
        .unwrap()
}

fn asking(world: &World, judge: usize) -> String {
    format!("{}?token={TOKEN}", world.judges()[judge].url)
}

async fn through(world: &World, proxy: &LabProxy, judge: usize) -> Reply {
    curl(&["-x", &curls(proxy), &asking(world, judge)]).await
}

/// The proxy as curl names it: `https` is a proxy over TLS there, not one that tunnels.
fn curls(proxy: &LabProxy) -> String {
    proxy.url().replacen("https://", "http://", 1)
}

fn ca_file(pem: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem).unwrap();
    file
}

#[tokio::test]
async fn our_judge_echoes_what_arrived_and_frames_it_by_the_token() {
    let world = world().await;
    let seen = curl(&["-H", "X-Odd: a%b\u{e9}", "-H", "x-EMPTY;", &asking(&world, 0)]).await;
    let text = seen.text();
    assert!(text.starts_with("proxydeck-judge 1\ntoken: 00112233445566778899aabbccddeeff\n"), "{text}");
    assert_eq!(
        seen.line("remote"),
        Some(CLIENT.to_string()),
        "an unbound client is seen as the first address"
    );
    assert_eq!(seen.line("target"), Some(format!("/proxydeck?token={TOKEN}")), "as received");
    assert_eq!(
        seen.line("X-Odd").as_deref(),
        Some("a%25b%C3%A9"),
        "percent and bytes outside ASCII are escaped"
    );
    assert!(text.contains("\nx-EMPTY: \n"), "spelling and empty values are kept: {text}");
    assert_eq!(seen.line("headers").as_deref(), Some("5"), "Host, User-Agent, Accept and the two: {text}");
    let frame = seen.line("frame").unwrap();
    assert_eq!(frame.len(), 2048, "32 digests in hexadecimal");
    assert!(frame.ends_with(LAST_PIECE), "the last piece is the digest of its number: {frame}");
    assert!(text.ends_with("\nend\n"), "nothing follows the end");
    let headers = seen.headers.to_ascii_lowercase();
    assert!(
        headers.contains("x-content-type-options: nosniff") && headers.contains("cache-control: no-store")
    );
}

#[tokio::test]
async fn our_judge_wants_a_token_of_16_to_64_digits() {
    let world = world().await;
    let url = &world.judges()[0].url;
    let bad = [url.clone(), format!("{url}?token=abc"), format!("{url}?token={}", "z".repeat(32))];
    for asked in bad.into_iter().chain([format!("{url}?token={}", "a".repeat(65))]) {
        assert_eq!(curl(&[&asked]).await.status, 400, "{asked} must be refused");
    }
    assert_eq!(
        curl(&[&format!("{url}?token={}", "a".repeat(16))]).await.status,
        200,
        "the shortest is enough"
    );
}

#[tokio::test]
async fn the_public_shapes_tell_the_address_each_in_its_way() {
    let world = World::seeded(12)
        .judge(JudgeKind::Azenv)
        .judge(JudgeKind::Httpbin)
        .judge(JudgeKind::Bare)
        .judge(JudgeKind::Ipify)
        .start()
        .await
        .unwrap();
    let [azenv, httpbin, bare, ipify] = [0, 1, 2, 3].map(|n| world.judges()[n].url.clone());

    let page = curl(&["-H", "X-Forwarded-For: 9.9.9.9", &format!("{azenv}?token={TOKEN}")]).await.text();
    for line in [
        "REMOTE_ADDR = 127.0.0.1",
        &format!("REQUEST_URI = /?token={TOKEN}"),
        "REQUEST_METHOD = GET",
        "HTTP_X_FORWARDED_FOR = 9.9.9.9",
    ] {
        assert!(page.lines().any(|l| l == line), "azenv shows `{line}`: {page}");
    }

    let hidden: serde_json::Value =
        serde_json::from_slice(&curl(&["-H", "Via: 1.1 x", &format!("{httpbin}?token={TOKEN}")]).await.body)
            .unwrap();
    assert_eq!(hidden["args"]["token"], TOKEN, "httpbin shows the query");
    assert_eq!(hidden["origin"], "127.0.0.1", "and the address");
    assert!(hidden["headers"]["Via"].is_null(), "but keeps proxy headers to itself");
    let shown: serde_json::Value =
        serde_json::from_slice(&curl(&["-H", "Via: 1.1 x", &format!("{httpbin}?show_env=1")]).await.body)
            .unwrap();
    assert_eq!(shown["headers"]["Via"], "1.1 x", "unless asked for them");

    assert_eq!(curl(&[&bare]).await.text(), "127.0.0.1\n", "a bare judge says nothing else");
    assert_eq!(curl(&[&ipify]).await.text(), "{\"ip\":\"127.0.0.1\"}", "ipify says it in JSON");
}

#[tokio::test]
async fn a_judge_counts_refuses_while_it_is_down_and_comes_back() {
    let world = world().await;
    let judge = &world.judges()[0];
    let url = asking(&world, 0);
    curl(&[&url]).await;
    assert_eq!(judge.requests(), 1, "one was asked");
    judge.down().await;
    assert_eq!(curl(&[&url]).await.exit, 7, "curl's code for a refused connection");
    judge.up().await;
    assert_eq!(curl(&[&url]).await.status, 200, "at the same endpoint");
    assert_eq!(judge.requests(), 2, "what was refused was not counted");
    judge.set_delay(std::time::Duration::from_secs(60));
    assert_eq!(curl(&["--max-time", "0.5", &url]).await.exit, 28, "curl's code for its own patience");
}

#[tokio::test]
async fn every_kind_leaves_through_an_exit_of_its_own() {
    let world = world().await;
    let mut exits = HashSet::new();
    for spec in [ProxySpec::http(), ProxySpec::socks4(), ProxySpec::socks5(), ProxySpec::mixed()] {
        let proxy = world.add(spec).await.unwrap();
        let seen = through(&world, &proxy, 0).await;
        assert_eq!(seen.line("remote"), Some(proxy.exit.to_string()), "{}: {}", proxy.url(), seen.error);
        assert_eq!(proxy.truth.exit, Some(proxy.exit), "and that is what its truth says");
        assert_ne!(proxy.exit, proxy.addr.ip(), "the exit is not the entry");
        assert!(exits.insert(proxy.exit), "no two share an exit");
        assert_eq!(proxy.dials(), 1, "one connection was enough");
    }
    let shared = world.proxies()[0].exit;
    let entry = world.add(ProxySpec::http().leaves_from_entry()).await.unwrap();
    let twin = world.add(ProxySpec::http().leaves_through(shared)).await.unwrap();
    assert_eq!(through(&world, &entry, 0).await.line("remote"), Some(entry.addr.ip().to_string()));
    assert_eq!(through(&world, &twin, 0).await.line("remote"), Some(shared.to_string()));
}

#[tokio::test]
async fn a_mixed_port_speaks_all_that_its_truth_says() {
    let world = world().await;
    let proxy = world.add(ProxySpec::mixed()).await.unwrap();
    let works = ["http", "connect", "socks4", "socks4a", "socks5", "socks5h"];
    assert_eq!(proxy.truth.works, works, "a plain judge with a name lets all be asked");
    let addr = proxy.addr.to_string();
    for option in ["--proxy", "--socks4", "--socks5"] {
        let seen = curl(&[option, &addr, &asking(&world, 0)]).await;
        assert_eq!(seen.line("remote"), Some(proxy.exit.to_string()), "{option}: {}", seen.error);
    }
    // The name is known to the lab alone: curl could not have resolved it.
    for option in ["--socks4a", "--socks5-hostname"] {
        let seen = curl(&[option, &addr, &asking(&world, 1)]).await;
        assert_eq!(seen.line("remote"), Some(proxy.exit.to_string()), "{option}: {}", seen.error);
    }
    let tunnelled = curl(&["--proxytunnel", "-x", &addr, &asking(&world, 1)]).await;
    assert_eq!(tunnelled.line("remote"), Some(proxy.exit.to_string()), "CONNECT: {}", tunnelled.error);
}

#[tokio::test]
async fn a_tunnel_carries_tls_that_verifies_with_the_authority_of_the_judges_alone() {
    let world = world().await;
    let ca = ca_file(world.ca_pem());
    for spec in [ProxySpec::http(), ProxySpec::connect()] {
        let proxy = world.add(spec).await.unwrap();
        let url = asking(&world, 2);
        let seen = curl(&["--cacert", ca.path().to_str().unwrap(), "-x", &curls(&proxy), &url]).await;
        assert_eq!(seen.line("remote"), Some(proxy.exit.to_string()), "{}", seen.error);
        assert_eq!(seen.connect_status, 200, "it was a tunnel");
        assert_eq!(
            through(&world, &proxy, 2).await.exit,
            60,
            "curl's code for a certificate that it does not trust"
        );
    }
    let only_tunnels = world.add(ProxySpec::connect()).await.unwrap();
    assert_eq!(through(&world, &only_tunnels, 0).await.status, 405, "it forwards nothing");
}

#[tokio::test]
async fn each_face_gives_away_what_its_truth_says_and_nothing_more() {
    let world = world().await;
    let clean = ["Host", "User-Agent", "Accept", "Connection"];
    for face in [
        Face::Elite,
        Face::Via,
        Face::ForwardedForOther,
        Face::ProxyConnection,
        Face::ForwardedFor,
        Face::Forwarded,
        Face::RealIp,
        Face::ClientsExit,
    ] {
        for spec in [ProxySpec::http(), ProxySpec::socks5(), ProxySpec::socks4()] {
            let proxy = world.add(spec.face(face)).await.unwrap();
            let seen = through(&world, &proxy, 0).await;
            let text = seen.text();
            let echoed = text.lines().skip(6).take_while(|line| !line.starts_with("frame: "));
            let strange: Vec<&str> =
                echoed.clone().filter(|line| !clean.contains(&line.split(':').next().unwrap())).collect();
            let ours = seen.line("remote") == Some(CLIENT.to_string())
                || strange.iter().any(|line| line.contains(&CLIENT.to_string()));
            let level = match (ours, strange.is_empty()) {
                (true, _) => "transparent",
                (false, false) => "anonymous",
                (false, true) => "elite",
            };
            assert_eq!(Some(level), proxy.truth.anonymity, "{face:?} of {}: {text}", proxy.url());
            match proxy.truth.giveaway {
                None => assert!(strange.is_empty(), "{strange:?}"),
                Some("exit") => {
                    assert!(strange.is_empty() && seen.line("remote") == Some(CLIENT.to_string()));
                }
                Some(header) => {
                    assert_eq!(strange.len(), 1, "one header and no other: {strange:?}");
                    assert!(strange[0].starts_with(&format!("{header}: ")), "{header}: {strange:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_account_opens_and_a_wrong_one_does_not() {
    let world = world().await;
    let with = |spec: ProxySpec, listed| spec.account("ann", "s3cret").listed(listed);
    for (listed, http, socks5, reason) in [
        (Listed::Right, 200, 0, None),
        (Listed::Wrong, 407, 97, Some("auth_failed")),
        (Listed::Without, 407, 97, Some("auth_required")),
    ] {
        let proxy = world.add(with(ProxySpec::http(), listed)).await.unwrap();
        assert_eq!(through(&world, &proxy, 0).await.status, http, "{listed:?}: {}", proxy.line());
        assert_eq!(proxy.truth.reason, reason);
        let tunnelled = curl(&["-x", &curls(&proxy), "--proxytunnel", &asking(&world, 0)]).await;
        assert_eq!(tunnelled.connect_status, http, "{listed:?} by CONNECT");

        let proxy = world.add(with(ProxySpec::socks5(), listed)).await.unwrap();
        let seen = through(&world, &proxy, 0).await;
        assert_eq!(
            seen.exit, socks5,
            "{listed:?}: curl's code for a SOCKS handshake that failed: {}",
            seen.error
        );
        assert_eq!(proxy.truth.reason, reason);
    }
    let proxy = world.add(with(ProxySpec::http(), Listed::Without)).await.unwrap();
    let given = curl(&["-x", &proxy.url(), "--proxy-user", "ann:s3cret", &asking(&world, 0)]).await;
    assert_eq!(given.status, 200, "the account opens it, however it is given");
    assert!(!given.text().contains("Proxy-Authorization"), "and goes no further than the proxy");
    let proxy = world.add(with(ProxySpec::socks4(), Listed::Right)).await.unwrap();
    assert_eq!(through(&world, &proxy, 0).await.status, 200, "SOCKS4 knows a user");
    let stranger = curl(&["--socks4", &proxy.addr.to_string(), &asking(&world, 0)]).await;
    assert!(stranger.error.contains("93"), "and says 0x5d to another: {}", stranger.error);
}

#[tokio::test]
async fn connect_is_denied_by_rule_and_announced_in_many_ways() {
    let world = world().await;
    let ca = ca_file(world.ca_pem());
    let ca = ca.path().to_str().unwrap();
    let without = world.add(ProxySpec::http().without_connect()).await.unwrap();
    assert_eq!(through(&world, &without, 2).await.connect_status, 405, "no tunnels at all");
    assert_eq!(through(&world, &without, 0).await.status, 200, "but it forwards");
    assert_eq!(without.truth.works, ["http"]);

    let only_443 = world.add(ProxySpec::http().connect_443_only()).await.unwrap();
    let plain = curl(&["-x", &curls(&only_443), "--proxytunnel", &asking(&world, 0)]).await;
    assert_eq!(plain.connect_status, 403, "port 80 is not allowed");
    let tls = curl(&["-x", &curls(&only_443), "--cacert", ca, &asking(&world, 2)]).await;
    assert_eq!(tls.status, 200, "the port of https is: {}", tls.error);

    for (reply, code) in [
        (ConnectReply::Usual, 200),
        (ConnectReply::NoPhrase, 200),
        (ConnectReply::OddPhrase, 200),
        (ConnectReply::Accepted, 202),
        (ConnectReply::Framed, 200),
    ] {
        let proxy = world.add(ProxySpec::http().connect_reply(reply)).await.unwrap();
        let seen = curl(&["-x", &curls(&proxy), "--cacert", ca, &asking(&world, 2)]).await;
        assert_eq!((seen.connect_status, seen.status), (code, 200), "{reply:?}: {}", seen.error);
    }
}

#[tokio::test]
async fn a_proxy_without_names_reaches_addresses_only() {
    let world = world().await;
    let http = world.add(ProxySpec::http().without_names()).await.unwrap();
    assert_eq!(through(&world, &http, 0).await.status, 200, "an address is reached");
    assert_eq!(through(&world, &http, 1).await.status, 502, "a name is not");
    for (spec, option) in [(ProxySpec::socks4(), "--socks4a"), (ProxySpec::socks5(), "--socks5-hostname")] {
        let proxy = world.add(spec.without_names()).await.unwrap();
        let addr = proxy.addr.to_string();
        assert_eq!(curl(&[option, &addr, &asking(&world, 0)]).await.status, 200, "{option} with an address");
        assert_eq!(curl(&[option, &addr, &asking(&world, 1)]).await.exit, 97, "{option} with a name");
    }
}

#[tokio::test]
async fn odd_but_right_proxies_work() {
    let world = world().await;
    let lower = world.add(ProxySpec::http().lower_case()).await.unwrap();
    let seen = through(&world, &lower, 0).await;
    assert!(seen.line("user-agent").is_some(), "header names are in lower case: {}", seen.text());
    assert!(seen.headers.contains("content-length: "), "of the answer too: {}", seen.headers);
    let named = world.add(ProxySpec::socks5().names_bound_address()).await.unwrap();
    assert_eq!(through(&world, &named, 0).await.status, 200, "a bound address may be a name (RFC 1928, 6)");
    let tls = world.add(ProxySpec::http().over_tls()).await.unwrap();
    let url = format!("https://{}", tls.addr);
    assert_eq!(
        curl(&["--proxy-insecure", "-x", &url, &asking(&world, 0)]).await.status,
        200,
        "it speaks TLS"
    );
    assert_eq!(
        curl(&["-x", &url, &asking(&world, 0)]).await.exit,
        60,
        "with a certificate that nobody trusts"
    );
    assert_eq!(tls.truth.works, ["http", "connect", "tls"]);
    let six = World::seeded(13)
        .judge(JudgeKind::Own)
        .judge(JudgeSpec::new(JudgeKind::Own).ipv6())
        .proxy(ProxySpec::socks5())
        .start()
        .await
        .unwrap();
    let proxy = &six.proxies()[0];
    assert_eq!(through(&six, proxy, 1).await.line("remote").as_deref(), Some("::1"), "IPv6 is reached");
    assert_eq!(proxy.truth.works, ["socks5", "ipv6"], "no judge has a name here");
}

#[tokio::test]
async fn the_lab_never_leaves_the_machine() {
    let world = world().await;
    let proxy = world.add(ProxySpec::mixed()).await.unwrap();
    let addr = proxy.addr.to_string();
    // An address of a documentation range: even if the lab dialled it, nobody would be there.
    assert_eq!(curl(&["-x", &addr, "http://192.0.2.1/"]).await.status, 403, "forwarding is refused");
    assert_eq!(curl(&["-x", &addr, "https://192.0.2.1/"]).await.connect_status, 403, "tunnels too");
    assert_eq!(curl(&["--socks5", &addr, "http://192.0.2.1/"]).await.exit, 97, "by SOCKS as well");
}

#[tokio::test]
async fn faults_of_the_connection_look_to_curl_as_they_are() {
    let world = world().await;
    for (fault, exits, why) in [
        (Fault::Refused, &[7][..], "could not connect"),
        (Fault::Blackhole, &[28], "timed out while connecting"),
        (Fault::Silent, &[28], "timed out while waiting"),
        // The reset may overtake curl's own look at its connect, which it then calls failed.
        (Fault::ResetOnAccept, &[7, 55, 56], "reset"),
        (Fault::ResetOnRequest, &[56], "reset"),
        (Fault::CloseOnAccept, &[52, 55, 56], "empty reply"),
        (Fault::CloseOnRequest, &[52], "empty reply"),
        (Fault::Garbage, &[1], "not HTTP"),
        (Fault::SshBanner, &[1], "not HTTP"),
        (Fault::Echo, &[1], "not HTTP"),
    ] {
        let proxy = world.add(ProxySpec::http().fault(fault)).await.unwrap();
        let seen = curl(&["--max-time", "1.5", "-x", &curls(&proxy), &asking(&world, 0)]).await;
        assert!(exits.contains(&seen.exit), "{fault:?} is `{why}` to curl: {} {}", seen.exit, seen.error);
        assert!(!proxy.truth.alive && proxy.truth.reason.is_some(), "{fault:?} is dead for a reason");
        let accepted = u64::from(!matches!(fault, Fault::Refused | Fault::Blackhole));
        assert_eq!(proxy.dials(), accepted, "{fault:?}: curl dials once, and only a listener can accept");
    }
    let hole = world.add(ProxySpec::http().fault(Fault::Blackhole)).await.unwrap();
    let seen = curl(&["--connect-timeout", "1", "-x", &curls(&hole), &asking(&world, 0)]).await;
    let never = seen.error.contains("Connection timed out") || seen.error.contains("Failed to connect");
    assert!(never, "it was never connected: {}", seen.error);
}

#[tokio::test]
async fn a_slow_proxy_is_right_but_late() {
    let world = world().await;
    let late = std::time::Duration::from_millis(300);
    for spec in [ProxySpec::http().fault(Fault::Slow(late)), ProxySpec::socks5().latency(late)] {
        let proxy = world.add(spec).await.unwrap();
        let began = std::time::Instant::now();
        assert_eq!(through(&world, &proxy, 0).await.status, 200, "it works");
        assert!(began.elapsed() >= late, "but not before its time");
        assert!(proxy.truth.alive, "and its truth says so");
    }
}

#[tokio::test]
async fn faults_of_the_answer_show_in_status_and_page() {
    let world = world().await;
    for status in [400, 403, 404, 405, 429, 500, 502, 503] {
        let proxy = world.add(ProxySpec::http().fault(Fault::Status(status))).await.unwrap();
        assert_eq!(through(&world, &proxy, 0).await.status, status, "every request gets it");
        assert_eq!(through(&world, &proxy, 2).await.connect_status, status, "CONNECT too");
        assert_eq!(proxy.truth.code, Some(status));
    }
    let portal = world.add(ProxySpec::http().fault(Fault::Portal)).await.unwrap();
    let seen = through(&world, &portal, 0).await;
    assert!(seen.status == 200 && seen.text().contains("Accept the terms"), "a page of its own");
    let redirect = world.add(ProxySpec::http().fault(Fault::Redirect)).await.unwrap();
    assert_eq!(through(&world, &redirect, 0).await.status, 302, "sent elsewhere");
}

#[tokio::test]
async fn a_replayed_page_has_the_token_of_another_request() {
    let world = world().await;
    for spec in [ProxySpec::http(), ProxySpec::socks5()] {
        let proxy = world.add(spec.fault(Fault::Replay)).await.unwrap();
        let first = through(&world, &proxy, 0).await;
        let second = through(&world, &proxy, 0).await;
        assert_ne!(first.line("token").as_deref(), Some(TOKEN), "never the one that was sent");
        assert_eq!(first.body, second.body, "always the same page");
        assert_eq!(first.line("token").unwrap().len(), TOKEN.len(), "which else looks right");
    }
}

#[tokio::test]
async fn a_tampered_page_keeps_the_token_and_differs_otherwise() {
    let world = World::seeded(14)
        .judge(JudgeKind::Own)
        .judge(JudgeKind::Azenv)
        .judge(JudgeKind::Httpbin)
        .start()
        .await
        .unwrap();
    let honest = world.add(ProxySpec::http()).await.unwrap();
    for how in [Tamper::Letter, Tamper::Script] {
        let proxy = world.add(ProxySpec::http().fault(Fault::Tampers(how))).await.unwrap();
        for judge in 0..3 {
            let right = through(&world, &honest, judge).await;
            let wrong = through(&world, &proxy, judge).await;
            assert!(wrong.exit == 0 && wrong.text().contains(TOKEN), "{how:?}: the token is there");
            let marks = |text: &str| {
                [text.matches("<title>Environment").count(), text.matches("\"headers\"").count()]
            };
            let visible = match judge {
                0 => wrong.line("frame") != right.line("frame") || !wrong.text().ends_with("\nend\n"),
                _ => marks(&wrong.text()) != marks(&right.text()) || wrong.text().contains("<script"),
            };
            assert!(visible, "{how:?}: outside of what is echoed: {}", wrong.text());
        }
    }
}

#[tokio::test]
async fn broken_answers_are_broken_as_named() {
    let world = world().await;
    let right = curl(&[&asking(&world, 0)]).await.body.len();
    let world_ref = &world;
    let broken = |fault| async move { world_ref.add(ProxySpec::http().fault(fault)).await.unwrap() };

    let gzip = through(&world, &broken(Fault::Gzip).await, 0).await;
    assert!(gzip.body.starts_with(&[0x1f, 0x8b]), "in gzip though nobody asked");
    let proxy = broken(Fault::Gzip).await;
    let decoded = curl(&["--compressed", "-x", &curls(&proxy), &asking(&world, 0)]).await;
    assert_eq!(decoded.line("token").as_deref(), Some(TOKEN), "and right for one who decodes it");

    let short = through(&world, &broken(Fault::LengthTooShort).await, 0).await;
    assert!(short.exit == 0 && short.body.len() < right, "the end is beyond the promised length");
    let long = through(&world, &broken(Fault::LengthTooLong).await, 0).await;
    assert_eq!(long.exit, 18, "curl's code for less than was promised: {}", long.error);
    let chunked = through(&world, &broken(Fault::TruncatedChunked).await, 0).await;
    assert_eq!(chunked.exit, 18, "closed in the middle of a chunk: {}", chunked.error);

    let proxy = broken(Fault::Drip).await;
    let drip = curl(&["--max-time", "2.5", "-x", &curls(&proxy), &asking(&world, 0)]).await;
    assert_eq!(drip.exit, 28, "one byte a second is too slow for anybody: {}", drip.error);
    let proxy = broken(Fault::EndlessBody).await;
    let endless = curl(&["--max-time", "1", "-x", &curls(&proxy), &asking(&world, 0)]).await;
    let (text, length) = (endless.text(), endless.body.len());
    assert!(length > 1 << 20 && text.contains(TOKEN), "the right page, then megabytes: {length}");
    let proxy = broken(Fault::EndlessHeaders).await;
    let endless = curl(&["--max-time", "1", "-x", &curls(&proxy), &asking(&world, 0)]).await;
    assert!(endless.exit != 0 && endless.body.is_empty(), "no body ever comes: {}", endless.exit);
    assert!(endless.headers.len() > 100_000, "only headers: {}", endless.headers.len());
}

#[tokio::test]
async fn an_interceptor_shows_a_certificate_of_its_own_and_reads_along() {
    let world = world().await;
    let [judges, forger] = [world.ca_pem(), world.interceptor_ca_pem()].map(ca_file);
    for spec in [ProxySpec::http(), ProxySpec::connect()] {
        let proxy = world.add(spec.fault(Fault::TlsIntercept)).await.unwrap();
        let url = asking(&world, 2);
        let asked = |ca: &tempfile::NamedTempFile| ca.path().to_str().unwrap().to_owned();
        let honest = curl(&["--cacert", &asked(&judges), "-x", &curls(&proxy), &url]).await;
        assert_eq!(honest.exit, 60, "it is not the judge's: {}", honest.error);
        let fooled = curl(&["--cacert", &asked(&forger), "-x", &curls(&proxy), &url]).await;
        assert_eq!(
            fooled.line("token").as_deref(),
            Some(TOKEN),
            "who trusts the forger sees nothing: {}",
            fooled.error
        );
        assert_eq!(proxy.truth.reason, Some("tls_intercepted"));
    }
}

#[tokio::test]
async fn a_tunnel_can_open_and_stay_silent() {
    let world = world().await;
    let ca = ca_file(world.ca_pem());
    let ca = ca.path().to_str().unwrap();
    let proxy = world.add(ProxySpec::connect().fault(Fault::TunnelSilence)).await.unwrap();
    let seen = curl(&["--max-time", "1", "--cacert", ca, "-x", &curls(&proxy), &asking(&world, 2)]).await;
    assert_eq!((seen.connect_status, seen.exit), (200, 28), "announced, and then nothing: {}", seen.error);
    for spec in [ProxySpec::socks4(), ProxySpec::socks5()] {
        let proxy = world.add(spec.fault(Fault::TunnelSilence)).await.unwrap();
        let seen = curl(&["--max-time", "1", "-x", &curls(&proxy), &asking(&world, 0)]).await;
        assert_eq!(seen.exit, 28, "{}: {}", proxy.url(), seen.error);
    }
}

#[tokio::test]
async fn socks_replies_carry_the_code_that_was_chosen() {
    let world = world().await;
    for code in 1..=8 {
        let proxy = world.add(ProxySpec::socks5().fault(Fault::SocksReply(code))).await.unwrap();
        let seen = through(&world, &proxy, 0).await;
        assert_eq!(seen.exit, 97, "curl's code for a SOCKS handshake that failed");
        assert!(seen.error.contains(&format!("({code})")), "and it tells which: {}", seen.error);
        assert_eq!((proxy.truth.reason, proxy.truth.code), (Some("rejected"), Some(u16::from(code))));
    }
    let proxy = world.add(ProxySpec::socks4().fault(Fault::SocksReply(0x5b))).await.unwrap();
    let seen = through(&world, &proxy, 0).await;
    assert!(seen.exit == 97 && seen.error.contains("91"), "SOCKS4 too: {}", seen.error);
}

#[tokio::test]
async fn a_rewriter_works_but_changes_what_was_meant_for_the_judge() {
    let world = world().await;
    for spec in [ProxySpec::http(), ProxySpec::socks5()] {
        let drops = world.add(spec.clone().fault(Fault::DropsHeader)).await.unwrap();
        let changes = world.add(spec.fault(Fault::ChangesUserAgent)).await.unwrap();
        let seen = through(&world, &drops, 0).await;
        assert!(
            seen.line("Accept").is_none() && seen.line("User-Agent").is_some(),
            "one is gone: {}",
            seen.text()
        );
        let seen = through(&world, &changes, 0).await;
        assert_eq!(
            seen.line("User-Agent").as_deref(),
            Some("Mozilla/4.0 (compatible; lab)"),
            "one is another"
        );
        assert_eq!(drops.truth.notes, ["rewrites_headers"]);
        assert!(changes.truth.alive, "it is a note only");
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_proxies() {
    let kinds = |world: &World| -> Vec<String> {
        let line = |p: &LabProxy| format!("{:?} {:?} {:?}", p.spec.kind, p.spec.fault, p.truth.works);
        world.proxies().iter().map(line).collect()
    };
    let make =
        |seed| World::seeded(seed).judge(JudgeKind::Own).proxies(Mix::refused().alive(30), 200).start();
    let (one, same, other) = (make(21).await.unwrap(), make(21).await.unwrap(), make(22).await.unwrap());
    assert_eq!(kinds(&one), kinds(&same), "the seed decides");
    assert_ne!(kinds(&one), kinds(&other), "and another seed otherwise");
    let blocks: HashSet<_> = [&one, &same, &other].map(|world| world.judges()[0].addr.ip()).into();
    assert_eq!(blocks.len(), 3, "worlds that live at once share no address");
    let endpoints: HashSet<_> = one.proxies().iter().map(|proxy| proxy.addr).collect();
    assert_eq!((endpoints.len(), one.list().lines().count()), (200, 200), "an endpoint and a line each");
}

#[tokio::test]
async fn a_drawn_world_is_as_true_as_its_truths() {
    let world =
        World::seeded(31).judge(JudgeKind::Own).proxies(Mix::mixed().alive(25), 120).start().await.unwrap();
    let mut alive = 0;
    for proxy in world.proxies() {
        // Silence would only cost time here; its own test has it.
        if proxy.spec.fault == Some(Fault::Silent) {
            continue;
        }
        let tunnel = if proxy.truth.works == ["connect"] { "--proxytunnel" } else { "--no-progress-meter" };
        let seen = curl(&[tunnel, "-x", &curls(&proxy), &asking(&world, 0)]).await;
        let right = seen.status == 200 && seen.line("token").as_deref() == Some(TOKEN);
        assert_eq!(right, proxy.truth.alive, "{} {:?}: {}", proxy.line(), proxy.spec, seen.error);
        if right {
            alive += 1;
            assert_eq!(
                seen.line("remote"),
                proxy.truth.exit.map(|exit| exit.to_string()),
                "{}",
                proxy.line()
            );
        }
    }
    assert!((15..=45).contains(&alive), "about every fourth of 120 lives: {alive}");
    let traffic = world.traffic();
    assert!(traffic.accepted >= alive && traffic.peak >= 1, "connections were counted: {traffic:?}");
    world.stop().await.unwrap();
}

#[tokio::test]
async fn a_world_that_is_dropped_listens_no_more() {
    // A seed whose block no other test asks for: another world would listen at the freed addresses at once.
    let world = World::seeded(238).judge(JudgeKind::Own).start().await.unwrap();
    let proxy = world.add(ProxySpec::http()).await.unwrap();
    let (judge, addr) = (asking(&world, 0), curls(&proxy));
    world.stop().await.unwrap();
    assert_eq!(curl(&[&judge]).await.exit, 7, "the judge is gone");
    assert_eq!(curl(&["-x", &addr, &judge]).await.exit, 7, "and so is the proxy");
}

/// Starts the binary in a folder and waits until it is ready.
fn serve(folder: &std::path::Path, options: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proxydeck-lab"));
    command.args(["serve", "--list", "list", "--judge-file", "judges", "--ca", "ca.pem", "--truth", "truth"]);
    command
        .args(["--resolve-file", "names", "--proxies", "50", "--seed", "41", "--seconds", "60"])
        .args(options);
    let mut child = command
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the lab is built");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "said when everything listens and all files are written");
    child
}

#[tokio::test]
async fn the_binary_writes_its_world_down_and_ends_on_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let mut lab = serve(folder.path(), &["--mix", "refused", "--alive", "40"]);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let (list, truths, judges, names) = (read("list"), read("truth"), read("judges"), read("names"));
    assert_eq!((list.lines().count(), truths.lines().count()), (50, 50), "a line each");
    assert_eq!((judges.lines().count(), names.lines().count()), (3, 3), "two plain judges and one over TLS");
    let ca = folder.path().join("ca.pem");
    for (judge, name) in judges.lines().zip(names.lines()) {
        let url = format!("{judge}?token={TOKEN}");
        let seen = curl(&["--cacert", ca.to_str().unwrap(), "--resolve", name, &url]).await;
        assert!(
            seen.status == 200 && seen.text().contains(TOKEN),
            "{judge} is found by {name}: {}",
            seen.error
        );
    }
    let truths: Vec<serde_json::Value> =
        truths.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let alive: Vec<_> = truths.iter().filter(|truth| truth["alive"] == true).collect();
    assert!((10..=30).contains(&alive.len()), "about 40 of a hundred live: {}", alive.len());
    for (truth, line) in truths.iter().zip(list.lines()) {
        assert_eq!(truth["line"], line, "truth and list have the same order");
    }
    let ended = Command::new("kill").args(["-TERM", &lab.id().to_string()]).status().unwrap();
    assert!(ended.success() && lab.wait().unwrap().success(), "a signal is the usual way to end it");
}

#[tokio::test]
async fn the_binary_serves_a_ready_made_web() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proxydeck-lab"));
    command.args(["web", "--sources", "5", "--addresses", "1000", "--sites", "2", "--until-stdin-ends"]);
    let mut lab = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the lab is built");
    let lines = BufReader::new(lab.stdout.take().unwrap()).lines().map(Result::unwrap);
    let urls: Vec<String> = lines.take_while(|line| line != "ready").collect();
    assert_eq!(urls.len(), 5);
    let (mut all, mut entries) = (HashSet::new(), 0);
    for url in &urls {
        let text = curl(&[url]).await.text();
        // Whatever the shape, an address is what has three dots, and its port is the next number.
        let words: Vec<&str> =
            text.split(|c: char| !c.is_ascii_digit() && c != '.').filter(|w| !w.is_empty()).collect();
        for pair in words.windows(2).filter(|pair| pair[0].matches('.').count() == 3) {
            all.insert(format!("{}:{}", pair[0], pair[1]));
            entries += 1;
        }
    }
    assert_eq!((all.len(), entries), (1000, 1100), "as many as were asked for, every tenth of them twice");
    drop(lab.stdin.take());
    assert!(lab.wait().unwrap().success());
}

#[test]
fn the_binary_does_not_outlive_who_started_it_with_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let mut lab = serve(folder.path(), &["--until-stdin-ends"]);
    drop(lab.stdin.take());
    assert!(lab.wait().unwrap().success(), "standard input ended, and so did the lab");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fake_web_is_what_its_pages_say() {
    let web = Web::seeded(11).unwrap();
    let site = web.site(SiteSpec::default()).unwrap();
    let secure = web.site(SiteSpec::default().named("lists.example.com").tls()).unwrap();
    let urls = site.one_of_each(&secure.url("/list.txt")).unwrap();
    assert_eq!(urls.len(), 43, "each is named below, or never ends by itself");
    let list = text_list(11, 0..1000);
    let hundred = text_list(11, 0..100);
    let got = |path: &str, more: &[&str]| {
        let args: Vec<String> = more.iter().map(|arg| (*arg).to_owned()).chain([site.url(path)]).collect();
        async move { curl(&args.iter().map(String::as_str).collect::<Vec<_>>()).await }
    };
    for (path, body) in [("/list.txt", &list), ("/frozen.txt", &list), ("/late", &hundred)] {
        let reply = got(path, &[]).await;
        assert_eq!((reply.exit, reply.status, &reply.text()), (0, 200, body), "{path}");
    }
    for (path, entries) in [("/100000.txt", 100_000), ("/appending.txt", 1000), ("/appending.txt", 1010)] {
        assert_eq!(got(path, &[]).await.text(), text_list(11, 0..entries), "{path}");
    }
    assert_ne!(got("/changing.txt", &[]).await.text(), got("/changing.txt", &[]).await.text());
    for path in ["/gzip", "/brotli", "/zstd"] {
        let reply = got(path, &["--compressed"]).await;
        // Not every curl is built with all three.
        assert!(reply.exit == 61 || reply.text() == list, "{path}: {}", reply.error);
    }
    let etag = got("/etag.txt", &[]).await.headers;
    let etag = etag.lines().find_map(|line| line.strip_prefix("ETag: ")).unwrap().trim().to_owned();
    assert_eq!(got("/etag.txt", &["-H", &format!("If-None-Match: {etag}")]).await.status, 304);
    let since = "If-Modified-Since: Thu, 01 Oct 2026 10:00:00 GMT";
    assert_eq!(got("/last-modified.txt", &["-H", since]).await.status, 304);
    for (path, status, after) in [
        ("/429-seconds", 429, 200),
        ("/429-date", 429, 200),
        ("/429-hour", 429, 429),
        ("/503-once", 503, 200),
    ] {
        assert_eq!((got(path, &[]).await.status, got(path, &[]).await.status), (status, after), "{path}");
    }
    for (path, status) in
        [("/500", 500), ("/404", 404), ("/410", 410), ("/304", 304), ("/account", 401), ("/x", 404)]
    {
        assert_eq!(got(path, &[]).await.status, status, "{path}");
    }
    assert_eq!(got("/account", &["-u", "ann:s3cret"]).await.text(), hundred);
    assert_eq!(got("/pages?page=5", &[]).await.text(), text_list(11, 400..500));
    assert_eq!(got("/pages?page=6", &[]).await.text(), "");
    for path in ["/redirect", "/redirect-elsewhere", "/redirect-file", "/redirect-ftp", "/redirect-private"] {
        assert_eq!(got(path, &[]).await.status, 302, "{path}");
    }
    assert_eq!(got("/redirect", &["-L"]).await.text(), list);
    assert_eq!(got("/redirect-loop", &["-L", "--max-redirs", "5"]).await.exit, 47, "too many redirects");
    for (path, exit) in [("/short", 18), ("/reset-once", 56), ("/reset-once", 0)] {
        assert_eq!(got(path, &[]).await.exit, exit, "{path}");
    }
    assert_ne!(got("/garbage", &[]).await.exit, 0);
    assert_eq!(got("/mispacked", &["--compressed"]).await.exit, 61, "that is not packed");
    for (path, exit) in [("/silent", 28), ("/standstill", 28), ("/drip", 28), ("/endless", 28), ("/huge", 28)]
    {
        assert_eq!(
            got(path, &["--max-time", "1", "-o", "/dev/null"]).await.exit,
            exit,
            "{path}: it is not over in time"
        );
    }
    for path in ["/portal", "/captcha", "/error", "/truncated.json", "/wrong-charset", "/utf-16"] {
        let reply = got(path, &[]).await;
        assert_eq!((reply.exit, reply.status), (0, 200), "{path}");
    }
    assert!(serde_json::from_slice::<serde_json::Value>(&got("/truncated.json", &[]).await.body).is_err());
    let utf_16 = got("/utf-16", &[]).await.body;
    assert!(utf_16.starts_with(&[0xff, 0xfe]) && utf_16.len() == 2 * (list.len() + 1));
    let bomb = got("/bomb", &[]).await.body;
    assert!(bomb.len() < 1024 * 1024, "small on the wire: {}", bomb.len());
    let mut inside = flate2::read::GzDecoder::new(&bomb[..]);
    assert_eq!(std::io::copy(&mut inside, &mut std::io::sink()).unwrap(), 256 * 1024 * 1024);

    let url = secure.page("/list.txt", Page::List(1000)).unwrap();
    let ca = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(ca.path(), web.ca_pem()).unwrap();
    let reply =
        curl(&["--cacert", ca.path().to_str().unwrap(), "--resolve", &web.resolve_args()[0], &url]).await;
    assert_eq!(reply.text(), list, "{}", reply.error);
    assert!(secure.visits("/list.txt")[0].field("User-Agent").unwrap().starts_with("curl/"));
}
