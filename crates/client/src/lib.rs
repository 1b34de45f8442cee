//! Typed calls to the object store, the token service and access management, over HTTP and HTTPS: those of Daypass, and
//! those of Tencent Cloud, whose official SDKs send the same requests.
//!
//! A [`Connection`] knows where the server is, with which key to sign, and how patient to be; [`ObjectClient`] and
//! [`ActionClient`] are the two doors to it, and a [`Client`] has all of them. Requests and answers are spelled by
//! `dialect` and signed by `signature`, the same code that the server reads and verifies with. Objects stream in both
//! directions in constant memory, and what arrives is compared by checksum with what was sent. A [`Transfer`] moves whole
//! files in parts. Where keys come from, folders and messages are left to the caller.
//!
//! # A client
//!
//! It needs a region. Without an endpoint it speaks with Tencent Cloud, with one to the server there.
//!
//! ```
//! use daypass_client::Client;
//!
//! let client = Client::builder().region("ap-guangzhou").endpoint("http://127.0.0.1:9000").build()?;
//! let (objects, tokens, identities) = (client.objects(), client.sts(), client.cam());
//! # Ok::<_, daypass_client::BuildError>(())
//! ```
//!
//! # Keys
//!
//! [`Credentials`] are a key that stays as it is. A [`Profile`] is what the command line reads, from the environment or from
//! a file. [`Refreshing`] keeps a temporary key from a user server ([`UserServerKeys`]), from the token service
//! ([`MintedKeys`]) or from a program ([`ProcessKeys`]), and renews it before it ends, also in the middle of an upload.
//!
//! ```
//! use std::sync::Arc;
//! use daypass_client::{Client, Refreshing, UserServerKeys};
//!
//! let keys = UserServerKeys::new("https://app.example/sts")?.with_bearer("the user's token");
//! let client = Client::builder()
//!     .region("ap-guangzhou")
//!     .provider(Arc::new(Refreshing::new(keys)))
//!     .build()?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Objects
//!
//! [`request`] has the usual form of each request with many wishes; any field can be set afterwards. Names are parsed once,
//! and are good from then on.
//!
//! ```no_run
//! # async fn example(client: daypass_client::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use bytes::Bytes;
//! use daypass_api::names::{BucketName, ObjectKey};
//! use daypass_client::request;
//!
//! let (objects, bucket) = (client.objects(), BucketName::parse("photos-1250000000")?);
//! let key = ObjectKey::parse("users/ann/hello.txt".as_bytes())?;
//! let mut put = request::put_object(&bucket, &key);
//! put.headers.content_type = Some("text/plain".to_owned());
//! put.forbid_overwrite = true;
//! objects.put_object(put, Bytes::from_static(b"hello").into()).await?;
//!
//! let mut download = objects.get_object(request::read_object(&bucket, &key)).await?;
//! while let Some(bytes) = download.next().await? {
//!     print!("{}", String::from_utf8_lossy(&bytes));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Files
//!
//! Large ones go in parts, several at once, and go on another time where they were ended. An [`Observer`] is told of
//! progress, and a [`Stop`] ends them in good order.
//!
//! ```no_run
//! # async fn example(client: daypass_client::Client) -> Result<(), Box<dyn std::error::Error>> {
//! # use daypass_api::names::{BucketName, ObjectKey};
//! use std::path::Path;
//! use daypass_client::{Transfer, request};
//!
//! # let (bucket, key) = (BucketName::parse("photos-1250000000")?, ObjectKey::parse(b"film.mkv")?);
//! let transfer = Transfer::new(Transfer::USUAL_PART_BYTES, 8)?
//!     .with_checkpoints(Path::new("/var/lib/app/checkpoints"));
//! let put = request::put_object(&bucket, &key);
//! let stored = client.objects().upload_file(put, Path::new("film.mkv"), &transfer).await?;
//! println!("{} {:016x}", stored.etag.as_str(), stored.crc64);
//! # Ok(())
//! # }
//! ```
//!
//! # What others may do
//!
//! A temporary key is narrowed by a policy, made of [`scope::Scope`]s. Who shall have no key at all gets a link or a form.
//!
//! ```no_run
//! # async fn example(client: daypass_client::Client) -> Result<(), Box<dyn std::error::Error>> {
//! # use daypass_api::names::{BucketName, ObjectKey};
//! use daypass_api::names::{Region, SessionName};
//! use daypass_api::operation::GetFederationToken;
//! use daypass_client::scope::{self, DOWNLOAD, Scope, UPLOAD};
//!
//! # let (bucket, key) = (BucketName::parse("photos-1250000000")?, ObjectKey::parse(b"film.mkv")?);
//! let region = Region::parse("ap-guangzhou")?;
//! let own = Scope::folder(&bucket, &region, "users/ann/", &[UPLOAD, DOWNLOAD]);
//! let ask = GetFederationToken {
//!     name: SessionName::parse("ann")?,
//!     policy: Some(scope::policy(&[own])?),
//!     duration_seconds: Some(1800),
//! };
//! let temporary = client.sts().get_federation_token(ask).await?;
//! println!("{} until {}", temporary.access_key_id, temporary.expires.iso_seconds());
//!
//! let link = client.objects().presign_put(&bucket, &key, 600).await?;
//! println!("curl -T film.mkv '{}'", link.expose());
//! # Ok(())
//! # }
//! ```
//!
//! A folder that would reach more than itself is refused before anything is asked:
//!
//! ```
//! # use daypass_api::names::{BucketName, Region};
//! use daypass_client::scope::{self, DOWNLOAD, Scope, ScopeError};
//!
//! let (bucket, region) = (BucketName::parse("photos-1250000000")?, Region::parse("ap-guangzhou")?);
//! let open = Scope::folder(&bucket, &region, "users/ann", &[DOWNLOAD]);
//! assert_eq!(scope::policy(&[open]), Err(ScopeError::OpenFolder("users/ann".to_owned())));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Errors
//!
//! An [`Error`] says what can be done about it. What another try may mend was tried again already, where that is harmless; a
//! clock that is off was set right by the server's, and a spent key of a [`Refreshing`] provider was renewed.
//!
//! ```no_run
//! # async fn example(client: daypass_client::Client) {
//! use daypass_client::Error;
//!
//! match client.objects().list_buckets().await {
//!     Ok(buckets) => println!("{} buckets", buckets.len()),
//!     // `daypass explain` tells under this id why.
//!     Err(Error::Refused(refusal)) => println!("{} ({}): {}", refusal.code, refusal.status, refusal.request_id),
//!     Err(Error::Unreachable { endpoint, source }) => println!("{endpoint}: {source}"),
//!     Err(error) => println!("{error}"),
//! }
//! # }
//! ```
//!
//! With the feature `object-store`, the module of that name makes a bucket an `object_store::ObjectStore`.

#[cfg(feature = "object-store")]
pub mod object_store;
pub mod request;
pub mod scope;

mod builder;
mod clock;
mod connection;
mod credentials;
mod endpoint;
mod error;
mod payload;
mod profile;
mod retry;
mod route;
mod transport;
mod trust;

mod actions;
mod objects;
mod transfer;

#[cfg(test)]
mod tests;

pub use actions::ActionClient;
pub use builder::{BuildError, Client, ClientBuilder};
pub use clock::{Clock, SystemClock};
pub use connection::Connection;
pub use credentials::{
    Credentials, CredentialsProvider, FetchError, KeySource, MintedKeys, ProcessKeys, Refreshing,
    UserServerKeys,
};
pub use endpoint::{Endpoint, EndpointError};
pub use error::{Cause, Error, Refusal};
pub use objects::{
    Download, FormKey, FormSuccess, FormUpload, ObjectClient, SignedForm, SignedPut, SignedUrl, Stored,
    UploadedPart, read_cors_document,
};
pub use payload::{ByteStream, Payload};
pub use profile::{Profile, ProfileError};
pub use retry::Patience;
pub use route::{Proxy, ProxyError};
pub use transfer::{MAX_AT_ONCE, Observer, Reader, Stop, Transfer};
pub use trust::{Distrust, Trust, TrustError};
