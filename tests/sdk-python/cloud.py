"""The vendor's SDKs, pointed at the server, and the few things most tests need of them."""

import json
import re
import uuid
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import requests
from qcloud_cos import CosConfig, CosS3Client
from qcloud_cos.cos_exception import CosServiceError
from sts.sts import Sts
from tencentcloud.cam.v20190116 import cam_client
from tencentcloud.cam.v20190116 import models as cam_models
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sts.v20180813 import models as sts_models
from tencentcloud.sts.v20180813 import sts_client

import wire
from server import APPID, REGION, Server
from signer import Key, Request, sign

TC3 = "TC3-HMAC-SHA256"


def statement(actions, resources, effect="allow", condition=None) -> dict:
    """One statement of a policy."""
    made = {"effect": effect, "action": actions, "resource": resources}
    return made if condition is None else made | {"condition": condition}


def policy(*statements) -> dict:
    return {"version": "2.0", "statement": list(statements)}


def in_bucket(bucket: str, pattern: str, region: str = REGION) -> str:
    """The resource of an object, of several, or with an empty pattern of the bucket itself."""
    return f"qcs::cos:{region}:uid/{APPID}:{bucket}/{pattern}"


@contextmanager
def cos_refuses(status: int, code: str):
    """The object store refuses what the body of the `with` asks through the SDK."""
    with pytest.raises(CosServiceError) as caught:
        yield
    assert (caught.value.get_status_code(), caught.value.get_error_code()) == (status, code), caught.value


@contextmanager
def api_refuses(code: str):
    """The token service or the access management refuses what the body of the `with` asks through the SDK."""
    with pytest.raises(TencentCloudSDKException) as caught:
        yield
    assert caught.value.code == code, caught.value
    assert caught.value.requestId


@contextmanager
def sts_sdk_refuses(code: str):
    """As `api_refuses`, for the STS SDK, whose exception holds the raw answer as text."""
    with pytest.raises(Exception, match="^.*result: ") as caught:
        yield
    found = re.search(r"'Code': '([^']*)'", str(caught.value.args[0]))
    assert found and found.group(1) == code, caught.value


@dataclass(frozen=True)
class User:
    """A sub-account."""

    name: str
    uin: int
    key: Key


class Cloud:
    """One server, seen through the SDKs."""

    def __init__(self, server: Server):
        self.server = server
        self.root = server.root

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    # Clients.

    def cos(
        self, key: Key, session: requests.Session | None = None, retries: int = 0, **options
    ) -> CosS3Client:
        """A client of the object store; bucket hosts are sent as to the real service, the connection goes to us."""
        addressing = {
            "Region": REGION,
            "IP": "127.0.0.1",
            "Port": self.server.port,
            "ServiceDomain": self.endpoint,
        }
        config = CosConfig(
            SecretId=key.id, SecretKey=key.secret, Token=key.token, Scheme="http", **(addressing | options)
        )
        return CosS3Client(config, retry=retries, session=session or requests.Session())

    def sts(self, key: Key, scheme: str = TC3, method: str = "POST") -> sts_client.StsClient:
        return sts_client.StsClient(self._credential(key), REGION, self._profile(scheme, method))

    def cam(self, key: Key, scheme: str = TC3, method: str = "POST") -> cam_client.CamClient:
        return cam_client.CamClient(self._credential(key), REGION, self._profile(scheme, method))

    def sts_sdk(self, key: Key, **options) -> Sts:
        """A client of the COS STS SDK."""
        addressing = {"url": f"http://{self.endpoint}/", "domain": self.endpoint, "region": REGION}
        return Sts({"secret_id": key.id, "secret_key": key.secret} | addressing | options)

    @staticmethod
    def _credential(key: Key) -> Credential:
        return Credential(key.id, key.secret, key.token)

    def _profile(self, scheme: str, method: str) -> ClientProfile:
        http = HttpProfile(protocol="http", endpoint=self.endpoint, reqMethod=method)
        return ClientProfile(signMethod=scheme, httpProfile=http)

    # Temporary keys.

    def mint(self, key: Key, *statements, seconds: int = 1800) -> Key:
        """A temporary key, narrowed by the statements if there are any."""
        if not statements:
            return self.mint_unbounded(key, seconds)
        answer = self.sts_sdk(key, policy=policy(*statements), duration_seconds=seconds).get_credential()
        credentials = answer["credentials"]
        return Key(credentials["tmpSecretId"], credentials["tmpSecretKey"], credentials["sessionToken"])

    def mint_unbounded(self, key: Key, seconds: int = 1800) -> Key:
        """A temporary key without a policy of its own, which only the general SDK can ask for."""
        return key_of(self.federation(key, Name="unbounded", DurationSeconds=seconds))

    def federation(self, key: Key, scheme: str = TC3, method: str = "POST", **parameters):
        """GetFederationToken through the general SDK."""
        return self.sts(key, scheme, method).GetFederationToken(
            _filled(sts_models.GetFederationTokenRequest, parameters)
        )

    def call_sts(self, action: str, key: Key | None = None, client=None, **parameters):
        """One action of the token service, by the root account unless told otherwise."""
        request = _filled(getattr(sts_models, f"{action}Request"), parameters)
        return getattr(client or self.sts(key or self.root), action)(request)

    # Identities.

    def call_cam(self, action: str, key: Key | None = None, client=None, **parameters):
        """One action of the access management, by the root account unless told otherwise."""
        request = _filled(getattr(cam_models, f"{action}Request"), parameters)
        return getattr(client or self.cam(key or self.root), action)(request)

    def new_user(self) -> User:
        """A sub-account that may do nothing yet."""
        name = unique("user")
        made = self.call_cam("AddUser", Name=name, UseApi=1)
        return User(name, made.Uin, Key(made.SecretId, made.SecretKey))

    def new_policy(self, *statements) -> int:
        document = json.dumps(policy(*statements))
        return self.call_cam("CreatePolicy", PolicyName=unique("policy"), PolicyDocument=document).PolicyId

    def grant(self, user: User, *statements) -> int:
        """Attaches a new policy to the user and returns its id."""
        policy_id = self.new_policy(*statements)
        self.call_cam("AttachUserPolicy", PolicyId=policy_id, AttachUin=user.uin)
        return policy_id

    # The wire.

    def request(
        self, method: str, bucket: str | None = None, key: str = "", query=(), headers=(), body=b""
    ) -> Request:
        """A request that is not signed yet."""
        host = "service.cos.myqcloud.com" if bucket is None else f"{bucket}.cos.{REGION}.myqcloud.com"
        return Request(method, host, "/" + key, tuple(query), tuple(headers), body)

    def send(self, request: Request) -> wire.Answer:
        return wire.send(self.server.port, request)

    def ask(
        self, key: Key, method: str, bucket: str | None = None, object_key: str = "", **parts
    ) -> wire.Answer:
        """One signed request to the object store."""
        return self.send(sign(self.request(method, bucket, object_key, **parts), key))


def key_of(answer) -> Key:
    """The temporary key in an answer of the general SDK."""
    credentials = answer.Credentials
    return Key(credentials.TmpSecretId, credentials.TmpSecretKey, credentials.Token)


def unique(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex[:12]}"


def _filled(model, parameters: dict):
    request = model()
    for name, value in parameters.items():
        assert hasattr(request, name), name
        setattr(request, name, value)
    return request
