"""/v1/reports: which reports can be exported, by what each may be narrowed, and what its columns mean."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from usher_kit.access import Authorized
from usher_kit.machines import scoped
from usher_kit.paging import Page
from usher_reporting.reports.catalogue import LISTED
from usher_reporting.reports.reach import ROLES
from usher_reporting.reports.report import Kind, Report

router = APIRouter(tags=["exports"])


class ColumnAnswer(BaseModel):
    """A column of a file; `is_personal` is what names somebody beyond their id."""

    name: str
    kind: Kind
    meaning: str
    is_personal: bool


class ReportAnswer(BaseModel):
    """A report; `path` is its page, of the same rows, and `filters` a JSON schema of what narrows it."""

    name: str
    title: str
    path: str
    filters: dict[str, Any]
    columns: list[ColumnAnswer]


@router.get("/v1/reports", dependencies=[scoped("reports:read")])
async def get_reports(access: Authorized) -> Page[ReportAnswer]:
    """Every report that can be exported."""
    access.require_role(*ROLES)
    return Page(items=[to_answer(one) for one in LISTED])


def to_answer(report: Report[Any]) -> ReportAnswer:
    return ReportAnswer(
        name=report.name,
        title=report.title,
        path=report.path,
        filters=report.filters.model_json_schema(by_alias=True)["properties"] if report.filters.model_fields else {},
        columns=[
            ColumnAnswer(name=one.name, kind=one.kind, meaning=one.meaning, is_personal=one.is_personal)
            for one in report.columns
        ],
    )
