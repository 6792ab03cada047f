"""The floor writes the product's own tables: a row of it has as many values as the table has columns."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Table
from tests.bench.floor import entitlements, reporting, usage

from usher_entitlements.tables import SEAT as HELD
from usher_reporting.tables import CLAIM
from usher_usage.tables import SEAT as WATCHED


class Anything(dict[str, Any]):
    """A fact with every field that is asked for."""

    def __missing__(self, name: str) -> str:
        return datetime.now(UTC).isoformat()


@pytest.mark.parametrize(
    ("table", "row"),
    [(HELD, entitlements.seat_row), (CLAIM, reporting.claim_row), (WATCHED, usage.seat_row)],
    ids=["a seat in entitlements", "a claim", "a seat in usage"],
)
def test_a_row_has_a_value_for_each_column(
    table: Table, row: Callable[[Mapping[str, Any]], tuple[object, ...]]
) -> None:
    assert len(row(Anything())) == len(table.columns)


def test_what_goes_without_saying_of_a_seat_has_a_value_for_each_of_its_columns() -> None:
    assert len(usage.to_activity_row(Anything(), "")) == len(usage.ACTIVITY_COLUMNS)
