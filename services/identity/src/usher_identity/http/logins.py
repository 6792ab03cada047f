"""/v1/logins:bulk: products tell who logged in, up to 10,000 logins a call."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from usher_contracts.identity import LoginMethod
from usher_identity.http.acts import act_of
from usher_identity.use_cases.logins import Login, record_logins
from usher_kit.access import Authorized
from usher_kit.errors import FieldError, Invalid
from usher_kit.runtime import Running

PATH = "/v1/logins:bulk"
MAX_LOGINS = 10_000
MAX_BYTES = 4 * 1024 * 1024
AHEAD = timedelta(minutes=5)
"""How far another's clock may be ahead of ours."""

router = APIRouter(tags=["logins"])


class LoginRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user_id: UUID
    at: AwareDatetime
    method: LoginMethod = "api"


class LoginsBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    logins: Annotated[list[LoginRequest], Field(min_length=1, max_length=MAX_LOGINS)]


class LoginsAnswer(BaseModel):
    """How many were taken; logins of `unknown_users` were not."""

    accepted: int
    unknown_users: list[UUID]


@router.post(PATH, status_code=status.HTTP_202_ACCEPTED)
async def post_logins(access: Authorized, runtime: Running, body: LoginsBody) -> LoginsAnswer:
    """Tell of logins. A login told twice counts once."""
    access.require_system()
    act = act_of(access, runtime)
    latest = act.at + AHEAD
    ahead = [place for place, login in enumerate(body.logins) if login.at > latest]
    if ahead:
        errors = tuple(FieldError(f"/logins/{place}/at", "This is in the future.") for place in ahead[:10])
        raise Invalid(f"{len(ahead)} of the logins are more than five minutes ahead of now.", errors=errors)
    logins = [Login(login.user_id, login.at, login.method) for login in body.logins]
    async with access.transaction() as conn:
        unknown = await record_logins(conn, logins, act)
    missing = set(unknown)
    return LoginsAnswer(accepted=sum(one.user_id not in missing for one in logins), unknown_users=unknown)
