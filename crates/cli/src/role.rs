//! `daypass role`

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use daypass_api::names::{PolicyId, RoleId, RoleName};
use daypass_api::operation::{NewRole, PolicyRef, RoleOperation, RoleRef};
use daypass_api::outcome::{AttachedPolicy, Role};
use daypass_client::ActionClient;
use serde_json::{Value as Json, json};

use crate::connection::ServiceArguments;
use crate::output::{self, moment, printable_lines, shown_moment};
use crate::{boundary, document, names};

/// Roles: rights that others may act with for a while.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a role, and print its number
    #[command(
        after_long_help = "Examples:\n  daypass role create uploader --trust trust.json\n  \
        daypass role create uploader --trust trust.json --session-seconds 3600 --tag team=photos\n\n\
        A trust policy that lets every user of the account act as the role who is allowed to by a policy of his own:\n  \
        {\"version\": \"2.0\", \"statement\": [{\"effect\": \"allow\", \"action\": \"name/sts:AssumeRole\",\n    \
        \"principal\": {\"qcs\": [\"qcs::cam::uin/100000000001:root\"]}}]}"
    )]
    Create(CreateArguments),
    /// Show a role with its trust policy
    #[command(after_long_help = "Examples:\n  daypass role get uploader\n  daypass role get uploader --json")]
    Get(GetArguments),
    /// List roles
    #[command(after_long_help = "Examples:\n  daypass role ls\n  daypass role ls --tag team=photos --json")]
    Ls(LsArguments),
    /// Remove a role; its sessions end with it
    #[command(after_long_help = "Example:\n  daypass role rm uploader")]
    Rm(RoleArguments),
    /// Say anew who may act as a role
    #[command(after_long_help = "Example:\n  daypass role trust uploader --document trust.json")]
    Trust(TrustArguments),
    /// Change the note about a role, or the longest life of its sessions
    #[command(after_long_help = "Example:\n  daypass role update uploader --session-seconds 7200")]
    Update(UpdateArguments),
    /// Give a role tags
    #[command(after_long_help = "Example:\n  daypass role tag uploader team=photos stage=test")]
    Tag(TagArguments),
    /// Take tags from a role
    #[command(after_long_help = "Example:\n  daypass role untag uploader team")]
    Untag(UntagArguments),
    /// Give a policy to a role
    #[command(after_long_help = "Example:\n  daypass role attach uploader 100000001")]
    Attach(PolicyArguments),
    /// Take a policy from a role
    #[command(after_long_help = "Example:\n  daypass role detach uploader 100000001")]
    Detach(PolicyArguments),
    /// List the policies of a role
    #[command(after_long_help = "Example:\n  daypass role attached uploader")]
    Attached(GetArguments),
    /// Show, set or remove the policy that bounds a role
    #[command(
        after_long_help = "Examples:\n  daypass role boundary uploader\n  daypass role boundary uploader --set 100000001\n  \
        daypass role boundary uploader --remove"
    )]
    Boundary(BoundaryArguments),
}

/// Make a role, and print its number.
#[derive(Args, Debug)]
pub struct CreateArguments {
    /// The role's name
    #[arg(value_parser = names::role)]
    name: RoleName,
    /// File with the policy that says who may act as it, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    trust: PathBuf,
    /// A note about the role
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// The longest life of its sessions; 0 for the longest that there is
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    session_seconds: i64,
    /// A tag
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = names::tag)]
    tags: Vec<(String, String)>,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// One role, shown.
#[derive(Args, Debug)]
pub struct GetArguments {
    /// The role's name
    #[arg(value_parser = names::role)]
    name: RoleName,
    /// JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// List roles.
#[derive(Args, Debug)]
pub struct LsArguments {
    /// Only roles with this tag
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = names::tag)]
    tags: Vec<(String, String)>,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// One role.
#[derive(Args, Debug)]
pub struct RoleArguments {
    /// The role's name
    #[arg(value_parser = names::role)]
    name: RoleName,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Who may act as a role.
#[derive(Args, Debug)]
pub struct TrustArguments {
    /// The role's name
    #[arg(value_parser = names::role)]
    name: RoleName,
    /// File with the policy, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    document: PathBuf,
    #[command(flatten)]
    service: ServiceArguments,
}

/// What is changed about a role.
#[derive(Args, Debug)]
pub struct UpdateArguments {
    /// The role's name
    #[arg(value_parser = names::role)]
    name: RoleName,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    service: ServiceArguments,
}

/// At least one of them.
#[derive(Args, Debug)]
#[group(multiple = true, required = true)]
struct Changes {
    /// The new note
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The longest life of its sessions; 0 for the longest that there is
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    session_seconds: Option<i64>,
}

/// Tags for a role.
#[derive(Args, Debug)]
pub struct TagArguments {
    /// The role's name
    #[arg(value_parser = names::role)]
    name: RoleName,
    /// The tags
    #[arg(value_name = "KEY=VALUE", required = true, value_parser = names::tag)]
    tags: Vec<(String, String)>,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Tags to take from a role.
#[derive(Args, Debug)]
pub struct UntagArguments {
    /// The role's name
    #[arg(value_parser = names::role)]
    name: RoleName,
    /// The tags' keys
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
    #[command(flatten)]
    service: ServiceArguments,
}

/// One role and one policy.
#[derive(Args, Debug)]
pub struct PolicyArguments {
    /// The role's name
    #[arg(value_parser = names::role)]
    name: RoleName,
    /// The policy's number
    policy: PolicyId,
    #[command(flatten)]
    service: ServiceArguments,
}

/// What bounds a role.
#[derive(Args, Debug)]
pub struct BoundaryArguments {
    /// The role's name
    #[arg(value_parser = names::role)]
    name: RoleName,
    /// Let this policy bound the role
    #[arg(long, value_name = "POLICY", conflicts_with_all = ["remove", "json"])]
    set: Option<PolicyId>,
    /// Let nothing bound the role
    #[arg(long, conflicts_with = "json")]
    remove: bool,
    /// One line of JSON; `null` without a boundary
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Create(arguments) => create(arguments).await,
        Command::Get(arguments) => get(arguments).await,
        Command::Ls(arguments) => ls(arguments).await,
        Command::Rm(arguments) => {
            let operation = RoleOperation::Delete(named(&arguments.name));
            change(&arguments.service.actions()?, &arguments.name, operation).await
        }
        Command::Trust(arguments) => {
            let operation = RoleOperation::UpdateTrust {
                role: named(&arguments.name),
                document: document::read(&arguments.document)?,
            };
            change(&arguments.service.actions()?, &arguments.name, operation).await
        }
        Command::Update(arguments) => update(arguments).await,
        Command::Tag(arguments) => {
            let (role, tags) = (named(&arguments.name), arguments.tags);
            let operation = RoleOperation::Tag { role, tags };
            change(&arguments.service.actions()?, &arguments.name, operation).await
        }
        Command::Untag(arguments) => {
            let (role, keys) = (named(&arguments.name), arguments.keys);
            let operation = RoleOperation::Untag { role, keys };
            change(&arguments.service.actions()?, &arguments.name, operation).await
        }
        Command::Attach(arguments) => {
            let (role, policy) = (named(&arguments.name), PolicyRef::Id(arguments.policy));
            let operation = RoleOperation::AttachPolicy { role, policy };
            change(&arguments.service.actions()?, &arguments.name, operation).await
        }
        Command::Detach(arguments) => {
            let (role, policy) = (named(&arguments.name), PolicyRef::Id(arguments.policy));
            let operation = RoleOperation::DetachPolicy { role, policy };
            change(&arguments.service.actions()?, &arguments.name, operation).await
        }
        Command::Attached(arguments) => attached(arguments).await,
        Command::Boundary(arguments) => bound(arguments).await,
    }
}

fn named(name: &RoleName) -> RoleRef {
    RoleRef::Name(name.clone())
}

async fn change(client: &ActionClient, name: &RoleName, operation: RoleOperation) -> Result<()> {
    let changed = client.change_role(operation).await;
    changed.with_context(|| format!("cannot change the role `{name}`"))
}

async fn create(arguments: CreateArguments) -> Result<()> {
    let document = document::read(&arguments.trust)?;
    let client = arguments.service.actions()?;
    let role = NewRole {
        name: arguments.name,
        document,
        description: arguments.description,
        console_login: false,
        session_duration: arguments.session_seconds,
        tags: arguments.tags,
    };
    let id: RoleId = client.create_role(role).await.context("cannot make the role")?;
    let text = if arguments.json {
        output::json_line(&json!({ "id": id.to_string() }))
    } else {
        format!("{id}\n")
    };
    output::write(text.as_bytes())
}

async fn get(arguments: GetArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let role = client.get_role(&named(&arguments.name)).await;
    let role = role.with_context(|| format!("cannot look at the role `{}`", arguments.name))?;
    if arguments.json {
        return output::write(output::json_line(&role_json(&role)).as_bytes());
    }
    let fields = output::field_lines(&[
        ("id", role.id.to_string()),
        ("name", role.name.to_string()),
        ("session-seconds", seconds(role.session_duration)),
        ("tags", tags(&role)),
        ("description", role.description.clone()),
        ("created", shown_moment(role.created)),
        ("updated", shown_moment(role.updated)),
    ]);
    output::write(format!("{fields}\n{}", printable_lines(&role.document)).as_bytes())
}

async fn ls(arguments: LsArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let roles = client.list_roles(&arguments.tags).await;
    let roles = roles.context("cannot list the roles")?;
    let row = |role: &Role| {
        let (name, seconds) = (role.name.to_string(), seconds(role.session_duration));
        vec![
            role.id.to_string(),
            name,
            seconds,
            tags(role),
            role.description.clone(),
        ]
    };
    let head = ["ID", "NAME", "SECONDS", "TAGS", "DESCRIPTION"];
    output::list(&roles, arguments.json, role_json, &head, row)
}

async fn update(arguments: UpdateArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let role = named(&arguments.name);
    let Changes {
        description,
        session_seconds,
    } = arguments.changes;
    if let Some(description) = description {
        let role = role.clone();
        let operation = RoleOperation::UpdateDescription { role, description };
        change(&client, &arguments.name, operation).await?;
    }
    if let Some(seconds) = session_seconds {
        let operation = RoleOperation::UpdateSessionDuration { role, seconds };
        change(&client, &arguments.name, operation).await?;
    }
    Ok(())
}

async fn attached(arguments: GetArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let policies = client
        .list_attached_role_policies(&named(&arguments.name))
        .await
        .context("cannot list the policies")?;
    let row = |policy: &AttachedPolicy| {
        vec![
            policy.id.to_string(),
            policy.name.to_string(),
            shown_moment(policy.attached),
            policy.description.clone(),
        ]
    };
    let json = |policy: &AttachedPolicy| {
        json!({
            "id": policy.id.0,
            "name": policy.name.as_str(),
            "attached": moment(policy.attached),
            "description": policy.description,
        })
    };
    let head = ["ID", "NAME", "SINCE", "DESCRIPTION"];
    output::list(&policies, arguments.json, json, &head, row)
}

async fn bound(arguments: BoundaryArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let role = named(&arguments.name);
    if let Some(policy_id) = arguments.set {
        let operation = RoleOperation::PutBoundary { role, policy_id };
        return change(&client, &arguments.name, operation).await;
    }
    if arguments.remove {
        let operation = RoleOperation::DeleteBoundary(role);
        return change(&client, &arguments.name, operation).await;
    }
    // The service tells a boundary by the role's number alone.
    let role = client.get_role(&role).await;
    let role = role.with_context(|| format!("cannot look at the role `{}`", arguments.name))?;
    let boundary = client.get_role_boundary(role.id).await;
    let boundary = boundary.context("cannot look at what bounds the role")?;
    boundary::show(boundary, arguments.json)
}

fn seconds(session_duration: i64) -> String {
    match session_duration {
        0 => "-".to_owned(),
        seconds => seconds.to_string(),
    }
}

fn tags(role: &Role) -> String {
    let tags = role.tags.iter().map(|(key, value)| format!("{key}={value}"));
    tags.collect::<Vec<_>>().join(",")
}

/// A role's number is a text: it is too large for what some readers of JSON take numbers for.
fn role_json(role: &Role) -> Json {
    let tags: serde_json::Map<String, Json> = role
        .tags
        .iter()
        .map(|(key, value)| (key.clone(), json!(value)))
        .collect();
    json!({
        "id": role.id.to_string(),
        "name": role.name.as_str(),
        "description": role.description,
        "session_seconds": role.session_duration,
        "tags": tags,
        "created": moment(role.created),
        "updated": moment(role.updated),
        "document": role.document,
    })
}

#[cfg(test)]
mod tests {
    use daypass_api::Timestamp;
    use daypass_api::names::Uin;

    use super::*;

    #[test]
    fn for_a_script() {
        let role = Role {
            id: RoleId(4_611_686_018_427_387_905),
            name: RoleName::parse("dev").unwrap(),
            owner: Uin(900),
            document: "{}".to_owned(),
            description: "d".to_owned(),
            console_login: false,
            session_duration: 0,
            tags: vec![("a".to_owned(), "b".to_owned())],
            created: Timestamp::from_unix_seconds(1_700_000_000),
            updated: Timestamp::from_unix_seconds(1_700_000_000),
        };
        let expected = r#"{"created":"2023-11-14T22:13:20Z","description":"d","document":"{}","id":"4611686018427387905","name":"dev","session_seconds":0,"tags":{"a":"b"},"updated":"2023-11-14T22:13:20Z"}"#;
        assert_eq!(role_json(&role).to_string(), expected);
        assert_eq!((tags(&role).as_str(), seconds(0).as_str()), ("a=b", "-"));
    }
}
