//! Buckets, objects and uploads: one method of [`crate::Store`] for each operation.
//!
//! A write reads what it depends on, judges, and commits under the condition that all of it is still so; after a
//! conflict it reads and judges anew. So preconditions of a request hold at the moment of its commit, and of
//! writes without any the last one wins.

mod body;
mod buckets;
mod complete;
mod copy;
mod delete;
mod digest;
mod list;
mod multipart;
mod put;
mod read;
mod receive;
mod settings;
mod uploads;

#[cfg(test)]
pub(crate) use digest::crc64 as crc64_for_tests;
pub(crate) use multipart::read_part;

use bytes::Bytes;
use daypass_api::Error;
use futures_util::stream::BoxStream;

/// The bytes of a request's body, as they arrive. An error of the stream ends the operation with that error.
pub type BodyStream<'a> = BoxStream<'a, Result<Bytes, Error>>;

/// The bytes of an object, or of the range asked for. It needs no view, and goes on although the object is
/// replaced or removed meanwhile. After an error it ends.
pub type ObjectReader = BoxStream<'static, Result<Bytes, Error>>;
