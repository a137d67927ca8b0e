//! What a proxy is to be: the words with which a test describes one. Nothing here touches a socket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use serde::Serialize;

use super::super::fault::Fault;

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// HTTP: forwards absolute-form requests, and tunnels by CONNECT.
    Http,
    /// HTTP, but only CONNECT; forwarding is answered with 405.
    Connect,
    /// SOCKS4 and 4a.
    Socks4,
    /// SOCKS5 with addresses and names.
    Socks5,
    /// All of them on one port, told apart by the first byte.
    Mixed,
}

impl Kind {
    /// A word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Connect => "connect",
            Self::Socks4 => "socks4",
            Self::Socks5 => "socks5",
            Self::Mixed => "mixed",
        }
    }
}

/// How a proxy gives itself or its client away. Headers are put on what is forwarded; on kinds other than
/// [`Kind::Http`] also on plain HTTP in a tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Face {
    /// It does not.
    #[default]
    Elite,
    /// Anonymous: `Via`.
    Via,
    /// Anonymous: `X-Forwarded-For` with an address that is nobody's.
    ForwardedForOther,
    /// Anonymous: `Proxy-Connection`.
    ProxyConnection,
    /// Anonymous: `Forwarded` that hides its client, as RFC 7239 has it.
    ForwardedUnknown,
    /// Anonymous: `X-Forwarded-Host`.
    ForwardedHost,
    /// Anonymous: `X-Proxy-ID`.
    ProxyId,
    /// Transparent: `X-Forwarded-For` with the client's address.
    ForwardedFor,
    /// Transparent: `Forwarded` with the client's address and port in `for=`.
    Forwarded,
    /// Transparent: `X-Real-IP` with the client's address.
    RealIp,
    /// Transparent: `X-Forwarded-For` with the client's address in the middle of a list.
    ForwardedForList,
    /// Transparent: `X-Forwarded-For` with the client's address and port.
    ForwardedForPort,
    /// Transparent: `Client-IP` with the client's address as one of IPv6 that was mapped.
    ClientIp,
    /// Transparent: the client's address inside of `Via`.
    ViaClient,
    /// Transparent: the client's address in a header of which nobody has heard.
    OddHeader,
    /// Transparent: no header, but it leaves from the client's address.
    ClientsExit,
}

impl Face {
    /// The level of anonymity.
    #[must_use]
    pub fn level(self) -> &'static str {
        match self {
            Self::Elite => "elite",
            Self::Via
            | Self::ForwardedForOther
            | Self::ProxyConnection
            | Self::ForwardedUnknown
            | Self::ForwardedHost
            | Self::ProxyId => "anonymous",
            Self::ForwardedFor
            | Self::Forwarded
            | Self::RealIp
            | Self::ForwardedForList
            | Self::ForwardedForPort
            | Self::ClientIp
            | Self::ViaClient
            | Self::OddHeader
            | Self::ClientsExit => "transparent",
        }
    }

    /// The header that gives it away, or `exit`.
    #[must_use]
    pub fn giveaway(self) -> Option<&'static str> {
        Some(match self {
            Self::Elite => return None,
            Self::Via | Self::ViaClient => "Via",
            Self::ForwardedForOther
            | Self::ForwardedFor
            | Self::ForwardedForList
            | Self::ForwardedForPort => "X-Forwarded-For",
            Self::ProxyConnection => "Proxy-Connection",
            Self::Forwarded | Self::ForwardedUnknown => "Forwarded",
            Self::ForwardedHost => "X-Forwarded-Host",
            Self::ProxyId => "X-Proxy-ID",
            Self::ClientIp => "Client-IP",
            Self::OddHeader => "X-Lab-Peer",
            Self::RealIp => "X-Real-IP",
            Self::ClientsExit => "exit",
        })
    }

    /// The header that it adds.
    fn header(self, client: IpAddr) -> Option<(&'static str, String)> {
        let name = self.giveaway().filter(|name| *name != "exit")?;
        let value = match self {
            Self::Via => "1.1 lab (squid/5.7)".to_owned(),
            Self::ForwardedForOther => NOBODY.to_string(),
            Self::ProxyConnection => "keep-alive".to_owned(),
            Self::Forwarded => format!("for=\"{}\";proto=http", SocketAddr::new(client, 51234)),
            Self::ForwardedUnknown => "for=unknown;by=_lab".to_owned(),
            Self::ForwardedHost => "judge.lab.invalid".to_owned(),
            Self::ProxyId => "4711".to_owned(),
            Self::ForwardedForList => format!("{NOBODY}, {client}, {NOBODY}"),
            Self::ForwardedForPort => SocketAddr::new(client, 51234).to_string(),
            Self::ClientIp => match client {
                IpAddr::V4(client) => client.to_ipv6_mapped().to_string(),
                IpAddr::V6(client) => client.to_string(),
            },
            Self::ViaClient => format!("1.1 {client} (lab)"),
            _ => client.to_string(),
        };
        Some((name, value))
    }
}

/// An address of a documentation range (RFC 5737), which no client has.
const NOBODY: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 77);

/// A user and the secret that goes with it: Basic for HTTP, RFC 1929 for SOCKS5; for SOCKS4 the user alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The user.
    pub user: String,
    /// The secret.
    pub secret: String,
}

/// Which account the list has for a proxy that wants one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listed {
    /// The right one.
    #[default]
    Right,
    /// The right user with a wrong secret.
    Wrong,
    /// None.
    Without,
}

/// To which ports CONNECT is allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectRule {
    /// All.
    #[default]
    Any,
    /// 443, and whatever ports the world's TLS judges have instead; others get 403.
    Only443,
    /// None: CONNECT is answered with 405.
    Never,
}

/// How an opened tunnel is announced. All of these are right (RFC 9110, 9.3.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectReply {
    /// `200 Connection established`.
    #[default]
    Usual,
    /// `HTTP/1.1 200` with neither a phrase nor the blank before it.
    NoPhrase,
    /// HTTP/1.0, a phrase of its own and a header.
    OddPhrase,
    /// `202 Accepted`.
    Accepted,
    /// With Content-Length and Transfer-Encoding, which are to be ignored.
    Framed,
}

/// What a proxy is to be.
#[derive(Clone, Debug)]
pub struct ProxySpec {
    /// What it speaks.
    pub kind: Kind,
    pub(crate) face: Face,
    pub(crate) account: Option<Account>,
    pub(crate) listed: Listed,
    pub(crate) connect_rule: ConnectRule,
    pub(super) connect_reply: ConnectReply,
    pub(crate) names: bool,
    pub(super) latency: Duration,
    pub(super) lower_case: bool,
    pub(super) names_bound_address: bool,
    pub(crate) over_tls: bool,
    pub(crate) schemed: bool,
    exit: Exit,
    /// Where it leaves from towards IPv6; unless it has one, from whatever the machine takes.
    pub(crate) exit_ipv6: Option<Ipv6Addr>,
    pub(crate) ipv6: bool,
    pub(crate) entry: Option<IpAddr>,
    tells: Option<IpAddr>,
    /// Its fault, if it has one.
    pub fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug)]
enum Exit {
    Own,
    Entry,
    At(IpAddr),
}

impl ProxySpec {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            face: Face::Elite,
            account: None,
            listed: Listed::Right,
            connect_rule: ConnectRule::Any,
            connect_reply: ConnectReply::Usual,
            names: true,
            latency: Duration::ZERO,
            lower_case: false,
            names_bound_address: false,
            over_tls: false,
            schemed: true,
            exit: Exit::Own,
            exit_ipv6: None,
            ipv6: true,
            entry: None,
            tells: None,
            fault: None,
        }
    }

    /// An elite HTTP proxy that forwards and tunnels.
    #[must_use]
    pub fn http() -> Self {
        Self::new(Kind::Http)
    }

    /// An HTTP proxy that only tunnels.
    #[must_use]
    pub fn connect() -> Self {
        Self::new(Kind::Connect)
    }

    /// A SOCKS4 proxy, with names.
    #[must_use]
    pub fn socks4() -> Self {
        Self::new(Kind::Socks4)
    }

    /// A SOCKS5 proxy, with names.
    #[must_use]
    pub fn socks5() -> Self {
        Self::new(Kind::Socks5)
    }

    /// A port that speaks all.
    #[must_use]
    pub fn mixed() -> Self {
        Self::new(Kind::Mixed)
    }

    /// Gives nothing away.
    #[must_use]
    pub fn elite(self) -> Self {
        self.face(Face::Elite)
    }

    /// Gives itself away by `Via`.
    #[must_use]
    pub fn anonymous(self) -> Self {
        self.face(Face::Via)
    }

    /// Gives its client away by `X-Forwarded-For`.
    #[must_use]
    pub fn transparent(self) -> Self {
        self.face(Face::ForwardedFor)
    }

    /// Gives away what this face does.
    #[must_use]
    pub fn face(mut self, face: Face) -> Self {
        self.face = face;
        self
    }

    /// Opens for this account only.
    #[must_use]
    pub fn account(mut self, user: &str, secret: &str) -> Self {
        self.account = Some(Account { user: user.to_owned(), secret: secret.to_owned() });
        self
    }

    /// Which account the list has.
    #[must_use]
    pub fn listed(mut self, listed: Listed) -> Self {
        self.listed = listed;
        self
    }

    /// Answers CONNECT with 405.
    #[must_use]
    pub fn without_connect(mut self) -> Self {
        self.connect_rule = ConnectRule::Never;
        self
    }

    /// Answers CONNECT to ports other than that of https with 403.
    #[must_use]
    pub fn connect_443_only(mut self) -> Self {
        self.connect_rule = ConnectRule::Only443;
        self
    }

    /// Announces tunnels in another way.
    #[must_use]
    pub fn connect_reply(mut self, reply: ConnectReply) -> Self {
        self.connect_reply = reply;
        self
    }

    /// Dials addresses but no names: 502, 0x5b or 0x04.
    #[must_use]
    pub fn without_names(mut self) -> Self {
        self.names = false;
        self
    }

    /// Answers this late.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Writes the names of the headers that it forwards in lower case, which changes nothing of their meaning.
    #[must_use]
    pub fn lower_case(mut self) -> Self {
        self.lower_case = true;
        self
    }

    /// Names its bound address in a SOCKS5 reply by a domain name (ATYP 3) instead of four bytes.
    #[must_use]
    pub fn names_bound_address(mut self) -> Self {
        self.names_bound_address = true;
        self
    }

    /// Must be spoken to over TLS; its certificate is from the interceptors' authority, for its address.
    #[must_use]
    pub fn over_tls(mut self) -> Self {
        self.over_tls = true;
        self
    }

    /// Leaves from the address on which it listens.
    #[must_use]
    pub fn leaves_from_entry(mut self) -> Self {
        self.exit = Exit::Entry;
        self
    }

    /// Leaves from this loopback address, for proxies that share an exit.
    #[must_use]
    pub fn leaves_through(mut self, exit: IpAddr) -> Self {
        self.exit = Exit::At(exit);
        self
    }

    /// Leaves from this address towards IPv6; it must be one of the machine's own.
    #[must_use]
    pub fn leaves_over_ipv6_through(mut self, exit: Ipv6Addr) -> Self {
        self.exit_ipv6 = Some(exit);
        self
    }

    /// Reaches nothing that has an address of IPv6 only: 503 or 0x03.
    #[must_use]
    pub fn without_ipv6(mut self) -> Self {
        self.ipv6 = false;
        self
    }

    /// Listens on this address, which must be one of the machine's own.
    #[must_use]
    pub fn listens_at(mut self, address: IpAddr) -> Self {
        self.entry = Some(address);
        self
    }

    /// Tells this address in the place of its client's, where its face tells one.
    #[must_use]
    pub fn tells(mut self, address: IpAddr) -> Self {
        self.tells = Some(address);
        self
    }

    /// The header that it adds.
    pub(super) fn header(&self, client: IpAddr) -> Option<(&'static str, String)> {
        self.face.header(self.tells.unwrap_or(client))
    }

    /// Stands in the list without a scheme.
    #[must_use]
    pub fn without_scheme(mut self) -> Self {
        self.schemed = false;
        self
    }

    /// Has this fault.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// The address from which it leaves, given where it listens and what the block has for it.
    pub(crate) fn exit_at(&self, entry: IpAddr, own: IpAddr) -> IpAddr {
        match self.exit {
            Exit::Own => own,
            Exit::Entry => entry,
            Exit::At(exit) => exit,
        }
    }

    /// The scheme by which lists call it; `https` is one that tunnels by CONNECT, or is spoken to over TLS.
    pub(crate) fn scheme(&self) -> &'static str {
        match self.kind {
            Kind::Http if self.over_tls => "https",
            Kind::Http | Kind::Mixed => "http",
            Kind::Connect => "https",
            Kind::Socks4 => "socks4",
            Kind::Socks5 => "socks5",
        }
    }
}
