"""Logs: one JSON object a line, ours and libraries', in the trace that each belongs to."""

import json
import subprocess
import sys

PROGRAM = """
import logging, structlog
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from usher_kit.logging import set_up

set_up("usage")
log = structlog.get_logger()
with trace.use_span(NonRecordingSpan(SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1)))):
    log.warning("fact.dead", reason="invalid", trace_id="the fact's own")
    log.info("batch.waits", seconds=1.5)
    logging.getLogger("aio_pika.connection").warning("connection %s is lost", "c1")
    logging.getLogger("aio_pika").info("not shown")
try:
    raise ValueError("broken")
except ValueError:
    logging.getLogger("uvicorn.error").exception("in a request")
log.info("said")
"""


def test_every_line_is_one_object_with_its_service_and_trace() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True, timeout=60)
    lines = [json.loads(line) for line in run.stderr.splitlines()]
    told = [(line["event"], line["level"], line["service"], line.get("trace_id")) for line in lines]
    assert told == [
        ("fact.dead", "warning", "usage", "the fact's own"),
        ("batch.waits", "info", "usage", f"{1:032x}"),
        ("connection c1 is lost", "warning", "usage", f"{1:032x}"),
        ("in a request", "error", "usage", None),
        ("said", "info", "usage", None),
    ]
    assert lines[2]["logger"] == "aio_pika.connection"
    assert "ValueError: broken" in lines[3]["exception"]
    assert all(line["timestamp"].endswith("Z") for line in lines)
