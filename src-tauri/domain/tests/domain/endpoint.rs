//! Where to dial: what is read, what is refused and why, and that there is one text for each endpoint.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use proxydeck_domain::{Endpoint, EndpointError, Host};

fn read(text: &str) -> Result<String, EndpointError> {
    text.parse::<Endpoint>().map(|endpoint| endpoint.to_string())
}

#[test]
fn every_spelling_becomes_the_canonical_text() {
    for (spelling, canonical) in [
        ("192.0.2.1:8080", "192.0.2.1:8080"),
        ("0.0.0.0:1", "0.0.0.0:1"),
        ("255.255.255.255:65535", "255.255.255.255:65535"),
        // RFC 5952: lower case, no leading zeros, the longest run of zeros shortened, a single group never.
        ("[2001:DB8:0:0:0:0:0:1]:80", "[2001:db8::1]:80"),
        ("[2001:0db8:0000:0000:0000:0000:0000:0001]:80", "[2001:db8::1]:80"),
        ("[2001:db8:0:1:1:1:1:1]:80", "[2001:db8:0:1:1:1:1:1]:80"),
        ("[2001:db8::1:1:1:1:1]:80", "[2001:db8:0:1:1:1:1:1]:80"),
        ("[2001:0:0:1:0:0:0:1]:80", "[2001:0:0:1::1]:80"),
        ("[2001:db8:0:0:1:0:0:1]:80", "[2001:db8::1:0:0:1]:80"),
        ("[::]:80", "[::]:80"),
        ("[::1]:80", "[::1]:80"),
        // An IPv4-mapped address is the IPv4 address, however it is written.
        ("[::ffff:192.0.2.1]:80", "192.0.2.1:80"),
        ("[::FFFF:c000:201]:80", "192.0.2.1:80"),
        ("[0:0:0:0:0:ffff:192.0.2.1]:80", "192.0.2.1:80"),
        // Names: lower case, punycode, no dot at the end.
        ("Proxy.Example.COM:3128", "proxy.example.com:3128"),
        ("proxy.example.com.:3128", "proxy.example.com:3128"),
        ("my_proxy-1.example.com:3128", "my_proxy-1.example.com:3128"),
        ("代理.台灣:80", "xn--mnq481g.xn--kpry57d:80"),
        ("BÜCHER.example:80", "xn--bcher-kva.example:80"),
        ("xn--bcher-kva.example:80", "xn--bcher-kva.example:80"),
        ("例。example:80", "xn--fsq.example:80"),
        ("1.2.3.4.example:80", "1.2.3.4.example:80"),
        ("0x7f.example:80", "0x7f.example:80"),
    ] {
        assert_eq!(read(spelling).as_deref(), Ok(canonical), "the canonical text of {spelling}");
    }
}

#[test]
fn what_is_no_endpoint_is_refused_with_its_reason() {
    use EndpointError::{BadAddress, BadName, BadPort, LeadingZero, SingleLabel, Syntax, ZoneId};
    let long_label = format!("{}.example:80", "a".repeat(64));
    let long_name = format!("{}example:80", "abc.".repeat(62));
    for (text, error) in [
        ("", Syntax),
        ("192.0.2.1", Syntax),
        (":80", Syntax),
        ("2001:db8::1:80", Syntax),
        ("[2001:db8::1:80", Syntax),
        ("[2001:db8::1]80", Syntax),
        ("192.0.2.1:0", BadPort),
        ("192.0.2.1:65536", BadPort),
        ("192.0.2.1:99999", BadPort),
        ("192.0.2.1:4294967376", BadPort),
        ("192.0.2.1:", BadPort),
        ("192.0.2.1:+80", BadPort),
        ("192.0.2.1:-80", BadPort),
        ("192.0.2.1: 80", BadPort),
        ("192.0.2.1:80 ", BadPort),
        ("192.0.2.1:٨٠", BadPort),
        ("192.0.2.1:080", LeadingZero),
        ("192.0.2.1:00", LeadingZero),
        ("192.0.02.1:80", LeadingZero),
        ("010.0.2.1:80", LeadingZero),
        ("00.0.2.1:80", LeadingZero),
        ("192.0.2.256:80", BadAddress),
        ("192.0.2.1000:80", BadAddress),
        ("192.0.2:80", BadAddress),
        ("192.0.2.1.1:80", BadAddress),
        ("192.0.2.1.:80", BadAddress),
        ("192..2.1:80", BadAddress),
        ("3221225985:80", BadAddress),
        ("[192.0.2.1]:80", BadAddress),
        ("[]:80", BadAddress),
        ("[2001:db8]:80", BadAddress),
        ("[2001:db8::1::2]:80", BadAddress),
        ("[2001:db8::12345]:80", BadAddress),
        ("[::ffff:192.0.2.256]:80", BadAddress),
        // What a resolver of the old school would take for an address, and what was meant as one.
        ("0x7f.0x1:80", BadAddress),
        ("proxy.0x7F000001:80", BadAddress),
        ("proxy.0x:80", BadAddress),
        ("proxy.example.123:80", BadAddress),
        ("１９２.0.2.999:80", BadAddress),
        ("[fe80::1%eth0]:80", ZoneId),
        ("[fe80::1%25eth0]:80", ZoneId),
        ("localhost:80", SingleLabel),
        ("proxy:80", SingleLabel),
        ("proxy.:80", SingleLabel),
        ("代理:80", SingleLabel),
        ("proxy..example:80", BadName),
        (".example.com:80", BadName),
        ("proxy.example..:80", BadName),
        (".:80", BadAddress),
        ("-proxy.example:80", BadName),
        ("proxy-.example:80", BadName),
        ("pro xy.example:80", BadName),
        ("proxy.exam/ple:80", BadName),
        ("user@proxy.example:80", BadName),
        ("proxy.example\0:80", BadName),
        ("pro\u{200b}xy!.example:80", BadName),
        (&long_label, BadName),
        (&long_name, BadName),
    ] {
        assert_eq!(read(text), Err(error), "why {text:?} is refused");
    }
}

#[test]
fn the_longest_name_that_dns_carries_is_read() {
    let label = "a".repeat(63);
    let name = format!("{label}.{label}.{label}.{}", "b".repeat(61));
    assert_eq!(name.len(), 253, "the limit of RFC 1035 without the dot at the end");
    assert_eq!(read(&format!("{name}.:80")), Ok(format!("{name}:80")), "the dot at the end does not count");
    assert_eq!(read(&format!("{name}b:80")), Err(EndpointError::BadName), "one byte more is too long");
}

#[test]
fn a_host_is_read_without_a_port_and_ipv6_without_brackets() {
    let v6 = Host::V6(Ipv6Addr::LOCALHOST);
    assert_eq!(Host::parse("::1"), Ok(v6.clone()), "bare IPv6");
    assert_eq!(Host::parse("[::1]"), Ok(v6), "IPv6 in brackets");
    assert_eq!(Host::parse("::ffff:192.0.2.1"), Host::parse("192.0.2.1"), "mapped is IPv4");
    assert_eq!(Host::parse("fe80::1%1"), Err(EndpointError::ZoneId), "a zone means nothing elsewhere");
    assert_eq!(Host::parse("[::1"), Err(EndpointError::Syntax), "an open bracket");
}

#[test]
fn port_zero_cannot_be_built() {
    let host = Host::V4(Ipv4Addr::LOCALHOST);
    assert_eq!(Endpoint::new(host, 0), Err(EndpointError::BadPort), "nobody can dial port 0");
}

#[test]
fn only_what_cannot_be_public_is_held_back_before_resolving() {
    for (text, may) in
        [("127.0.0.1:80", false), ("[::1]:80", false), ("9.9.9.9:80", true), ("localhost.example:80", true)]
    {
        assert_eq!(text.parse::<Endpoint>().unwrap().may_be_public(), may, "{text}");
    }
}

/// A label of a name as DNS has it.
fn label() -> impl Strategy<Value = String> {
    "[a-z]([a-z0-9_-]{0,20}[a-z0-9])?"
}

fn host() -> impl Strategy<Value = Host> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(|octets| Host::V4(octets.into())),
        any::<[u16; 8]>().prop_map(|groups| Host::from(IpAddr::V6(groups.into()))),
        // Addresses with runs of zeros, where the shortening of RFC 5952 has work to do.
        prop::array::uniform8(prop_oneof![3 => Just(0_u16), 1 => any::<u16>()])
            .prop_map(|groups| Host::from(IpAddr::V6(groups.into()))),
        prop::collection::vec(label(), 2..5)
            .prop_map(|labels| labels.join("."))
            .prop_filter("idna may refuse what looks like punycode", |name| !name.contains("--"))
            .prop_map(|name| Host::parse(&name).unwrap()),
    ]
}

/// The same IPv6 address in one of the ways that people write it.
fn spelled(v6: Ipv6Addr, way: u8) -> String {
    let groups = v6.segments();
    match way % 4 {
        0 => v6.to_string(),
        1 => v6.to_string().to_uppercase(),
        2 => groups.map(|g| format!("{g:04x}")).join(":"),
        _ => {
            let [.., a, b, c, d] = v6.octets();
            let front = groups[..6].iter().map(|g| format!("{g:X}")).collect::<Vec<_>>().join(":");
            format!("{front}:{a}.{b}.{c}.{d}")
        }
    }
}

proptest! {
    #[test]
    fn printing_and_reading_are_inverse(host in host(), port in 1_u16..) {
        let endpoint = Endpoint::new(host.clone(), port).unwrap();
        prop_assert_eq!(endpoint.to_string().parse::<Endpoint>(), Ok(endpoint));
        prop_assert_eq!(Host::parse(&host.to_string()), Ok(host));
    }

    #[test]
    fn reading_what_was_read_changes_nothing(text in "\\PC{0,30}(\\.[a-zA-Z\u{4e00}-\u{4eff}ßÜİ]{1,6})?:[0-9]{1,5}") {
        if let Ok(endpoint) = text.parse::<Endpoint>() {
            let canonical = endpoint.to_string();
            prop_assert!(canonical.is_ascii(), "{canonical:?} is not in punycode");
            prop_assert_eq!(&canonical, &canonical.to_ascii_lowercase());
            prop_assert_eq!(canonical.parse::<Endpoint>(), Ok(endpoint));
        }
    }

    #[test]
    fn every_spelling_of_an_ipv6_address_is_one_endpoint(groups: [u16; 8], way: u8, port in 1_u16..) {
        let v6 = Ipv6Addr::from(groups);
        let expected = Endpoint::new(Host::from(IpAddr::V6(v6)), port).unwrap();
        prop_assert_eq!(format!("[{}]:{port}", spelled(v6, way)).parse(), Ok(expected));
    }

    #[test]
    fn any_text_is_read_or_refused(text: String, bytes: Vec<u8>) {
        // The assertion is that neither of these panics, whatever the bytes are.
        for text in [&*text, &*String::from_utf8_lossy(&bytes)] {
            let _ = text.parse::<Endpoint>();
            let _ = Host::parse(text);
            let _ = Endpoint::parse_port(text);
        }
    }

    #[test]
    fn text_that_almost_is_an_endpoint_is_read_or_refused(text in "[\\[\\]:.%0-9a-fx_\u{e9}-]{0,40}") {
        if let Ok(endpoint) = text.parse::<Endpoint>() {
            prop_assert_eq!(endpoint.to_string().parse::<Endpoint>(), Ok(endpoint));
        }
    }

    #[test]
    fn a_port_is_read_exactly_when_it_is_its_own_text(port: u32) {
        let port = port % 70_000;
        let expected = u16::try_from(port).ok().filter(|port| *port > 0);
        prop_assert_eq!(Endpoint::parse_port(&port.to_string()).ok(), expected);
    }

    #[test]
    fn json_carries_the_canonical_text(host in host(), port in 1_u16..) {
        let endpoint = Endpoint::new(host, port).unwrap();
        let json = serde_json::to_string(&endpoint).unwrap();
        prop_assert_eq!(&json, &format!("\"{endpoint}\""));
        prop_assert_eq!(serde_json::from_str::<Endpoint>(&json).unwrap(), endpoint);
    }
}
