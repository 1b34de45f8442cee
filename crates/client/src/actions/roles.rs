//! Roles, their policies and what bounds them.

use daypass_api::Outcome;
use daypass_api::names::{PolicyId, RoleId};
use daypass_api::operation::{IdentityOperation, NewRole, PolicyRef, PolicyScope, RoleOperation, RoleRef};
use daypass_api::outcome::{AttachedPolicy, Boundary, Role};
use daypass_api::tags::Tags;

use super::ActionClient;
use super::identity::{is_last, paging};
use crate::error::Error;

impl ActionClient {
    /// Makes a role.
    pub async fn create_role(&self, role: NewRole) -> Result<RoleId, Error> {
        match self.role(RoleOperation::Create(role)).await? {
            Outcome::RoleCreated(id) => Ok(id),
            _ => Err(Error::other_outcome()),
        }
    }

    /// One role.
    pub async fn get_role(&self, role: &RoleRef) -> Result<Role, Error> {
        match self.role(RoleOperation::Get(role.clone())).await? {
            Outcome::Role(role) => Ok(role),
            _ => Err(Error::other_outcome()),
        }
    }

    /// All roles that have all these tags.
    pub async fn list_roles(&self, tags: &Tags) -> Result<Vec<Role>, Error> {
        let mut roles = Vec::new();
        for page in 1.. {
            let (tags, paging) = (tags.clone(), paging(page));
            let Outcome::Roles(page) = self.role(RoleOperation::List { tags, paging }).await? else {
                return Err(Error::other_outcome());
            };
            if is_last(&mut roles, page) {
                break;
            }
        }
        Ok(roles)
    }

    /// Changes a role, its tags, its policies or its bound: any operation that answers nothing.
    pub async fn change_role(&self, operation: RoleOperation) -> Result<(), Error> {
        self.change(IdentityOperation::Role(operation)).await
    }

    /// Removes a role. Its sessions end with it.
    pub async fn delete_role(&self, role: RoleRef) -> Result<(), Error> {
        self.change_role(RoleOperation::Delete(role)).await
    }

    /// Gives a policy to a role.
    pub async fn attach_role_policy(&self, role: RoleRef, policy: PolicyRef) -> Result<(), Error> {
        self.change_role(RoleOperation::AttachPolicy { role, policy })
            .await
    }

    /// Takes a policy from a role.
    pub async fn detach_role_policy(&self, role: RoleRef, policy: PolicyRef) -> Result<(), Error> {
        self.change_role(RoleOperation::DetachPolicy { role, policy })
            .await
    }

    /// All policies of a role.
    pub async fn list_attached_role_policies(&self, role: &RoleRef) -> Result<Vec<AttachedPolicy>, Error> {
        let mut policies = Vec::new();
        for page in 1.. {
            let list = RoleOperation::ListAttachedPolicies {
                role: role.clone(),
                scope: PolicyScope::All,
                keyword: None,
                paging: paging(page),
            };
            let Outcome::RolePolicies(page) = self.role(list).await? else {
                return Err(Error::other_outcome());
            };
            if is_last(&mut policies, page) {
                break;
            }
        }
        Ok(policies)
    }

    /// Makes a policy the bound of what a role may do.
    pub async fn put_role_boundary(&self, role: RoleRef, policy_id: PolicyId) -> Result<(), Error> {
        self.change_role(RoleOperation::PutBoundary { role, policy_id })
            .await
    }

    /// The policy that bounds a role, if one does.
    pub async fn get_role_boundary(&self, role: RoleId) -> Result<Option<Boundary>, Error> {
        match self.role(RoleOperation::GetBoundary(RoleRef::Id(role))).await? {
            Outcome::Boundary(boundary) => Ok(boundary),
            _ => Err(Error::other_outcome()),
        }
    }

    async fn role(&self, operation: RoleOperation) -> Result<Outcome, Error> {
        self.identity(IdentityOperation::Role(operation)).await
    }
}
