//! The lab: a simulated internet on loopback, in process and seeded.
//!
//! It holds judges, proxies and their faults, and it knows the truth about each of them. It is an independent peer:
//! it uses no crate of Proxydeck, so that it cannot share a misunderstanding with what it tests. It never dials
//! anything but loopback addresses and its judges, and it needs Linux, where all of 127.0.0.0/8 is at hand.
//!
//! # A world in three lines
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use proxydeck_tests::lab::{JudgeKind, Mix, ProxySpec, World};
//!
//! let world = World::seeded(7).judge(JudgeKind::Own).judge(JudgeKind::Azenv).proxies(Mix::default(), 200).start().await?;
//! let proxy = world.add(ProxySpec::http().anonymous().account("u", "p")).await?;
//! assert_eq!(proxy.truth.anonymity, Some("anonymous"));
//! # Ok(())
//! # }
//! ```
//!
//! # The parts
//!
//! - [`World`]: `seeded(seed)` begins a [`WorldBuilder`]: `.judge(kind or JudgeSpec)`, `.proxy(spec)`,
//!   `.proxies(mix, n)`, `.name(host, ip)`, `.start().await`. The world gives `judges()`, `judge(kind)`,
//!   `judge_urls()`, `resolve_args()` (as `HOST:PORT:ADDR`), `ca_pem()`, `proxies()`, `list()`, `truths()`,
//!   `add(spec).await`, `traffic()`. Dropping it ends all its tasks; `stop().await` also waits for them. Judges are
//!   added before proxies, since what is true of a proxy depends on what can be asked.
//! - [`LabJudge`]: `url`, `addr`, `name`, `requests()`, `set_delay(d)`, `down().await` (refuses from then on and cuts
//!   what is open), `up().await`. [`JudgeSpec`]: `tls()`, `named("judge.lab")`, `ipv6()`, `at(ip)`.
//!   [`JudgeKind`]: `Own`, `Azenv`, `Httpbin`, `Bare`, `Ipify`. A plain judge listens on port 80 and a TLS one on 443
//!   of an address of its own where that is allowed, else on a free port.
//! - [`ProxySpec`]: `http()` (forward and CONNECT), `connect()` (CONNECT alone), `socks4()`, `socks5()`, `mixed()`;
//!   `.face(Face)` or `.elite()`, `.anonymous()`, `.transparent()`; `.account(u, p)`, `.listed(Listed)`;
//!   `.without_connect()`, `.connect_443_only()`, `.connect_reply(ConnectReply)`; `.without_names()`,
//!   `.lower_case()`, `.names_bound_address()`, `.over_tls()`, `.latency(d)`, `.leaves_from_entry()`,
//!   `.leaves_through(ip)`, `.without_scheme()`; `.fault(Fault)`.
//! - [`LabProxy`]: `addr`, `exit`, `truth`, `line()` as a list has it, `url()` always with a scheme, `dials()`.
//! - [`Truth`]: `alive`, `works` (words of capabilities), `anonymity`, `giveaway`, `exit`, `reason`, `code`, `account`,
//!   `notes`; plain words of the product, written as JSON by `serde`. A truth is that of the protocol that the proxy is
//!   made for; on a dead one that is asked by every protocol the furthest attempt has the same reason.
//! - [`Fault`]: each variant says what it does and what is true of it.
//! - [`Mix`]: `mixed()`, `refused()`, `hostile()`, each with `.alive(percent)` and `.latency(d)`; `everything()`.
//! - [`Web`]: a fake web beside a world, on a block of its own: `seeded(seed)`, `site(SiteSpec)` (`.named(n)`, `.tls()`),
//!   `sources(count, addresses, sites)`, `resolve_args()`, `ca_pem()`. A [`Site`] has `page(path, Page)`, `url(path)`,
//!   `one_of_each(url)`, `visits(path)`, `peak()`; each [`Page`] says what it answers with.
//! - [`catalogue()`]: one proxy of everything that there is, for a world with plain judges and judges over TLS.
//!
//! # Addresses
//!
//! A world claims one free 127.B.0.0/16 (across processes, so tests run in parallel): judges live in 127.B.0.0/24,
//! proxies listen in the rest of the lower half, and leave from the upper half, one address each. An unbound client
//! is seen as [`CLIENT`]. An endpoint that refuses is an address of the block and a port on which nothing listens; it
//! costs no descriptor. The same seed gives the same world as long as the block that it asks for first is free.

mod block;
mod catalogue;
mod fault;
mod http;
mod judge;
mod mix;
mod net;
mod pages;
mod peer;
mod proxy;
mod tls;
mod truth;
mod web;
mod world;

pub use block::CLIENT;
pub use catalogue::{
    ANSWER_FAULTS, CONNECT_REPLIES, CONNECTION_FAULTS, FACES, REQUEST_FAULTS, SOCKS4_REPLIES, SOCKS5_REPLIES,
    TUNNEL_FAULTS, catalogue,
};
pub use fault::{Fault, Tamper};
pub use judge::{JudgeKind, JudgeSpec, LabJudge};
pub use mix::Mix;
pub use net::Traffic;
pub use proxy::{Account, ConnectReply, ConnectRule, Face, Kind, Listed, ProxySpec};
pub use truth::Truth;
pub use web::{
    Coding, ListedSource, Page, Patience, Shape, Site, SiteSpec, Visit, Web, invented, sources, text_list,
};
pub use world::{LabProxy, World, WorldBuilder};
