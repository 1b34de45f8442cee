"""HTTP on a bare socket: what is sent is what the test says, and the answer is shown as it came.

Header names keep their case, nothing is retried, redirected or decoded, and a request may be cut short, dribbled or
contradict itself.
"""

import contextlib
import http.client
import json
import re
import select
import socket
from dataclasses import dataclass

from signer import Request

TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple
    body: bytes

    def header(self, name: str) -> str | None:
        """A header by its exact spelling."""
        return next((value for other, value in self.headers if other == name), None)

    @property
    def code(self) -> str | None:
        """The code of an XML error document."""
        found = re.search(rb"<Error>.*?<Code>([^<]*)</Code>", self.body, re.DOTALL)
        return found.group(1).decode() if found else None

    @property
    def refusal(self) -> tuple:
        """Status and code of an object-store answer, as tests compare them."""
        return (self.status, self.code)

    @property
    def json(self) -> dict:
        """The `Response` of the JSON APIs."""
        assert self.status == 200, (self.status, self.body)
        assert self.header("Content-Type") == "application/json"
        return json.loads(self.body)["Response"]

    @property
    def api_code(self) -> str | None:
        """The error code of the JSON APIs."""
        return self.json.get("Error", {}).get("Code")


class Connection:
    """One connection, used for one request."""

    def __init__(self, port: int):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, data: bytes):
        self._socket.sendall(data)

    def send_head(self, request: Request, announced: int | None = None):
        """Request line and headers; `announced` is the Content-Length, unless the request has a header of its own."""
        lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: {request.host}"]
        lines += [f"{name}: {value}" for name, value in request.headers]
        framed = (
            request.header("Content-Length") is not None or request.header("Transfer-Encoding") is not None
        )
        if not framed and announced is not None:
            lines.append(f"Content-Length: {announced}")
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def finish_sending(self):
        """Tells the server that nothing more will come, while still listening."""
        self._socket.shutdown(socket.SHUT_WR)

    def send_while_silent(self, data: bytes) -> bool:
        """Sends until the server says something, as a client does that listens; tells whether all was sent."""
        rest = memoryview(data)
        while rest:
            readable, writable, _ = select.select([self._socket], [self._socket], [], TIMEOUT_SECONDS)
            if readable or not writable:
                return False
            rest = rest[self._socket.send(rest) :]
        return True

    def has_answer(self, seconds: float = 0) -> bool:
        readable, _, _ = select.select([self._socket], [], [], seconds)
        return bool(readable)

    def peek(self, size: int) -> bytes:
        """The first bytes of what the server said, without consuming them."""
        return self._socket.recv(size, socket.MSG_PEEK | socket.MSG_WAITALL)

    def read(self, method: str = "GET") -> Answer:
        response = http.client.HTTPResponse(self._socket, method=method)
        response.begin()
        return Answer(response.status, tuple(response.getheaders()), response.read())


def send(port: int, request: Request) -> Answer:
    """One request, sent whole."""
    with Connection(port) as connection:
        has_body = request.body or request.method in ("PUT", "POST")
        # A server that refuses a head need not take what follows it; its answer counts all the same.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.send_head(request, len(request.body) if has_body else None)
            connection.send(request.body)
        return connection.read(request.method)
