//! A bucket for whatever reads and writes through the crate `object_store`, such as DataFusion and delta-rs.
//!
//! `DAYPASS_ENDPOINT=… DAYPASS_SECRET_ID=… DAYPASS_SECRET_KEY=… \
//!   cargo run --features object-store --example bucket_as_object_store BUCKET`

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program reads its environment, and an example shows what it does"
)]

use std::error::Error;
use std::sync::Arc;

use daypass_api::names::BucketName;
use daypass_client::object_store::CosStore;
use daypass_client::{Client, Profile, Transfer};
use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bucket = BucketName::parse(&std::env::args().nth(1).ok_or("which bucket?")?)?;
    let profile = Profile::of_environment(|name| Ok::<_, Box<dyn Error>>(std::env::var(name).ok()))?;
    let client = Client::builder()
        .region("ap-guangzhou")
        .profile(&profile)?
        .build()?;
    let transfer = Transfer::new(Transfer::USUAL_PART_BYTES, 4)?;
    let store: Arc<dyn ObjectStore> = Arc::new(CosStore::new(client.objects().clone(), bucket, transfer));

    for day in ["monday", "tuesday"] {
        let path = Path::from(format!("sales/{day}.csv"));
        store.put(&path, format!("day,sum\n{day},7\n").into()).await?;
    }
    // Two writers cannot both create: a table's log relies on that.
    let first = Path::from("sales/monday.csv");
    match store.put_opts(&first, "x".into(), PutMode::Create.into()).await {
        Err(object_store::Error::AlreadyExists { path, .. }) => println!("{path} is there already"),
        other => println!("{other:?}"),
    }
    let mut listed: Vec<_> = store.list(Some(&Path::from("sales"))).try_collect().await?;
    listed.sort_by(|one, other| one.location.cmp(&other.location));
    for object in listed {
        println!("{} {}", object.size, object.location);
    }
    let bytes = store.get_range(&first, 8..16).await?;
    println!("{}", String::from_utf8_lossy(&bytes));
    Ok(())
}
