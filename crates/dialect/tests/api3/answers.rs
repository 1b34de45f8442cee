//! Every answer, field by field, and every error code as each service spells it.

use daypass_api::names::{Account, AppId, GroupId, GroupName, PolicyId, PolicyName, Uin, VersionId};
use daypass_api::operation::{AccessKeyStatus, Contact};
use daypass_api::outcome::{
    AccessKey, AccountSummary, AttachedPolicy, Boundary, CallerIdentity, Group, GroupDetails, JudgedFinding,
    JudgedSeverity, Judgement, LastUse, NewAccessKey, Outcome, Page, Policy, PolicyEntity, PolicySummary,
    PolicyVersion, PolicyVersionSummary, SessionToken, TemporaryKey, User, UserPolicy, Within,
};
use daypass_api::secret::SecretKey;
use daypass_api::{ErrorCode, Timestamp};
use daypass_dialect::api3::write;
use serde_json::json;

use super::*;

const MOMENT: Timestamp = Timestamp::from_unix_seconds(1_700_001_800);

fn check_answer(outcome: &Outcome, expected: Value) {
    let answer = write(outcome, spelling(Service::Sts), "some-id");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers, [("Content-Type", "application/json".to_owned())]);
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body, json!({ "Response": expected }));
}

fn temporary_key() -> Outcome {
    Outcome::TemporaryKey(TemporaryKey {
        access_key_id: key_id("AKIDtemporary"),
        secret_key: SecretKey::new("secret".to_owned()),
        token: SessionToken::new("token".to_owned()),
        expires: MOMENT,
        judgement: None,
    })
}

#[test]
fn session_answers() {
    check_answer(
        &temporary_key(),
        json!({
            "Credentials": { "Token": "token", "TmpSecretId": "AKIDtemporary", "TmpSecretKey": "secret" },
            "ExpiredTime": 1_700_001_800, "Expiration": "2023-11-14T22:43:20Z", "RequestId": "some-id",
        }),
    );
    let Outcome::TemporaryKey(mut judged) = temporary_key() else {
        unreachable!()
    };
    let finding = |statement, witness: Option<&str>| JudgedFinding {
        rule: "L16".to_owned(),
        severity: JudgedSeverity::Warning,
        statement,
        message: "more than one has".to_owned(),
        hint: "less".to_owned(),
        witness: witness.map(str::to_owned),
    };
    judged.judgement = Some(Box::new(Judgement {
        within: Within::NotContained,
        findings: vec![finding(Some(0), Some("a request")), finding(None, None)],
        omitted: 3,
    }));
    check_answer(
        &Outcome::TemporaryKey(judged),
        json!({
            "Credentials": { "Token": "token", "TmpSecretId": "AKIDtemporary", "TmpSecretKey": "secret" },
            "ExpiredTime": 1_700_001_800, "Expiration": "2023-11-14T22:43:20Z", "RequestId": "some-id",
            "Judgement": { "Within": "not-contained", "Omitted": 3, "Findings": [
                { "Rule": "L16", "Severity": "W", "Statement": 0, "Message": "more than one has", "Hint": "less",
                  "Witness": "a request" },
                { "Rule": "L16", "Severity": "W", "Message": "more than one has", "Hint": "less" },
            ] },
        }),
    );
    let caller = |uin, session_name: Option<&str>| {
        Outcome::CallerIdentity(CallerIdentity {
            owner_uin: Uin(1),
            uin: Uin(uin),
            role: None,
            session_name: session_name.map(str::to_owned),
        })
    };
    check_answer(
        &caller(2, None),
        json!({
            "Type": "CAMUser", "Arn": "qcs::cam::uin/1:uin/2", "UserId": "2", "PrincipalId": "2", "AccountId": "1",
            "RequestId": "some-id",
        }),
    );
    check_answer(
        &caller(2, Some("cos")),
        json!({
            "Type": "CAMUser", "Arn": "qcs::sts:1:federated-user/2", "UserId": "2:cos", "PrincipalId": "2",
            "AccountId": "1", "RequestId": "some-id",
        }),
    );
}

#[test]
fn legacy_answers() {
    let legacy = Spelling::of_path("/v2/index.php");
    let body = |answer: daypass_dialect::api3::Answer| serde_json::from_slice::<Value>(&answer.body).unwrap();
    assert_eq!(
        body(write(&temporary_key(), legacy, "some-id")),
        json!({
            "code": 0, "message": "", "codeDesc": "Success",
            "data": {
                "credentials": {
                    "sessionToken": "token", "tmpSecretId": "AKIDtemporary", "tmpSecretKey": "secret",
                },
                "expiredTime": 1_700_001_800,
            },
        })
    );
    let check = |code: ErrorCode, number: u32, name: &str| {
        let answer = body(write_error(&code.into(), legacy, "some-id"));
        assert_eq!(
            (&answer["code"], &answer["codeDesc"]),
            (&json!(number), &json!(name))
        );
        assert!(answer["message"].is_string());
    };
    check(
        ErrorCode::PolicyGrantsOtherAccount,
        4000,
        "StrategyResourceInvalid",
    );
    check(ErrorCode::SignatureDoesNotMatch, 4100, "SignatureFailure");
    check(ErrorCode::AccessDenied, 4102, "UnauthorizedOperation");
    check(ErrorCode::UnknownAccessKey, 4104, "SecretIdNotFound");
    check(ErrorCode::TokenExpired, 4105, "TokenFailure");
    check(ErrorCode::InternalError, 6000, "SystemError");
    check(ErrorCode::DurationOutOfRange, 4000, "OverTimeError");
}

fn alice() -> User {
    User {
        uin: Uin(100_000_000_002),
        uid: 77,
        name: user("alice"),
        remark: "note".to_owned(),
        contact: Contact {
            phone_number: "123".to_owned(),
            country_code: "49".to_owned(),
            email: "a@b".to_owned(),
        },
        created: MOMENT,
    }
}

fn new_key() -> NewAccessKey {
    NewAccessKey {
        access_key: AccessKey {
            id: key_id("AKIDnew"),
            status: AccessKeyStatus::Active,
            created: MOMENT,
            description: "for-tests".to_owned(),
        },
        secret_key: SecretKey::new("secret".to_owned()),
    }
}

#[test]
fn user_answers() {
    check_answer(
        &Outcome::UserCreated {
            user: alice(),
            access_key: None,
        },
        json!({ "Uin": 100_000_000_002u64, "Name": "alice", "Uid": 77, "RequestId": "some-id" }),
    );
    check_answer(
        &Outcome::UserCreated {
            user: alice(),
            access_key: Some(new_key()),
        },
        json!({
            "Uin": 100_000_000_002u64, "Name": "alice", "Uid": 77, "SecretId": "AKIDnew", "SecretKey": "secret",
            "RequestId": "some-id",
        }),
    );
    check_answer(
        &Outcome::User(alice()),
        json!({
            "Uin": 100_000_000_002u64, "Name": "alice", "Uid": 77, "Remark": "note", "ConsoleLogin": 0,
            "PhoneNum": "123", "CountryCode": "49", "Email": "a@b", "RecentlyLoginIP": "", "RecentlyLoginTime": "",
            "RequestId": "some-id",
        }),
    );
    check_answer(
        &Outcome::Users(vec![alice()]),
        json!({
            "Data": [{
                "Uin": 100_000_000_002u64, "Name": "alice", "Uid": 77, "Remark": "note", "ConsoleLogin": 0,
                "PhoneNum": "123", "CountryCode": "49", "Email": "a@b", "CreateTime": "2023-11-15 06:43:20",
                "NickName": "",
            }],
            "RequestId": "some-id",
        }),
    );
    check_answer(
        &Outcome::Users(Vec::new()),
        json!({ "Data": [], "RequestId": "some-id" }),
    );
    check_answer(&Outcome::Done, json!({ "RequestId": "some-id" }));
    check_answer(&Outcome::Deleted, json!({ "RequestId": "some-id" }));
}

#[test]
fn access_key_answers() {
    check_answer(
        &Outcome::AccessKeyCreated(new_key()),
        json!({
            "AccessKey": {
                "AccessKeyId": "AKIDnew", "SecretAccessKey": "secret", "Status": "Active",
                "CreateTime": "2023-11-15 06:43:20", "Description": "for-tests",
            },
            "RequestId": "some-id",
        }),
    );
    let disabled = AccessKey {
        status: AccessKeyStatus::Inactive,
        ..new_key().access_key
    };
    check_answer(
        &Outcome::AccessKeys(vec![disabled]),
        json!({
            "AccessKeys": [{
                "AccessKeyId": "AKIDnew", "Status": "Inactive", "CreateTime": "2023-11-15 06:43:20",
                "Description": "for-tests",
            }],
            "RequestId": "some-id",
        }),
    );
}

fn summary(preset: bool) -> PolicySummary {
    PolicySummary {
        id: PolicyId(7),
        name: PolicyName::parse("p").unwrap(),
        description: "d".to_owned(),
        preset,
        created: MOMENT,
        updated: MOMENT.plus_seconds(1),
        attachments: 3,
        boundaries: 2,
        tags: vec![("k".to_owned(), "v".to_owned())],
    }
}

#[test]
fn policy_answers() {
    check_answer(
        &Outcome::PolicyCreated(PolicyId(7)),
        json!({ "PolicyId": 7, "RequestId": "some-id" }),
    );
    check_answer(
        &Outcome::Policy(Policy {
            summary: summary(false),
            document: "{}".to_owned(),
            alias: "alias".to_owned(),
        }),
        json!({
            "PolicyName": "p", "Description": "d", "Type": 1, "AddTime": "2023-11-15 06:43:20",
            "UpdateTime": "2023-11-15 06:43:21", "PolicyDocument": "{}", "PresetAlias": "alias",
            "IsServiceLinkedRolePolicy": 0, "Tags": [{ "Key": "k", "Value": "v" }], "RequestId": "some-id",
        }),
    );
    check_answer(
        &Outcome::Policies(Page {
            total: 9,
            entries: vec![summary(true)],
        }),
        json!({
            "TotalNum": 9,
            "List": [{
                "PolicyId": 7, "PolicyName": "p", "AddTime": "2023-11-15 06:43:20", "Type": 2, "Description": "d",
                "CreateMode": 1, "Attachments": 3, "ServiceType": "", "IsAttached": 0, "Deactived": 0,
                "DeactivedDetail": [], "IsServiceLinkedPolicy": 0, "AttachEntityCount": 3,
                "AttachEntityBoundaryCount": 2, "UpdateTime": "2023-11-15 06:43:21",
                "Tags": [{ "Key": "k", "Value": "v" }],
                "PermissionLevel": null,
            }],
            "ServiceTypeList": [],
            "RequestId": "some-id",
        }),
    );
    let attached = AttachedPolicy {
        id: PolicyId(7),
        name: PolicyName::parse("p").unwrap(),
        preset: false,
        attached: MOMENT,
        description: "d".to_owned(),
    };
    check_answer(
        &Outcome::AttachedPolicies(Page {
            total: 1,
            entries: vec![attached],
        }),
        json!({
            "TotalNum": 1,
            "List": [{
                "PolicyId": 7, "PolicyName": "p", "AddTime": "2023-11-15 06:43:20", "CreateMode": 2,
                "PolicyType": "User", "Remark": "d", "OperateOwnerUin": null, "OperateUin": null,
                "OperateUinType": null, "Deactived": 0, "DeactivedDetail": [],
            }],
            "RequestId": "some-id",
        }),
    );
}

#[test]
fn answers_about_accounts() {
    let account = Account {
        app_id: AppId(125),
        owner_uin: Uin(1),
    };
    check_answer(
        &Outcome::AccountNumbers { uin: Uin(2), account },
        json!({ "Uin": "2", "OwnerUin": "1", "AppId": 125, "RequestId": "some-id" }),
    );
    let summary = AccountSummary {
        policies: 1,
        users: 2,
        groups: 3,
        memberships: 4,
        roles: 5,
        identity_providers: 6,
    };
    check_answer(
        &Outcome::AccountSummary(summary),
        json!({
            "Policies": 1, "Roles": 5, "Idps": 6, "User": 2, "Group": 3, "Member": 4, "IdentityProviders": 6,
            "RequestId": "some-id",
        }),
    );
    check_answer(
        &Outcome::Collaborators(Page {
            total: 0,
            entries: Vec::new(),
        }),
        json!({ "TotalNum": 0, "Data": [], "RequestId": "some-id" }),
    );
    check_answer(
        &Outcome::SubAccounts(vec![alice()]),
        json!({
            "SubAccounts": [{
                "Uin": 100_000_000_002u64, "Name": "alice", "Uid": 77, "Remark": "note",
                "CreateTime": "2023-11-15 06:43:20", "UserType": 2, "LastLoginIp": "", "LastLoginTime": "",
            }],
            "RequestId": "some-id",
        }),
    );
    let used = |used| LastUse {
        id: key_id("AKID1"),
        used,
    };
    check_answer(
        &Outcome::LastUses(vec![used(Some(MOMENT)), used(None)]),
        json!({
            "SecretIdLastUsedRows": [
                { "SecretId": "AKID1", "LastUsedDate": "2023-11-15", "LastSecretUsedDate": 1_700_001_800 },
                { "SecretId": "AKID1", "LastUsedDate": null, "LastSecretUsedDate": null },
            ],
            "RequestId": "some-id",
        }),
    );
}

#[test]
fn group_answers() {
    let group = Group {
        id: GroupId(3),
        name: GroupName::parse("组").unwrap(),
        remark: "r".to_owned(),
        created: MOMENT,
    };
    let member = json!({
        "Uid": 77, "Uin": 100_000_000_002u64, "Name": "alice", "PhoneNum": "123", "CountryCode": "49",
        "PhoneFlag": 0, "Email": "a@b", "EmailFlag": 0, "UserType": 0, "CreateTime": "2023-11-15 06:43:20",
        "IsReceiverOwner": 0, "Remark": "note",
    });
    check_answer(
        &Outcome::GroupCreated(GroupId(3)),
        json!({ "GroupId": 3, "RequestId": "some-id" }),
    );
    check_answer(
        &Outcome::Group(GroupDetails {
            group: group.clone(),
            members: vec![alice()],
        }),
        json!({
            "GroupId": 3, "GroupName": "组", "GroupNum": 1, "Remark": "r", "CreateTime": "2023-11-15 06:43:20",
            "UserInfo": [member.clone()], "RequestId": "some-id",
        }),
    );
    check_answer(
        &Outcome::Groups(Page {
            total: 9,
            entries: vec![group],
        }),
        json!({
            "TotalNum": 9,
            "GroupInfo": [{ "GroupId": 3, "GroupName": "组", "CreateTime": "2023-11-15 06:43:20", "Remark": "r" }],
            "RequestId": "some-id",
        }),
    );
    check_answer(
        &Outcome::GroupMembers(Page {
            total: 1,
            entries: vec![alice()],
        }),
        json!({ "TotalNum": 1, "UserInfo": [member], "RequestId": "some-id" }),
    );
}

#[test]
fn answers_about_versions_boundaries_and_holders() {
    check_answer(&Outcome::PolicyUpdated(None), json!({ "RequestId": "some-id" }));
    check_answer(
        &Outcome::PolicyUpdated(Some(PolicyId(7))),
        json!({ "PolicyId": 7, "RequestId": "some-id" }),
    );
    check_answer(
        &Outcome::VersionCreated(VersionId(2)),
        json!({ "VersionId": 2, "RequestId": "some-id" }),
    );
    let summary = PolicyVersionSummary {
        id: VersionId(2),
        created: MOMENT,
        is_default: true,
    };
    let listed = json!({ "VersionId": 2, "CreateDate": "2023-11-15 06:43:20", "IsDefaultVersion": 1 });
    check_answer(
        &Outcome::Versions(vec![summary]),
        json!({ "Versions": [listed], "RequestId": "some-id" }),
    );
    check_answer(
        &Outcome::Version(PolicyVersion {
            summary,
            document: "{}".to_owned(),
        }),
        json!({
            "PolicyVersion": {
                "VersionId": 2, "CreateDate": "2023-11-15 06:43:20", "IsDefaultVersion": 1, "Document": "{}",
            },
            "RequestId": "some-id",
        }),
    );
    let name = PolicyName::parse("p").unwrap();
    let boundary = Boundary {
        policy_id: PolicyId(7),
        name: name.clone(),
        preset: false,
        document: "{}".to_owned(),
    };
    check_answer(
        &Outcome::Boundary(Some(boundary)),
        json!({
            "PolicyId": 7, "PolicyName": "p", "PolicyDocument": "{}", "PolicyType": 1, "CreateMode": 2,
            "RequestId": "some-id",
        }),
    );
    check_answer(
        &Outcome::Boundary(None),
        json!({
            "PolicyId": null, "PolicyName": null, "PolicyDocument": null, "PolicyType": null, "CreateMode": null,
            "RequestId": "some-id",
        }),
    );
    let user = PolicyEntity::User {
        uin: Uin(2),
        uid: 77,
        name: "alice".to_owned(),
        attached: MOMENT,
    };
    let group = PolicyEntity::Group {
        id: GroupId(3),
        name: "g".to_owned(),
        attached: MOMENT,
    };
    check_answer(
        &Outcome::PolicyEntities(Page {
            total: 2,
            entries: vec![user, group],
        }),
        json!({
            "TotalNum": 2,
            "List": [
                { "Id": "77", "Name": "alice", "Uin": 2, "RelatedType": 1, "AttachmentTime": "2023-11-15 06:43:20" },
                { "Id": "3", "Name": "g", "Uin": 0, "RelatedType": 2, "AttachmentTime": "2023-11-15 06:43:20" },
            ],
            "RequestId": "some-id",
        }),
    );
    let policy = UserPolicy {
        id: PolicyId(7),
        name,
        preset: true,
        description: "d".to_owned(),
        attached: MOMENT,
        groups: vec![(GroupId(3), GroupName::parse("g").unwrap())],
    };
    check_answer(
        &Outcome::UserPolicies(Page {
            total: 1,
            entries: vec![policy],
        }),
        json!({
            "TotalNum": 1,
            "PolicyList": [{
                "PolicyId": "7", "PolicyName": "p", "Description": "d", "AddTime": "2023-11-15 06:43:20",
                "StrategyType": "2", "CreateMode": "1", "Groups": [{ "GroupId": 3, "GroupName": "g" }],
                "Deactived": 0, "DeactivedDetail": [],
            }],
            "RequestId": "some-id",
        }),
    );
}

#[test]
fn an_outcome_of_the_object_store_is_our_fault_here() {
    let answer = write(&Outcome::BucketCreated, spelling(Service::Sts), "some-id");
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["Response"]["Error"]["Code"], "InternalError.SystemError");
}

#[test]
fn an_error_is_answered_with_status_200() {
    let error = Error::with_message(ErrorCode::MissingParameter, "say \"Name\"");
    let answer = write_error(&error, spelling(Service::Cam), "some-id");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers, [("Content-Type", "application/json".to_owned())]);
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let expected = json!({ "Code": "MissingParameter", "Message": "say \"Name\"" });
    assert_eq!(
        body,
        json!({ "Response": { "Error": expected, "RequestId": "some-id" } })
    );
}

#[test]
fn error_codes_as_each_service_spells_them() {
    let check = |code: ErrorCode, sts: &str, cam: &str| {
        assert_eq!(code_text(&code.into(), Service::Sts), sts);
        assert_eq!(code_text(&code.into(), Service::Cam), cam);
    };
    let both = |code: ErrorCode, text: &str| check(code, text, text);
    check(
        ErrorCode::AccessDenied,
        "UnauthorizedOperation",
        "AuthFailure.UnauthorizedOperation",
    );
    both(ErrorCode::InternalError, "InternalError.SystemError");
    both(ErrorCode::SignatureDoesNotMatch, "AuthFailure.SignatureFailure");
    both(ErrorCode::SignatureExpired, "AuthFailure.SignatureExpire");
    both(ErrorCode::UnknownAccessKey, "AuthFailure.SecretIdNotFound");
    both(ErrorCode::DisabledAccessKey, "AuthFailure.SecretIdNotFound");
    both(ErrorCode::TokenInvalid, "AuthFailure.TokenFailure");
    both(ErrorCode::TokenExpired, "AuthFailure.TokenFailure");
    both(ErrorCode::SessionRevoked, "AuthFailure.TokenFailure");
    both(ErrorCode::InvalidVersion, "NoSuchVersion");
    both(ErrorCode::NotImplemented, "UnsupportedOperation");
    both(
        ErrorCode::TemporaryKeyNotAllowed,
        "FailedOperation.TempKeyNotAllowed",
    );
    both(ErrorCode::DurationOutOfRange, "InvalidParameter.OverTimeError");
    both(ErrorCode::PolicyTooLong, "InvalidParameter.PolicyTooLong");
    both(
        ErrorCode::PolicyNotWellFormed,
        "InvalidParameter.StrategyFormatError",
    );
    both(ErrorCode::PolicyInvalid, "InvalidParameter.StrategyInvalid");
    both(
        ErrorCode::PolicyResourceMalformed,
        "InvalidParameter.ResouceError",
    );
    both(
        ErrorCode::PolicyGrantsOtherAccount,
        "InvalidParameter.GrantOtherResource",
    );
    both(ErrorCode::UserFull, "InvalidParameter.SubUserFull");
    both(ErrorCode::UserNameInUse, "InvalidParameter.SubUserNameInUse");
    both(ErrorCode::UserNotExist, "ResourceNotFound.UserNotExist");
    both(ErrorCode::UserHasKeys, "OperationDenied.HaveKeys");
    both(
        ErrorCode::AccessKeyOverLimit,
        "OperationDenied.AccessKeyOverLimit",
    );
    both(ErrorCode::AccessKeyNotOfSubject, "OperationDenied.UinNotMatch");
    both(ErrorCode::PolicyFull, "FailedOperation.PolicyFull");
    both(ErrorCode::PolicyNameInUse, "FailedOperation.PolicyNameInUse");
    both(ErrorCode::PolicyIdNotFound, "ResourceNotFound.PolicyIdNotFound");
    both(ErrorCode::AttachmentFull, "InvalidParameter.AttachmentFull");
    both(ErrorCode::PolicyIdNotExist, "InvalidParameter.PolicyIdNotExist");
    both(ErrorCode::PolicyIsBoundary, "ResourceInUse");
    both(ErrorCode::PolicyVersionFull, "FailedOperation.PolicyVersionFull");
    both(
        ErrorCode::PolicyVersionNotExist,
        "InvalidParameter.PolicyVersionNotExists",
    );
    both(
        ErrorCode::PolicyVersionIsDefault,
        "FailedOperation.PolicyVersionAlreadyDefault",
    );
    both(ErrorCode::LastRootKey, "OperationDenied");
    both(ErrorCode::GroupFull, "InvalidParameter.GroupFull");
    both(ErrorCode::GroupNameInUse, "InvalidParameter.GroupNameInUse");
    both(ErrorCode::GroupNotFound, "ResourceNotFound.GroupNotExist");
    both(ErrorCode::MemberGroupNotExist, "InvalidParameter.GroupNotExist");
    both(ErrorCode::GroupUserFull, "InvalidParameter.GroupUserFull");
    both(ErrorCode::UserGroupFull, "InvalidParameter.UserGroupFull");
    let document = |code, sts: &str, cam: &str| {
        check(
            code,
            &format!("InvalidParameter.{sts}"),
            &format!("InvalidParameter.{cam}"),
        );
    };
    document(
        ErrorCode::DocumentError,
        "StrategyFormatError",
        "PolicyDocumentError",
    );
    document(
        ErrorCode::DocumentTooLong,
        "PolicyTooLong",
        "PolicyDocumentLengthOverLimit",
    );
    document(ErrorCode::DocumentVersionError, "StrategyInvalid", "VersionError");
    document(
        ErrorCode::DocumentStatementError,
        "StrategyInvalid",
        "StatementError",
    );
    document(ErrorCode::DocumentEffectError, "StrategyInvalid", "EffectError");
    document(ErrorCode::DocumentActionError, "StrategyInvalid", "ActionError");
    document(ErrorCode::DocumentResourceError, "ResouceError", "ResourceError");
    document(
        ErrorCode::DocumentResourceProjectError,
        "ResouceError",
        "ResourceProjectError",
    );
    document(
        ErrorCode::DocumentResourceAccountError,
        "GrantOtherResource",
        "ResourceUinError",
    );
    document(
        ErrorCode::DocumentPrincipalError,
        "StrategyInvalid",
        "PrincipalError",
    );
    document(
        ErrorCode::DocumentConditionError,
        "StrategyInvalid",
        "ConditionError",
    );
    document(
        ErrorCode::DocumentConditionTypeError,
        "StrategyInvalid",
        "ConditionTypeError",
    );
    document(
        ErrorCode::DocumentConditionContentError,
        "StrategyInvalid",
        "ConditionContentError",
    );
}

#[test]
fn no_error_makes_an_sdk_give_up_a_region() {
    for code in ErrorCode::ALL {
        let error = Error::with_message(*code, "Region is bad");
        let answer = write_error(&error, spelling(Service::Sts), "some-id");
        let body = std::str::from_utf8(&answer.body).unwrap();
        assert!(
            !body.contains("\"InvalidParameterValue\"") || !body.contains("Region"),
            "{body}"
        );
    }
}
