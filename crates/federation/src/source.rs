//! The keys of issuers, fetched when they are needed and kept for a while.
//!
//! A token may cause a fetch, so fetches are bounded: one at a time for an issuer, not sooner than [`GAP`] after the
//! last, and few at once for all. Kept keys are asked for anew once they are older than [`FRESH`], so that a key that
//! its issuer withdrew is not believed for long; if the issuer cannot be reached they count on until [`STALE`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use daypass_api::Timestamp;
use tokio::sync::{Mutex, Semaphore};

use crate::address::Reach;
pub use crate::fetch::FetchError;
use crate::fetch::{Fetcher, PATIENCE};
use crate::issuer::{Issuer, KeyAddress, Place};
use crate::json;
use crate::keys::KeySet;
use crate::token::{Expected, Refusal, Token, Verified};

/// Keys younger than this are used without asking, in seconds.
const FRESH: i64 = 300;
/// Keys older than this are not used, in seconds.
const STALE: i64 = 6 * 3600;
/// Time between two questions to one issuer, in seconds.
const GAP: i64 = 30;
/// Most issuers whose keys are kept.
const MAX_ISSUERS: usize = 1000;
/// Most fetches at once.
const MAX_FETCHES: usize = 16;

/// The keys of issuers.
pub struct KeySource {
    fetcher: Fetcher,
    /// Where the keys are, for whom nobody looks for them.
    address: Option<KeyAddress>,
    fetches: Semaphore,
    issuers: StdMutex<HashMap<Issuer, Arc<Known>>>,
}

/// What is known of one issuer.
#[derive(Default)]
struct Known {
    kept: StdMutex<Kept>,
    /// Held by whoever asks the issuer.
    turn: Mutex<()>,
}

#[derive(Clone, Default)]
struct Kept {
    keys: Option<(Arc<KeySet>, Timestamp)>,
    asked: Option<(Timestamp, Option<FetchError>)>,
}

impl KeySource {
    /// `private` allows issuers on private addresses and without HTTPS.
    pub fn new(private: bool) -> Self {
        let reach = if private { Reach::Private } else { Reach::Public };
        Self::reaching(reach, None)
    }

    /// The keys of one issuer, which are at this address: its discovery document is not asked for. The address may be
    /// on this machine; `private` allows all others that [`KeySource::new`] allows.
    pub fn at(address: KeyAddress, private: bool) -> Self {
        let reach = if private { Reach::Private } else { Reach::Machine };
        Self::reaching(reach, Some(address))
    }

    fn reaching(reach: Reach, address: Option<KeyAddress>) -> Self {
        Self {
            fetcher: Fetcher::new(reach),
            address,
            fetches: Semaphore::new(MAX_FETCHES),
            issuers: StdMutex::default(),
        }
    }

    /// Verifies a token with the issuer's keys. A token that is signed with a key which is not known makes the issuer
    /// be asked again, as it may have a new one.
    pub async fn verify(
        &self,
        issuer: &Issuer,
        token: &Token<'_>,
        audiences: &[String],
        now: Timestamp,
    ) -> Result<Result<Verified, Refusal>, FetchError> {
        let expected = Expected {
            issuer: issuer.as_str(),
            audiences,
            now,
        };
        if let Err(refusal) = token.check(&expected) {
            return Ok(Err(refusal));
        }
        let known = self.known(issuer);
        let keys = self.keys(issuer, &known, now, FRESH).await?;
        match token.verify(&keys, &expected) {
            Err(Refusal::UnknownKey) => {
                let newer = self.keys(issuer, &known, now, 0).await?;
                Ok(token.verify(&newer, &expected))
            }
            settled => Ok(settled),
        }
    }

    fn known(&self, issuer: &Issuer) -> Arc<Known> {
        let mut issuers = self.issuers.lock().unwrap_or_else(PoisonError::into_inner);
        if issuers.len() >= MAX_ISSUERS && !issuers.contains_key(issuer) {
            issuers.clear();
        }
        Arc::clone(issuers.entry(issuer.clone()).or_default())
    }

    /// Keys not older than this, if the issuer gives them; otherwise those that there are, unless they are stale.
    async fn keys(
        &self,
        issuer: &Issuer,
        known: &Known,
        now: Timestamp,
        age: i64,
    ) -> Result<Arc<KeySet>, FetchError> {
        if let Some(keys) = known.kept().young(now, age) {
            return Ok(keys);
        }
        let turn = match (known.turn.try_lock(), known.kept().young(now, STALE)) {
            (Ok(turn), _) => turn,
            // Somebody is asking already; who only wants fresher keys does not wait for a slow issuer.
            (Err(_), Some(keys)) if age > 0 => return Ok(keys),
            (Err(_), _) => known.turn.lock().await,
        };
        if known.kept().may_ask(now) {
            let fetched = self.fetch(issuer).await;
            known.keep(fetched, now);
        }
        drop(turn);
        let kept = known.kept();
        let failure = || match kept.asked.clone() {
            Some((_, Some(error))) => error,
            _ => FetchError::Unreachable,
        };
        kept.young(now, STALE).ok_or_else(failure)
    }

    async fn fetch(&self, issuer: &Issuer) -> Result<KeySet, FetchError> {
        // Behind many slow issuers nobody waits longer than for one.
        let permit = tokio::time::timeout(PATIENCE, self.fetches.acquire()).await;
        let Ok(Ok(_permit)) = permit else {
            return Err(FetchError::Unreachable);
        };
        let keys = match &self.address {
            Some(KeyAddress(place)) => place.clone(),
            None => self.discover(issuer).await?,
        };
        Ok(KeySet::parse(&self.fetcher.get(&keys).await?)?)
    }

    async fn discover(&self, issuer: &Issuer) -> Result<Place, FetchError> {
        let discovery = issuer.discovery().ok_or(FetchError::Forbidden)?;
        let document = self.fetcher.get(&discovery).await?;
        keys_of(&document, issuer).ok_or(FetchError::Document)
    }
}

/// Where a document of this issuer says that its keys are.
fn keys_of(document: &[u8], issuer: &Issuer) -> Option<Place> {
    let document = json::object(document)?;
    if json::optional_text(&document, "issuer")?? != issuer.as_str() {
        return None;
    }
    Place::parse(json::optional_text(&document, "jwks_uri")??)
}

impl Known {
    fn kept(&self) -> Kept {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, fetched: Result<KeySet, FetchError>, now: Timestamp) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match fetched {
            Ok(keys) => {
                kept.keys = Some((Arc::new(keys), now));
                kept.asked = Some((now, None));
            }
            Err(error) => kept.asked = Some((now, Some(error))),
        }
    }
}

impl Kept {
    /// The keys, if they are younger than this. A clock that is turned back makes nothing younger.
    fn young(&self, now: Timestamp, age: i64) -> Option<Arc<KeySet>> {
        let (keys, fetched) = self.keys.as_ref()?;
        (distance(*fetched, now) < age).then(|| Arc::clone(keys))
    }

    fn may_ask(&self, now: Timestamp) -> bool {
        self.asked
            .as_ref()
            .is_none_or(|(asked, _)| distance(*asked, now) >= GAP)
    }
}

fn distance(one: Timestamp, other: Timestamp) -> i64 {
    one.unix_seconds()
        .saturating_sub(other.unix_seconds())
        .saturating_abs()
}

#[cfg(test)]
mod tests;
