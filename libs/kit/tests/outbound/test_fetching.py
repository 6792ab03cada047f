"""Fetching through the guard: over real sockets where an answer counts, over a recorded network where none may open."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from usher_kit.outbound.addresses import Address, Allowed
from usher_kit.outbound.fetching import AddressRefused, NotFetched, Outbound

LOOPBACK = ip_address("127.0.0.1")
PUBLIC = ip_address("8.8.8.8")
Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class RecordedNetwork(httpcore.AsyncNetworkBackend):
    """Opens nothing, and remembers where to."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    async def connect_tcp(self, host: str, *args: Any, **kwargs: Any) -> httpcore.AsyncNetworkStream:
        self.opened.append(host)
        raise httpcore.ConnectError


class Names:
    """Answers look-ups one after the other, the last for ever; as a hostile server of names would."""

    def __init__(self, *answers: Sequence[Address]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@asynccontextmanager
async def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that reads a request's head and answers; its port."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await answer(head, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def guarded(allowed: str = "", **given: Any) -> AsyncIterator[Outbound]:
    outbound = Outbound(Allowed.read(allowed), **given)
    try:
        yield outbound
    finally:
        await outbound.aclose()


def says(text: bytes) -> Answer:
    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(text)

    return answer


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://[fd00:ec2::254]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "http://8.8.8.8/",
    ],
)
async def test_nothing_opens_to_an_inward_address(url: str) -> None:
    network = RecordedNetwork()
    async with guarded(network=network) as outbound:
        with pytest.raises(AddressRefused):
            await outbound.fetch(url)
    assert network.opened == []


async def test_a_name_is_looked_up_once_and_connected_to_at_that_very_address() -> None:
    """A server of names that answers something public when checked, and loopback when connected to, gains nothing."""
    names, network = Names([PUBLIC], [LOOPBACK]), RecordedNetwork()
    async with guarded(resolve=names, network=network) as outbound:
        with pytest.raises(NotFetched):
            await outbound.fetch("https://rebinding.example/")
        assert (names.asked, network.opened) == (["rebinding.example"], ["8.8.8.8"])
        with pytest.raises(AddressRefused):
            await outbound.fetch("https://rebinding.example/")
    assert network.opened == ["8.8.8.8"]


async def test_one_inward_address_among_public_ones_refuses_all() -> None:
    network = RecordedNetwork()
    async with guarded(resolve=Names([PUBLIC, LOOPBACK]), network=network) as outbound:
        with pytest.raises(AddressRefused):
            await outbound.fetch("https://mixed.example/")
    assert network.opened == []


async def test_addresses_are_tried_in_turn() -> None:
    network = RecordedNetwork()
    async with guarded(resolve=Names([PUBLIC, ip_address("1.1.1.1")]), network=network) as outbound:
        with pytest.raises(NotFetched) as failed:
            await outbound.fetch("https://two.example/")
    assert network.opened == ["8.8.8.8", "1.1.1.1"]
    assert "8.8.8.8" not in failed.value.detail, "an answer does not map the network"


async def test_a_redirect_is_not_followed() -> None:
    there = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    async with serving(says(there)) as port, guarded(f"127.0.0.1:{port}") as outbound:
        answer = await outbound.fetch(f"http://127.0.0.1:{port}/")
    assert (answer.status_code, answer.headers["location"]) == (302, "http://169.254.169.254/")


async def test_an_allowed_host_is_reached_and_its_neighbor_is_not() -> None:
    async with serving(says(OK)) as port, serving(says(OK)) as other, guarded(f"127.0.0.1:{port}") as outbound:
        assert (await outbound.fetch(f"http://127.0.0.1:{port}/")).text == "ok"
        with pytest.raises(AddressRefused):
            await outbound.fetch(f"http://127.0.0.1:{other}/")


async def test_the_request_carries_what_was_given() -> None:
    heads: list[bytes] = []

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(OK)

    async with serving(answer) as port, guarded("127.0.0.0/8") as outbound:
        url = f"http://127.0.0.1:{port}/a?x=1"
        await outbound.fetch(url, params={"y": "2"}, headers={"Authorization": "Bearer t"})
        await outbound.fetch(url, method="POST", form={"grant_type": "none"})
    assert heads[0].startswith(b"GET /a?x=1&y=2 HTTP/1.1\r\n")
    assert b"Authorization: Bearer t" in heads[0]
    assert f"Host: 127.0.0.1:{port}".encode() in heads[0]
    assert b"application/x-www-form-urlencoded" in heads[1]


async def test_an_answer_is_read_up_to_its_limit() -> None:
    async def endless(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 10_000)
            await writer.drain()

    async with serving(endless) as port, guarded("127.0.0.0/8") as outbound:
        with pytest.raises(NotFetched, match="more than 50000 bytes"):
            await outbound.fetch(f"http://127.0.0.1:{port}/", most_bytes=50_000)


async def test_an_answer_that_trickles_ends_in_time() -> None:
    async def trickle(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with serving(trickle) as port, guarded("127.0.0.0/8") as outbound:
        with pytest.raises(NotFetched):
            await outbound.fetch(f"http://127.0.0.1:{port}/", seconds=0.3)


async def test_a_compressed_answer_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    async with serving(says(head + bomb)) as port, guarded("127.0.0.0/8") as outbound:
        with pytest.raises(NotFetched, match="compressed"):
            await outbound.fetch(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"])
async def test_an_answer_that_is_none_is_told_as_one(answer: bytes) -> None:
    async def once(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    async with serving(once) as port, guarded("127.0.0.0/8") as outbound:
        with pytest.raises(NotFetched):
            await outbound.fetch(f"http://127.0.0.1:{port}/")


def certificate(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side for `name`, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context()
    client.load_verify_locations(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
    return server, client


async def test_a_certificate_is_checked_for_the_name_not_the_address(tmp_path: Path) -> None:
    server, trust = certificate("login.example", tmp_path)
    async with (
        serving(says(OK), server) as port,
        guarded("127.0.0.0/8", resolve=Names([LOOPBACK]), trust=trust) as outbound,
    ):
        assert (await outbound.fetch(f"https://login.example:{port}/")).text == "ok"
        with pytest.raises(NotFetched):
            await outbound.fetch(f"https://other.example:{port}/")
