//! A borrowed view of one request, and the single reading of its query that everyone shares.
//!
//! Signature and handler must not see different values. Therefore the query is split and decoded here and only
//! here, names are compared without regard to case, and of a repeated name *the first value is the one that
//! counts*, for signing and for performing. Repetition with different values is detectable
//! ([`conflicting_parameter`], [`conflicting_header`]), so that a server can refuse it.

use std::borrow::Cow;
use std::fmt;

use crate::encoding::decode_form;

/// The most query parameters of a request.
pub const MAX_PARAMETERS: usize = 256;

/// The most header lines of a request.
pub const MAX_HEADERS: usize = 256;

/// A request that is too large to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// More than [`MAX_PARAMETERS`] query parameters.
    #[error("request has more than {MAX_PARAMETERS} query parameters")]
    TooManyParameters,
    /// More than [`MAX_HEADERS`] header lines.
    #[error("request has more than {MAX_HEADERS} headers")]
    TooManyHeaders,
}

/// A request as received or about to be sent: method, raw path, raw query, headers in any order and any case.
///
/// `Debug` shows method and path: tokens and signatures travel in the query and in headers.
#[derive(Clone)]
pub struct RequestView<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: &'a [(&'a str, &'a [u8])],
    parameters: Vec<Parameter<'a>>,
}

impl fmt::Debug for RequestView<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RequestView")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// One query parameter, decoded. Bytes, because nothing promises that they are UTF-8. `Debug` shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// The name, in the case it was sent in.
    pub name: Cow<'a, [u8]>,
    /// The value; empty when there was none or no `=`.
    pub value: Cow<'a, [u8]>,
}

impl fmt::Debug for Parameter<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}=..", String::from_utf8_lossy(&self.name))
    }
}

impl<'a> RequestView<'a> {
    /// Takes the path percent-encoded as on the wire, and the query as the text after `?` (empty if none).
    pub fn new(
        method: &'a str,
        path: &'a str,
        query: &'a str,
        headers: &'a [(&'a str, &'a [u8])],
    ) -> Result<Self, RequestError> {
        if headers.len() > MAX_HEADERS {
            return Err(RequestError::TooManyHeaders);
        }
        let parameters = parameters(query)?;
        Ok(Self {
            method,
            path,
            query,
            headers,
            parameters,
        })
    }

    /// The method as sent.
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// The path as on the wire.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The query as on the wire.
    pub fn query(&self) -> &'a str {
        self.query
    }

    /// The header lines as given.
    pub fn headers(&self) -> &'a [(&'a str, &'a [u8])] {
        self.headers
    }

    /// The parameters of the query, in the order sent.
    pub fn parameters(&self) -> &[Parameter<'a>] {
        &self.parameters
    }

    /// The value of the first parameter of this name, whatever its case.
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        let mut named = self.parameters.iter().filter(|parameter| parameter.is(name));
        named.next().map(|parameter| parameter.value.as_ref())
    }

    /// The value of the first header of this name, without surrounding blanks.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.header_values(name).next()
    }

    /// The values of all headers of this name, without surrounding blanks, in the order sent.
    pub fn header_values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = self
            .headers
            .iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.trim_ascii())
    }
}

impl Parameter<'_> {
    /// Tells whether the parameter has this name, whatever its case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// Splits a raw query at `&` only (a `;` is an ordinary character) and decodes each name and value once.
pub fn parameters(query: &str) -> Result<Vec<Parameter<'_>>, RequestError> {
    let mut parsed = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if parsed.len() == MAX_PARAMETERS {
            return Err(RequestError::TooManyParameters);
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parsed.push(Parameter {
            name: decode_form(name),
            value: decode_form(value),
        });
    }
    Ok(parsed)
}

/// The name of a parameter that is given twice with different values, if there is one.
///
/// Equal values are no conflict: the Node SDK sends both `?uploads` and `uploads=`.
pub fn conflicting_parameter(view: &RequestView<'_>) -> Option<String> {
    let conflicts = |index: usize, one: &Parameter<'_>| {
        let rest = view.parameters.iter().skip(index + 1);
        rest.filter(|other| other.name.eq_ignore_ascii_case(&one.name))
            .any(|other| other.value != one.value)
    };
    let mut indexed = view.parameters.iter().enumerate();
    let (_, found) = indexed.find(|(index, one)| conflicts(*index, one))?;
    Some(String::from_utf8_lossy(&found.name).into_owned())
}

/// The name of a header with a meaning of its own that is given twice with different values, if there is one.
///
/// Headers that HTTP lets repeat, such as `Accept`, are not looked at.
pub fn conflicting_header(view: &RequestView<'_>) -> Option<String> {
    let conflicts = |name: &str| {
        let mut values = view.header_values(name);
        let first = values.next();
        values.any(|other| Some(other) != first)
    };
    let mut single = view
        .headers
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| is_single(name));
    single.find(|name| conflicts(name)).map(str::to_ascii_lowercase)
}

const SINGLE_HEADERS: &[&str] = &["authorization", "expires", "host", "range"];

const SINGLE_HEADER_PREFIXES: &[&str] = &["content-", "x-cos-", "x-ci-", "x-tc-"];

fn is_single(name: &str) -> bool {
    SINGLE_HEADERS
        .iter()
        .any(|single| name.eq_ignore_ascii_case(single))
        || SINGLE_HEADER_PREFIXES
            .iter()
            .any(|prefix| starts_with_ignore_case(name, prefix))
}

/// Tells whether a header name begins with a prefix, whatever its case.
pub(crate) fn starts_with_ignore_case(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_ampersands_only() {
        let check = |query: &str, expected: &[(&str, &str)]| {
            let parsed = parameters(query).unwrap();
            let pairs: Vec<_> = parsed
                .iter()
                .map(|one| (one.name.as_ref(), one.value.as_ref()))
                .collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
                .collect();
            assert_eq!(pairs, expected, "{query}");
        };
        check("", &[]);
        check("&&", &[]);
        check("uploads", &[("uploads", "")]);
        check("uploads=", &[("uploads", "")]);
        check("a=1;2&b=3", &[("a", "1;2"), ("b", "3")]);
        check("a=b=c==", &[("a", "b=c==")]);
        check("x%2Fy=a+b%2Bc", &[("x/y", "a b+c")]);
        check("a=1&&a=2", &[("a", "1"), ("a", "2")]);
        check("=v", &[("", "v")]);
    }

    #[test]
    fn counts_parameters_at_the_bound() {
        let query = |count: usize| vec!["a=1"; count].join("&");
        assert_eq!(parameters(&query(MAX_PARAMETERS)).unwrap().len(), MAX_PARAMETERS);
        assert_eq!(
            parameters(&query(MAX_PARAMETERS + 1)),
            Err(RequestError::TooManyParameters)
        );
    }

    #[test]
    fn counts_headers_at_the_bound() {
        let headers = |count: usize| vec![("a", &b"1"[..]); count];
        assert!(RequestView::new("GET", "/", "", &headers(MAX_HEADERS)).is_ok());
        let error = RequestView::new("GET", "/", "", &headers(MAX_HEADERS + 1)).unwrap_err();
        assert_eq!(error, RequestError::TooManyHeaders);
    }

    #[test]
    fn the_first_value_counts_whatever_the_case() {
        let headers: [(&str, &[u8]); 2] = [("X-Cos-ACL", b"  private\t"), ("x-cos-acl", b"public-read")];
        let view = RequestView::new("GET", "/", "VersionId=1&versionid=2", &headers).unwrap();
        assert_eq!(view.parameter("versionId"), Some(&b"1"[..]));
        assert_eq!(view.header("x-cos-acl"), Some(&b"private"[..]));
        assert_eq!(view.parameter("uploads"), None);
        assert_eq!(view.header("host"), None);
    }

    #[test]
    fn finds_conflicting_parameters() {
        let check = |query: &str, expected: Option<&str>| {
            let view = RequestView::new("GET", "/", query, &[]).unwrap();
            assert_eq!(conflicting_parameter(&view).as_deref(), expected, "{query}");
        };
        check("", None);
        check("uploads&uploads=", None);
        check("a=1&b=2", None);
        check("a=1&a=%31", None);
        check("versionId=1&VersionId=2", Some("versionId"));
        check("a=1&b=1&b=2", Some("b"));
        check("a=1&a=1&a=2", Some("a"));
        check("acl&acl=x", Some("acl"));
    }

    #[test]
    fn finds_conflicting_headers() {
        let check = |headers: &[(&str, &[u8])], expected: Option<&str>| {
            let view = RequestView::new("GET", "/", "", headers).unwrap();
            assert_eq!(conflicting_header(&view).as_deref(), expected, "{headers:?}");
        };
        check(&[("accept", b"a"), ("accept", b"b")], None);
        check(&[("Host", b"a"), ("host", b" a ")], None);
        check(&[("Host", b"a"), ("host", b"b")], Some("host"));
        check(&[("X-COS-acl", b"a"), ("x-cos-acl", b"")], Some("x-cos-acl"));
        check(
            &[
                ("content-length", b"1"),
                ("range", b"x"),
                ("content-length", b"2"),
            ],
            Some("content-length"),
        );
        check(
            &[("x-tc-token", b"1"), ("x-tc-token", b"1"), ("x-tc-token", b"2")],
            Some("x-tc-token"),
        );
    }
}
