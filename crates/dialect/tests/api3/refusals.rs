//! What is refused, and with which code; and which requests are not of these APIs at all.

use daypass_api::ErrorCode;
use daypass_dialect::api3::{MAX_BODY_BYTES, MAX_QUERY_BYTES, is_action_request};
use serde_json::json;

use super::*;

/// Parameters of an action that are refused, in JSON and, where it can be said there, in a form.
fn check_bad(action: &str, json: &str, form: Option<&str>, expected: &str) {
    let service = Action::parse(action).unwrap().service();
    let refusal = |call: Result<Call, Error>| {
        let error = call.and_then(|call| call.operation()).unwrap_err();
        code_text(&error, service)
    };
    assert_eq!(refusal(post_json(action, json)), expected, "{action} {json}");
    if let Some(form) = form {
        assert_eq!(refusal(post_form(action, form)), expected, "{action} {form}");
        assert_eq!(refusal(get_tc3(action, form)), expected, "{action} {form}");
    }
}

#[test]
fn bad_session_parameters() {
    let check = |json: &str, form, expected| check_bad("GetFederationToken", json, form, expected);
    check("{}", Some(""), "MissingParameter");
    check(r#"{"Name":null}"#, None, "MissingParameter");
    check(r#"{"Name":""}"#, Some("Name="), "InvalidParameter.ParamError");
    check(
        r#"{"Name":"a b"}"#,
        Some("Name=a+b"),
        "InvalidParameter.ParamError",
    );
    check(r#"{"Name":5}"#, None, "InvalidParameter");
    check(r#"{"name":"a"}"#, Some("name=a"), "MissingParameter");
    check(
        r#"{"Name":"a","DurationSeconds":1.5}"#,
        Some("Name=a&DurationSeconds=1.5"),
        "InvalidParameter",
    );
    check(
        r#"{"Name":"a","DurationSeconds":true}"#,
        Some("Name=a&DurationSeconds="),
        "InvalidParameter",
    );
    check(
        r#"{"Name":"a","Policy":"undefined"}"#,
        Some("Name=a&Policy=undefined"),
        "InvalidParameter.StrategyFormatError",
    );
    check(
        r#"{"Name":"a","Policy":" "}"#,
        Some("Name=a&Policy=+"),
        "InvalidParameter.StrategyFormatError",
    );
    check(
        r#"{"Name":"a","Policy":{}}"#,
        Some("Name=a&Policy.0.a=1"),
        "InvalidParameter",
    );
    check(
        r#"{"Name":"a","RoleArn":"x"}"#,
        Some("Name=a&RoleArn=x"),
        "UnknownParameter",
    );
    check(
        r#"{"Name":"a","policy":"{}"}"#,
        Some("Name=a&policy=%7B%7D"),
        "UnknownParameter",
    );
    check(
        r#"{"Name":"a","Name":"b"}"#,
        Some("Name=a&Name=b"),
        "InvalidParameter",
    );
    check("", Some("Name=%"), "InvalidParameter");
    check_bad(
        "GetCallerIdentity",
        r#"{"Uin":1}"#,
        Some("Uin=1"),
        "UnknownParameter",
    );
    // Common parameters stand in headers there: in the body they would be neither used nor covered alike.
    check_bad(
        "GetCallerIdentity",
        r#"{"Action":"GetCallerIdentity"}"#,
        None,
        "UnknownParameter",
    );
}

#[test]
fn bad_identity_parameters() {
    let check = check_bad;
    check("AddUser", "{}", Some(""), "MissingParameter");
    check(
        "AddUser",
        r#"{"Name":"a b"}"#,
        Some("Name=a%20b"),
        "InvalidParameter.UserNameIllegal",
    );
    check(
        "AddUser",
        r#"{"Name":"a","UseApi":2}"#,
        Some("Name=a&UseApi=2"),
        "InvalidParameterValue",
    );
    for (name, value, expected) in [
        ("ConsoleLogin", "1", "UnsupportedOperation"),
        ("NeedResetPassword", "1", "UnsupportedOperation"),
        ("Password", "secret", "InvalidParameter.PasswordViolatedRules"),
        ("PhoneNum", "12x", "InvalidParameter.ParamError"),
        ("CountryCode", "de", "InvalidParameter.ParamError"),
        ("Email", "a.b", "InvalidParameter.ParamError"),
    ] {
        let json = json!({ "Name": "a", name: value }).to_string();
        for action in ["AddUser", "UpdateUser"] {
            check(action, &json, Some(&format!("Name=a&{name}={value}")), expected);
        }
    }
    for (name, letter, most) in [
        ("PhoneNum", "1", 32),
        ("CountryCode", "1", 8),
        ("Email", "@", 254),
    ] {
        let of = |length| json!({ "Name": "a", name: letter.repeat(length) }).to_string();
        assert!(
            post_json("UpdateUser", &of(most)).unwrap().operation().is_ok(),
            "{name}"
        );
        check("UpdateUser", &of(most + 1), None, "InvalidParameter.ParamError");
    }
    let remark = |length| json!({ "Name": "a", "Remark": "r".repeat(length) }).to_string();
    assert!(post_json("AddUser", &remark(1024)).unwrap().operation().is_ok());
    check("AddUser", &remark(1025), None, "InvalidParameter.ParamError");
    check(
        "AddUser",
        r#"{"Name":"a","Policy":"{}"}"#,
        Some("Name=a&Policy=%7B%7D"),
        "UnknownParameter",
    );
    check(
        "DeleteUser",
        r#"{"Name":"a","Force":"yes"}"#,
        Some("Name=a&Force=yes"),
        "InvalidParameter",
    );
    check("ListUsers", r#"{"Name":"a"}"#, Some("Name=a"), "UnknownParameter");

    check(
        "CreateAccessKey",
        r#"{"TargetUin":-1}"#,
        Some("TargetUin=-1"),
        "InvalidParameter.ParamError",
    );
    check(
        "CreateAccessKey",
        r#"{"TargetUin":"me"}"#,
        Some("TargetUin=me"),
        "InvalidParameter",
    );
    check(
        "CreateAccessKey",
        r#"{"Description":"a b"}"#,
        Some("Description=a+b"),
        "InvalidParameter.ParamError",
    );
    let described = |length| json!({ "Description": "d".repeat(length) }).to_string();
    assert!(
        post_json("CreateAccessKey", &described(1024))
            .unwrap()
            .operation()
            .is_ok()
    );
    check(
        "CreateAccessKey",
        &described(1025),
        None,
        "InvalidParameter.ParamError",
    );
    check(
        "UpdateAccessKey",
        r#"{"AccessKeyId":"A"}"#,
        Some("AccessKeyId=A"),
        "MissingParameter",
    );
    check(
        "UpdateAccessKey",
        r#"{"AccessKeyId":"A","Status":"active"}"#,
        Some("AccessKeyId=A&Status=active"),
        "InvalidParameterValue",
    );
    check(
        "DeleteAccessKey",
        r#"{"AccessKeyId":"a b"}"#,
        Some("AccessKeyId="),
        "ResourceNotFound.SecretNotExist",
    );
}

#[test]
fn bad_policy_parameters() {
    let check = check_bad;
    let create = |description: &str, tags: Value| {
        let fields = json!({
            "PolicyName": "p", "PolicyDocument": "{}", "Description": description, "Tags": tags,
        });
        fields.to_string()
    };
    assert!(
        post_json("CreatePolicy", &create(&"d".repeat(300), json!([])))
            .unwrap()
            .operation()
            .is_ok()
    );
    check(
        "CreatePolicy",
        &create(&"d".repeat(301), json!([])),
        None,
        "InvalidParameter.DescriptionLengthOverlimit",
    );
    check(
        "CreatePolicy",
        &create("", json!([{ "Value": "a" }])),
        Some("PolicyName=p&PolicyDocument=%7B%7D&Tags.0.Value=a"),
        "MissingParameter",
    );
    for (tags, expected) in [
        (
            json!([{ "Key": "a", "Value": "1" }, { "Key": "a", "Value": "2" }]),
            "InvalidParameter.TagParamError",
        ),
        (
            json!([{ "Key": "k".repeat(129), "Value": "v" }]),
            "InvalidParameter.TagParamError",
        ),
        (
            json!([{ "Key": "k", "Value": "v".repeat(257) }]),
            "InvalidParameter.TagParamError",
        ),
        (
            json!([{ "Key": "k", "Value": "v", "Colour": "red" }]),
            "UnknownParameter",
        ),
        (json!(["k"]), "InvalidParameter"),
        (json!({ "Key": "k" }), "InvalidParameter"),
    ] {
        check("CreatePolicy", &create("", tags), None, expected);
    }
    let tags = |count: u32| {
        (0..count)
            .map(|n| json!({ "Key": n.to_string(), "Value": "v" }))
            .collect::<Value>()
    };
    assert!(
        post_json("CreatePolicy", &create("", tags(50)))
            .unwrap()
            .operation()
            .is_ok()
    );
    check(
        "CreatePolicy",
        &create("", tags(51)),
        None,
        "InvalidParameter.TagLimitExceeded",
    );
    check(
        "CreatePolicy",
        r#"{"PolicyName":"p"}"#,
        Some("PolicyName=p"),
        "MissingParameter",
    );
    check(
        "CreatePolicy",
        r#"{"PolicyName":"p q","PolicyDocument":"{}"}"#,
        Some("PolicyName=p+q&PolicyDocument=%7B%7D"),
        "InvalidParameter.PolicyNameError",
    );
    check("GetPolicy", "{}", Some(""), "MissingParameter");
    check(
        "GetPolicy",
        r#"{"PolicyId":-1}"#,
        Some("PolicyId=-1"),
        "InvalidParameter.PolicyIdError",
    );
    check(
        "GetPolicy",
        r#"{"PolicyId":18446744073709551616}"#,
        Some("PolicyId=18446744073709551616"),
        "InvalidParameter.PolicyIdError",
    );
    check(
        "GetPolicy",
        r#"{"PolicyId":"x"}"#,
        Some("PolicyId=x"),
        "InvalidParameter",
    );
    check(
        "GetPolicy",
        r#"{"PolicyId":[1]}"#,
        Some("PolicyId.0=1"),
        "InvalidParameter",
    );
    check(
        "DeletePolicy",
        r#"{"PolicyId":1}"#,
        Some("PolicyId=1"),
        "InvalidParameter",
    );
    check("DeletePolicy", r#"{"PolicyId":[]}"#, Some(""), "MissingParameter");
    check(
        "DeletePolicy",
        r#"{"PolicyId":[1,null]}"#,
        Some("PolicyId.0=1&PolicyId.2=2"),
        "InvalidParameter",
    );
    let many = |count: u32| json!({ "PolicyId": (0..count).collect::<Vec<_>>() }).to_string();
    assert!(post_json("DeletePolicy", &many(200)).unwrap().operation().is_ok());
    check("DeletePolicy", &many(201), None, "InvalidParameter.PolicyIdError");
    check(
        "ListPolicies",
        r#"{"Scope":"Mine"}"#,
        Some("Scope=Mine"),
        "InvalidParameter.ScopeError",
    );
    let keyword = |length| json!({ "Keyword": "k".repeat(length) }).to_string();
    assert!(
        post_json("ListPolicies", &keyword(128))
            .unwrap()
            .operation()
            .is_ok()
    );
    check(
        "ListPolicies",
        &keyword(129),
        None,
        "InvalidParameter.KeywordError",
    );
    for (name, value) in [("Page", 0), ("Page", 201), ("Rp", 0), ("Rp", 201), ("Rp", -1)] {
        let form = format!("{name}={value}");
        check(
            "ListPolicies",
            &json!({ name: value }).to_string(),
            Some(&form),
            "InvalidParameter.ParamError",
        );
    }
    check(
        "AttachUserPolicy",
        r#"{"PolicyId":1}"#,
        Some("PolicyId=1"),
        "MissingParameter",
    );
    check(
        "AttachUserPolicy",
        r#"{"DetachUin":1,"PolicyId":1}"#,
        Some("DetachUin=1&PolicyId=1"),
        "MissingParameter",
    );
    check("ListAttachedUserPolicies", "{}", Some(""), "MissingParameter");
}

#[test]
fn bad_group_parameters() {
    let check = check_bad;
    check("CreateGroup", "{}", Some(""), "MissingParameter");
    check(
        "CreateGroup",
        r#"{"GroupName":""}"#,
        Some("GroupName="),
        "InvalidParameter.ParamError",
    );
    let named = |length| json!({ "GroupName": "组".repeat(length) }).to_string();
    assert!(post_json("CreateGroup", &named(64)).unwrap().operation().is_ok());
    check("CreateGroup", &named(65), None, "InvalidParameter.ParamError");
    check(
        "GetGroup",
        r#"{"GroupId":-1}"#,
        Some("GroupId=-1"),
        "ResourceNotFound.GroupNotExist",
    );
    for (json, expected) in [
        ("{}", "MissingParameter"),
        (r#"{"Info":[]}"#, "MissingParameter"),
        (r#"{"Info":[{"Uin":1}]}"#, "MissingParameter"),
        (
            r#"{"Info":[{"GroupId":1}]}"#,
            "InvalidParameter.UserUinAndUinNotAllNull",
        ),
        (
            r#"{"Info":[{"GroupId":-1,"Uin":1}]}"#,
            "InvalidParameter.GroupNotExist",
        ),
        (
            r#"{"Info":[{"GroupId":1,"Uin":-1}]}"#,
            "InvalidParameter.ParamError",
        ),
        (
            r#"{"Info":[{"GroupId":1,"Uin":1,"Name":"x"}]}"#,
            "UnknownParameter",
        ),
        (r#"{"Info":[1]}"#, "InvalidParameter"),
    ] {
        check("AddUserToGroup", json, None, expected);
        check("RemoveUserFromGroup", json, None, expected);
    }
    let many = |count: u32| json!({ "Info": (0..count).map(|n| json!({ "GroupId": n, "Uin": n })).collect::<Value>() });
    assert!(
        post_json("AddUserToGroup", &many(100).to_string())
            .unwrap()
            .operation()
            .is_ok()
    );
    check(
        "AddUserToGroup",
        &many(101).to_string(),
        None,
        "InvalidParameter.ParamError",
    );
    check(
        "ListGroupsForUser",
        "{}",
        Some(""),
        "InvalidParameter.UserUinAndUinNotAllNull",
    );
    check(
        "AttachGroupPolicy",
        r#"{"PolicyId":1}"#,
        Some("PolicyId=1"),
        "MissingParameter",
    );
}

#[test]
fn bad_parameters_of_versions_and_lists() {
    let check = check_bad;
    let create = r#"{"PolicyId":1,"PolicyDocument":"{}"}"#;
    check("CreatePolicyVersion", create, None, "MissingParameter");
    check(
        "CreatePolicyVersion",
        r#"{"PolicyId":1,"PolicyDocument":"{}","SetAsDefault":"maybe"}"#,
        Some("PolicyId=1&PolicyDocument={}&SetAsDefault=2"),
        "InvalidParameter",
    );
    let version = "InvalidParameter.PolicyVersionNotExists";
    check(
        "GetPolicyVersion",
        r#"{"PolicyId":1,"VersionId":-1}"#,
        Some("PolicyId=1&VersionId=-1"),
        version,
    );
    let delete =
        |count: u32| json!({ "PolicyId": 1, "VersionId": (0..count).collect::<Vec<_>>() }).to_string();
    assert!(
        post_json("DeletePolicyVersion", &delete(5))
            .unwrap()
            .operation()
            .is_ok()
    );
    check(
        "DeletePolicyVersion",
        &delete(6),
        None,
        "InvalidParameter.ParamError",
    );
    check(
        "DeletePolicyVersion",
        &delete(0),
        Some("PolicyId=1"),
        "MissingParameter",
    );
    check("UpdatePolicy", "{}", Some(""), "MissingParameter");
    check(
        "UpdatePolicy",
        r#"{"PolicyId":1,"PolicyName":"a"}"#,
        Some("PolicyId=1&PolicyName=a"),
        "InvalidParameter.ParamError",
    );
    let all = "ListAttachedUserAllPolicies";
    for missing in ["TargetUin", "Page", "Rp", "AttachType"] {
        let mut parameters = json!({ "TargetUin": 1, "Page": 1, "Rp": 1, "AttachType": 0 });
        parameters.as_object_mut().unwrap().remove(missing);
        check(all, &parameters.to_string(), None, "MissingParameter");
    }
    let with = |name: &str, value: u32| {
        let mut parameters = json!({ "TargetUin": 1, "Page": 1, "Rp": 1, "AttachType": 0 });
        parameters[name] = json!(value);
        parameters.to_string()
    };
    for (name, value) in [
        ("AttachType", 3),
        ("StrategyType", 0),
        ("StrategyType", 3),
        ("Rp", 201),
    ] {
        check(all, &with(name, value), None, "InvalidParameter.ParamError");
    }
    check(
        "ListEntitiesForPolicy",
        r#"{"PolicyId":1,"EntityFilter":"Dog"}"#,
        Some("PolicyId=1&EntityFilter=Dog"),
        "InvalidParameter.EntityFilterError",
    );
    let describe = |count: u32| json!({ "FilterSubAccountUin": (0..count).collect::<Vec<_>>() }).to_string();
    assert!(
        post_json("DescribeSubAccounts", &describe(50))
            .unwrap()
            .operation()
            .is_ok()
    );
    check(
        "DescribeSubAccounts",
        &describe(51),
        None,
        "InvalidParameter.ParamError",
    );
    check("DescribeSubAccounts", &describe(0), Some(""), "MissingParameter");
    let used = |count: u32| json!({ "SecretIdList": vec!["AKID1"; count as usize] }).to_string();
    assert!(
        post_json("GetSecurityLastUsed", &used(10))
            .unwrap()
            .operation()
            .is_ok()
    );
    check(
        "GetSecurityLastUsed",
        &used(11),
        None,
        "InvalidParameter.ParamError",
    );
    check(
        "GetSecurityLastUsed",
        r#"{"SecretIdList":["a b"]}"#,
        Some("SecretIdList.0=a+b"),
        "ResourceNotFound.SecretNotExist",
    );
    check(
        "ListCollaborators",
        r#"{"Offset":-1}"#,
        Some("Offset=-1"),
        "InvalidParameter.ParamError",
    );
    check(
        "PutUserPermissionsBoundary",
        r#"{"TargetUin":1}"#,
        Some("TargetUin=1"),
        "MissingParameter",
    );
    check("GetUserPermissionBoundary", "{}", Some(""), "MissingParameter");
}

/// A request that fits no form.
fn check_refused(
    method: Method,
    path: &str,
    query: &str,
    lines: &[(&str, &str)],
    body: &[u8],
    expected: &str,
) {
    let error = read(&method, path, query, &headers(lines), body).unwrap_err();
    assert_eq!(
        code_text(&error, Service::Sts),
        expected,
        "{method} {path}?{query} {lines:?}"
    );
}

#[test]
fn bad_transport() {
    let json = ("Content-Type", JSON);
    let form = ("Content-Type", FORM);
    let action = ("X-TC-Action", "GetCallerIdentity");
    let version = ("X-TC-Version", "2018-08-13");
    let signed = ("Authorization", "TC3-HMAC-SHA256 x");
    let query = "Action=GetCallerIdentity&Version=2018-08-13";
    let check = check_refused;
    check(Method::PUT, "/", query, &[], b"", "UnsupportedProtocol");
    check(Method::HEAD, "/", query, &[], b"", "UnsupportedProtocol");
    check(Method::GET, "/x", query, &[], b"", "InvalidAction");
    check(Method::GET, "/", query, &[form], b"a=1", "UnsupportedProtocol");
    check(
        Method::POST,
        "/",
        query,
        &[form],
        query.as_bytes(),
        "UnsupportedProtocol",
    );
    check(
        Method::POST,
        "/",
        "",
        &[],
        query.as_bytes(),
        "UnsupportedProtocol",
    );
    check(Method::POST, "/", "", &[json], b"{}", "UnsupportedProtocol");
    check(
        Method::POST,
        "/",
        "",
        &[form, action, version, signed],
        b"",
        "UnsupportedProtocol",
    );
    check(
        Method::POST,
        "/",
        "",
        &[form, signed],
        query.as_bytes(),
        "UnsupportedProtocol",
    );
    let multipart = ("Content-Type", "multipart/form-data; boundary=x");
    check(
        Method::POST,
        "/",
        "",
        &[multipart, action, version, signed],
        b"",
        "UnsupportedProtocol",
    );
    let other_charset = ("Content-Type", "application/json; charset=gbk");
    check(
        Method::POST,
        "/",
        "",
        &[other_charset, action, version, signed],
        b"{}",
        "UnsupportedProtocol",
    );
    check(
        Method::POST,
        "/",
        "",
        &[json, json, action, version, signed],
        b"{}",
        "InvalidParameter",
    );
    check(
        Method::POST,
        "/",
        "",
        &[json, action, action, version, signed],
        b"{}",
        "InvalidParameter",
    );
    check(
        Method::POST,
        "/",
        "",
        &[json, signed, version],
        b"{}",
        "MissingParameter",
    );
    check(
        Method::POST,
        "/",
        "",
        &[json, signed, action],
        b"{}",
        "MissingParameter",
    );
    check(
        Method::POST,
        "/",
        "",
        &[json, action, version],
        b"",
        "InvalidParameter",
    );
    check(
        Method::GET,
        "/",
        "Action=GetCallerIdentity",
        &[],
        b"",
        "MissingParameter",
    );
    check(
        Method::GET,
        "/",
        "Version=2018-08-13",
        &[],
        b"",
        "MissingParameter",
    );
    check(
        Method::GET,
        "/",
        "Action=GetCallerIdentity&Version=2019-01-16",
        &[],
        b"",
        "NoSuchVersion",
    );
    check(
        Method::GET,
        "/",
        "Action=AddUser&Version=2018-08-13",
        &[],
        b"",
        "NoSuchVersion",
    );
    check(
        Method::GET,
        "/",
        "Action=Nonsense&Version=2018-08-13",
        &[],
        b"",
        "InvalidAction",
    );
    check(
        Method::GET,
        "/",
        "Action=AssumeRoleWithSAML&Version=2018-08-13",
        &[],
        b"",
        "UnsupportedOperation",
    );
    // A second action, or an action hidden from the signature, has no effect.
    check(
        Method::GET,
        "/",
        "Action=AddUser&Action=GetUser&Version=2019-01-16",
        &[],
        b"",
        "InvalidParameter",
    );
}

#[test]
fn a_tc3_query_does_not_carry_an_action() {
    let call = get_tc3("GetCallerIdentity", "Action=AddUser").unwrap();
    assert_eq!(call.operation().unwrap_err().code, ErrorCode::UnknownParameter);
}

#[test]
fn a_charset_of_utf_8_is_fine() {
    for content_type in [
        "application/json; charset=utf-8",
        "Application/JSON;charset=\"UTF-8\"",
        "application/json;",
    ] {
        let headers = tc3("GetCallerIdentity", "2018-08-13", content_type);
        assert!(
            read(&Method::POST, "/", "", &headers, b"{}").is_ok(),
            "{content_type}"
        );
    }
}

#[test]
fn sizes_are_bounded() {
    let v1_query = |length: usize| {
        let query = "Action=GetCallerIdentity&Version=2018-08-13&RequestClient=";
        let query = format!("{query}{}", "x".repeat(length - query.len()));
        let result = read(&Method::GET, "/", &query, &HeaderMap::new(), b"");
        result.map_err(|error| code_text(&error, Service::Sts)).err()
    };
    assert_eq!(v1_query(MAX_QUERY_BYTES), None);
    assert_eq!(
        v1_query(MAX_QUERY_BYTES + 1).unwrap(),
        "AuthFailure.SignatureFailure"
    );
    let json = |length: usize| {
        let body = format!("{{}}{}", " ".repeat(length - 2));
        let error = post_json("GetCallerIdentity", &body).err();
        error.map(|error| code_text(&error, Service::Sts))
    };
    assert_eq!(json(MAX_BODY_BYTES), None);
    assert_eq!(json(MAX_BODY_BYTES + 1).unwrap(), "RequestSizeLimitExceeded");
}

#[test]
fn requests_of_these_apis_are_told_by_their_head() {
    let check = |method: Method, path: &str, query: &str, lines: &[(&str, &str)], expected: bool| {
        let found = is_action_request(&method, path, query, &headers(lines));
        assert_eq!(found, expected, "{method} {path}?{query} {lines:?}");
    };
    check(Method::GET, "/", "", &[], false);
    check(Method::GET, "/", "prefix=Action", &[], false);
    check(Method::GET, "/", "a=1&Action=X", &[], true);
    check(Method::GET, "/", "%41ction=X", &[], true);
    check(Method::GET, "/v2/index.php", "Action=X", &[], true);
    check(Method::GET, "/bucket-1/key", "Action=X", &[], false);
    check(Method::POST, "/", "Action=X", &[], false);
    check(Method::POST, "/", "", &[("Content-Type", FORM)], true);
    check(Method::POST, "/", "", &[("Content-Type", JSON)], false);
    check(
        Method::POST,
        "/",
        "",
        &[("Content-Type", JSON), ("X-TC-Action", "X")],
        true,
    );
    check(
        Method::POST,
        "/",
        "",
        &[("Authorization", "TC3-HMAC-SHA256 x")],
        true,
    );
    check(
        Method::GET,
        "/",
        "",
        &[("Authorization", "q-sign-algorithm=sha1")],
        false,
    );
    check(Method::POST, "/bucket-1/key", "", &[("X-TC-Action", "X")], false);
}

#[test]
fn bad_role_parameters() {
    let check = check_bad;
    check("CreateRole", "{}", Some(""), "MissingParameter");
    check(
        "CreateRole",
        r#"{"RoleName":"a/b","PolicyDocument":"{}"}"#,
        Some("RoleName=a/b&PolicyDocument={}"),
        "InvalidParameter.RoleNameError",
    );
    check(
        "CreateRole",
        r#"{"RoleName":"a","PolicyDocument":"{}","SessionDuration":43201}"#,
        Some("RoleName=a&PolicyDocument={}&SessionDuration=43201"),
        "InvalidParameter.ParamError",
    );
    // A role by both of its names might be two.
    check(
        "GetRole",
        r#"{"RoleId":"5","RoleName":"a"}"#,
        Some("RoleId=5&RoleName=a"),
        "InvalidParameter.ParamError",
    );
    for id in ["x", "05", "-1"] {
        check(
            "GetRole",
            &json!({ "RoleId": id }).to_string(),
            Some(&format!("RoleId={id}")),
            "InvalidParameter.RoleNotExist",
        );
    }
    check(
        "AttachRolePolicy",
        r#"{"AttachRoleName":"a","PolicyId":1,"PolicyName":"p"}"#,
        Some("AttachRoleName=a&PolicyId=1&PolicyName=p"),
        "InvalidParameter.ParamError",
    );
    check(
        "GetRolePermissionBoundary",
        r#"{"RoleName":"a"}"#,
        Some("RoleName=a"),
        "MissingParameter",
    );
    check(
        "DescribeRoleList",
        r#"{"Rp":1}"#,
        Some("Rp=1"),
        "MissingParameter",
    );
    let tag = |json: &str, form, expected| {
        let json = format!(r#"{{"RoleName":"a","Tags":{json}}}"#);
        check_bad("TagRole", &json, form, expected);
    };
    tag(
        r#"[{"Key":"k"}]"#,
        Some("RoleName=a&Tags.0.Key=k"),
        "MissingParameter",
    );
    tag(
        r#"[{"Key":"k","Value":"v","More":"m"}]"#,
        Some("RoleName=a&Tags.0.Key=k&Tags.0.Value=v&Tags.0.More=m"),
        "UnknownParameter",
    );
    tag(
        r#"[{"Key":"","Value":"v"}]"#,
        Some("RoleName=a&Tags.0.Key=&Tags.0.Value=v"),
        "InvalidParameter.TagParamError",
    );
    tag(r#"["k"]"#, Some("RoleName=a&Tags.0=k"), "InvalidParameter");
}

#[test]
fn bad_parameters_of_a_role_s_session() {
    let check = |more: &str, expected: &str| {
        let json = format!(r#"{{"RoleArn":"qcs::cam::uin/1:role/5","RoleSessionName":"ann"{more}}}"#);
        check_bad("AssumeRole", &json, None, expected);
    };
    check(r#","DurationSeconds":1.5"#, "InvalidParameter");
    check(r#","Policy":" ""#, "InvalidParameter.StrategyFormatError");
    check(r#","ExternalId":"a""#, "InvalidParameter.ParamError");
    check(r#","SourceIdentity":"a b""#, "InvalidParameter.ParamError");
    check(
        r#","Tags":[{"Key":"k","Value":"1"},{"Key":"k","Value":"2"}]"#,
        "InvalidParameter.ParamError",
    );
    check(r#","TokenCode":"1""#, "FailedOperation.CheckMFAError");
    check(r#","Surplus":"1""#, "UnknownParameter");
}
