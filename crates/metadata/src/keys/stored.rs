//! From stored bytes back to the key they are: what whoever looks at a whole store needs.
//!
//! Every space of keys has a variant here, so that a check of all records is an exhaustive match. Bytes that no
//! function of this module's siblings would make are no key: what was read is spelled again and compared.

use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_api::names::{
    AccessKeyId, AppId, BucketName, GroupId, GroupName, ObjectKey, PolicyId, PolicyName, ProviderId,
    ProviderName, RoleId, RoleName, Uin, UploadId, UserName, VersionId,
};

use super::identity::{
    ACCESS_KEY, ACCESS_KEY_OF, ACCOUNT, ACCOUNT_OF_APP, ACCOUNT_TALLY, ATTACHMENT, BOUNDARY, COUNTER, GROUP,
    GROUP_ATTACHMENT, GROUP_HOLDER, GROUP_NAMED, GROUP_OF, HOLDER, LAST_USE, MEMBER, POLICY, POLICY_NAMED,
    POLICY_TALLY, POLICY_VERSION, ROLE_ATTACHMENT, ROLE_HOLDER, USER, USER_NAMED, USER_UID,
};
use super::objects::{
    BUCKET, BUCKET_CORS, BUCKET_COUNT, BUCKET_INDEX, DEAD, INLINE_DATA, INTENT, MANIFEST, NAME_END, OBJECT,
    PART, REFERENCE, RETIRED, UNREFERENCED, UPLOAD,
};
use super::provider::{PROVIDER, PROVIDER_NAMED};
use super::revocation::REVOCATION;
use super::role::{ROLE, ROLE_NAMED};
use super::{ContentId, DataId};
use crate::identity::{
    GROUP_COUNTER, Holder, POLICY_COUNTER, PROVIDER_COUNTER, ROLE_COUNTER, UID_COUNTER, UIN_COUNTER,
};
use crate::keys;

/// Reads the rest of a key whose space is followed by a number.
type ReadAfterNumber = fn(u64, &[u8]) -> Option<StoredKey>;

/// A key that lies in a store, by its space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredKey {
    /// The mark of the layout.
    Format,
    /// A bucket.
    Bucket(BucketName),
    /// A bucket in its account's list.
    BucketIndex(Uin, BucketName),
    /// How many buckets an account has.
    BucketCount(Uin),
    /// A bucket's rules for other origins.
    BucketCors(BucketName),
    /// An object.
    Object(BucketName, ObjectKey),
    /// The bytes of something small.
    InlineData(DataId),
    /// A chunk of a manifest, from an offset on.
    Manifest(ContentId, u64),
    /// An upload in progress.
    Upload(BucketName, ObjectKey, UploadId),
    /// A part of an upload.
    Part(ContentId, u32),
    /// A blob that is being written.
    Intent(Timestamp, DataId),
    /// A content's hold on a blob.
    Reference(DataId, ContentId),
    /// A content whose references are to be removed.
    Retired(ContentId),
    /// A blob that lost a reference.
    Unreferenced(DataId),
    /// A blob that is dead.
    Dead(Timestamp, DataId),
    /// The number that every change of an identity raises.
    Generation,
    /// An account.
    Account(Uin),
    /// An account, by the number in its bucket names.
    AccountOfApp(AppId),
    /// A user of an account.
    User(Uin, Uin),
    /// A user, by name.
    UserNamed(Uin, UserName),
    /// An access key.
    AccessKey(AccessKeyId),
    /// An access key in the list of its identity: account, identity, id.
    AccessKeyOf(Uin, Uin, AccessKeyId),
    /// A policy of an account.
    Policy(Uin, PolicyId),
    /// A policy, by name.
    PolicyNamed(Uin, PolicyName),
    /// A version of a policy that is not the default one.
    PolicyVersion(Uin, PolicyId, VersionId),
    /// How many have a policy.
    PolicyTally(Uin, PolicyId),
    /// How much of each kind an account has.
    AccountTally(Uin),
    /// That somebody of an account has a policy.
    Attachment(Uin, Holder, PolicyId),
    /// The same from the policy's side.
    Holder(Uin, PolicyId, Holder),
    /// A user, by the number under which it receives messages.
    UserOfUid(Uin, u64),
    /// The permission boundary of a user.
    Boundary(Uin, Uin),
    /// A group of an account.
    Group(Uin, GroupId),
    /// A group, by name.
    GroupNamed(Uin, GroupName),
    /// That a user is in a group.
    Member(Uin, GroupId, Uin),
    /// The same from the user's side.
    GroupOf(Uin, Uin, GroupId),
    /// A role of an account.
    Role(Uin, RoleId),
    /// A role, by name.
    RoleNamed(Uin, RoleName),
    /// An identity provider of an account.
    Provider(Uin, ProviderId),
    /// An identity provider, by name.
    ProviderNamed(Uin, ProviderName),
    /// When an access key was last used.
    LastUse(AccessKeyId),
    /// A counter that gives out numbers.
    Counter(&'static str),
    /// The key ring.
    KeyRing,
    /// A revocation, by its place in the order of all.
    Revocation(u64),
    /// A revocation, by when it may be forgotten.
    RevocationEnd(Timestamp, u64),
    /// The place of the last revocation.
    RevocationLog,
}

impl StoredKey {
    /// The key that these bytes are; none if no key is spelled so.
    pub fn parse(stored: &[u8]) -> Option<Self> {
        let key = Self::read(stored)?;
        (key.bytes() == stored).then_some(key)
    }

    /// The bytes of the key.
    pub fn bytes(&self) -> Bytes {
        match self {
            Self::Format => keys::format(),
            Self::Bucket(name) => keys::bucket(name),
            Self::BucketIndex(owner, name) => keys::bucket_index(*owner, name),
            Self::BucketCount(owner) => keys::bucket_count(*owner),
            Self::BucketCors(name) => keys::bucket_cors(name),
            Self::Object(bucket, key) => keys::object(bucket, key),
            Self::InlineData(id) => keys::inline_data(*id),
            Self::Manifest(content, offset) => keys::manifest(*content, *offset),
            Self::Upload(bucket, key, id) => keys::upload(bucket, key, id),
            Self::Part(content, number) => keys::part(*content, *number),
            Self::Intent(created, id) => keys::intent(*created, *id),
            Self::Reference(id, holder) => keys::reference(*id, *holder),
            Self::Retired(content) => keys::retired(*content),
            Self::Unreferenced(id) => keys::unreferenced(*id),
            Self::Dead(since, id) => keys::dead(*since, *id),
            Self::Generation => keys::generation(),
            Self::Account(owner) => keys::account(*owner),
            Self::AccountOfApp(app) => keys::account_of_app(*app),
            Self::User(owner, uin) => keys::user(*owner, *uin),
            Self::UserNamed(owner, name) => keys::user_named(*owner, name),
            Self::AccessKey(id) => keys::access_key(id),
            Self::AccessKeyOf(owner, uin, id) => keys::access_key_of(*owner, *uin, id),
            Self::Policy(owner, id) => keys::policy(*owner, *id),
            Self::PolicyNamed(owner, name) => keys::policy_named(*owner, name),
            Self::PolicyVersion(owner, policy, version) => keys::policy_version(*owner, *policy, *version),
            Self::PolicyTally(owner, policy) => keys::policy_tally(*owner, *policy),
            Self::AccountTally(owner) => keys::account_tally(*owner),
            Self::Attachment(owner, holder, policy) => keys::attachment(*owner, *holder, *policy),
            Self::Holder(owner, policy, holder) => keys::holder(*owner, *policy, *holder),
            Self::UserOfUid(owner, uid) => keys::user_of_uid(*owner, *uid),
            Self::Boundary(owner, uin) => keys::boundary(*owner, *uin),
            Self::Group(owner, id) => keys::group(*owner, *id),
            Self::GroupNamed(owner, name) => keys::group_named(*owner, name),
            Self::Member(owner, group, uin) => keys::member(*owner, *group, *uin),
            Self::GroupOf(owner, uin, group) => keys::group_of(*owner, *uin, *group),
            Self::Role(owner, id) => keys::role(*owner, *id),
            Self::RoleNamed(owner, name) => keys::role_named(*owner, name),
            Self::Provider(owner, id) => keys::provider(*owner, *id),
            Self::ProviderNamed(owner, name) => keys::provider_named(*owner, name),
            Self::LastUse(id) => keys::last_use(id),
            Self::Counter(name) => keys::counter(name),
            Self::KeyRing => keys::key_ring(),
            Self::Revocation(sequence) => keys::revocation(*sequence),
            Self::RevocationEnd(expires, sequence) => keys::revocation_end(*expires, *sequence),
            Self::RevocationLog => keys::revocation_log(),
        }
    }

    fn read(stored: &[u8]) -> Option<Self> {
        if *stored == keys::format()[..] {
            Some(Self::Format)
        } else if stored.starts_with(b"identity/") {
            Self::read_identity(stored)
        } else {
            Self::read_objects(stored)
        }
    }

    /// What belongs to buckets, objects and blobs: a tag of one byte.
    fn read_objects(stored: &[u8]) -> Option<Self> {
        let (tag, rest) = stored.split_at_checked(1)?;
        Some(match tag {
            BUCKET => Self::Bucket(bucket(rest)?),
            BUCKET_INDEX => {
                let (owner, name) = numbered(rest)?;
                Self::BucketIndex(Uin(owner), bucket(name)?)
            }
            BUCKET_COUNT => Self::BucketCount(Uin(u64::from_be_bytes(rest.try_into().ok()?))),
            BUCKET_CORS => Self::BucketCors(bucket(rest)?),
            OBJECT => {
                let (name, key) = named(rest)?;
                Self::Object(name, ObjectKey::parse(key).ok()?)
            }
            INLINE_DATA => Self::InlineData(DataId(rest.try_into().ok()?)),
            MANIFEST => {
                let (content, offset) = rest.split_first_chunk()?;
                Self::Manifest(ContentId(*content), u64::from_be_bytes(offset.try_into().ok()?))
            }
            UPLOAD => {
                let (name, _) = named(rest)?;
                let (key, id) = keys::key_of_upload(stored, &name)?;
                Self::Upload(name, ObjectKey::parse(key.as_bytes()).ok()?, id)
            }
            PART => {
                let (content, number) = rest.split_first_chunk()?;
                Self::Part(ContentId(*content), u32::from_be_bytes(number.try_into().ok()?))
            }
            INTENT => {
                let (created, id) = keys::intent_of_key(stored)?;
                Self::Intent(created, id)
            }
            REFERENCE => {
                let (id, holder) = rest.split_first_chunk()?;
                Self::Reference(DataId(*id), ContentId(holder.try_into().ok()?))
            }
            RETIRED => Self::Retired(keys::holder_of_retired(stored)?),
            UNREFERENCED => Self::Unreferenced(keys::data_of_unreferenced(stored)?),
            DEAD => {
                let (since, id) = keys::dead_of_key(stored)?;
                Self::Dead(since, id)
            }
            _ => return None,
        })
    }

    fn read_identity(stored: &[u8]) -> Option<Self> {
        if *stored == keys::generation()[..] {
            return Some(Self::Generation);
        }
        if *stored == keys::key_ring()[..] {
            return Some(Self::KeyRing);
        }
        if *stored == keys::revocation_log()[..] {
            return Some(Self::RevocationLog);
        }
        let after = |prefix: &[u8]| stored.strip_prefix(prefix);
        if let Some(rest) = after(COUNTER) {
            let names = [
                UIN_COUNTER,
                UID_COUNTER,
                POLICY_COUNTER,
                GROUP_COUNTER,
                PROVIDER_COUNTER,
                ROLE_COUNTER,
            ];
            let name = names.into_iter().find(|name| name.as_bytes() == rest)?;
            return Some(Self::Counter(name));
        }
        if let Some(rest) = after(ACCESS_KEY) {
            return AccessKeyId::parse(text(rest)?).ok().map(Self::AccessKey);
        }
        if let Some(rest) = after(LAST_USE) {
            return AccessKeyId::parse(text(rest)?).ok().map(Self::LastUse);
        }
        if let Some((expires, sequence)) = keys::expiry_of_revocation_end(stored) {
            return Some(Self::RevocationEnd(expires, sequence));
        }
        let (rest, read) = NUMBERED
            .iter()
            .find_map(|(space, read)| Some((after(space)?, read)))?;
        let (number, rest) = numbered(rest)?;
        read(number, rest)
    }
}

/// The spaces of identities whose keys begin with a number, mostly that of an account.
const NUMBERED: [(&[u8], ReadAfterNumber); 27] = [
    (PROVIDER, |owner, rest| {
        let (provider, []) = numbered(rest)? else {
            return None;
        };
        Some(StoredKey::Provider(Uin(owner), ProviderId(provider)))
    }),
    (PROVIDER_NAMED, |owner, rest| {
        let name = ProviderName::parse(text(rest)?).ok()?;
        Some(StoredKey::ProviderNamed(Uin(owner), name))
    }),
    (REVOCATION, |sequence, rest| {
        rest.is_empty().then_some(StoredKey::Revocation(sequence))
    }),
    (ACCOUNT, |owner, rest| {
        rest.is_empty().then_some(StoredKey::Account(Uin(owner)))
    }),
    (ACCOUNT_OF_APP, |app, rest| {
        rest.is_empty().then_some(StoredKey::AccountOfApp(AppId(app)))
    }),
    (ACCOUNT_TALLY, |owner, rest| {
        rest.is_empty().then_some(StoredKey::AccountTally(Uin(owner)))
    }),
    (USER, |owner, rest| {
        Some(StoredKey::User(Uin(owner), Uin(one_number(rest)?)))
    }),
    (USER_NAMED, |owner, rest| {
        let name = UserName::parse(text(rest)?).ok()?;
        Some(StoredKey::UserNamed(Uin(owner), name))
    }),
    (USER_UID, |owner, rest| {
        Some(StoredKey::UserOfUid(Uin(owner), one_number(rest)?))
    }),
    (ACCESS_KEY_OF, |owner, rest| {
        let (uin, id) = numbered(rest)?;
        let id = AccessKeyId::parse(text(id)?).ok()?;
        Some(StoredKey::AccessKeyOf(Uin(owner), Uin(uin), id))
    }),
    (POLICY, |owner, rest| {
        Some(StoredKey::Policy(Uin(owner), PolicyId(one_number(rest)?)))
    }),
    (POLICY_NAMED, |owner, rest| {
        let name = PolicyName::parse(text(rest)?).ok()?;
        Some(StoredKey::PolicyNamed(Uin(owner), name))
    }),
    (POLICY_VERSION, |owner, rest| {
        let (policy, version) = two_numbers(rest)?;
        Some(StoredKey::PolicyVersion(
            Uin(owner),
            PolicyId(policy),
            VersionId(version),
        ))
    }),
    (POLICY_TALLY, |owner, rest| {
        Some(StoredKey::PolicyTally(Uin(owner), PolicyId(one_number(rest)?)))
    }),
    (ATTACHMENT, |owner, rest| {
        attachment(owner, rest, |uin| Holder::User(Uin(uin)))
    }),
    (GROUP_ATTACHMENT, |owner, rest| {
        attachment(owner, rest, |id| Holder::Group(GroupId(id)))
    }),
    (ROLE_ATTACHMENT, |owner, rest| {
        attachment(owner, rest, |id| Holder::Role(RoleId(id)))
    }),
    (HOLDER, |owner, rest| {
        holder(owner, rest, |uin| Holder::User(Uin(uin)))
    }),
    (GROUP_HOLDER, |owner, rest| {
        holder(owner, rest, |id| Holder::Group(GroupId(id)))
    }),
    (ROLE_HOLDER, |owner, rest| {
        holder(owner, rest, |id| Holder::Role(RoleId(id)))
    }),
    (BOUNDARY, |owner, rest| {
        Some(StoredKey::Boundary(Uin(owner), Uin(one_number(rest)?)))
    }),
    (GROUP, |owner, rest| {
        Some(StoredKey::Group(Uin(owner), GroupId(one_number(rest)?)))
    }),
    (GROUP_NAMED, |owner, rest| {
        let name = GroupName::parse(text(rest)?).ok()?;
        Some(StoredKey::GroupNamed(Uin(owner), name))
    }),
    (MEMBER, |owner, rest| {
        let (group, uin) = two_numbers(rest)?;
        Some(StoredKey::Member(Uin(owner), GroupId(group), Uin(uin)))
    }),
    (GROUP_OF, |owner, rest| {
        let (uin, group) = two_numbers(rest)?;
        Some(StoredKey::GroupOf(Uin(owner), Uin(uin), GroupId(group)))
    }),
    (ROLE, |owner, rest| {
        Some(StoredKey::Role(Uin(owner), RoleId(one_number(rest)?)))
    }),
    (ROLE_NAMED, |owner, rest| {
        let name = RoleName::parse(text(rest)?).ok()?;
        Some(StoredKey::RoleNamed(Uin(owner), name))
    }),
];

fn attachment(owner: u64, rest: &[u8], of: fn(u64) -> Holder) -> Option<StoredKey> {
    let (holder, policy) = two_numbers(rest)?;
    Some(StoredKey::Attachment(Uin(owner), of(holder), PolicyId(policy)))
}

fn holder(owner: u64, rest: &[u8], of: fn(u64) -> Holder) -> Option<StoredKey> {
    let (policy, holder) = two_numbers(rest)?;
    Some(StoredKey::Holder(Uin(owner), PolicyId(policy), of(holder)))
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn bucket(name: &[u8]) -> Option<BucketName> {
    BucketName::parse(text(name)?).ok()
}

/// A bucket's name, and what follows its end.
fn named(rest: &[u8]) -> Option<(BucketName, &[u8])> {
    let end = rest.iter().position(|byte| NAME_END.contains(byte))?;
    let (name, rest) = rest.split_at_checked(end)?;
    Some((bucket(name)?, rest.strip_prefix(NAME_END)?))
}

fn numbered(rest: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = rest.split_first_chunk()?;
    Some((u64::from_be_bytes(*number), rest))
}

fn one_number(rest: &[u8]) -> Option<u64> {
    match numbered(rest)? {
        (number, []) => Some(number),
        _ => None,
    }
}

fn two_numbers(rest: &[u8]) -> Option<(u64, u64)> {
    let (first, rest) = numbered(rest)?;
    match numbered(rest)? {
        (second, []) => Some((first, second)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn every_space() -> Vec<StoredKey> {
        let bucket = BucketName::parse("photos-1250000000").unwrap();
        let key = ObjectKey::parse("a\0b\u{1}/é".as_bytes()).unwrap();
        let (data, content) = (DataId([7; 16]), ContentId([0; 16]));
        let (owner, uin, policy) = (Uin(1), Uin(u64::MAX), PolicyId(3));
        let access_key = AccessKeyId::parse("AKIDexample").unwrap();
        let time = Timestamp::from_unix_millis(-5);
        vec![
            StoredKey::Format,
            StoredKey::Bucket(bucket.clone()),
            StoredKey::BucketIndex(owner, bucket.clone()),
            StoredKey::BucketCount(owner),
            StoredKey::BucketCors(bucket.clone()),
            StoredKey::Object(bucket.clone(), key.clone()),
            StoredKey::InlineData(data),
            StoredKey::Manifest(content, 5),
            StoredKey::Upload(bucket, key, UploadId::parse("0a").unwrap()),
            StoredKey::Part(content, 10_000),
            StoredKey::Intent(time, data),
            StoredKey::Reference(data, content),
            StoredKey::Retired(content),
            StoredKey::Unreferenced(data),
            StoredKey::Dead(time, data),
            StoredKey::Generation,
            StoredKey::Account(owner),
            StoredKey::AccountOfApp(AppId(9)),
            StoredKey::User(owner, uin),
            StoredKey::UserNamed(owner, UserName::parse("alice").unwrap()),
            StoredKey::AccessKey(access_key.clone()),
            StoredKey::AccessKeyOf(owner, uin, access_key),
            StoredKey::Policy(owner, policy),
            StoredKey::PolicyNamed(owner, PolicyName::parse("readers").unwrap()),
            StoredKey::PolicyVersion(owner, policy, VersionId(5)),
            StoredKey::PolicyTally(owner, policy),
            StoredKey::AccountTally(owner),
            StoredKey::UserOfUid(owner, 10_000_001),
            StoredKey::Boundary(owner, uin),
            StoredKey::Group(owner, GroupId(7)),
            StoredKey::GroupNamed(owner, GroupName::parse("开发 组").unwrap()),
            StoredKey::Member(owner, GroupId(7), uin),
            StoredKey::GroupOf(owner, uin, GroupId(7)),
            StoredKey::Role(owner, RoleId(8)),
            StoredKey::RoleNamed(owner, RoleName::parse("writer").unwrap()),
            StoredKey::Provider(owner, ProviderId(u64::MAX)),
            StoredKey::ProviderNamed(owner, ProviderName::parse("company").unwrap()),
            StoredKey::Counter(PROVIDER_COUNTER),
            StoredKey::LastUse(AccessKeyId::parse("AKIDexample").unwrap()),
            StoredKey::Counter(UIN_COUNTER),
            StoredKey::Counter(POLICY_COUNTER),
            StoredKey::Counter(GROUP_COUNTER),
            StoredKey::Counter(ROLE_COUNTER),
            StoredKey::KeyRing,
            StoredKey::Revocation(7),
            StoredKey::RevocationEnd(time, u64::MAX),
            StoredKey::RevocationLog,
        ]
        .into_iter()
        .chain(of_holders(owner, policy))
        .collect()
    }

    fn of_holders(owner: Uin, policy: PolicyId) -> impl Iterator<Item = StoredKey> {
        let holders = [
            Holder::User(Uin(u64::MAX)),
            Holder::Group(GroupId(7)),
            Holder::Role(RoleId(8)),
        ];
        holders.into_iter().flat_map(move |holder| {
            [
                StoredKey::Attachment(owner, holder, policy),
                StoredKey::Holder(owner, policy, holder),
            ]
        })
    }

    #[test]
    fn every_key_reads_back() {
        for key in every_space() {
            assert_eq!(StoredKey::parse(&key.bytes()), Some(key));
        }
    }

    #[test]
    fn a_key_that_is_cut_or_longer_is_another_or_none() {
        for key in every_space() {
            let whole = key.bytes();
            for length in 0..whole.len() {
                let cut = StoredKey::parse(&whole[..length]);
                assert_ne!(cut.as_ref(), Some(&key), "{length}");
                assert!(cut.is_none_or(|cut| cut.bytes() == whole[..length]), "{length}");
            }
            let longer = [&whole[..], &[0]].concat();
            assert!(
                StoredKey::parse(&longer).is_none_or(|key| matches!(key, StoredKey::Object(..))),
                "{key:?}"
            );
        }
    }

    #[test]
    fn what_is_no_key() {
        let check = |stored: &[u8]| assert_eq!(StoredKey::parse(stored), None, "{stored:?}");
        check(b"");
        check(b"z");
        check(b"formats");
        check(b"bPhotos-1");
        check(b"ophotos-1");
        check(b"ophotos-1\0");
        check(b"identity/");
        check(b"identity/counter/other");
        check(b"identity/revocation/1");
        check(b"identity/user/short");
    }

    proptest! {
        #[test]
        fn reading_never_panics(tag in "[a-z]", bytes: Vec<u8>) {
            let stored = [tag.as_bytes(), &bytes].concat();
            prop_assert!(StoredKey::parse(&stored).is_none_or(|key| key.bytes() == stored));
        }
    }
}
