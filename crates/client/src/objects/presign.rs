//! Links: requests signed in their URL, to be made by somebody who has no key.

use std::fmt;
use std::sync::Arc;

use daypass_api::ErrorCode;
use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::operation::{ObjectOperation, PutObject, ReadObject};
use daypass_dialect::cos::request;
use daypass_signature::cos::{self, SignOptions};
use daypass_signature::{RequestView, Window};

use super::{ObjectClient, sign};
use crate::connection::Connection;
use crate::credentials::Credentials;
use crate::error::Error;

/// A link that does what its maker may do, for whoever has it. Hidden in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedUrl(String);

impl SignedUrl {
    /// The link itself. Each use of this method is a place where it may leak.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedUrl(hidden)")
    }
}

impl ObjectClient {
    /// A link to read an object, good for so many seconds. Response overrides go with it; a range and
    /// preconditions are headers, which a link does not have.
    pub async fn presign_get(&self, read: ReadObject, seconds: u32) -> Result<SignedUrl, Error> {
        self.presign(&ObjectOperation::GetObject(read), seconds).await
    }

    /// A link to store an object by PUT, good for so many seconds.
    pub async fn presign_put(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        seconds: u32,
    ) -> Result<SignedUrl, Error> {
        let put: PutObject = crate::request::put_object(bucket, key);
        self.presign(&ObjectOperation::PutObject(put), seconds).await
    }

    async fn presign(&self, operation: &ObjectOperation, seconds: u32) -> Result<SignedUrl, Error> {
        let credentials = key_to_sign_with(&self.connection, "a link").await?;
        let parts =
            request::write(operation, &self.connection.endpoint().for_dialect()).map_err(Error::Request)?;
        let headers = [("host", parts.host.as_bytes())];
        let too_many = |_| sign::unsignable("it has too many parameters");
        let view = RequestView::new(parts.method, &parts.path, &parts.query, &headers).map_err(too_many)?;
        let window: Window = sign::window(self.connection.now(), i64::from(seconds))?;
        let signature = cos::presign(
            &view,
            credentials.secret_id.as_str(),
            &credentials.signing_key(),
            credentials.token_text(),
            &SignOptions::standard(window),
        );
        let separator = if parts.query.is_empty() { '?' } else { '&' };
        Ok(SignedUrl(format!(
            "{}://{}{}{separator}{}",
            self.connection.endpoint().scheme(),
            parts.host,
            sign::target(&parts),
            signature.map_err(too_many)?
        )))
    }
}

/// The key of a connection, for something that makes no sense without a signature.
pub(super) async fn key_to_sign_with(connection: &Connection, what: &str) -> Result<Arc<Credentials>, Error> {
    connection.credentials().await?.ok_or_else(|| {
        Error::Request(daypass_api::Error::with_message(
            ErrorCode::SignatureMissing,
            format!("{what} needs a key to sign it with"),
        ))
    })
}
