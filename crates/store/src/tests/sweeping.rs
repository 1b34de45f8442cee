//! When stored bytes are removed, and when they are not.

use std::time::Duration;

use super::*;
use crate::SweepReport;

const GRACE: Duration = Duration::from_secs(3600);

impl Fixture {
    async fn sweep(&self, seconds: i64) -> SweepReport {
        self.store
            .sweep(NOW.plus_seconds(seconds), GRACE, 100)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a_replaced_blob_goes_after_the_grace_time() {
    let fixture = with_bucket().await;
    fixture.put("a", &bytes(5000, 1)).await.unwrap();
    fixture.put("a", &bytes(5000, 2)).await.unwrap();
    assert_eq!(
        fixture.sweep(0).await,
        SweepReport {
            blobs_marked: 1,
            ..Default::default()
        }
    );
    assert_eq!(fixture.sweep(3599).await, SweepReport::default());
    assert_eq!(fixture.blob_count().await, 2);
    assert_eq!(
        fixture.sweep(3600).await,
        SweepReport {
            blobs_removed: 1,
            bytes_freed: 5000,
            ..Default::default()
        }
    );
    assert_eq!(fixture.blob_count().await, 1);
    assert_eq!(fixture.sweep(99_999).await, SweepReport::default());
    assert_eq!(fixture.get("a").await.unwrap(), bytes(5000, 2));
}

#[tokio::test]
async fn a_blob_that_cannot_be_removed_is_tried_again() {
    use daypass_blob::faulty::Call;
    let fixture = with_bucket().await;
    fixture.put("a", &bytes(5000, 1)).await.unwrap();
    fixture.delete("a").await.unwrap();
    fixture.sweep(0).await;
    fixture
        .blobs
        .fail(Call::Delete, fixture.blobs.seen(Call::Delete) + 1);
    assert_eq!(
        fixture.sweep(3600).await,
        SweepReport {
            failures: 1,
            ..Default::default()
        }
    );
    assert_eq!(
        fixture.sweep(3600).await,
        SweepReport {
            blobs_removed: 1,
            bytes_freed: 5000,
            ..Default::default()
        }
    );
    assert_eq!(fixture.blob_count().await, 0);
}

#[tokio::test]
async fn a_sweep_is_bounded_and_says_so() {
    let fixture = with_bucket().await;
    for number in 0..5 {
        fixture.put("a", &bytes(5000, number)).await.unwrap();
    }
    fixture.delete("a").await.unwrap();
    let bounded = async || fixture.store.sweep(NOW, GRACE, 2).await.unwrap();
    assert_eq!(
        bounded().await,
        SweepReport {
            blobs_marked: 2,
            more: true,
            ..Default::default()
        }
    );
    assert_eq!(
        bounded().await,
        SweepReport {
            blobs_marked: 2,
            more: true,
            ..Default::default()
        }
    );
    assert_eq!(
        bounded().await,
        SweepReport {
            blobs_marked: 1,
            ..Default::default()
        }
    );
}

/// The sweep gave the upload up, and then its last bytes arrive.
#[tokio::test]
async fn an_upload_that_outlives_its_intent_fails_and_leaves_nothing() {
    let fixture = with_bucket().await;
    let sweeper = fixture.clone();
    let late = stream::iter([Ok(bytes(5000, 1))]).chain(stream::once(async move {
        let report = sweeper.sweep(24 * 3600).await;
        assert_eq!(report, SweepReport::default());
        let report = sweeper.sweep(24 * 3600 + 1).await;
        assert_eq!(
            report,
            SweepReport {
                intents_abandoned: 1,
                ..Default::default()
            }
        );
        Ok(bytes(10, 1))
    }));
    let view = fixture.view().await;
    let request = put("a");
    let put = fixture
        .store
        .put_object(view, &request, late.boxed(), NOW, &*fixture.random)
        .await;
    assert_eq!(code(put), ErrorCode::RequestTimeout);
    assert_eq!(fixture.blob_count().await, 0);
    fixture.audit_after_sweeps().await;
}

#[tokio::test]
async fn an_aborted_upload_of_many_parts_is_released_in_steps() {
    let fixture = with_bucket().await;
    let upload = fixture.begin("a").await.unwrap();
    for number in 1..=2100 {
        fixture.part(&upload, number, &bytes(1, 1)).await.unwrap();
    }
    fixture.abort(&upload).await.unwrap();
    let report = fixture.store.sweep(NOW, GRACE, 2).await.unwrap();
    assert_eq!(
        report,
        SweepReport {
            references_released: 2,
            more: true,
            ..Default::default()
        }
    );
    let report = fixture.store.sweep(NOW, GRACE, 2).await.unwrap();
    assert_eq!(
        report,
        SweepReport {
            references_released: 1,
            ..Default::default()
        }
    );
    fixture.audit_after_sweeps().await;
}
