//! The conformance suite: what every engine must do, checked through the traits alone.
//!
//! [`run`] panics with an explanation when an engine deviates. It asks for a fresh, empty engine for each
//! part. Durability is not in here, since it takes an engine's own means to look behind it.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test suite fails by panicking"
)]

mod batches;
mod listing;

use std::sync::Arc;

use bytes::Bytes;

use crate::{Batch, CommitError, Direction, KeyRange, Kv, KvError, Pair};

/// Runs the whole suite against engines from `make`, each of which must be empty.
pub async fn run(make: impl AsyncFn() -> Arc<dyn Kv>) {
    pairs_are_put_read_and_deleted(make().await.as_ref()).await;
    snapshots_do_not_change(make().await.as_ref()).await;
    stamps_tell_commits_apart(make().await.as_ref()).await;
    ranges_keep_to_their_bounds(make().await.as_ref()).await;
    batches::preconditions_decide(make().await.as_ref()).await;
    batches::conflicts_name_the_first_condition(make().await.as_ref()).await;
    batches::batches_are_whole_or_nothing(make().await.as_ref()).await;
    batches::limits_hold_at_their_bounds(make().await.as_ref()).await;
    batches::counters_lose_nothing(make().await).await;
    batches::one_of_many_creators_wins(make().await).await;
    listing::groups_are_folded(make().await.as_ref()).await;
    listing::listings_agree_with_a_model(&make).await;
    closed_engines_refuse(make().await.as_ref()).await;
}

async fn stamps_tell_commits_apart(kv: &dyn Kv) {
    let mut seen = std::collections::HashMap::new();
    for round in 0..20_u8 {
        // Every other round nothing is written, and a failed commit writes nothing either.
        if round % 2 == 0 {
            commit(kv, Batch::new().put("round", vec![round])).await;
        }
        let refused = kv
            .commit(Batch::new().require_absent("round").put("round", "x"))
            .await;
        assert!(
            matches!(refused, Err(CommitError::Conflict { .. })),
            "{refused:?}"
        );
        for _ in 0..2 {
            let snapshot = kv.snapshot().await.unwrap();
            let value = snapshot.get(b"round").await.unwrap();
            if let Some(stamp) = snapshot.stamp() {
                let before = seen.entry(stamp).or_insert_with(|| value.clone());
                assert_eq!(*before, value, "two states under one stamp");
            }
        }
    }
}

async fn pairs_are_put_read_and_deleted(kv: &dyn Kv) {
    assert_eq!(get(kv, b"a").await, None);
    commit(kv, Batch::new()).await;
    commit(
        kv,
        Batch::new()
            .put("a", "1")
            .put("", "empty key")
            .put("empty value", ""),
    )
    .await;
    assert_eq!(get(kv, b"a").await, Some(Bytes::from("1")));
    assert_eq!(get(kv, b"").await, Some(Bytes::from("empty key")));
    assert_eq!(get(kv, b"empty value").await, Some(Bytes::new()));
    assert_eq!(get(kv, b"a\0").await, None, "a longer key is another key");
    commit(kv, Batch::new().put("a", "2").delete("").delete("never there")).await;
    assert_eq!(get(kv, b"a").await, Some(Bytes::from("2")));
    assert_eq!(get(kv, b"").await, None);
    commit(
        kv,
        Batch::new()
            .put("a", "3")
            .delete("a")
            .put("a", "4")
            .put("b", "5")
            .delete("b"),
    )
    .await;
    assert_eq!(
        get(kv, b"a").await,
        Some(Bytes::from("4")),
        "the last write to a key wins"
    );
    assert_eq!(get(kv, b"b").await, None, "the last write to a key wins");
}

async fn snapshots_do_not_change(kv: &dyn Kv) {
    commit(kv, Batch::new().put("a", "1").put("b", "1").put("c/1", "1")).await;
    let before = kv.snapshot().await.unwrap();
    commit(kv, Batch::new().put("a", "2").delete("b").put("c/2", "2")).await;
    let after = kv.snapshot().await.unwrap();

    assert_eq!(before.get(b"a").await.unwrap(), Some(Bytes::from("1")));
    assert_eq!(before.get(b"b").await.unwrap(), Some(Bytes::from("1")));
    let all = before
        .range(KeyRange::all(), Direction::Forward, 100)
        .await
        .unwrap();
    assert_eq!(keys(&all), ["a", "b", "c/1"]);
    let page = before
        .scan_prefixes(b"c/", b"", std::ops::Bound::Unbounded, 100)
        .await
        .unwrap();
    assert_eq!(
        page.entries.len(),
        1,
        "a listing sees the snapshot, not the present"
    );

    assert_eq!(after.get(b"a").await.unwrap(), Some(Bytes::from("2")));
    let all = after
        .range(KeyRange::all(), Direction::Forward, 100)
        .await
        .unwrap();
    assert_eq!(keys(&all), ["a", "c/1", "c/2"]);
}

async fn ranges_keep_to_their_bounds(kv: &dyn Kv) {
    let stored = ["", "a", "a\0", "ab", "b", "c"];
    commit(
        kv,
        stored
            .iter()
            .fold(Batch::new(), |batch, key| batch.put(*key, "value")),
    )
    .await;
    let snapshot = kv.snapshot().await.unwrap();
    use std::ops::Bound::{Excluded, Included, Unbounded};
    let names = ["", "a", "a\0", "aa", "ab", "b", "c", "d"].map(Bytes::from);
    let bounds = || {
        names
            .iter()
            .flat_map(|key| [Included(key.clone()), Excluded(key.clone())])
            .chain([Unbounded])
    };
    for start in bounds() {
        for end in bounds() {
            let range = KeyRange {
                start: start.clone(),
                end,
            };
            let expected: Vec<_> = stored
                .into_iter()
                .filter(|key| range.contains(key.as_bytes()))
                .collect();
            for limit in [0, 1, 2, 6, usize::MAX] {
                let found = snapshot
                    .range(range.clone(), Direction::Forward, limit)
                    .await
                    .unwrap();
                let first: Vec<_> = expected.iter().copied().take(limit).collect();
                assert_eq!(keys(&found), first, "{range:?} forward, limit {limit}");
                let found = snapshot
                    .range(range.clone(), Direction::Backward, limit)
                    .await
                    .unwrap();
                let last: Vec<_> = expected.iter().rev().copied().take(limit).collect();
                assert_eq!(keys(&found), last, "{range:?} backward, limit {limit}");
            }
        }
    }
}

async fn closed_engines_refuse(kv: &dyn Kv) {
    commit(kv, Batch::new().put("a", "1")).await;
    kv.close().await.unwrap();
    kv.close().await.unwrap();
    let refused = kv.commit(Batch::new().put("a", "2")).await;
    assert!(
        matches!(refused, Err(CommitError::NotApplied(KvError::Closed))),
        "{refused:?}"
    );
    assert!(matches!(kv.snapshot().await.err(), Some(KvError::Closed)));
}

async fn get(kv: &dyn Kv, key: &[u8]) -> Option<Bytes> {
    kv.snapshot().await.unwrap().get(key).await.unwrap()
}

async fn commit(kv: &dyn Kv, batch: Batch) {
    if let Err(error) = kv.commit(batch).await {
        panic!("a batch without a reason to fail failed: {error:?}");
    }
}

fn keys(pairs: &[Pair]) -> Vec<&str> {
    pairs
        .iter()
        .map(|(key, _)| std::str::from_utf8(key).unwrap())
        .collect()
}
