//! Whole files and objects of any size: uploads in parts, downloads in ranges and copies in parts, several at once.
//!
//! A [`Transfer`] says how: how long a part is, how many requests are under way at once (over all files that share it),
//! who is told of progress, and what may stop it. Memory is bounded by the number of requests, not by sizes. Every result
//! is compared by CRC-64 with what was sent or read. What fails or is stopped leaves nothing behind, an upload is
//! aborted, unless there are checkpoints to go on from. A file gets its name only when it is complete.

mod checkpoint;
mod copy;
mod download;
mod filling;
mod given_up;
mod pieces;
mod place;
mod reader;
mod resumed_download;
mod resumed_upload;
mod room;
mod source;
mod upload;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use daypass_api::object::{MAX_PARTS, MAX_SINGLE_UPLOAD_BYTES, MIN_PART_BYTES};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

pub use reader::Reader;

use checkpoint::{Checkpoint, Checkpoints};

use crate::error::Error;
use crate::objects::unsignable;

/// Most requests that may be under way at once.
pub const MAX_AT_ONCE: usize = 256;
/// Requests with no more bytes than this are small: they cost waiting, not memory, so that more of them may go.
const SMALL_BYTES: u64 = 1024 * 1024;
/// How many small requests count as one, as long as there are no more than [`MAX_AT_ONCE`].
const SMALL_IN_ONE: usize = 4;
/// Lengths of parts are multiples of this.
const PART_STEP: u64 = 1024 * 1024;

/// How files and objects are moved. Clones share their requests, their progress and their end.
#[derive(Clone)]
pub struct Transfer {
    part_bytes: u64,
    at_once: usize,
    /// How many small requests count as one.
    small_in_one: usize,
    slots: Arc<Semaphore>,
    observer: Arc<dyn Observer>,
    stop: Stop,
    checkpoints: Option<Checkpoints>,
}

/// Who is told of progress. It is told often, and must be quick.
pub trait Observer: Send + Sync {
    /// So many bytes more are to be moved: a file or an object begins, whose length is known.
    fn expect(&self, bytes: u64);
    /// So many bytes more have moved, or fewer, when a piece has to be sent again.
    fn moved(&self, bytes: i64);
}

/// Nobody.
impl Observer for () {
    fn expect(&self, _: u64) {}
    fn moved(&self, _: i64) {}
}

impl Transfer {
    /// The usual length of a part.
    pub const USUAL_PART_BYTES: u64 = 16 * 1024 * 1024;

    /// Parts of this length, 1 MiB to 5 GiB, and so many requests at once, 1 to 256; small ones, of at most 1 MiB, count as
    /// a quarter each. Where an object would have more parts than it may, its parts are longer.
    pub fn new(part_bytes: u64, at_once: usize) -> Result<Self, Error> {
        if !(MIN_PART_BYTES..=MAX_SINGLE_UPLOAD_BYTES).contains(&part_bytes) {
            return Err(unsignable("a part is 1 MiB to 5 GiB long"));
        }
        if !(1..=MAX_AT_ONCE).contains(&at_once) {
            return Err(unsignable("1 to 256 requests go at once"));
        }
        let small_in_one = (MAX_AT_ONCE / at_once).clamp(1, SMALL_IN_ONE);
        Ok(Self {
            part_bytes,
            at_once,
            small_in_one,
            slots: Arc::new(Semaphore::new(at_once * small_in_one)),
            observer: Arc::new(()),
            stop: Stop::new(),
            checkpoints: None,
        })
    }

    /// Tells somebody of its progress.
    #[must_use]
    pub fn with_observer(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer, ..self }
    }

    /// Ends when this is told to.
    #[must_use]
    pub fn with_stop(self, stop: Stop) -> Self {
        Self { stop, ..self }
    }

    /// Keeps in this folder what is done of long files, so that one that was ended goes on the next time: the same file,
    /// unchanged, to the same object, or the same object, unchanged, to the same file. An upload that ends leaves its
    /// parts on the server until then, a download a file `.daypass-….part` beside its target.
    ///
    /// What nobody went on with for a week is taken away when a transfer with this folder begins: parts on the server as
    /// far as the key may, the file beside the target, and the checkpoint.
    #[must_use]
    pub fn with_checkpoints(self, folder: &Path) -> Self {
        let checkpoints = Some(Checkpoints::new(folder));
        Self { checkpoints, ..self }
    }

    /// Whether it goes on another time where it is ended.
    pub fn has_checkpoints(&self) -> bool {
        self.checkpoints.is_some()
    }

    /// The checkpoint of a transfer, where there are any and nobody else works with it.
    fn checkpoint(&self, name: impl FnOnce() -> String) -> Result<Option<Checkpoint>, Error> {
        let Some(checkpoints) = &self.checkpoints else {
            return Ok(None);
        };
        checkpoints.open(&name()).map_err(Error::Checkpoint)
    }

    /// What stops it.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// The length of the parts of so many bytes: no longer than need be.
    fn part_length(&self, length: u64) -> u64 {
        let least = length.div_ceil(u64::from(MAX_PARTS)).next_multiple_of(PART_STEP);
        least.max(self.part_bytes)
    }

    /// How many files may be under way at once, if all of them are small.
    pub fn most_files(&self) -> usize {
        self.at_once * self.small_in_one
    }

    /// Waits until a request with so many bytes may go.
    async fn slot(&self, bytes: u64) -> Result<SemaphorePermit<'_>, Error> {
        let weight = if bytes <= SMALL_BYTES {
            1
        } else {
            self.small_in_one
        };
        // Nobody closes the semaphore; should it happen, nothing goes any more.
        let slots = self.slots.acquire_many(u32::try_from(weight).unwrap_or(u32::MAX));
        slots.await.map_err(|_| Error::Stopped)
    }

    fn share(&self) -> Share {
        Share {
            observer: Arc::clone(&self.observer),
            counted: Arc::default(),
        }
    }
}

/// A way to end transfers in good order. Clones are the same.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    /// One that nobody has used yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Ends all transfers that have it. They tidy up and fail with [`Error::Stopped`].
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was used.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// The outcome of some work, unless this is used before: then the work is dropped.
    pub async fn or<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let mut receiver = self.0.subscribe();
        tokio::select! {
            biased;
            _ = receiver.wait_for(|stopped| *stopped) => Err(Error::Stopped),
            outcome = work => outcome,
        }
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

/// What one piece has added to the progress.
#[derive(Clone)]
struct Share {
    observer: Arc<dyn Observer>,
    counted: Arc<AtomicU64>,
}

impl Share {
    fn add(&self, bytes: usize) {
        self.counted.fetch_add(bytes as u64, Ordering::Relaxed);
        self.observer.moved(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Takes back what the piece has added: it begins again.
    fn restart(&self) {
        let counted = self.counted.swap(0, Ordering::Relaxed);
        if counted > 0 {
            self.observer
                .moved(i64::try_from(counted).map_or(i64::MIN, |counted| -counted));
        }
    }
}

/// The stretches of this length that make up the whole, in order.
fn stretches(length: u64, part: u64) -> impl Iterator<Item = daypass_api::object::Span> + Send {
    (0..length.div_ceil(part)).map(move |index| {
        let start = index * part;
        daypass_api::object::Span {
            start,
            length: part.min(length - start),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn parts_are_few_enough_and_long_enough() {
        let transfer = Transfer::new(16 * MIB, 4).unwrap();
        let check = |length: u64, expected: u64| {
            assert_eq!(transfer.part_length(length), expected);
            assert!(length.div_ceil(expected) <= u64::from(MAX_PARTS));
        };
        check(1, 16 * MIB);
        check(160_000 * MIB, 16 * MIB);
        check(160_000 * MIB + 1, 17 * MIB);
        check(50_000_000 * MIB, 5000 * MIB);
    }

    #[test]
    fn settings_are_bounded() {
        let check = |part, at_once, good| assert_eq!(Transfer::new(part, at_once).is_ok(), good);
        check(MIB, 1, true);
        check(MIB - 1, 1, false);
        check(5 * 1024 * MIB, MAX_AT_ONCE, true);
        check(5 * 1024 * MIB + 1, 1, false);
        check(MIB, 0, false);
        check(MIB, MAX_AT_ONCE + 1, false);
    }

    #[tokio::test]
    async fn small_requests_count_as_a_quarter() {
        let transfer = Transfer::new(MIB, 2).unwrap();
        assert_eq!(transfer.most_files(), 8);
        let large = transfer.slot(SMALL_BYTES + 1).await.unwrap();
        let small = [(); 4].map(|()| transfer.slot(SMALL_BYTES));
        let held = futures_util::future::try_join_all(small).await.unwrap();
        assert_eq!(transfer.slots.available_permits(), 0);
        drop((large, held));
        // There are never more than the most that there may be.
        assert_eq!(Transfer::new(MIB, MAX_AT_ONCE).unwrap().most_files(), MAX_AT_ONCE);
    }

    #[test]
    fn stretches_cover_everything_once() {
        let check = |length, part, expected: &[(u64, u64)]| {
            let found: Vec<_> = stretches(length, part)
                .map(|span| (span.start, span.length))
                .collect();
            assert_eq!(found, expected);
        };
        check(0, 3, &[]);
        check(3, 3, &[(0, 3)]);
        check(7, 3, &[(0, 3), (3, 3), (6, 1)]);
    }

    #[test]
    fn a_piece_that_begins_again_counts_once() {
        struct Counter(AtomicI64);
        impl Observer for Counter {
            fn expect(&self, _: u64) {}
            fn moved(&self, bytes: i64) {
                self.0.fetch_add(bytes, Ordering::Relaxed);
            }
        }
        let counter = Arc::new(Counter(AtomicI64::new(0)));
        let observer = Arc::clone(&counter);
        let transfer = Transfer::new(MIB, 1).unwrap().with_observer(observer);
        let share = transfer.share();
        share.add(2);
        share.restart();
        share.restart();
        share.add(3);
        assert_eq!(counter.0.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn what_is_stopped_ends() {
        let stop = Stop::new();
        assert!(matches!(stop.or(async { Ok(1) }).await, Ok(1)));
        let other = stop.clone();
        let (outcome, ()) = tokio::join!(stop.or(std::future::pending::<Result<(), Error>>()), async {
            other.stop();
        });
        assert!(matches!(outcome, Err(Error::Stopped)));
        assert!(matches!(stop.or(async { Ok(1) }).await, Err(Error::Stopped)));
    }
}
