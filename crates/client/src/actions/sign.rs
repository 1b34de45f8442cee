//! The head of a call, signed with TC3 if there is a key to sign with and the action is signed at all.

use daypass_api::Timestamp;
use daypass_api::names::Region;
use daypass_dialect::api3::Request;
use daypass_signature::{RequestView, tc3};

use crate::credentials::Credentials;
use crate::error::Error;
use crate::transport::Head;

pub(super) fn head(
    request: &Request,
    host: &str,
    region: &Region,
    credentials: Option<&Credentials>,
    now: Timestamp,
) -> Result<Head, Error> {
    let service = request.action.service();
    let timestamp = now.unix_seconds();
    let mut headers: Vec<(String, String)> = [
        ("host", host),
        ("content-type", "application/json"),
        ("content-length", &request.body.len().to_string()),
        ("x-tc-action", request.action.name()),
        ("x-tc-version", request.action.version()),
        ("x-tc-timestamp", &timestamp.to_string()),
        ("x-tc-region", region.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    if request.action.is_unsigned() {
        headers.push(("authorization".to_owned(), "SKIP".to_owned()));
    } else if let Some(credentials) = credentials {
        if let Some(token) = credentials.token_text() {
            headers.push(("x-tc-token".to_owned(), token.to_owned()));
        }
        let pairs: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let authorization = RequestView::new("POST", "/", "", &pairs).ok().and_then(|view| {
            let (id, secret) = (credentials.secret_id.as_str(), credentials.signing_key());
            tc3::sign(
                &view,
                request.body.as_bytes(),
                id,
                &secret,
                service.name(),
                timestamp,
            )
        });
        headers.push((
            "authorization".to_owned(),
            authorization.ok_or_else(clock_is_off)?,
        ));
    }
    Ok(Head {
        method: "POST",
        target: "/".to_owned(),
        headers,
    })
}

fn clock_is_off() -> Error {
    Error::Request(daypass_api::Error::with_message(
        daypass_api::ErrorCode::InvalidRequest,
        "the clock is set to a time that cannot be signed",
    ))
}

#[cfg(test)]
mod tests {
    use daypass_api::names::AccessKeyId;
    use daypass_api::outcome::SessionToken;
    use daypass_api::secret::SecretKey;
    use daypass_dialect::api3::Action;

    use super::*;

    /// Vector TC3-1 of the reference, which the vendor's SDK made: its body, byte by byte.
    const VECTOR_BODY: &str = "{\"Name\": \"demo\", \"Policy\": \"%7B%22version%22%3A%222.0%22%2C%22statement%22%3A%5B%7B\
        %22effect%22%3A%22allow%22%2C%22action%22%3A%5B%22name%2Fcos%3APutObject%22%5D%2C%22resource%22%3A%5B%22qcs\
        %3A%3Acos%3Aap-guangzhou%3Auid%2F1250000000%3Aexamplebucket-1250000000%2Fdoc%2F%2A%22%5D%7D%5D%7D\", \
        \"DurationSeconds\": 1800}";

    fn header<'a>(head: &'a Head, name: &str) -> Option<&'a str> {
        head.headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_call_is_signed_as_in_the_vector() {
        let credentials = Credentials {
            secret_id: AccessKeyId::parse("AKIDEXAMPLE0123456789abcdefghijklmno").unwrap(),
            secret_key: SecretKey::new("SecretKeyExample0123456789abcdef".to_owned()),
            token: Some(SessionToken::new("TOKENEXAMPLE".to_owned())),
        };
        let request = Request {
            action: Action::GetFederationToken,
            body: VECTOR_BODY.to_owned(),
        };
        let region = Region::parse("ap-guangzhou").unwrap();
        let now = Timestamp::from_unix_seconds(1_700_000_000);
        let signed = head(
            &request,
            "sts.tencentcloudapi.com",
            &region,
            Some(&credentials),
            now,
        )
        .unwrap();
        let expected = "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE0123456789abcdefghijklmno/2023-11-14/sts/tc3_request, \
            SignedHeaders=content-type;host, \
            Signature=4fcf776c058515e3d2bcb3e50da87d58f3d26ac92ff494118ae5a927861b1776";
        assert_eq!(header(&signed, "authorization"), Some(expected));
        assert_eq!(header(&signed, "x-tc-version"), Some("2018-08-13"));
        assert_eq!(header(&signed, "x-tc-token"), Some("TOKENEXAMPLE"));

        let unsigned = head(&request, "h", &region, None, now).unwrap();
        assert_eq!(header(&unsigned, "authorization"), None);
        let beyond = Timestamp::from_unix_seconds(i64::MAX / 1000);
        assert!(head(&request, "h", &region, Some(&credentials), beyond).is_err());
    }
}
