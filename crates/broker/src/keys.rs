//! Keys from the token service, and those that are handed out again.
//!
//! A key is asked for once, however many ask at the same time, and handed out again while enough of its life is left. When
//! the token service cannot be reached, a key is handed out until its last minute. A key that was ended early at the
//! service stays here until then: the store refuses it, which is what counts.

use std::sync::{Arc, Mutex, PoisonError};

use daypass_api::Timestamp;
use daypass_api::names::SessionName;
use daypass_api::operation::GetFederationToken;
use daypass_api::outcome::TemporaryKey;
use daypass_client::{ActionClient, Error};

use crate::recent::Recent;
use crate::settings::CacheSettings;
use crate::user::User;

/// A key with less life left than this is of no use to a page, in seconds.
const LEAST_SECONDS: i64 = 60;

/// Where keys are from.
pub(crate) struct Keys {
    sts: ActionClient,
    least_left_percent: i64,
    kept: Mutex<Recent<(User, String, u32), Arc<Slot>>>,
}

#[derive(Default)]
struct Slot {
    turn: tokio::sync::Mutex<()>,
    held: Mutex<Option<Arc<Minted>>>,
}

/// A key, and from when on.
#[derive(Clone, Debug)]
pub(crate) struct Minted {
    pub(crate) key: TemporaryKey,
    since: Timestamp,
}

/// Whether a key was made for this answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Minted,
    Cached,
}

impl Keys {
    pub(crate) fn new(sts: ActionClient, settings: &CacheSettings) -> Self {
        Self {
            sts,
            least_left_percent: i64::from(settings.least_left_percent),
            kept: Mutex::new(Recent::new(settings.entries)),
        }
    }

    /// A key for this user with this policy, which may have been handed out before.
    pub(crate) async fn shared(
        &self,
        user: &User,
        policy: &str,
        seconds: u32,
        now: Timestamp,
    ) -> Result<(Arc<Minted>, Origin), Error> {
        let slot = {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.entry((user.clone(), policy.to_owned(), seconds), Arc::default)
        };
        let held = slot.held();
        if let Some(held) = held.as_ref().filter(|held| self.is_fresh(held, now)) {
            return Ok((Arc::clone(held), Origin::Cached));
        }
        let alive = held.filter(|held| held.is_alive(now));
        // Who holds the turn brings a new one; meanwhile the old one does.
        let turn = match (slot.turn.try_lock(), alive) {
            (Ok(turn), _) => turn,
            (Err(_), Some(alive)) => return Ok((alive, Origin::Cached)),
            (Err(_), None) => slot.turn.lock().await,
        };
        if let Some(held) = slot.held().filter(|held| self.is_fresh(held, now)) {
            return Ok((held, Origin::Cached));
        }
        let minted = self.mint(user, policy, seconds, now).await;
        let answer = match (minted, slot.held().filter(|held| held.is_alive(now))) {
            (Ok(minted), _) => {
                let minted = Arc::new(minted);
                *slot.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&minted));
                Ok((minted, Origin::Minted))
            }
            (Err(error), Some(alive)) => {
                tracing::warn!(%error, "no new key could be had, and an older one is handed out");
                Ok((alive, Origin::Cached))
            }
            (Err(error), None) => Err(error),
        };
        drop(turn);
        answer
    }

    /// A key of its own.
    pub(crate) async fn mint(
        &self,
        user: &User,
        policy: &str,
        seconds: u32,
        now: Timestamp,
    ) -> Result<Minted, Error> {
        let ask = GetFederationToken {
            name: SessionName::parse(user.as_str()).map_err(Error::Request)?,
            policy: Some(policy.to_owned()),
            duration_seconds: Some(i64::from(seconds)),
        };
        let key = self.sts.get_federation_token(ask).await?;
        Ok(Minted { key, since: now })
    }

    /// How many are kept.
    pub(crate) fn kept(&self) -> usize {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn is_fresh(&self, minted: &Minted, now: Timestamp) -> bool {
        let life = minted.key.expires.unix_millis() - minted.since.unix_millis();
        minted.is_alive(now)
            && minted.left_millis(now).saturating_mul(100) > life.saturating_mul(self.least_left_percent)
    }
}

impl Minted {
    fn left_millis(&self, now: Timestamp) -> i64 {
        self.key.expires.unix_millis().saturating_sub(now.unix_millis())
    }

    fn is_alive(&self, now: Timestamp) -> bool {
        // A clock that was turned back behind the making of a key says nothing about its age.
        self.left_millis(now) >= LEAST_SECONDS * 1000
            && now.unix_millis() >= self.since.unix_millis() - 60_000
    }
}

impl Slot {
    fn held(&self) -> Option<Arc<Minted>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
