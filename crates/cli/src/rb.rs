//! `daypass rb`

use anyhow::{Context, Result};
use clap::Args;

use crate::connection::ServerArguments;
use crate::remote::RemoteBucket;

/// Remove an empty bucket. One that holds objects or unfinished uploads is refused.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  daypass rb cos://photos-1250000000")]
pub struct Arguments {
    /// The bucket, as cos://<name>-<appid>
    bucket: RemoteBucket,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let RemoteBucket(bucket) = arguments.bucket;
    let client = arguments.server.objects()?;
    let removed = client.delete_bucket(&bucket).await;
    removed.with_context(|| format!("cannot remove the bucket `{bucket}`"))
}
