//! Checkpoints that nobody went on from, against the real server.

use std::fs::File;
use std::time::Duration;

use daypass_api::names::ObjectKey;

use super::bucket;
use super::resumed::{ALL, Fixture};
use super::transfers::{names, uploads};
use crate::{ObjectClient, request};

const MIB: usize = 1024 * 1024;
const DAY: u64 = 24 * 3600;

impl Fixture {
    /// Lets all checkpoints be so old.
    fn age(&self, seconds: u64) {
        for name in self.checkpoints() {
            let path = self.path("state/checkpoints").join(name);
            let file = File::options().append(true).open(path).unwrap();
            let now = file.metadata().unwrap().modified().unwrap();
            file.set_modified(now - Duration::from_secs(seconds)).unwrap();
        }
    }

    /// Another upload with the same folder of checkpoints, by a client.
    async fn upload_another(&self, client: &ObjectClient) {
        let other = ObjectKey::parse(b"other").unwrap();
        let put = request::put_object(&bucket(), &other);
        let (transfer, _) = self.transfer(ALL);
        let stored = client.upload_file(put, &self.path("from"), &transfer).await;
        stored.unwrap();
    }

    /// A client of the same server with a key that may store, and abort nothing but that.
    async fn narrow(&self) -> ObjectClient {
        use crate::scope::{Reach, Scope, UPLOAD, policy};
        let scope = Scope {
            actions: UPLOAD.iter().map(|action| (*action).to_owned()).collect(),
            bucket: bucket(),
            region: daypass_api::names::Region::parse("ap-guangzhou").unwrap(),
            reach: vec![Reach::Key("other".to_owned())],
        };
        let sts = crate::ActionClient::new(self.client.connection().clone(), scope.region.clone());
        let ask = daypass_api::operation::GetFederationToken {
            name: daypass_api::names::SessionName::parse("ann").unwrap(),
            policy: Some(policy(&[scope]).unwrap()),
            duration_seconds: None,
        };
        let temporary = sts.get_federation_token(ask).await.unwrap();
        let connection = self.client.connection().clone();
        ObjectClient::new(connection.with_credentials(Some(temporary.into())))
    }
}

#[tokio::test]
async fn an_upload_that_nobody_goes_on_with_is_aborted_after_a_week() {
    let fixture = Fixture::new().await;
    fixture.upload(3 * MIB + 1000).await.0.unwrap_err();
    fixture.age(6 * DAY);
    fixture.upload_another(&fixture.client).await;
    assert_eq!(
        (uploads(&fixture.client).await, fixture.checkpoints().len()),
        (1, 1)
    );
    fixture.age(2 * DAY);
    fixture.upload_another(&fixture.client).await;
    assert_eq!(
        (uploads(&fixture.client).await, fixture.checkpoints().len()),
        (0, 0)
    );
    fixture.server.stop().await;
}

#[tokio::test]
async fn one_that_is_gone_on_with_is_not_too_old() {
    let fixture = Fixture::new().await;
    let (_, all) = fixture.upload(3 * MIB + 1000).await;
    fixture.age(30 * DAY);
    let (stored, left) = fixture.upload(ALL).await;
    stored.unwrap();
    assert!(left < all, "{left} of {all}");
    fixture.server.stop().await;
}

#[tokio::test]
async fn what_the_key_may_not_abort_is_left_to_the_server() {
    let fixture = Fixture::new().await;
    fixture.upload(3 * MIB + 1000).await.0.unwrap_err();
    fixture.age(8 * DAY);
    fixture.upload_another(&fixture.narrow().await).await;
    assert_eq!(
        (uploads(&fixture.client).await, fixture.checkpoints().len()),
        (1, 0)
    );
    fixture.server.stop().await;
}

#[tokio::test]
async fn an_upload_to_another_server_is_not_this_ones_business() {
    let (one, other) = (Fixture::new().await, Fixture::new().await);
    one.upload(3 * MIB + 1000).await.0.unwrap_err();
    one.age(8 * DAY);
    one.upload_another(&other.client).await;
    assert_eq!((uploads(&one.client).await, one.checkpoints().len()), (1, 1));
    one.server.stop().await;
    other.server.stop().await;
}

#[tokio::test]
async fn the_part_of_a_file_goes_with_its_checkpoint() {
    let fixture = Fixture::new().await;
    fixture.upload(ALL).await.0.unwrap();
    fixture.download(3 * MIB + 1000).await.0.unwrap_err();
    std::fs::write(fixture.path("to/.daypass-other.part"), b"kept").unwrap();
    assert_eq!(names(&fixture.path("to")).len(), 2);
    fixture.age(8 * DAY);
    fixture.upload_another(&fixture.client).await;
    assert_eq!(
        names(&fixture.path("to")),
        [std::path::Path::new(".daypass-other.part")]
    );
    assert_eq!(fixture.checkpoints().len(), 0);
    fixture.server.stop().await;
}
