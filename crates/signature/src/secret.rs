//! The secret half of a key pair, and the token that comes with a temporary one.
//!
//! Wiped when dropped, hidden in `Debug`, compared in constant time, readable only through [`SecretKey::expose`].

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::mac;

/// A SecretKey, permanent or temporary.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretKey(String);

impl SecretKey {
    /// Takes over the text; the caller should not keep a copy.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself. Each use of this method is a place where the secret may leak.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey(..)")
    }
}

impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        mac::same(&self.0, &other.0)
    }
}

impl Eq for SecretKey {}

/// A session token as it came with a request.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SentToken(String);

impl SentToken {
    /// Takes over the text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself. Each use of this method is a place where the token may leak.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SentToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SentToken(..)")
    }
}

impl PartialEq for SentToken {
    fn eq(&self, other: &Self) -> bool {
        mac::same(&self.0, &other.0)
    }
}

impl Eq for SentToken {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_text() {
        let secret = SecretKey::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "SecretKey(..)");
        assert_eq!(secret.expose(), "hunter2");
        let token = SentToken::new("hunter2".to_owned());
        assert_eq!(format!("{token:?}"), "SentToken(..)");
        assert_eq!(token.expose(), "hunter2");
        assert_eq!(token.clone(), token);
    }

    #[test]
    fn compares_by_text() {
        let secret = |text: &str| SecretKey::new(text.to_owned());
        assert_eq!(secret("a"), secret("a"));
        assert_ne!(secret("a"), secret("b"));
        assert_ne!(secret("a"), secret("aa"));
    }
}
