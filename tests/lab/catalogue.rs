//! Everything that a proxy of the lab can be: each behaviour and each fault, in every kind in which it takes hold.

use std::time::Duration;

use super::fault::{Fault, Tamper};
use super::proxy::{ConnectReply, Face, Listed, ProxySpec};

/// Every face.
pub const FACES: [Face; 16] = [
    Face::Elite,
    Face::Via,
    Face::ForwardedForOther,
    Face::ProxyConnection,
    Face::ForwardedUnknown,
    Face::ForwardedHost,
    Face::ProxyId,
    Face::ForwardedFor,
    Face::Forwarded,
    Face::RealIp,
    Face::ForwardedForList,
    Face::ForwardedForPort,
    Face::ClientIp,
    Face::ViaClient,
    Face::OddHeader,
    Face::ClientsExit,
];

/// Every way to announce a tunnel.
pub const CONNECT_REPLIES: [ConnectReply; 5] = [
    ConnectReply::Usual,
    ConnectReply::NoPhrase,
    ConnectReply::OddPhrase,
    ConnectReply::Accepted,
    ConnectReply::Framed,
];

/// Faults of the connection but [`Fault::Refused`], which has no socket, and [`Fault::Blackhole`], which takes half a
/// second to make.
pub const CONNECTION_FAULTS: [Fault; 8] = [
    Fault::Silent,
    Fault::ResetOnAccept,
    Fault::ResetOnRequest,
    Fault::CloseOnAccept,
    Fault::CloseOnRequest,
    Fault::Garbage,
    Fault::SshBanner,
    Fault::Echo,
];

/// Faults of whoever answers every request itself.
pub const REQUEST_FAULTS: [Fault; 20] = [
    Fault::Status(301),
    Fault::Status(307),
    Fault::Status(308),
    Fault::Status(400),
    Fault::Status(403),
    Fault::Status(404),
    Fault::Status(405),
    Fault::Status(406),
    Fault::Status(429),
    Fault::Status(451),
    Fault::Status(500),
    Fault::Status(501),
    Fault::Status(502),
    Fault::Status(503),
    Fault::Status(504),
    Fault::Status(511),
    Fault::Status(522),
    Fault::Edge,
    Fault::Portal,
    Fault::Redirect,
];

/// Faults of plain answers.
pub const ANSWER_FAULTS: [Fault; 24] = [
    Fault::Replay,
    Fault::Cached,
    Fault::Hijack,
    Fault::Tampers(Tamper::Letter),
    Fault::Tampers(Tamper::Script),
    Fault::Tampers(Tamper::Appended),
    Fault::Tampers(Tamper::Cut),
    Fault::Gzip,
    Fault::Bomb,
    Fault::EndlessBody,
    Fault::EndlessHeaders,
    Fault::EndlessChunks,
    Fault::EndlessInterim,
    Fault::HugeLength,
    Fault::Drip,
    Fault::Stall,
    Fault::LengthTooLong,
    Fault::LengthTooShort,
    Fault::TalksOn,
    Fault::TalksOnAfterChunks,
    Fault::TruncatedChunked,
    Fault::BadChunk,
    Fault::TwoLengths,
    Fault::LengthAndChunks,
];

/// Faults of tunnels.
pub const TUNNEL_FAULTS: [Fault; 4] =
    [Fault::TlsIntercept, Fault::TunnelSilence, Fault::TunnelClose, Fault::TunnelGarbage];

/// The replies by which SOCKS5 refuses (RFC 1928, 6), and one that nobody has defined.
pub const SOCKS5_REPLIES: [u8; 9] = [1, 2, 3, 4, 5, 6, 7, 8, 9];
/// The replies by which SOCKS4 refuses.
pub const SOCKS4_REPLIES: [u8; 3] = [0x5b, 0x5c, 0x5d];

/// One proxy of everything, for a world that has plain judges and judges over TLS.
#[must_use]
pub fn catalogue() -> Vec<ProxySpec> {
    let mut all = living();
    all.extend(locked());
    all.extend(faulty());
    all
}

/// Those that work, whatever they show.
fn living() -> Vec<ProxySpec> {
    let mut all = Vec::new();
    for face in FACES {
        all.extend([ProxySpec::http().face(face), ProxySpec::http().face(face).without_connect()]);
        all.extend([ProxySpec::socks4().face(face), ProxySpec::socks5().face(face)]);
        all.push(ProxySpec::mixed().face(face));
    }
    all.extend(CONNECT_REPLIES.map(|reply| ProxySpec::http().connect_reply(reply)));
    all.extend(CONNECT_REPLIES.map(|reply| ProxySpec::connect().connect_reply(reply)));
    all.extend([
        ProxySpec::http().connect_443_only(),
        ProxySpec::http().without_names(),
        ProxySpec::socks4().without_names(),
        ProxySpec::socks5().without_names(),
        ProxySpec::socks5().names_bound_address(),
        ProxySpec::http().lower_case(),
        ProxySpec::http().lower_case().anonymous(),
        ProxySpec::http().leaves_from_entry(),
        ProxySpec::socks5().leaves_from_entry(),
        ProxySpec::http().over_tls(),
        ProxySpec::http().over_tls().anonymous(),
        ProxySpec::http().over_tls().transparent(),
        ProxySpec::connect().over_tls(),
        ProxySpec::http().latency(Duration::from_millis(200)),
        ProxySpec::socks5().latency(Duration::from_millis(200)),
        ProxySpec::http().fault(Fault::Slow(Duration::from_millis(600))),
        ProxySpec::http().fault(Fault::KeepsOpen),
        ProxySpec::http().fault(Fault::KeepsOpen),
        ProxySpec::http().fault(Fault::DropsHeader),
        ProxySpec::http().fault(Fault::ChangesUserAgent),
    ]);
    all
}

/// Those that want an account.
fn locked() -> Vec<ProxySpec> {
    let kinds = [ProxySpec::http, ProxySpec::connect, ProxySpec::socks4, ProxySpec::socks5];
    let mut all: Vec<ProxySpec> = [Listed::Right, Listed::Wrong, Listed::Without]
        .into_iter()
        .flat_map(|listed| kinds.map(|kind| kind().account("user", "s3cret").listed(listed)))
        // SOCKS4 knows users and no secrets, so a wrong secret opens it.
        .filter(|spec| !(spec.kind == super::Kind::Socks4 && spec.listed == Listed::Wrong))
        .collect();
    all.push(ProxySpec::http().over_tls().account("user", "s3cret"));
    all
}

fn faulty() -> Vec<ProxySpec> {
    let mut all = vec![ProxySpec::http().fault(Fault::Refused), ProxySpec::http().fault(Fault::Unreachable)];
    for fault in CONNECTION_FAULTS {
        all.extend([ProxySpec::http, ProxySpec::socks4, ProxySpec::socks5].map(|kind| kind().fault(fault)));
    }
    all.extend(REQUEST_FAULTS.map(|fault| ProxySpec::http().fault(fault)));
    for fault in ANSWER_FAULTS {
        // What goes through CONNECT is asked over TLS, where an answer is out of reach.
        all.extend([ProxySpec::http().without_connect().fault(fault), ProxySpec::socks5().fault(fault)]);
    }
    for fault in TUNNEL_FAULTS {
        all.extend([ProxySpec::http().fault(fault), ProxySpec::connect().fault(fault)]);
        if fault != Fault::TlsIntercept {
            all.extend([ProxySpec::socks4().fault(fault), ProxySpec::socks5().fault(fault)]);
        }
    }
    all.extend(SOCKS5_REPLIES.map(|code| ProxySpec::socks5().fault(Fault::SocksReply(code))));
    all.extend(SOCKS4_REPLIES.map(|code| ProxySpec::socks4().fault(Fault::SocksReply(code))));
    all
}
