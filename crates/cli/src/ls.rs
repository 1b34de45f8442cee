//! `daypass ls`

use std::pin::pin;

use anyhow::{Context, Result};
use clap::Args;
use daypass_api::outcome::{BucketSummary, ObjectList, ObjectSummary};
use daypass_client::{ObjectClient, request};
use futures_util::TryStreamExt;
use serde_json::json;

use crate::connection::ServerArguments;
use crate::output::{self, json_line, printable};
use crate::remote::Remote;

/// List the account's buckets, or the objects of one bucket whose keys begin with a prefix.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Objects are listed by time, size in bytes, and key. Keys are grouped at the next `/` after the prefix unless \
--recursive is given; a group is shown as PRE. With --json each line is one object of JSON.

Examples:
  daypass ls
  daypass ls cos://photos-1250000000
  daypass ls cos://photos-1250000000/2026/
  daypass ls cos://photos-1250000000 --recursive --json")]
pub struct Arguments {
    /// A bucket and perhaps a prefix, as cos://<bucket>[/<prefix>]; without it, the buckets
    place: Option<Remote>,
    /// All keys, without grouping
    #[arg(long, short, requires = "place")]
    recursive: bool,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let client = arguments.server.objects()?;
    match arguments.place {
        None => buckets(&client, arguments.json).await,
        Some(place) => objects(&client, place, arguments.recursive, arguments.json).await,
    }
}

async fn buckets(client: &ObjectClient, as_json: bool) -> Result<()> {
    let buckets = client.list_buckets().await.context("cannot list the buckets")?;
    let text: String = buckets
        .iter()
        .map(|bucket| bucket_line(bucket, as_json))
        .collect();
    output::write(text.as_bytes())
}

/// Each page is written as it comes, so that a list of any length takes constant memory.
async fn objects(client: &ObjectClient, place: Remote, recursive: bool, as_json: bool) -> Result<()> {
    let mut list = request::list_objects(&place.bucket, &place.path);
    if !recursive {
        list.delimiter = "/".to_owned();
    }
    let failed = || format!("cannot list `{}`", place.bucket);
    let mut pages = pin!(client.object_pages(list));
    while let Some(page) = pages.try_next().await.with_context(failed)? {
        output::write(page_lines(&page, as_json).as_bytes())?;
    }
    Ok(())
}

fn bucket_line(bucket: &BucketSummary, as_json: bool) -> String {
    let BucketSummary {
        name,
        region,
        created,
    } = bucket;
    let created = created.iso_seconds();
    if as_json {
        json_line(&json!({ "name": name.as_str(), "region": region.as_str(), "created": created }))
    } else {
        format!("{created}  {region}  {name}\n")
    }
}

/// Groups come before objects, each in the order of their names.
fn page_lines(page: &ObjectList, as_json: bool) -> String {
    let groups = page
        .common_prefixes
        .iter()
        .map(|prefix| group_line(prefix, as_json));
    let objects = page.objects.iter().map(|object| object_line(object, as_json));
    groups.chain(objects).collect()
}

fn group_line(prefix: &str, as_json: bool) -> String {
    if as_json {
        json_line(&json!({ "prefix": prefix }))
    } else {
        format!("{:>20}  {:>14}  {}\n", "", "PRE", printable(prefix))
    }
}

fn object_line(object: &ObjectSummary, as_json: bool) -> String {
    let time = object.last_modified.iso_seconds();
    let (key, size) = (object.key.as_str(), object.length);
    if as_json {
        return json_line(&json!({
            "key": key,
            "size": size,
            "last_modified": time,
            "etag": object.etag.as_str(),
            "storage_class": object.storage_class.name(),
        }));
    }
    format!("{time}  {size:>14}  {}\n", printable(key))
}

#[cfg(test)]
mod tests {
    use daypass_api::Timestamp;
    use daypass_api::names::{AppId, BucketName, ObjectKey, Region};
    use daypass_api::object::{ETag, StorageClass};

    use super::*;

    const TIME: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    #[test]
    fn buckets_in_both_forms() {
        let bucket = BucketSummary {
            name: BucketName::parse("photos-1250000000").unwrap(),
            region: Region::parse("ap-guangzhou").unwrap(),
            created: TIME,
        };
        let expected = "2023-11-14T22:13:20Z  ap-guangzhou  photos-1250000000\n";
        assert_eq!(bucket_line(&bucket, false), expected);
        let expected =
            r#"{"created":"2023-11-14T22:13:20Z","name":"photos-1250000000","region":"ap-guangzhou"}"#;
        assert_eq!(bucket_line(&bucket, true), format!("{expected}\n"));
    }

    #[test]
    fn objects_in_both_forms() {
        let bucket = BucketName::parse("photos-1250000000").unwrap();
        let page = ObjectList {
            request: request::list_objects(&bucket, ""),
            region: Region::parse("ap-guangzhou").unwrap(),
            owner: AppId(1_250_000_000),
            objects: vec![ObjectSummary {
                key: ObjectKey::parse(b"a\nb").unwrap(),
                last_modified: TIME,
                etag: ETag::from_text("e"),
                length: 11,
                storage_class: StorageClass::Standard,
            }],
            common_prefixes: vec!["dir/".to_owned()],
            next_marker: None,
        };
        let expected =
            "                                 PRE  dir/\n2023-11-14T22:13:20Z              11  a\\nb\n";
        assert_eq!(page_lines(&page, false), expected);
        let expected = [
            r#"{"prefix":"dir/"}"#,
            r#"{"etag":"e","key":"a\nb","last_modified":"2023-11-14T22:13:20Z","size":11,"storage_class":"STANDARD"}"#,
            "",
        ];
        assert_eq!(page_lines(&page, true), expected.join("\n"));
    }
}
