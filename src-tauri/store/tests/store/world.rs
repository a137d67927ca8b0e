//! A database of its own for each test, and words to fill it with.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use proxydeck_domain::{
    Anonymity, Attempt, Basis, Capability, Evidence, Finding, Hints, Protocol, Reason, Stage, Standing,
    UnixMs, Verdict,
};
use proxydeck_store::{
    AskedBy, CheckKind, Imported, NewCheck, NewProxy, NewSource, NewTask, ProxyId, ProxyRow, SealedAccount,
    SourceKind, Store, TaskKind,
};
use rusqlite::Connection;
use tempfile::TempDir;

/// 2026-09-21T13:46:40Z.
pub(crate) const NOW: UnixMs = 1_789_998_400_000;
pub(crate) const DAY: UnixMs = 24 * 60 * 60 * 1000;

pub(crate) struct World {
    // Closed before its folder goes.
    pub(crate) store: Store,
    pub(crate) dir: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let opened = Store::open(dir.path().join("proxydeck.db"), NOW).unwrap();
        assert_eq!(opened.set_aside, None, "there was nothing to set aside");
        Self { store: opened.store, dir }
    }

    /// A world with this many proxies, numbered from 1.
    pub(crate) fn with(count: u32) -> Self {
        let world = Self::new();
        let batch = (0..count).map(|n| open(&format!("198.18.{}.{}:8080", n / 250, n % 250 + 1))).collect();
        world.import(batch);
        world
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("proxydeck.db")
    }

    pub(crate) fn import(&self, batch: Vec<NewProxy>) -> Vec<Imported> {
        self.store.import(list("list.txt"), batch, NOW).unwrap()
    }

    /// Closes the database and opens it again, as the next start does.
    pub(crate) fn restart(self) -> Self {
        let Self { store, dir } = self;
        store.shutdown();
        drop(store);
        let opened = Store::open(dir.path().join("proxydeck.db"), NOW + DAY).unwrap();
        assert_eq!(opened.set_aside, None, "a sound database is never set aside");
        Self { store: opened.store, dir }
    }

    /// A connection past the crate, to see and to do what it does not offer.
    pub(crate) fn raw(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    pub(crate) fn row(&self, proxy: ProxyId) -> ProxyRow {
        self.store.proxy(proxy, NOW).unwrap().unwrap()
    }

    pub(crate) fn rows(&self) -> Vec<ProxyRow> {
        let mut rows = Vec::new();
        self.store.load(NOW, |row| rows.push(row)).unwrap();
        rows
    }

    pub(crate) fn check_task(&self, items: Vec<ProxyId>) -> i64 {
        self.store.begin_task(check_task(), items, NOW).unwrap()
    }
}

pub(crate) fn check_task() -> NewTask {
    NewTask { kind: TaskKind::Check, asked_by: AskedBy::User, params: "{}".to_owned() }
}

pub(crate) fn list(name: &str) -> NewSource {
    NewSource { name: name.to_owned(), kind: SourceKind::File, address: format!("/lists/{name}") }
}

/// A proxy without an account.
pub(crate) fn open(endpoint: &str) -> NewProxy {
    NewProxy { endpoint: endpoint.parse().unwrap(), account: None, hints: Hints::NONE }
}

/// The same with a claim about it.
pub(crate) fn hinted(endpoint: &str, protocol: Protocol) -> NewProxy {
    NewProxy { hints: Hints::NONE.with(protocol), ..open(endpoint) }
}

/// A proxy with an account. The hash and the sealed bytes stand for what the vault makes.
pub(crate) fn login(endpoint: &str, user: &str, secret: u8) -> NewProxy {
    let account =
        SealedAccount { user: user.to_owned(), secret_hash: [secret; 16], sealed: vec![secret; 60] };
    NewProxy { account: Some(account), ..open(endpoint) }
}

fn judge() -> Arc<str> {
    Arc::from("http://judge.example/")
}

fn check(proxy: ProxyId, at: UnixMs, standing: Standing, attempt: Attempt) -> NewCheck {
    let evidence = Evidence { attempts: vec![attempt], entry: None };
    let verdict = Verdict::of(&evidence).unwrap();
    NewCheck::new(proxy, at, CheckKind::Manual, standing, verdict, &evidence).unwrap()
}

/// A check that found an elite HTTP proxy leaving through 192.0.2.7.
pub(crate) fn alive(proxy: ProxyId, at: UnixMs, latency_ms: u32) -> NewCheck {
    let mut attempt = Attempt::new(Capability::Http, judge());
    attempt.stage = Stage::Answer;
    attempt.times.add(Stage::Dial, 9_000);
    attempt.latency_ms = Some(latency_ms);
    attempt.exit = Some("192.0.2.7".parse::<IpAddr>().unwrap());
    attempt.finding = Some(Finding { anonymity: Anonymity::Elite, giveaway: None, basis: Basis::Tunnel });
    check(proxy, at, Standing::default().after(true, 3), attempt)
}

/// A check that met a refusal with a code.
pub(crate) fn dead(proxy: ProxyId, at: UnixMs, failures: u32) -> NewCheck {
    let mut attempt = Attempt::new(Capability::Socks5, judge());
    attempt.stage = Stage::Tunnel;
    attempt.reason = Some(Reason::Rejected);
    attempt.code = Some(403);
    let standing = (0..failures).fold(Standing::default(), |standing, _| standing.after(false, 3));
    check(proxy, at, standing, attempt)
}
