//! CreateRootAccount, GetRootAccount, ListRootAccounts and UpdateRootAccount, both ways. These actions are our own: the
//! original has no API that makes accounts.

use daypass_api::names::{AccessKeyId, Account, AppId, Uin};
use daypass_api::operation::{
    AccessKeyStatus, AccountOperation, AccountStatus, IdentityOperation, MAX_ACCOUNT_NUMBER, NewAccount,
};
use daypass_api::outcome::{AccessKey, NewAccessKey, RootAccount};
use daypass_api::secret::SecretKey;
use daypass_api::{Error, ErrorCode, Outcome};
use serde_json::{Value as Json, json};

use super::fields::Fields;
use super::object::{with, with_some};
use super::reply::{AnswerError, Reply};

pub(super) fn read_create(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    Ok(IdentityOperation::Account(AccountOperation::Create(NewAccount {
        app_id: number(fields, "AppId")?.map(AppId),
        owner_uin: number(fields, "OwnerUin")?.map(Uin),
    })))
}

pub(super) fn read_get(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    let owner_uin = fields.required_uin("OwnerUin")?;
    Ok(IdentityOperation::Account(AccountOperation::Get(owner_uin)))
}

pub(super) const LIST: IdentityOperation = IdentityOperation::Account(AccountOperation::List);

pub(super) fn read_update(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    Ok(IdentityOperation::Account(AccountOperation::Update {
        owner_uin: fields.required_uin("OwnerUin")?,
        status: parse_status(fields.required_text("Status")?).ok_or_else(|| {
            Error::with_message(
                ErrorCode::InvalidParameterValue,
                "`Status` is neither `Active` nor `Disabled`",
            )
        })?,
    }))
}

fn number(fields: &mut Fields<'_>, name: &'static str) -> Result<Option<u64>, Error> {
    let Some(number) = fields.integer(name)? else {
        return Ok(None);
    };
    let number = u64::try_from(number).ok();
    let number = number.filter(|number| (1..=MAX_ACCOUNT_NUMBER).contains(number));
    number.map(Some).ok_or_else(|| {
        let text = format!("`{name}` is not between 1 and {MAX_ACCOUNT_NUMBER}");
        Error::with_message(ErrorCode::ParamError, text)
    })
}

fn parse_status(text: &str) -> Option<AccountStatus> {
    match text {
        "Active" => Some(AccountStatus::Active),
        "Disabled" => Some(AccountStatus::Disabled),
        _ => None,
    }
}

fn status_name(status: AccountStatus) -> &'static str {
    match status {
        AccountStatus::Active => "Active",
        AccountStatus::Disabled => "Disabled",
    }
}

pub(super) fn parameters(operation: &AccountOperation) -> Json {
    match operation {
        AccountOperation::Create(create) => {
            let app_id = with_some(json!({}), "AppId", create.app_id.map(|app| app.0));
            with_some(app_id, "OwnerUin", create.owner_uin.map(|owner| owner.0))
        }
        AccountOperation::Get(owner_uin) => json!({ "OwnerUin": owner_uin.0 }),
        AccountOperation::List => json!({}),
        AccountOperation::Update { owner_uin, status } => {
            json!({ "OwnerUin": owner_uin.0, "Status": status_name(*status) })
        }
    }
}

/// The only answer with the secret in it.
pub(super) fn write_created(account: &RootAccount, key: &NewAccessKey) -> Json {
    let answer = with(write_account(account), "SecretId", key.access_key.id.as_str());
    with(answer, "SecretKey", key.secret_key.expose())
}

pub(super) fn write_accounts(accounts: &[RootAccount]) -> Json {
    json!({ "Accounts": accounts.iter().map(write_account).collect::<Json>() })
}

pub(super) fn write_account(account: &RootAccount) -> Json {
    json!({
        "OwnerUin": account.account.owner_uin.0,
        "AppId": account.account.app_id.0,
        "Status": status_name(account.status),
        "CreateTime": account.created.cam_time(),
    })
}

pub(super) fn read_answer(operation: &AccountOperation, reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    match operation {
        AccountOperation::Create(_) => {
            let account = read_account(reply)?;
            let access_key = AccessKey {
                id: reply.parsed("SecretId", AccessKeyId::parse)?,
                status: AccessKeyStatus::Active,
                created: account.created,
                description: String::new(),
            };
            let secret_key = SecretKey::new(reply.text("SecretKey")?.to_owned());
            let access_key = NewAccessKey {
                access_key,
                secret_key,
            };
            Ok(Outcome::RootAccountCreated { account, access_key })
        }
        AccountOperation::Get(_) => read_account(reply).map(Outcome::RootAccount),
        AccountOperation::List => reply.list("Accounts", read_account).map(Outcome::RootAccounts),
        AccountOperation::Update { .. } => Ok(Outcome::Done),
    }
}

fn read_account(reply: Reply<'_>) -> Result<RootAccount, AnswerError> {
    Ok(RootAccount {
        account: Account {
            app_id: AppId(reply.number("AppId")?),
            owner_uin: Uin(reply.number("OwnerUin")?),
        },
        status: reply.parsed("Status", |text| parse_status(text).ok_or(()))?,
        created: reply.time("CreateTime")?,
    })
}
