"""Links of mails: good for what they say, until then, and made by nobody else."""

from datetime import timedelta
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import SecretStr

from usher_kit.errors import Gone, NotFound
from usher_kit.links import SeatLink, read, sign

from .conftest import DAY

SECRET, ANOTHER = SecretStr("the secret of links"), SecretStr("another secret of it")
LINK = SeatLink(UUID(int=1), UUID(int=2), "learn")
UNTIL = DAY + timedelta(days=3)


def test_a_link_is_read_as_it_was_signed_until_its_time_is_over() -> None:
    token = sign(LINK, SECRET, UNTIL)
    assert read(token, SECRET, UNTIL) == LINK
    with pytest.raises(Gone):
        read(token, SECRET, UNTIL + timedelta(seconds=1))


def forged(header: dict[str, str], **claims: object) -> str:
    said = {"aud": "usher:keep", "sub": str(LINK.user_id), "tenant": str(LINK.tenant_id), "product": "learn"}
    return jwt.encode(
        header, {**said, "exp": UNTIL.timestamp(), **claims}, OctKey.import_key(SECRET.get_secret_value())
    )


@pytest.mark.parametrize(
    ("story", "token"),
    [
        ("by another secret", sign(LINK, ANOTHER, UNTIL)),
        ("cut short", sign(LINK, SECRET, UNTIL)[:-1]),
        ("one letter off", sign(LINK, SECRET, UNTIL).replace("e", "f", 1)),
        ("for something else", forged({"alg": "HS256"}, aud="usher")),
        ("without a person", forged({"alg": "HS256"}, sub="")),
        ("no token at all", "%00"),
        ("unsigned", ".".join([*sign(LINK, SECRET, UNTIL).split(".")[:2], ""])),
    ],
)
def test_no_other_link_is_one(story: str, token: str) -> None:
    with pytest.raises(NotFound):
        read(token, SECRET, DAY)
    assert story
