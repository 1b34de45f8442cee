//! A double that wraps any engine and fails on request.
//!
//! Faults are planned by number: the n-th commit or read from the wrapping on, counted from 1. A commit can
//! fail before it is applied, after it, or take the whole "process" with it, after which everything fails until
//! [`FaultyKv::restart`]; so a test can run an operation again and again and end it at each of its commits.
//! There is no disk here that forgets what was acknowledged: no caller could survive that, and the engines'
//! own tests hold them to it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Batch, CommitError, Direction, KeyRange, Kv, KvError, Limits, Pair, ScanPage, Snapshot};

/// How a planned commit goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    /// Nothing is written, and the answer says so.
    NotApplied,
    /// The answer is that nobody knows; whether the batch is applied is said here.
    Unknown {
        /// Whether the batch is applied all the same.
        applied: bool,
    },
    /// The same, and from here on every call fails until [`FaultyKv::restart`].
    Crash {
        /// Whether the batch is applied all the same.
        applied: bool,
    },
}

/// An engine that fails as planned.
#[derive(Clone)]
pub struct FaultyKv {
    inner: Arc<dyn Kv>,
    plan: Arc<Mutex<Plan>>,
}

#[derive(Debug, Default)]
struct Plan {
    commits_seen: u64,
    reads_seen: u64,
    commit_faults: BTreeMap<u64, CommitFault>,
    read_faults: BTreeSet<u64>,
    down: bool,
}

impl FaultyKv {
    /// Wraps an engine; without a plan it behaves as the engine does.
    pub fn new(inner: Arc<dyn Kv>) -> Self {
        Self {
            inner,
            plan: Arc::default(),
        }
    }

    /// Plans a fault of the `number`-th commit from the wrapping on, counted from 1.
    pub fn fail_commit(&self, number: u64, fault: CommitFault) {
        self.with_plan(|plan| plan.commit_faults.insert(number, fault));
    }

    /// Plans a failure of the `number`-th read from the wrapping on, counted from 1.
    pub fn fail_read(&self, number: u64) {
        self.with_plan(|plan| plan.read_faults.insert(number));
    }

    /// The number of commits asked for so far.
    pub fn commits_seen(&self) -> u64 {
        self.with_plan(|plan| plan.commits_seen)
    }

    /// The number of reads asked for so far; each get, range and listing is one.
    pub fn reads_seen(&self) -> u64 {
        self.with_plan(|plan| plan.reads_seen)
    }

    /// Whether a planned crash happened and no restart since.
    pub fn is_down(&self) -> bool {
        self.with_plan(|plan| plan.down)
    }

    /// Starts again after a crash, with what was applied and without any plan; the counts go on.
    pub fn restart(&self) {
        self.with_plan(|plan| {
            plan.down = false;
            plan.commit_faults.clear();
            plan.read_faults.clear();
        });
    }

    fn with_plan<T>(&self, act: impl FnOnce(&mut Plan) -> T) -> T {
        act(&mut self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count_read(&self) -> Result<(), KvError> {
        self.with_plan(|plan| {
            plan.reads_seen = plan.reads_seen.saturating_add(1);
            match plan.down || plan.read_faults.remove(&plan.reads_seen) {
                true => Err(planned()),
                false => Ok(()),
            }
        })
    }

    fn count_commit(&self) -> Option<CommitFault> {
        self.with_plan(|plan| {
            plan.commits_seen = plan.commits_seen.saturating_add(1);
            if plan.down {
                return Some(CommitFault::NotApplied);
            }
            let fault = plan.commit_faults.remove(&plan.commits_seen);
            plan.down = matches!(fault, Some(CommitFault::Crash { .. }));
            fault
        })
    }
}

#[async_trait]
impl Kv for FaultyKv {
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, KvError> {
        if self.is_down() {
            return Err(planned());
        }
        let inner = self.inner.snapshot().await?;
        Ok(Box::new(FaultySnapshot {
            inner,
            kv: self.clone(),
        }))
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let applied = match self.count_commit() {
            None => return self.inner.commit(batch).await,
            Some(CommitFault::NotApplied) => return Err(CommitError::NotApplied(planned())),
            Some(CommitFault::Unknown { applied } | CommitFault::Crash { applied }) => applied,
        };
        if applied {
            // What the engine would have refused is refused, in the dark.
            let _ = self.inner.commit(batch).await;
        }
        Err(CommitError::Unknown(planned()))
    }

    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    async fn close(&self) -> Result<(), KvError> {
        self.inner.close().await
    }
}

struct FaultySnapshot {
    inner: Box<dyn Snapshot>,
    kv: FaultyKv,
}

#[async_trait]
impl Snapshot for FaultySnapshot {
    fn stamp(&self) -> Option<u64> {
        self.inner.stamp()
    }

    async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError> {
        self.kv.count_read()?;
        self.inner.get(key).await
    }

    async fn range(&self, range: KeyRange, direction: Direction, limit: usize) -> Result<Vec<Pair>, KvError> {
        self.kv.count_read()?;
        self.inner.range(range, direction, limit).await
    }

    async fn scan_prefixes(
        &self,
        prefix: &[u8],
        delimiter: &[u8],
        start: Bound<&[u8]>,
        limit: usize,
    ) -> Result<ScanPage, KvError> {
        self.kv.count_read()?;
        self.inner.scan_prefixes(prefix, delimiter, start, limit).await
    }
}

fn planned() -> KvError {
    KvError::Engine(Box::new(io::Error::other("a planned fault")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;
    use crate::memory::MemoryKv;

    fn faulty() -> FaultyKv {
        FaultyKv::new(Arc::new(MemoryKv::new()))
    }

    fn put(value: &'static str) -> Batch {
        Batch::new().put("k", value)
    }

    async fn value(kv: &FaultyKv) -> Option<Bytes> {
        kv.snapshot().await.unwrap().get(b"k").await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn conforms_without_a_plan() {
        conformance::run(async || Arc::new(faulty()) as Arc<dyn Kv>).await;
    }

    #[tokio::test]
    async fn commits_fail_as_planned() {
        async fn check(fault: CommitFault, unknown: bool, applied: bool, down: bool) {
            let kv = faulty();
            kv.fail_commit(2, fault);
            kv.commit(put("1")).await.unwrap();
            let error = kv.commit(put("2")).await.unwrap_err();
            assert_eq!(matches!(error, CommitError::Unknown(_)), unknown, "{error:?}");
            assert_eq!(kv.is_down(), down);
            assert_eq!(kv.commit(put("3")).await.is_err(), down);
            assert_eq!(kv.snapshot().await.is_err(), down);
            kv.restart();
            let expected = match (down, applied) {
                (false, _) => "3",
                (true, true) => "2",
                (true, false) => "1",
            };
            assert_eq!(value(&kv).await, Some(Bytes::from(expected)), "{fault:?}");
            assert_eq!(kv.commits_seen(), 3);
        }
        check(CommitFault::NotApplied, false, false, false).await;
        check(CommitFault::Unknown { applied: true }, true, true, false).await;
        check(CommitFault::Unknown { applied: false }, true, false, false).await;
        check(CommitFault::Crash { applied: true }, true, true, true).await;
        check(CommitFault::Crash { applied: false }, true, false, true).await;
    }

    #[tokio::test]
    async fn an_unknown_commit_is_applied_or_not_as_planned() {
        async fn check(applied: bool, expected: Option<&'static str>) {
            let kv = faulty();
            kv.fail_commit(1, CommitFault::Unknown { applied });
            kv.commit(put("1")).await.unwrap_err();
            assert_eq!(value(&kv).await, expected.map(Bytes::from));
        }
        check(true, Some("1")).await;
        check(false, None).await;
    }

    #[tokio::test]
    async fn reads_fail_as_planned() {
        let kv = faulty();
        kv.commit(put("1")).await.unwrap();
        kv.fail_read(2);
        let snapshot = kv.snapshot().await.unwrap();
        assert_eq!(snapshot.get(b"k").await.unwrap(), Some(Bytes::from("1")));
        assert!(
            snapshot
                .range(KeyRange::all(), Direction::Forward, 1)
                .await
                .is_err()
        );
        assert!(
            snapshot
                .scan_prefixes(b"", b"/", Bound::Unbounded, 1)
                .await
                .is_ok()
        );
        assert_eq!(kv.reads_seen(), 3);
    }
}
