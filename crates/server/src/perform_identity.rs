//! Performing operations on groups, versions of policies and permission boundaries that were allowed.
//!
//! What is named by a name was judged by the number that the name had on the request's snapshot, and a change is made
//! to that number: by the time of the change the name may be another's.

use daypass_access::issue;
use daypass_api::names::{Account, PolicyId, Uin, UserName};
use daypass_api::operation::{
    BoundaryOperation, GroupOperation, PolicyRef, PolicyScope, UpdatePolicy, VersionOperation,
};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_store::View;
use daypass_store::identity::Holder;

use crate::service::Service;

/// The number of the sub-account that was judged under this name.
pub(crate) async fn judged_user(view: &View, account: Account, name: &UserName) -> Result<Uin, Error> {
    let uin = view.user_number(account.owner_uin, name).await?;
    uin.ok_or(ErrorCode::UserNotExist.into())
}

/// The number of the policy that was judged, however it was named.
pub(crate) async fn judged_policy(
    view: &View,
    account: Account,
    policy: &PolicyRef,
) -> Result<Option<PolicyId>, Error> {
    match policy {
        PolicyRef::Id(id) => Ok(Some(*id)),
        PolicyRef::Name(name) => view.policy_number(account.owner_uin, name).await,
    }
}

impl Service {
    pub(crate) async fn update_policy(
        &self,
        view: &View,
        account: Account,
        update: &UpdatePolicy,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        if let Some(document) = &update.document {
            issue::check_identity_policy(document, account)?;
        }
        let id = judged_policy(view, account, &update.policy).await?;
        let id = id.ok_or(ErrorCode::PolicyIdNotFound)?;
        self.store.update_policy(account, id, update, now).await?;
        Ok(Outcome::PolicyUpdated(match update.policy {
            PolicyRef::Id(_) => None,
            PolicyRef::Name(_) => Some(id),
        }))
    }

    pub(crate) async fn perform_version(
        &self,
        view: &View,
        operation: VersionOperation,
        account: Account,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        use VersionOperation as Op;
        let store = &self.store;
        match operation {
            Op::Create {
                policy_id,
                document,
                set_as_default,
            } => {
                issue::check_identity_policy(&document, account)?;
                store
                    .create_version(account, policy_id, &document, set_as_default, now)
                    .await
            }
            Op::Get { policy_id, version } => store.get_version(view, account, policy_id, version).await,
            Op::List(policy_id) => store.list_versions(view, account, policy_id).await,
            Op::Delete { policy_id, versions } => store.delete_versions(account, policy_id, &versions).await,
            Op::SetDefault { policy_id, version } => {
                store.set_default_version(account, policy_id, version, now).await
            }
        }
    }

    pub(crate) async fn perform_group(
        &self,
        view: &View,
        operation: GroupOperation,
        account: Account,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        use GroupOperation as Op;
        let store = &self.store;
        match operation {
            Op::Create(new) => store.create_group(account, &new, now).await,
            Op::Get(id) => store.get_group(view, account, id).await,
            Op::List { keyword, paging } => {
                store.list_groups(view, account, keyword.as_deref(), paging).await
            }
            Op::Update(update) => store.update_group(account, &update).await,
            Op::Delete(id) => store.delete_group(account, id).await,
            Op::AddUsers(memberships) => store.add_users_to_groups(account, &memberships).await,
            Op::RemoveUsers(memberships) => store.remove_users_from_groups(account, &memberships).await,
            Op::ListOfUser { user, paging } => store.list_groups_of_user(view, account, user, paging).await,
            Op::ListUsers { group_id, paging } => {
                store.list_group_members(view, account, group_id, paging).await
            }
            Op::AttachPolicy { group_id, policy_id } => {
                store
                    .attach_policy(account, Holder::Group(group_id), policy_id, now)
                    .await
            }
            Op::DetachPolicy { group_id, policy_id } => {
                store
                    .detach_policy(account, Holder::Group(group_id), policy_id)
                    .await
            }
            Op::ListPolicies {
                group_id,
                keyword,
                paging,
            } => {
                let holder = Holder::Group(group_id);
                let scope = PolicyScope::All;
                store
                    .list_attached_policies(view, account, holder, scope, keyword.as_deref(), paging)
                    .await
            }
        }
    }

    pub(crate) async fn perform_boundary(
        &self,
        view: &View,
        operation: BoundaryOperation,
        account: Account,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        match operation {
            BoundaryOperation::Put { uin, policy_id } => {
                self.store.put_boundary(account, uin, policy_id, now).await
            }
            BoundaryOperation::Delete(uin) => self.store.delete_boundary(account, uin).await,
            BoundaryOperation::Get(uin) => self.store.get_boundary(view, account, uin).await,
        }
    }
}
