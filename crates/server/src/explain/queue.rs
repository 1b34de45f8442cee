//! What waits to be explained, and who waits for an explanation.
//!
//! A refusal costs its own request as little as can be: it is put in a list, and the thread is woken only if it sleeps,
//! which it does not before some time has passed since it was woken last.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use daypass_api::Timestamp;
use daypass_api::operation::RequestId;
use tokio::sync::oneshot;

use super::told::Told;

/// Most requests that wait to be explained.
const MAX_TOLD: usize = 1024;
/// Most that wait for an explanation.
const MAX_LOOKS: usize = 1024;

/// Somebody who wants to know.
pub(super) struct Look {
    pub(super) id: RequestId,
    pub(super) now: Timestamp,
    pub(super) answer: oneshot::Sender<io::Result<Option<String>>>,
}

/// What waits.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) told: VecDeque<Box<Told>>,
    pub(super) looks: Vec<Look>,
    pub(super) stops: bool,
}

impl Waiting {
    fn is_urgent(&self) -> bool {
        self.stops || !self.looks.is_empty()
    }
}

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Waiting,
    /// Whether the thread waits for the bell. Ringing costs a call of the system, so it is done for nobody else.
    sleeps: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a request in; tells whether the oldest one had to go for it.
    pub(super) fn put(&self, told: Box<Told>) -> bool {
        let mut state = self.lock();
        let is_full = state.waiting.told.len() >= MAX_TOLD;
        let gone = is_full.then(|| state.waiting.told.pop_front());
        state.waiting.told.push_back(told);
        let sleeps = std::mem::take(&mut state.sleeps);
        drop(state);
        if sleeps {
            self.bell.notify_one();
        }
        gone.is_some()
    }

    /// Puts in somebody who wants to know; false where too many wait.
    pub(super) fn look(&self, look: Look) -> bool {
        let mut state = self.lock();
        if state.waiting.looks.len() >= MAX_LOOKS || state.waiting.stops {
            return false;
        }
        state.waiting.looks.push(look);
        drop(state);
        self.bell.notify_one();
        true
    }

    /// Has the thread do what waits, and end.
    pub(super) fn stop(&self) {
        self.lock().waiting.stops = true;
        self.bell.notify_one();
    }

    /// Everything that waits. Sleeps until there is something, and a moment longer for what comes with it, unless
    /// somebody waits for the answer.
    pub(super) fn take(&self, gather: Duration) -> Waiting {
        let mut state = self.lock();
        if state.waiting.told.is_empty() && !state.waiting.is_urgent() {
            state.sleeps = true;
            let woken = self
                .bell
                .wait_while(state, |state| state.sleeps && !state.waiting.is_urgent());
            state = woken.unwrap_or_else(PoisonError::into_inner);
            state.sleeps = false;
            drop(state);
            self.rest(gather);
            state = self.lock();
        }
        std::mem::take(&mut state.waiting)
    }

    /// Waits so long, unless somebody waits for the thread.
    pub(super) fn rest(&self, time: Duration) {
        let state = self.lock();
        let rested = self
            .bell
            .wait_timeout_while(state, time, |state| !state.waiting.is_urgent());
        drop(rested);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::explain::Grounds;

    fn told(id: usize) -> Box<Told> {
        Box::new(Told {
            request_id: id.to_string(),
            now: Timestamp::from_unix_seconds(0),
            method: "GET".to_owned(),
            operation: None,
            code: None,
            owner: None,
            grounds: Grounds::default(),
        })
    }

    fn ids(waiting: &Waiting) -> Vec<usize> {
        let ids = waiting.told.iter().map(|told| told.request_id.parse());
        ids.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn where_too_many_wait_the_oldest_goes() {
        let queue = Queue::default();
        let gone: Vec<_> = (0..=MAX_TOLD).map(|id| queue.put(told(id))).collect();
        assert!(gone[..MAX_TOLD].iter().all(|gone| !gone) && gone[MAX_TOLD]);
        let waiting = queue.take(Duration::ZERO);
        assert_eq!(ids(&waiting), (1..=MAX_TOLD).collect::<Vec<_>>());
        assert!(queue.lock().waiting.told.is_empty());
    }

    #[test]
    fn who_wants_to_know_ends_a_rest_and_does_so_up_to_a_bound() {
        let queue = Arc::new(Queue::default());
        let look = || {
            let (answer, _) = oneshot::channel();
            let id = RequestId::parse("NmFjZTAwMDFfMDAwMDAwMDFfMQ==").unwrap();
            let now = Timestamp::from_unix_seconds(0);
            queue.look(Look { id, now, answer })
        };
        let resting = Arc::clone(&queue);
        let rest = thread::spawn(move || resting.rest(Duration::from_secs(3600)));
        assert!(look());
        rest.join().unwrap();
        let more = (0..MAX_LOOKS).filter(|_| look()).count();
        assert_eq!(more, MAX_LOOKS - 1);
        assert_eq!(queue.take(Duration::ZERO).looks.len(), MAX_LOOKS);
        queue.stop();
        assert!(!look(), "nobody would answer");
        assert!(queue.take(Duration::from_secs(3600)).stops);
    }
}
