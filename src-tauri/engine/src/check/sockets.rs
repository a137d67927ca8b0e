//! The sockets of a run: how many may be open, and which of them a worker holds from proxy to proxy.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// The sockets of a run, as many as the line bears. Of those that it no longer bears, the ones in use are taken away when
/// they come back.
#[derive(Debug)]
pub(crate) struct Sockets {
    free: Semaphore,
    allowed: AtomicUsize,
    owed: AtomicUsize,
}

impl Sockets {
    /// So many sockets.
    pub(super) fn new(count: usize) -> Self {
        Self { free: Semaphore::new(count), allowed: count.into(), owed: 0.into() }
    }

    /// How many may be in use.
    pub(super) fn allowed(&self) -> usize {
        self.allowed.load(Ordering::Relaxed)
    }

    /// How many are in use.
    pub(super) fn in_use(&self) -> usize {
        let all = self.allowed.load(Ordering::Relaxed) + self.owed.load(Ordering::Relaxed);
        all.saturating_sub(self.free.available_permits())
    }

    /// Brings the permits to what the line bears. For one caller alone.
    pub(super) fn settle(&self, limit: usize) {
        let allowed = self.allowed.swap(limit, Ordering::Relaxed);
        if limit < allowed {
            self.owed.fetch_add(allowed - limit, Ordering::Relaxed);
        } else if limit > allowed {
            let more = limit - allowed;
            let less = |owed: usize| Some(owed.saturating_sub(more));
            let owed = self.owed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).unwrap_or_default();
            self.free.add_permits(more - more.min(owed));
        }
        if self.is_owed() {
            // Meanwhile nobody sees that any are owed, so that none is given up twice.
            let owed = self.owed.swap(0, Ordering::Relaxed);
            let idle = self.free.forget_permits(owed);
            self.owed.fetch_add(owed - idle, Ordering::Relaxed);
        }
    }

    /// A permit for a socket. The semaphore is never closed, so one always comes.
    async fn take(&self) -> Option<SemaphorePermit<'_>> {
        self.free.acquire().await.ok()
    }

    fn give_back(&self, permit: SemaphorePermit<'_>) {
        let one_less = |owed: usize| owed.checked_sub(1);
        if self.is_owed() && self.owed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
            permit.forget();
        }
    }

    fn is_owed(&self) -> bool {
        self.owed.load(Ordering::Relaxed) > 0
    }
}

/// The permit of a worker for the socket that it uses. Where each worker has one socket at a time it keeps its permit
/// from proxy to proxy: thousands that take one and give it back for each proxy wait for each other's caches.
#[derive(Debug)]
pub(super) struct Hold<'a> {
    sockets: &'a Sockets,
    permit: Option<SemaphorePermit<'a>>,
    keeps: bool,
}

impl<'a> Hold<'a> {
    /// A hold with nothing in it yet.
    pub(super) const fn new(sockets: &'a Sockets, keeps: bool) -> Self {
        Self { sockets, permit: None, keeps }
    }

    /// Waits until a socket may be opened.
    pub(super) async fn take(&mut self) {
        if self.permit.is_none() {
            self.permit = self.sockets.take().await;
        }
    }

    /// The same, ahead of the proxy for which it is: whoever keeps a permit takes no proxy without one.
    pub(super) async fn be_ready(&mut self) {
        if self.keeps {
            self.take().await;
        }
    }

    /// The socket was closed.
    pub(super) fn closed(&mut self) {
        if !self.keeps || self.sockets.is_owed() {
            self.rest();
        }
    }

    /// No socket is opened for a while: others may.
    pub(super) fn rest(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.sockets.give_back(permit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_the_line_no_longer_bears_is_taken_away_as_it_comes_back() {
        let sockets = Sockets::new(8);
        let mut holds: Vec<_> = (0..6).map(|_| Hold::new(&sockets, true)).collect();
        for hold in &mut holds {
            hold.take().await;
        }
        assert_eq!(sockets.in_use(), 6);
        sockets.settle(4);
        assert_eq!(sockets.in_use(), 6, "nobody is cut off");
        holds[0].closed();
        holds[1].closed();
        assert_eq!(sockets.in_use(), 4, "two had to give theirs up");
        holds[2].closed();
        assert_eq!(sockets.in_use(), 4, "the others keep theirs");
        assert_eq!(sockets.free.available_permits(), 0, "and there is none to spare");
        sockets.settle(8);
        assert_eq!(
            (sockets.in_use(), sockets.free.available_permits()),
            (4, 4),
            "what is borne again is free"
        );
        holds.clear();
        assert_eq!(sockets.in_use(), 0);
    }

    #[tokio::test]
    async fn what_was_owed_and_is_borne_again_is_neither_lost_nor_doubled() {
        let sockets = Sockets::new(4);
        let mut hold = Hold::new(&sockets, false);
        hold.take().await;
        let mut kept: Vec<_> = (0..3).map(|_| Hold::new(&sockets, true)).collect();
        for hold in &mut kept {
            hold.take().await;
        }
        sockets.settle(1);
        sockets.settle(3);
        hold.closed();
        drop(kept);
        sockets.settle(3);
        assert_eq!((sockets.in_use(), sockets.free.available_permits()), (0, 3));
    }
}
