//! Keys of accounts, users, access keys, policies and the key ring. All lie under one readable prefix, so that a
//! gateway can see from one key, the generation, whether any of them changed.

use bytes::Bytes;
use daypass_api::names::{AccessKeyId, AppId, PolicyId, PolicyName, Uin, UserName};

use super::join;

pub(super) const ACCOUNT: &[u8] = b"identity/account/";
pub(super) const ACCOUNT_OF_APP: &[u8] = b"identity/app/";
pub(super) const USER: &[u8] = b"identity/user/";
pub(super) const USER_NAMED: &[u8] = b"identity/user-name/";
pub(super) const ACCESS_KEY: &[u8] = b"identity/access-key/";
pub(super) const ACCESS_KEY_OF: &[u8] = b"identity/access-key-of/";
pub(super) const POLICY: &[u8] = b"identity/policy/";
pub(super) const POLICY_NAMED: &[u8] = b"identity/policy-name/";
pub(super) const ATTACHMENT: &[u8] = b"identity/attachment/";
pub(super) const HOLDER: &[u8] = b"identity/holder/";
pub(super) const COUNTER: &[u8] = b"identity/counter/";

/// The number that every change of an identity raises.
pub fn generation() -> Bytes {
    Bytes::from_static(b"identity/generation")
}

/// All accounts.
pub fn accounts() -> Bytes {
    join(&[ACCOUNT])
}

/// An account, by the number of its root identity.
pub fn account(owner: Uin) -> Bytes {
    join(&[ACCOUNT, &number(owner.0)])
}

/// The root identity of the account under a key.
pub fn owner_of_account(stored: &[u8]) -> Option<Uin> {
    last_number(stored).map(Uin)
}

/// An account, by the number in its bucket names.
pub fn account_of_app(app: AppId) -> Bytes {
    join(&[ACCOUNT_OF_APP, &number(app.0)])
}

/// All users of all accounts.
pub fn all_users() -> Bytes {
    join(&[USER])
}

/// All users of an account, in order of their numbers.
pub fn users(owner: Uin) -> Bytes {
    join(&[USER, &number(owner.0)])
}

/// A user.
pub fn user(owner: Uin, uin: Uin) -> Bytes {
    join(&[&users(owner), &number(uin.0)])
}

/// The number at the end of a user's key.
pub fn uin_of_user(stored: &[u8]) -> Option<Uin> {
    last_number(stored).map(Uin)
}

/// A user, by name.
pub fn user_named(owner: Uin, name: &UserName) -> Bytes {
    join(&[USER_NAMED, &number(owner.0), name.as_str().as_bytes()])
}

/// An access key.
pub fn access_key(id: &AccessKeyId) -> Bytes {
    join(&[ACCESS_KEY, id.as_str().as_bytes()])
}

/// All access keys of all identities.
pub fn access_keys() -> Bytes {
    join(&[ACCESS_KEY])
}

/// All access keys of an identity.
pub fn access_keys_of(owner: Uin, uin: Uin) -> Bytes {
    join(&[ACCESS_KEY_OF, &number(owner.0), &number(uin.0)])
}

/// One access key of an identity.
pub fn access_key_of(owner: Uin, uin: Uin, id: &AccessKeyId) -> Bytes {
    join(&[&access_keys_of(owner, uin), id.as_str().as_bytes()])
}

/// The access key's id at the end of such a key.
pub fn id_of_access_key_of(stored: &[u8], owner: Uin, uin: Uin) -> Option<AccessKeyId> {
    let id = stored.strip_prefix(&access_keys_of(owner, uin)[..])?;
    AccessKeyId::parse(std::str::from_utf8(id).ok()?).ok()
}

/// All policies of all accounts.
pub fn all_policies() -> Bytes {
    join(&[POLICY])
}

/// All policies of an account, in order of their numbers.
pub fn policies(owner: Uin) -> Bytes {
    join(&[POLICY, &number(owner.0)])
}

/// A policy.
pub fn policy(owner: Uin, id: PolicyId) -> Bytes {
    join(&[&policies(owner), &number(id.0)])
}

/// The number at the end of a policy's key.
pub fn policy_of_policy(stored: &[u8]) -> Option<PolicyId> {
    last_number(stored).map(PolicyId)
}

/// A policy, by name.
pub fn policy_named(owner: Uin, name: &PolicyName) -> Bytes {
    join(&[POLICY_NAMED, &number(owner.0), name.as_str().as_bytes()])
}

/// All policies that a user has.
pub fn attachments(owner: Uin, uin: Uin) -> Bytes {
    join(&[ATTACHMENT, &number(owner.0), &number(uin.0)])
}

/// One policy that a user has.
pub fn attachment(owner: Uin, uin: Uin, policy: PolicyId) -> Bytes {
    join(&[&attachments(owner, uin), &number(policy.0)])
}

/// The policy at the end of such a key.
pub fn policy_of_attachment(stored: &[u8]) -> Option<PolicyId> {
    last_number(stored).map(PolicyId)
}

/// All users that have a policy.
pub fn holders(owner: Uin, policy: PolicyId) -> Bytes {
    join(&[HOLDER, &number(owner.0), &number(policy.0)])
}

/// One user that has a policy.
pub fn holder(owner: Uin, policy: PolicyId, uin: Uin) -> Bytes {
    join(&[&holders(owner, policy), &number(uin.0)])
}

/// The user at the end of such a key.
pub fn uin_of_holder(stored: &[u8]) -> Option<Uin> {
    last_number(stored).map(Uin)
}

/// A counter that gives out numbers.
pub fn counter(name: &'static str) -> Bytes {
    join(&[COUNTER, name.as_bytes()])
}

/// The key ring.
pub fn key_ring() -> Bytes {
    Bytes::from_static(b"identity/key-ring")
}

pub(super) fn number(value: u64) -> [u8; 8] {
    value.to_be_bytes()
}

pub(super) fn last_number(stored: &[u8]) -> Option<u64> {
    stored.last_chunk().map(|bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::super::revocation::{REVOCATION, REVOCATION_END, revocation_log};
    use super::super::role::{ROLE, ROLE_ATTACHMENT, ROLE_HOLDER, ROLE_NAMED};
    use super::*;

    #[test]
    fn no_space_begins_another() {
        let spaces = [
            &generation()[..],
            ACCOUNT,
            ACCOUNT_OF_APP,
            USER,
            USER_NAMED,
            ACCESS_KEY,
            ACCESS_KEY_OF,
            POLICY,
            POLICY_NAMED,
            ATTACHMENT,
            HOLDER,
            COUNTER,
            ROLE,
            ROLE_NAMED,
            ROLE_ATTACHMENT,
            ROLE_HOLDER,
            &key_ring()[..],
            REVOCATION,
            REVOCATION_END,
            &revocation_log()[..],
        ];
        for (position, space) in spaces.iter().enumerate() {
            let others = spaces.iter().enumerate().filter(|(other, _)| *other != position);
            assert!(
                others.clone().all(|(_, other)| !other.starts_with(space)),
                "{space:?}"
            );
        }
    }

    #[test]
    fn numbers_read_back() {
        let (owner, uin, id) = (Uin(1), Uin(u64::MAX), PolicyId(3));
        let key = AccessKeyId::parse("AKIDexample").unwrap();
        assert_eq!(uin_of_user(&user(owner, uin)), Some(uin));
        assert_eq!(policy_of_policy(&policy(owner, id)), Some(id));
        assert_eq!(policy_of_attachment(&attachment(owner, uin, id)), Some(id));
        assert_eq!(uin_of_holder(&holder(owner, id, uin)), Some(uin));
        assert_eq!(
            id_of_access_key_of(&access_key_of(owner, uin, &key), owner, uin),
            Some(key)
        );
        assert_eq!(uin_of_user(b"short"), None);
    }
}
