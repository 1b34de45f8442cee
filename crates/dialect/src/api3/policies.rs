//! CreatePolicy, GetPolicy, ListPolicies and DeletePolicy: parameters and answers, both ways.
//!
//! A document passes as text: what it says is checked by whoever stores it. The service's other word for a
//! policy is strategy; type 1 is the account's own, type 2 comes with the service.

use daypass_api::names::{PolicyId, PolicyName};
use daypass_api::operation::{IdentityOperation, NewPolicy, Paging, PolicyScope};
use daypass_api::outcome::{Page, Policy, PolicySummary};
use daypass_api::{Error, ErrorCode, Outcome};
use serde_json::{Value as Json, json};

use super::fields::Fields;
use super::object::with_some;
use super::reply::{AnswerError, Reply};

/// The longest note about a policy, in bytes.
const MAX_DESCRIPTION_BYTES: usize = 300;
/// The longest text to search names for, in bytes; no name is longer.
pub(super) const MAX_KEYWORD_BYTES: usize = 128;

const TYPE_CUSTOM: u64 = 1;
pub(super) const TYPE_PRESET: u64 = 2;
/// How a policy came to be: with the service, or written as a document.
const MODE_PRODUCT: u64 = 1;
const MODE_DOCUMENT: u64 = 2;

pub(super) fn read_create(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    let name = PolicyName::parse(fields.required_text("PolicyName")?)?;
    let document = fields.required_text("PolicyDocument")?.to_owned();
    let description = fields.text("Description")?.unwrap_or_default();
    if description.len() > MAX_DESCRIPTION_BYTES {
        return Err(ErrorCode::DescriptionTooLong.into());
    }
    fields.refuse("Tags")?;
    Ok(IdentityOperation::CreatePolicy(NewPolicy {
        name,
        document,
        description: description.to_owned(),
    }))
}

pub(super) fn read_get(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    Ok(IdentityOperation::GetPolicy(fields.policy_id()?))
}

pub(super) fn read_list(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    let keyword = fields.text("Keyword")?.unwrap_or_default();
    if keyword.len() > MAX_KEYWORD_BYTES {
        return Err(ErrorCode::KeywordError.into());
    }
    Ok(IdentityOperation::ListPolicies {
        scope: parse_scope(fields.text("Scope")?.unwrap_or_default())?,
        keyword: (!keyword.is_empty()).then(|| keyword.to_owned()),
        paging: fields.paging()?,
    })
}

pub(super) fn read_delete(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    Ok(IdentityOperation::DeletePolicies(fields.policy_ids()?))
}

fn parse_scope(text: &str) -> Result<PolicyScope, Error> {
    match text {
        "" | "All" => Ok(PolicyScope::All),
        "QCS" => Ok(PolicyScope::Preset),
        "Local" => Ok(PolicyScope::Custom),
        _ => Err(Error::with_message(
            ErrorCode::ParamError,
            "`Scope` is none of `All`, `QCS` and `Local`",
        )),
    }
}

fn scope_name(scope: PolicyScope) -> &'static str {
    match scope {
        PolicyScope::All => "All",
        PolicyScope::Preset => "QCS",
        PolicyScope::Custom => "Local",
    }
}

pub(super) fn create_parameters(policy: &NewPolicy) -> Json {
    json!({
        "PolicyName": policy.name.as_str(),
        "PolicyDocument": policy.document,
        "Description": policy.description,
    })
}

pub(super) fn id_parameters(id: PolicyId) -> Json {
    json!({ "PolicyId": id.0 })
}

pub(super) fn delete_parameters(ids: &[PolicyId]) -> Json {
    json!({ "PolicyId": ids.iter().map(|id| id.0).collect::<Vec<_>>() })
}

pub(super) fn list_parameters(scope: PolicyScope, keyword: Option<&str>, paging: Paging) -> Json {
    let parameters = json!({
        "Scope": scope_name(scope),
        "Page": paging.page,
        "Rp": paging.page_size,
    });
    with_some(parameters, "Keyword", keyword)
}

pub(super) fn write_created(id: PolicyId) -> Json {
    id_parameters(id)
}

pub(super) fn write_policy(policy: &Policy) -> Json {
    let summary = &policy.summary;
    json!({
        "PolicyName": summary.name.as_str(),
        "Description": summary.description,
        "Type": type_number(summary.preset),
        "AddTime": summary.created.cam_time(),
        "UpdateTime": summary.updated.cam_time(),
        "PolicyDocument": policy.document,
        "PresetAlias": "",
        "IsServiceLinkedRolePolicy": 0,
        "Tags": [],
    })
}

pub(super) fn write_policies(page: &Page<PolicySummary>) -> Json {
    json!({
        "TotalNum": page.total,
        "List": page.entries.iter().map(write_summary).collect::<Json>(),
        "ServiceTypeList": [],
    })
}

fn write_summary(summary: &PolicySummary) -> Json {
    json!({
        "PolicyId": summary.id.0,
        "PolicyName": summary.name.as_str(),
        "AddTime": summary.created.cam_time(),
        "Type": type_number(summary.preset),
        "Description": summary.description,
        "CreateMode": mode_number(summary.preset),
        "Attachments": summary.attachments,
        "ServiceType": "",
        "IsAttached": 0,
        "Deactived": 0,
        "DeactivedDetail": [],
        "IsServiceLinkedPolicy": 0,
        "AttachEntityCount": summary.attachments,
        "AttachEntityBoundaryCount": 0,
        "UpdateTime": summary.updated.cam_time(),
        "Tags": [],
        "PermissionLevel": null,
    })
}

pub(super) fn type_number(preset: bool) -> u64 {
    if preset { TYPE_PRESET } else { TYPE_CUSTOM }
}

pub(super) fn mode_number(preset: bool) -> u64 {
    if preset { MODE_PRODUCT } else { MODE_DOCUMENT }
}

pub(super) fn read_created(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    Ok(Outcome::PolicyCreated(PolicyId(reply.number("PolicyId")?)))
}

/// The answer does not say how many identities have the policy: the number is 0.
pub(super) fn read_policy(id: PolicyId, reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    Ok(Outcome::Policy(Policy {
        summary: read_facts(id, 0, reply)?,
        document: reply.text("PolicyDocument")?.to_owned(),
    }))
}

pub(super) fn read_policies(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let summary = |reply: Reply<'_>| {
        let id = PolicyId(reply.number("PolicyId")?);
        read_facts(id, reply.number("Attachments")?, reply)
    };
    reply.page(summary).map(Outcome::Policies)
}

fn read_facts(id: PolicyId, attachments: u64, reply: Reply<'_>) -> Result<PolicySummary, AnswerError> {
    Ok(PolicySummary {
        id,
        name: reply.parsed("PolicyName", PolicyName::parse)?,
        description: reply.optional_text("Description")?.unwrap_or_default().to_owned(),
        preset: reply.number("Type")? == TYPE_PRESET,
        created: reply.time("AddTime")?,
        updated: reply.time("UpdateTime")?,
        attachments,
    })
}
