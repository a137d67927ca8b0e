//! What whole lists mean: tables, line ends, numbers of lines, holes, and what is no text at all.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]
#![allow(unreachable_pub, reason = "what tests share is a module, not an interface")]

mod common;

use common::{Collected, any_address, collect, proxies, refusals, written};
use proptest::collection::vec;
use proptest::prelude::*;
use proxydeck_domain::Protocol;
use proxydeck_reader::{
    MAX_JSON_LINE, MAX_LINE, MAX_REFUSAL_TEXT, Options, Reader, RefusalReason, protocol_in_name,
};

#[test]
fn every_refusal_has_its_line_whatever_ends_the_lines() {
    let lines = [
        "192.0.2.1:80",
        "",
        "# a comment",
        "192.0.02.1:80",
        "; another",
        "// a third",
        "words",
        "192.0.2.2:81",
    ];
    for end in ["\n", "\r\n", "\r"] {
        let list = lines.join(end);
        let (collected, totals) = collect(&list, &any_address());
        let numbers: Vec<_> = collected.candidates.iter().map(|c| c.line).collect();
        assert_eq!(numbers, [1, 8], "lines of what was accepted, ended by {end:?}");
        assert_eq!(refusals(&list), [(4, "leading_zero"), (7, "no_address")], "ended by {end:?}");
        assert_eq!(totals.lines, 8, "ended by {end:?}");
        assert_eq!((totals.candidates, totals.refusals), (2, 2), "the totals count what was told");
    }
}

#[test]
fn tables_are_read_by_their_header() {
    let table = [
        ("ip,port\n192.0.2.1,80", "192.0.2.1:80"),
        ("\u{feff}IP Address;Port;Username;Password\r\n192.0.2.1;80;u;p\r\n", "u:p@192.0.2.1:80"),
        (
            "type\thost\tport\tlogin\tpassword\nsocks5\tproxy.example.com\t1080\tu\tp",
            "socks5://u:p@proxy.example.com:1080",
        ),
        ("country,port,exit_ip,ip\nPE,80,192.0.2.9,192.0.2.1", "192.0.2.1:80"),
        ("host;ip;port\nwww.example.com;192.0.2.1;80", "192.0.2.1:80"),
        ("proxy,port,type\n192.0.2.1,80,SOCKS4", "socks4://192.0.2.1:80"),
        ("proxy,country\nhttp://u:p@192.0.2.1:80,PE", "http://u:p@192.0.2.1:80"),
        ("ip,port,isp\n192.0.2.1,80,\"Words, \"\"and\"\" more\"", "192.0.2.1:80"),
        ("isp,ip,port\n\"two\nlines\",192.0.2.1,80", "192.0.2.1:80"),
        ("ip,port,anonymity,google,https\n192.0.2.1,80,elite,no,yes", "http://192.0.2.1:80"),
        ("ip;port;http;ssl;socks4;socks5\n192.0.2.1;80;0;0;0;1", "socks5://192.0.2.1:80"),
        ("ip,port\n2001:db8::1,80", "[2001:db8::1]:80"),
        ("| IP | Port | Type |\n|----|:---:|------|\n| 192.0.2.1 | 80 | SOCKS5 |", "socks5://192.0.2.1:80"),
        ("Host;Puerto;Tipo\n192.0.2.1;80.0;HTTP", "http://192.0.2.1:80"),
        ("地址,端口,类型\n192.0.2.1,80,HTTP", "http://192.0.2.1:80"),
        ("ip,port\n192.0.2.1,80\nhost,port,type\n", "192.0.2.1:80"),
    ];
    for (list, expected) in table {
        assert_eq!(proxies(list), [expected], "{list:?}");
        assert_eq!(refusals(list), [], "{list:?}");
    }
}

#[test]
fn a_row_may_claim_several_protocols_and_ports() {
    let both = ["http://192.0.2.1:80", "https://192.0.2.1:80"];
    for cell in ["\"http,https\"", "HTTP/HTTPS", "HTTP(S)", "\"['http', 'https']\""] {
        assert_eq!(proxies(format!("ip,port,protocols\n192.0.2.1,80,{cell}")), both, "{cell}");
    }
    assert_eq!(
        proxies("ip;port_http;port_socks5\n192.0.2.1;80;1080"),
        ["http://192.0.2.1:80", "socks5://192.0.2.1:1080"]
    );
}

#[test]
fn what_is_wrong_in_a_table_is_told() {
    let list = "ip,port,protocol\nIP,Порт,\n192.0.02.1,80,http\n192.0.2.1,,http\n192.0.2.1,80,sock5\n192.0.2.1,80,vless\n7\n\
                # a comment\n\n192.0.2.1:81\n192.0.2.1,82,\n";
    assert_eq!(
        refusals(list),
        [
            (3, "leading_zero"),
            (4, "no_port"),
            (5, "unknown_protocol"),
            (6, "other_scheme"),
            (7, "no_address")
        ]
    );
    assert_eq!(proxies(list), ["192.0.2.1:81", "192.0.2.1:82"], "plain lines between rows are read too");
}

#[test]
fn a_quote_that_nobody_closed_costs_its_own_row_only() {
    let rows: String = (1..=40).map(|n| format!("192.0.2.{n},80,x\n")).collect();
    let list = format!("ip,port,isp\n192.0.2.100,80,\"open\n{rows}");
    let read = proxies(&list);
    assert_eq!(read.len(), 41, "every row is read");
    let (collected, _) = collect(&list, &any_address());
    assert!(
        collected.candidates.iter().enumerate().all(|(n, c)| c.line == u64::try_from(n).unwrap() + 2),
        "and keeps its number"
    );
}

#[test]
fn the_notation_states_a_protocol_under_its_header_only() {
    let header = "IP address:Port Country-Anonymity(Noa/Anm/Hia)-SSL_support(S)-Google_passed(+)\n";
    assert_eq!(proxies("192.0.2.1:80 US-A-S! +"), ["192.0.2.1:80"]);
    assert_eq!(proxies(format!("{header}192.0.2.1:80 US-A +")), ["http://192.0.2.1:80"]);
    assert_eq!(
        proxies(format!("{header}192.0.2.1:80 US-A-S! +")),
        ["http://192.0.2.1:80", "https://192.0.2.1:80"]
    );
}

#[test]
fn a_million_nul_bytes_hide_nothing() {
    let mut list = vec![0; 1_000_000];
    list.extend_from_slice(b"192.0.2.1:80\n192.0.2.2:81");
    list.extend_from_slice(&[0; 1000]);
    assert_eq!(proxies(&list), ["192.0.2.1:80", "192.0.2.2:81"]);
    assert_eq!(refusals(&list), []);
}

#[test]
fn a_line_that_is_too_long_is_refused_once_and_the_next_one_read() {
    let long = "x".repeat(MAX_LINE + 1);
    let list = format!("{long}\n192.0.2.1:80\n{long}");
    assert_eq!(refusals(&list), [(1, "line_too_long"), (3, "line_too_long")]);
    assert_eq!(proxies(&list), ["192.0.2.1:80"]);
    let fits = format!("192.0.2.1:80 {}", "x".repeat(MAX_LINE - 13));
    assert_eq!(proxies(fits), ["192.0.2.1:80"], "the limit itself is no fault");
}

#[test]
fn json_has_a_limit_of_its_own() {
    let array = format!("[{}\"192.0.2.1:80\"]", "\"words\",".repeat(MAX_LINE / 8));
    assert!(array.len() > MAX_LINE);
    assert_eq!(proxies(&array), ["192.0.2.1:80"]);
    let long = format!("192.0.2.2:80\n[{}\"192.0.2.1:80\"]", " ".repeat(MAX_JSON_LINE));
    assert_eq!(refusals(&long), [(2, "line_too_long")]);
    assert_eq!(proxies(&long), ["192.0.2.2:80"]);
}

#[test]
fn a_binary_file_gives_few_refusals_and_does_not_hide_what_follows() {
    // A generator of Knuth's, so that the bytes are the same every time.
    let mut state = 42_u64;
    let mut noise: Vec<u8> = (0..4_000_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .collect();
    let (collected, totals) = collect(&noise, &Options::default());
    assert_eq!(collected.candidates, [], "chance makes no proxy");
    assert!(
        collected.refusals.len() < 200,
        "{} refusals of {} lines",
        collected.refusals.len(),
        totals.lines
    );
    assert!(totals.folded > 10_000, "the rest is counted");
    assert!(collected.refusals.iter().any(|r| r.reason == RefusalReason::Binary));
    noise.extend_from_slice(b"\n192.0.2.1:80\nwords\n");
    let (after, totals) = collect(&noise, &any_address());
    assert_eq!(after.candidates.len(), 1, "a list behind it is read");
    assert_eq!(after.refusals.last().map(|r| r.line), Some(totals.lines), "and its refusals are told again");
}

#[test]
fn control_bytes_make_a_line_binary_and_other_encodings_do_not() {
    assert_eq!(refusals(b"192.0.2.1\x0080\n192.0.2.1:80 \x01"), [(1, "binary"), (2, "binary")]);
    assert_eq!(
        proxies(b"192.0.2.1:80@HTTP#[\xcd\xb8\xc3\xf7]\xd5\xe3\xbd\xad"),
        ["http://192.0.2.1:80"],
        "GBK"
    );
    assert_eq!(proxies(b"192.0.2.1:80:T\xfcrkiye"), ["192.0.2.1:80"], "Latin-1");
}

#[test]
fn the_text_of_a_refusal_is_short_and_holds_no_password() {
    let options = Options::default();
    for list in [
        "someone:hunter2@10.0.0.1:80",
        "john.doe:1hunter2@10.0.0.1:80",
        "http://someone:hunter2@10.0.0.1:80",
        "http://someone:hunter2@nodot:80",
        "trojan://hunter2@192.0.2.1:443",
        "10.0.0.1:80:someone:hunter2",
        "10.0.0.1:80@someone:hunter2",
        "10.0.0.1:80@someone:hun@hunter2",
        "someone:hunter2:10.0.0.1:80",
        "socks5 10.0.0.1 80 someone hunter2",
        "type,host,port,login,password\nhttp,10.0.0.1,80,someone,hunter2",
        r#"{"ip":"10.0.0.1","port":80,"password":"hunter2"}"#,
        r#"  "password": "hunter2","#,
        "tg://proxy?server=192.0.2.1&port=443&secret=hunter2",
    ] {
        let (collected, _) = collect(list, &options);
        assert_eq!(collected.refusals.len(), 1, "{list}");
        let text = &collected.refusals[0].text;
        assert!(!text.contains("hunter2"), "{list}: refused as {text}");
        assert!(!text.is_empty(), "{list}: and still recognisable");
    }
    let (collected, _) = collect("漢".repeat(1000), &options);
    assert!(collected.refusals[0].text.len() <= MAX_REFUSAL_TEXT);
    assert!(collected.refusals[0].text.chars().all(|c| c == '漢'), "no character is cut in two");
}

#[test]
fn names_of_lists_imply_a_protocol() {
    let table = [
        ("socks5_proxies.txt", Some(Protocol::Socks5)),
        ("http.txt", Some(Protocol::Http)),
        ("HTTP.txt", Some(Protocol::Http)),
        ("https", Some(Protocol::Https)),
        ("httpproxies.txt", Some(Protocol::Http)),
        ("socks4a-list.csv", Some(Protocol::Socks4)),
        ("SOCKS-5.txt", Some(Protocol::Socks5)),
        ("connect.txt", Some(Protocol::Http)),
        ("proxies/protocols/socks4/data.txt", Some(Protocol::Socks4)),
        ("owner__SOCKS-List__http.txt", Some(Protocol::Http)),
        ("https://lists.example/socks5.txt", Some(Protocol::Socks5)),
        ("all.txt", None),
        ("proxies.txt", None),
        ("http-socks.txt", None),
        ("http_socks5.txt", None),
        ("socks.txt", None),
        ("http/all.txt", None),
        ("https://lists.example/proxies.txt", None),
        ("", None),
    ];
    for (name, protocol) in table {
        assert_eq!(protocol_in_name(name), protocol, "{name}");
    }
}

/// Reads a list in chunks that end at the given places.
fn in_chunks(list: &[u8], cuts: &[usize]) -> (Collected, proxydeck_reader::Totals) {
    let mut collected = Collected::default();
    let mut reader = Reader::new(&any_address());
    let mut at = 0;
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (list.len() + 1)).collect();
    cuts.sort_unstable();
    for cut in cuts {
        reader.push(&list[at..cut], &mut collected);
        at = cut;
    }
    reader.push(&list[at..], &mut collected);
    let totals = reader.finish(&mut collected);
    (collected, totals)
}

/// Pieces that lists are made of, so that random lists come near to what the reader knows.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => prop::sample::select(vec![
            "192.0.2.1", ":80", ":", "@", "user:pass", "http://", "socks5", "://", "[2001:db8::1]", ".", "0", "-", " ",
            "\t", ",", ";", "|", "\"", "'", "\n", "\r", "\r\n", "\0", "ip,port\n", "192.0.2.1,80", "host;port;isp\n",
            "{", "}", "[", "]", "{\"ip\":\"192.0.2.1\",\"port\":80}", "proxy.example.com", "#", "//", "代理", "é", "%20",
            "vless", "tg://socks?server=192.0.2.1&port=80", "\u{feff}", "/", "_", "12345", "65536", "192.0.2.1:80\n",
            "<table>", "<tr>", "<td>", "</td>", "<th>IP", "<th>Port", "</table>", "<br>", "<pre>", "</pre>", "<script>",
            "</script>", "document.write(", "atob('ODA=')", ")", "^", "+", "a=5;", "<style>.a{display:none}</style>",
            "<span class=a>", "</span>", "<html>", "<?xml version='1.0'?>", "<proxy ip='192.0.2.1' port='80'/>", "<![CDATA[", "]]>",
            "&lt;", "proxies:\n", "- {type: http, server: 192.0.2.1, port: 80}\n", "function FindProxyForURL(){",
            "return 'PROXY 192.0.2.1:80';", "MTkyLjAuMi4xOjgwCg==", "1\09\0", "\u{fffe}", "\"ports\":[80,81]", "true", "null",
        ]).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..4),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic_and_in_any_chunks_alike(
        list in prop_oneof![pieces(), vec(any::<u8>(), 0..400)],
        cuts in vec(any::<usize>(), 0..12),
    ) {
        let whole = collect(&list, &any_address());
        prop_assert_eq!(&whole, &in_chunks(&list, &cuts));
        let every_byte: Vec<usize> = (0..list.len()).collect();
        prop_assert_eq!(&whole, &in_chunks(&list, &every_byte));
        let (collected, totals) = whole;
        prop_assert_eq!(totals.candidates, u64::try_from(collected.candidates.len()).unwrap());
        prop_assert_eq!(totals.refusals, u64::try_from(collected.refusals.len()).unwrap());
        prop_assert!(collected.refusals.iter().all(|r| r.text.len() <= MAX_REFUSAL_TEXT));
        prop_assert!(collected.refusals.iter().all(|r| (1..=totals.lines).contains(&r.line)));
    }

    #[test]
    fn what_was_read_reads_back_as_itself(list in pieces()) {
        let (collected, _) = collect(&list, &any_address());
        for candidate in collected.candidates {
            let endpoint = candidate.proxy.to_string();
            prop_assert_eq!(proxies(&endpoint), [endpoint]);
        }
    }

    #[test]
    fn every_endpoint_reads_back_from_its_text(ip in any::<std::net::IpAddr>(), port in 1_u16..) {
        let endpoint = proxydeck_domain::Endpoint::new(ip.into(), port).unwrap().to_string();
        prop_assert_eq!(proxies(&endpoint), std::slice::from_ref(&endpoint));
        prop_assert_eq!(proxies(format!("socks5://{endpoint}/")), [format!("socks5://{endpoint}")]);
        prop_assert_eq!(proxies(format!("some {endpoint} words")), std::slice::from_ref(&endpoint));
    }

    #[test]
    fn an_account_in_a_uri_comes_out_as_it_went_in(user in "[^\\p{Cc}]{1,12}", password in "[^\\p{Cc}]{0,12}") {
        let encode = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
        let uri = format!("http://{}:{}@192.0.2.1:80", encode(&user), encode(&password));
        let (collected, _) = collect(uri, &any_address());
        let read: Vec<_> = collected.candidates.iter().map(written).collect();
        prop_assert_eq!(read, [format!("http://{user}:{password}@192.0.2.1:80")]);
    }
}

#[test]
fn an_entry_may_have_its_parts_in_lines_of_their_own() {
    for (list, expected) in [
        (
            "IP: 192.0.2.1\nPort: 80\nType: HTTP\n\nIP: 192.0.2.2\nPort: 81\nType: SOCKS5\n",
            &["http://192.0.2.1:80", "socks5://192.0.2.2:81"][..],
        ),
        (
            "Type: HTTP\nIP: 192.0.2.1\nPort: 80\nType: SOCKS5\nIP: 192.0.2.2\nPort: 81",
            &["http://192.0.2.1:80", "socks5://192.0.2.2:81"],
        ),
        ("port: 80\nip: 192.0.2.1\nport: 81\nip: 192.0.2.2\n", &["192.0.2.1:80", "192.0.2.2:81"]),
        (
            "[one]\nip = 192.0.2.1\ncountry = PE\nport = 80\n[two]\nip = 192.0.2.2\nport = 81\ntype = socks5\n",
            &["192.0.2.1:80", "socks5://192.0.2.2:81"],
        ),
        ("地址：192.0.2.1\n端口：80\n------\n地址：192.0.2.2\n端口：81\n", &["192.0.2.1:80", "192.0.2.2:81"]),
        ("host=192.0.2.1\nport=80\nuser=bob\npass=pw\n", &["bob:pw@192.0.2.1:80"]),
        ("export PROXY_HOST=192.0.2.1\nexport PROXY_PORT=80\n", &["192.0.2.1:80"]),
        (
            "Proxy: 192.0.2.1:80\nCountry: PE\nType: SOCKS5\n\nProxy: 192.0.2.2:81\n192.0.2.3:82\n",
            &["socks5://192.0.2.1:80", "192.0.2.2:81", "192.0.2.3:82"],
        ),
        ("---\nip: 192.0.2.1\nport: 80\n---\nip: 192.0.2.2\nport: 81\n", &["192.0.2.1:80", "192.0.2.2:81"]),
        (
            "---------\nIP: 192.0.2.1\nPort: 80\n---------\nIP: 192.0.2.2\nPort: 81\n",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
    ] {
        assert_eq!(proxies(list), expected, "{list}");
        for cut in 0..list.len() {
            let mut collected = Collected::default();
            let mut reader = Reader::new(&any_address());
            reader.push(&list.as_bytes()[..cut], &mut collected);
            reader.push(&list.as_bytes()[cut..], &mut collected);
            reader.finish(&mut collected);
            assert_eq!(collected.candidates.len(), expected.len(), "{list} cut at {cut}");
        }
    }
}

#[test]
fn parts_of_two_entries_are_never_joined() {
    for (list, expected, refused) in [
        ("IP: 192.0.2.1\nIP: 192.0.2.2\nPort: 81\n", &["192.0.2.2:81"][..], &[(1, "no_port")][..]),
        (
            "IP: 192.0.2.1\nPort: 80\nPort: 81\nIP: 192.0.2.2\nPort: 82\n",
            &["192.0.2.1:80", "192.0.2.2:82"],
            &[(3, "no_address")],
        ),
        (
            "Port: 80\nIP: 192.0.2.1\nIP: 192.0.2.2\nPort: 81\nIP: 192.0.2.3\n",
            &["192.0.2.1:80", "192.0.2.3:81"],
            &[(3, "no_port")],
        ),
        ("IP: 192.0.2.1\n\nPort: 80\n", &[], &[(1, "no_port"), (3, "no_address")]),
        ("IP: 192.0.2.1\nwords\nPort: 80\n", &[], &[(1, "no_port"), (2, "no_address"), (3, "no_address")]),
        ("Your IP: 192.0.2.1\nPort: 80\n", &[], &[(1, "no_address"), (2, "no_address")]),
        ("Server: 192.0.2.1\nPort: 443\nSecret: ee00\n", &[], &[(1, "other_scheme")]),
        (
            "[Peer]\nPublicKey = abc\nEndpoint = 192.0.2.1:51820\n",
            &[],
            &[(1, "no_address"), (2, "other_scheme")],
        ),
        ("IP: 192.0.02.1\nPort: 80\nUser: u\nPass: pw\n", &[], &[(1, "leading_zero")]),
    ] {
        assert_eq!(proxies(list), expected, "{list}");
        assert_eq!(refusals(list), refused, "{list}");
    }
    for list in ["IP: 192.0.02.1 Port: 80 User: u Pass: hunter2", "Port: 0 IP: 192.0.2.1 пароль: hunter2"]
    {
        let (collected, _) = collect(list, &any_address());
        assert_eq!(collected.refusals.len(), 1, "{list}");
        assert!(!collected.refusals[0].text.contains("hunter2"), "{}", collected.refusals[0].text);
    }
}

#[test]
fn tables_of_other_tools() {
    assert_eq!(proxies("'ip','port'\n'192.0.2.1','80'\n"), ["192.0.2.1:80"], "single quotes");
    let shadowsocks = "server,port,method,password\n192.0.2.1,8388,aes-256-gcm,hunter2\n";
    assert_eq!(proxies(shadowsocks), [""; 0]);
    assert_eq!(refusals(shadowsocks), [(2, "other_scheme")], "a cipher says whose it is");
    assert_eq!(protocol_in_name("connections.json"), None, "a word that only begins as a protocol");
}
