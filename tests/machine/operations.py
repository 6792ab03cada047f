"""What the machine may do: a table of operations on a district and on the system that serves it.

An operation draws what it needs, acts, and enters in the books what was acknowledged. To add one, write a function and
a line of the table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import strategies as st
from tests.chaos.faults import CONSUMER, POINTS, RELAY

from usher_contracts.catalogue import LISTENERS

from .books import DEFAULT_RULES, PRODUCTS, Person, Unit
from .licenses import Term
from .world import Draw, World

ROLES = ("learner", "observer", "observable", "org_admin", "reporter")
BECOMES = {"active": ("suspended", "archived"), "suspended": ("active", "archived"), "archived": ("active",)}
RULES = (
    dict.fromkeys(DEFAULT_RULES, 0),
    {("learner", "learn"): 0, ("observer", "observe"): 0},
    {("learner", "learn"): 1, ("org_admin", "learn"): 0, ("reporter", "observe"): 0},
    {("learner", "observe"): 2, ("observer", "observe"): 1, ("observable", "learn"): 0},
)
OVERAGES = ("block", "block", "percent:50", "allow")
SHRINKS = ("keep", "keep", "last_assigned", "least_recently_active")
MOST_UNITS = 6

ASKED = ("identity", "entitlements-1")
"""Processes that acts are sent to: they are started again at once."""

NOT_ASKED = ("entitlements-2", "usage", "notifications", "reporting")
"""Processes that can stay away for a while."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing to do, when it can be done, and how often beside the others."""

    act: Callable[[World, Draw], None]
    when: Callable[[World], bool] = lambda _: True
    often: int = 1

    def __repr__(self) -> str:
        return self.act.__name__


def somebody(world: World, draw: Draw) -> Person:
    return world.books.people[draw(st.sampled_from(list(world.books.people)))]


def some_unit(world: World, draw: Draw) -> str:
    return draw(st.sampled_from(list(world.books.parents)))


def some_roles(draw: Draw) -> frozenset[str]:
    return draw(st.frozensets(st.sampled_from(ROLES), max_size=3))


def changeable(world: World) -> Sequence[Term]:
    """The terms that are not over: one that is, is not changed any more."""
    books, at = world.books, world.now
    return [one for one in books.terms.values() if not books.license(one.org_id, one.product).is_over(one, at)]


def some_pool(world: World, draw: Draw) -> Unit:
    return draw(st.sampled_from(list(world.books.pools(world.now))))


# People, units and what they want


def make_people(world: World, draw: Draw) -> None:
    unit = some_unit(world, draw)
    for _ in range(draw(st.integers(1, 4))):
        world.make_person(unit, some_roles(draw))


def set_roles(world: World, draw: Draw) -> None:
    world.set_roles(somebody(world, draw), some_roles(draw))


def change_status(world: World, draw: Draw) -> None:
    person = somebody(world, draw)
    world.change_status(person, draw(st.sampled_from(BECOMES[person.status])))


def move_person(world: World, draw: Draw) -> None:
    world.move_person(somebody(world, draw), some_unit(world, draw))


def open_unit(world: World, draw: Draw) -> None:
    world.open_unit(some_unit(world, draw))


def move_unit(world: World, draw: Draw) -> None:
    unit = draw(st.sampled_from([one for one, parent in world.books.parents.items() if parent is not None]))
    below = world.books.under(unit)
    world.move_unit(unit, draw(st.sampled_from([one for one in world.books.parents if one not in below])))


# Licenses


def buy(world: World, draw: Draw) -> None:
    """One that has begun, or begins in some days; for few people, so that some wait."""
    starts, lasts = draw(st.sampled_from((-1, -1, -1, 2, 20))), draw(st.sampled_from((3, 30, 400)))
    values = {
        "seats": draw(st.integers(0, 4)),
        "starts_at": world.at_noon(starts),
        "ends_at": world.at_noon(starts + lasts),
        "grace_days": draw(st.sampled_from((0, 5))),
        "overage": draw(st.sampled_from(OVERAGES)),
        "shrink": draw(st.sampled_from(SHRINKS)),
    }
    world.buy(some_unit(world, draw), draw(st.sampled_from(PRODUCTS)), values)


def give_seats(world: World, draw: Draw) -> None:
    """Raise or lower how many seats a term gives."""
    world.change_term(draw(st.sampled_from(changeable(world))), seats=draw(st.integers(0, 6)))


def change_end(world: World, draw: Draw) -> None:
    """Have a term end sooner or later than it was to."""
    term = draw(st.sampled_from(changeable(world)))
    starts_in = max(0, (term.starts_at - world.now).days + 1)
    world.change_term(term, ends_at=world.at_noon(starts_in + draw(st.sampled_from((1, 10, 100)))))


def end_term(world: World, draw: Draw) -> None:
    world.end_term(draw(st.sampled_from(changeable(world))))


def set_rules(world: World, draw: Draw) -> None:
    world.set_rules(draw(st.sampled_from(RULES)))


# Seats, by hand


def withhold(world: World, draw: Draw) -> None:
    world.withhold(somebody(world, draw), draw(st.sampled_from(PRODUCTS)))


def lift(world: World, draw: Draw) -> None:
    user, product = draw(st.sampled_from(list(world.books.withheld)))
    world.lift(world.books.people[user], product)


def order_line(world: World, draw: Draw) -> None:
    world.order_line(some_pool(world, draw))


def release_excess(world: World, draw: Draw) -> None:
    world.release_excess(some_pool(world, draw), draw(st.sampled_from(SHRINKS[2:])))


# Inactivity


def set_policy(world: World, draw: Draw) -> None:
    """Who does not come for some days loses the seat, or nobody does."""
    unit, product = some_unit(world, draw), draw(st.sampled_from(PRODUCTS))
    world.set_policy(unit, product, 10, draw(st.sampled_from((20, 20, None))))


# Time


def let_pass(world: World, draw: Draw) -> None:
    world.let_pass(draw(st.sampled_from((1, 4, 25, 90))))


# Logins


def tell_login(world: World, draw: Draw) -> None:
    """Late and out of order."""
    world.tell_login(somebody(world, draw), world.now - timedelta(days=draw(st.integers(0, 60))))


def tell_login_fact(world: World, draw: Draw) -> None:
    at = world.now - timedelta(days=draw(st.integers(0, 60)))
    world.tell_login_fact(somebody(world, draw), at, times=draw(st.integers(1, 3)))


# Messages


def keep_from_a_service(world: World, draw: Draw) -> None:
    world.keep_from(draw(st.sampled_from(list(LISTENERS))))


def tell_late(world: World, _: Draw) -> None:
    world.tell_late()


def tell_again(world: World, draw: Draw) -> None:
    draw(st.sampled_from((world.echoes.tell_again_singly, world.echoes.tell_again_in_batches)))()


def tell_old_again(world: World, draw: Draw) -> None:
    draw(st.sampled_from((world.echoes.tell_old_after_new, world.echoes.tell_old_and_new_in_batches)))()


# Processes


def restart(world: World, draw: Draw) -> None:
    process = draw(st.sampled_from([one for one in (*ASKED, *NOT_ASKED) if one not in world.away]))
    world.end(process, by_force=draw(st.booleans()))
    world.bring_back(process)


def die_at_a_point(world: World, draw: Draw) -> None:
    """On the way of the facts of a change of roles."""
    process = draw(st.sampled_from([one for one in (*ASKED, *NOT_ASKED) if one not in world.away]))
    point = draw(st.sampled_from([one for one in POINTS[process] if one in (*CONSUMER, *RELAY)]))
    person, roles = somebody(world, draw), some_roles(draw)
    world.die_at(process, point, lambda: world.set_roles(person, roles))


def end(world: World, draw: Draw) -> None:
    world.end(draw(st.sampled_from(NOT_ASKED)), by_force=draw(st.booleans()))


def bring_back(world: World, draw: Draw) -> None:
    world.bring_back(draw(st.sampled_from(sorted(world.away))))


def has_people(world: World) -> bool:
    return bool(world.books.people)


def has_pools(world: World) -> bool:
    return bool(world.books.pools(world.now))


def hears_of_units(world: World) -> bool:
    """Whether entitlements comes to know a unit that was just opened: nothing is bought for one that it does not."""
    return world.kept != "entitlements"


OPERATIONS: Sequence[Operation] = (
    Operation(make_people, often=3),
    Operation(set_roles, has_people, often=3),
    Operation(change_status, has_people, often=3),
    Operation(move_person, has_people, often=2),
    Operation(open_unit, lambda world: len(world.books.parents) < MOST_UNITS),
    Operation(move_unit),
    Operation(buy, hears_of_units, often=2),
    Operation(give_seats, lambda world: bool(changeable(world)), often=2),
    Operation(change_end, lambda world: bool(changeable(world))),
    Operation(end_term, lambda world: bool(changeable(world))),
    Operation(set_rules, hears_of_units),
    Operation(withhold, has_people, often=2),
    Operation(lift, lambda world: bool(world.books.withheld)),
    Operation(order_line, has_pools),
    Operation(release_excess, has_pools),
    Operation(set_policy, lambda world: world.kept != "usage" and "usage" not in world.away),
    Operation(let_pass, often=2),
    Operation(tell_login, has_people, often=2),
    Operation(tell_login_fact, has_people),
    Operation(keep_from_a_service, lambda world: world.kept is None),
    Operation(tell_late, lambda world: world.kept is not None),
    Operation(tell_again),
    Operation(tell_old_again),
    Operation(restart),
    Operation(die_at_a_point, has_people, often=3),
    Operation(end, lambda world: not world.away),
    Operation(bring_back, lambda world: bool(world.away)),
)
