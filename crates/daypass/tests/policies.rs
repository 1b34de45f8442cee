//! What the built program says about policies: those of a user as a server has them, and those of temporary keys that
//! it mints.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::Path;
use std::process::{Command, Output};

use daypass_server::AuditConfig;
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A server, and a folder with documents and the trail in it.
struct Scene {
    runtime: Runtime,
    server: TestServer,
    folder: TempDir,
}

fn document(action: &str, key: &str) -> String {
    format!(
        r#"{{"version":"2.0","statement":[{{"effect":"allow","action":"{action}","resource":"qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/{key}"}}]}}"#
    )
}

impl Scene {
    fn new(strict: bool) -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let server = runtime.block_on(TestServer::with(|config| {
            config.strict_policies = strict;
            config.audit = AuditConfig {
                directory: Some(folder.path().join("trail")),
                ..AuditConfig::default()
            };
        }));
        Self {
            runtime,
            server: server.unwrap(),
            folder,
        }
    }

    fn write(&self, name: &str, document: &str) {
        std::fs::write(self.folder.path().join(name), document).unwrap();
    }

    /// Exit code, standard output and standard error.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = command(self.folder.path());
        command
            .env("DAYPASS_ENDPOINT", format!("http://{}", self.server.address()))
            .env("DAYPASS_SECRET_ID", ROOT_SECRET_ID)
            .env("DAYPASS_SECRET_KEY", ROOT_SECRET_KEY);
        outcome(command.args(arguments).output().unwrap())
    }

    /// What it prints; it must succeed.
    fn done(&self, arguments: &[&str]) -> String {
        let (code, out, said) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}");
        out
    }

    /// A policy from a document; its number.
    fn policy(&self, name: &str, document: &str) -> String {
        self.write("made.json", document);
        let made = self.done(&["policy", "create", "--name", name, "--document", "made.json"]);
        made.trim().to_owned()
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command.env_clear().current_dir(folder);
    command
}

fn outcome(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A user with a policy of its own, one through a group, and a boundary.
fn with_ann() -> Scene {
    let scene = Scene::new(false);
    scene.done(&["user", "add", "ann"]);
    let own = scene.policy("own", &document("cos:*", "ann/*"));
    scene.done(&["policy", "attach", &own, "--user", "ann"]);
    let editors = scene.done(&["group", "create", "editors"]);
    let editors = editors.trim();
    scene.done(&["group", "add", editors, "--user", "ann"]);
    let shared = scene.policy("shared", &document("cos:GetObject", "team/*"));
    scene.done(&["group", "attach", editors, "--policy", &shared]);
    let bound = scene.policy(
        "bound",
        &document("cos:*Object", "*").replace(
            "}]}",
            r#"},{"effect":"deny","action":"cos:DeleteObject","resource":"*"}]}"#,
        ),
    );
    scene.done(&["user", "boundary", "set", &bound, "--user", "ann"]);
    scene
}

#[test]
fn a_user_s_own_policies_are_looked_at() {
    let scene = with_ann();
    let found = scene.done(&["policy", "lint", "--user", "ann", "--json"]);
    for line in found.lines() {
        let finding: Value = serde_json::from_str(line).unwrap();
        let policy = finding["policy"].as_str().unwrap();
        assert!(["own", "shared", "bound"].contains(&policy), "{line}");
    }
    let wrong = scene.policy("wrong", &document("cos:GetObjct", "x"));
    scene.done(&["policy", "attach", &wrong, "--user", "ann"]);
    let found = scene.done(&["policy", "lint", "--user", "ann", "--json"]);
    let findings = found
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_wrong: Vec<Value> = findings.filter(|finding| finding["policy"] == "wrong").collect();
    assert!(of_wrong.iter().any(|finding| finding["rule"] == "L29"), "{found}");
    let words = scene.done(&["policy", "lint", "--user", "ann"]);
    assert!(
        words.contains("own:\n") && words.contains("wrong:\nW L29"),
        "{words}"
    );
    let (code, _, said) = scene.run(&["policy", "lint", "--user", "nobody"]);
    assert_eq!(code, 4, "{said}");
}

#[test]
fn a_policy_is_held_against_a_user_s_own() {
    let scene = with_ann();
    let compare = |action: &str, key: &str| {
        scene.write("b.json", &document(action, key));
        let (code, out, _) = scene.run(&["policy", "compare", "--user", "ann", "b.json", "--json"]);
        let answer: Value = serde_json::from_str(&out).unwrap();
        (code, answer["answer"].as_str().unwrap().to_owned())
    };
    let contained = || (0, "contained".to_owned());
    let beyond = || (1, "not-contained".to_owned());
    assert_eq!(compare("cos:GetObject", "ann/1/*"), contained());
    assert_eq!(
        compare("cos:GetObject", "team/*"),
        contained(),
        "through the group"
    );
    assert_eq!(compare("cos:PutObject", "team/*"), beyond());
    assert_eq!(
        compare("cos:UploadPart", "ann/*"),
        beyond(),
        "beyond the boundary"
    );
    assert_eq!(
        compare("cos:DeleteObject", "ann/*"),
        beyond(),
        "denied by the boundary"
    );
}

#[test]
fn what_remains_to_a_user_is_told_and_drawn() {
    let scene = with_ann();
    scene.write("b.json", &document("cos:*", "ann/2026/*"));
    let told = scene.done(&[
        "policy",
        "effective",
        "--user",
        "ann",
        "b.json",
        "--svg",
        "all.svg",
    ]);
    assert!(
        told.contains("cos:*Object  qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/ann/2026/*"),
        "{told}"
    );
    assert!(told.contains("but not cos:DeleteObject on *"), "{told}");
    assert!(!told.contains("team/"), "{told}");
    let picture = std::fs::read_to_string(scene.folder.path().join("all.svg")).unwrap();
    assert!(picture.contains(">A ∩ boundary ∩ B</text>"), "{picture}");
    let json = scene.done(&["policy", "effective", "--user", "ann", "--json"]);
    let rows: Vec<Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 2, "{json}");
    assert_eq!(rows[0]["from"].as_array().unwrap().len(), 2);
}

#[test]
fn a_minted_key_s_policy_is_judged() {
    let scene = Scene::new(false);
    let token = ["sts", "token", "--name", "n", "--policy", "b.json"];
    scene.write("b.json", &document("cos:PutObject", "*"));
    let (code, out, said) = scene.run(&[&token[..], &["--judge"]].concat());
    assert_eq!(code, 0, "{said}");
    assert!(
        out.starts_with("export DAYPASS_SECRET_ID='") && !out.contains("L01"),
        "{out}"
    );
    assert!(
        said.contains("E L01 statement 1: a whole bucket") && said.contains("the caller may do all"),
        "{said}"
    );
    let out = scene.done(&[&token[..], &["--judge", "--format", "json"]].concat());
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["judgement"]["findings"][0]["rule"], "L01");
    assert!(json["secret_key"].is_string());
    let (_, out, said) = scene.run(&[&token[..], &["--format", "json"]].concat());
    assert!(said.is_empty() && !out.contains("judgement"), "{said}{out}");
    // The trail has it whoever asked.
    scene.runtime.block_on(scene.server.stop());
    let query = ["audit", "query", "--dir", "trail"];
    let (_, trail, _) = outcome(command(scene.folder.path()).args(query).output().unwrap());
    let mints: Vec<&str> = trail
        .lines()
        .filter(|line| line.contains("GetFederationToken"))
        .collect();
    assert_eq!(mints.len(), 3, "{trail}");
    assert!(
        mints.iter().all(|line| line.contains("  policy: E L01, W L14, ")),
        "{trail}"
    );
}

#[test]
fn a_strict_server_says_why_and_what_to_do() {
    let scene = Scene::new(true);
    scene.write("b.json", &document("cos:*", "ann/*"));
    let (code, out, said) = scene.run(&["sts", "token", "--name", "n", "--policy", "b.json"]);
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(
        said.contains("InvalidParameter.StrategyInvalid") && said.contains("L03"),
        "{said}"
    );
    assert!(
        said.contains("list the actions that the front end needs"),
        "{said}"
    );
}
