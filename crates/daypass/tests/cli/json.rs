//! What scripts read: the fields of every answer, as docs/cli.md lists them, and failures on standard error.

#![expect(clippy::indexing_slicing, reason = "a test may fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Output;

use daypass_server::AuditConfig;
use daypass_testkit::TestServer;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::{BUCKET, Cloud, ROOT_SECRET_ID, at, http, write};

const DOCUMENT: &str =
    r#"{"version":"2.0","statement":[{"effect":"allow","action":["cos:GetObject"],"resource":["*"]}]}"#;

/// A line of the documentation: what is always there, and what may be.
struct Row {
    always: BTreeSet<String>,
    sometimes: BTreeSet<String>,
    seen: bool,
}

/// What is documented of each command.
struct Documented(BTreeMap<String, Vec<Row>>);

impl Documented {
    fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
        let page = std::fs::read_to_string(path).unwrap();
        let (_, answers) = page.split_once("### What is answered").unwrap();
        let (answers, _) = answers.split_once("###").unwrap();
        let mut rows: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for line in answers.lines().filter_map(|line| line.strip_prefix("| `")) {
            let (command, fields) = line.split_once("` | ").unwrap();
            let fields = fields.trim_end_matches(" |").split(", ");
            let (sometimes, always): (Vec<&str>, Vec<&str>) = fields.partition(|field| field.ends_with('?'));
            let names = |fields: Vec<&str>| {
                let name = |field: &str| field.trim_matches(['`', '?']).to_owned();
                fields.into_iter().map(name).collect()
            };
            rows.entry(command.to_owned()).or_default().push(Row {
                always: names(always),
                sometimes: names(sometimes),
                seen: false,
            });
        }
        Self(rows)
    }

    /// Holds what a command printed to what is documented of it.
    fn hold(&mut self, command: &str, printed: &str) -> Vec<Value> {
        let rows = self.0.get_mut(command).unwrap_or_else(|| panic!("{command}"));
        let lines: Vec<Value> = printed
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert!(!lines.is_empty(), "{command} prints nothing");
        for line in &lines {
            let fields: BTreeSet<String> = line.as_object().unwrap().keys().cloned().collect();
            let row = rows.iter_mut().find(|row| {
                let others: BTreeSet<String> = fields.difference(&row.always).cloned().collect();
                row.always.is_subset(&fields) && others.is_subset(&row.sometimes)
            });
            row.unwrap_or_else(|| panic!("{command} prints {fields:?}")).seen = true;
        }
        lines
    }

    fn not_seen(&self) -> Vec<&String> {
        let unseen = self.0.iter().filter(|(_, rows)| rows.iter().any(|row| !row.seen));
        unseen.map(|(command, _)| command).collect()
    }
}

/// A cloud with an audit trail, and what is documented of the answers.
struct Scene {
    cloud: Cloud,
    documented: Documented,
}

impl Scene {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let trail = AuditConfig {
            directory: Some(folder.path().join("trail")),
            ..AuditConfig::default()
        };
        let server = runtime.block_on(TestServer::with(|config| config.audit = trail));
        let cloud = Cloud {
            runtime,
            server: server.unwrap(),
            folder,
        };
        cloud.succeeds(&["mb", &format!("cos://{BUCKET}")]);
        Self {
            cloud,
            documented: Documented::read(),
        }
    }

    /// Runs a line and holds its answer to what is documented of the command.
    fn of(&mut self, command: &str, line: &str) -> Vec<Value> {
        self.ended(command, line, 0)
    }

    fn ended(&mut self, command: &str, line: &str, code: i32) -> Vec<Value> {
        let words: Vec<&str> = line.split(' ').collect();
        let output = self.cloud.run(&words);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{line}: {}",
            super::said(&output)
        );
        self.documented
            .hold(command, &String::from_utf8(output.stdout).unwrap())
    }

    /// Runs a line that begins with the command.
    fn line(&mut self, command: &str, rest: &str) -> Vec<Value> {
        self.of(
            command,
            format!("{command} {rest} --json")
                .trim()
                .replace("  ", " ")
                .as_str(),
        )
    }

    fn quietly(&self, line: &str) {
        self.cloud.succeeds(&line.split(' ').collect::<Vec<_>>());
    }

    fn write(&self, name: &str, text: &str) {
        write(&self.cloud.path(name), text);
    }
}

fn text(lines: &[Value], field: &str) -> String {
    match &lines.first().unwrap()[field] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn every_answer_is_as_documented() {
    let mut scene = Scene::new();
    objects(&mut scene);
    signatures(&mut scene);
    let policy = policies(&mut scene);
    people(&mut scene, &policy);
    roles(&mut scene, &policy);
    keys_and_sessions(&mut scene);
    operator(&mut scene);
    trail(&mut scene);
    assert_eq!(scene.documented.not_seen(), Vec::<&String>::new());
    scene.cloud.stop();
}

fn objects(scene: &mut Scene) {
    scene.write("x", "x");
    scene.write("d/a", "a");
    let bucket = format!("cos://{BUCKET}");
    scene.line("ls", "");
    scene.line("cp", &format!("x {}", at("a/x")));
    scene.line("cp", &format!("x {}", at("y")));
    scene.of("cp --dry-run", &format!("cp d {} -r --dry-run --json", at("d")));
    scene.of("ls cos://…", &format!("ls {bucket} --json"));
    scene.line("sync", &format!("d {}", at("d")));
    std::fs::rename(scene.cloud.path("d/a"), scene.cloud.path("d/b")).unwrap();
    let sync = format!("sync d {} --delete --dry-run --json", at("d"));
    scene.of("sync --dry-run", &sync);
    scene.line("mv", &format!("{} {}", at("y"), at("z")));
    scene.of(
        "mv --dry-run",
        &format!("mv {} {} --dry-run --json", at("z"), at("w")),
    );
    scene.of("rm --dry-run", &format!("rm {} --dry-run --json", at("z")));
    scene.line("rm", &at("z"));
    scene.line("stat", &at("a/x"));
    scene.line("stat", &format!("{} --all", at("a/x")));
    scene.quietly(&format!("cors put {bucket} --origin https://a --method GET"));
    scene.line("cors get", &bucket);
    let link = scene.line("presign", &at("a/x"));
    assert!(http("GET", &text(&link, "url"), "").ends_with('x'));
    scene.line("presign", &format!("{} --method post", at("f")));
}

fn signatures(scene: &mut Scene) {
    scene.write(
        "form.json",
        r#"{"expiration":"2033-11-15T00:00:00Z","conditions":[]}"#,
    );
    let cos = scene.line("sign cos", "--url http://h/k --key-time 1;2");
    let signed = format!(
        "GET /k HTTP/1.1\nHost: h\nAuthorization: {}\n\n",
        text(&cos, "Authorization")
    );
    scene.write("signed", &signed);
    // Its time is over.
    let judged = scene.ended("sign cos", "sign cos --request signed --json", 1);
    assert_eq!(judged[0]["sent"]["good"], false);
    scene.line("sign tc3", "--method POST --url http://h/ --service sts");
    scene.line(
        "sign v1",
        "--url http://h/?Action=A&Nonce=1&SecretId=A&Timestamp=1700000000",
    );
    scene.line("sign post-policy", "--policy form.json");
}

fn policies(scene: &mut Scene) -> String {
    scene.write("p.json", DOCUMENT);
    scene.write("q.json", &DOCUMENT.replace("GetObject", "PutObject"));
    let made = scene.line("policy create", "--name p --document p.json");
    let id = text(&made, "id");
    scene.line("policy get", &id);
    scene.line("policy show", &id);
    scene.line("policy ls", "");
    scene.line("policy version create", &format!("{id} --document p.json"));
    scene.line("policy version ls", &id);
    scene.ended("policy lint", "policy lint p.json --json", 1);
    scene.line("policy compare", "p.json p.json");
    scene.ended("policy compare", "policy compare p.json q.json --json", 1);
    scene.line("policy effective", "p.json p.json");
    let about = "--resource qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/a --user-policy p.json";
    scene.line("policy explain", &format!("--action cos:GetObject {about}"));
    let refused = format!("policy explain --action cos:PutObject {about} --json");
    scene.ended("policy explain", &refused, 1);
    id
}

fn people(scene: &mut Scene, policy: &str) {
    scene.line("user add", "ann --with-key");
    scene.line("user add", "bob");
    scene.line("user get", "ann");
    scene.line("user ls", "");
    scene.quietly(&format!("user boundary set {policy} --user ann"));
    scene.line("user boundary get", "--user ann");
    scene.quietly(&format!("policy attach {policy} --user ann"));
    scene.line("policy attached", "--user ann");
    scene.line("policy entities", policy);
    scene.line("policy reach", "--user ann");
    let group = text(&scene.line("group create", "g"), "id");
    scene.quietly(&format!("group add {group} --user ann"));
    scene.quietly(&format!("group attach {group} --policy {policy}"));
    scene.line("group ls", "");
    scene.line("group members", &group);
    scene.line("group attached", &group);
}

fn roles(scene: &mut Scene, policy: &str) {
    let owner = text(&scene.line("sts whoami", ""), "owner_uin");
    let trust = format!(
        r#"{{"version":"2.0","statement":[{{"effect":"allow","action":["name/sts:AssumeRole"],"principal":{{"qcs":["qcs::cam::uin/{owner}:root"]}}}}]}}"#
    );
    scene.write("trust.json", &trust);
    scene.line("role create", "dev --trust trust.json");
    scene.line("role get", "dev");
    scene.line("role ls", "");
    scene.quietly(&format!("role attach dev {policy}"));
    scene.line("role attached", "dev");
    scene.quietly(&format!("role boundary dev --set {policy}"));
    scene.line("role boundary", "dev");
    scene.of("sts assume-role", "sts assume-role dev --name ann --format json");
    scene.quietly("oidc create ci --issuer https://id.example --audience a");
    scene.line("oidc get", "ci");
}

fn keys_and_sessions(scene: &mut Scene) {
    scene.line("key create", "--user ann");
    scene.line("key ls", "--user ann");
    scene.line("key last-used", ROOT_SECRET_ID);
    scene.of("sts token", "sts token --name t --policy p.json --format json");
    scene.of(
        "sts token",
        "sts token --name t --policy p.json --judge --format json",
    );
    scene.line("session list", "");
    scene.quietly("session revoke --name t");
    scene.line("session revocations", "");
}

fn operator(scene: &mut Scene) {
    scene.line("account summary", "");
    let made = scene.line("account create", "");
    scene.line("account create", "--secret-file secret.json");
    scene.line("account ls", "");
    scene.line("account show", &text(&made, "owner_uin"));
    scene.line("key-ring show", "");
    scene.line("key-ring rotate", "");
    scene.line("master-key rotate", "");
}

fn trail(scene: &mut Scene) {
    let refused = scene.cloud.run(&["stat", "cos://nobody-1250000000/a", "--json"]);
    let request = failure(&refused)["request_id"].as_str().unwrap().to_owned();
    scene.line("explain", &request);
    let session = text(&scene.line("session list", ""), "id");
    let recorded = || {
        let output = scene.cloud.run(&["audit", "explain", &request, "--dir", "trail"]);
        output.status.success()
    };
    super::wait_until("the trail has the request", recorded);
    scene.line("audit query", "--dir trail --limit 3");
    scene.line("audit explain", &format!("{request} --dir trail"));
    scene.line("audit who", &format!("{session} --dir trail"));
    scene.line("audit scope", &format!("{session} --dir trail"));
    scene.line("audit verify", "--dir trail");
}

/// The one line that tells why it failed, whose fields are all there.
fn failure(output: &Output) -> Value {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    let mut told: Value = serde_json::from_str(said.lines().next_back().unwrap_or_default())
        .unwrap_or_else(|error| panic!("{error}: {said}"));
    let failure = told["error"].take();
    let fields: Vec<&String> = failure.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        ["code", "exit_code", "hint", "message", "request_id", "status"],
        "{said}"
    );
    assert_eq!(failure["exit_code"], output.status.code().unwrap(), "{said}");
    assert!(failure["message"].as_str().is_some_and(|text| !text.is_empty()));
    failure
}

#[test]
fn failures_are_json_where_answers_are() {
    let cloud = Cloud::new();
    let missing = at("missing");
    let check = |line: &str, code: &str, hint: &str| {
        let output = cloud.run(&line.split(' ').collect::<Vec<_>>());
        let failure = failure(&output);
        assert_eq!(failure["code"], code, "{line}: {failure}");
        let told = failure["hint"].as_str().unwrap_or_default();
        assert!(
            told.contains(hint) && told.is_empty() == hint.is_empty(),
            "{line}: {failure}"
        );
        failure
    };
    let refused = check(&format!("stat {missing} --json"), "NotFound", "request id");
    assert_eq!(refused["status"], 404);
    check("ls cos://nobody-1250000000 --json", "NoSuchBucket", "daypass mb");
    check(
        "ls --json --endpoint http://127.0.0.1:1",
        "Unreachable",
        "daypass serve",
    );
    let nothing = check("ls --json --ca-file x", "InvalidArguments", "");
    assert_eq!(
        (&nothing["status"], &nothing["request_id"]),
        (&Value::Null, &Value::Null)
    );
    check("ls --json --nonsense", "InvalidArguments", "");
    check("key ls --json --user a b", "InvalidArguments", "");
    check(
        "sts token --name t --policy none.json --format json",
        "Failed",
        "",
    );
    let user = check(
        "user get nobody --json",
        "ResourceNotFound.UserNotExist",
        "request id",
    );
    assert_eq!(user["exit_code"], 4);
    write(&cloud.path("p.json"), DOCUMENT);
    check("policy lint p.json --json", "AnswerIsNo", "");
    check("audit verify --dir none --json", "Failed", "");
    // Who does not ask for JSON gets none.
    let said = cloud.fails(&["stat", &missing], 4);
    assert!(said.starts_with("error: "), "{said}");
    cloud.stop();
}

#[test]
fn each_of_many_failures_is_a_line() {
    let cloud = Cloud::new();
    for name in ["in/a", "in/b"] {
        write(&cloud.path(name), name);
    }
    std::os::unix::fs::symlink("a", cloud.path("in/link")).unwrap();
    let output = cloud.run(&["cp", "in", "cos://nobody-1250000000/p", "-r", "--json"]);
    let last = failure(&output);
    assert_eq!(
        (&last["code"], &last["exit_code"]),
        (&"SomeFailed".into(), &4.into())
    );
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let failed = lines
        .iter()
        .filter(|line| line["failed"]["code"] == "NoSuchBucket");
    let notes = lines.iter().filter(|line| line["note"].is_string());
    assert_eq!((failed.count(), notes.count(), lines.len()), (2, 1, 4), "{said}");
    cloud.stop();
}
