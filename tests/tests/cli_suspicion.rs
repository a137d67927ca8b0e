//! What the command does where something is suspicious: it explains itself, asks a second judge, compares a larger page,
//! and does not take a judge's fault for a proxy's.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use proxydeck_tests::cli::{Home, Lab, json_lines, words};
use proxydeck_tests::lab::{Fault, JudgeKind, JudgeSpec, ProxySpec, Tamper, World};
use serde_json::Value;

/// A password that stands nowhere by chance.
const PASSWORD: &str = "Zq7vault";
/// The same behind its user in Basic authorisation: `printf 'keeper:Zq7vault' | base64`.
const AUTHORISATION: &str = "a2VlcGVyOlpxN3ZhdWx0";

/// The head of a request as it came, and the stream that it came on.
fn request(stream: TcpStream) -> Option<(String, TcpStream)> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some((head, reader.into_inner()))
}

/// Answers each request with what `answer` makes of its head and of who asks, until the test ends.
fn serve(answer: impl Fn(&str, IpAddr) -> String + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || {
                let from = stream.peer_addr().unwrap().ip();
                if let Some((head, mut stream)) = request(stream) {
                    // Whoever hangs up early has its reasons.
                    let _ = stream.write_all(answer(&head, from).as_bytes());
                }
            });
        }
    });
    address
}

fn page(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// What a script of the azenv kind answers.
fn environment(title: &str, head: &str, from: IpAddr) -> String {
    let target = head.split(' ').nth(1).unwrap_or_default();
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let fields: String = fields
        .map(|(name, value)| format!("HTTP_{} = {value}\n", name.to_uppercase().replace('-', "_")))
        .collect();
    page(&format!(
        "<title>{title}</title>\n<pre>\nREMOTE_ADDR = {from}\nREQUEST_URI = {target}\n{fields}</pre>\n"
    ))
}

#[test]
fn explaining_shows_every_stage_and_what_was_said_but_no_password() {
    let lab = Lab::start(
        World::seeded(81)
            .judge(JudgeSpec::new(JudgeKind::Own))
            .proxy(ProxySpec::http().account("keeper", PASSWORD))
            .proxy(ProxySpec::socks5().account("keeper", PASSWORD))
            .proxy(ProxySpec::http().fault(Fault::SshBanner))
            .proxy(ProxySpec::http().fault(Fault::Edge)),
    );
    let home = Home::new();
    let asking = home.asking(&lab);
    let explain = |line: &str, more: &str| {
        let explained =
            home.run(words(&format!("check --timeout 3 --explain {line} {more}"), &asking)).done();
        for secret in [PASSWORD, AUTHORISATION] {
            assert!(!explained.text().contains(secret), "{secret} is a secret: {}", explained.text());
        }
        explained
    };
    let proxies = lab.proxies();
    let text = explain(&proxies[0].line(), "");
    let text = text.text();
    for told in [
        ": works",
        "http     yes",
        "dial ",
        "answer ",
        "> GET http://",
        "Proxy-Authorization: Basic (withheld)",
    ] {
        assert!(text.contains(told), "{told:?} is missing: {text}");
    }
    assert!(text.contains("< HTTP/1.1 200"), "what came back is shown: {text}");

    let text = explain(&proxies[1].line(), "");
    assert!(
        text.text().contains(r"keeper\x08(withheld)"),
        "the account's message is there without it: {}",
        text.text()
    );

    let text = explain(&proxies[2].line(), "");
    for told in ["does not work: not_a_proxy", "It answers, but as something else than a proxy.", "< SSH-2.0"]
    {
        assert!(text.text().contains(told), "{told:?} is missing: {}", text.text());
    }
    let edge = explain(&proxies[3].line(), "");
    for told in ["does not work: not_a_proxy", "answered by an edge of Amazon CloudFront"] {
        assert!(edge.text().contains(told), "{told:?} is missing: {}", edge.text());
    }
    let explained = explain(&proxies[0].line(), "--json").json();
    assert_eq!(explained["result"]["status"], "active");
    let first = &explained["attempts"][0];
    assert_eq!(first["said"][0]["by_us"], true, "we speak first: {first}");
    assert!(first["bytes_in"].as_u64().unwrap() > 2048, "an answer of our judge has a frame: {first}");

    home.run(words("check --explain nothing.here", &asking)).with_status(1).complains(&["is no proxy"]);
    let _ = home.run(words("check list.txt --explain 1.2.3.4:80", &asking)).with_status(2);
    assert!(!home.at("data/proxydeck.db").exists(), "nothing is kept");
}

#[test]
fn targets_are_visited_by_those_that_work_and_can_be_filtered_by() {
    let lab = Lab::start(
        World::seeded(82)
            .judge(JudgeSpec::new(JudgeKind::Azenv))
            .judge(JudgeSpec::new(JudgeKind::Ipify).named("tls.site.lab").tls())
            .proxy(ProxySpec::http())
            .proxy(ProxySpec::http().without_connect())
            .proxy(ProxySpec::socks4())
            .proxy(ProxySpec::socks5())
            .proxy(ProxySpec::http().over_tls())
            .proxy(ProxySpec::http().fault(Fault::Portal))
            .proxy(ProxySpec::http().fault(Fault::Tampers(Tamper::Script)).without_connect()),
    );
    let judges = lab.judges();
    let plain = judges.iter().find(|judge| !judge.tls).unwrap().url.clone();
    let over_tls = judges.iter().find(|judge| judge.tls).unwrap().url.clone();
    let missing = format!("{plain}missing");
    let home = Home::new();
    let asking: Vec<String> = home.asking(&lab);
    home.write("list.txt", lab.list());
    home.run(words("--data-dir data import list.txt --allow-private", &[])).done();
    let line = format!(
        "--json --data-dir data check --timeout 3 --target {plain} --target {missing} --target {over_tls}"
    );
    let summary = home.run(words(&line, &asking)).done().json();
    let alive = u64::try_from(lab.proxies().iter().filter(|proxy| proxy.truth.alive).count()).unwrap();
    assert_eq!(summary["alive"], alive);
    let count = |target: &str| {
        let count = &summary["targets"][target];
        (count["asked"].as_u64().unwrap(), count["reached"].as_u64().unwrap())
    };
    assert_eq!(count(&plain), (alive, alive), "whoever works leads to a plain page: {summary}");
    assert_eq!(count(&missing), (alive, 0), "404 is no success: {summary}");
    let tunnels = lab.proxies().into_iter().filter(|proxy| {
        proxy.truth.alive && proxy.truth.works.iter().any(|word| !matches!(*word, "http" | "tls"))
    });
    let tunnels = u64::try_from(tunnels.count()).unwrap();
    assert!(tunnels < alive, "one has no tunnel, or this proves little");
    assert_eq!(count(&over_tls), (tunnels, tunnels), "TLS takes a tunnel: {summary}");

    let listed = |target: &str| {
        let line = format!("--data-dir data list --format jsonl --target {target}");
        json_lines(home.run(words(&line, &[])).done().text())
    };
    assert_eq!(listed(&missing).len(), 0);
    assert_eq!(listed("https://nobody.asked.example/").len(), 0);
    let rows = listed(&over_tls);
    assert_eq!(u64::try_from(rows.len()).unwrap(), tunnels);
    for row in rows {
        assert_eq!(row["targets"][&over_tls]["ok"], true, "{row}");
        assert_eq!(row["targets"][&missing]["code"], 404, "{row}");
        assert_eq!(row["status"], "active", "a target never changes where a proxy stands: {row}");
    }
    let _ = home.run(words("check list.txt --target ftp://example.com/", &asking)).with_status(2);
}

/// An HTTP proxy that puts something into pages with a script in them, and leaves everything else alone.
fn injector() -> SocketAddr {
    serve(|head, _| {
        let target = head.split(' ').nth(1).unwrap_or_default();
        let rest = target.strip_prefix("http://").unwrap_or_default();
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let Ok(mut onward) = TcpStream::connect(authority) else { return String::new() };
        let fields = head.split_once("\r\n").map_or("", |(_, fields)| fields);
        onward.write_all(format!("GET /{path} HTTP/1.1\r\n{fields}").as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = onward.read_to_string(&mut answer);
        match answer.split_once("\r\n\r\n") {
            Some((_, body)) if body.contains("<script") => {
                page(&body.replace("</body>", "<script src=\"//evil.example\"></script></body>"))
            }
            _ => answer,
        }
    })
}

#[test]
fn a_larger_page_shows_who_changes_pages_only() {
    let home = Home::new();
    let judge = home.start(words("judge --listen 127.0.0.1:0", &[]));
    let url = format!("http://{}", judge.line("listening http://"));
    let lab = Lab::start(World::seeded(83).judge(JudgeSpec::new(JudgeKind::Azenv)).proxy(ProxySpec::http()));
    let honest = lab.proxies()[0].addr;
    home.write("list.txt", format!("http://{}\nhttp://{honest}\n", injector()));
    let check = |more: &str| {
        let line = format!(
            "check list.txt --protocol http --timeout 3 --allow-private --judge {url} --output - --format jsonl {more}"
        );
        json_lines(home.run(words(&line, &[])).done().text())
    };
    let alive = |rows: &[Value]| rows.iter().filter(|row| row["status"] == "active").count();
    let rows = check("");
    assert_eq!(alive(&rows), 2, "a page without a script passes unchanged: {rows:?}");
    let rows = check("--trust full");
    assert_eq!(alive(&rows), 1, "{rows:?}");
    let liar = rows.iter().find(|row| row["status"] == "inactive").unwrap();
    assert_eq!(liar["reason"], "tampered", "{liar}");
    assert_ne!(liar["proxy"], honest.to_string());

    let azenv = lab.judge_urls().remove(0);
    let line =
        format!("check list.txt --protocol http --timeout 3 --allow-private --judge {azenv} --trust full");
    let told = home.run(words(&line, &[])).done();
    assert!(told.stderr.contains("no larger page"), "it says what it could not do: {}", told.stderr);
    judge.terminate();
    let _ = judge.end();
}

#[test]
fn two_judges_outvote_one_that_treats_proxies_differently() {
    let lab = Lab::start(
        World::seeded(84)
            .judge(JudgeSpec::new(JudgeKind::Azenv))
            .judge(JudgeSpec::new(JudgeKind::Own))
            .proxy(ProxySpec::http())
            .proxy(ProxySpec::http().without_connect())
            .proxy(ProxySpec::http().transparent())
            .proxy(ProxySpec::http().fault(Fault::Portal)),
    );
    let home = Home::new();
    home.write("list.txt", lab.list());
    // One that shows a challenge to everybody but us, and one that takes everybody for its own front.
    let wary = serve(|head, from| {
        if from == Ipv4Addr::LOCALHOST { environment("azenv", head, from) } else { page("are you a robot?") }
    });
    let blind = serve(|head, _| environment("azenv", head, IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9))));
    for odd in [wary, blind] {
        let mut asking = home.asking(&lab);
        asking.extend(["--judge".to_owned(), format!("http://{odd}/")]);
        let line = "check list.txt --protocol http --timeout 3 --output - --format jsonl";
        let rows = json_lines(home.run(words(line, &asking)).done().text());
        for proxy in lab.proxies() {
            let row = rows.iter().find(|row| row["proxy"] == proxy.addr.to_string()).unwrap();
            let truth = &proxy.truth;
            assert_eq!(row["status"] == "active", truth.alive, "{row} of {truth:?}");
            assert_eq!(row["reason"].as_str(), truth.reason, "{row} of {truth:?}");
            if truth.alive {
                assert_eq!(row["anonymity"].as_str(), truth.anonymity, "{row} of {truth:?}");
            }
        }
    }
}

#[test]
fn a_judge_that_changes_its_page_in_the_middle_makes_nobody_a_liar() {
    let mut builder = World::seeded(85).judge(JudgeSpec::new(JudgeKind::Own));
    for _ in 0..40 {
        builder = builder.proxy(ProxySpec::http());
    }
    builder = builder.proxy(ProxySpec::http().fault(Fault::Portal));
    let lab = Lab::start(builder);
    let home = Home::new();
    home.write("list.txt", lab.list());
    let asked = Arc::new(AtomicU32::new(0));
    // The first questions are those of the introduction and of half of the proxies.
    let judge = serve(move |head, from| {
        let title =
            if asked.fetch_add(1, Ordering::Relaxed) < 25 { "azenv" } else { "azenv, now with a new title" };
        environment(title, head, from)
    });
    let line = format!(
        "check list.txt --protocol http --timeout 3 --allow-private --judge http://{judge}/ --output - --format jsonl"
    );
    let rows = json_lines(home.run(words(&line, &[])).done().text());
    assert_eq!(rows.len(), 41, "everybody has a verdict");
    let dead: Vec<&Value> = rows.iter().filter(|row| row["status"] != "active").collect();
    assert_eq!(dead.len(), 1, "only the one that shows a page of its own is at fault: {dead:?}");
    assert_eq!(dead[0]["reason"], "wrong_answer");
}
