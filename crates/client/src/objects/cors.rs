//! Which pages of other origins may reach a bucket.

use daypass_api::Outcome;
use daypass_api::cors::CorsRules;
use daypass_api::names::BucketName;
use daypass_api::operation::ObjectOperation;

use super::ObjectClient;
use crate::error::Error;
use crate::payload::Payload;

impl ObjectClient {
    /// A bucket's rules for other origins; refused with `NoSuchCORSConfiguration` where there are none.
    pub async fn bucket_cors(&self, bucket: &BucketName) -> Result<CorsRules, Error> {
        let get = ObjectOperation::GetBucketCors(bucket.clone());
        match self.call(&get, Payload::empty()).await? {
            Outcome::Cors(rules) => Ok(rules),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Gives a bucket other rules for other origins, in place of all that it has.
    pub async fn set_bucket_cors(&self, bucket: &BucketName, rules: CorsRules) -> Result<(), Error> {
        let bucket = bucket.clone();
        self.call_with_document(&ObjectOperation::PutBucketCors { bucket, rules })
            .await
            .map(drop)
    }

    /// Takes a bucket's rules for other origins away; no page of another origin reaches it then.
    pub async fn delete_bucket_cors(&self, bucket: &BucketName) -> Result<(), Error> {
        let delete = ObjectOperation::DeleteBucketCors(bucket.clone());
        self.call(&delete, Payload::empty()).await.map(drop)
    }
}

/// Reads rules for other origins from XML, as the service takes them: a `CORSConfiguration`.
pub fn read_cors_document(text: &str) -> Result<CorsRules, daypass_api::Error> {
    daypass_dialect::cos::read_cors_document(text.as_bytes())
}
