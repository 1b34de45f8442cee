//! Reading what a TC3 request claims.
//!
//! The claim is one Authorization header; timestamp and token stand in headers of their own. `Authorization: SKIP`
//! marks the calls that need no signature and is no claim.

use std::fmt;

use super::canonical::ALGORITHM;
use crate::{
    ClaimError, RequestView, SentToken, WindowVerdict,
    claim_error::{authorization, bounded_list, key_id, token},
    window::{seconds, timestamp_verdict},
};

const AUTHORIZATION: &str = "Authorization";
const CREDENTIAL: &str = "Credential";
const SIGNED_HEADERS: &str = "SignedHeaders";
const SIGNATURE: &str = "Signature";
const TIMESTAMP: &str = "X-TC-Timestamp";
const TOKEN: &str = "X-TC-Token";

/// What a request says about its signature, before anything is verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Claim {
    /// The SecretId.
    pub key_id: String,
    /// The date of the credential scope, as sent.
    pub date: String,
    /// The service of the credential scope, as sent.
    pub service: String,
    /// The signed headers: lower-case, joined by semicolons.
    pub signed_headers: String,
    /// The signature as sent.
    pub signature: String,
    /// When the request was made, in seconds since 1970.
    pub timestamp: i64,
    /// The session token of a temporary key.
    pub token: Option<SentToken>,
}

impl Claim {
    /// Judges the timestamp.
    pub fn window(&self, now_unix_seconds: i64) -> WindowVerdict {
        timestamp_verdict(self.timestamp, now_unix_seconds)
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = formatter.debug_struct("Claim");
        fields
            .field("key_id", &self.key_id)
            .field("date", &self.date)
            .field("service", &self.service);
        fields
            .field("signed_headers", &self.signed_headers)
            .field("timestamp", &self.timestamp);
        fields
            .field("has_token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

/// Reads the claim of a request; `None` means that it is unsigned.
pub fn claim(view: &RequestView<'_>) -> Result<Option<Claim>, ClaimError> {
    let Some(text) = authorization(view)?.filter(|text| *text != "SKIP") else {
        return Ok(None);
    };
    let fields = Fields::parse(text)?;
    let (key, date, service) = credential(fields.credential)?;
    Ok(Some(Claim {
        key_id: key_id(CREDENTIAL, key)?,
        date: date.to_owned(),
        service: service.to_owned(),
        signed_headers: signed_headers(fields.signed_headers)?,
        signature: fields.signature.to_owned(),
        timestamp: timestamp(view)?,
        token: request_token(view)?,
    }))
}

struct Fields<'t> {
    credential: &'t str,
    signed_headers: &'t str,
    signature: &'t str,
}

impl<'t> Fields<'t> {
    fn parse(text: &'t str) -> Result<Self, ClaimError> {
        let (algorithm, rest) = text.split_once(' ').ok_or(ClaimError::Malformed(AUTHORIZATION))?;
        if algorithm != ALGORITHM {
            return Err(ClaimError::UnknownAlgorithm);
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for pair in rest.split(',') {
            let (name, value) = pair
                .trim()
                .split_once('=')
                .ok_or(ClaimError::Malformed(AUTHORIZATION))?;
            let slot = match name {
                CREDENTIAL => &mut credential,
                SIGNED_HEADERS => &mut signed_headers,
                SIGNATURE => &mut signature,
                _ => return Err(ClaimError::Malformed(AUTHORIZATION)),
            };
            if slot.replace(value).is_some() {
                return Err(ClaimError::Repeated(name.to_owned()));
            }
        }
        let required = |field, value: Option<&'t str>| {
            value
                .filter(|value| !value.is_empty())
                .ok_or(ClaimError::Missing(field))
        };
        Ok(Self {
            credential: required(CREDENTIAL, credential)?,
            signed_headers: required(SIGNED_HEADERS, signed_headers)?,
            signature: required(SIGNATURE, signature)?,
        })
    }
}

/// Splits `id/date/service/tc3_request`.
fn credential(text: &str) -> Result<(&str, &str, &str), ClaimError> {
    let mut parts = text.split('/');
    let mut next = || parts.next().filter(|part| !part.is_empty());
    match (next(), next(), next(), next(), next()) {
        (Some(key), Some(date), Some(service), Some("tc3_request"), None) if !text.ends_with('/') => {
            Ok((key, date, service))
        }
        _ => Err(ClaimError::Malformed(CREDENTIAL)),
    }
}

fn signed_headers(text: &str) -> Result<String, ClaimError> {
    bounded_list(SIGNED_HEADERS, text.split(';').count())?;
    let list = text.to_ascii_lowercase();
    // INVARIANT: no entry holds a colon or a line break, or one signature could stand for two requests.
    let is_name = |entry: &str| {
        !entry.is_empty()
            && entry
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    if !list.split(';').all(is_name) {
        return Err(ClaimError::Malformed(SIGNED_HEADERS));
    }
    for mandatory in ["content-type", "host"] {
        if !list.split(';').any(|entry| entry == mandatory) {
            return Err(ClaimError::NotSigned(mandatory));
        }
    }
    Ok(list)
}

fn timestamp(view: &RequestView<'_>) -> Result<i64, ClaimError> {
    let value = single(view, TIMESTAMP)?.ok_or(ClaimError::Missing(TIMESTAMP))?;
    str::from_utf8(value)
        .ok()
        .and_then(seconds)
        .ok_or(ClaimError::Malformed(TIMESTAMP))
}

fn request_token(view: &RequestView<'_>) -> Result<Option<SentToken>, ClaimError> {
    let Some(value) = single(view, TOKEN)? else {
        return Ok(None);
    };
    Ok(token(TOKEN, value)?.map(|text| SentToken::new(text.to_owned())))
}

fn single<'v>(view: &RequestView<'v>, name: &str) -> Result<Option<&'v [u8]>, ClaimError> {
    let mut values = view.header_values(name);
    let first = values.next();
    if values.any(|other| Some(other) != first) {
        return Err(ClaimError::Repeated(name.to_owned()));
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MAX_AUTHORIZATION_BYTES, MAX_KEY_ID_BYTES, MAX_SIGNED_NAMES, MAX_TOKEN_BYTES};

    const GOOD: &str = "TC3-HMAC-SHA256 Credential=id/2023-11-14/sts/tc3_request, SignedHeaders=content-type;host, Signature=ab";

    fn read(headers: &[(&str, &str)]) -> Result<Option<Claim>, ClaimError> {
        let headers: Vec<(&str, &[u8])> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        claim(&RequestView::new("POST", "/", "", &headers).unwrap())
    }

    fn read_text(text: &str) -> Result<Option<Claim>, ClaimError> {
        read(&[("authorization", text), ("x-tc-timestamp", "1700000000")])
    }

    #[test]
    fn reads_every_field() {
        let expected = Claim {
            key_id: "id".to_owned(),
            date: "2023-11-14".to_owned(),
            service: "sts".to_owned(),
            signed_headers: "content-type;host".to_owned(),
            signature: "ab".to_owned(),
            timestamp: 1_700_000_000,
            token: Some(SentToken::new("tok".to_owned())),
        };
        let with_token = [
            ("Authorization", GOOD),
            ("X-TC-Timestamp", "1700000000"),
            ("X-TC-Token", "tok"),
        ];
        assert_eq!(read(&with_token), Ok(Some(expected)));
    }

    #[test]
    fn order_and_blanks_do_not_matter() {
        let text = "TC3-HMAC-SHA256 Signature=ab,SignedHeaders=Content-Type;Host,Credential=id/2023-11-14/sts/tc3_request";
        assert_eq!(read_text(text), read_text(GOOD));
        assert!(read_text(GOOD).unwrap().is_some());
    }

    #[test]
    fn unsigned_requests() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read_text(""), Ok(None));
        assert_eq!(read_text("SKIP"), Ok(None));
        let empty_token = [
            ("authorization", GOOD),
            ("x-tc-timestamp", "1700000000"),
            ("x-tc-token", ""),
        ];
        assert_eq!(read(&empty_token).unwrap().unwrap().token, None);
    }

    #[test]
    fn refuses_malformed_texts() {
        let check = |from: &str, to: &str, expected: ClaimError| {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD);
            assert_eq!(read_text(&text), Err(expected), "{text}");
        };
        let authorization = ClaimError::Malformed("Authorization");
        check("TC3-HMAC-SHA256 ", "", ClaimError::UnknownAlgorithm);
        check("TC3-HMAC-SHA256", "TC3-HMAC-SHA1", ClaimError::UnknownAlgorithm);
        check(GOOD, "TC3-HMAC-SHA256", authorization.clone());
        check("Signature=ab", "Signature", authorization.clone());
        check("Signature=ab", "Unknown=ab", authorization.clone());
        check(", Signature=ab", "", ClaimError::Missing("Signature"));
        check("Signature=ab", "Signature=", ClaimError::Missing("Signature"));
        check(
            "Signature=ab",
            "Signature=ab, Signature=ab",
            ClaimError::Repeated("Signature".to_owned()),
        );
        check("id/", "", ClaimError::Malformed("Credential"));
        check("id/", "/", ClaimError::Malformed("Credential"));
        check("id/", "i/d/", ClaimError::Malformed("Credential"));
        check("tc3_request", "tc4_request", ClaimError::Malformed("Credential"));
        check("tc3_request", "tc3_request/", ClaimError::Malformed("Credential"));
        check("content-type;host", "host", ClaimError::NotSigned("content-type"));
        check("content-type;host", "content-type", ClaimError::NotSigned("host"));
        check(
            "content-type;host",
            "content-type;;host",
            ClaimError::Malformed("SignedHeaders"),
        );
        check(
            "content-type;host",
            "content-type;host;a:b",
            ClaimError::Malformed("SignedHeaders"),
        );
    }

    #[test]
    fn refuses_bad_timestamps() {
        let check = |value: &str| {
            let expected = Err(ClaimError::Malformed("X-TC-Timestamp"));
            assert_eq!(
                read(&[("authorization", GOOD), ("x-tc-timestamp", value)]),
                expected,
                "{value}"
            );
        };
        for value in ["", "x", "-1", "1.5", "01", "99999999999999999999"] {
            check(value);
        }
        assert_eq!(
            read(&[("authorization", GOOD)]),
            Err(ClaimError::Missing("X-TC-Timestamp"))
        );
    }

    #[test]
    fn refuses_repeated_headers_that_differ() {
        let check = |name: &str, one: &str, other: &str| {
            let mut headers = vec![("authorization", GOOD), ("x-tc-timestamp", "1")];
            headers.retain(|(present, _)| *present != name);
            headers.extend([(name, one), (name, one)]);
            assert!(read(&headers).is_ok(), "{name}");
            headers.push((name, other));
            assert!(matches!(read(&headers), Err(ClaimError::Repeated(_))), "{name}");
        };
        check("authorization", GOOD, "SKIP");
        check("x-tc-token", "a", "b");
        check("x-tc-timestamp", "1", "2");
    }

    #[test]
    fn bounds() {
        let with_names = |count: usize| {
            let names = vec!["a"; count - 2].join(";");
            read_text(&GOOD.replace("content-type;host", &format!("content-type;host;{names}")))
        };
        assert!(with_names(MAX_SIGNED_NAMES).is_ok());
        let too_many = ClaimError::TooMany {
            field: "SignedHeaders",
            limit: MAX_SIGNED_NAMES,
        };
        assert_eq!(with_names(MAX_SIGNED_NAMES + 1), Err(too_many));

        let with_key = |length: usize| read_text(&GOOD.replace("id/", &format!("{}/", "k".repeat(length))));
        assert!(with_key(MAX_KEY_ID_BYTES).is_ok());
        let too_long = ClaimError::TooLong {
            field: "Credential",
            limit: MAX_KEY_ID_BYTES,
        };
        assert_eq!(with_key(MAX_KEY_ID_BYTES + 1), Err(too_long));

        let with_length = |length: usize| read_text(&format!("{GOOD}{}", "a".repeat(length - GOOD.len())));
        assert!(with_length(MAX_AUTHORIZATION_BYTES).is_ok());
        let too_long = ClaimError::TooLong {
            field: "Authorization",
            limit: MAX_AUTHORIZATION_BYTES,
        };
        assert_eq!(with_length(MAX_AUTHORIZATION_BYTES + 1), Err(too_long));

        let with_token = |length: usize| {
            let token = "t".repeat(length);
            read(&[
                ("authorization", GOOD),
                ("x-tc-timestamp", "1"),
                ("x-tc-token", &token),
            ])
        };
        assert!(with_token(MAX_TOKEN_BYTES).is_ok());
        let too_long = ClaimError::TooLong {
            field: "X-TC-Token",
            limit: MAX_TOKEN_BYTES,
        };
        assert_eq!(with_token(MAX_TOKEN_BYTES + 1), Err(too_long));
    }

    #[test]
    fn debug_hides_token_and_signature() {
        let with_token = [
            ("authorization", GOOD),
            ("x-tc-timestamp", "1"),
            ("x-tc-token", "topsecret"),
        ];
        let text = format!("{:?}", read(&with_token).unwrap().unwrap());
        assert!(!text.contains("topsecret") && !text.contains("\"ab\""), "{text}");
    }
}
