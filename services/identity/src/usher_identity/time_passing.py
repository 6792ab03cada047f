"""Letting transfers lapse behind the acts that overtook them: imports, moves, archives, of either tenant."""

from usher_contracts.envelope import Cause
from usher_identity.use_cases.deciding_transfers import lapse_overtaken
from usher_identity.use_cases.recording import Act
from usher_identity.use_cases.recording_transfers import Doing
from usher_kit.runtime import Runtime


async def lapse_transfers(runtime: Runtime) -> bool:
    """Let some lapse. Answers whether there were any."""
    doing = Doing(Act(runtime.clock.now(), Cause()), home=None)
    async with runtime.database.transaction_of_all() as conn:
        return await lapse_overtaken(conn, doing)
