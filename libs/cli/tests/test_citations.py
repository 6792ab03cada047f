"""Comments cite pages of the documentation, as in `(seats: Capacity)`: each citation leads to a heading."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

CLONE = Path(__file__).parents[3]
PAGES = {page.stem: page for page in (CLONE / "docs").glob("*.md")}
CITATION = re.compile(rf"\((?:{'|'.join(PAGES)})(?=[:;)])[^)]*\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def test_every_citation_leads_to_a_heading() -> None:
    lost = [f"{where}: {page}: {heading}" for where, page, heading in CITED if heading not in headings(page)]
    assert lost == []


def test_there_is_something_to_follow() -> None:
    assert {"seats", "messages", "interfaces", "guide", "architecture"} <= {page for _, page, _ in CITED}
    assert read("x", "(seats: Words, pool; Capacity)") == [("x", "seats", "Words"), ("x", "seats", "Capacity")]
    assert read("x", "(seats: Usage; messages)") == [("x", "seats", "Usage"), ("x", "messages", "")]


def headings(page: str) -> set[str]:
    """What may follow a page's name; nothing may, too."""
    return {"", *HEADING.findall(PAGES[page].read_text())}


def citations() -> Iterator[tuple[str, str, str]]:
    """Where something is cited, the page, and its heading."""
    for room in ("libs", "services"):
        for file in sorted((CLONE / room).rglob("*.py")):
            for text in prose(file.read_text()):
                yield from read(str(file.relative_to(CLONE)), text)


def prose(source: str) -> Iterator[str]:
    """Comments, and strings as documentation is written in."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.string.startswith('"""')):
            yield token.string


def read(where: str, text: str) -> list[tuple[str, str, str]]:
    """The citations in a text. `;` divides them, and a page holds until the next; after a comma stands a detail."""
    found = []
    for citation in CITATION.findall(text):
        page = ""
        for part in " ".join(citation.strip("()").split()).split("; "):
            name, colon, rest = part.partition(": ")
            page, cited = (name, rest) if name in PAGES else (page, part)
            found.append((where, page, cited.partition(", ")[0] if colon or name not in PAGES else ""))
    return found


CITED = list(citations())
