//! The pages that judges show: each shape from a request and the address that it came from. It does no IO.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ring::digest::{SHA256, digest};
use serde::Serialize;

use super::http::{Answer, Field, Head, RequestLine, bytes, parameter};
use super::judge::JudgeKind;

/// Pieces of 32 bytes in the frame of Proxydeck's own judge: two KiB of digits.
const FRAME_PIECES: usize = 32;
/// Shortest and longest token, in hexadecimal digits.
const TOKEN_DIGITS: std::ops::RangeInclusive<usize> = 16..=64;

/// The headers that the public httpbin keeps to itself unless it is asked with `show_env=1`.
const HTTPBIN_HIDES: [&str; 15] = [
    "X-Varnish",
    "X-Request-Start",
    "X-Heroku-Queue-Depth",
    "X-Real-Ip",
    "X-Forwarded-Proto",
    "X-Forwarded-Protocol",
    "X-Forwarded-Ssl",
    "X-Heroku-Queue-Wait-Time",
    "X-Forwarded-For",
    "X-Heroku-Dynos-In-Use",
    "X-Forwarded-Port",
    "X-Request-Id",
    "Via",
    "Total-Route-Time",
    "Connect-Time",
];

/// What a judge of this kind answers.
pub(crate) fn page(
    kind: JudgeKind,
    head: &Head,
    line: &RequestLine,
    remote: SocketAddr,
    tls: bool,
) -> Answer {
    if line.method != "GET" && line.method != "HEAD" {
        return Answer::new(405, "text/plain", "only GET and HEAD\n");
    }
    let path = line.target.split('?').next().unwrap_or_default();
    let address = remote.ip().to_canonical();
    match (kind, path) {
        (JudgeKind::Azenv, "/" | "/azenv.php") => azenv(head, line, remote, tls),
        (JudgeKind::Httpbin, "/get") => httpbin(head, line, remote, tls),
        (JudgeKind::Bare, "/" | "/ip") => Answer::new(200, "text/plain", format!("{address}\n")),
        (JudgeKind::Ipify, "/") => Answer::new(200, "application/json", format!("{{\"ip\":\"{address}\"}}")),
        (JudgeKind::Own, "/proxydeck") => own(head, line, remote),
        _ => Answer::new(404, "text/plain", "no such page\n"),
    }
}

/// The public azenv script: every variable of the server whose name has REMOTE, REQUEST or HTTP in it, unescaped.
fn azenv(head: &Head, line: &RequestLine, remote: SocketAddr, tls: bool) -> Answer {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let mut page = String::from(
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\">\n<html>\n<head>\n\
         <title>Environment of the lab</title>\n</head>\n<body>\n<pre>\n",
    );
    let scheme = if tls { "https" } else { "http" };
    let _ = writeln!(page, "REMOTE_ADDR = {}", remote.ip().to_canonical());
    let _ = writeln!(page, "REMOTE_PORT = {}", remote.port());
    let _ = writeln!(page, "REQUEST_SCHEME = {scheme}");
    let _ = writeln!(page, "REQUEST_METHOD = {}", line.method);
    let _ = writeln!(page, "REQUEST_URI = {}", line.target);
    let _ = writeln!(page, "REQUEST_TIME_FLOAT = {}.{:04}", now.as_secs(), now.subsec_micros() / 100);
    let _ = writeln!(page, "REQUEST_TIME = {}", now.as_secs());
    for (name, value) in joined(&head.fields, ", ", |name| name.to_ascii_uppercase().replace('-', "_")) {
        let _ = writeln!(page, "HTTP_{name} = {value}");
    }
    page.push_str("</pre>\n</body>\n</html>\n");
    Answer::new(200, "text/html; charset=UTF-8", bytes(&page))
}

/// `/get` of httpbin as the public one stands behind a balancer: `origin` is what X-Forwarded-For claimed, followed
/// by the address that was really seen.
fn httpbin(head: &Head, line: &RequestLine, remote: SocketAddr, tls: bool) -> Answer {
    #[derive(Serialize)]
    struct Page<'a> {
        args: BTreeMap<&'a str, &'a str>,
        headers: BTreeMap<String, String>,
        origin: String,
        url: String,
    }
    let shown = parameter(&line.target, "show_env").is_some();
    let args: BTreeMap<&str, &str> = line
        .target
        .split_once('?')
        .map(|(_, query)| query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect())
        .unwrap_or_default();
    let mut headers: BTreeMap<String, String> = joined(&head.fields, ",", title_case).into_iter().collect();
    if !shown {
        headers.retain(|name, _| !HTTPBIN_HIDES.contains(&name.as_str()));
    }
    let seen = remote.ip().to_canonical();
    let origin =
        head.get("X-Forwarded-For").map_or_else(|| seen.to_string(), |claimed| format!("{claimed}, {seen}"));
    let scheme = if tls { "https" } else { "http" };
    let url = format!("{scheme}://{}{}", head.get("Host").unwrap_or_default(), line.target);
    let page = Page { args, headers, origin, url };
    match serde_json::to_string_pretty(&page) {
        Ok(text) => Answer::new(200, "application/json", text + "\n"),
        Err(error) => Answer::new(500, "text/plain", error.to_string()),
    }
}

/// Proxydeck's own shape, from its description: echo, frame, end.
fn own(head: &Head, line: &RequestLine, remote: SocketAddr) -> Answer {
    let plain = "text/plain; charset=utf-8";
    let token = parameter(&line.target, "token").unwrap_or_default();
    if !TOKEN_DIGITS.contains(&token.len()) || !token.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Answer::new(400, plain, "token: 16 to 64 hexadecimal digits are needed\n");
    }
    let mut page = String::from("proxydeck-judge 1\n");
    let _ = writeln!(page, "token: {token}");
    let _ = writeln!(page, "remote: {}", remote.ip().to_canonical());
    let _ = writeln!(page, "method: {}", line.method);
    let _ = writeln!(page, "target: {}", escaped(&line.target));
    let _ = writeln!(page, "headers: {}", head.fields.len());
    for Field { name, value } in &head.fields {
        let _ = writeln!(page, "{}: {}", escaped(name), escaped(value));
    }
    let _ = writeln!(page, "frame: {}", frame(token));
    page.push_str("end\n");
    Answer::new(200, plain, page).with("X-Content-Type-Options", "nosniff").with("Cache-Control", "no-store")
}

/// The two KiB that follow from a token.
fn frame(token: &str) -> String {
    let mut digits = String::with_capacity(FRAME_PIECES * 64);
    for piece in 0..FRAME_PIECES {
        for byte in digest(&SHA256, format!("proxydeck-frame:{token}:{piece}").as_bytes()).as_ref() {
            let _ = write!(digits, "{byte:02x}");
        }
    }
    digits
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in bytes(text) {
        match byte {
            b'%' => out.push_str("%25"),
            0x20..=0x7e => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// Fields by their name in a server's spelling, in order of first sight; those of one name are joined.
fn joined(fields: &[Field], between: &str, spell: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for field in fields {
        let name = spell(&field.name);
        if let Some((_, value)) = out.iter_mut().find(|(n, _)| *n == name) {
            value.push_str(between);
            value.push_str(&field.value);
        } else {
            out.push((name, field.value.clone()));
        }
    }
    out
}

fn title_case(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_two_kib_and_begins_with_the_digest_of_its_first_piece() {
        let frame = frame("00112233445566778899aabbccddeeff");
        assert_eq!(frame.len(), 2048, "32 digests of 64 digits");
        assert!(
            frame.starts_with("a827f54822141789"),
            "sha256 of `proxydeck-frame:00112233445566778899aabbccddeeff:0` as sha256sum has it, not {}",
            &frame[..16]
        );
    }

    #[test]
    fn bytes_outside_ascii_and_the_percent_sign_are_escaped() {
        assert_eq!(escaped("a%b\u{1b}\u{e9}"), "a%25b%1B%E9", "one escape for each byte received");
    }
}
