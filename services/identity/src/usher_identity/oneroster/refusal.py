"""Why a set as a whole is refused: one clear line, said before anything of it is taken."""


class SetRefused(Exception):
    """The set cannot be taken; `reason` says what was wrong, where, and what to do. `code` is its stable slug."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
