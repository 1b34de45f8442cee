"""Copies through the SDK: source and target are judged under one identity, and nothing is copied unasked."""

from dataclasses import replace
from email.utils import formatdate

import pytest

from cloud import cos_refuses, in_bucket, statement, unique
from server import APPID, REGION
from signer import sign

MIB = 1 << 20


@pytest.fixture
def client(cloud):
    return cloud.cos(cloud.root)


@pytest.fixture
def other(cloud):
    name = f"{unique('b')}-{APPID}"
    client = cloud.cos(cloud.root)
    client.create_bucket(Bucket=name)
    yield name
    for entry in client.list_objects(Bucket=name).get("Contents", []):
        client.delete_object(Bucket=name, Key=entry["Key"])
    client.delete_bucket(Bucket=name)


def source(bucket, key, **more) -> dict:
    return {"Bucket": bucket, "Key": key, "Region": REGION} | more


def header(bucket, key="a", host=f"cos.{REGION}.myqcloud.com"):
    return ("x-cos-copy-source", f"{bucket}.{host}/{key}")


def read(client, bucket, key) -> bytes:
    return client.get_object(Bucket=bucket, Key=key)["Body"].get_raw_stream().read()


@pytest.mark.parametrize("size", [0, 100, 100_000])
def test_within_and_across_buckets(client, bucket, other, size):
    body = b"v" * size
    stored = client.put_object(Bucket=bucket, Key="目录/a b+c", Body=body, Metadata={"x-cos-meta-a": "1"})
    for target in (bucket, other):
        copied = client.copy_object(Bucket=target, Key="copy", CopySource=source(bucket, "目录/a b+c"))
        assert copied["ETag"] == stored["ETag"]
        assert copied["CRC64"] == stored["x-cos-hash-crc64ecma"]
        assert copied["LastModified"].endswith("Z")
    client.delete_object(Bucket=bucket, Key="目录/a b+c")
    for target in (bucket, other):
        assert read(client, target, "copy") == body
        assert client.head_object(Bucket=target, Key="copy")["x-cos-meta-a"] == "1"


def test_parts_of_another_object(client, bucket):
    body = bytes(range(256)) * 4096 * 3
    client.put_object(Bucket=bucket, Key="a", Body=body)
    upload = client.create_multipart_upload(Bucket=bucket, Key="c")["UploadId"]
    ranges = ["", f"bytes=0-{MIB - 1}", "bytes=5-9"]
    parts = [
        client.upload_part_copy(
            Bucket=bucket,
            Key="c",
            PartNumber=number,
            UploadId=upload,
            CopySource=source(bucket, "a"),
            CopySourceRange=span,
        )
        for number, span in enumerate(ranges, 1)
    ]
    listed = [{"PartNumber": number, "ETag": part["ETag"]} for number, part in enumerate(parts, 1)]
    client.complete_multipart_upload(
        Bucket=bucket, Key="c", UploadId=upload, MultipartUpload={"Part": listed}
    )
    assert read(client, bucket, "c") == body + body[:MIB] + body[5:10]


def test_headers_of_the_copy(cloud, client, bucket):
    client.put_object(Bucket=bucket, Key="a", Body=b"v", ContentType="text/plain", CacheControl="no-cache")
    client.copy_object(Bucket=bucket, Key="b", CopySource=source(bucket, "a"), ContentType="text/html")
    assert client.head_object(Bucket=bucket, Key="b")["Content-Type"] == "text/plain"
    client.copy_object(
        Bucket=bucket, Key="b", CopySource=source(bucket, "a"), CopyStatus="Replaced", ContentType="text/html"
    )
    head = client.head_object(Bucket=bucket, Key="b")
    assert head["Content-Type"] == "text/html" and "Cache-Control" not in head
    for spelled in ("REPLACE", "replaced"):
        headers = [header(bucket), ("x-cos-metadata-directive", spelled), ("Content-Type", "text/css")]
        assert cloud.ask(cloud.root, "PUT", bucket, "b", headers=headers).status == 200
        assert client.head_object(Bucket=bucket, Key="b")["Content-Type"] == "text/css"


def test_a_copy_onto_itself(client, bucket):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    with cos_refuses(400, "InvalidRequest"):
        client.copy_object(Bucket=bucket, Key="a", CopySource=source(bucket, "a"))
    client.copy_object(
        Bucket=bucket, Key="a", CopySource=source(bucket, "a"), CopyStatus="Replaced", ContentType="text/css"
    )
    assert client.head_object(Bucket=bucket, Key="a")["Content-Type"] == "text/css"
    assert read(client, bucket, "a") == b"v"


def test_conditions_on_the_source(cloud, client, bucket):
    etag = client.put_object(Bucket=bucket, Key="a", Body=b"v")["ETag"]

    def copy(name, value):
        headers = [header(bucket), (f"x-cos-copy-source-If-{name}", value)]
        return cloud.ask(cloud.root, "PUT", bucket, "b", headers=headers)

    past, future = formatdate(0, usegmt=True), formatdate(4_000_000_000, usegmt=True)
    for name, value in [
        ("Match", etag),
        ("None-Match", '"x"'),
        ("Modified-Since", past),
        ("Unmodified-Since", future),
    ]:
        assert copy(name, value).status == 200, name
    for name, value in [
        ("Match", '"x"'),
        ("None-Match", etag),
        ("Modified-Since", future),
        ("Unmodified-Since", past),
    ]:
        assert copy(name, value).refusal == (412, "PreconditionFailed"), name


def test_both_sides_are_judged(cloud, client, bucket, other, user):
    client.put_object(Bucket=bucket, Key="open/a", Body=b"v")
    client.put_object(Bucket=bucket, Key="closed/a", Body=b"secret")
    cloud.grant(
        user,
        statement("cos:GetObject", in_bucket(bucket, "open/*")),
        statement("cos:PutObject", in_bucket(other, "in/*")),
    )
    theirs = cloud.cos(user.key)
    theirs.copy_object(Bucket=other, Key="in/a", CopySource=source(bucket, "open/a"))
    refused = [
        (other, "in/b", "closed/a"),
        (other, "in/b", "closed/none"),
        (other, "out/b", "open/a"),
        (bucket, "open/b", "open/a"),
    ]
    for target, key, origin in refused:
        with cos_refuses(403, "AccessDenied"):
            theirs.copy_object(Bucket=target, Key=key, CopySource=source(bucket, origin))
    with cos_refuses(404, "NoSuchKey"):
        theirs.copy_object(Bucket=other, Key="in/b", CopySource=source(bucket, "open/none"))
    # Neither does a temporary key read what its policy does not name.
    narrow = cloud.mint(cloud.root, statement("name/cos:PutObject", in_bucket(other, "*")))
    with cos_refuses(403, "AccessDenied"):
        cloud.cos(narrow).copy_object(Bucket=other, Key="in/c", CopySource=source(bucket, "open/a"))


def test_conditions_of_policies_see_their_own_side(cloud, client, bucket, user):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    only_public = {"string_equal": {"cos:x-cos-acl": "public-read"}}
    unlabelled = {"string_equal_if_exist": {"cos:x-cos-acl": "never"}}
    cloud.grant(
        user,
        statement("cos:PutObject", in_bucket(bucket, "b"), condition=only_public),
        statement("cos:GetObject", in_bucket(bucket, "a"), condition=unlabelled),
    )
    theirs = cloud.cos(user.key)
    theirs.copy_object(Bucket=bucket, Key="b", CopySource=source(bucket, "a"), ACL="public-read")
    with cos_refuses(403, "AccessDenied"):
        theirs.copy_object(Bucket=bucket, Key="b", CopySource=source(bucket, "a"))


@pytest.mark.parametrize("action", ["PutObject", "UploadPart", "UploadPartCopy"])
def test_each_of_three_actions_copies_a_part(cloud, client, bucket, user, action):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    upload = client.create_multipart_upload(Bucket=bucket, Key="b")["UploadId"]
    part = {"Bucket": bucket, "Key": "b", "PartNumber": 1, "UploadId": upload}
    cloud.grant(user, statement("cos:GetObject", in_bucket(bucket, "a")))
    with cos_refuses(403, "AccessDenied"):
        cloud.cos(user.key).upload_part_copy(**part, CopySource=source(bucket, "a"))
    cloud.grant(user, statement(f"cos:{action}", in_bucket(bucket, "b")))
    cloud.cos(user.key).upload_part_copy(**part, CopySource=source(bucket, "a"))


def test_ranges_that_are_none(client, bucket):
    client.put_object(Bucket=bucket, Key="a", Body=b"0123456789")
    upload = client.create_multipart_upload(Bucket=bucket, Key="b")["UploadId"]
    part = {"Bucket": bucket, "Key": "b", "PartNumber": 1, "UploadId": upload}
    for span, refusal in [
        ("bytes=0-10", (416, "InvalidRange")),
        ("bytes=10-10", (416, "InvalidRange")),
        ("bytes=5-4", (400, "InvalidArgument")),
        ("bytes=5-", (400, "InvalidArgument")),
        ("0-5", (400, "InvalidArgument")),
    ]:
        with cos_refuses(*refusal):
            client.upload_part_copy(**part, CopySource=source(bucket, "a"), CopySourceRange=span)


def test_sources_that_are_none(cloud, client, bucket):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")

    def copy(*headers):
        return cloud.ask(cloud.root, "PUT", bucket, "b", headers=headers).refusal

    assert copy(header(bucket, "none")) == (404, "NoSuchKey")
    assert copy(header(f"{unique('none')}-{APPID}")) == (404, "NoSuchBucket")
    assert copy(header(bucket, "a?versionId=v1")) == (404, "NoSuchVersion")
    assert copy(header("nonsense")) == (400, "InvalidCopySource")
    assert copy(header(bucket, "")) == (400, "InvalidCopySource")
    assert copy(header(bucket), ("x-cos-metadata-directive", "Both")) == (400, "InvalidArgument")
    assert cloud.ask(cloud.root, "GET", bucket, "b").refusal == (404, "NoSuchKey")
    # The host is never looked up, and `null` is the version that there is.
    for host in ("localhost", "evil.example", "127.0.0.1:1"):
        assert copy(header(bucket, "a?versionId=null", host)) == (200, None)


def test_a_source_that_is_not_signed(cloud, client, bucket):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    request = sign(cloud.request("PUT", bucket, "b"), cloud.root)
    added = replace(request, headers=(*request.headers, header(bucket)))
    assert cloud.send(added).refusal == (403, "AccessDenied")


def test_no_overwriting(cloud, client, bucket):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    client.put_object(Bucket=bucket, Key="b", Body=b"w")
    headers = [header(bucket), ("x-cos-forbid-overwrite", "true")]
    assert cloud.ask(cloud.root, "PUT", bucket, "b", headers=headers).refusal == (409, "FileAlreadyExists")
    assert read(client, bucket, "b") == b"w"
