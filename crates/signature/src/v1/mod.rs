//! HmacSHA1 and HmacSHA256 over form parameters: signature v1 of the API, which the COS STS SDKs use.
//!
//! The parameters are those of the query (GET) or of the form body (POST), decoded once and signed raw, sorted by
//! the bytes of their names. Names must be unique, so that handler and signature see the same values.
//! Wire facts follow the vendor page "Signature Method v1". A repeated nonce is legitimate and not looked for:
//! the SDKs draw it from small ranges.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    ClaimError, SecretKey, SentToken, WindowVerdict,
    claim_error::{key_id, token},
    encoding::decode_form,
    hosts, mac,
    window::{seconds, timestamp_verdict},
};

/// The most parameters of one request.
pub const MAX_PARAMETERS: usize = 1024;

const SECRET_ID: &str = "SecretId";
const SIGNATURE: &str = "Signature";
const SIGNATURE_METHOD: &str = "SignatureMethod";
const TIMESTAMP: &str = "Timestamp";
const NONCE: &str = "Nonce";
const TOKEN: &str = "Token";

/// The longest signature text we look at: Base64 of 32 bytes has 44 characters.
const MAX_SIGNATURE_BYTES: usize = 256;

/// The hash under the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The default.
    HmacSha1,
    /// Chosen by the exact value `HmacSHA256` of `SignatureMethod`.
    HmacSha256,
}

impl Method {
    /// The method that a set of parameters selects.
    pub fn of(parameters: &[(String, String)]) -> Self {
        match value(parameters, SIGNATURE_METHOD) {
            Some("HmacSHA256") => Self::HmacSha256,
            _ => Self::HmacSha1,
        }
    }
}

/// What a request says about its signature, before anything is verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim {
    /// The SecretId.
    pub key_id: String,
    /// When the request was made, in seconds since 1970.
    pub timestamp: i64,
    /// The hash under the signature.
    pub method: Method,
    /// The signature as sent.
    pub signature: String,
    /// The session token of a temporary key.
    pub token: Option<SentToken>,
}

impl Claim {
    /// Judges the timestamp.
    pub fn window(&self, now_unix_seconds: i64) -> WindowVerdict {
        timestamp_verdict(self.timestamp, now_unix_seconds)
    }

    /// Tells whether the signature was made with this secret over these parameters, for one of the hosts.
    ///
    /// `hosts` come from [`host_candidates`]; `path` is `/`, or `/v2/index.php` for API 2.0.
    pub fn verify(
        &self,
        http_method: &str,
        hosts: &[String],
        path: &str,
        parameters: &[(String, String)],
        secret: &SecretKey,
    ) -> bool {
        hosts.iter().any(|host| {
            let text = string_to_sign(http_method, host, path, parameters);
            mac::same(&signature(self.method, secret, &text), &self.signature)
        })
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = formatter.debug_struct("Claim");
        fields
            .field("key_id", &self.key_id)
            .field("timestamp", &self.timestamp)
            .field("method", &self.method);
        fields
            .field("has_token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

/// Decodes a query or form body into parameters, in the order sent.
pub fn form_parameters(text: &str) -> Result<Vec<(String, String)>, ClaimError> {
    const FIELD: &str = "parameters";
    let decode =
        |text| String::from_utf8(decode_form(text).into_owned()).map_err(|_| ClaimError::Malformed(FIELD));
    let mut parsed = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        if parsed.len() == MAX_PARAMETERS {
            return Err(ClaimError::TooMany {
                field: FIELD,
                limit: MAX_PARAMETERS,
            });
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parsed.push((decode(name)?, decode(value)?));
    }
    Ok(parsed)
}

/// Reads the claim of a request; `None` means that it is unsigned.
pub fn claim(parameters: &[(String, String)]) -> Result<Option<Claim>, ClaimError> {
    if value(parameters, SIGNATURE).is_none() && value(parameters, SECRET_ID).is_none() {
        return Ok(None);
    }
    refuse_repetition(parameters)?;
    refuse_joined(parameters)?;
    let number = |field| seconds(required(parameters, field)?).ok_or(ClaimError::Malformed(field));
    // INVARIANT: the nonce is a number. It sorts right before `Policy` and must not be able to hide it, however it is
    // spelled.
    number(NONCE)?;
    let signature = required(parameters, SIGNATURE)?;
    crate::claim_error::bounded(SIGNATURE, signature, MAX_SIGNATURE_BYTES)?;
    Ok(Some(Claim {
        key_id: key_id(SECRET_ID, required(parameters, SECRET_ID)?)?,
        timestamp: number(TIMESTAMP)?,
        method: Method::of(parameters),
        signature: signature.to_owned(),
        token: token(TOKEN, value(parameters, TOKEN).unwrap_or_default().as_bytes())?
            .map(|text| SentToken::new(text.to_owned())),
    }))
}

/// The names under which a client may have signed the host, in the order to try: as received, without port,
/// configured, and the vendor's public names of the service, which the Java SDK signs whatever it talks to.
pub fn host_candidates(
    received: &str,
    configured: &[&str],
    service: &str,
    region: Option<&str>,
) -> Vec<String> {
    let public = hosts::public_names(service, region);
    let others: Vec<&str> = configured
        .iter()
        .copied()
        .chain(public.iter().map(String::as_str))
        .collect();
    let mut candidates = vec![received.to_owned()];
    candidates.extend(hosts::alternatives(received, &others));
    candidates
}

/// The text to sign: method, host and path without separators, then all parameters but the signature, raw.
pub fn string_to_sign(http_method: &str, host: &str, path: &str, parameters: &[(String, String)]) -> String {
    let mut signed: Vec<&(String, String)> =
        parameters.iter().filter(|(name, _)| name != SIGNATURE).collect();
    signed.sort_by(|(one, _), (other, _)| one.as_bytes().cmp(other.as_bytes()));
    let mut text = format!("{http_method}{host}{path}?");
    for (index, (name, value)) in signed.into_iter().enumerate() {
        let separator = if index == 0 { "" } else { "&" };
        text.extend([separator, name, "=", value]);
    }
    text
}

/// Signs the text: Base64, to be encoded like any value when sent.
pub fn signature(method: Method, secret: &SecretKey, string_to_sign: &str) -> String {
    match method {
        Method::HmacSha1 => STANDARD.encode(mac::hmac_sha1(secret.as_bytes(), string_to_sign.as_bytes())),
        Method::HmacSha256 => STANDARD.encode(mac::hmac_sha256(secret.as_bytes(), string_to_sign.as_bytes())),
    }
}

/// Signs a request with the method its parameters select; the result is the value of the parameter `Signature`.
pub fn sign(
    http_method: &str,
    host: &str,
    path: &str,
    parameters: &[(String, String)],
    secret: &SecretKey,
) -> String {
    signature(
        Method::of(parameters),
        secret,
        &string_to_sign(http_method, host, path, parameters),
    )
}

fn value<'p>(parameters: &'p [(String, String)], name: &str) -> Option<&'p str> {
    parameters
        .iter()
        .find(|(other, _)| other == name)
        .map(|(_, value)| value.as_str())
}

fn required<'p>(parameters: &'p [(String, String)], name: &'static str) -> Result<&'p str, ClaimError> {
    value(parameters, name)
        .filter(|value| !value.is_empty())
        .ok_or(ClaimError::Missing(name))
}

fn refuse_repetition(parameters: &[(String, String)]) -> Result<(), ClaimError> {
    let mut names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let repeated = names
        .iter()
        .zip(names.iter().skip(1))
        .find(|(one, next)| one == next);
    repeated.map_or(Ok(()), |(name, _)| Err(ClaimError::Repeated((*name).to_owned())))
}

/// Refuses names and values in which another parameter seems to begin.
///
/// The text to sign joins raw values with `&`. Under one signature, such a value could have swallowed the parameters
/// after it, or be one that was cut. Parameters begin with a capital, so that the queries of URLs may stand in values;
/// the few of API 2.0 that do not are numbers or names without `&`, or come last.
fn refuse_joined(parameters: &[(String, String)]) -> Result<(), ClaimError> {
    let is_joined =
        |(name, value): &(String, String)| name.contains(['&', '=']) || value.split('&').skip(1).any(begins);
    match parameters.iter().any(is_joined) {
        true => Err(ClaimError::Malformed("parameters")),
        false => Ok(()),
    }
}

/// Whether a text begins as a parameter does.
fn begins(text: &str) -> bool {
    let Some((name, _)) = text.split_once('=') else {
        return false;
    };
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    name.starts_with(|first: char| first.is_ascii_uppercase()) && name.bytes().all(is_legal)
}

#[cfg(test)]
mod tests;
