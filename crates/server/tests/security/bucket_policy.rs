//! Policies of buckets: what they give, to whom, and what they take away from nobody.

use serde_json::{Value, json};

use crate::kit::{Key, Request, act, expect, mint, policy, server, user};

const ROOT: &str = "qcs::cam::uin/100000000001:root";
const ANYONE: &str = "qcs::cam::anyone:anyone";
const ANONYMOUS: &str = "qcs::cam::anonymous:anonymous";
const EVERYTHING: &str = "qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/*";
const NOTHING: (&str, &[&str], &[&str]) = ("allow", &["cos:NoSuchAction"], &["*"]);

/// A policy of statements `(effect, principal, action)`.
pub(crate) fn bucket_policy(statements: &[(&str, &str, &str)]) -> String {
    let statement = |(effect, principal, action): &(&str, &str, &str)| {
        json!({
            "effect": effect,
            "principal": { "qcs": [principal] },
            "action": [format!("name/{action}")],
            "resource": [EVERYTHING],
        })
    };
    let statements: Vec<Value> = statements.iter().map(statement).collect();
    json!({ "version": "2.0", "statement": statements }).to_string()
}

/// Puts a policy on the bucket of these tests, as its owner.
pub(crate) async fn put(server: &daypass_testkit::TestServer, statements: &[(&str, &str, &str)]) {
    let text = bucket_policy(statements);
    let answer = act(server, &Key::root(), "PUT", "/?policy", text.as_bytes()).await;
    expect(&answer, 204, "");
}

fn user_of_root(uin: u64) -> String {
    format!("qcs::cam::uin/100000000001:uin/{uin}")
}

#[tokio::test]
async fn a_policy_is_kept_as_it_was_put_and_ends_with_its_bucket() {
    let server = server().await;
    let root = Key::root();
    expect(
        &act(&server, &root, "GET", "/?policy", b"").await,
        404,
        "NoSuchBucketPolicy",
    );
    let text = format!(" {}\n", bucket_policy(&[("allow", ANYONE, "cos:GetObject")]));
    expect(
        &act(&server, &root, "PUT", "/?policy", text.as_bytes()).await,
        204,
        "",
    );
    let kept = act(&server, &root, "GET", "/?policy=", b"").await;
    assert_eq!((kept.status, kept.body), (200, text.into_bytes()));
    let server = server.restart().await;
    expect(&act(&server, &root, "DELETE", "/?policy", b"").await, 204, "");
    expect(&act(&server, &root, "DELETE", "/?policy", b"").await, 204, "");
    expect(
        &act(&server, &root, "GET", "/?policy", b"").await,
        404,
        "NoSuchBucketPolicy",
    );
    put(&server, &[("allow", ANYONE, "cos:GetObject")]).await;
    expect(&act(&server, &root, "DELETE", "/", b"").await, 204, "");
    expect(
        &act(&server, &root, "GET", "/?policy", b"").await,
        404,
        "NoSuchBucket",
    );
    let text = bucket_policy(&[("allow", ANYONE, "cos:GetObject")]);
    expect(
        &act(&server, &root, "PUT", "/?policy", text.as_bytes()).await,
        404,
        "NoSuchBucket",
    );
    // Another bucket under its name begins without.
    expect(&act(&server, &root, "PUT", "/", b"").await, 200, "");
    expect(&act(&server, &root, "PUT", "/k", b"secret bytes").await, 200, "");
    expect(
        &act(&server, &root, "GET", "/?policy", b"").await,
        404,
        "NoSuchBucketPolicy",
    );
    let unsigned = Request::new(&server, "GET", "/k").send(&server).await;
    expect(&unsigned, 403, "AccessDenied");
    server.stop().await;
}

#[tokio::test]
async fn texts_that_are_no_policy_of_this_bucket_are_refused() {
    let server = server().await;
    let root = Key::root();
    let good = bucket_policy(&[("deny", ANYONE, "cos:GetObject")]);
    put(&server, &[("deny", ANYONE, "cos:GetObject")]).await;
    let foreign = good.replace(
        "uid/1250000000:photos-1250000000",
        "uid/1250000001:photos-1250000001",
    );
    let bad = [
        "",
        "{",
        "[]",
        "<Policy/>",
        r#"{"version":"2.0","statement":[]}"#,
        &good.replace("2.0", "1.0"),
        &good.replace("principal", "notPrincipal"),
        &good.replace("principal", "NotPrincipal"),
        &good.replace(r#""principal":{"qcs":["qcs::cam::anyone:anyone"]},"#, ""),
        &good.replace("qcs::cam::anyone:anyone", "qcs::cam::uin/1:groupid/2"),
        &good.replace("qcs::cam::anyone:anyone", "qcs::cam::uin/*:root"),
        &good.replace("qcs::cam::anyone:anyone", "100000000001"),
        &good.replace(r#"{"qcs":["#, r#"{"federated":["#),
        &good.replace("deny", "maybe"),
        &good.replace("resource", "notResource"),
        &foreign,
        &" ".repeat(64 * 1024 + 1),
    ];
    for text in bad {
        let answer = act(&server, &root, "PUT", "/?policy", text.as_bytes()).await;
        expect(&answer, 400, "MalformedPolicy");
    }
    expect(
        &act(&server, &root, "PUT", "/?policy", b"{\"\xff\":1}").await,
        400,
        "MalformedPolicy",
    );
    let kept = act(&server, &root, "GET", "/?policy", b"").await;
    assert_eq!(kept.body, good.into_bytes());
    server.stop().await;
}

#[tokio::test]
async fn the_longest_policy() {
    let server = server().await;
    let root = Key::root();
    let of_length = |length: usize| {
        let text = bucket_policy(&[("allow", ANYONE, "cos:GetObject")]);
        let sid = "s".repeat(length - text.len() - r#""sid":"","#.len());
        text.replacen(r#"{"action""#, &format!(r#"{{"sid":"{sid}","action""#), 1)
    };
    let longest = of_length(20 * 1024);
    assert_eq!(longest.len(), 20 * 1024);
    expect(
        &act(&server, &root, "PUT", "/?policy", longest.as_bytes()).await,
        204,
        "",
    );
    expect(&act(&server, &root, "PUT", "/k", b"x").await, 200, "");
    expect(&Request::new(&server, "GET", "/k").send(&server).await, 200, "");
    let longer = of_length(20 * 1024 + 1);
    expect(
        &act(&server, &root, "PUT", "/?policy", longer.as_bytes()).await,
        400,
        "MalformedPolicy",
    );
    server.stop().await;
}

#[tokio::test]
async fn nobody_locks_the_owner_out() {
    let server = server().await;
    let root = Key::root();
    let session = mint(&server, &root, None, 1800).await;
    expect(&act(&server, &root, "PUT", "/k", b"x").await, 200, "");
    put(&server, &[("deny", ROOT, "cos:*")]).await;
    for target in ["/k", "/", "/?acl"] {
        expect(
            &act(&server, &root, "GET", target, b"").await,
            403,
            "AccessDenied",
        );
    }
    // Only with its permanent key is the owner above the policy.
    for (method, body) in [("GET", ""), ("PUT", "{}"), ("DELETE", "")] {
        let answer = act(&server, &session, method, "/?policy", body.as_bytes()).await;
        expect(&answer, 403, "AccessDenied");
    }
    put(&server, &[("deny", ROOT, "cos:*")]).await;
    expect(&act(&server, &root, "GET", "/?policy", b"").await, 200, "");
    expect(&act(&server, &root, "DELETE", "/?policy", b"").await, 204, "");
    expect(&act(&server, &root, "GET", "/k", b"").await, 200, "");
    server.stop().await;
}

#[tokio::test]
async fn a_deny_of_anyone_binds_unsigned_requests_only() {
    let server = server().await;
    let root = Key::root();
    let reader = user(
        &server,
        "reader",
        &policy(&[("allow", &["cos:GetObject"], &["*"])]),
    )
    .await;
    let nobody = user(&server, "nobody", &policy(&[NOTHING])).await;
    let public = Request::new(&server, "PUT", "/k").header("x-cos-acl", "public-read");
    expect(
        &public.body(b"x").sign(&server, &root).send(&server).await,
        200,
        "",
    );
    let unsigned = async || Request::new(&server, "GET", "/k").send(&server).await;
    expect(&unsigned().await, 200, "");
    for principal in [ANYONE, ANONYMOUS, "*"] {
        put(&server, &[("deny", principal, "cos:GetObject")]).await;
        expect(&unsigned().await, 403, "AccessDenied");
        expect(&act(&server, &reader.key, "GET", "/k", b"").await, 200, "");
    }
    // Its own name binds it, whatever its own policies say.
    put(&server, &[("deny", &user_of_root(reader.uin), "cos:GetObject")]).await;
    expect(
        &act(&server, &reader.key, "GET", "/k", b"").await,
        403,
        "AccessDenied",
    );
    expect(&act(&server, &nobody.key, "GET", "/k", b"").await, 200, "");
    expect(&unsigned().await, 200, "");
    server.stop().await;
}

#[tokio::test]
async fn what_a_policy_gives_is_cut_by_the_session() {
    let server = server().await;
    let root = Key::root();
    expect(&act(&server, &root, "PUT", "/k", b"x").await, 200, "");
    let guest = user(&server, "guest", &policy(&[NOTHING])).await;
    let other = user(&server, "other", &policy(&[NOTHING])).await;
    put(&server, &[("allow", &user_of_root(guest.uin), "cos:GetObject")]).await;
    let whole = mint(&server, &guest.key, None, 1800).await;
    let narrow = mint(
        &server,
        &guest.key,
        Some(&policy(&[("allow", &["cos:PutObject"], &["*"])])),
        1800,
    )
    .await;
    expect(&act(&server, &guest.key, "GET", "/k", b"").await, 200, "");
    expect(&act(&server, &whole, "GET", "/k", b"").await, 200, "");
    for key in [&narrow, &other.key] {
        expect(&act(&server, key, "GET", "/k", b"").await, 403, "AccessDenied");
    }
    expect(
        &Request::new(&server, "GET", "/k").send(&server).await,
        403,
        "AccessDenied",
    );
    // What everybody may, everybody may; a key that may less is no worse than none.
    put(&server, &[("allow", ANYONE, "cos:GetObject")]).await;
    for key in [&narrow, &other.key] {
        expect(&act(&server, key, "GET", "/k", b"").await, 200, "");
    }
    expect(&Request::new(&server, "GET", "/k").send(&server).await, 200, "");
    expect(
        &Request::new(&server, "PUT", "/k").body(b"y").send(&server).await,
        403,
        "AccessDenied",
    );
    expect(
        &Request::new(&server, "GET", "/?policy").send(&server).await,
        403,
        "AccessDenied",
    );
    server.stop().await;
}

#[tokio::test]
async fn who_may_put_a_policy_is_asked_of_every_layer() {
    let server = server().await;
    let text = bucket_policy(&[("allow", ANYONE, "cos:GetObject")]);
    let keeper = user(
        &server,
        "keeper",
        &policy(&[("allow", &["cos:PutBucketPolicy"], &["*"])]),
    )
    .await;
    let writer = user(
        &server,
        "writer",
        &policy(&[("allow", &["cos:PutObject"], &["*"])]),
    )
    .await;
    let all = policy(&[("allow", &["*"], &["*"])]);
    let writing = policy(&[("allow", &["cos:PutObject"], &["*"])]);
    let within = mint(&server, &keeper.key, Some(&all), 1800).await;
    let outside_b = mint(&server, &keeper.key, Some(&writing), 1800).await;
    let outside_a = mint(&server, &writer.key, Some(&all), 1800).await;
    for key in [&outside_b, &outside_a, &writer.key] {
        let answer = act(&server, key, "PUT", "/?policy", text.as_bytes()).await;
        expect(&answer, 403, "AccessDenied");
    }
    expect(
        &act(&server, &within, "PUT", "/?policy", text.as_bytes()).await,
        204,
        "",
    );
    expect(
        &act(&server, &within, "DELETE", "/?policy", b"").await,
        403,
        "AccessDenied",
    );
    // A policy that gives itself away to somebody does just that.
    put(
        &server,
        &[("allow", &user_of_root(writer.uin), "cos:DeleteBucketPolicy")],
    )
    .await;
    expect(
        &act(&server, &writer.key, "DELETE", "/?policy", b"").await,
        204,
        "",
    );
    server.stop().await;
}
