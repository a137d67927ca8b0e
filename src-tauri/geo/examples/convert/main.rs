//! Makes the two range files of `data/` from the packages that `make geo` downloads.
//!
//!     convert GEOIP GEOIP6 ASN_V4 ASN_V6 OUT_FOLDER

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use proxydeck_geo::ranges::{Countries, Networks};
use proxydeck_geo::write::{self, Range};
use proxydeck_geo::{Country, Network};

/// The longest name of an organisation that is kept, in characters: some are whole sentences, and none is longer on a
/// screen.
const MAX_NAME: usize = 80;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [geoip, geoip6, asn_v4, asn_v6, out] = arguments.as_slice() else {
        return Err("usage: convert GEOIP GEOIP6 ASN_V4 ASN_V6 OUT_FOLDER".into());
    };
    let mut located = countries(&fs::read_to_string(geoip)?)?;
    located.extend(countries(&fs::read_to_string(geoip6)?)?);
    let mut names = BTreeMap::new();
    let mut routed = networks(Path::new(asn_v4), &mut names)?;
    routed.extend(networks(Path::new(asn_v6), &mut names)?);

    let (countries, networks) = (write::countries(&located), write::networks(&routed, &names));
    verify(&located, &Countries::read(&countries)?, &routed, &Networks::read(&networks)?, &names)?;
    for (name, bytes) in [("countries.ranges", countries), ("networks.ranges", networks)] {
        let path = Path::new(out).join(name);
        fs::write(&path, &bytes)?;
        #[allow(clippy::print_stdout, reason = "a converter says what it wrote")]
        {
            println!("{}: {} bytes", path.display(), bytes.len());
        }
    }
    Ok(())
}

/// Lines of `first,last,CC`, with `??` for no country; the addresses of version 4 as numbers.
fn countries(text: &str) -> Outcome<Vec<Range<Country>>> {
    let mut ranges = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let parts: Vec<&str> = line.split(',').collect();
        let [first, last, code] = parts.as_slice() else { return Err(format!("no range: {line}").into()) };
        if *code == "??" {
            continue;
        }
        let value = Country::parse(code).ok_or_else(|| format!("no country: {line}"))?;
        ranges.push(Range { first: address(first)?, last: address(last)?, value });
    }
    Ok(ranges)
}

fn address(text: &str) -> Outcome<IpAddr> {
    match text.parse::<u32>() {
        Ok(number) => Ok(Ipv4Addr::from_bits(number).into()),
        Err(_) => Ok(text.parse()?),
    }
}

/// Rows of `first,last,asn,organisation`.
fn networks(path: &Path, names: &mut BTreeMap<u32, String>) -> Outcome<Vec<Range<u32>>> {
    let mut ranges = Vec::new();
    let mut rows = csv::ReaderBuilder::new().has_headers(false).from_path(path)?;
    for row in rows.records() {
        let row = row?;
        let cell = |at| row.get(at).ok_or_else(|| format!("no range: {row:?}"));
        let value: u32 = cell(2)?.parse()?;
        if value == 0 {
            continue;
        }
        let name: String = cell(3)?.chars().filter(|letter| !letter.is_control()).take(MAX_NAME).collect();
        if !name.trim().is_empty() {
            names.entry(value).or_insert_with(|| name.trim().to_owned());
        }
        ranges.push(Range { first: cell(0)?.parse()?, last: cell(1)?.parse()?, value });
    }
    Ok(ranges)
}

/// Holds what was written against what was read, at the end of every range: the beginning of one may lie in the one
/// before.
fn verify(
    located: &[Range<Country>],
    countries: &Countries<'_>,
    routed: &[Range<u32>],
    networks: &Networks<'_>,
    names: &BTreeMap<u32, String>,
) -> Outcome<()> {
    for range in located {
        if countries.country(range.last) != Some(range.value) {
            return Err(format!("{} was written wrong", range.last).into());
        }
    }
    for range in routed {
        let network = Network { asn: range.value, organisation: names.get(&range.value).cloned() };
        if networks.network(range.last) != Some(network) {
            return Err(format!("{} was written wrong", range.last).into());
        }
    }
    Ok(())
}
