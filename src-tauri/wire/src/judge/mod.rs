//! What a judge is asked, and how its answer is read: strictly, byte by byte against what it answers directly.
//!
//! Every shape of answer is one module. A shape knows how to read a direct answer into its [`Frame`], and how
//! to read an answer that came through a proxy against that frame.

mod azenv;
mod bare;
pub mod direct;
#[cfg(fuzzing)]
pub mod fuzzing;
mod httpbin;
mod own;
pub mod server;

use std::fmt;
use std::net::IpAddr;

use proxydeck_domain::{Headers, Reason};
use url::{Host, Url};

/// How we introduce ourselves. Judges and proxies see the truth.
pub const USER_AGENT: &str = concat!("Mozilla/5.0 (compatible; Proxydeck/", env!("CARGO_PKG_VERSION"), ")");
/// The name of the query parameter that carries the token.
const TOKEN_PARAMETER: &str = "token";
/// Asks an httpbin for the headers that it hides otherwise; the other shapes do not mind.
const SHOW_ENV_PARAMETER: &str = "show_env";
/// Asks our own judge for its larger page too.
const PAGE_PARAMETER: &str = "page";

/// The address of a judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgeUrl {
    /// The address as it is shown, without a token.
    text: String,
    /// Whether it is asked over TLS.
    pub tls: bool,
    /// Its name, or its address as text without brackets.
    pub host: String,
    /// Its address, when it has no name.
    pub ip: Option<IpAddr>,
    /// Its port.
    pub port: u16,
    /// `host`, or `host:port` where the port is not the scheme's own.
    authority: String,
    /// Path and query, ready for a parameter to be appended.
    path: String,
}

/// Why a text is no address of a judge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text} is no address of a judge: {why}")]
pub struct BadJudgeUrl {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl JudgeUrl {
    /// Reads `http://host[:port]/path` or `https://…`.
    ///
    /// # Errors
    /// [`BadJudgeUrl`].
    pub fn parse(text: &str) -> Result<Self, BadJudgeUrl> {
        let bad = |why| BadJudgeUrl { text: text.to_owned(), why };
        let url = Url::parse(text).map_err(|_| bad("it is no URL"))?;
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(bad("only http and https can be asked")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("a judge is asked without an account"));
        }
        let (host, ip) = match url.host().ok_or_else(|| bad("it names no host"))? {
            Host::Ipv4(v4) => (v4.to_string(), Some(IpAddr::V4(v4))),
            Host::Ipv6(v6) => (v6.to_string(), Some(IpAddr::V6(v6))),
            Host::Domain(name) => (name.to_owned(), None),
        };
        let port = url.port_or_known_default().ok_or_else(|| bad("it names no port"))?;
        let path = match url.query() {
            Some(query) => format!("{}?{query}&", url.path()),
            None => format!("{}?", url.path()),
        };
        let shown = match ip {
            Some(IpAddr::V6(v6)) => format!("[{v6}]"),
            _ => host.clone(),
        };
        let authority = if port == if tls { 443 } else { 80 } { shown } else { format!("{shown}:{port}") };
        Ok(Self { text: text.to_owned(), tls, host, ip, port, authority, path })
    }

    /// The address as it was given, for people.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name, when the judge has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        if self.ip.is_some() { None } else { Some(&self.host) }
    }

    /// Whether its path is the one under which our own judge answers.
    pub(crate) fn is_own(&self) -> bool {
        self.path.starts_with("/proxydeck?")
    }

    /// `host`, or `host:port` where the port is not the scheme's own: the value of the Host field.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Path and query of a request with this token, as they stand in a request line.
    #[must_use]
    pub fn target(&self, token: &Token) -> String {
        [&self.path, TOKEN_PARAMETER, "=", token.as_str(), "&", SHOW_ENV_PARAMETER, "=1"].concat()
    }

    /// The same, asking our own judge for its larger page too.
    #[must_use]
    pub(crate) fn target_with_page(&self, token: &Token) -> String {
        format!("{}&{PAGE_PARAMETER}=1", self.target(token))
    }

    /// The whole address of a request, as a forwarding proxy is given it.
    #[must_use]
    pub(crate) fn absolute(&self, target: &str) -> String {
        [if self.tls { "https" } else { "http" }, "://", &self.authority, target].concat()
    }

    /// Path and query as they were given, without anything of ours.
    #[must_use]
    pub(crate) fn plain_target(&self) -> &str {
        self.path.strip_suffix(['?', '&']).unwrap_or(&self.path)
    }
}

impl fmt::Display for JudgeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What one request carries and its answer must carry: 64 fresh random bits in hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Makes a token from random bits.
    #[must_use]
    pub fn new(random: u64) -> Self {
        Self(format!("{random:016x}"))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The shapes of answers that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Proxydeck's own.
    Own,
    /// Environment variables, `REMOTE_ADDR = …`.
    Azenv,
    /// JSON with `origin`, `headers`, `args` and `url`.
    Httpbin,
    /// An address and nothing else.
    Bare,
}

impl Shape {
    /// Whether an answer of this shape carries the token of its request.
    #[must_use]
    pub const fn echoes_token(self) -> bool {
        !matches!(self, Self::Bare)
    }

    /// The word for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "proxydeck",
            Self::Azenv => "azenv",
            Self::Httpbin => "httpbin",
            Self::Bare => "address",
        }
    }
}

/// What a judge's answer looks like outside of what changes with every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Own,
    Azenv(azenv::Frame),
    Httpbin(httpbin::Frame),
    Bare(bare::Frame),
}

/// What was sent, as far as an answer is held against it.
#[derive(Clone, Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) token: &'a Token,
    /// Path and query of the request line.
    pub(crate) target: &'a str,
    /// The same with scheme and authority before it, as a forwarding proxy was given it.
    pub(crate) absolute: &'a str,
    /// Whether our own judge was asked for its larger page too.
    pub(crate) page: bool,
}

impl Sent<'_> {
    /// Whether a judge's word for what it was asked is what was asked.
    fn is_target(&self, seen: &str) -> bool {
        seen == self.target || seen == self.absolute
    }
}

/// What a right answer tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) remote: Option<IpAddr>,
    pub(crate) headers: Headers,
}

/// Why an answer is not right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) reason: Reason,
    pub(crate) detail: String,
}

impl Wrong {
    fn tampered(detail: impl Into<String>) -> Self {
        Self { reason: Reason::Tampered, detail: detail.into() }
    }

    fn answer(detail: impl Into<String>) -> Self {
        Self { reason: Reason::WrongAnswer, detail: detail.into() }
    }
}

impl Frame {
    /// Tells the shape of a direct answer, and reads it.
    pub(crate) fn learn(body: &[u8], sent: &Sent<'_>) -> Option<(Self, Reading)> {
        if let Ok(reading) = own::read(body, sent) {
            return Some((Self::Own, reading));
        }
        if let Some((frame, reading)) = httpbin::learn(body, sent) {
            return Some((Self::Httpbin(frame), reading));
        }
        if let Some((frame, reading)) = bare::learn(body) {
            return Some((Self::Bare(frame), reading));
        }
        azenv::learn(body, sent).map(|(frame, reading)| (Self::Azenv(frame), reading))
    }

    /// Reads an answer that came through a proxy.
    pub(crate) fn read(&self, body: &[u8], sent: &Sent<'_>) -> Result<Reading, Wrong> {
        match self {
            Self::Own => own::read(body, sent),
            Self::Azenv(frame) => azenv::read(frame, body, sent),
            Self::Httpbin(frame) => httpbin::read(frame, body, sent),
            Self::Bare(frame) => bare::read(frame, body),
        }
    }

    pub(crate) const fn shape(&self) -> Shape {
        match self {
            Self::Own => Shape::Own,
            Self::Azenv(_) => Shape::Azenv,
            Self::Httpbin(_) => Shape::Httpbin,
            Self::Bare(_) => Shape::Bare,
        }
    }
}

/// How many bytes of a difference are shown.
const SHOWN_BYTES: usize = 48;

/// Says where two texts differ first, for people.
fn first_difference(expected: &[u8], found: &[u8]) -> String {
    let at = expected.iter().zip(found).take_while(|(a, b)| a == b).count();
    let show =
        |bytes: &[u8]| bytes[at.min(bytes.len())..].iter().take(SHOWN_BYTES).copied().collect::<Vec<u8>>();
    format!(
        "from byte {at} on \"{}\" where the judge says \"{}\"",
        show(found).escape_ascii(),
        show(expected).escape_ascii()
    )
}

/// Reads an address as judges write it: IPv4-mapped IPv6 is IPv4.
fn address(text: &str) -> Option<IpAddr> {
    let ip: IpAddr = text.trim().parse().ok()?;
    Some(ip.to_canonical())
}
