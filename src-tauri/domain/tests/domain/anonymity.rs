//! How much a proxy gives away, by address and by header, against what the judge receives directly.

use std::net::IpAddr;

use proptest::prelude::*;
use proxydeck_domain::{Anonymity, Baseline, Basis, Finding, Received, is_revealing, judge_anonymity};

/// Our own addresses in these tests.
const OWN: [&str; 2] = ["192.0.2.7", "2001:db8::7"];
const EXIT: &str = "198.51.100.9";
/// What we send, to a judge on this very machine.
const SENT: [(&str, &str); 2] = [("Host", "192.0.2.7:8080"), ("User-Agent", "Proxydeck from 192.0.2.7")];

type Fields<'a> = &'a [(&'a str, &'a str)];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn owned(fields: Fields<'_>) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// What a judge makes of an exchange.
struct Exchange<'a> {
    remote: Option<&'a str>,
    headers: Fields<'a>,
    baseline: Fields<'a>,
    hides_headers: bool,
    basis: Basis,
}

impl Default for Exchange<'_> {
    fn default() -> Self {
        Self { remote: Some(EXIT), headers: &[], baseline: &[], hides_headers: false, basis: Basis::Headers }
    }
}

impl Exchange<'_> {
    fn finding_as(&self, own: &[IpAddr]) -> Finding {
        let headers = owned(self.headers);
        let received =
            Received { remote: self.remote.map(ip), headers: &headers, hides_headers: self.hides_headers };
        let baseline = Baseline { headers: owned(self.baseline) };
        judge_anonymity(own, &SENT, received, &baseline, self.basis)
    }

    fn finding(&self) -> Finding {
        self.finding_as(&OWN.map(ip))
    }
}

fn told(anonymity: Anonymity, giveaway: Option<&str>) -> Finding {
    Finding { anonymity, giveaway: giveaway.map(str::to_owned), basis: Basis::Headers }
}

#[test]
fn our_own_address_anywhere_makes_it_transparent() {
    for value in [
        "192.0.2.7",
        "192.0.2.7:51234",
        "10.0.0.1, 192.0.2.7",
        "192.0.2.7,10.0.0.1",
        "10.0.0.1,192.0.2.7,10.0.0.2",
        "for=192.0.2.7;proto=http",
        "for=\"192.0.2.7:51234\"",
        "by=10.0.0.1;for=192.0.2.7",
        "[192.0.2.7]",
        "<192.0.2.7>",
        "client 192.0.2.7.",
        "::ffff:192.0.2.7",
        "[::ffff:192.0.2.7]:80",
        "::FFFF:C000:207",
        "0:0:0:0:0:ffff:c000:0207",
        "1.1.1.1 (squid) 192.0.2.7",
        "2001:db8::7",
        "2001:DB8::7",
        "2001:0db8:0000:0000:0000:0000:0000:0007",
        "2001:db8:0:0:0:0:0.0.0.7",
        "[2001:db8::7]",
        "[2001:db8::7]:443",
        "for=\"[2001:db8::7]:4711\"",
        "for=2001:db8::7;proto=http",
        "10.0.0.1, 2001:db8::7",
        "from 2001:db8::7.",
        "peer:2001:db8::7: seen",
        "2001:db8::7%eth0",
    ] {
        let finding = Exchange { headers: &[("X-Anything", value)], ..Exchange::default() }.finding();
        assert_eq!(finding, told(Anonymity::Transparent, Some("X-Anything")), "{value:?} holds our address");
    }
}

#[test]
fn an_address_that_only_resembles_ours_is_not_ours() {
    for value in [
        "192.0.2.70",
        "192.0.2.71:80",
        "1192.0.2.7",
        "192.0.2.7.1",
        "1.192.0.2.7",
        "192.0.27",
        "::ffff:192.0.2.8",
        "2001:db8::70",
        "2001:db8::7:1",
        "a2001:db8::7",
        "2001:db8:7::",
        "::7",
    ] {
        let finding = Exchange { headers: &[("X-Anything", value)], ..Exchange::default() }.finding();
        assert_eq!(finding, told(Anonymity::Elite, None), "{value:?} is somebody else's");
    }
}

#[test]
fn an_exit_that_is_ours_is_transparent_whatever_the_headers_say() {
    for own in OWN {
        for basis in [Basis::Headers, Basis::Tunnel] {
            let exchange = Exchange {
                remote: Some(own),
                headers: &[("Via", "1.1 squid"), ("X-Forwarded-For", "192.0.2.7")],
                basis,
                ..Exchange::default()
            };
            let expected =
                Finding { anonymity: Anonymity::Transparent, giveaway: Some("exit".to_owned()), basis };
            assert_eq!(exchange.finding(), expected, "the judge saw {own}");
        }
    }
}

#[test]
fn our_own_words_coming_back_give_nothing_away() {
    for (name, value) in [
        ("Host", "192.0.2.7:8080"),
        ("host", "192.0.2.7:8080"),
        ("User-Agent", "Proxydeck from 192.0.2.7"),
        // A front of the judge repeats under which name it was asked.
        ("X-Original-Host", "192.0.2.7:8080"),
    ] {
        let finding = Exchange { headers: &[(name, value)], ..Exchange::default() }.finding();
        assert_eq!(finding, told(Anonymity::Elite, None), "{name}: {value} is what we sent");
    }
    let changed = Exchange { headers: &[("User-Agent", "192.0.2.7")], ..Exchange::default() }.finding();
    assert_eq!(changed.anonymity, Anonymity::Transparent, "under our name, but not our words");
}

#[test]
fn each_revealing_header_alone_makes_it_anonymous() {
    for name in [
        "Via",
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Anything",
        "Forwarded-For",
        "X-Real-IP",
        "Client-IP",
        "X-Client-IP",
        "True-Client-IP",
        "X-Cluster-Client-IP",
        "CF-Connecting-IP",
        "Proxy-Connection",
        "Proxy-Authorization",
        "X-Proxy-ID",
        "X-ProxyUser-Ip",
        "XROXY-Connection",
        "Mt-Proxy-ID",
        "X-BlueCoat-Via",
        "X-IMForwards",
        "Z-Forwarded-For",
        "x-forwarded-FOR",
    ] {
        assert!(is_revealing(name), "{name} is what proxies add");
        let finding = Exchange { headers: &[(name, "unknown")], ..Exchange::default() }.finding();
        assert_eq!(finding, told(Anonymity::Anonymous, Some(name)), "{name} gives the proxy away");
    }
}

#[test]
fn ordinary_headers_give_nothing_away() {
    let headers = [
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        ("Cache-Control", "max-age=0"),
        ("X-Amzn-Trace-Id", "Root=1-5"),
        ("Viavia", "1"),
        ("X-Via", ""),
    ];
    let finding = Exchange { headers: &headers[..6], ..Exchange::default() }.finding();
    assert_eq!(finding, told(Anonymity::Elite, None));
    let finding = Exchange { headers: &headers, ..Exchange::default() }.finding();
    assert_eq!(finding, told(Anonymity::Anonymous, Some("X-Via")), "an empty one is one all the same");
}

#[test]
fn what_the_front_of_the_judge_adds_is_not_the_proxys() {
    let baseline: Fields<'_> = &[
        ("X-Forwarded-For", "192.0.2.7"),
        ("X-Forwarded-Port", "80"),
        ("Forwarded", "for=192.0.2.7;proto=http"),
        ("Via", "1.1 front"),
    ];
    for (headers, expected, why) in [
        (
            &[
                ("X-Forwarded-For", EXIT),
                ("X-Forwarded-Port", "80"),
                ("Forwarded", "for=198.51.100.9;proto=http"),
                ("Via", "1.1 front"),
            ][..],
            told(Anonymity::Elite, None),
            "the same fields with the exit where we stood",
        ),
        (&[][..], told(Anonymity::Elite, None), "fields that are missing give nothing away"),
        (
            &[("Via", "1.0 proxy, 1.1 front")][..],
            told(Anonymity::Anonymous, Some("Via")),
            "a value that differs otherwise",
        ),
        (
            &[("X-Forwarded-For", "unknown, 198.51.100.9")][..],
            told(Anonymity::Anonymous, Some("X-Forwarded-For")),
            "one more address than the front adds",
        ),
        (
            &[("X-Forwarded-For", "192.0.2.7, 198.51.100.9")][..],
            told(Anonymity::Transparent, Some("X-Forwarded-For")),
            "ours among them",
        ),
        (
            &[("X-Forwarded-For", EXIT), ("X-Proxy-Id", "7")][..],
            told(Anonymity::Anonymous, Some("X-Proxy-Id")),
            "a field that the front does not add",
        ),
    ] {
        assert_eq!(Exchange { headers, baseline, ..Exchange::default() }.finding(), expected, "{why}");
    }
}

#[test]
fn a_judge_that_hides_headers_may_prove_transparent_but_never_elite() {
    let hiding = Exchange { hides_headers: true, ..Exchange::default() };
    assert_eq!(hiding.finding(), told(Anonymity::Unknown, None), "no header seen proves nothing");
    let ours = Exchange { headers: &[("Origin", "192.0.2.7")], ..hiding }.finding();
    assert_eq!(ours.anonymity, Anonymity::Transparent, "but our address is our address");
    let exit = Exchange { remote: Some("192.0.2.7"), hides_headers: true, ..Exchange::default() }.finding();
    assert_eq!(exit, told(Anonymity::Transparent, Some("exit")));
}

#[test]
fn without_our_own_address_nothing_can_be_told() {
    let finding = Exchange { headers: &[("Via", "1.1 squid")], ..Exchange::default() }.finding_as(&[]);
    assert_eq!(finding, told(Anonymity::Unknown, None));
}

#[test]
fn without_an_exit_it_is_never_elite() {
    for basis in [Basis::Headers, Basis::Tunnel] {
        let finding = Exchange { remote: None, basis, ..Exchange::default() }.finding();
        assert_eq!(finding, Finding { anonymity: Anonymity::Unknown, giveaway: None, basis });
    }
}

#[test]
fn over_verified_tls_another_exit_than_ours_is_elite() {
    let expected = Finding { anonymity: Anonymity::Elite, giveaway: None, basis: Basis::Tunnel };
    let bare = Exchange { basis: Basis::Tunnel, hides_headers: true, ..Exchange::default() };
    assert_eq!(bare.finding(), expected, "a judge that shows no headers is enough");
    let via = Exchange { basis: Basis::Tunnel, headers: &[("Via", "1.1 front")], ..Exchange::default() };
    assert_eq!(via.finding(), expected, "nothing in between can have added a field");
}

proptest! {
    #[test]
    fn our_address_is_found_in_any_list_of_others(
        front in prop::collection::vec(any::<IpAddr>(), 0..4),
        back in prop::collection::vec(any::<IpAddr>(), 0..4),
        own: IpAddr,
        comma in prop::sample::select(vec![",", ", ", " ", ";", "\", \""]),
    ) {
        let own = own.to_canonical();
        let all: Vec<String> =
            front.iter().chain([&own]).chain(&back).map(ToString::to_string).collect();
        let value = all.join(comma);
        let headers = [("X", value.as_str())];
        let finding = Exchange { remote: None, headers: &headers, ..Exchange::default() }.finding_as(&[own]);
        prop_assert_eq!(finding.anonymity, Anonymity::Transparent);
    }

    #[test]
    fn addresses_of_others_are_never_ours(others in prop::collection::vec(any::<[u8; 4]>(), 0..6)) {
        let others: Vec<_> =
            others.into_iter().map(IpAddr::from).filter(|ip| ip.to_string() != OWN[0]).collect();
        let value = others.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let headers = [("X", value.as_str())];
        prop_assert_eq!(Exchange { headers: &headers, ..Exchange::default() }.finding().anonymity, Anonymity::Elite);
    }

    #[test]
    fn any_header_is_judged_without_a_panic(name: String, value: String, near in "[0-9a-f:.%\\[\\]é]{0,40}") {
        // The assertion is that nothing panics: names and values are strangers' bytes.
        for value in [&value, &near] {
            let headers = [(name.as_str(), value.as_str())];
            let _ = Exchange { headers: &headers, baseline: &headers, ..Exchange::default() }.finding();
        }
    }
}
