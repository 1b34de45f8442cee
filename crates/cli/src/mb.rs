//! `daypass mb`

use anyhow::{Context, Result};
use clap::Args;

use crate::connection::ServerArguments;
use crate::remote::RemoteBucket;

/// Make a private bucket. Its name ends with the account's APPID.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  daypass mb cos://photos-1250000000")]
pub struct Arguments {
    /// The bucket, as cos://<name>-<appid>
    bucket: RemoteBucket,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let RemoteBucket(bucket) = arguments.bucket;
    let client = arguments.server.objects()?;
    let made = client.create_bucket(&bucket).await;
    made.with_context(|| format!("cannot make the bucket `{bucket}`"))
}
