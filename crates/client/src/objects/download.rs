//! An object on its way here.

use bytes::{Bytes, BytesMut};
use crc_fast::CrcAlgorithm::Crc64Xz;
use daypass_api::object::{ObjectInfo, Span};

use super::check_integrity;
use crate::error::Error;
use crate::transport::ReceivedBody;

/// An object on its way here. Its bytes come in order; whoever stops early has not had them checked.
pub struct Download {
    info: ObjectInfo,
    span: Option<Span>,
    body: ReceivedBody,
    /// Nothing where whoever reads keeps a checksum.
    crc64: Option<crc_fast::Digest>,
}

impl Download {
    pub(super) fn new(info: ObjectInfo, span: Option<Span>, body: ReceivedBody) -> Self {
        Self {
            info,
            span,
            body,
            crc64: Some(crc_fast::Digest::new(Crc64Xz)),
        }
    }

    /// The same for whoever compares the checksum himself.
    pub(crate) fn unchecked(self) -> Self {
        Self { crc64: None, ..self }
    }

    /// All about the object.
    pub fn info(&self) -> &ObjectInfo {
        &self.info
    }

    /// Which bytes come, when not all.
    pub fn span(&self) -> Option<Span> {
        self.span
    }

    /// How many bytes come in all.
    pub fn length(&self) -> u64 {
        self.span.map_or(self.info.length, |span| span.length)
    }

    /// The next piece; none at the end.
    ///
    /// The checksum is known for the whole object only, so that the end of a part of it is not checked. That no
    /// byte is missing is certain in any case.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(bytes) = self.body.next().await? {
            if let Some(crc64) = &mut self.crc64 {
                crc64.update(&bytes);
            }
            return Ok(Some(bytes));
        }
        if let (None, Some(crc64)) = (self.span, &self.crc64) {
            check_integrity(self.info.crc64, crc64.finalize())?;
        }
        Ok(None)
    }

    /// All bytes at once, for objects that are known to be small.
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let mut whole = BytesMut::new();
        while let Some(bytes) = self.next().await? {
            whole.extend_from_slice(&bytes);
        }
        Ok(whole.freeze())
    }
}
