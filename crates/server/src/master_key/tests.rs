//! An exchange of the master key is cut off at each of its writes, and taken up again by a start, or by who asked for it.

use std::sync::atomic::{AtomicUsize, Ordering};

use daypass_api::names::{Account, AppId, Uin, UserName};
use daypass_api::operation::CreateUser;
use daypass_api::secret::SecretKey;
use daypass_blob::memory::MemoryBlobs;
use daypass_kv::faulty::{CommitFault, FaultyKv};
use daypass_kv::memory::MemoryKv;
use daypass_store::StoreOptions;
use daypass_token::KeyRing;
use tokio::runtime::Handle;

use super::*;
use crate::bootstrap::key_material;
use crate::secrets_at_rest::{GivenKeys, master_keys, stored_master_keys};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
/// More than one batch wraps anew.
const USERS: usize = 300;
const OWNER: Account = Account {
    app_id: AppId(1_250_000_000),
    owner_uin: Uin(100),
};

struct Site {
    data: tempfile::TempDir,
    kv: FaultyKv,
    store: Store,
    masters: Arc<Masters>,
}

fn id(number: usize) -> AccessKeyId {
    AccessKeyId::parse(&format!("AKIDof{number}")).unwrap()
}

fn secret(number: usize) -> SecretKey {
    SecretKey::new(format!("secret of {number}"))
}

impl Site {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let kv = FaultyKv::new(Arc::new(MemoryKv::default()));
        let blobs = Arc::new(MemoryBlobs::default());
        let store = Store::open(Arc::new(kv.clone()), blobs, StoreOptions::default()).await;
        let store = store.unwrap();
        let keys = master_keys(data.path(), GivenKeys::default(), true, SystemRandom.bytes()).unwrap();
        let material =
            |number| key_material(keys.current(), id(number), secret(number), SystemRandom).unwrap();
        assert!(store.create_account(OWNER, &material(0), NOW).await.unwrap());
        for number in 1..=USERS {
            let create = CreateUser {
                name: UserName::parse(&format!("user{number}")).unwrap(),
                remark: String::new(),
                with_access_key: true,
                contact: Default::default(),
            };
            let made = store.create_user(OWNER, &create, |_| Ok(material(number)), NOW);
            made.await.unwrap();
        }
        let ring = KeyRing::new(NOW, &[3; 32])
            .wrap(keys.current(), &[4; 16])
            .unwrap();
        let ring = WrappedKeyRing { wrapped: ring.into() };
        assert!(store.replace_key_ring(None, &ring, NOW).await.unwrap());
        let masters = Arc::new(Masters::new(keys, Some(KeyFiles::new(data.path()))));
        Self {
            data,
            kv,
            store,
            masters,
        }
    }

    async fn rotate(&self) -> Result<u64, Error> {
        self.masters
            .exchange(Exchange::New, &self.store, SystemRandom, NOW)
            .await
    }

    fn in_files(&self) -> MasterKeys {
        stored_master_keys(self.data.path(), GivenKeys::default()).unwrap()
    }

    /// What a start does.
    async fn start(&self) {
        let files = KeyFiles::new(self.data.path());
        let keys = finish(&self.store, self.in_files(), Some(&files), SystemRandom, NOW).await;
        assert!(!keys.unwrap().are_two());
    }

    /// Everything opens under these keys.
    async fn assert_opens(&self, keys: &MasterKeys) {
        let view = self.store.view().await.unwrap();
        keys.unwrap_ring(&view.key_ring().await.unwrap().unwrap().wrapped)
            .unwrap();
        for number in 0..=USERS {
            let key = view.access_key(&id(number)).await.unwrap().unwrap();
            let opened = keys.unwrap_secret(&id(number), &key.secret.wrapped);
            assert_eq!(opened, Ok(secret(number)), "{number}");
        }
    }

    /// The exchange is over: one file, under which everything opens, and nothing under another key.
    async fn assert_exchanged(&self, old: &MasterKeys) {
        let keys = self.in_files();
        assert!(!keys.are_two());
        self.assert_opens(&keys).await;
        let key = self
            .store
            .view()
            .await
            .unwrap()
            .access_key(&id(7))
            .await
            .unwrap()
            .unwrap();
        assert!(old.unwrap_secret(&id(7), &key.secret.wrapped).is_err());
    }
}

#[tokio::test]
async fn an_exchange_wraps_everything_anew() {
    let site = Site::new().await;
    let old = site.masters.keys();
    assert_eq!(site.rotate().await, Ok(USERS as u64 + 1));
    site.assert_exchanged(&old).await;
    site.assert_opens(&site.masters.keys()).await;
    let second = site.masters.keys();
    assert_eq!(site.rotate().await, Ok(USERS as u64 + 1));
    site.assert_exchanged(&second).await;
}

#[tokio::test]
async fn a_crash_at_any_write_loses_nothing() {
    let faults = [
        CommitFault::NotApplied,
        CommitFault::Unknown { applied: true },
        CommitFault::Crash { applied: false },
        CommitFault::Crash { applied: true },
    ];
    // The ring, and two pages of secrets.
    for write in 1..=3 {
        for fault in faults {
            let site = Site::new().await;
            let old = site.masters.keys();
            site.kv.fail_commit(site.kv.commits_seen() + write, fault);
            let outcome = site.rotate().await;
            site.kv.restart();
            if outcome.is_err() {
                // What goes on opens everything; and so would a start, from what is in the files.
                site.assert_opens(&site.masters.keys()).await;
                site.assert_opens(&site.in_files()).await;
                assert!(site.in_files().are_two());
            }
            match (fault, outcome) {
                (CommitFault::Crash { .. }, outcome) => {
                    assert!(outcome.is_err(), "{write} {fault:?}");
                    site.start().await;
                }
                (_, Err(_)) => drop(site.rotate().await.unwrap()),
                (_, Ok(_)) => {}
            }
            site.assert_exchanged(&old).await;
        }
    }
}

#[tokio::test]
async fn a_crash_between_the_files_loses_nothing() {
    let site = Site::new().await;
    let (old, files) = (site.masters.keys(), KeyFiles::new(site.data.path()));
    // The new key is written down, and nothing is done with it.
    files.write_next(&MasterKey::new(&[9; 32])).unwrap();
    assert!(site.in_files().are_two());
    site.assert_opens(&site.in_files()).await;
    site.start().await;
    site.assert_exchanged(&old).await;
    // The new key has taken its place, and its own file is still there.
    files.write_next(&MasterKey::new(&[9; 32])).unwrap();
    site.assert_opens(&site.in_files()).await;
    site.start().await;
    site.assert_exchanged(&old).await;
}

#[tokio::test]
async fn a_given_key_is_exchanged_by_a_start_with_both() {
    let site = Site::new().await;
    let old = site.in_files();
    let (new, previous) = ("0e".repeat(32), old.current().expose());
    let given = GivenKeys {
        current: Some(&new),
        previous: Some(&previous),
    };
    let both = || stored_master_keys(site.data.path(), given).unwrap();
    for _ in 0..2 {
        let keys = finish(&site.store, both(), None, SystemRandom, NOW)
            .await
            .unwrap();
        assert!(!keys.are_two());
        site.assert_opens(&keys).await;
    }
    let strangers = MasterKeys::new(MasterKey::new(&[1; 32])).succeeded_by(MasterKey::new(&[2; 32]));
    let refused = finish(&site.store, strangers, None, SystemRandom, NOW).await;
    assert!(matches!(refused, Err(crate::StartError::MasterKeyWrong)));
    // A key that was given is not the server's to change.
    let masters = Arc::new(Masters::new(both(), None));
    let refused = masters
        .exchange(Exchange::New, &site.store, SystemRandom, NOW)
        .await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::NotImplemented);
}

/// Two gateways: while one decides to store a new access key, the other exchanges the master key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_never_stored_under_a_master_key_that_the_ring_has_left() {
    let site = Site::new().await;
    let there = Store::open(
        Arc::new(site.kv.clone()),
        Arc::new(MemoryBlobs::default()),
        StoreOptions::default(),
    );
    let there = there.await.unwrap();
    let (old, asked) = (site.masters.keys(), AtomicUsize::new(0));
    let make = |ring: Option<&WrappedKeyRing>| {
        if asked.fetch_add(1, Ordering::SeqCst) == 0 {
            let exchange = site.rotate();
            tokio::task::block_in_place(|| Handle::current().block_on(exchange))?;
        }
        let found = old
            .of_ring(&ring.unwrap().wrapped)
            .ok_or(ErrorCode::ServiceUnavailable)?;
        Ok(key_material(found, id(USERS + 1), secret(USERS + 1), SystemRandom).unwrap())
    };
    let refused = there
        .create_access_key(OWNER, OWNER.owner_uin, "", make, NOW)
        .await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::ServiceUnavailable);
    assert_eq!(asked.load(Ordering::SeqCst), 2, "once for each ring");
    assert!(
        there
            .view()
            .await
            .unwrap()
            .access_key(&id(USERS + 1))
            .await
            .unwrap()
            .is_none()
    );
    site.assert_exchanged(&old).await;
}

/// Both begin an exchange of their own; the slower one gives its key up, and follows when it is told the other one.
#[tokio::test]
async fn of_two_exchanges_at_once_one_counts() {
    let site = Site::new().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let old = site.masters.keys();
    let files = KeyFiles::new(elsewhere.path());
    files.promote(old.current()).unwrap();
    let slower = Arc::new(Masters::new(old.clone(), Some(files.clone())));
    site.rotate().await.unwrap();
    let refused = slower
        .exchange(Exchange::New, &site.store, SystemRandom, NOW)
        .await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::ServiceUnavailable);
    assert!(!slower.keys().are_two() && files.unfinished().is_none());
    let ring = site
        .store
        .view()
        .await
        .unwrap()
        .key_ring()
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(slower.adopt(&ring), Err(NotAdopted::Stranger)));
    files.promote(site.masters.keys().current()).unwrap();
    slower.adopt(&ring).unwrap();
    let done = slower
        .exchange(Exchange::CutOff, &site.store, SystemRandom, NOW)
        .await;
    assert_eq!((done, slower.keys().are_two()), (Ok(0), false));
    site.assert_exchanged(&old).await;
    site.assert_opens(&slower.keys()).await;
}

/// The gateway that began an exchange is gone in the middle of it: one that is told its key ends it.
#[tokio::test]
async fn an_exchange_is_ended_by_a_gateway_that_follows() {
    let site = Site::new().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let (old, files) = (site.masters.keys(), KeyFiles::new(elsewhere.path()));
    let other = Arc::new(Masters::new(old.clone(), Some(files.clone())));
    site.kv
        .fail_commit(site.kv.commits_seen() + 2, CommitFault::Crash { applied: true });
    site.rotate().await.unwrap_err();
    site.kv.restart();
    files.promote(site.in_files().current()).unwrap();
    let ring = site
        .store
        .view()
        .await
        .unwrap()
        .key_ring()
        .await
        .unwrap()
        .unwrap();
    other.adopt(&ring).unwrap();
    site.assert_opens(&other.keys()).await;
    let rest = other
        .exchange(Exchange::CutOff, &site.store, SystemRandom, NOW)
        .await;
    assert_eq!(rest, Ok(USERS as u64 + 1 - 256), "one page was wrapped already");
    site.assert_opens(&other.keys()).await;
    assert_eq!(site.rotate().await, Ok(0), "it finds nothing left to do");
    site.assert_exchanged(&old).await;
}
