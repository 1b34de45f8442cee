//! Sessions that were ended before their time: refused from the very next request on.
//!
//! The log of revocations in the store is the truth; what is kept here is the set that it amounts to. One small read
//! of the request's own snapshot tells whether the log has grown, and then only what is new is read, whichever
//! gateway wrote it. INVARIANT: the set is never behind the snapshot of a request that it is asked for.

use std::sync::{PoisonError, RwLock};

use daypass_access::Identity;
use daypass_access::revoked::RevokedSessions;
use daypass_api::names::{AccessKeyId, Uin};
use daypass_api::operation::{RevokeSession, RevokedTarget};
use daypass_api::outcome::Ended;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_store::View;
use daypass_store::identity::RevocationRecord;
use daypass_token::{Ancestor, MAX_SESSION_SECONDS};
use tokio::sync::Mutex;

use crate::service::Service;

/// Most revocations that are forgotten at a time.
const FORGET_LIMIT: usize = 50_000;

/// What was ended, as of a place in the log.
#[derive(Default)]
pub(crate) struct Revocations {
    state: RwLock<State>,
    /// One request reads what is new, the others wait for it.
    turn: Mutex<()>,
}

#[derive(Default)]
struct State {
    last: u64,
    sessions: RevokedSessions,
}

impl Revocations {
    fn last(&self) -> u64 {
        self.state.read().unwrap_or_else(PoisonError::into_inner).last
    }

    /// Whether a session was ended, as of this place in the log; none where what is known does not reach so far.
    fn contains(&self, identity: &Identity, last: u64) -> Option<bool> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        (state.last >= last).then(|| state.sessions.contains(identity))
    }

    /// Whether a session was ended that is known by what it descends from, and not by its token.
    pub(crate) fn ends(
        &self,
        ancestors: &[Ancestor],
        own: &Ancestor,
        responsible: Uin,
        key: Option<&AccessKeyId>,
    ) -> bool {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.sessions.ends(ancestors, own, responsible, key)
    }

    fn add(&self, records: &[(u64, RevocationRecord)]) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for (sequence, record) in records {
            let (issued_before, expires) = (record.issued_before, record.expires);
            state
                .sessions
                .add(record.owner, &record.ended, issued_before, expires);
            state.last = state.last.max(*sequence);
        }
    }

    /// Notes that everything up to a place was read: what is not there any more was forgotten.
    fn reached(&self, last: u64) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.last = state.last.max(last);
    }

    fn forget(&self, now: Timestamp) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.sessions.forget(now);
    }
}

impl Service {
    /// Refuses a session that was ended, or that descends from one that was.
    pub(crate) async fn refuse_revoked(&self, view: &View, identity: &Identity) -> Result<(), Error> {
        if identity.session.is_none() {
            return Ok(());
        }
        let last = view.last_revocation().await?;
        let known = match self.revocations.contains(identity, last) {
            Some(ended) => Some(ended),
            None => {
                self.follow_revocations(view).await?;
                self.revocations.contains(identity, last)
            }
        };
        match known {
            Some(false) => Ok(()),
            Some(true) => Err(ErrorCode::SessionRevoked.into()),
            None => Err(ErrorCode::InternalError.into()),
        }
    }

    /// Reads the whole log, so that no request has to wait for it.
    pub(crate) async fn read_revocations(&self) -> Result<(), Error> {
        self.follow_revocations(&self.store.view().await?).await
    }

    pub(crate) async fn follow_revocations(&self, view: &View) -> Result<(), Error> {
        let last = view.last_revocation().await?;
        if self.revocations.last() >= last {
            return Ok(());
        }
        let _turn = self.revocations.turn.lock().await;
        let mut read = self.revocations.last();
        while read < last {
            let records = view.revocations_after(read).await?;
            let Some((sequence, _)) = records.last() else {
                break;
            };
            read = *sequence;
            self.revocations.add(&records);
        }
        self.revocations.reached(last);
        Ok(())
    }

    /// Ends sessions; on stable storage when this returns, and seen by every request that begins afterwards.
    pub(crate) async fn revoke_session(
        &self,
        view: &View,
        revoke: &RevokeSession,
        identity: &Identity,
    ) -> Result<Outcome, Error> {
        // The clock is read again: what was minted since the request came in shall fall, too.
        let now = self.clock.now();
        let issued_before = revoke.issued_before.unwrap_or(now);
        if issued_before > now {
            let text = "sessions that will be made later cannot be ended";
            return Err(Error::with_message(ErrorCode::InvalidParameterValue, text));
        }
        let record = |ended| RevocationRecord {
            owner: identity.account.owner_uin,
            ended,
            issued_before,
            expires: issued_before.plus_seconds(MAX_SESSION_SECONDS),
            made: now,
            by: identity.origin.responsible(),
        };
        let ended = ended(view, &revoke.target, identity).await?;
        let records: Vec<_> = ended.into_iter().map(record).collect();
        self.store.revoke(&records).await
    }

    /// Forgets what would have ended by itself, in the store and here.
    pub(crate) async fn forget_revocations(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let forgotten = self.store.forget_revocations(now, FORGET_LIMIT).await?;
        if forgotten > 0 {
            tracing::info!(forgotten, "removed revocations of sessions that have ended");
        }
        self.revocations.forget(now);
        Ok(())
    }
}

/// What is ended, all of it the account's own.
async fn ended(view: &View, target: &RevokedTarget, identity: &Identity) -> Result<Vec<Ended>, Error> {
    let account = identity.account;
    match target {
        RevokedTarget::Sessions(ids) => ids.iter().map(session).collect(),
        RevokedTarget::User(uin) => {
            view.require_own_user(account, *uin).await?;
            Ok(vec![Ended::User(*uin)])
        }
        RevokedTarget::Role(role) => Ok(vec![Ended::Role(view.ended_role(account, role).await?)]),
        RevokedTarget::AccessKey(id) => {
            view.require_own_key(account, id).await?;
            Ok(vec![Ended::AccessKey(id.clone())])
        }
        RevokedTarget::Name(name) => Ok(vec![Ended::Name(name.as_str().to_owned())]),
    }
}

fn session(id: &AccessKeyId) -> Result<Ended, Error> {
    let session = daypass_token::session_id_of(id).map(Ended::Session);
    session.ok_or_else(|| {
        let text = format!("`{id}` is not the id of a temporary key");
        Error::with_message(ErrorCode::InvalidParameterValue, text)
    })
}
