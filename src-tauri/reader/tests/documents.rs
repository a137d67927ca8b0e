//! What documents mean that are read as a whole: JSON, YAML, XML, PAC, base64, and other charsets. The documents are made
//! up; each row is one and the proxies in it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]
#![allow(unreachable_pub, reason = "what tests share is a module, not an interface")]

mod common;

use common::{any_address, collect, proxies, refusals, written};
use proxydeck_reader::{Format, JsonPath, MAX_DOCUMENT, Options, Page, RefusalReason};

/// Checks documents that are read and leave nothing over.
fn reads(table: &[(&str, &[&str])]) {
    for (document, expected) in table {
        assert_eq!(proxies(document), *expected, "the proxies of {document}");
        assert_eq!(refusals(document), [], "nothing is refused of {document}");
    }
}

/// Checks documents of which nothing is taken.
fn yields_nothing(documents: &[&str]) {
    for document in documents {
        assert_eq!(proxies(document), [""; 0], "nothing of {document} is a proxy");
        let (_, totals) = collect(document, &any_address());
        assert!(totals.refusals > 0, "and that is said: {document}");
    }
}

fn format_of(document: impl AsRef<[u8]>) -> Format {
    collect(document, &any_address()).1.format
}

fn read_with(document: impl AsRef<[u8]>, options: &Options) -> Vec<String> {
    collect(document, options).0.candidates.iter().map(written).collect()
}

#[test]
fn objects_of_json_are_found_at_any_depth() {
    reads(&[
        ("{\n \"a\": {\"b\": [{\"c\": {\"ip\": \"192.0.2.1\", \"port\": 80}}]}\n}", &["192.0.2.1:80"]),
        (
            "[\n {\"ip\": \"192.0.2.1\", \"port\": \"80\", \"protocols\": [\"http\", \"socks5\"]},\n {\"host\": \"proxy.example.com\", \"port\": 81}\n]",
            &["http://192.0.2.1:80", "socks5://192.0.2.1:80", "proxy.example.com:81"],
        ),
        (
            r#"{"data":{"items":[{"type":"proxy","id":"7","attributes":{"ip":"192.0.2.1","port":8080,"protocol":"SOCKS5"}}]}}"#,
            &["socks5://192.0.2.1:8080"],
        ),
        (r#"{"hits":{"hits":[{"_source":{"ip":"192.0.2.1","port":3128.0}}]}}"#, &["192.0.2.1:3128"]),
        (r#"{"LISTA":[{"PORT":"80","IP":"192.0.2.1","TYPE":"HTTPS"}]}"#, &["https://192.0.2.1:80"]),
        (r#"{"address":{"ip":"192.0.2.1","port":1080},"type":"socks5"}"#, &["socks5://192.0.2.1:1080"]),
        (
            r#"{"protocol":"socks4","proxies":["192.0.2.1:80","192.0.2.2:81"]}"#,
            &["socks4://192.0.2.1:80", "socks4://192.0.2.2:81"],
        ),
        (
            r#"[{"host":"192.0.2.1","port":80,"types":[{"type":"HTTP","level":"High"},{"type":"SOCKS5","level":""}]}]"#,
            &["http://192.0.2.1:80", "socks5://192.0.2.1:80"],
        ),
        (
            r#"[{"ip":"192.0.2.1","port":80,"protocols":{"http":true,"socks4":false,"socks5":1}}]"#,
            &["http://192.0.2.1:80", "socks5://192.0.2.1:80"],
        ),
        (r#"[{"server":"192.0.2.1","server_port":8080,"type":"http"}]"#, &["http://192.0.2.1:8080"]),
        (
            r#"[{"ip":"192.0.2.1","port":1,"http":0,"ssl":0,"socks4":1,"socks5":1}]"#,
            &["socks4://192.0.2.1:1", "socks5://192.0.2.1:1"],
        ),
        (r#"[{"IpAddress":"192.0.2.1","PortNumber":80,"Proxy Type":"SOCKS 5"}]"#, &["socks5://192.0.2.1:80"]),
        (r#"[{"ip":"2001:db8::1","port":80}]"#, &["[2001:db8::1]:80"]),
        (r#"[{"host":"socks5://192.0.2.1/","port":80}]"#, &["socks5://192.0.2.1:80"]),
        (r#"[{"full":"192.0.2.1:80","country":"PE"}]"#, &["192.0.2.1:80"]),
        (r#"[["socks5","192.0.2.1",1080,"PE"]]"#, &["socks5://192.0.2.1:1080"]),
        (
            r#"[["192.0.2.1:80","http"],["192.0.2.2:81","PE","socks5"]]"#,
            &["http://192.0.2.1:80", "socks5://192.0.2.2:81"],
        ),
        (r#"[{"ip":"192.0.2.1","port":80,"protocol":{"name":"http"}}]"#, &["http://192.0.2.1:80"]),
        (r#"[{"address":{"ip":"192.0.2.1","country":"PE"},"port":80}]"#, &["192.0.2.1:80"]),
        (r#"[{"_id":{"$oid":"x"},"ip":"192.0.2.1","port":{"$numberInt":"80"}}]"#, &["192.0.2.1:80"]),
        (r#"{"a":[{"connection":{"host":"192.0.2.1","port":80}}]}"#, &["192.0.2.1:80"]),
        (r#"{"ip":"192.0.2.1","port":80}{"ip":"192.0.2.2","port":81}"#, &["192.0.2.1:80", "192.0.2.2:81"]),
        (r#"for(;;);{"list":[{"ip":"192.0.2.1","port":80}]}"#, &["192.0.2.1:80"]),
        ("{ip: 192.0.2.1, port: 80}", &["192.0.2.1:80"]),
    ]);
}

#[test]
fn addresses_may_have_several_ports() {
    reads(&[
        (r#"[{"ip":"192.0.2.1","ports":[80,"8080"]}]"#, &["192.0.2.1:80", "192.0.2.1:8080"]),
        (
            r#"[{"ip":"192.0.2.1","ports":[{"port":80,"type":"http"},{"port":1080,"type":"socks5"}]}]"#,
            &["http://192.0.2.1:80", "socks5://192.0.2.1:1080"],
        ),
        (
            r#"[{"ip":"192.0.2.1","ports":{"http":80,"socks5":1080}}]"#,
            &["http://192.0.2.1:80", "socks5://192.0.2.1:1080"],
        ),
        (
            r#"[{"ip":"192.0.2.1","protocols":[{"type":"http","port":80},{"type":"socks4","port":1080}]}]"#,
            &["http://192.0.2.1:80", "socks4://192.0.2.1:1080"],
        ),
        (r#"[{"ip":"192.0.2.1","ports":[{"number":80,"protocol":"http"}]}]"#, &["http://192.0.2.1:80"]),
        (
            r#"[{"ip":"192.0.2.1","port_http":80,"port_socks5":1080}]"#,
            &["http://192.0.2.1:80", "socks5://192.0.2.1:1080"],
        ),
    ]);
    assert_eq!(
        refusals(r#"[{"ip":"192.0.2.1","port":"8000-8010"}]"#),
        [(1, "bad_port")],
        "a range is no port"
    );
    assert_eq!(refusals(r#"[{"ip":"192.0.2.1","port":"080"}]"#), [(1, "leading_zero")]);
    assert_eq!(refusals(r#"[{"ip":"192.0.2.1","port":70000}]"#), [(1, "bad_port")]);
    assert_eq!(refusals(r#"[{"ip":"192.0.2.1","port":80.5}]"#), [(1, "bad_port")]);
}

#[test]
fn strings_of_json_are_lists_too() {
    reads(&[
        ("[\n\"192.0.2.1:80\",\n\"socks5://192.0.2.2:81\"\n]", &["192.0.2.1:80", "socks5://192.0.2.2:81"]),
        (
            r#"{"http":["192.0.2.1:80"],"socks5":["192.0.2.2:81"],"other":"words: here"}"#,
            &["http://192.0.2.1:80", "socks5://192.0.2.2:81"],
        ),
        (
            r#"{"http_elite":["192.0.2.1:80"],"httpsProxies":["192.0.2.2:81"]}"#,
            &["http://192.0.2.1:80", "https://192.0.2.2:81"],
        ),
        (
            r#"{"http":"http://192.0.2.1:80","https":"http://192.0.2.1:80"}"#,
            &["http://192.0.2.1:80", "http://192.0.2.1:80"],
        ),
        (r#"{"data":"192.0.2.1:80\r\n192.0.2.2:81\r\n"}"#, &["192.0.2.1:80", "192.0.2.2:81"]),
        (r#"{"socks4":"192.0.2.1:80\n192.0.2.2:81"}"#, &["socks4://192.0.2.1:80", "socks4://192.0.2.2:81"]),
        (r#"{"proxy1":"192.0.2.1:80","proxy2":"192.0.2.2:81"}"#, &["192.0.2.1:80", "192.0.2.2:81"]),
        (
            r#"{"192.0.2.1:80":{"type":"socks5","ms":3},"192.0.2.2:81":{"type":"http"}}"#,
            &["socks5://192.0.2.1:80", "http://192.0.2.2:81"],
        ),
        (
            r#"{"192.0.2.1":80,"192.0.2.2":["81",82],"192.0.2.3":{"port":83,"protocol":"socks4"}}"#,
            &["192.0.2.1:80", "192.0.2.2:81", "192.0.2.2:82", "socks4://192.0.2.3:83"],
        ),
    ]);
}

#[test]
fn tables_of_json_are_read_row_by_row_and_column_by_column() {
    reads(&[
        (r#"[["192.0.2.1",80,"http"],["192.0.2.2","81"]]"#, &["http://192.0.2.1:80", "192.0.2.2:81"]),
        (r#"[["ip","port","type"],["192.0.2.1","80","SOCKS5"]]"#, &["socks5://192.0.2.1:80"]),
        (r#"{"columns":["port","ip"],"index":[0],"data":[[80,"192.0.2.1"]]}"#, &["192.0.2.1:80"]),
        (r#"{"ip":["192.0.2.1","192.0.2.2"],"port":[80,81]}"#, &["192.0.2.1:80", "192.0.2.2:81"]),
        (
            r#"{"ip":{"0":"192.0.2.1","1":"192.0.2.2"},"port":{"0":80,"1":81},"protocol":{"0":"http","1":"socks4"}}"#,
            &["http://192.0.2.1:80", "socks4://192.0.2.2:81"],
        ),
    ]);
}

#[test]
fn what_is_no_proxy_in_json_is_never_taken() {
    yields_nothing(&[
        r#"[{"export_address":["192.0.2.9:80"],"exit_ip":"192.0.2.9:81"}]"#,
        r#"{"origin":"192.0.2.9","headers":{"Host":"192.0.2.9:80","X-Forwarded-For":"192.0.2.9:81"}}"#,
        r#"{"outbounds":[{"protocol":"vmess","settings":{"vnext":[{"address":"192.0.2.1","port":443}]}}]}"#,
        r#"{"outbounds":[{"type":"vless","server":"192.0.2.1","server_port":443,"uuid":"x"}]}"#,
        r#"[{"server":"192.0.2.1","server_port":8388,"method":"aes-256-gcm","password":"hunter2"}]"#,
        r#"[{"host":"192.0.2.1","port":443,"secret":"ee00"}]"#,
        r#"[{"type":"ss","server":"192.0.2.1","port":8388}]"#,
        r#"{"vless":["192.0.2.1:443"]}"#,
        r#"[{"type":"ssh","server":"192.0.2.1","port":22}]"#,
        r#"{"data":[],"total":0}"#,
        r#"{"dns":{"nameserver":["192.0.2.53:53"]},"listen":"192.0.2.1:80"}"#,
        r#"{"version":"1.2.3.4","time":"12:05:07"}"#,
        r#"{"client":{"ip":"192.0.2.9","port":51234},"proxies":[]}"#,
        "[]",
        "{}",
    ]);
    assert_eq!(
        proxies(
            r#"[{"host":"192.0.2.1","port":80,"export_address":["192.0.2.9:80"],"exit":{"ip":"192.0.2.8","port":1}}]"#
        ),
        ["192.0.2.1:80"],
        "where a proxy comes out is none"
    );
}

#[test]
fn json_in_lines_and_in_a_row_is_read_value_by_value() {
    let line = |n: u8| format!("{{\"ip\":\"192.0.2.{n}\",\"port\":80}}");
    let lines: String = (1..=3).map(|n| line(n) + "\n").collect();
    assert_eq!(proxies(&lines), ["192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80"]);
    assert_eq!(format_of(&lines), Format::Jsonl);
    let pretty: String =
        (1..=3).map(|n| format!("{{\n \"ip\": \"192.0.2.{n}\",\n \"port\": 80\n}}\n")).collect();
    assert_eq!(
        proxies(&pretty),
        ["192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80"],
        "objects over several lines"
    );
    let broken = format!("{}\n{{\"ip\":\"192.0.2.9\",\"por\n{}\n", line(1), line(2));
    assert_eq!(proxies(&broken), ["192.0.2.1:80", "192.0.2.2:80"], "a broken line costs itself");
    assert_eq!(format_of("[{\"ip\":\"192.0.2.1\",\"port\":80}]"), Format::Json);
}

#[test]
fn json_that_was_cut_gives_what_is_whole_of_it() {
    let whole = r#"{"total":3,"data":[{"ip":"192.0.2.1","port":80,"geo":{"city":"x"}},{"ip":"192.0.2.2","port":8080,"geo":{"city":"y"}},{"ip":"192.0.2.3","port":3128}]}"#;
    assert_eq!(proxies(whole).len(), 3);
    for cut in 1..whole.len() {
        let document = &whole[..cut];
        let (collected, totals) = collect(document, &any_address());
        let ends: Vec<usize> = ["}},{\"ip\":\"192.0.2.2", "}},{\"ip\":\"192.0.2.3", "28}"]
            .iter()
            .map(|end| whole.find(end).unwrap() + if *end == "28}" { 3 } else { 2 })
            .collect();
        let complete = ends.iter().filter(|end| **end <= cut).count();
        assert_eq!(collected.candidates.len(), complete, "{document}");
        assert!(totals.truncated || complete == 0, "it is said that the end is missing: {document}");
    }
    let (collected, totals) = collect("[\"192.0.2.1:80\", \"192.0.2.2:8", &any_address());
    assert_eq!(collected.candidates.len(), 1, "half a port is none");
    assert!(totals.truncated);
    assert!(collected.refusals.iter().any(|r| r.reason == RefusalReason::Truncated));
}

#[test]
fn json_as_people_write_it_is_understood() {
    reads(&[
        ("[\n  {\"ip\": \"192.0.2.1\", \"port\": 80},\n]", &["192.0.2.1:80"]),
        ("[{'ip': '192.0.2.1', 'port': 80, 'ok': True, 'x': None}]", &["192.0.2.1:80"]),
        ("{\n // the first\n ip: \"192.0.2.1\",\n port: 80,\n}", &["192.0.2.1:80"]),
        ("var list = [{\"ip\":\"192.0.2.1\",\"port\":80}];", &["192.0.2.1:80"]),
        ("var x = { list: [ { ip: '192.0.2.1', port: 80 } ] };", &["192.0.2.1:80"]),
        ("[{\"addr\":\"192.0.2.1:80\",\"type\":4}]", &["192.0.2.1:80"]),
        ("callback({\"data\":[{\"ip\":\"192.0.2.1\",\"port\":80}]});", &["192.0.2.1:80"]),
        ("['192.0.2.1:80', '192.0.2.2:81']", &["192.0.2.1:80", "192.0.2.2:81"]),
        ("[('192.0.2.1', '80'), ('192.0.2.2', '81')]", &["192.0.2.1:80", "192.0.2.2:81"]),
    ]);
    assert_eq!(
        proxies("[2001:db8::1]:8080\n[2001:db8::2]:8080"),
        ["[2001:db8::1]:8080", "[2001:db8::2]:8080"]
    );
    assert_eq!(proxies("[ProxyList]\nsocks5 192.0.2.1 1080\n"), ["socks5://192.0.2.1:1080"]);
    assert_eq!(proxies("[HTTP]\n192.0.2.1:80\n"), ["192.0.2.1:80"]);
}

#[test]
fn a_path_leads_to_the_proxies_and_to_nothing_else() {
    let document = r#"{"old":[{"ip":"192.0.2.9","port":80}],"new":[{"ip":"192.0.2.1","port":80},{"ip":"192.0.2.2","port":81}],"text":"192.0.2.3:82"}"#;
    let with = |path: &str| Options { json_path: Some(path.parse::<JsonPath>().unwrap()), ..any_address() };
    assert_eq!(read_with(document, &with("$.new[*]")), ["192.0.2.1:80", "192.0.2.2:81"]);
    assert_eq!(read_with(document, &with("$..[?@.port==81]")), ["192.0.2.2:81"]);
    assert_eq!(read_with(document, &with("$.text")), ["192.0.2.3:82"]);
    assert_eq!(read_with(document, &with("$.nothing")), [""; 0]);
    let error = "$.[".parse::<JsonPath>().unwrap_err();
    assert!(error.to_string().contains("$.["), "a path that is none is shown: {error}");
}

#[test]
fn settings_of_foxyproxy_are_read() {
    let old = r#"{"mode":"disabled","proxySettings":[
        {"title":"a","type":3,"address":"192.0.2.1","port":1080,"proxyDNS":true,"whitePatterns":[{"pattern":"*192.0.2.9:80*","type":1}]},
        {"title":"b","type":1,"address":"192.0.2.2","port":80,"username":"u","password":"p","whitePatterns":[]},
        {"title":"c","type":5,"active":true,"whitePatterns":[]}]}"#;
    reads(&[(old, &["socks5://192.0.2.1:1080", "http://u:p@192.0.2.2:80"])]);
    let new = r#"{"mode":"pattern","data":[
        {"type":"socks4","hostname":"192.0.2.1","port":"1080","username":"","password":"","include":[{"pattern":"*://192.0.2.9:80/*"}],"exclude":[],"pac":""},
        {"type":"https","hostname":"proxy.example.com","port":"443","username":"u","password":"p"}],
        "container":{"incognito":"192.0.2.8:1"},"commands":{"setProxy":"192.0.2.8:2"}}"#;
    reads(&[(new, &["socks4://192.0.2.1:1080", "https://u:p@proxy.example.com:443"])]);
    let browser = "<?xml version=\"1.0\"?><foxyproxy mode=\"x\"><proxies><proxy name=\"a\"><matches><match pattern=\"*192.0.2.9:80*\"/></matches>\
        <manualconf host=\"192.0.2.1\" port=\"1080\" socksversion=\"5\" isSocks=\"true\" username=\"u\" password=\"p\"/></proxy>\
        <proxy name=\"b\"><manualconf host=\"192.0.2.2\" port=\"80\" socksversion=\"5\" isSocks=\"false\"/></proxy></proxies></foxyproxy>";
    reads(&[(browser, &["socks5://u:p@192.0.2.1:1080", "http://192.0.2.2:80"])]);
}

#[test]
fn clash_and_other_yaml_is_read() {
    let clash = "# generated\nmixed-port: 7890\nexternal-controller: \"127.0.0.1:9090\"\ndns:\n  nameserver: [192.0.2.53:53]\nproxies:\n  - name: \"US 192.0.2.9:80\"\n    type: http\n    server: 192.0.2.1\n    port: 80\n  - {name: b, type: socks5, server: proxy.example.com, port: 1080, username: u, password: p}\nproxy-groups:\n  - name: x\n    type: select\n    proxies: [b]\n";
    reads(&[
        (clash, &["http://192.0.2.1:80", "socks5://u:p@proxy.example.com:1080"]),
        (
            "http:\n  - 192.0.2.1:80\nsocks5:\n  - 192.0.2.2:81\n",
            &["http://192.0.2.1:80", "socks5://192.0.2.2:81"],
        ),
        (
            "---\n- ip: 192.0.2.1\n  port: 80\n- ip: 192.0.2.2\n  port: 81\n  protocol: socks4\n",
            &["192.0.2.1:80", "socks4://192.0.2.2:81"],
        ),
        ("- host: 192.0.2.1\n  port: '80'\n", &["192.0.2.1:80"]),
        (
            "proxies:\n- &a {type: http, server: 192.0.2.1, port: 80}\n- <<: *a\n  port: 81\n",
            &["http://192.0.2.1:80", "http://192.0.2.1:81"],
        ),
    ]);
    assert_eq!(format_of(clash), Format::Yaml);
    let tls = "proxies:\n- {type: http, server: 192.0.2.1, port: 443, tls: true}\n- {type: socks5, server: 192.0.2.2, port: 443, tls: true}\n";
    assert_eq!(proxies(tls), ["https://192.0.2.1:443"]);
    assert_eq!(refusals(tls), [(2, "other_scheme")]);
    assert_eq!(
        proxies("- 192.0.2.1:80\n- 192.0.2.2:81\n"),
        ["192.0.2.1:80", "192.0.2.2:81"],
        "a list in text with dashes"
    );
    let foreign = "proxies:\n- name: US 192.0.2.9:80\n  type: vless\n  server: 192.0.2.1\n  port: 443\n- {type: ss, server: 192.0.2.2, port: 8388, cipher: aes-128-gcm, password: hunter2}\n- name: c\n  type: trojan\n  server: 192.0.2.3\n  port: 443\n  password: hunter2\n";
    assert_eq!(refusals(foreign), [(1, "other_scheme"), (2, "other_scheme"), (3, "other_scheme")]);
    yields_nothing(&[foreign]);
}

#[test]
fn a_broken_item_of_yaml_costs_itself() {
    let broken = "proxies:\n- {type: http, server: 192.0.2.1, port: 80}\n- {type: http, server: \"192.0.2.2, port: 81}\n- {type: http, server: 192.0.2.3, port: 82}\n";
    assert_eq!(proxies(broken), ["http://192.0.2.1:80", "http://192.0.2.3:82"]);
    assert_eq!(refusals(broken), [(2, "syntax")]);
    let names = "proxies:\n- name: [SS] x\n  type: http\n  server: 192.0.2.1\n  port: 80\n- {name: \"a\" b, c, type: socks5, server: 192.0.2.2, port: 81}\n- {name: \"US\", type: http, server: 192.0.2.3, port: 82}\n";
    assert_eq!(
        proxies(names),
        ["http://192.0.2.1:80", "socks5://192.0.2.2:81", "http://192.0.2.3:82"],
        "names that nobody quoted"
    );
    let cut = "proxies:\n- name: a\n  type: http\n  server: 192.0.2.1\n  port: 80\n- {type: http, server: 192.0.2.2, po";
    assert_eq!(proxies(cut), ["http://192.0.2.1:80"]);
    assert!(collect(cut, &any_address()).1.truncated);
}

#[test]
fn a_bomb_of_aliases_is_refused_quickly() {
    let mut bomb = "a: &a [192.0.2.1:80, 192.0.2.1:80]\n".to_owned();
    for (before, name) in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"].windows(2).map(|w| (w[0], w[1]))
    {
        bomb += &format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 10].join(", "));
    }
    let (collected, totals) = collect(format!("---\n{bomb}"), &any_address());
    assert!(collected.candidates.len() < 1_000_000);
    assert!(totals.refusals > 0);
}

#[test]
fn xml_and_feeds_are_read() {
    reads(&[
        (
            "<?xml version=\"1.0\"?><proxies><proxy><ip>192.0.2.1</ip><port>80</port><type>HTTP</type></proxy><proxy><ip>192.0.2.2</ip><port>81</port></proxy></proxies>",
            &["http://192.0.2.1:80", "192.0.2.2:81"],
        ),
        ("<list><proxy ip=\"192.0.2.1\" port=\"80\" type=\"socks5\"/></list>", &["socks5://192.0.2.1:80"]),
        (
            "<list><proxy>192.0.2.1:80</proxy><proxy>192.0.2.2:81</proxy></list>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        ("<list><proxy type=\"socks4\">192.0.2.1:80</proxy></list>", &["socks4://192.0.2.1:80"]),
        (
            "<rss version=\"2.0\" xmlns:prx=\"x\"><channel><item><title>a</title><prx:proxy><prx:ip>192.0.2.1</prx:ip><prx:port>80</prx:port><prx:type>Socks5</prx:type></prx:proxy><prx:proxy><prx:ip>192.0.2.2</prx:ip><prx:port>81</prx:port></prx:proxy></item></channel></rss>",
            &["socks5://192.0.2.1:80", "192.0.2.2:81"],
        ),
        (
            "<rss><channel><prx:ip>192.0.2.1</prx:ip><prx:port>80</prx:port><prx:ip>192.0.2.2</prx:ip><prx:port>81</prx:port></channel></rss>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        (
            "<rss><channel><item><title>List</title><link>http://lists.example/a</link><description>192.0.2.1:80&lt;br /&gt;192.0.2.2:81&lt;br /&gt;</description></item></channel></rss>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        (
            "<feed><entry><content type=\"html\"><![CDATA[<table><tr><th>IP</th><th>Port</th></tr><tr><td>192.0.2.1</td><td>80</td></tr></table>]]></content></entry></feed>",
            &["192.0.2.1:80"],
        ),
        (
            "<rss><item><title>192.0.2.1:80</title><pubDate>Thu, 26 Nov 2026 00:05:00 +0000</pubDate></item></rss>",
            &["192.0.2.1:80"],
        ),
        ("<list><x>192.0.2.&#49;:&#x38;0</x></list>", &["192.0.2.1:80"]),
        (
            "<db><row><field name=\"ip\">192.0.2.1</field><field name=\"port\">80</field></row><row><field name=\"ip\">192.0.2.2</field><field name=\"port\">81</field></row></db>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        (
            "<plist><array><dict><key>ip</key><string>192.0.2.1</string><key>port</key><integer>80</integer></dict></array></plist>",
            &["192.0.2.1:80"],
        ),
        (
            "<rss><channel><item><title>192.0.2.1</title><description>IP: 192.0.2.1, Port: 80, Type: HTTP</description></item></channel></rss>",
            &["http://192.0.2.1:80"],
        ),
    ]);
    assert_eq!(format_of("<?xml version=\"1.0\"?><a><ip>192.0.2.1</ip><port>80</port></a>"), Format::Xml);
}

#[test]
fn entities_that_a_document_defines_are_never_expanded() {
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY a \"192.0.2.9:80\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY f SYSTEM \"file:///etc/passwd\">]>\
        <r><proxy>&b;</proxy><proxy>&f;</proxy><proxy>192.0.2.1:80</proxy></r>";
    assert_eq!(proxies(bomb), ["192.0.2.1:80"]);
}

#[test]
fn xml_that_was_cut_gives_what_is_whole_of_it() {
    let cut = "<list><proxy><ip>192.0.2.1</ip><port>80</port></proxy><proxy><ip>192.0.2.2</ip><port>8";
    assert_eq!(proxies(cut), ["192.0.2.1:80"]);
    assert!(collect(cut, &any_address()).1.truncated);
}

#[test]
fn pac_files_are_read_without_being_run() {
    reads(&[
        (
            "function FindProxyForURL(url, host) {\n if (isInNet(host, \"10.0.0.0\", \"255.0.0.0\")) return \"DIRECT\";\n // PROXY 192.0.2.9:80\n return \"PROXY 192.0.2.1:80; SOCKS5 192.0.2.2:1080; HTTPS proxy.example.com:443; DIRECT\";\n}",
            &["http://192.0.2.1:80", "socks5://192.0.2.2:1080", "https://proxy.example.com:443"],
        ),
        (
            "function FindProxyForURL(u, h) { return 'SOCKS 192.0.2.1:1080; SOCKS4 192.0.2.2:1080'; }",
            &["192.0.2.1:1080", "socks4://192.0.2.2:1080"],
        ),
        (
            "var port = 8000 + 80;\nfunction FindProxyForURL(url, host) {\n var p = '192.0.2.1:' + port;\n if (x) { return 'PROXY ' + p; }\n return 'DIRECT';\n}",
            &["http://192.0.2.1:8080"],
        ),
        (
            "var list = [\"PROXY 192.0.2.1:80\", \"PROXY 192.0.2.2:81\"];\nfunction FindProxyForURL(url, host) { return list[0]; }",
            &["http://192.0.2.1:80", "http://192.0.2.2:81"],
        ),
        (
            "function FindProxyForURL(u, h) { var l = ['192.0.2.1:80', '192.0.2.2:81'], s = ''; for (var i = 0; i < l.length; i++) { s += 'PROXY ' + l[i] + '; '; } return s + 'DIRECT'; }",
            &["http://192.0.2.1:80", "http://192.0.2.2:81"],
        ),
    ]);
    assert_eq!(
        refusals("function FindProxyForURL(u, h) { return 'PROXY proxy:8080'; }"),
        [(1, "single_label")]
    );
    assert_eq!(format_of("function FindProxyForURL(u, h) { return 'DIRECT'; }"), Format::Pac);
}

#[test]
fn base64_is_decoded_wherever_it_stands() {
    use base64::Engine;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let list = "http://192.0.2.1:80\nsocks5://192.0.2.2:1080\n";
    let expected = ["http://192.0.2.1:80", "socks5://192.0.2.2:1080"];
    let one_line = encode(list);
    let wrapped: String =
        one_line.as_bytes().chunks(20).map(|c| format!("{}\r\n", String::from_utf8_lossy(c))).collect();
    let url_safe = one_line.replace('+', "-").replace('/', "_").trim_end_matches('=').to_owned();
    let twice = encode(&one_line);
    let json = encode("[{\"ip\":\"192.0.2.1\",\"port\":80,\"type\":\"http\"},\"socks5://192.0.2.2:1080\"]");
    for document in [&one_line, &wrapped, &url_safe, &twice, &json] {
        assert_eq!(proxies(document), expected, "{document}");
        assert_eq!(format_of(document), Format::Base64, "{document}");
    }
    let among = format!("# first\n{}\n{}\n", one_line, encode("192.0.2.3:82\n192.0.2.4:83"));
    assert_eq!(
        proxies(&among),
        [expected[0], expected[1], "192.0.2.3:82", "192.0.2.4:83"],
        "lines among other lines"
    );
    let each = format!("{}\n{}\n", encode("192.0.2.1:8080"), encode("192.0.2.2:8081"));
    assert_eq!(proxies(&each), ["192.0.2.1:8080", "192.0.2.2:8081"], "lines that were encoded one by one");
    let table = encode("ip,port,type\n192.0.2.1,80,http\n");
    assert_eq!(proxies(&table), ["http://192.0.2.1:80"], "a table");
    let in_json = format!("{{\"data\":\"{one_line}\"}}");
    assert_eq!(proxies(in_json), expected);
    let long = encode(
        &(0..20_000)
            .map(|n| format!("192.0.{}.{}:{}\n", n / 200 % 200 + 1, n % 200, n + 1))
            .collect::<String>(),
    );
    assert_eq!(proxies(&long).len(), 20_000, "a line longer than lines of text may be");
    assert_eq!(proxies("aGVsbG8gd29ybGQhIGhlbGxvIHdvcmxkIQ=="), [""; 0], "words are no list");
    let foreign = encode("vless://x@192.0.2.1:443\nss://YWVzOnB3@192.0.2.2:8388\n");
    yields_nothing(&[&foreign]);
}

/// A text in UTF-16.
fn utf16(text: &str, mark: bool, big: bool) -> Vec<u8> {
    let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
    units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

#[test]
fn utf_16_is_read_with_and_without_its_mark() {
    let lists = [
        ("192.0.2.1:80\r\nsocks5://192.0.2.2:81\r\n", ["192.0.2.1:80", "socks5://192.0.2.2:81"]),
        ("ip,port,type\n192.0.2.1,80,\n192.0.2.2,81,socks5", ["192.0.2.1:80", "socks5://192.0.2.2:81"]),
        (
            "[{\"ip\":\"192.0.2.1\",\"port\":80},\n\"socks5://192.0.2.2:81\"]",
            ["192.0.2.1:80", "socks5://192.0.2.2:81"],
        ),
    ];
    for (list, expected) in lists {
        for (mark, big) in [(true, true), (true, false), (false, true), (false, false)] {
            assert_eq!(proxies(utf16(list, mark, big)), expected, "mark {mark}, big {big}: {list}");
        }
    }
    let long: String = (0..5000).map(|n| format!("192.0.2.1:{}\n", n + 1)).collect();
    assert_eq!(proxies(utf16(&long, false, false)).len(), 5000, "longer than what is looked at");
}

#[test]
fn other_charsets_are_told_by_label_or_guessed() {
    let page = "<html><head><title>代理服务器列表</title></head><table><tr><th>服务器</th><th>端口</th><th>类型</th></tr><tr><td>192.0.2.1</td><td>80</td><td>HTTP</td></tr></table>";
    for encoding in [encoding_rs::GBK, encoding_rs::BIG5] {
        let page = if encoding == encoding_rs::BIG5 {
            page.replace("端口", "埠")
                .replace("服务器", "伺服器")
                .replace("类型", "類型")
                .replace("列表", "清單")
        } else {
            page.to_owned()
        };
        let (bytes, _, unmappable) = encoding.encode(&page);
        assert!(!unmappable, "the fixture can be written in {}", encoding.name());
        let declared = Options { charset: Some(encoding.name().to_owned()), ..any_address() };
        assert_eq!(read_with(&bytes, &declared), ["http://192.0.2.1:80"], "{} by its label", encoding.name());
        let labelled = page.replace("<head>", &format!("<head><meta charset=\"{}\">", encoding.name()));
        let (labelled, _, _) = encoding.encode(&labelled);
        assert_eq!(proxies(&labelled), ["http://192.0.2.1:80"], "{} by the page itself", encoding.name());
        let wrong = Options { charset: Some("utf-16".to_owned()), ..any_address() };
        assert_eq!(
            read_with(page.as_bytes(), &wrong),
            ["http://192.0.2.1:80"],
            "bytes that contradict the label"
        );
    }
    let (named, _, _) =
        encoding_rs::GBK.encode("地址：192.0.2.1 端口：80 类型：HTTP\n地址：192.0.2.2 端口：81\n");
    assert_eq!(proxies(&named), ["http://192.0.2.1:80", "192.0.2.2:81"], "parts that carry their names");
    let (russian, _, _) = encoding_rs::WINDOWS_1251
        .encode("Хост;Порт;Тип;Страна\n192.0.2.1;80;SOCKS5;Россия\n192.0.2.2;81;SOCKS4;Украина\n");
    assert_eq!(proxies(&russian), ["socks5://192.0.2.1:80", "socks4://192.0.2.2:81"], "the head of a table");
    let latin = Options { charset: Some("iso-8859-1".to_owned()), ..any_address() };
    assert_eq!(read_with("代理 192.0.2.1:80", &latin), ["192.0.2.1:80"], "UTF-8 under a label of habit");
}

#[test]
fn messages_of_errors_bring_nothing_and_are_named() {
    let table = [
        ("404: Not Found", Page::Error),
        ("error code: 1015", Page::Error),
        ("{\"error\":\"not found\"}", Page::Error),
        (
            "{\"message\":\"API rate limit exceeded for 192.0.2.9.\",\"documentation_url\":\"https://docs.example/\"}",
            Page::Error,
        ),
        ("{\n  \"status\": \"error\",\n  \"msg\": \"too many requests\"\n}", Page::Error),
        ("{\"code\":429,\"msg\":\"请求过于频繁\"}", Page::Error),
        ("{\"success\":false,\"data\":[]}", Page::Error),
        (
            "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>",
            Page::Error,
        ),
    ];
    for (message, page) in table {
        let (collected, totals) = collect(message, &any_address());
        assert_eq!(collected.candidates, [], "{message}");
        assert_eq!(totals.page, Some(page), "{message}");
        assert!(totals.refusals > 0, "{message}");
    }
    for list in [
        "{\"message\":\"success\",\"code\":200,\"data\":[]}",
        "{\"error\":null,\"data\":[]}",
        "192.0.2.1:80",
        "words",
        "",
    ] {
        assert_eq!(collect(list, &any_address()).1.page, None, "{list}");
    }
    let with_list = "{\"error\":\"slow\",\"data\":[{\"ip\":\"192.0.2.1\",\"port\":80}]}";
    assert_eq!(collect(with_list, &any_address()).1.page, None, "what brings proxies is a list");
}

#[test]
fn no_refusal_of_a_document_holds_a_password() {
    for document in [
        "[{\"ip\":\"192.0.02.1\",\"port\":80,\"user\":\"u\",\"password\":\"hunter2\"}]",
        "[{\"ip\":\"192.0.2.1\",\"port\":80,\"password\":\"hunter2\"},\n{\"ip\": hunter2",
        "[[\"192.0.02.1\",80,\"u\",\"hunter2\"],[\"192.0.2.1\",80,\"u\",\"hunter2",
        "[\"u:hunter2@192.0.02.1:80\"]",
        "proxies:\n- {type: ss, server: 192.0.2.1, port: 1, password: hunter2}\n- {a: \"hunter2\n",
        "proxies:\n- {server: \"x, password: hunter2}\n- {type: http, server: 192.0.02.1, port: 80, password: hunter2}\n",
        "<r><p><host>192.0.02.1</host><port>80</port><password>hunter2</password></p><p><password>hunter2",
        "<r><p host='192.0.02.1' port='80' password='hunter2'/></r>",
        "<table><tr><th>Host</th><th>Port</th><th>Password</th></tr><tr><td>192.0.02.1</td><td>80</td><td>hunter2</td></tr></table>",
        "<p>u:hunter2@192.0.02.1:80</p>",
        "function FindProxyForURL(){return 'PROXY u:hunter2@192.0.02.1:80'}",
    ] {
        let (collected, _) = collect(document, &any_address());
        assert!(!collected.refusals.is_empty(), "{document}");
        for refusal in &collected.refusals {
            assert!(!refusal.text.contains("hunter2"), "{document}: refused as {}", refusal.text);
        }
    }
}

#[test]
fn a_document_that_is_too_large_is_refused_and_a_list_of_lines_is_not() {
    let row = "{\"ip\":\"192.0.2.1\",\"port\":80},\n";
    let document = format!("[\n{}", row.repeat(MAX_DOCUMENT / row.len() + 1));
    let (collected, totals) = collect(&document, &any_address());
    assert_eq!((collected.candidates.len(), totals.format), (0, Format::Json));
    assert_eq!(
        collected.refusals.iter().map(|r| r.reason).collect::<Vec<_>>(),
        [RefusalReason::DocumentTooLarge]
    );
    let line = "192.0.2.1:80\n";
    let (collected, _) = collect(line.repeat(MAX_DOCUMENT / line.len() + 1), &any_address());
    assert!(collected.candidates.len() > MAX_DOCUMENT / line.len(), "lines have no such limit");
}

#[test]
fn the_format_can_be_fixed() {
    let fixed = |format: Format| Options { format: Some(format), ..any_address() };
    let list = "- 192.0.2.1:80\n- 192.0.2.2:81\n";
    for format in [Format::Text, Format::Yaml] {
        assert_eq!(read_with(list, &fixed(format)), ["192.0.2.1:80", "192.0.2.2:81"], "{format}");
        assert_eq!(collect(list, &fixed(format)).1.format, format);
    }
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(format));
        let (collected, totals) = collect("words and nothing else", &fixed(format));
        assert_eq!(collected.candidates, [], "{format}");
        assert!(totals.refusals > 0, "{format}");
        let challenge = "<html><head><title>Just a moment...</title></head><body>192.0.2.9:80</body></html>";
        assert_eq!(collect(challenge, &fixed(format)).0.candidates, [], "{format}: a page of a test is none");
    }
    assert!("exe".parse::<Format>().is_err());
}
