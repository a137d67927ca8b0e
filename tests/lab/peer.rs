//! One side of a connection with a look ahead. It moves bytes and knows no protocol but where an HTTP head ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// A head longer than this is not read on: no client of the lab sends one.
const HEAD_LIMIT: usize = 64 * 1024;
/// How long a finished connection waits for the other side to read and close.
const LINGER: Duration = Duration::from_secs(5);
/// Bytes asked for at once.
const CHUNK: usize = 8 * 1024;

/// What a [`Peer`] can stand on.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A byte stream of which the next bytes can be looked at before they are taken.
pub(crate) struct Peer {
    io: Box<dyn Io>,
    ahead: Vec<u8>,
}

impl Peer {
    pub(crate) fn new(io: impl Io + 'static) -> Self {
        Self { io: Box::new(io), ahead: Vec::new() }
    }

    /// The next byte, left in place; none at the end of the stream.
    pub(crate) async fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.ahead.is_empty() && !self.more().await? {
            return Ok(None);
        }
        Ok(self.ahead.first().copied())
    }

    /// Exactly this many bytes.
    pub(crate) async fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.ahead.len() < count {
            if !self.more().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.ahead.drain(..count).collect())
    }

    /// One byte.
    pub(crate) async fn byte(&mut self) -> io::Result<u8> {
        Ok(self.take(1).await?[0])
    }

    /// The bytes before the next NUL, which is taken too.
    pub(crate) async fn until_nul(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        while text.len() <= limit {
            match self.byte().await? {
                0 => return Ok(text),
                byte => text.push(byte),
            }
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    /// An HTTP head with its empty line; none when the stream ends before the first byte.
    pub(crate) async fn head(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut searched = 0_usize;
        loop {
            let from = searched.saturating_sub(3);
            if let Some(at) = self.ahead[from..].windows(4).position(|w| w == b"\r\n\r\n") {
                return Ok(Some(self.ahead.drain(..from + at + 4).collect()));
            }
            searched = self.ahead.len();
            if searched > HEAD_LIMIT {
                return Err(io::ErrorKind::InvalidData.into());
            }
            if !self.more().await? {
                return if self.ahead.is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }

    /// Everything up to the end of the stream.
    pub(crate) async fn rest(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        while self.ahead.len() <= limit {
            if !self.more().await? {
                return Ok(std::mem::take(&mut self.ahead));
            }
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.io.write_all(bytes).await?;
        self.io.flush().await
    }

    /// Says that no more will be sent, and reads on until the other side closes: closing over unread bytes would
    /// reset the connection and could destroy what was sent.
    pub(crate) async fn finish(&mut self) -> io::Result<()> {
        self.io.shutdown().await?;
        let _ = tokio::time::timeout(LINGER, self.drain()).await;
        Ok(())
    }

    /// Reads and forgets until the other side closes.
    pub(crate) async fn drain(&mut self) -> io::Result<()> {
        loop {
            self.ahead.clear();
            if !self.more().await? {
                return Ok(());
            }
        }
    }

    async fn more(&mut self) -> io::Result<bool> {
        self.ahead.reserve(CHUNK);
        Ok(self.io.read_buf(&mut self.ahead).await? > 0)
    }
}

impl AsyncRead for Peer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        } else {
            let count = self.ahead.len().min(buf.remaining());
            buf.put_slice(&self.ahead[..count]);
            self.ahead.drain(..count);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Peer {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
