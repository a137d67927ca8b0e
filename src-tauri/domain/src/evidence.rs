//! What one check saw, attempt by attempt, before anybody says what it means.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Capability, Finding, Reason};

/// Header fields in the order in which they were seen.
pub type Headers = Vec<(String, String)>;

/// How far an attempt came. The order is the order of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Stage {
    /// Finding the addresses of the proxy's name.
    #[default]
    Resolve = 0,
    /// Connecting to the proxy.
    Dial = 1,
    /// Speaking the proxy's protocol, up to its first answer.
    Handshake = 2,
    /// Waiting for the tunnel to the judge.
    Tunnel = 3,
    /// TLS with the judge through the tunnel.
    Tls = 4,
    /// Sending the request.
    Request = 5,
    /// Reading the judge's answer.
    Answer = 6,
}

impl Stage {
    /// Every stage in order.
    pub const ALL: [Self; 7] =
        [Self::Resolve, Self::Dial, Self::Handshake, Self::Tunnel, Self::Tls, Self::Request, Self::Answer];

    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Dial => "dial",
            Self::Handshake => "handshake",
            Self::Tunnel => "tunnel",
            Self::Tls => "tls",
            Self::Request => "request",
            Self::Answer => "answer",
        }
    }
}

/// How long each stage took, in microseconds; none for a stage that was not entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTimes([Option<u32>; 7]);

impl StageTimes {
    /// Adds time to a stage.
    pub const fn add(&mut self, stage: Stage, micros: u32) {
        let slot = &mut self.0[stage as usize];
        *slot = Some(match *slot {
            Some(before) => before.saturating_add(micros),
            None => micros,
        });
    }

    /// The time spent in a stage, in microseconds.
    #[must_use]
    pub const fn get(&self, stage: Stage) -> Option<u32> {
        self.0[stage as usize]
    }

    /// The stages that were entered, with their microseconds.
    pub fn iter(&self) -> impl Iterator<Item = (Stage, u32)> {
        Stage::ALL.into_iter().filter_map(|s| self.get(s).map(|us| (s, us)))
    }
}

/// A certificate that was shown in the judge's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateSeen {
    /// Who signed it, as the certificate says.
    pub issuer: String,
    /// Whom it names, as the certificate says.
    pub subject: String,
    /// SHA-256 of its DER form, in lower-case hex.
    pub sha256: String,
}

/// What went over the wire in an attempt, for people: in order, without the bytes of TLS itself, and with every
/// secret taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// What was said, turn by turn.
    pub turns: Vec<Said>,
}

/// What one side said until the other spoke.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Whether it was us.
    pub by_us: bool,
    /// The first bytes of it.
    pub bytes: Vec<u8>,
    /// How many more there were.
    pub left_out: usize,
}

impl Transcript {
    /// The most bytes of one turn that are kept: a judge's answer with its headers.
    pub const MAX_TURN_BYTES: usize = 8 * 1024;

    /// Adds what was said; what the same side said before without an answer is the same turn.
    pub fn add(&mut self, by_us: bool, bytes: &[u8]) {
        if self.turns.last().is_none_or(|turn| turn.by_us != by_us) {
            self.turns.push(Said { by_us, ..Said::default() });
        }
        if let Some(turn) = self.turns.last_mut() {
            let kept = bytes.len().min(Self::MAX_TURN_BYTES.saturating_sub(turn.bytes.len()));
            turn.bytes.extend_from_slice(&bytes[..kept]);
            turn.left_out += bytes.len() - kept;
        }
    }

    /// Puts something else in the place of a secret, wherever either side said it, also where the end of what was kept
    /// cuts it.
    pub fn mask(&mut self, secret: &[u8], instead: &[u8]) {
        if secret.is_empty() {
            return;
        }
        for turn in &mut self.turns {
            let mut at = 0;
            while at < turn.bytes.len() {
                let rest = &turn.bytes[at..];
                let cut = turn.left_out > 0 && rest.len() < secret.len() && secret.starts_with(rest);
                if rest.starts_with(secret) || cut {
                    let end = turn.bytes.len().min(at + secret.len());
                    turn.bytes.splice(at..end, instead.iter().copied());
                    at += instead.len();
                } else {
                    at += 1;
                }
            }
        }
    }
}

/// One try at one capability: one dial, at most one exchange with a judge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The question that was asked.
    pub capability: Capability,
    /// The address of the judge that was asked, without the token.
    pub judge: Arc<str>,
    /// The port that a tunnel was asked for, where it was not 443.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub port: Option<u16>,
    /// Whether the proxy itself was spoken to over TLS.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub over_tls: bool,
    /// Whether nobody vouched for the certificate of the proxy itself.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub unverified: bool,
    /// The furthest stage.
    pub stage: Stage,
    /// The time of each stage.
    pub times: StageTimes,
    /// Why it stopped; none when the judge's answer was right.
    pub reason: Option<Reason>,
    /// Whether the reason answers the question. A refusal of an unusual port, for one, does not.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub conclusive: bool,
    /// The code of the protocol: an HTTP status or a SOCKS reply.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<u16>,
    /// More about the reason, for people: the first difference, a banner. Escaped where it is shown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// Milliseconds from the first packet to the first byte of the right answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub latency_ms: Option<u32>,
    /// The address that the judge saw.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exit: Option<IpAddr>,
    /// What the answer says about anonymity.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub finding: Option<Finding>,
    /// The header fields that the judge received, if it tells.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub received: Headers,
    /// End-to-end header fields of ours that were changed or dropped on the way.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub rewritten: Vec<String>,
    /// What was shown instead of the judge's certificate.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub certificate: Option<CertificateSeen>,
    /// Bytes sent.
    pub bytes_out: u32,
    /// Bytes received.
    pub bytes_in: u32,
    /// What was said, where somebody wants to read it. Never kept.
    #[serde(skip)]
    pub transcript: Option<Box<Transcript>>,
}

const fn yes() -> bool {
    true
}

// Serde hands a reference to the predicate of `skip_serializing_if`.
#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_yes(value: &bool) -> bool {
    *value
}

impl Attempt {
    /// An attempt that has not begun.
    #[must_use]
    pub const fn new(capability: Capability, judge: Arc<str>) -> Self {
        Self {
            capability,
            judge,
            port: None,
            over_tls: false,
            unverified: false,
            stage: Stage::Resolve,
            times: StageTimes([None; 7]),
            reason: None,
            conclusive: true,
            code: None,
            detail: None,
            latency_ms: None,
            exit: None,
            finding: None,
            received: Vec::new(),
            rewritten: Vec::new(),
            certificate: None,
            bytes_out: 0,
            bytes_in: 0,
            transcript: None,
        }
    }
}

/// Everything that one check of one proxy saw, in the order of the attempts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The attempts; at least one in a finished check.
    pub attempts: Vec<Attempt>,
    /// Where the name of a proxy led that is given by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<IpAddr>,
}
