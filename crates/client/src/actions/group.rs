//! Groups of users, who is in them, and their policies.

use daypass_api::Outcome;
use daypass_api::names::{GroupId, PolicyId};
use daypass_api::operation::{GroupOperation, IdentityOperation, Membership, NewGroup, UpdateGroup, UserRef};
use daypass_api::outcome::{AttachedPolicy, Group, GroupDetails, User};

use super::ActionClient;
use super::identity::{is_last, paging};
use crate::error::Error;

impl ActionClient {
    /// Makes a group.
    pub async fn create_group(&self, new: NewGroup) -> Result<GroupId, Error> {
        match self.group(GroupOperation::Create(new)).await? {
            Outcome::GroupCreated(id) => Ok(id),
            _ => Err(Error::other_outcome()),
        }
    }

    /// One group with its members.
    pub async fn get_group(&self, id: GroupId) -> Result<GroupDetails, Error> {
        match self.group(GroupOperation::Get(id)).await? {
            Outcome::Group(details) => Ok(details),
            _ => Err(Error::other_outcome()),
        }
    }

    /// All groups, of these only those whose name holds the keyword.
    pub async fn list_groups(&self, keyword: Option<&str>) -> Result<Vec<Group>, Error> {
        let mut groups = Vec::new();
        for page in 1.. {
            let list = GroupOperation::List {
                keyword: keyword.map(str::to_owned),
                paging: paging(page),
            };
            let Outcome::Groups(page) = self.group(list).await? else {
                return Err(Error::other_outcome());
            };
            if is_last(&mut groups, page) {
                break;
            }
        }
        Ok(groups)
    }

    /// Changes a group.
    pub async fn update_group(&self, update: UpdateGroup) -> Result<(), Error> {
        self.group(GroupOperation::Update(update)).await.map(drop)
    }

    /// Removes a group.
    pub async fn delete_group(&self, id: GroupId) -> Result<(), Error> {
        self.group(GroupOperation::Delete(id)).await.map(drop)
    }

    /// Lets users join groups, all or none; 1 to 100 at once.
    pub async fn add_users_to_groups(&self, memberships: Vec<Membership>) -> Result<(), Error> {
        self.group(GroupOperation::AddUsers(memberships)).await.map(drop)
    }

    /// Lets users leave groups; 1 to 100 at once.
    pub async fn remove_users_from_groups(&self, memberships: Vec<Membership>) -> Result<(), Error> {
        self.group(GroupOperation::RemoveUsers(memberships))
            .await
            .map(drop)
    }

    /// All groups of a user.
    pub async fn list_groups_of_user(&self, user: UserRef) -> Result<Vec<Group>, Error> {
        let mut groups = Vec::new();
        for page in 1.. {
            let paging = paging(page);
            let list = GroupOperation::ListOfUser { user, paging };
            let Outcome::Groups(page) = self.group(list).await? else {
                return Err(Error::other_outcome());
            };
            if is_last(&mut groups, page) {
                break;
            }
        }
        Ok(groups)
    }

    /// All members of a group.
    pub async fn list_users_of_group(&self, group_id: GroupId) -> Result<Vec<User>, Error> {
        let mut users = Vec::new();
        for page in 1.. {
            let paging = paging(page);
            let list = GroupOperation::ListUsers { group_id, paging };
            let Outcome::GroupMembers(page) = self.group(list).await? else {
                return Err(Error::other_outcome());
            };
            if is_last(&mut users, page) {
                break;
            }
        }
        Ok(users)
    }

    /// Gives a policy to a group.
    pub async fn attach_group_policy(&self, group_id: GroupId, policy_id: PolicyId) -> Result<(), Error> {
        let attach = GroupOperation::AttachPolicy { group_id, policy_id };
        self.group(attach).await.map(drop)
    }

    /// Takes a policy from a group.
    pub async fn detach_group_policy(&self, group_id: GroupId, policy_id: PolicyId) -> Result<(), Error> {
        let detach = GroupOperation::DetachPolicy { group_id, policy_id };
        self.group(detach).await.map(drop)
    }

    /// All policies of a group.
    pub async fn list_attached_group_policies(
        &self,
        group_id: GroupId,
    ) -> Result<Vec<AttachedPolicy>, Error> {
        let mut policies = Vec::new();
        for page in 1.. {
            let list = GroupOperation::ListPolicies {
                group_id,
                keyword: None,
                paging: paging(page),
            };
            let Outcome::AttachedPolicies(page) = self.group(list).await? else {
                return Err(Error::other_outcome());
            };
            if is_last(&mut policies, page) {
                break;
            }
        }
        Ok(policies)
    }

    async fn group(&self, operation: GroupOperation) -> Result<Outcome, Error> {
        self.identity(IdentityOperation::Group(operation)).await
    }
}
