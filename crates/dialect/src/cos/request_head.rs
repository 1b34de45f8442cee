//! A request without its body, as the server received it, and the rules by which its headers are read.
//!
//! An empty header is an absent one, since two SDKs send headers that they have no value for. A header that stands
//! twice with two values is refused: one reader might take the first and another the last.

use std::borrow::Cow;
use std::fmt;

use daypass_api::{Error, ErrorCode};
use http::HeaderMap;

/// A request without its body.
#[derive(Clone, Copy)]
pub struct RequestHead<'a> {
    /// The method, as it was sent.
    pub method: &'a str,
    /// The path, still percent-encoded.
    pub path: &'a str,
    /// The query without its `?`, still percent-encoded; empty when there is none.
    pub query: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
}

/// Tokens and signatures travel in the query and in headers.
impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl<'a> RequestHead<'a> {
    /// A header's value, trimmed; absent when it is empty.
    pub(super) fn header(&self, name: &str) -> Result<Option<&'a str>, Error> {
        Ok(self.sent_header(name)?.filter(|value| !value.is_empty()))
    }

    /// A header's value, trimmed, be it empty or not.
    pub(super) fn sent_header(&self, name: &str) -> Result<Option<&'a str>, Error> {
        let mut values = self.headers.get_all(name).iter();
        let Some(first) = values.next() else {
            return Ok(None);
        };
        if values.any(|other| other != first) {
            return Err(invalid_argument(format!("header `{name}` has two values")));
        }
        let text = std::str::from_utf8(first.as_bytes())
            .map_err(|_| invalid_argument(format!("header `{name}` is not UTF-8")))?;
        Ok(Some(text.trim_matches([' ', '\t'])))
    }
}

pub(super) fn invalid_argument(message: impl Into<Cow<'static, str>>) -> Error {
    Error::with_message(ErrorCode::InvalidArgument, message)
}

/// A decimal number without a sign; one that does not fit reads as the largest.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(values: &[&[u8]], expected: Result<Option<&str>, ErrorCode>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-cos-acl", HeaderValue::from_bytes(value).unwrap());
        }
        let request = RequestHead {
            method: "GET",
            path: "/",
            query: "",
            headers: &headers,
        };
        assert_eq!(
            request.header("x-cos-acl").map_err(|error| error.code),
            expected,
            "{values:?}"
        );
    }

    #[test]
    fn headers_are_trimmed_and_never_ambiguous() {
        check(&[], Ok(None));
        check(&[b""], Ok(None));
        check(&[b" \t"], Ok(None));
        check(&[b" private "], Ok(Some("private")));
        check(&[b"private", b"private"], Ok(Some("private")));
        check(&[b"private", b"public-read"], Err(ErrorCode::InvalidArgument));
        check(&["é".as_bytes()], Ok(Some("é")));
        check(&[b"\xff"], Err(ErrorCode::InvalidArgument));
    }
}
