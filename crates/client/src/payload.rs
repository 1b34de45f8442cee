//! What a request carries: bytes, or a stream of known length.
//!
//! On its way out a payload is counted, checksummed and held to its length, so that the answer can be compared
//! with what really left.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use crc_fast::CrcAlgorithm::Crc64Xz;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::body::Frame;
use md5::{Digest, Md5};

/// Bytes in order, in pieces of the maker's choice.
pub type ByteStream = BoxStream<'static, io::Result<Bytes>>;

/// A body as the HTTP library takes it.
pub(crate) type SendBody = UnsyncBoxBody<Bytes, io::Error>;

/// What a request carries.
pub struct Payload {
    length: u64,
    source: Source,
    content_md5: Option<String>,
}

enum Source {
    Bytes(Bytes),
    Repeatable(Arc<dyn Fn() -> ByteStream + Send + Sync>),
    Once(Option<ByteStream>),
}

impl Payload {
    /// Nothing.
    pub fn empty() -> Self {
        Bytes::new().into()
    }

    /// A document that says what is to be done: the server is told its digest, as the original demands of some.
    pub(crate) fn document(text: String) -> Self {
        let content_md5 = Some(STANDARD.encode(Md5::digest(&text)));
        Self {
            content_md5,
            ..Bytes::from(text).into()
        }
    }

    /// A stream of this length that can be had only once, so that a request with it is never repeated.
    pub fn once(length: u64, stream: ByteStream) -> Self {
        Self {
            length,
            source: Source::Once(Some(stream)),
            content_md5: None,
        }
    }

    /// A stream of this length that is made anew for each try.
    pub fn repeatable(length: u64, open: impl Fn() -> ByteStream + Send + Sync + 'static) -> Self {
        Self {
            length,
            source: Source::Repeatable(Arc::new(open)),
            content_md5: None,
        }
    }

    /// Number of bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Its digest as a header has it, if it is told.
    pub(crate) fn content_md5(&self) -> Option<&str> {
        self.content_md5.as_deref()
    }

    /// Whether there is another try in it.
    pub(crate) fn can_open(&self) -> bool {
        !matches!(self.source, Source::Once(None))
    }

    /// The body for one try, and what will be known about it when it has left.
    pub(crate) fn open(&mut self) -> (SendBody, Arc<Sent>) {
        let sent = Arc::new(Sent::new(self.length));
        let stream = match &mut self.source {
            Source::Bytes(bytes) => stream::iter([Ok(bytes.clone())]).boxed(),
            Source::Repeatable(open) => open(),
            Source::Once(stream) => stream.take().unwrap_or_else(|| stream::empty().boxed()),
        };
        // A body that is known to be empty needs no framing; it may be one of a request that has none.
        let body = if self.length == 0 {
            Empty::new().map_err(|never| match never {}).boxed_unsync()
        } else {
            StreamBody::new(counted(stream, self.length, Arc::clone(&sent))).boxed_unsync()
        };
        (body, sent)
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self {
            length: bytes.len() as u64,
            source: Source::Bytes(bytes),
            content_md5: None,
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// What has left so far.
pub(crate) struct Sent {
    length: u64,
    state: Mutex<State>,
}

struct State {
    bytes: u64,
    crc64: crc_fast::Digest,
    failure: Option<io::Error>,
}

impl Sent {
    fn new(length: u64) -> Self {
        let state = State {
            bytes: 0,
            crc64: crc_fast::Digest::new(Crc64Xz),
            failure: None,
        };
        Self {
            length,
            state: Mutex::new(state),
        }
    }

    /// Number of bytes that have left.
    pub(crate) fn bytes(&self) -> u64 {
        self.state().bytes
    }

    /// CRC-64/XZ of the payload, when all of it has left.
    pub(crate) fn whole_crc64(&self) -> Option<u64> {
        let state = self.state();
        (state.bytes == self.length).then(|| state.crc64.finalize())
    }

    /// Why the payload could not be had, if that is what happened.
    pub(crate) fn take_failure(&self) -> Option<io::Error> {
        self.state().failure.take()
    }

    fn note(&self, bytes: &Bytes) {
        let mut state = self.state();
        state.bytes += bytes.len() as u64;
        state.crc64.update(bytes);
    }

    /// Keeps the failure for the caller, and gives the HTTP library one that ends the request.
    fn fail(&self, error: io::Error) -> io::Error {
        let kind = error.kind();
        self.state().failure = Some(error);
        kind.into()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes a stream on if it has exactly this length. Nothing tells the end of a body but its length, so the last
/// piece leaves only when it is certain that it is the last.
fn counted(
    stream: ByteStream,
    length: u64,
    sent: Arc<Sent>,
) -> impl stream::Stream<Item = io::Result<Frame<Bytes>>> + Send {
    let pieces = stream.try_filter(|bytes| std::future::ready(!bytes.is_empty()));
    let exact = stream::try_unfold((pieces.boxed(), length), |(mut pieces, missing)| async move {
        let Some(bytes) = pieces.try_next().await? else {
            return if missing == 0 { Ok(None) } else { Err(too_short()) };
        };
        let missing = missing.checked_sub(bytes.len() as u64).ok_or_else(too_long)?;
        if missing == 0 && pieces.try_next().await?.is_some() {
            return Err(too_long());
        }
        Ok(Some((bytes, (pieces, missing))))
    });
    exact.map(move |piece| match piece {
        Ok(bytes) => {
            sent.note(&bytes);
            Ok(Frame::data(bytes))
        }
        Err(error) => Err(sent.fail(error)),
    })
}

fn too_short() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "there are fewer bytes than announced",
    )
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "there are more bytes than announced")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends pieces as a payload of some length: the bytes that left with their checksum, or the failure.
    async fn send(
        length: u64,
        pieces: &'static [&'static str],
    ) -> Result<(String, Option<u64>), io::ErrorKind> {
        let pieces = stream::iter(pieces).map(|piece| Ok(Bytes::from_static(piece.as_bytes())));
        let mut payload = Payload::once(length, pieces.boxed());
        let (body, sent) = payload.open();
        assert!(!payload.can_open());
        match body.collect().await {
            Ok(collected) => {
                let bytes = collected.to_bytes();
                assert_eq!(sent.bytes(), bytes.len() as u64);
                Ok((String::from_utf8(bytes.to_vec()).unwrap(), sent.whole_crc64()))
            }
            Err(error) => {
                assert_eq!(
                    sent.take_failure().map(|failure| failure.kind()),
                    Some(error.kind())
                );
                Err(error.kind())
            }
        }
    }

    #[tokio::test]
    async fn payloads_have_their_length() {
        let hello = Ok(("hello world".to_owned(), Some(5_981_764_153_023_615_706)));
        assert_eq!(send(11, &["hello world"]).await, hello);
        assert_eq!(send(11, &["", "hello ", "", "world", ""]).await, hello);
        assert_eq!(send(0, &[]).await, Ok((String::new(), Some(0))));
        assert_eq!(
            send(12, &["hello world"]).await,
            Err(io::ErrorKind::UnexpectedEof)
        );
        assert_eq!(send(10, &["hello world"]).await, Err(io::ErrorKind::InvalidData));
        assert_eq!(
            send(5, &["hello", "", "!"]).await,
            Err(io::ErrorKind::InvalidData)
        );
    }

    #[tokio::test]
    async fn bytes_and_repeatable_streams_can_be_sent_again() {
        let open = || stream::iter([Ok(Bytes::from_static(b"ab"))]).boxed();
        for mut payload in [
            Payload::from(Bytes::from_static(b"ab")),
            Payload::repeatable(2, open),
        ] {
            for _ in 0..2 {
                assert!(payload.can_open());
                let (body, _) = payload.open();
                assert_eq!(body.collect().await.unwrap().to_bytes(), "ab");
            }
        }
    }
}
