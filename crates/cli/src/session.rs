//! `daypass session`

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, RoleName, SessionName, Uin, UserName};
use daypass_api::operation::{ListedTarget, MAX_REVOKED_AT_ONCE, RevokeSession, RevokedTarget, RoleRef};
use daypass_api::outcome::{Ended, ListedKind, ListedPrincipal, Revocation, SessionState, SessionSummary};
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
    /// List temporary keys that were given out, the newest first, and what became of them
    #[command(
        after_long_help = "Examples:\n  daypass session list\n  daypass session list --role uploader --live --json"
    )]
    List(ListArguments),
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

/// List temporary keys, as far as the server's audit trail goes back. A server knows the keys that it minted itself.
#[derive(Args, Debug)]
pub struct ListArguments {
    #[command(flatten)]
    target: ListedArguments,
    /// Only those that are good now
    #[arg(long)]
    live: bool,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

#[derive(Args, Debug)]
#[group(multiple = false)]
struct ListedArguments {
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
        Command::List(arguments) => list(arguments).await,
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

impl ListedArguments {
    async fn target(self, client: &ActionClient) -> Result<Option<ListedTarget>> {
        let user = match self.user {
            Some(name) => Some(client.get_user(&name).await?.uin),
            None => self.uin,
        };
        let role = self.role.map(|name| ListedTarget::Role(RoleRef::Name(name)));
        Ok(user
            .map(ListedTarget::User)
            .or(role)
            .or(self.key.map(ListedTarget::AccessKey))
            .or(self.name.map(ListedTarget::Name)))
    }
}

async fn list(arguments: ListArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let target = arguments.target.target(&client).await?;
    let sessions = client
        .list_sessions(target, arguments.live, arguments.limit)
        .await;
    let sessions = sessions.context("cannot list the sessions")?;
    let row = |session: &SessionSummary| {
        let minted_by = session.minted_by.as_ref();
        vec![
            session.access_key_id.to_string(),
            kind_name(session.kind).to_owned(),
            session.name.clone(),
            principal(&session.principal),
            minted_by.map_or_else(|| "-".to_owned(), AccessKeyId::to_string),
            shown_moment(session.issued),
            shown_moment(session.expires),
            state_name(session.state).to_owned(),
        ]
    };
    let head = [
        "ID",
        "TYPE",
        "NAME",
        "OF",
        "MINTED-BY",
        "ISSUED",
        "EXPIRES",
        "STATE",
    ];
    output::list(&sessions, arguments.json, session_json, &head, row)
}

fn session_json(session: &SessionSummary) -> Json {
    let (uin, role_id, role) = match &session.principal {
        ListedPrincipal::User(uin) => (Some(uin.0), None, None),
        ListedPrincipal::Role(id, name) => (None, Some(id.to_string()), name.as_ref()),
    };
    json!({
        "id": session.access_key_id.as_str(),
        "type": kind_name(session.kind),
        "name": session.name,
        "uin": uin,
        "role_id": role_id,
        "role": role.map(RoleName::as_str),
        "minted_by": session.minted_by.as_ref().map(AccessKeyId::as_str),
        "origin": session.origin.as_ref().map(AccessKeyId::as_str),
        "ancestors": session.ancestors,
        "source_identity": session.source_identity,
        "issued": moment(session.issued),
        "expires": moment(session.expires),
        "state": state_name(session.state),
    })
}

fn principal(principal: &ListedPrincipal) -> String {
    match principal {
        ListedPrincipal::User(uin) => format!("user {uin}"),
        ListedPrincipal::Role(_, Some(name)) => format!("role {name}"),
        ListedPrincipal::Role(id, None) => format!("role {id}"),
    }
}

fn kind_name(kind: ListedKind) -> &'static str {
    match kind {
        ListedKind::Federation => "federation",
        ListedKind::Role => "role",
        ListedKind::Own => "own",
    }
}

fn state_name(state: SessionState) -> &'static str {
    match state {
        SessionState::Live => "live",
        SessionState::Expired => "expired",
        SessionState::Revoked => "revoked",
        SessionState::Orphaned => "orphaned",
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
