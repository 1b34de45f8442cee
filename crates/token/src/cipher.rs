//! The one place that derives keys and encrypts.
//!
//! A root key is never used itself: each message is encrypted under a key of its own, derived by HKDF-SHA256
//! from the root key, the purpose and a salt that no other message of that purpose has. Hence a constant nonce
//! is safe, one root key may serve any number of messages, and nothing made for one purpose opens as another.

use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Error, KeyInit, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

/// Length of every key.
pub(crate) const KEY_LENGTH: usize = 32;
/// What encryption adds to a message.
pub(crate) const TAG_LENGTH: usize = 16;

/// Safe because a message's key is used once.
const NONCE: [u8; 12] = [0; 12];

/// What a derived key is for. A new use is a new purpose, never a shared one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Sealing session tokens, under an epoch's key.
    SessionToken,
    /// Wrapping the key ring, under the master key.
    KeyRing,
    /// Wrapping the secret of a permanent access key, under the master key.
    AccessKeySecret,
    /// Spelling a permanent access key's id from a random seed.
    PermanentKeyId,
    /// Spelling a permanent access key's secret from a random seed.
    PermanentSecret,
    /// Spelling a temporary key's secret from a random seed.
    TemporarySecret,
}

impl Purpose {
    /// All purposes, for tests that cross them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 6] = [
        Self::SessionToken,
        Self::KeyRing,
        Self::AccessKeySecret,
        Self::PermanentKeyId,
        Self::PermanentSecret,
        Self::TemporarySecret,
    ];

    /// The text that separates this purpose. Stored bytes depend on it: it never changes, and ends with the
    /// only NUL in it, so that it is no beginning of another.
    fn label(self) -> &'static [u8] {
        match self {
            Self::SessionToken => b"daypass session token\0",
            Self::KeyRing => b"daypass key ring\0",
            Self::AccessKeySecret => b"daypass access key secret\0",
            Self::PermanentKeyId => b"daypass permanent key id\0",
            Self::PermanentSecret => b"daypass permanent secret\0",
            Self::TemporarySecret => b"daypass temporary secret\0",
        }
    }
}

/// A root key after HKDF's extract step, which is done once and kept.
#[derive(Clone)]
pub(crate) struct RootKey(Hkdf<Sha256>);

impl RootKey {
    /// Prepares a uniformly random key for deriving.
    pub(crate) fn new(key: &[u8; KEY_LENGTH]) -> Self {
        let (mut extracted, hkdf) = Hkdf::extract(None, key);
        extracted.as_mut_slice().zeroize();
        Self(hkdf)
    }

    /// The key for one purpose and salt.
    #[expect(
        clippy::expect_used,
        reason = "HKDF refuses only outputs above 8,160 bytes, and this one has 32"
    )]
    pub(crate) fn derive(&self, purpose: Purpose, salt: &[&[u8]]) -> Zeroizing<[u8; KEY_LENGTH]> {
        let salt = salt.concat();
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        self.0
            .expand_multi_info(&[purpose.label(), &salt], key.as_mut_slice())
            .expect("32 bytes are within HKDF's limit");
        key
    }

    /// Encrypts under a key that only this purpose and salt give; fails only above 64 GiB.
    ///
    /// INVARIANT: the salt is never used for a second message of this purpose under this root key, and has the
    /// same length in all of them.
    pub(crate) fn encrypt(
        &self,
        purpose: Purpose,
        salt: &[&[u8]],
        associated: &[&[u8]],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let payload = Payload {
            msg: plaintext,
            aad: &associated_data(purpose, associated),
        };
        self.message_cipher(purpose, salt)
            .encrypt(&Nonce::from(NONCE), payload)
    }

    /// Decrypts what [`RootKey::encrypt`] made with the same arguments; fails on anything else.
    pub(crate) fn decrypt(
        &self,
        purpose: Purpose,
        salt: &[&[u8]],
        associated: &[&[u8]],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let payload = Payload {
            msg: ciphertext,
            aad: &associated_data(purpose, associated),
        };
        self.message_cipher(purpose, salt)
            .decrypt(&Nonce::from(NONCE), payload)
            .map(Zeroizing::new)
    }

    fn message_cipher(&self, purpose: Purpose, salt: &[&[u8]]) -> Aes256Gcm {
        Aes256Gcm::new((&*self.derive(purpose, salt)).into())
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RootKey(hidden)")
    }
}

/// Purpose, then parts that are of fixed length except for the last, so that no two lists of parts read alike.
fn associated_data(purpose: Purpose, parts: &[&[u8]]) -> Vec<u8> {
    let mut data = purpose.label().to_vec();
    data.extend(parts.iter().copied().flatten());
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_is_the_beginning_of_another() {
        for one in Purpose::ALL {
            assert_eq!(
                one.label().iter().filter(|byte| **byte == 0).count(),
                1,
                "{one:?}"
            );
            assert_eq!(one.label().last(), Some(&0), "{one:?}");
            for other in Purpose::ALL {
                assert_eq!(one.label() == other.label(), one == other, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn only_the_same_key_purpose_salt_and_data_open() {
        let roots = [RootKey::new(&[1; 32]), RootKey::new(&[2; 32])];
        let salts: [&[u8]; 2] = [b"salt-one", b"salt-two"];
        let associated: [&[u8]; 2] = [b"this", b"that"];
        let sealed = roots[0]
            .encrypt(Purpose::KeyRing, &[salts[0]], &[associated[0]], b"message")
            .unwrap();
        for purpose in Purpose::ALL {
            for (root, salt, data) in triples(&roots, &salts, &associated) {
                let opened = roots[root].decrypt(purpose, &[salts[salt]], &[associated[data]], &sealed);
                let same = purpose == Purpose::KeyRing && (root, salt, data) == (0, 0, 0);
                assert_eq!(opened.is_ok(), same, "{purpose:?} {root} {salt} {data}");
            }
        }
    }

    /// All triples of indices.
    fn triples<A, B, C>(a: &[A], b: &[B], c: &[C]) -> Vec<(usize, usize, usize)> {
        let (b, c) = (b.len(), c.len());
        (0..a.len() * b * c)
            .map(|i| (i / (b * c), i / c % b, i % c))
            .collect()
    }

    #[test]
    fn a_root_key_does_not_show() {
        assert_eq!(format!("{:?}", RootKey::new(&[7; 32])), "RootKey(hidden)");
    }
}
