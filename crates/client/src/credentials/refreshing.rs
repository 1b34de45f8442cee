//! Temporary keys that are renewed before they end.
//!
//! However many requests need a key, one of them fetches it. While the old key lives nobody but that one waits, and where
//! fetching fails, the old key is used until its end. INVARIANT: a key whose end has come is never handed out.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use daypass_api::Timestamp;
use daypass_api::operation::{Operation, SessionOperation};
use daypass_api::outcome::{Outcome, TemporaryKey};
use tokio::sync::Mutex;

use super::{Credentials, CredentialsProvider};
use crate::actions::ActionClient;
use crate::error::{Cause, Error};

/// How long before its end a key is renewed at the earliest, in milliseconds: enough for a few failures in between.
const AHEAD_MILLIS: i64 = 5 * 60 * 1000;
/// Which part of its life a key has left when it is renewed, if that is less.
const AHEAD_PART: i64 = 5;
/// How long fetching is let be after it failed, in milliseconds.
const LET_BE_MILLIS: i64 = 5 * 1000;

/// Why there is no key.
pub type FetchError = Box<dyn std::error::Error + Send + Sync>;

/// Where temporary keys are fetched: the token service, a user server, or whatever a program has.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// A key that was made just now, or has most of its life before it.
    async fn fetch(&self) -> Result<TemporaryKey, FetchError>;
}

/// Keys from the token service, one call for each.
pub struct MintedKeys {
    client: ActionClient,
    call: SessionOperation,
}

impl MintedKeys {
    /// Keys that this call of `client` answers: one that mints, such as `GetFederationToken`.
    pub fn new(client: ActionClient, call: SessionOperation) -> Self {
        Self { client, call }
    }
}

#[async_trait]
impl KeySource for MintedKeys {
    async fn fetch(&self) -> Result<TemporaryKey, FetchError> {
        match self.client.call(&Operation::Session(self.call.clone())).await? {
            Outcome::TemporaryKey(key) => Ok(key),
            _ => Err("the call mints no key".into()),
        }
    }
}

/// A provider of temporary keys that are renewed before they end.
pub struct Refreshing<S> {
    source: S,
    held: RwLock<Option<Held>>,
    turn: Mutex<()>,
}

#[derive(Clone)]
struct Held {
    credentials: Arc<Credentials>,
    expires: Timestamp,
    /// From when on to fetch another one.
    renew: Timestamp,
}

impl Held {
    fn new(key: TemporaryKey, now: Timestamp) -> Self {
        let (expires, life) = (key.expires, key.expires.unix_millis() - now.unix_millis());
        let ahead = (life / AHEAD_PART).clamp(0, AHEAD_MILLIS);
        Self {
            credentials: Arc::new(key.into()),
            expires,
            renew: Timestamp::from_unix_millis(expires.unix_millis() - ahead),
        }
    }
}

impl<S: KeySource> Refreshing<S> {
    /// Keys from this source. None is fetched before it is needed.
    pub fn new(source: S) -> Self {
        Self {
            source,
            held: RwLock::default(),
            turn: Mutex::default(),
        }
    }

    /// The key that is held, if its end has not come.
    fn live(&self, now: Timestamp) -> Option<Held> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.clone().filter(|held| now < held.expires)
    }

    fn hold(&self, held: Held) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
    }

    async fn fetch(&self, now: Timestamp) -> Result<Arc<Credentials>, Error> {
        let source = |words: String| Error::NoCredentials {
            source: Cause::in_words(words),
        };
        let key = self
            .source
            .fetch()
            .await
            .map_err(|error| source(error.to_string()))?;
        if key.expires <= now {
            return Err(source("the key that was fetched has ended already".to_owned()));
        }
        let held = Held::new(key, now);
        let credentials = Arc::clone(&held.credentials);
        self.hold(held);
        Ok(credentials)
    }

    /// Another key, or the old one where there is none to be had.
    async fn renew(&self, old: Held, now: Timestamp) -> Arc<Credentials> {
        if let Ok(credentials) = self.fetch(now).await {
            return credentials;
        }
        let credentials = Arc::clone(&old.credentials);
        let renew = Timestamp::from_unix_millis(now.unix_millis().saturating_add(LET_BE_MILLIS));
        self.hold(Held { renew, ..old });
        credentials
    }
}

#[async_trait]
impl<S: KeySource> CredentialsProvider for Refreshing<S> {
    async fn credentials(&self, now: Timestamp) -> Result<Arc<Credentials>, Error> {
        if let Some(held) = self.live(now) {
            if now < held.renew {
                return Ok(held.credentials);
            }
            let Ok(_turn) = self.turn.try_lock() else {
                return Ok(held.credentials);
            };
            // Whoever had the turn before may have fetched one.
            return Ok(match self.live(now) {
                Some(held) if now < held.renew => held.credentials,
                _ => self.renew(held, now).await,
            });
        }
        let _turn = self.turn.lock().await;
        match self.live(now) {
            Some(held) => Ok(held.credentials),
            None => self.fetch(now).await,
        }
    }

    fn discard(&self, credentials: &Credentials) -> bool {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if held
            .as_ref()
            .is_some_and(|held| held.credentials.secret_id == credentials.secret_id)
        {
            *held = None;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as StdMutex;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use daypass_api::names::AccessKeyId;
    use daypass_api::outcome::SessionToken;
    use daypass_api::secret::SecretKey;

    use super::*;

    /// Gives keys of this life, numbered, while it works; it takes its time.
    struct Numbered {
        life: i64,
        now: StdMutex<i64>,
        works: StdMutex<bool>,
        fetched: AtomicU64,
    }

    #[async_trait]
    impl KeySource for Arc<Numbered> {
        async fn fetch(&self) -> Result<TemporaryKey, FetchError> {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let number = self.fetched.fetch_add(1, Ordering::SeqCst) + 1;
            if !*self.works.lock().unwrap() {
                return Err("nobody answers".into());
            }
            let now = *self.now.lock().unwrap();
            Ok(TemporaryKey {
                access_key_id: AccessKeyId::parse(&format!("AKIDnumber{number}")).unwrap(),
                secret_key: SecretKey::new("s".to_owned()),
                token: SessionToken::new("t".to_owned()),
                expires: Timestamp::from_unix_seconds(now + self.life),
                judgement: None,
            })
        }
    }

    struct Fixture {
        source: Arc<Numbered>,
        provider: Arc<Refreshing<Arc<Numbered>>>,
    }

    impl Fixture {
        fn new(life: i64) -> Self {
            let source = Arc::new(Numbered {
                life,
                now: StdMutex::new(0),
                works: StdMutex::new(true),
                fetched: AtomicU64::new(0),
            });
            let provider = Arc::new(Refreshing::new(Arc::clone(&source)));
            Self { source, provider }
        }

        async fn at(&self, seconds: i64) -> Result<String, String> {
            *self.source.now.lock().unwrap() = seconds;
            let key = self
                .provider
                .credentials(Timestamp::from_unix_seconds(seconds))
                .await;
            key.map(|key| key.secret_id.to_string())
                .map_err(|error| format!("{error:?}"))
        }

        fn fetched(&self) -> u64 {
            self.source.fetched.load(Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn a_key_is_renewed_ahead_of_its_end() {
        // Of a long life five minutes are left, of a short one a fifth.
        for (life, last) in [(7200, 6899), (600, 479)] {
            let fixture = Fixture::new(life);
            for seconds in [0, 1, last] {
                assert_eq!(fixture.at(seconds).await.unwrap(), "AKIDnumber1", "{seconds}");
            }
            assert_eq!(fixture.at(last + 1).await.unwrap(), "AKIDnumber2");
            assert_eq!(fixture.at(last + 2).await.unwrap(), "AKIDnumber2");
            assert_eq!(fixture.fetched(), 2);
        }
    }

    #[tokio::test]
    async fn where_none_can_be_fetched_the_old_one_does_until_its_end() {
        let fixture = Fixture::new(7200);
        fixture.at(0).await.unwrap();
        *fixture.source.works.lock().unwrap() = false;
        // Each failure is followed by a pause.
        for seconds in [6900, 6901, 6904, 6905, 7000, 7199] {
            assert_eq!(fixture.at(seconds).await.unwrap(), "AKIDnumber1", "{seconds}");
        }
        assert_eq!(fixture.fetched(), 5);
        let error = fixture.at(7200).await.unwrap_err();
        assert!(error.contains("nobody answers"), "{error}");
        *fixture.source.works.lock().unwrap() = true;
        assert_eq!(fixture.at(7200).await.unwrap(), "AKIDnumber7");
    }

    #[tokio::test]
    async fn one_of_many_fetches() {
        let fixture = Fixture::new(7200);
        for seconds in [0, 6900] {
            let now = Timestamp::from_unix_seconds(seconds);
            *fixture.source.now.lock().unwrap() = seconds;
            let many = (0..50).map(|_| {
                let provider = Arc::clone(&fixture.provider);
                tokio::spawn(async move { provider.credentials(now).await.unwrap().secret_id.to_string() })
            });
            let got = futures_util::future::join_all(many).await;
            let got: Vec<_> = got.into_iter().map(Result::unwrap).collect();
            let new = got.iter().filter(|id| **id != "AKIDnumber1").count();
            // Nobody waits for the second one but who fetches it.
            assert_eq!(new, usize::from(seconds > 0));
        }
        assert_eq!(fixture.fetched(), 2);
    }

    #[tokio::test]
    async fn what_the_server_does_not_take_is_fetched_anew() {
        let fixture = Fixture::new(7200);
        fixture.at(0).await.unwrap();
        let first = fixture
            .provider
            .credentials(Timestamp::from_unix_seconds(0))
            .await
            .unwrap();
        assert!(fixture.provider.discard(&first));
        assert_eq!(fixture.at(1).await.unwrap(), "AKIDnumber2");
        // It is told late of one that is gone already.
        assert!(fixture.provider.discard(&first));
        assert_eq!(
            (fixture.at(2).await.unwrap(), fixture.fetched()),
            ("AKIDnumber2".to_owned(), 2)
        );
        let over = Fixture::new(0);
        assert!(over.at(5).await.unwrap_err().contains("ended already"));
    }
}
