//! The versions of a policy.

use daypass_api::Outcome;
use daypass_api::names::{PolicyId, VersionId};
use daypass_api::operation::{IdentityOperation, VersionOperation};
use daypass_api::outcome::{PolicyVersion, PolicyVersionSummary};

use super::ActionClient;
use crate::error::Error;

impl ActionClient {
    /// Makes a version of a policy.
    pub async fn create_policy_version(
        &self,
        policy_id: PolicyId,
        document: &str,
        set_as_default: bool,
    ) -> Result<VersionId, Error> {
        let create = VersionOperation::Create {
            policy_id,
            document: document.to_owned(),
            set_as_default,
        };
        match self.identity(IdentityOperation::Version(create)).await? {
            Outcome::VersionCreated(id) => Ok(id),
            _ => Err(Error::other_outcome()),
        }
    }

    /// One version of a policy with its document.
    pub async fn get_policy_version(
        &self,
        policy_id: PolicyId,
        version: VersionId,
    ) -> Result<PolicyVersion, Error> {
        let get = VersionOperation::Get { policy_id, version };
        match self.identity(IdentityOperation::Version(get)).await? {
            Outcome::Version(version) => Ok(version),
            _ => Err(Error::other_outcome()),
        }
    }

    /// All versions of a policy.
    pub async fn list_policy_versions(
        &self,
        policy_id: PolicyId,
    ) -> Result<Vec<PolicyVersionSummary>, Error> {
        let list = VersionOperation::List(policy_id);
        match self.identity(IdentityOperation::Version(list)).await? {
            Outcome::Versions(versions) => Ok(versions),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Removes versions of a policy.
    pub async fn delete_policy_versions(
        &self,
        policy_id: PolicyId,
        versions: Vec<VersionId>,
    ) -> Result<(), Error> {
        let delete = VersionOperation::Delete { policy_id, versions };
        self.change(IdentityOperation::Version(delete)).await
    }

    /// Makes a version of a policy the one that counts.
    pub async fn set_default_policy_version(
        &self,
        policy_id: PolicyId,
        version: VersionId,
    ) -> Result<(), Error> {
        let set = VersionOperation::SetDefault { policy_id, version };
        self.change(IdentityOperation::Version(set)).await
    }
}
