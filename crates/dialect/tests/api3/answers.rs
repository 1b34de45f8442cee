//! Every answer, field by field, and every error code as each service spells it.

use daypass_api::names::{PolicyId, PolicyName, Uin};
use daypass_api::operation::AccessKeyStatus;
use daypass_api::outcome::{
    AccessKey, AttachedPolicy, CallerIdentity, NewAccessKey, Outcome, Page, Policy, PolicySummary,
    SessionToken, TemporaryKey, User,
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
            "PhoneNum": "", "CountryCode": "", "Email": "", "RecentlyLoginIP": "", "RecentlyLoginTime": "",
            "RequestId": "some-id",
        }),
    );
    check_answer(
        &Outcome::Users(vec![alice()]),
        json!({
            "Data": [{
                "Uin": 100_000_000_002u64, "Name": "alice", "Uid": 77, "Remark": "note", "ConsoleLogin": 0,
                "PhoneNum": "", "CountryCode": "", "Email": "", "CreateTime": "2023-11-15 06:43:20",
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
        }),
        json!({
            "PolicyName": "p", "Description": "d", "Type": 1, "AddTime": "2023-11-15 06:43:20",
            "UpdateTime": "2023-11-15 06:43:21", "PolicyDocument": "{}", "PresetAlias": "",
            "IsServiceLinkedRolePolicy": 0, "Tags": [], "RequestId": "some-id",
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
                "AttachEntityBoundaryCount": 0, "UpdateTime": "2023-11-15 06:43:21", "Tags": [],
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
