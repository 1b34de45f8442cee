//! The signature of a POST policy, with which a form upload is authorised.
//!
//! It shares the signing key with request signatures, but its string to sign is nothing but the hash of the policy
//! text: no `sha1` line, no time, no newline. What the policy demands is judged elsewhere.

use super::canonical::{sign_key, signature};
use crate::{SecretKey, Window, mac};

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
}
