//! The key ring in use: what seals and opens session tokens, and how one ring takes the place of another.
//!
//! The stored ring is the truth; what is kept here is that ring, opened. A new ring is stored first: a token must never be
//! sealed under a key that a restart forgets, and an emergency that was acknowledged must not be undone by one. INVARIANT:
//! every change is made on the stored ring, by one task at a time, which lives on when the request that wants it is
//! dropped; so no older ring ever replaces a newer one in memory.

use std::sync::{Arc, PoisonError, RwLock};

use daypass_api::operation::KeyRingOperation;
use daypass_api::outcome::EpochSummary;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_store::Store;
use daypass_store::identity::WrappedKeyRing;
use daypass_token::KeyRing;
use tokio::sync::Mutex;

use crate::bootstrap::StoredRing;
use crate::clock::SystemRandom;
use crate::master_key::Masters;

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
    current: RwLock<Arc<StoredRing>>,
    turn: Mutex<()>,
}

impl KeyRingKeeper {
    pub(crate) fn new(store: Store, masters: Arc<Masters>, random: SystemRandom, ring: StoredRing) -> Self {
        Self {
            store,
            masters,
            random,
            current: RwLock::new(Arc::new(ring)),
            turn: Mutex::default(),
        }
    }

    /// The ring as it is now.
    pub(crate) fn current(&self) -> Arc<StoredRing> {
        // A lock is poisoned only if a thread panicked while it replaced the value; the value is whole all the same.
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
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
                let secrets = self.masters.rotate(&self.store, self.random, now).await?;
                return Ok(Outcome::MasterKeyRotated(secrets));
            }
        }
        Ok(Outcome::KeyRing(summary(&self.current().ring)))
    }

    /// Rotates the ring if it is time, after a look at what other gateways did.
    pub(crate) async fn rotate_when_due(self: &Arc<Self>, now: Timestamp) -> Result<(), Error> {
        self.change(Change::WhenDue, now).await
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
            let _wrapping = self.masters.wrapping().await;
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
                    self.use_from_now_on(next);
                    return Ok(());
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
    async fn follow(&self) -> Result<(), Error> {
        let stored = self.store.view().await?.key_ring().await?;
        let stored = stored.ok_or(ErrorCode::InternalError)?;
        if self.current().wrapped == stored {
            return Ok(());
        }
        let ring = self
            .masters
            .keys()
            .unwrap_ring(&stored.wrapped)
            .map_err(|error| {
                tracing::error!(%error, "the stored key ring could not be unwrapped");
                Error::new(ErrorCode::InternalError)
            })?;
        self.use_from_now_on(StoredRing::new(ring, stored));
        Ok(())
    }

    fn use_from_now_on(&self, ring: StoredRing) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
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
