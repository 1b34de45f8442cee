//! `daypass oidc`

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use daypass_api::names::ProviderName;
use daypass_api::operation::{ProviderOperation, ProviderSettings};
use daypass_api::outcome::Provider;
use serde_json::{Value as Json, json};

use crate::connection::ServiceArguments;
use crate::output::{self, printable_lines};
use crate::{document, names};

/// Identity providers: whose word lets somebody without a key act as a role that trusts them.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a provider
    #[command(
        after_long_help = "Examples:\n  daypass oidc create ci --issuer https://token.example.org --audience daypass\n  \
        daypass oidc create lab --issuer https://id.lab.example --audience a --audience b --keys jwks.json\n\n\
        A trust policy that lets whom the provider vouches for act as a role:\n  \
        {\"version\": \"2.0\", \"statement\": [{\"effect\": \"allow\", \"action\": \"name/sts:AssumeRoleWithWebIdentity\",\n    \
        \"principal\": {\"federated\": [\"qcs::cam::uin/100000000001:oidc-provider/ci\"]},\n    \
        \"condition\": {\"string_equal\": {\"oidc:sub\": \"repo:team/app\"}}}]}"
    )]
    Create(SettingsArguments),
    /// Show a provider
    #[command(after_long_help = "Examples:\n  daypass oidc get ci\n  daypass oidc get ci --json")]
    Get(GetArguments),
    /// Say anew all about a provider; sessions that it would not begin any more end
    #[command(
        after_long_help = "Example:\n  daypass oidc update ci --issuer https://token.example.org --audience other"
    )]
    Update(SettingsArguments),
    /// Remove a provider; the sessions that began with it end
    #[command(after_long_help = "Example:\n  daypass oidc rm ci")]
    Rm(NameArguments),
}

/// All about a provider.
#[derive(Args, Debug)]
pub struct SettingsArguments {
    /// The provider's name
    #[arg(value_parser = names::provider)]
    name: ProviderName,
    /// Who issues its tokens, as the tokens say it
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// For whom tokens must be issued; may be given several times
    #[arg(long = "audience", value_name = "ID", required = true)]
    audiences: Vec<String>,
    /// File with its keys as a JSON Web Key Set; without one the issuer is asked for them
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// A note about it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    service: ServiceArguments,
}

/// One provider, shown.
#[derive(Args, Debug)]
pub struct GetArguments {
    /// The provider's name
    #[arg(value_parser = names::provider)]
    name: ProviderName,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// One provider.
#[derive(Args, Debug)]
pub struct NameArguments {
    /// The provider's name
    #[arg(value_parser = names::provider)]
    name: ProviderName,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Create(arguments) => settle(arguments, ProviderOperation::Create, "make").await,
        Command::Update(arguments) => settle(arguments, ProviderOperation::Update, "change").await,
        Command::Get(arguments) => get(arguments).await,
        Command::Rm(arguments) => {
            let client = arguments.service.actions()?;
            let name = arguments.name;
            let removed = client
                .change_provider(ProviderOperation::Delete(name.clone()))
                .await;
            removed.with_context(|| format!("cannot remove the provider `{name}`"))
        }
    }
}

async fn settle(
    arguments: SettingsArguments,
    operation: fn(ProviderSettings) -> ProviderOperation,
    verb: &str,
) -> Result<()> {
    let SettingsArguments {
        name,
        issuer,
        audiences,
        keys,
        description,
        service,
    } = arguments;
    let settings = ProviderSettings {
        name: name.clone(),
        issuer,
        audiences,
        keys: keys.as_deref().map(document::read).transpose()?,
        description,
    };
    let settled = service.actions()?.change_provider(operation(settings)).await;
    settled.with_context(|| format!("cannot {verb} the provider `{name}`"))
}

async fn get(arguments: GetArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let provider = client.get_provider(&arguments.name).await;
    let provider = provider.with_context(|| format!("cannot look at the provider `{}`", arguments.name))?;
    if arguments.json {
        return output::write(output::json_line(&provider_json(&provider)).as_bytes());
    }
    let keys = match provider.keys {
        None => "from the issuer",
        Some(_) => "given",
    };
    let fields = output::field_lines(&[
        ("name", provider.name.to_string()),
        ("issuer", provider.issuer.clone()),
        ("audiences", provider.audiences.join(" ")),
        ("keys", keys.to_owned()),
        ("description", provider.description.clone()),
    ]);
    let given = provider.keys.as_deref().map(printable_lines);
    let given = given.map(|text| format!("\n{text}")).unwrap_or_default();
    output::write(format!("{fields}{given}").as_bytes())
}

fn provider_json(provider: &Provider) -> Json {
    json!({
        "name": provider.name.as_str(),
        "issuer": provider.issuer,
        "audiences": provider.audiences,
        "keys": provider.keys,
        "description": provider.description,
    })
}
