//! A download into a file that goes on where an earlier one ended.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crc_fast::CrcAlgorithm::Crc64Xz;
use daypass_api::object::{ObjectInfo, Span};
use daypass_api::operation::ReadObject;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, short};
use super::download::{Range, blocking, whole_crc64, write};
use super::filling::Filling;
use super::place::Target;
use super::reader::Reader;
use super::{Transfer, stretches};
use crate::error::Error;
use crate::objects::ObjectClient;

/// Bytes that are read at a time of what was written before.
const PIECE: usize = 1024 * 1024;

/// Everything that must be the same for a download to go on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Identity {
    version: u32,
    download_from: String,
    bucket: String,
    key: String,
    etag: String,
    length: u64,
    crc64: u64,
    part_bytes: u64,
    file: PathBuf,
}

/// A stretch that is written.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Written {
    index: u64,
    crc64: u64,
}

/// Of what name the checkpoint of a download is.
pub(super) fn name(client: &ObjectClient, read: &ReadObject, path: &Path) -> String {
    let endpoint = client.connection().endpoint().to_string();
    name_of(&endpoint, read.bucket.as_str(), read.key.as_str(), path)
}

fn name_of(endpoint: &str, bucket: &str, key: &str, path: &Path) -> String {
    format!("download\n{endpoint}\n{bucket}\n{key}\n{}", path.display())
}

/// What the file beside the target is called that is written until it is whole.
fn part_name(name: &str) -> String {
    format!(".daypass-{}.part", short(name))
}

/// The file that the download of a checkpoint has begun, if it is of one.
pub(super) fn part_of(checkpoint: &Checkpoint) -> Option<PathBuf> {
    let (identity, _) = checkpoint.read::<Identity, Written>().ok().flatten()?;
    let Identity {
        download_from,
        bucket,
        key,
        file,
        ..
    } = &identity;
    let name = name_of(download_from, bucket, key, file);
    // Only what it was named for: nothing else is taken away, whatever it says.
    checkpoint
        .is_of(&name)
        .then(|| file.with_file_name(part_name(&name)))
}

impl ObjectClient {
    /// Reads the rest of an object into the file beside the target that an earlier download has begun, which then takes
    /// the target's place. What ends it leaves file and checkpoint, unless it cannot go better another time.
    pub(super) async fn download_on(
        &self,
        read: ReadObject,
        first: Reader,
        target: &Target,
        checkpoint: Checkpoint,
        transfer: &Transfer,
    ) -> Result<ObjectInfo, Error> {
        let info = first.info().clone();
        let identity = Identity {
            version: 1,
            download_from: self.connection().endpoint().to_string(),
            bucket: read.bucket.as_str().to_owned(),
            key: read.key.as_str().to_owned(),
            etag: info.etag.as_str().to_owned(),
            length: info.length,
            crc64: info.crc64,
            part_bytes: transfer.part_bytes,
            file: target.path().to_owned(),
        };
        let part = target.beside(&part_name(&name(self, &read, target.path())));
        let (file, done) = begun(&identity, &part, target, &checkpoint).await?;
        file.take_room(info.length).await?;
        let work = self.missing_ranges(read, first, done, &file, &checkpoint, transfer);
        match transfer.stop.or(work).await {
            Ok(()) => {
                fs::rename(&part, target.path()).map_err(Error::Target)?;
                checkpoint.remove().map_err(Error::Checkpoint)?;
                Ok(info)
            }
            Err(error) if error.may_go_better() => {
                // Until then others may want the room; without that, no more than the disk is fuller.
                let _ = file.give_back_room();
                Err(error)
            }
            Err(error) => {
                // It failed already; what cannot be removed either is overwritten the next time.
                let _ = fs::remove_file(&part);
                checkpoint.remove().map_err(Error::Checkpoint)?;
                Err(error)
            }
        }
    }

    async fn missing_ranges(
        &self,
        read: ReadObject,
        first: Reader,
        mut done: BTreeMap<u64, Range>,
        file: &Filling,
        checkpoint: &Checkpoint,
        transfer: &Transfer,
    ) -> Result<(), Error> {
        let info = first.info().clone();
        let missing: Vec<(u64, Span)> = (0..)
            .zip(stretches(info.length, transfer.part_bytes))
            .filter(|(index, _)| !done.contains_key(index))
            .collect();
        transfer
            .observer
            .expect(missing.iter().map(|(_, span)| span.length).sum());
        let mut first = Some(first);
        let ranges = missing.into_iter().map(|(index, span)| {
            let opened = (index == 0).then(|| first.take()).flatten();
            let (read, info) = (&read, &info);
            async move {
                let _slot = transfer.slot(span.length).await?;
                let reader = match opened {
                    Some(reader) => reader,
                    None => self.open_range(read, info, span).await?,
                };
                Ok::<_, Error>((index, write(reader, file, transfer).await?))
            }
        });
        let mut written = stream::iter(ranges).buffer_unordered(transfer.at_once);
        while let Some((index, range)) = written.try_next().await? {
            let line = Written {
                index,
                crc64: range.crc64,
            };
            checkpoint.add(&line).map_err(Error::Checkpoint)?;
            done.insert(index, range);
        }
        let got = whole_crc64(done.values());
        match got == info.crc64 {
            true => Ok(()),
            false => Err(Error::Integrity {
                expected: info.crc64,
                got,
            }),
        }
    }
}

/// The file that was begun with what is right in it, or a new one.
async fn begun(
    identity: &Identity,
    part: &Path,
    target: &Target,
    checkpoint: &Checkpoint,
) -> Result<(Filling, BTreeMap<u64, Range>), Error> {
    let found = checkpoint
        .read::<Identity, Written>()
        .map_err(Error::Checkpoint)?;
    let before = found.filter(|(header, _)| header == identity);
    let mut options = File::options();
    options.read(true).write(true).mode(target.mode());
    if let Some((_, lines)) = before
        && let Ok(file) = options.open(part)
    {
        let (part_bytes, length) = (identity.part_bytes, identity.length);
        let looked_at = blocking(move || {
            let done = still_right(&file, &lines, length, part_bytes);
            Ok((file, done))
        });
        let (file, done) = looked_at.await?;
        return Ok((Filling::new(file), done));
    }
    let file = options
        .create(true)
        .truncate(true)
        .open(part)
        .map_err(Error::Target)?;
    checkpoint.begin(identity).map_err(Error::Checkpoint)?;
    Ok((Filling::new(file), BTreeMap::new()))
}

/// The stretches that are in the file as they came; after a crash they need not be.
fn still_right(file: &File, lines: &[Written], length: u64, part_bytes: u64) -> BTreeMap<u64, Range> {
    let mut done = BTreeMap::new();
    for line in lines {
        let start = line.index.saturating_mul(part_bytes);
        let span = Span {
            start,
            length: part_bytes.min(length.saturating_sub(start)),
        };
        if span.length > 0 && crc64_of(file, span).is_ok_and(|found| found == line.crc64) {
            done.insert(
                line.index,
                Range {
                    length: span.length,
                    crc64: line.crc64,
                },
            );
        }
    }
    done
}

fn crc64_of(file: &File, span: Span) -> io::Result<u64> {
    let mut digest = crc_fast::Digest::new(Crc64Xz);
    let mut piece = vec![0; PIECE];
    let (mut at, end) = (span.start, span.start + span.length);
    while at < end {
        let wanted = usize::try_from(end - at).map_or(PIECE, |left| left.min(PIECE));
        let room = piece.get_mut(..wanted).unwrap_or_default();
        file.read_exact_at(room, at)?;
        digest.update(room);
        at += wanted as u64;
    }
    Ok(digest.finalize())
}
