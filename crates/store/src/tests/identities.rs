//! Accounts, users, access keys, policies and the key ring.

use std::collections::BTreeSet;

use daypass_api::names::{AccessKeyId, PolicyId, PolicyName, UserName};
use daypass_api::operation::{AccessKeyStatus, Contact, CreateUser, NewPolicy, Paging, PolicyScope};
use daypass_api::outcome::{AccessKey, NewAccessKey, Policy, PolicySummary, User};
use daypass_api::secret::SecretKey;
use tokio::task::JoinSet;

use super::interleaving::{jittered_engines, run};
use super::*;
use crate::identity::{
    FIRST_POLICY_ID, Holder, KeyMaterial, MOST_ATTACHMENTS, MOST_POLICIES, MOST_USERS, PresetPolicy,
    WrappedKeyRing, WrappedSecret,
};

pub(super) const PRESET: PolicyId = PolicyId(1);
pub(super) const FIRST_PAGE: Paging = Paging {
    page: 1,
    page_size: 200,
};

pub(super) fn material(id: &str) -> Result<KeyMaterial, Error> {
    Ok(KeyMaterial {
        id: AccessKeyId::parse(id)?,
        secret: SecretKey::new(format!("secret of {id}")),
        wrapped: WrappedSecret {
            wrapped: Bytes::from(format!("wrapped {id}")),
        },
    })
}

pub(super) fn key_id(id: &str) -> AccessKeyId {
    AccessKeyId::parse(id).unwrap()
}

pub(super) fn user_name(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

pub(super) async fn with_account() -> Fixture {
    let preset = PresetPolicy {
        id: PRESET,
        name: PolicyName::parse("AdministratorAccess").unwrap(),
        description: "everything".to_owned(),
        document: "{preset}".into(),
        created: Timestamp::default(),
    };
    let fixture = fixture_with(StoreOptions {
        presets: Arc::new([preset]),
        ..Default::default()
    })
    .await;
    assert!(fixture.view().await.first_account().await.unwrap().is_none());
    assert!(
        fixture
            .store
            .create_account(OWNER, &material("AKIDroot").unwrap(), NOW)
            .await
            .unwrap()
    );
    fixture
}

impl Fixture {
    pub(super) async fn user(
        &self,
        name: &str,
        with_access_key: bool,
    ) -> Result<(User, Option<NewAccessKey>), Error> {
        let create = CreateUser {
            name: user_name(name),
            remark: "note".to_owned(),
            contact: Contact::default(),
            with_access_key,
        };
        let make_key = |_: Option<&WrappedKeyRing>| material(&format!("AKID{name}"));
        match self.store.create_user(OWNER, &create, make_key, NOW).await? {
            Outcome::UserCreated { user, access_key } => Ok((user, access_key)),
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn delete_user(&self, name: &str, force: bool) -> Result<Outcome, Error> {
        let number = self
            .view()
            .await
            .user_number(OWNER.owner_uin, &user_name(name))
            .await?;
        let uin = number.ok_or(ErrorCode::UserNotExist)?;
        self.store.delete_user(OWNER, uin, force).await
    }

    pub(super) async fn access_key(&self, uin: Uin, id: &str) -> Result<NewAccessKey, Error> {
        match self
            .store
            .create_access_key(OWNER, uin, "note", |_| material(id), NOW)
            .await?
        {
            Outcome::AccessKeyCreated(key) => Ok(key),
            other => panic!("{other:?}"),
        }
    }

    async fn access_keys(&self, uin: Uin) -> Result<Vec<AccessKey>, Error> {
        match self
            .store
            .list_access_keys(&self.store.view().await?, OWNER, uin)
            .await?
        {
            Outcome::AccessKeys(keys) => Ok(keys),
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn policy(&self, name: &str) -> Result<PolicyId, Error> {
        let policy = NewPolicy {
            name: PolicyName::parse(name).unwrap(),
            document: format!("{{{name}}}"),
            description: format!("about {name}"),
            tags: Vec::new(),
        };
        match self.store.create_policy(OWNER, &policy, NOW).await? {
            Outcome::PolicyCreated(id) => Ok(id),
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn get_policy(&self, id: PolicyId) -> Result<Policy, Error> {
        match self
            .store
            .get_policy(&self.store.view().await?, OWNER, id)
            .await?
        {
            Outcome::Policy(policy) => Ok(policy),
            other => panic!("{other:?}"),
        }
    }

    async fn policies(
        &self,
        scope: PolicyScope,
        keyword: Option<&str>,
        paging: Paging,
    ) -> (usize, Vec<PolicySummary>) {
        let view = self.view().await;
        match self
            .store
            .list_policies(&view, OWNER, scope, keyword, paging)
            .await
            .unwrap()
        {
            Outcome::Policies(page) => (page.total, page.entries),
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn attach(&self, uin: Uin, policy: PolicyId) -> Result<Outcome, Error> {
        self.store
            .attach_policy(OWNER, Holder::User(uin), policy, NOW)
            .await
    }

    pub(super) async fn attached(&self, uin: Uin) -> Vec<(PolicyId, String)> {
        let policies = self
            .view()
            .await
            .attached_policies(OWNER.owner_uin, uin)
            .await
            .unwrap();
        policies
            .into_iter()
            .map(|(id, document)| (id, document.to_string()))
            .collect()
    }

    pub(super) async fn generation(&self) -> u64 {
        self.view().await.identity_generation().await.unwrap()
    }
}

#[tokio::test]
async fn an_account_has_a_root_key() {
    let fixture = with_account().await;
    let view = fixture.view().await;
    assert!(view.first_account().await.unwrap().is_some());
    assert_eq!(view.account(OWNER.owner_uin).await.unwrap(), Some(OWNER));
    assert_eq!(view.account_of_app(OWNER.app_id).await.unwrap(), Some(OWNER));
    assert_eq!(view.account(Uin(1)).await.unwrap(), None);
    let key = view.access_key(&key_id("AKIDroot")).await.unwrap().unwrap();
    assert_eq!(
        (key.account, key.uin, key.status),
        (OWNER, OWNER.owner_uin, AccessKeyStatus::Active)
    );
    assert_eq!(key.secret, material("AKIDroot").unwrap().wrapped);
    for taken in [
        Account {
            app_id: AppId(1),
            ..OWNER
        },
        Account {
            owner_uin: Uin(1),
            ..OWNER
        },
        OWNER,
    ] {
        assert!(
            !fixture
                .store
                .create_account(taken, &material("AKIDx").unwrap(), NOW)
                .await
                .unwrap()
        );
    }
    let other = Account {
        app_id: AppId(1),
        owner_uin: Uin(1),
    };
    assert!(
        fixture
            .store
            .create_account(other, &material("AKIDy").unwrap(), NOW)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn users_are_made_found_and_removed() {
    let fixture = with_account().await;
    let (alice, none) = fixture.user("alice", false).await.unwrap();
    assert!(none.is_none());
    assert!(alice.uin > OWNER.owner_uin && alice.uid != OWNER.app_id.0);
    assert_eq!((alice.remark.as_str(), alice.created), ("note", NOW));
    let (bob, key) = fixture.user("bob", true).await.unwrap();
    let key = key.unwrap();
    assert_eq!(
        (key.access_key.id, key.secret_key.expose()),
        (key_id("AKIDbob"), "secret of AKIDbob")
    );
    assert!(bob.uin > alice.uin && bob.uid > alice.uid);
    assert_eq!(code(fixture.user("alice", false).await), ErrorCode::UserNameInUse);

    let view = fixture.view().await;
    let found = fixture
        .store
        .get_user(&view, OWNER, &user_name("alice"))
        .await
        .unwrap();
    assert_eq!(found, Outcome::User(alice.clone()));
    let users = fixture.store.list_users(&view, OWNER).await.unwrap();
    assert_eq!(users, Outcome::Users(vec![alice.clone(), bob.clone()]));
    assert_eq!(
        view.user(OWNER.owner_uin, bob.uin).await.unwrap(),
        Some(bob.clone())
    );
    assert_eq!(
        view.user_number(OWNER.owner_uin, &user_name("bob"))
            .await
            .unwrap(),
        Some(bob.uin)
    );
    assert_eq!(view.user(Uin(5), bob.uin).await.unwrap(), None);

    fixture.attach(bob.uin, PRESET).await.unwrap();
    assert_eq!(
        code(fixture.delete_user("bob", false).await),
        ErrorCode::UserHasKeys
    );
    assert_eq!(fixture.delete_user("bob", true).await.unwrap(), Outcome::Done);
    assert_eq!(
        code(fixture.delete_user("bob", true).await),
        ErrorCode::UserNotExist
    );
    fixture.delete_user("alice", false).await.unwrap();
    let view = fixture.view().await;
    assert_eq!(view.access_key(&key_id("AKIDbob")).await.unwrap(), None);
    assert_eq!(fixture.get_policy(PRESET).await.unwrap().summary.attachments, 0);
    assert_eq!(
        code(fixture.store.get_user(&view, OWNER, &user_name("bob")).await),
        ErrorCode::UserNotExist
    );
    // A number is never given out twice.
    let (again, _) = fixture.user("bob", false).await.unwrap();
    assert!(again.uin > bob.uin);
    assert_eq!(fixture.attached(again.uin).await, Vec::new());
}

#[tokio::test]
async fn identities_have_two_access_keys_at_most() {
    let fixture = with_account().await;
    let (alice, _) = fixture.user("alice", true).await.unwrap();
    for (uin, first, second) in [
        (OWNER.owner_uin, "AKIDroot", "AKIDr2"),
        (alice.uin, "AKIDalice", "AKIDa2"),
    ] {
        let key = fixture.access_key(uin, second).await.unwrap();
        assert_eq!(key.access_key.description, "note");
        assert_eq!(
            code(fixture.access_key(uin, "AKIDthird").await),
            ErrorCode::AccessKeyOverLimit
        );
        let ids: BTreeSet<_> = fixture
            .access_keys(uin)
            .await
            .unwrap()
            .into_iter()
            .map(|key| key.id)
            .collect();
        assert_eq!(ids, BTreeSet::from([key_id(first), key_id(second)]));
        fixture
            .store
            .delete_access_key(OWNER, uin, &key_id(second))
            .await
            .unwrap();
        fixture.access_key(uin, "AKIDthird").await.unwrap();
        fixture
            .store
            .delete_access_key(OWNER, uin, &key_id("AKIDthird"))
            .await
            .unwrap();
    }
    assert_eq!(
        code(fixture.access_key(Uin(99), "AKIDx").await),
        ErrorCode::UserNotExist
    );
    assert_eq!(code(fixture.access_keys(Uin(99)).await), ErrorCode::UserNotExist);
    // Ids come from a random source; a repeated one is its fault.
    assert_eq!(
        code(fixture.access_key(alice.uin, "AKIDroot").await),
        ErrorCode::InternalError
    );
}

#[tokio::test]
async fn the_last_active_key_of_the_root_stays() {
    let fixture = with_account().await;
    let (root, store) = (OWNER.owner_uin, &fixture.store);
    let set = async |id: &str, status| store.update_access_key(OWNER, root, &key_id(id), status).await;
    let delete = async |id: &str| store.delete_access_key(OWNER, root, &key_id(id)).await;
    assert_eq!(
        code(set("AKIDroot", AccessKeyStatus::Inactive).await),
        ErrorCode::LastRootKey
    );
    assert_eq!(code(delete("AKIDroot").await), ErrorCode::LastRootKey);
    fixture.access_key(root, "AKIDr2").await.unwrap();
    set("AKIDr2", AccessKeyStatus::Inactive).await.unwrap();
    // A disabled key is no way in.
    assert_eq!(code(delete("AKIDroot").await), ErrorCode::LastRootKey);
    set("AKIDr2", AccessKeyStatus::Active).await.unwrap();
    set("AKIDroot", AccessKeyStatus::Inactive).await.unwrap();
    assert_eq!(
        code(set("AKIDr2", AccessKeyStatus::Inactive).await),
        ErrorCode::LastRootKey
    );
    delete("AKIDroot").await.unwrap();
    assert_eq!(code(delete("AKIDr2").await), ErrorCode::LastRootKey);
    let keys = fixture.access_keys(root).await.unwrap();
    assert_eq!((keys.len(), keys[0].status), (1, AccessKeyStatus::Active));
}

#[tokio::test]
async fn access_keys_are_changed_by_whose_they_are() {
    let fixture = with_account().await;
    let (alice, _) = fixture.user("alice", true).await.unwrap();
    let other = Account {
        app_id: AppId(1),
        owner_uin: Uin(1),
    };
    fixture
        .store
        .create_account(other, &material("AKIDother").unwrap(), NOW)
        .await
        .unwrap();
    let check = async |account: Account, uin, id: &str, expected: Result<Outcome, ErrorCode>| {
        let status = AccessKeyStatus::Inactive;
        let update = fixture
            .store
            .update_access_key(account, uin, &key_id(id), status)
            .await;
        assert_eq!(update.map_err(|error| error.code), expected, "{id}");
        if expected.is_err() {
            let delete = fixture.store.delete_access_key(account, uin, &key_id(id)).await;
            assert_eq!(delete.map_err(|error| error.code), expected, "{id}");
        }
    };
    check(OWNER, alice.uin, "AKIDalice", Ok(Outcome::Done)).await;
    check(
        OWNER,
        OWNER.owner_uin,
        "AKIDalice",
        Err(ErrorCode::AccessKeyNotOfSubject),
    )
    .await;
    check(OWNER, alice.uin, "AKIDnone", Err(ErrorCode::AccessKeyNotExist)).await;
    check(OWNER, alice.uin, "AKIDother", Err(ErrorCode::AccessKeyNotExist)).await;
    let key = fixture
        .view()
        .await
        .access_key(&key_id("AKIDalice"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((key.status, key.uin), (AccessKeyStatus::Inactive, alice.uin));
}

#[tokio::test]
async fn policies_are_made_listed_and_removed() {
    let fixture = with_account().await;
    let one = fixture.policy("one").await.unwrap();
    let two = fixture.policy("two").await.unwrap();
    assert_eq!((one.0, two.0), (FIRST_POLICY_ID, FIRST_POLICY_ID + 1));
    assert_eq!(code(fixture.policy("one").await), ErrorCode::PolicyNameInUse);
    assert_eq!(
        code(fixture.policy("AdministratorAccess").await),
        ErrorCode::PolicyNameInUse
    );
    let found = fixture.get_policy(one).await.unwrap();
    assert_eq!((found.document.as_str(), found.summary.preset), ("{one}", false));
    assert_eq!((found.summary.created, found.summary.updated), (NOW, NOW));
    let preset = fixture.get_policy(PRESET).await.unwrap();
    assert_eq!(
        (preset.document.as_str(), preset.summary.preset),
        ("{preset}", true)
    );
    assert_eq!(
        code(fixture.get_policy(PolicyId(77)).await),
        ErrorCode::PolicyIdNotFound
    );

    let check = async |scope, keyword, paging, total, expected: &[PolicyId]| {
        let (found_total, entries) = fixture.policies(scope, keyword, paging).await;
        let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
        assert_eq!(
            (found_total, &ids[..]),
            (total, expected),
            "{scope:?} {keyword:?} {paging:?}"
        );
    };
    check(PolicyScope::All, None, FIRST_PAGE, 3, &[PRESET, one, two]).await;
    check(PolicyScope::Preset, None, FIRST_PAGE, 1, &[PRESET]).await;
    check(PolicyScope::Custom, None, FIRST_PAGE, 2, &[one, two]).await;
    check(PolicyScope::All, Some("tw"), FIRST_PAGE, 1, &[two]).await;
    check(
        PolicyScope::All,
        None,
        Paging {
            page: 2,
            page_size: 2,
        },
        3,
        &[two],
    )
    .await;
    check(
        PolicyScope::All,
        None,
        Paging {
            page: u32::MAX,
            page_size: 200,
        },
        3,
        &[],
    )
    .await;

    let (alice, _) = fixture.user("alice", false).await.unwrap();
    fixture.attach(alice.uin, one).await.unwrap();
    fixture.attach(alice.uin, PRESET).await.unwrap();
    assert_eq!(fixture.get_policy(one).await.unwrap().summary.attachments, 1);
    let delete = async |ids: &[PolicyId]| fixture.store.delete_policies(OWNER, ids).await;
    assert_eq!(
        code(delete(&[one, PolicyId(77)]).await),
        ErrorCode::PolicyIdNotFound
    );
    assert_eq!(code(delete(&[one, PRESET]).await), ErrorCode::PolicyReadOnly);
    assert_eq!(fixture.attached(alice.uin).await.len(), 2);
    assert_eq!(delete(&[one, two, one]).await.unwrap(), Outcome::Done);
    assert_eq!(
        fixture.attached(alice.uin).await,
        [(PRESET, "{preset}".to_owned())]
    );
    assert_eq!(fixture.policy("one").await.unwrap().0, FIRST_POLICY_ID + 2);
}

#[tokio::test]
async fn policies_are_attached_and_detached() {
    let fixture = with_account().await;
    let (alice, _) = fixture.user("alice", false).await.unwrap();
    let one = fixture.policy("one").await.unwrap();
    assert_eq!(code(fixture.attach(Uin(99), one).await), ErrorCode::UserNotExist);
    assert_eq!(
        code(fixture.attach(alice.uin, PolicyId(77)).await),
        ErrorCode::PolicyIdNotFound
    );
    fixture.attach(alice.uin, one).await.unwrap();
    fixture.attach(alice.uin, PRESET).await.unwrap();
    let before = fixture.generation().await;
    assert_eq!(fixture.attach(alice.uin, one).await.unwrap(), Outcome::Done);
    assert_eq!(fixture.generation().await, before, "nothing changed");
    let expected = [(PRESET, "{preset}".to_owned()), (one, "{one}".to_owned())];
    assert_eq!(fixture.attached(alice.uin).await, expected);

    let view = fixture.view().await;
    let paging = Paging {
        page: 2,
        page_size: 1,
    };
    let page = fixture
        .store
        .list_attached_policies(
            &view,
            OWNER,
            Holder::User(alice.uin),
            PolicyScope::All,
            None,
            paging,
        )
        .await
        .unwrap();
    let Outcome::AttachedPolicies(page) = page else {
        panic!("{page:?}")
    };
    let [entry] = &page.entries[..] else {
        panic!("{page:?}")
    };
    assert_eq!(
        (page.total, entry.id, entry.preset, entry.attached),
        (2, one, false, NOW)
    );
    assert_eq!(entry.description, "about one");

    let detach = async |uin, policy| {
        fixture
            .store
            .detach_policy(OWNER, Holder::User(uin), policy)
            .await
    };
    assert_eq!(detach(alice.uin, one).await.unwrap(), Outcome::Done);
    assert_eq!(detach(alice.uin, one).await.unwrap(), Outcome::Done);
    assert_eq!(code(detach(Uin(99), one).await), ErrorCode::UserNotExist);
    assert_eq!(
        code(detach(alice.uin, PolicyId(77)).await),
        ErrorCode::PolicyIdNotFound
    );
    assert_eq!(fixture.attached(alice.uin).await.len(), 1);
    assert_eq!(fixture.get_policy(one).await.unwrap().summary.attachments, 0);
}

#[tokio::test]
async fn limits_hold_exactly() {
    let fixture = with_account().await;
    let (alice, _) = fixture.user("alice", false).await.unwrap();
    for number in 0..MOST_POLICIES {
        let id = fixture.policy(&format!("p{number}")).await.unwrap();
        match fixture.attach(alice.uin, id).await {
            Ok(_) => assert!(number < MOST_ATTACHMENTS as u64),
            Err(error) => {
                assert_eq!(
                    (error.code, number >= MOST_ATTACHMENTS as u64),
                    (ErrorCode::AttachmentFull, true)
                );
            }
        }
    }
    assert_eq!(code(fixture.policy("more").await), ErrorCode::PolicyFull);
    for number in 1..MOST_USERS {
        fixture.user(&format!("u{number}"), false).await.unwrap();
    }
    assert_eq!(code(fixture.user("more", false).await), ErrorCode::UserFull);
}

/// The others could not be read if it tried.
#[tokio::test]
async fn a_page_of_policies_reads_no_other_documents() {
    const OWN: usize = 1100;
    let fixture = with_account().await;
    let mut ids = Vec::new();
    for number in 0..OWN {
        ids.push(fixture.policy(&format!("p{number}")).await.unwrap());
    }
    // The preset is the first of all.
    let page = ids.get(399..599).unwrap();
    for some in ids.chunks(100) {
        let others = some.iter().filter(|id| !page.contains(id));
        let spoil = others.fold(daypass_kv::Batch::new(), |batch, id| {
            let key = daypass_metadata::keys::policy(OWNER.owner_uin, *id);
            batch.put(key, Bytes::from_static(b"spoilt"))
        });
        fixture.kv.commit(spoil).await.unwrap();
    }
    let third = Paging {
        page: 3,
        page_size: 200,
    };
    let (total, listed) = fixture.policies(PolicyScope::All, None, third).await;
    assert_eq!(total, OWN + 1);
    let listed: Vec<_> = listed.iter().map(|policy| policy.id).collect();
    assert_eq!(listed, page);
    let (total, listed) = fixture
        .policies(PolicyScope::Custom, Some("p450"), FIRST_PAGE)
        .await;
    assert_eq!((total, listed.len()), (1, 1));
}

#[tokio::test]
async fn every_change_raises_the_generation() {
    let fixture = with_account().await;
    let mut last = fixture.generation().await;
    let mut raised = async || {
        let now = fixture.generation().await;
        assert_eq!(now, last + 1);
        last = now;
    };
    let (alice, _) = fixture.user("alice", true).await.unwrap();
    raised().await;
    fixture.access_key(alice.uin, "AKIDa2").await.unwrap();
    raised().await;
    let status = AccessKeyStatus::Inactive;
    fixture
        .store
        .update_access_key(OWNER, alice.uin, &key_id("AKIDa2"), status)
        .await
        .unwrap();
    raised().await;
    fixture
        .store
        .delete_access_key(OWNER, alice.uin, &key_id("AKIDa2"))
        .await
        .unwrap();
    raised().await;
    let policy = fixture.policy("one").await.unwrap();
    raised().await;
    fixture.attach(alice.uin, policy).await.unwrap();
    raised().await;
    fixture
        .store
        .detach_policy(OWNER, Holder::User(alice.uin), policy)
        .await
        .unwrap();
    raised().await;
    fixture.store.delete_policies(OWNER, &[policy]).await.unwrap();
    raised().await;
    fixture.delete_user("alice", true).await.unwrap();
    raised().await;
    let ring = WrappedKeyRing {
        wrapped: Bytes::from("ring"),
    };
    fixture.store.replace_key_ring(None, &ring, NOW).await.unwrap();
    raised().await;
}

#[tokio::test]
async fn the_key_ring_is_replaced_only_by_whoever_read_it() {
    let fixture = with_account().await;
    let ring = |text: &'static str| WrappedKeyRing {
        wrapped: Bytes::from(text),
    };
    let replace = async |previous: Option<&str>, next| {
        let previous = previous.map(|text| WrappedKeyRing {
            wrapped: Bytes::from(text.to_owned()),
        });
        fixture
            .store
            .replace_key_ring(previous.as_ref(), &ring(next), NOW)
            .await
            .unwrap()
    };
    assert_eq!(fixture.view().await.key_ring().await.unwrap(), None);
    assert!(replace(None, "one").await);
    assert!(!replace(None, "two").await);
    assert!(!replace(Some("zero"), "two").await);
    assert!(replace(Some("one"), "two").await);
    assert_eq!(fixture.view().await.key_ring().await.unwrap(), Some(ring("two")));
}

/// As from several gateways: each store has a turn of its own.
#[test]
fn gateways_change_identities_at_once() {
    for seed in 0..20 {
        run(async {
            let (kv, blobs) = jittered_engines(seed);
            let fixture = fixture_on(Arc::clone(&kv), Arc::clone(&blobs), StoreOptions::default()).await;
            fixture
                .store
                .create_account(OWNER, &material("AKIDroot").unwrap(), NOW)
                .await
                .unwrap();
            let mut tasks = JoinSet::new();
            for number in 0..6 {
                let gateway = fixture_on(Arc::clone(&kv), Arc::clone(&blobs), StoreOptions::default()).await;
                tasks.spawn(async move {
                    let (user, _) = gateway.user(&format!("u{number}"), true).await.unwrap();
                    (user.uin, gateway.user("same", false).await.is_ok())
                });
            }
            let results = tasks.join_all().await;
            let numbers: BTreeSet<_> = results.iter().map(|(uin, _)| *uin).collect();
            assert_eq!(numbers.len(), 6);
            assert_eq!(results.iter().filter(|(_, made)| *made).count(), 1);
            let users = fixture
                .store
                .list_users(&fixture.view().await, OWNER)
                .await
                .unwrap();
            let Outcome::Users(users) = users else {
                panic!("{users:?}")
            };
            assert_eq!(users.len(), 7);
        });
    }
}
