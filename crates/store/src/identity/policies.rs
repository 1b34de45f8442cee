//! Policies: the account's own, and those that come with the service, which are not stored.

use std::sync::Arc;

use daypass_api::names::{Account, PolicyId, PolicyName, Uin, VersionId};
use daypass_api::operation::{NewPolicy, Paging, PolicyScope, UpdatePolicy};
use daypass_api::outcome::{AttachedPolicy, Page, Policy, PolicySummary};
use daypass_api::tags::Tags;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::identity::{self, POLICY_COUNTER, PolicyNameRecord, PolicyRecord};
use daypass_metadata::keys;

use super::paged;
use crate::view::decoded;
use crate::{Attempts, Store, View, fault};

/// Most policies of one account.
pub const MOST_POLICIES: u64 = 1500;
/// The first number of an account's own policy; presets have smaller ones.
pub const FIRST_POLICY_ID: u64 = 100_000_001;
/// The version with which a policy is made.
const FIRST_VERSION: VersionId = VersionId(1);

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
    /// Of its default version.
    pub(crate) document: Arc<str>,
    /// The number of its default version.
    pub(crate) version: VersionId,
    pub(crate) version_created: Timestamp,
    alias: String,
    tags: Tags,
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
            version: FIRST_VERSION,
            version_created: now,
            last_version: FIRST_VERSION,
            alias: String::new(),
            tags: policy.tags.clone(),
        };
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let named = change.view.policy_number(owner.owner_uin, &policy.name).await?;
            if named.is_some() {
                return Err(ErrorCode::PolicyNameInUse.into());
            }
            let mut tally = change.view.account_tally(owner.owner_uin).await?;
            if tally.policies >= MOST_POLICIES {
                return Err(ErrorCode::PolicyFull.into());
            }
            tally.policies = tally.policies.saturating_add(1);
            let id = change
                .next_number(POLICY_COUNTER, FIRST_POLICY_ID)
                .await?
                .ok_or(ErrorCode::PolicyFull)?;
            let batch = identity::create_policy(change.batch(), owner.owner_uin, PolicyId(id), &record);
            let batch = identity::put_account_tally(batch, owner.owner_uin, &tally);
            if self
                .commit(identity::set_counter(batch, POLICY_COUNTER, id))
                .await?
            {
                return Ok(Outcome::PolicyCreated(PolicyId(id)));
            }
        }
    }

    /// Changes a policy: notes, and the document of its default version. The document was checked before. It goes by
    /// its number, as that was judged: the name may be another's by now.
    pub async fn update_policy(
        &self,
        owner: Account,
        id: PolicyId,
        update: &UpdatePolicy,
        now: Timestamp,
    ) -> Result<(), Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let mut record = change.view.require_own_policy(owner, id).await?;
            let before = record.clone();
            record.description = update.description.clone().unwrap_or(record.description);
            record.document = update.document.clone().unwrap_or(record.document);
            record.alias = update.alias.clone().unwrap_or(record.alias);
            if record == before {
                return Ok(());
            }
            record.updated = now;
            if self
                .commit(identity::put_policy(change.batch(), owner, id, &record))
                .await?
            {
                return Ok(());
            }
        }
    }

    /// One policy with its document.
    pub async fn get_policy(&self, view: &View, owner: Account, id: PolicyId) -> Result<Outcome, Error> {
        let policy = view.require_policy(owner.owner_uin, id).await?;
        let (document, alias) = (policy.document.to_string(), policy.alias.clone());
        let summary = view.summarize(owner.owner_uin, policy).await?;
        Ok(Outcome::Policy(Policy {
            summary,
            document,
            alias,
        }))
    }

    /// A page of the account's policies and the preset ones, in order of their numbers. Which there are is told by the
    /// index of their names, so that documents of this page alone are read.
    pub async fn list_policies(
        &self,
        view: &View,
        owner: Account,
        scope: PolicyScope,
        keyword: Option<&str>,
        paging: Paging,
    ) -> Result<Outcome, Error> {
        let is_wanted = |name: &str| keyword.is_none_or(|keyword| name.contains(keyword));
        let mut numbers: Vec<PolicyId> = Vec::new();
        if scope != PolicyScope::Custom {
            let presets = view.presets.iter();
            let wanted = presets.filter(|preset| is_wanted(preset.name.as_str()));
            numbers.extend(wanted.map(|preset| preset.id));
        }
        if scope != PolicyScope::Preset {
            let own = view.own_policies(owner.owner_uin).await?;
            let wanted = own.into_iter().filter(|(name, _)| is_wanted(name));
            numbers.extend(wanted.map(|(_, id)| id));
        }
        numbers.sort_unstable();
        let Page { total, entries } = paged(numbers, paging);
        let mut summaries = Vec::new();
        for id in entries {
            let policy = view.attached_policy(owner.owner_uin, id).await?;
            summaries.push(view.summarize(owner.owner_uin, policy).await?);
        }
        Ok(Outcome::Policies(Page {
            total,
            entries: summaries,
        }))
    }

    /// Removes policies and takes each from everybody who has it. All must exist, none may be a preset, and none
    /// anybody's boundary; otherwise none is removed.
    pub async fn delete_policies(&self, owner: Account, ids: &[PolicyId]) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let view = self.view().await?;
        for id in ids {
            view.require_own_policy(owner, *id).await?;
            view.require_no_boundary(owner, *id).await?;
        }
        drop(view);
        for id in ids {
            self.delete_policy(owner, *id).await?;
        }
        Ok(Outcome::Done)
    }

    /// One policy is one batch, since each of a thousand users, a thousand roles and three hundred groups may
    /// have it. One that went
    /// meanwhile is gone all right.
    async fn delete_policy(&self, owner: Uin, id: PolicyId) -> Result<(), Error> {
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let found = change
                .view
                .record::<PolicyRecord>(&keys::policy(owner, id))
                .await?;
            let Some(found) = found else {
                return Ok(());
            };
            change.view.require_no_boundary(owner, id).await?;
            let mut tally = change.view.account_tally(owner).await?;
            tally.policies = tally.policies.saturating_sub(1);
            let versions = change.view.other_versions(owner, id).await?;
            let versions: Vec<_> = versions.into_iter().map(|(version, _)| version).collect();
            let holders = change.view.holders(owner, id).await?;
            let batch = holders.iter().fold(change.batch(), |batch, holder| {
                identity::detach(batch, owner, *holder, id)
            });
            let batch = identity::put_account_tally(batch, owner, &tally);
            let batch = identity::remove_policy(batch, owner, id, &found.record.name, &versions);
            if self.commit(batch.reclaiming()).await? {
                return Ok(());
            }
        }
    }
}

/// Whether a policy belongs into a list.
pub(super) fn is_listed(policy: &AnyPolicy, scope: PolicyScope, keyword: Option<&str>) -> bool {
    let of_scope = match scope {
        PolicyScope::All => true,
        PolicyScope::Preset => policy.preset,
        PolicyScope::Custom => !policy.preset,
    };
    of_scope && keyword.is_none_or(|keyword| policy.name.as_str().contains(keyword))
}

impl AnyPolicy {
    fn preset(preset: &PresetPolicy) -> Self {
        Self {
            id: preset.id,
            name: preset.name.clone(),
            description: preset.description.clone(),
            preset: true,
            document: Arc::clone(&preset.document),
            version: FIRST_VERSION,
            version_created: preset.created,
            alias: String::new(),
            tags: Tags::new(),
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
            version: record.version,
            version_created: record.version_created,
            alias: record.alias,
            tags: record.tags,
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

    /// The names and numbers of the account's own policies.
    async fn own_policies(&self, owner: Uin) -> Result<Vec<(String, PolicyId)>, Error> {
        let read = |(key, value): (bytes::Bytes, bytes::Bytes)| {
            let name = keys::name_of_policy_named(&key)
                .ok_or_else(|| fault::inconsistent("the key of a policy's name"))?;
            Ok((name.to_owned(), decoded::<PolicyNameRecord>(&value)?.id))
        };
        let named = self.all(keys::policies_named(owner)).await?;
        named.into_iter().map(read).collect()
    }

    /// The number of the policy of this name, the account's own or a preset one.
    pub async fn policy_number(&self, owner: Uin, name: &PolicyName) -> Result<Option<PolicyId>, Error> {
        if let Some(preset) = self.presets.iter().find(|preset| preset.name == *name) {
            return Ok(Some(preset.id));
        }
        let key = keys::policy_named(owner, name);
        let found = self.record::<PolicyNameRecord>(&key).await?;
        Ok(found.map(|found| found.record.id))
    }

    /// What bounds somebody holds something back, which would be free without it.
    async fn require_no_boundary(&self, owner: Uin, id: PolicyId) -> Result<(), Error> {
        match self.policy_tally(owner, id).await?.boundaries {
            0 => Ok(()),
            _ => Err(ErrorCode::PolicyIsBoundary.into()),
        }
    }

    async fn summarize(&self, owner: Uin, policy: AnyPolicy) -> Result<PolicySummary, Error> {
        let tally = self.policy_tally(owner, policy.id).await?;
        Ok(PolicySummary {
            id: policy.id,
            name: policy.name,
            description: policy.description,
            preset: policy.preset,
            created: policy.created,
            updated: policy.updated,
            attachments: tally.attachments,
            boundaries: tally.boundaries,
            tags: policy.tags,
        })
    }
}
