//! An application at its user's: it has no key of its own, and gets temporary ones from the user server, `daypass broker` or
//! one of the application's own, as often as they end.
//!
//! `DAYPASS_ENDPOINT=… APP_TOKEN=… cargo run --example user_server http://127.0.0.1:9080/sts BUCKET PREFIX FILE…`

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program reads its environment, and an example shows what it does"
)]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use daypass_api::names::{BucketName, ObjectKey};
use daypass_client::{Client, Refreshing, Transfer, UserServerKeys, request};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let user_server = arguments.next().ok_or("which user server?")?;
    let bucket = BucketName::parse(&arguments.next().ok_or("which bucket?")?)?;
    let prefix = arguments.next().ok_or("below which prefix?")?;

    // By this the user server knows who asks, and so what the key may do.
    let token = std::env::var("APP_TOKEN")?;
    let keys = Refreshing::new(UserServerKeys::new(&user_server)?.with_bearer(&token));
    let client = Client::builder()
        .region("ap-guangzhou")
        .endpoint(&std::env::var("DAYPASS_ENDPOINT")?)
        .provider(Arc::new(keys))
        .build()?;

    // The key is fetched when the first request needs it, and renewed ahead of its end, also in the middle of a file.
    let transfer = Transfer::new(Transfer::USUAL_PART_BYTES, 4)?;
    for file in arguments {
        let name = Path::new(&file)
            .file_name()
            .ok_or("a file has a name")?
            .to_string_lossy();
        let key = ObjectKey::parse(format!("{prefix}{name}").as_bytes())?;
        let put = request::put_object(&bucket, &key);
        let stored = client
            .objects()
            .upload_file(put, Path::new(&file), &transfer)
            .await;
        match stored {
            Ok(_) => println!("{key}: stored"),
            // Where no key is to be had, its cause is what the user server answered.
            Err(error) => match error.source() {
                Some(cause) => println!("{key}: {error}: {cause}"),
                None => println!("{key}: {error}"),
            },
        }
    }
    Ok(())
}
