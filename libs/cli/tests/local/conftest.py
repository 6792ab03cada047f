"""A clone whose services are a small real program, so that starting and stopping is tested by itself."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from usher_cli import local
from usher_cli.local import Clone
from usher_cli.local.definition import SERVICES
from usher_cli.servers import ports

# Migrates by noting it, and serves readiness. `<name>.fails` beside it holds what it dies of, by role; with
# `<name>.behind` it is not ready until it is migrated.
PROGRAM = """\
#!{python} -u
import http.server, json, os, pathlib, sys
me, role = pathlib.Path(sys.argv[0]), sys.argv[1]
fails = me.with_suffix(".fails")
if fails.exists() and role in (reasons := json.loads(fails.read_text())):
    sys.exit(reasons[role])
behind = me.with_suffix(".behind")
if role == "migrate":
    behind.unlink(missing_ok=True)
    me.with_suffix(".migrated").write_text(os.environ["USHER_POSTGRES_URL"])
    sys.exit()
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404 if self.path != "/readyz" else 503 if behind.exists() else 200)
        self.end_headers()
        checks = {{"database": "migrations are missing" if behind.exists() else "ok", "broker": "ok"}}
        self.wfile.write(json.dumps({{"checks": checks}}).encode())
http.server.HTTPServer((os.environ["USHER_HOST"], int(os.environ["USHER_PORT"])), Ready).serve_forever()
"""
GIVEN = {
    "USHER_POSTGRES_URL": "postgresql://db.example/",
    "USHER_RABBITMQ_URL": "amqp://mq.example/",
    "USHER_REDIS_URL": "redis://cache.example/0",
}


def free_base() -> int:
    """The first of as many free ports in a row as there are services."""
    starts = (port for port in ports.iter_from_random() if all(map(ports.is_free, range(port, port + len(SERVICES)))))
    return next(starts)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clone]:
    """A clone with servers given from outside, services that are stand-ins, and free ports."""
    for name, url in GIVEN.items():
        monkeypatch.setenv(name, url)
    programs = tmp_path / "bin"
    programs.mkdir()
    for service in SERVICES:
        program = programs / service.program
        program.write_text(PROGRAM.format(python=sys.executable))
        program.chmod(0o755)
    made = Clone(tmp_path / ".usher", programs, GIVEN | {"USHER_PORT_BASE": str(free_base())})
    yield made
    local.stop(made, lambda _: None)
