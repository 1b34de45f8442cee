//! `daypass master-key`

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::json;

use crate::connection::ServiceArguments;
use crate::output;

/// The key that the secrets in the data directory are wrapped under. Only the permanent key of the root of the store's first
/// account may exchange it; the key itself never leaves the machine of the server.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Wrap everything under a new master key, while requests are answered
    #[command(
        after_long_help = "Examples:\n  daypass master-key rotate\n  daypass master-key rotate --json\n\n\
        The server makes the new key and keeps it in master.key of its data directory: back that file up again. What is cut \
        off is taken up again by the next start, or by the same command. Backups of the data directory need the master key \
        of their day.\n\n\
        A key that is given to the server (DAYPASS_MASTER_KEY, --master-key-file) is exchanged by a restart: give the new \
        one there, and the old one as DAYPASS_PREVIOUS_MASTER_KEY or --previous-master-key-file, once."
    )]
    Rotate(RotateArguments),
}

/// Exchange the master key.
#[derive(Args, Debug)]
pub struct RotateArguments {
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Rotate(arguments) => rotate(arguments).await,
    }
}

async fn rotate(arguments: RotateArguments) -> Result<()> {
    let rotated = arguments.service.actions()?.rotate_master_key().await;
    let secrets = rotated.context("cannot exchange the master key")?;
    let fields = [("secrets-wrapped-anew", secrets.to_string())];
    output::one(
        &json!({ "secrets_wrapped_anew": secrets }),
        arguments.json,
        &fields,
    )
}
