//! Every action in every form asks for its operation.

use daypass_api::ErrorCode;
use daypass_api::names::{GroupId, GroupName, PolicyId, PolicyName, SessionName, Uin, VersionId};
use daypass_api::operation::{
    AccessKeyStatus, AttachmentReach, BoundaryOperation, Contact, CreateUser, DeleteUser, EntityFilter,
    GetFederationToken, GroupOperation, IdentityOperation, Membership, NewGroup, NewPolicy, Operation,
    Paging, PolicyRef, PolicyScope, SessionOperation, Subject, UpdateGroup, UpdatePolicy, UpdateUser,
    UserPolicies, UserRef, VersionOperation,
};
use daypass_dialect::api3::Scheme;
use serde_json::json;

use super::*;

fn get_v1(action: &str, form: &str) -> Result<Call, Error> {
    let query = format!("Action={action}&Version={}&{COMMON}&{form}", version(action));
    read(&Method::GET, "/", &query, &HeaderMap::new(), b"")
}

/// The same call in all forms asks for the same operation.
fn check(action: &str, json: &str, form: &str, expected: impl Into<Asked>) {
    let Asked(expected) = expected.into();
    for call in [
        post_json(action, json),
        post_form(action, form),
        get_v1(action, form),
        get_tc3(action, form),
    ] {
        let call = call.unwrap();
        assert_eq!(call.action().name(), action);
        assert_eq!(call.operation().as_ref(), Ok(&expected), "{action} {json} {form}");
    }
}

struct Asked(Operation);

impl From<IdentityOperation> for Asked {
    fn from(operation: IdentityOperation) -> Self {
        Self(Operation::Identity(operation))
    }
}

impl From<SessionOperation> for Asked {
    fn from(operation: SessionOperation) -> Self {
        Self(Operation::Session(operation))
    }
}

fn federation(policy: Option<&str>, duration_seconds: Option<i64>) -> SessionOperation {
    SessionOperation::GetFederationToken(GetFederationToken {
        name: SessionName::parse("cos-sts-nodejs").unwrap(),
        policy: policy.map(str::to_owned),
        duration_seconds,
    })
}

const PAGING: Paging = Paging {
    page: 1,
    page_size: 20,
};

#[test]
fn session_calls() {
    check("GetCallerIdentity", "{}", "", SessionOperation::GetCallerIdentity);
    let plain = r#"{"version":"2.0","a":"%41+"}"#;
    check(
        "GetFederationToken",
        &json!({ "Name": "cos-sts-nodejs", "Policy": plain, "DurationSeconds": 1800 }).to_string(),
        "Name=cos-sts-nodejs&Policy=%7B%22version%22%3A%222.0%22%2C%22a%22%3A%22%2541%2B%22%7D&DurationSeconds=1800",
        federation(Some(plain), Some(1800)),
    );
    check(
        "GetFederationToken",
        r#"{"Name":"cos-sts-nodejs","Policy":"%7B%22a%22:+1%20%7D","DurationSeconds":"-3"}"#,
        "Name=cos-sts-nodejs&Policy=%257B%2522a%2522:%2B1%2520%257D&DurationSeconds=-3",
        federation(Some(r#"{"a": 1 }"#), Some(-3)),
    );
    check(
        "GetFederationToken",
        r#"{"Name":"cos-sts-nodejs","Policy":""}"#,
        "Name=cos-sts-nodejs&Policy=",
        federation(None, None),
    );
    check(
        "GetFederationToken",
        r#"{"Name":"cos-sts-nodejs","Policy":null,"DurationSeconds":99999999999999999999999999}"#,
        "Name=cos-sts-nodejs&DurationSeconds=99999999999999999999999999999999999999999999999999",
        federation(None, Some(i64::MAX)),
    );
}

#[test]
fn user_calls() {
    let add = |remark: &str, with_access_key| {
        IdentityOperation::CreateUser(CreateUser {
            name: user("alice@x"),
            remark: remark.to_owned(),
            contact: Contact::default(),
            with_access_key,
        })
    };
    check(
        "AddUser",
        r#"{"Name":"alice@x"}"#,
        "Name=alice%40x",
        add("", false),
    );
    check(
        "AddUser",
        r#"{"Name":"alice@x","Remark":"é","ConsoleLogin":0,"UseApi":1,"Password":""}"#,
        "Name=alice@x&Remark=%c3%a9&ConsoleLogin=0&UseApi=1&Password=",
        add("é", true),
    );
    check(
        "GetUser",
        r#"{"Name":"a"}"#,
        "Name=a",
        IdentityOperation::GetUser(user("a")),
    );
    check("ListUsers", "{}", "", IdentityOperation::ListUsers);
    let delete = |force| {
        IdentityOperation::DeleteUser(DeleteUser {
            name: user("a"),
            force,
        })
    };
    check("DeleteUser", r#"{"Name":"a"}"#, "Name=a", delete(false));
    check(
        "DeleteUser",
        r#"{"Name":"a","Force":1}"#,
        "Name=a&Force=1",
        delete(true),
    );
}

#[test]
fn access_key_calls() {
    let target = Subject::Uin(Uin(100_000_000_002));
    let create = |subject, description: &str| IdentityOperation::CreateAccessKey {
        subject,
        description: description.to_owned(),
    };
    check("CreateAccessKey", "{}", "", create(Subject::Caller, ""));
    check(
        "CreateAccessKey",
        r#"{"TargetUin":100000000002,"Description":"a_b/c"}"#,
        "TargetUin=100000000002&Description=a_b/c",
        create(target, "a_b/c"),
    );
    check(
        "ListAccessKeys",
        "{}",
        "",
        IdentityOperation::ListAccessKeys(Subject::Caller),
    );
    check(
        "ListAccessKeys",
        r#"{"TargetUin":"100000000002"}"#,
        "TargetUin=100000000002",
        IdentityOperation::ListAccessKeys(target),
    );
    check(
        "UpdateAccessKey",
        r#"{"AccessKeyId":"AKID1","Status":"Inactive","TargetUin":100000000002}"#,
        "AccessKeyId=AKID1&Status=Inactive&TargetUin=100000000002",
        IdentityOperation::UpdateAccessKey {
            subject: target,
            access_key_id: key_id("AKID1"),
            status: AccessKeyStatus::Inactive,
        },
    );
    check(
        "DeleteAccessKey",
        r#"{"AccessKeyId":"AKID1"}"#,
        "AccessKeyId=AKID1",
        IdentityOperation::DeleteAccessKey {
            subject: Subject::Caller,
            access_key_id: key_id("AKID1"),
        },
    );
}

#[test]
fn policy_calls() {
    check(
        "CreatePolicy",
        r#"{"PolicyName":"p","PolicyDocument":"{}","Description":"d","Tags":[]}"#,
        "PolicyName=p&PolicyDocument=%7B%7D&Description=d",
        IdentityOperation::CreatePolicy(NewPolicy {
            name: PolicyName::parse("p").unwrap(),
            document: "{}".to_owned(),
            description: "d".to_owned(),
            tags: Vec::new(),
        }),
    );
    check(
        "GetPolicy",
        r#"{"PolicyId":7}"#,
        "PolicyId=7",
        IdentityOperation::GetPolicy(PolicyId(7)),
    );
    let list = |scope, keyword: Option<&str>, page, page_size| IdentityOperation::ListPolicies {
        scope,
        keyword: keyword.map(str::to_owned),
        paging: Paging { page, page_size },
    };
    check(
        "ListPolicies",
        r#"{"Keyword":""}"#,
        "Keyword=",
        list(PolicyScope::All, None, 1, 20),
    );
    check(
        "ListPolicies",
        r#"{"Scope":"QCS","Keyword":"COS","Page":200,"Rp":200}"#,
        "Scope=QCS&Keyword=COS&Page=200&Rp=200",
        list(PolicyScope::Preset, Some("COS"), 200, 200),
    );
    check(
        "ListPolicies",
        r#"{"Scope":"Local"}"#,
        "Scope=Local",
        list(PolicyScope::Custom, None, 1, 20),
    );
    check(
        "DeletePolicy",
        r#"{"PolicyId":[7,"8"]}"#,
        "PolicyId.1=8&PolicyId.0=7",
        IdentityOperation::DeletePolicies(vec![PolicyId(7), PolicyId(8)]),
    );
}

#[test]
fn attachment_calls() {
    let (uin, policy_id) = (Uin(5), PolicyId(7));
    check(
        "AttachUserPolicy",
        r#"{"AttachUin":5,"PolicyId":7}"#,
        "AttachUin=5&PolicyId=7",
        IdentityOperation::AttachUserPolicy { uin, policy_id },
    );
    check(
        "DetachUserPolicy",
        r#"{"DetachUin":5,"PolicyId":7}"#,
        "DetachUin=5&PolicyId=7",
        IdentityOperation::DetachUserPolicy { uin, policy_id },
    );
    check(
        "ListAttachedUserPolicies",
        r#"{"TargetUin":5}"#,
        "TargetUin=5",
        IdentityOperation::ListAttachedUserPolicies { uin, paging: PAGING },
    );
}

#[test]
fn calls_about_accounts() {
    check(
        "ListCollaborators",
        r#"{"Limit":20,"Offset":0}"#,
        "Limit=20&Offset=0",
        IdentityOperation::ListCollaborators,
    );
    check(
        "ListCollaborators",
        "{}",
        "",
        IdentityOperation::ListCollaborators,
    );
    check("GetUserAppId", "{}", "", IdentityOperation::GetAccountNumbers);
    check(
        "GetAccountSummary",
        "{}",
        "",
        IdentityOperation::GetAccountSummary,
    );
    check(
        "DescribeSubAccounts",
        r#"{"FilterSubAccountUin":[5,6]}"#,
        "FilterSubAccountUin.0=5&FilterSubAccountUin.1=6",
        IdentityOperation::DescribeUsers(vec![Uin(5), Uin(6)]),
    );
    check(
        "GetSecurityLastUsed",
        r#"{"SecretIdList":["AKID1"]}"#,
        "SecretIdList.0=AKID1",
        IdentityOperation::ListLastUses(vec![key_id("AKID1")]),
    );
    let update = |remark: Option<&str>, email: Option<&str>| {
        IdentityOperation::UpdateUser(UpdateUser {
            name: user("a"),
            remark: remark.map(str::to_owned),
            phone_number: None,
            country_code: None,
            email: email.map(str::to_owned),
        })
    };
    check("UpdateUser", r#"{"Name":"a"}"#, "Name=a", update(None, None));
    check(
        "UpdateUser",
        r#"{"Name":"a","Remark":"","ConsoleLogin":0,"Email":"a@b"}"#,
        "Name=a&Remark=&ConsoleLogin=0&Email=a@b",
        update(Some(""), Some("a@b")),
    );
}

#[test]
fn version_calls() {
    let version = IdentityOperation::Version;
    let create = |set_as_default| {
        version(VersionOperation::Create {
            policy_id: PolicyId(7),
            document: "{}".to_owned(),
            set_as_default,
        })
    };
    check(
        "CreatePolicyVersion",
        r#"{"PolicyId":7,"PolicyDocument":"{}","SetAsDefault":true}"#,
        "PolicyId=7&PolicyDocument=%7B%7D&SetAsDefault=true",
        create(true),
    );
    check(
        "CreatePolicyVersion",
        r#"{"PolicyId":7,"PolicyDocument":"{}","SetAsDefault":0}"#,
        "PolicyId=7&PolicyDocument=%7B%7D&SetAsDefault=False",
        create(false),
    );
    let (policy_id, second) = (PolicyId(7), VersionId(2));
    check(
        "ListPolicyVersions",
        r#"{"PolicyId":7}"#,
        "PolicyId=7",
        version(VersionOperation::List(policy_id)),
    );
    let one = (r#"{"PolicyId":7,"VersionId":2}"#, "PolicyId=7&VersionId=2");
    check(
        "GetPolicyVersion",
        one.0,
        one.1,
        version(VersionOperation::Get {
            policy_id,
            version: second,
        }),
    );
    check(
        "SetDefaultPolicyVersion",
        one.0,
        one.1,
        version(VersionOperation::SetDefault {
            policy_id,
            version: second,
        }),
    );
    check(
        "DeletePolicyVersion",
        r#"{"PolicyId":7,"VersionId":[2]}"#,
        "PolicyId=7&VersionId.0=2",
        version(VersionOperation::Delete {
            policy_id,
            versions: vec![second],
        }),
    );
    let update = |policy, document: Option<&str>| {
        IdentityOperation::UpdatePolicy(UpdatePolicy {
            policy,
            description: Some("d".to_owned()),
            document: document.map(str::to_owned),
            alias: None,
        })
    };
    check(
        "UpdatePolicy",
        r#"{"PolicyId":7,"Description":"d","PolicyDocument":"{}"}"#,
        "PolicyId=7&Description=d&PolicyDocument=%7B%7D",
        update(PolicyRef::Id(policy_id), Some("{}")),
    );
    check(
        "UpdatePolicy",
        r#"{"PolicyName":"p","Description":"d"}"#,
        "PolicyName=p&Description=d",
        update(PolicyRef::Name(PolicyName::parse("p").unwrap()), None),
    );
}

#[test]
fn group_calls() {
    let group = IdentityOperation::Group;
    let (group_id, policy_id, name) = (GroupId(3), PolicyId(7), GroupName::parse("组").unwrap());
    let new = NewGroup {
        name: name.clone(),
        remark: "r".to_owned(),
    };
    check(
        "CreateGroup",
        r#"{"GroupName":"组","Remark":"r"}"#,
        "GroupName=%E7%BB%84&Remark=r",
        group(GroupOperation::Create(new)),
    );
    check(
        "GetGroup",
        r#"{"GroupId":3}"#,
        "GroupId=3",
        group(GroupOperation::Get(group_id)),
    );
    check(
        "DeleteGroup",
        r#"{"GroupId":3}"#,
        "GroupId=3",
        group(GroupOperation::Delete(group_id)),
    );
    let list = GroupOperation::List {
        keyword: Some("k".to_owned()),
        paging: PAGING,
    };
    check("ListGroups", r#"{"Keyword":"k"}"#, "Keyword=k", group(list));
    let update = UpdateGroup {
        group_id,
        name: Some(name),
        remark: None,
    };
    check(
        "UpdateGroup",
        r#"{"GroupId":3,"GroupName":"组"}"#,
        "GroupId=3&GroupName=%E7%BB%84",
        group(GroupOperation::Update(update)),
    );
    let memberships = vec![
        Membership {
            group_id,
            user: UserRef::Uin(Uin(5)),
        },
        Membership {
            group_id: GroupId(4),
            user: UserRef::Uid(6),
        },
    ];
    let info = (
        r#"{"Info":[{"GroupId":3,"Uin":5},{"GroupId":4,"Uid":6,"Uin":null}]}"#,
        "Info.0.GroupId=3&Info.0.Uin=5&Info.1.GroupId=4&Info.1.Uid=6",
    );
    check(
        "AddUserToGroup",
        info.0,
        info.1,
        group(GroupOperation::AddUsers(memberships.clone())),
    );
    check(
        "RemoveUserFromGroup",
        info.0,
        info.1,
        group(GroupOperation::RemoveUsers(memberships)),
    );
    let of_user = |user| group(GroupOperation::ListOfUser { user, paging: PAGING });
    check(
        "ListGroupsForUser",
        r#"{"SubUin":5}"#,
        "SubUin=5",
        of_user(UserRef::Uin(Uin(5))),
    );
    check(
        "ListGroupsForUser",
        r#"{"Uid":5}"#,
        "Uid=5",
        of_user(UserRef::Uid(5)),
    );
    check(
        "ListGroupsForUser",
        r#"{"Uid":5,"SubUin":6}"#,
        "Uid=5&SubUin=6",
        of_user(UserRef::Both(Uin(6), 5)),
    );
    check(
        "ListUsersForGroup",
        r#"{"GroupId":3}"#,
        "GroupId=3",
        group(GroupOperation::ListUsers {
            group_id,
            paging: PAGING,
        }),
    );
    check(
        "AttachGroupPolicy",
        r#"{"AttachGroupId":3,"PolicyId":7}"#,
        "AttachGroupId=3&PolicyId=7",
        group(GroupOperation::AttachPolicy { group_id, policy_id }),
    );
    check(
        "DetachGroupPolicy",
        r#"{"DetachGroupId":3,"PolicyId":7}"#,
        "DetachGroupId=3&PolicyId=7",
        group(GroupOperation::DetachPolicy { group_id, policy_id }),
    );
    check(
        "ListAttachedGroupPolicies",
        r#"{"TargetGroupId":3}"#,
        "TargetGroupId=3",
        group(GroupOperation::ListPolicies {
            group_id,
            keyword: None,
            paging: PAGING,
        }),
    );
}

#[test]
fn boundary_calls() {
    let (uin, policy_id) = (Uin(5), PolicyId(7));
    let boundary = IdentityOperation::Boundary;
    check(
        "PutUserPermissionsBoundary",
        r#"{"TargetUin":5,"PolicyId":7}"#,
        "TargetUin=5&PolicyId=7",
        boundary(BoundaryOperation::Put { uin, policy_id }),
    );
    let target = (r#"{"TargetUin":5}"#, "TargetUin=5");
    check(
        "DeleteUserPermissionsBoundary",
        target.0,
        target.1,
        boundary(BoundaryOperation::Delete(uin)),
    );
    check(
        "GetUserPermissionBoundary",
        target.0,
        target.1,
        boundary(BoundaryOperation::Get(uin)),
    );
    let list = |reach, scope| {
        IdentityOperation::ListUserPolicies(UserPolicies {
            uin,
            reach,
            scope,
            keyword: None,
            paging: PAGING,
        })
    };
    check(
        "ListAttachedUserAllPolicies",
        r#"{"TargetUin":5,"Page":1,"Rp":20,"AttachType":0}"#,
        "TargetUin=5&Page=1&Rp=20&AttachType=0",
        list(AttachmentReach::All, PolicyScope::All),
    );
    check(
        "ListAttachedUserAllPolicies",
        r#"{"TargetUin":5,"Page":1,"Rp":20,"AttachType":2,"StrategyType":1}"#,
        "TargetUin=5&Page=1&Rp=20&AttachType=2&StrategyType=1",
        list(AttachmentReach::ThroughGroups, PolicyScope::Custom),
    );
    check(
        "ListEntitiesForPolicy",
        r#"{"PolicyId":7,"EntityFilter":"Group"}"#,
        "PolicyId=7&EntityFilter=Group",
        IdentityOperation::ListPolicyEntities {
            policy_id,
            filter: EntityFilter::Groups,
            paging: PAGING,
        },
    );
}

#[test]
fn legacy_calls() {
    let read_legacy = |query: &str| read(&Method::GET, "/v2/index.php", query, &HeaderMap::new(), b"");
    let good = "Action=GetFederationToken&name=cos-sts-nodejs&policy=%257B%257D&durationSeconds=60&Nonce=1";
    let call = read_legacy(good).unwrap();
    assert_eq!(call.spelling().edition, Edition::Legacy);
    assert_eq!(call.scheme(), Scheme::V1);
    let expected = Operation::Session(federation(Some("{}"), Some(60)));
    assert_eq!(call.operation(), Ok(expected));

    let current_names = read_legacy("Action=GetFederationToken&Name=cos").unwrap();
    assert_eq!(
        current_names.operation().unwrap_err().code,
        ErrorCode::MissingParameter
    );
    let refused = |query: &str| read_legacy(query).unwrap_err().code;
    assert_eq!(refused("Action=AddUser"), ErrorCode::InvalidAction);
    assert_eq!(refused("Action=AssumeRoleWithSAML"), ErrorCode::NotImplemented);
    assert_eq!(
        refused("Action=GetFederationToken&Version=2019-01-16"),
        ErrorCode::InvalidVersion
    );
    let tc3 = tc3("GetFederationToken", "2018-08-13", JSON);
    let mixed = read(&Method::POST, "/v2/index.php", "", &tc3, b"{}");
    assert_eq!(mixed.unwrap_err().code, ErrorCode::UnsupportedProtocol);
}

#[test]
fn a_v1_signature_covers_every_parameter_decoded_once() {
    let body =
        "Action=GetCallerIdentity&Version=2018-08-13&SecretId=AKIDx&RequestClient=%257B+&Signature=a%2Bb%3D";
    let form = headers(&[("Content-Type", FORM)]);
    let call = read(&Method::POST, "/", "", &form, body.as_bytes()).unwrap();
    let pairs: Vec<_> = call
        .v1_parameters()
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("Action", "GetCallerIdentity"),
            ("Version", "2018-08-13"),
            ("SecretId", "AKIDx"),
            ("RequestClient", "%7B "),
            ("Signature", "a+b="),
        ]
    );
    assert!(
        post_json("GetCallerIdentity", "{}")
            .unwrap()
            .v1_parameters()
            .is_empty()
    );
    assert!(
        !format!("{call:?}").contains("a+b="),
        "a call hides its parameters"
    );
}
