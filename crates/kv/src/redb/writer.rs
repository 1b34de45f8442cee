//! The writer: one thread that makes many batches durable with one flush.
//!
//! redb commits one transaction at a time and flushes for each, so tasks that commit by themselves wait for
//! each other's flushes. Here they queue; the thread takes all that wait, judges and applies one after the
//! other inside one transaction, commits once, and then answers all. A batch whose preconditions fail writes
//! nothing and does not disturb its neighbours. No batch is answered before the commit, not even a conflict,
//! because what it conflicts with may be a neighbour that is not durable yet.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use ::redb::{Database, Durability, Error, ReadableTable, Table, WriteTransaction};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::PAIRS;
use super::current::Current;
use super::fence::fenced;
use super::health::Health;
use super::space::{Allowance, Floor};
use super::statistics::Statistics;
use crate::{Batch, CommitError, KvError, Precondition, Write};

/// The most batches that one transaction takes.
const GROUP_BATCHES: usize = 1024;

/// The bytes of all batches that are queued or being committed; two batches of the largest size.
const QUEUED_BYTES: usize = 64 * 1024 * 1024;

/// Counted for each queued batch besides its keys and values.
const BATCH_OVERHEAD_BYTES: usize = 256;

type Verdict = Result<(), CommitError>;

/// Where batches wait for the writer.
#[derive(Clone)]
pub(super) struct Queue {
    requests: mpsc::Sender<Request>,
    room: Arc<Semaphore>,
}

struct Request {
    batch: Batch,
    answer: oneshot::Sender<Verdict>,
    // Gives the room in the queue back when the request is answered or dropped.
    room: OwnedSemaphorePermit,
}

impl Queue {
    /// Queues a batch, waiting for room if need be, and waits for its verdict.
    pub(super) async fn commit(&self, batch: Batch, health: &Health) -> Verdict {
        let unavailable = || match health.is_poisoned() {
            true => KvError::Poisoned,
            false => KvError::Closed,
        };
        let room = u32::try_from(batch.bytes().saturating_add(BATCH_OVERHEAD_BYTES)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(room).await;
        let room = room.map_err(|_| CommitError::NotApplied(unavailable()))?;
        let (answer, verdict) = oneshot::channel();
        let sent = self.requests.send(Request { batch, answer, room }).await;
        sent.map_err(|_| CommitError::NotApplied(unavailable()))?;
        verdict
            .await
            .unwrap_or_else(|_| Err(CommitError::Unknown(unavailable())))
    }

    /// Refuses whoever waits for room. The writer ends when it has answered those already queued.
    pub(super) fn close(self) {
        self.room.close();
    }
}

/// The writing end of an engine, owned by its thread.
pub(super) struct Writer {
    database: Arc<Database>,
    current: Arc<Current>,
    health: Arc<Health>,
    floor: Floor,
    statistics: Arc<Statistics>,
    requests: mpsc::Receiver<Request>,
}

/// A group that could not be committed.
enum Failure {
    /// Nothing of the group was written.
    Before(Arc<dyn std::error::Error + Send + Sync>),
    /// The group may be durable or not.
    During(Arc<dyn std::error::Error + Send + Sync>),
}

impl Writer {
    /// Starts the thread. It ends when the last clone of the queue is gone.
    pub(super) fn start(
        database: Arc<Database>,
        current: Arc<Current>,
        health: Arc<Health>,
        floor: Floor,
        statistics: Arc<Statistics>,
    ) -> io::Result<(Queue, JoinHandle<()>)> {
        let (sender, requests) = mpsc::channel(GROUP_BATCHES);
        let writer = Self {
            database,
            current,
            health,
            floor,
            statistics,
            requests,
        };
        let thread = std::thread::Builder::new()
            .name("kv-writer".to_owned())
            .spawn(move || writer.run())?;
        Ok((
            Queue {
                requests: sender,
                room: Arc::new(Semaphore::new(QUEUED_BYTES)),
            },
            thread,
        ))
    }

    fn run(mut self) {
        let mut group = Vec::new();
        while self.requests.blocking_recv_many(&mut group, GROUP_BATCHES) > 0 {
            let (batches, answers): (Vec<_>, Vec<_>) = group
                .drain(..)
                .map(|request| (request.batch, (request.answer, request.room)))
                .unzip();
            self.statistics.count_group(batches.len());
            let verdicts = self.decide(&batches);
            // INVARIANT: before any answer, whatever came of it, so that who was answered reads what was committed.
            self.current.forget();
            for ((answer, room), verdict) in answers.into_iter().zip(verdicts) {
                // Whoever asked may be gone; the verdict stands all the same.
                let _ = answer.send(verdict);
                drop(room);
            }
        }
    }

    /// One verdict for each batch, after the commit.
    fn decide(&self, batches: &[Batch]) -> Vec<Verdict> {
        if self.health.is_poisoned() {
            return refuse_all(batches, || KvError::Poisoned);
        }
        let mut allowance = match self.floor.allowance() {
            Ok(allowance) => allowance,
            Err(error) => {
                let error = Arc::new(error);
                return refuse_all(batches, || KvError::Engine(Box::new(Arc::clone(&error))));
            }
        };
        let committed = fenced(|| self.commit_group(batches, &mut allowance));
        match committed.unwrap_or_else(|panic| Err(Failure::During(Arc::from(Box::from(panic))))) {
            Ok(verdicts) => verdicts,
            Err(failure) => self.fail(batches, &failure),
        }
    }

    /// Judges and applies all batches in one transaction and commits it.
    fn commit_group(&self, batches: &[Batch], allowance: &mut Allowance) -> Result<Vec<Verdict>, Failure> {
        let before = |error: Error| Failure::Before(Arc::new(error));
        let mut transaction = self
            .database
            .begin_write()
            .map_err(|error| before(error.into()))?;
        prepare(&mut transaction).map_err(before)?;
        let (verdicts, changed) = apply_group(&transaction, batches, allowance).map_err(before)?;
        if changed {
            transaction
                .commit()
                .map_err(|error| Failure::During(Arc::new(error)))?;
            self.statistics.count_flush();
        } else {
            transaction.abort().map_err(|error| before(error.into()))?;
        }
        Ok(verdicts)
    }

    /// Stops all further writing, since what the file holds is now uncertain or soon will be.
    fn fail(&self, batches: &[Batch], failure: &Failure) -> Vec<Verdict> {
        self.health.poison();
        let (Failure::Before(error) | Failure::During(error)) = failure;
        tracing::error!(
            error = error.as_ref() as &dyn std::error::Error,
            "committing failed, no more writes"
        );
        let cause = || KvError::Engine(Box::new(SharedError(Arc::clone(error))));
        match failure {
            Failure::Before(_) => refuse_all(batches, cause),
            Failure::During(_) => batches
                .iter()
                .map(|_| Err(CommitError::Unknown(cause())))
                .collect(),
        }
    }
}

/// Each commit is flushed, and leaves the file so that it reopens after a crash without a walk through it.
fn prepare(transaction: &mut WriteTransaction) -> Result<(), Error> {
    transaction.set_durability(Durability::Immediate)?;
    transaction.set_quick_repair(true);
    Ok(())
}

/// Judges each batch against the state its predecessors left, and tells whether any of them wrote.
fn apply_group(
    transaction: &WriteTransaction,
    batches: &[Batch],
    allowance: &mut Allowance,
) -> Result<(Vec<Verdict>, bool), Error> {
    let mut table = transaction.open_table(PAIRS)?;
    let mut changed = false;
    let mut verdicts = Vec::with_capacity(batches.len());
    for batch in batches {
        let verdict = judge(&table, batch, allowance)?;
        if verdict.is_ok() {
            apply(&mut table, &batch.writes)?;
            changed |= !batch.writes.is_empty();
        }
        verdicts.push(verdict);
    }
    Ok((verdicts, changed))
}

type Pairs<'t> = Table<'t, &'static [u8], &'static [u8]>;

fn judge(table: &Pairs<'_>, batch: &Batch, allowance: &mut Allowance) -> Result<Verdict, Error> {
    for (precondition, statement) in batch.preconditions.iter().enumerate() {
        if !holds(table, statement)? {
            return Ok(Err(CommitError::Conflict { precondition }));
        }
    }
    Ok(allowance.admit(batch))
}

fn holds(table: &Pairs<'_>, precondition: &Precondition) -> Result<bool, Error> {
    Ok(match precondition {
        Precondition::Equals { key, value } => table
            .get(key.as_ref())?
            .is_some_and(|stored| stored.value() == value),
        Precondition::Absent { key } => table.get(key.as_ref())?.is_none(),
        Precondition::Present { key } => table.get(key.as_ref())?.is_some(),
        Precondition::RangeEmpty { range } => {
            range.is_inverted()
                || table
                    .range::<&[u8]>(range.as_slices())?
                    .next()
                    .transpose()?
                    .is_none()
        }
    })
}

fn apply(table: &mut Pairs<'_>, writes: &[Write]) -> Result<(), Error> {
    for write in writes {
        match write {
            Write::Put { key, value } => drop(table.insert(key.as_ref(), value.as_ref())?),
            Write::Delete { key } => drop(table.remove(key.as_ref())?),
        }
    }
    Ok(())
}

fn refuse_all(batches: &[Batch], cause: impl Fn() -> KvError) -> Vec<Verdict> {
    batches
        .iter()
        .map(|_| Err(CommitError::NotApplied(cause())))
        .collect()
}

/// One error that many answers carry.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct SharedError(Arc<dyn std::error::Error + Send + Sync>);
