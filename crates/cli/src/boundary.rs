//! `daypass user boundary`, and how any boundary is shown

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use daypass_api::names::PolicyId;
use daypass_api::outcome::Boundary;
use serde_json::json;

use crate::connection::ServiceArguments;
use crate::output::{self, printable_lines};
use crate::policy::kind;
use crate::subject::UserArguments;

/// The permission boundary of a user: a policy that its rights may not go beyond.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Bound a user by a policy. The policy gives nothing; what it does not allow the user may no longer do
    #[command(after_long_help = "Example:\n  daypass user boundary set 7 --user ann")]
    Set(SetArguments),
    /// Show the boundary of a user
    #[command(after_long_help = "Example:\n  daypass user boundary get --user ann")]
    Get(GetArguments),
    /// Take the boundary from a user
    #[command(after_long_help = "Example:\n  daypass user boundary rm --user ann")]
    Rm(RmArguments),
}

/// Bound a user by a policy.
#[derive(Args, Debug)]
pub struct SetArguments {
    /// The policy's number
    id: PolicyId,
    #[command(flatten)]
    user: UserArguments,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Show the boundary of a user.
#[derive(Args, Debug)]
pub struct GetArguments {
    #[command(flatten)]
    user: UserArguments,
    /// One line of JSON; `null` without a boundary
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Take the boundary from a user.
#[derive(Args, Debug)]
pub struct RmArguments {
    #[command(flatten)]
    user: UserArguments,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Set(arguments) => set(arguments).await,
        Command::Get(arguments) => get(arguments).await,
        Command::Rm(arguments) => rm(arguments).await,
    }
}

async fn set(arguments: SetArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let uin = arguments.user.uin(&client).await?;
    let set = client.put_user_boundary(uin, arguments.id).await;
    set.context("cannot set the boundary")
}

async fn get(arguments: GetArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let uin = arguments.user.uin(&client).await?;
    let boundary = client.get_user_boundary(uin).await;
    show(boundary.context("cannot look at the boundary")?, arguments.json)
}

/// Shows the boundary of a user or a role; without one, nothing.
pub(crate) fn show(boundary: Option<Boundary>, as_json: bool) -> Result<()> {
    if as_json {
        let json = boundary.map(|boundary| {
            json!({
                "id": boundary.policy_id.0,
                "name": boundary.name.as_str(),
                "kind": kind(boundary.preset),
                "document": boundary.document,
            })
        });
        return output::write(output::json_line(&json.into()).as_bytes());
    }
    let Some(boundary) = boundary else {
        return Ok(());
    };
    let fields = output::field_lines(&[
        ("id", boundary.policy_id.to_string()),
        ("name", boundary.name.to_string()),
        ("kind", kind(boundary.preset).to_owned()),
    ]);
    output::write(format!("{fields}\n{}", printable_lines(&boundary.document)).as_bytes())
}

async fn rm(arguments: RmArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let uin = arguments.user.uin(&client).await?;
    let removed = client.delete_user_boundary(uin).await;
    removed.context("cannot remove the boundary")
}
