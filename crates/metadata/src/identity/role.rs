//! Roles of an account, and the index of their names.

use daypass_api::Timestamp;
use daypass_api::names::{PolicyId, RoleId, RoleName, Uin};
use daypass_api::outcome::Role;
use daypass_api::tags::Tags;
use daypass_kv::Batch;

use super::TrustedProvider;
use crate::codec::{Record, field, record, record_since_2};
use crate::keys;

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRecord {
    /// Its name.
    pub name: RoleName,
    /// Who may act as it, as the document was given.
    pub document: String,
    /// The roles that the document names by name, as they were when it was given: a name alone may pass to another.
    pub trusted: Vec<TrustedRole>,
    /// A note about it.
    pub description: String,
    /// Whether it may be used at a console.
    pub console_login: bool,
    /// The longest life of its sessions, in seconds; 0 for no limit of its own.
    pub session_duration: i64,
    /// Its tags.
    pub tags: Tags,
    /// The policy that bounds what it may do.
    pub boundary: Option<PolicyId>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// The identity providers that the document names, as they were when it was given.
    pub providers: Vec<TrustedProvider>,
}

record_since_2!(RoleRecord, "role", {
    name, document, trusted, description, console_login, session_duration, tags, boundary, created, updated,
}, added { providers });

/// A role that a document names by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedRole {
    /// The account that it is in.
    pub owner: Uin,
    /// The name.
    pub name: RoleName,
    /// Whose the name was.
    pub id: RoleId,
}

field!(TrustedRole { owner, name, id });

impl RoleRecord {
    /// What is told about the role of this number.
    pub fn role(self, owner: Uin, id: RoleId) -> Role {
        Role {
            id,
            name: self.name,
            owner,
            document: self.document,
            description: self.description,
            console_login: self.console_login,
            session_duration: self.session_duration,
            tags: self.tags,
            created: self.created,
            updated: self.updated,
        }
    }
}

/// The way from a role's name to its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleNameRecord {
    /// Its number.
    pub id: RoleId,
}

record!(RoleNameRecord, "role name", version 1, { id });

/// Makes a role.
pub fn create_role(batch: Batch, owner: Uin, id: RoleId, role: &RoleRecord) -> Batch {
    put_role(batch, owner, id, role).put(
        keys::role_named(owner, &role.name),
        RoleNameRecord { id }.encode(),
    )
}

/// Changes what is stored about a role, but not its name.
pub fn put_role(batch: Batch, owner: Uin, id: RoleId, role: &RoleRecord) -> Batch {
    batch.put(keys::role(owner, id), role.encode())
}

/// Removes a role that has no policies any more.
pub fn remove_role(batch: Batch, owner: Uin, id: RoleId, name: &RoleName) -> Batch {
    batch
        .delete(keys::role(owner, id))
        .delete(keys::role_named(owner, name))
}
