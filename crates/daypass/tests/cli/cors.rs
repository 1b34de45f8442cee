//! `daypass cors`: rules come, are shown in a form that can be put again, and go; and a browser's question is answered by
//! them.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::{BUCKET, Cloud};

/// The status with which a browser's question before an upload from this origin is answered.
fn preflight(cloud: &Cloud, origin: &str) -> String {
    let mut stream = TcpStream::connect(cloud.server.address()).unwrap();
    write!(
        stream,
        "OPTIONS /a HTTP/1.1\r\nHost: {BUCKET}.cos.ap-guangzhou.myqcloud.com\r\nOrigin: {origin}\r\n\
         Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: content-type\r\n\
         Connection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn rules_come_are_shown_and_go() {
    let cloud = Cloud::new();
    let bucket = format!("cos://{BUCKET}");
    let none = cloud.fails(&["cors", "get", &bucket], 4);
    assert!(none.contains("NoSuchCORSConfiguration"), "{none}");
    assert_eq!(preflight(&cloud, "https://app.example"), "403");
    let flags = [
        "--origin",
        "https://app.example",
        "--method",
        "get,PUT",
        "--header",
        "*",
        "--expose",
        "ETag,x-cos-request-id",
        "--max-age",
        "600",
    ];
    let put = [&["cors", "put", &bucket][..], &flags].concat();
    assert_eq!(cloud.succeeds(&put), "");
    assert_eq!(preflight(&cloud, "https://app.example"), "200");
    assert_eq!(preflight(&cloud, "https://evil.example"), "403");
    assert_eq!(
        cloud.succeeds(&["cors", "get", &bucket]),
        "ID  ORIGINS              METHODS  HEADERS  EXPOSED                MAX-AGE\n\
         -   https://app.example  GET,PUT  *        ETag,x-cos-request-id  600\n"
    );
    let shown = cloud.succeeds(&["cors", "get", &bucket, "--json"]);
    let document: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(document["CORSRule"][0]["AllowedMethod"][1], "PUT");
    std::fs::write(cloud.path("cors.json"), shown.replace("app.", "other.")).unwrap();
    cloud.succeeds(&["cors", "put", &bucket, "--document", "cors.json"]);
    assert_eq!(preflight(&cloud, "https://other.example"), "200");
    assert_eq!(preflight(&cloud, "https://app.example"), "403");
    std::fs::write(
        cloud.path("cors.xml"),
        "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>\
         <AllowedHeader>content-type</AllowedHeader></CORSRule></CORSConfiguration>",
    )
    .unwrap();
    cloud.succeeds(&["cors", "put", &bucket, "--document", "cors.xml"]);
    assert_eq!(preflight(&cloud, "https://app.example"), "200");
    assert_eq!(cloud.succeeds(&["cors", "rm", &bucket]), "");
    assert_eq!(preflight(&cloud, "https://app.example"), "403");
    cloud.fails(&["cors", "get", &bucket], 4);
}

#[test]
fn rules_that_make_no_sense_change_nothing() {
    let cloud = Cloud::new();
    let bucket = format!("cos://{BUCKET}");
    let put = |document: &str, code: i32, expected: &str| {
        std::fs::write(cloud.path("cors"), document).unwrap();
        let said = cloud.fails(&["cors", "put", &bucket, "--document", "cors"], code);
        assert!(said.contains(expected), "{expected} in {said}");
    };
    put("rules: none", 1, "neither the XML nor the JSON");
    put("{\"CORSRule\":[]}", 1, "`daypass cors rm` takes all rules away");
    put(
        "{\"CORSRule\":[{\"AllowedOrigin\":[\"a b\"],\"AllowedMethod\":[\"GET\"]}]}",
        3,
        "an AllowedOrigin is not one",
    );
    put(&" ".repeat(1024 * 1024 + 1), 1, "larger than 1 MiB");
    let missing = cloud.fails(&["cors", "put", &bucket, "--document", "nothing"], 1);
    assert!(missing.contains("`nothing`"), "{missing}");
    let page = [
        "cors",
        "put",
        &bucket,
        "--origin",
        "https://app.example/page",
        "--method",
        "GET",
    ];
    let said = cloud.fails(&page, 2);
    assert!(said.contains("without a path"), "{said}");
    cloud.fails(&["cors", "rm", "cos://nothing-1250000000"], 4);
    cloud.fails(&["cors", "get", &bucket], 4);
}
