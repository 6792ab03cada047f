"""Forecasts are made anew once a day, a few pools at a time, in a process beside this one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from typing import TypeAlias

from usher_kit.clock import Clock
from usher_kit.database import Database
from usher_reporting.domain.demand import FEWEST_WEEKS, Forecast, by_week
from usher_reporting.store.forecasts import find_due, load_changes, save_forecasts
from usher_reporting.use_cases.guesses import forecast_all, stand_back

WEEKS = 105
"""How far a forecast looks: two years."""

DAY = timedelta(days=1)
POOLS = 20
"""Pools of a round: what is lost when a worker ends in its midst."""

Compute: TypeAlias = Callable[[Sequence[Sequence[float]], int], Awaitable[list[Forecast]]]


async def compute_beside(pasts: Sequence[Sequence[float]], weeks: int) -> list[Forecast]:
    """Forecasts by a process that gives way to everything else; by this one where there is nothing to compute."""
    if all(len(past) < FEWEST_WEEKS for past in pasts):
        return forecast_all(pasts, weeks)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=stand_back) as beside:
        return await asyncio.get_running_loop().run_in_executor(beside, forecast_all, pasts, weeks)


async def forecast_due(database: Database, clock: Clock, compute: Compute = compute_beside) -> bool:
    """Forecast the pools that wait for it. Answers whether there may be more.

    No transaction is open while it is computed.
    """
    at = clock.now()
    async with database.transaction_of_all() as conn:
        pools = await find_due(conn, at, DAY, limit=POOLS)
        changes = await load_changes(conn, pools) if pools else []
    if not pools:
        return False
    forecasts = await compute([by_week(one, at.date()) for one in changes], WEEKS)
    async with database.transaction_of_all() as conn:
        await save_forecasts(conn, pools, forecasts, at)
    return len(pools) == POOLS
