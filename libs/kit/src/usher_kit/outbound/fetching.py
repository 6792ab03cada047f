"""Fetching what a configured URL names: looked up once, checked, and connected to at that very address.

A name is looked up where the connection opens, so no later look-up can lead elsewhere. Redirects are answers like any
other: who follows one fetches its address anew, under the same checks.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import httpcore
import httpx

from usher_kit.errors import Invalid, Unavailable
from usher_kit.outbound.addresses import Address, Allowed, MisnamedError, Place, address_of, may_reach

SECONDS = 10.0
"""How long one request may take, from looking its name up to its last byte."""
MOST_BYTES = 1024 * 1024
"""How large an answer may be, unless the caller says otherwise."""
CONNECTIONS = 20
IDLE_SECONDS = 5.0

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]
"""The addresses of a host."""


class AddressRefused(Invalid):
    """A URL that leads inward, or that is none. The caller says which of its values it was."""

    slug = "address_refused"
    title = "Not an address that may be reached"


class NotFetched(Unavailable):
    """No answer in time, or not one that can be taken. Which of it, is for the log: it would tell of the network."""

    slug = "not_fetched"
    title = "The other side did not answer"


async def look_up(host: str, port: int) -> Sequence[Address]:
    """The addresses of a host, by the machine's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(address_of(str(address[0])) for *_, address in found))


class Outbound:
    """Fetches what configured URLs name. One for a process; connections are kept for a few seconds."""

    def __init__(
        self,
        allowed: Allowed | None = None,
        *,
        resolve: Resolve = look_up,
        network: httpcore.AsyncNetworkBackend | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """`allowed` beside the public internet; `resolve`, `network` and `trust` stand in for the machine's."""
        self._allowed = allowed or Allowed()
        self._resolve = resolve
        self._network = network or httpcore.AnyIOBackend()
        self._trust = trust

    @cached_property
    def _pools(self) -> Mapping[str, httpcore.AsyncConnectionPool]:
        """One pool for each scheme, since what may be reached goes by it."""
        trust = self._trust or httpx.create_ssl_context()
        return {
            scheme: httpcore.AsyncConnectionPool(
                ssl_context=trust,
                max_connections=CONNECTIONS,
                keepalive_expiry=IDLE_SECONDS,
                network_backend=CheckedNetwork(scheme, self._allowed, self._resolve, self._network),
            )
            for scheme in ("https", "http")
        }

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Any = None,
        seconds: float = SECONDS,
        most_bytes: int = MOST_BYTES,
    ) -> httpx.Response:
        """The answer, whatever its status, with its body read; redirects are not followed.

        `form` or `json` becomes the body. Raises AddressRefused for a URL that may not be reached, NotFetched when
        there is no whole answer within `seconds` and `most_bytes`.
        """
        place, whole = placed(url, params or {})
        request = httpx.Request(method, whole, data=form, json=json, headers={**ASKED, **(headers or {})})
        try:
            async with asyncio.timeout(seconds):
                return await self._answer(place, request, seconds, most_bytes)
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
            OSError,
            TimeoutError,
        ) as lost:
            raise NotFetched(f"{place.host} gave no answer that could be taken; try again, or check it.") from lost

    async def _answer(self, place: Place, request: httpx.Request, seconds: float, most_bytes: int) -> httpx.Response:
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        async with self._pools[place.scheme].stream(
            request.method,
            str(request.url),
            headers=request.headers.raw,
            content=request.read(),
            extensions={"timeout": timeouts},
        ) as answer:
            head = httpx.Headers(answer.headers)
            if head.get("content-encoding", "identity") != "identity":
                raise NotFetched(f"{place.host} compressed its answer, though asked not to.")
            body = bytearray()
            async for chunk in answer.aiter_stream():
                body += chunk
                if len(body) > most_bytes:
                    raise NotFetched(f"{place.host} answered with more than {most_bytes} bytes.")
        return httpx.Response(answer.status, headers=head, content=bytes(body), request=request)

    async def aclose(self) -> None:
        """Close the connections that are kept."""
        if "_pools" in self.__dict__:
            for pool in self._pools.values():
                await pool.aclose()


ASKED = {"Accept-Encoding": "identity", "User-Agent": "usher"}
"""Nothing compressed: a small answer could become a huge one."""


def placed(url: str, params: Mapping[str, str]) -> tuple[Place, httpx.URL]:
    """Where a URL leads, and it with more parameters. Raises AddressRefused for what is none."""
    try:
        place = Place.of(url)
        whole = httpx.URL(url).copy_merge_params(params)
        again = Place.of(str(whole))
    except (MisnamedError, httpx.InvalidURL) as error:
        raise AddressRefused(f"{url[:200]} can't be fetched. {error}") from error
    if again != place:
        raise AddressRefused(f"{url[:200]} can be read in two ways.")
    return place, whole


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections to addresses that may be reached, and to no others."""

    def __init__(self, scheme: str, allowed: Allowed, resolve: Resolve, network: httpcore.AsyncNetworkBackend) -> None:
        self._scheme = scheme
        self._allowed = allowed
        self._resolve = resolve
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the library's signature)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address that answers. Raises AddressRefused, or what the network raises."""
        place = Place(self._scheme, host.lower().rstrip("."), port)
        addresses = await self._resolve(host, port)
        if not may_reach(place, addresses, self._allowed):
            raise AddressRefused(
                f"{host} is not an address that this deployment may reach: public ones by https, and others where "
                "USHER_OUTBOUND_ALLOW names them."
            )
        lost: Exception | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                lost = error
        raise lost or httpcore.ConnectError(f"{host} has no address")
