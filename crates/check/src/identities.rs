//! Accounts, users, access keys and policies with their versions: each relation from both of its sides, and what is
//! wrapped under the master key. Who has which policy is in `holders`.

use std::fmt::Display;

use daypass_api::names::{AccessKeyId, AppId, PolicyId, PolicyName, Uin, UserName, VersionId};
use daypass_metadata::bucket::CounterRecord;
use daypass_metadata::identity::{
    AccessKeyRecord, AccountRecord, GROUP_COUNTER, KeyRingRecord, OwnerRecord, POLICY_COUNTER,
    PROVIDER_COUNTER, PolicyNameRecord, PolicyRecord, PolicyVersionRecord, ROLE_COUNTER, UID_COUNTER,
    UIN_COUNTER, UserNameRecord, UserRecord,
};
use daypass_metadata::keys::{self, StoredKey};
use daypass_metadata::{MarkRecord, Record};
use daypass_policy::preset::PRESETS;
use daypass_policy::{DocumentKind, OwnerAccount, parse};

use crate::records::place_of_record;
use crate::walk::{Looked, Walk};
use crate::{Check, CheckError, Finding, Kind, Place};

impl Check<'_> {
    pub(crate) async fn account(&mut self, owner: Uin, record: &AccountRecord) -> Result<(), CheckError> {
        let place = place_of_record(&StoredKey::Account(owner));
        let index = self
            .look::<OwnerRecord>(keys::account_of_app(record.app_id))
            .await?;
        let index = index.map(|index| index.owner_uin);
        self.indexed(index, owner, place, &format!("APPID {}", record.app_id));
        Ok(())
    }

    pub(crate) async fn account_of_app(
        &mut self,
        app: AppId,
        record: &OwnerRecord,
    ) -> Result<(), CheckError> {
        let account = self
            .look::<AccountRecord>(keys::account(record.owner_uin))
            .await?;
        let account = account.map(|account| account.app_id);
        let place = place_of_record(&StoredKey::AccountOfApp(app));
        self.leads_back(account, app, place, &format!("account {}", record.owner_uin));
        Ok(())
    }

    pub(crate) async fn user(&mut self, owner: Uin, uin: Uin, record: &UserRecord) -> Result<(), CheckError> {
        self.summary.users = self.summary.users.saturating_add(1);
        let place = || place_of_record(&StoredKey::User(owner, uin));
        self.require_account(owner, place()).await?;
        let index = self
            .look::<UserNameRecord>(keys::user_named(owner, &record.name))
            .await?;
        let index = index.map(|index| index.uin);
        self.indexed(index, uin, place(), &format!("user name `{}`", record.name));
        let index = self
            .look::<UserNameRecord>(keys::user_of_uid(owner, record.uid))
            .await?;
        // Users that were made before there was this index are not in it.
        if !index.is_absent() {
            let index = index.map(|index| index.uin);
            self.indexed(index, uin, place(), &format!("uid {}", record.uid));
        }
        Ok(())
    }

    pub(crate) async fn user_named(
        &mut self,
        owner: Uin,
        name: &UserName,
        record: &UserNameRecord,
    ) -> Result<(), CheckError> {
        let user = self.look::<UserRecord>(keys::user(owner, record.uin)).await?;
        let user = user.map(|user| user.name);
        let place = place_of_record(&StoredKey::UserNamed(owner, name.clone()));
        self.leads_back(user, name.clone(), place, &format!("user {}", record.uin));
        Ok(())
    }

    pub(crate) async fn user_of_uid(
        &mut self,
        owner: Uin,
        uid: u64,
        record: &UserNameRecord,
    ) -> Result<(), CheckError> {
        let user = self.look::<UserRecord>(keys::user(owner, record.uin)).await?;
        let user = user.map(|user| user.uid);
        let place = place_of_record(&StoredKey::UserOfUid(owner, uid));
        self.leads_back(user, uid, place, &format!("user {}", record.uin));
        Ok(())
    }

    pub(crate) async fn access_key(
        &mut self,
        id: &AccessKeyId,
        record: &AccessKeyRecord,
    ) -> Result<(), CheckError> {
        self.summary.access_keys = self.summary.access_keys.saturating_add(1);
        let place = || place_of_record(&StoredKey::AccessKey(id.clone()));
        let (owner, uin) = (record.account.owner_uin, record.uin);
        match self.look::<AccountRecord>(keys::account(owner)).await? {
            Looked::Absent => {
                self.report(
                    Kind::AccountMissing,
                    place(),
                    format!("account {owner}"),
                    "nothing",
                );
            }
            Looked::Found(account) if account.app_id != record.account.app_id => {
                let found = record.account.app_id.to_string();
                let expected = format!("APPID {} of its account", account.app_id);
                self.report(Kind::RecordContradicts, place(), expected, found);
            }
            Looked::Found(_) | Looked::Torn => {}
        }
        if uin != owner {
            self.require_user(owner, uin, place()).await?;
        }
        let listed = keys::access_key_of(owner, uin, id);
        if self.look::<MarkRecord>(listed).await?.is_absent() {
            let expected = format!("an entry in the list of identity {uin}");
            self.report(Kind::IndexMissing, place(), expected, "nothing");
        }
        let wrapped = &record.secret.wrapped;
        let opened = self
            .subject
            .master
            .map(|master| master.unwrap_secret(id, wrapped).map(drop));
        self.note_wrapped(
            opened,
            Kind::SecretUnreadable,
            place(),
            "a secret that opens under the master key",
        );
        Ok(())
    }

    pub(crate) async fn access_key_of(
        &mut self,
        owner: Uin,
        uin: Uin,
        id: &AccessKeyId,
    ) -> Result<(), CheckError> {
        let key = self.look::<AccessKeyRecord>(keys::access_key(id)).await?;
        let key = key.map(|key| (key.account.owner_uin, key.uin));
        let place = place_of_record(&StoredKey::AccessKeyOf(owner, uin, id.clone()));
        let described = key.map(|(owner, uin)| format!("identity {uin} of account {owner}"));
        let expected = format!("identity {uin} of account {owner}");
        self.leads_back(described, expected, place, &format!("access key `{id}`"));
        Ok(())
    }

    pub(crate) async fn policy(
        &mut self,
        owner: Uin,
        id: PolicyId,
        record: &PolicyRecord,
    ) -> Result<(), CheckError> {
        let place = || place_of_record(&StoredKey::Policy(owner, id));
        let account = self.require_account(owner, place()).await?;
        let index = self
            .look::<PolicyNameRecord>(keys::policy_named(owner, &record.name))
            .await?;
        let index = index.map(|index| index.id);
        self.indexed(index, id, place(), &format!("policy name `{}`", record.name));
        self.document(&record.document, owner, account, place());
        Ok(())
    }

    pub(crate) async fn policy_version(
        &mut self,
        owner: Uin,
        policy: PolicyId,
        version: VersionId,
        record: &PolicyVersionRecord,
    ) -> Result<(), CheckError> {
        let place = || place_of_record(&StoredKey::PolicyVersion(owner, policy, version));
        let account = self.require_account(owner, place()).await?;
        match self.look::<PolicyRecord>(keys::policy(owner, policy)).await? {
            Looked::Absent => {
                self.report(
                    Kind::PolicyMissing,
                    place(),
                    format!("policy {policy}"),
                    "nothing",
                );
            }
            Looked::Found(found) if version == found.version || version > found.last_version => {
                let expected = format!(
                    "a version up to {} that is not the default one, {}",
                    found.last_version, found.version
                );
                self.report(Kind::RecordContradicts, place(), expected, version.to_string());
            }
            Looked::Found(_) | Looked::Torn => {}
        }
        self.document(&record.document, owner, account, place());
        Ok(())
    }

    /// What a policy says must be readable.
    fn document(&mut self, text: &str, owner: Uin, account: Option<AccountRecord>, place: Place) {
        let account = OwnerAccount {
            app_id: account.map_or(0, |account| account.app_id.0),
            owner_uin: owner.0,
        };
        if let Err(error) = parse(text, DocumentKind::Identity, &account) {
            let expected = "a policy document";
            self.report(Kind::PolicyUnreadable, place, expected, error.to_string());
        }
    }

    pub(crate) async fn policy_named(
        &mut self,
        owner: Uin,
        name: &PolicyName,
        record: &PolicyNameRecord,
    ) -> Result<(), CheckError> {
        let policy = self.look::<PolicyRecord>(keys::policy(owner, record.id)).await?;
        let policy = policy.map(|policy| policy.name);
        let place = place_of_record(&StoredKey::PolicyNamed(owner, name.clone()));
        self.leads_back(policy, name.clone(), place, &format!("policy {}", record.id));
        Ok(())
    }

    /// Reports a policy that is neither the account's nor a preset one.
    pub(crate) async fn require_policy(
        &mut self,
        owner: Uin,
        policy: PolicyId,
        place: Place,
    ) -> Result<(), CheckError> {
        let preset = PRESETS.iter().any(|preset| preset.id == policy.0);
        if !preset
            && self
                .look::<PolicyRecord>(keys::policy(owner, policy))
                .await?
                .is_absent()
        {
            self.report(Kind::PolicyMissing, place, format!("policy {policy}"), "nothing");
        }
        Ok(())
    }

    pub(crate) fn key_ring(&mut self, record: &KeyRingRecord) {
        let opened = self
            .subject
            .master
            .map(|master| master.unwrap_ring(&record.ring.wrapped).map(drop));
        let place = place_of_record(&StoredKey::KeyRing);
        self.note_wrapped(
            opened,
            Kind::KeyRingUnreadable,
            place,
            "a key ring that opens under the master key",
        );
    }

    /// Numbers that were given out may not be given out again.
    pub(crate) async fn counters(&mut self) -> Result<(), CheckError> {
        let (mut uin, mut uid, mut policy, mut role, mut group, mut provider) = (0, 0, 0, 0, 0, 0);
        let snapshot = self.subject.snapshot;
        let prefixes = [
            keys::accounts(),
            keys::all_users(),
            keys::all_policies(),
            keys::all_roles(),
            keys::all_groups(),
            keys::all_providers(),
        ];
        for prefix in prefixes {
            let mut walk = Walk::of_prefix(snapshot, prefix);
            while let Some((key, value)) = walk.next().await? {
                match StoredKey::parse(&key) {
                    Some(StoredKey::Account(owner)) => uin = owner.0.max(uin),
                    Some(StoredKey::User(_, user)) => {
                        uin = user.0.max(uin);
                        uid = UserRecord::decode(&value).map_or(uid, |user| user.uid.max(uid));
                    }
                    Some(StoredKey::Policy(_, id)) => policy = id.0.max(policy),
                    Some(StoredKey::Role(_, id)) => role = id.0.max(role),
                    Some(StoredKey::Provider(_, id)) => provider = id.0.max(provider),
                    Some(StoredKey::Group(_, id)) => group = id.0.max(group),
                    _ => {}
                }
            }
        }
        let counters = [
            (UIN_COUNTER, uin),
            (UID_COUNTER, uid),
            (POLICY_COUNTER, policy),
            (ROLE_COUNTER, role),
            (GROUP_COUNTER, group),
            (PROVIDER_COUNTER, provider),
        ];
        for (name, least) in counters {
            let counter = self.look::<CounterRecord>(keys::counter(name)).await?;
            let found = match counter {
                Looked::Absent => 0,
                Looked::Torn => continue,
                Looked::Found(counter) => counter.value,
            };
            if found < least {
                let place = place_of_record(&StoredKey::Counter(name));
                self.report(
                    Kind::CounterWrong,
                    place,
                    format!("{least} or more"),
                    found.to_string(),
                );
            }
        }
        Ok(())
    }

    /// Tells what does not open. If nothing at all does, it is the key that is wrong, and told once.
    pub(crate) fn tell_wrapped(&mut self) {
        let wrapped = std::mem::take(&mut self.wrapped);
        let place = || Place::new().with("record", "master key");
        if wrapped.missed > 0 {
            let expected = format!("the key that {} secrets are wrapped under", wrapped.missed);
            self.report(Kind::MasterKeyMissing, place(), expected, "nothing");
        } else if wrapped.opened == 0 && wrapped.refused.len() > 1 {
            let expected = "the key that secrets are wrapped under";
            let found = format!("one that opens none of {}", wrapped.refused.len());
            self.report(Kind::MasterKeyWrong, place(), expected, found);
        } else {
            wrapped.refused.into_iter().for_each(|finding| self.tell(finding));
        }
    }

    fn note_wrapped<E: Display>(
        &mut self,
        opened: Option<Result<(), E>>,
        kind: Kind,
        place: Place,
        expected: &str,
    ) {
        match opened {
            None => self.wrapped.missed = self.wrapped.missed.saturating_add(1),
            Some(Ok(())) => self.wrapped.opened = self.wrapped.opened.saturating_add(1),
            Some(Err(error)) => self.wrapped.refused.push(Finding {
                kind,
                place,
                expected: expected.to_owned(),
                found: error.to_string(),
            }),
        }
    }

    pub(crate) async fn require_account(
        &mut self,
        owner: Uin,
        place: Place,
    ) -> Result<Option<AccountRecord>, CheckError> {
        Ok(match self.look::<AccountRecord>(keys::account(owner)).await? {
            Looked::Absent => {
                self.report(Kind::AccountMissing, place, format!("account {owner}"), "nothing");
                None
            }
            Looked::Torn => None,
            Looked::Found(account) => Some(account),
        })
    }

    pub(crate) async fn require_user(
        &mut self,
        owner: Uin,
        uin: Uin,
        place: Place,
    ) -> Result<(), CheckError> {
        if self.look::<UserRecord>(keys::user(owner, uin)).await?.is_absent() {
            self.report(Kind::UserMissing, place, format!("user {uin}"), "nothing");
        }
        Ok(())
    }

    /// From a thing to its index: it must be there and lead to the thing.
    pub(crate) fn indexed<T: PartialEq + Display>(
        &mut self,
        index: Looked<T>,
        own: T,
        place: Place,
        name: &str,
    ) {
        match index {
            Looked::Absent => self.report(
                Kind::IndexMissing,
                place,
                format!("an index entry of {name}"),
                "nothing",
            ),
            Looked::Found(other) if other != own => {
                let expected = format!("an index entry of {name} that leads to {own}");
                self.report(Kind::IndexMissing, place, expected, format!("one to {other}"));
            }
            Looked::Found(_) | Looked::Torn => {}
        }
    }

    /// From an index to its thing: it must be there and have what the index is by.
    pub(crate) fn leads_back<T: PartialEq + Display>(
        &mut self,
        found: Looked<T>,
        by: T,
        place: Place,
        thing: &str,
    ) {
        match found {
            Looked::Absent => self.report(Kind::IndexDangling, place, thing, "nothing"),
            Looked::Found(other) if other != by => {
                let expected = format!("{thing} with {by}");
                self.report(Kind::IndexDangling, place, expected, format!("it has {other}"));
            }
            Looked::Found(_) | Looked::Torn => {}
        }
    }
}
