"""What the server finds about the policies of temporary keys: asked for through SDKs that know nothing of it, and refused
by a strict server."""

import json
from urllib.parse import quote

import pytest
from tencentcloud.common.common_client import CommonClient
from tencentcloud.sts.v20180813 import models

from cloud import TC3, Cloud, api_refuses, cos_refuses, in_bucket, key_of, policy, statement, sts_sdk_refuses
from server import REGION, Server

HEADER = {"X-Daypass-Judge": "1"}
INVALID = "InvalidParameter.StrategyInvalid"


def encoded(*statements) -> str:
    return quote(json.dumps(policy(*statements)))


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A server that refuses policies of severity E."""
    server = Server(tmp_path_factory.mktemp("strict"), settings="strict_policies = true\n").start()
    yield Cloud(server)
    server.stop()


def test_the_typed_sdk_leaves_the_judgement_alone(cloud, bucket):
    request = models.GetFederationTokenRequest()
    request.Name = "judged"
    request.Policy = encoded(statement("name/cos:*", in_bucket(bucket, "*")))
    request.headers = HEADER
    answer = cloud.sts(cloud.root).GetFederationToken(request)
    assert not hasattr(answer, "Judgement")
    # What is found is no refusal.
    cloud.cos(key_of(answer)).put_object(Bucket=bucket, Key="judged", Body=b"x")


def test_the_common_client_reads_it(cloud, bucket):
    client = CommonClient(
        "sts", "2018-08-13", cloud._credential(cloud.root), REGION, cloud._profile(TC3, "POST")
    )
    asked = {"Name": "judged", "Policy": encoded(statement("name/cos:*", in_bucket(bucket, "ann/*")))}
    answer = client.call_json("GetFederationToken", asked, headers=HEADER)["Response"]
    judgement = answer["Judgement"]
    assert (judgement["Within"], judgement["Omitted"]) == ("contained", 0)
    worst = judgement["Findings"][0]
    assert (worst["Rule"], worst["Severity"], worst["Statement"]) == ("L03", "E", 0)
    assert worst["Message"] and worst["Hint"]
    assert "Judgement" not in client.call_json("GetFederationToken", asked)["Response"]
    with api_refuses("InvalidParameterValue"):
        client.call_json("GetFederationToken", asked, headers={"X-Daypass-Judge": "yes"})


def test_a_strict_server_refuses_with_a_documented_code(strict):
    whole = statement("name/cos:GetObject", in_bucket("photos-1250000000", "*"))
    with api_refuses(INVALID):
        strict.federation(strict.root, Name="strict", Policy=encoded(whole), DurationSeconds=1800)
    with api_refuses(INVALID):
        strict.federation(strict.root, Name="strict", DurationSeconds=1800)
    with sts_sdk_refuses(INVALID):
        strict.mint(strict.root, whole)
    one = statement("name/cos:GetObject", in_bucket("photos-1250000000", "ann/*"))
    with cos_refuses(404, "NoSuchBucket"):
        strict.cos(strict.mint(strict.root, one)).get_object(Bucket="photos-1250000000", Key="ann/k")
