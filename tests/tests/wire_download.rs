//! Downloads against the lab's fake web: each way in which a source can be, and what it comes to.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should stop at that very line"
)]

use std::fs;
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use proxydeck_domain::{Account, Endpoint, Secret};
use proxydeck_tests::lab::{
    Coding, LabProxy, Page, Patience, ProxySpec, Site, SiteSpec, Visit, Web, World, text_list,
};
use proxydeck_tests::peers::{PASSWORD, USER, danted, microsocks, squid_with_account, tinyproxy};
use proxydeck_wire::download::{
    Ask, DownloadError, DownloadFailure, DownloadOptions, Downloader, Fetched, Page as Downloaded, Via,
    ViaScheme,
};
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// What decides the lists of these webs.
const SEED: u64 = 7;
/// A name that only the rules of these tests know.
const NAME: &str = "lists.example.com";
/// How soon after it was called off a download must have ended.
const END_LIMIT: Duration = Duration::from_millis(100);
/// The longest that anything here may be waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// The limits of these tests: the product's, but for times, which nobody wants to wait for.
fn quick(web: &Web) -> DownloadOptions {
    DownloadOptions {
        dial_time: Duration::from_secs(5),
        answer_time: Duration::from_secs(5),
        total_time: Duration::from_secs(30),
        stall_time: Duration::from_millis(400),
        backoff: Duration::from_millis(20),
        max_retry_after: Duration::from_secs(4),
        min_pause: Duration::from_millis(5),
        max_pause: Duration::from_millis(50),
        extra_roots: Some(web.ca_pem().into()),
        resolve: web.resolve_args().iter().map(|rule| rule.parse().unwrap()).collect(),
        ..DownloadOptions::default()
    }
}

fn downloader(web: &Web) -> Downloader {
    Downloader::new(quick(web)).unwrap()
}

/// An ask for what the user typed: everything here lies on loopback.
fn typed(url: &str) -> Ask {
    Ask { allow_private: true, ..Ask::new(url) }
}

async fn fetch(down: &Downloader, ask: &Ask) -> Result<Fetched, DownloadError> {
    tokio::time::timeout(LIMIT, down.fetch(ask, &CancellationToken::new())).await.unwrap()
}

async fn page(down: &Downloader, ask: &Ask) -> Downloaded {
    match fetch(down, ask).await {
        Ok(Fetched::Fresh(page)) => page,
        other => panic!("{ask:?}: {other:?}"),
    }
}

async fn failure(down: &Downloader, ask: &Ask) -> DownloadError {
    fetch(down, ask).await.expect_err(&format!("{ask:?}"))
}

fn list(entries: u64) -> String {
    text_list(SEED, 0..entries)
}

/// A web with one site, and a downloader that trusts it.
fn small_web() -> (Web, Site, Downloader) {
    let web = Web::seeded(SEED).unwrap();
    let site = web.site(SiteSpec::default()).unwrap();
    let down = downloader(&web);
    (web, site, down)
}

/// Waits until something holds.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LIMIT, "{what}: not within {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_list_comes_whole_and_is_asked_for_truthfully() {
    let (_web, site, down) = small_web();
    let url = site.page("/list.txt", Page::List(100_000)).unwrap();
    let got = page(&down, &typed(&url)).await;
    assert_eq!(got.bytes, list(100_000));
    assert_eq!(got.wire_bytes, list(100_000).len() as u64);
    assert_eq!((got.status, got.requests), (200, 1));
    assert_eq!((got.content_type.as_deref(), got.charset.as_deref()), (Some("text/plain"), Some("utf-8")));
    assert_eq!((got.etag, got.last_modified), (None, None));
    assert_eq!(got.url, url);

    let visit = &site.visits("/list.txt")[0];
    let version = format!("Proxydeck/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(visit.field("User-Agent"), Some(version.as_str()));
    assert_eq!(visit.field("Accept-Encoding"), Some("gzip, br, zstd"));
    let mut names = visit.names();
    names.sort();
    assert_eq!(
        names,
        ["accept", "accept-encoding", "host", "user-agent"],
        "no cookie, no referer, nothing else"
    );
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let (_web, site, down) = small_web();
    let url = site.page("/etag", Page::Etag(50)).unwrap();
    let first = page(&down, &typed(&url)).await;
    let again = Ask { etag: first.etag.clone(), ..typed(&url) };
    let told = fetch(&down, &again).await.unwrap();
    assert_eq!(
        told,
        Fetched::NotModified { etag: first.etag.clone(), last_modified: None, url: url.clone(), requests: 1 }
    );
    assert_eq!(site.visits("/etag")[1].field("If-None-Match"), first.etag.as_deref(), "as it came");

    let url = site.page("/modified", Page::LastModified(50)).unwrap();
    let first = page(&down, &typed(&url)).await;
    let again = Ask { last_modified: first.last_modified.clone(), ..typed(&url) };
    assert!(matches!(fetch(&down, &again).await, Ok(Fetched::NotModified { last_modified, .. })
        if last_modified == first.last_modified));
    assert_eq!(site.visits("/modified")[1].field("If-Modified-Since"), first.last_modified.as_deref());

    let url = site.page("/frozen", Page::Frozen(50)).unwrap();
    let first = page(&down, &typed(&url)).await;
    let second = page(&down, &Ask { etag: first.etag.clone(), ..typed(&url) }).await;
    assert_eq!(first.bytes, second.bytes);
    assert_ne!(first.etag, second.etag, "the next ask is made with the newer one");

    let url = site.page("/liar", Page::NotModified).unwrap();
    let error = failure(&down, &typed(&url)).await;
    assert_eq!((error.kind, error.code), (DownloadFailure::Broken, Some(304)), "nobody said what we have");
    let unsound = Ask { etag: Some("\"a\nb\"".to_owned()), ..typed(&url) };
    assert_eq!(
        failure(&down, &unsound).await.kind,
        DownloadFailure::Broken,
        "that was not sent, and so not asked"
    );
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_stands_is_not() {
    let (_web, site, down) = small_web();
    let cases = [
        (Page::Status(403), DownloadFailure::Status, Some(403), 1),
        (Page::Status(404), DownloadFailure::Status, Some(404), 1),
        (Page::Status(410), DownloadFailure::Status, Some(410), 1),
        (Page::Status(408), DownloadFailure::Status, Some(408), 3),
        (Page::Status(500), DownloadFailure::Status, Some(500), 3),
        (Page::Unavailable(Patience::Unsaid, 9), DownloadFailure::Status, Some(503), 3),
        (Page::Limited(Patience::Unsaid, None), DownloadFailure::RateLimited, Some(429), 1),
        (Page::Status(300), DownloadFailure::Status, Some(300), 1),
        (Page::Status(206), DownloadFailure::Broken, Some(206), 1),
        (Page::Reset(9), DownloadFailure::Broken, None, 3),
        (Page::Short(10), DownloadFailure::Broken, None, 3),
        (Page::Garbage, DownloadFailure::Broken, None, 3),
        (Page::Mispacked("gzip".to_owned()), DownloadFailure::Broken, None, 1),
        (Page::Mispacked("zstd".to_owned()), DownloadFailure::Broken, None, 1),
        (Page::Mispacked("br".to_owned()), DownloadFailure::Broken, None, 1),
        (Page::Mispacked("deflate".to_owned()), DownloadFailure::Broken, None, 1),
        (Page::Redirect(302, "http://[nonsense".to_owned()), DownloadFailure::Broken, None, 1),
    ];
    for (number, (what, kind, code, visits)) in cases.into_iter().enumerate() {
        let path = format!("/{number}");
        let url = site.page(&path, what.clone()).unwrap();
        let error = failure(&down, &typed(&url)).await;
        assert_eq!((error.kind, error.code), (kind, code), "{what:?}: {error}");
        assert_eq!(site.visits(&path).len(), visits, "{what:?}");
        assert_eq!(error.requests as usize, visits, "{what:?}");
    }
    for (number, what) in [Page::Unavailable(Patience::Unsaid, 2), Page::Reset(2)].into_iter().enumerate() {
        let url = site.page(&format!("/passes-{number}"), what.clone()).unwrap();
        let got = page(&down, &typed(&url)).await;
        assert_eq!((got.bytes.as_ref(), got.requests), (list(100).as_bytes(), 3), "{what:?}");
    }
}

#[tokio::test]
async fn attempts_are_spaced_more_and_more() {
    let (web, site, _) = small_web();
    let down =
        Downloader::new(DownloadOptions { backoff: Duration::from_millis(100), ..quick(&web) }).unwrap();
    let url = site.page("/500", Page::Status(500)).unwrap();
    failure(&down, &typed(&url)).await;
    let came: Vec<Instant> = site.visits("/500").iter().map(|visit| visit.came).collect();
    let gaps: Vec<Duration> = came.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[0] >= Duration::from_millis(100) && gaps[1] >= Duration::from_millis(200), "{gaps:?}");
}

#[tokio::test]
async fn a_short_wish_for_patience_is_granted_here_and_a_long_one_handed_on() {
    let (web, site, down) = small_web();
    for (path, patience) in [("/seconds", Patience::Seconds(1)), ("/date", Patience::Date(3))] {
        let url = site.page(path, Page::Limited(patience, Some(1))).unwrap();
        let got = page(&down, &typed(&url)).await;
        assert_eq!(got.requests, 2);
        let visits = site.visits(path);
        let waited = visits[1].came - visits[0].came;
        assert!(waited >= Duration::from_secs(1), "{patience:?}: {waited:?}");
    }

    let url = site.page("/hour", Page::Limited(Patience::Seconds(3600), None)).unwrap();
    let error = failure(&down, &typed(&url)).await;
    let hour = Duration::from_secs(3600);
    assert_eq!(
        (error.kind, error.code, error.retry_after),
        (DownloadFailure::RateLimited, Some(429), Some(hour))
    );
    let other = site.page("/other", Page::List(1)).unwrap();
    let error = failure(&down, &typed(&other)).await;
    assert_eq!((error.kind, error.requests), (DownloadFailure::RateLimited, 0), "the host is left alone");
    assert!(error.retry_after.is_some_and(|left| left <= hour && left > hour - LIMIT), "{error:?}");
    assert!(site.visits("/other").is_empty());

    let elsewhere = web.site(SiteSpec::default()).unwrap();
    let url = elsewhere.page("/503", Page::Unavailable(Patience::Date(7200), 9)).unwrap();
    let error = failure(&down, &typed(&url)).await;
    assert_eq!((error.kind, error.code), (DownloadFailure::RateLimited, Some(503)));
    assert!(error.retry_after.is_some_and(|wait| wait > hour), "by our clock: {error:?}");
    assert_eq!(elsewhere.visits("/503").len(), 1);
}

#[tokio::test]
async fn a_slow_source_is_waited_for_and_one_that_stands_still_is_not() {
    let (web, site, _) = small_web();
    let once = DownloadOptions {
        attempts: 1,
        answer_time: Duration::from_millis(800),
        total_time: Duration::from_secs(2),
        ..quick(&web)
    };
    let down = Downloader::new(once.clone()).unwrap();
    let url = site.page("/late", Page::Late(Duration::from_millis(300))).unwrap();
    assert_eq!(page(&down, &typed(&url)).await.bytes, list(100));
    for (path, what, kind) in [
        ("/silent", Page::Silent, DownloadFailure::Timeout),
        ("/too-late", Page::Late(Duration::from_secs(3)), DownloadFailure::Timeout),
        ("/standstill", Page::Standstill, DownloadFailure::Stalled),
        ("/drip", Page::Drip(Duration::from_millis(20)), DownloadFailure::Stalled),
    ] {
        let url = site.page(path, what.clone()).unwrap();
        let began = Instant::now();
        let error = failure(&down, &typed(&url)).await;
        assert_eq!(error.kind, kind, "{what:?}: {error}");
        assert!(began.elapsed() < Duration::from_secs(2), "{what:?}: {:?}", began.elapsed());
        until("the connection is closed", || site.visits(path)[0].ended.is_some()).await;
    }
    // The drip makes progress enough for this one, and never ends all the same.
    let patient = DownloadOptions { stall_time: Duration::from_secs(60), ..once };
    let error = failure(&Downloader::new(patient).unwrap(), &typed(&site.url("/drip"))).await;
    assert_eq!(error.kind, DownloadFailure::Timeout, "altogether: {error}");
}

#[tokio::test]
async fn packed_bodies_come_unpacked_and_both_sizes_are_told() {
    let (_web, site, down) = small_web();
    for coding in [Coding::Gzip, Coding::Brotli, Coding::Zstd] {
        let url = site.page("/packed", Page::Packed(coding, 5000)).unwrap();
        let got = page(&down, &typed(&url)).await;
        assert_eq!(got.bytes, list(5000), "{coding:?}");
        assert!(
            got.wire_bytes > 0 && got.wire_bytes < got.bytes.len() as u64,
            "{coding:?}: {}",
            got.wire_bytes
        );
    }
}

#[tokio::test]
async fn bytes_come_as_they_are_and_the_charset_as_a_claim() {
    let (_web, site, down) = small_web();
    let url = site.page("/utf-16", Page::Utf16(10)).unwrap();
    let got = page(&down, &typed(&url)).await;
    assert!(got.bytes.starts_with(&[0xff, 0xfe]), "the reader decodes");
    assert_eq!(got.charset, None);
    let url = site.page("/gbk", Page::WrongCharset).unwrap();
    let got = page(&down, &typed(&url)).await;
    assert_eq!(got.charset.as_deref(), Some("gbk"));
    assert!(std::str::from_utf8(&got.bytes).is_ok(), "whatever the header says");
    // What is no list is for the reader to tell.
    for what in [Page::Portal, Page::Captcha, Page::ErrorPage, Page::TruncatedJson(10)] {
        let url = site.page("/page", what).unwrap();
        assert_eq!(page(&down, &typed(&url)).await.status, 200);
    }
    let url = site.page("/numbered", Page::Numbered(2, 10)).unwrap();
    let second = page(&down, &typed(&format!("{url}?page=2"))).await;
    assert_eq!(second.bytes, text_list(SEED, 10..20));
    assert!(page(&down, &typed(&format!("{url}?page=3"))).await.bytes.is_empty());
}

#[tokio::test]
async fn redirects_are_followed_within_the_web_and_not_for_ever() {
    let (web, site, _) = small_web();
    let secure = web.site(SiteSpec::default().tls()).unwrap();
    let down = downloader(&web);
    let url = site.page("/list.txt", Page::List(10)).unwrap();
    site.page("/0", Page::Redirect(301, "list.txt".to_owned())).unwrap();
    for number in 1..6 {
        let to = format!("/{}", number - 1);
        site.page(&format!("/{number}"), Page::Redirect([302, 303, 307, 308][number % 4], to)).unwrap();
    }
    let got = page(&down, &typed(&site.url("/4"))).await;
    assert_eq!((got.bytes.as_ref(), got.url, got.requests), (list(10).as_bytes(), url, 6));
    assert_eq!(failure(&down, &typed(&site.url("/5"))).await.kind, DownloadFailure::RedirectLoop, "six");
    let to_itself = site.page("/loop", Page::Redirect(302, "/loop".to_owned())).unwrap();
    assert_eq!(failure(&down, &typed(&to_itself)).await.kind, DownloadFailure::RedirectLoop);
    assert_eq!(site.visits("/loop").len(), 1, "a circle is seen when it closes");

    let safe = secure.page("/list.txt", Page::List(20)).unwrap();
    let up = site.page("/up", Page::Redirect(301, safe.clone())).unwrap();
    assert_eq!(page(&down, &typed(&up)).await.url, safe);
    let down_again = secure.page("/down", Page::Redirect(302, site.url("/list.txt"))).unwrap();
    assert_eq!(
        failure(&down, &typed(&down_again)).await.kind,
        DownloadFailure::RedirectScheme,
        "https to http"
    );
    for to in ["file:///etc/passwd", "ftp://lists.example.com/list.txt", "javascript:alert(1)"] {
        let url = site.page("/scheme", Page::Redirect(302, to.to_owned())).unwrap();
        assert_eq!(failure(&down, &typed(&url)).await.kind, DownloadFailure::RedirectScheme, "{to}");
    }
}

#[tokio::test]
async fn a_public_source_leads_into_no_private_network() {
    let web = Web::seeded(SEED).unwrap();
    let public = web.site(SiteSpec::default().named(NAME)).unwrap();
    let private = web.site(SiteSpec::default()).unwrap();
    let down = downloader(&web);
    let url = public.page("/list.txt", Page::List(10)).unwrap();
    assert_eq!(
        page(&down, &Ask::new(&url)).await.bytes,
        list(10),
        "what the user's rule says may be dialled"
    );

    let inside = private.page("/inside", Page::List(10)).unwrap();
    let port = private.addr.port();
    for to in
        [inside.clone(), format!("http://localhost:{port}/inside"), format!("http://[::1]:{port}/inside")]
    {
        let url = public.page("/away", Page::Redirect(302, to.clone())).unwrap();
        assert_eq!(failure(&down, &Ask::new(&url)).await.kind, DownloadFailure::RedirectPrivate, "{to}");
    }
    assert_eq!(private.connections(), 0, "it was not even dialled");
    let url = public.page("/away", Page::Redirect(302, inside.clone())).unwrap();
    assert_eq!(page(&down, &typed(&url)).await.url, inside, "the user typed it");

    let IpAddr::V4(v4) = private.addr.ip() else { panic!("the lab listens on IPv4") };
    for host in [
        v4.to_string(),
        u32::from(v4).to_string(),
        format!("0x{:x}", u32::from(v4)),
        format!("[::ffff:{v4}]"),
        "localhost".to_owned(),
        "127.1".to_owned(),
    ] {
        let error = failure(&down, &Ask::new(format!("http://{host}:{port}/inside"))).await;
        assert_eq!(error.kind, DownloadFailure::NotPublic, "{host}: {error}");
    }
    assert_eq!(private.connections(), 1, "the one that was allowed");
}

#[tokio::test]
async fn what_cannot_be_reached_is_told_apart() {
    let (web, site, down) = small_web();
    let closed = |scheme: &str| format!("{scheme}://{}:9/", site.addr.ip());
    assert_eq!(failure(&down, &typed(&closed("http"))).await.kind, DownloadFailure::Refused);
    let error = failure(&down, &typed("http://127.255.255.255:9/")).await;
    assert_eq!(error.kind, DownloadFailure::Unreachable, "the kernel connects nobody there: {error}");
    // A label of 64 characters is no name for any resolver, so that nobody is asked.
    let nobody = format!("http://{}.example/", "a".repeat(64));
    let error = failure(&down, &typed(&nobody)).await;
    assert_eq!(error.kind, DownloadFailure::Unresolved, "{error}");
    for nonsense in ["lists.example.com/list.txt", "ftp://lists.example.com/", "http://", "http://a b/"] {
        assert_eq!(failure(&down, &typed(nonsense)).await.kind, DownloadFailure::BadAddress, "{nonsense}");
    }

    let secure = web.site(SiteSpec::default().tls()).unwrap();
    let url = secure.page("/list.txt", Page::List(10)).unwrap();
    assert_eq!(page(&down, &typed(&url)).await.bytes, list(10));
    let strangers = Downloader::new(DownloadOptions { extra_roots: None, ..quick(&web) }).unwrap();
    let error = failure(&strangers, &typed(&url)).await;
    assert_eq!(
        (error.kind, error.requests),
        (DownloadFailure::TlsFailed, 1),
        "nobody vouches for it: {error}"
    );
    let rule = format!("other.example.com:{}:{}", secure.addr.port(), secure.addr.ip());
    let ruled = DownloadOptions { resolve: vec![rule.parse().unwrap()], ..quick(&web) };
    let other = format!("https://other.example.com:{}/list.txt", secure.addr.port());
    let error = failure(&Downloader::new(ruled).unwrap(), &Ask::new(other)).await;
    assert_eq!(error.kind, DownloadFailure::TlsFailed, "its certificate is for another name: {error}");
    // The lab waits for a head that never comes; other servers say at once that this is none.
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", plain.local_addr().unwrap());
    let talking = tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    assert_eq!(failure(&down, &typed(&url)).await.kind, DownloadFailure::TlsFailed, "no TLS there");
    talking.await.unwrap();
    let dumb = format!("http://{}/", secure.addr);
    assert_eq!(failure(&down, &typed(&dumb)).await.kind, DownloadFailure::Broken, "no HTTP there");

    let bad = DownloadOptions { extra_roots: Some(b"no certificate".to_vec()), ..quick(&web) };
    assert_eq!(Downloader::new(bad).unwrap_err().kind, DownloadFailure::LocalError);
    let bad = DownloadOptions { user_agent: "two\nlines".to_owned(), ..quick(&web) };
    assert_eq!(Downloader::new(bad).unwrap_err().kind, DownloadFailure::LocalError);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_asked_one_thing_at_a_time_with_a_pause_between() {
    let web = Web::seeded(SEED).unwrap();
    let sites = [(); 2].map(|()| web.site(SiteSpec::default()).unwrap());
    let down = downloader(&web);
    let mut all = Vec::new();
    for number in 0..6 {
        for site in &sites {
            let url = site.page(&format!("/{number}"), Page::Late(Duration::from_millis(60))).unwrap();
            let (down, ask) = (down.clone(), typed(&url));
            all.push(tokio::spawn(async move { page(&down, &ask).await }));
        }
    }
    for one in all {
        one.await.unwrap();
    }
    for site in &sites {
        assert_eq!(site.peak(), 1, "one at a time");
        let visits = site.all_visits();
        assert_eq!(visits.len(), 6);
        for pair in visits.windows(2) {
            // A host that took 60 ms has the longest pause of these tests; what lies between the two ends is a moment.
            let pause = pair[1].came - pair[0].ended.unwrap();
            assert!(pause >= Duration::from_millis(40), "{pause:?}");
        }
    }
    let [first, second] = sites.map(|site| site.all_visits());
    let overlap = |a: &Visit, b: &Visit| a.came < b.ended.unwrap() && b.came < a.ended.unwrap();
    assert!(
        first.iter().any(|a| second.iter().any(|b| overlap(a, b))),
        "two hosts need not wait for each other"
    );
}

/// Polls a future once, so that what it does at first has happened.
async fn begin<F: Future>(future: &mut Pin<Box<F>>) {
    let once = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await;
    assert!(once, "it cannot have ended yet");
}

#[tokio::test]
async fn the_same_address_asked_for_twice_at_once_is_fetched_once() {
    let (_web, site, down) = small_web();
    let url = site.page("/late", Page::Late(Duration::from_millis(300))).unwrap();
    let ask = typed(&url);
    let (cancel, never) = (CancellationToken::new(), CancellationToken::new());
    let mut first = Box::pin(down.fetch(&ask, &cancel));
    begin(&mut first).await;
    let mut others = [(); 3].map(|()| Box::pin(down.fetch(&ask, &never)));
    for other in &mut others {
        begin(other).await;
    }
    cancel.cancel();
    assert_eq!(first.await.unwrap_err().kind, DownloadFailure::Cancelled);
    for other in others {
        let Ok(Fetched::Fresh(got)) = other.await else { panic!("the one that left took it along") };
        assert_eq!(got.bytes, list(100));
    }
    assert_eq!(site.visits("/late").len(), 1, "fetched once");
    page(&down, &ask).await;
    assert_eq!(site.visits("/late").len(), 2, "afterwards it is fetched anew");

    tokio::select! {
        ended = down.fetch(&ask, &never) => panic!("too early: {ended:?}"),
        () = until("it is under way", || site.visits("/late").len() == 3) => {}
    }
    until("with the last who waits it ends", || site.visits("/late").iter().all(|v| v.ended.is_some())).await;
    page(&down, &ask).await;
}

/// Whether a connection to this address is on its way, as the kernel sees it.
fn dials(to: SocketAddr) -> bool {
    let IpAddr::V4(ip) = to.ip() else { panic!("the lab listens on IPv4") };
    // The remote end, as the bytes lie in memory, and the state SYN_SENT.
    let line = format!(" {:08X}:{:04X} 02 ", u32::from_ne_bytes(ip.octets()), to.port());
    fs::read_to_string("/proc/net/tcp").unwrap().contains(&line)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_called_off_ends_at_once() {
    let (web, site, _) = small_web();
    let patient = DownloadOptions {
        stall_time: LIMIT,
        answer_time: LIMIT,
        dial_time: LIMIT,
        max_retry_after: LIMIT,
        backoff: LIMIT,
        total_time: 3 * LIMIT,
        ..quick(&web)
    };
    let down = Downloader::new(patient).unwrap();
    let hang = ProxySpec::http().fault(proxydeck_tests::lab::Fault::Blackhole);
    let world = World::seeded(SEED).start().await.unwrap();
    let black_hole = world.add(hang).await.unwrap();
    let cases = [
        ("/silent", Page::Silent),
        ("/drip", Page::Drip(Duration::from_millis(10))),
        ("/standstill", Page::Standstill),
        ("/500", Page::Status(500)),
    ];
    let mut asks = vec![("a dial", typed(&format!("http://{}/", black_hole.addr)), None)];
    for (path, what) in cases {
        // Each on a host of its own: one of them wants to be left alone.
        let site = web.site(SiteSpec::default()).unwrap();
        let url = site.page(path, what).unwrap();
        asks.push((path, typed(&url), Some(site)));
    }
    for (what, ask, site) in asks {
        let mut took = Duration::MAX;
        // The best of three: what the machine does meanwhile is not what is measured.
        for round in 1..=3 {
            let cancel = CancellationToken::new();
            let running = {
                let (down, ask, cancel) = (down.clone(), ask.clone(), cancel.clone());
                tokio::spawn(async move {
                    let error = down.fetch(&ask, &cancel).await.unwrap_err();
                    (error, Instant::now())
                })
            };
            match &site {
                Some(site) => until("it is under way", || site.visits(what).len() == round).await,
                None => until("it dials", || dials(black_hole.addr)).await,
            }
            let called = Instant::now();
            cancel.cancel();
            let (error, ended) = running.await.unwrap();
            assert_eq!(error.kind, DownloadFailure::Cancelled, "{what}: {error}");
            took = took.min(ended - called);
            if let Some(site) = &site {
                until("the site is left alone", || site.all_visits().iter().all(|v| v.ended.is_some())).await;
            }
        }
        assert!(took < END_LIMIT, "{what}: {took:?}");
    }
    // Nothing is under way at a host that is waited for.
    let wait = typed(&site.page("/wait", Page::Limited(Patience::Seconds(30), None)).unwrap());
    let cancel = CancellationToken::new();
    let ended = tokio::select! {
        ended = down.fetch(&wait, &cancel) => ended,
        () = async {
            until("it was told to wait", || site.visits("/wait").iter().any(|v| v.ended.is_some())).await;
            cancel.cancel();
            std::future::pending::<()>().await;
        } => unreachable!(),
    };
    assert_eq!(ended.unwrap_err().kind, DownloadFailure::Cancelled);
    assert_eq!(site.visits("/wait").len(), 1);
    let site = web.site(SiteSpec::default()).unwrap();
    // Whoever waits for a turn leaves the queue, and whoever comes after gets it.
    let late = typed(&site.page("/late", Page::Late(Duration::from_millis(300))).unwrap());
    let [queued, last] = ["/queued", "/last"].map(|path| typed(&site.page(path, Page::List(1)).unwrap()));
    let (cancel, never) = (CancellationToken::new(), CancellationToken::new());
    let mut first = Box::pin(down.fetch(&late, &never));
    begin(&mut first).await;
    let mut waiting = Box::pin(down.fetch(&queued, &cancel));
    begin(&mut waiting).await;
    let mut after = Box::pin(down.fetch(&last, &never));
    begin(&mut after).await;
    cancel.cancel();
    assert_eq!(waiting.await.unwrap_err().kind, DownloadFailure::Cancelled);
    let (first, after) = tokio::join!(first, after);
    assert!(first.is_ok() && after.is_ok(), "{first:?}, {after:?}");
    assert!(site.visits("/queued").is_empty());
    let called_off = CancellationToken::new();
    called_off.cancel();
    assert_eq!(down.fetch(&last, &called_off).await.unwrap_err().kind, DownloadFailure::Cancelled);
}

#[tokio::test]
async fn an_account_stays_with_its_site_and_out_of_what_is_told() {
    let web = Web::seeded(SEED).unwrap();
    let site = web.site(SiteSpec::default()).unwrap();
    let other = web.site(SiteSpec::default()).unwrap();
    let down = downloader(&web);
    let with_account = |path: &str| site.url(path).replace("http://", "http://ann:s3cret@");
    site.page("/list", Page::Account("ann".to_owned(), "s3cret".to_owned())).unwrap();
    let got = page(&down, &typed(&with_account("/list"))).await;
    assert_eq!((got.bytes.as_ref(), got.url), (list(100).as_bytes(), site.url("/list")));
    site.page("/moved", Page::Redirect(302, "/list".to_owned())).unwrap();
    assert_eq!(page(&down, &typed(&with_account("/moved"))).await.bytes, list(100), "the same site");
    let away = other.page("/list", Page::List(10)).unwrap();
    site.page("/away", Page::Redirect(302, away)).unwrap();
    page(&down, &typed(&with_account("/away"))).await;
    assert_eq!(other.visits("/list")[0].field("Authorization"), None);

    site.page("/gone", Page::Status(404)).unwrap();
    site.page("/cut", Page::Reset(9)).unwrap();
    for path in ["/gone?key=s3cret", "/cut?key=s3cret"] {
        let ask = typed(&with_account(path));
        let error = failure(&down, &ask).await;
        assert!(!format!("{error} {error:?} {ask:?}").contains("s3cret"), "{error:?} {ask:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_is_spoken_where_it_is_offered() {
    let (web, ..) = small_web();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], secret)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/list", listener.local_addr().unwrap());
    // One connection, two requests: a list for whoever has none, and 304.
    let serving = tokio::spawn(async move {
        let stream = acceptor.accept(listener.accept().await.unwrap().0).await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let mut asked = Vec::new();
        while let Some(request) = connection.accept().await {
            let (request, mut respond) = request.unwrap();
            let known = request.headers().contains_key("if-none-match");
            let answer =
                http::Response::builder().status(if known { 304 } else { 200 }).header("etag", "\"1\"");
            let mut body = respond.send_response(answer.body(()).unwrap(), known).unwrap();
            if !known {
                body.send_data(bytes::Bytes::from(list(50_000)), true).unwrap();
            }
            asked.push(request.version());
        }
        asked
    });
    let extra_roots = Some(certificate.pem().into_bytes());
    let down = Downloader::new(DownloadOptions { extra_roots, ..quick(&web) }).unwrap();
    let got = page(&down, &typed(&url)).await;
    assert_eq!((got.bytes, got.etag.as_deref()), (list(50_000).into(), Some("\"1\"")));
    let again = Ask { etag: got.etag, ..typed(&url) };
    assert!(matches!(fetch(&down, &again).await, Ok(Fetched::NotModified { requests: 1, .. })));
    drop(down);
    assert_eq!(serving.await.unwrap(), [http::Version::HTTP_2; 2], "the second over the same connection");
}

fn through(scheme: ViaScheme, at: &str, account: Option<(&str, &str)>) -> Via {
    let account =
        account.map(|(user, secret)| Account { user: user.to_owned(), secret: Secret::new(secret) });
    Via { scheme, endpoint: at.parse::<Endpoint>().unwrap(), account, allow_private: true }
}

/// Everything that a working proxy must bring, and from where it must come.
async fn works_through(what: &str, down: &Downloader, sites: &[Site], via: &Via, exit: IpAddr) {
    for site in sites {
        let path = format!("/{}", what.replace(' ', "-"));
        let url = site.page(&path, Page::List(500)).unwrap();
        let got = page(down, &Ask { via: Some(via.clone()), ..typed(&url) }).await;
        assert_eq!(got.bytes, list(500), "{what}, {url}");
        assert_eq!(site.visits(&path)[0].from, exit, "{what}, {url}");
        let gone = Ask { via: Some(via.clone()), ..typed(&site.url("/gone")) };
        let error = failure(down, &gone).await;
        assert_eq!(
            (error.kind, error.code),
            (DownloadFailure::Status, Some(404)),
            "{what}: the site's own word"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_go_through_proxies_of_every_kind() {
    let web = Web::seeded(SEED).unwrap();
    let plain = web.site(SiteSpec::default().named(NAME)).unwrap();
    let secure = web.site(SiteSpec::default().named("safe.example.com").tls()).unwrap();
    let sites = [plain.clone(), secure.clone()];
    let down = downloader(&web);
    // The proxies of this world know the names; those of others do not, and get addresses.
    let mut builder = World::seeded(SEED);
    for site in &sites {
        builder = builder.name(site.name.as_ref().unwrap(), site.addr.ip());
    }
    let world = builder.start().await.unwrap();
    let add = async |spec: ProxySpec| -> LabProxy { world.add(spec).await.unwrap() };
    let account = Some(("ann", "s3cret"));
    let labs = [
        (ViaScheme::Http, add(ProxySpec::http()).await, None),
        (ViaScheme::Http, add(ProxySpec::http().account("ann", "s3cret")).await, account),
        (ViaScheme::Socks4, add(ProxySpec::socks4().without_names()).await, None),
        (ViaScheme::Socks4a, add(ProxySpec::socks4()).await, None),
        (ViaScheme::Socks5, add(ProxySpec::socks5()).await, None),
        (ViaScheme::Socks5, add(ProxySpec::socks5().account("ann", "s3cret")).await, account),
    ];
    for (number, (scheme, proxy, account)) in labs.iter().enumerate() {
        let via = through(*scheme, &proxy.addr.to_string(), *account);
        works_through(&format!("lab {number} {}", scheme.as_str()), &down, &sites, &via, proxy.exit).await;
    }

    let over_tls = add(ProxySpec::http().over_tls()).await;
    let roots = [web.ca_pem(), world.ca_pem(), world.interceptor_ca_pem()].concat().into_bytes();
    let trusting = Downloader::new(DownloadOptions { extra_roots: Some(roots), ..quick(&web) }).unwrap();
    let via = through(ViaScheme::Https, &over_tls.addr.to_string(), None);
    works_through("lab over tls", &trusting, &sites, &via, over_tls.exit).await;

    let by_address = [web.site(SiteSpec::default()).unwrap(), web.site(SiteSpec::default().tls()).unwrap()];
    let account = Some((USER, PASSWORD));
    let peers = [
        ("tinyproxy", ViaScheme::Http, tinyproxy(61, ""), None),
        ("squid", ViaScheme::Http, squid_with_account(62, ""), account),
        ("microsocks", ViaScheme::Socks5, microsocks(63, true), account),
        ("danted 5", ViaScheme::Socks5, danted(64), None),
        ("danted 4", ViaScheme::Socks4, danted(65), None),
    ];
    for (what, scheme, peer, account) in &peers {
        let via = through(*scheme, &peer.addr.to_string(), *account);
        works_through(what, &down, &by_address, &via, peer.exit).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_proxy_does_wrong_is_not_the_sites_fault() {
    let (web, site, down) = small_web();
    let secure = web.site(SiteSpec::default().tls()).unwrap();
    let urls = [site.page("/list", Page::List(10)).unwrap(), secure.page("/list", Page::List(10)).unwrap()];
    let world = World::seeded(SEED).start().await.unwrap();
    let nobody = format!("{}:9", site.addr.ip());
    let closed = world.add(ProxySpec::http().account("ann", "s3cret")).await.unwrap().addr.to_string();
    let closed_socks =
        world.add(ProxySpec::socks5().account("ann", "s3cret")).await.unwrap().addr.to_string();
    let socks4 = world.add(ProxySpec::socks4()).await.unwrap().addr.to_string();
    let (tiny, socks) = (tinyproxy(66, ""), microsocks(67, false));
    let (tiny, socks) = (tiny.addr.to_string(), socks.addr.to_string());
    let wrong = Some(("ann", "guessed"));
    for (what, via) in [
        ("nobody there", through(ViaScheme::Http, &nobody, None)),
        ("nobody there", through(ViaScheme::Socks5, &nobody, None)),
        ("nobody there", through(ViaScheme::Socks4, &nobody, None)),
        ("no account", through(ViaScheme::Http, &closed, None)),
        ("the wrong account", through(ViaScheme::Http, &closed, wrong)),
        ("no account", through(ViaScheme::Socks5, &closed_socks, None)),
        ("the wrong account", through(ViaScheme::Socks5, &closed_socks, wrong)),
        ("another protocol", through(ViaScheme::Socks5, &socks4, None)),
        ("no TLS there", through(ViaScheme::Https, &socks, None)),
    ] {
        for url in &urls {
            let error = failure(&down, &Ask { via: Some(via.clone()), ..typed(url) }).await;
            assert_eq!(error.kind, DownloadFailure::ProxyFailed, "{what}, {via:?}, {url}: {error}");
            assert!(!error.to_string().contains("guessed"), "{error}");
        }
    }
    assert!(site.all_visits().is_empty() && secure.all_visits().is_empty());
    // The site is what cannot be reached, but it is the proxy that says so.
    for via in [through(ViaScheme::Http, &tiny, None), through(ViaScheme::Socks5, &socks, None)] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{nobody}/");
            let error = failure(&down, &Ask { via: Some(via.clone()), ..typed(&url) }).await;
            assert_eq!(error.kind, DownloadFailure::ProxyFailed, "{via:?}, {url}: {error}");
        }
    }
    let via = Some(through(ViaScheme::Http, &tiny, None));
    let strangers = Downloader::new(DownloadOptions { extra_roots: None, ..quick(&web) }).unwrap();
    let error = failure(&strangers, &Ask { via: via.clone(), ..typed(&urls[1]) }).await;
    assert_eq!(error.kind, DownloadFailure::TlsFailed, "a certificate is the site's: {error}");
    let literal = Ask { via, ..Ask::new(&urls[0]) };
    assert_eq!(failure(&down, &literal).await.kind, DownloadFailure::NotPublic, "no proxy makes it public");
    let private = Via { allow_private: false, ..through(ViaScheme::Http, &tiny, None) };
    let error = failure(&down, &Ask { via: Some(private), ..typed(&urls[0]) }).await;
    assert_eq!(
        (error.kind, error.requests),
        (DownloadFailure::ProxyFailed, 0),
        "the proxy is not public: {error}"
    );
}

#[test]
fn what_the_environment_says_of_proxies_is_not_asked() {
    const INSIDE: &str = "PROXYDECK_TEST_ENVIRONMENT";
    if std::env::var_os(INSIDE).is_none() {
        let nobody = format!("http://{}:9", Ipv4Addr::new(127, 9, 0, 68));
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "what_the_environment_says_of_proxies_is_not_asked", "--nocapture"]);
        for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            command.env(name, &nobody);
        }
        let output = command.env(INSIDE, "1").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "it must have run");
        return;
    }
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let (_web, site, down) = small_web();
        let url = site.page("/list", Page::List(10)).unwrap();
        assert_eq!(page(&down, &typed(&url)).await.bytes, list(10));
    });
}
