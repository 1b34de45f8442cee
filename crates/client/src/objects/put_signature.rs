//! A signature for one PUT, to be sent in a header by somebody who has no key.

use std::fmt;

use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::operation::ObjectOperation;
use daypass_dialect::cos::request;
use daypass_signature::cos::{self, SignOptions};
use daypass_signature::{RequestView, Window};

use super::presign::key_to_sign_with;
use super::{ObjectClient, sign};
use crate::error::Error;

/// A PUT that was signed, but not made. Its signature is hidden in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedPut {
    url: String,
    authorization: String,
}

impl SignedPut {
    /// Where to; it holds no signature.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The header `Authorization`; the token of a temporary key goes beside it as `x-cos-security-token`. Each use of
    /// this method is a place where it may leak.
    pub fn expose_authorization(&self) -> &str {
        &self.authorization
    }
}

impl fmt::Debug for SignedPut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedPut")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl ObjectClient {
    /// Signs a PUT of an object, good for so many seconds. The host is signed, and where a content type is given, that
    /// type and no other may be sent.
    pub async fn sign_put(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        content_type: Option<&str>,
        seconds: u32,
    ) -> Result<SignedPut, Error> {
        let credentials = key_to_sign_with(&self.connection, "a PUT").await?;
        let endpoint = self.connection.endpoint();
        let operation = ObjectOperation::PutObject(crate::request::put_object(bucket, key));
        let parts = request::write(&operation, &endpoint.for_dialect()).map_err(Error::Request)?;
        let mut headers = vec![("host", parts.host.as_bytes())];
        headers.extend(content_type.map(|kind| ("content-type", kind.as_bytes())));
        let view = RequestView::new(parts.method, &parts.path, &parts.query, &headers)
            .map_err(|_| sign::unsignable("it has too many parameters"))?;
        let window: Window = sign::window(self.connection.now(), i64::from(seconds))?;
        let authorization = cos::sign(
            &view,
            credentials.secret_id.as_str(),
            &credentials.signing_key(),
            &SignOptions::standard(window),
        );
        Ok(SignedPut {
            url: format!("{}://{}{}", endpoint.scheme(), parts.host, sign::target(&parts)),
            authorization,
        })
    }
}
