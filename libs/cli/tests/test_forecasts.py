"""`usher report forecast`: a table of pools, with what the forecast was worth in the past."""

import json

from .test_commands import World, page

FORECAST = "GET /v1/forecast"
POOL = {
    "org_id": "o", "organization": "North High", "product": "learn", "demand": 951, "capacity": 1_000,
    "runs_out_on": "2026-09-14", "runs_out_earliest_on": "2026-08-31", "runs_out_latest_on": None, "because": "demand",
    "seats_to_buy": 37, "model": "damped_trend", "note": None,
    "backtest": {"errors": [{"model": "last_value", "mean_error": 9.5}, {"model": "damped_trend", "mean_error": 2.25}]},
}  # fmt: skip


def test_a_pools_forecast_is_a_row_beside_the_naive_ones_error() -> None:
    young = {**POOL, "backtest": None, "model": "last_value", "note": "Too little history (3 of 12 weeks): stays."}
    world = World(**{FORECAST: page(POOL, young)})
    result = world.run("report", "forecast", "--product", "learn", "--days", "365")
    assert result.exit_code == 0, result.output
    asked = {"product": "learn", "horizon_days": "365", "confidence": "80.0", "limit": "50"}
    assert world.query_of(FORECAST) == asked
    for word in ("North High", "2026-09-14", "37", "2.25", "9.5"):
        assert word in result.stdout
    assert "Too little history" in result.stderr
    assert json.loads(world.run("report", "forecast", "--json").stdout) == page(POOL, young)
