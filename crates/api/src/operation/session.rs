//! Operations of the token service.

use crate::names::SessionName;

/// An operation on temporary keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionOperation {
    /// A temporary key of the caller's own rights, narrowed by a policy.
    GetFederationToken(GetFederationToken),
    /// Who the caller is.
    GetCallerIdentity,
}

/// A temporary key to mint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetFederationToken {
    /// The session's name.
    pub name: SessionName,
    /// The session policy, decoded to JSON text; absent means no narrowing.
    pub policy: Option<String>,
    /// How long the key shall live; absent means the default.
    pub duration_seconds: Option<i64>,
}
