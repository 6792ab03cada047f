"""People as upstreams say them: every person whom a batch is about loaded at once, decided, and recorded at once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.upstream import (
    RolesAdd,
    RolesCommand,
    RolesSet,
    SentCommand,
    UserArchive,
    UserDelete,
    UserTransfer,
    UserUpsert,
)
from usher_identity.domain import sayings
from usher_identity.domain.changes import Change
from usher_identity.domain.import_losses import part
from usher_identity.domain.import_plan import ImportRules, Known, PersonChange
from usher_identity.domain.import_survey import Survey, name_key
from usher_identity.domain.incoming import Issue
from usher_identity.domain.mapping import RoleMapping
from usher_identity.domain.people import Person, Status
from usher_identity.domain.refusals import Refusal
from usher_identity.domain.sayings import Profile, Sayings
from usher_identity.domain.upstream_plan import plan_known, plan_new
from usher_identity.domain.upstream_units import Units
from usher_identity.domain.upstreams import map_words
from usher_identity.keycloak.sent import PersonSaid
from usher_identity.store.sayings import load_sayings, save_sayings
from usher_identity.store.sources import load_known_for_update, load_links, save_said
from usher_identity.use_cases.guarding_commands import guard
from usher_identity.use_cases.outcomes import Answer, refuse
from usher_identity.use_cases.recording import Act, record_people
from usher_kit.commands import order_of
from usher_kit.ids import new_id

WAITS = "nobody is known by this id yet: it holds once an upsert says who they are"


@dataclass(slots=True)
class People:
    """Whom a batch is about, as they are and as its commands so far make them."""

    said: dict[str, Sayings]
    known: dict[str, Known]
    by_name: dict[tuple[UUID, str], list[Person]]
    before: dict[UUID, Person]
    names: dict[UUID, set[str]]
    """By which external ids each person is known."""
    after: dict[UUID, Person] = field(default_factory=dict)
    changes: list[PersonChange] = field(default_factory=list)

    def take(self, change: PersonChange) -> None:
        """What the next command finds."""
        person = change.after
        self.changes.append(change)
        self.after[person.id] = person
        self.known[change.external_id] = Known(person, change.said)
        own = self.names.setdefault(person.id, set())
        own.add(change.external_id)
        for external_id in own:
            self.known[external_id] = replace(self.known[external_id], person=person)
        key = (person.tenant_id, name_key(person.user_name))
        self.by_name[key] = [one for one in self.by_name.get(key, []) if one.id != person.id] + [person]


@dataclass(frozen=True, slots=True)
class Heard:
    """A command's word on a person, and the roles in it that are none here."""

    command: SentCommand
    sayings: Sayings
    unmapped: tuple[str, ...] = ()


async def take_people(
    conn: AsyncConnection, units: Units, mapping: RoleMapping, commands: Sequence[SentCommand], act: Act
) -> list[Answer]:
    """Do what commands ask of people. The tenant's tree is locked."""
    if not commands:
        return []
    tenant_id, source = units.upstream.tenant_id, units.upstream.name
    rules = ImportRules(source, act.at, is_bulk=False, places={}, survey=Survey(), new_id=new_id)
    people = await load_people(conn, units, commands)
    answers: list[Answer] = []
    heard: dict[str, list[Heard]] = defaultdict(list)
    for one in sorted(commands, key=lambda one: (order_of(one), one.id)):
        try:
            heard[one.subject].append(hear(one, units, mapping))
        except Refusal as refusal:
            answers.append(refuse(one, refusal.detail))
    saying: dict[str, Sayings] = {}
    for external_id, words in heard.items():
        answers += decide(external_id, words, people, units, mapping, rules, saying)
    held = await spare(conn, units, people, act)
    changes = [Change(people.before.get(id_), one) for id_, one in people.after.items()]
    recorded = await record_people(conn, changes, act)
    await save_said(conn, source, [one for one in people.changes if one.after.status != Status.DELETED])
    await save_sayings(conn, tenant_id, source, saying)
    versions = {one.id: one.version for one in recorded}
    return [settled(one, versions, held) for one in answers]


async def spare(conn: AsyncConnection, units: Units, people: People, act: Act) -> dict[str, UUID]:
    """Part from what is done whatever the guard holds. Answers by which change set it is held, by external id."""
    source = units.upstream.name
    parted = [part(replace(one, before=people.before.get(one.after.id)), source) for one in people.changes]
    losses = {loss: rest for rest, loss in parted if loss}
    held = await guard(conn, units, [one.external_id for one in people.changes], list(losses), act)
    rests = {loss.ref: losses[loss] for loss in held}
    people.after.update({rest.after.id: rest.after for rest in rests.values()})
    people.changes = [rests.get(one.external_id, one) for one in people.changes]
    return {loss.ref: set_id for loss, set_id in held.items()}


def settled(answer: Answer, versions: Mapping[UUID, int], held: Mapping[str, UUID]) -> Answer:
    """The answer with the person's version, or with what is held of it."""
    if answer.user_id is None:
        return answer
    one = replace(answer, user_version=versions.get(answer.user_id))
    set_id = held.get(answer.command.subject)
    if set_id is None:
        return one
    detail = f"it takes too much from an organization within an hour; an administrator decides on change set {set_id}"
    return replace(one, status="held", detail=detail, held_in=set_id)


async def load_people(conn: AsyncConnection, units: Units, commands: Sequence[SentCommand]) -> People:
    """Whom the commands are about, locked."""
    tenant_id, source = units.upstream.tenant_id, units.upstream.name
    named = {one.subject for one in commands}
    links = await load_links(conn, [tenant_id], source, named)
    said = await load_sayings(conn, tenant_id, source, named)
    names = names_said(commands, said, links)
    found = await load_known_for_update(conn, [tenant_id], [link for own in links.values() for link in own], names)
    known = {external_id: own[0] for external_id, own in found.by_external_id.items()}
    by_name = {key: list(own) for key, own in found.by_name.items()}
    before = {one.id: one for own in found.by_name.values() for one in own}
    ids: dict[UUID, set[str]] = defaultdict(set)
    for external_id, one in known.items():
        ids[one.person.id].add(external_id)
    return People(said, known, by_name, before, ids)


def names_said(commands: Sequence[SentCommand], said: Mapping[str, Sayings], links: Mapping[str, object]) -> list[str]:
    """The user names by which people may be known who are not by their ids."""
    now = [one.data.user_name for one in commands if isinstance(one.data, UserUpsert) and one.subject not in links]
    for one in commands:
        if isinstance(one.data, PersonSaid) and one.subject not in links:
            now += [one.data.parts[name] for name in ("user_name", "known_as") if name in one.data.parts]
    before = [one.user_name for external_id, one in said.items() if external_id not in links]
    return now + [name for name in before if name is not None]


def hear(command: SentCommand, units: Units, mapping: RoleMapping) -> Heard:
    """What a command says. Raises Refusal for an organization where the upstream may not act."""
    order, said = order_of(command), command.data
    match said:
        case UserUpsert():
            units.find(said.organization)
            profile = Profile(said.user_name, said.display_name, said.email)
            mapped = map_words(said.roles, mapping)
            whole = sayings.upsert(order, profile, said.organization, mapped.roles, said.status)
            return Heard(command, whole, mapped.unmapped)
        case RolesCommand():
            return hear_roles(command, said, mapping)
        case UserTransfer():
            units.find(said.organization)
            return Heard(command, sayings.transfer(order, said.organization))
        case PersonSaid():
            return hear_parts(command, said, units, mapping)
        case UserArchive():
            return Heard(command, sayings.archive(order))
        case UserDelete():
            return Heard(command, Sayings(is_deleted=True))
    raise Refusal(f"{command.type} is no command about a person")


def hear_roles(command: SentCommand, said: RolesCommand, mapping: RoleMapping) -> Heard:
    order, mapped = order_of(command), map_words(said.roles, mapping)
    if isinstance(said, RolesSet):
        return Heard(command, sayings.set_roles(order, mapped.roles), mapped.unmapped)
    has = isinstance(said, RolesAdd)
    return Heard(command, sayings.change_roles(order, mapped.roles, has=has), mapped.unmapped)


def hear_parts(command: SentCommand, said: PersonSaid, units: Units, mapping: RoleMapping) -> Heard:
    """What an event of Keycloak's says. Raises Refusal as `hear` does."""
    realm = units.upstream.realm
    organization = realm.organization_of(said.attributes) if realm else None
    if organization is not None:
        units.find(organization)
    status = None if said.is_enabled is None else "active" if said.is_enabled else "suspended"
    whole = sayings.parts_of(order_of(command), said.parts, said.words, status, organization)
    unmapped = map_words([word for word in said.words.values() if word is not None], mapping).unmapped
    return Heard(command, whole, unmapped)


def decide(
    external_id: str,
    words: Sequence[Heard],
    people: People,
    units: Units,
    mapping: RoleMapping,
    rules: ImportRules,
    saying: dict[str, Sayings],
) -> list[Answer]:
    """What one person's commands come to, all of them together."""
    now = people.said.get(external_id, Sayings())
    if now.is_deleted:
        return [refuse_deleted(one.command) for one in words]
    taken: list[Heard] = []
    answers: list[Answer] = []
    for one in words:
        joined = now.joined(one.sayings)
        if joined == now and one.sayings != Sayings():
            answers.append(Answer(one.command, "stale"))
        else:
            taken.append(one)
        now = joined
    if not taken:
        return answers
    change = plan(external_id, now.in_roles(lambda word: map_words([word], mapping).roles), people, units, rules)
    if isinstance(change, str):
        return answers + [refuse(one.command, change) for one in taken]
    saying[external_id] = Sayings(is_deleted=True) if now.is_deleted else now
    if change is not None:
        people.take(change)
    user_id = change.after.id if change else None
    detail = "" if change or now.is_deleted else WAITS
    return answers + [Answer(one.command, "taken", detail, one.unmapped, user_id) for one in taken]


def refuse_deleted(command: SentCommand) -> Answer:
    if isinstance(command.data, UserDelete):
        return Answer(command, "stale")
    return refuse(command, "the person was deleted by this upstream, and stays so")


def plan(external_id: str, now: Sayings, people: People, units: Units, rules: ImportRules) -> PersonChange | str | None:
    """The person as all that was said makes them; None where nobody is known yet; or why that may not be."""
    known = people.known.get(external_id)
    if known and not units.serves(known.person.org_id):
        return "the person is in an organization that this upstream does not act for"
    try:
        place = units.place(now.organization.word) if now.organization else None
    except Refusal as refusal:
        return refusal.detail
    change: PersonChange | Issue | None
    if known:
        change = plan_known(external_id, now, known, place, rules)
    else:
        if foreign := namesakes_elsewhere(now, people.by_name, units):
            return f"the user name is that of {foreign}"
        change = plan_new(external_id, now, people.by_name, place or units.home, rules)
    return change.reason if isinstance(change, Issue) else change


def namesakes_elsewhere(now: Sayings, by_name: Mapping[tuple[UUID, str], Sequence[Person]], units: Units) -> str | None:
    """Of whom the user name is that the upstream may not act on: nobody is taken over by naming them."""
    if now.user_name is None:
        return None
    namesakes = by_name.get((units.upstream.tenant_id, name_key(now.user_name)), ())
    is_elsewhere = any(one.status != Status.DELETED and not units.serves(one.org_id) for one in namesakes)
    return "somebody in an organization that this upstream does not act for" if is_elsewhere else None
