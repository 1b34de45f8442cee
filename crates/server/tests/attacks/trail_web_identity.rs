//! Whom an identity provider vouched for, found again in the audit trail: where it asked for a key, taken or refused, and
//! in every request of the sessions that came of it.

use daypass_audit::query::{Query, Trail};
use daypass_audit::record::{Request, WebIdentity};
use daypass_server::AuditConfig;
use daypass_testkit::TestServer;

use crate::kit::{Key, act, code, key_of};
use crate::web_identity::{Scene, act_as, next_role};

const OWNER: u64 = 100_000_000_001;

fn told(trail: &Trail, query: Query) -> Vec<Request> {
    let found = trail.ask(&query, 1000).unwrap();
    found.into_iter().map(|found| found.request).collect()
}

#[tokio::test]
async fn whom_a_provider_vouched_for_is_in_the_trail() {
    let folder = tempfile::tempdir().unwrap();
    let audit = AuditConfig {
        directory: Some(folder.path().to_owned()),
        ..AuditConfig::default()
    };
    let server = TestServer::with(|config| config.audit = audit).await.unwrap();
    act(&server, &Key::root(), "PUT", "/", b"").await;
    let scene = Scene::at(server).await;
    next_role(&scene).await;
    let first = key_of(&scene.assume(&scene.token()).await);
    let second = key_of(&act_as(&scene, &first, "next").await);
    for key in [&first, &second] {
        assert_eq!(act(&scene.server, key, "GET", "/k", b"").await.status, 200);
    }
    let refused = scene.assume(&scene.token_of("bob")).await;
    assert_eq!(code(&refused), "UnauthorizedOperation");
    let forged = scene.token_of("mallory");
    let (signed, _) = forged.rsplit_once('.').unwrap();
    let refused = scene.assume(&format!("{signed}.AAAA")).await;
    assert_eq!(code(&refused), "InvalidParameter.WebIdentityTokenError");
    scene.server.stop().await;

    let trail = Trail::new(vec![folder.path().to_owned()]);
    let all = told(&trail, Query::default());
    let asked: Vec<&Request> = all.iter().filter(|request| asks(request)).collect();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|request| request.who.is_none()), "nobody signed");
    let mut vouched: Vec<&str> = asked
        .iter()
        .filter_map(|request| Some(request.vouched.as_ref()?.subject.as_str()))
        .collect();
    vouched.sort_unstable();
    // Nothing is said of a token that nobody vouches for.
    assert_eq!(vouched, ["alice", "bob"]);
    let minted = asked.iter().find_map(|request| request.minted.as_ref()).unwrap();
    assert_eq!(minted.access_key_id, first.id);

    let mut vouched = asked.iter().filter_map(|request| request.vouched.as_ref());
    let alice = vouched.find(|vouched| vouched.subject == "alice").unwrap();
    for key in [&first, &second] {
        check_uses(&all, key, alice);
    }
    // Whoever looks for what one session did finds its children too.
    let of_session = told(
        &trail,
        Query {
            session: Some(minted.session_id.clone()),
            ..Query::default()
        },
    );
    assert!(of_session.iter().any(|request| signed_by(request, &second)));
}

fn asks(request: &Request) -> bool {
    let operation = request.operation.as_deref();
    operation.is_some_and(|name| name.ends_with("AssumeRoleWithWebIdentity"))
}

fn signed_by(request: &Request, key: &Key) -> bool {
    let who = request.who.as_ref();
    who.is_some_and(|who| who.access_key_id == key.id)
}

fn check_uses(all: &[Request], key: &Key, vouched: &WebIdentity) {
    let mut uses = 0;
    for request in all.iter().filter(|request| signed_by(request, key)) {
        let session = request.who.as_ref().unwrap().session.as_ref().unwrap();
        assert_eq!(session.web_identity.as_ref(), Some(vouched));
        assert_eq!(session.original_uin, OWNER);
        assert_eq!(session.original_access_key_id, "");
        uses += 1;
    }
    assert!(uses > 0);
}
