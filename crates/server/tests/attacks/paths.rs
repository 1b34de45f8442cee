//! Keys and paths: what the policy sees is what the store does, and none of it is a path on a disk.

use std::path::Path;

use daypass_testkit::TestServer;

use crate::kit::{Key, Request, act, expect, mint, object_resource, policy, server, upload};
use crate::wire::BUCKET;

/// Keys that would lead elsewhere if they were paths.
const ELSEWHERE: [&str; 9] = [
    "/../../marked-evil",
    "/%2e%2e/%2e%2e/marked-evil",
    "/..%2F..%2Fmarked-evil",
    "/..%5C..%5Cmarked-evil",
    "/a/../../../marked-evil",
    "//marked-evil",
    "/C:%5Cmarked-evil",
    "/marked-evil%00.txt",
    "/.%2e/marked-evil/",
];

/// Every name below a directory.
fn names(directory: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        all.push(path.to_string_lossy().into_owned());
        if path.is_dir() {
            all.extend(names(&path));
        }
    }
    all
}

#[tokio::test]
async fn m36_no_name_reaches_what_the_store_keeps_for_itself() {
    let server = server().await;
    let root = Key::root();
    for bucket in [
        ".daypass",
        "..",
        "_daypass",
        "_daypass-1250000000",
        ".daypass-1250000000",
        "-1250000000",
        "identity",
        "Photos-1250000000",
        "photos-01250000000",
        "photos-99999999999999999999",
    ] {
        for target in [format!("/{bucket}/k"), format!("/{bucket}")] {
            let request =
                Request::new(&server, "PUT", &target).instead("Host", Some(&server.address().to_string()));
            let answer = request.body(b"x").sign(&server, &root).send(&server).await;
            assert!((400..500).contains(&answer.status), "{target}: {answer:?}");
        }
    }
    let listed = Request::new(&server, "GET", "/").instead("Host", Some(&server.address().to_string()));
    let listed = listed.sign(&server, &root).send(&server).await;
    let text = String::from_utf8(listed.body).unwrap();
    assert_eq!(text.matches("<Bucket>").count(), 1, "{text}");
    expect(&act(&server, &root, "PUT", "/k", b"x").await, 200, "");
    server.stop().await;
}

#[tokio::test]
async fn m46_dots_lead_out_of_no_prefix_and_no_bucket() {
    let server = server().await;
    let root = Key::root();
    for target in ["/in/k", "/out/k"] {
        expect(
            &act(&server, &root, "PUT", target, target.as_bytes()).await,
            200,
            "",
        );
    }
    let inside = policy(&[("allow", &["cos:*"], &[&object_resource("in/*")])]);
    let key = mint(&server, &root, Some(&inside), 1800).await;
    // Inside the prefix it is an object of that name, which is not there.
    for target in ["/in/../out/k", "/in/%2e%2e/out/k", "/in/./k", "/in/..%2fout%2fk"] {
        expect(&act(&server, &key, "GET", target, b"").await, 404, "NoSuchKey");
    }
    for copied in [
        "photos-1250000000.localhost/in/../out/k",
        "photos-1250000000.localhost/in/%2e%2e/out/k",
        "photos-1250000000.localhost/in%2F..%2Fout%2Fk",
    ] {
        let copy = Request::new(&server, "PUT", "/in/copy").header("x-cos-copy-source", copied);
        let answer = copy.body(b"").sign(&server, &key).send(&server).await;
        expect(&answer, 404, "NoSuchKey");
    }
    for (copied, code) in [
        ("photos-1250000000.localhost/out/k", "AccessDenied"),
        (
            "photos-1250000000.localhost/../photos-1250000000.localhost/in/k",
            "AccessDenied",
        ),
        ("photos-1250000000.localhost//in/k", "AccessDenied"),
    ] {
        let copy = Request::new(&server, "PUT", "/in/copy").header("x-cos-copy-source", copied);
        expect(&copy.body(b"").sign(&server, &key).send(&server).await, 403, code);
    }
    let copy = Request::new(&server, "PUT", "/in/copy")
        .header("x-cos-copy-source", "photos-1250000000.localhost/in/k");
    expect(&copy.body(b"").sign(&server, &key).send(&server).await, 200, "");
    server.stop().await;
}

#[tokio::test]
async fn m47_a_backslash_separates_nothing() {
    let server = server().await;
    let root = Key::root();
    let inside = policy(&[("allow", &["cos:*"], &[&object_resource("in/*")])]);
    let key = mint(&server, &root, Some(&inside), 1800).await;
    for target in ["/in%5C..%5Cout", "/in\\k", "/out%5C..%5Cin/k"] {
        expect(
            &act(&server, &key, "PUT", target, b"x").await,
            403,
            "AccessDenied",
        );
    }
    expect(&act(&server, &key, "PUT", "/in/a%5Cb", b"one").await, 200, "");
    expect(&act(&server, &key, "PUT", "/in/a/b", b"two").await, 200, "");
    assert_eq!(act(&server, &key, "GET", "/in/a%5Cb", b"").await.body, b"one");
    server.stop().await;
}

#[tokio::test]
async fn m48_no_key_becomes_the_name_of_a_file() {
    let outside = tempfile::tempdir().unwrap();
    let data = outside.path().join("deep/data");
    let server = TestServer::with(|config| config.data = data.clone())
        .await
        .unwrap();
    let root = Key::root();
    expect(&act(&server, &root, "PUT", "/", b"").await, 200, "");
    // Small ones lie in the metadata, large ones in files of their own, and so do parts.
    for body in [&b"small"[..], &vec![7; 3 << 20]] {
        for target in ELSEWHERE {
            expect(&act(&server, &root, "PUT", target, body).await, 200, "");
            assert_eq!(
                act(&server, &root, "GET", target, b"").await.body,
                body,
                "{target}"
            );
        }
    }
    for target in ELSEWHERE {
        let id = upload(&server, &root, target).await;
        let part = format!("{target}?partNumber=1&uploadId={id}");
        expect(
            &act(&server, &root, "PUT", &part, &vec![8; 2 << 20]).await,
            200,
            "",
        );
        // Neither does the id of an upload.
        for id in ["..%2F..%2Fmarked-evil", "%00", &"a".repeat(4000)] {
            let part = format!("{target}?partNumber=1&uploadId={id}");
            let answer = act(&server, &root, "PUT", &part, b"x").await;
            assert!((400..500).contains(&answer.status), "{part:.80}");
        }
    }
    let names = names(outside.path());
    assert!(names.len() > ELSEWHERE.len(), "there are files");
    for name in names {
        assert!(!name.contains("marked-evil"), "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn m50_keys_are_data() {
    let server = server().await;
    let root = Key::root();
    let inside = policy(&[("allow", &["cos:*"], &[&object_resource("in/*")])]);
    let key = mint(&server, &root, Some(&inside), 1800).await;
    expect(&act(&server, &root, "PUT", "/out", b"out").await, 200, "");
    // The policy sees what the store sees: text that begins with `in/`, whatever follows.
    for target in [
        "/in/../out",
        "/in/%2e%2e/out",
        "/in/..%2Fout",
        "/in%2F..%2Fout",
        "/in/%00",
        "/in//x",
        "/in/..\\out",
    ] {
        expect(
            &act(&server, &key, "PUT", target, target.as_bytes()).await,
            200,
            "",
        );
    }
    for target in [
        "/out",
        "/./in/x",
        "//in/x",
        "/%2Fin/x",
        "/in",
        "/in%5Cx",
        "/../in/x",
        "/IN/x",
        "/in%252Fx",
    ] {
        expect(
            &act(&server, &key, "PUT", target, b"x").await,
            403,
            "AccessDenied",
        );
    }
    assert_eq!(act(&server, &root, "GET", "/out", b"").await.body, b"out");
    // One key, however it is spelled; another key, if it is spelled with other characters.
    assert_eq!(
        act(&server, &root, "GET", "/in/../out", b"").await.body,
        b"/in%2F..%2Fout"
    );
    // Two ways to write an accented letter are two keys.
    expect(&act(&server, &root, "PUT", "/%C3%A9", b"one").await, 200, "");
    expect(
        &act(&server, &root, "GET", "/e%CC%81", b"").await,
        404,
        "NoSuchKey",
    );
    for (target, refusal) in [
        ("/%ff", "InvalidObjectName"),
        ("/%C0%AE%C0%AE/x", "InvalidObjectName"),
        ("/%zz", "InvalidURI"),
    ] {
        let answer = act(&server, &root, "PUT", target, b"x").await;
        assert_eq!((answer.status, answer.code()), (400, refusal), "{target}");
    }
    let long = |length: usize| format!("/{}", "k".repeat(length));
    expect(&act(&server, &root, "PUT", &long(850), b"x").await, 200, "");
    assert_eq!(act(&server, &root, "PUT", &long(851), b"x").await.status, 400);
    server.stop().await;
}

#[tokio::test]
async fn m49_a_bucket_in_the_path_is_the_bucket_in_the_host() {
    let server = server().await;
    let root = Key::root();
    expect(&act(&server, &root, "PUT", "/a/k", b"value").await, 200, "");
    let inside = policy(&[("allow", &["cos:GetObject"], &[&object_resource("a/*")])]);
    let key = mint(&server, &root, Some(&inside), 1800).await;
    let ask = async |target: &str| {
        let request =
            Request::new(&server, "GET", target).instead("Host", Some(&server.address().to_string()));
        request.sign(&server, &key).send(&server).await
    };
    assert_eq!(ask(&format!("/{BUCKET}/a/k")).await.body, b"value");
    expect(&ask(&format!("/{BUCKET}/b/k")).await, 403, "AccessDenied");
    expect(&ask(&format!("/{BUCKET}//a/k")).await, 403, "AccessDenied");
    expect(&ask(&format!("/{BUCKET}")).await, 403, "AccessDenied");
    expect(&ask("/").await, 403, "AccessDenied");
    expect(&ask(&format!("/{BUCKET}%2Fa/k")).await, 400, "InvalidBucketName");
    expect(&ask(&format!("//{BUCKET}/a/k")).await, 400, "InvalidBucketName");
    // Case, port and a final dot of the host name do not make another bucket of it.
    for host in [
        "PHOTOS-1250000000.LOCALHOST",
        "photos-1250000000.localhost.",
        "photos-1250000000.localhost:1",
    ] {
        let request = Request::new(&server, "GET", "/b/k").instead("Host", Some(host));
        expect(
            &request.sign(&server, &key).send(&server).await,
            403,
            "AccessDenied",
        );
        let request = Request::new(&server, "GET", "/a/k").instead("Host", Some(host));
        assert_eq!(
            request.sign(&server, &key).send(&server).await.body,
            b"value",
            "{host}"
        );
    }
    server.stop().await;
}
