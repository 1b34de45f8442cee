"""Operations that the real service has and this one does not: each is recognised and refused, none is mistaken."""

from dataclasses import replace

import pytest

from signer import sign

CONFIGURATIONS = {
    "accelerate": "PUT GET",
    "domain": "PUT GET DELETE",
    "domaincertificate": "PUT GET DELETE",
    "encryption": "PUT GET DELETE",
    "intelligent-tiering": "PUT GET",
    "intelligenttiering": "PUT GET",
    "inventory": "PUT GET DELETE POST",
    "lifecycle": "PUT GET DELETE",
    "logging": "PUT GET",
    "object-lock": "PUT GET",
    "origin": "PUT GET DELETE",
    "referer": "PUT GET",
    "replication": "PUT GET DELETE",
    "strict-signature": "PUT GET DELETE",
    "versioning": "PUT GET",
    "website": "PUT GET DELETE",
    "versions": "GET",
}
OF_OBJECTS = {
    "append": "POST",
    "legal-hold": "PUT GET",
    "rename": "PUT",
    "restore": "POST",
    "retention": "PUT GET",
    "select": "POST",
    "symlink": "PUT GET",
}
FURTHER = {"inventory": [("id", "1")], "append": [("position", "0")], "select": [("select-type", "2")]}


def cases(table):
    return [(method, name) for name, methods in table.items() for method in methods.split()]


@pytest.mark.parametrize("with_equals", [True, False])
@pytest.mark.parametrize("method, name", cases(CONFIGURATIONS))
def test_configurations_of_buckets(cloud, bucket, method, name, with_equals):
    check(cloud, bucket, "", method, name, with_equals)


@pytest.mark.parametrize("with_equals", [True, False])
@pytest.mark.parametrize("method, name", cases(OF_OBJECTS))
def test_sub_resources_of_objects(cloud, bucket, method, name, with_equals):
    cloud.ask(cloud.root, "PUT", bucket, "k", body=b"v")
    check(cloud, bucket, "k", method, name, with_equals)
    assert cloud.ask(cloud.root, "GET", bucket, "k").body == b"v"


def check(cloud, bucket, key, method, name, with_equals):
    body = b"<x/>" if method in ("PUT", "POST") else b""
    request = sign(
        cloud.request(method, bucket, key, query=[(name, ""), *FURTHER.get(name, [])], body=body), cloud.root
    )
    if not with_equals:
        request = replace(request, raw_target=request.target.replace(f"{name}=", name, 1))
    assert cloud.send(request).refusal == (501, "NotImplemented")
    assert cloud.ask(cloud.root, "HEAD", bucket).status == 200


def test_the_list_of_inventories(cloud, bucket):
    assert cloud.ask(cloud.root, "GET", bucket, query=[("inventory", "")]).refusal == (501, "NotImplemented")


@pytest.mark.parametrize("query", [("ci-process", "imageInfo"), ("doc_jobs", ""), ("x-ci-thing", "1")])
def test_data_processing(cloud, bucket, query):
    cloud.ask(cloud.root, "PUT", bucket, "k", body=b"v")
    assert cloud.ask(cloud.root, "GET", bucket, "k", query=[query]).refusal == (501, "NotImplemented")


def test_who_may_not_ask_is_not_told(cloud, bucket, user):
    assert cloud.ask(user.key, "GET", bucket, query=[("website", "")]).refusal == (403, "AccessDenied")
    assert cloud.ask(user.key, "PUT", bucket, "k", query=[("retention", "")]).refusal == (403, "AccessDenied")


@pytest.mark.parametrize("method", ["PATCH", "TRACE", "POST"])
def test_methods_that_are_none(cloud, bucket, method):
    assert cloud.ask(cloud.root, method, bucket, "k", body=b"v").refusal == (405, "MethodNotAllowed")
