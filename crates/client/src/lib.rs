//! Typed calls to the object store, the token service and access management, over HTTP and HTTPS.
//!
//! A [`Connection`] knows where the server is, with which key to sign, and how patient to be; [`ObjectClient`] and
//! [`ActionClient`] are the two doors to it. Requests and answers are spelled by `dialect` and signed by
//! `signature`, the same code that the server reads and verifies with. Objects stream in both directions in
//! constant memory, and what arrives is compared by checksum with what was sent. Where keys come from, files and
//! messages are left to the caller.

pub mod request;

mod clock;
mod connection;
mod credentials;
mod endpoint;
mod error;
mod payload;
mod retry;
mod transport;
mod trust;

mod actions;
mod objects;

#[cfg(test)]
mod tests;

pub use actions::ActionClient;
pub use clock::{Clock, SystemClock};
pub use connection::Connection;
pub use credentials::Credentials;
pub use endpoint::{Endpoint, EndpointError};
pub use error::{Cause, Error, Refusal};
pub use objects::{Download, ObjectClient, SignedUrl, Stored, UploadedPart};
pub use payload::{ByteStream, Payload};
pub use retry::Patience;
pub use trust::{Distrust, Trust, TrustError};
