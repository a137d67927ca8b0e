//! Bytes come in whatever pieces the network makes of them. Each answer here, cut in two at every place and into single
//! bytes, must mean what it means whole.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::net::IpAddr;

use proxydeck_domain::{Account, Reason, Secret};
use proxydeck_wire::handshake::{Connect, Handshake, Socks4, Socks5, Step, Target};
use proxydeck_wire::http::{Fault, ResponseReader, State};

/// What came of a handshake.
#[derive(Clone, Debug, PartialEq)]
enum Led {
    /// The tunnel is open, and these bytes belong to it.
    Open(Vec<u8>),
    /// It did not open; the protocol's code goes with the reason.
    Failed(Reason, Option<u16>),
    /// More bytes are needed than there are.
    Waits,
}

/// Leads a handshake as a connection does: with all that has come and was not used yet, again and again. Gives the
/// outcome, and all that was sent.
fn lead(machine: &mut dyn Handshake, pieces: &[&[u8]]) -> (Led, Vec<u8>) {
    let (mut inbox, mut sent) = (Vec::new(), Vec::new());
    machine.begin(&mut sent);
    let mut opened = false;
    for piece in pieces {
        inbox.extend_from_slice(piece);
        while !opened {
            let (used, step) = machine.advance(&inbox, &mut sent);
            inbox.drain(..used);
            match step {
                Step::Open => opened = true,
                Step::Failed(failure) => return (Led::Failed(failure.reason, failure.code), sent),
                Step::More if used == 0 => break,
                Step::More => {}
            }
        }
    }
    (if opened { Led::Open(inbox) } else { Led::Waits }, sent)
}

/// All ways to cut: nowhere, in two at each place, and into single bytes.
fn cuts(bytes: &[u8]) -> Vec<Vec<&[u8]>> {
    let in_two = (1..bytes.len()).map(|at| vec![&bytes[..at], &bytes[at..]]);
    in_two.chain([bytes.chunks(1).collect(), vec![bytes]]).collect()
}

/// A handshake, the bytes that a server sends, and what they mean.
#[track_caller]
fn leads<M: Handshake>(what: &str, machine: impl Fn() -> M, bytes: &[u8], expected: &Led) {
    let whole = lead(&mut machine(), &[bytes]);
    assert_eq!(&whole.0, expected, "{what}: whole");
    for cut in cuts(bytes) {
        let lengths: Vec<usize> = cut.iter().map(|piece| piece.len()).collect();
        assert_eq!(lead(&mut machine(), &cut), whole, "{what}: cut into pieces of {lengths:?}");
    }
}

fn v4() -> Target<'static> {
    Target::Ip(IpAddr::from([192, 0, 2, 1]))
}

fn account() -> Account {
    Account { user: "ann".to_owned(), secret: Secret::new("s3cret") }
}

fn failed(reason: Reason, code: impl Into<Option<u16>>) -> Led {
    Led::Failed(reason, code.into())
}

fn open(rest: &[u8]) -> Led {
    Led::Open(rest.to_vec())
}

#[test]
fn answers_to_connect_mean_the_same_however_they_are_cut() {
    let machine = || Connect::new(v4(), 443, None, "test");
    let many = format!("HTTP/1.1 200 OK\r\nX-Filler: {}", "z".repeat(17_000));
    let wide = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(97));
    let vectors: [(&str, &[u8], Led); 26] = [
        ("squid opens", b"HTTP/1.1 200 Connection established\r\n\r\n", open(b"")),
        ("tinyproxy opens", b"HTTP/1.0 200 Connection established\r\nProxy-agent: tinyproxy/1.11.1\r\n\r\n", open(b"")),
        ("privoxy opens", b"HTTP/1.1 200 Connection established\r\n\r\n", open(b"")),
        ("mitmproxy opens", b"HTTP/1.1 200 Connection established\r\n\r\n", open(b"")),
        ("no phrase", b"HTTP/1.1 200\r\n\r\n", open(b"")),
        ("an empty phrase", b"HTTP/1.1 200 \r\n\r\n", open(b"")),
        ("newlines alone", b"HTTP/1.1 200 OK\n\n", open(b"")),
        ("mixed line ends", b"HTTP/1.1 200 OK\nA: b\r\n\n", open(b"")),
        ("another 2xx", b"HTTP/1.1 202 Accepted\r\nServer: x\r\n\r\n", open(b"")),
        ("a length to be ignored", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", open(b"hello")),
        ("a length that is none", b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", open(b"")),
        ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", open(b"")),
        ("chunks to be ignored", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", open(b"0\r\n\r\n")),
        ("first bytes of the tunnel", b"HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x\r\n", open(b"SSH-2.0-x\r\n")),
        ("after an interim answer", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", open(b"")),
        ("407", b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 3\r\n\r\nno\n", failed(Reason::AuthRequired, 407)),
        ("401 of tinyproxy", b"HTTP/1.0 401 Unauthorized\r\n\r\n", failed(Reason::AuthRequired, 401)),
        ("403 of squid", b"HTTP/1.1 403 Forbidden\r\nServer: squid/5.7\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\n\r\n<html>", failed(Reason::Rejected, 403)),
        ("503", b"HTTP/1.1 503 Service Unavailable\r\n\r\n", failed(Reason::Rejected, 503)),
        ("a redirect", b"HTTP/1.1 302 Found\r\nLocation: http://login.invalid/\r\n\r\n", failed(Reason::Redirected, 302)),
        ("no method for it", b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n\r\n", failed(Reason::NotAProxy, 405)),
        ("SSH", b"SSH-2.0-OpenSSH_9.2p1\r\n", failed(Reason::NotAProxy, None)),
        ("an echo", b"CONNECT 192.0.2.1:443 HTTP/1.1\r\n\r\n", failed(Reason::NotAProxy, None)),
        ("an alert of TLS", b"\x15\x03\x01\x00\x02\x02\x46", failed(Reason::NotAProxy, None)),
        ("a head without end", many.as_bytes(), failed(Reason::AnswerTooLarge, None)),
        ("half a head", b"HTTP/1.1 200 OK\r\nServer: squ", Led::Waits),
    ];
    for (what, bytes, expected) in &vectors {
        if bytes.len() > 4096 {
            // Every place of so many would take minutes; the limit is what matters.
            let (led, _) = lead(&mut machine(), &bytes.chunks(1000).collect::<Vec<_>>());
            assert_eq!(&led, expected, "{what}");
            let near: Vec<&[u8]> = vec![&bytes[..16_384], &bytes[16_384..16_385], &bytes[16_385..]];
            assert_eq!(&lead(&mut machine(), &near).0, expected, "{what}");
        } else {
            leads(what, machine, bytes, expected);
        }
    }
    // More fields than are read: what they say is ignored all the same.
    leads("many fields", machine, wide.as_bytes(), &open(b""));
    let with_account = || Connect::new(v4(), 443, Some("Basic YW5uOnMzY3JldA=="), "test");
    leads("407 to an account", with_account, b"HTTP/1.1 407 No\r\n\r\n", &failed(Reason::AuthFailed, 407));
}

#[test]
fn answers_to_socks4_mean_the_same_however_they_are_cut() {
    let machine = || Socks4::new(v4(), 80, "ann");
    let vectors: [(&str, &[u8], Led); 10] = [
        ("granted", b"\x00\x5a\x00\x50\xc0\x00\x02\x01", open(b"")),
        ("granted, and the tunnel speaks", b"\x00\x5a\x00\x00\x00\x00\x00\x00HTTP/1.1", open(b"HTTP/1.1")),
        ("granted, with the version repeated", b"\x04\x5a\x00\x00\x00\x00\x00\x00", open(b"")),
        ("rejected", b"\x00\x5b\x00\x50\xc0\x00\x02\x01", failed(Reason::Rejected, 91)),
        ("rejected, cut off", b"\x00\x5b", failed(Reason::Rejected, 91)),
        ("no identd", b"\x00\x5c\x00\x00\x00\x00\x00\x00", failed(Reason::Rejected, 92)),
        ("another user", b"\x00\x5d\x00\x00\x00\x00\x00\x00", failed(Reason::Rejected, 93)),
        ("an answer of SOCKS5", b"\x05\xff", failed(Reason::NotAProxy, None)),
        ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n", failed(Reason::NotAProxy, None)),
        ("half of it", b"\x00\x5a\x00\x00\x00", Led::Waits),
    ];
    for (what, bytes, expected) in &vectors {
        leads(what, machine, bytes, expected);
        leads(what, || Socks4::new(Target::Name("judge.example.net"), 80, ""), bytes, expected);
    }
    leads("an echo", machine, b"\x04\x01\x00\x50\xc0\x00\x02\x01ann\x00", &failed(Reason::NotAProxy, None));
}

#[test]
fn answers_to_socks5_mean_the_same_however_they_are_cut() {
    let open_one = || Socks5::new(v4(), 80, None);
    let bound = b"\x05\x00\x05\x00\x00\x01\x7f\x09\x01\x0b\x9c\x40";
    let named = b"\x05\x00\x05\x00\x00\x03\x10exit.lab.invalid\x9c\x40";
    let on_ipv6 =
        b"\x05\x00\x05\x00\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x9c\x40";
    let vectors: [(&str, &[u8], Led); 15] = [
        ("danted opens", bound, open(b"")),
        ("microsocks opens", b"\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", open(b"")),
        ("bound to a name", named, open(b"")),
        ("bound to an empty name", b"\x05\x00\x05\x00\x00\x03\x00\x9c\x40", open(b"")),
        ("bound to IPv6", on_ipv6, open(b"")),
        ("the tunnel speaks", b"\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00hello", open(b"hello")),
        ("no method", b"\x05\xff", failed(Reason::AuthRequired, 255)),
        ("wants an account that was not offered", b"\x05\x02", failed(Reason::AuthRequired, 2)),
        ("not allowed", b"\x05\x00\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00", failed(Reason::Rejected, 2)),
        ("host unreachable, cut off", b"\x05\x00\x05\x04", failed(Reason::Rejected, 4)),
        ("an address of no kind", b"\x05\x00\x05\x00\x00\x09\x00\x00", failed(Reason::NotAProxy, None)),
        ("an echo", b"\x05\x01\x00", failed(Reason::NotAProxy, None)),
        ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n", failed(Reason::NotAProxy, None)),
        ("a method and no more", b"\x05\x00", Led::Waits),
        ("half an address", b"\x05\x00\x05\x00\x00\x01\x7f\x09", Led::Waits),
    ];
    for (what, bytes, expected) in &vectors {
        leads(what, open_one, bytes, expected);
    }
    let account = account();
    let locked = || Socks5::new(Target::Name("judge.example.net"), 80, Some(&account));
    let reply = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";
    let after = |start: &[u8]| [start, reply].concat();
    let vectors: [(&str, Vec<u8>, Led); 7] = [
        ("the account does", after(b"\x05\x02\x01\x00"), open(b"")),
        ("the account does, by version 5", after(b"\x05\x02\x05\x00"), open(b"")),
        ("no account is wanted", after(b"\x05\x00"), open(b"")),
        ("the account does not", b"\x05\x02\x01\x01".to_vec(), failed(Reason::AuthFailed, 1)),
        ("no method", b"\x05\xff".to_vec(), failed(Reason::AuthFailed, 255)),
        ("Kerberos", b"\x05\x01".to_vec(), failed(Reason::NotAProxy, None)),
        ("nonsense for the account", b"\x05\x02\x99\x00".to_vec(), failed(Reason::NotAProxy, None)),
    ];
    for (what, bytes, expected) in &vectors {
        leads(what, locked, bytes, expected);
    }
}

/// What came of an answer.
#[derive(Clone, Debug, PartialEq)]
enum Heard {
    /// It is complete: its status and its body.
    Complete(u16, Vec<u8>),
    /// It is no answer.
    Wrong(&'static str),
}

/// Reads an answer as a connection does: until it is wrong, or the other side closes.
fn hear(pieces: &[&[u8]]) -> Heard {
    let mut reader = ResponseReader::default();
    let mut outcome = Ok(State::More);
    for piece in pieces {
        reader.inbox().extend_from_slice(piece);
        outcome = reader.advance();
        if outcome.is_err() {
            break;
        }
    }
    if outcome == Ok(State::More) {
        outcome = reader.close();
    }
    match outcome {
        Ok(_) => Heard::Complete(reader.head().unwrap().status, reader.body().to_vec()),
        Err(Fault::NotHttp) => Heard::Wrong("no HTTP"),
        Err(Fault::Malformed(_)) => Heard::Wrong("malformed"),
        Err(Fault::TooLarge(_)) => Heard::Wrong("too large"),
    }
}

#[test]
fn an_answer_is_the_same_however_it_is_cut() {
    let page = |body: &[u8]| Heard::Complete(200, body.to_vec());
    let malformed = Heard::Wrong("malformed");
    let vectors: [(&str, &[u8], Heard); 31] = [
        ("a length", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", page(b"hello")),
        ("no body", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", page(b"")),
        ("until the end", b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\nhello", page(b"hello")),
        ("until the end, empty", b"HTTP/1.0 200 OK\r\n\r\n", page(b"")),
        ("one chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", page(b"hello")),
        ("chunks of squid", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nVia: 1.1 x (squid/5.7)\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", page(b"hello")),
        ("an extension", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n", page(b"hello")),
        ("a blank after the size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n", page(b"hello")),
        ("a trailer", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n", page(b"hello")),
        ("chunks with newlines alone", b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n", page(b"hello")),
        ("capital digits", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n", page(b"0123456789")),
        ("chunked in capitals", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", page(b"")),
        ("after an interim answer", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", page(b"hi")),
        ("after two", b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", page(b"hi")),
        ("the same length twice", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", page(b"hi")),
        ("never a body", b"HTTP/1.1 204 No Content\r\n\r\n", Heard::Complete(204, Vec::new())),
        ("another status", b"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno", Heard::Complete(503, b"no".to_vec())),
        ("five interim answers", b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n", Heard::Wrong("too large")),
        ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi", malformed.clone()),
        ("a list of lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi", malformed.clone()),
        ("a signed length", b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nhi", malformed.clone()),
        ("a length and chunks", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", malformed.clone()),
        ("an unknown coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", malformed.clone()),
        ("no number of a chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n", malformed.clone()),
        ("a chunk that is longer", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n", malformed.clone()),
        ("a chunk cut off", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", malformed.clone()),
        ("chunks without end", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", malformed.clone()),
        ("fewer bytes than promised", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", malformed.clone()),
        ("half a head", b"HTTP/1.1 200 OK\r\nServer", malformed),
        ("no HTTP", b"220 mail.example.net ESMTP\r\n", Heard::Wrong("no HTTP")),
        ("HTTP of another age", b"HTTP/2 200\r\n\r\n", Heard::Wrong("no HTTP")),
    ];
    for (what, bytes, expected) in &vectors {
        assert_eq!(&hear(&[bytes]), expected, "{what}: whole");
        for cut in cuts(bytes) {
            let lengths: Vec<usize> = cut.iter().map(|piece| piece.len()).collect();
            assert_eq!(&hear(&cut), expected, "{what}: cut into pieces of {lengths:?}");
        }
    }
}

#[test]
fn bytes_beyond_a_complete_answer_break_it_however_they_are_cut() {
    let vectors: [&[u8]; 2] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nand more",
    ];
    for bytes in vectors {
        assert_eq!(hear(&[bytes]), Heard::Wrong("malformed"));
        for cut in cuts(bytes) {
            let lengths: Vec<usize> = cut.iter().map(|piece| piece.len()).collect();
            assert_eq!(hear(&cut), Heard::Wrong("malformed"), "cut into pieces of {lengths:?}");
        }
    }
}
