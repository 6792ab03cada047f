"""What is known of a set before any of it is taken: who is listed, which rows repeat, which names are shared."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from usher_identity.domain.incoming import IncomingPerson, Issue, Severity, Standing
from usher_identity.domain.mapping import Counted, MappedPerson, RoleMapping, map_person

Item = IncomingPerson | Counted | Issue
"""What reading a row gives."""


ReadRows = Callable[[Collection[int] | None], Iterable[Item]]
"""Reads the set's rows: all of them, or those that begin on certain lines."""


@dataclass(slots=True)
class Survey:
    """Ids and user names alone are kept, and those of imported people alone: students can be many."""

    listed: dict[str, int] = field(default_factory=dict)
    """Everybody whom the set names as staff, or whom a row that could not be taken is about, and a line that does.

    None of them is gone.
    """
    shared_names: set[str] = field(default_factory=set)
    """User names, in lower case, of more than one person of the set: nobody is linked by them."""
    taken_lines: dict[str, int] = field(default_factory=dict)
    """For each id on more than one row, the line of the row that counts."""


def survey_people(read: ReadRows, mapping: RoleMapping, *, is_bulk: bool) -> Survey:
    """Look through a set's rows once, and again at those whose ids are repeated."""
    survey = Survey()
    repeated: set[int] = set()
    holders: dict[str, str] = {}
    for item in read(None):
        mapped = mapped_of(item, mapping)
        if isinstance(mapped, Issue):
            if mapped.row_id and mapped.severity is Severity.ERROR:
                survey.listed.setdefault(mapped.row_id, 0)
        elif isinstance(mapped, MappedPerson) and is_there(mapped, is_bulk=is_bulk):
            person = mapped.person
            first = survey.listed.get(person.external_id)
            if first:
                repeated |= {first, person.line}
            survey.listed[person.external_id] = first or person.line
            if holders.setdefault(name_key(person.user_name), person.external_id) != person.external_id:
                survey.shared_names.add(name_key(person.user_name))
    if repeated:
        people = (mapped_of(item, mapping) for item in read(repeated))
        survey.taken_lines = _choose_rows(one.person for one in people if isinstance(one, MappedPerson))
    return survey


def is_there(mapped: MappedPerson, *, is_bulk: bool) -> bool:
    """Whether the row is one to decide on. In a full set, marked `tobedeleted` is the same as not listed."""
    return not (is_bulk and mapped.person.standing is Standing.ABSENT)


def mapped_of(item: Item, mapping: RoleMapping) -> MappedPerson | Counted | Issue:
    """What an item means once its roles are mapped."""
    return map_person(item, mapping) if isinstance(item, IncomingPerson) else item


def name_key(user_name: str) -> str:
    """A user name as it is compared: in any case."""
    return user_name.lower()


def _choose_rows(rows: Iterable[IncomingPerson]) -> dict[str, int]:
    """The line of the row that counts for each id: modified last; of equals the greatest by content, then the first.

    So the order of rows decides nothing but which of two equal ones is named.
    """
    best: dict[str, tuple[str, str, int]] = {}
    for row in rows:
        rank = (row.modified_at, repr(replace(row, line=0)), -row.line)
        best[row.external_id] = max(rank, best.get(row.external_id, rank))
    return {external_id: -rank[2] for external_id, rank in best.items()}


def repetition_issue(person: IncomingPerson, survey: Survey) -> Issue | None:
    """Why `person`'s row does not count, where another row with its id does."""
    line = survey.taken_lines.get(person.external_id, person.line)
    if line == person.line:
        return None
    reason = f"{person.external_id} is also on line {line}, which was taken"
    return Issue(person.file, person.line, "sourcedId", "repeated_id", reason, person.external_id)


def shared_name_issues(person: IncomingPerson, survey: Survey) -> Iterator[Issue]:
    """A warning where others of the set have the same user name."""
    if name_key(person.user_name) in survey.shared_names:
        reason = (
            f"user name {person.user_name!r} is that of several people in this set; each was taken as one of their own"
        )
        yield Issue(
            person.file, person.line, "username", "shared_user_name", reason, person.external_id, Severity.WARNING
        )
