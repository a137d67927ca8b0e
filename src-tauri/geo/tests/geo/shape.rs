use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use proxydeck_geo::ranges::{Countries, Networks};
use proxydeck_geo::write::{self, Range};
use proxydeck_geo::{Country, Network};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

fn range<T>(first: &str, last: &str, value: T) -> Range<T> {
    Range { first: ip(first), last: ip(last), value }
}

#[test]
fn a_range_has_its_first_address_and_its_last_and_none_beside_them() {
    let file = write::countries(&[
        range("198.51.100.0", "198.51.100.255", country("TW")),
        range("198.51.101.7", "198.51.101.7", country("JP")),
        range("2001:db8::", "2001:db8:0:ffff:ffff:ffff:ffff:ffff", country("DE")),
        range("2001:db8:1::1", "2001:db8:1::1", country("FR")),
    ]);
    let countries = Countries::read(&file).unwrap();
    for (address, code) in [
        ("198.51.99.255", None),
        ("198.51.100.0", Some("TW")),
        ("198.51.100.128", Some("TW")),
        ("198.51.100.255", Some("TW")),
        ("198.51.101.0", None),
        ("198.51.101.6", None),
        ("198.51.101.7", Some("JP")),
        ("198.51.101.8", None),
        ("0.0.0.0", None),
        ("255.255.255.255", None),
        ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", None),
        ("2001:db8::", Some("DE")),
        ("2001:db8:0:ffff:ffff:ffff:ffff:ffff", Some("DE")),
        ("2001:db8:1::", None),
        ("2001:db8:1::1", Some("FR")),
        ("2001:db8:1::2", None),
        ("::", None),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None),
    ] {
        assert_eq!(countries.country(ip(address)), code.map(country), "{address}");
    }
}

#[test]
fn a_mapped_address_is_the_one_of_version_4() {
    let file = write::countries(&[
        range("198.51.100.0", "198.51.100.255", country("TW")),
        range("::", "::ffff:ffff:ffff", country("DE")),
    ]);
    let countries = Countries::read(&file).unwrap();
    assert_eq!(countries.country(ip("::ffff:198.51.100.9")), Some(country("TW")));
    assert_eq!(countries.country(ip("::198.51.100.9")), Some(country("DE")), "this one is not mapped");
}

#[test]
fn ranges_may_reach_both_ends_of_their_family() {
    let file = write::networks(
        &[
            range("0.0.0.0", "127.255.255.255", 64_500),
            range("128.0.0.0", "255.255.255.255", 64_501),
            range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", u32::MAX),
        ],
        &BTreeMap::new(),
    );
    let networks = Networks::read(&file).unwrap();
    for (address, asn) in [
        ("0.0.0.0", 64_500),
        ("127.255.255.255", 64_500),
        ("128.0.0.0", 64_501),
        ("255.255.255.255", 64_501),
        ("::", u32::MAX),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", u32::MAX),
    ] {
        assert_eq!(networks.asn(ip(address)), Some(asn), "{address}");
    }
}

#[test]
fn of_ranges_that_overlap_the_earlier_has_the_addresses() {
    let file = write::countries(&[
        range("198.51.100.0", "198.51.100.99", country("TW")),
        range("198.51.100.50", "198.51.100.149", country("JP")),
        range("198.51.100.60", "198.51.100.70", country("FR")),
    ]);
    let countries = Countries::read(&file).unwrap();
    for (last, code) in [
        (50, Some("TW")),
        (65, Some("TW")),
        (99, Some("TW")),
        (100, Some("JP")),
        (149, Some("JP")),
        (150, None),
    ] {
        let address = IpAddr::V4(Ipv4Addr::new(198, 51, 100, last));
        assert_eq!(countries.country(address), code.map(country), "{address}");
    }
}

#[test]
fn every_network_keeps_its_own_name() {
    let names: BTreeMap<u32, String> = (1..200_u32)
        .filter(|asn| asn % 7 != 0)
        // Some share a name, some a beginning, and a beginning may end within a letter of several bytes.
        .map(|asn| (asn, format!("組織{} Örganisation {}", if asn % 2 == 0 { "é" } else { "è" }, asn / 3)))
        .collect();
    let ranges: Vec<Range<u32>> = (1..200_u32)
        .map(|asn| {
            let address = IpAddr::V4(Ipv4Addr::from_bits(asn << 8));
            Range { first: address, last: address, value: asn }
        })
        .collect();
    let file = write::networks(&ranges, &names);
    let networks = Networks::read(&file).unwrap();
    for range in &ranges {
        let expected = Network { asn: range.value, organisation: names.get(&range.value).cloned() };
        assert_eq!(networks.network(range.first), Some(expected));
        assert_eq!(networks.asn(range.first), Some(range.value));
    }
}

/// Ranges of both families, close enough to each other to overlap at times, and more than fit into one block.
fn ranges() -> impl Strategy<Value = Vec<Range<u32>>> {
    let v4 = (any::<u16>(), 0..300_u32, 1..9_u32).prop_map(|(first, length, value)| {
        let first = u32::from(first) << 8 | 0xc000_0000;
        let ip = |bits| IpAddr::V4(Ipv4Addr::from_bits(bits));
        Range { first: ip(first), last: ip(first + length), value }
    });
    let v6 = (any::<u8>(), any::<u128>(), 0..100_u32, 1..9_u32).prop_map(|(head, low, shift, value)| {
        let first = u128::from(head) << 120 | low >> 20;
        let ip = |bits| IpAddr::V6(Ipv6Addr::from_bits(bits));
        Range { first: ip(first), last: ip(first.saturating_add(1 << shift)), value }
    });
    proptest::collection::vec(prop_oneof![v4, v6], 0..400)
}

proptest! {
    #[test]
    fn what_is_written_is_found_again(ranges in ranges()) {
        let file = write::networks(&ranges, &BTreeMap::new());
        let networks = Networks::read(&file).unwrap();
        let mut sorted = ranges.clone();
        sorted.sort_by_key(|range| range.first);
        // What the ranges say, told without any cleverness.
        let truth = |address: IpAddr| {
            let mut free = None::<IpAddr>;
            sorted.iter().filter(|r| r.first.is_ipv4() == address.is_ipv4()).find_map(|range| {
                let from = free.map_or(range.first, |free| free.max(range.first));
                let holds = from <= address && address <= range.last && free.is_none_or(|free| address > free);
                free = Some(free.map_or(range.last, |free| free.max(range.last)));
                holds.then_some(range.value)
            })
        };
        for range in &ranges {
            for address in [range.first, range.last, before(range.first), after(range.last)] {
                if let IpAddr::V6(v6) = address && v6.to_ipv4_mapped().is_some() {
                    continue;
                }
                prop_assert_eq!(networks.asn(address), truth(address), "{}", address);
            }
        }
    }
}

fn before(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits().saturating_sub(1))),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits().saturating_sub(1))),
    }
}

fn after(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits().saturating_add(1))),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits().saturating_add(1))),
    }
}
