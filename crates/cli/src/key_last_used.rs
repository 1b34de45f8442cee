//! `daypass key last-used`

use anyhow::{Context, Result};
use clap::Args;
use daypass_api::names::AccessKeyId;
use daypass_api::outcome::LastUse;
use serde_json::{Value as Json, json};

use crate::connection::ServiceArguments;
use crate::names;
use crate::output::{self, moment, shown_moment};

/// Show when access keys were last used. Their temporary keys do not count.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The keys' ids, at most ten
    #[arg(required = true, num_args = 1..=10, value_parser = names::access_key)]
    ids: Vec<AccessKeyId>,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let uses = client.list_last_uses(arguments.ids).await;
    let uses = uses.context("cannot tell when the keys were last used")?;
    let row = |entry: &LastUse| vec![entry.id.to_string(), shown_moment(entry.used.unwrap_or_default())];
    let json = |entry: &LastUse| -> Json {
        json!({ "id": entry.id.as_str(), "last_used": entry.used.and_then(moment) })
    };
    output::list(&uses, arguments.json, json, &["ID", "LAST USED"], row)
}
