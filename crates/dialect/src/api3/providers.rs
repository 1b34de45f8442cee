//! Identity providers: parameters and answers, both ways. Whether an issuer or a key set is one is for others to say.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use daypass_api::names::ProviderName;
use daypass_api::operation::{
    MAX_AUDIENCE_BYTES, MAX_PROVIDER_AUDIENCES, MAX_PROVIDER_DESCRIPTION_BYTES, MAX_PROVIDER_KEY_BYTES,
    ProviderOperation, ProviderSettings,
};
use daypass_api::outcome::Provider;
use daypass_api::{Error, ErrorCode, Outcome};
use serde_json::{Value as Json, json};

use super::action::Action;
use super::fields::{Fields, missing};
use super::object::with_some;
use super::reply::{AnswerError, Reply, malformed};

/// Identity providers that speak OIDC, for roles.
const PROVIDER_TYPE: u64 = 11;
/// Enabled; none is anything else.
const STATUS_ENABLED: u64 = 11;

pub(super) fn read_create(fields: &mut Fields<'_>) -> Result<ProviderOperation, Error> {
    settings(fields).map(ProviderOperation::Create)
}

pub(super) fn read_update(fields: &mut Fields<'_>) -> Result<ProviderOperation, Error> {
    settings(fields).map(ProviderOperation::Update)
}

pub(super) fn read_get(fields: &mut Fields<'_>) -> Result<ProviderOperation, Error> {
    name(fields).map(ProviderOperation::Get)
}

pub(super) fn read_delete(fields: &mut Fields<'_>) -> Result<ProviderOperation, Error> {
    name(fields).map(ProviderOperation::Delete)
}

fn name(fields: &mut Fields<'_>) -> Result<ProviderName, Error> {
    ProviderName::parse(fields.required_text("Name")?)
}

fn settings(fields: &mut Fields<'_>) -> Result<ProviderSettings, Error> {
    let description = fields.text("Description")?.map(str::to_owned);
    if description
        .as_ref()
        .is_some_and(|text| text.len() > MAX_PROVIDER_DESCRIPTION_BYTES)
    {
        return Err(ErrorCode::DescriptionTooLong.into());
    }
    Ok(ProviderSettings {
        name: name(fields)?,
        issuer: fields.required_text("IdentityUrl")?.to_owned(),
        audiences: audiences(fields)?,
        keys: keys(fields)?,
        description,
    })
}

fn audiences(fields: &mut Fields<'_>) -> Result<Vec<String>, Error> {
    let list = fields.texts("ClientId")?.ok_or_else(|| missing("ClientId"))?;
    let is_one = |text: &&str| (1..=MAX_AUDIENCE_BYTES).contains(&text.len());
    let is_twice = list
        .iter()
        .enumerate()
        .any(|(place, text)| list.iter().take(place).any(|one| one == text));
    if list.is_empty() || list.len() > MAX_PROVIDER_AUDIENCES || !list.iter().all(is_one) || is_twice {
        let text = format!(
            "`ClientId` has not 1 to {MAX_PROVIDER_AUDIENCES} different texts of 1 to {MAX_AUDIENCE_BYTES} bytes"
        );
        return Err(Error::with_message(ErrorCode::InvalidParameterValue, text));
    }
    Ok(list.into_iter().map(str::to_owned).collect())
}

/// The keys are given, or come from the issuer: never both, or nobody could tell which of them count.
fn keys(fields: &mut Fields<'_>) -> Result<Option<String>, Error> {
    let wrong = |text| Error::with_message(ErrorCode::ProviderKeyError, text);
    match (fields.some_text("IdentityKey")?, fields.flag("AutoRotateKey")?) {
        (None, true) => Ok(None),
        (None, false) => Err(wrong("`IdentityKey` is missing, and `AutoRotateKey` is not 1")),
        (Some(_), true) => Err(wrong("`IdentityKey` has no meaning where `AutoRotateKey` is 1")),
        (Some(text), false) => {
            let bytes = STANDARD.decode(text).ok();
            let bytes = bytes.filter(|bytes| bytes.len() <= MAX_PROVIDER_KEY_BYTES);
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            text.map(Some)
                .ok_or_else(|| wrong("`IdentityKey` is no base64 of a text, or it is too long"))
        }
    }
}

pub(super) fn parameters(operation: &ProviderOperation) -> (Action, Json) {
    use ProviderOperation as Op;
    let of = |name: &ProviderName| json!({ "Name": name.as_str() });
    match operation {
        Op::Create(settings) => (Action::CreateOIDCConfig, write_settings(settings)),
        Op::Get(name) => (Action::DescribeOIDCConfig, of(name)),
        Op::Update(settings) => (Action::UpdateOIDCConfig, write_settings(settings)),
        Op::Delete(name) => (Action::DeleteOIDCConfig, of(name)),
    }
}

fn write_settings(settings: &ProviderSettings) -> Json {
    let parameters = json!({
        "Name": settings.name.as_str(),
        "IdentityUrl": settings.issuer,
        "ClientId": settings.audiences,
        "AutoRotateKey": u8::from(settings.keys.is_none()),
    });
    let keys = settings.keys.as_ref().map(|keys| STANDARD.encode(keys));
    let parameters = with_some(parameters, "IdentityKey", keys);
    with_some(parameters, "Description", settings.description.clone())
}

pub(super) fn write_provider(provider: &Provider) -> Json {
    json!({
        "ProviderType": PROVIDER_TYPE,
        "IdentityUrl": provider.issuer,
        "IdentityKey": provider.keys.as_ref().map(|keys| STANDARD.encode(keys)).unwrap_or_default(),
        "ClientId": provider.audiences,
        "Status": STATUS_ENABLED,
        "Description": provider.description,
        "Name": provider.name.as_str(),
        "AutoRotateKey": u8::from(provider.keys.is_none()),
    })
}

pub(super) fn read_answer(operation: &ProviderOperation, reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let ProviderOperation::Get(_) = operation else {
        return Ok(Outcome::Done);
    };
    let audience = |value: Reply<'_>| {
        value
            .0
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| malformed("ClientId"))
    };
    let given = || {
        reply.parsed("IdentityKey", |text| {
            let bytes = STANDARD.decode(text).ok();
            bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(())
        })
    };
    Ok(Outcome::Provider(Provider {
        name: reply.parsed("Name", ProviderName::parse)?,
        issuer: reply.text("IdentityUrl")?.to_owned(),
        audiences: reply.list("ClientId", audience)?,
        keys: match reply.number("AutoRotateKey")? {
            0 => Some(given()?),
            _ => None,
        },
        description: reply.optional_text("Description")?.unwrap_or_default().to_owned(),
    }))
}
