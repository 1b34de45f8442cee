"""Why a request was refused, asked for through the general SDK's client for any action."""

import pytest
from qcloud_cos.cos_exception import CosServiceError
from tencentcloud.common.common_client import CommonClient

from cloud import TC3, api_refuses, in_bucket, statement
from server import REGION

VERSION = "2026-11-01"
UNKNOWN = "NjU1MzdmMDBfNTQ4ZmI5ZjdfMWE="


def explain(cloud, key, request_id: str) -> dict:
    client = CommonClient(
        "cam", VERSION, cloud._credential(key), REGION, profile=cloud._profile(TC3, "POST")
    )
    return client.call_json("ExplainDecision", {"RequestId": request_id})["Response"]


def test_a_refusal_is_explained_to_who_may_know(cloud, bucket):
    user = cloud.new_user()
    cloud.grant(user, statement("cos:GetObject", in_bucket(bucket, "*")))
    with pytest.raises(CosServiceError) as caught:
        cloud.cos(user.key).put_object(Bucket=bucket, Key="a", Body=b"x")
    assert caught.value.get_error_code() == "AccessDenied"
    request_id = caught.value.get_request_id()
    explanation = explain(cloud, cloud.root, request_id)["Explanation"]
    assert (explanation["RequestId"], explanation["Operation"]) == (request_id, "cos:PutObject")
    mend = explanation["Reasons"]["Mend"]
    assert mend["State"] == "statements"
    [step] = mend["Steps"]
    assert step["Statement"]["action"] == ["cos:PutObject"]

    with api_refuses("AuthFailure.UnauthorizedOperation"):
        explain(cloud, user.key, request_id)
    with api_refuses("ResourceNotFound.ExplanationNotExist"):
        explain(cloud, cloud.root, UNKNOWN)

    # What is proposed is enough.
    cloud.grant(user, step["Statement"])
    cloud.cos(user.key).put_object(Bucket=bucket, Key="a", Body=b"x")
