"""The allocation by organization: its columns, its orders and its pages."""

from uuid import UUID

import pytest

from usher_console.clients.reporting import UnitFigures, UnitProduct
from usher_console.views.allocation import PAGE, allocation

from . import story


def names(sort: str, start: int = 0) -> list[str]:
    return [row.name for row in allocation(story.units(), sort=sort, start=start).rows]


def test_by_name_the_units_stand_as_the_tree_that_they_form() -> None:
    rows = allocation(story.units()).rows
    assert [(row.depth, row.name) for row in rows] == [
        (0, "Springfield District"),
        (1, "Jefferson High School"),
        (1, "Lincoln High School"),
        (1, "Roosevelt Middle School"),
        (1, "Washington Elementary"),
    ]


def test_by_a_figure_they_stand_flat_and_those_without_it_come_last_both_ways() -> None:
    assert names("-learn.assigned")[:2] == ["Springfield District", "Washington Elementary"]
    assert names("learn.assigned")[0] == "Lincoln High School"
    assert names("-learn.total_licensed")[0] == names("learn.total_licensed")[0] == "Springfield District"


def test_a_heading_turns_the_order_in_force_and_begins_others_with_the_greatest() -> None:
    shown = allocation(story.units(), sort="-learn.assigned")
    by_sort = {column.sort: column.direction for column in shown.columns}
    assert by_sort["learn.assigned"] == "descending"
    assert by_sort["-observe.waitlisted"] is None
    assert (shown.name_column.sort, shown.name_column.direction) == ("name", None)
    assert allocation(story.units()).name_column.sort == "-name"


def test_an_order_that_there_is_none_of_is_by_name() -> None:
    assert allocation(story.units(), sort="-learn.__class__").sort == "name"


def test_each_product_is_a_group_of_columns_and_combined_is_only_counted() -> None:
    assert allocation(story.units()).groups == [("Learn", 4), ("Observe", 4), ("Combined", 1)]


def test_a_long_list_is_cut_in_pages() -> None:
    many = [
        UnitFigures(org_id=UUID(int=n), name=f"School {n:03}", products=[UnitProduct(product="learn")])
        for n in range(PAGE + 1)
    ]
    first, second = allocation(many), allocation(many, start=PAGE)
    assert (len(first.rows), first.next_start, first.previous_start) == (PAGE, PAGE, None)
    assert (len(second.rows), second.next_start, second.previous_start) == (1, None, 0)


@pytest.mark.parametrize(("field", "value", "tone"), [("available", -3, "stop"), ("waitlisted", 3, "care")])
def test_what_wants_a_look_has_a_tone(field: str, value: int, tone: str) -> None:
    unit = UnitFigures(org_id=UUID(int=1), name="A", products=[UnitProduct(product="learn", **{field: value})])
    figures = {line.key.rpartition(".")[2]: line for line in allocation([unit]).rows[0].figures}
    assert figures[field].tone == tone


def test_a_cycle_of_parents_hides_nobody_else() -> None:
    loop = [
        UnitFigures(org_id=UUID(int=91), name="A", parent_id=UUID(int=92)),
        UnitFigures(org_id=UUID(int=92), name="B", parent_id=UUID(int=91)),
    ]
    assert len(allocation([*story.units(), *loop]).rows) == len(story.units())
