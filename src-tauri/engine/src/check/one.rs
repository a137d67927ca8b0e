//! One proxy: from its endpoint to the evidence of everything that was asked of it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use proxydeck_domain::{Attempt, Capability, Evidence, Host, Proxy, Reason, Stage, is_public};
use proxydeck_wire::{Ask, Pace, Resolution, Scratch, attempt};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::judges::{Panel, Turn};
use super::plan::{by_name, questions};
use super::progress::Progress;
use super::{Job, Options};

/// How far ahead a foreign judge's turns may be booked before nobody dials for it: a proxy that was dialled does
/// not wait much longer than this with an open connection.
const BOOKED_AHEAD: Duration = Duration::from_secs(1);

/// What the checks of a run share.
pub(super) struct Bench {
    pub(super) panel: Panel,
    pub(super) options: Options,
    pub(super) sockets: Semaphore,
    pub(super) dials: Option<Pace>,
    pub(super) progress: Arc<Progress>,
}

/// What came of one proxy.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) evidence: Evidence,
    /// Judges whose silence might explain a failure.
    pub(super) suspected: Vec<usize>,
}

/// Checks one proxy.
pub(super) async fn check(bench: &Bench, job: &Job, scratch: &mut Scratch) -> Seen {
    let mut seen = Seen::default();
    let endpoint = &job.proxy.endpoint;
    let address = match locate(bench, job).await {
        Ok(ip) => SocketAddr::new(ip, endpoint.port()),
        Err(reason) => {
            let mut attempt = Attempt::new(Capability::Http, Arc::from(""));
            attempt.stage = Stage::Resolve;
            attempt.reason = Some(reason);
            seen.evidence.attempts.push(attempt);
            return seen;
        }
    };
    let asked: Vec<Capability> = questions(bench.options.protocol, job.hints, endpoint.port())
        .into_iter()
        .filter(|capability| bench.judge_kind(*capability).is_some())
        .collect();
    let Some((first, rest)) = asked.split_first() else { return seen };
    seen.take(bench.ask(*first, &job.proxy, address, scratch).await);
    let unreachable = seen
        .evidence
        .attempts
        .first()
        .and_then(|a| a.reason)
        .is_some_and(|reason| reason.settles_all() || !reason.counts());
    if !unreachable {
        // The port accepted: what is left is asked at once, so that a silent port costs two deadlines at most.
        let others = join_all(rest.iter().map(|capability| async {
            bench.ask(*capability, &job.proxy, address, &mut Scratch::default()).await
        }));
        for answer in others.await {
            seen.take(answer);
        }
        for capability in seen.by_name() {
            seen.take(bench.ask(capability, &job.proxy, address, scratch).await);
        }
    }
    seen
}

/// The address to dial.
async fn locate(bench: &Bench, job: &Job) -> Result<IpAddr, Reason> {
    let allowed = |ip: &IpAddr| bench.options.allow_private || is_public(*ip);
    let name = match job.proxy.endpoint.host() {
        Host::V4(v4) => return Some(IpAddr::V4(*v4)).filter(allowed).ok_or(Reason::NotPublic),
        Host::V6(v6) => return Some(IpAddr::V6(*v6)).filter(allowed).ok_or(Reason::NotPublic),
        Host::Name(name) => name,
    };
    match bench.panel.net().resolver.resolve(name, job.proxy.endpoint.port()).await {
        Resolution::Unknown => Err(Reason::Unresolved),
        // A name that also leads into a private network is not trusted with any of its addresses.
        Resolution::Found(all) if all.iter().all(&allowed) => all.first().copied().ok_or(Reason::Unresolved),
        Resolution::Found(_) => Err(Reason::NotPublic),
    }
}

/// An attempt and the judge that was asked.
struct Asked {
    attempt: Attempt,
    seat: Option<usize>,
}

impl Bench {
    /// Whether a question goes to a judge over TLS; none when no judge can answer it.
    fn judge_kind(&self, capability: Capability) -> Option<bool> {
        let (plain, tls) = (self.panel.has(false), self.panel.has(true));
        match capability {
            Capability::Http => plain.then_some(false),
            // CONNECT is for TLS; a plain judge is the second best.
            Capability::Connect => (plain || tls).then_some(tls),
            // A plain judge sees headers too.
            _ => (plain || tls).then_some(!plain),
        }
    }

    async fn ask(
        &self,
        capability: Capability,
        proxy: &Proxy,
        address: SocketAddr,
        scratch: &mut Scratch,
    ) -> Asked {
        let Some(Turn { seat, judge }) = self.judge_kind(capability).and_then(|tls| self.panel.next(tls))
        else {
            let mut attempt = Attempt::new(capability, Arc::from(""));
            attempt.reason = Some(Reason::JudgeDown);
            return Asked { attempt, seat: None };
        };
        let pace = self.panel.seat(seat).and_then(|s| s.pace.as_ref());
        while let Some(early) = pace.and_then(|p| p.backlog().checked_sub(BOOKED_AHEAD)) {
            sleep(early.max(Duration::from_millis(1))).await;
        }
        if let Some(dials) = &self.dials {
            dials.turn().await;
        }
        // The semaphore is never closed, so a permit always comes.
        let _socket = self.sockets.acquire().await;
        let _counted = self.progress.socket();
        let own = self.panel.own();
        let ask =
            Ask { capability, proxy, address, judge: &judge, own: &own, timeout: self.options.timeout, pace };
        let attempt = attempt(self.panel.net(), &ask, scratch).await;
        if attempt.reason.is_none() {
            self.panel.answered(seat);
        }
        Asked { attempt, seat: Some(seat) }
    }
}

impl Seen {
    fn take(&mut self, asked: Asked) {
        if let Some(seat) = asked.seat
            && may_be_the_judge(&asked.attempt)
            && !self.suspected.contains(&seat)
        {
            self.suspected.push(seat);
        }
        self.evidence.attempts.push(asked.attempt);
    }

    /// The questions about names that are worth asking: the protocol is spoken, or refused an address.
    fn by_name(&self) -> Vec<Capability> {
        self.evidence
            .attempts
            .iter()
            .filter(|a| a.reason.is_none() || a.reason == Some(Reason::Rejected))
            .filter_map(|a| by_name(a.capability))
            .collect()
    }
}

/// Whether a failure could be the judge's: nothing of its answer came, though the proxy was reached.
fn may_be_the_judge(attempt: &Attempt) -> bool {
    let reached = attempt.stage >= Stage::Handshake;
    let silent = matches!(
        attempt.reason,
        Some(
            Reason::Reset
                | Reason::Closed
                | Reason::HandshakeTimeout
                | Reason::AnswerTimeout
                | Reason::TlsFailed
                | Reason::AnswerMalformed
        )
    );
    // 502, 503, 504, and what SOCKS proxies say when they cannot reach a host.
    let gateway = attempt.reason == Some(Reason::Rejected)
        && matches!(attempt.code, Some(1 | 3..=6 | 91 | 500 | 502..=504));
    reached && (silent || gateway)
}
