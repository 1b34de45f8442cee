//! `daypass policy update`, `daypass policy entities` and `daypass policy reach`

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use daypass_api::names::PolicyId;
use daypass_api::operation::{
    AttachmentReach, EntityFilter, Paging, PolicyRef, PolicyScope, UpdatePolicy, UserPolicies,
};
use daypass_api::outcome::{PolicyEntity, UserPolicy};
use serde_json::{Value as Json, json};

use crate::connection::ServiceArguments;
use crate::document;
use crate::output::{self, moment, shown_moment};
use crate::policy::kind;
use crate::subject::UserArguments;

/// Change a policy. What is not given stays; a document takes the place of the default version's.
#[derive(Args, Debug)]
pub struct UpdateArguments {
    /// The policy's number
    id: PolicyId,
    /// File with the new document, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
    /// A note about the policy
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    service: ServiceArguments,
}

/// List who has a policy.
#[derive(Args, Debug)]
pub struct EntitiesArguments {
    /// The policy's number
    id: PolicyId,
    /// Which kinds
    #[arg(long, value_enum, default_value_t = Kind::All)]
    kind: Kind,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// List all policies of a user, those of its groups too.
#[derive(Args, Debug)]
pub struct ReachArguments {
    #[command(flatten)]
    user: UserArguments,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Who can have a policy.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All
    All,
    /// Users
    User,
    /// Groups
    Group,
    /// Roles
    Role,
}

pub(crate) async fn update(arguments: UpdateArguments) -> Result<()> {
    let document = arguments.document.as_deref().map(document::read).transpose()?;
    let client = arguments.service.actions()?;
    let update = UpdatePolicy {
        policy: PolicyRef::Id(arguments.id),
        description: arguments.description,
        document,
        alias: None,
    };
    let updated = client.update_policy(update).await;
    updated.with_context(|| format!("cannot change the policy {}", arguments.id))
}

pub(crate) async fn entities(arguments: EntitiesArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let filter = match arguments.kind {
        Kind::All => EntityFilter::All,
        Kind::User => EntityFilter::Users,
        Kind::Group => EntityFilter::Groups,
        Kind::Role => EntityFilter::Roles,
    };
    let entities = client.list_policy_entities(arguments.id, filter).await;
    let entities = entities.context("cannot list who has the policy")?;
    let row = |entity: &PolicyEntity| {
        let (kind, id, name, attached) = parts(entity);
        vec![
            kind.to_owned(),
            id.to_string(),
            name.to_owned(),
            shown_moment(attached),
        ]
    };
    let json = |entity: &PolicyEntity| -> Json {
        let (kind, id, name, attached) = parts(entity);
        let id = match entity {
            // Too large for what some readers of JSON take numbers for.
            PolicyEntity::Role { .. } => Json::from(id.to_string()),
            PolicyEntity::User { .. } | PolicyEntity::Group { .. } => Json::from(id),
        };
        json!({ "kind": kind, "id": id, "name": name, "attached": moment(attached) })
    };
    let head = ["KIND", "ID", "NAME", "SINCE"];
    output::list(&entities, arguments.json, json, &head, row)
}

/// A user by the number of its identity, a group and a role by its own.
fn parts(entity: &PolicyEntity) -> (&'static str, u64, &str, daypass_api::Timestamp) {
    match entity {
        PolicyEntity::User {
            uin, name, attached, ..
        } => ("user", uin.0, name, *attached),
        PolicyEntity::Group { id, name, attached } => ("group", id.0, name, *attached),
        PolicyEntity::Role { id, name, attached } => ("role", id.0, name, *attached),
    }
}

pub(crate) async fn reach(arguments: ReachArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let list = UserPolicies {
        uin: arguments.user.uin(&client).await?,
        reach: AttachmentReach::All,
        scope: PolicyScope::All,
        keyword: None,
        paging: Paging {
            page: 1,
            page_size: 200,
        },
    };
    let policies = client.list_user_policies(&list).await;
    let policies = policies.context("cannot list the policies")?;
    let groups = |policy: &UserPolicy| -> Vec<String> {
        policy.groups.iter().map(|(_, name)| name.to_string()).collect()
    };
    let row = |policy: &UserPolicy| {
        let (kind, since) = (kind(policy.preset).to_owned(), shown_moment(policy.attached));
        let (id, name) = (policy.id.to_string(), policy.name.to_string());
        vec![id, name, kind, since, groups(policy).join(", ")]
    };
    let json = |policy: &UserPolicy| -> Json {
        json!({
            "id": policy.id.0,
            "name": policy.name.as_str(),
            "kind": kind(policy.preset),
            "attached": moment(policy.attached),
            "groups": groups(policy),
        })
    };
    let head = ["ID", "NAME", "KIND", "SINCE", "THROUGH GROUPS"];
    output::list(&policies, arguments.json, json, &head, row)
}
