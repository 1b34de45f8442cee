//! The audit trail of a whole server: who did what is told, no secret is, and it stays sound.

use std::path::Path;

use daypass_audit::query::{Query, Trail};
use daypass_audit::verify::{Finding, Listener, verify};
use daypass_server::AuditConfig;
use daypass_testkit::TestServer;
use serde_json::json;

use crate::kit::{Key, Request, act, done, mint, policy, policy_of, user};

struct Kept(Vec<Finding>);

impl Listener for Kept {
    fn found(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    fn begin(&mut self, _: u64) {}

    fn advance(&mut self, _: u64) {}
}

/// A server with a bucket, whose trail is here.
async fn server(directory: &Path) -> TestServer {
    let audit = AuditConfig {
        directory: Some(directory.to_owned()),
        ..AuditConfig::default()
    };
    let server = TestServer::with(|config| config.audit = audit).await.unwrap();
    act(&server, &Key::root(), "PUT", "/", b"").await;
    server
}

#[tokio::test]
async fn a_key_is_followed_from_its_minting_to_its_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let all = policy(&[("allow", &["*"], &["*"])]);
    let user = user(&server, "app", &all).await;
    let narrow = policy(&[("allow", &["cos:GetObject"], &["*"])]);
    let session = mint(&server, &user.key, Some(&narrow), 1800).await;
    act(&server, &session, "GET", "/k", b"").await;
    act(&server, &session, "PUT", "/canary-object", b"canary body bytes").await;
    let forged = Request::new(&server, "GET", "/k")
        .sign(&server, &session)
        .target("/other");
    forged.send(&server).await;
    server.stop().await;

    let mut kept = Kept(Vec::new());
    assert!(verify(folder.path(), None, &mut kept).unwrap().is_sound());
    assert!(kept.0.is_empty(), "{:?}", kept.0);

    let trail = Trail::new(vec![folder.path().to_owned()]);
    let query = Query {
        key: Some(session.id.clone()),
        ..Query::default()
    };
    let found = trail.ask(&query, 100).unwrap();
    let told: Vec<_> = found.iter().map(|found| &found.request).collect();
    let operations: Vec<_> = told.iter().map(|request| request.operation.as_deref()).collect();
    let expected = [
        Some("sts:GetFederationToken"),
        Some("cos:GetObject"),
        Some("cos:PutObject"),
        None,
    ];
    assert_eq!(operations, expected);
    let minted = told[0].minted.as_ref().unwrap();
    assert_eq!(
        (&minted.access_key_id, &minted.policies),
        (&session.id, &vec![narrow])
    );
    let refused = told[2];
    assert_eq!(
        (refused.status, refused.key.as_deref()),
        (403, Some("canary-object"))
    );
    let decision = refused.decision.as_ref().unwrap();
    assert_eq!(
        (decision.allowed, decision.layer.as_deref()),
        (false, Some("session"))
    );
    let who = refused.who.as_ref().unwrap();
    assert!(who.proven && who.access_key_id == session.id);
    assert_eq!(who.session.as_ref().unwrap().original_access_key_id, user.key.id);
    // Somebody only named the key.
    assert!(!told[3].who.as_ref().unwrap().proven);
    assert_eq!(told[3].path.as_deref(), Some("/other"));
    // The session came from the user's key, which the root made.
    let lineage = trail.lineage(&session.id).unwrap();
    assert_eq!(lineage.len(), 2, "{lineage:?}");
    assert_eq!(lineage[1].request.made_access_key_id.as_ref(), Some(&user.key.id));

    let mut text = String::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        text.push_str(&String::from_utf8_lossy(
            &std::fs::read(entry.unwrap().path()).unwrap(),
        ));
    }
    let token = session.token.clone().unwrap();
    let signature = forged
        .headers
        .iter()
        .find(|(name, _)| name == "Authorization")
        .unwrap()
        .1
        .clone();
    let signature = signature.split_once("q-signature=").unwrap().1;
    let root = Key::root();
    for canary in [
        &root.secret,
        &user.key.secret,
        &session.secret,
        &token[..40],
        signature,
        "canary body bytes",
    ] {
        assert!(
            canary.len() > 15 && !text.contains(canary),
            "{canary} is in the trail"
        );
    }
}

#[tokio::test]
async fn whom_a_change_of_rights_is_about_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let all = policy(&[("allow", &["*"], &["*"])]);
    let ann = user(&server, "ann", &all).await.uin;
    let role = crate::acting::role(&server, "deep", crate::acting::TRUSTS_ROOT, &all).await;
    let group = done(&server, "CreateGroup", json!({ "GroupName": "crew" })).await["GroupId"].clone();
    let more = policy_of(&server, "more", &all).await;
    let calls = [
        (
            "AttachUserPolicy",
            json!({ "AttachUin": ann, "PolicyId": more }),
            format!("uin/{ann}"),
        ),
        (
            "DetachUserPolicy",
            json!({ "DetachUin": ann, "PolicyId": more }),
            format!("uin/{ann}"),
        ),
        (
            "PutUserPermissionsBoundary",
            json!({ "TargetUin": ann, "PolicyId": more }),
            format!("uin/{ann}"),
        ),
        (
            "AttachGroupPolicy",
            json!({ "AttachGroupId": group, "PolicyId": more }),
            format!("group/{group}"),
        ),
        (
            "AttachRolePolicy",
            json!({ "AttachRoleId": role, "PolicyId": more }),
            format!("role/{role}"),
        ),
        (
            "PutRolePermissionsBoundary",
            json!({ "RoleName": "deep", "PolicyId": more }),
            "role-name/deep".to_owned(),
        ),
    ];
    for (action, parameters, _) in &calls {
        done(&server, action, parameters.clone()).await;
    }
    server.stop().await;
    let trail = Trail::new(vec![folder.path().to_owned()]);
    let found = trail.ask(&Query::default(), 1000).unwrap();
    for (action, _, holder) in calls {
        let operation = format!("cam:{action}");
        let told = found
            .iter()
            .rfind(|found| found.request.operation.as_deref() == Some(operation.as_str()));
        assert_eq!(
            told.unwrap().request.about,
            [holder, format!("policy/{more}")],
            "{action}"
        );
    }
}

#[tokio::test]
async fn a_server_whose_trail_is_written_elsewhere_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let first = server(folder.path()).await;
    let audit = AuditConfig {
        directory: Some(folder.path().to_owned()),
        ..AuditConfig::default()
    };
    assert!(TestServer::with(|config| config.audit = audit).await.is_err());
    first.stop().await;
}
