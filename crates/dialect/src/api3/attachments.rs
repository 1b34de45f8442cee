//! AttachUserPolicy, DetachUserPolicy, ListAttachedUserPolicies, ListAttachedUserAllPolicies and
//! ListEntitiesForPolicy: parameters and answers, both ways.

use daypass_api::names::{GroupId, GroupName, PolicyId, PolicyName, RoleId, Uin};
use daypass_api::operation::{
    AttachmentReach, EntityFilter, IdentityOperation, Paging, PolicyScope, UserPolicies,
};
use daypass_api::outcome::{AttachedPolicy, Page, PolicyEntity, UserPolicy};
use daypass_api::{Error, ErrorCode, Outcome};
use serde_json::{Value as Json, json};

use super::fields::{Fields, missing};
use super::object::with_some;
use super::policies::{self, mode_number, type_number};
use super::reply::{AnswerError, Reply, malformed};

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

/// Unlike other lists, this one demands to be told which page and which kind.
pub(super) fn read_list_all(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    for name in ["Page", "Rp"] {
        fields.integer(name)?.ok_or_else(|| missing(name))?;
    }
    let out_of =
        |name: &str| Error::with_message(ErrorCode::ParamError, format!("`{name}` is none that exists"));
    let uin = fields.required_uin("TargetUin")?;
    let reach = match fields.integer("AttachType")? {
        None => return Err(missing("AttachType")),
        Some(0) => AttachmentReach::All,
        Some(1) => AttachmentReach::Direct,
        Some(2) => AttachmentReach::ThroughGroups,
        Some(_) => return Err(out_of("AttachType")),
    };
    let scope = match fields.integer("StrategyType")? {
        None => PolicyScope::All,
        Some(1) => PolicyScope::Custom,
        Some(2) => PolicyScope::Preset,
        Some(_) => return Err(out_of("StrategyType")),
    };
    Ok(IdentityOperation::ListUserPolicies(UserPolicies {
        uin,
        reach,
        scope,
        keyword: fields.keyword()?,
        paging: fields.paging()?,
    }))
}

pub(super) fn read_entities(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    let filter = match fields.text("EntityFilter")?.unwrap_or_default() {
        "" | "All" => EntityFilter::All,
        "User" => EntityFilter::Users,
        "Group" => EntityFilter::Groups,
        "Role" => EntityFilter::Roles,
        _ => return Err(ErrorCode::EntityFilterError.into()),
    };
    Ok(IdentityOperation::ListPolicyEntities {
        policy_id: fields.policy_id()?,
        filter,
        paging: fields.paging()?,
    })
}

pub(super) fn list_all_parameters(list: &UserPolicies) -> Json {
    let reach = match list.reach {
        AttachmentReach::All => 0,
        AttachmentReach::Direct => 1,
        AttachmentReach::ThroughGroups => 2,
    };
    let parameters = json!({
        "TargetUin": list.uin.0,
        "Page": list.paging.page,
        "Rp": list.paging.page_size,
        "AttachType": reach,
    });
    let kind = match list.scope {
        PolicyScope::All => None,
        PolicyScope::Preset => Some(type_number(true)),
        PolicyScope::Custom => Some(type_number(false)),
    };
    let parameters = with_some(parameters, "StrategyType", kind);
    with_some(parameters, "Keyword", list.keyword.as_deref())
}

pub(super) fn entities_parameters(policy_id: PolicyId, filter: EntityFilter, paging: Paging) -> Json {
    let filter = match filter {
        EntityFilter::All => "All",
        EntityFilter::Users => "User",
        EntityFilter::Groups => "Group",
        EntityFilter::Roles => "Role",
    };
    json!({
        "PolicyId": policy_id.0,
        "EntityFilter": filter,
        "Page": paging.page,
        "Rp": paging.page_size,
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
        "CreateMode": mode_number(policy.preset),
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
    reply.page("List", one).map(Outcome::AttachedPolicies)
}

/// Numbers are texts here.
pub(super) fn write_user_policies(page: &Page<UserPolicy>) -> Json {
    let group = |(id, name): &(GroupId, GroupName)| json!({ "GroupId": id.0, "GroupName": name.as_str() });
    let one = |policy: &UserPolicy| {
        json!({
            "PolicyId": policy.id.to_string(),
            "PolicyName": policy.name.as_str(),
            "Description": policy.description,
            "AddTime": policy.attached.cam_time(),
            "StrategyType": type_number(policy.preset).to_string(),
            "CreateMode": mode_number(policy.preset).to_string(),
            "Groups": policy.groups.iter().map(group).collect::<Json>(),
            "Deactived": 0,
            "DeactivedDetail": [],
        })
    };
    json!({ "TotalNum": page.total, "PolicyList": page.entries.iter().map(one).collect::<Json>() })
}

pub(super) fn read_user_policies(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let group = |reply: Reply<'_>| {
        let name = reply.parsed("GroupName", GroupName::parse)?;
        Ok((GroupId(reply.number("GroupId")?), name))
    };
    let one = |reply: Reply<'_>| {
        Ok(UserPolicy {
            id: reply.parsed("PolicyId", str::parse)?,
            name: reply.parsed("PolicyName", PolicyName::parse)?,
            preset: reply.text("StrategyType")? == policies::TYPE_PRESET.to_string(),
            description: reply.optional_text("Description")?.unwrap_or_default().to_owned(),
            attached: reply.time("AddTime")?,
            groups: match reply.is_null("Groups") {
                true => Vec::new(),
                false => reply.list("Groups", group)?,
            },
        })
    };
    reply.page("PolicyList", one).map(Outcome::UserPolicies)
}

const ENTITY_USER: u64 = 1;
const ENTITY_GROUP: u64 = 2;
const ENTITY_ROLE: u64 = 3;

/// The id of a user is the number under which it receives messages. A group and a role have no UIN.
pub(super) fn write_entities(page: &Page<PolicyEntity>) -> Json {
    let one = |entity: &PolicyEntity| match entity {
        PolicyEntity::User {
            uin,
            uid,
            name,
            attached,
        } => json!({
            "Id": uid.to_string(),
            "Name": name,
            "Uin": uin.0,
            "RelatedType": ENTITY_USER,
            "AttachmentTime": attached.cam_time(),
        }),
        PolicyEntity::Group { id, name, attached } => json!({
            "Id": id.to_string(),
            "Name": name,
            "Uin": 0,
            "RelatedType": ENTITY_GROUP,
            "AttachmentTime": attached.cam_time(),
        }),
        PolicyEntity::Role { id, name, attached } => json!({
            "Id": id.to_string(),
            "Name": name,
            "Uin": 0,
            "RelatedType": ENTITY_ROLE,
            "AttachmentTime": attached.cam_time(),
        }),
    };
    json!({ "TotalNum": page.total, "List": page.entries.iter().map(one).collect::<Json>() })
}

pub(super) fn read_entities_answer(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let one = |reply: Reply<'_>| {
        let name = reply.text("Name")?.to_owned();
        let attached = reply.time("AttachmentTime")?;
        match reply.number("RelatedType")? {
            ENTITY_USER => Ok(PolicyEntity::User {
                uin: Uin(reply.number("Uin")?),
                uid: reply.parsed("Id", str::parse)?,
                name,
                attached,
            }),
            ENTITY_GROUP => Ok(PolicyEntity::Group {
                id: reply.parsed("Id", str::parse)?,
                name,
                attached,
            }),
            ENTITY_ROLE => Ok(PolicyEntity::Role {
                id: reply.parsed("Id", RoleId::parse)?,
                name,
                attached,
            }),
            _ => Err(malformed("RelatedType")),
        }
    };
    reply.page("List", one).map(Outcome::PolicyEntities)
}
