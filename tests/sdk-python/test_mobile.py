"""Requests signed as the SDKs for Android and iOS sign them, and the answers that those read their keys from.

Neither SDK runs here. What they sign is written down from their sources: which headers, in which order and spelling,
what of the URL, and for how long. The golden texts hold this file to it; the server must take every such request.
"""

import json
import time
from dataclasses import dataclass

import pytest

from cloud import in_bucket, statement
from signer import Key, Request, cos_signature, encode

LISTED = {
    "cache-control", "content-disposition", "content-encoding", "content-length", "content-md5", "content-type",
    "expect", "expires", "host", "if-match", "if-modified-since", "if-none-match", "if-unmodified-since", "origin",
    "range", "transfer-encoding",
}  # fmt: skip


@dataclass(frozen=True)
class Signed:
    """What an SDK signed, and how it says so."""

    http_string: str
    authorization: str


def joined(pairs) -> str:
    return "&".join(f"{name}={encode(value)}" for name, value in pairs)


def authorization(key, sign_time, key_time, headers, parameters, http_string) -> Signed:
    names = ";".join(sorted({name for name, _ in headers})), ";".join(sorted({name for name, _ in parameters}))
    text = (
        f"q-sign-algorithm=sha1&q-ak={key.id}&q-sign-time={sign_time}&q-key-time={key_time}"
        f"&q-header-list={names[0]}&q-url-param-list={names[1]}"
        f"&q-signature={cos_signature(key.secret, key_time, sign_time, http_string)}"
    )
    return Signed(http_string, text)


def android(request: Request, key: Key, key_time: str, sign_time: str | None = None) -> Signed:
    """Names in lower case and in their order, parameters by their decoded names; the path is the decoded one."""
    parameters = sorted((name.lower(), value) for name, value in request.query)
    headers = [(name, value) for name, value in request.headers] + [("Host", request.host)]
    headers = [
        (encode(name).lower(), value)
        for name, value in headers
        if name.lower() in LISTED or name.lower().startswith("x-cos-")
    ]
    headers.sort()
    http_string = f"{request.method.lower()}\n{request.path}\n{joined(parameters)}\n{joined(headers)}\n"
    return authorization(key, sign_time or key_time, key_time, headers, parameters, http_string)


def ios(request: Request, key: Key, key_time: str) -> Signed:
    """The token is a header before anything is signed, so that it is signed as everything else beginning with `x-`."""
    parameters = sorted((name.lower(), value) for name, value in request.query)
    headers = [("Host", request.host), ("x-cos-security-token", key.token), *request.headers]
    headers = sorted(
        (name.lower(), value) for name, value in headers if name.lower() in LISTED or name.startswith("x-")
    )
    encoded = [(encode(name), value) for name, value in parameters]
    http_string = f"{request.method.lower()}\n{request.path}\n{joined(encoded)}\n{joined(headers)}\n"
    return authorization(key, key_time, key_time, headers, parameters, http_string)


def send(cloud, request: Request, key: Key, signed: Signed):
    token = ("x-cos-security-token", key.token)
    return cloud.send(request.with_headers(token, ("Authorization", signed.authorization)))


GOLDEN_KEY = Key("AKIDEXAMPLEexampleEXAMPLEexample0001", "ExampleSecretKeyExampleSecretKey", "tok/AB+cd==")
GOLDEN = Request(
    "PUT",
    "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com",
    "/dir/目录 a+b.txt",
    query=(("uploadId", "1/2"), ("partNumber", "1")),
    headers=(("Content-Type", "text/plain"), ("Content-Length", "11"), ("x-cos-meta-Note", "n 1"), ("User-Agent", "cos")),
)
PARAMETERS = "partnumber=1&uploadid=1%2F2"
HOST = "host=examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com"


def test_what_android_signs():
    signed = android(GOLDEN, GOLDEN_KEY, "1700000000;1700001800")
    assert signed.http_string == (
        f"put\n/dir/目录 a+b.txt\n{PARAMETERS}\n"
        f"content-length=11&content-type=text%2Fplain&{HOST}&x-cos-meta-note=n%201\n"
    )
    assert signed.authorization == (
        "q-sign-algorithm=sha1&q-ak=AKIDEXAMPLEexampleEXAMPLEexample0001&q-sign-time=1700000000;1700001800"
        "&q-key-time=1700000000;1700001800&q-header-list=content-length;content-type;host;x-cos-meta-note"
        "&q-url-param-list=partnumber;uploadid&q-signature=f4896b68dddd083204b31f5a3bc17aac88ad94f2"
    )


def test_what_ios_signs():
    signed = ios(GOLDEN, GOLDEN_KEY, "1700000000;1700001800")
    assert signed.http_string == (
        f"put\n/dir/目录 a+b.txt\n{PARAMETERS}\n"
        f"content-length=11&content-type=text%2Fplain&{HOST}&x-cos-meta-note=n%201&x-cos-security-token=tok%2FAB%2Bcd%3D%3D\n"
    )
    assert signed.authorization == (
        "q-sign-algorithm=sha1&q-ak=AKIDEXAMPLEexampleEXAMPLEexample0001&q-sign-time=1700000000;1700001800"
        "&q-key-time=1700000000;1700001800&q-header-list=content-length;content-type;host;x-cos-meta-note;x-cos-security-token"
        "&q-url-param-list=partnumber;uploadid&q-signature=29b0dcaf0e6d206ff987071361012ab7f407db03"
    )


def of_answer_v2(answer: dict) -> tuple:
    """Android's parser of version 2, and what the samples for iOS and Flutter read: the JSON of the STS SDKs."""
    answer = answer.get("data", answer)
    assert answer.get("code", 0) <= 0
    credentials = answer["credentials"]
    key = Key(credentials["tmpSecretId"], credentials["tmpSecretKey"], credentials["sessionToken"])
    assert answer["startTime"] > 0
    return key, f"{answer['startTime']};{answer['expiredTime']}"


def of_answer_v3(answer: dict) -> tuple:
    """Android's parser of version 3: the JSON of the API itself; it says no start, so that the phone's clock does."""
    answer = answer.get("Response", answer)
    assert "Error" not in answer
    credentials = answer["Credentials"]
    key = Key(credentials["TmpSecretId"], credentials["TmpSecretKey"], credentials["Token"])
    return key, f"{int(time.time())};{answer['ExpiredTime']}"


def policy_of(bucket) -> list:
    return [statement(["name/cos:*"], [in_bucket(bucket, "phone/*")])]


def version_2(cloud, bucket) -> tuple:
    sdk = cloud.sts_sdk(cloud.root, policy={"version": "2.0", "statement": policy_of(bucket)}, duration_seconds=1800)
    return of_answer_v2(sdk.get_credential())


def version_3(cloud, bucket) -> tuple:
    document = json.dumps({"version": "2.0", "statement": policy_of(bucket)})
    answer = cloud.federation(cloud.root, Name="phone", Policy=document, DurationSeconds=1800)
    return of_answer_v3({"Response": json.loads(answer.to_json_string())})


@pytest.mark.parametrize("sign", [android, ios])
@pytest.mark.parametrize("version", [version_2, version_3])
def test_an_upload_from_a_phone(cloud, bucket, version, sign):
    key, key_time = version(cloud, bucket)

    def ask(method, path, body=b"", query=(), **headers):
        sent = [(name.replace("_", "-"), value) for name, value in headers.items()]
        if body:
            sent.append(("Content-Length", str(len(body))))
        request = cloud.request(method, bucket, path, query=query, headers=sent, body=body)
        return send(cloud, request, key, sign(request, key, key_time))

    stored = ask("PUT", "phone/图 1+(a)*'!.jpg", b"picture", Content_Type="image/jpeg", x_cos_meta_note="a b")
    assert stored.status == 200
    read = ask("GET", "phone/图 1+(a)*'!.jpg", Range="bytes=0-2")
    assert (read.status, read.body) == (206, b"pic")
    assert ask("HEAD", "phone/图 1+(a)*'!.jpg").status == 200
    listed = ask("GET", "", query=[("prefix", "phone/图 1"), ("max-keys", "10"), ("delimiter", "/")])
    assert listed.refusal == (200, None) and listed.body.decode().count("<Contents>") == 1
    begun = ask("POST", "phone/film", query=[("uploads", "")])
    upload = begun.body.decode().split("<UploadId>")[1].split("</UploadId>")[0]
    part = ask("PUT", "phone/film", b"part", query=[("partNumber", "1"), ("uploadId", upload)])
    etag = part.header("ETag").strip('"')
    document = f'<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"{etag}"</ETag></Part></CompleteMultipartUpload>'
    assert ask("POST", "phone/film", document.encode(), query=[("uploadId", upload)]).refusal == (200, None)
    assert ask("PUT", "other/film", b"x").refusal == (403, "AccessDenied")


def test_a_signature_may_be_shorter_than_its_key_as_androids_for_urls(cloud, bucket):
    key, key_time = version_2(cloud, bucket)
    now = int(time.time())
    request = cloud.request("PUT", bucket, "phone/short", headers=[("Content-Length", "1")], body=b"x")
    good = android(request, key, key_time, sign_time=f"{now};{now + 60}")
    assert send(cloud, request, key, good).status == 200
    over = android(request, key, key_time, sign_time=f"{now - 60};{now - 1}")
    assert send(cloud, request, key, over).refusal == (403, "AccessDenied")


def test_a_phone_whose_clock_is_wrong_signs_by_the_servers_times(cloud, bucket):
    key, key_time = version_2(cloud, bucket)
    start, end = map(int, key_time.split(";"))
    request = cloud.request("GET", bucket, "phone/none")
    assert send(cloud, request, key, ios(request, key, key_time)).refusal == (404, "NoSuchKey")
    # Without `startTime` it would sign from its own clock on.
    late = ios(request, key, f"{start + 7200};{end + 7200}")
    assert send(cloud, request, key, late).refusal == (403, "RequestTimeTooSkewed")
