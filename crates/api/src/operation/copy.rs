//! Operations that take their bytes from an object that is there already.

use crate::attributes::QueryValue;
use crate::names::{BucketName, ObjectKey};
use crate::object::{Preconditions, Span};
use crate::operation::{PutObject, UploadRef};

/// Where the bytes of a copy come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopySource {
    /// In this bucket.
    pub bucket: BucketName,
    /// Under this key.
    pub key: ObjectKey,
    /// The version that is meant, where one is named.
    pub version_id: Option<QueryValue>,
    /// Only if these hold for it; each failure is one of the copy.
    pub preconditions: Preconditions,
}

/// An object to make of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyObject {
    /// Whose bytes it gets.
    pub source: CopySource,
    /// What it becomes. Of its headers only the storage class counts, unless they are replaced.
    pub put: PutObject,
    /// Take the headers from the request and not from the source.
    pub replaces_headers: bool,
    /// Take the tags from the request and not from the source.
    pub replaces_tags: bool,
}

/// A part to make of an object's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadPartCopy {
    /// Whose bytes it gets.
    pub source: CopySource,
    /// Only these of them, all of which must be there.
    pub span: Option<Span>,
    /// Of this upload.
    pub upload: UploadRef,
    /// 1 to 10,000.
    pub part_number: u32,
}
