//! One proxy: from its endpoint to the evidence of everything that was asked of it.
//!
//! What is not known about a port is found out in as few waits as the truth allows. The first question is the likeliest;
//! a port that stays silent is asked the others meanwhile, each for a short time only, since a greeting costs a proxy
//! nothing but the way. Whoever was cut short is asked again, for as long as the deadline allows, when the port turns
//! out to speak something after all.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use proxydeck_domain::{
    Anonymity, Attempt, Capability, Evidence, GIVEAWAY_EXIT, Host, Proxy, Reason, Stage, is_public,
};
use proxydeck_wire::{
    Accepted, Ask, Dialled, Pace, Patience, Resolution, Scratch, Tried, Visit, attempt, visit,
};
use tokio::time::sleep;

use super::judges::{Known, Panel, Turn};
use super::plan::{by_name, questions};
use super::sockets::{Hold, Sockets};
use super::{Job, Options};

/// How far ahead a foreign judge's turns may be booked before nobody dials for it: a proxy that was dialled does
/// not wait much longer than this with an open connection.
const BOOKED_AHEAD: Duration = Duration::from_secs(1);
/// How many times longer than the way there and back a port may stay silent before it is asked something else too, and
/// how long an answer to that may take: whoever understands a greeting answers it at once.
const SILENT_WAYS: u32 = 4;
/// What part of the timeout this is at least, and at most. Three questions that are cut short cost a silent port three such
/// parts together, and it is mostly silent ports that a run waits for. The least is what a busy server takes to greet.
const SILENT_PARTS: (u32, u32) = (32, 12);
/// How many times longer than the answers that a port has given to other questions it may take to one that it may not
/// understand.
const SLOWER: u32 = 8;
/// How many times longer than was waited the port must be given, by what it has answered since, for it to be asked once
/// more: what was waited is many times longer than an answer took, so a little more brings nothing.
const MUCH: u32 = 2;
/// The most judges that are asked the same: of three, two make a majority.
const MAX_OPINIONS: usize = 3;

/// What the checks of a run share.
pub(super) struct Bench {
    pub(super) panel: Panel,
    pub(super) options: Options,
    pub(super) sockets: Arc<Sockets>,
    pub(super) dials: Option<Pace>,
}

/// What somebody who asks holds from question to question.
pub(super) struct Hands<'a> {
    known: Known,
    grip: Grip<'a>,
}

/// What one question takes.
struct Grip<'a> {
    bench: &'a Bench,
    scratch: Scratch,
    hold: Hold<'a>,
}

impl Grip<'_> {
    /// Waits for a turn to dial and a socket for it.
    async fn take_socket(&mut self) {
        if let Some(dials) = &self.bench.dials {
            self.hold.rest();
            dials.turn().await;
        }
        self.hold.take().await;
    }

    /// Dials in its turn. The socket is in use until the hold hears that it was closed.
    async fn dial(&mut self, address: SocketAddr) -> Dialled {
        self.take_socket().await;
        Dialled::within(self.bench.options.timeout, address).await
    }
}

impl<'a> Hands<'a> {
    /// Those of a worker. One protocol is one question at a time; to find it out takes several at once.
    pub(super) fn new(bench: &'a Bench) -> Self {
        Self::with(bench, bench.panel.known(), bench.options.protocol.is_some())
    }

    /// Those for one question that is asked beside others.
    fn beside(bench: &'a Bench, known: &Known) -> Self {
        Self::with(bench, known.clone(), false)
    }

    fn with(bench: &'a Bench, known: Known, keeps: bool) -> Self {
        let grip = Grip { bench, scratch: Scratch::default(), hold: Hold::new(&bench.sockets, keeps) };
        Self { known, grip }
    }

    /// Waits until another proxy can be asked.
    pub(super) async fn be_ready(&mut self) {
        if self.grip.bench.panel.is_shut() {
            self.rest();
            self.grip.bench.panel.opened().await;
        }
        self.grip.hold.be_ready().await;
    }

    /// No socket is opened for a while: others may.
    pub(super) fn rest(&mut self) {
        self.grip.hold.rest();
    }
}

/// What came of one proxy.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) evidence: Evidence,
    /// Judges that might explain a failure: by being silent, or by answering otherwise than before.
    pub(super) suspected: Vec<usize>,
    /// Visits to targets.
    pub(super) visits: Vec<Attempt>,
    /// Questions that were cut short.
    cut: Vec<Capability>,
}

/// A question as it is put.
#[derive(Clone, Copy)]
struct Question {
    capability: Capability,
    /// What is spoken to the proxy.
    by: Capability,
    over_tls: bool,
    /// How long the first byte may take; the whole timeout if none.
    patience: Option<Patience>,
    /// Whether our own judge is asked for its larger page too.
    page: bool,
}

impl Question {
    const fn new(capability: Capability) -> Self {
        Self { capability, by: capability, over_tls: false, patience: None, page: false }
    }
}

/// Checks one proxy. `room` is for its attempts.
pub(super) async fn check(
    bench: &Bench,
    job: &Job,
    room: &mut Vec<Attempt>,
    hands: &mut Hands<'_>,
) -> Checked {
    let endpoint = &job.proxy.endpoint;
    let address = match locate(bench, job).await {
        Ok(ip) => SocketAddr::new(ip, endpoint.port()),
        Err(reason) => {
            let mut attempt = Attempt::new(Capability::Http, Arc::from(""));
            attempt.stage = Stage::Resolve;
            attempt.reason = Some(reason);
            return Seen::of(attempt).checked(bench);
        }
    };
    let entry = matches!(endpoint.host(), Host::Name(_)).then(|| address.ip());
    let mut asked = questions(bench.options.protocol, job.hints, endpoint.port())
        .filter(|capability| bench.judge_kind(*capability).is_some());
    let Some(first) = asked.next() else { return Checked::Seen(Seen::default()) };
    let line = Line { bench, proxy: &job.proxy, address };
    let mut seen;
    if bench.options.protocol.is_none() {
        seen = Seen { evidence: Evidence { attempts: std::mem::take(room), entry }, ..Seen::default() };
        // On the heap, so that a check of one known protocol need not make room for it.
        Box::pin(line.find_out(job, first, asked.collect(), hands, &mut seen)).await;
    } else {
        // Most are not reached, and thousands wait for their dials at once: here little memory is touched for each,
        // and whom to ask is not looked for. Where a judge may not be asked at any rate, nobody is dialled before it
        // is known whom.
        let dialled = if bench.panel.is_paced() { None } else { Some(hands.grip.dial(address).await) };
        if let Some(reason) = dialled.as_ref().and_then(Dialled::reason)
            && is_short(bench, reason)
        {
            hands.grip.hold.closed();
            return Checked::Unreached { by: first, reason };
        }
        seen = Seen { evidence: Evidence { attempts: std::mem::take(room), entry }, ..Seen::default() };
        // Most have one attempt and no more; the first growth of a vector makes room for four.
        seen.evidence.attempts.reserve_exact(1);
        seen.take(line.ask_dialled(Question::new(first), None, dialled, hands).await);
    }
    if !seen.is_settled() {
        // On the heap as well: most are settled by the first question.
        seen = Box::pin(line.go_on(seen, hands)).await;
    }
    seen.checked(bench)
}

/// Whether a proxy was not reached, and that is all that anybody wants to know.
const fn is_short(bench: &Bench, reason: Reason) -> bool {
    reason.settles_all() && !bench.options.with_evidence
}

impl Line<'_> {
    /// Asks what is worth asking when the first questions have been answered.
    async fn go_on(&self, mut seen: Seen, hands: &mut Hands<'_>) -> Seen {
        let bench = self.bench;
        if bench.options.protocol.is_some() && seen.may_want_tls(false) {
            Box::pin(self.ask_over_tls(hands, &mut seen)).await;
        }
        for capability in seen.by_name().into_iter().filter(|by_name| bench.judge_kind(*by_name).is_some()) {
            seen.take(self.ask(Question::new(capability), None, hands).await);
        }
        if let Some((by, over_tls)) = seen.tunnel()
            && bench.panel.has_ipv6()
        {
            let question = Question { by, over_tls, ..Question::new(Capability::Ipv6) };
            let mut answer = self.ask(question, None, hands).await;
            // Who tunnels to this very port otherwise refuses the address.
            answer.tried.attempt.conclusive |= seen.tunnels_to(answer.tried.attempt.port);
            seen.take(answer);
        }
        if seen.suspicion().is_some() {
            // On the heap, so that the many that arouse none need not make room for it.
            Box::pin(self.ask_others(hands, &mut seen)).await;
        }
        if bench.options.full_trust
            && let Some((seat, judge)) = bench.panel.with_page()
            && let Some((by, over_tls)) = seen.way(false, judge.url.name().is_some())
        {
            let question = Question { over_tls, page: true, ..Question::new(by) };
            let turn = Turn { seat, judge: &judge };
            seen.take(bench.ask_judge(question, turn, self, None, None, &mut hands.grip).await);
        }
        if !bench.options.targets.is_empty() {
            Box::pin(self.visit_targets(hands, &mut seen)).await;
        }
        seen
    }
}

/// A proxy that can be asked.
struct Line<'a> {
    bench: &'a Bench,
    proxy: &'a Proxy,
    address: SocketAddr,
}

impl Line<'_> {
    async fn ask(&self, question: Question, accepted: Option<&Accepted>, hands: &mut Hands<'_>) -> Asked {
        self.ask_dialled(question, accepted, None, hands).await
    }

    /// The same over a connection that was dialled for it.
    async fn ask_dialled(
        &self,
        question: Question,
        accepted: Option<&Accepted>,
        dialled: Option<Dialled>,
        hands: &mut Hands<'_>,
    ) -> Asked {
        let Hands { known, grip } = hands;
        if question.capability == Capability::Ipv6
            && let Some((seat, judge)) = self.bench.panel.next_ipv6()
        {
            let turn = Turn { seat, judge: &judge };
            return self.bench.ask_judge(question, turn, self, None, None, grip).await;
        }
        match self.bench.turn(question.capability, known) {
            Some(turn) => self.bench.ask_judge(question, turn, self, accepted, dialled, grip).await,
            None => {
                drop(dialled);
                grip.hold.closed();
                let mut attempt = Attempt::new(question.capability, Arc::from(""));
                attempt.reason = Some(Reason::JudgeDown);
                Asked { tried: Tried { attempt, cut: false }, seat: None }
            }
        }
    }

    /// Asks a second judge where what the first one says is suspicious and, where they disagree, a third: the majority
    /// is believed, and without one the worse is.
    async fn ask_others(&self, hands: &mut Hands<'_>, seen: &mut Seen) {
        let Some(first) = seen.suspicion() else { return };
        let Attempt { capability, over_tls, ref judge, .. } = seen.evidence.attempts[first];
        let mut asked = vec![Arc::clone(judge)];
        let Some(tls) = self.bench.panel.is_tls(judge) else { return };
        let mut opinions = vec![first];
        while opinions.len() < MAX_OPINIONS {
            let names: Vec<&str> = asked.iter().map(AsRef::as_ref).collect();
            let Some((seat, judge)) = self.bench.panel.another(tls, capability, &names) else { return };
            asked.push(Arc::clone(judge.shown()));
            let question = Question { over_tls, ..Question::new(capability) };
            let turn = Turn { seat, judge: &judge };
            let answer = self.bench.ask_judge(question, turn, self, None, None, &mut hands.grip).await;
            let opinion = Opinion::of(&answer.tried.attempt);
            seen.take(answer);
            let Some(opinion) = opinion else { return };
            opinions.push(seen.evidence.attempts.len() - 1);
            let held = opinions.iter().map(|at| Opinion::of(&seen.evidence.attempts[*at]));
            let agreeing = held.clone().filter(|other| *other == Some(opinion)).count();
            if agreeing * 2 > MAX_OPINIONS {
                // Whoever stands alone against two others speaks for itself and not about the proxy.
                if agreeing < opinions.len() {
                    let alone: Vec<usize> = opinions
                        .iter()
                        .zip(held)
                        .filter(|(_, other)| *other != Some(opinion))
                        .map(|(at, _)| *at)
                        .collect();
                    seen.set_aside(&alone);
                }
                return;
            }
        }
    }

    /// Goes through the proxy to every target, in the way that serves it best.
    async fn visit_targets(&self, hands: &mut Hands<'_>, seen: &mut Seen) {
        if seen.breaks_trust() {
            return;
        }
        for target in &self.bench.options.targets {
            let Some((by, over_tls)) = seen.way(target.is_tls(), target.is_named()) else { continue };
            let grip = &mut hands.grip;
            grip.take_socket().await;
            let question = Visit {
                by,
                over_tls,
                proxy: self.proxy,
                address: self.address,
                target,
                timeout: self.bench.options.timeout,
                recorded: self.bench.options.recorded,
                to_unverified: self.bench.options.to_unverified,
            };
            let seen_there = visit(self.bench.panel.net(), &question, &mut grip.scratch).await;
            grip.hold.closed();
            seen.visits.push(seen_there);
        }
    }

    /// Asks several questions at once.
    async fn ask_all(&self, questions: impl Iterator<Item = Question>, known: &Known) -> Vec<Asked> {
        join_all(questions.map(|question| async move {
            self.ask(question, None, &mut Hands::beside(self.bench, known)).await
        }))
        .await
    }

    /// Finds out what a port speaks of which nothing but hints is known.
    async fn find_out(
        &self,
        job: &Job,
        first: Capability,
        rest: Vec<Capability>,
        hands: &mut Hands<'_>,
        seen: &mut Seen,
    ) {
        let timeout = self.bench.options.timeout;
        let short =
            Patience { ways: SILENT_WAYS, least: timeout / SILENT_PARTS.0, most: timeout / SILENT_PARTS.1 };
        // Forwarding takes as long as the judge's answer, and a hint deserves to be heard out.
        let heard_out = |capability: Capability| {
            capability == Capability::Http || capability.protocol().is_some_and(|p| job.hints.contains(p))
        };
        let put = |capability: Capability, patience: Patience| Question {
            patience: (!heard_out(capability)).then_some(patience),
            ..Question::new(capability)
        };
        let known = hands.known.clone();
        let accepted = Accepted::default();
        let mut asking = Box::pin(self.ask(put(first, short), Some(&accepted), hands));
        let silence = async {
            let silent = short.after(accepted.wait().await);
            sleep(silent).await;
            silent
        };
        let early = tokio::select! {
            biased;
            answer = &mut asking => Ok(answer),
            silent = silence => Err(silent),
        };
        // How long the others may take: as long as what was silent was waited for and, where the port has answered or
        // closed, many times longer than that took.
        let patience;
        match early {
            Ok(answer) => {
                let way = answer.tried.attempt.times.get(Stage::Dial).unwrap_or_default();
                let silent = short.after(Duration::from_micros(way.into()));
                patience = answer.response_time().map_or(silent, |time| silent.max(time * SLOWER));
                seen.take(answer);
                if seen.is_settled() {
                    return;
                }
                let spoke_http = seen.speaks_http();
                let others = rest.iter().map(|capability| match capability {
                    Capability::Connect if spoke_http => Question::new(*capability),
                    _ => put(*capability, Patience::of(patience)),
                });
                for answer in self.ask_all(others, &known).await {
                    seen.take(answer);
                }
            }
            Err(waited) => {
                patience = waited;
                let others = rest.iter().map(|capability| put(*capability, Patience::of(waited)));
                let others = self.ask_all(others, &known);
                let (answer, others) = join(&mut asking, others).await;
                seen.take(answer);
                for answer in others {
                    seen.take(answer);
                }
            }
        }
        if seen.may_want_tls(true) {
            self.ask_over_tls(&mut Hands::beside(self.bench, &known), seen).await;
        }
        let slowest = seen.response_times().max().map_or(patience, |time| patience.max(time * SLOWER));
        let hopeless = !seen.spoke();
        let (works, speaks_http) = (seen.works(), seen.speaks_http());
        let again = std::mem::take(&mut seen.cut).into_iter().filter_map(|capability| match capability {
            _ if hopeless => None,
            // Whoever speaks HTTP answers CONNECT too, however long the way to the judge takes.
            Capability::Connect if speaks_http => Some(Question::new(capability)),
            // What the port speaks is known, so it knows a greeting of another kind at once or never.
            _ if works || speaks_http => {
                (slowest > patience * MUCH).then(|| put(capability, Patience::of(slowest)))
            }
            _ => Some(Question::new(capability)),
        });
        for answer in self.ask_all(again, &known).await {
            seen.forget_cut(answer.tried.attempt.capability);
            seen.take(answer);
        }
    }

    /// Asks again over TLS with the proxy itself.
    async fn ask_over_tls(&self, hands: &mut Hands<'_>, seen: &mut Seen) {
        for capability in [Capability::Http, Capability::Connect] {
            let wanted = match self.bench.options.protocol {
                Some(only) => capability.protocol() == Some(only),
                None => true,
            };
            if wanted && self.bench.judge_kind(capability).is_some() {
                let question = Question { over_tls: true, ..Question::new(capability) };
                let answer = self.ask(question, None, hands).await;
                let is_tls = answer.tried.attempt.reason.is_none()
                    || answer.tried.attempt.stage > Stage::Handshake
                    || answer.tried.attempt.code.is_some();
                seen.take(answer);
                if !is_tls {
                    return;
                }
            }
        }
    }
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
    tried: Tried,
    seat: Option<usize>,
}

impl Asked {
    fn response_time(&self) -> Option<Duration> {
        response_time(&self.tried.attempt)
    }
}

/// From the first packet until the port said something or closed; none if it did neither.
fn response_time(attempt: &Attempt) -> Option<Duration> {
    let said = attempt.bytes_in > 0 || matches!(attempt.reason, Some(Reason::Closed | Reason::Reset));
    let micros: u64 = attempt.times.iter().map(|(_, micros)| u64::from(micros)).sum();
    said.then(|| {
        let all = Duration::from_micros(micros);
        attempt.latency_ms.map_or(all, |ms| Duration::from_millis(ms.into()).min(all))
    })
}

impl Bench {
    /// Whether a question goes to a judge over TLS; none when no judge can answer it.
    fn judge_kind(&self, capability: Capability) -> Option<bool> {
        let (plain, tls) = (self.panel.has(false, capability), self.panel.has(true, capability));
        match capability {
            Capability::Http => plain.then_some(false),
            // CONNECT is for TLS; a plain judge is the second best.
            Capability::Connect => (plain || tls).then_some(tls),
            // A plain judge sees headers too.
            _ => (plain || tls).then_some(!plain),
        }
    }

    /// Whose turn it is to be asked. There is no turn for questions about IPv6.
    fn turn<'k>(&self, capability: Capability, known: &'k mut Known) -> Option<Turn<'k>> {
        if capability == Capability::Ipv6 {
            return None;
        }
        self.judge_kind(capability).and_then(|tls| self.panel.next(tls, capability, known))
    }

    async fn ask_judge(
        &self,
        question: Question,
        Turn { seat, judge }: Turn<'_>,
        line: &Line<'_>,
        accepted: Option<&Accepted>,
        dialled: Option<Dialled>,
        grip: &mut Grip<'_>,
    ) -> Asked {
        let Question { capability, by, over_tls, patience, page } = question;
        let pace = self.panel.seat(seat).and_then(|s| s.pace.as_ref());
        if dialled.is_none() {
            while let Some(early) = pace.and_then(|p| p.backlog().checked_sub(BOOKED_AHEAD)) {
                grip.hold.rest();
                sleep(early.max(Duration::from_millis(1))).await;
            }
            grip.take_socket().await;
        }
        let ask = Ask {
            capability,
            by,
            over_tls,
            patience,
            accepted,
            proxy: line.proxy,
            address: line.address,
            judge,
            own: self.panel.own(),
            timeout: self.options.timeout,
            pace,
            recorded: self.options.recorded,
            page,
            to_unverified: self.options.to_unverified,
        };
        let tried = attempt(self.panel.net(), &ask, dialled, &mut grip.scratch).await;
        grip.hold.closed();
        if tried.attempt.reason.is_none() {
            let took: u64 = tried.attempt.times.iter().map(|(_, micros)| u64::from(micros)).sum();
            self.panel.answered(seat, self.panel.now().saturating_sub(took));
        }
        Asked { tried, seat: Some(seat) }
    }
}

/// What a judge says about a proxy, as far as judges can disagree about it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opinion {
    /// The answer came back as it should, and not from an address of ours.
    Good,
    /// It came from an address of ours.
    OwnAddress,
    /// It came back changed, or something else came.
    Wrong,
}

impl Opinion {
    /// None where the attempt did not get so far that the judge has one.
    fn of(attempt: &Attempt) -> Option<Self> {
        let own_address = attempt.finding.as_ref().is_some_and(|finding| {
            finding.anonymity == Anonymity::Transparent && finding.giveaway.as_deref() == Some(GIVEAWAY_EXIT)
        });
        match attempt.reason {
            None if own_address => Some(Self::OwnAddress),
            None => Some(Self::Good),
            Some(Reason::WrongAnswer | Reason::Tampered) => Some(Self::Wrong),
            Some(_) => None,
        }
    }
}

/// What a check of one proxy comes back with.
pub(super) enum Checked {
    /// It was not reached, and nobody wants to know more.
    Unreached { by: Capability, reason: Reason },
    /// Anything else.
    Seen(Seen),
}

impl Seen {
    /// One attempt and nothing else.
    fn of(attempt: Attempt) -> Self {
        Self { evidence: Evidence { attempts: vec![attempt], entry: None }, ..Self::default() }
    }

    fn checked(self, bench: &Bench) -> Checked {
        match self.evidence.attempts.as_slice() {
            [Attempt { capability, reason: Some(reason), .. }] if is_short(bench, *reason) => {
                Checked::Unreached { by: *capability, reason: *reason }
            }
            _ => Checked::Seen(self),
        }
    }

    fn take(&mut self, asked: Asked) {
        let Asked { tried: Tried { attempt, cut }, seat } = asked;
        if let Some(seat) = seat
            && may_be_the_judge(&attempt)
            && !self.suspected.contains(&seat)
        {
            self.suspected.push(seat);
        }
        if cut {
            self.cut.push(attempt.capability);
        }
        self.evidence.attempts.push(attempt);
    }

    /// Lets go of a question that was cut short, since it was asked again: that we waited no longer must not outweigh what
    /// was said when we did.
    fn forget_cut(&mut self, capability: Capability) {
        self.evidence.attempts.retain(|a| {
            a.capability != capability
                || a.over_tls
                || a.bytes_in > 0
                || a.reason != Some(Reason::HandshakeTimeout)
        });
    }

    /// Whether nothing further need be asked: the endpoint was not reached, or not for a reason of its own.
    fn is_settled(&self) -> bool {
        let attempts = &self.evidence.attempts;
        attempts.iter().all(|a| a.reason.is_some_and(|r| r.settles_all() || !r.counts()))
    }

    /// The first attempt of which a second judge might think otherwise: our own address was seen, the answer is not the
    /// judge's, or two exits disagree.
    fn suspicion(&self) -> Option<usize> {
        let attempts = &self.evidence.attempts;
        let asked = |a: &&Attempt| a.capability != Capability::Ipv6;
        let odd = |a: &Attempt| matches!(Opinion::of(a), Some(Opinion::OwnAddress | Opinion::Wrong));
        let exits = || attempts.iter().filter(asked).filter(|a| a.reason.is_none()).filter_map(|a| a.exit);
        let disagree = exits().next().is_some_and(|first| exits().any(|exit| exit != first));
        attempts.iter().position(|a| asked(&a) && (odd(a) || disagree && a.reason.is_none()))
    }

    /// Takes back what judges said who stand alone with it.
    fn set_aside(&mut self, alone: &[usize]) {
        for at in alone {
            let attempt = &mut self.evidence.attempts[*at];
            let said = attempt.reason.map_or("our own address", Reason::as_str);
            attempt.detail =
                Some(format!("set aside, since two other judges disagree with this one: {said}"));
            attempt.reason = Some(Reason::JudgeDown);
            attempt.finding = None;
            attempt.exit = None;
        }
    }

    fn breaks_trust(&self) -> bool {
        self.evidence.attempts.iter().any(|a| a.reason.is_some_and(Reason::breaks_trust))
    }

    /// The way through the proxy that serves a plain target best, or one over TLS, and whether it is spoken to over TLS:
    /// forwarding for what is plain, else a tunnel, best one by name where the target has one.
    fn way(&self, tls: bool, named: bool) -> Option<(Capability, bool)> {
        use Capability::{Connect, Http, Socks4, Socks4a, Socks5, Socks5h};
        let ways = [Http, Connect, Socks5h, Socks5, Socks4a, Socks4];
        let leads = |by: &Capability| match by {
            Http => !tls,
            Socks5h | Socks4a => named,
            _ => true,
        };
        ways.into_iter().filter(leads).find_map(|by| self.over(by).map(|over| (by, over)))
    }

    /// Whether a question was answered with yes over TLS with the proxy; none where it was not answered so at all.
    fn over(&self, by: Capability) -> Option<bool> {
        let works = |a: &&Attempt| a.capability == by && a.reason.is_none();
        self.evidence.attempts.iter().find(works).map(|a| a.over_tls)
    }

    fn works(&self) -> bool {
        self.evidence.attempts.iter().any(|a| a.reason.is_none())
    }

    /// How long the port took to say something or to hang up, each time that it did.
    fn response_times(&self) -> impl Iterator<Item = Duration> {
        self.evidence.attempts.iter().filter_map(response_time)
    }

    /// Whether the port said anything at all, or hung up.
    fn spoke(&self) -> bool {
        self.response_times().next().is_some()
    }

    /// Whether the port is known to speak HTTP, as a proxy or otherwise.
    fn speaks_http(&self) -> bool {
        self.evidence.attempts.iter().any(|a| {
            matches!(a.capability, Capability::Http | Capability::Connect)
                && (a.code.is_some() || a.stage > Stage::Handshake || a.reason.is_none())
        })
    }

    /// Whether the port may be one that must be spoken to over TLS: it said so, as servers of TLS do to whoever speaks
    /// in the clear, or, where anything may be tried, it asks for better requests or hung up on everybody.
    fn may_want_tls(&self, anything: bool) -> bool {
        let says_so = |a: &Attempt| {
            // An alert record (RFC 8446, 6), or the 400 of the usual web servers.
            a.detail.as_deref().is_some_and(|said| said.starts_with("\\x15\\x03"))
                || anything
                    && a.code == Some(400)
                    && matches!(a.capability, Capability::Http | Capability::Connect)
        };
        let hung_up = |a: &Attempt| matches!(a.reason, Some(Reason::Closed | Reason::Reset));
        let attempts = &self.evidence.attempts;
        let said_nothing_else = attempts.iter().all(|a| a.bytes_in == 0 || says_so(a));
        !self.works()
            && attempts.iter().all(|a| !a.over_tls)
            && (attempts.iter().any(says_so) || anything && said_nothing_else && attempts.iter().any(hung_up))
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

    /// Whether a CONNECT to this port worked; none is 443.
    fn tunnels_to(&self, port: Option<u16>) -> bool {
        let opened =
            |a: &Attempt| a.capability == Capability::Connect && a.reason.is_none() && a.port == port;
        self.evidence.attempts.iter().any(opened)
    }

    /// A tunnel that works and can lead to an IPv6 target, and whether it is reached over TLS.
    fn tunnel(&self) -> Option<(Capability, bool)> {
        let works = |by| self.over(by).map(|over_tls| (by, over_tls));
        works(Capability::Socks5).or_else(|| works(Capability::Connect))
    }
}

/// Whether a failure could be the judge's: nothing of its answer came, though the proxy was reached, or what came is not
/// what the judge used to answer.
fn may_be_the_judge(attempt: &Attempt) -> bool {
    let reached = attempt.stage >= Stage::Handshake;
    let silent_or_odd = matches!(
        attempt.reason,
        Some(
            Reason::Reset
                | Reason::Closed
                | Reason::HandshakeTimeout
                | Reason::AnswerTimeout
                | Reason::TlsFailed
                | Reason::AnswerMalformed
                | Reason::WrongAnswer
                | Reason::Tampered
        )
    );
    // 502, 503, 504, and what SOCKS proxies say when they cannot reach a host.
    let gateway = attempt.reason == Some(Reason::Rejected)
        && matches!(attempt.code, Some(1 | 3..=6 | 91 | 500 | 502..=504));
    reached && (silent_or_odd || gateway)
}
