//! Users, access keys, policies and who has them.

use daypass_api::Outcome;
use daypass_api::names::{AccessKeyId, Account, PolicyId, Uin, UserName};
use daypass_api::operation::{
    AccessKeyStatus, AnalysisOperation, BoundaryOperation, CreateUser, DeleteUser, EntityFilter,
    IdentityOperation, NewPolicy, Operation, Paging, PolicyPurpose, PolicyScope, RequestId, RightsHolder,
    SearchAudit, Subject, UpdatePolicy, UpdateUser, UserPolicies,
};
use daypass_api::outcome::{
    AccessKey, AccountSummary, AttachedPolicy, AuditRecords, Boundary, EffectiveRights, JudgedFinding,
    LastUse, NewAccessKey, Page, Policy, PolicyEntity, PolicySummary, User, UserPolicy,
};

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

    /// Changes what is noted about a sub-account.
    pub async fn update_user(&self, update: UpdateUser) -> Result<(), Error> {
        self.change(IdentityOperation::UpdateUser(update)).await
    }

    /// Those of these sub-accounts that exist; 1 to 50 at once.
    pub async fn describe_users(&self, uins: Vec<Uin>) -> Result<Vec<User>, Error> {
        match self.identity(IdentityOperation::DescribeUsers(uins)).await? {
            Outcome::SubAccounts(users) => Ok(users),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Identities of other accounts that act in this one.
    pub async fn list_collaborators(&self) -> Result<Vec<User>, Error> {
        match self.identity(IdentityOperation::ListCollaborators).await? {
            Outcome::Collaborators(page) => Ok(page.entries),
            _ => Err(Error::other_outcome()),
        }
    }

    /// The number of the caller, and those of its account.
    pub async fn get_account_numbers(&self) -> Result<(Uin, Account), Error> {
        match self.identity(IdentityOperation::GetAccountNumbers).await? {
            Outcome::AccountNumbers { uin, account } => Ok((uin, account)),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Why a request was answered as it was, as JSON.
    pub async fn explain_decision(&self, id: RequestId) -> Result<String, Error> {
        match self.identity(IdentityOperation::ExplainDecision(id)).await? {
            Outcome::Explanation(text) => Ok(text),
            _ => Err(Error::other_outcome()),
        }
    }

    /// A page of the records of the audit trail, the newest first.
    pub async fn search_audit(&self, search: SearchAudit) -> Result<AuditRecords, Error> {
        let search = IdentityOperation::SearchAudit(Box::new(search));
        match self.identity(search).await? {
            Outcome::AuditRecords(found) => Ok(found),
            _ => Err(Error::other_outcome()),
        }
    }

    /// What is dangerous, useless or mistaken in a policy.
    pub async fn lint_policy(
        &self,
        document: String,
        purpose: PolicyPurpose,
    ) -> Result<Vec<JudgedFinding>, Error> {
        let lint = AnalysisOperation::Lint { document, purpose };
        match self.identity(IdentityOperation::Analysis(lint)).await? {
            Outcome::Findings(findings) => Ok(findings),
            _ => Err(Error::other_outcome()),
        }
    }

    /// What remains of somebody's rights, and of the policy of a temporary key that is made with them.
    pub async fn describe_effective(
        &self,
        holder: RightsHolder,
        policy: Option<String>,
    ) -> Result<EffectiveRights, Error> {
        let effective = AnalysisOperation::Effective { holder, policy };
        match self.identity(IdentityOperation::Analysis(effective)).await? {
            Outcome::Effective(rights) => Ok(rights),
            _ => Err(Error::other_outcome()),
        }
    }

    /// How many identities of each kind there are.
    pub async fn get_account_summary(&self) -> Result<AccountSummary, Error> {
        match self.identity(IdentityOperation::GetAccountSummary).await? {
            Outcome::AccountSummary(summary) => Ok(summary),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Bounds a sub-account by a policy.
    pub async fn put_user_boundary(&self, uin: Uin, policy_id: PolicyId) -> Result<(), Error> {
        let put = BoundaryOperation::Put { uin, policy_id };
        self.change(IdentityOperation::Boundary(put)).await
    }

    /// Takes the boundary from a sub-account.
    pub async fn delete_user_boundary(&self, uin: Uin) -> Result<(), Error> {
        let delete = BoundaryOperation::Delete(uin);
        self.change(IdentityOperation::Boundary(delete)).await
    }

    /// The boundary of a sub-account.
    pub async fn get_user_boundary(&self, uin: Uin) -> Result<Option<Boundary>, Error> {
        let get = BoundaryOperation::Get(uin);
        match self.identity(IdentityOperation::Boundary(get)).await? {
            Outcome::Boundary(boundary) => Ok(boundary),
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

    /// When these access keys were last used; 1 to 10 at once.
    pub async fn list_last_uses(&self, ids: Vec<AccessKeyId>) -> Result<Vec<LastUse>, Error> {
        match self.identity(IdentityOperation::ListLastUses(ids)).await? {
            Outcome::LastUses(uses) => Ok(uses),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Changes a policy.
    pub async fn update_policy(&self, update: UpdatePolicy) -> Result<(), Error> {
        self.change(IdentityOperation::UpdatePolicy(update)).await
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

    /// All policies of a user, its own and those of its groups; the page that `list` asks for does not count.
    pub async fn list_user_policies(&self, list: &UserPolicies) -> Result<Vec<UserPolicy>, Error> {
        let mut policies = Vec::new();
        for page in 1.. {
            let list = UserPolicies {
                paging: paging(page),
                ..list.clone()
            };
            let list = IdentityOperation::ListUserPolicies(list);
            let Outcome::UserPolicies(page) = self.identity(list).await? else {
                return Err(Error::other_outcome());
            };
            if is_last(&mut policies, page) {
                break;
            }
        }
        Ok(policies)
    }

    /// All who have a policy, of these kinds.
    pub async fn list_policy_entities(
        &self,
        policy_id: PolicyId,
        filter: EntityFilter,
    ) -> Result<Vec<PolicyEntity>, Error> {
        let mut entities = Vec::new();
        for page in 1.. {
            let list = IdentityOperation::ListPolicyEntities {
                policy_id,
                filter,
                paging: paging(page),
            };
            let Outcome::PolicyEntities(page) = self.identity(list).await? else {
                return Err(Error::other_outcome());
            };
            if is_last(&mut entities, page) {
                break;
            }
        }
        Ok(entities)
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
