"""The days that a report over time looks at."""

from datetime import date, timedelta

from usher_kit.errors import Invalid

MOST_DAYS = 3_660


def days_of(since: date | None, until: date | None, today: date, *, back: int) -> tuple[date, date]:
    """The first day and the last; without a first, as many days `back`.

    Raises Invalid for days that are none, or more than ten years of them.
    """
    last = until or today
    reach = timedelta(days=back)
    first = since or max(date.min + reach, last) - reach
    if first > last:
        raise Invalid(f"The first day, {first}, is after the last, {last}.", pointer="/since")
    if (last - first).days > MOST_DAYS:
        raise Invalid(f"More than {MOST_DAYS} days at once: ask for less.", pointer="/since")
    return first, last
