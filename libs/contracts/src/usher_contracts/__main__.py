"""`python -m usher_contracts check|release`: fails on a breaking change; writes what is new, and docs/catalogue.md."""

import argparse
import sys
from pathlib import Path

from usher_contracts.compatibility import check, release
from usher_contracts.page import render

PACKAGE = Path(__file__).parents[2]


def main() -> int:
    """Returns the exit status: 0 only where nothing is broken and the page is true."""
    parser = argparse.ArgumentParser(prog="usher_contracts")
    parser.add_argument("act", choices=["check", "release"])
    parser.add_argument("--released", type=Path, default=PACKAGE / "released")
    parser.add_argument("--samples", type=Path, default=PACKAGE / "samples")
    parser.add_argument("--page", type=Path, default=PACKAGE.parents[1] / "docs" / "catalogue.md")
    arguments = parser.parse_args()
    if arguments.act == "check":
        return told(check(arguments.released), arguments.page, render(arguments.samples))
    try:
        written = release(arguments.released)
    except ValueError as error:
        sys.stderr.write(f"Not released, since readers would break; add a new major version instead:\n{error}\n")
        return 1
    arguments.page.write_text(render(arguments.samples))
    sys.stdout.write(f"released: {', '.join(written) or 'nothing new'}\n")
    return 0


def told(found: list[str], page: Path, rendered: str) -> int:
    """Print what is wrong."""
    if not page.exists() or page.read_text() != rendered:
        found = [*found, f"{page}: not what the contracts say; run make contracts"]
    sys.stdout.writelines(f"{line}\n" for line in found or ["contracts: nothing that was released is broken"])
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
