"""The fault suite: `python -m tests.chaos --seed N --faults N`; `make chaos SEED=… FAULTS=…` (interfaces: Figures)."""

import argparse
import signal
import sys
from pathlib import Path

from usher_cli.servers import ServerError

from .run import Result, play

CLONE = Path(__file__).parents[2]
SHOWN = 20


def main() -> None:
    """Play, print and write the figures; exit status 0 only when nothing was lost, doubled, over a cap or broken."""
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=int, default=80)
    parser.add_argument("--home", type=Path, default=CLONE / ".usher" / "chaos", help="servers, logs and data")
    parser.add_argument("--figures", type=Path, default=CLONE / ".usher" / "chaos.json")
    parser.add_argument("--undisturbed", action="store_true", help="the same acts without the faults")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))  # so that what runs is stopped too
    try:
        result = play(arguments.home, arguments.seed, arguments.faults, say, disturbed=not arguments.undisturbed)
    except ServerError as error:
        sys.exit(str(error))
    arguments.figures.write_text(result.as_json())
    tell(result)
    sys.exit(0 if result.is_sound else 1)


def tell(result: Result) -> None:
    """What came of it, for a person."""
    verdict = result.verdict
    kinds = {"lost": verdict.lost, "doubled": verdict.doubled, "over cap": verdict.over_cap, "broken": verdict.broken}
    for kind, found in kinds.items():
        for one in found[:SHOWN]:
            say(f"{kind}: {one}")
        if len(found) > SHOWN:
            say(f"{kind}: and {len(found) - SHOWN} more")
    for note in verdict.notes:
        say(f"note: {note}")
    tally = result.tally
    say(
        f"{tally.acknowledged} acts acknowledged, {tally.unanswered} done whose answer was lost, "
        f"{tally.sent_again} times sent again; books {result.books}"
    )
    say(result.as_json().rstrip())


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
