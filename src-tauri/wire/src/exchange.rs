//! One request and its answer over an open stream, and the log of how far it came.

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use proxydeck_domain::{Attempt, Capability, Reason, Stage};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout_at};

use crate::dial::stream_reason;
use crate::handshake::{Failure, Handshake, Step, first_bytes};
use crate::http::{Fault, ResponseReader, State};

/// How much is read at once: a judge's answer fits in one or two reads.
const READ_BYTES: usize = 4096;
/// The most bytes that a handshake may keep unread; only CONNECT has an answer of any length, and it has a
/// limit of its own.
const MAX_HANDSHAKE_BYTES: usize = crate::http::MAX_HEAD_BYTES + READ_BYTES;
/// How long a connection is listened to after a right answer has ended, where its other side does not close it as it was
/// asked to: as long as all of it has taken, within these bounds. What does not belong to the answer comes right behind
/// it, or as late as a piece that was lost on the way and is sent again, which Linux does after 200 ms at the earliest.
const FAREWELL: std::ops::RangeInclusive<Duration> = Duration::from_millis(250)..=Duration::from_millis(500);
/// So long before an attempt has to end this listening ends, so that it never costs a proxy its right answer.
const FAREWELL_MARGIN: Duration = Duration::from_millis(5);

/// An attempt while it is under way, with its clock.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) attempt: Attempt,
    began: Instant,
    entered: Instant,
    /// Time spent waiting for our own turn, which is not the proxy's.
    waited: Duration,
    first_byte: Option<Instant>,
    /// Until when the first byte must have come, where that is earlier than the deadline.
    pub(crate) first_by: Option<Instant>,
    /// Whether it was given up because the first byte had not come by then.
    pub(crate) cut: bool,
    /// When all of it has to end, where somebody ends it then.
    pub(crate) deadline: Option<Instant>,
}

impl Log {
    pub(crate) fn new(capability: Capability, judge: Arc<str>) -> Self {
        Self::since(Instant::now(), capability, judge)
    }

    /// That of an attempt that began a while ago.
    pub(crate) fn since(began: Instant, capability: Capability, judge: Arc<str>) -> Self {
        Self {
            attempt: Attempt::new(capability, judge),
            began,
            entered: began,
            waited: Duration::ZERO,
            first_byte: None,
            first_by: None,
            cut: false,
            deadline: None,
        }
    }

    /// Ends the current stage and enters another, which may be the same.
    pub(crate) fn enter(&mut self, stage: Stage) {
        self.clock();
        self.attempt.stage = stage;
    }

    /// Books the time since the last call on the current stage.
    pub(crate) fn clock(&mut self) {
        let now = Instant::now();
        let micros = u32::try_from((now - self.entered).as_micros()).unwrap_or(u32::MAX);
        self.attempt.times.add(self.attempt.stage, micros);
        self.entered = now;
    }

    /// Books the time since the last call on no stage, though it is part of the whole.
    fn pass_over(&mut self) {
        self.entered = Instant::now();
    }

    /// Leaves the time since the last call out.
    pub(crate) fn waited(&mut self) {
        let now = Instant::now();
        self.waited += now - self.entered;
        self.entered = now;
    }

    /// Milliseconds from the first packet to the first byte of the answer.
    pub(crate) fn latency_ms(&self) -> Option<u32> {
        let to = self.first_byte?;
        u32::try_from((to - self.began).saturating_sub(self.waited).as_millis()).ok()
    }

    fn sent(&mut self, bytes: &[u8]) {
        self.attempt.bytes_out =
            self.attempt.bytes_out.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        if let Some(transcript) = &mut self.attempt.transcript {
            transcript.add(true, bytes);
        }
    }

    fn received(&mut self, bytes: &[u8]) {
        self.attempt.bytes_in =
            self.attempt.bytes_in.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        if let Some(transcript) = &mut self.attempt.transcript {
            transcript.add(false, bytes);
        }
    }
}

fn io_failure(error: &std::io::Error, log: &Log) -> Failure {
    Failure::of(if log.cut { Reason::HandshakeTimeout } else { stream_reason(error) })
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8], log: &mut Log) -> Result<(), Failure> {
    stream.write_all(bytes).await.map_err(|e| io_failure(&e, log))?;
    stream.flush().await.map_err(|e| io_failure(&e, log))?;
    log.sent(bytes);
    Ok(())
}

/// Appends what can be read. Thousands of attempts wait here at once, so that room is only taken for what has come.
async fn read_some(stream: &mut (impl AsyncRead + Unpin), inbox: &mut Vec<u8>) -> std::io::Result<usize> {
    poll_fn(|context| {
        let mut room = [MaybeUninit::uninit(); READ_BYTES];
        let mut room = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut room))?;
        inbox.extend_from_slice(room.filled());
        Poll::Ready(Ok(room.filled().len()))
    })
    .await
}

/// Reads what is there; the first bytes may have to come before the deadline.
async fn receive(
    stream: &mut (impl AsyncRead + Unpin),
    inbox: &mut Vec<u8>,
    log: &mut Log,
) -> std::io::Result<usize> {
    let read = match log.first_by.filter(|_| log.attempt.bytes_in == 0) {
        None => read_some(stream, inbox).await?,
        Some(by) => match timeout_at(by, read_some(stream, inbox)).await {
            Ok(read) => read?,
            Err(_) => {
                log.cut = true;
                return Err(std::io::ErrorKind::TimedOut.into());
            }
        },
    };
    log.received(&inbox[inbox.len() - read..]);
    Ok(read)
}

/// Leads a handshake to its end. What was received beyond it is left in `inbox`.
pub(crate) async fn shake_hands(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    machine: &mut (impl Handshake + ?Sized),
    out: &mut Vec<u8>,
    inbox: &mut Vec<u8>,
    log: &mut Log,
) -> Result<(), Failure> {
    log.enter(Stage::Handshake);
    inbox.clear();
    out.clear();
    machine.begin(out);
    send(stream, out, log).await?;
    loop {
        let read = receive(stream, inbox, log).await.map_err(|e| io_failure(&e, log))?;
        if read == 0 {
            return Err(Failure::of(Reason::Closed));
        }
        loop {
            out.clear();
            let (used, step) = machine.advance(inbox, out);
            inbox.drain(..used);
            match step {
                Step::Open => {
                    log.enter(Stage::Tunnel);
                    return Ok(());
                }
                Step::Failed(failure) => {
                    if failure.reason != Reason::NotAProxy {
                        log.enter(Stage::Tunnel);
                    }
                    return Err(failure);
                }
                Step::More if used == 0 => break,
                Step::More => {
                    if !out.is_empty() {
                        log.enter(Stage::Tunnel);
                        send(stream, out, log).await?;
                    }
                }
            }
        }
        if inbox.len() > MAX_HANDSHAKE_BYTES {
            return Err(Failure::not_a_proxy(inbox));
        }
    }
}

/// How much of an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it, unless its head says that the rest does not matter.
    Whole,
    /// Its head.
    Head,
}

/// Sends a request and reads as much of its answer as is wanted. `awaiting` is the stage until the first byte has come.
pub(crate) async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &[u8],
    reader: &mut ResponseReader,
    awaiting: Stage,
    wanted: Wanted,
    log: &mut Log,
) -> Result<(), Failure> {
    log.enter(if awaiting == Stage::Answer { Stage::Request } else { awaiting });
    send(stream, request, log).await?;
    log.enter(awaiting);
    loop {
        // What came before the request was sent is looked at first: an honest judge says nothing then.
        if reader.begun() {
            match (reader.advance(), reader.head()) {
                (Ok(State::Complete), Some(head)) if wanted == Wanted::Whole && head.is_page() => {
                    // On the heap, since most attempts never come so far and need no room for it.
                    return Box::pin(hear_out(stream, reader, awaiting, log)).await;
                }
                (Ok(State::Complete), _) => return Ok(()),
                // Whatever follows such a head, however it is framed and cut, changes nothing.
                (_, Some(head)) if wanted == Wanted::Head || !head.is_page() => {
                    return Ok(());
                }
                (Ok(State::More), _) => {}
                (Err(fault), _) => return Err(answer_fault(&fault, reader.inbox(), awaiting)),
            }
        }
        let read = receive(stream, reader.inbox(), log).await;
        // Without a farewell TLS reports an error where TCP reports an end; the framing of HTTP decides.
        let read = match read {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => 0,
            other => other.map_err(|e| io_failure(&e, log))?,
        };
        if read == 0 {
            return match (reader.head().is_some(), reader.close()) {
                (_, Ok(_)) => Ok(()),
                (true, Err(fault)) => Err(answer_fault(&fault, reader.inbox(), awaiting)),
                (false, Err(_)) => Err(Failure::of(Reason::Closed)),
            };
        }
        if log.first_byte.is_none() {
            log.first_byte = Some(Instant::now());
            log.enter(Stage::Answer);
        }
    }
}

/// Listens on after a complete answer until the other side closes, so that bytes beyond it are found however the network
/// has cut them.
async fn hear_out(
    stream: &mut (impl AsyncRead + Unpin),
    reader: &mut ResponseReader,
    awaiting: Stage,
    log: &mut Log,
) -> Result<(), Failure> {
    log.clock();
    let until = log.entered + (log.entered - log.began).clamp(*FAREWELL.start(), *FAREWELL.end());
    let until = log.deadline.map_or(until, |end| until.min(end - FAREWELL_MARGIN));
    // Neither silence nor an error takes back what was said in full.
    if let Ok(Ok(read @ 1..)) = timeout_at(until, read_some(stream, reader.inbox())).await {
        let inbox = reader.inbox();
        log.received(&inbox[inbox.len() - read..]);
        return match reader.advance() {
            Err(fault) => Err(answer_fault(&fault, reader.inbox(), awaiting)),
            Ok(_) => Ok(()),
        };
    }
    log.pass_over();
    Ok(())
}

fn answer_fault(fault: &Fault, bytes: &[u8], awaiting: Stage) -> Failure {
    let (reason, detail) = match fault {
        // Whoever opened a tunnel has already shown that it is a proxy.
        Fault::NotHttp if awaiting == Stage::Answer => (Reason::AnswerMalformed, first_bytes(bytes)),
        Fault::NotHttp => (Reason::NotAProxy, first_bytes(bytes)),
        Fault::Malformed(what) => (Reason::AnswerMalformed, (*what).to_owned()),
        Fault::TooLarge(what) => (Reason::AnswerTooLarge, (*what).to_owned()),
    };
    Failure { reason, code: None, detail: Some(detail) }
}
