//! An engine without a disk, for tests and demonstrations.
//!
//! A snapshot shares the map; the next commit copies the map if a snapshot still holds it. That is simple
//! and exact, and slow only for large maps under a live snapshot, which is not what this engine is for.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use crate::scan::{FoundPair, Grouping};
use crate::{
    Batch, CommitError, Direction, KeyRange, Kv, KvError, Limits, Pair, Precondition, ScanPage, Snapshot,
    Write,
};

type Map = BTreeMap<Bytes, Bytes>;

/// An ordered map in memory; nothing survives the process.
#[derive(Debug, Default)]
pub struct MemoryKv {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    map: Arc<Map>,
    commits: u64,
    closed: bool,
}

impl MemoryKv {
    /// An empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `act` on the state. A panic elsewhere cannot leave it half changed, so a poisoned lock is fine:
    /// a commit judges everything before its first change, and changes cannot fail.
    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Kv for MemoryKv {
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, KvError> {
        self.with_state(|state| match state.closed {
            true => Err(KvError::Closed),
            false => Ok(Box::new(MemorySnapshot {
                map: Arc::clone(&state.map),
                commits: state.commits,
            }) as Box<dyn Snapshot>),
        })
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.limits().check(&batch)?;
        self.with_state(|state| {
            if state.closed {
                return Err(CommitError::NotApplied(KvError::Closed));
            }
            let conflict = batch
                .preconditions
                .iter()
                .position(|precondition| !holds(&state.map, precondition));
            if let Some(precondition) = conflict {
                return Err(CommitError::Conflict { precondition });
            }
            apply(Arc::make_mut(&mut state.map), batch.writes);
            state.commits += 1;
            Ok(())
        })
    }

    fn limits(&self) -> Limits {
        Limits::STANDARD
    }

    async fn close(&self) -> Result<(), KvError> {
        self.with_state(|state| state.closed = true);
        Ok(())
    }
}

struct MemorySnapshot {
    map: Arc<Map>,
    commits: u64,
}

#[async_trait]
impl Snapshot for MemorySnapshot {
    fn stamp(&self) -> Option<u64> {
        Some(self.commits)
    }

    async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError> {
        Ok(self.map.get(key).cloned())
    }

    async fn range(&self, range: KeyRange, direction: Direction, limit: usize) -> Result<Vec<Pair>, KvError> {
        let pairs = pairs(&self.map, &range);
        Ok(match direction {
            Direction::Forward => pairs.take(limit).collect(),
            Direction::Backward => pairs.rev().take(limit).collect(),
        })
    }

    async fn scan_prefixes(
        &self,
        prefix: &[u8],
        delimiter: &[u8],
        start: Bound<&[u8]>,
        limit: usize,
    ) -> Result<ScanPage, KvError> {
        let grouping = Grouping {
            prefix,
            delimiter,
            start,
            limit,
        };
        grouping.page(|range| Ok(pairs(&self.map, range).map(Ok)))
    }
}

impl FoundPair for Pair {
    fn key(&self) -> &[u8] {
        &self.0
    }

    fn into_pair(self) -> Pair {
        self
    }
}

fn pairs<'m>(map: &'m Map, range: &KeyRange) -> impl DoubleEndedIterator<Item = Pair> + use<'m> {
    let inside = (!range.is_inverted()).then(|| map.range::<[u8], _>(range.as_slices()));
    inside
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.clone()))
}

fn holds(map: &Map, precondition: &Precondition) -> bool {
    match precondition {
        Precondition::Equals { key, value } => map.get(key) == Some(value),
        Precondition::Absent { key } => !map.contains_key(key),
        Precondition::Present { key } => map.contains_key(key),
        Precondition::RangeEmpty { range } => pairs(map, range).next().is_none(),
    }
}

fn apply(map: &mut Map, writes: Vec<Write>) {
    for write in writes {
        match write {
            Write::Put { key, value } => map.insert(key, value),
            Write::Delete { key } => map.remove(&key),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn conforms() {
        conformance::run(async || Arc::new(MemoryKv::new()) as Arc<dyn Kv>).await;
    }
}
