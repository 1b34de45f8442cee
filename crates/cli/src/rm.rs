//! `daypass rm`

use std::pin::pin;

use anyhow::{Context, Result};
use clap::Args;
use daypass_api::names::{BucketName, ObjectKey};
use daypass_client::{Error, ObjectClient, request};
use futures_util::TryStreamExt;
use serde_json::json;

use crate::connection::ServerArguments;
use crate::output::{self, json_line, printable};
use crate::pattern::Selection;
use crate::remote::{Remote, RemoteObject};
use crate::report::{self, Misuse, Tally};

/// Remove one object, or all below a folder. One that is not there is removed already.
#[derive(Args, Debug)]
#[command(after_long_help = "\
With --recursive all objects below the folder are removed, by a thousand at once, and without a question: try --dry-run \
first. What could not be removed is told; the exit code then is not 0.

Examples:
  daypass rm cos://photos-1250000000/2026/cat.jpg
  daypass rm cos://photos-1250000000/2026/ --recursive --dry-run
  daypass rm cos://photos-1250000000 --recursive --exclude 'keep/*'")]
pub struct Arguments {
    /// The object, as cos://<bucket>/<key>; with --recursive a folder or the bucket
    place: Remote,
    /// All objects below the folder
    #[arg(long, short)]
    recursive: bool,
    #[command(flatten)]
    selection: Selection,
    /// Only print what would be removed
    #[arg(long)]
    dry_run: bool,
    /// A line of JSON that says how many were removed
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    if arguments.recursive {
        return folder(arguments).await;
    }
    let object = arguments.place.clone().object();
    let RemoteObject { bucket, key } =
        object.map_err(|error| Misuse(format!("{error}; --recursive removes everything below a folder")))?;
    let client = arguments.server.objects()?;
    if arguments.dry_run {
        return output::write(line(&bucket, &key, arguments.json).as_bytes());
    }
    let removed = client.delete_object(&bucket, &key).await;
    removed.with_context(|| cannot(&key))?;
    summary(1, 0, arguments.json)
}

async fn folder(arguments: Arguments) -> Result<()> {
    let client = arguments.server.objects()?;
    let place = arguments.place.folder();
    let failed = || format!("cannot list `{}`", place.bucket);
    let mut tally = Tally::default();
    let mut pages = pin!(client.object_pages(request::list_objects(&place.bucket, &place.path)));
    while let Some(page) = pages.try_next().await.with_context(failed)? {
        let keys: Vec<ObjectKey> = page
            .objects
            .into_iter()
            .map(|object| object.key)
            .filter(|key| {
                arguments
                    .selection
                    .takes(key.as_str().strip_prefix(&place.path).unwrap_or_default())
            })
            .collect();
        if arguments.dry_run {
            let lines: String = keys
                .iter()
                .map(|key| line(&place.bucket, key, arguments.json))
                .collect();
            output::write(lines.as_bytes())?;
        } else {
            remove(&client, &place.bucket, keys, &mut tally).await?;
        }
    }
    if arguments.dry_run {
        return Ok(());
    }
    summary(tally.done, tally.failed, arguments.json)?;
    tally.outcome("removed")
}

/// Removes a page of objects, and tells what fails. Keys that no document can spell go one by one.
pub(crate) async fn remove(
    client: &ObjectClient,
    bucket: &BucketName,
    keys: Vec<ObjectKey>,
    tally: &mut Tally,
) -> Result<()> {
    let (odd, plain): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| is_odd(key.as_str()));
    if !plain.is_empty() {
        let count = plain.len() as u64;
        let refused = client
            .delete_objects(bucket, plain)
            .await
            .context("cannot remove the objects")?;
        tally.done += count.saturating_sub(refused.len() as u64);
        for (key, refusal) in refused {
            let error = anyhow::Error::from(Error::from(refusal)).context(cannot(&key));
            report::one_of_many(&error);
            tally.fail(&error);
        }
    }
    for key in odd {
        match client
            .delete_object(bucket, &key)
            .await
            .with_context(|| cannot(&key))
        {
            Ok(()) => tally.done += 1,
            Err(error) => {
                report::one_of_many(&error);
                tally.fail(&error);
            }
        }
    }
    Ok(())
}

/// Whether XML cannot carry the key, or might change it on its way.
fn is_odd(key: &str) -> bool {
    key.trim() != key
        || key
            .chars()
            .any(|char| char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}'))
}

fn cannot(key: &ObjectKey) -> String {
    format!("cannot remove `{}`", printable(key.as_str()))
}

fn line(bucket: &BucketName, key: &ObjectKey, as_json: bool) -> String {
    if as_json {
        return json_line(&json!({ "bucket": bucket.as_str(), "key": key.as_str() }));
    }
    format!("cos://{bucket}/{}\n", printable(key.as_str()))
}

fn summary(removed: u64, failed: u64, as_json: bool) -> Result<()> {
    if as_json {
        output::write(json_line(&json!({ "removed": removed, "failed": failed })).as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_no_document_carries() {
        for key in ["a\u{1}", " a", "a\n", "a\rb", "a\u{ffff}", "a\u{85}b"] {
            assert!(is_odd(key), "{key:?}");
        }
        for key in ["a", "a b", "<&>\"'", "你/😀", "]]>"] {
            assert!(!is_odd(key), "{key:?}");
        }
    }
}
