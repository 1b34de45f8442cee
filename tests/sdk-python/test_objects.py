"""Buckets and objects through the object-store SDK, as applications use it."""

import base64
import hashlib
import socket
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import urlsplit

import pytest
from qcloud_cos import CosConfig, CosS3Client
from qcloud_cos.cos_exception import CosServiceError

from cloud import cos_refuses, in_bucket, statement, unique
from server import APPID, REGION
from signer import Request

AWKWARD_KEYS = [
    "plain.txt",
    "../x",
    "../../etc/passwd",
    "a//b",
    "a/./b",
    "folder/",
    "two  spaces in here",
    "plus+plus",
    "percent%20not decoded",
    "question?mark&and=equals#hash",
    "quotes'\"`",
    "brackets[](){}<>",
    "semi;colon:comma,at@dollar$",
    "tilde~star*bang!",
    "back\\slash",
    "目录/文件 (1).txt",
    "émoji-😀/🚀",
    "control-\x01-\x7f",
    "line\nbreak",
    "xml-&amp;-<tag>",
    "k" * 850,
]


@pytest.fixture
def client(cloud):
    return cloud.cos(cloud.root)


def read(client, bucket, key, **parameters) -> bytes:
    return (
        client.get_object(Bucket=bucket, Key=key, KeySimplifyCheck=False, **parameters)["Body"]
        .get_raw_stream()
        .read()
    )


def keys_of(page) -> list:
    return [entry["Key"] for entry in page.get("Contents", [])]


def prefixes_of(page) -> list:
    return [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]


# Buckets.


def test_a_bucket_comes_and_goes(cloud, client):
    name = f"{unique('b')}-{APPID}"
    client.create_bucket(Bucket=name)
    head = client.head_bucket(Bucket=name)
    assert head["x-cos-bucket-region"] == REGION
    listed = client.list_buckets()
    assert listed["Owner"]["ID"] == "qcs::cam::uin/100000000001:uin/100000000001"
    entry = next(entry for entry in listed["Buckets"]["Bucket"] if entry["Name"] == name)
    assert entry["Location"] == REGION
    assert client.get_bucket_location(Bucket=name)["LocationConstraint"] == f"cos.{REGION}"
    with cos_refuses(409, "BucketAlreadyOwnedByYou"):
        client.create_bucket(Bucket=name)
    client.put_object(Bucket=name, Key="k", Body=b"v")
    with cos_refuses(409, "BucketNotEmpty"):
        client.delete_bucket(Bucket=name)
    client.delete_object(Bucket=name, Key="k")
    client.delete_bucket(Bucket=name)
    with cos_refuses(404, "NoSuchBucket"):
        client.delete_bucket(Bucket=name)
    assert name not in [
        entry["Name"] for entry in (client.list_buckets()["Buckets"] or {"Bucket": []})["Bucket"]
    ]


def test_a_missing_bucket(cloud, client):
    name = f"{unique('missing')}-{APPID}"
    assert client.bucket_exists(Bucket=name) is False
    with cos_refuses(404, "NoSuchResource"):
        client.head_bucket(Bucket=name)
    with cos_refuses(404, "NoSuchBucket"):
        client.list_objects(Bucket=name)
    with cos_refuses(404, "NoSuchBucket"):
        client.put_object(Bucket=name, Key="k", Body=b"v")
    with cos_refuses(404, "NoSuchBucket"):
        client.get_bucket_location(Bucket=name)


def test_a_bucket_of_another_account(cloud, client):
    with cos_refuses(403, "AccessDenied"):
        client.create_bucket(Bucket="somebody-elses-1260000000")


def test_a_bad_bucket_name(cloud, client):
    with cos_refuses(400, "InvalidBucketName"):
        client.create_bucket(Bucket=f"{'long' * 20}-{APPID}")


def test_a_bucket_in_another_region_is_not_there(cloud, bucket):
    with cos_refuses(404, "NoSuchBucket"):
        cloud.cos(cloud.root, Region="ap-beijing").list_objects(Bucket=bucket)


def test_buckets_are_listed_in_pages(cloud, client):
    names = sorted(f"{unique('page')}-{APPID}" for _ in range(3))
    for name in names:
        client.create_bucket(Bucket=name)
    found, marker, pages = [], "", 0
    while True:
        page = client.list_buckets(Marker=marker, MaxKeys=2)
        found += [entry["Name"] for entry in page["Buckets"]["Bucket"]]
        pages += 1
        if page["IsTruncated"] == "false":
            break
        marker = page["NextMarker"]
    assert [name for name in found if name in names] == names
    assert found == sorted(found) and pages >= 2
    for name in names:
        client.delete_bucket(Bucket=name)


def test_an_endpoint_instead_of_an_address(cloud, bucket, monkeypatch):
    # Not every resolver knows names below `localhost`, which the standard reserves for the loopback interface.
    resolve = socket.getaddrinfo

    def resolve_local_names(host, *arguments, **options):
        return resolve("127.0.0.1" if str(host).endswith(".localhost") else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_local_names)
    client = cloud.cos(cloud.root, Endpoint=f"localhost:{cloud.server.port}", IP=None, Port=None)
    client.put_object(Bucket=bucket, Key="目录/k", Body=b"v")
    assert read(client, bucket, "目录/k") == b"v"
    assert keys_of(client.list_objects(Bucket=bucket)) == ["目录/k"]


def test_a_host_that_is_not_signed(cloud, bucket):
    client = cloud.cos(cloud.root, SignHost=False)
    client.put_object(Bucket=bucket, Key="k", Body=b"v")
    assert read(client, bucket, "k") == b"v"


def test_an_anonymous_client_is_refused(cloud, bucket):
    address = {"IP": "127.0.0.1", "Port": cloud.server.port, "ServiceDomain": cloud.endpoint}
    client = CosS3Client(CosConfig(Region=REGION, Scheme="http", Anonymous=True, **address), retry=0)
    with cos_refuses(403, "AccessDenied"):
        client.list_objects(Bucket=bucket)
    with cos_refuses(403, "AccessDenied"):
        client.list_buckets()


# Objects.


def test_an_object_comes_and_goes(client, bucket):
    body = b"hello world"
    stored = client.put_object(Bucket=bucket, Key="k", Body=body, EnableMD5=True)
    assert stored["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert stored["x-cos-hash-crc64ecma"] == "5981764153023615706"
    assert stored["x-cos-request-id"] and stored["Date"] and stored["Server"] == "tencent-cos"
    head = client.head_object(Bucket=bucket, Key="k")
    for name in ("ETag", "x-cos-hash-crc64ecma"):
        assert head[name] == stored[name]
    assert head["Content-Length"] == "11"
    assert parsedate_to_datetime(head["Last-Modified"])
    assert head["Accept-Ranges"] == "bytes"
    assert "x-cos-storage-class" not in head and "x-cos-version-id" not in head
    got = client.get_object(Bucket=bucket, Key="k")
    assert got["Body"].get_raw_stream().read() == body
    assert {name: got[name] for name in ("ETag", "Last-Modified")} == {
        name: head[name] for name in ("ETag", "Last-Modified")
    }
    assert client.object_exists(Bucket=bucket, Key="k") is True
    client.delete_object(Bucket=bucket, Key="k")
    assert client.object_exists(Bucket=bucket, Key="k") is False
    client.delete_object(Bucket=bucket, Key="k")
    with cos_refuses(404, "NoSuchKey"):
        client.get_object(Bucket=bucket, Key="k")
    with cos_refuses(404, "NoSuchResource"):
        client.head_object(Bucket=bucket, Key="k")


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 65536, 262144, 262145, 1048576, 3000001])
def test_sizes(client, bucket, size):
    body = hashlib.shake_128(str(size).encode()).digest(size) if size else b""
    stored = client.put_object(Bucket=bucket, Key="k", Body=body)
    assert stored["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    assert client.head_object(Bucket=bucket, Key="k")["Content-Length"] == str(size)
    assert read(client, bucket, "k") == body


def test_replacing(client, bucket):
    for body in (b"first", b"x" * 500_000, b"third"):
        client.put_object(Bucket=bucket, Key="k", Body=body)
        assert read(client, bucket, "k") == body
    assert keys_of(client.list_objects(Bucket=bucket)) == ["k"]


def test_a_stream_without_length(client, bucket):
    client.put_object(Bucket=bucket, Key="k", Body=(chunk for chunk in [b"a" * 70_000, b"b", b"c" * 300_000]))
    assert read(client, bucket, "k") == b"a" * 70_000 + b"b" + b"c" * 300_000


@pytest.mark.parametrize("key", AWKWARD_KEYS, ids=lambda key: ascii(key)[:30])
def test_awkward_keys(client, bucket, key):
    body = key.encode()
    client.put_object(Bucket=bucket, Key=key, Body=body)
    assert read(client, bucket, key) == body
    assert client.head_object(Bucket=bucket, Key=key)["Content-Length"] == str(len(body))
    assert keys_of(client.list_objects(Bucket=bucket)) == [key]
    assert keys_of(client.list_objects(Bucket=bucket, Prefix=key)) == [key]
    client.delete_object(Bucket=bucket, Key=key)
    assert keys_of(client.list_objects(Bucket=bucket)) == []


def test_keys_that_look_alike_are_different(client, bucket):
    alike = ["a/b", "a//b", "a/./b", "a/b/", "A/b", "a%2Fb", "a/\u00e9", "a/e\u0301"]
    for key in alike:
        client.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for key in alike:
        assert read(client, bucket, key) == key.encode()
    assert keys_of(client.list_objects(Bucket=bucket)) == sorted(alike, key=lambda key: key.encode())


def test_a_key_that_is_too_long(client, bucket):
    with cos_refuses(400, "KeyTooLong"):
        client.put_object(Bucket=bucket, Key="k" * 851, Body=b"v")
    with cos_refuses(400, "KeyTooLong"):
        client.put_object(Bucket=bucket, Key="é" * 426, Body=b"v")


@pytest.mark.parametrize(
    "range_header, expected, content_range",
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=7-100", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-100", b"0123456789", "bytes 0-9/10"),
    ],
)
def test_ranges(client, bucket, range_header, expected, content_range):
    stored = client.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    part = client.get_object(Bucket=bucket, Key="k", Range=range_header)
    assert part["Body"].get_raw_stream().read() == expected
    assert part["Content-Range"] == content_range
    assert part["Content-Length"] == str(len(expected))
    assert part["x-cos-hash-crc64ecma"] == stored["x-cos-hash-crc64ecma"]


@pytest.mark.parametrize("range_header", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_of_nothing(client, bucket, range_header):
    client.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    with cos_refuses(416, "InvalidRange"):
        client.get_object(Bucket=bucket, Key="k", Range=range_header)


def test_a_range_across_a_large_object(client, bucket):
    body = hashlib.shake_128(b"range").digest(3_000_000)
    client.put_object(Bucket=bucket, Key="k", Body=body)
    for start, end in [(0, 2_999_999), (65_535, 65_536), (1_048_575, 2_097_153), (2_999_999, 2_999_999)]:
        assert read(client, bucket, "k", Range=f"bytes={start}-{end}") == body[start : end + 1]


def test_conditional_reads(cloud, client, bucket):
    etag = client.put_object(Bucket=bucket, Key="k", Body=b"v")["ETag"]
    past, future = "Mon, 01 Jan 2001 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
    modified = client.head_object(Bucket=bucket, Key="k")["Last-Modified"]
    check = lambda headers, status: _check_condition(cloud, bucket, headers, status)
    check([("If-Match", etag)], 200)
    check([("If-Match", "*")], 200)
    check([("If-Match", '"0"')], 412)
    check([("If-None-Match", etag)], 304)
    check([("If-None-Match", "*")], 304)
    check([("If-None-Match", '"0"')], 200)
    check([("If-Modified-Since", past)], 200)
    check([("If-Modified-Since", modified)], 304)
    check([("If-Unmodified-Since", past)], 412)
    check([("If-Unmodified-Since", modified)], 200)
    check([("If-Unmodified-Since", future)], 200)
    # The tag decides where both a tag and a time are given.
    check([("If-Match", etag), ("If-Unmodified-Since", past)], 200)
    check([("If-None-Match", '"0"'), ("If-Modified-Since", modified)], 200)
    assert read(client, bucket, "k", IfMatch=etag) == b"v"
    with cos_refuses(412, "PreconditionFailed"):
        client.get_object(Bucket=bucket, Key="k", IfMatch='"0"')


def _check_condition(cloud, bucket, headers, status):
    for method in ("GET", "HEAD"):
        answer = cloud.ask(cloud.root, method, bucket, "k", headers=headers)
        assert answer.status == status, (method, headers)
        if status == 304 or method == "HEAD":
            assert answer.body == b""


def test_response_overrides(client, bucket):
    client.put_object(Bucket=bucket, Key="k", Body=b"v", ContentType="text/plain", CacheControl="no-store")
    overrides = {
        "ResponseContentType": ("Content-Type", "image/png"),
        "ResponseContentLanguage": ("Content-Language", "zh"),
        "ResponseExpires": ("Expires", formatdate(usegmt=True)),
        "ResponseCacheControl": ("Cache-Control", "max-age=1"),
        "ResponseContentDisposition": ("Content-Disposition", "attachment; filename=a.txt"),
        "ResponseContentEncoding": ("Content-Encoding", "identity"),
    }
    asked = {name: value for name, (_, value) in overrides.items()}
    got = client.get_object(Bucket=bucket, Key="k", **asked)
    for header, value in overrides.values():
        assert got[header] == value
    plain = client.get_object(Bucket=bucket, Key="k")
    assert (plain["Content-Type"], plain["Cache-Control"]) == ("text/plain", "no-store")


def test_stored_headers_and_metadata(client, bucket):
    given = {
        "ContentType": ("Content-Type", "text/html; charset=utf-8"),
        "CacheControl": ("Cache-Control", "max-age=60"),
        "ContentDisposition": ("Content-Disposition", 'attachment; filename="a b.txt"'),
        "ContentEncoding": ("Content-Encoding", "x-none"),
        "ContentLanguage": ("Content-Language", "en, zh"),
        "Expires": ("Expires", "Thu, 01 Jan 2099 00:00:00 GMT"),
    }
    metadata = {"x-cos-meta-author": "Ada", "x-cos-meta-Mixed-Case": "Value with  spaces"}
    parameters = {name: value for name, (_, value) in given.items()}
    client.put_object(
        Bucket=bucket, Key="k", Body=b"v", Metadata=metadata, StorageClass="STANDARD_IA", **parameters
    )
    for answer in (client.head_object(Bucket=bucket, Key="k"), client.get_object(Bucket=bucket, Key="k")):
        for header, value in given.values():
            assert answer[header] == value
        assert answer["x-cos-meta-author"] == "Ada"
        assert answer["x-cos-meta-mixed-case"] == "Value with  spaces"
        assert answer["x-cos-storage-class"] == "STANDARD_IA"


def test_metadata_has_a_limit(client, bucket):
    name = "x-cos-meta-a"
    client.put_object(Bucket=bucket, Key="k", Body=b"v", Metadata={name: "v" * 2000})
    with pytest.raises(CosServiceError) as caught:
        client.put_object(Bucket=bucket, Key="k", Body=b"v", Metadata={name: "v" * 2049})
    assert caught.value.get_status_code() == 400


def test_an_unknown_storage_class(client, bucket):
    with cos_refuses(400, "NotSupportedStorageClass"):
        client.put_object(Bucket=bucket, Key="k", Body=b"v", StorageClass="GLACIER")


def test_an_object_that_must_not_be_replaced(client, bucket):
    once = {"x-cos-forbid-overwrite": "true"}
    client.put_object(Bucket=bucket, Key="k", Body=b"first", Metadata=once)
    with cos_refuses(409, "FileAlreadyExists"):
        client.put_object(Bucket=bucket, Key="k", Body=b"second", Metadata=once)
    assert read(client, bucket, "k") == b"first"
    client.put_object(Bucket=bucket, Key="k", Body=b"third", Metadata={"x-cos-forbid-overwrite": "false"})
    assert read(client, bucket, "k") == b"third"


def test_a_wrong_digest(client, bucket):
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    for body in (b"v", b"v" * 1_000_000):
        with cos_refuses(400, "BadDigest"):
            client.put_object(Bucket=bucket, Key="k", Body=body, ContentMD5=wrong)
    with cos_refuses(400, "InvalidDigest"):
        client.put_object(Bucket=bucket, Key="k", Body=b"v", ContentMD5="not base64")
    assert client.object_exists(Bucket=bucket, Key="k") is False


# Listing.


def test_listing_with_a_delimiter(client, bucket):
    keys = ["a", "b/1", "b/2", "b/c/3", "d/", "e", "目录/1"]
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=b"v")
    top = client.list_objects(Bucket=bucket, Delimiter="/")
    assert keys_of(top) == ["a", "e"]
    assert prefixes_of(top) == ["b/", "d/", "目录/"]
    below = client.list_objects(Bucket=bucket, Prefix="b/", Delimiter="/")
    assert (keys_of(below), prefixes_of(below)) == (["b/1", "b/2"], ["b/c/"])
    assert keys_of(client.list_objects(Bucket=bucket, Prefix="b/")) == ["b/1", "b/2", "b/c/3"]
    assert keys_of(client.list_objects(Bucket=bucket, Prefix="none")) == []
    assert keys_of(client.list_objects(Bucket=bucket)) == keys
    folder = client.list_objects(Bucket=bucket, Prefix="d/", Delimiter="/")
    assert (keys_of(folder), prefixes_of(folder)) == (["d/"], [])


def test_what_a_listing_says_of_an_object(client, bucket):
    client.put_object(Bucket=bucket, Key="k", Body=b"hello", StorageClass="STANDARD_IA")
    page = client.list_objects(Bucket=bucket)
    assert (page["Name"], page["IsTruncated"], page["MaxKeys"]) == (bucket, "false", "1000")
    [entry] = page["Contents"]
    assert entry["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"'
    assert (entry["Size"], entry["StorageClass"]) == ("5", "STANDARD_IA")
    assert entry["Owner"] == {"ID": str(APPID), "DisplayName": str(APPID)}
    assert entry["LastModified"].endswith("Z") and entry["LastModified"][10] == "T"


@pytest.mark.parametrize("delimiter", ["", "/"])
@pytest.mark.parametrize("page_size", [1, 2, 3, 100])
def test_listing_in_pages(client, bucket, page_size, delimiter):
    keys = ["a/1", "a/2", "b", "c/1", "c/2/3", "d", "e 空"]
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=b"v")
    found, marker = [], ""
    while True:
        page = client.list_objects(Bucket=bucket, Delimiter=delimiter, Marker=marker, MaxKeys=page_size)
        entries = sorted(keys_of(page) + prefixes_of(page))
        assert 0 < len(entries) <= page_size
        found += entries
        if page["IsTruncated"] == "false":
            assert "NextMarker" not in page
            break
        marker = page["NextMarker"]
        assert marker == entries[-1]
    assert found == (["a/", "b", "c/", "d", "e 空"] if delimiter else keys)


def test_a_page_of_no_entries(client, bucket):
    client.put_object(Bucket=bucket, Key="k", Body=b"v")
    assert keys_of(client.list_objects(Bucket=bucket, MaxKeys=0)) == []


def test_more_than_a_thousand_entries(cloud, client, bucket):
    keys = [f"{index:05}" for index in range(1001)]
    for key in keys:
        assert cloud.ask(cloud.root, "PUT", bucket, key, body=b"v").status == 200
    first = client.list_objects(Bucket=bucket, MaxKeys=10001)
    assert (first["MaxKeys"], first["IsTruncated"], first["NextMarker"]) == ("1000", "true", keys[999])
    assert keys_of(first) == keys[:1000]
    rest = client.list_objects(Bucket=bucket, Marker=first["NextMarker"])
    assert (keys_of(rest), rest["IsTruncated"]) == (keys[1000:], "false")


# Presigned URLs.


def fetch(cloud, method, url, body=b""):
    """Follows a presigned URL, whatever host it names, to our server."""
    parts = urlsplit(url)
    return cloud.send(Request(method, parts.netloc, raw_target=f"{parts.path}?{parts.query}", body=body))


@pytest.mark.parametrize("sign_host", [True, False])
def test_presigned_urls(cloud, bucket, sign_host):
    client = cloud.cos(cloud.root, IP=None, Port=None)
    url = lambda method, **options: client.get_presigned_url(
        bucket, "目录/k+1", method, SignHost=sign_host, **options
    )
    assert fetch(cloud, "PUT", url("PUT"), b"hello").status == 200
    got = fetch(cloud, "GET", url("GET", Params={"response-content-type": "text/x-test; a=b c"}))
    assert (got.status, got.body, got.header("Content-Type")) == (200, b"hello", "text/x-test; a=b c")
    assert fetch(cloud, "HEAD", url("HEAD")).status == 200
    assert fetch(cloud, "GET", url("PUT")).refusal == (403, "SignatureDoesNotMatch")
    assert fetch(cloud, "DELETE", url("DELETE")).status == 204
    assert fetch(cloud, "GET", url("GET")).refusal == (404, "NoSuchKey")


def test_presigned_urls_of_a_temporary_key(cloud, bucket):
    key = cloud.mint(cloud.root, statement(["cos:PutObject", "cos:GetObject"], in_bucket(bucket, "doc/*")))
    client = cloud.cos(key, IP=None, Port=None)
    token = {"x-cos-security-token": key.token}
    url = lambda method, name, params: client.get_presigned_url(bucket, name, method, Params=params)
    assert fetch(cloud, "PUT", url("PUT", "doc/k", token), b"hello").status == 200
    assert fetch(cloud, "GET", url("GET", "doc/k", token)).body == b"hello"
    assert fetch(cloud, "GET", url("GET", "other", token)).refusal == (403, "AccessDenied")
    assert fetch(cloud, "GET", url("GET", "doc/k", {})).refusal == (403, "AccessDenied")
    # Other SDKs append the token without signing it.
    unsigned = url("GET", "doc/k", {}) + f"&x-cos-security-token={key.token}"
    assert fetch(cloud, "GET", unsigned).body == b"hello"
