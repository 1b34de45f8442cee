//! Where the bytes of an upload come from.
//!
//! A regular file is read wherever a part begins, again if a part must be sent again, and never held in memory; when it
//! changes meanwhile, the upload fails, since what would be stored was never in the file. Everything else can be read
//! only once, so that each part is held until the server has it. Such a source is read by a thread of its own, which
//! nobody waits for: whoever writes to a pipe may never come to an end.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use daypass_api::object::Span;
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use tokio::sync::mpsc;

use super::Share;
use super::pieces::Pieces;
use crate::payload::{ByteStream, Payload};

/// Longest file that is read at once. As many as go at once are in memory.
const SHORT_BYTES: u64 = 256 * 1024;

/// A regular file as it was when it was looked at.
#[derive(Clone)]
pub(super) struct FileSource {
    path: Arc<Path>,
    state: State,
}

/// What shows that a file has changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl State {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }

    /// Fails if the file is not as it was.
    pub(super) fn is_that_of(self, file: &File) -> io::Result<()> {
        if Self::of(&file.metadata()?) == self {
            Ok(())
        } else {
            Err(io::Error::other("the file has changed meanwhile"))
        }
    }
}

impl FileSource {
    pub(super) fn new(path: &Path, metadata: &Metadata) -> Self {
        // A file is the same from wherever it is named.
        let whole = std::path::absolute(path);
        Self {
            path: whole.as_deref().unwrap_or(path).into(),
            state: State::of(metadata),
        }
    }

    /// Where it is.
    pub(super) fn place(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// Where it is, and by what it shows that it is the same.
    pub(super) fn name(&self) -> String {
        let State {
            device,
            inode,
            length,
            modified: (seconds, nanoseconds),
        } = self.state;
        format!(
            "{} {device} {inode} {length} {seconds}.{nanoseconds:09}",
            self.place()
        )
    }

    pub(super) fn length(&self) -> u64 {
        self.state.length
    }

    /// Whether the file is so short that it is read at once: every piece that is read by itself costs more than its bytes.
    pub(super) fn is_short(&self) -> bool {
        self.state.length <= SHORT_BYTES
    }

    /// All of a short file, read from where it was opened.
    pub(super) async fn read_whole(self, file: File) -> io::Result<Bytes> {
        blocking(move || {
            let mut bytes = Vec::with_capacity(usize::try_from(self.state.length).unwrap_or(0));
            (&file).take(self.state.length).read_to_end(&mut bytes)?;
            self.state.is_that_of(&file)?;
            Ok(bytes.into())
        })
        .await
    }

    /// A stretch of the file.
    pub(super) fn payload(&self, span: Span, share: Share) -> Payload {
        let source = self.clone();
        Payload::repeatable(span.length, move || {
            share.restart();
            source.stream(span, share.clone())
        })
    }

    fn stream(&self, span: Span, share: Share) -> ByteStream {
        let (path, state) = (Arc::clone(&self.path), self.state);
        let open = async move {
            let file = blocking(move || {
                let file = File::open(path)?;
                state.is_that_of(&file)?;
                Ok(file)
            });
            let pieces = Pieces::new(file.await?, state, span);
            io::Result::Ok(stream::try_unfold(pieces, Pieces::next))
        };
        stream::once(open)
            .try_flatten()
            .inspect_ok(move |bytes| share.add(bytes.len()))
            .boxed()
    }
}

/// Reading where nobody else waits for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
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
        let mut bytes = Vec::new();
        let outcome = source.by_ref().take(length as u64).read_to_end(&mut bytes);
        let goes_on = outcome.is_ok() && bytes.len() == length;
        let is_worth_sending = outcome.is_err() || !bytes.is_empty() || is_first;
        // When nobody takes the part, the upload has ended.
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
    use super::super::Transfer;
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

    async fn stretch(source: &FileSource, start: u64, length: u64) -> io::Result<Vec<u8>> {
        let share = Transfer::new(Transfer::USUAL_PART_BYTES, 1).unwrap().share();
        let pieces: Vec<Bytes> = source.stream(Span { start, length }, share).try_collect().await?;
        Ok(pieces.concat())
    }

    #[tokio::test]
    async fn a_short_file_is_read_at_once_while_it_stays_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        std::fs::write(&path, "abcdefg").unwrap();
        let file = File::open(&path).unwrap();
        let source = FileSource::new(&path, &file.metadata().unwrap());
        assert!(source.is_short());
        assert_eq!(source.clone().read_whole(file).await.unwrap(), "abcdefg");
        for other in ["ABCDEFGH", "abc", ""] {
            std::fs::write(&path, other).unwrap();
            let error = source
                .clone()
                .read_whole(File::open(&path).unwrap())
                .await
                .unwrap_err();
            assert_eq!(error.to_string(), "the file has changed meanwhile");
        }
        for (length, is_short) in [(SHORT_BYTES, true), (SHORT_BYTES + 1, false)] {
            File::create(&path).unwrap().set_len(length).unwrap();
            let source = FileSource::new(&path, &std::fs::metadata(&path).unwrap());
            assert_eq!(source.is_short(), is_short);
        }
    }

    #[tokio::test]
    async fn stretches_of_a_file_while_it_stays_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("f");
        std::fs::write(&path, "abcdefg").unwrap();
        let source = FileSource::new(&path, &std::fs::metadata(&path).unwrap());
        assert_eq!(source.length(), 7);
        assert_eq!(stretch(&source, 3, 3).await.unwrap(), b"def");
        std::fs::write(&path, "ABCDEFGH").unwrap();
        let error = stretch(&source, 3, 3).await.unwrap_err();
        assert_eq!(error.to_string(), "the file has changed meanwhile");
        std::fs::remove_file(&path).unwrap();
        assert!(stretch(&source, 3, 3).await.is_err());
    }
}
