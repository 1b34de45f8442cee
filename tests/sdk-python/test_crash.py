"""Fifty times the server is killed in the middle of writes, and never loses or halves what it acknowledged.

An object's content follows from its key, so that whatever is found after a crash can be checked, acknowledged or
not. One key of each thread is overwritten all the time: it must hold the last acknowledged value or a later one
that was on its way.
"""

import hashlib
import http.client
import random
import re
import threading
import time
from urllib.parse import unquote

import pytest

from cloud import Cloud
from server import APPID, Server
from signer import Request, sign

ROUNDS = 50
THREADS = 4
LONGEST_ROUND_SECONDS = 0.6
MEGABYTE = 1024**2
BUCKET = f"crash-{APPID}"
NOISE = random.Random(0).randbytes(4 * MEGABYTE)
LOST = (OSError, http.client.HTTPException)


def content(key: str, size: int) -> bytes:
    """The bytes of an object: its own digest first, so that no two begin alike."""
    digest = hashlib.sha256(f"{key} {size}".encode()).digest()
    start = int.from_bytes(digest[:4], "big") % (len(NOISE) - size)
    return (digest + NOISE[start : start + size])[:size]


def size_in(key: str) -> int:
    return int(key.rpartition("-")[2])


class Store:
    """A plain client over one connection."""

    def __init__(self, cloud: Cloud):
        self._cloud = cloud
        self._connection = http.client.HTTPConnection("127.0.0.1", cloud.server.port, timeout=30)

    def ask(self, method: str, key: str = "", query=(), body: bytes = b"") -> tuple:
        request: Request = sign(self._cloud.request(method, BUCKET, key, query=query), self._cloud.root)
        headers = dict(request.headers) | {"Host": request.host}
        self._connection.request(method, request.target, body=body or None, headers=headers)
        response = self._connection.getresponse()
        return response.status, response.headers, response.read()

    def put(self, key: str, body: bytes):
        status, headers, _ = self.ask("PUT", key, body=body)
        assert status == 200, (key, status)
        assert headers["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'

    def put_in_parts(self, key: str, pieces: list):
        status, _, answer = self.ask("POST", key, [("uploads", "")])
        assert status == 200
        upload_id = re.search(rb"<UploadId>(.*?)</UploadId>", answer).group(1).decode()
        listed = ""
        for number, piece in enumerate(pieces, 1):
            query = [("partNumber", str(number)), ("uploadId", upload_id)]
            status, headers, _ = self.ask("PUT", key, query, piece)
            assert status == 200
            listed += f"<Part><PartNumber>{number}</PartNumber><ETag>{headers['ETag']}</ETag></Part>"
        document = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        status, _, answer = self.ask("POST", key, [("uploadId", upload_id)], document)
        assert status == 200 and b"<Error>" not in answer

    def keys(self, prefix: str) -> set:
        found, marker, truncated = set(), "", True
        while truncated:
            query = [("prefix", prefix), ("marker", marker), ("encoding-type", "url")]
            status, _, answer = self.ask("GET", "", query)
            assert status == 200
            page = [unquote(key.decode()) for key in re.findall(rb"<Key>(.*?)</Key>", answer)]
            found |= set(page)
            truncated = b"<IsTruncated>true</IsTruncated>" in answer
            marker = page[-1] if page else ""
        return found

    def read(self, key: str) -> bytes:
        status, headers, body = self.ask("GET", key)
        assert status == 200, (key, status)
        if "-" not in headers["ETag"]:
            assert headers["ETag"] == f'"{hashlib.md5(body).hexdigest()}"', key
        return body


class Writer(threading.Thread):
    """Writes until the server is gone, and remembers what was acknowledged."""

    def __init__(self, cloud: Cloud, round_number: int, number: int):
        super().__init__()
        self.acknowledged = set()
        self.removed = set()
        self.hot_key = f"hot/{number}"
        self.hot_acknowledged = 0
        self.hot_attempted = 0
        self.failure = None
        self._store = Store(cloud)
        self._prefix = f"round-{round_number:02}/{number}/"
        self._random = random.Random(f"{round_number} {number}")

    def run(self):
        try:
            self._write()
        except LOST:
            pass
        except BaseException as failure:
            self.failure = failure

    def _write(self):
        sequence = 0
        while True:
            sequence += 1
            choice = self._random.random()
            if choice < 0.5:
                self._put(sequence, self._random.randint(0, 8000))
            elif choice < 0.7:
                self._put(sequence, self._random.randint(300 * 1024, 2 * MEGABYTE))
            elif choice < 0.8:
                self._put_in_parts(sequence)
            elif choice < 0.9 and self.acknowledged:
                self._remove()
            else:
                self._overwrite()

    def _put(self, sequence: int, size: int):
        key = f"{self._prefix}{sequence}-{size}"
        self._store.put(key, content(key, size))
        self.acknowledged.add(key)

    def _put_in_parts(self, sequence: int):
        size = MEGABYTE + self._random.randint(1, MEGABYTE)
        key = f"{self._prefix}{sequence}-parts-{size}"
        body = content(key, size)
        self._store.put_in_parts(key, [body[:MEGABYTE], body[MEGABYTE:]])
        self.acknowledged.add(key)

    def _remove(self):
        key = self.acknowledged.pop()
        status, _, _ = self._store.ask("DELETE", key)
        assert status == 204
        self.removed.add(key)

    def _overwrite(self):
        # Both sides of the line between what is kept inline and what is kept apart.
        self.hot_attempted += 1
        self._store.put(self.hot_key, self.hot_value(self.hot_attempted))
        self.hot_acknowledged = self.hot_attempted

    def hot_value(self, version: int) -> bytes:
        name = f"{self._prefix}hot {version}"
        return content(name, 100 if version % 2 else 400 * 1024)


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path).start()
    yield server
    if not server.has_ended():
        server.kill()


def check_content(store: Store, key: str):
    assert store.read(key) == content(key, size_in(key)), key


def check_round(store: Store, round_number: int, writers: list, before: dict):
    """Everything that this round acknowledged is there, and everything that is there is whole."""
    listed = store.keys(f"round-{round_number:02}/")
    for writer in writers:
        assert writer.acknowledged <= listed, writer.acknowledged - listed
        assert not writer.removed & listed, writer.removed & listed
    for key in listed:
        check_content(store, key)
    after = hot_values(store)
    for writer in writers:
        now = after.get(writer.hot_key)
        first_possible = max(writer.hot_acknowledged, 1)
        possible = [writer.hot_value(version) for version in range(first_possible, writer.hot_attempted + 1)]
        unchanged = writer.hot_acknowledged == 0 and now == before.get(writer.hot_key)
        assert unchanged or now in possible, writer.hot_key


def check_directory(server: Server, round_number: int):
    """What the kill left is sound by itself, before a start repairs anything. Not in all rounds, to save time."""
    if round_number % 5 == 0:
        checked = server.check()
        assert checked.returncode == 0, checked.stdout + checked.stderr


def hot_values(store: Store) -> dict:
    return {key: store.read(key) for key in store.keys("hot/")}


def test_kill_minus_nine(server):
    cloud = Cloud(server)
    store = Store(cloud)
    assert store.ask("PUT")[0] == 200
    chance = random.Random(ROUNDS)
    kept = set()
    for round_number in range(ROUNDS):
        before = hot_values(store)
        writers = [Writer(cloud, round_number, number) for number in range(THREADS)]
        for writer in writers:
            writer.start()
        time.sleep(chance.uniform(0.05, LONGEST_ROUND_SECONDS))
        server.kill()
        for writer in writers:
            writer.join()
            assert writer.failure is None, writer.failure
        check_directory(server, round_number)
        server.start()
        store = Store(cloud)
        check_round(store, round_number, writers, before)
        kept |= {key for writer in writers for key in writer.acknowledged}
    assert len(kept) > ROUNDS
    # Later crashes took nothing of what earlier rounds had kept.
    listed = store.keys("round-")
    assert kept <= listed
    for key in listed:
        check_content(store, key)
    server.stop()
    check_directory(server, 0)
