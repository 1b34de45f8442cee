//! Policies: the account's own, and those that come with the service, which are not stored.

use std::sync::Arc;

use daypass_api::names::{Account, PolicyId, PolicyName, Uin};
use daypass_api::operation::{NewPolicy, Paging, PolicyScope};
use daypass_api::outcome::{AttachedPolicy, Page, Policy, PolicySummary};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::identity::{self, POLICY_COUNTER, PolicyNameRecord, PolicyRecord};
use daypass_metadata::keys;

use crate::view::decoded;
use crate::{Attempts, Store, View, fault};

/// Most policies of one account.
pub const MOST_POLICIES: usize = 1500;
/// The first number of an account's own policy; presets have smaller ones.
pub const FIRST_POLICY_ID: u64 = 100_000_001;

/// A policy that comes with the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresetPolicy {
    /// Its number, less than [`FIRST_POLICY_ID`].
    pub id: PolicyId,
    /// Its name, which no other policy may have.
    pub name: PolicyName,
    /// A note about it.
    pub description: String,
    /// Its document.
    pub document: Arc<str>,
    /// Since when it is as it is.
    pub created: Timestamp,
}

/// A policy, whichever kind it is of.
pub(crate) struct AnyPolicy {
    pub(crate) id: PolicyId,
    pub(crate) name: PolicyName,
    pub(crate) description: String,
    pub(crate) preset: bool,
    pub(crate) document: Arc<str>,
    created: Timestamp,
    updated: Timestamp,
}

impl Store {
    /// Makes a policy. Its document was checked before.
    pub async fn create_policy(
        &self,
        owner: Account,
        policy: &NewPolicy,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let record = PolicyRecord {
            name: policy.name.clone(),
            description: policy.description.clone(),
            document: policy.document.clone(),
            created: now,
            updated: now,
        };
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            if change
                .view
                .has_policy_named(owner.owner_uin, &policy.name)
                .await?
            {
                return Err(ErrorCode::PolicyNameInUse.into());
            }
            if change.view.all(keys::policies(owner.owner_uin)).await?.len() >= MOST_POLICIES {
                return Err(ErrorCode::PolicyFull.into());
            }
            let id = change
                .next_number(POLICY_COUNTER, FIRST_POLICY_ID)
                .await?
                .ok_or(ErrorCode::PolicyFull)?;
            let batch = identity::create_policy(change.batch(), owner.owner_uin, PolicyId(id), &record);
            if self
                .commit(identity::set_counter(batch, POLICY_COUNTER, id))
                .await?
            {
                return Ok(Outcome::PolicyCreated(PolicyId(id)));
            }
        }
    }

    /// One policy with its document.
    pub async fn get_policy(&self, view: &View, owner: Account, id: PolicyId) -> Result<Outcome, Error> {
        let policy = view.require_policy(owner.owner_uin, id).await?;
        let document = policy.document.to_string();
        let summary = view.summarize(owner.owner_uin, policy).await?;
        Ok(Outcome::Policy(Policy { summary, document }))
    }

    /// A page of the account's policies and the preset ones, in order of their numbers.
    pub async fn list_policies(
        &self,
        view: &View,
        owner: Account,
        scope: PolicyScope,
        keyword: Option<&str>,
        paging: Paging,
    ) -> Result<Outcome, Error> {
        let mut policies = Vec::new();
        if scope != PolicyScope::Custom {
            policies.extend(view.presets.iter().map(AnyPolicy::preset));
        }
        if scope != PolicyScope::Preset {
            policies.extend(view.own_policies(owner.owner_uin).await?);
        }
        policies.retain(|policy| keyword.is_none_or(|keyword| policy.name.as_str().contains(keyword)));
        policies.sort_by_key(|policy| policy.id);
        let total = policies.len();
        let mut entries = Vec::new();
        for policy in policies
            .into_iter()
            .skip(paging.offset())
            .take(paging.page_size as usize)
        {
            entries.push(view.summarize(owner.owner_uin, policy).await?);
        }
        Ok(Outcome::Policies(Page { total, entries }))
    }

    /// Removes policies and takes each from everybody who has it. All must exist and none may be a preset;
    /// otherwise none is removed.
    pub async fn delete_policies(&self, owner: Account, ids: &[PolicyId]) -> Result<Outcome, Error> {
        let _turn = self.identity_turn().await;
        let view = self.view().await?;
        for id in ids {
            if view.require_policy(owner.owner_uin, *id).await?.preset {
                return Err(ErrorCode::PolicyReadOnly.into());
            }
            view.require_bounds_no_role(owner.owner_uin, *id).await?;
        }
        drop(view);
        for id in ids {
            self.delete_policy(owner.owner_uin, *id).await?;
        }
        Ok(Outcome::Done)
    }

    /// One policy is one batch, since a thousand users may have each. One that went meanwhile is gone all right.
    async fn delete_policy(&self, owner: Uin, id: PolicyId) -> Result<(), Error> {
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let Some(found) = change
                .view
                .record::<PolicyRecord>(&keys::policy(owner, id))
                .await?
            else {
                return Ok(());
            };
            let holders = change.view.holders(owner, id).await?;
            let roles = change.view.role_holders(owner, id).await?;
            change.view.require_bounds_no_role(owner, id).await?;
            let name = &found.record.name;
            let batch = identity::remove_policy(change.batch(), owner, id, name, &holders, &roles);
            if self.commit(batch.reclaiming()).await? {
                return Ok(());
            }
        }
    }
}

impl AnyPolicy {
    fn preset(preset: &PresetPolicy) -> Self {
        Self {
            id: preset.id,
            name: preset.name.clone(),
            description: preset.description.clone(),
            preset: true,
            document: Arc::clone(&preset.document),
            created: preset.created,
            updated: preset.created,
        }
    }

    /// The policy as somebody has it since then.
    pub(crate) fn attached_at(self, attached: Timestamp) -> AttachedPolicy {
        AttachedPolicy {
            id: self.id,
            name: self.name,
            preset: self.preset,
            attached,
            description: self.description,
        }
    }

    fn own(id: PolicyId, record: PolicyRecord) -> Self {
        Self {
            id,
            name: record.name,
            description: record.description,
            preset: false,
            document: record.document.into(),
            created: record.created,
            updated: record.updated,
        }
    }
}

impl View {
    /// A policy of the account or a preset one.
    pub(crate) async fn policy(&self, owner: Uin, id: PolicyId) -> Result<Option<AnyPolicy>, Error> {
        if let Some(preset) = self.presets.iter().find(|preset| preset.id == id) {
            return Ok(Some(AnyPolicy::preset(preset)));
        }
        let found = self.record::<PolicyRecord>(&keys::policy(owner, id)).await?;
        Ok(found.map(|found| AnyPolicy::own(id, found.record)))
    }

    pub(crate) async fn require_policy(&self, owner: Uin, id: PolicyId) -> Result<AnyPolicy, Error> {
        self.policy(owner, id)
            .await?
            .ok_or(ErrorCode::PolicyIdNotFound.into())
    }

    async fn own_policies(&self, owner: Uin) -> Result<Vec<AnyPolicy>, Error> {
        let read = |(key, value): (bytes::Bytes, bytes::Bytes)| {
            let id =
                keys::policy_of_policy(&key).ok_or_else(|| fault::inconsistent("the key of a policy"))?;
            Ok(AnyPolicy::own(id, decoded(&value)?))
        };
        self.all(keys::policies(owner))
            .await?
            .into_iter()
            .map(read)
            .collect()
    }

    async fn has_policy_named(&self, owner: Uin, name: &PolicyName) -> Result<bool, Error> {
        Ok(self.policy_number(owner, name).await?.is_some())
    }

    /// The number of the policy of this name, the account's own or a preset one.
    pub(crate) async fn policy_number(
        &self,
        owner: Uin,
        name: &PolicyName,
    ) -> Result<Option<PolicyId>, Error> {
        if let Some(preset) = self.presets.iter().find(|preset| preset.name == *name) {
            return Ok(Some(preset.id));
        }
        let key = keys::policy_named(owner, name);
        let found = self.record::<PolicyNameRecord>(&key).await?;
        Ok(found.map(|found| found.record.id))
    }

    pub(crate) async fn summarize(&self, owner: Uin, policy: AnyPolicy) -> Result<PolicySummary, Error> {
        let users = self.holders(owner, policy.id).await?.len();
        let attachments = (users + self.role_holders(owner, policy.id).await?.len()) as u64;
        Ok(PolicySummary {
            id: policy.id,
            name: policy.name,
            description: policy.description,
            preset: policy.preset,
            created: policy.created,
            updated: policy.updated,
            attachments,
        })
    }

    async fn holders(&self, owner: Uin, policy: PolicyId) -> Result<Vec<Uin>, Error> {
        let pairs = self.all(keys::holders(owner, policy)).await?;
        let holders = pairs.iter().map(|(key, _)| keys::uin_of_holder(key));
        holders
            .collect::<Option<_>>()
            .ok_or_else(|| fault::inconsistent("the index of policy holders"))
    }
}
