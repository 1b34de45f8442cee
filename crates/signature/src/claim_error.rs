//! Why a request that carries a signature cannot even be checked.
//!
//! One enum serves the three schemes, because the caller's answer depends on the kind of fault and the dialect it
//! speaks, not on the scheme. A signature that is well-formed but wrong is no error of this kind: `verify` says
//! `false`.

use crate::{MAX_AUTHORIZATION_BYTES, MAX_KEY_ID_BYTES, MAX_SIGNED_NAMES, MAX_TOKEN_BYTES};

/// A claim that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// A field is longer than its bound.
    #[error("`{field}` is longer than {limit} bytes")]
    TooLong {
        /// The field's name on the wire.
        field: &'static str,
        /// The bound.
        limit: usize,
    },
    /// A list, or the parameters together, has more entries than its bound.
    #[error("`{field}` has more than {limit} entries")]
    TooMany {
        /// The field's name on the wire.
        field: &'static str,
        /// The bound.
        limit: usize,
    },
    /// A field that the scheme requires is absent or empty.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A field that must be unique is given more than once.
    #[error("`{0}` is given more than once")]
    Repeated(String),
    /// A field is present, but not in the form the scheme prescribes.
    #[error("`{0}` is not well-formed")]
    Malformed(&'static str),
    /// The signature names an algorithm that the scheme does not know.
    #[error("signature algorithm is not supported")]
    UnknownAlgorithm,
    /// Two places of the request carry different session tokens.
    #[error("request carries different session tokens")]
    TokenMismatch,
    /// A header that the scheme requires to be signed is not in the list of signed headers.
    #[error("header `{0}` must be signed")]
    NotSigned(&'static str),
}

/// Accepts a text of at most `limit` bytes.
pub(crate) fn bounded<'t>(field: &'static str, text: &'t str, limit: usize) -> Result<&'t str, ClaimError> {
    if text.len() > limit {
        return Err(ClaimError::TooLong { field, limit });
    }
    Ok(text)
}

/// Accepts a key id: neither empty nor too long, and visible ASCII, so that it can stand in any log and header.
pub(crate) fn key_id(field: &'static str, text: &str) -> Result<String, ClaimError> {
    if text.is_empty() {
        return Err(ClaimError::Missing(field));
    }
    bounded(field, text, MAX_KEY_ID_BYTES)?;
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(ClaimError::Malformed(field));
    }
    Ok(text.to_owned())
}

/// Accepts a session token; an empty one counts as absent, since SDKs send empty fields for "none".
pub(crate) fn token<'t>(field: &'static str, bytes: &'t [u8]) -> Result<Option<&'t str>, ClaimError> {
    let text = str::from_utf8(bytes).map_err(|_| ClaimError::Malformed(field))?;
    bounded(field, text, MAX_TOKEN_BYTES)?;
    Ok((!text.is_empty()).then_some(text))
}

/// Accepts an Authorization header: absent, empty, or one text. Repeating the same text is tolerated.
pub(crate) fn authorization<'v>(view: &crate::RequestView<'v>) -> Result<Option<&'v str>, ClaimError> {
    const FIELD: &str = "Authorization";
    let mut values = view.header_values("authorization");
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.any(|other| other != first) {
        return Err(ClaimError::Repeated(FIELD.to_owned()));
    }
    let text = str::from_utf8(first).map_err(|_| ClaimError::Malformed(FIELD))?;
    bounded(FIELD, text, MAX_AUTHORIZATION_BYTES)?;
    Ok((!text.is_empty()).then_some(text))
}

/// Refuses a list with more names than we are willing to look up.
pub(crate) fn bounded_list(field: &'static str, count: usize) -> Result<(), ClaimError> {
    if count > MAX_SIGNED_NAMES {
        return Err(ClaimError::TooMany {
            field,
            limit: MAX_SIGNED_NAMES,
        });
    }
    Ok(())
}
