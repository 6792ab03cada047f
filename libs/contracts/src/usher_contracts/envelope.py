"""The envelope of every message: CloudEvents 1.0 with Usher's extension attributes (messages: Envelope)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

OPERATORS_TENANT = UUID("00000000-0000-7000-8000-000000000001")
"""The built-in tenant in which system administrators live; it has no license terms (seats: Words)."""

SYSTEM_ACTOR = "system"
"""The `actor` of what Usher does by itself: time passing, promotion, re-evaluation."""

VERSION_LIMIT = 2**53
"""Versions stay below this, so that every JSON reader keeps them exact (messages: The state-carrying rule)."""

Time = AwareDatetime
"""A moment with its zone. Ours are written in UTC; others' may come in any, and mean the same moment."""

Version = Annotated[int, Field(ge=1, lt=VERSION_LIMIT)]
PreviousVersion = Annotated[int, Field(ge=0, lt=VERSION_LIMIT)]


class Fact(BaseModel):
    """What is now true of one entity, whole. Unknown fields are ignored, so that facts can grow."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    """The CloudEvents type, `usher.<service>.<entity>.<what>.v<major>`."""

    tenant_id: UUID

    @property
    def subject(self) -> str:
        """The id of the entity that this fact is about, unique within its type."""
        raise NotImplementedError

    @property
    def unit(self) -> UUID | None:
        """The organization concerned, for the envelope's `orgid`."""
        return None


class StateFact(Fact):
    """A fact that carries an entity's whole state, with the version that orders it."""

    version: Version
    previous_version: PreviousVersion = 0


F = TypeVar("F", bound=Fact)
S = TypeVar("S", bound=StateFact)


class Cause(BaseModel):
    """What led to an event: the attributes that it hands on to the events it causes."""

    model_config = ConfigDict(frozen=True)

    actor: str = SYSTEM_ACTOR
    causationid: str | None = None
    correlationid: str | None = None
    changeset: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None

    @classmethod
    def of(cls, event: "Envelope") -> "Cause":
        """The cause that `event` is for the events that follow from it."""
        return cls(
            actor=event.actor,
            causationid=event.id,
            correlationid=event.correlationid or event.id,
            changeset=event.changeset,
            traceparent=event.traceparent,
            tracestate=event.tracestate,
        )


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace's id in a W3C `traceparent`; none where there is none to read."""
    _, _, rest = (traceparent or "").partition("-")
    return rest.partition("-")[0] or None


class Envelope(BaseModel):
    """The CloudEvents attributes of a message. Their names are lower-case, as the specification has them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: str = "1.0"
    id: Annotated[str, Field(min_length=1, max_length=200)]
    source: Annotated[str, Field(min_length=1, max_length=200)]
    type: str
    subject: str
    time: Time
    datacontenttype: str = "application/json"
    tenantid: UUID
    orgid: UUID | None = None
    actor: str = SYSTEM_ACTOR
    causationid: str | None = None
    correlationid: str | None = None
    changeset: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None
    reemission: str | None = None
    """The request by which its owner told it again; none where it is told because it became true."""

    @property
    def key(self) -> str:
        """The routing key by which the message travels."""
        return routing_key(self.type)

    def attributes(self) -> dict[str, str]:
        """The attributes that are set, as the strings that travel in headers and in JSON."""
        named = self.__dict__
        return {
            name: value if type(value) is str else to_attribute(value)
            for name in ATTRIBUTES
            if (value := named[name]) is not None
        }


class Event(Envelope, Generic[F]):
    """One fact with its envelope."""

    data: F

    def body(self) -> bytes:
        """What the message carries."""
        return self.data.model_dump_json().encode()

    @classmethod
    def of(cls, fact: F, *, id: UUID, at: datetime, cause: Cause) -> "Event[F]":  # noqa: A002 (CloudEvents' name)
        """The event that tells `fact`, true since `at`, led to by `cause`. `id` is a UUIDv7."""
        return cls(
            id=str(id),
            source=source_of(fact.type),
            type=fact.type,
            subject=fact.subject,
            time=at.astimezone(UTC),
            tenantid=fact.tenant_id,
            orgid=fact.unit,
            actor=cause.actor,
            causationid=cause.causationid,
            correlationid=cause.correlationid or str(id),
            changeset=cause.changeset,
            traceparent=cause.traceparent,
            tracestate=cause.tracestate,
            data=fact,
        )


ATTRIBUTES: Sequence[str] = list(Envelope.model_fields)


def to_attribute(value: object) -> str:
    """An attribute's value as CloudEvents writes it: times in RFC 3339, all else as its text."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def source_of(type_: str) -> str:
    """The CloudEvents source of a type: its owning service, e.g. `/usher/identity`."""
    return f"/usher/{type_.split('.')[1]}"


def routing_key(type_: str) -> str:
    """The AMQP routing key of a type: the type without the leading `usher.` (messages: On RabbitMQ)."""
    return type_.removeprefix("usher.")


def latest(events: Iterable[Event[S]]) -> list[Event[S]]:
    """One event a subject, of the highest version: all that current state needs (messages: The state-carrying rule)."""
    highest: dict[tuple[UUID, str], Event[S]] = {}
    for event in events:
        key = (event.tenantid, event.subject)
        known = highest.get(key)
        if known is None or known.data.version < event.data.version:
            highest[key] = event
    return list(highest.values())
