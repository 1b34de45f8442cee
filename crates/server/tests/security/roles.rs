//! Roles and their sessions, attacked: who may act as one, with which rights, and until when.

use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::acting::{OWNER, TRUSTS_ROOT, asked, assume, may_list, role, session, trusts, trusts_user, with};
use crate::kit::{Key, act, call, code, done, expect, key_of, mint, policy, server, user};

const DENIED: &str = "UnauthorizedOperation";
const OVER_TIME: &str = "InvalidParameter.OverTimeError";

const ASSUME: (&str, &[&str], &[&str]) = ("allow", &["sts:AssumeRole"], &["*"]);
const LIST: (&str, &[&str], &[&str]) = ("allow", &["cos:GetBucket"], &["*"]);
const EVERYTHING: (&str, &[&str], &[&str]) = ("allow", &["*"], &["*"]);
const NOTHING: (&str, &[&str], &[&str]) = ("allow", &["cos:NoSuchAction"], &["*"]);

#[tokio::test]
async fn a_session_has_the_rights_of_its_role_at_this_moment() {
    let server = server().await;
    let ann = user(
        &server,
        "ann",
        &policy(&[ASSUME, ("allow", &["cos:PutObject"], &["*"])]),
    )
    .await;
    let id = role(&server, "lister", TRUSTS_ROOT, &policy(&[LIST])).await;
    let key = session(&server, &ann.key, "lister").await;
    assert!(may_list(&server, &key).await);
    // The rights are those of the role and not those of whoever acts as it.
    expect(&act(&server, &key, "PUT", "/k", b"x").await, 403, "AccessDenied");

    let boundary = json!({ "PolicyName": "bound", "PolicyDocument": policy(&[NOTHING]) });
    let bound = done(&server, "CreatePolicy", boundary).await["PolicyId"].clone();
    let put = json!({ "RoleId": id, "PolicyId": bound });
    done(&server, "PutRolePermissionsBoundary", put).await;
    assert!(!may_list(&server, &key).await);
    // What bounds a role cannot be removed from under it.
    let removed = call(
        &server,
        &Key::root(),
        "DeletePolicy",
        json!({ "PolicyId": [bound] }),
    )
    .await;
    assert_eq!(code(&removed), "ResourceInUse");
    done(&server, "DeleteRolePermissionsBoundary", json!({ "RoleId": id })).await;
    assert!(may_list(&server, &key).await);

    let attached = json!({ "RoleId": id, "Page": 1, "Rp": 20 });
    let attached = done(&server, "ListAttachedRolePolicies", attached).await;
    let own = attached["List"][0]["PolicyId"].clone();
    done(
        &server,
        "DetachRolePolicy",
        json!({ "DetachRoleId": id, "PolicyId": own }),
    )
    .await;
    assert!(!may_list(&server, &key).await);
    done(
        &server,
        "AttachRolePolicy",
        json!({ "AttachRoleId": id, "PolicyId": own }),
    )
    .await;
    assert!(may_list(&server, &key).await);
    // A policy that is gone is gone from the role.
    done(&server, "DeletePolicy", json!({ "PolicyId": [own] })).await;
    assert!(!may_list(&server, &key).await);
    server.stop().await;
}

#[tokio::test]
async fn a_role_needs_its_own_trust_and_the_caller_s_own_right() {
    let server = server().await;
    let may = user(&server, "may", &policy(&[ASSUME])).await;
    let may_not = user(&server, "may-not", &policy(&[NOTHING])).await;
    let denied = user(
        &server,
        "denied",
        &policy(&[
            ASSUME,
            (
                "deny",
                &["sts:AssumeRole"],
                &["qcs::cam::uin/100000000001:roleName/open"],
            ),
        ]),
    )
    .await;
    role(&server, "open", TRUSTS_ROOT, &policy(&[LIST])).await;
    role(&server, "for-may-not", &trusts_user(&may_not), &policy(&[LIST])).await;
    let check = async |who: &Key, name: &str, expected: &str| {
        let answer = assume(&server, who, name).await;
        assert_eq!(code(&answer), expected, "{name}: {answer}");
    };
    // The root account in a trust is everybody in it, but nobody without a right of his own.
    check(&Key::root(), "open", "").await;
    check(&may.key, "open", "").await;
    check(&may_not.key, "open", DENIED).await;
    check(&denied.key, "open", DENIED).await;
    // Being named is not enough, and neither is being allowed.
    check(&may_not.key, "for-may-not", DENIED).await;
    check(&may.key, "for-may-not", DENIED).await;
    check(&Key::root(), "for-may-not", DENIED).await;
    // A role that is not there is told to whoever may ask for it.
    check(&may.key, "missing", "ResourceNotFound.RoleNotFound").await;
    check(&may_not.key, "missing", DENIED).await;
    // Of another account's roles nobody learns even that.
    for arn in [
        "qcs::cam::uin/100000000099:roleName/open",
        "qcs::cam::uin/1:role/5",
    ] {
        for key in [&Key::root(), &may.key] {
            let foreign = with(asked("open"), "RoleArn", arn);
            assert_eq!(code(&call(&server, key, "AssumeRole", foreign).await), DENIED);
        }
    }
    // A trust is what it says at this moment.
    let trust = json!({ "RoleName": "open", "PolicyDocument": trusts_user(&denied) });
    done(&server, "UpdateAssumeRolePolicy", trust).await;
    check(&may.key, "open", DENIED).await;
    server.stop().await;
}

#[tokio::test]
async fn a_role_of_the_same_name_is_another_role() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[ASSUME])).await;
    let eve = user(&server, "eve", &policy(&[ASSUME])).await;
    let rights = policy(&[ASSUME, LIST]);
    role(&server, "first", &trusts_user(&ann), &rights).await;
    let by_name = trusts(&format!("qcs::cam::uin/{OWNER}:roleName/first"));
    role(&server, "vault", &by_name, &rights).await;
    let first = session(&server, &ann.key, "first").await;
    let vault = session(&server, &first, "vault").await;
    assert!(may_list(&server, &vault).await);

    done(&server, "DeleteRole", json!({ "RoleName": "first" })).await;
    for ended in [&first, &vault] {
        expect(
            &act(&server, ended, "GET", "/", b"").await,
            403,
            "InvalidAccessKeyId",
        );
    }
    role(&server, "first", &trusts_user(&eve), &rights).await;
    for ended in [&first, &vault] {
        expect(
            &act(&server, ended, "GET", "/", b"").await,
            403,
            "InvalidAccessKeyId",
        );
    }
    // The old trust counts no more, and the new role is not the one that the vault trusts.
    assert_eq!(code(&assume(&server, &ann.key, "first").await), DENIED);
    let second = session(&server, &eve.key, "first").await;
    assert!(may_list(&server, &second).await);
    assert_eq!(code(&assume(&server, &second, "vault").await), DENIED);
    // Until its owner says so again.
    let trust = json!({ "RoleName": "vault", "PolicyDocument": by_name });
    done(&server, "UpdateAssumeRolePolicy", trust).await;
    assert_eq!(code(&assume(&server, &second, "vault").await), "");
    server.stop().await;
}

#[tokio::test]
async fn a_chain_is_bounded() {
    let server = server().await;
    let trust = trusts(&format!("qcs::cam::uin/{OWNER}:root"));
    role(&server, "loop", &trust, &policy(&[ASSUME])).await;
    let mut key = Key::root();
    for _ in 0..9 {
        key = session(&server, &key, "loop").await;
    }
    assert_eq!(
        code(&assume(&server, &key, "loop").await),
        "InvalidParameter.ParamError"
    );
    server.stop().await;
}

#[tokio::test]
async fn durations_of_a_role_and_of_a_parent() {
    let server = server().await;
    role(&server, "day", TRUSTS_ROOT, &policy(&[ASSUME])).await;
    let ask = async |key: &Key, seconds: i64| {
        let parameters = with(asked("day"), "DurationSeconds", seconds);
        call(&server, key, "AssumeRole", parameters).await
    };
    let root_key = Key::root();
    assert_eq!(code(&ask(&root_key, 43_200).await), "");
    assert_eq!(code(&ask(&root_key, 43_201).await), OVER_TIME);
    assert_eq!(code(&ask(&root_key, i64::MAX).await), OVER_TIME);
    assert_eq!(code(&ask(&root_key, 1799).await), "InvalidParameter.ParamError");
    let limit = json!({ "RoleName": "day", "SessionDuration": 3600 });
    done(&server, "UpdateRoleSessionDuration", limit).await;
    assert_eq!(code(&ask(&root_key, 3600).await), "");
    assert_eq!(code(&ask(&root_key, 3601).await), OVER_TIME);
    // Where nothing is asked for, what fits is given.
    let mut parameters = asked("day");
    parameters.as_object_mut().unwrap().remove("DurationSeconds");
    let by_default = call(&server, &root_key, "AssumeRole", parameters.clone()).await;
    let now = crate::kit::now(&server);
    assert_eq!(by_default["ExpiredTime"], json!(now + 3600));

    // No session outlives the one that it comes from.
    let parent = key_of(&ask(&root_key, 2000).await);
    assert_eq!(code(&ask(&parent, 2001).await), OVER_TIME);
    let child = key_of(&ask(&parent, 2000).await);
    server.clock.advance_seconds(100);
    assert_eq!(code(&ask(&parent, 2000).await), OVER_TIME);
    assert_eq!(code(&ask(&child, 1901).await), OVER_TIME);
    assert_eq!(code(&ask(&child, 1900).await), "");
    server.clock.advance_seconds(101);
    let late = call(&server, &parent, "AssumeRole", parameters).await;
    assert_eq!(code(&late), OVER_TIME);
    server.clock.advance_seconds(1799);
    expect(&act(&server, &child, "GET", "/", b"").await, 400, "ExpiredToken");
    server.stop().await;
}

/// A key, and the sessions of three generations that rest on it.
async fn three_generations(server: &TestServer, key: &Key) -> [Key; 3] {
    let first = session(server, key, "one").await;
    let second = session(server, &first, "two").await;
    let third = session(server, &second, "three").await;
    [first, second, third]
}

#[tokio::test]
async fn whatever_a_chain_rests_on_ends_all_of_it() {
    let server = server().await;
    let rights = policy(&[ASSUME, LIST]);
    for name in ["one", "two", "three"] {
        role(&server, name, TRUSTS_ROOT, &rights).await;
    }
    let ann = user(&server, "ann", &rights).await;
    let ben = user(&server, "ben", &rights).await;
    let of_ann = three_generations(&server, &ann.key).await;
    let of_ben = three_generations(&server, &ben.key).await;
    let alive = async |keys: &[Key]| {
        let mut alive = 0;
        for key in keys {
            alive += usize::from(may_list(&server, key).await);
        }
        alive
    };
    assert_eq!((alive(&of_ann).await, alive(&of_ben).await), (3, 3));

    // The key at the beginning.
    let status = |status: &str| json!({ "TargetUin": ann.uin, "AccessKeyId": ann.key.id, "Status": status });
    done(&server, "UpdateAccessKey", status("Inactive")).await;
    assert_eq!((alive(&of_ann).await, alive(&of_ben).await), (0, 3));
    done(&server, "UpdateAccessKey", status("Active")).await;
    assert_eq!(alive(&of_ann).await, 3);
    let delete = json!({ "TargetUin": ann.uin, "AccessKeyId": ann.key.id });
    done(&server, "DeleteAccessKey", delete).await;
    assert_eq!((alive(&of_ann).await, alive(&of_ben).await), (0, 3));

    // A role in the middle ends what comes after it.
    done(&server, "DeleteRole", json!({ "RoleName": "two" })).await;
    assert_eq!(alive(&of_ben).await, 1);
    role(&server, "two", TRUSTS_ROOT, &rights).await;
    assert_eq!(alive(&of_ben).await, 1);
    // The user at the beginning.
    done(&server, "DeleteUser", json!({ "Name": ben.name, "Force": 1 })).await;
    assert_eq!(alive(&of_ben).await, 0);
    server.stop().await;
}

#[tokio::test]
async fn a_role_s_session_changes_identities_only_on_its_own_account() {
    let server = server().await;
    role(&server, "admin", TRUSTS_ROOT, &policy(&[EVERYTHING])).await;
    let ann = user(&server, "ann", &policy(&[ASSUME])).await;
    let refused = "AuthFailure.UnauthorizedOperation";
    let add = async |key: &Key, name: &str| {
        let answer = call(&server, key, "AddUser", json!({ "Name": name })).await;
        code(&answer).to_owned()
    };
    let admin = session(&server, &ann.key, "admin").await;
    assert_eq!(add(&admin, "by-role").await, "");
    assert_eq!(
        add(&session(&server, &admin, "admin").await, "by-chain").await,
        ""
    );
    // Narrowed, or come from what may not: no.
    let narrowed = with(asked("admin"), "Policy", policy(&[EVERYTHING]));
    let narrowed = key_of(&call(&server, &ann.key, "AssumeRole", narrowed).await);
    assert_eq!(add(&narrowed, "no").await, refused);
    assert_eq!(
        add(&session(&server, &narrowed, "admin").await, "no").await,
        refused
    );
    let federation = mint(&server, &Key::root(), None, 1800).await;
    let laundered = session(&server, &federation, "admin").await;
    assert_eq!(add(&laundered, "no").await, refused);
    assert_eq!(
        add(&session(&server, &laundered, "admin").await, "no").await,
        refused
    );
    let own = key_of(&call(&server, &Key::root(), "GetSessionToken", json!({})).await);
    assert_eq!(add(&own, "no").await, refused);
    assert_eq!(add(&session(&server, &own, "admin").await, "no").await, refused);
    // Nobody becomes the root by acting as a role, not even the root.
    for key in [&admin, &session(&server, &Key::root(), "admin").await] {
        let made = call(&server, key, "CreateAccessKey", json!({ "TargetUin": OWNER })).await;
        assert_eq!(code(&made), refused);
        let own = call(&server, key, "CreateAccessKey", json!({})).await;
        assert_ne!(code(&own), "", "{own}");
        let minted = call(&server, key, "GetFederationToken", json!({ "Name": "n" })).await;
        assert_eq!(code(&minted), "FailedOperation.TempKeyNotAllowed");
        let token = call(&server, key, "GetSessionToken", json!({})).await;
        assert_eq!(code(&token), "FailedOperation.TempKeyNotAllowed");
        let keys = call(&server, key, "QueryApiKey", json!({})).await;
        assert_eq!(code(&keys), "FailedOperation.TempKeyNotAllowed");
    }
    server.stop().await;
}

#[tokio::test]
async fn who_a_caller_is() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[ASSUME])).await;
    let id = role(&server, "dev", TRUSTS_ROOT, &policy(&[ASSUME])).await;
    let check = async |key: &Key, expected: [String; 4]| {
        let who = call(&server, key, "GetCallerIdentity", json!({})).await;
        let told =
            ["Type", "Arn", "UserId", "PrincipalId"].map(|field| who[field].as_str().unwrap().to_owned());
        assert_eq!(told, expected);
        assert_eq!(who["AccountId"], json!(OWNER.to_string()));
    };
    let (owner, uin) = (OWNER.to_string(), ann.uin.to_string());
    let of_user = |uin: &str| {
        let arn = format!("qcs::cam::uin/{owner}:uin/{uin}");
        ["CAMUser".to_owned(), arn, uin.to_owned(), uin.to_owned()]
    };
    check(&Key::root(), of_user(&owner)).await;
    check(&ann.key, of_user(&uin)).await;
    let own = call(&server, &ann.key, "GetSessionToken", json!({})).await;
    check(&key_of(&own), of_user(&uin)).await;
    let federation = mint(&server, &ann.key, None, 1800).await;
    let arn = format!("qcs::sts:{owner}:federated-user/{uin}");
    check(
        &federation,
        ["CAMUser".to_owned(), arn, format!("{uin}:tests"), uin.clone()],
    )
    .await;
    let first = session(&server, &ann.key, "dev").await;
    let second = session(&server, &first, "dev").await;
    for key in [&first, &second] {
        let arn = format!("qcs::sts:{owner}:assumed-role/{id}");
        check(
            key,
            ["CAMRole".to_owned(), arn, format!("{id}:session"), uin.clone()],
        )
        .await;
    }
    server.stop().await;
}

#[tokio::test]
async fn what_a_session_may_not_say() {
    let server = server().await;
    role(&server, "dev", TRUSTS_ROOT, &policy(&[ASSUME])).await;
    let check = async |key: &Key, name: &str, value: Value, expected: &str| {
        let answer = call(&server, key, "AssumeRole", with(asked("dev"), name, value)).await;
        assert_eq!(code(&answer), expected, "{name}: {answer}");
    };
    let root_key = Key::root();
    let foreign = policy(&[("allow", &["cos:*"], &["qcs::cos::uid/1250000009:x-1250000009/*"])]);
    check(
        &root_key,
        "Policy",
        json!(foreign),
        "InvalidParameter.GrantOtherResource",
    )
    .await;
    check(
        &root_key,
        "Policy",
        json!("{}"),
        "InvalidParameter.StrategyInvalid",
    )
    .await;
    check(&root_key, "Policy", json!("undefined"), "").await;
    check(
        &root_key,
        "RoleSessionName",
        json!("a"),
        "InvalidParameter.ParamError",
    )
    .await;
    check(
        &root_key,
        "TokenCode",
        json!("123456"),
        "FailedOperation.CheckMFAError",
    )
    .await;
    let unknown = json!(format!("qcs::cam:uin/{OWNER}::mfa/wechat"));
    check(
        &root_key,
        "SerialNumber",
        unknown,
        "FailedOperation.MFATypeNotSupported",
    )
    .await;
    let tag = |key: &str| json!({ "Key": key, "Value": "v" });
    check(&root_key, "Tags", json!([tag("a"), tag("b")]), "").await;
    check(
        &root_key,
        "Tags",
        json!([tag("a"), tag("a")]),
        "InvalidParameter.ParamError",
    )
    .await;
    check(
        &root_key,
        "SourceIdentity",
        json!("a b"),
        "InvalidParameter.ParamError",
    )
    .await;
    // Whom one acts for is said once.
    let said = with(asked("dev"), "SourceIdentity", "ann");
    let said = key_of(&call(&server, &root_key, "AssumeRole", said).await);
    check(
        &said,
        "SourceIdentity",
        json!("eve"),
        "InvalidParameter.ParamError",
    )
    .await;
    check(&said, "SourceIdentity", json!("ann"), "").await;
    server.stop().await;
}

#[tokio::test]
async fn an_account_that_asks_too_often_waits() {
    let server = TestServer::with(|config| config.sts_requests_per_second = 2)
        .await
        .unwrap();
    let ask = async || {
        let answer = call(&server, &Key::root(), "GetCallerIdentity", json!({})).await;
        code(&answer).to_owned()
    };
    assert_eq!(
        [ask().await, ask().await, ask().await],
        ["", "", "RequestLimitExceeded"]
    );
    // Nothing else is counted.
    let users = call(&server, &Key::root(), "ListUsers", json!({})).await;
    assert_eq!(code(&users), "");
    server.clock.advance_seconds(1);
    assert_eq!(ask().await, "");
    server.stop().await;
}
