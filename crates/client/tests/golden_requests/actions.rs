//! The actions of the token service and access management, as the recorded ones are called.

use daypass_api::names::{
    AccessKeyId, ExternalId, GroupId, GroupName, PolicyId, PolicyName, ProviderName, RoleId, RoleName,
    SessionName, Uin, UserName, VersionId,
};
use daypass_api::operation::{
    AccessKeyStatus, AssumeRole, AssumeRoleWithWebIdentity, AttachmentReach, Contact, CreateUser, DeleteUser,
    EntityFilter, GetFederationToken, Membership, NewGroup, NewPolicy, NewRole, Operation, Paging, PolicyRef,
    PolicyScope, ProviderOperation, ProviderSettings, RoleOperation, RoleRef, SessionOperation, Subject,
    UpdateGroup, UpdatePolicy, UpdateUser, UserPolicies, UserRef,
};
use daypass_api::secret::WebIdentityToken;
use daypass_client::ActionClient;

use crate::{Call, DOCUMENT, call};

/// The policy that narrows a key.
const NARROW: &str = r#"{"version":"2.0","statement":[{"action":["name/cos:GetObject"],"effect":"allow","resource":["qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/users/ann/*"]}]}"#;

const USER: Uin = Uin(100_000_000_011);
const POLICY: PolicyId = PolicyId(7);
const GROUP: GroupId = GroupId(9);

pub(crate) fn calls<'a>(sts: &'a ActionClient, cam: &'a ActionClient) -> Vec<Call<'a>> {
    let mut calls = sessions(sts);
    calls.extend(users(cam));
    calls.extend(access_keys(cam));
    calls.extend(policies(cam));
    calls.extend(versions(cam));
    calls.extend(groups(cam));
    calls.extend(boundaries(cam));
    calls.extend(roles(cam));
    calls.extend(providers(cam));
    calls
}

fn sessions(client: &ActionClient) -> Vec<Call<'_>> {
    let name = SessionName::parse("ann").unwrap();
    let owner = Uin(100_000_000_001);
    let federation = GetFederationToken {
        name: name.clone(),
        policy: Some(NARROW.to_owned()),
        duration_seconds: Some(1800),
    };
    let assume = AssumeRole {
        owner,
        role: reader(),
        name: name.clone(),
        duration_seconds: Some(1800),
        policy: Some(NARROW.to_owned()),
        external_id: Some(ExternalId::parse("shop-7").unwrap()),
        tags: red(),
        source_identity: Some(SessionName::parse("ann@example").unwrap()),
    };
    let web = SessionOperation::AssumeRoleWithWebIdentity(AssumeRoleWithWebIdentity {
        owner,
        role: reader(),
        provider: workers(),
        token: WebIdentityToken::new("a.b.c".to_owned()),
        name,
        duration_seconds: Some(1800),
        policy: None,
    });
    vec![
        call("GetFederationToken", client.get_federation_token(federation)),
        call("AssumeRole", client.assume_role(assume)),
        call("AssumeRoleWithWebIdentity", async {
            client.call(&Operation::Session(web)).await
        }),
        call("GetSessionToken", client.get_session_token(Some(1800))),
        call("GetCallerIdentity", client.get_caller_identity()),
        call("QueryApiKey", client.query_api_key(Subject::Uin(USER))),
    ]
}

fn ann() -> UserName {
    UserName::parse("ann").unwrap()
}

fn users(client: &ActionClient) -> Vec<Call<'_>> {
    let create = CreateUser {
        name: ann(),
        remark: "a remark".to_owned(),
        contact: Contact::default(),
        with_access_key: true,
    };
    let update = UpdateUser {
        name: ann(),
        remark: Some("other".to_owned()),
        phone_number: None,
        country_code: None,
        email: Some("ann@example.com".to_owned()),
    };
    let delete = DeleteUser {
        name: ann(),
        force: true,
    };
    vec![
        call("AddUser", client.add_user(create)),
        call("GetUser", async { client.get_user(&ann()).await }),
        call("ListUsers", client.list_users()),
        call("UpdateUser", client.update_user(update)),
        call("DeleteUser", client.delete_user(delete)),
        call("DescribeSubAccounts", client.describe_users(vec![USER])),
        call("ListCollaborators", client.list_collaborators()),
        call("GetUserAppId", client.get_account_numbers()),
        call("GetAccountSummary", client.get_account_summary()),
    ]
}

fn access_keys(client: &ActionClient) -> Vec<Call<'_>> {
    let subject = Subject::Uin(USER);
    let id = || AccessKeyId::parse("AKIDother").unwrap();
    vec![
        call("CreateAccessKey", client.create_access_key(subject, "laptop")),
        call("ListAccessKeys", client.list_access_keys(subject)),
        call("UpdateAccessKey", async move {
            let inactive = AccessKeyStatus::Inactive;
            client.update_access_key(subject, &id(), inactive).await
        }),
        call("DeleteAccessKey", async move {
            client.delete_access_key(subject, &id()).await
        }),
        call("GetSecurityLastUsed", client.list_last_uses(vec![id()])),
    ]
}

fn policies(client: &ActionClient) -> Vec<Call<'_>> {
    let create = NewPolicy {
        name: PolicyName::parse("readers").unwrap(),
        document: DOCUMENT.to_owned(),
        description: "read".to_owned(),
        tags: Vec::new(),
    };
    let update = UpdatePolicy {
        policy: PolicyRef::Id(POLICY),
        description: Some("other".to_owned()),
        document: Some(DOCUMENT.to_owned()),
        alias: None,
    };
    let of_user = UserPolicies {
        uin: USER,
        reach: AttachmentReach::All,
        scope: PolicyScope::All,
        keyword: None,
        paging: Paging {
            page: 1,
            page_size: 200,
        },
    };
    vec![
        call("CreatePolicy", client.create_policy(create)),
        call("GetPolicy", client.get_policy(POLICY)),
        call("UpdatePolicy", client.update_policy(update)),
        call(
            "ListPolicies",
            client.list_policies(PolicyScope::Custom, Some("read")),
        ),
        call("DeletePolicy", client.delete_policies(vec![POLICY, PolicyId(8)])),
        call("AttachUserPolicy", client.attach_user_policy(USER, POLICY)),
        call("DetachUserPolicy", client.detach_user_policy(USER, POLICY)),
        call(
            "ListAttachedUserPolicies",
            client.list_attached_user_policies(USER),
        ),
        call("ListAttachedUserAllPolicies", async move {
            client.list_user_policies(&of_user).await
        }),
        call(
            "ListEntitiesForPolicy",
            client.list_policy_entities(POLICY, EntityFilter::Users),
        ),
    ]
}

fn versions(client: &ActionClient) -> Vec<Call<'_>> {
    let second = VersionId(2);
    vec![
        call(
            "CreatePolicyVersion",
            client.create_policy_version(POLICY, DOCUMENT, true),
        ),
        call("GetPolicyVersion", client.get_policy_version(POLICY, second)),
        call("ListPolicyVersions", client.list_policy_versions(POLICY)),
        call(
            "DeletePolicyVersion",
            client.delete_policy_versions(POLICY, vec![second]),
        ),
        call(
            "SetDefaultPolicyVersion",
            client.set_default_policy_version(POLICY, second),
        ),
    ]
}

fn groups(client: &ActionClient) -> Vec<Call<'_>> {
    let create = NewGroup {
        name: GroupName::parse("team").unwrap(),
        remark: "a remark".to_owned(),
    };
    let update = UpdateGroup {
        group_id: GROUP,
        name: Some(GroupName::parse("crew").unwrap()),
        remark: Some("other".to_owned()),
    };
    let user = UserRef::Uin(USER);
    let membership = || Membership {
        group_id: GROUP,
        user,
    };
    vec![
        call("CreateGroup", client.create_group(create)),
        call("GetGroup", client.get_group(GROUP)),
        call("ListGroups", client.list_groups(Some("te"))),
        call("UpdateGroup", client.update_group(update)),
        call("DeleteGroup", client.delete_group(GROUP)),
        call("AddUserToGroup", client.add_users_to_groups(vec![membership()])),
        call(
            "RemoveUserFromGroup",
            client.remove_users_from_groups(vec![membership()]),
        ),
        call("ListGroupsForUser", client.list_groups_of_user(user)),
        call("ListUsersForGroup", client.list_users_of_group(GROUP)),
        call("AttachGroupPolicy", client.attach_group_policy(GROUP, POLICY)),
        call("DetachGroupPolicy", client.detach_group_policy(GROUP, POLICY)),
        call(
            "ListAttachedGroupPolicies",
            client.list_attached_group_policies(GROUP),
        ),
    ]
}

fn boundaries(client: &ActionClient) -> Vec<Call<'_>> {
    vec![
        call(
            "PutUserPermissionsBoundary",
            client.put_user_boundary(USER, POLICY),
        ),
        call("DeleteUserPermissionsBoundary", client.delete_user_boundary(USER)),
        call("GetUserPermissionBoundary", client.get_user_boundary(USER)),
        call(
            "PutRolePermissionsBoundary",
            client.put_role_boundary(reader(), POLICY),
        ),
        call(
            "DeleteRolePermissionsBoundary",
            client.change_role(RoleOperation::DeleteBoundary(reader())),
        ),
        call(
            "GetRolePermissionBoundary",
            client.get_role_boundary(RoleId(4_611_686_018_427_397_919)),
        ),
    ]
}

fn reader() -> RoleRef {
    RoleRef::Name(RoleName::parse("reader").unwrap())
}

fn red() -> Vec<(String, String)> {
    vec![("team".to_owned(), "red".to_owned())]
}

fn roles(client: &ActionClient) -> Vec<Call<'_>> {
    let create = NewRole {
        name: RoleName::parse("reader").unwrap(),
        document: DOCUMENT.to_owned(),
        description: "reads".to_owned(),
        console_login: false,
        session_duration: 7200,
        tags: red(),
    };
    let policy = || PolicyRef::Id(POLICY);
    let change = |operation| client.change_role(operation);
    let role = reader;
    vec![
        call("CreateRole", client.create_role(create)),
        call("GetRole", async { client.get_role(&reader()).await }),
        call("DescribeRoleList", async { client.list_roles(&red()).await }),
        call("DeleteRole", client.delete_role(reader())),
        call(
            "UpdateAssumeRolePolicy",
            change(RoleOperation::UpdateTrust {
                role: role(),
                document: DOCUMENT.to_owned(),
            }),
        ),
        call(
            "UpdateRoleDescription",
            change(RoleOperation::UpdateDescription {
                role: role(),
                description: "other".to_owned(),
            }),
        ),
        call(
            "UpdateRoleSessionDuration",
            change(RoleOperation::UpdateSessionDuration {
                role: role(),
                seconds: 3600,
            }),
        ),
        call(
            "UpdateRoleConsoleLogin",
            change(RoleOperation::UpdateConsoleLogin {
                role: role(),
                allowed: true,
            }),
        ),
        call(
            "TagRole",
            change(RoleOperation::Tag {
                role: role(),
                tags: red(),
            }),
        ),
        call(
            "UntagRole",
            change(RoleOperation::Untag {
                role: role(),
                keys: vec!["team".to_owned()],
            }),
        ),
        call("AttachRolePolicy", client.attach_role_policy(role(), policy())),
        call("DetachRolePolicy", client.detach_role_policy(role(), policy())),
        call("ListAttachedRolePolicies", async {
            client.list_attached_role_policies(&reader()).await
        }),
    ]
}

fn workers() -> ProviderName {
    ProviderName::parse("workers").unwrap()
}

fn providers(client: &ActionClient) -> Vec<Call<'_>> {
    let settings = || ProviderSettings {
        name: workers(),
        issuer: "https://issuer.example".to_owned(),
        audiences: vec!["app".to_owned()],
        keys: Some("{}".to_owned()),
        description: Some("ci".to_owned()),
    };
    vec![
        call(
            "CreateOIDCConfig",
            client.change_provider(ProviderOperation::Create(settings())),
        ),
        call("DescribeOIDCConfig", async {
            client.get_provider(&workers()).await
        }),
        call(
            "UpdateOIDCConfig",
            client.change_provider(ProviderOperation::Update(settings())),
        ),
        call(
            "DeleteOIDCConfig",
            client.change_provider(ProviderOperation::Delete(workers())),
        ),
    ]
}
