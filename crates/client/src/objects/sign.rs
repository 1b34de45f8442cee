//! From a request as the dialect spells it to one that is signed and ready to go.

use daypass_api::Timestamp;
use daypass_dialect::cos::request::RequestParts;
use daypass_signature::cos::{self, SignOptions};
use daypass_signature::{RequestView, Window};

use crate::credentials::Credentials;
use crate::error::Error;
use crate::transport::Head;

/// How far the start of a signature lies in the past, for servers whose clock is behind.
const BACKDATED_SECONDS: i64 = 60;
/// How long a request may take until the server has read its head.
const VALID_SECONDS: i64 = 3600;

/// The head of a request with a body of this length, signed if there is a key to sign with.
///
/// Host, token and everything that says something about the body are signed. The length is stated wherever something
/// changes, even if there is no body, as the official SDKs do.
pub(super) fn head(
    parts: &RequestParts,
    length: u64,
    credentials: Option<&Credentials>,
    now: Timestamp,
) -> Result<Head, Error> {
    let mut headers = vec![("host".to_owned(), parts.host.clone())];
    headers.extend(
        parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.clone())),
    );
    let states_length = headers.iter().any(|(name, _)| name == "content-length");
    if matches!(parts.method, "PUT" | "POST" | "DELETE") && !states_length {
        headers.push(("content-length".to_owned(), length.to_string()));
    }
    if let Some(credentials) = credentials {
        if let Some(token) = credentials.token_text() {
            headers.push(("x-cos-security-token".to_owned(), token.to_owned()));
        }
        let window = window(now, VALID_SECONDS)?;
        let authorization = authorization(parts, &headers, credentials, window)?;
        headers.push(("authorization".to_owned(), authorization));
    }
    Ok(Head {
        method: parts.method,
        target: target(parts),
        headers,
    })
}

/// From a little before now until so many seconds later.
pub(super) fn window(now: Timestamp, seconds: i64) -> Result<Window, Error> {
    let now = now.unix_seconds();
    let start = now.saturating_sub(BACKDATED_SECONDS).max(0);
    Window::new(start, now.saturating_add(seconds)).map_err(|_| unsignable("the clock is set before 1970"))
}

/// Path and query, as the request line has them.
pub(super) fn target(parts: &RequestParts) -> String {
    match parts.query.as_str() {
        "" => parts.path.clone(),
        query => format!("{}?{query}", parts.path),
    }
}

pub(crate) fn unsignable(what: &'static str) -> Error {
    Error::Request(daypass_api::Error::with_message(
        daypass_api::ErrorCode::InvalidRequest,
        what,
    ))
}

fn authorization(
    parts: &RequestParts,
    headers: &[(String, String)],
    credentials: &Credentials,
    window: Window,
) -> Result<String, Error> {
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let view = RequestView::new(parts.method, &parts.path, &parts.query, &headers)
        .map_err(|_| unsignable("it has too many headers or parameters"))?;
    let options = SignOptions::standard(window);
    Ok(cos::sign(
        &view,
        credentials.secret_id.as_str(),
        &credentials.signing_key(),
        &options,
    ))
}

#[cfg(test)]
mod tests {
    use daypass_api::names::{AccessKeyId, BucketName, ObjectKey};
    use daypass_api::object::ObjectHeaders;
    use daypass_api::operation::{BodyClaims, ObjectOperation};
    use daypass_api::outcome::SessionToken;
    use daypass_api::secret::SecretKey;
    use daypass_dialect::cos::request::{Endpoint, write};

    use super::*;
    use crate::request;

    const HOST: &str = "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com";

    /// Like vector V2 of the reference, which a vendor's SDK made: same key, body, headers and time; the window has
    /// the length that this client gives it.
    fn vector_request() -> RequestParts {
        let bucket = BucketName::parse("examplebucket-1250000000").unwrap();
        let key = ObjectKey::parse("目录/a b+c(1)~.txt".as_bytes()).unwrap();
        let mut put = request::put_object(&bucket, &key);
        put.headers = ObjectHeaders {
            content_type: Some("text/plain".to_owned()),
            ..ObjectHeaders::default()
        };
        let md5 = 0x5eb6_3bbb_e01e_eed0_93cb_22bb_8f5a_cdc3_u128.to_be_bytes();
        put.body = BodyClaims {
            length: Some(11),
            md5: Some(md5),
            sha1: None,
        };
        let endpoint = Endpoint {
            host: "cos.ap-guangzhou.myqcloud.com".to_owned(),
            path_style: false,
        };
        write(&ObjectOperation::PutObject(put), &endpoint).unwrap()
    }

    fn credentials() -> Credentials {
        Credentials {
            secret_id: AccessKeyId::parse("AKIDEXAMPLEexampleEXAMPLEexample0001").unwrap(),
            secret_key: SecretKey::new("ExampleSecretKeyExampleSecretKey".to_owned()),
            token: Some(SessionToken::new("tok/AB+cd==".to_owned())),
        }
    }

    #[test]
    fn requests_have_the_form_of_the_vectors() {
        let now = Timestamp::from_unix_seconds(1_700_000_060);
        let head = head(&vector_request(), 11, Some(&credentials()), now).unwrap();
        assert_eq!(head.target, "/%E7%9B%AE%E5%BD%95/a%20b%2Bc%281%29~.txt");
        let value = |name: &str| {
            let mut named = head.headers.iter().filter(|(other, _)| other == name);
            let (_, value) = named.next().unwrap();
            assert!(named.next().is_none(), "{name} stands twice");
            value.as_str()
        };
        assert_eq!(value("host"), HOST);
        assert_eq!(value("content-length"), "11");
        assert_eq!(value("content-md5"), "XrY7u+Ae7tCTyyK7j1rNww==");
        assert_eq!(value("x-cos-security-token"), "tok/AB+cd==");
        let expected = "q-sign-algorithm=sha1&q-ak=AKIDEXAMPLEexampleEXAMPLEexample0001\
            &q-sign-time=1700000000;1700003660&q-key-time=1700000000;1700003660\
            &q-header-list=content-length;content-md5;content-type;host;x-cos-security-token\
            &q-url-param-list=&q-signature=";
        let (before, signature) = value("authorization").split_at(expected.len());
        assert_eq!(before, expected);
        assert_eq!(signature.len(), 40);
    }

    #[test]
    fn unsigned_requests_carry_no_authorization() {
        let head = head(&vector_request(), 11, None, Timestamp::from_unix_seconds(0)).unwrap();
        let names: Vec<_> = head.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["host", "content-type", "content-length", "content-md5"]);
    }

    #[test]
    fn windows_stay_in_the_calendar() {
        let check = |now, expected: Option<&str>| {
            let window = window(Timestamp::from_unix_seconds(now), 3600).ok();
            assert_eq!(window.map(|window| window.to_string()).as_deref(), expected);
        };
        check(1_700_000_060, Some("1700000000;1700003660"));
        check(30, Some("0;3630"));
        check(-4000, None);
    }
}
