//! The master key in use, and its exchange while requests are answered.
//!
//! The order makes every step of an exchange one that a crash may follow: the new key is in a file of its own before
//! anything is wrapped under it; both keys open until nothing is wrapped under the older one; only then does the new key
//! take the older one's place, and its own file goes. A start that finds both files, or is given both keys, goes on from
//! there. INVARIANT: whatever is stored opens under a key that is on stable storage.
//!
//! Where several gateways serve one store, the stored key ring says which master key counts: it is wrapped anew first, and
//! the secret of an access key is stored only together with the ring under whose master key it is wrapped. A gateway
//! without that key answers no signed request until the key is in its files; it is never told by the store, since whoever
//! has an old master key could then read the new one there.

use std::sync::{Arc, PoisonError, RwLock};

use daypass_api::names::AccessKeyId;
use daypass_api::{Error, ErrorCode, Timestamp};
use daypass_store::Store;
use daypass_store::identity::{WrappedKeyRing, WrappedSecret};
use daypass_token::{MasterKey, MasterKeys, WrapError};

use crate::StartError;
use crate::clock::SystemRandom;
use crate::secrets_at_rest::KeyFiles;

/// How often the ring is wrapped again because somebody else was faster.
const ATTEMPTS: usize = 8;

/// Which exchange is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exchange {
    /// The one that is under way, or else a new one.
    New,
    /// Only one that is under way.
    CutOff,
}

/// Why no other master key was taken up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAdopted {
    /// The server cannot ask again for what it was given.
    #[error("this server was given its master key: start it again with the one in use now")]
    Given,
    /// What the files hold is being changed.
    #[error("an exchange of the master key is under way here")]
    UnderWay,
    /// The files cannot be read.
    #[error("{0}")]
    Unreadable(#[from] StartError),
    /// The files hold another one.
    #[error("`master.key` does not open it: put that of the gateway which exchanged it in its place")]
    Stranger,
}

/// The master key, or both while one takes the place of the other.
pub(crate) struct Masters {
    keys: RwLock<MasterKeys>,
    /// Where the key lies; none if it was given to the server, which then cannot change it.
    files: Option<KeyFiles>,
    /// One exchange at a time.
    turn: tokio::sync::Mutex<()>,
}

impl Masters {
    pub(crate) fn new(keys: MasterKeys, files: Option<KeyFiles>) -> Self {
        Self {
            keys: RwLock::new(keys),
            files,
            turn: Default::default(),
        }
    }

    /// What opens and wraps now.
    pub(crate) fn keys(&self) -> MasterKeys {
        // A lock is poisoned only if a thread panicked while it replaced the value; the value is whole all the same.
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes up a key that was put into the files meanwhile, if the stored ring opens under it.
    ///
    /// The one in use opens from then on: the gateway that exchanged it may still be wrapping anew what is under that.
    pub(crate) fn adopt(&self, ring: &WrappedKeyRing) -> Result<(), NotAdopted> {
        let files = self.files.as_ref().ok_or(NotAdopted::Given)?;
        let _turn = self.turn.try_lock().map_err(|_| NotAdopted::UnderWay)?;
        let found = files.read()?;
        let found = found.of_ring(&ring.wrapped).ok_or(NotAdopted::Stranger)?;
        self.replace(|keys| keys.succeeded_by(Arc::clone(found)));
        tracing::warn!("the master key that another gateway exchanged was taken up");
        Ok(())
    }

    /// Puts a new master key in the place of the one in the file, or goes on with an exchange that was cut off; how many
    /// secrets of access keys were wrapped anew. As a task of its own: it goes on when its client leaves.
    pub(crate) async fn exchange(
        self: &Arc<Self>,
        exchange: Exchange,
        store: &Store,
        random: SystemRandom,
        now: Timestamp,
    ) -> Result<u64, Error> {
        if exchange == Exchange::CutOff && !self.keys().are_two() {
            return Ok(0);
        }
        let (masters, store) = (Arc::clone(self), store.clone());
        let task = tokio::spawn(async move { masters.exchange_in_turn(exchange, &store, random, now).await });
        task.await
            .unwrap_or_else(|_| Err(ErrorCode::InternalError.into()))
    }

    async fn exchange_in_turn(
        &self,
        exchange: Exchange,
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
        let change = Rewrap { store, random, now };
        let mut followed = 0;
        if self.keys().are_two() && files.unfinished().is_none() {
            // What another gateway began is ended before anything else is.
            followed = self.complete(files, &change).await?;
        }
        match (exchange, self.keys().are_two()) {
            (Exchange::CutOff, false) => Ok(followed),
            (Exchange::New, false) => self.begin(files, &change).await,
            (_, true) => self.complete(files, &change).await,
        }
    }

    async fn begin(&self, files: &KeyFiles, change: &Rewrap<'_>) -> Result<u64, Error> {
        let before = self.keys();
        let next = MasterKey::new(&change.random.bytes());
        files.write_next(&next).map_err(|error| failed(&error))?;
        self.replace(|keys| keys.succeeded_by(next));
        let outcome = self.complete(files, change).await;
        if outcome.is_err() && is_overtaken(change.store, &self.keys()).await {
            files.withdraw_next().map_err(|error| failed(&error))?;
            self.replace(|_| before);
        }
        outcome
    }

    async fn complete(&self, files: &KeyFiles, change: &Rewrap<'_>) -> Result<u64, Error> {
        let keys = self.keys();
        let replaced = rewrap_all(&keys, change).await?;
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

/// What wrapping anew takes.
struct Rewrap<'s> {
    store: &'s Store,
    random: SystemRandom,
    now: Timestamp,
}

/// Whether another gateway was faster with an exchange of its own. Then nothing is wrapped under the newer of these keys:
/// the ring would have come first.
async fn is_overtaken(store: &Store, keys: &MasterKeys) -> bool {
    let Ok(view) = store.view().await else {
        return false;
    };
    let ring = view.key_ring().await;
    matches!(ring, Ok(Some(ring)) if keys.of_ring(&ring.wrapped).is_none())
}

fn failed(error: &dyn std::error::Error) -> Error {
    tracing::error!(%error, "the master key could not be replaced");
    Error::new(ErrorCode::InternalError)
}

/// Wraps everything that is stored under the current key; how many secrets of access keys there were to wrap.
///
/// The ring comes first: storing it raises the number on which every change of identities depends. A secret that was
/// wrapped for the ring before it is either seen by the search for secrets or never stored, whichever gateway wrapped it.
async fn rewrap_all(keys: &MasterKeys, change: &Rewrap<'_>) -> Result<u64, Error> {
    let Rewrap { store, random, .. } = change;
    rewrap_ring(keys, change).await?;
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

async fn rewrap_ring(keys: &MasterKeys, change: &Rewrap<'_>) -> Result<(), Error> {
    let Rewrap { store, random, now } = change;
    for _ in 0..ATTEMPTS {
        let Some(stored) = store.view().await?.key_ring().await? else {
            return Ok(());
        };
        let ring = keys.unwrap_ring(&stored.wrapped).map_err(|error| {
            tracing::error!(%error, "the key ring could not be wrapped under the new master key");
            Error::new(ErrorCode::ServiceUnavailable)
        })?;
        let wrapped = ring.wrap(keys.current(), &random.bytes());
        let wrapped = wrapped.map_err(|error: WrapError| failed(&error))?;
        let anew = WrappedKeyRing {
            wrapped: wrapped.into(),
        };
        if store.replace_key_ring(Some(&stored), &anew, *now).await? {
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
) -> Result<MasterKeys, StartError> {
    if !keys.are_two() {
        return Ok(keys);
    }
    let ring = store.view().await?.key_ring().await?;
    if ring.is_some_and(|ring| keys.unwrap_ring(&ring.wrapped).is_err()) {
        return Err(StartError::MasterKeyWrong);
    }
    let secrets = rewrap_all(&keys, &Rewrap { store, random, now }).await?;
    if let Some(files) = files {
        files.promote(keys.current())?;
    }
    tracing::warn!(secrets, "the master key was replaced");
    Ok(keys.without_previous())
}

#[cfg(test)]
mod tests;
