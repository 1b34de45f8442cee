"""What the vendor's SDKs send is what `tests/vectors/requests.json` says; no server is needed.

They are recorded in a process of their own: they are answered by nobody real, and the list of what the SDKs asked the server
must not have them.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
VECTORS = HERE.parent / "vectors" / "requests.json"
RECORD = "import record_requests as r; print(r.text(r.record()), end='')"


def test_the_recorded_requests_are_those_of_the_sdks():
    kept = VECTORS.read_text("utf-8")
    ran = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", RECORD], cwd=HERE, capture_output=True, encoding="utf-8", check=True
    )
    # Line by line, since a request is a line: what differs is shown as such.
    assert ran.stdout.splitlines() == kept.splitlines()
