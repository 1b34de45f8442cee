//! `daypass sign`: a request that a server refused, explained to the byte.

use std::process::Stdio;

use super::{BUCKET, Cloud, ROOT_SECRET_ID, ROOT_SECRET_KEY, http, said};

/// The Authorization that the tool makes for this URL.
fn authorization(cloud: &Cloud, url: &str) -> String {
    let json = cloud.succeeds(&["sign", "cos", "--url", url, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    json.get("Authorization")
        .and_then(|text| text.as_str())
        .unwrap()
        .to_owned()
}

#[test]
fn a_server_takes_what_is_signed_and_the_tool_finds_it_good() {
    let cloud = Cloud::new();
    let url = format!("{}/{BUCKET}/?prefix=a%2Fb%20c", cloud.endpoint());
    let authorization = authorization(&cloud, &url);
    let header = format!("Authorization: {authorization}");
    let good = cloud.succeeds(&["sign", "cos", "--url", &url, "--header", &header]);
    assert!(good.contains("The signature that was sent is good"), "{good}");
    assert!(!good.contains(ROOT_SECRET_KEY), "{good}");
    let signed_url = format!("{url}&{}", authorization.replace(';', "%3B"));
    let answer = http("GET", &signed_url, "");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn a_request_that_does_not_match_is_explained() {
    let cloud = Cloud::new();
    let url = format!("{}/{BUCKET}/cat.jpg", cloud.endpoint());
    let header = format!("Authorization: {}", authorization(&cloud, &url));
    let refused = cloud.fails(
        &[
            "sign", "cos", "--method", "PUT", "--url", &url, "--header", &header,
        ],
        1,
    );
    for part in [
        "method: the method was signed as `get`",
        "HttpString differs first at line 1, byte 1 (offset 0)",
        "hint: sign the method that is sent",
        "error: the signature is not good",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    let curl = format!("curl -X PUT '{url}' -H '{header}'");
    std::fs::write(cloud.path("request.txt"), curl).unwrap();
    let json = cloud.run(&["sign", "cos", "--request", "request.txt", "--json"]);
    assert_eq!(json.status.code(), Some(1), "{}", said(&json));
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["sent"]["causes"][0]["part"], "method");
    assert_eq!(json["sent"]["difference"]["line"], 1);
    let mut other = cloud.command(&["sign", "cos", "--url", &url, "--header", &header]);
    let other = other
        .env("DAYPASS_SECRET_KEY", "another")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(other.status.code(), Some(1));
    assert!(
        said(&other).contains("it is of another secret, or of another request"),
        "{}",
        said(&other)
    );
}

#[test]
fn what_cannot_be_read_is_misuse() {
    let cloud = Cloud::new();
    for request in ["", "nonsense", "GET /k HTTP/1.1\nHost", "curl -F a=b http://h/"] {
        std::fs::write(cloud.path("request.txt"), request).unwrap();
        let said = cloud.fails(&["sign", "cos", "--request", "request.txt"], 2);
        assert!(said.contains("the request cannot be read"), "{said}");
    }
    let header = format!("Authorization: q-sign-algorithm=md5&q-ak={ROOT_SECRET_ID}");
    let said = cloud.fails(&["sign", "cos", "--url", "http://h/", "--header", &header], 2);
    assert!(said.contains("signature algorithm is not supported"), "{said}");
}
