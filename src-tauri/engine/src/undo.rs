//! What is needed to take changes of many proxies back. The numbers stay here: a surface is given one number for all of
//! them, since a million would choke it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::api::ApiError;

/// Changes that can be taken back: more than a person remembers to have made.
const MAX_UNDOS: usize = 64;
/// Proxies of all these changes together, of which each takes at most 16 bytes. The last change can be taken back however
/// many it was about.
const MAX_PROXIES: usize = 2_000_000;

/// One change, and what it was about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Undo {
    /// Exactly the proxies that it deleted, in the order of their numbers.
    Deleted(Vec<i64>),
    /// The proxies that it gave other tags, each with the number of the set that it had before.
    Tagged(Vec<(i64, u32)>),
}

impl Undo {
    fn proxies(&self) -> usize {
        match self {
            Self::Deleted(ids) => ids.len(),
            Self::Tagged(before) => before.len(),
        }
    }
}

/// The changes that can be taken back. They are forgotten with the process.
#[derive(Debug, Default)]
pub(crate) struct Undos {
    last: u32,
    kept: VecDeque<(u32, Arc<Undo>)>,
}

impl Undos {
    /// Keeps a change; none when it changed nothing. The oldest are forgotten when there are too many.
    pub(crate) fn keep(&mut self, undo: Undo) -> Option<u32> {
        if undo.proxies() == 0 {
            return None;
        }
        self.last = self.last.wrapping_add(1);
        self.kept.push_back((self.last, Arc::new(undo)));
        let mut proxies: usize = self.kept.iter().map(|(_, undo)| undo.proxies()).sum();
        while self.kept.len() > 1 && (self.kept.len() > MAX_UNDOS || proxies > MAX_PROXIES) {
            proxies -= self.kept.pop_front().map_or(0, |(_, undo)| undo.proxies());
        }
        Some(self.last)
    }

    /// A change by its number.
    pub(crate) fn get(&self, number: u32) -> Result<Arc<Undo>, ApiError> {
        let kept = self.kept.iter().find(|(kept, _)| *kept == number);
        kept.map(|(_, undo)| Arc::clone(undo)).ok_or_else(|| {
            ApiError::not_found(format!("change {number} that can be undone"))
                .hint("It was undone already, or too much was changed since.")
        })
    }

    /// Forgets a change that was taken back.
    pub(crate) fn forget(&mut self, number: u32) {
        self.kept.retain(|(kept, _)| *kept != number);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

    use super::*;

    #[test]
    fn the_oldest_changes_are_forgotten_and_the_last_never() {
        let mut undos = Undos::default();
        assert_eq!(undos.keep(Undo::Deleted(Vec::new())), None, "nothing was changed");
        let first = undos.keep(Undo::Deleted(vec![1])).unwrap();
        let many = undos.keep(Undo::Tagged(vec![(1, 0); MAX_PROXIES + 1])).unwrap();
        assert!(undos.get(first).is_err(), "there is no room for it beside so many");
        assert!(undos.get(many).is_ok());
        for _ in 0..=MAX_UNDOS {
            undos.keep(Undo::Deleted(vec![1])).unwrap();
        }
        assert!(undos.get(many).is_err());
        assert_eq!(undos.kept.len(), MAX_UNDOS);
    }
}
