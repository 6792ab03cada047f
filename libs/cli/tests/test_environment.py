"""Which system a command is about: this machine's, or one whose services are elsewhere."""

import pytest

from usher_cli.environment import elsewhere


def test_services_on_other_machines_are_elsewhere() -> None:
    outside = {"USHER_IDENTITY_URL": "http://identity:8001", "USHER_CLIENT_ID": "cli"}
    given = elsewhere(outside)
    assert given is not None
    assert given.values == outside
    assert given.file is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:8001", "http://localhost:9001", "http://[::1]:8001", ""])
def test_a_shell_that_sourced_the_file_of_this_clone_is_here(url: str) -> None:
    assert elsewhere({"USHER_IDENTITY_URL": url}) is None


def test_without_addresses_it_is_here() -> None:
    assert elsewhere({}) is None
