//! Why requests were refused, kept for a while, for the accounts whose requests and resources they were.
//!
//! A request that is refused leaves what it was judged by: shared, compiled documents mostly. A thread of its own makes the
//! explanation of that and writes it down, so that nobody waits for it; and since the documents are those of the
//! decision, what is told later is what held then. Whoever floods the service with requests that are refused gets no more
//! than a part of one processor for their explanations: where more wait than are kept, the oldest go unexplained and are
//! counted, and no request waits. A request that was allowed leaves nothing, unless the operator asks for it.

mod cause;
mod queue;
mod shelf;
mod told;

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

use daypass_access::Identity;
use daypass_api::operation::RequestId;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_explain::{Explanation, in_words};
use tokio::sync::oneshot;
use tokio::time::Instant;

pub(crate) use cause::{Unproven, of_claim, of_error};
pub(crate) use told::{Decided, Grounds, Told};

use crate::config::ExplainConfig;
use crate::data_directory::DataDirectory;
use crate::metrics::Counter;
use crate::service::Service;
use queue::{Look, Queue, Waiting};
use shelf::{MAX_LINE_BYTES, Shelf};

/// For how long requests are gathered before they are explained together.
const GATHER: Duration = Duration::from_millis(5);
/// How long the thread rests after its work, by the time that it took: a quarter of a processor is its share.
const REST: u32 = 3;

/// Where explanations are made and kept.
pub(crate) struct Explanations {
    queue: Arc<Queue>,
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

impl Explanations {
    /// Opens what is kept in a data directory.
    pub(crate) fn open(config: ExplainConfig, data: &DataDirectory) -> io::Result<Self> {
        let shelf = Shelf::open(data.explanations(), config.max_bytes, config.max_age_days)?;
        let meter = Arc::new(ExplainMeter::default());
        let queue = Arc::new(Queue::default());
        let worker = Worker {
            shelf,
            queue: Arc::clone(&queue),
            meter: Arc::clone(&meter),
        };
        let thread = thread::Builder::new()
            .name("explain".to_owned())
            .spawn(move || worker.run())?;
        Ok(Self {
            queue,
            thread: Mutex::new(Some(thread)),
            meter,
            config,
        })
    }

    /// Has a request explained; where too many wait already, the oldest of them is not.
    pub(crate) fn keep(&self, told: Told) {
        if self.queue.put(Box::new(told)) {
            self.meter.dropped.one();
        }
    }

    /// What is kept of a request. Whatever was answered before is in it: what waits is explained first.
    async fn find(&self, id: RequestId, now: Timestamp) -> Result<Option<String>, Error> {
        let (answer, found) = oneshot::channel();
        if !self.queue.look(Look { id, now, answer }) {
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
        self.queue.stop();
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

/// The thread that explains.
struct Worker {
    shelf: Shelf,
    queue: Arc<Queue>,
    meter: Arc<ExplainMeter>,
}

impl Worker {
    fn run(mut self) {
        loop {
            let waiting = self.queue.take(GATHER);
            let begun = Instant::now();
            let stops = waiting.stops;
            self.work(waiting);
            if stops {
                return;
            }
            self.queue.rest(begun.elapsed().saturating_mul(REST));
        }
    }

    fn work(&mut self, waiting: Waiting) {
        let mut lines = 0;
        for told in waiting.told {
            lines += u64::from(self.keep(&told));
        }
        if let Err(error) = self.shelf.flush() {
            self.fail(lines, &error);
        } else {
            self.meter.kept.add(lines);
        }
        for Look { id, now, answer } in waiting.looks {
            let seconds = now.unix_seconds();
            let forgotten = self.shelf.forget(seconds);
            // Whoever asked may have left.
            let _ = answer.send(forgotten.and_then(|()| self.shelf.find(id.as_str(), seconds)));
        }
    }

    /// Whether a line was put on the shelf.
    fn keep(&mut self, told: &Told) -> bool {
        let explanation = told.explain();
        // There is nobody who could ask.
        if explanation.accounts().next().is_none() {
            return false;
        }
        let line = serde_json::to_string(&explanation).unwrap_or_default();
        if line.is_empty() || line.len() > MAX_LINE_BYTES {
            self.meter.dropped.one();
            return false;
        }
        let seconds = explanation.time.div_euclid(1000);
        let put = self.shelf.put(&explanation.request_id, seconds, &line);
        if let Err(error) = &put {
            self.fail(1, error);
        }
        put.is_ok()
    }

    /// The log is told once; the figures tell how often.
    fn fail(&self, lines: u64, error: &io::Error) {
        if self.meter.failed.value() == 0 {
            tracing::error!(%error, "explanations cannot be written");
        }
        self.meter.failed.add(lines.max(1));
    }
}
