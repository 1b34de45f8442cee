"""Runs what the documentation shows: every block of every page, in a fresh folder, as a reader would.

    run.py --bin target/release/daypass [--only docs/lint.md]

Each page gets a folder that looks like a fresh clone, and a network of its own that leads nowhere, where the system
allows that: whatever a page starts listens where the page says, and two pages run at once. How a block says what is to
become of it stands in pages.py. A block that neither runs nor says why not is a mistake, and so is a link that leads
nowhere.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import readers
from pages import Block, Mistake, Page, read
from stage import Stage, networks_can_be_made

HERE = Path(__file__).resolve().parent
CLONE = HERE.parent.parent
#: Made from the program's own texts, and held to them by tests of their own.
GENERATED = "docs/reference/"


def pages_of(clone: Path) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=clone, check=True, capture_output=True, text=True,
    )
    return sorted(name for name in listed.stdout.split("\n") if name and (clone / name).exists())


def is_run(name: str) -> bool:
    examples = name.startswith("examples/") and name.endswith("/README.md")
    return (name == "README.md" or name.startswith("docs/") or examples) and not name.startswith(GENERATED)


def mistakes_of_links(pages: dict[str, Page], clone: Path) -> list[str]:
    """Relative links must lead to something that is there, at a heading that is there."""
    found = []
    for page in pages.values():
        for line, link in page.links:
            if "://" in link or link.startswith("mailto:"):
                continue
            to, _, anchor = link.partition("#")
            target = (clone / page.name).parent / to if to else clone / page.name
            name = os.path.relpath(target, clone)
            if not target.exists():
                found.append(f"{page.name}:{line}: there is no `{to}`")
            elif anchor and (name not in pages or anchor not in pages[name].anchors):
                found.append(f"{page.name}:{line}: `{to}` has no heading for `#{anchor}`")
    return found


def check(page: Page) -> None:
    """Every block must be one that something is done with."""
    for number, block in enumerate(page.blocks):
        where = f"{page.name}:{block.line}"
        if block.reason is not None or block.language in ("sh", "bash", "hidden"):
            continue
        name = block.attributes.get("file")
        whole = block.attributes.get("part-of")
        if whole is not None:
            if not (CLONE / whole).is_file() or block.text not in (CLONE / whole).read_text(encoding="utf-8"):
                raise Mistake(f"{where}: this is no part of `{whole}`")
            continue
        if block.language in readers.READERS or block.output_of:
            continue
        if name is None:
            raise Mistake(f"{where}: this block is not run, and does not say why")
        later = [other.text for other in page.blocks[number + 1 :] if other.language in ("sh", "hidden")]
        # A file in a folder is part of a project, which is run by the folder's name.
        if not any(re.search(rf"\b{re.escape(name.split('/')[0])}\b", text) for text in later):
            raise Mistake(f"{where}: nothing below runs `{name}`")


def run_page(page: Page, binary: Path) -> float:
    """Runs all of a page; gives the seconds that it took."""
    begun = time.monotonic()
    check(page)
    with tempfile.TemporaryDirectory(prefix="docs-run-") as folder:
        stage = Stage(Path(folder), CLONE, binary, page.name)
        try:
            for block in page.blocks:
                run_block(page, block, stage)
        except Mistake as mistake:
            raise Mistake(f"{page.name}:{block.line}: {mistake}") from None
        finally:
            stage.end()
    return time.monotonic() - begun


def run_block(page: Page, block: Block, stage: Stage) -> None:
    if block.reason is not None or block.output_of:
        return
    expected = next((other.text for other in page.blocks if other.output_of is block), None)
    name = block.attributes.get("file")
    if name is not None:
        path = stage.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text + "\n", encoding="utf-8")
    if block.language in ("sh", "bash", "hidden"):
        if "terminal" in block.attributes:
            stage.run_beside(block.attributes["terminal"], block.text, expected)
        else:
            stage.run(block.text, expected, int(block.attributes.get("exit", "0")))
    elif block.language in readers.READERS:
        readers.READERS[block.language](block, stage)


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs what the documentation shows.")
    parser.add_argument("--bin", type=Path, default=CLONE / "target/release/daypass")
    parser.add_argument("--only", action="append", help="a page to run; all others are left out")
    given = parser.parse_args()
    try:
        pages = {name: read(CLONE / name, name) for name in pages_of(CLONE)}
    except Mistake as mistake:
        print(f"error: {mistake}")
        return 1
    mistakes = mistakes_of_links(pages, CLONE)
    chosen = [page for page in pages.values() if is_run(page.name) and (not given.only or page.name in given.only)]
    apart = networks_can_be_made()
    if not apart:
        print("note: networks of their own cannot be made here; pages run one after another, on this machine's ports")
    # The pages that take longest begin first.
    chosen.sort(key=lambda page: -len(page.blocks))
    with ThreadPoolExecutor(max_workers=2 if apart else 1) as pool:
        running = [(page, pool.submit(run_page, page, given.bin.resolve())) for page in chosen]
        for page, outcome in running:
            try:
                print(f"{outcome.result():6.1f} s  {page.name}", flush=True)
            except Mistake as mistake:
                mistakes.append(str(mistake))
                print(f"  FAILED  {page.name}\n{mistake}", flush=True)
    blocks = [(page, block) for page in chosen for block in page.shown]
    excused = [(page, block) for page, block in blocks if block.reason is not None]
    for page, block in sorted(excused, key=lambda pair: (pair[0].name, pair[1].line)):
        print(f"not run: {page.name}:{block.line}: {block.reason}")
    for mistake in mistakes:
        print(f"error: {mistake}")
    links = sum(len(page.links) for page in pages.values())
    print(f"{len(blocks)} blocks: {len(blocks) - len(excused)} run, {len(excused)} with a reason; {links} links")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
