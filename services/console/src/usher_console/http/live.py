"""What browsers load beside pages: the stream of changes, styles and the script."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from usher_console.clients.calls import AwayError, RefusedError
from usher_console.http.pages import Console, Running, SignedIn, SignInNeededError, session_of, visitor_of
from usher_console.live import stream
from usher_console.rendering import asset
from usher_console.sessions import Session, SessionsAwayError, SessionStore
from usher_console.visitors import Visitor

FOREVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@router.get("/live")
async def live(request: Request, running: Running, found: SignedIn) -> StreamingResponse:
    """Tells when a pool of the visitor's tenant has changed, for as long as they are who they were."""
    store = SessionStore(request.app.state.runtime.redis, running.settings.session_secret)
    before = session_of(request)

    async def is_welcome() -> bool | None:
        try:
            return await is_unchanged(running, store, before, found)
        except (SessionsAwayError, AwayError):
            return None
        except (RefusedError, SignInNeededError):
            return False

    async def events() -> AsyncIterator[str]:
        with running.hub.follower(found.follows) as follower:
            async for event in stream(running.hub, follower, is_welcome):
                yield event

    return StreamingResponse(events(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def is_unchanged(running: Console, store: SessionStore, before: Session, found: Visitor) -> bool:
    """Whether the same sign-in still stands, with the roles it had. Renews its access token where that is due."""
    session = await store.load(before.id or "")
    if session.get("csrf") != before.get("csrf"):
        return False
    held = session.get("token")
    now = await visitor_of(running, session)
    if session["token"] != held:
        await store.save(session)
    return set(now.me.roles) == set(found.me.roles)


@router.get("/assets/{name}")
async def asset_file(name: str) -> Response:
    try:
        found = asset(name)
    except KeyError as error:
        raise HTTPException(404) from error
    return Response(found.body, media_type=found.media_type, headers={"Cache-Control": FOREVER})
