//! What an upload says of itself in headers: what to store beside the bytes, and what the body must be.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use daypass_api::object::{MAX_SINGLE_UPLOAD_BYTES, MAX_USER_METADATA_BYTES, ObjectHeaders, StorageClass};
use daypass_api::operation::BodyClaims;
use daypass_api::{Error, ErrorCode};

use super::headers::USER_METADATA_PREFIX;
use super::not_offered::not_implemented;
use super::percent::hex_digit;
use super::request_head::{RequestHead, decimal, invalid_argument};

/// Classes that exist elsewhere and keep an object out of reach until it is restored, which is not offered.
const ARCHIVE_CLASSES: [&str; 5] = ["ARCHIVE", "DEEP_ARCHIVE", "COLD", "MAZ_ARCHIVE", "MAZ_COLD"];

/// The headers that are stored with an object.
pub(super) fn object_headers(request: &RequestHead<'_>) -> Result<ObjectHeaders, Error> {
    let stored = |name| Ok::<_, Error>(request.header(name)?.map(str::to_owned));
    Ok(ObjectHeaders {
        cache_control: stored("cache-control")?,
        content_disposition: stored("content-disposition")?,
        content_encoding: stored("content-encoding")?,
        content_language: stored("content-language")?,
        content_type: stored("content-type")?,
        expires: stored("expires")?,
        storage_class: storage_class(request)?,
        user_metadata: user_metadata(request)?,
    })
}

fn storage_class(request: &RequestHead<'_>) -> Result<StorageClass, Error> {
    let Some(name) = request.header("x-cos-storage-class")? else {
        return Ok(StorageClass::default());
    };
    if ARCHIVE_CLASSES.contains(&name) {
        return Err(not_implemented(format!("storage class `{name}` is not offered")));
    }
    StorageClass::from_name(name).ok_or_else(|| Error::new(ErrorCode::StorageClassNotSupported))
}

/// User metadata in order of their names. Too much of it is an `InvalidArgument`.
fn user_metadata(request: &RequestHead<'_>) -> Result<Vec<(String, String)>, Error> {
    let mut metadata = Vec::new();
    let mut bytes = 0;
    for header in request.headers.keys().map(http::HeaderName::as_str) {
        let Some(name) = header.strip_prefix(USER_METADATA_PREFIX) else {
            continue;
        };
        if name.is_empty() {
            return Err(invalid_argument("a header of user metadata has no name"));
        }
        let Some(value) = request.header(header)? else {
            continue;
        };
        bytes += name.len() + value.len();
        metadata.push((name.to_owned(), value.to_owned()));
    }
    if bytes > MAX_USER_METADATA_BYTES {
        return Err(invalid_argument("user metadata is larger than 2048 bytes"));
    }
    metadata.sort_unstable();
    Ok(metadata)
}

/// Whether an existing object must stay.
pub(super) fn forbid_overwrite(request: &RequestHead<'_>) -> Result<bool, Error> {
    match request.header("x-cos-forbid-overwrite")? {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(_) => Err(invalid_argument(
            "x-cos-forbid-overwrite is neither true nor false",
        )),
    }
}

/// The claims about a body that is stored: its length must be announced, or it comes in chunks.
pub(super) fn stored_body_claims(request: &RequestHead<'_>) -> Result<BodyClaims, Error> {
    let claims = body_claims(request)?;
    if claims.length.is_none() && !request.headers.contains_key("transfer-encoding") {
        return Err(Error::new(ErrorCode::MissingContentLength));
    }
    Ok(claims)
}

/// The claims about any body.
pub(super) fn body_claims(request: &RequestHead<'_>) -> Result<BodyClaims, Error> {
    Ok(BodyClaims {
        length: content_length(request)?,
        md5: request.header("content-md5")?.map(md5).transpose()?,
        sha1: request.header("x-cos-content-sha1")?.map(sha1).transpose()?,
    })
}

fn content_length(request: &RequestHead<'_>) -> Result<Option<u64>, Error> {
    // Chunks outweigh a length, as in HTTP itself.
    if request.headers.contains_key("transfer-encoding") {
        return Ok(None);
    }
    let Some(text) = request.header("content-length")? else {
        return Ok(None);
    };
    let length = decimal(text).ok_or_else(|| invalid_argument("Content-Length is not a number"))?;
    if length > MAX_SINGLE_UPLOAD_BYTES {
        return Err(Error::new(ErrorCode::EntityTooLarge));
    }
    Ok(Some(length))
}

fn md5(text: &str) -> Result<[u8; 16], Error> {
    let bytes = STANDARD.decode(text).ok();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Error::new(ErrorCode::InvalidDigest))
}

fn sha1(text: &str) -> Result<[u8; 20], Error> {
    let digits: Option<Vec<u8>> = text.bytes().map(hex_digit).collect();
    let bytes: Option<Vec<u8>> = digits.map(|digits| {
        digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect()
    });
    bytes
        .filter(|_| text.len() == 40)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| Error::new(ErrorCode::InvalidSha1Digest))
}
