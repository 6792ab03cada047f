"""The servers of a home by hand: `python -m usher_cli.servers start|find|stop HOME`; prints their addresses."""

import argparse
import shlex
import sys
from pathlib import Path

from usher_cli.servers import ServerError, find, start, stop


def main() -> None:
    """Act on one home. Addresses go to the output as lines that a shell can source, steps to the error output."""
    parser = argparse.ArgumentParser(prog="usher_cli.servers", description=__doc__)
    parser.add_argument("act", choices=["start", "find", "stop"])
    parser.add_argument("home", type=Path)
    arguments = parser.parse_args()
    try:
        if arguments.act == "stop":
            stop(arguments.home, tell)
            return
        addresses = start(arguments.home, tell) if arguments.act == "start" else find(arguments.home)
    except ServerError as error:
        sys.exit(str(error))
    if addresses is None:
        sys.exit("not all servers of this home run")
    for name, url in addresses.as_environment().items():
        print(f"{name}={shlex.quote(url)}")  # noqa: T201 (what was asked for)


def tell(step: str) -> None:
    print(step, file=sys.stderr)  # noqa: T201 (progress, for a person)


if __name__ == "__main__":
    main()
