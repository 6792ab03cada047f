"""What identity listens to: upstream systems' commands, which all take one road."""

from usher_contracts.upstream import Command
from usher_identity.use_cases.commands import take_commands
from usher_kit.commands import UNDERSTOOD, Malformed
from usher_kit.consuming import Apply

COMMANDS: tuple[type[Command], ...] = (*UNDERSTOOD.values(), Malformed)

APPLY: Apply = dict.fromkeys(COMMANDS, take_commands)
