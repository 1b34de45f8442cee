//! Buckets: the record, the account's index, the account's count, and the account itself.

use daypass_api::names::{BucketName, Uin};
use daypass_metadata::bucket::{BucketIndexRecord, BucketRecord, CounterRecord};
use daypass_metadata::identity::AccountRecord;
use daypass_metadata::keys::{self, StoredKey};
use daypass_policy::{DocumentKind, OwnerAccount, parse};

use crate::records::place_of_record;
use crate::walk::{Looked, Walk};
use crate::{Check, CheckError, Kind};

impl Check<'_> {
    pub(crate) async fn bucket(
        &mut self,
        name: &BucketName,
        record: &BucketRecord,
    ) -> Result<(), CheckError> {
        self.summary.buckets = self.summary.buckets.saturating_add(1);
        let owner = record.owner;
        let count = self.buckets_of.entry(owner.owner_uin).or_default();
        *count = count.saturating_add(1);
        let place = || place_of_record(&StoredKey::Bucket(name.clone()));
        if owner.app_id != name.app_id() {
            let (expected, found) = (format!("APPID {}", name.app_id()), format!("{}", owner.app_id));
            self.report(Kind::RecordContradicts, place(), expected, found);
        }
        match self.look::<AccountRecord>(keys::account(owner.owner_uin)).await? {
            Looked::Absent => {
                let expected = format!("account {}", owner.owner_uin);
                self.report(Kind::AccountMissing, place(), expected, "nothing");
            }
            Looked::Found(account) if account.app_id != owner.app_id => {
                let expected = format!("APPID {} of its account", account.app_id);
                self.report(
                    Kind::RecordContradicts,
                    place(),
                    expected,
                    owner.app_id.to_string(),
                );
            }
            Looked::Found(_) | Looked::Torn => {}
        }
        let index = keys::bucket_index(owner.owner_uin, name);
        if self.look::<BucketIndexRecord>(index).await?.is_absent() {
            let expected = format!("an entry in the list of account {}", owner.owner_uin);
            self.report(Kind::IndexMissing, place(), expected, "nothing");
        }
        let account = OwnerAccount {
            app_id: owner.app_id.0,
            owner_uin: owner.owner_uin.0,
        };
        let parsed = record
            .policy
            .as_deref()
            .map(|text| parse(text, DocumentKind::Bucket, &account));
        if let Some(Err(error)) = parsed {
            self.report(
                Kind::PolicyUnreadable,
                place(),
                "a bucket policy",
                error.to_string(),
            );
        }
        Ok(())
    }

    pub(crate) async fn bucket_index(
        &mut self,
        owner: Uin,
        name: &BucketName,
        index: &BucketIndexRecord,
    ) -> Result<(), CheckError> {
        let place = place_of_record(&StoredKey::BucketIndex(owner, name.clone()));
        match self.look::<BucketRecord>(keys::bucket(name)).await? {
            Looked::Absent => self.report(Kind::IndexDangling, place, format!("bucket `{name}`"), "nothing"),
            Looked::Found(bucket) if bucket.owner.owner_uin != owner => {
                let found = format!("one of account {}", bucket.owner.owner_uin);
                self.report(Kind::IndexDangling, place, "a bucket of the account", found);
            }
            Looked::Found(bucket) if bucket.region != index.region || bucket.created != index.created => {
                self.report(
                    Kind::RecordContradicts,
                    place,
                    format!("{}, {}", bucket.region, bucket.created.iso_seconds()),
                    format!("{}, {}", index.region, index.created.iso_seconds()),
                );
            }
            Looked::Found(_) | Looked::Torn => {}
        }
        Ok(())
    }

    /// Each account's count against the buckets that were seen.
    pub(crate) async fn counts_of_buckets(&mut self) -> Result<(), CheckError> {
        // A bucket whose owner cannot be read is missing from the count of somebody.
        if self.torn.buckets {
            return Ok(());
        }
        let mut counted = std::mem::take(&mut self.buckets_of);
        let mut counters = Walk::of_prefix(self.subject.snapshot, keys::bucket_counts());
        while let Some((key, value)) = counters.next().await? {
            let Some(StoredKey::BucketCount(owner)) = StoredKey::parse(&key) else {
                continue;
            };
            let buckets = counted.remove(&owner).unwrap_or(0);
            let Ok(counter) = <CounterRecord as daypass_metadata::Record>::decode(&value) else {
                continue;
            };
            if counter.value != buckets {
                self.wrong_count(owner, buckets, counter.value.to_string());
            }
        }
        for (owner, buckets) in counted {
            self.wrong_count(owner, buckets, "nothing".to_owned());
        }
        Ok(())
    }

    fn wrong_count(&mut self, owner: Uin, buckets: u64, found: String) {
        let place = place_of_record(&StoredKey::BucketCount(owner));
        self.report(Kind::CounterWrong, place, buckets.to_string(), found);
    }
}
