//! A stretch of a file, piece by piece.
//!
//! What the system has of it in memory is read by whoever sends it: the bytes are then still near the processor that
//! computes their checksum and hands them to the socket. Only a disk is waited for elsewhere, where nobody else waits.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use daypass_api::object::Span;

use super::source::{State, blocking};

/// Bytes that are read from a file at a time: few enough that they are still in the processor's cache when they leave.
const PIECE: usize = 128 * 1024;
/// How many pieces are under way before the first of them has left: those that the HTTP library gathers, and the next one.
const REMEMBERED: usize = 6;

/// A stretch of a file. Pieces whose bytes have left are filled again: fresh memory for each would cost more than reading
/// does.
pub(super) struct Pieces {
    file: Arc<File>,
    state: State,
    /// What is still to be read.
    rest: Span,
    /// Those that were handed out, the last ones, the oldest first.
    handed_out: VecDeque<Bytes>,
}

impl Pieces {
    pub(super) fn new(file: File, state: State, span: Span) -> Self {
        Self {
            file: Arc::new(file),
            state,
            rest: span,
            handed_out: VecDeque::with_capacity(REMEMBERED),
        }
    }

    /// The next piece; at the end, whether all of them are from the file as it was. The payload keeps the last piece back
    /// until the end is certain, so that the server never gets all of a file that has changed.
    pub(super) async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        let (file, at) = (Arc::clone(&self.file), self.rest.start);
        let mut piece = self.room();
        let length = match read_from_memory(&file, &mut piece, at) {
            Some(length) => length,
            None => {
                let length;
                (piece, length) =
                    blocking(move || read(&file, &mut piece, at).map(|length| (piece, length))).await?;
                length
            }
        };
        if length == 0 {
            blocking(move || self.state.is_that_of(&self.file)).await?;
            return Ok(None);
        }
        piece.truncate(length);
        let piece = piece.freeze();
        self.rest.start += length as u64;
        self.rest.length -= length as u64;
        self.handed_out.push_back(piece.clone());
        Ok(Some((piece, self)))
    }

    /// As long as the next piece: the oldest that was handed out, if nobody has it any more.
    fn room(&mut self) -> BytesMut {
        let length = usize::try_from(self.rest.length).map_or(PIECE, |left| left.min(PIECE));
        if self.handed_out.len() >= REMEMBERED
            && let Some(Ok(mut spent)) = self.handed_out.pop_front().map(Bytes::try_into_mut)
        {
            spent.resize(length, 0);
            return spent;
        }
        BytesMut::zeroed(length)
    }
}

/// What there is of the file in memory, if its beginning is; nothing where somebody must be waited for.
#[cfg(target_os = "linux")]
fn read_from_memory(file: &File, piece: &mut [u8], at: u64) -> Option<usize> {
    let mut pieces = [io::IoSliceMut::new(piece)];
    rustix::io::preadv2(file, &mut pieces, at, rustix::io::ReadWriteFlags::NOWAIT).ok()
}

/// Elsewhere nobody says what is in memory.
#[cfg(not(target_os = "linux"))]
fn read_from_memory(_: &File, _: &mut [u8], _: u64) -> Option<usize> {
    None
}

fn read(file: &File, piece: &mut [u8], at: u64) -> io::Result<usize> {
    loop {
        match file.read_at(piece, at) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{Advice, fadvise};

    use super::*;

    const LENGTH: usize = 9 * PIECE + 7;

    /// A file of so many bytes, and the pieces of a stretch of it.
    fn pieces(bytes: &[u8], start: u64, length: u64) -> (tempfile::NamedTempFile, Pieces) {
        let named = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(named.path(), bytes).unwrap();
        let file = File::open(named.path()).unwrap();
        let state = State::of(&file.metadata().unwrap());
        (named, Pieces::new(file, state, Span { start, length }))
    }

    async fn all(mut pieces: Pieces) -> io::Result<Vec<u8>> {
        let mut whole = Vec::new();
        while let Some((piece, rest)) = pieces.next().await? {
            assert!(!piece.is_empty() && piece.len() <= PIECE);
            whole.extend_from_slice(&piece);
            pieces = rest;
        }
        Ok(whole)
    }

    fn bytes() -> Vec<u8> {
        (0..LENGTH).map(|place| (place * 7 / 5) as u8).collect()
    }

    #[tokio::test]
    async fn a_stretch_is_read_from_memory_and_from_the_disk() {
        let bytes = bytes();
        let check = |from_disk: bool, start: usize, length: usize| {
            let (named, pieces) = pieces(&bytes, start as u64, length as u64);
            if from_disk {
                named.as_file().sync_all().unwrap();
                fadvise(named.as_file(), 0, None, Advice::DontNeed).unwrap();
            }
            let expected = bytes[start..start + length].to_vec();
            async move {
                assert_eq!(
                    all(pieces).await.unwrap(),
                    expected,
                    "{from_disk} {start} {length}"
                )
            }
        };
        for from_disk in [false, true] {
            check(from_disk, 0, LENGTH).await;
            check(from_disk, 5, PIECE).await;
            check(from_disk, PIECE - 1, PIECE + 1).await;
            check(from_disk, LENGTH - 1, 1).await;
        }
    }

    #[tokio::test]
    async fn pieces_that_have_left_are_filled_again_and_others_are_not() {
        let bytes = bytes();
        let (_named, mut unfilled) = pieces(&bytes, 0, LENGTH as u64);
        let mut places = std::collections::HashSet::new();
        while let Some((piece, rest)) = unfilled.next().await.unwrap() {
            places.insert(piece.as_ptr());
            unfilled = rest;
        }
        assert!(places.len() <= REMEMBERED + 1, "{}", places.len());
        let (_named, mut held) = pieces(&bytes, 0, LENGTH as u64);
        let mut kept = Vec::new();
        while let Some((piece, rest)) = held.next().await.unwrap() {
            kept.push(piece);
            held = rest;
        }
        assert_eq!(kept.concat(), bytes);
    }

    #[tokio::test]
    async fn a_file_that_changes_meanwhile_does_not_end_well() {
        let bytes = bytes();
        for length in [PIECE as u64, 2 * LENGTH as u64] {
            let (named, whole) = pieces(&bytes, 0, LENGTH as u64);
            let (_, rest) = whole.next().await.unwrap().unwrap();
            named.as_file().set_len(length).unwrap();
            let error = all(rest).await.unwrap_err();
            assert_eq!(error.to_string(), "the file has changed meanwhile");
        }
    }
}
