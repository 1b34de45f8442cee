//! AttachUserPolicy, DetachUserPolicy and ListAttachedUserPolicies: parameters and answers, both ways.

use daypass_api::names::{PolicyId, PolicyName, Uin};
use daypass_api::operation::{IdentityOperation, Paging};
use daypass_api::outcome::{AttachedPolicy, Page};
use daypass_api::{Error, Outcome};
use serde_json::{Value as Json, json};

use super::fields::Fields;
use super::policies;
use super::reply::{AnswerError, Reply};

pub(super) const TYPE_CUSTOM: &str = "User";
pub(super) const TYPE_PRESET: &str = "QCS";

pub(super) fn read_attach(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    Ok(IdentityOperation::AttachUserPolicy {
        uin: fields.required_uin("AttachUin")?,
        policy_id: fields.policy_id()?,
    })
}

pub(super) fn read_detach(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    Ok(IdentityOperation::DetachUserPolicy {
        uin: fields.required_uin("DetachUin")?,
        policy_id: fields.policy_id()?,
    })
}

pub(super) fn read_list(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    Ok(IdentityOperation::ListAttachedUserPolicies {
        uin: fields.required_uin("TargetUin")?,
        paging: fields.paging()?,
    })
}

pub(super) fn attach_parameters(uin: Uin, id: PolicyId) -> Json {
    json!({ "AttachUin": uin.0, "PolicyId": id.0 })
}

pub(super) fn detach_parameters(uin: Uin, id: PolicyId) -> Json {
    json!({ "DetachUin": uin.0, "PolicyId": id.0 })
}

pub(super) fn list_parameters(uin: Uin, paging: Paging) -> Json {
    json!({ "TargetUin": uin.0, "Page": paging.page, "Rp": paging.page_size })
}

pub(super) fn write_attached(page: &Page<AttachedPolicy>) -> Json {
    json!({
        "TotalNum": page.total,
        "List": page.entries.iter().map(write_one).collect::<Json>(),
    })
}

/// Who attached the policy is not kept, and those fields may be null.
fn write_one(policy: &AttachedPolicy) -> Json {
    json!({
        "PolicyId": policy.id.0,
        "PolicyName": policy.name.as_str(),
        "AddTime": policy.attached.cam_time(),
        "CreateMode": policies::mode_number(policy.preset),
        "PolicyType": if policy.preset { TYPE_PRESET } else { TYPE_CUSTOM },
        "Remark": policy.description,
        "OperateOwnerUin": null,
        "OperateUin": null,
        "OperateUinType": null,
        "Deactived": 0,
        "DeactivedDetail": [],
    })
}

pub(super) fn read_attached(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let one = |reply: Reply<'_>| {
        Ok(AttachedPolicy {
            id: PolicyId(reply.number("PolicyId")?),
            name: reply.parsed("PolicyName", PolicyName::parse)?,
            preset: reply.text("PolicyType")? == TYPE_PRESET,
            attached: reply.time("AddTime")?,
            description: reply.optional_text("Remark")?.unwrap_or_default().to_owned(),
        })
    };
    reply.page(one).map(Outcome::AttachedPolicies)
}
