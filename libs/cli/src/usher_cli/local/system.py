"""The whole system on this machine: servers, mail and services started in their order, found again, and stopped."""

import sys
from pathlib import Path

from usher_cli import servers
from usher_cli.local import background, env_file, services
from usher_cli.local.clone import Clone
from usher_cli.local.definition import MAIL_PROGRAM
from usher_cli.servers import homes, programs
from usher_cli.servers.ports import LOOPBACK, answers
from usher_cli.servers.private import Report
from usher_cli.servers.programs import Program


def start(clone: Clone, report: Report) -> dict[str, str]:
    """Have servers, mail and services running and ready; answers what `.usher/env` holds.

    What runs already stays as it is, unless its settings changed. `report` gets a line for each step.
    Raises ServerError, which says what to do.
    """
    with homes.locked(clone.run / "lock"):
        services.refuse_taken_ports(clone)
        addresses = servers.start(clone.home, report)
        settings = env_file.settings(clone, addresses, start_mail(clone, report))
        if settings != env_file.earlier(clone.home):
            services.stop(clone, report)
            env_file.write(clone.home, settings)
        services.start(clone, settings, report)
    return settings


def stop(clone: Clone, report: Report) -> None:
    """Stop the services, then mail and the servers; each is asked first, and ended by force if it does not listen."""
    with homes.locked(clone.run / "lock"):
        services.stop(clone, report)
        background.end(mail(clone), report)
        servers.stop(clone.home, report)


def start_mail(clone: Clone, report: Report) -> str:
    """Where mail goes: to the address that is given, else to a server that keeps it in `.usher/mail`."""
    given = clone.environment.get(env_file.SMTP_VARIABLE)
    # A shell that sourced `.usher/env` gives our own server's address back.
    if given and given != smtp_url(clone):
        return given
    if programs.find(mail(clone)) is None:
        homes.choose(mail_folder(clone), ["smtp"])
    background.have(mail(clone), report)
    return smtp_url(clone)


def mail(clone: Clone) -> Program:
    """The program of the mail server."""
    port = mail_port(clone)
    return Program(
        key="mail",
        title="Mail",
        folder=clone.run,
        command=(sys.executable, *MAIL_PROGRAM[1:], str(clone.home / "mail"), "--port", str(port)),
        is_ready=lambda: answers(port),
        environment=clone.environment,
        log=clone.log / "mail.log",
        stop_patience=5.0,
    )


def mail_port(clone: Clone) -> int:
    """The mail server's port; 0 before its first start."""
    choice = homes.chosen(mail_folder(clone))
    return choice.ports["smtp"] if choice else 0


def smtp_url(clone: Clone) -> str:
    return f"smtp://{LOOPBACK}:{mail_port(clone)}"


def mail_folder(clone: Clone) -> Path:
    return clone.home / "servers" / "mail"
