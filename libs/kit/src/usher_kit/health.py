"""Health: alive, ready (servers reachable, migrations applied, consumers running), and metrics."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

Check = Callable[[], Awaitable[str | None]]
"""Answers what is wrong; none where nothing is."""

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str


class Readiness(BaseModel):
    """Each check with `ok`, or with what is wrong."""

    status: str
    checks: dict[str, str]


@router.get("/healthz")
async def alive() -> Health:
    """The process runs."""
    return Health(status="ok")


@router.get("/readyz", responses={503: {"model": Readiness}})
async def ready(request: Request, response: Response) -> Readiness:
    """The process can do its work: its servers answer, its migrations are applied, its consumers consume."""
    checks: dict[str, Check] = request.app.state.checks
    found: dict[str, str] = {}
    for name, check in checks.items():
        try:
            found[name] = await check() or "ok"
        except Exception as error:  # noqa: BLE001 (whatever a server answers, it is not ready)
            found[name] = f"{type(error).__name__}: {error}"[:300]
    is_ready = all(value == "ok" for value in found.values())
    response.status_code = 200 if is_ready else 503
    return Readiness(status="ok" if is_ready else "not ready", checks=found)


@router.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    """Metrics for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
