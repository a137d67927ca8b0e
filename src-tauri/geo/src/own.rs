//! A database of the user's own, in MaxMind's format.

use std::net::IpAddr;

use maxminddb::{PathElement, Reader, WithinOptions};

use crate::{Country, Network};

/// Where databases keep the country: MaxMind's and DB-IP's, and those that are flat.
const COUNTRY: [&[PathElement<'static>]; 2] =
    [&[PathElement::Key("country"), PathElement::Key("iso_code")], &[PathElement::Key("country_code")]];
/// Where they keep the number of the AS, as a number or as `AS64500`.
const ASN: [&[PathElement<'static>]; 2] =
    [&[PathElement::Key("autonomous_system_number")], &[PathElement::Key("asn")]];
/// Where they keep its organisation.
const ORGANISATION: [&[PathElement<'static>]; 2] =
    [&[PathElement::Key("autonomous_system_organization")], &[PathElement::Key("as_name")]];
/// Records that are looked at to see what a database is about.
const SAMPLE: usize = 1000;

/// Why bytes are no database that can be used.
#[derive(Debug, thiserror::Error)]
pub enum NotADatabase {
    /// It is none, or it is damaged.
    #[error("it is no database in MaxMind's format (.mmdb), or it is damaged: {0}")]
    Unreadable(String),
    /// It is about something else.
    #[error("it is a database of the kind {0:?}, and holds neither countries nor networks")]
    OfSomethingElse(String),
}

/// A database of the user's own. It has what it has: countries, networks, or both.
#[derive(Debug)]
pub struct OwnDatabase(Reader<Vec<u8>>);

impl OwnDatabase {
    /// Takes the bytes of a file.
    ///
    /// # Errors
    /// Why they cannot be used.
    pub fn read(bytes: Vec<u8>) -> Result<Self, NotADatabase> {
        let own =
            Reader::from_source(bytes).map(Self).map_err(|e| NotADatabase::Unreadable(e.to_string()))?;
        if own.has_anything() {
            Ok(own)
        } else {
            Err(NotADatabase::OfSomethingElse(own.0.metadata().database_type.clone()))
        }
    }

    /// Whether one of the first records says a country or a network.
    fn has_anything(&self) -> bool {
        let Ok(networks) = self.0.networks(WithinOptions::default()) else { return false };
        networks
            .take(SAMPLE)
            .filter_map(Result::ok)
            .any(|found| country_in(&found).is_some() || asn_in(&found).is_some())
    }

    pub(crate) fn country(&self, ip: IpAddr) -> Option<Country> {
        country_in(&self.0.lookup(ip.to_canonical()).ok()?)
    }

    pub(crate) fn asn(&self, ip: IpAddr) -> Option<u32> {
        asn_in(&self.0.lookup(ip.to_canonical()).ok()?)
    }

    pub(crate) fn network(&self, ip: IpAddr) -> Option<Network> {
        let found = self.0.lookup(ip.to_canonical()).ok()?;
        let organisation = ORGANISATION.iter().find_map(|path| text(&found, path));
        Some(Network { asn: asn_in(&found)?, organisation: organisation.map(str::to_owned) })
    }
}

type Found<'a> = maxminddb::LookupResult<'a, Vec<u8>>;

/// A text of a record; what is missing, damaged or no text is none.
fn text<'a>(found: &Found<'a>, path: &[PathElement<'_>]) -> Option<&'a str> {
    found.decode_path::<&str>(path).ok().flatten().filter(|text| !text.is_empty())
}

fn country_in(found: &Found<'_>) -> Option<Country> {
    COUNTRY.iter().find_map(|path| text(found, path).and_then(Country::parse))
}

fn asn_in(found: &Found<'_>) -> Option<u32> {
    ASN.iter().find_map(|path| {
        let number = found.decode_path::<u32>(path).ok().flatten();
        number.or_else(|| text(found, path)?.trim_start_matches("AS").parse().ok()).filter(|asn| *asn != 0)
    })
}
