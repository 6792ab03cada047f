"""/v1/templates: what is told by mail, under which subject, to whom."""

from fastapi import APIRouter
from pydantic import BaseModel

from usher_kit.access import Authorized
from usher_kit.paging import Page
from usher_notifications.domain.notices import Kind
from usher_notifications.mail.letters import AUDIENCES, SUBJECTS

router = APIRouter(prefix="/v1", tags=["templates"])


class Template(BaseModel):
    """`subject` is a Jinja2 template."""

    name: str
    subject: str
    audience: str


@router.get("/templates")
async def templates(access: Authorized) -> Page[Template]:  # noqa: ARG001 (whoever is signed in may know)
    """The kinds of notices."""
    return Page(items=[Template(name=kind.value, subject=SUBJECTS[kind], audience=AUDIENCES[kind]) for kind in Kind])
