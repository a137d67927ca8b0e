//! The faults that touch an answer on its way back: changed, coded, cut, stretched.

use std::io::{self, Write as _};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::fault::{Fault, Tamper};
use super::super::http::Answer;
use super::super::peer::Peer;

/// One byte for each of these.
const DRIP: Duration = Duration::from_secs(1);
/// A flow without end stops here, so that a client that reads on for ever does not keep the lab busy.
const FLOOD_LIMIT: usize = 256 << 20;
/// What a flood is made of.
const FLOOD_PIECE: usize = 16 * 1024;
/// Bytes promised and never sent, and bytes sent beyond the promise.
const WRONG_BY: usize = 40;
const SCRIPT: &str = "<script src=\"//ads.lab.invalid/a.js\"></script>";

/// Sends the judge's answer to the client as this fault has it, and ends the connection.
pub(super) async fn deliver(peer: &mut Peer, fault: Fault, mut answer: Answer) -> io::Result<()> {
    match fault {
        Fault::Tampers(how) => tamper(&mut answer, how),
        Fault::Gzip => {
            let mut coder = GzEncoder::new(Vec::new(), Compression::fast());
            coder.write_all(&answer.body)?;
            answer.body = coder.finish()?;
            answer.head.set("Content-Encoding", "gzip");
            measure(&mut answer);
        }
        Fault::EndlessBody => {
            answer.head.remove("Content-Length");
            peer.send(&answer.to_bytes()).await?;
            return flood(peer, &[b'.'; FLOOD_PIECE]).await;
        }
        Fault::EndlessHeaders => {
            let line = "X-Filler: ".to_owned() + &"z".repeat(500) + "\r\n";
            peer.send(b"HTTP/1.1 200 OK\r\n").await?;
            return flood(peer, line.repeat(32).as_bytes()).await;
        }
        Fault::Drip => {
            for byte in answer.to_bytes() {
                peer.send(&[byte]).await?;
                tokio::time::sleep(DRIP).await;
            }
        }
        Fault::LengthTooLong => {
            let length = answer.body.len() + WRONG_BY;
            answer.head.set("Content-Length", &length.to_string());
        }
        Fault::LengthTooShort => {
            let length = answer.body.len().saturating_sub(WRONG_BY);
            answer.head.set("Content-Length", &length.to_string());
        }
        Fault::TruncatedChunked => {
            answer.head.remove("Content-Length");
            answer.head.push("Transfer-Encoding", "chunked");
            let size = format!("{:x}\r\n", answer.body.len());
            answer.body.truncate(answer.body.len() / 2);
            answer.body.splice(0..0, size.into_bytes());
        }
        // A replayed answer is what it was; other faults never come here.
        _ => {}
    }
    if fault != Fault::Drip {
        peer.send(&answer.to_bytes()).await?;
    }
    peer.finish().await
}

fn tamper(answer: &mut Answer, how: Tamper) {
    match how {
        Tamper::Letter => flip(&mut answer.body),
        Tamper::Script => {
            let end = find(&answer.body, b"</body>").unwrap_or(answer.body.len());
            answer.body.splice(end..end, SCRIPT.bytes());
            measure(answer);
        }
    }
}

/// Changes one letter that no judge echoes from the request: of the frame of Proxydeck's own judge, of a page's title,
/// of the name of httpbin's `headers`, and of anything else the last.
fn flip(body: &mut [u8]) {
    let places: [(&[u8], usize); 3] = [(b"\nframe: ", 100), (b"<title>", 9), (b"\"headers\"", 3)];
    let found = places.iter().find_map(|(mark, beyond)| find(body, mark).map(|at| at + beyond));
    let at = found.unwrap_or(body.len().saturating_sub(1));
    if let Some(byte) = body.get_mut(at) {
        // Another digit for a digit of the frame, another letter for a letter of a word.
        *byte = match *byte {
            b'0' => b'1',
            b'1'..=b'9' => b'0',
            b'a' => b'b',
            _ => b'a',
        };
    }
}

fn measure(answer: &mut Answer) {
    answer.head.set("Content-Length", &answer.body.len().to_string());
}

fn find(body: &[u8], mark: &[u8]) -> Option<usize> {
    body.windows(mark.len()).position(|window| window == mark)
}

async fn flood(peer: &mut Peer, piece: &[u8]) -> io::Result<()> {
    for _ in 0..FLOOD_LIMIT / FLOOD_PIECE {
        peer.send(piece).await?;
    }
    peer.finish().await
}
