"""Rows of a set as values, and a tenant that imports are planned against in memory."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from usher_identity.domain.import_organizations import Place
from usher_identity.domain.import_plan import (
    ImportRules,
    Known,
    KnownPeople,
    PersonChange,
    Said,
    SourceLink,
    find_place,
    is_repeated,
    plan_person,
)
from usher_identity.domain.import_standing import leave
from usher_identity.domain.import_survey import (
    Item,
    ReadRows,
    is_there,
    mapped_of,
    name_key,
    repetition_issue,
    survey_people,
)
from usher_identity.domain.incoming import IncomingPerson, Issue, SourceRole, Standing
from usher_identity.domain.mapping import DEFAULT, MappedPerson
from usher_identity.domain.people import Person, settled

DAY = datetime(2026, 9, 1, tzinfo=UTC)
TENANT = UUID(int=1)
PLACES = {"D": Place(TENANT, UUID(int=1)), "S": Place(TENANT, UUID(int=2)), "T": Place(TENANT, UUID(int=3))}


def row(
    external_id: str,
    *roles: str,
    user_name: str | None = None,
    name: str = "",
    email: str | None = None,
    orgs: Sequence[str] = ("S",),
    standing: Standing = Standing.ACTIVE,
    ended: Sequence[str] = (),
    partial: bool = False,
    modified_at: str = "",
    line: int = 2,
) -> IncomingPerson:
    """A row of users.csv, a teacher's unless other roles are given."""
    return IncomingPerson(
        external_id=external_id,
        user_name=user_name or f"user.{external_id}",
        display_name=name or f"Name {external_id}",
        email=email,
        roles=tuple(SourceRole(role) for role in (roles or (() if partial else ("teacher",)))),
        ended_roles=tuple(SourceRole(role) for role in ended),
        partial_roles=partial,
        org_ids=tuple(orgs),
        primary_org_id=None,
        standing=standing,
        modified_at=modified_at,
        file="users.csv",
        line=line,
    )


@dataclass
class World:
    """One tenant's people, and what each source last said of them."""

    people: dict[UUID, Person] = field(default_factory=dict)
    said: dict[tuple[str, str], Said | None] = field(default_factory=dict)
    at: datetime = DAY
    ids: Iterator[int] = field(default_factory=lambda: count(1_000))

    def take(self, rows: Iterable[Item], source: str = "sis", *, bulk: bool = True, batch: int = 1_000) -> "Taken":
        """Import `rows` as the job does: survey, batches, then whoever a full set no longer lists. A day passes."""
        rows = list(rows)
        self.at += timedelta(days=1)
        survey = survey_people(reading(rows), DEFAULT, is_bulk=bulk)
        rules = ImportRules(source, self.at, bulk, PLACES, survey, self.new_id)
        taken = Taken()
        mapped = [one for item in rows if isinstance(one := mapped_of(item, DEFAULT), MappedPerson)]
        mapped = [one for one in mapped if is_there(one, is_bulk=bulk)]
        for start in range(0, len(mapped), batch):
            known, links = self.known(source), self.links(source)
            for one in mapped[start : start + batch]:
                if issue := repetition_issue(one.person, survey):
                    taken.issues.append(issue)
                elif is_repeated(one, links.get(one.person.external_id, ()), rules):
                    taken.repeated.append(one.person.external_id)
                    taken.issues += find_place(one, PLACES)[1]
                else:
                    self.apply(source, plan_person(one, known, rules), taken)
        if bulk:
            self.archive_absent(source, survey.listed)
        return taken

    def apply(self, source: str, decisions: Sequence[PersonChange | Issue], taken: "Taken") -> None:
        for decision in decisions:
            if isinstance(decision, Issue):
                taken.issues.append(decision)
                continue
            self.people[decision.after.id] = settled(decision.before, decision.after)
            self.said[source, decision.external_id] = decision.said
            taken.changes.append(decision)

    def archive_absent(self, source: str, listed: Container[str]) -> None:
        for person in list(self.people.values()):
            for link in person.links:
                if link.source == source and link.external_id not in listed and link.standing != Standing.ABSENT:
                    before = self.people[person.id]
                    self.people[person.id] = settled(before, leave(before, source, link.external_id, self.at))

    def known(self, source: str) -> KnownPeople:
        by_id: dict[str, list[Known]] = {}
        by_name: dict[tuple[UUID, str], list[Person]] = {}
        for person in self.people.values():
            by_name.setdefault((TENANT, name_key(person.user_name)), []).append(person)
            for link in person.links:
                if link.source == source:
                    one = Known(person, self.said.get((source, link.external_id)))
                    by_id.setdefault(link.external_id, []).append(one)
        return KnownPeople(by_id, by_name)

    def links(self, source: str) -> dict[str, list[SourceLink]]:
        return {
            link.external_id: [
                SourceLink(
                    TENANT, link.external_id, person.id, link.standing, self.said.get((source, link.external_id))
                )
            ]
            for person in self.people.values()
            for link in person.links
            if link.source == source
        }

    def new_id(self) -> UUID:
        return UUID(int=next(self.ids))

    def add(self, person: Person) -> None:
        self.people[person.id] = person

    def named(self, external_id: str, source: str = "sis") -> Person:
        """The person whom `source` knows by this id."""
        found = [
            person
            for person in self.people.values()
            if any((link.source, link.external_id) == (source, external_id) for link in person.links)
        ]
        assert len(found) == 1, f"{len(found)} people are {external_id}"
        return found[0]

    def roles(self, external_id: str, source: str = "sis") -> list[str]:
        return sorted(self.named(external_id, source).roles.names)


def reading(rows: Sequence[Item]) -> ReadRows:
    """Reads `rows` as a set's file would be read."""
    return lambda only: [one for one in rows if only is None or (isinstance(one, IncomingPerson) and one.line in only)]


@dataclass
class Taken:
    """What one import did."""

    changes: list[PersonChange] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)

    @property
    def outcomes(self) -> dict[str, str]:
        changed = {change.external_id: str(change.outcome) for change in self.changes}
        return {**changed, **dict.fromkeys(self.repeated, "unchanged")}

    @property
    def codes(self) -> list[tuple[str | None, str]]:
        return [(issue.row_id, issue.code) for issue in self.issues]
