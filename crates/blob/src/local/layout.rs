//! The bytes of a blob's file, version 1: a header, then blocks, each followed by its checksum.
//!
//! ```text
//! header   0   8  the letters "DAYPBLOB"
//!          8   4  version of the layout, 1
//!         12   4  data bytes of a full block, 65536
//!         16  16  id of the blob
//!         32   8  length of the blob
//!         40   8  checksum of the 40 bytes before
//! block 0 48   n  65536 data bytes, fewer only in the last block
//!              8  checksum of: id of the blob, number of the block (8 bytes), data
//! block 1 …
//! ```
//!
//! Numbers are little-endian, checksums are CRC-64/NVME. The id and the number are part of each checksum, so a
//! block in the wrong place is found out as well as a damaged one. The header is written last and states the
//! length, so that one look at it and at the length of the file shows a file cut short.
//!
//! Blocks of 64 KiB: a read of a few bytes verifies at most that much, in some ten microseconds, and the
//! checksums take 0.012 percent of the space.

use crc_fast::{CrcAlgorithm, Digest};

use crate::{BlobError, BlobId};

/// The data bytes of a full block.
pub(super) const BLOCK_BYTES: usize = 65_536;
/// The blocks that are read or written in one call, which makes 256 KiB of data: enough that the hop to another thread
/// costs little, and so few that they stay in a processor's own cache from the first look at them to the last.
pub(super) const RUN_BLOCKS: usize = 4;
/// A run with all its checksums.
pub(super) const RUN_BYTES: usize = RUN_BLOCKS * (BLOCK_BYTES + CHECKSUM_BYTES);
/// The bytes of a checksum.
pub(super) const CHECKSUM_BYTES: usize = 8;
/// The bytes of the header.
pub(super) const HEADER_BYTES: usize = 48;

const MAGIC: [u8; 8] = *b"DAYPBLOB";
const VERSION: u32 = 1;

/// The header of a finished blob.
pub(super) fn header(id: BlobId, length: u64) -> [u8; HEADER_BYTES] {
    let block_bytes = BLOCK_BYTES as u32;
    let fields = MAGIC
        .into_iter()
        .chain(VERSION.to_le_bytes())
        .chain(block_bytes.to_le_bytes());
    let fields = fields.chain(*id.as_bytes()).chain(length.to_le_bytes());
    let mut header = [0; HEADER_BYTES];
    for (place, byte) in header.iter_mut().zip(fields) {
        *place = byte;
    }
    if let Some((fields, sum)) = header.split_last_chunk_mut::<CHECKSUM_BYTES>() {
        *sum = checksum(fields);
    }
    header
}

/// Reads the length out of a header, which must be the one of this blob.
pub(super) fn length_in(found: &[u8; HEADER_BYTES], id: BlobId) -> Result<u64, BlobError> {
    let field = |range| found.get(range);
    let version = field(8..12)
        .and_then(|field| field.first_chunk())
        .map(|field| u32::from_le_bytes(*field));
    let length = field(32..40)
        .and_then(|field| field.first_chunk())
        .map(|field| u64::from_le_bytes(*field));
    let intact = found
        .split_last_chunk()
        .is_some_and(|(fields, sum)| checksum(fields) == *sum);
    match (version, length) {
        // All other fields have one right value each, so comparing the whole checks every one of them.
        (_, Some(length)) if header(id, length) == *found => Ok(length),
        (Some(version), _) if version != VERSION && intact && found.starts_with(&MAGIC) => {
            Err(BlobError::UnknownVersion { version })
        }
        _ => Err(BlobError::Corrupt { block: None }),
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    crc_fast::checksum(CrcAlgorithm::Crc64Nvme, bytes).to_le_bytes()
}

/// Begins the checksum of a block.
pub(super) fn block_digest(id: BlobId, block: u64) -> Digest {
    let mut digest = Digest::new(CrcAlgorithm::Crc64Nvme);
    digest.update(id.as_bytes());
    digest.update(&block.to_le_bytes());
    digest
}

/// Where a block begins in the file, if there can be such a block.
pub(super) fn block_position(block: u64) -> Option<u64> {
    block
        .checked_mul((BLOCK_BYTES + CHECKSUM_BYTES) as u64)?
        .checked_add(HEADER_BYTES as u64)
}

/// The length of the file of a blob of this length, if there can be one.
pub(super) fn file_length(length: u64) -> Option<u64> {
    let checksums = length
        .div_ceil(BLOCK_BYTES as u64)
        .checked_mul(CHECKSUM_BYTES as u64)?;
    length.checked_add(checksums)?.checked_add(HEADER_BYTES as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn files_have_the_length_that_the_layout_says() {
        let check = |length, expected| assert_eq!(file_length(length), expected, "{length}");
        check(0, Some(48));
        check(1, Some(48 + 1 + 8));
        check(65_536, Some(48 + 65_536 + 8));
        check(65_537, Some(48 + 65_537 + 16));
        check(u64::MAX, None);
        assert_eq!(block_position(0), Some(48));
        assert_eq!(block_position(2), Some(48 + 2 * 65_544));
        assert_eq!(block_position(u64::MAX / 65_536), None);
    }

    /// A change of these bytes is a change of the format.
    #[test]
    fn the_header_is_as_described() {
        let id = BlobId::from_bytes(*b"0123456789abcdef");
        let header = header(id, 0x0102);
        let fields = b"DAYPBLOB\x01\0\0\0\0\0\x01\x000123456789abcdef\x02\x01\0\0\0\0\0\0";
        assert_eq!(header[..40], fields[..]);
        assert_eq!(
            header[40..],
            crc_fast::checksum(CrcAlgorithm::Crc64Nvme, fields).to_le_bytes()
        );
        assert_eq!(length_in(&header, id).unwrap(), 0x0102);
    }

    #[test]
    fn an_intact_header_of_another_version_is_not_called_corrupt() {
        let id = BlobId::from_bytes([7; 16]);
        let mut later = header(id, 5);
        later[8] = 2;
        assert!(matches!(
            length_in(&later, id),
            Err(BlobError::Corrupt { block: None })
        ));
        let sum = checksum(&later[..40]);
        later[40..].copy_from_slice(&sum);
        assert!(matches!(
            length_in(&later, id),
            Err(BlobError::UnknownVersion { version: 2 })
        ));
        later[0] = b'X';
        let sum = checksum(&later[..40]);
        later[40..].copy_from_slice(&sum);
        assert!(matches!(
            length_in(&later, id),
            Err(BlobError::Corrupt { block: None })
        ));
    }

    proptest! {
        #[test]
        fn a_header_is_only_read_as_it_was_written(
            id: [u8; 16], length: u64, position in 0..HEADER_BYTES, change in 1..=255u8,
        ) {
            let id = BlobId::from_bytes(id);
            let mut header = header(id, length);
            prop_assert_eq!(length_in(&header, id).unwrap(), length);
            header[position] ^= change;
            let corrupt = matches!(length_in(&header, id), Err(BlobError::Corrupt { block: None }));
            prop_assert!(corrupt);
        }
    }
}
