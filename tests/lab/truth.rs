//! What is true of a proxy, in plain words of the product: what a right checker finds when it asks this world's judges.

use std::net::IpAddr;

use serde::Serialize;

use super::block::CLIENT;
use super::fault::{Fault, Layer};
use super::judge::Askable;
use super::proxy::{Account, ConnectRule, Face, Kind, Listed, ProxySpec};

/// The truth about a proxy. Where a field is none, nothing is claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// A check succeeds.
    pub alive: bool,
    /// The capabilities that are answered with yes: `http`, `connect`, `socks4`, `socks4a`, `socks5`, `socks5h`,
    /// `tls`, `ipv6`.
    pub works: Vec<&'static str>,
    /// `elite`, `anonymous` or `transparent`; only of one that is alive. It supposes a plain judge that echoes.
    pub anonymity: Option<&'static str>,
    /// The header that gives it away, or `exit`.
    pub giveaway: Option<&'static str>,
    /// The address that a judge sees; only of one that is alive.
    pub exit: Option<IpAddr>,
    /// Why a check fails.
    pub reason: Option<&'static str>,
    /// The HTTP status or the SOCKS reply that goes with the reason.
    pub code: Option<u16>,
    /// The account that opens it.
    pub account: Option<Account>,
    /// Trust notes of one that works all the same.
    pub notes: Vec<&'static str>,
}

/// What asking for one capability comes to.
#[derive(Clone, Copy)]
enum Outcome {
    Yes,
    No(&'static str, Option<u16>),
    NotTried,
}

/// Reasons in the order of how far an attempt came: the reason of a check is that of the furthest one.
const FURTHEST: [&str; 19] = [
    "refused",
    "unreachable",
    "dial_timeout",
    "handshake_timeout",
    "reset",
    "closed",
    "not_a_proxy",
    "auth_required",
    "auth_failed",
    "rejected",
    "redirected",
    "tls_failed",
    "answer_timeout",
    "answer_malformed",
    "answer_encoded",
    "answer_too_large",
    "wrong_answer",
    "tampered",
    "tls_intercepted",
];

/// Reasons that make a check fail whatever else works.
const BREAKS_TRUST: [&str; 3] = ["tls_intercepted", "tampered", "wrong_answer"];

impl Truth {
    pub(crate) fn of(spec: &ProxySpec, exit: IpAddr, askable: &Askable) -> Self {
        let mut works: Vec<&'static str> = Vec::new();
        let mut worst: Option<(&'static str, Option<u16>)> = None;
        for capability in spoken(spec, askable) {
            match outcome(spec, capability, askable) {
                Outcome::Yes => works.push(capability),
                Outcome::No(reason, code) if worst.is_none_or(|(other, _)| rank(reason) >= rank(other)) => {
                    worst = Some((reason, code));
                }
                Outcome::No(..) | Outcome::NotTried => {}
            }
        }
        let trusted = worst.is_none_or(|(reason, _)| !BREAKS_TRUST.contains(&reason));
        let alive = trusted && !works.is_empty();
        if alive {
            // Whether it takes TLS, and whether it reaches IPv6, is asked by way of what works.
            if spec.over_tls {
                works.push("tls");
            }
            if reaches_ipv6(spec, askable, &works) {
                works.push("ipv6");
            }
        }
        let seen_exit = if spec.face == Face::ClientsExit { IpAddr::V4(CLIENT) } else { exit };
        let (reason, code) = if alive { None } else { worst }.unzip();
        Self {
            alive,
            works,
            anonymity: alive.then(|| spec.face.level()),
            giveaway: if alive { spec.face.giveaway() } else { None },
            exit: alive.then_some(seen_exit),
            reason,
            code: code.flatten(),
            account: spec.account.clone(),
            notes: if alive { notes(spec) } else { Vec::new() },
        }
    }
}

/// What is to be known of one that lives. Nobody vouches for a certificate of the interceptors' authority.
fn notes(spec: &ProxySpec) -> Vec<&'static str> {
    let unverified = spec.over_tls.then_some("proxy_cert_unverified");
    spec.fault.and_then(Fault::note).into_iter().chain(unverified).collect()
}

fn rank(reason: &str) -> usize {
    FURTHEST.iter().position(|r| *r == reason).unwrap_or_default()
}

/// The capabilities that are asked of a proxy of this kind.
fn spoken(spec: &ProxySpec, askable: &Askable) -> Vec<&'static str> {
    let all = ["http", "connect", "socks4", "socks4a", "socks5", "socks5h"];
    let all = all.into_iter().filter(|c| askable.plain_named || !matches!(*c, "socks4a" | "socks5h"));
    all.filter(|capability| match spec.kind {
        Kind::Http => matches!(*capability, "http" | "connect"),
        Kind::Connect => *capability == "connect",
        Kind::Socks4 => capability.starts_with("socks4"),
        Kind::Socks5 => capability.starts_with("socks5"),
        Kind::Mixed => true,
    })
    .collect()
}

fn outcome(spec: &ProxySpec, capability: &'static str, askable: &Askable) -> Outcome {
    let fault = spec.fault;
    let no = |fault: Fault| fault.reason().map_or(Outcome::Yes, |reason| Outcome::No(reason, fault.code()));
    let is_http = matches!(capability, "http" | "connect");
    let over_tls = capability == "connect" && !askable.tls_ports.is_empty();
    if capability != "connect" && !askable.plain {
        return Outcome::NotTried;
    }
    if let Some(fault) = fault.filter(|f| f.layer() == Layer::Connection) {
        return no(fault);
    }
    match fault {
        // A CONNECT is answered with 200 too, and the page stands where the judge's handshake should.
        Some(Fault::Portal) if capability == "connect" => {
            return Outcome::No(if over_tls { "tls_failed" } else { "wrong_answer" }, None);
        }
        Some(fault) if fault.layer() == Layer::Request && is_http => return no(fault),
        _ => {}
    }
    if let Some(denied) = denial(spec, capability) {
        return denied;
    }
    if capability == "connect" {
        match spec.connect_rule {
            ConnectRule::Never if over_tls => return Outcome::No("not_a_proxy", Some(405)),
            ConnectRule::Only443 | ConnectRule::Never if !over_tls => return Outcome::NotTried,
            _ => {}
        }
    }
    // The target of HTTP is the judge's name where it has one.
    if is_http && !spec.names && if over_tls { askable.tls_named } else { askable.plain_named } {
        return Outcome::No("rejected", Some(502));
    }
    match fault {
        Some(fault) if fault.layer() == Layer::Socks && !is_http => return no(fault),
        // What is asked by SOCKS is asked in the clear where that can be, and nobody can be caught there.
        Some(Fault::TlsIntercept) if over_tls => return no(Fault::TlsIntercept),
        Some(Fault::TlsIntercept) => {}
        Some(Fault::TunnelGarbage) if over_tls => return Outcome::No("tls_failed", None),
        Some(fault) if fault.layer() == Layer::Tunnel && capability != "http" => return no(fault),
        Some(fault) if fault.layer() == Layer::Answer && !over_tls => return no(fault),
        _ => {}
    }
    match capability {
        "socks4a" if !spec.names => Outcome::No("rejected", Some(0x5b)),
        "socks5h" if !spec.names => Outcome::No("rejected", Some(0x04)),
        _ => Outcome::Yes,
    }
}

/// What comes of an account that the list does not have, or has wrong.
fn denial(spec: &ProxySpec, capability: &str) -> Option<Outcome> {
    spec.account.as_ref()?;
    let is_http = matches!(capability, "http" | "connect");
    let reason = match spec.listed {
        // Nobody vouches for the certificate of one that is known by its address, so that it gets no password.
        Listed::Right if spec.over_tls => "auth_required",
        Listed::Right => return None,
        _ if capability.starts_with("socks4") => return Some(Outcome::No("rejected", Some(0x5d))),
        Listed::Without => "auth_required",
        Listed::Wrong => "auth_failed",
    };
    Some(Outcome::No(reason, is_http.then_some(407)))
}

fn reaches_ipv6(spec: &ProxySpec, askable: &Askable, works: &[&str]) -> bool {
    let allowed = |port: &u16| spec.connect_rule == ConnectRule::Any || askable.tls_ports.contains(port);
    let tunnels = works.contains(&"socks5") && !askable.ipv6_ports.is_empty()
        || works.contains(&"connect") && askable.ipv6_ports.iter().any(allowed);
    spec.ipv6 && tunnels
}
