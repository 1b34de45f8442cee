"""The runner itself: what it understands, and what it refuses."""

import pytest

from pages import Mistake, read, slug
from run import check, mistakes_of_links
from stage import fits


def page(tmp_path, text, name="page.md"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read(tmp_path / name, name)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("one", "one\n", True),
        ("one", "two\n", False),
        ("one", "one\ntwo\n", False),
        ("one\n…", "one\ntwo\nthree\n", True),
        ("…\nthree", "one\ntwo\nthree\n", True),
        ("at …, good", "at noon, good\n", True),
        ("at …, good", "at noon,\ngood\n", False),
        ("a.c", "abc\n", False),
    ],
)
def test_output_is_compared(shown, printed, same):
    assert fits(shown, printed) is same


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [("Ten minutes", "ten-minutes"), ("What `a_b` is: [it](x.md)", "what-a_b-is-it"), ("Why, and how?", "why-and-how")],
)
def test_headings_have_anchors(heading, anchor):
    assert slug(heading) == anchor


def test_blocks_say_how_they_are_run(tmp_path):
    text = '<!-- docs-run\nstore\n-->\n```sh exit="3"\nfalse\n```\n\n```text\nno\n```\n\n```go not-run="no Go"\n```\n'
    hidden, command, output, excused = page(tmp_path, text).blocks
    assert (hidden.language, hidden.text) == ("hidden", "store")
    assert command.attributes == {"exit": "3"}
    assert output.output_of is command
    assert excused.reason == "no Go"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```sh\nls\n", "does not end"),
        ('```sh not-run=""\n```\n', "needs a reason"),
        ("```sh later\n```\n", "is not understood"),
        ('```sh exti="1"\n```\n', "is not understood"),
        ("<!-- docs-run\nstore\n", "does not end"),
        ("<!-- docs-run store -->\n", "a line of their own"),
        ("```\nls\n```\n", "is not run, and does not say why"),
        ("```text\nalone\n```\n", "is not run, and does not say why"),
        ("```sh\nls\n```\nThat prints:\n```text\na\n```\n", "is not run, and does not say why"),
        ('```python file="a.py"\n1\n```\n', "nothing below runs `a.py`"),
    ],
)
def test_what_would_not_run_is_a_mistake(tmp_path, text, complaint):
    with pytest.raises(Mistake, match=complaint):
        check(page(tmp_path, text))


def test_links_must_lead_somewhere(tmp_path):
    one = page(tmp_path, "# One\n[a](two.md#two) [b](two.md#three) [c](none.md) [d](#one) `[e](f)` [g](https://h)", "one.md")
    two = page(tmp_path, "# Two\n", "two.md")
    found = mistakes_of_links({"one.md": one, "two.md": two}, tmp_path)
    assert found == ["one.md:2: `two.md` has no heading for `#three`", "one.md:2: there is no `none.md`"]
