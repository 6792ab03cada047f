"""Every fact on the wire: read back as it was written, alone and in batches, and by CloudEvents' own SDK as well."""

import re
import types
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import orjson
from annotated_types import Ge, Lt, MaxLen
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_rabbitmq_event, to_binary_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, JsonValue

from usher_contracts.catalogue import FACTS
from usher_contracts.envelope import Cause, Event, Fact
from usher_contracts.identity import UserLoggedIn
from usher_contracts.topology import BATCH_CONTENT_TYPE
from usher_kit.outbox import to_row
from usher_kit.wire import Message, cut, decode, encode_batch, encode_one

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
JSON = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)


def bounded(metadata: Sequence[Any]) -> st.SearchStrategy[int]:
    low: Any = next((one.ge for one in metadata if isinstance(one, Ge)), -(2**53))
    high: Any = next((one.lt for one in metadata if isinstance(one, Lt)), 2**53)
    return st.integers(low, high - 1)


def texts(metadata: Sequence[Any]) -> st.SearchStrategy[str]:
    pattern = next((one.pattern for one in metadata if getattr(one, "pattern", None)), None)
    longest = next((one.max_length for one in metadata if isinstance(one, MaxLen)), None)
    if pattern is None:
        return st.text(max_size=longest)
    matching = st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)
    return matching.filter(lambda value: longest is None or len(value) <= longest)


def values(annotation: Any, metadata: Sequence[Any] = ()) -> st.SearchStrategy[Any]:
    """Every value that a field of a fact may have."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return values(inner, [part for one in more for part in (getattr(one, "metadata", None) or [one])])
    if get_origin(annotation) in (Union, types.UnionType):
        return st.one_of(*map(values, get_args(annotation)))
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    if get_origin(annotation) is tuple:
        return st.lists(values(get_args(annotation)[0]), max_size=4).map(tuple)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return models(annotation)
    plain: dict[Any, st.SearchStrategy[Any]] = {
        UUID: st.uuids(),
        AwareDatetime: MOMENTS,
        date: st.dates(),
        dict[str, JsonValue]: st.dictionaries(st.text(max_size=5), JSON),
        bool: st.booleans(),
        int: bounded(metadata),
        str: texts(metadata),
        Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=2),
        type(None): st.none(),
    }
    return plain[annotation]


def models(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    fields = {name: values(field.annotation, field.metadata) for name, field in model.model_fields.items()}
    return st.fixed_dictionaries(fields).map(lambda chosen: model(**chosen))


def events(fact: type[Fact]) -> st.SearchStrategy[Event[Any]]:
    causes = st.builds(
        Cause,
        actor=st.sampled_from(["system", "user:0192f0c0-0000-7000-8000-00000000000a"]),
        causationid=st.none() | st.uuids().map(str),
        changeset=st.none() | st.uuids().map(str),
        traceparent=st.none() | st.just(TRACEPARENT),
    )
    return st.builds(Event.of, models(fact), id=st.uuids(), at=MOMENTS, cause=causes)


EVERY_EVENT = st.one_of(*map(events, FACTS.values()))


@given(EVERY_EVENT)
def test_a_fact_is_read_as_it_was_written(event: Event[Any]) -> None:
    assert decode(encode_one(to_row(event))) == ([event], [])


@given(st.sampled_from(list(FACTS.values())).flatmap(lambda fact: st.lists(events(fact), min_size=1, max_size=5)))
def test_facts_of_one_type_are_read_from_a_batch_in_their_order(written: list[Event[Any]]) -> None:
    rows = [to_row(event) for event in written]
    [message] = map(encode_batch, cut(rows))
    assert decode(message) == (written, [])


@given(EVERY_EVENT)
def test_a_reader_of_an_older_release_ignores_fields_that_it_does_not_know(event: Event[Any]) -> None:
    message = encode_one(to_row(event))
    grown = orjson.dumps({**orjson.loads(message.body), "added_later": {"deep": [1]}})
    headers = {**message.headers, "ce-addedlater": "x"}
    assert decode(Message(message.routing_key, message.content_type, headers, grown)) == ([event], [])


@given(EVERY_EVENT)
def test_the_cloudevents_sdk_reads_our_messages(event: Event[Any]) -> None:
    message = encode_one(to_row(event))
    assert all(isinstance(value, str) for value in message.headers.values())
    read = from_rabbitmq_event(RabbitMQMessage(dict(message.headers), message.content_type, message.body))
    attributes = read.get_attributes()
    assert (read.get_id(), read.get_source(), read.get_type(), read.get_time()) == (
        event.id,
        event.source,
        event.type,
        event.time,
    )
    assert {name: attributes[name] for name in event.attributes() if name != "time"} == {
        name: value for name, value in event.attributes().items() if name != "time"
    }
    assert read.get_data() == orjson.loads(event.data.model_dump_json())


@given(EVERY_EVENT)
def test_we_read_messages_that_the_cloudevents_sdk_writes(event: Event[Any]) -> None:
    attributes = {**event.attributes(), "time": event.time}
    written = to_binary_event(CloudEvent(attributes, orjson.loads(event.data.model_dump_json())))
    key = event.type.removeprefix("usher.")
    assert decode(Message(key, written.content_type or "", written.headers, written.body)) == ([event], [])


@given(EVERY_EVENT)
def test_each_item_of_a_batch_is_a_whole_cloudevent_to_the_sdk(event: Event[Any]) -> None:
    message = encode_batch([to_row(event), to_row(event)])
    assert message.content_type == BATCH_CONTENT_TYPE
    for item in orjson.loads(message.body):
        read = JSONFormat().read(CloudEvent, orjson.dumps(item))
        assert (read.get_id(), read.get_subject(), read.get_time()) == (event.id, event.subject, event.time)
        assert read.get_data() == orjson.loads(event.data.model_dump_json())


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_a_time_means_the_same_moment_whatever_zone_it_was_told_in(at: datetime, minutes: int) -> None:
    told = at.astimezone(timezone(timedelta(minutes=minutes)))
    tenant = UUID(int=1)
    fact = UserLoggedIn(tenant_id=tenant, user_id=tenant, org_id=tenant, at=told)
    message = encode_one(to_row(Event.of(fact, id=tenant, at=told, cause=Cause())))
    [read], _ = decode(message)
    assert (read.time, read.data.at) == (at, at)
    assert message.headers["ce-time"].endswith("Z")
