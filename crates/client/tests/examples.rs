//! The examples do what they say, against the real server.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use daypass_api::names::{AccessKeyId, BucketName, Region, SessionName};
use daypass_api::operation::GetFederationToken;
use daypass_api::secret::SecretKey;
use daypass_client::scope::{self, Scope, UPLOAD};
use daypass_client::{Client, Credentials};
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const BUCKET: &str = "photos-1250000000";

/// The program of an example. Cargo builds the examples beside the tests when all tests of the package are run; when only
/// this one is, it builds them itself.
fn example(name: &str) -> PathBuf {
    static BUILDING: Mutex<()> = Mutex::new(());
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap();
    let program = folder.join("examples").join(name);
    let building = BUILDING.lock().unwrap();
    if !is_newer_than_sources(&program) {
        build(folder);
    }
    drop(building);
    assert!(program.exists(), "`{BUILD}` did not make `{name}`");
    program
}

const BUILD: &str = "cargo build --package daypass-client --examples";

fn is_newer_than_sources(program: &Path) -> bool {
    let built = modified(program);
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let newest = ["src", "examples"]
        .map(|folder| newest_below(&package.join(folder)))
        .into_iter()
        .max();
    built.is_some() && built >= newest.flatten()
}

fn newest_below(folder: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(folder).unwrap();
    let times = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| match path.is_dir() {
            true => newest_below(&path),
            false => modified(&path),
        });
    times.max().flatten()
}

fn modified(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).ok()?.modified().ok()
}

/// Builds the examples with the features and into the folder that this test was built with.
fn build(folder: &Path) {
    let mut command = Command::new(env!("CARGO"));
    command.args(BUILD.split(' ').skip(1));
    command.arg("--target-dir").arg(folder.parent().unwrap());
    if folder.ends_with("release") {
        command.arg("--release");
    }
    if cfg!(feature = "object-store") {
        command.args(["--features", "object-store"]);
    }
    let status = command.current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(status.is_ok_and(|status| status.success()), "run `{BUILD}` first");
}

/// What an example says, to which the server and these variables are known.
fn run_with(server: &TestServer, name: &str, variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let output = Command::new(example(name))
        .args(arguments)
        .env("DAYPASS_ENDPOINT", endpoint(server))
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}{complaint}");
    said
}

/// The same with the key of the server's root account.
fn run(server: &TestServer, name: &str, arguments: &[&str]) -> String {
    let key = [
        ("DAYPASS_SECRET_ID", ROOT_SECRET_ID),
        ("DAYPASS_SECRET_KEY", ROOT_SECRET_KEY),
    ];
    run_with(server, name, &key, arguments)
}

fn endpoint(server: &TestServer) -> String {
    format!("http://{}", server.address())
}

fn root(server: &TestServer) -> Client {
    Client::builder()
        .region("ap-guangzhou")
        .endpoint(&endpoint(server))
        .credentials(Credentials {
            secret_id: AccessKeyId::parse(ROOT_SECRET_ID).unwrap(),
            secret_key: SecretKey::new(ROOT_SECRET_KEY.to_owned()),
            token: None,
        })
        .build()
        .unwrap()
}

async fn server() -> TestServer {
    let server = TestServer::start().await;
    let bucket = BucketName::parse(BUCKET).unwrap();
    root(&server).objects().create_bucket(&bucket).await.unwrap();
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_there_and_back() {
    let server = server().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let bytes = vec![7; 20 * 1024 * 1024];
    std::fs::write(&file, &bytes).unwrap();
    let said = run(&server, "upload_and_download", &[BUCKET, file.to_str().unwrap()]);
    assert!(said.contains("41943040 bytes have moved"), "{said}");
    assert!(std::fs::read(folder.path().join("file.copy")).unwrap() == bytes);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_key_reaches_one_folder() {
    let server = server().await;
    let said = run(&server, "temporary_key", &[BUCKET, "ann"]);
    assert!(said.contains("users/ann/hello: stored"), "{said}");
    let refused = "users/somebody-else/hello: the server refused with `AccessDenied` (403)";
    assert!(said.contains(refused), "{said}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_a_form_are_printed() {
    let server = server().await;
    let said = run(&server, "links_and_forms", &[BUCKET]);
    assert!(
        said.contains("q-signature=") && said.contains("name=\"q-signature\""),
        "{said}"
    );
    let link = said.lines().next().unwrap().split('\'').nth(1).unwrap();
    let stored = Command::new("curl")
        .args(["--silent", "--fail", "--upload-file", "Cargo.toml", link])
        .status();
    assert!(stored.unwrap().success());
    server.stop().await;
}

/// A user server that knows one user, and gives it keys for its folder; its address, and how many keys it gave.
async fn user_server(client: Client) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/sts", listener.local_addr().unwrap());
    let given = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&given);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(usize::from(serve(stream, &client).await), Ordering::SeqCst);
        }
    });
    (address, given)
}

/// Answers one request, and tells whether with a key.
async fn serve(mut stream: TcpStream, client: &Client) -> bool {
    let mut asked = vec![0; 4096];
    let count = stream.read(&mut asked).await.unwrap();
    let asked = String::from_utf8_lossy(asked.get(..count).unwrap()).to_ascii_lowercase();
    let is_known = asked.starts_with("get /sts ") && asked.contains("authorization: bearer ann's token\r\n");
    let (status, body) = match is_known {
        true => ("200 OK", key_for_ann(client).await),
        false => ("401 Unauthorized", r#"{"error":"who are you?"}"#.to_owned()),
    };
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await.unwrap();
    is_known
}

/// A key as the official STS SDKs show it.
async fn key_for_ann(client: &Client) -> String {
    let bucket = BucketName::parse(BUCKET).unwrap();
    let region = Region::parse("ap-guangzhou").unwrap();
    let own = Scope::folder(&bucket, &region, "users/ann/", &[UPLOAD]);
    let ask = GetFederationToken {
        name: SessionName::parse("ann").unwrap(),
        policy: Some(scope::policy(&[own]).unwrap()),
        duration_seconds: Some(1800),
    };
    let key = client.sts().get_federation_token(ask).await.unwrap();
    format!(
        r#"{{"credentials":{{"tmpSecretId":"{}","tmpSecretKey":"{}","sessionToken":"{}"}},"expiredTime":{}}}"#,
        key.access_key_id,
        key.secret_key.expose(),
        key.token.expose(),
        key.expires.unix_seconds()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_a_user_server_are_fetched_once_for_many_files() {
    let server = server().await;
    let (address, given) = user_server(root(&server)).await;
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a.txt", "b.txt"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    for path in &paths {
        std::fs::write(path, b"hello").unwrap();
    }
    let upload = |token, prefix| {
        let variables = [("APP_TOKEN", token)];
        let arguments = [&*address, BUCKET, prefix, &*paths[0], &*paths[1]];
        run_with(&server, "user_server", &variables, &arguments)
    };
    let said = upload("ann's token", "users/ann/");
    assert_eq!(said, "users/ann/a.txt: stored\nusers/ann/b.txt: stored\n");
    assert_eq!(given.load(Ordering::SeqCst), 1);
    let said = upload("ann's token", "users/bob/");
    assert!(
        said.contains("users/bob/b.txt: the server refused with `AccessDenied`"),
        "{said}"
    );
    let said = upload("nobody's token", "users/ann/");
    assert!(said.contains("gives no key") && said.contains("401"), "{said}");
    server.stop().await;
}

#[cfg(feature = "object-store")]
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_an_object_store() {
    let server = server().await;
    let said = run(&server, "bucket_as_object_store", &[BUCKET]);
    let expected = "sales/monday.csv is there already\n17 sales/monday.csv\n18 sales/tuesday.csv\nmonday,7\n";
    assert_eq!(said, expected);
    server.stop().await;
}
