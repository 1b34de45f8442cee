//! Signing a request of our own, in the header or in the URL.

use std::fmt::Write;

use super::{
    NameList,
    canonical::{http_string, sign_key, signature, string_to_sign},
};
use crate::{RequestError, RequestView, SecretKey, Window, encode, request::starts_with_ignore_case};

/// The headers that the official SDKs sign when present, beside everything that begins with `x-cos-` or `x-ci-`.
pub const SIGNED_HEADERS: &[&str] = &[
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-type",
    "expect",
    "expires",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "origin",
    "pic-operations",
    "range",
    "transfer-encoding",
];

const SIGNED_HEADER_PREFIXES: &[&str] = &["x-cos-", "x-ci-"];

/// Which headers or parameters to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection<'a> {
    /// What the official SDKs sign: of the headers [`SIGNED_HEADERS`], all parameters.
    Standard,
    /// Exactly these, by their plain names. One that the request lacks is signed as empty.
    Only(&'a [&'a str]),
}

/// How to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignOptions<'a> {
    /// When the signature shall hold.
    pub sign_time: Window,
    /// When the derived key shall hold; the same as `sign_time` unless there is a reason.
    pub key_time: Window,
    /// Which headers to sign.
    pub headers: Selection<'a>,
    /// Which query parameters to sign.
    pub parameters: Selection<'a>,
}

impl SignOptions<'_> {
    /// Signs like the official SDKs, for one window.
    pub fn standard(window: Window) -> Self {
        Self {
            sign_time: window,
            key_time: window,
            headers: Selection::Standard,
            parameters: Selection::Standard,
        }
    }
}

/// Signs a request and returns the text of its Authorization header.
///
/// A session token belongs into the header `x-cos-security-token` before signing, so that it is signed too.
pub fn sign(view: &RequestView<'_>, key_id: &str, secret: &SecretKey, options: &SignOptions<'_>) -> String {
    let mut text = String::new();
    for (name, value) in fields(view, key_id, secret, options) {
        append_pair(&mut text, name, &value);
    }
    text
}

/// Signs a request and returns what to append to its query: the signature's parameters and the token, encoded.
///
/// The view must not carry the token itself; it is added as a signed parameter. The result grants what the request
/// does to whoever holds it, so treat it like a secret.
pub fn presign(
    view: &RequestView<'_>,
    key_id: &str,
    secret: &SecretKey,
    token: Option<&str>,
    options: &SignOptions<'_>,
) -> Result<String, RequestError> {
    let token_pair = token.map(|token| format!("x-cos-security-token={}", encode(token)));
    let query = [view.query(), token_pair.as_deref().unwrap_or_default()].join("&");
    let whole = RequestView::new(view.method(), view.path(), &query, view.headers())?;
    let mut text = String::new();
    for (name, value) in with_token(&whole, key_id, secret, token.is_some(), options) {
        append_pair(&mut text, name, &encode(value));
    }
    if let Some(pair) = token_pair {
        text.push('&');
        text.push_str(&pair);
    }
    Ok(text)
}

type Fields = [(&'static str, String); 7];

fn with_token(
    view: &RequestView<'_>,
    key_id: &str,
    secret: &SecretKey,
    has_token: bool,
    options: &SignOptions<'_>,
) -> Fields {
    match options.parameters {
        Selection::Only(names) if has_token => {
            let names = [names, &["x-cos-security-token"]].concat();
            fields(
                view,
                key_id,
                secret,
                &SignOptions {
                    parameters: Selection::Only(&names),
                    ..*options
                },
            )
        }
        Selection::Only(_) | Selection::Standard => fields(view, key_id, secret, options),
    }
}

fn fields(view: &RequestView<'_>, key_id: &str, secret: &SecretKey, options: &SignOptions<'_>) -> Fields {
    let headers = header_list(view, options.headers);
    let parameters = parameter_list(view, options.parameters);
    let text = string_to_sign(options.sign_time, &http_string(view, &headers, &parameters));
    let signature = signature(&sign_key(secret, options.key_time), &text);
    [
        ("q-sign-algorithm", "sha1".to_owned()),
        ("q-ak", key_id.to_owned()),
        ("q-sign-time", options.sign_time.to_string()),
        ("q-key-time", options.key_time.to_string()),
        ("q-header-list", headers.to_string()),
        ("q-url-param-list", parameters.to_string()),
        ("q-signature", signature),
    ]
}

fn header_list(view: &RequestView<'_>, selection: Selection<'_>) -> NameList {
    match selection {
        Selection::Only(names) => NameList::of(names),
        Selection::Standard => NameList::of(
            view.headers()
                .iter()
                .map(|(name, _)| name)
                .filter(|name| is_signed_header(name)),
        ),
    }
}

fn parameter_list(view: &RequestView<'_>, selection: Selection<'_>) -> NameList {
    match selection {
        Selection::Only(names) => NameList::of(names),
        Selection::Standard => NameList::of(view.parameters().iter().map(|parameter| &parameter.name)),
    }
}

fn is_signed_header(name: &str) -> bool {
    SIGNED_HEADERS
        .iter()
        .any(|signed| signed.eq_ignore_ascii_case(name))
        || SIGNED_HEADER_PREFIXES
            .iter()
            .any(|prefix| starts_with_ignore_case(name, prefix))
}

fn append_pair(text: &mut String, name: &str, value: &str) {
    let separator = if text.is_empty() { "" } else { "&" };
    // Writing to a String cannot fail.
    let _ = write!(text, "{separator}{name}={value}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SentToken;
    use crate::cos::{Location, claim};

    fn secret() -> SecretKey {
        SecretKey::new("ExampleSecretKey".to_owned())
    }

    fn options() -> SignOptions<'static> {
        SignOptions::standard(Window::new(10, 20).unwrap())
    }

    #[test]
    fn signs_what_the_sdks_sign() {
        let headers: [(&str, &[u8]); 5] = [
            ("User-Agent", b"x"),
            ("Host", b"h"),
            ("X-Cos-Meta-B", b"2"),
            ("x-ci-a", b"1"),
            ("Content-Length", b"0"),
        ];
        let view = RequestView::new("PUT", "/k", "uploads&x%2Fy=1&=nameless", &headers).unwrap();
        let text = sign(&view, "AKID", &secret(), &options());
        let start = "q-sign-algorithm=sha1&q-ak=AKID&q-sign-time=10;20&q-key-time=10;20&\
                     q-header-list=content-length;host;x-ci-a;x-cos-meta-b&q-url-param-list=uploads;x%2fy&q-signature=";
        assert!(text.starts_with(start), "{text}");
        assert_eq!(text.len(), start.len() + 40);
    }

    #[test]
    fn signs_only_what_is_asked_for() {
        let headers: [(&str, &[u8]); 2] = [("Host", b"h"), ("x-cos-acl", b"private")];
        let view = RequestView::new("PUT", "/k", "a=1&b=2", &headers).unwrap();
        let only = SignOptions {
            headers: Selection::Only(&["X-Cos-Acl"]),
            parameters: Selection::Only(&["b", "A"]),
            ..options()
        };
        let text = sign(&view, "AKID", &secret(), &only);
        assert!(
            text.contains("&q-header-list=x-cos-acl&q-url-param-list=a;b&"),
            "{text}"
        );
    }

    fn presigned(query: &str, token: Option<&str>, options: &SignOptions<'_>) -> String {
        let headers: [(&str, &[u8]); 1] = [("Host", b"h")];
        let view = RequestView::new("GET", "/k", query, &headers).unwrap();
        let text = presign(&view, "AKID", &secret(), token, options).unwrap();
        [query, &text].join(if query.is_empty() { "" } else { "&" })
    }

    #[test]
    fn presigned_queries_verify() {
        let only = SignOptions {
            parameters: Selection::Only(&["acl"]),
            ..options()
        };
        for options in [options(), only] {
            for query in ["", "acl", "acl&prefix=a+b%2B"] {
                for token in [None, Some("tok-_"), Some("tok/AB+cd==")] {
                    let url = presigned(query, token, &options);
                    let headers: [(&str, &[u8]); 1] = [("host", b"h")];
                    let view = RequestView::new("GET", "/k", &url, &headers).unwrap();
                    // Listing a sub-resource that the request lacks is refused by the verifier.
                    let expected = !query.is_empty() || options.parameters == Selection::Standard;
                    let claim = claim(&view).unwrap().unwrap();
                    assert_eq!(claim.verify(&view, &secret(), &[]), expected, "{url}");
                    assert_eq!(claim.location, Location::Query);
                    assert_eq!(claim.token.as_ref().map(SentToken::expose), token);
                    assert_eq!(claim.covers_parameter("x-cos-security-token"), token.is_some());
                }
            }
        }
    }

    #[test]
    fn presigned_values_are_encoded() {
        let text = presigned("", Some("a/b"), &options());
        assert!(
            text.contains("q-sign-time=10%3B20&q-key-time=10%3B20&q-header-list=host"),
            "{text}"
        );
        assert!(text.ends_with("&x-cos-security-token=a%2Fb"), "{text}");
    }

    #[test]
    fn presigning_keeps_to_the_bound_of_parameters() {
        let query = |count: usize| vec!["a"; count].join("&");
        let presign = |count: usize| {
            let query = query(count);
            let view = RequestView::new("GET", "/k", &query, &[]).unwrap();
            presign(&view, "AKID", &secret(), Some("t"), &options()).map(|_| ())
        };
        assert_eq!(presign(crate::MAX_PARAMETERS - 1), Ok(()));
        assert_eq!(
            presign(crate::MAX_PARAMETERS),
            Err(RequestError::TooManyParameters)
        );
    }
}
