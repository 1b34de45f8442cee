"""Pages of documentation as the runner sees them: blocks of code, hidden commands, headings and links.

A block begins with three backticks and says what it is, then how it is to be run:

    ```sh                       runs in the page's shell, one block after the other; every command must succeed
    ```sh exit="1"              the last command ends with this code
    ```sh terminal="store"      runs beside the others, in a terminal of its own, until the page ends
    ```text                     right after one of these: what it prints; `…` stands for anything
    ```python file="up.py"      is a file, and something below runs it
    ```rust part-of="a.rs"      is a part of this file of the repository, word for word
    ```toml as="broker"         what is read by whom, where that cannot be seen
    ```yaml as="workflow"       a workflow of GitHub, whose commands are run; `skip` names a step that is not
    ```json finds="L01"         a policy about which lint has this to say, for what `as` says and with the flags of `lint`
    ```json without="L01"       the same, mended: this it does not say any more
    ```sh not-run="reason"      is not run here, and why

What a reader is supposed to have already is prepared by commands in a comment, which readers do not see:

    <!-- docs-run
    store
    -->

A page whose output is held by another test says so once: `<!-- docs-run: text is held by … -->`.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^`\n]*)$")
ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
HIDDEN_BEGIN = "<!-- docs-run"
HIDDEN_END = "-->"
HELD = re.compile(r"^<!-- docs-run: text is (held by .*) -->$")
KNOWN = {"exit", "terminal", "file", "as", "skip", "finds", "without", "lint", "part-of", "not-run"}


class Mistake(Exception):
    """Something that is wrong with a page, or with what a block of it did."""


@dataclass
class Block:
    """One block of a page; a hidden one has the language `hidden`."""

    line: int
    language: str
    text: str
    attributes: dict[str, str] = field(default_factory=dict)
    #: The block that this one is the output of.
    output_of: "Block | None" = None

    @property
    def reason(self) -> str | None:
        return self.attributes.get("not-run")


@dataclass
class Page:
    name: str
    blocks: list[Block]
    anchors: set[str]
    links: list[tuple[int, str]]

    @property
    def shown(self) -> list[Block]:
        return [block for block in self.blocks if block.language != "hidden"]


def read(path: Path, name: str) -> Page:
    """Reads a page, and refuses one whose blocks are not understood."""
    lines = path.read_text(encoding="utf-8").split("\n")
    blocks, prose, held = [], [], None
    at, between = 0, True
    while at < len(lines):
        line = lines[at]
        fence = FENCE.match(line)
        if HELD.match(line):
            held = HELD.match(line)[1]
            at += 1
        elif line.startswith(HIDDEN_BEGIN):
            if line.strip() != HIDDEN_BEGIN:
                raise Mistake(f"{name}:{at + 1}: hidden commands begin on a line of their own")
            end = next((i for i in range(at, len(lines)) if lines[i].strip() == HIDDEN_END), None)
            if end is None:
                raise Mistake(f"{name}:{at + 1}: the comment does not end")
            blocks.append(Block(at + 1, "hidden", "\n".join(lines[at + 1 : end])))
            at, between = end + 1, True
        elif fence:
            end = closing(lines, at, len(fence["indent"]), name)
            text = "\n".join(body[len(fence["indent"]) :] for body in lines[at + 1 : end])
            block = described(at + 1, fence["info"].strip(), text, name)
            if held and block.language == "text":
                block.attributes["not-run"] = held
            if block.language == "text" and not between and blocks and blocks[-1].language == "sh":
                block.output_of = None if block.reason or blocks[-1].reason else blocks[-1]
            blocks.append(block)
            at, between = end + 1, False
        else:
            between = between or line.strip() != ""
            prose.append((at + 1, line))
            at += 1
    return Page(name, blocks, anchors(prose), links(prose))


def closing(lines: list[str], begin: int, indent: int, name: str) -> int:
    """The line that ends a block."""
    for at in range(begin + 1, len(lines)):
        if lines[at].strip() == "```" and lines[at].index("`") <= indent + 3:
            return at
    raise Mistake(f"{name}:{begin + 1}: the block does not end")


def described(line: int, info: str, text: str, name: str) -> Block:
    language, _, rest = info.partition(" ")
    attributes = dict(ATTRIBUTE.findall(rest))
    if ATTRIBUTE.sub("", rest).strip() or not attributes.keys() <= KNOWN:
        raise Mistake(f"{name}:{line}: `{rest.strip()}` is not understood")
    if attributes.get("not-run") == "":
        raise Mistake(f"{name}:{line}: `not-run` needs a reason")
    return Block(line, language.split(",")[0], text, attributes)


def slug(heading: str) -> str:
    """The anchor that a heading gets: in lower case, without what is no letter, digit, blank or dash."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    kept = "".join(letter for letter in plain.lower() if letter.isalnum() or letter in " -_")
    return kept.strip().replace(" ", "-")


def anchors(prose: list[tuple[int, str]]) -> set[str]:
    found: set[str] = set()
    for _, line in prose:
        heading = re.match(r"^#{1,6} +(.*?) *#*$", line)
        if heading:
            first = slug(heading[1])
            again = (f"{first}-{count}" for count in range(1, 1000))
            found.add(first if first not in found else next(name for name in again if name not in found))
        found.update(re.findall(r'<a (?:id|name)="([^"]+)"', line))
    return found


def links(prose: list[tuple[int, str]]) -> list[tuple[int, str]]:
    found = []
    for number, line in prose:
        without_code = re.sub(r"`[^`]*`", "", line)
        found += [(number, link) for link in re.findall(r"\]\(([^)\s]+)\)", without_code)]
    return found
