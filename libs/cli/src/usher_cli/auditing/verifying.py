"""Verification of tenants' logs over HTTP: nothing that the service says of its log is believed without its hashes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import takewhile
from typing import Any, TypeVar
from uuid import UUID

from joserfc.jwk import KeySet
from pydantic import TypeAdapter

from usher_cli.auditing.kept import Kept
from usher_cli.clients.calls import Json
from usher_cli.clients.reporting import Reporting
from usher_kit.audit_log.chain import Batch, Extent, Signed
from usher_kit.audit_log.checkpoints import opened, public_keys
from usher_kit.audit_log.verification import Checkpoint, Finding, Line, verify

T = TypeVar("T")
LINES, BATCHES = TypeAdapter(list[Line]), TypeAdapter(list[Batch])
SIGNED, EXTENTS = TypeAdapter(list[Signed]), TypeAdapter(list[Extent])


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was looked at of one tenant's log, and what was found wrong with it."""

    extent: Extent
    kept: int
    """Checkpoints kept elsewhere that it was held against."""
    findings: Sequence[Finding]

    @property
    def is_whole(self) -> bool:
        return not self.findings

    def as_json(self) -> Json:
        counts = asdict(self.extent) | {"tenant_id": str(self.extent.tenant_id)}
        return {**counts, "kept": self.kept, "findings": [asdict(one) for one in self.findings]}


def verify_logs(reporting: Reporting, tenant_id: str | None, kept: Sequence[Kept]) -> Iterator[Verdict]:
    """Verify a tenant's log, or each that the token may see, with those that `kept` knows of."""
    known = reporting.audit_keys()
    keys = public_keys(known["keys"])
    extents = EXTENTS.validate_python(reporting.audit_logs(tenant_id)["items"])
    missing = {one.tenant_id for one in kept} - {one.tenant_id for one in extents} if tenant_id is None else set()
    extents += [Extent(tenant, 0, 0, 0) for tenant in sorted(missing)]
    for extent in extents:
        own = [one.found for one in kept if one.tenant_id == extent.tenant_id]
        yield verify_log(reporting, extent, keys, own, signed_every=known["checkpoint_batches"])


def verify_log(
    reporting: Reporting, extent: Extent, keys: KeySet, kept: Sequence[Checkpoint | Finding], *, signed_every: int
) -> Verdict:
    """Download one log up to `extent` and verify it, entry by entry as they come."""
    tenant_id = extent.tenant_id
    batches = numbered(pages(reporting, "batches", tenant_id, BATCHES), extent.batches)
    signed = numbered(pages(reporting, "checkpoints", tenant_id, SIGNED), extent.checkpoints)
    stored, forged = opened(signed, keys)
    checkpoints = [*stored, *(one for one in kept if isinstance(one, Checkpoint))]
    lines = takewhile(lambda line: line.position <= extent.entries, pages(reporting, "chain", tenant_id, LINES))
    findings = verify(tenant_id, lines, batches, checkpoints, signed_every=signed_every)
    forged += [one for one in kept if isinstance(one, Finding)]
    return Verdict(extent, len(kept), [*forged, *findings])


def pages(reporting: Reporting, part: str, tenant_id: UUID, form: TypeAdapter[list[T]]) -> Iterator[T]:
    """Everything of a part of a tenant's log, as it comes."""
    for page in reporting.audit_pages(part, str(tenant_id)):
        yield from form.validate_python(page["items"])


def numbered(items: Iterable[Any], last: int) -> list[Any]:
    """Those up to a number; what was appended meanwhile is not looked at."""
    return list(takewhile(lambda one: one.number <= last, items))
