//! Headers that ask for something that the service does not offer.
//!
//! They are refused wherever they stand, and never ignored: a client that asks for encryption must
//! not be told that all went well. `x-cos-return-body`, `x-cos-mfa`, `x-cos-mime-limit` and what SDKs add about
//! themselves are documented as having no effect, and have none.

use daypass_api::{Error, ErrorCode};

use super::request_head::RequestHead;

/// Headers that are refused; a name that ends in `-` stands for all that begin so.
const REFUSED: [&str; 6] = [
    "pic-operations",
    "x-cos-callback",
    "x-cos-callback-var",
    "x-cos-copy-source-server-side-encryption-",
    "x-cos-server-side-encryption",
    "x-cos-website-redirect-location",
];
const ENCRYPTION_PREFIX: &str = "x-cos-server-side-encryption-";
/// Refuses a request that asks for what is not offered.
pub(super) fn refuse(request: &RequestHead<'_>) -> Result<(), Error> {
    for name in request.headers.keys().map(http::HeaderName::as_str) {
        if is_refused(name) && request.header(name)?.is_some() {
            return Err(not_implemented(format!("header `{name}` is not offered")));
        }
    }
    Ok(())
}

fn is_refused(name: &str) -> bool {
    REFUSED
        .iter()
        .any(|refused| name == *refused || (refused.ends_with('-') && name.starts_with(refused)))
        || name.starts_with(ENCRYPTION_PREFIX)
}

pub(super) fn not_implemented(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::with_message(ErrorCode::NotImplemented, message)
}
