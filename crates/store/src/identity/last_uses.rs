//! When access keys were last used. It is written in batches, now and then, by whoever keeps it in between.

use daypass_api::names::{AccessKeyId, Account};
use daypass_api::{Error, ErrorCode, Timestamp};
use daypass_kv::Batch;
use daypass_metadata::identity::{self, LastUseRecord};
use daypass_metadata::keys;

use crate::{Attempts, Store, View};

/// Most keys in one batch.
const AT_ONCE: usize = 500;

impl Store {
    /// Stores when keys were last used. A key that was removed meanwhile is passed over, and no stored moment gets
    /// earlier.
    pub async fn note_last_uses(&self, uses: &[(AccessKeyId, Timestamp)]) -> Result<(), Error> {
        for chunk in uses.chunks(AT_ONCE) {
            let mut attempts = Attempts::default();
            loop {
                attempts.another().await?;
                let batch = self.last_uses_batch(chunk).await?;
                if batch.writes.is_empty() || self.commit(batch).await? {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn last_uses_batch(&self, uses: &[(AccessKeyId, Timestamp)]) -> Result<Batch, Error> {
        let view = self.view().await?;
        let mut batch = Batch::new();
        for (id, used) in uses {
            let before = view.record::<LastUseRecord>(&keys::last_use(id)).await?;
            let is_news = before.as_ref().is_none_or(|before| before.record.used < *used);
            if is_news && view.access_key(id).await?.is_some() {
                let now = LastUseRecord { used: *used };
                batch = identity::put_last_use(batch, id, before.as_ref(), now);
            }
        }
        Ok(batch)
    }
}

impl View {
    /// When a key of the account was last used, as far as it was written down; refuses a key that is not the
    /// account's.
    pub async fn last_use(&self, owner: Account, id: &AccessKeyId) -> Result<Option<Timestamp>, Error> {
        match self.access_key(id).await? {
            Some(key) if key.account == owner => {}
            Some(_) | None => return Err(ErrorCode::AccessKeyNotExist.into()),
        }
        let found = self.record::<LastUseRecord>(&keys::last_use(id)).await?;
        Ok(found.map(|found| found.record.used))
    }
}
