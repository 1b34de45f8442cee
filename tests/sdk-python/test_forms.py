"""Files that are uploaded by forms, as `requests` and browsers send them: signed by a policy, with a temporary key."""

import base64
import hashlib
import json

import pytest
import requests

from cloud import in_bucket, statement, unique
from signer import Request, cos_fields, post_fields, window
from wire import Answer

PNG = b"\x89PNG\r\n\x1a\nnot much of a picture"


@pytest.fixture
def uploader(cloud, bucket):
    """A temporary key that uploads forms below `up/` and does nothing else."""
    return cloud.mint(cloud.root, statement(["name/cos:PostObject"], [in_bucket(bucket, "up/*")]))


def post(cloud, bucket, fields, content=PNG, name="a.png", headers=()) -> Answer:
    """Sends a form by a tool that knows nothing of us; nothing is redirected."""
    host = f"{bucket}.cos.ap-guangzhou.myqcloud.com"
    answer = requests.post(
        f"http://{cloud.endpoint}/",
        data=fields,
        files={"file": (name, content, "application/octet-stream")},
        headers={"Host": host} | dict(headers),
        allow_redirects=False,
        timeout=60,
    )
    return Answer(answer.status_code, tuple(answer.headers.items()), answer.content)


def stored(cloud, bucket, key) -> bytes | None:
    answer = cloud.ask(cloud.root, "GET", bucket, key)
    return answer.body if answer.status == 200 else None


def signed(key, conditions, fields, **options) -> dict:
    return fields | post_fields(key, conditions, **options)


def test_a_file_below_the_prefix_is_stored_as_the_form_says(cloud, bucket, uploader):
    conditions = [
        {"bucket": bucket},
        ["starts-with", "$key", "up/"],
        ["starts-with", "$Content-Type", "image/"],
        ["content-length-range", 1, 1024],
        ["starts-with", "$x-cos-meta-note", ""],
    ]
    fields = {"key": "up/${filename}", "Content-Type": "image/png", "x-cos-meta-note": "n"}
    answer = post(cloud, bucket, signed(uploader, conditions, fields), name="图 1.png")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("ETag") == f'"{hashlib.md5(PNG).hexdigest()}"'
    assert answer.header("x-cos-request-id")
    read = cloud.ask(cloud.root, "GET", bucket, "up/图 1.png")
    assert read.body == PNG
    assert (read.header("Content-Type"), read.header("x-cos-meta-note")) == ("image/png", "n")


def test_the_policy_decides_over_the_key_and_the_key_over_the_policy(cloud, bucket, uploader):
    everywhere = [["starts-with", "$key", ""]]
    outside = signed(uploader, everywhere, {"key": "other/a"})
    assert post(cloud, bucket, outside).refusal == (403, "AccessDenied")
    narrow = signed(cloud.root, [["starts-with", "$key", "up/"]], {"key": "other/a"})
    assert post(cloud, bucket, narrow).refusal == (403, "AccessDenied")
    by_name = signed(uploader, everywhere, {"key": "${filename}"})
    assert post(cloud, bucket, by_name, name="other.png").refusal == (403, "AccessDenied")
    for key in ("other/a", "other.png"):
        assert stored(cloud, bucket, key) is None


@pytest.mark.parametrize("size, refusal", [(4, "EntityTooSmall"), (5, None), (9, None), (10, "EntityTooLarge")])
def test_the_size_is_bounded_at_both_ends(cloud, bucket, uploader, size, refusal):
    conditions = [["starts-with", "$key", "up/"], ["content-length-range", 5, 9]]
    answer = post(cloud, bucket, signed(uploader, conditions, {"key": "up/s"}), content=b"x" * size)
    assert answer.refusal == ((204, None) if refusal is None else (400, refusal))
    assert (stored(cloud, bucket, "up/s") is None) == (refusal is not None)


def test_forms_end(cloud, bucket, uploader):
    conditions = [["starts-with", "$key", "up/"]]
    late = post(cloud, bucket, signed(uploader, conditions, {"key": "up/late"}, seconds=-1))
    assert late.refusal == (403, "AccessDenied")
    assert b"has been expired" in late.body
    key_time = post(cloud, bucket, signed(uploader, conditions, {"key": "up/late"}, times=window(-600, -1)))
    assert key_time.refusal == (403, "AccessDenied")
    assert stored(cloud, bucket, "up/late") is None


def test_a_spoilt_form_is_refused(cloud, bucket, uploader):
    fields = signed(uploader, [["starts-with", "$key", "up/"]], {"key": "up/a"})
    wider = json.loads(base64.b64decode(fields["policy"]))
    wider["conditions"].pop()
    spoilt = {
        "policy": (base64.b64encode(json.dumps(wider).encode()).decode(), "SignatureDoesNotMatch"),
        "q-signature": ("0" * 40, "SignatureDoesNotMatch"),
        "q-ak": ("AKIDnobody", "AccessDenied"),
        "x-cos-security-token": ("nonsense", "AccessDenied"),
    }
    for name, (value, code) in spoilt.items():
        assert post(cloud, bucket, fields | {name: value}).refusal == (403, code), name
    for field in ({"acl": "public-read"}, {"x-cos-meta-note": "n"}, {"Content-Type": "text/html"}):
        assert post(cloud, bucket, fields | field).refusal == (403, "AccessDenied"), "no condition is about it"
    assert post(cloud, bucket, {"key": "up/a"}).refusal == (403, "AccessDenied")
    assert stored(cloud, bucket, "up/a") is None


@pytest.mark.parametrize("status", ["200", "201", "204"])
def test_the_status_is_as_asked(cloud, bucket, uploader, status):
    conditions = [["starts-with", "$key", "up/"], {"success_action_status": status}]
    answer = post(cloud, bucket, signed(uploader, conditions, {"key": "up/a", "success_action_status": status}))
    assert answer.status == int(status)


def test_the_browser_is_sent_on(cloud, bucket, uploader):
    onward = "http://page.example/done?from=form"
    conditions = [["starts-with", "$key", "up/"], ["starts-with", "$success_action_redirect", "http://page.example/"]]
    fields = {"key": "up/a b", "success_action_redirect": onward}
    answer = post(cloud, bucket, signed(uploader, conditions, fields))
    etag = hashlib.md5(PNG).hexdigest()
    assert answer.status == 303
    assert answer.header("Location") == f"{onward}&bucket={bucket}&key=up%2Fa%20b&etag=%22{etag}%22"
    elsewhere = signed(uploader, conditions, fields | {"success_action_redirect": "http://evil.example/"})
    assert post(cloud, bucket, elsewhere).refusal == (403, "AccessDenied")


def test_other_origins_are_told_of_success_and_of_refusals(cloud, bucket, uploader):
    page = "http://page.example"
    rule = {"AllowedOrigin": [page], "AllowedMethod": ["POST"], "ExposeHeader": ["ETag"]}
    cloud.cos(cloud.root).put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRule": [rule]})
    origin = [("Origin", page)]
    good = signed(uploader, [["starts-with", "$key", "up/"]], {"key": "up/a"})
    told = {
        post(cloud, bucket, good, headers=origin): 204,
        post(cloud, bucket, good | {"key": "other/a"}, headers=origin): 403,
        post(cloud, bucket, good | {"q-signature": "0" * 40}, headers=origin): 403,
        post(cloud, bucket, good | {"success_action_status": "999"}, headers=origin): 400,
    }
    for answer, status in told.items():
        assert (answer.status, answer.header("Access-Control-Allow-Origin")) == (status, page)
        assert answer.header("Access-Control-Expose-Headers") == "ETag"
    stranger = post(cloud, bucket, good, headers=[("Origin", "http://other.example")])
    assert (stranger.status, stranger.header("Access-Control-Allow-Origin")) == (204, None)


def test_the_request_may_be_signed_in_the_form_instead(cloud, bucket, uploader):
    request = Request("POST", f"{bucket}.cos.ap-guangzhou.myqcloud.com")
    fields = cos_fields(request, uploader, window(), (("host", request.host),))
    text = "&".join(f"{name}={value}" for name, value in fields)
    form = {"Signature": text, "x-cos-security-token": uploader.token, "success_action_status": "200"}
    assert post(cloud, bucket, form | {"key": "up/m"}).status == 200
    assert stored(cloud, bucket, "up/m") == PNG
    assert post(cloud, bucket, form | {"key": "other/m"}).refusal == (403, "AccessDenied")
    assert post(cloud, bucket, form | {"key": unique("up")}).refusal == (403, "AccessDenied")
