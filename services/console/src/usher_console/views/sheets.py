"""Reports as pages: which columns each shows, and what it can be narrowed by (guide: Reports → License Claims)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from usher_console.views import cells
from usher_console.views.cells import Cell, Row, Show
from usher_console.views.wording import COMBINED, PRODUCTS, SEAT_STATES, Choice, spelled

Kind = Literal["choice", "word", "day", "since", "until"]
"""`day` is a date as it is; `since` and `until` are days whose beginning and end are meant, as points in time."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column; figures stand to the right, and a `key` column names its row. `is_whole` is never broken into lines.

    One that is optional is left out where it says nothing.
    """

    label: str
    show: Show
    is_figure: bool = False
    is_key: bool = False
    is_whole: bool = False
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """What a report is narrowed by: the API's name, what a reader calls it, and what may be chosen."""

    name: str
    label: str
    kind: Kind = "choice"
    options: Mapping[str, str] | None = None
    anything: str = "Any"
    is_many: bool = False
    """Whether the API takes several, of which the page chooses one."""

    def choices(self, chosen: str) -> list[Choice]:
        options = self.options or {}
        every = [Choice("", self.anything, chosen not in options)] if self.anything else []
        return [*every, *(Choice(value, label, value == chosen) for value, label in options.items())]

    def sent(self, given: str) -> str | list[str]:
        """What the API is asked for a value as it was chosen or typed."""
        if self.kind == "since":
            return f"{given}T00:00:00Z"
        if self.kind == "until":
            return f"{given}T23:59:59.999999Z"
        return [given] if self.is_many else given


@dataclass(frozen=True, slots=True)
class Table:
    """What a page shows: columns, and rows of as many cells."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One report's page, by the name that reporting has for it.

    `lead` says what it is for; `empty` what it means that there are no rows.
    """

    name: str
    title: str
    lead: str
    path: str
    columns: Sequence[Column]
    filters: Sequence[Filter] = ()
    empty: str = "Nothing matches. Choose another time, or clear the filters."
    has_past: bool = True
    has_file: bool = True
    beside: tuple[str, str] | None = None
    """The report next to it, as its name and what its link says."""

    def table(self, rows: Sequence[Row]) -> Table:
        """The rows as they are shown, without columns that say nothing of any of them."""
        shown = [(column, [column.show(row) for row in rows]) for column in self.columns]
        kept = [
            (column, found)
            for column, found in shown
            if not column.is_optional or any(cell != Cell() for cell in found)
        ]
        return Table([column for column, _ in kept], list(zip(*(found for _, found in kept), strict=True)))


def named(*words: str) -> dict[str, str]:
    return {one: spelled(one) for one in words}


PRODUCT = Filter(
    "product", "Product", options={product: name for product, (name, _) in PRODUCTS.items() if product != COMBINED}
)
KIND = Filter(
    "kind",
    "What happened",
    options=named("assigned", "waitlisted", "promoted", "suspended", "restored", "withheld", "moved", "released"),
)
STATE = Filter(
    "state", "State", options={state: badge.label for state, badge in SEAT_STATES.items() if state != "none"}
)
ACTIVITY = Filter("activity", "Use", options={use: badge.label for use, badge in cells.ACTIVITIES.items()})
STATUS = Filter("status", "Status", options={status: badge.label for status, badge in cells.STANDINGS.items()})
OUTCOME = Filter("outcome", "Outcome", options={one: badge.label for one, badge in cells.OUTCOMES.items()})
PERIOD = Filter("period", "Count by", options={"day": "Day", "month": "Month"}, anything="")
GROUP = Filter(
    "group_by",
    "Count by",
    options={"month": "Month", "product": "Product", "organization": "Organization", "reason": "Reason"},
    anything="",
    is_many=True,
)
WITHIN = Filter(
    "within_days",
    "Ends within",
    options={"30": "30 days", "90": "90 days", "365": "A year", "3650": "Ten years"},
    anything="",
)
HORIZON = Filter(
    "horizon_days",
    "Looking ahead",
    options={"180": "Half a year", "90": "Three months", "365": "A year", "730": "Two years"},
    anything="",
)
CONFIDENCE = Filter(
    "confidence", "So sure", options={"80": "80 %", "50": "50 %", "90": "90 %", "95": "95 %"}, anything=""
)
FROM, TO = Filter("from", "From", "since"), Filter("to", "To", "until")
FIRST, LAST = Filter("since", "From", "day"), Filter("until", "To", "day")

WHERE = Column("Organization", cells.text("organization"))

SHEETS: Mapping[str, Sheet] = {
    sheet.name: sheet
    for sheet in (
        Sheet(
            "claims",
            "License claims",
            "Every change of every seat: when, whose, from what to what, and why.",
            "/v1/claims",
            (
                Column("When", cells.time("at"), is_key=True),
                Column("Person", cells.person, is_whole=True),
                Column("Seat", cells.seat),
                Column("What", cells.word("kind")),
                Column("State", cells.state),
                Column("Why", cells.word("reason")),
                WHERE,
                Column("By", cells.actor),
            ),
            (PRODUCT, KIND, FROM, TO),
            beside=("claim-patterns", "Patterns"),
        ),
        Sheet(
            "claim-patterns",
            "Claim patterns",
            "Claims counted: what came and went, how long people waited, and how many seats changed hands.",
            "/v1/claims/patterns",
            (
                Column("Period", cells.period, is_key=True),
                Column("Product", cells.product, is_optional=True),
                Column("Organization", cells.text("organization"), is_optional=True),
                Column("Why", cells.word("reason"), is_optional=True),
                Column("Claims", cells.number("claims"), is_figure=True),
                Column("Assigned", cells.number("assigned"), is_figure=True),
                Column("Promoted", cells.number("promoted"), is_figure=True),
                Column("Waitlisted", cells.number("waitlisted"), is_figure=True),
                Column("Released", cells.number("released"), is_figure=True),
                Column("Net", cells.number("net_change"), is_figure=True),
                Column("Held", cells.number("seats_held"), is_figure=True),
                Column("Churn", cells.share("churn_percentage"), is_figure=True),
                Column("Half waited", cells.within("waited_median_seconds"), is_figure=True),
            ),
            (GROUP, PRODUCT, FIRST, LAST),
            beside=("claims", "Every claim"),
        ),
        Sheet(
            "assignments",
            "Assignments",
            "Who holds or awaits which seat, since when, and whether it is used.",
            "/v1/assignments",
            (
                Column("Person", cells.person, is_key=True),
                Column("Seat", cells.seat),
                Column("State", cells.state),
                Column("Since", cells.date_of("since"), is_whole=True),
                Column("Use", cells.activity),
                Column("Last login", cells.time("last_login_at"), is_whole=True),
                WHERE,
            ),
            (PRODUCT, STATE, ACTIVITY),
        ),
        Sheet(
            "usage",
            "Usage over time",
            "How many different people came, and how often, day by day or month by month.",
            "/v1/usage/organizations",
            (
                Column("Starts", cells.date_of("starts_on"), is_key=True),
                WHERE,
                Column("Active people", cells.number("active_people"), is_figure=True),
                Column("Logins", cells.number("logins"), is_figure=True),
            ),
            (PERIOD, FIRST, LAST),
            empty="Nobody came in that time, as far as logins are told.",
        ),
        Sheet(
            "compliance",
            "Compliance",
            "Who keeps to what was bought, what was found, and what to do about it.",
            "/v1/compliance",
            (
                Column("Organization", cells.text("organization"), is_key=True),
                Column("Product", cells.product),
                Column("Status", cells.standing),
                Column("Since", cells.date_of("since"), is_whole=True),
                Column("Findings", cells.finding),
            ),
            (STATUS, PRODUCT),
        ),
        Sheet(
            "renewals",
            "Upcoming renewals",
            "The license terms that end soon, the soonest first.",
            "/v1/renewals",
            (
                Column("Ends", cells.date_of("ends_at"), is_key=True),
                Column("Days left", cells.number("days_left"), is_figure=True),
                WHERE,
                Column("Product", cells.product),
                Column("Seats", cells.number("seats"), is_figure=True),
                Column("State", cells.license_state),
            ),
            (WITHIN,),
            empty="No license ends in that time.",
        ),
        Sheet(
            "forecast",
            "Forecast",
            "When seats run out, and how many to buy: by who joined, left and waits, and by what ends.",
            "/v1/forecast",
            (
                Column("Organization", cells.text("organization"), is_key=True),
                Column("Product", cells.product),
                Column("Wanted now", cells.number("demand"), is_figure=True),
                Column("Seats", cells.number("capacity"), is_figure=True),
                Column("Runs out", cells.runs_out, is_whole=True),
                Column("Because", cells.word("because")),
                Column("Seats to buy", cells.number("seats_to_buy"), is_figure=True),
                Column("By", cells.word("model")),
                Column("Wrong in the past by", cells.errors),
            ),
            (PRODUCT, HORIZON, CONFIDENCE),
            empty="No license is running, so that there is nothing to run out.",
            has_past=False,
            has_file=False,
        ),
        Sheet(
            "audit",
            "Audit log",
            "What was done to licenses, people and roles, by whom. The log is chained, and cannot be rewritten.",
            "/v1/audit",
            (
                Column("When", cells.time("at"), is_key=True),
                Column("Act", cells.text("act")),
                Column("On", cells.text("target")),
                Column("By", cells.actor),
                Column("Outcome", cells.outcome),
                WHERE,
                Column("Service", cells.text("service")),
            ),
            (OUTCOME, FROM, TO),
            has_past=False,
        ),
    )
}  # fmt: skip
"""In the order in which the navigation lists them."""
