"""What was read of a roster as a set of files, for the reader that knows all sets."""

import asyncio
import zipfile
from collections.abc import Mapping
from typing import IO

from usher_identity.domain.rosters import CHANGING, Reading
from usher_identity.importing.claims import Claim
from usher_identity.oneroster.rest import HEADERS, to_csv
from usher_identity.store.rosters import read_pages


async def pack(claim: Claim, reading: Reading, file: IO[bytes]) -> None:
    """Write the set, a page in memory at a time."""
    job = claim.job
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        modes = modes_of(reading, is_bulk=job.mode == "bulk")
        archive.writestr("manifest.csv", to_csv([("propertyName", "value"), *modes.items()]))
        for name, header in HEADERS.items():
            if modes[f"file.{name}"] == "absent":
                continue
            with archive.open(f"{name}.csv", "w", force_zip64=True) as entry:
                entry.write(to_csv([header]))
                async with claim.transaction([]) as conn:
                    async for content in read_pages(conn, job.tenant_id, job.id, name):
                        await asyncio.to_thread(entry.write, content)
    file.seek(0)


def modes_of(reading: Reading, *, is_bulk: bool) -> Mapping[str, str]:
    """The set's manifest. Each user comes with all of their roles, also where only users who changed were read."""
    is_whole = is_bulk and all(reading.of(name).is_whole for name in CHANGING)
    there = {name: "bulk" if reading.of(name).is_done else "absent" for name in ("academicSessions", "enrollments")}
    return {
        "manifest.version": "1.0",
        "oneroster.version": "1.2",
        "file.orgs": "bulk",
        "file.users": "bulk" if is_whole else "delta",
        "file.roles": "bulk",
        **{f"file.{name}": mode for name, mode in there.items()},
    }
