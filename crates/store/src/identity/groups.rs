//! Groups of users, and who is in them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use daypass_api::names::{Account, GroupId, GroupName, Uin};
use daypass_api::operation::{Membership, NewGroup, Paging, UpdateGroup, UserRef};
use daypass_api::outcome::{Group, GroupDetails, Page, User};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::identity::{self, GROUP_COUNTER, GroupNameRecord, GroupRecord, Holder, UserNameRecord};
use daypass_metadata::keys;

use super::paged;
use crate::view::decoded;
use crate::{Attempts, Store, View, fault};

/// Most groups of one account.
pub const MOST_GROUPS: u64 = 300;
/// Most members of one group.
pub const MOST_MEMBERS: usize = 100;
/// Most groups that one user is in.
pub const MOST_GROUPS_OF_USER: usize = 10;

impl Store {
    /// Makes a group.
    pub async fn create_group(
        &self,
        owner: Account,
        new: &NewGroup,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let record = GroupRecord {
            name: new.name.clone(),
            remark: new.remark.clone(),
            created: now,
        };
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            change.view.require_free_group_name(owner, &new.name).await?;
            let mut tally = change.view.account_tally(owner).await?;
            if tally.groups >= MOST_GROUPS {
                return Err(ErrorCode::GroupFull.into());
            }
            tally.groups = tally.groups.saturating_add(1);
            let number = change.next_number(GROUP_COUNTER, 1).await?;
            let id = GroupId(number.ok_or(ErrorCode::GroupFull)?);
            let batch = identity::put_group(change.batch(), owner, id, &record);
            let batch = identity::set_counter(batch, GROUP_COUNTER, id.0);
            if self
                .commit(identity::put_account_tally(batch, owner, &tally))
                .await?
            {
                return Ok(Outcome::GroupCreated(id));
            }
        }
    }

    /// One group with its members.
    pub async fn get_group(&self, view: &View, owner: Account, id: GroupId) -> Result<Outcome, Error> {
        let group = view.require_group(owner.owner_uin, id).await?.group(id);
        let mut members = Vec::new();
        for uin in view.members(owner.owner_uin, id).await? {
            members.push(view.member(owner.owner_uin, uin).await?);
        }
        Ok(Outcome::Group(GroupDetails { group, members }))
    }

    /// A page of the groups, in order of their numbers.
    pub async fn list_groups(
        &self,
        view: &View,
        owner: Account,
        keyword: Option<&str>,
        paging: Paging,
    ) -> Result<Outcome, Error> {
        let mut groups: Vec<Group> = Vec::new();
        for (key, value) in view.all(keys::groups(owner.owner_uin)).await? {
            let id = keys::group_at_end(&key).ok_or_else(|| fault::inconsistent("the key of a group"))?;
            groups.push(decoded::<GroupRecord>(&value)?.group(id));
        }
        groups.retain(|group| keyword.is_none_or(|keyword| group.name.as_str().contains(keyword)));
        Ok(Outcome::Groups(paged(groups, paging)))
    }

    /// Changes a group.
    pub async fn update_group(&self, owner: Account, update: &UpdateGroup) -> Result<Outcome, Error> {
        let (owner, id) = (owner.owner_uin, update.group_id);
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let before = change.view.require_group(owner, id).await?;
            let after = GroupRecord {
                name: update.name.clone().unwrap_or_else(|| before.name.clone()),
                remark: update.remark.clone().unwrap_or_else(|| before.remark.clone()),
                created: before.created,
            };
            if after == before {
                return Ok(Outcome::Done);
            }
            let mut batch = change.batch();
            if after.name != before.name {
                change.view.require_free_group_name(owner, &after.name).await?;
                batch = identity::free_group_name(batch, owner, &before.name);
            }
            if self.commit(identity::put_group(batch, owner, id, &after)).await? {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Removes a group: its members leave it, and its policies are taken from it, in the same batch. A hundred members
    /// and two hundred policies are far from the limits of one.
    pub async fn delete_group(&self, owner: Account, id: GroupId) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let group = change.view.require_group(owner, id).await?;
            let members = change.view.members(owner, id).await?;
            let mut tally = change.view.account_tally(owner).await?;
            tally.groups = tally.groups.saturating_sub(1);
            tally.memberships = tally.memberships.saturating_sub(members.len() as u64);
            let batch = members.iter().fold(change.batch(), |batch, uin| {
                identity::leave_group(batch, owner, id, *uin)
            });
            let batch = change.detach_all(batch, owner, Holder::Group(id), None).await?;
            let batch = identity::put_account_tally(batch, owner, &tally);
            let batch = identity::remove_group(batch, owner, id, &group.name);
            if self.commit(batch.reclaiming()).await? {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Lets users join groups: all of them or, if one cannot, none. Who is in a group already stays in it.
    pub async fn add_users_to_groups(
        &self,
        owner: Account,
        memberships: &[Membership],
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let mut crowds = Crowds::default();
            let mut joins = Vec::new();
            for (group, uin) in change.view.resolve(owner, memberships).await? {
                if crowds.join(&change.view, owner, group, uin).await? {
                    joins.push((group, uin));
                }
            }
            if joins.is_empty() {
                return Ok(Outcome::Done);
            }
            let mut tally = change.view.account_tally(owner).await?;
            tally.memberships = tally.memberships.saturating_add(joins.len() as u64);
            let batch = joins.iter().fold(change.batch(), |batch, (group, uin)| {
                identity::join_group(batch, owner, *group, *uin)
            });
            if self
                .commit(identity::put_account_tally(batch, owner, &tally))
                .await?
            {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Lets users leave groups; who is not in a group is let be.
    pub async fn remove_users_from_groups(
        &self,
        owner: Account,
        memberships: &[Membership],
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let mut leaves = BTreeSet::new();
            for (group, uin) in change.view.resolve(owner, memberships).await? {
                if change.view.members(owner, group).await?.contains(&uin) {
                    leaves.insert((group, uin));
                }
            }
            if leaves.is_empty() {
                return Ok(Outcome::Done);
            }
            let mut tally = change.view.account_tally(owner).await?;
            tally.memberships = tally.memberships.saturating_sub(leaves.len() as u64);
            let batch = leaves.iter().fold(change.batch(), |batch, (group, uin)| {
                identity::leave_group(batch, owner, *group, *uin)
            });
            let batch = identity::put_account_tally(batch, owner, &tally);
            if self.commit(batch.reclaiming()).await? {
                return Ok(Outcome::Done);
            }
        }
    }

    /// A page of the groups that a user is in, in order of their numbers.
    pub async fn list_groups_of_user(
        &self,
        view: &View,
        owner: Account,
        user: UserRef,
        paging: Paging,
    ) -> Result<Outcome, Error> {
        let uin = view.require_user_ref(owner.owner_uin, user).await?;
        let mut groups = Vec::new();
        for id in view.groups_of(owner.owner_uin, uin).await? {
            groups.push(view.group_of_member(owner.owner_uin, id).await?.group(id));
        }
        Ok(Outcome::Groups(paged(groups, paging)))
    }

    /// A page of the members of a group, in order of their numbers.
    pub async fn list_group_members(
        &self,
        view: &View,
        owner: Account,
        id: GroupId,
        paging: Paging,
    ) -> Result<Outcome, Error> {
        view.require_group(owner.owner_uin, id).await?;
        let Page { total, entries } = paged(view.members(owner.owner_uin, id).await?, paging);
        let mut members = Vec::new();
        for uin in entries {
            members.push(view.member(owner.owner_uin, uin).await?);
        }
        Ok(Outcome::GroupMembers(Page {
            total,
            entries: members,
        }))
    }
}

/// Groups and users as they will be after some have joined.
#[derive(Default)]
struct Crowds {
    members: BTreeMap<GroupId, BTreeSet<Uin>>,
    groups: BTreeMap<Uin, BTreeSet<GroupId>>,
}

impl Crowds {
    /// Adds a user to a group; false if it is in it already.
    async fn join(&mut self, view: &View, owner: Uin, group: GroupId, uin: Uin) -> Result<bool, Error> {
        if let Entry::Vacant(members) = self.members.entry(group) {
            members.insert(view.members(owner, group).await?.into_iter().collect());
        }
        if let Entry::Vacant(groups) = self.groups.entry(uin) {
            groups.insert(view.groups_of(owner, uin).await?.into_iter().collect());
        }
        let members = self.members.entry(group).or_default();
        let groups = self.groups.entry(uin).or_default();
        if !members.insert(uin) {
            return Ok(false);
        }
        groups.insert(group);
        if members.len() > MOST_MEMBERS {
            return Err(ErrorCode::GroupUserFull.into());
        }
        if groups.len() > MOST_GROUPS_OF_USER {
            return Err(ErrorCode::UserGroupFull.into());
        }
        Ok(true)
    }
}

impl View {
    pub(crate) async fn group(&self, owner: Uin, id: GroupId) -> Result<Option<GroupRecord>, Error> {
        let found = self.record::<GroupRecord>(&keys::group(owner, id)).await?;
        Ok(found.map(|found| found.record))
    }

    pub(crate) async fn require_group(&self, owner: Uin, id: GroupId) -> Result<GroupRecord, Error> {
        self.group(owner, id)
            .await?
            .ok_or(ErrorCode::GroupNotFound.into())
    }

    /// The groups that a user is in, in order of their numbers.
    pub(crate) async fn groups_of(&self, owner: Uin, uin: Uin) -> Result<Vec<GroupId>, Error> {
        let pairs = self.all(keys::groups_of(owner, uin)).await?;
        let groups = pairs.iter().map(|(key, _)| keys::group_at_end(key));
        groups
            .collect::<Option<_>>()
            .ok_or_else(|| fault::inconsistent("the groups of a user"))
    }

    /// A group that somebody is in, and which therefore exists.
    pub(crate) async fn group_of_member(&self, owner: Uin, id: GroupId) -> Result<GroupRecord, Error> {
        let group = self.group(owner, id).await?;
        group.ok_or_else(|| fault::inconsistent("a group that has a member is missing"))
    }

    /// The number of the sub-account that receives messages under this number. A user that an earlier version of the
    /// program made is in no index, and is looked for.
    pub async fn user_of_uid(&self, owner: Uin, uid: u64) -> Result<Option<Uin>, Error> {
        let found = self
            .record::<UserNameRecord>(&keys::user_of_uid(owner, uid))
            .await?;
        if let Some(found) = found {
            return Ok(Some(found.record.uin));
        }
        let users = self.users(owner).await?;
        let user = users.into_iter().find(|user| user.uid == uid);
        Ok(user.map(|user| user.uin))
    }

    async fn require_user_ref(&self, owner: Uin, user: UserRef) -> Result<Uin, Error> {
        let uin = match user {
            UserRef::Uin(uin) | UserRef::Both(uin, _) => uin,
            UserRef::Uid(uid) => self
                .user_of_uid(owner, uid)
                .await?
                .ok_or(ErrorCode::UserNotExist)?,
        };
        let found = self.require_user(owner, uin).await?;
        match user {
            UserRef::Both(_, uid) if uid != found.uid => Err(ErrorCode::UserNotExist.into()),
            _ => Ok(uin),
        }
    }

    async fn resolve(&self, owner: Uin, memberships: &[Membership]) -> Result<Vec<(GroupId, Uin)>, Error> {
        let mut resolved = Vec::new();
        for membership in memberships {
            if self.group(owner, membership.group_id).await?.is_none() {
                return Err(ErrorCode::MemberGroupNotExist.into());
            }
            let uin = self.require_user_ref(owner, membership.user).await?;
            resolved.push((membership.group_id, uin));
        }
        Ok(resolved)
    }

    async fn members(&self, owner: Uin, group: GroupId) -> Result<Vec<Uin>, Error> {
        let pairs = self.all(keys::members(owner, group)).await?;
        let members = pairs.iter().map(|(key, _)| keys::uin_of_member(key));
        members
            .collect::<Option<_>>()
            .ok_or_else(|| fault::inconsistent("the members of a group"))
    }

    async fn member(&self, owner: Uin, uin: Uin) -> Result<User, Error> {
        let user = self.user(owner, uin).await?;
        user.ok_or_else(|| fault::inconsistent("a member of a group is missing"))
    }

    async fn require_free_group_name(&self, owner: Uin, name: &GroupName) -> Result<(), Error> {
        let taken = self
            .record::<GroupNameRecord>(&keys::group_named(owner, name))
            .await?;
        match taken {
            None => Ok(()),
            Some(_) => Err(ErrorCode::GroupNameInUse.into()),
        }
    }
}
