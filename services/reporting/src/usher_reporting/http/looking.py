"""Which moment a request looks at: now, or a past one (decision 26)."""

from typing import Annotated

from fastapi import Query
from pydantic import AwareDatetime

from usher_reporting.reports.looking import Look, looking

AtParameter = Annotated[
    AwareDatetime | None, Query(description="A past moment: the answer is what was known then. Without it, now")
]

__all__ = ["AtParameter", "Look", "looking"]
