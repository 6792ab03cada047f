"""Demand for seats, week by week: what it may become, and how wrong such a guess was in the past (guide: Forecast).

A guess is judged by rolling origins: at each of several past weeks it is made from what was known by then, and held
against what came. Nothing of a later week is ever shown to it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import sqrt
from typing import TypeAlias

Guess: TypeAlias = Callable[[Sequence[float], int], Sequence[float]]
"""From the demand of each week until now, that of so many weeks that follow."""

WEEK = timedelta(days=7)
YEAR = 52
FEWEST_WEEKS = 12
"""Below this a history says nothing but its last week."""

AHEAD = 8
"""Weeks ahead that guesses are judged by."""

ORIGINS = 12
LAST_VALUE, SEASONAL_NAIVE = "last_value", "seasonal_naive"


@dataclass(frozen=True, slots=True)
class Error:
    """How wrong a guess was: on average, in seats; and as a share of the average change from one week to the next.

    `scaled` is none where demand never changed. Source of it: Hyndman and Koehler's mean absolute scaled error.
    """

    mean: float
    scaled: float | None


@dataclass(frozen=True, slots=True)
class Backtest:
    """What guesses from `origins` past weeks, each of up to `weeks` ahead, were worth."""

    weeks: int
    origins: int
    errors: Mapping[str, Error]
    spread: float
    """How far the best of them went astray a week ahead, in seats (root mean square); it grows as the root of weeks."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The chosen guess: what demand changes by until each of the weeks to come. No backtest where history is short."""

    model: str
    history_weeks: int
    changes: Sequence[float]
    spread: float
    backtest: Backtest | None


def last_value(past: Sequence[float], weeks: int) -> Sequence[float]:
    """All stays as it is."""
    return [past[-1]] * weeks


def seasonal_naive(past: Sequence[float], weeks: int) -> Sequence[float]:
    """Each week changes demand as much as it did a year before. Needs a year and a week."""
    guess, level = [], past[-1]
    for week in range(weeks):
        place = len(past) - YEAR + week % YEAR
        level += past[place] - past[place - 1]
        guess.append(level)
    return guess


def forecast(past: Sequence[float], weeks: int, models: Mapping[str, tuple[int, Guess]]) -> Forecast:
    """The forecast by whichever guess erred least in the past; of equals the plainest, since it comes first.

    `models` are guesses beside the naive ones, each with the fewest weeks that it needs.
    """
    if len(past) < FEWEST_WEEKS:
        return Forecast(LAST_VALUE, len(past), [0.0] * weeks, spread_of_changes(past), None)
    guesses = {LAST_VALUE: (1, last_value), SEASONAL_NAIVE: (YEAR + 1, seasonal_naive), **models}
    judged = backtest(past, guesses)
    best = min(judged.errors, key=lambda name: judged.errors[name].mean)
    changes = [value - past[-1] for value in guesses[best][1](past, weeks)]
    return Forecast(best, len(past), changes, judged.spread, judged)


def backtest(past: Sequence[float], guesses: Mapping[str, tuple[int, Guess]]) -> Backtest:
    """Judge guesses side by side, each from the same weeks; those that have too little history for it are left out.

    Half of the history at least comes before the first origin.
    """
    ahead = min(AHEAD, max(1, len(past) // 4))
    first = max(FEWEST_WEEKS // 2, len(past) // 2)
    last = len(past) - ahead
    step = max(1, -(-(last - first + 1) // ORIGINS))
    origins = list(range(last, first - 1, -step))[::-1]
    judged = {name: guess for name, (fewest, guess) in guesses.items() if fewest <= origins[0]}
    misses = {name: list(missed(past, origins, ahead, guess)) for name, guess in judged.items()}
    scale = mean_change(past[: origins[0]])
    errors = {name: to_error([miss for _, miss in found], scale) for name, found in misses.items()}
    best = min(errors, key=lambda name: errors[name].mean)
    spread = sqrt(sum(miss * miss / week for week, miss in misses[best]) / len(misses[best]))
    return Backtest(ahead, len(origins), errors, spread)


def missed(past: Sequence[float], origins: Sequence[int], ahead: int, guess: Guess) -> Iterator[tuple[int, float]]:
    """How many weeks ahead, and by how many seats, the guess was wrong from each origin."""
    for origin in origins:
        for week, value in enumerate(guess(past[:origin], ahead), 1):
            yield week, past[origin + week - 1] - value


def to_error(misses: Sequence[float], scale: float) -> Error:
    mean = sum(map(abs, misses)) / len(misses)
    return Error(mean, mean / scale if scale else None)


def mean_change(past: Sequence[float]) -> float:
    """The average of what demand changed by from one week to the next."""
    changes = [abs(after - before) for before, after in pairwise(past)]
    return sum(changes) / len(changes) if changes else 0.0


def spread_of_changes(past: Sequence[float]) -> float:
    """What a week changes demand by, as a root mean square."""
    changes = [after - before for before, after in pairwise(past)]
    return sqrt(sum(one * one for one in changes) / len(changes)) if changes else 0.0


def by_week(changes: Mapping[date, int], today: date) -> list[float]:
    """Demand at the end of each whole week from the first change on, by what each week (its Monday) changed it by."""
    demand: list[float] = []
    level, week = 0, min(changes, default=today)
    while week + WEEK <= today:
        level += changes.get(week, 0)
        demand.append(level)
        week += WEEK
    return demand
