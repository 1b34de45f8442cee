//! What a session says of itself, found again in the audit trail: its tags where it was minted, whom it acts for there
//! and in each of its requests, along the chain as well.

use daypass_audit::query::{Query, Trail};
use daypass_audit::record::{Minted, Request};
use daypass_server::AuditConfig;
use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::kit::{Key, act, call, code, key_of, policy};

async fn assume(server: &TestServer, by: &Key, more: &[(&str, Value)]) -> Value {
    let mut parameters = json!({
        "RoleArn": "qcs::cam::uin/100000000001:roleName/dev",
        "RoleSessionName": "session",
    });
    for (name, value) in more {
        parameters[name] = value.clone();
    }
    call(server, by, "AssumeRole", parameters).await
}

fn told(trail: &Trail, key: &str) -> Vec<Request> {
    let query = Query {
        key: Some(key.to_owned()),
        ..Query::default()
    };
    let found = trail.ask(&query, 100).unwrap();
    found.into_iter().map(|found| found.request).collect()
}

fn minting<'r>(requests: &'r [Request], key: &Key) -> &'r Minted {
    let minted = requests.iter().filter_map(|request| request.minted.as_ref());
    let mut of_key = minted.filter(|minted| minted.access_key_id == key.id);
    of_key.next().unwrap()
}

#[tokio::test]
async fn what_a_session_says_of_itself_is_in_the_trail() {
    let folder = tempfile::tempdir().unwrap();
    let audit = AuditConfig {
        directory: Some(folder.path().to_owned()),
        ..AuditConfig::default()
    };
    let server = TestServer::with(|config| config.audit = audit).await.unwrap();
    let root = Key::root();
    act(&server, &root, "PUT", "/", b"").await;
    let all = policy(&[("allow", &["*"], &["*"])]);
    crate::acting::role(&server, "dev", crate::acting::TRUSTS_ROOT, &all).await;

    let tags = json!([{ "Key": "team", "Value": "图片" }, { "Key": "env", "Value": "" }]);
    let said = [("SourceIdentity", json!("ann")), ("Tags", tags)];
    let first = key_of(&assume(&server, &root, &said).await);
    let child = key_of(&assume(&server, &first, &[]).await);
    let silent = key_of(&assume(&server, &root, &[]).await);
    let refused = assume(&server, &first, &[("SourceIdentity", json!("eve"))]).await;
    assert_eq!(code(&refused), "InvalidParameter.ParamError");
    for key in [&first, &child, &silent] {
        assert_eq!(act(&server, key, "PUT", "/k", b"x").await.status, 200);
    }
    server.stop().await;

    let trail = Trail::new(vec![folder.path().to_owned()]);
    let all = told(&trail, &root.id);
    let tags = |key: &Key| {
        let minted = minting(&all, key);
        let pair = |tag: &daypass_audit::record::Tag| format!("{}={}", tag.key, tag.value);
        minted.tags.iter().map(pair).collect::<Vec<_>>()
    };
    let acts_for = |key: &Key| minting(&all, key).source_identity.clone();
    assert_eq!(tags(&first), ["team=图片", "env="]);
    assert_eq!(acts_for(&first).as_deref(), Some("ann"));
    // Whom it acts for goes along the chain, tags do not.
    assert_eq!((tags(&child), acts_for(&child).as_deref()), (vec![], Some("ann")));
    assert_eq!((tags(&silent), acts_for(&silent)), (vec![], None));

    for (key, expected) in [(&first, Some("ann")), (&child, Some("ann")), (&silent, None)] {
        let signed = told(&trail, &key.id).into_iter();
        let signed = signed.filter(|request| {
            let who = request.who.as_ref();
            who.is_some_and(|who| who.access_key_id == key.id)
        });
        let mut uses = 0;
        for request in signed {
            let session = request.who.unwrap().session.unwrap();
            assert_eq!(session.source_identity.as_deref(), expected);
            uses += 1;
        }
        // The first one also asked for two keys, one of them in vain; that is told without a key.
        assert_eq!(uses, if key.id == first.id { 3 } else { 1 });
    }
    let in_vain = told(&trail, &first.id)
        .into_iter()
        .find(|request| request.code.is_some());
    assert!(in_vain.unwrap().minted.is_none());
}
