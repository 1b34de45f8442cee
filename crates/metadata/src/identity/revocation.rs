//! Revocations: a log that only grows at its end, until what is in it may be forgotten.
//!
//! A batch that adds to the log requires its end to be as read, so that places have no gaps when they are given out
//! and an entry is never put before one that a reader has already passed.

use daypass_api::Timestamp;
use daypass_api::names::{SessionId, Uin};
use daypass_api::outcome::Ended;
use daypass_kv::Batch;

use crate::bucket::CounterRecord;
use crate::codec::{DecodeError, Decoder, Encoder, Field, Found, MarkRecord, Record, record, require};
use crate::keys;

/// One revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRecord {
    /// The account whose it is.
    pub owner: Uin,
    /// Which sessions it ends.
    pub ended: Ended,
    /// Those that were made until then.
    pub issued_before: Timestamp,
    /// When the last of them would have ended by itself.
    pub expires: Timestamp,
    /// When it was made.
    pub made: Timestamp,
    /// Who made it.
    pub by: Uin,
}

record!(RevocationRecord, "revocation", version 1, { owner, ended, issued_before, expires, made, by });

impl Field for Ended {
    fn write(&self, encoder: &mut Encoder) {
        match self {
            Self::Session(id) => {
                0u8.write(encoder);
                id.0.write(encoder);
            }
            Self::User(uin) => {
                1u8.write(encoder);
                uin.write(encoder);
            }
            Self::Role(id) => {
                2u8.write(encoder);
                id.write(encoder);
            }
            Self::AccessKey(id) => {
                3u8.write(encoder);
                id.write(encoder);
            }
            Self::Name(name) => {
                4u8.write(encoder);
                name.write(encoder);
            }
        }
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::read(decoder)? {
            0 => Self::Session(SessionId(Field::read(decoder)?)),
            1 => Self::User(Field::read(decoder)?),
            2 => Self::Role(Field::read(decoder)?),
            3 => Self::AccessKey(Field::read(decoder)?),
            4 => Self::Name(Field::read(decoder)?),
            _ => return Err(DecodeError::Malformed("not what a revocation ends")),
        })
    }
}

/// Adds revocations to the end of the log; none if there are no more places.
pub fn revoke(log: Option<&Found<CounterRecord>>, records: &[RevocationRecord]) -> Option<Batch> {
    let mut last = log.map_or(0, |log| log.record.value);
    let mut batch = require(Batch::new(), &keys::revocation_log(), log);
    for record in records {
        last = last.checked_add(1)?;
        batch = batch
            .put(keys::revocation(last), record.encode())
            .put(keys::revocation_end(record.expires, last), MarkRecord.encode());
    }
    Some(batch.put(keys::revocation_log(), CounterRecord { value: last }.encode()))
}

/// Removes a revocation that ends nothing any more.
pub fn forget_revocation(batch: Batch, expires: Timestamp, sequence: u64) -> Batch {
    batch
        .delete(keys::revocation(sequence))
        .delete(keys::revocation_end(expires, sequence))
}
