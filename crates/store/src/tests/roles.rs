//! Roles, their policies and what bounds them.

use daypass_api::names::{PolicyId, PolicyName, RoleId, RoleName};
use daypass_api::operation::{NewPolicy, NewRole, Paging, PolicyRef, PolicyScope, RoleRef};
use daypass_api::outcome::{AttachedPolicy, Page, Role};
use daypass_api::secret::SecretKey;
use daypass_api::tags::Tags;

use super::*;
use crate::identity::{FIRST_ROLE_ID, KeyMaterial, MOST_ROLES, StoredRole, Trusted, WrappedSecret};

const OTHER: Account = Account {
    app_id: AppId(1_250_000_009),
    owner_uin: Uin(100_000_000_900),
};
const LATER: Timestamp = Timestamp::from_unix_seconds(1_700_000_100);

fn material(id: &str) -> KeyMaterial {
    KeyMaterial {
        id: daypass_api::names::AccessKeyId::parse(id).unwrap(),
        secret: SecretKey::new("secret".to_owned()),
        wrapped: WrappedSecret {
            wrapped: Bytes::from("wrapped"),
        },
    }
}

fn named(name: &str) -> RoleRef {
    RoleRef::Name(RoleName::parse(name).unwrap())
}

fn tags(pairs: &[(&str, &str)]) -> Tags {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

async fn with_accounts() -> Fixture {
    let fixture = fixture().await;
    for (account, key) in [(OWNER, "AKIDroot"), (OTHER, "AKIDother")] {
        let key = material(key);
        assert!(fixture.store.create_account(account, &key, NOW).await.unwrap());
    }
    fixture
}

impl Fixture {
    async fn create_role(&self, name: &str, trusted: &[Trusted]) -> Result<RoleId, ErrorCode> {
        let new = NewRole {
            name: RoleName::parse(name).unwrap(),
            document: format!("{{trust of {name}}}"),
            description: String::new(),
            console_login: false,
            session_duration: 0,
            tags: tags(&[("made", "yes")]),
        };
        match self.store.create_role(OWNER, &new, trusted, NOW).await {
            Ok(Outcome::RoleCreated(id)) => Ok(id),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.code),
        }
    }

    async fn stored(&self, role: &RoleRef) -> Option<StoredRole> {
        self.view().await.role(OWNER.owner_uin, role).await.unwrap()
    }

    async fn roles(&self, with: &[(&str, &str)]) -> Vec<Role> {
        let paging = Paging {
            page: 1,
            page_size: 200,
        };
        let view = self.view().await;
        match self.store.list_roles(&view, OWNER, &tags(with), paging).await {
            Ok(Outcome::Roles(Page { entries, .. })) => entries,
            other => panic!("{other:?}"),
        }
    }

    async fn role_policies(&self, role: &RoleRef) -> Vec<AttachedPolicy> {
        let paging = Paging {
            page: 1,
            page_size: 200,
        };
        let (view, scope) = (self.view().await, PolicyScope::All);
        let listed = self
            .store
            .list_attached_role_policies(&view, OWNER, role, scope, None, paging);
        match listed.await {
            Ok(Outcome::RolePolicies(page)) => page.entries,
            other => panic!("{other:?}"),
        }
    }

    async fn new_policy(&self, name: &str) -> PolicyId {
        let policy = NewPolicy {
            name: PolicyName::parse(name).unwrap(),
            document: "{}".to_owned(),
            description: String::new(),
        };
        match self.store.create_policy(OWNER, &policy, NOW).await {
            Ok(Outcome::PolicyCreated(id)) => id,
            other => panic!("{other:?}"),
        }
    }
}

fn refused(outcome: Result<Outcome, Error>) -> ErrorCode {
    outcome.unwrap_err().code
}

#[tokio::test]
async fn a_name_passes_on_and_a_number_does_not() {
    let fixture = with_accounts().await;
    let first = fixture.create_role("dev", &[]).await.unwrap();
    assert_eq!(first, RoleId(FIRST_ROLE_ID));
    assert_eq!(
        fixture.create_role("dev", &[]).await,
        Err(ErrorCode::RoleNameInUse)
    );
    assert_eq!(fixture.stored(&named("dev")).await.unwrap().role.id, first);
    fixture
        .store
        .delete_role(OWNER, &RoleRef::Id(first))
        .await
        .unwrap();
    assert_eq!(fixture.stored(&named("dev")).await, None);
    let gone = fixture.store.delete_role(OWNER, &named("dev")).await;
    assert_eq!(refused(gone), ErrorCode::RoleNotExist);
    let second = fixture.create_role("dev", &[]).await.unwrap();
    assert!(second > first);
    assert_eq!(fixture.stored(&RoleRef::Id(first)).await, None);
    // Another account's roles are not this one's.
    let foreign = fixture
        .view()
        .await
        .role(OTHER.owner_uin, &RoleRef::Id(second))
        .await;
    assert_eq!(foreign.unwrap(), None);
}

#[tokio::test]
async fn whom_a_role_trusts_exists() {
    let fixture = with_accounts().await;
    let dev = fixture.create_role("dev", &[]).await.unwrap();
    let missing = Uin(5);
    for (index, nobody) in [
        Trusted::Account(missing),
        Trusted::User(OWNER.owner_uin, missing),
        Trusted::Role(OWNER.owner_uin, named("none")),
        Trusted::Role(OTHER.owner_uin, named("dev")),
        Trusted::Role(OWNER.owner_uin, RoleRef::Id(RoleId(5))),
    ]
    .into_iter()
    .enumerate()
    {
        let made = fixture
            .create_role(&format!("r{index}"), std::slice::from_ref(&nobody))
            .await;
        assert_eq!(made, Err(ErrorCode::PrincipalQcsNotExist), "{nobody:?}");
    }
    let trusted = [
        Trusted::Account(OTHER.owner_uin),
        Trusted::Role(OWNER.owner_uin, named("dev")),
        Trusted::Role(OWNER.owner_uin, RoleRef::Id(dev)),
    ];
    fixture.create_role("vault", &trusted).await.unwrap();
    let kept = fixture.stored(&named("vault")).await.unwrap().trusted;
    let kept: Vec<_> = kept.iter().map(|role| (role.name.as_str(), role.id)).collect();
    assert_eq!(kept, [("dev", dev)], "whose the name was is kept with it");
    let (store, vault) = (&fixture.store, named("vault"));
    store
        .update_role_trust(OWNER, &vault, "{new}", &[], LATER)
        .await
        .unwrap();
    let stored = fixture.stored(&vault).await.unwrap();
    assert_eq!(
        (stored.trusted.len(), stored.role.document.as_str()),
        (0, "{new}")
    );
    assert_eq!((stored.role.created, stored.role.updated), (NOW, LATER));
}

#[tokio::test]
async fn tags_are_merged_and_bounded() {
    let fixture = with_accounts().await;
    fixture.create_role("dev", &[]).await.unwrap();
    fixture.create_role("ops", &[]).await.unwrap();
    let (store, dev) = (&fixture.store, named("dev"));
    let tag = async |pairs: Tags| store.tag_role(OWNER, &dev, &pairs, LATER).await;
    tag(tags(&[("made", "no"), ("a", "1")])).await.unwrap();
    let kept = fixture.stored(&dev).await.unwrap().role.tags;
    assert_eq!(kept, tags(&[("made", "no"), ("a", "1")]));
    let names = |roles: Vec<Role>| {
        roles
            .into_iter()
            .map(|role| role.name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(fixture.roles(&[]).await), ["dev", "ops"]);
    assert_eq!(names(fixture.roles(&[("made", "no"), ("a", "1")]).await), ["dev"]);
    assert_eq!(names(fixture.roles(&[("a", "2")]).await), Vec::<String>::new());
    let many = |count: usize| {
        (0..count)
            .map(|number| (format!("k{number}"), String::new()))
            .collect()
    };
    assert_eq!(refused(tag(many(49)).await), ErrorCode::RoleTagLimitExceeded);
    tag(many(48)).await.unwrap();
    store
        .untag_role(OWNER, &dev, &["made".to_owned(), "none".to_owned()], LATER)
        .await
        .unwrap();
    assert_eq!(fixture.stored(&dev).await.unwrap().role.tags.len(), 49);
}

#[tokio::test]
async fn policies_of_a_role_and_what_bounds_it() {
    let fixture = with_accounts().await;
    let id = fixture.create_role("dev", &[]).await.unwrap();
    let (store, dev) = (&fixture.store, named("dev"));
    let (one, two) = (fixture.new_policy("one").await, fixture.new_policy("two").await);
    for policy in [
        PolicyRef::Id(one),
        PolicyRef::Name(PolicyName::parse("two").unwrap()),
    ] {
        for _ in 0..2 {
            store.attach_role_policy(OWNER, &dev, &policy, NOW).await.unwrap();
        }
    }
    let missing = PolicyRef::Id(PolicyId(5));
    let attached = store.attach_role_policy(OWNER, &dev, &missing, NOW).await;
    assert_eq!(refused(attached), ErrorCode::PolicyIdNotExist);
    let numbers = async || -> Vec<_> {
        let policies = fixture.role_policies(&dev).await;
        policies.into_iter().map(|policy| policy.id).collect()
    };
    assert_eq!(numbers().await, [one, two]);
    store.put_role_boundary(OWNER, &dev, two, NOW).await.unwrap();
    assert_eq!(fixture.stored(&dev).await.unwrap().boundary, Some(two));
    // None of several goes when one of them may not.
    let deleted = store.delete_policies(OWNER, &[one, two]).await;
    assert_eq!(refused(deleted), ErrorCode::PolicyIsBoundary);
    assert_eq!(numbers().await, [one, two]);
    store.delete_role_boundary(OWNER, &dev, NOW).await.unwrap();
    store.delete_policies(OWNER, &[two]).await.unwrap();
    assert_eq!(numbers().await, [one]);
    store
        .detach_role_policy(OWNER, &dev, &PolicyRef::Id(one))
        .await
        .unwrap();
    assert_eq!(numbers().await, []);
    // A role that goes leaves nothing behind that a policy would have to look after.
    store
        .attach_role_policy(OWNER, &dev, &PolicyRef::Id(one), NOW)
        .await
        .unwrap();
    store.delete_role(OWNER, &dev).await.unwrap();
    let view = fixture.view().await;
    assert_eq!(view.role_holders(OWNER.owner_uin, one).await.unwrap(), []);
    assert!(view.role_policies(OWNER.owner_uin, id).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_number_of_roles_is_bounded() {
    let fixture = with_accounts().await;
    for number in 0..MOST_ROLES {
        fixture.create_role(&format!("r{number}"), &[]).await.unwrap();
    }
    assert_eq!(fixture.create_role("more", &[]).await, Err(ErrorCode::RoleFull));
}
