use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use proptest::prelude::*;
use proxydeck_geo::ranges::{Countries, Networks, NotRanges};
use proxydeck_geo::write::{self, Range};
use proxydeck_geo::{Country, OwnDatabase};

/// A small file of each kind, with several blocks, made once for all cases.
static FILES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(files);

fn files() -> [Vec<u8>; 2] {
    let v4 = |at: u32| IpAddr::V4(Ipv4Addr::from_bits(at * 3000));
    let v6 = |at: u32| IpAddr::V6(Ipv6Addr::from_bits(u128::from(at) << 90));
    let ranges: Vec<Range<u32>> = (1..300_u32)
        .flat_map(|at| {
            [
                Range { first: v4(at), last: v4(at), value: at % 40 },
                Range { first: v6(at), last: v6(at), value: at % 50 },
            ]
        })
        .collect();
    let names: BTreeMap<u32, String> = (0..50).map(|asn| (asn, format!("Network number {asn}"))).collect();
    let country = |value: u32| Country::from_number(u16::try_from(value).unwrap()).unwrap();
    let countries: Vec<Range<Country>> =
        ranges.iter().map(|r| Range { first: r.first, last: r.last, value: country(r.value) }).collect();
    [write::countries(&countries), write::networks(&ranges, &names)]
}

/// Asks everything of bytes that may be anything; a panic is what fails the test.
fn ask(bytes: &[u8], addresses: &[IpAddr]) {
    for address in addresses {
        if let Ok(countries) = Countries::read(bytes) {
            let _ = countries.country(*address);
        }
        if let Ok(networks) = Networks::read(bytes) {
            let _ = networks.network(*address);
            let _ = networks.asn(*address);
        }
    }
}

fn addresses() -> impl Strategy<Value = Vec<IpAddr>> {
    let v4 =
        prop_oneof![any::<u32>(), 0..1_000_000_u32].prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)));
    let v6 = any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)));
    proptest::collection::vec(prop_oneof![v4, v6], 1..20)
}

proptest! {
    #[test]
    fn damaged_files_never_panic(
        which in 0..2_usize,
        hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        addresses in addresses(),
    ) {
        let mut bytes = FILES[which].clone();
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        ask(&bytes, &addresses);
    }

    #[test]
    fn bytes_behind_a_sound_beginning_never_panic(
        which in 0..2_usize,
        parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 6),
        addresses in addresses(),
    ) {
        let mut bytes = FILES[which][..8].to_vec();
        for part in &parts {
            bytes.extend(u32::try_from(part.len()).unwrap().to_le_bytes());
        }
        bytes.extend(parts.concat());
        ask(&bytes, &addresses);
    }

    #[test]
    fn any_bytes_as_a_database_of_the_users_own_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut with_end = bytes.clone();
        with_end.extend(b"\xab\xcd\xefMaxMind.com");
        with_end.extend(&bytes);
        let _ = OwnDatabase::read(bytes);
        let _ = OwnDatabase::read(with_end);
    }
}

#[test]
fn a_file_that_is_cut_off_is_refused() {
    let [countries, networks] = &*FILES;
    assert!(Countries::read(countries).is_ok() && Networks::read(networks).is_ok(), "they are sound");
    for cut in [0, 7, 8, 20, 32, countries.len() - 1] {
        let why = if cut < 8 { NotRanges::Magic } else { NotRanges::Lengths };
        assert_eq!(Countries::read(&countries[..cut]).unwrap_err(), why, "cut after {cut} bytes");
    }
    let longer = [countries.as_slice(), b"x"].concat();
    assert_eq!(Countries::read(&longer).unwrap_err(), NotRanges::Lengths, "something follows");
    assert_eq!(Countries::read(networks).unwrap_err(), NotRanges::Magic, "it is the other kind");
}
