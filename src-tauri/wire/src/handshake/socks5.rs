//! SOCKS5 (RFC 1928) with user name and password (RFC 1929).

use std::net::IpAddr;

use proxydeck_domain::{Account, Reason};

use super::{Failure, Handshake, Step, Target};

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USER_PASSWORD: u8 = 2;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;
/// The version of the sub-negotiation (RFC 1929, 2).
const USER_PASSWORD_VERSION: u8 = 1;
const COMMAND_CONNECT: u8 = 1;
const ATYP_V4: u8 = 1;
const ATYP_NAME: u8 = 3;
const ATYP_V6: u8 = 4;
/// The longest user name, password or host name: their lengths are one byte.
const MAX_FIELD: usize = 255;

#[derive(Clone, Copy, Debug)]
enum State {
    Method,
    Account,
    Reply,
}

/// Asks a SOCKS5 proxy for a tunnel; with a name, the proxy resolves it.
#[derive(Debug)]
pub struct Socks5<'a> {
    target: Target<'a>,
    port: u16,
    account: Option<&'a Account>,
    state: State,
}

impl<'a> Socks5<'a> {
    /// A tunnel to `target:port`. The account is offered beside *no authentication*.
    #[must_use]
    pub const fn new(target: Target<'a>, port: u16, account: Option<&'a Account>) -> Self {
        Self { target, port, account, state: State::Method }
    }

    fn request(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[VERSION, COMMAND_CONNECT, 0]);
        match self.target {
            Target::Ip(IpAddr::V4(v4)) => {
                out.push(ATYP_V4);
                out.extend_from_slice(&v4.octets());
            }
            Target::Ip(IpAddr::V6(v6)) => {
                out.push(ATYP_V6);
                out.extend_from_slice(&v6.octets());
            }
            Target::Name(name) => {
                out.push(ATYP_NAME);
                field(name.as_bytes(), out);
            }
        }
        out.extend_from_slice(&self.port.to_be_bytes());
        self.state = State::Reply;
    }

    /// What it means when something else than SOCKS5 answers. Once the account was sent, nothing of that is shown:
    /// whoever sends back what it received would bring the password into the evidence.
    fn stranger(&self, input: &[u8]) -> Failure {
        if self.account.is_some() && !matches!(self.state, State::Method) {
            Failure::of(Reason::NotAProxy)
        } else {
            Failure::not_a_proxy(input)
        }
    }

    fn method(&mut self, method: u8, input: &[u8], out: &mut Vec<u8>) -> (usize, Step) {
        match (method, self.account) {
            (NO_AUTHENTICATION, _) => self.request(out),
            (USER_PASSWORD, Some(account)) => {
                let (user, password) = (account.user.as_bytes(), account.secret.expose().as_bytes());
                // What does not fit cannot be the right account here.
                if user.is_empty() || user.len() > MAX_FIELD || password.len() > MAX_FIELD {
                    let detail = Some("the account does not fit into RFC 1929".to_owned());
                    return (2, Step::Failed(Failure { reason: Reason::AuthFailed, code: None, detail }));
                }
                out.push(USER_PASSWORD_VERSION);
                field(user, out);
                field(password, out);
                self.state = State::Account;
            }
            (NO_ACCEPTABLE_METHOD, account) => {
                let reason = if account.is_some() { Reason::AuthFailed } else { Reason::AuthRequired };
                return (2, Step::Failed(Failure::with_code(reason, method)));
            }
            // It wants what was not offered.
            (USER_PASSWORD, None) => {
                return (2, Step::Failed(Failure::with_code(Reason::AuthRequired, method)));
            }
            _ => return (0, Step::Failed(self.stranger(input))),
        }
        (2, Step::More)
    }
}

/// A length and the bytes, cut at what the length can say.
fn field(bytes: &[u8], out: &mut Vec<u8>) {
    let bytes = &bytes[..bytes.len().min(MAX_FIELD)];
    out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(bytes);
}

impl Handshake for Socks5<'_> {
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.account.is_some() {
            out.extend_from_slice(&[VERSION, 2, NO_AUTHENTICATION, USER_PASSWORD]);
        } else {
            out.extend_from_slice(&[VERSION, 1, NO_AUTHENTICATION]);
        }
    }

    fn advance(&mut self, input: &[u8], out: &mut Vec<u8>) -> (usize, Step) {
        let expected = if matches!(self.state, State::Account) { USER_PASSWORD_VERSION } else { VERSION };
        match *input {
            [] => return (0, Step::More),
            // Some servers answer the account with version 5.
            [first, ..]
                if first != expected && !(matches!(self.state, State::Account) && first == VERSION) =>
            {
                return (0, Step::Failed(self.stranger(input)));
            }
            [_] => return (0, Step::More),
            _ => {}
        }
        let code = input[1];
        match self.state {
            State::Method => self.method(code, input, out),
            State::Account if code == 0 => {
                self.request(out);
                (2, Step::More)
            }
            State::Account => (2, Step::Failed(Failure::with_code(Reason::AuthFailed, code))),
            // Some servers close before the rest of a refusal is out; it says nothing more.
            State::Reply if code != 0 => {
                (input.len(), Step::Failed(Failure::with_code(Reason::Rejected, code)))
            }
            State::Reply => {
                let length = match input.get(3..5) {
                    Some([ATYP_V4, _]) => 10,
                    Some([ATYP_V6, _]) => 22,
                    Some([ATYP_NAME, name]) => 7 + usize::from(*name),
                    Some(_) => return (0, Step::Failed(self.stranger(input))),
                    None => return (0, Step::More),
                };
                if input.len() < length { (0, Step::More) } else { (length, Step::Open) }
            }
        }
    }
}
