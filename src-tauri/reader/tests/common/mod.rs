//! What the tests of the reader share: a sink that keeps everything, and proxies as short texts.

use proxydeck_reader::{Candidate, Options, Refusal, Sink, Totals, read};

/// Keeps everything that a reader tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// What was accepted.
    pub candidates: Vec<Candidate>,
    /// What was not.
    pub refusals: Vec<Refusal>,
}

impl Sink for Collected {
    fn candidate(&mut self, candidate: Candidate) {
        self.candidates.push(candidate);
    }

    fn refusal(&mut self, refusal: Refusal) {
        self.refusals.push(refusal);
    }
}

/// Documentation addresses are not public, so the tests that are about shapes allow them.
pub fn any_address() -> Options {
    Options { allow_private: true, ..Options::default() }
}

/// Reads a list.
pub fn collect(list: impl AsRef<[u8]>, options: &Options) -> (Collected, Totals) {
    let mut collected = Collected::default();
    let totals = read(list.as_ref(), options, &mut collected);
    (collected, totals)
}

/// A candidate as `[protocol://][user:password@]host:port`.
pub fn written(candidate: &Candidate) -> String {
    let scheme = candidate.stated.map_or(String::new(), |p| format!("{p}://"));
    let account = candidate.proxy.account.as_ref();
    let account = account.map_or(String::new(), |a| format!("{}:{}@", a.user, a.secret.expose()));
    format!("{scheme}{account}{}", candidate.proxy)
}

/// What a list holds, as texts.
pub fn proxies(list: impl AsRef<[u8]>) -> Vec<String> {
    collect(list, &any_address()).0.candidates.iter().map(written).collect()
}

/// What was refused in a list, as line numbers and words.
pub fn refusals(list: impl AsRef<[u8]>) -> Vec<(u64, &'static str)> {
    collect(list, &any_address()).0.refusals.iter().map(|r| (r.line, r.reason.as_str())).collect()
}
