//! Reading what a request claims: who signed it, for which time, over which names.
//!
//! The claim stands in the Authorization header, in separate `q-*` parameters, in one `sign` parameter, or in a
//! form field; the header wins, and an empty header is no claim. Nothing here is verified yet. Everything that
//! could be read in two ways (a field twice, two different tokens) is an error instead of a choice.

use std::fmt;

use super::NameList;
use crate::{
    COS_CLOCK_TOLERANCE, ClaimError, MAX_AUTHORIZATION_BYTES, RequestView, SentToken, Window, WindowVerdict,
    claim_error::{authorization, bounded, key_id, token},
};

const ALGORITHM: &str = "q-sign-algorithm";
const KEY_ID: &str = "q-ak";
const SIGN_TIME: &str = "q-sign-time";
const KEY_TIME: &str = "q-key-time";
const HEADER_LIST: &str = "q-header-list";
const PARAMETER_LIST: &str = "q-url-param-list";
const SIGNATURE: &str = "q-signature";
const MERGED: &str = "sign";

/// Headers or parameters that carry the token; data-processing hosts use the second.
const TOKENS: [&str; 2] = ["x-cos-security-token", "x-ci-security-token"];

/// Where the claim stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// The Authorization header.
    Header,
    /// Separate `q-*` query parameters: a presigned URL.
    Query,
    /// One `sign` query parameter with the whole text.
    SignParameter,
    /// The `Signature` field of a POST form.
    Form,
}

/// What a request says about its signature, before anything is verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim {
    /// The SecretId.
    pub key_id: String,
    /// When the signature holds.
    pub sign_time: Window,
    /// When the derived signing key holds; every SDK sends the same as `sign_time`.
    pub key_time: Window,
    /// The signed headers.
    pub header_list: NameList,
    /// The signed query parameters.
    pub parameter_list: NameList,
    /// The signature as sent.
    pub signature: String,
    /// Where the claim stood.
    pub location: Location,
    /// The session token of a temporary key, decoded. A `+` that a client left unencoded in a URL is a space here.
    pub token: Option<SentToken>,
}

impl Claim {
    /// Judges both times of the claim; the signature holds only while both hold.
    pub fn window(&self, now_unix_seconds: i64) -> WindowVerdict {
        let judge = |window: Window| window.verdict(now_unix_seconds, COS_CLOCK_TOLERANCE);
        match (judge(self.sign_time), judge(self.key_time)) {
            (WindowVerdict::Expired, _) | (_, WindowVerdict::Expired) => WindowVerdict::Expired,
            (WindowVerdict::NotYetValid, _) | (_, WindowVerdict::NotYetValid) => WindowVerdict::NotYetValid,
            (WindowVerdict::Valid, WindowVerdict::Valid) => WindowVerdict::Valid,
        }
    }

    /// Tells whether the signature covers a header of this name.
    pub fn covers_header(&self, lower_name: &str) -> bool {
        self.header_list.covers(lower_name)
    }

    /// Tells whether the signature covers a query parameter of this name.
    pub fn covers_parameter(&self, lower_name: &str) -> bool {
        self.parameter_list.covers(lower_name)
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = formatter.debug_struct("Claim");
        fields
            .field("key_id", &self.key_id)
            .field("location", &self.location);
        fields
            .field("sign_time", &self.sign_time)
            .field("key_time", &self.key_time);
        fields
            .field("header_list", &self.header_list)
            .field("parameter_list", &self.parameter_list);
        fields
            .field("has_token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

/// Reads the claim of a request; `None` means that it is anonymous.
pub fn claim(view: &RequestView<'_>) -> Result<Option<Claim>, ClaimError> {
    let (location, fields) = match authorization(view)? {
        Some(text) => (Location::Header, Fields::from_text(text)?),
        None => match from_query(view)? {
            Some(found) => found,
            None => return Ok(None),
        },
    };
    fields.into_claim(location, sent_token(view)?).map(Some)
}

/// Reads the claim that a POST form carries in its `Signature` field, next to the token that came with it.
///
/// The mini-program SDK uploads like this; it signs the request's headers and the path `/`.
pub fn claim_in_form(signature: &str, token: Option<SentToken>) -> Result<Claim, ClaimError> {
    bounded("Signature", signature, MAX_AUTHORIZATION_BYTES)?;
    Fields::from_text(signature)?.into_claim(Location::Form, token)
}

fn from_query<'v>(view: &'v RequestView<'_>) -> Result<Option<(Location, Fields<'v>)>, ClaimError> {
    let mut fields = Fields::default();
    let mut merged = None;
    for parameter in view.parameters() {
        let Ok(name) = str::from_utf8(&parameter.name) else {
            continue;
        };
        if name == MERGED && is_merged_claim(&parameter.value) {
            put(&mut merged, MERGED, text(MERGED, &parameter.value)?)?;
        } else if let Some((field, slot)) = fields.slot(name) {
            put(slot, field, text(field, &parameter.value)?)?;
        }
    }
    match (merged, fields.is_empty()) {
        (None, true) => Ok(None),
        (None, false) => Ok(Some((Location::Query, fields))),
        (Some(text), true) => Ok(Some((Location::SignParameter, Fields::from_text(text)?))),
        (Some(_), _) => Err(ClaimError::Repeated(MERGED.to_owned())),
    }
}

/// `sign` is a common name; only a text that is about our algorithm is a claim.
fn is_merged_claim(value: &[u8]) -> bool {
    value
        .windows(ALGORITHM.len())
        .any(|window| window == ALGORITHM.as_bytes())
}

fn text<'v>(field: &'static str, value: &'v [u8]) -> Result<&'v str, ClaimError> {
    let text = str::from_utf8(value).map_err(|_| ClaimError::Malformed(field))?;
    bounded(field, text, MAX_AUTHORIZATION_BYTES)
}

fn put<'v>(slot: &mut Option<&'v str>, field: &str, value: &'v str) -> Result<(), ClaimError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(ClaimError::Repeated(field.to_owned())),
    }
}

/// The session token that a request carries in its headers or its query; those of a form count as its headers.
pub fn sent_token(view: &RequestView<'_>) -> Result<Option<SentToken>, ClaimError> {
    let mut found: Option<&str> = None;
    for name in TOKENS {
        let parameters = view.parameters().iter().filter(|parameter| parameter.is(name));
        let values = view
            .header_values(name)
            .chain(parameters.map(|parameter| parameter.value.as_ref()));
        for value in values {
            let Some(other) = token(name, value)? else {
                continue;
            };
            if found.is_some_and(|first| first != other) {
                return Err(ClaimError::TokenMismatch);
            }
            found = Some(other);
        }
    }
    Ok(found.map(|text| SentToken::new(text.to_owned())))
}

/// The seven fields as text, wherever they stood.
#[derive(Default)]
struct Fields<'t> {
    algorithm: Option<&'t str>,
    key_id: Option<&'t str>,
    sign_time: Option<&'t str>,
    key_time: Option<&'t str>,
    header_list: Option<&'t str>,
    parameter_list: Option<&'t str>,
    signature: Option<&'t str>,
}

impl<'t> Fields<'t> {
    /// Splits an Authorization text; names that are not ours are skipped.
    fn from_text(text: &'t str) -> Result<Self, ClaimError> {
        let mut fields = Self::default();
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if let Some((field, slot)) = fields.slot(name) {
                put(slot, field, value)?;
            }
        }
        Ok(fields)
    }

    fn slot(&mut self, name: &str) -> Option<(&'static str, &mut Option<&'t str>)> {
        match name {
            ALGORITHM => Some((ALGORITHM, &mut self.algorithm)),
            KEY_ID => Some((KEY_ID, &mut self.key_id)),
            SIGN_TIME => Some((SIGN_TIME, &mut self.sign_time)),
            KEY_TIME => Some((KEY_TIME, &mut self.key_time)),
            HEADER_LIST => Some((HEADER_LIST, &mut self.header_list)),
            PARAMETER_LIST => Some((PARAMETER_LIST, &mut self.parameter_list)),
            SIGNATURE => Some((SIGNATURE, &mut self.signature)),
            _ => None,
        }
    }

    fn is_empty(&self) -> bool {
        let times = [self.sign_time, self.key_time];
        let lists = [self.header_list, self.parameter_list];
        let others = [self.algorithm, self.key_id, self.signature];
        times.iter().chain(&lists).chain(&others).all(Option::is_none)
    }

    fn into_claim(self, location: Location, token: Option<SentToken>) -> Result<Claim, ClaimError> {
        if required(ALGORITHM, self.algorithm)? != "sha1" {
            return Err(ClaimError::UnknownAlgorithm);
        }
        let window =
            |field, value| Window::parse(required(field, value)?).map_err(|_| ClaimError::Malformed(field));
        Ok(Claim {
            key_id: key_id(KEY_ID, required(KEY_ID, self.key_id)?)?,
            sign_time: window(SIGN_TIME, self.sign_time)?,
            key_time: window(KEY_TIME, self.key_time)?,
            header_list: NameList::parse(HEADER_LIST, required(HEADER_LIST, self.header_list)?)?,
            parameter_list: NameList::parse(PARAMETER_LIST, required(PARAMETER_LIST, self.parameter_list)?)?,
            signature: signature_text(required(SIGNATURE, self.signature)?)?,
            location,
            token,
        })
    }
}

fn required<'t>(field: &'static str, value: Option<&'t str>) -> Result<&'t str, ClaimError> {
    value.ok_or(ClaimError::Missing(field))
}

fn signature_text(text: &str) -> Result<String, ClaimError> {
    if text.is_empty() {
        return Err(ClaimError::Missing(SIGNATURE));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
