//! `daypass account`

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use daypass_api::names::{AppId, Uin};
use daypass_api::operation::{AccountStatus, MAX_ACCOUNT_NUMBER, NewAccount};
use daypass_api::outcome::{NewAccessKey, RootAccount};
use serde_json::{Value as Json, json};

use crate::account_summary;
use crate::connection::ServiceArguments;
use crate::output::{self, moment, shown_moment};

/// What one's own account has, and the root accounts of the store. Only the permanent key of the root of the store's
/// first account may ask for the latter.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Show the numbers of one's own account, and how much of each kind it has
    #[command(after_long_help = "Examples:\n  daypass account summary\n  daypass account summary --json")]
    Summary(account_summary::Arguments),
    /// Make an account with the first key of its root
    #[command(
        after_long_help = "Examples:\n  daypass account create --secret-file bob.json\n  \
        daypass account create --appid 1250000001 --json"
    )]
    Create(CreateArguments),
    /// List all accounts
    #[command(after_long_help = "Examples:\n  daypass account ls\n  daypass account ls --json")]
    Ls(LsArguments),
    /// Show one account
    #[command(after_long_help = "Example:\n  daypass account show 100000000007")]
    Show(ShowArguments),
    /// Let none of an account's keys count any more; what it stores stays
    #[command(after_long_help = "Example:\n  daypass account disable 100000000007")]
    Disable(AccountArguments),
    /// Let the keys of a disabled account count again
    #[command(after_long_help = "Example:\n  daypass account enable 100000000007")]
    Enable(AccountArguments),
}

/// Make an account.
#[derive(Args, Debug)]
pub struct CreateArguments {
    /// The number in its bucket names; by default the next one
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=MAX_ACCOUNT_NUMBER))]
    appid: Option<u64>,
    /// The number of its root, greater than every identity's; by default the next one
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=MAX_ACCOUNT_NUMBER))]
    owner_uin: Option<u64>,
    /// Write the key of the root to this new file, which nobody else may read, and do not print its secret
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// List all accounts.
#[derive(Args, Debug)]
pub struct LsArguments {
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Show one account.
#[derive(Args, Debug)]
pub struct ShowArguments {
    /// The number of its root
    owner_uin: u64,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// One account.
#[derive(Args, Debug)]
pub struct AccountArguments {
    /// The number of its root
    owner_uin: u64,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Summary(arguments) => account_summary::run(arguments).await,
        Command::Create(arguments) => create(arguments).await,
        Command::Ls(arguments) => ls(arguments).await,
        Command::Show(arguments) => show(arguments).await,
        Command::Disable(arguments) => update(arguments, AccountStatus::Disabled).await,
        Command::Enable(arguments) => update(arguments, AccountStatus::Active).await,
    }
}

async fn create(arguments: CreateArguments) -> Result<()> {
    // A file that cannot be made is noticed before there is a secret that it should keep.
    let file = arguments
        .secret_file
        .as_deref()
        .map(new_private_file)
        .transpose()?;
    let new = NewAccount {
        app_id: arguments.appid.map(AppId),
        owner_uin: arguments.owner_uin.map(Uin),
    };
    let made = match arguments.service.actions() {
        Ok(client) => client
            .create_account(new)
            .await
            .context("cannot make the account"),
        Err(error) => Err(error),
    };
    let (account, key) = match (made, &arguments.secret_file) {
        (Ok(made), _) => made,
        (Err(error), None) => return Err(error),
        (Err(error), Some(path)) => {
            // Nothing is in it yet.
            let _ = std::fs::remove_file(path);
            return Err(error);
        }
    };
    let (mut json, mut fields) = (account_json(&account), account_fields(&account));
    fields.push(("secret-id", key.access_key.id.to_string()));
    if let Some(object) = json.as_object_mut() {
        object.insert("secret_id".to_owned(), json!(key.access_key.id.as_str()));
    }
    match file {
        Some(mut file) => {
            let mut whole = json.clone();
            add_secret(&mut whole, &key);
            let written = file
                .write_all(format!("{whole}\n").as_bytes())
                .and_then(|()| file.sync_all());
            written.context("the account is made, and its key could not be written down")?;
        }
        None => {
            add_secret(&mut json, &key);
            fields.push(("secret-key", key.secret_key.expose().to_owned()));
        }
    }
    output::one(&json, arguments.json, &fields)
}

fn add_secret(json: &mut Json, key: &NewAccessKey) {
    if let Some(object) = json.as_object_mut() {
        object.insert("secret_key".to_owned(), json!(key.secret_key.expose()));
    }
}

fn new_private_file(path: &Path) -> Result<std::fs::File> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    file.with_context(|| format!("cannot make the file `{}`", path.display()))
}

async fn ls(arguments: LsArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let accounts = client.list_accounts().await.context("cannot list the accounts")?;
    let row = |account: &RootAccount| {
        vec![
            account.account.owner_uin.to_string(),
            account.account.app_id.to_string(),
            status(account).to_owned(),
            shown_moment(account.created),
        ]
    };
    let head = ["OWNER-UIN", "APPID", "STATUS", "CREATED"];
    output::list(&accounts, arguments.json, account_json, &head, row)
}

async fn show(arguments: ShowArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let account = client.get_account(Uin(arguments.owner_uin)).await;
    let account = account.with_context(|| format!("cannot look at the account {}", arguments.owner_uin))?;
    output::one(&account_json(&account), arguments.json, &account_fields(&account))
}

async fn update(arguments: AccountArguments, status: AccountStatus) -> Result<()> {
    let client = arguments.service.actions()?;
    let updated = client.update_account(Uin(arguments.owner_uin), status).await;
    updated.with_context(|| format!("cannot change the account {}", arguments.owner_uin))
}

fn status(account: &RootAccount) -> &'static str {
    match account.status {
        AccountStatus::Active => "active",
        AccountStatus::Disabled => "disabled",
    }
}

fn account_fields(account: &RootAccount) -> Vec<(&'static str, String)> {
    vec![
        ("owner-uin", account.account.owner_uin.to_string()),
        ("appid", account.account.app_id.to_string()),
        ("status", status(account).to_owned()),
        ("created", shown_moment(account.created)),
    ]
}

fn account_json(account: &RootAccount) -> Json {
    json!({
        "owner_uin": account.account.owner_uin.0,
        "appid": account.account.app_id.0,
        "status": status(account),
        "created": moment(account.created),
    })
}
