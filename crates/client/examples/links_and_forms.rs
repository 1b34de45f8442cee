//! What somebody without a key may be given: a link that reads, a link that stores, and a form for a browser.
//!
//! `DAYPASS_ENDPOINT=… DAYPASS_SECRET_ID=… DAYPASS_SECRET_KEY=… cargo run --example links_and_forms BUCKET`

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program reads its environment, and an example shows what it does"
)]

use std::error::Error;

use daypass_api::names::{BucketName, ObjectKey};
use daypass_client::{Client, FormKey, FormUpload, Profile, request};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bucket = BucketName::parse(&std::env::args().nth(1).ok_or("which bucket?")?)?;
    let key = ObjectKey::parse(b"example/picture.jpg")?;
    let profile = Profile::of_environment(|name| Ok::<_, Box<dyn Error>>(std::env::var(name).ok()))?;
    let client = Client::builder()
        .region("ap-guangzhou")
        .profile(&profile)?
        .build()?;
    let objects = client.objects();

    let store = objects.presign_put(&bucket, &key, 600).await?;
    let read = objects
        .presign_get(request::read_object(&bucket, &key), 600)
        .await?;
    println!("curl -T picture.jpg '{}'", store.expose());
    println!("curl '{}'", read.expose());

    let form = FormUpload {
        length: 1..=5 * 1024 * 1024,
        content_type: Some("image/jpeg".to_owned()),
        ..FormUpload::new(&bucket, FormKey::Below("example/".to_owned()))
    };
    let form = objects.sign_form(&form).await?;
    println!(
        "<form action=\"{}\" method=\"post\" enctype=\"multipart/form-data\">",
        form.url()
    );
    for (name, value) in form.expose() {
        println!("  <input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
    }
    println!("  <input type=\"file\" name=\"file\"> <button>Upload</button>\n</form>");
    Ok(())
}
