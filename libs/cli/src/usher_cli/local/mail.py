"""A mail server that delivers nothing: each message becomes a file in a folder. `python -m usher_cli.local.mail`."""

import argparse
import itertools
import re
import signal
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Folder:
    """Keeps each message as `<time>-<n>-<recipient>.eml`; a file is whole as soon as it is there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers = itertools.count()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's)
        recipient = re.sub(r"[^\w@.+-]", "_", envelope.rcpt_tos[0])[:100]
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{next(self._numbers)}-{recipient}.eml"
        arriving = self._path / f"{name}.part"
        arriving.write_bytes(envelope.original_content or b"")
        arriving.rename(self._path / name)
        return "250 OK"


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="usher_cli.local.mail", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1025)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    controller = Controller(Folder(arguments.folder), hostname=arguments.host, port=arguments.port)
    controller.start()
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    controller.stop()


if __name__ == "__main__":
    main()
