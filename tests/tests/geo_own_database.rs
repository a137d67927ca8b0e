//! A database of the user's own: whatever it has comes first, and what it does not have is answered by the data that is
//! compiled in.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::net::{IpAddr, Ipv4Addr};

use proxydeck_geo::{Country, Geo, Network, NotADatabase, OwnDatabase};
use proxydeck_tests::mmdb::database;
use serde_json::{Value, json};

/// Documentation addresses, of which the compiled-in data knows nothing.
const NET: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 0);

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn geo_of(kind: &str, record: &Value) -> Geo {
    Geo::with(OwnDatabase::read(database(kind, &[(NET, 25, record.clone())])).unwrap())
}

#[test]
fn each_kind_gives_what_it_has() {
    let country = json!({ "country": { "iso_code": "TW", "names": { "en": "Taiwan" } } });
    let city = json!({ "city": { "names": { "en": "Taipei" } }, "country": { "iso_code": "tw" } });
    let flat = json!({ "country_code": "TW", "asn": "AS64500", "as_name": "Example" });
    let asn = json!({ "autonomous_system_number": 64_500, "autonomous_system_organization": "Example" });
    let unnamed = json!({ "autonomous_system_number": 64_500 });
    let network = |name: Option<&str>| Some(Network { asn: 64_500, organisation: name.map(str::to_owned) });
    for (kind, record, code, network) in [
        ("GeoLite2-Country", country, Some("TW"), None),
        ("GeoLite2-City", city, Some("TW"), None),
        ("flat", flat, Some("TW"), network(Some("Example"))),
        ("GeoLite2-ASN", asn, None, network(Some("Example"))),
        ("ASN", unnamed, None, network(None)),
    ] {
        let geo = geo_of(kind, &record);
        for address in ["203.0.113.0", "203.0.113.127", "::ffff:203.0.113.9"] {
            assert_eq!(geo.country(ip(address)), code.and_then(Country::parse), "{kind}: {address}");
            assert_eq!(geo.network(ip(address)), network, "{kind}: {address}");
            assert_eq!(geo.asn(ip(address)), network.as_ref().map(|n| n.asn), "{kind}: {address}");
        }
        for address in ["203.0.113.128", "203.0.113.255", "2001:db8::1"] {
            assert_eq!(
                (geo.country(ip(address)), geo.network(ip(address))),
                (None, None),
                "{kind}: {address}"
            );
        }
    }
}

#[test]
fn it_comes_before_what_is_compiled_in_and_what_it_lacks_is_answered_there() {
    let dns = ip("8.8.8.8");
    let record = json!({ "country": { "iso_code": "JP" } });
    let own = database("Country", &[(Ipv4Addr::new(8, 8, 8, 8), 32, record)]);
    let geo = Geo::with(OwnDatabase::read(own).unwrap());
    assert_eq!(geo.country(dns), Country::parse("JP"), "its own answer comes first");
    assert_eq!(geo.asn(dns), Some(15_169), "it knows no networks");
    assert_eq!(geo.country(ip("168.95.1.1")), Country::parse("TW"), "it does not know this address");
    assert_eq!(geo.country(ip("2001:4860:4860::8888")), Country::parse("US"), "nor this family");
}

#[test]
fn what_is_no_such_database_is_refused_with_the_reason() {
    for bytes in [Vec::new(), b"8.8.8.8,US\n".to_vec(), vec![0; 4096]] {
        let why = OwnDatabase::read(bytes).unwrap_err();
        assert!(matches!(why, NotADatabase::Unreadable(_)) && why.to_string().contains(".mmdb"), "{why}");
    }
    let of_domains = database("GeoIP2-Domain", &[(NET, 24, json!({ "domain": "example.net" }))]);
    let why = OwnDatabase::read(of_domains).unwrap_err();
    assert!(why.to_string().contains("GeoIP2-Domain"), "{why}");
    let empty = database("Country", &[]);
    assert!(OwnDatabase::read(empty).is_err(), "it says nothing of any address");
}

#[test]
fn no_damaged_bit_makes_it_panic() {
    let record = json!({ "country": { "iso_code": "TW" }, "autonomous_system_number": 64_500 });
    let sound = database("Both", &[(NET, 24, record.clone()), (Ipv4Addr::new(198, 51, 100, 0), 25, record)]);
    let mut usable = 0;
    for bit in 0..sound.len() * 8 {
        let mut bytes = sound.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        // Whether it is refused or answers, with what it likes.
        let Ok(own) = OwnDatabase::read(bytes) else { continue };
        usable += 1;
        let geo = Geo::with(own);
        for address in ["203.0.113.9", "198.51.100.9", "8.8.8.8", "0.0.0.0", "255.255.255.255", "2001:db8::1"]
        {
            let _ = (geo.country(ip(address)), geo.network(ip(address)), geo.asn(ip(address)));
        }
    }
    assert!(usable > 0, "most bits matter to one record only");
    for length in 0..sound.len() {
        let _ = OwnDatabase::read(sound[..length].to_vec());
    }
}
