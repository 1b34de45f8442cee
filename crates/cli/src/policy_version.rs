//! `daypass policy version`

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use daypass_api::names::{PolicyId, VersionId};
use daypass_api::outcome::PolicyVersionSummary;
use serde_json::{Value as Json, json};

use crate::connection::ServiceArguments;
use crate::document;
use crate::output::{self, moment, printable_lines, shown_moment};

/// The versions of a policy. The default one is the one that counts.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a version from a document, and print its number
    #[command(
        after_long_help = "Examples:\n  daypass policy version create 7 --document policy.json\n  \
        daypass policy version create 7 --document policy.json --default"
    )]
    Create(CreateArguments),
    /// Show the document of a version
    #[command(after_long_help = "Example:\n  daypass policy version get 7 2")]
    Get(OneArguments),
    /// List the versions of a policy
    #[command(after_long_help = "Example:\n  daypass policy version ls 7")]
    Ls(LsArguments),
    /// Make a version the one that counts
    #[command(after_long_help = "Example:\n  daypass policy version use 7 2")]
    Use(OneArguments),
    /// Remove versions
    #[command(after_long_help = "Example:\n  daypass policy version rm 7 2 3")]
    Rm(RmArguments),
}

/// Make a version from a document.
#[derive(Args, Debug)]
pub struct CreateArguments {
    /// The policy's number
    id: PolicyId,
    /// File with the document, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    document: PathBuf,
    /// Make it the one that counts
    #[arg(long)]
    default: bool,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// One version of one policy.
#[derive(Args, Debug)]
pub struct OneArguments {
    /// The policy's number
    id: PolicyId,
    /// The version's number
    #[arg(value_name = "VERSION")]
    number: VersionId,
    #[command(flatten)]
    service: ServiceArguments,
}

/// List the versions of a policy.
#[derive(Args, Debug)]
pub struct LsArguments {
    /// The policy's number
    id: PolicyId,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Remove versions.
#[derive(Args, Debug)]
pub struct RmArguments {
    /// The policy's number
    id: PolicyId,
    /// The versions' numbers
    #[arg(required = true)]
    versions: Vec<VersionId>,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Create(arguments) => create(arguments).await,
        Command::Get(arguments) => get(arguments).await,
        Command::Ls(arguments) => ls(arguments).await,
        Command::Use(arguments) => {
            let client = arguments.service.actions()?;
            let set = client.set_default_policy_version(arguments.id, arguments.number);
            set.await.context("cannot change the default version")
        }
        Command::Rm(arguments) => {
            let client = arguments.service.actions()?;
            let removed = client.delete_policy_versions(arguments.id, arguments.versions);
            removed.await.context("cannot remove the versions")
        }
    }
}

async fn create(arguments: CreateArguments) -> Result<()> {
    let document = document::read(&arguments.document)?;
    let client = arguments.service.actions()?;
    let made = client.create_policy_version(arguments.id, &document, arguments.default);
    let version = made.await.context("cannot make the version")?;
    let text = if arguments.json {
        output::json_line(&json!({ "version": version.0 }))
    } else {
        format!("{version}\n")
    };
    output::write(text.as_bytes())
}

async fn get(arguments: OneArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let version = client.get_policy_version(arguments.id, arguments.number).await;
    let version = version.context("cannot look at the version")?;
    output::write(printable_lines(&version.document).as_bytes())
}

async fn ls(arguments: LsArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let versions = client.list_policy_versions(arguments.id).await;
    let versions = versions.context("cannot list the versions")?;
    let row = |version: &PolicyVersionSummary| {
        let default = if version.is_default { "default" } else { "" };
        vec![
            version.id.to_string(),
            shown_moment(version.created),
            default.to_owned(),
        ]
    };
    let head = ["VERSION", "CREATED", "DEFAULT"];
    output::list(&versions, arguments.json, version_json, &head, row)
}

fn version_json(version: &PolicyVersionSummary) -> Json {
    json!({
        "version": version.id.0,
        "created": moment(version.created),
        "default": version.is_default,
    })
}
