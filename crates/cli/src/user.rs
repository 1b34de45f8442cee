//! `daypass user`

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use daypass_api::names::UserName;
use daypass_api::operation::{CreateUser, DeleteUser, UpdateUser};
use daypass_api::outcome::User;
use serde_json::{Value as Json, json};

use crate::connection::ServiceArguments;
use crate::contact::ContactArguments;
use crate::output::{self, moment, shown_moment};
use crate::{boundary, names};

/// Sub-accounts.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a user
    Add(AddArguments),
    /// Show one user
    Get(GetArguments),
    /// List all users
    Ls(LsArguments),
    /// Change what is noted about a user
    Update(UpdateArguments),
    /// Remove a user
    Rm(RmArguments),
    /// The permission boundary of a user
    #[command(subcommand)]
    Boundary(boundary::Command),
}

/// Make a user. A new user may do nothing until a policy is attached.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  daypass user add ann
  daypass user add ann --remark photographer --with-key --json")]
pub struct AddArguments {
    /// The user's name
    #[arg(value_parser = names::user)]
    name: UserName,
    /// A note about the user
    #[arg(long, value_name = "TEXT", default_value = "")]
    remark: String,
    #[command(flatten)]
    contact: ContactArguments,
    /// Make an access key as well, and print it; its secret is shown this once
    #[arg(long)]
    with_key: bool,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Show one user.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  daypass user get ann")]
pub struct GetArguments {
    /// The user's name
    #[arg(value_parser = names::user)]
    name: UserName,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// List all users.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  daypass user ls
  daypass user ls --json")]
pub struct LsArguments {
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Change what is noted about a user. What is not given stays; an empty text takes a note away.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  daypass user update ann --remark photographer --email ann@example.com")]
pub struct UpdateArguments {
    /// The user's name
    #[arg(value_parser = names::user)]
    name: UserName,
    /// A note about the user
    #[arg(long, value_name = "TEXT")]
    remark: Option<String>,
    #[command(flatten)]
    contact: ContactArguments,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Remove a user. Its temporary keys end with it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  daypass user rm ann
  daypass user rm ann --force")]
pub struct RmArguments {
    /// The user's name
    #[arg(value_parser = names::user)]
    name: UserName,
    /// Remove the user's access keys as well instead of refusing
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Add(arguments) => add(arguments).await,
        Command::Get(arguments) => get(arguments).await,
        Command::Ls(arguments) => ls(arguments).await,
        Command::Update(arguments) => update(arguments).await,
        Command::Rm(arguments) => rm(arguments).await,
        Command::Boundary(command) => boundary::run(command).await,
    }
}

async fn add(arguments: AddArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let create = CreateUser {
        name: arguments.name,
        remark: arguments.remark,
        contact: arguments.contact.contact(),
        with_access_key: arguments.with_key,
    };
    let (user, key) = client.add_user(create).await.context("cannot make the user")?;
    let mut json = user_json(&user);
    let mut fields = user_fields(&user);
    if let Some(key) = key {
        let (id, secret) = (key.access_key.id.as_str(), key.secret_key.expose());
        if let Some(object) = json.as_object_mut() {
            object.insert("secret_id".to_owned(), json!(id));
            object.insert("secret_key".to_owned(), json!(secret));
        }
        fields.push(("secret-id", id.to_owned()));
        fields.push(("secret-key", secret.to_owned()));
    }
    output::one(&json, arguments.json, &fields)
}

async fn get(arguments: GetArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let user = client.get_user(&arguments.name).await;
    let user = user.with_context(|| format!("cannot look at the user `{}`", arguments.name))?;
    output::one(&user_json(&user), arguments.json, &user_fields(&user))
}

async fn ls(arguments: LsArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let users = client.list_users().await.context("cannot list the users")?;
    let row = |user: &User| {
        let (name, remark) = (user.name.to_string(), user.remark.clone());
        vec![user.uin.to_string(), name, shown_moment(user.created), remark]
    };
    output::list(
        &users,
        arguments.json,
        user_json,
        &["UIN", "NAME", "CREATED", "REMARK"],
        row,
    )
}

async fn update(arguments: UpdateArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let failed = format!("cannot change the user `{}`", arguments.name);
    let update = UpdateUser {
        name: arguments.name,
        remark: arguments.remark,
        phone_number: arguments.contact.phone,
        country_code: arguments.contact.country_code,
        email: arguments.contact.email,
    };
    client.update_user(update).await.context(failed)
}

async fn rm(arguments: RmArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let failed = format!("cannot remove the user `{}`", arguments.name);
    let delete = DeleteUser {
        name: arguments.name,
        force: arguments.force,
    };
    client.delete_user(delete).await.context(failed)
}

/// When a user was made is told by the list only.
fn user_fields(user: &User) -> Vec<(&'static str, String)> {
    vec![
        ("uin", user.uin.to_string()),
        ("name", user.name.to_string()),
        ("remark", user.remark.clone()),
        ("phone", user.contact.phone_number.clone()),
        ("country-code", user.contact.country_code.clone()),
        ("email", user.contact.email.clone()),
    ]
}

pub(crate) fn user_json(user: &User) -> Json {
    json!({
        "uin": user.uin.0,
        "name": user.name.as_str(),
        "remark": user.remark,
        "phone": user.contact.phone_number,
        "country_code": user.contact.country_code,
        "email": user.contact.email,
        "created": moment(user.created),
    })
}
