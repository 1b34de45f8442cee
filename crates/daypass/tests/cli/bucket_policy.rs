//! `daypass bucket-policy`: a policy comes, counts, is shown as it was put, and goes.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::{BUCKET, Cloud, at, write};

const POLICY: &str = r#"{"version": "2.0", "statement": [
  {"effect": "allow", "principal": {"qcs": ["qcs::cam::anyone:anyone"]}, "action": ["name/cos:GetObject"],
   "resource": ["qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/public/*"]}]}"#;

/// The status with which somebody without a key is answered.
fn status(cloud: &Cloud, key: &str) -> String {
    let mut stream = TcpStream::connect(cloud.server.address()).unwrap();
    write!(
        stream,
        "GET /{key} HTTP/1.1\r\nHost: {BUCKET}.cos.ap-guangzhou.myqcloud.com\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn a_policy_comes_counts_and_goes() {
    let cloud = Cloud::new();
    let bucket = format!("cos://{BUCKET}");
    write(&cloud.path("note"), "hello");
    for key in ["public/note", "private/note"] {
        cloud.succeeds(&["cp", "note", &at(key)]);
    }
    let none = cloud.fails(&["bucket-policy", "get", &bucket], 4);
    assert!(none.contains("NoSuchBucketPolicy"), "{none}");
    assert_eq!(status(&cloud, "public/note"), "403");

    write(&cloud.path("policy.json"), POLICY);
    let put = ["bucket-policy", "put", &bucket, "--document", "policy.json"];
    assert_eq!(cloud.succeeds(&put), "");
    assert_eq!(status(&cloud, "public/note"), "200");
    assert_eq!(status(&cloud, "private/note"), "403");
    assert_eq!(
        cloud.succeeds(&["bucket-policy", "get", &bucket]).trim_end(),
        POLICY
    );

    write(&cloud.path("policy.json"), POLICY.replace("allow", "perhaps"));
    let wrong = cloud.fails(&put, 3);
    assert!(wrong.contains("effect"), "{wrong}");
    assert_eq!(
        status(&cloud, "public/note"),
        "200",
        "the one before still counts"
    );

    assert_eq!(cloud.succeeds(&["bucket-policy", "rm", &bucket]), "");
    assert_eq!(status(&cloud, "public/note"), "403");
    cloud.fails(&["bucket-policy", "get", &bucket], 4);
    cloud.stop();
}
