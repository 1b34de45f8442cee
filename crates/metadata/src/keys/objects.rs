//! Keys of buckets, objects, uploads, and of the life of stored bytes.

use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_api::names::{BucketName, ObjectKey, Uin, UploadId};

use super::{ContentId, DataId, from_sortable, join, sortable};

pub(super) const BUCKET: &[u8] = b"b";
pub(super) const BUCKET_INDEX: &[u8] = b"a";
pub(super) const BUCKET_COUNT: &[u8] = b"n";
pub(super) const BUCKET_CORS: &[u8] = b"e";
pub(super) const OBJECT: &[u8] = b"o";
pub(super) const INLINE_DATA: &[u8] = b"s";
pub(super) const MANIFEST: &[u8] = b"m";
pub(super) const UPLOAD: &[u8] = b"u";
pub(super) const PART: &[u8] = b"p";
pub(super) const INTENT: &[u8] = b"w";
pub(super) const REFERENCE: &[u8] = b"r";
pub(super) const RETIRED: &[u8] = b"x";
pub(super) const UNREFERENCED: &[u8] = b"c";
pub(super) const DEAD: &[u8] = b"d";

/// Ends a bucket's name.
pub(super) const NAME_END: &[u8] = &[0];
/// Stands for a zero byte of an object key where something follows the key.
const ESCAPED_ZERO: &[u8] = &[0, 0xff];
/// Ends such an object key; smaller than an escaped zero byte and than every other byte.
const KEY_END: &[u8] = &[0, 1];

/// A bucket's record.
pub fn bucket(name: &BucketName) -> Bytes {
    join(&[BUCKET, name.as_str().as_bytes()])
}

/// All buckets of an account, in order of their names.
pub fn buckets_of(owner: Uin) -> Bytes {
    join(&[BUCKET_INDEX, &owner.0.to_be_bytes()])
}

/// One bucket in its account's index.
pub fn bucket_index(owner: Uin, name: &BucketName) -> Bytes {
    join(&[&buckets_of(owner), name.as_str().as_bytes()])
}

/// How many buckets each account has.
pub fn bucket_counts() -> Bytes {
    join(&[BUCKET_COUNT])
}

/// How many buckets an account has.
pub fn bucket_count(owner: Uin) -> Bytes {
    join(&[BUCKET_COUNT, &owner.0.to_be_bytes()])
}

/// A bucket's rules for other origins.
pub fn bucket_cors(name: &BucketName) -> Bytes {
    join(&[BUCKET_CORS, name.as_str().as_bytes()])
}

/// All objects of a bucket, in byte order of their keys; the raw key bytes follow.
pub fn objects(bucket: &BucketName) -> Bytes {
    join(&[OBJECT, bucket.as_str().as_bytes(), NAME_END])
}

/// All objects of all buckets.
pub fn all_objects() -> Bytes {
    join(&[OBJECT])
}

/// An object's record.
pub fn object(bucket: &BucketName, key: &ObjectKey) -> Bytes {
    join(&[&objects(bucket), key.as_str().as_bytes()])
}

/// The object key at the end of a stored key, or a common prefix of object keys.
pub fn key_of_object<'a>(stored: &'a [u8], bucket: &BucketName) -> Option<&'a str> {
    let name = stored
        .strip_prefix(OBJECT)?
        .strip_prefix(bucket.as_str().as_bytes())?
        .strip_prefix(NAME_END)?;
    std::str::from_utf8(name).ok()
}

/// The bytes of everything small.
pub fn all_inline_data() -> Bytes {
    join(&[INLINE_DATA])
}

/// The bytes of something small.
pub fn inline_data(id: DataId) -> Bytes {
    join(&[INLINE_DATA, &id.0])
}

/// All chunks of all manifests.
pub fn all_manifests() -> Bytes {
    join(&[MANIFEST])
}

/// All chunks of the manifest of a content, in order.
pub fn manifests(content: ContentId) -> Bytes {
    join(&[MANIFEST, &content.0])
}

/// The chunk of a manifest that begins at this offset of the object.
pub fn manifest(content: ContentId, offset: u64) -> Bytes {
    join(&[&manifests(content), &offset.to_be_bytes()])
}

/// The offset at the end of a manifest chunk's key.
pub fn offset_of_manifest(stored: &[u8]) -> Option<u64> {
    stored.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

/// All uploads of all buckets.
pub fn all_uploads() -> Bytes {
    join(&[UPLOAD])
}

/// All uploads of a bucket, in order of object key and then of beginning.
pub fn uploads(bucket: &BucketName) -> Bytes {
    join(&[UPLOAD, bucket.as_str().as_bytes(), NAME_END])
}

/// All uploads of a bucket whose object keys begin so.
pub fn uploads_with_prefix(bucket: &BucketName, prefix: &str) -> Bytes {
    join(&[&uploads(bucket), &escape(prefix)])
}

/// All uploads for one object key, in order of beginning.
pub fn upload_name(bucket: &BucketName, key: &str) -> Bytes {
    join(&[&uploads_with_prefix(bucket, key), KEY_END])
}

/// An upload's record.
pub fn upload(bucket: &BucketName, key: &ObjectKey, id: &UploadId) -> Bytes {
    join(&[&upload_name(bucket, key.as_str()), id.as_str().as_bytes()])
}

/// The object key and the upload id at the end of an upload's stored key.
pub fn key_of_upload(stored: &[u8], bucket: &BucketName) -> Option<(String, UploadId)> {
    let mut rest = stored.strip_prefix(&uploads(bucket)[..])?;
    let mut key = Vec::with_capacity(rest.len());
    loop {
        let (byte, after) = rest.split_first()?;
        if *byte != 0 {
            key.push(*byte);
            rest = after;
        } else if let Some(after) = rest.strip_prefix(ESCAPED_ZERO) {
            key.push(0);
            rest = after;
        } else {
            let id = std::str::from_utf8(rest.strip_prefix(KEY_END)?).ok()?;
            return Some((String::from_utf8(key).ok()?, UploadId::parse(id).ok()?));
        }
    }
}

fn escape(key: &str) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            0 => escaped.extend_from_slice(ESCAPED_ZERO),
            byte => escaped.push(byte),
        }
    }
    escaped
}

/// All parts of all uploads.
pub fn all_parts() -> Bytes {
    join(&[PART])
}

/// All parts of an upload, in order of their numbers.
pub fn parts(content: ContentId) -> Bytes {
    join(&[PART, &content.0])
}

/// One part of an upload.
pub fn part(content: ContentId, number: u32) -> Bytes {
    join(&[&parts(content), &number.to_be_bytes()])
}

/// The number at the end of a part's key.
pub fn number_of_part(stored: &[u8]) -> Option<u32> {
    stored.last_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// All intents, oldest first.
pub fn intents() -> Bytes {
    join(&[INTENT])
}

/// The intent to write a blob.
pub fn intent(created: Timestamp, id: DataId) -> Bytes {
    join(&[INTENT, &sortable(created), &id.0])
}

/// The time and the blob of an intent's key.
pub fn intent_of_key(stored: &[u8]) -> Option<(Timestamp, DataId)> {
    timed(stored.strip_prefix(INTENT)?)
}

/// All references to all blobs.
pub fn all_references() -> Bytes {
    join(&[REFERENCE])
}

/// All references to a blob.
pub fn references(id: DataId) -> Bytes {
    join(&[REFERENCE, &id.0])
}

/// The reference of a content to a blob.
pub fn reference(id: DataId, holder: ContentId) -> Bytes {
    join(&[REFERENCE, &id.0, &holder.0])
}

/// All contents whose references are to be removed.
pub fn retired_contents() -> Bytes {
    join(&[RETIRED])
}

/// A content whose references are to be removed.
pub fn retired(content: ContentId) -> Bytes {
    join(&[RETIRED, &content.0])
}

/// The content of such a key.
pub fn holder_of_retired(stored: &[u8]) -> Option<ContentId> {
    stored.strip_prefix(RETIRED)?.try_into().ok().map(ContentId)
}

/// All blobs that lost a reference.
pub fn unreferenced_data() -> Bytes {
    join(&[UNREFERENCED])
}

/// A blob that lost a reference.
pub fn unreferenced(id: DataId) -> Bytes {
    join(&[UNREFERENCED, &id.0])
}

/// The blob of such a key.
pub fn data_of_unreferenced(stored: &[u8]) -> Option<DataId> {
    stored.strip_prefix(UNREFERENCED)?.try_into().ok().map(DataId)
}

/// All dead marks, oldest first.
pub fn deads() -> Bytes {
    join(&[DEAD])
}

/// The mark of a blob that is dead since then.
pub fn dead(since: Timestamp, id: DataId) -> Bytes {
    join(&[DEAD, &sortable(since), &id.0])
}

/// The time and the blob of a dead mark's key.
pub fn dead_of_key(stored: &[u8]) -> Option<(Timestamp, DataId)> {
    timed(stored.strip_prefix(DEAD)?)
}

fn timed(rest: &[u8]) -> Option<(Timestamp, DataId)> {
    let (time, id) = rest.split_first_chunk()?;
    Some((from_sortable(*time), DataId(id.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use daypass_kv::Limits;
    use proptest::prelude::*;

    fn name() -> BucketName {
        BucketName::parse("photos-1250000000").unwrap()
    }

    #[test]
    fn every_key_fits_the_limits() {
        let bucket = BucketName::parse(&format!("{}-1", "a".repeat(58))).unwrap();
        let key = ObjectKey::parse(&[0; 850]).unwrap();
        let id = UploadId::parse(&"z".repeat(128)).unwrap();
        assert!(upload(&bucket, &key, &id).len() <= Limits::STANDARD.key_bytes);
        assert!(object(&bucket, &key).len() <= Limits::STANDARD.key_bytes);
    }

    #[test]
    fn no_tag_begins_another() {
        let tags = [
            BUCKET,
            BUCKET_INDEX,
            BUCKET_COUNT,
            OBJECT,
            INLINE_DATA,
            MANIFEST,
            UPLOAD,
            PART,
            INTENT,
            REFERENCE,
            RETIRED,
            UNREFERENCED,
            DEAD,
            b"identity/",
            b"format",
        ];
        for (position, tag) in tags.iter().enumerate() {
            let others = tags.iter().enumerate().filter(|(other, _)| *other != position);
            assert!(
                others.clone().all(|(_, other)| !other.starts_with(tag)),
                "{tag:?}"
            );
        }
    }

    #[test]
    fn times_sort_as_bytes() {
        let check = |early: i64, late: i64| {
            let key = |millis| intent(Timestamp::from_unix_millis(millis), DataId([7; 16]));
            assert!(key(early) < key(late));
            assert_eq!(
                intent_of_key(&key(late)),
                Some((Timestamp::from_unix_millis(late), DataId([7; 16])))
            );
        };
        check(-1, 0);
        check(0, 1);
        check(255, 256);
        check(i64::MIN, i64::MAX);
    }

    fn object_key() -> impl Strategy<Value = ObjectKey> {
        proptest::collection::vec(
            prop_oneof![Just('\0'), Just('\u{1}'), Just('a'), Just('/'), any::<char>()],
            1..8,
        )
        .prop_filter_map("control bytes", |text| {
            ObjectKey::parse(text.iter().collect::<String>().as_bytes()).ok()
        })
    }

    proptest! {
        #[test]
        fn stored_keys_sort_as_object_keys(one in object_key(), other in object_key()) {
            let id = UploadId::parse("0").unwrap();
            let order = one.as_str().as_bytes().cmp(other.as_str().as_bytes());
            prop_assert_eq!(object(&name(), &one).cmp(&object(&name(), &other)), order);
            prop_assert_eq!(upload(&name(), &one, &id).cmp(&upload(&name(), &other, &id)), order);
        }

        #[test]
        fn uploads_of_one_key_sort_by_id(key in object_key(), one in "[a-z0-9]{1,9}", other in "[a-z0-9]{1,9}") {
            let stored = |id: &str| upload(&name(), &key, &UploadId::parse(id).unwrap());
            prop_assert_eq!(stored(&one).cmp(&stored(&other)), one.cmp(&other));
        }

        #[test]
        fn keys_read_back(key in object_key(), id in "[a-z0-9]{1,9}") {
            let id = UploadId::parse(&id).unwrap();
            let stored = object(&name(), &key);
            prop_assert_eq!(key_of_object(&stored, &name()), Some(key.as_str()));
            let expected = Some((key.as_str().to_owned(), id.clone()));
            prop_assert_eq!(key_of_upload(&upload(&name(), &key, &id), &name()), expected);
        }

        #[test]
        fn a_prefix_of_keys_is_a_prefix_of_stored_keys(key in object_key(), prefix in object_key()) {
            let stored = upload(&name(), &key, &UploadId::parse("0").unwrap());
            let starts = key.as_str().starts_with(prefix.as_str());
            prop_assert_eq!(stored.starts_with(&uploads_with_prefix(&name(), prefix.as_str())), starts);
        }

        #[test]
        fn damaged_keys_do_not_panic(bytes: Vec<u8>) {
            let _ = key_of_upload(&[&uploads(&name())[..], &bytes].concat(), &name());
            let _ = (key_of_object(&bytes, &name()), offset_of_manifest(&bytes), number_of_part(&bytes));
            let _ = (intent_of_key(&bytes), dead_of_key(&bytes), holder_of_retired(&bytes));
            let _ = data_of_unreferenced(&bytes);
        }
    }
}
