"""Several root accounts in one store, through the SDKs: what one may do with another's bucket."""

import json
import subprocess

import pytest

from cloud import api_refuses, cos_refuses, policy, statement, unique
from server import APPID, OWNER_UIN, binary
from signer import Key


def daypass(cloud, *arguments, key=None, ok=True) -> str:
    """A verb of the command line, by the operator unless told otherwise."""
    key = key or cloud.root
    environment = {
        "DAYPASS_ENDPOINT": f"http://{cloud.endpoint}",
        "DAYPASS_SECRET_ID": key.id,
        "DAYPASS_SECRET_KEY": key.secret,
    }
    done = subprocess.run([binary(), *arguments], env=environment, capture_output=True, text=True, timeout=30)
    assert (done.returncode == 0) == ok, done
    return done.stdout


class Account:
    """A further root account."""

    def __init__(self, cloud):
        made = json.loads(daypass(cloud, "account", "create", "--json"))
        self.cloud = cloud
        self.uin, self.appid = made["owner_uin"], made["appid"]
        self.root = Key(made["secret_id"], made["secret_key"])

    def user(self, *statements):
        made = self.cloud.call_cam("AddUser", self.root, Name=unique("user"), UseApi=1)
        document = json.dumps(policy(*statements))
        policy_id = self.cloud.call_cam(
            "CreatePolicy", self.root, PolicyName=unique("policy"), PolicyDocument=document
        ).PolicyId
        self.cloud.call_cam("AttachUserPolicy", self.root, PolicyId=policy_id, AttachUin=made.Uin)
        return made.Uin, Key(made.SecretId, made.SecretKey)


@pytest.fixture
def other(cloud):
    return Account(cloud)


def everything(bucket):
    return [f"qcs::cos::uid/{APPID}:{bucket}/*"]


def let_in(cloud, bucket, principal, actions, effect="allow"):
    named = statement(actions, everything(bucket), effect) | {"principal": {"qcs": [principal]}}
    cloud.cos(cloud.root).put_bucket_policy(Bucket=bucket, Policy=policy(named))


def test_the_life_of_an_account(cloud, tmp_path):
    file = tmp_path / "key.json"
    shown = json.loads(daypass(cloud, "account", "create", "--secret-file", file, "--json"))
    kept = json.loads(file.read_text())
    assert file.stat().st_mode & 0o777 == 0o600
    assert "secret_key" not in shown and kept == shown | {"secret_key": kept["secret_key"]}
    daypass(cloud, "account", "create", "--secret-file", file, ok=False)
    owner, root = str(shown["owner_uin"]), Key(kept["secret_id"], kept["secret_key"])
    assert json.loads(daypass(cloud, "account", "show", owner, "--json"))["status"] == "active"
    assert cloud.sts(root).GetCallerIdentity(cloud_request()).AccountId == owner
    daypass(cloud, "account", "disable", owner)
    with api_refuses("AuthFailure.SecretIdNotFound"):
        cloud.sts(root).GetCallerIdentity(cloud_request())
    daypass(cloud, "account", "enable", owner)
    cloud.sts(root).GetCallerIdentity(cloud_request())
    lines = daypass(cloud, "account", "ls", "--json").splitlines()
    assert [json.loads(line)["owner_uin"] for line in lines][0] == OWNER_UIN
    daypass(cloud, "account", "ls", key=root, ok=False)
    daypass(cloud, "account", "disable", str(OWNER_UIN), ok=False)


def cloud_request():
    from tencentcloud.sts.v20180813 import models

    return models.GetCallerIdentityRequest()


def test_buckets_of_one_account_are_closed_to_another(cloud, bucket, other):
    cloud.cos(cloud.root).put_object(Bucket=bucket, Key="k", Body=b"x")
    theirs = f"{unique('b')}-{other.appid}"
    client = cloud.cos(other.root)
    client.create_bucket(Bucket=theirs)
    for attempt in [
        lambda: client.get_object(Bucket=bucket, Key="k"),
        lambda: client.put_object(Bucket=bucket, Key="k", Body=b"y"),
        lambda: client.get_bucket_policy(Bucket=bucket),
        lambda: client.create_bucket(Bucket=f"{unique('b')}-{APPID}"),
        lambda: cloud.cos(cloud.root).list_objects(Bucket=theirs),
        lambda: cloud.cos(cloud.root).create_bucket(Bucket=f"{unique('b')}-{other.appid}"),
    ]:
        with cos_refuses(403, "AccessDenied"):
            attempt()
    assert [each["Name"] for each in client.list_buckets()["Buckets"]["Bucket"]] == [theirs]


def test_both_sides_must_allow(cloud, bucket, other):
    cloud.cos(cloud.root).put_object(Bucket=bucket, Key="k", Body=b"x")
    _, trusted = other.user(statement(["name/cos:GetObject"], everything(bucket)))
    plain_uin, plain = other.user(statement(["name/cos:PutObject"], everything(bucket)))
    session = cloud.mint_unbounded(trusted)

    def may(key) -> bool:
        try:
            cloud.cos(key).get_object(Bucket=bucket, Key="k")
        except Exception as refused:
            assert (refused.get_status_code(), refused.get_error_code()) == (403, "AccessDenied")
            return False
        return True

    keys = [other.root, trusted, session, plain]
    assert [may(key) for key in keys] == [False, False, False, False]
    root = f"qcs::cam::uin/{other.uin}:root"
    let_in(cloud, bucket, root, ["name/cos:GetObject"])
    assert [may(key) for key in keys] == [True, True, True, False]
    let_in(cloud, bucket, f"qcs::cam::uin/{other.uin}:uin/{plain_uin}", ["name/cos:GetObject"])
    assert [may(key) for key in keys] == [False, False, False, False]
    let_in(cloud, bucket, root, ["name/cos:*"], "deny")
    assert [may(key) for key in keys] == [False, False, False, False]
