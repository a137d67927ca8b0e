//! What one line came to, before it is told to anyone.

use proxydeck_domain::{Account, Endpoint, Hints, Protocol, Proxy, Secret};

use crate::RefusalReason;

/// How far back a proxy is looked for that the same line names again (as a cell and as a URI, say). A bound, because
/// a line of 64 KiB can hold thousands.
const REPEAT_WINDOW: usize = 8;

/// A proxy met in a line.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) proxy: Proxy,
    /// The protocols that the line states for it.
    pub(crate) stated: Hints,
    /// What the shape of the list suggests where neither line nor name say anything.
    pub(crate) fallback: Option<Protocol>,
}

/// The proxies of one line, and the worst that is wrong with it. Kept from line to line for its buffer.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) found: Vec<Found>,
    pub(crate) problem: Option<RefusalReason>,
}

impl Reading {
    pub(crate) fn clear(&mut self) {
        self.found.clear();
        self.problem = None;
    }

    /// Notes a proxy.
    pub(crate) fn take(&mut self, endpoint: Endpoint, account: Option<Account>, stated: Hints) {
        let proxy = Proxy { endpoint, account };
        if let Some(before) = self.found.iter_mut().rev().take(REPEAT_WINDOW).find(|f| f.proxy == proxy) {
            before.stated = before.stated.union(stated);
            return;
        }
        self.found.push(Found { proxy, stated, fallback: None });
    }

    /// Notes what is wrong. The first fault stays; before that, what says more replaces what says less.
    pub(crate) fn note(&mut self, reason: RefusalReason) {
        let replaces = match self.problem {
            None => true,
            Some(before) => !before.is_fault() && (reason.is_fault() || reason > before),
        };
        if replaces {
            self.problem = Some(reason);
        }
    }

    /// Drops everything that was found: the line belongs to something else.
    pub(crate) fn disown(&mut self, reason: RefusalReason) {
        self.found.clear();
        self.problem = Some(reason);
    }
}

/// Makes an account of bytes as they stand in a list.
///
/// Control characters are refused: they would break a header, and no one types them.
pub(crate) fn account(user: &[u8], password: &[u8]) -> Result<Account, RefusalReason> {
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| RefusalReason::Syntax);
    let (user, password) = (text(user)?, text(password)?);
    if user.is_empty() || user.chars().chain(password.chars()).any(char::is_control) {
        return Err(RefusalReason::Syntax);
    }
    Ok(Account { user: user.to_owned(), secret: Secret::new(password) })
}
