//! The full truth table of the layers: every combination of what each may say, for every kind of caller, against the
//! rule as it is written down, computed here from booleans alone.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use daypass_access::{
    BucketFacts, Caller, Environment, Facts, Identity, Layers, Principal, Question, RoleFacts, Session,
    StoredPolicy, decide,
};
use daypass_api::acl::{Acl, Grant, Grantee, Permission};
use daypass_api::attributes::Attributes;
use daypass_api::names::{
    AccessKeyId, Account, AppId, BucketName, GroupId, ObjectKey, PolicyId, PolicyName, Region, RoleId,
    RoleName, SessionId, SessionName, Uin, UserName,
};
use daypass_api::operation::{
    AccessKeyStatus, AssumeRole, BoundaryOperation, Contact, CreateUser, GroupOperation, IdentityOperation,
    ObjectOperation, PolicyRef, ReadObject, RoleOperation, RoleRef, SessionOperation, Subject,
};
use daypass_api::{Operation, Timestamp};
use daypass_policy::{DocumentKind, OwnerAccount, parse};
use daypass_token::{Ancestor, SessionKind};

const OWNER: Account = Account {
    app_id: AppId(125),
    owner_uin: Uin(900),
};
const OTHER: Account = Account {
    app_id: AppId(225),
    owner_uin: Uin(800),
};

/// What a policy says about the one request of this test.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    Nothing,
    Allow,
    Deny,
    Unreadable,
}

/// What the bucket policy says, and to whom.
#[derive(Clone, Copy, Debug, PartialEq)]
enum ResourceSays {
    Nothing,
    AllowNamed,
    AllowRoot,
    AllowAnyone,
    DenyNamed,
    DenyRoot,
    DenyAnyone,
    Unreadable,
}

/// What the bucket's list gives.
#[derive(Clone, Copy, Debug, PartialEq)]
enum ListGives {
    OwnerOnly,
    Everybody,
    OtherRoot,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    Anonymous,
    Root,
    User,
    Role,
    ForeignRoot,
    ForeignUser,
    ForeignRole,
}

#[derive(Clone, Copy, Debug)]
struct Case {
    who: Who,
    identity: Says,
    boundary: Option<Says>,
    sessions: [Option<Says>; 2],
    resource: ResourceSays,
    list: ListGives,
}

/// The rule of the design, in booleans.
fn expected(case: Case) -> bool {
    let Case {
        who,
        identity,
        boundary,
        sessions,
        resource,
        list,
    } = case;
    let public = match resource {
        ResourceSays::Unreadable | ResourceSays::DenyAnyone => false,
        ResourceSays::AllowAnyone => true,
        _ => list == ListGives::Everybody,
    };
    if who == Who::Anonymous {
        return public;
    }
    let bad = |says: Says| matches!(says, Says::Deny | Says::Unreadable);
    let denied = bad(identity)
        || boundary.is_some_and(bad)
        || sessions.iter().flatten().any(|says| bad(*says))
        || matches!(
            resource,
            ResourceSays::DenyNamed | ResourceSays::DenyRoot | ResourceSays::Unreadable
        );
    if denied {
        return false;
    }
    let root = matches!(who, Who::Root | Who::ForeignRoot);
    let within = boundary.is_none_or(|says| says == Says::Allow);
    let own = (root || identity == Says::Allow) && within;
    let granted = matches!(resource, ResourceSays::AllowNamed | ResourceSays::AllowAnyone)
        // A grant to the root reaches the rest of its account with their own permission.
        || (resource == ResourceSays::AllowRoot && (root || own))
        || match list {
            ListGives::OwnerOnly => who == Who::Root,
            ListGives::Everybody => true,
            // The grant names the root of the other account; its users need their own permission too.
            ListGives::OtherRoot => {
                let through_root = matches!(who, Who::ForeignUser | Who::ForeignRole) && own;
                who == Who::ForeignRoot || through_root || who == Who::Root
            }
        };
    let foreign = matches!(who, Who::ForeignRoot | Who::ForeignUser | Who::ForeignRole);
    let side = if foreign { own && granted } else { own || granted };
    let narrowed = sessions.iter().flatten().all(|says| *says == Says::Allow);
    (side && narrowed) || public
}

fn document(says: Says, principal: &str, kind: DocumentKind, owner: Account) -> StoredPolicy {
    let effect = match says {
        Says::Unreadable => return None,
        Says::Deny => "deny",
        Says::Allow | Says::Nothing => "allow",
    };
    let action = if says == Says::Nothing {
        "cos:DeleteObject"
    } else {
        "cos:GetObject"
    };
    let principal = if principal.is_empty() {
        String::new()
    } else {
        format!(r#""principal":{{"qcs":["{principal}"]}},"#)
    };
    let text = format!(
        r#"{{"version":"2.0","statement":[{{"effect":"{effect}",{principal}"action":["{action}"],"resource":["qcs::cos:ap-guangzhou:uid/125:photos-125/*"]}}]}}"#
    );
    let owner = OwnerAccount {
        app_id: owner.app_id.0,
        owner_uin: owner.owner_uin.0,
    };
    Some(Arc::new(parse(&text, kind, &owner).unwrap()))
}

/// The role of these tests, which its account's root assumed: it is not the root for all that.
fn dev() -> Principal {
    Principal::Role {
        id: RoleId(46),
        name: RoleName::parse("dev").unwrap(),
    }
}

fn caller(who: Who, sessions: usize) -> Caller {
    let (account, principal) = match who {
        Who::Anonymous => return Caller::Anonymous,
        Who::Root => (OWNER, Principal::User(OWNER.owner_uin)),
        Who::User => (OWNER, Principal::User(Uin(901))),
        Who::Role => (OWNER, dev()),
        Who::ForeignRoot => (OTHER, Principal::User(OTHER.owner_uin)),
        Who::ForeignUser => (OTHER, Principal::User(Uin(801))),
        Who::ForeignRole => (OTHER, dev()),
    };
    let is_role = matches!(principal, Principal::Role { .. });
    let kind = if is_role {
        SessionKind::Role
    } else {
        SessionKind::Federation
    };
    let session = (sessions > 0 || is_role).then(|| Session {
        kind,
        id: SessionId([1; 16]),
        ancestors: Arc::default(),
        name: "test".into(),
        issued: Timestamp::default(),
        expires: Timestamp::default(),
        policies: vec![String::new(); sessions].into(),
        tags: Arc::default(),
        source_identity: None,
    });
    let original_caller = match principal {
        Principal::User(uin) => uin,
        Principal::Role { .. } => account.owner_uin,
    };
    Caller::Identified(Identity {
        account,
        principal,
        origin: daypass_token::Origin::Key {
            caller: original_caller,
            key: AccessKeyId::parse("AKIDtest").unwrap(),
        },
        session: session.map(Arc::new),
    })
}

/// The root of a principal's account.
fn root_of(principal: &str) -> String {
    let (account, _) = principal.rsplit_once(':').unwrap();
    format!("{account}:root")
}

fn bucket(case: Case, principal: &str) -> BucketFacts {
    let policy = |says, principal| Some(document(says, principal, DocumentKind::Bucket, OWNER));
    let anyone = "qcs::cam::anyone:anyone";
    let policy = match case.resource {
        ResourceSays::Nothing => None,
        ResourceSays::AllowNamed => policy(Says::Allow, principal),
        ResourceSays::AllowRoot => policy(Says::Allow, &root_of(principal)),
        ResourceSays::DenyRoot => policy(Says::Deny, &root_of(principal)),
        ResourceSays::AllowAnyone => policy(Says::Allow, anyone),
        ResourceSays::DenyNamed => policy(Says::Deny, principal),
        ResourceSays::DenyAnyone => policy(Says::Deny, anyone),
        ResourceSays::Unreadable => Some(None),
    };
    let grant = |owner_uin, uin, permission| Grant {
        grantee: Grantee::User { owner_uin, uin },
        permission,
    };
    let mut grants = vec![grant(OWNER.owner_uin, OWNER.owner_uin, Permission::FullControl)];
    let mut objects = Vec::new();
    let key = ObjectKey::parse(b"a.jpg").unwrap();
    match case.list {
        ListGives::OwnerOnly => {}
        ListGives::Everybody => grants.push(Grant {
            grantee: Grantee::AllUsers,
            permission: Permission::Read,
        }),
        ListGives::OtherRoot => {
            let own = vec![
                grant(OWNER.owner_uin, OWNER.owner_uin, Permission::FullControl),
                grant(OTHER.owner_uin, OTHER.owner_uin, Permission::Read),
            ];
            objects.push((key, daypass_api::acl::ObjectAcl::Own(Acl { grants: own })));
        }
    }
    BucketFacts {
        name: BucketName::parse("photos-125").unwrap(),
        owner: OWNER,
        region: Region::parse("ap-guangzhou").unwrap(),
        acl: Acl { grants },
        policy,
        tags: Vec::new(),
        objects,
    }
}

fn get_object() -> Operation {
    Operation::Object(ObjectOperation::GetObject(ReadObject {
        bucket: BucketName::parse("photos-125").unwrap(),
        key: ObjectKey::parse(b"a.jpg").unwrap(),
        range: None,
        preconditions: Default::default(),
        overrides: Default::default(),
    }))
}

fn environment() -> Environment {
    Environment {
        ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        tls_version: None,
        now: Timestamp::default(),
    }
}

fn decided(case: Case) -> bool {
    let (account, principal) = match case.who {
        Who::Anonymous => (OWNER, "qcs::cam::uin/900:uin/901"),
        Who::Root => (OWNER, "qcs::cam::uin/900:uin/900"),
        Who::User => (OWNER, "qcs::cam::uin/900:uin/901"),
        Who::Role => (OWNER, "qcs::cam::uin/900:roleName/dev"),
        Who::ForeignRoot => (OTHER, "qcs::cam::uin/800:uin/800"),
        Who::ForeignUser => (OTHER, "qcs::cam::uin/800:uin/801"),
        Who::ForeignRole => (OTHER, "qcs::cam::uin/800:role/46"),
    };
    let identity = |says| document(says, "", DocumentKind::Identity, account);
    // A session policy of a foreign account could not name this bucket at minting; what matters here is the layer.
    let session = |says| document(says, "", DocumentKind::Identity, account);
    let anonymous = case.who == Who::Anonymous;
    let layers = Layers {
        identity: if anonymous {
            Arc::default()
        } else {
            Arc::new([identity(case.identity)])
        },
        boundary: case.boundary.filter(|_| !anonymous).map(identity),
        session: case
            .sessions
            .iter()
            .flatten()
            .filter(|_| !anonymous)
            .map(|says| session(*says))
            .collect(),
    };
    let facts = Facts {
        operator: None,
        buckets: vec![bucket(case, principal)],
        ..Facts::default()
    };
    let caller = caller(case.who, layers.session.len());
    let question = Question {
        caller: &caller,
        layers: &layers,
        facts: &facts,
        attributes: &Attributes::default(),
        environment: &environment(),
    };
    decide(&get_object(), &question).allowed
}

#[test]
fn every_combination_of_layers() {
    let says = [Says::Nothing, Says::Allow, Says::Deny, Says::Unreadable];
    let optional = [None, Some(Says::Nothing), Some(Says::Allow), Some(Says::Deny)];
    let resources = [
        ResourceSays::Nothing,
        ResourceSays::AllowNamed,
        ResourceSays::AllowRoot,
        ResourceSays::AllowAnyone,
        ResourceSays::DenyNamed,
        ResourceSays::DenyRoot,
        ResourceSays::DenyAnyone,
        ResourceSays::Unreadable,
    ];
    let mut allowed = 0_u32;
    for who in [
        Who::Anonymous,
        Who::Root,
        Who::User,
        Who::Role,
        Who::ForeignRoot,
        Who::ForeignUser,
        Who::ForeignRole,
    ] {
        for identity in says {
            for boundary in optional {
                for sessions in optional
                    .into_iter()
                    .flat_map(|first| optional.map(|second| [first, second]))
                {
                    for resource in resources {
                        for list in [ListGives::OwnerOnly, ListGives::Everybody, ListGives::OtherRoot] {
                            let case = Case {
                                who,
                                identity,
                                boundary,
                                sessions,
                                resource,
                                list,
                            };
                            assert_eq!(decided(case), expected(case), "{case:?}");
                            allowed += u32::from(expected(case));
                        }
                    }
                }
            }
        }
    }
    assert!(
        allowed > 1000,
        "the table says yes often enough to mean something: {allowed}"
    );
}

fn decide_for(caller: &Caller, layers: &Layers, facts: &Facts, operation: &Operation) -> bool {
    let attributes = Attributes::default();
    let environment = environment();
    let question = Question {
        caller,
        layers,
        facts,
        attributes: &attributes,
        environment: &environment,
    };
    decide(operation, &question).allowed
}

fn create_user() -> Operation {
    Operation::Identity(IdentityOperation::CreateUser(CreateUser {
        name: UserName::parse("eve").unwrap(),
        remark: String::new(),
        contact: Contact::default(),
        with_access_key: false,
    }))
}

/// Policies that allow everything.
fn administrator() -> Layers {
    let owner = OwnerAccount {
        app_id: 125,
        owner_uin: 900,
    };
    let text = r#"{"version":"2.0","statement":[{"effect":"allow","action":["*"],"resource":["*"]}]}"#;
    let policy = parse(text, DocumentKind::Identity, &owner).unwrap();
    Layers {
        identity: [Some(Arc::new(policy))].into(),
        ..Layers::default()
    }
}

#[test]
fn no_session_changes_identities() {
    let operation = create_user();
    let (layers, facts) = (Layers::default(), Facts::default());
    assert!(decide_for(&caller(Who::Root, 0), &layers, &facts, &operation));
    assert!(!decide_for(&caller(Who::User, 0), &layers, &facts, &operation));
    assert!(!decide_for(&caller(Who::Root, 1), &layers, &facts, &operation));
    for write in [
        IdentityOperation::Group(GroupOperation::Delete(GroupId(1))),
        IdentityOperation::Boundary(BoundaryOperation::Delete(Uin(901))),
        IdentityOperation::Role(RoleOperation::DeleteBoundary(RoleRef::Id(RoleId(7)))),
    ] {
        let operation = Operation::Identity(write);
        assert!(decide_for(&caller(Who::Root, 0), &layers, &facts, &operation));
        assert!(!decide_for(&caller(Who::Root, 1), &layers, &facts, &operation));
    }
    let listing = Operation::Identity(IdentityOperation::ListUsers);
    assert!(decide_for(&caller(Who::Root, 1), &layers, &facts, &listing));
}

/// Giving a policy to a role, or bounding it by one, asks for the right on the role, and a denial on the policy stops
/// it, however the policy is named.
#[test]
fn a_denial_on_the_policy_counts_for_roles_as_well() {
    let owner = OwnerAccount {
        app_id: 125,
        owner_uin: 900,
    };
    let text = r#"{"version":"2.0","statement":[
        {"effect":"allow","action":["*"],"resource":["*"]},
        {"effect":"deny","action":["cam:*"],"resource":["qcs::cam::uin/900:policyid/7"]}]}"#;
    let policy = parse(text, DocumentKind::Identity, &owner).unwrap();
    let layers = Layers {
        identity: [Some(Arc::new(policy))].into(),
        ..Layers::default()
    };
    let name = |text| PolicyName::parse(text).unwrap();
    let facts = Facts {
        policies: vec![(name("seven"), PolicyId(7)), (name("eight"), PolicyId(8))],
        ..Facts::default()
    };
    let role = || RoleRef::Id(RoleId(3));
    let check = |operation: RoleOperation, expected: bool| {
        let operation = Operation::Identity(IdentityOperation::Role(operation));
        let allowed = decide_for(&caller(Who::User, 0), &layers, &facts, &operation);
        assert_eq!(allowed, expected, "{operation:?}");
    };
    for (policy, expected) in [
        (PolicyRef::Id(PolicyId(7)), false),
        (PolicyRef::Name(name("seven")), false),
        (PolicyRef::Id(PolicyId(8)), true),
        (PolicyRef::Name(name("eight")), true),
    ] {
        let (attached, detached) = (policy.clone(), policy);
        check(
            RoleOperation::AttachPolicy {
                role: role(),
                policy: attached,
            },
            expected,
        );
        check(
            RoleOperation::DetachPolicy {
                role: role(),
                policy: detached,
            },
            expected,
        );
    }
    for (policy_id, expected) in [(PolicyId(7), false), (PolicyId(8), true)] {
        let role = role();
        check(RoleOperation::PutBoundary { role, policy_id }, expected);
    }
    check(RoleOperation::DeleteBoundary(role()), true);
}

#[test]
fn a_role_changes_identities_unless_something_before_it_may_not() {
    let check = |edit: &dyn Fn(&mut Session), expected: bool| {
        let Caller::Identified(mut identity) = caller(Who::Role, 0) else {
            return;
        };
        edit(Arc::make_mut(identity.session.as_mut().unwrap()));
        let role = Caller::Identified(identity);
        let facts = Facts::default();
        assert_eq!(
            decide_for(&role, &administrator(), &facts, &create_user()),
            expected,
            "{role:?}"
        );
        assert!(!decide_for(&role, &Layers::default(), &facts, &create_user()));
    };
    let ancestor = |principal| Ancestor {
        session_id: SessionId([2; 16]),
        owner: OWNER.owner_uin,
        principal,
        issued: Timestamp::default(),
        name: 0,
    };
    check(&|_| (), true);
    check(&|session| session.policies = vec![String::new()].into(), false);
    check(
        &|session| session.ancestors = [ancestor(daypass_token::Principal::Role(RoleId(45)))].into(),
        true,
    );
    check(
        &|session| session.ancestors = [ancestor(daypass_token::Principal::User(Uin(900)))].into(),
        false,
    );
    check(&|session| session.kind = SessionKind::Own, false);
}

fn assume(
    owner: Account,
    name: &str,
    external_id: Option<&str>,
    who: Who,
    own: &Layers,
    trust: &str,
) -> bool {
    let asked = RoleRef::Name(RoleName::parse(name).unwrap());
    let operation = Operation::Session(SessionOperation::AssumeRole(AssumeRole {
        owner: owner.owner_uin,
        role: asked.clone(),
        name: SessionName::parse("test").unwrap(),
        duration_seconds: None,
        policy: None,
        external_id: None,
        tags: Vec::new(),
        source_identity: None,
    }));
    let document = format!(
        r#"{{"version":"2.0","statement":[{{"effect":"allow","action":"name/sts:AssumeRole",{trust}}}]}}"#
    );
    let account = OwnerAccount {
        app_id: owner.app_id.0,
        owner_uin: owner.owner_uin.0,
    };
    let role = RoleFacts {
        asked,
        account: owner,
        id: RoleId(47),
        name: RoleName::parse("target").unwrap(),
        tags: Vec::new(),
        trust: parse(&document, DocumentKind::Trust, &account).ok().map(Arc::new),
        trusted: vec![(Uin(900), RoleName::parse("dev").unwrap(), RoleId(46))],
        providers: Vec::new(),
        session_duration: 0,
    };
    let facts = Facts {
        operator: None,
        roles: if name == "target" { vec![role] } else { Vec::new() },
        ..Facts::default()
    };
    let attributes = Attributes {
        external_id: external_id.map(str::to_owned),
        ..Attributes::default()
    };
    let question = Question {
        caller: &caller(who, 0),
        layers: own,
        facts: &facts,
        attributes: &attributes,
        environment: &environment(),
    };
    decide(&operation, &question).allowed
}

#[test]
fn a_role_is_assumed_by_whom_it_trusts_and_who_may() {
    let trust = |who: &str| format!(r#""principal":{{"qcs":["{who}"]}}"#);
    let root = trust("qcs::cam::uin/900:root");
    let nothing = Layers::default();
    let check = |who, own: &Layers, trust: &str, expected| {
        let may = assume(OWNER, "target", None, who, own, trust);
        assert_eq!(may, expected, "{who:?} {trust}");
    };
    // The root's own right is implied; everybody else needs one, and none suffices without the trust.
    check(Who::Root, &nothing, &root, true);
    check(Who::Root, &nothing, &trust("qcs::cam::uin/900:uin/901"), false);
    for (who, named, other) in [
        (
            Who::User,
            "qcs::cam::uin/900:uin/901",
            "qcs::cam::uin/900:uin/902",
        ),
        (
            Who::Role,
            "qcs::cam::uin/900:roleName/dev",
            "qcs::cam::uin/900:uin/900",
        ),
        (
            Who::Role,
            "qcs::cam::uin/900:role/46",
            "qcs::cam::uin/900:role/47",
        ),
    ] {
        check(who, &administrator(), &root, true);
        check(who, &nothing, &root, false);
        check(who, &administrator(), &trust(named), true);
        check(who, &nothing, &trust(named), false);
        let names_root = other.ends_with("uin/900");
        check(who, &administrator(), &trust(other), names_root);
    }
    check(Who::Anonymous, &administrator(), &root, false);
    // A document that does not parse trusts nobody.
    check(Who::Root, &nothing, r#""principal":{"qcs":["*"]}"#, false);
}

#[test]
fn a_role_of_another_account() {
    let trusting = r#""principal":{"qcs":["qcs::cam::uin/900:root"]}"#;
    let not_trusting = r#""principal":{"qcs":["qcs::cam::uin/800:root"]}"#;
    let nothing = Layers::default();
    let may = |who, name: &str, own: &Layers, trust| assume(OTHER, name, None, who, own, trust);
    assert!(may(Who::Root, "target", &nothing, trusting));
    assert!(!may(Who::Root, "target", &nothing, not_trusting));
    // Whether it is there at all is not told.
    assert!(!may(Who::Root, "missing", &nothing, trusting));
    // Everything of one's own is not another's role: a user must be allowed it by name.
    assert!(!may(Who::User, "target", &administrator(), trusting));
    let owner = OwnerAccount {
        app_id: 125,
        owner_uin: 900,
    };
    let text = r#"{"version":"2.0","statement":[{"effect":"allow","action":["sts:AssumeRole"],"resource":["qcs::cam::uin/800:roleName/target"]}]}"#;
    let named = Layers {
        identity: [Some(Arc::new(
            parse(text, DocumentKind::Identity, &owner).unwrap(),
        ))]
        .into(),
        ..Layers::default()
    };
    assert!(may(Who::User, "target", &named, trusting));
    assert!(!may(Who::User, "target", &named, not_trusting));
}

#[test]
fn an_external_id_that_the_trust_asks_for() {
    let trust = r#""principal":{"qcs":["qcs::cam::uin/900:root"]},"condition":{"string_equal":{"sts:external_id":"ours"}}"#;
    let nothing = Layers::default();
    let may = |external_id| assume(OWNER, "target", external_id, Who::Root, &nothing, trust);
    assert!(may(Some("ours")));
    assert!(!may(Some("theirs")));
    assert!(!may(None));
}

#[test]
fn accounts_are_the_operator_s_alone() {
    use daypass_api::operation::{AccountOperation, AccountStatus, NewAccount};
    let facts = Facts {
        operator: Some(OWNER),
        ..Facts::default()
    };
    let all = DocumentKind::Identity;
    let owner = OwnerAccount {
        app_id: 125,
        owner_uin: 900,
    };
    let text = r#"{"version":"2.0","statement":[{"effect":"allow","action":["*"],"resource":["*"]}]}"#;
    let layers = Layers {
        identity: Arc::new([Some(Arc::new(parse(text, all, &owner).unwrap()))]),
        ..Layers::default()
    };
    for operation in [
        AccountOperation::Create(NewAccount::default()),
        AccountOperation::Get(OTHER.owner_uin),
        AccountOperation::List,
        AccountOperation::Update {
            owner_uin: OTHER.owner_uin,
            status: AccountStatus::Disabled,
        },
    ] {
        let operation = Operation::Identity(IdentityOperation::Account(operation));
        let may =
            |who, sessions, facts: &Facts| decide_for(&caller(who, sessions), &layers, facts, &operation);
        assert!(may(Who::Root, 0, &facts), "{operation:?}");
        assert!(!may(Who::Root, 1, &facts), "{operation:?}");
        assert!(!may(Who::Root, 0, &Facts::default()), "{operation:?}");
        for who in [Who::Anonymous, Who::User, Who::ForeignRoot, Who::ForeignUser] {
            assert!(!may(who, 0, &facts), "{who:?} {operation:?}");
        }
    }
}

#[test]
fn nobody_but_the_root_changes_the_root_s_keys() {
    use IdentityOperation as Op;
    let id = || AccessKeyId::parse("AKIDroot0123456789").unwrap();
    let owner = OwnerAccount {
        app_id: 125,
        owner_uin: 900,
    };
    let text = r#"{"version":"2.0","statement":[{"effect":"allow","action":["*"],"resource":["*"]}]}"#;
    let layers = Layers {
        identity: Arc::new([Some(Arc::new(
            parse(text, DocumentKind::Identity, &owner).unwrap(),
        ))]),
        ..Layers::default()
    };
    let check = |subject, by_user: bool| {
        let operations = [
            Op::CreateAccessKey {
                subject,
                description: String::new(),
            },
            Op::UpdateAccessKey {
                subject,
                access_key_id: id(),
                status: AccessKeyStatus::Inactive,
            },
            Op::DeleteAccessKey {
                subject,
                access_key_id: id(),
            },
        ];
        for operation in operations.map(Operation::Identity) {
            let allowed = |who| decide_for(&caller(who, 0), &layers, &Facts::default(), &operation);
            assert!(allowed(Who::Root), "{operation:?}");
            assert_eq!(allowed(Who::User), by_user, "{operation:?}");
        }
    };
    check(Subject::Uin(OWNER.owner_uin), false);
    check(Subject::Uin(Uin(901)), true);
    check(Subject::Caller, true);
}

#[test]
fn what_nobody_owns_is_refused_to_everybody() {
    let (layers, facts) = (Layers::default(), Facts::default());
    for who in [Who::Anonymous, Who::Root, Who::User] {
        assert!(
            !decide_for(&caller(who, 0), &layers, &facts, &get_object()),
            "{who:?}"
        );
    }
}

#[test]
fn asking_who_one_is_needs_no_grant_but_heeds_a_denial() {
    let operation = Operation::Session(SessionOperation::GetCallerIdentity);
    let facts = Facts::default();
    assert!(decide_for(
        &caller(Who::User, 0),
        &Layers::default(),
        &facts,
        &operation
    ));
    assert!(!decide_for(
        &Caller::Anonymous,
        &Layers::default(),
        &facts,
        &operation
    ));
    let text = r#"{"version":"2.0","statement":[{"effect":"deny","action":["sts:*"],"resource":["*"]}]}"#;
    let owner = OwnerAccount {
        app_id: 125,
        owner_uin: 900,
    };
    let deny = Some(Arc::new(parse(text, DocumentKind::Identity, &owner).unwrap()));
    let layers = Layers {
        identity: Arc::new([deny]),
        ..Layers::default()
    };
    assert!(!decide_for(&caller(Who::User, 0), &layers, &facts, &operation));
}
