//! SearchAudit, of our own making: records of the audit trail. What a record holds is described in docs/audit.md; here it
//! passes through as it is. Both ways.

use daypass_api::operation::{
    AuditEnding, IdentityOperation, MAX_AUDIT_RECORDS, MAX_AUDIT_TEXT_BYTES, SearchAudit,
};
use daypass_api::outcome::AuditRecords;
use daypass_api::{Error, ErrorCode, Outcome};
use serde_json::{Value as Json, json};

use super::fields::Fields;
use super::object::with_some;
use super::reply::{AnswerError, Reply};

const DEFAULT_LIMIT: usize = 100;
const ENDINGS: [(&str, AuditEnding); 3] = [
    ("allowed", AuditEnding::Allowed),
    ("refused", AuditEnding::Refused),
    ("failed", AuditEnding::Failed),
];

pub(super) fn read(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    let (before, limit) = fields.newest_first(DEFAULT_LIMIT, MAX_AUDIT_RECORDS)?;
    let search = SearchAudit {
        from: moment(fields, "From")?,
        to: moment(fields, "To")?,
        principal: fields.uin("TargetUin")?,
        access_key_id: text(fields, "AccessKeyId")?,
        session_name: text(fields, "SessionName")?,
        action: text(fields, "ActionName")?,
        bucket: text(fields, "Bucket")?,
        prefix: text(fields, "Prefix")?,
        request_id: text(fields, "TargetRequestId")?,
        ending: ending(fields)?,
        before,
        limit,
    };
    Ok(IdentityOperation::SearchAudit(Box::new(search)))
}

fn moment(fields: &mut Fields<'_>, name: &'static str) -> Result<Option<i64>, Error> {
    // What is so far away that it does not fit in milliseconds is no time.
    let seconds = fields.integer(name)?.map(i64::try_from).transpose();
    let seconds = seconds
        .ok()
        .filter(|seconds| seconds.is_none_or(|some| some.checked_mul(1000).is_some()));
    seconds.ok_or_else(|| invalid(format!("`{name}` is not a time in seconds since 1970")))
}

fn text(fields: &mut Fields<'_>, name: &'static str) -> Result<Option<String>, Error> {
    match fields.some_text(name)? {
        Some(text) if text.len() > MAX_AUDIT_TEXT_BYTES => Err(invalid(format!(
            "`{name}` is longer than {MAX_AUDIT_TEXT_BYTES} bytes"
        ))),
        text => Ok(text.map(str::to_owned)),
    }
}

fn ending(fields: &mut Fields<'_>) -> Result<Option<AuditEnding>, Error> {
    let Some(word) = fields.some_text("Outcome")? else {
        return Ok(None);
    };
    let known = ENDINGS.iter().find(|(name, _)| *name == word);
    let known = known.ok_or_else(|| invalid("`Outcome` is `allowed`, `refused` or `failed`".to_owned()));
    known.map(|(_, ending)| Some(*ending))
}

fn invalid(text: String) -> Error {
    Error::with_message(ErrorCode::InvalidParameterValue, text)
}

pub(super) fn parameters(search: &SearchAudit) -> Json {
    let ending = search.ending.and_then(|ending| {
        let known = ENDINGS.iter().find(|(_, known)| *known == ending);
        known.map(|(name, _)| *name)
    });
    let texts = [
        ("AccessKeyId", &search.access_key_id),
        ("SessionName", &search.session_name),
        ("ActionName", &search.action),
        ("Bucket", &search.bucket),
        ("Prefix", &search.prefix),
        ("TargetRequestId", &search.request_id),
    ];
    let all = texts
        .into_iter()
        .fold(json!({ "Limit": search.limit }), |all, (name, text)| {
            with_some(all, name, text.as_deref())
        });
    let all = with_some(all, "From", search.from);
    let all = with_some(all, "To", search.to);
    let all = with_some(all, "TargetUin", search.principal.map(|uin| uin.0));
    let all = with_some(all, "Outcome", ending);
    with_some(all, "Before", search.before)
}

/// The records are JSON; what is not could not be sent as such, and none are sent.
pub(super) fn write(found: &AuditRecords) -> Json {
    let records: Json = serde_json::from_str(&found.records).unwrap_or_else(|_| json!([]));
    with_some(json!({ "Records": records }), "Next", found.next)
}

pub(super) fn read_answer(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    Ok(Outcome::AuditRecords(AuditRecords {
        records: json!(reply.list("Records", |Reply(record)| Ok(record.clone()))?).to_string(),
        next: reply.number("Next").ok(),
    }))
}
