"""`usher audit`: what it downloads, what it says of a log that is whole or not, and the checkpoints that it keeps."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest
from typer.testing import CliRunner

from usher_cli.clients.session import Outside, open_session
from usher_cli.environment import Environment
from usher_cli.examining.findings import Finding
from usher_cli.examining.log import log_is_whole
from usher_cli.main import app
from usher_contracts.audit import UsageAuditRecorded
from usher_contracts.envelope import Cause, Event
from usher_kit.audit_log.chain import Batch, Signed, append, start, state
from usher_kit.audit_log.checkpoints import Signer
from usher_kit.audit_log.documents import listed, to_document
from usher_kit.audit_log.verification import Line
from usher_kit.ids import new_id

DAY = datetime(2026, 9, 1, tzinfo=UTC)
TENANT, OTHER = UUID(int=1), UUID(int=2)
OWN = Signer("11" * 32)


def document(tenant: UUID, target: str) -> str:
    fact = UsageAuditRecorded(tenant_id=tenant, id=new_id(), at=DAY, act="policy.set", target=target)
    return to_document(Event.of(fact, id=fact.id, at=DAY, cause=Cause()))


class Reporting:
    """Serves a log of three batches of two entries, in pages of two; and its keys."""

    def __init__(self, tenant: UUID = TENANT) -> None:
        self.tenant = tenant
        self.lines: list[Line] = []
        self.batches: list[Batch] = []
        self.signed: list[Signed] = []
        self.posted: list[Any] = []
        head = start(tenant)
        for number in (1, 2, 3):
            appended = append(head, [document(tenant, f"policy-{number}-{place}") for place in (1, 2)], DAY)
            head = appended.head
            self.lines += [Line(one.position, one.document, one.hash, listed(one.document)) for one in appended.entries]
            self.batches.append(appended.batch)
            said = state(head, number, DAY)
            self.signed.append(Signed(tenant, number, head.entries, head.batches, DAY, OWN.sign(said)))

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        query = dict(request.url.params)
        part = request.url.path.removeprefix("/v1/audit/")
        if request.method == "POST":
            self.posted.append(json.loads(request.content))
            return answered({"items": plain(self.signed[-1:]), "next_cursor": None})
        if part == "keys":
            return answered({"keys": OWN.keys, "checkpoint_batches": 1})
        if part == "logs":
            extent = [len(self.lines), len(self.batches), len(self.signed)]
            log = {"tenant_id": self.tenant, **dict(zip(("entries", "batches", "checkpoints"), extent, strict=True))}
            return answered({"items": plain([log]), "next_cursor": None})
        if query["tenant_id"] != str(self.tenant):
            return answered({"items": [], "next_cursor": None})
        parts: dict[str, Sequence[Any]] = {"chain": self.lines, "batches": self.batches, "checkpoints": self.signed}
        everything = parts[part]
        begin = int(query.get("cursor", 0))
        following = str(begin + 2) if begin + 2 < len(everything) else None
        return answered({"items": plain(everything[begin : begin + 2]), "next_cursor": following})

    def run(self, *arguments: str) -> Any:
        around = Outside(Environment({"USHER_TOKEN": "t"}), httpx2.MockTransport(self))
        return CliRunner().invoke(app, ["audit", *arguments], obj=around)


def answered(body: Any) -> httpx2.Response:
    return httpx2.Response(200, json=body)


def plain(items: Sequence[Any]) -> Any:
    return json.loads(json.dumps([one if isinstance(one, dict) else asdict(one) for one in items], default=as_text))


def as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def test_a_whole_log_is_downloaded_page_by_page_and_verifies() -> None:
    result = Reporting().run("verify")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1].split() == [str(TENANT), "6", "3", "3", "0", "whole"]


def test_what_is_wrong_is_told_with_its_place_and_ends_the_command_with_1() -> None:
    reporting = Reporting()
    edited = reporting.lines[3].document.replace("policy-2-2", "policy-9-9")
    reporting.lines[3] = replace(reporting.lines[3], document=edited)
    result = reporting.run("verify")
    assert result.exit_code == 1
    assert "3 wrong" in result.stdout
    assert "entry 4" in result.stdout
    assert "edited, moved or replaced" in result.stdout
    as_json = json.loads(reporting.run("verify", "--json").stdout)
    [verdict] = as_json["items"]
    assert (verdict["tenant_id"], verdict["entries"]) == (str(TENANT), 6)
    assert {(one["code"], one["place"]) for one in verdict["findings"]} == {
        ("entry_changed", "entry 4"),
        ("listing_changed", "entry 4"),
        ("batch_changed", "batch 2"),
    }


def test_the_doctor_finds_in_the_log_what_verification_does() -> None:
    reporting = Reporting()

    def looked_at() -> Finding:
        around = Outside(Environment({"USHER_TOKEN": "t"}), httpx2.MockTransport(reporting))
        with open_session(around) as session:
            return log_is_whole(session)

    assert looked_at().ok
    del reporting.lines[2]
    found = looked_at()
    assert found.code == "I7"
    assert found.offenders[0].startswith(f"{TENANT}: entry 3: ")


def test_what_is_appended_meanwhile_is_not_looked_at() -> None:
    reporting = Reporting()
    answer = reporting.__call__

    def shorter(request: httpx2.Request) -> httpx2.Response:
        if not request.url.path.endswith("/logs"):
            return answer(request)
        log = {"tenant_id": str(TENANT), "entries": 4, "batches": 2, "checkpoints": 2}
        return answered({"items": [log], "next_cursor": None})

    around = Outside(Environment({"USHER_TOKEN": "t"}), httpx2.MockTransport(shorter))
    result = CliRunner().invoke(app, ["audit", "verify"], obj=around)
    assert result.exit_code == 0, result.output
    assert "  4 " in result.stdout


def test_checkpoints_are_added_to_a_file_once_and_the_log_is_held_against_them(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    reporting = Reporting()
    for added in (1, 0):
        result = reporting.run("checkpoint", "--tenant", str(TENANT), "--out", str(file))
        assert result.exit_code == 0, result.output
        assert f"{added} added" in result.stderr
    assert reporting.posted == [{"tenant_id": str(TENANT)}] * 2
    [line] = [json.loads(one) for one in file.read_text().splitlines()]
    assert (line["tenant_id"], line["entries"], line["keys"]) == (str(TENANT), 6, OWN.keys)
    assert reporting.run("verify", "--checkpoints", str(file)).exit_code == 0


def test_a_log_cut_off_with_all_that_says_so_is_found_by_what_was_kept(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    reporting = Reporting()
    reporting.run("checkpoint", "--out", str(file))
    del reporting.lines[4:], reporting.batches[2:], reporting.signed[2:]
    assert reporting.run("verify").exit_code == 0
    result = reporting.run("verify", "--checkpoints", str(file))
    assert result.exit_code == 1
    assert "entries 5 to 6" in result.stdout
    assert f"{file}, line 1" in " ".join(result.stdout.split())


def test_a_log_that_is_no_longer_listed_is_missed(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    Reporting(OTHER).run("checkpoint", "--out", str(file))
    result = Reporting().run("verify", "--checkpoints", str(file))
    assert result.exit_code == 1
    assert f"The log of {OTHER}" in result.stdout
    assert Reporting().run("verify", "--checkpoints", str(file), "--tenant", str(TENANT)).exit_code == 0


def test_a_kept_checkpoint_that_was_altered_is_found(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    reporting = Reporting()
    reporting.run("checkpoint", "--out", str(file))
    line = json.loads(file.read_text())
    file.write_text(json.dumps({**line, "signed": line["signed"][:-4] + "AAAA"}) + "\n")
    result = reporting.run("verify", "--checkpoints", str(file))
    assert result.exit_code == 1
    assert "checkpoint_forged" in result.stdout


@pytest.mark.parametrize("content", ["nonsense\n", "{}\n", '{"tenant_id": "1", "keys": [], "signed": ""}\n', "[]\n"])
def test_a_file_that_holds_no_checkpoints_is_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "kept.jsonl"
    file.write_text("\n" + content)
    result = Reporting().run("verify", "--checkpoints", str(file))
    assert result.exit_code == 1
    assert "line 2 is no checkpoint" in " ".join(result.output.split())
    assert Reporting().run("verify", "--checkpoints", str(tmp_path / "none")).exit_code == 1
