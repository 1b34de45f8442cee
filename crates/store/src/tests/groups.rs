//! Groups, boundaries, versions of policies, tallies, and the last uses of keys.

use std::collections::{BTreeMap, BTreeSet};

use daypass_api::names::{GroupId, GroupName, PolicyId, VersionId};
use daypass_api::operation::{
    AttachmentReach, EntityFilter, Membership, NewGroup, PolicyRef, PolicyScope, UpdateGroup, UpdatePolicy,
    UpdateUser, UserPolicies, UserRef,
};
use daypass_api::outcome::{Boundary, GroupDetails, PolicyEntity, PolicyVersionSummary, UserPolicy};
use proptest::prelude::*;
use tokio::task::JoinSet;

use super::identities::{FIRST_PAGE, PRESET, key_id, material, user_name, with_account};
use super::interleaving::{jittered_engines, run};
use super::*;
use crate::identity::{
    Holder, MOST_ATTACHMENTS, MOST_GROUPS, MOST_GROUPS_OF_USER, MOST_MEMBERS, MOST_VERSIONS,
};

fn group_name(name: &str) -> GroupName {
    GroupName::parse(name).unwrap()
}

fn membership(group_id: GroupId, uin: Uin) -> Membership {
    Membership {
        group_id,
        user: UserRef::Uin(uin),
    }
}

impl Fixture {
    async fn group(&self, name: &str) -> Result<GroupId, Error> {
        let new = NewGroup {
            name: group_name(name),
            remark: format!("about {name}"),
        };
        match self.store.create_group(OWNER, &new, NOW).await? {
            Outcome::GroupCreated(id) => Ok(id),
            other => panic!("{other:?}"),
        }
    }

    async fn get_group(&self, id: GroupId) -> Result<GroupDetails, Error> {
        match self.store.get_group(&self.view().await, OWNER, id).await? {
            Outcome::Group(details) => Ok(details),
            other => panic!("{other:?}"),
        }
    }

    async fn join(&self, group: GroupId, uin: Uin) -> Result<Outcome, Error> {
        let memberships = [membership(group, uin)];
        self.store.add_users_to_groups(OWNER, &memberships).await
    }

    async fn leave(&self, group: GroupId, uin: Uin) -> Result<Outcome, Error> {
        let memberships = [membership(group, uin)];
        self.store.remove_users_from_groups(OWNER, &memberships).await
    }

    async fn attach_group(&self, group: GroupId, policy: PolicyId) -> Result<Outcome, Error> {
        let holder = Holder::Group(group);
        self.store.attach_policy(OWNER, holder, policy, NOW).await
    }

    async fn detach_group(&self, group: GroupId, policy: PolicyId) -> Result<Outcome, Error> {
        self.store
            .detach_policy(OWNER, Holder::Group(group), policy)
            .await
    }

    async fn bound(&self, uin: Uin, policy: PolicyId) -> Result<Outcome, Error> {
        self.store.put_boundary(OWNER, uin, policy, NOW).await
    }

    async fn boundary(&self, uin: Uin) -> Option<Boundary> {
        let found = self.store.get_boundary(&self.view().await, OWNER, uin).await;
        match found.unwrap() {
            Outcome::Boundary(boundary) => boundary,
            other => panic!("{other:?}"),
        }
    }

    async fn version(&self, policy: PolicyId, document: &str, default: bool) -> Result<VersionId, Error> {
        let made = self
            .store
            .create_version(OWNER, policy, document, default, NOW)
            .await?;
        match made {
            Outcome::VersionCreated(id) => Ok(id),
            other => panic!("{other:?}"),
        }
    }

    async fn versions(&self, policy: PolicyId) -> Vec<(u64, bool)> {
        let found = self.store.list_versions(&self.view().await, OWNER, policy).await;
        let Outcome::Versions(versions) = found.unwrap() else {
            panic!("no versions")
        };
        let pair = |version: &PolicyVersionSummary| (version.id.0, version.is_default);
        versions.iter().map(pair).collect()
    }

    async fn version_document(&self, policy: PolicyId, version: u64) -> Result<String, Error> {
        let view = self.view().await;
        let found = self.store.get_version(&view, OWNER, policy, VersionId(version));
        match found.await? {
            Outcome::Version(version) => Ok(version.document),
            other => panic!("{other:?}"),
        }
    }

    /// What is kept about how many there are, against what there is.
    async fn check_tallies(&self) {
        let view = self.view().await;
        let owner = OWNER.owner_uin;
        let summary = self.store.account_summary(&view, OWNER).await.unwrap();
        let users = match self.store.list_users(&view, OWNER).await.unwrap() {
            Outcome::Users(users) => users,
            other => panic!("{other:?}"),
        };
        let groups = match self
            .store
            .list_groups(&view, OWNER, None, FIRST_PAGE)
            .await
            .unwrap()
        {
            Outcome::Groups(page) => page.entries,
            other => panic!("{other:?}"),
        };
        let policies = match self
            .store
            .list_policies(&view, OWNER, PolicyScope::All, None, FIRST_PAGE)
            .await
            .unwrap()
        {
            Outcome::Policies(page) => page.entries,
            other => panic!("{other:?}"),
        };
        let mut attached: BTreeMap<PolicyId, u64> = BTreeMap::new();
        let mut bounding: BTreeMap<PolicyId, u64> = BTreeMap::new();
        let mut memberships = 0;
        let mut known = BTreeSet::new();
        for group in &groups {
            let details = self.get_group(group.id).await.unwrap();
            memberships += details.members.len() as u64;
            for member in details.members {
                assert!(
                    view.groups_of(owner, member.uin)
                        .await
                        .unwrap()
                        .contains(&group.id)
                );
            }
            known.insert(Holder::Group(group.id));
        }
        for user in &users {
            known.insert(Holder::User(user.uin));
            let groups_of = view.groups_of(owner, user.uin).await.unwrap();
            assert!(
                groups_of
                    .iter()
                    .all(|id| groups.iter().any(|group| group.id == *id))
            );
            if let Some(boundary) = self.boundary(user.uin).await {
                *bounding.entry(boundary.policy_id).or_default() += 1;
            }
        }
        for holder in &known {
            for (policy, _) in view.attachments(owner, *holder).await.unwrap() {
                *attached.entry(policy).or_default() += 1;
                assert!(view.holders(owner, policy).await.unwrap().contains(holder));
            }
        }
        for policy in &policies {
            let holders = view.holders(owner, policy.id).await.unwrap();
            assert!(holders.iter().all(|holder| known.contains(holder)));
            let expected = attached.remove(&policy.id).unwrap_or(0);
            assert_eq!((policy.attachments, holders.len() as u64), (expected, expected));
            assert_eq!(policy.boundaries, bounding.remove(&policy.id).unwrap_or(0));
        }
        assert!(
            attached.is_empty() && bounding.is_empty(),
            "of policies that are gone"
        );
        let own = policies.iter().filter(|policy| !policy.preset).count() as u64;
        assert_eq!(
            (
                summary.users,
                summary.groups,
                summary.policies,
                summary.memberships
            ),
            (users.len() as u64, groups.len() as u64, own, memberships)
        );
    }
}

#[tokio::test]
async fn groups_are_made_changed_and_removed() {
    let fixture = with_account().await;
    let (alice, _) = fixture.user("alice", false).await.unwrap();
    let one = fixture.group("one").await.unwrap();
    let two = fixture.group("two").await.unwrap();
    assert_eq!(code(fixture.group("one").await), ErrorCode::GroupNameInUse);
    let details = fixture.get_group(one).await.unwrap();
    assert_eq!(
        (details.group.remark.as_str(), details.group.created),
        ("about one", NOW)
    );
    let update = |name: Option<&str>, remark: Option<&str>| UpdateGroup {
        group_id: one,
        name: name.map(group_name),
        remark: remark.map(str::to_owned),
    };
    let store = &fixture.store;
    assert_eq!(
        code(store.update_group(OWNER, &update(Some("two"), None)).await),
        ErrorCode::GroupNameInUse
    );
    store
        .update_group(OWNER, &update(Some("uno"), None))
        .await
        .unwrap();
    store
        .update_group(OWNER, &update(Some("uno"), Some("")))
        .await
        .unwrap();
    let group = fixture.get_group(one).await.unwrap().group;
    assert_eq!((group.name, group.remark.as_str()), (group_name("uno"), ""));
    // The old name is free.
    let again = fixture.group("one").await.unwrap();
    fixture.join(one, alice.uin).await.unwrap();
    fixture.attach_group(one, PRESET).await.unwrap();
    assert_eq!(fixture.attached(alice.uin).await.len(), 1);
    store.delete_group(OWNER, one).await.unwrap();
    assert_eq!(fixture.attached(alice.uin).await, []);
    for missing in [one, GroupId(99)] {
        assert_eq!(
            code(store.delete_group(OWNER, missing).await),
            ErrorCode::GroupNotFound
        );
        assert_eq!(code(fixture.get_group(missing).await), ErrorCode::GroupNotFound);
    }
    assert!(again > two && two > one);
    fixture.check_tallies().await;
}

#[tokio::test]
async fn users_join_and_leave_groups() {
    let fixture = with_account().await;
    let (alice, _) = fixture.user("alice", false).await.unwrap();
    let (bob, _) = fixture.user("bob", false).await.unwrap();
    let group = fixture.group("one").await.unwrap();
    let before = fixture.generation().await;
    fixture.join(group, alice.uin).await.unwrap();
    assert_eq!(fixture.generation().await, before + 1);
    fixture.join(group, alice.uin).await.unwrap();
    assert_eq!(fixture.generation().await, before + 1, "nothing changed");
    let by_uid = Membership {
        group_id: group,
        user: UserRef::Uid(bob.uid),
    };
    let both_wrong = Membership {
        group_id: group,
        user: UserRef::Both(bob.uin, alice.uid),
    };
    let store = &fixture.store;
    let add = async |memberships: &[Membership]| store.add_users_to_groups(OWNER, memberships).await;
    assert_eq!(code(add(&[by_uid, both_wrong]).await), ErrorCode::UserNotExist);
    assert_eq!(
        code(add(&[by_uid, membership(GroupId(99), bob.uin)]).await),
        ErrorCode::MemberGroupNotExist
    );
    assert_eq!(
        fixture.get_group(group).await.unwrap().members,
        std::slice::from_ref(&alice),
        "all or none"
    );
    add(&[by_uid, by_uid]).await.unwrap();
    let members = fixture.get_group(group).await.unwrap().members;
    assert_eq!(members, [alice.clone(), bob.clone()]);
    fixture.check_tallies().await;
    fixture.leave(group, alice.uin).await.unwrap();
    fixture.leave(group, alice.uin).await.unwrap();
    assert_eq!(code(fixture.leave(group, Uin(99)).await), ErrorCode::UserNotExist);
    fixture.check_tallies().await;
    fixture.delete_user("bob", false).await.unwrap();
    assert_eq!(fixture.get_group(group).await.unwrap().members, []);
    fixture.check_tallies().await;
}

#[tokio::test]
async fn limits_of_groups_hold_exactly() {
    let fixture = with_account().await;
    let group = fixture.group("g1").await.unwrap();
    let mut groups = vec![group];
    for number in 2..=MOST_GROUPS {
        groups.push(fixture.group(&format!("g{number}")).await.unwrap());
    }
    assert_eq!(code(fixture.group("more").await), ErrorCode::GroupFull);
    let mut users = Vec::new();
    for number in 0..=MOST_MEMBERS {
        users.push(fixture.user(&format!("u{number}"), false).await.unwrap().0.uin);
    }
    let all: Vec<_> = users.iter().map(|uin| membership(group, *uin)).collect();
    let store = &fixture.store;
    assert_eq!(
        code(store.add_users_to_groups(OWNER, &all).await),
        ErrorCode::GroupUserFull
    );
    store
        .add_users_to_groups(OWNER, &all[..MOST_MEMBERS])
        .await
        .unwrap();
    assert_eq!(
        code(fixture.join(group, users[MOST_MEMBERS]).await),
        ErrorCode::GroupUserFull
    );
    let last = users[MOST_MEMBERS];
    for id in &groups[1..=MOST_GROUPS_OF_USER] {
        fixture.join(*id, last).await.unwrap();
    }
    let eleventh = groups[MOST_GROUPS_OF_USER + 1];
    assert_eq!(code(fixture.join(eleventh, last).await), ErrorCode::UserGroupFull);
    for number in 0..=MOST_ATTACHMENTS {
        let id = fixture.policy(&format!("p{number}")).await.unwrap();
        let attached = fixture.attach_group(group, id).await;
        match attached {
            Ok(_) => assert!(number < MOST_ATTACHMENTS),
            Err(error) => assert_eq!(
                (error.code, number),
                (ErrorCode::AttachmentFull, MOST_ATTACHMENTS)
            ),
        }
    }
    // The largest group goes in one batch.
    store.delete_group(OWNER, group).await.unwrap();
    let summary = store.account_summary(&fixture.view().await, OWNER).await.unwrap();
    assert_eq!(
        (summary.groups, summary.memberships),
        (MOST_GROUPS - 1, MOST_GROUPS_OF_USER as u64)
    );
}

#[tokio::test]
async fn a_user_has_the_policies_of_its_groups() {
    let fixture = with_account().await;
    let (alice, _) = fixture.user("alice", false).await.unwrap();
    let group = fixture.group("one").await.unwrap();
    let policy = fixture.policy("p").await.unwrap();
    fixture.attach_group(group, policy).await.unwrap();
    fixture.attach_group(group, PRESET).await.unwrap();
    assert_eq!(
        code(fixture.attach_group(GroupId(99), policy).await),
        ErrorCode::GroupNotFound
    );
    assert_eq!(fixture.attached(alice.uin).await, []);
    fixture.join(group, alice.uin).await.unwrap();
    fixture.attach(alice.uin, policy).await.unwrap();
    let expected = [(PRESET, "{preset}".to_owned()), (policy, "{p}".to_owned())];
    assert_eq!(fixture.attached(alice.uin).await, expected, "each once");

    let view = fixture.view().await;
    let check = async |reach, scope, keyword: Option<&str>, expected: &[(PolicyId, usize)]| {
        let list = UserPolicies {
            uin: alice.uin,
            reach,
            scope,
            keyword: keyword.map(str::to_owned),
            paging: FIRST_PAGE,
        };
        let found = fixture.store.list_user_policies(&view, OWNER, &list).await;
        let Outcome::UserPolicies(page) = found.unwrap() else {
            panic!("no policies")
        };
        let pair = |policy: &UserPolicy| (policy.id, policy.groups.len());
        let found: Vec<_> = page.entries.iter().map(pair).collect();
        assert_eq!((page.total, &found[..]), (expected.len(), expected), "{reach:?}");
    };
    let (all, custom) = (PolicyScope::All, PolicyScope::Custom);
    check(AttachmentReach::All, all, None, &[(PRESET, 1), (policy, 1)]).await;
    check(AttachmentReach::Direct, all, None, &[(policy, 0)]).await;
    check(
        AttachmentReach::ThroughGroups,
        all,
        None,
        &[(PRESET, 1), (policy, 1)],
    )
    .await;
    check(AttachmentReach::All, custom, None, &[(policy, 1)]).await;
    check(AttachmentReach::All, PolicyScope::Preset, None, &[(PRESET, 1)]).await;
    check(AttachmentReach::All, all, Some("Admin"), &[(PRESET, 1)]).await;

    let check = async |filter, expected: &[&str]| {
        let list = fixture
            .store
            .list_policy_entities(&view, OWNER, policy, filter, FIRST_PAGE);
        let Outcome::PolicyEntities(page) = list.await.unwrap() else {
            panic!("no entities")
        };
        let name = |entity: &PolicyEntity| match entity {
            PolicyEntity::User { name, .. }
            | PolicyEntity::Group { name, .. }
            | PolicyEntity::Role { name, .. } => name.clone(),
        };
        let names: Vec<_> = page.entries.iter().map(name).collect();
        assert_eq!(
            (page.total, &names[..]),
            (
                expected.len(),
                &expected.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()[..]
            )
        );
    };
    check(EntityFilter::All, &["alice", "one"]).await;
    check(EntityFilter::Users, &["alice"]).await;
    check(EntityFilter::Groups, &["one"]).await;
    check(EntityFilter::Roles, &[]).await;

    fixture.detach_group(group, PRESET).await.unwrap();
    fixture.detach_group(group, PRESET).await.unwrap();
    fixture.store.delete_policies(OWNER, &[policy]).await.unwrap();
    assert_eq!(fixture.attached(alice.uin).await, []);
    fixture.check_tallies().await;
}

#[tokio::test]
async fn boundaries_are_set_and_taken_away() {
    let fixture = with_account().await;
    let (alice, _) = fixture.user("alice", false).await.unwrap();
    let (one, two) = (
        fixture.policy("one").await.unwrap(),
        fixture.policy("two").await.unwrap(),
    );
    assert_eq!(fixture.boundary(alice.uin).await, None);
    for nobody in [Uin(99), OWNER.owner_uin] {
        assert_eq!(code(fixture.bound(nobody, one).await), ErrorCode::UserNotExist);
    }
    assert_eq!(
        code(fixture.bound(alice.uin, PolicyId(77)).await),
        ErrorCode::PolicyIdNotExist
    );
    fixture.bound(alice.uin, one).await.unwrap();
    fixture.bound(alice.uin, one).await.unwrap();
    // It is no right.
    assert_eq!(fixture.attached(alice.uin).await, []);
    let view = fixture.view().await;
    let document = view.boundary(OWNER.owner_uin, alice.uin).await.unwrap();
    assert_eq!(document.as_deref(), Some("{one}"));
    fixture.check_tallies().await;
    let delete = async |ids: &[PolicyId]| fixture.store.delete_policies(OWNER, ids).await;
    assert_eq!(code(delete(&[two, one]).await), ErrorCode::PolicyIsBoundary);
    fixture.bound(alice.uin, two).await.unwrap();
    delete(&[one]).await.unwrap();
    fixture.check_tallies().await;
    fixture.store.delete_boundary(OWNER, alice.uin).await.unwrap();
    fixture.store.delete_boundary(OWNER, alice.uin).await.unwrap();
    assert_eq!(fixture.boundary(alice.uin).await, None);
    // The same policy as a right and as a boundary, and both go with the user.
    fixture.bound(alice.uin, two).await.unwrap();
    fixture.attach(alice.uin, two).await.unwrap();
    fixture.check_tallies().await;
    fixture.delete_user("alice", false).await.unwrap();
    fixture.check_tallies().await;
    delete(&[two]).await.unwrap();
}

#[tokio::test]
async fn the_default_version_is_what_counts() {
    let fixture = with_account().await;
    let (alice, _) = fixture.user("alice", false).await.unwrap();
    let policy = fixture.policy("p").await.unwrap();
    fixture.attach(alice.uin, policy).await.unwrap();
    let counts = async || fixture.attached(alice.uin).await.remove(0).1;
    assert_eq!(fixture.versions(policy).await, [(1, true)]);
    assert_eq!(
        fixture.version(policy, "{v2}", false).await.unwrap(),
        VersionId(2)
    );
    assert_eq!(counts().await, "{p}");
    assert_eq!(fixture.version(policy, "{v3}", true).await.unwrap(), VersionId(3));
    assert_eq!(counts().await, "{v3}");
    assert_eq!(
        fixture.versions(policy).await,
        [(1, false), (2, false), (3, true)]
    );
    let set = async |version| {
        let version = VersionId(version);
        fixture
            .store
            .set_default_version(OWNER, policy, version, NOW)
            .await
    };
    set(1).await.unwrap();
    assert_eq!(counts().await, "{p}");
    assert_eq!(code(set(1).await), ErrorCode::PolicyVersionIsDefault);
    assert_eq!(code(set(9).await), ErrorCode::PolicyVersionNotExist);
    for (version, document) in [(1, "{p}"), (2, "{v2}"), (3, "{v3}")] {
        assert_eq!(fixture.version_document(policy, version).await.unwrap(), document);
    }
    let missing = fixture.version_document(policy, 4).await;
    assert_eq!(code(missing), ErrorCode::PolicyVersionNotExist);
    let delete = async |versions: &[u64]| {
        let versions: Vec<_> = versions.iter().copied().map(VersionId).collect();
        fixture.store.delete_versions(OWNER, policy, &versions).await
    };
    assert_eq!(code(delete(&[2, 1]).await), ErrorCode::PolicyVersionIsDefault);
    assert_eq!(code(delete(&[2, 9]).await), ErrorCode::PolicyVersionNotExist);
    delete(&[3]).await.unwrap();
    // A number is never given out twice.
    assert_eq!(
        fixture.version(policy, "{v4}", false).await.unwrap(),
        VersionId(4)
    );
    for _ in 3..MOST_VERSIONS {
        fixture.version(policy, "{}", false).await.unwrap();
    }
    assert_eq!(
        code(fixture.version(policy, "{}", false).await),
        ErrorCode::PolicyVersionFull
    );
    let update = UpdatePolicy {
        policy: PolicyRef::Id(policy),
        description: Some("changed".to_owned()),
        document: Some("{new}".to_owned()),
        alias: Some("alias".to_owned()),
    };
    let later = NOW.plus_seconds(5);
    let store = &fixture.store;
    store.update_policy(OWNER, policy, &update, later).await.unwrap();
    assert_eq!(counts().await, "{new}");
    let found = fixture.get_policy(policy).await.unwrap();
    assert_eq!(
        (found.summary.description.as_str(), found.alias.as_str()),
        ("changed", "alias")
    );
    assert_eq!((found.summary.created, found.summary.updated), (NOW, later));
    assert_eq!(fixture.version_document(policy, 1).await.unwrap(), "{new}");
    assert_eq!(
        code(store.update_policy(OWNER, PRESET, &update, NOW).await),
        ErrorCode::PolicyReadOnly
    );
    assert_eq!(
        code(fixture.version(PRESET, "{}", true).await),
        ErrorCode::PolicyReadOnly
    );
    assert_eq!(fixture.versions(PRESET).await, [(1, true)]);
    assert_eq!(
        code(fixture.version(PolicyId(77), "{}", true).await),
        ErrorCode::PolicyIdNotFound
    );
    store.delete_policies(OWNER, &[policy]).await.unwrap();
    assert_eq!(
        code(fixture.version_document(policy, 2).await),
        ErrorCode::PolicyIdNotFound
    );
    fixture.check_tallies().await;
}

#[tokio::test]
async fn what_is_noted_about_a_user_changes() {
    let fixture = with_account().await;
    let (alice, _) = fixture.user("alice", false).await.unwrap();
    let update = |email: Option<&str>| UpdateUser {
        name: user_name("alice"),
        remark: None,
        phone_number: Some("123".to_owned()),
        country_code: None,
        email: email.map(str::to_owned),
    };
    let store = &fixture.store;
    store
        .update_user(OWNER, alice.uin, &update(Some("a@b")))
        .await
        .unwrap();
    store.update_user(OWNER, alice.uin, &update(None)).await.unwrap();
    let view = fixture.view().await;
    let found = view.user(OWNER.owner_uin, alice.uin).await.unwrap().unwrap();
    assert_eq!(
        (found.contact.phone_number.as_str(), found.contact.email.as_str()),
        ("123", "a@b")
    );
    assert_eq!(found.remark, "note");
    assert_eq!(
        view.user_of_uid(OWNER.owner_uin, alice.uid).await.unwrap(),
        Some(alice.uin)
    );
    let described = store
        .describe_users(&view, OWNER, &[Uin(9), alice.uin, alice.uin])
        .await;
    assert_eq!(described.unwrap(), Outcome::SubAccounts(vec![found]));
    let nobody = store.update_user(OWNER, Uin(9), &update(None)).await;
    assert_eq!(code(nobody), ErrorCode::UserNotExist);
}

/// Whoever was judged under a name is who is removed, not who has the name since.
#[tokio::test]
async fn a_name_that_changed_hands_harms_nobody() {
    let fixture = with_account().await;
    let (first, _) = fixture.user("alice", false).await.unwrap();
    fixture.delete_user("alice", false).await.unwrap();
    let (second, _) = fixture.user("alice", false).await.unwrap();
    let judged = fixture.store.delete_user(OWNER, first.uin, true).await;
    assert_eq!(code(judged), ErrorCode::UserNotExist);
    let view = fixture.view().await;
    assert_eq!(
        view.user(OWNER.owner_uin, second.uin).await.unwrap(),
        Some(second)
    );
}

#[tokio::test]
async fn last_uses_are_kept_and_go_with_the_key() {
    let fixture = with_account().await;
    let (alice, _) = fixture.user("alice", true).await.unwrap();
    let (root, key, gone) = (key_id("AKIDroot"), key_id("AKIDalice"), key_id("AKIDgone"));
    let last_use = async |id| fixture.view().await.last_use(OWNER, id).await;
    assert_eq!(last_use(&key).await.unwrap(), None);
    assert_eq!(code(last_use(&gone).await), ErrorCode::AccessKeyNotExist);
    let before = fixture.generation().await;
    let later = NOW.plus_seconds(60);
    let store = &fixture.store;
    let uses = [(root.clone(), later), (key.clone(), later), (gone.clone(), later)];
    store.note_last_uses(&uses).await.unwrap();
    store.note_last_uses(&[(key.clone(), NOW)]).await.unwrap();
    assert_eq!(last_use(&key).await.unwrap(), Some(later), "never earlier");
    assert_eq!(
        fixture.generation().await,
        before,
        "nobody need read anything again"
    );
    let other = Account {
        app_id: AppId(1),
        owner_uin: Uin(1),
    };
    store
        .create_account(other, &material("AKIDother").unwrap(), NOW)
        .await
        .unwrap();
    let view = fixture.view().await;
    assert_eq!(
        code(view.last_use(other, &key).await),
        ErrorCode::AccessKeyNotExist
    );
    store.delete_access_key(OWNER, alice.uin, &key).await.unwrap();
    // A key of the same id would begin anew.
    fixture.access_key(alice.uin, "AKIDalice").await.unwrap();
    assert_eq!(last_use(&key).await.unwrap(), None);
}

/// A store as the program wrote it before there were tallies and an index of uids.
#[tokio::test]
async fn a_store_without_tallies_is_counted() {
    let fixture = with_account().await;
    let (alice, _) = fixture.user("alice", false).await.unwrap();
    let policy = fixture.policy("p").await.unwrap();
    fixture.attach(alice.uin, policy).await.unwrap();
    let owner = OWNER.owner_uin;
    let strip = daypass_kv::Batch::new()
        .delete(daypass_metadata::keys::account_tally(owner))
        .delete(daypass_metadata::keys::policy_tally(owner, policy))
        .delete(daypass_metadata::keys::user_of_uid(owner, alice.uid));
    fixture.kv.commit(strip).await.unwrap();
    fixture.check_tallies().await;
    let view = fixture.view().await;
    assert_eq!(view.user_of_uid(owner, alice.uid).await.unwrap(), Some(alice.uin));
    assert_eq!(view.user_of_uid(owner, 1).await.unwrap(), None);
    let (bob, _) = fixture.user("bob", false).await.unwrap();
    fixture.attach(bob.uin, policy).await.unwrap();
    fixture.check_tallies().await;
}

/// One change, by some gateway.
#[derive(Clone, Copy, Debug)]
enum Change {
    Join(u8, u8),
    Leave(u8, u8),
    AttachGroup(u8, u8),
    DetachGroup(u8, u8),
    AttachUser(u8, u8),
    Bound(u8, u8),
    Unbound(u8),
    MakeGroup(u8),
    DeleteGroup(u8),
    DeleteUser(u8),
    DeletePolicy(u8),
}

fn change() -> impl Strategy<Value = Change> {
    let pair = || (0..4u8, 0..3u8);
    prop_oneof![
        4 => pair().prop_map(|(a, b)| Change::Join(a, b)),
        1 => pair().prop_map(|(a, b)| Change::Leave(a, b)),
        2 => pair().prop_map(|(a, b)| Change::AttachGroup(a, b)),
        1 => pair().prop_map(|(a, b)| Change::DetachGroup(a, b)),
        2 => pair().prop_map(|(a, b)| Change::AttachUser(a, b)),
        2 => pair().prop_map(|(a, b)| Change::Bound(a, b)),
        1 => (0..4u8).prop_map(Change::Unbound),
        1 => (0..9u8).prop_map(Change::MakeGroup),
        1 => (0..3u8).prop_map(Change::DeleteGroup),
        1 => (0..4u8).prop_map(Change::DeleteUser),
        1 => (0..3u8).prop_map(Change::DeletePolicy),
    ]
}

/// What the changes are about.
#[derive(Clone)]
struct Cast {
    users: Vec<Uin>,
    groups: Vec<GroupId>,
    policies: Vec<PolicyId>,
}

/// Whatever it answers: what it was about may be gone.
async fn apply(fixture: &Fixture, cast: &Cast, change: Change) {
    let user = |n: u8| cast.users[usize::from(n)];
    let group = |n: u8| cast.groups[usize::from(n)];
    let policy = |n: u8| cast.policies[usize::from(n)];
    let store = &fixture.store;
    let done = match change {
        Change::Join(who, to) => fixture.join(group(to), user(who)).await,
        Change::Leave(who, from) => fixture.leave(group(from), user(who)).await,
        Change::AttachGroup(to, what) => fixture.attach_group(group(to % 3), policy(what)).await,
        Change::DetachGroup(from, what) => fixture.detach_group(group(from % 3), policy(what)).await,
        Change::AttachUser(to, what) => fixture.attach(user(to), policy(what)).await,
        Change::Bound(who, by) => fixture.bound(user(who), policy(by)).await,
        Change::Unbound(who) => store.delete_boundary(OWNER, user(who)).await,
        Change::MakeGroup(n) => fixture.group(&format!("new{n}")).await.map(Outcome::GroupCreated),
        Change::DeleteGroup(n) => store.delete_group(OWNER, group(n)).await,
        Change::DeleteUser(n) => store.delete_user(OWNER, user(n), true).await,
        Change::DeletePolicy(n) => store.delete_policies(OWNER, &[policy(n)]).await,
    };
    if let Err(error) = done {
        assert_ne!(error.code, ErrorCode::InternalError, "{change:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Several gateways at once, in any order that there is: what is kept on both sides agrees in the end.
    #[test]
    fn changes_at_once_leave_nothing_behind(
        seed: u64, changes in proptest::collection::vec(proptest::collection::vec(change(), 1..12), 1..4),
    ) {
        run(async {
            let (kv, blobs) = jittered_engines(seed);
            let fixture = fixture_on(Arc::clone(&kv), Arc::clone(&blobs), StoreOptions::default()).await;
            let key = material("AKIDroot").unwrap();
            fixture.store.create_account(OWNER, &key, NOW).await.unwrap();
            let mut cast = Cast { users: Vec::new(), groups: Vec::new(), policies: Vec::new() };
            for n in 0..4 {
                cast.users.push(fixture.user(&format!("u{n}"), n % 2 == 0).await.unwrap().0.uin);
            }
            for n in 0..3 {
                cast.groups.push(fixture.group(&format!("g{n}")).await.unwrap());
                cast.policies.push(fixture.policy(&format!("p{n}")).await.unwrap());
            }
            let mut gateways = JoinSet::new();
            for changes in changes {
                let gateway = fixture_on(Arc::clone(&kv), Arc::clone(&blobs), StoreOptions::default()).await;
                let cast = cast.clone();
                gateways.spawn(async move {
                    for change in changes {
                        apply(&gateway, &cast, change).await;
                    }
                });
            }
            gateways.join_all().await;
            fixture.check_tallies().await;
        });
    }

    /// Of eleven groups that a user joins at once, ten have it.
    #[test]
    fn a_limit_holds_when_many_ask_at_once(seed: u64) {
        run(async {
            let (kv, blobs) = jittered_engines(seed);
            let fixture = fixture_on(Arc::clone(&kv), Arc::clone(&blobs), StoreOptions::default()).await;
            let key = material("AKIDroot").unwrap();
            fixture.store.create_account(OWNER, &key, NOW).await.unwrap();
            let uin = fixture.user("alice", false).await.unwrap().0.uin;
            let mut gateways = JoinSet::new();
            for n in 0..=MOST_GROUPS_OF_USER {
                let group = fixture.group(&format!("g{n}")).await.unwrap();
                let gateway = fixture_on(Arc::clone(&kv), Arc::clone(&blobs), StoreOptions::default()).await;
                gateways.spawn(async move { gateway.join(group, uin).await.map_err(|error| error.code) });
            }
            let refused: Vec<_> = gateways.join_all().await.into_iter().filter_map(Result::err).collect();
            assert_eq!(refused, [ErrorCode::UserGroupFull]);
            fixture.check_tallies().await;
        });
    }
}
