//! Reading an object, whole or in part, from however many pieces it is stored in.

use std::sync::Arc;

use bytes::Bytes;
use daypass_api::object::{ReadVerdict, Span};
use daypass_api::operation::ReadObject;
use daypass_api::{Error, ErrorCode, Outcome};
use daypass_blob::{BlobId, Blobs};
use daypass_kv::{Direction, KeyRange};
use daypass_metadata::blob_life::InlineRecord;
use daypass_metadata::keys::{self, ContentId, DataId};
use daypass_metadata::object::{Content, ManifestRecord, ObjectRecord, Place, SEGMENTS_PER_CHUNK, Segment};
use futures_util::{StreamExt, TryStreamExt, future, stream};

use super::{ObjectReader, digest};
use crate::view::decoded;
use crate::{Store, View, fault};

/// Chunks that the manifest of the largest object has.
const MOST_CHUNKS: usize = (daypass_api::object::MAX_PARTS as usize).div_ceil(SEGMENTS_PER_CHUNK);

/// A stretch of bytes to be read from one place.
enum Piece {
    Loaded(Bytes),
    Blob { id: DataId, offset: u64, length: u64 },
}

impl Store {
    /// What is known about an object, and a reader of the bytes that were asked for.
    ///
    /// There is no reader when the client has the object already. The first piece is opened before this
    /// returns, so that an object whose bytes are missing is an error and not a success cut short.
    pub async fn get_object(
        &self,
        view: &View,
        read: &ReadObject,
    ) -> Result<(Outcome, Option<ObjectReader>), Error> {
        let record = view.existing_object(read).await?;
        let outcome = judge(read, &record)?;
        let Outcome::Object { span, .. } = &outcome else {
            return Ok((outcome, None));
        };
        let span = span.unwrap_or(Span {
            start: 0,
            length: record.length,
        });
        let reader = self.read_span(view, &record.content, span).await?;
        Ok((outcome, Some(reader)))
    }

    /// A reader of some bytes of a content.
    pub(super) async fn read_span(
        &self,
        view: &View,
        content: &Content,
        span: Span,
    ) -> Result<ObjectReader, Error> {
        let pieces = view.pieces(content, span).await?;
        open_all(Arc::clone(&self.blobs), pieces).await
    }

    /// What is known about an object.
    pub async fn head_object(&self, view: &View, read: &ReadObject) -> Result<Outcome, Error> {
        judge(read, &view.existing_object(read).await?)
    }
}

/// Weighs the conditions and resolves the range, in this order.
fn judge(read: &ReadObject, record: &ObjectRecord) -> Result<Outcome, Error> {
    match read.preconditions.judge_read(&record.etag, record.last_modified) {
        ReadVerdict::Failed => return Err(ErrorCode::PreconditionFailed.into()),
        ReadVerdict::NotModified => {
            let (etag, last_modified) = (record.etag.clone(), record.last_modified);
            return Ok(Outcome::NotModified { etag, last_modified });
        }
        ReadVerdict::Proceed => {}
    }
    let resolve = |range: daypass_api::object::ByteRange| {
        let span = range.resolve(record.length);
        span.ok_or_else(|| Error::range_beyond(record.length))
    };
    let span = read.range.map(resolve).transpose()?;
    Ok(Outcome::Object {
        info: record.info(),
        span,
        overrides: read.overrides.clone(),
    })
}

async fn open_all(blobs: Arc<dyn Blobs>, pieces: Vec<Piece>) -> Result<ObjectReader, Error> {
    let mut pieces = pieces.into_iter();
    let Some(first) = pieces.next() else {
        return Ok(stream::empty().boxed());
    };
    let first = open(Arc::clone(&blobs), first).await?;
    let rest = stream::iter(pieces).then(move |piece| open(Arc::clone(&blobs), piece));
    Ok(stream::once(future::ready(Ok(first)))
        .chain(rest)
        .try_flatten()
        .boxed())
}

async fn open(blobs: Arc<dyn Blobs>, piece: Piece) -> Result<ObjectReader, Error> {
    match piece {
        Piece::Loaded(bytes) => Ok(stream::once(future::ready(Ok(bytes))).boxed()),
        Piece::Blob { id, offset, length } => {
            let bytes = blobs
                .read(BlobId::from_bytes(id.0), offset, length)
                .await
                .map_err(fault::blob)?;
            Ok(bytes.map_err(fault::blob).boxed())
        }
    }
}

impl View {
    async fn existing_object(&self, read: &ReadObject) -> Result<ObjectRecord, Error> {
        Ok(self.require_object(&read.bucket, &read.key).await?.record)
    }

    /// All pieces that a content of this length is stored in.
    pub(super) async fn segments(&self, content: &Content, length: u64) -> Result<Vec<Segment>, Error> {
        let whole = Span { start: 0, length };
        let segments: Vec<_> = self
            .chunks_of(content, whole)
            .await?
            .into_iter()
            .flat_map(|(_, segments)| segments)
            .collect();
        let found = segments
            .iter()
            .fold(0_u64, |found, segment| found.saturating_add(segment.length));
        if found == length {
            Ok(segments)
        } else {
            Err(not_whole())
        }
    }

    async fn chunks_of(&self, content: &Content, span: Span) -> Result<Vec<(u64, Vec<Segment>)>, Error> {
        Ok(match content {
            Content::Empty => Vec::new(),
            Content::Single { segment, .. } => vec![(0, vec![*segment])],
            Content::Manifest { holder } => self.chunks(*holder, span).await?,
        })
    }

    async fn pieces(&self, content: &Content, span: Span) -> Result<Vec<Piece>, Error> {
        let chunks = self.chunks_of(content, span).await?;
        let mut pieces = Vec::new();
        let mut found: u64 = 0;
        for (mut offset, segments) in chunks {
            for segment in segments {
                if let Some(part) = overlap(span, offset, segment.length) {
                    found = found.saturating_add(part.length);
                    pieces.push(self.piece(segment, part).await?);
                }
                offset = offset.saturating_add(segment.length);
            }
        }
        if found != span.length {
            return Err(not_whole());
        }
        Ok(pieces)
    }

    /// The chunks of a manifest that a span touches, each with its offset.
    async fn chunks(&self, holder: ContentId, span: Span) -> Result<Vec<(u64, Vec<Segment>)>, Error> {
        let after_start = keys::manifest(holder, span.start.saturating_add(1));
        let end = keys::manifest(holder, span.start.saturating_add(span.length));
        let all = KeyRange::prefix(keys::manifests(holder));
        let before = all.clone().before(after_start.clone());
        let first = self
            .snapshot()
            .range(before, Direction::Backward, 1)
            .await
            .map_err(fault::reading)?;
        let rest = KeyRange::between(after_start, end);
        let rest = if rest.is_inverted() {
            Vec::new()
        } else {
            self.first(rest, MOST_CHUNKS).await?
        };
        let decode = |(key, value): (Bytes, Bytes)| {
            let offset =
                keys::offset_of_manifest(&key).ok_or_else(|| fault::inconsistent("the key of a manifest"))?;
            let chunk: ManifestRecord = decoded(&value)?;
            Ok((offset, chunk.segments))
        };
        first.into_iter().chain(rest).map(decode).collect()
    }

    async fn piece(&self, segment: Segment, part: Span) -> Result<Piece, Error> {
        match segment.place {
            Place::Blob(id) => Ok(Piece::Blob {
                id,
                offset: part.start,
                length: part.length,
            }),
            Place::Inline(id) => {
                let data = self.inline_data(id, segment).await?;
                let start = usize::try_from(part.start).unwrap_or(usize::MAX);
                let length = usize::try_from(part.length).unwrap_or(usize::MAX);
                // INVARIANT: the part lies within the segment, whose length the data has.
                Ok(Piece::Loaded(data.slice(start..start.saturating_add(length))))
            }
        }
    }

    pub(super) async fn inline_data(&self, id: DataId, segment: Segment) -> Result<Bytes, Error> {
        let found = self.record::<InlineRecord>(&keys::inline_data(id)).await?;
        let record = found
            .ok_or_else(|| fault::inconsistent("inline data is missing"))?
            .record;
        let intact = record.data.len() as u64 == segment.length
            && record.crc64 == segment.crc64
            && digest::crc64(&record.data) == record.crc64;
        if intact {
            Ok(record.data)
        } else {
            Err(fault::inconsistent("inline data is corrupt"))
        }
    }
}

fn not_whole() -> Error {
    fault::inconsistent("the pieces of an object do not make up its length")
}

/// The part of a segment that lies in a span, counted from the segment's start.
fn overlap(span: Span, offset: u64, length: u64) -> Option<Span> {
    let start = span.start.max(offset);
    let end = span
        .start
        .saturating_add(span.length)
        .min(offset.saturating_add(length));
    (start < end).then(|| Span {
        start: start.saturating_sub(offset),
        length: end.saturating_sub(start),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps() {
        let check = |span: (u64, u64), segment: (u64, u64), expected: Option<(u64, u64)>| {
            let span = Span {
                start: span.0,
                length: span.1,
            };
            let part = overlap(span, segment.0, segment.1).map(|part| (part.start, part.length));
            assert_eq!(part, expected, "{span:?} {segment:?}");
        };
        check((0, 10), (0, 10), Some((0, 10)));
        check((3, 2), (0, 10), Some((3, 2)));
        check((5, 100), (0, 10), Some((5, 5)));
        check((5, 100), (10, 10), Some((0, 10)));
        check((10, 5), (0, 10), None);
        check((0, 10), (10, 10), None);
        check((0, 0), (0, 10), None);
    }
}
