"""DELETE Multiple Objects: each key is judged on its own, and the answer has a line for each."""

import base64
import hashlib
from xml.sax.saxutils import escape

import pytest

from cloud import cos_refuses, in_bucket, statement, unique
from server import APPID

AWKWARD_KEYS = ["a b", "目录/文件", "a&b<c>", "plus+plus", "percent%20", " spaces ", "control-\x01", "../x", "k" * 850]


@pytest.fixture
def client(cloud):
    return cloud.cos(cloud.root)


def put(client, bucket, *keys):
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=b"v")


def remaining(client, bucket) -> list:
    return [entry["Key"] for entry in client.list_objects(Bucket=bucket).get("Contents", [])]


def delete(client, bucket, *keys, quiet="false", **version):
    objects = {"Quiet": quiet, "Object": [{"Key": key} | version for key in keys]}
    return client.delete_objects(Bucket=bucket, Delete=objects)


def document(*keys, more="") -> bytes:
    objects = "".join(f"<Object><Key>{escape(key)}</Key></Object>" for key in keys)
    return f"<Delete>{objects}{more}</Delete>".encode()


def ask(cloud, key, bucket, body, *headers):
    return cloud.ask(key, "POST", bucket, query=[("delete", "")], headers=headers, body=body)


def test_what_is_there_and_what_is_not(client, bucket):
    put(client, bucket, "a", "b", "stays")
    answer = delete(client, bucket, "a", "b", "none")
    assert [entry["Key"] for entry in answer["Deleted"]] == ["a", "b", "none"]
    assert "Error" not in answer
    assert remaining(client, bucket) == ["stays"]


def test_quietly(client, bucket):
    put(client, bucket, "a", "b")
    answer = delete(client, bucket, "a", "none", quiet="true")
    assert "Deleted" not in answer and "Error" not in answer
    assert remaining(client, bucket) == ["b"]


@pytest.mark.parametrize("key", AWKWARD_KEYS)
def test_awkward_keys(cloud, client, bucket, key):
    cloud.ask(cloud.root, "PUT", bucket, key, body=b"v")
    spelled = "".join(f"&#{ord(c)};" if ord(c) < 32 else escape(c) for c in key)
    body = f"<Delete><Object><Key>{spelled}</Key></Object></Delete>".encode()
    assert ask(cloud, cloud.root, bucket, body).status == 200
    assert remaining(client, bucket) == []


def test_a_thousand(client, cloud, bucket):
    put(client, bucket, "k1", "k999", "l")
    keys = [f"k{number}" for number in range(1000)]
    assert len(delete(client, bucket, *keys)["Deleted"]) == 1000
    assert remaining(client, bucket) == ["l"]


def test_each_key_is_judged(cloud, client, bucket, user):
    put(client, bucket, "mine/a", "yours/a", "mine/b")
    cloud.grant(user, statement("cos:DeleteObject", in_bucket(bucket, "*")))
    key = cloud.mint(user.key, statement("name/cos:DeleteObject", in_bucket(bucket, "mine/*")))
    answer = delete(cloud.cos(key), bucket, "mine/a", "yours/a", "mine/b")
    assert [entry["Key"] for entry in answer["Deleted"]] == ["mine/a", "mine/b"]
    assert [(entry["Key"], entry["Code"]) for entry in answer["Error"]] == [("yours/a", "AccessDenied")]
    assert remaining(client, bucket) == ["yours/a"]
    # Quiet leaves out what went well, never what did not.
    answer = delete(cloud.cos(key), bucket, "mine/a", "yours/a", quiet="true")
    assert "Deleted" not in answer and len(answer["Error"]) == 1


def test_whoever_may_nothing_learns_nothing(cloud, client, bucket, user):
    put(client, bucket, "a")
    for name in (bucket, f"{unique('none')}-{APPID}"):
        answer = delete(cloud.cos(user.key), name, "a", "none")
        assert [entry["Code"] for entry in answer["Error"]] == ["AccessDenied"] * 2
        anonymous = cloud.send(cloud.request("POST", name, query=[("delete", "")], body=document("a")))
        assert anonymous.refusal == (403, "AccessDenied")
    assert remaining(client, bucket) == ["a"]


def test_a_bucket_that_is_not_there(client):
    with cos_refuses(404, "NoSuchBucket"):
        delete(client, f"{unique('none')}-{APPID}", "a")


def test_versions(client, bucket):
    put(client, bucket, "a", "b")
    answer = delete(client, bucket, "a", VersionId="MTg0NDUxNTc1NjIzMTQ1MDAwODg")
    assert [entry["Code"] for entry in answer["Error"]] == ["NoSuchVersion"]
    delete(client, bucket, "b", VersionId="null")
    assert remaining(client, bucket) == ["a"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<Delete/>",
        b"<Delete><Object/></Delete>",
        b"<Delete><Object><Key>a</Key>",
        document("a", more="<Quiet>perhaps</Quiet>"),
        document("a", more="<Other/>"),
        document(*[f"k{number}" for number in range(1001)]),
    ],
)
def test_documents_that_are_refused(cloud, client, bucket, body):
    put(client, bucket, "a")
    assert ask(cloud, cloud.root, bucket, body).refusal == (400, "MalformedXML")
    assert remaining(client, bucket) == ["a"]


def test_digests(cloud, client, bucket):
    put(client, bucket, "a")
    body = document("a")

    def md5(data):
        return ("Content-MD5", base64.b64encode(hashlib.md5(data).digest()).decode())

    assert ask(cloud, cloud.root, bucket, body, md5(b"other")).refusal == (400, "BadDigest")
    assert ask(cloud, cloud.root, bucket, body, ("Content-MD5", "x")).refusal == (400, "InvalidDigest")
    assert remaining(client, bucket) == ["a"]
    assert ask(cloud, cloud.root, bucket, body, md5(body)).status == 200
    assert remaining(client, bucket) == []
