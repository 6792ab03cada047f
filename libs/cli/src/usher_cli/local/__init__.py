"""The whole system on this machine: servers, mail and services in the background (interfaces: Commands, Servers)."""

from usher_cli.local.clone import Clone, this_clone
from usher_cli.local.system import start, stop

__all__ = ["Clone", "start", "stop", "this_clone"]
