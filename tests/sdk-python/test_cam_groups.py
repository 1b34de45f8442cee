"""Groups, permission boundaries, versions of policies, and what is known about users, keys and the account."""

import datetime
import json

import pytest
from tencentcloud.cam.v20190116 import models

from cloud import Cloud, TC3, api_refuses, policy, statement, unique
from server import APPID, OWNER_UIN, Server

NOBODY = 100000009999
NO_GROUP = 999999
NO_POLICY = 999999999
ALLOW_ALL = statement("cos:*", "*")
SCHEMES = [(TC3, "POST"), (TC3, "GET"), ("HmacSHA256", "POST"), ("HmacSHA256", "GET")]


@pytest.fixture
def cam(cloud):
    return cloud.call_cam


@pytest.fixture
def group(cam):
    """A group, removed afterwards."""
    made = cam("CreateGroup", GroupName=unique("group"), Remark="a remark").GroupId
    yield made
    cam("DeleteGroup", GroupId=made)


@pytest.fixture
def policy_id(cloud, cam):
    """A policy that allows everything in the object store, removed afterwards."""
    made = cloud.new_policy(ALLOW_ALL)
    yield made
    cam("DeletePolicy", PolicyId=[made])


def document(*statements) -> str:
    return json.dumps(policy(*statements))


def member(group: int, uin: int | None = None, uid: int | None = None):
    """One entry of `Info`."""
    info = models.GroupIdOfUidInfo()
    info.GroupId = group
    if uin is not None:
        info.Uin = uin
    if uid is not None:
        info.Uid = uid
    return info


# Users.


@pytest.mark.parametrize("scheme, method", SCHEMES)
def test_what_is_noted_about_a_user(cloud, cam, scheme, method):
    client = cloud.cam(cloud.root, scheme, method)
    name = unique("user")
    contact = {"PhoneNum": "1234567", "CountryCode": "49", "Email": "ann@example.com"}
    made = cam("AddUser", client=client, Name=name, ConsoleLogin=0, **contact)
    found = cam("GetUser", client=client, Name=name)
    assert (found.PhoneNum, found.CountryCode, found.Email) == ("1234567", "49", "ann@example.com")
    assert (found.ConsoleLogin, found.RecentlyLoginIP, found.RecentlyLoginTime) == (0, "", "")
    cam("UpdateUser", client=client, Name=name, Remark="new", Email="bob@example.com")
    [listed] = [entry for entry in cam("ListUsers", client=client).Data if entry.Uin == made.Uin]
    assert (listed.Remark, listed.PhoneNum, listed.Email, listed.NickName) == (
        "new",
        "1234567",
        "bob@example.com",
        "",
    )
    described = cam("DescribeSubAccounts", client=client, FilterSubAccountUin=[made.Uin, NOBODY])
    [one] = described.SubAccounts
    assert (one.Uin, one.Name, one.Remark, one.UserType) == (made.Uin, name, "new", 2)
    cam("DeleteUser", client=client, Name=name)


def test_users_that_cannot_be_had(cam, user):
    for action in ("AddUser", "UpdateUser"):
        with api_refuses("InvalidParameter.PasswordViolatedRules"):
            cam(action, Name=user.name, ConsoleLogin=1, Password="Secret-123")
        for parameter in ("ConsoleLogin", "NeedResetPassword"):
            with api_refuses("UnsupportedOperation"):
                cam(action, Name=user.name, **{parameter: 1})
        with api_refuses("InvalidParameter.ParamError"):
            cam(action, Name=user.name, Email="nowhere")
    with api_refuses("ResourceNotFound.UserNotExist"):
        cam("UpdateUser", Name=unique("missing"), Remark="r")
    with api_refuses("MissingParameter"):
        cam("DescribeSubAccounts")


def test_removing_a_user_by_force_needs_the_right_over_its_keys(cloud, cam, user):
    other = cloud.new_user()
    cloud.grant(user, statement("cam:DeleteUser", "*"))
    with api_refuses("OperationDenied.HaveKeys"):
        cam("DeleteUser", key=user.key, Name=other.name)
    with api_refuses("AuthFailure.UnauthorizedOperation"):
        cam("DeleteUser", key=user.key, Name=other.name, Force=1)
    cloud.grant(user, statement("cam:DeleteApiKey", "*"))
    cam("DeleteUser", key=user.key, Name=other.name, Force=1)


def test_the_account(cloud, cam, user):
    numbers = cam("GetUserAppId")
    assert (numbers.Uin, numbers.OwnerUin, numbers.AppId) == (str(OWNER_UIN), str(OWNER_UIN), int(APPID))
    cloud.grant(user, statement("cam:GetUserAppId", "*"))
    numbers = cam("GetUserAppId", key=user.key)
    assert (numbers.Uin, numbers.OwnerUin) == (str(user.uin), str(OWNER_UIN))
    nobody = cam("ListCollaborators", Limit=20, Offset=0)
    assert (nobody.TotalNum, nobody.Data) == (0, [])


def test_the_account_is_counted(cloud, cam, user):
    before = cam("GetAccountSummary")
    group = cam("CreateGroup", GroupName=unique("group")).GroupId
    cam("AddUserToGroup", Info=[member(group, uin=user.uin)])
    made = cloud.new_policy(ALLOW_ALL)
    after = cam("GetAccountSummary")
    assert (after.User, after.Group, after.Policies, after.Member) == (
        before.User,
        before.Group + 1,
        before.Policies + 1,
        before.Member + 1,
    )
    assert (after.Idps, after.IdentityProviders) == (0, 0)
    cam("DeleteGroup", GroupId=group)
    cam("DeletePolicy", PolicyId=[made])
    restored = cam("GetAccountSummary")
    assert (restored.Group, restored.Policies, restored.Member) == (before.Group, before.Policies, before.Member)


# Access keys.


def test_the_root_keeps_a_key(cloud, cam):
    root = cloud.root.id
    for action, further in (("UpdateAccessKey", {"Status": "Inactive"}), ("DeleteAccessKey", {})):
        with api_refuses("OperationDenied"):
            cam(action, AccessKeyId=root, **further)
    second = cam("CreateAccessKey").AccessKey
    cam("UpdateAccessKey", AccessKeyId=second.AccessKeyId, Status="Inactive")
    with api_refuses("OperationDenied"):
        cam("DeleteAccessKey", AccessKeyId=root)
    cam("DeleteAccessKey", AccessKeyId=second.AccessKeyId)


def test_when_a_key_was_last_used(tmp_path):
    server = Server(tmp_path).start()
    cloud = Cloud(server)
    cam = cloud.call_cam
    user = cloud.new_user()
    [row] = cam("GetSecurityLastUsed", SecretIdList=[user.key.id]).SecretIdLastUsedRows
    assert (row.SecretId, row.LastUsedDate, row.LastSecretUsedDate) == (user.key.id, None, None)
    cloud.ask(user.key, "GET")
    [row] = cam("GetSecurityLastUsed", SecretIdList=[user.key.id]).SecretIdLastUsedRows
    now = datetime.datetime.now(datetime.UTC)
    assert abs(row.LastSecretUsedDate - now.timestamp()) < 60
    day = datetime.datetime.fromtimestamp(row.LastSecretUsedDate, datetime.UTC) + datetime.timedelta(hours=8)
    assert row.LastUsedDate == day.strftime("%Y-%m-%d")
    server.stop()
    server.start()
    [again] = cam("GetSecurityLastUsed", SecretIdList=[user.key.id]).SecretIdLastUsedRows
    assert again.LastSecretUsedDate == row.LastSecretUsedDate
    server.stop()


def test_last_uses_that_are_refused(cam):
    with api_refuses("ResourceNotFound.SecretNotExist"):
        cam("GetSecurityLastUsed", SecretIdList=["AKID" + "x" * 32])
    with api_refuses("InvalidParameter.ParamError"):
        cam("GetSecurityLastUsed", SecretIdList=["AKID" + "x" * 32] * 11)
    with api_refuses("MissingParameter"):
        cam("GetSecurityLastUsed")


# Policies.


@pytest.mark.parametrize("scheme, method", SCHEMES)
def test_versions_of_a_policy(cloud, cam, bucket, user, scheme, method):
    client = cloud.cam(cloud.root, scheme, method)
    made = cloud.new_policy(ALLOW_ALL)
    cam("AttachUserPolicy", PolicyId=made, AttachUin=user.uin)
    put = lambda: cloud.ask(user.key, "PUT", bucket, "k", body=b"v").status
    assert put() == 200
    reading = document(statement("cos:GetObject", "*"))
    second = cam(
        "CreatePolicyVersion", client=client, PolicyId=made, PolicyDocument=reading, SetAsDefault=False
    )
    assert (second.VersionId, put()) == (2, 200)
    cam("SetDefaultPolicyVersion", client=client, PolicyId=made, VersionId=2)
    assert put() == 403
    listed = cam("ListPolicyVersions", client=client, PolicyId=made).Versions
    assert [(entry.VersionId, entry.IsDefaultVersion) for entry in listed] == [(1, 0), (2, 1)]
    one = cam("GetPolicyVersion", client=client, PolicyId=made, VersionId=1).PolicyVersion
    assert (one.VersionId, one.IsDefaultVersion, json.loads(one.Document)) == (1, 0, policy(ALLOW_ALL))
    assert json.loads(cam("GetPolicy", client=client, PolicyId=made).PolicyDocument) == json.loads(reading)
    with api_refuses("FailedOperation.PolicyVersionAlreadyDefault"):
        cam("SetDefaultPolicyVersion", client=client, PolicyId=made, VersionId=2)
    with api_refuses("FailedOperation.PolicyVersionAlreadyDefault"):
        cam("DeletePolicyVersion", client=client, PolicyId=made, VersionId=[2])
    cam("DeletePolicyVersion", client=client, PolicyId=made, VersionId=[1])
    third = cam(
        "CreatePolicyVersion",
        client=client,
        PolicyId=made,
        PolicyDocument=document(ALLOW_ALL),
        SetAsDefault=True,
    )
    assert (third.VersionId, put()) == (3, 200)
    cam("UpdatePolicy", client=client, PolicyId=made, PolicyDocument=reading)
    assert put() == 403
    cam("DeletePolicy", client=client, PolicyId=[made])


def test_versions_that_are_refused(cam, policy_id):
    text = document(ALLOW_ALL)
    for _ in range(4):
        cam("CreatePolicyVersion", PolicyId=policy_id, PolicyDocument=text, SetAsDefault=False)
    with api_refuses("FailedOperation.PolicyVersionFull"):
        cam("CreatePolicyVersion", PolicyId=policy_id, PolicyDocument=text, SetAsDefault=False)
    with api_refuses("InvalidParameter.PolicyDocumentError"):
        cam("CreatePolicyVersion", PolicyId=policy_id, PolicyDocument="{", SetAsDefault=False)
    with api_refuses("MissingParameter"):
        cam("CreatePolicyVersion", PolicyId=policy_id, PolicyDocument=text)
    for action, version in (
        ("GetPolicyVersion", 9),
        ("SetDefaultPolicyVersion", 9),
        ("DeletePolicyVersion", [9]),
    ):
        with api_refuses("InvalidParameter.PolicyVersionNotExists"):
            cam(action, PolicyId=policy_id, VersionId=version)
        with api_refuses("ResourceNotFound.PolicyIdNotFound"):
            cam(action, PolicyId=NO_POLICY, VersionId=version)
    with api_refuses("ResourceNotFound.PolicyIdNotFound"):
        cam("ListPolicyVersions", PolicyId=NO_POLICY)
    with api_refuses("FailedOperation"):
        cam("CreatePolicyVersion", PolicyId=1, PolicyDocument=text, SetAsDefault=True)


def test_updating_a_policy(cam, policy_id):
    found = cam("GetPolicy", PolicyId=policy_id)
    assert cam("UpdatePolicy", PolicyId=policy_id, Description="one", Alias="alias").PolicyId is None
    assert cam("UpdatePolicy", PolicyName=found.PolicyName, Description="two").PolicyId == policy_id
    after = cam("GetPolicy", PolicyId=policy_id)
    assert (after.Description, after.PresetAlias, after.PolicyDocument) == ("two", "alias", found.PolicyDocument)
    with api_refuses("ResourceNotFound.PolicyIdNotFound"):
        cam("UpdatePolicy", PolicyId=NO_POLICY, Description="d")
    with api_refuses("ResourceNotFound.PolicyIdNotFound"):
        cam("UpdatePolicy", PolicyName=unique("missing"), Description="d")
    with api_refuses("InvalidParameter.EffectError"):
        cam("UpdatePolicy", PolicyId=policy_id, PolicyDocument=document(statement("cos:*", "*", "maybe")))
    with api_refuses("InvalidParameter.DescriptionLengthOverlimit"):
        cam("UpdatePolicy", PolicyId=policy_id, Description="d" * 301)
    with api_refuses("FailedOperation"):
        cam("UpdatePolicy", PolicyId=1, Description="d")
    with api_refuses("MissingParameter"):
        cam("UpdatePolicy", Description="d")


@pytest.mark.parametrize("scheme, method", SCHEMES)
def test_tags_of_a_policy(cloud, cam, scheme, method):
    client = cloud.cam(cloud.root, scheme, method)

    def tag(key, value):
        made = models.Tag()
        made.Key, made.Value = key, value
        return made

    name = unique("policy")
    text = document(ALLOW_ALL)
    tags = [tag("team", "photos"), tag("stage", "")]
    made = cam("CreatePolicy", client=client, PolicyName=name, PolicyDocument=text, Tags=tags).PolicyId
    found = cam("GetPolicy", client=client, PolicyId=made).Tags
    assert [(entry.Key, entry.Value) for entry in found] == [("team", "photos"), ("stage", "")]
    [listed] = cam("ListPolicies", client=client, Keyword=name).List
    assert [entry.Key for entry in listed.Tags] == ["team", "stage"]
    cam("DeletePolicy", client=client, PolicyId=[made])
    for wrong in ([tag("a", "1"), tag("a", "2")], [tag("k" * 129, "v")], [tag("k", "v" * 257)]):
        with api_refuses("InvalidParameter.TagParamError"):
            cam("CreatePolicy", client=client, PolicyName=name, PolicyDocument=text, Tags=wrong)
    with api_refuses("InvalidParameter.TagLimitExceeded"):
        many = [tag(str(number), "v") for number in range(51)]
        cam("CreatePolicy", client=client, PolicyName=name, PolicyDocument=text, Tags=many)


# Groups.


@pytest.mark.parametrize("scheme, method", SCHEMES)
def test_a_group_comes_and_goes(cloud, cam, bucket, user, policy_id, scheme, method):
    client = cloud.cam(cloud.root, scheme, method)
    name = unique("组")
    made = cam("CreateGroup", client=client, GroupName=name, Remark="说明").GroupId
    found = cam("GetGroup", client=client, GroupId=made)
    assert (found.GroupId, found.GroupName, found.Remark, found.GroupNum, found.UserInfo) == (
        made,
        name,
        "说明",
        0,
        [],
    )
    [listed] = cam("ListGroups", client=client, Keyword=name).GroupInfo
    assert (listed.GroupId, listed.GroupName, listed.Remark) == (made, name, "说明")
    cam("AttachGroupPolicy", client=client, PolicyId=policy_id, AttachGroupId=made)
    put = lambda: cloud.ask(user.key, "PUT", bucket, "k", body=b"v").status
    assert put() == 403
    cam("AddUserToGroup", client=client, Info=[member(made, uin=user.uin)])
    cam("AddUserToGroup", client=client, Info=[member(made, uin=user.uin)])
    assert put() == 200
    members = cam("ListUsersForGroup", client=client, GroupId=made)
    assert (members.TotalNum, members.UserInfo[0].Uin, members.UserInfo[0].Name) == (1, user.uin, user.name)
    assert cam("GetGroup", client=client, GroupId=made).GroupNum == 1
    groups = cam("ListGroupsForUser", client=client, SubUin=user.uin)
    assert (groups.TotalNum, groups.GroupInfo[0].GroupId) == (1, made)
    attached = cam("ListAttachedGroupPolicies", client=client, TargetGroupId=made)
    assert (attached.TotalNum, attached.List[0].PolicyId, attached.List[0].PolicyType) == (1, policy_id, "User")
    cam("UpdateGroup", client=client, GroupId=made, GroupName=name + "2")
    assert cam("GetGroup", client=client, GroupId=made).Remark == "说明"
    cam("DetachGroupPolicy", client=client, PolicyId=policy_id, DetachGroupId=made)
    assert put() == 403
    cam("AttachGroupPolicy", client=client, PolicyId=policy_id, AttachGroupId=made)
    cam("RemoveUserFromGroup", client=client, Info=[member(made, uin=user.uin)])
    assert put() == 403
    cam("DeleteGroup", client=client, GroupId=made)
    with api_refuses("ResourceNotFound.GroupNotExist"):
        cam("GetGroup", client=client, GroupId=made)


def test_members_by_uid(cam, group, user):
    uid = cam("GetUser", Name=user.name).Uid
    cam("AddUserToGroup", Info=[member(group, uid=uid)])
    assert cam("ListGroupsForUser", Uid=uid).TotalNum == 1
    cam("RemoveUserFromGroup", Info=[member(group, uid=uid, uin=user.uin)])
    assert cam("ListGroupsForUser", Uid=uid).GroupInfo == []


def test_groups_that_are_refused(cam, group, user, policy_id):
    name = cam("GetGroup", GroupId=group).GroupName
    with api_refuses("InvalidParameter.GroupNameInUse"):
        cam("CreateGroup", GroupName=name)
    other = cam("CreateGroup", GroupName=unique("group")).GroupId
    with api_refuses("InvalidParameter.GroupNameInUse"):
        cam("UpdateGroup", GroupId=other, GroupName=name)
    cam("DeleteGroup", GroupId=other)
    for bad in ("", "n" * 65, "a\nb"):
        with api_refuses("InvalidParameter.ParamError"):
            cam("CreateGroup", GroupName=bad)
    with api_refuses("MissingParameter"):
        cam("CreateGroup")
    for action, parameters in (
        ("GetGroup", {"GroupId": NO_GROUP}),
        ("UpdateGroup", {"GroupId": NO_GROUP, "Remark": "r"}),
        ("DeleteGroup", {"GroupId": NO_GROUP}),
        ("ListUsersForGroup", {"GroupId": NO_GROUP}),
        ("ListAttachedGroupPolicies", {"TargetGroupId": NO_GROUP}),
        ("AttachGroupPolicy", {"AttachGroupId": NO_GROUP, "PolicyId": policy_id}),
        ("DetachGroupPolicy", {"DetachGroupId": NO_GROUP, "PolicyId": policy_id}),
    ):
        with api_refuses("ResourceNotFound.GroupNotExist"):
            cam(action, **parameters)
    for action, parameter in (("AttachGroupPolicy", "AttachGroupId"), ("DetachGroupPolicy", "DetachGroupId")):
        with api_refuses("ResourceNotFound.PolicyIdNotFound"):
            cam(action, PolicyId=NO_POLICY, **{parameter: group})
    for action in ("AddUserToGroup", "RemoveUserFromGroup"):
        with api_refuses("InvalidParameter.GroupNotExist"):
            cam(action, Info=[member(NO_GROUP, uin=user.uin)])
        with api_refuses("ResourceNotFound.UserNotExist"):
            cam(action, Info=[member(group, uin=NOBODY)])
        with api_refuses("InvalidParameter.UserUinAndUinNotAllNull"):
            cam(action, Info=[member(group)])
        with api_refuses("MissingParameter"):
            cam(action, Info=[])
    with api_refuses("ResourceNotFound.UserNotExist"):
        cam("ListGroupsForUser", SubUin=NOBODY)


def test_a_user_is_in_ten_groups_at_most(cam, user):
    groups = [cam("CreateGroup", GroupName=unique("group")).GroupId for _ in range(11)]
    cam("AddUserToGroup", Info=[member(group, uin=user.uin) for group in groups[:10]])
    with api_refuses("InvalidParameter.UserGroupFull"):
        cam("AddUserToGroup", Info=[member(groups[10], uin=user.uin)])
    pages = [cam("ListGroupsForUser", SubUin=user.uin, Rp=4, Page=page) for page in (1, 2, 3, 4)]
    assert [(page.TotalNum, len(page.GroupInfo)) for page in pages] == [(10, 4), (10, 4), (10, 2), (10, 0)]
    cam("DeleteUser", Name=user.name, Force=1)
    assert [cam("GetGroup", GroupId=group).GroupNum for group in groups] == [0] * 11
    for group in groups:
        cam("DeleteGroup", GroupId=group)


def test_policies_through_groups(cam, group, user, policy_id):
    cam("AttachGroupPolicy", PolicyId=policy_id, AttachGroupId=group)
    cam("AttachUserPolicy", PolicyId=1, AttachUin=user.uin)
    cam("AddUserToGroup", Info=[member(group, uin=user.uin)])

    def having(**parameters):
        found = cam("ListAttachedUserAllPolicies", TargetUin=user.uin, Page=1, Rp=20, **parameters)
        assert found.TotalNum == len(found.PolicyList)
        return [(entry.PolicyId, [way.GroupId for way in entry.Groups]) for entry in found.PolicyList]

    direct, through = ("1", []), (str(policy_id), [group])
    assert having(AttachType=0) == [direct, through]
    assert having(AttachType=1) == [direct]
    assert having(AttachType=2) == [through]
    assert having(AttachType=0, StrategyType=1) == [through]
    assert having(AttachType=0, StrategyType=2) == [direct]
    assert having(AttachType=0, Keyword="Administrator") == [direct]
    with api_refuses("InvalidParameter.ParamError"):
        having(AttachType=3)
    with api_refuses("MissingParameter"):
        having()
    with api_refuses("ResourceNotFound.UserNotExist"):
        cam("ListAttachedUserAllPolicies", TargetUin=NOBODY, Page=1, Rp=20, AttachType=0)

    cam("AttachUserPolicy", PolicyId=policy_id, AttachUin=user.uin)

    def holders(**parameters):
        found = cam("ListEntitiesForPolicy", PolicyId=policy_id, **parameters)
        return [(entry.RelatedType, entry.Uin) for entry in found.List]

    assert holders() == [(1, user.uin), (2, 0)]
    assert holders(EntityFilter="User") == [(1, user.uin)]
    assert holders(EntityFilter="Group") == [(2, 0)]
    assert holders(EntityFilter="Role") == []
    assert holders(Rp=1, Page=2) == [(2, 0)]
    with api_refuses("InvalidParameter.EntityFilterError"):
        holders(EntityFilter="Dog")
    with api_refuses("ResourceNotFound.PolicyIdNotFound"):
        cam("ListEntitiesForPolicy", PolicyId=NO_POLICY)
    name = cam("GetPolicy", PolicyId=policy_id).PolicyName
    [listed] = cam("ListPolicies", Keyword=name).List
    assert (listed.Attachments, listed.AttachEntityCount, listed.AttachEntityBoundaryCount) == (2, 2, 0)


# Boundaries.


def test_a_boundary(cloud, cam, bucket, user):
    cloud.grant(user, ALLOW_ALL)
    session = cloud.mint(user.key, ALLOW_ALL)
    reading = cloud.new_policy(statement("cos:GetObject", "*"))
    unset = cam("GetUserPermissionBoundary", TargetUin=user.uin)
    assert (unset.PolicyId, unset.PolicyName, unset.PolicyType, unset.CreateMode) == (None, None, None, None)

    def asked():
        return [
            cloud.ask(key, method, bucket, "k", body=b"v" if method == "PUT" else b"").status
            for key in (user.key, session)
            for method in ("PUT", "GET")
        ]

    assert asked() == [200] * 4
    cam("PutUserPermissionsBoundary", TargetUin=user.uin, PolicyId=reading)
    assert asked() == [403, 200, 403, 200]
    found = cam("GetUserPermissionBoundary", TargetUin=user.uin)
    assert (found.PolicyId, found.PolicyType, found.CreateMode) == (reading, 1, 2)
    assert json.loads(found.PolicyDocument) == policy(statement("cos:GetObject", "*"))
    with api_refuses("ResourceInUse"):
        cam("DeletePolicy", PolicyId=[reading])
    cam("DeleteUserPermissionsBoundary", TargetUin=user.uin)
    cam("DeleteUserPermissionsBoundary", TargetUin=user.uin)
    assert asked() == [200] * 4
    cam("DeletePolicy", PolicyId=[reading])


def test_boundaries_that_are_refused(cam, user):
    with api_refuses("InvalidParameter.PolicyIdNotExist"):
        cam("PutUserPermissionsBoundary", TargetUin=user.uin, PolicyId=NO_POLICY)
    for uin in (NOBODY, OWNER_UIN):
        with api_refuses("ResourceNotFound.UserNotExist"):
            cam("PutUserPermissionsBoundary", TargetUin=int(uin), PolicyId=1)
        for action in ("DeleteUserPermissionsBoundary", "GetUserPermissionBoundary"):
            with api_refuses("ResourceNotFound.UserNotExist"):
                cam(action, TargetUin=int(uin))
