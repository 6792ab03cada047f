"""/v1/upstreams/{id}/tokens: what a SCIM client is to send; shown once, and followed by a new one without a gap."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, status
from pydantic import BaseModel, ConfigDict, Field

from usher_identity.http.acts import act_of, write_down
from usher_identity.http.scim import PATH
from usher_identity.http.upstreams import upstream_for
from usher_identity.oidc import opaque
from usher_identity.store.scim_tokens import Token
from usher_identity.use_cases.scim_tokens import issue_token
from usher_kit.access import Authorized
from usher_kit.audit import Act, audited
from usher_kit.errors import Conflict
from usher_kit.ids import new_id
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1/upstreams", tags=["upstreams"])

GRACE_HOURS = 24
MAX_GRACE_HOURS = 24 * 30


class TokenRequest(BaseModel):
    """Tokens of before stay valid for `grace_hours`; 0 ends them at once."""

    model_config = ConfigDict(extra="forbid")

    grace_hours: Annotated[int, Field(ge=0, le=MAX_GRACE_HOURS)] = GRACE_HOURS


class TokenAnswer(BaseModel):
    """Where a SCIM client is to send, and its token, which nobody can read again."""

    id: UUID
    url: str
    token: str
    created_at: datetime
    former_until: datetime


@router.post(
    "/{upstream_id}/tokens", status_code=status.HTTP_201_CREATED, dependencies=[audited("upstream.issue_token")]
)
async def post_token(
    access: Authorized, runtime: Running, request: Request, upstream_id: UUID, body: TokenRequest
) -> TokenAnswer:
    """Make a token for an upstream of kind `scim`. Sent again with the same Idempotency-Key, it is not told again."""
    async with access.transaction() as conn:
        found = await upstream_for(access, conn, upstream_id)
        if found.kind != "scim":
            raise Conflict(f"This upstream comes by {found.kind}; only those of kind scim have tokens.")
        secret, act = opaque.make(found.tenant_id), act_of(access, runtime)
        made = Token(new_id(), secret.hash, act.at)
        grace = timedelta(hours=body.grace_hours)
        await issue_token(conn, found, made, grace)
        done = Act(
            "upstream.issue_token",
            str(found.id),
            found.tenant_id,
            found.org_id,
            None,
            {"token_id": str(made.id), "grace_hours": body.grace_hours},
        )
        await write_down(conn, access, act, [done])
    request.state.idempotency_key = None  # or the answer, and the secret with it, would be kept for who repeats it
    return TokenAnswer(
        id=made.id,
        url=f"{runtime.settings.token_issuer}{PATH}",
        token=secret.text,
        created_at=act.at,
        former_until=act.at + grace,
    )
