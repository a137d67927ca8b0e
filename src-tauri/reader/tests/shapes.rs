//! What one line means, shape by shape. A row is a line and the proxies in it; the addresses are documentation's.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]
#![allow(unreachable_pub, reason = "what tests share is a module, not an interface")]

mod common;

use common::{collect, proxies, refusals, written};
use proxydeck_reader::{Options, RefusalReason};

/// Checks lines that are read and leave nothing over.
fn reads(table: &[(&str, &[&str])]) {
    for (line, expected) in table {
        assert_eq!(proxies(line), *expected, "the proxies of {line:?}");
        assert_eq!(refusals(line), [], "nothing of {line:?} is refused");
    }
}

/// Checks lines of which nothing is taken.
fn refuses(table: &[(&str, &str)]) {
    for (line, reason) in table {
        assert_eq!(proxies(line), [""; 0], "nothing of {line:?} is taken");
        assert_eq!(refusals(line), [(1, *reason)], "the reason for {line:?}");
    }
}

#[test]
fn addresses_alone() {
    reads(&[
        ("192.0.2.1:8080", &["192.0.2.1:8080"]),
        ("  192.0.2.1:8080\t", &["192.0.2.1:8080"]),
        ("\u{feff}192.0.2.1:8080", &["192.0.2.1:8080"]),
        ("\u{a0}192.0.2.1:8080\u{3000}", &["192.0.2.1:8080"]),
        ("255.255.255.255:65535", &["255.255.255.255:65535"]),
        ("0.0.0.0:1", &["0.0.0.0:1"]),
        ("Proxy.Example.COM:443", &["proxy.example.com:443"]),
        ("tokyo.proxy.rs:443", &["tokyo.proxy.rs:443"]),
        ("bücher.example:3128", &["xn--bcher-kva.example:3128"]),
        ("[2001:db8::1]:8080", &["[2001:db8::1]:8080"]),
        ("[2001:0DB8:0:0:0:0:0:1]:8080", &["[2001:db8::1]:8080"]),
        ("[::ffff:192.0.2.1]:8080", &["192.0.2.1:8080"]),
    ]);
}

#[test]
fn address_and_port_in_two_words_or_cells() {
    reads(&[
        ("192.0.2.1 8080", &["192.0.2.1:8080"]),
        ("192.0.2.1\t8080", &["192.0.2.1:8080"]),
        ("192.0.2.1 \t 8080", &["192.0.2.1:8080"]),
        ("192.0.2.1,8080,Peru - Lima,Transparent", &["192.0.2.1:8080"]),
        ("192.0.2.1;8080", &["192.0.2.1:8080"]),
        ("\"192.0.2.1\" , \"8080\"", &["192.0.2.1:8080"]),
        ("192.0.2.1|8080|http", &["http://192.0.2.1:8080"]),
        ("http,192.0.2.1,8080", &["http://192.0.2.1:8080"]),
        ("12\t192.0.2.1\t8080\tElite\t90ms", &["192.0.2.1:8080"]),
        ("192.0.2.1,80,Dhaka,HTTP/HTTPS", &["http://192.0.2.1:80", "https://192.0.2.1:80"]),
        ("192.0.2.1,80,SOCKS5,https://lists.example/socks.txt", &["socks5://192.0.2.1:80"]),
        ("2001:db8::1 8080", &["[2001:db8::1]:8080"]),
        ("proxy.example.com 8080", &["proxy.example.com:8080"]),
        ("proxy.example.com,8080,fast", &["proxy.example.com:8080"]),
    ]);
}

#[test]
fn uris() {
    reads(&[
        ("http://192.0.2.1:80", &["http://192.0.2.1:80"]),
        ("HTTPS://192.0.2.1:443/", &["https://192.0.2.1:443"]),
        ("socks4a://192.0.2.1:1080", &["socks4://192.0.2.1:1080"]),
        ("socks5h://proxy.example.com:1080/path", &["socks5://proxy.example.com:1080"]),
        ("socks5://[2001:db8::1]:1080#remark", &["socks5://[2001:db8::1]:1080"]),
        ("http://user:p%40ss%3A%20word@192.0.2.1:80", &["http://user:p@ss: word@192.0.2.1:80"]),
        ("http://user:p@ss@192.0.2.1:80", &["http://user:p@ss@192.0.2.1:80"]),
        ("http://user:a:b@192.0.2.1:80", &["http://user:a:b@192.0.2.1:80"]),
        ("http://user:100%@192.0.2.1:80", &["http://user:100%@192.0.2.1:80"]),
        ("http://user@192.0.2.1:80", &["http://user:@192.0.2.1:80"]),
        ("http://@192.0.2.1:80", &["http://192.0.2.1:80"]),
        ("socks5://192.0.2.1:1080:user:pass", &["socks5://user:pass@192.0.2.1:1080"]),
        ("socks5://192.0.2.1:1080@user:pass", &["socks5://user:pass@192.0.2.1:1080"]),
        ("- http://192.0.2.1:80 (fast)", &["http://192.0.2.1:80"]),
        ("http_proxy=\"http://192.0.2.1:80\"", &["http://192.0.2.1:80"]),
        ("http://192.0.2.1:80,socks5://192.0.2.2:81", &["http://192.0.2.1:80", "socks5://192.0.2.2:81"]),
        ("192.0.2.1:80 http://192.0.2.1:80", &["http://192.0.2.1:80"]),
        ("192.0.2.1:80 https://lists.example:8443/list.txt?a=b", &["192.0.2.1:80"]),
        ("https://t.me/socks?server=192.0.2.1&port=1080", &["socks5://192.0.2.1:1080"]),
        (
            "tg://socks?server=proxy.example.com&port=1080&user=a&pass=b%21",
            &["socks5://a:b!@proxy.example.com:1080"],
        ),
    ]);
}

#[test]
fn accounts() {
    reads(&[
        ("user:pass@192.0.2.1:80", &["user:pass@192.0.2.1:80"]),
        ("user:p@ss@192.0.2.1:80", &["user:p@ss@192.0.2.1:80"]),
        ("john.doe:1234@192.0.2.1:80", &["john.doe:1234@192.0.2.1:80"]),
        ("user:pass@proxy.example.com:80", &["user:pass@proxy.example.com:80"]),
        ("user:pass@[2001:db8::1]:80", &["user:pass@[2001:db8::1]:80"]),
        ("192.0.2.1:80@user:pass", &["user:pass@192.0.2.1:80"]),
        ("192.0.2.1:80@user:", &["user:@192.0.2.1:80"]),
        ("192.0.2.1:80:user:pass", &["user:pass@192.0.2.1:80"]),
        ("192.0.2.1:80:user:p@ss", &["user:p@ss@192.0.2.1:80"]),
        ("proxy.example.com:80:user:pass", &["user:pass@proxy.example.com:80"]),
        ("[2001:db8::1]:80:user:pass", &["user:pass@[2001:db8::1]:80"]),
        ("user:pass:192.0.2.1:80", &["user:pass@192.0.2.1:80"]),
        ("user:1pass:192.0.2.1:80", &["user:1pass@192.0.2.1:80"]),
        ("user:trojan@192.0.2.1:80", &["user:trojan@192.0.2.1:80"]),
        ("\"user:pass@192.0.2.1:80\",", &["user:pass@192.0.2.1:80"]),
        ("proxy=user:pass@192.0.2.1:80", &["user:pass@192.0.2.1:80"]),
        ("some words user:pass@proxy.example.com:80 more words", &["user:pass@proxy.example.com:80"]),
        ("http://proxy.example.com:80:user:pass", &["http://user:pass@proxy.example.com:80"]),
        ("socks5 192.0.2.1 1080 user pass", &["socks5://user:pass@192.0.2.1:1080"]),
    ]);
}

#[test]
fn a_password_that_may_have_been_cut_is_not_taken_as_whole() {
    refuses(&[
        ("192.0.2.1:80:user:pa;ss", "ambiguous"),
        ("192.0.2.1:80:user:pass|http", "ambiguous"),
        ("http,user:pass@192.0.2.1:80", "ambiguous"),
        ("192.0.2.1:80@user:pass,US", "ambiguous"),
        ("192.0.2.1:80:user:pa:ss", "ambiguous"),
        ("192.0.2.1:80@192.0.2.2:81", "ambiguous"),
        ("http://a%0d%0ab:c@192.0.2.1:80", "syntax"),
        ("user@192.0.2.1:80", "syntax"),
    ]);
}

#[test]
fn types_in_front_as_proxychains_has_them() {
    reads(&[
        ("socks5\t192.0.2.1\t1080", &["socks5://192.0.2.1:1080"]),
        ("http  proxy.example.com 8080", &["http://proxy.example.com:8080"]),
        ("socks4 192.0.2.1 1080 # a remark", &["socks4://192.0.2.1:1080"]),
        ("socks5 2001:db8::1 1080", &["socks5://[2001:db8::1]:1080"]),
        ("socks5 192.0.2.1:1080", &["socks5://192.0.2.1:1080"]),
        ("SOCKS5: 192.0.2.1:1080", &["socks5://192.0.2.1:1080"]),
        ("socks5:192.0.2.1:1080", &["socks5://192.0.2.1:1080"]),
    ]);
    refuses(&[
        ("sock5 192.0.2.1 8388", "unknown_protocol"),
        ("socks 192.0.2.1 1080", "unknown_protocol"),
        ("sock5 192.0.2.1:8388", "unknown_protocol"),
        ("sock5://192.0.2.1:8388", "unknown_protocol"),
        ("socks://192.0.2.1:8388", "unknown_protocol"),
        ("1: socks5  192.0.2.1 1080", "no_port"),
        ("localnet 192.0.2.0:80/255.255.255.0", "other_scheme"),
        ("dnat 192.0.2.1:1234  192.0.2.2:443", "other_scheme"),
    ]);
}

#[test]
fn columns_behind() {
    reads(&[
        ("192.0.2.1:80 US-A-S! +", &["192.0.2.1:80"]),
        ("192.0.2.1:80|http|CN", &["http://192.0.2.1:80"]),
        ("192.0.2.1:80@HTTP#[透明]浙江省 阿里云", &["http://192.0.2.1:80"]),
        ("192.0.2.1:80:Peru", &["192.0.2.1:80"]),
        ("192.0.2.1:80:United States", &["192.0.2.1:80"]),
        ("192.0.2.1:80::Mexico::Mexico City", &["192.0.2.1:80"]),
        ("192.0.2.1:80:SOCKS5", &["socks5://192.0.2.1:80"]),
        ("192.0.2.1:80 => success", &["192.0.2.1:80"]),
        ("192.0.2.1:80 #US", &["192.0.2.1:80"]),
        ("192.0.2.1:3128\tHTTPS !\tNOA\tЧили !\t100% (40) -\t07:07:17 14:23:52", &["https://192.0.2.1:3128"]),
        ("🇸🇬 192.0.2.1:80 2649ms SG [Example (US) Co., Ltd.]", &["192.0.2.1:80"]),
        ("proxy.example.com:80 Elite", &["proxy.example.com:80"]),
        ("192.0.2.1:80,socks4,socks5", &["socks4://192.0.2.1:80", "socks5://192.0.2.1:80"]),
        ("192.0.2.1:80 192.0.2.2:81", &["192.0.2.1:80", "192.0.2.2:81"]),
        ("http: 192.0.2.1:80, 192.0.2.2:81", &["http://192.0.2.1:80", "http://192.0.2.2:81"]),
    ]);
}

#[test]
fn an_address_inside_words_needs_clear_edges() {
    for edge in (0x20..0x7f_u8).map(char::from) {
        // These divide an address from an account, a path, a scheme or a mask, or begin a comment or an escape.
        if matches!(edge, ':' | '@' | '/' | '#' | ';' | '%' | '[' | ']') {
            continue;
        }
        let line = format!("before {edge}192.0.2.1:80{edge} after");
        let joins = edge.is_ascii_alphanumeric() || matches!(edge, '.' | '-');
        assert_eq!(
            proxies(&line).len(),
            usize::from(!joins),
            "{line:?}: {edge:?} {}",
            if joins { "joins" } else { "divides" }
        );
        assert_eq!(refusals(&line).is_empty(), !joins, "{line:?}: what is not taken is refused");
    }
    reads(&[
        ("代理192.0.2.1:80，匿名", &["192.0.2.1:80"]),
        ("hello <b>192.0.2.1:80</b>!", &["192.0.2.1:80"]),
        ("see [192.0.2.1:80](list)", &["192.0.2.1:80"]),
        ("[2001:db8::1]:80]:81", &["[2001:db8::1]:80"]),
    ]);
    refuses(&[
        ("é192.0.2.1:80", "glued"),
        ("192.0.2.1:80é", "glued"),
        ("１192.0.2.1:80", "glued"),
        ("%20192.0.2.1:80", "glued"),
        ("\\n192.0.2.1:80", "glued"),
    ]);
}

#[test]
fn what_is_glued_cut_or_led_by_a_zero_is_refused() {
    refuses(&[
        ("192.0.2.1:80198.51.100.2:80", "glued"),
        ("192.0.2.1:81.5.6.7:80", "glued"),
        ("192.0.2.1:8080http://192.0.2.2:80", "glued"),
        ("192.0.2.1198.51.100.2:80", "glued"),
        ("80895.75.150.14:3128", "glued"),
        ("'n192.0.2.1'. lorem 192.0.2.1:80n", "glued"),
        (".0.113.178:13173", "cut"),
        ("192.0.2.1.:80", "cut"),
        ("192.0.2:80", "bad_address"),
        ("192.0.2.256:80", "bad_address"),
        ("[2001:db8:::1]:80", "bad_address"),
        ("192.0.02.1:80", "leading_zero"),
        ("192.0.2.01 80", "leading_zero"),
        ("192.0.2.1:08", "leading_zero"),
        ("192.0.2.1:0", "bad_port"),
        ("192.0.2.1:65536", "bad_port"),
        ("192.0.2.1:999999", "bad_port"),
        ("192.0.2.1:", "no_port"),
        ("192.0.2.1", "no_port"),
        ("http://192.0.2.1", "no_port"),
        ("[fe80::1%eth0]:80", "zone_id"),
        ("2001:db8::1:8080", "ambiguous"),
        ("192.0.2.1:80:3128", "ambiguous"),
        ("192.0.2.0:80/24", "ambiguous"),
        ("192.0.2.1:80:192.0.2.2:81", "glued"),
    ]);
}

#[test]
fn names_that_are_no_hosts() {
    refuses(&[
        ("localhost:80", "single_label"),
        ("socks5h://localhost:32080", "single_label"),
        ("foo:88:user:pwd", "single_label"),
        ("ms-text-size-adjust:100", "single_label"),
        ("error in main.rs:10 again", "bad_name"),
        ("-proxy.example.com:80", "bad_name"),
        ("Via: 1.0 bridge.example.com:81 (squid)", "bad_name"),
        ("Updated at 17:30", "no_address"),
        ("just words", "no_address"),
        ("https://lists.example/http.txt", "page_address"),
        ("http://lists.example:8080/http.txt", "page_address"),
    ]);
}

#[test]
fn lines_of_other_protocols_are_left_alone() {
    refuses(&[
        ("vless://00000000-0000-4000-8000-000000000000@192.0.2.1:443?type=ws#192.0.2.2:80", "other_scheme"),
        ("less://00000000-0000-4000-8000-000000000000@192.0.2.1:54280", "other_scheme"),
        ("ss://YWVzOnB3@192.0.2.1:8388", "other_scheme"),
        ("trojan://secret@proxy.example.com:443", "other_scheme"),
        ("tg://proxy?server=192.0.2.1&port=443&secret=00", "other_scheme"),
        ("https://t.me/proxy?server=192.0.2.1&port=443&secret=00", "other_scheme"),
        ("mtproxy://192.0.2.1:9443?secret=00", "other_scheme"),
        ("192.0.2.1:80 vless://x@192.0.2.2:443", "other_scheme"),
        ("Node = ss, 192.0.2.1, 8388, encrypt-method=aes", "other_scheme"),
        ("vmess 192.0.2.1 443", "other_scheme"),
        ("192.0.2.1:443:vmess", "other_scheme"),
        ("192.0.2.1:443|trojan", "other_scheme"),
    ]);
}

#[test]
fn json_on_a_line() {
    reads(&[
        ("\"192.0.2.1:80\",", &["192.0.2.1:80"]),
        (r#"{"ip":"192.0.2.1","port":"8080"}"#, &["192.0.2.1:8080"]),
        (
            r#"{"type": "http", "port": 3128, "host": "192.0.2.1", "export_address": ["192.0.2.9:80"]}"#,
            &["http://192.0.2.1:3128"],
        ),
        (r#"{"proxy": "192.0.2.1:10098"},"#, &["192.0.2.1:10098"]),
        (
            r#"{"proxy":"socks5://192.0.2.1:1080","protocol":"socks5","ip":"192.0.2.1","port":1080}"#,
            &["socks5://192.0.2.1:1080"],
        ),
        (
            r#"{"ip":"192.0.2.1","port":80,"protocols":["http","socks4"]}"#,
            &["http://192.0.2.1:80", "socks4://192.0.2.1:80"],
        ),
        (
            r#"{"server":"proxy.example.com","port":80,"username":"u","password":"p"}"#,
            &["u:p@proxy.example.com:80"],
        ),
        (
            r#"{"host":"192.0.2.1","port":80,"username":null,"password":null,"exit_ip":"192.0.2.9"}"#,
            &["192.0.2.1:80"],
        ),
        (r#"["192.0.2.1:80","http://192.0.2.2:81"]"#, &["192.0.2.1:80", "http://192.0.2.2:81"]),
        (r#"{"url":"https://api.example/","data":[{"ip":"192.0.2.1","port":80}]}"#, &["192.0.2.1:80"]),
        (
            r#"{"socks5":["192.0.2.1:80"],"http":[{"ip":"192.0.2.2","port":81}]}"#,
            &["socks5://192.0.2.1:80", "http://192.0.2.2:81"],
        ),
        (r#"  "proxy": "192.0.2.1:80","#, &["192.0.2.1:80"]),
    ]);
    refuses(&[
        (r#"{"ip":"192.0.2.1"}"#, "no_port"),
        (r#"{"ip":"192.0.02.1","port":80}"#, "leading_zero"),
        (r#"{"type":"vmess","server":"192.0.2.1","port":443}"#, "other_scheme"),
        (r#"{"exit_ip":"192.0.2.1:80"}"#, "no_address"),
        (r#"  "export_address": "192.0.2.1:80","#, "no_address"),
        (r#"{"origin":"192.0.2.1","headers":{}}"#, "no_address"),
    ]);
}

#[test]
fn the_elements_of_an_array_are_refused_one_by_one() {
    let list = r#"["192.0.2.1:80", "192.0.02.1:80", {"ip":"192.0.2.1","port":0}, "just: words"]"#;
    assert_eq!(proxies(list), ["192.0.2.1:80"]);
    assert_eq!(refusals(list), [(2, "leading_zero"), (3, "bad_port")]);
}

#[test]
fn a_sound_address_beside_a_faulty_one_is_taken_and_the_fault_told() {
    let line = "192.0.2.1:80 192.0.02.1:80";
    assert_eq!(proxies(line), ["192.0.2.1:80"]);
    assert_eq!(refusals(line), [(1, "leading_zero")]);
}

#[test]
fn parts_that_carry_their_names() {
    reads(&[
        ("IP: 192.0.2.1 Port: 8080", &["192.0.2.1:8080"]),
        ("Host=192.0.2.1 Port=8080", &["192.0.2.1:8080"]),
        ("ip 192.0.2.1 port 8080", &["192.0.2.1:8080"]),
        ("192.0.2.1 port 8080", &["192.0.2.1:8080"]),
        ("IP : 192.0.2.1 Puerto : 8080 Tipo : HTTP", &["http://192.0.2.1:8080"]),
        ("地址：192.0.2.1 端口：8080", &["192.0.2.1:8080"]),
        ("代理IP：192.0.2.1，端口：8080，协议：HTTP", &["http://192.0.2.1:8080"]),
        ("IP地址 192.0.2.1 端口 8080 协议 HTTP", &["http://192.0.2.1:8080"]),
        ("アドレス：192.0.2.1 ポート：8080", &["192.0.2.1:8080"]),
        ("Адрес: 192.0.2.1 Порт: 8080", &["192.0.2.1:8080"]),
        ("Port: 8080 IP: 192.0.2.1", &["192.0.2.1:8080"]),
        ("IP: 2001:db8::1 Port: 8080", &["[2001:db8::1]:8080"]),
        ("ip [192.0.2.1] port [8080]", &["192.0.2.1:8080"]),
        ("IP:192.0.2.1 PORT:8080", &["192.0.2.1:8080"]),
        ("ip=192.0.2.1;port=8080;type=http", &["http://192.0.2.1:8080"]),
        ("1. IP: 192.0.2.1 - Port: 8080 - HTTPS", &["https://192.0.2.1:8080"]),
        ("Type: HTTP, IP: 192.0.2.1, Port: 8080, Country: US", &["http://192.0.2.1:8080"]),
        ("IP: 192.0.2.1 Port: 8080 Type: SOCKS 5", &["socks5://192.0.2.1:8080"]),
        ("Country: United States IP: 192.0.2.1 Port: 8080", &["192.0.2.1:8080"]),
        ("HTTPS: 192.0.2.1 Port: 443", &["https://192.0.2.1:443"]),
        ("HTTP Proxy  192.0.2.1  Port  3128", &["http://192.0.2.1:3128"]),
        ("Hostname: proxy.example.com, Port: 8080", &["proxy.example.com:8080"]),
        ("Server: 192.0.2.1 Port: 1080 Username: bob Password: pw", &["bob:pw@192.0.2.1:1080"]),
        ("host=192.0.2.1,port=80,user=bob,pass=pw", &["bob:pw@192.0.2.1:80"]),
        ("IP: 192.0.2.1 Port: 80 Exit IP: 192.0.2.9", &["192.0.2.1:80"]),
        (
            "IP:192.0.2.1,Port:80,Type:HTTP;IP:192.0.2.2,Port:81,Type:SOCKS5",
            &["http://192.0.2.1:80", "socks5://192.0.2.2:81"],
        ),
        // A single yes or no belongs to a list of HTTP proxies, here as in a table.
        ("IP: 192.0.2.1 Port: 80 HTTPS: no", &["http://192.0.2.1:80"]),
    ]);
    refuses(&[
        ("Your IP: 192.0.2.1 Port: 51234", "no_address"),
        ("exit ip: 192.0.2.1 port: 80", "no_address"),
        ("DNS server: 192.0.2.53 port: 53", "no_port"),
        ("Failed password for root from 192.0.2.1 port 4242", "no_port"),
        ("* Connected to 192.0.2.1 (192.0.2.1) port 80", "no_port"),
        ("Server at 192.0.2.1 Port 80", "no_port"),
        ("Version: 1.2.3.4 Port: 80", "no_port"),
        ("client ip=192.0.2.1 port=80", "no_address"),
        ("IP Address Port Country", "no_address"),
        ("ip: 192.0.2.1 port: 08080", "leading_zero"),
        ("IP: 192.0.02.1 Port: 80", "leading_zero"),
        ("ip: 192.0.2.1 port: 80-90", "bad_port"),
        ("IP: 192.0.2.1 Port: 99999", "bad_port"),
        ("IP: 192.0.2.1 Port: 80 Type: VMess", "other_scheme"),
        ("Server: 192.0.2.1 Port: 443 Secret: ee00", "other_scheme"),
        ("IP: 192.0.2.1 Port: 80 Type: sock5", "unknown_protocol"),
        ("IP: 192.0.2.1 Port: 80 Login: bob Pass: my words", "ambiguous"),
        ("IP: 192.0.2.1 Port: 80 Login: bob Pass: a;b", "ambiguous"),
    ]);
}

#[test]
fn a_colon_with_blanks_around_it_or_a_wide_one() {
    reads(&[
        ("192.0.2.1 : 80", &["192.0.2.1:80"]),
        ("192.0.2.1: 80", &["192.0.2.1:80"]),
        ("192.0.2.1：80", &["192.0.2.1:80"]),
        ("192.0.2.1 : 80 SOCKS5", &["socks5://192.0.2.1:80"]),
    ]);
    refuses(&[("192.0.2.1: 80 requests", "no_port"), ("192.0.2.1 :", "no_port")]);
}

#[test]
fn a_word_between_addresses_is_about_one_of_them() {
    reads(&[
        (
            "PROXY 192.0.2.1:80; SOCKS5 192.0.2.2:81; DIRECT",
            &["http://192.0.2.1:80", "socks5://192.0.2.2:81"],
        ),
        ("192.0.2.1:80 http, 192.0.2.2:81", &["192.0.2.1:80", "192.0.2.2:81"]),
        ("192.0.2.1:80, 192.0.2.2:81 (http)", &["http://192.0.2.1:80", "http://192.0.2.2:81"]),
    ]);
}

#[test]
fn names_in_front_say_what_an_address_is() {
    reads(&[
        ("http=192.0.2.1:80, fast-open=false, tag=x", &["http://192.0.2.1:80"]),
        ("192.0.2.1:80,exit=192.0.2.9:81", &["192.0.2.1:80"]),
        ("192.0.2.1:80 exit: 192.0.2.9:81", &["192.0.2.1:80"]),
        ("('192.0.2.1', 80)", &["192.0.2.1:80"]),
        ("['ip' => '192.0.2.1', 'port' => 80],", &["192.0.2.1:80"]),
        (r#"{"ip":"192.0.2.1","port":80}{"ip":"192.0.2.2","port":81}"#, &["192.0.2.1:80", "192.0.2.2:81"]),
        (r#"{"ip":"192.0.2.1","port":80} // words"#, &["192.0.2.1:80"]),
        ("\"192.0.2.1:80\"\t\"HTTP\"", &["http://192.0.2.1:80"]),
    ]);
    refuses(&[
        ("shadowsocks=192.0.2.1:80, method=aes, tag=x", "other_scheme"),
        ("X-Forwarded-For: 192.0.2.9:1234", "no_address"),
        ("Exit IP: 192.0.2.9:80", "no_address"),
        ("http://192.0.2.1:80/?url=http://192.0.2.2:81", "page_address"),
        // Half a port is none.
        (r#"{"geo":{"x":1},"ip":"192.0.2.1","port":8"#, "truncated"),
    ]);
}

#[test]
fn what_only_looks_like_a_name() {
    refuses(&[
        ("192.0.2.1-9:80", "bad_name"),
        ("notes.txt:80", "bad_name"),
        ("mailto:a@b.example:25", "page_address"),
        ("http://192.0.2.1x:80", "bad_address"),
        ("http://192.0.2.1:80http://192.0.2.2:81", "glued"),
    ]);
}

#[test]
fn addresses_that_are_not_public_are_refused_unless_the_user_allows_them() {
    let lists = [
        "10.0.0.1:80",
        "socks5 127.0.0.1 9050",
        "user:pass@192.168.1.1:80",
        "[::1]:80",
        r#"{"ip":"100.64.0.1","port":1}"#,
        "ip,port\n192.0.2.1,80",
    ];
    for list in lists {
        let (collected, _) = collect(list, &Options::default());
        assert_eq!(collected.candidates, [], "{list}: not public");
        assert_eq!(collected.refusals.len(), 1, "{list}: refused once");
        assert_eq!(collected.refusals[0].reason, RefusalReason::NotPublic, "{list}");
        assert_eq!(proxies(list).len(), 1, "{list}: allowed");
    }
    let (public, _) = collect("8.8.4.4:80\nproxy.example.com:80", &Options::default());
    assert_eq!(public.candidates.len(), 2, "public addresses and names need no leave");
}

#[test]
fn the_hint_counts_where_the_line_states_nothing() {
    let options =
        Options { hint: Some(proxydeck_domain::Protocol::Socks5), allow_private: true, ..Options::default() };
    let (collected, _) = collect("192.0.2.1:80\nhttp://192.0.2.2:81\n192.0.2.3:82|socks4", &options);
    let read: Vec<_> = collected.candidates.iter().map(written).collect();
    assert_eq!(read, ["socks5://192.0.2.1:80", "http://192.0.2.2:81", "socks4://192.0.2.3:82"]);
}
