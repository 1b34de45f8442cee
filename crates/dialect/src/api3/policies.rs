//! CreatePolicy, UpdatePolicy, GetPolicy, ListPolicies and DeletePolicy: parameters and answers, both ways.
//!
//! A document passes as text: what it says is checked by whoever stores it. The service's other word for a
//! policy is strategy; type 1 is the account's own, type 2 comes with the service.

use daypass_api::names::{PolicyId, PolicyName};
use daypass_api::operation::{IdentityOperation, NewPolicy, Paging, PolicyRef, PolicyScope, UpdatePolicy};
use daypass_api::outcome::{Page, Policy, PolicySummary};
use daypass_api::tags::MAX_POLICY_TAGS;
use daypass_api::{Error, ErrorCode, Outcome};
use serde_json::{Value as Json, json};

use super::fields::{Fields, missing, policy_id};
use super::object::with_some;
use super::reply::{AnswerError, Reply};
use super::tags;

/// The longest note about a policy, in bytes.
const MAX_DESCRIPTION_BYTES: usize = 300;

const TYPE_CUSTOM: u64 = 1;
pub(super) const TYPE_PRESET: u64 = 2;
/// How a policy came to be: with the service, or written as a document.
const MODE_PRODUCT: u64 = 1;
const MODE_DOCUMENT: u64 = 2;

pub(super) fn read_create(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    let name = PolicyName::parse(fields.required_text("PolicyName")?)?;
    let document = fields.required_text("PolicyDocument")?.to_owned();
    Ok(IdentityOperation::CreatePolicy(NewPolicy {
        name,
        document,
        description: read_description(fields, "Description")?.unwrap_or_default(),
        tags: tags::read(fields, MAX_POLICY_TAGS)?,
    }))
}

pub(super) fn read_update(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    Ok(IdentityOperation::UpdatePolicy(UpdatePolicy {
        policy: read_ref(fields)?,
        description: read_description(fields, "Description")?,
        document: fields.text("PolicyDocument")?.map(str::to_owned),
        alias: read_description(fields, "Alias")?,
    }))
}

/// `PolicyId` or `PolicyName`, never both: they might be two.
pub(super) fn read_ref(fields: &mut Fields<'_>) -> Result<PolicyRef, Error> {
    let id = fields.integer("PolicyId")?.map(policy_id).transpose()?;
    match (id, fields.some_text("PolicyName")?) {
        (Some(id), None) => Ok(PolicyRef::Id(id)),
        (None, Some(name)) => PolicyName::parse(name).map(PolicyRef::Name),
        (None, None) => Err(missing("PolicyId")),
        (Some(_), Some(_)) => {
            let message = "both `PolicyId` and `PolicyName` are given";
            Err(Error::with_message(ErrorCode::ParamError, message))
        }
    }
}

fn read_description(fields: &mut Fields<'_>, name: &'static str) -> Result<Option<String>, Error> {
    match fields.text(name)? {
        Some(text) if text.len() > MAX_DESCRIPTION_BYTES => Err(ErrorCode::DescriptionTooLong.into()),
        text => Ok(text.map(str::to_owned)),
    }
}

pub(super) fn read_get(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    Ok(IdentityOperation::GetPolicy(fields.policy_id()?))
}

pub(super) fn read_list(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    let keyword = fields.keyword()?;
    Ok(IdentityOperation::ListPolicies {
        scope: parse_scope(fields.text("Scope")?.unwrap_or_default())?,
        keyword,
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
        _ => Err(ErrorCode::ScopeError.into()),
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
    let parameters = json!({
        "PolicyName": policy.name.as_str(),
        "PolicyDocument": policy.document,
        "Description": policy.description,
    });
    let tags = (!policy.tags.is_empty()).then(|| tags::write(&policy.tags));
    with_some(parameters, "Tags", tags)
}

pub(super) fn update_parameters(update: &UpdatePolicy) -> Json {
    let parameters = match &update.policy {
        PolicyRef::Id(id) => id_parameters(*id),
        PolicyRef::Name(name) => json!({ "PolicyName": name.as_str() }),
    };
    let parameters = with_some(parameters, "Description", update.description.as_deref());
    let parameters = with_some(parameters, "PolicyDocument", update.document.as_deref());
    with_some(parameters, "Alias", update.alias.as_deref())
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

/// The number is told only to who did not know it.
pub(super) fn write_updated(id: Option<PolicyId>) -> Json {
    id.map_or_else(|| json!({}), id_parameters)
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
        "PresetAlias": policy.alias,
        "IsServiceLinkedRolePolicy": 0,
        "Tags": tags::write(&summary.tags),
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
        "AttachEntityBoundaryCount": summary.boundaries,
        "UpdateTime": summary.updated.cam_time(),
        "Tags": tags::write(&summary.tags),
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

pub(super) fn read_updated(update: &UpdatePolicy, reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    Ok(Outcome::PolicyUpdated(match update.policy {
        PolicyRef::Id(_) => None,
        PolicyRef::Name(_) => Some(PolicyId(reply.number("PolicyId")?)),
    }))
}

/// The answer does not say how many identities have the policy: the numbers are 0.
pub(super) fn read_policy(id: PolicyId, reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    Ok(Outcome::Policy(Policy {
        summary: read_facts(id, reply)?,
        document: reply.text("PolicyDocument")?.to_owned(),
        alias: reply.optional_text("PresetAlias")?.unwrap_or_default().to_owned(),
    }))
}

pub(super) fn read_policies(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let summary = |reply: Reply<'_>| {
        Ok(PolicySummary {
            attachments: reply.number("Attachments")?,
            boundaries: match reply.is_null("AttachEntityBoundaryCount") {
                true => 0,
                false => reply.number("AttachEntityBoundaryCount")?,
            },
            ..read_facts(PolicyId(reply.number("PolicyId")?), reply)?
        })
    };
    reply.page("List", summary).map(Outcome::Policies)
}

fn read_facts(id: PolicyId, reply: Reply<'_>) -> Result<PolicySummary, AnswerError> {
    Ok(PolicySummary {
        id,
        name: reply.parsed("PolicyName", PolicyName::parse)?,
        description: reply.optional_text("Description")?.unwrap_or_default().to_owned(),
        preset: reply.number("Type")? == TYPE_PRESET,
        created: reply.time("AddTime")?,
        updated: reply.time("UpdateTime")?,
        attachments: 0,
        boundaries: 0,
        tags: tags::read_answer(reply)?,
    })
}
