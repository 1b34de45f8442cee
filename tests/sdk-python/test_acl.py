"""Access control lists: how they are written and read, and what they open to whom."""

import pytest

from cloud import cos_refuses, in_bucket, statement
from server import OWNER_UIN

EVERYBODY = "http://cam.qcloud.com/groups/global/AllUsers"


@pytest.fixture
def client(cloud):
    return cloud.cos(cloud.root)


def anonymous(cloud, method, bucket, key="", **parts):
    return cloud.send(cloud.request(method, bucket, key, **parts))


def identity(owner, uin=None) -> str:
    return f"qcs::cam::uin/{owner}:uin/{uin or owner}"


def grant(grantee, permission) -> dict:
    return {"Grantee": grantee, "Permission": permission}


def listed(*grants) -> dict:
    return {"AccessControlList": {"Grant": list(grants)}}


def permissions(answer) -> list:
    found = answer["AccessControlList"]["Grant"]
    return [(each["Grantee"].get("ID") or each["Grantee"]["URI"], each["Permission"]) for each in found]


OWNER = (identity(OWNER_UIN), "FULL_CONTROL")


@pytest.mark.parametrize(
    "preset, shown",
    [("private", "private"), ("public-read", "public-read"), ("public-read-write", "public-read-write")],
)
def test_presets_of_buckets(client, bucket, preset, shown):
    client.put_bucket_acl(Bucket=bucket, ACL=preset)
    answer = client.get_bucket_acl(Bucket=bucket)
    assert answer["CannedACL"] == shown
    assert answer["Owner"]["ID"] == identity(OWNER_UIN)


@pytest.mark.parametrize(
    "preset, shown",
    [
        ("default", "default"),
        ("private", "private"),
        ("public-read", "public-read"),
        ("bucket-owner-full-control", "private"),
    ],
)
def test_presets_of_objects(client, bucket, preset, shown):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    assert client.get_object_acl(Bucket=bucket, Key="a")["CannedACL"] == "default"
    client.put_object_acl(Bucket=bucket, Key="a", ACL=preset)
    assert client.get_object_acl(Bucket=bucket, Key="a")["CannedACL"] == shown
    client.put_object(Bucket=bucket, Key="b", Body=b"v", ACL=preset)
    assert client.get_object_acl(Bucket=bucket, Key="b")["CannedACL"] == shown


def test_grants_in_headers(client, bucket):
    grants = {"GrantRead": 'id="100000000077"', "GrantFullControl": 'id="100000000077/100000000078"'}
    expected = [
        OWNER,
        (identity(100000000077), "READ"),
        (identity(100000000077, 100000000078), "FULL_CONTROL"),
    ]
    client.put_bucket_acl(Bucket=bucket, GrantWrite='id="100000000077"')
    assert permissions(client.get_bucket_acl(Bucket=bucket)) == [OWNER, (identity(100000000077), "WRITE")]
    client.put_bucket_acl(Bucket=bucket, **grants)
    assert permissions(client.get_bucket_acl(Bucket=bucket)) == expected
    client.put_object(Bucket=bucket, Key="a", Body=b"v", **grants)
    assert permissions(client.get_object_acl(Bucket=bucket, Key="a")) == expected
    source = {"Bucket": bucket, "Key": "a", "Region": "ap-guangzhou"}
    client.copy_object(Bucket=bucket, Key="b", CopySource=source, GrantRead='id="100000000077"')
    assert permissions(client.get_object_acl(Bucket=bucket, Key="b")) == expected[:2]
    upload = client.create_multipart_upload(Bucket=bucket, Key="c", **grants)["UploadId"]
    part = client.upload_part(Bucket=bucket, Key="c", Body=b"v", PartNumber=1, UploadId=upload)
    parts = {"Part": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    client.complete_multipart_upload(Bucket=bucket, Key="c", UploadId=upload, MultipartUpload=parts)
    assert permissions(client.get_object_acl(Bucket=bucket, Key="c")) == expected


def test_documents(client, bucket):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    policy = listed(
        grant({"ID": identity(OWNER_UIN), "DisplayName": "x"}, "FULL_CONTROL"),
        grant({"URI": EVERYBODY}, "READ"),
    )
    client.put_bucket_acl(Bucket=bucket, AccessControlPolicy=policy)
    client.put_object_acl(Bucket=bucket, Key="a", AccessControlPolicy=policy)
    expected = [OWNER, (EVERYBODY, "READ")]
    assert permissions(client.get_bucket_acl(Bucket=bucket)) == expected
    assert permissions(client.get_object_acl(Bucket=bucket, Key="a")) == expected
    assert client.get_object_acl(Bucket=bucket, Key="a")["CannedACL"] == "public-read"
    # What the headers say outweighs the document.
    client.put_bucket_acl(Bucket=bucket, ACL="private", AccessControlPolicy=policy)
    assert permissions(client.get_bucket_acl(Bucket=bucket)) == [OWNER]


@pytest.mark.parametrize(
    "policy, code",
    [
        ({}, "MalformedXML"),
        (listed({"Grantee": {"ID": "somebody"}, "Permission": "READ"}), "MalformedXML"),
        (listed(grant({"ID": identity(1)}, "EVERYTHING")), "MalformedXML"),
        (listed(grant({"URI": "http://example.com"}, "READ")), "MalformedXML"),
        (listed(grant({"ID": identity(1), "URI": EVERYBODY}, "READ")), "MalformedXML"),
        (listed(*[grant({"ID": identity(number)}, "READ") for number in range(1, 102)]), "AttachmentFull"),
    ],
)
def test_documents_that_are_refused(client, bucket, policy, code):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    with cos_refuses(400, code):
        client.put_bucket_acl(Bucket=bucket, AccessControlPolicy=policy)
    with cos_refuses(400, code):
        client.put_object_acl(Bucket=bucket, Key="a", AccessControlPolicy=policy)
    assert permissions(client.get_bucket_acl(Bucket=bucket)) == [OWNER]


def test_requests_that_are_refused(cloud, client, bucket):
    acl = [("acl", "")]

    def put(*headers, key="", body=b""):
        return cloud.ask(cloud.root, "PUT", bucket, key, query=acl, headers=headers, body=body).refusal

    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    assert put() == (400, "MalformedXML")
    assert put(body=b"<") == (400, "MalformedXML")
    assert put(("x-cos-acl", "everything")) == (400, "InvalidArgument")
    assert put(("x-cos-acl", "default")) == (400, "InvalidArgument")
    assert put(("x-cos-grant-read", "100")) == (400, "InvalidArgument")
    assert put(("x-cos-grant-read", f'uri="{EVERYBODY}"')) == (400, "InvalidArgument")
    assert put(("x-cos-grant-all", 'id="1"')) == (400, "InvalidArgument")
    assert put(("x-cos-acl", "private"), ("x-cos-grant-read", 'id="1"')) == (400, "InvalidRequest")
    assert put(("x-cos-grant-write", 'id="1"'), key="a") == (400, "InvalidArgument")
    assert put(("x-cos-acl", "private"), key="none") == (404, "NoSuchKey")
    assert cloud.ask(cloud.root, "GET", bucket, "none", query=acl).refusal == (404, "NoSuchKey")
    assert put(("x-cos-acl", "private"), key="a") == (200, None)


def test_what_is_public(cloud, client, bucket):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    client.put_object(Bucket=bucket, Key="open", Body=b"v", ACL="public-read")
    client.put_object(Bucket=bucket, Key="closed", Body=b"v", ACL="private")

    def readable():
        return [key for key in ("a", "open", "closed") if anonymous(cloud, "GET", bucket, key).status == 200]

    assert readable() == ["open"]
    assert anonymous(cloud, "GET", bucket).refusal == (403, "AccessDenied")
    client.put_bucket_acl(Bucket=bucket, ACL="public-read")
    assert readable() == ["a", "open"]
    assert anonymous(cloud, "GET", bucket).status == 200
    assert anonymous(cloud, "PUT", bucket, "new", body=b"v").refusal == (403, "AccessDenied")
    client.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    assert anonymous(cloud, "PUT", bucket, "new", body=b"v").status == 200
    assert anonymous(cloud, "DELETE", bucket, "new").status == 204
    # The lists themselves stay the owner's.
    assert anonymous(cloud, "GET", bucket, query=[("acl", "")]).refusal == (403, "AccessDenied")
    open_it = [("x-cos-acl", "public-read")]
    refused = anonymous(cloud, "PUT", bucket, "closed", query=[("acl", "")], headers=open_it)
    assert refused.refusal == (403, "AccessDenied")
    client.put_bucket_acl(Bucket=bucket, ACL="private")
    assert readable() == ["open"]


def test_a_temporary_key_falls_back_to_what_is_public(cloud, client, bucket):
    client.put_object(Bucket=bucket, Key="open", Body=b"v", ACL="public-read")
    client.put_object(Bucket=bucket, Key="closed", Body=b"v")
    client.put_bucket_acl(Bucket=bucket, GrantFullControl=f'id="{OWNER_UIN}"')
    narrow = cloud.mint(cloud.root, statement("name/cos:GetObject", in_bucket(bucket, "mine/*")))
    assert cloud.ask(narrow, "GET", bucket, "open").status == 200
    # The owner's grants are part of A, and do not widen B.
    assert cloud.ask(narrow, "GET", bucket, "closed").refusal == (403, "AccessDenied")
    assert cloud.ask(narrow, "GET", bucket).refusal == (403, "AccessDenied")
    forbids = statement("name/cos:GetObject", in_bucket(bucket, "open"), effect="deny")
    denied = cloud.mint(cloud.root, forbids)
    assert cloud.ask(denied, "GET", bucket, "open").refusal == (403, "AccessDenied")


def test_lists_need_their_own_permissions(cloud, client, bucket, user):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    theirs = cloud.cos(user.key)
    cloud.grant(user, statement(["cos:GetObject", "cos:PutObject"], in_bucket(bucket, "*")))
    with cos_refuses(403, "AccessDenied"):
        theirs.get_object_acl(Bucket=bucket, Key="a")
    with cos_refuses(403, "AccessDenied"):
        theirs.put_object_acl(Bucket=bucket, Key="a", ACL="public-read")
    with cos_refuses(403, "AccessDenied"):
        theirs.put_bucket_acl(Bucket=bucket, ACL="public-read")
    cloud.grant(user, statement(["cos:GetObjectACL", "cos:PutObjectACL"], in_bucket(bucket, "a")))
    theirs.put_object_acl(Bucket=bucket, Key="a", ACL="public-read")
    assert theirs.get_object_acl(Bucket=bucket, Key="a")["CannedACL"] == "public-read"


def test_a_grant_to_a_user(cloud, client, bucket, user):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    assert cloud.ask(user.key, "GET", bucket, "a").refusal == (403, "AccessDenied")
    client.put_object_acl(Bucket=bucket, Key="a", GrantRead=f'id="{OWNER_UIN}/{user.uin}"')
    assert cloud.ask(user.key, "GET", bucket, "a").status == 200
    # To the root account alone it says nothing about its users.
    client.put_object_acl(Bucket=bucket, Key="a", GrantRead=f'id="{OWNER_UIN}"')
    assert cloud.ask(user.key, "GET", bucket, "a").refusal == (403, "AccessDenied")
