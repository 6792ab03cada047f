"""`python -m usher_contracts check|release FOLDER`: fails on a breaking change; writes what is newly released."""

import argparse
import sys
from pathlib import Path

from usher_contracts.compatibility import check, release


def main() -> int:
    """Returns the exit status: 0 only where nothing is broken."""
    parser = argparse.ArgumentParser(prog="usher_contracts")
    parser.add_argument("act", choices=["check", "release"])
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    if arguments.act == "check":
        found = check(arguments.folder)
        sys.stdout.writelines(f"{line}\n" for line in found or ["contracts: nothing that was released is broken"])
        return 1 if found else 0
    try:
        written = release(arguments.folder)
    except ValueError as error:
        sys.stderr.write(f"Not released, since readers would break; add a new major version instead:\n{error}\n")
        return 1
    sys.stdout.write(f"released: {', '.join(written) or 'nothing new'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
