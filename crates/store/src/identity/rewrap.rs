//! Wrapping the secrets of all access keys anew, a page at a time, while other changes go on.

use daypass_api::Error;
use daypass_api::names::AccessKeyId;
use daypass_kv::KeyRange;
use daypass_metadata::identity::{self, AccessKeyRecord, WrappedSecret};
use daypass_metadata::keys::{self, StoredKey};

use crate::view::decoded;
use crate::{Attempts, Store, fault};

/// How many secrets one batch wraps anew; the others wait for their turn meanwhile.
const PAGE: usize = 256;

impl Store {
    /// Goes through the secrets of all access keys; `rewrap` answers what takes the place of one, if anything does. How
    /// many were replaced. Whatever this fails at, what it replaced stays, and the rest is as it was.
    pub async fn rewrap_secrets(
        &self,
        rewrap: impl Fn(&AccessKeyId, &WrappedSecret) -> Option<WrappedSecret> + Send + Sync,
    ) -> Result<u64, Error> {
        let mut range = KeyRange::prefix(keys::access_keys());
        let (mut replaced, mut attempts) = (0_u64, Attempts::default());
        loop {
            let turn = self.identity_turn().await;
            let change = self.begin_change(&mut attempts).await?;
            let page = change.view.first(range.clone(), PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(replaced);
            };
            let next = range.clone().after(last.clone());
            let (mut batch, mut changed) = (change.batch(), 0);
            for (key, value) in &page {
                let Some(StoredKey::AccessKey(id)) = StoredKey::parse(key) else {
                    return Err(fault::inconsistent("the name of an access key"));
                };
                let record: AccessKeyRecord = decoded(value)?;
                if let Some(secret) = rewrap(&id, &record.secret) {
                    batch = identity::put_access_key(batch, &id, &AccessKeyRecord { secret, ..record });
                    changed += 1;
                }
            }
            if changed > 0 && !self.commit(batch).await? {
                continue;
            }
            drop(turn);
            replaced += changed;
            (range, attempts) = (next, Attempts::default());
        }
    }
}
