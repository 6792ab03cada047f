"""What a server chooses once and keeps."""

import socket
from pathlib import Path

from usher_cli.servers import homes


def test_a_choice_is_kept(tmp_path: Path) -> None:
    assert homes.choose(tmp_path, ["sql"]) == homes.choose(tmp_path, ["sql"]) == homes.chosen(tmp_path)


def test_a_port_that_somebody_took_meanwhile_is_chosen_anew_and_the_password_kept(tmp_path: Path) -> None:
    first = homes.choose(tmp_path, ["sql"])
    with socket.create_server(("127.0.0.1", first.ports["sql"])):
        second = homes.choose(tmp_path, ["sql"])
    assert second.ports != first.ports
    assert second.password == first.password


def test_nothing_is_chosen_before_the_first_start(tmp_path: Path) -> None:
    assert homes.chosen(tmp_path) is None
