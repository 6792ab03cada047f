"""Verification finds every way in which a log can be tampered with, says where, and finds nothing in a whole one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_kit.audit_log.chain import start
from usher_kit.audit_log.verification import Checkpoint, Line

from .story import DAY, OTHER, TENANT, Log, act, log_of

SIZES = st.lists(st.integers(1, 9), max_size=6)


@given(SIZES)
def test_a_whole_log_verifies(sizes: list[int]) -> None:
    log = log_of(*sizes)
    assert log.verify() == []
    assert log.verify(log.kept()) == []


def edited(line: Line) -> Line:
    return replace(line, document=line.document.replace("user:7", "user:8"))


def test_an_edit_is_found() -> None:
    log = log_of(2, 3)
    log.lines[3] = edited(log.lines[3])
    assert log.found() == {("entry_changed", "entry 4"), ("listing_changed", "entry 4"), ("batch_changed", "batch 2")}


def test_an_edit_of_what_an_entry_is_found_by_is_found() -> None:
    log = log_of(2, 3)
    log.lines[3] = replace(log.lines[3], listing=replace(log.lines[3].listing, actor="user:8", at=DAY - timedelta(1)))
    [finding] = log.verify()
    assert (finding.code, finding.place) == ("listing_changed", "entry 4")
    assert "at, actor" in finding.text


def test_a_removal_is_found() -> None:
    log = log_of(2, 3)
    del log.lines[2:4]
    assert ("entries_missing", "entries 3 to 4") in log.found()


def test_a_removal_that_closes_the_gap_is_found() -> None:
    log = log_of(2, 3)
    del log.lines[2]
    log.lines[2:] = [replace(line, position=line.position - 1) for line in log.lines[2:]]
    assert {("entry_changed", "entry 3"), ("entries_missing", "entry 5")} <= log.found()


def test_an_insertion_is_found() -> None:
    log, other = log_of(2, 3), log_of(1)
    log.lines[3:] = [
        replace(other.lines[0], position=4),
        *(replace(line, position=line.position + 1) for line in log.lines[3:]),
    ]
    assert {("entry_changed", "entry 4"), ("entry_changed", "entry 5"), ("entries_unbatched", "entry 6")} <= log.found()


def test_a_reordering_is_found() -> None:
    log = log_of(2, 3)
    one, two = log.lines[2:4]
    log.lines[2:4] = [replace(two, position=3), replace(one, position=4)]
    places = {place for code, place in log.found() if code == "entry_changed"}
    assert places == {"entry 3", "entry 4", "entry 5"}


def test_a_log_out_of_order_is_found() -> None:
    log = log_of(3)
    log.lines[1:] = reversed(log.lines[1:])
    assert ("entry_out_of_place", "entry 2") in log.found()


def test_a_truncation_is_found_by_batches_and_checkpoints() -> None:
    log = log_of(2, 3)
    del log.lines[4:]
    assert log.found() == {("entries_missing", "entry 5")}
    del log.lines[2:], log.batches[1:]
    assert log.found() == {("entries_missing", "entries 3 to 5")}


def test_a_clean_truncation_is_found_by_what_was_kept_elsewhere() -> None:
    log = log_of(2, 3)
    kept = log.kept()
    del log.lines[2:], log.batches[1:], log.statements[1:]
    assert log.found() == set()
    assert log.found(kept) == {("entries_missing", "entries 3 to 5"), ("checkpoints_missing", "checkpoint 2")}


def rewritten(log: Log) -> Log:
    """The same acts, but for one, with every hash computed anew."""
    anew = Log(log.tenant_id)
    for batch in log.batches:
        anew.hear(*(act(f"user-{position}") for position in range(batch.first, batch.last + 1)))
    return anew


def test_a_full_rewrite_is_found_by_the_checkpoints() -> None:
    log = log_of(2, 3)
    anew = rewritten(log)
    anew.statements = log.statements
    assert anew.found() == {("log_rewritten", "entries 1 to 2"), ("log_rewritten", "entries 1 to 5")}


def test_a_full_rewrite_with_new_checkpoints_is_found_by_those_kept_elsewhere() -> None:
    log = log_of(2, 3)
    anew = rewritten(log)
    assert anew.found() == set()
    assert ("log_rewritten", "entries 1 to 2") in anew.found(log.kept())


def test_a_rewrite_begins_after_the_last_good_checkpoint() -> None:
    log = log_of(2, 3, 1)
    anew = Log()
    anew.lines, anew.batches = log.lines[:2], log.batches[:1]
    anew._head = replace(
        start(TENANT), entries=2, last_hash=log.lines[1].hash, batches=1, batch_hash=log.batches[0].hash
    )
    anew.hear(*(act() for _ in range(3)))
    assert anew.found(log.kept()[:2]) >= {("log_rewritten", "entries 3 to 5")}


def test_batches_have_no_gaps_and_no_edits() -> None:
    log = log_of(2, 3, 1)
    del log.batches[1]
    assert ("batches_missing", "batch 2") in log.found()
    log = log_of(2, 3)
    log.batches[1] = replace(log.batches[1], at=DAY - timedelta(days=1))
    assert log.found() == {("batch_changed", "batch 2")}


def test_a_checkpoint_of_another_log_is_none_of_this() -> None:
    log, other = log_of(2), log_of(2, tenant_id=OTHER)
    assert log.found(other.kept()) == {("checkpoint_misplaced", "kept.jsonl, line 1")}


def test_an_end_that_nobody_signed_is_found() -> None:
    log = log_of(2, 3)
    del log.statements[1]
    assert log.found() == {("entries_unsigned", "entries 3 to 5")}
    del log.statements[:]
    assert log.found() == {("entries_unsigned", "entries 1 to 5")}


def test_a_stored_checkpoint_that_was_removed_is_found() -> None:
    log = log_of(2, 3, 1)
    del log.statements[1]
    assert log.found() == {("checkpoints_missing", "checkpoint 2")}


def hash_that_is_none(log: Log) -> None:
    log.lines[1] = replace(log.lines[1], hash="none")


def text_that_is_none(log: Log) -> None:
    log.lines[1] = replace(log.lines[1], document="[]")


def root_that_is_none(log: Log) -> None:
    log.batches[0] = replace(log.batches[0], root="none")


@pytest.mark.parametrize("harm", [hash_that_is_none, text_that_is_none, root_that_is_none])
def test_nonsense_is_found_and_stops_nothing(harm: Callable[[Log], None]) -> None:
    log = log_of(2, 3)
    harm(log)
    assert log.verify()


@given(SIZES.filter(bool), st.data())
def test_any_one_change_to_any_one_line_is_found(sizes: list[int], data: st.DataObject) -> None:
    log = log_of(*sizes)
    kept: list[Checkpoint] = log.kept()
    place = data.draw(st.integers(0, len(log.lines) - 1))
    line = log.lines[place]
    if data.draw(st.booleans()):
        log.lines.pop(place)
    else:
        cut = data.draw(st.integers(0, len(line.document)))
        log.lines[place] = replace(line, document=line.document[:cut] + " " + line.document[cut:])
    assert log.verify(kept)
