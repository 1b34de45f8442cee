//! Temporary keys, and who one is.

use daypass_api::Outcome;
use daypass_api::operation::{
    AssumeRole, GetFederationToken, KeyRingOperation, ListRevocations, ListSessions, ListedTarget,
    MAX_LISTED_REVOCATIONS, MAX_LISTED_SESSIONS, Operation, RevokeSession, SessionOperation, Subject,
};
use daypass_api::outcome::{
    AccessKey, CallerIdentity, EpochSummary, Revocation, SessionSummary, TemporaryKey,
};

use super::ActionClient;
use crate::error::Error;

impl ActionClient {
    /// Mints a temporary key of the caller's own rights, narrowed by a policy.
    pub async fn get_federation_token(&self, get: GetFederationToken) -> Result<TemporaryKey, Error> {
        self.mint(SessionOperation::GetFederationToken(get)).await
    }

    /// Mints a temporary key of a role's rights, narrowed by a policy.
    pub async fn assume_role(&self, assume: AssumeRole) -> Result<TemporaryKey, Error> {
        self.mint(SessionOperation::AssumeRole(assume)).await
    }

    /// Mints a temporary key of the caller's own rights.
    pub async fn get_session_token(&self, duration_seconds: Option<i64>) -> Result<TemporaryKey, Error> {
        self.mint(SessionOperation::GetSessionToken { duration_seconds })
            .await
    }

    /// The ids of an identity's permanent keys, and whether they work. Notes about them are not told.
    pub async fn query_api_key(&self, subject: Subject) -> Result<Vec<AccessKey>, Error> {
        let operation = Operation::Session(SessionOperation::QueryApiKey(subject));
        match self.call(&operation).await? {
            Outcome::ApiKeys(keys) => Ok(keys),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Ends sessions before their time: when this returns, no request with one of their keys succeeds any more.
    pub async fn revoke_session(&self, revoke: RevokeSession) -> Result<(), Error> {
        let operation = Operation::Session(SessionOperation::RevokeSession(revoke));
        self.call(&operation).await.map(drop)
    }

    /// What the account ended so, in the order in which it did.
    pub async fn list_revocations(&self) -> Result<Vec<Revocation>, Error> {
        let (mut all, mut next) = (Vec::new(), Some(0));
        while let Some(after) = next {
            let limit = MAX_LISTED_REVOCATIONS;
            let list = SessionOperation::ListRevocations(ListRevocations { after, limit });
            let Outcome::Revocations(page) = self.call(&Operation::Session(list)).await? else {
                return Err(Error::other_outcome());
            };
            all.extend(page.entries);
            // A list that did not go on would go on for ever.
            next = page.next.filter(|next| *next > after);
        }
        Ok(all)
    }

    /// The account's temporary keys that the server knows, the newest first, at most so many.
    pub async fn list_sessions(
        &self,
        target: Option<ListedTarget>,
        live_only: bool,
        most: usize,
    ) -> Result<Vec<SessionSummary>, Error> {
        let (mut all, mut before) = (Vec::new(), None);
        while all.len() < most {
            let limit = most.saturating_sub(all.len()).min(MAX_LISTED_SESSIONS);
            let list = SessionOperation::ListSessions(ListSessions {
                target: target.clone(),
                live_only,
                before,
                limit,
            });
            let Outcome::Sessions(page) = self.call(&Operation::Session(list)).await? else {
                return Err(Error::other_outcome());
            };
            all.extend(page.entries);
            // A list that did not go on would go on for ever.
            match page.next {
                Some(next) if before.is_none_or(|before| next < before) => before = Some(next),
                _ => break,
            }
        }
        Ok(all)
    }

    /// Looks at the keys that seal session tokens, or replaces them; answers what is in the ring then.
    pub async fn key_ring(&self, operation: KeyRingOperation) -> Result<Vec<EpochSummary>, Error> {
        let operation = Operation::Session(SessionOperation::KeyRing(operation));
        match self.call(&operation).await? {
            Outcome::KeyRing(epochs) => Ok(epochs),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Wraps everything that is wrapped under a new master key; how many secrets of permanent keys that were.
    pub async fn rotate_master_key(&self) -> Result<u64, Error> {
        let operation = SessionOperation::KeyRing(KeyRingOperation::RotateMasterKey);
        match self.call(&Operation::Session(operation)).await? {
            Outcome::MasterKeyRotated(secrets) => Ok(secrets),
            _ => Err(Error::other_outcome()),
        }
    }

    async fn mint(&self, operation: SessionOperation) -> Result<TemporaryKey, Error> {
        match self.call(&Operation::Session(operation)).await? {
            Outcome::TemporaryKey(key) => Ok(key),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Whose key the requests are signed with.
    pub async fn get_caller_identity(&self) -> Result<CallerIdentity, Error> {
        let operation = Operation::Session(SessionOperation::GetCallerIdentity);
        match self.call(&operation).await? {
            Outcome::CallerIdentity(identity) => Ok(identity),
            _ => Err(Error::other_outcome()),
        }
    }
}
