"""Making machine clients, changing what they may, and giving them new secrets."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change
from usher_identity.domain.machines import Machine
from usher_identity.domain.versions import raised
from usher_identity.store.machines import remove_machine, save_machine
from usher_identity.use_cases.recording import Act, Expect
from usher_kit.versions import epoch_of


async def add_machine(conn: AsyncConnection, new: Machine) -> Machine:
    """Keep a new machine."""
    made = replace(new, version=raised(0, epoch_of(conn)))
    await save_machine(conn, made)
    return made


async def change_machine(
    conn: AsyncConnection, before: Machine, wanted: Machine, expect: Expect[Machine]
) -> Change[Machine]:
    """Change a locked machine. It holds for the tokens that it asks for from now on."""
    expect(before)
    if wanted == before:
        return Change(before, before)
    after = replace(wanted, version=raised(before.version, epoch_of(conn)))
    await save_machine(conn, after)
    return Change(before, after)


async def rotate_secret(
    conn: AsyncConnection, before: Machine, secret_hash: str, grace: timedelta, act: Act, expect: Expect[Machine]
) -> Machine:
    """Give a locked machine a new secret; the one of before ends after the grace."""
    change = await change_machine(conn, before, before.rotated(secret_hash, grace, act.at), expect)
    return change.after


async def drop_machine(conn: AsyncConnection, before: Machine, expect: Expect[Machine]) -> None:
    """Forget a locked machine."""
    expect(before)
    await remove_machine(conn, before)
