//! AssumeRoleWithWebIdentity: parameters, both ways. Its answer is that of every temporary key.

use daypass_api::names::{ProviderName, SessionName};
use daypass_api::operation::{AssumeRoleWithWebIdentity, Operation, SessionOperation};
use daypass_api::secret::WebIdentityToken;
use daypass_api::{Error, ErrorCode};
use serde_json::{Value as Json, json};

use super::assume::{arn, parse_arn, policy};
use super::fields::{Fields, missing};
use super::object::with_some;
use super::sts::{encode_policy, saturate};

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Operation, Error> {
    let provider = fields
        .some_text("ProviderId")?
        .ok_or_else(|| missing("ProviderId"))?;
    let provider = ProviderName::parse(provider).map_err(|_| {
        Error::with_message(ErrorCode::ParamError, "ProviderId is not the name of a provider")
    })?;
    let token = fields
        .some_text("WebIdentityToken")?
        .ok_or_else(|| missing("WebIdentityToken"))?;
    let role = fields.some_text("RoleArn")?.ok_or_else(|| missing("RoleArn"))?;
    let (owner, role) = parse_arn(role)?;
    let assume = AssumeRoleWithWebIdentity {
        owner,
        role,
        provider,
        token: WebIdentityToken::new(token.to_owned()),
        name: SessionName::parse_of_role(fields.required_text("RoleSessionName")?)?,
        duration_seconds: fields.integer("DurationSeconds")?.map(saturate),
        policy: policy(fields)?,
    };
    Ok(Operation::Session(SessionOperation::AssumeRoleWithWebIdentity(
        assume,
    )))
}

pub(super) fn parameters(assume: &AssumeRoleWithWebIdentity) -> Json {
    let parameters = json!({
        "ProviderId": assume.provider.as_str(),
        "WebIdentityToken": assume.token.expose(),
        "RoleArn": arn(assume.owner, &assume.role),
        "RoleSessionName": assume.name.as_str(),
    });
    let parameters = with_some(parameters, "DurationSeconds", assume.duration_seconds);
    with_some(parameters, "Policy", assume.policy.as_deref().map(encode_policy))
}
