//! What a key may do: A ∩ B and never more, whoever minted it and through how many steps.

use serde_json::json;

use crate::acting::{TRUSTS_ROOT, asked, assume, may_list, role, session, with};
use crate::kit::{
    Key, act, attach, call, code, done, expect, key_of, mint, object_resource, policy, policy_of, server,
    user, user_resource,
};
use crate::wire::BUCKET;

const ASSUME: (&str, &[&str], &[&str]) = ("allow", &["sts:AssumeRole"], &["*"]);
const LIST: (&str, &[&str], &[&str]) = ("allow", &["cos:GetBucket"], &["*"]);
const EVERYTHING: (&str, &[&str], &[&str]) = ("allow", &["*"], &["*"]);
const NOTHING: (&str, &[&str], &[&str]) = ("allow", &["cos:NoSuchAction"], &["*"]);
const DENIED: &str = "AuthFailure.UnauthorizedOperation";
/// How the token service says it.
const UNAUTHORIZED: &str = "UnauthorizedOperation";

#[tokio::test]
async fn m03_nobody_edits_what_bounds_it_without_the_right() {
    let server = server().await;
    let user = user(&server, "eve", &policy(&[NOTHING])).await;
    let attach = json!({ "AttachUin": user.uin, "PolicyId": 1 });
    let detach = json!({ "DetachUin": user.uin, "PolicyId": user.policy });
    let delete = json!({ "PolicyId": [user.policy] });
    for (action, parameters) in [
        ("AttachUserPolicy", attach.clone()),
        ("DetachUserPolicy", detach),
        ("DeletePolicy", delete),
    ] {
        assert_eq!(
            code(&call(&server, &user.key, action, parameters).await),
            DENIED,
            "{action}"
        );
    }
    // Even an administrator's session does not, for itself or anybody.
    let root = Key::root();
    assert_eq!(
        code(&call(&server, &root, "AttachUserPolicy", attach.clone()).await),
        ""
    );
    let session = mint(&server, &user.key, None, 1800).await;
    let attach = json!({ "AttachUin": user.uin, "PolicyId": 2 });
    assert_eq!(
        code(&call(&server, &session, "AttachUserPolicy", attach.clone()).await),
        DENIED
    );
    // Its permanent key does: whoever may attach policies is an administrator, as in the original.
    assert_eq!(
        code(&call(&server, &user.key, "AttachUserPolicy", attach).await),
        ""
    );
    server.stop().await;
}

#[tokio::test]
async fn m04_a_right_over_one_user_reaches_no_other() {
    let server = server().await;
    let victim = user(&server, "victim", &policy(&[NOTHING])).await;
    let keeper = user(&server, "keeper", &policy(&[NOTHING])).await;
    let own = policy(&[("allow", &["cam:*"], &[&user_resource(keeper.uin)])]);
    let limited = json!({ "PolicyName": "own", "PolicyDocument": own });
    let made = call(&server, &Key::root(), "CreatePolicy", limited).await;
    let attach = json!({ "AttachUin": keeper.uin, "PolicyId": made["PolicyId"] });
    assert_eq!(
        code(&call(&server, &Key::root(), "AttachUserPolicy", attach).await),
        ""
    );
    for target in [victim.uin, 100_000_000_001, 1, u64::MAX] {
        for (action, parameters) in [
            ("CreateAccessKey", json!({ "TargetUin": target })),
            ("ListAccessKeys", json!({ "TargetUin": target })),
            (
                "UpdateAccessKey",
                json!({ "TargetUin": target, "AccessKeyId": victim.key.id, "Status": "Inactive" }),
            ),
            (
                "DeleteAccessKey",
                json!({ "TargetUin": target, "AccessKeyId": victim.key.id }),
            ),
            ("AttachUserPolicy", json!({ "AttachUin": target, "PolicyId": 1 })),
            (
                "DetachUserPolicy",
                json!({ "DetachUin": target, "PolicyId": victim.policy }),
            ),
            ("ListAttachedUserPolicies", json!({ "TargetUin": target })),
        ] {
            let answer = call(&server, &keeper.key, action, parameters).await;
            assert_eq!(code(&answer), DENIED, "{action} {target}");
        }
    }
    for (action, parameters) in [
        ("DeleteUser", json!({ "Name": victim.name, "Force": 1 })),
        ("GetUser", json!({ "Name": "victim" })),
        ("GetUser", json!({ "Name": "not-there" })),
        ("AddUser", json!({ "Name": "new" })),
        ("ListUsers", json!({})),
    ] {
        assert_eq!(
            code(&call(&server, &keeper.key, action, parameters).await),
            DENIED,
            "{action}"
        );
    }
    // Its own number does not lend it another's key.
    let foreign = json!({ "AccessKeyId": victim.key.id, "Status": "Inactive" });
    let answer = call(&server, &keeper.key, "UpdateAccessKey", foreign).await;
    assert_eq!(code(&answer), "OperationDenied.UinNotMatch");
    // What it does reach.
    assert_eq!(
        code(&call(&server, &keeper.key, "ListAccessKeys", json!({})).await),
        ""
    );
    assert_eq!(
        code(&call(&server, &keeper.key, "CreateAccessKey", json!({})).await),
        ""
    );
    server.stop().await;
}

#[tokio::test]
async fn m04_no_administrator_reaches_the_root_s_keys() {
    let server = server().await;
    let everything = policy(&[("allow", &["*"], &["*"])]);
    let admin = user(&server, "admin", &everything).await;
    let root = json!(100_000_000_001_u64);
    for (action, parameters) in [
        ("CreateAccessKey", json!({ "TargetUin": root })),
        (
            "UpdateAccessKey",
            json!({ "TargetUin": root, "AccessKeyId": Key::root().id, "Status": "Inactive" }),
        ),
        (
            "DeleteAccessKey",
            json!({ "TargetUin": root, "AccessKeyId": Key::root().id }),
        ),
    ] {
        assert_eq!(
            code(&call(&server, &admin.key, action, parameters).await),
            DENIED,
            "{action}"
        );
    }
    let attach = json!({ "AttachUin": root, "PolicyId": 1 });
    let answer = call(&server, &admin.key, "AttachUserPolicy", attach).await;
    assert_eq!(code(&answer), "ResourceNotFound.UserNotExist");
    // The root itself may have a second key, and may end the first with it.
    let made = call(&server, &Key::root(), "CreateAccessKey", json!({})).await;
    let second = Key::permanent(
        made["AccessKey"]["AccessKeyId"].as_str().unwrap(),
        made["AccessKey"]["SecretAccessKey"].as_str().unwrap(),
    );
    let first = json!({ "AccessKeyId": Key::root().id });
    assert_eq!(code(&call(&server, &second, "DeleteAccessKey", first).await), "");
    expect(
        &act(&server, &Key::root(), "GET", "/", b"").await,
        403,
        "InvalidAccessKeyId",
    );
    expect(&act(&server, &second, "GET", "/", b"").await, 200, "");
    server.stop().await;
}

#[tokio::test]
async fn m02_no_kind_of_session_makes_a_wider_key() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[EVERYTHING])).await;
    role(&server, "wide", TRUSTS_ROOT, &policy(&[EVERYTHING])).await;
    let narrow = policy(&[ASSUME, LIST, ("allow", &["sts:*", "cam:*"], &["*"])]);
    let federation = mint(&server, &ann.key, Some(&narrow), 1800).await;
    let own = key_of(&call(&server, &ann.key, "GetSessionToken", json!({})).await);
    let narrowed = with(asked("wide"), "Policy", narrow.as_str());
    let narrowed = key_of(&call(&server, &ann.key, "AssumeRole", narrowed).await);
    let descended = session(&server, &federation, "wide").await;
    for (kind, key) in [
        ("federation", &federation),
        ("own", &own),
        ("role", &narrowed),
        ("descended", &descended),
    ] {
        for (action, parameters) in [
            ("GetFederationToken", json!({ "Name": "n" })),
            ("GetSessionToken", json!({})),
            ("CreateAccessKey", json!({ "TargetUin": ann.uin })),
            ("AddUser", json!({ "Name": "mallory", "UseApi": 1 })),
            ("QueryApiKey", json!({})),
        ] {
            let answer = call(&server, key, action, parameters).await;
            assert_ne!(code(&answer), "", "{kind} {action}: {answer}");
        }
        assert!(may_list(&server, key).await, "{kind}");
    }
    // What is derived from a narrow one is as narrow.
    for key in [&federation, &narrowed, &descended] {
        let next = session(&server, key, "wide").await;
        assert!(may_list(&server, &next).await);
        expect(&act(&server, &next, "PUT", "/k", b"x").await, 403, "AccessDenied");
    }
    // The permanent key makes all of them.
    for (action, parameters) in [
        ("CreateAccessKey", json!({ "TargetUin": ann.uin })),
        ("AddUser", json!({ "Name": "mallory", "UseApi": 1 })),
    ] {
        assert_eq!(
            code(&call(&server, &ann.key, action, parameters).await),
            "",
            "{action}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn m05_no_policy_is_smuggled_into_another_call() {
    let server = server().await;
    let root = Key::root();
    let everything = policy(&[EVERYTHING]);
    let made = call(&server, &root, "AddUser", json!({ "Name": "n", "UseApi": 1 })).await;
    assert_eq!(code(&made), "");
    for (action, parameters) in [
        ("AddUser", json!({ "Name": "m", "PolicyDocument": everything })),
        ("AddUser", json!({ "Name": "m", "Uin": 100_000_000_001_u64 })),
        ("UpdateUser", json!({ "Name": "n", "PolicyDocument": everything })),
        ("UpdateUser", json!({ "Name": "n", "PolicyId": 1 })),
        ("UpdateUser", json!({ "Name": "n", "GroupId": 1 })),
        ("UpdateUser", json!({ "Name": "n", "OwnerUin": 1 })),
        ("CreateGroup", json!({ "GroupName": "g", "PolicyId": 1 })),
        ("UpdateGroup", json!({ "GroupId": 1, "Policies": [1] })),
    ] {
        let answer = call(&server, &root, action, parameters.clone()).await;
        assert_eq!(code(&answer), "UnknownParameter", "{action} {parameters}");
    }
    assert_eq!(
        code(
            &call(
                &server,
                &root,
                "UpdateUser",
                json!({ "Name": "n", "Remark": "r" })
            )
            .await
        ),
        ""
    );
    server.stop().await;
}

#[tokio::test]
async fn m06_a_batch_is_judged_item_by_item_and_done_as_a_whole() {
    let server = server().await;
    let eve = user(&server, "eve", &policy(&[NOTHING])).await;
    let mine = policy_of(&server, "mine", &policy(&[NOTHING])).await;
    let theirs = policy_of(&server, "theirs", &policy(&[NOTHING])).await;
    let group = async |name: &str| {
        done(&server, "CreateGroup", json!({ "GroupName": name })).await["GroupId"].clone()
    };
    let (open, closed) = (group("open").await, group("closed").await);
    let rights = policy(&[
        (
            "allow",
            &["cam:DeletePolicy"],
            &[&format!("qcs::cam::uin/100000000001:policyid/{mine}")],
        ),
        (
            "allow",
            &["cam:AddUserToGroup"],
            &[&format!("qcs::cam::uin/100000000001:groupid/{open}")],
        ),
        // To read is another right than to write.
        ("allow", &["cam:GetPolicy", "cam:ListUsersForGroup"], &["*"]),
    ]);
    let rights = policy_of(&server, "rights", &rights).await;
    attach(&server, eve.uin, rights).await;
    let join = |groups: &[&serde_json::Value]| {
        let all: Vec<_> = groups
            .iter()
            .map(|group| json!({ "GroupId": group, "Uin": eve.uin }))
            .collect();
        json!({ "Info": all })
    };
    for (action, parameters) in [
        ("DeletePolicy", json!({ "PolicyId": [mine, theirs] })),
        ("DeletePolicy", json!({ "PolicyId": [theirs, mine] })),
        ("AddUserToGroup", join(&[&open, &closed])),
        ("AddUserToGroup", join(&[&closed, &open])),
    ] {
        let answer = call(&server, &eve.key, action, parameters).await;
        assert_eq!(code(&answer), DENIED, "{action}: {answer}");
    }
    // Nothing of it was done.
    for id in [mine, theirs] {
        let found = call(&server, &eve.key, "GetPolicy", json!({ "PolicyId": id })).await;
        assert_eq!(code(&found), "", "{found}");
    }
    for id in [&open, &closed] {
        let members = done(&server, "ListUsersForGroup", json!({ "GroupId": id })).await;
        assert_eq!(members["TotalNum"], json!(0), "{members}");
    }
    for (action, parameters) in [
        ("AddUserToGroup", join(&[&open])),
        ("DeletePolicy", json!({ "PolicyId": [mine] })),
    ] {
        assert_eq!(
            code(&call(&server, &eve.key, action, parameters).await),
            "",
            "{action}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn m07_nobody_chooses_id_secret_or_owner_of_a_key() {
    let server = server().await;
    let root = Key::root();
    for (action, parameters) in [
        (
            "CreateAccessKey",
            json!({ "AccessKeyId": "AKIDchosen0123456789" }),
        ),
        ("CreateAccessKey", json!({ "SecretAccessKey": "chosen" })),
        ("CreateAccessKey", json!({ "Parent": 1 })),
        (
            "AddUser",
            json!({ "Name": "n", "UseApi": 1, "SecretId": "AKIDchosen" }),
        ),
        ("GetFederationToken", json!({ "Name": "n", "Uin": 1 })),
        ("GetFederationToken", json!({ "Name": "n", "Claims": {} })),
        (
            "GetFederationToken",
            json!({ "Name": "n", "TmpSecretKey": "chosen" }),
        ),
        ("GetSessionToken", json!({ "Uin": 1 })),
        ("AssumeRole", with(asked("r"), "OriginalCaller", 1)),
        ("GetCallerIdentity", json!({ "Uin": 1 })),
    ] {
        let answer = call(&server, &root, action, parameters.clone()).await;
        assert_eq!(code(&answer), "UnknownParameter", "{action} {parameters}");
    }
    let made = call(&server, &root, "CreateAccessKey", json!({})).await;
    assert_eq!(code(&made), "");
    server.stop().await;
}

#[tokio::test]
async fn m08_to_change_keys_is_not_to_list_them() {
    let server = server().await;
    let victim = user(&server, "victim", &policy(&[NOTHING])).await;
    let eve = user(
        &server,
        "eve",
        &policy(&[("allow", &["cam:UpdateAccessKey"], &["*"])]),
    )
    .await;
    let root = 100_000_000_001_u64;
    let lists = [
        ("ListAccessKeys", json!({})),
        ("ListAccessKeys", json!({ "TargetUin": victim.uin })),
        ("ListAccessKeys", json!({ "TargetUin": root })),
        ("GetSecurityLastUsed", json!({ "SecretIdList": [victim.key.id] })),
        ("ListUsers", json!({})),
    ];
    for (action, parameters) in &lists {
        let answer = call(&server, &eve.key, action, parameters.clone()).await;
        assert_eq!(code(&answer), DENIED, "{action}: {answer}");
    }
    let other = call(
        &server,
        &eve.key,
        "QueryApiKey",
        json!({ "TargetUin": victim.uin }),
    )
    .await;
    assert_eq!(code(&other), UNAUTHORIZED);
    // With the right over itself it lists its own, and nobody else's.
    let own = policy(&[("allow", &["cam:ListAccessKeys"], &[&user_resource(eve.uin)])]);
    let own = policy_of(&server, "own", &own).await;
    attach(&server, eve.uin, own).await;
    let listed = call(&server, &eve.key, "ListAccessKeys", json!({})).await;
    assert!(listed.to_string().contains(&eve.key.id), "{listed}");
    for (action, parameters) in &lists[1..] {
        let answer = call(&server, &eve.key, action, parameters.clone()).await;
        assert_eq!(code(&answer), DENIED, "{action}: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn m09_a_chain_loses_no_policy() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[EVERYTHING])).await;
    role(&server, "wide", TRUSTS_ROOT, &policy(&[EVERYTHING])).await;
    role(&server, "wider", TRUSTS_ROOT, &policy(&[EVERYTHING])).await;
    let narrow = policy(&[ASSUME, LIST]);
    let federation = mint(&server, &ann.key, Some(&narrow), 1800).await;
    let through_role = with(asked("wide"), "Policy", narrow.as_str());
    let through_role = key_of(&call(&server, &ann.key, "AssumeRole", through_role).await);
    let through_federation = session(&server, &federation, "wide").await;
    for narrowed in [&federation, &through_role, &through_federation] {
        let next = session(&server, narrowed, "wider").await;
        let widened = with(asked("wide"), "Policy", policy(&[EVERYTHING]));
        let widened = key_of(&call(&server, &next, "AssumeRole", widened).await);
        for key in [&next, &widened] {
            assert!(may_list(&server, key).await);
            expect(&act(&server, key, "PUT", "/k", b"x").await, 403, "AccessDenied");
        }
    }
    // A session that may not assume roles does not, whatever its principal may.
    let without = mint(&server, &ann.key, Some(&policy(&[LIST])), 1800).await;
    assert_eq!(code(&assume(&server, &without, "wide").await), UNAUTHORIZED);
    // What all of them allow is allowed.
    let free = session(&server, &session(&server, &ann.key, "wide").await, "wider").await;
    expect(&act(&server, &free, "PUT", "/k", b"x").await, 200, "");
    server.stop().await;
}

#[tokio::test]
async fn m11_every_layer_counts_and_none_counts_for_another() {
    let server = server().await;
    let root = Key::root();
    let allow = policy(&[("allow", &["cos:GetObject"], &["*"])]);
    let deny = policy(&[("deny", &["cos:GetObject"], &["*"])]);
    let silent = policy(&[("allow", &["cos:HeadBucket"], &["*"])]);
    let with_right = user(&server, "with", &allow).await;
    let without = user(&server, "without", &silent).await;
    expect(&act(&server, &root, "PUT", "/k", b"x").await, 200, "");
    // Of the bucket's policy: says nothing, names both users, or denies both.
    for (bucket, granted, denied) in [
        (None, false, false),
        (Some("allow"), true, false),
        (Some("deny"), false, true),
    ] {
        if let Some(effect) = bucket {
            let principals: Vec<_> = [with_right.uin, without.uin]
                .iter()
                .map(|uin| user_resource(*uin))
                .collect();
            let document = json!({ "version": "2.0", "statement": [{
                "effect": effect, "principal": { "qcs": principals }, "action": ["name/cos:GetObject"],
                "resource": [object_resource("*")],
            }]});
            let put = act(&server, &root, "PUT", "/?policy", document.to_string().as_bytes()).await;
            expect(&put, 204, "");
        }
        for (owner, right) in [(&with_right, true), (&without, false)] {
            for (narrowed, within, forbids) in [
                (None, true, false),
                (Some(&allow), true, false),
                (Some(&silent), false, false),
                (Some(&deny), false, true),
            ] {
                let key = mint(&server, &owner.key, narrowed.map(String::as_str), 1800).await;
                let answer = act(&server, &key, "GET", "/k", b"").await;
                let expected = (right || granted) && within && !denied && !forbids;
                assert_eq!(
                    answer.status == 200,
                    expected,
                    "{bucket:?} {right} {narrowed:?}: {answer:?}"
                );
            }
        }
    }
    // What everybody may is not lost by being signed for, unless a layer denies it.
    let removed = act(&server, &root, "DELETE", "/?policy", b"").await;
    assert_eq!(removed.status, 204);
    let public = crate::kit::Request::new(&server, "PUT", "/k?acl").header("x-cos-acl", "public-read");
    expect(
        &public.body(b"").sign(&server, &root).send(&server).await,
        200,
        "",
    );
    for (narrowed, status) in [(&silent, 200), (&allow, 200), (&deny, 403)] {
        let key = mint(&server, &without.key, Some(narrowed), 1800).await;
        assert_eq!(
            act(&server, &key, "GET", "/k", b"").await.status,
            status,
            "{narrowed}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn m12_a_denial_outweighs_every_allowance() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[LIST])).await;
    assert!(may_list(&server, &ann.key).await);
    let deny = policy_of(&server, "deny", &policy(&[("deny", &["*"], &["*"])])).await;
    attach(&server, ann.uin, deny).await;
    expect(
        &act(&server, &ann.key, "GET", "/", b"").await,
        403,
        "AccessDenied",
    );
    // Being an administrator beside it does not help.
    attach(&server, ann.uin, 1).await;
    expect(
        &act(&server, &ann.key, "GET", "/", b"").await,
        403,
        "AccessDenied",
    );
    server.stop().await;
}

#[tokio::test]
async fn m13_a_policy_that_is_changed_changes_the_decision() {
    let server = server().await;
    expect(&act(&server, &Key::root(), "PUT", "/a/k", b"x").await, 200, "");
    let wide = policy(&[("allow", &["cos:*"], &["*"])]);
    let ann = user(&server, "ann", &wide).await;
    // Of the session: each word of it counts.
    let exact = policy(&[("allow", &["cos:GetObject"], &[&object_resource("a/k")])]);
    let check = async |document: &str, status: u16| {
        let key = mint(&server, &ann.key, Some(document), 1800).await;
        let answer = act(&server, &key, "GET", "/a/k", b"").await;
        assert_eq!(answer.status, status, "{document}: {answer:?}");
    };
    check(&exact, 200).await;
    for (from, to) in [
        ("\"allow\"", "\"deny\""),
        ("GetObject", "PutObject"),
        ("a/k", "a/l"),
        ("a/k", "a"),
        ("ap-guangzhou", "ap-beijing"),
        (BUCKET, "photos2-1250000000"),
    ] {
        let changed = exact.replacen(from, to, 1);
        assert_ne!(changed, exact);
        check(&changed, 403).await;
    }
    // Of the user: with the next request, for sessions that are out already, too.
    let session = mint(&server, &ann.key, None, 1800).await;
    let change = async |document: &str| {
        let parameters = json!({ "PolicyId": ann.policy, "PolicyDocument": document, "SetAsDefault": true });
        done(&server, "CreatePolicyVersion", parameters).await;
        [
            act(&server, &ann.key, "GET", "/a/k", b"").await.status,
            act(&server, &session, "GET", "/a/k", b"").await.status,
        ]
    };
    assert_eq!(change(&wide.replacen("allow", "deny", 1)).await, [403, 403]);
    assert_eq!(change(&exact).await, [200, 200]);
    assert_eq!(change(&exact.replacen("a/k", "b/k", 1)).await, [403, 403]);
    server.stop().await;
}

#[tokio::test]
async fn m14_an_action_that_nobody_knows_is_refused() {
    let server = server().await;
    let key = mint(&server, &Key::root(), Some(&policy(&[EVERYTHING])), 1800).await;
    expect(&act(&server, &key, "GET", "/", b"").await, 200, "");
    assert_eq!(code(&call(&server, &key, "ListUsers", json!({})).await), "");
    let answer = call(&server, &key, "GrantEverything", json!({})).await;
    assert_eq!(code(&answer), "InvalidAction");
    for (method, target) in [
        ("PATCH", "/k"),
        ("POST", "/k"),
        ("PROPFIND", "/"),
        ("get", "/k"),
        ("PUT", "/?append"),
    ] {
        expect(
            &act(&server, &key, method, target, b"").await,
            405,
            "MethodNotAllowed",
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn m15_no_key_for_a_role_an_account_or_a_time_that_is_not_there() {
    let server = server().await;
    let root = Key::root();
    role(&server, "real", TRUSTS_ROOT, &policy(&[LIST])).await;
    let check = async |parameters: serde_json::Value, expected: &str| {
        let answer = call(&server, &root, "AssumeRole", parameters.clone()).await;
        assert_eq!(code(&answer), expected, "{parameters}");
        assert_eq!(
            answer.get("Credentials").is_some(),
            expected.is_empty(),
            "{answer}"
        );
    };
    check(asked("real"), "").await;
    check(asked("missing"), "ResourceNotFound.RoleNotFound").await;
    for (arn, expected) in [
        ("qcs::cam::uin/100000000002:roleName/real", UNAUTHORIZED),
        ("qcs::cam::uin/1:roleName/real", UNAUTHORIZED),
        ("qcs::cam::uin/18446744073709551615:role/1", UNAUTHORIZED),
        (
            "qcs::cam::uin/100000000001:role/1",
            "ResourceNotFound.RoleNotFound",
        ),
    ] {
        check(with(asked("real"), "RoleArn", arn), expected).await;
    }
    for arn in [
        "",
        "real",
        "qcs::cam::uin/100000000001:roleName/",
        "qcs::cam::uin/:roleName/real",
        "qcs::cam::uin/100000000001:roleName/*",
        "qcs::cam::uin/100000000001:uin/100000000001",
        "arn:aws:iam::100000000001:role/real",
    ] {
        let answer = call(&server, &root, "AssumeRole", with(asked("real"), "RoleArn", arn)).await;
        let refused = ["InvalidParameter.ParamError", "MissingParameter"].contains(&code(&answer));
        assert!(refused, "{arn}: {answer}");
    }
    for (seconds, expected) in [
        (43_200, ""),
        (43_201, "InvalidParameter.OverTimeError"),
        (i64::MAX, "InvalidParameter.OverTimeError"),
        (0, "InvalidParameter.ParamError"),
        (-1, "InvalidParameter.ParamError"),
        (1799, "InvalidParameter.ParamError"),
    ] {
        check(with(asked("real"), "DurationSeconds", seconds), expected).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn m16_a_key_without_permissions_has_none() {
    let server = server().await;
    let root = Key::root();
    let made = call(&server, &root, "AddUser", json!({ "Name": "bare", "UseApi": 1 })).await;
    let key = Key::permanent(
        made["SecretId"].as_str().unwrap(),
        made["SecretKey"].as_str().unwrap(),
    );
    for (method, target) in [("GET", "/"), ("PUT", "/k"), ("DELETE", "/"), ("GET", "/k")] {
        expect(
            &act(&server, &key, method, target, b"").await,
            403,
            "AccessDenied",
        );
    }
    // Nor has a key that it mints, whatever its policy says.
    let everything = policy(&[("allow", &["*"], &["*"])]);
    for narrowed in [None, Some(everything.as_str())] {
        let minted = mint(&server, &key, narrowed, 1800).await;
        expect(&act(&server, &minted, "GET", "/", b"").await, 403, "AccessDenied");
        assert_eq!(
            code(&call(&server, &minted, "ListUsers", json!({})).await),
            DENIED
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn m17_a_name_is_not_its_prefix() {
    let server = server().await;
    let root = Key::root();
    for key in ["/orders", "/orders/1", "/orders_backup/1"] {
        expect(&act(&server, &root, "PUT", key, b"x").await, 200, "");
    }
    let check = async |resource: &str, target: &str, status| {
        let narrowed = policy(&[("allow", &["cos:*"], &[&object_resource(resource)])]);
        let key = mint(&server, &root, Some(&narrowed), 1800).await;
        assert_eq!(
            act(&server, &key, "GET", target, b"").await.status,
            status,
            "{resource} {target}"
        );
    };
    check("orders", "/orders", 200).await;
    check("orders", "/orders/1", 403).await;
    check("orders/*", "/orders/1", 200).await;
    check("orders/*", "/orders_backup/1", 403).await;
    check("orders/*", "/orders", 403).await;
    check("orders/*", "/?prefix=orders/", 200).await;
    check("orders/*", "/?prefix=orders", 403).await;
    check("orders/*", "/?prefix=", 403).await;
    check("orders/*", "/", 403).await;
    check("orders/*", "/?prefix=orders/&marker=a", 200).await;
    check("orders/*", "/?uploads&prefix=orders", 403).await;
    // Another bucket whose name goes on where this one's ends.
    let longer = format!("qcs::cos:ap-guangzhou:uid/1250000000:x{BUCKET}/*");
    let key = mint(
        &server,
        &root,
        Some(&policy(&[("allow", &["cos:*"], &[&longer])])),
        1800,
    )
    .await;
    expect(
        &act(&server, &key, "GET", "/orders", b"").await,
        403,
        "AccessDenied",
    );
    server.stop().await;
}

#[tokio::test]
async fn m19_absent_empty_deny_and_allow_on_both_sides() {
    let server = server().await;
    let allow = policy(&[("allow", &["cos:GetBucket"], &["*"])]);
    let deny = policy(&[("deny", &["cos:GetBucket"], &["*"])]);
    let other = policy(&[NOTHING]);
    for (index, (own, own_allows)) in [(&allow, true), (&deny, false), (&other, false)]
        .into_iter()
        .enumerate()
    {
        let user = user(&server, &format!("user{index}"), own).await;
        for (narrowed, allows) in [
            (None, true),
            (Some(&allow), true),
            (Some(&deny), false),
            (Some(&other), false),
        ] {
            let key = mint(&server, &user.key, narrowed.map(String::as_str), 1800).await;
            let answer = act(&server, &key, "GET", "/", b"").await;
            assert_eq!(answer.status == 200, own_allows && allows, "{own} {narrowed:?}");
        }
    }
    // A policy that is there and says nothing is refused instead of widened.
    for empty in [
        "{}",
        r#"{"version":"2.0"}"#,
        r#"{"version":"2.0","statement":[]}"#,
    ] {
        let parameters = json!({ "Name": "n", "Policy": empty });
        let minted = call(&server, &Key::root(), "GetFederationToken", parameters).await;
        assert_ne!(code(&minted), "", "{empty:?}");
    }
    server.stop().await;
}
