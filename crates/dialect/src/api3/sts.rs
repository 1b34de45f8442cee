//! GetFederationToken, GetSessionToken, GetCallerIdentity and QueryApiKey: parameters and answers, both ways.
//!
//! "Limits of the duration" and the meaning of the policy belong to whoever mints the key: here the policy is
//! only decoded to text, and the duration passed on as given.

use daypass_api::names::{AccessKeyId, RoleId, SessionName, Uin};
use daypass_api::operation::{AccessKeyStatus, GetFederationToken, Operation, SessionOperation};
use daypass_api::outcome::{AccessKey, CallerIdentity, SessionToken, TemporaryKey};
use daypass_api::secret::SecretKey;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};

use super::call::Edition;
use super::fields::{Fields, missing};
use super::form;
use super::judgement;
use super::object::with_some;
use super::reply::{AnswerError, Reply, malformed};

/// The one operation without parameters of its own.
pub(super) const CALLER_IDENTITY: Operation = Operation::Session(SessionOperation::GetCallerIdentity);

pub(super) fn read_federation(fields: &mut Fields<'_>, edition: Edition) -> Result<Operation, Error> {
    let [name, policy, duration] = match edition {
        Edition::Current => ["Name", "Policy", "DurationSeconds"],
        Edition::Legacy => ["name", "policy", "durationSeconds"],
    };
    let get = GetFederationToken {
        name: SessionName::parse(fields.text(name)?.ok_or_else(|| missing(name))?)?,
        policy: fields.text(policy)?.map_or(Ok(None), decode_policy)?,
        duration_seconds: fields.integer(duration)?.map(saturate),
    };
    Ok(Operation::Session(SessionOperation::GetFederationToken(get)))
}

pub(super) fn read_session_token(fields: &mut Fields<'_>) -> Result<Operation, Error> {
    refuse_second_factor(fields)?;
    let duration_seconds = fields.integer("DurationSeconds")?.map(saturate);
    Ok(Operation::Session(SessionOperation::GetSessionToken {
        duration_seconds,
    }))
}

pub(super) fn read_query_key(fields: &mut Fields<'_>) -> Result<Operation, Error> {
    Ok(Operation::Session(SessionOperation::QueryApiKey(
        fields.subject()?,
    )))
}

/// Nobody has a device, so that whatever is shown as the code of one is wrong. It must never pass for right.
pub(super) fn refuse_second_factor(fields: &mut Fields<'_>) -> Result<(), Error> {
    let serial = fields.some_text("SerialNumber")?;
    let code = fields.some_text("TokenCode")?;
    match (serial, code) {
        (None, None) => Ok(()),
        (Some(serial), _) if !serial.ends_with("mfa/softToken") => Err(ErrorCode::MfaTypeNotSupported.into()),
        _ => Err(ErrorCode::MfaCheckFailed.into()),
    }
}

/// Some SDKs send the policy percent-encoded within the encoding of the form, others plain. Plain JSON may hold
/// a `%` or `+` of its own, so that only what does not begin like JSON is decoded again.
///
/// Nothing but the empty text means that there is no policy: a key without one has all of its maker's rights,
/// and neither a blank nor `undefined` may lead there.
pub(super) fn decode_policy(text: &str) -> Result<Option<String>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    if is_object(text) {
        return Ok(Some(text.to_owned()));
    }
    match form::decode_percent(text.as_bytes()) {
        Some(decoded) if is_object(&decoded) => Ok(Some(decoded)),
        _ => Err(ErrorCode::PolicyNotWellFormed.into()),
    }
}

fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

pub(super) fn saturate(number: i128) -> i64 {
    let limit = if number < 0 { i64::MIN } else { i64::MAX };
    i64::try_from(number).unwrap_or(limit)
}

/// All but the unreserved characters of RFC 3986.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

pub(super) fn encode_policy(policy: &str) -> String {
    utf8_percent_encode(policy, COMPONENT).to_string()
}

/// The client's parameters; the policy encoded as the documentation asks.
pub(super) fn federation_parameters(get: &GetFederationToken) -> Json {
    let parameters = json!({ "Name": get.name.as_str() });
    let parameters = with_some(parameters, "Policy", get.policy.as_deref().map(encode_policy));
    with_some(parameters, "DurationSeconds", get.duration_seconds)
}

pub(super) fn write_temporary_key(key: &TemporaryKey) -> Json {
    let json = json!({
        "Credentials": {
            "Token": key.token.expose(),
            "TmpSecretId": key.access_key_id.as_str(),
            "TmpSecretKey": key.secret_key.expose(),
        },
        "ExpiredTime": key.expires.unix_seconds(),
        "Expiration": key.expires.iso_seconds(),
    });
    with_some(json, "Judgement", key.judgement.as_deref().map(judgement::write))
}

/// As API 2.0 spells it; there only another action's answer has `expiration`.
pub(super) fn write_legacy_temporary_key(key: &TemporaryKey) -> Json {
    let json = json!({
        "credentials": {
            "sessionToken": key.token.expose(),
            "tmpSecretId": key.access_key_id.as_str(),
            "tmpSecretKey": key.secret_key.expose(),
        },
        "expiredTime": key.expires.unix_seconds(),
    });
    with_some(json, "judgement", key.judgement.as_deref().map(judgement::write))
}

pub(super) fn read_temporary_key(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let credentials = reply.object("Credentials")?;
    Ok(Outcome::TemporaryKey(TemporaryKey {
        access_key_id: credentials.parsed("TmpSecretId", AccessKeyId::parse)?,
        secret_key: SecretKey::new(credentials.text("TmpSecretKey")?.to_owned()),
        token: SessionToken::new(credentials.text("Token")?.to_owned()),
        expires: Timestamp::from_unix_seconds(reply.signed("ExpiredTime")?),
        judgement: judgement::read(reply)?,
    }))
}

/// All values are texts, numbers too.
pub(super) fn write_caller(caller: &CallerIdentity) -> Json {
    let CallerIdentity {
        owner_uin,
        uin,
        role,
        session_name,
    } = caller;
    let named = |id: String, name: &Option<String>| match name {
        None => id,
        Some(name) => format!("{id}:{name}"),
    };
    let (kind, arn, user_id) = match (role, session_name) {
        (Some(role), name) => (
            TYPE_ROLE,
            format!("qcs::sts:{owner_uin}:assumed-role/{role}"),
            named(role.to_string(), name),
        ),
        (None, None) => (
            TYPE_USER,
            format!("qcs::cam::uin/{owner_uin}:uin/{uin}"),
            uin.to_string(),
        ),
        (None, name) => (
            TYPE_USER,
            format!("qcs::sts:{owner_uin}:federated-user/{uin}"),
            named(uin.to_string(), name),
        ),
    };
    json!({
        "Type": kind,
        "Arn": arn,
        "UserId": user_id,
        "PrincipalId": uin.to_string(),
        "AccountId": owner_uin.to_string(),
    })
}

const TYPE_USER: &str = "CAMUser";
const TYPE_ROLE: &str = "CAMRole";

pub(super) fn read_caller(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let user_id = reply.text("UserId")?;
    let (id, session_name) = match user_id.split_once(':') {
        Some((id, name)) => (id, Some(name)),
        None => (user_id, None),
    };
    let role = match reply.text("Type")? {
        TYPE_ROLE => Some(id.parse::<RoleId>().map_err(|_| malformed("UserId"))?),
        _ => None,
    };
    Ok(Outcome::CallerIdentity(CallerIdentity {
        owner_uin: reply.parsed("AccountId", str::parse::<Uin>)?,
        uin: reply.parsed("PrincipalId", str::parse::<Uin>)?,
        role,
        session_name: session_name.map(str::to_owned),
    }))
}

/// How the token service counts what may become of a key; one that was removed is not told.
const STATUS_ACTIVE: u64 = 2;
const STATUS_INACTIVE: u64 = 3;

pub(super) fn write_api_keys(keys: &[AccessKey]) -> Json {
    let one = |key: &AccessKey| {
        let status = match key.status {
            AccessKeyStatus::Active => STATUS_ACTIVE,
            AccessKeyStatus::Inactive => STATUS_INACTIVE,
        };
        json!({
            "SecretId": key.id.as_str(),
            "CreateTime": key.created.unix_seconds(),
            "Status": status,
        })
    };
    json!({ "IdKeys": keys.iter().map(one).collect::<Json>() })
}

/// The answer has no notes about the keys: they are empty.
pub(super) fn read_api_keys(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let one = |reply: Reply<'_>| {
        Ok(AccessKey {
            id: reply.parsed("SecretId", AccessKeyId::parse)?,
            status: match reply.number("Status")? {
                STATUS_ACTIVE => AccessKeyStatus::Active,
                STATUS_INACTIVE => AccessKeyStatus::Inactive,
                _ => return Err(malformed("Status")),
            },
            created: Timestamp::from_unix_seconds(reply.signed("CreateTime")?),
            description: String::new(),
        })
    };
    reply.list("IdKeys", one).map(Outcome::ApiKeys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<Option<&str>, ErrorCode>) {
        let decoded = decode_policy(text).map_err(|error| error.code);
        assert_eq!(
            decoded,
            expected.map(|policy| policy.map(str::to_owned)),
            "{text}"
        );
    }

    #[test]
    fn policies_are_decoded_only_when_they_are_encoded() {
        const BAD: Result<Option<&str>, ErrorCode> = Err(ErrorCode::PolicyNotWellFormed);
        check("", Ok(None));
        check(r#"{"a":"%7B+"}"#, Ok(Some(r#"{"a":"%7B+"}"#)));
        check(" \n{}", Ok(Some(" \n{}")));
        check("%7B%22a%22%3A+%22b%20c%2B%22%7D", Ok(Some(r#"{"a": "b c+"}"#)));
        check("%0A%7B%7D", Ok(Some("\n{}")));
        // Once more, and no more than that.
        check("%7B%22a%22%3A%22%257B%22%7D", Ok(Some(r#"{"a":"%7B"}"#)));
        check("%257B%257D", BAD);
        for bad in [
            " ",
            "+",
            "%20",
            "undefined",
            "null",
            "None",
            "[]",
            "%",
            "%7",
            "%7B%ff",
        ] {
            check(bad, BAD);
        }
    }

    #[test]
    fn durations_saturate() {
        assert_eq!(saturate(i128::MAX), i64::MAX);
        assert_eq!(saturate(i128::MIN), i64::MIN);
        assert_eq!(saturate(-1), -1);
    }
}
