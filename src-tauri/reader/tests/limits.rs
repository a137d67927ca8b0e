//! What is read costs time in proportion to its length, whatever it is made of, and no more memory than was said.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by panicking")]

use std::time::{Duration, Instant};

use proxydeck_reader::{Candidate, Format, JsonPath, Options, Reader, Refusal, Selectors, Sink, read};

/// Keeps nothing.
struct Nobody;

impl Sink for Nobody {
    fn candidate(&mut self, _: Candidate) {}
    fn refusal(&mut self, _: Refusal) {}
}

/// A hostile document of about this many bytes.
type Hostile = (&'static str, Format, fn(usize) -> String);

/// Repeats a piece until it has so many bytes.
fn fill(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len() + 1)
}

/// Repeats a piece that has a number in it.
fn number(bytes: usize, piece: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    let mut n = 0;
    while text.len() < bytes {
        text += &piece(n);
        n += 1;
    }
    text
}

const HOSTILE: &[Hostile] = &[
    ("open divisions", Format::Html, |n| fill("<div>", n)),
    ("open spans with text", Format::Html, |n| fill("<span class=a>1", n)),
    ("open letters of all kinds", Format::Html, |n| fill("<b><i><a x=1><font>x", n)),
    ("ends without beginnings", Format::Html, |n| "<div>".repeat(300) + &fill("</span>", n)),
    ("tables in tables", Format::Html, |n| fill("<table><tr><td>", n)),
    ("lists in lists", Format::Html, |n| fill("<ul><li>", n)),
    ("open paragraphs", Format::Html, |n| fill("<p>192.0.2.1:80", n)),
    ("a tag of attributes", Format::Html, |n| format!("<a {}>", number(n, |i| format!("a{i}=1 ")))),
    ("tags of attributes", Format::Html, |n| {
        number(n, |i| format!("<a {}>", number(3000, |j| format!("a{i}_{j} "))))
    }),
    ("a tag without an end", Format::Html, |n| format!("<html><a href=\"{}", fill("x<", n))),
    ("opening brackets", Format::Html, |n| format!("<html>{}", fill("<", n))),
    ("open comments", Format::Html, |n| format!("<html>{}", fill("<!--", n))),
    ("rules of styles", Format::Html, |n| {
        format!("<style>{}</style><p class=c1>x", number(n, |i| format!(".c{i}{{display:none}}")))
    }),
    ("open blocks of styles", Format::Html, |n| format!("<style>{}", fill("@media{", n))),
    ("sheets of styles", Format::Html, |n| fill("<style>.a{display:none}</style><b class=a>1</b>", n)),
    ("an element of classes", Format::Html, |n| {
        format!("<style>.a{{}}</style><p class=\"{}\">", number(n, |i| format!("a{i} ")))
    }),
    ("cells that reach down", Format::Html, |n| {
        format!("<table>{}", fill("<tr><td rowspan=65000>192.0.2.1<td rowspan=65000>80", n))
    }),
    ("a cell of addresses", Format::Html, |n| format!("<table><tr><td>{}", fill("192.0.2.1<br>", n))),
    ("lines of addresses", Format::Html, |n| format!("<p>{}", fill("192.0.2.1<br>", n))),
    ("data in data", Format::Html, |n| fill("<p data-a='[[[[' data-ip=192.0.2.1>", n)),
    ("open data", Format::Html, |n| format!("<p data-a='{}'>", fill("[{\"ip\":", n))),
    ("boxes of data", Format::Html, |n| fill("<pre>[{\"ip\":</pre>", n)),
    ("a row of cells", Format::Html, |n| format!("<table><tr>{}", fill("<td>192.0.2.1", n))),
    ("a column of heads", Format::Html, |n| fill("<table><tr><th>IP<th>Port<tr><td>192.0.2.1<td>80", n)),
    ("a cell of colons", Format::Html, |n| format!("<table><tr><td>{}", fill("1 : ", n))),
    ("a line of colons", Format::Html, |n| format!("<p>{}", fill("192.0.2.1 : ", n))),
    ("data in attributes", Format::Html, |n| number(n, |i| format!("<p id=i{i} data-a{i}=1>"))),
    ("scripts", Format::Html, |n| fill("<script>a=1;document.write(a+1)</script>", n)),
    ("texts that double", Format::Html, |n| format!("<script>a='x';{}</script>", fill("a=a+a;", n))),
    ("brackets of a script", Format::Html, |n| format!("<script>{}</script>", fill("(", n))),
    ("functions in functions", Format::Html, |n| format!("<script>{}</script>", fill("function(){", n))),
    ("calls in calls", Format::Html, |n| format!("<script>{}</script>", fill("f(function(){", n))),
    ("functions that call on", Format::Html, |n| {
        format!(
            "<script>function f0(x){{return x}}{}document.write(f9(1))</script>",
            number(n, |i| format!("function f{}(x){{return f{i}(x)+f{i}(x)}}", i + 1))
        )
    }),
    ("arrays that grow", Format::Html, |n| format!("<script>a=[1];{}</script>", fill("a=a.concat(a);", n))),
    ("mapped arrays", Format::Html, |n| {
        format!("<script>a='{}'.split('');{}</script>", "x".repeat(10_000), fill("a.map(x=>x);", n))
    }),
    ("beginnings of values", Format::Html, |n| format!("<script>{}</script>", fill("=[[", n))),
    ("broken values", Format::Html, |n| format!("<script>{}</script>", fill("={a:[", n))),
    ("texts without ends", Format::Html, |n| format!("<script>{}</script>", fill("=\"[ ", n))),
    ("packed scripts", Format::Html, |n| {
        fill(
            "<script>eval(function(p,a,c,k,e,d){return p}('0 0 0',36,1,'aaaaaaaa'.split('|'),0,{}))</script>",
            n,
        )
    }),
    ("loops without end", Format::Html, |n| format!("<script>{}</script>", fill("for(;;){a=1}", n))),
    ("loops in scripts of their own", Format::Html, |n| fill("<script>while(1){a='x'+a}</script>", n)),
    ("loops in loops", Format::Html, |n| format!("<script>{}</script>", fill("for(i=0;i<9;i++){", n))),
    ("loops over a long text", Format::Html, |n| {
        format!(
            "<script>s='{}';r='';for(i=0;i<s.length;i++){{r+=s.charAt(i)}}document.write(r)</script>",
            fill("8", n)
        )
    }),
    ("loops over an array that grows", Format::Html, |n| {
        format!("<script>a=[1];{}</script>", fill("for(i=0;i<a.length;i++){a.push(i)}", n))
    }),
    ("conditions in conditions", Format::Html, |n| format!("<script>{}</script>", fill("if(1)", n))),
    ("conditions that are not known", Format::Html, |n| {
        format!("<script>{}</script>", fill("if(x){y=1}else ", n))
    }),
    ("choices in choices", Format::Html, |n| format!("<script>a={}</script>", fill("1?2:", n))),
    ("arrays of themselves", Format::Html, |n| format!("<script>a=[1];{}</script>", fill("a=[a,a,a];", n))),
    ("arrays in arrays", Format::Html, |n| format!("<script>a=[1];{}</script>", fill("a=[a];", n))),
    ("texts of arrays", Format::Html, |n| {
        format!("<script>a='{}'.split('');a.push(x);{}</script>", "x".repeat(10_000), fill("b=a+'';", n))
    }),
    ("scripts in a script", Format::Html, |n| {
        format!("<script>{}for(;;){{eval('b=1')}}</script>", number(n, |i| format!("a{i}=1;")))
    }),
    ("shared arrays", Format::Html, |n| {
        format!("<script>{}for(;;){{f(a0)}}</script>", number(n, |i| format!("a{i}=[1];")))
    }),
    ("templates", Format::Html, |n| format!("<script>{}</script>", fill("`${", n))),
    ("open templates", Format::Html, |n| format!("<script>{}</script>", fill("a=`${b}", n))),
    ("cases", Format::Html, |n| format!("<script>{}</script>", fill("switch(1){case 2:", n))),
    ("attempts", Format::Html, |n| format!("<script>{}</script>", fill("try{", n))),
    ("loops in parts of pages", Format::Json, |n| {
        format!("[{}1]", fill("\"<script>for(;;){a=1}</script><b>x</b>\",", n))
    }),
    ("names in a line", Format::Text, |n| fill(&(fill("ip: 192.0.2.1 port ", 4000) + "\n"), n)),
    ("signs in a line", Format::Text, |n| fill(&(fill("port: = ", 4000) + "\n"), n)),
    ("words before a name", Format::Text, |n| fill(&(fill("a b port: x ", 4000) + "\n"), n)),
    ("parts in lines", Format::Text, |n| fill("IP: 192.0.2.1\nType: HTTP\n", n)),
    ("other names in lines", Format::Text, |n| fill("IP: 192.0.2.1\na: b\na: b\n", n)),
    ("deep arrays", Format::Json, |n| fill("[", n)),
    ("deep objects", Format::Json, |n| fill("{\"a\":", n)),
    ("broken objects", Format::Json, |n| fill("{\"a\":[{\"b\":\n", n)),
    ("open texts", Format::Json, |n| fill("[\"a\n", n)),
    ("values on a line", Format::Jsonl, |n| fill(&(fill("{\"ip\":1}", 4000) + "x\n"), n)),
    ("addresses in addresses", Format::Json, |n| fill("{\"ip\":", n)),
    ("many names", Format::Json, |n| format!("{{{}\"z\":1}}", number(n, |i| format!("\"port{i}\":80,")))),
    ("objects that are nothing", Format::Json, |n| format!("[{}1]", fill("{\"ip\":1},", n))),
    ("texts of colons", Format::Json, |n| format!("[\"{}\"]", fill("192.0.2.1:80,", n))),
    ("small arrays", Format::Json, |n| format!("[{}1]", fill("[],", n))),
    ("objects and nothing else", Format::Jsonl, |n| fill("{\"ip\":\"192.0.2.1\",\"port\":80}\n", n)),
    ("deep elements", Format::Xml, |n| fill("<a>", n)),
    ("elements of attributes", Format::Xml, |n| {
        format!("<r><a {}/></r>", number(n, |i| format!("a{i}='1' ")))
    }),
    ("elements of one name", Format::Xml, |n| format!("<r>{}</r>", fill("<ip>192.0.2.1</ip>", n))),
    ("keys", Format::Xml, |n| format!("<r>{}", fill("<key>ip</key><a>192.0.2.1</a>", n))),
    ("inline elements", Format::Xml, |n| format!("<r>{}", fill("<b>x", n))),
    ("entities", Format::Xml, |n| format!("<r>{}</r>", fill("&amp;", n))),
    ("ends of other elements", Format::Xml, |n| format!("<r>{}", fill("</x>", n))),
    ("deep flow", Format::Yaml, |n| format!("a: {}", fill("[", n))),
    ("broken items", Format::Yaml, |n| fill("- {a: \"\n", n)),
    ("items", Format::Yaml, |n| fill("- {type: http, server: 192.0.2.1, port: 80}\n", n)),
    ("anchors", Format::Yaml, |n| number(n, |i| format!("- &a{i} [*a{}]\n", i.saturating_sub(1)))),
    ("deep blocks", Format::Yaml, |n| number(n, |i| format!("{}a:\n", " ".repeat(i % 200)))),
    ("returned texts", Format::Pac, |n| {
        format!("function FindProxyForURL(){{{}}}", fill("return 'PROXY 192.0.2.1:80'+a;", n))
    }),
    ("returned brackets", Format::Pac, |n| format!("function FindProxyForURL(){{{}", fill("return (", n))),
    ("declared functions", Format::Pac, |n| format!("FindProxyForURL{}", fill("var a=function(){", n))),
    ("encoded lines", Format::Base64, |n| fill("MTkyLjAuMi4xOjgwCg==\n", n)),
    ("an encoded line", Format::Base64, |n| fill("MTkyLjAuMi4xOjgw", n)),
    ("encoded lines in text", Format::Text, |n| fill("MTkyLjAuMi4xOjgwCg==\n192.0.2.1:80\n", n)),
    ("lines of colons", Format::Text, |n| fill(&(fill("1.2.3.4:", 4000) + "\n"), n)),
    ("open rows", Format::Csv, |n| format!("ip,port,x\n{}", fill("192.0.2.1,80,\"x\n", n))),
];

/// The least time that reading takes, of a few tries: what else the machine does only adds to it.
fn least_time(document: &str, options: &Options) -> Duration {
    (0..3)
        .map(|_| {
            let begun = Instant::now();
            read(document.as_bytes(), options, &mut Nobody);
            begun.elapsed()
        })
        .min()
        .unwrap()
}

#[test]
fn four_times_the_bytes_take_some_four_times_the_time() {
    // Long enough that what grows with the square would be seen: sixteen times the time.
    const SMALL: usize = 12_000;
    const FACTOR: u32 = 4;
    const ALLOWED: u32 = 10;
    /// What is spent on anything else than the document.
    const SLACK: Duration = Duration::from_millis(60);

    let mut slow = Vec::new();
    for (name, format, make) in HOSTILE {
        let mut options = Options { format: Some(*format), allow_private: true, ..Options::default() };
        for variant in 0..2 {
            if variant == 1 {
                match format {
                    Format::Html => {
                        let selectors = Selectors::parse("tr, p, li", Some("td"), Some("td:nth-child(2)"));
                        options.selectors = Some(selectors.unwrap());
                    }
                    Format::Json => options.json_path = Some("$..*".parse::<JsonPath>().unwrap()),
                    _ => continue,
                }
            }
            let small = least_time(&make(SMALL), &options);
            let large = least_time(&make(SMALL * FACTOR as usize), &options);
            if large > small * ALLOWED + SLACK {
                slow.push(format!("{name} ({format}, variant {variant}): {small:?}, then {large:?}"));
            }
        }
    }
    assert!(slow.is_empty(), "time grows faster than the document:\n{}", slow.join("\n"));
}

#[test]
fn a_reader_and_its_options_can_go_to_another_thread() {
    fn goes<T: Send>() {}
    goes::<Reader>();
    goes::<Options>();
}
