"""The one clock, moved to a time that is asked for."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from usher_cli.demo.clock import clock_file, move, moved_now, read_time
from usher_cli.environment import Environment
from usher_cli.failure import Failure
from usher_kit.clock import OffsetClock

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T09:00", datetime(2027, 1, 31, 9, tzinfo=UTC)),
        ("2027-01-31T09:00:00+02:00", datetime(2027, 1, 31, 7, tzinfo=UTC)),
        ("2027-01-31T09:00:00Z", datetime(2027, 1, 31, 9, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_utc(text: str, time: datetime) -> None:
    assert read_time(text) == time


def test_what_is_no_time_is_refused_with_an_example() -> None:
    with pytest.raises(Failure, match="'tomorrow' is no time: give now, a day as 2027-01-31"):
        read_time("tomorrow")


def test_every_process_reads_the_time_that_the_clock_was_moved_to(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    there = datetime.now(UTC) - timedelta(days=365)
    assert abs(move(file, there) + timedelta(days=365)) < SECOND
    assert abs(OffsetClock(file).now() - there) < SECOND
    assert abs(move(file, datetime.now(UTC)) - timedelta(days=365)) < SECOND
    assert file.read_text() == "0.0"
    assert abs(moved_now(file) - datetime.now(UTC)) < SECOND


def test_a_system_without_a_clock_of_its_own_is_left_alone() -> None:
    with pytest.raises(Failure, match="USHER_CLOCK_FILE is not set"):
        clock_file(Environment({}))
