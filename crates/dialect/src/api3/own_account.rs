//! ListCollaborators, GetUserAppId and GetAccountSummary: parameters and answers, both ways.

use daypass_api::names::{Account, AppId, Uin};
use daypass_api::operation::IdentityOperation;
use daypass_api::outcome::{AccountSummary, Page, User};
use daypass_api::{Error, ErrorCode, Outcome};
use serde_json::{Value as Json, json};

use super::fields::Fields;
use super::reply::{AnswerError, Reply};
use super::users;

pub(super) const NUMBERS: IdentityOperation = IdentityOperation::GetAccountNumbers;
pub(super) const SUMMARY: IdentityOperation = IdentityOperation::GetAccountSummary;

/// The list is empty, whichever part of it is asked for.
pub(super) fn read_collaborators(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    for name in ["Limit", "Offset"] {
        if fields
            .integer(name)?
            .is_some_and(|number| u32::try_from(number).is_err())
        {
            let message = format!("`{name}` is not a number of entries");
            return Err(Error::with_message(ErrorCode::ParamError, message));
        }
    }
    Ok(IdentityOperation::ListCollaborators)
}

pub(super) fn write_collaborators(page: &Page<User>) -> Json {
    json!({
        "TotalNum": page.total,
        "Data": page.entries.iter().map(users::write_listed).collect::<Json>(),
    })
}

pub(super) fn read_collaborators_answer(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    reply.page("Data", users::read_listed).map(Outcome::Collaborators)
}

pub(super) fn write_numbers(uin: Uin, account: &Account) -> Json {
    json!({
        "Uin": uin.to_string(),
        "OwnerUin": account.owner_uin.to_string(),
        "AppId": account.app_id.0,
    })
}

pub(super) fn read_numbers(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let account = Account {
        app_id: AppId(reply.number("AppId")?),
        owner_uin: reply.parsed("OwnerUin", str::parse)?,
    };
    let uin = reply.parsed("Uin", str::parse)?;
    Ok(Outcome::AccountNumbers { uin, account })
}

pub(super) fn write_summary(summary: &AccountSummary) -> Json {
    json!({
        "Policies": summary.policies,
        "Roles": summary.roles,
        "Idps": summary.identity_providers,
        "User": summary.users,
        "Group": summary.groups,
        "Member": summary.memberships,
        "IdentityProviders": summary.identity_providers,
    })
}

pub(super) fn read_summary(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    Ok(Outcome::AccountSummary(AccountSummary {
        policies: reply.number("Policies")?,
        users: reply.number("User")?,
        groups: reply.number("Group")?,
        memberships: reply.number("Member")?,
        roles: reply.number("Roles")?,
        identity_providers: reply.number("IdentityProviders")?,
    }))
}
