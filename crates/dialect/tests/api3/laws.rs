//! Laws of the STS and CAM dialect: what one half writes the other reads back, and no bytes make either panic.

use daypass_api::names::{
    AccessKeyId, Account, AppId, ExternalId, GroupId, GroupName, PolicyId, PolicyName, ProviderName, RoleId,
    RoleName, SessionId, SessionName, Uin, UserName, VersionId,
};
use daypass_api::operation::{
    AccessKeyStatus, AccountOperation, AccountStatus, AnalysisOperation, AssumeRole,
    AssumeRoleWithWebIdentity, AttachmentReach, AuditEnding, BoundaryOperation, Contact, CreateUser,
    DeleteUser, EntityFilter, GetFederationToken, GroupOperation, IdentityOperation, KeyRingOperation,
    ListRevocations, ListSessions, ListedTarget, MAX_ACCOUNT_NUMBER, MAX_AUDIT_RECORDS, Membership,
    NewAccount, NewGroup, NewPolicy, NewRole, Operation, Paging, PolicyPurpose, PolicyRef, PolicyScope,
    ProviderOperation, ProviderSettings, RequestId, RevokeSession, RevokedTarget, RightsHolder,
    RoleOperation, RoleRef, SearchAudit, SessionOperation, Subject, UpdateGroup, UpdatePolicy, UpdateUser,
    UserPolicies, UserRef, VersionOperation,
};
use daypass_api::outcome::{
    AccessKey, AccountSummary, AttachedPolicy, AuditRecords, Boundary, CallerIdentity, EffectiveRights,
    Ended, EpochSummary, Group, GroupDetails, JudgedFinding, JudgedSeverity, Judgement, LastUse, ListedKind,
    ListedPrincipal, NewAccessKey, Outcome, Page, Policy, PolicyEntity, PolicySummary, PolicyVersion,
    PolicyVersionSummary, Provider, Revocation, RevocationList, Role, RootAccount, SessionList, SessionState,
    SessionSummary, SessionToken, TemporaryKey, User, UserPolicy, Within,
};
use daypass_api::secret::{SecretKey, WebIdentityToken};
use daypass_api::tags::Tags;
use daypass_api::{Error, ErrorCode, Timestamp};
use daypass_dialect::api3::{
    AnswerError, Edition, Spelling, answer, is_action_request, read, request, write, write_error,
};
use http::{HeaderMap, HeaderValue, Method};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn user_name() -> impl Strategy<Value = UserName> {
    "[A-Za-z0-9+=,.@_-]{1,64}".prop_map(|text| UserName::parse(&text).unwrap())
}

fn policy_name() -> impl Strategy<Value = PolicyName> {
    "[A-Za-z0-9+=,.@_-]{1,128}".prop_map(|text| PolicyName::parse(&text).unwrap())
}

fn session_name() -> impl Strategy<Value = SessionName> {
    "[A-Za-z0-9+=,.@_-]{1,128}".prop_map(|text| SessionName::parse(&text).unwrap())
}

fn key_id() -> impl Strategy<Value = AccessKeyId> {
    "AKID[A-Za-z0-9_-]{1,60}".prop_map(|text| AccessKeyId::parse(&text).unwrap())
}

fn uin() -> impl Strategy<Value = Uin> {
    any::<u64>().prop_map(Uin)
}

fn policy_id() -> impl Strategy<Value = PolicyId> {
    any::<u64>().prop_map(PolicyId)
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![Just(Subject::Caller), uin().prop_map(Subject::Uin)]
}

fn status() -> impl Strategy<Value = AccessKeyStatus> {
    prop_oneof![Just(AccessKeyStatus::Active), Just(AccessKeyStatus::Inactive)]
}

fn scope() -> impl Strategy<Value = PolicyScope> {
    prop_oneof![
        Just(PolicyScope::All),
        Just(PolicyScope::Preset),
        Just(PolicyScope::Custom)
    ]
}

fn paging() -> impl Strategy<Value = Paging> {
    (1u32..=200, 1u32..=200).prop_map(|(page, page_size)| Paging { page, page_size })
}

/// A moment in whole seconds, as the wire has them.
fn moment() -> impl Strategy<Value = Timestamp> {
    (0i64..4_000_000_000).prop_map(Timestamp::from_unix_seconds)
}

fn role_id() -> impl Strategy<Value = RoleId> {
    (1..=u64::MAX).prop_map(RoleId)
}

prop_compose! {
    fn search_audit()(
        from in option::of(0i64..1 << 40), to in option::of(0i64..1 << 40), principal in option::of(uin()),
        access_key_id in option::of("[A-Za-z0-9]{1,9}"), session_name in option::of("[a-z]{1,9}"),
        action in option::of("cos:[A-Z][a-z]{1,9}"), bucket in option::of("[a-z]{1,9}-1"), prefix in option::of("[a-z/]{1,9}"),
        (request_id, ending) in (option::of("[A-Za-z0-9=]{1,9}"), option::of(select(vec![
            AuditEnding::Allowed, AuditEnding::Refused, AuditEnding::Failed,
        ]))),
        before in option::of(any::<u64>()), limit in 1..=MAX_AUDIT_RECORDS,
    ) -> SearchAudit {
        SearchAudit {
            from, to, principal, access_key_id, session_name, action, bucket, prefix, request_id, ending, before, limit,
        }
    }
}

fn purpose() -> impl Strategy<Value = PolicyPurpose> {
    select(vec![
        PolicyPurpose::Identity,
        PolicyPurpose::Session,
        PolicyPurpose::Bucket,
        PolicyPurpose::Trust,
    ])
}

/// A role is named here, never numbered.
fn rights_holder() -> impl Strategy<Value = RightsHolder> {
    prop_oneof![
        Just(RightsHolder::Subject(Subject::Caller)),
        uin().prop_map(|uin| RightsHolder::Subject(Subject::Uin(uin))),
        role_name().prop_map(|name| RightsHolder::Role(RoleRef::Name(name))),
    ]
}

fn role_name() -> impl Strategy<Value = RoleName> {
    "[A-Za-z0-9+=,.@_-]{1,128}".prop_map(|text| RoleName::parse(&text).unwrap())
}

fn role_ref() -> impl Strategy<Value = RoleRef> {
    prop_oneof![
        role_id().prop_map(RoleRef::Id),
        role_name().prop_map(RoleRef::Name)
    ]
}

fn policy_ref() -> impl Strategy<Value = PolicyRef> {
    prop_oneof![
        policy_id().prop_map(PolicyRef::Id),
        policy_name().prop_map(PolicyRef::Name)
    ]
}

/// Tags, each key once.
fn tags() -> impl Strategy<Value = Tags> {
    proptest::collection::btree_map("\\PC{1,9}", "\\PC{0,9}", 0..4)
        .prop_map(|tags| tags.into_iter().collect())
}

prop_compose! {
    fn assume_role()(
        owner in (1..=u64::MAX).prop_map(Uin), role in role_ref(),
        name in "[A-Za-z0-9+=,.@_-]{2,128}".prop_map(|text| SessionName::parse_of_role(&text).unwrap()),
        duration_seconds in option::of(any::<i64>()), policy in option::of("[ \n]?\\{\\PC{0,60}"),
        external_id in option::of("[A-Za-z0-9_+=,.@:/-]{2,128}".prop_map(|text| ExternalId::parse(&text).unwrap())),
        tags in tags(), source_identity in option::of(session_name()),
    ) -> AssumeRole {
        AssumeRole { owner, role, name, duration_seconds, policy, external_id, tags, source_identity }
    }
}

prop_compose! {
    fn new_role()(
        name in role_name(), document in "\\PC{0,60}", description in "\\PC{0,60}", console_login: bool,
        session_duration in 0..=43_200_i64, tags in tags(),
    ) -> NewRole {
        NewRole { name, document, description, console_login, session_duration, tags }
    }
}

fn role_operation() -> impl Strategy<Value = RoleOperation> {
    use RoleOperation as Op;
    let text = || "\\PC{0,60}";
    prop_oneof![
        new_role().prop_map(Op::Create),
        role_ref().prop_map(Op::Get),
        (tags(), paging()).prop_map(|(tags, paging)| Op::List { tags, paging }),
        role_ref().prop_map(Op::Delete),
        (role_ref(), text()).prop_map(|(role, document)| Op::UpdateTrust { role, document }),
        (role_ref(), text()).prop_map(|(role, description)| Op::UpdateDescription { role, description }),
        (role_ref(), 0..=43_200_i64).prop_map(|(role, seconds)| Op::UpdateSessionDuration { role, seconds }),
        (role_ref(), any::<bool>()).prop_map(|(role, allowed)| Op::UpdateConsoleLogin { role, allowed }),
        (role_ref(), tags()).prop_map(|(role, tags)| Op::Tag { role, tags }),
        (role_ref(), vec("\\PC{0,9}", 1..4)).prop_map(|(role, keys)| Op::Untag { role, keys }),
        (role_ref(), policy_ref()).prop_map(|(role, policy)| Op::AttachPolicy { role, policy }),
        (role_ref(), policy_ref()).prop_map(|(role, policy)| Op::DetachPolicy { role, policy }),
        (role_ref(), scope(), option::of("\\PC{1,30}"), paging()).prop_map(
            |(role, scope, keyword, paging)| Op::ListAttachedPolicies {
                role,
                scope,
                keyword,
                paging
            }
        ),
        (role_ref(), policy_id()).prop_map(|(role, policy_id)| Op::PutBoundary { role, policy_id }),
        role_ref().prop_map(Op::DeleteBoundary),
        role_id().prop_map(|id| Op::GetBoundary(RoleRef::Id(id))),
    ]
}

prop_compose! {
    fn role()(
        id in role_id(), owner in uin(), new in new_role(), created in moment(), updated in moment(),
    ) -> Role {
        let NewRole { name, document, description, console_login, session_duration, tags } = new;
        Role { id, name, owner, document, description, console_login, session_duration, tags, created, updated }
    }
}

fn page<T: std::fmt::Debug>(entry: impl Strategy<Value = T>) -> impl Strategy<Value = Page<T>> {
    (any::<u32>(), vec(entry, 0..4)).prop_map(|(total, entries)| Page {
        total: total as usize,
        entries,
    })
}

fn role_outcome(operation: &RoleOperation) -> BoxedStrategy<Outcome> {
    use RoleOperation as Op;
    match operation {
        Op::Create(_) => role_id().prop_map(Outcome::RoleCreated).boxed(),
        Op::Get(_) => role().prop_map(Outcome::Role).boxed(),
        Op::List { .. } => page(role()).prop_map(Outcome::Roles).boxed(),
        Op::ListAttachedPolicies { .. } => page(attached()).prop_map(Outcome::RolePolicies).boxed(),
        Op::GetBoundary(_) => option::of(boundary()).prop_map(Outcome::Boundary).boxed(),
        _ => Just(Outcome::Done).boxed(),
    }
}

fn provider_name() -> impl Strategy<Value = ProviderName> {
    "[A-Za-z0-9+=,.@_-]{1,128}".prop_map(|text| ProviderName::parse(&text).unwrap())
}

prop_compose! {
    fn provider_settings()(
        name in provider_name(), issuer in "\\PC{0,60}", keys in option::of("\\PC{1,60}"),
        audiences in proptest::collection::btree_set("\\PC{1,40}", 1..=20), description in option::of("\\PC{0,60}"),
    ) -> ProviderSettings {
        ProviderSettings { name, issuer, audiences: audiences.into_iter().collect(), keys, description }
    }
}

fn provider_operation() -> impl Strategy<Value = ProviderOperation> {
    prop_oneof![
        provider_settings().prop_map(ProviderOperation::Create),
        provider_settings().prop_map(ProviderOperation::Update),
        provider_name().prop_map(ProviderOperation::Get),
        provider_name().prop_map(ProviderOperation::Delete),
    ]
}

fn list_sessions() -> impl Strategy<Value = ListSessions> {
    let target = prop_oneof![
        uin().prop_map(ListedTarget::User),
        role_ref().prop_map(ListedTarget::Role),
        key_id().prop_map(ListedTarget::AccessKey),
        session_name().prop_map(ListedTarget::Name),
    ];
    let all = (
        option::of(target),
        any::<bool>(),
        option::of(any::<u64>()),
        1..=200_usize,
    );
    all.prop_map(|(target, live_only, before, limit)| ListSessions {
        target,
        live_only,
        before,
        limit,
    })
}

fn session_operation() -> impl Strategy<Value = SessionOperation> {
    let policy = option::of("[ \n]?\\{\\PC{0,60}");
    let federation = (session_name(), policy, option::of(any::<i64>()));
    prop_oneof![
        Just(SessionOperation::GetCallerIdentity),
        assume_role().prop_map(SessionOperation::AssumeRole),
        (assume_role(), provider_name(), "\\PC{1,60}").prop_map(|(assume, provider, token)| {
            SessionOperation::AssumeRoleWithWebIdentity(AssumeRoleWithWebIdentity {
                owner: assume.owner,
                role: assume.role,
                provider,
                token: WebIdentityToken::new(token),
                name: assume.name,
                duration_seconds: assume.duration_seconds,
                policy: assume.policy,
            })
        }),
        option::of(any::<i64>())
            .prop_map(|duration_seconds| SessionOperation::GetSessionToken { duration_seconds }),
        subject().prop_map(SessionOperation::QueryApiKey),
        revoke().prop_map(SessionOperation::RevokeSession),
        (any::<u64>(), 1..=1000_usize).prop_map(|(after, limit)| {
            SessionOperation::ListRevocations(ListRevocations { after, limit })
        }),
        list_sessions().prop_map(SessionOperation::ListSessions),
        proptest::sample::select(KeyRingOperation::ALL.to_vec()).prop_map(SessionOperation::KeyRing),
        federation.prop_map(|(name, policy, duration_seconds)| {
            SessionOperation::GetFederationToken(GetFederationToken {
                name,
                policy,
                duration_seconds,
            })
        }),
    ]
}

fn group_name() -> impl Strategy<Value = GroupName> {
    "\\PC{1,64}".prop_map(|text| GroupName::parse(&text).unwrap())
}

fn group_id() -> impl Strategy<Value = GroupId> {
    any::<u64>().prop_map(GroupId)
}

fn version_id() -> impl Strategy<Value = VersionId> {
    any::<u64>().prop_map(VersionId)
}

fn user_ref() -> impl Strategy<Value = UserRef> {
    prop_oneof![
        uin().prop_map(UserRef::Uin),
        any::<u64>().prop_map(UserRef::Uid),
        (uin(), any::<u64>()).prop_map(|(uin, uid)| UserRef::Both(uin, uid)),
    ]
}

prop_compose! {
    fn contact()(
        phone_number in "[0-9 +-]{0,20}", country_code in "[0-9+]{0,8}", email in "(a@[a-z]{0,9})?",
    ) -> Contact {
        Contact { phone_number, country_code, email }
    }
}

fn version_operation() -> impl Strategy<Value = IdentityOperation> {
    let operation = prop_oneof![
        (policy_id(), "\\PC{0,60}", any::<bool>()).prop_map(|(policy_id, document, set_as_default)| {
            VersionOperation::Create {
                policy_id,
                document,
                set_as_default,
            }
        }),
        (policy_id(), version_id())
            .prop_map(|(policy_id, version)| VersionOperation::Get { policy_id, version }),
        policy_id().prop_map(VersionOperation::List),
        (policy_id(), vec(version_id(), 1..6))
            .prop_map(|(policy_id, versions)| VersionOperation::Delete { policy_id, versions }),
        (policy_id(), version_id())
            .prop_map(|(policy_id, version)| VersionOperation::SetDefault { policy_id, version }),
    ];
    operation.prop_map(IdentityOperation::Version)
}

fn group_operation() -> impl Strategy<Value = IdentityOperation> {
    let memberships = || {
        let one = (group_id(), user_ref()).prop_map(|(group_id, user)| Membership { group_id, user });
        vec(one, 1..9)
    };
    let keyword = || option::of("\\PC{1,30}");
    let operation = prop_oneof![
        (group_name(), "\\PC{0,60}")
            .prop_map(|(name, remark)| GroupOperation::Create(NewGroup { name, remark })),
        group_id().prop_map(GroupOperation::Get),
        group_id().prop_map(GroupOperation::Delete),
        (keyword(), paging()).prop_map(|(keyword, paging)| GroupOperation::List { keyword, paging }),
        (group_id(), option::of(group_name()), option::of("\\PC{0,60}")).prop_map(
            |(group_id, name, remark)| GroupOperation::Update(UpdateGroup {
                group_id,
                name,
                remark
            })
        ),
        memberships().prop_map(GroupOperation::AddUsers),
        memberships().prop_map(GroupOperation::RemoveUsers),
        (user_ref(), paging()).prop_map(|(user, paging)| GroupOperation::ListOfUser { user, paging }),
        (group_id(), paging()).prop_map(|(group_id, paging)| GroupOperation::ListUsers { group_id, paging }),
        (group_id(), policy_id())
            .prop_map(|(group_id, policy_id)| GroupOperation::AttachPolicy { group_id, policy_id }),
        (group_id(), policy_id())
            .prop_map(|(group_id, policy_id)| GroupOperation::DetachPolicy { group_id, policy_id }),
        (group_id(), keyword(), paging()).prop_map(|(group_id, keyword, paging)| {
            GroupOperation::ListPolicies {
                group_id,
                keyword,
                paging,
            }
        }),
    ];
    operation.prop_map(IdentityOperation::Group)
}

fn boundary_operation() -> impl Strategy<Value = IdentityOperation> {
    let operation = prop_oneof![
        (uin(), policy_id()).prop_map(|(uin, policy_id)| BoundaryOperation::Put { uin, policy_id }),
        uin().prop_map(BoundaryOperation::Delete),
        uin().prop_map(BoundaryOperation::Get),
    ];
    operation.prop_map(IdentityOperation::Boundary)
}

fn holder_operation() -> impl Strategy<Value = IdentityOperation> {
    let reach = proptest::sample::select(vec![
        AttachmentReach::All,
        AttachmentReach::Direct,
        AttachmentReach::ThroughGroups,
    ]);
    let filter = proptest::sample::select(vec![
        EntityFilter::All,
        EntityFilter::Users,
        EntityFilter::Groups,
        EntityFilter::Roles,
    ]);
    let policy = prop_oneof![
        policy_id().prop_map(PolicyRef::Id),
        policy_name().prop_map(PolicyRef::Name),
    ];
    let note = || option::of("\\PC{0,60}");
    prop_oneof![
        (uin(), reach, scope(), option::of("\\PC{1,30}"), paging()).prop_map(
            |(uin, reach, scope, keyword, paging)| {
                IdentityOperation::ListUserPolicies(UserPolicies {
                    uin,
                    reach,
                    scope,
                    keyword,
                    paging,
                })
            }
        ),
        (policy_id(), filter, paging()).prop_map(|(policy_id, filter, paging)| {
            IdentityOperation::ListPolicyEntities {
                policy_id,
                filter,
                paging,
            }
        }),
        (policy, note(), note(), note()).prop_map(|(policy, description, document, alias)| {
            IdentityOperation::UpdatePolicy(UpdatePolicy {
                policy,
                description,
                document,
                alias,
            })
        }),
        vec(key_id(), 1..9).prop_map(IdentityOperation::ListLastUses),
    ]
}

fn user_operation() -> impl Strategy<Value = IdentityOperation> {
    let create = (user_name(), "\\PC{0,60}", contact(), any::<bool>());
    let delete = (user_name(), any::<bool>());
    let note = || option::of("[0-9]{0,8}");
    let update = (
        user_name(),
        option::of("\\PC{0,60}"),
        note(),
        note(),
        option::of("a@[a-z]{0,9}"),
    );
    prop_oneof![
        create.prop_map(|(name, remark, contact, with_access_key)| {
            IdentityOperation::CreateUser(CreateUser {
                name,
                remark,
                contact,
                with_access_key,
            })
        }),
        update.prop_map(|(name, remark, phone_number, country_code, email)| {
            IdentityOperation::UpdateUser(UpdateUser {
                name,
                remark,
                phone_number,
                country_code,
                email,
            })
        }),
        vec(uin(), 1..9).prop_map(IdentityOperation::DescribeUsers),
        Just(IdentityOperation::ListCollaborators),
        Just(IdentityOperation::GetAccountNumbers),
        "[A-Za-z0-9+/=_-]{1,128}"
            .prop_map(|id| IdentityOperation::ExplainDecision(RequestId::parse(&id).unwrap())),
        search_audit().prop_map(|search| IdentityOperation::SearchAudit(Box::new(search))),
        ("[ -~]{1,20}", purpose()).prop_map(|(document, purpose)| {
            IdentityOperation::Analysis(AnalysisOperation::Lint { document, purpose })
        }),
        (rights_holder(), option::of("[ -~]{1,20}")).prop_map(|(holder, policy)| {
            IdentityOperation::Analysis(AnalysisOperation::Effective { holder, policy })
        }),
        Just(IdentityOperation::GetAccountSummary),
        user_name().prop_map(IdentityOperation::GetUser),
        Just(IdentityOperation::ListUsers),
        delete.prop_map(|(name, force)| IdentityOperation::DeleteUser(DeleteUser { name, force })),
    ]
}

fn access_key_operation() -> impl Strategy<Value = IdentityOperation> {
    prop_oneof![
        (subject(), "[A-Za-z0-9_+=,.@:/-]{0,60}").prop_map(|(subject, description)| {
            IdentityOperation::CreateAccessKey { subject, description }
        }),
        subject().prop_map(IdentityOperation::ListAccessKeys),
        (subject(), key_id(), status()).prop_map(|(subject, access_key_id, status)| {
            IdentityOperation::UpdateAccessKey {
                subject,
                access_key_id,
                status,
            }
        }),
        (subject(), key_id()).prop_map(|(subject, access_key_id)| {
            IdentityOperation::DeleteAccessKey {
                subject,
                access_key_id,
            }
        }),
    ]
}

fn policy_operation() -> impl Strategy<Value = IdentityOperation> {
    prop_oneof![
        (policy_name(), "\\PC{0,60}", "\\PC{0,60}", tags()).prop_map(
            |(name, document, description, tags)| {
                IdentityOperation::CreatePolicy(NewPolicy {
                    name,
                    document,
                    description,
                    tags,
                })
            }
        ),
        policy_id().prop_map(IdentityOperation::GetPolicy),
        (scope(), option::of("\\PC{1,30}"), paging()).prop_map(|(scope, keyword, paging)| {
            IdentityOperation::ListPolicies {
                scope,
                keyword,
                paging,
            }
        }),
        vec(policy_id(), 1..9).prop_map(IdentityOperation::DeletePolicies),
        (uin(), policy_id())
            .prop_map(|(uin, policy_id)| IdentityOperation::AttachUserPolicy { uin, policy_id }),
        (uin(), policy_id())
            .prop_map(|(uin, policy_id)| IdentityOperation::DetachUserPolicy { uin, policy_id }),
        (uin(), paging())
            .prop_map(|(uin, paging)| IdentityOperation::ListAttachedUserPolicies { uin, paging }),
    ]
}

fn account_status() -> impl Strategy<Value = AccountStatus> {
    prop_oneof![Just(AccountStatus::Active), Just(AccountStatus::Disabled)]
}

fn account_operation() -> impl Strategy<Value = AccountOperation> {
    let number = || option::of(1..=MAX_ACCOUNT_NUMBER);
    prop_oneof![
        (number(), number()).prop_map(|(app, owner)| AccountOperation::Create(NewAccount {
            app_id: app.map(AppId),
            owner_uin: owner.map(Uin),
        })),
        uin().prop_map(AccountOperation::Get),
        Just(AccountOperation::List),
        (uin(), account_status())
            .prop_map(|(owner_uin, status)| AccountOperation::Update { owner_uin, status }),
    ]
}

prop_compose! {
    fn root_account()(
        app_id in any::<u64>().prop_map(AppId), owner_uin in uin(), created in moment(), status in account_status(),
    ) -> RootAccount {
        RootAccount { account: Account { app_id, owner_uin }, created, status }
    }
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        session_operation().prop_map(Operation::Session),
        user_operation().prop_map(Operation::Identity),
        access_key_operation().prop_map(Operation::Identity),
        policy_operation().prop_map(Operation::Identity),
        version_operation().prop_map(Operation::Identity),
        group_operation().prop_map(Operation::Identity),
        boundary_operation().prop_map(Operation::Identity),
        holder_operation().prop_map(Operation::Identity),
        account_operation().prop_map(|operation| Operation::Identity(IdentityOperation::Account(operation))),
        role_operation().prop_map(|operation| Operation::Identity(IdentityOperation::Role(operation))),
        provider_operation()
            .prop_map(|operation| Operation::Identity(IdentityOperation::Provider(operation))),
    ]
}

prop_compose! {
    fn user(times: bool)(
        uin in uin(), uid in any::<u64>(), name in user_name(), remark in "\\PC{0,30}", created in moment(),
        contact in contact(),
    ) -> User {
        let created = if times { created } else { Timestamp::default() };
        User { uin, uid, name, remark, contact, created }
    }
}

prop_compose! {
    fn access_key()(
        id in key_id(), status in status(), created in moment(), description in "\\PC{0,30}",
    ) -> AccessKey {
        AccessKey { id, status, created, description }
    }
}

prop_compose! {
    fn summary(id: Option<PolicyId>)(
        other_id in policy_id(), name in policy_name(), description in "\\PC{0,30}", preset in any::<bool>(),
        created in moment(), updated in moment(), counts in any::<(u64, u64)>(), tags in tags(),
    ) -> PolicySummary {
        // The answer that is about one known policy does not count who has it.
        let (attachments, boundaries) = if id.is_some() { (0, 0) } else { counts };
        PolicySummary {
            id: id.unwrap_or(other_id), name, description, preset, created, updated, attachments, boundaries, tags,
        }
    }
}

prop_compose! {
    fn attached()(
        id in policy_id(), name in policy_name(), preset in any::<bool>(), attached in moment(),
        description in "\\PC{0,30}",
    ) -> AttachedPolicy {
        AttachedPolicy { id, name, preset, attached, description }
    }
}

fn temporary_key() -> impl Strategy<Value = Outcome> {
    let judgement = option::of(judgement().prop_map(Box::new));
    let parts = (
        key_id(),
        "[!-~]{1,40}",
        "[A-Za-z0-9_-]{1,400}",
        moment(),
        judgement,
    );
    parts.prop_map(|(id, secret, token, expires, judgement)| {
        Outcome::TemporaryKey(TemporaryKey {
            access_key_id: id,
            secret_key: SecretKey::new(secret),
            token: SessionToken::new(token),
            expires,
            judgement,
        })
    })
}

prop_compose! {
    fn finding()(
        rule in "L[0-9]{2}", severity in select(JudgedSeverity::ALL), statement in option::of(any::<u64>()),
        message in "\\PC{0,30}", hint in "\\PC{0,30}", witness in option::of("\\PC{0,30}"),
    ) -> JudgedFinding {
        JudgedFinding { rule, severity, statement, message, hint, witness }
    }
}

prop_compose! {
    fn judgement()(
        within in select(Within::ALL), findings in vec(finding(), 0..4), omitted in any::<u64>(),
    ) -> Judgement {
        Judgement { within, findings, omitted }
    }
}

fn caller() -> impl Strategy<Value = Outcome> {
    let role = option::of(role_id());
    (uin(), uin(), role, option::of(session_name())).prop_map(|(owner_uin, uin, role, name)| {
        let session_name = name.map(|name| name.as_str().to_owned());
        Outcome::CallerIdentity(CallerIdentity {
            owner_uin,
            uin,
            role,
            session_name,
        })
    })
}

fn revoke() -> impl Strategy<Value = RevokeSession> {
    let bounded = prop_oneof![
        uin().prop_map(RevokedTarget::User),
        role_ref().prop_map(RevokedTarget::Role),
        key_id().prop_map(RevokedTarget::AccessKey),
        session_name().prop_map(RevokedTarget::Name),
    ];
    prop_oneof![
        vec(key_id(), 1..5).prop_map(|ids| (RevokedTarget::Sessions(ids), None)),
        (bounded, option::of(moment())),
    ]
    .prop_map(|(target, issued_before)| RevokeSession {
        target,
        issued_before,
    })
}

prop_compose! {
    fn session_summary()(
        access_key_id in key_id(),
        kind in proptest::sample::select(vec![ListedKind::Federation, ListedKind::Role, ListedKind::Own]),
        state in proptest::sample::select(vec![
            SessionState::Live, SessionState::Expired, SessionState::Revoked, SessionState::Orphaned,
        ]),
        name in "\\PC{0,20}", source_identity in option::of("\\PC{0,20}"),
        principal in prop_oneof![
            uin().prop_map(ListedPrincipal::User),
            (role_id(), option::of(role_name())).prop_map(|(id, name)| ListedPrincipal::Role(id, name)),
        ],
        keys in (option::of(key_id()), option::of(key_id())), ancestors in 0..16_usize, times in (moment(), moment()),
    ) -> SessionSummary {
        let ((minted_by, origin), (issued, expires)) = (keys, times);
        SessionSummary {
            access_key_id, kind, name, principal, minted_by, origin, ancestors, source_identity, issued, expires, state,
        }
    }
}

prop_compose! {
    fn revocation()(
        sequence: u64, times in (moment(), moment(), moment()), by in uin(),
        ended in prop_oneof![
            any::<[u8; 16]>().prop_map(|id| Ended::Session(SessionId(id))),
            uin().prop_map(Ended::User),
            role_id().prop_map(Ended::Role),
            key_id().prop_map(Ended::AccessKey),
            session_name().prop_map(|name| Ended::Name(name.as_str().to_owned())),
        ],
    ) -> Revocation {
        Revocation { sequence, ended, issued_before: times.0, expires: times.1, made: times.2, by }
    }
}

prop_compose! {
    fn epoch()(id: u32, created in moment(), opens_until in option::of(moment())) -> EpochSummary {
        EpochSummary { id, created, opens_until }
    }
}

fn created_user(create: CreateUser) -> impl Strategy<Value = Outcome> {
    (user(false), option::of((key_id(), "[!-~]{1,40}"))).prop_map(move |(user, key)| {
        let access_key = key.map(|(id, secret)| NewAccessKey {
            access_key: AccessKey {
                id,
                status: AccessKeyStatus::Active,
                created: Timestamp::default(),
                description: String::new(),
            },
            secret_key: SecretKey::new(secret),
        });
        let user = User {
            remark: create.remark.clone(),
            contact: create.contact.clone(),
            ..user
        };
        Outcome::UserCreated { user, access_key }
    })
}

prop_compose! {
    fn group()(id in group_id(), name in group_name(), remark in "\\PC{0,30}", created in moment()) -> Group {
        Group { id, name, remark, created }
    }
}

prop_compose! {
    fn user_policy()(
        id in policy_id(), name in policy_name(), preset in any::<bool>(), description in "\\PC{0,30}",
        attached in moment(), groups in vec((group_id(), group_name()), 0..3),
    ) -> UserPolicy {
        UserPolicy { id, name, preset, description, attached, groups }
    }
}

prop_compose! {
    fn boundary()(
        policy_id in policy_id(), name in policy_name(), preset in any::<bool>(), document in "\\PC{0,60}",
    ) -> Boundary {
        Boundary { policy_id, name, preset, document }
    }
}

fn entity() -> impl Strategy<Value = PolicyEntity> {
    prop_oneof![
        (uin(), any::<u64>(), "\\PC{0,30}", moment()).prop_map(|(uin, uid, name, attached)| {
            PolicyEntity::User {
                uin,
                uid,
                name,
                attached,
            }
        }),
        (group_id(), "\\PC{0,30}", moment()).prop_map(|(id, name, attached)| PolicyEntity::Group {
            id,
            name,
            attached
        }),
        (role_id(), "\\PC{0,30}", moment()).prop_map(|(id, name, attached)| PolicyEntity::Role {
            id,
            name,
            attached
        }),
    ]
}

prop_compose! {
    fn version()(id in version_id(), created in moment(), is_default in any::<bool>()) -> PolicyVersionSummary {
        PolicyVersionSummary { id, created, is_default }
    }
}

fn version_outcome(operation: &VersionOperation) -> BoxedStrategy<Outcome> {
    match operation {
        VersionOperation::Create { .. } => version_id().prop_map(Outcome::VersionCreated).boxed(),
        VersionOperation::Get { .. } => (version(), "\\PC{0,60}")
            .prop_map(|(summary, document)| Outcome::Version(PolicyVersion { summary, document }))
            .boxed(),
        VersionOperation::List(_) => vec(version(), 0..4).prop_map(Outcome::Versions).boxed(),
        VersionOperation::Delete { .. } | VersionOperation::SetDefault { .. } => Just(Outcome::Done).boxed(),
    }
}

fn group_outcome(operation: &GroupOperation) -> BoxedStrategy<Outcome> {
    use GroupOperation as Op;
    match operation {
        Op::Create(_) => group_id().prop_map(Outcome::GroupCreated).boxed(),
        Op::Get(_) => (group(), vec(user(true), 0..4))
            .prop_map(|(group, members)| Outcome::Group(GroupDetails { group, members }))
            .boxed(),
        Op::List { .. } | Op::ListOfUser { .. } => page(group()).prop_map(Outcome::Groups).boxed(),
        Op::ListUsers { .. } => page(user(true)).prop_map(Outcome::GroupMembers).boxed(),
        Op::ListPolicies { .. } => page(attached()).prop_map(Outcome::AttachedPolicies).boxed(),
        Op::Update(_)
        | Op::Delete(_)
        | Op::AddUsers(_)
        | Op::RemoveUsers(_)
        | Op::AttachPolicy { .. }
        | Op::DetachPolicy { .. } => Just(Outcome::Done).boxed(),
    }
}

/// An outcome that the operation may have.
fn outcome(operation: &Operation) -> BoxedStrategy<Outcome> {
    use IdentityOperation as Op;
    let identity = match operation {
        Operation::Object(_) => unreachable!("no such operation is generated"),
        Operation::Session(
            SessionOperation::GetFederationToken(_)
            | SessionOperation::AssumeRole(_)
            | SessionOperation::AssumeRoleWithWebIdentity(_)
            | SessionOperation::GetSessionToken { .. },
        ) => return temporary_key().boxed(),
        Operation::Session(SessionOperation::QueryApiKey(_)) => {
            let plain = |key| AccessKey {
                description: String::new(),
                ..key
            };
            let keys = vec(access_key().prop_map(plain), 0..3);
            return keys.prop_map(Outcome::ApiKeys).boxed();
        }
        Operation::Session(SessionOperation::RevokeSession(_)) => return Just(Outcome::Done).boxed(),
        Operation::Session(SessionOperation::ListRevocations(_)) => {
            return (vec(revocation(), 0..4), option::of(any::<u64>()))
                .prop_map(|(entries, next)| Outcome::Revocations(RevocationList { entries, next }))
                .boxed();
        }
        Operation::Session(SessionOperation::ListSessions(_)) => {
            return (vec(session_summary(), 0..4), option::of(any::<u64>()))
                .prop_map(|(entries, next)| Outcome::Sessions(SessionList { entries, next }))
                .boxed();
        }
        Operation::Session(SessionOperation::KeyRing(KeyRingOperation::RotateMasterKey)) => {
            return any::<u64>().prop_map(Outcome::MasterKeyRotated).boxed();
        }
        Operation::Session(SessionOperation::KeyRing(_)) => {
            return vec(epoch(), 0..4).prop_map(Outcome::KeyRing).boxed();
        }
        Operation::Session(SessionOperation::GetCallerIdentity) => return caller().boxed(),
        Operation::Identity(identity) => identity,
    };
    match identity {
        Op::Role(operation) => role_outcome(operation),
        Op::Provider(ProviderOperation::Get(_)) => provider_settings()
            .prop_map(|settings| {
                Outcome::Provider(Provider {
                    name: settings.name,
                    issuer: settings.issuer,
                    audiences: settings.audiences,
                    keys: settings.keys,
                    description: settings.description.unwrap_or_default(),
                })
            })
            .boxed(),
        Op::Provider(_) => Just(Outcome::Done).boxed(),
        Op::CreateUser(create) => created_user(create.clone()).boxed(),
        Op::GetUser(_) => user(false).prop_map(Outcome::User).boxed(),
        Op::ListUsers => vec(user(true), 0..4).prop_map(Outcome::Users).boxed(),
        Op::CreateAccessKey { .. } => (access_key(), "[!-~]{1,40}")
            .prop_map(|(access_key, secret)| {
                let secret_key = SecretKey::new(secret);
                Outcome::AccessKeyCreated(NewAccessKey {
                    access_key,
                    secret_key,
                })
            })
            .boxed(),
        Op::Account(AccountOperation::Create(_)) => (root_account(), key_id(), "[!-~]{1,40}")
            .prop_map(|(account, id, secret)| {
                let access_key = AccessKey {
                    id,
                    status: AccessKeyStatus::Active,
                    created: account.created,
                    description: String::new(),
                };
                let secret_key = SecretKey::new(secret);
                let access_key = NewAccessKey {
                    access_key,
                    secret_key,
                };
                Outcome::RootAccountCreated { account, access_key }
            })
            .boxed(),
        Op::Account(AccountOperation::Get(_)) => root_account().prop_map(Outcome::RootAccount).boxed(),
        Op::Account(AccountOperation::List) => {
            vec(root_account(), 0..4).prop_map(Outcome::RootAccounts).boxed()
        }
        Op::Account(AccountOperation::Update { .. }) => Just(Outcome::Done).boxed(),
        Op::ListAccessKeys(_) => vec(access_key(), 0..4).prop_map(Outcome::AccessKeys).boxed(),
        Op::CreatePolicy(_) => policy_id().prop_map(Outcome::PolicyCreated).boxed(),
        Op::GetPolicy(id) => (summary(Some(*id)), "\\PC{0,60}", "\\PC{0,60}")
            .prop_map(|(summary, document, alias)| {
                Outcome::Policy(Policy {
                    summary,
                    document,
                    alias,
                })
            })
            .boxed(),
        Op::ListPolicies { .. } => (any::<u32>(), vec(summary(None), 0..4))
            .prop_map(|(total, entries)| {
                Outcome::Policies(Page {
                    total: total as usize,
                    entries,
                })
            })
            .boxed(),
        Op::ListAttachedUserPolicies { .. } => (any::<u32>(), vec(attached(), 0..4))
            .prop_map(|(total, entries)| {
                Outcome::AttachedPolicies(Page {
                    total: total as usize,
                    entries,
                })
            })
            .boxed(),
        Op::DescribeUsers(_) => {
            let user = user(true).prop_map(|user| User {
                contact: Contact::default(),
                ..user
            });
            vec(user, 0..4).prop_map(Outcome::SubAccounts).boxed()
        }
        Op::ListCollaborators => page(user(true)).prop_map(Outcome::Collaborators).boxed(),
        Op::GetAccountNumbers => any::<(u64, u64, u64)>()
            .prop_map(|(uin, app, owner)| {
                let account = Account {
                    app_id: AppId(app),
                    owner_uin: Uin(owner),
                };
                Outcome::AccountNumbers {
                    uin: Uin(uin),
                    account,
                }
            })
            .boxed(),
        Op::ExplainDecision(_) => any::<u32>()
            .prop_map(|time| Outcome::Explanation(format!(r#"{{"RequestId":"a","Time":{time}}}"#)))
            .boxed(),
        Op::SearchAudit(_) => (any::<u32>(), option::of(any::<u64>()))
            .prop_map(|(time, next)| {
                let records = format!(r#"[{{"time":{time}}}]"#);
                Outcome::AuditRecords(AuditRecords { records, next })
            })
            .boxed(),
        Op::Analysis(AnalysisOperation::Lint { .. }) => {
            vec(finding(), 0..3).prop_map(Outcome::Findings).boxed()
        }
        Op::Analysis(AnalysisOperation::Effective { .. }) => (any::<u32>(), option::of("[ -~]{1,9}"))
            .prop_map(|(number, picture)| {
                Outcome::Effective(EffectiveRights {
                    rows: format!(r#"[{{"actions":[["a"]],"at_most":{number}}}]"#),
                    picture,
                })
            })
            .boxed(),
        Op::GetAccountSummary => any::<[u64; 6]>()
            .prop_map(
                |[policies, users, groups, memberships, roles, identity_providers]| {
                    Outcome::AccountSummary(AccountSummary {
                        policies,
                        users,
                        groups,
                        memberships,
                        roles,
                        identity_providers,
                    })
                },
            )
            .boxed(),
        Op::ListLastUses(_) => vec((key_id(), option::of(moment())), 0..4)
            .prop_map(|uses| {
                Outcome::LastUses(uses.into_iter().map(|(id, used)| LastUse { id, used }).collect())
            })
            .boxed(),
        Op::UpdatePolicy(update) => match update.policy {
            PolicyRef::Id(_) => Just(Outcome::PolicyUpdated(None)).boxed(),
            PolicyRef::Name(_) => policy_id()
                .prop_map(|id| Outcome::PolicyUpdated(Some(id)))
                .boxed(),
        },
        Op::ListUserPolicies(_) => page(user_policy()).prop_map(Outcome::UserPolicies).boxed(),
        Op::ListPolicyEntities { .. } => page(entity()).prop_map(Outcome::PolicyEntities).boxed(),
        Op::Version(operation) => version_outcome(operation),
        Op::Group(operation) => group_outcome(operation),
        Op::Boundary(BoundaryOperation::Get(_)) => option::of(boundary()).prop_map(Outcome::Boundary).boxed(),
        Op::UpdateUser(_)
        | Op::Boundary(_)
        | Op::DeleteUser(_)
        | Op::UpdateAccessKey { .. }
        | Op::DeleteAccessKey { .. }
        | Op::DeletePolicies(_)
        | Op::AttachUserPolicy { .. }
        | Op::DetachUserPolicy { .. } => Just(Outcome::Done).boxed(),
    }
}

fn with_outcome() -> impl Strategy<Value = (Operation, Outcome)> {
    operation().prop_flat_map(|operation| {
        let outcome = outcome(&operation);
        (Just(operation), outcome)
    })
}

fn headers(action: &str, version: &str, content_type: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-tc-action", action),
        ("x-tc-version", version),
        ("content-type", content_type),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    headers
}

proptest! {
    #[test]
    fn a_server_reads_what_a_client_asks(operation in operation()) {
        let request = request(&operation).unwrap();
        let version = request.action.version();
        let headers = headers(request.action.name(), version, "application/json");
        let call = read(&Method::POST, "/", "", &headers, request.body.as_bytes()).unwrap();
        prop_assert_eq!(call.operation(), Ok(operation));
    }

    #[test]
    fn a_client_reads_what_a_server_answers((operation, outcome) in with_outcome()) {
        let action = request(&operation).unwrap().action;
        let spelling = Spelling { edition: Edition::Current, service: Some(action.service()) };
        let written = write(&outcome, spelling, "id");
        prop_assert_eq!(answer(&operation, &written.body), Ok(outcome));
    }

    #[test]
    fn a_client_reads_a_refusal(
        operation in operation(),
        code in proptest::sample::select(ErrorCode::ALL),
        message in "\\PC{0,60}",
        request_id in "[a-z0-9-]{1,36}",
    ) {
        let error = Error::with_message(code, message);
        let written = write_error(&error, Spelling::of_path("/"), &request_id);
        match answer(&operation, &written.body) {
            Err(AnswerError::Refused { code, request_id: read, .. }) => {
                prop_assert!(!code.is_empty());
                prop_assert_eq!(read, request_id);
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn no_request_makes_the_server_panic(
        post in any::<bool>(),
        tc3 in any::<bool>(),
        path in proptest::sample::select(vec!["/", "/v2/index.php", "/x"]),
        action in proptest::sample::select(vec![
            "GetFederationToken", "DeletePolicy", "AddUser", "ListPolicies", "UpdateAccessKey", "AddUserToGroup",
            "CreatePolicy", "AssumeRole", "TagRole", "\u{7f}",
        ]),
        content_type in proptest::sample::select(vec![
            "application/json", "application/x-www-form-urlencoded", "text/plain; charset=\"", ";;=",
        ]),
        text in prop_oneof![
            "\\PC{0,80}",
            "((Name|Policy|PolicyId|PolicyId\\.[0-3]|Rp|RoleArn|RoleId|Status|(Info|Tags)\\.[01]\\.(Uin|Key|GroupId))=[%0-9a-f+{.-]{0,6}&){0,6}",
            "\\{(\"(Name|Policy|PolicyId|Page)\":[\\[\\]{}\"0-9e.,:-]{0,6},?){0,4}\\}",
        ],
        bytes in vec(any::<u8>(), 0..80),
        raw in any::<bool>(),
    ) {
        let version = "2018-08-13";
        let form = format!("Action={action}&Version={version}&{text}");
        let text = if tc3 { text } else { form };
        let method = if post { Method::POST } else { Method::GET };
        let headers = if tc3 { headers(action, version, content_type) } else { headers("\n", "\n", content_type) };
        let query = if post { "" } else { text.as_str() };
        let body = if post { if raw { bytes.as_slice() } else { text.as_bytes() } } else { b"" };
        is_action_request(&method, path, query, &headers);
        if let Ok(call) = read(&method, path, query, &headers, body) {
            let _ = call.operation();
        }
    }

    #[test]
    fn no_answer_makes_the_client_panic(
        operation in operation(),
        body in prop_oneof![
            vec(any::<u8>(), 0..80),
            "\\{\"Response\":[\\[\\]{}\"a-zA-Z0-9,:]{0,40}\\}".prop_map(String::into_bytes),
        ],
    ) {
        let _ = answer(&operation, &body);
    }
}
