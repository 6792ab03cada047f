"""How Keycloak's RabbitMQ publisher names its events, and which of them are asked for."""

import re
from collections.abc import Sequence

UNSPEAKABLE = re.compile(r"[^*#a-zA-Z0-9 _.-]")

HEARD = ("LOGIN", "REGISTER", "UPDATE_PROFILE", "UPDATE_EMAIL", "DELETE_ACCOUNT")
"""What users do for themselves that says something of them."""


def key_word(name: str) -> str:
    """A realm's name as one word of a routing key, as the publisher writes it."""
    return UNSPEAKABLE.sub("", name.replace(".", "")).replace(" ", "_")


def realm_words(name: str, id_: str | None) -> Sequence[str]:
    """The words that stand for a realm in routing keys: its name's, or its id's by releases that knew no better."""
    return list(dict.fromkeys(key_word(one) for one in (name, id_) if one))


def binding_keys(realm: str) -> Sequence[str]:
    """The keys of a realm's events that say something of people; `realm` is a word of a key."""
    users = [f"KK.EVENT.CLIENT.{realm}.SUCCESS.*.{type_}" for type_ in HEARD]
    return [f"KK.EVENT.ADMIN.{realm}.SUCCESS.#", *users]
