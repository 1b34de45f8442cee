//! `daypass presign`

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use daypass_client::request;
use serde_json::json;

use crate::connection::ServerArguments;
use crate::output::{self, printable};
use crate::quantity;
use crate::remote::RemoteObject;

/// Print a link that reads or stores one object, for somebody who has no key. Nothing is sent.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Whoever has the link may do what it says, with the rights of the key in use, until its time is over. A link signed with \
a temporary key also ends with that key. That an object is there is not looked at.

Examples:
  daypass presign cos://photos-1250000000/cat.jpg
  daypass presign cos://photos-1250000000/cat.jpg --expires 15m
  curl -T cat.jpg \"$(daypass presign cos://photos-1250000000/cat.jpg --method put)\"")]
pub struct Arguments {
    /// The object, as cos://<bucket>/<key>
    object: RemoteObject,
    /// What the link does
    #[arg(long, value_enum, default_value_t = Method::Get)]
    method: Method,
    /// How long it is good: a number with s, m, h or d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = quantity::link_seconds)]
    expires: u32,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

/// What a link does.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Read the object
    Get,
    /// Store it
    Put,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let RemoteObject { bucket, key } = arguments.object;
    let (client, seconds) = (arguments.server.objects()?, arguments.expires);
    let (method, link) = match arguments.method {
        Method::Get => (
            "GET",
            client
                .presign_get(request::read_object(&bucket, &key), seconds)
                .await,
        ),
        Method::Put => ("PUT", client.presign_put(&bucket, &key, seconds).await),
    };
    let link = link.with_context(|| format!("cannot sign a link to `{}`", printable(key.as_str())))?;
    let text = if arguments.json {
        output::json_line(&json!({ "method": method, "url": link.expose(), "seconds": seconds }))
    } else {
        format!("{}\n", link.expose())
    };
    output::write(text.as_bytes())
}
