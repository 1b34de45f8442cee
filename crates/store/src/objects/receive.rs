//! From a request's body to stored bytes that no record points to yet.
//!
//! Small bodies stay in memory and travel in the batch that makes them visible. A larger one becomes a blob: its
//! intent is made durable while the first bytes arrive, the digests are checked before the blob is finished, and
//! whatever goes wrong, blob and intent are taken back if that can be done at once. What cannot, or when this
//! future is dropped, is left to the sweep, which finds the intent.

use bytes::{Bytes, BytesMut};
use daypass_api::operation::BodyClaims;
use daypass_api::{Error, ErrorCode, Timestamp};
use daypass_blob::{BlobId, BlobWriter};
use daypass_metadata::blob_life::{InlineRecord, Intent, IntentRecord, NewData, Referrer};
use daypass_metadata::keys::{self, DataId};
use futures_util::future::try_join;

use super::BodyStream;
use super::body::{Body, BodySummary};
use crate::{Random, Store, View, fault};

/// Stored bytes without a record.
pub(crate) struct Received {
    pub(crate) summary: BodySummary,
    /// Where they are; nowhere if there are none.
    pub(crate) data: Option<NewData>,
}

/// The beginning of a body.
enum Head {
    /// All of it, and it is small.
    Whole(Bytes),
    /// More than what counts as small.
    Part(Vec<Bytes>),
}

impl Store {
    /// Reads a body and stores its bytes.
    pub(crate) async fn receive(
        &self,
        stream: BodyStream<'_>,
        claims: &BodyClaims,
        referrer: &Referrer,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Received, Error> {
        let mut body = Body::new(stream, claims)?;
        let mut id = [0; 16];
        random.fill(&mut id);
        let id = DataId(id);
        match self.read_head(&mut body).await? {
            Head::Whole(data) => {
                let summary = body.finish()?;
                let record = InlineRecord {
                    crc64: summary.crc64,
                    data,
                };
                let data = (summary.length > 0).then(|| NewData::Inline(id, record));
                Ok(Received { summary, data })
            }
            Head::Part(head) => {
                let intent = Intent { created: now, id };
                let summary = self.receive_blob(head, body, intent, referrer.clone()).await?;
                Ok(Received {
                    summary,
                    data: Some(NewData::Blob(intent)),
                })
            }
        }
    }

    /// Takes back what was received, as far as that can be done now; the sweep does the rest.
    pub(crate) async fn discard(&self, received: &Received) {
        if let Some(NewData::Blob(intent)) = received.data {
            self.remove_announced(intent).await;
        }
    }

    async fn read_head(&self, body: &mut Body<'_>) -> Result<Head, Error> {
        let mut pieces = Vec::new();
        let mut length: usize = 0;
        while let Some(piece) = body.next().await? {
            length = length.saturating_add(piece.len());
            pieces.push(piece);
            if length > self.options.inline_bytes {
                return Ok(Head::Part(pieces));
            }
        }
        let mut whole = BytesMut::with_capacity(length);
        pieces.iter().for_each(|piece| whole.extend_from_slice(piece));
        Ok(Head::Whole(whole.freeze()))
    }

    async fn receive_blob(
        &self,
        head: Vec<Bytes>,
        mut body: Body<'_>,
        intent: Intent,
        referrer: Referrer,
    ) -> Result<BodySummary, Error> {
        let announce = async { self.commit(intent.announce(referrer)).await.map_err(Error::from) };
        let written = try_join(announce, self.write_blob(intent.id, head, &mut body)).await;
        let checked = match written {
            Ok((_, writer)) => self
                .check_body(body, intent)
                .await
                .map(|summary| (writer, summary)),
            Err(error) => Err(error),
        };
        let (writer, summary) = match checked {
            Ok(checked) => checked,
            Err(error) => {
                // The writer is gone, and the blob with it.
                self.withdraw(intent).await;
                return Err(error);
            }
        };
        match writer.finish().await {
            Ok(length) if length == summary.length => Ok(summary),
            Ok(_) => {
                self.remove_announced(intent).await;
                Err(fault::inconsistent("a blob has another length than was written"))
            }
            Err(error) => {
                self.remove_announced(intent).await;
                Err(fault::blob(error))
            }
        }
    }

    /// Holds the body to its claims, and looks whether the intent still stands: if the sweep took it for dead
    /// just after, the dead mark outlives the finishing of the blob by the grace time.
    async fn check_body(&self, body: Body<'_>, intent: Intent) -> Result<BodySummary, Error> {
        let summary = body.finish()?;
        self.view().await?.require_intent(intent).await?;
        Ok(summary)
    }

    async fn write_blob(
        &self,
        id: DataId,
        head: Vec<Bytes>,
        body: &mut Body<'_>,
    ) -> Result<Box<dyn BlobWriter>, Error> {
        let mut writer = self
            .blobs
            .create(BlobId::from_bytes(id.0))
            .await
            .map_err(fault::blob)?;
        for piece in head {
            writer.write(piece).await.map_err(fault::blob)?;
        }
        while let Some(piece) = body.next().await? {
            writer.write(piece).await.map_err(fault::blob)?;
        }
        Ok(writer)
    }

    async fn remove_announced(&self, intent: Intent) {
        match self.blobs.delete(BlobId::from_bytes(intent.id.0)).await {
            Ok(()) => self.withdraw(intent).await,
            Err(error) => tracing::debug!(
                error = &error as &dyn std::error::Error,
                "a blob is left to the sweep"
            ),
        }
    }

    async fn withdraw(&self, intent: Intent) {
        if self.commit(intent.withdraw()).await.is_err() {
            tracing::debug!("an intent is left to the sweep");
        }
    }
}

impl View {
    /// Refuses to go on with a blob whose intent the sweep took for dead.
    async fn require_intent(&self, intent: Intent) -> Result<(), Error> {
        let announced = self
            .record::<IntentRecord>(&keys::intent(intent.created, intent.id))
            .await?;
        announced.map(|_| ()).ok_or(ErrorCode::RequestTimeout.into())
    }

    /// The same for new data of either kind.
    pub(crate) async fn require_announced(&self, data: Option<&NewData>) -> Result<(), Error> {
        match data {
            Some(NewData::Blob(intent)) => self.require_intent(*intent).await,
            Some(NewData::Inline(..)) | None => Ok(()),
        }
    }
}
