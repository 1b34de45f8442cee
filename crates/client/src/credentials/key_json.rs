//! Temporary keys as user servers and helper programs write them: JSON, in any of the shapes that the official SDKs for
//! servers, pages and phones write and read.

use daypass_api::Timestamp;
use daypass_api::names::AccessKeyId;
use daypass_api::outcome::{SessionToken, TemporaryKey};
use daypass_api::secret::SecretKey;
use serde_json::Value;

/// Largest document that is read, in bytes.
pub(super) const MAX_BYTES: usize = 64 * 1024;

const IDS: [&str; 4] = ["tmpSecretId", "TmpSecretId", "secretId", "SecretId"];
const SECRETS: [&str; 4] = ["tmpSecretKey", "TmpSecretKey", "secretKey", "SecretKey"];
const TOKENS: [&str; 6] = [
    "sessionToken",
    "SessionToken",
    "token",
    "Token",
    "SecurityToken",
    "XCosSecurityToken",
];
const ENDS: [&str; 2] = ["expiredTime", "ExpiredTime"];

/// The key in a document. What goes wrong is told without what stands in the document, which may be a secret, unless it
/// says itself that it is a refusal.
pub(super) fn read(document: &[u8]) -> Result<TemporaryKey, String> {
    let document: Value = serde_json::from_slice(document).map_err(|_| "it is not JSON".to_owned())?;
    if let Some(refusal) = refusal(&document) {
        return Err(format!("it refuses: {refusal}"));
    }
    let outer = ["data", "Response"].iter().find_map(|name| document.get(name));
    let outer = outer.unwrap_or(&document);
    let inner = ["credentials", "Credentials"]
        .iter()
        .find_map(|name| outer.get(name));
    let inner = inner.unwrap_or(outer);
    let missing = |names: &[&str]| {
        let name = names.first().copied().unwrap_or_default();
        format!("it has no `{name}`, or not as it must be")
    };
    let text = |names: &[&str]| first_text(inner, names).ok_or_else(|| missing(names));
    let id = AccessKeyId::parse(text(&IDS)?).map_err(|_| missing(&IDS))?;
    let token = text(&TOKENS)?;
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(missing(&TOKENS));
    }
    let end = ENDS
        .iter()
        .find_map(|name| outer.get(name).or_else(|| inner.get(name)));
    let end = end.and_then(seconds).ok_or_else(|| missing(&ENDS))?;
    Ok(TemporaryKey {
        access_key_id: id,
        secret_key: SecretKey::new(text(&SECRETS)?.to_owned()),
        token: SessionToken::new(token.to_owned()),
        expires: Timestamp::from_unix_seconds(end),
        judgement: None,
    })
}

fn first_text<'v>(value: &'v Value, names: &[&str]) -> Option<&'v str> {
    let found = names.iter().find_map(|name| value.get(name)?.as_str());
    found.filter(|text| !text.is_empty())
}

fn seconds(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// What the document says where it is a refusal.
fn refusal(document: &Value) -> Option<String> {
    if let Some(error) = document.pointer("/Response/Error") {
        return Some(in_words(error.get("Code"), error.get("Message")));
    }
    if let Some(error) = document.get("error") {
        return Some(in_words(None, Some(error)));
    }
    let code = document.get("code")?;
    let is_good = matches!(code.as_i64(), Some(0)) || matches!(code.as_str(), Some("" | "0"));
    (!is_good).then(|| in_words(document.get("codeDesc").or(Some(code)), document.get("message")))
}

fn in_words(code: Option<&Value>, message: Option<&Value>) -> String {
    let word = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let words: Vec<String> = code.into_iter().chain(message).map(word).collect();
    words.join(": ").chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(document: &Value) {
        let key = read(document.to_string().as_bytes()).unwrap();
        assert_eq!(key.access_key_id.as_str(), "AKIDa", "{document}");
        assert_eq!(
            (
                key.secret_key.expose(),
                key.token.expose(),
                key.expires.unix_seconds()
            ),
            ("s", "t", 1_700_000_000),
            "{document}"
        );
    }

    #[test]
    fn every_shape_is_read() {
        let lower = json!({ "tmpSecretId": "AKIDa", "tmpSecretKey": "s", "sessionToken": "t" });
        let upper = json!({ "TmpSecretId": "AKIDa", "TmpSecretKey": "s", "Token": "t" });
        let sts = json!({ "credentials": lower, "expiredTime": 1_700_000_000, "startTime": 1 });
        check(&sts);
        check(&json!({ "code": 0, "data": sts }));
        check(&json!({ "Response": { "Credentials": upper, "ExpiredTime": 1_700_000_000 } }));
        check(&json!({ "Credentials": upper, "ExpiredTime": "1700000000" }));
        check(&json!({
            "TmpSecretId": "AKIDa", "TmpSecretKey": "s", "SecurityToken": "t", "ExpiredTime": 1_700_000_000
        }));
        check(&json!({ "secretId": "AKIDa", "secretKey": "s", "token": "t", "expiredTime": 1_700_000_000 }));
    }

    #[test]
    fn refusals_are_told_and_nothing_else() {
        let check = |document: &str, expected: &str| {
            assert_eq!(read(document.as_bytes()).unwrap_err(), expected, "{document}");
        };
        check("<html>", "it is not JSON");
        check("{}", "it has no `tmpSecretId`, or not as it must be");
        check(r#"{"error": "not signed in"}"#, "it refuses: not signed in");
        check(r#"{"code": "-1", "message": "no"}"#, "it refuses: -1: no");
        check(
            r#"{"code": 10000, "codeDesc": "ScopeNotAllowed", "message": "no"}"#,
            "it refuses: ScopeNotAllowed: no",
        );
        check(
            r#"{"Response": {"Error": {"Code": "AuthFailure", "Message": "no"}}}"#,
            "it refuses: AuthFailure: no",
        );
        let secret =
            r#"{"tmpSecretId": "AKIDa", "tmpSecretKey": "hidden", "sessionToken": "t", "expiredTime": true}"#;
        check(secret, "it has no `expiredTime`, or not as it must be");
        let split =
            r#"{"tmpSecretId": "AKIDa", "tmpSecretKey": "s", "sessionToken": "t\r\nx", "expiredTime": 1}"#;
        check(split, "it has no `sessionToken`, or not as it must be");
    }
}
