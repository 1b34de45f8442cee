"""The scene the program is for: temporary keys for direct uploads, through the SDKs from end to end.

The examples of the access-policy reference are here by number; they are asked on the wire, for their exact status.
"""

import time

import pytest

from cloud import cos_refuses, in_bucket, policy, statement, unique
from server import APPID
from signer import Key

UPLOAD_ACTIONS = [
    "name/cos:PutObject",
    "name/cos:InitiateMultipartUpload",
    "name/cos:ListMultipartUploads",
    "name/cos:ListParts",
    "name/cos:UploadPart",
    "name/cos:CompleteMultipartUpload",
]
EVERYTHING = statement("*", "*")


def wait_until_expired(answer: dict):
    """Temporary keys end at a whole second of the clock; there is nothing but time to wait for."""
    while time.time() <= answer["expiredTime"]:
        time.sleep(0.05)


def test_five_steps(cloud, bucket, user, tmp_path):
    # The user server holds a permanent key that may upload and download anything in the bucket.
    cloud.grant(
        user,
        statement(UPLOAD_ACTIONS + ["name/cos:GetObject", "name/cos:HeadObject"], in_bucket(bucket, "*")),
    )
    # An app client asks it for a key; it asks the token service, naming what this client may do.
    sts = cloud.sts_sdk(
        user.key,
        bucket=bucket,
        allow_prefix=["alice/*"],
        allow_actions=UPLOAD_ACTIONS + ["name/cos:GetObject"],
        duration_seconds=1800,
    )
    before = int(time.time())
    answer = sts.get_credential()
    assert before + 1800 <= answer["expiredTime"] <= int(time.time()) + 1800
    assert answer["startTime"] == answer["expiredTime"] - 1800
    assert time.strptime(answer["expiration"], "%Y-%m-%dT%H:%M:%SZ")
    handed_on = answer["credentials"]
    assert handed_on["tmpSecretId"].startswith("AKID")
    assert handed_on["sessionToken"].replace("-", "").replace("_", "").isalnum()
    assert len(handed_on["sessionToken"]) <= 4096
    # The client signs with it and goes straight to the store.
    client = cloud.cos(Key(handed_on["tmpSecretId"], handed_on["tmpSecretKey"], handed_on["sessionToken"]))
    client.put_object(Bucket=bucket, Key="alice/note", Body=b"hello")
    assert client.get_object(Bucket=bucket, Key="alice/note")["Body"].get_raw_stream().read() == b"hello"
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * 4096 * 3 + b"tail")
    client.upload_file(Bucket=bucket, Key="alice/large", LocalFilePath=str(large), PartSize=1, MAXThread=3)
    assert (
        cloud.cos(user.key).get_object(Bucket=bucket, Key="alice/large")["Body"].get_raw_stream().read()
        == large.read_bytes()
    )
    # Outside what both sides allow it is refused.
    with cos_refuses(403, "AccessDenied"):
        client.put_object(Bucket=bucket, Key="bob/note", Body=b"hello")
    with cos_refuses(403, "AccessDenied"):
        client.delete_object(Bucket=bucket, Key="alice/note")
    with cos_refuses(403, "AccessDenied"):
        client.list_objects(Bucket=bucket)
    with cos_refuses(403, "AccessDenied"):
        client.list_buckets()


def test_an_expired_key_is_refused(cloud, bucket):
    answer = cloud.sts_sdk(cloud.root, policy=policy(EVERYTHING), duration_seconds=2).get_credential()
    given = answer["credentials"]
    key = Key(given["tmpSecretId"], given["tmpSecretKey"], given["sessionToken"])
    client = cloud.cos(key)
    client.put_object(Bucket=bucket, Key="k", Body=b"v")
    wait_until_expired(answer)
    with cos_refuses(400, "ExpiredToken"):
        client.get_object(Bucket=bucket, Key="k")
    assert cloud.ask(key, "GET", bucket, "k").refusal == (400, "ExpiredToken")


def test_two_keys_of_one_account_end_apart(cloud, bucket):
    def mint(seconds):
        answer = cloud.sts_sdk(
            cloud.root, policy=policy(EVERYTHING), duration_seconds=seconds
        ).get_credential()
        given = answer["credentials"]
        return answer, cloud.cos(Key(given["tmpSecretId"], given["tmpSecretKey"], given["sessionToken"]))

    short_answer, short = mint(2)
    _, long = mint(1800)
    short.put_object(Bucket=bucket, Key="k", Body=b"1")
    long.put_object(Bucket=bucket, Key="k", Body=b"2")
    wait_until_expired(short_answer)
    with cos_refuses(400, "ExpiredToken"):
        short.put_object(Bucket=bucket, Key="k", Body=b"3")
    long.put_object(Bucket=bucket, Key="k", Body=b"4")
    assert long.get_object(Bucket=bucket, Key="k")["Body"].get_raw_stream().read() == b"4"


def test_many_keys_of_one_account_do_not_mix(cloud, bucket):
    keys = {
        name: cloud.mint(cloud.root, statement("*", in_bucket(bucket, f"{name}/*"))) for name in "abcdefgh"
    }
    assert len({key.id for key in keys.values()}) == len(keys)
    for name, key in keys.items():
        assert cloud.ask(key, "PUT", bucket, f"{name}/k", body=name.encode()).status == 200
    for name, key in keys.items():
        for other in keys:
            expected = 200 if other == name else 403
            assert cloud.ask(key, "GET", bucket, f"{other}/k").status == expected, (name, other)


def test_a_detached_policy_counts_at_once(cloud, bucket, user):
    policy_id = cloud.grant(user, statement("cos:*", "*"))
    key = cloud.mint(user.key, EVERYTHING)
    assert cloud.ask(key, "PUT", bucket, "k", body=b"v").status == 200
    cloud.call_cam("DetachUserPolicy", PolicyId=policy_id, DetachUin=user.uin)
    assert cloud.ask(key, "GET", bucket, "k").refusal == (403, "AccessDenied")
    cloud.call_cam("AttachUserPolicy", PolicyId=policy_id, AttachUin=user.uin)
    assert cloud.ask(key, "GET", bucket, "k").status == 200


def test_a_deleted_policy_counts_at_once(cloud, bucket, user):
    policy_id = cloud.grant(user, statement("cos:*", "*"))
    key = cloud.mint(user.key, EVERYTHING)
    assert cloud.ask(key, "PUT", bucket, "k", body=b"v").status == 200
    cloud.call_cam("DeletePolicy", PolicyId=[policy_id])
    assert cloud.ask(key, "GET", bucket, "k").refusal == (403, "AccessDenied")


def test_a_policy_attached_after_minting_counts(cloud, bucket, user):
    key = cloud.mint(user.key, EVERYTHING)
    assert cloud.ask(key, "PUT", bucket, "k", body=b"v").refusal == (403, "AccessDenied")
    cloud.grant(user, statement("cos:PutObject", in_bucket(bucket, "*")))
    assert cloud.ask(key, "PUT", bucket, "k", body=b"v").status == 200


def test_a_disabled_parent_key_ends_its_temporary_keys(cloud, bucket, user):
    cloud.grant(user, statement("cos:*", "*"))
    spare = cloud.call_cam("CreateAccessKey", TargetUin=user.uin).AccessKey
    spare = Key(spare.AccessKeyId, spare.SecretAccessKey)
    key = cloud.mint(user.key, EVERYTHING)
    of_spare = cloud.mint(spare, EVERYTHING)
    assert cloud.ask(key, "PUT", bucket, "k", body=b"v").status == 200
    cloud.call_cam("UpdateAccessKey", AccessKeyId=user.key.id, Status="Inactive", TargetUin=user.uin)
    assert cloud.ask(key, "GET", bucket, "k").refusal == (403, "InvalidAccessKeyId")
    assert cloud.ask(user.key, "GET", bucket, "k").refusal == (403, "InvalidAccessKeyId")
    assert cloud.ask(of_spare, "GET", bucket, "k").status == 200
    cloud.call_cam("UpdateAccessKey", AccessKeyId=user.key.id, Status="Active", TargetUin=user.uin)
    assert cloud.ask(key, "GET", bucket, "k").status == 200


def test_a_deleted_parent_key_ends_its_temporary_keys(cloud, bucket, user):
    cloud.grant(user, statement("cos:*", "*"))
    key = cloud.mint(user.key, EVERYTHING)
    assert cloud.ask(key, "PUT", bucket, "k", body=b"v").status == 200
    cloud.call_cam("DeleteAccessKey", AccessKeyId=user.key.id, TargetUin=user.uin)
    assert cloud.ask(key, "GET", bucket, "k").refusal == (403, "InvalidAccessKeyId")


def test_a_deleted_user_ends_its_temporary_keys(cloud, bucket, user):
    cloud.grant(user, statement("cos:*", "*"))
    key = cloud.mint(user.key, EVERYTHING)
    assert cloud.ask(key, "PUT", bucket, "k", body=b"v").status == 200
    cloud.call_cam("DeleteUser", Name=user.name, Force=1)
    assert cloud.ask(key, "GET", bucket, "k").refusal == (403, "InvalidAccessKeyId")


def test_a_session_policy_never_adds_rights(cloud, bucket, user):
    cloud.grant(user, statement("cos:GetObject", in_bucket(bucket, "shared/*")))
    key = cloud.mint(user.key, EVERYTHING)
    cloud.ask(cloud.root, "PUT", bucket, "shared/k", body=b"v")
    cloud.ask(cloud.root, "PUT", bucket, "own/k", body=b"v")
    assert cloud.ask(key, "GET", bucket, "shared/k").status == 200
    assert cloud.ask(key, "GET", bucket, "own/k").refusal == (403, "AccessDenied")
    assert cloud.ask(key, "PUT", bucket, "shared/k", body=b"w").refusal == (403, "AccessDenied")


def test_a_root_key_without_policy_may_do_what_the_root_may(cloud):
    client = cloud.cos(cloud.mint_unbounded(cloud.root))
    name = f"{unique('b')}-{APPID}"
    client.create_bucket(Bucket=name)
    client.put_object(Bucket=name, Key="k", Body=b"v")
    assert name in [entry["Name"] for entry in client.list_buckets()["Buckets"]["Bucket"]]
    client.delete_object(Bucket=name, Key="k")
    client.delete_bucket(Bucket=name)


def test_a_user_key_without_policy_may_do_what_the_user_may(cloud, bucket, user):
    cloud.grant(user, statement("cos:PutObject", in_bucket(bucket, "doc/*")))
    key = cloud.mint_unbounded(user.key)
    assert cloud.ask(key, "PUT", bucket, "doc/k", body=b"v").status == 200
    assert cloud.ask(key, "PUT", bucket, "other", body=b"v").refusal == (403, "AccessDenied")


# The numbered examples: a temporary key of a sub-account that may do everything with the object store, unless the
# example says otherwise. Each line is method, key, further parts of the request, and the status.


def check(cloud, key, bucket, lines):
    for method, object_key, parts, status in lines:
        answer = cloud.ask(key, method, bucket, object_key, **parts)
        assert answer.status == status, (method, object_key, parts, answer)
        if status == 403:
            assert answer.code == "AccessDenied"


@pytest.fixture
def full(cloud, user):
    """A sub-account with every right on the object store."""
    cloud.grant(user, statement("cos:*", "*"))
    return user.key


def one_put_per_line(resources):
    return statement("name/cos:PutObject", resources)


EXAMPLE_1 = [
    ("PUT", "doc/a", {"body": b"v"}, 200),
    ("GET", "doc/a", {}, 403),
    ("PUT", "doca", {"body": b"v"}, 403),
    ("PUT", "doc/", {}, 200),
    ("POST", "doc/a", {"query": [("uploads", "")]}, 403),
]


def test_example_1_one_action_under_a_prefix(cloud, bucket, full):
    check(cloud, cloud.mint(full, one_put_per_line(in_bucket(bucket, "doc/*"))), bucket, EXAMPLE_1)


def test_example_2_listing_under_a_prefix(cloud, bucket, full):
    key = cloud.mint(full, statement("name/cos:GetBucket", in_bucket(bucket, "doc/*")))
    listing = lambda prefix: {"query": [("prefix", prefix)]}
    lines = [
        ("GET", "", listing("doc/"), 200),
        ("GET", "", listing("doc/x"), 200),
        ("GET", "", listing("do"), 403),
        ("GET", "", {}, 403),
    ]
    check(cloud, key, bucket, lines)


def test_example_3_two_statements(cloud, bucket, full):
    key = cloud.mint(
        full,
        statement(["name/cos:GetBucket", "name/cos:GetObject"], in_bucket(bucket, "app/files/*")),
        statement(["name/cos:PutObject", "name/cos:DeleteObject"], in_bucket(bucket, "app/files/u1/*")),
    )
    lines = [
        ("PUT", "app/files/u2/x", {"body": b"v"}, 403),
        ("PUT", "app/files/u1/x", {"body": b"v"}, 200),
        ("GET", "app/files/u1/x", {}, 200),
        ("DELETE", "app/files/u1/x", {}, 204),
        ("DELETE", "app/files/u2/x", {}, 403),
    ]
    check(cloud, key, bucket, lines)


def test_example_4_what_the_parent_may_not(cloud, bucket, user):
    cloud.grant(user, statement(["cos:PutObject", "cos:GetObject"], "*"))
    key = cloud.mint(user.key, EVERYTHING)
    check(cloud, key, bucket, [("PUT", "k", {"body": b"v"}, 200), ("DELETE", "k", {}, 403)])


def test_example_5_a_deny_in_the_session_policy(cloud, bucket):
    key = cloud.mint(
        cloud.root, statement("name/cos:PutObject", in_bucket(bucket, "secret/*"), "deny"), EVERYTHING
    )
    lines = [
        ("PUT", "secret/x", {"body": b"v"}, 403),
        ("PUT", "other", {"body": b"v"}, 200),
        ("GET", "other", {}, 200),
    ]
    check(cloud, key, bucket, lines)


def test_example_6_a_bound_on_the_length(cloud, bucket, full):
    limit = {"numeric_less_than_equal": {"cos:content-length": 5242880}}
    key = cloud.mint(full, statement("name/cos:PutObject", in_bucket(bucket, "*"), condition=limit))
    chunked = {"headers": [("Transfer-Encoding", "chunked")], "body": b"1\r\nv\r\n0\r\n\r\n"}
    lines = [
        ("PUT", "k", {"body": bytes(5242880)}, 200),
        ("PUT", "k", {"body": bytes(5242881)}, 403),
        ("PUT", "k", chunked, 403),
    ]
    check(cloud, key, bucket, lines)


def test_example_7_a_bound_on_the_type(cloud, bucket, full):
    def key_with(operator):
        images = {operator: {"cos:content-type": "image/*"}}
        return cloud.mint(full, statement("name/cos:PutObject", in_bucket(bucket, "*"), condition=images))

    typed = lambda value: {"headers": [("Content-Type", value)], "body": b"v"}
    untyped = {"body": b"v"}
    strict = [
        ("PUT", "k", typed("image/png"), 200),
        ("PUT", "k", typed("text/html"), 403),
        ("PUT", "k", untyped, 403),
    ]
    check(cloud, key_with("string_like"), bucket, strict)
    lenient = strict[:2] + [("PUT", "k", untyped, 200)]
    check(cloud, key_with("string_like_if_exist"), bucket, lenient)


def test_example_8_a_public_object_stays_public(cloud, bucket, full):
    cloud.ask(cloud.root, "PUT", bucket, "public", body=b"v", headers=[("x-cos-acl", "public-read")])
    cloud.ask(cloud.root, "PUT", bucket, "private", body=b"v")
    key = cloud.mint(full, one_put_per_line(in_bucket(bucket, "*")))
    check(cloud, key, bucket, [("GET", "public", {}, 200), ("GET", "private", {}, 403)])
    assert cloud.send(cloud.request("GET", bucket, "public")).status == 200
    assert cloud.send(cloud.request("GET", bucket, "private")).refusal == (403, "AccessDenied")


def test_example_10_the_legacy_form_of_a_resource(cloud, bucket, full):
    short_name = bucket.rpartition("-")[0]
    legacy = f"qcs::cos:ap-guangzhou:uid/{APPID}:prefix//{APPID}/{short_name}/doc/*"
    check(cloud, cloud.mint(full, one_put_per_line(legacy)), bucket, EXAMPLE_1)


def test_example_11_the_region_of_a_resource(cloud, bucket, full):
    elsewhere = cloud.mint(full, one_put_per_line(in_bucket(bucket, "*", region="ap-beijing")))
    check(cloud, elsewhere, bucket, [("PUT", "k", {"body": b"v"}, 403)])
    anywhere = cloud.mint(full, one_put_per_line(in_bucket(bucket, "*", region="")))
    check(cloud, anywhere, bucket, [("PUT", "k", {"body": b"v"}, 200)])
