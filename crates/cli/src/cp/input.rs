//! Bytes of a file or of standard input, as payloads.
//!
//! A regular file is read wherever a part begins, again if a part must be sent again, and never held in memory.
//! Everything else can be read only once, so that each part is held until the server has it. Such a source is read
//! by a thread of its own, which nobody waits for: whoever writes to a pipe may never come to an end.

use std::io::{self, Read, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use daypass_client::{ByteStream, Payload};
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, Take};
use tokio::sync::mpsc;

use super::progress::{Progress, Share};

/// Bytes that are read from a file at a time.
const PIECE: usize = 256 * 1024;

/// A stretch of a file.
pub(super) fn file_payload(path: &Arc<Path>, start: u64, length: u64, progress: &Progress) -> Payload {
    let (path, share) = (Arc::clone(path), progress.share());
    Payload::repeatable(length, move || {
        share.restart();
        file_stream(Arc::clone(&path), start, length, share.clone())
    })
}

/// The file as stretches of this length.
pub(super) fn file_parts(
    path: Arc<Path>,
    length: u64,
    part: u64,
    progress: Progress,
) -> impl Stream<Item = io::Result<Payload>> + Send {
    let count = length.div_ceil(part);
    stream::iter((0..count).map(move |index| {
        let start = index * part;
        Ok(file_payload(&path, start, part.min(length - start), &progress))
    }))
}

fn file_stream(path: Arc<Path>, start: u64, length: u64, share: Share) -> ByteStream {
    let open = async move {
        let mut file = File::open(path).await?;
        file.seek(SeekFrom::Start(start)).await?;
        io::Result::Ok(stream::try_unfold(file.take(length), next_piece))
    };
    stream::once(open)
        .try_flatten()
        .inspect_ok(move |bytes| share.add(bytes.len()))
        .boxed()
}

async fn next_piece(mut file: Take<File>) -> io::Result<Option<(Bytes, Take<File>)>> {
    let mut piece = BytesMut::with_capacity(PIECE);
    let count = file.read_buf(&mut piece).await?;
    Ok((count > 0).then(|| (piece.freeze(), file)))
}

/// The bytes of a source in parts of this length; the last one may be shorter. There is always one.
pub(super) fn read_parts(
    source: impl Read + Send + 'static,
    part: usize,
) -> impl Stream<Item = io::Result<Bytes>> + Send + Unpin {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || send_parts(source, part, &sender));
    let parts = stream::unfold(receiver, |mut receiver| async {
        let part = receiver.recv().await?;
        Some((part, receiver))
    });
    parts.boxed()
}

fn send_parts(mut source: impl Read, length: usize, sender: &mpsc::Sender<io::Result<Bytes>>) {
    let mut is_first = true;
    loop {
        let mut bytes = Vec::with_capacity(length);
        let outcome = source.by_ref().take(length as u64).read_to_end(&mut bytes);
        let goes_on = outcome.is_ok() && bytes.len() == length;
        let is_worth_sending = outcome.is_err() || !bytes.is_empty() || is_first;
        // When nobody takes the part, the copy has ended.
        if is_worth_sending && sender.blocking_send(outcome.map(|_| bytes.into())).is_err() {
            return;
        }
        if !goes_on {
            return;
        }
        is_first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn parts(text: &'static str) -> Vec<Bytes> {
        read_parts(text.as_bytes(), 3).try_collect().await.unwrap()
    }

    #[tokio::test]
    async fn sources_in_parts() {
        assert_eq!(parts("").await, [""]);
        assert_eq!(parts("ab").await, ["ab"]);
        assert_eq!(parts("abc").await, ["abc"]);
        assert_eq!(parts("abcdefg").await, ["abc", "def", "g"]);
    }

    #[tokio::test]
    async fn a_source_that_fails() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let mut parts = read_parts(Read::chain(&b"abcd"[..], Failing), 3);
        assert_eq!(parts.next().await.unwrap().unwrap(), "abc");
        assert_eq!(parts.next().await.unwrap().unwrap_err().to_string(), "gone");
        assert!(parts.next().await.is_none());
    }

    #[tokio::test]
    async fn files_in_parts() {
        let directory = tempfile::tempdir().unwrap();
        let path: Arc<Path> = directory.path().join("f").into();
        std::fs::write(&path, "abcdefg").unwrap();
        let progress = Progress::of(Some(7));
        let lengths: Vec<u64> = file_parts(Arc::clone(&path), 7, 3, progress.clone())
            .map_ok(|payload| payload.length())
            .try_collect()
            .await
            .unwrap();
        assert_eq!(lengths, [3, 3, 1]);
        let text: Vec<Bytes> = file_stream(path, 3, 3, progress.share())
            .try_collect()
            .await
            .unwrap();
        assert_eq!(text.concat(), b"def");
        let missing: Arc<Path> = directory.path().join("g").into();
        assert!(
            file_stream(missing, 0, 3, progress.share())
                .next()
                .await
                .unwrap()
                .is_err()
        );
    }
}
