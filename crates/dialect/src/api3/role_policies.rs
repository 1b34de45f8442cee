//! Which role has which policies, and the parameters about what bounds it: both ways. What bounds a role is answered
//! as what bounds a user.

use daypass_api::names::{PolicyId, PolicyName, RoleId};
use daypass_api::operation::{Paging, PolicyRef, PolicyScope, RoleOperation, RoleRef};
use daypass_api::outcome::{AttachedPolicy, Page};
use daypass_api::{Error, ErrorCode, Outcome};
use serde_json::{Value as Json, json};

use super::attachments::{TYPE_CUSTOM, TYPE_PRESET};
use super::fields::{Fields, missing};
use super::object::{with, with_some};
use super::policies;
use super::reply::{AnswerError, Reply};
use super::roles::{named, role, role_called};

pub(super) fn read_attach(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    Ok(RoleOperation::AttachPolicy {
        role: role_called(fields, "AttachRoleId", "AttachRoleName")?,
        policy: policies::read_ref(fields)?,
    })
}

pub(super) fn read_detach(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    Ok(RoleOperation::DetachPolicy {
        role: role_called(fields, "DetachRoleId", "DetachRoleName")?,
        policy: policies::read_ref(fields)?,
    })
}

pub(super) fn read_list(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    Ok(RoleOperation::ListAttachedPolicies {
        role: role(fields)?,
        scope: match fields.some_text("PolicyType")? {
            None => PolicyScope::All,
            Some(TYPE_CUSTOM) => PolicyScope::Custom,
            Some(TYPE_PRESET) => PolicyScope::Preset,
            Some(_) => {
                let message = "`PolicyType` is neither `User` nor `QCS`";
                return Err(Error::with_message(ErrorCode::ParamError, message));
            }
        },
        keyword: fields.keyword()?,
        paging: fields.required_paging()?,
    })
}

pub(super) fn read_put_boundary(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    Ok(RoleOperation::PutBoundary {
        role: role(fields)?,
        policy_id: fields.policy_id()?,
    })
}

pub(super) fn read_delete_boundary(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    role(fields).map(RoleOperation::DeleteBoundary)
}

/// By its number alone, unlike the other two.
pub(super) fn read_get_boundary(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    let id = fields.digits("RoleId")?.ok_or_else(|| missing("RoleId"))?;
    RoleId::parse(&id)
        .map(RoleRef::Id)
        .map(RoleOperation::GetBoundary)
}

pub(super) fn attach_parameters(role: &RoleRef, policy: &PolicyRef) -> Json {
    with_policy(attached("AttachRoleId", "AttachRoleName", role), policy)
}

pub(super) fn detach_parameters(role: &RoleRef, policy: &PolicyRef) -> Json {
    with_policy(attached("DetachRoleId", "DetachRoleName", role), policy)
}

pub(super) fn list_parameters(
    role: &RoleRef,
    scope: PolicyScope,
    keyword: Option<&str>,
    paging: Paging,
) -> Json {
    let kind = match scope {
        PolicyScope::All => None,
        PolicyScope::Custom => Some(TYPE_CUSTOM),
        PolicyScope::Preset => Some(TYPE_PRESET),
    };
    let parameters = json!({ "Page": paging.page, "Rp": paging.page_size });
    let parameters = with_some(named(parameters, role), "PolicyType", kind);
    with_some(parameters, "Keyword", keyword)
}

fn attached(id: &str, name: &str, role: &RoleRef) -> Json {
    match role {
        RoleRef::Id(number) => with(json!({}), id, number.to_string()),
        RoleRef::Name(text) => with(json!({}), name, text.as_str()),
    }
}

fn with_policy(object: Json, policy: &PolicyRef) -> Json {
    match policy {
        PolicyRef::Id(id) => with(object, "PolicyId", id.0),
        PolicyRef::Name(name) => with(object, "PolicyName", name.as_str()),
    }
}

pub(super) fn write_attached(page: &Page<AttachedPolicy>) -> Json {
    json!({
        "TotalNum": page.total,
        "List": page.entries.iter().map(write_one).collect::<Json>(),
    })
}

fn write_one(policy: &AttachedPolicy) -> Json {
    json!({
        "PolicyId": policy.id.0,
        "PolicyName": policy.name.as_str(),
        "AddTime": policy.attached.cam_time(),
        "PolicyType": if policy.preset { TYPE_PRESET } else { TYPE_CUSTOM },
        "CreateMode": policies::mode_number(policy.preset),
        "Deactived": 0,
        "DeactivedDetail": [],
        "Description": policy.description,
    })
}

pub(super) fn read_attached(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let one = |reply: Reply<'_>| {
        Ok(AttachedPolicy {
            id: PolicyId(reply.number("PolicyId")?),
            name: reply.parsed("PolicyName", PolicyName::parse)?,
            preset: reply.text("PolicyType")? == TYPE_PRESET,
            attached: reply.time("AddTime")?,
            description: reply.optional_text("Description")?.unwrap_or_default().to_owned(),
        })
    };
    reply.page("List", one).map(Outcome::RolePolicies)
}
