//! When permanent access keys were last used: kept in memory, written down now and then.
//!
//! A request writes nothing. What was noted since the last writing is lost if the process is killed; a server that
//! stops in order writes it first. Requests of temporary keys are no use of the key that they rest on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};

use daypass_access::Identity;
use daypass_api::names::{AccessKeyId, Account};
use daypass_api::outcome::LastUse;
use daypass_api::{Error, Timestamp};
use daypass_store::View;

use crate::service::Service;

/// How long noted uses may wait before they are written.
const WRITE_EVERY_SECONDS: i64 = 10 * 60;

/// What was noted since the server started. It holds keys that signed a request, so never more than were ever made
/// meanwhile.
#[derive(Default)]
pub(crate) struct LastUses {
    noted: RwLock<HashMap<AccessKeyId, Noted>>,
    /// When they were last written, in milliseconds since 1970.
    tried: AtomicI64,
}

/// The last use of one key, and the last that is written, in milliseconds since 1970.
#[derive(Default)]
struct Noted {
    used: AtomicI64,
    written: AtomicI64,
}

impl LastUses {
    /// Notes a request that was signed with a permanent key.
    pub(crate) fn note(&self, identity: &Identity, now: Timestamp) {
        let (None, Some(key_id)) = (&identity.session, identity.origin.key()) else {
            return;
        };
        let noted = self.noted.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = noted.get(key_id) {
            key.used.fetch_max(now.unix_millis(), Ordering::Relaxed);
            return;
        }
        drop(noted);
        let mut noted = self.noted.write().unwrap_or_else(PoisonError::into_inner);
        let key = noted.entry(key_id.clone()).or_default();
        key.used.fetch_max(now.unix_millis(), Ordering::Relaxed);
    }

    fn find(&self, id: &AccessKeyId) -> Option<Timestamp> {
        let noted = self.noted.read().unwrap_or_else(PoisonError::into_inner);
        let used = noted.get(id)?.used.load(Ordering::Relaxed);
        Some(Timestamp::from_unix_millis(used))
    }

    fn unwritten(&self) -> Vec<(AccessKeyId, Timestamp)> {
        let noted = self.noted.read().unwrap_or_else(PoisonError::into_inner);
        let news = |(id, key): (&AccessKeyId, &Noted)| {
            let used = key.used.load(Ordering::Relaxed);
            let is_news = used > key.written.load(Ordering::Relaxed);
            is_news.then(|| (id.clone(), Timestamp::from_unix_millis(used)))
        };
        noted.iter().filter_map(news).collect()
    }

    fn note_written(&self, uses: &[(AccessKeyId, Timestamp)]) {
        let noted = self.noted.read().unwrap_or_else(PoisonError::into_inner);
        for (id, used) in uses {
            if let Some(key) = noted.get(id) {
                key.written.fetch_max(used.unix_millis(), Ordering::Relaxed);
            }
        }
    }

    /// Whether the last writing was long enough ago; if so, this one counts from now.
    fn is_due(&self, now: Timestamp) -> bool {
        let tried = Timestamp::from_unix_millis(self.tried.load(Ordering::Relaxed));
        let is_due = now >= tried.plus_seconds(WRITE_EVERY_SECONDS);
        if is_due {
            self.tried.store(now.unix_millis(), Ordering::Relaxed);
        }
        is_due
    }
}

impl Service {
    /// When each of these keys of the account was last used.
    pub(crate) async fn last_uses(
        &self,
        view: &View,
        owner: Account,
        ids: Vec<AccessKeyId>,
    ) -> Result<Vec<LastUse>, Error> {
        let mut uses = Vec::new();
        for id in ids {
            let stored = view.last_use(owner, &id).await?;
            let used = stored.max(self.last_uses.find(&id));
            uses.push(LastUse { id, used });
        }
        Ok(uses)
    }

    /// Writes what was noted, unless that was done a short while ago.
    pub(crate) async fn write_last_uses_when_due(&self) {
        if self.last_uses.is_due(self.clock.now()) {
            self.write_last_uses().await;
        }
    }

    /// Writes what was noted. A failure is logged and made good by the next attempt.
    pub(crate) async fn write_last_uses(&self) {
        let uses = self.last_uses.unwritten();
        match self.store.note_last_uses(&uses).await {
            Ok(()) => self.last_uses.note_written(&uses),
            Err(error) => tracing::error!(%error, "the last uses of access keys could not be written"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use daypass_access::{Principal, Session};
    use daypass_api::names::{AppId, SessionId, Uin};

    use daypass_token::SessionKind;

    use super::*;

    fn identity(session: Option<Session>) -> Identity {
        Identity {
            account: Account {
                app_id: AppId(1),
                owner_uin: Uin(2),
            },
            principal: Principal::User(Uin(2)),
            origin: daypass_token::Origin::Key {
                caller: Uin(2),
                key: AccessKeyId::parse("AKIDx").unwrap(),
            },
            session: session.map(Arc::new),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    #[test]
    fn what_is_noted_is_written_once() {
        let uses = LastUses::default();
        let id = identity(None).origin.key().unwrap().clone();
        uses.note(&identity(None), at(20));
        uses.note(&identity(None), at(10));
        assert_eq!(uses.find(&id), Some(at(20)));
        let unwritten = uses.unwritten();
        assert_eq!(unwritten, [(id.clone(), at(20))]);
        // A use in between is not forgotten, though it is in the same second.
        uses.note(&identity(None), Timestamp::from_unix_millis(20_001));
        uses.note_written(&unwritten);
        assert_eq!(uses.unwritten().len(), 1);
        uses.note_written(&uses.unwritten());
        assert_eq!(uses.unwritten(), []);
    }

    #[test]
    fn a_temporary_key_is_another_key() {
        let uses = LastUses::default();
        let session = Session {
            kind: SessionKind::Federation,
            id: SessionId([0; 16]),
            ancestors: Arc::new([]),
            name: Arc::from("n"),
            issued: at(0),
            expires: at(100),
            policies: Arc::new([]),
            tags: Arc::new([]),
            source_identity: None,
        };
        uses.note(&identity(Some(session)), at(20));
        assert_eq!(uses.find(identity(None).origin.key().unwrap()), None);
    }

    #[test]
    fn writing_is_rare() {
        let uses = LastUses::default();
        let start = at(1_700_000_000);
        assert!(uses.is_due(start));
        assert!(!uses.is_due(start.plus_seconds(WRITE_EVERY_SECONDS - 1)));
        assert!(uses.is_due(start.plus_seconds(WRITE_EVERY_SECONDS)));
    }
}
