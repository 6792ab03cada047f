import time, os, cProfile, pstats
from datetime import date
from pathlib import Path
from usher_cli.generate.district import generate_district
from usher_identity.importing.running import run_next_import
from .story import House, ok
from .test_imports import send
import pytest


@pytest.mark.timeout(900)
async def test_bench(house: House, tmp_path: Path) -> None:
    n = int(os.environ.get("N", "10000"))
    made = generate_district(n, 1, tmp_path / "set.zip", date(2026, 9, 1), zipped=True)
    for k in range(2):
        a = ok(await send(house.system, made.path.read_bytes()))
        p = cProfile.Profile() if os.environ.get("PROF") else None
        t = time.perf_counter()
        c = time.process_time()
        if p:
            p.enable()
        await run_next_import(house.runtime)
        if p:
            p.disable()
            pstats.Stats(p).sort_stats("tottime").print_stats(35)
        t = time.perf_counter() - t
        c = time.process_time() - c
        job = await house.system.get(f"/v1/jobs/{a['id']}")
        print("\nRESULT", k, job["state"], job["counts"]["people"], f"{t:.1f}s wall {c:.1f}s cpu {n / t:.0f}/s")
