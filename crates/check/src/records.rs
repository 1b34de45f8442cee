//! The walk over all records but references and inline data, which are joined with claims instead.

use std::ops::Bound;

use bytes::Bytes;
use daypass_kv::KeyRange;
use daypass_metadata::blob_life::{IntentRecord, RetiredRecord, UnreferencedRecord};
use daypass_metadata::bucket::{BucketIndexRecord, BucketRecord, CorsRecord, CounterRecord};
use daypass_metadata::identity::{
    AccessKeyRecord, AccountRecord, AccountTallyRecord, AttachmentRecord, BoundaryRecord, GroupNameRecord,
    GroupRecord, Holder, KeyRingRecord, LastUseRecord, OwnerRecord, PolicyNameRecord, PolicyRecord,
    PolicyTallyRecord, PolicyVersionRecord, ProviderNameRecord, ProviderRecord, RevocationRecord,
    RoleNameRecord, RoleRecord, UserNameRecord, UserRecord,
};
use daypass_metadata::keys::{self, StoredKey};
use daypass_metadata::object::{ManifestRecord, ObjectRecord};
use daypass_metadata::upload::{PartRecord, UploadRecord};
use daypass_metadata::{FormatRecord, MarkRecord, Record};

use crate::claims::{digest_of_name, number};
use crate::finding::Hex;
use crate::objects::Current;
use crate::walk::{Walk, undecodable};
use crate::{Check, CheckError, Kind, Place};

impl Check<'_> {
    pub(crate) async fn records(&mut self) -> Result<(), CheckError> {
        // References and inline data are neighbours in the order of keys.
        let joined = (
            KeyRange::prefix(keys::all_references()),
            KeyRange::prefix(keys::all_inline_data()),
        );
        let start_of = |range: &KeyRange| match &range.start {
            Bound::Included(key) => Bound::Excluded(key.clone()),
            other => other.clone(),
        };
        let before = KeyRange {
            start: Bound::Unbounded,
            end: start_of(&joined.0),
        };
        let end_of = |range: &KeyRange| match &range.end {
            Bound::Excluded(key) => Bound::Included(key.clone()),
            other => other.clone(),
        };
        let after = KeyRange {
            start: end_of(&joined.1),
            end: Bound::Unbounded,
        };
        let mut current = Current::default();
        for range in [before, after] {
            let mut walk = Walk::new(self.subject.snapshot, range);
            while let Some((key, value)) = walk.next().await? {
                self.summary.records = self.summary.records.saturating_add(1);
                self.listener.advance(1);
                match StoredKey::parse(&key) {
                    Some(key) => self.record(key, &value, &mut current).await?,
                    None => self.malformed_key(&key),
                }
            }
        }
        Ok(())
    }

    pub(crate) fn malformed_key(&mut self, key: &Bytes) {
        let place = Place::new().with("record", Hex(key));
        self.report(
            Kind::KeyMalformed,
            place,
            "a key of this layout",
            "bytes that are none",
        );
    }

    /// One record: every space of keys has its line here.
    async fn record(
        &mut self,
        key: StoredKey,
        value: &Bytes,
        current: &mut Current,
    ) -> Result<(), CheckError> {
        self.tallies.note(&key);
        let torn = |check: &mut Self| check.note_torn(&key);
        macro_rules! decode {
            ($record:ty) => {
                match <$record>::decode(value) {
                    Ok(record) => record,
                    Err(error) => {
                        torn(self);
                        let (expected, found) = undecodable::<$record>(error);
                        self.report(
                            Kind::RecordUndecodable,
                            place_of_record(&key),
                            expected,
                            found,
                        );
                        return Ok(());
                    }
                }
            };
        }
        match &key {
            StoredKey::Format => {
                let _: FormatRecord = decode!(FormatRecord);
            }
            StoredKey::Bucket(name) => {
                let record = decode!(BucketRecord);
                self.bucket(name, &record).await?;
            }
            StoredKey::BucketIndex(owner, name) => {
                let record = decode!(BucketIndexRecord);
                self.bucket_index(*owner, name, &record).await?;
            }
            StoredKey::BucketCount(_) | StoredKey::Counter(_) | StoredKey::Generation => {
                let _: CounterRecord = decode!(CounterRecord);
            }
            StoredKey::BucketCors(name) => {
                let _: CorsRecord = decode!(CorsRecord);
                self.of_bucket(name, current).await?;
            }
            StoredKey::Object(bucket, name) => {
                self.of_bucket(bucket, current).await?;
                let record = decode!(ObjectRecord);
                self.object(bucket, name, &record).await?;
            }
            StoredKey::Upload(bucket, ..) => {
                self.of_bucket(bucket, current).await?;
                let _: UploadRecord = decode!(UploadRecord);
                self.upload();
            }
            StoredKey::Manifest(..) => {
                let record = decode!(ManifestRecord);
                self.manifest(&record);
            }
            StoredKey::Part(content, part) => {
                let record = decode!(PartRecord);
                self.part(*content, *part, &record);
            }
            StoredKey::Intent(..) => {
                let _: IntentRecord = decode!(IntentRecord);
                self.await_sweep();
            }
            StoredKey::Retired(_) => {
                let _: RetiredRecord = decode!(RetiredRecord);
                self.await_sweep();
            }
            StoredKey::Unreferenced(_) => {
                let _: UnreferencedRecord = decode!(UnreferencedRecord);
                self.await_sweep();
            }
            StoredKey::Dead(..) => {
                let _: MarkRecord = decode!(MarkRecord);
                self.await_sweep();
            }
            StoredKey::Account(owner) => {
                let record = decode!(AccountRecord);
                self.account(*owner, &record).await?;
            }
            StoredKey::AccountOfApp(app) => {
                let record = decode!(OwnerRecord);
                self.account_of_app(*app, &record).await?;
            }
            StoredKey::User(owner, uin) => {
                let record = decode!(UserRecord);
                self.user(*owner, *uin, &record).await?;
            }
            StoredKey::UserNamed(owner, name) => {
                let record = decode!(UserNameRecord);
                self.user_named(*owner, name, &record).await?;
            }
            StoredKey::AccessKey(id) => {
                let record = decode!(AccessKeyRecord);
                self.access_key(id, &record).await?;
            }
            StoredKey::AccessKeyOf(owner, uin, id) => {
                let _: MarkRecord = decode!(MarkRecord);
                self.access_key_of(*owner, *uin, id).await?;
            }
            StoredKey::Policy(owner, id) => {
                let record = decode!(PolicyRecord);
                self.policy(*owner, *id, &record).await?;
            }
            StoredKey::PolicyNamed(owner, name) => {
                let record = decode!(PolicyNameRecord);
                self.policy_named(*owner, name, &record).await?;
            }
            StoredKey::PolicyVersion(owner, policy, version) => {
                let record = decode!(PolicyVersionRecord);
                self.policy_version(*owner, *policy, *version, &record).await?;
            }
            // What is kept about how many there are is held against what was counted, when all was seen.
            StoredKey::PolicyTally(..) => {
                let _: PolicyTallyRecord = decode!(PolicyTallyRecord);
            }
            StoredKey::AccountTally(_) => {
                let _: AccountTallyRecord = decode!(AccountTallyRecord);
            }
            StoredKey::Attachment(owner, holder, policy) => {
                let _: AttachmentRecord = decode!(AttachmentRecord);
                self.attachment(*owner, *holder, *policy).await?;
            }
            StoredKey::Holder(owner, policy, holder) => {
                let _: MarkRecord = decode!(MarkRecord);
                self.holder(*owner, *policy, *holder).await?;
            }
            StoredKey::UserOfUid(owner, uid) => {
                let record = decode!(UserNameRecord);
                self.user_of_uid(*owner, *uid, &record).await?;
            }
            StoredKey::Boundary(owner, uin) => {
                let record = decode!(BoundaryRecord);
                self.boundary(*owner, *uin, record.policy).await?;
            }
            StoredKey::Group(owner, id) => {
                let record = decode!(GroupRecord);
                self.group(*owner, *id, &record).await?;
            }
            StoredKey::GroupNamed(owner, name) => {
                let record = decode!(GroupNameRecord);
                self.group_named(*owner, name, &record).await?;
            }
            StoredKey::Member(owner, group, uin) => {
                let _: MarkRecord = decode!(MarkRecord);
                self.member(*owner, *group, *uin).await?;
            }
            StoredKey::GroupOf(owner, uin, group) => {
                let _: MarkRecord = decode!(MarkRecord);
                self.group_of(*owner, *uin, *group).await?;
            }
            StoredKey::Role(owner, id) => {
                let record = decode!(RoleRecord);
                self.role(*owner, *id, &record).await?;
            }
            StoredKey::RoleNamed(owner, name) => {
                let record = decode!(RoleNameRecord);
                self.role_named(*owner, name, &record).await?;
            }
            StoredKey::LastUse(id) => {
                let _: LastUseRecord = decode!(LastUseRecord);
                self.last_use(id).await?;
            }
            StoredKey::Provider(owner, id) => {
                let record = decode!(ProviderRecord);
                self.provider(*owner, *id, &record).await?;
            }
            StoredKey::ProviderNamed(owner, name) => {
                let record = decode!(ProviderNameRecord);
                self.provider_named(*owner, name, &record).await?;
            }
            StoredKey::KeyRing => {
                let record = decode!(KeyRingRecord);
                self.key_ring(&record);
            }
            StoredKey::Revocation(_) => {
                let _: RevocationRecord = decode!(RevocationRecord);
            }
            StoredKey::RevocationEnd(..) => {
                let _: MarkRecord = decode!(MarkRecord);
            }
            StoredKey::RevocationLog => {
                let _: CounterRecord = decode!(CounterRecord);
            }
            // Joined with claims, and so not in the ranges that are walked here.
            StoredKey::InlineData(_) | StoredKey::Reference(..) => {}
        }
        Ok(())
    }

    fn await_sweep(&mut self) {
        self.entries = self.entries.saturating_add(1);
        self.summary.waiting_for_sweep = self.summary.waiting_for_sweep.saturating_add(1);
    }

    /// Remembers what an unreadable record stood for.
    fn note_torn(&mut self, key: &StoredKey) {
        self.tallies.note_torn(key);
        match key {
            StoredKey::Object(bucket, name) | StoredKey::Upload(bucket, name, _) => {
                self.torn.names.insert(digest_of_name(bucket, name));
            }
            StoredKey::Manifest(content, _) | StoredKey::Part(content, _) => {
                self.torn.contents.insert(number(content.0));
            }
            StoredKey::Bucket(_) => self.torn.buckets = true,
            _ => {}
        }
    }
}

/// Where a record is, in words where it has some.
pub(crate) fn place_of_record(key: &StoredKey) -> Place {
    let record = |name| Place::new().with("record", name);
    match key {
        StoredKey::Format => record("format"),
        StoredKey::Bucket(name) => record("bucket").with("bucket", name),
        StoredKey::BucketIndex(owner, name) => {
            record("bucket index").with("account", owner).with("bucket", name)
        }
        StoredKey::BucketCount(owner) => record("bucket count").with("account", owner),
        StoredKey::BucketCors(name) => record("bucket cors").with("bucket", name),
        StoredKey::Object(bucket, key) => record("object").with("bucket", bucket).with("key", key),
        StoredKey::InlineData(id) => record("inline data").inline(*id),
        StoredKey::Manifest(content, offset) => record("manifest").content(*content).with("offset", offset),
        StoredKey::Upload(bucket, key, id) => record("upload")
            .with("bucket", bucket)
            .with("key", key)
            .with("upload", id),
        StoredKey::Part(content, number) => record("part").content(*content).with("part", number),
        StoredKey::Intent(_, id) => record("intent").blob(*id),
        StoredKey::Reference(id, holder) => record("reference").blob(*id).content(*holder),
        StoredKey::Retired(content) => record("retired content").content(*content),
        StoredKey::Unreferenced(id) => record("unreferenced blob").blob(*id),
        StoredKey::Dead(_, id) => record("dead blob").blob(*id),
        StoredKey::Generation => record("identity generation"),
        StoredKey::Account(owner) => record("account").with("account", owner),
        StoredKey::AccountOfApp(app) => record("account index").with("appid", app),
        StoredKey::User(owner, uin) => record("user").with("account", owner).with("user", uin),
        StoredKey::UserNamed(owner, name) => {
            record("user name").with("account", owner).with("user_name", name)
        }
        StoredKey::AccessKey(id) => record("access key").with("access_key", id),
        StoredKey::AccessKeyOf(owner, uin, id) => record("access key of identity")
            .with("account", owner)
            .with("user", uin)
            .with("access_key", id),
        StoredKey::Policy(owner, id) => record("policy").with("account", owner).with("policy", id),
        StoredKey::PolicyNamed(owner, name) => record("policy name")
            .with("account", owner)
            .with("policy_name", name),
        StoredKey::PolicyVersion(owner, policy, version) => record("policy version")
            .with("account", owner)
            .with("policy", policy)
            .with("version", version),
        StoredKey::PolicyTally(owner, policy) => record("policy tally")
            .with("account", owner)
            .with("policy", policy),
        StoredKey::AccountTally(owner) => record("account tally").with("account", owner),
        StoredKey::Attachment(owner, holder, policy) => {
            with_holder(record("attachment").with("account", owner), *holder).with("policy", policy)
        }
        StoredKey::Holder(owner, policy, holder) => {
            let place = record("policy holder").with("account", owner);
            with_holder(place.with("policy", policy), *holder)
        }
        StoredKey::UserOfUid(owner, uid) => record("uid").with("account", owner).with("uid", uid),
        StoredKey::Boundary(owner, uin) => record("boundary").with("account", owner).with("user", uin),
        StoredKey::Group(owner, id) => record("group").with("account", owner).with("group", id),
        StoredKey::GroupNamed(owner, name) => record("group name")
            .with("account", owner)
            .with("group_name", name),
        StoredKey::Member(owner, group, uin) => record("member")
            .with("account", owner)
            .with("group", group)
            .with("user", uin),
        StoredKey::GroupOf(owner, uin, group) => record("group of user")
            .with("account", owner)
            .with("user", uin)
            .with("group", group),
        StoredKey::Role(owner, id) => record("role").with("account", owner).with("role", id),
        StoredKey::RoleNamed(owner, name) => {
            record("role name").with("account", owner).with("role_name", name)
        }
        StoredKey::Provider(owner, id) => record("identity provider")
            .with("account", owner)
            .with("provider", id),
        StoredKey::ProviderNamed(owner, name) => record("identity provider name")
            .with("account", owner)
            .with("provider_name", name),
        StoredKey::LastUse(id) => record("last use").with("access_key", id),
        StoredKey::Counter(name) => record("counter").with("counter", name),
        StoredKey::KeyRing => record("key ring"),
        StoredKey::Revocation(sequence) => record("revocation").with("sequence", sequence),
        StoredKey::RevocationEnd(_, sequence) => record("end of revocation").with("sequence", sequence),
        StoredKey::RevocationLog => record("revocation log"),
    }
}

fn with_holder(place: Place, holder: Holder) -> Place {
    match holder {
        Holder::User(uin) => place.with("user", uin),
        Holder::Group(group) => place.with("group", group),
        Holder::Role(role) => place.with("role", role),
    }
}
