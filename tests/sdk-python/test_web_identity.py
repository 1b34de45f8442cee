"""Identity providers and the sessions that begin with their word, through the general SDK."""

import base64
import json
import time

import pytest
from tencentcloud.common.common_client import CommonClient

from cloud import TC3, Cloud, api_refuses, cos_refuses, in_bucket, policy, statement, unique
from conftest import empty
from issuer import Issuer
from server import APPID, OWNER_UIN, REGION, Server
from signer import Key

BAD_TOKEN = "InvalidParameter.WebIdentityTokenError"
DENIED = "UnauthorizedOperation"
URL_ERROR = "InvalidParameterValue.IdentityUrlError"
KEY_ERROR = "InvalidParameterValue.IdentityKeyError"
SCHEMES = [(TC3, "POST"), (TC3, "GET"), ("HmacSHA1", "POST"), ("HmacSHA256", "GET")]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A server that asks issuers on the loopback interface."""
    server = Server(tmp_path_factory.mktemp("here"), settings="federation_allow_private = true\n").start()
    yield Cloud(server)
    server.stop()


@pytest.fixture(scope="module")
def issuer():
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def cam(here):
    return here.call_cam


@pytest.fixture
def provider(cam, issuer):
    """The name of a provider whose keys come from the issuer."""
    name = unique("provider")
    cam("CreateOIDCConfig", Name=name, **told(issuer))
    yield name
    cam("DeleteOIDCConfig", Name=name)


@pytest.fixture
def role(here, provider):
    """The name of a role that trusts what the provider says about `alice`, and may do all with objects."""
    name = unique("role")
    here.call_cam("CreateRole", RoleName=name, PolicyDocument=trust(provider))
    allowed = here.new_policy(statement("cos:*", "*"))
    here.call_cam("AttachRolePolicy", AttachRoleName=name, PolicyId=allowed)
    yield name
    here.call_cam("DeleteRole", RoleName=name)


@pytest.fixture
def place(here):
    """A bucket with one object in it."""
    name = f"{unique('b')}-{APPID}"
    client = here.cos(here.root)
    client.create_bucket(Bucket=name)
    client.put_object(Bucket=name, Key="k", Body=b"bytes")
    yield name
    empty(client, name)
    client.delete_bucket(Bucket=name)


def told(issuer, **more) -> dict:
    return {"IdentityUrl": issuer.url, "ClientId": ["daypass", "other"], "AutoRotateKey": 1} | more


def given(keys: bytes) -> dict:
    return {"IdentityKey": base64.b64encode(keys).decode(), "AutoRotateKey": 0}


def trust(provider: str, subject: str = "alice") -> str:
    statement = {
        "effect": "allow",
        "action": "name/sts:AssumeRoleWithWebIdentity",
        "principal": {"federated": [f"qcs::cam::uin/{OWNER_UIN}:oidc-provider/{provider}"]},
        "condition": {"string_equal": {"oidc:sub": subject, "oidc:aud": "daypass"}},
    }
    return json.dumps({"version": "2.0", "statement": [statement]})


def ask(here, provider: str, role: str, token: str, **more) -> dict:
    """The answer of AssumeRoleWithWebIdentity, called by the SDK's client that signs nothing."""
    client = CommonClient("sts", "2018-08-13", None, REGION, here.profile(TC3, "POST"))
    parameters = {
        "ProviderId": provider,
        "WebIdentityToken": token,
        "RoleArn": f"qcs::cam::uin/{OWNER_UIN}:roleName/{role}",
        "RoleSessionName": "session",
        "DurationSeconds": 1800,
    }
    answer = client.call_json("AssumeRoleWithWebIdentity", parameters | more, options={"SkipSign": True})
    return answer["Response"]


def assume(here, provider: str, role: str, token: str, **more) -> Key:
    credentials = ask(here, provider, role, token, **more)["Credentials"]
    return Key(credentials["TmpSecretId"], credentials["TmpSecretKey"], credentials["Token"])


# Providers.


@pytest.mark.parametrize("scheme, method", SCHEMES)
def test_a_provider_comes_and_goes(here, cam, issuer, scheme, method):
    client = here.cam(here.root, scheme, method)
    name = unique("provider")
    cam("CreateOIDCConfig", client=client, Name=name, Description="a note", **told(issuer))
    found = cam("DescribeOIDCConfig", client=client, Name=name)
    assert (found.Name, found.IdentityUrl, found.ClientId) == (name, issuer.url, ["daypass", "other"])
    assert (found.ProviderType, found.Status, found.AutoRotateKey) == (11, 11, 1)
    assert (found.Description, found.IdentityKey) == ("a note", "")
    with api_refuses("InvalidParameter.IdentityNameInUse"):
        cam("CreateOIDCConfig", client=client, Name=name, **told(issuer))
    keys = given(issuer.keys())
    cam("UpdateOIDCConfig", client=client, Name=name, **told(issuer, ClientId=["third"], **keys))
    found = cam("DescribeOIDCConfig", client=client, Name=name)
    assert (found.ClientId, found.AutoRotateKey, found.IdentityKey) == (["third"], 0, keys["IdentityKey"])
    assert found.Description == "a note"
    cam("DeleteOIDCConfig", client=client, Name=name)
    gone = [("DescribeOIDCConfig", {}), ("DeleteOIDCConfig", {}), ("UpdateOIDCConfig", told(issuer))]
    for action, more in gone:
        with api_refuses("ResourceNotFound.IdentityNotExist"):
            cam(action, client=client, Name=name, **more)


def test_providers_that_are_refused(cam, issuer):
    create = lambda name=None, **more: cam(
        "CreateOIDCConfig", Name=name or unique("provider"), **told(issuer, **more)
    )
    for name in ("with space", "a/b", "a" * 129, "名"):
        with api_refuses("InvalidParameterValue.NameError"):
            create(name)
    for url in ("no url", "ftp://issuer.test", "https://user@issuer.test", "https://issuer.test?x=1"):
        with api_refuses(URL_ERROR):
            create(IdentityUrl=url)
    private = json.dumps({"keys": [json.loads(issuer.keys())["keys"][0] | {"d": "AQAB"}]}).encode()
    for keys in (b"", b"{", b'{"keys":[]}', private, b" " * 32769):
        with api_refuses(KEY_ERROR):
            create(**given(keys))
    with api_refuses(KEY_ERROR):
        create(**given(issuer.keys()) | {"AutoRotateKey": 1})
    with api_refuses(KEY_ERROR):
        create(IdentityKey="no base64!", AutoRotateKey=0)
    for audiences in ([f"a{number}" for number in range(21)], ["a", "a"], [""]):
        with api_refuses("InvalidParameterValue"):
            create(ClientId=audiences)
    for missing in ("Name", "IdentityUrl", "ClientId"):
        parameters = {"Name": unique("provider")} | told(issuer)
        del parameters[missing]
        with api_refuses("MissingParameter"):
            cam("CreateOIDCConfig", **parameters)


def test_only_public_issuers_unless_told_otherwise(cloud, issuer):
    with api_refuses(URL_ERROR):
        cloud.call_cam("CreateOIDCConfig", Name=unique("provider"), **told(issuer))


def test_as_many_providers_as_there_may_be(tmp_path, issuer):
    server = Server(tmp_path, settings="federation_allow_private = true\n").start()
    try:
        cam = Cloud(server).call_cam
        for number in range(100):
            cam("CreateOIDCConfig", Name=f"provider-{number}", **told(issuer))
        with api_refuses("LimitExceeded.IdentityFull"):
            cam("CreateOIDCConfig", Name="provider-100", **told(issuer))
        cam("DeleteOIDCConfig", Name="provider-0")
        cam("CreateOIDCConfig", Name="provider-100", **told(issuer))
    finally:
        server.stop()


def test_who_may_change_providers(here, cam, issuer, provider):
    user = here.new_user()
    for action, more in [
        ("CreateOIDCConfig", told(issuer)),
        ("DescribeOIDCConfig", {}),
        ("UpdateOIDCConfig", told(issuer)),
        ("DeleteOIDCConfig", {}),
    ]:
        with api_refuses("AuthFailure.UnauthorizedOperation"):
            cam(action, key=user.key, Name=provider, **more)
    here.grant(user, statement("cam:DescribeOIDCConfig", f"qcs::cam::uin/{OWNER_UIN}:oidc-provider/{provider}"))
    assert cam("DescribeOIDCConfig", key=user.key, Name=provider).Name == provider
    with api_refuses("AuthFailure.UnauthorizedOperation"):
        cam("DescribeOIDCConfig", key=user.key, Name="another")


# Sessions.


def test_a_token_becomes_a_session_of_the_role(here, issuer, provider, role, place):
    answer = ask(here, provider, role, issuer.token())
    assert set(answer) == {"Credentials", "ExpiredTime", "Expiration", "RequestId"}
    assert abs(answer["ExpiredTime"] - time.time() - 1800) < 60
    credentials = answer["Credentials"]
    session = Key(credentials["TmpSecretId"], credentials["TmpSecretKey"], credentials["Token"])
    assert here.cos(session).get_object(Bucket=place, Key="k")["Body"].get_raw_stream().read() == b"bytes"
    who = here.call_sts("GetCallerIdentity", session)
    assert (who.Type, who.AccountId) == ("CAMRole", str(OWNER_UIN))
    narrow = json.dumps(policy(statement("name/cos:HeadObject", in_bucket(place, "*"))))
    narrowed = here.cos(assume(here, provider, role, issuer.token(), Policy=narrow))
    narrowed.head_object(Bucket=place, Key="k")
    with cos_refuses(403, "AccessDenied"):
        narrowed.get_object(Bucket=place, Key="k")


def test_what_no_session_comes_of(here, issuer, provider, role):
    now = int(time.time())
    for claims in (
        {"exp": now - 600},
        {"aud": "somebody"},
        {"iss": "https://issuer.test"},
        {"nbf": now + 600},
        {"sub": ""},
    ):
        with api_refuses(BAD_TOKEN):
            ask(here, provider, role, issuer.token(**claims))
    for claims in ({"sub": "bob"}, {"aud": "other"}):
        with api_refuses(DENIED):
            ask(here, provider, role, issuer.token(**claims))
    with api_refuses(DENIED):
        ask(here, provider, "nobody", issuer.token())
    with api_refuses(BAD_TOKEN):
        ask(here, "nobody", role, issuer.token())
    with Issuer() as stranger, api_refuses(BAD_TOKEN):
        ask(here, provider, role, stranger.token(iss=issuer.url))
    with api_refuses("AuthFailure.InvalidAuthorization"):
        here.call_sts(
            "AssumeRoleWithWebIdentity",
            ProviderId=provider,
            WebIdentityToken=issuer.token(),
            RoleArn=f"qcs::cam::uin/{OWNER_UIN}:roleName/{role}",
            RoleSessionName="signed",
        )


def test_keys_that_were_given_are_the_only_ones(here, provider, role, issuer):
    keys = given(issuer.keys())
    here.call_cam("UpdateOIDCConfig", Name=provider, **told(issuer, **keys))
    before = issuer.token()
    assume(here, provider, role, before)
    asked = issuer.asked
    issuer.rotate()
    with api_refuses(BAD_TOKEN):
        ask(here, provider, role, issuer.token())
    here.call_cam("UpdateOIDCConfig", Name=provider, **told(issuer, **given(issuer.keys())))
    assume(here, provider, role, issuer.token())
    with api_refuses(BAD_TOKEN):
        ask(here, provider, role, before)
    assert issuer.asked == asked


def test_a_session_ends_with_its_provider(here, issuer, role, provider, place):
    name = unique("provider")
    here.call_cam("CreateOIDCConfig", Name=name, **told(issuer, **given(issuer.keys())))
    here.call_cam("UpdateAssumeRolePolicy", RoleName=role, PolicyDocument=trust(name))
    session = here.cos(assume(here, name, role, issuer.token()))
    session.head_object(Bucket=place, Key="k")
    here.call_cam("DeleteOIDCConfig", Name=name)
    with cos_refuses(403, "InvalidAccessKeyId"):
        session.get_object(Bucket=place, Key="k")
    here.call_cam("CreateOIDCConfig", Name=name, **told(issuer, **given(issuer.keys())))
    with cos_refuses(403, "InvalidAccessKeyId"):
        session.get_object(Bucket=place, Key="k")
    with api_refuses(DENIED):
        ask(here, name, role, issuer.token())
    here.call_cam("DeleteOIDCConfig", Name=name)


def test_trust_in_providers_that_are_not_there(cam):
    with api_refuses("InvalidParameter.PrincipalQcsNotExist"):
        cam("CreateRole", RoleName=unique("role"), PolicyDocument=trust("nobody"))


def test_an_address_that_asks_too_often(tmp_path):
    settings = "[limits]\nweb_identity_requests_per_second = 1\n"
    server = Server(tmp_path, settings=settings).start()
    try:
        codes = set()
        for _ in range(50):
            with pytest.raises(Exception) as caught:
                ask(Cloud(server), "nobody", "nobody", "x")
            codes.add(caught.value.code)
        assert codes == {BAD_TOKEN, "RequestLimitExceeded"}
    finally:
        server.stop()
