//! HTTP/1 answers (RFC 9112), fed with bytes as they come. Knows no socket, and never more than its limits.

use std::ops::Range;

/// The most bytes of an answer's head. Judges send some 500; real proxies add up to 2 KiB of their own.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;
/// The most header fields of an answer; the widest seen from a real proxy had about forty.
pub const MAX_HEADERS: usize = 96;
/// The most bytes of an answer's body. The largest judge page is under 8 KiB.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// The most interim answers (1xx) before the final one, so that nobody can send them for ever.
pub(crate) const MAX_INTERIM: u8 = 4;
/// The longest line that gives a chunk's size, extensions included.
const MAX_CHUNK_LINE: usize = 256;

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The first bytes are not those of HTTP.
    NotHttp,
    /// The head cannot be read, or the body breaks its own framing.
    Malformed(&'static str),
    /// A limit was outgrown.
    TooLarge(&'static str),
}

/// Where an answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// More bytes are needed.
    More,
    /// All of it is there.
    Complete,
}

/// The head of an answer: what of it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// Bytes of the head, the empty line included.
    pub len: usize,
    /// The length that was promised.
    pub content_length: Option<usize>,
    /// Whether the body comes in chunks.
    pub chunked: bool,
    /// The content coding, where it is not `identity`.
    pub encoding: Option<String>,
    /// Where a redirect leads.
    pub location: Option<String>,
}

/// Finds the end of a head without looking at any byte twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeadEnd {
    scanned: usize,
}

impl HeadEnd {
    /// The length of the head in `bytes`, the empty line included, once it is there.
    ///
    /// # Errors
    /// [`Fault::NotHttp`] as soon as the first bytes are no status line's, [`Fault::TooLarge`] at the limit.
    pub fn find(&mut self, bytes: &[u8]) -> Result<Option<usize>, Fault> {
        const BEGINNING: &[u8] = b"HTTP/1.";
        let seen = bytes.len().min(BEGINNING.len());
        if bytes[..seen] != BEGINNING[..seen] {
            return Err(Fault::NotHttp);
        }
        // Three bytes back, since the empty line may have been cut.
        let mut at = self.scanned.saturating_sub(3);
        while let Some(newline) = bytes[at..].iter().position(|b| *b == b'\n') {
            let end = at + newline + 1;
            match &bytes[end..] {
                [b'\n', ..] => return Self::within(end + 1),
                [b'\r', b'\n', ..] => return Self::within(end + 2),
                _ => at = end,
            }
        }
        self.scanned = bytes.len();
        if bytes.len() > MAX_HEAD_BYTES { Err(Fault::TooLarge("head")) } else { Ok(None) }
    }

    const fn within(len: usize) -> Result<Option<usize>, Fault> {
        if len > MAX_HEAD_BYTES { Err(Fault::TooLarge("head")) } else { Ok(Some(len)) }
    }
}

impl Head {
    /// Reads a whole head.
    ///
    /// # Errors
    /// [`Fault::Malformed`] or [`Fault::TooLarge`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut fields);
        match httparse::ParserConfig::default()
            .allow_spaces_after_header_name_in_responses(true)
            .parse_response(&mut response, bytes)
        {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(Fault::Malformed("head")),
            Err(httparse::Error::TooManyHeaders) => return Err(Fault::TooLarge("header fields")),
            Err(httparse::Error::Version | httparse::Error::Status) => return Err(Fault::NotHttp),
            Err(_) => return Err(Fault::Malformed("head")),
        }
        let mut head = Self {
            status: response.code.ok_or(Fault::Malformed("status"))?,
            len: bytes.len(),
            content_length: None,
            chunked: false,
            encoding: None,
            location: None,
        };
        for field in response.headers.iter() {
            let text = || String::from_utf8_lossy(field.value).trim().to_owned();
            if field.name.eq_ignore_ascii_case("content-length") {
                // The standard library would take a sign as well.
                let length = Some(text())
                    .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
                    .and_then(|digits| digits.parse().ok())
                    .ok_or(Fault::Malformed("content-length"))?;
                if head.content_length.is_some_and(|before| before != length) {
                    return Err(Fault::Malformed("two content-lengths"));
                }
                head.content_length = Some(length);
            } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
                if !text().eq_ignore_ascii_case("chunked") {
                    return Err(Fault::Malformed("transfer-encoding"));
                }
                head.chunked = true;
            } else if field.name.eq_ignore_ascii_case("content-encoding") {
                let coding = text();
                if !coding.is_empty() && !coding.eq_ignore_ascii_case("identity") {
                    head.encoding = Some(coding);
                }
            } else if field.name.eq_ignore_ascii_case("location") {
                head.location = Some(text());
            }
        }
        Ok(head)
    }

    /// Whether what follows is a page in the clear, of which every byte matters.
    #[must_use]
    pub const fn is_page(&self) -> bool {
        self.status == 200 && self.encoding.is_none()
    }

    /// Whether an answer with this status never has a body (RFC 9110, 6.4.1).
    #[must_use]
    pub const fn bodiless(&self) -> bool {
        matches!(self.status, 204 | 304)
    }
}

#[derive(Clone, Copy, Debug)]
enum Chunk {
    Size,
    Data { left: usize },
    DataEnd,
    Trailer,
    End,
}

#[derive(Debug)]
enum Body {
    Length(usize),
    Chunked { next: usize, chunk: Chunk },
    UntilClose,
}

/// Reads one answer. Bytes are appended to [`ResponseReader::inbox`]; [`ResponseReader::advance`] then says
/// whether it is complete.
#[derive(Debug, Default)]
pub struct ResponseReader {
    inbox: Vec<u8>,
    decoded: Vec<u8>,
    end: HeadEnd,
    head: Option<Head>,
    body: Option<Body>,
    complete: Option<Range<usize>>,
    interim: u8,
}

impl ResponseReader {
    /// Makes the reader ready for another answer. Its memory is given back: most proxies never answer, and thousands
    /// are waited for at once.
    pub fn reset(&mut self) {
        self.inbox = Vec::new();
        self.decoded.clear();
        self.end = HeadEnd::default();
        self.head = None;
        self.body = None;
        self.complete = None;
        self.interim = 0;
    }

    /// Where the bytes from the socket are appended.
    pub const fn inbox(&mut self) -> &mut Vec<u8> {
        &mut self.inbox
    }

    /// The head, once it is there.
    #[must_use]
    pub const fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// The bytes of the head, once it is there.
    pub(crate) fn head_bytes(&self) -> &[u8] {
        self.head.as_ref().and_then(|head| self.inbox.get(..head.len)).unwrap_or_default()
    }

    /// The decoded body of a complete answer.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match (&self.complete, &self.body) {
            (Some(_), Some(Body::Chunked { .. })) => &self.decoded,
            (Some(range), _) => self.inbox.get(range.clone()).unwrap_or_default(),
            (None, _) => &[],
        }
    }

    /// Whether a byte of an answer has come.
    #[must_use]
    pub const fn begun(&self) -> bool {
        !self.inbox.is_empty() || self.head.is_some()
    }

    /// Takes in what was appended. Whatever follows a complete answer breaks it, in the same piece or in a later one.
    ///
    /// # Errors
    /// What is wrong with the answer.
    pub fn advance(&mut self) -> Result<State, Fault> {
        while self.head.is_none() {
            let Some(len) = self.end.find(&self.inbox)? else { return Ok(State::More) };
            let head = Head::parse(&self.inbox[..len])?;
            if (100..200).contains(&head.status) {
                self.interim += 1;
                if self.interim > MAX_INTERIM {
                    return Err(Fault::TooLarge("interim answers"));
                }
                self.inbox.drain(..len);
                self.end = HeadEnd::default();
                if self.inbox.is_empty() {
                    return Ok(State::More);
                }
                continue;
            }
            let body = match (head.chunked, head.content_length) {
                _ if head.bodiless() => Ok(Body::Length(0)),
                (true, Some(_)) => Err(Fault::Malformed("both a length and chunks")),
                (true, None) => Ok(Body::Chunked { next: len, chunk: Chunk::Size }),
                (false, Some(length)) => Ok(Body::Length(length)),
                (false, None) => Ok(Body::UntilClose),
            };
            // The head is kept even then: its status may already say all that matters.
            self.head = Some(head);
            self.body = Some(body?);
        }
        let start = self.head.as_ref().map_or(0, |h| h.len);
        let have = self.inbox.len() - start;
        match &mut self.body {
            Some(Body::Length(length)) => {
                let length = *length;
                if length > MAX_BODY_BYTES {
                    return Err(Fault::TooLarge("body"));
                }
                if have < length {
                    return Ok(State::More);
                }
                if have > length {
                    return Err(Fault::Malformed("more bytes than promised"));
                }
                self.complete = Some(start..start + length);
                Ok(State::Complete)
            }
            Some(Body::Chunked { next, chunk }) => {
                let state = unchunk(&self.inbox, next, chunk, &mut self.decoded)?;
                if state == State::Complete {
                    if *next < self.inbox.len() {
                        return Err(Fault::Malformed("bytes after the last chunk"));
                    }
                    self.complete = Some(start..start);
                }
                Ok(state)
            }
            Some(Body::UntilClose) | None => {
                if have > MAX_BODY_BYTES {
                    Err(Fault::TooLarge("body"))
                } else {
                    Ok(State::More)
                }
            }
        }
    }

    /// Takes in that the other side has closed.
    ///
    /// # Errors
    /// [`Fault::Malformed`] when the answer was not complete.
    pub fn close(&mut self) -> Result<State, Fault> {
        match (&self.head, &self.body) {
            (Some(head), Some(Body::UntilClose)) => {
                self.complete = Some(head.len..self.inbox.len());
                Ok(State::Complete)
            }
            (Some(_), _) => Err(Fault::Malformed("fewer bytes than promised")),
            (None, _) => Err(Fault::Malformed("head cut off")),
        }
    }
}

/// Takes chunks apart (RFC 9112, 7.1) from `next` on and appends their data to `out`.
fn unchunk(bytes: &[u8], next: &mut usize, chunk: &mut Chunk, out: &mut Vec<u8>) -> Result<State, Fault> {
    loop {
        let rest = &bytes[*next..];
        match *chunk {
            Chunk::Size | Chunk::Trailer => {
                let limit = if matches!(chunk, Chunk::Size) { MAX_CHUNK_LINE } else { MAX_HEAD_BYTES };
                let end = rest.iter().position(|b| *b == b'\n');
                // The same limit holds whether the line came whole or in pieces.
                if end.unwrap_or(rest.len()) > limit {
                    return Err(Fault::Malformed("chunk line"));
                }
                let Some(end) = end else { return Ok(State::More) };
                let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
                *next += end + 1;
                if matches!(chunk, Chunk::Trailer) {
                    if line.is_empty() {
                        *chunk = Chunk::End;
                        return Ok(State::Complete);
                    }
                    // Trailer lines count towards the limit of the body, so that they end.
                    if *next > MAX_HEAD_BYTES + 2 * MAX_BODY_BYTES {
                        return Err(Fault::TooLarge("trailer"));
                    }
                    continue;
                }
                let digits = line.split(|b| matches!(b, b';' | b' ' | b'\t')).next().unwrap_or_default();
                let size = std::str::from_utf8(digits)
                    .ok()
                    .filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_hexdigit()))
                    .and_then(|d| usize::from_str_radix(d, 16).ok())
                    .ok_or(Fault::Malformed("chunk size"))?;
                if size.saturating_add(out.len()) > MAX_BODY_BYTES
                    || *next > MAX_HEAD_BYTES + 2 * MAX_BODY_BYTES
                {
                    return Err(Fault::TooLarge("body"));
                }
                *chunk = if size == 0 { Chunk::Trailer } else { Chunk::Data { left: size } };
            }
            Chunk::Data { left } => {
                let take = left.min(rest.len());
                out.extend_from_slice(&rest[..take]);
                *next += take;
                if take < left {
                    *chunk = Chunk::Data { left: left - take };
                    return Ok(State::More);
                }
                *chunk = Chunk::DataEnd;
            }
            Chunk::DataEnd => match rest {
                [b'\r', b'\n', ..] => {
                    *next += 2;
                    *chunk = Chunk::Size;
                }
                [b'\n', ..] => {
                    *next += 1;
                    *chunk = Chunk::Size;
                }
                [] | [b'\r'] => return Ok(State::More),
                _ => return Err(Fault::Malformed("chunk end")),
            },
            Chunk::End => return Ok(State::Complete),
        }
    }
}
