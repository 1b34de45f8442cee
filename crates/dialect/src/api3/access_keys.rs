//! CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey and GetSecurityLastUsed: parameters and answers,
//! both ways.

use daypass_api::names::AccessKeyId;
use daypass_api::operation::{AccessKeyStatus, IdentityOperation, Subject};
use daypass_api::outcome::{AccessKey, LastUse, NewAccessKey};
use daypass_api::secret::SecretKey;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use serde_json::{Value as Json, json};

use super::fields::Fields;
use super::object::{with, with_some};
use super::reply::{AnswerError, Reply};

/// The longest note about an access key, in bytes.
const MAX_DESCRIPTION_BYTES: usize = 1024;
/// Most keys whose last use is asked for at once.
const MAX_LAST_USES: usize = 10;

pub(super) fn read_create(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    Ok(IdentityOperation::CreateAccessKey {
        subject: fields.subject()?,
        description: parse_description(fields.text("Description")?.unwrap_or_default())?,
    })
}

pub(super) fn read_list(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    Ok(IdentityOperation::ListAccessKeys(fields.subject()?))
}

pub(super) fn read_update(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    Ok(IdentityOperation::UpdateAccessKey {
        subject: fields.subject()?,
        access_key_id: read_id(fields)?,
        status: parse_status(fields.required_text("Status")?).ok_or_else(|| {
            Error::with_message(
                ErrorCode::InvalidParameterValue,
                "`Status` is neither `Active` nor `Inactive`",
            )
        })?,
    })
}

pub(super) fn read_delete(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    Ok(IdentityOperation::DeleteAccessKey {
        subject: fields.subject()?,
        access_key_id: read_id(fields)?,
    })
}

pub(super) fn read_last_uses(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    let ids = fields.required_texts("SecretIdList", MAX_LAST_USES, ErrorCode::ParamError)?;
    let ids = ids.into_iter().map(parse_id).collect::<Result<_, _>>()?;
    Ok(IdentityOperation::ListLastUses(ids))
}

fn read_id(fields: &mut Fields<'_>) -> Result<AccessKeyId, Error> {
    parse_id(fields.required_text("AccessKeyId")?)
}

/// What cannot be a key's id names no key.
fn parse_id(text: &str) -> Result<AccessKeyId, Error> {
    AccessKeyId::parse(text).map_err(|_| ErrorCode::AccessKeyNotExist.into())
}

fn parse_description(text: &str) -> Result<String, Error> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
    if text.len() > MAX_DESCRIPTION_BYTES || !text.bytes().all(plain) {
        let message = "`Description` is not at most 1024 of letters, digits and _+=,.@:/-";
        return Err(Error::with_message(ErrorCode::ParamError, message));
    }
    Ok(text.to_owned())
}

fn parse_status(text: &str) -> Option<AccessKeyStatus> {
    match text {
        "Active" => Some(AccessKeyStatus::Active),
        "Inactive" => Some(AccessKeyStatus::Inactive),
        _ => None,
    }
}

fn status_name(status: AccessKeyStatus) -> &'static str {
    match status {
        AccessKeyStatus::Active => "Active",
        AccessKeyStatus::Inactive => "Inactive",
    }
}

pub(super) fn create_parameters(subject: Subject, description: &str) -> Json {
    let description = (!description.is_empty()).then_some(description);
    with_some(subject_parameters(subject), "Description", description)
}

pub(super) fn update_parameters(subject: Subject, id: &AccessKeyId, status: AccessKeyStatus) -> Json {
    with(delete_parameters(subject, id), "Status", status_name(status))
}

pub(super) fn delete_parameters(subject: Subject, id: &AccessKeyId) -> Json {
    with(subject_parameters(subject), "AccessKeyId", id.as_str())
}

pub(super) fn last_uses_parameters(ids: &[AccessKeyId]) -> Json {
    json!({ "SecretIdList": ids.iter().map(AccessKeyId::as_str).collect::<Vec<_>>() })
}

pub(super) fn subject_parameters(subject: Subject) -> Json {
    match subject {
        Subject::Caller => json!({}),
        Subject::Uin(uin) => json!({ "TargetUin": uin.0 }),
    }
}

/// The only answer with the secret in it.
pub(super) fn write_created(key: &NewAccessKey) -> Json {
    let secret_key = key.secret_key.expose();
    with(
        json!({}),
        "AccessKey",
        with(write_key(&key.access_key), "SecretAccessKey", secret_key),
    )
}

pub(super) fn write_keys(keys: &[AccessKey]) -> Json {
    json!({ "AccessKeys": keys.iter().map(write_key).collect::<Json>() })
}

fn write_key(key: &AccessKey) -> Json {
    json!({
        "AccessKeyId": key.id.as_str(),
        "Status": status_name(key.status),
        "CreateTime": key.created.cam_time(),
        "Description": key.description,
    })
}

/// The day, and the second since 1970; null for a key that was never used.
pub(super) fn write_last_uses(uses: &[LastUse]) -> Json {
    let day = |time: Timestamp| {
        time.cam_time()
            .chars()
            .take("YYYY-MM-DD".len())
            .collect::<String>()
    };
    let row = |entry: &LastUse| {
        json!({
            "SecretId": entry.id.as_str(),
            "LastUsedDate": entry.used.map(day),
            "LastSecretUsedDate": entry.used.map(Timestamp::unix_seconds),
        })
    };
    json!({ "SecretIdLastUsedRows": uses.iter().map(row).collect::<Json>() })
}

pub(super) fn read_last_uses_answer(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let row = |reply: Reply<'_>| {
        let is_unused = reply.is_null("LastSecretUsedDate");
        let seconds = (!is_unused)
            .then(|| reply.signed("LastSecretUsedDate"))
            .transpose()?;
        Ok(LastUse {
            id: reply.parsed("SecretId", AccessKeyId::parse)?,
            used: seconds.map(Timestamp::from_unix_seconds),
        })
    };
    reply.list("SecretIdLastUsedRows", row).map(Outcome::LastUses)
}

pub(super) fn read_created(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let fields = reply.object("AccessKey")?;
    Ok(Outcome::AccessKeyCreated(NewAccessKey {
        access_key: read_key(fields)?,
        secret_key: SecretKey::new(fields.text("SecretAccessKey")?.to_owned()),
    }))
}

pub(super) fn read_keys(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    reply.list("AccessKeys", read_key).map(Outcome::AccessKeys)
}

fn read_key(reply: Reply<'_>) -> Result<AccessKey, AnswerError> {
    Ok(AccessKey {
        id: reply.parsed("AccessKeyId", AccessKeyId::parse)?,
        status: reply.parsed("Status", |text| parse_status(text).ok_or(()))?,
        created: reply.time("CreateTime")?,
        description: reply.optional_text("Description")?.unwrap_or_default().to_owned(),
    })
}
