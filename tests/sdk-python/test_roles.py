"""Roles and their sessions through the general SDK: every action, its bounds, and the codes of what is refused."""

import json
import time

import pytest
from tencentcloud.cam.v20190116 import models as cam_models

from cloud import TC3, api_refuses, in_bucket, key_of, policy, statement, unique
from server import OWNER_UIN

ASSUME = statement("name/sts:AssumeRole", "*")
SCHEMES = [(TC3, "POST"), (TC3, "GET"), ("HmacSHA1", "POST"), ("HmacSHA256", "GET")]


def trust(*principals, **more) -> str:
    named = {"qcs": list(principals) or [f"qcs::cam::uin/{OWNER_UIN}:root"]}
    made = {"action": "name/sts:AssumeRole", "effect": "allow", "principal": named}
    return json.dumps({"version": "2.0", "statement": [made | more]})


def arn(name: str) -> str:
    return f"qcs::cam::uin/{OWNER_UIN}:roleName/{name}"


def tag(key: str, value: str = "v"):
    made = cam_models.RoleTags()
    made.Key, made.Value = key, value
    return made


@pytest.fixture
def cam(cloud):
    return cloud.call_cam


@pytest.fixture
def sts(cloud):
    return cloud.call_sts


@pytest.fixture
def role(cam):
    """The name of a role that trusts its account, without permissions."""
    name = unique("role")
    cam("CreateRole", RoleName=name, PolicyDocument=trust())
    yield name
    cam("DeleteRole", RoleName=name)


def test_a_role_comes_and_goes(cam):
    name = unique("role")
    made = cam(
        "CreateRole",
        RoleName=name,
        PolicyDocument=trust(),
        Description="a note",
        ConsoleLogin=1,
        SessionDuration=3600,
        Tags=[tag("team", "photos")],
    )
    assert made.RoleId.isdigit() and len(made.RoleId) == 19
    for way in ({"RoleName": name}, {"RoleId": made.RoleId}):
        found = cam("GetRole", **way).RoleInfo
        assert (found.RoleId, found.RoleName, found.PolicyDocument) == (made.RoleId, name, trust())
        assert (found.Description, found.ConsoleLogin, found.SessionDuration) == ("a note", 1, 3600)
        assert (found.RoleType, found.RoleArn) == ("user", arn(name))
        assert [(entry.Key, entry.Value) for entry in found.Tags] == [("team", "photos")]
        assert time.strptime(found.AddTime, "%Y-%m-%d %H:%M:%S")
    with api_refuses("InvalidParameter.RoleNameInUse"):
        cam("CreateRole", RoleName=name, PolicyDocument=trust())
    cam("DeleteRole", RoleId=made.RoleId)
    with api_refuses("InvalidParameter.RoleNotExist"):
        cam("GetRole", RoleName=name)
    with api_refuses("InvalidParameter.RoleNotExist"):
        cam("DeleteRole", RoleId=made.RoleId)
    again = cam("CreateRole", RoleName=name, PolicyDocument=trust())
    assert again.RoleId != made.RoleId
    cam("DeleteRole", RoleName=name)


def test_roles_that_are_refused(cam):
    create = lambda **parameters: cam(
        "CreateRole", **({"RoleName": unique("role"), "PolicyDocument": trust()} | parameters)
    )
    for name in ("", "a b", "a" * 129, "a/b"):
        with api_refuses("InvalidParameter.RoleNameError"):
            create(RoleName=name)
    for seconds in (-1, 43201):
        with api_refuses("InvalidParameter.ParamError"):
            create(SessionDuration=seconds)
    with api_refuses("InvalidParameter.TagParamError"):
        create(Tags=[tag("a"), tag("a")])
    with api_refuses("InvalidParameter.TagParamError"):
        create(Tags=[tag("a" * 129)])
    with api_refuses("InvalidParameter.TagLimitExceeded"):
        create(Tags=[tag(f"k{number}") for number in range(51)])
    with api_refuses("MissingParameter"):
        cam("CreateRole", RoleName="x")
    with api_refuses("MissingParameter"):
        cam("GetRole")


@pytest.mark.parametrize(
    "document, code",
    [
        ("{", "InvalidParameter.PolicyDocumentError"),
        (trust("*"), "InvalidParameter.PrincipalQcsError"),
        (trust("qcs::cam::anyone:anyone"), "InvalidParameter.PrincipalQcsError"),
        (trust("qcs::cam::uin/1:root"), "InvalidParameter.PrincipalQcsNotExist"),
        (trust(f"qcs::cam::uin/{OWNER_UIN}:uin/9"), "InvalidParameter.PrincipalQcsNotExist"),
        (trust(f"qcs::cam::uin/{OWNER_UIN}:roleName/none"), "InvalidParameter.PrincipalQcsNotExist"),
        (trust(principal={"service": ["nobody.test"]}), "InvalidParameter.PrincipalServiceNotExist"),
        (trust(principal={}), "InvalidParameter.PrincipalError"),
        (trust(resource="*"), "InvalidParameter.ResourceError"),
    ],
)
def test_trusts_that_are_refused(cam, role, document, code):
    with api_refuses(code):
        cam("CreateRole", RoleName=unique("role"), PolicyDocument=document)
    with api_refuses(code):
        cam("UpdateAssumeRolePolicy", RoleName=role, PolicyDocument=document)
    assert cam("GetRole", RoleName=role).RoleInfo.PolicyDocument == trust()


def test_what_may_be_changed(cam, role):
    number = int(cam("GetRole", RoleName=role).RoleInfo.RoleId)
    service = trust(principal={"service": ["cls.cloud.tencent.com"]})
    cam("UpdateAssumeRolePolicy", RoleName=role, PolicyDocument=service)
    cam("UpdateRoleDescription", RoleId=str(number), Description="changed")
    # These two take the number as one.
    cam("UpdateRoleSessionDuration", RoleId=number, SessionDuration=1800)
    cam("UpdateRoleConsoleLogin", RoleId=number, ConsoleLogin=1)
    cam("TagRole", RoleName=role, Tags=[tag("a", "1"), tag("b", "2")])
    cam("TagRole", RoleName=role, Tags=[tag("a", "3")])
    cam("UntagRole", RoleName=role, TagKeys=["b", "c"])
    found = cam("GetRole", RoleName=role).RoleInfo
    assert (found.PolicyDocument, found.Description) == (service, "changed")
    assert (found.SessionDuration, found.ConsoleLogin) == (1800, 1)
    assert [(entry.Key, entry.Value) for entry in found.Tags] == [("a", "3")]


def test_the_list_of_roles(cam):
    mark = unique("mark")
    names = [unique("role") for _ in range(3)]
    for name in names:
        cam("CreateRole", RoleName=name, PolicyDocument=trust(), Tags=[tag(mark)])
    pages = [cam("DescribeRoleList", Page=page, Rp=2, Tags=[tag(mark)]) for page in (1, 2, 3)]
    assert [page.TotalNum for page in pages] == [3, 3, 3]
    assert [[role.RoleName for role in page.List or []] for page in pages] == [names[:2], names[2:], []]
    for page, rows in ((0, 1), (201, 1), (1, 0), (1, 201)):
        with api_refuses("InvalidParameter.ParamError"):
            cam("DescribeRoleList", Page=page, Rp=rows)
    with api_refuses("MissingParameter"):
        cam("DescribeRoleList", Page=1)
    for name in names:
        cam("DeleteRole", RoleName=name)


def test_policies_of_a_role(cloud, cam, role):
    own = cloud.new_policy(ASSUME)
    name = cam("GetPolicy", PolicyId=own).PolicyName
    cam("AttachRolePolicy", AttachRoleName=role, PolicyName=name)
    cam("AttachRolePolicy", AttachRoleId=cam("GetRole", RoleName=role).RoleInfo.RoleId, PolicyId=1)
    listed = lambda **filters: [
        (entry.PolicyId, entry.PolicyType)
        for entry in cam("ListAttachedRolePolicies", RoleName=role, Page=1, Rp=20, **filters).List or []
    ]
    assert listed() == [(1, "QCS"), (own, "User")]
    assert listed(PolicyType="User") == [(own, "User")]
    assert listed(Keyword="Administrator") == [(1, "QCS")]
    cam("DetachRolePolicy", DetachRoleName=role, PolicyId=1)
    assert listed() == [(own, "User")]
    with api_refuses("InvalidParameter.PolicyIdNotExist"):
        cam("AttachRolePolicy", AttachRoleName=role, PolicyId=99999)
    with api_refuses("InvalidParameter.RoleNotExist"):
        cam("AttachRolePolicy", AttachRoleName="none", PolicyId=1)


def test_the_boundary_of_a_role(cloud, cam, role):
    number = cam("GetRole", RoleName=role).RoleInfo.RoleId
    bound = cloud.new_policy(ASSUME)
    unset = cam("GetRolePermissionBoundary", RoleId=number)
    assert (unset.PolicyId, unset.PolicyName, unset.PolicyDocument) == (None, None, None)
    cam("PutRolePermissionsBoundary", RoleName=role, PolicyId=bound)
    found = cam("GetRolePermissionBoundary", RoleId=number)
    assert (found.PolicyId, found.PolicyType, found.CreateMode) == (bound, 1, 2)
    with api_refuses("ResourceInUse"):
        cam("DeletePolicy", PolicyId=[bound])
    cam("DeleteRolePermissionsBoundary", RoleId=number)
    cam("DeletePolicy", PolicyId=[bound])
    with api_refuses("InvalidParameter.PolicyIdNotExist"):
        cam("PutRolePermissionsBoundary", RoleName=role, PolicyId=bound)


@pytest.mark.parametrize("scheme, method", SCHEMES)
def test_a_session_of_a_role(cloud, cam, sts, bucket, role, user, scheme, method):
    cloud.grant(user, ASSUME)
    policy_id = cloud.new_policy(statement("name/cos:*", in_bucket(bucket, "*")))
    cam("AttachRolePolicy", AttachRoleName=role, PolicyId=policy_id)
    narrow = policy(statement("name/cos:PutObject", in_bucket(bucket, "doc/*")))
    before = int(time.time())
    answer = sts(
        "AssumeRole",
        client=cloud.sts(user.key, scheme, method),
        RoleArn=arn(role),
        RoleSessionName="ann",
        DurationSeconds=1800,
        Policy=json.dumps(narrow),
        ExternalId="",
    )
    assert before + 1800 <= answer.ExpiredTime <= int(time.time()) + 1800
    key = key_of(answer)
    assert cloud.ask(key, "PUT", bucket, "doc/k", body=b"v").status == 200
    assert cloud.ask(key, "GET", bucket, "doc/k").refusal == (403, "AccessDenied")
    assert cloud.ask(user.key, "PUT", bucket, "doc/k", body=b"v").refusal == (403, "AccessDenied")
    number = cam("GetRole", RoleName=role).RoleInfo.RoleId
    who = sts("GetCallerIdentity", key)
    assert (who.Type, who.Arn) == ("CAMRole", f"qcs::sts:{OWNER_UIN}:assumed-role/{number}")
    assert (who.UserId, who.PrincipalId, who.AccountId) == (
        f"{number}:ann",
        str(user.uin),
        str(OWNER_UIN),
    )


def test_sessions_that_are_refused(cloud, cam, sts, role, user):
    assume = lambda key=cloud.root, **parameters: sts(
        "AssumeRole", key, **({"RoleArn": arn(role), "RoleSessionName": "ann"} | parameters)
    )
    with api_refuses("UnauthorizedOperation"):
        assume(user.key)
    with api_refuses("ResourceNotFound.RoleNotFound"):
        assume(RoleArn=arn("none"))
    with api_refuses("UnauthorizedOperation"):
        assume(RoleArn="qcs::cam::uin/100000000099:roleName/x")
    with api_refuses("InvalidParameter.OverTimeError"):
        assume(DurationSeconds=43201)
    for name in ("", "a", "a" * 129, "a b"):
        with api_refuses("InvalidParameter.ParamError"):
            assume(RoleSessionName=name)
    for text in ("", "none", f"qcs::cam::uin/{OWNER_UIN}:uin/{OWNER_UIN}"):
        with api_refuses("InvalidParameter.ParamError" if text else "MissingParameter"):
            assume(RoleArn=text)
    with api_refuses("FailedOperation.CheckMFAError"):
        assume(TokenCode="123456")
    with api_refuses("FailedOperation.TempKeyNotAllowed"):
        sts("GetFederationToken", key_of(assume()), Name="n")


def test_a_chain_ends_with_its_parent(cloud, cam, sts, role):
    cam("AttachRolePolicy", AttachRoleName=role, PolicyId=cloud.new_policy(ASSUME))
    assume = lambda key, seconds: sts(
        "AssumeRole", key, RoleArn=arn(role), RoleSessionName="ann", DurationSeconds=seconds
    )
    parent = key_of(assume(None, 100))
    with api_refuses("InvalidParameter.OverTimeError"):
        assume(parent, 101)
    who = sts("GetCallerIdentity", key_of(assume(parent, 50)))
    assert (who.Type, who.PrincipalId) == ("CAMRole", str(OWNER_UIN))


def test_a_session_of_one_s_own(cloud, sts, user):
    key = key_of(sts("GetSessionToken", user.key, DurationSeconds=1800))
    who = sts("GetCallerIdentity", key)
    assert (who.Type, who.Arn) == ("CAMUser", f"qcs::cam::uin/{OWNER_UIN}:uin/{user.uin}")
    with api_refuses("InvalidParameter.OverTimeError"):
        sts("GetSessionToken", cloud.root, DurationSeconds=7201)
    with api_refuses("FailedOperation.TempKeyNotAllowed"):
        sts("GetSessionToken", key)
    with api_refuses("FailedOperation.MFATypeNotSupported"):
        sts("GetSessionToken", user.key, SerialNumber=f"qcs::cam:uin/{OWNER_UIN}::mfa/wechat", TokenCode="1")


def test_the_keys_of_an_identity(cloud, cam, sts, user):
    own = sts("QueryApiKey", user.key).IdKeys
    assert [(key.SecretId, key.Status) for key in own] == [(user.key.id, 2)]
    assert abs(own[0].CreateTime - time.time()) < 60
    extra = cam("CreateAccessKey", TargetUin=user.uin).AccessKey.AccessKeyId
    cam("UpdateAccessKey", TargetUin=user.uin, AccessKeyId=extra, Status="Inactive")
    both = sts("QueryApiKey", cloud.root, TargetUin=user.uin).IdKeys
    assert {key.SecretId: key.Status for key in both} == {user.key.id: 2, extra: 3}
    with api_refuses("UnauthorizedOperation"):
        sts("QueryApiKey", user.key, TargetUin=OWNER_UIN)
