//! `daypass sts assume-role`

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use daypass_api::names::{ExternalId, RoleName, SessionName, Uin};
use daypass_api::operation::{AssumeRole, RoleRef};

use crate::connection::ServiceArguments;
use crate::sts::{Format, asking, print};
use crate::sts_exec::owner;
use crate::{document, names};

/// Make a temporary key with the rights of a role, narrowed by a policy. The role must trust whoever asks, and whoever
/// asks must be allowed to.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  eval \"$(daypass sts assume-role uploader --name ann)\"
  daypass sts assume-role uploader --account 100000000002 --name ann --external-id agreed --format json")]
pub struct Arguments {
    /// The role's name
    #[arg(value_parser = names::role)]
    role: RoleName,
    /// The number of the root account that the role is in; that of whoever asks unless given
    #[arg(long, value_name = "UIN")]
    account: Option<Uin>,
    /// The name that the session carries
    #[arg(long, value_parser = names::role_session)]
    name: SessionName,
    /// File with a policy that narrows the key, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// How long the key shall live; 7200, or what the role and the key in use allow, unless given
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(1..))]
    duration_seconds: Option<i64>,
    /// What was agreed upon with the role's owner
    #[arg(long, value_name = "TEXT", value_parser = names::external_id)]
    external_id: Option<ExternalId>,
    /// Whom the session acts for
    #[arg(long, value_name = "TEXT", value_parser = names::session)]
    source_identity: Option<SessionName>,
    /// A tag of the session
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = names::tag)]
    tags: Vec<(String, String)>,
    /// How to print the key
    #[arg(long, value_enum, default_value_t = Format::Env)]
    format: Format,
    /// Tell what the server finds about the policy: on standard error, or in the JSON
    #[arg(long)]
    judge: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let policy = arguments.policy.as_deref().map(document::read).transpose()?;
    let client = asking(arguments.service.actions()?, arguments.judge);
    let owner = owner(&client, arguments.account).await?;
    let assume = AssumeRole {
        owner,
        role: RoleRef::Name(arguments.role.clone()),
        name: arguments.name,
        duration_seconds: arguments.duration_seconds,
        policy,
        external_id: arguments.external_id,
        tags: arguments.tags,
        source_identity: arguments.source_identity,
    };
    let key = client.assume_role(assume).await;
    let key = key.with_context(|| format!("cannot act as the role `{}`", arguments.role))?;
    print(&key, arguments.format, arguments.judge)
}
