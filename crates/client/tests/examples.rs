//! The examples do what they say, against the real server.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::PathBuf;
use std::process::Command;

use daypass_api::names::{AccessKeyId, BucketName};
use daypass_api::secret::SecretKey;
use daypass_client::{Client, Credentials};
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};

const BUCKET: &str = "photos-1250000000";

/// Cargo builds the examples beside the tests whenever all tests of the package are run.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples").join(name)
}

fn run(server: &TestServer, name: &str, arguments: &[&str]) -> String {
    let output = Command::new(example(name))
        .args(arguments)
        .env("DAYPASS_ENDPOINT", format!("http://{}", server.address()))
        .env("DAYPASS_SECRET_ID", ROOT_SECRET_ID)
        .env("DAYPASS_SECRET_KEY", ROOT_SECRET_KEY)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {said}{complaint}");
    said
}

async fn server() -> TestServer {
    let server = TestServer::start().await;
    let client = Client::builder()
        .region("ap-guangzhou")
        .endpoint(&format!("http://{}", server.address()))
        .credentials(Credentials {
            secret_id: AccessKeyId::parse(ROOT_SECRET_ID).unwrap(),
            secret_key: SecretKey::new(ROOT_SECRET_KEY.to_owned()),
            token: None,
        })
        .build()
        .unwrap();
    let bucket = BucketName::parse(BUCKET).unwrap();
    client.objects().create_bucket(&bucket).await.unwrap();
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
