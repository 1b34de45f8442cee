//! `daypass cat`

use anyhow::{Context, Result};
use clap::Args;
use daypass_api::object::ByteRange;
use daypass_client::{ObjectClient, Stop, request};

use crate::connection::ServerArguments;
use crate::output::{self, printable};
use crate::remote::RemoteObject;
use crate::{interrupt, quantity};

/// Write objects to standard output, one after the other.
#[derive(Args, Debug)]
#[command(after_long_help = "\
A range is counted in bytes from 0: `0-99` are the first hundred, `100-` is all but those, `-100` are the last hundred.

Examples:
  daypass cat cos://photos-1250000000/notes.txt
  daypass cat cos://photos-1250000000/log --range=-1000
  daypass cat cos://photos-1250000000/a cos://photos-1250000000/b > ab")]
pub struct Arguments {
    /// The objects, each as cos://<bucket>/<key>
    #[arg(required = true)]
    objects: Vec<RemoteObject>,
    /// Only these bytes of each
    #[arg(long, value_name = "RANGE", allow_hyphen_values = true, value_parser = quantity::range)]
    range: Option<ByteRange>,
    #[command(flatten)]
    server: ServerArguments,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let client = arguments.server.objects()?;
    let stop = interrupt::stop()?;
    for object in &arguments.objects {
        write(&client, object, arguments.range, &stop, |_| {})
            .await
            .with_context(|| format!("cannot read `{}`", printable(object.key.as_str())))?;
    }
    Ok(())
}

/// Writes an object to standard output.
pub(crate) async fn write(
    client: &ObjectClient,
    object: &RemoteObject,
    range: Option<ByteRange>,
    stop: &Stop,
    mut progress: impl FnMut(usize),
) -> Result<()> {
    let mut read = request::read_object(&object.bucket, &object.key);
    read.range = range;
    let mut reader = stop.or(client.open(read)).await?;
    while let Some(bytes) = stop.or(reader.next()).await? {
        output::write(&bytes)?;
        progress(bytes.len());
    }
    Ok(())
}
