//! An object in order, that goes on where a broken connection stopped.

use std::time::Duration;

use bytes::Bytes;
use crc_fast::CrcAlgorithm::Crc64Xz;
use daypass_api::object::{ByteRange, ETagMatch, ObjectInfo, Span};
use daypass_api::operation::ReadObject;

use crate::error::Error;
use crate::objects::{Download, ObjectClient};

/// An object, or a stretch of it, in order. A connection that breaks is made anew, and goes on where it stopped, as
/// long as the object is the same.
pub struct Reader {
    client: ObjectClient,
    read: ReadObject,
    download: Option<Download>,
    info: ObjectInfo,
    /// What is read, in the whole object.
    span: Span,
    /// How much of it has come.
    done: u64,
    crc64: crc_fast::Digest,
    delays: Box<dyn Iterator<Item = Duration> + Send>,
}

impl ObjectClient {
    /// Begins to read an object.
    pub async fn open(&self, mut read: ReadObject) -> Result<Reader, Error> {
        let download = self.get_object(read.clone()).await?.unchecked();
        let info = download.info().clone();
        let whole = Span {
            start: 0,
            length: info.length,
        };
        read.preconditions.if_match = Some(ETagMatch::OneOf(vec![info.etag.clone()]));
        Ok(Reader {
            client: self.clone(),
            read,
            span: download.span().unwrap_or(whole),
            download: Some(download),
            info,
            done: 0,
            crc64: crc_fast::Digest::new(Crc64Xz),
            delays: Box::new(self.patience().delays()),
        })
    }
}

impl Reader {
    /// All about the object.
    pub fn info(&self) -> &ObjectInfo {
        &self.info
    }

    /// Which bytes come.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The next piece; none at the end, where the checksum of a whole object is compared.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        while self.done < self.span.length {
            let Some(download) = self.download.as_mut() else {
                self.resume().await?;
                continue;
            };
            let error = match download.next().await {
                Ok(Some(bytes)) => {
                    self.done += bytes.len() as u64;
                    self.crc64.update(&bytes);
                    return Ok(Some(bytes));
                }
                Ok(None) => return Err(Error::malformed("it ended too early")),
                Err(error) => error,
            };
            let is_broken = matches!(error, Error::Interrupted { .. } | Error::Timeout(_));
            match self.delays.next().filter(|_| is_broken) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            }
            self.download = None;
        }
        let (got, expected) = (self.crc64(), self.info.crc64);
        if self.span.length == self.info.length && got != expected {
            return Err(Error::Integrity { expected, got });
        }
        Ok(None)
    }

    /// CRC-64/XZ of what has come.
    pub(super) fn crc64(&self) -> u64 {
        self.crc64.finalize()
    }

    async fn resume(&mut self) -> Result<(), Error> {
        let rest = Span {
            start: self.span.start + self.done,
            length: self.span.length - self.done,
        };
        let read = ReadObject {
            range: Some(range(rest)),
            ..self.read.clone()
        };
        let download = self.client.get_object(read).await.map_err(changed)?.unchecked();
        if download.span() != Some(rest) || download.info().etag != self.info.etag {
            return Err(Error::ObjectChanged);
        }
        self.download = Some(download);
        Ok(())
    }
}

/// A stretch that is not empty, as a range.
pub(super) fn range(span: Span) -> ByteRange {
    ByteRange::From(span.start, Some((span.start + span.length).saturating_sub(1)))
}

/// A precondition that fails, or an object that is gone, where there was one: somebody else was here.
pub(super) fn changed(error: Error) -> Error {
    match error {
        Error::Refused(refusal) if refusal.status == 412 || refusal.is_not_found() => Error::ObjectChanged,
        error => error,
    }
}
