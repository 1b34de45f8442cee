"""What no SDK would send: signatures, tokens and clocks that are wrong, each refused with its exact code.

A refusal changes nothing. The requests here would succeed if their one fault were not looked at.
"""

import time
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from cloud import in_bucket, policy, statement, unique
from server import APPID
from signer import Key, cos_fields, presign, sign, window

DENIED = (403, "AccessDenied")
MISMATCH = (403, "SignatureDoesNotMatch")
UNKNOWN_KEY = (403, "InvalidAccessKeyId")
SKEWED = (403, "RequestTimeTooSkewed")


@pytest.fixture
def put(cloud, bucket):
    """A request that stores an object, not signed yet; it must never have succeeded when the test is over."""
    yield cloud.request("PUT", bucket, "k", headers=[("Content-Type", "text/plain")], body=b"v")
    assert cloud.ask(cloud.root, "GET", bucket, "k").refusal == (404, "NoSuchKey"), (
        "a refused request stored an object"
    )


@pytest.fixture
def temporary(cloud, bucket):
    return cloud.mint(cloud.root, statement("cos:*", in_bucket(bucket, "*")))


# No signature, and signatures that cannot be read.


def test_no_signature(cloud, put):
    assert cloud.send(put).refusal == DENIED
    assert cloud.send(put.with_headers(("Authorization", ""))).refusal == DENIED
    on_service = cloud.send(cloud.request("GET"))
    assert on_service.refusal == DENIED
    assert b"<Message>Check auth failure because signature empty.</Message>" in on_service.body
    assert b"<ServerTime>" in on_service.body


def test_nobody_chooses_the_headers_of_a_public_answer(cloud):
    bucket = f"{unique('public')}-{APPID}"
    public = [("x-cos-acl", "public-read")]
    assert cloud.ask(cloud.root, "PUT", bucket, headers=public).status == 200
    assert cloud.ask(cloud.root, "PUT", bucket, "page", body=b"v").status == 200
    assert cloud.send(cloud.request("GET", bucket, "page")).body == b"v"
    chosen = cloud.request("GET", bucket, "page", query=[("response-content-type", "text/html")])
    assert cloud.send(chosen).refusal == DENIED
    assert cloud.send(sign(chosen, cloud.root)).header("Content-Type") == "text/html"
    # What anybody may read, nobody may write or remove.
    assert cloud.send(cloud.request("PUT", bucket, "other", body=b"v")).refusal == DENIED
    assert cloud.send(cloud.request("DELETE", bucket, "page")).refusal == DENIED


AUTHORIZATIONS = {
    "noise": lambda text: "x",
    "a scheme of its own": lambda text: "Bearer " + text,
    "basic": lambda text: "Basic dXNlcjpwYXNz",
    "no signature": lambda text: text.partition("&q-signature")[0],
    "no key": lambda text: text.replace("q-ak=", "q-ax="),
    "no header list": lambda text: text.replace("q-header-list=", "q-headers="),
    "no parameter list": lambda text: text.replace("q-url-param-list=", "q-params="),
    "another algorithm": lambda text: text.replace("=sha1&", "=md5&"),
    "a time of words": lambda text: text.replace("q-sign-time=", "q-sign-time=now;"),
    "a time of one number": lambda text: text.replace("q-key-time=", "q-key-time=1&x="),
    "the key twice": lambda text: text + "&q-ak=AKID" + "x" * 32,
    "the signature twice": lambda text: text + "&q-signature=" + "0" * 40,
    "very long": lambda text: text.replace("q-header-list=", "q-header-list=" + "a;" * 2000),
}


@pytest.mark.parametrize("spoil", AUTHORIZATIONS.values(), ids=AUTHORIZATIONS.keys())
def test_authorization_that_cannot_be_read(cloud, put, spoil):
    signed = sign(put, cloud.root)
    spoiled = signed.with_header_replaced("Authorization", spoil(signed.header("Authorization")))
    assert cloud.send(spoiled).refusal == DENIED


def test_two_authorizations(cloud, put):
    signed = sign(put, cloud.root)
    other = sign(put, Key("AKID" + "x" * 32, "y" * 32)).header("Authorization")
    assert cloud.send(signed.with_headers(("Authorization", other))).refusal == DENIED


# Signatures of something else.


def test_a_wrong_signature(cloud, put):
    signed = sign(put, cloud.root)
    text = signed.header("Authorization")
    digit = "1" if text.endswith("0") else "0"
    assert cloud.send(signed.with_header_replaced("Authorization", text[:-1] + digit)).refusal == MISMATCH
    assert cloud.send(signed.with_header_replaced("Authorization", text[:-1])).status == 403
    assert cloud.send(sign(put, Key(cloud.root.id, "x" * 32))).refusal == MISMATCH


def test_a_request_that_was_changed(cloud, bucket, put):
    signed = sign(put, cloud.root)
    assert cloud.send(replace(signed, path="/other")).refusal == MISMATCH
    assert cloud.send(replace(signed, method="DELETE", body=b"")).refusal == MISMATCH
    assert cloud.send(replace(signed, host=f"other-{signed.host}")).status in (403, 404)
    assert cloud.send(signed.with_header_replaced("Content-Type", "text/html")).refusal == MISMATCH
    listing = sign(cloud.request("GET", bucket, query=[("prefix", "a")]), cloud.root)
    assert cloud.send(listing).status == 200
    assert cloud.send(replace(listing, query=(("prefix", "b"),))).refusal == MISMATCH
    assert cloud.send(replace(listing, query=())).refusal == MISMATCH


def test_a_listed_header_that_is_missing(cloud, put):
    signed = sign(put.with_headers(("x-cos-meta-a", "1")), cloud.root)
    assert cloud.send(signed.without_header("x-cos-meta-a")).refusal == MISMATCH


# Keys.


def test_keys_that_are_none(cloud, put, user):
    assert cloud.send(sign(put, Key("AKID" + "x" * 32, "y" * 32))).refusal == UNKNOWN_KEY
    assert cloud.send(sign(put, Key("x", "y"))).refusal == UNKNOWN_KEY
    cloud.grant(user, statement("cos:*", "*"))
    cloud.call_cam("UpdateAccessKey", AccessKeyId=user.key.id, Status="Inactive", TargetUin=user.uin)
    assert cloud.send(sign(put, user.key)).refusal == UNKNOWN_KEY
    cloud.call_cam("DeleteAccessKey", AccessKeyId=user.key.id, TargetUin=user.uin)
    assert cloud.send(sign(put, user.key)).refusal == UNKNOWN_KEY


# Tokens.


def test_tokens_that_are_none(cloud, bucket, put, temporary, user):
    of_another = cloud.mint(user.key, statement("cos:*", "*"))
    token = temporary.token
    middle = len(token) // 2
    flipped = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    wrong = {
        "none": None,
        "empty": "",
        "noise": "x",
        "truncated": token[:-1],
        "half": token[:middle],
        "extended": token + "A",
        "tampered in the middle": flipped,
        "tampered at the start": ("A" if token[0] != "A" else "B") + token[1:],
        "another session's": of_another.token,
        "too long": "A" * 5000,
        "not of the alphabet": token[:-2] + "%%",
    }
    for name, other in wrong.items():
        key = Key(temporary.id, temporary.secret, other)
        assert cloud.send(sign(put, key)).refusal == DENIED, name
        assert cloud.send(presign(put, key)).refusal == DENIED, name


def test_a_token_with_another_key(cloud, put, temporary):
    assert (
        cloud.send(sign(put, Key(temporary.id, "x" * len(temporary.secret), temporary.token))).refusal
        == MISMATCH
    )
    for key in (
        Key(cloud.root.id, cloud.root.secret, temporary.token),
        Key("AKID" + "x" * 32, "y", temporary.token),
    ):
        assert cloud.send(sign(put, key)).status == 403


def test_two_tokens(cloud, put, bucket, temporary):
    other = cloud.mint(cloud.root, statement("cos:*", in_bucket(bucket, "*")))
    twice = sign(put, temporary).with_headers(("x-cos-security-token", other.token))
    assert cloud.send(twice).refusal == DENIED
    header_and_query = sign(put.with_query(("x-cos-security-token", other.token)), temporary)
    assert cloud.send(header_and_query).refusal == DENIED


@pytest.mark.parametrize("how", [sign, presign])
def test_a_token_that_has_expired(cloud, put, how):
    answer = cloud.sts_sdk(
        cloud.root, policy=policy(statement("cos:*", "*")), duration_seconds=1
    ).get_credential()
    given = answer["credentials"]
    while time.time() <= answer["expiredTime"]:
        time.sleep(0.05)
    key = Key(given["tmpSecretId"], given["tmpSecretKey"], given["sessionToken"])
    assert cloud.send(how(put, key)).refusal == (400, "ExpiredToken")


def test_an_expired_token_that_was_tampered_with_does_not_tell(cloud, put):
    answer = cloud.sts_sdk(
        cloud.root, policy=policy(statement("cos:*", "*")), duration_seconds=1
    ).get_credential()
    given = answer["credentials"]
    while time.time() <= answer["expiredTime"]:
        time.sleep(0.05)
    key = Key(given["tmpSecretId"], given["tmpSecretKey"], given["sessionToken"][:-4] + "AAAA")
    assert cloud.send(sign(put, key)).refusal == DENIED


# Time.


@pytest.mark.parametrize("how", [sign, presign])
def test_a_window_that_has_ended(cloud, put, how):
    answer = cloud.send(how(put, cloud.root, window(-600, -10)))
    assert answer.refusal == DENIED
    # Two SDKs correct their clock when they read exactly this.
    assert b"<Message>Request has expired</Message>" in answer.body
    assert answer.header("Date")


@pytest.mark.parametrize("how", [sign, presign])
def test_a_window_in_the_future(cloud, put, how):
    assert cloud.send(how(put, cloud.root, window(15 * 60 + 30, 3600))).refusal == SKEWED


def test_a_window_that_begins_a_little_later(cloud, bucket):
    listing = cloud.request("GET", bucket)
    assert cloud.send(sign(listing, cloud.root, window(14 * 60, 3600))).status == 200


@pytest.mark.parametrize(
    "times", ["5;1", "-5;9999999999", "1;2;3", ";", "1", "01;9999999999", "1;99999999999999999999"]
)
def test_windows_that_are_none(cloud, put, times):
    assert cloud.send(sign(put, cloud.root, times)).refusal == DENIED


def test_the_window_of_the_key_counts_too(cloud, put):
    # The key's window has ended, the request's has not.
    signed = ("host", put.host), *put.headers
    good, old = window(), window(-600, -10)
    fields = dict(cos_fields(put, cloud.root, good, signed))
    fields["q-key-time"] = old
    text = "&".join(f"{name}={value}" for name, value in fields.items())
    assert cloud.send(put.with_headers(("Authorization", text))).status == 403


# What is not signed must not change what a request does.


def test_sub_resources_added_to_a_presigned_url(cloud, bucket):
    url = presign(cloud.request("GET", bucket, "k"), cloud.root)
    for name, value in (("acl", ""), ("tagging", ""), ("uploadId", "0" * 42), ("versionId", "x")):
        assert cloud.send(url.with_query((name, value))).refusal == DENIED, name
    listing = presign(cloud.request("GET", bucket), cloud.root)
    assert cloud.send(listing).status == 200
    for name in ("acl", "policy", "location", "uploads", "versions"):
        assert cloud.send(listing.with_query((name, ""))).refusal == DENIED, name


@pytest.mark.parametrize("how", [sign, presign])
@pytest.mark.parametrize(
    "header, value",
    [
        ("x-cos-copy-source", "{bucket}.cos.ap-guangzhou.myqcloud.com/secret"),
        ("x-cos-acl", "public-read"),
        ("x-cos-grant-read", 'id="100000000001"'),
        ("x-cos-tagging", "a=b"),
        ("x-cos-server-side-encryption", "AES256"),
    ],
)
def test_headers_added_to_a_signed_request(cloud, bucket, put, how, header, value):
    added = how(put, cloud.root).with_headers((header, value.format(bucket=bucket)))
    assert cloud.send(added).refusal == DENIED


def test_a_part_that_is_not_signed(cloud, bucket, put):
    started = cloud.ask(cloud.root, "POST", bucket, "k", query=[("uploads", "")])
    upload_id = started.body.split(b"<UploadId>")[1].split(b"</UploadId>")[0].decode()
    added = sign(put, cloud.root).with_query(("partNumber", "1"), ("uploadId", upload_id))
    assert cloud.send(added).refusal == DENIED


def test_what_need_not_be_signed(cloud, bucket):
    listing = sign(cloud.request("GET", bucket), cloud.root)
    assert cloud.send(listing.with_query(("prefix", "a"), ("max-keys", "1"), ("unknown", "x"))).status == 200
    plain = sign(cloud.request("PUT", bucket, "plain", body=b"v"), cloud.root)
    assert (
        cloud.send(plain.with_headers(("Content-Type", "text/plain"), ("User-Agent", "test"))).status == 200
    )


# The same thing said twice.


def test_parameters_that_contradict_each_other(cloud, bucket):
    for pairs in (
        [("prefix", "a"), ("prefix", "b")],
        [("Prefix", "a"), ("prefix", "b")],
        [("max-keys", "1"), ("max-keys", "2")],
    ):
        signed = sign(cloud.request("GET", bucket, query=pairs), cloud.root)
        answer = cloud.send(signed)
        assert 400 <= answer.status < 500 and answer.code, pairs
    same = sign(cloud.request("GET", bucket, query=[("uploads", "")]), cloud.root)
    assert cloud.send(same.with_query(("uploads", ""))).status == 200


def test_headers_that_contradict_each_other(cloud, put):
    for name, first, second in (
        ("x-cos-acl", "private", "public-read"),
        ("Content-Length", "1", "2"),
        ("x-cos-forbid-overwrite", "true", "false"),
        ("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==", "BAAAAAAAAAAAAAAAAAAAAA=="),
    ):
        signed = sign(put.with_headers((name, first)), cloud.root)
        answer = cloud.send(signed.with_headers((name, second)))
        assert 400 <= answer.status < 500, name


def test_a_query_signature_beside_a_header_signature(cloud, put):
    # The header is the one that counts; a good query does not save a bad header.
    bad = sign(put, Key(cloud.root.id, "x" * 32)).header("Authorization")
    fields = cos_fields(put, cloud.root, window(), (("host", put.host), *put.headers))
    both = put.with_query(*fields).with_headers(("Authorization", bad))
    assert cloud.send(both).status == 403


# Whose bucket.


def test_a_bucket_that_is_named_in_another_way(cloud, bucket, temporary):
    # A path-style request signs the whole path; it is judged by the same policy as any other.
    narrow = cloud.mint(cloud.root, statement("cos:PutObject", in_bucket(bucket, "doc/*")))
    service = cloud.request("PUT", None, f"{bucket}/doc/k", body=b"v")
    assert cloud.send(sign(service, narrow)).status == 200
    assert cloud.ask(cloud.root, "GET", bucket, "doc/k").body == b"v"
    outside = cloud.request("PUT", None, f"{bucket}/other", body=b"v")
    assert cloud.send(sign(outside, narrow)).refusal == DENIED


def test_a_denial_does_not_tell_what_is_there(cloud, bucket, user):
    cloud.ask(cloud.root, "PUT", bucket, "there", body=b"v")
    answers = [cloud.ask(user.key, "GET", bucket, key) for key in ("there", "missing")]
    assert [answer.refusal for answer in answers] == [DENIED, DENIED]
    assert cloud.ask(user.key, "HEAD", bucket, "missing").status == 403
    for answer in answers:
        assert b"<RequestId>" in answer.body and answer.header("x-cos-request-id")


def test_query_text_is_not_confused(cloud, bucket):
    # `;` is an ordinary character, `+` a blank, and an escaped `&` does not split.
    for key in ("a;b", "a b", "a&prefix=c", "a+b"):
        cloud.ask(cloud.root, "PUT", bucket, key, body=b"v")
    listing = sign(cloud.request("GET", bucket, query=[("prefix", "a;b")]), cloud.root)
    target = "/?" + urlencode(listing.query).replace("%3B", ";")
    assert b"<Key>a;b</Key>" in cloud.send(replace(listing, raw_target=target)).body
    listing = sign(cloud.request("GET", bucket, query=[("prefix", "a&prefix=c")]), cloud.root)
    assert b"<Key>a&amp;prefix=c</Key>" in cloud.send(listing).body
