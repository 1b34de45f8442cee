//! Access keys, found by their id and by whose they are. Their secrets arrive wrapped and stay so here.

use std::fmt;

use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, Account, Uin};
use daypass_api::operation::AccessKeyStatus;
use daypass_api::outcome::AccessKey;
use daypass_kv::Batch;

use crate::codec::{MarkRecord, Record, field, record};
use crate::keys;

/// The secret half of an access key, encrypted by whoever stores it.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedSecret {
    /// The encrypted bytes.
    pub wrapped: Bytes,
}

impl fmt::Debug for WrappedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WrappedSecret(hidden)")
    }
}

field!(WrappedSecret { wrapped });

/// An access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKeyRecord {
    /// The account of its identity.
    pub account: Account,
    /// Its identity.
    pub uin: Uin,
    /// Its secret.
    pub secret: WrappedSecret,
    /// Whether it works.
    pub status: AccessKeyStatus,
    /// When it was made.
    pub created: Timestamp,
    /// A note about it.
    pub description: String,
}

record!(AccessKeyRecord, "access key", version 1, {
    account, uin, secret, status, created, description,
});

impl AccessKeyRecord {
    /// What is told about the key of this id.
    pub fn access_key(self, id: AccessKeyId) -> AccessKey {
        AccessKey {
            id,
            status: self.status,
            created: self.created,
            description: self.description,
        }
    }
}

/// Makes an access key.
pub fn create_access_key(batch: Batch, id: &AccessKeyId, key: &AccessKeyRecord) -> Batch {
    let of = keys::access_key_of(key.account.owner_uin, key.uin, id);
    put_access_key(batch, id, key).put(of, MarkRecord.encode())
}

/// Changes what is stored about an access key, but not whose it is.
pub fn put_access_key(batch: Batch, id: &AccessKeyId, key: &AccessKeyRecord) -> Batch {
    batch.put(keys::access_key(id), key.encode())
}

/// Removes an access key.
pub fn remove_access_key(batch: Batch, owner: Uin, uin: Uin, id: &AccessKeyId) -> Batch {
    batch
        .delete(keys::access_key(id))
        .delete(keys::access_key_of(owner, uin, id))
        .delete(keys::last_use(id))
}
