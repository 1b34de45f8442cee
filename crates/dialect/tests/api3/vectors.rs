//! The requests that the official SDKs sent, from the collection of signature vectors.

use daypass_api::ErrorCode;
use daypass_api::operation::{Operation, SessionOperation};
use daypass_dialect::api3::is_action_request;

use super::*;

fn vectors(kind: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/vectors.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let all = file["vectors"].as_array().unwrap();
    all.iter()
        .filter(|vector| vector["kind"] == kind)
        .cloned()
        .collect()
}

fn read_wire(vector: &Value) -> Result<Call, Error> {
    let wire = &vector["wire"];
    let (_, rest) = wire["url"].as_str().unwrap().split_once("://").unwrap();
    let (_, target) = rest.split_once('/').unwrap();
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let lines: Vec<(&str, &str)> = wire["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line[0].as_str().unwrap(), line[1].as_str().unwrap()))
        .collect();
    let headers = headers(&lines);
    let method: Method = wire["method"].as_str().unwrap().parse().unwrap();
    assert!(
        is_action_request(&method, "/", query, &headers),
        "{}",
        vector["name"]
    );
    let body = wire["body"].as_str().unwrap_or_default();
    read(&method, "/", query, &headers, body.as_bytes())
}

/// A federation token is asked for with a policy that is JSON once decoded, however the SDK encoded it.
fn check_operation(vector: &Value, call: &Call) {
    match call.operation().unwrap() {
        Operation::Session(SessionOperation::GetFederationToken(get)) => {
            let policy: Value = serde_json::from_str(&get.policy.unwrap()).unwrap();
            assert!(policy["statement"].is_array(), "{}", vector["name"]);
            assert_eq!(get.duration_seconds.unwrap_or(1800), 1800, "{}", vector["name"]);
        }
        operation => assert_eq!(operation, Operation::Session(SessionOperation::GetCallerIdentity)),
    }
}

#[test]
fn requests_signed_with_tc3() {
    let mut read = 0;
    for vector in vectors("tc3") {
        match read_wire(&vector) {
            Ok(call) => check_operation(&vector, &call),
            // One vector is not a complete call.
            Err(error) => assert_eq!(error.code, ErrorCode::MissingParameter, "{}", vector["name"]),
        }
        read += 1;
    }
    assert!(read >= 4, "vectors are missing");
}

#[test]
fn requests_signed_with_v1() {
    let mut read = 0;
    for vector in vectors("sts-v1") {
        let call = match read_wire(&vector) {
            Ok(call) => call,
            // One vector is a call of another service.
            Err(error) => {
                assert_eq!(error.code, ErrorCode::InvalidAction, "{}", vector["name"]);
                continue;
            }
        };
        check_operation(&vector, &call);
        let mut pairs: Vec<_> = call
            .v1_parameters()
            .iter()
            .filter(|(name, _)| name != "Signature")
            .collect();
        pairs.sort();
        let covered: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let signed = vector["expected"]["string_to_sign"].as_str().unwrap();
        assert!(
            signed.ends_with(&format!("?{}", covered.join("&"))),
            "{}",
            vector["name"]
        );
        read += 1;
    }
    assert!(read >= 8, "vectors are missing");
}
