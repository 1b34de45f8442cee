//! Bodies: what comes in, with a bound on how slow it may be, and what goes out.
//!
//! A refused upload must still see its answer. A server that answers and closes while the client is still sending
//! makes the client's machine throw the answer away. So a body that is dropped before its end is read on in the
//! background, for a bounded time, and nothing of it touches the disk.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use daypass_api::{Error, ErrorCode};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, Sleep};

use super::allowance::{Allowance, Patience};

/// How long the rest of an unwanted body is read on.
const LINGER: Duration = Duration::from_secs(5);

/// A document no longer than this is read whenever it comes.
const SMALL_DOCUMENT: usize = 16 * 1024;

/// The bytes of larger documents that may be in memory at once. They are read before it is known who sends them, so
/// that nobody's right to send them can be a bound.
static LARGE_DOCUMENTS: Semaphore = Semaphore::const_new(64 * 1024 * 1024);

/// The bytes of a request, in pieces.
///
/// It ends in `RequestTimeout` when it comes slower than the patience it was given, and in `IncompleteBody` when the
/// connection ends before the announced end.
pub(crate) struct RequestBody {
    incoming: Option<Incoming>,
    /// How long the whole of a document may take.
    patience: Duration,
    allowance: Allowance,
    /// For the next piece; made when one is waited for, since most requests have no body.
    deadline: Option<Pin<Box<Sleep>>>,
    /// The client waits for leave to send: an unwanted body never comes, and asking for it would give leave.
    withheld: bool,
}

impl RequestBody {
    /// Wraps a body as it comes; `expects_leave` says that the client sent `Expect: 100-continue`.
    pub(crate) fn new(incoming: Incoming, patience: Patience, expects_leave: bool) -> Self {
        Self {
            incoming: Some(incoming),
            patience: patience.longest,
            allowance: Allowance::new(patience),
            deadline: None,
            withheld: expects_leave,
        }
    }

    /// How long all that is read before it is known who asks may take.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Reads a whole body of at most `limit` bytes; a longer one is refused with `too_large`. All of it must come
    /// within the patience that a stored body has for each piece: nobody has a reason to send a document slowly.
    pub(crate) async fn collect(&mut self, limit: usize, too_large: ErrorCode) -> Result<Bytes, Error> {
        let patience = self.patience;
        tokio::time::timeout(patience, self.collect_pieces(limit, too_large))
            .await
            .unwrap_or_else(|_| Err(Error::new(ErrorCode::RequestTimeout)))
    }

    async fn collect_pieces(&mut self, limit: usize, too_large: ErrorCode) -> Result<Bytes, Error> {
        let mut whole = BytesMut::new();
        let mut share = None;
        while let Some(piece) = self.next().await {
            let piece = piece?;
            if whole.len() + piece.len() > limit {
                return Err(Error::new(too_large));
            }
            whole.extend_from_slice(&piece);
            if whole.len() > SMALL_DOCUMENT {
                take_share(&mut share, piece.len())?;
            }
        }
        Ok(whole.freeze())
    }

    fn end(&mut self, code: ErrorCode) -> Poll<Option<Result<Bytes, Error>>> {
        self.incoming = None;
        Poll::Ready(Some(Err(Error::new(code))))
    }
}

/// Adds so many bytes to a document's share of the memory that large documents have.
fn take_share(share: &mut Option<SemaphorePermit<'static>>, bytes: usize) -> Result<(), Error> {
    let bytes = u32::try_from(bytes).map_err(|_| Error::new(ErrorCode::SlowDown))?;
    let more = LARGE_DOCUMENTS
        .try_acquire_many(bytes)
        .map_err(|_| Error::new(ErrorCode::SlowDown))?;
    match share {
        Some(share) => share.merge(more),
        None => *share = Some(more),
    }
    Ok(())
}

impl Stream for RequestBody {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.withheld = false;
        loop {
            let Some(incoming) = &mut self.incoming else {
                return Poll::Ready(None);
            };
            let frame = match pin!(incoming).poll_frame(context) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    let now = Instant::now();
                    let end = self.allowance.wait(now);
                    let new = || Box::pin(tokio::time::sleep_until(now));
                    let deadline = self.deadline.get_or_insert_with(new);
                    if let Some(end) = end {
                        deadline.as_mut().reset(end);
                    }
                    ready!(deadline.as_mut().poll(context));
                    return self.end(ErrorCode::RequestTimeout);
                }
            };
            match frame {
                None => self.incoming = None,
                Some(Err(_)) => return self.end(ErrorCode::IncompleteBody),
                Some(Ok(frame)) => {
                    let bytes = frame.data_ref().map_or(0, Bytes::len);
                    self.allowance.earn(bytes, Instant::now);
                    // Trailers are passed over.
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some(incoming) = self
            .incoming
            .take()
            .filter(|incoming| !self.withheld && !incoming.is_end_stream())
        else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(tokio::time::timeout(LINGER, discard(incoming)));
    }
}

async fn discard(mut incoming: Incoming) {
    while let Some(Ok(_)) = incoming.frame().await {}
}

/// The bytes of an answer.
pub(crate) enum ResponseBody {
    /// All of them, at once.
    Whole(Bytes),
    /// A stream of known length.
    Stream(BoxStream<'static, Result<Bytes, Error>>, u64),
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Stream(stream, left) => {
                let piece = ready!(stream.as_mut().poll_next(context));
                Poll::Ready(piece.map(|piece| {
                    let piece = piece.map_err(io::Error::other)?;
                    *left = left.saturating_sub(piece.len() as u64);
                    Ok(Frame::data(piece))
                }))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Stream(_, left) => *left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(_, left) => SizeHint::with_exact(*left),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_documents_share_a_bounded_memory() {
        const MIB: usize = 1024 * 1024;
        let (mut one, mut other) = (None, None);
        assert_eq!(take_share(&mut one, 40 * MIB), Ok(()));
        assert_eq!(take_share(&mut other, 20 * MIB), Ok(()));
        assert_eq!(take_share(&mut one, 4 * MIB), Ok(()));
        assert_eq!(take_share(&mut other, 1), Err(Error::new(ErrorCode::SlowDown)));
        drop(one);
        assert_eq!(take_share(&mut other, 44 * MIB), Ok(()));
        drop(other);
    }
}
