"""Where a page runs: a folder that looks like a fresh clone, one shell that stays, terminals beside it.

Nothing of the machine's own settings is seen there: the home is an empty folder of the page. The packages of the
suites of the SDKs are at hand, in the places where a reader's package managers look for what they fetched before, since
there is no network to fetch them from.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path

from pages import Mistake

PATIENCE_SECONDS = 150
APART = ["unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]

#: Before the first block: the network's loopback, and what hidden commands may use.
PRELUDE = """
set -e -o pipefail
if [ -n "$DOCS_RUN_APART" ]; then ip link set lo up; fi

# A store with everything at its usual place, and the root's key in the environment.
store() {
  export DAYPASS_SECRET_ID=AKIDdocsrun0123456789 DAYPASS_SECRET_KEY=docsrundocsrundocsrundocsrun0123
  DAYPASS_ROOT_SECRET_ID=$DAYPASS_SECRET_ID DAYPASS_ROOT_SECRET_KEY=$DAYPASS_SECRET_KEY \\
    daypass serve --data ./daypass-data "$@" > store.log 2>&1 &
  terminal_store=$!
  daypass health --wait 30
}

# Ends what runs in a terminal, and waits until all of it has ended: a shell does not wait for what it started.
stop() {
  local started=terminal_$1
  kill -TERM -- "-${!started}" 2> /dev/null || kill -TERM "${!started}"
  wait "${!started}" || true
  timeout 30 bash -c 'while kill -0 -- "-$0" 2> /dev/null; do sleep 0.05; done' "${!started}"
}
"""

#: Caches of package managers, by the variable that names them, as they are when nobody has set it.
CACHES = {
    "CARGO_HOME": "~/.cargo",
    "RUSTUP_HOME": "~/.rustup",
    "GOPATH": "~/go",
    "GOCACHE": "~/.cache/go-build",
    "npm_config_cache": "~/.npm",
}


@cache
def networks_can_be_made() -> bool:
    try:
        done = subprocess.run(APART + ["ip", "link", "set", "lo", "up"], capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


class Stage:
    def __init__(self, base: Path, clone: Path, binary: Path, page: str):
        self.page = page
        self.folder = base / "daypass"
        self._clone = clone
        self._base = base
        self._count = 0
        self._lay_out(binary)
        self._environment = self._make_environment()
        self._shell = self._start_shell()
        self._lines: list[str] = []
        self._arrived = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()
        self.run(PRELUDE, None, 0)

    # Running.

    def run(self, text: str, expected: str | None, code: int) -> str:
        """Runs commands in the page's shell, which must end so and print this."""
        script, output = self._script(text)
        # The shell itself reads the commands, so that what they set stays set; one that fails ends it, unless a code
        # other than 0 is awaited.
        strict = f'. "{script}"' if code == 0 else f'set +e; . "{script}"; ended=$?; set -e'
        ended = "0" if code == 0 else "$ended"
        self._tell(f'{{ {strict}; }} > "{output}" 2>&1 < /dev/null; echo "{script.name} {ended}" >&9\n')
        ended = self._await(script.name)
        printed = output.read_text(encoding="utf-8", errors="replace")
        if ended is None:
            raise Mistake(f"this failed:\n{text}\nand printed:\n{printed}{self._log()}")
        if ended != str(code):
            raise Mistake(f"this ended with {ended} instead of {code}:\n{text}\nand printed:\n{printed}{self._log()}")
        if expected is not None and not fits(expected, printed):
            raise Mistake(f"this printed something else than the page shows:\n{text}\n--- printed:\n{printed}")
        return printed

    def run_beside(self, name: str, text: str, expected: str | None) -> None:
        """Starts commands in a terminal of their own, and waits until they have printed this."""
        if expected is None:
            raise Mistake("what runs in a terminal of its own must show what it prints when it is ready")
        script, output = self._script(text)
        # A new terminal knows nothing of what was set in the others.
        text = f'unset ${{!DAYPASS_SECRET*}} ${{!DAYPASS_TOKEN*}} ${{!DAYPASS_ENDPOINT*}}\ncd "{self.folder}"\n{text}\n'
        script.write_text(text, encoding="utf-8")
        self._tell(
            f'setsid bash "{script}" > "{output}" 2>&1 < /dev/null & terminal_{name}=$!; echo "{script.name} 0" >&9\n'
        )
        self._await(script.name)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not fits(expected + "\n…", output.read_text(encoding="utf-8", errors="replace")):
            if time.monotonic() > deadline:
                raise Mistake(f"this did not get ready:\n{text}\nit printed:\n{output.read_text()}")
            time.sleep(0.05)

    def program(self, *arguments: str, **more) -> subprocess.CompletedProcess:
        """Runs the program itself on a file of the page."""
        environment = self._environment | more.pop("env", {})
        return subprocess.run(
            ["daypass", *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, **more
        )

    def end(self) -> None:
        try:
            os.killpg(self._shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._shell.wait()

    # How it is made.

    def _lay_out(self, binary: Path) -> None:
        """A folder like a clone, in which the program has been built."""
        tracked = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=self._clone, check=True, capture_output=True, text=True,
        ).stdout.split("\n")
        (self.folder / "target" / "release").mkdir(parents=True)
        example = Path(self.page).parent if self.page.startswith("examples/") else None
        for name in {line.split("/")[0] for line in tracked if line}:
            (self.folder / name).symlink_to(self._clone / name)
        if example:
            # What is started there makes files there.
            shutil.copytree(self._clone / example, self.folder / "here", symlinks=True,
                            ignore=shutil.ignore_patterns("data"))
            self.folder = self.folder / "here"
        programs = self._base / "bin"
        programs.mkdir()
        (programs / "daypass").symlink_to(binary)
        top = self._base / "daypass"
        (top / "target" / "release" / "daypass").symlink_to(binary)
        cargo = programs / "cargo"
        # What is built in the clone is what was built there.
        cargo.write_text(
            f'#!/bin/sh\nif [ "$PWD" = "{top}" ]; then cd "{self._clone}"; fi\nexec "{shutil.which("cargo")}" "$@"\n'
        )
        cargo.chmod(0o755)
        # So are packages: those of the lock files, in no other versions than theirs.
        npm = programs / "npm"
        npm.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).parent}/npm.py" "{self._clone}" "{shutil.which("npm")}" "$@"\n')
        npm.chmod(0o755)
        settings = self._base / "home" / ".m2"
        settings.mkdir(parents=True)
        repository = Path("~/.m2/repository").expanduser()
        (settings / "settings.xml").write_text(
            f"<settings><localRepository>{repository}</localRepository><offline>true</offline></settings>\n"
        )

    def _make_environment(self) -> dict[str, str]:
        python = self._clone / "tests" / "sdk-python" / ".venv" / "bin"
        kept = {
            name: os.environ.get(name, str(Path(usual).expanduser()))
            for name, usual in CACHES.items()
        }
        return kept | {
            "PATH": f"{self._base / 'bin'}:{python}:{os.environ['PATH']}",
            "HOME": str(self._base / "home"),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "DOCS_RUN_APART": "1" if networks_can_be_made() else "",
            "DAYPASS_BIN": str(self._base / "bin" / "daypass"),
            "MAVEN_OPTS": f"-Duser.home={self._base / 'home'}",
            "CARGO_NET_OFFLINE": "true",
            "CARGO_TARGET_DIR": str(self._clone / "target"),
            "GOFLAGS": "-mod=mod",
            "GOPROXY": "off",
            "GOSUMDB": "off",
            "GOTOOLCHAIN": "local",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INDEX": "1",
        }

    def _start_shell(self) -> subprocess.Popen:
        reading, writing = os.pipe()
        self._told = os.fdopen(reading, encoding="utf-8")
        command = ["bash", "-c", f"exec 9>&{writing}; exec bash --noprofile --norc -s"]
        shell = subprocess.Popen(
            (APART if networks_can_be_made() else []) + command,
            cwd=self.folder, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, text=True, start_new_session=True, pass_fds=[writing],
        )
        os.close(writing)
        return shell

    def _script(self, text: str) -> tuple[Path, Path]:
        self._count += 1
        script = self._base / f"{self._count}.sh"
        script.write_text(text + "\n", encoding="utf-8")
        output = self._base / f"{self._count}.out"
        output.touch()
        return script, output

    def _tell(self, line: str) -> None:
        try:
            self._shell.stdin.write(line)
            self._shell.stdin.flush()
        except BrokenPipeError:
            raise Mistake("the shell has ended") from None

    def _listen(self) -> None:
        for line in self._told:
            with self._arrived:
                self._lines.append(line.strip())
                self._arrived.notify_all()

    def _await(self, name: str) -> str | None:
        """The code that a script ended with; none when the shell ended instead."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._arrived:
            while time.monotonic() < deadline:
                for line in self._lines:
                    if line.startswith(f"{name} "):
                        return line.split(" ")[1]
                if self._shell.poll() is not None:
                    return None
                self._arrived.wait(0.1)
        return None

    def _log(self) -> str:
        log = self.folder / "store.log"
        tail = log.read_text(errors="replace").split("\n")[-15:] if log.exists() else []
        return "--- store.log:\n" + "\n".join(tail) if tail else ""


def fits(shown: str, printed: str) -> bool:
    """Whether what was printed is what a page shows; `…` is any text of a line, or alone on a line any lines."""
    pattern = ""
    for line in shown.strip("\n").split("\n"):
        if line.strip() == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part.rstrip() if last else part) for part, last in parts(line)) + r"[ \t]*\n"
    return re.fullmatch(pattern, printed.strip("\n") + "\n") is not None


def parts(line: str) -> list[tuple[str, bool]]:
    pieces = line.split("…")
    return [(piece, number == len(pieces) - 1) for number, piece in enumerate(pieces)]
