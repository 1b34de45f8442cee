"""Keys on the word of an identity provider, through the general SDK, with an issuer that the tests start themselves."""

import base64
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from Crypto.Signature import pkcs1_15
from tencentcloud.common.exception import TencentCloudSDKException

from cloud import TC3, Cloud, api_refuses, cos_refuses, in_bucket, policy, statement, unique
from server import APPID, OWNER_UIN, Server
from signer import Key

AUDIENCE = "daypass"
BAD_TOKEN = "InvalidParameter.WebIdentityTokenError"
MOST_PROVIDERS = 100


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Discovery, keys and tokens of an issuer on the loopback interface."""

    def __init__(self):
        self._pair = RSA.generate(2048)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def key_set(self) -> dict:
        number = lambda value: encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))
        public = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one"}
        return {"keys": [public | {"n": number(self._pair.n), "e": number(self._pair.e)}]}

    def token(self, **claims) -> str:
        now = int(time.time())
        usual = {"iss": self.url, "sub": "alice", "aud": AUDIENCE, "iat": now, "exp": now + 300}
        parts = ({"alg": "RS256", "kid": "one"}, usual | claims)
        signed = ".".join(encoded(json.dumps(part).encode()) for part in parts)
        signature = pkcs1_15.new(self._pair).sign(SHA256.new(signed.encode()))
        return f"{signed}.{encoded(signature)}"

    def _handler(issuer):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                discovery = {"issuer": issuer.url, "jwks_uri": issuer.url + "/keys"}
                body = json.dumps(issuer.key_set() if self.path == "/keys" else discovery).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler


@pytest.fixture(scope="module")
def issuer():
    issuer = Issuer()
    yield issuer
    issuer.stop()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    """A server that may ask an issuer on the loopback interface."""
    folder = tmp_path_factory.mktemp("federation")
    server = Server(folder, settings="federation_allow_private = true\n").start()
    yield Cloud(server)
    server.stop()


@pytest.fixture
def settings(issuer):
    return {"Name": unique("idp"), "IdentityUrl": issuer.url, "ClientId": [AUDIENCE], "AutoRotateKey": 1}


@pytest.fixture
def provider(cloud, settings):
    """The name of a provider that fetches the issuer's keys by itself."""
    cloud.call_cam("CreateOIDCConfig", **settings)
    yield settings["Name"]
    cloud.call_cam("DeleteOIDCConfig", Name=settings["Name"])


@contextmanager
def role_for(cloud, provider: str, **condition):
    """The name of a role that trusts the provider about whomever the condition lets through, and may read and write."""
    name = unique("role")
    trust = {
        "effect": "allow",
        "action": "name/sts:AssumeRoleWithWebIdentity",
        "principal": {"federated": [f"qcs::cam::uin/{OWNER_UIN}:oidc-provider/{provider}"]},
        "condition": {"string_equal": {"oidc:aud": AUDIENCE} | condition},
    }
    cloud.call_cam("CreateRole", RoleName=name, PolicyDocument=json.dumps(policy(trust)))
    granted = cloud.new_policy(statement(["cos:PutObject", "cos:GetObject"], "*"))
    cloud.call_cam("AttachRolePolicy", AttachRoleName=name, PolicyId=granted)
    yield name
    cloud.call_cam("DeleteRole", RoleName=name)


def assume(cloud, provider: str, role: str, token: str, **more) -> dict:
    """The SDKs call this one action without a signature, by their general call."""
    asked = {
        "ProviderId": provider,
        "WebIdentityToken": token,
        "RoleArn": f"qcs::cam::uin/{OWNER_UIN}:roleName/{role}",
        "RoleSessionName": "web",
    }
    answer = cloud.sts(cloud.root).call_json(
        "AssumeRoleWithWebIdentity", asked | more, options={"SkipSign": True}
    )
    return answer["Response"]


def key_in(answer: dict) -> Key:
    credentials = answer["Credentials"]
    return Key(credentials["TmpSecretId"], credentials["TmpSecretKey"], credentials["Token"])


def test_a_token_becomes_a_key_of_the_role(cloud, issuer, provider, bucket):
    narrow = json.dumps(policy(statement("name/cos:PutObject", in_bucket(bucket, "alice/*"))))
    with role_for(cloud, provider, **{"oidc:sub": "alice"}) as role:
        answer = assume(cloud, provider, role, issuer.token(), DurationSeconds=1800)
        assert answer["ExpiredTime"] - int(time.time()) in range(1790, 1801)
        whole = cloud.cos(key_in(answer))
        narrowed = cloud.cos(key_in(assume(cloud, provider, role, issuer.token(), Policy=narrow)))
        narrowed.put_object(Bucket=bucket, Key="alice/k", Body=b"v")
        with cos_refuses(403, "AccessDenied"):
            narrowed.get_object(Bucket=bucket, Key="alice/k")
        assert whole.get_object(Bucket=bucket, Key="alice/k")["Body"].get_raw_stream().read() == b"v"
        assert cloud.call_sts("GetCallerIdentity", key=key_in(answer)).Type == "CAMRole"
        with api_refuses("UnauthorizedOperation"):
            assume(cloud, provider, role, issuer.token(sub="bob"))


def test_a_key_ends_with_its_provider(cloud, issuer, settings, bucket):
    cloud.call_cam("CreateOIDCConfig", **settings)
    with role_for(cloud, settings["Name"]) as role:
        given = key_in(assume(cloud, settings["Name"], role, issuer.token()))
        cloud.cos(given).put_object(Bucket=bucket, Key="k", Body=b"v")
        cloud.call_cam("DeleteOIDCConfig", Name=settings["Name"])
        with cos_refuses(403, "InvalidAccessKeyId"):
            cloud.cos(given).get_object(Bucket=bucket, Key="k")


@pytest.mark.parametrize(
    "claims",
    [{"exp": 1}, {"aud": "another"}, {"iss": "https://example.com"}, {"sub": ""}],
    ids=["expired", "audience", "issuer", "nobody"],
)
def test_a_token_that_is_not_taken(cloud, issuer, provider, claims):
    with role_for(cloud, provider) as role, api_refuses(BAD_TOKEN):
        assume(cloud, provider, role, issuer.token(**claims))


def test_a_token_of_another_key(cloud, provider):
    stranger = Issuer()
    with role_for(cloud, provider) as role, api_refuses(BAD_TOKEN):
        assume(cloud, provider, role, stranger.token())
    stranger.stop()


def test_a_provider_comes_and_goes(cloud, issuer, settings):
    cloud.call_cam("CreateOIDCConfig", **settings, Description="说明")
    with api_refuses("InvalidParameter.IdentityNameInUse"):
        cloud.call_cam("CreateOIDCConfig", **settings)
    found = cloud.call_cam("DescribeOIDCConfig", Name=settings["Name"])
    assert (found.ProviderType, found.Status, found.AutoRotateKey) == (11, 11, 1)
    assert (found.IdentityUrl, found.ClientId, found.Description) == (issuer.url, [AUDIENCE], "说明")
    keys = base64.b64encode(json.dumps(issuer.key_set()).encode()).decode()
    changed = settings | {"ClientId": ["one", "two"], "AutoRotateKey": 0, "IdentityKey": keys}
    cloud.call_cam("UpdateOIDCConfig", **changed)
    found = cloud.call_cam("DescribeOIDCConfig", Name=settings["Name"])
    assert (found.ClientId, found.AutoRotateKey, found.IdentityKey) == (["one", "two"], 0, keys)
    cloud.call_cam("DeleteOIDCConfig", Name=settings["Name"])
    for action in ("DescribeOIDCConfig", "DeleteOIDCConfig"):
        with api_refuses("ResourceNotFound.IdentityNotExist"):
            cloud.call_cam(action, Name=settings["Name"])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"Name": "no name"}, "InvalidParameterValue.NameError"),
        ({"IdentityUrl": "ftp://example.com"}, "InvalidParameterValue.IdentityUrlError"),
        ({"IdentityUrl": "https://example.com/?q=1"}, "InvalidParameterValue.IdentityUrlError"),
        ({"AutoRotateKey": 0}, "InvalidParameterValue.IdentityKeyError"),
        ({"AutoRotateKey": 0, "IdentityKey": "e30="}, "InvalidParameterValue.IdentityKeyError"),
        ({"AutoRotateKey": 0, "IdentityKey": "no base64!"}, "InvalidParameterValue.IdentityKeyError"),
        ({"AutoRotateKey": 1, "IdentityKey": "e30="}, "InvalidParameterValue.IdentityKeyError"),
        ({"ClientId": ["a", "a"]}, "InvalidParameterValue"),
        ({"ClientId": [str(number) for number in range(21)]}, "InvalidParameterValue"),
        ({"ClientId": []}, "InvalidParameterValue"),
        ({"Description": "x" * 301}, "InvalidParameter.DescriptionLengthOverlimit"),
    ],
)
def test_a_provider_that_is_refused(cloud, settings, wrong, code):
    with api_refuses(code):
        cloud.call_cam("CreateOIDCConfig", **settings | wrong)


def test_a_key_set_with_a_private_key_is_refused(cloud, issuer, settings):
    private = [key | {"d": "AQAB"} for key in issuer.key_set()["keys"]]
    given = base64.b64encode(json.dumps({"keys": private}).encode()).decode()
    with api_refuses("InvalidParameterValue.IdentityKeyError"):
        cloud.call_cam("CreateOIDCConfig", **settings | {"AutoRotateKey": 0, "IdentityKey": given})


def test_who_may_administer_providers(cloud, settings, provider):
    user = cloud.new_user()
    everything = {"CreateOIDCConfig": settings, "UpdateOIDCConfig": settings}
    for action in ("CreateOIDCConfig", "DescribeOIDCConfig", "UpdateOIDCConfig", "DeleteOIDCConfig"):
        with api_refuses("AuthFailure.UnauthorizedOperation"):
            cloud.call_cam(action, key=user.key, **everything.get(action, {"Name": provider}))
    this = f"qcs::cam::uin/{OWNER_UIN}:oidc-provider/{provider}"
    cloud.grant(user, statement("cam:DescribeOIDCConfig", this))
    assert cloud.call_cam("DescribeOIDCConfig", key=user.key, Name=provider).Name == provider
    with api_refuses("AuthFailure.UnauthorizedOperation"):
        cloud.call_cam("DescribeOIDCConfig", key=user.key, Name="another")


@pytest.mark.parametrize(
    "scheme, method", [(TC3, "POST"), (TC3, "GET"), ("HmacSHA1", "POST"), ("HmacSHA256", "GET")]
)
def test_providers_by_every_signature(cloud, settings, scheme, method):
    client = cloud.cam(cloud.root, scheme, method)
    several = settings | {"ClientId": ["one", "two"]}
    cloud.call_cam("CreateOIDCConfig", client=client, **several)
    found = cloud.call_cam("DescribeOIDCConfig", client=client, Name=settings["Name"])
    assert found.ClientId == ["one", "two"]
    cloud.call_cam("DeleteOIDCConfig", client=client, Name=settings["Name"])


def test_a_trust_in_a_provider_that_is_not_there(cloud):
    with api_refuses("InvalidParameter.PrincipalQcsNotExist"), role_for(cloud, "nobody"):
        pass


def test_whom_nobody_signs_for_asks_without_a_signature(cloud, issuer, provider):
    with role_for(cloud, provider) as role, api_refuses("AuthFailure.InvalidAuthorization"):
        cloud.call_sts(
            "AssumeRoleWithWebIdentity",
            ProviderId=provider,
            WebIdentityToken=issuer.token(),
            RoleArn=f"qcs::cam::uin/{OWNER_UIN}:roleName/{role}",
            RoleSessionName="signed",
        )


def test_an_address_that_asks_too_often(tmp_path):
    server = Server(tmp_path, settings="[limits]\nweb_identity_requests_per_second = 1\n").start()
    try:
        codes = set()
        for _ in range(50):
            with pytest.raises(TencentCloudSDKException) as caught:
                assume(Cloud(server), "nobody", "nobody", "x")
            codes.add(caught.value.code)
        assert codes == {BAD_TOKEN, "RequestLimitExceeded"}
    finally:
        server.stop()


def test_an_account_has_so_many_providers(cloud, settings):
    names = []
    with api_refuses("LimitExceeded.IdentityFull"):
        for _ in range(MOST_PROVIDERS + 1):
            name = unique("idp")
            cloud.call_cam("CreateOIDCConfig", **settings | {"Name": name})
            names.append(name)
    assert len(names) == MOST_PROVIDERS
    for name in names:
        cloud.call_cam("DeleteOIDCConfig", Name=name)


def test_an_issuer_on_a_private_address_is_not_asked(documented, settings):
    with api_refuses("InvalidParameterValue.IdentityUrlError"):
        documented.call_cam("CreateOIDCConfig", **settings)


@pytest.fixture
def bucket(cloud):
    """A new bucket of this server."""
    name = f"{unique('b')}-{APPID}"
    cloud.cos(cloud.root).create_bucket(Bucket=name)
    return name
