"""Loopback ports: find a free one, ask whether one answers, and name who holds one that is taken."""

import random
import socket
from collections.abc import Iterator
from contextlib import closing

import psutil

LOOPBACK = "127.0.0.1"
# Below the range from which the kernel picks the ports of outgoing connections, so that a chosen port stays free.
CHOICE = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """`count` different ports that nothing listens on; starts at a random one, so that two askers rarely meet."""
    candidates = iter_from_random()
    return [next(candidates) for _ in range(count)]


def iter_from_random() -> Iterator[int]:
    """Every free port of the range once, beginning anywhere."""
    offset = random.randrange(len(CHOICE))  # noqa: S311  # spreads askers; nothing secret
    return (port for port in (*CHOICE[offset:], *CHOICE[:offset]) if is_free(port))


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` now."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int, say: bytes = b"", expect: bytes = b"") -> bool:
    """Whether `port` accepts a connection and, told `say`, answers with something that starts with `expect`."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            if say:
                connection.sendall(say)
            return not expect or connection.recv(len(expect)) == expect
    except OSError:
        return False


def holder(port: int) -> str:
    """Who listens on `port`, for people: `nginx (pid 812)`; another user's process may stay unnamed."""
    try:
        listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        pid = next((c.pid for c in listening if c.laddr and c.laddr.port == port), None)
        if pid is None:
            return "another user's process"
        command = " ".join(psutil.Process(pid).cmdline()) or psutil.Process(pid).name()
    except psutil.Error:
        return "a process that cannot be named"
    return f"{command[:80]} (pid {pid})"
