"""The list of exports: how far each file is, and what became of it."""

from dataclasses import dataclass
from uuid import UUID

from usher_console.clients.reporting import Export
from usher_console.views.sheets import SHEETS
from usher_console.views.wording import NOTHING, Badge, count, moment, spelled

STATES = {
    "waiting": Badge("Waiting", "accent"),
    "running": Badge("Being made", "accent"),
    "done": Badge("Ready", "good"),
    "failed": Badge("Failed", "stop"),
}
REMOVED = {"expired": Badge("Expired"), "erasure": Badge("Removed by an erasure")}
KILOBYTE = 1_024
UNITS = ("bytes", "KiB", "MiB", "GiB")


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One export. `href` leads to its file; `why` says what went wrong."""

    id: UUID
    title: str
    format: str
    asked: str
    state: Badge
    is_pending: bool
    size: str
    until: str
    href: str
    why: str


def export_row(one: Export) -> ExportRow:
    title = SHEETS[one.report].title if one.report in SHEETS else spelled(one.report)
    return ExportRow(
        id=one.id,
        title=f"{title}, by schedule" if one.schedule_id else title,
        format=one.format,
        asked=moment(one.created_at),
        state=REMOVED.get(one.removed, Badge(spelled(one.removed))) if one.removed else STATES[one.state],
        is_pending=one.state in ("waiting", "running"),
        size=f"{count(one.file.rows)} rows, {size_of(one.file.bytes)}" if one.file else NOTHING,
        until=moment(one.file.expires_at) if one.file else NOTHING,
        href=f"/exports/{one.id}" if one.file else "",
        why=one.error.detail if one.error else "",
    )


def size_of(octets: int) -> str:
    """1536 as "1.5 KiB"."""
    power = min(len(UNITS) - 1, max(0, octets.bit_length() - 1) // 10)
    return f"{octets} bytes" if power == 0 else f"{octets / KILOBYTE**power:.1f} {UNITS[power]}"
