"""The ports on which services answer by default (interfaces: Processes and ports)."""

from collections.abc import Mapping

PORTS: Mapping[str, int] = {
    "console": 8000,
    "identity": 8001,
    "entitlements": 8002,
    "usage": 8003,
    "notifications": 8004,
    "reporting": 8005,
}
