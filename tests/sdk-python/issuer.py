"""An identity provider on the loopback interface: its discovery document, its keys, and the tokens it issues."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from Crypto.Signature import pkcs1_15


class Issuer:
    """Serves one RSA key at a time. `with` ends it."""

    def __init__(self):
        self.asked = 0
        self._serial = 0
        self.rotate()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = issuer._answer(self.path)
                self.send_response(200 if body else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> "Issuer":
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def rotate(self):
        """From now on there is another key, with another name."""
        self._serial += 1
        self._key = RSA.generate(2048)

    def keys(self) -> bytes:
        """Its key set, as an administrator would give it."""
        numbers = {"n": self._key.n, "e": self._key.e}
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self._kid}
        encoded = {name: _encode(_big_endian(number)) for name, number in numbers.items()}
        return json.dumps({"keys": [key | encoded]}).encode()

    def token(self, **claims) -> str:
        """A token for `alice` and the audience `daypass`, unless the claims say otherwise."""
        now = int(time.time())
        usual = {"iss": self.url, "sub": "alice", "aud": "daypass", "iat": now, "exp": now + 300}
        parts = [{"alg": "RS256", "kid": self._kid}, usual | claims]
        signed = ".".join(_encode(json.dumps(part).encode()) for part in parts)
        signature = pkcs1_15.new(self._key).sign(SHA256.new(signed.encode()))
        return f"{signed}.{_encode(signature)}"

    @property
    def _kid(self) -> str:
        return f"key-{self._serial}"

    def _answer(self, path: str) -> bytes:
        if path == "/.well-known/openid-configuration":
            return json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys"}).encode()
        if path == "/keys":
            self.asked += 1
            return self.keys()
        return b""


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _big_endian(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
