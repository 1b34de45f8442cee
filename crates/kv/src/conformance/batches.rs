//! Conditional batches: every precondition, the answer to a conflict, atomicity, limits, many tasks at once.

use super::*;
use crate::LimitExceeded;

/// Each kind of precondition on a store with `a` = 1 and `p/x` = 2.
pub(super) async fn preconditions_decide(kv: &dyn Kv) {
    let seed = || Batch::new().put("a", "1").put("p/x", "2").delete("written");
    let check = async |condition: Batch, expected: bool| {
        commit(kv, seed()).await;
        let verdict = kv.commit(condition.clone().put("written", "yes")).await;
        match &verdict {
            Ok(()) => assert!(expected, "{condition:?} should not hold"),
            Err(CommitError::Conflict { precondition: 0 }) => assert!(!expected, "{condition:?} should hold"),
            Err(error) => panic!("{condition:?}: {error:?}"),
        }
        assert_eq!(get(kv, b"written").await.is_some(), expected, "{condition:?}");
        let alone = kv.commit(condition.clone()).await;
        assert_eq!(alone.is_ok(), expected, "{condition:?} without writes");
    };
    let new = Batch::new;
    check(new().require_equals("a", "1"), true).await;
    check(new().require_equals("a", "12"), false).await;
    check(new().require_equals("a", ""), false).await;
    check(new().require_equals("b", ""), false).await;
    check(new().require_absent("b"), true).await;
    check(new().require_absent("a"), false).await;
    check(new().require_present("a"), true).await;
    check(new().require_present("b"), false).await;
    check(new().require_range_empty(KeyRange::prefix("q/")), true).await;
    check(new().require_range_empty(KeyRange::prefix("p/")), false).await;
    check(new().require_range_empty(KeyRange::all()), false).await;
    check(new().require_range_empty(KeyRange::between("b", "p/x")), true).await;
    check(new().require_range_empty(KeyRange::between("b", "p/x\0")), false).await;
    check(new().require_range_empty(KeyRange::between("p/x", "p/x")), true).await;
    check(new().require_range_empty(KeyRange::between("z", "a")), true).await;
    check(
        new().require_range_empty(KeyRange::prefix("p/").after("p/x")),
        true,
    )
    .await;
    check(
        new().require_range_empty(KeyRange::prefix("p/").before("p/x")),
        true,
    )
    .await;
}

/// Conditions are judged in their order, against the state before the batch's own writes.
pub(super) async fn conflicts_name_the_first_condition(kv: &dyn Kv) {
    commit(kv, Batch::new().put("a", "1")).await;
    let check = async |batch: Batch, expected: Option<usize>| {
        let index = match kv.commit(batch.clone()).await {
            Ok(()) => None,
            Err(CommitError::Conflict { precondition }) => Some(precondition),
            Err(error) => panic!("{batch:?}: {error:?}"),
        };
        assert_eq!(index, expected, "{batch:?}");
    };
    let new = Batch::new;
    check(
        new()
            .require_present("a")
            .require_absent("b")
            .require_equals("a", "1"),
        None,
    )
    .await;
    check(
        new()
            .require_present("a")
            .require_present("b")
            .require_absent("a"),
        Some(1),
    )
    .await;
    check(
        new()
            .require_present("a")
            .require_absent("b")
            .require_equals("a", "2"),
        Some(2),
    )
    .await;
    check(new().require_absent("a").put("a", "1"), Some(0)).await;
    check(new().delete("a").require_absent("a"), Some(0)).await;
    check(new().put("c", "1").require_present("c"), Some(0)).await;
    check(
        new().put("c", "1").require_range_empty(KeyRange::prefix("c")),
        None,
    )
    .await;
}

pub(super) async fn batches_are_whole_or_nothing(kv: &dyn Kv) {
    commit(kv, Batch::new().put("old", "1")).await;
    let many = (0..200u8).fold(Batch::new().delete("old"), |batch, number| {
        batch.put(vec![number], vec![number])
    });
    let refused = kv.commit(many.clone().require_absent("old")).await;
    assert!(
        matches!(refused, Err(CommitError::Conflict { precondition: 0 })),
        "{refused:?}"
    );
    let found = kv
        .snapshot()
        .await
        .unwrap()
        .range(KeyRange::all(), Direction::Forward, 300)
        .await
        .unwrap();
    assert_eq!(keys(&found), ["old"], "a batch in conflict writes nothing");
    commit(kv, many).await;
    let found = kv
        .snapshot()
        .await
        .unwrap()
        .range(KeyRange::all(), Direction::Forward, 300)
        .await
        .unwrap();
    assert_eq!(found.len(), 200);
}

pub(super) async fn limits_hold_at_their_bounds(kv: &dyn Kv) {
    let limits = kv.limits();
    let longest = vec![b'k'; limits.key_bytes];
    let largest = vec![b'v'; limits.value_bytes];
    let full = Batch::new()
        .put(longest.clone(), largest.clone())
        .require_absent(longest.clone());
    commit(kv, full).await;
    assert_eq!(get(kv, &longest).await, Some(largest.clone().into()));
    commit(
        kv,
        Batch::new()
            .require_equals(longest.clone(), largest.clone())
            .delete(longest.clone()),
    )
    .await;
    refused(kv, Batch::new().put([&longest[..], b"k"].concat(), "")).await;
    refused(kv, Batch::new().put("k", [&largest[..], b"v"].concat())).await;

    let numbered = |number: usize| format!("{number:06}");
    let most =
        (0..limits.batch_operations).fold(Batch::new(), |batch, number| batch.put(numbered(number), ""));
    commit(kv, most.clone()).await;
    refused(kv, most.delete("one more")).await;

    let rest = limits.batch_bytes % limits.value_bytes;
    let heavy = (0..limits.batch_bytes / limits.value_bytes)
        .fold(Batch::new(), |batch, _| batch.put("", largest.clone()))
        .put("", vec![0; rest]);
    commit(kv, heavy.clone()).await;
    refused(kv, heavy.delete("k")).await;
    assert_eq!(
        get(kv, &[&longest[..], b"k"].concat()).await,
        None,
        "a key beyond the limit is just absent"
    );
}

async fn refused(kv: &dyn Kv, batch: Batch) {
    let verdict = kv.commit(batch).await;
    assert!(
        matches!(verdict, Err(CommitError::TooLarge(LimitExceeded { .. }))),
        "{verdict:?}"
    );
}

/// 64 tasks count together by compare and swap; each tries again after a conflict.
pub(super) async fn counters_lose_nothing(kv: Arc<dyn Kv>) {
    const TASKS: usize = 64;
    const ROUNDS: usize = 4;
    commit(kv.as_ref(), Batch::new().put("counter", "0")).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..TASKS {
        let kv = Arc::clone(&kv);
        tasks.spawn(async move {
            for _ in 0..ROUNDS {
                while !count_one(kv.as_ref()).await {}
            }
        });
    }
    tasks.join_all().await;
    assert_eq!(
        get(kv.as_ref(), b"counter").await,
        Some((TASKS * ROUNDS).to_string().into())
    );
}

async fn count_one(kv: &dyn Kv) -> bool {
    let seen = get(kv, b"counter").await.unwrap();
    let number: usize = std::str::from_utf8(&seen).unwrap().parse().unwrap();
    let batch = Batch::new()
        .require_equals("counter", seen)
        .put("counter", (number + 1).to_string());
    match kv.commit(batch).await {
        Ok(()) => true,
        Err(CommitError::Conflict { precondition: 0 }) => false,
        Err(error) => panic!("{error:?}"),
    }
}

/// A key that may be created once is created once, and the winner's companions are there with it.
pub(super) async fn one_of_many_creators_wins(kv: Arc<dyn Kv>) {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..32u8 {
        let kv = Arc::clone(&kv);
        tasks.spawn(async move {
            let batch = Batch::new()
                .require_absent("name")
                .put("name", vec![number])
                .put(vec![number], "mine");
            kv.commit(batch).await.is_ok().then_some(number)
        });
    }
    let winners: Vec<u8> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    let found = kv
        .snapshot()
        .await
        .unwrap()
        .range(KeyRange::all(), Direction::Forward, 100)
        .await
        .unwrap();
    let expected = [
        (Bytes::from(winners.clone()), Bytes::from("mine")),
        (Bytes::from("name"), winners.into()),
    ];
    assert_eq!(found, expected);
}
