//! What `check --explain` shows a person: the verdict, the answer to each question, and every attempt with its stages
//! and what was said in it.

use std::io::{self, Write};
use std::sync::LazyLock;

use proxydeck_engine::api::{Explained, ExplainedAttempt};
use serde::Serialize;
use serde_json::Value;

/// The words of the interface, so that a reason is explained in one way wherever it is read.
const WORDS: &str = include_str!("../../../ui/src/i18n/en.json");

/// The questions in the order in which the interface shows them.
const CAPABILITIES: [&str; 8] = ["http", "connect", "socks4", "socks4a", "socks5", "socks5h", "tls", "ipv6"];

/// Writes everything.
pub(crate) fn write(out: &mut impl Write, explained: &Explained) -> io::Result<()> {
    let result = &explained.result;
    write_verdict(out, result)?;
    writeln!(out)?;
    for capability in CAPABILITIES {
        writeln!(out, "  {capability:<9}{}", answer_text(&result["capabilities"][capability]))?;
    }
    for (number, attempt) in (1..).zip(&explained.attempts) {
        writeln!(out)?;
        write_attempt(out, number, attempt)?;
    }
    Ok(())
}

fn write_verdict(out: &mut impl Write, result: &Value) -> io::Result<()> {
    let text = |key: &str| result[key].as_str();
    let proxy = text("proxy").unwrap_or_default();
    let account = text("username").map_or_else(String::new, |user| format!(" with the account {user}"));
    match text("reason") {
        Some(reason) => {
            writeln!(out, "{proxy}{account}: does not work: {reason}")?;
            writeln!(out, "  {}", sentence(reason))?;
        }
        None => writeln!(out, "{proxy}{account}: works")?,
    }
    let mut facts = Vec::new();
    if let Some(ms) = result["latency_ms"].as_u64() {
        facts.push(format!("{ms} ms"));
    }
    if let Some(level) = text("anonymity") {
        facts.push(match text("giveaway") {
            Some(giveaway) => format!("{level} (given away by {giveaway})"),
            None => level.to_owned(),
        });
    }
    facts.extend(text("exit_ip").map(|exit| format!("leaves through {exit}")));
    facts.extend(
        result["trust"].as_array().into_iter().flatten().filter_map(|f| f.as_str()).map(str::to_owned),
    );
    if !facts.is_empty() {
        writeln!(out, "  {}", facts.join(", "))?;
    }
    Ok(())
}

fn answer_text(answer: &Value) -> String {
    let code = answer["code"].as_u64().map_or_else(String::new, |code| format!(" {code}"));
    let reason = answer["reason"].as_str();
    match (answer["ok"].as_bool(), reason) {
        (Some(true), _) => {
            let ms = answer["latency_ms"].as_u64().map_or_else(String::new, |ms| format!(", {ms} ms"));
            let over = if answer["over"].is_string() { ", over TLS only" } else { "" };
            let port = answer["port"].as_u64().map_or_else(String::new, |port| format!(", port {port}"));
            format!("yes{ms}{port}{over}")
        }
        (Some(false), Some(reason)) => format!("no: {reason}{code}"),
        (Some(false), None) => "no".to_owned(),
        (None, Some(reason)) => format!("not known: {reason}{code}"),
        (None, None) => "not tried".to_owned(),
    }
}

fn write_attempt(out: &mut impl Write, number: u32, seen: &ExplainedAttempt) -> io::Result<()> {
    let attempt = &seen.attempt;
    let over = if seen.over_tls { " over TLS with the proxy" } else { "" };
    let port = seen.port.map_or_else(String::new, |port| format!(", to port {port}"));
    let whom = if attempt.judge.is_empty() { "nobody" } else { &attempt.judge };
    writeln!(out, "{number}. {}{over}, asking {whom}{port}", word(attempt.capability))?;
    let stages: Vec<String> =
        attempt.stages.iter().map(|stage| format!("{} {:.1} ms", word(stage.stage), stage.ms)).collect();
    if !stages.is_empty() {
        writeln!(out, "   {}; {} bytes sent, {} received", stages.join(", "), seen.bytes_out, seen.bytes_in)?;
    }
    if let Some(reason) = attempt.reason {
        let reason = word(reason);
        let code = attempt.code.map_or_else(String::new, |code| format!(" {code}"));
        writeln!(out, "   stopped at {}: {reason}{code}. {}", word(attempt.stage), sentence(&reason))?;
    } else {
        let exit = attempt.exit_ip.as_deref().map_or_else(String::new, |exit| format!(", seen as {exit}"));
        let code = attempt.code.map_or_else(String::new, |code| format!(" with {code}"));
        writeln!(out, "   a right answer{code}{exit}")?;
    }
    if let Some(detail) = &attempt.detail {
        writeln!(out, "   {detail}")?;
    }
    if seen.unverified {
        writeln!(out, "   nobody vouches for the certificate of the proxy itself")?;
    }
    if let Some(shown) = &attempt.certificate {
        writeln!(
            out,
            "   certificate shown: {}, issued by {}, SHA-256 {}",
            shown.subject, shown.issuer, shown.sha256
        )?;
    }
    for name in &attempt.rewritten {
        writeln!(out, "   our header {name} was changed or dropped")?;
    }
    for turn in &seen.said {
        let mark = if turn.by_us { '>' } else { '<' };
        for line in &turn.lines {
            // How a line ends is seen from the next one's beginning.
            let line = line.strip_suffix("\\n").unwrap_or(line);
            writeln!(out, "   {mark} {}", line.strip_suffix("\\r").unwrap_or(line))?;
        }
        if turn.left_out > 0 {
            writeln!(out, "   {mark} … and {} bytes more", turn.left_out)?;
        }
    }
    Ok(())
}

/// The stable word of a value.
fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The sentence that explains a reason.
fn sentence(reason: &str) -> &'static str {
    static SENTENCES: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(WORDS).unwrap_or_default());
    SENTENCES["reason_full"][reason].as_str().unwrap_or_default()
}
