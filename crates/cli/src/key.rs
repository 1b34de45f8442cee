//! `daypass key`

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use daypass_api::names::AccessKeyId;
use daypass_api::operation::AccessKeyStatus;
use daypass_api::outcome::AccessKey;
use serde_json::{Value as Json, json};

use crate::connection::ServiceArguments;
use crate::output::{self, moment, shown_moment};
use crate::subject::SubjectArguments;
use crate::{key_last_used, names};

/// Access keys.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make an access key
    #[command(after_long_help = "Examples:\n  daypass key create --user ann\n  daypass key create --json")]
    Create(CreateArguments),
    /// List the access keys of one identity
    #[command(after_long_help = "Examples:\n  daypass key ls --user ann\n  daypass key ls --json")]
    Ls(LsArguments),
    /// Let a disabled access key work again
    #[command(after_long_help = "Example:\n  daypass key enable AKID0123456789 --user ann")]
    Enable(OneArguments),
    /// Have an access key refused, and every temporary key made with it
    #[command(after_long_help = "Example:\n  daypass key disable AKID0123456789 --user ann")]
    Disable(OneArguments),
    /// Remove an access key, and with it every temporary key made with it
    #[command(after_long_help = "Example:\n  daypass key rm AKID0123456789 --user ann")]
    Rm(OneArguments),
    /// Show when access keys were last used
    #[command(after_long_help = "Example:\n  daypass key last-used AKID0123456789")]
    LastUsed(key_last_used::Arguments),
}

/// Make an access key and print it. Its secret is shown this once.
#[derive(Args, Debug)]
pub struct CreateArguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// A note about the key
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// List the access keys of one identity, without their secrets.
#[derive(Args, Debug)]
pub struct LsArguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// One key of one identity.
#[derive(Args, Debug)]
pub struct OneArguments {
    /// The key's id
    #[arg(value_parser = names::access_key)]
    id: AccessKeyId,
    #[command(flatten)]
    subject: SubjectArguments,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Create(arguments) => create(arguments).await,
        Command::Ls(arguments) => ls(arguments).await,
        Command::Enable(arguments) => set(arguments, AccessKeyStatus::Active).await,
        Command::Disable(arguments) => set(arguments, AccessKeyStatus::Inactive).await,
        Command::Rm(arguments) => rm(arguments).await,
        Command::LastUsed(arguments) => key_last_used::run(arguments).await,
    }
}

async fn create(arguments: CreateArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let subject = arguments.subject.subject(&client).await?;
    let key = client.create_access_key(subject, &arguments.description).await;
    let key = key.context("cannot make an access key")?;
    let (id, secret) = (key.access_key.id.as_str(), key.secret_key.expose());
    let json = json!({ "secret_id": id, "secret_key": secret });
    let fields = [("secret-id", id.to_owned()), ("secret-key", secret.to_owned())];
    output::one(&json, arguments.json, &fields)
}

async fn ls(arguments: LsArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let subject = arguments.subject.subject(&client).await?;
    let keys = client
        .list_access_keys(subject)
        .await
        .context("cannot list the access keys")?;
    let row = |key: &AccessKey| {
        let status = status_name(key.status).to_owned();
        vec![
            key.id.to_string(),
            status,
            shown_moment(key.created),
            key.description.clone(),
        ]
    };
    output::list(
        &keys,
        arguments.json,
        key_json,
        &["ID", "STATUS", "CREATED", "DESCRIPTION"],
        row,
    )
}

async fn set(arguments: OneArguments, status: AccessKeyStatus) -> Result<()> {
    let client = arguments.service.actions()?;
    let subject = arguments.subject.subject(&client).await?;
    let set = client.update_access_key(subject, &arguments.id, status).await;
    set.with_context(|| format!("cannot change the access key `{}`", arguments.id))
}

async fn rm(arguments: OneArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let subject = arguments.subject.subject(&client).await?;
    let removed = client.delete_access_key(subject, &arguments.id).await;
    removed.with_context(|| format!("cannot remove the access key `{}`", arguments.id))
}

fn key_json(key: &AccessKey) -> Json {
    json!({
        "id": key.id.as_str(),
        "status": status_name(key.status),
        "created": moment(key.created),
        "description": key.description,
    })
}

fn status_name(status: AccessKeyStatus) -> &'static str {
    match status {
        AccessKeyStatus::Active => "active",
        AccessKeyStatus::Inactive => "disabled",
    }
}
