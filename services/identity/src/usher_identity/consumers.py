"""What identity listens to: upstream systems' commands and events, which all take one road."""

from usher_contracts.upstream import Command
from usher_identity.keycloak.sent import ClientLogin, Ignored, PersonSaid
from usher_identity.use_cases.commands import take_commands
from usher_kit.commands import UNDERSTOOD, Malformed
from usher_kit.consuming import Apply

COMMANDS: tuple[type[Command], ...] = (*UNDERSTOOD.values(), Malformed, PersonSaid, ClientLogin, Ignored)

APPLY: Apply = dict.fromkeys(COMMANDS, take_commands)
