//! Roles: parameters and answers, both ways.
//!
//! Who may act as a role passes as text: what it says is checked by whoever stores it. A number of a role is a text,
//! but for two actions that write it as a number; either is read everywhere.

use daypass_api::names::{RoleId, RoleName, Uin};
use daypass_api::operation::{
    MAX_ROLE_DESCRIPTION_BYTES, MAX_ROLE_SECONDS, MAX_ROLE_TAGS, NewRole, RoleOperation, RoleRef,
};
use daypass_api::outcome::{Page, Role};
use daypass_api::{Error, ErrorCode, Outcome};
use serde_json::{Value as Json, json};

use super::action::Action;
use super::assume::arn;
use super::fields::{Fields, missing};
use super::object::with;
use super::reply::{AnswerError, Reply, malformed};
use super::{boundaries, role_policies, tags};

pub(super) fn read_create(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    Ok(RoleOperation::Create(NewRole {
        name: RoleName::parse(fields.required_text("RoleName")?)?,
        document: fields.required_text("PolicyDocument")?.to_owned(),
        description: description(fields.text("Description")?.unwrap_or_default())?,
        console_login: fields.flag("ConsoleLogin")?,
        session_duration: fields
            .integer("SessionDuration")?
            .map_or(Ok(0), session_duration)?,
        tags: tags::read(fields, MAX_ROLE_TAGS)?,
    }))
}

pub(super) fn read_get(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    role(fields).map(RoleOperation::Get)
}

pub(super) fn read_list(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    Ok(RoleOperation::List {
        tags: tags::read(fields, MAX_ROLE_TAGS)?,
        paging: fields.required_paging()?,
    })
}

pub(super) fn read_delete(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    role(fields).map(RoleOperation::Delete)
}

pub(super) fn read_trust(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    Ok(RoleOperation::UpdateTrust {
        role: role(fields)?,
        document: fields.required_text("PolicyDocument")?.to_owned(),
    })
}

pub(super) fn read_description(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    Ok(RoleOperation::UpdateDescription {
        role: role(fields)?,
        description: description(fields.required_text("Description")?)?,
    })
}

pub(super) fn read_session_duration(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    let seconds = fields.integer("SessionDuration")?;
    Ok(RoleOperation::UpdateSessionDuration {
        role: role(fields)?,
        seconds: session_duration(seconds.ok_or_else(|| missing("SessionDuration"))?)?,
    })
}

pub(super) fn read_console_login(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    fields
        .integer("ConsoleLogin")?
        .ok_or_else(|| missing("ConsoleLogin"))?;
    Ok(RoleOperation::UpdateConsoleLogin {
        role: role(fields)?,
        allowed: fields.flag("ConsoleLogin")?,
    })
}

pub(super) fn read_tag(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    Ok(RoleOperation::Tag {
        role: role(fields)?,
        tags: tags::read_required(fields, MAX_ROLE_TAGS)?,
    })
}

pub(super) fn read_untag(fields: &mut Fields<'_>) -> Result<RoleOperation, Error> {
    let keys = fields.required_texts("TagKeys", MAX_ROLE_TAGS, ErrorCode::TagParamError)?;
    Ok(RoleOperation::Untag {
        role: role(fields)?,
        keys: keys.into_iter().map(str::to_owned).collect(),
    })
}

/// `RoleId` or `RoleName`.
pub(super) fn role(fields: &mut Fields<'_>) -> Result<RoleRef, Error> {
    role_called(fields, "RoleId", "RoleName")
}

/// A role by its number or its name, never by both: they might be two.
pub(super) fn role_called(
    fields: &mut Fields<'_>,
    id: &'static str,
    name: &'static str,
) -> Result<RoleRef, Error> {
    match (fields.digits(id)?, fields.some_text(name)?) {
        (Some(id), None) => RoleId::parse(&id).map(RoleRef::Id),
        (None, Some(name)) => RoleName::parse(name).map(RoleRef::Name),
        (None, None) => Err(missing(name)),
        (Some(_), Some(_)) => Err(Error::with_message(
            ErrorCode::ParamError,
            format!("`{id}` and `{name}` are both given"),
        )),
    }
}

fn description(text: &str) -> Result<String, Error> {
    if text.len() > MAX_ROLE_DESCRIPTION_BYTES {
        let message = format!("the description is longer than {MAX_ROLE_DESCRIPTION_BYTES} bytes");
        return Err(Error::with_message(ErrorCode::DescriptionTooLong, message));
    }
    Ok(text.to_owned())
}

fn session_duration(seconds: i128) -> Result<i64, Error> {
    match i64::try_from(seconds) {
        Ok(seconds) if (0..=MAX_ROLE_SECONDS).contains(&seconds) => Ok(seconds),
        _ => Err(Error::with_message(
            ErrorCode::ParamError,
            format!("`SessionDuration` is not between 0 and {MAX_ROLE_SECONDS}"),
        )),
    }
}

/// The client's call.
pub(super) fn parameters(operation: &RoleOperation) -> (Action, Json) {
    use RoleOperation as Op;
    let of = |role| named(json!({}), role);
    match operation {
        Op::Create(new) => (Action::CreateRole, create_parameters(new)),
        Op::Get(role) => (Action::GetRole, of(role)),
        Op::List { tags, paging } => {
            let parameters =
                json!({ "Page": paging.page, "Rp": paging.page_size, "Tags": tags::write(tags) });
            (Action::DescribeRoleList, parameters)
        }
        Op::Delete(role) => (Action::DeleteRole, of(role)),
        Op::UpdateTrust { role, document } => (
            Action::UpdateAssumeRolePolicy,
            with(of(role), "PolicyDocument", document.as_str()),
        ),
        Op::UpdateDescription { role, description } => (
            Action::UpdateRoleDescription,
            with(of(role), "Description", description.as_str()),
        ),
        Op::UpdateSessionDuration { role, seconds } => (
            Action::UpdateRoleSessionDuration,
            with(numbered(role), "SessionDuration", *seconds),
        ),
        Op::UpdateConsoleLogin { role, allowed } => (
            Action::UpdateRoleConsoleLogin,
            with(numbered(role), "ConsoleLogin", u8::from(*allowed)),
        ),
        Op::Tag { role, tags } => (Action::TagRole, with(of(role), "Tags", tags::write(tags))),
        Op::Untag { role, keys } => (Action::UntagRole, with(of(role), "TagKeys", keys.clone())),
        Op::AttachPolicy { role, policy } => (
            Action::AttachRolePolicy,
            role_policies::attach_parameters(role, policy),
        ),
        Op::DetachPolicy { role, policy } => (
            Action::DetachRolePolicy,
            role_policies::detach_parameters(role, policy),
        ),
        Op::ListAttachedPolicies {
            role,
            scope,
            keyword,
            paging,
        } => (
            Action::ListAttachedRolePolicies,
            role_policies::list_parameters(role, *scope, keyword.as_deref(), *paging),
        ),
        Op::PutBoundary { role, policy_id } => (
            Action::PutRolePermissionsBoundary,
            with(of(role), "PolicyId", policy_id.0),
        ),
        Op::DeleteBoundary(role) => (Action::DeleteRolePermissionsBoundary, of(role)),
        Op::GetBoundary(role) => (Action::GetRolePermissionBoundary, of(role)),
    }
}

/// An object that names a role.
pub(super) fn named(object: Json, role: &RoleRef) -> Json {
    match role {
        RoleRef::Id(id) => with(object, "RoleId", id.to_string()),
        RoleRef::Name(name) => with(object, "RoleName", name.as_str()),
    }
}

/// An object that names a role, for the two actions that write its number as one.
fn numbered(role: &RoleRef) -> Json {
    match role {
        RoleRef::Id(id) => json!({ "RoleId": id.0 }),
        RoleRef::Name(name) => json!({ "RoleName": name.as_str() }),
    }
}

fn create_parameters(new: &NewRole) -> Json {
    json!({
        "RoleName": new.name.as_str(),
        "PolicyDocument": new.document,
        "Description": new.description,
        "ConsoleLogin": u8::from(new.console_login),
        "SessionDuration": new.session_duration,
        "Tags": tags::write(&new.tags),
    })
}

pub(super) fn write_created(id: RoleId) -> Json {
    json!({ "RoleId": id.to_string() })
}

pub(super) fn write_role(role: &Role) -> Json {
    json!({ "RoleInfo": write_info(role) })
}

pub(super) fn write_roles(page: &Page<Role>) -> Json {
    json!({
        "TotalNum": page.total,
        "List": page.entries.iter().map(write_info).collect::<Json>(),
    })
}

fn write_info(role: &Role) -> Json {
    json!({
        "RoleId": role.id.to_string(),
        "RoleName": role.name.as_str(),
        "PolicyDocument": role.document,
        "Description": role.description,
        "AddTime": role.created.cam_time(),
        "UpdateTime": role.updated.cam_time(),
        "ConsoleLogin": u8::from(role.console_login),
        "RoleType": "user",
        "SessionDuration": role.session_duration,
        "DeletionTaskId": "",
        "Tags": tags::write(&role.tags),
        "RoleArn": arn(role.owner, &RoleRef::Name(role.name.clone())),
    })
}

/// The answer to one of these operations.
pub(super) fn read_answer(operation: &RoleOperation, reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    use RoleOperation as Op;
    match operation {
        Op::Create(_) => {
            let id = reply.parsed("RoleId", RoleId::parse)?;
            Ok(Outcome::RoleCreated(id))
        }
        Op::Get(_) => read_info(reply.object("RoleInfo")?).map(Outcome::Role),
        Op::List { .. } => reply.page("List", read_info).map(Outcome::Roles),
        Op::ListAttachedPolicies { .. } => role_policies::read_attached(reply),
        Op::GetBoundary(_) => boundaries::read_boundary(reply).map(Outcome::Boundary),
        Op::Delete(_)
        | Op::UpdateTrust { .. }
        | Op::UpdateDescription { .. }
        | Op::UpdateSessionDuration { .. }
        | Op::UpdateConsoleLogin { .. }
        | Op::Tag { .. }
        | Op::Untag { .. }
        | Op::AttachPolicy { .. }
        | Op::DetachPolicy { .. }
        | Op::PutBoundary { .. }
        | Op::DeleteBoundary(_) => Ok(Outcome::Done),
    }
}

fn read_info(reply: Reply<'_>) -> Result<Role, AnswerError> {
    Ok(Role {
        id: reply.parsed("RoleId", RoleId::parse)?,
        name: reply.parsed("RoleName", RoleName::parse)?,
        owner: read_owner(reply.text("RoleArn")?).ok_or_else(|| malformed("RoleArn"))?,
        document: reply.text("PolicyDocument")?.to_owned(),
        description: reply.optional_text("Description")?.unwrap_or_default().to_owned(),
        console_login: reply.number("ConsoleLogin")? != 0,
        session_duration: reply.signed("SessionDuration")?,
        tags: tags::read_answer(reply)?,
        created: reply.time("AddTime")?,
        updated: reply.time("UpdateTime")?,
    })
}

fn read_owner(arn: &str) -> Option<Uin> {
    let (owner, _) = arn.strip_prefix("qcs::cam::uin/")?.split_once(':')?;
    owner.parse().ok()
}
