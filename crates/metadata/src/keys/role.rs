//! Keys of roles, their names and their policies. They lie under the prefix of all identities.

use bytes::Bytes;
use daypass_api::names::{PolicyId, RoleId, RoleName, Uin};

use super::identity::{last_number, number};
use super::join;

pub(super) const ROLE: &[u8] = b"identity/role/";
pub(super) const ROLE_NAMED: &[u8] = b"identity/role-name/";
pub(super) const ROLE_ATTACHMENT: &[u8] = b"identity/role-attachment/";
pub(super) const ROLE_HOLDER: &[u8] = b"identity/role-holder/";

/// All roles of all accounts.
pub fn all_roles() -> Bytes {
    Bytes::from_static(ROLE)
}

/// All roles of an account, in order of their numbers.
pub fn roles(owner: Uin) -> Bytes {
    join(&[ROLE, &number(owner.0)])
}

/// A role.
pub fn role(owner: Uin, id: RoleId) -> Bytes {
    join(&[&roles(owner), &number(id.0)])
}

/// The number at the end of a role's key.
pub fn id_of_role(stored: &[u8]) -> Option<RoleId> {
    last_number(stored).map(RoleId)
}

/// A role, by name.
pub fn role_named(owner: Uin, name: &RoleName) -> Bytes {
    join(&[ROLE_NAMED, &number(owner.0), name.as_str().as_bytes()])
}

/// All policies that a role has.
pub fn role_attachments(owner: Uin, role: RoleId) -> Bytes {
    join(&[ROLE_ATTACHMENT, &number(owner.0), &number(role.0)])
}

/// One policy that a role has.
pub fn role_attachment(owner: Uin, role: RoleId, policy: PolicyId) -> Bytes {
    join(&[&role_attachments(owner, role), &number(policy.0)])
}

/// All roles that have a policy.
pub fn role_holders(owner: Uin, policy: PolicyId) -> Bytes {
    join(&[ROLE_HOLDER, &number(owner.0), &number(policy.0)])
}

/// One role that has a policy.
pub fn role_holder(owner: Uin, policy: PolicyId, role: RoleId) -> Bytes {
    join(&[&role_holders(owner, policy), &number(role.0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back() {
        let (owner, id, policy) = (Uin(1), RoleId(u64::MAX), PolicyId(3));
        assert_eq!(id_of_role(&role(owner, id)), Some(id));
        assert_eq!(id_of_role(&role_holder(owner, policy, id)), Some(id));
        assert_eq!(id_of_role(b"short"), None);
    }
}
