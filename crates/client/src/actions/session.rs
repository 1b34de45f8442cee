//! Temporary keys, and who one is.

use daypass_api::Outcome;
use daypass_api::operation::{GetFederationToken, Operation, SessionOperation};
use daypass_api::outcome::{CallerIdentity, TemporaryKey};

use super::ActionClient;
use crate::error::Error;

impl ActionClient {
    /// Mints a temporary key of the caller's own rights, narrowed by a policy.
    pub async fn get_federation_token(&self, get: GetFederationToken) -> Result<TemporaryKey, Error> {
        let operation = Operation::Session(SessionOperation::GetFederationToken(get));
        match self.call(&operation).await? {
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
