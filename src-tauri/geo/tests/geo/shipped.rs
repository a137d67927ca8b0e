use std::net::IpAddr;

use proxydeck_geo::ranges::{Countries, Networks};
use proxydeck_geo::{COUNTRIES, Country, Geo, NETWORKS, is_content_network};

/// The most that both files may have together: they are part of the program and of the repository.
const MOST_BYTES: usize = 8 * 1024 * 1024;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn both_files_can_be_read_and_are_small() {
    Countries::read(COUNTRIES).unwrap();
    Networks::read(NETWORKS).unwrap();
    assert!(COUNTRIES.len() + NETWORKS.len() < MOST_BYTES);
}

/// Addresses that have been where they are for decades.
#[test]
fn known_addresses_are_where_they_are() {
    let geo = Geo::default();
    for (address, code, asn, organisation) in [
        ("8.8.8.8", "US", 15_169, "Google"),
        ("168.95.1.1", "TW", 3462, "Chunghwa"),
        ("193.0.6.139", "NL", 3333, "RIPE"),
        ("133.11.0.1", "JP", 2501, "University of Tokyo"),
        ("2001:4860:4860::8888", "US", 15_169, "Google"),
        ("2001:67c:2e8:22::c100:68b", "NL", 3333, "RIPE"),
        ("2001:b000:168::1", "TW", 3462, "Chunghwa"),
    ] {
        let address = ip(address);
        assert_eq!(geo.country(address), Country::parse(code), "{address}");
        assert_eq!(geo.asn(address), Some(asn), "{address}");
        let network = geo.network(address).unwrap();
        assert_eq!(network.asn, asn, "{address}");
        let name = network.organisation.unwrap_or_default();
        assert!(name.to_lowercase().contains(&organisation.to_lowercase()), "{address}: {name:?}");
    }
    assert_eq!(geo.country(ip("::ffff:168.95.1.1")), Country::parse("TW"), "a mapped address");
    assert_eq!(geo.asn(ip("::ffff:168.95.1.1")), Some(3462), "a mapped address");
}

#[test]
fn addresses_that_are_not_public_lie_nowhere() {
    let geo = Geo::default();
    for address in [
        "0.0.0.0",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.1.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.2.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "fe80::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
    ] {
        let address = ip(address);
        assert_eq!((geo.country(address), geo.network(address)), (None, None), "{address}");
    }
}

#[test]
fn edges_of_content_networks_are_told_from_machines() {
    let geo = Geo::default();
    let is_edge = |address: &str| geo.asn(ip(address)).is_some_and(is_content_network);
    for edge in ["104.16.0.1", "172.67.0.1", "151.101.1.1", "2606:4700::1111"] {
        assert!(is_edge(edge), "{edge}");
    }
    for machine in ["8.8.8.8", "168.95.1.1", "193.0.6.139"] {
        assert!(!is_edge(machine), "{machine}");
    }
}
