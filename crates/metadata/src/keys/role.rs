//! Keys of roles and their names. They lie under the prefix of all identities.

use bytes::Bytes;
use daypass_api::names::{RoleId, RoleName, Uin};

use super::identity::{last_number, number};
use super::join;

pub(super) const ROLE: &[u8] = b"identity/role/";
pub(super) const ROLE_NAMED: &[u8] = b"identity/role-name/";

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back() {
        let (owner, id) = (Uin(1), RoleId(u64::MAX));
        assert_eq!(id_of_role(&role(owner, id)), Some(id));
        assert_eq!(id_of_role(b"short"), None);
    }
}
