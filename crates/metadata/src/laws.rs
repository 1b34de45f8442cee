//! The laws of the encoding, for every record: what is written is read, and damaged bytes never panic.

use crate::blob_life::{
    InlineRecord, IntentRecord, ReferenceRecord, Referrer, RetiredRecord, UnreferencedRecord,
};
use crate::bucket::{BucketIndexRecord, BucketRecord, CorsRecord, CounterRecord};
use crate::identity::RevocationRecord;
use crate::identity::{
    AccessKeyRecord, AccountRecord, AccountTallyRecord, AttachmentRecord, BoundaryRecord, GroupNameRecord,
    GroupRecord, KeyRingRecord, LastUseRecord, OwnerRecord, PolicyNameRecord, PolicyRecord,
    PolicyTallyRecord, PolicyVersionRecord, ProviderNameRecord, ProviderRecord, RoleNameRecord, RoleRecord,
    TrustedProvider, TrustedRole, UserNameRecord, UserRecord, WrappedKeyRing, WrappedSecret,
};
use crate::keys::{ContentId, DataId};
use crate::object::{Content, ManifestRecord, ObjectRecord, Place, Segment};
use crate::upload::{PartRecord, UploadRecord};
use crate::{FormatRecord, MarkRecord, Record};
use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_api::acl::{Acl, Grant, Grantee, ObjectAcl, Permission};
use daypass_api::cors::{CorsMethod, CorsRule};
use daypass_api::names::{AccessKeyId, SessionId};
use daypass_api::names::{
    Account, AppId, BucketName, GroupId, GroupName, ObjectKey, PolicyId, PolicyName, ProviderId,
    ProviderName, Region, RoleId, RoleName, Uin, UserName, VersionId,
};
use daypass_api::object::{ETag, ObjectHeaders, StorageClass};
use daypass_api::operation::{AccessKeyStatus, Contact};
use daypass_api::outcome::Ended;
use daypass_api::outcome::Ownership;
use proptest::prelude::*;

/// A record of version 2 without tags, as version 1 wrote it.
fn in_version_1<R: Record>(record: &R) -> Bytes {
    in_version_1_without(record, &[0, 0, 0, 0])
}

/// A record of version 2, as version 1 wrote it, which ended before the fields of these bytes.
fn in_version_1_without<R: Record>(record: &R, added: &[u8]) -> Bytes {
    let newest = record.encode();
    let fields = newest.strip_prefix(&[2]).unwrap();
    let fields = fields.strip_suffix(added).unwrap();
    [&[1], fields].concat().into()
}

fn time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_unix_millis)
}

fn bucket() -> impl Strategy<Value = BucketName> {
    "[a-z0-9]{1,20}-[1-9][0-9]{0,9}".prop_map(|name| BucketName::parse(&name).unwrap())
}

fn key() -> impl Strategy<Value = ObjectKey> {
    "\\PC{1,20}".prop_filter_map("not a key", |key| ObjectKey::parse(key.as_bytes()).ok())
}

fn account() -> impl Strategy<Value = Account> {
    any::<(u64, u64)>().prop_map(|(app, owner)| Account {
        app_id: AppId(app),
        owner_uin: Uin(owner),
    })
}

fn grantee() -> impl Strategy<Value = Grantee> {
    prop_oneof![
        any::<(u64, u64)>().prop_map(|(owner, uin)| Grantee::User {
            owner_uin: Uin(owner),
            uin: Uin(uin)
        }),
        Just(Grantee::AllUsers),
        Just(Grantee::AuthenticatedUsers),
    ]
}

fn permission() -> impl Strategy<Value = Permission> {
    prop_oneof![
        Just(Permission::Read),
        Just(Permission::Write),
        Just(Permission::ReadAcp),
        Just(Permission::WriteAcp),
        Just(Permission::FullControl),
    ]
}

fn acl() -> impl Strategy<Value = Acl> {
    let grant = (grantee(), permission()).prop_map(|(grantee, permission)| Grant { grantee, permission });
    proptest::collection::vec(grant, 0..4).prop_map(|grants| Acl { grants })
}

fn object_acl() -> impl Strategy<Value = ObjectAcl> {
    prop_oneof![Just(ObjectAcl::Inherit), acl().prop_map(ObjectAcl::Own)]
}

fn headers() -> impl Strategy<Value = ObjectHeaders> {
    let class = proptest::sample::select(StorageClass::NAMES.to_vec());
    (
        any::<[Option<String>; 6]>(),
        class,
        any::<Vec<(String, String)>>(),
    )
        .prop_map(
            |([cache, disposition, encoding, language, kind, expires], (class, _), user_metadata)| {
                ObjectHeaders {
                    cache_control: cache,
                    content_disposition: disposition,
                    content_encoding: encoding,
                    content_language: language,
                    content_type: kind,
                    expires,
                    storage_class: class,
                    user_metadata,
                }
            },
        )
}

fn place() -> impl Strategy<Value = Place> {
    let id = any::<[u8; 16]>().prop_map(DataId);
    (any::<bool>(), id).prop_map(|(inline, id)| {
        if inline {
            Place::Inline(id)
        } else {
            Place::Blob(id)
        }
    })
}

fn segment() -> impl Strategy<Value = Segment> {
    (place(), any::<u64>(), any::<u64>()).prop_map(|(place, length, crc64)| Segment { place, length, crc64 })
}

fn content() -> impl Strategy<Value = Content> {
    let holder = || any::<[u8; 16]>().prop_map(ContentId);
    prop_oneof![
        Just(Content::Empty),
        (holder(), segment()).prop_map(|(holder, segment)| Content::Single { holder, segment }),
        holder().prop_map(|holder| Content::Manifest { holder }),
    ]
}

fn referrer() -> impl Strategy<Value = Referrer> {
    (bucket(), key()).prop_map(|(bucket, key)| Referrer { bucket, key })
}

fn check<R: Record + PartialEq + std::fmt::Debug>(record: R) -> Result<(), TestCaseError> {
    let encoded = record.encode();
    prop_assert_eq!(encoded.first(), Some(&R::VERSION));
    let decoded = R::decode(&encoded);
    prop_assert_eq!(decoded.as_ref(), Ok(&record), "{}", R::NAME);
    prop_assert!(R::decode(&encoded[..encoded.len() - 1]).is_err());
    Ok(())
}

fn decode_everything(bytes: &[u8]) {
    fn one<R: Record>(bytes: &[u8]) {
        let versioned = [&[R::VERSION], bytes].concat();
        // What decodes is written back as it was, so that equality of records is equality of bytes.
        if let Ok(record) = R::decode(&versioned) {
            let _ = record.encode();
        }
        let _ = R::decode(bytes);
    }
    one::<BucketRecord>(bytes);
    one::<CorsRecord>(bytes);
    one::<BucketIndexRecord>(bytes);
    one::<CounterRecord>(bytes);
    one::<ObjectRecord>(bytes);
    one::<ManifestRecord>(bytes);
    one::<UploadRecord>(bytes);
    one::<PartRecord>(bytes);
    one::<InlineRecord>(bytes);
    one::<IntentRecord>(bytes);
    one::<ReferenceRecord>(bytes);
    one::<RetiredRecord>(bytes);
    one::<UnreferencedRecord>(bytes);
    one::<AccountRecord>(bytes);
    one::<OwnerRecord>(bytes);
    one::<UserRecord>(bytes);
    one::<UserNameRecord>(bytes);
    one::<AccessKeyRecord>(bytes);
    one::<PolicyRecord>(bytes);
    one::<PolicyNameRecord>(bytes);
    one::<PolicyVersionRecord>(bytes);
    one::<AttachmentRecord>(bytes);
    one::<GroupRecord>(bytes);
    one::<GroupNameRecord>(bytes);
    one::<BoundaryRecord>(bytes);
    one::<AccountTallyRecord>(bytes);
    one::<PolicyTallyRecord>(bytes);
    one::<LastUseRecord>(bytes);
    one::<RoleRecord>(bytes);
    one::<RoleNameRecord>(bytes);
    one::<ProviderRecord>(bytes);
    one::<ProviderNameRecord>(bytes);
    one::<KeyRingRecord>(bytes);
    one::<FormatRecord>(bytes);
    one::<MarkRecord>(bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn buckets(owner in account(), created in time(), acl in acl(), policy: Option<String>, tags: Vec<(String, String)>, value: u64) {
        let region = Region::parse("ap-guangzhou").unwrap();
        check(BucketIndexRecord { region: region.clone(), created })?;
        check(BucketRecord { owner, region, created, acl, policy, tags })?;
        check(CounterRecord { value })?;
    }

    #[test]
    fn cors(id: Option<String>, texts: Vec<String>, max_age: Option<u32>, vary: Option<bool>, count in 0..4_usize) {
        let methods = CorsMethod::NAMES.iter().take(count).map(|(method, _)| *method).collect();
        let (origins, headers, exposed) = (texts.clone(), texts.clone(), texts);
        let rule = CorsRule { id, origins, methods, headers, exposed, max_age };
        check(CorsRecord { rules: vec![rule; count], vary })?;
    }

    #[test]
    fn objects(
        numbers: (u64, u64), md5: [u8; 16], last_modified in time(), headers in headers(), acl in object_acl(),
        content in content(), tags: Vec<(String, String)>, segments in proptest::collection::vec(segment(), 0..20),
    ) {
        let (length, crc64) = numbers;
        let etag = ETag::from_md5(md5);
        let record = ObjectRecord { length, etag, crc64, last_modified, headers, acl, content, tags: Vec::new() };
        prop_assert_eq!(ObjectRecord::decode(&in_version_1(&record)), Ok(record.clone()));
        check(ObjectRecord { tags, ..record })?;
        check(ManifestRecord { segments })?;
    }

    #[test]
    fn uploads(
        numbers: (u64, u64, u64, u64), md5: [u8; 16], times in (time(), time()), headers in headers(),
        acl in object_acl(), forbid_overwrite: bool, content: [u8; 16], place in proptest::option::of(place()),
    ) {
        let (owner, initiator, length, crc64) = numbers;
        let ownership = Ownership { owner_uin: Uin(owner), initiator_uin: Uin(initiator) };
        let (initiated, last_modified) = times;
        let content = ContentId(content);
        let record = UploadRecord { ownership, initiated, headers, acl, forbid_overwrite, content, tags: Vec::new() };
        prop_assert_eq!(UploadRecord::decode(&in_version_1(&record)), Ok(record.clone()));
        check(UploadRecord { tags: vec![("k".to_owned(), "v".to_owned())], ..record })?;
        check(PartRecord { md5, crc64, length, last_modified, place })?;
    }

    #[test]
    fn stored_bytes(referrer in referrer(), since in time(), crc64: u64, data: Vec<u8>) {
        check(IntentRecord { referrer: referrer.clone() })?;
        check(ReferenceRecord { referrer })?;
        check(RetiredRecord { since })?;
        check(UnreferencedRecord { since })?;
        check(InlineRecord { crc64, data: Bytes::from(data) })?;
        check(FormatRecord::CURRENT)?;
    }

    #[test]
    fn identities(
        account in account(), numbers: (u64, u64), created in time(), text: String, active: bool,
        wrapped: Vec<u8>, name in "[a-z]{1,9}",
    ) {
        let (uin, uid) = (Uin(numbers.0), numbers.1);
        let status = if active { AccessKeyStatus::Active } else { AccessKeyStatus::Inactive };
        let wrapped = Bytes::from(wrapped);
        let secret = WrappedSecret { wrapped: wrapped.clone() };
        let user_name = UserName::parse(&name).unwrap();
        let policy_name = PolicyName::parse(&name).unwrap();
        check(AccountRecord { app_id: account.app_id, created, disabled: active })?;
        check(OwnerRecord { owner_uin: account.owner_uin })?;
        let contact = Contact { phone_number: name.clone(), country_code: name.clone(), email: text.clone() };
        let user = UserRecord { uid, name: user_name, remark: text.clone(), created, contact };
        let old = UserRecord { contact: Contact::default(), ..user.clone() };
        prop_assert_eq!(UserRecord::decode(&in_version_1_without(&old, &[0; 12])), Ok(old));
        check(user)?;
        check(UserNameRecord { uin })?;
        check(AccessKeyRecord { account, uin, secret, status, created, description: text.clone() })?;
        let description = text.clone();
        let tags = vec![(name.clone(), text.clone())];
        let (version, alias) = (VersionId(numbers.0), text.clone());
        let policy = PolicyRecord {
            name: policy_name, description, document: text.clone(), created, updated: created, version,
            version_created: created, last_version: VersionId(numbers.1), alias, tags,
        };
        let first = PolicyRecord {
            version: VersionId(1), last_version: VersionId(1), alias: String::new(), tags: Vec::new(), ..policy.clone()
        };
        let one = 1_u64.to_be_bytes();
        let added = [&one[..], &created.unix_millis().to_be_bytes(), &one, &[0; 8]].concat();
        prop_assert_eq!(PolicyRecord::decode(&in_version_1_without(&first, &added)), Ok(first));
        check(policy)?;
        check(PolicyVersionRecord { document: text.clone(), created })?;
        check(GroupRecord { name: GroupName::parse(&name).unwrap(), remark: text, created })?;
        check(GroupNameRecord { id: GroupId(uid) })?;
        check(BoundaryRecord { policy: PolicyId(uid), set: created })?;
        let (users, policies) = numbers;
        check(AccountTallyRecord { users, policies, groups: users, memberships: policies, roles: users })?;
        check(PolicyTallyRecord { attachments: users, boundaries: policies })?;
        check(LastUseRecord { used: created })?;
        check(PolicyNameRecord { id: PolicyId(uid) })?;
        check(AttachmentRecord { attached: created })?;
        check(KeyRingRecord { updated: created, ring: WrappedKeyRing { wrapped } })?;
    }

    #[test]
    fn roles(
        owner: u64, id: u64, name in "[a-z]{1,9}", times in (time(), time()), text: String, console_login: bool,
        session_duration: i64, tags: Vec<(String, String)>, boundary: Option<u64>,
    ) {
        let (name, id) = (RoleName::parse(&name).unwrap(), RoleId(id));
        let trusted = vec![TrustedRole { owner: Uin(owner), name: name.clone(), id }];
        let provider = ProviderName::parse("idp").unwrap();
        let named = TrustedProvider { owner: Uin(owner), name: provider.clone(), id: ProviderId(owner) };
        let role = RoleRecord {
            name, document: text.clone(), trusted, description: text.clone(), console_login, session_duration, tags,
            boundary: boundary.map(PolicyId), created: times.0, updated: times.1, providers: Vec::new(),
        };
        prop_assert_eq!(RoleRecord::decode(&in_version_1(&role)), Ok(role.clone()));
        check(RoleRecord { providers: vec![named], ..role })?;
        check(ProviderRecord {
            name: provider, issuer: text.clone(), audiences: vec![text.clone()], keys: Some(text.clone()),
            description: text, revision: id.0, created: times.0, updated: times.1,
        })?;
        check(ProviderNameRecord { id: ProviderId(id.0) })?;
        check(RoleNameRecord { id })?;
    }

    #[test]
    fn revocations(
        numbers: (u64, u64, u64), session: [u8; 16], times in (time(), time(), time()), text: String,
        name in "[a-z]{1,9}", kind in 0..5,
    ) {
        let ended = match kind {
            0 => Ended::Session(SessionId(session)),
            1 => Ended::User(Uin(numbers.0)),
            2 => Ended::Role(RoleId(numbers.0)),
            3 => Ended::AccessKey(AccessKeyId::parse(&name).unwrap()),
            _ => Ended::Name(text),
        };
        check(RevocationRecord {
            owner: Uin(numbers.1), ended, issued_before: times.0, expires: times.1, made: times.2, by: Uin(numbers.2),
        })?;
    }

    #[test]
    fn damaged_records_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        decode_everything(&bytes);
    }

    #[test]
    fn a_damaged_byte_does_not_panic(headers in headers(), acl in object_acl(), position: prop::sample::Index, flip: u8) {
        let record = ObjectRecord {
            length: 1, etag: ETag::from_md5([0; 16]), crc64: 2, last_modified: Timestamp::default(), headers, acl,
            content: Content::Empty,
            tags: Vec::new(),
        };
        let mut bytes = record.encode().to_vec();
        let position = position.index(bytes.len());
        bytes[position] ^= flip;
        let _ = ObjectRecord::decode(&bytes);
    }
}
