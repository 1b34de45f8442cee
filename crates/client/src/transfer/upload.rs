//! From a file or any other source to the store.

use std::future::Future;
use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;
use daypass_api::object::MAX_PARTS;
use daypass_api::operation::{InitiateMultipartUpload, PutObject, UploadRef};
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};

use super::resumed_upload;
use super::source::{FileSource, read_parts};
use super::{Transfer, stretches};
use crate::error::Error;
use crate::objects::{ObjectClient, Stored, UploadedPart, unsignable};
use crate::payload::Payload;

impl ObjectClient {
    /// Stores a file, in one piece or in parts, as its length says. One that changes while it is read is not
    /// stored.
    ///
    /// What is no regular file, such as a pipe, is read until its end.
    pub async fn upload_file(
        &self,
        put: PutObject,
        path: &Path,
        transfer: &Transfer,
    ) -> Result<Stored, Error> {
        let file = std::fs::File::open(path).map_err(Error::Source)?;
        let metadata = file.metadata().map_err(Error::Source)?;
        // Pipes and devices have no length; some files that the system makes up say that theirs is none.
        if !metadata.is_file() || metadata.len() == 0 {
            return self.upload_from(put, file, transfer).await;
        }
        let source = FileSource::new(path, &metadata);
        if source.is_short() {
            return self.upload_short(put, source, file, transfer).await;
        }
        let part = transfer.part_length(source.length());
        let payloads = stretches(source.length(), part).map(|span| source.payload(span, transfer.share()));
        if source.length() <= part {
            transfer.observer.expect(source.length());
            let payload = payloads.last().unwrap_or_else(Payload::empty);
            return self.upload_whole(put, payload, transfer).await;
        }
        let start = start_of_parts(put)?;
        match transfer.checkpoint(|| resumed_upload::name(self, &start, &source))? {
            Some(checkpoint) => {
                self.give_up_old_checkpoints(transfer).await;
                self.upload_on(start, &source, part, checkpoint, transfer).await
            }
            None => {
                transfer.observer.expect(source.length());
                let payloads = payloads.collect::<Vec<_>>();
                self.upload_in_parts(start, stream::iter(payloads).map(Ok), transfer)
                    .await
            }
        }
    }

    async fn upload_short(
        &self,
        put: PutObject,
        source: FileSource,
        file: std::fs::File,
        transfer: &Transfer,
    ) -> Result<Stored, Error> {
        transfer.observer.expect(source.length());
        let read = async { source.read_whole(file).await.map_err(Error::Source) };
        let bytes = transfer.stop.or(read).await?;
        transfer.share().add(bytes.len());
        self.upload_whole(put, bytes.into(), transfer).await
    }

    /// Stores what a source has, until its end. How much it is shows only there, and what was read cannot be read
    /// again: parts are held in memory until the server has them.
    pub async fn upload_from(
        &self,
        put: PutObject,
        source: impl Read + Send + 'static,
        transfer: &Transfer,
    ) -> Result<Stored, Error> {
        let length = usize::try_from(transfer.part_bytes).unwrap_or(usize::MAX);
        let share = transfer.share();
        let counted = move |bytes: &Bytes| share.add(bytes.len());
        let mut parts = read_parts(source, length).inspect_ok(counted);
        // One part is read ahead: if that is all, it goes in one piece.
        let first = async { parts.try_next().await.map_err(Error::Source) };
        let first = transfer.stop.or(first).await?.unwrap_or_default();
        if first.len() < length {
            return self.upload_whole(put, first.into(), transfer).await;
        }
        let parts = stream::iter([Ok(first)]).chain(parts).map_ok(Payload::from);
        self.upload_in_parts(start_of_parts(put)?, parts, transfer).await
    }

    async fn upload_whole(
        &self,
        put: PutObject,
        payload: Payload,
        transfer: &Transfer,
    ) -> Result<Stored, Error> {
        let work = async {
            let _slot = transfer.slot(payload.length()).await?;
            self.put_object(put, payload).await
        };
        transfer.stop.or(work).await
    }

    async fn upload_in_parts(
        &self,
        start: InitiateMultipartUpload,
        payloads: impl Stream<Item = io::Result<Payload>> + Send,
        transfer: &Transfer,
    ) -> Result<Stored, Error> {
        let parts = |upload: UploadRef| async move {
            payloads
                .map_err(Error::Source)
                .zip(stream::iter(1..=u32::MAX))
                .map(|(payload, number)| Ok((payload?, number)))
                .map_ok(|(payload, number)| self.one_part(&upload, number, payload, transfer))
                .try_buffered(transfer.at_once)
                .try_collect()
                .await
        };
        self.in_parts(start, transfer, parts).await
    }

    pub(super) async fn one_part(
        &self,
        upload: &UploadRef,
        number: u32,
        payload: Payload,
        transfer: &Transfer,
    ) -> Result<UploadedPart, Error> {
        if number > MAX_PARTS {
            return Err(unsignable("an upload has at most 10000 parts: make them longer"));
        }
        let _slot = transfer.slot(payload.length()).await?;
        self.upload_part(upload, number, payload).await
    }

    /// Begins an upload, has its parts stored, and completes it; whatever goes wrong, it is aborted.
    pub(super) async fn in_parts<F>(
        &self,
        start: InitiateMultipartUpload,
        transfer: &Transfer,
        parts: impl FnOnce(UploadRef) -> F,
    ) -> Result<Stored, Error>
    where
        F: Future<Output = Result<Vec<UploadedPart>, Error>>,
    {
        if transfer.stop.is_stopped() {
            return Err(Error::Stopped);
        }
        let forbid_overwrite = start.forbid_overwrite;
        // Neither the beginning nor the end is interrupted: nobody would know whether there is an upload.
        let upload = self.initiate_multipart_upload(start).await?;
        let outcome = match transfer.stop.or(parts(upload.clone())).await {
            Ok(parts) => {
                self.complete_multipart_upload(&upload, &parts, forbid_overwrite)
                    .await
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(stored) => Ok(stored),
            Err(error) => Err(self.aborted(&upload, error).await),
        }
    }

    /// Why an upload failed, after it was aborted: else its parts would stay on the server, where nobody sees them.
    pub(super) async fn aborted(&self, upload: &UploadRef, error: Error) -> Error {
        match self.abort_multipart_upload(upload).await {
            Ok(()) => error,
            Err(Error::Refused(refusal)) if refusal.is_not_found() => error,
            Err(_) => Error::LeftBehind {
                upload_id: upload.upload_id.to_string(),
                source: Box::new(error),
            },
        }
    }
}

/// How an upload in parts begins that is to store the same.
fn start_of_parts(put: PutObject) -> Result<InitiateMultipartUpload, Error> {
    if !put.preconditions.is_empty() {
        return Err(unsignable("an upload in parts has no preconditions"));
    }
    Ok(InitiateMultipartUpload {
        bucket: put.bucket,
        key: put.key,
        headers: put.headers,
        acl: put.acl,
        tags: put.tags,
        forbid_overwrite: put.forbid_overwrite,
    })
}
