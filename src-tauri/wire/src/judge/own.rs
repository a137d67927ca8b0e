//! Proxydeck's own answer: every byte of it can be foretold but for the address and the headers.
//!
//! Lines end with LF: `proxydeck-judge 1`, `token: T`, `remote: IP`, `method: GET`, `target: TARGET`,
//! `headers: N`, N lines `Name: value` in the order received with bytes outside 0x20 to 0x7e and `%` percent-coded,
//! `frame: F`, `end`. F is two KiB derived from the token: 32 times the hex SHA-256 of `proxydeck-frame:T:i`.
//!
//! Asked with `page=1`, it writes `page: N` before `end` and N bytes of what looks like a page of the web, derived from
//! the token as well: those who put something into pages, or shrink them, find all that they look for in it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::IpAddr;

use ring::digest::{SHA256, digest};

use super::{Reading, Sent, Wrong, address, first_difference};

const FIRST_LINE: &str = "proxydeck-judge 1\n";
const LAST_LINE: &str = "end\n";
/// Room for so many header fields is made at once; only the rare proxy adds more.
const USUAL_HEADERS: usize = 16;
/// 32 digests of 64 hex digits are two KiB: enough that a rewriting proxy finds something to rewrite.
const FRAME_DIGESTS: u8 = 32;
/// Paragraphs of the larger page: with 600 bytes each some 47 KiB, as much as one answer may have with room for headers.
const PAGE_PARAGRAPHS: u8 = 80;

/// Hex digits of one digest.
const PIECE: usize = 64;
/// The two hex digits of each byte: a right answer takes a thousand of them.
const HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [[0; 2]; 256];
    let mut byte = 0;
    while byte < hex.len() {
        hex[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    hex
};

/// The two KiB that belong to a token, a digest at a time: whoever only compares them makes no text of it.
fn pieces(token: &str) -> impl Iterator<Item = [u8; PIECE]> {
    let mut seed = [b"proxydeck-frame:", token.as_bytes(), b":00"].concat();
    let begin = seed.len() - 2;
    (0..FRAME_DIGESTS).map(move |i| {
        seed.truncate(begin);
        if i >= 10 {
            seed.push(b'0' + i / 10);
        }
        seed.push(b'0' + i % 10);
        let mut piece = [0; PIECE];
        for (pair, byte) in piece.as_chunks_mut::<2>().0.iter_mut().zip(digest(&SHA256, &seed).as_ref()) {
            *pair = HEX[usize::from(*byte)];
        }
        piece
    })
}

/// The same as one text.
pub(super) fn frame(token: &str) -> String {
    pieces(token).flatten().map(char::from).collect()
}

/// The larger page that belongs to a token.
pub(super) fn page(token: &str) -> String {
    // The frame of another token than the request's own, which therefore stands in no other part of the answer.
    let filling = frame(&format!("page:{token}"));
    let mut page = format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<title>{token}</title>\n\
         <link rel=\"stylesheet\" href=\"/{token}.css\">\n<script src=\"/{token}.js\"></script>\n</head>\n<body>\n"
    );
    for number in 0..usize::from(PAGE_PARAGRAPHS) {
        let at = number * 16;
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "<p>{}</p>\n<a href=\"http://{number}.example/\"><img src=\"/{number}.gif\" width=\"1\" height=\"1\"></a>",
            &filling[at..at + 512]
        );
    }
    page.push_str("</body>\n</html>\n");
    page
}

/// Whether a text can be a token: hex digits, not too many.
pub(super) fn is_token(text: &str) -> bool {
    (16..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Writes an answer.
pub(super) fn write(
    token: &str,
    remote: IpAddr,
    target: &str,
    headers: &[(&str, &[u8])],
    with_page: bool,
) -> String {
    let mut body = String::with_capacity(3072);
    let _ = write!(
        body,
        "{FIRST_LINE}token: {token}\nremote: {remote}\nmethod: GET\ntarget: {}\nheaders: {}\n",
        coded(target.as_bytes()),
        headers.len()
    );
    for (name, value) in headers {
        let _ = writeln!(body, "{}: {}", coded(name.as_bytes()), coded(value));
    }
    body.push_str(&ending(token, with_page));
    body
}

/// Everything behind the headers.
fn ending(token: &str, with_page: bool) -> String {
    let frame = frame(token);
    if with_page {
        let page = page(token);
        format!("frame: {frame}\npage: {}\n{page}{LAST_LINE}", page.len())
    } else {
        format!("frame: {frame}\n{LAST_LINE}")
    }
}

/// Whether this is everything behind the headers.
fn is_ending(rest: &str, sent: &Sent<'_>) -> bool {
    let token = sent.token.as_str();
    if sent.page {
        return rest == ending(token, true);
    }
    // Of every answer that is right, so the text that it must be is not made for it.
    let frame =
        rest.strip_prefix("frame: ").and_then(|rest| rest.strip_suffix(LAST_LINE)?.strip_suffix('\n'));
    frame.is_some_and(|frame| {
        frame.len() == PIECE * usize::from(FRAME_DIGESTS)
            && frame.as_bytes().chunks_exact(PIECE).zip(pieces(token)).all(|(seen, piece)| *seen == piece)
    })
}

/// Percent-codes what is not printable ASCII.
fn coded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if matches!(byte, 0x20..=0x7e) && byte != b'%' {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Undoes [`coded`]; none if it is not how [`coded`] writes.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if text.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && byte != b'%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            &tail[2..]
        } else {
            bytes.push(*first);
            tail
        };
    }
    (coded(&bytes) == text).then(|| Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Reads an answer. Every byte must be as the judge writes it.
pub(super) fn read(body: &[u8], sent: &Sent<'_>) -> Result<Reading, Wrong> {
    // Of what is whole this is many times faster than to look for what is not.
    let text = std::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed);
    parse(&text, sent).map_err(|difference| {
        let ours =
            text.contains(&format!("token: {}\n", sent.token)) || text.contains(&frame(sent.token.as_str()));
        if ours {
            Wrong::tampered(difference)
        } else {
            Wrong::answer("the page is not the judge's answer to this request")
        }
    })
}

fn parse(text: &str, sent: &Sent<'_>) -> Result<Reading, String> {
    let token = sent.token.as_str();
    let parts = [FIRST_LINE, "token: ", token, "\nremote: "];
    let rest = parts
        .iter()
        .try_fold(text, |rest, part| rest.strip_prefix(part))
        .ok_or_else(|| first_difference(parts.concat().as_bytes(), text.as_bytes()))?;
    let (remote, rest) = rest.split_once('\n').ok_or("cut off after the address")?;
    let remote = address(remote)
        .filter(|ip| ip.to_string() == remote)
        .ok_or("no address where the judge writes one")?;
    let rest =
        rest.strip_prefix("method: GET\ntarget: ").ok_or("another method than the one that was sent")?;
    let (target, rest) = rest.split_once('\n').ok_or("cut off after the target")?;
    if !decoded(target).is_some_and(|seen| sent.is_target(&seen)) {
        return Err(format!("the judge was asked for {target}"));
    }
    let (count, mut rest) = rest
        .strip_prefix("headers: ")
        .and_then(|rest| rest.split_once('\n'))
        .ok_or("no number of headers where the judge writes one")?;
    let number: usize = count
        .parse()
        .ok()
        // As the judge writes it: neither a sign nor zeros before it.
        .filter(|_| count == "0" || count.starts_with(|c: char| matches!(c, '1'..='9')))
        .ok_or("no number of headers where the judge writes one")?;
    let mut headers = Vec::with_capacity(number.min(USUAL_HEADERS));
    for _ in 0..number {
        let (line, after) = rest.split_once('\n').ok_or("cut off among the headers")?;
        let (name, value) = line.split_once(": ").ok_or_else(|| format!("no header field: {line}"))?;
        headers.push((
            decoded(name).ok_or("a header that the judge does not write so")?.into_owned(),
            decoded(value).ok_or("a header that the judge does not write so")?.into_owned(),
        ));
        rest = after;
    }
    if !is_ending(rest, sent) {
        let end = ending(sent.token.as_str(), sent.page);
        return Err(first_difference(end.as_bytes(), rest.as_bytes()));
    }
    Ok(Reading { remote: Some(remote), headers })
}
