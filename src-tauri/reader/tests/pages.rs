//! What pages mean: tables, boxes, text, data in scripts, and what they hide. The pages are made up in the ways that pages
//! of proxies are written; each row is one and the proxies in it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]
#![allow(unreachable_pub, reason = "what tests share is a module, not an interface")]

mod common;

use common::{Collected, any_address, collect, proxies, refusals, written};
use proxydeck_reader::{Candidate, Format, Options, Page, Refusal, Selectors, Sink, read};

fn reads(table: &[(&str, &[&str])]) {
    for (page, expected) in table {
        assert_eq!(proxies(page), *expected, "the proxies of {page}");
    }
}

/// A table with one proxy, whose address and port are written so.
fn in_table(address: &str, port: &str) -> String {
    format!("<table><tr><th>IP</th><th>Port</th></tr><tr><td>{address}</td><td>{port}</td></tr></table>")
}

#[test]
fn columns_are_known_by_their_heads_in_many_languages() {
    for (address, port, kind) in [
        ("IP Address", "Port", "Protocol"),
        ("Proxy IP", "Proxy Port", "Proxy Type"),
        ("IP地址", "端口", "协议"),
        ("IP位址", "連接埠", "協定"),
        ("Адрес прокси", "Порт", "Тип"),
        ("Dirección IP", "Puerto", "Tipo"),
        ("Endereço IP", "Porta", "Protocolo"),
        ("IP-Adresse", "Port", "Typ"),
        ("Adresse IP", "Port", "Type"),
        ("IPアドレス", "ポート", "プロトコル"),
        ("IP 주소", "포트", "유형"),
        ("IP Adresi", "Port", "Tür"),
        ("Địa chỉ IP", "Cổng", "Loại"),
        ("Alamat IP", "Port", "Jenis"),
        ("Indirizzo IP", "Porta", "Protocollo"),
        ("IP-адреса", "Порт", "Тип"),
        ("Adres IP", "Port", "Protokół"),
        ("IP adresa", "Port", "Typ"),
        ("IP-cím", "Port", "Típus"),
        ("Διεύθυνση IP", "Θύρα", "Τύπος"),
        ("عنوان IP", "المنفذ", "النوع"),
        ("آدرس IP", "پورت", "نوع"),
        ("כתובת IP", "פורט", "סוג"),
        ("ที่อยู่ IP", "พอร์ต", "ประเภท"),
        ("आईपी पता", "पोर्ट", "प्रकार"),
        ("IP osoite", "Portti", "Tyyppi"),
        ("IP-adres", "Poort", "Type"),
        ("代理服务器IP", "代理端口", "类别"),
        ("IP/Host", "Port Proxy", "Tipe"),
        ("IP address ▲", "Port ⇅", "Type (?)"),
        ("<a href='?sort=ip' title='Sort'>IP</a>", "<span>port</span>", "<b>TYPE</b>"),
    ] {
        let page = format!(
            "<table><thead><tr><th>#</th><th>{address}</th><th>{port}</th><th>x</th><th>{kind}</th></tr></thead>\
             <tbody><tr><td>1</td><td>192.0.2.1</td><td>8080</td><td>2</td><td>SOCKS5</td></tr></tbody></table>"
        );
        assert_eq!(proxies(&page), ["socks5://192.0.2.1:8080"], "{address}");
    }
}

#[test]
fn tables_of_every_build_are_read() {
    reads(&[
        // The port in front, heads in cells that are no heads, no ends of rows.
        (
            "<table><tr><td>Port<td>Country<td>IP<tr><td>80<td>PE<td>192.0.2.1<tr><td>81<td>PE<td>192.0.2.2</table>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        // A head over two columns.
        (
            "<table><tr><th colspan=2>Country</th><th>IP</th><th>Port</th></tr><tr><td>f</td><td>PE</td><td>192.0.2.1</td><td>80</td></tr></table>",
            &["192.0.2.1:80"],
        ),
        // Heads in two rows, of which the first reaches over or down into the second.
        (
            "<table><tr><th colspan=2>Proxy</th><th colspan=2>More</th></tr><tr><th>IP</th><th>Port</th><th>Country</th><th>Type</th></tr><tr><td>192.0.2.1</td><td>80</td><td>PE</td><td>HTTP</td></tr></table>",
            &["http://192.0.2.1:80"],
        ),
        (
            "<table><tr><th rowspan=2>#</th><th colspan=2>Server</th><th rowspan=2>Type</th></tr><tr><th>Port</th><th>Host</th></tr><tr><td>1</td><td>80</td><td>192.0.2.1</td><td>HTTP</td></tr></table>",
            &["http://192.0.2.1:80"],
        ),
        (
            "<table><tr><td rowspan=2>Country</td><td colspan=2>Proxy</td><td rowspan=2>Type</td></tr><tr><td>IP</td><td>Port</td></tr><tr><td>PE</td><td>192.0.2.1</td><td>80</td><td>SOCKS5</td></tr></table>",
            &["socks5://192.0.2.1:80"],
        ),
        // Cells that reach down into the rows below.
        (
            "<table><tr><th>Country</th><th>IP</th><th>Port</th></tr><tr><td rowspan=2>PE</td><td>192.0.2.1</td><td>80</td></tr><tr><td>192.0.2.2</td><td>81</td></tr><tr><td>CL</td><td>192.0.2.3</td><td>82</td></tr></table>",
            &["192.0.2.1:80", "192.0.2.2:81", "192.0.2.3:82"],
        ),
        (
            "<table><tr><th>IP</th><th>Port</th></tr><tr><td rowspan=2>192.0.2.1</td><td>80</td></tr><tr><td>81</td></tr></table>",
            &["192.0.2.1:80", "192.0.2.1:81"],
        ),
        // Columns within one row.
        (
            "<table><tr><th>Port</th><th>IP</th></tr><tr><td>80<br>81</td><td>192.0.2.1<br>192.0.2.2</td></tr></table>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        (
            "<table><tr><td>192.0.2.1<br>192.0.2.2</td><td>80<br/>81</td><td>HTTP<br>SOCKS5</td><td>12<br>13</td></tr></table>",
            &["http://192.0.2.1:80", "socks5://192.0.2.2:81"],
        ),
        (
            "<table><tr><td>IP<br>192.0.2.1<br>192.0.2.2</td><td>Port<br>80<br>81</td></tr></table>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        // Names within cells, and a colon.
        (
            "<table><tr><td>IP: 192.0.2.1</td><td>Port: 80</td><td>Type: HTTP</td></tr></table>",
            &["http://192.0.2.1:80"],
        ),
        ("<table><tr><td>192.0.2.1</td><td>:80</td></tr></table>", &["192.0.2.1:80"]),
        // Tables that are none to a browser.
        (
            "<div role=table><div role=row><span role=columnheader>IP</span><span role=columnheader>Port</span></div><div role=row><span role=cell>192.0.2.1</span><span role=cell>80</span></div></div>",
            &["192.0.2.1:80"],
        ),
        (
            "<div><h3>192.0.2.1:80</h3><p>Type: SOCKS5</p></div><div><h3>192.0.2.2:81</h3><p>SOCKS4 below</p></div>",
            &["socks5://192.0.2.1:80", "192.0.2.2:81"],
        ),
        // Fields to copy from.
        (
            "<table><tr><td><input value=\"192.0.2.1\"></td><td><input value=\"80\"></td></tr></table>",
            &["192.0.2.1:80"],
        ),
        // An advertisement over all columns, and the heads once more.
        (
            "<table><tr><th>IP</th><th>Port</th></tr><tr><td colspan=2>Buy 99.99% now</td></tr><tr><td>192.0.2.1</td><td>80</td></tr><tr><th>IP</th><th>Port</th></tr><tr><td>192.0.2.2</td><td>81</td></tr></table>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        // Tables for the layout around it.
        (
            "<table><tr><td><table><tr><td>Menu</td></tr></table></td><td><table><tr><th>Host</th><th>Port</th></tr><tr><td>192.0.2.1</td><td>80</td></tr></table></td></tr></table>",
            &["192.0.2.1:80"],
        ),
        // Several tables with different columns.
        (
            "<table><tr><th>IP</th><th>Port</th></tr><tr><td>192.0.2.1</td><td>80</td></tr></table><table><tr><th>Port</th><th>IP</th></tr><tr><td>81</td><td>192.0.2.2</td></tr></table>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        // Rows that no table is around.
        (
            "<div><tr><th>IP</th><th>Port</th></tr><div>x</div><tr><td>192.0.2.1</td><td>80</td></tr></div>",
            &["192.0.2.1:80"],
        ),
        // Address and port in one cell, with and without heads.
        (
            "<table><tr><th>Proxy address:port</th><th>Proxy type</th></tr><tr><td>192.0.2.1:80</td><td>HTTP</td></tr></table>",
            &["http://192.0.2.1:80"],
        ),
        (
            "<table><tr><td>192.0.2.1:80</td><td>SOCKS4</td><td>host.example.net</td></tr></table>",
            &["socks4://192.0.2.1:80"],
        ),
        (
            "<table><tr><td>7</td><td>192.0.2.1</td><td>80</td><td>Peru</td><td>HTTPS</td></tr></table>",
            &["https://192.0.2.1:80"],
        ),
        ("<table><tr><td> 192.0.2.1 : 80 </td></tr></table>", &["192.0.2.1:80"]),
        // Names of columns in attributes.
        (
            "<table><tr><td data-title='PORT'>80</td><td data-title='IP'>192.0.2.1</td></tr></table>",
            &["192.0.2.1:80"],
        ),
        // One proxy upright.
        (
            "<table><tr><th>IP</th><td>192.0.2.1</td></tr><tr><th>Country</th><td>PE</td></tr><tr><th>Port</th><td>80</td></tr><tr><th>Type</th><td>SOCKS5</td></tr></table>",
            &["socks5://192.0.2.1:80"],
        ),
        // Names instead of addresses, and an account.
        (
            "<table><tr><th>Host</th><th>Port</th><th>User</th><th>Password</th></tr><tr><td>proxy.example.com</td><td>80</td><td>u</td><td>p</td></tr></table>",
            &["u:p@proxy.example.com:80"],
        ),
        // Reverse names beside addresses.
        (
            "<table><tr><th>Proxy</th><th>Host</th></tr><tr><td>192.0.2.1:80</td><td>-</td></tr><tr><td>192.0.2.2:81</td><td>host.example.net</td></tr></table>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        // Icons for words.
        (
            "<table><tr><th>IP</th><th>Port</th><th>HTTP</th><th>SOCKS5</th></tr><tr><td>192.0.2.1</td><td>80</td><td><i title='No'></i></td><td><img alt='Yes'></td></tr></table>",
            &["socks5://192.0.2.1:80"],
        ),
        (
            "<table><tr><th>IP</th><th>Port</th></tr><tr><td>192.0.2.1<br><small>host.example.net</small></td><td><a href='/p/80'>80</a></td></tr></table>",
            &["192.0.2.1:80"],
        ),
        (
            "<table><tr><th>IP</th><th>Port</th></tr><tr><td>2001:db8::1</td><td>80</td></tr></table>",
            &["[2001:db8::1]:80"],
        ),
        // Bare versions of SOCKS.
        (
            "<table><tr><th>IP</th><th>Port</th><th>Type</th></tr><tr><td>192.0.2.1</td><td>80</td><td>4/5</td></tr><tr><td>192.0.2.2</td><td>81</td><td>5</td></tr></table>",
            &["socks4://192.0.2.1:80", "socks5://192.0.2.1:80", "socks5://192.0.2.2:81"],
        ),
    ]);
}

#[test]
fn numbers_that_are_no_ports_are_left_alone() {
    for page in [
        "<table><tr><th>Hop</th><th>Address</th><th>RTT</th></tr><tr><td>1</td><td>192.0.2.1</td><td>12</td></tr></table>",
        "<table><tr><th>Date</th><th>Version</th><th>Size</th></tr><tr><td>2024</td><td>1.2.3.4</td><td>8080</td></tr></table>",
        // The number between two addresses belongs to either.
        "<p>8080</p><p>192.0.2.1</p><p>8081</p><p>192.0.2.2</p>",
        "<table><tr><th>IP</th><th>Port</th></tr><tr><td>192.0.2.1x</td><td>80</td></tr></table>",
        "<p>Connect from 192.0.2.9 port 4242 at 12:00</p>",
    ] {
        assert_eq!(proxies(page), [""; 0], "{page}");
    }
    let ranked = "<p>1</p><p>192.0.2.1</p><p>8080</p><p>2</p><p>192.0.2.2</p><p>8081</p>";
    assert_eq!(proxies(ranked), ["192.0.2.1:8080", "192.0.2.2:8081"], "numbers of entries");
}

#[test]
fn columns_that_do_not_match_are_not_paired() {
    for page in [
        "<table><tr><td>192.0.2.1<br>192.0.2.2</td><td>80</td></tr></table>",
        "<table><tr><th>IP</th><th>Port</th></tr><tr><td>192.0.2.1<br>192.0.2.2</td><td>80<br>81<br>82</td></tr></table>",
        "<div><div>192.0.2.1<br>192.0.2.2</div><div>80</div></div>",
        "<div><div>192.0.2.1<br>192.0.2.2</div><div>words</div><div>80<br>81</div></div>",
    ] {
        assert_eq!(proxies(page), [""; 0], "{page}");
        assert_eq!(refusals(page).len(), 1, "and that is told: {page}");
    }
    let beside = "<div style='display:flex'><div>192.0.2.1<br>192.0.2.2</div><div>80<br>81</div></div>";
    assert_eq!(proxies(beside), ["192.0.2.1:80", "192.0.2.2:81"], "as many ports as addresses");
}

#[test]
fn a_column_for_https_says_which_rows_are_https() {
    let page = "<table><tr><th>IP</th><th>Port</th><th>Google</th><th>Https</th></tr>\
        <tr><td>192.0.2.1</td><td>80</td><td>no</td><td>yes</td></tr><tr><td>192.0.2.2</td><td>81</td><td>no</td><td>no</td></tr></table>";
    assert_eq!(proxies(page), ["https://192.0.2.1:80", "http://192.0.2.2:81"]);
    let without_heads = "<table><tr><td>192.0.2.1</td><td>80</td><td>US</td><td>United States</td><td>elite proxy</td><td>no</td><td>yes</td><td>1 minute ago</td></tr></table>";
    assert_eq!(proxies(without_heads), ["https://192.0.2.1:80"]);
}

#[test]
fn what_is_wrong_in_a_row_is_told() {
    let row = |address: &str, port: &str| in_table(address, port);
    for (address, port, reason) in [
        ("192.0.02.1", "80", "leading_zero"),
        ("192.0.2.1", "0", "bad_port"),
        ("192.0.2.1", "70000", "bad_port"),
        ("192.0.2.1", "8000-8010", "bad_port"),
        ("192.0.2.256", "80", "bad_address"),
    ] {
        let page = row(address, port);
        assert_eq!(proxies(&page), [""; 0], "{address} {port}");
        assert_eq!(refusals(&page), [(1, reason)], "{address} {port}");
    }
    let foreign = "<table><tr><th>IP</th><th>Port</th><th>Type</th></tr><tr><td>192.0.2.1</td><td>443</td><td>vless</td></tr></table>";
    assert_eq!(refusals(foreign), [(1, "other_scheme")]);
    assert_eq!(
        refusals("<table><tr><td>192.0.2.1</td><td>443</td><td>MTProto</td></tr></table>"),
        [(1, "other_scheme")]
    );
    let exit = "<table><tr><th>IP</th><th>Port</th><th>Exit IP</th></tr><tr><td>192.0.2.1</td><td>80</td><td>192.0.2.9:81</td></tr></table>";
    assert_eq!(proxies(exit), ["192.0.2.1:80"]);
    let visits = "<table><tr><td>www.example.com</td><td>443</td></tr><tr><td>Server: 1.2.3</td><td>12:05</td></tr></table>";
    assert_eq!(proxies(visits), [""; 0], "names and numbers without a head are none");
}

#[test]
fn text_of_pages_is_read_between_the_borders_of_elements() {
    reads(&[
        (
            "<html><body>192.0.2.1:80<br>192.0.2.2:81<br/>192.0.2.3:82</body></html>",
            &["192.0.2.1:80", "192.0.2.2:81", "192.0.2.3:82"],
        ),
        ("<pre>192.0.2.1:80\n192.0.2.2:81\n</pre>", &["192.0.2.1:80", "192.0.2.2:81"]),
        (
            "<p>Updated 12:05</p><textarea readonly>Free list\n\n192.0.2.1:80\n192.0.2.2:81</textarea>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        ("<pre>ip,port,type\n192.0.2.1,80,socks5</pre>", &["socks5://192.0.2.1:80"]),
        ("<ul><li>192.0.2.1:80<li>socks5://192.0.2.2:81</ul>", &["192.0.2.1:80", "socks5://192.0.2.2:81"]),
        ("<div>192.0.2.1<span>:</span><b>80</b></div>", &["192.0.2.1:80"]),
        ("<div><span>192.0.2.1</span> <span>80</span></div>", &["192.0.2.1:80"]),
        ("<div>\n192.0.2.1:80\n192.0.2.2:81\n</div>", &["192.0.2.1:80", "192.0.2.2:81"]),
        (
            "<ul><li>192.0.2.1</li><li>80</li><li>HTTP</li></ul><ul><li>192.0.2.2</li><li>81</li><li>SOCKS5</li></ul>",
            &["http://192.0.2.1:80", "socks5://192.0.2.2:81"],
        ),
        (
            "<div class=row><div>192.0.2.1</div><div>80</div></div><div class=row><div>192.0.2.2</div><div>81</div></div>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        (
            "<dl><dt>IP</dt><dd>192.0.2.1</dd><dt>Port</dt><dd>80</dd><dt>Type</dt><dd>SOCKS4</dd></dl>",
            &["socks4://192.0.2.1:80"],
        ),
        ("<div><p>IP: 192.0.2.1</p><p>Port: 80</p><p>Protocol: SOCKS5</p></div>", &["socks5://192.0.2.1:80"]),
        ("Some words<br>192.0.2.1&#58;80<br>&nbsp;192.0.2.2:81", &["192.0.2.1:80", "192.0.2.2:81"]),
        (
            "<a href=\"https://t.me/socks?server=192.0.2.1&amp;port=1080\">connect</a><a href=\"https://t.me/proxy?server=192.0.2.2&amp;port=443&amp;secret=ee\">x</a>",
            &["socks5://192.0.2.1:1080"],
        ),
        (
            "<div data-ip=\"192.0.2.1\" data-port=\"80\" data-type=\"socks5\"></div>",
            &["socks5://192.0.2.1:80"],
        ),
        (
            "<dl><dt>IP:Port</dt><dd>192.0.2.1:80</dd><dt>Type</dt><dd>SOCKS5</dd></dl>",
            &["socks5://192.0.2.1:80"],
        ),
        (
            "<div><span>IP:</span> <span>192.0.2.1</span> <span>Port:</span> <span>80</span></div>",
            &["192.0.2.1:80"],
        ),
        ("<p>IP地址：192.0.2.1 端口：80 类型：HTTP</p>", &["http://192.0.2.1:80"]),
        ("<pre>IP: 192.0.2.1 Port: 80</pre>", &["192.0.2.1:80"]),
        (
            "<pre>{\n \"data\": [\n {\n \"ip\": \"192.0.2.1\",\n \"port\": 80\n }\n ]\n}</pre>",
            &["192.0.2.1:80"],
        ),
        (
            "<pre>proxies:\n- name: a\n  type: http\n  server: 192.0.2.1\n  port: 80\n</pre>",
            &["http://192.0.2.1:80"],
        ),
        ("<p>Your IP: 192.0.2.9 Port: 51234</p>", &[]),
        ("<address>Apache/2.4.41 (Ubuntu) Server at 192.0.2.9 Port 80</address>", &[]),
        ("<p>Version 1.2.3.4 of 12:05, see <a href='http://192.0.2.9:80/'>here</a></p>", &[]),
        ("<!-- 192.0.2.9:80 --><p>x</p>", &[]),
    ]);
}

#[test]
fn ports_and_addresses_hidden_in_scripts_are_worked_out() {
    for address in [
        "<script>document.write(Base64.decode(\"MTkyLjAuMi4x\"))</script>",
        "<script>document.write(atob('MTkyLjAuMi4x'))</script>",
        "<script type=\"text/javascript\">document.write(Base64.decode(str_rot13(\"ZGxlYwNhZv4k\")))</script>",
        "<script>document.write(\"1.2.0.291\".split(\"\").reverse().join(\"\"))</script>",
        "<script>document.write('xx192.0.'.substr(2) + '2.1')</script>",
        "<script>document.write(\"192.0\".concat(\".2.1\"))</script>",
        "<script>document.write(unescape('%31%39%32%2e%30%2e%32%2e%31'))</script>",
        "<script>document.write(decodeURIComponent('192%2E0%2E2%2E1'))</script>",
        "<script>document.write([49,57,50,46,48,46,50,46,49].map((code) => String.fromCharCode(code)).join(''))</script>",
        "<script>document.write([49,57,50,46,48,46,50,46,49].map(function(c){return String.fromCharCode(c);}).join(''))</script>",
        "<script>document.write(String.fromCharCode(49,57,50)+'.0.2.1')</script>",
        "<script>document.write('\\x31\\x39\\x32\\u002e0.2.1')</script>",
        "<script>document.write('19a2.0.a2.1'.replace(/a/g, ''))</script>",
        "<script>var a = '192', b = 0; document.write(a + '.' + b + '.' + [2,1].join('.'));</script>",
        "<script>function d(s) { return s.split('-').reverse().join('.'); } document.write(d('1-2-0-192'))</script>",
        "<script>document.write('192.0.2.1'.slice(0, -1) + 1)</script>",
        "<script>document[\"write\"](\"192.0.2.1\")</script>",
        "<script><!--\ndocument.write('192.0.2.1');\n//--></script>",
        "<script>Proxy('MTkyLjAuMi4x')</script>",
        "<script>document.write('<b>192.0.2.1</b><i style=\"display:none\">9</i>')</script>",
        "<script>document.write('192.0.2.1')</script>192.0.2.1",
    ] {
        assert_eq!(proxies(in_table(address, "80")), ["192.0.2.1:80"], "{address}");
    }
    for port in [
        "<script>document.write(8000 + 80)</script>",
        "<script>document.write(8081 ^ 1)</script>",
        "<script>var a = 5; var b = a ^ 8085; document.write((b & 65535) | 0)</script>",
        "<script>document.write((9000 - 920) / 1)</script>",
        "<script>document.write(0x1F90)</script>",
        "<script>document.write(parseInt('1f90', 16))</script>",
        "<script>document.write(gp.dep('1F90'))</script>",
        "<script>document.write(4040 << 1)</script>",
        "<script>document.write(Math.floor(8080.7))</script>",
        "<script>document.write(atob('ODA4MA=='))</script>",
        "<script>document.write('0808'.split('').reverse().join(''))</script>",
        "<script>let p = 80; p += 8000; document.write(p)</script>",
    ] {
        assert_eq!(proxies(in_table("192.0.2.1", port)), ["192.0.2.1:8080"], "{port}");
    }
}

#[test]
fn variables_of_a_page_are_known_in_its_rows() {
    let xor = "<script>aa1 = 1000; bb2 = 2000; zero0 = 0 ^ aa1; eight8 = 8^bb2;</script><table><tr><td>192.0.2.1<script>document.write(\"<font class=x>:<\\/font>\" + (eight8 ^ bb2) + (zero0 ^ aa1) + (eight8^bb2) + (zero0^aa1))</script></td><td>SOCKS5</td></tr></table>";
    assert_eq!(proxies(xor), ["socks5://192.0.2.1:8080"]);
    let digits = "<script>z=4;i=0;r=8;</script><ul><li>192.0.2.1<script>document.write(\":\"+r+i+r+i)</script></li></ul>";
    assert_eq!(proxies(digits), ["192.0.2.1:8080"]);
    let chain = "<script>//<![CDATA[\n Alpha = 22870;Beta = 62461^Alpha;Gamma = Beta^44316; //]]></script><table><tr><th>IP</th><th>Port</th></tr><tr><td>192.0.2.1</td><td><script>document.write(Gamma^4247)</script></td></tr></table>";
    let gamma = 62461 ^ 22870 ^ 44316 ^ 4247;
    assert_eq!(proxies(chain), [format!("192.0.2.1:{gamma}")]);
    let attribute = "<div style=\"display:none\" data-add=\"17\"></div><table><tr><td><script>var y='2.0.291'.split('').reverse().join('');var z=atob('\\x4c\\x6a\\x45\\x3d'.replace(/\\\\x([0-9A-Fa-f]{2})/g,function(){return String.fromCharCode(parseInt(arguments[1],16))}));var p=(8063-([]+[]))/**/+(+document.querySelector('[data-add]').getAttribute('data-add'))-[]+[];document.write('<a href=\"/'+y+z+'\">'+y+z+String.fromCharCode(58)+p+'</a>');</script></td><td>HTTP</td></tr></table>";
    assert_eq!(proxies(attribute), ["http://192.0.2.1:8080"]);
    let by_id = "<span id=k data-key=\"80\"></span><table><tr><td>192.0.2.1</td><td><script>document.write(8000 + Number(document.getElementById('k').dataset.key))</script></td></tr></table>";
    assert_eq!(proxies(by_id), ["192.0.2.1:8080"]);
}

#[test]
fn loops_and_conditions_of_decoders_are_followed() {
    for script in [
        "var s='';for(var i=0;i<4;i++){s+='8080'.charAt(i);}document.write(s);",
        "var a=[56,48,56,48],s='';for(i=0;i<a.length;++i)s+=String.fromCharCode(a[i]);document.write(s);",
        "var a='0808',s='';for(var i=a.length-1;i>=0;i--){s+=a[i]}document.write(s)",
        "function d(x){var r='';for(var i=0;i<x.length;i+=2){r+=String.fromCharCode(parseInt(x.substr(i,2),16));}return r;}document.write(d('38303830'))",
        "function d(x,k){var r='';for(var i=0;i<x.length;i++){r+=String.fromCharCode(x.charCodeAt(i)^k);}return r;}document.write(d('9191',1))",
        "var s='';var a=[9,1,9,1];for(var i in a){s+=a[i]-1}document.write(s)",
        "var s='';for(const c of [8,0,8,0]){s+=c}document.write(s)",
        "var s='';[8,0,8,0].forEach(function(c){s+=c});document.write(s)",
        "document.write([8,0,8,0].reduce((a,b)=>a+''+b))",
        "document.write([1,8,0,8,0].filter(x=>x!=1).join(''))",
        "var i=4,s='';while(i-->0){s+=i%2?8:0}document.write(s)",
        "var i=0,s='';do{s+='8080'[i];i++}while(i<4);document.write(s)",
        "var s='';for(var i=0;i<9;i++){if(i==4)break;s+=[8,0,8,0][i]}document.write(s)",
        "var s='';for(var i=0;i<2;i++)for(var j=0;j<2;j++)s+=j?0:8;document.write(s)",
        "function d(x){for(var i=0;i<5;i++){if(i==x)return 8078+i}return 80}document.write(d(2))",
        "var p=8080;if(p>80){document.write(p)}else{document.write(80)}",
        "if(0){document.write(1)}else if(1){document.write(8080)}else{document.write(2)}",
        "switch(3){case 1:document.write(1);case 3:document.write(80);case 4:document.write(80);break;default:document.write(9)}",
        "try{document.write(8080)}catch(e){}",
        "document.write(8080 > 80 ? 8080 : 80)",
        "document.write(String.fromCharCode.apply(null,[56,48,56,48]))",
        "document.write([...'0808'].reverse().join(''))",
        "var t=[];t.push('80');t[1]='80';document.write(t.join(''))",
        "var m={a:'8',b:'0'},s='';'abab'.split('').forEach(function(c){s+=m[c]});document.write(s)",
        "var a=['0','8','0','8'];a.reverse();document.write(a.join(''))",
        "var p=8079;p++;document.write(p)",
        "let a=8000;document.write(`${a+80}`)",
        "document.write(eval('8000+80'))",
        // Variables of a function end with it.
        "var r='8080';function d(x){var i=0,r='';for(;i<x.length;i++){r+=x[i]}return r}d('99');document.write(r)",
        // A loop that goes on for too long costs itself.
        "for(;;){n=1}document.write(8080)",
    ] {
        let page = in_table("192.0.2.1", &format!("<script>{script}</script>"));
        assert_eq!(proxies(&page), ["192.0.2.1:8080"], "{script}");
    }
}

/// Packs a script as the usual packer does, with one word in its table for each word of the script.
fn packed(script: &str, parameters: &str, separator: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut payload = String::new();
    let mut word = String::new();
    for c in script.chars().chain(Some('\n')) {
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            let at = words.iter().position(|known| *known == word).unwrap_or_else(|| {
                words.push(word.clone());
                words.len() - 1
            });
            payload += &char::from_digit(u32::try_from(at).unwrap(), 36).unwrap().to_string();
            word.clear();
        }
        payload.push(c);
    }
    let payload = payload.trim_end().replace('\'', "\\'");
    let count = words.len();
    format!(
        "eval(function({parameters}){{e=function(c){{return c}};if(!''.replace(/^/,String)){{while(c--){{d[c]=k[c]||c}}}};return p}}('{payload}',36,{count},'{}'.split('{separator}'),0,{{}}))",
        words.join(if separator == "\\u005e" { "^" } else { separator })
    )
}

#[test]
fn packed_scripts_are_unpacked() {
    for (parameters, separator) in [("p,a,c,k,e,d", "|"), ("p,r,o,x,y,s", "\\u005e")] {
        let variables = packed("one1=5;two2=one1^8085;", parameters, separator);
        let page = format!(
            "<script>{variables}</script><table><tr><td>192.0.2.1</td><td><script>document.write(two2)</script></td></tr></table>"
        );
        assert_eq!(proxies(&page), ["192.0.2.1:8080"], "{page}");
    }
    let fills = packed(
        "$(document).ready(function(){$('.r1a').html(8080);$('.r2b').html(3128)});",
        "p,a,c,k,e,d",
        "|",
    );
    let rows = "<table><tr><th>IP address</th><th>Anonymity</th></tr><tr><td>192.0.2.1:<span class=\"r1a\"></span></td><td>x</td></tr><tr><td>192.0.2.2:<span class=\"r2b\"></span></td><td>y</td></tr></table>";
    assert_eq!(proxies(format!("<script>{fills}</script>{rows}")), ["192.0.2.1:8080", "192.0.2.2:3128"]);
    assert_eq!(
        proxies(format!("{rows}<script>{fills}</script>")),
        ["192.0.2.1:8080", "192.0.2.2:3128"],
        "the script behind the rows"
    );
    assert_eq!(proxies(&fills), [""; 0], "the script alone");
}

#[derive(Default)]
struct Wanting {
    collected: Collected,
    wanted: Vec<String>,
}

impl Sink for Wanting {
    fn candidate(&mut self, candidate: Candidate) {
        self.collected.candidate(candidate);
    }

    fn refusal(&mut self, refusal: Refusal) {
        self.collected.refusal(refusal);
    }

    fn wants(&mut self, address: &str) {
        self.wanted.push(address.to_owned());
    }
}

#[test]
fn a_script_or_a_style_from_elsewhere_is_asked_for_and_used() {
    let page = "<script src=\"/js/ports.js\"></script><link rel=stylesheet href=\"/ports.css\"><table><tr><td>192.0.2.1:<span class=\"r1a\"></span></td></tr></table>";
    let mut sink = Wanting::default();
    read(page.as_bytes(), &any_address(), &mut sink);
    assert_eq!(sink.collected.candidates, [], "the port is not known");
    assert_eq!(sink.wanted, ["/js/ports.js", "/ports.css"]);
    for companion in
        ["$(document).ready(function(){$('.r1a').html(8080)});", ".r1a:after { content: \"8080\" }"]
    {
        let options = Options { companions: vec![companion.to_owned()], ..any_address() };
        assert_eq!(
            collect(page, &options).0.candidates.iter().map(written).collect::<Vec<_>>(),
            ["192.0.2.1:8080"],
            "{companion}"
        );
    }
    let mut sink = Wanting::default();
    read(b"<script src=a.js></script><p>192.0.2.1:80</p>", &any_address(), &mut sink);
    assert_eq!(sink.wanted, [""; 0], "a page that hides nothing needs nothing");
}

#[test]
fn decoys_that_styles_hide_are_left_out() {
    for address in [
        "<span style=\"display:none\">7</span>192<span style='display: none !important'>.9</span>.0.2.1",
        "<style>.a1{display:none}\n.b2{display:inline}</style><span class=\"a1\">7</span><span class=\"b2\">192</span><div style=\"display:none\">9</div>.<span class=\"117\">0</span>.2.1",
        "<style>.x{display:inline} .x,.y{display:none}</style><span class=x>9</span>192.0<span class='y z'>9</span>.2.1",
        "<span style=\"visibility:hidden\">9</span>192.0.2.1<span hidden>7</span>",
        "192<span style=\"font-size:0\">9</span>.0.2.1",
        "<style>@media print{.q{display:none}} .r{display:none}</style><span class=q>192</span>.0.2.<b class=r>9</b>1",
        "<bdo dir=rtl>1.2.0.291</bdo>",
        "<span style=\"direction: rtl; unicode-bidi: bidi-override\">1.2.0.291</span>",
        "<style>.t{unicode-bidi:bidi-override;direction:rtl}</style><span class=t>1.2.0.291</span>",
        "<p style=\"display:none;\">1</p><span>192</span><p style='display:none;'>.0</p><span>.0.2.1</span>",
        "<style>#h{display:none}</style><i id=h>1</i>192.0.2.1",
    ] {
        assert_eq!(proxies(in_table(address, "80")), ["192.0.2.1:80"], "{address}");
    }
    let letters = "<table><tr><td>192.0.2.1:<span class=\"port GEGEA\">1234</span></td></tr></table>";
    assert_eq!(proxies(letters), ["192.0.2.1:8080"], "a port in the classes of an element");
    let content = "<style>.p1:before{content:\"80\"} .p1::after{content:'\\38 0'}</style><table><tr><td>192.0.2.1:<b class=p1></b></td></tr></table>";
    assert_eq!(proxies(content), ["192.0.2.1:8080"], "a port that a style writes");
    let tab = "<div style=\"display:none\"><table><tr><td>192.0.2.1</td><td>80</td></tr></table></div><div style='display:none'><textarea>192.0.2.2:81</textarea></div>";
    assert_eq!(proxies(tab), ["192.0.2.1:80", "192.0.2.2:81"], "tabs and dialogs are hidden for their place");
}

#[test]
fn attributes_hold_addresses_as_they_are_or_in_base64() {
    reads(&[
        (
            "<table><tr><th>#</th><th>IP</th><th>Port</th></tr><tr><td>1</td><td data-ip=\"MTkyLjAuMi4x\"></td><td data-port=\"ODA4MA==\"></td></tr></table>",
            &["192.0.2.1:8080"],
        ),
        (
            "<table><tr><td>1</td><td data-ip=\"MTkyLjAuMi4x\"></td><td data-port=\"ODA4MA==\"></td><td>SOCKS4</td></tr></table>",
            &["socks4://192.0.2.1:8080"],
        ),
        (
            "<table><tr data-ip=\"192.0.2.1\" data-port=\"80\"><td>a</td><td>b</td></tr></table>",
            &["192.0.2.1:80"],
        ),
        (
            "<ul><li data-ip=\"192.0.2.1\" data-port=\"80\">x</li><li data-ip=\"192.0.2.2\" data-port=\"81\">y</li></ul>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        ("<p><b data-ip=\"192.0.2.1\"></b><b data-port=\"80\"></b></p>", &["192.0.2.1:80"]),
        ("<div><b ip=\"192.0.2.1\" port=\"80\"></b></div>", &["192.0.2.1:80"]),
        ("<div><button data-clipboard-text=\"192.0.2.1:80\">Copy</button></div>", &["192.0.2.1:80"]),
        (
            "<div data-page=\"{&quot;list&quot;:[{&quot;ip&quot;:&quot;192.0.2.1&quot;,&quot;port&quot;:80}]}\"></div>",
            &["192.0.2.1:80"],
        ),
    ]);
}

#[test]
fn data_in_scripts_are_read() {
    reads(&[
        (
            "<div id=t></div><script>const list = [{\"ip\": \"192.0.2.1\", \"port\": \"80\"}, {\"ip\": \"192.0.2.2\", \"port\": \"81\"}];\nfunction f() { return 1; }</script>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        (
            "<script>new Table('#x', { key: make(), data: [ {ip: '192.0.2.1', port: 80}, ], onClick: function () {} });</script>",
            &["192.0.2.1:80"],
        ),
        (
            "<script type=\"application/json\">{\"props\":{\"list\":[{\"ip\":\"192.0.2.1\",\"port\":80,\"protocol\":\"socks5\"}]}}</script>",
            &["socks5://192.0.2.1:80"],
        ),
        (
            "<script>window.data = JSON.parse('[{\"ip\":\"192.0.2.1\",\"port\":80}]');</script>",
            &["192.0.2.1:80"],
        ),
        (
            "<script>gp.insertPrx({\"PROXY_IP\":\"192.0.2.1\",\"PROXY_PORT\":\"1F90\",\"PROXY_TYPE\":\"Elite\"});</script>",
            &["192.0.2.1:8080"],
        ),
        (
            "<script>var proxies = ['192.0.2.1:80', '192.0.2.2:81'];</script>",
            &["192.0.2.1:80", "192.0.2.2:81"],
        ),
        (
            "<script>ga('create', {\"id\": \"x\"}); var v = [1,2,3]; if (a < b) { c = {\"d\": 1} }</script><p>x</p>",
            &[],
        ),
    ]);
}

#[test]
fn what_cannot_be_worked_out_is_never_taken() {
    for port in [
        "<script>document.write(unknown ^ 5)</script>",
        "<script>document.write(Math.random() * 8080)</script>",
        "<script>var p = 80; for (var i = 0; i < Math.random() * 9; i++) { p++ } document.write(p)</script>",
        "<script>while (true) { document.write(1) }</script>",
        "<script>var i = 0; while (i < 3) { if (z) { break } i++ } document.write(80 + i)</script>",
        "<script>var p = 80; try { p = f() } catch (e) { p = 81 } document.write(p)</script>",
        "<script>function f(x) { if (z) return 80; return 81 } document.write(f(1))</script>",
        "<script>var p = 80; x && (p = 81); document.write(p)</script>",
        "<script>var p = 80; x ? p = 81 : p = 82; document.write(p)</script>",
        "<script>switch (navigator.a) { case 1: document.write(80); break; default: document.write(81) }</script>",
        "<script>var a = [8, 0]; shuffle(a); document.write(a.join(''))</script>",
        "<script>var a = [8, 0]; var b = a; b.push(8); document.write(a.join(''))</script>",
        "<script>var a = [1, 8]; a.sort(); document.write(a.join(''))</script>",
        "<script>var a = [8, 0]; a.length = 1; document.write(a.join(''))</script>",
        "<script>var o = {p: 80}; o.p = 81; document.write(o.p)</script>",
        "<script>var o = {p: 80}; o.p += 1; document.write(o.p)</script>",
        "<script>var s = '80'; x: for (i = 0; i < 2; i++) { for (;;) { s += '1'; continue x } } document.write(s)</script>",
        "<script>throw 1; document.write(80)</script>",
        "<script>var p = 80; if (window.top) { p = 81 } document.write(p)</script>",
        "<script>document.write(a ? 80 : 81)</script>",
        "<script>document.write(new Date().getTime())</script>",
        "<script>document.write(decrypt('c2VjcmV0'))</script>",
        "<script>document.write(080)</script>",
    ] {
        let page = in_table("192.0.2.1", port);
        assert_eq!(proxies(&page), [""; 0], "{port}");
        let (_, totals) = collect(&page, &any_address());
        assert_eq!(totals.refusals, 1, "and that a port is missing is told: {port}");
    }
}

#[test]
fn a_person_can_say_where_the_proxies_are() {
    let page = "<table id=a><tr class=p><td class=h>192.0.2.1</td><td class=n>80</td><td>SOCKS5</td></tr><tr><td class=h>192.0.2.8</td><td class=n>88</td></tr></table>\
        <ul><li class=p>192.0.2.2:81</li><li>192.0.2.9:89</li></ul>";
    let with = |row: &str, host: Option<&str>, port: Option<&str>| {
        let options =
            Options { selectors: Some(Selectors::parse(row, host, port).unwrap()), ..any_address() };
        collect(page, &options).0.candidates.iter().map(written).collect::<Vec<_>>()
    };
    assert_eq!(with("tr.p", Some(".h"), Some("td:nth-child(2)")), ["socks5://192.0.2.1:80"]);
    assert_eq!(with("li.p", None, None), ["192.0.2.2:81"]);
    assert_eq!(with("#a tr", Some("td:first-child"), Some(".n")), ["socks5://192.0.2.1:80", "192.0.2.8:88"]);
    assert_eq!(with("ul > li", None, None), ["192.0.2.2:81", "192.0.2.9:89"]);
    assert_eq!(with("p", None, None), [""; 0]);
    let error = Selectors::parse("tr[", None, None).unwrap_err();
    assert!(error.to_string().contains("tr["), "a selector that is none is shown: {error}");
}

#[test]
fn pages_that_are_no_list_bring_nothing_and_are_named() {
    let table = [
        (
            "<html><head><title>Just a moment...</title></head><body><h1>lists.example</h1><p>Checking your browser. IP: 192.0.2.9:51234</p><script>window._cf_chl_opt={}</script></body></html>",
            Page::Challenge,
        ),
        (
            "<html><head><title>Attention Required! | Cloudflare</title></head><body>Ray ID: 1</body></html>",
            Page::Challenge,
        ),
        (
            "<html><body><form><div class=\"g-recaptcha\" data-sitekey=\"x\"></div></form></body></html>",
            Page::Challenge,
        ),
        (
            "<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center><hr><center>nginx/1.2.3.4:80</center></body></html>",
            Page::Error,
        ),
        (
            "<html><head><title>Direct IP access not allowed | Cloudflare</title></head><body><h1>Error 1003</h1><p>IP: 192.0.2.9</p></body></html>",
            Page::Error,
        ),
        (
            "<html><head><title>lists.example</title></head><body><h1>Too Many Requests</h1></body></html>",
            Page::Error,
        ),
        (
            "<!DOCTYPE html><html><head><title>Welcome</title></head><body><form action=/login><input name=u><input type=password name=p></form></body></html>",
            Page::Login,
        ),
        (
            "<html><head><title>Wi-Fi Login</title><meta http-equiv=refresh content=\"0;url=http://192.0.2.9:8000/portal\"></head><body>Please log in at 192.0.2.9:8000</body></html>",
            Page::Login,
        ),
    ];
    for (document, page) in table {
        let (collected, totals) = collect(document, &any_address());
        assert_eq!(collected.candidates, [], "{document}");
        assert_eq!(totals.page, Some(page), "{document}");
        assert_eq!(totals.format, Format::Html);
        assert!(totals.refusals > 0, "{document}");
    }
}

#[test]
fn a_list_is_never_lost_for_what_else_its_page_has() {
    let list = in_table("192.0.2.1", "80");
    for head in [
        "<form action=/login><input name=u><input type=password></form>",
        "<title>Log in to see more proxies</title>",
        "<title>Free proxies, not found elsewhere</title>",
        "<script src=\"https://www.google.com/recaptcha/api.js\"></script>",
        "<h2>403 checked today</h2>",
    ] {
        let (collected, totals) = collect(format!("<html>{head}<body>{list}</body></html>"), &any_address());
        assert_eq!(collected.candidates.len(), 1, "{head}");
        assert_eq!(totals.page, None, "{head}");
    }
    let lines = "<html><head><title>Proxies | Login</title></head><form><input type=password></form><ul><li><b>192.0.2.1</b>:<i>80</i></li></ul></html>";
    assert_eq!(proxies(lines), ["192.0.2.1:80"], "a line of its own beside a form to log in");
    let words = "<html><head><title>Sign in or read on</title></head><body>192.0.2.1:80<br>192.0.2.2:81<br>192.0.2.3:82</body></html>";
    assert_eq!(proxies(words).len(), 3, "a list among words");
}

#[test]
fn a_page_that_shows_its_table_again_as_text_says_nothing_new() {
    let page = "<table><tr><th>IP</th><th>Port</th><th>Https</th></tr><tr><td>192.0.2.1</td><td>80</td><td>yes</td></tr></table>\
        <textarea>192.0.2.1:80\n192.0.2.2:81</textarea><p>192.0.2.1:80</p>";
    assert_eq!(proxies(page), ["https://192.0.2.1:80", "192.0.2.2:81"]);
}

#[test]
fn what_scripts_put_into_elements_stands_there() {
    reads(&[
        (
            "<table><tr><td>192.0.2.1</td><td id=p1></td></tr></table><script>document.getElementById('p1').innerHTML = 8081 ^ 1;</script>",
            &["192.0.2.1:8080"],
        ),
        (
            "<table><tr><td id=a1></td><td>80</td></tr></table><script>$(function () { $('#a1').text(atob('MTkyLjAuMi4x')); });</script>",
            &["192.0.2.1:80"],
        ),
        (
            "<table><tr><td>192.0.2.1</td><td><b id=q></b></td></tr></table><script>window.onload = function () { document.querySelector('#q').textContent = '80' + '80'; };</script>",
            &["192.0.2.1:8080"],
        ),
        (
            "<table><tr><td>192.0.2.1:<i class='x y'>1</i></td></tr></table><script>(function () { var v = 40; $('.y').html(v * 2); })();</script>",
            &["192.0.2.1:80"],
        ),
    ]);
}
