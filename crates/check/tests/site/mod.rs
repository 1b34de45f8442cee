//! A store with something of everything, on any engines, and a check of it that collects what is found.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use daypass_api::acl::{BucketAclPreset, ObjectAclPreset};
use daypass_api::cors::{CorsMethod, CorsRule, CorsRules};
use daypass_api::names::{
    AccessKeyId, Account, AppId, BucketName, GroupId, GroupName, ObjectKey, PolicyId, PolicyName,
    ProviderName, Region, RoleId, RoleName, Uin, UserName,
};
use daypass_api::object::{ETag, ObjectHeaders, Preconditions};
use daypass_api::operation::{
    BodyClaims, Contact, CopyObject, CopySource, CreateBucket, CreateUser, DeleteObject,
    InitiateMultipartUpload, Membership, NewGroup, NewPolicy, NewRole, PartEntry, ProviderSettings,
    PutObject, RoleRef, UploadPart, UploadRef, UserRef,
};
use daypass_api::outcome::Ownership;
use daypass_api::tags::Tags;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_blob::Blobs;
use daypass_check::{Finding, Listener, Stage};
use daypass_kv::Kv;
use daypass_store::identity::{Holder, KeyMaterial, PresetPolicy, WrappedKeyRing, WrappedSecret};
use daypass_store::{BodyStream, Random, Store, StoreOptions};
use daypass_token::{KeyRing, MasterKey};
use futures_util::{StreamExt, stream};

pub(crate) const OWNER: Account = Account {
    app_id: AppId(1_250_000_000),
    owner_uin: Uin(100_000_000_001),
};
pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
pub(crate) const MIB: usize = 1024 * 1024;
/// Bodies longer than this become blobs.
pub(crate) const INLINE: usize = 1000;
const TRUST: &str = r#"{"version":"2.0","statement":[{"effect":"allow","action":"sts:AssumeRole","principal":{"qcs":"qcs::cam::uin/100000000001:root"}}]}"#;
const DOCUMENT: &str =
    r#"{"version":"2.0","statement":[{"effect":"allow","action":"name/cos:GetObject","resource":"*"}]}"#;

/// Different bytes every time, the same in every run.
#[derive(Default)]
struct Seeded(AtomicU64);

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut word = self
                .0
                .fetch_add(1, Ordering::Relaxed)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let word = (word ^ (word >> 27)).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

pub(crate) fn master() -> MasterKey {
    MasterKey::new(&[7; 32])
}

pub(crate) fn photos() -> BucketName {
    BucketName::parse("photos-1250000000").unwrap()
}

pub(crate) fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text.as_bytes()).unwrap()
}

pub(crate) fn bytes(length: usize, seed: u64) -> Bytes {
    (0..length)
        .map(|position| (position as u64).wrapping_mul(31).wrapping_add(seed * 7) as u8)
        .collect()
}

fn body(data: &Bytes) -> BodyStream<'static> {
    let pieces: Vec<_> = data
        .chunks(100_000)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    stream::iter(pieces).boxed()
}

fn put(name: &str) -> PutObject {
    PutObject {
        bucket: photos(),
        key: key(name),
        headers: ObjectHeaders::default(),
        acl: ObjectAclPreset::Default.into(),
        tags: Vec::new(),
        forbid_overwrite: false,
        preconditions: Preconditions::default(),
        body: BodyClaims::default(),
    }
}

/// A store, with what it is used by.
pub(crate) struct Site {
    pub(crate) store: Store,
    random: Seeded,
}

impl Site {
    /// Opens a store with one account and its key ring, and one bucket.
    pub(crate) async fn open(kv: Arc<dyn Kv>, blobs: Arc<dyn Blobs>) -> Self {
        let preset = PresetPolicy {
            id: PolicyId(1),
            name: PolicyName::parse("Preset").unwrap(),
            description: String::new(),
            document: DOCUMENT.into(),
            created: NOW,
        };
        let options = StoreOptions {
            inline_bytes: INLINE,
            presets: Arc::new([preset]),
            ..StoreOptions::default()
        };
        let store = Store::open(kv, blobs, options).await.unwrap();
        let site = Self {
            store,
            random: Seeded::default(),
        };
        let root = site.access_key("AKIDroot").unwrap();
        assert!(site.store.create_account(OWNER, &root, NOW).await.unwrap());
        let ring = KeyRing::new(NOW, &[3; 32]).wrap(&master(), &[4; 16]).unwrap();
        let ring = WrappedKeyRing { wrapped: ring.into() };
        assert!(site.store.replace_key_ring(None, &ring, NOW).await.unwrap());
        site.create_bucket("photos").await.unwrap();
        site
    }

    fn access_key(&self, id: &str) -> Result<KeyMaterial, Error> {
        let id = AccessKeyId::parse(id)?;
        let secret = daypass_api::secret::SecretKey::new(format!("secret of {id}"));
        let mut salt = [0; 16];
        self.random.fill(&mut salt);
        let wrapped = master().wrap_secret(&id, &secret, &salt).unwrap().into();
        Ok(KeyMaterial {
            id,
            secret,
            wrapped: WrappedSecret { wrapped },
        })
    }

    pub(crate) async fn create_bucket(&self, name: &str) -> Result<Outcome, Error> {
        let create = CreateBucket {
            bucket: BucketName::parse(&format!("{name}-{}", OWNER.app_id)).unwrap(),
            acl: BucketAclPreset::Private.into(),
            tags: Vec::new(),
        };
        let region = Region::parse("ap-guangzhou").unwrap();
        let view = self.store.view().await?;
        self.store
            .create_bucket(view, &create, OWNER, &region, 200, NOW)
            .await
    }

    pub(crate) async fn delete_bucket(&self, name: &str) -> Result<Outcome, Error> {
        let name = BucketName::parse(&format!("{name}-{}", OWNER.app_id)).unwrap();
        self.store.delete_bucket(self.store.view().await?, &name).await
    }

    pub(crate) async fn cors(&self, wanted: bool) -> Result<Outcome, Error> {
        let rule = CorsRule {
            origins: vec!["*".to_owned()],
            methods: vec![CorsMethod::Get],
            ..CorsRule::default()
        };
        let rules = CorsRules {
            rules: vec![rule],
            vary: None,
        };
        self.store
            .put_bucket_cors(&photos(), wanted.then_some(rules))
            .await
    }

    pub(crate) async fn put(&self, name: &str, data: &Bytes) -> Result<(), Error> {
        let (view, put) = (self.store.view().await?, put(name));
        let stored = self.store.put_object(view, &put, body(data), NOW, &self.random);
        stored.await.map(drop)
    }

    pub(crate) async fn copy(&self, from: &str, to: &str) -> Result<(), Error> {
        let copy = CopyObject {
            source: CopySource {
                bucket: photos(),
                key: key(from),
                version_id: None,
                preconditions: Preconditions::default(),
            },
            put: put(to),
            replaces_headers: false,
            replaces_tags: false,
        };
        let view = self.store.view().await?;
        self.store
            .copy_object(view, &copy, NOW, &self.random)
            .await
            .map(drop)
    }

    pub(crate) async fn delete(&self, name: &str) -> Result<(), Error> {
        let delete = DeleteObject {
            bucket: photos(),
            key: key(name),
        };
        let view = self.store.view().await?;
        self.store.delete_object(view, &delete, NOW).await.map(drop)
    }

    pub(crate) async fn begin(&self, name: &str) -> Result<UploadRef, Error> {
        let initiate = InitiateMultipartUpload {
            bucket: photos(),
            key: key(name),
            headers: ObjectHeaders::default(),
            acl: ObjectAclPreset::Default.into(),
            tags: Vec::new(),
            forbid_overwrite: false,
        };
        let ownership = Ownership {
            owner_uin: OWNER.owner_uin,
            initiator_uin: OWNER.owner_uin,
        };
        let view = self.store.view().await?;
        match self
            .store
            .initiate_multipart(view, &initiate, ownership, NOW, &self.random)
            .await?
        {
            Outcome::UploadStarted { upload_id, .. } => Ok(UploadRef {
                bucket: photos(),
                key: key(name),
                upload_id,
            }),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn part(
        &self,
        upload: &UploadRef,
        part_number: u32,
        data: &Bytes,
    ) -> Result<ETag, Error> {
        let part = UploadPart {
            upload: upload.clone(),
            part_number,
            body: BodyClaims::default(),
        };
        let view = self.store.view().await?;
        match self
            .store
            .upload_part(view, &part, body(data), NOW, &self.random)
            .await?
        {
            Outcome::Stored { etag, .. } => Ok(etag),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn complete(&self, upload: &UploadRef, tags: &[ETag]) -> Result<(), Error> {
        let entry = |(part_number, etag): (u32, &ETag)| PartEntry {
            part_number,
            etag: etag.clone(),
        };
        let entries: Vec<_> = (1..).zip(tags).map(entry).collect();
        let view = self.store.view().await?;
        let completed = self.store.complete_multipart(view, upload, false, &entries, NOW);
        completed.await.map(drop)
    }

    pub(crate) async fn abort(&self, upload: &UploadRef) -> Result<(), Error> {
        let view = self.store.view().await?;
        self.store.abort_multipart(view, upload, NOW).await.map(drop)
    }

    pub(crate) async fn create_user(&self, name: &str, key: Option<&str>) -> Result<Uin, Error> {
        let create = CreateUser {
            name: UserName::parse(name)?,
            remark: String::new(),
            contact: Contact::default(),
            with_access_key: key.is_some(),
        };
        let make_key = |_: Option<&WrappedKeyRing>| self.access_key(key.unwrap_or_default());
        match self.store.create_user(OWNER, &create, make_key, NOW).await? {
            Outcome::UserCreated { user, .. } => Ok(user.uin),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn delete_user(&self, name: &str) -> Result<(), Error> {
        let name = UserName::parse(name)?;
        let uin = self
            .store
            .view()
            .await?
            .user_number(OWNER.owner_uin, &name)
            .await?;
        let uin = uin.ok_or(ErrorCode::UserNotExist)?;
        self.store.delete_user(OWNER, uin, true).await.map(drop)
    }

    pub(crate) async fn create_policy(&self, name: &str) -> Result<PolicyId, Error> {
        let policy = NewPolicy {
            name: PolicyName::parse(name)?,
            description: String::new(),
            document: DOCUMENT.to_owned(),
            tags: Tags::default(),
        };
        match self.store.create_policy(OWNER, &policy, NOW).await? {
            Outcome::PolicyCreated(id) => Ok(id),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn delete_policy(&self, policy: PolicyId) -> Result<(), Error> {
        self.store.delete_policies(OWNER, &[policy]).await.map(drop)
    }

    pub(crate) async fn create_version(&self, policy: PolicyId, is_default: bool) -> Result<(), Error> {
        let made = self
            .store
            .create_version(OWNER, policy, DOCUMENT, is_default, NOW);
        made.await.map(drop)
    }

    pub(crate) async fn attach(&self, holder: Holder, policy: PolicyId) -> Result<(), Error> {
        self.store
            .attach_policy(OWNER, holder, policy, NOW)
            .await
            .map(drop)
    }

    pub(crate) async fn detach(&self, holder: Holder, policy: PolicyId) -> Result<(), Error> {
        self.store.detach_policy(OWNER, holder, policy).await.map(drop)
    }

    /// Bounds somebody by a policy, or by none; groups have no boundaries.
    pub(crate) async fn bound(&self, holder: Holder, policy: Option<PolicyId>) -> Result<(), Error> {
        let store = &self.store;
        let bounded = match (holder, policy) {
            (Holder::User(uin), Some(policy)) => store.put_boundary(OWNER, uin, policy, NOW).await,
            (Holder::User(uin), None) => store.delete_boundary(OWNER, uin).await,
            (Holder::Role(id), Some(policy)) => store.put_role_boundary(OWNER, id, policy, NOW).await,
            (Holder::Role(id), None) => store.delete_role_boundary(OWNER, id, NOW).await,
            (Holder::Group(_), _) => Ok(Outcome::Done),
        };
        bounded.map(drop)
    }

    pub(crate) async fn create_group(&self, name: &str) -> Result<GroupId, Error> {
        let new = NewGroup {
            name: GroupName::parse(name)?,
            remark: String::new(),
        };
        match self.store.create_group(OWNER, &new, NOW).await? {
            Outcome::GroupCreated(id) => Ok(id),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn delete_group(&self, id: GroupId) -> Result<(), Error> {
        self.store.delete_group(OWNER, id).await.map(drop)
    }

    /// Lets a user join a group, or leave it.
    pub(crate) async fn member(&self, group_id: GroupId, uin: Uin, there: bool) -> Result<(), Error> {
        let user = UserRef::Uin(uin);
        let memberships = [Membership { group_id, user }];
        let changed = if there {
            self.store.add_users_to_groups(OWNER, &memberships).await
        } else {
            self.store.remove_users_from_groups(OWNER, &memberships).await
        };
        changed.map(drop)
    }

    pub(crate) async fn create_role(&self, name: &str) -> Result<RoleId, Error> {
        let new = NewRole {
            name: RoleName::parse(name)?,
            document: TRUST.to_owned(),
            description: String::new(),
            console_login: false,
            session_duration: 0,
            tags: Tags::default(),
        };
        match self.store.create_role(OWNER, &new, &[], NOW).await? {
            Outcome::RoleCreated(id) => Ok(id),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn delete_role(&self, name: &str) -> Result<(), Error> {
        let role = RoleRef::Name(RoleName::parse(name)?);
        let view = self.store.view().await?;
        let role = view.role_number(OWNER.owner_uin, &role).await?;
        let role = role.ok_or(ErrorCode::RoleNotExist)?;
        self.store.delete_role(OWNER, role).await.map(drop)
    }

    /// Makes a provider, or says something else about the one that is there.
    pub(crate) async fn provider(&self, name: &str) -> Result<(), Error> {
        let settings = |issuer: &str| -> Result<ProviderSettings, Error> {
            Ok(ProviderSettings {
                name: ProviderName::parse(name)?,
                issuer: issuer.to_owned(),
                audiences: vec!["app".to_owned()],
                keys: None,
                description: None,
            })
        };
        let first = settings("https://one.test")?;
        match self.store.create_provider(OWNER, &first, NOW).await {
            Err(error) if error.code == ErrorCode::ProviderNameInUse => {
                let second = settings("https://two.test")?;
                self.store.update_provider(OWNER, &second, NOW).await.map(drop)
            }
            made => made.map(drop),
        }
    }

    pub(crate) async fn delete_provider(&self, name: &str) -> Result<(), Error> {
        let name = ProviderName::parse(name)?;
        self.store.delete_provider(OWNER, &name).await.map(drop)
    }

    pub(crate) async fn note_use(&self, key: &str) -> Result<(), Error> {
        let uses = [(AccessKeyId::parse(key)?, NOW)];
        self.store.note_last_uses(&uses).await
    }

    pub(crate) async fn sweep(&self, hours: i64) -> Result<(), Error> {
        let now = NOW.plus_seconds(hours * 3600);
        self.store
            .sweep(now, Duration::from_secs(3600), 100)
            .await
            .map(drop)
    }

    /// Stores something of every kind.
    pub(crate) async fn furnish(&self) {
        self.cors(true).await.unwrap();
        self.create_bucket("empty").await.unwrap();
        self.create_bucket("gone").await.unwrap();
        self.delete_bucket("gone").await.unwrap();
        self.put("nothing", &Bytes::new()).await.unwrap();
        self.put("small", &bytes(100, 1)).await.unwrap();
        self.put("large", &bytes(300_000, 2)).await.unwrap();
        self.put("shared", &bytes(200_000, 3)).await.unwrap();
        self.copy("shared", "copy").await.unwrap();
        self.copy("small", "small copy").await.unwrap();
        let upload = self.begin("parts").await.unwrap();
        let one = self.part(&upload, 1, &bytes(MIB, 4)).await.unwrap();
        let two = self.part(&upload, 2, &bytes(500, 5)).await.unwrap();
        self.complete(&upload, &[one, two]).await.unwrap();
        self.copy("parts", "parts copy").await.unwrap();
        let upload = self.begin("one part").await.unwrap();
        let one = self.part(&upload, 1, &bytes(5000, 6)).await.unwrap();
        self.complete(&upload, &[one]).await.unwrap();
        for (name, length) in [("open", 70_000), ("other", 80_000)] {
            let upload = self.begin(name).await.unwrap();
            self.part(&upload, 1, &bytes(length, 7)).await.unwrap();
            self.part(&upload, 2, &bytes(10, 8)).await.unwrap();
            self.part(&upload, 3, &Bytes::new()).await.unwrap();
        }
        let upload = self.begin("aborted").await.unwrap();
        self.part(&upload, 1, &bytes(5000, 9)).await.unwrap();
        self.abort(&upload).await.unwrap();
        for seed in 0..3 {
            self.put("replaced", &bytes(5000, seed)).await.unwrap();
        }
        self.sweep(0).await.unwrap();
        self.put("deleted", &bytes(6000, 1)).await.unwrap();
        self.delete("deleted").await.unwrap();
        let alice = self.create_user("alice", Some("AKIDalice")).await.unwrap();
        let bob = self.create_user("bob", None).await.unwrap();
        self.create_user("carol", Some("AKIDcarol")).await.unwrap();
        self.delete_user("carol").await.unwrap();
        let readers = self.create_policy("readers").await.unwrap();
        let writers = self.create_policy("writers").await.unwrap();
        self.attach(Holder::User(alice), readers).await.unwrap();
        self.attach(Holder::User(alice), PolicyId(1)).await.unwrap();
        self.create_version(writers, true).await.unwrap();
        let uploader = Holder::Role(self.create_role("uploader").await.unwrap());
        self.attach(uploader, PolicyId(1)).await.unwrap();
        self.bound(uploader, Some(writers)).await.unwrap();
        self.bound(Holder::User(bob), Some(writers)).await.unwrap();
        self.provider("company").await.unwrap();
        self.provider("gone").await.unwrap();
        self.delete_provider("gone").await.unwrap();
        let staff = self.create_group("staff").await.unwrap();
        self.member(staff, bob, true).await.unwrap();
        self.attach(Holder::Group(staff), readers).await.unwrap();
        self.note_use("AKIDalice").await.unwrap();
    }
}

/// Collects what is found.
#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) findings: Vec<Finding>,
}

impl Listener for Collected {
    fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn begin(&mut self, _stage: Stage, _total: Option<u64>) {}

    fn advance(&mut self, _done: u64) {}
}
