"""The days that a report over time looks at, as parameters."""

from datetime import date
from typing import Annotated

from fastapi import Query

Since = Annotated[date | None, Query(description="The first day; without it, as far back as the report says")]
Until = Annotated[date | None, Query(description="The last day; without it today, in UTC")]
