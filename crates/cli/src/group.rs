//! `daypass group`

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use daypass_api::names::{GroupId, GroupName, PolicyId, Uin, UserName};
use daypass_api::operation::{Membership, NewGroup, UpdateGroup, UserRef};
use daypass_api::outcome::{Group, User};
use serde_json::{Value as Json, json};

use crate::connection::ServiceArguments;
use crate::output::{self, moment, shown_moment};
use crate::subject::UserArguments;
use crate::{names, policy, user};

/// Groups of users, and their policies.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a group, and print its number
    #[command(after_long_help = "Example:\n  daypass group create photographers")]
    Create(CreateArguments),
    /// List groups, all or those of one user
    #[command(after_long_help = "Examples:\n  daypass group ls\n  daypass group ls --user ann --json")]
    Ls(LsArguments),
    /// Change a group
    #[command(after_long_help = "Example:\n  daypass group update 3 --name painters")]
    Update(UpdateArguments),
    /// Remove a group; its members lose what it gave them
    #[command(after_long_help = "Example:\n  daypass group rm 3")]
    Rm(OneArguments),
    /// List the members of a group
    #[command(after_long_help = "Example:\n  daypass group members 3")]
    Members(OneListArguments),
    /// Let a user join a group
    #[command(after_long_help = "Example:\n  daypass group add 3 --user ann")]
    Add(MemberArguments),
    /// Let a user leave a group
    #[command(after_long_help = "Example:\n  daypass group remove 3 --user ann")]
    Remove(MemberArguments),
    /// Give a policy to a group
    #[command(after_long_help = "Example:\n  daypass group attach 3 --policy 7")]
    Attach(PolicyArguments),
    /// Take a policy from a group
    #[command(after_long_help = "Example:\n  daypass group detach 3 --policy 7")]
    Detach(PolicyArguments),
    /// List the policies of a group
    #[command(after_long_help = "Example:\n  daypass group attached 3")]
    Attached(OneListArguments),
}

/// Make a group.
#[derive(Args, Debug)]
pub struct CreateArguments {
    /// The group's name
    #[arg(value_parser = names::group)]
    name: GroupName,
    /// A note about the group
    #[arg(long, value_name = "TEXT", default_value = "")]
    remark: String,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// List groups.
#[derive(Args, Debug)]
pub struct LsArguments {
    /// Only groups whose name holds this text
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["user", "uin"])]
    keyword: Option<String>,
    /// Only the groups of this user
    #[arg(long, value_name = "NAME", value_parser = names::user, conflicts_with = "uin")]
    user: Option<UserName>,
    /// Only the groups of the user of this number
    #[arg(long, value_name = "N")]
    uin: Option<Uin>,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Change a group. What is not given stays.
#[derive(Args, Debug)]
pub struct UpdateArguments {
    /// The group's number
    id: GroupId,
    /// Its new name
    #[arg(long, value_parser = names::group)]
    name: Option<GroupName>,
    /// A note about the group
    #[arg(long, value_name = "TEXT")]
    remark: Option<String>,
    #[command(flatten)]
    service: ServiceArguments,
}

/// One group.
#[derive(Args, Debug)]
pub struct OneArguments {
    /// The group's number
    id: GroupId,
    #[command(flatten)]
    service: ServiceArguments,
}

/// A list about one group.
#[derive(Args, Debug)]
pub struct OneListArguments {
    /// The group's number
    id: GroupId,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// One group and one user.
#[derive(Args, Debug)]
pub struct MemberArguments {
    /// The group's number
    id: GroupId,
    #[command(flatten)]
    user: UserArguments,
    #[command(flatten)]
    service: ServiceArguments,
}

/// One group and one policy.
#[derive(Args, Debug)]
pub struct PolicyArguments {
    /// The group's number
    id: GroupId,
    /// The policy's number
    #[arg(long, value_name = "N")]
    policy: PolicyId,
    #[command(flatten)]
    service: ServiceArguments,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Create(arguments) => create(arguments).await,
        Command::Ls(arguments) => ls(arguments).await,
        Command::Update(arguments) => update(arguments).await,
        Command::Rm(arguments) => {
            let removed = arguments.service.actions()?.delete_group(arguments.id).await;
            removed.with_context(|| format!("cannot remove the group {}", arguments.id))
        }
        Command::Members(arguments) => members(arguments).await,
        Command::Add(arguments) => add(arguments).await,
        Command::Remove(arguments) => remove(arguments).await,
        Command::Attach(arguments) => {
            let client = arguments.service.actions()?;
            let attached = client.attach_group_policy(arguments.id, arguments.policy).await;
            attached.with_context(|| format!("cannot attach the policy {}", arguments.policy))
        }
        Command::Detach(arguments) => {
            let client = arguments.service.actions()?;
            let detached = client.detach_group_policy(arguments.id, arguments.policy).await;
            detached.with_context(|| format!("cannot detach the policy {}", arguments.policy))
        }
        Command::Attached(arguments) => {
            let client = arguments.service.actions()?;
            let policies = client.list_attached_group_policies(arguments.id).await;
            policy::print_attached(&policies.context("cannot list the policies")?, arguments.json)
        }
    }
}

async fn create(arguments: CreateArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let new = NewGroup {
        name: arguments.name,
        remark: arguments.remark,
    };
    let id = client.create_group(new).await.context("cannot make the group")?;
    let text = if arguments.json {
        output::json_line(&json!({ "id": id.0 }))
    } else {
        format!("{id}\n")
    };
    output::write(text.as_bytes())
}

async fn ls(arguments: LsArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let of_user = match (arguments.uin, arguments.user) {
        (Some(uin), _) => Some(uin),
        (None, Some(name)) => Some(client.get_user(&name).await?.uin),
        (None, None) => None,
    };
    let groups = match of_user {
        Some(uin) => client.list_groups_of_user(UserRef::Uin(uin)).await,
        None => client.list_groups(arguments.keyword.as_deref()).await,
    };
    let groups = groups.context("cannot list the groups")?;
    let row = |group: &Group| {
        let (name, created) = (group.name.to_string(), shown_moment(group.created));
        vec![group.id.to_string(), name, created, group.remark.clone()]
    };
    let head = ["ID", "NAME", "CREATED", "REMARK"];
    output::list(&groups, arguments.json, group_json, &head, row)
}

async fn update(arguments: UpdateArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let update = UpdateGroup {
        group_id: arguments.id,
        name: arguments.name,
        remark: arguments.remark,
    };
    let updated = client.update_group(update).await;
    updated.with_context(|| format!("cannot change the group {}", arguments.id))
}

async fn members(arguments: OneListArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let members = client.list_users_of_group(arguments.id).await;
    let members = members.context("cannot list the members")?;
    let row = |user: &User| vec![user.uin.to_string(), user.name.to_string(), user.remark.clone()];
    let head = ["UIN", "NAME", "REMARK"];
    output::list(&members, arguments.json, user::user_json, &head, row)
}

async fn add(arguments: MemberArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let user = UserRef::Uin(arguments.user.uin(&client).await?);
    let group_id = arguments.id;
    let added = client
        .add_users_to_groups(vec![Membership { group_id, user }])
        .await;
    added.context("cannot let the user join the group")
}

async fn remove(arguments: MemberArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let user = UserRef::Uin(arguments.user.uin(&client).await?);
    let group_id = arguments.id;
    let removed = client
        .remove_users_from_groups(vec![Membership { group_id, user }])
        .await;
    removed.context("cannot let the user leave the group")
}

fn group_json(group: &Group) -> Json {
    json!({
        "id": group.id.0,
        "name": group.name.as_str(),
        "remark": group.remark,
        "created": moment(group.created),
    })
}
