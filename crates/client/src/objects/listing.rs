//! The objects of a bucket, page by page.

use daypass_api::Outcome;
use daypass_api::operation::{ListObjects, ObjectOperation};
use daypass_api::outcome::ObjectList;
use futures_util::stream::{self, Stream};

use super::ObjectClient;
use crate::error::Error;
use crate::payload::Payload;

impl ObjectClient {
    /// One page of a bucket's objects.
    pub async fn list_objects(&self, list: &ListObjects) -> Result<ObjectList, Error> {
        let list = ObjectOperation::ListObjects(list.clone());
        match self.call(&list, Payload::empty()).await? {
            Outcome::Objects(page) => Ok(page),
            _ => Err(Error::other_outcome()),
        }
    }

    /// All pages from the one asked for on. After an error the stream ends.
    pub fn object_pages(
        &self,
        first: ListObjects,
    ) -> impl Stream<Item = Result<ObjectList, Error>> + Send + use<> {
        let client = self.clone();
        stream::try_unfold((client, Some(first)), |(client, next)| async move {
            let Some(list) = next else { return Ok(None) };
            let page = client.list_objects(&list).await?;
            let following = following(list, &page)?;
            Ok(Some((page, (client, following))))
        })
    }
}

/// The request for the page after this one, if there is one.
fn following(list: ListObjects, page: &ObjectList) -> Result<Option<ListObjects>, Error> {
    let Some(marker) = page.next_marker.clone() else {
        return Ok(None);
    };
    // A server that does not move on would keep us here for ever.
    if marker <= list.marker {
        return Err(Error::malformed("the list of objects does not move on"));
    }
    Ok(Some(ListObjects { marker, ..list }))
}
