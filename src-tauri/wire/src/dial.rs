//! Connecting, and what the operating system's errors mean.

use std::io;
use std::net::SocketAddr;

use proxydeck_domain::Reason;
use tokio::net::{TcpSocket, TcpStream};

/// Connects. The socket says good-bye with a reset, so that no TIME_WAIT piles up on our side.
pub(crate) async fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_zero_linger()?;
    socket.connect(address).await
}

/// What an error while connecting means.
pub(crate) fn dial_reason(error: &io::Error) -> Reason {
    if local_failure(error) {
        return Reason::LocalError;
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Reason::Refused,
        io::ErrorKind::TimedOut => Reason::DialTimeout,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Reason::Reset,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Reason::Unreachable,
        _ => Reason::LocalError,
    }
}

/// What an error on an open connection means.
pub(crate) fn stream_reason(error: &io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Reason::Closed,
        io::ErrorKind::TimedOut => Reason::AnswerTimeout,
        _ if local_failure(error) => Reason::LocalError,
        _ => Reason::Reset,
    }
}

/// Whether an error says that our own machine could not: no descriptors, no ports, no buffers, a firewall.
#[must_use]
pub fn local_failure(error: &io::Error) -> bool {
    // EMFILE, ENFILE and ENOBUFS have no kind of their own in the standard library.
    const LOCAL_CODES: [i32; 3] = if cfg!(target_os = "linux") { [24, 23, 105] } else { [24, 23, 55] };
    error.raw_os_error().is_some_and(|code| LOCAL_CODES.contains(&code))
        || matches!(
            error.kind(),
            io::ErrorKind::AddrNotAvailable
                | io::ErrorKind::AddrInUse
                | io::ErrorKind::NetworkDown
                | io::ErrorKind::OutOfMemory
                | io::ErrorKind::PermissionDenied
        )
}
