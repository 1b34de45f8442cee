"""Bodies that lie about themselves, documents made to hurt, and names that try to be more than names."""

import hashlib
import re
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest
from qcloud_cos.cos_exception import CosServiceError

import wire
from cloud import cos_refuses, in_bucket, statement
from signer import Key, Request, sign

GIGABYTE = 1024**3
MEGABYTE = 1024**2
CHUNK = bytes(256 * 1024)


def md5_header(body: bytes):
    return ("Content-MD5", b64encode(hashlib.md5(body).digest()).decode())


def signed_put(cloud, bucket, key="k", headers=(), who=None) -> Request:
    return sign(cloud.request("PUT", bucket, key, headers=headers), who or cloud.root)


def is_missing(cloud, bucket, key="k") -> bool:
    return cloud.ask(cloud.root, "GET", bucket, key).refusal == (404, "NoSuchKey")


# Lengths and digests.


def test_digests(cloud, bucket):
    put = lambda body, *headers: cloud.ask(cloud.root, "PUT", bucket, "k", headers=headers, body=body).refusal
    assert put(b"v", md5_header(b"other")) == (400, "BadDigest")
    assert put(b"v" * MEGABYTE, md5_header(b"other")) == (400, "BadDigest")
    assert put(b"v", ("Content-MD5", "x")) == (400, "InvalidDigest")
    assert put(b"v", ("Content-MD5", b64encode(b"short").decode())) == (400, "InvalidDigest")
    assert is_missing(cloud, bucket)
    assert put(b"v", md5_header(b"v")) == (200, None)
    assert put(b"w", md5_header(b"v")) == (400, "BadDigest")
    assert cloud.ask(cloud.root, "GET", bucket, "k").body == b"v"


@pytest.mark.parametrize("announced", [1000, 3 * MEGABYTE])
def test_an_upload_that_ends_early(cloud, bucket, announced):
    with wire.Connection(cloud.server.port) as connection:
        connection.send_head(signed_put(cloud, bucket), announced)
        connection.send(bytes(announced // 2))
        connection.finish_sending()
        assert connection.read("PUT").refusal == (400, "IncompleteBody")
    assert is_missing(cloud, bucket)


def test_an_upload_whose_client_vanishes(cloud, bucket):
    with wire.Connection(cloud.server.port) as connection:
        connection.send_head(signed_put(cloud, bucket), 3 * MEGABYTE)
        connection.send(bytes(2 * MEGABYTE))
    assert is_missing(cloud, bucket)


def test_more_bytes_than_announced(cloud, bucket):
    with wire.Connection(cloud.server.port) as connection:
        connection.send_head(signed_put(cloud, bucket), 10)
        connection.send(b"0123456789" + b"and more that nobody announced")
        answer = connection.read("PUT")
    assert answer.status == 200
    assert answer.header("ETag") == f'"{hashlib.md5(b"0123456789").hexdigest()}"'
    assert cloud.ask(cloud.root, "GET", bucket, "k").body == b"0123456789"


def test_an_upload_in_chunks(cloud, bucket):
    with wire.Connection(cloud.server.port) as connection:
        connection.send_head(signed_put(cloud, bucket, headers=[("Transfer-Encoding", "chunked")]))
        connection.send(b"5\r\nhello\r\n6;extension=1\r\n world\r\n0\r\n\r\n")
        assert connection.read("PUT").status == 200
    assert cloud.ask(cloud.root, "GET", bucket, "k").body == b"hello world"


@pytest.mark.parametrize("body", [b"zz\r\n", b"5\r\nhel", b"5\r\nhello"])
def test_chunks_that_are_broken(cloud, bucket, body):
    with wire.Connection(cloud.server.port) as connection:
        connection.send_head(signed_put(cloud, bucket, headers=[("Transfer-Encoding", "chunked")]))
        connection.send(body)
        connection.finish_sending()
        assert connection.read("PUT").status == 400
    assert is_missing(cloud, bucket)


def test_a_length_beside_chunks(cloud, bucket):
    # Two framings of one body are how requests are smuggled past a proxy.
    chunked = signed_put(cloud, bucket, headers=[("Transfer-Encoding", "chunked")])
    with wire.Connection(cloud.server.port) as connection:
        connection.send_head(chunked.with_headers(("Content-Length", "3")))
        connection.send(b"1\r\nv\r\n0\r\n\r\n")
        answer = connection.read("PUT")
    assert answer.status in (200, 400)
    if answer.status == 200:
        assert cloud.ask(cloud.root, "GET", bucket, "k").body == b"v"
    else:
        assert is_missing(cloud, bucket)


@pytest.mark.parametrize("length", ["-1", "x", "1,2", "99999999999999999999999"])
def test_lengths_that_are_none(cloud, bucket, length):
    with wire.Connection(cloud.server.port) as connection:
        connection.send_head(signed_put(cloud, bucket).with_headers(("Content-Length", length)))
        assert connection.read("PUT").status == 400
    assert is_missing(cloud, bucket)


def test_a_length_beyond_the_limit(cloud, bucket):
    with wire.Connection(cloud.server.port) as connection:
        connection.send_head(signed_put(cloud, bucket), 5 * GIGABYTE + 1)
        assert connection.read("PUT").refusal == (400, "EntityTooLarge")


def test_a_slow_client(cloud, bucket):
    body = bytes(range(100))
    with wire.Connection(cloud.server.port) as connection:
        connection.send_head(signed_put(cloud, bucket), len(body))
        for start in range(0, len(body), 5):
            connection.send(body[start : start + 5])
            time.sleep(0.03)
        assert connection.read("PUT").status == 200
    assert cloud.ask(cloud.root, "GET", bucket, "k").body == body


def test_clients_that_stall_keep_nobody_waiting(cloud, bucket):
    connections = [wire.Connection(cloud.server.port) for _ in range(100)]
    try:
        for index, connection in enumerate(connections):
            if index % 2:
                connection.send(b"GET / HTTP/1.1\r\nHost: ")
            else:
                connection.send_head(signed_put(cloud, bucket), MEGABYTE)
                connection.send(b"v")
        with ThreadPoolExecutor(4) as pool:
            asked = pool.map(
                lambda n: cloud.ask(cloud.root, "PUT", bucket, f"k{n}", body=b"v").status, range(20)
            )
            assert list(asked) == [200] * 20
    finally:
        for connection in connections:
            connection.__exit__()


# Uploads that are refused.


def test_a_refusal_comes_before_the_body_is_asked_for(cloud, bucket):
    request = signed_put(
        cloud, bucket, headers=[("Expect", "100-continue")], who=Key(cloud.root.id, "x" * 32)
    )
    with wire.Connection(cloud.server.port) as connection:
        connection.send_head(request, GIGABYTE)
        assert connection.peek(12) == b"HTTP/1.1 403"
        assert connection.read("PUT").refusal == (403, "SignatureDoesNotMatch")


def test_a_body_is_asked_for(cloud, bucket):
    with wire.Connection(cloud.server.port) as connection:
        connection.send_head(signed_put(cloud, bucket, headers=[("Expect", "100-continue")]), 5)
        assert connection.peek(12) == b"HTTP/1.1 100"
        connection.send(b"hello")
        assert connection.read("PUT").status == 200
    assert cloud.ask(cloud.root, "GET", bucket, "k").body == b"hello"


@pytest.mark.parametrize("listens", [True, False], ids=["listening", "deaf"])
def test_a_refused_gigabyte_gets_its_answer(cloud, bucket, listens):
    narrow = cloud.mint(cloud.root, statement("cos:PutObject", in_bucket(bucket, "doc/*")))
    with wire.Connection(cloud.server.port) as connection:
        connection.send_head(signed_put(cloud, bucket, who=narrow), GIGABYTE)
        try:
            for _ in range(GIGABYTE // len(CHUNK)):
                if not listens:
                    connection.send(CHUNK)
                elif not connection.send_while_silent(CHUNK):
                    break
        except (BrokenPipeError, ConnectionResetError):
            # The server closed first; what it had said before must still be there.
            pass
        assert connection.read("PUT").refusal == (403, "AccessDenied")
    assert is_missing(cloud, bucket)


def test_a_refused_gigabyte_through_the_sdk(cloud, bucket, tmp_path):
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        file.truncate(GIGABYTE)
    client = cloud.cos(Key("AKID" + "x" * 32, "y" * 32))
    with sparse.open("rb") as file, cos_refuses(403, "InvalidAccessKeyId"):
        client.put_object(Bucket=bucket, Key="k", Body=file)


def test_a_refused_small_body_keeps_the_connection(cloud, bucket):
    bad = signed_put(cloud, bucket, who=Key(cloud.root.id, "x" * 32))
    with wire.Connection(cloud.server.port) as connection:
        connection.send_head(bad, 5)
        connection.send(b"hello")
        assert connection.read("PUT").refusal == (403, "SignatureDoesNotMatch")


# XML.


@pytest.fixture
def complete(cloud, bucket):
    """Completes an upload of one part with any body."""
    started = cloud.ask(cloud.root, "POST", bucket, "k", query=[("uploads", "")])
    upload_id = re.search(rb"<UploadId>(.*?)</UploadId>", started.body).group(1).decode()
    query = [("partNumber", "1"), ("uploadId", upload_id)]
    etag = cloud.ask(cloud.root, "PUT", bucket, "k", query=query, body=b"v").header("ETag")
    send = lambda body: cloud.ask(cloud.root, "POST", bucket, "k", query=[("uploadId", upload_id)], body=body)
    return etag, send


def parts(*entries) -> bytes:
    listed = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>" for number, etag in entries
    )
    return f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(12))
    + b"]><CompleteMultipartUpload><Part><PartNumber>&m;</PartNumber></Part></CompleteMultipartUpload>"
)
EXTERNAL = (
    b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&a;</ETag></Part></CompleteMultipartUpload>"
)
BROKEN_XML = {
    "nothing like XML": b"hello",
    "not closed": b"<CompleteMultipartUpload><Part>",
    "another root": b"<Delete></Delete>",
    "no parts": b"<CompleteMultipartUpload></CompleteMultipartUpload>",
    "a number of words": parts(("one", "x")),
    "a negative number": parts((-1, "x")),
    "no tag": b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
    "not UTF-8": b"<CompleteMultipartUpload>\xff\xfe</CompleteMultipartUpload>",
    "a billion laughs": LAUGHS,
    "a file of the server": EXTERNAL,
    "very deep": b"<a>" * 10_000 + b"</a>" * 10_000,
    "two documents": parts((1, "x")) + parts((1, "x")),
}


@pytest.mark.parametrize("body", BROKEN_XML.values(), ids=BROKEN_XML.keys())
def test_xml_that_is_refused(cloud, bucket, complete, body):
    etag, send = complete
    began = time.monotonic()
    assert send(body).refusal == (400, "MalformedXML")
    assert time.monotonic() - began < 5
    assert is_missing(cloud, bucket)
    assert send(parts((1, etag))).status == 200


def test_xml_that_is_missing(complete):
    assert complete[1](b"").status == 400


def test_xml_that_is_too_large(complete):
    assert complete[1](b"<CompleteMultipartUpload>" + b" " * 20 * MEGABYTE).refusal == (400, "XMLSizeLimit")


def test_xml_with_everything_that_is_harmless(cloud, bucket, complete):
    etag, send = complete
    escaped = etag.replace('"', "&quot;")
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!-- a comment -->\n'
        '<CompleteMultipartUpload xmlns="http://www.qcloud.com/document/product/436/7751">\n <Part>\n'
        f"  <ETag>{escaped}</ETag><PartNumber> 1 </PartNumber><Unknown/>\n </Part>\n"
        "</CompleteMultipartUpload>\n"
    )
    assert send(body.encode()).status == 200
    assert cloud.ask(cloud.root, "GET", bucket, "k").body == b"v"


# Names.

STRANGE_KEYS = [
    "..",
    "../..",
    "a/../b",
    "a/..",
    "./a",
    "/",
    "//a",
    "/leading",
    "nul\0inside",
    "\0",
    "con\x07trol",
    "C:\\windows",
    "$(reboot)",
    "'; DROP TABLE objects; --",
    "\u202egnp.exe",
    "é" * 425,
]


@pytest.mark.parametrize("key", STRANGE_KEYS, ids=lambda key: ascii(key)[:30])
def test_strange_keys_are_only_names(cloud, bucket, key):
    assert cloud.ask(cloud.root, "PUT", bucket, key, body=key.encode()).status == 200
    assert cloud.ask(cloud.root, "GET", bucket, key).body == key.encode()
    listed = cloud.cos(cloud.root).list_objects(Bucket=bucket)["Contents"]
    assert [entry["Key"] for entry in listed] == [key]
    assert cloud.ask(cloud.root, "DELETE", bucket, key).status == 204
    assert cloud.ask(cloud.root, "GET", bucket, key).refusal == (404, "NoSuchKey")


def test_dots_do_not_leave_a_policy(cloud, bucket):
    cloud.ask(cloud.root, "PUT", bucket, "secret/k", body=b"v")
    key = cloud.mint(cloud.root, statement("cos:GetObject", in_bucket(bucket, "doc/*")))
    # The text begins with `doc/`, so that it is allowed; and it is not the other object.
    assert cloud.ask(key, "GET", bucket, "doc/../secret/k").refusal == (404, "NoSuchKey")
    for other in ("../secret/k", "secret/k", "./doc/k", "/doc/k", "Doc/k"):
        assert cloud.ask(key, "GET", bucket, other).refusal == (403, "AccessDenied"), other


@pytest.mark.parametrize("key", ["a\x18", "\x19", "\x1a/b", "c\x1bd"])
def test_keys_that_are_forbidden(cloud, bucket, key):
    assert cloud.ask(cloud.root, "PUT", bucket, key, body=b"v").refusal == (400, "InvalidObjectName")


def test_a_key_that_is_not_utf8(cloud, bucket):
    request = sign(cloud.request("PUT", bucket, "k", body=b"v"), cloud.root)
    broken = Request("PUT", request.host, headers=request.headers, body=b"v", raw_target="/%ff%fe")
    assert cloud.send(broken).status in (400, 403)


@pytest.mark.parametrize("length, status", [(850, 200), (851, 400)])
def test_the_longest_key(cloud, bucket, length, status):
    answer = cloud.ask(cloud.root, "PUT", bucket, "k" * length, body=b"v")
    assert (answer.status, answer.code) == (status, None if status == 200 else "KeyTooLong")


@pytest.mark.parametrize("number", ["0", "10001", "-1", "x", "", "1.5", "99999999999999999999"])
def test_part_numbers_that_are_none(cloud, bucket, number):
    query = [("partNumber", number), ("uploadId", "0" * 42)]
    assert cloud.ask(cloud.root, "PUT", bucket, "k", query=query, body=b"v").refusal == (
        400,
        "InvalidArgument",
    )


@pytest.mark.parametrize(
    "number, status", [("0", 200), ("1000", 200), ("10001", 200), ("-1", 400), ("x", 400)]
)
def test_page_sizes(cloud, bucket, number, status):
    answer = cloud.ask(cloud.root, "GET", bucket, query=[("max-keys", number)])
    assert answer.status == status
    if status == 200:
        assert b"<MaxKeys>%d</MaxKeys>" % min(int(number), 1000) in answer.body
    else:
        assert answer.code == "InvalidArgument"


@pytest.mark.parametrize("value", ["gzip", "bytes=", "bytes=5-1", "bytes=a-b", "bytes=0-1,3-4", "items=0-1"])
def test_ranges_that_are_none(cloud, bucket, value):
    cloud.ask(cloud.root, "PUT", bucket, "k", body=b"0123456789")
    answer = cloud.ask(cloud.root, "GET", bucket, "k", headers=[("Range", value)])
    # HTTP lets a server ignore a range it does not understand; it must not answer with part of the bytes.
    assert answer.status in (200, 400, 416)
    if answer.status == 200:
        assert answer.body == b"0123456789"


# Heads.


def test_heads_that_are_too_large(cloud, bucket):
    many = [(f"x-cos-meta-{n}", "v") for n in range(2000)]
    assert cloud.ask(cloud.root, "PUT", bucket, "k", headers=many, body=b"v").status in (400, 431)
    long = [("x-custom", "v" * MEGABYTE)]
    assert cloud.ask(cloud.root, "PUT", bucket, "k", headers=long, body=b"v").status in (400, 431)
    assert is_missing(cloud, bucket)


@pytest.mark.parametrize(
    "head",
    [
        b"\r\n\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\xff" * 1000,
    ],
)
def test_what_is_not_http(cloud, bucket, head):
    with wire.Connection(cloud.server.port) as connection:
        connection.send(head)
        connection.finish_sending()
        if connection.has_answer(10):
            assert connection.peek(12) in (b"", b"HTTP/1.1 400")
    assert cloud.ask(cloud.root, "HEAD", bucket).status == 200


def test_a_request_without_host(cloud):
    with wire.Connection(cloud.server.port) as connection:
        connection.send(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert connection.read().status in (400, 403)


def test_headers_keep_their_spelling(cloud, bucket):
    stored = cloud.ask(cloud.root, "PUT", bucket, "k", headers=[("x-cos-meta-a", "1")], body=b"v")
    read = cloud.ask(cloud.root, "GET", bucket, "k", headers=[("Range", "bytes=0-0")])
    refused = cloud.ask(cloud.root, "GET", bucket, "missing")
    for answer, names in (
        (stored, ["ETag", "x-cos-hash-crc64ecma", "Content-Length"]),
        (read, ["ETag", "Last-Modified", "Content-Range", "Content-Length", "Accept-Ranges", "x-cos-meta-a"]),
        (refused, ["Content-Type", "Content-Length", "x-cos-trace-id"]),
    ):
        for name in [*names, "x-cos-request-id", "Date", "Server"]:
            assert answer.header(name) is not None, (name, answer.headers)


def test_an_answer_to_head_has_no_body(cloud, bucket):
    cloud.ask(cloud.root, "PUT", bucket, "k", body=b"hello")
    found = cloud.ask(cloud.root, "HEAD", bucket, "k")
    assert (found.status, found.header("Content-Length"), found.body) == (200, "5", b"")
    missing = cloud.ask(cloud.root, "HEAD", bucket, "missing")
    assert (missing.status, missing.body) == (404, b"")


def test_an_error_document(cloud, bucket):
    answer = cloud.ask(cloud.root, "GET", bucket, "missing <&>")
    text = answer.body.decode()
    for element in ("Code", "Message", "Resource", "RequestId", "TraceId"):
        assert re.search(f"<{element}>[^<]+</{element}>", text), element
    assert answer.header("Content-Type") == "application/xml"
    assert answer.header("x-cos-error-code") is None
    assert f"<RequestId>{answer.header('x-cos-request-id')}</RequestId>" in text
    with pytest.raises(CosServiceError) as caught:
        cloud.cos(cloud.root).get_object(Bucket=bucket, Key="missing <&>")
    assert caught.value.get_request_id() != "Unknown"
