//! What refused a request beside the policies, with what its owner needs to mend it.
//!
//! INVARIANT: no secret, token or signature gets in here. The canonical texts of the three schemes hold the request's own
//! headers and parameters and no key; where a client signed its token with them, the token is taken out.

use daypass_access::credential::Credential;
use daypass_access::verify::{Claim, Signed};
use daypass_api::{Error, ErrorCode, Timestamp};
use daypass_explain::{Cause, CauseKind};
use daypass_signature::{cos, tc3, v1};

/// Longest canonical text that is kept, in bytes.
const MAX_CANONICAL_BYTES: usize = 16 * 1024;

/// A claim that did not hold.
pub(crate) struct Unproven<'a> {
    pub(crate) claim: &'a Claim,
    pub(crate) signed: &'a Signed<'a>,
    pub(crate) credential: &'a Credential,
    pub(crate) now: Timestamp,
}

/// What an error says by itself; none where it is no refusal that anybody would have explained.
pub(crate) fn of_error(error: &Error) -> Option<Cause> {
    let kind = match error.code {
        ErrorCode::SignatureDoesNotMatch => CauseKind::SignatureMismatch,
        ErrorCode::SignatureExpired => CauseKind::SignatureExpired,
        ErrorCode::RequestTimeTooSkewed => CauseKind::ClockSkew,
        ErrorCode::TokenExpired => CauseKind::TokenExpired,
        ErrorCode::TokenInvalid => CauseKind::TokenInvalid,
        ErrorCode::UnknownAccessKey => CauseKind::KeyUnknown,
        ErrorCode::DisabledAccessKey => CauseKind::KeyDisabled,
        ErrorCode::SessionRevoked => CauseKind::SessionRevoked,
        ErrorCode::PostPolicyNotMet => CauseKind::Other,
        ErrorCode::MeaningNotSigned => CauseKind::MeaningNotSigned,
        ErrorCode::SignatureMissing => CauseKind::SignatureMissing,
        ErrorCode::AuthorizationMalformed => CauseKind::ClaimUnreadable,
        ErrorCode::NoSuchBucket => CauseKind::BucketNotFound,
        ErrorCode::AccessDenied => CauseKind::Other,
        _ => return None,
    };
    let cause = Cause::new(kind);
    Some(match &error.message {
        Some(message) => cause.with("Message", message),
        None => cause,
    })
}

/// What more is known where a claim did not hold.
pub(crate) fn of_claim(error: &Error, unproven: &Unproven<'_>) -> Option<Cause> {
    let cause = of_error(error)?;
    let now = unproven.now.unix_seconds();
    let cause = cause.with("ServerTime", Timestamp::from_unix_seconds(now).iso_millis());
    Some(match cause.kind {
        CauseKind::SignatureMismatch => with_canonical_text(cause, unproven),
        CauseKind::SignatureExpired => {
            let (_, end) = window(unproven.claim);
            cause
                .with("SignedUntil", end)
                .with("SecondsPast", now.saturating_sub(end))
        }
        CauseKind::ClockSkew => {
            let (start, _) = window(unproven.claim);
            cause
                .with("SignedFrom", start)
                .with("SecondsAhead", start.saturating_sub(now))
        }
        CauseKind::TokenExpired => match &unproven.credential.identity.session {
            Some(session) => cause
                .with("Expired", session.expires.iso_millis())
                .with("SecondsPast", now.saturating_sub(session.expires.unix_seconds())),
            None => cause,
        },
        _ => cause,
    })
}

/// From when until when a claim's own words let it hold, in seconds since 1970.
fn window(claim: &Claim) -> (i64, i64) {
    match claim {
        Claim::Cos(claim) => (claim.sign_time.start(), claim.sign_time.end()),
        Claim::Post(claim) => (claim.key_time.start(), claim.key_time.end()),
        Claim::Tc3(claim) => (claim.timestamp, claim.timestamp),
        Claim::V1(claim) => (claim.timestamp, claim.timestamp),
    }
}

/// The texts that the server made of the request as it came, for its first choice of a host.
fn with_canonical_text(cause: Cause, unproven: &Unproven<'_>) -> Cause {
    let (claim, signed) = (unproven.claim, unproven.signed);
    let token = claim.token().unwrap_or_default();
    match claim {
        Claim::Cos(claim) => {
            let text = cos::http_string(signed.view, &claim.header_list, &claim.parameter_list);
            cause
                .with("HttpString", shown(&text, token))
                .with("StringToSign", cos::string_to_sign(claim.sign_time, &text))
        }
        Claim::Post(claim) => cause.with("StringToSign", cos::post_policy_string_to_sign(&claim.policy)),
        Claim::Tc3(claim) => {
            let payload = tc3::hashed_payload(signed.view, signed.body);
            let values = tc3::HeaderValues::Lowered;
            let text = tc3::canonical_request(signed.view, &claim.signed_headers, &payload, values);
            let scope = tc3::credential_scope(&claim.date, &claim.service);
            cause.with("CanonicalRequest", shown(&text, token)).with(
                "StringToSign",
                tc3::string_to_sign(claim.timestamp, &scope, &text),
            )
        }
        Claim::V1(_) => {
            let host = signed.view.header("host").unwrap_or_default();
            let host = String::from_utf8_lossy(host);
            let parameters = without_values_that_are_secret(signed.parameters);
            let text = v1::string_to_sign(signed.view.method(), &host, signed.view.path(), &parameters);
            cause.with("StringToSign", shown(text.as_bytes(), token))
        }
    }
}

/// The first scheme signs every parameter as it is, its token among them.
fn without_values_that_are_secret(parameters: &[(String, String)]) -> Vec<(String, String)> {
    let open = |(name, value): &(String, String)| {
        let lower = name.to_ascii_lowercase();
        let secret = ["token", "secret", "password"]
            .iter()
            .any(|word| lower.contains(word));
        (
            name.clone(),
            if secret && lower != "secretid" {
                TAKEN_OUT.to_owned()
            } else {
                value.clone()
            },
        )
    };
    parameters.iter().map(open).collect()
}

/// What stands where a token stood.
const TAKEN_OUT: &str = "(token)";

/// A canonical text without the token, in whichever letter case and encoding a scheme has it, cut where it is too long.
fn shown(text: &[u8], token: &str) -> String {
    let mut text = String::from_utf8_lossy(text).into_owned();
    if !token.is_empty() {
        let encoded = daypass_signature::encode(token.as_bytes());
        for form in [token, encoded.as_str()] {
            text = text
                .replace(form, TAKEN_OUT)
                .replace(&form.to_ascii_lowercase(), TAKEN_OUT);
        }
    }
    if text.len() > MAX_CANONICAL_BYTES {
        text.truncate(text.floor_char_boundary(MAX_CANONICAL_BYTES));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_taken_out_of_canonical_texts() {
        let check =
            |text: &str, token: &str, expected: &str| assert_eq!(shown(text.as_bytes(), token), expected);
        check(
            "get\n/k\n\nx-cos-security-token=AbC_-1\n",
            "AbC_-1",
            "get\n/k\n\nx-cos-security-token=(token)\n",
        );
        check("x-tc-token:abc_-1\n", "AbC_-1", "x-tc-token:(token)\n");
        check("a=A%2FB&b=c", "A/B", "a=(token)&b=c");
        check("plain", "", "plain");
        let long = "x".repeat(MAX_CANONICAL_BYTES + 1);
        assert_eq!(
            shown(long.as_bytes(), "").len(),
            MAX_CANONICAL_BYTES + '…'.len_utf8()
        );
        let pair = |name: &str| (name.to_owned(), "v".to_owned());
        let open =
            without_values_that_are_secret(&[pair("Token"), pair("SecretId"), pair("Password"), pair("A")]);
        let values: Vec<_> = open.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, [TAKEN_OUT, "v", TAKEN_OUT, "v"]);
    }
}
