"""A roster, page by page: each is kept with how far the reading is, so that whoever takes it up goes on there."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, timedelta

from usher_identity.domain.incoming import Issue, Severity
from usher_identity.domain.jobs import Phase, State
from usher_identity.domain.rosters import (
    CHANGING,
    Collection,
    Page,
    Progress,
    Reading,
    Roster,
    StuckError,
    turned,
)
from usher_identity.importing.claims import Claim, next_claim
from usher_identity.importing.rosters.service import Answer, Postponed, Rejected, RosterFailure, RosterService
from usher_identity.oidc.sealing import unseal
from usher_identity.oneroster.rest import FIELDS, has_role, id_of, modified_at, to_csv, to_rows
from usher_identity.store.rosters import (
    RosterSync,
    add_page,
    drop_pages,
    find_sync_for_update,
    load_reading,
    save_reading,
)
from usher_identity.store.upstreams import load_upstreams_for_update
from usher_kit.errors import Unavailable
from usher_kit.runtime import Runtime

LIMIT = 1_000
"""Rows of a page that are asked for."""

IMPORTS = "imports"
UNKNOWN = frozenset({403, 404})
UNCLEAR = frozenset({400, 422})
"""How services refuse a parameter."""


async def read_next_roster(runtime: Runtime) -> bool:
    """Read the roster that waits longest, to its end. Answers whether there was one."""
    async with next_claim(runtime, is_read=False) as claim:
        if claim is None:
            return False
        try:
            await read_roster(claim)
        except Postponed as asked:
            await claim.let_go(timedelta(seconds=asked.seconds))
        except RosterFailure as failure:
            await claim.end(State.FAILED, failure.code, failure.reason)
    return True


async def read_roster(claim: Claim) -> None:
    """Read what is still to be read, and leave the job to those who take it. Raises Postponed or RosterFailure."""
    roster, sync, reading = await begin(claim)
    try:
        secret = unseal(sync.sealed, claim.runtime.settings.key_secret.get_secret_value(), claim.job.tenant_id)
    except Unavailable as error:
        raise RosterFailure("sealed", error.detail) from error
    at_work = AtWork(claim, RosterService(roster, secret, claim.runtime.outbound), sync)
    while collection := reading.next:
        reading = await at_work.read_page(collection, reading)
    async with claim.transaction([]) as conn:
        await claim.record(conn, Phase.ORGANIZATIONS, 0, Counter(), changed_notes(reading))
    await claim.let_go()
    claim.runtime.wake(IMPORTS)


async def begin(claim: Claim) -> tuple[Roster, RosterSync, Reading]:
    """What is to be read, with what, and how far it was. Raises RosterFailure where it was disconnected meanwhile."""
    job = claim.job
    async with claim.transaction([]) as conn:
        found = await load_upstreams_for_update(conn, [(job.tenant_id, job.source)])
        sync = await find_sync_for_update(conn, job.tenant_id, job.source)
        reading = await load_reading(conn, job.tenant_id, job.id)
    upstream = found.get((job.tenant_id, job.source))
    if upstream is None or upstream.roster is None or sync is None:
        raise RosterFailure("upstream_removed", "the upstream was removed before it was read")
    return upstream.roster, sync, reading


def changed_notes(reading: Reading) -> list[Issue]:
    reason = "rows moved each time it was read: nobody is taken for gone by it, until it is read whole"
    return [
        Issue(f"{name}.csv", None, None, "changed_while_read", reason, severity=Severity.WARNING)
        for name, one in reading.collections.items()
        if not one.is_whole
    ]


@dataclass(slots=True)
class AtWork:
    """A reading at work."""

    claim: Claim
    service: RosterService
    sync: RosterSync

    async def read_page(self, collection: Collection, reading: Reading) -> Reading:
        """Read a page and keep it, or what its refusal says. Raises Postponed or RosterFailure."""
        progress = reading.of(collection)
        params = self.params_for(collection, progress, is_plain=collection in reading.plain)
        try:
            answer = await self.service.page(collection, params, progress.following)
        except Rejected as rejected:
            after = self.without(collection, reading, rejected)
            await self.keep(after, 0)
            return after
        try:
            progress_after, known = turned(progress, page_of(answer), LIMIT)
        except StuckError as stuck:
            raise RosterFailure("roster_stuck", f"{collection} can't be read to its end: {stuck}") from stuck
        items = answer.items[known:]
        roleless = sum(not has_role(one) for one in items) if collection == "users" else 0
        after = reading.with_progress(collection, progress_after, roleless)
        rows = to_rows(collection, items)
        contents = {file: to_csv(lines) for file, lines in rows.items() if lines}
        if progress_after.pages:
            await self.keep(after, len(items), progress.pages, contents)
        else:
            await self.begin_anew(after, list(rows))
        return after

    def params_for(self, collection: Collection, progress: Progress, *, is_plain: bool) -> Mapping[str, str]:
        params = {"limit": str(LIMIT), "offset": str(progress.offset)}
        if not is_plain:
            params |= {"sort": "sourcedId", "orderBy": "asc", "fields": FIELDS[collection]}
        if self.asks_for_changes(collection) and self.sync.since:
            since = self.sync.since.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            params["filter"] = f"dateLastModified>='{since}'"
        return params

    def asks_for_changes(self, collection: Collection) -> bool:
        return collection in CHANGING and self.claim.job.mode == "delta"

    def without(self, collection: Collection, reading: Reading, rejected: Rejected) -> Reading:
        """How to go on after a refusal: with fewer parameters, or without what is not needed. Raises RosterFailure."""
        if rejected.status in UNCLEAR and collection not in reading.plain:
            return replace(reading, plain=reading.plain | {collection})
        if rejected.status in UNCLEAR and self.asks_for_changes(collection):
            self.claim.job = replace(self.claim.job, mode="bulk")
            return reading
        if rejected.status in UNKNOWN and collection in ("academicSessions", "enrollments"):
            return replace(reading, missing=reading.missing | {collection})
        raise RosterFailure("roster_rejected", f"the service refuses {collection}: {rejected.said}")

    async def keep(
        self, reading: Reading, rows: int, number: int = 0, contents: Mapping[str, bytes] | None = None
    ) -> None:
        job = self.claim.job
        async with self.claim.transaction([]) as conn:
            await save_reading(conn, job.tenant_id, job.id, reading)
            if contents:
                await add_page(conn, job.tenant_id, job.id, number, contents)
            await self.claim.record(conn, Phase.READING, job.position + rows, Counter())

    async def begin_anew(self, reading: Reading, files: list[str]) -> None:
        """Forget a collection whose rows moved while it was read."""
        job = self.claim.job
        async with self.claim.transaction([]) as conn:
            await save_reading(conn, job.tenant_id, job.id, reading)
            await drop_pages(conn, job.tenant_id, job.id, files)
            await self.claim.record(conn, Phase.READING, job.position, Counter())


def page_of(answer: Answer) -> Page:
    """An answer as far as it says where to go on; a next page that counts rows is asked for by the count."""
    counts = answer.next_offset is not None
    return Page(
        ids=[id_of(one) for one in answer.items],
        newest=max(map(modified_at, answer.items), default=""),
        total=answer.total,
        following=None if counts else answer.next_url,
        is_more=True if answer.next_url else None,
    )
