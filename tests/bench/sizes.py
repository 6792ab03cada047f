"""How much is run for a figure: enough to repeat within a few percent, and little enough to be run at all."""

import sys
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of a run, each an option of the command."""

    people: int = 20_000
    """People through our way and the floor's."""
    ordinary_people: int = 600
    """People through the ordinary way, which is slow: a rate needs no more."""
    import_people: int = 20_000
    changes: int = 200
    """Role changes whose latency is taken, after as many as a tenth to warm up."""
    checks: int = 5_000
    check_tenants: int = 5_000
    check_seats: int = 100_000
    """Seats that checks are asked about, of so many tenants."""
    reevaluated: int = 60_000
    """People whom a change of one grant rule concerns."""
    license_seats: int = 10_000
    """Seats that are suspended and restored; half as many people wait, and as many organizations are told of an end."""
    million_seats: int = 1_000_000
    """Seats of the district that pages are looked at in; half as many people."""
    million_logins: int = 100_000_000
    """Logins that its rollups count."""
    runs: int = 3
    """Rounds of the flow, the ways in turn in each; figures are medians."""

    def items(self) -> list[tuple[str, int]]:
        return list(asdict(self).items())


def tell(step: str) -> None:
    """Progress, for a person who waits."""
    print(step, file=sys.stderr, flush=True)  # noqa: T201
