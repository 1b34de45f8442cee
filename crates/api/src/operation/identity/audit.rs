//! Searching the audit trail.

use crate::names::Uin;

/// Most records that one search tells.
pub const MAX_AUDIT_RECORDS: usize = 1000;
/// Longest text that is looked for, in bytes; no name is longer.
pub const MAX_AUDIT_TEXT_BYTES: usize = 1024;

/// Which records of the account are asked for: those that have all that is said here, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchAudit {
    /// Not before, in seconds since 1970.
    pub from: Option<i64>,
    /// Before, in seconds since 1970.
    pub to: Option<i64>,
    /// By this identity, or in a chain of sessions that it began.
    pub principal: Option<Uin>,
    /// By this key, or in a session that it began.
    pub access_key_id: Option<String>,
    /// By sessions of this name.
    pub session_name: Option<String>,
    /// This action.
    pub action: Option<String>,
    /// On this bucket.
    pub bucket: Option<String>,
    /// On keys that begin so.
    pub prefix: Option<String>,
    /// Answered under this id.
    pub request_id: Option<String>,
    /// How they ended.
    pub ending: Option<AuditEnding>,
    /// Only records before the one that an answer before named as the next.
    pub before: Option<u64>,
    /// At most so many, and no more than [`MAX_AUDIT_RECORDS`].
    pub limit: usize,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditEnding {
    /// It was allowed, and done.
    Allowed,
    /// It was refused, all or some of it.
    Refused,
    /// It was not refused, and not done either.
    Failed,
}
