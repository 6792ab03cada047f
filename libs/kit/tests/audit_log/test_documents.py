"""What the log keeps: one canonical text for an act, whatever way it came, and what it is found by."""

import hashlib
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_kit.audit_log.chain import append, batch_hash, origin_of, start
from usher_kit.audit_log.documents import listed, to_document

from .story import DAY, TENANT, TRACE, act

JSON = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8"))


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), JSON, max_size=4))
def test_a_document_says_all_of_the_event_and_in_one_form(before: dict[str, object]) -> None:
    event = act(before=before)
    document = to_document(event)
    read = json.loads(document)
    assert read.pop("data") == json.loads(event.data.model_dump_json())
    assert read == event.attributes()
    shuffled = dict(reversed(before.items()))
    assert (
        to_document(event.model_copy(update={"data": event.data.model_copy(update={"before": shuffled})})) == document
    )


def test_an_entry_is_found_by_what_its_text_says() -> None:
    event = act("user-9", org_id=UUID(int=4), outcome="refused", reason="forbidden")
    found = listed(to_document(event))
    assert (found.event_id, found.at, found.service) == (event.id, DAY, "identity")
    assert (found.actor, found.act, found.target) == ("user:7", "user.set_roles", "user-9")
    assert (found.org_id, found.outcome) == (str(UUID(int=4)), "refused")
    assert found.trace_id == TRACE.split("-")[1]


def test_what_no_database_takes_is_kept_in_the_text_and_replaced_where_it_is_listed() -> None:
    document = to_document(act("a\x00b"))
    assert json.loads(document)["data"]["target"] == "a\x00b"
    assert listed(document).target == "a\ufffdb"


def test_a_number_without_a_canonical_form_is_refused() -> None:
    with pytest.raises(ValueError, match="9007199254740993"):
        to_document(act(after={"seats": 2**53 + 1}))


def test_hashes_are_what_the_documentation_says() -> None:
    """Computed here by hashlib alone, as an auditor would."""
    first, second = "first", "second"
    at = datetime(2026, 9, 1, tzinfo=UTC)
    appended = append(start(TENANT), [first, second], at)
    origin = hashlib.sha256(b"\x03" + TENANT.bytes).digest()
    leaves = [hashlib.sha256(b"\x00" + text.encode()).digest() for text in (first, second)]
    hash_1 = hashlib.sha256(b"\x02" + origin + leaves[0]).digest()
    hash_2 = hashlib.sha256(b"\x02" + hash_1 + leaves[1]).digest()
    root = hashlib.sha256(b"\x01" + leaves[0] + leaves[1]).digest()
    numbers = b"".join(number.to_bytes(8, "big") for number in (1, 1, 2, int(at.timestamp() * 1_000_000)))
    assert [one.hash for one in appended.entries] == [hash_1.hex(), hash_2.hex()]
    assert appended.batch.root == root.hex()
    assert appended.batch.hash == hashlib.sha256(b"\x04" + origin + numbers + root + hash_2).hexdigest()
    assert batch_hash(origin_of(TENANT), appended.batch, hash_2).hex() == appended.batch.hash
