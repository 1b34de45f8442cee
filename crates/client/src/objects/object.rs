//! Single objects: store, read, remove.

use daypass_api::Outcome;
use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::object::ObjectInfo;
use daypass_api::operation::{
    DeleteEntry, DeleteObject, DeleteObjects, ObjectOperation, PutObject, ReadObject,
};
use daypass_dialect::cos::answer::refusal;

use super::{Download, ObjectClient, Stored};
use crate::error::{Error, Refusal};
use crate::payload::Payload;
use crate::transport::AnswerBody;

impl ObjectClient {
    /// Stores an object. That the server has what was sent is certain when this succeeds.
    pub async fn put_object(&self, mut put: PutObject, payload: Payload) -> Result<Stored, Error> {
        put.body.length = Some(payload.length());
        self.store(&ObjectOperation::PutObject(put), payload).await
    }

    /// Begins to read an object. That the whole of it is what was stored is known at the end of the download.
    pub async fn get_object(&self, read: ReadObject) -> Result<Download, Error> {
        let get = ObjectOperation::GetObject(read);
        let (outcome, answer) = self.exchange(&get, Payload::empty(), AnswerBody::Object).await?;
        match (outcome, answer.object) {
            (Outcome::Object { info, span, .. }, Some(body)) => Ok(Download::new(info, span, body)),
            (Outcome::NotModified { .. }, _) => Err(Error::NotModified),
            _ => Err(Error::other_outcome()),
        }
    }

    /// What is known about an object.
    pub async fn head_object(&self, read: ReadObject) -> Result<ObjectInfo, Error> {
        let head = ObjectOperation::HeadObject(read);
        match self.call(&head, Payload::empty()).await? {
            Outcome::Object { info, .. } => Ok(info),
            Outcome::NotModified { .. } => Err(Error::NotModified),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Removes an object; one that is not there is removed already.
    pub async fn delete_object(&self, bucket: &BucketName, key: &ObjectKey) -> Result<(), Error> {
        let delete = DeleteObject {
            bucket: bucket.clone(),
            key: key.clone(),
        };
        self.call(&ObjectOperation::DeleteObject(delete), Payload::empty())
            .await?;
        Ok(())
    }

    /// Removes objects of one bucket, at most 1,000, and tells which of them could not be removed and why.
    pub async fn delete_objects(
        &self,
        bucket: &BucketName,
        keys: Vec<ObjectKey>,
    ) -> Result<Vec<(ObjectKey, Refusal)>, Error> {
        let entries = keys.into_iter().map(|key| DeleteEntry {
            key,
            version_id: None,
        });
        let delete = ObjectOperation::DeleteObjects(DeleteObjects {
            bucket: bucket.clone(),
            quiet: true,
            entries: entries.collect(),
        });
        match self.call_with_document(&delete).await? {
            Outcome::ObjectsDeleted(report) => Ok(report
                .entries
                .into_iter()
                .filter_map(|deleted| Some((deleted.entry.key, refusal(&deleted.error?).into())))
                .collect()),
            _ => Err(Error::other_outcome()),
        }
    }
}
