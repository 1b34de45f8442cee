//! From head and body to a [`Call`]: which form, which edition, which action, which version.
//!
//! The table of forms is "Signature Method" and "Request Structure" of the API reference. Whatever fits no form
//! is refused rather than guessed, because the two schemes sign different things: a parameter must never come
//! from a place that the signature does not cover.

use daypass_api::{Error, ErrorCode};
use http::{HeaderMap, Method, header};
use percent_encoding::percent_decode_str;

use super::action::Action;
use super::call::{Call, Edition, LEGACY_PATH, PATH, Scheme};
use super::fields::{Parameters, missing};
use super::{form, json};

/// The longest body of a call.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// The longest query of a call.
pub const MAX_QUERY_BYTES: usize = 32 * 1024;

const ACTION_HEADER: &str = "x-tc-action";
const VERSION_HEADER: &str = "x-tc-version";

/// Parameters that every v1 call may carry next to those of its action. Signature, time and token are read where
/// signatures are verified. The region is any text, since one SDK gives up a region for good on a refusal. The
/// language has no effect: messages are in English.
const COMMON_PARAMETERS: [&str; 11] = [
    "Action",
    "Version",
    "Region",
    "Timestamp",
    "Nonce",
    "SecretId",
    "Signature",
    "SignatureMethod",
    "Token",
    "Language",
    "RequestClient",
];

/// Whether a request on a service host is a call of these APIs, told by its head alone. Every form posted to one
/// of their paths is one: the object API takes no such thing there.
pub fn is_action_request(method: &Method, path: &str, query: &str, headers: &HeaderMap) -> bool {
    if edition(path).is_none() {
        return false;
    }
    let in_query = || *method == Method::GET && query.split('&').any(names_action);
    let in_form = || *method == Method::POST && media_type(headers) == Ok(MediaType::Form);
    is_tc3(headers) || in_query() || in_form()
}

/// Reads a call out of a request: path and query as on the wire, and the whole body.
pub fn read(
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Call, Error> {
    let edition = edition(path).ok_or(ErrorCode::InvalidAction)?;
    let scheme = if is_tc3(headers) { Scheme::Tc3 } else { Scheme::V1 };
    if edition == Edition::Legacy && scheme == Scheme::Tc3 {
        return Err(unsupported("a call of API 2.0 is not signed with TC3"));
    }
    check_sizes(scheme, query, body)?;
    match scheme {
        Scheme::Tc3 => read_tc3(method, query, headers, body),
        Scheme::V1 => read_v1(method, query, headers, body, edition),
    }
}

fn read_tc3(method: &Method, query: &str, headers: &HeaderMap, body: &[u8]) -> Result<Call, Error> {
    let parameters = match place(method, query, headers, body)? {
        Place::Query => form::unflatten(form::read(query.as_bytes())?)?,
        Place::Body(MediaType::Json) => json::read(body)?,
        Place::Body(MediaType::Form) => return Err(unsupported("a form is not signed with TC3")),
    };
    let name = header(headers, ACTION_HEADER)?.ok_or_else(|| missing("X-TC-Action"))?;
    let version = header(headers, VERSION_HEADER)?;
    Ok(Call {
        action: action(name, version, Edition::Current)?,
        edition: Edition::Current,
        scheme: Scheme::Tc3,
        parameters,
        v1_parameters: Vec::new(),
    })
}

fn read_v1(
    method: &Method,
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
    edition: Edition,
) -> Result<Call, Error> {
    let pairs = match place(method, query, headers, body)? {
        Place::Query => form::read(query.as_bytes())?,
        Place::Body(MediaType::Form) => form::read(body)?,
        Place::Body(MediaType::Json) => return Err(unsupported("a JSON body needs a TC3 signature")),
    };
    let value = |name: &str| {
        let pair = pairs.iter().find(|(given, _)| given == name);
        pair.map(|(_, value)| value.as_str())
    };
    let name = value("Action").ok_or_else(|| missing("Action"))?;
    let action = action(name, value("Version"), edition)?;
    Ok(Call {
        action,
        edition,
        scheme: Scheme::V1,
        parameters: own_parameters(&pairs)?,
        v1_parameters: pairs,
    })
}

/// The action's own parameters, without those that every call may carry.
fn own_parameters(pairs: &[(String, String)]) -> Result<Parameters, Error> {
    let own = |(name, _): &&(String, String)| !COMMON_PARAMETERS.contains(&name.as_str());
    form::unflatten(pairs.iter().filter(own).cloned().collect())
}

fn action(name: &str, version: Option<&str>, edition: Edition) -> Result<Action, Error> {
    let action = Action::parse(name)?;
    match (edition, version) {
        (Edition::Legacy, _) if action != Action::GetFederationToken => Err(ErrorCode::InvalidAction.into()),
        (Edition::Legacy, None) => Ok(action),
        (Edition::Current, None) => Err(missing("Version")),
        (_, Some(version)) if version == action.version() => Ok(action),
        (_, Some(_)) => Err(wrong_version(action)),
    }
}

fn edition(path: &str) -> Option<Edition> {
    match path {
        PATH => Some(Edition::Current),
        LEGACY_PATH => Some(Edition::Legacy),
        _ => None,
    }
}

/// An unsigned call (`Authorization: SKIP`) belongs to TC3 too, as its action stands in a header.
fn is_tc3(headers: &HeaderMap) -> bool {
    let signed = |value: &header::HeaderValue| value.as_bytes().starts_with(b"TC3-HMAC-SHA256");
    headers.contains_key(ACTION_HEADER) || headers.get_all(header::AUTHORIZATION).iter().any(signed)
}

fn names_action(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    percent_decode_str(name).eq(b"Action".iter().copied())
}

fn check_sizes(scheme: Scheme, query: &str, body: &[u8]) -> Result<(), Error> {
    if query.len() <= MAX_QUERY_BYTES && body.len() <= MAX_BODY_BYTES {
        return Ok(());
    }
    Err(match scheme {
        Scheme::Tc3 => ErrorCode::RequestTooLarge.into(),
        // The documented answer to a v1 request that is too large.
        Scheme::V1 => Error::with_message(
            ErrorCode::SignatureDoesNotMatch,
            "the request is too large for this signature method, use TC3-HMAC-SHA256",
        ),
    })
}

/// Where the parameters of a call stand.
enum Place {
    Query,
    Body(MediaType),
}

fn place(method: &Method, query: &str, headers: &HeaderMap, body: &[u8]) -> Result<Place, Error> {
    match *method {
        // Neither scheme would cover what stands in the other place.
        Method::GET if !body.is_empty() => Err(unsupported("a GET request has no body")),
        Method::GET => Ok(Place::Query),
        Method::POST if !query.is_empty() => Err(unsupported("a POST request has no query")),
        Method::POST => media_type(headers).map(Place::Body),
        _ => Err(unsupported("the method is neither GET nor POST")),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MediaType {
    Json,
    Form,
}

fn media_type(headers: &HeaderMap) -> Result<MediaType, Error> {
    let text = header(headers, header::CONTENT_TYPE.as_str())?.unwrap_or_default();
    let mut pieces = text.split(';').map(str::trim);
    let name = pieces.next().unwrap_or_default();
    let is_utf8 = |piece: &str| match piece.split_once('=') {
        Some((key, value)) if key.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    };
    if !pieces.all(is_utf8) {
        return Err(unsupported("the body's charset is not UTF-8"));
    }
    if name.eq_ignore_ascii_case("application/json") {
        Ok(MediaType::Json)
    } else if name.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(MediaType::Form)
    } else {
        Err(unsupported(
            "the body's type is neither `application/json` nor `application/x-www-form-urlencoded`",
        ))
    }
}

/// A header that decides what a call means must be there once: signer and reader might pick different ones.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Error> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(invalid(format!("the header `{name}` is given more than once")));
    }
    match value.to_str() {
        Ok(text) => Ok(Some(text.trim())),
        Err(_) => Err(invalid(format!("the header `{name}` is not plain text"))),
    }
}

fn wrong_version(action: Action) -> Error {
    let (service, version) = (action.service(), action.version());
    let message = format!("the version of `{}` is `{version}`", service.name());
    Error::with_message(ErrorCode::InvalidVersion, message)
}

fn unsupported(message: &'static str) -> Error {
    Error::with_message(ErrorCode::UnsupportedProtocol, message)
}

fn invalid(message: String) -> Error {
    Error::with_message(ErrorCode::InvalidParameter, message)
}
