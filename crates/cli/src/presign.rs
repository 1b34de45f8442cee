//! `daypass presign`

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use daypass_api::names::{BucketName, ObjectKey};
use daypass_client::{FormKey, FormUpload, ObjectClient, SignedForm, request};
use serde_json::{Map, Value, json};

use crate::connection::ServerArguments;
use crate::output::{self, printable};
use crate::quantity;
use crate::remote::RemoteObject;
use crate::report::Misuse;

/// Print a link that reads or stores one object, or a form that does, for somebody who has no key. Nothing is sent.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Whoever has the link may do what it says, with the rights of the key in use, until its time is over. A link signed with \
a temporary key also ends with that key. That an object is there is not looked at.

--method post prints a form as a call of curl, or with --json its address and fields, which a page puts before its field \
`file`. The form holds whoever has it to the key, or to what lies below it when it ends with `/`, and to --max-size.

Examples:
  daypass presign cos://photos-1250000000/cat.jpg
  daypass presign cos://photos-1250000000/cat.jpg --expires 15m
  curl -T cat.jpg \"$(daypass presign cos://photos-1250000000/cat.jpg --method put)\"
  daypass presign cos://photos-1250000000/inbox/ --method post --max-size 5M --json")]
pub struct Arguments {
    /// The object, as cos://<bucket>/<key>
    object: RemoteObject,
    /// Most bytes of the file of a form, with K, M or G
    #[arg(long, value_name = "SIZE", value_parser = quantity::bytes)]
    max_size: Option<u64>,
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
    /// Store it, by a form of a page
    Post,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let RemoteObject { bucket, key } = arguments.object;
    let (client, seconds) = (arguments.server.objects()?, arguments.expires);
    let cannot = || format!("cannot sign a link to `{}`", printable(key.as_str()));
    if arguments.max_size.is_some() && arguments.method != Method::Post {
        return Err(
            Misuse("`--max-size` is for `--method post`: a link says nothing of lengths".to_owned()).into(),
        );
    }
    let (method, link) = match arguments.method {
        Method::Get => (
            "GET",
            client
                .presign_get(request::read_object(&bucket, &key), seconds)
                .await,
        ),
        Method::Put => ("PUT", client.presign_put(&bucket, &key, seconds).await),
        Method::Post => {
            let form = form(&client, &bucket, &key, seconds, arguments.max_size).await;
            let form = form.with_context(cannot)?;
            return output::write(shown(&form, seconds, arguments.json).as_bytes());
        }
    };
    let link = link.with_context(cannot)?;
    let text = if arguments.json {
        output::json_line(&json!({ "method": method, "url": link.expose(), "seconds": seconds }))
    } else {
        format!("{}\n", link.expose())
    };
    output::write(text.as_bytes())
}

async fn form(
    client: &ObjectClient,
    bucket: &BucketName,
    key: &ObjectKey,
    seconds: u32,
    max_size: Option<u64>,
) -> Result<SignedForm, daypass_client::Error> {
    let place = match key.as_str().ends_with('/') {
        true => FormKey::Below(key.as_str().to_owned()),
        false => FormKey::Exactly(key.clone()),
    };
    let mut upload = FormUpload {
        seconds,
        ..FormUpload::new(bucket, place)
    };
    if let Some(max_size) = max_size {
        upload.length = 0..=max_size;
    }
    client.sign_form(&upload).await
}

/// A form for a script, or as a person would try it.
fn shown(form: &SignedForm, seconds: u32, as_json: bool) -> String {
    if as_json {
        let fields: Map<String, Value> = form
            .expose()
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        return output::json_line(&json!({
            "method": "POST", "url": form.url(), "fields": fields, "seconds": seconds,
        }));
    }
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let fields = form
        .expose()
        .iter()
        .map(|(name, value)| format!("  --form-string {} \\\n", quoted(&format!("{name}={value}"))));
    format!(
        "curl \\\n{}  --form file=@FILE \\\n  {}\n",
        fields.collect::<String>(),
        quoted(form.url())
    )
}
