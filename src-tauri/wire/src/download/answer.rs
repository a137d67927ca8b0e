//! What the head of an answer says. No IO, and no clock but the one in the answer and the one that is given.

use std::time::{Duration, SystemTime};

use reqwest::header::{
    CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED, LOCATION, RETRY_AFTER, SERVER,
};
use url::Url;

use super::{DownloadError, DownloadFailure};

/// A longer validator is not kept: it would be stored with every visit, and a server may have us keep anything in it.
const MAX_VALIDATOR: usize = 512;
/// The longest name of a charset or content type that is taken for one.
const MAX_TYPE: usize = 100;
/// Longer addresses are not followed; servers refuse them from here on.
const MAX_URL: usize = 8 * 1024;
/// No host is left alone for longer, whatever it asks for: a source would be lost for a typing error.
const MAX_PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// A header as text, when it is printable ASCII.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// What a later ask can be made conditional with.
pub(super) fn validators(headers: &HeaderMap) -> (Option<String>, Option<String>) {
    let kept =
        |name| text(headers, name).filter(|v| !v.is_empty() && v.len() <= MAX_VALIDATOR).map(str::to_owned);
    (kept(ETAG), kept(LAST_MODIFIED))
}

/// The content type without parameters, and its charset; both in lower case.
pub(super) fn content_type(headers: &HeaderMap) -> (Option<String>, Option<String>) {
    let Some(said) = text(headers, CONTENT_TYPE) else { return (None, None) };
    let word = |text: &str| {
        let text = text.trim();
        let sound = !text.is_empty()
            && text.len() <= MAX_TYPE
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-/:".contains(&b));
        sound.then(|| text.to_ascii_lowercase())
    };
    let mut parts = said.split(';');
    let essence = parts.next().and_then(word);
    let charset = parts
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .and_then(|(_, value)| word(value.trim().trim_matches(['"', '\''])));
    (essence, charset)
}

/// How long the host wants to be left alone: seconds, or a date measured by the host's own clock where it gives one.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let said = text(headers, RETRY_AFTER)?;
    let wait = if !said.is_empty() && said.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit are more than a day.
        said.parse().map_or(MAX_PATIENCE, Duration::from_secs)
    } else {
        let then = httpdate::parse_http_date(said).ok()?;
        let now = text(headers, DATE).and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
        then.duration_since(now).unwrap_or_default()
    };
    Some(wait.min(MAX_PATIENCE))
}

/// Whether an error that came through a forwarding proxy is the proxy's own: it says so (RFC 9110, 15.5.8; RFC 9209),
/// or it bears the mark of a program that serves no pages but its own errors.
pub(super) fn is_proxys(status: u16, headers: &HeaderMap) -> bool {
    const PROXIES: [&str; 4] = ["squid", "tinyproxy", "privoxy", "mitmproxy"];
    let said = text(headers, HeaderName::from_static("proxy-status")).is_some_and(|s| s.contains("error="));
    let marked = headers.contains_key("x-squid-error")
        || text(headers, SERVER).is_some_and(|server| {
            let server = server.to_ascii_lowercase();
            PROXIES.iter().any(|name| server.starts_with(name))
        });
    status == 407 || status >= 400 && (said || marked)
}

/// Reads an address that may be asked for.
pub(super) fn parse(text: &str) -> Result<Url, DownloadError> {
    let bad = |why: &str| DownloadError::new(DownloadFailure::BadAddress, why.to_owned());
    let text = text.trim();
    if text.len() > MAX_URL {
        return Err(bad("the address is too long"));
    }
    let mut url = Url::parse(text).map_err(|error| bad(&format!("the address cannot be read: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("only http and https can be downloaded"));
    }
    if url.host().is_none() || url.port() == Some(0) {
        return Err(bad("the address has no host or no port that can be dialled"));
    }
    url.set_fragment(None);
    Ok(url)
}

/// Where a redirect leads, if it may be followed at all.
pub(super) fn redirect(from: &Url, headers: &HeaderMap) -> Result<Url, DownloadError> {
    let broken = |why: &str| DownloadError::new(DownloadFailure::Broken, format!("{} {why}", shown(from)));
    let to = headers.get(LOCATION).ok_or_else(|| broken("redirects without saying where to"))?;
    let to = std::str::from_utf8(to.as_bytes()).map_err(|_| broken("redirects to what is no address"))?;
    let mut to = from.join(to).map_err(|_| broken("redirects to what is no address"))?;
    let scheme = |why: String| DownloadError::new(DownloadFailure::RedirectScheme, why);
    if !matches!(to.scheme(), "http" | "https") {
        let named = to.scheme().to_owned();
        return Err(scheme(format!("{} redirects to an address of {named}:", shown(from))));
    }
    // Whoever gave an https address wants what that very site says. A line that can be read and changed by anybody on
    // the way is not what a redirect may choose for them.
    if from.scheme() == "https" && to.scheme() == "http" {
        return Err(scheme(format!("{} redirects from https to http", shown(from))));
    }
    if to.as_str().len() > MAX_URL || to.host().is_none() || to.port() == Some(0) {
        return Err(broken("redirects to what is no address"));
    }
    // The account stays with the site for which it was given, and one that a stranger chose is none of ours.
    let same_site = from.origin() == to.origin();
    let _ = to.set_username(if same_site { from.username() } else { "" });
    let _ = to.set_password(from.password().filter(|_| same_site));
    to.set_fragment(None);
    Ok(to)
}

/// An address as it may be shown in an error: what stands after the host may be a key of the user's.
pub(super) fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// An address as it is kept: without user and password.
pub(super) fn kept(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on should stop at that very line")]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        fields.iter().map(pair).collect()
    }

    #[test]
    fn patience_is_asked_for_in_seconds_or_by_a_date() {
        let now = httpdate::parse_http_date("Thu, 26 Nov 2026 12:00:00 GMT").unwrap();
        let wait = |fields: &[(&'static str, &str)]| retry_after(&headers(fields), now);
        assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(
            wait(&[("retry-after", "Thu, 26 Nov 2026 12:01:00 GMT")]),
            Some(Duration::from_secs(60)),
            "by our clock, where the host gives none"
        );
        assert_eq!(
            wait(&[
                ("retry-after", "Thu, 26 Nov 2026 12:01:00 GMT"),
                ("date", "Thu, 26 Nov 2026 12:00:50 GMT")
            ]),
            Some(Duration::from_secs(10)),
            "by the host's own clock"
        );
        assert_eq!(
            wait(&[("retry-after", "Thu, 26 Nov 2020 12:00:00 GMT")]),
            Some(Duration::ZERO),
            "it is past"
        );
        assert_eq!(wait(&[("retry-after", "99999999999999999999999")]), Some(MAX_PATIENCE));
        for nonsense in ["", "-1", "1.5", "soon"] {
            assert_eq!(wait(&[("retry-after", nonsense)]), None, "{nonsense:?}");
        }
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn a_content_type_is_read_in_its_spellings() {
        let read = |value: &str| content_type(&headers(&[("content-type", value)]));
        let pair = |a: &str, b: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            (some(a), some(b))
        };
        assert_eq!(read("text/plain"), pair("text/plain", ""));
        assert_eq!(read("Text/HTML; Charset=\"GB2312\""), pair("text/html", "gb2312"));
        assert_eq!(read("text/html;charset='utf-8' ; x=y"), pair("text/html", "utf-8"));
        assert_eq!(read("; charset=big5"), pair("", "big5"));
        assert_eq!(
            read("text/plain; charset=<script>"),
            pair("text/plain", ""),
            "that is no name of a charset"
        );
        assert_eq!(content_type(&HeaderMap::new()), (None, None));
    }

    #[test]
    fn validators_of_any_length_are_not_kept() {
        let long = "x".repeat(MAX_VALIDATOR + 1);
        assert_eq!(validators(&headers(&[("etag", &long)])), (None, None));
        let kept = validators(&headers(&[("etag", "W/\"1\""), ("last-modified", "yesterday")]));
        assert_eq!(kept, (Some("W/\"1\"".to_owned()), Some("yesterday".to_owned())), "as they were spelled");
    }

    #[test]
    fn a_redirect_keeps_to_the_web_and_to_its_safety() {
        let from = Url::parse("https://ann:s3cret@lists.example/a/b").unwrap();
        let to = |location: &str| {
            redirect(&from, &headers(&[("location", location)])).map(String::from).map_err(|error| error.kind)
        };
        assert_eq!(
            to("../c?d#e"),
            Ok("https://ann:s3cret@lists.example/c?d".to_owned()),
            "the account's own site"
        );
        assert_eq!(to("https://u:p@lists.example/"), Ok("https://ann:s3cret@lists.example/".to_owned()));
        assert_eq!(to("//other.example/"), Ok("https://other.example/".to_owned()));
        assert_eq!(
            to("https://u:p@other.example/"),
            Ok("https://other.example/".to_owned()),
            "no account of theirs"
        );
        for elsewhere in
            ["file:///etc/passwd", "ftp://lists.example/", "data:text/plain,x", "http://lists.example/"]
        {
            assert_eq!(to(elsewhere), Err(DownloadFailure::RedirectScheme), "{elsewhere}");
        }
        for nonsense in ["https://", "https://[::1", "https://lists.example:0/", "https://a.example:99999/"] {
            assert_eq!(to(nonsense), Err(DownloadFailure::Broken), "{nonsense}");
        }
        assert_eq!(redirect(&from, &HeaderMap::new()).unwrap_err().kind, DownloadFailure::Broken);
    }

    #[test]
    fn nothing_but_http_can_be_asked_for() {
        for bad in [
            "",
            "lists.example/a",
            "ftp://lists.example/",
            "file:///etc/passwd",
            "http://",
            "http://a.example:0/",
        ] {
            assert_eq!(parse(bad).unwrap_err().kind, DownloadFailure::BadAddress, "{bad:?}");
        }
        assert_eq!(
            parse(&format!("http://a.example/{}", "x".repeat(MAX_URL))).unwrap_err().kind,
            DownloadFailure::BadAddress
        );
        assert_eq!(parse(" http://A.example/#part ").unwrap().as_str(), "http://a.example/");
    }

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        let url = Url::parse("https://ann:s3cret@lists.example:8443/free?key=s3cret").unwrap();
        assert_eq!(shown(&url), "https://lists.example:8443");
        assert_eq!(
            kept(&url),
            "https://lists.example:8443/free?key=s3cret",
            "the next ask needs what is asked for"
        );
    }

    #[test]
    fn a_proxys_own_errors_are_known_by_what_they_say() {
        assert!(is_proxys(407, &HeaderMap::new()));
        assert!(is_proxys(503, &headers(&[("x-squid-error", "ERR_CONNECT_FAIL 111")])));
        assert!(is_proxys(500, &headers(&[("server", "tinyproxy/1.11.1")])));
        assert!(is_proxys(502, &headers(&[("proxy-status", "edge.example; error=destination_unavailable")])));
        assert!(!is_proxys(503, &headers(&[("server", "nginx")])), "that may as well be the site's");
        assert!(!is_proxys(200, &headers(&[("server", "squid/6")])));
    }
}
