"""The floor's identity: its relay alone."""

from tests.bench.floor.link import run


async def main() -> None:
    await run("identity", {})
