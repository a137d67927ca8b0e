//! SIGINT and SIGTERM end a run in an orderly way: what was finished is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

/// What the first SIGINT or SIGTERM does: it cancels a token or, while nothing waits to be written, ends the program at
/// once. A second SIGINT always does.
pub(crate) struct Interruption {
    token: CancellationToken,
    at_once: Arc<AtomicBool>,
}

impl Interruption {
    /// Begins to listen.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let token = CancellationToken::new();
        let at_once = Arc::new(AtomicBool::new(false));
        let (fired, leave) = (token.clone(), Arc::clone(&at_once));
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let (mut interrupt, mut terminate) =
                (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            tokio::spawn(async move {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                fired.cancel();
                if leave.load(Ordering::SeqCst) {
                    end();
                }
                interrupt.recv().await;
                end();
            });
        }
        #[cfg(not(unix))]
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                fired.cancel();
                if leave.load(Ordering::SeqCst) {
                    end();
                }
            }
        });
        Ok(Self { token, at_once })
    }

    /// Cancelled by the first signal.
    pub(crate) const fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Does something that a signal may end anywhere: it waits for others, and what it has kept is kept in whole batches.
    pub(crate) fn at_once<T>(&self, work: impl FnOnce() -> T) -> T {
        self.at_once.store(true, Ordering::SeqCst);
        // The signal may have come just before.
        if self.token.is_cancelled() {
            end();
        }
        let done = work();
        self.at_once.store(false, Ordering::SeqCst);
        done
    }
}

fn end() -> ! {
    std::process::exit(super::EXIT_INTERRUPTED.into())
}
