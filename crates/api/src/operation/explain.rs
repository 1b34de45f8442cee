//! Asking why a request was answered as it was.

use crate::{Error, ErrorCode};

/// Longest id of a request that is looked for.
pub const MAX_REQUEST_ID_BYTES: usize = 128;

/// The id that a request was answered under, as its client was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// Reads an id: letters of Base64, of either alphabet.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte);
        if (1..=MAX_REQUEST_ID_BYTES).contains(&text.len()) && text.bytes().all(is_legal) {
            return Ok(Self(text.to_owned()));
        }
        let message = "this is not the id of a request";
        Err(Error::with_message(ErrorCode::InvalidParameterValue, message))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: bool) {
        assert_eq!(RequestId::parse(text).is_ok(), expected, "{text}");
    }

    #[test]
    fn ids_of_requests() {
        check("NmIwMzZkZTJfNjJmODM4ZmQ=", true);
        check(&"a".repeat(MAX_REQUEST_ID_BYTES), true);
        check(&"a".repeat(MAX_REQUEST_ID_BYTES + 1), false);
        check("", false);
        check("a b", false);
        check("../etc", false);
        check("é", false);
    }
}
