//! Temporary keys that are out, and ending them before their time.

use crate::Timestamp;
use crate::names::{AccessKeyId, SessionName, Uin};
use crate::operation::RoleRef;

/// Most sessions that one call ends.
pub const MAX_REVOKED_AT_ONCE: usize = 1000;
/// Most revocations that one call lists.
pub const MAX_LISTED_REVOCATIONS: usize = 1000;

/// Sessions to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeSession {
    /// Which.
    pub target: RevokedTarget,
    /// Only those that were made until then; absent means until now. A session named by its key has one beginning,
    /// and takes no bound.
    pub issued_before: Option<Timestamp>,
}

/// Which sessions to end; each with all that descend from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevokedTarget {
    /// Those of these temporary keys.
    Sessions(Vec<AccessKeyId>),
    /// Those with a user's rights, and those of roles that the user's keys began.
    User(Uin),
    /// Those of a role.
    Role(RoleRef),
    /// Those that a permanent key began.
    AccessKey(AccessKeyId),
    /// Those that were given a name.
    Name(SessionName),
}

/// Revocations to list, in the order in which they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListRevocations {
    /// Only those after this one.
    pub after: u64,
    /// At most so many.
    pub limit: usize,
}

/// Most sessions that one call lists.
pub const MAX_LISTED_SESSIONS: usize = 200;

/// Sessions to list, the newest first. A page may have fewer than were asked for, or none, and still not be the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSessions {
    /// Only some; absent means all of the account.
    pub target: Option<ListedTarget>,
    /// Only those that are good now.
    pub live_only: bool,
    /// Only those before this place, that an answer told as its `next`.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// Which sessions to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListedTarget {
    /// Those with a user's rights, and those that the user's keys began.
    User(Uin),
    /// Those of a role.
    Role(RoleRef),
    /// Those that a permanent key began.
    AccessKey(AccessKeyId),
    /// Those that were given a name.
    Name(SessionName),
}
