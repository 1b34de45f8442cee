//! Typed calls to the object store, the token service and access management, over HTTP and HTTPS.
//!
//! A [`Connection`] knows where the server is, with which key to sign, and how patient to be; [`ObjectClient`] and
//! [`ActionClient`] are the two doors to it. Requests and answers are spelled by `dialect` and signed by
//! `signature`, the same code that the server reads and verifies with. Objects stream in both directions in
//! constant memory, and what arrives is compared by checksum with what was sent. A [`Transfer`] moves whole files in
//! parts. Where keys come from, folders and messages are left to the caller.

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
