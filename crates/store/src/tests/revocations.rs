//! The log of revocations: what is forgotten is exactly what ends nothing any more, and two stores over one engine have
//! one log.

use daypass_api::names::SessionId;
use daypass_api::outcome::Ended;
use daypass_metadata::keys;
use proptest::prelude::*;
use tokio::task::JoinSet;

use super::*;
use crate::identity::RevocationRecord;

fn record(number: u8, expires: i64) -> RevocationRecord {
    RevocationRecord {
        owner: OWNER.owner_uin,
        ended: Ended::Session(SessionId([number; 16])),
        issued_before: NOW,
        expires: NOW.plus_seconds(expires),
        made: NOW,
        by: OWNER.owner_uin,
    }
}

/// The log, from its beginning.
async fn log(store: &Store) -> Vec<(u64, RevocationRecord)> {
    let view = store.view().await.unwrap();
    view.revocations_after(0).await.unwrap()
}

async fn places(store: &Store) -> Vec<u64> {
    log(store).await.into_iter().map(|(place, _)| place).collect()
}

/// How many marks of the index by expiry there are.
async fn marks(store: &Store) -> usize {
    let view = store.view().await.unwrap();
    let range = daypass_kv::KeyRange::prefix(keys::revocation_ends());
    view.first(range, 1000).await.unwrap().len()
}

#[tokio::test]
async fn what_is_forgotten_ends_nothing_any_more() {
    let store = fixture().await.store;
    let records: Vec<_> = [30, 10, 20, 10, 40]
        .into_iter()
        .enumerate()
        .map(|(place, expires)| record(place as u8, expires))
        .collect();
    store.revoke(&records[..2]).await.unwrap();
    store.revoke(&records[2..]).await.unwrap();
    let forget = async |seconds: i64, limit: usize| {
        let now = NOW.plus_seconds(seconds);
        store.forget_revocations(now, limit).await.unwrap()
    };
    // One whose sessions end at this very moment is kept.
    assert_eq!(
        (forget(10, 100).await, places(&store).await),
        (0, vec![1, 2, 3, 4, 5])
    );
    assert_eq!((forget(11, 1).await, places(&store).await.len()), (1, 4));
    assert_eq!((forget(11, 100).await, places(&store).await), (1, vec![1, 3, 5]));
    assert_eq!(marks(&store).await, 3);
    // What is kept is what it was.
    let kept: Vec<_> = log(&store).await.into_iter().map(|(_, record)| record).collect();
    assert_eq!(kept, [records[0].clone(), records[2].clone(), records[4].clone()]);
    assert_eq!((forget(1000, 100).await, places(&store).await), (3, vec![]));
    assert_eq!((forget(1000, 100).await, marks(&store).await), (0, 0));
    // Places are not given again: whoever has read so far must notice what is new.
    store.revoke(&records[..1]).await.unwrap();
    assert_eq!(places(&store).await, [6]);
    assert_eq!(store.view().await.unwrap().last_revocation().await.unwrap(), 6);
}

#[tokio::test]
async fn every_view_has_the_marks_of_its_own_time() {
    let store = fixture().await.store;
    let marks = async |view: &View| {
        (
            view.identity_generation().await.unwrap(),
            view.last_revocation().await.unwrap(),
        )
    };
    let mut views = Vec::new();
    for number in 1..=3 {
        views.push((store.view().await.unwrap(), u64::from(number) - 1));
        store.revoke(&[record(number, 10)]).await.unwrap();
    }
    // The oldest one last and first, with views of now between them.
    for (view, last) in views.iter().rev().chain(&views) {
        assert_eq!(marks(view).await.1, *last);
        let now = store.view().await.unwrap();
        assert_eq!((marks(&now).await.1, marks(&now).await.1), (3, 3));
        assert_eq!(marks(view).await.0, marks(&now).await.0);
    }
}

proptest! {
    #[test]
    fn exactly_the_dead_are_forgotten(expires in prop::collection::vec(0..50_i64, 1..40), now in 0..60_i64, limit in 1..50_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let store = fixture().await.store;
            let records: Vec<_> = expires.iter().map(|seconds| record(1, *seconds)).collect();
            store.revoke(&records).await.unwrap();
            let forgotten = store.forget_revocations(NOW.plus_seconds(now), limit).await.unwrap();
            let dead = expires.iter().filter(|seconds| **seconds < now).count();
            assert_eq!(forgotten, dead.min(limit));
            let kept = log(&store).await;
            assert_eq!((kept.len(), marks(&store).await), (expires.len() - forgotten, expires.len() - forgotten));
            let alive = kept.iter().filter(|(_, record)| record.expires >= NOW.plus_seconds(now));
            assert_eq!(alive.count(), expires.len() - dead);
        });
    }
}

#[tokio::test]
async fn two_stores_over_one_engine_have_one_log() {
    let kv: Arc<dyn Kv> = Arc::new(MemoryKv::new());
    let blobs: Arc<dyn Blobs> = Arc::new(MemoryBlobs::new());
    let open = || fixture_on(Arc::clone(&kv), Arc::clone(&blobs), StoreOptions::default());
    let (here, there) = (open().await.store, open().await.store);
    let mut tasks = JoinSet::new();
    for number in 0..16 {
        let store = if number % 2 == 0 { &here } else { &there }.clone();
        tasks.spawn(async move {
            let result = store.revoke(&[record(number, 10), record(number, 20)]).await;
            result.unwrap();
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    // None took another's place, and both see all of them.
    let expected: Vec<u64> = (1..=32).collect();
    assert_eq!(
        (places(&here).await, places(&there).await),
        (expected.clone(), expected)
    );
    // What one forgets while the other adds takes nothing else along.
    let (now, fresh) = (NOW.plus_seconds(15), [record(99, 10), record(99, 30)]);
    let (forgotten, added) = tokio::join!(here.forget_revocations(now, 100), there.revoke(&fresh));
    added.unwrap();
    assert!((16..=17).contains(&forgotten.unwrap()));
    here.forget_revocations(now, 100).await.unwrap();
    let left = log(&there).await;
    assert_eq!(left.len(), 17);
    assert!(left.iter().all(|(_, record)| record.expires >= now));
}
