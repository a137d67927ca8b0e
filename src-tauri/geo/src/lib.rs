//! In which country and in which network an address lies: told offline, from two files that are compiled in, and from
//! a database of the user's own where there is one.
//!
//! Everything here is a search over bytes. Nothing reads a file, and the compiled-in files are searched where they
//! lie, so that they take no memory but the pages that are touched. Where they come from, and under which licences,
//! stands in `data/SOURCES.md`; `make geo` makes them anew.

mod content;
mod country;
mod own;
pub mod ranges;
pub mod write;

use std::net::IpAddr;

pub use content::is_content_network;
pub use country::Country;
pub use own::{NotADatabase, OwnDatabase};
use ranges::{Countries, Networks};

/// The file of countries that is compiled in.
pub const COUNTRIES: &[u8] = include_bytes!("../data/countries.ranges");
/// The file of networks that is compiled in.
pub const NETWORKS: &[u8] = include_bytes!("../data/networks.ranges");

/// A network as the routers of the internet know it: an autonomous system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its number.
    pub asn: u32,
    /// Who runs it, as the database writes it.
    pub organisation: Option<String>,
}

/// What is known of where addresses lie.
#[derive(Debug)]
pub struct Geo {
    own: Option<OwnDatabase>,
    countries: Option<Countries<'static>>,
    networks: Option<Networks<'static>>,
}

impl Default for Geo {
    /// The compiled-in files alone.
    fn default() -> Self {
        // A test holds that both can be read; if one could not, nothing would be known, and nothing else would fail.
        Self {
            own: None,
            countries: Countries::read(COUNTRIES).ok(),
            networks: Networks::read(NETWORKS).ok(),
        }
    }
}

impl Geo {
    /// A database of the user's own comes first; for what it does not have, the compiled-in files answer.
    #[must_use]
    pub fn with(own: OwnDatabase) -> Self {
        Self { own: Some(own), ..Self::default() }
    }

    /// The country of an address. `::ffff:a.b.c.d` is a.b.c.d.
    #[must_use]
    pub fn country(&self, ip: IpAddr) -> Option<Country> {
        let own = self.own.as_ref().and_then(|own| own.country(ip));
        own.or_else(|| self.countries.as_ref()?.country(ip))
    }

    /// The network of an address.
    #[must_use]
    pub fn network(&self, ip: IpAddr) -> Option<Network> {
        let own = self.own.as_ref().and_then(|own| own.network(ip));
        own.or_else(|| self.networks.as_ref()?.network(ip))
    }

    /// The number of the network of an address; cheaper than the whole.
    #[must_use]
    pub fn asn(&self, ip: IpAddr) -> Option<u32> {
        let own = self.own.as_ref().and_then(|own| own.asn(ip));
        own.or_else(|| self.networks.as_ref()?.asn(ip))
    }
}
