//! A double that wraps any engine and fails on request.
//!
//! Faults are planned by number: the n-th create, write, finish, read or delete from the wrapping on, counted
//! from 1. A finish can fail before it has happened, after it, or take the whole "process" with it, after which
//! everything fails until [`FaultyBlobs::restart`] and what was unfinished is gone. Damage is what an engine
//! makes of it: a read that ends in [`BlobError::Corrupt`] in front of the damaged block.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::{BlobError, BlobId, BlobStream, BlobWriter, Blobs};

/// The block size of the pretended damage.
const BLOCK_BYTES: u64 = 65_536;

/// A call that can be made to fail without any effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// [`Blobs::create`].
    Create,
    /// [`BlobWriter::write`].
    Write,
    /// [`BlobWriter::finish`].
    Finish,
    /// [`Blobs::read`], [`Blobs::length`] and [`Blobs::verify`].
    Read,
    /// [`Blobs::delete`].
    Delete,
}

/// How a planned finish goes wrong otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishFault {
    /// The blob is there, but the answer is an error.
    LostAnswer,
    /// The answer is an error, and every call fails from here on until [`FaultyBlobs::restart`].
    Crash {
        /// Whether the blob is there afterwards.
        finished: bool,
    },
}

/// An engine that fails as planned.
#[derive(Clone)]
pub struct FaultyBlobs {
    inner: Arc<dyn Blobs>,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    seen: BTreeMap<Call, u64>,
    failures: BTreeSet<(Call, u64)>,
    finish_faults: BTreeMap<u64, FinishFault>,
    damage: BTreeMap<BlobId, Option<u64>>,
    down: bool,
    // Counts restarts, so that writers from before one fail after it.
    life: u64,
}

impl FaultyBlobs {
    /// Wraps an engine; without a plan it behaves as the engine does.
    pub fn new(inner: Arc<dyn Blobs>) -> Self {
        Self {
            inner,
            plan: Arc::default(),
        }
    }

    /// Makes the `number`-th call of its kind fail without effect, counted from 1 from the wrapping on.
    pub fn fail(&self, call: Call, number: u64) {
        self.plan().failures.insert((call, number));
    }

    /// Makes the `number`-th finish go wrong otherwise, counted from 1 from the wrapping on.
    pub fn fail_finish(&self, number: u64, fault: FinishFault) {
        self.plan().finish_faults.insert(number, fault);
    }

    /// Damages the byte at a position of a blob: from now on its block is found corrupt.
    pub fn corrupt_byte(&self, id: BlobId, position: u64) {
        self.plan().damage.insert(id, Some(position / BLOCK_BYTES));
    }

    /// Cuts a blob short, as a disk that lied about a flush: from now on it is found corrupt as a whole.
    pub fn truncate(&self, id: BlobId) {
        self.plan().damage.insert(id, None);
    }

    /// The number of calls of a kind so far.
    pub fn seen(&self, call: Call) -> u64 {
        self.plan().seen.get(&call).copied().unwrap_or_default()
    }

    /// Whether a planned crash happened and no restart since.
    pub fn is_down(&self) -> bool {
        self.plan().down
    }

    /// Starts again after a crash, with what was finished and without planned failures; damage stays, counts go on.
    pub fn restart(&self) {
        let mut plan = self.plan();
        plan.down = false;
        plan.life = plan.life.saturating_add(1);
        plan.failures.clear();
        plan.finish_faults.clear();
    }

    /// A panic while the lock is held leaves at worst a count too high.
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, fails it if that is planned, and returns its number.
    fn count(&self, call: Call) -> Result<u64, BlobError> {
        let mut plan = self.plan();
        let seen = plan.seen.entry(call).or_default();
        *seen = seen.saturating_add(1);
        let number = *seen;
        match plan.failures.remove(&(call, number)) || plan.down {
            true => Err(planned()),
            false => Ok(number),
        }
    }

    fn damage(&self, id: BlobId) -> Option<BlobError> {
        self.plan()
            .damage
            .get(&id)
            .map(|block| BlobError::Corrupt { block: *block })
    }
}

#[async_trait]
impl Blobs for FaultyBlobs {
    async fn create(&self, id: BlobId) -> Result<Box<dyn BlobWriter>, BlobError> {
        self.count(Call::Create)?;
        let inner = self.inner.create(id).await?;
        let life = self.plan().life;
        Ok(Box::new(FaultyWriter {
            inner,
            blobs: self.clone(),
            life,
        }))
    }

    async fn read(&self, id: BlobId, offset: u64, length: u64) -> Result<BlobStream, BlobError> {
        self.count(Call::Read)?;
        let whole = self.inner.read(id, offset, length).await?;
        let block = match self.damage(id) {
            Some(BlobError::Corrupt { block: Some(block) }) => block,
            Some(error) => return Err(error),
            None => return Ok(whole),
        };
        let begin = block.saturating_mul(BLOCK_BYTES);
        if offset.saturating_add(length) <= begin || offset >= begin.saturating_add(BLOCK_BYTES) {
            return Ok(whole);
        }
        let intact = self.inner.read(id, offset, begin.saturating_sub(offset)).await?;
        let failure = BlobError::Corrupt { block: Some(block) };
        Ok(intact.chain(stream::once(async { Err(failure) })).fuse().boxed())
    }

    async fn length(&self, id: BlobId) -> Result<u64, BlobError> {
        self.count(Call::Read)?;
        match self.damage(id) {
            Some(error @ BlobError::Corrupt { block: None }) => Err(error),
            _ => self.inner.length(id).await,
        }
    }

    async fn delete(&self, id: BlobId) -> Result<(), BlobError> {
        self.count(Call::Delete)?;
        self.inner.delete(id).await?;
        self.plan().damage.remove(&id);
        Ok(())
    }

    async fn list(&self, after: Option<BlobId>, limit: usize) -> Result<Vec<BlobId>, BlobError> {
        if self.is_down() {
            return Err(planned());
        }
        self.inner.list(after, limit).await
    }

    async fn verify(&self, id: BlobId) -> Result<u64, BlobError> {
        self.count(Call::Read)?;
        match self.damage(id) {
            Some(error) => Err(error),
            None => self.inner.verify(id).await,
        }
    }
}

struct FaultyWriter {
    inner: Box<dyn BlobWriter>,
    blobs: FaultyBlobs,
    life: u64,
}

impl FaultyWriter {
    fn check_life(&self) -> Result<(), BlobError> {
        if self.blobs.plan().life == self.life {
            Ok(())
        } else {
            Err(BlobError::Interrupted)
        }
    }
}

#[async_trait]
impl BlobWriter for FaultyWriter {
    async fn write(&mut self, data: Bytes) -> Result<(), BlobError> {
        self.blobs.count(Call::Write)?;
        self.check_life()?;
        self.inner.write(data).await
    }

    async fn finish(self: Box<Self>) -> Result<u64, BlobError> {
        let number = self.blobs.count(Call::Finish)?;
        self.check_life()?;
        let fault = self.blobs.plan().finish_faults.remove(&number);
        let finished = match fault {
            None => return self.inner.finish().await,
            Some(FinishFault::LostAnswer) => true,
            Some(FinishFault::Crash { finished }) => {
                self.blobs.plan().down = true;
                finished
            }
        };
        if finished {
            self.inner.finish().await?;
        }
        Err(planned())
    }
}

fn planned() -> BlobError {
    BlobError::Io(io::Error::other("a planned fault"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;
    use crate::memory::MemoryBlobs;
    use futures_util::TryStreamExt;

    const ID: BlobId = BlobId::from_bytes([7; 16]);
    const OTHER: BlobId = BlobId::from_bytes([8; 16]);

    fn faulty() -> FaultyBlobs {
        FaultyBlobs::new(Arc::new(MemoryBlobs::new()))
    }

    async fn store(blobs: &FaultyBlobs, id: BlobId, length: usize) -> Result<u64, BlobError> {
        let mut writer = blobs.create(id).await?;
        writer.write(Bytes::from(vec![1; length])).await?;
        writer.finish().await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn conforms_without_a_plan() {
        conformance::run(async || Arc::new(faulty()) as Arc<dyn Blobs>).await;
    }

    #[tokio::test]
    async fn calls_fail_as_planned_and_without_effect() {
        async fn check(call: Call) {
            let blobs = faulty();
            blobs.fail(call, 1);
            assert_eq!(
                store(&blobs, ID, 5).await.is_err(),
                call <= Call::Finish,
                "{call:?}"
            );
            assert_eq!(blobs.verify(ID).await.is_ok(), call == Call::Delete, "{call:?}");
            assert_eq!(blobs.delete(ID).await.is_err(), call == Call::Delete, "{call:?}");
            assert_eq!(blobs.seen(call), 1, "{call:?}");
            blobs.delete(ID).await.unwrap();
            store(&blobs, ID, 5).await.unwrap();
        }
        for call in [Call::Create, Call::Write, Call::Finish, Call::Read, Call::Delete] {
            check(call).await;
        }
    }

    #[tokio::test]
    async fn finishing_goes_wrong_as_planned() {
        async fn check(fault: FinishFault, finished: bool, down: bool) {
            let blobs = faulty();
            let mut unfinished = blobs.create(OTHER).await.unwrap();
            blobs.fail_finish(1, fault);
            assert!(store(&blobs, ID, 5).await.is_err());
            assert_eq!(blobs.is_down(), down);
            assert_eq!(unfinished.write(Bytes::from("x")).await.is_err(), down);
            blobs.restart();
            assert_eq!(blobs.verify(ID).await.is_ok(), finished, "{fault:?}");
            assert!(matches!(unfinished.finish().await, Err(BlobError::Interrupted)));
            assert!(matches!(blobs.verify(OTHER).await, Err(BlobError::NotFound)));
        }
        check(FinishFault::LostAnswer, true, false).await;
        check(FinishFault::Crash { finished: true }, true, true).await;
        check(FinishFault::Crash { finished: false }, false, true).await;
    }

    #[tokio::test]
    async fn damage_is_found_where_it_is() {
        let blobs = faulty();
        store(&blobs, ID, 200_000).await.unwrap();
        blobs.corrupt_byte(ID, 131_071);
        let check = async |offset: u64, length: u64, intact: Option<usize>| {
            let mut pieces = blobs.read(ID, offset, length).await.unwrap();
            let mut found = 0;
            let failed = loop {
                match pieces.try_next().await {
                    Ok(Some(piece)) => found += piece.len(),
                    Ok(None) => break false,
                    Err(BlobError::Corrupt { block: Some(1) }) => break true,
                    Err(error) => panic!("{error:?}"),
                }
            };
            assert_eq!(failed, intact.is_some(), "{length} bytes from {offset}");
            assert_eq!(
                found,
                intact.unwrap_or(length as usize),
                "{length} bytes from {offset}"
            );
        };
        check(0, 65_536, None).await;
        check(0, 65_537, Some(65_536)).await;
        check(100_000, 5, Some(0)).await;
        check(131_072, 68_928, None).await;
        assert!(matches!(
            blobs.verify(ID).await,
            Err(BlobError::Corrupt { block: Some(1) })
        ));
        blobs.truncate(ID);
        assert!(matches!(
            blobs.length(ID).await,
            Err(BlobError::Corrupt { block: None })
        ));
        assert!(matches!(
            blobs.read(ID, 0, 1).await.err(),
            Some(BlobError::Corrupt { block: None })
        ));
        blobs.delete(ID).await.unwrap();
        store(&blobs, ID, 5).await.unwrap();
        assert_eq!(blobs.verify(ID).await.unwrap(), 5);
    }
}
