//! Names to addresses, without letting slow name servers hold everything up.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::lookup_host;
use tokio::sync::{OnceCell, Semaphore};

/// The most names resolved at once: `getaddrinfo` blocks a thread for each.
const MAX_LOOKUPS: usize = 64;
/// The most addresses kept of one name; a proxy is dialled at the first that fits.
const MAX_ADDRESSES: usize = 8;

/// An address given by the user for a name and a port, as with `curl --resolve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveRule {
    /// The name, in lower case.
    pub host: String,
    /// The port that the rule is for.
    pub port: u16,
    /// The address to use.
    pub address: IpAddr,
}

impl FromStr for ResolveRule {
    type Err = &'static str;

    /// `HOST:PORT:ADDRESS`; an IPv6 address with or without brackets.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ':');
        let (Some(host), Some(port), Some(address)) = (parts.next(), parts.next(), parts.next()) else {
            return Err("it must be HOST:PORT:ADDRESS");
        };
        let address = address.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err("it names no host");
        }
        let port = port.parse().ok().filter(|port| *port > 0);
        Ok(Self {
            host: host.to_ascii_lowercase(),
            port: port.ok_or("the port is not a number from 1 to 65535")?,
            address: address.parse().map_err(|_| "the last part is no address")?,
        })
    }
}

/// What came of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Its addresses; at least one, IPv4 first.
    Found(Arc<[IpAddr]>),
    /// It has none, or the name servers do not answer.
    Unknown,
}

type Slot = Arc<OnceCell<Resolution>>;

/// Resolves names: rules first, each name once, a bounded number at a time.
#[derive(Debug)]
pub struct Resolver {
    rules: Vec<ResolveRule>,
    known: Mutex<HashMap<Box<str>, Slot>>,
    permits: Semaphore,
}

impl Resolver {
    /// A resolver with the user's rules.
    #[must_use]
    pub fn new(rules: Vec<ResolveRule>) -> Self {
        Self { rules, known: Mutex::default(), permits: Semaphore::new(MAX_LOOKUPS) }
    }

    /// The addresses of a name.
    pub async fn resolve(&self, name: &str, port: u16) -> Resolution {
        if let Some(ruled) = self.ruled(name, port) {
            return Resolution::Found(ruled);
        }
        let slot = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(name.into()).or_default())
        };
        slot.get_or_init(|| self.look_up(name)).await.clone()
    }

    /// What the user's rules say about a name, if they say anything.
    pub(crate) fn ruled(&self, name: &str, port: u16) -> Option<Arc<[IpAddr]>> {
        let ours = |rule: &&ResolveRule| rule.port == port && rule.host.eq_ignore_ascii_case(name);
        let ruled: Arc<[IpAddr]> = self.rules.iter().filter(ours).map(|rule| rule.address).collect();
        (!ruled.is_empty()).then_some(ruled)
    }

    /// Asks the system, whatever the rules say and whatever is known.
    pub(crate) async fn look_up(&self, name: &str) -> Resolution {
        // The semaphore is never closed, so a permit always comes.
        let _permit = self.permits.acquire().await;
        let Ok(found) = lookup_host((name, 0)).await else { return Resolution::Unknown };
        let mut addresses: Vec<IpAddr> = found.map(|a: SocketAddr| a.ip().to_canonical()).collect();
        addresses.sort_by_key(IpAddr::is_ipv6);
        addresses.dedup();
        addresses.truncate(MAX_ADDRESSES);
        if addresses.is_empty() { Resolution::Unknown } else { Resolution::Found(addresses.into()) }
    }
}
