"""Temporary keys that are out, listed and ended through the general SDK's client for any action."""

from tencentcloud.common.common_client import CommonClient

from cloud import TC3, api_refuses, statement
from server import REGION

VERSION = "2026-11-01"


class Sessions:
    def __init__(self, cloud, key):
        self._client = CommonClient(
            "sts", VERSION, cloud._credential(key), REGION, profile=cloud._profile(TC3, "POST")
        )

    def call(self, action: str, **parameters) -> dict:
        return self._client.call_json(action, parameters)["Response"]


def sessions(cloud, key=None) -> Sessions:
    return Sessions(cloud, key or cloud.root)


def test_a_session_is_listed_at_once_and_ended(cloud):
    user = cloud.new_user()
    cloud.grant(user, statement("*", "*"))
    first, second = cloud.mint_unbounded(user.key), cloud.mint_unbounded(user.key)
    root = sessions(cloud)
    listed = root.call("ListSessions", SecretId=user.key.id)["Sessions"]
    assert [session["TmpSecretId"] for session in listed] == [second.id, first.id]
    assert {session["State"] for session in listed} == {"Live"}
    assert {session["MintedBy"] for session in listed} == {user.key.id}

    page = root.call("ListSessions", TargetUin=user.uin, Limit=1)
    assert page["Sessions"] == listed[:1]
    page = root.call("ListSessions", TargetUin=user.uin, Limit=1, Before=page["Next"])
    assert page["Sessions"] == listed[1:]

    root.call("RevokeSession", TmpSecretIds=[first.id])
    listed = root.call("ListSessions", TargetUin=user.uin)["Sessions"]
    assert [session["State"] for session in listed] == ["Live", "Revoked"]
    live = root.call("ListSessions", TargetUin=user.uin, LiveOnly=1)["Sessions"]
    assert [session["TmpSecretId"] for session in live] == [second.id]
    with api_refuses("AuthFailure.TokenFailure"):
        sessions(cloud, first).call("ListSessions")
    cloud.call_sts("GetCallerIdentity", second)


def test_who_may_not_list_sessions_may_not_end_them_either(cloud):
    user = cloud.new_user()
    cloud.grant(user, statement("cos:GetObject", "*"))
    key = cloud.mint_unbounded(cloud.root)
    for action, parameters in (
        ("ListSessions", {}),
        ("RevokeSession", {"TmpSecretIds": [key.id]}),
    ):
        with api_refuses("UnauthorizedOperation"):
            sessions(cloud, user.key).call(action, **parameters)
    found = sessions(cloud).call("ListSessions", LiveOnly=1, Limit=200)["Sessions"]
    assert key.id in {session["TmpSecretId"] for session in found}
