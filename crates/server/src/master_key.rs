//! The master key in use, and its exchange while requests are answered.
//!
//! The order makes every step of an exchange one that a crash may follow: the new key is in a file of its own before
//! anything is wrapped under it; both keys open until nothing is wrapped under the older one; only then does the new key
//! take the older one's place, and its own file goes. A start that finds both files, or is given both keys, goes on from
//! there. INVARIANT: whatever is stored opens under a key that is on stable storage.

use std::sync::{Arc, PoisonError, RwLock};

use daypass_api::names::AccessKeyId;
use daypass_api::{Error, ErrorCode, Timestamp};
use daypass_store::Store;
use daypass_store::identity::{WrappedKeyRing, WrappedSecret};
use daypass_token::{MasterKey, MasterKeys, WrapError};
use tokio::sync::{RwLock as FairLock, RwLockReadGuard};

use crate::clock::SystemRandom;
use crate::secrets_at_rest::KeyFiles;

/// How often the ring is wrapped again because somebody else was faster.
const ATTEMPTS: usize = 8;

/// The master key, or both while one takes the place of the other.
pub(crate) struct Masters {
    keys: RwLock<MasterKeys>,
    /// Where the key lies; none if it was given to the server, which then cannot change it.
    files: Option<KeyFiles>,
    /// Held by whoever stores something that it wrapped, from the wrapping to the end of the storing.
    wrapping: FairLock<()>,
    /// One exchange at a time.
    turn: tokio::sync::Mutex<()>,
}

impl Masters {
    pub(crate) fn new(keys: MasterKeys, files: Option<KeyFiles>) -> Self {
        Self {
            keys: RwLock::new(keys),
            files,
            wrapping: FairLock::default(),
            turn: Default::default(),
        }
    }

    /// What opens and wraps now. Who stores what it wraps takes [`Masters::wrapping`] first.
    pub(crate) fn keys(&self) -> MasterKeys {
        // A lock is poisoned only if a thread panicked while it replaced the value; the value is whole all the same.
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// While this is held, nothing is looked for that is wrapped under the key before the current one.
    pub(crate) async fn wrapping(&self) -> RwLockReadGuard<'_, ()> {
        self.wrapping.read().await
    }

    /// Puts a new master key in the place of the one in the file, or goes on with an exchange that was cut off; how many
    /// secrets of access keys were wrapped anew. As a task of its own: it goes on when its client leaves.
    pub(crate) async fn rotate(
        self: &Arc<Self>,
        store: &Store,
        random: SystemRandom,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let (masters, store) = (Arc::clone(self), store.clone());
        let task = tokio::spawn(async move { masters.rotate_in_turn(&store, random, now).await });
        task.await
            .unwrap_or_else(|_| Err(ErrorCode::InternalError.into()))
    }

    async fn rotate_in_turn(
        &self,
        store: &Store,
        random: SystemRandom,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let Some(files) = &self.files else {
            return Err(Error::with_message(
                ErrorCode::NotImplemented,
                "the master key was given to the server: give it another one, with this one as the previous one",
            ));
        };
        let _turn = self.turn.lock().await;
        if !self.keys().are_two() {
            let next = MasterKey::new(&random.bytes());
            files.write_next(&next).map_err(|error| failed(&error))?;
            // Whoever has wrapped something under the older key has stored it before the search for it begins.
            let _none_is_storing = self.wrapping.write().await;
            self.replace(|keys| keys.succeeded_by(next));
        }
        let keys = self.keys();
        let replaced = rewrap_all(store, &keys, random, now).await?;
        files.promote(keys.current()).map_err(|error| failed(&error))?;
        self.replace(MasterKeys::without_previous);
        tracing::warn!(secrets = replaced, "the master key was replaced");
        Ok(replaced)
    }

    fn replace(&self, next: impl FnOnce(&MasterKeys) -> MasterKeys) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        *keys = next(&keys);
    }
}

fn failed(error: &dyn std::error::Error) -> Error {
    tracing::error!(%error, "the master key could not be replaced");
    Error::new(ErrorCode::InternalError)
}

/// Wraps everything that is stored under the current key; how many secrets of access keys there were to wrap.
///
/// The ring comes first: storing it raises the number on which every change of identities depends, so that a change
/// that was wrapped earlier and is still on its way is either seen by the search for secrets or never stored.
pub(crate) async fn rewrap_all(
    store: &Store,
    keys: &MasterKeys,
    random: SystemRandom,
    now: Timestamp,
) -> Result<u64, Error> {
    rewrap_ring(store, keys, random, now).await?;
    let rewrap = |id: &AccessKeyId, secret: &WrappedSecret| {
        match keys.rewrap_secret(id, &secret.wrapped, &random.bytes()) {
            Ok(anew) => anew.map(|wrapped| WrappedSecret {
                wrapped: wrapped.into(),
            }),
            Err(error) => {
                // It is lost already, and no reason to keep a key that does not open it either.
                tracing::error!(%error, access_key_id = %id, "a secret opens under neither master key");
                None
            }
        }
    };
    store.rewrap_secrets(rewrap).await
}

async fn rewrap_ring(
    store: &Store,
    keys: &MasterKeys,
    random: SystemRandom,
    now: Timestamp,
) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        let Some(stored) = store.view().await?.key_ring().await? else {
            return Ok(());
        };
        let ring = keys
            .unwrap_ring(&stored.wrapped)
            .map_err(|error| failed(&error))?;
        let wrapped = ring.wrap(keys.current(), &random.bytes());
        let wrapped = wrapped.map_err(|error: WrapError| failed(&error))?;
        let anew = WrappedKeyRing {
            wrapped: wrapped.into(),
        };
        if store.replace_key_ring(Some(&stored), &anew, now).await? {
            return Ok(());
        }
    }
    Err(ErrorCode::ServiceUnavailable.into())
}

/// What a start does about an exchange: it finishes one that was cut off.
pub(crate) async fn finish(
    store: &Store,
    keys: MasterKeys,
    files: Option<&KeyFiles>,
    random: SystemRandom,
    now: Timestamp,
) -> Result<MasterKeys, crate::StartError> {
    if !keys.are_two() {
        return Ok(keys);
    }
    let ring = store.view().await?.key_ring().await?;
    if ring.is_some_and(|ring| keys.unwrap_ring(&ring.wrapped).is_err()) {
        return Err(crate::StartError::MasterKeyWrong);
    }
    let secrets = rewrap_all(store, &keys, random, now).await?;
    if let Some(files) = files {
        files.promote(keys.current())?;
    }
    tracing::warn!(secrets, "the master key was replaced");
    Ok(keys.without_previous())
}

#[cfg(test)]
mod tests;
