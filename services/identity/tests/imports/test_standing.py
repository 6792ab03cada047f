"""What a source's word makes of a status."""

import pytest

from usher_identity.domain.import_standing import status_after
from usher_identity.domain.incoming import Standing


@pytest.mark.parametrize(
    ("status", "said", "says", "after"),
    [
        ("active", "active", Standing.ACTIVE, "active"),
        ("archived", "active", Standing.ACTIVE, "archived"),
        ("suspended", "active", Standing.ACTIVE, "suspended"),
        ("active", "suspended", Standing.SUSPENDED, "active"),
        ("active", "absent", Standing.ABSENT, "active"),
        ("active", "active", Standing.SUSPENDED, "suspended"),
        ("suspended", "suspended", Standing.ACTIVE, "active"),
        ("archived", "suspended", Standing.ACTIVE, "archived"),
        ("archived", "active", Standing.SUSPENDED, "archived"),
        ("archived", "absent", Standing.ACTIVE, "active"),
        ("archived", "absent", Standing.SUSPENDED, "suspended"),
        ("suspended", "absent", Standing.ACTIVE, "suspended"),
        ("archived", None, Standing.ACTIVE, "active"),
        ("invited", None, Standing.ACTIVE, "active"),
        ("invited", "active", Standing.SUSPENDED, "suspended"),
        ("suspended", None, Standing.ACTIVE, "suspended"),
        ("active", "active", Standing.ABSENT, "archived"),
        ("suspended", "suspended", Standing.ABSENT, "archived"),
        ("deleted", "active", Standing.ABSENT, "deleted"),
        ("deleted", "absent", Standing.ACTIVE, "deleted"),
    ],
)
def test_a_source_acts_on_a_status_only_when_it_says_something_new(
    status: str, said: str | None, says: Standing, after: str
) -> None:
    assert status_after(status, said, says) == after
