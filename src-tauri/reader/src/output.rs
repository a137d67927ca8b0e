//! From what was read to candidates and refusals, whatever it was read out of.

use std::collections::HashSet;
use std::mem;

use proxydeck_domain::{Endpoint, Hints, Protocol, Proxy};

use crate::reading::Reading;
use crate::{Candidate, Options, Refusal, RefusalReason, Sink, Totals, mask};

/// How many lines of a binary file are refused one by one. After that they are passed over, so that a file of 200 MB
/// does not give a million refusals.
const BINARY_REFUSALS: u32 = 64;

/// How many lines of refused text in a row end a stretch of binary lines. By chance a binary file has one or two.
const TEXT_AGAIN: u32 = 4;

/// What has been told so far, and by which rules more is told.
#[derive(Default)]
pub(crate) struct Told {
    hint: Option<Protocol>,
    allow_private: bool,
    pub(crate) totals: Totals,
    /// What is being read; kept from line to line for its buffer.
    pub(crate) reading: Reading,
    /// Whether the charset is a guess, so that an account beyond ASCII may be another one than was meant.
    pub(crate) is_guessed: bool,
    /// Binary lines since the last text.
    binary_lines: u32,
    /// Lines of refused text since the last binary line.
    text_lines: u32,
    /// The endpoints of a page that were told with a protocol. A page that shows its table a second time as plain text
    /// says nothing new by it.
    pub(crate) stated: Option<HashSet<Endpoint>>,
    /// What the scripts of parts of pages in the document may still use beside their length; none before the first.
    pub(crate) spare_fuel: Option<u64>,
    /// Whether everything is counted and nothing given to the sink.
    pub(crate) is_silent: bool,
}

impl Told {
    pub(crate) fn new(options: &Options) -> Self {
        Self { hint: options.hint, allow_private: options.allow_private, ..Self::default() }
    }

    /// The same rules with nothing told yet, and telling nobody: to see what a document would bring.
    pub(crate) fn trial(&self) -> Self {
        Self {
            hint: self.hint,
            allow_private: self.allow_private,
            is_guessed: self.is_guessed,
            is_silent: true,
            ..Self::default()
        }
    }
}

/// Where what is read goes.
pub(crate) struct Output<'a> {
    pub(crate) told: &'a mut Told,
    pub(crate) sink: &'a mut dyn Sink,
}

impl Output<'_> {
    /// Begins the next line, or the next entry of a document.
    pub(crate) fn begin_entry(&mut self) {
        self.told.totals.lines += 1;
    }

    /// Tells what was read as an entry of its own.
    pub(crate) fn settle_entry(&mut self, reading: &mut Reading, shown: &[u8]) {
        self.begin_entry();
        mem::swap(&mut self.told.reading, reading);
        self.settle(shown);
    }

    /// Refuses an entry of a document.
    pub(crate) fn refuse_entry(&mut self, shown: &[u8], reason: RefusalReason) {
        self.begin_entry();
        self.refuse(shown, reason);
    }

    /// An address and a port and nothing else: most lines of most lists, so it makes no detour.
    pub(crate) fn plain(&mut self, endpoint: Endpoint, line: &[u8]) {
        if self.told.stated.as_ref().is_some_and(|known| known.contains(&endpoint)) {
            return;
        }
        if !self.told.allow_private && !endpoint.may_be_public() {
            self.refuse(line, RefusalReason::NotPublic);
            return;
        }
        self.told.binary_lines = 0;
        self.give(Proxy::open(endpoint), self.told.hint);
    }

    /// Tells what was read. `shown` stands for it in a refusal.
    pub(crate) fn settle(&mut self, shown: &[u8]) {
        let mut reading = mem::take(&mut self.told.reading);
        let mut told = false;
        let mut problem = reading.problem.filter(|p| p.is_fault());
        for found in reading.found.drain(..) {
            if !self.told.allow_private && !found.proxy.endpoint.may_be_public() {
                problem = problem.or(Some(RefusalReason::NotPublic));
                continue;
            }
            let account = found.proxy.account.as_ref();
            if self.told.is_guessed
                && account.is_some_and(|a| !a.user.is_ascii() || !a.secret.expose().is_ascii())
            {
                problem = problem.or(Some(RefusalReason::Ambiguous));
                continue;
            }
            told = true;
            self.told.binary_lines = 0;
            if let Some(known) = &mut self.told.stated
                && found.proxy.account.is_none()
            {
                if !found.stated.is_empty() {
                    known.insert(found.proxy.endpoint.clone());
                } else if known.contains(&found.proxy.endpoint) {
                    continue;
                }
            }
            let implied = self.told.hint.or(found.fallback);
            self.tell(found.proxy, if found.stated.is_empty() { implied.into() } else { found.stated });
        }
        if !told {
            problem = problem.or(reading.problem).or(Some(RefusalReason::NoAddress));
        }
        if let Some(reason) = problem {
            self.refuse(shown, reason);
        }
        self.told.reading = reading;
    }

    /// Gives a proxy to the sink, once for each protocol that is claimed for it.
    fn tell(&mut self, proxy: Proxy, stated: Hints) {
        if stated.is_empty() {
            self.give(proxy, None);
            return;
        }
        for protocol in stated.iter() {
            self.give(proxy.clone(), Some(protocol));
        }
    }

    fn give(&mut self, proxy: Proxy, stated: Option<Protocol>) {
        let totals = &mut self.told.totals;
        totals.candidates += 1;
        if !self.told.is_silent {
            self.sink.candidate(Candidate { proxy, stated, line: totals.lines });
        }
    }

    /// Gives a refusal to the sink, unless it is one of very many of a binary file.
    pub(crate) fn refuse(&mut self, shown: &[u8], reason: RefusalReason) {
        let told = &mut *self.told;
        if reason == RefusalReason::Binary {
            told.binary_lines = told.binary_lines.saturating_add(1);
            told.text_lines = 0;
        } else if told.binary_lines > 0 {
            told.text_lines = if std::str::from_utf8(shown).is_ok() { told.text_lines + 1 } else { 0 };
            if told.text_lines >= TEXT_AGAIN {
                told.binary_lines = 0;
            }
        }
        if told.binary_lines > BINARY_REFUSALS {
            told.totals.folded += 1;
            return;
        }
        told.totals.refusals += 1;
        if !told.is_silent {
            self.sink.refusal(Refusal { line: told.totals.lines, text: mask::text_of(shown), reason });
        }
    }

    /// How much has been told, to see later whether anything came since.
    pub(crate) fn count(&self) -> (u64, u64, u64) {
        let totals = &self.told.totals;
        (totals.candidates, totals.refusals, totals.folded)
    }
}
