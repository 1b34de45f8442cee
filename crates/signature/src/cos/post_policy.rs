//! The signature of a POST policy, with which a form upload is authorised.
//!
//! It shares the signing key with request signatures, but its string to sign is nothing but the hash of the policy
//! text: no `sha1` line, no time, no newline. What the policy demands is judged elsewhere.

use std::fmt;

use super::canonical::{sign_key, signature};
use crate::claim_error::{bounded, key_id};
use crate::{
    COS_CLOCK_TOLERANCE, ClaimError, MAX_AUTHORIZATION_BYTES, SecretKey, SentToken, Window, WindowVerdict,
    mac,
};

/// What the fields of a form say about their signature; `None` stands for an absent or empty field.
#[derive(Clone, Copy, Default)]
pub struct PostFields<'a> {
    /// `q-sign-algorithm`.
    pub algorithm: Option<&'a str>,
    /// `q-ak`.
    pub key_id: Option<&'a str>,
    /// `q-key-time`.
    pub key_time: Option<&'a str>,
    /// `q-signature`.
    pub signature: Option<&'a str>,
}

/// What a form says that is signed by its policy, before anything is verified.
#[derive(Clone, PartialEq, Eq)]
pub struct PostClaim {
    /// The SecretId.
    pub key_id: String,
    /// When the signature holds.
    pub key_time: Window,
    /// The signature as sent.
    pub signature: String,
    /// The text of the policy, out of its Base64.
    pub policy: Vec<u8>,
    /// The session token of a temporary key.
    pub token: Option<SentToken>,
}

impl PostClaim {
    /// Reads the claim that a form with this policy makes.
    pub fn read(
        fields: PostFields<'_>,
        policy: Vec<u8>,
        token: Option<SentToken>,
    ) -> Result<Self, ClaimError> {
        let required = |name, value: Option<_>| value.ok_or(ClaimError::Missing(name));
        if required("q-sign-algorithm", fields.algorithm)? != "sha1" {
            return Err(ClaimError::UnknownAlgorithm);
        }
        let signature = required("q-signature", fields.signature)?;
        Ok(Self {
            key_id: key_id("q-ak", required("q-ak", fields.key_id)?)?,
            key_time: Window::parse(required("q-key-time", fields.key_time)?)
                .map_err(|_| ClaimError::Malformed("q-key-time"))?,
            signature: bounded("q-signature", signature, MAX_AUTHORIZATION_BYTES)?.to_owned(),
            policy,
            token,
        })
    }

    /// Judges the time of the claim; the policy may end earlier.
    pub fn window(&self, now_unix_seconds: i64) -> WindowVerdict {
        self.key_time.verdict(now_unix_seconds, COS_CLOCK_TOLERANCE)
    }

    /// Tells whether the policy was signed with this secret.
    pub fn verify(&self, secret: &SecretKey) -> bool {
        verify_post_policy(&self.policy, self.key_time, &self.signature, secret)
    }
}

impl fmt::Debug for PostClaim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostClaim")
            .field("key_id", &self.key_id)
            .field("key_time", &self.key_time)
            .field("has_token", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

/// The text to sign: the SHA-1 of the decoded policy, byte for byte, as hex.
pub fn post_policy_string_to_sign(policy: &[u8]) -> String {
    mac::sha1_hex(policy)
}

/// Signs the decoded policy text; the result goes into the form field `q-signature`.
pub fn post_policy_signature(policy: &[u8], key_time: Window, secret: &SecretKey) -> String {
    signature(&sign_key(secret, key_time), &post_policy_string_to_sign(policy))
}

/// Tells whether the form's `q-signature` was made with this secret over the decoded policy text.
///
/// The policy must be the bytes that came out of Base64, not a text that was parsed and printed again.
pub fn verify_post_policy(
    policy: &[u8],
    key_time: Window,
    claimed_signature: &str,
    secret: &SecretKey,
) -> bool {
    mac::same(
        &post_policy_signature(policy, key_time, secret),
        claimed_signature,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_signed() {
        let secret = SecretKey::new("s".to_owned());
        let window = Window::new(10, 20).unwrap();
        let policy = br#"{"expiration":"2023-11-15T00:00:00.000Z"}"#;
        let signature = post_policy_signature(policy, window, &secret);
        assert!(verify_post_policy(policy, window, &signature, &secret));
        assert!(!verify_post_policy(b"{}", window, &signature, &secret));
        assert!(!verify_post_policy(
            policy,
            Window::new(10, 21).unwrap(),
            &signature,
            &secret
        ));
        assert!(!verify_post_policy(
            policy,
            window,
            &signature.to_uppercase(),
            &secret
        ));
        assert!(!verify_post_policy(policy, window, "", &secret));
        assert!(!verify_post_policy(
            policy,
            window,
            &signature,
            &SecretKey::new("t".to_owned())
        ));
    }

    fn fields() -> PostFields<'static> {
        PostFields {
            algorithm: Some("sha1"),
            key_id: Some("AKIDx"),
            key_time: Some("10;20"),
            signature: Some("0123"),
        }
    }

    #[test]
    fn a_claim_is_whole() {
        let check = |fields: PostFields<'_>, expected: Result<(), ClaimError>| {
            assert_eq!(
                PostClaim::read(fields, b"{}".to_vec(), None).map(|_| ()),
                expected
            );
        };
        check(fields(), Ok(()));
        let without = |field| Err(ClaimError::Missing(field));
        check(
            PostFields {
                algorithm: None,
                ..fields()
            },
            without("q-sign-algorithm"),
        );
        check(
            PostFields {
                key_id: None,
                ..fields()
            },
            without("q-ak"),
        );
        check(
            PostFields {
                key_time: None,
                ..fields()
            },
            without("q-key-time"),
        );
        check(
            PostFields {
                signature: None,
                ..fields()
            },
            without("q-signature"),
        );
        check(
            PostFields {
                algorithm: Some("md5"),
                ..fields()
            },
            Err(ClaimError::UnknownAlgorithm),
        );
        check(
            PostFields {
                key_time: Some("20;10"),
                ..fields()
            },
            Err(ClaimError::Malformed("q-key-time")),
        );
        check(
            PostFields {
                key_id: Some("a b"),
                ..fields()
            },
            Err(ClaimError::Malformed("q-ak")),
        );
    }

    #[test]
    fn a_claim_holds_in_its_time() {
        let token = SentToken::new("secret-token".to_owned());
        let claim = PostClaim::read(fields(), b"{}".to_vec(), Some(token)).unwrap();
        assert_eq!(claim.window(20), WindowVerdict::Valid);
        assert_eq!(claim.window(21), WindowVerdict::Expired);
        assert_eq!(claim.window(-891), WindowVerdict::NotYetValid);
        assert!(!format!("{claim:?}").contains("secret-token"));
    }
}
