//! HTTP/1 heads as the lab reads and writes them: in order and in the spelling received, bytes kept one to one.
//! It does no IO.

/// One header line.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// A request or status line with its fields.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) line: String,
    pub(crate) fields: Vec<Field>,
}

/// The three words of a request line.
#[derive(Clone, Debug)]
pub(crate) struct RequestLine {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) version: String,
}

/// What an absolute-form target says.
#[derive(Clone, Debug)]
pub(crate) struct Absolute {
    pub(crate) scheme: String,
    pub(crate) authority: String,
    pub(crate) path: String,
}

impl Head {
    /// Reads a head; none when it is not one.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = latin1(bytes);
        let mut lines = text.split("\r\n");
        let line = lines.next()?.to_owned();
        let mut fields = Vec::new();
        for line in lines.take_while(|l| !l.is_empty()) {
            let (name, value) = line.split_once(':')?;
            fields.push(Field { name: name.to_owned(), value: value.trim_matches([' ', '\t']).to_owned() });
        }
        Some(Self { line, fields })
    }

    pub(crate) fn request_line(&self) -> Option<RequestLine> {
        let mut words = self.line.split(' ');
        let line = RequestLine {
            method: words.next()?.to_owned(),
            target: words.next()?.to_owned(),
            version: words.next()?.to_owned(),
        };
        (words.next().is_none() && line.version.starts_with("HTTP/1.")).then_some(line)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value.as_str())
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.push(name, value);
    }

    pub(crate) fn push(&mut self, name: &str, value: &str) {
        self.fields.push(Field { name: name.to_owned(), value: value.to_owned() });
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.fields.retain(|f| !f.name.eq_ignore_ascii_case(name));
    }

    /// The head as it goes over the wire, with its empty line.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.line);
        for field in &self.fields {
            text.push_str(&format!("{}: {}\r\n", field.name, field.value));
        }
        text.push_str("\r\n");
        bytes(&text)
    }
}

/// An answer: its head and the whole of its body.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut head = Head { line: format!("HTTP/1.1 {status} {}", phrase(status)), fields: Vec::new() };
        let body = body.into();
        head.push("Content-Type", content_type);
        head.push("Content-Length", &body.len().to_string());
        Self { head, body }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.head.push(name, value);
        self
    }

    /// Splits an answer that was read up to its end.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
        Some(Self { head: Head::parse(&bytes[..end])?, body: bytes[end..].to_vec() })
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.head.to_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// Reads an absolute-form target (RFC 9112, 3.2.2).
pub(crate) fn absolute(target: &str) -> Option<Absolute> {
    let (scheme, rest) = target.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Some(Absolute { scheme: scheme.to_ascii_lowercase(), authority: authority.to_owned(), path })
}

/// Splits `host:port`, `[v6]:port` or a host alone.
pub(crate) fn authority(text: &str, default_port: u16) -> Option<(String, u16)> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        (host, rest.strip_prefix(':'))
    } else {
        text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)))
    };
    let port = port.map_or(Some(default_port), |p| p.parse().ok())?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

/// The value of a query's parameter, as it stands.
pub(crate) fn parameter<'a>(target: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = target.split_once('?')?;
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name).map(|(_, value)| value)
}

/// Bytes as characters of the same number, so that nothing is lost.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|b| char::from(*b)).collect()
}

/// The inverse of [`latin1`].
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// Base64 with padding (RFC 4648, 4), for Basic accounts.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word = group.iter().chain([0, 0].iter()).take(3).fold(0_usize, |w, b| w << 8 | usize::from(*b));
        for place in 0..4 {
            let digit = DIGITS[word >> (18 - 6 * place) & 63];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded, "test vectors of RFC 4648, 10");
        }
    }

    #[test]
    fn an_absolute_target_without_a_path_asks_for_the_root() {
        let target = absolute("http://[::1]:81?token=x").map(|a| (a.authority, a.path));
        assert_eq!(target, Some(("[::1]:81".to_owned(), "/?token=x".to_owned())), "RFC 9112, 3.2.2");
    }
}
