//! `daypass key-ring`

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use daypass_api::operation::KeyRingOperation;
use daypass_api::outcome::EpochSummary;
use serde_json::{Value as Json, json};

use crate::connection::ServiceArguments;
use crate::output::{self, moment, shown_moment};

/// The keys that seal the tokens of temporary keys. Only the permanent key of the root of the store's first account may ask
/// for them; the keys themselves are never told.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Show which keys there are, and until when each opens tokens
    #[command(after_long_help = "Examples:\n  daypass key-ring show\n  daypass key-ring show --json")]
    Show(ShowArguments),
    /// Seal with a new key from now on, before the day is over
    #[command(
        after_long_help = "Examples:\n  daypass key-ring rotate\n  daypass key-ring rotate --now\n\n\
        The server rotates by itself once a day. Without --now, tokens that are out stay good until they expire. With it, \
        every temporary key of every account ends: for the day on which somebody else has seen the keys."
    )]
    Rotate(RotateArguments),
}

/// Show the keys of the ring.
#[derive(Args, Debug)]
pub struct ShowArguments {
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Seal with a new key.
#[derive(Args, Debug)]
pub struct RotateArguments {
    /// End every temporary key of every account at once, by forgetting all older keys
    #[arg(long)]
    now: bool,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Show(arguments) => {
            let epochs = arguments
                .service
                .actions()?
                .key_ring(KeyRingOperation::Describe)
                .await;
            show(&epochs.context("cannot look at the key ring")?, arguments.json)
        }
        Command::Rotate(arguments) => {
            let operation = match arguments.now {
                true => KeyRingOperation::EndAll,
                false => KeyRingOperation::Rotate,
            };
            let epochs = arguments.service.actions()?.key_ring(operation).await;
            show(&epochs.context("cannot rotate the key ring")?, arguments.json)
        }
    }
}

fn show(epochs: &[EpochSummary], as_json: bool) -> Result<()> {
    let row = |epoch: &EpochSummary| {
        vec![
            epoch.id.to_string(),
            role(epoch).to_owned(),
            shown_moment(epoch.created),
            epoch.opens_until.map_or_else(|| "-".to_owned(), shown_moment),
        ]
    };
    let head = ["KEY", "USE", "CREATED", "OPENS-UNTIL"];
    output::list(epochs, as_json, epoch_json, &head, row)
}

fn role(epoch: &EpochSummary) -> &'static str {
    match epoch.opens_until {
        None => "seals",
        Some(_) => "opens",
    }
}

fn epoch_json(epoch: &EpochSummary) -> Json {
    json!({
        "id": epoch.id,
        "use": role(epoch),
        "created": moment(epoch.created),
        "opens_until": epoch.opens_until.and_then(moment),
    })
}
