//! Keys of accounts, users, groups, access keys, policies and the key ring. All lie under one readable prefix, so that a
//! gateway can see from one key, the generation, whether any of them changed.

use bytes::Bytes;
use daypass_api::names::{
    AccessKeyId, AppId, GroupId, GroupName, PolicyId, PolicyName, RoleId, Uin, UserName, VersionId,
};

use super::join;
use crate::identity::Holder;

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
pub(super) const GROUP_ATTACHMENT: &[u8] = b"identity/group-attachment/";
pub(super) const GROUP_HOLDER: &[u8] = b"identity/group-holder/";
pub(super) const ROLE_ATTACHMENT: &[u8] = b"identity/role-attachment/";
pub(super) const ROLE_HOLDER: &[u8] = b"identity/role-holder/";
pub(super) const POLICY_VERSION: &[u8] = b"identity/policy-version/";
pub(super) const POLICY_TALLY: &[u8] = b"identity/policy-tally/";
pub(super) const ACCOUNT_TALLY: &[u8] = b"identity/tally/";
pub(super) const USER_UID: &[u8] = b"identity/user-uid/";
pub(super) const BOUNDARY: &[u8] = b"identity/boundary/";
pub(super) const GROUP: &[u8] = b"identity/group/";
pub(super) const GROUP_NAMED: &[u8] = b"identity/group-name/";
pub(super) const MEMBER: &[u8] = b"identity/group-member/";
pub(super) const GROUP_OF: &[u8] = b"identity/group-of/";
pub(super) const LAST_USE: &[u8] = b"identity/last-use/";
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

/// All policies of an account, by name.
pub fn policies_named(owner: Uin) -> Bytes {
    join(&[POLICY_NAMED, &number(owner.0)])
}

/// A policy, by name.
pub fn policy_named(owner: Uin, name: &PolicyName) -> Bytes {
    join(&[&policies_named(owner), name.as_str().as_bytes()])
}

/// The name in such a key.
pub fn name_of_policy_named(stored: &[u8]) -> Option<&str> {
    let (_, name) = stored.strip_prefix(POLICY_NAMED)?.split_first_chunk::<8>()?;
    std::str::from_utf8(name).ok()
}

/// All policies that somebody has.
pub fn attachments(owner: Uin, holder: Holder) -> Bytes {
    let (space, id) = match holder {
        Holder::User(uin) => (ATTACHMENT, uin.0),
        Holder::Group(id) => (GROUP_ATTACHMENT, id.0),
        Holder::Role(id) => (ROLE_ATTACHMENT, id.0),
    };
    join(&[space, &number(owner.0), &number(id)])
}

/// One policy that somebody has.
pub fn attachment(owner: Uin, holder: Holder, policy: PolicyId) -> Bytes {
    join(&[&attachments(owner, holder), &number(policy.0)])
}

/// The policy at the end of such a key.
pub fn policy_of_attachment(stored: &[u8]) -> Option<PolicyId> {
    last_number(stored).map(PolicyId)
}

/// All users that have a policy.
pub fn users_with(owner: Uin, policy: PolicyId) -> Bytes {
    join(&[HOLDER, &number(owner.0), &number(policy.0)])
}

/// All groups that have a policy.
pub fn groups_with(owner: Uin, policy: PolicyId) -> Bytes {
    join(&[GROUP_HOLDER, &number(owner.0), &number(policy.0)])
}

/// All roles that have a policy.
pub fn roles_with(owner: Uin, policy: PolicyId) -> Bytes {
    join(&[ROLE_HOLDER, &number(owner.0), &number(policy.0)])
}

/// One who has a policy, in the list of the policy.
pub fn holder(owner: Uin, policy: PolicyId, holder: Holder) -> Bytes {
    match holder {
        Holder::User(uin) => join(&[&users_with(owner, policy), &number(uin.0)]),
        Holder::Group(id) => join(&[&groups_with(owner, policy), &number(id.0)]),
        Holder::Role(id) => join(&[&roles_with(owner, policy), &number(id.0)]),
    }
}

/// The user, the group or the role at the end of such a key.
pub fn holder_of_holder(stored: &[u8]) -> Option<Holder> {
    let id = last_number(stored)?;
    let spaces: [(&[u8], Holder); 3] = [
        (HOLDER, Holder::User(Uin(id))),
        (GROUP_HOLDER, Holder::Group(GroupId(id))),
        (ROLE_HOLDER, Holder::Role(RoleId(id))),
    ];
    let mut spaces = spaces.into_iter();
    spaces.find_map(|(space, holder)| stored.starts_with(space).then_some(holder))
}

/// How many have each policy, of all accounts.
pub fn policy_tallies() -> Bytes {
    Bytes::from_static(POLICY_TALLY)
}

/// How many have a policy.
pub fn policy_tally(owner: Uin, policy: PolicyId) -> Bytes {
    join(&[POLICY_TALLY, &number(owner.0), &number(policy.0)])
}

/// How much of each kind the accounts have.
pub fn account_tallies() -> Bytes {
    Bytes::from_static(ACCOUNT_TALLY)
}

/// How much of each kind an account has.
pub fn account_tally(owner: Uin) -> Bytes {
    join(&[ACCOUNT_TALLY, &number(owner.0)])
}

/// All versions of a policy but the default one.
pub fn policy_versions(owner: Uin, policy: PolicyId) -> Bytes {
    join(&[POLICY_VERSION, &number(owner.0), &number(policy.0)])
}

/// A version of a policy that is not the default one.
pub fn policy_version(owner: Uin, policy: PolicyId, version: VersionId) -> Bytes {
    join(&[&policy_versions(owner, policy), &number(version.0)])
}

/// The version at the end of such a key.
pub fn version_of_policy_version(stored: &[u8]) -> Option<VersionId> {
    last_number(stored).map(VersionId)
}

/// A user, by the number under which it receives messages.
pub fn user_of_uid(owner: Uin, uid: u64) -> Bytes {
    join(&[USER_UID, &number(owner.0), &number(uid)])
}

/// The permission boundary of a user.
pub fn boundary(owner: Uin, uin: Uin) -> Bytes {
    join(&[BOUNDARY, &number(owner.0), &number(uin.0)])
}

/// All groups of all accounts.
pub fn all_groups() -> Bytes {
    Bytes::from_static(GROUP)
}

/// All groups of an account, in order of their numbers.
pub fn groups(owner: Uin) -> Bytes {
    join(&[GROUP, &number(owner.0)])
}

/// A group.
pub fn group(owner: Uin, id: GroupId) -> Bytes {
    join(&[&groups(owner), &number(id.0)])
}

/// A group, by name.
pub fn group_named(owner: Uin, name: &GroupName) -> Bytes {
    join(&[GROUP_NAMED, &number(owner.0), name.as_str().as_bytes()])
}

/// All members of a group.
pub fn members(owner: Uin, group: GroupId) -> Bytes {
    join(&[MEMBER, &number(owner.0), &number(group.0)])
}

/// One member of a group.
pub fn member(owner: Uin, group: GroupId, uin: Uin) -> Bytes {
    join(&[&members(owner, group), &number(uin.0)])
}

/// The user at the end of such a key.
pub fn uin_of_member(stored: &[u8]) -> Option<Uin> {
    last_number(stored).map(Uin)
}

/// All groups that a user is in.
pub fn groups_of(owner: Uin, uin: Uin) -> Bytes {
    join(&[GROUP_OF, &number(owner.0), &number(uin.0)])
}

/// One group that a user is in.
pub fn group_of(owner: Uin, uin: Uin, group: GroupId) -> Bytes {
    join(&[&groups_of(owner, uin), &number(group.0)])
}

/// The group at the end of the key of a group, or of a group that a user is in.
pub fn group_at_end(stored: &[u8]) -> Option<GroupId> {
    last_number(stored).map(GroupId)
}

/// When an access key was last used.
pub fn last_use(id: &AccessKeyId) -> Bytes {
    join(&[LAST_USE, id.as_str().as_bytes()])
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
    use super::super::role::{ROLE, ROLE_NAMED};
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
            GROUP_ATTACHMENT,
            GROUP_HOLDER,
            POLICY_VERSION,
            POLICY_TALLY,
            ACCOUNT_TALLY,
            USER_UID,
            BOUNDARY,
            GROUP,
            GROUP_NAMED,
            MEMBER,
            GROUP_OF,
            LAST_USE,
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
        let name = PolicyName::parse("readers").unwrap();
        let named = policy_named(owner, &name);
        assert!(named.starts_with(&policies_named(owner)));
        assert_eq!(name_of_policy_named(&named), Some("readers"));
        for somebody in [
            Holder::User(uin),
            Holder::Group(GroupId(7)),
            Holder::Role(RoleId(8)),
        ] {
            assert_eq!(policy_of_attachment(&attachment(owner, somebody, id)), Some(id));
            assert_eq!(holder_of_holder(&holder(owner, id, somebody)), Some(somebody));
        }
        let (group_id, version) = (GroupId(7), VersionId(5));
        assert_eq!(group_at_end(&group(owner, group_id)), Some(group_id));
        assert_eq!(group_at_end(&group_of(owner, uin, group_id)), Some(group_id));
        assert_eq!(uin_of_member(&member(owner, group_id, uin)), Some(uin));
        assert_eq!(
            version_of_policy_version(&policy_version(owner, id, version)),
            Some(version)
        );
        assert_eq!(
            id_of_access_key_of(&access_key_of(owner, uin, &key), owner, uin),
            Some(key)
        );
        assert_eq!(uin_of_user(b"short"), None);
    }
}
