//! What the evidence of a check means.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::anonymity::GIVEAWAY_EXIT;
use crate::{Anonymity, Answer, Attempt, Basis, Capabilities, Capability, Evidence, Finding, Reason, Stage};

/// Something to know before trusting a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum TrustFlag {
    /// It showed a certificate of its own in the judge's place.
    TlsIntercepted = 0,
    /// It changed the judge's answer.
    Tampered = 1,
    /// It answered with something else than the judge's page.
    WrongAnswer = 2,
    /// A note: it changed or dropped header fields of ours that are not its business.
    RewritesHeaders = 3,
    /// A note: the certificate of the proxy itself could not be verified.
    ProxyCertUnverified = 4,
}

impl TrustFlag {
    /// Every flag, the worst first.
    pub const ALL: [Self; 5] = [
        Self::TlsIntercepted,
        Self::Tampered,
        Self::WrongAnswer,
        Self::RewritesHeaders,
        Self::ProxyCertUnverified,
    ];

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TlsIntercepted => "tls_intercepted",
            Self::Tampered => "tampered",
            Self::WrongAnswer => "wrong_answer",
            Self::RewritesHeaders => "rewrites_headers",
            Self::ProxyCertUnverified => "proxy_cert_unverified",
        }
    }

    const fn of(reason: Reason) -> Option<Self> {
        match reason {
            Reason::TlsIntercepted => Some(Self::TlsIntercepted),
            Reason::Tampered => Some(Self::Tampered),
            Reason::WrongAnswer => Some(Self::WrongAnswer),
            _ => None,
        }
    }
}

/// A set of trust flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TrustFlags(u8);

impl TrustFlags {
    /// Adds a flag.
    pub const fn insert(&mut self, flag: TrustFlag) {
        self.0 |= 1 << flag as u8;
    }

    /// Whether a flag is in the set.
    #[must_use]
    pub const fn contains(self, flag: TrustFlag) -> bool {
        self.0 & 1 << flag as u8 != 0
    }

    /// The flags in the set, the worst first.
    pub fn iter(self) -> impl Iterator<Item = TrustFlag> {
        TrustFlag::ALL.into_iter().filter(move |f| self.contains(*f))
    }

    /// The set as the number that is kept.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set from the number that was kept; unknown bits are dropped.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b1_1111)
    }
}

/// What the evidence of a check means. A dead proxy is an ordinary value of this.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Whether at least one capability is there and nothing broke trust.
    pub success: bool,
    /// The answer to every question.
    pub capabilities: Capabilities,
    /// Why it failed; none on success.
    pub reason: Option<Reason>,
    /// The code that came with the reason.
    pub code: Option<u16>,
    /// The capability whose attempt decided: the fastest that works, or the one that came furthest.
    pub decided_by: Capability,
    /// The lowest latency among what works, in milliseconds; none on failure.
    pub latency_ms: Option<u32>,
    /// How much the proxy gives away.
    pub finding: Finding,
    /// Where the name of a proxy led that is given by name.
    pub entry: Option<IpAddr>,
    /// The address that the judge saw.
    pub exit: Option<IpAddr>,
    /// What to know before trusting it.
    pub trust: TrustFlags,
}

impl Verdict {
    /// Says what the evidence means; none when it says nothing about the proxy: nothing was tried, the run was
    /// stopped, or what stood in the way was ours or the judge's.
    #[must_use]
    pub fn of(evidence: &Evidence) -> Option<Self> {
        let attempts = &evidence.attempts;
        if attempts.iter().any(|a| a.reason == Some(Reason::Cancelled)) {
            return None;
        }
        let broken = attempts.iter().find(|a| a.reason.is_some_and(Reason::breaks_trust));
        // What is reached over IPv6 says whether it is, and nothing about how the proxy is used otherwise.
        let fastest = attempts
            .iter()
            .filter(|a| a.reason.is_none())
            .min_by_key(|a| (a.capability == Capability::Ipv6, a.latency_ms.unwrap_or(u32::MAX)));
        let excused = attempts.iter().any(|a| a.reason.is_some_and(|r| !r.counts()));
        if broken.is_none() && fastest.is_none() && excused {
            return None;
        }
        // The first of those that came furthest; `max_by_key` alone would take the last. Of two that came as
        // far, the one that was answered says more than the one that was met with silence.
        // One that only found out that the proxy is not spoken to over TLS says nothing about it otherwise.
        let furthest = attempts.iter().rev().max_by_key(|a| {
            (!a.over_tls || a.stage > Stage::Handshake, a.stage, a.reason.is_some_and(is_answer))
        });
        let decided = broken.or(fastest).or(furthest)?;
        let success = decided.reason.is_none();

        let mut trust = TrustFlags::default();
        for attempt in attempts {
            if let Some(flag) = attempt.reason.and_then(TrustFlag::of) {
                trust.insert(flag);
            }
            if !attempt.rewritten.is_empty() {
                trust.insert(TrustFlag::RewritesHeaders);
            }
            if attempt.unverified && attempt.reason.is_none() {
                trust.insert(TrustFlag::ProxyCertUnverified);
            }
        }
        let capabilities = answers(attempts);
        Some(Self {
            success,
            capabilities,
            reason: decided.reason,
            code: decided.reason.and(decided.code),
            decided_by: decided.capability,
            latency_ms: if success { capabilities.best_latency() } else { None },
            finding: worst_finding(attempts),
            entry: evidence.entry,
            exit: exit(attempts, fastest),
            trust,
        })
    }
}

/// The exit that most right answers saw; of two that were seen as often, the fastest's.
fn exit(attempts: &[Attempt], fastest: Option<&Attempt>) -> Option<IpAddr> {
    let first = fastest.and_then(|a| a.exit).or_else(|| attempts.iter().find_map(|a| a.exit))?;
    // What an IPv6 target sees is another family's.
    let seen = || {
        attempts
            .iter()
            .filter(|a| a.capability != Capability::Ipv6 && a.reason.is_none())
            .filter_map(|a| a.exit)
    };
    let votes = |ip: IpAddr| seen().filter(|other| *other == ip).count();
    let most = seen().max_by_key(|ip| votes(*ip)).unwrap_or(first);
    Some(if votes(most) > votes(first) { most } else { first })
}

/// Whether a reason rests on something that was said, and not on silence.
const fn is_answer(reason: Reason) -> bool {
    !matches!(reason, Reason::HandshakeTimeout | Reason::Closed | Reason::Reset)
}

fn answers(attempts: &[Attempt]) -> Capabilities {
    let mut capabilities = Capabilities::default();
    // An endpoint that was never reached has answered every question at once.
    if let Some(reason) = attempts.first().and_then(|a| a.reason)
        && attempts.iter().all(|a| a.reason.is_some_and(Reason::settles_all))
    {
        for capability in Capability::ALL {
            capabilities
                .set(capability, Answer { ok: Some(false), reason: Some(reason), ..Answer::default() });
        }
        return capabilities;
    }
    for attempt in attempts {
        let told = attempt.conclusive && attempt.reason.is_none_or(Reason::counts);
        if attempt.over_tls {
            answer_over_tls(attempt, told, &mut capabilities);
        }
        let before = capabilities.get(attempt.capability);
        // That it does not work over TLS either is what `tls` says.
        if attempt.over_tls && attempt.reason.is_some() && before.reason.is_some() {
            continue;
        }
        // A later attempt at the same question counts only where the earlier one did not succeed, and only a clear
        // answer takes the place of a clear one.
        if before.ok == Some(true) || (before.ok.is_some() && !told) {
            continue;
        }
        let answer = Answer {
            ok: told.then_some(attempt.reason.is_none()),
            latency_ms: attempt.reason.is_none().then_some(attempt.latency_ms).flatten(),
            reason: attempt.reason,
            code: attempt.code,
            port: attempt.port,
            over_tls: attempt.over_tls,
        };
        capabilities.set(attempt.capability, answer);
    }
    capabilities
}

/// What an attempt over TLS with the proxy itself says about [`Capability::Tls`]: yes, if anything works that way.
fn answer_over_tls(attempt: &Attempt, told: bool, capabilities: &mut Capabilities) {
    let before = capabilities.get(Capability::Tls);
    let latency_ms = attempt.reason.is_none().then_some(attempt.latency_ms).flatten();
    match (before.ok, attempt.reason) {
        (Some(true), Some(_)) | (Some(false), Some(_)) => {}
        (Some(true), None) => {
            let latency_ms = before.latency_ms.into_iter().chain(latency_ms).min();
            capabilities.set(Capability::Tls, Answer { latency_ms, ..*before });
        }
        (_, reason) => {
            let answer = Answer {
                ok: told.then_some(reason.is_none()),
                latency_ms,
                reason,
                code: attempt.code,
                port: None,
                over_tls: false,
            };
            capabilities.set(Capability::Tls, answer);
        }
    }
}

/// The least that is hidden anywhere: a proxy is as anonymous as its most talkative protocol.
fn worst_finding(attempts: &[Attempt]) -> Finding {
    // A machine with one IPv6 address for all shares it with the proxies on it; an address of ours in a header is a leak
    // in either family.
    let shared = |a: &Attempt, f: &Finding| {
        a.capability == Capability::Ipv6 && f.giveaway.as_deref() == Some(GIVEAWAY_EXIT)
    };
    attempts
        .iter()
        .filter(|a| a.reason.is_none())
        .filter_map(|a| a.finding.as_ref().filter(|f| !shared(a, f)))
        .filter(|f| f.anonymity != Anonymity::Unknown)
        .min_by_key(|f| (f.anonymity, f.basis == Basis::Tunnel))
        .cloned()
        .unwrap_or_default()
}
