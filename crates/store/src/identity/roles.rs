//! Roles: identities without keys, as which others act.
//!
//! Whom a role trusts is decided elsewhere, from its document. What is settled here, on the view that the document
//! is stored on, is that everybody whom it names exists, and whose a role name was at that moment: a role of the
//! same name made later is somebody else.

use std::sync::Arc;

use daypass_api::names::{Account, PolicyId, ProviderName, RoleId, RoleName, Uin};
use daypass_api::operation::{MAX_ROLE_TAGS, NewRole, Paging, RoleRef};
use daypass_api::outcome::{Page, Role};
use daypass_api::tags::Tags;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::identity::{
    self, Holder, ROLE_COUNTER, RoleNameRecord, RoleRecord, TrustedProvider, TrustedRole,
};
use daypass_metadata::keys;

use super::paged;
use crate::view::decoded;
use crate::{Attempts, Store, View, fault};

/// Most roles of one account.
pub const MOST_ROLES: u64 = 1000;
/// The first number of a role.
pub const FIRST_ROLE_ID: u64 = 4_611_686_018_427_387_905;

/// Somebody whom a role's document names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trusted {
    /// An account, or all users of it.
    Account(Uin),
    /// One user of an account.
    User(Uin, Uin),
    /// A role of an account.
    Role(Uin, RoleRef),
    /// An identity provider of an account.
    Provider(Uin, ProviderName),
}

/// A role, as deciding needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRole {
    /// All that is told about it.
    pub role: Role,
    /// The account that it is in.
    pub account: Account,
    /// The roles that its document names by name, as they were when it was given.
    pub trusted: Vec<TrustedRole>,
    /// The identity providers that its document names, as they were when it was given.
    pub providers: Vec<TrustedProvider>,
    /// The policy that bounds what it may do.
    pub boundary: Option<PolicyId>,
}

impl Store {
    /// Makes a role whose document, checked before, names these.
    pub async fn create_role(
        &self,
        owner: Account,
        new: &NewRole,
        trusted: &[Trusted],
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let named = RoleRef::Name(new.name.clone());
            if change.view.role_number(owner, &named).await?.is_some() {
                return Err(ErrorCode::RoleNameInUse.into());
            }
            let mut tally = change.view.account_tally(owner).await?;
            if tally.roles >= MOST_ROLES {
                return Err(ErrorCode::RoleFull.into());
            }
            let (trusted, providers) = change.view.resolve_trusted(trusted).await?;
            tally.roles = tally.roles.saturating_add(1);
            let record = RoleRecord {
                name: new.name.clone(),
                document: new.document.clone(),
                trusted,
                providers,
                description: new.description.clone(),
                console_login: new.console_login,
                session_duration: new.session_duration,
                tags: new.tags.clone(),
                boundary: None,
                created: now,
                updated: now,
            };
            let id = change.next_number(ROLE_COUNTER, FIRST_ROLE_ID).await?;
            let id = id.ok_or(ErrorCode::RoleFull)?;
            let batch = identity::create_role(change.batch(), owner, RoleId(id), &record);
            let batch = identity::put_account_tally(batch, owner, &tally);
            if self
                .commit(identity::set_counter(batch, ROLE_COUNTER, id))
                .await?
            {
                return Ok(Outcome::RoleCreated(RoleId(id)));
            }
        }
    }

    /// One role.
    pub async fn get_role(&self, view: &View, owner: Account, role: &RoleRef) -> Result<Outcome, Error> {
        let (id, record) = view.require_role(owner.owner_uin, role).await?;
        Ok(Outcome::Role(record.role(owner.owner_uin, id)))
    }

    /// A page of the account's roles that have all these tags, in order of their numbers.
    pub async fn list_roles(
        &self,
        view: &View,
        owner: Account,
        tags: &Tags,
        paging: Paging,
    ) -> Result<Outcome, Error> {
        let mut roles = view.roles(owner.owner_uin).await?;
        roles.retain(|(_, record)| tags.iter().all(|tag| record.tags.contains(tag)));
        let Page { total, entries } = paged(roles, paging);
        let told = entries
            .into_iter()
            .map(|(id, record)| record.role(owner.owner_uin, id));
        Ok(Outcome::Roles(Page {
            total,
            entries: told.collect(),
        }))
    }

    /// Removes a role with its policies and its boundary. Changes go by number, as all of them: a name may have passed on
    /// to another role since it was decided.
    pub async fn delete_role(&self, owner: Account, role: RoleId) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let (_, record) = change.view.require_role(owner, &RoleRef::Id(role)).await?;
            let mut tally = change.view.account_tally(owner).await?;
            tally.roles = tally.roles.saturating_sub(1);
            let batch = identity::put_account_tally(change.batch(), owner, &tally);
            let batch = change
                .detach_all(batch, owner, Holder::Role(role), record.boundary)
                .await?;
            let batch = identity::remove_role(batch, owner, role, &record.name);
            if self.commit(batch.reclaiming()).await? {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Replaces a role's document, checked before, that names these.
    pub async fn update_role_trust(
        &self,
        owner: Account,
        role: RoleId,
        document: &str,
        trusted: &[Trusted],
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let named = RoleRef::Id(role);
            let (_, mut record) = change.view.require_role(owner.owner_uin, &named).await?;
            (record.trusted, record.providers) = change.view.resolve_trusted(trusted).await?;
            document.clone_into(&mut record.document);
            record.updated = now;
            if self
                .commit(identity::put_role(change.batch(), owner.owner_uin, role, &record))
                .await?
            {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Replaces the note about a role.
    pub async fn update_role_description(
        &self,
        owner: Account,
        role: RoleId,
        description: &str,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let edit = |record: &mut RoleRecord| {
            description.clone_into(&mut record.description);
            Ok(())
        };
        self.edit_role(owner, role, now, edit).await
    }

    /// Replaces the longest life of a role's sessions.
    pub async fn update_role_session_duration(
        &self,
        owner: Account,
        role: RoleId,
        seconds: i64,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let edit = |record: &mut RoleRecord| {
            record.session_duration = seconds;
            Ok(())
        };
        self.edit_role(owner, role, now, edit).await
    }

    /// Says whether a role may be used at a console.
    pub async fn update_role_console_login(
        &self,
        owner: Account,
        role: RoleId,
        allowed: bool,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let edit = |record: &mut RoleRecord| {
            record.console_login = allowed;
            Ok(())
        };
        self.edit_role(owner, role, now, edit).await
    }

    /// Adds tags to a role; a key that is there already gets the new value.
    pub async fn tag_role(
        &self,
        owner: Account,
        role: RoleId,
        tags: &Tags,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let edit = |record: &mut RoleRecord| {
            for (key, value) in tags {
                match record.tags.iter_mut().find(|(known, _)| known == key) {
                    Some((_, known)) => known.clone_from(value),
                    None => record.tags.push((key.clone(), value.clone())),
                }
            }
            if record.tags.len() > MAX_ROLE_TAGS {
                return Err(ErrorCode::TagLimitExceeded.into());
            }
            Ok(())
        };
        self.edit_role(owner, role, now, edit).await
    }

    /// Takes tags from a role; one that is not there changes nothing.
    pub async fn untag_role(
        &self,
        owner: Account,
        role: RoleId,
        keys: &[String],
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let edit = |record: &mut RoleRecord| {
            record.tags.retain(|(key, _)| !keys.contains(key));
            Ok(())
        };
        self.edit_role(owner, role, now, edit).await
    }

    /// Changes what is stored about a role.
    async fn edit_role(
        &self,
        owner: Account,
        role: RoleId,
        now: Timestamp,
        edit: impl Fn(&mut RoleRecord) -> Result<(), Error> + Send + Sync,
    ) -> Result<Outcome, Error> {
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let named = RoleRef::Id(role);
            let (_, mut record) = change.view.require_role(owner.owner_uin, &named).await?;
            edit(&mut record)?;
            record.updated = now;
            if self
                .commit(identity::put_role(change.batch(), owner.owner_uin, role, &record))
                .await?
            {
                return Ok(Outcome::Done);
            }
        }
    }
}

impl View {
    /// A role of an account; none if there is no such account or role.
    pub async fn role(&self, owner: Uin, role: &RoleRef) -> Result<Option<StoredRole>, Error> {
        let Some(account) = self.account(owner).await? else {
            return Ok(None);
        };
        let Some((id, record)) = self.role_record(owner, role).await? else {
            return Ok(None);
        };
        let (trusted, boundary) = (record.trusted.clone(), record.boundary);
        let providers = record.providers.clone();
        Ok(Some(StoredRole {
            role: record.role(owner, id),
            account,
            trusted,
            providers,
            boundary,
        }))
    }

    /// The policies that a role has now, with their documents. If one of them cannot be found, this fails.
    pub async fn role_policies(&self, owner: Uin, id: RoleId) -> Result<Vec<Arc<str>>, Error> {
        let mut policies = Vec::new();
        for (policy, _) in self.attachments(owner, Holder::Role(id)).await? {
            policies.push(self.attached_policy(owner, policy).await?.document);
        }
        Ok(policies)
    }

    /// The document of a policy, the account's own or a preset one.
    pub async fn policy_document(&self, owner: Uin, id: PolicyId) -> Result<Option<Arc<str>>, Error> {
        Ok(self.policy(owner, id).await?.map(|policy| policy.document))
    }

    pub(crate) async fn require_role(
        &self,
        owner: Uin,
        role: &RoleRef,
    ) -> Result<(RoleId, RoleRecord), Error> {
        let found = self.role_record(owner, role).await?;
        found.ok_or(ErrorCode::RoleNotExist.into())
    }

    pub(crate) async fn role_record(
        &self,
        owner: Uin,
        role: &RoleRef,
    ) -> Result<Option<(RoleId, RoleRecord)>, Error> {
        let Some(id) = self.role_number(owner, role).await? else {
            return Ok(None);
        };
        let found = self.record::<RoleRecord>(&keys::role(owner, id)).await?;
        match (found, role) {
            (Some(found), _) => Ok(Some((id, found.record))),
            (None, RoleRef::Id(_)) => Ok(None),
            (None, RoleRef::Name(_)) => Err(fault::inconsistent("the index of role names")),
        }
    }

    /// The number of a role; none if there is none of this name.
    pub async fn role_number(&self, owner: Uin, role: &RoleRef) -> Result<Option<RoleId>, Error> {
        match role {
            RoleRef::Id(id) => Ok(Some(*id)),
            RoleRef::Name(name) => {
                let key = keys::role_named(owner, name);
                let found = self.record::<RoleNameRecord>(&key).await?;
                Ok(found.map(|found| found.record.id))
            }
        }
    }

    async fn roles(&self, owner: Uin) -> Result<Vec<(RoleId, RoleRecord)>, Error> {
        let read = |(key, value): (bytes::Bytes, bytes::Bytes)| {
            let id = keys::id_of_role(&key).ok_or_else(|| fault::inconsistent("the key of a role"))?;
            Ok((id, decoded(&value)?))
        };
        let pairs = self.all(keys::roles(owner)).await?;
        pairs.into_iter().map(read).collect()
    }

    /// Whether all of these exist, and whose the names of roles and providers are now.
    async fn resolve_trusted(
        &self,
        trusted: &[Trusted],
    ) -> Result<(Vec<TrustedRole>, Vec<TrustedProvider>), Error> {
        let (mut roles, mut providers) = (Vec::new(), Vec::new());
        for party in trusted {
            let exists = match party {
                Trusted::Account(owner) => self.account(*owner).await?.is_some(),
                Trusted::User(owner, uin) => self.user(*owner, *uin).await?.is_some(),
                Trusted::Role(owner, role) => match self.role_record(*owner, role).await? {
                    Some((id, RoleRecord { name, .. })) => {
                        roles.extend(self.named(*owner, role, name, id));
                        true
                    }
                    None => false,
                },
                Trusted::Provider(owner, name) => {
                    let found = self.provider_named(*owner, name).await?;
                    providers.extend(found.iter().map(|found| TrustedProvider {
                        owner: *owner,
                        name: name.clone(),
                        id: found.id,
                    }));
                    found.is_some()
                }
            };
            if !exists {
                return Err(ErrorCode::PrincipalQcsNotExist.into());
            }
        }
        Ok((roles, providers))
    }

    fn named(&self, owner: Uin, role: &RoleRef, name: RoleName, id: RoleId) -> Option<TrustedRole> {
        matches!(role, RoleRef::Name(_)).then_some(TrustedRole { owner, name, id })
    }
}
