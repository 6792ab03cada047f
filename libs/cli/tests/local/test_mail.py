"""The catch-all mail server: every message becomes a file."""

import smtplib
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import urlsplit

from usher_cli import local
from usher_cli.local import Clone


def test_a_message_becomes_a_file_named_after_its_recipient(clone: Clone) -> None:
    url = urlsplit(local.start(clone, lambda _: None)["USHER_SMTP_URL"])
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = (
        "usher@example.org",
        "ann/../x@example.org",
        "You're on the list",
    )
    message.set_content("Nº 3 in line")
    with smtplib.SMTP(url.hostname or "", url.port or 0) as server:
        server.send_message(message)
    (file,) = (clone.home / "mail").iterdir()
    assert file.name.endswith("-ann_.._x@example.org.eml")
    kept = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert kept["Subject"] == "You're on the list"
    assert kept.get_content().splitlines() == ["Nº 3 in line"]
