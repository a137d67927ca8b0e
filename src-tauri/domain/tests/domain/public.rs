//! Which addresses may be dialled without the user's leave, held against the IANA special-purpose registries
//! (<https://www.iana.org/assignments/iana-ipv4-special-registry>, its sibling for IPv6, and the multicast space).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use proxydeck_domain::is_public;

/// Blocks with both of their ends, and whether the registry calls them globally reachable.
const BLOCKS: [(&str, &str, bool, &str); 44] = [
    ("0.0.0.0", "0.255.255.255", false, "this network, RFC 791"),
    ("10.0.0.0", "10.255.255.255", false, "private use, RFC 1918"),
    ("100.64.0.0", "100.127.255.255", false, "shared address space, RFC 6598"),
    ("127.0.0.0", "127.255.255.255", false, "loopback, RFC 1122"),
    ("169.254.0.0", "169.254.255.255", false, "link local, RFC 3927"),
    ("172.16.0.0", "172.31.255.255", false, "private use, RFC 1918"),
    ("192.0.0.0", "192.0.0.8", false, "IETF protocol assignments, RFC 6890"),
    ("192.0.0.9", "192.0.0.10", true, "PCP and TURN anycast, RFC 7723 and RFC 8155"),
    ("192.0.0.11", "192.0.0.255", false, "IETF protocol assignments, RFC 6890"),
    ("192.0.2.0", "192.0.2.255", false, "documentation, RFC 5737"),
    ("192.31.196.0", "192.31.196.255", true, "AS112, RFC 7535"),
    ("192.52.193.0", "192.52.193.255", true, "AMT, RFC 7450"),
    ("192.88.99.0", "192.88.99.255", false, "6to4 relay anycast, deprecated by RFC 7526"),
    ("192.168.0.0", "192.168.255.255", false, "private use, RFC 1918"),
    ("192.175.48.0", "192.175.48.255", true, "AS112, RFC 7534"),
    ("198.18.0.0", "198.19.255.255", false, "benchmarking, RFC 2544"),
    ("198.51.100.0", "198.51.100.255", false, "documentation, RFC 5737"),
    ("203.0.113.0", "203.0.113.255", false, "documentation, RFC 5737"),
    ("224.0.0.0", "239.255.255.255", false, "multicast, RFC 5771"),
    ("240.0.0.0", "255.255.255.255", false, "reserved and broadcast, RFC 1112 and RFC 919"),
    ("::", "::", false, "unspecified, RFC 4291"),
    ("::1", "::1", false, "loopback, RFC 4291"),
    ("::ffff:10.0.0.0", "::ffff:10.255.255.255", false, "mapped private use"),
    ("::ffff:9.9.9.9", "::ffff:9.9.9.9", true, "a mapped public address is the IPv4 address"),
    ("64:ff9b::9.9.9.9", "64:ff9b::9.9.9.9", true, "translated to a public address, RFC 6052"),
    ("64:ff9b::10.0.0.1", "64:ff9b::10.0.0.1", false, "translated to a private address"),
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", false, "local translation, RFC 8215"),
    ("100::", "100::ffff:ffff:ffff:ffff", false, "discard only, RFC 6666"),
    ("100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", false, "dummy prefix, RFC 9780"),
    ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", false, "Teredo, RFC 4380"),
    ("2001:1::1", "2001:1::3", true, "PCP, TURN and DNS-SD anycast"),
    ("2001:1::4", "2001:1:ffff:ffff:ffff:ffff:ffff:ffff", false, "IETF protocol assignments, RFC 2928"),
    ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", false, "benchmarking, RFC 5180"),
    ("2001:3::", "2001:3:ffff:ffff:ffff:ffff:ffff:ffff", true, "AMT, RFC 7450"),
    ("2001:4:112::", "2001:4:112:ffff:ffff:ffff:ffff:ffff", true, "AS112, RFC 7535"),
    ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", false, "the first ORCHID, RFC 4843"),
    (
        "2001:20::",
        "2001:3f:ffff:ffff:ffff:ffff:ffff:ffff",
        true,
        "ORCHIDv2 and drones, RFC 7343 and RFC 9374",
    ),
    ("2001:40::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", false, "IETF protocol assignments, RFC 2928"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", false, "documentation, RFC 3849"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, "6to4, RFC 3056"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", false, "documentation, RFC 9637"),
    ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, "segment routing, RFC 9602"),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, "unique local, RFC 4193"),
    ("fe80::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, "link local, site local and multicast"),
];

#[test]
fn every_block_of_the_registries_is_told_at_both_ends() {
    for (first, last, public, block) in BLOCKS {
        for address in [first, last] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}: {block}");
        }
    }
}

#[test]
fn the_neighbours_of_special_blocks_are_public() {
    for address in [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2000::",
        "2001:200::",
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::",
        "2003::",
        "2606:4700:4700::1111",
        "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff:1000::",
        "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ] {
        assert!(is_public(address.parse().unwrap()), "{address} is ordinary unicast");
    }
}

proptest! {
    #[test]
    fn a_mapped_address_is_judged_as_the_ipv4_address_that_it_is(octets: [u8; 4]) {
        let v4 = Ipv4Addr::from(octets);
        prop_assert_eq!(is_public(IpAddr::V6(v4.to_ipv6_mapped())), is_public(IpAddr::V4(v4)));
    }

    #[test]
    fn nothing_outside_of_global_unicast_is_public_but_translated_ipv4(groups: [u16; 8]) {
        let v6 = Ipv6Addr::from(groups);
        let global = groups[0] >> 13 == 1;
        let translated = groups[..6] == [0x64, 0xff9b, 0, 0, 0, 0] || v6.to_ipv4_mapped().is_some();
        prop_assert!(global || translated || !is_public(IpAddr::V6(v6)), "{v6} lies outside of 2000::/3");
    }
}
