"""Telling forms of our own pages from those that another site sent, by what browsers say of it."""

from urllib.parse import urlsplit

from starlette.requests import Request

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
OWN_SITES = frozenset({"same-origin", "none"})


def is_from_another_site(request: Request, *own: str) -> bool:
    """Whether another site sent this act; `own` are addresses that browsers reach us at.

    Programs and old browsers say nothing of it, and are let pass: the session's own mark is asked for besides.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = {origin_of(str(request.base_url)), *map(origin_of, own)}
    return (site is not None and site not in OWN_SITES) or (site is None and origin not in {None, *ours})


def origin_of(url: str | None) -> str:
    """The origin of an address: its scheme, host and port. Empty for none."""
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
