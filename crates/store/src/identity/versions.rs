//! The versions of the account's own policies. The default one is in the policy's own record.

use daypass_api::names::{Account, PolicyId, Uin, VersionId};
use daypass_api::outcome::{PolicyVersion, PolicyVersionSummary};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::identity::{self, PolicyRecord, PolicyVersionRecord};
use daypass_metadata::keys;

use super::policies::AnyPolicy;
use crate::view::decoded;
use crate::{Attempts, Store, View, fault};

/// Most versions of one policy.
pub const MOST_VERSIONS: usize = 5;

impl Store {
    /// Makes a version of a policy, which counts at once if it is to be the default. Its document was checked before.
    pub async fn create_version(
        &self,
        owner: Account,
        policy: PolicyId,
        document: &str,
        set_as_default: bool,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let mut record = change.view.require_own_policy(owner, policy).await?;
            let others = change.view.other_versions(owner, policy).await?;
            if others.len().saturating_add(1) >= MOST_VERSIONS {
                return Err(ErrorCode::PolicyVersionFull.into());
            }
            let number = record.last_version.0.checked_add(1);
            let id = VersionId(number.ok_or(ErrorCode::PolicyVersionFull)?);
            record.last_version = id;
            let mut batch = change.batch();
            let new = PolicyVersionRecord {
                document: document.to_owned(),
                created: now,
            };
            if set_as_default {
                let (old_id, old) = record.exchange_default(id, new, now);
                batch = identity::put_version(batch, owner, policy, old_id, &old);
            } else {
                batch = identity::put_version(batch, owner, policy, id, &new);
            }
            if self
                .commit(identity::put_policy(batch, owner, policy, &record))
                .await?
            {
                return Ok(Outcome::VersionCreated(id));
            }
        }
    }

    /// One version of a policy with its document. A preset policy has one.
    pub async fn get_version(
        &self,
        view: &View,
        owner: Account,
        policy: PolicyId,
        version: VersionId,
    ) -> Result<Outcome, Error> {
        let found = view.require_policy(owner.owner_uin, policy).await?;
        if found.version == version {
            let summary = found.default_version();
            let document = found.document.to_string();
            return Ok(Outcome::Version(PolicyVersion { summary, document }));
        }
        let key = keys::policy_version(owner.owner_uin, policy, version);
        let found = view.record::<PolicyVersionRecord>(&key).await?;
        let PolicyVersionRecord { document, created } = found.ok_or(ErrorCode::PolicyVersionNotExist)?.record;
        let summary = PolicyVersionSummary {
            id: version,
            created,
            is_default: false,
        };
        Ok(Outcome::Version(PolicyVersion { summary, document }))
    }

    /// All versions of a policy, in order of their numbers.
    pub async fn list_versions(
        &self,
        view: &View,
        owner: Account,
        policy: PolicyId,
    ) -> Result<Outcome, Error> {
        let found = view.require_policy(owner.owner_uin, policy).await?;
        let mut versions = vec![found.default_version()];
        for (id, record) in view.other_versions(owner.owner_uin, policy).await? {
            versions.push(PolicyVersionSummary {
                id,
                created: record.created,
                is_default: false,
            });
        }
        versions.sort_by_key(|version| version.id);
        Ok(Outcome::Versions(versions))
    }

    /// Removes versions of a policy. All must exist and none may be the default one; otherwise none is removed.
    pub async fn delete_versions(
        &self,
        owner: Account,
        policy: PolicyId,
        versions: &[VersionId],
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let record = change.view.require_own_policy(owner, policy).await?;
            let others = change.view.other_versions(owner, policy).await?;
            let mut batch = change.batch();
            for version in versions {
                if *version == record.version {
                    return Err(ErrorCode::PolicyVersionIsDefault.into());
                }
                if !others.iter().any(|(id, _)| id == version) {
                    return Err(ErrorCode::PolicyVersionNotExist.into());
                }
                batch = identity::remove_version(batch, owner, policy, *version);
            }
            if self.commit(batch.reclaiming()).await? {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Makes a version of a policy the one that counts.
    pub async fn set_default_version(
        &self,
        owner: Account,
        policy: PolicyId,
        version: VersionId,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let mut record = change.view.require_own_policy(owner, policy).await?;
            if record.version == version {
                return Err(ErrorCode::PolicyVersionIsDefault.into());
            }
            let others = change.view.other_versions(owner, policy).await?;
            let chosen = others.into_iter().find(|(id, _)| *id == version);
            let (_, chosen) = chosen.ok_or(ErrorCode::PolicyVersionNotExist)?;
            let (old_id, old) = record.exchange_default(version, chosen, now);
            let batch = identity::put_version(change.batch(), owner, policy, old_id, &old);
            let batch = identity::remove_version(batch, owner, policy, version);
            if self
                .commit(identity::put_policy(batch, owner, policy, &record))
                .await?
            {
                return Ok(Outcome::Done);
            }
        }
    }
}

impl AnyPolicy {
    fn default_version(&self) -> PolicyVersionSummary {
        PolicyVersionSummary {
            id: self.version,
            created: self.version_created,
            is_default: true,
        }
    }
}

impl View {
    /// The record of a policy that is the account's own, and may be changed.
    pub(crate) async fn require_own_policy(&self, owner: Uin, id: PolicyId) -> Result<PolicyRecord, Error> {
        if self.require_policy(owner, id).await?.preset {
            return Err(ErrorCode::PolicyReadOnly.into());
        }
        let found = self.record::<PolicyRecord>(&keys::policy(owner, id)).await?;
        Ok(found.ok_or(ErrorCode::PolicyIdNotFound)?.record)
    }

    /// The versions of a policy beside the default one, in order of their numbers.
    pub(crate) async fn other_versions(
        &self,
        owner: Uin,
        policy: PolicyId,
    ) -> Result<Vec<(VersionId, PolicyVersionRecord)>, Error> {
        let read = |(key, value): (bytes::Bytes, bytes::Bytes)| {
            let id = keys::version_of_policy_version(&key);
            let id = id.ok_or_else(|| fault::inconsistent("the key of a version of a policy"))?;
            Ok((id, decoded(&value)?))
        };
        let pairs = self.all(keys::policy_versions(owner, policy)).await?;
        pairs.into_iter().map(read).collect()
    }
}
