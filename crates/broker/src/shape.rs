//! The shapes in which a key is handed out: those that the official SDKs and their samples read.

use daypass_api::Timestamp;
use daypass_api::outcome::TemporaryKey;
use serde_json::{Map, Value, json};

/// A shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// What the STS SDK returns, which `cos-js-sdk-v5` and `cos-wx-sdk-v5` are fed with.
    #[default]
    Sts,
    /// What the Android and iOS SDKs read by default.
    AndroidV2,
    /// What the Android SDK reads as the answer of API 3.0.
    AndroidV3,
    /// What older samples answered, and what `getAuthorization` of the JavaScript SDKs passes on.
    Legacy,
    /// What the Flutter SDK reads.
    Flutter,
}

/// What stands beside a key.
pub(crate) struct Around<'a> {
    /// Now, by the clock of the broker: front ends set their clocks by it.
    pub(crate) now: Timestamp,
    pub(crate) request_id: &'a str,
    pub(crate) bucket: &'a str,
    pub(crate) region: &'a str,
    /// The object that the key is for, where it is for one.
    pub(crate) object: Option<&'a str>,
}

impl Shape {
    /// The shape of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sts" => Self::Sts,
            "android-v2" => Self::AndroidV2,
            "android-v3" => Self::AndroidV3,
            "legacy" => Self::Legacy,
            "flutter" => Self::Flutter,
            _ => return None,
        })
    }

    /// A key in this shape.
    pub(crate) fn of(self, key: &TemporaryKey, around: &Around<'_>) -> Value {
        let (id, secret, token) = (
            key.access_key_id.as_str(),
            key.secret_key.expose(),
            key.token.expose(),
        );
        let (start, end) = (around.now.unix_seconds(), key.expires.unix_seconds());
        let expiration = key.expires.iso_seconds();
        let credentials = json!({ "tmpSecretId": id, "tmpSecretKey": secret, "sessionToken": token });
        match self {
            Self::Sts => around.with_place(
                ["bucket", "region", "key"],
                json!({
                    "credentials": credentials, "startTime": start, "expiredTime": end, "expiration": expiration,
                    "requestId": around.request_id,
                }),
            ),
            Self::AndroidV2 => {
                let data = json!({ "credentials": credentials, "startTime": start, "expiredTime": end });
                json!({ "code": 0, "data": around.with_place(["bucket", "region", "key"], data) })
            }
            Self::AndroidV3 => {
                let response = json!({
                    "Credentials": { "TmpSecretId": id, "TmpSecretKey": secret, "Token": token },
                    "StartTime": start, "ExpiredTime": end, "Expiration": expiration,
                    "RequestId": around.request_id,
                });
                json!({ "Response": around.with_place(["Bucket", "Region", "Key"], response) })
            }
            Self::Legacy => around.with_place(
                ["Bucket", "Region", "Key"],
                json!({
                    "TmpSecretId": id, "TmpSecretKey": secret, "SessionToken": token, "SecurityToken": token,
                    "StartTime": start, "ExpiredTime": end,
                }),
            ),
            Self::Flutter => around.with_place(
                ["bucket", "region", "key"],
                json!({
                    "secretId": id, "secretKey": secret, "token": token, "startTime": start, "expiredTime": end,
                }),
            ),
        }
    }
}

impl Around<'_> {
    /// The same with bucket, region and object under these names, where the key is for one object.
    fn with_place(&self, [bucket, region, object]: [&str; 3], document: Value) -> Value {
        let mut members = match document {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        if let Some(name) = self.object {
            members.insert(bucket.to_owned(), json!(self.bucket));
            members.insert(region.to_owned(), json!(self.region));
            members.insert(object.to_owned(), json!(name));
        }
        Value::Object(members)
    }
}

#[cfg(test)]
mod tests {
    use daypass_api::names::AccessKeyId;
    use daypass_api::outcome::SessionToken;
    use daypass_api::secret::SecretKey;

    use super::*;

    fn check(shape: &str, object: Option<&str>, expected: Value) {
        let key = TemporaryKey {
            access_key_id: AccessKeyId::parse("AKIDa").unwrap(),
            secret_key: SecretKey::new("s".to_owned()),
            token: SessionToken::new("t".to_owned()),
            expires: Timestamp::from_unix_seconds(1_700_001_800),
            judgement: None,
        };
        let around = Around {
            now: Timestamp::from_unix_seconds(1_700_000_000),
            request_id: "r",
            bucket: "b-1",
            region: "ap-guangzhou",
            object,
        };
        assert_eq!(
            Shape::named(shape).unwrap().of(&key, &around),
            expected,
            "{shape}"
        );
    }

    #[test]
    fn every_shape() {
        let lower = json!({ "tmpSecretId": "AKIDa", "tmpSecretKey": "s", "sessionToken": "t" });
        let (start, end) = (1_700_000_000, 1_700_001_800);
        let expiration = "2023-11-14T22:43:20Z";
        check(
            "sts",
            None,
            json!({
                "credentials": lower, "startTime": start, "expiredTime": end, "expiration": expiration, "requestId": "r",
            }),
        );
        check(
            "sts",
            Some("file/a.jpg"),
            json!({
                "credentials": lower, "startTime": start, "expiredTime": end, "expiration": expiration, "requestId": "r",
                "bucket": "b-1", "region": "ap-guangzhou", "key": "file/a.jpg",
            }),
        );
        check(
            "android-v2",
            None,
            json!({
                "code": 0, "data": { "credentials": lower, "startTime": start, "expiredTime": end },
            }),
        );
        check(
            "android-v3",
            None,
            json!({ "Response": {
            "Credentials": { "TmpSecretId": "AKIDa", "TmpSecretKey": "s", "Token": "t" },
            "StartTime": start, "ExpiredTime": end, "Expiration": expiration, "RequestId": "r",
        } }),
        );
        check(
            "legacy",
            Some("k"),
            json!({
                "TmpSecretId": "AKIDa", "TmpSecretKey": "s", "SessionToken": "t", "SecurityToken": "t",
                "StartTime": start, "ExpiredTime": end, "Bucket": "b-1", "Region": "ap-guangzhou", "Key": "k",
            }),
        );
        check(
            "flutter",
            None,
            json!({
                "secretId": "AKIDa", "secretKey": "s", "token": "t", "startTime": start, "expiredTime": end,
            }),
        );
        assert_eq!(Shape::named("xml"), None);
    }
}
