//! `daypass policy`

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use daypass_api::names::{PolicyId, PolicyName};
use daypass_api::operation::{NewPolicy, PolicyScope};
use daypass_api::outcome::{AttachedPolicy, Policy, PolicySummary};
use daypass_client::ActionClient;
use serde_json::{Value as Json, json};

use crate::connection::ServiceArguments;
use crate::output::{self, moment, printable_lines, shown_moment};
use crate::report::{Misuse, NotThere};
use crate::subject::UserArguments;
use crate::{
    document, effective, explain_policy, judgement, names, policy_holders, policy_version, statement,
};

/// Policies, and who has them.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a policy from a document, and print its number
    #[command(
        after_long_help = "Examples:\n  daypass policy create --name read-photos --document policy.json\n  \
        daypass policy create --name read-photos --document - < policy.json"
    )]
    Create(CreateArguments),
    /// Show a policy with its document
    #[command(after_long_help = "Examples:\n  daypass policy get 7\n  daypass policy get 7 --json")]
    Get(GetArguments),
    /// Show a policy by number or name, with its statements in words
    #[command(
        after_long_help = "Examples:\n  daypass policy show read-photos\n  daypass policy show QcloudCOSReadOnlyAccess\n  \
        daypass policy show 7 --json"
    )]
    Show(ShowArguments),
    /// List policies
    #[command(
        after_long_help = "Examples:\n  daypass policy ls\n  daypass policy ls --scope custom --keyword photos"
    )]
    Ls(LsArguments),
    /// Remove policies, also from whoever has them
    #[command(after_long_help = "Example:\n  daypass policy rm 7 8")]
    Rm(RmArguments),
    /// Give a policy to a user
    #[command(after_long_help = "Example:\n  daypass policy attach 7 --user ann")]
    Attach(AttachmentArguments),
    /// Take a policy from a user
    #[command(after_long_help = "Example:\n  daypass policy detach 7 --user ann")]
    Detach(AttachmentArguments),
    /// Change a policy
    #[command(after_long_help = "Example:\n  daypass policy update 7 --document policy.json")]
    Update(policy_holders::UpdateArguments),
    /// List who has a policy
    #[command(after_long_help = "Example:\n  daypass policy entities 7 --kind group")]
    Entities(policy_holders::EntitiesArguments),
    /// List all policies of a user, those of its groups too
    #[command(after_long_help = "Example:\n  daypass policy reach --user ann")]
    Reach(policy_holders::ReachArguments),
    /// The versions of a policy
    #[command(subcommand)]
    Version(policy_version::Command),
    /// List the policies of a user
    #[command(after_long_help = "Example:\n  daypass policy attached --user ann")]
    Attached(AttachedArguments),
    /// Find what is dangerous, useless or mistaken in a policy
    #[command(after_long_help = judgement::LINT_HELP)]
    Lint(judgement::LintArguments),
    /// Say whether one policy allows only what another allows too
    #[command(after_long_help = judgement::COMPARE_HELP)]
    Compare(judgement::CompareArguments),
    /// Say what several policies allow together
    #[command(after_long_help = effective::HELP)]
    Effective(effective::Arguments),
    /// Say why documents allow a request or not
    #[command(after_long_help = explain_policy::HELP)]
    Explain(explain_policy::Arguments),
}

/// Make a policy from a document, and print its number.
#[derive(Args, Debug)]
pub struct CreateArguments {
    /// The policy's name
    #[arg(long, value_parser = names::policy)]
    name: PolicyName,
    /// File with the document, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    document: PathBuf,
    /// A note about the policy
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// A tag; several may be given
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = names::tag)]
    tags: Vec<(String, String)>,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Show a policy with its document.
#[derive(Args, Debug)]
pub struct GetArguments {
    /// The policy's number
    id: PolicyId,
    /// One line of JSON, the document in it as a text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Show a policy by number or name: its document, laid out, and what its statements say.
#[derive(Args, Debug)]
pub struct ShowArguments {
    /// The policy's number or its name
    #[arg(value_name = "ID|NAME")]
    policy: String,
    /// One line of JSON, the document in it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// List policies.
#[derive(Args, Debug)]
pub struct LsArguments {
    /// Which kinds
    #[arg(long, value_enum, default_value_t = Scope::All)]
    scope: Scope,
    /// Only policies whose name holds this text
    #[arg(long, value_name = "TEXT")]
    keyword: Option<String>,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Remove policies.
#[derive(Args, Debug)]
pub struct RmArguments {
    /// The policies' numbers
    #[arg(required = true)]
    ids: Vec<PolicyId>,
    #[command(flatten)]
    service: ServiceArguments,
}

/// One policy and one user.
#[derive(Args, Debug)]
pub struct AttachmentArguments {
    /// The policy's number
    id: PolicyId,
    #[command(flatten)]
    user: UserArguments,
    #[command(flatten)]
    service: ServiceArguments,
}

/// List the policies of a user.
#[derive(Args, Debug)]
pub struct AttachedArguments {
    #[command(flatten)]
    user: UserArguments,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Which policies to list.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All
    All,
    /// Those that come with the service
    Preset,
    /// The account's own
    Custom,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Create(arguments) => create(arguments).await,
        Command::Get(arguments) => get(arguments).await,
        Command::Show(arguments) => show(arguments).await,
        Command::Ls(arguments) => ls(arguments).await,
        Command::Rm(arguments) => rm(arguments).await,
        Command::Attach(arguments) => attach(arguments).await,
        Command::Detach(arguments) => detach(arguments).await,
        Command::Attached(arguments) => attached(arguments).await,
        Command::Lint(arguments) => judgement::run_lint(arguments).await,
        Command::Compare(arguments) => judgement::run_compare(arguments).await,
        Command::Effective(arguments) => effective::run(arguments).await,
        Command::Explain(arguments) => explain_policy::run(arguments),
        Command::Update(arguments) => policy_holders::update(arguments).await,
        Command::Entities(arguments) => policy_holders::entities(arguments).await,
        Command::Reach(arguments) => policy_holders::reach(arguments).await,
        Command::Version(command) => policy_version::run(command).await,
    }
}

async fn create(arguments: CreateArguments) -> Result<()> {
    let document = document::read(&arguments.document)?;
    let client = arguments.service.actions()?;
    let policy = NewPolicy {
        name: arguments.name,
        document,
        description: arguments.description,
        tags: arguments.tags,
    };
    let id = client
        .create_policy(policy)
        .await
        .context("cannot make the policy")?;
    let text = if arguments.json {
        output::json_line(&json!({ "id": id.0 }))
    } else {
        format!("{id}\n")
    };
    output::write(text.as_bytes())
}

async fn get(arguments: GetArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let policy = client.get_policy(arguments.id).await;
    let policy = policy.with_context(|| format!("cannot look at the policy {}", arguments.id))?;
    let PolicySummary {
        id,
        name,
        description,
        preset,
        created,
        updated,
        tags,
        ..
    } = policy.summary;
    if arguments.json {
        let json = json!({
            "id": id.0,
            "name": name.as_str(),
            "kind": kind(preset),
            "description": description,
            "created": moment(created),
            "updated": moment(updated),
            "tags": tags_json(&tags),
            "document": policy.document,
        });
        return output::write(output::json_line(&json).as_bytes());
    }
    let fields = output::field_lines(&[
        ("id", id.to_string()),
        ("name", name.to_string()),
        ("kind", kind(preset).to_owned()),
        ("description", description),
        ("created", shown_moment(created)),
        ("updated", shown_moment(updated)),
        ("tags", shown_tags(&tags)),
    ]);
    output::write(format!("{fields}\n{}", printable_lines(&policy.document)).as_bytes())
}

async fn show(arguments: ShowArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let shown = || format!("cannot look at the policy `{}`", arguments.policy);
    let id = match arguments.policy.parse() {
        Ok(id) => id,
        Err(_) => number_of(&client, &arguments.policy).await.with_context(shown)?,
    };
    let Policy {
        summary, document, ..
    } = client.get_policy(id).await.with_context(shown)?;
    let parsed: Json = serde_json::from_str(&document).context("the document is not JSON")?;
    if arguments.json {
        let mut json = summary_json(&summary);
        if let Some(object) = json.as_object_mut() {
            // How many have it is told by the list only.
            object.remove("attachments");
            object.remove("boundaries");
            object.insert("document".to_owned(), parsed);
        }
        return output::write(output::json_line(&json).as_bytes());
    }
    let fields = output::field_lines(&[
        ("id", summary.id.to_string()),
        ("name", summary.name.to_string()),
        ("kind", kind(summary.preset).to_owned()),
        ("description", summary.description),
    ]);
    let words = printable_lines(&statement::in_words(&parsed));
    let laid_out = printable_lines(&format!("{parsed:#}"));
    output::write(format!("{fields}\n{words}\n{laid_out}").as_bytes())
}

/// The number of the policy of this name.
async fn number_of(client: &ActionClient, name: &str) -> Result<PolicyId> {
    let name = names::policy(name).map_err(|error| Misuse(error.to_owned()))?;
    let named = client
        .list_policies(PolicyScope::All, Some(name.as_str()))
        .await?;
    let found = named.iter().find(|policy| policy.name == name);
    let found = found.ok_or_else(|| NotThere(format!("there is no policy `{name}`")))?;
    Ok(found.id)
}

async fn ls(arguments: LsArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let scope = match arguments.scope {
        Scope::All => PolicyScope::All,
        Scope::Preset => PolicyScope::Preset,
        Scope::Custom => PolicyScope::Custom,
    };
    let policies = client.list_policies(scope, arguments.keyword.as_deref()).await;
    let policies = policies.context("cannot list the policies")?;
    let row = |policy: &PolicySummary| {
        let (kind, attachments) = (kind(policy.preset).to_owned(), policy.attachments.to_string());
        vec![
            policy.id.to_string(),
            policy.name.to_string(),
            kind,
            attachments,
            policy.description.clone(),
        ]
    };
    let head = ["ID", "NAME", "KIND", "ATTACHED", "DESCRIPTION"];
    output::list(&policies, arguments.json, summary_json, &head, row)
}

async fn rm(arguments: RmArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    client
        .delete_policies(arguments.ids)
        .await
        .context("cannot remove the policies")
}

async fn attach(arguments: AttachmentArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let uin = arguments.user.uin(&client).await?;
    let attached = client.attach_user_policy(uin, arguments.id).await;
    attached.with_context(|| format!("cannot attach the policy {}", arguments.id))
}

async fn detach(arguments: AttachmentArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let uin = arguments.user.uin(&client).await?;
    let detached = client.detach_user_policy(uin, arguments.id).await;
    detached.with_context(|| format!("cannot detach the policy {}", arguments.id))
}

async fn attached(arguments: AttachedArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let uin = arguments.user.uin(&client).await?;
    let policies = client
        .list_attached_user_policies(uin)
        .await
        .context("cannot list the policies")?;
    print_attached(&policies, arguments.json)
}

/// Prints the policies of a user or a group.
pub(crate) fn print_attached(policies: &[AttachedPolicy], as_json: bool) -> Result<()> {
    let row = |policy: &AttachedPolicy| {
        let (kind, attached) = (kind(policy.preset).to_owned(), shown_moment(policy.attached));
        vec![
            policy.id.to_string(),
            policy.name.to_string(),
            kind,
            attached,
            policy.description.clone(),
        ]
    };
    let head = ["ID", "NAME", "KIND", "SINCE", "DESCRIPTION"];
    output::list(policies, as_json, attached_json, &head, row)
}

fn tags_json(tags: &[(String, String)]) -> Json {
    let one = |(key, value): &(String, String)| json!({ "key": key, "value": value });
    tags.iter().map(one).collect()
}

fn shown_tags(tags: &[(String, String)]) -> String {
    let one = |(key, value): &(String, String)| format!("{key}={value}");
    tags.iter().map(one).collect::<Vec<_>>().join(", ")
}

pub(crate) fn kind(preset: bool) -> &'static str {
    if preset { "preset" } else { "custom" }
}

fn summary_json(policy: &PolicySummary) -> Json {
    json!({
        "id": policy.id.0,
        "name": policy.name.as_str(),
        "kind": kind(policy.preset),
        "attachments": policy.attachments,
        "boundaries": policy.boundaries,
        "tags": tags_json(&policy.tags),
        "description": policy.description,
        "created": moment(policy.created),
        "updated": moment(policy.updated),
    })
}

fn attached_json(policy: &AttachedPolicy) -> Json {
    json!({
        "id": policy.id.0,
        "name": policy.name.as_str(),
        "kind": kind(policy.preset),
        "attached": moment(policy.attached),
        "description": policy.description,
    })
}
