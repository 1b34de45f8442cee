//! Rights over users, keys and policies: what they reach, and that nobody widens what bounds it.

use serde_json::json;

use crate::kit::{Key, act, attach, call, code, done, mint, policy, policy_of, server, user, user_resource};

const NOTHING: (&str, &[&str], &[&str]) = ("allow", &["cos:NoSuchAction"], &["*"]);
const DENIED: &str = "AuthFailure.UnauthorizedOperation";

#[tokio::test]
async fn a_group_gives_and_takes_with_the_next_request() {
    let server = server().await;
    let user = user(&server, "ann", &policy(&[NOTHING])).await;
    let session = mint(&server, &user.key, None, 1800).await;
    let group = done(&server, "CreateGroup", json!({ "GroupName": "g" })).await["GroupId"].clone();
    let all = policy_of(&server, "all", &policy(&[("allow", &["cos:*"], &["*"])])).await;
    let none = policy_of(&server, "none", &policy(&[("deny", &["cos:*"], &["*"])])).await;
    let info = json!({ "Info": [{ "GroupId": group, "Uin": user.uin }] });
    let attach = |policy: u64| json!({ "AttachGroupId": group, "PolicyId": policy });
    let detach = |policy: u64| json!({ "DetachGroupId": group, "PolicyId": policy });
    let steps = [
        ("AttachGroupPolicy", attach(all), 403),
        ("AddUserToGroup", info.clone(), 200),
        ("AttachGroupPolicy", attach(none), 403),
        ("DetachGroupPolicy", detach(none), 200),
        ("RemoveUserFromGroup", info.clone(), 403),
        ("AddUserToGroup", info, 200),
        ("DeleteGroup", json!({ "GroupId": group }), 403),
    ];
    for (action, parameters, expected) in steps {
        done(&server, action, parameters).await;
        for key in [&user.key, &session] {
            let answer = act(&server, key, "PUT", "/k", b"v").await;
            assert_eq!(answer.status, expected, "after {action}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_boundary_binds_keys_and_sessions_from_the_next_request() {
    let server = server().await;
    let everything = policy(&[("allow", &["*"], &["*"])]);
    let user = user(&server, "ann", &everything).await;
    let session = mint(&server, &user.key, None, 1800).await;
    let reading = policy(&[("allow", &["cos:GetObject"], &["*"])]);
    let writing = policy(&[("allow", &["cos:PutObject"], &["*"])]);
    let bound = policy_of(&server, "bound", &reading).await;
    assert_eq!(act(&server, &user.key, "PUT", "/k", b"v").await.status, 200);
    let check = async |put: u16, get: u16| {
        for key in [&user.key, &session] {
            assert_eq!(act(&server, key, "PUT", "/k", b"v").await.status, put);
            assert_eq!(act(&server, key, "GET", "/k", b"").await.status, get);
        }
    };
    let put = json!({ "TargetUin": user.uin, "PolicyId": bound });
    done(&server, "PutUserPermissionsBoundary", put).await;
    check(403, 200).await;
    // A boundary is no right.
    let detach = json!({ "DetachUin": user.uin, "PolicyId": user.policy });
    done(&server, "DetachUserPolicy", detach).await;
    check(403, 403).await;
    let attach = json!({ "AttachUin": user.uin, "PolicyId": user.policy });
    done(&server, "AttachUserPolicy", attach).await;
    // The default version counts, for boundaries too.
    let version = json!({ "PolicyId": bound, "PolicyDocument": writing, "SetAsDefault": true });
    done(&server, "CreatePolicyVersion", version).await;
    check(200, 403).await;
    done(
        &server,
        "SetDefaultPolicyVersion",
        json!({ "PolicyId": bound, "VersionId": 1 }),
    )
    .await;
    check(403, 200).await;
    let refused = call(
        &server,
        &Key::root(),
        "DeletePolicy",
        json!({ "PolicyId": [bound] }),
    )
    .await;
    assert_eq!(code(&refused), "ResourceInUse");
    done(
        &server,
        "DeleteUserPermissionsBoundary",
        json!({ "TargetUin": user.uin }),
    )
    .await;
    check(200, 200).await;
    server.stop().await;
}

/// Whoever may manage groups but not this one, or everybody but this user, is held to that.
#[tokio::test]
async fn rights_over_groups_are_rights_over_single_ones() {
    let server = server().await;
    let nothing = policy(&[NOTHING]);
    let eve = user(&server, "eve", &nothing).await;
    let boss = user(&server, "boss", &nothing).await;
    let one = done(&server, "CreateGroup", json!({ "GroupName": "one" })).await["GroupId"].clone();
    let two = done(&server, "CreateGroup", json!({ "GroupName": "two" })).await["GroupId"].clone();
    let group = |id: &serde_json::Value| format!("qcs::cam::uin/100000000001:groupid/{id}");
    let administrator = "qcs::cam::uin/100000000001:policyid/1";
    let rights = policy(&[
        (
            "allow",
            &["cam:AddUserToGroup", "cam:AttachGroupPolicy"],
            &[&group(&one)],
        ),
        ("allow", &["cam:*"], &[&user_resource(eve.uin)]),
        ("deny", &["cam:*"], &[&user_resource(boss.uin)]),
        ("deny", &["cam:AttachGroupPolicy"], &[administrator]),
    ]);
    let rights = policy_of(&server, "rights", &rights).await;
    attach(&server, eve.uin, rights).await;
    let join = |group: &serde_json::Value, uin: u64| json!({ "Info": [{ "GroupId": group, "Uin": uin }] });
    let check = async |action: &str, parameters: serde_json::Value, expected: &str| {
        let answer = call(&server, &eve.key, action, parameters).await;
        assert_eq!(code(&answer), expected, "{action}: {answer}");
    };
    check("AddUserToGroup", join(&one, eve.uin), "").await;
    // The right over itself is none over a group.
    check("AddUserToGroup", join(&two, eve.uin), DENIED).await;
    check("AddUserToGroup", join(&one, boss.uin), DENIED).await;
    let uid = done(&server, "GetUser", json!({ "Name": "boss" })).await["Uid"].clone();
    check(
        "AddUserToGroup",
        json!({ "Info": [{ "GroupId": one, "Uid": uid }] }),
        DENIED,
    )
    .await;
    check(
        "AttachGroupPolicy",
        json!({ "AttachGroupId": one, "PolicyId": 2 }),
        "",
    )
    .await;
    check(
        "AttachGroupPolicy",
        json!({ "AttachGroupId": one, "PolicyId": 1 }),
        DENIED,
    )
    .await;
    check(
        "AttachGroupPolicy",
        json!({ "AttachGroupId": two, "PolicyId": 2 }),
        DENIED,
    )
    .await;
    server.stop().await;
}

/// The right over a policy is one over it by name as well.
#[tokio::test]
async fn a_policy_that_is_named_is_the_policy_that_is_judged() {
    let server = server().await;
    let eve = user(&server, "eve", &policy(&[NOTHING])).await;
    let mine = policy_of(&server, "mine", &policy(&[NOTHING])).await;
    let resource = format!("qcs::cam::uin/100000000001:policyid/{mine}");
    let rights = policy(&[("allow", &["cam:UpdatePolicy"], &[&resource])]);
    let rights = policy_of(&server, "rights", &rights).await;
    attach(&server, eve.uin, rights).await;
    let by_name = |name: &str| json!({ "PolicyName": name, "Description": "d" });
    let answer = call(&server, &eve.key, "UpdatePolicy", by_name("mine")).await;
    assert_eq!(answer["PolicyId"], json!(mine));
    for other in ["rights", "AdministratorAccess", "missing"] {
        let answer = call(&server, &eve.key, "UpdatePolicy", by_name(other)).await;
        assert_eq!(code(&answer), DENIED, "{other}");
    }
    let missing = call(&server, &Key::root(), "UpdatePolicy", by_name("missing")).await;
    assert_eq!(code(&missing), "ResourceNotFound.PolicyIdNotFound");
    server.stop().await;
}
