//! RevokeSession and ListRevocations: parameters and answers, both ways. They are of our own making, in a version of
//! the token service's API of their own, in the transport that its other actions have.

use daypass_api::names::{AccessKeyId, RoleId, RoleName, SessionId, SessionName, Uin};
use daypass_api::operation::{
    ListRevocations, MAX_LISTED_REVOCATIONS, MAX_REVOKED_AT_ONCE, Operation, RevokeSession, RevokedTarget,
    RoleRef, SessionOperation,
};
use daypass_api::outcome::{Ended, Revocation, RevocationList};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use serde_json::{Value as Json, json};

use super::fields::Fields;
use super::object::{with, with_some};
use super::reply::{AnswerError, Reply, malformed};

const DEFAULT_LIMIT: usize = 100;

pub(super) fn read_revoke(fields: &mut Fields<'_>) -> Result<Operation, Error> {
    let role = match (fields.digits("RoleId")?, fields.some_text("RoleName")?) {
        (None, None) => None,
        (Some(id), None) => Some(RoleRef::Id(RoleId::parse(&id)?)),
        (None, Some(name)) => Some(RoleRef::Name(RoleName::parse(name)?)),
        (Some(_), Some(_)) => return Err(not_one_target()),
    };
    let targets = [
        fields.texts("TmpSecretIds")?.map(sessions).transpose()?,
        fields.uin("TargetUin")?.map(RevokedTarget::User),
        role.map(RevokedTarget::Role),
        fields
            .some_text("SecretId")?
            .map(|id| AccessKeyId::parse(id).map(RevokedTarget::AccessKey))
            .transpose()?,
        fields
            .some_text("SessionName")?
            .map(|name| SessionName::parse(name).map(RevokedTarget::Name))
            .transpose()?,
    ];
    let mut targets = targets.into_iter().flatten();
    let (Some(target), None) = (targets.next(), targets.next()) else {
        return Err(not_one_target());
    };
    let issued_before = fields.some_text("IssuedBefore")?.map(moment).transpose()?;
    if issued_before.is_some() && matches!(target, RevokedTarget::Sessions(_)) {
        return Err(invalid("`IssuedBefore` has no meaning beside `TmpSecretIds`"));
    }
    Ok(Operation::Session(SessionOperation::RevokeSession(
        RevokeSession {
            target,
            issued_before,
        },
    )))
}

fn sessions(texts: Vec<&str>) -> Result<RevokedTarget, Error> {
    if texts.is_empty() || texts.len() > MAX_REVOKED_AT_ONCE {
        let text = format!("`TmpSecretIds` has not between 1 and {MAX_REVOKED_AT_ONCE} entries");
        return Err(Error::with_message(ErrorCode::InvalidParameterValue, text));
    }
    let ids = texts.into_iter().map(AccessKeyId::parse);
    ids.collect::<Result<_, _>>().map(RevokedTarget::Sessions)
}

pub(super) fn read_list(fields: &mut Fields<'_>) -> Result<Operation, Error> {
    let after = u64::try_from(fields.integer("After")?.unwrap_or(0));
    let limit = fields
        .integer("Limit")?
        .map_or(Ok(DEFAULT_LIMIT), usize::try_from);
    let (Ok(after), Ok(limit @ 1..=MAX_LISTED_REVOCATIONS)) = (after, limit) else {
        let text = format!("`After` is negative or `Limit` not between 1 and {MAX_LISTED_REVOCATIONS}");
        return Err(Error::with_message(ErrorCode::InvalidParameterValue, text));
    };
    let list = ListRevocations { after, limit };
    Ok(Operation::Session(SessionOperation::ListRevocations(list)))
}

fn moment(text: &str) -> Result<Timestamp, Error> {
    Timestamp::parse_iso(text)
        .ok_or_else(|| invalid("`IssuedBefore` is not a time as `2026-11-01T12:00:00Z`"))
}

fn not_one_target() -> Error {
    invalid(
        "exactly one of `TmpSecretIds`, `TargetUin`, `RoleId`, `RoleName`, `SecretId` and `SessionName` must be given",
    )
}

fn invalid(text: &'static str) -> Error {
    Error::with_message(ErrorCode::InvalidParameterValue, text)
}

pub(super) fn revoke_parameters(revoke: &RevokeSession) -> Json {
    let target = match &revoke.target {
        RevokedTarget::Sessions(ids) => {
            json!({ "TmpSecretIds": ids.iter().map(AccessKeyId::as_str).collect::<Vec<_>>() })
        }
        RevokedTarget::User(uin) => json!({ "TargetUin": uin.0 }),
        RevokedTarget::Role(RoleRef::Id(id)) => json!({ "RoleId": id.to_string() }),
        RevokedTarget::Role(RoleRef::Name(name)) => json!({ "RoleName": name.as_str() }),
        RevokedTarget::AccessKey(id) => json!({ "SecretId": id.as_str() }),
        RevokedTarget::Name(name) => json!({ "SessionName": name.as_str() }),
    };
    with_some(
        target,
        "IssuedBefore",
        revoke.issued_before.map(Timestamp::iso_millis),
    )
}

pub(super) fn list_parameters(list: ListRevocations) -> Json {
    json!({ "After": list.after, "Limit": list.limit })
}

pub(super) fn write_list(list: &RevocationList) -> Json {
    let entries = list.entries.iter().map(write_one).collect::<Json>();
    with_some(json!({ "Revocations": entries }), "Next", list.next)
}

fn write_one(revocation: &Revocation) -> Json {
    let (kind, target) = match &revocation.ended {
        Ended::Session(id) => ("Session", hex(id)),
        Ended::User(uin) => ("User", uin.to_string()),
        Ended::Role(id) => ("Role", id.to_string()),
        Ended::AccessKey(id) => ("AccessKey", id.to_string()),
        Ended::Name(name) => ("SessionName", name.clone()),
    };
    let fields = json!({
        "Id": revocation.sequence,
        "Type": kind,
        "Target": target,
        "IssuedBefore": revocation.issued_before.iso_millis(),
        "Expires": revocation.expires.iso_millis(),
        "Created": revocation.made.iso_millis(),
    });
    with(fields, "CreatedBy", revocation.by.0)
}

pub(super) fn read_revocations(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let next = reply.number("Next").ok();
    let entries = reply.list("Revocations", read_one)?;
    Ok(Outcome::Revocations(RevocationList { entries, next }))
}

fn read_one(reply: Reply<'_>) -> Result<Revocation, AnswerError> {
    let target = reply.text("Target")?;
    let bad = || malformed("Target");
    let ended = match reply.text("Type")? {
        "Session" => Ended::Session(from_hex(target).ok_or_else(bad)?),
        "User" => Ended::User(target.parse::<Uin>().map_err(|_| bad())?),
        "Role" => Ended::Role(RoleId::parse(target).map_err(|_| bad())?),
        "AccessKey" => Ended::AccessKey(AccessKeyId::parse(target).map_err(|_| bad())?),
        "SessionName" => Ended::Name(target.to_owned()),
        _ => return Err(malformed("Type")),
    };
    let time = |field| reply.parsed(field, |text| Timestamp::parse_iso(text).ok_or(()));
    Ok(Revocation {
        sequence: reply.number("Id")?,
        ended,
        issued_before: time("IssuedBefore")?,
        expires: time("Expires")?,
        made: time("Created")?,
        by: Uin(reply.number("CreatedBy")?),
    })
}

/// A session is told by its id alone: what its key is called follows from it, for who knows how.
fn hex(id: &SessionId) -> String {
    id.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<SessionId> {
    let plain = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u128::from_str_radix(text, 16).ok()?;
    plain.then(|| SessionId(number.to_be_bytes()))
}
