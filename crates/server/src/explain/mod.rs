//! Why requests were refused, kept for a while, for the accounts whose requests and resources they were.
//!
//! A request that is refused leaves what it was judged by: shared, compiled documents mostly. A thread of its own makes the
//! explanation of that and writes it down, so that nobody waits for it; and since the documents are those of the
//! decision, what is told later is what held then. When the thread cannot follow, refusals go unexplained and are counted,
//! and no request waits. A request that was allowed leaves nothing, unless the operator asks for it.

mod cause;
mod shelf;
mod told;

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::{io, thread};

use daypass_access::Identity;
use daypass_analysis::explain::{Explanation, in_words};
use daypass_api::operation::RequestId;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use tokio::sync::oneshot;

pub(crate) use cause::{Unproven, of_claim, of_error};
pub(crate) use told::{Decided, Grounds, Told};

use crate::config::ExplainConfig;
use crate::data_directory::DataDirectory;
use crate::metrics::Counter;
use crate::service::Service;
use shelf::{MAX_LINE_BYTES, Shelf};

/// Most requests that wait to be explained.
const QUEUE: usize = 256;

/// Where explanations are made and kept.
pub(crate) struct Explanations {
    queue: SyncSender<Task>,
    thread: Mutex<Option<JoinHandle<()>>>,
    pub(crate) meter: Arc<ExplainMeter>,
    pub(crate) config: ExplainConfig,
}

/// The figures of the explanations.
#[derive(Debug, Default)]
pub(crate) struct ExplainMeter {
    pub(crate) kept: Counter,
    pub(crate) dropped: Counter,
    pub(crate) failed: Counter,
}

enum Task {
    Keep(Box<Told>),
    Find(RequestId, Timestamp, oneshot::Sender<io::Result<Option<String>>>),
    Stop,
}

impl Explanations {
    /// Opens what is kept in a data directory.
    pub(crate) fn open(config: ExplainConfig, data: &DataDirectory) -> io::Result<Self> {
        let shelf = Shelf::open(data.explanations(), config.max_bytes, config.max_age_days)?;
        let meter = Arc::new(ExplainMeter::default());
        let (queue, tasks) = sync_channel(QUEUE);
        let figures = Arc::clone(&meter);
        let thread = thread::Builder::new()
            .name("explain".to_owned())
            .spawn(move || work(shelf, &tasks, &figures))?;
        Ok(Self {
            queue,
            thread: Mutex::new(Some(thread)),
            meter,
            config,
        })
    }

    /// Has a request explained, unless too many wait already.
    pub(crate) fn keep(&self, told: Told) {
        if self.queue.try_send(Task::Keep(Box::new(told))).is_err() {
            self.meter.dropped.one();
        }
    }

    /// What is kept of a request. Whatever was answered before is in it, since all goes through one queue.
    async fn find(&self, id: RequestId, now: Timestamp) -> Result<Option<String>, Error> {
        let (answer, found) = oneshot::channel();
        let queue = self.queue.clone();
        // Where many wait, so does this one.
        let sent = tokio::task::spawn_blocking(move || queue.send(Task::Find(id, now, answer)).is_ok());
        if !sent.await.unwrap_or(false) {
            return Err(ErrorCode::ServiceUnavailable.into());
        }
        match found.await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => {
                tracing::error!(%error, "explanations cannot be read");
                Err(ErrorCode::InternalError.into())
            }
            Err(_) => Err(ErrorCode::ServiceUnavailable.into()),
        }
    }

    /// Makes what waits, and ends. It may take a moment.
    pub(crate) fn stop(&self) {
        let _ = self.queue.send(Task::Stop);
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that explains did not end well");
        }
    }
}

impl Service {
    /// Why a request was answered as it was, as far as it is the caller's account's to know. An id that is not known here
    /// and one that is another account's are told alike.
    pub(crate) async fn explain_decision(
        &self,
        id: RequestId,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let found = self.explanations.find(id, now).await?;
        let kept: Option<Explanation> = found.and_then(|text| serde_json::from_str(&text).ok());
        let owner = identity.account.owner_uin.0;
        let seen = kept.and_then(|kept| kept.seen_by(owner));
        let seen = seen.ok_or(ErrorCode::ExplanationNotFound)?;
        let text = serde_json::to_string(&seen).map_err(|_| ErrorCode::InternalError)?;
        Ok(Outcome::Explanation(text))
    }

    /// The error with its explanation, for development alone.
    pub(crate) fn explained(&self, error: Error, told: &Told) -> Error {
        if !self.explanations.config.danger_on_wire {
            return error;
        }
        Error {
            message: Some(in_words(&told.explain()).into()),
            ..error
        }
    }
}

fn work(mut shelf: Shelf, tasks: &Receiver<Task>, meter: &ExplainMeter) {
    while let Ok(task) = tasks.recv() {
        match task {
            Task::Keep(told) => keep(&mut shelf, &told, meter),
            Task::Find(id, now, answer) => {
                let seconds = now.unix_seconds();
                let forgotten = shelf.forget(seconds);
                // Whoever asked may have left.
                let _ = answer.send(forgotten.and_then(|()| shelf.find(id.as_str(), seconds)));
            }
            Task::Stop => return,
        }
    }
}

fn keep(shelf: &mut Shelf, told: &Told, meter: &ExplainMeter) {
    let explanation = told.explain();
    // There is nobody who could ask.
    if explanation.accounts().next().is_none() {
        return;
    }
    let line = serde_json::to_string(&explanation).unwrap_or_default();
    if line.is_empty() || line.len() > MAX_LINE_BYTES {
        return meter.dropped.one();
    }
    match shelf.put(&explanation.request_id, explanation.time.div_euclid(1000), &line) {
        Ok(()) => meter.kept.one(),
        Err(error) => {
            // The log is told once; the figures tell how often.
            if meter.failed.value() == 0 {
                tracing::error!(%error, "explanations cannot be written");
            }
            meter.failed.one();
        }
    }
}
