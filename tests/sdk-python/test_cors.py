"""Rules for other origins: how they are kept, what preflights are told, and what stands beside every answer."""

from dataclasses import replace

import pytest

from cloud import cos_refuses, unique
from server import APPID
from signer import sign

PAGE = "http://page.example"
RULE = {
    "ID": "one",
    "AllowedOrigin": [PAGE, "https://*.example"],
    "AllowedMethod": ["GET", "PUT", "HEAD"],
    "AllowedHeader": ["x-cos-*", "authorization"],
    "ExposeHeader": ["ETag", "x-cos-request-id"],
    "MaxAgeSeconds": "500",
}
TOLD = "Access-Control-Allow-Origin"


@pytest.fixture
def client(cloud):
    return cloud.cos(cloud.root)


@pytest.fixture
def with_rules(client, bucket):
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRule": [RULE]})
    return bucket


def ask(cloud, method, bucket, key="", headers=(), origin=PAGE, **parts):
    headers = [("Origin", origin), *headers]
    return cloud.ask(cloud.root, method, bucket, key, headers=headers, **parts)


def preflight(cloud, bucket, key="a", method="PUT", origin=PAGE, headers=None, **parts):
    sent = [("Origin", origin), ("Access-Control-Request-Method", method)]
    if headers:
        sent.append(("Access-Control-Request-Headers", headers))
    return cloud.send(cloud.request("OPTIONS", bucket, key, headers=sent, **parts))


def test_rules_come_and_go(client, bucket):
    with cos_refuses(404, "NoSuchCORSConfiguration"):
        client.get_bucket_cors(Bucket=bucket)
    client.delete_bucket_cors(Bucket=bucket)
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRule": [RULE]})
    (shown,) = client.get_bucket_cors(Bucket=bucket)["CORSRule"]
    assert shown == RULE
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRule": [RULE | {"ID": "two"}, RULE]})
    assert [rule["ID"] for rule in client.get_bucket_cors(Bucket=bucket)["CORSRule"]] == ["two", "one"]
    client.delete_bucket_cors(Bucket=bucket)
    with cos_refuses(404, "NoSuchCORSConfiguration"):
        client.get_bucket_cors(Bucket=bucket)
    with cos_refuses(404, "NoSuchBucket"):
        client.put_bucket_cors(
            Bucket=f"{unique('none')}-{APPID}", CORSConfiguration={"CORSRule": [RULE]}
        )


@pytest.mark.parametrize(
    "change, code",
    [
        ({"AllowedMethod": ["PATCH"]}, "MalformedXML"),
        ({"AllowedMethod": []}, "MalformedXML"),
        ({"AllowedOrigin": []}, "MalformedXML"),
        ({"MaxAgeSeconds": "soon"}, "MalformedXML"),
        ({"Other": "1"}, "MalformedXML"),
        ({"AllowedOrigin": ["http://*.*"]}, "InvalidArgument"),
        ({"AllowedOrigin": ["http://a\nX-Evil: 1"]}, "InvalidArgument"),
        ({"AllowedHeader": ["x-*-*"]}, "InvalidArgument"),
        ({"ExposeHeader": ["ETag\nX-Evil: 1"]}, "InvalidArgument"),
        ({"ID": "a\nb"}, "InvalidArgument"),
    ],
)
def test_rules_that_are_refused(client, bucket, change, code):
    with cos_refuses(400, code):
        client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRule": [RULE | change]})
    with cos_refuses(404, "NoSuchCORSConfiguration"):
        client.get_bucket_cors(Bucket=bucket)


def test_bounds(cloud, client, bucket):
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRule": [RULE] * 100})
    with cos_refuses(400, "MalformedXML"):
        client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRule": [RULE] * 101})
    large = cloud.ask(cloud.root, "PUT", bucket, query=[("cors", "")], body=b" " * (64 * 1024 + 1))
    assert large.refusal == (400, "XMLSizeLimit")


def test_rules_need_their_own_permission(cloud, with_rules, user):
    for method in ("GET", "PUT", "DELETE"):
        refused = cloud.ask(user.key, method, with_rules, query=[("cors", "")], body=b"<x/>" * (method == "PUT"))
        assert refused.status in (400, 403)
    assert cloud.ask(user.key, "DELETE", with_rules, query=[("cors", "")]).refusal == (403, "AccessDenied")


def test_preflights(cloud, with_rules):
    told = preflight(cloud, with_rules, headers="x-cos-acl, Authorization")
    assert told.status == 200
    assert told.header(TOLD) == PAGE
    assert told.header("Access-Control-Allow-Credentials") == "true"
    assert told.header("Access-Control-Allow-Methods") == "GET,PUT,HEAD"
    assert told.header("Access-Control-Allow-Headers") == "x-cos-acl,Authorization"
    assert told.header("Access-Control-Expose-Headers") == "ETag,x-cos-request-id"
    assert told.header("Access-Control-Max-Age") == "500"
    assert told.header("Vary") == "Origin"
    assert preflight(cloud, with_rules, origin="https://app.example").status == 200
    # Of a presigned URL, whose signature is for another method.
    query = [("q-sign-algorithm", "sha1"), ("q-ak", "x"), ("q-signature", "0" * 40), ("uploads", "")]
    assert preflight(cloud, with_rules, query=query).status == 200


@pytest.mark.parametrize(
    "asked",
    [
        {"origin": "http://other.example"},
        {"origin": "http://page.example.evil"},
        {"method": "DELETE"},
        {"method": "PATCH"},
        {"headers": "content-type"},
        {"headers": "x-cos-acl,content-type"},
    ],
)
def test_preflights_that_are_refused(cloud, with_rules, asked):
    refused = preflight(cloud, with_rules, **asked)
    assert refused.refusal == (403, "AccessForbidden")
    assert refused.header(TOLD) is None


def test_preflights_without_rules(cloud, bucket):
    assert preflight(cloud, bucket).refusal == (403, "AccessForbidden")
    assert preflight(cloud, f"{unique('none')}-{APPID}").refusal == (403, "AccessForbidden")


def test_a_preflight_says_what_it_asks(cloud, with_rules):
    origin = [("Origin", PAGE)]
    answer = cloud.send(cloud.request("OPTIONS", with_rules, "a", headers=origin))
    assert answer.refusal == (400, "InvalidArgument")


def test_every_answer_tells(cloud, with_rules, user):
    def check(answer, status):
        assert answer.status == status
        assert answer.header(TOLD) == PAGE
        assert answer.header("Access-Control-Expose-Headers") == "ETag,x-cos-request-id"
        assert answer.header("Vary") == "Origin"

    check(ask(cloud, "PUT", with_rules, "a", body=b"v"), 200)
    check(ask(cloud, "GET", with_rules, "a"), 200)
    check(ask(cloud, "HEAD", with_rules, "a"), 200)
    check(ask(cloud, "GET", with_rules), 200)
    check(ask(cloud, "GET", with_rules, "none"), 404)
    check(ask(cloud, "GET", with_rules, "a", headers=[("Range", "bytes=9-")]), 416)
    origin = [("Origin", PAGE)]
    check(cloud.ask(user.key, "GET", with_rules, "a", headers=origin), 403)
    check(cloud.send(cloud.request("GET", with_rules, "a", headers=origin)), 403)
    spoilt = replace(cloud.root, secret="x")
    check(cloud.send(sign(cloud.request("GET", with_rules, "a", headers=origin), spoilt)), 403)
    check(cloud.send(cloud.request("GET", with_rules, "k" * 851, headers=origin)), 400)
    check(cloud.send(cloud.request("GET", with_rules, headers=[*origin, ("Authorization", "x")])), 403)


def test_other_origins_are_told_nothing(cloud, with_rules):
    for answer in (
        ask(cloud, "GET", with_rules, origin="http://other.example"),
        ask(cloud, "DELETE", with_rules, "a"),
    ):
        assert answer.header(TOLD) is None
        assert answer.header("Vary") == "Origin"
    silent = cloud.ask(cloud.root, "GET", with_rules)
    assert silent.header(TOLD) is None and silent.header("Vary") == "Origin"


def test_everybody(cloud, client, bucket):
    rule = {"AllowedOrigin": "*", "AllowedMethod": "GET"}
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRule": [rule], "ResponseVary": "true"})
    assert client.get_bucket_cors(Bucket=bucket)["ResponseVary"] == "true"
    answer = ask(cloud, "GET", bucket)
    assert answer.header(TOLD) == "*"
    assert answer.header("Access-Control-Allow-Credentials") is None
