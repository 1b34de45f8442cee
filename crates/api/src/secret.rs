//! Secrets: wiped on drop, hidden in debug output, compared in constant time.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The secret half of an access key, permanent or temporary.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<String>);

impl SecretKey {
    /// Wraps a secret; the given text is moved, not copied.
    pub fn new(secret: String) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// The secret itself. The name is loud so that each use is seen in review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecretKey {}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(hidden)")
    }
}

/// What an identity provider says about somebody: whoever has it may act for him until it ends.
#[derive(Clone)]
pub struct WebIdentityToken(Zeroizing<String>);

impl WebIdentityToken {
    /// Wraps a token; the given text is moved, not copied.
    pub fn new(token: String) -> Self {
        Self(Zeroizing::new(token))
    }

    /// The token itself. The name is loud so that each use is seen in review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A secret that the program is told as a text, before it is known what it is: the contents of a key file, a variable.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Wraps a text; it is moved, not copied.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. The name is loud so that each use is seen in review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for WebIdentityToken {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for WebIdentityToken {}

impl fmt::Debug for WebIdentityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebIdentityToken(hidden)")
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(hidden)")
    }
}

impl From<SecretText> for SecretKey {
    fn from(text: SecretText) -> Self {
        Self(text.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show() {
        let secret = SecretKey::new("canary".to_owned());
        assert_eq!(format!("{secret:?}"), "SecretKey(hidden)");
        assert_eq!(secret, SecretKey::new("canary".to_owned()));
        assert_ne!(secret, SecretKey::new("canarY".to_owned()));
        let text = SecretText::new("canary".to_owned());
        assert_eq!(format!("{text:?}"), "SecretText(hidden)");
        assert_eq!(SecretKey::from(text), secret);
    }
}
