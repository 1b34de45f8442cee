"""Speed limits that a client asks for."""

import time

import pytest

from cloud import cos_refuses

SLOWEST = "819200"
BODY = bytes(range(256)) * 600


@pytest.fixture
def client(cloud):
    return cloud.cos(cloud.root)


def timed(act):
    begin = time.monotonic()
    result = act()
    return result, time.monotonic() - begin


def test_up_and_down(cloud, client, bucket):
    def get(**limit):
        answer = client.get_object(Bucket=bucket, Key="a", **limit)
        return answer["Body"].get_raw_stream().read()

    _, fast = timed(lambda: client.put_object(Bucket=bucket, Key="a", Body=BODY))
    # 153,600 bytes at 102,400 in a second.
    _, slow = timed(lambda: client.put_object(Bucket=bucket, Key="a", Body=BODY, TrafficLimit=SLOWEST))
    assert slow > 1.2 > fast
    body, slow = timed(lambda: get(TrafficLimit=SLOWEST))
    assert body == BODY and slow > 1.2
    body, fast = timed(get)
    assert body == BODY and fast < 1.2
    url = client.get_presigned_url(
        Bucket=bucket, Key="a", Method="GET", Params={"x-cos-traffic-limit": SLOWEST}
    )
    assert "x-cos-traffic-limit" in url
    parameter = [("x-cos-traffic-limit", SLOWEST)]
    answer, slow = timed(lambda: cloud.ask(cloud.root, "GET", bucket, "a", query=parameter))
    assert answer.body == BODY and slow > 1.2


@pytest.mark.parametrize("limit", ["819199", "838860801", "fast", "-1"])
def test_limits_that_are_none(client, bucket, limit):
    with cos_refuses(400, "InvalidArgument"):
        client.put_object(Bucket=bucket, Key="a", Body=b"v", TrafficLimit=limit)
