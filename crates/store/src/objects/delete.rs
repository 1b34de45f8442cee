//! Removing an object.

use daypass_api::operation::DeleteObject;
use daypass_api::{Error, Outcome, Timestamp};
use daypass_metadata::object;

use crate::{Attempts, Store, View};

impl Store {
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
