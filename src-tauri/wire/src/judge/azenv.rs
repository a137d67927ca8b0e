//! Environment variables as text, as azenv.php and its many descendants print them: `REMOTE_ADDR = 1.2.3.4`.

use super::{Reading, Sent, Wrong, address, first_difference};

/// Beginnings of the variables that such a page prints.
const FAMILIES: [&str; 3] = ["HTTP_", "REMOTE_", "REQUEST_"];

/// What stands around the variables, and which of them do not change from request to request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    before: Vec<u8>,
    after: Vec<u8>,
    /// Names of the variables that are no request headers.
    known: Vec<String>,
}

struct Page<'a> {
    before: &'a [u8],
    variables: Vec<(String, String)>,
    after: &'a [u8],
}

/// Takes a page apart. The variables are one run of lines; a line that is none ends them.
fn split(body: &[u8]) -> Option<Page<'_>> {
    let start = (0..body.len()).find(|&at| {
        FAMILIES.iter().any(|family| body[at..].starts_with(family.as_bytes()))
            && (at == 0 || !is_name_byte(body[at - 1]))
            && variable(line_at(&body[at..]).0).is_some()
    })?;
    let mut variables = Vec::new();
    let mut rest = &body[start..];
    loop {
        let (line, next) = line_at(rest);
        let Some((name, value)) = variable(line) else { break };
        variables.push((name.to_owned(), String::from_utf8_lossy(value).into_owned()));
        rest = next;
    }
    Some(Page { before: &body[..start], variables, after: rest })
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'
}

/// The first line without its end, and what follows.
fn line_at(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|b| *b == b'\n') {
        Some(end) => (bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]), &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}

/// `NAME = value`.
fn variable(line: &[u8]) -> Option<(&str, &[u8])> {
    let length = line.iter().take_while(|b| is_name_byte(**b)).count();
    let name =
        std::str::from_utf8(&line[..length]).ok().filter(|n| FAMILIES.iter().any(|f| n.starts_with(f)))?;
    let rest = &line[length..];
    let value =
        rest.strip_prefix(b" = ").or_else(|| rest.strip_prefix(b" =").filter(|none| none.is_empty()))?;
    Some((name, value))
}

fn reading(variables: &[(String, String)]) -> Reading {
    let headers = variables
        .iter()
        .filter_map(|(name, value)| {
            // HTTP_X_FORWARDED_FOR is what CGI makes of X-Forwarded-For (RFC 3875, 4.1.18).
            let field = name.strip_prefix("HTTP_")?;
            Some((header_name(field), value.clone()))
        })
        .collect();
    let remote = variables.iter().find(|(name, _)| name == "REMOTE_ADDR").and_then(|(_, v)| address(v));
    Reading { remote, headers }
}

/// `X_FORWARDED_FOR` as `X-Forwarded-For`.
fn header_name(variable: &str) -> String {
    variable
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map_or_else(String::new, |first| first.to_string() + &letters.as_str().to_ascii_lowercase())
        })
        .collect::<Vec<_>>()
        .join("-")
}

fn value<'a>(page: &'a Page<'_>, name: &str) -> Option<&'a str> {
    page.variables.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

/// Reads a direct answer.
pub(super) fn learn(body: &[u8], sent: &Sent<'_>) -> Option<(Frame, Reading)> {
    let page = split(body)?;
    if !value(&page, "REQUEST_URI").is_some_and(|uri| sent.is_target(uri)) {
        return None;
    }
    let reading = reading(&page.variables);
    reading.remote?;
    let known =
        page.variables.iter().filter(|(n, _)| !n.starts_with("HTTP_")).map(|(n, _)| n.clone()).collect();
    Some((Frame { before: page.before.to_vec(), after: page.after.to_vec(), known }, reading))
}

/// Reads an answer that came through a proxy.
pub(super) fn read(frame: &Frame, body: &[u8], sent: &Sent<'_>) -> Result<Reading, Wrong> {
    let stranger = || Wrong::answer("the page is not the judge's answer to this request");
    let page = split(body).ok_or_else(stranger)?;
    let uri = value(&page, "REQUEST_URI").ok_or_else(stranger)?;
    if !uri.contains(sent.token.as_str()) {
        return Err(stranger());
    }
    if !sent.is_target(uri) {
        return Err(Wrong::tampered(format!("the judge was asked for {uri}")));
    }
    if page.before != frame.before {
        return Err(Wrong::tampered(first_difference(&frame.before, page.before)));
    }
    if page.after != frame.after {
        return Err(Wrong::tampered(first_difference(&frame.after, page.after)));
    }
    if let Some((name, _)) =
        page.variables.iter().find(|(n, _)| !n.starts_with("HTTP_") && !frame.known.contains(n))
    {
        return Err(Wrong::tampered(format!("a variable that the judge does not print: {name}")));
    }
    if let Some(name) = frame.known.iter().find(|name| value(&page, name).is_none()) {
        return Err(Wrong::tampered(format!("a variable is missing that the judge prints: {name}")));
    }
    if value(&page, "REQUEST_METHOD").is_some_and(|method| method != "GET") {
        return Err(Wrong::tampered("another method than the one that was sent"));
    }
    let reading = reading(&page.variables);
    if reading.remote.is_none() {
        return Err(Wrong::tampered("no address where the judge writes one"));
    }
    Ok(reading)
}

#[cfg(test)]
mod tests {
    use proxydeck_domain::Reason;

    use super::*;
    use crate::judge::{JudgeUrl, Token};

    #[test]
    fn a_page_that_is_cut_anywhere_is_another_page() {
        let url = JudgeUrl::parse("http://azenv.example.net/").unwrap_or_else(|bad| unreachable!("{bad}"));
        let token = Token::new(7);
        let target = url.target(&token);
        let absolute = url.absolute(&target);
        let sent = Sent { token: &token, target: &target, absolute: &absolute, page: false };
        let page = format!(
            "<pre>\nREMOTE_ADDR = 192.0.2.1\nREQUEST_METHOD = GET\nREQUEST_URI = {target}\nHTTP_HOST = x\n\
             HTTP_EMPTY =\n</pre>\n"
        );
        let learned = learn(page.as_bytes(), &sent).map(|(frame, _)| frame);
        let frame = learned.unwrap_or_else(|| unreachable!("the whole page is one: {page}"));
        assert!(read(&frame, page.as_bytes(), &sent).is_ok(), "and reads as itself");
        for length in 0..page.len() {
            let reason = read(&frame, &page.as_bytes()[..length], &sent).map_err(|wrong| wrong.reason);
            assert!(
                matches!(reason, Err(Reason::Tampered | Reason::WrongAnswer)),
                "{length} bytes of it: {reason:?}"
            );
        }
    }
}
