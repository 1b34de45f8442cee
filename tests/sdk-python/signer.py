"""The three signing schemes, written from the documentation and independent of the SDKs.

The wire-level tests sign with these and then spoil what they signed, which no SDK lets one do. A `Request` is what
will stand on the wire, in order and byte for byte; `test_vectors.py` holds the functions against published vectors.
"""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode


@dataclass(frozen=True)
class Key:
    """An access key; a temporary one has a token."""

    id: str
    secret: str
    token: str | None = None


@dataclass(frozen=True)
class Request:
    """One HTTP request: the path decoded, the query as pairs, the headers as pairs."""

    method: str
    host: str
    path: str = "/"
    query: tuple = ()
    headers: tuple = ()
    body: bytes = field(default=b"", repr=False)
    raw_target: str | None = None

    @property
    def target(self) -> str:
        """What stands in the request line."""
        if self.raw_target is not None:
            return self.raw_target
        encoded = quote(self.path, safe="/-_.~")
        return f"{encoded}?{urlencode(self.query)}" if self.query else encoded

    def with_query(self, *pairs) -> "Request":
        return replace(self, query=self.query + pairs)

    def with_headers(self, *pairs) -> "Request":
        return replace(self, headers=self.headers + pairs)

    def without_header(self, name: str) -> "Request":
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept)

    def header(self, name: str) -> str | None:
        return next((value for other, value in self.headers if other.lower() == name.lower()), None)

    def with_header_replaced(self, name: str, value: str) -> "Request":
        return self.without_header(name).with_headers((name, value))


def encode(text: str) -> str:
    """RFC 3986 percent-encoding of everything but unreserved characters."""
    return quote(text, safe="-_.~")


def hmac_sha1_hex(key: str, message: str) -> str:
    return hmac.new(key.encode(), message.encode(), hashlib.sha1).hexdigest()


# The object store.


def cos_canonical(pairs) -> str:
    """Signed parameters or headers as the signature sees them: names encoded and in lower case, values encoded."""
    encoded = sorted((encode(name).lower(), encode(value)) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def cos_list(pairs) -> str:
    """The names of signed parameters or headers as the Authorization text lists them."""
    return ";".join(sorted(encode(name).lower() for name, _ in pairs))


def cos_http_string(method: str, path: str, parameters, headers) -> str:
    return f"{method.lower()}\n{path}\n{cos_canonical(parameters)}\n{cos_canonical(headers)}\n"


def cos_signature(secret: str, key_time: str, sign_time: str, http_string: str) -> str:
    sign_key = hmac_sha1_hex(secret, key_time)
    digest = hashlib.sha1(http_string.encode()).hexdigest()
    return hmac_sha1_hex(sign_key, f"sha1\n{sign_time}\n{digest}\n")


def window(start: int = -60, end: int = 600) -> str:
    """A time window around now."""
    now = int(time.time())
    return f"{now + start};{now + end}"


def cos_fields(request: Request, key: Key, times: str, signed_headers) -> list:
    """The seven fields of a signature over the whole query and these headers."""
    http_string = cos_http_string(request.method, request.path, request.query, signed_headers)
    return [
        ("q-sign-algorithm", "sha1"),
        ("q-ak", key.id),
        ("q-sign-time", times),
        ("q-key-time", times),
        ("q-header-list", cos_list(signed_headers)),
        ("q-url-param-list", cos_list(request.query)),
        ("q-signature", cos_signature(key.secret, times, times, http_string)),
    ]


def sign(request: Request, key: Key, times: str | None = None) -> Request:
    """Adds an Authorization header, and the token if the key has one. Everything that is there gets signed."""
    if key.token is not None:
        request = request.with_headers(("x-cos-security-token", key.token))
    signed = (("host", request.host),) + request.headers
    fields = cos_fields(request, key, times or window(), signed)
    return request.with_headers(("Authorization", "&".join(f"{name}={value}" for name, value in fields)))


def presign(request: Request, key: Key, times: str | None = None) -> Request:
    """Adds a signature to the query. The token, if the key has one, becomes a signed parameter."""
    if key.token is not None:
        request = request.with_query(("x-cos-security-token", key.token))
    signed = (("host", request.host),) + request.headers
    return request.with_query(*cos_fields(request, key, times or window(), signed))


def post_policy_signature(secret: str, key_time: str, policy_text: str) -> str:
    digest = hashlib.sha1(policy_text.encode()).hexdigest()
    return hmac_sha1_hex(hmac_sha1_hex(secret, key_time), digest)


def post_fields(key: Key, conditions: list, seconds: int = 600, times: str | None = None) -> dict:
    """The fields that sign a form: a policy of these conditions, those that every policy must have, and the token."""
    times = times or window()
    must = [{"q-sign-algorithm": "sha1"}, {"q-ak": key.id}, {"q-sign-time": times}]
    end = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + seconds))
    text = json.dumps({"expiration": end, "conditions": must + conditions})
    fields = {
        "policy": base64.b64encode(text.encode()).decode(),
        "q-sign-algorithm": "sha1",
        "q-ak": key.id,
        "q-key-time": times,
        "q-signature": post_policy_signature(key.secret, times, text),
    }
    return fields if key.token is None else fields | {"x-cos-security-token": key.token}


# The APIs of the token service and the access management.


def tc3_authorization(
    key: Key, service: str, timestamp: int, signed: list, method: str, raw_query: str, body: bytes
):
    """The Authorization header of TC3-HMAC-SHA256; `signed` holds (name, value) pairs, sorted."""
    names = ";".join(name for name, _ in signed)
    headers = "".join(f"{name}:{value}\n" for name, value in signed)
    payload = hashlib.sha256(body).hexdigest()
    canonical = f"{method}\n/\n{raw_query}\n{headers}\n{names}\n{payload}"
    date = time.strftime("%Y-%m-%d", time.gmtime(timestamp))
    scope = f"{date}/{service}/tc3_request"
    to_sign = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    derived = b"TC3" + key.secret.encode()
    for step in (date, service, "tc3_request"):
        derived = hmac.new(derived, step.encode(), hashlib.sha256).digest()
    signature = hmac.new(derived, to_sign.encode(), hashlib.sha256).hexdigest()
    return f"TC3-HMAC-SHA256 Credential={key.id}/{scope}, SignedHeaders={names}, Signature={signature}"


def tc3(
    host: str, key: Key, service: str, version: str, action: str, body: bytes, timestamp: int | None = None
):
    """A signed POST of a JSON body."""
    timestamp = int(time.time()) if timestamp is None else timestamp
    signed = [("content-type", "application/json"), ("host", host)]
    headers = (
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("X-TC-Action", action),
        ("X-TC-Version", version),
        ("X-TC-Region", "ap-guangzhou"),
        ("X-TC-Timestamp", str(timestamp)),
        ("Authorization", tc3_authorization(key, service, timestamp, signed, "POST", "", body)),
    )
    if key.token is not None:
        headers += (("X-TC-Token", key.token),)
    return Request("POST", host, headers=headers, body=body)


def v1_signature(secret: str, method: str, host: str, parameters: dict, algorithm: str = "HmacSHA1") -> str:
    """The Signature parameter of the older scheme: values raw, sorted by name."""
    joined = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
    digest = hashlib.sha256 if algorithm == "HmacSHA256" else hashlib.sha1
    return base64.b64encode(
        hmac.new(secret.encode(), f"{method}{host}/?{joined}".encode(), digest).digest()
    ).decode()
