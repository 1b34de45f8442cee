"""The suite's own signer agrees with the published vectors; no server is needed."""

import json
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

import signer

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "vectors.json").read_text("utf-8"))["vectors"]


def of_kind(kind):
    return pytest.mark.parametrize(
        "vector", [pytest.param(v, id=v["name"]) for v in VECTORS if v["kind"] == kind]
    )


@of_kind("cos-signkey")
def test_sign_key(vector):
    inputs = vector["inputs"]
    assert signer.hmac_sha1_hex(inputs["secret_key"], inputs["key_time"]) == vector["expected"]["sign_key"]


@of_kind("cos-request")
def test_object_store_request(vector):
    inputs, expected = vector["inputs"], vector["expected"]
    url = urlsplit(inputs["url"])
    by_name = {name.lower(): value for name, value in parse_qsl(url.query, keep_blank_values=True)}
    parameters = [(unquote(name), by_name[unquote(name).lower()]) for name in inputs["signed_params"]]
    by_name = {name.lower(): value for name, value in inputs["headers"]} | {
        "host": inputs["signed_host_value"]
    }
    headers = [(name, by_name[name]) for name in inputs["signed_headers"]]
    http_string = signer.cos_http_string(inputs["method"], unquote(url.path), parameters, headers)
    assert http_string == expected["http_string"]
    signature = signer.cos_signature(
        inputs["secret_key"], inputs["key_time"], inputs["sign_time"], http_string
    )
    assert signature == expected["signature"]


@of_kind("cos-post-policy")
def test_form(vector):
    inputs, expected = vector["inputs"], vector["expected"]
    if inputs["policy_text"] is not None:
        signature = signer.post_policy_signature(inputs["secret_key"], inputs["key_time"], inputs["policy_text"])
    else:
        # Of this one nothing is published but the digest.
        sign_key = signer.hmac_sha1_hex(inputs["secret_key"], inputs["key_time"])
        signature = signer.hmac_sha1_hex(sign_key, inputs["string_to_sign"])
    assert signature == expected["signature"]


@of_kind("tc3")
def test_tc3_request(vector):
    inputs = vector["inputs"]
    by_name = {name.lower(): value for name, value in inputs["headers"]}
    signed = [(name, by_name[name]) for name in inputs["signed_headers"].split(";")]
    key = signer.Key(inputs["secret_id"], inputs["secret_key"])
    body = inputs["body"].encode()
    text = signer.tc3_authorization(
        key, inputs["service"], inputs["timestamp"], signed, inputs["method"], inputs["raw_query"], body
    )
    assert text.endswith(f"Signature={vector['expected']['signature']}")


@of_kind("sts-v1")
def test_v1_request(vector):
    inputs = vector["inputs"]
    algorithm = inputs.get("signature_method") or "HmacSHA1"
    signature = signer.v1_signature(
        inputs["secret_key"], inputs["method"], inputs["host"], dict(inputs["params"]), algorithm
    )
    assert signature == vector["expected"]["signature"]
