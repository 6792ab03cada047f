"""Guesses at demand by statsmodels, for a process of its own: the library is large, and slow to load."""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from usher_reporting.domain.demand import YEAR, Forecast, Guess, forecast

SEASONS = 2
"""Years of history from which on a season can be told from chance."""


def forecast_all(pasts: Sequence[Sequence[float]], weeks: int) -> list[Forecast]:
    """The forecast of each of these histories. To be run where nothing waits for it."""
    models: dict[str, tuple[int, Guess]] = {
        "damped_trend": (8, damped_trend),
        "seasonal_trend": (SEASONS * YEAR, seasonal_trend),
    }
    return [forecast(past, weeks, models) for past in pasts]


def damped_trend(past: Sequence[float], weeks: int) -> Sequence[float]:
    """Exponential smoothing with a trend that fades (Gardner and McKenzie)."""
    if len(set(past)) == 1:
        return [past[-1]] * weeks
    from statsmodels.tsa.holtwinters import ExponentialSmoothing  # noqa: PLC0415 (takes seconds)

    with no_warnings():
        smoothing = ExponentialSmoothing(past, trend="add", damped_trend=True, initialization_method="estimated")
        return list(map(float, smoothing.fit().forecast(weeks)))


def seasonal_trend(past: Sequence[float], weeks: int) -> Sequence[float]:
    """What is left without the season, by a damped trend, and the season put back (Cleveland's decomposition)."""
    from statsmodels.tsa.seasonal import STL  # noqa: PLC0415 (takes seconds)

    with no_warnings():
        season = list(map(float, STL(past, period=YEAR, robust=True).fit().seasonal))
    rest = damped_trend([value - part for value, part in zip(past, season, strict=True)], weeks)
    return [value + season[len(past) - YEAR + week % YEAR] for week, value in enumerate(rest)]


@contextmanager
def no_warnings() -> Iterator[None]:
    """That a fit is no perfect one is for the backtest to say, not for a log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def stand_back() -> None:
    """Let everything else of the machine go first."""
    os.nice(10)
