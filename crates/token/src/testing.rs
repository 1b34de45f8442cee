//! The keys themselves, for tests that look for them where they must not be. The program never has this feature.

use daypass_api::names::AccessKeyId;
use zeroize::Zeroizing;

use crate::cipher::{KEY_LENGTH, Purpose};
use crate::master::MasterKey;
use crate::ring::KeyRing;
use crate::session_id_of;
use crate::token::parts;

/// A key that nobody is told.
pub type Key = Zeroizing<[u8; KEY_LENGTH]>;

/// The keys of a ring, the newest first.
pub fn keys_of_ring(ring: &KeyRing) -> Vec<Key> {
    ring.keys().cloned().collect()
}

/// The key that a token is sealed under; none if it is no token of the ring.
pub fn key_of_token(ring: &KeyRing, id: &AccessKeyId, token: &str) -> Option<Key> {
    let (epoch, salt) = parts(token)?;
    let epoch = ring.find(epoch)?;
    let session = session_id_of(id)?;
    Some(epoch.root.derive(Purpose::SessionToken, &[&session.0, &salt]))
}

/// A master key as bytes.
pub fn bytes_of_master(master: &MasterKey) -> Key {
    master.bytes().clone()
}

#[cfg(test)]
mod tests {
    use daypass_api::Timestamp;

    use super::*;
    use crate::claims::tests::sample;
    use crate::seal;

    #[test]
    fn they_are_the_keys_in_use() {
        let ring = KeyRing::new(Timestamp::from_unix_seconds(1), &[7; 32]);
        assert_eq!(*keys_of_ring(&ring)[0], [7; 32]);
        assert_eq!(*bytes_of_master(&MasterKey::new(&[8; 32])), [8; 32]);
        let sealed = seal(&ring, &sample(), &[9; 12]).unwrap();
        let derived = crate::cipher::RootKey::new(&[7; 32])
            .derive(Purpose::SessionToken, &[&sample().session_id.0, &[9; 12]]);
        assert_eq!(
            key_of_token(&ring, &sealed.access_key_id, sealed.token.expose()),
            Some(derived)
        );
    }
}
