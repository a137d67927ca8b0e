//! URIs in a line: `scheme://[user:password@]host:port`, and the links by which Telegram hands out SOCKS proxies.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;
use percent_encoding::percent_decode;
use proxydeck_domain::{Account, Endpoint, Hints, Host, Protocol};

use crate::RefusalReason;
use crate::labels;
use crate::reading::{self, Reading};
use crate::text::{self, Suffix};

/// Hosts whose links carry a proxy in their query.
const TELEGRAM: [&[u8]; 3] = [b"t.me", b"telegram.me", b"telegram.dog"];

/// Reads every URI of a line, and gives the parts between them to `rest`.
pub(crate) fn read_all(
    line: &[u8],
    into: &mut Reading,
    mut rest: impl FnMut(&[u8], Range<usize>, &mut Reading),
) {
    let dividers: Vec<usize> = memmem::find_iter(line, b"://").collect();
    let mut read_to = 0;
    for (index, &divider) in dividers.iter().enumerate() {
        let scheme_start = scheme_start(line, divider);
        // The end of a URI may already have swallowed this one (`…/?u=http://`).
        if scheme_start < read_to {
            continue;
        }
        let next =
            dividers.get(index + 1).map_or(line.len(), |&next| scheme_start_of_next(line, divider, next));
        let mut end = divider + 3 + token_length(&line[divider + 3..next]);
        if end == next && next < line.len() && matches!(line[next - 1], b'=' | b'/' | b'?' | b'&') {
            // An address in the query or the path of this one is a part of it.
            end = divider + 3 + token_length(&line[divider + 3..]);
        }
        let scheme = &line[scheme_start..divider];
        rest(line, read_to..scheme_start, into);
        read_to = end;
        if let Err(reason) = read_one(scheme, &line[divider + 3..end], scheme_start == 0, into) {
            if reason == RefusalReason::OtherScheme {
                // A line of another protocol is that protocol's, whatever else stands in it.
                return into.disown(reason);
            }
            if reason == RefusalReason::Glued && end == next && next < line.len() {
                // Two are glued together: where the first one ends is not known, so the second is none either.
                read_to = next + 3 + token_length(&line[next + 3..]);
            }
            into.note(reason);
        }
    }
    rest(line, read_to..line.len(), into);
}

/// Where the scheme in front of `://` begins.
fn scheme_start(line: &[u8], divider: usize) -> usize {
    let length = line[..divider]
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        .count();
    let start = divider - length;
    // Of `- http://` written without the blank only the letters are the scheme.
    start + line[start..divider].iter().take_while(|b| !b.is_ascii_alphanumeric()).count()
}

/// Where the next URI begins. Its scheme may be glued to this one's port, which is then this one's fault to show.
fn scheme_start_of_next(line: &[u8], divider: usize, next: usize) -> usize {
    let start = scheme_start(line, next);
    let scheme = &line[start..next];
    if scheme.first().is_some_and(u8::is_ascii_digit) || start <= divider + 3 { next } else { start }
}

/// How far a URI reaches: up to a blank or a character that no URI holds.
fn token_length(text: &[u8]) -> usize {
    text.iter()
        .position(|b| b.is_ascii_whitespace() || matches!(b, b'"' | b'<' | b'>' | b'|' | b'\\' | b'`'))
        .unwrap_or(text.len())
}

fn read_one(scheme: &[u8], token: &[u8], leads: bool, into: &mut Reading) -> Result<(), RefusalReason> {
    match scheme.first() {
        None => return Err(RefusalReason::Cut),
        Some(first) if first.is_ascii_digit() => return Err(RefusalReason::Glued),
        Some(_) => {}
    }
    if scheme.eq_ignore_ascii_case(b"tg") {
        return read_telegram(token, into);
    }
    let Some(protocol) = labels::scheme(scheme) else {
        let near = labels::is_near_miss(scheme);
        return Err(if near { RefusalReason::UnknownProtocol } else { RefusalReason::OtherScheme });
    };
    let authority_end = token.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(token.len());
    let (authority, tail) = token.split_at(authority_end);
    if TELEGRAM.iter().any(|host| authority.eq_ignore_ascii_case(host)) {
        return read_telegram(tail.strip_prefix(b"/").unwrap_or(tail), into);
    }
    if names_a_page(tail)
        || memmem::find(tail, b"://").is_some()
        || (!leads && tail.len() > 1 && tail[0] == b'/')
    {
        return Err(RefusalReason::PageAddress);
    }
    let (endpoint, account, label) = read_authority(authority)?;
    let stated = if label.is_empty() { Hints::NONE.with(protocol) } else { label.with(protocol) };
    into.take(endpoint, account, stated);
    Ok(())
}

/// Whether what follows the authority asks for something: a file or a query. A proxy's URI has nothing to ask for.
fn names_a_page(tail: &[u8]) -> bool {
    let path_end = tail.iter().position(|b| matches!(b, b'?' | b'#')).unwrap_or(tail.len());
    let (path, query) = tail.split_at(path_end);
    path.len() > 1
        && (query.first() == Some(&b'?')
            || path.rsplit(|b| *b == b'/').next().is_some_and(|f| f.contains(&b'.')))
}

/// Reads `[user[:password]@]host:port`, and the two spellings that put the account behind the port.
fn read_authority(authority: &[u8]) -> Result<(Endpoint, Option<Account>, Hints), RefusalReason> {
    let Some(at) = memchr::memrchr(b'@', authority) else {
        return read_address(authority);
    };
    let (userinfo, address) = (&authority[..at], &authority[at + 1..]);
    match text::endpoint_prefix(address) {
        Ok((endpoint, used)) => match Suffix::of(&address[used..])? {
            Suffix::Account(..) => Err(RefusalReason::Ambiguous),
            Suffix::Remark | Suffix::Label(_) => Ok((endpoint, decoded_account(userinfo)?, Hints::NONE)),
        },
        // `http://host:port@user:password`.
        Err(reason) => match read_address(userinfo) {
            Ok((endpoint, None, label)) if address.contains(&b':') => {
                Ok((endpoint, decoded_account(address)?, label))
            }
            _ => Err(reason),
        },
    }
}

fn read_address(address: &[u8]) -> Result<(Endpoint, Option<Account>, Hints), RefusalReason> {
    let (endpoint, used) = text::endpoint_prefix(address)?;
    match Suffix::of(&address[used..])? {
        Suffix::Remark => Ok((endpoint, None, Hints::NONE)),
        Suffix::Label(protocol) => Ok((endpoint, None, Hints::NONE.with(protocol))),
        Suffix::Account(user, password) => {
            Ok((endpoint, Some(reading::account(&decode(user), &decode(password))?), Hints::NONE))
        }
    }
}

fn decode(text: &[u8]) -> Cow<'_, [u8]> {
    percent_decode(text).into()
}

/// Reads the user information of a URI (RFC 3986, 3.2.1). An empty one is no account.
fn decoded_account(userinfo: &[u8]) -> Result<Option<Account>, RefusalReason> {
    if matches!(userinfo, b"" | b":") {
        return Ok(None);
    }
    let colon = memchr::memchr(b':', userinfo).unwrap_or(userinfo.len());
    let password = userinfo.get(colon + 1..).unwrap_or_default();
    reading::account(&decode(&userinfo[..colon]), &decode(password)).map(Some)
}

/// Reads `socks?server=…&port=…[&user=…&pass=…]`. Its sibling `proxy?` carries MTProto.
fn read_telegram(link: &[u8], into: &mut Reading) -> Result<(), RefusalReason> {
    let Some(query) = link.strip_prefix(b"socks?") else {
        return Err(RefusalReason::OtherScheme);
    };
    let mut values: [Cow<'_, [u8]>; 4] = Default::default();
    for pair in query.split(|b| *b == b'&') {
        let pair = pair.strip_prefix(b"amp;").unwrap_or(pair);
        let Some(equals) = memchr::memchr(b'=', pair) else { continue };
        let slot = match &pair[..equals] {
            b"server" => 0,
            b"port" => 1,
            b"user" => 2,
            b"pass" => 3,
            _ => continue,
        };
        values[slot] = decode(&pair[equals + 1..]);
    }
    let [server, port, user, password] = &values;
    let as_text = |bytes| std::str::from_utf8(bytes).map_err(|_| RefusalReason::Syntax);
    let endpoint = Endpoint::new(Host::parse(as_text(server)?)?, Endpoint::parse_port(as_text(port)?)?)?;
    let account =
        if user.is_empty() && password.is_empty() { None } else { Some(reading::account(user, password)?) };
    into.take(endpoint, account, Hints::NONE.with(Protocol::Socks5));
    Ok(())
}
