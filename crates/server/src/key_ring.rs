//! The key ring in use: what seals and opens session tokens, and how one ring takes the place of another.
//!
//! The stored ring is the truth; what is kept here is that ring, opened, as of one generation of the identities. Every
//! change of the ring raises that number, and every signed request compares it: so a ring that was replaced counts at no
//! gateway from the next request on, whichever gateway replaced it. INVARIANT: ring and generation come from one
//! snapshot and never go back, and no request is judged by a ring older than its own snapshot.
//!
//! A new ring is stored first: a token must never be sealed under a key that a restart forgets, and an emergency that was
//! acknowledged must not be undone by one. A change is a task of its own, which lives on when its client leaves.

use std::sync::{Arc, Mutex as BlockingMutex, PoisonError, RwLock};

use daypass_api::operation::KeyRingOperation;
use daypass_api::outcome::EpochSummary;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_store::identity::WrappedKeyRing;
use daypass_store::{Store, View};
use daypass_token::KeyRing;
use tokio::sync::Mutex;

use crate::bootstrap::StoredRing;
use crate::clock::SystemRandom;
use crate::master_key::{Exchange, Masters};

/// How often a change is begun again because another gateway was faster.
const ATTEMPTS: usize = 8;

/// Why the ring is to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// It is time.
    WhenDue,
    /// Somebody wants another key to seal from now on.
    Rotate,
    /// Somebody wants every token void.
    EndAll,
}

/// The ring in use, and everything that replacing it takes.
pub(crate) struct KeyRingKeeper {
    store: Store,
    masters: Arc<Masters>,
    random: SystemRandom,
    current: RwLock<Current>,
    turn: Mutex<()>,
    /// Why no ring can be had, as it was logged last; none while all is well.
    complaint: BlockingMutex<Option<String>>,
}

struct Current {
    ring: Arc<StoredRing>,
    generation: u64,
}

impl KeyRingKeeper {
    pub(crate) fn new(store: Store, masters: Arc<Masters>, random: SystemRandom, ring: StoredRing) -> Self {
        Self {
            store,
            masters,
            random,
            current: RwLock::new(Current {
                ring: Arc::new(ring),
                generation: 0,
            }),
            turn: Mutex::default(),
            complaint: BlockingMutex::default(),
        }
    }

    /// The ring that was taken up last. What a request is judged by is [`KeyRingKeeper::as_of`] its view.
    pub(crate) fn current(&self) -> Arc<StoredRing> {
        // A lock is poisoned only if a thread panicked while it replaced the value; the value is whole all the same.
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).ring)
    }

    /// The ring as a view of this generation has it, or one that has taken its place since. `ServiceUnavailable` when it is
    /// wrapped under a master key that is neither held nor in the files.
    pub(crate) async fn as_of(&self, view: &View, generation: u64) -> Result<Arc<StoredRing>, Error> {
        if !self.is_known(generation) && !self.take_up(view, generation).await? {
            self.take_up_now().await?;
        }
        Ok(self.current())
    }

    /// Performs what was asked of the ring; on stable storage and in use when this returns.
    pub(crate) async fn perform(
        self: &Arc<Self>,
        operation: KeyRingOperation,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        match operation {
            KeyRingOperation::Describe => {}
            KeyRingOperation::Rotate => self.change(Change::Rotate, now).await?,
            KeyRingOperation::EndAll => self.change(Change::EndAll, now).await?,
            KeyRingOperation::RotateMasterKey => {
                let secrets = self
                    .masters
                    .exchange(Exchange::New, &self.store, self.random, now)
                    .await?;
                return Ok(Outcome::MasterKeyRotated(secrets));
            }
        }
        Ok(Outcome::KeyRing(summary(&self.current().ring)))
    }

    /// Rotates the ring if it is time, after a look at what other gateways did.
    pub(crate) async fn rotate_when_due(self: &Arc<Self>, now: Timestamp) -> Result<(), Error> {
        self.change(Change::WhenDue, now).await
    }

    /// Goes on with an exchange of the master key that was cut off, or that another gateway began.
    pub(crate) async fn finish_exchange(&self, now: Timestamp) -> Result<(), Error> {
        let done = self
            .masters
            .exchange(Exchange::CutOff, &self.store, self.random, now);
        done.await.map(drop)
    }

    /// As a task of its own: half of it must not be left undone because a client went away.
    async fn change(self: &Arc<Self>, change: Change, now: Timestamp) -> Result<(), Error> {
        let keeper = Arc::clone(self);
        let task = tokio::spawn(async move { keeper.change_in_turn(change, now).await });
        task.await
            .unwrap_or_else(|_| Err(ErrorCode::InternalError.into()))
    }

    async fn change_in_turn(&self, change: Change, now: Timestamp) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let mut outcome = Err(ErrorCode::ServiceUnavailable.into());
        for _ in 0..ATTEMPTS {
            self.follow().await?;
            let Some(next) = self.next(change, now)? else {
                return Ok(());
            };
            let current = self.current();
            let replaced = self
                .store
                .replace_key_ring(Some(&current.wrapped), &next.wrapped, now);
            match replaced.await {
                Ok(true) => {
                    tracing::warn!(
                        epoch = next.ring.current(),
                        ?change,
                        "the key ring has a new epoch"
                    );
                    return self.follow().await;
                }
                Ok(false) => {}
                // Perhaps it was stored all the same: the next round, or the next look, finds that out.
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        self.follow().await?;
        outcome
    }

    /// The ring that is to come, or nothing if the one that is there will do.
    fn next(&self, change: Change, now: Timestamp) -> Result<Option<StoredRing>, Error> {
        let current = self.current();
        let ring = match change {
            Change::WhenDue if !current.ring.needs_rotation(now) => return Ok(None),
            Change::WhenDue | Change::Rotate => current
                .ring
                .with_new_epoch(now, &self.random.bytes())
                .map_err(|full| Error::with_message(ErrorCode::ServiceUnavailable, full.to_string()))?,
            Change::EndAll => current.ring.emergency(now, &self.random.bytes()),
        };
        let keys = self.masters.keys();
        let wrapped = ring.wrap(keys.current(), &self.random.bytes()).map_err(|error| {
            tracing::error!(%error, "the key ring could not be wrapped");
            Error::new(ErrorCode::InternalError)
        })?;
        let wrapped = WrappedKeyRing {
            wrapped: wrapped.into(),
        };
        Ok(Some(StoredRing::new(ring, wrapped)))
    }

    /// Takes up the stored ring, if it is another one than that in use.
    pub(crate) async fn follow(&self) -> Result<(), Error> {
        let view = self.store.view().await?;
        let generation = view.identity_generation().await?;
        self.as_of(&view, generation).await.map(drop)
    }

    fn is_known(&self, generation: u64) -> bool {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.generation >= generation
    }

    /// Takes up the ring of a view; false if it opens under no master key that is held.
    async fn take_up(&self, view: &View, generation: u64) -> Result<bool, Error> {
        let stored = view.key_ring().await?.ok_or(ErrorCode::InternalError)?;
        let mut ring = self.current();
        if ring.wrapped != stored {
            let Ok(opened) = self.masters.keys().unwrap_ring(&stored.wrapped) else {
                return Ok(false);
            };
            ring = Arc::new(StoredRing::new(opened, stored));
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if generation > current.generation {
            *current = Current { ring, generation };
        }
        drop(current);
        self.complain(None);
        Ok(true)
    }

    /// Takes up the ring as it is stored by now: what an older view shows may be wrapped under a master key whose exchange
    /// has ended since. Where another gateway has begun an exchange, the files may have its key.
    async fn take_up_now(&self) -> Result<(), Error> {
        let view = self.store.view().await?;
        let generation = view.identity_generation().await?;
        if self.take_up(&view, generation).await? {
            return Ok(());
        }
        let stored = view.key_ring().await?.ok_or(ErrorCode::InternalError)?;
        let adopted = self.masters.adopt(&stored);
        if adopted.is_ok() && self.take_up(&view, generation).await? {
            return Ok(());
        }
        self.complain(adopted.err().map(|reason| reason.to_string()));
        Err(ErrorCode::ServiceUnavailable.into())
    }

    /// Whether the stored ring opened when it was looked at last. If not, every signed request is refused.
    pub(crate) fn is_open(&self) -> bool {
        let complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        complaint.is_none()
    }

    /// Logs what is wrong once, however many requests meet it.
    fn complain(&self, reason: Option<String>) {
        let mut complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        if *complaint != reason {
            match &reason {
                Some(reason) => tracing::error!(
                    %reason,
                    "the stored key ring is wrapped under another master key: signed requests are refused"
                ),
                None => tracing::warn!("the stored key ring opens again"),
            }
            *complaint = reason;
        }
    }
}

fn summary(ring: &KeyRing) -> Vec<EpochSummary> {
    let facts = ring.facts().into_iter();
    let summary = facts.map(|epoch| EpochSummary {
        id: epoch.id,
        created: epoch.created,
        opens_until: epoch.retires,
    });
    summary.collect()
}
