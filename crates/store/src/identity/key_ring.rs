//! The key ring that seals session tokens, as an opaque value that is replaced as a whole.

use daypass_api::{Error, Timestamp};
use daypass_metadata::identity::{self, KeyRingRecord, WrappedKeyRing};
use daypass_metadata::keys;

use crate::{Attempts, Store, View};

impl Store {
    /// Puts a key ring in the place of the one that it was made from; false if that is not the stored one any
    /// more, because another gateway was faster.
    pub async fn replace_key_ring(
        &self,
        previous: Option<&WrappedKeyRing>,
        next: &WrappedKeyRing,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            if change.view.key_ring().await?.as_ref() != previous {
                return Ok(false);
            }
            let record = KeyRingRecord {
                updated: now,
                ring: next.clone(),
            };
            if self
                .commit(identity::put_key_ring(change.batch(), &record))
                .await?
            {
                return Ok(true);
            }
        }
    }
}

impl View {
    /// The key ring, once there is one.
    pub async fn key_ring(&self) -> Result<Option<WrappedKeyRing>, Error> {
        let found = self.record::<KeyRingRecord>(&keys::key_ring()).await?;
        Ok(found.map(|found| found.record.ring))
    }
}
