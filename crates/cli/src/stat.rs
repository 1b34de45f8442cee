//! `daypass stat`

use anyhow::{Context, Result};
use clap::Args;
use daypass_api::acl::{Grant, Grantee, Permission};
use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::object::ObjectInfo;
use daypass_client::{Error, ObjectClient, request};
use serde_json::{Map, Value as Json, json};

use crate::connection::ServerArguments;
use crate::output::{self, printable};
use crate::remote::RemoteObject;

/// Show what is known about an object: size, checksums, times, headers and metadata.
///
/// Its access control list and its tags are asked for with --all, since they need rights of their own.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  daypass stat cos://photos-1250000000/2026/cat.jpg
  daypass stat cos://photos-1250000000/2026/cat.jpg --all
  daypass stat cos://photos-1250000000/2026/cat.jpg --json")]
pub struct Arguments {
    /// The object, as cos://<bucket>/<key>
    object: RemoteObject,
    /// Also who has rights by the object's own list, and its tags
    #[arg(long)]
    all: bool,
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
    let failed = || format!("cannot look at `{}`", printable(key.as_str()));
    let info = info.with_context(failed)?;
    let more = match arguments.all {
        true => Some(more(&client, &bucket, &key).await.with_context(failed)?),
        false => None,
    };
    let text = match arguments.json {
        true => output::json_line(&json(&key, &info, more.as_ref())),
        false => text(&key, &info, more.as_ref()),
    };
    output::write(text.as_bytes())
}

/// What is asked for with `--all`.
struct More {
    /// Each as `<whom> <right>`; none where the bucket's list counts.
    grants: Option<Vec<String>>,
    tags: Vec<(String, String)>,
}

async fn more(client: &ObjectClient, bucket: &BucketName, key: &ObjectKey) -> Result<More> {
    let report = client.object_acl(bucket, key).await?;
    let grants = report.acl.grants.iter().map(grant_in_words).collect();
    Ok(More {
        grants: (!report.inherited).then_some(grants),
        tags: match client.object_tags(bucket, key).await {
            Err(Error::Refused(refusal)) if refusal.code == "NoSuchTagSet" => Vec::new(),
            tags => tags?,
        },
    })
}

fn grant_in_words(grant: &Grant) -> String {
    let whom = match grant.grantee {
        Grantee::User { owner_uin, uin } if owner_uin == uin => uin.to_string(),
        Grantee::User { owner_uin, uin } => format!("{owner_uin}/{uin}"),
        Grantee::AllUsers => "everybody".to_owned(),
        Grantee::AuthenticatedUsers => "everybody who signs".to_owned(),
    };
    let right = match grant.permission {
        Permission::Read => "read",
        Permission::Write => "write",
        Permission::ReadAcp => "read the list",
        Permission::WriteAcp => "write the list",
        Permission::FullControl => "everything",
    };
    format!("{whom}: {right}")
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

fn text(key: &ObjectKey, info: &ObjectInfo, more: Option<&More>) -> String {
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
        .chain(more.into_iter().flat_map(more_fields))
        .collect();
    output::field_lines(&fields)
}

fn more_fields<'a>(more: &More) -> Vec<(&'a str, String)> {
    let grants = match &more.grants {
        None => vec![("grant", "as the bucket's list says".to_owned())],
        Some(grants) => grants.iter().map(|grant| ("grant", grant.clone())).collect(),
    };
    let tags = more
        .tags
        .iter()
        .map(|(key, value)| ("tag", format!("{key}={value}")));
    grants.into_iter().chain(tags).collect()
}

/// The checksum is a text, since a number of 64 bits does not survive every reader of JSON.
fn json(key: &ObjectKey, info: &ObjectInfo, more: Option<&More>) -> Json {
    let headers: Map<String, Json> = headers(info)
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let metadata: Map<String, Json> = info
        .headers
        .user_metadata
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let mut json = json!({
        "key": key.as_str(),
        "size": info.length,
        "etag": info.etag.as_str(),
        "crc64": info.crc64.to_string(),
        "last_modified": info.last_modified.iso_seconds(),
        "storage_class": info.headers.storage_class.name(),
        "headers": headers,
        "metadata": metadata,
    });
    if let (Some(more), Some(object)) = (more, json.as_object_mut()) {
        let tags: Map<String, Json> = more
            .tags
            .iter()
            .map(|(key, value)| (key.clone(), json!(value)))
            .collect();
        object.insert("grants".to_owned(), json!(more.grants));
        object.insert("tags".to_owned(), tags.into());
    }
    json
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
        assert_eq!(text(&key, &info, None), expected);
        let expected = r#"{"crc64":"18446744073709551615","etag":"5eb6","headers":{"content-type":"text/plain"},"key":"a/b","last_modified":"2023-11-14T22:13:20Z","metadata":{"who":"me"},"size":11,"storage_class":"STANDARD"}"#;
        assert_eq!(json(&key, &info, None).to_string(), expected);
        let more = More {
            grants: Some(vec!["everybody: read".to_owned()]),
            tags: vec![("a".to_owned(), "b".to_owned())],
        };
        let text = text(&key, &info, Some(&more));
        assert!(
            text.ends_with("\ngrant           everybody: read\ntag             a=b\n"),
            "{text}"
        );
        let json = json(&key, &info, Some(&more));
        assert_eq!(
            (&json["grants"], &json["tags"]),
            (&json!(["everybody: read"]), &json!({ "a": "b" }))
        );
    }
}
