"""What reporting does because time passes: compliance, forecasts, old history, BI sessions that take too long."""

from usher_kit.loops import Loop
from usher_kit.runtime import Runtime
from usher_reporting.domain.compliance import Thresholds
from usher_reporting.store.bi_users import end_overlong
from usher_reporting.use_cases.compliance import judge_compliance
from usher_reporting.use_cases.forecasting import forecast_due
from usher_reporting.use_cases.thinning import thin_usage

COMPLIANCE_SECONDS = 15.0
THIN_SECONDS = 3_600.0
FORECAST_SECONDS = 60.0
OVERLONG_SECONDS = 15.0
PATIENCE_SECONDS = 10
"""What a session of BI may go on beyond its own timeout before it is ended from outside."""


async def judge_all(runtime: Runtime) -> bool:
    """One round, over all tenants. It counts pools and headcounts, not people, and answers that it is done."""
    settings = runtime.settings
    thresholds = Thresholds(settings.risk_usage_percent, settings.risk_inactive_percent, settings.risk_days_left)
    async with runtime.database.transaction_of_all() as conn:
        await judge_compliance(conn, runtime.clock.now(), thresholds)
    return False


JUDGE_COMPLIANCE: Loop[Runtime] = Loop("compliance", COMPLIANCE_SECONDS, judge_all)


async def thin_all(runtime: Runtime) -> bool:
    """One round, over all tenants. Answers that it is done."""
    async with runtime.database.transaction_of_all() as conn:
        await thin_usage(conn, runtime.clock.now())
    return False


THIN_USAGE: Loop[Runtime] = Loop("thin usage", THIN_SECONDS, thin_all)


async def forecast_all(runtime: Runtime) -> bool:
    """One round, over the pools whose forecast is a day old. Answers whether there may be more."""
    return await forecast_due(runtime.database, runtime.clock)


FORECAST: Loop[Runtime] = Loop("forecast", FORECAST_SECONDS, forecast_all)


async def end_overlong_bi(runtime: Runtime) -> bool:
    """One round, over all logins of BI. Answers that it is done."""
    async with runtime.database.transaction() as conn:
        await end_overlong(conn, runtime.settings.bi_timeout_seconds + PATIENCE_SECONDS)
    return False


END_OVERLONG_BI: Loop[Runtime] = Loop("end overlong BI", OVERLONG_SECONDS, end_overlong_bi)
