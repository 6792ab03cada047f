"""Memory while exports are made: the same whatever their length."""

import asyncio
import sys
from pathlib import Path

GROWTH_KILOBYTES = 16 * 1024
"""Long exports are 25 to 50 MiB of text, and more as objects: one that was kept in memory would show."""


async def test_ten_times_the_rows_take_no_more_memory_in_any_format(service_database: str) -> None:
    program = str(Path(__file__).with_name("growing.py"))
    child = await asyncio.create_subprocess_exec(
        sys.executable, program, service_database, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    assert child.returncode == 0
    assert int(said) < GROWTH_KILOBYTES
