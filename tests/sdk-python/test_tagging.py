"""Tags of buckets and objects, and the policies that ask about those of buckets."""

import pytest

from cloud import cos_refuses, in_bucket, statement, unique
from server import APPID, REGION


@pytest.fixture
def client(cloud):
    return cloud.cos(cloud.root)


def document(**tags) -> dict:
    return {"TagSet": {"Tag": [{"Key": key, "Value": value} for key, value in tags.items()]}}


def pairs(answer) -> dict:
    found = answer["TagSet"]["Tag"]
    found = found if isinstance(found, list) else [found]
    return {tag["Key"]: tag["Value"] or "" for tag in found}


def tags_of(client, bucket, key) -> dict:
    return pairs(client.get_object_tagging(Bucket=bucket, Key=key))


def test_tags_of_buckets(cloud, client, bucket):
    with cos_refuses(404, "NoSuchTagSet"):
        client.get_bucket_tagging(Bucket=bucket)
    client.put_bucket_tagging(Bucket=bucket, Tagging=document(team="a b&c", 环境="测试"))
    assert pairs(client.get_bucket_tagging(Bucket=bucket)) == {"team": "a b&c", "环境": "测试"}
    client.put_bucket_tagging(Bucket=bucket, Tagging=document(team="b"))
    assert pairs(client.get_bucket_tagging(Bucket=bucket)) == {"team": "b"}
    client.delete_bucket_tagging(Bucket=bucket)
    with cos_refuses(404, "NoSuchTagSet"):
        client.get_bucket_tagging(Bucket=bucket)
    body = b"<Tagging><TagSet><Tag><Key>a</Key><Value/></Tag></TagSet></Tagging>"
    assert cloud.ask(cloud.root, "PUT", bucket, query=[("tagging", "")], body=body).status == 204
    assert cloud.ask(cloud.root, "DELETE", bucket, query=[("tagging", "")]).status == 204


def test_tags_of_objects(cloud, client, bucket):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    with cos_refuses(404, "NoSuchTagSet"):
        client.get_object_tagging(Bucket=bucket, Key="a")
    client.put_object_tagging(Bucket=bucket, Key="a", Tagging=document(k="v", l="w"))
    assert tags_of(client, bucket, "a") == {"k": "v", "l": "w"}
    client.delete_object_tagging(Bucket=bucket, Key="a")
    with cos_refuses(404, "NoSuchTagSet"):
        client.get_object_tagging(Bucket=bucket, Key="a")
    with cos_refuses(404, "NoSuchKey"):
        client.put_object_tagging(Bucket=bucket, Key="none", Tagging=document(k="v"))
    assert cloud.ask(cloud.root, "DELETE", bucket, "a", query=[("tagging", "")]).status == 204
    assert cloud.ask(cloud.root, "GET", bucket, "a").body == b"v"


def test_tags_of_uploads(cloud, client, bucket):
    tagging = [("x-cos-tagging", "k=a%20b&l=%26")]
    expected = {"k": "a b", "l": "&"}
    assert cloud.ask(cloud.root, "PUT", bucket, "a", headers=tagging, body=b"v").status == 200
    assert tags_of(client, bucket, "a") == expected
    source = ("x-cos-copy-source", f"{bucket}.cos.{REGION}.myqcloud.com/a")
    assert cloud.ask(cloud.root, "PUT", bucket, "b", headers=[source]).status == 200
    assert tags_of(client, bucket, "b") == expected
    replaced = [source, ("x-cos-tagging-directive", "Replaced"), ("x-cos-tagging", "m=n")]
    assert cloud.ask(cloud.root, "PUT", bucket, "b", headers=replaced).status == 200
    assert tags_of(client, bucket, "b") == {"m": "n"}
    unclear = [source, ("x-cos-tagging", "m=n")]
    assert cloud.ask(cloud.root, "PUT", bucket, "b", headers=unclear).refusal == (400, "InvalidRequest")
    started = cloud.ask(cloud.root, "POST", bucket, "c", query=[("uploads", "")], headers=tagging)
    upload = started.body.split(b"<UploadId>")[1].split(b"<")[0].decode()
    part = client.upload_part(Bucket=bucket, Key="c", Body=b"v", PartNumber=1, UploadId=upload)
    parts = {"Part": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    client.complete_multipart_upload(Bucket=bucket, Key="c", UploadId=upload, MultipartUpload=parts)
    assert tags_of(client, bucket, "c") == expected


def many(count) -> dict:
    return {f"k{number}": "v" for number in range(count)}


@pytest.mark.parametrize(
    "tags, fits", [(many(10), True), (many(11), False), ({"k" * 128: "v" * 256}, True), ({"k" * 129: ""}, False)]
)
def test_bounds_of_objects(client, bucket, tags, fits):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    if fits:
        client.put_object_tagging(Bucket=bucket, Key="a", Tagging=document(**tags))
        assert tags_of(client, bucket, "a") == tags
    else:
        with cos_refuses(400, "InvalidTag"):
            client.put_object_tagging(Bucket=bucket, Key="a", Tagging=document(**tags))


def test_bounds_of_buckets(client, bucket):
    client.put_bucket_tagging(Bucket=bucket, Tagging=document(**many(50)))
    for tags in (many(51), {"k": "v" * 257}, {"": "v"}, {"a\nb": "c"}):
        with cos_refuses(400, "InvalidTag"):
            client.put_bucket_tagging(Bucket=bucket, Tagging=document(**tags))
    assert pairs(client.get_bucket_tagging(Bucket=bucket)) == many(50)


def test_tags_that_are_none(cloud, client, bucket):
    for text in ("=v", "a=%zz", "a=1&a=2", "&".join(f"k{number}=v" for number in range(11))):
        refused = cloud.ask(cloud.root, "PUT", bucket, "a", headers=[("x-cos-tagging", text)], body=b"v")
        assert refused.refusal == (400, "InvalidTag"), text
    for body in (b"", b"<Tagging/>", b"<Tagging><TagSet><Tag/></TagSet></Tagging>"):
        refused = cloud.ask(cloud.root, "PUT", bucket, query=[("tagging", "")], body=body)
        assert refused.refusal == (400, "MalformedXML")


def test_tags_need_their_own_permissions(cloud, client, bucket, user):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    cloud.grant(user, statement(["cos:GetObject", "cos:PutObject"], in_bucket(bucket, "*")))
    theirs = cloud.cos(user.key)
    with cos_refuses(403, "AccessDenied"):
        theirs.put_object_tagging(Bucket=bucket, Key="a", Tagging=document(k="v"))
    cloud.grant(user, statement("cos:*ObjectTagging", in_bucket(bucket, "a")))
    theirs.put_object_tagging(Bucket=bucket, Key="a", Tagging=document(k="v"))
    assert tags_of(theirs, bucket, "a") == {"k": "v"}


def test_policies_ask_about_tags_of_the_request(cloud, bucket, user):
    tagged = {"for_any_value:string_equal": {"qcs:request_tag": "team&mine"}}
    cloud.grant(user, statement(["cos:PutBucketTagging", "cos:PutBucket"], "*", condition=tagged))
    theirs = cloud.cos(user.key)
    theirs.put_bucket_tagging(Bucket=bucket, Tagging=document(team="mine"))
    with cos_refuses(403, "AccessDenied"):
        theirs.put_bucket_tagging(Bucket=bucket, Tagging=document(team="yours"))
    name = f"{unique('b')}-{APPID}"
    with cos_refuses(403, "AccessDenied"):
        theirs.create_bucket(Bucket=name)
    made = cloud.ask(user.key, "PUT", name, headers=[("x-cos-tagging", "team=mine")])
    assert made.status == 200
    client = cloud.cos(cloud.root)
    assert pairs(client.get_bucket_tagging(Bucket=name)) == {"team": "mine"}
    client.delete_bucket(Bucket=name)


def test_policies_ask_about_tags_of_the_bucket(cloud, client, bucket, user):
    client.put_object(Bucket=bucket, Key="a", Body=b"v")
    tagged = {"for_any_value:string_equal": {"qcs:resource_tag": "team&mine"}}
    cloud.grant(user, statement("cos:GetObject", "*", condition=tagged))
    assert cloud.ask(user.key, "GET", bucket, "a").refusal == (403, "AccessDenied")
    client.put_bucket_tagging(Bucket=bucket, Tagging=document(team="mine"))
    assert cloud.ask(user.key, "GET", bucket, "a").status == 200
    client.put_bucket_tagging(Bucket=bucket, Tagging=document(team="yours"))
    assert cloud.ask(user.key, "GET", bucket, "a").refusal == (403, "AccessDenied")
