//! Everything that a request can ask for: one closed enum, in three families.
//!
//! An operation holds what it acts on, already parsed. Its bytes, if it has any, travel beside it. What may be
//! asked of whom is in [`crate::requirement`]; a variant without requirements does not compile.

mod account;
mod copy;
mod explain;
mod identity;
mod key_ring;
mod object;
mod provider;
mod revocation;
mod session;
mod unbuilt;

pub use account::{AccountOperation, AccountStatus, MAX_ACCOUNT_NUMBER, NewAccount};
pub use copy::{CopyObject, CopySource, UploadPartCopy};
pub use explain::{MAX_REQUEST_ID_BYTES, RequestId};
pub use identity::{
    AccessKeyStatus, AnalysisOperation, AttachmentReach, AuditEnding, BoundaryOperation, Contact, CreateUser,
    DeleteUser, EntityFilter, GroupOperation, IdentityOperation, MAX_AUDIT_RECORDS, MAX_AUDIT_TEXT_BYTES,
    MAX_MEMBERSHIPS_AT_ONCE, MAX_ROLE_DESCRIPTION_BYTES, MAX_ROLE_SECONDS, MAX_ROLE_TAGS, Membership,
    NewGroup, NewPolicy, NewRole, Paging, PolicyPurpose, PolicyRef, PolicyScope, RightsHolder, RoleOperation,
    RoleRef, SearchAudit, Subject, UpdateGroup, UpdatePolicy, UpdateUser, UserPolicies, UserRef,
    VersionOperation,
};
pub use key_ring::KeyRingOperation;
pub use object::{
    BodyClaims, CreateBucket, DeleteEntry, DeleteObject, DeleteObjects, InitiateMultipartUpload, ListBuckets,
    ListMultipartUploads, ListObjects, ListParts, MAX_DELETED_AT_ONCE, ObjectOperation, PartEntry,
    PostAnswer, PostObject, Preflight, PutObject, ReadObject, ResponseOverrides, UploadPart, UploadRef,
};
pub use provider::{
    MAX_AUDIENCE_BYTES, MAX_PROVIDER_AUDIENCES, MAX_PROVIDER_DESCRIPTION_BYTES, MAX_PROVIDER_KEY_BYTES,
    ProviderOperation, ProviderSettings,
};
pub use revocation::{
    ListRevocations, ListSessions, ListedTarget, MAX_LISTED_REVOCATIONS, MAX_LISTED_SESSIONS,
    MAX_REVOKED_AT_ONCE, RevokeSession, RevokedTarget,
};
pub use session::{AssumeRole, AssumeRoleWithWebIdentity, GetFederationToken, SessionOperation};
pub use unbuilt::{Target, UnbuiltOperation};

/// What one request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one exists per request; the common variant is the large one"
)]
pub enum Operation {
    /// Of the object store: buckets, objects, uploads.
    Object(ObjectOperation),
    /// Of the token service: temporary keys and who holds them.
    Session(SessionOperation),
    /// Of the access-management service: users, groups, access keys, policies, roles.
    Identity(IdentityOperation),
}

impl Operation {
    /// Whether it changes users, groups, access keys, policies, roles, accounts or the keys above them, or ends sessions.
    /// No session with a policy of its own, and no federation session, may do that.
    pub fn is_identity_write(&self) -> bool {
        match self {
            Self::Session(SessionOperation::RevokeSession(_)) => true,
            Self::Session(SessionOperation::KeyRing(operation)) => operation.is_write(),
            Self::Object(_) | Self::Session(_) => false,
            Self::Identity(operation) => operation.is_write(),
        }
    }
}
