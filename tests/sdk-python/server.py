"""The program under test as a process of its own."""

import json
import os
import secrets
import selectors
import signal
import string
import subprocess
from pathlib import Path

from signer import Key

REPOSITORY = Path(__file__).resolve().parents[2]
APPID = 1250000000
OWNER_UIN = 100000000001
REGION = "ap-guangzhou"
READY_SECONDS = 30
STOP_SECONDS = 30


def binary() -> Path:
    return Path(os.environ.get("DAYPASS_BIN", REPOSITORY / "target" / "release" / "daypass"))


def new_root_key() -> Key:
    """A permanent key of the documented shape."""
    letters = string.ascii_letters + string.digits
    text = lambda length: "".join(secrets.choice(letters) for _ in range(length))
    return Key("AKID" + text(32), text(32))


class Server:
    """`daypass serve` on a data directory and a free port."""

    def __init__(self, folder: Path, min_session_seconds: int | None = 1, settings: str | None = None):
        self.root = new_root_key()
        self.port = 0
        self._data = folder / "data"
        self._log = folder / "server.log"
        self._options = (
            [] if min_session_seconds is None else ["--min-session-seconds", str(min_session_seconds)]
        )
        if settings is not None:
            file = folder / "daypass.toml"
            file.write_text(settings)
            self._options += ["--config", str(file)]
        self._process: subprocess.Popen | None = None

    def start(self) -> "Server":
        arguments = ["serve", "--data", self._data, "--listen", "127.0.0.1:0", *self._options]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [binary(), *arguments], stdout=subprocess.PIPE, stderr=log, env=self._environment()
            )
        ready = json.loads(self._ready_line())
        host, _, port = ready["http"].rpartition(":")
        self.port = int(port)
        assert ready == {
            "ready": True,
            "http": f"{host}:{port}",
            "https": None,
            "console": None,
            "appid": APPID,
            "region": REGION,
        }
        assert host == "127.0.0.1" and self.port > 0
        return self

    def stop(self):
        """Asks it to end, which must succeed."""
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(STOP_SECONDS)
        rest = self._process.stdout.read()
        self._process.stdout.close()
        assert (status, rest) == (0, b""), (status, rest, self.log_tail())

    def kill(self):
        """Ends it without warning."""
        self._process.kill()
        self._process.wait(STOP_SECONDS)
        self._process.stdout.close()

    def check(self) -> subprocess.CompletedProcess:
        """`daypass check` on the data directory, while nothing runs on it."""
        arguments = [binary(), "check", "--data", self._data, "--json"]
        return subprocess.run(arguments, env=self._environment(), capture_output=True, text=True)

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def peak_memory_bytes(self) -> int:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def log_tail(self) -> str:
        return self._log.read_text("utf-8", "replace")[-4000:]

    def _environment(self) -> dict:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DAYPASS_")}
        return inherited | {
            "DAYPASS_ROOT_SECRET_ID": self.root.id,
            "DAYPASS_ROOT_SECRET_KEY": self.root.secret,
            "DAYPASS_APPID": str(APPID),
            "DAYPASS_OWNER_UIN": str(OWNER_UIN),
        }

    def _ready_line(self) -> bytes:
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            line = self._process.stdout.readline() if selector.select(READY_SECONDS) else b""
        if not line:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"the server did not get ready:\n{self.log_tail()}")
        return line
