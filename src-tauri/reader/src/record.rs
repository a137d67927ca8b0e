//! A proxy that is given field by field: a row of a table, or an object of JSON.

use proxydeck_domain::{Endpoint, Hints, Host, Protocol};

use crate::RefusalReason;
use crate::labels::Claim;
use crate::reading::{self, Reading};
use crate::text;

/// How well the name of a field says that it holds the address to dial. The best one that is filled in counts.
const ADDRESS_RANKS: usize = 3;

/// What a field is for, told by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// An address: of rank 0 (`ip`), 1 (`host`, `server`, …) or 2 (`proxy`, `url`: mostly with the port in it).
    Address(usize),
    Port,
    /// The port for one protocol (`port_socks5`).
    PortOf(Protocol),
    Protocols,
    User,
    Password,
    /// A yes or no for one protocol (`socks4`), or whether TLS targets work (`https`, `ssl`, `secure`).
    Flag(Protocol),
}

impl Field {
    /// Tells the field by its name, whatever its case and whatever divides its words. None for all other fields:
    /// `exit_ip`, `internal_ip` or `export_address` are no proxies.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name: String =
            name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        Some(match name.as_str() {
            "ip" | "ipaddress" | "ipaddr" | "ipv4" | "ipv6" | "proxyip" | "ip地址" | "ip位址" => {
                Self::Address(0)
            }
            "host" | "hostname" | "server" | "serveraddress" | "address" | "addr" | "proxyhost"
            | "proxyaddress" | "proxyserver" | "地址" | "位址" | "主机" | "主機" | "服务器" | "伺服器" => {
                Self::Address(1)
            }
            "proxy" | "ipport" | "hostport" | "endpoint" | "proxyurl" | "url" | "uri" | "代理" => {
                Self::Address(2)
            }
            "port" | "proxyport" | "portnumber" | "端口" | "端口号" | "連接埠" | "埠" => Self::Port,
            "porthttp" | "httpport" => Self::PortOf(Protocol::Http),
            "porthttps" | "httpsport" => Self::PortOf(Protocol::Https),
            "portsocks4" | "socks4port" => Self::PortOf(Protocol::Socks4),
            "portsocks5" | "socks5port" => Self::PortOf(Protocol::Socks5),
            "protocol" | "protocols" | "type" | "types" | "scheme" | "schemes" | "proxytype" | "协议"
            | "協定" | "类型" | "類型" => Self::Protocols,
            "user" | "username" | "login" | "proxyuser" | "proxyusername" | "用户名" | "使用者名稱" => {
                Self::User
            }
            "pass" | "password" | "passwd" | "pwd" | "proxypass" | "proxypassword" | "密码" | "密碼" => {
                Self::Password
            }
            "http" => Self::Flag(Protocol::Http),
            "https" | "ssl" | "secure" => Self::Flag(Protocol::Https),
            "socks4" => Self::Flag(Protocol::Socks4),
            "socks5" => Self::Flag(Protocol::Socks5),
            _ => return None,
        })
    }
}

/// The fields of one proxy, as texts.
#[derive(Debug, Default)]
pub(crate) struct Record<'a> {
    addresses: [&'a str; ADDRESS_RANKS],
    port: &'a str,
    ports_of: Vec<(Protocol, &'a str)>,
    claim: Claim,
    /// Whether any field is for protocols, so that flags are not asked.
    has_protocols: bool,
    user: &'a str,
    password: &'a str,
    flags: Hints,
    flag_fields: usize,
}

impl<'a> Record<'a> {
    /// Fills in a field. The first of several that are for the same thing counts.
    pub(crate) fn set(&mut self, field: Field, value: &'a str) {
        let value = value.trim();
        let fill = |slot: &mut &'a str| {
            if slot.is_empty() {
                *slot = value;
            }
        };
        match field {
            Field::Address(rank) => fill(&mut self.addresses[rank]),
            Field::Port => fill(&mut self.port),
            Field::PortOf(protocol) if !value.is_empty() => self.ports_of.push((protocol, value)),
            Field::PortOf(_) => {}
            Field::Protocols => {
                self.has_protocols = true;
                let claim = Claim::of_column(value);
                self.claim.hints = self.claim.hints.union(claim.hints);
                self.claim.foreign |= claim.foreign;
                self.claim.near_miss |= claim.near_miss;
            }
            Field::User => fill(&mut self.user),
            Field::Password => fill(&mut self.password),
            Field::Flag(protocol) => {
                self.flag_fields += 1;
                if is_yes(value) {
                    self.flags = self.flags.with(protocol);
                }
            }
        }
    }

    /// The address that counts: the best one that is filled in.
    pub(crate) fn address(&self) -> &'a str {
        self.addresses.iter().find(|a| !a.is_empty()).copied().unwrap_or_default()
    }

    /// The record as the text of a refusal: what was to be dialled, never the account.
    pub(crate) fn summary(&self) -> String {
        let port = self.ports_of.first().map_or(self.port, |(_, port)| port);
        let divider = if port.is_empty() { "" } else { ":" };
        format!("{}{divider}{port}", self.address())
    }

    /// Whether there is enough in it to be meant as a proxy: an address with a port beside it or in it.
    pub(crate) fn is_proxy(&self) -> bool {
        let address = self.address();
        !address.is_empty() && (self.has_port() || address.contains(':'))
    }

    /// Whether a port stands beside the address.
    pub(crate) fn has_port(&self) -> bool {
        !self.port.is_empty() || !self.ports_of.is_empty()
    }

    /// Reads the fields. `inherited` is what stands around the record and counts where it says nothing itself.
    pub(crate) fn read(&self, inherited: Hints, into: &mut Reading) {
        if self.claim.foreign {
            return into.note(RefusalReason::OtherScheme);
        }
        if self.claim.near_miss && self.claim.hints.is_empty() {
            return into.note(RefusalReason::UnknownProtocol);
        }
        let before = into.found.len();
        let (stated, fallback) = self.protocols(inherited);
        if let Err(reason) = self.read_endpoints(stated, into) {
            into.note(reason);
        }
        for found in &mut into.found[before..] {
            found.fallback = fallback;
        }
    }

    /// What the record states, and what its shape suggests.
    fn protocols(&self, inherited: Hints) -> (Hints, Option<Protocol>) {
        if !self.claim.hints.is_empty() {
            return (self.claim.hints, None);
        }
        // Several yes-or-no columns name the protocols. A single one, mostly `https`, belongs to a list of HTTP
        // proxies and says which of them also tunnel.
        match self.flag_fields {
            _ if self.has_protocols => (inherited, None),
            0 => (inherited, None),
            1 => (inherited, Some(Protocol::Http)),
            _ if self.flags.is_empty() => (inherited, None),
            _ => (self.flags, None),
        }
    }

    fn read_endpoints(&self, stated: Hints, into: &mut Reading) -> Result<(), RefusalReason> {
        let address = self.address();
        if address.is_empty() {
            return Err(RefusalReason::NoAddress);
        }
        let account = self.account()?;
        if !self.ports_of.is_empty() {
            let host = Host::parse(address)?;
            for &(protocol, port) in &self.ports_of {
                match Endpoint::parse_port(port).and_then(|port| Endpoint::new(host.clone(), port)) {
                    Ok(endpoint) => into.take(endpoint, account.clone(), Hints::NONE.with(protocol)),
                    Err(error) => into.note(error.into()),
                }
            }
            return Ok(());
        }
        match Host::parse(address) {
            Ok(_) if self.port.is_empty() => Err(RefusalReason::NoPort),
            Ok(host) => {
                into.take(Endpoint::new(host, Endpoint::parse_port(self.port)?)?, account, stated);
                Ok(())
            }
            // The field may hold the port as well, or a whole URI.
            Err(_) if address.contains(':') => {
                let mut inner = Reading::default();
                text::read(address.as_bytes(), &mut inner);
                if inner.found.is_empty() {
                    return Err(inner.problem.unwrap_or(RefusalReason::Syntax));
                }
                for found in inner.found {
                    let account = found.proxy.account.or_else(|| account.clone());
                    let stated = if self.claim.hints.is_empty() && !found.stated.is_empty() {
                        found.stated
                    } else {
                        stated
                    };
                    into.take(found.proxy.endpoint, account, stated);
                }
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn account(&self) -> Result<Option<proxydeck_domain::Account>, RefusalReason> {
        let is_placeholder = |text: &str| {
            ["", "-", "null", "none", "n/a"].iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
        };
        if is_placeholder(self.user) && is_placeholder(self.password) {
            return Ok(None);
        }
        reading::account(self.user.as_bytes(), self.password.as_bytes()).map(Some)
    }
}

fn is_yes(value: &str) -> bool {
    ["1", "true", "yes", "y", "+", "✓", "✔", "是"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
}
