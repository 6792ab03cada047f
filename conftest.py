"""Real servers for every test: shared by all workers and runs of this clone, with databases and vhosts of one's own."""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import secrets
import subprocess
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest
import redis
from hypothesis import settings
from tests.kept import Kept
from xdist.scheduler import LoadScopeScheduling

from usher_cli import servers as private
from usher_cli.servers import Addresses, ServerError, containers
from usher_cli.servers.homes import locked
from usher_kit import migrations
from usher_kit.settings import with_database

if TYPE_CHECKING:
    from testcontainers.compose import DockerCompose

# How long an example takes says something of the machine and what else it does, and nothing of the rule.
settings.register_profile("bounded", deadline=None)
settings.register_profile("long", deadline=None, max_examples=1_000)
settings.load_profile(os.environ.get("USHER_HYPOTHESIS_PROFILE", "bounded"))

T = TypeVar("T")

CLONE = Path(__file__).parent
HOME = CLONE / ".usher" / "test"
# All that tests make on a server is named so: the last run out removes what killed ones left, and nobody else's.
MARK = f"test_{hashlib.sha256(str(CLONE).encode()).hexdigest()[:6]}_"
IN_CONTAINERS = os.environ.get("USHER_TEST_SERVERS") == "containers"
ON_THE_SYSTEM = (
    "tests/integration/",
    "tests/openapi/",
    "tests/e2e/",
    "tests/machine/",
    "tests/walls/",
    "tests/chaos/test_chaos.py",
)
LEASE = pytest.StashKey[IO[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Hold a share of the servers for the whole run; workers are covered by their controller's."""
    if not hasattr(config, "workerinput"):
        HOME.mkdir(parents=True, exist_ok=True)
        config.stash[LEASE] = (HOME / "in-use").open("a")
        fcntl.flock(config.stash[LEASE], fcntl.LOCK_SH)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give the share back. The last one out, who can hold it alone, removes what is left and stops the servers."""
    lease = config.stash.get(LEASE, None)
    if lease is None:
        return
    with lease:
        try:
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if IN_CONTAINERS:
            with contextlib.suppress(subprocess.CalledProcessError):
                engine().stop()
            return
        if addresses := private.find(HOME):
            settle(drop_databases(addresses))
            drop_vhosts(addresses)
        private.stop(HOME)


class OneSystem(LoadScopeScheduling):  # type: ignore[misc] # xdist says nothing of its types
    """A file's tests on one worker; those that use a running system all on one.

    The shared one is started once, and no two systems take the processors from each other.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return "system" if file.startswith(ON_THE_SYSTEM) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneSystem:
    return OneSystem(config, log)


@pytest.fixture(scope="session")
def servers() -> Addresses:
    """PostgreSQL, RabbitMQ and Redis, running; with their administrators' credentials."""
    if IN_CONTAINERS:
        return containers_started()
    try:
        return private.start(HOME, lambda _: None, durable=False)
    except ServerError as error:
        pytest.exit(f"no servers to test on: {error}", returncode=3)


def containers_started() -> Addresses:
    """The servers of docker-compose.yml, by testcontainers: its images, settings and health checks."""
    with locked(HOME / "containers.lock"):
        started = engine()
        try:
            started.start()
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip()
            pytest.exit(f"no servers to test on: docker compose: {said} (unset USHER_TEST_SERVERS)", returncode=3)
        return containers.addresses(started.get_config(), started.get_service_port)


def engine() -> "DockerCompose":
    from testcontainers.compose import DockerCompose  # noqa: PLC0415 (slow to load, and rarely needed)

    # A project of its own: the demo's containers in the same clone stay as they are.
    os.environ["COMPOSE_PROJECT_NAME"] = f"usher-{MARK.strip('_')}"
    return DockerCompose(CLONE, "docker-compose.yml", services=[*containers.SERVERS], wait=True)


@pytest.fixture
def vhost(servers: Addresses) -> Iterator[str]:
    """The URL of a RabbitMQ vhost that this test alone uses."""
    with fresh_vhost(servers) as url:
        yield url


@pytest.fixture(scope="module")
def module_vhost(servers: Addresses) -> Iterator[str]:
    """The URL of a RabbitMQ vhost for the tests of one module: a vhost takes the broker a fifth of a second."""
    with fresh_vhost(servers) as url:
        yield url


@pytest.fixture
def redis_url(servers: Addresses) -> Iterator[str]:
    """The URL of an empty Redis database that this test alone uses."""
    with redis.Redis.from_url(servers.redis_url) as claims:
        count = int(claims.config_get("databases")["databases"])
        number = next(
            n for n in iter(lambda: 1 + secrets.randbelow(count - 1), 0) if claims.set(f"{MARK}{n}", 1, nx=True)
        )
        url = urlunsplit(urlsplit(servers.redis_url)._replace(path=f"/{number}"))
        yield url
        with redis.Redis.from_url(url) as used:
            used.flushdb()
        claims.delete(f"{MARK}{number}")


@pytest.fixture
def new_database(servers: Addresses) -> Iterator[Callable[[str], str]]:
    """Makes a migrated database of a service, by name (`new_database("usage")`), and answers its owner's URL."""
    with fresh_databases(servers) as make:
        yield make


@pytest.fixture(scope="session")
def session_vhost(servers: Addresses) -> Iterator[str]:
    """The URL of a RabbitMQ vhost for all tests of one worker that share a running system."""
    with fresh_vhost(servers) as url:
        yield url


@pytest.fixture(scope="session")
def session_database(servers: Addresses) -> Iterator[Callable[[str], str]]:
    """As `new_database`, for all tests of one worker that share a running system."""
    with fresh_databases(servers) as make:
        yield make


@pytest.fixture
def service_database(
    request: pytest.FixtureRequest, session_database: Callable[[str], str], kept_databases: dict[str, Kept]
) -> Iterator[str]:
    """A migrated database of the service whose folder the test lies in: its owner's URL."""
    service = request.path.relative_to(CLONE / "services").parts[0]
    if service not in kept_databases:
        kept_databases[service] = settle(Kept.of(session_database(service)))
    yield kept_databases[service].url
    if not settle(kept_databases[service].empty()):
        del kept_databases[service]


@pytest.fixture(scope="session")
def kept_databases() -> dict[str, Kept]:
    """A worker's databases that one test after the other uses, by service."""
    return {}


@pytest.fixture(scope="session")
def remains() -> Callable[[str, Iterable[str]], set[str]]:
    """Finds where a database, by its owner's URL, holds any of some marks, in any case: the names of its tables."""
    return lambda url, marks: settle(find_remains(url, [mark.lower() for mark in marks]))


async def find_remains(url: str, marks: list[str]) -> set[str]:
    """Every column of every table is looked through as text, and bytes as they are."""
    connection = await asyncpg.connect(url)
    try:
        columns = await connection.fetch("""
            select table_name, coalesce(array_agg(column_name::text) filter (where data_type = 'bytea'), '{}') as bytes
            from information_schema.columns where table_schema = 'public' group by table_name
        """)
        found = set()
        for table, in_bytes in columns:
            texts = ["r::text", *(f"encode(r.{column}, 'escape')" for column in in_bytes)]
            looked = " or ".join(f"strpos(lower({text}), mark) > 0" for text in texts)
            if await connection.fetchval(
                f"select exists (select from {table} r, unnest($1::text[]) mark where {looked})", marks
            ):
                found.add(table)
        return found
    finally:
        await connection.close()


@contextmanager
def fresh_databases(servers: Addresses) -> Iterator[Callable[[str], str]]:
    made: list[str] = []

    def make(service: str) -> str:
        template = migrated_template(servers, service)
        name = f"{MARK}{service}_{secrets.token_hex(6)}"
        settle(execute(servers, f'create database "{name}" template "{template}"'))
        made.append(name)
        return with_database(servers.postgres_url, name)

    yield make
    settle(execute(servers, *(f'drop database "{name}" with (force)' for name in made)))


@contextmanager
def fresh_vhost(servers: Addresses) -> Iterator[str]:
    name = f"{MARK}{secrets.token_hex(6)}"
    with management(servers) as api:
        api.put(f"/api/vhosts/{name}").raise_for_status()
        user = urlsplit(servers.rabbitmq_url).username
        api.put(
            f"/api/permissions/{name}/{user}", json={"configure": ".*", "write": ".*", "read": ".*"}
        ).raise_for_status()
        yield urlunsplit(urlsplit(servers.rabbitmq_url)._replace(path=f"/{name}"))
        api.delete(f"/api/vhosts/{name}").raise_for_status()


def drop_vhosts(servers: Addresses) -> None:
    if servers.rabbitmq_management_url:
        with management(servers) as api:
            for vhost in api.get("/api/vhosts").raise_for_status().json():
                if vhost["name"].startswith(MARK):
                    api.delete(f"/api/vhosts/{vhost['name']}").raise_for_status()


def management(servers: Addresses) -> httpx.Client:
    if servers.rabbitmq_management_url is None:
        pytest.fail("set USHER_RABBITMQ_MANAGEMENT_URL beside USHER_RABBITMQ_URL: tests make vhosts", pytrace=False)
    return httpx.Client(base_url=servers.rabbitmq_management_url, timeout=30)


def migrated_template(servers: Addresses, service: str) -> str:
    """The name of a database to clone, made once for all runs by the service's migrations as they are now."""
    written = [*migrations.versions_of(service).rglob("*.py"), *Path(migrations.__file__).parent.glob("*.py")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(written))).hexdigest()[:8]
    name = f"{MARK}{service}_template_{digest}"
    with locked(HOME / f"{service}.lock"):
        if not settle(fetch(servers, f"select from pg_database where datname = '{name}'")):
            settle(migrations.migrate(service, with_database(servers.postgres_url, f"{name}_unfinished")))
            settle(execute(servers, f'alter database "{name}_unfinished" rename to "{name}"'))
    return name


async def drop_databases(servers: Addresses) -> None:
    left = await fetch(servers, f"select datname from pg_database where starts_with(datname, '{MARK}')")
    await execute(servers, *(f'drop database "{row["datname"]}" with (force)' for row in left))
    logins = await fetch(servers, "select rolname from pg_roles where starts_with(rolname, 'usher_bi_')")
    await execute(servers, *(f'drop role "{row["rolname"]}"' for row in logins))


async def fetch(servers: Addresses, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(with_database(servers.postgres_url, "postgres"))
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


async def execute(servers: Addresses, *statements: str) -> None:
    connection = await asyncpg.connect(with_database(servers.postgres_url, "postgres"))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def settle(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end from a fixture, on a thread of its own: the test's event loop is not disturbed."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
