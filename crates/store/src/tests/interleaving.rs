//! Several tasks on one thread whose turns are decided by a seed: every conflict that real concurrency can
//! bring, and the same again when a test fails.

use std::time::Duration;

use async_trait::async_trait;
use daypass_blob::{BlobError, BlobId, BlobStream, BlobWriter};
use daypass_kv::{Batch, CommitError, KvError, Limits, Snapshot};
use proptest::prelude::*;
use tokio::task::JoinSet;

use super::*;

/// Engines that let other tasks run before each call, as often as the seed says.
struct Jitter<T> {
    inner: T,
    turns: Arc<Seeded>,
}

impl<T> Jitter<T> {
    async fn wait(&self) {
        let mut turns = [0];
        self.turns.fill(&mut turns);
        for _ in 0..turns[0] % 4 {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Kv for Jitter<MemoryKv> {
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, KvError> {
        self.wait().await;
        self.inner.snapshot().await
    }

    async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.wait().await;
        self.inner.commit(batch).await
    }

    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    async fn close(&self) -> Result<(), KvError> {
        self.inner.close().await
    }
}

#[async_trait]
impl Blobs for Jitter<MemoryBlobs> {
    async fn create(&self, id: BlobId) -> Result<Box<dyn BlobWriter>, BlobError> {
        self.wait().await;
        self.inner.create(id).await
    }

    async fn read(&self, id: BlobId, offset: u64, length: u64) -> Result<BlobStream, BlobError> {
        self.wait().await;
        self.inner.read(id, offset, length).await
    }

    async fn length(&self, id: BlobId) -> Result<u64, BlobError> {
        self.inner.length(id).await
    }

    async fn delete(&self, id: BlobId) -> Result<(), BlobError> {
        self.wait().await;
        self.inner.delete(id).await
    }

    async fn list(&self, after: Option<BlobId>, limit: usize) -> Result<Vec<BlobId>, BlobError> {
        self.inner.list(after, limit).await
    }

    async fn verify(&self, id: BlobId) -> Result<u64, BlobError> {
        self.inner.verify(id).await
    }
}

/// Engines whose every call lets others run.
pub(super) fn jittered_engines(seed: u64) -> (Arc<dyn Kv>, Arc<dyn Blobs>) {
    let turns = Arc::new(Seeded(AtomicU64::new(seed)));
    let kv = Jitter {
        inner: MemoryKv::new(),
        turns: Arc::clone(&turns),
    };
    (
        Arc::new(kv),
        Arc::new(Jitter {
            inner: MemoryBlobs::new(),
            turns,
        }),
    )
}

async fn jittered(seed: u64) -> Fixture {
    let (kv, blobs) = jittered_engines(seed);
    let options = StoreOptions {
        inline_bytes: INLINE,
        ..Default::default()
    };
    let fixture = fixture_on(kv, blobs, options).await;
    fixture.create_bucket("photos").await.unwrap();
    fixture
}

pub(super) fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(test);
}

/// What one task does, step by step. Sizes below `INLINE` are stored inline.
#[derive(Clone, Debug)]
enum Step {
    Put {
        name: u8,
        length: usize,
    },
    PutNew {
        name: u8,
        length: usize,
    },
    Delete {
        name: u8,
    },
    Multipart {
        name: u8,
        length: usize,
        leave_one: bool,
    },
    Abort {
        name: u8,
        length: usize,
    },
    /// Removes what is dead, with no grace time.
    Sweep,
    /// Takes uploads under way for dead. What it finds dead is not removed by the other sweeps, for which it is
    /// still in the future; nothing else would be fair to an upload that is just finishing.
    SweepLater,
}

fn step() -> impl Strategy<Value = Step> {
    let name = 0..2_u8;
    let length = prop_oneof![Just(100_usize), Just(2000)];
    prop_oneof![
        3 => (name.clone(), length.clone()).prop_map(|(name, length)| Step::Put { name, length }),
        1 => (name.clone(), length.clone()).prop_map(|(name, length)| Step::PutNew { name, length }),
        2 => name.clone().prop_map(|name| Step::Delete { name }),
        2 => (name.clone(), length.clone(), any::<bool>())
            .prop_map(|(name, length, leave_one)| Step::Multipart { name, length, leave_one }),
        1 => (name, length).prop_map(|(name, length)| Step::Abort { name, length }),
        3 => Just(Step::Sweep),
        1 => Just(Step::SweepLater),
    ]
}

impl Fixture {
    async fn clean(&self, now: Timestamp) -> Result<(), Error> {
        let grace = if now == NOW {
            Duration::ZERO
        } else {
            Duration::from_secs(3600)
        };
        let report = self.store.sweep(now, grace, 50).await?;
        assert_eq!(report.failures, 0);
        Ok(())
    }

    /// Takes a step; refusals that the service may give are fine, failures are not.
    async fn take(&self, step: Step, seed: u64) -> Result<(), Error> {
        let name = |name: u8| format!("a{name}");
        match step {
            Step::Put { name: number, length } => {
                self.put(&name(number), &bytes(length, seed)).await.map(drop)
            }
            Step::PutNew { name: number, length } => {
                let request = PutObject {
                    forbid_overwrite: true,
                    ..put(&name(number))
                };
                self.put_request(&request, &bytes(length, seed)).await.map(drop)
            }
            Step::Delete { name: number } => self.delete(&name(number)).await.map(drop),
            Step::Multipart {
                name: number,
                length,
                leave_one,
            } => {
                let upload = self.begin(&name(number)).await?;
                let tag = self.part(&upload, 1, &bytes(length, seed)).await?;
                if leave_one {
                    self.part(&upload, 3, &bytes(length, seed)).await?;
                }
                self.complete(&upload, &[entry(1, &tag)]).await.map(drop)
            }
            Step::Abort { name: number, length } => {
                let upload = self.begin(&name(number)).await?;
                self.part(&upload, 1, &bytes(length, seed)).await?;
                self.abort(&upload).await.map(drop)
            }
            Step::Sweep => self.clean(NOW).await,
            Step::SweepLater => self.clean(NOW.plus_seconds(100_000)).await,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn sweeps_between_everything_remove_nothing_that_is_shown(
        seed: u64, scripts in proptest::collection::vec(proptest::collection::vec(step(), 1..10), 2..6),
    ) {
        run(async {
            let fixture = jittered(seed).await;
            let mut tasks = JoinSet::new();
            for (number, script) in scripts.into_iter().enumerate() {
                let fixture = fixture.clone();
                tasks.spawn(async move {
                    for step in script {
                        match fixture.take(step.clone(), number as u64).await {
                            Ok(()) => {}
                            // A sweep a day later takes an upload under way for dead.
                            Err(error) => assert!(
                                matches!(error.code, ErrorCode::ObjectExists | ErrorCode::RequestTimeout),
                                "{step:?}: {error:?}"
                            ),
                        }
                        fixture.audit().await;
                    }
                });
            }
            tasks.join_all().await;
            fixture.audit_after_sweeps().await;
        });
    }

    #[test]
    fn of_conditional_puts_one_wins(seed: u64, length in prop_oneof![Just(100_usize), Just(2000)]) {
        run(async {
            let fixture = jittered(seed).await;
            let mut tasks = JoinSet::new();
            for writer in 0..5 {
                let fixture = fixture.clone();
                tasks.spawn(async move {
                    let request = PutObject { forbid_overwrite: true, ..put("a") };
                    fixture.put_request(&request, &bytes(length, writer)).await.is_ok().then_some(writer)
                });
            }
            let won: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
            assert_eq!(won.len(), 1);
            assert_eq!(fixture.get("a").await.unwrap(), bytes(length, won[0]));
            fixture.audit_after_sweeps().await;
        });
    }

    #[test]
    fn a_put_or_the_removal_of_its_bucket(seed: u64, length in prop_oneof![Just(100_usize), Just(2000)]) {
        run(async {
            let fixture = jittered(seed).await;
            let (writer, remover) = (fixture.clone(), fixture.clone());
            let put = tokio::spawn(async move { writer.put("a", &bytes(length, 1)).await });
            let remove = tokio::spawn(async move { remover.delete_bucket("photos").await });
            match (put.await.unwrap(), remove.await.unwrap()) {
                (Ok(_), Err(error)) => assert_eq!(error.code, ErrorCode::BucketNotEmpty),
                (Err(error), Ok(_)) => assert_eq!(error.code, ErrorCode::NoSuchBucket),
                (put, remove) => panic!("{put:?} {remove:?}"),
            }
            fixture.audit_after_sweeps().await;
        });
    }

    #[test]
    fn an_upload_is_completed_or_aborted(seed: u64) {
        run(async {
            let fixture = jittered(seed).await;
            let upload = fixture.begin("a").await.unwrap();
            let tag = fixture.part(&upload, 1, &bytes(2000, 1)).await.unwrap();
            let ends: Vec<_> = (0..3).map(|_| (fixture.clone(), upload.clone())).collect();
            let [(one, first), (two, second), (three, third)] = <[_; 3]>::try_from(ends).ok().unwrap();
            let complete = tokio::spawn(async move { one.complete(&first, &[entry(1, &tag)]).await });
            let abort = tokio::spawn(async move { two.abort(&second).await });
            let part = tokio::spawn(async move { three.part(&third, 7, &bytes(2000, 7)).await });
            let (complete, abort) = (complete.await.unwrap(), abort.await.unwrap());
            assert!(complete.is_ok() != abort.is_ok(), "{complete:?} {abort:?}");
            assert!(part.await.unwrap().err().is_none_or(|error| error.code == ErrorCode::NoSuchUpload));
            assert_eq!(fixture.get("a").await.is_ok(), complete.is_ok());
            fixture.audit_after_sweeps().await;
        });
    }

    /// Whichever bytes the part had when the upload was completed, the object is made of them.
    #[test]
    fn an_upload_is_completed_while_its_part_is_sent_again(seed: u64) {
        run(async {
            let fixture = jittered(seed).await;
            let upload = fixture.begin("a").await.unwrap();
            let tag = fixture.part(&upload, 1, &bytes(2000, 1)).await.unwrap();
            let (completer, sender) = (fixture.clone(), fixture.clone());
            let (first, second) = (upload.clone(), upload);
            let complete = tokio::spawn(async move { completer.complete(&first, &[entry(1, &tag)]).await });
            let part = tokio::spawn(async move { sender.part(&second, 1, &bytes(2000, 2)).await });
            match (complete.await.unwrap(), part.await.unwrap()) {
                (Ok(_), Err(error)) => {
                    assert_eq!(error.code, ErrorCode::NoSuchUpload);
                    assert_eq!(fixture.get("a").await.unwrap(), bytes(2000, 1));
                }
                (Err(error), Ok(_)) => assert_eq!(error.code, ErrorCode::InvalidPart),
                (complete, part) => panic!("{complete:?} {part:?}"),
            }
            fixture.audit_after_sweeps().await;
        });
    }

    #[test]
    fn buckets_made_at_once_are_counted(seed: u64) {
        run(async {
            let fixture = jittered(seed).await;
            let mut tasks = JoinSet::new();
            for number in 0..5 {
                let fixture = fixture.clone();
                tasks.spawn(async move {
                    let name = bucket(&format!("b{number}"));
                    let create = CreateBucket { bucket: name, acl: BucketAclPreset::Private.into(), tags: Vec::new() };
                    fixture.store.create_bucket(fixture.view().await, &create, OWNER, &region(), 3, NOW).await
                });
            }
            // There is one bucket already.
            let made = tasks.join_all().await;
            assert_eq!(made.iter().filter(|result| result.is_ok()).count(), 2, "{made:?}");
        });
    }

    #[test]
    fn of_a_part_sent_twice_at_once_one_remains(seed: u64) {
        run(async {
            let fixture = jittered(seed).await;
            let upload = fixture.begin("a").await.unwrap();
            let mut tasks = JoinSet::new();
            for sender in 0..3 {
                let (fixture, upload) = (fixture.clone(), upload.clone());
                tasks.spawn(async move { fixture.part(&upload, 1, &bytes(2000, sender)).await.unwrap() });
            }
            let tags = tasks.join_all().await;
            fixture.audit().await;
            let mut completed = 0;
            for tag in tags {
                completed += usize::from(fixture.complete(&upload, &[entry(1, &tag)]).await.is_ok());
            }
            assert_eq!(completed, 1);
            fixture.audit_after_sweeps().await;
        });
    }

    #[test]
    fn a_removal_and_a_replacement(seed: u64) {
        run(async {
            let fixture = jittered(seed).await;
            fixture.put("a", &bytes(2000, 1)).await.unwrap();
            let mut tasks = JoinSet::new();
            for writer in 2..4 {
                let fixture = fixture.clone();
                tasks.spawn(async move { fixture.put("a", &bytes(2000, writer)).await.is_ok() });
            }
            let remover = fixture.clone();
            tasks.spawn(async move { remover.delete("a").await.is_ok() });
            assert_eq!(tasks.join_all().await, [true; 3]);
            fixture.audit_after_sweeps().await;
        });
    }
}
