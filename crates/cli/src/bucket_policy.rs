//! `daypass bucket-policy`

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use crate::connection::ServerArguments;
use crate::remote::RemoteBucket;
use crate::{document, output};

/// What a bucket lets others do, also those of other accounts.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Print the text of a bucket's policy, as it was put there
    #[command(after_long_help = "Example:\n  daypass bucket-policy get cos://photos-1250000000")]
    Get(BucketArguments),
    /// Put a policy in the place of the bucket's
    #[command(
        after_long_help = "Examples:\n  daypass bucket-policy put cos://photos-1250000000 --document policy.json\n  \
        daypass bucket-policy put cos://photos-1250000000 --document - < policy.json"
    )]
    Put(PutArguments),
    /// Take a bucket's policy away
    #[command(after_long_help = "Example:\n  daypass bucket-policy rm cos://photos-1250000000")]
    Rm(BucketArguments),
}

/// One bucket.
#[derive(Args, Debug)]
pub struct BucketArguments {
    /// The bucket, as cos://<name>-<appid>
    bucket: RemoteBucket,
    #[command(flatten)]
    server: ServerArguments,
}

/// One bucket and its policy from now on.
#[derive(Args, Debug)]
pub struct PutArguments {
    /// The bucket, as cos://<name>-<appid>
    bucket: RemoteBucket,
    /// File with the document, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    document: PathBuf,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Get(arguments) => get(arguments).await,
        Command::Put(arguments) => put(arguments).await,
        Command::Rm(arguments) => rm(arguments).await,
    }
}

async fn get(arguments: BucketArguments) -> Result<()> {
    let RemoteBucket(bucket) = arguments.bucket;
    let policy = arguments.server.objects()?.bucket_policy(&bucket).await;
    let policy = policy.with_context(|| format!("cannot read the policy of the bucket `{bucket}`"))?;
    output::write(output::printable_lines(&policy).as_bytes())
}

async fn put(arguments: PutArguments) -> Result<()> {
    let RemoteBucket(bucket) = arguments.bucket;
    let policy = document::read(&arguments.document)?;
    let client = arguments.server.objects()?;
    let put = client.put_bucket_policy(&bucket, policy).await;
    put.with_context(|| format!("cannot put a policy on the bucket `{bucket}`"))
}

async fn rm(arguments: BucketArguments) -> Result<()> {
    let RemoteBucket(bucket) = arguments.bucket;
    let removed = arguments.server.objects()?.delete_bucket_policy(&bucket).await;
    removed.with_context(|| format!("cannot take away the policy of the bucket `{bucket}`"))
}
