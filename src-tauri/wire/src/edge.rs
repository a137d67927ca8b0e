//! Edges of content networks by what they answer. Those in networks of their own are known by address already; those
//! that stand in clouds, where a proxy may stand as well, show themselves by fields that their operators document.

use crate::http::MAX_HEADERS;

/// A network, and a field by which its edges are known, with the beginning of the value; an empty one is any value.
const MARKS: [(&str, &str, &str); 18] = [
    ("Akamai", "Server", "AkamaiGHost"),
    ("Akamai", "Server", "AkamaiNetStorage"),
    ("Alibaba Cloud CDN", "EagleId", ""),
    ("Amazon CloudFront", "X-Amz-Cf-Id", ""),
    ("Amazon CloudFront", "Server", "CloudFront"),
    ("Azure Front Door", "X-Azure-Ref", ""),
    ("bunny.net", "Server", "BunnyCDN"),
    ("CDN77", "Server", "CDN77"),
    ("Cloudflare", "CF-RAY", ""),
    ("Cloudflare", "Server", "cloudflare"),
    ("Edgio", "Server", "ECAcc"),
    ("Edgio", "Server", "ECS ("),
    ("Fastly", "X-Fastly-Request-ID", ""),
    ("Fastly", "X-Served-By", "cache-"),
    ("Imperva", "X-Iinfo", ""),
    ("Imperva", "X-CDN", "Im"),
    ("Sucuri", "X-Sucuri-ID", ""),
    ("Tencent Cloud CDN", "X-NWS-LOG-UUID", ""),
];

/// The content network whose edge wrote this head, if one did. A refusal by the judge's own edge looks the same, so that
/// it explains an answer and decides none.
pub(crate) fn network(head: &[u8]) -> Option<&'static str> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut fields);
    // What cannot be read to its end has been read as far as it goes.
    let _ = response.parse(head);
    let bears = |name: &str, beginning: &str| {
        response.headers.iter().any(|field| {
            field.name.eq_ignore_ascii_case(name)
                && field
                    .value
                    .get(..beginning.len())
                    .is_some_and(|value| value.eq_ignore_ascii_case(beginning.as_bytes()))
        })
    };
    MARKS.iter().find(|(_, name, beginning)| bears(name, beginning)).map(|(network, ..)| *network)
}

/// What a person is told of it.
pub(crate) fn remark(head: &[u8]) -> Option<String> {
    network(head).map(|network| format!("answered by an edge of {network}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_known_by_what_their_operators_document() {
        let cloudflare = b"HTTP/1.1 403 Forbidden\r\nDate: x\r\nserver: cloudflare\r\nCF-RAY: 8a-FRA\r\n\r\n";
        assert_eq!(network(cloudflare), Some("Cloudflare"));
        let front = b"HTTP/1.1 400 Bad Request\r\nServer: CloudFront\r\nX-Amz-Cf-Id: x==\r\n\r\n";
        assert_eq!(network(front), Some("Amazon CloudFront"));
        let akamai = b"HTTP/1.0 400 Bad Request\r\nServer: AkamaiGHost\r\nMime-Version: 1.0\r\n\r\n";
        assert_eq!(network(akamai), Some("Akamai"));
    }

    #[test]
    fn proxies_are_no_edges() {
        for head in [
            b"HTTP/1.1 403 Forbidden\r\nServer: squid/5.7\r\nVia: 1.1 cache-1 (squid/5.7)\r\n\r\n".as_slice(),
            b"HTTP/1.1 503 No\r\nServer: nginx\r\nX-Served-By: proxy\r\n\r\n",
            b"HTTP/1.1 400 Bad\r\n\r\n",
            b"HTTP/1.1 400 Bad\r\nServer: cl",
            b"SSH-2.0-x\r\n",
        ] {
            assert_eq!(network(head), None, "{}", head.escape_ascii());
        }
    }
}
