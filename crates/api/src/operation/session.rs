//! Operations of the token service.

use crate::names::{ExternalId, ProviderName, SessionName, Uin};
use crate::operation::{KeyRingOperation, ListRevocations, ListSessions, RevokeSession, RoleRef, Subject};
use crate::secret::WebIdentityToken;
use crate::tags::Tags;

/// An operation on temporary keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionOperation {
    /// A temporary key of the caller's own rights, narrowed by a policy.
    GetFederationToken(GetFederationToken),
    /// A temporary key of a role's rights.
    AssumeRole(AssumeRole),
    /// A temporary key of a role's rights, for somebody for whom an identity provider vouches.
    AssumeRoleWithWebIdentity(AssumeRoleWithWebIdentity),
    /// A temporary key of the caller's own rights, for somebody who shows no second factor.
    GetSessionToken {
        /// How long the key shall live; absent means the default.
        duration_seconds: Option<i64>,
    },
    /// Who the caller is.
    GetCallerIdentity,
    /// The ids of an identity's permanent keys, and whether they work.
    QueryApiKey(Subject),
    /// Temporary keys to end before their time.
    RevokeSession(RevokeSession),
    /// What the account ended so.
    ListRevocations(ListRevocations),
    /// Temporary keys that were given out.
    ListSessions(ListSessions),
    /// Something about the keys that seal session tokens.
    KeyRing(KeyRingOperation),
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

/// A temporary key of a role to mint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRole {
    /// The account that the role is in.
    pub owner: Uin,
    /// The role.
    pub role: RoleRef,
    /// The session's name.
    pub name: SessionName,
    /// How long the key shall live; absent means the default.
    pub duration_seconds: Option<i64>,
    /// The session policy, decoded to JSON text; absent means no narrowing.
    pub policy: Option<String>,
    /// What the role's trust policy may ask for, so that a deputy cannot be confused.
    pub external_id: Option<ExternalId>,
    /// Tags of the session.
    pub tags: Tags,
    /// Who the caller says it acts for.
    pub source_identity: Option<SessionName>,
}

/// A temporary key of a role to mint for somebody for whom an identity provider vouches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRoleWithWebIdentity {
    /// The account that the role and the provider are in.
    pub owner: Uin,
    /// The role.
    pub role: RoleRef,
    /// Who vouches.
    pub provider: ProviderName,
    /// What the provider says.
    pub token: WebIdentityToken,
    /// The session's name.
    pub name: SessionName,
    /// How long the key shall live; absent means the default.
    pub duration_seconds: Option<i64>,
    /// The session policy, decoded to JSON text; absent means no narrowing.
    pub policy: Option<String>,
}
