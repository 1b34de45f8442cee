"""The token service: every way the SDKs ask it, the bounds it keeps, and the codes it refuses with."""

import json
import secrets
import time
from dataclasses import replace
from urllib.parse import quote, urlencode

import pytest
from sts.sts import Scope, Sts
from tencentcloud.sts.v20180813 import models

import signer
import wire
from cloud import TC3, Cloud, api_refuses, in_bucket, key_of, policy, statement, sts_sdk_refuses
from server import APPID, OWNER_UIN, Server

SCHEMES = [
    (TC3, "POST"),
    (TC3, "GET"),
    ("HmacSHA1", "POST"),
    ("HmacSHA1", "GET"),
    ("HmacSHA256", "POST"),
    ("HmacSHA256", "GET"),
]
VERSION = "2018-08-13"
ANYTHING = statement("name/cos:*", "*")


def encoded(*statements) -> str:
    """A session policy as the documentation wants it: JSON, percent-encoded."""
    return quote(json.dumps(policy(*statements)))


def ask(cloud, action, parameters, key=None, **options) -> wire.Answer:
    """One signed request on the wire."""
    body = parameters if isinstance(parameters, bytes) else json.dumps(parameters).encode()
    request = signer.tc3(cloud.endpoint, key or cloud.root, "sts", VERSION, action, body, **options)
    return cloud.send(request)


# How it is asked.


@pytest.mark.parametrize("scheme, method", SCHEMES)
def test_every_scheme_of_the_general_sdk(cloud, bucket, scheme, method):
    text = encoded(statement("name/cos:PutObject", in_bucket(bucket, "目录/*")))
    before = int(time.time())
    answer = cloud.federation(cloud.root, scheme, method, Name="demo", Policy=text, DurationSeconds=1800)
    assert before + 1800 <= answer.ExpiredTime <= int(time.time()) + 1800
    assert time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(answer.ExpiredTime)) == answer.Expiration
    key = key_of(answer)
    assert cloud.ask(key, "PUT", bucket, "目录/k", body=b"v").status == 200
    assert cloud.ask(key, "PUT", bucket, "other", body=b"v").refusal == (403, "AccessDenied")


@pytest.mark.parametrize("scheme, method", SCHEMES)
def test_a_temporary_key_asks_by_every_scheme(cloud, scheme, method):
    key = cloud.mint(cloud.root, ANYTHING)
    answer = cloud.sts(key, scheme, method).GetCallerIdentity(models.GetCallerIdentityRequest())
    assert answer.AccountId == str(OWNER_UIN)


def test_the_cos_sts_sdk(cloud, bucket):
    sts = cloud.sts_sdk(
        cloud.root, bucket=bucket, allow_prefix=["a/*", "b/k"], allow_actions=["name/cos:PutObject"]
    )
    given = sts.get_credential()["credentials"]
    key = signer.Key(given["tmpSecretId"], given["tmpSecretKey"], given["sessionToken"])
    statuses = [cloud.ask(key, "PUT", bucket, name, body=b"v").status for name in ("a/k", "b/k", "b/l")]
    assert statuses == [200, 200, 403]


def test_the_scopes_of_the_cos_sts_sdk(cloud, bucket):
    scope = Scope("name/cos:PutObject", bucket, "ap-guangzhou", "doc/*")
    scope.set_condition({"string_equal": {"cos:content-type": "image/png"}})
    given = cloud.sts_sdk(cloud.root, policy=Sts.get_policy([scope])).get_credential()["credentials"]
    key = signer.Key(given["tmpSecretId"], given["tmpSecretKey"], given["sessionToken"])
    put = lambda kind: (
        cloud.ask(key, "PUT", bucket, "doc/k", headers=[("Content-Type", kind)], body=b"v").status
    )
    assert (put("image/png"), put("text/html")) == (200, 403)


def v1_identity(cloud, signed_host) -> dict:
    """GetCallerIdentity by the older scheme, signed for a host that need not be ours."""
    parameters = {
        "Action": "GetCallerIdentity",
        "Version": VERSION,
        "SecretId": cloud.root.id,
        "Timestamp": str(int(time.time())),
        "Nonce": "1",
        "Region": "ap-guangzhou",
    }
    parameters["Signature"] = signer.v1_signature(cloud.root.secret, "POST", signed_host, parameters)
    headers = (("Content-Type", "application/x-www-form-urlencoded"),)
    body = urlencode(parameters).encode()
    return cloud.send(signer.Request("POST", cloud.endpoint, headers=headers, body=body)).json


@pytest.mark.parametrize(
    "host",
    ["sts.tencentcloudapi.com", "sts.ap-guangzhou.tencentcloudapi.com", "sts.internal.tencentcloudapi.com"],
)
def test_the_real_service_may_be_the_signed_host(cloud, host):
    # The Java SDK signs this name whatever it talks to.
    assert v1_identity(cloud, host).get("AccountId") == str(OWNER_UIN)


def test_the_signed_host_may_be_without_port(cloud):
    assert v1_identity(cloud, "127.0.0.1").get("AccountId") == str(OWNER_UIN)
    request = signer.tc3("127.0.0.1", cloud.root, "sts", VERSION, "GetCallerIdentity", b"{}")
    assert cloud.send(replace(request, host=cloud.endpoint)).json.get("AccountId") == str(OWNER_UIN)


def test_any_other_host_may_not_be_signed(cloud):
    for host in ("example.com", "cvm.tencentcloudapi.com", "127.0.0.1:1"):
        assert v1_identity(cloud, host)["Error"]["Code"] == "AuthFailure.SignatureFailure", host


def test_a_request_may_be_repeated_within_a_second(cloud):
    # Some SDKs draw their nonce from few values; parallel calls of one second collide.
    assert [v1_identity(cloud, cloud.endpoint)["AccountId"] for _ in range(3)] == [str(OWNER_UIN)] * 3


@pytest.mark.parametrize(
    "text", [json.dumps(policy(ANYTHING)), encoded(ANYTHING), encoded(ANYTHING).replace("%20", "+")]
)
def test_the_policy_may_be_encoded_or_plain(cloud, bucket, text):
    key = key_of(cloud.federation(cloud.root, Name="demo", Policy=text))
    assert cloud.ask(key, "PUT", bucket, "k", body=b"v").status == 200


def test_a_principal_that_means_everybody_is_ignored(cloud, bucket):
    for everybody in ({"qcs": "*"}, {"qcs": ["*"]}):
        key = key_of(
            cloud.federation(cloud.root, Name="demo", Policy=encoded(ANYTHING | {"principal": everybody}))
        )
        assert cloud.ask(key, "PUT", bucket, "k", body=b"v").status == 200


# Who is asking.


def test_who_is_asking(cloud, user):
    def identity(key):
        answer = cloud.sts(key).GetCallerIdentity(models.GetCallerIdentityRequest())
        return (answer.Type, answer.AccountId, answer.UserId, answer.PrincipalId, answer.Arn)

    root, uin = str(OWNER_UIN), str(user.uin)
    arn = lambda number: f"qcs::cam::uin/{root}:uin/{number}"
    assert identity(cloud.root) == ("CAMUser", root, root, root, arn(root))
    assert identity(user.key) == ("CAMUser", root, uin, uin, arn(uin))
    session = cloud.mint(user.key, ANYTHING)
    assert identity(session)[1:4] == (root, f"{uin}:cos-sts-python", uin)
    assert identity(session)[4] == f"qcs::sts:{root}:federated-user/{uin}"


def test_a_user_without_permissions_gets_a_useless_key(cloud, bucket, user):
    key = cloud.mint(user.key, ANYTHING)
    assert cloud.ask(key, "PUT", bucket, "k", body=b"v").refusal == (403, "AccessDenied")


def test_minting_may_be_denied(cloud, user):
    cloud.grant(user, statement("sts:GetFederationToken", "*", "deny"))
    with api_refuses("UnauthorizedOperation"):
        cloud.federation(user.key, Name="demo", Policy=encoded(ANYTHING))


def test_a_temporary_key_cannot_mint(cloud):
    for key in (cloud.mint(cloud.root, ANYTHING), cloud.mint_unbounded(cloud.root)):
        with api_refuses("FailedOperation.TempKeyNotAllowed"):
            cloud.federation(key, Name="demo", Policy=encoded(ANYTHING))


# How long.


def lifetime(cloud, key, **parameters) -> int:
    before = time.time()
    answer = cloud.federation(key, Name="demo", Policy=encoded(ANYTHING), **parameters)
    return round(answer.ExpiredTime - before)


def test_durations_that_are_granted(cloud, documented, user):
    assert lifetime(cloud, cloud.root) in (1799, 1800, 1801)
    assert lifetime(cloud, cloud.root, DurationSeconds=7200) in (7199, 7200, 7201)
    assert lifetime(cloud, user.key, DurationSeconds=129600) in (129599, 129600, 129601)
    assert lifetime(documented, documented.root, DurationSeconds=1800) in (1799, 1800, 1801)


def test_durations_that_are_too_long(cloud, user):
    for key, seconds in ((cloud.root, 7201), (user.key, 129601), (user.key, 2**31), (user.key, 2**63 - 1)):
        with api_refuses("InvalidParameter.OverTimeError"):
            cloud.federation(key, Name="demo", Policy=encoded(ANYTHING), DurationSeconds=seconds)
    with sts_sdk_refuses("InvalidParameter.OverTimeError"):
        cloud.sts_sdk(cloud.root, policy=policy(ANYTHING), duration_seconds=7201).get_credential()


def test_durations_that_are_too_short(cloud, documented):
    for seconds in (0, -1, -(2**63)):
        with api_refuses("InvalidParameter.ParamError"):
            cloud.federation(cloud.root, Name="demo", Policy=encoded(ANYTHING), DurationSeconds=seconds)
    for seconds in (1, 1799):
        with api_refuses("InvalidParameter.ParamError"):
            documented.federation(
                documented.root, Name="demo", Policy=encoded(ANYTHING), DurationSeconds=seconds
            )


@pytest.mark.parametrize("duration", ["soon", "1e3", 1.5, [1800], {"a": 1}, 10**30])
def test_durations_that_are_none(cloud, duration):
    answer = ask(
        cloud,
        "GetFederationToken",
        {"Name": "demo", "Policy": encoded(ANYTHING), "DurationSeconds": duration},
    )
    assert answer.api_code.startswith("InvalidParameter"), answer


def test_a_duration_as_text(cloud):
    parameters = {"Name": "demo", "Policy": encoded(ANYTHING), "DurationSeconds": "1800"}
    assert "Credentials" in ask(cloud, "GetFederationToken", parameters).json


# What is refused.


@pytest.mark.parametrize("name", ["a", "a" * 128, "cos-sts-python", "a_=,.@+-1"])
def test_names(cloud, name):
    assert cloud.federation(cloud.root, Name=name, Policy=encoded(ANYTHING)).Credentials.Token


@pytest.mark.parametrize("name", ["a" * 129, "with space", "目录", "a/b", "a\nb"])
def test_names_that_are_none(cloud, name):
    with api_refuses("InvalidParameter.ParamError"):
        cloud.federation(cloud.root, Name=name, Policy=encoded(ANYTHING))


def test_a_name_is_needed(cloud):
    with api_refuses("MissingParameter"):
        cloud.federation(cloud.root, Policy=encoded(ANYTHING))


REFUSED_POLICIES = {
    "not JSON": ("{", "InvalidParameter.StrategyFormatError"),
    "not text of JSON": ("undefined", "InvalidParameter.StrategyFormatError"),
    "deep": (
        '{"version":"2.0","statement":' + "[" * 2000 + "]" * 2000 + "}",
        "InvalidParameter.StrategyFormatError",
    ),
    "twice the same name": (
        '{"version":"2.0","version":"2.0","statement":[]}',
        "InvalidParameter.StrategyInvalid",
    ),
    "a list": ("[]", "InvalidParameter.StrategyFormatError"),
    "no statement": ('{"version":"2.0"}', "InvalidParameter.StrategyInvalid"),
    "other version": (json.dumps(policy(ANYTHING) | {"version": "1.0"}), "InvalidParameter.StrategyInvalid"),
    "no resource": (json.dumps(policy(statement("cos:*", []))), "InvalidParameter.StrategyInvalid"),
    "no action": (json.dumps(policy(statement([], "*"))), "InvalidParameter.StrategyInvalid"),
    "no effect": (json.dumps(policy(statement("cos:*", "*", "maybe"))), "InvalidParameter.StrategyInvalid"),
    "a principal": (
        json.dumps(policy(ANYTHING | {"principal": {"qcs": ["qcs::cam::uin/1:uin/1"]}})),
        "InvalidParameter.StrategyInvalid",
    ),
    "unknown operator": (
        json.dumps(policy(statement("cos:*", "*", condition={"string_equals": {"cos:prefix": "a"}}))),
        "InvalidParameter.StrategyInvalid",
    ),
    "unknown key": (
        json.dumps(policy(statement("cos:*", "*", condition={"string_equal": {"cos:prefiks": "a"}}))),
        "InvalidParameter.StrategyInvalid",
    ),
    "four segments": (
        json.dumps(policy(statement("cos:*", "qcs::cos:ap-guangzhou"))),
        "InvalidParameter.ResouceError",
    ),
    "a project": (
        json.dumps(policy(statement("cos:*", f"qcs:1:cos::uid/{APPID}:b-{APPID}/*"))),
        "InvalidParameter.ResouceError",
    ),
    "another account": (
        json.dumps(policy(statement("cos:*", "qcs::cos::uid/1260000000:b-1260000000/*"))),
        "InvalidParameter.GrantOtherResource",
    ),
    "another account's bucket": (
        json.dumps(policy(statement("cos:*", f"qcs::cos::uid/{APPID}:b-1260000000/*"))),
        "InvalidParameter.GrantOtherResource",
    ),
}


@pytest.mark.parametrize("text, code", REFUSED_POLICIES.values(), ids=REFUSED_POLICIES.keys())
def test_policies_that_are_refused(cloud, text, code):
    with api_refuses(code):
        cloud.federation(cloud.root, Name="demo", Policy=quote(text))


def test_the_length_of_a_policy(cloud, bucket):
    def text(length):
        bare = json.dumps(policy(statement("cos:PutObject", in_bucket(bucket, "KEY"))), separators=(",", ":"))
        return bare.replace("KEY", "k" * (length - len(bare) + len("KEY")))

    longest = text(6144)
    assert len(longest) == 6144
    assert cloud.federation(cloud.root, Name="demo", Policy=longest).Credentials.Token
    # Whitespace does not count.
    assert cloud.federation(cloud.root, Name="demo", Policy=" " * 500 + longest).Credentials.Token
    with api_refuses("InvalidParameter.PolicyTooLong"):
        cloud.federation(cloud.root, Name="demo", Policy=text(6145))


def test_a_policy_that_does_not_fit_a_token(cloud, bucket):
    # Short enough as a policy, but random, so that it cannot be compressed into a token of 4096 bytes.
    resources = [in_bucket(bucket, secrets.token_hex(128)) for _ in range(17)]
    text = json.dumps(policy(statement("cos:PutObject", resources)), separators=(",", ":"))
    assert len(text) <= 6144
    answer = ask(cloud, "GetFederationToken", {"Name": "demo", "Policy": text})
    if answer.api_code is None:
        assert len(answer.json["Credentials"]["Token"]) <= 4096
    else:
        assert answer.api_code == "InvalidParameter.PolicyTooLong"


def test_a_usual_policy_of_full_length_fits(cloud, bucket):
    statements = [
        statement(["name/cos:PutObject", "name/cos:PostObject"], in_bucket(bucket, f"app/u{n}/*"))
        for n in range(30)
    ]
    text = json.dumps(policy(*statements), separators=(",", ":"))
    assert 4096 < len(text) <= 6144
    assert len(cloud.federation(cloud.root, Name="demo", Policy=text).Credentials.Token) <= 4096


# Routing, time and signatures.


def test_unknown_actions_and_versions(cloud):
    unknown = lambda version, action: (
        cloud.send(signer.tc3(cloud.endpoint, cloud.root, "sts", version, action, b"{}")).api_code
    )
    assert unknown(VERSION, "GetFederationTokens") == "InvalidAction"
    assert unknown("2018-08-14", "GetCallerIdentity") == "NoSuchVersion"
    assert unknown(VERSION, "AssumeRoleWithSAML") == "UnsupportedOperation"


def test_other_methods(cloud):
    request = signer.tc3(cloud.endpoint, cloud.root, "sts", VERSION, "GetCallerIdentity", b"{}")
    for method in ("PUT", "DELETE", "PATCH"):
        moved = signer.Request(method, request.host, headers=request.headers, body=request.body)
        assert cloud.send(moved).api_code == "UnsupportedProtocol", method


def test_the_clock(cloud):
    now = int(time.time())
    at = lambda seconds: ask(cloud, "GetCallerIdentity", {}, timestamp=now + seconds)
    assert at(-280).json["AccountId"] and at(280).json["AccountId"]
    assert at(-310).api_code == "AuthFailure.SignatureExpire"
    assert at(320).api_code == "AuthFailure.SignatureExpire"


def test_keys_that_are_none(cloud, user):
    identity = lambda key: ask(cloud, "GetCallerIdentity", {}, key=key).api_code
    assert identity(signer.Key("AKID" + "x" * 32, "y" * 32)) == "AuthFailure.SecretIdNotFound"
    assert identity(signer.Key(user.key.id, "y" * 32)) == "AuthFailure.SignatureFailure"
    cloud.call_cam("UpdateAccessKey", AccessKeyId=user.key.id, Status="Inactive", TargetUin=user.uin)
    assert identity(user.key) == "AuthFailure.SecretIdNotFound"


def test_tokens_that_are_none(cloud):
    key = cloud.mint(cloud.root, ANYTHING)
    other = cloud.mint(cloud.root, ANYTHING)
    identity = lambda token: (
        ask(cloud, "GetCallerIdentity", {}, key=signer.Key(key.id, key.secret, token)).api_code
    )
    assert identity(key.token) is None
    for token in (
        None,
        "",
        "x",
        key.token[:-1],
        key.token + "A",
        ("B" if key.token[0] == "A" else "A") + key.token[1:],
        other.token,
        "A" * 5000,
    ):
        assert identity(token) == "AuthFailure.TokenFailure", token


def test_a_token_that_has_expired(cloud):
    answer = cloud.sts_sdk(cloud.root, policy=policy(ANYTHING), duration_seconds=1).get_credential()
    given = answer["credentials"]
    while time.time() <= answer["expiredTime"]:
        time.sleep(0.05)
    with api_refuses("AuthFailure.TokenFailure"):
        key = signer.Key(given["tmpSecretId"], given["tmpSecretKey"], given["sessionToken"])
        cloud.sts(key).GetCallerIdentity(models.GetCallerIdentityRequest())


def test_a_request_that_was_changed(cloud):
    request = signer.tc3(
        cloud.endpoint, cloud.root, "sts", VERSION, "GetFederationToken", b'{"Name": "demo"}'
    )
    changed = signer.Request("POST", request.host, headers=request.headers, body=b'{"Name": "Demo"}')
    assert cloud.send(changed).api_code == "AuthFailure.SignatureFailure"
    foreign = signer.tc3(cloud.endpoint, cloud.root, "cvm", VERSION, "GetCallerIdentity", b"{}")
    assert cloud.send(foreign).api_code == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'{"Name": "a", "Name": "b"}', b"[" * 100_000, b"\xff\xfe"]
)
def test_bodies_that_are_no_parameters(cloud, body):
    answer = ask(cloud, "GetFederationToken", body)
    assert answer.api_code in ("InvalidParameter", "MissingParameter"), answer


def test_a_body_that_is_too_large(cloud):
    answer = ask(cloud, "GetFederationToken", {"Name": "demo", "Policy": "x" * 2 * 1024 * 1024})
    assert answer.api_code == "RequestSizeLimitExceeded"


def test_an_account_that_asks_too_often(tmp_path):
    server = Server(tmp_path, settings="[limits]\nsts_requests_per_second = 1\n").start()
    slow = Cloud(server)
    try:
        with api_refuses("RequestLimitExceeded"):
            for _ in range(50):
                slow.federation(slow.root, Name="demo", Policy=encoded(ANYTHING))
    finally:
        server.stop()
