//! Roles, their policies and what bounds them.

use daypass_api::names::{PolicyId, PolicyName, RoleId, RoleName};
use daypass_api::operation::{EntityFilter, NewPolicy, NewRole, Paging, PolicyScope, RoleRef};
use daypass_api::outcome::{AttachedPolicy, Page, PolicyEntity, Role};
use daypass_api::secret::SecretKey;
use daypass_api::tags::Tags;

use super::*;
use crate::identity::{FIRST_ROLE_ID, Holder, KeyMaterial, MOST_ROLES, StoredRole, Trusted, WrappedSecret};

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

    /// How many have a policy, and how many it bounds.
    async fn tally(&self, policy: PolicyId) -> (u64, u64) {
        let view = self.view().await;
        match self.store.get_policy(&view, OWNER, policy).await.unwrap() {
            Outcome::Policy(policy) => (policy.summary.attachments, policy.summary.boundaries),
            other => panic!("{other:?}"),
        }
    }

    async fn role_policies(&self, role: RoleId) -> Vec<AttachedPolicy> {
        let paging = Paging {
            page: 1,
            page_size: 200,
        };
        let (view, scope) = (self.view().await, PolicyScope::All);
        let listed = self
            .store
            .list_attached_policies(&view, OWNER, Holder::Role(role), scope, None, paging);
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
            tags: Tags::new(),
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
    let store = &fixture.store;
    store.delete_role(OWNER, first).await.unwrap();
    assert_eq!(fixture.stored(&named("dev")).await, None);
    let second = fixture.create_role("dev", &[]).await.unwrap();
    assert!(second > first);
    // A change that was decided while the first had the name does not reach the second.
    let before = fixture.stored(&named("dev")).await;
    for changed in [
        store.delete_role(OWNER, first).await,
        store.update_role_trust(OWNER, first, "{new}", &[], LATER).await,
        store.update_role_description(OWNER, first, "new", LATER).await,
        store.update_role_session_duration(OWNER, first, 1, LATER).await,
        store.update_role_console_login(OWNER, first, true, LATER).await,
        store.tag_role(OWNER, first, &tags(&[("a", "1")]), LATER).await,
        store.untag_role(OWNER, first, &["a".to_owned()], LATER).await,
    ] {
        assert_eq!(refused(changed), ErrorCode::RoleNotExist);
    }
    assert_eq!(fixture.stored(&named("dev")).await, before);
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
    let number = fixture.create_role("vault", &trusted).await.unwrap();
    let kept = fixture.stored(&named("vault")).await.unwrap().trusted;
    let kept: Vec<_> = kept.iter().map(|role| (role.name.as_str(), role.id)).collect();
    assert_eq!(kept, [("dev", dev)], "whose the name was is kept with it");
    let (store, vault) = (&fixture.store, named("vault"));
    store
        .update_role_trust(OWNER, number, "{new}", &[], LATER)
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
    let number = fixture.create_role("dev", &[]).await.unwrap();
    fixture.create_role("ops", &[]).await.unwrap();
    let (store, dev) = (&fixture.store, named("dev"));
    let tag = async |pairs: Tags| store.tag_role(OWNER, number, &pairs, LATER).await;
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
    assert_eq!(refused(tag(many(49)).await), ErrorCode::TagLimitExceeded);
    tag(many(48)).await.unwrap();
    store
        .untag_role(OWNER, number, &["made".to_owned(), "none".to_owned()], LATER)
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
    let holder = Holder::Role(id);
    for policy in [one, two, one, two] {
        store.attach_policy(OWNER, holder, policy, NOW).await.unwrap();
    }
    let attached = store.attach_policy(OWNER, holder, PolicyId(5), NOW).await;
    assert_eq!(refused(attached), ErrorCode::PolicyIdNotExist);
    let nobody = Holder::Role(RoleId(5));
    let attached = store.attach_policy(OWNER, nobody, one, NOW).await;
    assert_eq!(refused(attached), ErrorCode::RoleNotExist);
    let numbers = async || -> Vec<_> {
        let policies = fixture.role_policies(id).await;
        policies.into_iter().map(|policy| policy.id).collect()
    };
    assert_eq!(numbers().await, [one, two]);
    store.put_role_boundary(OWNER, id, two, NOW).await.unwrap();
    let unknown = store.put_role_boundary(OWNER, id, PolicyId(5), NOW).await;
    assert_eq!(refused(unknown), ErrorCode::PolicyIdNotExist);
    assert_eq!(fixture.tally(two).await, (1, 1));
    assert_eq!(fixture.stored(&dev).await.unwrap().boundary, Some(two));
    // None of several goes when one of them may not.
    let deleted = store.delete_policies(OWNER, &[one, two]).await;
    assert_eq!(refused(deleted), ErrorCode::PolicyIsBoundary);
    assert_eq!(numbers().await, [one, two]);
    store.delete_role_boundary(OWNER, id, NOW).await.unwrap();
    assert_eq!(fixture.tally(two).await, (1, 0));
    store.delete_policies(OWNER, &[two]).await.unwrap();
    assert_eq!(numbers().await, [one]);
    store.detach_policy(OWNER, holder, one).await.unwrap();
    assert_eq!(numbers().await, []);
    // A role that goes leaves nothing behind that a policy would have to look after.
    store.attach_policy(OWNER, holder, one, NOW).await.unwrap();
    store.put_role_boundary(OWNER, id, one, NOW).await.unwrap();
    assert_eq!(fixture.tally(one).await, (1, 1));
    let view = fixture.view().await;
    assert_eq!(store.account_summary(&view, OWNER).await.unwrap().roles, 1);
    store.delete_role(OWNER, id).await.unwrap();
    assert_eq!(fixture.tally(one).await, (0, 0));
    let view = fixture.view().await;
    assert_eq!(view.holders(OWNER.owner_uin, one).await.unwrap(), []);
    assert!(view.role_policies(OWNER.owner_uin, id).await.unwrap().is_empty());
    assert_eq!(store.account_summary(&view, OWNER).await.unwrap().roles, 0);
    store.delete_policies(OWNER, &[one]).await.unwrap();
}

#[tokio::test]
async fn roles_are_among_those_who_have_a_policy() {
    let fixture = with_accounts().await;
    let id = fixture.create_role("dev", &[]).await.unwrap();
    let policy = fixture.new_policy("one").await;
    let store = &fixture.store;
    store
        .attach_policy(OWNER, Holder::Role(id), policy, NOW)
        .await
        .unwrap();
    let entities = async |filter: EntityFilter| {
        let view = fixture.view().await;
        let paging = Paging {
            page: 1,
            page_size: 20,
        };
        let listed = store.list_policy_entities(&view, OWNER, policy, filter, paging);
        match listed.await.unwrap() {
            Outcome::PolicyEntities(page) => page.entries,
            other => panic!("{other:?}"),
        }
    };
    let dev = PolicyEntity::Role {
        id,
        name: "dev".to_owned(),
        attached: NOW,
    };
    assert_eq!(entities(EntityFilter::All).await, std::slice::from_ref(&dev));
    assert_eq!(entities(EntityFilter::Roles).await, [dev]);
    assert_eq!(entities(EntityFilter::Users).await, []);
    assert_eq!(entities(EntityFilter::Groups).await, []);
    // The policy goes from whoever has it, and from the role too.
    store.delete_policies(OWNER, &[policy]).await.unwrap();
    assert!(fixture.role_policies(id).await.is_empty());
}

#[tokio::test]
async fn the_number_of_roles_is_bounded() {
    let fixture = with_accounts().await;
    for number in 0..MOST_ROLES {
        fixture.create_role(&format!("r{number}"), &[]).await.unwrap();
    }
    assert_eq!(fixture.create_role("more", &[]).await, Err(ErrorCode::RoleFull));
}
