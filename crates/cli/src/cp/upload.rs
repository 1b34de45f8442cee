//! From a file or standard input to the store.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use daypass_api::object::MAX_PARTS;
use daypass_client::{ObjectClient, Payload, request};
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};

use super::input::{file_parts, file_payload, read_parts};
use super::progress::Progress;
use super::{Local, unless_interrupted};
use crate::output::printable;
use crate::remote::RemoteObject;
use crate::report::Misuse;

/// The largest file that goes in one piece.
const MAX_SINGLE: u64 = 64 * 1024 * 1024;
/// The usual length of a part.
const PART: usize = 16 * 1024 * 1024;
/// Lengths of parts are multiples of this.
const PART_STEP: u64 = 1024 * 1024;
/// How many parts are under way at once.
const AT_ONCE: usize = 4;

pub(super) async fn run(client: &ObjectClient, local: &Local, object: &RemoteObject) -> Result<()> {
    let outcome = match local {
        Local::Standard => unsized_source(client, io::stdin(), object).await,
        Local::File(path) => file(client, path, object).await,
    };
    outcome.with_context(|| format!("cannot store `{}`", printable(object.key.as_str())))
}

async fn file(client: &ObjectClient, path: &Path, object: &RemoteObject) -> Result<()> {
    let unreadable = || format!("cannot read `{}`", path.display());
    let opened = File::open(path).with_context(unreadable)?;
    let metadata = opened.metadata().with_context(unreadable)?;
    if metadata.is_dir() {
        return Err(Misuse(format!(
            "`{}` is a directory: one file at a time is copied",
            path.display()
        ))
        .into());
    }
    // Pipes and devices have no length; some files that the system makes up say that theirs is none.
    if !metadata.is_file() || metadata.len() == 0 {
        return unsized_source(client, opened, object).await;
    }
    sized_file(client, path.into(), metadata.len(), object).await
}

async fn sized_file(
    client: &ObjectClient,
    path: Arc<Path>,
    length: u64,
    object: &RemoteObject,
) -> Result<()> {
    let progress = Progress::of(Some(length));
    let outcome = if length <= MAX_SINGLE {
        single(client, file_payload(&path, 0, length, &progress), object).await
    } else {
        let parts = file_parts(path, length, part_length(length), progress.clone());
        in_parts(client, parts, object).await
    };
    progress.clear();
    outcome
}

/// Parts that are as short as usual, unless there would be too many of them.
fn part_length(length: u64) -> u64 {
    let least = length.div_ceil(u64::from(MAX_PARTS)).next_multiple_of(PART_STEP);
    least.max(PART as u64)
}

/// How much there is shows only at the end, and what was read cannot be read again. One part is read ahead: if that
/// is all, it goes in one piece.
async fn unsized_source(
    client: &ObjectClient,
    source: impl Read + Send + 'static,
    object: &RemoteObject,
) -> Result<()> {
    let progress = Progress::of(None);
    let counting = progress.clone();
    let mut parts = read_parts(source, PART).inspect_ok(move |bytes: &Bytes| counting.add(bytes.len()));
    let first = unless_interrupted(async { Ok(parts.try_next().await?.unwrap_or_default()) }).await;
    let first = first.context("cannot read the source")?;
    let outcome = if first.len() < PART {
        single(client, first.into(), object).await
    } else {
        let parts = stream::iter([Ok(first)]).chain(parts).map_ok(Payload::from);
        in_parts(client, parts, object).await
    };
    progress.clear();
    outcome
}

async fn single(client: &ObjectClient, payload: Payload, object: &RemoteObject) -> Result<()> {
    let put = request::put_object(&object.bucket, &object.key);
    unless_interrupted(async { Ok(client.put_object(put, payload).await?) }).await?;
    Ok(())
}

async fn in_parts(
    client: &ObjectClient,
    parts: impl Stream<Item = io::Result<Payload>> + Send,
    object: &RemoteObject,
) -> Result<()> {
    let start = request::initiate_multipart_upload(&object.bucket, &object.key);
    let upload = client.initiate_multipart_upload(start).await?;
    let work = async {
        let parts = client.upload_parts(&upload, parts, AT_ONCE).await?;
        client.complete_multipart_upload(&upload, &parts, false).await?;
        Ok(())
    };
    let Err(error) = unless_interrupted(work).await else {
        return Ok(());
    };
    // Otherwise the parts would stay on the server, where nobody sees them.
    match client.abort_multipart_upload(&upload).await {
        Ok(()) => Err(error),
        Err(_) => Err(error.context(format!(
            "the parts of the upload `{}` are left behind",
            upload.upload_id
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_few_enough_and_long_enough() {
        let mib = PART_STEP;
        let check = |length: u64, expected: u64| {
            assert_eq!(part_length(length), expected);
            assert!(length.div_ceil(expected) <= u64::from(MAX_PARTS));
        };
        check(MAX_SINGLE + 1, 16 * mib);
        check(160_000 * mib, 16 * mib);
        check(160_000 * mib + 1, 17 * mib);
        check(50_000_000 * mib, 5000 * mib);
    }
}
