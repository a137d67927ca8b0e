//! The formats in which proxies leave: public, stable, the same for stored rows and for a list checked on the
//! fly. Where the rows come from is somebody else's business.
//!
//! - `csv`: a header line, quoting and line ends (CRLF) of RFC 4180, lists joined by `+`, and a `'` before a cell that a
//!   spreadsheet would take for a formula. In the name of a source `+` is `%2B` and `%` is `%25`, so that a joined list
//!   can be taken apart again. With secrets there is one more column, `password`, at the end.
//! - `jsonl`, `json`: an object a proxy, by lines or in one array. With secrets it has the key `password`.
//! - `txt`: `host:port` a line.
//! - `url`: `scheme://[user[:password]@]host:port` a line, with the scheme that serves best: `socks5`, else `http`
//!   (CONNECT, which lists call *https*), else `socks4`, else `http` (plain requests only); `https` where an HTTP
//!   proxy must itself be spoken to over TLS. A proxy that was not found to work has the scheme that lists
//!   say, else none. Behind a scheme user name and password are percent-encoded.
//! - `clash`: a YAML document with the list `proxies`, each of type `socks5` or `http` (which Clash uses by CONNECT only)
//!   and with a name of its own. What Clash cannot use, SOCKS4 and plain forwarding, is left out and counted.
//! - `proxychains`: lines for `[ProxyList]`: `http`, `socks4` or `socks5`, a numeric address, a port. What proxychains
//!   cannot use (names, TLS to the proxy, plain forwarding, an account with a blank in it) is left out and counted.
//!
//! The account stands in the last two with secrets only: half an account is of no use there.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use proxydeck_domain::{
    Anonymity, Answer, Capabilities, Capability, Hints, Protocol, Proxy, Reason, Score, ScoreInput, Secret,
    Status, TrustFlag, TrustFlags, UnixMs, Verdict,
};
use proxydeck_geo::{Country, Geo, Network};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::api::{ApiError, dto::FormatDto};
use crate::escape::escape;
use crate::folder::{close_file, private_file, sync_folder_of};

/// The columns of CSV, in their order.
const COLUMNS: [&str; 17] = [
    "proxy",
    "username",
    "protocols",
    "status",
    "reason",
    "latency_ms",
    "anonymity",
    "exit_ip",
    "country",
    "asn",
    "organisation",
    "success_rate",
    "score",
    "trust",
    "source",
    "last_checked",
    "last_success",
];
/// One more, with secrets.
const PASSWORD_COLUMN: &str = "password";

/// Bytes that are gathered before a write: an export of a million rows is some thousand writes.
const BUFFER_BYTES: usize = 256 * 1024;

/// A proxy as every format sees it.
#[derive(Clone, Debug)]
pub(crate) struct ExportRow {
    /// `host:port`.
    pub(crate) proxy: String,
    /// The address that is dialled; none for a name.
    pub(crate) entry: Option<IpAddr>,
    pub(crate) username: Option<String>,
    /// The password; none unless secrets were asked for.
    pub(crate) secret: Option<Secret>,
    /// What lists say that it speaks.
    pub(crate) hints: Hints,
    /// What it was found to speak.
    pub(crate) protocols: Hints,
    pub(crate) capabilities: Capabilities,
    pub(crate) status: Status,
    pub(crate) reason: Option<Reason>,
    pub(crate) latency_ms: Option<u32>,
    /// None before the first check.
    pub(crate) anonymity: Option<Anonymity>,
    pub(crate) giveaway: Option<String>,
    pub(crate) exit: Option<IpAddr>,
    pub(crate) trust: TrustFlags,
    pub(crate) success_rate: Option<f64>,
    pub(crate) score: Option<f64>,
    /// The names of the lists that it came from.
    pub(crate) sources: Vec<String>,
    /// Its last visits to targets.
    pub(crate) targets: Vec<TargetResult>,
    pub(crate) last_checked: Option<UnixMs>,
    pub(crate) last_success: Option<UnixMs>,
}

/// The last visit to a target.
#[derive(Clone, Debug)]
pub(crate) struct TargetResult {
    /// Its address, escaped.
    pub(crate) target: String,
    pub(crate) reason: Option<Reason>,
    pub(crate) code: Option<u16>,
    pub(crate) ms: Option<u32>,
}

impl ExportRow {
    /// A proxy that was checked once and is not kept: its only check is its whole record.
    pub(crate) fn of_verdict(proxy: &Proxy, hints: Hints, verdict: &Verdict, at: UnixMs) -> Self {
        let success_rate = f64::from(u8::from(verdict.success));
        let score = Score::of(ScoreInput {
            success_rate,
            latency_ms: verdict.latency_ms,
            days_since_success: verdict.success.then_some(0),
            anonymity: verdict.finding.anonymity,
        });
        Self {
            proxy: proxy.endpoint.to_string(),
            entry: proxy.endpoint.host().ip().or(verdict.entry),
            username: proxy.account.as_ref().map(|account| account.user.clone()),
            secret: proxy.account.as_ref().map(|account| account.secret.clone()),
            hints,
            protocols: verdict.capabilities.protocols(),
            capabilities: verdict.capabilities,
            status: if verdict.success { Status::Active } else { Status::Inactive },
            reason: verdict.reason,
            latency_ms: verdict.latency_ms,
            anonymity: Some(verdict.finding.anonymity),
            giveaway: verdict.finding.giveaway.clone(),
            exit: verdict.exit,
            trust: verdict.trust,
            success_rate: Some(success_rate),
            score: Some(score.total),
            sources: Vec::new(),
            targets: Vec::new(),
            last_checked: Some(at),
            last_success: verdict.success.then_some(at),
        }
    }

    /// `scheme://[user[:password]@]host:port`; without what is not known or not asked for.
    fn url(&self, with_secrets: bool) -> String {
        let secret = self.secret.as_ref().filter(|_| with_secrets);
        let account = self.username.as_deref().map(|user| (user, secret));
        address_line(self.scheme(), account, &self.proxy)
    }

    fn scheme(&self) -> Option<&'static str> {
        Some(match self.serves_as()? {
            Serves::Socks5 => "socks5",
            Serves::Socks4 => "socks4",
            Serves::Tunnel { over_tls: true } | Serves::Forwarding { over_tls: true } => "https",
            Serves::Tunnel { over_tls: false } | Serves::Forwarding { over_tls: false } => "http",
        })
    }

    /// How the proxy serves best: as it was found to, else as lists say; none where nothing is known.
    fn serves_as(&self) -> Option<Serves> {
        let works =
            |capability| Some(self.capabilities.get(capability)).filter(|answer| answer.ok == Some(true));
        works(Capability::Socks5)
            .or_else(|| works(Capability::Socks5h))
            .filter(|answer| !answer.over_tls)
            .map(|_| Serves::Socks5)
            .or_else(|| works(Capability::Connect).map(|answer| Serves::Tunnel { over_tls: answer.over_tls }))
            .or_else(|| {
                works(Capability::Socks4)
                    .or_else(|| works(Capability::Socks4a))
                    .filter(|answer| !answer.over_tls)
                    .map(|_| Serves::Socks4)
            })
            .or_else(|| {
                works(Capability::Http).map(|answer| Serves::Forwarding { over_tls: answer.over_tls })
            })
            .or_else(|| {
                const ORDER: [(Protocol, Serves); 4] = [
                    (Protocol::Socks5, Serves::Socks5),
                    (Protocol::Https, Serves::Tunnel { over_tls: false }),
                    (Protocol::Socks4, Serves::Socks4),
                    // Whether an http proxy of lists tunnels too, nobody knows before a check.
                    (Protocol::Http, Serves::Tunnel { over_tls: false }),
                ];
                ORDER
                    .into_iter()
                    .find(|(protocol, _)| self.hints.contains(*protocol))
                    .map(|(_, serves)| serves)
            })
    }

    /// The host without brackets, and the port.
    fn place(&self) -> Option<(&str, &str)> {
        let (host, port) = self.proxy.rsplit_once(':')?;
        Some((host.trim_start_matches('[').trim_end_matches(']'), port))
    }

    /// The account with its password, where there is one and it was asked for.
    fn whole_account(&self, with_secrets: bool) -> Option<(&str, &str)> {
        self.username.as_deref().zip(self.secret.as_ref().filter(|_| with_secrets).map(Secret::expose))
    }

    /// An entry of a Clash configuration; none for what Clash cannot use.
    fn clash(&self, name: &str, with_secrets: bool) -> Option<String> {
        let (kind, over_tls) = match self.serves_as()? {
            Serves::Socks5 => ("socks5", false),
            Serves::Tunnel { over_tls } => ("http", over_tls),
            Serves::Socks4 | Serves::Forwarding { .. } => return None,
        };
        let (host, port) = self.place()?;
        let mut entry =
            format!("{{name: {}, type: {kind}, server: {}, port: {port}", yaml_text(name), yaml_text(host));
        if over_tls {
            entry.push_str(", tls: true");
        }
        if let Some((user, password)) = self.whole_account(with_secrets) {
            // Writing to a string cannot fail.
            let _ = write!(entry, ", username: {}, password: {}", yaml_text(user), yaml_text(password));
        }
        entry.push('}');
        Some(entry)
    }

    /// A line of proxychains' list; none for what proxychains cannot use.
    fn proxychains(&self, with_secrets: bool) -> Option<String> {
        let kind = match self.serves_as()? {
            Serves::Socks5 => "socks5",
            Serves::Socks4 => "socks4",
            Serves::Tunnel { over_tls: false } => "http",
            Serves::Tunnel { over_tls: true } | Serves::Forwarding { .. } => return None,
        };
        let (host, port) = self.place()?;
        host.parse::<IpAddr>().ok()?;
        let mut line = format!("{kind} {host} {port}");
        if let Some((user, password)) = self.whole_account(with_secrets) {
            for word in [user, password] {
                // Its words end at blanks, and there is no way to quote one.
                if word.is_empty() || word.contains(|c: char| c.is_whitespace() || c.is_control()) {
                    return None;
                }
                line.push(' ');
                line.push_str(word);
            }
        }
        Some(line)
    }
}

/// How a proxy is used.
#[derive(Clone, Copy)]
enum Serves {
    Socks5,
    Socks4,
    /// CONNECT.
    Tunnel {
        over_tls: bool,
    },
    /// Plain HTTP requests only.
    Forwarding {
        over_tls: bool,
    },
}

/// A text as YAML has it between double quotes (YAML 1.2.2, 5.7). A stranger may have chosen it: everything but letters,
/// digits and the signs of ASCII is spelled out.
fn yaml_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            c if c.is_alphanumeric() => out.push(c),
            c => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

/// `[scheme://][user[:password]@]host:port`, as it is read back: behind a scheme the account is percent-encoded,
/// without one it stands as it is.
pub(crate) fn address_line(
    scheme: Option<&str>,
    account: Option<(&str, Option<&Secret>)>,
    endpoint: &dyn std::fmt::Display,
) -> String {
    let mut line = scheme.map_or_else(String::new, |scheme| format!("{scheme}://"));
    if let Some((user, secret)) = account {
        let push = |text: &str, line: &mut String| match scheme {
            Some(_) => percent_encode(text, line),
            None => line.push_str(text),
        };
        push(user, &mut line);
        if let Some(secret) = secret {
            line.push(':');
            push(secret.expose(), &mut line);
        }
        line.push('@');
    }
    // Writing to a string cannot fail.
    let _ = write!(line, "{endpoint}");
    line
}

/// Writes everything as `%XX` that may not stand in the account of an address (RFC 3986, 3.2.1).
fn percent_encode(text: &str, out: &mut String) {
    const HEX: [u8; 16] = *b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// A moment in UTC to the second, as RFC 3339 writes it.
fn moment_text(at: UnixMs) -> Option<String> {
    DateTime::<Utc>::from_timestamp_millis(at).map(|moment| moment.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// The shape that a file's ending asks for; `txt` where it asks for none.
pub(crate) fn format_of(path: &Path) -> FormatDto {
    let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    match ending.as_deref() {
        Some("csv") => FormatDto::Csv,
        Some("jsonl" | "ndjson") => FormatDto::Jsonl,
        Some("json") => FormatDto::Json,
        Some("url") => FormatDto::Url,
        Some("yaml" | "yml") => FormatDto::Clash,
        Some("conf") => FormatDto::Proxychains,
        _ => FormatDto::Txt,
    }
}

/// Whether a format holds the proxies that work only, unless the user asks for all.
pub(crate) const fn is_of_working(format: FormatDto) -> bool {
    matches!(format, FormatDto::Txt | FormatDto::Url | FormatDto::Clash | FormatDto::Proxychains)
}

/// Writes rows in one format, each as it comes. Where addresses lie is looked up for what is written, and only in
/// formats that tell it.
pub(crate) struct Exporter<W: Write> {
    format: FormatDto,
    with_secrets: bool,
    geo: Arc<Geo>,
    out: W,
    written: u32,
    left_out: u32,
    line: Vec<u8>,
    /// How often each name was given to an entry for Clash, which wants each to be its own.
    named: HashMap<String, u32>,
}

impl<W: Write> Exporter<W> {
    /// Begins: a header, where the format has one, is written at once.
    pub(crate) fn begin(format: FormatDto, with_secrets: bool, geo: Arc<Geo>, out: W) -> io::Result<Self> {
        let mut exporter = Self {
            format,
            with_secrets,
            geo,
            out,
            written: 0,
            left_out: 0,
            line: Vec::new(),
            named: HashMap::new(),
        };
        match format {
            FormatDto::Csv => {
                let password = with_secrets.then_some(PASSWORD_COLUMN);
                exporter.line = csv_line(COLUMNS.into_iter().chain(password))?;
                exporter.put_line()?;
            }
            FormatDto::Json => exporter.out.write_all(b"[")?,
            FormatDto::Jsonl
            | FormatDto::Txt
            | FormatDto::Url
            | FormatDto::Clash
            | FormatDto::Proxychains => {}
        }
        Ok(exporter)
    }

    /// Writes one row.
    pub(crate) fn write(&mut self, row: &ExportRow) -> io::Result<()> {
        match self.format {
            FormatDto::Csv => {
                self.line = csv_row(row, &self.geo, self.with_secrets)?;
                self.put_line()?;
            }
            FormatDto::Jsonl => {
                self.json(row)?;
                self.line.push(b'\n');
                self.put_line()?;
            }
            FormatDto::Json => {
                self.out.write_all(if self.written == 0 { b"\n" } else { b",\n" })?;
                self.json(row)?;
                self.put_line()?;
            }
            FormatDto::Txt => writeln!(self.out, "{}", row.proxy)?,
            FormatDto::Url => writeln!(self.out, "{}", row.url(self.with_secrets))?,
            FormatDto::Clash => {
                let times = self.named.get(&row.proxy).copied().unwrap_or(0) + 1;
                let name = if times == 1 { row.proxy.clone() } else { format!("{} ({times})", row.proxy) };
                let Some(entry) = row.clash(&name, self.with_secrets) else {
                    self.left_out = self.left_out.saturating_add(1);
                    return Ok(());
                };
                self.named.insert(row.proxy.clone(), times);
                if self.written == 0 {
                    self.out.write_all(b"proxies:\n")?;
                }
                writeln!(self.out, "  - {entry}")?;
            }
            FormatDto::Proxychains => {
                let Some(line) = row.proxychains(self.with_secrets) else {
                    self.left_out = self.left_out.saturating_add(1);
                    return Ok(());
                };
                writeln!(self.out, "{line}")?;
            }
        }
        self.written = self.written.saturating_add(1);
        Ok(())
    }

    fn json(&mut self, row: &ExportRow) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(
            &mut self.line,
            &JsonRow { row, geo: &self.geo, with_secrets: self.with_secrets },
        )?;
        Ok(())
    }

    fn put_line(&mut self) -> io::Result<()> {
        self.out.write_all(&self.line)
    }

    /// Hands on what was written so far, for whoever reads along.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Rows written.
    pub(crate) const fn written(&self) -> u32 {
        self.written
    }

    /// Rows that the format cannot hold.
    pub(crate) const fn left_out(&self) -> u32 {
        self.left_out
    }

    /// Ends: what the format needs at its end is written, and everything is handed on.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        if self.format == FormatDto::Json {
            self.out.write_all(if self.written == 0 { b"]\n" } else { b"\n]\n" })?;
        }
        if self.format == FormatDto::Clash && self.written == 0 {
            self.out.write_all(b"proxies: []\n")?;
        }
        self.out.flush()?;
        Ok(self.out)
    }
}

/// One line of CSV.
fn csv_line<'a>(cells: impl Iterator<Item = &'a str>) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for cell in cells {
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
            // A spreadsheet runs what begins like this as a formula.
            writer.write_field(format!("'{cell}"))?;
        } else {
            writer.write_field(cell)?;
        }
    }
    writer.write_record(None::<&[u8]>)?;
    writer.into_inner().map_err(|e| io::Error::other(e.to_string()))
}

/// The country and the network of an exit, and the network's organisation as it may be shown.
fn exit_of(row: &ExportRow, geo: &Geo) -> (Option<Country>, Option<u32>, Option<String>) {
    let network = row.exit.and_then(|exit| geo.network(exit));
    let (asn, organisation) = network.map(|Network { asn, organisation }| (asn, organisation)).unzip();
    let organisation = organisation.flatten().map(|name| escape(&name));
    (row.exit.and_then(|exit| geo.country(exit)), asn, organisation)
}

fn csv_row(row: &ExportRow, geo: &Geo, with_secrets: bool) -> io::Result<Vec<u8>> {
    let joined = |words: &mut dyn Iterator<Item = &str>| words.collect::<Vec<_>>().join("+");
    let number =
        |number: Option<f64>| number.map(|n| (n * 10_000.0).round() / 10_000.0).map(|n| n.to_string());
    let (country, asn, organisation) = exit_of(row, geo);
    // The joint of the list can be a part of a name, so there it is written otherwise.
    let sources: Vec<String> =
        row.sources.iter().map(|name| name.replace('%', "%25").replace('+', "%2B")).collect();
    let cells = [
        Some(row.proxy.clone()),
        row.username.clone(),
        Some(joined(&mut row.protocols.iter().map(Protocol::as_str))),
        Some(row.status.as_str().to_owned()),
        row.reason.map(|reason| reason.as_str().to_owned()),
        row.latency_ms.map(|ms| ms.to_string()),
        row.anonymity.map(|level| level.as_str().to_owned()),
        row.exit.map(|exit| exit.to_string()),
        country.map(|country| country.to_string()),
        asn.map(|asn| asn.to_string()),
        organisation,
        number(row.success_rate),
        number(row.score),
        Some(joined(&mut row.trust.iter().map(TrustFlag::as_str))),
        Some(joined(&mut sources.iter().map(String::as_str))),
        row.last_checked.and_then(moment_text),
        row.last_success.and_then(moment_text),
    ];
    let cells = cells.iter().map(|cell| cell.as_deref().unwrap_or_default());
    let password = with_secrets.then(|| row.secret.as_ref().map_or("", Secret::expose));
    csv_line(cells.chain(password))
}

/// A row as the JSON of an export, without the password.
pub(crate) fn json_row(row: &ExportRow, geo: &Geo) -> serde_json::Result<serde_json::Value> {
    serde_json::to_value(JsonRow { row, geo, with_secrets: false })
}

/// A row as a JSON object with every key, whether it has a value or not.
struct JsonRow<'a> {
    row: &'a ExportRow,
    geo: &'a Geo,
    with_secrets: bool,
}

impl Serialize for JsonRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = self.row;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("proxy", &row.proxy)?;
        map.serialize_entry("username", &row.username)?;
        if self.with_secrets {
            map.serialize_entry("password", &row.secret.as_ref().map(Secret::expose))?;
        }
        map.serialize_entry("status", row.status.as_str())?;
        map.serialize_entry("reason", &row.reason)?;
        map.serialize_entry("capabilities", &JsonCapabilities(&row.capabilities))?;
        map.serialize_entry("latency_ms", &row.latency_ms)?;
        map.serialize_entry("anonymity", &row.anonymity)?;
        map.serialize_entry("giveaway", &row.giveaway)?;
        map.serialize_entry("exit_ip", &row.exit)?;
        let (country, asn, organisation) = exit_of(row, self.geo);
        let entry_country = row.entry.and_then(|entry| self.geo.country(entry));
        map.serialize_entry("country", &country.as_ref().map(Country::as_str))?;
        map.serialize_entry("entry_country", &entry_country.as_ref().map(Country::as_str))?;
        map.serialize_entry("asn", &asn)?;
        map.serialize_entry("organisation", &organisation)?;
        map.serialize_entry("trust", &row.trust.iter().collect::<Vec<_>>())?;
        map.serialize_entry("score", &row.score)?;
        map.serialize_entry("checked_at", &row.last_checked.and_then(moment_text))?;
        if !row.targets.is_empty() {
            map.serialize_entry("targets", &JsonTargets(&row.targets))?;
        }
        map.end()
    }
}

struct JsonTargets<'a>(&'a [TargetResult]);

impl Serialize for JsonTargets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|result| {
            let answer = Answer {
                ok: Some(result.reason.is_none()),
                latency_ms: result.ms,
                reason: result.reason,
                code: result.code,
                ..Answer::default()
            };
            (&result.target, JsonAnswer(answer))
        }))
    }
}

struct JsonCapabilities<'a>(&'a Capabilities);

impl Serialize for JsonCapabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(capability, answer)| (capability, JsonAnswer(*answer))))
    }
}

struct JsonAnswer(Answer);

impl Serialize for JsonAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let answer = &self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("ok", &answer.ok)?;
        map.serialize_entry("latency_ms", &answer.latency_ms)?;
        map.serialize_entry("reason", &answer.reason)?;
        map.serialize_entry("code", &answer.code)?;
        if let Some(port) = answer.port {
            map.serialize_entry("port", &port)?;
        }
        if answer.over_tls {
            map.serialize_entry("over", "tls")?;
        }
        map.end()
    }
}

/// A file that appears under its name only when it is whole. Until then it is `FILE.part`; one that is given up
/// is removed. What is no ordinary file (a pipe, `/dev/stdout`) is written to as it is.
#[derive(Debug)]
pub(crate) struct PartFile {
    out: BufWriter<File>,
    path: PathBuf,
    part: Option<PathBuf>,
}

impl PartFile {
    /// Opens the file for this account only.
    pub(crate) fn create(path: &Path) -> Result<Self, ApiError> {
        let fail = |path: &Path, e: &io::Error| ApiError::io("write", path, e);
        // Behind a link it is the file that is replaced, not the link.
        let path = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(e) if e.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(e) => return Err(fail(path, &e)),
        };
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => return Err(ApiError::is_directory("write", &path)),
            Ok(found) if !found.is_file() => {
                let file = fs::OpenOptions::new().write(true).open(&path).map_err(|e| fail(&path, &e))?;
                return Ok(Self { out: BufWriter::with_capacity(BUFFER_BYTES, file), path, part: None });
            }
            Ok(_) | Err(_) => {}
        }
        let Some(name) = path.file_name() else { return Err(ApiError::is_directory("write", &path)) };
        let mut name = name.to_owned();
        name.push(".part");
        let part = path.with_file_name(name);
        let file = private_file().create(true).truncate(true).open(&part).map_err(|e| fail(&part, &e))?;
        close_file(&part).map_err(|e| fail(&part, &e))?;
        Ok(Self { out: BufWriter::with_capacity(BUFFER_BYTES, file), path, part: Some(part) })
    }

    /// Where the file lies, or will.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the file lies until it has its name; none where it is written to as it is.
    pub(crate) fn part(&self) -> Option<&Path> {
        self.part.as_deref()
    }

    /// Gives the file its name.
    pub(crate) fn finish(mut self) -> io::Result<PathBuf> {
        self.out.flush()?;
        if let Some(part) = self.part.take() {
            let named = self.out.get_ref().sync_all().and_then(|()| fs::rename(&part, &self.path));
            if let Err(error) = named {
                self.part = Some(part);
                return Err(error);
            }
            sync_folder_of(&self.path);
        }
        Ok(self.path.clone())
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            // Half a file under another name is of no use to anybody.
            let _ = fs::remove_file(part);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

    use super::*;

    fn row() -> ExportRow {
        ExportRow {
            proxy: "proxy.example:3128".to_owned(),
            entry: None,
            username: None,
            secret: None,
            hints: Hints::NONE,
            protocols: Hints::NONE,
            capabilities: Capabilities::default(),
            status: Status::New,
            reason: None,
            latency_ms: None,
            anonymity: None,
            giveaway: None,
            exit: None,
            trust: TrustFlags::default(),
            success_rate: None,
            score: None,
            sources: Vec::new(),
            targets: Vec::new(),
            last_checked: None,
            last_success: None,
        }
    }

    fn written(format: FormatDto, with_secrets: bool, rows: &[ExportRow]) -> String {
        let mut exporter = Exporter::begin(format, with_secrets, Arc::default(), Vec::new()).unwrap();
        for row in rows {
            exporter.write(row).unwrap();
        }
        String::from_utf8(exporter.finish().unwrap()).unwrap()
    }

    fn with(works: &[(Capability, bool)]) -> ExportRow {
        let mut row = row();
        for (capability, over_tls) in works {
            let answer = Answer { ok: Some(true), over_tls: *over_tls, ..Answer::default() };
            row.capabilities.set(*capability, answer);
        }
        row
    }

    #[test]
    fn csv_cells_are_quoted_and_formulas_are_disarmed() {
        let mut row = row();
        row.username = Some("=cmd|' /C calc'!A0".to_owned());
        row.sources = vec!["a \"quoted\", list\nof two lines".to_owned(), "b+100%".to_owned()];
        row.protocols = [Protocol::Http, Protocol::Socks5].into_iter().collect();
        row.success_rate = Some(1.0 / 3.0);
        row.score = Some(0.87);
        let text = written(FormatDto::Csv, false, &[row]);
        assert_eq!(
            text,
            "proxy,username,protocols,status,reason,latency_ms,anonymity,exit_ip,country,asn,organisation,\
             success_rate,score,trust,source,last_checked,last_success\r\n\
             proxy.example:3128,'=cmd|' /C calc'!A0,http+socks5,new,,,,,,,,0.3333,0.87,,\
             \"a \"\"quoted\"\", list\nof two lines+b%2B100%25\",,\r\n"
        );
    }

    #[test]
    fn clash_reads_every_entry_as_it_was_meant() {
        use Capability::{Connect, Http, Socks4, Socks5};
        let account = |user: &str, secret: &str, row: ExportRow| ExportRow {
            username: Some(user.to_owned()),
            secret: Some(Secret::new(secret)),
            ..row
        };
        let hostile = "a\": [x], #\\ \n\t\u{1b}\u{85}\u{2028}\u{feff}\u{7f}é 代理 '{}%";
        let rows = [
            with(&[(Socks5, false)]),
            with(&[(Connect, true)]),
            with(&[(Socks4, false)]),
            with(&[(Http, false)]),
            account(hostile, "- yes: no", with(&[(Connect, false)])),
            ExportRow { proxy: "[2001:db8::1]:80".to_owned(), ..with(&[(Connect, false)]) },
            row(),
        ];
        for with_secrets in [true, false] {
            let mut exporter =
                Exporter::begin(FormatDto::Clash, with_secrets, Arc::default(), Vec::new()).unwrap();
            rows.iter().for_each(|row| exporter.write(row).unwrap());
            assert_eq!(
                (exporter.written(), exporter.left_out()),
                (4, 3),
                "SOCKS4, forwarding, and the unknown"
            );
            let text = String::from_utf8(exporter.finish().unwrap()).unwrap();
            let read: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
            let proxy = |name: &str, kind: &str, host: &str, port: u16| serde_json::json!({"name": name, "type": kind, "server": host, "port": port});
            let mut over_tls = proxy("proxy.example:3128 (2)", "http", "proxy.example", 3128);
            over_tls["tls"] = true.into();
            let mut known = proxy("proxy.example:3128 (3)", "http", "proxy.example", 3128);
            if with_secrets {
                known["username"] = hostile.into();
                known["password"] = "- yes: no".into();
            }
            let wanted = serde_json::json!({"proxies": [
                proxy("proxy.example:3128", "socks5", "proxy.example", 3128),
                over_tls,
                known,
                proxy("[2001:db8::1]:80", "http", "2001:db8::1", 80),
            ]});
            assert_eq!(read, wanted, "read from:\n{text}");
        }
        let none: serde_json::Value = serde_saphyr::from_str(&written(FormatDto::Clash, false, &[])).unwrap();
        assert_eq!(none, serde_json::json!({"proxies": []}), "an empty list is one too");
    }

    #[test]
    fn proxychains_gets_what_it_can_use() {
        use Capability::{Connect, Http, Socks4, Socks5};
        let at =
            |proxy: &str, works: &[(Capability, bool)]| ExportRow { proxy: proxy.to_owned(), ..with(works) };
        let account = |user: &str, row: ExportRow| ExportRow {
            username: Some(user.to_owned()),
            secret: Some(Secret::new("p#w")),
            ..row
        };
        let rows = [
            at("1.2.3.4:80", &[(Connect, false)]),
            at("[2001:db8::1]:1080", &[(Socks5, false)]),
            at("1.2.3.5:1081", &[(Socks4, false)]),
            account("ann", at("1.2.3.6:80", &[(Socks5, false)])),
            account("ann of green", at("1.2.3.7:80", &[(Socks5, false)])),
            at("proxy.example:80", &[(Socks5, false)]),
            at("1.2.3.8:443", &[(Connect, true)]),
            at("1.2.3.9:80", &[(Http, false)]),
        ];
        let mut exporter = Exporter::begin(FormatDto::Proxychains, true, Arc::default(), Vec::new()).unwrap();
        rows.iter().for_each(|row| exporter.write(row).unwrap());
        assert_eq!((exporter.written(), exporter.left_out()), (4, 4), "a blank, a name, TLS, forwarding");
        let text = String::from_utf8(exporter.finish().unwrap()).unwrap();
        let lines =
            "http 1.2.3.4 80\nsocks5 2001:db8::1 1080\nsocks4 1.2.3.5 1081\nsocks5 1.2.3.6 80 ann p#w\n";
        assert_eq!(text, lines);
        let text = written(FormatDto::Proxychains, false, &rows);
        assert!(text.contains("socks5 1.2.3.6 80\nsocks5 1.2.3.7 80\n"), "half an account is none: {text}");
    }

    #[test]
    fn every_beginning_of_a_formula_is_disarmed() {
        for begin in ["=", "+", "-", "@", "\t", "\r"] {
            let mut row = row();
            row.username = Some(format!("{begin}x"));
            let text = written(FormatDto::Csv, false, &[row]);
            let record = csv::Reader::from_reader(text.as_bytes()).records().next().unwrap().unwrap();
            assert_eq!(&record[1], format!("'{begin}x"), "a spreadsheet would run {begin:?}");
        }
    }

    #[test]
    fn a_json_line_has_every_key_whether_it_has_a_value_or_not() {
        let text = written(FormatDto::Jsonl, false, &[row()]);
        assert_eq!(
            text,
            concat!(
                r#"{"proxy":"proxy.example:3128","username":null,"status":"new","reason":null,"capabilities":{"#,
                r#""http":{"ok":null,"latency_ms":null,"reason":null,"code":null},"#,
                r#""connect":{"ok":null,"latency_ms":null,"reason":null,"code":null},"#,
                r#""socks4":{"ok":null,"latency_ms":null,"reason":null,"code":null},"#,
                r#""socks4a":{"ok":null,"latency_ms":null,"reason":null,"code":null},"#,
                r#""socks5":{"ok":null,"latency_ms":null,"reason":null,"code":null},"#,
                r#""socks5h":{"ok":null,"latency_ms":null,"reason":null,"code":null},"#,
                r#""tls":{"ok":null,"latency_ms":null,"reason":null,"code":null},"#,
                r#""ipv6":{"ok":null,"latency_ms":null,"reason":null,"code":null}},"#,
                r#""latency_ms":null,"anonymity":null,"giveaway":null,"exit_ip":null,"country":null,"#,
                r#""entry_country":null,"asn":null,"organisation":null,"trust":[],"score":null,"checked_at":null}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_was_found_in_a_special_way_says_so() {
        let mut row = row();
        row.capabilities.set(
            Capability::Connect,
            Answer { ok: Some(true), port: Some(80), over_tls: true, ..Answer::default() },
        );
        let value: serde_json::Value =
            serde_json::from_str(&written(FormatDto::Jsonl, false, &[row])).unwrap();
        assert_eq!(value["capabilities"]["connect"]["port"], 80);
        assert_eq!(value["capabilities"]["connect"]["over"], "tls");
        assert!(value["capabilities"]["http"].get("port").is_none(), "the usual port is not told");
    }

    #[test]
    fn a_json_array_is_whole_however_many_rows_it_has() {
        for count in [0, 1, 3] {
            let text = written(FormatDto::Json, false, &vec![row(); count]);
            let value: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
            assert_eq!(value.len(), count);
        }
    }

    #[test]
    fn a_password_leaves_only_when_it_is_asked_for() {
        let mut row = row();
        row.username = Some("ann".to_owned());
        row.secret = Some(Secret::new("p@ss:wörd"));
        row.hints = Hints::NONE.with(Protocol::Socks4);
        for format in [
            FormatDto::Csv,
            FormatDto::Json,
            FormatDto::Jsonl,
            FormatDto::Txt,
            FormatDto::Url,
            FormatDto::Clash,
            FormatDto::Proxychains,
        ] {
            let text = written(format, false, std::slice::from_ref(&row));
            assert!(!text.contains("p@ss") && !text.contains("password"), "{format:?}: {text}");
        }
        let rows = [row];
        assert_eq!(
            written(FormatDto::Url, true, &rows),
            "socks4://ann:p%40ss%3Aw%C3%B6rd@proxy.example:3128\n"
        );
        assert!(written(FormatDto::Csv, true, &rows).ends_with(",p@ss:wörd\r\n"), "the column is the last");
        assert!(written(FormatDto::Jsonl, true, &rows).contains(r#""password":"p@ss:wörd""#));
    }

    #[test]
    fn the_scheme_is_the_one_that_serves_best() {
        use Capability::{Connect, Http, Socks4, Socks5, Socks5h};
        let url = |row: &ExportRow| written(FormatDto::Url, false, std::slice::from_ref(row));
        let cases: [(&[(Capability, bool)], &str); 6] = [
            (&[(Http, false), (Connect, false), (Socks5, false)], "socks5://"),
            (&[(Socks5h, false)], "socks5://"),
            (&[(Http, false), (Connect, false), (Socks4, false)], "http://"),
            (&[(Http, false), (Socks4, false)], "socks4://"),
            (&[(Connect, true)], "https://"),
            (&[(Http, false)], "http://"),
        ];
        for (works, scheme) in cases {
            assert_eq!(url(&with(works)), format!("{scheme}proxy.example:3128\n"), "for {works:?}");
        }
        assert_eq!(url(&row()), "proxy.example:3128\n", "nothing is known, so nothing is claimed");
        let hinted = ExportRow { hints: Hints::NONE.with(Protocol::Https), ..row() };
        assert_eq!(
            url(&hinted),
            "http://proxy.example:3128\n",
            "an https proxy of lists is spoken to in the clear"
        );
    }

    #[test]
    fn a_file_appears_only_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.txt");
        fs::write(&path, "old").unwrap();
        let mut file = PartFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        file.flush().unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "old",
            "the old file stands until the new one is whole"
        );
        assert_eq!(fs::read_to_string(dir.path().join("out.txt.part")).unwrap(), "half");
        drop(file);
        assert!(!dir.path().join("out.txt.part").exists(), "what was given up is gone");

        let mut file = PartFile::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert!(!dir.path().join("out.txt.part").exists(), "it has its name now");
        assert_eq!(PartFile::create(dir.path()).unwrap_err().code(), crate::api::dto::ErrorCode::IsDirectory);
    }

    #[test]
    fn the_ending_of_a_file_decides_the_format() {
        for (name, format) in [
            ("a.csv", FormatDto::Csv),
            ("a.JSON", FormatDto::Json),
            ("a.jsonl", FormatDto::Jsonl),
            ("a.url", FormatDto::Url),
            ("a.yaml", FormatDto::Clash),
            ("a.YML", FormatDto::Clash),
            ("proxychains.conf", FormatDto::Proxychains),
            ("a.txt", FormatDto::Txt),
            ("a", FormatDto::Txt),
            ("csv", FormatDto::Txt),
        ] {
            assert_eq!(format_of(Path::new(name)), format, "{name}");
        }
    }
}
