//! Bytes on sockets: dialling a proxy, speaking its protocol, TLS, and asking a judge through it or directly.
//!
//! The only crate that dials out. It reports what it saw as [`proxydeck_domain::Attempt`] and never says what
//! that means: verdicts are the domain's, and which proxy is asked what, and when, is the engine's.
//!
//! Protocols ([`handshake`], [`http`], [`judge`]) are state machines fed with bytes and know no socket.

mod attempt;
mod dial;
pub mod download;
mod edge;
mod exchange;
pub mod handshake;
pub mod http;
pub mod judge;
mod pace;
mod resolve;
mod target;
mod tls;

pub use attempt::{Accepted, Ask, Dialled, OwnAddresses, Patience, Scratch, Tried, attempt};
pub use dial::local_failure;
pub use judge::direct::{AskError, Judge, beyond_reach, introduce};
pub use judge::server::{JudgeServer, JudgeServerError, serve_judge};
pub use judge::{BadJudgeUrl, JudgeUrl, Shape};
pub use pace::Pace;
pub use resolve::{Resolution, ResolveRule, Resolver};
pub use target::{TargetUrl, Visit, visit};
pub use tls::{ClientTls, TlsError, server_config};

use std::sync::Arc;

/// What every socket of a run shares: one TLS configuration and one cache of names.
#[derive(Clone, Debug)]
pub struct Net {
    /// TLS towards judges.
    pub tls: Arc<ClientTls>,
    /// Names of judges and proxies.
    pub resolver: Arc<Resolver>,
}
