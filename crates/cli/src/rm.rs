//! `daypass rm`

use anyhow::{Context, Result};
use clap::Args;

use crate::connection::ServerArguments;
use crate::output::printable;
use crate::remote::RemoteObject;

/// Remove one object. One that is not there is removed already.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  daypass rm cos://photos-1250000000/2026/cat.jpg")]
pub struct Arguments {
    /// The object, as cos://<bucket>/<key>
    object: RemoteObject,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let RemoteObject { bucket, key } = arguments.object;
    let client = arguments.server.objects()?;
    let removed = client.delete_object(&bucket, &key).await;
    removed.with_context(|| format!("cannot remove `{}`", printable(key.as_str())))
}
