"""What an upstream's word makes of a person, by the rules that hold for every source (interfaces: Imports)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from usher_identity.domain.import_organizations import Place
from usher_identity.domain.import_plan import (
    ImportRules,
    Known,
    KnownPeople,
    Outcome,
    PersonChange,
    change_known,
    outcome_of,
    welcome,
)
from usher_identity.domain.import_standing import leave, standing_of
from usher_identity.domain.import_survey import name_key
from usher_identity.domain.incoming import IncomingPerson, Issue, Standing
from usher_identity.domain.mapping import MappedPerson
from usher_identity.domain.people import Person, Status
from usher_identity.domain.sayings import Profile, Sayings

STANDINGS: Mapping[str, Standing] = {
    "invited": Standing.ACTIVE,
    "active": Standing.ACTIVE,
    "suspended": Standing.SUSPENDED,
    "archived": Standing.ABSENT,
}

Namesakes = Mapping[tuple[UUID, str], Sequence[Person]]


def plan_known(
    external_id: str, sayings: Sayings, known: Known, place: Place | None, rules: ImportRules
) -> PersonChange | Issue:
    """Somebody whom the upstream names already."""
    before = known.person
    if sayings.is_deleted:
        return delete(external_id, known, rules)
    was = Standing(standing_of(before, rules.source, external_id) or Standing.ACTIVE)
    wanted = STANDINGS[sayings.status.word] if sayings.status else was
    profile = sayings.profile_beside(profile_of(known)) or profile_of(known)
    roles = sayings.given(before.roles.given_by(rules.source))
    row = row_of(external_id, profile, roles, was if wanted is Standing.ABSENT else wanted)
    change = change_known(known, row, place, rules)
    if isinstance(change, Issue):
        return change
    return with_presence(change, sayings, wanted, rules)


def plan_new(
    external_id: str, sayings: Sayings, namesakes: Namesakes, place: Place | None, rules: ImportRules
) -> PersonChange | Issue | None:
    """Somebody whom the upstream did not name before: linked or created once it says who they are. None until then."""
    if place is None or sayings.is_deleted:
        return None
    namesake = namesake_of(sayings, place.tenant_id, namesakes)
    profile = sayings.profile_beside(profile_of(namesake) if namesake else None)
    if profile is None or (namesake is None and sayings.status is None):
        return None
    if sayings.organization is None and namesake:
        place = Place(namesake.person.tenant_id, namesake.person.org_id)
    wanted = STANDINGS[sayings.status.word] if sayings.status else Standing.ACTIVE
    standing = Standing.ACTIVE if wanted is Standing.ABSENT else wanted
    row = row_of(external_id, profile, sayings.given(frozenset()), standing)
    change = welcome(row, place, KnownPeople({}, namesakes), rules)
    if isinstance(change, Issue):
        return change
    if change.before is None and sayings.status is None:
        return None
    if change.before is None and not sayings.is_confirmed:
        change = replace(change, after=replace(change.after, status=Status.INVITED))
    return with_presence(change, sayings, wanted, rules)


def namesake_of(sayings: Sayings, tenant_id: UUID, namesakes: Namesakes) -> Known | None:
    """Who has the user name that was said. By a name that only tells who is meant, nobody who is away is known."""
    said = sayings.user_name
    found = (
        [one for one in namesakes.get((tenant_id, name_key(said)), ()) if one.status != Status.DELETED] if said else []
    )
    if len(found) != 1 or (sayings.status is None and found[0].status not in (Status.INVITED, Status.ACTIVE)):
        return None
    return Known(found[0], None)


def with_presence(change: PersonChange, sayings: Sayings, wanted: Standing, rules: ImportRules) -> PersonChange:
    """The change with what no row of a file says: that an invitation is over, or that somebody leaves."""
    after = change.after
    if after.status == Status.INVITED and sayings.is_confirmed:
        after = after.becoming(Status.ACTIVE, rules.at)
    if wanted is Standing.ABSENT:
        after = leave(after, rules.source, change.external_id, rules.at)
    if after == change.after:
        return change
    outcome = outcome_of(change.before, after) if change.before else Outcome.CREATED
    return replace(change, after=after, outcome=outcome)


def delete(external_id: str, known: Known, rules: ImportRules) -> PersonChange:
    """Who is to go: erased, unless another source has them still; then this one merely lets go of them."""
    before = known.person
    after = leave(before, rules.source, external_id, rules.at)
    if before.status != Status.DELETED and all(link.standing == Standing.ABSENT for link in after.links):
        after = after.becoming(Status.DELETED, rules.at)
    return PersonChange(before, after, external_id, known.said, known.said, outcome_of(before, after))


def profile_of(known: Known) -> Profile:
    """Who somebody is as the source said last, or else as they are: said again, it changes nothing."""
    one = known.said or known.person
    return Profile(one.user_name, one.display_name, one.email)


def row_of(external_id: str, profile: Profile, roles: frozenset[str], standing: Standing) -> MappedPerson:
    """What the upstream says, as a row of a file would."""
    person = IncomingPerson(
        external_id=external_id,
        user_name=profile.user_name,
        display_name=profile.display_name,
        email=profile.email,
        roles=(),
        ended_roles=(),
        partial_roles=False,
        org_ids=(),
        primary_org_id=None,
        standing=standing,
        modified_at="",
        file="",
        line=0,
    )
    return MappedPerson(person, roles, frozenset(), (), ())
