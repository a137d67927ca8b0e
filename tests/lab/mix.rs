//! What the proxies of a world are like on the whole: how many live, and what the others are.

use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use super::catalogue::catalogue;
use super::fault::{Fault, Tamper};
use super::proxy::{ConnectReply, Face, Listed, ProxySpec};

/// How a world is made up. The same seed and mix give the same proxies.
#[derive(Clone, Debug)]
pub struct Mix {
    alive_percent: u8,
    /// Of the dead, how many of a hundred accept a connection.
    listening_percent: u8,
    /// Of those, how many of a hundred say nothing; the others have one of the faults.
    silent_percent: u8,
    faults: &'static [Fault],
    latency: Duration,
    http_only: bool,
    /// What is drawn from where neither the living nor faults are: each as likely as another.
    catalogue: Vec<ProxySpec>,
}

/// The everyday faults.
const PLAIN: &[Fault] = &[
    Fault::Silent,
    Fault::ResetOnRequest,
    Fault::CloseOnAccept,
    Fault::Garbage,
    Fault::SshBanner,
    Fault::Status(400),
    Fault::Status(403),
    Fault::Status(404),
    Fault::Status(405),
    Fault::Status(429),
    Fault::Status(500),
    Fault::Status(502),
    Fault::Status(503),
    Fault::Portal,
    Fault::Redirect,
];

/// Those and the ones that want to deceive or to hurt.
const HOSTILE: &[Fault] = &[
    Fault::Silent,
    Fault::ResetOnAccept,
    Fault::ResetOnRequest,
    Fault::CloseOnAccept,
    Fault::CloseOnRequest,
    Fault::Garbage,
    Fault::SshBanner,
    Fault::Echo,
    Fault::Status(404),
    Fault::Status(503),
    Fault::Portal,
    Fault::Redirect,
    Fault::Replay,
    Fault::Tampers(Tamper::Letter),
    Fault::Tampers(Tamper::Script),
    Fault::Gzip,
    Fault::EndlessBody,
    Fault::EndlessHeaders,
    Fault::Drip,
    Fault::LengthTooLong,
    Fault::LengthTooShort,
    Fault::TalksOn,
    Fault::TruncatedChunked,
    Fault::SocksReply(0x01),
    Fault::SocksReply(0x05),
    Fault::SocksReply(0x5b),
];

impl Default for Mix {
    fn default() -> Self {
        Self::mixed()
    }
}

impl Mix {
    /// Every tenth lives; of the dead nearly all refuse, and some have an everyday fault.
    #[must_use]
    pub fn mixed() -> Self {
        Self {
            alive_percent: 10,
            listening_percent: 5,
            silent_percent: 0,
            faults: PLAIN,
            latency: Duration::ZERO,
            http_only: false,
            catalogue: Vec::new(),
        }
    }

    /// Everything that a proxy of the lab can be, each as likely as another, and a fifth that refuses. For a world that
    /// has plain judges and judges over TLS.
    #[must_use]
    pub fn everything() -> Self {
        Self { catalogue: catalogue(), ..Self::mixed() }
    }

    /// Every tenth lives; all the dead refuse.
    #[must_use]
    pub fn refused() -> Self {
        Self { listening_percent: 0, ..Self::mixed() }
    }

    /// Every tenth lives; half of the dead accept the connection and deceive, waste time or send without end.
    #[must_use]
    pub fn hostile() -> Self {
        Self { listening_percent: 50, faults: HOSTILE, ..Self::mixed() }
    }

    /// What a list from the open net holds: of a hundred 5 live, 60 refuse, 25 accept and say nothing, and 10 are odd.
    #[must_use]
    pub fn realistic() -> Self {
        // Of the 95 dead, 35 listen, and 25 of those are silent.
        Self { alive_percent: 5, listening_percent: 37, silent_percent: 71, ..Self::mixed() }
    }

    /// All speak HTTP and want no account, for whoever measures one protocol.
    #[must_use]
    pub fn http_only(mut self) -> Self {
        self.http_only = true;
        self
    }

    /// How many of a hundred live.
    #[must_use]
    pub fn alive(mut self, percent: u8) -> Self {
        self.alive_percent = percent.min(100);
        self
    }

    /// How late the living answer on the average; each between half and half as much again.
    #[must_use]
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The next proxy.
    pub(crate) fn draw(&self, rng: &mut StdRng) -> ProxySpec {
        let mut spec = if let Some(spec) = self.catalogue.choose(rng) {
            if rng.random_ratio(1, 5) { any_kind(rng).fault(Fault::Refused) } else { spec.clone() }
        } else if rng.random_ratio(u32::from(self.alive_percent), 100) {
            let spec = if self.http_only { ProxySpec::http().face(any_face(rng)) } else { living(rng) };
            let percent = rng.random_range(50..=150);
            spec.latency(self.latency * percent / 100)
        } else if rng.random_ratio(u32::from(self.listening_percent), 100) {
            // Chance is asked only where it decides, so that a mix without this share stays what its seed made it.
            let silent = self.silent_percent > 0 && rng.random_ratio(u32::from(self.silent_percent), 100);
            let fault = self.faults.choose(rng).copied().filter(|_| !silent).unwrap_or(Fault::Silent);
            if self.http_only { ProxySpec::http().fault(fault) } else { faulty(fault, rng) }
        } else if self.http_only {
            ProxySpec::http().fault(Fault::Refused)
        } else {
            any_kind(rng).fault(Fault::Refused)
        };
        if rng.random_ratio(1, 2) {
            spec = spec.without_scheme();
        }
        spec
    }
}

fn any_face(rng: &mut StdRng) -> Face {
    let faces = [
        Face::Elite,
        Face::Elite,
        Face::Via,
        Face::ForwardedForOther,
        Face::ProxyConnection,
        Face::ForwardedFor,
        Face::Forwarded,
        Face::RealIp,
        Face::ClientsExit,
    ];
    faces.choose(rng).copied().unwrap_or(Face::Elite)
}

fn living(rng: &mut StdRng) -> ProxySpec {
    let face = any_face(rng);
    let account = |rng: &mut StdRng| (format!("user{}", rng.random_range(1..10_000)), secret(rng));
    match rng.random_range(0..100) {
        0..30 => ProxySpec::http().face(face),
        30..42 => ProxySpec::http().face(face).without_connect(),
        42..52 => ProxySpec::http().face(face).connect_443_only(),
        52..58 => {
            let replies = [
                ConnectReply::NoPhrase,
                ConnectReply::OddPhrase,
                ConnectReply::Accepted,
                ConnectReply::Framed,
            ];
            ProxySpec::http().face(face).connect_reply(replies.choose(rng).copied().unwrap_or_default())
        }
        58..64 => {
            let (user, secret) = account(rng);
            ProxySpec::http().face(face).account(&user, &secret)
        }
        64..78 => ProxySpec::socks4(),
        78..92 => ProxySpec::socks5(),
        92..97 => {
            let (user, secret) = account(rng);
            ProxySpec::socks5().account(&user, &secret)
        }
        _ => ProxySpec::mixed().face(face),
    }
}

/// A proxy of a kind in which the fault takes hold whatever judge is asked: what touches answers or pages gets a plain
/// forwarder without CONNECT, and a SOCKS reply its own version.
fn faulty(fault: Fault, rng: &mut StdRng) -> ProxySpec {
    use super::fault::Layer;
    let spec = match fault.layer() {
        Layer::Connection => any_kind(rng),
        Layer::Socks if fault == Fault::SocksReply(0x5b) => ProxySpec::socks4(),
        Layer::Socks => ProxySpec::socks5(),
        Layer::Request | Layer::Tunnel | Layer::Note => ProxySpec::http(),
        Layer::Answer => ProxySpec::http().without_connect(),
    };
    spec.fault(fault)
}

fn any_kind(rng: &mut StdRng) -> ProxySpec {
    match rng.random_range(0..10) {
        0..6 => ProxySpec::http(),
        6..8 => ProxySpec::socks4(),
        8 => ProxySpec::socks5().account("user", &secret(rng)).listed(Listed::Right),
        _ => ProxySpec::socks5(),
    }
}

fn secret(rng: &mut StdRng) -> String {
    let letters = b"abcdefghijkmnpqrstuvwxyz23456789";
    (0..10).map(|_| char::from(*letters.choose(rng).unwrap_or(&b'x'))).collect()
}
