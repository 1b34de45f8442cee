//! `daypass account summary`

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use crate::connection::ServiceArguments;
use crate::output;

/// Show the numbers of one's own account, and how much of each kind it has.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  daypass account summary
  daypass account summary --json")]
pub struct Arguments {
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let failed = "cannot look at the account";
    let (uin, account) = client.get_account_numbers().await.context(failed)?;
    let summary = client.get_account_summary().await.context(failed)?;
    let json = json!({
        "uin": uin.0,
        "owner_uin": account.owner_uin.0,
        "app_id": account.app_id.0,
        "users": summary.users,
        "groups": summary.groups,
        "memberships": summary.memberships,
        "policies": summary.policies,
        "roles": summary.roles,
    });
    let fields = [
        ("uin", uin.to_string()),
        ("owner-uin", account.owner_uin.to_string()),
        ("app-id", account.app_id.to_string()),
        ("users", summary.users.to_string()),
        ("groups", summary.groups.to_string()),
        ("memberships", summary.memberships.to_string()),
        ("policies", summary.policies.to_string()),
        ("roles", summary.roles.to_string()),
    ];
    output::one(&json, arguments.json, &fields)
}
