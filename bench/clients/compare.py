"""Uploads and downloads by this project's command line, by coscmd and by the Python SDK, against one server, in turns.

    python3 -m venv venv && venv/bin/pip install -r bench/clients/requirements.txt
    venv/bin/python bench/clients/compare.py --daypass target/release/daypass --passes 3

Each line of the table is the median of the passes: seconds, processor time of the client, and its highest memory. Every
download is compared with what was uploaded. Everything lies on one disk and in the page cache.

What came before must not count: each pass begins with another client, memory for a large file is asked of the system and
given back before each, and small files are deleted at the end, since ext4 makes none quickly where many have just gone.
"""

import argparse
import filecmp
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
BUCKET = "bench-1250000000"
ID, SECRET = "AKIDbenchbenchbenchbenchbenchbench01", "benchBenchBenchBenchBenchBench01"
CLIENTS = ("daypass", "coscmd", "python-sdk")
WORK = ("small up", "small down", "large up", "large down")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--daypass", required=True, type=Path, help="the program, built for release")
    parser.add_argument("--files", type=int, default=10_000, help="how many files of 16 KiB")
    parser.add_argument("--large-mib", type=int, default=4096, help="how large the large file is")
    parser.add_argument("--passes", type=int, default=1)
    parser.add_argument("--clients", default=",".join(CLIENTS))
    arguments = parser.parse_args()
    clients = arguments.clients.split(",")
    with tempfile.TemporaryDirectory(prefix="daypass-clients-") as folder:
        stage = Stage(Path(folder), arguments)
        try:
            results = {}
            for number in range(arguments.passes):
                begin = number % len(clients)
                for work in WORK:
                    for client in clients[begin:] + clients[:begin]:
                        results.setdefault((work, client), []).append(stage.run(work, client, number))
                        print(f"{number + 1}: {work}, {client}: {results[work, client][-1]}", file=sys.stderr)
        finally:
            stage.server.terminate()
            stage.server.wait()
    table(results, clients, arguments)


class Stage:
    def __init__(self, folder, arguments):
        self.folder, self.daypass = folder, arguments.daypass.resolve()
        self.small, self.large = folder / "small", folder / "large"
        self.small.mkdir()
        for number in range(arguments.files):
            (self.small / f"{number:05}").write_bytes(os.urandom(16 << 10))
        with open(self.large, "wb") as file:
            for _ in range(arguments.large_mib):
                file.write(os.urandom(1 << 20))
        os.sync()
        environment = {"DAYPASS_ROOT_SECRET_ID": ID, "DAYPASS_ROOT_SECRET_KEY": SECRET}
        self.server = subprocess.Popen(
            [self.daypass, "serve", "--data", folder / "data", "--listen", "127.0.0.1:0"],
            env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        self.port = json.loads(self.server.stdout.readline())["http"].rsplit(":", 1)[1]
        self.environment = os.environ | {
            "DAYPASS_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "DAYPASS_SECRET_ID": ID,
            "DAYPASS_SECRET_KEY": SECRET,
            "HOME": str(folder),
        }
        self.measured([self.daypass, "mb", f"cos://{BUCKET}"])
        config = ["config", "-a", ID, "-s", SECRET, "-b", BUCKET, "-e", f"localhost:{self.port}"]
        self.measured(self.other("coscmd", *config, "--do-not-use-ssl", "-m", "8", "-p", "16"))

    def other(self, *arguments):
        return [sys.executable, HERE / "others.py", *arguments]

    def run(self, work, client, number):
        what, direction = work.split()
        key = f"{client}/{what}"
        source, target = self.folder / what, self.folder / f"got-{what}-{client}-{number}"
        if what == "large":
            self.take_and_give_back()
        measured = self.measured(self.command(client, what, direction, source, target, key))
        if direction == "down":
            same(source, target)
            if what == "large":
                target.unlink()
            self.measured([self.daypass, "rm", f"cos://{BUCKET}/{key}", *(["-r"] if what == "small" else [])])
        os.sync()
        return measured

    def take_and_give_back(self):
        """Memory that the machine gave to somebody else comes back slowly, and only to whoever asks first."""
        taken = self.folder / "taken"
        shutil.copyfile(self.large, taken)
        taken.unlink()

    def command(self, client, what, direction, source, target, key):
        many = what == "small"
        if client == "daypass":
            place = f"cos://{BUCKET}/{key}"
            ends = [source, place] if direction == "up" else [place, target]
            return [self.daypass, "cp", *ends, *(["--recursive"] if many else [])]
        if client == "coscmd":
            flags = ["-r"] if many else []
            if direction == "up":
                return self.other("coscmd", "upload", *flags, source, key + ("/" if many else ""))
            return self.other("coscmd", "download", *flags, key + ("/" if many else ""), target)
        kind = f"{direction}-{'folder' if many else 'file'}"
        local = source if direction == "up" else target
        return self.other("sdk", kind, BUCKET, local, key, self.port)

    def measured(self, command):
        """Seconds, processor seconds and MiB of memory of one process."""
        begun = time.monotonic()
        log = self.folder / "log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [str(word) for word in command], env=self.environment, stdout=output, stderr=output
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        seconds = time.monotonic() - begun
        if status != 0:
            raise SystemExit(f"{command} failed:\n{log.read_text()[-2000:]}")
        return round(seconds, 2), round(usage.ru_utime + usage.ru_stime, 2), usage.ru_maxrss >> 10


def same(source, target):
    if source.is_file():
        assert filecmp.cmp(source, target, shallow=False), f"{target} is not {source}"
        return
    names = sorted(os.listdir(source))
    found = target if (target / names[0]).exists() else next(target.rglob(names[0])).parent
    match, wrong, missing = filecmp.cmpfiles(source, found, names, shallow=False)
    assert len(match) == len(names), f"{len(wrong)} differ, {len(missing)} are missing"


def table(results, clients, arguments):
    print(f"| work | client | seconds | of ours | client CPU s | of ours | memory MiB |\n|{'---|' * 7}")
    titles = {
        "small": f"{arguments.files:,} files of 16 KiB",
        "large": f"one file of {arguments.large_mib:,} MiB",
    }
    for work in WORK:
        what, direction = work.split()
        ours = None
        for client in clients:
            seconds, cpu, memory = (
                statistics.median(column) for column in zip(*results[work, client], strict=True)
            )
            ours = ours or (seconds, cpu)
            ratios = (f"{seconds / ours[0]:.1f} ×", f"{cpu / max(ours[1], 0.01):.1f} ×")
            title = f"{titles[what]}, {direction}"
            print(f"| {title} | {client} | {seconds:.2f} | {ratios[0]} | {cpu:.2f} | {ratios[1]} | {memory:.0f} |")


if __name__ == "__main__":
    main()
