"""`usher dashboard`: what is licensed, assigned, free and used, product by product."""

from collections.abc import Iterator, Sequence
from typing import Any

import typer

from usher_cli.clients.calls import Json
from usher_cli.clients.session import open_session, outside
from usher_cli.options import AsJson, At, Org
from usher_cli.output import day, moment, print_json, show, table

RENEWALS = ("ends", "#days left", "organization", "product", "#seats", "state")


def dashboard(ctx: typer.Context, org: Org = None, at: At = None, as_json: AsJson = False) -> None:
    """Show the license dashboard of an organization and its units, or of all that you may see; now, or as it was."""
    with open_session(outside(ctx)) as session:
        answer = session.reporting.dashboard(session.org_id(org), at=at)
    if as_json:
        print_json(answer)
    else:
        print_dashboard(answer)


def print_dashboard(answer: Json) -> None:
    """The dashboard as two tables: a column a product, and the renewals that come up."""
    products = [dict(figures(product)) for product in answer["products"]]
    columns = ("", *(f"#{product['product']}" for product in answer["products"]))
    rows = [(name, *(product[name] for product in products)) for name in products[0]] if products else []
    show(table(f"Licenses as of {moment(answer['as_of'])} UTC", columns, rows))
    if answer["upcoming_renewals"]:
        show("")
        show(table("Upcoming renewals", RENEWALS, map(renewal_row, answer["upcoming_renewals"])))


def figures(product: Json) -> Iterator[tuple[str, Any]]:
    """A product's figures, named for people; an ancestor's pool shows in place of what is not the unit's own."""
    pool = product.get("shared_pool")
    yield "total licensed", f"{pool['total_licensed']} above" if pool else product["total_licensed"]
    yield "assigned", product["assigned"]
    yield "available", f"{pool['available']} above" if pool else product["available"]
    yield "waiting", product["waitlisted"]
    yield "usage", percent(product["usage_percentage"])
    yield "active", product["active_users"]
    yield "inactive", product["inactive_users"]
    yield "never used", product["never_used_users"]
    yield "utilization", percent(product["utilization_percentage"])
    yield "license", product["license_state"]
    yield "over-allocated", product["over_allocated"]
    yield "until", day(product["ends_at"])


def renewal_row(renewal: Json) -> Sequence[Any]:
    return (
        day(renewal["ends_at"]),
        renewal["days_left"],
        renewal["organization"],
        renewal["product"],
        renewal["seats"],
        renewal["state"],
    )


def percent(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f} %"
