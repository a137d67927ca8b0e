//! Pages: what a path of the fake web answers with, and how badly.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write as _};
use std::time::{Duration, SystemTime};

use super::lists::{Shape, invented, text_list};
use crate::lab::http::{Answer, Head, base64, parameter};

/// The `Last-Modified` of everything that has one.
pub(super) const LAST_MODIFIED: &str = "Thu, 01 Oct 2026 10:00:00 GMT";
/// The entries of a list about which nothing is said.
const ENTRIES: u64 = 100;

/// For how long a page asks to be left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It does not say.
    Unsaid,
    /// So many seconds.
    Seconds(u64),
    /// Until a date that is so many seconds ahead of this machine's clock.
    Date(u64),
}

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// Packs bytes that come in equal pieces.
    fn pack(self, piece: &[u8], times: usize) -> io::Result<Vec<u8>> {
        let mut packed = Vec::new();
        match self {
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::default());
                (0..times).try_for_each(|_| encoder.write_all(piece))?;
                encoder.finish()?;
            }
            Self::Brotli => {
                // Quality 5 and the usual window, as servers pack what they make on the spot.
                let mut encoder = brotli::CompressorWriter::new(&mut packed, 64 * 1024, 5, 22);
                (0..times).try_for_each(|_| encoder.write_all(piece))?;
            }
            Self::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(&mut packed, 3)?;
                (0..times).try_for_each(|_| encoder.write_all(piece))?;
                encoder.finish()?;
            }
        }
        Ok(packed)
    }
}

/// What a path answers with.
#[derive(Clone, Debug)]
pub enum Page {
    /// A text list of so many entries.
    List(u64),
    /// These bytes, with this content type.
    Body(String, Vec<u8>),
    /// A list with an `ETag`; 304 for whoever has it.
    Etag(u64),
    /// Any bytes with an `ETag`; 304 for whoever has it.
    EtagBody(String, Vec<u8>),
    /// A list with a `Last-Modified`; 304 for whoever has it.
    LastModified(u64),
    /// The same list at every visit, with an `ETag` that is new each time.
    Frozen(u64),
    /// Another list at every visit.
    Changing(u64),
    /// A list that has so many entries at first and so many more at every visit.
    Appending(u64, u64),
    /// 429, so many times, and then a list. Without a number for ever.
    Limited(Patience, Option<u64>),
    /// 503, so many times, and then a list.
    Unavailable(Patience, u64),
    /// This status, always, with a page that says so.
    Status(u16),
    /// 304, whatever was asked.
    NotModified,
    /// A list after this delay.
    Late(Duration),
    /// Reads the request and says nothing.
    Silent,
    /// A list of which a byte comes at a time, with this pause between two.
    Drip(Duration),
    /// Half of a list, and then nothing more, with the connection open.
    Standstill,
    /// A body that never ends, in chunks; no length is announced.
    Endless,
    /// A length of so many bytes is announced, and they come.
    Huge(u64),
    /// A list, packed.
    Packed(Coding, u64),
    /// So many MiB of blanks, packed.
    Bomb(Coding, usize),
    /// Says that it is packed so, and is a plain list.
    Mispacked(String),
    /// Announces so many bytes more than come.
    Short(usize),
    /// Closes with a reset after the request, so many times, and then a list.
    Reset(u64),
    /// A list whose content type names another charset than the text has: GBK said, UTF-8 sent.
    WrongCharset,
    /// A list in UTF-16 with its mark, little end first.
    Utf16(u64),
    /// Redirects with this status to this address.
    Redirect(u16, String),
    /// The page of a hotel's network, with status 200.
    Portal,
    /// A question whether one is human, with status 200.
    Captcha,
    /// An error, with status 200.
    ErrorPage,
    /// A list in JSON that ends in the middle of an object.
    TruncatedJson(u64),
    /// So many pages of so many entries, asked for by `?page=`, from 1; an empty one beyond the last.
    Numbered(u64, u64),
    /// A list for whoever has this account, 401 for everybody else.
    Account(String, String),
    /// No HTTP at all.
    Garbage,
}

/// What goes over the wire.
pub(super) enum Reply {
    /// All of it, at once.
    Whole(Answer),
    /// Some bytes, and then silence with the connection open.
    Hang(Vec<u8>),
    /// The head, and then the body byte by byte.
    Drip(Answer, Duration),
    /// Some bytes, and then others again and again until nobody reads them.
    Endless(Vec<u8>, Vec<u8>),
    /// The head, and then so many blanks.
    Blanks(Vec<u8>, u64),
    /// Some bytes and the end of the connection.
    Cut(Vec<u8>),
    /// A reset.
    Reset,
}

/// A page that is served, with what can be made beforehand.
pub(super) struct Served {
    page: Page,
    seed: u64,
    packed: Vec<u8>,
}

impl Served {
    pub(super) fn new(page: Page, seed: u64) -> io::Result<Self> {
        let packed = match &page {
            Page::Packed(coding, entries) => coding.pack(text_list(seed, 0..*entries).as_bytes(), 1)?,
            Page::Bomb(coding, mib) => coding.pack(&vec![b' '; 1024 * 1024], *mib)?,
            _ => Vec::new(),
        };
        Ok(Self { page, seed, packed })
    }

    /// How long the answer is kept waiting.
    pub(super) fn delay(&self) -> Duration {
        if let Page::Late(delay) = self.page { delay } else { Duration::ZERO }
    }

    /// The answer to a visit; the first visit has number 1.
    pub(super) fn reply(&self, head: &Head, target: &str, visit: u64) -> Reply {
        let list = |entries: u64| text_list(self.seed, 0..entries);
        let whole = |text: String| Reply::Whole(plain(text));
        let redo = |times: u64, answer: Answer| {
            if visit <= times { Reply::Whole(answer) } else { whole(list(ENTRIES)) }
        };
        match &self.page {
            Page::List(entries) => whole(list(*entries)),
            Page::Body(content_type, bytes) => Reply::Whole(Answer::new(200, content_type, bytes.clone())),
            Page::Etag(entries) => Reply::Whole(unless_known(head, plain(list(*entries)))),
            Page::EtagBody(content_type, bytes) => {
                Reply::Whole(unless_known(head, Answer::new(200, content_type, bytes.clone())))
            }
            Page::LastModified(entries) => {
                Reply::Whole(if head.get("If-Modified-Since") == Some(LAST_MODIFIED) {
                    not_modified().with("Last-Modified", LAST_MODIFIED)
                } else {
                    plain(list(*entries)).with("Last-Modified", LAST_MODIFIED)
                })
            }
            Page::Frozen(entries) => {
                Reply::Whole(plain(list(*entries)).with("ETag", &format!("\"visit-{visit}\"")))
            }
            Page::Changing(entries) => whole(text_list(self.seed, visit * entries..(visit + 1) * entries)),
            Page::Appending(first, step) => whole(list(first + (visit - 1) * step)),
            Page::Limited(patience, times) => {
                redo(times.unwrap_or(u64::MAX), patient(error_answer(429), *patience))
            }
            Page::Unavailable(patience, times) => redo(*times, patient(error_answer(503), *patience)),
            Page::Status(status) => Reply::Whole(error_answer(*status)),
            Page::NotModified => Reply::Whole(not_modified()),
            Page::Late(_) => whole(list(ENTRIES)),
            Page::Silent => Reply::Hang(Vec::new()),
            Page::Drip(pause) => Reply::Drip(plain(list(ENTRIES)), *pause),
            Page::Standstill => {
                let bytes = plain(list(ENTRIES)).to_bytes();
                Reply::Hang(bytes[..bytes.len() / 2].to_vec())
            }
            Page::Endless => {
                let mut answer = plain(String::new()).with("Transfer-Encoding", "chunked");
                answer.head.remove("Content-Length");
                let line = list(1000);
                Reply::Endless(answer.to_bytes(), format!("{:x}\r\n{line}\r\n", line.len()).into_bytes())
            }
            Page::Huge(length) => {
                let mut answer = plain(String::new());
                answer.head.set("Content-Length", &length.to_string());
                Reply::Blanks(answer.to_bytes(), *length)
            }
            Page::Packed(coding, _) | Page::Bomb(coding, _) => Reply::Whole(
                Answer::new(200, "text/plain", self.packed.clone()).with("Content-Encoding", coding.as_str()),
            ),
            Page::Mispacked(said) => Reply::Whole(plain(list(ENTRIES)).with("Content-Encoding", said)),
            Page::Short(missing) => {
                let mut answer = plain(list(ENTRIES));
                answer.head.set("Content-Length", &(answer.body.len() + missing).to_string());
                Reply::Cut(answer.to_bytes())
            }
            Page::Reset(times) => {
                if visit <= *times {
                    Reply::Reset
                } else {
                    whole(list(ENTRIES))
                }
            }
            Page::WrongCharset => {
                let text = format!("# 免費代理伺服器\n{}", list(ENTRIES));
                Reply::Whole(Answer::new(200, "text/plain; charset=GBK", text))
            }
            Page::Utf16(entries) => {
                let text = format!("\u{feff}{}", list(*entries));
                let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
                Reply::Whole(Answer::new(200, "text/plain", bytes))
            }
            Page::Redirect(status, to) => {
                Reply::Whole(Answer::new(*status, "text/html", "<p>elsewhere</p>").with("Location", to))
            }
            Page::Portal => Reply::Whole(Answer::new(200, "text/html; charset=utf-8", PORTAL)),
            Page::Captcha => Reply::Whole(Answer::new(200, "text/html; charset=utf-8", CAPTCHA)),
            Page::ErrorPage => Reply::Whole(Answer::new(200, "text/html; charset=utf-8", ERROR_PAGE)),
            Page::TruncatedJson(entries) => {
                let mut text = Shape::Json.write((0..*entries).map(|number| invented(self.seed, number)));
                text.truncate(text.len() - 20);
                Reply::Whole(Answer::new(200, "application/json", text))
            }
            Page::Numbered(pages, per_page) => {
                let page = parameter(target, "page").and_then(|page| page.parse().ok()).unwrap_or(1_u64);
                let shown =
                    if (1..=*pages).contains(&page) { (page - 1) * per_page..page * per_page } else { 0..0 };
                whole(text_list(self.seed, shown))
            }
            Page::Account(user, password) => {
                let right = format!("Basic {}", base64(format!("{user}:{password}").as_bytes()));
                if head.get("Authorization") == Some(&right) {
                    whole(list(ENTRIES))
                } else {
                    Reply::Whole(error_answer(401).with("WWW-Authenticate", "Basic realm=\"lists\""))
                }
            }
            Page::Garbage => Reply::Cut(b"\x00\xff\x13\x37 no answer of HTTP \x7f\r\n\r\n\x00".to_vec()),
        }
    }
}

fn plain(text: String) -> Answer {
    Answer::new(200, "text/plain; charset=utf-8", text)
}

fn error_answer(status: u16) -> Answer {
    let text = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n");
    Answer::new(status, "text/html", text)
}

/// 304, which has no body.
fn not_modified() -> Answer {
    let mut answer = Answer::new(304, "text/plain", "");
    answer.head.remove("Content-Length");
    answer
}

/// An answer with an `ETag` of its body, or 304 for whoever has it.
fn unless_known(head: &Head, answer: Answer) -> Answer {
    let mut hasher = DefaultHasher::new();
    answer.body.hash(&mut hasher);
    let etag = format!("\"{:016x}\"", hasher.finish());
    let known = head.get("If-None-Match").is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == etag));
    if known { not_modified() } else { answer }.with("ETag", &etag)
}

fn patient(answer: Answer, patience: Patience) -> Answer {
    match patience {
        Patience::Unsaid => answer,
        Patience::Seconds(seconds) => answer.with("Retry-After", &seconds.to_string()),
        Patience::Date(seconds) => {
            let then = SystemTime::now() + Duration::from_secs(seconds);
            answer.with("Retry-After", &httpdate::fmt_http_date(then))
        }
    }
}

const PORTAL: &str = "<!DOCTYPE html>
<html><head><title>Welcome to Hotel WiFi</title></head>
<body><h1>Please log in to use the Internet</h1>
<form action=\"http://10.0.0.1:8000/login\" method=\"post\">
<label>Room <input name=\"room\"></label> <label>Password <input type=\"password\" name=\"password\"></label>
<button>Connect</button></form></body></html>
";

const CAPTCHA: &str = "<!DOCTYPE html>
<html><head><title>Just a moment...</title></head>
<body><h1>Checking if the site connection is secure</h1>
<noscript>Enable JavaScript and cookies to continue</noscript>
<div class=\"g-recaptcha\" data-sitekey=\"lab\"></div><p>Please verify you are a human. Your IP: 203.0.113.9</p>
</body></html>
";

const ERROR_PAGE: &str = "<!DOCTYPE html>
<html><head><title>Error 503 Backend fetch failed</title></head>
<body><h1>Error 503 Backend fetch failed</h1><p>Guru Meditation: XID: 1234567</p></body></html>
";
