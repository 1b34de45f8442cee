//! `daypass stat`

use anyhow::{Context, Result};
use clap::Args;
use daypass_api::names::ObjectKey;
use daypass_api::object::ObjectInfo;
use daypass_client::request;
use serde_json::{Map, Value as Json, json};

use crate::connection::ServerArguments;
use crate::output::{self, printable};
use crate::remote::RemoteObject;

/// Show what is known about an object: size, checksums, times, headers and metadata.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  daypass stat cos://photos-1250000000/2026/cat.jpg
  daypass stat cos://photos-1250000000/2026/cat.jpg --json")]
pub struct Arguments {
    /// The object, as cos://<bucket>/<key>
    object: RemoteObject,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let RemoteObject { bucket, key } = arguments.object;
    let client = arguments.server.objects()?;
    let info = client.head_object(request::read_object(&bucket, &key)).await;
    let info = info.with_context(|| format!("cannot look at `{}`", printable(key.as_str())))?;
    if arguments.json {
        return output::write(output::json_line(&json(&key, &info)).as_bytes());
    }
    output::write(text(&key, &info).as_bytes())
}

/// The headers that the object has, by their names.
fn headers(info: &ObjectInfo) -> impl Iterator<Item = (&'static str, &String)> {
    let headers = &info.headers;
    [
        ("cache-control", &headers.cache_control),
        ("content-disposition", &headers.content_disposition),
        ("content-encoding", &headers.content_encoding),
        ("content-language", &headers.content_language),
        ("content-type", &headers.content_type),
        ("expires", &headers.expires),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value.as_ref()?)))
}

fn text(key: &ObjectKey, info: &ObjectInfo) -> String {
    let facts = [
        ("key", key.as_str().to_owned()),
        ("size", info.length.to_string()),
        ("etag", info.etag.as_str().to_owned()),
        ("crc64", info.crc64.to_string()),
        ("last-modified", info.last_modified.iso_seconds()),
        ("storage-class", info.headers.storage_class.name().to_owned()),
    ];
    let metadata: Vec<_> = info
        .headers
        .user_metadata
        .iter()
        .map(|(name, value)| (format!("x-cos-meta-{name}"), value.clone()))
        .collect();
    let fields: Vec<(&str, String)> = facts
        .into_iter()
        .chain(headers(info).map(|(name, value)| (name, value.clone())))
        .chain(
            metadata
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone())),
        )
        .collect();
    output::field_lines(&fields)
}

/// The checksum is a text, since a number of 64 bits does not survive every reader of JSON.
fn json(key: &ObjectKey, info: &ObjectInfo) -> Json {
    let headers: Map<String, Json> = headers(info)
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let metadata: Map<String, Json> = info
        .headers
        .user_metadata
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    json!({
        "key": key.as_str(),
        "size": info.length,
        "etag": info.etag.as_str(),
        "crc64": info.crc64.to_string(),
        "last_modified": info.last_modified.iso_seconds(),
        "storage_class": info.headers.storage_class.name(),
        "headers": headers,
        "metadata": metadata,
    })
}

#[cfg(test)]
mod tests {
    use daypass_api::Timestamp;
    use daypass_api::object::{ETag, ObjectHeaders};

    use super::*;

    #[test]
    fn both_forms() {
        let key = ObjectKey::parse(b"a/b").unwrap();
        let info = ObjectInfo {
            length: 11,
            etag: ETag::from_text("\"5eb6\""),
            crc64: u64::MAX,
            last_modified: Timestamp::from_unix_seconds(1_700_000_000),
            headers: ObjectHeaders {
                content_type: Some("text/plain".to_owned()),
                user_metadata: vec![("who".to_owned(), "me".to_owned())],
                ..ObjectHeaders::default()
            },
        };
        let expected = "\
key             a/b
size            11
etag            5eb6
crc64           18446744073709551615
last-modified   2023-11-14T22:13:20Z
storage-class   STANDARD
content-type    text/plain
x-cos-meta-who  me
";
        assert_eq!(text(&key, &info), expected);
        let expected = r#"{"crc64":"18446744073709551615","etag":"5eb6","headers":{"content-type":"text/plain"},"key":"a/b","last_modified":"2023-11-14T22:13:20Z","metadata":{"who":"me"},"size":11,"storage_class":"STANDARD"}"#;
        assert_eq!(json(&key, &info).to_string(), expected);
    }
}
