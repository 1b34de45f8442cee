"""Policies of buckets: how they are put and read, and what they open to whom."""

import json

import pytest

from cloud import cos_refuses, in_bucket, statement
from server import OWNER_UIN

ANYONE = "qcs::cam::anyone:anyone"
ANONYMOUS = "qcs::cam::anonymous:anonymous"


@pytest.fixture
def client(cloud):
    return cloud.cos(cloud.root)


def names(principal, effect, actions, resource, **more) -> dict:
    """A statement about somebody."""
    return statement(actions, [resource], effect, **more) | {"principal": {"qcs": [principal]}}


def put(client, bucket, *statements):
    client.put_bucket_policy(Bucket=bucket, Policy={"version": "2.0", "Statement": list(statements)})


def sub_account(uin) -> str:
    return f"qcs::cam::uin/{OWNER_UIN}:uin/{uin}"


def unsigned(cloud, bucket, key="k", **parts):
    return cloud.send(cloud.request("GET", bucket, key, **parts))


def test_a_policy_comes_and_goes(client, bucket):
    with cos_refuses(404, "NoSuchBucketPolicy"):
        client.get_bucket_policy(Bucket=bucket)
    given = {"version": "2.0", "Statement": [names(ANYONE, "allow", "name/cos:GetObject", in_bucket(bucket, "*"))]}
    client.put_bucket_policy(Bucket=bucket, Policy=given)
    assert json.loads(client.get_bucket_policy(Bucket=bucket)["Policy"]) == given
    # As a text, too.
    client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(given, indent=2))
    assert json.loads(client.get_bucket_policy(Bucket=bucket)["Policy"]) == given
    client.delete_bucket_policy(Bucket=bucket)
    client.delete_bucket_policy(Bucket=bucket)
    with cos_refuses(404, "NoSuchBucketPolicy"):
        client.get_bucket_policy(Bucket=bucket)
    with cos_refuses(404, "NoSuchBucket"):
        client.get_bucket_policy(Bucket="not-there-" + bucket)


@pytest.mark.parametrize(
    "change",
    [
        {"effect": "perhaps"},
        {"principal": {"qcs": ["somebody"]}},
        {"principal": {"qcs": ["qcs::cam::uin/1:groupid/1"]}},
        {"principal": {"federated": ["qcs::cam::uin/1:saml-provider/p"]}},
        {"principal": {}},
        {"resource": ["qcs::cos:ap-guangzhou:uid/1250000001:other-1250000001/*"]},
        {"condition": {"string_equal": {"cos:no-such-key": "x"}}},
        {"notAction": ["name/cos:GetObject"]},
    ],
)
def test_policies_that_are_refused(client, bucket, change):
    good = names(ANYONE, "allow", ["name/cos:GetObject"], in_bucket(bucket, "*"))
    with cos_refuses(400, "MalformedPolicy"):
        put(client, bucket, good | change)
    with cos_refuses(404, "NoSuchBucketPolicy"):
        client.get_bucket_policy(Bucket=bucket)


def test_the_length_of_a_policy(client, bucket):
    def text(length):
        long = names(ANYONE, "allow", ["name/cos:GetObject"], in_bucket(bucket, "*")) | {"sid": ""}
        short = json.dumps({"version": "2.0", "statement": [long]}, separators=(",", ":"))
        return short.replace('"sid":""', '"sid":"' + "s" * (length - len(short)) + '"')

    client.put_bucket_policy(Bucket=bucket, Policy=text(20 * 1024))
    with cos_refuses(400, "MalformedPolicy"):
        client.put_bucket_policy(Bucket=bucket, Policy=text(20 * 1024 + 1))


def test_everybody_reads_a_folder(cloud, client, bucket):
    client.put_object(Bucket=bucket, Key="open/k", Body=b"x")
    client.put_object(Bucket=bucket, Key="k", Body=b"x")
    put(client, bucket, names(ANYONE, "allow", ["name/cos:GetObject"], in_bucket(bucket, "open/*")))
    assert unsigned(cloud, bucket, "open/k").status == 200
    assert unsigned(cloud, bucket, "k").refusal == (403, "AccessDenied")
    assert unsigned(cloud, bucket, "").refusal == (403, "AccessDenied")


@pytest.mark.parametrize("principal", [ANYONE, ANONYMOUS, "*"])
def test_a_deny_of_anyone_binds_unsigned_requests_only(cloud, client, bucket, principal):
    user = cloud.new_user()
    cloud.grant(user, statement(["cos:GetObject"], ["*"]))
    client.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="public-read")
    assert unsigned(cloud, bucket).status == 200
    put(client, bucket, names(principal, "deny", ["name/cos:GetObject"], in_bucket(bucket, "*")))
    assert unsigned(cloud, bucket).refusal == (403, "AccessDenied")
    assert cloud.cos(user.key).get_object(Bucket=bucket, Key="k")["Body"].get_raw_stream().read() == b"x"


def test_a_user_is_let_in_and_kept_out_by_name(cloud, client, bucket):
    client.put_object(Bucket=bucket, Key="k", Body=b"x")
    guest, other = cloud.new_user(), cloud.new_user()
    cloud.grant(other, statement(["cos:*"], ["*"]))
    everything = in_bucket(bucket, "*")
    put(
        client,
        bucket,
        names(sub_account(guest.uin), "allow", ["name/cos:GetObject"], everything),
        names(sub_account(other.uin), "deny", ["name/cos:*"], everything),
    )
    cloud.cos(guest.key).get_object(Bucket=bucket, Key="k")
    for key in [other.key, cloud.mint(guest.key, statement(["cos:PutObject"], ["*"]))]:
        with cos_refuses(403, "AccessDenied"):
            cloud.cos(key).get_object(Bucket=bucket, Key="k")
    within = cloud.mint(guest.key, statement(["cos:GetObject"], [in_bucket(bucket, "k")]))
    cloud.cos(within).get_object(Bucket=bucket, Key="k")


def test_the_owner_is_never_locked_out(cloud, client, bucket):
    root = f"qcs::cam::uin/{OWNER_UIN}:root"
    put(client, bucket, names(root, "deny", ["name/cos:*"], in_bucket(bucket, "*")))
    with cos_refuses(403, "AccessDenied"):
        client.list_objects(Bucket=bucket)
    with cos_refuses(403, "AccessDenied"):
        cloud.cos(cloud.mint_unbounded(cloud.root)).delete_bucket_policy(Bucket=bucket)
    client.get_bucket_policy(Bucket=bucket)
    client.delete_bucket_policy(Bucket=bucket)
    client.list_objects(Bucket=bucket)
