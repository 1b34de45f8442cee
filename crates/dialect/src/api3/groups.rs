//! Groups of users, who is in them, and their policies: parameters and answers, both ways.

use daypass_api::names::{GroupId, GroupName};
use daypass_api::operation::{
    GroupOperation, MAX_MEMBERSHIPS_AT_ONCE, Membership, NewGroup, Paging, UpdateGroup, UserRef,
};
use daypass_api::outcome::{Group, GroupDetails, Page, User};
use daypass_api::{Error, ErrorCode, Outcome};
use serde_json::{Value as Json, json};

use super::action::Action;
use super::attachments;
use super::fields::{Fields, missing};
use super::object::{with, with_some};
use super::reply::{AnswerError, Reply};
use super::users::{self, MAX_REMARK_BYTES};

pub(super) fn read_create(fields: &mut Fields<'_>) -> Result<GroupOperation, Error> {
    Ok(GroupOperation::Create(NewGroup {
        name: GroupName::parse(fields.required_text("GroupName")?)?,
        remark: fields.note("Remark", MAX_REMARK_BYTES)?.unwrap_or_default(),
    }))
}

pub(super) fn read_get(fields: &mut Fields<'_>) -> Result<GroupOperation, Error> {
    Ok(GroupOperation::Get(fields.group_id("GroupId")?))
}

pub(super) fn read_list(fields: &mut Fields<'_>) -> Result<GroupOperation, Error> {
    Ok(GroupOperation::List {
        keyword: fields.keyword()?,
        paging: fields.paging()?,
    })
}

pub(super) fn read_update(fields: &mut Fields<'_>) -> Result<GroupOperation, Error> {
    Ok(GroupOperation::Update(UpdateGroup {
        group_id: fields.group_id("GroupId")?,
        name: fields.text("GroupName")?.map(GroupName::parse).transpose()?,
        remark: fields.note("Remark", MAX_REMARK_BYTES)?,
    }))
}

pub(super) fn read_delete(fields: &mut Fields<'_>) -> Result<GroupOperation, Error> {
    Ok(GroupOperation::Delete(fields.group_id("GroupId")?))
}

pub(super) fn read_add_users(fields: &mut Fields<'_>) -> Result<GroupOperation, Error> {
    read_memberships(fields).map(GroupOperation::AddUsers)
}

pub(super) fn read_remove_users(fields: &mut Fields<'_>) -> Result<GroupOperation, Error> {
    read_memberships(fields).map(GroupOperation::RemoveUsers)
}

/// At least one: none would be a call that needs no permission.
fn read_memberships(fields: &mut Fields<'_>) -> Result<Vec<Membership>, Error> {
    let one = |fields: &mut Fields<'_>| {
        let group_id = fields.group_id("GroupId").map_err(|error| match error.code {
            ErrorCode::GroupNotFound => ErrorCode::MemberGroupNotExist.into(),
            _ => error,
        })?;
        let user = fields.user_ref("Uin")?;
        Ok(Membership { group_id, user })
    };
    let memberships = fields.objects("Info", one)?.unwrap_or_default();
    if memberships.is_empty() {
        return Err(missing("Info"));
    }
    if memberships.len() > MAX_MEMBERSHIPS_AT_ONCE {
        let message = format!("`Info` has more than {MAX_MEMBERSHIPS_AT_ONCE} entries");
        return Err(Error::with_message(ErrorCode::ParamError, message));
    }
    Ok(memberships)
}

pub(super) fn read_list_of_user(fields: &mut Fields<'_>) -> Result<GroupOperation, Error> {
    Ok(GroupOperation::ListOfUser {
        user: fields.user_ref("SubUin")?,
        paging: fields.paging()?,
    })
}

pub(super) fn read_list_users(fields: &mut Fields<'_>) -> Result<GroupOperation, Error> {
    Ok(GroupOperation::ListUsers {
        group_id: fields.group_id("GroupId")?,
        paging: fields.paging()?,
    })
}

pub(super) fn read_attach(fields: &mut Fields<'_>) -> Result<GroupOperation, Error> {
    Ok(GroupOperation::AttachPolicy {
        group_id: fields.group_id("AttachGroupId")?,
        policy_id: fields.policy_id()?,
    })
}

pub(super) fn read_detach(fields: &mut Fields<'_>) -> Result<GroupOperation, Error> {
    Ok(GroupOperation::DetachPolicy {
        group_id: fields.group_id("DetachGroupId")?,
        policy_id: fields.policy_id()?,
    })
}

pub(super) fn read_list_policies(fields: &mut Fields<'_>) -> Result<GroupOperation, Error> {
    Ok(GroupOperation::ListPolicies {
        group_id: fields.group_id("TargetGroupId")?,
        keyword: fields.keyword()?,
        paging: fields.paging()?,
    })
}

pub(super) fn request(operation: &GroupOperation) -> (Action, Json) {
    use GroupOperation as Op;
    match operation {
        Op::Create(new) => (
            Action::CreateGroup,
            json!({ "GroupName": new.name.as_str(), "Remark": new.remark }),
        ),
        Op::Get(id) => (Action::GetGroup, named(*id)),
        Op::List { keyword, paging } => (
            Action::ListGroups,
            with_keyword(page(json!({}), *paging), keyword.as_deref()),
        ),
        Op::Update(update) => {
            let name = update.name.as_ref().map(GroupName::as_str);
            let parameters = with_some(named(update.group_id), "GroupName", name);
            (
                Action::UpdateGroup,
                with_some(parameters, "Remark", update.remark.as_deref()),
            )
        }
        Op::Delete(id) => (Action::DeleteGroup, named(*id)),
        Op::AddUsers(memberships) => (Action::AddUserToGroup, membership_parameters(memberships)),
        Op::RemoveUsers(memberships) => (Action::RemoveUserFromGroup, membership_parameters(memberships)),
        Op::ListOfUser { user, paging } => (
            Action::ListGroupsForUser,
            page(user_parameters(json!({}), *user, "SubUin"), *paging),
        ),
        Op::ListUsers { group_id, paging } => (Action::ListUsersForGroup, page(named(*group_id), *paging)),
        Op::AttachPolicy { group_id, policy_id } => (
            Action::AttachGroupPolicy,
            json!({ "AttachGroupId": group_id.0, "PolicyId": policy_id.0 }),
        ),
        Op::DetachPolicy { group_id, policy_id } => (
            Action::DetachGroupPolicy,
            json!({ "DetachGroupId": group_id.0, "PolicyId": policy_id.0 }),
        ),
        Op::ListPolicies {
            group_id,
            keyword,
            paging,
        } => (
            Action::ListAttachedGroupPolicies,
            with_keyword(
                page(json!({ "TargetGroupId": group_id.0 }), *paging),
                keyword.as_deref(),
            ),
        ),
    }
}

fn named(id: GroupId) -> Json {
    json!({ "GroupId": id.0 })
}

fn page(parameters: Json, paging: Paging) -> Json {
    with(with(parameters, "Page", paging.page), "Rp", paging.page_size)
}

fn with_keyword(parameters: Json, keyword: Option<&str>) -> Json {
    with_some(parameters, "Keyword", keyword)
}

fn membership_parameters(memberships: &[Membership]) -> Json {
    let one = |membership: &Membership| user_parameters(named(membership.group_id), membership.user, "Uin");
    json!({ "Info": memberships.iter().map(one).collect::<Json>() })
}

fn user_parameters(parameters: Json, user: UserRef, uin_name: &str) -> Json {
    match user {
        UserRef::Uin(uin) => with(parameters, uin_name, uin.0),
        UserRef::Uid(uid) => with(parameters, "Uid", uid),
        UserRef::Both(uin, uid) => with(with(parameters, uin_name, uin.0), "Uid", uid),
    }
}

pub(super) fn answer(operation: &GroupOperation, reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    use GroupOperation as Op;
    match operation {
        Op::Create(_) => Ok(Outcome::GroupCreated(GroupId(reply.number("GroupId")?))),
        Op::Get(_) => Ok(Outcome::Group(GroupDetails {
            group: read_group(reply)?,
            members: reply.list("UserInfo", users::read_listed)?,
        })),
        Op::List { .. } | Op::ListOfUser { .. } => reply.page("GroupInfo", read_group).map(Outcome::Groups),
        Op::ListUsers { .. } => reply
            .page("UserInfo", users::read_listed)
            .map(Outcome::GroupMembers),
        Op::ListPolicies { .. } => attachments::read_attached(reply),
        Op::Update(_)
        | Op::Delete(_)
        | Op::AddUsers(_)
        | Op::RemoveUsers(_)
        | Op::AttachPolicy { .. }
        | Op::DetachPolicy { .. } => Ok(Outcome::Done),
    }
}

pub(super) fn write_created(id: GroupId) -> Json {
    named(id)
}

pub(super) fn write_details(details: &GroupDetails) -> Json {
    let fields = with(write_group(&details.group), "GroupNum", details.members.len());
    with(
        fields,
        "UserInfo",
        details.members.iter().map(write_member).collect::<Json>(),
    )
}

pub(super) fn write_groups(groups: &Page<Group>) -> Json {
    json!({
        "TotalNum": groups.total,
        "GroupInfo": groups.entries.iter().map(write_group).collect::<Json>(),
    })
}

pub(super) fn write_members(members: &Page<User>) -> Json {
    json!({
        "TotalNum": members.total,
        "UserInfo": members.entries.iter().map(write_member).collect::<Json>(),
    })
}

fn write_group(group: &Group) -> Json {
    json!({
        "GroupId": group.id.0,
        "GroupName": group.name.as_str(),
        "CreateTime": group.created.cam_time(),
        "Remark": group.remark,
    })
}

/// Nothing is ever verified. The documented types are those of collaborators and message receivers, and no member is
/// one.
fn write_member(user: &User) -> Json {
    json!({
        "Uid": user.uid,
        "Uin": user.uin.0,
        "Name": user.name.as_str(),
        "PhoneNum": user.contact.phone_number,
        "CountryCode": user.contact.country_code,
        "PhoneFlag": 0,
        "Email": user.contact.email,
        "EmailFlag": 0,
        "UserType": 0,
        "CreateTime": user.created.cam_time(),
        "IsReceiverOwner": 0,
        "Remark": user.remark,
    })
}

fn read_group(reply: Reply<'_>) -> Result<Group, AnswerError> {
    Ok(Group {
        id: GroupId(reply.number("GroupId")?),
        name: reply.parsed("GroupName", GroupName::parse)?,
        remark: reply.optional_text("Remark")?.unwrap_or_default().to_owned(),
        created: reply.time("CreateTime")?,
    })
}
