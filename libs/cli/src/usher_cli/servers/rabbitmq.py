"""A private RabbitMQ node from Debian's packages: its own ports, name, cookie, epmd and limits, on loopback."""

import os
from dataclasses import dataclass
from pathlib import Path

from usher_cli.servers.errors import ServerError
from usher_cli.servers.homes import Choice, write_private
from usher_cli.servers.packages import Installation, installation
from usher_cli.servers.ports import LOOPBACK, answers
from usher_cli.servers.private import Report
from usher_cli.servers.programs import Program

USER = "usher"
PLUGINS = ("rabbitmq_management", "rabbitmq_stream", "rabbitmq_prometheus")
# Absolute, because relative limits follow the machine's memory and can keep a small one from starting.
LIMITS = {"vm_memory_high_watermark.absolute": "1GB", "disk_free_limit.absolute": "200MB"}
# What a client says first, and the frame that a broker which takes connections answers with (AMQP 0-9-1, 4.2.2).
AMQP_HELLO = b"AMQP\x00\x00\x09\x01"
AMQP_START = b"\x01\x00\x00"


@dataclass(frozen=True, slots=True)
class RabbitMQ:
    """One node; `packages` is the folder in which Debian's packages are unpacked once for all homes."""

    packages: Path
    key: str = "rabbitmq"
    title: str = "RabbitMQ"
    ports: tuple[str, ...] = ("amqp", "management", "stream", "prometheus", "distribution", "epmd")

    def prepare(self, folder: Path, choice: Choice, report: Report) -> None:
        """Unpack the packages where they are missing; write configuration, plugins and cookie."""
        installation(self.packages).install(report)
        if " " in str(folder):
            raise ServerError(f"RabbitMQ cannot run from a folder with a space in its name ({folder}): move the clone")
        write_private(folder / "rabbitmq.conf", _configuration(choice))
        write_private(folder / "enabled_plugins", f"[{','.join(PLUGINS)}].\n")
        write_private(folder / ".erlang.cookie", choice.password)

    def programs(self, folder: Path, choice: Choice) -> tuple[Program, ...]:
        installed = installation(self.packages)
        environment = _environment(folder, choice, installed)
        epmd_port, amqp, management = (choice.ports[name] for name in ("epmd", "amqp", "management"))
        epmd = Program(
            key="epmd",
            title="RabbitMQ's port mapper (epmd)",
            folder=folder,
            command=(str(installed.erlang / "bin/epmd"), "-port", str(epmd_port), "-address", LOOPBACK),
            is_ready=lambda: answers(epmd_port),
            environment=environment,
        )
        node = Program(
            key=self.key,
            title=self.title,
            folder=folder,
            command=(str(installed.server / "sbin/rabbitmq-server"),),
            is_ready=lambda: answers(amqp, AMQP_HELLO, AMQP_START) and answers(management),
            environment=environment,
            # RabbitMQ 3's statistics agent holds the process for 5 s after the data is closed; an end by force is safe.
            stop_patience=3.0,
        )
        return (epmd, node)

    def url(self, choice: Choice) -> str:
        """Where clients connect: the default vhost."""
        return f"amqp://{USER}:{choice.password}@{LOOPBACK}:{choice.ports['amqp']}/"

    def management_url(self, choice: Choice) -> str:
        """Where its HTTP API answers."""
        return f"http://{USER}:{choice.password}@{LOOPBACK}:{choice.ports['management']}"


def _configuration(choice: Choice) -> str:
    settings = {
        "listeners.tcp.1": f"{LOOPBACK}:{choice.ports['amqp']}",
        "management.tcp.ip": LOOPBACK,
        "management.tcp.port": choice.ports["management"],
        "stream.listeners.tcp.1": f"{LOOPBACK}:{choice.ports['stream']}",
        "prometheus.tcp.ip": LOOPBACK,
        "prometheus.tcp.port": choice.ports["prometheus"],
        "default_user": USER,
        "default_pass": choice.password,
        "default_user_tags.administrator": "true",
        **LIMITS,
    }
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def _environment(folder: Path, choice: Choice, installed: Installation) -> dict[str, str]:
    """All that the node reads; nothing of the caller's environment, which may configure another node."""
    erl = "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
    environment = {
        "PATH": f"{installed.erlang / 'bin'}:{os.environ.get('PATH', os.defpath)}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(choice.ports["epmd"]),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_CRASH_DUMP": str(folder / "erl_crash.dump"),
        "RABBITMQ_NODENAME": "usher@localhost",
        "RABBITMQ_DIST_PORT": str(choice.ports["distribution"]),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_PLUGINS_EXPAND_DIR": str(folder / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(folder / "node.pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": erl,
        # Makes the start script become the node, so that the pid we know is the node's.
        "RABBITMQ_ALLOW_INPUT": "1",
        "RABBITMQ_SERVER_START_ARGS": "-noinput",
    }
    return environment | installed.environment
