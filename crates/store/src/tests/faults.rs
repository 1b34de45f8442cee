//! Engines that fail at every point: the caller is told, nothing half-done shows, and nothing is lost for ever.

use daypass_blob::faulty::{Call, FinishFault};
use daypass_kv::faulty::CommitFault;

use super::*;

/// What may be under a key after a write: one state if the write succeeded, two if it failed.
struct Expected {
    may_be: Vec<Option<Bytes>>,
}

impl Expected {
    fn after<T>(&mut self, result: &Result<T, Error>, state: Option<Bytes>) {
        if result.is_ok() {
            self.may_be.clear();
        }
        self.may_be.push(state);
    }
}

/// Uses everything that writes, and goes on whatever fails.
async fn use_everything(fixture: &Fixture) -> Expected {
    let mut expected = Expected { may_be: vec![None] };
    for (length, seed) in [(5000, 1), (10, 2), (6000, 3)] {
        let put = fixture.put("a", &bytes(length, seed)).await;
        expected.after(&put, Some(bytes(length, seed)));
    }
    if let Ok(upload) = fixture.begin("a").await {
        let _ = fixture.part(&upload, 1, &bytes(4000, 4)).await;
        let tag = fixture.part(&upload, 1, &bytes(5000, 5)).await;
        let _ = fixture.part(&upload, 2, &bytes(2000, 6)).await;
        if let Ok(tag) = tag {
            let complete = fixture.complete(&upload, &[entry(1, &tag)]).await;
            expected.after(&complete, Some(bytes(5000, 5)));
        }
    }
    let _ = fixture.copy("a", "c").await;
    if let Ok(view) = fixture.store.view().await {
        let open = ObjectAclPreset::PublicRead.into();
        let _ = fixture
            .store
            .put_object_acl(view, &photos(), &key("c"), &open)
            .await;
    }
    let delete = fixture.delete("a").await;
    expected.after(&delete, None);
    let put = fixture.put("a", &bytes(7000, 7)).await;
    expected.after(&put, Some(bytes(7000, 7)));
    if let Ok(upload) = fixture.begin("b").await {
        let _ = fixture.part(&upload, 1, &bytes(4000, 8)).await;
        let _ = fixture.abort(&upload).await;
    }
    for seconds in [0, 90_000] {
        let _ = fixture
            .store
            .sweep(NOW.plus_seconds(seconds), std::time::Duration::ZERO, 100)
            .await;
    }
    expected
}

/// Starts again after whatever happened, and holds the store to what was acknowledged.
async fn check_recovery(fixture: &Fixture, expected: &Expected, what: &str) {
    fixture.kv.restart();
    fixture.blobs.restart();
    fixture.audit_after_sweeps().await;
    let found = match fixture.get("a").await {
        Ok(data) => Some(data),
        Err(error) => {
            assert_eq!(error.code, ErrorCode::NoSuchKey, "{what}");
            None
        }
    };
    assert!(
        expected.may_be.contains(&found),
        "{what}: {} bytes",
        found.map_or(0, |data| data.len())
    );
}

#[tokio::test]
async fn a_fault_at_every_commit() {
    let faults = [
        CommitFault::NotApplied,
        CommitFault::Unknown { applied: true },
        CommitFault::Unknown { applied: false },
        CommitFault::Crash { applied: true },
        CommitFault::Crash { applied: false },
    ];
    let reference = with_bucket().await;
    let before = reference.kv.commits_seen();
    use_everything(&reference).await;
    let commits = reference.kv.commits_seen() - before;
    assert!(commits > 25, "{commits}");
    for fault in faults {
        for number in 1..=commits {
            let fixture = with_bucket().await;
            fixture.kv.fail_commit(before + number, fault);
            let expected = use_everything(&fixture).await;
            check_recovery(&fixture, &expected, &format!("{fault:?} at {number}")).await;
        }
    }
}

#[tokio::test]
async fn a_fault_at_every_read() {
    let reference = with_bucket().await;
    let before = reference.kv.reads_seen();
    use_everything(&reference).await;
    for number in 1..=reference.kv.reads_seen() - before {
        let fixture = with_bucket().await;
        fixture.kv.fail_read(before + number);
        let expected = use_everything(&fixture).await;
        check_recovery(&fixture, &expected, &format!("read {number}")).await;
    }
}

#[tokio::test]
async fn a_fault_at_every_call_of_the_blob_engine() {
    let reference = with_bucket().await;
    use_everything(&reference).await;
    for call in [Call::Create, Call::Write, Call::Finish, Call::Delete] {
        assert!(reference.blobs.seen(call) >= 5, "{call:?}");
        for number in 1..=reference.blobs.seen(call) {
            let fixture = with_bucket().await;
            fixture.blobs.fail(call, number);
            let expected = use_everything(&fixture).await;
            check_recovery(&fixture, &expected, &format!("{call:?} {number}")).await;
        }
    }
    let faults = [
        FinishFault::LostAnswer,
        FinishFault::Crash { finished: true },
        FinishFault::Crash { finished: false },
    ];
    for fault in faults {
        for number in 1..=reference.blobs.seen(Call::Finish) {
            let fixture = with_bucket().await;
            fixture.blobs.fail_finish(number, fault);
            let expected = use_everything(&fixture).await;
            check_recovery(&fixture, &expected, &format!("{fault:?} {number}")).await;
        }
    }
}

/// What the caller is told, what shows, and whether the blob is gone at once.
#[tokio::test]
async fn a_failed_put_changes_nothing() {
    async fn check(plan: impl Fn(&Fixture), length: usize, code_expected: ErrorCode, blobs: usize) {
        let fixture = with_bucket().await;
        fixture.put("a", &bytes(3000, 1)).await.unwrap();
        plan(&fixture);
        assert_eq!(code(fixture.put("a", &bytes(length, 2)).await), code_expected);
        assert_eq!(fixture.get("a").await.unwrap(), bytes(3000, 1));
        assert_eq!(fixture.blob_count().await, blobs);
        fixture.audit_after_sweeps().await;
    }
    let commit = |ahead: u64, fault| move |f: &Fixture| f.kv.fail_commit(f.kv.commits_seen() + ahead, fault);
    let blob = |call| move |f: &Fixture| f.blobs.fail(call, f.blobs.seen(call) + 1);
    let unknown = CommitFault::Unknown { applied: false };
    check(
        commit(1, CommitFault::NotApplied),
        10,
        ErrorCode::InternalError,
        1,
    )
    .await;
    check(commit(1, unknown), 10, ErrorCode::InternalError, 1).await;
    check(
        commit(1, CommitFault::NotApplied),
        5000,
        ErrorCode::InternalError,
        1,
    )
    .await;
    check(commit(1, unknown), 5000, ErrorCode::InternalError, 1).await;
    check(
        commit(2, CommitFault::NotApplied),
        5000,
        ErrorCode::InternalError,
        1,
    )
    .await;
    // It may have been applied, so the blob must stay until the sweep knows.
    check(commit(2, unknown), 5000, ErrorCode::InternalError, 2).await;
    for call in [Call::Create, Call::Write, Call::Finish] {
        check(blob(call), 5000, ErrorCode::InternalError, 1).await;
    }
    let lost = |f: &Fixture| {
        f.blobs
            .fail_finish(f.blobs.seen(Call::Finish) + 1, FinishFault::LostAnswer)
    };
    check(lost, 5000, ErrorCode::InternalError, 1).await;
}

#[tokio::test]
async fn a_body_that_breaks_off_changes_nothing() {
    let fixture = with_bucket().await;
    fixture.put("a", &bytes(10, 1)).await.unwrap();
    for length in [10, 5000] {
        let broken = stream::iter([Ok(bytes(length, 2)), Err(ErrorCode::RequestTimeout.into())]).boxed();
        let request = put("a");
        let view = fixture.view().await;
        let put = fixture
            .store
            .put_object(view, &request, broken, NOW, &*fixture.random)
            .await;
        assert_eq!(code(put), ErrorCode::RequestTimeout);
        assert_eq!(fixture.get("a").await.unwrap(), bytes(10, 1));
        assert_eq!(fixture.blob_count().await, 0);
        let books = fixture.kv.commits_seen();
        fixture.audit_after_sweeps().await;
        assert_eq!(fixture.kv.commits_seen(), books, "nothing was left to the sweep");
    }
}

#[tokio::test]
async fn a_closed_engine_is_unavailable() {
    let fixture = with_bucket().await;
    let view = fixture.view().await;
    fixture.kv.close().await.unwrap();
    assert_eq!(
        code(fixture.store.view().await.map(|_| ())),
        ErrorCode::ServiceUnavailable
    );
    let delete = DeleteObject {
        bucket: photos(),
        key: key("a"),
    };
    fixture.store.delete_object(view, &delete, NOW).await.unwrap();
    assert_eq!(
        code(fixture.put("a", &bytes(1, 1)).await),
        ErrorCode::ServiceUnavailable
    );
}
