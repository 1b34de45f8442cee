"""The access management through its SDK: users, access keys, policies, and the codes of what is refused."""

import json

import pytest

import signer
from cloud import TC3, api_refuses, in_bucket, policy, statement, unique

NOBODY = 100000009999
ALLOW_ALL = statement("cos:*", "*")


@pytest.fixture
def cam(cloud):
    return cloud.call_cam


def document(*statements) -> str:
    return json.dumps(policy(*statements))


# Users.


@pytest.mark.parametrize(
    "scheme, method",
    [(TC3, "POST"), (TC3, "GET"), ("HmacSHA1", "POST"), ("HmacSHA1", "GET"), ("HmacSHA256", "POST")],
)
def test_a_user_comes_and_goes(cloud, cam, scheme, method):
    client = cloud.cam(cloud.root, scheme, method)
    name = unique("user")
    made = cam("AddUser", client=client, Name=name, Remark="a remark", UseApi=1)
    assert made.Name == name and made.Uin > 0 and made.Uid > 0
    assert made.SecretId.startswith("AKID") and len(made.SecretId) == 36 and len(made.SecretKey) == 32
    found = cam("GetUser", client=client, Name=name)
    assert (found.Uin, found.Name, found.Uid, found.Remark) == (made.Uin, name, made.Uid, "a remark")
    listed = cam("ListUsers", client=client).Data
    assert [entry.Uin for entry in listed if entry.Name == name] == [made.Uin]
    with api_refuses("OperationDenied.HaveKeys"):
        cam("DeleteUser", client=client, Name=name)
    cam("DeleteUser", client=client, Name=name, Force=1)
    with api_refuses("ResourceNotFound.UserNotExist"):
        cam("GetUser", client=client, Name=name)
    assert name not in [entry.Name for entry in cam("ListUsers", client=client).Data or []]


def test_a_user_without_a_key(cam):
    name = unique("user")
    made = cam("AddUser", Name=name)
    assert not made.SecretId and not made.SecretKey
    assert not cam("ListAccessKeys", TargetUin=made.Uin).AccessKeys
    cam("DeleteUser", Name=name)


def test_users_that_are_refused(cam, user):
    with api_refuses("InvalidParameter.SubUserNameInUse"):
        cam("AddUser", Name=user.name)
    for name in ("with space", "a" * 65, "a/b"):
        with api_refuses("InvalidParameter.UserNameIllegal"):
            cam("AddUser", Name=name)
    with api_refuses("MissingParameter"):
        cam("AddUser")
    for action in ("GetUser", "DeleteUser"):
        with api_refuses("ResourceNotFound.UserNotExist"):
            cam(action, Name=unique("missing"))


def test_the_name_of_a_deleted_user_is_free_but_its_rights_are_gone(cloud, cam, bucket):
    name = unique("user")
    first = cam("AddUser", Name=name, UseApi=1)
    policy_id = cloud.new_policy(ALLOW_ALL)
    cam("AttachUserPolicy", PolicyId=policy_id, AttachUin=first.Uin)
    cam("DeleteUser", Name=name, Force=1)
    second = cam("AddUser", Name=name, UseApi=1)
    assert second.Uin != first.Uin
    assert cam("ListAttachedUserPolicies", TargetUin=second.Uin).TotalNum == 0


# Access keys.


def test_access_keys_come_and_go(cloud, cam, user):
    made = cam("CreateAccessKey", TargetUin=user.uin, Description="spare").AccessKey
    assert made.AccessKeyId.startswith("AKID") and len(made.SecretAccessKey) == 32
    assert (made.Status, made.Description) == ("Active", "spare")
    listed = {key.AccessKeyId: key.Status for key in cam("ListAccessKeys", TargetUin=user.uin).AccessKeys}
    assert listed == {user.key.id: "Active", made.AccessKeyId: "Active"}
    with api_refuses("OperationDenied.AccessKeyOverLimit"):
        cam("CreateAccessKey", TargetUin=user.uin)
    cam("UpdateAccessKey", AccessKeyId=made.AccessKeyId, Status="Inactive", TargetUin=user.uin)
    listed = {key.AccessKeyId: key.Status for key in cam("ListAccessKeys", TargetUin=user.uin).AccessKeys}
    assert listed == {user.key.id: "Active", made.AccessKeyId: "Inactive"}
    cam("DeleteAccessKey", AccessKeyId=made.AccessKeyId, TargetUin=user.uin)
    assert [key.AccessKeyId for key in cam("ListAccessKeys", TargetUin=user.uin).AccessKeys] == [user.key.id]


def test_own_access_keys(cloud, cam, user):
    cloud.grant(user, statement(["cam:ListAccessKeys", "cam:CreateAccessKey"], "*"))
    assert [key.AccessKeyId for key in cam("ListAccessKeys", key=user.key).AccessKeys] == [user.key.id]
    made = cam("CreateAccessKey", key=user.key).AccessKey
    assert made.AccessKeyId in [
        key.AccessKeyId for key in cam("ListAccessKeys", TargetUin=user.uin).AccessKeys
    ]
    root_keys = [key.AccessKeyId for key in cam("ListAccessKeys").AccessKeys]
    assert root_keys == [cloud.root.id]


def test_access_keys_that_are_refused(cloud, cam, user):
    other = cloud.new_user()
    for action, further in (("UpdateAccessKey", {"Status": "Inactive"}), ("DeleteAccessKey", {})):
        with api_refuses("ResourceNotFound.SecretNotExist"):
            cam(action, AccessKeyId="AKID" + "x" * 32, TargetUin=user.uin, **further)
        with api_refuses("OperationDenied.UinNotMatch"):
            cam(action, AccessKeyId=other.key.id, TargetUin=user.uin, **further)
        with api_refuses("MissingParameter"):
            cam(action, TargetUin=user.uin, **further)
    with api_refuses("InvalidParameterValue"):
        cam("UpdateAccessKey", AccessKeyId=user.key.id, Status="Sleeping", TargetUin=user.uin)
    assert [key.AccessKeyId for key in cam("ListAccessKeys", TargetUin=other.uin).AccessKeys] == [
        other.key.id
    ]


# Policies.


@pytest.mark.parametrize("scheme, method", [(TC3, "POST"), (TC3, "GET"), ("HmacSHA256", "GET")])
def test_a_policy_comes_and_goes(cloud, cam, scheme, method):
    client = cloud.cam(cloud.root, scheme, method)
    name, text = unique("policy"), document(statement("cos:GetObject", in_bucket("b-1250000000", "目录/*")))
    made = cam(
        "CreatePolicy", client=client, PolicyName=name, PolicyDocument=text, Description="说明"
    ).PolicyId
    found = cam("GetPolicy", client=client, PolicyId=made)
    assert (found.PolicyName, found.Description, found.Type) == (name, "说明", 1)
    assert json.loads(found.PolicyDocument) == json.loads(text)
    listed = cam("ListPolicies", client=client, Keyword=name)
    assert listed.TotalNum == 1
    [entry] = listed.List
    assert (entry.PolicyId, entry.PolicyName, entry.Type) == (made, name, 1)
    cam("DeletePolicy", client=client, PolicyId=[made])
    with api_refuses("ResourceNotFound.PolicyIdNotFound"):
        cam("GetPolicy", client=client, PolicyId=made)


def test_preset_policies(cloud, cam, bucket, user):
    listed = cam("ListPolicies", Scope="QCS", Rp=200)
    presets = {entry.PolicyName: entry.PolicyId for entry in listed.List}
    assert {"AdministratorAccess", "QcloudCOSFullAccess", "QcloudCOSReadOnlyAccess"} <= set(presets)
    assert {entry.Type for entry in listed.List} == {2}
    cloud.ask(cloud.root, "PUT", bucket, "k", body=b"v")
    cam("AttachUserPolicy", PolicyId=presets["QcloudCOSReadOnlyAccess"], AttachUin=user.uin)
    assert cloud.ask(user.key, "GET", bucket, "k").status == 200
    assert cloud.ask(user.key, "PUT", bucket, "k", body=b"v").refusal == (403, "AccessDenied")
    [attached] = cam("ListAttachedUserPolicies", TargetUin=user.uin).List
    assert (attached.PolicyName, attached.PolicyType) == ("QcloudCOSReadOnlyAccess", "QCS")
    with api_refuses("FailedOperation"):
        cam("DeletePolicy", PolicyId=[presets["QcloudCOSReadOnlyAccess"]])


def test_policies_are_listed_in_pages(cloud, cam):
    common = unique("page")
    made = [
        cam("CreatePolicy", PolicyName=f"{common}-{n}", PolicyDocument=document(ALLOW_ALL)).PolicyId
        for n in range(5)
    ]
    pages = [cam("ListPolicies", Keyword=common, Scope="Local", Rp=2, Page=page) for page in (1, 2, 3, 4)]
    assert [page.TotalNum for page in pages] == [5, 5, 5, 5]
    assert [len(page.List or []) for page in pages] == [2, 2, 1, 0]
    assert sorted(entry.PolicyId for page in pages for entry in page.List or []) == sorted(made)
    cam("DeletePolicy", PolicyId=made)
    assert cam("ListPolicies", Keyword=common).TotalNum == 0


def test_policies_that_are_refused(cam):
    name = unique("policy")
    made = cam("CreatePolicy", PolicyName=name, PolicyDocument=document(ALLOW_ALL)).PolicyId
    with api_refuses("FailedOperation.PolicyNameInUse"):
        cam("CreatePolicy", PolicyName=name, PolicyDocument=document(ALLOW_ALL))
    for bad_name in ("with space", "a" * 129, "目录"):
        with api_refuses("InvalidParameter.PolicyNameError"):
            cam("CreatePolicy", PolicyName=bad_name, PolicyDocument=document(ALLOW_ALL))
    with api_refuses("InvalidParameter.DescriptionLengthOverlimit"):
        cam(
            "CreatePolicy",
            PolicyName=unique("policy"),
            PolicyDocument=document(ALLOW_ALL),
            Description="d" * 301,
        )
    with api_refuses("MissingParameter"):
        cam("CreatePolicy", PolicyName=unique("policy"))
    for action, parameters in (
        ("GetPolicy", {"PolicyId": made + 1_000_000}),
        ("DeletePolicy", {"PolicyId": [made + 1_000_000]}),
    ):
        with api_refuses("ResourceNotFound.PolicyIdNotFound"):
            cam(action, **parameters)
    for wrong in ({"Rp": 0}, {"Rp": 201}, {"Page": 0}):
        with api_refuses("InvalidParameter.ParamError"):
            cam("ListPolicies", **wrong)
    with api_refuses("InvalidParameter.ScopeError"):
        cam("ListPolicies", Scope="Some")
    cam("DeletePolicy", PolicyId=[made])


def with_condition(condition):
    return document(statement("cos:*", "*", condition=condition))


REFUSED_DOCUMENTS = {
    "not JSON": ("{", "InvalidParameter.PolicyDocumentError"),
    "deep": ("[" * 3000, "InvalidParameter.PolicyDocumentError"),
    "too long": (
        document(statement("cos:*", "qcs::cos:::" + "k" * 6144)),
        "InvalidParameter.PolicyDocumentLengthOverLimit",
    ),
    "no version": (json.dumps({"statement": [ALLOW_ALL]}), "InvalidParameter.VersionError"),
    "old version": (
        json.dumps({"version": "1.0", "statement": [ALLOW_ALL]}),
        "InvalidParameter.VersionError",
    ),
    "no statement": (json.dumps({"version": "2.0"}), "InvalidParameter.StatementError"),
    "notAction": (
        document(ALLOW_ALL | {"notAction": "cos:GetObject"}),
        "InvalidParameter.StatementError",
    ),
    "an effect": (document(statement("cos:*", "*", "maybe")), "InvalidParameter.EffectError"),
    "an action": (document(statement("PutObject", "*")), "InvalidParameter.ActionError"),
    "a resource": (document(statement("cos:*", "somewhere")), "InvalidParameter.ResourceError"),
    "a project": (document(statement("cos:*", "qcs:1:cos:::*")), "InvalidParameter.ResourceProjectError"),
    "a principal": (document(ALLOW_ALL | {"principal": {"qcs": ["*"]}}), "InvalidParameter.PrincipalError"),
    "a condition": (with_condition([]), "InvalidParameter.ConditionError"),
    "an operator": (with_condition({"equals": {"cos:prefix": "a"}}), "InvalidParameter.ConditionTypeError"),
    "a key": (with_condition({"string_equal": {"cos:prefiks": "a"}}), "InvalidParameter.ConditionError"),
    "a value": (
        with_condition({"ip_equal": {"qcs:ip": "somewhere"}}),
        "InvalidParameter.ConditionContentError",
    ),
}


@pytest.mark.parametrize("text, code", REFUSED_DOCUMENTS.values(), ids=REFUSED_DOCUMENTS.keys())
def test_documents_that_are_refused(cam, text, code):
    with api_refuses(code):
        cam("CreatePolicy", PolicyName=unique("policy"), PolicyDocument=text)


# Attachments.


def test_attaching_and_detaching(cloud, cam, bucket, user):
    policy_id = cloud.new_policy(ALLOW_ALL)
    assert cloud.ask(user.key, "PUT", bucket, "k", body=b"v").refusal == (403, "AccessDenied")
    cam("AttachUserPolicy", PolicyId=policy_id, AttachUin=user.uin)
    cam("AttachUserPolicy", PolicyId=policy_id, AttachUin=user.uin)
    attached = cam("ListAttachedUserPolicies", TargetUin=user.uin)
    assert (attached.TotalNum, [entry.PolicyId for entry in attached.List]) == (1, [policy_id])
    assert attached.List[0].PolicyType == "User"
    assert cloud.ask(user.key, "PUT", bucket, "k", body=b"v").status == 200
    cam("DetachUserPolicy", PolicyId=policy_id, DetachUin=user.uin)
    assert cam("ListAttachedUserPolicies", TargetUin=user.uin).TotalNum == 0
    assert cloud.ask(user.key, "PUT", bucket, "k", body=b"v").refusal == (403, "AccessDenied")


def test_attachments_that_are_refused(cloud, cam, user):
    policy_id = cloud.new_policy(ALLOW_ALL)
    for action, parameter in (("AttachUserPolicy", "AttachUin"), ("DetachUserPolicy", "DetachUin")):
        with api_refuses("ResourceNotFound.UserNotExist"):
            cam(action, PolicyId=policy_id, **{parameter: NOBODY})
        with api_refuses("ResourceNotFound.PolicyIdNotFound"):
            cam(action, PolicyId=policy_id + 1_000_000, **{parameter: user.uin})
        with api_refuses("MissingParameter"):
            cam(action, **{parameter: user.uin})
    with api_refuses("ResourceNotFound.UserNotExist"):
        cam("ListAttachedUserPolicies", TargetUin=NOBODY)


# Who may.


WRITES = {
    "AddUser": {"Name": "someone"},
    "DeleteUser": {"Name": "someone"},
    "CreateAccessKey": {},
    "CreatePolicy": {"PolicyName": "p", "PolicyDocument": document(ALLOW_ALL)},
    "DeletePolicy": {"PolicyId": [1]},
    "AttachUserPolicy": {"PolicyId": 1, "AttachUin": NOBODY},
    "DetachUserPolicy": {"PolicyId": 1, "DetachUin": NOBODY},
    "UpdateAccessKey": {"AccessKeyId": "AKID" + "x" * 32, "Status": "Inactive"},
    "DeleteAccessKey": {"AccessKeyId": "AKID" + "x" * 32},
    "UpdateUser": {"Name": "someone", "Remark": "r"},
    "UpdatePolicy": {"PolicyId": 1, "Description": "d"},
    "CreatePolicyVersion": {"PolicyId": 1, "PolicyDocument": document(ALLOW_ALL), "SetAsDefault": True},
    "DeletePolicyVersion": {"PolicyId": 1, "VersionId": [1]},
    "SetDefaultPolicyVersion": {"PolicyId": 1, "VersionId": 1},
    "CreateGroup": {"GroupName": "g"},
    "UpdateGroup": {"GroupId": 1, "Remark": "r"},
    "DeleteGroup": {"GroupId": 1},
    "AddUserToGroup": {"Info": [{"GroupId": 1, "Uin": NOBODY}]},
    "RemoveUserFromGroup": {"Info": [{"GroupId": 1, "Uin": NOBODY}]},
    "AttachGroupPolicy": {"PolicyId": 1, "AttachGroupId": 1},
    "DetachGroupPolicy": {"PolicyId": 1, "DetachGroupId": 1},
    "PutUserPermissionsBoundary": {"TargetUin": NOBODY, "PolicyId": 1},
    "DeleteUserPermissionsBoundary": {"TargetUin": NOBODY},
}
READS = {
    "GetUser": {"Name": "someone"},
    "ListUsers": {},
    "ListAccessKeys": {},
    "GetPolicy": {"PolicyId": 1},
    "ListPolicies": {},
    "ListAttachedUserPolicies": {"TargetUin": NOBODY},
    "DescribeSubAccounts": {"FilterSubAccountUin": [NOBODY]},
    "ListCollaborators": {},
    "GetUserAppId": {},
    "GetAccountSummary": {},
    "GetSecurityLastUsed": {"SecretIdList": ["AKID" + "x" * 32]},
    "ListAttachedUserAllPolicies": {"TargetUin": NOBODY, "Page": 1, "Rp": 20, "AttachType": 0},
    "ListEntitiesForPolicy": {"PolicyId": 1},
    "GetPolicyVersion": {"PolicyId": 1, "VersionId": 1},
    "ListPolicyVersions": {"PolicyId": 1},
    "GetGroup": {"GroupId": 1},
    "ListGroups": {},
    "ListGroupsForUser": {"SubUin": NOBODY},
    "ListUsersForGroup": {"GroupId": 1},
    "ListAttachedGroupPolicies": {"TargetGroupId": 1},
    "GetUserPermissionBoundary": {"TargetUin": NOBODY},
}


@pytest.mark.parametrize("action", [*WRITES, *READS])
def test_a_user_without_permissions_may_nothing(cam, user, action):
    with api_refuses("AuthFailure.UnauthorizedOperation"):
        cam(action, key=user.key, **(WRITES | READS)[action])


def test_a_user_with_permission_may(cloud, cam, user):
    cloud.grant(user, statement(["cam:AddUser", "cam:List*"], "*"))
    name = unique("user")
    cam("AddUser", key=user.key, Name=name)
    assert name in [entry.Name for entry in cam("ListUsers", key=user.key).Data]
    with api_refuses("AuthFailure.UnauthorizedOperation"):
        cam("DeleteUser", key=user.key, Name=name)
    cam("DeleteUser", Name=name)


@pytest.mark.parametrize("action", WRITES)
def test_no_session_may_change_identities(cloud, cam, action):
    everything = statement("*", "*")
    for key in (cloud.mint(cloud.root, everything), cloud.mint_unbounded(cloud.root)):
        with api_refuses("AuthFailure.UnauthorizedOperation"):
            cam(action, key=key, **WRITES[action])


def test_a_session_may_read_identities(cloud, cam):
    assert cam("ListUsers", key=cloud.mint(cloud.root, statement("cam:ListUsers", "*"))).RequestId
    with api_refuses("AuthFailure.UnauthorizedOperation"):
        cam("ListPolicies", key=cloud.mint(cloud.root, statement("cam:ListUsers", "*")))


@pytest.mark.parametrize("action", ["CreateSAMLProvider", "UpdateSAMLProvider"])
def test_actions_that_are_not_offered(cloud, action):
    request = signer.tc3(cloud.endpoint, cloud.root, "cam", "2019-01-16", action, b"{}")
    assert cloud.send(request).api_code == "UnsupportedOperation"
