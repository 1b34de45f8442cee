//! Tags of buckets and objects: pairs of a key and a value, each key once.

/// Tags, in the order in which they were given.
pub type Tags = Vec<(String, String)>;

/// Most tags of an object.
pub const MAX_OBJECT_TAGS: usize = 10;
/// Most tags of a bucket.
pub const MAX_BUCKET_TAGS: usize = 50;
/// Longest key, in characters.
pub const MAX_TAG_KEY_LENGTH: usize = 128;
/// Longest value, in characters.
pub const MAX_TAG_VALUE_LENGTH: usize = 256;
/// Most tags of a policy.
pub const MAX_POLICY_TAGS: usize = 50;
