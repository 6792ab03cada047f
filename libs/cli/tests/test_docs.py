"""What README and docs tell people to type exists: commands with their options, and make's targets."""

import re
import shlex
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from usher_cli.demo.telling import NEXT
from usher_cli.main import app

CLONE = Path(__file__).parents[3]
PAGES = [
    CLONE / "README.md",
    *(CLONE / f"docs/{name}.md" for name in ("operations", "architecture", "interfaces", "guide", "audit")),
]
SUGGESTED = NEXT.format(usher="usher", org="1", notice="2027-01-09", end="2027-02-08", mail="mail", identity="here")
TEXTS = {page.name: page.read_text() for page in PAGES} | {"the demo": SUGGESTED}
IN_BLOCKS, IN_LINE = re.compile(r"^ *(usher .+?)(?: {2,}.*)?$", re.MULTILINE), re.compile(r"`(usher [^`…]+)`")
TYPED = [(where, line) for where, text in TEXTS.items() for line in [*IN_BLOCKS.findall(text), *IN_LINE.findall(text)]]


@pytest.mark.parametrize(("where", "line"), TYPED)
def test_a_command_is_taken_as_it_is_written(where: str, line: str) -> None:
    _, *arguments = shlex.split(line, comments=True)
    command, name = get_command(app), "usher"
    while isinstance(command, TyperGroup) and arguments and not arguments[0].startswith("-"):
        name, *arguments = arguments
        assert name in command.commands, where
        command = command.commands[name]
    if arguments and not isinstance(command, TyperGroup):
        command.make_context(name, arguments)


def test_there_is_something_to_check() -> None:
    assert {where for where, _ in TYPED} == TEXTS.keys()
    assert len(TYPED) > 20


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_has_every_target_that_a_page_names(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (CLONE / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE)) <= targets


def test_what_pages_link_to_is_there() -> None:
    found = {
        (page, link)
        for page in [CLONE / "README.md", *(CLONE / "docs").rglob("*.md")]
        for link in re.findall(r"(?:\]\(|src=\"|srcset=\")([^)\"#]+)", page.read_text())
        if "://" not in link
    }
    assert len(found) > 5
    assert [(page.name, link) for page, link in found if not (page.parent / link).exists()] == []
