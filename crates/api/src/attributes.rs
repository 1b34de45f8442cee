//! What a request says that policy conditions may ask about.
//!
//! A value is there when the request carried it, empty or not; policies tell an absent value from an empty one.

use crate::tags::Tags;

/// A query parameter in both of its spellings: policies may be written against either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryValue {
    /// As it stood in the query, percent-encoded.
    pub raw: String,
    /// Decoded.
    pub decoded: String,
}

/// The request's own values.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Attributes {
    /// Query parameter `prefix`.
    pub prefix: Option<QueryValue>,
    /// Query parameter `versionId`.
    pub version_id: Option<QueryValue>,
    /// Query parameter `response-content-type`.
    pub response_content_type: Option<QueryValue>,
    /// Header `x-cos-storage-class`.
    pub storage_class: Option<String>,
    /// Header `x-cos-acl`.
    pub acl: Option<String>,
    /// Header `x-cos-forbid-overwrite`.
    pub forbid_overwrite: Option<String>,
    /// Header `Content-Length`.
    pub content_length: Option<String>,
    /// Header `Content-Type`.
    pub content_type: Option<String>,
    /// Header `Host`.
    pub host: Option<String>,
    /// The tags that a bucket shall have.
    pub request_tags: Tags,
    /// The external id with which a role is assumed.
    pub external_id: Option<String>,
}

impl Attributes {
    /// What is left of them for something that the request names beside its own target, in this version.
    pub fn beside_target(&self, version_id: Option<&QueryValue>) -> Self {
        Self {
            host: self.host.clone(),
            version_id: version_id.cloned(),
            ..Self::default()
        }
    }
}
