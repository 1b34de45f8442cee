//! Many at once: exactly one outcome, and nothing lost.

use std::time::Duration;

use daypass_api::object::ETagMatch;
use tokio::task::JoinSet;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_concurrent_puts_exactly_one_remains() {
    let fixture = with_bucket().await;
    for length in [100, 5000] {
        let mut puts = JoinSet::new();
        for writer in 0..32 {
            let fixture = fixture.clone();
            puts.spawn(async move { fixture.put("a", &bytes(length + writer, writer as u64)).await });
        }
        assert!(puts.join_all().await.iter().all(Result::is_ok));
        let (info, data) = fixture.read(&read("a")).await.unwrap();
        let writer = data.len() - length;
        assert_eq!(data, bytes(length + writer, writer as u64));
        assert_eq!(info.length, data.len() as u64);
        fixture.audit().await;
    }
    fixture.audit_after_sweeps().await;
    assert_eq!(fixture.blob_count().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_conditional_puts_exactly_one_wins() {
    let fixture = with_bucket().await;
    for round in 0..20_u64 {
        let name = format!("a{round}");
        let request = match round % 3 {
            0 => PutObject {
                forbid_overwrite: true,
                ..put(&name)
            },
            1 => {
                let preconditions = Preconditions {
                    if_none_match: Some(ETagMatch::Any),
                    ..Default::default()
                };
                PutObject {
                    preconditions,
                    ..put(&name)
                }
            }
            _ => {
                let etag = fixture.put(&name, &bytes(7, 99)).await.unwrap();
                let if_match = Some(ETagMatch::OneOf(vec![etag]));
                PutObject {
                    preconditions: Preconditions {
                        if_match,
                        ..Default::default()
                    },
                    ..put(&name)
                }
            }
        };
        let length = if round % 2 == 0 { 100 } else { 5000 };
        let mut puts = JoinSet::new();
        for writer in 0..8 {
            let (fixture, request) = (fixture.clone(), request.clone());
            puts.spawn(async move {
                let data = bytes(length, writer + 1);
                fixture
                    .put_request(&request, &data)
                    .await
                    .map(|_| data)
                    .map_err(|error| error.code)
            });
        }
        let results = puts.join_all().await;
        let won: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
        let [data] = won[..] else {
            panic!("{} puts won", won.len())
        };
        assert_eq!(fixture.get(&name).await.unwrap(), *data);
        let expected = [ErrorCode::ObjectExists, ErrorCode::PreconditionFailed];
        assert!(
            results
                .iter()
                .all(|result| result.as_ref().err().is_none_or(|code| expected.contains(code)))
        );
    }
    fixture.audit_after_sweeps().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_and_the_removal_of_its_bucket() {
    let fixture = fixture().await;
    for round in 0..100 {
        fixture.create_bucket("photos").await.unwrap();
        let length = if round % 2 == 0 { 100 } else { 5000 };
        let writer = fixture.clone();
        let put = tokio::spawn(async move { writer.put("a", &bytes(length, 1)).await });
        let remover = fixture.clone();
        let remove = tokio::spawn(async move { remover.delete_bucket("photos").await });
        match (put.await.unwrap(), remove.await.unwrap()) {
            (Ok(_), Err(error)) => {
                assert_eq!(error.code, ErrorCode::BucketNotEmpty);
                assert_eq!(fixture.get("a").await.unwrap(), bytes(length, 1));
                fixture.delete("a").await.unwrap();
                fixture.delete_bucket("photos").await.unwrap();
            }
            (Err(error), Ok(_)) => assert_eq!(error.code, ErrorCode::NoSuchBucket),
            (put, remove) => panic!("{put:?} {remove:?}"),
        }
        fixture.audit().await;
    }
    fixture.audit_after_sweeps().await;
    assert_eq!(fixture.blob_count().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_completed_or_aborted() {
    let fixture = with_bucket().await;
    for _ in 0..50 {
        let upload = fixture.begin("a").await.unwrap();
        let tag = fixture.part(&upload, 1, &bytes(5000, 1)).await.unwrap();
        let (one, other, third) = (fixture.clone(), fixture.clone(), fixture.clone());
        let (first, second, late) = (upload.clone(), upload.clone(), upload);
        let complete = tokio::spawn(async move { one.complete(&first, &[entry(1, &tag)]).await });
        let abort = tokio::spawn(async move { other.abort(&second).await });
        let part = tokio::spawn(async move { third.part(&late, 2, &bytes(5000, 2)).await });
        match (complete.await.unwrap(), abort.await.unwrap()) {
            (Ok(_), Err(error)) => {
                assert_eq!(error.code, ErrorCode::NoSuchUpload);
                assert_eq!(fixture.get("a").await.unwrap(), bytes(5000, 1));
            }
            (Err(error), Ok(_)) => assert_eq!(error.code, ErrorCode::NoSuchUpload),
            (complete, abort) => panic!("{complete:?} {abort:?}"),
        }
        if let Err(error) = part.await.unwrap() {
            assert_eq!(error.code, ErrorCode::NoSuchUpload);
        }
        fixture.audit().await;
        fixture.delete("a").await.unwrap();
    }
    fixture.audit_after_sweeps().await;
    assert_eq!(fixture.blob_count().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_completed_once() {
    let fixture = with_bucket().await;
    for _ in 0..20 {
        let upload = fixture.begin("a").await.unwrap();
        let tag = fixture.part(&upload, 1, &bytes(5000, 1)).await.unwrap();
        let mut completions = JoinSet::new();
        for _ in 0..4 {
            let (fixture, upload, tag) = (fixture.clone(), upload.clone(), tag.clone());
            completions.spawn(async move { fixture.complete(&upload, &[entry(1, &tag)]).await });
        }
        let done = completions.join_all().await;
        assert_eq!(done.iter().filter(|result| result.is_ok()).count(), 1, "{done:?}");
    }
    fixture.audit_after_sweeps().await;
}

/// Writers, removers, readers and several sweepers with no grace time at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sweeps_never_remove_what_is_shown() {
    let fixture = with_bucket().await;
    let mut tasks = JoinSet::new();
    for writer in 0..6_u64 {
        let fixture = fixture.clone();
        tasks.spawn(async move {
            for round in 0..30 {
                let name = format!("a{}", (writer + round) % 3);
                match round % 5 {
                    4 => {
                        fixture.delete(&name).await.unwrap();
                    }
                    3 => {
                        let upload = fixture.begin(&name).await.unwrap();
                        let tag = fixture.part(&upload, 1, &bytes(5000, round)).await.unwrap();
                        fixture.complete(&upload, &[entry(1, &tag)]).await.unwrap();
                    }
                    _ => {
                        fixture.put(&name, &bytes(5000, round)).await.unwrap();
                    }
                }
            }
        });
    }
    for _ in 0..2 {
        let fixture = fixture.clone();
        tasks.spawn(async move {
            for _ in 0..60 {
                fixture.store.sweep(NOW, Duration::ZERO, 5).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
    }
    tasks.join_all().await;
    fixture.audit_after_sweeps().await;
    for name in ["a0", "a1", "a2"] {
        match fixture.get(name).await {
            Ok(data) => assert_eq!(data.len(), 5000),
            Err(error) => assert_eq!(error.code, ErrorCode::NoSuchKey),
        }
    }
}
