"""`npm` as pages see it: what is to be installed is taken from the folders of the suites, where npm has put it.

A network is not needed then, and a page that names another version than the suites run is a mistake.
"""

import json
import os
import sys
from pathlib import Path

SUITES = ["tests/sdk-node", "examples/web-direct-upload"]


def main() -> None:
    clone, npm, *arguments = sys.argv[1:]
    if arguments[:1] != ["install"]:
        os.execv(npm, [npm, *arguments])
    for package in arguments[1:]:
        name, _, version = package.rpartition("@")
        suite = next((suite for suite in SUITES if installed(Path(clone, suite), name) == version), None)
        if suite is None:
            sys.exit(f"npm: no suite has {name} in version {version}")
        Path("node_modules").mkdir(exist_ok=True)
        for entry in Path(clone, suite, "node_modules").iterdir():
            link = Path("node_modules", entry.name)
            if not link.exists():
                link.symlink_to(entry)


def installed(suite: Path, name: str) -> str | None:
    description = suite / "node_modules" / name / "package.json"
    return json.loads(description.read_text())["version"] if description.exists() else None


main()
