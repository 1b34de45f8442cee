//! From the store to a file.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crc_fast::CrcAlgorithm::Crc64Xz;
use daypass_api::object::{ETagMatch, ObjectInfo, Preconditions, Span};
use daypass_api::operation::ReadObject;
use futures_util::future::FutureExt;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::filling::Filling;
use super::place::{Place, Target};
use super::reader::{Reader, changed, range};
use super::{Transfer, resumed_download, stretches};
use crate::error::Error;
use crate::objects::ObjectClient;

/// Bytes that are held until they are written to a file.
const HELD: usize = 1024 * 1024;

impl ObjectClient {
    /// Reads a whole object into a file, large ones in several ranges at once. The file has its name when all of it has
    /// arrived and its checksum is right; until then, what was there before stays. A pipe or a device is written to in
    /// order.
    pub async fn download_file(
        &self,
        read: ReadObject,
        path: &Path,
        transfer: &Transfer,
    ) -> Result<ObjectInfo, Error> {
        match Place::open(path).map_err(Error::Target)? {
            Place::Special(file) => self.in_order(read, file, transfer).await,
            Place::Regular(target) => {
                let first = transfer.stop.or(self.first_range(&read, transfer)).await?;
                let is_long = first.info().length > transfer.part_bytes;
                let name = || resumed_download::name(self, &read, target.path());
                match is_long.then(|| transfer.checkpoint(name)).transpose()?.flatten() {
                    Some(checkpoint) => {
                        self.give_up_old_checkpoints(transfer).await;
                        self.download_on(read, first, &target, checkpoint, transfer).await
                    }
                    None => self.download_whole(read, first, &target, transfer).await,
                }
            }
        }
    }

    async fn download_whole(
        &self,
        read: ReadObject,
        first: Reader,
        target: &Target,
        transfer: &Transfer,
    ) -> Result<ObjectInfo, Error> {
        let temporary = target.temporary().map_err(Error::Target)?;
        let file = Filling::new(temporary.as_file().try_clone().map_err(Error::Target)?);
        let length = first.info().length;
        if length > transfer.part_bytes {
            file.take_room(length).await?;
        }
        let work = self.in_ranges(read, first, file, transfer);
        let info = transfer.stop.or(work).await?;
        let named = temporary.persist(target.path());
        named.map_err(|error| Error::Target(error.error))?;
        Ok(info)
    }

    async fn in_order(
        &self,
        read: ReadObject,
        mut file: File,
        transfer: &Transfer,
    ) -> Result<ObjectInfo, Error> {
        let share = transfer.share();
        let work = async {
            let _slot = transfer.slot(u64::MAX).await?;
            let mut reader = self.open(read).await?;
            transfer.observer.expect(reader.span().length);
            while let Some(bytes) = reader.next().await? {
                share.add(bytes.len());
                file = blocking(move || file.write_all(&bytes).map(|()| file)).await?;
            }
            Ok(reader.info().clone())
        };
        transfer.stop.or(work).await
    }

    async fn in_ranges(
        &self,
        read: ReadObject,
        first: Reader,
        file: Filling,
        transfer: &Transfer,
    ) -> Result<ObjectInfo, Error> {
        let info = first.info().clone();
        transfer.observer.expect(info.length);
        let rest = stretches(info.length, transfer.part_bytes).skip(1).map(|span| {
            let (read, info, file) = (&read, &info, &file);
            async move {
                let _slot = transfer.slot(span.length).await?;
                let reader = self.open_range(read, info, span).await?;
                write(reader, file, transfer).await
            }
            .boxed()
        });
        let first = async {
            let _slot = transfer.slot(first.span().length).await?;
            write(first, &file, transfer).await
        };
        // Made one by one, as they are begun: there may be millions.
        let ranges = std::iter::once(first.boxed()).chain(rest);
        let written: Vec<Range> = stream::iter(ranges)
            .buffered(transfer.at_once)
            .try_collect()
            .await?;
        let got = whole_crc64(&written);
        if got != info.crc64 {
            return Err(Error::Integrity {
                expected: info.crc64,
                got,
            });
        }
        Ok(info)
    }

    /// A stretch of the object that was looked at, and of no other one.
    pub(super) async fn open_range(
        &self,
        read: &ReadObject,
        info: &ObjectInfo,
        span: Span,
    ) -> Result<Reader, Error> {
        let part = ReadObject {
            range: Some(range(span)),
            preconditions: Preconditions {
                if_match: Some(ETagMatch::OneOf(vec![info.etag.clone()])),
                ..read.preconditions.clone()
            },
            ..read.clone()
        };
        let reader = self.open(part).await.map_err(changed)?;
        match reader.span() == span {
            true => Ok(reader),
            false => Err(Error::ObjectChanged),
        }
    }

    async fn first_range(&self, read: &ReadObject, transfer: &Transfer) -> Result<Reader, Error> {
        // No more than its beginning is read yet.
        let _slot = transfer.slot(0).await?;
        let first = Span {
            start: 0,
            length: transfer.part_bytes,
        };
        let part = ReadObject {
            range: Some(range(first)),
            ..read.clone()
        };
        match self.open(part).await {
            // An empty object has no range.
            Err(Error::Refused(refusal)) if refusal.status == 416 => self.open(read.clone()).await,
            opened => opened,
        }
    }
}

/// What was written of an object.
pub(super) struct Range {
    pub(super) length: u64,
    pub(super) crc64: u64,
}

/// The checksum of the stretches one after another.
pub(super) fn whole_crc64<'r>(ranges: impl IntoIterator<Item = &'r Range>) -> u64 {
    let empty = crc_fast::checksum(Crc64Xz, b"");
    ranges.into_iter().fold(empty, |crc64, range| {
        crc_fast::checksum_combine(Crc64Xz, crc64, range.crc64, range.length)
    })
}

/// Writes what comes to its place in the file, a few pieces at a time as they are.
pub(super) async fn write(mut reader: Reader, file: &Filling, transfer: &Transfer) -> Result<Range, Error> {
    let share = transfer.share();
    let mut place = reader.span().start;
    let (mut pieces, mut held) = (Vec::new(), 0);
    loop {
        let bytes = reader.next().await?;
        let is_last = bytes.is_none();
        if let Some(bytes) = bytes {
            share.add(bytes.len());
            held += bytes.len();
            pieces.push(bytes);
        }
        if is_last || held >= HELD {
            file.write(std::mem::take(&mut pieces), place).await?;
            place += std::mem::take(&mut held) as u64;
        }
        if is_last {
            return Ok(Range {
                length: reader.span().length,
                crc64: reader.crc64(),
            });
        }
    }
}

/// Work that waits for a disk, where nobody else waits for it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome.map_err(Error::Target),
        Err(_) => Err(Error::Stopped),
    }
}
