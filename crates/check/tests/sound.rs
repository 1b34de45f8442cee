//! Whatever is done to a store, and wherever it is cut off: a check finds nothing to complain of.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]

mod site;

use std::sync::Arc;

use bytes::Bytes;
use daypass_api::object::ETag;
use daypass_api::operation::UploadRef;
use daypass_blob::Blobs;
use daypass_blob::faulty::{Call, FaultyBlobs, FinishFault};
use daypass_blob::memory::MemoryBlobs;
use daypass_check::{CheckError, Finding, Options, Subject, Summary};
use daypass_kv::Kv;
use daypass_kv::faulty::{CommitFault, FaultyKv};
use daypass_kv::memory::MemoryKv;
use daypass_store::identity::Holder;
use proptest::prelude::*;

use site::{Collected, INLINE, Site, bytes};

/// Few enough to make several stretches of what is in these stores.
const IN_STRETCHES: Options = Options {
    quick: false,
    claims_at_once: 3,
};

struct Engines {
    kv: FaultyKv,
    blobs: FaultyBlobs,
}

impl Engines {
    fn new() -> Self {
        Self {
            kv: FaultyKv::new(Arc::new(MemoryKv::new())),
            blobs: FaultyBlobs::new(Arc::new(MemoryBlobs::new())),
        }
    }

    async fn site(&self) -> Site {
        Site::open(Arc::new(self.kv.clone()), Arc::new(self.blobs.clone())).await
    }

    async fn findings(&self, options: Options) -> Vec<Finding> {
        let (summary, collected) = check(&self.kv, &self.blobs, options).await.unwrap();
        assert_eq!(summary.is_sound(), collected.findings.is_empty());
        collected.findings
    }
}

#[tokio::test]
async fn a_furnished_store_is_sound_however_it_is_cut() {
    let engines = Engines::new();
    engines.site().await.furnish().await;
    for claims_at_once in [1, 3, 1_000_000] {
        let options = Options {
            claims_at_once,
            ..Options::default()
        };
        let (summary, collected) = check(&engines.kv, &engines.blobs, options).await.unwrap();
        assert_eq!(collected.findings, []);
        assert_eq!((summary.buckets, summary.objects, summary.uploads), (2, 10, 2));
        assert_eq!((summary.users, summary.access_keys), (2, 2));
        assert!(summary.waiting_for_sweep > 0);
        assert_eq!(summary.passes == 1, claims_at_once == 1_000_000);
    }
    let quick = Options {
        quick: true,
        ..Options::default()
    };
    let (summary, _) = check(&engines.kv, &engines.blobs, quick).await.unwrap();
    assert!(summary.is_sound());
    assert_eq!(summary.blob_bytes_read, 0);
}

#[tokio::test]
async fn an_empty_store_is_sound() {
    let engines = Engines::new();
    assert_eq!(engines.findings(Options::default()).await, []);
    let options = daypass_store::StoreOptions::default();
    let (kv, blobs) = (engines.kv.clone(), engines.blobs.clone());
    daypass_store::Store::open(Arc::new(kv), Arc::new(blobs), options)
        .await
        .unwrap();
    assert_eq!(engines.findings(Options::default()).await, []);
}

/// Checks a store as its engines are now.
async fn check(kv: &dyn Kv, blobs: &dyn Blobs, options: Options) -> Result<(Summary, Collected), CheckError> {
    let snapshot = kv.snapshot().await?;
    let mut collected = Collected::default();
    let master = daypass_token::MasterKeys::new(site::master());
    let subject = Subject {
        snapshot: &*snapshot,
        blobs,
        master: Some(&master),
    };
    let summary = daypass_check::check(subject, options, &mut collected).await?;
    Ok((summary, collected))
}

#[derive(Clone, Debug)]
enum Action {
    Put(usize, usize),
    Copy(usize, usize),
    Delete(usize),
    Begin(usize),
    Part(usize, u32, usize),
    Complete(usize),
    Abort(usize),
    Bucket(bool),
    Cors(bool),
    User(usize, bool),
    Policy(usize),
    Attach(usize, usize, bool),
    Bound(usize, Option<usize>),
    Group(usize, bool),
    Member(usize, usize, bool),
    Role(usize, bool),
    Provider(usize, bool),
    Version(usize, bool),
    Unmake(usize),
    Used(usize),
    Sweep(i64),
}

/// How a run is cut off.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Nowhere,
    Commit(u64, CommitFault),
    Blob(Call, u64),
    Finish(u64, FinishFault),
}

const NAMES: [&str; 3] = ["a", "b/c", "é\0"];

fn action() -> impl Strategy<Value = Action> {
    let name = || 0..NAMES.len();
    let length = || prop_oneof![Just(0), 1..INLINE, INLINE..5000];
    prop_oneof![
        5 => (name(), length()).prop_map(|(name, length)| Action::Put(name, length)),
        3 => (name(), name()).prop_map(|(from, to)| Action::Copy(from, to)),
        2 => name().prop_map(Action::Delete),
        2 => name().prop_map(Action::Begin),
        5 => (0..3_usize, 1..3_u32, length()).prop_map(|(upload, number, length)| Action::Part(upload, number, length)),
        3 => (0..3_usize).prop_map(Action::Complete),
        1 => (0..3_usize).prop_map(Action::Abort),
        1 => any::<bool>().prop_map(Action::Bucket),
        1 => any::<bool>().prop_map(Action::Cors),
        2 => (name(), any::<bool>()).prop_map(|(name, there)| Action::User(name, there)),
        1 => name().prop_map(Action::Policy),
        3 => (0..9_usize, name(), any::<bool>()).prop_map(|(holder, policy, there)| Action::Attach(holder, policy, there)),
        2 => (0..9_usize, proptest::option::of(name())).prop_map(|(holder, policy)| Action::Bound(holder, policy)),
        2 => (name(), any::<bool>()).prop_map(|(name, there)| Action::Group(name, there)),
        2 => (name(), name(), any::<bool>()).prop_map(|(group, user, there)| Action::Member(group, user, there)),
        2 => (name(), any::<bool>()).prop_map(|(name, there)| Action::Role(name, there)),
        2 => (name(), any::<bool>()).prop_map(|(name, there)| Action::Provider(name, there)),
        1 => (name(), any::<bool>()).prop_map(|(policy, default)| Action::Version(policy, default)),
        1 => name().prop_map(Action::Unmake),
        1 => (1..4_usize).prop_map(Action::Used),
        3 => prop_oneof![Just(0_i64), Just(2), Just(30)].prop_map(Action::Sweep),
    ]
}

fn cut() -> impl Strategy<Value = Cut> {
    let faults = prop_oneof![
        Just(CommitFault::NotApplied),
        any::<bool>().prop_map(|applied| CommitFault::Unknown { applied }),
        any::<bool>().prop_map(|applied| CommitFault::Crash { applied }),
    ];
    let finish = prop_oneof![
        Just(FinishFault::LostAnswer),
        any::<bool>().prop_map(|finished| FinishFault::Crash { finished }),
    ];
    let call = prop_oneof![
        Just(Call::Create),
        Just(Call::Write),
        Just(Call::Finish),
        Just(Call::Delete),
    ];
    prop_oneof![
        1 => Just(Cut::Nowhere),
        5 => (1..50_u64, faults).prop_map(|(number, fault)| Cut::Commit(number, fault)),
        2 => (call, 1..12_u64).prop_map(|(call, number)| Cut::Blob(call, number)),
        2 => (1..12_u64, finish).prop_map(|(number, fault)| Cut::Finish(number, fault)),
    ]
}

/// What the run remembers to go on with.
#[derive(Default)]
struct Memory {
    uploads: Vec<(UploadRef, Vec<ETag>)>,
    users: Vec<daypass_api::names::Uin>,
    policies: Vec<daypass_api::names::PolicyId>,
    groups: Vec<daypass_api::names::GroupId>,
    roles: Vec<daypass_api::names::RoleId>,
    made: usize,
}

impl Memory {
    /// Does something; refusals and planned failures are all the same here.
    async fn act(&mut self, site: &Site, action: Action, seed: u64) {
        match action {
            Action::Put(name, length) => drop(site.put(NAMES[name], &bytes(length, seed)).await),
            Action::Copy(from, to) => drop(site.copy(NAMES[from], NAMES[to]).await),
            Action::Delete(name) => drop(site.delete(NAMES[name]).await),
            Action::Begin(name) => {
                let begun = site.begin(NAMES[name]).await.ok();
                self.uploads.extend(begun.map(|upload| (upload, Vec::new())));
            }
            Action::Part(upload, number, length) => {
                let Some((upload, tags)) = self.uploads.get_mut(upload) else {
                    return;
                };
                let data: Bytes = bytes(if length > INLINE { site::MIB } else { length }, seed);
                if let Ok(tag) = site.part(upload, number, &data).await {
                    tags.resize(tags.len().max(number as usize), tag.clone());
                    tags[number as usize - 1] = tag;
                }
            }
            Action::Complete(upload) => {
                if let Some((upload, tags)) = self.uploads.get(upload) {
                    drop(site.complete(upload, tags).await);
                }
            }
            Action::Abort(upload) => {
                if let Some((upload, _)) = self.uploads.get(upload) {
                    drop(site.abort(upload).await);
                }
            }
            Action::Bucket(true) => drop(site.create_bucket("other").await),
            Action::Bucket(false) => drop(site.delete_bucket("other").await),
            Action::Cors(wanted) => drop(site.cors(wanted).await),
            Action::User(number, true) => {
                self.made += 1;
                let key = format!("AKID{}", self.made);
                let key = number.is_multiple_of(2).then_some(&key[..]);
                self.users
                    .extend(site.create_user(&format!("user{number}"), key).await.ok());
            }
            Action::User(number, false) => drop(site.delete_user(&format!("user{number}")).await),
            Action::Policy(number) => {
                let made = site.create_policy(&format!("policy{number}")).await;
                self.policies.extend(made.ok());
            }
            Action::Sweep(hours) => drop(site.sweep(hours).await),
            other => self.act_on_identities(site, other).await,
        }
    }

    async fn act_on_identities(&mut self, site: &Site, action: Action) {
        match action {
            Action::Attach(holder, policy, there) => {
                if let (Some(holder), Some(policy)) = (self.holder(holder), self.policies.get(policy)) {
                    drop(match there {
                        true => site.attach(holder, *policy).await,
                        false => site.detach(holder, *policy).await,
                    });
                }
            }
            Action::Bound(holder, policy) => {
                let policy = policy.and_then(|policy| self.policies.get(policy)).copied();
                if let Some(holder) = self.holder(holder) {
                    drop(site.bound(holder, policy).await);
                }
            }
            Action::Group(number, true) => {
                let made = site.create_group(&format!("group{number}")).await;
                self.groups.extend(made.ok());
            }
            Action::Group(number, false) => {
                if let Some(group) = self.groups.get(number) {
                    drop(site.delete_group(*group).await);
                }
            }
            Action::Member(group, user, there) => {
                if let (Some(group), Some(user)) = (self.groups.get(group), self.users.get(user)) {
                    drop(site.member(*group, *user, there).await);
                }
            }
            Action::Role(number, true) => {
                let made = site.create_role(&format!("role{number}")).await;
                self.roles.extend(made.ok());
            }
            Action::Role(number, false) => drop(site.delete_role(&format!("role{number}")).await),
            Action::Provider(number, true) => drop(site.provider(&format!("provider{number}")).await),
            Action::Provider(number, false) => {
                drop(site.delete_provider(&format!("provider{number}")).await);
            }
            Action::Version(policy, default) => {
                if let Some(policy) = self.policies.get(policy) {
                    drop(site.create_version(*policy, default).await);
                }
            }
            Action::Unmake(policy) => {
                if let Some(policy) = self.policies.get(policy) {
                    drop(site.delete_policy(*policy).await);
                }
            }
            Action::Used(key) => drop(site.note_use(&format!("AKID{key}")).await),
            other => unreachable!("{other:?}"),
        }
    }

    /// One of the users, groups and roles that were made.
    fn holder(&self, number: usize) -> Option<Holder> {
        match number % 3 {
            0 => self.users.get(number / 3).copied().map(Holder::User),
            1 => self.groups.get(number / 3).copied().map(Holder::Group),
            _ => self.roles.get(number / 3).copied().map(Holder::Role),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn no_sequence_of_operations_and_crashes_leaves_damage(
        before in proptest::collection::vec(action(), 1..25), cut in cut(),
        after in proptest::collection::vec(action(), 0..10),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let engines = Engines::new();
            let site = engines.site().await;
            match cut {
                Cut::Nowhere => {}
                Cut::Commit(number, fault) => engines.kv.fail_commit(engines.kv.commits_seen() + number, fault),
                Cut::Blob(call, number) => engines.blobs.fail(call, engines.blobs.seen(call) + number),
                Cut::Finish(number, fault) => {
                    engines.blobs.fail_finish(engines.blobs.seen(Call::Finish) + number, fault);
                }
            }
            let mut memory = Memory::default();
            let mut seed = 0;
            for action in before {
                seed += 1;
                memory.act(&site, action, seed).await;
                if engines.kv.is_down() || engines.blobs.is_down() {
                    break;
                }
            }
            engines.kv.restart();
            engines.blobs.restart();
            assert_eq!(engines.findings(Options::default()).await, []);
            for action in after {
                seed += 1;
                memory.act(&site, action, seed).await;
            }
            assert_eq!(engines.findings(IN_STRETCHES).await, []);
        });
    }
}
