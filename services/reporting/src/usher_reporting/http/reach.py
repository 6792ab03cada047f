"""How far a request may look: the organization that it names, or all that the caller may see."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from usher_reporting.reports.reach import ROLES, Reach, reach_of

OrganizationParameter = Annotated[
    UUID | None, Query(description="An organization, with all its units; without it, all that the caller may see")
]

__all__ = ["ROLES", "OrganizationParameter", "Reach", "reach_of"]
