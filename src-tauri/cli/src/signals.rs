//! SIGINT and SIGTERM end a run in an orderly way: what was finished is written.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// What the first SIGINT or SIGTERM does: it cancels a token or, while nothing waits to be written, ends the program at
/// once. A second SIGINT always does.
pub(crate) struct Interruption {
    token: CancellationToken,
    at_once: Arc<AtomicBool>,
    parts: Parts,
}

/// Files that are not whole yet, and go when the program is ended in their middle.
#[derive(Clone, Default)]
struct Parts(Arc<Mutex<Vec<PathBuf>>>);

impl Parts {
    /// Ends the program.
    fn end(&self) -> ! {
        for part in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            // One that has its name by now is not there any more, and there is nobody left to tell of another error.
            let _ = std::fs::remove_file(part);
        }
        std::process::exit(super::EXIT_INTERRUPTED.into())
    }
}

impl Interruption {
    /// Begins to listen.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let token = CancellationToken::new();
        let at_once = Arc::new(AtomicBool::new(false));
        let parts = Parts::default();
        let (fired, leave, ours) = (token.clone(), Arc::clone(&at_once), parts.clone());
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
                    ours.end();
                }
                interrupt.recv().await;
                ours.end();
            });
        }
        #[cfg(not(unix))]
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                fired.cancel();
                if leave.load(Ordering::SeqCst) {
                    ours.end();
                }
            }
        });
        Ok(Self { token, at_once, parts })
    }

    /// Cancelled by the first signal.
    pub(crate) const fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Takes a file away when the program is ended before the file is whole.
    pub(crate) fn takes_away(&self, part: &Path) {
        self.parts.0.lock().unwrap_or_else(PoisonError::into_inner).push(part.to_owned());
    }

    /// Does something that a signal may end anywhere: it waits for others, and what it has kept is kept in whole batches.
    pub(crate) fn at_once<T>(&self, work: impl FnOnce() -> T) -> T {
        self.at_once.store(true, Ordering::SeqCst);
        // The signal may have come just before.
        if self.token.is_cancelled() {
            self.parts.end();
        }
        let done = work();
        self.at_once.store(false, Ordering::SeqCst);
        done
    }
}
