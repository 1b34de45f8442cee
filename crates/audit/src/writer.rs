//! The door to the trail: a bounded queue, and the thread that writes what is in it.
//!
//! A request takes a place in the queue before anything is done for it, and puts its record there when it is answered,
//! spelled already; the chain, the index and the disk are the thread's work. Places are counted, so with
//! [`OnLoss::Refuse`] no record is ever lost for want of room: a request that finds none is refused instead. The thread
//! is woken once for all records that come within `GATHER`.
//!
//! A record is handed to the system within milliseconds, and survives the end of the process from then on. It is made
//! durable together with others, which begins at most [`Pace::flush_every`] later, and when the writer stops. Flushing has
//! a thread of its own: a busy disk may take seconds for it, and whoever reads the trail meanwhile finds what was answered
//! before.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::batch::{Batch, Spelled, SpelledWho};
use crate::disk::Disk;
use crate::log::{AuditError, Log, Options};
use crate::record::{Gap, Request};

/// Most records that are written at once.
const GROUP: usize = 1024;
/// How long records are gathered before they are written.
const GATHER: Duration = Duration::from_millis(5);
/// How often the trail is looked after when nothing comes.
const IDLE: Duration = Duration::from_millis(500);
/// How long a disk that failed is left alone.
const RETRY: Duration = Duration::from_millis(200);
/// How often a disk that fails is tried when the writer stops.
const LAST_TRIES: u32 = 10;

/// What happens to requests while the trail cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLoss {
    /// They are refused.
    #[default]
    Refuse,
    /// They are performed; their records are counted, and a gap is told of.
    Continue,
}

/// How much waits, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Places in the queue; requests in flight have one each.
    pub places: usize,
    /// Longest time from writing a record to beginning to make it durable.
    pub flush_every: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            // A busy disk may take seconds to begin a segment, and nothing is taken from the queue meanwhile.
            places: 64 * 1024,
            flush_every: Duration::from_secs(1),
        }
    }
}

/// What the writer counts.
#[derive(Debug, Default)]
pub struct Figures {
    put: AtomicU64,
    written: AtomicU64,
    lost: AtomicU64,
    failures: AtomicU64,
    waiting: AtomicUsize,
    taken: AtomicUsize,
    broken: AtomicBool,
    /// Whether the thread has ended.
    gone: AtomicBool,
    gap: AtomicU64,
    gap_since: AtomicI64,
    stopping: AtomicBool,
}

impl Figures {
    /// Records that were put in the queue. When as many are written, all that were put before this call can be read.
    pub fn put(&self) -> u64 {
        self.put.load(Ordering::Acquire)
    }

    /// Records that the disk has taken.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Records that are missing.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Attempts to write or to flush that failed.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Records that wait in the queue.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether the disk takes records.
    pub fn is_writable(&self) -> bool {
        !self.broken.load(Ordering::Acquire)
    }

    fn lose(&self, time: i64) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        if self.gap.fetch_add(1, Ordering::AcqRel) == 0 {
            self.gap_since.store(time, Ordering::Release);
        }
    }
}

/// The trail cannot be written now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit trail cannot be written")]
pub struct Unwritable;

/// What is put and not yet taken.
#[derive(Debug, Default)]
struct Queue {
    state: Mutex<Queued>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct Queued {
    batch: Batch,
    /// Whether the thread waits for the bell. Ringing costs a call of the system, so it is done for nobody else.
    sleeps: bool,
    /// Whether the thread is to look up although nothing was put.
    is_called: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Queued> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// INVARIANT: records are written in the order in which they are counted.
    fn put(&self, record: &Spelled, count: &AtomicU64) {
        let mut state = self.lock();
        state.batch.push(record);
        count.fetch_add(1, Ordering::Release);
        let sleeps = std::mem::take(&mut state.sleeps);
        drop(state);
        if sleeps {
            self.bell.notify_one();
        }
    }

    fn call(&self) {
        let mut state = self.lock();
        state.is_called = true;
        state.sleeps = false;
        drop(state);
        self.bell.notify_one();
    }

    /// Exchanges what is there for an empty batch. Waits for something, or a call, so long at most.
    fn take_into(&self, empty: &mut Batch, wait: Duration) {
        let mut state = self.lock();
        let is_called = std::mem::take(&mut state.is_called);
        if state.batch.is_empty() && !wait.is_zero() && !is_called {
            state.sleeps = true;
            let waited = self.bell.wait_timeout_while(state, wait, |state| state.sleeps);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.sleeps = false;
            state.is_called = false;
        }
        std::mem::swap(&mut state.batch, empty);
    }
}

/// A trail that is written.
pub struct Writer {
    queue: Arc<Queue>,
    figures: Arc<Figures>,
    thread: Mutex<Option<JoinHandle<Result<(), AuditError>>>>,
    places: usize,
    on_loss: OnLoss,
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
}

/// What a writer is started with.
pub struct Setup {
    /// Where the trail is.
    pub options: Options,
    /// How much waits.
    pub pace: Pace,
    /// What happens when it cannot be written.
    pub on_loss: OnLoss,
    /// What it is written to.
    pub disk: Box<dyn Disk>,
    /// Names the trail if it is a new one.
    pub fresh: [u8; 16],
    /// Milliseconds since 1970.
    pub clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// Told of the first failure after a success.
    pub complain: fn(&AuditError),
}

impl Writer {
    /// Opens the trail and starts its thread.
    pub fn start(setup: Setup) -> Result<Self, AuditError> {
        let Setup {
            options,
            pace,
            on_loss,
            disk,
            fresh,
            clock,
            complain,
        } = setup;
        let directory = options.directory.clone();
        let log = Log::open(options, disk, fresh, clock())?;
        let figures = Arc::new(Figures::default());
        let queue = Arc::new(Queue::default());
        let worker = Worker {
            log,
            queue: Arc::clone(&queue),
            figures: Arc::clone(&figures),
            clock: Arc::clone(&clock),
            flush_every: pace.flush_every,
            complain,
            flush_due: None,
            unwritten: 0,
            removal_failed: false,
            batch: Batch::default(),
        };
        let thread = std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || worker.run());
        let thread = thread.map_err(|source| AuditError::File {
            path: directory,
            source,
        })?;
        Ok(Self {
            queue,
            figures,
            thread: Mutex::new(Some(thread)),
            places: pace.places,
            on_loss,
            clock,
        })
    }

    /// Takes a place in the queue for a request's record. It is given back when the place is dropped.
    pub fn admit(&self) -> Result<Place<'_>, Unwritable> {
        let figures = &self.figures;
        let has_room = figures.taken.fetch_add(1, Ordering::AcqRel) < self.places;
        let place = Place {
            writer: self,
            has_room,
            kept: false,
        };
        match self.on_loss {
            OnLoss::Refuse if !has_room || !figures.is_writable() => Err(Unwritable),
            _ => Ok(place),
        }
    }

    /// What was counted.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Writes what waits, makes it durable, and ends. Blocks meanwhile.
    pub fn stop(&self) -> Result<(), AuditError> {
        self.figures.stopping.store(true, Ordering::Release);
        self.queue.call();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        thread.map_or(Ok(()), |thread| thread.join().unwrap_or(Err(AuditError::Gone)))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.figures.stopping.store(true, Ordering::Release);
        self.queue.call();
    }
}

/// A place in the queue.
pub struct Place<'w> {
    writer: &'w Writer,
    has_room: bool,
    kept: bool,
}

impl Place<'_> {
    /// Puts a record there.
    pub fn put(self, request: Request) {
        self.put_of(request, None);
    }

    /// Puts a record there that does not say itself who asked.
    pub fn put_of(mut self, request: Request, who: Option<&SpelledWho>) {
        let figures = &self.writer.figures;
        let spelled = if self.has_room && !figures.gone.load(Ordering::Acquire) {
            Spelled::new(&request, who).ok()
        } else {
            None
        };
        let Some(spelled) = spelled else {
            figures.lose((self.writer.clock)());
            return;
        };
        figures.waiting.fetch_add(1, Ordering::Relaxed);
        self.kept = true;
        self.writer.queue.put(&spelled, &figures.put);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        // A place that is kept is given back when its record is written.
        if !self.kept {
            self.writer.figures.taken.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// Marks the trail as broken when the thread ends in any way.
struct Mourner(Arc<Figures>);

impl Drop for Mourner {
    fn drop(&mut self) {
        self.0.broken.store(true, Ordering::Release);
        self.0.gone.store(true, Ordering::Release);
    }
}

struct Worker {
    log: Log,
    queue: Arc<Queue>,
    figures: Arc<Figures>,
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    flush_every: Duration,
    complain: fn(&AuditError),
    flush_due: Option<Instant>,
    /// Records in the log's buffer.
    unwritten: usize,
    removal_failed: bool,
    /// What was taken from the queue; the rest of it is written first.
    batch: Batch,
}

#[expect(clippy::disallowed_methods, reason = "it paces flushes; no record carries it")]
fn instant() -> Instant {
    Instant::now()
}

impl Worker {
    fn run(mut self) -> Result<(), AuditError> {
        let _mourner = Mourner(Arc::clone(&self.figures));
        loop {
            let stopping = self.figures.stopping.load(Ordering::Acquire);
            let gathered = self.gather(stopping);
            match self.write() {
                Ok(()) if stopping && !gathered => return self.end(),
                Ok(()) if gathered && self.batch.is_empty() => std::thread::sleep(GATHER),
                Ok(()) => {}
                Err(_) if stopping => return self.end(),
                Err(_) => std::thread::sleep(RETRY),
            }
        }
    }

    /// Takes from the queue what is there; waits for something if there is nothing. False if nothing came.
    fn gather(&mut self, stopping: bool) -> bool {
        if self.log.is_behind() {
            return false;
        }
        if !self.batch.is_empty() {
            return true;
        }
        self.batch.clear();
        let wait = match stopping {
            true => Duration::ZERO,
            false => self.until_flush().unwrap_or(IDLE).min(IDLE),
        };
        self.queue.take_into(&mut self.batch, wait);
        !self.batch.is_empty()
    }

    /// Brings the disk up to date, as far as it lets itself.
    fn write(&mut self) -> Result<(), AuditError> {
        let done = self.try_write();
        let failed = done.is_err();
        if let Err(error) = &done {
            self.figures.failures.fetch_add(1, Ordering::Relaxed);
            if self.figures.is_writable() {
                (self.complain)(error);
            }
        }
        self.figures.broken.store(failed, Ordering::Release);
        if !failed {
            self.remove_old();
        }
        done
    }

    fn try_write(&mut self) -> Result<(), AuditError> {
        self.log.hear_of_flush()?;
        // What waited for the disk goes first.
        self.log.commit()?;
        self.log.maintain((self.clock)())?;
        self.tell_gap()?;
        while self.unwritten < GROUP {
            let Some(record) = self.batch.take() else { break };
            self.log.add_request(record);
            self.unwritten += 1;
        }
        self.log.commit()?;
        self.count_written();
        self.flush_when_due()
    }

    /// What cannot be removed is no reason not to write.
    fn remove_old(&mut self) {
        let removed = self.log.retain((self.clock)());
        if let Err(error) = &removed {
            self.figures.failures.fetch_add(1, Ordering::Relaxed);
            if !self.removal_failed {
                (self.complain)(error);
            }
        }
        self.removal_failed = removed.is_err();
    }

    fn count_written(&mut self) {
        let records = std::mem::take(&mut self.unwritten);
        if records == 0 {
            return;
        }
        self.figures.written.fetch_add(records as u64, Ordering::Release);
        self.figures.waiting.fetch_sub(records, Ordering::Relaxed);
        self.figures.taken.fetch_sub(records, Ordering::AcqRel);
        self.flush_due.get_or_insert_with(|| instant() + self.flush_every);
    }

    /// How long until a flush is due; none when one runs or there is nothing to flush. After one that failed it is due at
    /// once, whoever found out about that.
    fn until_flush(&self) -> Option<Duration> {
        match self.flush_due {
            _ if self.log.is_flushing() => None,
            _ if self.log.is_doubtful() => Some(Duration::ZERO),
            due => due.map(|due| due.saturating_duration_since(instant())),
        }
    }

    fn flush_when_due(&mut self) -> Result<(), AuditError> {
        if self.until_flush() != Some(Duration::ZERO) {
            return Ok(());
        }
        let queue = Arc::clone(&self.queue);
        self.log.begin_flush(move || queue.call())?;
        self.flush_due = None;
        Ok(())
    }

    /// Says what is missing, at the place where it is missing.
    fn tell_gap(&mut self) -> Result<(), AuditError> {
        let lost = self.figures.gap.swap(0, Ordering::AcqRel);
        let flushes_failed = self.log.take_flushes_failed();
        if lost == 0 && flushes_failed == 0 {
            return Ok(());
        }
        let time = (self.clock)();
        let since = match lost {
            0 => time,
            _ => self.figures.gap_since.load(Ordering::Acquire),
        };
        self.log.add_gap(&Gap {
            time,
            lost,
            since,
            flushes_failed,
        })
    }

    /// Writes all that is in the queue.
    fn drain(&mut self) -> Result<(), AuditError> {
        loop {
            self.try_write()?;
            if !self.gather(true) {
                return Ok(());
            }
        }
    }

    fn end(mut self) -> Result<(), AuditError> {
        let mut left = LAST_TRIES;
        loop {
            let ended = self.drain().and_then(|()| self.log.stop((self.clock)()));
            left -= 1;
            if ended.is_ok() || left == 0 {
                return ended;
            }
            std::thread::sleep(RETRY);
        }
    }
}
