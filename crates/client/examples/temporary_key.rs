//! A program that holds a permanent key makes a temporary one for one user's folder, which can do nothing else.
//!
//! `DAYPASS_ENDPOINT=… DAYPASS_SECRET_ID=… DAYPASS_SECRET_KEY=… cargo run --example temporary_key BUCKET USER`

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program reads its environment, and an example shows what it does"
)]

use std::error::Error;

use bytes::Bytes;
use daypass_api::names::{BucketName, ObjectKey, Region, SessionName};
use daypass_api::operation::GetFederationToken;
use daypass_client::scope::{self, DOWNLOAD, Scope, UPLOAD};
use daypass_client::{Client, Profile, request};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let bucket = BucketName::parse(&arguments.next().ok_or("which bucket?")?)?;
    let user = arguments.next().ok_or("which user?")?;
    let region = Region::parse("ap-guangzhou")?;
    let profile = Profile::of_environment(|name| Ok::<_, Box<dyn Error>>(std::env::var(name).ok()))?;
    let builder = || Client::builder().region("ap-guangzhou");
    let client = builder().profile(&profile)?.build()?;

    // A name with `*` or `${` in it, or a folder without a `/` at its end, is refused here, and so is what lint calls an error.
    let own = Scope::folder(&bucket, &region, &format!("users/{user}/"), &[UPLOAD, DOWNLOAD]);
    let policy = scope::policy(&[own])?;
    let key = client
        .sts()
        .get_federation_token(GetFederationToken {
            name: SessionName::parse(&user)?,
            policy: Some(policy),
            duration_seconds: Some(1800),
        })
        .await?;
    println!(
        "{} is good until {}",
        key.access_key_id,
        key.expires.iso_seconds()
    );

    let users = builder().profile(&profile)?.credentials(key.into()).build()?;
    for name in [
        format!("users/{user}/hello"),
        "users/somebody-else/hello".to_owned(),
    ] {
        let put = request::put_object(&bucket, &ObjectKey::parse(name.as_bytes())?);
        match users
            .objects()
            .put_object(put, Bytes::from_static(b"hello").into())
            .await
        {
            Ok(_) => println!("{name}: stored"),
            Err(error) => {
                println!("{name}: {error}");
                // The id under which `daypass explain` tells more.
                println!(
                    "{}",
                    error.refusal().ok_or("the store was not reached")?.request_id
                );
            }
        }
    }
    Ok(())
}
