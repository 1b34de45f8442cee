//! The root master key, and the wrapping of what must not lie in storage as it is.
//!
//! Only two things are wrapped: the key ring and the secrets of permanent access keys. A wrapped secret is
//! bound to its access key's id, so that swapping two records in the store gains nothing. Where the master key
//! is kept is the server's affair; this knows only its text form.

use std::fmt;

use daypass_api::names::AccessKeyId;
use daypass_api::secret::SecretKey;
use zeroize::Zeroizing;

use crate::cipher::{KEY_LENGTH, Purpose, RootKey};

/// Random bytes that each wrapping needs.
pub const WRAP_SALT_LENGTH: usize = 16;
/// The longest that is wrapped, in bytes.
pub const MAX_WRAPPED_LENGTH: usize = 64 * 1024;

/// The first byte of everything wrapped.
const VERSION: u8 = 1;

/// The key above all keys.
pub struct MasterKey {
    key: Zeroizing<[u8; KEY_LENGTH]>,
    root: RootKey,
}

/// Why a text is not a master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a master key is 64 hexadecimal digits")]
pub struct MasterKeyError;

/// Why something was not wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{length} bytes are too many to wrap, the limit is {limit}", limit = MAX_WRAPPED_LENGTH)]
pub struct WrapError {
    /// How long it is.
    pub length: usize,
}

/// Why something wrapped cannot be had back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnwrapError {
    /// It has no form that was ever written.
    #[error("not something wrapped in a known format")]
    Malformed,
    /// It was wrapped under another master key or for another use, or it was changed.
    #[error("wrapped under another master key, or damaged")]
    Forged,
}

impl MasterKey {
    /// A master key from random bytes.
    pub fn new(key: &[u8; KEY_LENGTH]) -> Self {
        Self {
            key: Zeroizing::new(*key),
            root: RootKey::new(key),
        }
    }

    /// Reads the text of a key file: 64 hexadecimal digits, with white space around them.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let digits = text.trim_ascii().as_bytes();
        if digits.len() != 2 * KEY_LENGTH {
            return Err(MasterKeyError);
        }
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        let (pairs, _) = digits.as_chunks();
        for (byte, [high, low]) in key.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self::new(&key))
    }

    /// The key as [`MasterKey::parse`] reads it. The name is loud so that each use is seen in review.
    pub fn expose(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY_LENGTH));
        let nibbles = self.key.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        text.extend(nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)));
        text
    }

    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn bytes(&self) -> &Zeroizing<[u8; KEY_LENGTH]> {
        &self.key
    }

    /// Wraps the secret of a permanent access key.
    pub fn wrap_secret(
        &self,
        id: &AccessKeyId,
        secret: &SecretKey,
        salt: &[u8; WRAP_SALT_LENGTH],
    ) -> Result<Vec<u8>, WrapError> {
        let (associated, plaintext) = (id.as_str().as_bytes(), secret.expose().as_bytes());
        self.wrap(Purpose::AccessKeySecret, associated, plaintext, salt)
    }

    /// The secret that was wrapped for this access key.
    pub fn unwrap_secret(&self, id: &AccessKeyId, wrapped: &[u8]) -> Result<SecretKey, UnwrapError> {
        let plaintext = self.unwrap(Purpose::AccessKeySecret, id.as_str().as_bytes(), wrapped)?;
        let secret = std::str::from_utf8(&plaintext).map_err(|_| UnwrapError::Malformed)?;
        Ok(SecretKey::new(secret.to_owned()))
    }

    /// Wraps a plaintext for one purpose, bound to the associated data.
    pub(crate) fn wrap(
        &self,
        purpose: Purpose,
        associated: &[u8],
        plaintext: &[u8],
        salt: &[u8; WRAP_SALT_LENGTH],
    ) -> Result<Vec<u8>, WrapError> {
        let too_long = WrapError {
            length: plaintext.len(),
        };
        if plaintext.len() > MAX_WRAPPED_LENGTH {
            return Err(too_long);
        }
        let ciphertext = self
            .root
            .encrypt(purpose, &[salt], &[&[VERSION], associated], plaintext)
            .map_err(|_| too_long)?;
        Ok([&[VERSION], &salt[..], &ciphertext].concat())
    }

    /// The plaintext that was wrapped for this purpose and associated data.
    pub(crate) fn unwrap(
        &self,
        purpose: Purpose,
        associated: &[u8],
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, UnwrapError> {
        let Some((&VERSION, rest)) = wrapped.split_first() else {
            return Err(UnwrapError::Malformed);
        };
        let (salt, ciphertext) = rest
            .split_first_chunk::<WRAP_SALT_LENGTH>()
            .ok_or(UnwrapError::Malformed)?;
        self.root
            .decrypt(purpose, &[salt], &[&[VERSION], associated], ciphertext)
            .map_err(|_| UnwrapError::Forged)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(hidden)")
    }
}

fn digit(character: u8) -> Result<u8, MasterKeyError> {
    let digit = char::from(character).to_digit(16).ok_or(MasterKeyError)?;
    u8::try_from(digit).map_err(|_| MasterKeyError)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SALT: [u8; WRAP_SALT_LENGTH] = [9; WRAP_SALT_LENGTH];

    fn id(text: &str) -> AccessKeyId {
        AccessKeyId::parse(text).unwrap()
    }

    fn secret() -> SecretKey {
        SecretKey::new("canary".to_owned())
    }

    #[test]
    fn texts_of_master_keys() {
        let check = |text: &str, good: bool| assert_eq!(MasterKey::parse(text).is_ok(), good, "{text}");
        let digits = "0123456789abcdefABCDEF9876543210".repeat(2);
        check(&digits, true);
        check(&format!(" {digits}\r\n"), true);
        check(&digits[1..], false);
        check(&format!("{digits}0"), false);
        check(&format!("{}g", &digits[1..]), false);
        check(&format!("{}é", &digits[2..]), false);
        check("", false);
    }

    #[test]
    fn a_wrapped_secret_belongs_to_its_key_and_master() {
        let master = MasterKey::new(&[1; 32]);
        let wrapped = master.wrap_secret(&id("AKIDone"), &secret(), &SALT).unwrap();
        assert_eq!(master.unwrap_secret(&id("AKIDone"), &wrapped), Ok(secret()));
        let refused = Err(UnwrapError::Forged);
        assert_eq!(master.unwrap_secret(&id("AKIDtwo"), &wrapped), refused);
        assert_eq!(
            MasterKey::new(&[2; 32]).unwrap_secret(&id("AKIDone"), &wrapped),
            refused
        );
        assert!(!wrapped.windows(6).any(|window| window == b"canary"));
    }

    #[test]
    fn nothing_wrapped_may_change() {
        let master = MasterKey::new(&[1; 32]);
        let wrapped = master.wrap_secret(&id("AKIDone"), &secret(), &SALT).unwrap();
        for place in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[place] ^= 1;
            assert!(master.unwrap_secret(&id("AKIDone"), &changed).is_err(), "{place}");
            assert!(
                master.unwrap_secret(&id("AKIDone"), &wrapped[..place]).is_err(),
                "{place}"
            );
        }
    }

    #[test]
    fn no_purpose_unwraps_what_another_wrapped() {
        let master = MasterKey::new(&[1; 32]);
        for one in Purpose::ALL {
            let wrapped = master.wrap(one, b"", b"plaintext", &SALT).unwrap();
            for other in Purpose::ALL {
                let unwrapped = master.unwrap(other, b"", &wrapped);
                assert_eq!(unwrapped.is_ok(), one == other, "{one:?} as {other:?}");
            }
        }
    }

    #[test]
    fn the_longest_that_is_wrapped() {
        let master = MasterKey::new(&[1; 32]);
        let wrap = |length: usize| master.wrap(Purpose::KeyRing, b"", &vec![0; length], &SALT);
        let wrapped = wrap(MAX_WRAPPED_LENGTH).unwrap();
        assert_eq!(
            master.unwrap(Purpose::KeyRing, b"", &wrapped).unwrap().len(),
            MAX_WRAPPED_LENGTH
        );
        let length = MAX_WRAPPED_LENGTH + 1;
        assert_eq!(wrap(length), Err(WrapError { length }));
    }

    #[test]
    fn a_master_key_does_not_show() {
        assert_eq!(format!("{:?}", MasterKey::new(&[1; 32])), "MasterKey(hidden)");
    }

    proptest! {
        #[test]
        fn a_master_key_reads_what_it_writes(key in any::<[u8; 32]>()) {
            let master = MasterKey::new(&key);
            prop_assert_eq!(*MasterKey::parse(&master.expose()).unwrap().key, key);
        }

        #[test]
        fn unwrapping_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(MasterKey::new(&[1; 32]).unwrap_secret(&id("AKIDone"), &bytes).is_err());
        }
    }
}
