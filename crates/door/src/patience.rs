//! A connection that is given up when its other end takes nothing for too long, and whose bytes are counted.
//!
//! The HTTP library bounds how long a head may take to arrive, and whoever reads it how long a body may; but a client that
//! asks and does not read the answer would hold its connection, and what it asked for, for ever.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::meter::Meter;

/// A stream whose writes end in `TimedOut` when nothing can be written for as long as its patience lasts.
pub(crate) struct PatientStream<S, M> {
    stream: S,
    patience: Duration,
    deadline: Pin<Box<Sleep>>,
    /// The deadline counts: the last write is still waiting.
    waiting: bool,
    meter: Arc<M>,
}

impl<S, M: Meter> PatientStream<S, M> {
    pub(crate) fn new(stream: S, patience: Duration, meter: Arc<M>) -> Self {
        Self {
            stream,
            patience,
            deadline: Box::pin(tokio::time::sleep(patience)),
            waiting: false,
            meter,
        }
    }

    fn bound(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(outcome) = &written {
            self.waiting = false;
            if let Ok(bytes) = outcome {
                self.meter.sent(*bytes as u64);
            }
            return written;
        }
        if !self.waiting {
            self.waiting = true;
            self.deadline.as_mut().reset(Instant::now() + self.patience);
        }
        ready!(self.deadline.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin, M: Meter> AsyncRead for PatientStream<S, M> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let bytes = buffer.filled().len().saturating_sub(before);
        self.meter.received(bytes as u64);
        read
    }
}

impl<S: AsyncWrite + Unpin, M: Meter> AsyncWrite for PatientStream<S, M> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bound(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.bound(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[derive(Default)]
    struct Sent(AtomicU64);

    impl Meter for Sent {
        fn sent(&self, bytes: u64) {
            self.0.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn who_takes_nothing_is_given_up_and_who_takes_little_is_not() {
        let patience = Duration::from_secs(1);
        let meter = Arc::new(Sent::default());
        let (near, mut far) = tokio::io::duplex(4);
        let mut stream = PatientStream::new(near, patience, Arc::clone(&meter));
        let slow = tokio::spawn(async move {
            for _ in 0..6 {
                tokio::time::sleep(patience / 4).await;
                far.read_exact(&mut [0; 4]).await.unwrap();
            }
            far
        });
        stream.write_all(&[1; 28]).await.unwrap();
        let far = slow.await.unwrap();
        let begun = Instant::now();
        let error = stream.write_all(&[1; 4]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() >= patience);
        assert_eq!(meter.0.load(Ordering::Relaxed), 28);
        drop(far);
    }
}
