//! The faults that touch an answer on its way back: changed, coded, cut, stretched.

use std::io::{self, Write as _};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::fault::{Fault, Tamper};
use super::super::http::Answer;
use super::super::peer::Peer;
use super::http::portal;

/// One byte for each of these.
const DRIP: Duration = Duration::from_secs(1);
/// A flow without end stops here, so that a client that reads on for ever does not keep the lab busy.
const FLOOD_LIMIT: usize = 256 << 20;
/// What a flood is made of.
const FLOOD_PIECE: usize = 16 * 1024;
/// What one member of a bomb becomes when it is unpacked, and of how many members it is made: 256 MiB from as many KiB.
const BOMB_MEMBER: usize = 1 << 20;
const BOMB_MEMBERS: usize = 256;
/// A length that nobody would wait for: ten gigabytes.
const HUGE_LENGTH: &str = "10737418240";
const FOOTER: &str = "<!-- delivered by lab -->\n";
/// How long the line beyond an answer keeps back, so that it comes in a segment of its own.
const AFTERTHOUGHT: Duration = Duration::from_millis(5);
/// Bytes promised and never sent, and bytes sent beyond the promise.
const WRONG_BY: usize = 40;
const SCRIPT: &str = "<script src=\"//ads.lab.invalid/a.js\"></script>";

/// Sends the judge's answer to the client as this fault has it, and ends the connection.
pub(super) async fn deliver(peer: &mut Peer, fault: Fault, mut answer: Answer) -> io::Result<()> {
    match fault {
        Fault::Tampers(how) => tamper(&mut answer, how),
        Fault::Cached => {
            answer.head.push("Age", "86400");
            answer.head.push("X-Cache", "HIT from lab");
        }
        Fault::Hijack => answer = portal(),
        Fault::Gzip => {
            answer.body = gzip(&answer.body)?;
            answer.head.set("Content-Encoding", "gzip");
            measure(&mut answer);
        }
        Fault::Bomb => {
            // Members one behind the other are one stream (RFC 1952, 2.2).
            answer.body = gzip(&vec![0; BOMB_MEMBER])?.repeat(BOMB_MEMBERS);
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
        Fault::EndlessChunks => {
            in_chunks(&mut answer);
            answer.body.clear();
            peer.send(&answer.to_bytes()).await?;
            let chunk = format!("{FLOOD_PIECE:x}\r\n{}\r\n", ".".repeat(FLOOD_PIECE));
            return flood(peer, chunk.as_bytes()).await;
        }
        Fault::EndlessInterim => {
            return flood(peer, "HTTP/1.1 100 Continue\r\n\r\n".repeat(16).as_bytes()).await;
        }
        Fault::HugeLength => {
            answer.head.set("Content-Length", HUGE_LENGTH);
            peer.send(&answer.to_bytes()).await?;
            return flood(peer, &[b'.'; FLOOD_PIECE]).await;
        }
        Fault::Stall => {
            let bytes = answer.to_bytes();
            peer.send(&bytes[..bytes.len() / 2]).await?;
            return peer.drain().await;
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
        Fault::TalksOn | Fault::TalksOnAfterChunks => {
            if fault == Fault::TalksOnAfterChunks {
                in_chunks(&mut answer);
                let size = format!("{:x}\r\n", answer.body.len());
                answer.body.splice(0..0, size.into_bytes());
                answer.body.extend_from_slice(b"\r\n0\r\n\r\n");
            }
            peer.send(&answer.to_bytes()).await?;
            tokio::time::sleep(AFTERTHOUGHT).await;
            peer.send(FOOTER.as_bytes()).await?;
            return peer.finish().await;
        }
        Fault::BadChunk => {
            in_chunks(&mut answer);
            answer.body.splice(0..0, *b"many\r\n");
        }
        Fault::TwoLengths => answer.head.push("Content-Length", &(answer.body.len() + WRONG_BY).to_string()),
        Fault::LengthAndChunks => {
            let length = answer.body.len();
            answer.body.splice(0..0, format!("{length:x}\r\n").into_bytes());
            answer.body.extend_from_slice(b"\r\n0\r\n\r\n");
            measure(&mut answer);
            answer.head.push("Transfer-Encoding", "chunked");
        }
        Fault::TruncatedChunked => {
            in_chunks(&mut answer);
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
        Tamper::Appended => {
            answer.body.extend_from_slice(FOOTER.as_bytes());
            measure(answer);
        }
        Tamper::Cut => {
            answer.body.truncate(answer.body.len().saturating_sub(WRONG_BY));
            measure(answer);
        }
    }
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut coder = GzEncoder::new(Vec::new(), Compression::fast());
    coder.write_all(bytes)?;
    coder.finish()
}

fn in_chunks(answer: &mut Answer) {
    answer.head.remove("Content-Length");
    answer.head.push("Transfer-Encoding", "chunked");
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
