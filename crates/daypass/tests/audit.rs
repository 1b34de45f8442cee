//! `daypass audit`, as a person meets it: the built program asks the trail of a server, and teaches by examples.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::Path;
use std::process::{Command, Output};

use daypass_api::names::{AccessKeyId, Region, RoleName, SessionName, Uin};
use daypass_api::operation::{AssumeRole, GetFederationToken, RoleRef};
use daypass_api::outcome::TemporaryKey;
use daypass_api::secret::SecretKey;
use daypass_client::{ActionClient, Connection, Credentials};
use daypass_server::AuditConfig;
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};
use serde_json::Value;

const VERBS: [&str; 6] = ["verify", "query", "who", "scope", "explain", "reindex"];
const NARROW: &str =
    r#"{"version":"2.0","statement":[{"effect":"allow","action":"sts:GetCallerIdentity","resource":"*"}]}"#;

fn audit(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command.env_clear().current_dir(folder).arg("audit");
    command.args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What it prints; it must succeed.
fn told(folder: &Path, arguments: &[&str]) -> String {
    let output = audit(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn client(server: &TestServer, credentials: Credentials) -> ActionClient {
    let endpoint = format!("http://{}", server.address()).parse().unwrap();
    let connection = Connection::new(endpoint, Some(credentials));
    ActionClient::new(connection, Region::parse("ap-guangzhou").unwrap())
}

fn root() -> Credentials {
    Credentials {
        secret_id: AccessKeyId::parse(ROOT_SECRET_ID).unwrap(),
        secret_key: SecretKey::new(ROOT_SECRET_KEY.to_owned()),
        token: None,
    }
}

fn credentials(key: &TemporaryKey) -> Credentials {
    Credentials {
        secret_id: key.access_key_id.clone(),
        secret_key: key.secret_key.clone(),
        token: Some(key.token.clone()),
    }
}

#[tokio::test]
async fn the_trail_of_a_server_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("trail");
    let audit_config = AuditConfig {
        directory: Some(directory.clone()),
        ..AuditConfig::default()
    };
    let server = TestServer::with(|config| config.audit = audit_config)
        .await
        .unwrap();
    let get = GetFederationToken {
        name: SessionName::parse("app-7").unwrap(),
        policy: Some(NARROW.to_owned()),
        duration_seconds: None,
    };
    let key = client(&server, root()).get_federation_token(get).await.unwrap();
    let narrowed = client(&server, credentials(&key));
    narrowed.get_caller_identity().await.unwrap();
    let assume = AssumeRole {
        owner: Uin(100_000_000_001),
        role: RoleRef::Name(RoleName::parse("nobody").unwrap()),
        name: SessionName::parse("in-vain").unwrap(),
        duration_seconds: None,
        policy: None,
        external_id: None,
        tags: Vec::new(),
        source_identity: None,
    };
    narrowed.assume_role(assume).await.unwrap_err();
    server.stop().await;

    let (dir, id) = (directory.to_str().unwrap(), key.access_key_id.as_str());
    let here = folder.path();
    assert_eq!(told(here, &["verify", "--dir", dir]), "");
    let of_key = told(here, &["query", "--dir", dir, "--key", id]);
    assert_eq!(of_key.lines().count(), 3, "{of_key}");
    assert!(of_key.lines().next().unwrap().contains("sts:GetFederationToken"));
    let refused = told(here, &["query", "--dir", dir, "--key", id, "--refused", "--json"]);
    let refused: Value = serde_json::from_str(&refused).unwrap();
    let request = refused.get("request").unwrap();
    assert_eq!(request.get("operation").unwrap(), "sts:AssumeRole");

    let who = told(here, &["who", "--dir", dir, id]);
    assert!(
        who.contains("`app-7` until") && who.contains(ROOT_SECRET_ID),
        "{who}"
    );
    let scope = told(here, &["scope", "--dir", dir, id]);
    assert!(scope.contains(NARROW), "{scope}");
    let request_id = request.get("requestId").unwrap().as_str().unwrap();
    let why = told(here, &["explain", "--dir", dir, request_id]);
    assert!(why.contains("refused: layer session, document 0"), "{why}");
    for verb in ["who", "scope", "explain"] {
        let unknown = audit(here, &[verb, "--dir", dir, "nobody"]);
        assert_eq!(unknown.status.code(), Some(4), "{verb}");
    }
    told(here, &["reindex", "--dir", dir]);
    let secret = key.secret_key.expose();
    assert!(!format!("{of_key}{who}{scope}{why}{refused}").contains(secret));
}

/// Lines that begin as an example does, without that beginning.
fn examples(page: &str) -> Vec<Vec<&str>> {
    let lines = page
        .lines()
        .filter_map(|line| line.trim().strip_prefix("daypass audit "));
    lines.map(|line| line.split_whitespace().collect()).collect()
}

#[test]
fn every_verb_teaches_by_examples_that_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let overview = told(folder.path(), &["--help"]);
    let page = include_str!("../../../docs/cli.md");
    let mut tried = vec![];
    for verb in VERBS {
        let help = told(folder.path(), &[verb, "--help"]);
        let of_verb = examples(&help).len();
        assert!(help.contains("Examples:") && of_verb >= 2, "{help}");
        assert!(help.contains("Exit codes: 0"), "{help}");
        assert!(page.contains(&format!("| `audit {verb}")), "{verb}");
        tried.push(help);
    }
    // Those of the page are run as they stand, by `tests/docs`.
    tried.push(overview);
    for page in &tried {
        for example in examples(page) {
            // There is nothing to be found here, but the line makes sense.
            let output = audit(folder.path(), &example);
            let said = text(&output.stderr);
            assert_ne!(output.status.code(), Some(2), "{example:?}: {said}");
        }
    }
}
