//! PutUserPermissionsBoundary, DeleteUserPermissionsBoundary and GetUserPermissionBoundary: parameters and answers,
//! both ways. The plural of the first two and the singular of the last are the service's own.

use daypass_api::names::{PolicyId, PolicyName, Uin};
use daypass_api::operation::BoundaryOperation;
use daypass_api::outcome::Boundary;
use daypass_api::{Error, Outcome};
use serde_json::{Value as Json, json};

use super::action::Action;
use super::fields::Fields;
use super::object::with;
use super::policies::{TYPE_PRESET, mode_number, type_number};
use super::reply::{AnswerError, Reply};

pub(super) fn read_put(fields: &mut Fields<'_>) -> Result<BoundaryOperation, Error> {
    Ok(BoundaryOperation::Put {
        uin: fields.required_uin("TargetUin")?,
        policy_id: fields.policy_id()?,
    })
}

pub(super) fn read_delete(fields: &mut Fields<'_>) -> Result<BoundaryOperation, Error> {
    Ok(BoundaryOperation::Delete(fields.required_uin("TargetUin")?))
}

pub(super) fn read_get(fields: &mut Fields<'_>) -> Result<BoundaryOperation, Error> {
    Ok(BoundaryOperation::Get(fields.required_uin("TargetUin")?))
}

pub(super) fn request(operation: BoundaryOperation) -> (Action, Json) {
    let target = |uin: Uin| json!({ "TargetUin": uin.0 });
    match operation {
        BoundaryOperation::Put { uin, policy_id } => (
            Action::PutUserPermissionsBoundary,
            with(target(uin), "PolicyId", policy_id.0),
        ),
        BoundaryOperation::Delete(uin) => (Action::DeleteUserPermissionsBoundary, target(uin)),
        BoundaryOperation::Get(uin) => (Action::GetUserPermissionBoundary, target(uin)),
    }
}

pub(super) fn answer(operation: BoundaryOperation, reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    match operation {
        BoundaryOperation::Put { .. } | BoundaryOperation::Delete(_) => Ok(Outcome::Done),
        BoundaryOperation::Get(_) => read_boundary(reply).map(Outcome::Boundary),
    }
}

/// Without a boundary everything is null.
pub(super) fn write_boundary(boundary: Option<&Boundary>) -> Json {
    json!({
        "PolicyId": boundary.map(|boundary| boundary.policy_id.0),
        "PolicyName": boundary.map(|boundary| boundary.name.as_str()),
        "PolicyDocument": boundary.map(|boundary| boundary.document.as_str()),
        "PolicyType": boundary.map(|boundary| type_number(boundary.preset)),
        "CreateMode": boundary.map(|boundary| mode_number(boundary.preset)),
    })
}

pub(super) fn read_boundary(reply: Reply<'_>) -> Result<Option<Boundary>, AnswerError> {
    if reply.is_null("PolicyId") {
        return Ok(None);
    }
    Ok(Some(Boundary {
        policy_id: PolicyId(reply.number("PolicyId")?),
        name: reply.parsed("PolicyName", PolicyName::parse)?,
        preset: reply.number("PolicyType")? == TYPE_PRESET,
        document: reply.text("PolicyDocument")?.to_owned(),
    }))
}
