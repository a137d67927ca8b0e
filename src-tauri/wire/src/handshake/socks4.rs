//! SOCKS4 and its extension 4A (the two memos of Ying-Da Lee and the OpenSSH/inet.no texts).

use std::net::IpAddr;

use proxydeck_domain::Reason;

use super::{Failure, Handshake, Step, Target};

const VERSION: u8 = 4;
const COMMAND_CONNECT: u8 = 1;
/// An answer carries version 0; some servers repeat the 4 instead.
const REPLY_VERSIONS: [u8; 2] = [0, VERSION];
const GRANTED: u8 = 90;
/// Rejected, no identd, identd disagrees: the last of the four codes.
const LAST_CODE: u8 = 93;
const REPLY_BYTES: usize = 8;

/// Asks a SOCKS4 proxy for a tunnel; a name makes it SOCKS4A.
#[derive(Debug)]
pub struct Socks4<'a> {
    target: Target<'a>,
    port: u16,
    user: &'a str,
}

impl<'a> Socks4<'a> {
    /// A tunnel to `target:port`. An IPv6 address, which the protocol cannot carry, is sent as a name.
    #[must_use]
    pub const fn new(target: Target<'a>, port: u16, user: &'a str) -> Self {
        Self { target, port, user }
    }
}

impl Handshake for Socks4<'_> {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[VERSION, COMMAND_CONNECT]);
        out.extend_from_slice(&self.port.to_be_bytes());
        let name = match self.target {
            Target::Ip(IpAddr::V4(v4)) => {
                out.extend_from_slice(&v4.octets());
                None
            }
            // 0.0.0.x with x not 0 says that a name follows.
            Target::Ip(IpAddr::V6(v6)) => {
                out.extend_from_slice(&[0, 0, 0, 1]);
                Some(v6.to_string())
            }
            Target::Name(name) => {
                out.extend_from_slice(&[0, 0, 0, 1]);
                Some(name.to_owned())
            }
        };
        // A zero byte would end the field early and let the rest be read as something else.
        out.extend(self.user.bytes().filter(|b| *b != 0));
        out.push(0);
        if let Some(name) = name {
            out.extend(name.bytes().filter(|b| *b != 0));
            out.push(0);
        }
    }

    fn advance(&mut self, input: &[u8], _out: &mut Vec<u8>) -> (usize, Step) {
        let &[version, ref rest @ ..] = input else { return (0, Step::More) };
        if !REPLY_VERSIONS.contains(&version) {
            return (0, Step::Failed(Failure::not_a_proxy(input)));
        }
        let Some(&code) = rest.first() else { return (0, Step::More) };
        match code {
            GRANTED if input.len() >= REPLY_BYTES => (REPLY_BYTES, Step::Open),
            GRANTED => (0, Step::More),
            // Some servers close before the rest of a refusal is out; it says nothing more.
            _ if (GRANTED + 1..=LAST_CODE).contains(&code) => {
                (input.len(), Step::Failed(Failure::with_code(Reason::Rejected, code)))
            }
            _ => (0, Step::Failed(Failure::not_a_proxy(input))),
        }
    }
}
