//! AssumeRole: parameters, both ways. Its answer is that of every temporary key.

use daypass_api::names::{ExternalId, RoleId, RoleName, SessionName, Uin};
use daypass_api::operation::{AssumeRole, MAX_ROLE_TAGS, Operation, RoleRef, SessionOperation};
use daypass_api::tags::Tags;
use daypass_api::{Error, ErrorCode};
use serde_json::{Value as Json, json};

use super::fields::{Fields, missing};
use super::object::with_some;
use super::sts::{decode_policy, encode_policy, refuse_second_factor, saturate};
use super::tags;

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Operation, Error> {
    let arn = fields.some_text("RoleArn")?.ok_or_else(|| missing("RoleArn"))?;
    let (owner, role) = parse_arn(arn)?;
    let assume = AssumeRole {
        owner,
        role,
        name: SessionName::parse_of_role(fields.required_text("RoleSessionName")?)?,
        duration_seconds: fields.integer("DurationSeconds")?.map(saturate),
        policy: policy(fields)?,
        external_id: fields
            .some_text("ExternalId")?
            .map(ExternalId::parse)
            .transpose()?,
        tags: session_tags(fields)?,
        source_identity: source_identity(fields)?,
    };
    refuse_second_factor(fields)?;
    Ok(Operation::Session(SessionOperation::AssumeRole(assume)))
}

/// One SDK says `undefined` where no policy is meant, in the actions on roles alone.
pub(super) fn policy(fields: &mut Fields<'_>) -> Result<Option<String>, Error> {
    match fields.some_text("Policy")? {
        None | Some("undefined") => Ok(None),
        Some(text) => decode_policy(text),
    }
}

/// The token service has no codes of its own for tags.
fn session_tags(fields: &mut Fields<'_>) -> Result<Tags, Error> {
    tags::read(fields, MAX_ROLE_TAGS).map_err(|error| match error.code {
        ErrorCode::TagParamError | ErrorCode::TagLimitExceeded => Error::with_message(
            ErrorCode::ParamError,
            "`Tags` has more than 50 entries, a key twice, or one that is too long",
        ),
        _ => error,
    })
}

fn source_identity(fields: &mut Fields<'_>) -> Result<Option<SessionName>, Error> {
    let parsed = fields.some_text("SourceIdentity")?.map(SessionName::parse);
    parsed.transpose().map_err(|_| {
        Error::with_message(
            ErrorCode::ParamError,
            "SourceIdentity is not 1 to 128 of letters, digits and _=,.@+-",
        )
    })
}

/// `qcs::cam::uin/<OwnerUin>:roleName/<name>` or `…:role/<id>`. A service's own role has a longer path, and there are
/// none of those.
pub(super) fn parse_arn(text: &str) -> Result<(Uin, RoleRef), Error> {
    let malformed = || Error::with_message(ErrorCode::ParamError, "RoleArn is not that of a role");
    let rest = text.strip_prefix("qcs::cam::uin/").ok_or_else(malformed)?;
    let (owner, role) = rest.split_once(':').ok_or_else(malformed)?;
    let is_plain = owner.bytes().all(|byte| byte.is_ascii_digit()) && !owner.starts_with('0');
    let owner = owner.parse().ok().filter(|_| is_plain).ok_or_else(malformed)?;
    if role.starts_with("role/tencentcloudServiceRole") {
        return Err(ErrorCode::RoleNotExist.into());
    }
    let role = match role.split_once('/') {
        Some(("roleName", name)) => RoleRef::Name(RoleName::parse(name).map_err(|_| malformed())?),
        Some(("role", id)) => RoleRef::Id(RoleId::parse(id).map_err(|_| malformed())?),
        _ => return Err(malformed()),
    };
    Ok((owner, role))
}

/// The text that names a role.
pub(super) fn arn(owner: Uin, role: &RoleRef) -> String {
    match role {
        RoleRef::Id(id) => format!("qcs::cam::uin/{owner}:role/{id}"),
        RoleRef::Name(name) => format!("qcs::cam::uin/{owner}:roleName/{name}"),
    }
}

pub(super) fn parameters(assume: &AssumeRole) -> Json {
    let parameters = json!({
        "RoleArn": arn(assume.owner, &assume.role),
        "RoleSessionName": assume.name.as_str(),
        "Tags": tags::write(&assume.tags),
    });
    let text = |name: &SessionName| name.as_str().to_owned();
    let policy = assume.policy.as_deref().map(encode_policy);
    let external_id = assume.external_id.as_ref().map(|id| id.as_str().to_owned());
    let parameters = with_some(parameters, "DurationSeconds", assume.duration_seconds);
    let parameters = with_some(parameters, "Policy", policy);
    let parameters = with_some(parameters, "ExternalId", external_id);
    with_some(
        parameters,
        "SourceIdentity",
        assume.source_identity.as_ref().map(text),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_roles() {
        let check = |text: &str, expected: Result<RoleRef, ErrorCode>| {
            let parsed = parse_arn(text).map_err(|error| error.code);
            assert_eq!(parsed, expected.map(|role| (Uin(900), role)), "{text}");
        };
        let name = RoleRef::Name(RoleName::parse("dev").unwrap());
        check("qcs::cam::uin/900:roleName/dev", Ok(name));
        check("qcs::cam::uin/900:role/46", Ok(RoleRef::Id(RoleId(46))));
        for service in [
            "role/tencentcloudServiceRole/1",
            "role/tencentcloudServiceRoleName/x",
        ] {
            check(
                &format!("qcs::cam::uin/900:{service}"),
                Err(ErrorCode::RoleNotExist),
            );
        }
        for bad in [
            "",
            "dev",
            "qcs::cam::uin/900",
            "qcs::cam::uin/:roleName/dev",
            "qcs::cam::uin/0900:roleName/dev",
            "qcs::cam::uin/+900:roleName/dev",
            "qcs::cam::uin/900:roleName/",
            "qcs::cam::uin/900:roleName/a/b",
            "qcs::cam::uin/900:roleName/*",
            "qcs::cam::uin/900:role/046",
            "qcs::cam::uin/900:role/dev",
            "qcs::cam::uin/900:uin/901",
            "qcs::sts:900:assumed-role/46",
        ] {
            check(bad, Err(ErrorCode::ParamError));
        }
    }
}
