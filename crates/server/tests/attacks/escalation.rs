//! Beyond the list: sub-accounts and sessions that try to become more than they are, through access management.

use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::acting::{OWNER, TRUSTS_ROOT, asked, assume, may_list, role, session, trusts_user, with};
use crate::kit::{
    Key, User, act, attach, call, code, done, expect, key_of, mint, policy, policy_of, server, user,
};

const EVERYTHING: (&str, &[&str], &[&str]) = ("allow", &["*"], &["*"]);
const NOTHING: (&str, &[&str], &[&str]) = ("allow", &["cos:NoSuchAction"], &["*"]);
const LIST: (&str, &[&str], &[&str]) = ("allow", &["cos:GetBucket"], &["*"]);
const DENIED: &str = "AuthFailure.UnauthorizedOperation";
const UNAUTHORIZED: &str = "UnauthorizedOperation";

fn resource(what: &str) -> String {
    format!("qcs::cam::uin/{OWNER}:{what}")
}

/// Gives a user these rights beside those that it has.
async fn give(server: &TestServer, user: &User, name: &str, document: &str) -> u64 {
    let id = policy_of(server, name, document).await;
    attach(server, user.uin, id).await;
    id
}

async fn refused(server: &TestServer, key: &Key, attempts: &[(&str, Value)]) {
    for (action, parameters) in attempts {
        let answer = call(server, key, action, parameters.clone()).await;
        assert!(
            [DENIED, UNAUTHORIZED].contains(&code(&answer)),
            "{action} {parameters}: {answer}"
        );
    }
}

/// Everything that would lift or widen a boundary, for somebody whose own policies allow everything.
#[tokio::test]
async fn nobody_within_a_boundary_lifts_it() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[EVERYTHING])).await;
    let bounded = policy(&[(
        "allow",
        &["cos:GetBucket", "sts:*", "cam:Get*", "cam:List*"],
        &["*"],
    )]);
    let bound = policy_of(&server, "bound", &bounded).await;
    let wide = policy(&[EVERYTHING]);
    role(&server, "admin", &trusts_user(&ann), &wide).await;
    done(
        &server,
        "PutUserPermissionsBoundary",
        json!({ "TargetUin": ann.uin, "PolicyId": bound }),
    )
    .await;
    let attempts = [
        ("DeleteUserPermissionsBoundary", json!({ "TargetUin": ann.uin })),
        (
            "PutUserPermissionsBoundary",
            json!({ "TargetUin": ann.uin, "PolicyId": 1 }),
        ),
        (
            "CreatePolicyVersion",
            json!({ "PolicyId": bound, "PolicyDocument": wide, "SetAsDefault": true }),
        ),
        (
            "UpdatePolicy",
            json!({ "PolicyId": bound, "PolicyDocument": wide }),
        ),
        (
            "UpdatePolicy",
            json!({ "PolicyName": "bound", "PolicyDocument": wide }),
        ),
        (
            "SetDefaultPolicyVersion",
            json!({ "PolicyId": bound, "VersionId": 1 }),
        ),
        ("DeletePolicy", json!({ "PolicyId": [bound] })),
        ("AttachUserPolicy", json!({ "AttachUin": ann.uin, "PolicyId": 1 })),
        ("AddUser", json!({ "Name": "puppet", "UseApi": 1 })),
        ("CreateAccessKey", json!({})),
        ("CreateGroup", json!({ "GroupName": "admins" })),
        (
            "CreateRole",
            json!({ "RoleName": "puppet", "PolicyDocument": TRUSTS_ROOT }),
        ),
        (
            "UpdateAssumeRolePolicy",
            json!({ "RoleName": "admin", "PolicyDocument": TRUSTS_ROOT }),
        ),
        (
            "AttachRolePolicy",
            json!({ "AttachRoleName": "admin", "PolicyId": 1 }),
        ),
        ("DeleteRolePermissionsBoundary", json!({ "RoleName": "admin" })),
        ("DeleteUser", json!({ "Name": "ann", "Force": 1 })),
    ];
    let own = key_of(&call(&server, &ann.key, "GetSessionToken", json!({})).await);
    let federated = mint(&server, &ann.key, Some(&wide), 1800).await;
    for key in [&ann.key, &own, &federated] {
        refused(&server, key, &attempts).await;
        assert!(may_list(&server, key).await);
        expect(&act(&server, key, "PUT", "/k", b"x").await, 403, "AccessDenied");
        let told = call(&server, key, "GetPolicy", json!({ "PolicyId": bound })).await;
        assert_eq!(code(&told), "", "{told}");
    }
    server.stop().await;
}

/// What rights over one thing are not: rights over what stands beside it.
#[tokio::test]
async fn a_right_over_one_step_is_not_the_next_step() {
    let server = server().await;
    let eve = user(&server, "eve", &policy(&[NOTHING])).await;
    let group = done(&server, "CreateGroup", json!({ "GroupName": "g" })).await["GroupId"].clone();
    let admins = done(&server, "CreateGroup", json!({ "GroupName": "admins" })).await["GroupId"].clone();
    done(
        &server,
        "AttachGroupPolicy",
        json!({ "AttachGroupId": admins, "PolicyId": 1 }),
    )
    .await;
    let attached = policy_of(&server, "attached", &policy(&[LIST])).await;
    attach(&server, eve.uin, attached).await;
    let wide = policy(&[EVERYTHING]);
    done(
        &server,
        "CreatePolicyVersion",
        json!({ "PolicyId": attached, "PolicyDocument": wide, "SetAsDefault": false }),
    )
    .await;
    let id = role(&server, "worker", TRUSTS_ROOT, &policy(&[EVERYTHING])).await;
    let rights = policy(&[
        (
            "allow",
            &["cam:AddUserToGroup"],
            &[&resource(&format!("groupid/{group}"))],
        ),
        // Everything over its policy but to make one of its versions the default.
        (
            "allow",
            &[
                "cam:GetPolicyVersion",
                "cam:ListPolicyVersions",
                "cam:DeletePolicyVersion",
            ],
            &[&resource(&format!("policyid/{attached}"))],
        ),
        ("allow", &["cam:TagRole", "cam:GetRole"], &["*"]),
    ]);
    give(&server, &eve, "rights", &rights).await;
    let join = |group: &Value| json!({ "Info": [{ "GroupId": group, "Uin": eve.uin }] });
    refused(
        &server,
        &eve.key,
        &[
            ("AddUserToGroup", join(&admins)),
            (
                "AttachGroupPolicy",
                json!({ "AttachGroupId": group, "PolicyId": 1 }),
            ),
            (
                "SetDefaultPolicyVersion",
                json!({ "PolicyId": attached, "VersionId": 2 }),
            ),
            (
                "CreatePolicyVersion",
                json!({ "PolicyId": attached, "PolicyDocument": wide, "SetAsDefault": true }),
            ),
            (
                "UpdatePolicy",
                json!({ "PolicyId": attached, "PolicyDocument": wide }),
            ),
            (
                "UpdatePolicy",
                json!({ "PolicyName": "attached", "PolicyDocument": wide }),
            ),
            (
                "UpdateAssumeRolePolicy",
                json!({ "RoleId": id, "PolicyDocument": trusts_user(&eve) }),
            ),
            ("AssumeRole", asked("worker")),
            (
                "UpdateRoleSessionDuration",
                json!({ "RoleId": id, "SessionDuration": 43200 }),
            ),
        ],
    )
    .await;
    for (action, parameters) in [
        ("AddUserToGroup", join(&group)),
        (
            "GetPolicyVersion",
            json!({ "PolicyId": attached, "VersionId": 2 }),
        ),
        (
            "TagRole",
            json!({ "RoleId": id, "Tags": [{ "Key": "k", "Value": "v" }] }),
        ),
    ] {
        assert_eq!(
            code(&call(&server, &eve.key, action, parameters).await),
            "",
            "{action}"
        );
    }
    expect(
        &act(&server, &eve.key, "PUT", "/k", b"x").await,
        403,
        "AccessDenied",
    );
    assert!(may_list(&server, &eve.key).await, "the default version counts");
    server.stop().await;
}

/// A denial of one way to name something holds for every other way.
#[tokio::test]
async fn a_denial_holds_however_its_object_is_named() {
    let server = server().await;
    let boss = user(&server, "boss", &policy(&[NOTHING])).await;
    let uid = done(&server, "GetUser", json!({ "Name": "boss" })).await["Uid"].clone();
    let group = done(&server, "CreateGroup", json!({ "GroupName": "g" })).await["GroupId"].clone();
    let by_id = role(&server, "by-id", TRUSTS_ROOT, &policy(&[LIST])).await;
    let by_name = role(&server, "by-name", TRUSTS_ROOT, &policy(&[LIST])).await;
    let free = role(&server, "free", TRUSTS_ROOT, &policy(&[LIST])).await;
    let rights = policy(&[
        EVERYTHING,
        ("deny", &["*"], &[&resource(&format!("uin/{}", boss.uin))]),
        ("deny", &["*"], &[&resource(&format!("role/{by_id}"))]),
        ("deny", &["*"], &[&resource("roleName/by-name")]),
        ("deny", &["cam:Attach*"], &[&resource("policyid/1")]),
    ]);
    let eve = user(&server, "eve", &rights).await;
    let mut attempts = vec![
        ("UpdateUser", json!({ "Name": "boss", "Remark": "r" })),
        ("DeleteUser", json!({ "Name": "boss", "Force": 1 })),
        (
            "DescribeSubAccounts",
            json!({ "FilterSubAccountUin": [eve.uin, boss.uin] }),
        ),
        ("ListGroupsForUser", json!({ "Uid": uid })),
        ("ListGroupsForUser", json!({ "SubUin": boss.uin })),
        (
            "AddUserToGroup",
            json!({ "Info": [{ "GroupId": group, "Uid": uid }] }),
        ),
        (
            "AddUserToGroup",
            json!({ "Info": [{ "GroupId": group, "Uin": boss.uin, "Uid": uid }] }),
        ),
        ("CreateAccessKey", json!({ "TargetUin": boss.uin })),
        ("QueryApiKey", json!({ "TargetUin": boss.uin })),
        (
            "AttachRolePolicy",
            json!({ "AttachRoleId": free, "PolicyName": "AdministratorAccess" }),
        ),
        (
            "AttachRolePolicy",
            json!({ "AttachRoleName": "free", "PolicyId": 1 }),
        ),
        ("RevokeSession", json!({ "TargetUin": boss.uin })),
        ("RevokeSession", json!({ "RoleName": "by-id" })),
        ("RevokeSession", json!({ "RoleId": by_name })),
    ];
    for (id, name) in [(&by_id, "by-id"), (&by_name, "by-name")] {
        for named in [json!({ "RoleId": id }), json!({ "RoleName": name })] {
            attempts.extend([
                ("GetRole", named.clone()),
                ("DeleteRole", named.clone()),
                (
                    "UpdateAssumeRolePolicy",
                    with(named.clone(), "PolicyDocument", TRUSTS_ROOT),
                ),
                ("PutRolePermissionsBoundary", with(named.clone(), "PolicyId", 2)),
            ]);
        }
        let arns = [format!("roleName/{name}"), format!("role/{id}")];
        attempts.extend(arns.map(|arn| ("AssumeRole", with(asked(name), "RoleArn", resource(&arn)))));
    }
    refused(&server, &eve.key, &attempts).await;
    // A number of its own with that of another is nobody.
    let mixed = json!({ "Info": [{ "GroupId": group, "Uin": eve.uin, "Uid": uid }] });
    let mixed = call(&server, &eve.key, "AddUserToGroup", mixed).await;
    assert_ne!(code(&mixed), "", "{mixed}");
    let members = done(&server, "ListUsersForGroup", json!({ "GroupId": group })).await;
    assert_eq!(members["TotalNum"], json!(0));
    // What is not denied is allowed, by either name.
    for named in [json!({ "RoleId": free }), json!({ "RoleName": "free" })] {
        assert_eq!(code(&call(&server, &eve.key, "GetRole", named).await), "");
    }
    assert_eq!(code(&assume(&server, &eve.key, "free").await), "");
    server.stop().await;
}

/// The presets are everybody's, and the root is nobody's to bound.
#[tokio::test]
async fn nobody_changes_the_presets_or_binds_the_root() {
    let server = server().await;
    let admin = user(&server, "admin", &policy(&[EVERYTHING])).await;
    let nothing = policy(&[NOTHING]);
    let group = done(&server, "CreateGroup", json!({ "GroupName": "g" })).await["GroupId"].clone();
    let deny = policy_of(&server, "deny", &policy(&[("deny", &["*"], &["*"])])).await;
    for key in [&Key::root(), &admin.key] {
        for (action, parameters) in [
            (
                "UpdatePolicy",
                json!({ "PolicyId": 1, "PolicyDocument": nothing }),
            ),
            (
                "UpdatePolicy",
                json!({ "PolicyName": "AdministratorAccess", "PolicyDocument": nothing }),
            ),
            (
                "CreatePolicyVersion",
                json!({ "PolicyId": 1, "PolicyDocument": nothing, "SetAsDefault": true }),
            ),
            (
                "SetDefaultPolicyVersion",
                json!({ "PolicyId": 1, "VersionId": 2 }),
            ),
            ("DeletePolicyVersion", json!({ "PolicyId": 1, "VersionId": [1] })),
            ("DeletePolicy", json!({ "PolicyId": [1] })),
            (
                "CreatePolicy",
                json!({ "PolicyName": "AdministratorAccess", "PolicyDocument": nothing }),
            ),
            (
                "PutUserPermissionsBoundary",
                json!({ "TargetUin": OWNER, "PolicyId": deny }),
            ),
            (
                "AttachUserPolicy",
                json!({ "AttachUin": OWNER, "PolicyId": deny }),
            ),
            (
                "AddUserToGroup",
                json!({ "Info": [{ "GroupId": group, "Uin": OWNER }] }),
            ),
            ("DeleteUser", json!({ "Name": OWNER.to_string(), "Force": 1 })),
            (
                "UpdateAccessKey",
                json!({ "TargetUin": OWNER, "AccessKeyId": Key::root().id, "Status": "Inactive" }),
            ),
        ] {
            let answer = call(&server, key, action, parameters.clone()).await;
            assert_ne!(code(&answer), "", "{action} {parameters}: {answer}");
        }
        expect(&act(&server, key, "PUT", "/k", b"x").await, 200, "");
    }
    server.stop().await;
}

/// A trust policy is a door: who may write it may go through, and nobody else may write it.
#[tokio::test]
async fn a_role_s_own_session_does_not_open_its_door_wider() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[("allow", &["sts:AssumeRole"], &["*"])])).await;
    let eve = user(&server, "eve", &policy(&[("allow", &["sts:AssumeRole"], &["*"])])).await;
    role(&server, "worker", &trusts_user(&ann), &policy(&[LIST])).await;
    role(&server, "vault", &trusts_user(&ann), &policy(&[EVERYTHING])).await;
    let worker = session(&server, &ann.key, "worker").await;
    let widen = |name: &str| json!({ "RoleName": name, "PolicyDocument": trusts_user(&eve) });
    refused(
        &server,
        &worker,
        &[
            ("UpdateAssumeRolePolicy", widen("worker")),
            ("UpdateAssumeRolePolicy", widen("vault")),
            (
                "AttachRolePolicy",
                json!({ "AttachRoleName": "worker", "PolicyId": 1 }),
            ),
            ("AssumeRole", asked("vault")),
        ],
    )
    .await;
    // Nor does a session of the vault that is narrowed, even by everything.
    let narrowed = with(asked("vault"), "Policy", policy(&[EVERYTHING]));
    let narrowed = key_of(&call(&server, &ann.key, "AssumeRole", narrowed).await);
    refused(&server, &narrowed, &[("UpdateAssumeRolePolicy", widen("vault"))]).await;
    refused(&server, &eve.key, &[("AssumeRole", asked("vault"))]).await;
    let vault = session(&server, &ann.key, "vault").await;
    let widened = call(&server, &vault, "UpdateAssumeRolePolicy", widen("vault")).await;
    assert_eq!(code(&widened), "", "the role may do everything: {widened}");
    assert_eq!(code(&assume(&server, &eve.key, "vault").await), "");
    server.stop().await;
}

/// Sessions that were narrowed, or whose parent was taken rights from, do not mint their way out.
#[tokio::test]
async fn a_parent_that_loses_rights_takes_them_from_every_descendant() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[EVERYTHING])).await;
    role(&server, "wide", TRUSTS_ROOT, &policy(&[EVERYTHING])).await;
    let own = key_of(&call(&server, &ann.key, "GetSessionToken", json!({})).await);
    let federated = mint(&server, &ann.key, None, 1800).await;
    let keys = [&ann.key, &own, &federated];
    for key in keys {
        expect(&act(&server, key, "PUT", "/k", b"x").await, 200, "");
    }
    give(
        &server,
        &ann,
        "deny",
        &policy(&[("deny", &["cos:PutObject", "sts:AssumeRole"], &["*"])]),
    )
    .await;
    for key in keys {
        expect(&act(&server, key, "PUT", "/k", b"x").await, 403, "AccessDenied");
        assert_eq!(code(&assume(&server, key, "wide").await), UNAUTHORIZED);
        assert!(may_list(&server, key).await);
    }
    let again = mint(&server, &ann.key, Some(&policy(&[EVERYTHING])), 1800).await;
    expect(
        &act(&server, &again, "PUT", "/k", b"x").await,
        403,
        "AccessDenied",
    );
    server.stop().await;
}
