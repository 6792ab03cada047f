"""Ports: who holds a taken one is named, and free ones are free."""

import os
import socket

from usher_cli.servers import ports


def test_a_taken_port_is_named_with_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert not ports.is_free(port)
        assert f"(pid {os.getpid()})" in ports.holder(port)


def test_chosen_ports_are_free_and_different() -> None:
    chosen = ports.free_ports(20)
    assert len(set(chosen)) == 20
    assert all(map(ports.is_free, chosen))


def test_a_port_answers_only_when_it_says_what_is_expected() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert ports.answers(port)
    assert not ports.answers(port)
