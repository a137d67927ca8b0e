//! The judges of a run: introduced at its start, taking turns, benched when they fail, asked again until they
//! are back.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::join_all;
use proxydeck_domain::{Capability, is_public};
use proxydeck_wire::{AskError, Judge, JudgeUrl, Net, OwnAddresses, Pace, beyond_reach, introduce};
use tokio::sync::watch;
use tokio::time::Instant;

/// How long a judge may take to answer directly.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most questions a second to a judge that belongs to somebody else.
const FOREIGN_PER_SECOND: u32 = 20;
/// How long our own addresses are taken for granted.
const REINTRODUCE_AFTER: Duration = Duration::from_secs(600);
/// How long a benched judge rests before it is asked again.
const BENCHED_FOR: Duration = Duration::from_secs(3);

/// A judge as the user or the built-in list names it.
#[derive(Clone, Debug)]
pub(crate) struct JudgeSpec {
    pub(crate) url: JudgeUrl,
    /// Not the user's own: asked at a bounded rate, and never at an address of a private network.
    pub(crate) foreign: bool,
}

/// A judge of the run.
pub(super) struct Seat {
    spec: JudgeSpec,
    /// None until it has answered once; then what it answered last.
    judge: RwLock<Option<Arc<Judge>>>,
    up: AtomicBool,
    /// One that we cannot reach ourselves and that proxies are asked to reach over IPv6.
    beyond_reach: Option<Arc<Judge>>,
    pub(super) pace: Option<Pace>,
    /// When it was last known to answer, in microseconds since the panel began.
    last_good: AtomicU64,
    /// When it was found to answer otherwise than before, in microseconds since the panel began.
    changed: AtomicU64,
    /// When it is asked again, in microseconds since the panel began.
    ask_at: AtomicU64,
    asking: AtomicBool,
}

impl Seat {
    /// The judge, if it has an IPv6 address and its answers prove something.
    fn over_ipv6(&self) -> Option<Arc<Judge>> {
        let met = self.judge().filter(|_| self.up.load(Ordering::Acquire));
        met.or_else(|| self.beyond_reach.clone())
            .filter(|judge| judge.proves() && judge.address_for(Capability::Ipv6).is_some())
    }

    fn judge(&self) -> Option<Arc<Judge>> {
        self.judge.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The judges of a run.
pub(crate) struct Panel {
    net: Net,
    seats: Vec<Seat>,
    turn: AtomicUsize,
    own: OwnAddresses,
    began: Instant,
    /// Which questions can be put, by [`carried_bit`].
    carried: AtomicU16,
    /// The judges as they are now, and how often that has changed.
    met: RwLock<Arc<[Option<Met>]>>,
    version: AtomicU64,
    /// Whether anybody can be asked, as it changes.
    open: watch::Sender<bool>,
    /// Whether nobody can, for whoever only looks.
    shut: AtomicBool,
    /// Whether a judge has an IPv4 address. Then those that have none are asked over IPv6 only: few proxies reach them.
    knows_ipv4: bool,
    /// Whether a judge may not be asked at any rate.
    paced: bool,
    refused: Vec<(String, AskError)>,
}

/// A judge whose turn it is.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    pub(super) seat: usize,
    pub(super) judge: &'a Judge,
}

/// A judge and which questions it can answer, by [`carried_bit`].
struct Met {
    judge: Arc<Judge>,
    carried: u16,
}

/// The judges as somebody who asks knows them. All look at the same ones and count no references while they ask, which
/// would make them wait for each other.
#[derive(Clone)]
pub(super) struct Known {
    /// Which [`Panel::version`] this is of.
    version: u64,
    seats: Arc<[Option<Met>]>,
    turn: usize,
}

impl Panel {
    /// Asks every judge directly.
    ///
    /// # Errors
    /// Every judge with what is wrong with it, when none can make a proxy active.
    pub(crate) async fn introduce(net: Net, specs: &[JudgeSpec]) -> Result<Self, Vec<(String, AskError)>> {
        let answers = join_all(specs.iter().map(|spec| welcome(&net, spec))).await;
        let mut refused = Vec::new();
        let own = OwnAddresses::default();
        let mut seats = Vec::new();
        for (spec, answer) in specs.iter().zip(answers) {
            let mut unreached = None;
            let judge = match answer {
                Ok(judge) => {
                    own.add(&judge.seen_as);
                    Some(Arc::new(judge))
                }
                Err(error) => {
                    if matches!(error, AskError::Unreachable(_) | AskError::Timeout(_)) {
                        unreached = beyond_reach(&spec.url).map(Arc::new);
                    }
                    if unreached.is_none() {
                        refused.push((spec.url.as_str().to_owned(), error));
                    }
                    None
                }
            };
            seats.push(Seat {
                beyond_reach: unreached,
                spec: spec.clone(),
                up: judge.is_some().into(),
                judge: RwLock::new(judge),
                pace: spec.foreign.then(|| Pace::per_second(FOREIGN_PER_SECOND)),
                last_good: AtomicU64::new(0),
                changed: AtomicU64::new(0),
                ask_at: AtomicU64::new(micros(REINTRODUCE_AFTER)),
                asking: false.into(),
            });
        }
        let met = seats.iter().filter_map(Seat::judge);
        let knows_ipv4 = met.filter(|judge| judge.proves()).any(|judge| has_ipv4(&judge));
        let panel = Self {
            knows_ipv4,
            paced: seats.iter().any(|seat| seat.pace.is_some()),
            net,
            seats,
            turn: AtomicUsize::new(0),
            carried: AtomicU16::new(0),
            met: RwLock::default(),
            version: AtomicU64::new(0),
            own,
            began: Instant::now(),
            open: watch::Sender::new(true),
            shut: AtomicBool::new(false),
            refused,
        };
        panel.meet();
        if panel.anybody() {
            Ok(panel)
        } else {
            let mut refused = panel.refused;
            // Those that do answer cannot tell one request from another, which is no proof.
            refused.extend(
                panel
                    .seats
                    .iter()
                    .filter(|seat| seat.judge().is_some())
                    .map(|seat| (seat.spec.url.as_str().to_owned(), AskError::Shape)),
            );
            Err(refused)
        }
    }

    pub(super) const fn net(&self) -> &Net {
        &self.net
    }

    pub(super) fn seat(&self, seat: usize) -> Option<&Seat> {
        self.seats.get(seat)
    }

    /// Judges that did not answer at the start, with why.
    pub(crate) fn refused(&self) -> &[(String, AskError)] {
        &self.refused
    }

    /// All of our own addresses seen in this run.
    pub(super) const fn own(&self) -> &OwnAddresses {
        &self.own
    }

    /// Whether there is a judge, over TLS or plain, that this question can be put by way of.
    pub(super) fn has(&self, tls: bool, capability: Capability) -> bool {
        self.carried.load(Ordering::Acquire) & carried_bit(tls, capability) != 0
    }

    /// Writes down for all who ask which judges there are, and which questions can be put by way of whom: it changes with
    /// the judges only.
    fn meet(&self) {
        let met = |judge: Arc<Judge>| Met { carried: self.carried_by(&judge), judge };
        let all: Arc<[Option<Met>]> = self.seats.iter().map(|seat| seat.judge().map(met)).collect();
        let carried = all.iter().flatten().fold(0, |bits, met| bits | met.carried);
        *self.met.write().unwrap_or_else(PoisonError::into_inner) = all;
        self.carried.store(carried, Ordering::Release);
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Which questions can be put by way of a judge.
    fn carried_by(&self, judge: &Judge) -> u16 {
        let carried = Capability::ALL.into_iter().filter(|capability| judge.carries(*capability));
        let bits = carried.fold(0, |bits, capability| bits | carried_bit(judge.url.tls, capability));
        if self.serves_all(judge) { bits } else { 0 }
    }

    /// The judges as they are now, for somebody who asks.
    pub(super) fn known(&self) -> Known {
        let version = self.version.load(Ordering::Acquire);
        let seats = Arc::clone(&self.met.read().unwrap_or_else(PoisonError::into_inner));
        // So that those who ask do not all begin with the same judge.
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        Known { version, seats, turn }
    }

    /// Whether a judge can answer every question, and not only the one about IPv6.
    fn serves_all(&self, judge: &Judge) -> bool {
        judge.proves() && (has_ipv4(judge) || !self.knows_ipv4)
    }

    /// The next judge in turn, over TLS or plain, that this question can be put by way of.
    pub(super) fn next<'k>(
        &self,
        tls: bool,
        capability: Capability,
        known: &'k mut Known,
    ) -> Option<Turn<'k>> {
        if known.version != self.version.load(Ordering::Acquire) {
            *known = self.known();
        }
        known.turn = known.turn.wrapping_add(1);
        let (first, bit) = (known.turn, carried_bit(tls, capability));
        (0..self.seats.len()).find_map(|step| {
            let seat = first.wrapping_add(step) % self.seats.len();
            let met = known.seats.get(seat)?.as_ref().filter(|met| met.carried & bit != 0)?;
            self.is_up(seat).then_some(Turn { seat, judge: &met.judge })
        })
    }

    /// A judge of the same kind that was not asked yet, for a second opinion.
    pub(super) fn another(
        &self,
        tls: bool,
        capability: Capability,
        asked: &[&str],
    ) -> Option<(usize, Arc<Judge>)> {
        let new = |judge: &Judge| judge.url.tls == tls && !asked.contains(&judge.shown().as_ref());
        self.up().find(|(_, judge)| new(judge) && judge.carries(capability))
    }

    /// Whether a judge is asked over TLS, by how it stands in evidence.
    pub(super) fn is_tls(&self, shown: &str) -> Option<bool> {
        self.seats.iter().find(|seat| seat.spec.url.as_str() == shown).map(|seat| seat.spec.url.tls)
    }

    /// A judge that has a larger page and is asked in the clear, where a proxy could change it.
    pub(super) fn with_page(&self) -> Option<(usize, Arc<Judge>)> {
        self.up().find(|(_, judge)| judge.has_page())
    }

    /// The judges that can answer now, with their seats.
    fn up(&self) -> impl Iterator<Item = (usize, Arc<Judge>)> {
        let seats = self.seats.iter().enumerate().filter(|(_, seat)| seat.up.load(Ordering::Acquire));
        seats
            .filter_map(|(at, seat)| seat.judge().map(|judge| (at, judge)))
            .filter(|(_, judge)| self.serves_all(judge))
    }

    /// Whether there is a judge that can be asked over IPv6.
    pub(super) fn has_ipv6(&self) -> bool {
        self.seats.iter().any(|seat| seat.over_ipv6().is_some())
    }

    /// A judge that can be asked over IPv6.
    pub(super) fn next_ipv6(&self) -> Option<(usize, Arc<Judge>)> {
        let seats = self.seats.iter().enumerate();
        seats.filter_map(|(seat, s)| s.over_ipv6().map(|judge| (seat, judge))).next()
    }

    /// Notes that a right answer of this judge came through to a question that was begun at this moment: it was given
    /// later, however long it was on its way.
    pub(super) fn answered(&self, seat: usize, began: u64) {
        if let Some(seat) = self.seats.get(seat) {
            seat.last_good.fetch_max(began, Ordering::AcqRel);
        }
    }

    /// Microseconds since the panel began.
    pub(super) fn now(&self) -> u64 {
        micros(self.began.elapsed())
    }

    /// Whether a judge is known to have answered after a moment.
    pub(super) fn good_since(&self, seat: usize, moment: u64) -> bool {
        self.seats.get(seat).is_some_and(|s| s.last_good.load(Ordering::Acquire) >= moment)
    }

    /// Whether a judge was found, after a moment, to answer otherwise than before.
    pub(super) fn changed_since(&self, seat: usize, moment: u64) -> bool {
        self.seats.get(seat).is_some_and(|s| s.changed.load(Ordering::Acquire) > moment)
    }

    pub(super) fn is_up(&self, seat: usize) -> bool {
        self.seats.get(seat).is_some_and(|s| s.up.load(Ordering::Acquire))
    }

    fn anybody(&self) -> bool {
        let serves = |seat: &Seat| seat.judge().is_some_and(|judge| self.serves_all(&judge));
        self.seats.iter().any(|seat| seat.up.load(Ordering::Acquire) && serves(seat))
    }

    /// Whether there is a judge that may not be asked at any rate.
    pub(super) fn is_paced(&self) -> bool {
        self.paced
    }

    /// Whether nobody can be asked. Every proxy comes by here, and nearly always somebody can.
    pub(super) fn is_shut(&self) -> bool {
        self.shut.load(Ordering::Acquire)
    }

    /// Waits until somebody can be asked.
    pub(super) async fn opened(&self) {
        let mut open = self.open.subscribe();
        // The sender lives in the panel, so waiting can only end by its opening.
        let _ = open.wait_for(|open| *open).await;
    }

    /// Whether somebody can be asked, as it changes.
    pub(super) fn watch(&self) -> watch::Receiver<bool> {
        self.open.subscribe()
    }

    /// Asks a judge directly whether it is there; a second call while one is asking does nothing.
    pub(super) async fn confirm(&self, at: usize) {
        let Some(seat) = self.seats.get(at) else { return };
        if seat.asking.swap(true, Ordering::AcqRel) {
            return;
        }
        let asked = self.now();
        match welcome(&self.net, &seat.spec).await {
            Ok(judge) => {
                self.own.add(&judge.seen_as);
                if seat.judge().is_some_and(|before| !before.answers_like(&judge)) {
                    seat.changed.store(self.now(), Ordering::Release);
                }
                *seat.judge.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(judge));
                self.meet();
                seat.last_good.fetch_max(asked, Ordering::AcqRel);
                seat.up.store(true, Ordering::Release);
                seat.ask_at.store(self.now() + micros(REINTRODUCE_AFTER), Ordering::Release);
            }
            // Our own lack of descriptors says nothing about the judge.
            Err(AskError::Local) => {}
            Err(error) => {
                tracing::warn!(judge = %seat.spec.url, %error, "a judge is benched");
                seat.up.store(false, Ordering::Release);
                seat.ask_at.store(self.now() + micros(BENCHED_FOR), Ordering::Release);
            }
        }
        seat.asking.store(false, Ordering::Release);
        let anybody = self.anybody();
        self.shut.store(!anybody, Ordering::Release);
        self.open.send_if_modified(|open| std::mem::replace(open, anybody) != anybody);
    }

    /// Asks a judge that was up directly, and says whether it is.
    pub(super) async fn somebody_answers(&self) -> bool {
        let Some((seat, _)) = self.up().next() else { return false };
        let asked = self.now();
        self.confirm(seat).await;
        self.good_since(seat, asked)
    }

    /// The judges that are due to be asked again.
    pub(super) fn due(&self) -> Vec<usize> {
        let now = self.now();
        (0..self.seats.len())
            .filter(|at| {
                let seat = &self.seats[*at];
                seat.ask_at.load(Ordering::Acquire) <= now && !seat.asking.load(Ordering::Acquire)
            })
            .collect()
    }
}

/// The bit of a question, put to a judge over TLS or a plain one.
const fn carried_bit(tls: bool, capability: Capability) -> u16 {
    1 << (capability as u16 + if tls { 8 } else { 0 })
}

fn has_ipv4(judge: &Judge) -> bool {
    judge.addresses().iter().any(IpAddr::is_ipv4)
}

/// Asks a judge directly; a foreign one must lie in the open.
async fn welcome(net: &Net, spec: &JudgeSpec) -> Result<Judge, AskError> {
    let judge = introduce(net, &spec.url, PATIENCE).await?;
    if spec.foreign && !judge.addresses().iter().all(|ip| is_public(*ip)) {
        return Err(AskError::Unreachable("its name leads into a private network".to_owned()));
    }
    Ok(judge)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
