//! The master key, and while it is exchanged the one before it: what is wrapped opens under either.

use std::sync::Arc;

use daypass_api::names::AccessKeyId;
use daypass_api::secret::SecretKey;

use crate::master::{MasterKey, UnwrapError, WRAP_SALT_LENGTH};
use crate::ring::KeyRing;

/// The master key that wraps, and the one that it takes the place of, as long as something may be wrapped under that.
#[derive(Clone, Debug)]
pub struct MasterKeys {
    current: Arc<MasterKey>,
    previous: Option<Arc<MasterKey>>,
}

impl MasterKeys {
    /// One master key.
    pub fn new(current: MasterKey) -> Self {
        Self {
            current: Arc::new(current),
            previous: None,
        }
    }

    /// A new master key over these; the one that wrapped until now opens from now on.
    #[must_use]
    pub fn succeeded_by(&self, next: impl Into<Arc<MasterKey>>) -> Self {
        Self {
            current: next.into(),
            previous: Some(Arc::clone(&self.current)),
        }
    }

    /// Only the one that wraps.
    #[must_use]
    pub fn without_previous(&self) -> Self {
        Self {
            current: Arc::clone(&self.current),
            previous: None,
        }
    }

    /// The one that wraps.
    pub fn current(&self) -> &MasterKey {
        &self.current
    }

    /// Whether something may still be wrapped under another one.
    pub fn are_two(&self) -> bool {
        self.previous.is_some()
    }

    /// The secret that was wrapped for this access key.
    pub fn unwrap_secret(&self, id: &AccessKeyId, wrapped: &[u8]) -> Result<SecretKey, UnwrapError> {
        self.either(|master| master.unwrap_secret(id, wrapped))
    }

    /// The key ring that was stored.
    pub fn unwrap_ring(&self, wrapped: &[u8]) -> Result<KeyRing, UnwrapError> {
        self.either(|master| KeyRing::unwrap(master, wrapped))
    }

    /// A secret as it is wrapped under the current key, if it is wrapped under the previous one.
    pub fn rewrap_secret(
        &self,
        id: &AccessKeyId,
        wrapped: &[u8],
        salt: &[u8; WRAP_SALT_LENGTH],
    ) -> Result<Option<Vec<u8>>, UnwrapError> {
        if self.current.unwrap_secret(id, wrapped).is_ok() {
            return Ok(None);
        }
        let secret = self.unwrap_secret(id, wrapped)?;
        let anew = self.current.wrap_secret(id, &secret, salt);
        anew.map(Some).map_err(|_| UnwrapError::Malformed)
    }

    /// The one of them under which the stored ring is wrapped.
    pub fn of_ring(&self, wrapped: &[u8]) -> Option<&Arc<MasterKey>> {
        let all = std::iter::once(&self.current).chain(&self.previous);
        all.into_iter()
            .find(|master| KeyRing::unwrap(master, wrapped).is_ok())
    }

    fn either<T>(&self, unwrap: impl Fn(&MasterKey) -> Result<T, UnwrapError>) -> Result<T, UnwrapError> {
        match (unwrap(&self.current), &self.previous) {
            (Err(UnwrapError::Forged), Some(previous)) => unwrap(previous),
            (outcome, _) => outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use daypass_api::Timestamp;

    use super::*;

    const SALT: [u8; WRAP_SALT_LENGTH] = [9; WRAP_SALT_LENGTH];

    #[test]
    fn what_is_wrapped_opens_under_either_until_the_older_one_goes() {
        let id = AccessKeyId::parse("AKIDone").unwrap();
        let secret = SecretKey::new("canary".to_owned());
        let old = MasterKeys::new(MasterKey::new(&[1; 32]));
        let wrapped = old.current().wrap_secret(&id, &secret, &SALT).unwrap();
        let both = old.succeeded_by(MasterKey::new(&[2; 32]));
        assert_eq!(both.unwrap_secret(&id, &wrapped), Ok(secret.clone()));
        let anew = both.rewrap_secret(&id, &wrapped, &SALT).unwrap().unwrap();
        assert_eq!(both.rewrap_secret(&id, &anew, &SALT), Ok(None));
        let new = both.without_previous();
        assert_eq!(new.unwrap_secret(&id, &anew), Ok(secret));
        for (keys, wrapped) in [(&new, &wrapped), (&old, &anew)] {
            assert_eq!(keys.unwrap_secret(&id, wrapped), Err(UnwrapError::Forged));
            assert_eq!(keys.rewrap_secret(&id, wrapped, &SALT), Err(UnwrapError::Forged));
        }
        assert!(both.are_two() && !new.are_two() && !old.are_two());
    }

    #[test]
    fn a_ring_opens_under_either() {
        let ring = KeyRing::new(Timestamp::from_unix_seconds(1), &[3; 32]);
        let old = MasterKeys::new(MasterKey::new(&[1; 32]));
        let wrapped = ring.wrap(old.current(), &SALT).unwrap();
        let both = old.succeeded_by(MasterKey::new(&[2; 32]));
        let of_ring = |keys: &MasterKeys, wrapped: &[u8]| keys.of_ring(wrapped).map(|master| master.expose());
        assert_eq!(of_ring(&both, &wrapped), Some(old.current().expose()));
        let anew = ring.wrap(both.current(), &SALT).unwrap();
        assert_eq!(of_ring(&both, &anew), Some(both.current().expose()));
        assert_eq!(of_ring(&old, &anew), None);
        assert!(both.without_previous().unwrap_ring(&wrapped).is_err());
    }
}
