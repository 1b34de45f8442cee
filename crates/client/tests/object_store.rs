//! A bucket as an `ObjectStore`: the suite of that crate, against the real server, with permanent and temporary keys.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use daypass_api::names::{AccessKeyId, BucketName, Region, SessionName};
use daypass_api::operation::GetFederationToken;
use daypass_api::secret::SecretKey;
use daypass_client::object_store::CosStore;
use daypass_client::scope::{DOWNLOAD, Scope, UPLOAD, policy};
use daypass_client::{Client, Credentials, Transfer};
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, integration};

fn bucket() -> BucketName {
    BucketName::parse("photos-1250000000").unwrap()
}

fn client(server: &TestServer, credentials: Credentials) -> Client {
    Client::builder()
        .region("ap-guangzhou")
        .endpoint(&format!("http://{}", server.address()))
        .credentials(credentials)
        .build()
        .unwrap()
}

fn store(client: &Client, bucket: BucketName) -> CosStore {
    let transfer = Transfer::new(Transfer::USUAL_PART_BYTES, 4).unwrap();
    CosStore::new(client.objects().clone(), bucket, transfer)
}

async fn cloud() -> (TestServer, Client) {
    let server = TestServer::start().await;
    let root = Credentials {
        secret_id: AccessKeyId::parse(ROOT_SECRET_ID).unwrap(),
        secret_key: SecretKey::new(ROOT_SECRET_KEY.to_owned()),
        token: None,
    };
    let client = client(&server, root);
    client.objects().create_bucket(&bucket()).await.unwrap();
    (server, client)
}

/// An empty bucket of its own: some parts of the suite leave something behind.
async fn empty(client: &Client, name: &str) -> CosStore {
    let bucket = BucketName::parse(&format!("{name}-1250000000")).unwrap();
    client.objects().create_bucket(&bucket).await.unwrap();
    store(client, bucket)
}

#[tokio::test]
async fn the_suite_of_the_crate() {
    let (server, client) = cloud().await;
    integration::put_get_delete_list(&empty(&client, "lists").await).await;
    integration::put_get_attributes(&empty(&client, "attributes").await).await;
    integration::get_opts(&empty(&client, "gets").await).await;
    integration::put_opts(&empty(&client, "puts").await, true).await;
    integration::stream_get(&empty(&client, "streams").await).await;
    integration::list_uses_directories_correctly(&empty(&client, "folders").await).await;
    integration::list_with_offset_exclusivity(&empty(&client, "offsets").await).await;
    integration::multipart_race_condition(&empty(&client, "races").await, true).await;
    integration::multipart_out_of_order(&empty(&client, "orders").await).await;
    integration::list_with_delimiter(&empty(&client, "delimiters").await).await;
    integration::rename_and_copy(&empty(&client, "copies").await).await;
    integration::copy_if_not_exists(&empty(&client, "creates").await).await;
    integration::copy_rename_nonexistent_object(&empty(&client, "missing").await).await;
    let missing = integration::get_nonexistent_object(&empty(&client, "nothing").await, None).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_temporary_key_reaches_one_folder() {
    let (server, client) = cloud().await;
    let region = Region::parse("ap-guangzhou").unwrap();
    let own = Scope::folder(&bucket(), &region, "tables/ann/", &[UPLOAD, DOWNLOAD]);
    let ask = GetFederationToken {
        name: SessionName::parse("ann").unwrap(),
        policy: Some(policy(&[own]).unwrap()),
        duration_seconds: None,
    };
    let key = client.sts().get_federation_token(ask).await.unwrap();
    let store = store(&self::client(&server, key.into()), bucket());
    let (inside, outside) = (Path::from("tables/ann/part-0"), Path::from("tables/bob/part-0"));
    store.put(&inside, "rows".into()).await.unwrap();
    assert_eq!(store.get(&inside).await.unwrap().bytes().await.unwrap(), "rows");
    for refused in [
        store.put(&outside, "rows".into()).await.map(drop),
        store.get(&outside).await.map(drop),
        store.delete(&inside).await,
        store.list_with_delimiter(None).await.map(drop),
    ] {
        let refused = refused.unwrap_err();
        assert!(matches!(refused, Error::PermissionDenied { .. }), "{refused}");
    }
    server.stop().await;
}
