//! What all parts of one world share: names, authorities, the order to stop, and the only function that dials.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::block::Block;
use super::judge::Askable;
use super::tls::Authority;

/// Loopback answers at once; a dial that takes longer has met a listener that is meant not to answer.
const DIAL_LIMIT: Duration = Duration::from_secs(10);
/// Connections that wait to be accepted: as many as the kernel's usual limit allows.
const BACKLOG: u32 = 4096;

/// The shared ground of a world.
pub(crate) struct Net {
    /// Held here, and so until the last task has closed its sockets: only then may another world have the addresses.
    pub(crate) block: Block,
    pub(crate) names: RwLock<HashMap<String, IpAddr>>,
    pub(crate) authority: Authority,
    pub(crate) forger: Authority,
    pub(crate) askable: Askable,
    /// The addresses of the judges, all of which are this machine's: it listens there.
    pub(crate) judges: Vec<IpAddr>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) gauge: Gauge,
}

/// Why a target was not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DialError {
    /// The name has no address in this world.
    Unresolved,
    /// Neither a loopback address nor a judge's: the lab never leaves the machine.
    Forbidden,
    /// The target refused.
    Refused,
    /// The proxy has no way to addresses of this family.
    NoRoute,
    /// Anything else.
    Unreachable,
}

impl Net {
    /// The address of a name or of a literal.
    pub(crate) fn resolve(&self, host: &str) -> Option<IpAddr> {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        host.parse().ok().or_else(|| names.get(&host.to_ascii_lowercase()).copied())
    }

    /// Opens a connection to a loopback target or to a judge, leaving from that of the addresses which is of its family.
    pub(crate) async fn dial(&self, host: &str, port: u16, from: &[IpAddr]) -> Result<TcpStream, DialError> {
        let address = self.resolve(host).ok_or(DialError::Unresolved)?;
        if !address.is_loopback() && !self.judges.contains(&address) {
            return Err(DialError::Forbidden);
        }
        let dialled = async {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            if let Some(from) = from.iter().find(|from| from.is_ipv4() == address.is_ipv4()) {
                socket.bind(SocketAddr::new(*from, 0))?;
            }
            socket.connect(SocketAddr::new(address, port)).await
        };
        match tokio::time::timeout(DIAL_LIMIT, dialled).await {
            Ok(Ok(stream)) => {
                // A tunnel of small records must not wait for the acknowledgement of the one before.
                let _ = stream.set_nodelay(true);
                Ok(stream)
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => Err(DialError::Refused),
            _ => Err(DialError::Unreachable),
        }
    }
}

/// A listener at exactly this endpoint, also while old connections of it are dying.
pub(crate) fn listen(at: SocketAddr) -> io::Result<TcpListener> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    socket.listen(BACKLOG)
}

/// Makes the closing of a connection a reset: what is unsent is dropped and the other side sees RST.
pub(crate) fn reset_on_close(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}

/// Counts the connections that a world's proxies accept.
#[derive(Default)]
pub(crate) struct Gauge {
    moments: Mutex<Vec<Instant>>,
    accepted: AtomicU64,
    open: AtomicU64,
    peak: AtomicU64,
}

/// What the proxies of a world have seen together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Connections accepted since the start.
    pub accepted: u64,
    /// Connections open now.
    pub open: u64,
    /// The most that were open at once.
    pub peak: u64,
}

/// An open connection; it is counted until this is dropped.
pub(crate) struct Open<'a>(&'a Gauge);

impl Gauge {
    pub(crate) fn enter(&self) -> Open<'_> {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        self.moments.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(open, Ordering::Relaxed);
        Open(self)
    }

    /// The most connections that were accepted within any such span of time.
    pub(crate) fn busiest(&self, span: Duration) -> usize {
        let mut moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner).clone();
        moments.sort_unstable();
        let within = |first: usize| moments.partition_point(|moment| *moment < moments[first] + span) - first;
        (0..moments.len()).map(within).max().unwrap_or_default()
    }

    pub(crate) fn read(&self) -> Traffic {
        Traffic {
            accepted: self.accepted.load(Ordering::Relaxed),
            open: self.open.load(Ordering::Relaxed),
            peak: self.peak.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
