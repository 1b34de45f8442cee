//! A file goes to the store and comes back, in parts when it is large, and goes on where it was when it is ended.
//!
//! `DAYPASS_ENDPOINT=… DAYPASS_SECRET_ID=… DAYPASS_SECRET_KEY=… cargo run --example upload_and_download BUCKET FILE`

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program reads its environment, and an example shows what it does"
)]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use daypass_api::names::{BucketName, ObjectKey};
use daypass_client::{Client, Observer, Profile, Transfer, request};

/// Counts the bytes that have moved.
#[derive(Default)]
struct Counter(AtomicI64);

impl Observer for Counter {
    fn expect(&self, bytes: u64) {
        println!("{bytes} bytes are to be moved");
    }

    fn moved(&self, bytes: i64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let bucket = BucketName::parse(&arguments.next().ok_or("which bucket?")?)?;
    let file = arguments.next().ok_or("which file?")?;

    // The key and the endpoint are those of the environment, as the command line reads it.
    let profile = Profile::of_environment(|name| Ok::<_, Box<dyn Error>>(std::env::var(name).ok()))?;
    let client = Client::builder()
        .region("ap-guangzhou")
        .profile(&profile)?
        .build()?;
    let objects = client.objects();

    let counter = Arc::new(Counter::default());
    let transfer = Transfer::new(Transfer::USUAL_PART_BYTES, 8)?
        .with_observer(Arc::clone(&counter) as Arc<dyn Observer>)
        .with_checkpoints(&std::env::temp_dir().join("daypass-example"));
    let key = ObjectKey::parse(b"example/file")?;
    let stored = objects
        .upload_file(request::put_object(&bucket, &key), Path::new(&file), &transfer)
        .await?;
    println!(
        "stored with the tag {} and CRC-64 {}",
        stored.etag.as_str(),
        stored.crc64
    );

    let copy = format!("{file}.copy");
    objects
        .download_file(request::read_object(&bucket, &key), Path::new(&copy), &transfer)
        .await?;
    println!(
        "{} bytes have moved; the copy is `{copy}`",
        counter.0.load(Ordering::Relaxed)
    );
    Ok(())
}
