//! HTTP CONNECT (RFC 9110, 9.3.6).

use std::fmt::Write as _;
use std::net::IpAddr;

use proxydeck_domain::Reason;

use super::{Failure, Handshake, Step, Target};
use crate::edge;
use crate::http::{Fault, Head, HeadEnd, MAX_INTERIM};

/// Asks an HTTP proxy for a tunnel.
#[derive(Debug)]
pub struct Connect<'a> {
    target: Target<'a>,
    port: u16,
    authorization: Option<&'a str>,
    user_agent: &'a str,
    end: HeadEnd,
    interim: u8,
}

impl<'a> Connect<'a> {
    /// A tunnel to `target:port`; `authorization` is the value of `Proxy-Authorization`.
    #[must_use]
    pub fn new(target: Target<'a>, port: u16, authorization: Option<&'a str>, user_agent: &'a str) -> Self {
        Self { target, port, authorization, user_agent, end: HeadEnd::default(), interim: 0 }
    }

    fn refused(&self, status: u16, head: &[u8]) -> Failure {
        Failure { detail: edge::remark(head), ..refusal(status, self.authorization.is_some()) }
    }
}

impl Handshake for Connect<'_> {
    fn begin(&mut self, out: &mut Vec<u8>) {
        let authority = match self.target {
            Target::Ip(IpAddr::V6(v6)) => format!("[{v6}]:{}", self.port),
            Target::Ip(IpAddr::V4(v4)) => format!("{v4}:{}", self.port),
            Target::Name(name) => format!("{name}:{}", self.port),
        };
        let mut head = format!(
            "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {}\r\n",
            self.user_agent
        );
        if let Some(value) = self.authorization {
            let _ = write!(head, "Proxy-Authorization: {value}\r\n");
        }
        head.push_str("\r\n");
        out.extend_from_slice(head.as_bytes());
    }

    fn advance(&mut self, input: &[u8], _out: &mut Vec<u8>) -> (usize, Step) {
        let len = match self.end.find(input) {
            Ok(Some(len)) => len,
            Ok(None) => return (0, Step::More),
            Err(fault) => return (0, Step::Failed(http_fault(&fault, input))),
        };
        match Head::parse(&input[..len]) {
            // Any 2xx opens the tunnel, and no length or coding that it carries means anything.
            Ok(head) if (200..300).contains(&head.status) => (len, Step::Open),
            Ok(head) if (100..200).contains(&head.status) => {
                self.interim += 1;
                if self.interim > MAX_INTERIM {
                    return (len, Step::Failed(http_fault(&Fault::TooLarge("interim answers"), input)));
                }
                self.end = HeadEnd::default();
                (len, Step::More)
            }
            Ok(head) => (len, Step::Failed(self.refused(head.status, &input[..len]))),
            // A length that cannot be read is ignored with every other length, so only the status line counts.
            Err(fault) => match status_of(&input[..len]) {
                Some(status) if (200..300).contains(&status) => (len, Step::Open),
                Some(status) => (len, Step::Failed(self.refused(status, &input[..len]))),
                None => (0, Step::Failed(http_fault(&fault, input))),
            },
        }
    }
}

/// The status of a head whose fields cannot be read.
fn status_of(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|b| *b == b'\n').next()?).ok()?;
    line.split_ascii_whitespace().nth(1)?.parse().ok().filter(|status| (100..600).contains(status))
}

/// What a status of a proxy means, other than success.
pub(crate) fn refusal(status: u16, account_sent: bool) -> Failure {
    let reason = match status {
        // Some proxies (tinyproxy) say 401, which is a server's word (RFC 9110, 15.5.2); no judge ever says it.
        401 | 407 if account_sent => Reason::AuthFailed,
        401 | 407 => Reason::AuthRequired,
        300..=399 => Reason::Redirected,
        // What a server says that does not know what a proxy request is.
        400 | 404 | 405 | 501 => Reason::NotAProxy,
        402..=599 => Reason::Rejected,
        _ => Reason::NotAProxy,
    };
    Failure::with_code(reason, status)
}

/// What it means when a proxy's first answer is no HTTP.
pub(crate) fn http_fault(fault: &Fault, input: &[u8]) -> Failure {
    match fault {
        Fault::NotHttp => Failure::not_a_proxy(input),
        Fault::Malformed(what) => {
            Failure { reason: Reason::AnswerMalformed, code: None, detail: Some((*what).to_owned()) }
        }
        Fault::TooLarge(what) => {
            Failure { reason: Reason::AnswerTooLarge, code: None, detail: Some((*what).to_owned()) }
        }
    }
}
