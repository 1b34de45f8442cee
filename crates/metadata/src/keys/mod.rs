//! The layout of keys: which record lies where, and in which order.
//!
//! Every space begins with a tag; no tag is the beginning of another. Within a space, what a listing walks is
//! in byte order: bucket names end with a zero byte, which no name holds, and object keys follow as they are,
//! so that a listing of objects is a scan of raw bytes. Numbers and times are big-endian. The longest key,
//! that of an upload to an object key of 850 zero bytes, has fewer than 1,900 bytes of the 2,048 allowed.

mod identity;
mod objects;
mod provider;
mod revocation;
mod role;
mod stored;

use bytes::Bytes;

use crate::codec::{DecodeError, Decoder, Encoder, Field};

pub use identity::{
    access_key, access_key_of, access_keys, access_keys_of, account, account_of_app, account_tallies,
    account_tally, accounts, all_groups, all_policies, all_users, attachment, attachments, boundary, counter,
    generation, group, group_named, group_of, groups, groups_of, groups_with, holder, key_ring, last_use,
    member, members, policies, policies_named, policy, policy_named, policy_tallies, policy_tally,
    policy_version, policy_versions, roles_with, user, user_named, user_of_uid, users, users_with,
};
pub use identity::{
    group_at_end, holder_of_holder, id_of_access_key_of, name_of_policy_named, owner_of_account,
    policy_of_attachment, uin_of_member, uin_of_user, version_of_policy_version,
};
pub use objects::{all_inline_data, all_manifests, all_objects, all_parts, all_references, all_uploads};
pub use objects::{
    bucket, bucket_cors, bucket_count, bucket_counts, bucket_index, buckets_of, dead, deads, inline_data,
    intent, intents, key_of_object, key_of_upload, manifest, manifests, number_of_part, object, objects,
    part, parts, reference, references, retired, retired_contents, unreferenced, unreferenced_data, upload,
    upload_name, uploads, uploads_with_prefix,
};
pub use objects::{data_of_unreferenced, dead_of_key, holder_of_retired, intent_of_key, offset_of_manifest};
pub use provider::{all_providers, provider, provider_named, providers};
pub use revocation::{
    expiry_of_revocation_end, revocation, revocation_end, revocation_ends, revocation_log, revocations,
    sequence_of_revocation,
};
pub use role::{all_roles, id_of_role, role, role_named, roles};
pub use stored::StoredKey;

/// Names stored bytes: a blob, or the inline data of something small. Sixteen random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataId(pub [u8; 16]);

/// Names what holds references to stored bytes: the content of one version of an object, or an upload that
/// will become one. Sixteen random bytes; that of a simple object equals the id of its only blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(pub [u8; 16]);

macro_rules! id {
    ($($name:ident),+) => {$(
        impl Field for $name {
            fn write(&self, encoder: &mut Encoder) {
                self.0.write(encoder);
            }

            fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                Field::read(decoder).map(Self)
            }
        }
    )+};
}

id!(DataId, ContentId);

/// What sorts after every key that begins so: no stored name has this byte.
pub fn past(prefix: &[u8]) -> Bytes {
    join(&[prefix, &[u8::MAX]])
}

/// The key of the mark of the layout.
pub fn format() -> Bytes {
    Bytes::from_static(b"format")
}

/// Puts a key together from its tag and what follows.
fn join(parts: &[&[u8]]) -> Bytes {
    Bytes::from(parts.concat())
}

/// Times before 1970 are negative; turning the sign bit makes all of them sort as bytes.
fn sortable(time: daypass_api::Timestamp) -> [u8; 8] {
    (time.unix_millis() ^ i64::MIN).to_be_bytes()
}

fn from_sortable(bytes: [u8; 8]) -> daypass_api::Timestamp {
    daypass_api::Timestamp::from_unix_millis(i64::from_be_bytes(bytes) ^ i64::MIN)
}
