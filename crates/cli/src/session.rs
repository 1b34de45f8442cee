//! `daypass session`

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, RoleName, SessionName, Uin, UserName};
use daypass_api::operation::{MAX_REVOKED_AT_ONCE, RevokeSession, RevokedTarget, RoleRef};
use daypass_api::outcome::{Ended, Revocation};
use daypass_client::ActionClient;
use serde_json::{Value as Json, json};

use crate::connection::ServiceArguments;
use crate::names;
use crate::output::{self, moment, shown_moment};

/// Temporary keys that were given out.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// End temporary keys before their time, with all that were made with them
    #[command(
        after_long_help = "Examples:\n  daypass session revoke --id AKID0123456789abcdef\n  daypass session revoke --role uploader --issued-before 2026-11-01T12:00:00Z"
    )]
    Revoke(RevokeArguments),
    /// List what was ended so, as long as it matters
    #[command(after_long_help = "Example:\n  daypass session revocations --json")]
    Revocations(RevocationsArguments),
}

/// End temporary keys. When this returns, they are refused.
#[derive(Args, Debug)]
pub struct RevokeArguments {
    #[command(flatten)]
    target: TargetArguments,
    /// Only those that were made until then; now unless given
    #[arg(long, value_name = "TIME", conflicts_with = "id", value_parser = time)]
    issued_before: Option<Timestamp>,
    #[command(flatten)]
    service: ServiceArguments,
}

#[derive(Args, Debug)]
#[group(multiple = false, required = true)]
struct TargetArguments {
    /// The temporary keys themselves, by their ids
    #[arg(long, value_name = "ID", num_args = 1.., value_parser = names::access_key)]
    id: Vec<AccessKeyId>,
    /// Those of a user, by name
    #[arg(long, value_name = "NAME", value_parser = names::user)]
    user: Option<UserName>,
    /// Those of a user, by number
    #[arg(long, value_name = "N")]
    uin: Option<Uin>,
    /// Those of a role
    #[arg(long, value_name = "NAME", value_parser = names::role)]
    role: Option<RoleName>,
    /// Those that a permanent access key began
    #[arg(long, value_name = "ID", value_parser = names::access_key)]
    key: Option<AccessKeyId>,
    /// Those that were given a name
    #[arg(long, value_name = "NAME", value_parser = names::session)]
    name: Option<SessionName>,
}

/// List revocations, the first one first.
#[derive(Args, Debug)]
pub struct RevocationsArguments {
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Revoke(arguments) => revoke(arguments).await,
        Command::Revocations(arguments) => revocations(arguments).await,
    }
}

async fn revoke(arguments: RevokeArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    for target in arguments.target.targets(&client).await? {
        let revoke = RevokeSession {
            target,
            issued_before: arguments.issued_before,
        };
        let revoked = client.revoke_session(revoke).await;
        revoked.context("cannot end the sessions")?;
    }
    Ok(())
}

impl TargetArguments {
    /// What is to be ended, in calls of what one call takes.
    async fn targets(self, client: &ActionClient) -> Result<Vec<RevokedTarget>> {
        let user = match self.user {
            Some(name) => Some(client.get_user(&name).await?.uin),
            None => self.uin,
        };
        let others = [
            user.map(RevokedTarget::User),
            self.role.map(|name| RevokedTarget::Role(RoleRef::Name(name))),
            self.key.map(RevokedTarget::AccessKey),
            self.name.map(RevokedTarget::Name),
        ];
        let sessions = self.id.chunks(MAX_REVOKED_AT_ONCE);
        let sessions = sessions.map(|ids| RevokedTarget::Sessions(ids.to_vec()));
        Ok(sessions.chain(others.into_iter().flatten()).collect())
    }
}

async fn revocations(arguments: RevocationsArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let revocations = client.list_revocations().await;
    let revocations = revocations.context("cannot list the revocations")?;
    let row = |revocation: &Revocation| {
        let (kind, target) = ended(&revocation.ended);
        vec![
            kind.to_owned(),
            target,
            shown_moment(revocation.issued_before),
            shown_moment(revocation.made),
            revocation.by.to_string(),
            shown_moment(revocation.expires),
        ]
    };
    let head = ["TYPE", "TARGET", "ISSUED-BEFORE", "MADE", "BY", "UNTIL"];
    output::list(&revocations, arguments.json, revocation_json, &head, row)
}

fn revocation_json(revocation: &Revocation) -> Json {
    let (kind, target) = ended(&revocation.ended);
    json!({
        "id": revocation.sequence,
        "type": kind,
        "target": target,
        "issued_before": moment(revocation.issued_before),
        "made": moment(revocation.made),
        "by": revocation.by.0,
        "expires": moment(revocation.expires),
    })
}

fn ended(ended: &Ended) -> (&'static str, String) {
    match ended {
        Ended::Session(id) => {
            let hex = id.0.iter().map(|byte| format!("{byte:02x}")).collect();
            ("session", hex)
        }
        Ended::User(uin) => ("user", uin.to_string()),
        Ended::Role(id) => ("role", id.to_string()),
        Ended::AccessKey(id) => ("key", id.to_string()),
        Ended::Name(name) => ("name", name.clone()),
    }
}

fn time(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::parse_iso(text).ok_or("a time is written as `2026-11-01T12:00:00Z`")
}
