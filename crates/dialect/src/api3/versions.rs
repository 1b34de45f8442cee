//! CreatePolicyVersion, GetPolicyVersion, ListPolicyVersions, DeletePolicyVersion and SetDefaultPolicyVersion:
//! parameters and answers, both ways.

use daypass_api::names::{PolicyId, VersionId};
use daypass_api::operation::VersionOperation;
use daypass_api::outcome::{PolicyVersion, PolicyVersionSummary};
use daypass_api::{Error, ErrorCode, Outcome};
use serde_json::{Value as Json, json};

use super::action::Action;
use super::fields::{Fields, missing, version_id};
use super::object::with;
use super::policies::id_parameters;
use super::reply::{AnswerError, Reply, malformed};

/// Most numbers of versions in one call; no policy has more versions.
const MAX_AT_ONCE: usize = 5;

pub(super) fn read_create(fields: &mut Fields<'_>) -> Result<VersionOperation, Error> {
    Ok(VersionOperation::Create {
        policy_id: fields.policy_id()?,
        document: fields.required_text("PolicyDocument")?.to_owned(),
        set_as_default: fields.required_truth("SetAsDefault")?,
    })
}

pub(super) fn read_get(fields: &mut Fields<'_>) -> Result<VersionOperation, Error> {
    Ok(VersionOperation::Get {
        policy_id: fields.policy_id()?,
        version: read_version(fields)?,
    })
}

pub(super) fn read_list(fields: &mut Fields<'_>) -> Result<VersionOperation, Error> {
    Ok(VersionOperation::List(fields.policy_id()?))
}

pub(super) fn read_delete(fields: &mut Fields<'_>) -> Result<VersionOperation, Error> {
    let policy_id = fields.policy_id()?;
    let numbers = fields.numbers("VersionId", MAX_AT_ONCE, ErrorCode::ParamError)?;
    let versions = numbers.into_iter().map(version_id).collect::<Result<_, _>>()?;
    Ok(VersionOperation::Delete { policy_id, versions })
}

pub(super) fn read_set_default(fields: &mut Fields<'_>) -> Result<VersionOperation, Error> {
    Ok(VersionOperation::SetDefault {
        policy_id: fields.policy_id()?,
        version: read_version(fields)?,
    })
}

fn read_version(fields: &mut Fields<'_>) -> Result<VersionId, Error> {
    version_id(fields.integer("VersionId")?.ok_or_else(|| missing("VersionId"))?)
}

pub(super) fn request(operation: &VersionOperation) -> (Action, Json) {
    use VersionOperation as Op;
    let one =
        |policy_id: &PolicyId, version: &VersionId| with(id_parameters(*policy_id), "VersionId", version.0);
    match operation {
        Op::Create {
            policy_id,
            document,
            set_as_default,
        } => {
            let parameters = with(id_parameters(*policy_id), "PolicyDocument", document.as_str());
            (
                Action::CreatePolicyVersion,
                with(parameters, "SetAsDefault", *set_as_default),
            )
        }
        Op::Get { policy_id, version } => (Action::GetPolicyVersion, one(policy_id, version)),
        Op::List(policy_id) => (Action::ListPolicyVersions, id_parameters(*policy_id)),
        Op::Delete { policy_id, versions } => {
            let versions: Vec<_> = versions.iter().map(|version| version.0).collect();
            (
                Action::DeletePolicyVersion,
                with(id_parameters(*policy_id), "VersionId", versions),
            )
        }
        Op::SetDefault { policy_id, version } => (Action::SetDefaultPolicyVersion, one(policy_id, version)),
    }
}

pub(super) fn answer(operation: &VersionOperation, reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    match operation {
        VersionOperation::Create { .. } => Ok(Outcome::VersionCreated(VersionId(reply.number("VersionId")?))),
        VersionOperation::Get { .. } => {
            let fields = reply.object("PolicyVersion")?;
            Ok(Outcome::Version(PolicyVersion {
                summary: read_summary(fields)?,
                document: fields.text("Document")?.to_owned(),
            }))
        }
        VersionOperation::List(_) => reply.list("Versions", read_summary).map(Outcome::Versions),
        VersionOperation::Delete { .. } | VersionOperation::SetDefault { .. } => Ok(Outcome::Done),
    }
}

pub(super) fn write_created(id: VersionId) -> Json {
    json!({ "VersionId": id.0 })
}

pub(super) fn write_version(version: &PolicyVersion) -> Json {
    let fields = with(
        write_summary(&version.summary),
        "Document",
        version.document.as_str(),
    );
    json!({ "PolicyVersion": fields })
}

pub(super) fn write_versions(versions: &[PolicyVersionSummary]) -> Json {
    json!({ "Versions": versions.iter().map(write_summary).collect::<Json>() })
}

fn write_summary(version: &PolicyVersionSummary) -> Json {
    json!({
        "VersionId": version.id.0,
        "CreateDate": version.created.cam_time(),
        "IsDefaultVersion": u8::from(version.is_default),
    })
}

fn read_summary(reply: Reply<'_>) -> Result<PolicyVersionSummary, AnswerError> {
    Ok(PolicyVersionSummary {
        id: VersionId(reply.number("VersionId")?),
        created: reply.time("CreateDate")?,
        is_default: match reply.number("IsDefaultVersion")? {
            0 => false,
            1 => true,
            _ => return Err(malformed("IsDefaultVersion")),
        },
    })
}
