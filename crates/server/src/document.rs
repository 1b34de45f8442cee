//! The documents that requests to the object store carry: read whole, and held against what the head said of them.
//!
//! A document is read after the signature was verified and before anything is decided, since what it asks for is
//! part of what is judged. Its size is bounded here; what it means is the dialect's.

use bytes::Bytes;
use daypass_api::operation::BodyClaims;
use daypass_api::{Error, ErrorCode};
use md5::{Digest, Md5};
use sha1::Sha1;

use crate::edge::body::RequestBody;

/// Largest XML document that a request may carry.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Reads a document from the body and holds it against its claims.
pub(crate) async fn collect(body: &mut RequestBody, claims: &BodyClaims) -> Result<Bytes, Error> {
    let text = body.collect(MAX_BYTES, ErrorCode::XmlTooLarge).await?;
    if claims
        .md5
        .is_some_and(|announced| announced != <[u8; 16]>::from(Md5::digest(&text)))
    {
        return Err(Error::new(ErrorCode::BadDigest));
    }
    if claims
        .sha1
        .is_some_and(|announced| announced != <[u8; 20]>::from(Sha1::digest(&text)))
    {
        return Err(Error::new(ErrorCode::InvalidSha1Digest));
    }
    Ok(text)
}
