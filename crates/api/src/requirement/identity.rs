//! What operations of access management ask for: `cam:<Action>` on the user, group, policy or role that they are
//! about.
//!
//! Where an operation joins two things, the right is asked for on the one that gains or loses by it; a denial of the
//! same action on the other stops it too. So "may attach anything but this policy" can be said.

use super::{Access, Need, Requirement, Resource, Values, allowed};
use crate::names::{GroupId, Uin, UserName};
use crate::operation::{
    AnalysisOperation, BoundaryOperation, GroupOperation, IdentityOperation, Membership, PolicyRef,
    RightsHolder, RoleOperation, RoleRef, Subject, UserRef, VersionOperation,
};

pub(super) fn requirements(operation: &IdentityOperation) -> Vec<Requirement> {
    use IdentityOperation as Op;
    let one = |action, resource| vec![allowed(action, resource)];
    let user = |action, name: &UserName| one(action, Resource::User(name.clone()));
    let of = |action, subject: &Subject| one(action, Resource::Identity(*subject));
    match operation {
        Op::CreateUser(_) => one("cam:AddUser", Resource::Service),
        Op::GetUser(name) => user("cam:GetUser", name),
        Op::ListUsers => one("cam:ListUsers", Resource::Service),
        Op::UpdateUser(update) => user("cam:UpdateUser", &update.name),
        Op::DescribeUsers(uins) => uins
            .iter()
            .map(|uin| allowed("cam:DescribeSubAccounts", of_user(*uin)))
            .collect(),
        Op::ListCollaborators => one("cam:ListCollaborators", Resource::Service),
        Op::GetAccountNumbers => one("cam:GetUserAppId", Resource::Service),
        Op::GetAccountSummary => one("cam:GetAccountSummary", Resource::Service),
        Op::DeleteUser(delete) => {
            let mut all = user("cam:DeleteUser", &delete.name);
            if delete.force {
                all.extend(user("cam:DeleteApiKey", &delete.name));
            }
            all
        }
        Op::CreateAccessKey { subject, .. } => of("cam:CreateAccessKey", subject),
        Op::ListAccessKeys(subject) => of("cam:ListAccessKeys", subject),
        Op::UpdateAccessKey { subject, .. } => of("cam:UpdateAccessKey", subject),
        Op::DeleteAccessKey { subject, .. } => of("cam:DeleteAccessKey", subject),
        Op::ExplainDecision(_) => one("cam:ExplainDecision", Resource::Service),
        Op::SearchAudit(_) => one("cam:SearchAudit", Resource::Service),
        Op::Analysis(operation) => analysis(operation),
        Op::ListLastUses(_) => one("cam:GetSecurityLastUsed", Resource::Service),
        Op::CreatePolicy(_) => one("cam:CreatePolicy", Resource::Service),
        Op::UpdatePolicy(update) => one("cam:UpdatePolicy", of_policy(&update.policy)),
        Op::GetPolicy(id) => one("cam:GetPolicy", Resource::Policy(*id)),
        Op::ListPolicies { .. } => one("cam:ListPolicies", Resource::Service),
        Op::DeletePolicies(ids) => ids
            .iter()
            .map(|id| allowed("cam:DeletePolicy", Resource::Policy(*id)))
            .collect(),
        Op::AttachUserPolicy { uin, policy_id } => with_policy(
            "cam:AttachUserPolicy",
            of_user(*uin),
            Resource::Policy(*policy_id),
        ),
        Op::DetachUserPolicy { uin, policy_id } => with_policy(
            "cam:DetachUserPolicy",
            of_user(*uin),
            Resource::Policy(*policy_id),
        ),
        Op::ListAttachedUserPolicies { uin, .. } => one("cam:ListAttachedUserPolicies", of_user(*uin)),
        Op::ListUserPolicies(list) => one("cam:ListAttachedUserAllPolicies", of_user(list.uin)),
        Op::ListPolicyEntities { policy_id, .. } => {
            one("cam:ListEntitiesForPolicy", Resource::Policy(*policy_id))
        }
        Op::Version(operation) => one(version_action(operation), Resource::Policy(operation.policy_id())),
        Op::Group(operation) => group(operation),
        Op::Boundary(operation) => boundary(*operation),
        Op::Account(operation) => one(operation.action(), Resource::Service),
        Op::Role(operation) => role(operation),
        Op::Provider(operation) => one(operation.action(), Resource::Provider(operation.name().clone())),
    }
}

fn analysis(operation: &AnalysisOperation) -> Vec<Requirement> {
    let resource = match operation {
        AnalysisOperation::Lint { .. } => Resource::Service,
        AnalysisOperation::Effective { holder, .. } => match holder {
            RightsHolder::Subject(subject) => Resource::Identity(*subject),
            RightsHolder::Role(role) => Resource::Role(None, role.clone()),
        },
    };
    vec![allowed(operation.action(), resource)]
}

fn version_action(operation: &VersionOperation) -> &'static str {
    match operation {
        VersionOperation::Create { .. } => "cam:CreatePolicyVersion",
        VersionOperation::Get { .. } => "cam:GetPolicyVersion",
        VersionOperation::List(_) => "cam:ListPolicyVersions",
        VersionOperation::Delete { .. } => "cam:DeletePolicyVersion",
        VersionOperation::SetDefault { .. } => "cam:SetDefaultPolicyVersion",
    }
}

fn group(operation: &GroupOperation) -> Vec<Requirement> {
    use GroupOperation as Op;
    let on_group = |action, id: &GroupId| vec![allowed(action, Resource::Group(*id))];
    match operation {
        Op::Create(_) => vec![allowed("cam:CreateGroup", Resource::Service)],
        Op::Get(id) => on_group("cam:GetGroup", id),
        Op::List { .. } => vec![allowed("cam:ListGroups", Resource::Service)],
        Op::Update(update) => on_group("cam:UpdateGroup", &update.group_id),
        Op::Delete(id) => on_group("cam:DeleteGroup", id),
        Op::AddUsers(memberships) => each_membership("cam:AddUserToGroup", memberships),
        Op::RemoveUsers(memberships) => each_membership("cam:RemoveUserFromGroup", memberships),
        Op::ListOfUser { user, .. } => vec![allowed("cam:ListGroupsForUser", of_named(*user))],
        Op::ListUsers { group_id, .. } => on_group("cam:ListUsersForGroup", group_id),
        Op::AttachPolicy { group_id, policy_id } => {
            let policy = Resource::Policy(*policy_id);
            with_policy("cam:AttachGroupPolicy", Resource::Group(*group_id), policy)
        }
        Op::DetachPolicy { group_id, policy_id } => {
            let policy = Resource::Policy(*policy_id);
            with_policy("cam:DetachGroupPolicy", Resource::Group(*group_id), policy)
        }
        Op::ListPolicies { group_id, .. } => on_group("cam:ListAttachedGroupPolicies", group_id),
    }
}

/// A group gives its rights to whoever joins, so the right is one over the group.
fn each_membership(action: &'static str, memberships: &[Membership]) -> Vec<Requirement> {
    let one = |membership: &Membership| {
        let group = allowed(action, Resource::Group(membership.group_id));
        [group, not_denied(action, of_named(membership.user))]
    };
    memberships.iter().flat_map(one).collect()
}

fn boundary(operation: BoundaryOperation) -> Vec<Requirement> {
    match operation {
        BoundaryOperation::Put { uin, policy_id } => {
            let policy = Resource::Policy(policy_id);
            with_policy("cam:PutUserPermissionsBoundary", of_user(uin), policy)
        }
        BoundaryOperation::Delete(uin) => {
            vec![allowed("cam:DeleteUserPermissionsBoundary", of_user(uin))]
        }
        BoundaryOperation::Get(uin) => vec![allowed("cam:GetUserPermissionBoundary", of_user(uin))],
    }
}

/// A role that is to be made has a name that a policy may name already.
fn role(operation: &RoleOperation) -> Vec<Requirement> {
    use RoleOperation as Op;
    let action = operation.action();
    let role = match (operation, operation.role()) {
        (_, Some(role)) => Resource::Role(None, role.clone()),
        (Op::Create(new), None) => Resource::Role(None, RoleRef::Name(new.name.clone())),
        (_, None) => Resource::Service,
    };
    match operation {
        Op::AttachPolicy { policy, .. } | Op::DetachPolicy { policy, .. } => {
            with_policy(action, role, of_policy(policy))
        }
        Op::PutBoundary { policy_id, .. } => with_policy(action, role, Resource::Policy(*policy_id)),
        _ => vec![allowed(action, role)],
    }
}

fn with_policy(action: &'static str, holder: Resource, policy: Resource) -> Vec<Requirement> {
    vec![allowed(action, holder), not_denied(action, policy)]
}

fn of_policy(policy: &PolicyRef) -> Resource {
    match policy {
        PolicyRef::Id(id) => Resource::Policy(*id),
        PolicyRef::Name(name) => Resource::PolicyNamed(name.clone()),
    }
}

fn of_user(uin: Uin) -> Resource {
    Resource::Identity(Subject::Uin(uin))
}

fn of_named(user: UserRef) -> Resource {
    match user {
        UserRef::Uin(uin) | UserRef::Both(uin, _) => of_user(uin),
        UserRef::Uid(uid) => Resource::Uid(uid),
    }
}

fn not_denied(action: &'static str, resource: Resource) -> Requirement {
    Requirement {
        any_of: vec![Access { action, resource }],
        need: Need::NotDenied,
        values: Values::Request,
    }
}
