//! A door for fuzz targets, which is there for `cargo fuzz` alone: the readers of judges' answers, one shape at a time.

use std::net::IpAddr;

use proxydeck_domain::{Headers, Reason};

use super::{Frame, JudgeUrl, Sent, Shape, Token, own};

/// The random bits of the one token that is used here, so that what a fuzzer has learned stays good.
const BITS: u64 = 0x0123_4567_89ab_cdef;
/// The address that the judge saw in the right answer.
const REMOTE: &str = "203.0.113.7";

/// A judge and its right answer, of which a fuzzer makes others.
#[derive(Debug)]
pub struct Bench {
    token: Token,
    target: String,
    absolute: String,
    right: String,
    frame: Frame,
}

/// What was read.
#[derive(Debug)]
pub struct Read {
    /// The address that the judge saw.
    pub remote: Option<IpAddr>,
    /// The header fields that the judge received.
    pub headers: Headers,
}

impl Bench {
    /// A judge of this shape, as it answers directly; none if its own answer is not understood, which is a bug.
    #[must_use]
    pub fn new(shape: Shape) -> Option<Self> {
        let path = match shape {
            Shape::Own => "/proxydeck",
            Shape::Azenv => "/azenv.php",
            Shape::Httpbin => "/get",
            Shape::Bare => "/ip",
        };
        let url = JudgeUrl::parse(&format!("http://judge.example.net{path}")).ok()?;
        let token = Token::new(BITS);
        let target = url.target(&token);
        let absolute = url.absolute(&target);
        let right = match shape {
            Shape::Own => {
                let headers: [(&str, &[u8]); 2] = [("Host", b"judge.example.net"), ("Via", b"1.1 x%")];
                own::write(token.as_str(), REMOTE.parse().ok()?, &target, &headers, false)
            }
            Shape::Azenv => format!(
                "<html>\n<pre>\nREMOTE_ADDR = {REMOTE}\nREMOTE_PORT = 4711\nREQUEST_METHOD = GET\n\
                 REQUEST_URI = {target}\nHTTP_HOST = judge.example.net\nHTTP_VIA = 1.1 x\n</pre>\n</html>\n"
            ),
            Shape::Httpbin => {
                let page = serde_json::json!({
                    "args": {"show_env": "1", "token": token.as_str()},
                    "headers": {"Host": "judge.example.net", "Via": "1.1 x"},
                    "origin": REMOTE,
                    "url": absolute,
                });
                serde_json::to_string_pretty(&page).ok()? + "\n"
            }
            Shape::Bare => format!("{REMOTE}\n"),
        };
        let sent = Sent { token: &token, target: &target, absolute: &absolute, page: false };
        let (frame, _) = Frame::learn(right.as_bytes(), &sent).filter(|(frame, _)| frame.shape() == shape)?;
        Some(Self { token, target, absolute, right, frame })
    }

    /// The right answer.
    #[must_use]
    pub fn right(&self) -> &[u8] {
        self.right.as_bytes()
    }

    /// The token, which every answer of a shape that echoes must have.
    #[must_use]
    pub fn token(&self) -> &str {
        self.token.as_str()
    }

    fn sent(&self) -> Sent<'_> {
        Sent { token: &self.token, target: &self.target, absolute: &self.absolute, page: false }
    }

    /// Reads an answer that came through a proxy.
    ///
    /// # Errors
    /// Why it is not the judge's.
    pub fn read(&self, answer: &[u8]) -> Result<Read, Reason> {
        let reading = self.frame.read(answer, &self.sent()).map_err(|wrong| wrong.reason)?;
        Ok(Read { remote: reading.remote, headers: reading.headers })
    }

    /// Reads an answer as one that came directly from a judge of whatever shape.
    #[must_use]
    pub fn learn(&self, answer: &[u8]) -> Option<Shape> {
        Frame::learn(answer, &self.sent()).map(|(frame, _)| frame.shape())
    }

    /// The answers that our own judge gives to those who ask as we do, and which it was asked in either form.
    #[must_use]
    pub fn written(&self, read: &Read) -> Vec<String> {
        let headers: Vec<(&str, &[u8])> =
            read.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let write = |target: &str| {
            read.remote.map(|remote| own::write(self.token.as_str(), remote, target, &headers, false))
        };
        [&self.target, &self.absolute].into_iter().filter_map(|target| write(target)).collect()
    }
}
