//! The verbs over objects, as a person or a script meets them: the built program against a server.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]
#![expect(clippy::panic, reason = "a test may fail by panicking")]

mod bucket_policy;
mod cors;
mod exec;
mod json;
mod sign;
mod sync;
mod trouble;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use daypass_api::names::{AccessKeyId, BucketName, Region, SessionName};
use daypass_api::operation::GetFederationToken;
use daypass_api::secret::SecretKey;
use daypass_client::{ActionClient, Connection, Credentials, ObjectClient, request};
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const BUCKET: &str = "photos-1250000000";

/// A server with a bucket, and a folder to work in.
struct Cloud {
    runtime: Runtime,
    server: TestServer,
    folder: TempDir,
}

impl Cloud {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(TestServer::start());
        let cloud = Self {
            runtime,
            server,
            folder: tempfile::tempdir().unwrap(),
        };
        cloud.succeeds(&["mb", &format!("cos://{BUCKET}")]);
        cloud
    }

    fn endpoint(&self) -> String {
        format!("http://{}", self.server.address())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(self.folder.path(), &self.endpoint());
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What was said on the way to this exit code.
    fn fails(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    }

    fn client(&self) -> ObjectClient {
        let credentials = Credentials {
            secret_id: AccessKeyId::parse(ROOT_SECRET_ID).unwrap(),
            secret_key: SecretKey::new(ROOT_SECRET_KEY.to_owned()),
            token: None,
        };
        ObjectClient::new(Connection::new(
            self.endpoint().parse().unwrap(),
            Some(credentials),
        ))
    }

    fn actions(&self) -> ActionClient {
        let credentials = Credentials {
            secret_id: AccessKeyId::parse(ROOT_SECRET_ID).unwrap(),
            secret_key: SecretKey::new(ROOT_SECRET_KEY.to_owned()),
            token: None,
        };
        let connection = Connection::new(self.endpoint().parse().unwrap(), Some(credentials));
        ActionClient::new(connection, Region::parse("ap-guangzhou").unwrap())
    }

    /// The ids of so many temporary keys of the root, the first one named `first` and the others `other`.
    fn mint(&self, keys: usize) -> Vec<String> {
        let client = self.actions();
        let mint = async |number: usize| {
            let get = GetFederationToken {
                name: SessionName::parse(if number == 0 { "first" } else { "other" }).unwrap(),
                policy: None,
                duration_seconds: None,
            };
            client
                .get_federation_token(get)
                .await
                .unwrap()
                .access_key_id
                .to_string()
        };
        self.runtime.block_on(async {
            let mut ids = Vec::new();
            for number in 0..keys {
                ids.push(mint(number).await);
            }
            ids
        })
    }

    fn uploads(&self) -> usize {
        let list = request::list_multipart_uploads(&BucketName::parse(BUCKET).unwrap());
        let page = self.runtime.block_on(self.client().list_multipart_uploads(list));
        page.unwrap().uploads.len()
    }

    fn keys(&self) -> Vec<String> {
        let lines = self.succeeds(&["ls", &at(""), "--recursive", "--json"]);
        let key = |line: &str| {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            json.get("key").unwrap().as_str().unwrap().to_owned()
        };
        lines.lines().map(key).collect()
    }

    fn stop(self) {
        self.runtime.block_on(self.server.stop());
    }
}

/// The program with the key of the root, and nothing else of this machine's settings.
fn program(folder: &Path, endpoint: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command
        .current_dir(folder)
        .env_clear()
        .env("DAYPASS_ENDPOINT", endpoint)
        .env("DAYPASS_SECRET_ID", ROOT_SECRET_ID)
        .env("DAYPASS_SECRET_KEY", ROOT_SECRET_KEY);
    command
}

fn at(key: &str) -> String {
    format!("cos://{BUCKET}/{key}")
}

/// Everything that was said.
fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

/// All files below a folder, by their paths seen from it.
fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            files.insert(
                path.strip_prefix(root).unwrap().to_owned(),
                fs::read(&path).unwrap(),
            );
        }
    }
    files
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn wait_until(what: &str, is_true: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_true() {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("it never came to this: {what}");
}

fn signal(child: &Child, name: &str) {
    let kill = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

#[test]
fn a_folder_goes_there_and_back() {
    let cloud = Cloud::new();
    let album = cloud.path("album");
    for number in 0..300 {
        let name = format!("{}/猫 {number} é+%😀&<.txt", ["a", "a/b c", "深/い"][number % 3]);
        write(&album.join(name), "x".repeat(number * 7));
    }
    let large: Vec<u8> = (0..40 * 1024 * 1024).map(|at| (at / 4093) as u8).collect();
    write(&album.join("large"), &large);
    let expected = tree(&album);
    let bytes: usize = expected.values().map(Vec::len).sum();

    let planned = cloud.succeeds(&["cp", "album", &at("p"), "--recursive", "--dry-run"]);
    assert_eq!((planned.lines().count(), cloud.keys().len()), (301, 0));
    let told = cloud.succeeds(&["cp", "album", &at("p"), "-r", "--json", "--part-size", "4M"]);
    let summary = format!("{{\"bytes\":{bytes},\"done\":301,\"failed\":0,\"skipped\":0}}\n");
    assert_eq!(told, summary);
    let told = cloud.succeeds(&[
        "cp",
        &at("p/"),
        "back",
        "-r",
        "--json",
        "--part-size",
        "4M",
        "--jobs",
        "16",
    ]);
    assert_eq!(told, summary);
    assert!(tree(&cloud.path("back")) == expected);

    let told = cloud.succeeds(&["cp", &at("p"), &at("q/"), "-r", "--exclude", "a/*", "--json"]);
    assert!(told.contains("\"done\":101"), "{told}");
    let told = cloud.succeeds(&[
        "cp",
        &at("p"),
        "some",
        "-r",
        "--include",
        "*9 é*",
        "--exclude",
        "a/b c/*",
        "--json",
    ]);
    assert!(told.contains("\"done\":20,"), "{told}");
    let told = cloud.succeeds(&["rm", &at("p"), "--recursive", "--json"]);
    assert_eq!(told, "{\"failed\":0,\"removed\":301}\n");
    assert_eq!(cloud.keys().len(), 101);
    assert_eq!(cloud.uploads(), 0);
    cloud.stop();
}

#[test]
fn single_objects() {
    let cloud = Cloud::new();
    write(&cloud.path("cat.txt"), "0123456789");
    cloud.succeeds(&["cp", "cat.txt", &at("2026/")]);
    cloud.succeeds(&["cp", &at("2026/cat.txt"), &at("copy")]);
    assert_eq!(
        cloud.succeeds(&["cat", &at("copy"), &at("copy"), "--range=2-4"]),
        "234234"
    );
    assert_eq!(cloud.succeeds(&["cat", &at("copy"), "--range", "-3"]), "789");
    cloud.fails(&["cat", &at("copy"), "--range", "99-"], 3);
    let shown = cloud.succeeds(&["stat", &at("copy"), "--all"]);
    assert!(shown.contains("as the bucket's list says"), "{shown}");
    cloud.succeeds(&["cp", &at("copy"), "back"]);
    assert_eq!(fs::read(cloud.path("back")).unwrap(), b"0123456789");
    assert_eq!(cloud.succeeds(&["cp", &at("copy"), "-"]), "0123456789");

    cloud.succeeds(&["mv", &at("copy"), &at("moved")]);
    cloud.succeeds(&["mv", "cat.txt", &at("up")]);
    cloud.succeeds(&["mv", &at("up"), "down"]);
    assert!(!cloud.path("cat.txt").exists() && cloud.path("down").exists());
    assert_eq!(cloud.keys(), ["2026/cat.txt", "moved"]);
    cloud.succeeds(&["mv", &at(""), "all", "--recursive"]);
    assert_eq!(tree(&cloud.path("all")).len(), 2);
    assert_eq!(cloud.keys(), Vec::<String>::new());

    let check = |arguments: &[&str], expected: &str| {
        let said = cloud.fails(arguments, 2);
        assert!(said.contains(expected), "{said}");
    };
    check(&["mv", &at("x"), &at("x")], "the same object");
    check(&["mv", "-", &at("x")], "cannot be moved");
    check(&["cp", "all", &at("x")], "--recursive");
    check(&["cp", "down", &at("x"), "-r"], "leave --recursive out");
    check(&["cp", &at("x"), &at("x/y"), "-r"], "inside the source");
    check(&["cp", "all", "down"], "one side must be in the store");
    check(&["rm", &at("")], "the key is missing");
    cloud.stop();
}

#[test]
fn links_are_made_and_work() {
    let cloud = Cloud::new();
    let put = cloud.succeeds(&["presign", &at("a b"), "--method", "put", "--expires", "5m"]);
    assert!(http("PUT", put.trim(), "hello").starts_with("HTTP/1.1 200"));
    let get = cloud.succeeds(&["presign", &at("a b")]);
    assert!(http("GET", get.trim(), "").ends_with("hello"));
    assert!(http("PUT", get.trim(), "hello").starts_with("HTTP/1.1 403"));
    let json = cloud.succeeds(&["presign", &at("a b"), "--json"]);
    assert!(
        json.contains("\"method\":\"GET\"") && json.contains("\"seconds\":3600"),
        "{json}"
    );

    // With a temporary key the token is in the link.
    let exports = cloud.succeeds(&["sts", "token", "--name", "link"]);
    write(&cloud.path("FILE"), "by form");
    let form = cloud.succeeds(&["presign", &at("form/"), "--method", "post", "--max-size", "7"]);
    let posted = Command::new("sh")
        .current_dir(cloud.folder.path())
        .args(["-c", &format!("{} --silent --fail", form.trim_end())])
        .output()
        .unwrap();
    assert!(posted.status.success(), "{form}: {}", said(&posted));
    assert_eq!(cloud.succeeds(&["cat", &at("form/FILE")]), "by form");
    let form = cloud.succeeds(&["presign", &at("form/x"), "--method", "post", "--json"]);
    let form: serde_json::Value = serde_json::from_str(&form).unwrap();
    assert_eq!(
        (&form["method"], &form["fields"]["key"]),
        (&"POST".into(), &"form/x".into())
    );
    cloud.fails(&["presign", &at("x"), "--max-size", "1"], 2);
    let mut command = cloud.command(&["presign", &at("a b")]);
    for line in exports.lines().filter_map(|line| line.strip_prefix("export ")) {
        let (name, value) = line.split_once('=').unwrap();
        command.env(name, value.trim_matches('\''));
    }
    let link = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(http("GET", link.trim(), "").ends_with("hello"), "{link}");
    cloud.stop();
}

/// Sends a request as somebody who has nothing but a link.
fn http(method: &str, url: &str, body: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn no_key_leaves_the_folder() {
    let cloud = Cloud::new();
    write(&cloud.path("x"), "x");
    let bad = [
        "../evil",
        "/abs",
        "a//b",
        "f/x",
        "b/./c",
        "b/../../evil",
        "out/x",
        "..",
    ];
    for key in ["ok", "f", "d/", "d/\nodd\\name"].iter().chain(&bad) {
        cloud.succeeds(&["cp", "x", &at(&format!("p/{key}"))]);
    }
    // A folder's own key is empty; whoever has a link may do as he likes.
    let link = cloud.succeeds(&["presign", &at("p/e/"), "--method", "put"]);
    assert!(http("PUT", link.trim(), "not empty").starts_with("HTTP/1.1 200"));
    fs::create_dir_all(cloud.path("out")).unwrap();
    symlink("..", cloud.path("out/out")).unwrap();
    let said = cloud.fails(&["cp", &at("p"), "out", "--recursive"], 1);
    for key in ["../evil", "/abs", "a//b", "b/./c", "b/../../evil"] {
        assert!(
            said.contains(&format!("`{key}` is no path below a folder")),
            "{key}: {said}"
        );
    }
    assert!(said.contains("one name cannot be file and folder"), "{said}");
    assert!(said.contains("is a symbolic link"), "{said}");
    assert!(
        said.contains("`p/e/` is named like a folder, and is not empty"),
        "{said}"
    );
    assert!(said.contains("9 of 13 could not be copied"), "{said}");
    fs::remove_file(cloud.path("out/out")).unwrap();
    let written: Vec<PathBuf> = tree(&cloud.path("out")).into_keys().collect();
    assert_eq!(written, ["d/\nodd\\name", "d/x", "f", "ok"].map(PathBuf::from));
    assert_eq!(
        fs::read_dir(cloud.folder.path()).unwrap().count(),
        2,
        "nothing is beside the folder"
    );
    let said = cloud.fails(&["cp", &at("p/.."), "out"], 2);
    assert!(said.contains("gives no name for a file"), "{said}");
    cloud.succeeds(&["rm", &at("p"), "-r"]);
    assert_eq!(cloud.keys(), Vec::<String>::new());
    cloud.stop();
}

#[test]
fn what_fails_does_not_stop_the_rest() {
    let cloud = Cloud::new();
    for name in ["in/a", "in/z", "in/b/c"] {
        write(&cloud.path(name), name);
    }
    write(&cloud.path("in").join(std::ffi::OsStr::from_bytes(b"\xff")), "x");
    symlink("a", cloud.path("in/link")).unwrap();
    let output = cloud.run(&["cp", "in", &at("p"), "-r", "--json"]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("is not UTF-8"), "{said}");
    assert!(said.contains("1 of 4 could not be copied"), "{said}");
    assert!(said.contains("{\"note\":\"1 left out"), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"done\":3,\"failed\":1,\"skipped\":1"));
    assert_eq!(cloud.keys(), ["p/a", "p/b/c", "p/z"]);
    // All failed alike: their code is the whole's.
    cloud.fails(&["cp", &at("p"), "cos://missing-1250000000/", "-r"], 4);
    cloud.stop();
}

#[test]
fn exit_codes_and_hints() {
    let cloud = Cloud::new();
    let check = |command: &mut Command, code: i32, hint: &str| {
        let output = command.output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains("hint: ") && said.contains(hint), "{said}");
    };
    let (missing, bucket) = (at("missing"), at(""));
    let wrong = "0123456789abcdef0123456789abcdef";
    check(
        cloud.command(&["ls", &bucket]).env("DAYPASS_SECRET_KEY", wrong),
        3,
        "check DAYPASS_SECRET_KEY",
    );
    check(
        cloud
            .command(&["ls", &bucket])
            .env("DAYPASS_SECRET_ID", "AKIDnobody"),
        3,
        "check DAYPASS_SECRET_ID",
    );
    check(
        cloud.command(&["ls"]).env_remove("DAYPASS_SECRET_ID"),
        2,
        "write a profile",
    );
    check(
        &mut cloud.command(&["stat", &missing]),
        4,
        "the server's log tells more",
    );
    check(&mut cloud.command(&["cp", &missing, "x"]), 4, "");
    check(
        &mut cloud.command(&["ls", "cos://nobody-1250000000"]),
        4,
        "`daypass mb` makes one",
    );
    let refused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nowhere = format!("http://{refused}");
    check(
        &mut cloud.command(&["ls", "--endpoint", &nowhere]),
        5,
        "is the server running?",
    );
    write(&cloud.path("in/a"), "");
    write(&cloud.path("in/b"), "");
    let output = cloud.run(&["cp", "in", &bucket, "-r", "--endpoint", &nowhere, "--json"]);
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    let secure = cloud.endpoint().replace("http", "https");
    check(
        &mut cloud.command(&["ls", "--endpoint", &secure]),
        5,
        "does the server speak HTTPS there?",
    );
    let said = cloud.fails(&["ls", "--ca-file", "ca.pem"], 2);
    assert!(said.contains("`--ca-file` is for HTTPS"), "{said}");
    assert!(!cloud.path("x").exists());
    cloud.stop();
}

#[test]
fn profiles_and_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let made = program(folder.path(), "")
        .args(["tls", "init", "--dir", "tls"])
        .output()
        .unwrap();
    assert!(made.status.success());
    let runtime = Runtime::new().unwrap();
    let tls = folder.path().join("tls");
    let server = runtime.block_on(TestServer::with_tls(tls.join("cert.pem"), tls.join("key.pem")));
    let endpoint = format!("https://{}", server.tls_address().unwrap());
    let run = |arguments: &[&str], settings: &[(&str, &str)]| {
        let mut command = program(folder.path(), &endpoint);
        command.args(arguments).envs(settings.iter().copied());
        let output = command.output().unwrap();
        (output.status.code(), said(&output))
    };
    let (code, said) = run(&["ls"], &[]);
    assert!(code == Some(5) && said.contains("DAYPASS_CA_FILE"), "{said}");
    assert_eq!(run(&["ls"], &[("DAYPASS_CA_FILE", "tls/ca.pem")]).0, Some(0));
    assert_eq!(run(&["ls", "--ca-file", "tls/ca.pem"], &[]).0, Some(0));
    assert_eq!(run(&["ls", "--ca-file", "tls/key.pem"], &[]).0, Some(1));
    assert_eq!(
        run(&["sts", "whoami"], &[("DAYPASS_CA_FILE", "tls/ca.pem")]).0,
        Some(0)
    );

    let path = folder.path().join("daypass/profiles.toml");
    let text = format!(
        "[default]\nca_file = \"../tls/ca.pem\"\n[work]\nendpoint = \"{endpoint}\"\nca_file = \"../tls/ca.pem\"\n\
        secret_id = \"{ROOT_SECRET_ID}\"\nsecret_key = \"{ROOT_SECRET_KEY}\"\n"
    );
    write(&path, text);
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let home = folder.path().to_str().unwrap();
    let config = ("XDG_CONFIG_HOME", home);
    assert_eq!(run(&["ls"], &[config]).0, Some(0));
    let bad_key = ("DAYPASS_SECRET_ID", "AKIDnobody");
    assert_eq!(run(&["ls", "--profile", "work"], &[config, bad_key]).0, Some(0));
    assert_eq!(
        run(&["ls"], &[config, bad_key, ("DAYPASS_PROFILE", "work")]).0,
        Some(3)
    );
    let no_key = [
        config,
        ("DAYPASS_SECRET_ID", ""),
        ("DAYPASS_SECRET_KEY", ""),
        ("DAYPASS_PROFILE", "work"),
    ];
    assert_eq!(run(&["ls"], &no_key).0, Some(0));
    assert_eq!(run(&["ls", "--profile", "home"], &[config]).0, Some(2));
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let (code, said) = run(&["ls"], &[config]);
    assert!(code == Some(2) && said.contains("chmod 600"), "{said}");
    runtime.block_on(server.stop());
}

/// A server that promises more of an object than it sends, and then says nothing.
fn stalling() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 8192]).unwrap();
        let head = "HTTP/1.1 206 Partial Content\r\nETag: \"e\"\r\nx-cos-hash-crc64ecma: 1\r\n\
            Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Range: bytes 0-4999999/5000000\r\n\
            Content-Length: 5000000\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&vec![b'x'; 2_000_000]).unwrap();
        sleep(Duration::from_secs(60));
    });
    endpoint
}

fn part_files(folder: &Path) -> usize {
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.to_string_lossy().ends_with(".part"))
        .count()
}

#[test]
fn a_download_that_ends_early_leaves_no_half_file() {
    for (name, left) in [("-INT", 0), ("-TERM", 0), ("-KILL", 1)] {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("target"), "before");
        let mut child = program(folder.path(), &stalling())
            .args(["cp", &at("k"), "target"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_until("the download begins", || part_files(folder.path()) == 1);
        signal(&child, name);
        let status = child.wait().unwrap();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        if left == 0 {
            assert_eq!(status.code(), Some(130), "{said}");
            assert!(said.contains("interrupted"), "{said}");
        }
        assert_eq!(
            fs::read(folder.path().join("target")).unwrap(),
            b"before",
            "{name}"
        );
        assert_eq!(part_files(folder.path()), left, "{name}");
    }
}

#[test]
fn an_upload_that_is_interrupted_is_aborted() {
    let cloud = Cloud::new();
    let mut child = cloud
        .command(&["cp", "-", &at("k"), "--part-size", "1M"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&vec![b'x'; 2_500_000]).unwrap();
    wait_until("the upload begins", || cloud.uploads() == 1);
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(said(&output).contains("interrupted"), "{}", said(&output));
    assert_eq!((cloud.uploads(), cloud.keys().len()), (0, 0));
    drop(input);
    cloud.stop();
}

#[test]
fn policies_in_words() {
    let cloud = Cloud::new();
    let shown = cloud.succeeds(&["policy", "show", "QcloudCOSFullAccess"]);
    assert!(
        shown.contains("everything in the object store") && shown.contains("\"version\": \"2.0\""),
        "{shown}"
    );
    write(
        &cloud.path("p.json"),
        r#"{"version":"2.0","statement":{"effect":"deny","action":"name/cos:PutObject","resource":"*"}}"#,
    );
    let id = cloud.succeeds(&["policy", "create", "--name", "no-put", "--document", "p.json"]);
    for name in ["no-put", id.trim()] {
        let shown = cloud.succeeds(&["policy", "show", name]);
        assert!(
            shown.contains("Statement 1 denies\n    cos:PutObject\n"),
            "{shown}"
        );
    }
    let json = cloud.succeeds(&["policy", "show", "no-put", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["document"]["statement"]["effect"], "deny");
    cloud.fails(&["policy", "show", "nothing"], 4);
    cloud.fails(&["policy", "show", "99999999"], 4);
    cloud.fails(&["policy", "show", "a b"], 2);
    cloud.stop();
}

#[test]
fn users_keys_and_policies() {
    let cloud = Cloud::new();
    let json = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(cloud.succeeds(arguments).lines().next_back().unwrap()).unwrap()
    };
    let ann = json(&["user", "add", "ann", "--with-key", "--remark", "tall", "--json"]);
    let (uin, id) = (
        ann["uin"].to_string(),
        ann["secret_id"].as_str().unwrap().to_owned(),
    );
    let users = cloud.succeeds(&["user", "ls"]);
    assert!(
        users.starts_with("UIN") && users.contains("ann") && users.contains("tall"),
        "{users}"
    );
    assert_eq!(json(&["user", "get", "ann", "--json"])["name"], "ann");
    assert_eq!(json(&["user", "ls", "--json"])["uin"].to_string(), uin);

    let as_ann = |arguments: &[&str]| {
        let mut command = cloud.command(arguments);
        command.env("DAYPASS_SECRET_ID", &id);
        command.env("DAYPASS_SECRET_KEY", ann["secret_key"].as_str().unwrap());
        let output = command.output().unwrap();
        (output.status.code(), said(&output))
    };
    assert_eq!(as_ann(&["ls", &at("")]).0, Some(3));
    let read_only = json(&[
        "policy",
        "ls",
        "--scope",
        "preset",
        "--keyword",
        "QcloudCOSReadOnlyAccess",
        "--json",
    ]);
    let read_only = read_only["id"].to_string();
    cloud.succeeds(&["policy", "attach", &read_only, "--user", "ann"]);
    assert_eq!(as_ann(&["ls", &at("")]).0, Some(0));
    let (code, said) = as_ann(&["cp", "missing", &at("x")]);
    assert!(
        code == Some(1) && said.contains("cannot read `missing`"),
        "{said}"
    );
    write(&cloud.path("x"), "x");
    let (code, said) = as_ann(&["cp", "x", &at("x")]);
    assert!(code == Some(3) && said.contains("AccessDenied"), "{said}");
    let attached = cloud.succeeds(&["policy", "attached", "--uin", &uin]);
    assert!(
        attached.starts_with("ID") && attached.contains("preset"),
        "{attached}"
    );
    assert_eq!(
        json(&["policy", "attached", "--user", "ann", "--json"])["id"].to_string(),
        read_only
    );

    cloud.succeeds(&["key", "disable", &id, "--user", "ann"]);
    assert_eq!(
        json(&["key", "ls", "--user", "ann", "--json"])["status"],
        "disabled"
    );
    let (code, said) = as_ann(&["ls", &at("")]);
    assert!(
        code == Some(3) && said.contains("hint: the server knows no such key"),
        "{said}"
    );
    cloud.succeeds(&["key", "enable", &id, "--user", "ann"]);
    assert!(cloud.succeeds(&["key", "ls", "--user", "ann"]).contains("active"));
    cloud.succeeds(&["policy", "detach", &read_only, "--uin", &uin]);
    cloud.fails(&["user", "get", "nobody"], 4);
    cloud.fails(&["key", "rm", &id, "--user", "nobody"], 4);
    cloud.fails(&["policy", "get", "99999999"], 4);
    cloud.fails(&["user", "add", "a/b"], 2);
    let who = json(&["sts", "whoami", "--json"]);
    assert_eq!(who["uin"], who["owner_uin"]);
    cloud.succeeds(&["user", "rm", "ann", "--force"]);
    assert_eq!(cloud.succeeds(&["user", "ls", "--json"]), "");
    cloud.stop();
}

#[test]
fn temporary_keys_that_are_out() {
    let cloud = Cloud::new();
    let lines = |arguments: &[&str]| -> Vec<serde_json::Value> {
        let said = cloud.succeeds(arguments);
        said.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let listed = |arguments: &[&str]| -> Vec<String> {
        let mut all = vec!["session", "list", "--json"];
        all.extend(arguments);
        let id = |session: &serde_json::Value| session["id"].as_str().unwrap().to_owned();
        lines(&all).iter().map(id).collect()
    };
    let none: [String; 0] = [];
    let ann = lines(&["user", "add", "ann", "--with-key", "--json"]).remove(0);
    let uin = ann["uin"].to_string();
    assert_eq!(listed(&[]), none);
    // More than a page of the server, which has 200.
    let ids = cloud.mint(203);
    let first = ids.first().unwrap();
    let newest: Vec<String> = ids.iter().rev().cloned().collect();
    assert_eq!(listed(&["--limit", "1000"]), newest);
    assert_eq!(listed(&["--limit", "201"]), newest.get(..201).unwrap());
    assert_eq!(listed(&[]), newest.get(..100).unwrap(), "unless it is told more");
    assert_eq!(listed(&["--name", "first"]), [first.as_str()]);
    assert_eq!(listed(&["--key", ROOT_SECRET_ID, "--limit", "1000"]), newest);
    for (option, value) in [
        ("--user", "ann"),
        ("--uin", uin.as_str()),
        ("--key", ann["secret_id"].as_str().unwrap()),
    ] {
        assert_eq!(listed(&[option, value]), none, "{option}");
    }

    cloud.succeeds(&["session", "revoke", "--id", first]);
    let live = listed(&["--live", "--limit", "1000"]);
    assert_eq!(live, newest.get(..202).unwrap());
    let ended = lines(&["session", "list", "--name", "first", "--json"]).remove(0);
    for (field, expected) in [
        ("state", "revoked"),
        ("type", "federation"),
        ("origin", ROOT_SECRET_ID),
        ("minted_by", ROOT_SECRET_ID),
    ] {
        assert_eq!(ended[field], expected, "{field}");
    }
    let table = cloud.succeeds(&["session", "list", "--name", "first"]);
    let (head, row) = table.trim_end().split_once('\n').unwrap();
    let head: Vec<_> = head.split_whitespace().collect();
    assert_eq!(
        head,
        [
            "ID",
            "TYPE",
            "NAME",
            "OF",
            "MINTED-BY",
            "ISSUED",
            "EXPIRES",
            "STATE"
        ]
    );
    assert!(
        row.starts_with(first.as_str()) && row.contains(" first ") && row.ends_with("revoked"),
        "{row}"
    );
    assert!(!row.contains('\n'), "{row}");
    cloud.fails(&["session", "list", "--user", "ann", "--name", "first"], 2);
    cloud.fails(&["session", "list", "--user", "nobody"], 4);
    cloud.fails(&["session", "list", "--role", "nobody"], 4);
    cloud.stop();
}
