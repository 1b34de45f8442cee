//! Removing an object, or many.

use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::operation::DeleteObject;
use daypass_api::{Error, Outcome, Timestamp};
use daypass_metadata::object;
use futures_util::StreamExt;
use futures_util::stream;

use crate::{Attempts, Store, View};

/// How many objects of one request are removed at once. They share the engine's flushes.
const AT_ONCE: usize = 64;

impl Store {
    /// Removes several objects, each by itself: what became of one says nothing about another. In the order of
    /// the keys; the whole fails only if there is no such bucket.
    pub async fn delete_objects(
        &self,
        view: View,
        bucket: &BucketName,
        keys: Vec<ObjectKey>,
        now: Timestamp,
    ) -> Result<Vec<Result<(), Error>>, Error> {
        view.require_bucket(bucket).await?;
        drop(view);
        let remove = |key| async move {
            let bucket = bucket.clone();
            let view = self.view().await?;
            let delete = DeleteObject { bucket, key };
            self.delete_object(view, &delete, now).await.map(drop)
        };
        Ok(stream::iter(keys).map(remove).buffered(AT_ONCE).collect().await)
    }

    /// Removes an object; one that is not there counts as removed.
    pub async fn delete_object(
        &self,
        mut view: View,
        delete: &DeleteObject,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let mut attempts = Attempts::default();
        loop {
            attempts.another().await?;
            view.require_bucket(&delete.bucket).await?;
            let Some(current) = view.object(&delete.bucket, &delete.key).await? else {
                return Ok(Outcome::Deleted);
            };
            if self
                .commit(object::remove(&delete.bucket, &delete.key, &current, now))
                .await?
            {
                return Ok(Outcome::Deleted);
            }
            view = self.view().await?;
        }
    }
}
