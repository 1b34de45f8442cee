//! Users, access keys, policies and who has them.

use daypass_api::Outcome;
use daypass_api::names::{AccessKeyId, PolicyId, Uin, UserName};
use daypass_api::operation::{
    AccessKeyStatus, CreateUser, DeleteUser, IdentityOperation, NewPolicy, Operation, Paging, PolicyScope,
    Subject,
};
use daypass_api::outcome::{AccessKey, AttachedPolicy, NewAccessKey, Page, Policy, PolicySummary, User};

use super::ActionClient;
use crate::error::Error;

/// Most entries of one page.
const PAGE: u32 = 200;

impl ActionClient {
    /// Makes a sub-account, and its first access key when one is asked for.
    pub async fn add_user(&self, user: CreateUser) -> Result<(User, Option<NewAccessKey>), Error> {
        match self.identity(IdentityOperation::CreateUser(user)).await? {
            Outcome::UserCreated { user, access_key } => Ok((user, access_key)),
            _ => Err(Error::other_outcome()),
        }
    }

    /// One sub-account.
    pub async fn get_user(&self, name: &UserName) -> Result<User, Error> {
        match self.identity(IdentityOperation::GetUser(name.clone())).await? {
            Outcome::User(user) => Ok(user),
            _ => Err(Error::other_outcome()),
        }
    }

    /// All sub-accounts.
    pub async fn list_users(&self) -> Result<Vec<User>, Error> {
        match self.identity(IdentityOperation::ListUsers).await? {
            Outcome::Users(users) => Ok(users),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Removes a sub-account.
    pub async fn delete_user(&self, user: DeleteUser) -> Result<(), Error> {
        self.change(IdentityOperation::DeleteUser(user)).await
    }

    /// Makes an access key. This is the only time its secret is shown.
    pub async fn create_access_key(
        &self,
        subject: Subject,
        description: &str,
    ) -> Result<NewAccessKey, Error> {
        let description = description.to_owned();
        let create = IdentityOperation::CreateAccessKey { subject, description };
        match self.identity(create).await? {
            Outcome::AccessKeyCreated(key) => Ok(key),
            _ => Err(Error::other_outcome()),
        }
    }

    /// The access keys of one identity.
    pub async fn list_access_keys(&self, subject: Subject) -> Result<Vec<AccessKey>, Error> {
        match self.identity(IdentityOperation::ListAccessKeys(subject)).await? {
            Outcome::AccessKeys(keys) => Ok(keys),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Enables or disables an access key.
    pub async fn update_access_key(
        &self,
        subject: Subject,
        id: &AccessKeyId,
        status: AccessKeyStatus,
    ) -> Result<(), Error> {
        let access_key_id = id.clone();
        self.change(IdentityOperation::UpdateAccessKey {
            subject,
            access_key_id,
            status,
        })
        .await
    }

    /// Removes an access key.
    pub async fn delete_access_key(&self, subject: Subject, id: &AccessKeyId) -> Result<(), Error> {
        let access_key_id = id.clone();
        self.change(IdentityOperation::DeleteAccessKey {
            subject,
            access_key_id,
        })
        .await
    }

    /// Makes a policy.
    pub async fn create_policy(&self, policy: NewPolicy) -> Result<PolicyId, Error> {
        match self.identity(IdentityOperation::CreatePolicy(policy)).await? {
            Outcome::PolicyCreated(id) => Ok(id),
            _ => Err(Error::other_outcome()),
        }
    }

    /// One policy with its document. How often it is attached is not told.
    pub async fn get_policy(&self, id: PolicyId) -> Result<Policy, Error> {
        match self.identity(IdentityOperation::GetPolicy(id)).await? {
            Outcome::Policy(policy) => Ok(policy),
            _ => Err(Error::other_outcome()),
        }
    }

    /// All policies of these kinds, of these only those whose name holds the keyword.
    pub async fn list_policies(
        &self,
        scope: PolicyScope,
        keyword: Option<&str>,
    ) -> Result<Vec<PolicySummary>, Error> {
        let mut policies = Vec::new();
        for page in 1.. {
            let list = IdentityOperation::ListPolicies {
                scope,
                keyword: keyword.map(str::to_owned),
                paging: paging(page),
            };
            let Outcome::Policies(page) = self.identity(list).await? else {
                return Err(Error::other_outcome());
            };
            if is_last(&mut policies, page) {
                break;
            }
        }
        Ok(policies)
    }

    /// Removes policies.
    pub async fn delete_policies(&self, ids: Vec<PolicyId>) -> Result<(), Error> {
        self.change(IdentityOperation::DeletePolicies(ids)).await
    }

    /// Gives a policy to a user.
    pub async fn attach_user_policy(&self, uin: Uin, policy_id: PolicyId) -> Result<(), Error> {
        self.change(IdentityOperation::AttachUserPolicy { uin, policy_id })
            .await
    }

    /// Takes a policy from a user.
    pub async fn detach_user_policy(&self, uin: Uin, policy_id: PolicyId) -> Result<(), Error> {
        self.change(IdentityOperation::DetachUserPolicy { uin, policy_id })
            .await
    }

    /// All policies of a user.
    pub async fn list_attached_user_policies(&self, uin: Uin) -> Result<Vec<AttachedPolicy>, Error> {
        let mut policies = Vec::new();
        for page in 1.. {
            let paging = paging(page);
            let list = IdentityOperation::ListAttachedUserPolicies { uin, paging };
            let Outcome::AttachedPolicies(page) = self.identity(list).await? else {
                return Err(Error::other_outcome());
            };
            if is_last(&mut policies, page) {
                break;
            }
        }
        Ok(policies)
    }

    pub(super) async fn identity(&self, operation: IdentityOperation) -> Result<Outcome, Error> {
        self.call(&Operation::Identity(operation)).await
    }

    pub(super) async fn change(&self, operation: IdentityOperation) -> Result<(), Error> {
        self.identity(operation).await.map(|_| ())
    }
}

pub(super) fn paging(page: u32) -> Paging {
    Paging {
        page,
        page_size: PAGE,
    }
}

/// Takes a page over, and tells whether it is the last: an empty page ends any list, so that a server that miscounts
/// does not keep us for ever.
pub(super) fn is_last<T>(entries: &mut Vec<T>, page: Page<T>) -> bool {
    let is_empty = page.entries.is_empty();
    entries.extend(page.entries);
    is_empty || entries.len() >= page.total
}
