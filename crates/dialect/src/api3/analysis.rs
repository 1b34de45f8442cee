//! LintPolicy and DescribeEffective, of our own making: what policies mean, told before anybody asks for anything. Both
//! ways.

use daypass_api::names::{RoleName, Uin};
use daypass_api::operation::{AnalysisOperation, PolicyPurpose, RightsHolder, RoleRef, Subject};
use daypass_api::outcome::{EffectiveRights, JudgedFinding};
use daypass_api::{Error, ErrorCode, Outcome};
use serde_json::{Value as Json, json};

use super::fields::Fields;
use super::judgement::{read_finding, write_finding};
use super::object::with_some;
use super::reply::{AnswerError, Reply};

const DOCUMENT: &str = "PolicyDocument";
const PURPOSES: [(&str, PolicyPurpose); 4] = [
    ("identity", PolicyPurpose::Identity),
    ("session", PolicyPurpose::Session),
    ("bucket", PolicyPurpose::Bucket),
    ("trust", PolicyPurpose::Trust),
];

pub(super) fn read_lint(fields: &mut Fields<'_>) -> Result<AnalysisOperation, Error> {
    let document = fields.required_text(DOCUMENT)?.to_owned();
    let kind = fields.required_text("Kind")?;
    let known = PURPOSES.iter().find(|(name, _)| *name == kind);
    let (_, purpose) = known.ok_or_else(|| {
        let text = "`Kind` is `identity`, `session`, `bucket` or `trust`";
        Error::with_message(ErrorCode::InvalidParameterValue, text)
    })?;
    Ok(AnalysisOperation::Lint {
        document,
        purpose: *purpose,
    })
}

pub(super) fn read_effective(fields: &mut Fields<'_>) -> Result<AnalysisOperation, Error> {
    let role = fields.some_text("RoleName")?.map(RoleName::parse).transpose()?;
    let holder = match (fields.uin("TargetUin")?, role) {
        (None, None) => RightsHolder::Subject(Subject::Caller),
        (Some(uin), None) => RightsHolder::Subject(Subject::Uin(uin)),
        (None, Some(name)) => RightsHolder::Role(RoleRef::Name(name)),
        (Some(_), Some(_)) => {
            let text = "at most one of `TargetUin` and `RoleName` may be given";
            return Err(Error::with_message(ErrorCode::InvalidParameterValue, text));
        }
    };
    let policy = fields.some_text("Policy")?.map(str::to_owned);
    Ok(AnalysisOperation::Effective { holder, policy })
}

pub(super) fn parameters(operation: &AnalysisOperation) -> Json {
    match operation {
        AnalysisOperation::Lint { document, purpose } => {
            let known = PURPOSES.iter().find(|(_, known)| known == purpose);
            json!({ DOCUMENT: document, "Kind": known.map(|(name, _)| name) })
        }
        AnalysisOperation::Effective { holder, policy } => {
            let (uin, role) = match holder {
                RightsHolder::Subject(Subject::Caller) => (None, None),
                RightsHolder::Subject(Subject::Uin(Uin(uin))) => (Some(*uin), None),
                RightsHolder::Role(RoleRef::Name(name)) => (None, Some(json!(name.as_str()))),
                RightsHolder::Role(RoleRef::Id(id)) => (None, Some(json!(id.to_string()))),
            };
            let all = with_some(json!({}), "TargetUin", uin);
            let all = with_some(all, "RoleName", role);
            with_some(all, "Policy", policy.as_deref())
        }
    }
}

pub(super) fn write_findings(findings: &[JudgedFinding]) -> Json {
    json!({ "Findings": findings.iter().map(write_finding).collect::<Json>() })
}

/// The rows are JSON; what is not could not be sent as such, and none are sent.
pub(super) fn write_effective(rights: &EffectiveRights) -> Json {
    let rows: Json = serde_json::from_str(&rights.rows).unwrap_or_else(|_| json!([]));
    with_some(json!({ "Rows": rows }), "Picture", rights.picture.as_deref())
}

pub(super) fn read_answer(operation: &AnalysisOperation, reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    match operation {
        AnalysisOperation::Lint { .. } => reply.list("Findings", read_finding).map(Outcome::Findings),
        AnalysisOperation::Effective { .. } => Ok(Outcome::Effective(EffectiveRights {
            rows: json!(reply.list("Rows", |Reply(row)| Ok(row.clone()))?).to_string(),
            picture: reply.optional_text("Picture")?.map(str::to_owned),
        })),
    }
}
